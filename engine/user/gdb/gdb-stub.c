/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The stub thread, and the guest threads' way to it: see gdb-server.h. */

#include "gdb-stub.h"

#include "gdb-server.h"
#include "syscall/syscall.h"
#include "user-debug.h"
#include "user-thread.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
  GdbServer server; /* must be first */
  GdbReader reader;
  int socket, wake; /* wake: an eventfd by which guest threads wake the stub thread */
  bool lost;        /* the connection is gone */
  bool gone;        /* the stub thread is; protected by gdb_lock */
  bool recheck;     /* a thread has ended: perhaps none is left to run; atomic */
  GCond released;   /* with gdb_lock */
  GString *sent;    /* the last packet, in case gdb wants it again */
  uint8_t input[4096];
  size_t input_next, input_size;
} Stub;

static Stub stub = {.socket = -1, .wake = -1};

/* ---- guest threads ---- */

static void
wake_stub (void)
{
  const uint64_t one = 1;
  while (write (stub.wake, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

/* Rests until gdb lets the calling guest thread go on; returns the signal to go on with. */
static int
gdb_report (GdbThread *t, const GdbStop *stop)
{
  user_rest_begin (t->user);
  g_mutex_lock (&gdb_lock);
  t->stop = *stop;
  t->reported = t->decided = t->released = false;
  t->deliver = stop->kind == GDB_STOP_SIGNAL ? stop->info.si_signo : 0;
  wake_stub ();
  while (!t->released && !stub.gone)
    g_cond_wait (&stub.released, &gdb_lock);
  t->stop.kind = GDB_STOP_NONE;
  int deliver = t->deliver;
  g_mutex_unlock (&gdb_lock);
  user_rest_end (t->user);
  return deliver;
}

/* A process in its parent's memory is not debugged, but shares breakpoints with who is: it runs past them. */
static void
run_undisturbed (Cpu *cpu)
{
  gdb_watch_cpu (cpu, false);
  cpu->single_step = false;
  cpu->interpret = cpu->ignore_breakpoints = true;
  cpu_invalidate (cpu->state.pc, 1);
}

static void
leave_handler_start (GdbThread *t)
{
  if (t->entering != 0)
    cpu_breakpoint_remove (t->entering);
  t->entering = 0;
}

static void
on_stopped (UserThread *user)
{
  GdbThread *t = gdb_self;
  Cpu *cpu = user->cpu;
  uint64_t pc = cpu->state.pc;
  GdbStop stop = {.kind = GDB_STOP_NONE};
  if (user->vm_process || t == NULL) {
    run_undisturbed (cpu);
    return;
  }
  bool watched = gdb_watch_stopped (t, &stop), entered = t->entering != 0;
  leave_handler_start (t);
  if (!watched && cpu->single_step) {
    bool inside = pc >= t->range_start && pc < t->range_end && !gdb_has_breakpoint (&stub.server, pc);
    if (entered || !inside)
      stop.kind = GDB_STOP_STEP;
  } else if (!watched && gdb_has_breakpoint (&stub.server, pc))
    stop.kind = GDB_STOP_BREAKPOINT;
  if (stop.kind != GDB_STOP_NONE)
    gdb_report (t, &stop);
}

/* A step over the start of a handler ends there. */
static void
expect_handler (GdbThread *t, int sig)
{
  UserSighand *hand = t->user->sighand;
  g_mutex_lock (&hand->lock);
  uint64_t handler = hand->action[sig].handler;
  g_mutex_unlock (&hand->lock);
  leave_handler_start (t);
  if (handler == (uintptr_t)SIG_DFL || handler == (uintptr_t)SIG_IGN)
    return;
  t->entering = handler;
  cpu_breakpoint_insert (handler);
}

static int
on_signal (UserThread *user, const siginfo_t *info)
{
  GdbThread *t = gdb_self;
  int sig = info->si_signo;
  uint64_t bit = UINT64_C (1) << (sig - 1);
  if (user->vm_process || t == NULL)
    return sig;
  gdb_watch_cancel (t);
  bool injected = (__atomic_fetch_and (&t->inject, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
  if (!injected && !(stub.server.pass & bit)) {
    GdbStop stop = {.kind = GDB_STOP_SIGNAL, .info = *info};
    sig = gdb_report (t, &stop);
  }
  if (sig != 0 && user->cpu->single_step)
    expect_handler (t, sig);
  return sig;
}

static void
on_thread_started (UserThread *user)
{
  user->cpu->single_step = false;
  gdb_self = gdb_thread_add (&stub.server, user);
}

static void
report_exit (int status, int sig)
{
  GdbStop stop = {.kind = GDB_STOP_EXIT, .status = status, .exit_sig = sig};
  if (gdb_self != NULL && !user_self->vm_process)
    gdb_report (gdb_self, &stop);
}

static void
on_thread_exiting (UserThread *user)
{
  GdbThread *t = gdb_self;
  if (t == NULL)
    return;
  g_mutex_lock (&gdb_lock);
  bool last = stub.server.threads->len == 1;
  g_mutex_unlock (&gdb_lock);
  if (last)
    report_exit (user->exit_status, 0);
  leave_handler_start (t);
  gdb_self = NULL;
  gdb_thread_remove (&stub.server, t);
  __atomic_store_n (&stub.recheck, true, __ATOMIC_SEQ_CST);
  wake_stub ();
}

/* The child has no stub thread; it keeps the two descriptors' numbers hidden. */
static void
on_forked_child (UserThread *user)
{
  close (stub.socket);
  close (stub.wake);
  user->cpu->single_step = false;
  user->cpu->ignore_breakpoints = false;
  gdb_watch_cpu (user->cpu, false);
  cpu_breakpoints_forget ();
  gdb_self = NULL;
  user_debugger_set (NULL);
}

static const UserDebugger debugger = {
    .stopped = on_stopped,
    .signal = on_signal,
    .thread_started = on_thread_started,
    .thread_exiting = on_thread_exiting,
    .exiting = report_exit,
    .forked_child = on_forked_child,
};

/* ---- the stub thread: bytes ---- */

static void
send_bytes (const char *data, size_t size)
{
  while (size > 0 && !stub.lost) {
    ssize_t n = send (stub.socket, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      stub.lost = true;
    else if (n > 0) {
      data += n;
      size -= (size_t)n;
    }
  }
}

static void
send_packet (GdbServer *s, const char *data, size_t size)
{
  g_string_truncate (stub.sent, 0);
  gdb_frame (stub.sent, data, size);
  send_bytes (stub.sent->str, stub.sent->len);
}

/* Waits for input, or (with `events`) for a guest thread. */
static void
wait_for_input (bool events)
{
  struct pollfd fds[] = {{.fd = stub.socket, .events = POLLIN}, {.fd = stub.wake, .events = POLLIN}};
  uint64_t count;
  if (poll (fds, events ? 2 : 1, -1) < 0)
    return;
  if (events && (fds[1].revents & POLLIN) && read (stub.wake, &count, sizeof count) < 0)
    return;
  if (fds[0].revents == 0)
    return;
  ssize_t n = recv (stub.socket, stub.input, sizeof stub.input, 0);
  if (n == 0 || (n < 0 && errno != EINTR))
    stub.lost = true;
  stub.input_next = 0;
  stub.input_size = n > 0 ? (size_t)n : 0;
}

/* What the bytes that have come amount to; they are acknowledged. */
static GdbIn
next_input (void)
{
  while (stub.input_next < stub.input_size) {
    GdbIn in = gdb_reader_byte (&stub.reader, stub.input[stub.input_next++]);
    bool packet = in == GDB_IN_PACKET || in == GDB_IN_TOO_LONG;
    if ((packet || in == GDB_IN_DAMAGED) && !stub.server.no_ack)
      send_bytes (packet ? "+" : "-", 1);
    if (in != GDB_IN_NOTHING)
      return in;
  }
  return GDB_IN_NOTHING;
}

/* ---- the stub thread: the running guest ---- */

static void
tell_stop (GdbThread *t, const GdbStop *stop)
{
  GdbServer *s = &stub.server;
  gdb_thread_select (s, t, stop);
  if (stop->kind != GDB_STOP_INTERRUPT && t != NULL)
    t->reported = true;
  /* At the start it is gdb that asks. */
  if (stop->kind == GDB_STOP_ATTACH)
    return;
  g_string_truncate (s->reply, 0);
  gdb_append_stop (s);
  send_packet (s, s->reply->str, s->reply->len);
}

/* A thread that waits for gdb to be told, with its stop. */
static GdbThread *
find_waiting (GdbStop *ret_stop)
{
  GdbThread *found = NULL;
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < stub.server.threads->len && found == NULL; i++) {
    GdbThread *t = stub.server.threads->pdata[i];
    if (t->stop.kind != GDB_STOP_NONE && !t->reported && !t->released && t->action != GDB_HOLD)
      found = t;
  }
  if (found != NULL)
    *ret_stop = found->stop;
  g_mutex_unlock (&gdb_lock);
  return found;
}

/* A thread that gdb lets run, the current one if it can be; NULL if all are held. */
static GdbThread *
find_running (void)
{
  GdbThread *found = NULL;
  g_mutex_lock (&gdb_lock);
  for (guint i = 0; i < stub.server.threads->len; i++) {
    GdbThread *t = stub.server.threads->pdata[i];
    if (t->action != GDB_HOLD && (found == NULL || t == stub.server.current))
      found = t;
  }
  g_mutex_unlock (&gdb_lock);
  return found;
}

/* Until there is something to tell gdb: false if it is gone.  *ret_thread may be NULL where there is none in
 * particular. */
static bool
wait_for_stop (GdbThread **ret_thread, GdbStop *ret_stop)
{
  while (!stub.lost) {
    *ret_stop = (GdbStop){.kind = GDB_STOP_IDLE};
    *ret_thread = find_waiting (ret_stop);
    if (*ret_thread != NULL)
      return true;
    if (__atomic_exchange_n (&stub.recheck, false, __ATOMIC_SEQ_CST) && find_running () == NULL)
      return true;
    GdbIn in = next_input ();
    if (in == GDB_IN_INTERRUPT) {
      ret_stop->kind = GDB_STOP_INTERRUPT;
      return true;
    }
    if (in == GDB_IN_NOTHING)
      wait_for_input (true);
  }
  return false;
}

/* ---- the stub thread: the stopped guest ---- */

static GdbNext
handle_input (GdbIn in)
{
  GdbServer *s = &stub.server;
  switch (in) {
    case GDB_IN_PACKET: return gdb_command (s, stub.reader.data, stub.reader.size);
    case GDB_IN_TOO_LONG: s->send (s, "E22", 3); return GDB_STAY;
    case GDB_IN_REPEAT:
      if (!s->no_ack)
        send_bytes (stub.sent->str, stub.sent->len);
      return GDB_STAY;
    default: return GDB_STAY;
  }
}

/* Does what gdb says until it lets the guest go on, or leaves. */
static GdbNext
serve (void)
{
  while (!stub.lost) {
    GdbIn in = next_input ();
    if (in == GDB_IN_NOTHING) {
      wait_for_input (false);
      continue;
    }
    GdbNext next = handle_input (in);
    GdbThread *waiting = next == GDB_RESUME ? gdb_resume_threads (&stub.server) : NULL;
    if (waiting != NULL) {
      GdbStop stop = waiting->stop;
      tell_stop (waiting, &stop);
      if (stop.kind == GDB_STOP_EXIT)
        waiting->released = true, next = GDB_RESUME;
      else
        next = GDB_STAY;
    }
    if (next != GDB_STAY)
      return next;
  }
  return GDB_DETACH;
}

static void
resume_all (void)
{
  GPtrArray *threads = stub.server.threads;
  for (guint i = 0; i < threads->len; i++) {
    const GdbThread *t = threads->pdata[i];
    user_thread_hold (t->user, t->action == GDB_HOLD);
  }
  g_mutex_lock (&gdb_lock);
  g_cond_broadcast (&stub.released);
  g_mutex_unlock (&gdb_lock);
  user_resume_others ();
}

static void
detach (void)
{
  gdb_let_go (&stub.server);
  g_mutex_lock (&gdb_lock);
  stub.gone = true;
  g_mutex_unlock (&gdb_lock);
  user_debugger_set (NULL);
  user_fd_unhide (stub.socket);
  close (stub.socket);
  resume_all ();
}

/* The process ends whatever gdb says to that. */
static void
tell_exit (GdbThread *t, const GdbStop *stop)
{
  tell_stop (t, stop);
  g_mutex_lock (&gdb_lock);
  t->released = true;
  g_cond_broadcast (&stub.released);
  g_mutex_unlock (&gdb_lock);
}

/* What gdb sends before that is for a stopped program. */
static void
wait_for_attached_thread (void)
{
  struct pollfd fd = {.fd = stub.wake, .events = POLLIN};
  while (poll (&fd, 1, -1) < 0)
    ;
}

static gpointer
stub_main (gpointer unused)
{
  GdbThread *t;
  GdbStop stop;
  wait_for_attached_thread ();
  for (;;) {
    bool there = wait_for_stop (&t, &stop);
    if (there && stop.kind == GDB_STOP_EXIT) {
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
  stub.socket = user_fd_hide (fd);
  int wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  stub.wake = wake < 0 ? -1 : user_fd_hide (wake);
  if (stub.socket >= 0 && stub.wake >= 0)
    return true;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_MFILE, "-g: no file descriptors are left");
  return false;
}

void
gdb_attach (UserThread *thread)
{
  const GdbStop attached = {.kind = GDB_STOP_ATTACH};
  gdb_server_init (&stub.server);
  stub.server.send = send_packet;
  stub.sent = g_string_sized_new (GDB_PACKET_MAX);
  user_debugger_set (&debugger);
  gdb_self = gdb_thread_add (&stub.server, thread);
  g_thread_unref (g_thread_new ("gdb", stub_main, NULL));
  gdb_report (gdb_self, &attached);
}
