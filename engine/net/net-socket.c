/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-stream.h"

/* The older way to write "stream" and "dgram"; it becomes one of them. */

static bool
open_stream (NetBackend *net, const char *listen, const char *connect, const char *fd_text, GError **error)
{
  NetAddress address = { .fd = -1 };
  uint64_t fd;
  net->ops = &net_stream_ops;
  const bool ok =
      (fd_text
           ? keyval_parse_uint (fd_text, &fd, error) && net_address_from_fd (fd, SOCK_STREAM, &address, error)
           : net_address_parse (listen ? listen : connect, SOCK_STREAM, listen != NULL, &address, error)) &&
      net_stream_set_up (net, &address, listen != NULL, 0, error);
  net_address_clear (&address);
  return ok;
}

static bool
open_dgram (NetBackend *net, const char *udp, const char *mcast, const char *localaddr, GError **error)
{
  NetAddress local = { .fd = -1 }, remote = { .fd = -1 };
  g_autofree char *interface = mcast && localaddr ? g_strdup_printf ("%s:0", localaddr) : NULL;
  const char *from = interface ? interface : localaddr;
  net->ops = &net_dgram_ops;
  const bool ok = (!from || net_address_parse (from, SOCK_DGRAM, true, &local, error)) &&
                  net_address_parse (udp ? udp : mcast, SOCK_DGRAM, false, &remote, error) &&
                  net_dgram_set_up (net, &local, &remote, error);
  net_address_clear (&local);
  net_address_clear (&remote);
  return ok;
}

static bool
socket_open (NetBackend *net, Keyval *kv, GError **error)
{
  const char *listen = keyval_get (kv, "listen"), *connect = keyval_get (kv, "connect"),
             *fd = keyval_get (kv, "fd");
  const char *udp = keyval_get (kv, "udp"), *mcast = keyval_get (kv, "mcast"),
             *localaddr = keyval_get (kv, "localaddr");
  if (!!listen + !!connect + !!fd + !!udp + !!mcast != 1) {
    net_set_error (error, "exactly one of listen=, connect=, fd=, udp= and mcast= is needed");
    return false;
  }
  if (localaddr && !udp && !mcast) {
    net_set_error (error, "localaddr= goes with udp= and mcast= only");
    return false;
  }
  if (udp || mcast)
    return open_dgram (net, udp, mcast, localaddr, error);
  return open_stream (net, listen, connect, fd, error);
}

/* Reached only when socket_open() failed before it chose. */
static void
socket_close (NetBackend *net)
{
}

const NetOps net_socket_ops = { .name = "socket", .open = socket_open, .close = socket_close };
