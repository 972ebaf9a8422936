/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "atomic-host.h"
#include "cpu.h"
#include "guest-mem.h"
#include "mem-direct.h"

#include <signal.h>

static bool
inside (uint64_t addr, unsigned size)
{
  return addr < guest_space_size && size <= guest_space_size - addr;
}

/* A guest address at or beyond the guest's space never reaches a host address. */
static void *
checked (IrState *s, uint64_t addr, unsigned size, bool write)
{
  if (G_LIKELY (inside (addr, size)))
    return g2h (addr);
  if (((const Cpu *)s)->isa->tagged) {
    addr = guest_untag (addr);
    ((Cpu *)s)->met_tag = true;
  }
  if (!inside (addr, size)) {
    s->fault = (IrFault){ .addr = addr, .signo = SIGSEGV, .si_code = SEGV_MAPERR, .write = write };
    ir_leave (s, IR_EXIT_FAULT);
  }
  return g2h (addr);
}

static void *
checked_atomic (IrState *s, uint64_t addr, unsigned size)
{
  void *p = checked (s, addr, size, true);
  if (G_UNLIKELY (addr & (size - 1))) {
    s->fault = (IrFault){ .addr = addr, .signo = SIGBUS, .si_code = BUS_ADRALN, .write = true };
    ir_leave (s, IR_EXIT_FAULT);
  }
  return p;
}

static uint64_t
direct_load (IrState *s, uint64_t addr, unsigned size)
{
  return host_load (checked (s, addr, size, false), size);
}

static void
direct_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  host_store (checked (s, addr, size, true), size, value);
}

static uint64_t
direct_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  return host_cas (checked_atomic (s, addr, size), size, expected, desired);
}

static uint64_t
direct_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  return host_rmw (checked_atomic (s, addr, size), size, op, value);
}

static void
direct_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  host_cas16 (checked_atomic (s, addr, 16), expected, desired, ret_old);
}

const IrMemOps mem_direct = { direct_load, direct_store, direct_rmw, direct_cas, direct_cas16 };
