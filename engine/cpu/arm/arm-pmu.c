/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Performance monitors, PMUv3 (DDI 0487, D12): the cycle counter and a few event counters.
 *
 * A vCPU executes one instruction per cycle and cycle per nanosecond of the machine's clock.  So a counter
 * that runs is a difference to the clock, and its overflow is a time: ArmCpu.sysreg has the difference while
 * it runs, else the value. Everything that says whether it runs is in the registers, too, so that they are
 * all there is to save. */

#include "arm-pmu.h"
#include "arm-bits.h"
#include "arm-sysreg.h"

enum { EVENTS = ARM_PMU_EVENT_COUNTERS, CYCLES = EVENTS, COUNTERS };

enum {
  PMCR_E = 1 << 0,
  PMCR_P = 1 << 1,
  PMCR_C = 1 << 2,
  PMCR_X = 1 << 4,
  PMCR_DP = 1 << 5,
  PMCR_LC = 1 << 6
};
#define PMCR_N_SHIFT  11
#define SELECT_CYCLES 31
#define CYCLES_BIT    (UINT32_C (1) << SELECT_CYCLES)
#define MDCR_EL2_HPMN UINT64_C (0x1f)
#define MDCR_EL2_HPME ARM_BIT (7)
#define MDCR_EL3_SPME ARM_BIT (17)

/* PMEVTYPERn and PMCCFILTR: which levels are counted. */
#define TYPER_P     ARM_BIT (31)
#define TYPER_U     ARM_BIT (30)
#define TYPER_NSK   ARM_BIT (29)
#define TYPER_NSU   ARM_BIT (28)
#define TYPER_NSH   ARM_BIT (27)
#define TYPER_M     ARM_BIT (26)
#define TYPER_EVENT UINT64_C (0xffff)

enum { EVENT_SW_INCR = 0x00, EVENT_INST_RETIRED = 0x08, EVENT_CPU_CYCLES = 0x11 };
#define KNOWN_EVENTS (1u << EVENT_SW_INCR | 1u << EVENT_INST_RETIRED | 1u << EVENT_CPU_CYCLES)

struct ArmPmu {
  GMutex lock; /* of all below and of the registers' values */
  ClockTimer *timer;
  IrqLine line;
  bool level;                 /* as last told */
  uint32_t running;           /* bit n: counter n is a difference to the clock */
  int64_t deadline[COUNTERS]; /* when it overflows, or G_MAXINT64 */
};

static int64_t
now (const ArmCpu *arm)
{
  return arm->clock != NULL ? clock_now (arm->clock) : 0;
}

static uint32_t
bit_of (unsigned n)
{
  return n == CYCLES ? CYCLES_BIT : UINT32_C (1) << n;
}

static uint64_t *
counter (ArmCpu *arm, unsigned n)
{
  return &arm->sysreg[n == CYCLES ? ARM_SR_PMCCNTR_EL0 : ARM_SR_PMEVCNTR0_EL0 + n];
}

static uint64_t *
typer (ArmCpu *arm, unsigned n)
{
  return &arm->sysreg[n == CYCLES ? ARM_SR_PMCCFILTR_EL0 : ARM_SR_PMEVTYPER0_EL0 + n];
}

/* Event counters that are EL1's. The others are the hypervisor's own. */
static unsigned
guest_events (const ArmCpu *arm)
{
  return arm->has_el2 ? (unsigned)MIN (arm->sysreg[ARM_SR_MDCR_EL2] & MDCR_EL2_HPMN, EVENTS) : EVENTS;
}

/* Those that the current level may use. */
static unsigned
visible_events (const ArmCpu *arm)
{
  return arm->el <= 1 && arm_el2_enabled (arm) ? guest_events (arm) : EVENTS;
}

static uint32_t
visible_bits (const ArmCpu *arm)
{
  return CYCLES_BIT | ((1u << visible_events (arm)) - 1);
}

/* ---- Whether a counter runs. ---- */

static bool
is_on (ArmCpu *arm, unsigned n)
{
  bool hypervisors = n != CYCLES && n >= guest_events (arm);
  return hypervisors ? (arm->sysreg[ARM_SR_MDCR_EL2] & MDCR_EL2_HPME) != 0
                     : arm->sysreg[ARM_SR_PMCR_EL0] & PMCR_E;
}

static bool
level_counts (const ArmCpu *arm, uint64_t type)
{
  bool secure = arm_secure (arm) || !arm->has_el3, p = type & TYPER_P, u = type & TYPER_U;
  switch (arm->el) {
    case 0: return secure ? !u : u == ((type & TYPER_NSU) != 0);
    case 1: return secure ? !p : p == ((type & TYPER_NSK) != 0);
    case 2: return type & TYPER_NSH;
    default: return p == ((type & TYPER_M) != 0);
  }
}

