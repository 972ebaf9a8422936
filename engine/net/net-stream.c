/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* Frames over a connection, each after its length in four bytes, big-endian: as -netdev stream and socket of
 * QEMU. A length beyond PEER_MAX is no frame of such a peer. */
enum { LENGTH_SIZE = 4, PEER_MAX = 4096 + 65536, IN_SIZE = 256 << 10, OUT_LIMIT = 1 << 20 };

typedef struct {
  NetAddress address;
  bool server, connecting;
  unsigned reconnect_ms;
  int listen_fd, fd; /* -1: none */
  NetFd *listen_watch, *watch;
  GSource *retry;
  uint8_t *in;
  size_t in_at, in_end;
  GByteArray *out; /* what the peer did not take yet, from out_at on */
  size_t out_at;
} Stream;

static void open_connection (NetBackend *net);

static void
update_watch (NetBackend *net)
{
  const Stream *stream = net->priv;
  if (!stream->watch)
    return;
  net_fd_set (stream->watch, stream->connecting ? G_IO_OUT
                                                : (net_can_receive (net) ? G_IO_IN : 0) |
                                                      (stream->out->len > stream->out_at ? G_IO_OUT : 0));
}

static gboolean
retry (void *data)
{
  NetBackend *net = data;
  Stream *stream = net->priv;
  g_clear_pointer (&stream->retry, g_source_unref);
  open_connection (net);
  return G_SOURCE_REMOVE;
}

/* The connection has ended: waits for the next one, if there is to be one. */
static void
disconnect (NetBackend *net)
{
  Stream *stream = net->priv;
  g_clear_pointer (&stream->watch, net_fd_free);
  if (stream->fd >= 0)
    close (stream->fd);
  stream->fd = -1;
  stream->connecting = false;
  stream->in_at = stream->in_end = stream->out_at = 0;
  g_byte_array_set_size (stream->out, 0);
  net_set_carrier (net, false);
  if (stream->listen_watch)
    net_fd_set (stream->listen_watch, G_IO_IN);
  if (!stream->server && stream->reconnect_ms && !stream->retry) {
    stream->retry = g_timeout_source_new (stream->reconnect_ms);
    g_source_set_callback (stream->retry, retry, net, NULL);
    g_source_attach (stream->retry, net->context);
  }
  net_sent (net);
}

/* Hands over whole frames; false where the peer does not speak the protocol. */
static bool
take_frames (NetBackend *net)
{
  Stream *stream = net->priv;
  while (net_can_receive (net) && stream->in_end - stream->in_at >= LENGTH_SIZE) {
    const uint32_t length = vnet_be32 (stream->in + stream->in_at);
    if (length == 0 || length > PEER_MAX)
      return false;
    if (stream->in_end - stream->in_at < LENGTH_SIZE + length)
      break;
    if (length >= VNET_ETH_HLEN && length <= VNET_FRAME_MAX)
      net_receive (net, stream->in + stream->in_at + LENGTH_SIZE, length, false);
    stream->in_at += LENGTH_SIZE + length;
  }
  memmove (stream->in, stream->in + stream->in_at, stream->in_end - stream->in_at);
  stream->in_end -= stream->in_at;
  stream->in_at = 0;
  return true;
}

static bool
read_frames (NetBackend *net)
{
  Stream *stream = net->priv;
  while (net_can_receive (net)) {
    const size_t room = IN_SIZE - stream->in_end;
    const ssize_t size = recv (stream->fd, stream->in + stream->in_end, room, 0);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return size < 0 && errno == EAGAIN;
    stream->in_end += (size_t)size;
    if (!take_frames (net))
      return false;
    if ((size_t)size < room)
      break;
  }
  return true;
}

