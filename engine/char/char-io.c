/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Bytes between a descriptor and a device: reads as much as the device takes, keeps what the descriptor does
 * not. */

#include "chardev-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FDS = 16 }; /* of a message; the kernel closes the others */

typedef struct {
  void (*ready) (void *opaque);
  void *opaque;
} Waiting;

static void
drop_source (GSource **source)
{
  if (*source) {
    g_source_destroy (*source);
    g_source_unref (*source);
    *source = NULL;
  }
}

size_t
chardev_room (Chardev *chr)
{
  if (!chr->attached)
    return 0;
  size_t room = chr->frontend.can_receive (chr->opaque);
  if (room == 0) {
    /* The device may have made room before it could see that we wait for that. */
    g_atomic_int_set (&chr->paused, 1);
    room = chr->frontend.can_receive (chr->opaque);
    if (room)
      g_atomic_int_set (&chr->paused, 0);
  }
  return room;
}

static void
hangup (Chardev *chr)
{
  drop_source (&chr->in_source);
  chr->in_fd = -1;
  if (chr->kind->hangup)
    chr->kind->hangup (chr);
}

void
chardev_close_fds (Chardev *chr)
{
  for (int fd; (fd = chardev_take_fd (chr)) >= 0;)
    close (fd);
}

/* Those of a message take the place of those before, so a peer cannot pile them up. */
static void
keep_fds (Chardev *chr, struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c; c = CMSG_NXTHDR (message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
      continue;
    chardev_close_fds (chr);
    if (!chr->fds)
      chr->fds = g_array_new (FALSE, FALSE, sizeof (int));
    g_array_append_vals (chr->fds, CMSG_DATA (c), (unsigned)((c->cmsg_len - CMSG_LEN (0)) / sizeof (int)));
  }
}

static ssize_t
read_some (Chardev *chr, int fd, uint8_t *data, size_t size)
{
  if (!chr->out_is_socket || fd != chr->out_fd)
    return read (fd, data, size);
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  struct iovec iov = { data, size };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  const ssize_t n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
  if (n >= 0)
    keep_fds (chr, &message);
  return n;
}

static gboolean
on_readable (int fd, GIOCondition condition, void *opaque)
{
  Chardev *chr = opaque;
  uint8_t buffer[4096];
  const size_t room = chardev_room (chr);
  if (room == 0) {
    drop_source (&chr->in_source);
    return G_SOURCE_REMOVE;
  }
  const ssize_t n = read_some (chr, fd, buffer, MIN (room, sizeof buffer));
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  chr->refs++; /* The device may free it. */
  if (n > 0)
    chr->frontend.receive (chr->opaque, buffer, (size_t)n);
  else
    hangup (chr);
  chardev_free (chr);
  return G_SOURCE_CONTINUE;
}

