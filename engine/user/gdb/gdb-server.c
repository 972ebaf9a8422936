/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands: what they are called and who answers them. */

#include "gdb-server.h"

#include <errno.h>
#include <string.h>

void
gdb_server_init (GdbServer *s)
{
  s->reply = g_string_sized_new (4096);
  s->threads = g_ptr_array_new ();
  s->breakpoints = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  s->files = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  s->last.kind = GDB_STOP_ATTACH;
}

void
gdb_server_clear (GdbServer *s)
{
  g_string_free (s->reply, TRUE);
  g_ptr_array_unref (s->threads);
  g_hash_table_unref (s->breakpoints);
  g_hash_table_unref (s->files);
}

GdbNext
gdb_ok (GdbServer *s)
{
  g_string_assign (s->reply, "OK");
  return GDB_STAY;
}

GdbNext
gdb_error (GdbServer *s, int error)
{
  g_string_printf (s->reply, "E%02d", error);
  return GDB_STAY;
}

static GdbNext
detach (GdbServer *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_DETACH;
}

static GdbNext
kill_process (GdbServer *s, const char *args, size_t size)
{
  return GDB_KILL;
}

static GdbNext
kill_politely (GdbServer *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_KILL;
}

GdbNext
gdb_dispatch (GdbServer *s, const GdbCommand *table, const char *command, size_t size)
{
  for (const GdbCommand *c = table; c->name != NULL; c++) {
    size_t length = strlen (c->name);
    if (size >= length && memcmp (command, c->name, length) == 0)
      return c->run (s, command + length, size - length);
  }
  return GDB_STAY;
}

static const GdbCommand commands[] = {
  { "?", gdb_stop_reason },
  { "C", gdb_continue_signal },
  { "D", detach },
  { "G", gdb_write_registers },
  { "H", gdb_set_thread },
  { "M", gdb_write_memory },
  { "P", gdb_write_register },
  { "Q", gdb_set },
  { "S", gdb_step_signal },
  { "T", gdb_thread_alive },
  { "X", gdb_write_binary },
  { "Z", gdb_insert_point },
  { "c", gdb_continue },
  { "g", gdb_read_registers },
  { "k", kill_process },
  { "m", gdb_read_memory },
  { "p", gdb_read_register },
  { "q", gdb_query },
  { "s", gdb_step },
  { "vCont?", gdb_vcont_query },
  { "vCont", gdb_vcont },
  { "vFile:", gdb_file },
  { "vKill;", kill_politely },
  { "z", gdb_remove_point },
  { NULL, NULL },
};

GdbNext
gdb_command (GdbServer *s, const char *command, size_t size)
{
  g_string_truncate (s->reply, 0);
  GdbNext next = gdb_dispatch (s, commands, command, size);
  bool silent = next == GDB_RESUME || (next == GDB_KILL && s->reply->len == 0);
  if (!silent)
    s->send (s, s->reply->str, s->reply->len);
  return next;
}
