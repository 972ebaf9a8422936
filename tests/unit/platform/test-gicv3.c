/* SPDX-License-Identifier: GPL-3.0-or-later */

/* GICv3: distributor, redistributors and the PEs' physical interface. */

#include "device-test.h"
#include "gicv3-bench.h"

#define NONE 1023

static IrqLine
ppi (unsigned cpu, unsigned id)
{
  return gicv3_ppi_input (bench_gic, cpu, id - 16);
}

static IrqLine
spi (unsigned id)
{
  return gicv3_spi_input (bench_gic, id - 32);
}

static void
test_identity (void)
{
  bench_begin (BENCH_LPIS);
  /* 96 INTIDs, LPIs with 16 bits, Aff3 and range selectors. */
  g_assert_cmphex (dist_get (4), ==, 2 | 1 << 17 | 15 << 19 | 1 << 24 | 1 << 26);
  g_assert_cmphex (dist_get (0), ==, 0x50);
  g_assert_cmphex (dist_get (0xffe8), ==, 0x3b);
  g_assert_cmphex (redist_get (1, 0xffe8), ==, 0x3b);
  g_assert_cmphex (redist_get (1, 8), ==, 1 << 8 | 1);
  g_assert_cmphex (redist_get (1, 12), ==, 1);
  g_assert_cmphex (redist_get (3, 8), ==, 3 << 8 | 1 << 4 | 1);
  g_assert_cmphex (redist_get (3, 12), ==, 0x101);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ICFGR), ==, 0xaaaaaaaa);
  g_assert_cmphex (reg_get (0, SRE), ==, 7);
  g_assert_cmphex (reg_get (0, CTLR), ==, 4 << 8 | 1 << 15 | 1 << 18);
  redist_set (0, 0x14, 0);
  g_assert_cmphex (redist_get (0, 0x14), ==, 0);
  redist_set (0, 0x14, 2);
  g_assert_cmphex (redist_get (0, 0x14), ==, 6);
  /* Registers that there are only with more bits of priority, or nowhere. */
  uint64_t value;
  g_assert_false (gicv3_cpu_read (gicv3_cpu (bench_gic, 0), AP1R0 + 1, &value));
  g_assert_false (gicv3_cpu_read (gicv3_cpu (bench_gic, 0), EOIR1, &value));
  g_assert_false (gicv3_cpu_write (gicv3_cpu (bench_gic, 0), IAR1, 0));
  g_assert_false (gicv3_cpu_write (gicv3_cpu (bench_gic, 0), ICH_LR0 + 4, 0));
  bench_end ();
}

/* A timer's tick, as an idle kernel has it. */
static void
test_level (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine timer = ppi (1, 27);
  IrqProbe *irq = &bench_pe[1].irq;
  irq_set (&timer, true);
  g_assert_false (irq_level (irq));
  bench_enable (1, 27, 0xa0);
  g_assert_true (irq_level (irq));
  g_assert_false (irq_level (&bench_pe[0].irq) || irq_level (&bench_pe[1].fiq));
  g_assert_cmpuint (reg_get (1, HPPIR1), ==, 27);
  g_assert_cmpuint (reg_get (1, IAR0), ==, NONE);
  g_assert_cmphex (reg_get (1, RPR), ==, 0xff);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 27);
  g_assert_cmphex (reg_get (1, RPR), ==, 0xa0);
  g_assert_cmphex (reg_get (1, AP1R0), ==, 1 << (0xa0 >> 3));
  g_assert_false (irq_level (irq));
  g_assert_cmpuint (reg_get (1, IAR1), ==, NONE);
  g_assert_cmphex (redist_get (1, SGI_FRAME + ISACTIVER), ==, 1 << 27);
  /* Still up: pending and active, and signalled again afterwards. */
  g_assert_cmphex (redist_get (1, SGI_FRAME + ISPENDR), ==, 1 << 27);
  reg_set (1, EOIR1, 27);
  g_assert_true (irq_level (irq));
  g_assert_cmpuint (reg_get (1, IAR1), ==, 27);
  irq_set (&timer, false);
  reg_set (1, EOIR1, 27);
  g_assert_false (irq_level (irq));
  g_assert_cmphex (redist_get (1, SGI_FRAME + ISACTIVER) | redist_get (1, SGI_FRAME + ISPENDR), ==, 0);
  /* Gone before it was taken. */
  irq_set (&timer, true);
  g_assert_true (irq_level (irq));
  irq_set (&timer, false);
  g_assert_false (irq_level (irq));
  g_assert_cmpuint (reg_get (1, IAR1), ==, NONE);
  /* What software makes pending stays so, whatever the level; and is taken back. */
  redist_set (1, SGI_FRAME + ISPENDR, 1 << 27);
  g_assert_true (irq_level (irq));
  redist_set (1, SGI_FRAME + ICPENDR, 1 << 27);
  g_assert_false (irq_level (irq));
  /* Masked while up. */
  irq_set (&timer, true);
  redist_set (1, SGI_FRAME + ICENABLER, 1 << 27);
  g_assert_false (irq_level (irq));
  bench_end ();
}

