/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The time CSR, the timer of Sstc, and the counters. */

#include "riscv-system.h"

#define NS_PER_TICK (1000000000 / RV_TIME_FREQUENCY)

static uint64_t
clock_ns (const RiscvCpu *rv)
{
  return rv->clock != NULL ? (uint64_t)clock_now (rv->clock) : 0;
}

uint64_t
riscv_time (const RiscvCpu *rv)
{
  return clock_ns (rv) / NS_PER_TICK;
}

/* With the lock held. */
static void
check_timer (RiscvCpu *rv)
{
  bool on = (rv->menvcfg & ENVCFG_STCE) != 0, due = on && riscv_time (rv) >= rv->stimecmp;

  if (rv->timer != NULL && on && !due && rv->stimecmp <= G_MAXINT64 / NS_PER_TICK)
    clock_timer_set (rv->timer, (int64_t)rv->stimecmp * NS_PER_TICK);
  else if (rv->timer != NULL)
    clock_timer_cancel (rv->timer);
  riscv_set_line (rv, RV_IRQ_STI, due);
}

void
riscv_update_timer (RiscvCpu *rv)
{
  g_mutex_lock (&rv->timer_lock);
  check_timer (rv);
  g_mutex_unlock (&rv->timer_lock);
}

void
riscv_set_stimecmp (RiscvCpu *rv, uint64_t value)
{
  g_mutex_lock (&rv->timer_lock);
  rv->stimecmp = value;
  check_timer (rv);
  g_mutex_unlock (&rv->timer_lock);
}

void
riscv_set_menvcfg (RiscvCpu *rv, uint64_t value)
{
  g_mutex_lock (&rv->timer_lock);
  __atomic_store_n (&rv->menvcfg, value, __ATOMIC_SEQ_CST);
  check_timer (rv);
  g_mutex_unlock (&rv->timer_lock);
}

static void
timer_expired (void *opaque)
{
  riscv_update_timer (opaque);
}

void
riscv_cpu_set_clock (Cpu *cpu, Clock *clock)
{
  RiscvCpu *rv = RV_CPU (cpu);

  if (rv->timer != NULL)
    clock_timer_free (rv->timer);
  rv->clock = clock;
  rv->timer = clock != NULL ? clock_timer_new (clock, timer_expired, rv) : NULL;
}

/* mcycle and minstret are alike: a hart that executes one instruction per nanosecond. */
static uint64_t *
counter_base (RiscvCpu *rv, unsigned csr)
{
  return csr == CSR_mcycle ? &rv->mcycle_base : &rv->minstret_base;
}

static bool
is_inhibited (const RiscvCpu *rv, unsigned csr)
{
  return rv->mcountinhibit >> (csr - CSR_mcycle) & 1;
}

uint64_t
riscv_counter (const RiscvCpu *rv, unsigned csr)
{
  uint64_t base = *counter_base ((RiscvCpu *)rv, csr);
  return is_inhibited (rv, csr) ? base : base + clock_ns (rv);
}

void
riscv_set_counter (RiscvCpu *rv, unsigned csr, uint64_t value)
{
  *counter_base (rv, csr) = is_inhibited (rv, csr) ? value : value - clock_ns (rv);
}

void
riscv_set_countinhibit (RiscvCpu *rv, uint64_t value)
{
  uint64_t cycle = riscv_counter (rv, CSR_mcycle), instret = riscv_counter (rv, CSR_minstret);

  rv->mcountinhibit = value;
  riscv_set_counter (rv, CSR_mcycle, cycle);
  riscv_set_counter (rv, CSR_minstret, instret);
}

uint64_t
riscv_system_time (IrState *s, uint64_t shift, uint64_t b, uint64_t c)
{
  const RiscvCpu *rv = (const RiscvCpu *)s;
  return riscv_time (rv) >> shift & rv_xlen_mask (rv);
}

uint64_t
riscv_system_counter (IrState *s, uint64_t shift, uint64_t csr, uint64_t c)
{
  const RiscvCpu *rv = (const RiscvCpu *)s;
  return riscv_counter (rv, (unsigned)csr) >> shift & rv_xlen_mask (rv);
}
