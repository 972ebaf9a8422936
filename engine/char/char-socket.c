/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A stream socket, Unix or TCP, that waits for a peer (server) or goes to one.  One peer at a time: others
 * wait in the kernel's queue until it is gone. */

#include "chardev-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
  Chardev chr; /* must be first */
  char *name;  /* "unix:/tmp/x,server=on" */
  char *path;  /* of a server, to be removed; NULL: none */
  bool server, nodelay;
  bool takeover;         /* of a server: who comes later takes the place of who is there */
  uint64_t reconnect_ms; /* 0: never */
  GSocketConnectable *peer;
  GSocketListener *listener;
  GSocketConnection *connection;
  GCancellable *cancel;
  unsigned timer;
} SocketChardev;

static void look_for_peer (SocketChardev *s);

static void
describe (SocketChardev *s)
{
  g_free (s->chr.text);
  s->chr.text = g_strconcat (s->connection ? "" : "disconnected:", s->name, NULL);
}

static void
take_connection (SocketChardev *s, GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  if (s->connection) {
    chardev_set_fds (&s->chr, -1, -1);
    chardev_set_connected (&s->chr, false);
    g_object_unref (s->connection);
  }
  s->connection = connection;
  g_socket_set_blocking (socket, FALSE);
  if (s->nodelay)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  describe (s);
  const int fd = g_socket_get_fd (socket);
  chardev_set_fds (&s->chr, fd, fd);
  chardev_set_connected (&s->chr, true);
  if (s->takeover)
    look_for_peer (s);
}

static gboolean
on_timer (void *opaque)
{
  SocketChardev *s = opaque;
  s->timer = 0;
  look_for_peer (s);
  return G_SOURCE_REMOVE;
}

/* Whether accepted or connected to. After a cancellation the back end is gone. */
static void
on_peer (GObject *source, GAsyncResult *result, void *opaque)
{
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection =
      G_IS_SOCKET_LISTENER (source)
          ? g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error)
          : g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  SocketChardev *s = opaque;
  if (connection)
    take_connection (s, connection);
  else if (s->server || s->reconnect_ms)
    s->timer = g_timeout_add (s->server ? 1000 : (unsigned)s->reconnect_ms, on_timer, s);
}

static void
look_for_peer (SocketChardev *s)
{
  if (s->server) {
    g_socket_listener_accept_async (s->listener, s->cancel, on_peer, s);
  } else if (s->peer) {
    g_autoptr (GSocketClient) client = g_socket_client_new ();
    g_socket_client_connect_async (client, s->peer, s->cancel, on_peer, s);
  }
}

static void
socket_hangup (Chardev *chr)
{
  SocketChardev *s = (SocketChardev *)chr;
  chardev_set_fds (chr, -1, -1);
  g_clear_object (&s->connection);
  describe (s);
  chardev_set_connected (chr, false);
  if (s->server && !s->takeover)
    look_for_peer (s);
  else if (!s->server && s->reconnect_ms)
    s->timer = g_timeout_add ((unsigned)s->reconnect_ms, on_timer, s);
}

/* Makes way for a server's socket: removes one that nobody listens on any more. */
static bool
remove_stale (const char *path, GError **error)
{
  struct stat st;
  if (lstat (path, &st))
    return true;
  if (!S_ISSOCK (st.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "'%s' exists and is not a socket; choose another path",
                 path);
    return false;
  }
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  if (probe && g_socket_connect (probe, address, NULL, NULL)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                 "another program listens on '%s'; end it or choose another path", path);
    return false;
  }
  unlink (path);
  return true;
}

static GSocketConnectable *
unix_peer (SocketChardev *s, const char *path, GError **error)
{
  const size_t longest = sizeof ((struct sockaddr_un *)NULL)->sun_path - 1;
  if (strlen (path) > longest) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                 "'%s' is too long for a socket's path; %zu bytes fit", path, longest);
    return NULL;
  }
  s->name = g_strconcat ("unix:", path, NULL);
  if (s->server) {
    if (!remove_stale (path, error))
      return NULL;
    s->path = g_strdup (path);
  }
  return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (path));
}

static GSocketConnectable *
tcp_peer (SocketChardev *s, const char *host, Keyval *kv, GError **error)
{
  uint64_t port;
  if (!keyval_get_uint (kv, "port", 0, &port, error))
    return NULL;
  if (port > 65535 || (port == 0 && !s->server)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "port: %" PRIu64 " is not between 1 and 65535", port);
    return NULL;
  }
  if (!host || !*host)
    host = s->server ? "0.0.0.0" : "localhost";
  s->name = g_strdup_printf (strchr (host, ':') ? "tcp:[%s]:%" PRIu64 : "tcp:%s:%" PRIu64, host, port);
  return g_network_address_new (host, (uint16_t)port);
}

/* The addresses a server listens on: those of its name. */
static bool
add_addresses (SocketChardev *s, GError **error)
{
  g_autoptr (GSocketAddressEnumerator) addresses = g_socket_connectable_enumerate (s->peer);
  g_autoptr (GError) first = NULL;
  for (;;) {
    g_autoptr (GSocketAddress) address =
        g_socket_address_enumerator_next (addresses, NULL, first ? NULL : &first);
    g_autoptr (GSocketAddress) effective = NULL;
    if (!address)
      break;
    if (!g_socket_listener_add_address (s->listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                        NULL, &effective, first ? NULL : &first))
      continue;
    if (G_IS_INET_SOCKET_ADDRESS (effective)) { /* Port 0 has become one that is free. */
      g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (effective));
      g_free (s->name);
      s->name = g_strconcat ("tcp:", text, NULL);
    }
    return true;
  }
  g_set_error (error, G_IO_ERROR, first ? first->code : G_IO_ERROR_FAILED, "cannot listen on %s: %s", s->name,
               first ? first->message : "no address");
  return false;
}

