/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The threads as gdb knows them. */

#include "gdb-server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Ids in one list reply; a packet holds them comfortably. */
#define IDS_PER_REPLY 256

GMutex gdb_lock;

GdbThread *
gdb_thread_add (GdbServer *s, UserThread *user)
{
  GdbThread *t = g_new0 (GdbThread, 1);
  t->user = user;
  t->tid = user->tid;
  t->action = GDB_CONTINUE;
  g_mutex_lock (&gdb_lock);
  g_ptr_array_add (s->threads, t);
  g_mutex_unlock (&gdb_lock);
  return t;
}

void
gdb_thread_remove (GdbServer *s, GdbThread *t)
{
  g_mutex_lock (&gdb_lock);
  g_ptr_array_remove (s->threads, t);
  if (s->current == t)
    s->current = NULL;
  g_mutex_unlock (&gdb_lock);
  g_free (t);
}

GdbThread *
gdb_thread_find (const GdbServer *s, pid_t tid)
{
  for (guint i = 0; i < s->threads->len; i++) {
    GdbThread *t = s->threads->pdata[i];
    if (t->tid == tid)
      return t;
  }
  return NULL;
}

GdbThread *
gdb_general_thread (const GdbServer *s)
{
  if (s->general > 0)
    return gdb_thread_find (s, s->general);
  if (s->current != NULL)
    return s->current;
  return s->threads->len > 0 ? s->threads->pdata[0] : NULL;
}

/* ---- ids ---- */

void
gdb_append_id (const GdbServer *s, GString *out, pid_t tid)
{
  if (s->multiprocess)
    g_string_append_printf (out, "p%x.", (unsigned)getpid ());
  g_string_append_printf (out, "%x", (unsigned)tid);
}

/* A number or -1. */
static bool
parse_id_part (const char **text, pid_t *ret)
{
  uint64_t value;
  if (g_str_has_prefix (*text, "-1")) {
    *text += 2;
    *ret = -1;
    return true;
  }
  if (!gdb_parse_hex (text, &value) || value > INT32_MAX)
    return false;
  *ret = (pid_t)value;
  return true;
}

bool
gdb_parse_id (const char **text, pid_t *ret_tid)
{
  pid_t pid;
  if (**text != 'p')
    return parse_id_part (text, ret_tid);
  ++*text;
  if (!parse_id_part (text, &pid) || (pid > 0 && pid != getpid ()))
    return false;
  *ret_tid = -1; /* a process stands for all its threads */
  if (**text != '.')
    return true;
  ++*text;
  return parse_id_part (text, ret_tid);
}

/* ---- stops ---- */

void
gdb_thread_select (GdbServer *s, GdbThread *t, const GdbStop *stop)
{
  s->current = t;
  s->last = *stop;
  s->general = s->resume = t != NULL ? t->tid : 0;
}

static int
stop_signal (const GdbStop *stop)
{
  switch (stop->kind) {
    case GDB_STOP_NONE:
    case GDB_STOP_IDLE: return 0;
    case GDB_STOP_INTERRUPT: return gdb_signal_from_guest (SIGINT);
    case GDB_STOP_SIGNAL: return gdb_signal_from_guest (stop->info.si_signo);
    default: return gdb_signal_from_guest (SIGTRAP);
  }
}

void
gdb_append_stop (GdbServer *s)
{
  const GdbStop *stop = &s->last;
  GString *out = s->reply;
  if (stop->kind == GDB_STOP_EXIT) {
    bool killed = stop->exit_sig != 0;
    g_string_append_printf (out, "%c%02x", killed ? 'X' : 'W',
                            killed ? gdb_signal_from_guest (stop->exit_sig) : stop->status & 0xff);
    if (s->multiprocess)
      g_string_append_printf (out, ";process:%x", (unsigned)getpid ());
    return;
  }
  if (stop->kind == GDB_STOP_IDLE && s->no_resumed) {
    g_string_append_c (out, 'N');
    return;
  }
  g_string_append_printf (out, "T%02x", stop_signal (stop));
  if (stop->kind == GDB_STOP_WATCH)
    g_string_append_printf (out, "%s:%" G_GINT64_MODIFIER "x;", stop->watch, stop->watch_addr);
  if (s->current != NULL) {
    g_string_append (out, "thread:");
    gdb_append_id (s, out, s->current->tid);
    g_string_append_c (out, ';');
  }
}

GdbNext
gdb_stop_reason (GdbServer *s, const char *args, size_t size)
{
  gdb_append_stop (s);
  return GDB_STAY;
}

/* ---- commands ---- */

GdbNext
gdb_set_thread (GdbServer *s, const char *args, size_t size)
{
  char which = *args;
  pid_t tid;
  if (which != 'g' && which != 'c')
    return gdb_error (s, EINVAL);
  args++;
  if (!gdb_parse_id (&args, &tid) || *args != '\0' || (tid > 0 && gdb_thread_find (s, tid) == NULL))
    return gdb_error (s, ESRCH);
  if (which == 'g')
    s->general = tid;
  else
    s->resume = tid;
  return gdb_ok (s);
}

GdbNext
gdb_thread_alive (GdbServer *s, const char *args, size_t size)
{
  pid_t tid;
  if (!gdb_parse_id (&args, &tid) || *args != '\0' || gdb_thread_find (s, tid) == NULL)
    return gdb_error (s, ESRCH);
  return gdb_ok (s);
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
    gdb_append_id (s, s->reply, t->tid);
  }
  return GDB_STAY;
}

GdbNext
gdb_first_threads (GdbServer *s, const char *args, size_t size)
{
  s->listed = 0;
  return gdb_next_threads (s, args, size);
}

char *
gdb_thread_name (pid_t tid)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/comm", (int)tid);
  char *name = NULL;
  if (!g_file_get_contents (path, &name, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (name);
}

GdbNext
gdb_thread_extra (GdbServer *s, const char *args, size_t size)
{
  pid_t tid;
  if (!gdb_parse_id (&args, &tid) || gdb_thread_find (s, tid) == NULL)
    return gdb_error (s, ESRCH);
  g_autofree char *name = gdb_thread_name (tid);
  gdb_append_hex (s->reply, name, strlen (name));
  return GDB_STAY;
}

GdbNext
gdb_current_thread (GdbServer *s, const char *args, size_t size)
{
  const GdbThread *t = gdb_general_thread (s);
  if (t == NULL)
    return gdb_error (s, ESRCH);
  g_string_append (s->reply, "QC");
  gdb_append_id (s, s->reply, t->tid);
  return GDB_STAY;
}