static void
test_edge (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine in = spi (40);
  IrqProbe *irq = &bench_pe[2].irq;
  bench_enable (2, 40, 0x80);
  dist_set (ICFGR + 8, 2 << 16);
  g_assert_cmphex (dist_get (ICFGR + 8), ==, 2 << 16);
  irq_set (&in, true);
  irq_set (&in, false);
  g_assert_true (irq_level (irq));
  g_assert_cmpuint (reg_get (2, IAR1), ==, 40);
  g_assert_cmphex (dist_get (ISPENDR + 4), ==, 0);
  /* An edge while it is active is the next interrupt. */
  irq_set (&in, true);
  g_assert_cmphex (dist_get (ISPENDR + 4), ==, 1 << 8);
  g_assert_false (irq_level (irq));
  reg_set (2, EOIR1, 40);
  g_assert_cmpuint (reg_get (2, IAR1), ==, 40);
  reg_set (2, EOIR1, 40);
  /* The level alone is none. */
  g_assert_false (irq_level (irq));
  bench_end ();
}

static void
test_routing (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine in = spi (95);
  bench_enable (0, 95, 0x80);
  irq_set (&in, true);
  g_assert_true (irq_level (&bench_pe[0].irq));
  test_write (BENCH_DIST + IROUTER + 8 * 95, 8, 0x101);
  g_assert_false (irq_level (&bench_pe[0].irq));
  g_assert_true (irq_level (&bench_pe[3].irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  /* Nobody. */
  test_write (BENCH_DIST + IROUTER + 8 * 95, 8, 0x777);
  g_assert_false (irq_level (&bench_pe[3].irq));
  /* Any: one of those that take Group 1. */
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    reg_set (i, IGRPEN1, i == 2);
  test_write (BENCH_DIST + IROUTER + 8 * 95, 8, UINT64_MAX);
  g_assert_cmphex (test_read (BENCH_DIST + IROUTER + 8 * 95, 8), ==, UINT64_C (0xff80ffffff));
  g_assert_true (irq_level (&bench_pe[2].irq));
  reg_set (2, IGRPEN1, 0);
  g_assert_false (irq_level (&bench_pe[2].irq));
  reg_set (1, IGRPEN1, 1);
  g_assert_true (irq_level (&bench_pe[1].irq));
  g_assert_cmpuint (reg_get (1, IAR1), ==, 95);
  g_assert_false (irq_level (&bench_pe[1].irq));
  /* Ended by another PE. */
  reg_set (0, CTLR, 2);
  reg_set (0, DIR1, 95);
  g_assert_cmphex (dist_get (ISACTIVER + 8), ==, 0);
  reg_set (1, EOIR1, 95);
  g_assert_true (irq_level (&bench_pe[1].irq));
  /* The distributor is off. */
  dist_set (0, 0);
  g_assert_false (irq_level (&bench_pe[1].irq));
  /* INTIDs that there are not. */
  dist_set (ISENABLER + 12, UINT32_MAX);
  g_assert_cmphex (dist_get (ISENABLER + 12), ==, 0);
  dist_set (ISENABLER, UINT32_MAX);
  g_assert_cmphex (dist_get (ISENABLER), ==, 0);
  bench_end ();
}

static void
test_priorities (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine low = spi (33), middle = ppi (0, 20), high = spi (70);
  IrqProbe *irq = &bench_pe[0].irq;
  bench_enable (0, 33, 0xa7);
  bench_enable (0, 20, 0xa0);
  bench_enable (0, 70, 0x60);
  g_assert_cmphex (test_read (BENCH_DIST + IPRIORITYR + 33, 1), ==, 0xa0);
  irq_set (&low, true);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, 33);
  irq_set (&middle, true);
  /* Of equal ones the lowest INTID. */
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, 20);
  irq_set (&high, true);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, 70);
  irq_set (&high, false);
  /* The mask: what is not more urgent waits. */
  reg_set (0, PMR, 0xa0);
  g_assert_false (irq_level (irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, 20);
  reg_set (0, PMR, 0xaf);
  g_assert_cmphex (reg_get (0, PMR), ==, 0xa8);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 20);
  g_assert_false (irq_level (irq));
  /* Preemption, and back in order. */
  irq_set (&high, true);
  g_assert_true (irq_level (irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, 70);
  g_assert_cmphex (reg_get (0, RPR), ==, 0x60);
  irq_set (&high, false);
  reg_set (0, EOIR1, 70);
  g_assert_cmphex (reg_get (0, RPR), ==, 0xa0);
  irq_set (&middle, false);
  reg_set (0, EOIR1, 20);
  bench_enable (0, 70, 0x90);
  /* Binary points: both are in one group of priorities, or not. */
  static const struct {
    unsigned bpr0, bpr1, ctlr;
    bool preempts;
  } points[] = {
    { 2, 3, 0, true }, { 6, 5, 0, true }, { 2, 7, 0, false }, { 6, 3, 1, false }, { 3, 7, 1, true }
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (points); i++) {
    reg_set (0, BPR0, points[i].bpr0);
    reg_set (0, BPR1, points[i].bpr1);
    reg_set (0, CTLR, points[i].ctlr);
    g_assert_cmpuint (reg_get (0, IAR1), ==, 33);
    irq_set (&high, true);
    g_assert_true (irq_level (irq) == points[i].preempts);
    irq_set (&high, false);
    reg_set (0, EOIR1, 33);
    reg_set (0, CTLR, 0);
  }
  reg_set (0, BPR0, 0);
  reg_set (0, BPR1, 0);
  g_assert_cmphex (reg_get (0, BPR0), ==, 2);
  g_assert_cmphex (reg_get (0, BPR1), ==, 3);
  /* With CBPR there is one. */
  reg_set (0, BPR0, 6);
  reg_set (0, CTLR, 1);
  reg_set (0, BPR1, 3);
  g_assert_cmphex (reg_get (0, BPR1), ==, 7);
  reg_set (0, CTLR, 0);
  g_assert_cmphex (reg_get (0, BPR1), ==, 3);
  bench_end ();
}

