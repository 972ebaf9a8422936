/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Breakpoints, and the packets for watchpoints. */

#include "gdb-command.h"

#include <errno.h>

/* As many as a person can want; each is looked at when code is translated. */
#define MAX_BREAKPOINTS 65536

bool
gdb_has_breakpoint (const GdbServer *s, uint64_t pc)
{
  return g_hash_table_contains (s->breakpoints, &pc);
}

/* Inserting a point twice is like once, as the protocol wants it. */
static GdbNext
change_breakpoint (GdbServer *s, uint64_t addr, bool insert)
{
  if (!insert)
    g_hash_table_remove (s->breakpoints, &addr);
  else if (g_hash_table_size (s->breakpoints) < MAX_BREAKPOINTS)
    g_hash_table_add (s->breakpoints, g_memdup2 (&addr, sizeof addr));
  else if (!gdb_has_breakpoint (s, addr))
    return gdb_error (s, ENOSPC);
  return gdb_ok (s);
}

static gboolean
remove_unwanted (gpointer pc, gpointer unused, gpointer opaque)
{
  const GdbServer *s = opaque;
  if (g_hash_table_contains (s->breakpoints, pc))
    return FALSE;
  cpu_breakpoint_remove (*(uint64_t *)pc);
  return TRUE;
}

void
gdb_sync_breakpoints (GdbServer *s)
{
  GHashTableIter iter;
  gpointer pc;
  g_hash_table_foreach_remove (s->inserted, remove_unwanted, s);
  g_hash_table_iter_init (&iter, s->breakpoints);
  while (g_hash_table_iter_next (&iter, &pc, NULL))
    if (!g_hash_table_contains (s->inserted, pc)) {
      cpu_breakpoint_insert (*(uint64_t *)pc);
      g_hash_table_add (s->inserted, g_memdup2 (pc, sizeof (uint64_t)));
    }
}

void
gdb_remove_points (GdbServer *s)
{
  g_hash_table_remove_all (s->breakpoints);
  gdb_sync_breakpoints (s);
  gdb_watch_remove_all (s);
}

/* TYPE,ADDRESS,KIND and perhaps conditions, which we have not offered to understand. */
static GdbNext
change_point (GdbServer *s, const char *args, bool insert)
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
gdb_insert_point (GdbServer *s, const char *args, size_t size)
{
  return change_point (s, args, true);
}

GdbNext
gdb_remove_point (GdbServer *s, const char *args, size_t size)
{
  return change_point (s, args, false);
}
