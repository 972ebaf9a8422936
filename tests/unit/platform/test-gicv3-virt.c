/* SPDX-License-Identifier: GPL-3.0-or-later */

/* GICv3: virtual interrupts, as a hypervisor and its guest have them. */

#include "gicv3-bench.h"

#define NONE    1023
#define PENDING (UINT64_C (1) << 62)
#define ACTIVE  (UINT64_C (1) << 63)
#define HW      (UINT64_C (1) << 61)
#define GROUP1  (UINT64_C (1) << 60)
#define EOI     (UINT64_C (1) << 41)

enum { FMO = 1 << 3, IMO = 1 << 4 };

static uint64_t
lr (unsigned id, unsigned priority, uint64_t flags)
{
  return flags | (uint64_t)priority << 48 | id;
}

static void
in_guest (bool guest)
{
  bench_pe[0].el = guest ? 1 : 2;
}

/* The hypervisor has its own interrupts, and the guest both groups on. */
static void
start (void)
{
  bench_begin (BENCH_PLAIN);
  bench_start ();
  bench_pe[0].hcr = FMO | IMO;
  in_guest (false);
  reg_set (0, ICH_HCR, 1);
  reg_set (0, ICH_VMCR, UINT64_C (0xff000000) | 3);
}

static void
test_registers (void)
{
  start ();
  g_assert_cmphex (reg_get (0, ICH_VTR), ==, 4u << 29 | 4 << 26 | 1 << 21 | 1 << 20 | 1 << 19 | 3);
  g_assert_cmphex (reg_get (0, ICH_ELRSR), ==, 15);
  /* Binary points have a least value, priorities five bits. */
  g_assert_cmphex (reg_get (0, ICH_VMCR), ==, UINT64_C (0xf8000000) | 2 << 21 | 3 << 18 | 1 << 3 | 3);
  in_guest (true);
  g_assert_cmphex (reg_get (0, PMR), ==, 0xf8);
  reg_set (0, PMR, 0x57);
  reg_set (0, BPR0, 5);
  reg_set (0, BPR1, 6);
  reg_set (0, IGRPEN0, 0);
  reg_set (0, CTLR, 2);
  g_assert_cmphex (reg_get (0, CTLR), ==, 2 | 4 << 8 | 1 << 15 | 1 << 18);
  g_assert_cmphex (reg_get (0, IGRPEN0), ==, 0);
  g_assert_cmphex (reg_get (0, IGRPEN1), ==, 1);
  in_guest (false);
  g_assert_cmphex (reg_get (0, ICH_VMCR), ==, 0x50000000 | 5 << 21 | 6 << 18 | 1 << 9 | 1 << 3 | 2);
  g_assert_cmphex (reg_get (0, PMR), ==, 0xf8); /* the physical one */
  /* Without IMO and FMO a guest has the physical ones. */
  bench_pe[0].hcr = 0;
  in_guest (true);
  reg_set (0, PMR, 0x80);
  g_assert_cmphex (reg_get (0, ICH_VMCR) >> 24, ==, 0x50);
  bench_end ();
}

