/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Packets in and out, and commands: what they are called and who answers them. */

#include "gdb-command.h"

#include <errno.h>
#include <string.h>

/* ---- life ---- */

void
gdb_server_init (GdbServer *s, const GdbTarget *target, int process)
{
  *s = (GdbServer){ .target = target, .process = process };
  s->threads = g_ptr_array_new ();
  s->reply = g_string_sized_new (4096);
  s->sent = g_string_new (NULL);
  s->breakpoints = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  s->inserted = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gdb_server_restart (s);
}

void
gdb_server_clear (GdbServer *s)
{
  g_ptr_array_unref (s->threads);
  g_string_free (s->reply, TRUE);
  g_string_free (s->sent, TRUE);
  g_hash_table_unref (s->breakpoints);
  g_hash_table_unref (s->inserted);
}

void
gdb_server_restart (GdbServer *s)
{
  s->reader.state = GDB_BETWEEN;
  g_string_truncate (s->sent, 0);
  s->no_ack = s->multiprocess = s->no_resumed = s->running = false;
  s->general = s->resume = 0;
  s->current = s->threads->len > 0 ? s->threads->pdata[0] : NULL;
  s->last = (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = GDB_SIGNAL_TRAP };
}

/* ---- answers ---- */

void
gdb_server_send (GdbServer *s, const char *data, size_t size)
{
  g_string_truncate (s->sent, 0);
  gdb_frame (s->sent, data, size);
  s->target->send (s, s->sent->str, s->sent->len);
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

/* ---- commands ---- */

static GdbNext
detach (GdbServer *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_DETACH;
}

static GdbNext
kill_at_once (GdbServer *s, const char *args, size_t size)
{
  return GDB_KILL;
}

static GdbNext
kill_politely (GdbServer *s, const char *args, size_t size)
{
  gdb_ok (s);
  return GDB_KILL;
}

static GdbNext
no_acknowledgements (GdbServer *s, const char *args, size_t size)
{
  s->no_ack = true;
  return gdb_ok (s);
}

static const GdbCommand commands[] = {
  { "?", gdb_stop_reason },
  { "C", gdb_continue_signal },
  { "D", detach },
  { "G", gdb_write_registers },
  { "H", gdb_set_thread },
  { "M", gdb_write_memory },
  { "P", gdb_write_register },
  { "QStartNoAckMode", no_acknowledgements },
  { "S", gdb_step_signal },
  { "T", gdb_thread_alive },
  { "X", gdb_write_binary },
  { "Z", gdb_insert_point },
  { "c", gdb_continue },
  { "g", gdb_read_registers },
  { "k", kill_at_once },
  { "m", gdb_read_memory },
  { "p", gdb_read_register },
  { "qAttached", gdb_attached },
  { "qC", gdb_current_thread },
  { "qRcmd,", gdb_monitor },
  { "qSupported", gdb_supported },
  { "qThreadExtraInfo,", gdb_thread_extra },
  { "qXfer:", gdb_transfer },
  { "qfThreadInfo", gdb_first_threads },
  { "qsThreadInfo", gdb_next_threads },
  { "s", gdb_step },
  { "vCont?", gdb_vcont_query },
  { "vCont", gdb_vcont },
  { "vKill;", kill_politely },
  { "z", gdb_remove_point },
  { NULL, NULL },
};

static const GdbCommand *
find_command (const GdbCommand *table, const char *command, size_t size)
{
  for (const GdbCommand *c = table; c != NULL && c->name != NULL; c++) {
    size_t length = strlen (c->name);
    if (size >= length && memcmp (command, c->name, length) == 0)
      return c;
  }
  return NULL;
}

static GdbNext
run_command (GdbServer *s, const GdbCommand *c, const char *command, size_t size)
{
  size_t length = c != NULL ? strlen (c->name) : 0;
  return c != NULL ? c->run (s, command + length, size - length) : GDB_STAY;
}

GdbNext
gdb_dispatch (GdbServer *s, const GdbCommand *table, const char *command, size_t size)
{
  return run_command (s, find_command (table, command, size), command, size);
}

static GdbNext
take_packet (GdbServer *s)
{
  const char *command = s->reader.data;
  const GdbCommand *c = find_command (s->target->commands, command, s->reader.size);
  if (c == NULL)
    c = find_command (commands, command, s->reader.size);
  g_string_truncate (s->reply, 0);
  GdbNext next = run_command (s, c, command, s->reader.size);
  if (next == GDB_RESUME)
    s->running = true;
  else if (next != GDB_KILL || s->reply->len > 0)
    gdb_server_send (s, s->reply->str, s->reply->len);
  return next;
}

GdbNext
gdb_server_byte (GdbServer *s, uint8_t byte)
{
  GdbIn in = gdb_reader_byte (&s->reader, byte);
  bool whole = in == GDB_IN_PACKET || in == GDB_IN_TOO_LONG;
  if ((whole || in == GDB_IN_DAMAGED) && !s->no_ack)
    s->target->send (s, whole ? "+" : "-", 1);
  if (in == GDB_IN_REPEAT && !s->no_ack && s->sent->len > 0)
    s->target->send (s, s->sent->str, s->sent->len);
  /* While the guest runs, gdb has nothing to say but that it should stop. */
  if (s->running)
    return in == GDB_IN_INTERRUPT ? GDB_INTERRUPT : GDB_STAY;
  if (in == GDB_IN_TOO_LONG)
    gdb_server_send (s, "E22", 3);
  return in == GDB_IN_PACKET ? take_packet (s) : GDB_STAY;
}