static void
test_split_end (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine in = spi (50);
  bench_enable (0, 50, 0x80);
  reg_set (0, CTLR, 2);
  irq_set (&in, true);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 50);
  reg_set (0, EOIR1, 50);
  g_assert_cmphex (reg_get (0, RPR), ==, 0xff);
  g_assert_cmphex (dist_get (ISACTIVER + 4), ==, 1 << 18);
  g_assert_false (irq_level (&bench_pe[0].irq));
  reg_set (0, DIR1, 50);
  g_assert_true (irq_level (&bench_pe[0].irq));
  /* Without the split DIR does nothing. */
  g_assert_cmpuint (reg_get (0, IAR1), ==, 50);
  reg_set (0, CTLR, 0);
  reg_set (0, DIR1, 50);
  g_assert_cmphex (dist_get (ISACTIVER + 4), ==, 1 << 18);
  /* Neither do numbers that are none, the other group's register, or an end without a beginning. */
  static const uint64_t wrong[] = { 96, 1019, 1020, 1023, 1024, 8191 };
  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++)
    reg_set (0, EOIR1, wrong[i]);
  reg_set (0, EOIR0, 50);
  g_assert_cmphex (reg_get (0, RPR), ==, 0x80);
  reg_set (0, EOIR1, 50);
  reg_set (0, EOIR1, 50);
  g_assert_cmphex (reg_get (0, RPR), ==, 0xff);
  /* By the distributor. */
  dist_set (ISACTIVER + 4, 1 << 18);
  g_assert_false (irq_level (&bench_pe[0].irq));
  dist_set (ICACTIVER + 4, 1 << 18);
  g_assert_true (irq_level (&bench_pe[0].irq));
  bench_end ();
}