static void
test_delivery (void)
{
  start ();
  reg_set (0, ICH_LR0, lr (40, 0xa0, PENDING | GROUP1));
  reg_set (0, ICH_LR0 + 1, lr (41, 0x60, PENDING | GROUP1));
  reg_set (0, ICH_LR0 + 2, lr (8192, 0x80, PENDING | GROUP1));
  g_assert_true (irq_level (&bench_pe[0].virq) && !irq_level (&bench_pe[0].vfiq));
  g_assert_cmphex (reg_get (0, ICH_ELRSR), ==, 8);
  in_guest (true);
  g_assert_cmpuint (reg_get (0, IAR0), ==, NONE);
  g_assert_cmpuint (reg_get (0, HPPIR1), ==, 41);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 41);
  g_assert_false (irq_level (&bench_pe[0].virq));
  g_assert_cmphex (reg_get (0, RPR), ==, 0x60);
  g_assert_cmphex (reg_get (0, AP1R0), ==, 1 << 12);
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  reg_set (0, EOIR1, 41);
  g_assert_true (irq_level (&bench_pe[0].virq));
  /* An LPI is never active. */
  g_assert_cmpuint (reg_get (0, IAR1), ==, 8192);
  in_guest (false);
  g_assert_cmphex (reg_get (0, ICH_LR0 + 2) & (PENDING | ACTIVE), ==, 0);
  g_assert_cmphex (reg_get (0, ICH_LR0 + 1) & (PENDING | ACTIVE), ==, 0);
  in_guest (true);
  reg_set (0, EOIR1, 8192);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 40);
  reg_set (0, EOIR1, 40);
  g_assert_cmphex (reg_get (0, RPR), ==, 0xff);
  /* Group 0 comes as a virtual FIQ. */
  in_guest (false);
  reg_set (0, ICH_LR0 + 3, lr (50, 0x80, PENDING));
  g_assert_true (!irq_level (&bench_pe[0].virq) && irq_level (&bench_pe[0].vfiq));
  in_guest (true);
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  g_assert_cmpuint (reg_get (0, IAR0), ==, 50);
  reg_set (0, EOIR0, 50);
  /* The interface is off. */
  in_guest (false);
  reg_set (0, ICH_LR0, lr (40, 0xa0, PENDING | GROUP1));
  g_assert_true (irq_level (&bench_pe[0].virq));
  reg_set (0, ICH_HCR, 0);
  g_assert_false (irq_level (&bench_pe[0].virq));
  bench_end ();
}

/* A device's interrupt that the guest ends for good. */
static void
test_hardware (void)
{
  start ();
  IrqLine timer = gicv3_ppi_input (bench_gic, 0, 11);
  bench_enable (0, 27, 0x80);
  irq_set (&timer, true);
  reg_set (0, CTLR, 2); /* the hypervisor drops priority only */
  g_assert_cmpuint (reg_get (0, IAR1), ==, 27);
  reg_set (0, EOIR1, 27);
  reg_set (0, ICH_LR0, lr (27, 0x80, PENDING | GROUP1 | HW | UINT64_C (27) << 32));
  in_guest (true);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 27);
  g_assert_false (irq_level (&bench_pe[0].irq));
  irq_set (&timer, false);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISACTIVER), ==, 1 << 27);
  reg_set (0, EOIR1, 27);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISACTIVER), ==, 0);
  /* With the end in two parts it is DIR that does. */
  in_guest (false);
  redist_set (0, SGI_FRAME + ISACTIVER, 1 << 27);
  reg_set (0, ICH_LR0, lr (27, 0x80, PENDING | GROUP1 | HW | UINT64_C (27) << 32));
  in_guest (true);
  reg_set (0, CTLR, 2);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 27);
  reg_set (0, EOIR1, 27);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISACTIVER), ==, 1 << 27);
  reg_set (0, DIR1, 27);
  g_assert_cmphex (redist_get (0, SGI_FRAME + ISACTIVER), ==, 0);
  /* One for which there was no list register, and physical numbers that are none. */
  reg_set (0, DIR1, 99);
  in_guest (false);
  g_assert_cmphex (reg_get (0, ICH_HCR), ==, 1 | 1 << 27);
  reg_set (0, ICH_LR0, lr (60, 0x80, ACTIVE | GROUP1 | HW | UINT64_C (0x1fff) << 32));
  in_guest (true);
  reg_set (0, DIR1, 60);
  in_guest (false);
  g_assert_cmphex (reg_get (0, ICH_LR0) & (PENDING | ACTIVE), ==, 0);
  bench_end ();
}

