/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-user.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* libslirp names the sockets it waits for anew before each sleep. An epoll set holds them, so that the main
 * context has one descriptor to poll and the kernel is told of changes only. */
typedef struct {
  uint32_t registered; /* events in the epoll set; 0: not in it */
  uint32_t wanted, ready;
} PollFd;

typedef struct {
  SlirpTimerId id;
  void *opaque;
  int64_t when_ms; /* -1: not armed */
} Timer;

typedef struct {
  GSource source; /* must be first */
  UserPoll *poll;
} PollSource;

struct UserPoll {
  NetBackend *net;
  Slirp *slirp;
  GSource *source;
  int epoll;
  GPollFD pollfd;
  GArray *fds;              /* PollFd, by descriptor */
  GArray *current, *before; /* int: descriptors asked for at the last fill, and the one before */
  GPtrArray *timers;
  int64_t deadline; /* µs of the monotonic clock; -1: none */
  bool soon;
};

GMutex user_slirp_lock;

static PollFd *
poll_fd (UserPoll *poll, int fd)
{
  if ((unsigned)fd >= poll->fds->len)
    g_array_set_size (poll->fds, (unsigned)fd + 1);
  return &g_array_index (poll->fds, PollFd, fd);
}

static void
set_events (UserPoll *poll, int fd, uint32_t events)
{
  PollFd *entry = poll_fd (poll, fd);
  struct epoll_event event = { .events = events, .data.fd = fd };
  if (entry->registered == events)
    return;
  /* A descriptor that was closed has left the set by itself; one that was not is known there already. */
  if (events == 0)
    epoll_ctl (poll->epoll, EPOLL_CTL_DEL, fd, NULL);
  else if (epoll_ctl (poll->epoll, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
    epoll_ctl (poll->epoll, EPOLL_CTL_ADD, fd, &event);
  entry->registered = events;
}

static int
add_poll (int fd, int events, void *opaque)
{
  UserPoll *poll = opaque;
  PollFd *entry = poll_fd (poll, fd);
  entry->wanted = (events & SLIRP_POLL_IN ? EPOLLIN : 0) | (events & SLIRP_POLL_OUT ? EPOLLOUT : 0) |
                  (events & SLIRP_POLL_PRI ? EPOLLPRI : 0) | EPOLLERR | EPOLLHUP;
  g_array_append_val (poll->current, fd);
  return fd;
}

static int
get_revents (int fd, void *opaque)
{
  UserPoll *poll = opaque;
  const uint32_t ready = fd >= 0 && (unsigned)fd < poll->fds->len ? poll_fd (poll, fd)->ready : 0;
  return (ready & EPOLLIN ? SLIRP_POLL_IN : 0) | (ready & EPOLLOUT ? SLIRP_POLL_OUT : 0) |
         (ready & EPOLLPRI ? SLIRP_POLL_PRI : 0) | (ready & EPOLLERR ? SLIRP_POLL_ERR : 0) |
         (ready & EPOLLHUP ? SLIRP_POLL_HUP : 0);
}

/* Asks libslirp what it waits for; returns how long at most, in ms, or UINT32_MAX. */
static uint32_t
fill (UserPoll *poll)
{
  enum { SLIRP_IDLE_MS = 1000 };
  GArray *const before = poll->current;
  uint32_t timeout = UINT32_MAX;
  poll->current = poll->before;
  poll->before = before;
  g_array_set_size (poll->current, 0);
  for (unsigned i = 0; i < before->len; i++)
    poll_fd (poll, g_array_index (before, int, i))->wanted = 0;
  slirp_pollfds_fill (poll->slirp, &timeout, add_poll, poll);
  for (unsigned i = 0; i < before->len; i++) {
    const int fd = g_array_index (before, int, i);
    if (!poll_fd (poll, fd)->wanted)
      set_events (poll, fd, 0);
  }
  for (unsigned i = 0; i < poll->current->len; i++) {
    const int fd = g_array_index (poll->current, int, i);
    set_events (poll, fd, poll_fd (poll, fd)->wanted);
  }
  /* It never lets more than a second pass, even with nothing to wait for; then there is no need to wake up.
   */
  return timeout >= SLIRP_IDLE_MS ? UINT32_MAX : timeout;
}

static int64_t
next_timer (UserPoll *poll)
{
  int64_t next = INT64_MAX;
  for (unsigned i = 0; i < poll->timers->len; i++) {
    const Timer *timer = poll->timers->pdata[i];
    if (timer->when_ms >= 0)
      next = MIN (next, timer->when_ms);
  }
  return next;
}

static gboolean
prepare (GSource *source, int *timeout_ms)
{
  UserPoll *poll = ((PollSource *)source)->poll;
  /* The batch of frames that the guest has sent, or we have dispatched, is over. */
  net_receive_done (poll->net);
  g_mutex_lock (&user_slirp_lock);
  const uint32_t timeout = fill (poll);
  g_mutex_unlock (&user_slirp_lock);
  const int64_t now = g_get_monotonic_time (), timer = next_timer (poll);
  int64_t deadline = timeout == UINT32_MAX ? INT64_MAX : now + timeout * INT64_C (1000);
  if (timer != INT64_MAX)
    deadline = MIN (deadline, timer * 1000);
  poll->deadline = deadline;
  *timeout_ms = deadline == INT64_MAX ? -1 : (int)CLAMP ((deadline - now + 999) / 1000, 0, G_MAXINT);
  return poll->soon;
}

static gboolean
check (GSource *source)
{
  const UserPoll *poll = ((PollSource *)source)->poll;
  return poll->soon || poll->pollfd.revents ||
         (poll->deadline != INT64_MAX && g_get_monotonic_time () >= poll->deadline);
}

static void
collect_events (UserPoll *poll)
{
  enum { MAX_EVENTS = 256 };
  struct epoll_event events[MAX_EVENTS];
  for (unsigned i = 0; i < poll->current->len; i++)
    poll_fd (poll, g_array_index (poll->current, int, i))->ready = 0;
  const int n = epoll_wait (poll->epoll, events, MAX_EVENTS, 0);
  for (int i = 0; i < n; i++)
    poll_fd (poll, events[i].data.fd)->ready = events[i].events;
}

static void
run_timers (UserPoll *poll)
{
  const int64_t now_ms = g_get_monotonic_time () / 1000;
  for (unsigned i = 0; i < poll->timers->len; i++) {
    Timer *timer = poll->timers->pdata[i];
    if (timer->when_ms < 0 || timer->when_ms > now_ms)
      continue;
    timer->when_ms = -1;
    slirp_handle_timer (poll->slirp, timer->id, timer->opaque);
  }
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, void *data)
{
  UserPoll *poll = ((PollSource *)source)->poll;
  poll->soon = false;
  g_mutex_lock (&user_slirp_lock);
  collect_events (poll);
  run_timers (poll);
  slirp_pollfds_poll (poll->slirp, 0, get_revents, poll);
  g_mutex_unlock (&user_slirp_lock);
  net_receive_done (poll->net);
  return G_SOURCE_CONTINUE;
}

UserPoll *
user_poll_new (NetBackend *net)
{
  UserPoll *poll = g_new0 (UserPoll, 1);
  poll->net = net;
  poll->epoll = epoll_create1 (EPOLL_CLOEXEC);
  poll->fds = g_array_new (FALSE, TRUE, sizeof (PollFd));
  poll->current = g_array_new (FALSE, FALSE, sizeof (int));
  poll->before = g_array_new (FALSE, FALSE, sizeof (int));
  poll->timers = g_ptr_array_new_with_free_func (g_free);
  return poll;
}

void
user_poll_free (UserPoll *poll)
{
  if (!poll)
    return;
  if (poll->epoll >= 0)
    close (poll->epoll);
  g_array_unref (poll->fds);
  g_array_unref (poll->current);
  g_array_unref (poll->before);
  g_ptr_array_unref (poll->timers);
  g_free (poll);
}

void
user_poll_set_slirp (UserPoll *poll, Slirp *slirp)
{
  poll->slirp = slirp;
}

void
user_poll_start (UserPoll *poll, GMainContext *context)
{
  static GSourceFuncs funcs = { .prepare = prepare, .check = check, .dispatch = dispatch };
  poll->source = g_source_new (&funcs, sizeof (PollSource));
  ((PollSource *)poll->source)->poll = poll;
  poll->pollfd = (GPollFD){ .fd = poll->epoll, .events = G_IO_IN };
  poll->soon = true;
  g_source_add_poll (poll->source, &poll->pollfd);
  g_source_attach (poll->source, context);
}

void
user_poll_stop (UserPoll *poll)
{
  g_source_destroy (poll->source);
  g_clear_pointer (&poll->source, g_source_unref);
}

void
user_poll_soon (UserPoll *poll)
{
  poll->soon = true;
}

void
user_poll_forget_fd (UserPoll *poll, int fd)
{
  if (fd < 0)
    return;
  epoll_ctl (poll->epoll, EPOLL_CTL_DEL, fd, NULL);
  *poll_fd (poll, fd) = (PollFd){ 0 };
}

void *
user_poll_timer_new (UserPoll *poll, SlirpTimerId id, void *opaque)
{
  Timer *timer = g_new (Timer, 1);
  *timer = (Timer){ id, opaque, -1 };
  g_ptr_array_add (poll->timers, timer);
  return timer;
}

void
user_poll_timer_set (UserPoll *poll, void *timer, int64_t when_ms)
{
  ((Timer *)timer)->when_ms = when_ms;
}

void
user_poll_timer_free (UserPoll *poll, void *timer)
{
  g_ptr_array_remove (poll->timers, timer);
}
