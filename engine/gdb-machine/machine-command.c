/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Commands: what they are called and who answers them. */

#include "gdb-machine-private.h"

#include <string.h>

GdbNext
gdb_ok (GdbMachine *s)
{
  g_string_assign (s->reply, "OK");
  return GDB_STAY;
}

GdbNext
gdb_error (GdbMachine *s, int error)
{
  g_string_printf (s->reply, "E%02d", error);
  return GDB_STAY;
}

static GdbNext
detach (GdbMachine *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_DETACH;
}

static GdbNext
kill_machine (GdbMachine *s, const char *args, size_t size)
{
  return GDB_KILL;
}

static GdbNext
kill_politely (GdbMachine *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_KILL;
}

/* An unknown command's answer is empty. */
GdbNext
gdb_dispatch (GdbMachine *s, const GdbCommand *table, const char *command, size_t size)
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
  { "k", kill_machine },
  { "m", gdb_read_memory },
  { "p", gdb_read_register },
  { "q", gdb_query },
  { "s", gdb_step },
  { "vCont?", gdb_vcont_query },
  { "vCont", gdb_vcont },
  { "vKill;", kill_politely },
  { "z", gdb_remove_point },
  { NULL, NULL },
};

GdbNext
gdb_command (GdbMachine *s, const char *command, size_t size)
{
  g_string_truncate (s->reply, 0);
  GdbNext next = gdb_dispatch (s, commands, command, size);
  bool silent = next == GDB_RESUME || (next == GDB_KILL && s->reply->len == 0);
  /* The command may have been the server's end. */
  if (!silent && gdb_machine == s)
    gdb_send (s, s->reply->str, s->reply->len);
  return next;
}