/* SPEC: DDI 0487, D12.6: the secure state keeps events to itself, and cycles with PMCR_EL0.DP. */
static bool
is_prohibited (const ArmCpu *arm, unsigned n)
{
  return arm_secure (arm) && !(arm->sysreg[ARM_SR_MDCR_EL3] & MDCR_EL3_SPME) &&
         (n != CYCLES || arm->sysreg[ARM_SR_PMCR_EL0] & PMCR_DP);
}

static bool
is_counting (ArmCpu *arm, unsigned n)
{
  return arm->sysreg[ARM_SR_PMCNTENSET_EL0] & bit_of (n) && is_on (arm, n) &&
         level_counts (arm, *typer (arm, n)) && !is_prohibited (arm, n);
}

static bool
counts_time (ArmCpu *arm, unsigned n)
{
  uint64_t event = *typer (arm, n) & TYPER_EVENT;
  return n == CYCLES || event == EVENT_CPU_CYCLES || event == EVENT_INST_RETIRED;
}

/* ---- Values and overflow; with the lock held. ---- */

static uint64_t
value_of (ArmCpu *arm, unsigned n)
{
  uint64_t value = *counter (arm, n) + (arm->pmu->running >> n & 1 ? (uint64_t)now (arm) : 0);
  return n == CYCLES ? value : (uint32_t)value;
}

static void
set_value (ArmCpu *arm, unsigned n, uint64_t value)
{
  *counter (arm, n) = value - (arm->pmu->running >> n & 1 ? (uint64_t)now (arm) : 0);
}

/* When a running counter is next 0. */
static int64_t
deadline_of (ArmCpu *arm, unsigned n, int64_t time)
{
  uint64_t wait = -value_of (arm, n);
  if (n != CYCLES)
    wait = (uint32_t)wait != 0 ? (uint32_t)wait : ARM_BIT (32);
  return wait != 0 && wait <= (uint64_t)(G_MAXINT64 - time) ? time + (int64_t)wait : G_MAXINT64;
}

static void
collect_overflows (ArmCpu *arm)
{
  int64_t time = now (arm);
  for (unsigned n = 0; n < COUNTERS; n++) {
    if (arm->pmu->deadline[n] > time)
      continue;
    arm->sysreg[ARM_SR_PMOVSCLR_EL0] |= bit_of (n);
    arm->pmu->deadline[n] = deadline_of (arm, n, time);
  }
}

/* The line, and the next time that an overflow is news. */
static void
tell (ArmCpu *arm)
{
  struct ArmPmu *pmu = arm->pmu;
  uint64_t overflowed = arm->sysreg[ARM_SR_PMOVSCLR_EL0];
  int64_t next = G_MAXINT64;
  bool level = false;

  for (unsigned n = 0; n < COUNTERS; n++) {
    if (!(overflowed & bit_of (n)))
      next = MIN (next, pmu->deadline[n]);
    else if (arm->sysreg[ARM_SR_PMINTENSET_EL1] & bit_of (n) && is_on (arm, n))
      level = true;
  }
  if (pmu->timer != NULL && next != G_MAXINT64)
    clock_timer_set (pmu->timer, next);
  else if (pmu->timer != NULL)
    clock_timer_cancel (pmu->timer);
  if (level == pmu->level)
    return;
  pmu->level = level;
  irq_set (&pmu->line, level);
}

/* After a change of what decides of running: starts and stops counters. */
static void
restart (ArmCpu *arm)
{
  struct ArmPmu *pmu = arm->pmu;
  int64_t time = now (arm);

  for (unsigned n = 0; n < COUNTERS; n++) {
    bool runs = is_counting (arm, n) && counts_time (arm, n), ran = pmu->running >> n & 1;
    if (runs != ran)
      *counter (arm, n) += runs ? -(uint64_t)time : (uint64_t)time;
    pmu->running = (pmu->running & ~(1u << n)) | (uint32_t)runs << n;
    pmu->deadline[n] = runs ? deadline_of (arm, n, time) : G_MAXINT64;
  }
  tell (arm);
}

/* ---- Registers. ---- */

/* PMEVCNTRn, PMEVTYPERn, and what PMSELR selects: the counter, or COUNTERS where there is none. */
static unsigned
counter_of (const ArmCpu *arm, ArmSysregId id)
{
  unsigned n;
  if (id >= ARM_SR_PMEVCNTR0_EL0 && id <= ARM_SR_PMEVCNTR3_EL0) {
    n = id - ARM_SR_PMEVCNTR0_EL0;
  } else if (id >= ARM_SR_PMEVTYPER0_EL0 && id <= ARM_SR_PMEVTYPER3_EL0) {
    n = id - ARM_SR_PMEVTYPER0_EL0;
  } else {
    n = arm->sysreg[ARM_SR_PMSELR_EL0] & 31;
    if (n == SELECT_CYCLES)
      return id == ARM_SR_PMXEVTYPER_EL0 ? CYCLES : COUNTERS;
  }
  return n < visible_events (arm) ? n : COUNTERS;
}
G_STATIC_ASSERT (ARM_SR_PMEVCNTR3_EL0 - ARM_SR_PMEVCNTR0_EL0 == EVENTS - 1);
G_STATIC_ASSERT (ARM_SR_PMEVTYPER3_EL0 - ARM_SR_PMEVTYPER0_EL0 == EVENTS - 1);

