/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The stub thread: see gdb-process.h. */

#include "gdb-stub.h"

#include "gdb-process.h"
#include "syscall/syscall.h"
#include "user-thread.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* The stub thread's own. */
static struct {
  bool lost; /* the connection is gone */
  uint8_t input[4096];
  size_t input_next, input_size;
} stub;

/* ---- bytes ---- */

void
gdb_stub_send (GdbServer *s, const char *data, size_t size)
{
  while (size > 0 && !stub.lost) {
    ssize_t n = send (gdb_process.socket, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      stub.lost = true;
    else if (n > 0) {
      data += n;
      size -= (size_t)n;
    }
  }
}

/* Waits for input, or (with `events`) for a guest thread. */
static void
wait_for_input (bool events)
{
  struct pollfd fds[] = { { .fd = gdb_process.socket, .events = POLLIN },
                          { .fd = gdb_process.wake, .events = POLLIN } };
  uint64_t count;
  if (poll (fds, events ? 2 : 1, -1) < 0)
    return;
  if (events && (fds[1].revents & POLLIN) && read (gdb_process.wake, &count, sizeof count) < 0)
    return;
  if (fds[0].revents == 0)
    return;
  ssize_t n = recv (gdb_process.socket, stub.input, sizeof stub.input, 0);
  if (n == 0 || (n < 0 && errno != EINTR))
    stub.lost = true;
  stub.input_next = 0;
  stub.input_size = n > 0 ? (size_t)n : 0;
}

/* What the bytes that have come ask for; GDB_STAY if nothing more. */
static GdbNext
next_order (void)
{
  GdbNext next = GDB_STAY;
  while (stub.input_next < stub.input_size && next == GDB_STAY)
    next = gdb_server_byte (&gdb_process.server, stub.input[stub.input_next++]);
  return next;
}

/* ---- the running guest ---- */

static GdbStop
for_gdb (const UserStop *stop)
{
  switch (stop->kind) {
    case USER_STOP_INTERRUPT: return (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = GDB_SIGNAL_INT };
    case USER_STOP_WATCH:
      return (GdbStop){ .kind = GDB_STOP_WATCH, .watch = stop->watch, .addr = stop->watch_addr };
    case USER_STOP_SIGNAL:
      return (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = gdb_signal_from_guest (stop->info.si_signo) };
    case USER_STOP_IDLE: return (GdbStop){ .kind = GDB_STOP_IDLE };
    case USER_STOP_EXIT:
      if (stop->exit_sig != 0)
        return (GdbStop){ .kind = GDB_STOP_KILLED, .value = gdb_signal_from_guest (stop->exit_sig) };
      return (GdbStop){ .kind = GDB_STOP_EXITED, .value = (unsigned)stop->status };
    default: return (GdbStop){ .kind = GDB_STOP_SIGNAL, .value = GDB_SIGNAL_TRAP };
  }
}

static void
tell_stop (GdbUserThread *t, const UserStop *stop)
{
  const GdbStop what = for_gdb (stop);
  GdbThread *thread = t != NULL ? &t->gdb : NULL;
  if (stop->kind != USER_STOP_INTERRUPT && t != NULL)
    t->reported = true;
  /* At the start it is gdb that asks. */
  if (stop->kind == USER_STOP_ATTACH)
    gdb_server_select (&gdb_process.server, thread, &what);
  else
    gdb_server_tell (&gdb_process.server, thread, &what);
}

/* A thread that waits for gdb to be told, with its stop. */
static GdbUserThread *
find_waiting (UserStop *ret_stop)
{
  GdbUserThread *found = NULL;
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < gdb_process.server.threads->len && found == NULL; i++) {
    GdbUserThread *t = gdb_process.server.threads->pdata[i];
    if (t->stop.kind != USER_STOP_NONE && !t->reported && !t->released && t->gdb.action != GDB_HOLD)
      found = t;
  }
  if (found != NULL)
    *ret_stop = found->stop;
  g_mutex_unlock (&gdb_lock);
  return found;
}

/* A thread that gdb lets run, the current one if it can be; NULL if all are held. */
static GdbUserThread *
find_running (void)
{
  GdbUserThread *found = NULL;
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < gdb_process.server.threads->len; i++) {
    GdbUserThread *t = gdb_process.server.threads->pdata[i];
    if (t->gdb.action != GDB_HOLD && (found == NULL || &t->gdb == gdb_process.server.current))
      found = t;
  }
  g_mutex_unlock (&gdb_lock);
  return found;
}

