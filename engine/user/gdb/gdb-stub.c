/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The stub thread: see gdb-server.h. */

#include "gdb-stub.h"

#include "gdb-link.h"
#include "syscall/syscall.h"
#include "user-thread.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* The stub thread's own. */
static struct {
  GdbReader reader;
  bool lost;     /* the connection is gone */
  GString *sent; /* the last packet, in case gdb wants it again */
  uint8_t input[4096];
  size_t input_next, input_size;
} stub;

/* ---- bytes ---- */

static void
send_bytes (const char *data, size_t size)
{
  while (size > 0 && !stub.lost) {
    ssize_t n = send (gdb_link.socket, data, size, MSG_NOSIGNAL);
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
  struct pollfd fds[] = { { .fd = gdb_link.socket, .events = POLLIN },
                          { .fd = gdb_link.wake, .events = POLLIN } };
  uint64_t count;
  if (poll (fds, events ? 2 : 1, -1) < 0)
    return;
  if (events && (fds[1].revents & POLLIN) && read (gdb_link.wake, &count, sizeof count) < 0)
    return;
  if (fds[0].revents == 0)
    return;
  ssize_t n = recv (gdb_link.socket, stub.input, sizeof stub.input, 0);
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
    if ((packet || in == GDB_IN_DAMAGED) && !gdb_link.server.no_ack)
      send_bytes (packet ? "+" : "-", 1);
    if (in != GDB_IN_NOTHING)
      return in;
  }
  return GDB_IN_NOTHING;
}

/* ---- the running guest ---- */

static void
tell_stop (GdbThread *t, const GdbStop *stop)
{
  GdbServer *s = &gdb_link.server;
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
  for (guint i = 0; i < gdb_link.server.threads->len && found == NULL; i++) {
    GdbThread *t = gdb_link.server.threads->pdata[i];
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
  for (guint i = 0; i < gdb_link.server.threads->len; i++) {
    GdbThread *t = gdb_link.server.threads->pdata[i];
    if (t->action != GDB_HOLD && (found == NULL || t == gdb_link.server.current))
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
    *ret_stop = (GdbStop){ .kind = GDB_STOP_IDLE };
    *ret_thread = find_waiting (ret_stop);
    if (*ret_thread != NULL)
      return true;
    if (__atomic_exchange_n (&gdb_link.recheck, false, __ATOMIC_SEQ_CST) && find_running () == NULL)
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

/* ---- the stopped guest ---- */

static GdbNext
handle_input (GdbIn in)
{
  GdbServer *s = &gdb_link.server;
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
    GdbThread *waiting = next == GDB_RESUME ? gdb_resume_threads (&gdb_link.server) : NULL;
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
  GPtrArray *threads = gdb_link.server.threads;
  for (guint i = 0; i < threads->len; i++) {
    const GdbThread *t = threads->pdata[i];
    user_thread_hold (t->user, t->action == GDB_HOLD);
  }
  g_mutex_lock (&gdb_lock);
  g_cond_broadcast (&gdb_link.released);
  g_mutex_unlock (&gdb_lock);
  user_resume_others ();
}

static void
detach (void)
{
  gdb_let_go (&gdb_link.server);
  g_mutex_lock (&gdb_lock);
  gdb_link.gone = true;
  g_mutex_unlock (&gdb_lock);
  user_debugger_set (NULL);
  user_fd_unhide (gdb_link.socket);
  close (gdb_link.socket);
  resume_all ();
}

/* The process ends whatever gdb says to that. */
static void
tell_exit (GdbThread *t, const GdbStop *stop)
{
  tell_stop (t, stop);
  g_mutex_lock (&gdb_lock);
  t->released = true;
  g_cond_broadcast (&gdb_link.released);
  g_mutex_unlock (&gdb_lock);
}

/* What gdb sends before that is for a stopped program. */
static void
wait_for_attached_thread (void)
{
  struct pollfd fd = { .fd = gdb_link.wake, .events = POLLIN };
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
  gdb_link.socket = user_fd_hide (fd);
  int wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  gdb_link.wake = wake < 0 ? -1 : user_fd_hide (wake);
  if (gdb_link.socket >= 0 && gdb_link.wake >= 0)
    return true;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_MFILE, "-g: no file descriptors are left");
  return false;
}

void
gdb_attach (UserThread *thread)
{
  const GdbStop attached = { .kind = GDB_STOP_ATTACH };
  gdb_server_init (&gdb_link.server);
  gdb_link.server.send = send_packet;
  stub.sent = g_string_sized_new (GDB_PACKET_MAX);
  user_debugger_set (&gdb_debugger);
  gdb_self = gdb_thread_add (&gdb_link.server, thread);
  g_thread_unref (g_thread_new ("gdb", stub_main, NULL));
  gdb_report (gdb_self, &attached);
}
