/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Generic timers and performance monitors, by their registers, on a clock that stands still or runs. */

#include "arm-pmu.h"
#include "vcpus.h"

#define NS_PER_TICK 16
#define TICKS(n)    ((int64_t)(n) * NS_PER_TICK)
#define MAX_CLOCK   G_MAXINT64

static Vcpus *v;
static ArmCpu *arm;
static Probe lines[ARM_N_TIMERS], pmu_line;

static void
setup (bool el2)
{
  v = vcpus_new (1, &(ArmMachineConfig){ .el2 = el2, .gic = 2 });
  arm = v->arm[0];
  for (unsigned n = 0; n < ARM_N_TIMERS; n++) {
    lines[n] = (Probe){ 0, 0 };
    arm_cpu_set_timer_line (&arm->cpu, (ArmTimer)n, probe_line (&lines[n]));
  }
  pmu_line = (Probe){ 0, 0 };
  arm_cpu_set_pmu_line (&arm->cpu, probe_line (&pmu_line));
}

static void
teardown (void)
{
  vcpus_free (v);
}

/* op0 is 3 in all of them. */
#define TIMER(op1, crn, crm, op2) ARM_REG (3, op1, crn, crm, op2)
#define CNTPCT                    TIMER (3, 14, 0, 1)
#define CNTVCT                    TIMER (3, 14, 0, 2)
#define CNTFRQ                    TIMER (3, 14, 0, 0)
#define CNTVOFF                   TIMER (4, 14, 0, 3)
#define CNTP_TVAL                 TIMER (3, 14, 2, 0)
#define CNTP_CTL                  TIMER (3, 14, 2, 1)
#define CNTP_CVAL                 TIMER (3, 14, 2, 2)
#define CNTV_TVAL                 TIMER (3, 14, 3, 0)
#define CNTV_CTL                  TIMER (3, 14, 3, 1)
#define CNTV_CVAL                 TIMER (3, 14, 3, 2)
#define CNTHP_CTL                 TIMER (4, 14, 2, 1)
#define CNTHP_CVAL                TIMER (4, 14, 2, 2)
#define CNTKCTL                   TIMER (0, 14, 1, 0)
enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };

static uint64_t
get (unsigned reg)
{
  uint64_t value;
  g_assert_true (arm_cpu_get_sysreg (&arm->cpu, reg, &value));
  return value;
}

static void
set (unsigned reg, uint64_t value)
{
  g_assert_true (arm_cpu_set_sysreg (&arm->cpu, reg, value));
}

/* The clock stands still there; who looks is told as after a restore. */
static void
go_to (int64_t when)
{
  clock_set (v->clock, when);
  arm_timer_update (arm);
}

#define is_up(n) (g_atomic_int_get (&lines[n].level) != 0)

static void
test_counters (void)
{
  setup (true);
  g_assert_cmpuint (get (CNTFRQ), ==, 62500000);
  go_to (TICKS (1000) + 15);
  g_assert_cmpuint (get (CNTPCT), ==, 1000);
  g_assert_cmpuint (get (CNTVCT), ==, 1000);
  set (CNTVOFF, 400);
  g_assert_cmpuint (get (CNTVCT), ==, 600);
  set (CNTVOFF, 1001);
  g_assert_cmphex (get (CNTVCT), ==, UINT64_MAX);
  /* A host at EL2 has no offset. */
  arm->sysreg[ARM_SR_HCR_EL2] |= UINT64_C (1) << 34;
  g_assert_cmpuint (arm->el, ==, 2);
  g_assert_cmpuint (get (CNTVCT), ==, 1000);
  g_assert_false (arm_cpu_set_sysreg (&arm->cpu, CNTPCT, 1));
  set (CNTKCTL, UINT64_MAX);
  g_assert_cmphex (get (CNTKCTL), ==, 0x3ff);
  teardown ();
}

