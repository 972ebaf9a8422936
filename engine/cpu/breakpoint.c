/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "code-gen.h"
#include "cpu.h"
#include "system.h"
#include "translate.h"

static unsigned generation;
/* protects breakpoints */
static GRWLock lock;
static GHashTable *breakpoints; /* pc -> number of insertions */
static int n_breakpoints;

unsigned
code_generation (void)
{
  return __atomic_load_n (&generation, __ATOMIC_ACQUIRE);
}

void
code_generation_advance (void)
{
  __atomic_fetch_add (&generation, 1, __ATOMIC_ACQ_REL);
}

bool
translate_has_breakpoints (void)
{
  return __atomic_load_n (&n_breakpoints, __ATOMIC_ACQUIRE) != 0;
}

bool
translate_is_breakpoint (uint64_t pc)
{
  if (!translate_has_breakpoints ())
    return false;
  g_rw_lock_reader_lock (&lock);
  bool found = g_hash_table_contains (breakpoints, &pc);
  g_rw_lock_reader_unlock (&lock);
  return found;
}

/* A machine's code is filed by RAM address, of which the virtual one may stand for several. */
static void
drop_code (uint64_t pc)
{
  if (system_any_cpu ())
    cpu_invalidate (0, UINT64_MAX);
  else
    cpu_invalidate (pc, 1);
}

static void
change (uint64_t pc, int by)
{
  g_rw_lock_writer_lock (&lock);
  if (breakpoints == NULL)
    breakpoints = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  int count = GPOINTER_TO_INT (g_hash_table_lookup (breakpoints, &pc)) + by;
  if (count > 0)
    g_hash_table_replace (breakpoints, g_memdup2 (&pc, sizeof pc), GINT_TO_POINTER (count));
  else
    g_hash_table_remove (breakpoints, &pc);
  __atomic_store_n (&n_breakpoints, g_hash_table_size (breakpoints), __ATOMIC_RELEASE);
  g_rw_lock_writer_unlock (&lock);
  drop_code (pc);
}

void
cpu_breakpoint_insert (uint64_t pc)
{
  change (pc, 1);
}

void
cpu_breakpoints_forget (void)
{
  GHashTable *old = breakpoints;
  GHashTableIter iter;
  gpointer pc;
  breakpoints = NULL;
  n_breakpoints = 0;
  g_rw_lock_init (&lock);
  if (old == NULL)
    return;
  g_hash_table_iter_init (&iter, old);
  while (g_hash_table_iter_next (&iter, &pc, NULL))
    cpu_invalidate (*(uint64_t *)pc, 1);
  g_hash_table_unref (old);
}

void
cpu_breakpoint_remove (uint64_t pc)
{
  change (pc, -1);
}
