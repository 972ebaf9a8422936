/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Breakpoints, and the packets for watchpoints.
 *
 * gdb takes its breakpoints out at each stop and puts them in again. A change costs the machine all its
 * translated code, so what has changed is made known only when code is to run at full speed. */

#include "gdb-machine-private.h"

#include <errno.h>

/* As many as a person can want; each is looked at when code is translated. */
#define MAX_BREAKPOINTS 65536

bool
gdb_has_breakpoint (const GdbMachine *s, uint64_t pc)
{
  return g_hash_table_contains (s->wanted, &pc);
}

/* Inserting a point twice is like once, as the protocol wants it. */
static GdbNext
change_breakpoint (GdbMachine *s, uint64_t addr, bool insert)
{
  if (!insert)
    g_hash_table_remove (s->wanted, &addr);
  else if (g_hash_table_size (s->wanted) >= MAX_BREAKPOINTS)
    return gdb_error (s, ENOSPC);
  else
    g_hash_table_add (s->wanted, g_memdup2 (&addr, sizeof addr));
  return gdb_ok (s);
}

static gboolean
remove_unwanted (gpointer pc, gpointer unused, gpointer opaque)
{
  const GdbMachine *s = opaque;
  if (g_hash_table_contains (s->wanted, pc))
    return FALSE;
  cpu_breakpoint_remove (*(uint64_t *)pc);
  return TRUE;
}

void
gdb_sync_points (GdbMachine *s)
{
  GHashTableIter iter;
  gpointer pc;
  g_hash_table_foreach_remove (s->inserted, remove_unwanted, s);
  g_hash_table_iter_init (&iter, s->wanted);
  while (g_hash_table_iter_next (&iter, &pc, NULL))
    if (!g_hash_table_contains (s->inserted, pc)) {
      cpu_breakpoint_insert (*(uint64_t *)pc);
      g_hash_table_add (s->inserted, g_memdup2 (pc, sizeof (uint64_t)));
    }
}

void
gdb_remove_all_points (GdbMachine *s)
{
  g_hash_table_remove_all (s->wanted);
  gdb_sync_points (s);
  gdb_watch_remove_all (s);
}

/* TYPE,ADDRESS,KIND and perhaps conditions, which we have not offered to understand. */
static GdbNext
change_point (GdbMachine *s, const char *args, bool insert)
{
  static const GdbWatchKind kinds[] = { GDB_WATCH_WRITE, GDB_WATCH_READ, GDB_WATCH_ACCESS };
  uint64_t type, addr, kind;
  if (!gdb_parse_hex_end (&args, ',', &type) || !gdb_parse_hex_end (&args, ',', &addr) ||
      !gdb_parse_hex (&args, &kind))
    return gdb_error (s, EINVAL);
  if (type <= 1)
    return change_breakpoint (s, addr, insert);
  if (type > 4)
    return GDB_STAY;
  bool done = insert ? gdb_watch_insert (s, kinds[type - 2], addr, kind)
                     : gdb_watch_remove (s, kinds[type - 2], addr, kind);
  return done ? gdb_ok (s) : gdb_error (s, insert ? ENOSPC : ENOENT);
}

GdbNext
gdb_insert_point (GdbMachine *s, const char *args, size_t size)
{
  return change_point (s, args, true);
}

GdbNext
gdb_remove_point (GdbMachine *s, const char *args, size_t size)
{
  return change_point (s, args, false);
}
