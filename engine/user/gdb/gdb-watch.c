/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Watchpoints.  While there is one, threads run in the interpreter with memory functions that look at each
 * address.  gdb wants to hear of an access after its instruction, but leaving in the middle of one would lose
 * part of it: so the thread leaves before the access (ARMED), does that one instruction as a single step
 * (PASSING), and then reports what the step has touched.
 *
 * The kernel's own accesses in system calls are not seen, as with a processor's watchpoints. */

#include "gdb-server.h"

#include "mem-direct.h"

#define MAX_WATCHES 64

typedef struct {
  uint64_t addr, size;
  GdbWatchKind kind;
} Watch;

/* Changed only while all threads rest. */
static Watch watches[MAX_WATCHES];
static unsigned n_watches;

static const char *
kind_name (GdbWatchKind kind)
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
  const UserThread *user = ((Cpu *)state)->owner;
  const Watch *w = find_touched (addr, size, access);
  GdbThread *t = gdb_self;
  if (G_LIKELY (w == NULL) || t == NULL || user->vm_process)
    return;
  if (t->watch != GDB_WATCH_PASSING) {
    t->watch = GDB_WATCH_ARMED;
    ir_leave (state, IR_EXIT_DEBUG);
  }
  if (t->watch_hit.kind == GDB_STOP_NONE)
    t->watch_hit = (GdbStop){ .kind = GDB_STOP_WATCH, .watch = kind_name (w->kind), .watch_addr = w->addr };
}

static uint64_t
watch_load (IrState *s, uint64_t addr, unsigned size)
{
  look (s, addr, size, GDB_WATCH_READ);
  return mem_direct.load (s, addr, size);
}

static void
watch_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  look (s, addr, size, GDB_WATCH_WRITE);
  mem_direct.store (s, addr, size, value);
}

static uint64_t
watch_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  look (s, addr, size, GDB_WATCH_ACCESS);
  return mem_direct.rmw (s, addr, size, op, value);
}

static uint64_t
watch_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  look (s, addr, size, GDB_WATCH_ACCESS);
  return mem_direct.cas (s, addr, size, expected, desired);
}

static void
watch_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  look (s, addr, 16, GDB_WATCH_ACCESS);
  mem_direct.cas16 (s, addr, expected, desired, ret_old);
}

static const IrMemOps mem_watched = { watch_load, watch_store, watch_rmw, watch_cas, watch_cas16 };

/* ---- setting ---- */

void
gdb_watch_cpu (Cpu *cpu, bool on)
{
  cpu->interpret = on;
  cpu->state.mem = on ? &mem_watched : &mem_direct;
}

static void
apply (GdbServer *s)
{
  for (guint i = 0; i < s->threads->len; i++) {
    const GdbThread *t = s->threads->pdata[i];
    gdb_watch_cpu (t->user->cpu, n_watches > 0);
  }
}

bool
gdb_watch_insert (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size)
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
gdb_watch_remove (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size)
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
gdb_watch_remove_all (GdbServer *s)
{
  n_watches = 0;
  apply (s);
}

bool
gdb_watch_exists (uint64_t addr)
{
  for (unsigned i = 0; i < n_watches; i++)
    if (watches[i].addr == addr)
      return true;
  return false;
}

/* ---- passing ---- */

bool
gdb_watch_stopped (GdbThread *t, GdbStop *ret_stop)
{
  Cpu *cpu = t->user->cpu;
  if (t->watch == GDB_WATCH_ARMED) {
    t->watch = GDB_WATCH_PASSING;
    t->watch_hit.kind = GDB_STOP_NONE;
    t->was_stepping = cpu->single_step;
    cpu->single_step = true;
    ret_stop->kind = GDB_STOP_NONE;
    return true;
  }
  if (t->watch == GDB_WATCH_IDLE)
    return false;
  gdb_watch_cancel (t);
  *ret_stop = t->watch_hit;
  return ret_stop->kind != GDB_STOP_NONE;
}

void
gdb_watch_cancel (GdbThread *t)
{
  if (t->watch == GDB_WATCH_PASSING)
    t->user->cpu->single_step = t->was_stepping;
  t->watch = GDB_WATCH_IDLE;
}

void
gdb_set_single_step (GdbThread *t, bool on)
{
  if (t->watch == GDB_WATCH_PASSING)
    t->was_stepping = on;
  else
    t->user->cpu->single_step = on;
}
