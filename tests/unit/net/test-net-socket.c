/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALL = NET_VNET_HDR | NET_CSUM | NET_TSO4 | NET_TSO6 };

static void
wait_for_link (Guest *guest, bool up)
{
  for (unsigned i = 0; i < 300 && net_backend_link (guest->net) != up; i++)
    g_usleep (10000);
  g_assert_cmpint (net_backend_link (guest->net), ==, up);
}

/* Plain frames of all sizes arrive as they were, in both directions. */
static void
exchange (Guest *a, Guest *b)
{
  g_autofree uint8_t *frame = g_malloc (VNET_FRAME_MAX), *data = g_malloc (60000);
  frame_fill (data, 60000, 3);
  static const size_t sizes[] = { 0, 1, 18, 1472, 9000, 60000 };
  for (unsigned i = 0; i < 2 * G_N_ELEMENTS (sizes); i++) {
    VnetHdr hdr;
    const size_t size = frame_udp (frame, &a->flow, data, sizes[i / 2]);
    g_assert_true (guest_send (i & 1 ? b : a, NULL, frame, size));
    g_autoptr (GBytes) bytes = guest_receive (i & 1 ? a : b, 3000, &hdr);
    g_assert_nonnull (bytes);
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), frame, size);
    g_assert_cmpuint (hdr.flags | hdr.gso_type, ==, 0);
  }
}

/* A frame to be segmented crosses as segments, which the other side gets merged if it wants that. */
static void
exchange_tcp (Guest *a, Guest *b)
{
  g_autofree uint8_t *data = g_malloc (50000), *back = g_malloc (50000);
  frame_fill (data, 50000, 5);
  size_t done = 0;
  unsigned frames = 0;
  guest_tcp_send (a, data, 50000);
  while (done < 50000) {
    VnetHdr hdr;
    VnetPacket packet;
    g_autoptr (GBytes) bytes = guest_receive_tcp (b, &hdr, &packet);
    g_assert_cmpuint (done + packet.end - packet.payload, <=, 50000);
    memcpy (back + done, (const uint8_t *)g_bytes_get_data (bytes, NULL) + packet.payload,
            packet.end - packet.payload);
    done += packet.end - packet.payload;
    frames++;
  }
  g_assert_cmpmem (back, 50000, data, 50000);
  if (b->features & NET_TSO4)
    g_assert_cmpuint (frames, <, 35);
  else
    g_assert_cmpuint (frames, ==, 35);
}

