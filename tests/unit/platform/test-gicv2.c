/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "device-test.h"
#include "gicv2.h"
#include "gicv2m.h"
#include "platform.h"

#define DIST  0x8000000
#define CPUIF 0x8010000
#define HYP   0x8030000
#define VCPU  0x8040000

enum {
  CTLR = 0x000,
  TYPER = 0x004,
  IGROUPR = 0x080,
  ISENABLER = 0x100,
  ICENABLER = 0x180,
  ISPENDR = 0x200,
  ICPENDR = 0x280,
  ISACTIVER = 0x300,
  ICACTIVER = 0x380,
  IPRIORITYR = 0x400,
  ITARGETSR = 0x800,
  ICFGR = 0xc00,
  SGIR = 0xf00,
  CPENDSGIR = 0xf10,
  SPENDSGIR = 0xf20,
};
/* GICC and GICV; what one of them only has comes last. */
enum {
  C_CTLR = 0x00,
  C_PMR = 0x04,
  C_BPR = 0x08,
  C_IAR = 0x0c,
  C_EOIR = 0x10,
  C_RPR = 0x14,
  C_HPPIR = 0x18,
  C_ABPR = 0x1c,
  C_AIAR = 0x20,
  C_AEOIR = 0x24,
  C_APR0 = 0xd0,
  C_NSAPR0 = 0xe0,
  C_DIR = 0x1000,
};
enum {
  H_HCR = 0,
  H_VTR = 4,
  H_VMCR = 8,
  H_MISR = 0x10,
  H_EISR0 = 0x20,
  H_ELRSR0 = 0x30,
  H_APR = 0xf0,
  H_LR = 0x100
};
enum { SPURIOUS = 1023, OTHER_GROUP = 1022 };
#define EOIMODE (1u << 9)

#define CPUS 4
static GicV2 *gic;
static IrqProbe irq[CPUS], fiq[CPUS], virq[CPUS], vfiq[CPUS];
static GicV2Requester who;

static GicV2Requester
tell_requester (void *opaque)
{
  return who;
}

static void
as (unsigned cpu)
{
  who.cpu = cpu;
}

static GicV2 *
make (bool security)
{
  GicV2 *made = (GicV2 *)device_new (&gicv2_class, "/gic");
  g_assert_true (device_set (&made->dev, "num-cpus", "4", NULL));
  g_assert_true (device_set (&made->dev, "num-spis", "64", NULL));
  g_assert_true (device_set (&made->dev, "has-security-extensions", security ? "on" : "off", NULL));
  made->requester = tell_requester;
  for (unsigned i = 0; i < CPUS; i++) {
    irq[i] = fiq[i] = virq[i] = vfiq[i] = (IrqProbe){ 0 };
    made->irq[i] = irq_probe_line (&irq[i]);
    made->fiq[i] = irq_probe_line (&fiq[i]);
    made->virq[i] = irq_probe_line (&virq[i]);
    made->vfiq[i] = irq_probe_line (&vfiq[i]);
  }
  g_assert_true (device_realize (&made->dev, NULL));
  device_reset (&made->dev);
  return made;
}

static void
setup (bool security)
{
  platform_begin ();
  who = (GicV2Requester){ 0, true };
  gic = make (security);
  memory_region_map (test_map, gic->dist, DIST);
  memory_region_map (test_map, gic->cpu, CPUIF);
  memory_region_map (test_map, gic->hyp, HYP);
  memory_region_map (test_map, gic->vcpu, VCPU);
}

static void
teardown (void)
{
  device_free (&gic->dev);
  platform_end ();
}

static void
spi (unsigned n, bool level)
{
  IrqLine line = gicv2_spi_input (gic, n);
  irq_set (&line, level);
}

static void
ppi (unsigned cpu, unsigned n, bool level)
{
  IrqLine line = gicv2_ppi_input (gic, cpu, n);
  irq_set (&line, level);
}

#define dist_read(reg)         ((uint32_t)test_read (DIST + (reg), 4))
#define dist_write(reg, value) test_write (DIST + (reg), 4, (value))
#define cpu_read(reg)          ((uint32_t)test_read (CPUIF + (reg), 4))
#define cpu_write(reg, value)  test_write (CPUIF + (reg), 4, (value))

