/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A console that any number of people watch: what was written last is kept in a ring, which each newcomer
 * gets first and from which each goes on at a pace of its own. Who is too slow loses what the ring has lost;
 * the guest never waits. */

#include "chardev-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 32, INPUT_SIZE = 4096 };

typedef struct {
  Chardev chr;    /* must be first */
  uint8_t *bytes; /* the rest but for `size` is guarded by chr.lock */
  size_t size;    /* a power of two */
  uint64_t produced;
  GPtrArray *clients; /* HubClient; changed on the main thread */
} Hub;

typedef struct {
  Hub *hub;
  int fd;
  uint64_t sent; /* of what was produced */
  GSource *in_source, *out_source;
} HubClient;

static void
drop_source (GSource **source)
{
  if (*source) {
    g_source_destroy (*source);
    g_source_unref (*source);
    *source = NULL;
  }
}

static void
free_client (void *opaque)
{
  HubClient *client = opaque;
  drop_source (&client->in_source);
  drop_source (&client->out_source);
  close (client->fd);
  g_free (client);
}

static bool
hub_open (Chardev *chr, Keyval *kv, GError **error)
{
  Hub *hub = (Hub *)chr;
  uint64_t size;
  hub->clients = g_ptr_array_new_with_free_func (free_client);
  if (!keyval_get_size (kv, "size", 64 * 1024, &size, error))
    return false;
  if (size == 0 || size > 1 << 30 || (size & (size - 1))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "size: %" PRIu64 " bytes are not a power of two of at most 1G", size);
    return false;
  }
  hub->size = size;
  hub->bytes = g_malloc (size);
  chr->connected = true;
  return true;
}

static void
hub_close (Chardev *chr)
{
  Hub *hub = (Hub *)chr;
  g_ptr_array_unref (hub->clients);
  g_free (hub->bytes);
}

static gboolean on_writable (int fd, GIOCondition condition, void *opaque);

/* Sends what the client has not got yet, as far as it takes it. With the lock held. */
static void
serve (HubClient *client)
{
  Hub *hub = client->hub;
  if (hub->produced - client->sent > hub->size)
    client->sent = hub->produced - hub->size;
  while (client->sent < hub->produced) {
    const size_t start = client->sent & (hub->size - 1);
    const size_t n = MIN (hub->produced - client->sent, hub->size - start);
    const ssize_t done = send (client->fd, hub->bytes + start, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0 && errno != EAGAIN)
      client->sent = hub->produced; /* It is gone, as the end of its input will show. */
    if (done < 0)
      break;
    client->sent += (size_t)done;
  }
  if (client->sent == hub->produced) {
    drop_source (&client->out_source);
  } else if (!client->out_source) {
    client->out_source = g_unix_fd_source_new (client->fd, G_IO_OUT);
    g_source_set_callback (client->out_source, G_SOURCE_FUNC (on_writable), client, NULL);
    g_source_attach (client->out_source, NULL);
  }
}

static gboolean
on_writable (int fd, GIOCondition condition, void *opaque)
{
  HubClient *client = opaque;
  Chardev *chr = &client->hub->chr;
  g_mutex_lock (&chr->lock);
  serve (client);
  g_mutex_unlock (&chr->lock);
  return G_SOURCE_CONTINUE; /* or destroyed */
}

static void
hub_write (Chardev *chr, const uint8_t *data, size_t size)
{
  Hub *hub = (Hub *)chr;
  g_mutex_lock (&chr->lock);
  for (size_t i = 0; i < size; i++)
    hub->bytes[hub->produced++ & (hub->size - 1)] = data[i];
  for (unsigned i = 0; i < hub->clients->len; i++)
    serve (hub->clients->pdata[i]);
  g_mutex_unlock (&chr->lock);
}

static gboolean
on_readable (int fd, GIOCondition condition, void *opaque)
{
  HubClient *client = opaque;
  Hub *hub = client->hub;
  Chardev *chr = &hub->chr;
  uint8_t buffer[INPUT_SIZE];
  const size_t room = condition & (G_IO_HUP | G_IO_ERR) ? sizeof buffer : chardev_room (chr);
  if (room == 0) {
    drop_source (&client->in_source);
    return G_SOURCE_REMOVE;
  }
  const ssize_t n = recv (fd, buffer, MIN (room, sizeof buffer), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0) {
    const size_t taken = MIN ((size_t)n, chardev_room (chr));
    if (taken)
      chr->frontend.receive (chr->opaque, buffer, taken);
    return G_SOURCE_CONTINUE;
  }
  g_mutex_lock (&chr->lock);
  g_ptr_array_remove (hub->clients, client);
  g_mutex_unlock (&chr->lock);
  return G_SOURCE_REMOVE;
}

static void
listen_to (HubClient *client)
{
  if (client->in_source)
    return;
  client->in_source = g_unix_fd_source_new (client->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (client->in_source, G_SOURCE_FUNC (on_readable), client, NULL);
  g_source_attach (client->in_source, NULL);
}

static void
hub_resume (Chardev *chr)
{
  Hub *hub = (Hub *)chr;
  g_atomic_int_set (&chr->paused, 0);
  for (unsigned i = 0; i < hub->clients->len; i++)
    listen_to (hub->clients->pdata[i]);
}

static bool
hub_writable (Chardev *chr)
{
  return true;
}

bool
chardev_is_hub (const Chardev *chr)
{
  return chr->kind == &chardev_hub;
}

bool
chardev_hub_add (Chardev *chr, int fd, GError **error)
{
  Hub *hub = (Hub *)chr;
  int type;
  socklen_t length = sizeof type;
  const char *problem = getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_STREAM
                            ? "a client of a console is a stream socket"
                        : hub->clients->len >= CLIENTS_MAX ? "the console has too many clients; close some"
                                                           : NULL;
  if (problem) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, problem);
    close (fd);
    return false;
  }
  HubClient *client = g_new0 (HubClient, 1);
  client->hub = hub;
  client->fd = fd;
  g_mutex_lock (&chr->lock);
  g_ptr_array_add (hub->clients, client);
  serve (client);
  g_mutex_unlock (&chr->lock);
  listen_to (client);
  return true;
}

const ChardevKind chardev_hub = {
  "hub", sizeof (Hub), hub_open, hub_close, .write = hub_write, .resume = hub_resume, .writable = hub_writable
};
