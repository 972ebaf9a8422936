/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* One frame in each datagram. The other side's queue may be short (ten datagrams of a Unix socket), and
 * poll() does not tell when it has room: what does not fit is tried again shortly after. */
enum { BATCH = 64, WAITING_MAX = 256, RETRY_US = 200 };

typedef struct {
  NetAddress local, remote;
  int fd;
  bool connected; /* the socket itself knows where to send to */
  NetFd *watch;
  uint8_t *buffer;
  GQueue waiting; /* GBytes: frames to send */
  GSource *retry; /* while some wait */
} Dgram;

static bool
is_multicast (const NetAddress *address)
{
  const struct sockaddr_in *in = (const struct sockaddr_in *)&address->addr;
  return in->sin_family == AF_INET && IN_MULTICAST (ntohl (in->sin_addr.s_addr));
}

/* All machines of a group are bound to its port; `local` says on which of the host's interfaces. */
static bool
join_group (Dgram *dgram, GError **error)
{
  const struct sockaddr_in *group = (const struct sockaddr_in *)&dgram->remote.addr;
  const struct sockaddr_in *interface = (const struct sockaddr_in *)&dgram->local.addr;
  const int yes = 1;
  struct ip_mreq request = { .imr_multiaddr = group->sin_addr };
  if (interface->sin_family == AF_INET)
    request.imr_interface = interface->sin_addr;
  dgram->fd = net_address_bind (&dgram->remote, SOCK_DGRAM, error);
  if (dgram->fd < 0)
    return false;
  if (setsockopt (dgram->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0 &&
      setsockopt (dgram->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &yes, sizeof yes) == 0 &&
      setsockopt (dgram->fd, IPPROTO_IP, IP_MULTICAST_IF, &request.imr_interface,
                  sizeof request.imr_interface) == 0)
    return true;
  net_set_error (error, "the multicast group %s cannot be joined: %s", dgram->remote.text,
                 g_strerror (errno));
  return false;
}

bool
net_dgram_set_up (NetBackend *net, NetAddress *local, NetAddress *remote, GError **error)
{
  Dgram *dgram = net->priv = g_new0 (Dgram, 1);
  dgram->local = *local;
  dgram->remote = *remote;
  *local = *remote = (NetAddress){ .fd = -1 };
  dgram->fd = -1;
  g_queue_init (&dgram->waiting);
  dgram->buffer = g_malloc (VNET_FRAME_MAX + 1);
  net->use_merge = true;
  if (dgram->local.fd >= 0) {
    dgram->fd = dgram->local.fd;
    dgram->connected = dgram->remote.size == 0;
    return g_unix_set_fd_nonblocking (dgram->fd, TRUE, error);
  }
  if (dgram->remote.size == 0) {
    net_set_error (error, "where to send to is missing; add remote.type=…");
    return false;
  }
  if (is_multicast (&dgram->remote))
    return join_group (dgram, error);
  if (dgram->local.addr.ss_family != dgram->remote.addr.ss_family) {
    net_set_error (error, "local and remote must be given, and of the same type");
    return false;
  }
  dgram->fd = net_address_bind (&dgram->local, SOCK_DGRAM, error);
  return dgram->fd >= 0;
}

static bool
dgram_open (NetBackend *net, Keyval *kv, GError **error)
{
  NetAddress local, remote = { .fd = -1 };
  bool given;
  const bool ok = net_address_get (kv, "local", SOCK_DGRAM, true, &local, &given, error) &&
                  net_address_get (kv, "remote", SOCK_DGRAM, false, &remote, &given, error) &&
                  net_dgram_set_up (net, &local, &remote, error);
  net_address_clear (&local);
  net_address_clear (&remote);
  return ok;
}

static void
dgram_close (NetBackend *net)
{
  Dgram *dgram = net->priv;
  if (!dgram)
    return;
  if (dgram->fd >= 0) {
    close (dgram->fd);
    if (dgram->local.fd < 0)
      net_address_unlink (&dgram->local);
  }
  net_address_clear (&dgram->local);
  net_address_clear (&dgram->remote);
  g_queue_clear_full (&dgram->waiting, (GDestroyNotify)g_bytes_unref);
  g_free (dgram->buffer);
  g_free (dgram);
}

static void
dgram_ready (NetBackend *net, GIOCondition condition)
{
  const Dgram *dgram = net->priv;
  for (unsigned n = 0; n < BATCH && net_can_receive (net); n++) {
    const ssize_t size = recv (dgram->fd, dgram->buffer, VNET_FRAME_MAX + 1, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (size >= VNET_ETH_HLEN && size <= VNET_FRAME_MAX)
      net_receive (net, dgram->buffer, (size_t)size, false);
  }
  if (!net_can_receive (net))
    net_fd_set (dgram->watch, 0);
  net_receive_done (net);
}

/* False where there is no room now; what cannot be sent at all is lost, as on a wire. */
static bool
try_send (NetBackend *net, const void *frame, size_t size)
{
  const Dgram *dgram = net->priv;
  const struct sockaddr *to = dgram->connected ? NULL : (const struct sockaddr *)&dgram->remote.addr;
  if (sendto (dgram->fd, frame, size, MSG_NOSIGNAL, to, to ? dgram->remote.size : 0) >= 0)
    return true;
  if (errno == EAGAIN || errno == ENOBUFS)
    return false;
  net->tx_dropped++;
  return true;
}

typedef struct {
  GSource source; /* must be first */
  NetBackend *net;
} RetrySource;

/* The source is there while the back end runs, and armed while frames wait. */
static void
arm_retry (const Dgram *dgram)
{
  if (dgram->retry)
    g_source_set_ready_time (dgram->retry, dgram->waiting.length ? g_get_monotonic_time () + RETRY_US : -1);
}

static gboolean
retry (GSource *source, GSourceFunc callback, void *data)
{
  NetBackend *net = ((RetrySource *)source)->net;
  Dgram *dgram = net->priv;
  GBytes *frame;
  while ((frame = g_queue_peek_head (&dgram->waiting)) &&
         try_send (net, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame)))
    g_bytes_unref (g_queue_pop_head (&dgram->waiting));
  arm_retry (dgram);
  if (dgram->waiting.length < WAITING_MAX)
    net_sent (net);
  return G_SOURCE_CONTINUE;
}

static void
dgram_start (NetBackend *net)
{
  static GSourceFuncs funcs = { .dispatch = retry };
  Dgram *dgram = net->priv;
  dgram->watch = net_fd_new (net, dgram->fd, dgram_ready);
  net_fd_set (dgram->watch, G_IO_IN);
  dgram->retry = g_source_new (&funcs, sizeof (RetrySource));
  ((RetrySource *)dgram->retry)->net = net;
  g_source_attach (dgram->retry, net->context);
  arm_retry (dgram);
}

static void
dgram_stop (NetBackend *net)
{
  Dgram *dgram = net->priv;
  g_clear_pointer (&dgram->watch, net_fd_free);
  g_source_destroy (dgram->retry);
  g_clear_pointer (&dgram->retry, g_source_unref);
}

static void
dgram_resume (NetBackend *net)
{
  net_fd_set (((Dgram *)net->priv)->watch, G_IO_IN);
}

static bool
dgram_writable (NetBackend *net)
{
  return ((Dgram *)net->priv)->waiting.length < WAITING_MAX;
}

static void
dgram_send (NetBackend *net, const struct iovec *iov, int n_iov)
{
  Dgram *dgram = net->priv;
  if (!dgram->waiting.length && try_send (net, iov[0].iov_base, iov[0].iov_len))
    return;
  g_queue_push_tail (&dgram->waiting, g_bytes_new (iov[0].iov_base, iov[0].iov_len));
  arm_retry (dgram);
}

static void
dgram_describe (NetBackend *net, GString *out, bool connections)
{
  const Dgram *dgram = net->priv;
  if (!connections)
    g_string_append_printf (out, ",local=%s,remote=%s", dgram->local.text ? dgram->local.text : "",
                            dgram->remote.text ? dgram->remote.text : "");
}

const NetOps net_dgram_ops = {
  .name = "dgram",
  .open = dgram_open,
  .close = dgram_close,
  .start = dgram_start,
  .stop = dgram_stop,
  .writable = dgram_writable,
  .resume = dgram_resume,
  .send = dgram_send,
  .describe = dgram_describe,
};