static void
test_stream_unix (void)
{
  g_autofree char *dir = g_dir_make_tmp ("vitrine-net-XXXXXX", NULL),
                  *path = g_build_filename (dir, "s", NULL);
  g_autofree char *server = g_strdup_printf ("stream,id=a,server=on,addr.type=unix,addr.path=%s", path);
  g_autofree char *client = g_strdup_printf ("stream,id=b,addr.type=unix,addr.path=%s,reconnect-ms=20", path);
  Guest *a = guest_new (server, ALL), *b = guest_new (client, ALL);
  wait_for_link (a, true);
  wait_for_link (b, true);
  exchange (a, b);
  exchange_tcp (a, b);
  /* The server goes and comes back; the file it leaves or not is no obstacle. */
  guest_free (a);
  wait_for_link (b, false);
  g_assert_cmpint (g_atomic_int_get (&b->link), ==, 0);
  a = guest_new (server, 0);
  wait_for_link (b, true);
  wait_for_link (a, true);
  exchange_tcp (b, a);
  g_autoptr (GError) error = NULL;
  g_autofree char *second = g_strdup_printf ("stream,id=c,server=on,addr.type=unix,addr.path=%s", path);
  g_assert_null (net_backend_new (second, &error));
  g_assert_nonnull (strstr (error->message, "another process"));
  /* The client goes: the server takes the next one. */
  guest_free (b);
  wait_for_link (a, false);
  b = guest_new (client, ALL);
  wait_for_link (b, true);
  wait_for_link (a, true);
  exchange (a, b);
  guest_free (a);
  guest_free (b);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_stale_file (void)
{
  g_autofree char *dir = g_dir_make_tmp ("vitrine-net-XXXXXX", NULL),
                  *path = g_build_filename (dir, "s", NULL);
  g_autofree char *options = g_strdup_printf ("stream,server=on,addr.type=unix,addr.path=%s", path);
  g_autofree char *occupied = g_strdup_printf ("stream,server=on,addr.type=unix,addr.path=%s", dir);
  guest_free (guest_new (options, 0));
  /* A process that was killed leaves its socket. */
  g_autoptr (GSocket) dead = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_nonnull (dead);
  struct {
    sa_family_t family;
    char path[108];
  } addr = { AF_UNIX, "" };
  g_strlcpy (addr.path, path, sizeof addr.path);
  g_assert_cmpint (bind (g_socket_get_fd (dead), (struct sockaddr *)&addr, sizeof addr), ==, 0);
  g_socket_close (dead, NULL);
  guest_free (guest_new (options, 0));
  g_autoptr (GError) error = NULL;
  g_assert_null (net_backend_new (occupied, &error));
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_socket_tcp (void)
{
  Guest *a = NULL;
  unsigned port;
  for (port = 40000 + (unsigned)getpid () % 20000; !a; port++) {
    g_autofree char *listen = g_strdup_printf ("socket,listen=127.0.0.1:%u", port);
    NetBackend *probe = net_backend_new (listen, NULL);
    if (!probe)
      continue;
    net_backend_free (probe);
    a = guest_new (listen, ALL);
  }
  g_autofree char *connect = g_strdup_printf ("socket,connect=127.0.0.1:%u", port - 1);
  Guest *b = guest_new (connect, NET_VNET_HDR);
  wait_for_link (a, true);
  wait_for_link (b, true);
  exchange (a, b);
  exchange_tcp (a, b);
  guest_free (b);
  guest_free (a);
}

/* A peer that does not speak the protocol, byte by byte one that does, and one that stops reading. */
static void
test_stream_peer (void)
{
  int fds[2];
  VnetHdr hdr;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_autofree char *options = g_strdup_printf ("socket,fd=%d", fds[0]);
  Guest *guest = guest_new (options, 0);
  wait_for_link (guest, true);
  uint8_t frame[64 + 4] = { 0, 0, 0, 64, 1, 2, 3 };
  for (unsigned i = 0; i < sizeof frame; i++)
    g_assert_cmpint (write (fds[1], frame + i, 1), ==, 1);
  g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), frame + 4, 64);
  /* It does not read: after a while there is no room. */
  uint8_t big[60000] = { 0 };
  unsigned sent = 0;
  while (sent < 1000 && guest_send (guest, NULL, big, sizeof big))
    sent++;
  g_assert_cmpuint (sent, >, 10);
  g_assert_cmpuint (sent, <, 1000);
  g_assert_cmpint (fcntl (fds[1], F_SETFL, O_NONBLOCK), ==, 0);
  size_t got = 0;
  for (unsigned i = 0; i < 2000 && got < sent * (sizeof big + 4); i++) {
    const ssize_t size = read (fds[1], big, sizeof big);
    if (size > 0)
      got += (size_t)size;
    else
      g_usleep (1000);
  }
  g_assert_cmpuint (got, ==, sent * (sizeof big + 4));
  g_assert_true (guest_send (guest, NULL, frame, sizeof frame));
  frame[0] = 0x7f;
  g_assert_cmpint (write (fds[1], frame, sizeof frame), ==, sizeof frame);
  wait_for_link (guest, false);
  guest_free (guest);
  close (fds[1]);
}

static void
test_stream_stall (void)
{
  int fds[2];
  VnetHdr hdr;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_autofree char *options = g_strdup_printf ("stream,addr.type=fd,addr.str=%d", fds[0]);
  Guest *guest = guest_new (options, 0);
  uint8_t frame[64 + 4] = { 0, 0, 0, 64 };
  g_atomic_int_set (&guest->refuse, 1);
  for (unsigned i = 0; i < 200; i++) {
    vnet_put_be32 (frame + 20, i);
    g_assert_cmpint (write (fds[1], frame, sizeof frame), ==, sizeof frame);
  }
  g_assert_null (guest_receive (guest, 50, &hdr));
  net_backend_ready (guest->net);
  for (unsigned i = 0; i < 200; i++) {
    g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
    g_assert_nonnull (bytes);
    g_assert_cmpuint (vnet_be32 ((const uint8_t *)g_bytes_get_data (bytes, NULL) + 16), ==, i);
  }
  guest_free (guest);
  close (fds[1]);
}