static void
test_conditions (void)
{
  setup (true);
  go_to (TICKS (100));
  set (CNTP_CVAL, 150);
  g_assert_cmphex (get (CNTP_CTL), ==, 0);
  set (CNTP_CTL, UINT64_MAX);
  g_assert_cmphex (get (CNTP_CTL), ==, ENABLE | IMASK);
  set (CNTP_CTL, ENABLE);
  g_assert_cmphex (get (CNTP_TVAL), ==, 50);
  go_to (TICKS (150) - 1);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  go_to (TICKS (150));
  g_assert_true (is_up (ARM_TIMER_PHYS));
  g_assert_cmphex (get (CNTP_CTL), ==, ENABLE | ISTATUS);
  set (CNTP_CTL, ENABLE | IMASK);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  g_assert_cmphex (get (CNTP_CTL), ==, ENABLE | IMASK | ISTATUS);
  set (CNTP_CTL, ENABLE);
  g_assert_true (is_up (ARM_TIMER_PHYS));
  go_to (TICKS (160));
  g_assert_cmphex (get (CNTP_TVAL), ==, (uint32_t)-10);
  /* A new value takes it back, relative ones with their sign. */
  set (CNTP_TVAL, 5);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  g_assert_cmpuint (get (CNTP_CVAL), ==, 165);
  set (CNTP_TVAL, (uint32_t)-5);
  g_assert_true (is_up (ARM_TIMER_PHYS));
  g_assert_cmpuint (get (CNTP_CVAL), ==, 155);
  set (CNTP_CTL, 0);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  /* Beyond what the clock reaches. */
  set (CNTP_CVAL, UINT64_MAX);
  set (CNTP_CTL, ENABLE);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  go_to (MAX_CLOCK);
  g_assert_false (is_up (ARM_TIMER_PHYS));
  /* The others have been still. */
  for (unsigned n = ARM_TIMER_PHYS + 1; n < ARM_N_TIMERS; n++)
    g_assert_cmpint (lines[n].rises, ==, 0);
  teardown ();
}

static void
test_offset (void)
{
  setup (true);
  go_to (TICKS (1000));
  set (CNTVOFF, 600);
  set (CNTV_CVAL, 500);
  set (CNTV_CTL, ENABLE);
  g_assert_cmpuint (get (CNTV_TVAL), ==, 100);
  g_assert_false (is_up (ARM_TIMER_VIRT));
  go_to (TICKS (1100));
  g_assert_true (is_up (ARM_TIMER_VIRT));
  set (CNTVOFF, 601);
  g_assert_false (is_up (ARM_TIMER_VIRT));
  /* Before its own beginning the counter is very high. */
  set (CNTVOFF, 1200);
  g_assert_true (is_up (ARM_TIMER_VIRT));
  go_to (TICKS (1200));
  g_assert_false (is_up (ARM_TIMER_VIRT));
  set (CNTHP_CVAL, 1201);
  set (CNTHP_CTL, ENABLE);
  go_to (TICKS (1201));
  g_assert_true (is_up (ARM_TIMER_HYP));
  teardown ();
  /* Without EL2 there is no offset to set. */
  setup (false);
  g_assert_false (arm_cpu_set_sysreg (&arm->cpu, CNTVOFF, 5));
  teardown ();
}

/* On its own, with the clock running; only enabled ones are ever waited for. */
static void
test_expiry (void)
{
  setup (true);
  clock_start (v->clock);
  set (CNTV_TVAL, 62500); /* 1 ms */
  set (CNTP_CVAL, 0);
  set (CNTP_CTL, ENABLE | IMASK);
  set (CNTV_CTL, ENABLE);
  probe_wait (&lines[ARM_TIMER_VIRT], true);
  g_assert_cmpuint (get (CNTVCT), >=, get (CNTV_CVAL));
  g_assert_false (is_up (ARM_TIMER_PHYS));
  set (CNTV_TVAL, 625000);
  g_assert_false (is_up (ARM_TIMER_VIRT));
  /* A stopped clock keeps it; the second half of the way follows. */
  clock_stop (v->clock);
  g_usleep (20000);
  g_assert_false (is_up (ARM_TIMER_VIRT));
  clock_start (v->clock);
  probe_wait (&lines[ARM_TIMER_VIRT], true);
  /* Across the counter's beginning. */
  set (CNTVOFF, get (CNTPCT) + 62500);
  g_assert_true (is_up (ARM_TIMER_VIRT));
  set (CNTV_CVAL, UINT64_C (1) << 40);
  g_assert_true (is_up (ARM_TIMER_VIRT));
  probe_wait (&lines[ARM_TIMER_VIRT], false);
  clock_stop (v->clock);
  teardown ();
}