static bool
listen_on (SocketChardev *s, int fd, bool wait, GError **error)
{
  s->listener = g_socket_listener_new ();
  g_socket_listener_set_backlog (s->listener, 1);
  if (fd >= 0) {
    g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
    if (!socket || !g_socket_listener_add_socket (s->listener, socket, NULL, error))
      return false;
  } else if (!add_addresses (s, error)) {
    g_clear_pointer (&s->path, g_free); /* It is not ours. */
    return false;
  }
  g_autofree char *name = g_steal_pointer (&s->name);
  s->name = g_strconcat (name, ",server=on", NULL);
  describe (s);
  if (!wait) {
    look_for_peer (s);
    return true;
  }
  fprintf (stderr, "waiting for a connection on %s\n", name);
  GSocketConnection *connection = g_socket_listener_accept (s->listener, NULL, NULL, error);
  if (connection)
    take_connection (s, connection);
  return connection != NULL;
}

static bool
connect_now (SocketChardev *s, int fd, GError **error)
{
  describe (s);
  if (fd < 0 && s->reconnect_ms) {
    look_for_peer (s);
    return true;
  }
  GSocketConnection *connection;
  if (fd >= 0) {
    g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
    connection = socket ? g_socket_connection_factory_create_connection (socket) : NULL;
  } else {
    g_autoptr (GSocketClient) client = g_socket_client_new ();
    connection = g_socket_client_connect (client, s->peer, NULL, error);
  }
  if (!connection) {
    g_prefix_error (error, "cannot connect to %s: ", s->name);
    return false;
  }
  take_connection (s, connection);
  return true;
}

static bool
read_switches (SocketChardev *s, Keyval *kv, bool *ret_wait, GError **error)
{
  uint64_t seconds;
  bool telnet, delay;
  const bool waits = keyval_get (kv, "wait") != NULL;
  if (!keyval_get_bool (kv, "server", false, &s->server, error) ||
      !keyval_get_bool (kv, "wait", s->server, ret_wait, error) ||
      !keyval_get_bool (kv, "takeover", false, &s->takeover, error) ||
      !keyval_get_bool (kv, "telnet", false, &telnet, error) ||
      !keyval_get_bool (kv, "delay", true, &delay, error) ||
      !keyval_get_bool (kv, "nodelay", !delay, &s->nodelay, error) ||
      !keyval_get_uint (kv, "reconnect", 0, &seconds, error) ||
      !keyval_get_uint (kv, "reconnect-ms", MIN (seconds, UINT32_MAX) * 1000, &s->reconnect_ms, error))
    return false;
  const char *problem = NULL;
  if (telnet)
    problem = "telnet=on is not offered; connect with a plain stream (nc, socat)";
  else if (s->takeover && !s->server)
    problem = "takeover is for server=on; leave it out";
  else if (waits && !s->server)
    problem = "wait is for server=on; leave it out";
  else if (s->reconnect_ms && s->server)
    problem = "reconnect is for clients; leave it out with server=on";
  else if (s->reconnect_ms > UINT32_MAX / 2)
    problem = "reconnect: the time is too long";
  if (problem)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, problem);
  return !problem;
}

static bool
socket_open (Chardev *chr, Keyval *kv, GError **error)
{
  SocketChardev *s = (SocketChardev *)chr;
  bool wait;
  uint64_t fd;
  const char *path = keyval_get (kv, "path"), *host = keyval_get (kv, "host");
  const bool has_port = keyval_get (kv, "port") != NULL;
  s->cancel = g_cancellable_new ();
  if (!read_switches (s, kv, &wait, error) || !keyval_get_uint (kv, "fd", UINT64_MAX, &fd, error))
    return false;
  if ((path != NULL) + has_port + (fd != UINT64_MAX) != 1 || (host && !has_port) ||
      (fd > INT_MAX && fd != UINT64_MAX)) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "a socket needs one of path=FILE, host=NAME,port=NUMBER or fd=NUMBER");
    return false;
  }
  /* Before anybody is waited for: a wrong key is said at once. */
  if (!keyval_finish (kv, "the character back end 'socket'", error))
    return false;
  if (path && !(s->peer = unix_peer (s, path, error)))
    return false;
  if (has_port && !(s->peer = tcp_peer (s, host, kv, error)))
    return false;
  if (!s->name)
    s->name = g_strdup_printf ("fd:%" PRIu64, fd);
  const int number = s->peer ? -1 : (int)fd;
  return s->server ? listen_on (s, number, wait, error) : connect_now (s, number, error);
}

static void
socket_close (Chardev *chr)
{
  SocketChardev *s = (SocketChardev *)chr;
  g_cancellable_cancel (s->cancel);
  g_clear_object (&s->cancel);
  if (s->timer)
    g_source_remove (s->timer);
  if (s->listener)
    g_socket_listener_close (s->listener);
  g_clear_object (&s->listener);
  g_clear_object (&s->connection);
  g_clear_object (&s->peer);
  if (s->path)
    unlink (s->path);
  g_free (s->path);
  g_free (s->name);
}

const ChardevKind chardev_socket = { "socket", sizeof (SocketChardev), socket_open, socket_close,
                                     .hangup = socket_hangup };