/* As a kernel does: everything on, priority 0xa0, to the CPU, an interrupt of level. */
static void
start (unsigned intid, unsigned cpu)
{
  dist_write (CTLR, 3);
  test_write (DIST + IPRIORITYR + intid, 1, 0xa0);
  if (intid >= 32)
    test_write (DIST + ITARGETSR + intid, 1, 1 << cpu);
  as (cpu);
  dist_write (ISENABLER + intid / 32 * 4, UINT32_C (1) << intid % 32);
  cpu_write (C_CTLR, 1);
  cpu_write (C_PMR, 0xf0);
}

static void
test_identity (void)
{
  setup (false);
  g_assert_cmphex (dist_read (TYPER), ==, 3 << 5 | 2);
  g_assert_cmphex (dist_read (0xfe8) & 0xf0, ==, 0x20); /* version 2 */
  g_assert_cmphex (cpu_read (0xfc) & 0xff0fff, ==, 0x02043b);
  as (3);
  g_assert_cmphex (dist_read (ITARGETSR), ==, 0x08080808);
  g_assert_cmphex (dist_read (ISENABLER), ==, 0xffff);
  g_assert_cmphex (dist_read (ICFGR), ==, 0xaaaaaaaa);
  /* What there is none of reads as zero and keeps nothing. */
  dist_write (ISENABLER + 3 * 4, UINT32_MAX);
  g_assert_cmphex (dist_read (ISENABLER + 3 * 4), ==, 0);
  dist_write (ITARGETSR + 96, UINT32_MAX);
  g_assert_cmphex (dist_read (ITARGETSR + 96), ==, 0);
  /* Some bits of a priority, some CPUs. */
  dist_write (IPRIORITYR + 32, UINT32_MAX);
  g_assert_cmphex (dist_read (IPRIORITYR + 32), ==, 0xf8f8f8f8);
  dist_write (ITARGETSR + 32, UINT32_MAX);
  g_assert_cmphex (dist_read (ITARGETSR + 32), ==, 0x0f0f0f0f);
  /* A CPU that the machine does not have is CPU 0. */
  as (200);
  g_assert_cmphex (dist_read (ITARGETSR), ==, 0x01010101);
  teardown ();
}