static void
test_restore (void)
{
  g_autoptr (GError) error = NULL;
  setup (true);
  go_to (TICKS (100));
  set (CNTV_CVAL, 50);
  set (CNTV_CTL, ENABLE);
  set (CNTP_CVAL, 500);
  set (CNTP_CTL, ENABLE);
  g_autoptr (GVariant) state = arm_save (&arm->cpu);
  arm_reset (&arm->cpu);
  g_assert_false (is_up (ARM_TIMER_VIRT));
  g_assert_cmphex (get (CNTV_CTL), ==, 0);
  g_assert_true (arm_load (&arm->cpu, state, &error));
  g_assert_true (is_up (ARM_TIMER_VIRT));
  g_assert_false (is_up (ARM_TIMER_PHYS));
  go_to (TICKS (500));
  g_assert_true (is_up (ARM_TIMER_PHYS));
  teardown ();
}

/* ---- Performance monitors. ---- */

#define PMCR         TIMER (3, 9, 12, 0)
#define PMCNTENSET   TIMER (3, 9, 12, 1)
#define PMCNTENCLR   TIMER (3, 9, 12, 2)
#define PMOVSCLR     TIMER (3, 9, 12, 3)
#define PMSWINC      TIMER (3, 9, 12, 4)
#define PMSELR       TIMER (3, 9, 12, 5)
#define PMCEID0      TIMER (3, 9, 12, 6)
#define PMCCNTR      TIMER (3, 9, 13, 0)
#define PMXEVTYPER   TIMER (3, 9, 13, 1)
#define PMXEVCNTR    TIMER (3, 9, 13, 2)
#define PMUSERENR    TIMER (3, 9, 14, 0)
#define PMOVSSET     TIMER (3, 9, 14, 3)
#define PMINTENSET   TIMER (0, 9, 14, 1)
#define PMINTENCLR   TIMER (0, 9, 14, 2)
#define PMEVCNTR(n)  TIMER (3, 14, 8, n)
#define PMEVTYPER(n) TIMER (3, 14, 12, n)
#define PMCCFILTR    TIMER (3, 14, 15, 7)
#define CYCLES       (UINT64_C (1) << 31)
enum { PMCR_E = 1, PMCR_P = 2, PMCR_C = 4 };
enum { SW_INCR = 0, INST_RETIRED = 8, CPU_CYCLES = 0x11 };

static void
test_cycles (void)
{
  setup (false);
  g_assert_cmpuint (get (PMCR) >> 11 & 31, ==, 4);
  g_assert_cmphex (get (PMCEID0), ==, 1 << SW_INCR | 1 << INST_RETIRED | 1 << CPU_CYCLES);
  go_to (1000);
  g_assert_cmpuint (get (PMCCNTR), ==, 0);
  set (PMCR, PMCR_E);
  set (PMCNTENSET, CYCLES);
  go_to (1500);
  g_assert_cmpuint (get (PMCCNTR), ==, 500);
  set (PMCNTENCLR, CYCLES);
  go_to (2000);
  g_assert_cmpuint (get (PMCCNTR), ==, 500);
  set (PMCNTENSET, CYCLES);
  set (PMCCNTR, UINT64_MAX - 9);
  set (PMINTENSET, CYCLES);
  go_to (2009);
  g_assert_cmphex (get (PMOVSCLR), ==, 0);
  go_to (2010);
  g_assert_cmpuint (get (PMCCNTR), ==, 0);
  teardown ();
}

