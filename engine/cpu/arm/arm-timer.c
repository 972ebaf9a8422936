/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The generic timers (DDI 0487, D11): counters, and five timers that compare with them.
 *
 * What the guest wrote is in ArmCpu.sysreg.  The clock's thread works on a copy of it, which the vCPU's
 * thread makes anew under the lock at each change; so registers of a vCPU that is being reset are nobody
 * else's. */

#include "arm-bits.h"
#include "arm-pmu.h"
#include "arm-sysreg.h"

#define NS_PER_TICK (1000000000 / ARM_COUNTER_FREQUENCY)
G_STATIC_ASSERT (NS_PER_TICK *ARM_COUNTER_FREQUENCY == 1000000000);
#define LAST_TICK ((uint64_t)G_MAXINT64 / NS_PER_TICK) /* that the clock reaches */

/* CNTx_CTL. */
enum { CTL_ENABLE = 1, CTL_IMASK = 2, CTL_ISTATUS = 4 };

typedef struct {
  struct ArmTimers *timers;
  ClockTimer *clock_timer;
  IrqLine line;
  uint32_t ctl;
  uint64_t cval, offset;
  bool level; /* as last told */
} Timer;

struct ArmTimers {
  GMutex lock; /* of all below */
  Clock *clock;
  Timer timer[ARM_N_TIMERS];
};

/* Where a timer's registers are: TVAL, CTL and CVAL lie side by side. */
static const ArmSysregId first_register[ARM_N_TIMERS] = {
  [ARM_TIMER_PHYS] = ARM_SR_CNTP_TVAL_EL0,     [ARM_TIMER_VIRT] = ARM_SR_CNTV_TVAL_EL0,
  [ARM_TIMER_HYP] = ARM_SR_CNTHP_TVAL_EL2,     [ARM_TIMER_SEC] = ARM_SR_CNTPS_TVAL_EL1,
  [ARM_TIMER_HYPVIRT] = ARM_SR_CNTHV_TVAL_EL2,
};
enum { TVAL, CTL, CVAL };
G_STATIC_ASSERT (ARM_SR_CNTP_CTL_EL0 == ARM_SR_CNTP_TVAL_EL0 + CTL &&
                 ARM_SR_CNTP_CVAL_EL0 == ARM_SR_CNTP_TVAL_EL0 + CVAL);
G_STATIC_ASSERT (ARM_SR_CNTV_CTL_EL0 == ARM_SR_CNTV_TVAL_EL0 + CTL &&
                 ARM_SR_CNTV_CVAL_EL0 == ARM_SR_CNTV_TVAL_EL0 + CVAL);
G_STATIC_ASSERT (ARM_SR_CNTHP_CTL_EL2 == ARM_SR_CNTHP_TVAL_EL2 + CTL &&
                 ARM_SR_CNTHP_CVAL_EL2 == ARM_SR_CNTHP_TVAL_EL2 + CVAL);
G_STATIC_ASSERT (ARM_SR_CNTPS_CTL_EL1 == ARM_SR_CNTPS_TVAL_EL1 + CTL &&
                 ARM_SR_CNTPS_CVAL_EL1 == ARM_SR_CNTPS_TVAL_EL1 + CVAL);
G_STATIC_ASSERT (ARM_SR_CNTHV_CTL_EL2 == ARM_SR_CNTHV_TVAL_EL2 + CTL &&
                 ARM_SR_CNTHV_CVAL_EL2 == ARM_SR_CNTHV_TVAL_EL2 + CVAL);

static uint64_t
count (const ArmCpu *arm)
{
  return arm->clock != NULL ? (uint64_t)clock_now (arm->clock) / NS_PER_TICK : 0;
}

static uint64_t *
register_of (ArmCpu *arm, ArmTimer n, unsigned which)
{
  return &arm->sysreg[first_register[n] + which];
}

/* ---- Timers. ---- */

