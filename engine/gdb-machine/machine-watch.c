/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Watchpoints, at virtual addresses of whichever address space.  While there is one, vCPUs run in the
 * interpreter with memory functions that look at each address.  gdb wants to hear of an access after its
 * instruction, but leaving in the middle of one would lose part of it: so the vCPU leaves before the access
 * (ARMED), does that one instruction as a single step (PASSING), and then what the step has touched is
 * reported.  Devices' accesses and those of page-table walks are not seen, as with a processor's. */

#include "gdb-machine-private.h"

#define MAX_WATCHES 64

typedef struct {
  uint64_t addr, size;
  GdbWatchKind kind;
} Watch;

/* Changed only while all vCPUs stand. */
static Watch watches[MAX_WATCHES];
static unsigned n_watches;
static const IrMemOps *unwatched;

const char *
gdb_watch_name (GdbWatchKind kind)
{
  return kind == GDB_WATCH_WRITE ? "watch" : kind == GDB_WATCH_READ ? "rwatch" : "awatch";
}

static const Watch *
find_touched (uint64_t addr, unsigned size, unsigned access)
{
  for (unsigned i = 0; i < n_watches; i++) {
    const Watch *w = &watches[i];
    if (w->kind & access && (addr >= w->addr ? addr - w->addr < w->size : w->addr - addr < size))
      return w;
  }
  return NULL;
}

static void
look (IrState *state, uint64_t addr, unsigned size, unsigned access)
{
  const Watch *w = find_touched (addr, size, access);
  Vcpu *vcpu = vcpu_current ();
  if (G_LIKELY (w == NULL) || vcpu == NULL)
    return;
  GdbVcpu *v = &gdb_machine->vcpus[vcpu_index (vcpu)];
  if (v->watch != GDB_WATCH_PASSING) {
    v->watch = GDB_WATCH_ARMED;
    ir_leave (state, IR_EXIT_DEBUG);
  }
  if (v->hit_kind == 0) {
    v->hit_kind = w->kind;
    v->hit_addr = w->addr;
  }
}

static uint64_t
watch_load (IrState *s, uint64_t addr, unsigned size)
{
  look (s, addr, size, GDB_WATCH_READ);
  return unwatched->load (s, addr, size);
}

static void
watch_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  look (s, addr, size, GDB_WATCH_WRITE);
  unwatched->store (s, addr, size, value);
}

static uint64_t
watch_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  look (s, addr, size, GDB_WATCH_ACCESS);
  return unwatched->rmw (s, addr, size, op, value);
}

static uint64_t
watch_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  look (s, addr, size, GDB_WATCH_ACCESS);
  return unwatched->cas (s, addr, size, expected, desired);
}

static void
watch_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  look (s, addr, 16, GDB_WATCH_ACCESS);
  unwatched->cas16 (s, addr, expected, desired, ret_old);
}

static const IrMemOps mem_watched = { watch_load, watch_store, watch_rmw, watch_cas, watch_cas16 };

static void
apply (GdbMachine *s)
{
  for (unsigned i = 0; i < s->n_vcpus; i++) {
    Cpu *cpu = s->vcpus[i].cpu;
    if (cpu->state.mem != &mem_watched)
      unwatched = cpu->state.mem;
    cpu->interpret = n_watches > 0;
    cpu->state.mem = n_watches > 0 ? &mem_watched : unwatched;
  }
}

bool
gdb_watch_insert (GdbMachine *s, GdbWatchKind kind, uint64_t addr, uint64_t size)
{
  for (unsigned i = 0; i < n_watches; i++)
    if (watches[i].kind == kind && watches[i].addr == addr && watches[i].size == size)
      return true;
  if (n_watches == MAX_WATCHES || size == 0)
    return false;
  watches[n_watches++] = (Watch){ addr, size, kind };
  apply (s);
  return true;
}

bool
gdb_watch_remove (GdbMachine *s, GdbWatchKind kind, uint64_t addr, uint64_t size)
{
  for (unsigned i = 0; i < n_watches; i++)
    if (watches[i].kind == kind && watches[i].addr == addr && watches[i].size == size) {
      watches[i] = watches[--n_watches];
      apply (s);
      return true;
    }
  return false;
}

void
gdb_watch_remove_all (GdbMachine *s)
{
  n_watches = 0;
  apply (s);
}

bool
gdb_watch_stopped (GdbVcpu *v)
{
  if (v->watch == GDB_WATCH_IDLE)
    return false;
  if (v->watch == GDB_WATCH_ARMED) {
    v->watch = GDB_WATCH_PASSING;
    v->hit_kind = 0;
  } else
    v->watch = GDB_WATCH_IDLE;
  return true;
}

void
gdb_watch_cancel (GdbVcpu *v)
{
  v->watch = GDB_WATCH_IDLE;
  v->hit_kind = 0;
}