static void
test_events (void)
{
  setup (false);
  set (PMCR, PMCR_E);
  set (PMEVTYPER (0), CPU_CYCLES);
  set (PMEVTYPER (1), INST_RETIRED);
  set (PMEVTYPER (2), SW_INCR);
  set (PMEVTYPER (3), 0x7777); /* there is no such event */
  set (PMCNTENSET, UINT32_MAX);
  g_assert_cmphex (get (PMCNTENSET), ==, CYCLES | 0xf);
  go_to (100);
  for (unsigned n = 0; n < 4; n++)
    g_assert_cmpuint (get (PMEVCNTR (n)), ==, n < 2 ? 100 : 0);
  set (PMSWINC, 0xf);
  g_assert_cmpuint (get (PMEVCNTR (2)), ==, 1);
  g_assert_cmpuint (get (PMEVCNTR (0)), ==, 100);
  set (PMEVCNTR (2), UINT32_MAX);
  set (PMSWINC, 4);
  g_assert_cmpuint (get (PMEVCNTR (2)), ==, 0);
  g_assert_cmphex (get (PMOVSCLR), ==, 4);
  set (PMOVSCLR, 4);
  g_assert_cmphex (get (PMOVSSET), ==, 0);
  /* By selection; and what cannot be selected. */
  set (PMSELR, 1);
  g_assert_cmphex (get (PMXEVTYPER), ==, INST_RETIRED);
  set (PMXEVCNTR, 7);
  g_assert_cmpuint (get (PMEVCNTR (1)), ==, 7);
  set (PMSELR, 31);
  set (PMXEVTYPER, CYCLES);
  g_assert_cmphex (get (PMCCFILTR), ==, CYCLES);
  g_assert_cmphex (get (PMXEVCNTR), ==, 0);
  set (PMSELR, 30);
  set (PMXEVTYPER, UINT64_MAX);
  set (PMXEVCNTR, UINT64_MAX);
  g_assert_cmphex (get (PMXEVTYPER) | get (PMXEVCNTR), ==, 0);
  /* A counter of time that becomes something else stands still. */
  go_to (200);
  set (PMEVTYPER (0), SW_INCR);
  go_to (300);
  g_assert_cmpuint (get (PMEVCNTR (0)), ==, 200);
  set (PMCR, PMCR_E | PMCR_P);
  g_assert_cmpuint (get (PMEVCNTR (0)) | get (PMEVCNTR (1)), ==, 0);
  set (PMCR, PMCR_E | PMCR_C);
  g_assert_cmpuint (get (PMCCNTR), ==, 0);
  teardown ();
}

static void
test_overflow (void)
{
  setup (false);
  set (PMCR, PMCR_E);
  set (PMEVTYPER (0), CPU_CYCLES);
  set (PMEVCNTR (0), (uint32_t)-1000000); /* 1 ms */
  set (PMINTENSET, 1);
  clock_start (v->clock);
  set (PMCNTENSET, 1);
  probe_wait (&pmu_line, true);
  clock_stop (v->clock);
  g_assert_cmphex (get (PMOVSSET), ==, 1);
  set (PMINTENCLR, 1);
  g_assert_false (g_atomic_int_get (&pmu_line.level));
  set (PMINTENSET, 1);
  g_assert_true (g_atomic_int_get (&pmu_line.level));
  set (PMCR, 0);
  g_assert_false (g_atomic_int_get (&pmu_line.level));
  set (PMCR, PMCR_E);
  set (PMOVSCLR, 1);
  g_assert_false (g_atomic_int_get (&pmu_line.level));
  set (PMOVSSET, 1);
  g_assert_true (g_atomic_int_get (&pmu_line.level));
  teardown ();
}