static void
test_sgi (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    bench_enable (i, 5, 0x80);
  /* Aff1 1, both of its PEs. */
  reg_set (0, SGI1R, 5 << 24 | 1 << 16 | 0xffff);
  g_assert_false (irq_level (&bench_pe[0].irq) || irq_level (&bench_pe[1].irq));
  g_assert_cmpuint (reg_get (2, IAR1), ==, 5);
  g_assert_cmpuint (reg_get (3, IAR1), ==, 5);
  reg_set (2, EOIR1, 5);
  reg_set (3, EOIR1, 5);
  g_assert_cmpuint (reg_get (2, IAR1), ==, NONE);
  /* All but itself. */
  reg_set (2, SGI1R, UINT64_C (1) << 40 | 5 << 24);
  for (unsigned i = 0; i < BENCH_CPUS; i++)
    g_assert_cmpuint (reg_get (i, HPPIR1), ==, i == 2 ? NONE : 5);
  /* Nobody there; another group. */
  reg_set (2, SGI1R, UINT64_C (1) << 44 | 5 << 24 | 0xffff);
  reg_set (2, SGI1R, UINT64_C (1) << 32 | 5 << 24 | 0xffff);
  reg_set (2, SGI0R, 5 << 24 | 1 << 16 | 1);
  g_assert_cmpuint (reg_get (2, HPPIR1), ==, NONE);
  /* Group 0 comes as FIQ. */
  redist_set (2, SGI_FRAME + IGROUPR, ~(UINT32_C (1) << 5));
  dist_set (0, 3);
  reg_set (2, IGRPEN0, 1);
  reg_set (2, SGI0R, 5 << 24 | 1 << 16 | 1);
  g_assert_true (irq_level (&bench_pe[2].fiq));
  g_assert_false (irq_level (&bench_pe[2].irq));
  g_assert_cmpuint (reg_get (2, IAR1), ==, NONE);
  g_assert_cmpuint (reg_get (2, IAR0), ==, 5);
  g_assert_cmphex (reg_get (2, AP0R0), ==, 1 << 16);
  reg_set (2, EOIR0, 5);
  g_assert_cmphex (reg_get (2, AP0R0), ==, 0);
  bench_end ();
}

/* Two security states: firmware at EL3, a Secure and a Non-secure world. */
enum { NS = 1, SCR_FIQ = 4 };

static void
go (unsigned el, uint64_t scr)
{
  bench_pe[0].el = el;
  bench_pe[0].scr = scr;
  bench_secure = el == 3 || !(scr & NS);
  gicv3_cpu_security_changed (gicv3_cpu (bench_gic, 0));
}