static void
test_dgram_unix (void)
{
  g_autofree char *dir = g_dir_make_tmp ("vitrine-net-XXXXXX", NULL);
  Guest *guests[2];
  for (unsigned i = 0; i < 2; i++) {
    g_autofree char *options =
        g_strdup_printf ("dgram,id=d%u,local.type=unix,local.path=%s/%u,remote.type=unix,remote.path=%s/%u",
                         i, dir, i, dir, !i);
    guests[i] = guest_new (options, ALL);
  }
  exchange (guests[0], guests[1]);
  exchange_tcp (guests[0], guests[1]);
  guest_free (guests[0]);
  guest_free (guests[1]);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_multicast (void)
{
  g_autoptr (GError) error = NULL;
  const char *options = "socket,mcast=230.77.0.1:41777,localaddr=127.0.0.1";
  NetBackend *probe = net_backend_new (options, &error);
  if (!probe) {
    g_test_skip (error->message);
    return;
  }
  net_backend_free (probe);
  Guest *a = guest_new (options, 0), *b = guest_new (options, 0);
  uint8_t frame[64] = { 1, 2, 3 };
  VnetHdr hdr;
  g_assert_true (guest_send (a, NULL, frame, sizeof frame));
  g_autoptr (GBytes) bytes = guest_receive (b, 2000, &hdr);
  g_assert_nonnull (bytes);
  guest_free (a);
  guest_free (b);
}

/* The packets the kernel sends on a tap interface of its own (router solicitations, at least) come through.
 */
static void
test_tap (void)
{
  g_autoptr (GError) error = NULL;
  NetBackend *net = net_backend_new ("tap,id=t0,script=no,downscript=no", &error);
  if (!net) {
    g_test_skip (error->message);
    return;
  }
  g_assert_cmpuint (net_backend_features (net) & ALL, ==, ALL);
  g_autoptr (GString) text = g_string_new (NULL);
  net_backend_describe (net, text, false);
  net_backend_free (net);
  struct ifreq request = { 0 };
  g_snprintf (request.ifr_name, IFNAMSIZ, "vtest%u", (unsigned)getpid ());
  g_autofree char *options = g_strdup_printf ("tap,id=t0,ifname=%s", request.ifr_name);
  Guest *guest = guest_new (options, ALL);
  const int fd = socket (AF_INET, SOCK_DGRAM, 0);
  VnetHdr hdr;
  request.ifr_flags = IFF_UP;
  g_assert_cmpint (ioctl (fd, SIOCSIFFLAGS, &request), ==, 0);
  g_autoptr (GBytes) bytes = guest_receive (guest, 5000, &hdr);
  if (!bytes)
    g_test_skip ("the kernel sends nothing");
  uint8_t frame[64] = { 1, 2, 3 };
  g_assert_true (guest_send (guest, NULL, frame, sizeof frame));
  close (fd);
  guest_free (guest);
}

static void
test_bad_options (void)
{
  static const struct {
    const char *options, *message;
  } bad[] = {
    { "stream", "addr.type" },
    { "stream,addr.type=unix", "addr.type=unix needs .path" },
    { "stream,addr.type=inet,addr.host=localhost", ".port" },
    { "stream,addr.type=pigeon", "Known: inet" },
    { "stream,addr.type=unix,addr.path=/nowhere/at/all", "reconnect-ms" },
    { "stream,server=on,addr.type=unix,addr.path=/nowhere/at/all", "No such file" },
    { "stream,server=on,reconnect-ms=1,addr.type=unix,addr.path=/x", "reconnect" },
    { "stream,addr.type=fd,addr.str=12345", "12345" },
    { "stream,sever=on,addr.type=fd,addr.str=0", "" },
    { "dgram,local.type=inet,local.host=127.0.0.1,local.port=0", "remote" },
    { "dgram,remote.type=inet,remote.host=127.0.0.1,remote.port=9", "local" },
    { "socket", "exactly one" },
    { "socket,listen=:1,connect=:2", "exactly one" },
    { "socket,listen=frog", "HOST:PORT" },
    { "socket,connect=127.0.0.1:1", "first" },
    { "socket,connect=127.0.0.1:1,localaddr=1.2.3.4", "localaddr" },
    { "tap,fd=77777,ifname=x", "leave ifname" },
    { "tap,fd=77777", "77777" },
    { "tap,ifname=averyveryverylongname", "15" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (net_backend_new (bad[i].options, &error));
    g_test_message ("%s: %s", bad[i].options, error->message);
    g_assert_nonnull (strstr (error->message, bad[i].message));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net-socket/stream-unix", test_stream_unix);
  g_test_add_func ("/net-socket/stale-file", test_stale_file);
  g_test_add_func ("/net-socket/socket-tcp", test_socket_tcp);
  g_test_add_func ("/net-socket/stream-peer", test_stream_peer);
  g_test_add_func ("/net-socket/stream-stall", test_stream_stall);
  g_test_add_func ("/net-socket/dgram-unix", test_dgram_unix);
  g_test_add_func ("/net-socket/multicast", test_multicast);
  g_test_add_func ("/net-socket/tap", test_tap);
  g_test_add_func ("/net-socket/bad-options", test_bad_options);
  return g_test_run ();
}