/* Time at levels that are not asked for is not counted. */
static void
test_filter (void)
{
  setup (false);
  set (PMCR, PMCR_E);
  set (PMCCFILTR, CYCLES);                   /* not EL1 */
  set (PMEVTYPER (0), CPU_CYCLES | 1 << 30); /* not EL0 */
  set (PMCNTENSET, CYCLES | 1);
  go_to (100);
  g_assert_cmpuint (get (PMCCNTR), ==, 0);
  g_assert_cmpuint (get (PMEVCNTR (0)), ==, 100);
  arm_set_pstate (arm, 0);
  arm_pmu_restart (arm);
  go_to (150);
  arm_take_exception (arm, 1, ARM_VECTOR_IRQ, 0, false, 0);
  go_to (180);
  g_assert_cmpuint (get (PMCCNTR), ==, 50);
  g_assert_cmpuint (get (PMEVCNTR (0)), ==, 130);
  teardown ();
}

/* EL1 has as many event counters as the hypervisor leaves it. */
static void
test_partition (void)
{
  setup (true);
  set (TIMER (4, 1, 1, 1), 1 << 7 | 2); /* MDCR_EL2: HPME, HPMN */
  set (PMCNTENSET, UINT32_MAX);
  g_assert_cmphex (get (PMCNTENSET), ==, CYCLES | 0xf);
  arm_set_pstate (arm, 5); /* EL1h */
  g_assert_cmpuint (get (PMCR) >> 11 & 31, ==, 2);
  g_assert_cmphex (get (PMCNTENSET), ==, CYCLES | 3);
  set (PMCNTENCLR, UINT32_MAX);
  set (PMEVTYPER (2), CPU_CYCLES);
  g_assert_cmphex (get (PMEVTYPER (2)), ==, 0);
  arm_set_pstate (arm, 9);
  g_assert_cmphex (get (PMCNTENSET), ==, 0xc);
  teardown ();
}

static void
test_pmu_restore (void)
{
  g_autoptr (GError) error = NULL;
  setup (false);
  set (PMCR, PMCR_E);
  set (PMEVTYPER (0), CPU_CYCLES);
  set (PMINTENSET, 1);
  set (PMCNTENSET, CYCLES | 1);
  go_to (1000);
  set (PMEVCNTR (0), UINT32_MAX);
  set (PMOVSSET, 1);
  set (PMUSERENR, UINT64_MAX);
  g_autoptr (GVariant) state = arm_save (&arm->cpu);
  arm_reset (&arm->cpu);
  g_assert_false (g_atomic_int_get (&pmu_line.level));
  g_assert_cmphex (get (PMCCNTR) | get (PMOVSCLR) | get (PMUSERENR), ==, 0);
  g_assert_true (arm_load (&arm->cpu, state, &error));
  g_assert_cmpuint (get (PMCCNTR), ==, 1000);
  g_assert_cmphex (get (PMEVCNTR (0)), ==, UINT32_MAX);
  g_assert_cmphex (get (PMUSERENR), ==, 0xf);
  g_assert_true (g_atomic_int_get (&pmu_line.level));
  go_to (1100);
  g_assert_cmpuint (get (PMCCNTR), ==, 1100);
  g_assert_cmpuint (get (PMEVCNTR (0)), ==, 99);
  teardown ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arm/timers/counters", test_counters);
  g_test_add_func ("/arm/timers/conditions", test_conditions);
  g_test_add_func ("/arm/timers/offset", test_offset);
  g_test_add_func ("/arm/timers/expiry", test_expiry);
  g_test_add_func ("/arm/timers/restore", test_restore);
  g_test_add_func ("/arm/pmu/cycles", test_cycles);
  g_test_add_func ("/arm/pmu/events", test_events);
  g_test_add_func ("/arm/pmu/overflow", test_overflow);
  g_test_add_func ("/arm/pmu/filter", test_filter);
  g_test_add_func ("/arm/pmu/partition", test_partition);
  g_test_add_func ("/arm/pmu/restore", test_pmu_restore);
  return g_test_run ();
}