/* Interrupt 40 of Group 0, 41 of Secure Group 1, 42 of Non-secure Group 1. */
static void
start_security (void)
{
  bench_begin (BENCH_SECURITY);
  go (3, 0);
  g_assert_cmphex (dist_get (0), ==, 0x30);
  dist_set (0, 7);
  g_assert_cmphex (dist_get (0), ==, 0x37);
  dist_set (IGROUPR + 4, 1 << 10);
  dist_set (IGRPMODR + 4, 1 << 9);
  for (unsigned id = 40; id < 43; id++)
    bench_enable (0, id, id == 42 ? 0xa0 : 0x40);
  reg_set (0, PMR, 0xff);
  reg_set (0, IGRPEN0, 1);
  reg_set (0, IGRPEN1_EL3, 3);
}

static void
test_security_lines (void)
{
  start_security ();
  const BenchPe *pe = &bench_pe[0];
  IrqLine in = spi (42), in1 = spi (41), in0 = spi (40);
  irq_set (&in, true);
  g_assert_true (irq_level (&pe->fiq) && !irq_level (&pe->irq));
  /* At EL3 a number says whose it is. */
  g_assert_cmpuint (reg_get (0, HPPIR0), ==, 1021);
  go (1, 0);
  g_assert_true (irq_level (&pe->fiq) && !irq_level (&pe->irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  go (1, NS);
  g_assert_true (!irq_level (&pe->fiq) && irq_level (&pe->irq));
  irq_set (&in1, true);
  g_assert_true (irq_level (&pe->fiq) && !irq_level (&pe->irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  go (3, NS);
  g_assert_cmpuint (reg_get (0, IAR0), ==, 1020);
  go (1, 0);
  g_assert_true (!irq_level (&pe->fiq) && irq_level (&pe->irq));
  g_assert_cmpuint (reg_get (0, IAR1), ==, 41);
  irq_set (&in1, false);
  go (1, NS);
  reg_set (0, EOIR1, 41); /* not its */
  go (1, 0);
  g_assert_cmphex (reg_get (0, RPR), ==, 0x40);
  reg_set (0, EOIR1, 41);
  g_assert_cmphex (reg_get (0, RPR), ==, 0xff);
  irq_set (&in0, true);
  go (1, NS);
  g_assert_true (irq_level (&pe->fiq));
  go (3, NS);
  g_assert_cmpuint (reg_get (0, IAR0), ==, 40);
  irq_set (&in0, false);
  reg_set (0, EOIR0, 40);
  go (1, NS);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 42);
  reg_set (0, EOIR1, 42);
  bench_end ();
}

/* What Non-secure software sees. */
static void
test_security_views (void)
{
  start_security ();
  go (1, NS | SCR_FIQ);
  g_assert_cmphex (dist_get (0), ==, 0x12);
  dist_set (0, 0);
  g_assert_cmphex (dist_get (0), ==, 0x10);
  dist_set (0, 0x42);
  g_assert_cmphex (dist_get (IGROUPR + 4), ==, 0);
  g_assert_cmphex (dist_get (ISENABLER + 4), ==, 1 << 10);
  dist_set (ICENABLER + 4, UINT32_MAX);
  /* Half of the priorities. */
  g_assert_cmphex (dist_get (IPRIORITYR + 40), ==, 0x400000);
  dist_set (IPRIORITYR + 40, 0x00c0c0c0);
  g_assert_cmphex (dist_get (IPRIORITYR + 40), ==, 0xc00000);
  g_assert_cmphex (test_read (BENCH_DIST + IROUTER + 8 * 41, 8), ==, 0);
  g_assert_cmphex (redist_get (0, 0x14), ==, 0);
  redist_set (0, 0x14, 0);
  g_assert_cmphex (reg_get (0, PMR), ==, 0xf0);
  reg_set (0, PMR, 0x40);
  g_assert_cmphex (reg_get (0, PMR), ==, 0x40);
  reg_set (0, CTLR, 3);
  g_assert_cmphex (reg_get (0, CTLR) & 3, ==, 2);
  go (3, NS);
  g_assert_cmphex (dist_get (0), ==, 0x37);
  g_assert_cmphex (dist_get (ISENABLER + 4), ==, 3 << 8);
  g_assert_cmphex (dist_get (IPRIORITYR + 40), ==, 0xe04040);
  g_assert_cmphex (redist_get (0, 0x14), ==, 6);
  g_assert_cmphex (reg_get (0, PMR), ==, 0xa0);
  g_assert_cmphex (reg_get (0, CTLR_EL3) & 0x1f, ==, 0x10);
  reg_set (0, CTLR_EL3, 0x1f);
  g_assert_cmphex (reg_get (0, CTLR_EL3) & 0x1f, ==, 0x1f);
  reg_set (0, CTLR_EL3, 0);
  g_assert_cmphex (reg_get (0, IGRPEN1_EL3), ==, 3);
  /* Firmware masks all that is Non-secure: it sees 0, and cannot change it. */
  reg_set (0, PMR, 0x40);
  go (1, NS | SCR_FIQ);
  g_assert_cmphex (reg_get (0, PMR), ==, 0);
  reg_set (0, PMR, 0xf0);
  g_assert_cmphex (reg_get (0, PMR), ==, 0);
  /* Its SGIs reach Non-secure ones only. */
  reg_set (0, SGI1R, 1 << 24 | 1);
  go (3, 0);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISPENDR), ==, 0);
  reg_set (0, SGI1R, 1 << 24 | 1); /* Group 0 by a request for Secure Group 1 */
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISPENDR), ==, 2);
  /* One state from now on. */
  dist_set (0, 0x43);
  g_assert_cmphex (dist_get (0), ==, 0x53);
  go (1, NS);
  g_assert_cmphex (dist_get (IPRIORITYR + 40), ==, 0xe04040);
  bench_end ();
}