static bool
is_typer (ArmSysregId id)
{
  return id == ARM_SR_PMXEVTYPER_EL0 || (id >= ARM_SR_PMEVTYPER0_EL0 && id <= ARM_SR_PMEVTYPER3_EL0);
}

static bool
is_event_counter (ArmSysregId id)
{
  return id == ARM_SR_PMXEVCNTR_EL0 || (id >= ARM_SR_PMEVCNTR0_EL0 && id <= ARM_SR_PMEVCNTR3_EL0);
}

/* SPEC: DDI 0487, PMCR_EL0: LC is one where there is no AArch32; with IMP 0, MIDR_EL1 says what this is. */
static uint64_t
read_pmcr (const ArmCpu *arm)
{
  return arm->sysreg[ARM_SR_PMCR_EL0] | PMCR_LC | (uint64_t)visible_events (arm) << PMCR_N_SHIFT;
}

static uint64_t
read_locked (ArmCpu *arm, ArmSysregId id)
{
  if (is_typer (id) || is_event_counter (id)) {
    unsigned n = counter_of (arm, id);
    return n == COUNTERS ? 0 : is_typer (id) ? *typer (arm, n) : value_of (arm, n);
  }
  switch (id) {
    case ARM_SR_PMCR_EL0: return read_pmcr (arm);
    case ARM_SR_PMCNTENSET_EL0:
    case ARM_SR_PMCNTENCLR_EL0: return arm->sysreg[ARM_SR_PMCNTENSET_EL0] & visible_bits (arm);
    case ARM_SR_PMOVSSET_EL0:
    case ARM_SR_PMOVSCLR_EL0: return arm->sysreg[ARM_SR_PMOVSCLR_EL0] & visible_bits (arm);
    case ARM_SR_PMINTENSET_EL1:
    case ARM_SR_PMINTENCLR_EL1: return arm->sysreg[ARM_SR_PMINTENSET_EL1] & visible_bits (arm);
    case ARM_SR_PMCCNTR_EL0: return value_of (arm, CYCLES);
    case ARM_SR_PMCEID0_EL0: return KNOWN_EVENTS;
    default: return arm->sysreg[id];
  }
}

static void
write_pmcr (ArmCpu *arm, uint64_t value)
{
  for (unsigned n = 0; value & PMCR_P && n < visible_events (arm); n++)
    set_value (arm, n, 0);
  if (value & PMCR_C)
    set_value (arm, CYCLES, 0);
  arm->sysreg[ARM_SR_PMCR_EL0] = value & (PMCR_E | PMCR_X | PMCR_DP);
}

static void
increment (ArmCpu *arm, uint64_t counters)
{
  for (unsigned n = 0; n < visible_events (arm); n++) {
    if (!(counters & bit_of (n)) || (*typer (arm, n) & TYPER_EVENT) != EVENT_SW_INCR || !is_counting (arm, n))
      continue;
    uint32_t value = (uint32_t)value_of (arm, n) + 1;
    set_value (arm, n, value);
    if (value == 0)
      arm->sysreg[ARM_SR_PMOVSCLR_EL0] |= bit_of (n);
  }
}

static void
write_typer (ArmCpu *arm, unsigned n, uint64_t value)
{
  uint64_t bits = TYPER_P | TYPER_U | (n == CYCLES ? 0 : TYPER_EVENT);

  if (arm->has_el2)
    bits |= TYPER_NSH;
  if (arm->has_el3)
    bits |= TYPER_NSK | TYPER_NSU | TYPER_M;
  /* A counter of time that becomes another keeps its value. */
  uint64_t held = value_of (arm, n);
  arm->pmu->running &= ~(1u << n);
  set_value (arm, n, held);
  *typer (arm, n) = value & bits;
}