static void
chardev_input_resume (Chardev *chr)
{
  g_atomic_int_set (&chr->paused, 0);
  if (chr->in_fd < 0 || chr->in_source || !chr->attached)
    return;
  chr->in_source = g_unix_fd_source_new (chr->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (chr->in_source, G_SOURCE_FUNC (on_readable), chr, NULL);
  g_source_attach (chr->in_source, NULL);
}

static gboolean
on_idle (void *opaque)
{
  Chardev *chr = opaque;
  g_mutex_lock (&chr->lock);
  const unsigned todo = chr->todo;
  const bool open = chr->frontend_open;
  chr->todo = 0;
  drop_source (&chr->idle);
  GSList *waiting = todo & CHARDEV_DO_READY ? g_steal_pointer (&chr->waiting) : NULL;
  g_mutex_unlock (&chr->lock);
  chr->refs++;
  if (todo & CHARDEV_DO_EVENT && chr->attached && chr->frontend.event)
    chr->frontend.event (chr->opaque, chr->connected);
  if (todo & CHARDEV_DO_HANGUP && chr->in_fd >= 0 && chr->kind->hangup)
    hangup (chr);
  if (todo & CHARDEV_DO_OPEN && chr->attached && chr->kind->frontend_open)
    chr->kind->frontend_open (chr, open);
  if (todo & CHARDEV_DO_RESUME)
    (chr->kind->resume ? chr->kind->resume : chardev_input_resume) (chr);
  for (GSList *l = waiting; l; l = l->next) {
    const Waiting *w = l->data;
    w->ready (w->opaque);
  }
  g_slist_free_full (waiting, g_free);
  chardev_free (chr);
  return G_SOURCE_REMOVE;
}

void
chardev_kick (Chardev *chr, unsigned todo)
{
  chr->todo |= todo;
  if (chr->idle)
    return;
  chr->idle = g_idle_source_new ();
  g_source_set_priority (chr->idle, G_PRIORITY_HIGH);
  g_source_set_callback (chr->idle, on_idle, chr, NULL);
  g_source_attach (chr->idle, NULL);
}

void
chardev_set_connected (Chardev *chr, bool connected)
{
  if (chr->connected == connected)
    return;
  chr->connected = connected;
  g_mutex_lock (&chr->lock);
  chardev_kick (chr, CHARDEV_DO_EVENT | (connected ? 0 : CHARDEV_DO_READY));
  g_mutex_unlock (&chr->lock);
}

void
chardev_set_fds (Chardev *chr, int in_fd, int out_fd)
{
  drop_source (&chr->in_source);
  chr->in_fd = in_fd;
  chardev_close_fds (chr);
  g_mutex_lock (&chr->lock);
  drop_source (&chr->out_source);
  struct stat st;
  chr->out_fd = out_fd;
  chr->out_is_socket = out_fd >= 0 && fstat (out_fd, &st) == 0 && S_ISSOCK (st.st_mode);
  g_byte_array_set_size (chr->pending, 0);
  g_mutex_unlock (&chr->lock);
  if (in_fd >= 0)
    chardev_input_resume (chr);
}

/* Bytes written, which may be none; negative when the other end is gone for good. */
static ssize_t
write_some (const Chardev *chr, const uint8_t *data, size_t size)
{
  ssize_t n;
  if (chr->out_polls) {
    struct pollfd p = { .fd = chr->out_fd, .events = POLLOUT };
    if (poll (&p, 1, 0) != 1)
      return 0;
    size = MIN (size, 256);
  }
  do {
    n = chr->out_is_socket ? send (chr->out_fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                           : write (chr->out_fd, data, size);
  } while (n < 0 && errno == EINTR);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Writes what it can; with the lock held. */
static void
flush (Chardev *chr)
{
  size_t done = 0;
  while (done < chr->pending->len) {
    const ssize_t n = write_some (chr, chr->pending->data + done, chr->pending->len - done);
    if (n < 0) {
      /* A full disk, a closed pipe: nobody would be helped by keeping it. */
      done = chr->pending->len;
      chardev_kick (chr, CHARDEV_DO_HANGUP);
    } else if (n == 0) {
      break;
    } else {
      done += (size_t)n;
    }
  }
  g_byte_array_remove_range (chr->pending, 0, (unsigned)done);
  if (chr->waiting && chr->pending->len < CHARDEV_PENDING / 2)
    chardev_kick (chr, CHARDEV_DO_READY);
}

static gboolean
on_writable (int fd, GIOCondition condition, void *opaque)
{
  Chardev *chr = opaque;
  g_mutex_lock (&chr->lock);
  flush (chr);
  const bool more = chr->pending->len > 0;
  if (!more)
    drop_source (&chr->out_source);
  g_mutex_unlock (&chr->lock);
  return more;
}

void
chardev_fd_write (Chardev *chr, const uint8_t *data, size_t size)
{
  g_mutex_lock (&chr->lock);
  if (chr->out_fd >= 0) {
    const size_t room = CHARDEV_PENDING_HARD - MIN (chr->pending->len, CHARDEV_PENDING_HARD);
    const bool idle = chr->pending->len == 0;
    g_byte_array_append (chr->pending, data, (unsigned)MIN (size, room));
    if (idle)
      flush (chr);
    if (chr->pending->len && !chr->out_source) {
      chr->out_source = g_unix_fd_source_new (chr->out_fd, G_IO_OUT | G_IO_HUP | G_IO_ERR);
      g_source_set_callback (chr->out_source, G_SOURCE_FUNC (on_writable), chr, NULL);
      g_source_attach (chr->out_source, NULL);
    }
  }
  g_mutex_unlock (&chr->lock);
}

void
chardev_waiting_add (Chardev *chr, void (*ready) (void *opaque), void *opaque)
{
  g_mutex_lock (&chr->lock);
  bool there = false;
  for (GSList *l = chr->waiting; l; l = l->next) {
    const Waiting *w = l->data;
    there = there || (w->ready == ready && w->opaque == opaque);
  }
  if (!there) {
    Waiting *w = g_new (Waiting, 1);
    *w = (Waiting){ ready, opaque };
    chr->waiting = g_slist_append (chr->waiting, w);
  }
  if (chr->pending->len < CHARDEV_PENDING / 2)
    chardev_kick (chr, CHARDEV_DO_READY);
  g_mutex_unlock (&chr->lock);
}

void
chardev_waiting_remove (Chardev *chr, void *opaque)
{
  g_mutex_lock (&chr->lock);
  for (GSList *l = chr->waiting, *next; l; l = next) {
    next = l->next;
    if (!opaque || ((const Waiting *)l->data)->opaque == opaque) {
      g_free (l->data);
      chr->waiting = g_slist_delete_link (chr->waiting, l);
    }
  }
  g_mutex_unlock (&chr->lock);
}