/* Until there is something to tell gdb: false if it is gone.  *ret_thread may be NULL where there is none in
 * particular. */
static bool
wait_for_stop (GdbUserThread **ret_thread, UserStop *ret_stop)
{
  while (!stub.lost) {
    *ret_stop = (UserStop){ .kind = USER_STOP_IDLE };
    *ret_thread = find_waiting (ret_stop);
    if (*ret_thread != NULL)
      return true;
    if (__atomic_exchange_n (&gdb_process.recheck, false, __ATOMIC_SEQ_CST) && find_running () == NULL)
      return true;
    if (next_order () == GDB_INTERRUPT) {
      ret_stop->kind = USER_STOP_INTERRUPT;
      return true;
    }
    if (stub.input_next == stub.input_size)
      wait_for_input (true);
  }
  return false;
}

/* ---- the stopped guest ---- */

/* Does what gdb says until it lets the guest go on, or leaves. */
static GdbNext
serve (void)
{
  while (!stub.lost) {
    GdbNext next = next_order ();
    if (next == GDB_STAY) {
      wait_for_input (false);
      continue;
    }
    GdbUserThread *waiting = next == GDB_RESUME ? gdb_resume_threads (&gdb_process) : NULL;
    if (waiting == NULL)
      return next;
    UserStop stop = waiting->stop;
    tell_stop (waiting, &stop);
    if (stop.kind == USER_STOP_EXIT) {
      waiting->released = true;
      return GDB_RESUME;
    }
  }
  return GDB_DETACH;
}

static void
resume_all (void)
{
  GPtrArray *threads = gdb_process.server.threads;
  gdb_sync_breakpoints (&gdb_process.server);
  for (guint i = 0; i < threads->len; i++) {
    const GdbUserThread *t = threads->pdata[i];
    user_thread_hold (t->user, t->gdb.action == GDB_HOLD);
  }
  g_mutex_lock (&gdb_lock);
  g_cond_broadcast (&gdb_process.released);
  g_mutex_unlock (&gdb_lock);
  user_resume_others ();
}

static void
detach (void)
{
  gdb_let_go (&gdb_process);
  g_mutex_lock (&gdb_lock);
  gdb_process.gone = true;
  g_mutex_unlock (&gdb_lock);
  user_debugger_set (NULL);
  user_fd_unhide (gdb_process.socket);
  close (gdb_process.socket);
  resume_all ();
}

/* The process ends whatever gdb says to that. */
static void
tell_exit (GdbUserThread *t, const UserStop *stop)
{
  tell_stop (t, stop);
  g_mutex_lock (&gdb_lock);
  t->released = true;
  g_cond_broadcast (&gdb_process.released);
  g_mutex_unlock (&gdb_lock);
}

/* What gdb sends before that is for a stopped program. */
static void
wait_for_attached_thread (void)
{
  struct pollfd fd = { .fd = gdb_process.wake, .events = POLLIN };
  while (poll (&fd, 1, -1) < 0)
    ;
}

static gpointer
stub_main (gpointer unused)
{
  GdbUserThread *t;
  UserStop stop;
  wait_for_attached_thread ();
  for (;;) {
    bool there = wait_for_stop (&t, &stop);
    if (there && stop.kind == USER_STOP_EXIT) {
      tell_exit (t, &stop);
      continue;
    }
    user_stop_others ();
    if (there && t == NULL)
      t = find_running ();
    if (there)
      tell_stop (t, &stop);
    GdbNext next = there ? serve () : GDB_DETACH;
    if (next == GDB_KILL)
      kill (getpid (), SIGKILL);
    if (next == GDB_DETACH) {
      detach ();
      return NULL;
    }
    resume_all ();
  }
}

/* ---- start ---- */

bool
gdb_listen (const char *where, GError **error)
{
  int fd = gdb_accept (where, error);
  if (fd < 0)
    return false;
  gdb_process.socket = user_fd_hide (fd);
  int wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  gdb_process.wake = wake < 0 ? -1 : user_fd_hide (wake);
  if (gdb_process.socket >= 0 && gdb_process.wake >= 0)
    return true;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_MFILE, "-g: no file descriptors are left");
  return false;
}

void
gdb_attach (UserThread *thread)
{
  const UserStop attached = { .kind = USER_STOP_ATTACH };
  gdb_process_init (&gdb_process, &gdb_process_target);
  user_debugger_set (&gdb_debugger);
  gdb_self = gdb_thread_add (&gdb_process, thread);
  g_thread_unref (g_thread_new ("gdb", stub_main, NULL));
  gdb_report (gdb_self, &attached);
}