static void
write_locked (ArmCpu *arm, ArmSysregId id, uint64_t value)
{
  uint64_t visible = visible_bits (arm);

  if (id == ARM_SR_PMCCFILTR_EL0) {
    write_typer (arm, CYCLES, value);
    return;
  }
  if (is_typer (id) || is_event_counter (id)) {
    unsigned n = counter_of (arm, id);
    if (n != COUNTERS && is_typer (id))
      write_typer (arm, n, value);
    else if (n != COUNTERS)
      set_value (arm, n, (uint32_t)value);
    return;
  }
  switch (id) {
    case ARM_SR_PMCR_EL0: write_pmcr (arm, value); break;
    case ARM_SR_PMCNTENSET_EL0: arm->sysreg[ARM_SR_PMCNTENSET_EL0] |= value & visible; break;
    case ARM_SR_PMCNTENCLR_EL0: arm->sysreg[ARM_SR_PMCNTENSET_EL0] &= ~(value & visible); break;
    case ARM_SR_PMOVSSET_EL0: arm->sysreg[ARM_SR_PMOVSCLR_EL0] |= value & visible; break;
    case ARM_SR_PMOVSCLR_EL0: arm->sysreg[ARM_SR_PMOVSCLR_EL0] &= ~(value & visible); break;
    case ARM_SR_PMINTENSET_EL1: arm->sysreg[ARM_SR_PMINTENSET_EL1] |= value & visible; break;
    case ARM_SR_PMINTENCLR_EL1: arm->sysreg[ARM_SR_PMINTENSET_EL1] &= ~(value & visible); break;
    case ARM_SR_PMCCNTR_EL0: set_value (arm, CYCLES, value); break;
    case ARM_SR_PMSWINC_EL0: increment (arm, value); break;
    case ARM_SR_PMSELR_EL0:
    case ARM_SR_PMUSERENR_EL0: arm->sysreg[id] = value & arm_sysregs[id].writable; break;
    default: break;
  }
}

uint64_t
arm_pmu_read (ArmCpu *arm, unsigned reg)
{
  g_mutex_lock (&arm->pmu->lock);
  collect_overflows (arm);
  uint64_t value = read_locked (arm, arm_sysreg_find (arm, reg));
  g_mutex_unlock (&arm->pmu->lock);
  return value;
}

void
arm_pmu_write (ArmCpu *arm, unsigned reg, uint64_t value)
{
  g_mutex_lock (&arm->pmu->lock);
  collect_overflows (arm);
  write_locked (arm, arm_sysreg_find (arm, reg), value);
  restart (arm);
  g_mutex_unlock (&arm->pmu->lock);
}

/* ---- Life. ---- */

static void
expired (void *opaque)
{
  ArmCpu *arm = opaque;
  g_mutex_lock (&arm->pmu->lock);
  collect_overflows (arm);
  tell (arm);
  g_mutex_unlock (&arm->pmu->lock);
}

static void
free_timer (struct ArmPmu *pmu)
{
  if (pmu->timer != NULL)
    clock_timer_free (pmu->timer);
  pmu->timer = NULL;
}

void
arm_pmu_init (ArmCpu *arm)
{
  if (arm->pmu == NULL) {
    arm->pmu = g_new0 (struct ArmPmu, 1);
    g_mutex_init (&arm->pmu->lock);
    for (unsigned n = 0; n < COUNTERS; n++)
      arm->pmu->deadline[n] = G_MAXINT64;
  }
  free_timer (arm->pmu);
  arm->pmu->timer = arm->clock != NULL ? clock_timer_new (arm->clock, expired, arm) : NULL;
}

void
arm_pmu_free (ArmCpu *arm)
{
  if (arm->pmu == NULL)
    return;
  free_timer (arm->pmu);
  g_mutex_clear (&arm->pmu->lock);
  g_clear_pointer (&arm->pmu, g_free);
}

void
arm_pmu_stop (ArmCpu *arm)
{
  g_mutex_lock (&arm->pmu->lock);
  for (unsigned n = 0; n < COUNTERS; n++)
    arm->pmu->deadline[n] = G_MAXINT64;
  g_mutex_unlock (&arm->pmu->lock);
}

void
arm_pmu_update (ArmCpu *arm)
{
  struct ArmPmu *pmu = arm->pmu;

  g_mutex_lock (&pmu->lock);
  pmu->running = 0;
  for (unsigned n = 0; n < COUNTERS; n++)
    if (is_counting (arm, n) && counts_time (arm, n))
      pmu->running |= 1u << n;
  restart (arm);
  irq_set (&pmu->line, pmu->level);
  g_mutex_unlock (&pmu->lock);
}

void
arm_pmu_restart (ArmCpu *arm)
{
  g_mutex_lock (&arm->pmu->lock);
  collect_overflows (arm);
  restart (arm);
  g_mutex_unlock (&arm->pmu->lock);
}

void
arm_cpu_set_pmu_line (Cpu *cpu, IrqLine line)
{
  ArmCpu *arm = ARM_CPU (cpu);
  g_mutex_lock (&arm->pmu->lock);
  arm->pmu->line = line;
  g_mutex_unlock (&arm->pmu->lock);
}
