/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The process's threads: how gdb lets them go on. */

#include "gdb-process.h"

#include <sys/syscall.h>
#include <unistd.h>

GMutex gdb_lock;

GdbUserThread *
gdb_thread_add (GdbProcess *p, UserThread *user)
{
  GdbUserThread *t = g_new0 (GdbUserThread, 1);
  t->user = user;
  g_mutex_lock (&gdb_lock);
  gdb_server_add (&p->server, &t->gdb, user->tid, user->cpu);
  g_mutex_unlock (&gdb_lock);
  return t;
}

void
gdb_thread_remove (GdbProcess *p, GdbUserThread *t)
{
  g_mutex_lock (&gdb_lock);
  gdb_server_remove (&p->server, &t->gdb);
  g_mutex_unlock (&gdb_lock);
  g_free (t);
}

char *
gdb_thread_name (const GdbThread *t)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/comm", t->id);
  char *name = NULL;
  if (!g_file_get_contents (path, &name, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (name);
}

/* ---- going on ---- */

void
gdb_thread_signal (GdbThread *thread, unsigned number)
{
  GdbUserThread *t = (GdbUserThread *)thread;
  int sig = gdb_signal_to_guest (number);
  g_mutex_lock (&gdb_lock);
  bool in_signal = t->stop.kind == USER_STOP_SIGNAL && t->reported && !t->decided;
  if (in_signal) {
    t->deliver = sig;
    t->decided = true;
  }
  g_mutex_unlock (&gdb_lock);
  if (in_signal || sig == 0)
    return;
  /* It stopped for another reason, so the signal has to come to it from outside. */
  __atomic_or_fetch (&t->inject, UINT64_C (1) << (sig - 1), __ATOMIC_SEQ_CST);
  syscall (SYS_tgkill, getpid (), thread->id, sig);
}

/* Whether gdb must hear of a stop it does not know yet.  Otherwise it comes again by itself, or has become
 * meaningless. */
static bool
still_matters (const GdbUserThread *t)
{
  if (t->reported || t->released)
    return false;
  switch (t->stop.kind) {
    case USER_STOP_SIGNAL:
    case USER_STOP_EXIT: return true;
    case USER_STOP_WATCH: return gdb_watch_exists (t->stop.watch_addr);
    case USER_STOP_STEP: return t->gdb.action == GDB_STEP;
    default: return false;
  }
}

static GdbUserThread *
find_waiting (const GPtrArray *threads)
{
  for (guint i = 0; i < threads->len; i++) {
    GdbUserThread *t = threads->pdata[i];
    if (t->gdb.action != GDB_HOLD && still_matters (t))
      return t;
  }
  return NULL;
}

GdbUserThread *
gdb_resume_threads (GdbProcess *p)
{
  const GPtrArray *threads = p->server.threads;
  g_mutex_lock (&gdb_lock);
  GdbUserThread *waiting = find_waiting (threads);
  for (guint i = 0; i < threads->len && waiting == NULL; i++) {
    GdbUserThread *t = threads->pdata[i];
    if (t->gdb.action == GDB_HOLD)
      continue;
    t->gdb.cpu->single_step = gdb_thread_steps (&t->gdb);
    t->released = true;
  }
  g_mutex_unlock (&gdb_lock);
  return waiting;
}

void
gdb_let_go (GdbProcess *p)
{
  gdb_remove_points (&p->server);
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < p->server.threads->len; i++) {
    GdbUserThread *t = p->server.threads->pdata[i];
    t->gdb.action = GDB_CONTINUE;
    gdb_watch_cancel (&t->gdb);
    t->gdb.cpu->single_step = false;
    /* A trap was the debugger's business, whoever caused it. */
    if (t->stop.kind == USER_STOP_SIGNAL && t->reported && !t->decided && t->deliver == SIGTRAP)
      t->deliver = 0;
    t->released = true;
  }
  g_mutex_unlock (&gdb_lock);
}