static void
test_maintenance (void)
{
  start ();
  const IrqProbe *line = &bench_pe[0].maintenance;
  reg_set (0, ICH_LR0, lr (40, 0xa0, PENDING | GROUP1 | EOI));
  g_assert_false (irq_level (line));
  in_guest (true);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 40);
  reg_set (0, EOIR1, 40);
  in_guest (false);
  g_assert_true (irq_level (line));
  g_assert_cmphex (reg_get (0, ICH_EISR), ==, 1);
  g_assert_cmphex (reg_get (0, ICH_ELRSR), ==, 14);
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 1);
  reg_set (0, ICH_LR0, 0);
  g_assert_false (irq_level (line));
  reg_set (0, ICH_HCR, 1 | 1 << 1); /* UIE */
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 2);
  reg_set (0, ICH_LR0, lr (40, 0xa0, PENDING));
  reg_set (0, ICH_LR0 + 1, lr (41, 0xa0, ACTIVE));
  g_assert_false (irq_level (line));
  reg_set (0, ICH_HCR, 1 | 1 << 3); /* NPIE */
  g_assert_false (irq_level (line));
  reg_set (0, ICH_LR0, 0);
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 8);
  reg_set (0, ICH_HCR, 1 | 1 << 2 | 1 << 27); /* LRENPIE with a count */
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 4);
  reg_set (0, ICH_HCR, 1 | 0xf0);
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 0x50);
  reg_set (0, ICH_VMCR, 0);
  g_assert_cmphex (reg_get (0, ICH_MISR), ==, 0xa0);
  g_assert_true (irq_level (line));
  reg_set (0, ICH_HCR, 0);
  g_assert_false (irq_level (line));
  bench_end ();
}

/* The interrupt may be wired to the PE itself. */
static void
test_maintenance_wired (void)
{
  start ();
  bench_gic->edges[0].maintenance = gicv3_ppi_input (bench_gic, 0, 9);
  bench_enable (0, 25, 0x80);
  reg_set (0, ICH_HCR, 1 | 1 << 3);
  g_assert_cmpuint (reg_get (0, IAR1), ==, 25);
  reg_set (0, ICH_HCR, 1);
  reg_set (0, EOIR1, 25);
  g_assert_cmpuint (reg_get (0, IAR1), ==, NONE);
  bench_end ();
}

static void
test_hostile (void)
{
  start ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  static const unsigned regs[] = { PMR,      IAR0,     EOIR0,   HPPIR0,      BPR0,       AP0R0,
                                   AP1R0,    DIR1,     RPR,     SGI1R,       ASGI1R,     SGI0R,
                                   IAR1,     EOIR1,    HPPIR1,  BPR1,        CTLR,       SRE,
                                   IGRPEN0,  IGRPEN1,  SRE_EL2, ICH_AP0R0,   ICH_AP1R0,  ICH_HCR,
                                   ICH_MISR, ICH_VMCR, ICH_LR0, ICH_LR0 + 1, ICH_LR0 + 3 };
  for (unsigned i = 0; i < 200000; i++) {
    unsigned reg = regs[g_rand_int_range (rand, 0, G_N_ELEMENTS (regs))];
    uint64_t value = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
    value &= g_rand_boolean (rand) ? 0xff : UINT64_MAX;
    bench_pe[0].el = (unsigned)g_rand_int_range (rand, 1, 3);
    if (g_rand_boolean (rand))
      gicv3_cpu_write (gicv3_cpu (bench_gic, 0), reg, value);
    else
      gicv3_cpu_read (gicv3_cpu (bench_gic, 0), reg, &value);
  }
  test_restore (&bench_gic->dev, &bench_gic->dev);
  bench_end ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gicv3-virt/registers", test_registers);
  g_test_add_func ("/gicv3-virt/delivery", test_delivery);
  g_test_add_func ("/gicv3-virt/hardware", test_hardware);
  g_test_add_func ("/gicv3-virt/maintenance", test_maintenance);
  g_test_add_func ("/gicv3-virt/maintenance-wired", test_maintenance_wired);
  g_test_add_func ("/gicv3-virt/hostile", test_hostile);
  return g_test_run ();
}