static void
test_tables (void)
{
  static const BenchFlags machines[] = { BENCH_PLAIN, BENCH_SECURITY | BENCH_LPIS };
  for (unsigned i = 0; i < G_N_ELEMENTS (machines); i++) {
    BenchFlags flags = machines[i];
    bench_begin (flags);
    Gicv3 *fresh = bench_new (flags);
    device_test_all (&bench_gic->dev, &fresh->dev);
    device_free (&fresh->dev);
    bench_end ();
  }
}

static void
test_save (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  IrqLine timer = ppi (1, 27), in = spi (60);
  bench_enable (1, 27, 0x80);
  bench_enable (1, 60, 0xa0);
  irq_set (&timer, true);
  irq_set (&in, true);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 27);
  test_restore (&bench_gic->dev, &bench_gic->dev);
  g_assert_false (irq_level (&bench_pe[1].irq));
  g_assert_cmphex (reg_get (1, RPR), ==, 0x80);
  irq_set (&timer, false);
  reg_set (1, EOIR1, 27);
  g_assert_true (irq_level (&bench_pe[1].irq));
  g_assert_cmpuint (reg_get (1, IAR1), ==, 60);
  test_refuse (&bench_gic->dev, "ctlr", g_variant_new_uint64 (0x100));
  /* Levels survive a reset, being others'; all else does not. */
  device_reset (&bench_gic->dev);
  g_assert_false (irq_level (&bench_pe[1].irq));
  bench_start ();
  bench_enable (1, 60, 0xa0);
  g_assert_cmpuint (reg_get (1, IAR1), ==, 60);
  bench_end ();
}

