/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The threads as gdb knows them, and what it is told of their stops. */

#include "gdb-command.h"

#include <errno.h>
#include <string.h>

/* Ids in one list reply; a packet holds them comfortably. */
#define IDS_PER_REPLY 256

void
gdb_server_add (GdbServer *s, GdbThread *t, int id, Cpu *cpu)
{
  *t = (GdbThread){ .id = id, .cpu = cpu, .action = GDB_CONTINUE };
  g_ptr_array_add (s->threads, t);
}

void
gdb_server_remove (GdbServer *s, GdbThread *t)
{
  g_ptr_array_remove (s->threads, t);
  if (s->current == t)
    s->current = NULL;
}

GdbThread *
gdb_server_find (const GdbServer *s, int id)
{
  for (guint i = 0; i < s->threads->len; i++) {
    GdbThread *t = s->threads->pdata[i];
    if (t->id == id)
      return t;
  }
  return NULL;
}

GdbThread *
gdb_server_general (const GdbServer *s)
{
  if (s->general > 0)
    return gdb_server_find (s, s->general);
  if (s->current != NULL)
    return s->current;
  return s->threads->len > 0 ? s->threads->pdata[0] : NULL;
}

/* ---- ids ---- */

void
gdb_append_id (const GdbServer *s, GString *out, int id)
{
  if (s->multiprocess)
    g_string_append_printf (out, "p%x.", (unsigned)s->process);
  g_string_append_printf (out, "%x", (unsigned)id);
}

/* A number or -1. */
static bool
parse_id_part (const char **text, int *ret)
{
  uint64_t value;
  if (g_str_has_prefix (*text, "-1")) {
    *text += 2;
    *ret = -1;
    return true;
  }
  if (!gdb_parse_hex (text, &value) || value > INT32_MAX)
    return false;
  *ret = (int)value;
  return true;
}

bool
gdb_parse_id (const GdbServer *s, const char **text, int *ret_id)
{
  int process;
  if (**text != 'p')
    return parse_id_part (text, ret_id);
  ++*text;
  if (!parse_id_part (text, &process) || (process > 0 && process != s->process))
    return false;
  *ret_id = -1; /* a process stands for all its threads */
  if (**text != '.')
    return true;
  ++*text;
  return parse_id_part (text, ret_id);
}

/* ---- stops ---- */

static void
append_end (GdbServer *s, const GdbStop *stop)
{
  g_string_append_printf (s->reply, "%c%02x", stop->kind == GDB_STOP_EXITED ? 'W' : 'X', stop->value & 0xff);
  if (s->multiprocess)
    g_string_append_printf (s->reply, ";process:%x", (unsigned)s->process);
}

static void
append_stop (GdbServer *s)
{
  const GdbStop *stop = &s->last;
  GString *out = s->reply;
  if (stop->kind >= GDB_STOP_EXITED) {
    append_end (s, stop);
    return;
  }
  if (stop->kind == GDB_STOP_IDLE && s->no_resumed) {
    g_string_append_c (out, 'N');
    return;
  }
  bool watch = stop->kind == GDB_STOP_WATCH;
  g_string_append_printf (out, "T%02x", watch ? GDB_SIGNAL_TRAP : stop->value & 0xff);
  if (watch)
    g_string_append_printf (out, "%s:%" G_GINT64_MODIFIER "x;", gdb_watch_name (stop->watch), stop->addr);
  if (s->current != NULL) {
    g_string_append (out, "thread:");
    gdb_append_id (s, out, s->current->id);
    g_string_append_c (out, ';');
  }
}

void
gdb_server_select (GdbServer *s, GdbThread *t, const GdbStop *stop)
{
  s->current = t;
  s->last = *stop;
  s->general = s->resume = t != NULL ? t->id : 0;
}

void
gdb_server_tell (GdbServer *s, GdbThread *t, const GdbStop *stop)
{
  gdb_server_select (s, t, stop);
  g_string_truncate (s->reply, 0);
  append_stop (s);
  gdb_server_send (s, s->reply->str, s->reply->len);
  /* After an end there is nobody left to give commands to. */
  if (stop->kind < GDB_STOP_EXITED)
    s->running = false;
}

GdbNext
gdb_stop_reason (GdbServer *s, const char *args, size_t size)
{
  append_stop (s);
  return GDB_STAY;
}

/* ---- commands ---- */

GdbNext
gdb_set_thread (GdbServer *s, const char *args, size_t size)
{
  char which = *args;
  int id;
  if (which != 'g' && which != 'c')
    return gdb_error (s, EINVAL);
  args++;
  if (!gdb_parse_id (s, &args, &id) || *args != '\0' || (id > 0 && gdb_server_find (s, id) == NULL))
    return gdb_error (s, ESRCH);
  if (which == 'g')
    s->general = id;
  else
    s->resume = id;
  return gdb_ok (s);
}

/* NULL if the text is no single thread's id. */
static const GdbThread *
parse_thread (const GdbServer *s, const char *args)
{
  int id;
  return gdb_parse_id (s, &args, &id) && *args == '\0' ? gdb_server_find (s, id) : NULL;
}

GdbNext
gdb_thread_alive (GdbServer *s, const char *args, size_t size)
{
  return parse_thread (s, args) != NULL ? gdb_ok (s) : gdb_error (s, ESRCH);
}

GdbNext
gdb_next_threads (GdbServer *s, const char *args, size_t size)
{
  if (s->listed >= s->threads->len) {
    g_string_append_c (s->reply, 'l');
    return GDB_STAY;
  }
  for (unsigned n = 0; n < IDS_PER_REPLY && s->listed < s->threads->len; n++) {
    const GdbThread *t = s->threads->pdata[s->listed++];
    g_string_append_c (s->reply, n == 0 ? 'm' : ',');
    gdb_append_id (s, s->reply, t->id);
  }
  return GDB_STAY;
}

GdbNext
gdb_first_threads (GdbServer *s, const char *args, size_t size)
{
  s->listed = 0;
  return gdb_next_threads (s, args, size);
}

GdbNext
gdb_thread_extra (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = parse_thread (s, args);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  g_autofree char *name = s->target->thread_name (t);
  gdb_append_hex (s->reply, name, strlen (name));
  return GDB_STAY;
}

GdbNext
gdb_current_thread (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_server_general (s);
  /* A whole word, not the start of qCRC. */
  if (size > 0)
    return GDB_STAY;
  if (t == NULL)
    return gdb_error (s, ESRCH);
  g_string_append (s->reply, "QC");
  gdb_append_id (s, s->reply, t->id);
  return GDB_STAY;
}
