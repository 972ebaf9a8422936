/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Watchpoints, at virtual addresses.  While there is one, threads run in the interpreter with memory
 * functions that look at each address.  gdb wants to hear of an access after its instruction, but leaving in
 * the middle of one would lose part of it: so the thread leaves before the access (ARMED), does that one
 * instruction as a single step (PASSING), and then what the step has touched is reported.
 *
 * A kernel's own accesses in system calls, devices' and those of page-table walks are not seen, as with a
 * processor's watchpoints. */

#include "gdb-command.h"

#define MAX_WATCHES 64

typedef struct {
  uint64_t addr, size;
  GdbWatchKind kind;
} Watch;

/* Changed only while all threads rest. */
static Watch watches[MAX_WATCHES];
static unsigned n_watches;
static const GdbTarget *target;
static const IrMemOps *unwatched; /* what memory functions there were */

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
  GdbThread *t = G_LIKELY (w == NULL) ? NULL : target->self ();
  if (t == NULL)
    return;
  if (t->watch != GDB_WATCH_PASSING) {
    t->watch = GDB_WATCH_ARMED;
    ir_leave (state, IR_EXIT_DEBUG);
  }
  if (t->hit == 0) {
    t->hit = w->kind;
    t->hit_addr = w->addr;
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

static uint64_t
watch_load_user (IrState *s, uint64_t addr, unsigned size)
{
  look (s, addr, size, GDB_WATCH_READ);
  return unwatched->load_user (s, addr, size);
}

static void
watch_store_user (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  look (s, addr, size, GDB_WATCH_WRITE);
  unwatched->store_user (s, addr, size, value);
}

/* An access that fails is none. */
static void
watch_misaligned (IrState *s, uint64_t addr, bool write)
{
  uint64_t old[2] = { 0, 0 };
  if (unwatched->misaligned != NULL)
    unwatched->misaligned (s, addr, write);
  else
    unwatched->cas16 (s, addr, old, old, old);
}

static const IrMemOps mem_watched = { watch_load,  watch_store,     watch_rmw,        watch_cas,
                                      watch_cas16, watch_load_user, watch_store_user, watch_misaligned };

/* ---- setting ---- */

void
gdb_watch_cpu (Cpu *cpu, bool on)
{
  if (cpu->state.mem != &mem_watched)
    unwatched = cpu->state.mem;
  cpu->interpret = on;
  cpu->state.mem = on ? &mem_watched : unwatched;
}

static void
apply (GdbServer *s)
{
  target = s->target;
  for (guint i = 0; i < s->threads->len; i++) {
    const GdbThread *t = s->threads->pdata[i];
    gdb_watch_cpu (t->cpu, n_watches > 0);
  }
}

static Watch *
find_same (GdbWatchKind kind, uint64_t addr, uint64_t size)
{
  for (unsigned i = 0; i < n_watches; i++)
    if (watches[i].kind == kind && watches[i].addr == addr && watches[i].size == size)
      return &watches[i];
  return NULL;
}

bool
gdb_watch_insert (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size)
{
  if (find_same (kind, addr, size) != NULL)
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
  Watch *w = find_same (kind, addr, size);
  if (w == NULL)
    return false;
  *w = watches[--n_watches];
  apply (s);
  return true;
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
gdb_watch_stopped (GdbThread *t)
{
  switch (t->watch) {
    case GDB_WATCH_ARMED:
      t->watch = GDB_WATCH_PASSING;
      t->hit = 0;
      return true;
    case GDB_WATCH_PASSING: t->watch = GDB_WATCH_IDLE; return t->hit != 0;
    default: return false;
  }
}

void
gdb_watch_cancel (GdbThread *t)
{
  t->watch = GDB_WATCH_IDLE;
  t->hit = 0;
}