static void
test_level (void)
{
  setup (false);
  start (40, 2);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  spi (8, true);
  g_assert_true (irq_level (&irq[2]));
  g_assert_false (irq_level (&irq[0]) || irq_level (&irq[1]) || irq_level (&irq[3]) || irq_level (&fiq[2]));
  g_assert_cmphex (dist_read (ISPENDR + 4), ==, 1 << 8);
  g_assert_cmpuint (cpu_read (C_HPPIR), ==, 40);
  as (0); /* not this one's */
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  as (2);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  g_assert_false (irq_level (&irq[2]));
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xa0);
  g_assert_cmphex (dist_read (ISACTIVER + 4), ==, 1 << 8);
  /* Still up: pending again, but only after its end. */
  g_assert_cmphex (dist_read (ISPENDR + 4), ==, 1 << 8);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  cpu_write (C_EOIR, 40);
  g_assert_true (irq_level (&irq[2]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  spi (8, false);
  cpu_write (C_EOIR, 40);
  g_assert_false (irq_level (&irq[2]));
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  /* Withdrawn before anybody came. */
  spi (8, true);
  spi (8, false);
  g_assert_false (irq_level (&irq[2]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  teardown ();
}

static void
test_edge (void)
{
  setup (false);
  start (40, 0);
  dist_write (ICFGR + 40 / 16 * 4, UINT32_C (2) << 2 * (40 % 16));
  spi (8, true);
  spi (8, false);
  g_assert_true (irq_level (&irq[0]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  /* The next edge is kept while the first is being served. */
  spi (8, true);
  spi (8, false);
  spi (8, true);
  g_assert_false (irq_level (&irq[0]));
  cpu_write (C_EOIR, 40);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  cpu_write (C_EOIR, 40);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  /* By software, and taken back. */
  dist_write (ISPENDR + 4, 1 << 8);
  g_assert_true (irq_level (&irq[0]));
  dist_write (ICPENDR + 4, 1 << 8);
  g_assert_false (irq_level (&irq[0]));
  teardown ();
}

static void
test_masks (void)
{
  setup (false);
  start (40, 0);
  spi (8, true);
  dist_write (ICENABLER + 4, 1 << 8);
  g_assert_false (irq_level (&irq[0]));
  dist_write (ISENABLER + 4, 1 << 8);
  g_assert_true (irq_level (&irq[0]));
  cpu_write (C_PMR, 0xa0);
  g_assert_false (irq_level (&irq[0]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  g_assert_cmpuint (cpu_read (C_HPPIR), ==, 40);
  cpu_write (C_PMR, 0xa8);
  g_assert_true (irq_level (&irq[0]));
  cpu_write (C_CTLR, 0);
  g_assert_false (irq_level (&irq[0]));
  cpu_write (C_CTLR, 1);
  dist_write (CTLR, 2);
  g_assert_false (irq_level (&irq[0]));
  dist_write (CTLR, 1);
  g_assert_true (irq_level (&irq[0]));
  /* It goes where it is sent, also while it is pending. */
  test_write (DIST + ITARGETSR + 40, 1, 1 << 1);
  g_assert_false (irq_level (&irq[0]));
  as (1);
  cpu_write (C_CTLR, 1);
  cpu_write (C_PMR, 0xf0);
  g_assert_true (irq_level (&irq[1]));
  /* The first one gets it. */
  test_write (DIST + ITARGETSR + 40, 1, 3);
  g_assert_true (irq_level (&irq[0]) && irq_level (&irq[1]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  g_assert_false (irq_level (&irq[0]) || irq_level (&irq[1]));
  as (0);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  teardown ();
}

static void
test_priorities (void)
{
  static const struct {
    unsigned n;
    uint8_t priority;
  } all[] = { { 50, 0x80 }, { 34, 0x80 }, { 95, 0x10 }, { 33, 0xe8 }, { 60, 0x40 } };
  static const unsigned order[] = { 95, 60, 34, 50, 33, SPURIOUS };

  setup (false);
  for (unsigned i = 0; i < G_N_ELEMENTS (all); i++) {
    start (all[i].n, 0);
    test_write (DIST + IPRIORITYR + all[i].n, 1, all[i].priority);
    spi (all[i].n - 32, true);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++) {
    g_assert_cmpuint (cpu_read (C_IAR), ==, order[i]);
    if (order[i] != SPURIOUS)
      spi (order[i] - 32, false);
    cpu_write (C_EOIR, order[i]);
  }
  /* A more urgent one interrupts, and only that. */
  spi (60 - 32, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 60);
  spi (34 - 32, true);
  g_assert_false (irq_level (&irq[0]));
  spi (95 - 32, true);
  g_assert_true (irq_level (&irq[0]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 95);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0x10);
  g_assert_cmphex (cpu_read (C_APR0), ==, 1 << (0x10 >> 3) | 1 << (0x40 >> 3));
  spi (95 - 32, false);
  spi (60 - 32, false);
  cpu_write (C_EOIR, 95);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0x40);
  cpu_write (C_EOIR, 60);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 34);
  /* An end without anything active is a mistake without effect. */
  spi (34 - 32, false);
  cpu_write (C_EOIR, 34);
  cpu_write (C_EOIR, 34);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  teardown ();
}

/* What preempts is a part of the priority. */
static void
test_binary_point (void)
{
  setup (false);
  start (40, 0);
  start (41, 0);
  test_write (DIST + IPRIORITYR + 41, 1, 0x98);
  cpu_write (C_BPR, 0);
  g_assert_cmpuint (cpu_read (C_BPR), ==, 2);
  cpu_write (C_BPR, 4); /* bits 7 to 5: 0xa0 and 0x80 */
  spi (8, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  spi (9, true);
  g_assert_true (irq_level (&irq[0]));
  test_write (DIST + IPRIORITYR + 41, 1, 0xa0);
  g_assert_false (irq_level (&irq[0]));
  test_write (DIST + IPRIORITYR + 41, 1, 0x78);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 41);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0x60);
  teardown ();
}

static void
test_eoimode (void)
{
  setup (false);
  start (40, 0);
  cpu_write (C_CTLR, 1 | EOIMODE);
  spi (8, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  cpu_write (C_EOIR, 40);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  g_assert_cmphex (dist_read (ISACTIVER + 4), ==, 1 << 8);
  g_assert_false (irq_level (&irq[0]));
  cpu_write (C_DIR, 40);
  g_assert_cmphex (dist_read (ISACTIVER + 4), ==, 0);
  g_assert_true (irq_level (&irq[0]));
  /* Another CPU may deactivate, and so may the distributor. */
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  cpu_write (C_EOIR, 40);
  as (1);
  cpu_write (C_CTLR, 1 | EOIMODE);
  cpu_write (C_DIR, 40);
  g_assert_true (irq_level (&irq[0]));
  as (0);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  cpu_write (C_EOIR, 40);
  dist_write (ICACTIVER + 4, 1 << 8);
  g_assert_true (irq_level (&irq[0]));
  dist_write (ISACTIVER + 4, 1 << 8);
  g_assert_false (irq_level (&irq[0]));
  /* Without the mode it does nothing. */
  cpu_write (C_CTLR, 1);
  cpu_write (C_DIR, 40);
  g_assert_cmphex (dist_read (ISACTIVER + 4), ==, 1 << 8);
  teardown ();
}

static void
test_sgis (void)
{
  setup (false);
  for (unsigned cpu = 0; cpu < CPUS; cpu++)
    start (5, cpu);
  as (1);
  dist_write (SGIR, 1 << 24 | 5); /* to the others */
  g_assert_true (irq_level (&irq[0]) && irq_level (&irq[2]) && irq_level (&irq[3]));
  g_assert_false (irq_level (&irq[1]));
  as (3);
  dist_write (SGIR, 1 << 16 | 5); /* to CPU 0 */
  as (0);
  g_assert_cmphex (test_read (DIST + SPENDSGIR + 5, 1), ==, 1 << 1 | 1 << 3);
  g_assert_cmphex (dist_read (ISPENDR), ==, 1 << 5);
  /* One from each source, told by its number. */
  g_assert_cmphex (cpu_read (C_HPPIR), ==, 1 << 10 | 5);
  g_assert_cmphex (cpu_read (C_IAR), ==, 1 << 10 | 5);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  cpu_write (C_EOIR, 1 << 10 | 5);
  g_assert_cmphex (cpu_read (C_IAR), ==, 3 << 10 | 5);
  cpu_write (C_EOIR, 3 << 10 | 5);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  /* To itself, and the reserved kind to nobody. */
  dist_write (SGIR, 2 << 24 | 5);
  g_assert_cmphex (cpu_read (C_IAR), ==, 5);
  cpu_write (C_EOIR, 5);
  dist_write (SGIR, UINT32_C (3) << 24 | 0xff << 16 | 5);
  g_assert_false (irq_level (&irq[0]));
  /* By source, as a restoring kernel does. */
  test_write (DIST + SPENDSGIR + 5, 1, 0xff);
  g_assert_cmphex (test_read (DIST + CPENDSGIR + 5, 1), ==, 0xf);
  test_write (DIST + CPENDSGIR + 5, 1, 0xf7);
  g_assert_cmphex (cpu_read (C_IAR), ==, 3 << 10 | 5);
  /* They cannot be disabled, or made pending by what makes others so. */
  dist_write (ICENABLER, 0xffff);
  dist_write (ISPENDR, 0xffff);
  g_assert_cmphex (dist_read (ISENABLER), ==, 0xffff);
  g_assert_cmphex (dist_read (ISPENDR), ==, 0);
  teardown ();
}

static void
test_ppis (void)
{
  setup (false);
  start (27, 1);
  ppi (1, 11, true);
  ppi (2, 11, true); /* not enabled there */
  g_assert_true (irq_level (&irq[1]));
  g_assert_false (irq_level (&irq[2]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 27);
  as (2);
  g_assert_cmphex (dist_read (ISACTIVER), ==, 0);
  g_assert_cmphex (dist_read (ISPENDR), ==, 1 << 27);
  g_assert_cmphex (test_read (DIST + IPRIORITYR + 27, 1), ==, 0);
  as (1);
  g_assert_cmphex (dist_read (ISACTIVER), ==, 1 << 27);
  teardown ();
}

/* Groups without security: group 0 may be fast interrupts. */
static void
test_groups (void)
{
  setup (false);
  start (40, 0);
  start (41, 0);
  dist_write (IGROUPR + 4, 1 << 9);
  cpu_write (C_CTLR, 1 | 2 | 8);
  spi (8, true);
  g_assert_true (irq_level (&fiq[0]) && !irq_level (&irq[0]));
  g_assert_cmpuint (cpu_read (C_AIAR), ==, SPURIOUS);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  spi (8, false);
  cpu_write (C_EOIR, 40);
  spi (9, true);
  g_assert_true (!irq_level (&fiq[0]) && irq_level (&irq[0]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, OTHER_GROUP);
  g_assert_cmpuint (cpu_read (C_HPPIR), ==, OTHER_GROUP);
  g_assert_cmpuint (cpu_read (C_AIAR), ==, 41);
  g_assert_cmphex (cpu_read (C_NSAPR0), ==, 1 << (0xa0 >> 3));
  spi (9, false);
  cpu_write (C_AEOIR, 41);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  /* By leave of AckCtl the common register takes both. */
  cpu_write (C_CTLR, 1 | 2 | 4);
  spi (9, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 41);
  cpu_write (C_EOIR, 41);
  /* The distributor forwards group 0 alone. */
  dist_write (CTLR, 1);
  g_assert_false (irq_level (&irq[0]));
  teardown ();
}

static void
test_security (void)
{
  setup (true);
  g_assert_cmphex (dist_read (TYPER) & 1 << 10, !=, 0);
  start (40, 0);
  start (41, 0);
  dist_write (IGROUPR + 4, 1 << 9);
  cpu_write (C_CTLR, 3);
  test_write (DIST + IPRIORITYR + 40, 1, 0x20);
  test_write (DIST + IPRIORITYR + 41, 1, 0xa0);
  who.secure = false;
  /* Group 0 is not there, and of Group 1's priorities half the range. */
  g_assert_cmphex (dist_read (IGROUPR + 4), ==, 0);
  g_assert_cmphex (dist_read (ISENABLER + 4), ==, 1 << 9);
  g_assert_cmphex (test_read (DIST + IPRIORITYR + 40, 1), ==, 0);
  g_assert_cmphex (test_read (DIST + IPRIORITYR + 41, 1), ==, 0x40);
  test_write (DIST + IPRIORITYR + 40, 1, 0xf0);
  test_write (DIST + IPRIORITYR + 41, 1, 0x80);
  dist_write (IGROUPR + 4, 0);
  dist_write (ICENABLER + 4, UINT32_MAX);
  g_assert_cmphex (dist_read (CTLR), ==, 1);
  g_assert_cmphex (cpu_read (C_CTLR), ==, 1);
  g_assert_cmphex (cpu_read (C_PMR), ==, 0xe0);
  who.secure = true;
  g_assert_cmphex (test_read (DIST + IPRIORITYR + 40, 1), ==, 0x20);
  g_assert_cmphex (test_read (DIST + IPRIORITYR + 41, 1), ==, 0xc0);
  g_assert_cmphex (dist_read (ISENABLER + 4), ==, 1 << 8);
  dist_write (ISENABLER + 4, 1 << 9);
  /* A secure interrupt is none of the non-secure side's business. */
  spi (8, true);
  spi (9, true);
  who.secure = false;
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  g_assert_cmpuint (cpu_read (C_HPPIR), ==, SPURIOUS);
  g_assert_cmpuint (cpu_read (C_AIAR), ==, 0);
  who.secure = true;
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  who.secure = false;
  g_assert_cmphex (cpu_read (C_RPR), ==, 0); /* more urgent than it can tell */
  cpu_write (C_EOIR, 40);
  who.secure = true;
  g_assert_cmphex (cpu_read (C_RPR), ==, 0x20);
  spi (8, false);
  cpu_write (C_EOIR, 40);
  who.secure = false;
  g_assert_cmpuint (cpu_read (C_IAR), ==, 41);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0x80);
  g_assert_cmphex (cpu_read (C_APR0), ==, 1 << (0xc0 >> 3) >> 16);
  spi (9, false);
  cpu_write (C_EOIR, 41);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  /* The mask is out of its reach where secure software has it in the upper half. */
  who.secure = true;
  cpu_write (C_PMR, 0x40);
  who.secure = false;
  cpu_write (C_PMR, 0xf0);
  g_assert_cmphex (cpu_read (C_PMR), ==, 0);
  who.secure = true;
  g_assert_cmphex (cpu_read (C_PMR), ==, 0x40);
  teardown ();
}

/* The source's security and the target's group must agree. */
static void
test_secure_sgis (void)
{
  setup (true);
  start (3, 0);
  cpu_write (C_CTLR, 7);
  who.secure = false;
  dist_write (SGIR, 2 << 24 | 3);
  who.secure = true;
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  dist_write (SGIR, 2 << 24 | 1 << 15 | 3);
  g_assert_cmpuint (cpu_read (C_IAR), ==, SPURIOUS);
  dist_write (SGIR, 2 << 24 | 3);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 3);
  cpu_write (C_EOIR, 3);
  dist_write (IGROUPR, 1 << 3);
  who.secure = false;
  dist_write (SGIR, 2 << 24 | 3);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 3);
  teardown ();
}

/* ---- Virtual interfaces. ---- */

#define LR_PENDING             (UINT32_C (1) << 28)
#define LR_ACTIVE              (UINT32_C (1) << 29)
#define LR_HW                  (UINT32_C (1) << 31)
#define LR_EOI                 (UINT32_C (1) << 19)
#define LR_PRIO(p)             ((uint32_t)(p) >> 3 << 23)
#define hyp_read(reg)          ((uint32_t)test_read (HYP + (reg), 4))
#define hyp_write(reg, value)  test_write (HYP + (reg), 4, (value))
#define vcpu_read(reg)         ((uint32_t)test_read (VCPU + (reg), 4))
#define vcpu_write(reg, value) test_write (VCPU + (reg), 4, (value))

static void
test_virtual (void)
{
  setup (false);
  as (1);
  g_assert_cmpuint ((hyp_read (H_VTR) & 0x3f) + 1, ==, GICV2_LRS);
  hyp_write (H_HCR, 1);
  vcpu_write (C_PMR, 0xf8);
  vcpu_write (C_CTLR, 1);
  g_assert_cmphex (hyp_read (H_VMCR) >> 27, ==, 0x1f);
  hyp_write (H_LR, LR_PENDING | LR_PRIO (0x80) | 2 << 10 | 4); /* SGI 4 of CPU 2 */
  g_assert_true (irq_level (&virq[1]));
  g_assert_false (irq_level (&virq[0]) || irq_level (&irq[1]));
  hyp_write (H_LR + 4, LR_PENDING | LR_PRIO (0x40) | 77);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, 77);
  g_assert_false (irq_level (&virq[1]));
  g_assert_cmphex (hyp_read (H_LR + 4) >> 28, ==, 2);
  g_assert_cmphex (vcpu_read (C_RPR), ==, 0x40);
  g_assert_cmphex (hyp_read (H_APR), ==, 1 << (0x40 >> 3));
  vcpu_write (C_EOIR, 77);
  g_assert_cmphex (hyp_read (H_ELRSR0), ==, 0xe);
  g_assert_cmphex (vcpu_read (C_IAR), ==, 2 << 10 | 4);
  vcpu_write (C_EOIR, 2 << 10 | 4);
  g_assert_cmphex (hyp_read (H_ELRSR0), ==, 0xf);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, SPURIOUS);
  /* Pending again while it was active. */
  hyp_write (H_LR, LR_PENDING | LR_ACTIVE | LR_PRIO (0x80) | 40);
  hyp_write (H_APR, 1 << (0x80 >> 3));
  g_assert_cmpuint (vcpu_read (C_IAR), ==, SPURIOUS);
  vcpu_write (C_EOIR, 40);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, 40);
  /* Fast ones, and of group 1. */
  vcpu_write (C_EOIR, 40);
  vcpu_write (C_CTLR, 1 | 2 | 8);
  hyp_write (H_LR, LR_PENDING | 41);
  g_assert_true (irq_level (&vfiq[1]) && !irq_level (&virq[1]));
  hyp_write (H_LR, LR_PENDING | 1 << 30 | 41);
  g_assert_true (!irq_level (&vfiq[1]) && irq_level (&virq[1]));
  g_assert_cmpuint (vcpu_read (C_IAR), ==, OTHER_GROUP);
  g_assert_cmpuint (vcpu_read (C_AIAR), ==, 41);
  /* Without its leave there is nothing. */
  hyp_write (H_LR, LR_PENDING | 40);
  hyp_write (H_APR, 0);
  g_assert_true (irq_level (&vfiq[1]));
  hyp_write (H_HCR, 0);
  g_assert_false (irq_level (&vfiq[1]));
  teardown ();
}

/* The end of a virtual interrupt is the end of the physical one behind it. */
static void
test_virtual_hardware (void)
{
  setup (false);
  start (27, 1);
  cpu_write (C_CTLR, 1 | EOIMODE);
  ppi (1, 11, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 27);
  cpu_write (C_EOIR, 27);
  hyp_write (H_HCR, 1);
  vcpu_write (C_PMR, 0xf8);
  vcpu_write (C_CTLR, 1);
  hyp_write (H_LR, LR_HW | LR_PENDING | LR_PRIO (0x80) | 27 << 10 | 30);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, 30);
  ppi (1, 11, false);
  vcpu_write (C_EOIR, 30);
  g_assert_cmphex (dist_read (ISACTIVER), ==, 0);
  /* Numbers of interrupts that do not exist. */
  hyp_write (H_LR, LR_HW | LR_PENDING | 1019 << 10 | 1023);
  vcpu_write (C_EOIR, vcpu_read (C_IAR));
  hyp_write (H_LR, LR_HW | LR_PENDING | 3 << 10 | 1000);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, 1000);
  vcpu_write (C_EOIR, 1000);
  teardown ();
}

static void
test_maintenance (void)
{
  setup (false);
  start (25, 1);
  vcpu_write (C_PMR, 0xf8);
  vcpu_write (C_CTLR, 1);
  hyp_write (H_HCR, 1);
  hyp_write (H_LR, LR_PENDING | LR_EOI | 40);
  g_assert_cmpuint (vcpu_read (C_IAR), ==, 40);
  g_assert_false (irq_level (&irq[1]));
  vcpu_write (C_EOIR, 40);
  g_assert_true (irq_level (&irq[1]));
  g_assert_cmphex (hyp_read (H_MISR), ==, 1);
  g_assert_cmphex (hyp_read (H_EISR0), ==, 1);
  g_assert_cmphex (hyp_read (H_ELRSR0), ==, 0xe);
  hyp_write (H_LR, 0);
  g_assert_false (irq_level (&irq[1]));
  /* Underflow, no pending one, and groups. */
  hyp_write (H_HCR, 1 | 2);
  g_assert_cmphex (hyp_read (H_MISR), ==, 2);
  hyp_write (H_LR, LR_PENDING | 40);
  hyp_write (H_LR + 4, LR_ACTIVE | 41);
  g_assert_cmphex (hyp_read (H_MISR), ==, 0);
  hyp_write (H_LR, 0);
  hyp_write (H_HCR, 1 | 8);
  g_assert_cmphex (hyp_read (H_MISR), ==, 8);
  hyp_write (H_HCR, 1 | 0xf0);
  g_assert_cmphex (hyp_read (H_MISR), ==, 0x10 | 0x80);
  /* The end of one that is in no list register is counted. */
  hyp_write (H_HCR, 1 | 4);
  hyp_write (H_APR, 1);
  g_assert_false (irq_level (&irq[1]));
  vcpu_write (C_EOIR, 99);
  g_assert_cmphex (hyp_read (H_HCR) >> 27, ==, 1);
  g_assert_true (irq_level (&irq[1]));
  for (unsigned i = 0; i < 40; i++) {
    hyp_write (H_APR, 1);
    vcpu_write (C_EOIR, 99);
  }
  g_assert_cmphex (hyp_read (H_HCR) >> 27, ==, 31);
  teardown ();
}

/* ---- As a device. ---- */

static void
test_reset (void)
{
  setup (false);
  start (40, 0);
  spi (8, true);
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  device_reset (&gic->dev);
  g_assert_false (irq_level (&irq[0]));
  g_assert_cmphex (dist_read (ISACTIVER + 4), ==, 0);
  g_assert_cmphex (cpu_read (C_RPR), ==, 0xff);
  /* The device at the other end still holds its line. */
  start (40, 0);
  g_assert_true (irq_level (&irq[0]));
  teardown ();
}

static void
test_save (void)
{
  setup (false);
  start (40, 2);
  start (5, 2);
  spi (8, true);
  dist_write (SGIR, 2 << 24 | 5);
  g_assert_cmphex (cpu_read (C_IAR), ==, 2 << 10 | 5);
  g_assert_false (irq_level (&irq[2]));
  test_restore (&gic->dev, &gic->dev);
  cpu_write (C_EOIR, 2 << 10 | 5);
  g_assert_true (irq_level (&irq[2]));
  g_assert_cmpuint (cpu_read (C_IAR), ==, 40);
  GicV2 *fresh = make (false);
  device_test_all (&gic->dev, &fresh->dev);
  device_free (&fresh->dev);
  teardown ();
}

static void
test_save_secure (void)
{
  setup (true);
  GicV2 *fresh = make (true);
  device_test_all (&gic->dev, &fresh->dev);
  device_free (&fresh->dev);
  teardown ();
}

static void
test_properties (void)
{
  g_autoptr (GError) error = NULL;
  GicV2 *wrong = (GicV2 *)device_new (&gicv2_class, "/gic");

  g_assert_false (device_set (&wrong->dev, "num-cpus", "9", NULL));
  g_assert_true (device_set (&wrong->dev, "num-cpus", "0", NULL));
  g_assert_false (device_realize (&wrong->dev, &error));
  g_clear_error (&error);
  g_assert_true (device_set (&wrong->dev, "num-cpus", "1", NULL));
  g_assert_true (device_set (&wrong->dev, "num-spis", "33", NULL));
  g_assert_false (device_realize (&wrong->dev, &error));
  g_assert_nonnull (strstr (error->message, "33"));
  g_assert_true (device_set (&wrong->dev, "num-spis", "988", NULL));
  g_assert_true (device_realize (&wrong->dev, NULL));
  device_reset (&wrong->dev);
  /* The last interrupt of all; a single CPU has no targets to choose. */
  IrqLine last = gicv2_spi_input (wrong, 987);
  irq_set (&last, true);
  platform_begin ();
  memory_region_map (test_map, wrong->dist, DIST);
  g_assert_cmphex (test_read (DIST + ISPENDR + 31 * 4, 4), ==, UINT32_C (1) << 27);
  g_assert_cmphex (test_read (DIST + TYPER, 4), ==, 31);
  g_assert_cmphex (test_read (DIST + ITARGETSR + 32, 4), ==, 0);
  device_free (&wrong->dev);
  platform_end ();
}

static void
test_messages (void)
{
  platform_begin ();
  IrqProbe probe[64] = { 0 };
  GicV2m *frame = (GicV2m *)device_new (&gicv2m_class, "/v2m");
  g_assert_true (device_set (&frame->dev, "base-spi", "80", NULL));
  for (unsigned i = 0; i < 64; i++)
    frame->out[i] = irq_probe_line (&probe[i]);
  g_assert_true (device_realize (&frame->dev, NULL));
  memory_region_map (test_map, frame->region, DIST);
  g_assert_cmphex (test_read (DIST + 0x008, 4), ==, 80 << 16 | 64);
  test_write (DIST + 0x040, 4, 80);
  test_write (DIST + 0x040, 4, 143);
  test_write (DIST + 0x040, 2, 143);
  test_write (DIST + 0x040, 4, 79);
  test_write (DIST + 0x040, 4, 144);
  for (unsigned i = 0; i < 64; i++) {
    g_assert_cmpint (probe[i].rises, ==, i == 0 ? 1 : i == 63 ? 2 : 0);
    g_assert_false (irq_level (&probe[i]));
  }
  device_free (&frame->dev);
  frame = (GicV2m *)device_new (&gicv2m_class, "/v2m");
  g_assert_true (device_set (&frame->dev, "base-spi", "1000", NULL));
  g_assert_false (device_realize (&frame->dev, NULL));
  device_free (&frame->dev);
  platform_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gicv2/identity", test_identity);
  g_test_add_func ("/gicv2/level", test_level);
  g_test_add_func ("/gicv2/edge", test_edge);
  g_test_add_func ("/gicv2/masks", test_masks);
  g_test_add_func ("/gicv2/priorities", test_priorities);
  g_test_add_func ("/gicv2/binary-point", test_binary_point);
  g_test_add_func ("/gicv2/eoimode", test_eoimode);
  g_test_add_func ("/gicv2/sgis", test_sgis);
  g_test_add_func ("/gicv2/ppis", test_ppis);
  g_test_add_func ("/gicv2/groups", test_groups);
  g_test_add_func ("/gicv2/security", test_security);
  g_test_add_func ("/gicv2/secure-sgis", test_secure_sgis);
  g_test_add_func ("/gicv2/virtual", test_virtual);
  g_test_add_func ("/gicv2/virtual-hardware", test_virtual_hardware);
  g_test_add_func ("/gicv2/maintenance", test_maintenance);
  g_test_add_func ("/gicv2/reset", test_reset);
  g_test_add_func ("/gicv2/save", test_save);
  g_test_add_func ("/gicv2/save-secure", test_save_secure);
  g_test_add_func ("/gicv2/properties", test_properties);
  g_test_add_func ("/gicv2m/messages", test_messages);
  return g_test_run ();
}