static void
test_properties (void)
{
  platform_begin ();
  static const struct {
    const char *name, *value;
  } wrong[] = { { "num-spis", "33" }, { "num-spis", "0" }, { "num-cpus", "0" }, { "has-lpi", "on" } };
  for (unsigned i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    Device *dev = device_new (&gicv3_class, "/gic");
    g_assert_true (device_set (dev, wrong[i].name, wrong[i].value, NULL));
    g_assert_false (device_realize (dev, &error));
    g_assert_nonnull (error);
    device_free (dev);
  }
  /* The largest: INTID 1019, the 512th PE, and the end of the first region. */
  Gicv3 *gic = (Gicv3 *)device_new (&gicv3_class, "/gic");
  gic->num_spis = GICV3_MAX_SPIS;
  gic->num_cpus = GICV3_MAX_CPUS;
  gic->region_cpus = 123;
  for (unsigned i = 0; i < GICV3_MAX_CPUS; i++)
    gic->edges[i].affinity = (i / 16) << 8 | i % 16;
  g_assert_true (device_realize (&gic->dev, NULL));
  device_reset (&gic->dev);
  memory_region_map (test_map, gic->region, BENCH_DIST);
  for (unsigned i = 0; i < GICV3_MAX_CPUS; i++)
    memory_region_map (test_map, gicv3_redist_region (gic, i), BENCH_REDIST + i * GICV3_REDIST_SIZE);
  g_assert_cmphex (dist_get (4) & 0x1f, ==, 31);
  dist_set (ISENABLER + 0x7c, UINT32_MAX);
  g_assert_cmphex (dist_get (ISENABLER + 0x7c), ==, 0x0fffffff);
  g_assert_cmphex (redist_get (122, 8), ==, 122 << 8 | 1 << 4);
  g_assert_cmphex (redist_get (123, 8), ==, 123 << 8);
  g_assert_cmphex (redist_get (511, 8), ==, 511 << 8 | 1 << 4);
  device_free (&gic->dev);
  platform_end ();
}

#define ROUNDS 20000

static gpointer
raise_interrupts (gpointer data)
{
  IrqLine lines[] = { ppi (GPOINTER_TO_UINT (data), 27), spi (40 + GPOINTER_TO_UINT (data)) };
  for (unsigned i = 0; i < ROUNDS; i++)
    irq_set (&lines[i / 2 % 2], i % 2 == 0);
  return NULL;
}

static gpointer
take_interrupts (gpointer data)
{
  unsigned cpu = GPOINTER_TO_UINT (data);
  for (unsigned i = 0; i < ROUNDS; i++) {
    uint64_t id = reg_get (cpu, IAR1);
    g_assert_true (id == NONE || id == 27 || id == 40 + cpu || id == 3);
    reg_set (cpu, EOIR1, id);
    if (i % 16 == 0)
      reg_set (cpu, SGI1R, UINT64_C (1) << 40 | 3 << 24);
  }
  return NULL;
}

static void
test_threads (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  GThread *threads[2 * BENCH_CPUS];
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    bench_enable (i, 27, 0x80);
    bench_enable (i, 40 + i, 0xa0);
    bench_enable (i, 3, 0x90);
  }
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    threads[2 * i] = g_thread_new ("raise", raise_interrupts, GUINT_TO_POINTER (i));
    threads[2 * i + 1] = g_thread_new ("take", take_interrupts, GUINT_TO_POINTER (i));
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  for (unsigned i = 0; i < BENCH_CPUS; i++) {
    for (uint64_t id; (id = reg_get (i, IAR1)) != NONE;)
      reg_set (i, EOIR1, id);
    g_assert_false (irq_level (&bench_pe[i].irq));
    g_assert_cmphex (reg_get (i, RPR), ==, 0xff);
    g_assert_cmpint (bench_pe[i].irq.rises, >, 0);
  }
  bench_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gicv3/identity", test_identity);
  g_test_add_func ("/gicv3/level", test_level);
  g_test_add_func ("/gicv3/edge", test_edge);
  g_test_add_func ("/gicv3/routing", test_routing);
  g_test_add_func ("/gicv3/priorities", test_priorities);
  g_test_add_func ("/gicv3/split-end", test_split_end);
  g_test_add_func ("/gicv3/sgi", test_sgi);
  g_test_add_func ("/gicv3/security/lines", test_security_lines);
  g_test_add_func ("/gicv3/security/views", test_security_views);
  g_test_add_func ("/gicv3/tables", test_tables);
  g_test_add_func ("/gicv3/save", test_save);
  g_test_add_func ("/gicv3/properties", test_properties);
  g_test_add_func ("/gicv3/threads", test_threads);
  return g_test_run ();
}