static bool
write_out (NetBackend *net)
{
  Stream *stream = net->priv;
  while (stream->out_at < stream->out->len) {
    const ssize_t size = send (stream->fd, stream->out->data + stream->out_at,
                               stream->out->len - stream->out_at, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return errno == EAGAIN;
    stream->out_at += (size_t)size;
  }
  g_byte_array_set_size (stream->out, 0);
  stream->out_at = 0;
  net_sent (net);
  return true;
}

static bool
finish_connecting (NetBackend *net)
{
  Stream *stream = net->priv;
  int problem = 0;
  socklen_t size = sizeof problem;
  if (getsockopt (stream->fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 || problem)
    return false;
  stream->connecting = false;
  net_set_carrier (net, true);
  return true;
}

static void
connection_ready (NetBackend *net, GIOCondition condition)
{
  Stream *stream = net->priv;
  bool ok = true;
  if (stream->connecting)
    ok = finish_connecting (net);
  else if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    ok = read_frames (net);
  if (ok && (condition & G_IO_OUT) && !stream->connecting)
    ok = write_out (net);
  /* A peer that has hung up while the client has no room would wake the thread again and again. */
  if (ok && (condition & (G_IO_HUP | G_IO_ERR)) && !net_can_receive (net))
    ok = false;
  if (ok)
    update_watch (net);
  else
    disconnect (net);
  net_receive_done (net);
}

static void
use_connection (NetBackend *net, int fd, bool connecting)
{
  Stream *stream = net->priv;
  const int yes = 1;
  stream->fd = fd;
  stream->connecting = connecting;
  /* Fails on Unix sockets, which need it not. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  stream->watch = net_fd_new (net, fd, connection_ready);
  if (stream->listen_watch)
    net_fd_set (stream->listen_watch, 0);
  if (!connecting)
    net_set_carrier (net, true);
  update_watch (net);
}

static void
accept_connection (NetBackend *net, GIOCondition condition)
{
  const Stream *stream = net->priv;
  const int fd = accept4 (stream->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0)
    use_connection (net, fd, false);
}

static void
open_connection (NetBackend *net)
{
  Stream *stream = net->priv;
  const struct sockaddr *addr = (const struct sockaddr *)&stream->address.addr;
  const int fd = socket (addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && connect (fd, addr, stream->address.size) == 0) {
    use_connection (net, fd, false);
  } else if (fd >= 0 && errno == EINPROGRESS) {
    use_connection (net, fd, true);
  } else {
    if (fd >= 0)
      close (fd);
    disconnect (net);
  }
}

/* Without `reconnect` a peer that is not there is an error people should hear of at once. */
static bool
check_peer (Stream *stream, GError **error)
{
  const struct sockaddr *addr = (const struct sockaddr *)&stream->address.addr;
  stream->fd = socket (addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (stream->fd >= 0 && connect (stream->fd, addr, stream->address.size) == 0)
    return g_unix_set_fd_nonblocking (stream->fd, TRUE, error);
  net_set_error (error, "%s: %s; start the other side first, or add reconnect-ms=1000", stream->address.text,
                 g_strerror (errno));
  return false;
}

bool
net_stream_set_up (NetBackend *net, NetAddress *address, bool server, unsigned reconnect_ms, GError **error)
{
  Stream *stream = net->priv = g_new0 (Stream, 1);
  stream->address = *address;
  *address = (NetAddress){ .fd = -1 };
  stream->server = server;
  stream->reconnect_ms = reconnect_ms;
  stream->listen_fd = stream->fd = -1;
  stream->in = g_malloc (IN_SIZE);
  stream->out = g_byte_array_new ();
  net->use_merge = true;
  g_atomic_int_set (&net->no_carrier, 1);
  if (stream->address.fd >= 0) {
    stream->fd = stream->address.fd;
    return g_unix_set_fd_nonblocking (stream->fd, TRUE, error);
  }
  if (!server)
    return reconnect_ms || check_peer (stream, error);
  stream->listen_fd = net_address_bind (&stream->address, SOCK_STREAM, error);
  if (stream->listen_fd < 0)
    return false;
  if (listen (stream->listen_fd, 1) == 0)
    return true;
  net_set_error (error, "%s: %s", stream->address.text, g_strerror (errno));
  return false;
}

static bool
stream_open (NetBackend *net, Keyval *kv, GError **error)
{
  NetAddress address;
  bool server, given;
  uint64_t seconds, ms;
  if (!keyval_get_bool (kv, "server", false, &server, error) ||
      !keyval_get_uint (kv, "reconnect", 0, &seconds, error) ||
      !keyval_get_uint (kv, "reconnect-ms", MIN (seconds, G_MAXUINT / 1000) * 1000, &ms, error) ||
      !net_address_get (kv, "addr", SOCK_STREAM, server, &address, &given, error))
    return false;
  bool ok = false;
  if (!given)
    net_set_error (
        error, "where to connect to is missing; add addr.type=unix,addr.path=… or addr.type=inet,addr.host=…,"
               "addr.port=…");
  else if (ms && (server || address.fd >= 0))
    net_set_error (error,
                   "only a side that connects can reconnect; leave reconnect-ms= out, or server= and fd");
  else
    ok = net_stream_set_up (net, &address, server, (unsigned)MIN (ms, G_MAXUINT), error);
  net_address_clear (&address);
  return ok;
}

static void
stream_close (NetBackend *net)
{
  Stream *stream = net->priv;
  if (!stream)
    return;
  if (stream->fd >= 0)
    close (stream->fd);
  if (stream->listen_fd >= 0) {
    close (stream->listen_fd);
    net_address_unlink (&stream->address);
  }
  net_address_clear (&stream->address);
  g_byte_array_unref (stream->out);
  g_free (stream->in);
  g_free (stream);
}

static void
stream_start (NetBackend *net)
{
  Stream *stream = net->priv;
  if (stream->listen_fd >= 0) {
    stream->listen_watch = net_fd_new (net, stream->listen_fd, accept_connection);
    net_fd_set (stream->listen_watch, stream->fd < 0 ? G_IO_IN : 0);
  }
  if (stream->fd >= 0)
    use_connection (net, stream->fd, stream->connecting);
  else if (!stream->server && stream->reconnect_ms)
    open_connection (net);
}

static void
stream_stop (NetBackend *net)
{
  Stream *stream = net->priv;
  g_clear_pointer (&stream->watch, net_fd_free);
  g_clear_pointer (&stream->listen_watch, net_fd_free);
  if (stream->retry)
    g_source_destroy (stream->retry);
  g_clear_pointer (&stream->retry, g_source_unref);
}

static void
stream_resume (NetBackend *net)
{
  const Stream *stream = net->priv;
  if (!stream->watch || stream->connecting)
    return;
  if (!take_frames (net))
    disconnect (net);
  update_watch (net);
}

static bool
stream_writable (NetBackend *net)
{
  const Stream *stream = net->priv;
  return stream->out->len - stream->out_at < OUT_LIMIT;
}

/* Keeps what comes after the first `skip` bytes of the length and the frame. */
static void
keep_rest (Stream *stream, const struct iovec *iov, int n_iov, size_t skip)
{
  for (int i = 0; i < n_iov; i++) {
    const size_t skipped = MIN (skip, iov[i].iov_len);
    g_byte_array_append (stream->out, (const uint8_t *)iov[i].iov_base + skipped,
                         (unsigned)(iov[i].iov_len - skipped));
    skip -= skipped;
  }
}

static void
stream_send (NetBackend *net, const struct iovec *iov, int n_iov)
{
  Stream *stream = net->priv;
  uint8_t length[LENGTH_SIZE];
  struct iovec parts[2] = { { length, sizeof length }, iov[0] };
  if (stream->fd < 0)
    return;
  vnet_put_be32 (length, (uint32_t)iov[0].iov_len);
  ssize_t sent = 0;
  if (stream->out->len == stream->out_at) {
    const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
    sent = sendmsg (stream->fd, &message, MSG_NOSIGNAL);
  }
  /* An error shows itself when the rest is written. */
  sent = MAX (sent, 0);
  if ((size_t)sent < LENGTH_SIZE + iov[0].iov_len) {
    keep_rest (stream, parts, 2, (size_t)sent);
    update_watch (net);
  }
}

static void
stream_describe (NetBackend *net, GString *out, bool connections)
{
  const Stream *stream = net->priv;
  if (!connections)
    g_string_append_printf (out, ",%s=%s", stream->server ? "listen" : "connect", stream->address.text);
}

const NetOps net_stream_ops = {
  .name = "stream",
  .open = stream_open,
  .close = stream_close,
  .start = stream_start,
  .stop = stream_stop,
  .writable = stream_writable,
  .resume = stream_resume,
  .send = stream_send,
  .describe = stream_describe,
};