/* What a timer's counter lags behind the physical one. */
static uint64_t
offset_of (const ArmCpu *arm, ArmTimer n)
{
  return n == ARM_TIMER_VIRT && arm->has_el2 ? arm->sysreg[ARM_SR_CNTVOFF_EL2] : 0;
}

/* Tells the line, and asks the clock for the next change. With the lock held; one of a timer that is off or
 * masked is never asked for, so an idle guest's sleep is not disturbed. */
static void
check (Timer *t)
{
  bool on = (t->ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE && t->timers->clock != NULL;
  uint64_t physical = on ? (uint64_t)clock_now (t->timers->clock) / NS_PER_TICK : 0,
           now = physical - t->offset;
  bool level = on && now >= t->cval;
  /* A condition that is met is so until the counter begins anew. */
  uint64_t wait = (level ? 0 : t->cval) - now;

  if (t->clock_timer != NULL && on && wait != 0 && wait <= LAST_TICK - physical)
    clock_timer_set (t->clock_timer, (int64_t)((physical + wait) * NS_PER_TICK));
  else if (t->clock_timer != NULL)
    clock_timer_cancel (t->clock_timer);
  if (level == t->level)
    return;
  t->level = level;
  irq_set (&t->line, level);
}

static void
expired (void *opaque)
{
  Timer *t = opaque;
  g_mutex_lock (&t->timers->lock);
  check (t);
  g_mutex_unlock (&t->timers->lock);
}

static void
update (ArmCpu *arm, ArmTimer n)
{
  Timer *t = &arm->timers->timer[n];
  g_mutex_lock (&arm->timers->lock);
  t->ctl = (uint32_t)*register_of (arm, n, CTL);
  t->cval = *register_of (arm, n, CVAL);
  t->offset = offset_of (arm, n);
  check (t);
  g_mutex_unlock (&arm->timers->lock);
}

/* SPEC: DDI 0487, CNTP_CTL_EL0.ISTATUS: unknown while the timer is off; we say 0. */
static uint64_t
read_timer (ArmCpu *arm, ArmTimer n, unsigned which)
{
  uint64_t now = count (arm) - offset_of (arm, n), ctl = *register_of (arm, n, CTL),
           cval = *register_of (arm, n, CVAL);
  switch (which) {
    case TVAL: return (uint32_t)(cval - now);
    case CTL: return ctl | (ctl & CTL_ENABLE && now >= cval ? CTL_ISTATUS : 0);
    default: return cval;
  }
}

static void
write_timer (ArmCpu *arm, ArmTimer n, unsigned which, uint64_t value)
{
  switch (which) {
    case TVAL:
      *register_of (arm, n, CVAL) =
          count (arm) - offset_of (arm, n) + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
      break;
    case CTL: *register_of (arm, n, CTL) = value & (CTL_ENABLE | CTL_IMASK); break;
    default: *register_of (arm, n, CVAL) = value; break;
  }
  update (arm, n);
}

/* ---- Registers. ---- */

static bool
find_timer (unsigned reg, ArmTimer *ret_timer, unsigned *ret_which)
{
  for (unsigned n = 0; n < ARM_N_TIMERS; n++) {
    *ret_which = ARM_REG_OP2 (reg);
    if (*ret_which <= CVAL && arm_sysregs[first_register[n]].reg + *ret_which == reg) {
      *ret_timer = (ArmTimer)n;
      return true;
    }
  }
  return false;
}

/* SPEC: DDI 0487, CNTVCT_EL0: a host at EL2, and its programs, see no offset. */
static uint64_t
virtual_count (const ArmCpu *arm)
{
  bool host = arm_in_host (arm) || (arm->el == 2 && arm->sysreg[ARM_SR_HCR_EL2] & HCR_E2H);
  return count (arm) - (host ? 0 : offset_of (arm, ARM_TIMER_VIRT));
}

uint64_t
arm_timer_read (ArmCpu *arm, unsigned reg)
{
  ArmTimer n;
  unsigned which;

  if (reg == arm_sysregs[ARM_SR_CNTVCT_EL0].reg)
    return virtual_count (arm);
  if (reg == arm_sysregs[ARM_SR_CNTPCT_EL0].reg)
    return count (arm);
  if (find_timer (reg, &n, &which))
    return read_timer (arm, n, which);
  if (reg == arm_sysregs[ARM_SR_CNTVOFF_EL2].reg)
    return arm->sysreg[ARM_SR_CNTVOFF_EL2];
  if (reg == arm_sysregs[ARM_SR_CNTKCTL_EL1].reg)
    return arm->sysreg[ARM_SR_CNTKCTL_EL1];
  return arm->sysreg[ARM_SR_CNTHCTL_EL2];
}

void
arm_timer_write (ArmCpu *arm, unsigned reg, uint64_t value)
{
  ArmTimer n;
  unsigned which;

  if (find_timer (reg, &n, &which)) {
    write_timer (arm, n, which, value);
  } else if (reg == arm_sysregs[ARM_SR_CNTVOFF_EL2].reg) {
    arm->sysreg[ARM_SR_CNTVOFF_EL2] = value;
    update (arm, ARM_TIMER_VIRT);
  } else if (reg == arm_sysregs[ARM_SR_CNTKCTL_EL1].reg) {
    arm->sysreg[ARM_SR_CNTKCTL_EL1] = value & arm_sysregs[ARM_SR_CNTKCTL_EL1].writable;
  } else if (reg == arm_sysregs[ARM_SR_CNTHCTL_EL2].reg) {
    arm->sysreg[ARM_SR_CNTHCTL_EL2] = value & arm_sysregs[ARM_SR_CNTHCTL_EL2].writable;
  }
}

/* ---- Life. ---- */

static void
set_clock (ArmCpu *arm, Clock *clock)
{
  struct ArmTimers *timers = arm->timers;

  for (unsigned n = 0; n < ARM_N_TIMERS; n++) {
    Timer *t = &timers->timer[n];
    if (t->clock_timer != NULL)
      clock_timer_free (t->clock_timer);
    t->clock_timer = clock != NULL ? clock_timer_new (clock, expired, t) : NULL;
  }
  timers->clock = clock;
}

void
arm_timer_init (ArmCpu *arm)
{
  if (arm->timers == NULL) {
    arm->timers = g_new0 (struct ArmTimers, 1);
    g_mutex_init (&arm->timers->lock);
    for (unsigned n = 0; n < ARM_N_TIMERS; n++)
      arm->timers->timer[n].timers = arm->timers;
  }
  set_clock (arm, arm->clock);
  arm_pmu_init (arm);
}

void
arm_timer_free (ArmCpu *arm)
{
  arm_pmu_free (arm);
  if (arm->timers == NULL)
    return;
  set_clock (arm, NULL);
  g_mutex_clear (&arm->timers->lock);
  g_clear_pointer (&arm->timers, g_free);
}

void
arm_timer_update (ArmCpu *arm)
{
  for (unsigned n = 0; n < ARM_N_TIMERS; n++) {
    Timer *t = &arm->timers->timer[n];
    update (arm, (ArmTimer)n);
    /* The interrupt controller may have been restored or reset meanwhile: it is told, news or not. */
    g_mutex_lock (&arm->timers->lock);
    irq_set (&t->line, t->level);
    g_mutex_unlock (&arm->timers->lock);
  }
  arm_pmu_update (arm);
}

void
arm_cpu_set_timer_line (Cpu *cpu, ArmTimer timer, IrqLine line)
{
  ArmCpu *arm = ARM_CPU (cpu);
  g_return_if_fail (timer < ARM_N_TIMERS);
  g_mutex_lock (&arm->timers->lock);
  arm->timers->timer[timer].line = line;
  g_mutex_unlock (&arm->timers->lock);
}
