/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALL = NET_VNET_HDR | NET_CSUM | NET_TSO4 | NET_TSO6 };

/* A socket of the host on a port of 127.0.0.1 that is free; *port 0 asks for any. */
static int
host_socket (int type, uint16_t *port)
{
  struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons (*port) };
  socklen_t size = sizeof addr;
  const struct timeval patience = { .tv_sec = 3 };
  addr.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  const int fd = socket (AF_INET, type | SOCK_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&addr, sizeof addr), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&addr, &size), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
  *port = ntohs (addr.sin_port);
  return fd;
}

static uint16_t
free_port (void)
{
  uint16_t port = 0;
  close (host_socket (SOCK_STREAM, &port));
  return port;
}

static int
host_connect (uint16_t port)
{
  struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons (port) };
  const struct timeval patience = { .tv_sec = 3 };
  addr.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  const int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&addr, sizeof addr), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
  return fd;
}

static size_t
put_dhcp (uint8_t *frame, Guest *guest, uint8_t type)
{
  uint8_t dhcp[300] = { 1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef };
  memcpy (dhcp + 28, guest->flow.src_mac, 6);
  memcpy (dhcp + 236, (uint8_t[]){ 0x63, 0x82, 0x53, 0x63, 53, 1, type }, 7);
  size_t at = 243;
  if (type == 3) {
    memcpy (dhcp + at, (uint8_t[]){ 50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2 }, 12);
    at += 12;
  }
  dhcp[at] = 255;
  FrameFlow flow = guest->flow;
  flow.src_port = 68;
  flow.dst_port = 67;
  memset (flow.src, 0, 4);
  memset (flow.dst, 255, 4);
  memset (flow.dst_mac, 255, 6);
  return frame_udp (frame, &flow, dhcp, sizeof dhcp);
}

/* The value of an option in a DHCP answer. */
static const uint8_t *
dhcp_option (const uint8_t *frame, size_t size, uint8_t option, uint8_t length)
{
  for (size_t at = 14 + 20 + 8 + 240; at + 2 < size && frame[at] != 255;
       at += frame[at] ? frame[at + 1] + 2u : 1) {
    if (frame[at] == option) {
      g_assert_cmpuint (frame[at + 1], ==, length);
      return frame + at + 2;
    }
  }
  g_error ("DHCP option %u is missing", option);
}

static void
test_dhcp (void)
{
  Guest *guest = guest_new ("user,id=n0,hostname=frog,domainname=pond,dnssearch=pond,dns=10.0.2.7", 0);
  g_autofree uint8_t *out = g_malloc (VNET_FRAME_MAX);
  for (unsigned type = 1; type <= 3; type += 2) {
    VnetHdr hdr;
    gsize size;
    g_assert_true (guest_send (guest, NULL, out, put_dhcp (out, guest, (uint8_t)type)));
    g_autoptr (GBytes) answer = guest_receive (guest, 2000, &hdr);
    g_assert_nonnull (answer);
    const uint8_t *frame = g_bytes_get_data (answer, &size);
    frame_check (frame, size);
    g_assert_cmpmem (frame + 42 + 16, 4, ((uint8_t[]){ 10, 0, 2, 15 }), 4);
    g_assert_cmpuint (*dhcp_option (frame, size, 53, 1), ==, type == 1 ? 2 : 5);
    g_assert_cmpmem (dhcp_option (frame, size, 3, 4), 4, ((uint8_t[]){ 10, 0, 2, 2 }), 4);
    g_assert_cmpmem (dhcp_option (frame, size, 6, 4), 4, ((uint8_t[]){ 10, 0, 2, 7 }), 4);
    g_assert_cmpmem (dhcp_option (frame, size, 12, 4), 4, "frog", 4);
  }
  guest_free (guest);
}

static void
test_ping (void)
{
  Guest *guest = guest_new ("user", NET_VNET_HDR | NET_CSUM);
  uint8_t frame[VNET_FRAME_MAX], data[2000];
  VnetHdr hdr;
  gsize size;
  guest_arp (guest);
  frame_fill (data, sizeof data, 1);
  size_t length = frame_udp (frame, &guest->flow, data, sizeof data);
  frame[14 + 9] = 1;
  memcpy (frame + 34, (uint8_t[]){ 8, 0, 0, 0, 0, 1, 0, 1 }, 8);
  vnet_put_be16 (frame + 24, 0);
  vnet_put_be16 (frame + 24, (uint16_t)~frame_sum (frame + 14, 20, 0));
  vnet_put_be16 (frame + 36, (uint16_t)~frame_sum (frame + 34, length - 34, 0));
  g_assert_true (guest_send (guest, NULL, frame, length));
  /* The answer is larger than the link: two fragments. */
  g_autoptr (GBytes) first = guest_receive (guest, 2000, &hdr), second = guest_receive (guest, 2000, &hdr);
  g_assert_true (first && second);
  const uint8_t *answer = g_bytes_get_data (first, &size);
  g_assert_cmpuint (size, <=, 1514);
  g_assert_cmpuint (answer[34], ==, 0);
  g_assert_cmpuint (answer[14 + 6] & 0x20, ==, 0x20);
  g_assert_cmpmem (answer + 42, size - 42, data, size - 42);
  g_assert_cmpuint (size + g_bytes_get_size (second), ==, length + 34);
  guest_free (guest);
}

typedef struct {
  int listen_fd;
  size_t size;
} Echo;

/* Takes one connection and gives back what it gets, once it has all of it. */
static void *
echo_thread (void *opaque)
{
  const Echo *echo = opaque;
  const int fd = accept (echo->listen_fd, NULL, NULL);
  g_autofree uint8_t *data = g_malloc (echo->size);
  g_assert_cmpint (recv (fd, data, echo->size, MSG_WAITALL), ==, echo->size);
  g_assert_cmpint (send (fd, data, echo->size, 0), ==, echo->size);
  close (fd);
  return NULL;
}

static void
run_tcp_out (unsigned features, unsigned mss, size_t chunk, size_t *ret_largest)
{
  enum { SIZE = 400000 };
  uint16_t port = 0;
  Echo echo = { host_socket (SOCK_STREAM, &port), SIZE };
  g_assert_cmpint (listen (echo.listen_fd, 1), ==, 0);
  GThread *thread = g_thread_new ("echo", echo_thread, &echo);
  Guest *guest = guest_new ("user", features);
  g_autofree uint8_t *data = g_malloc (SIZE), *back = g_malloc (SIZE);
  frame_fill (data, SIZE, 11);
  guest_arp (guest);
  guest_tcp_connect (guest, port, mss);
  const uint32_t start = guest->flow.seq;
  for (size_t done = 0; done < SIZE; done += MIN (chunk, SIZE - done)) {
    VnetHdr hdr;
    VnetPacket packet;
    guest_tcp_send (guest, data + done, MIN (chunk, SIZE - done));
    /* It acknowledges each; its window is not larger than 64 KiB. */
    while (guest->acked - start < done + MIN (chunk, SIZE - done)) {
      g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
      const uint8_t *frame = g_bytes_get_data (bytes, NULL);
      if (packet.end > packet.payload) {
        /* The echo has begun: this comes again. */
        g_async_queue_push_front (guest->frames, g_steal_pointer (&bytes));
        break;
      }
      guest->acked = vnet_be32 (frame + packet.l4 + 8);
    }
  }
  *ret_largest = guest_tcp_receive (guest, back, SIZE);
  g_assert_cmpmem (back, SIZE, data, SIZE);
  g_thread_join (thread);
  close (echo.listen_fd);
  guest_free (guest);
}

static void
test_tcp_out (void)
{
  size_t largest;
  run_tcp_out (ALL, 1460, 60000, &largest);
  g_assert_cmpuint (largest, >, 20000);
}

static void
test_tcp_out_plain (void)
{
  size_t largest;
  run_tcp_out (0, 1460, 1460, &largest);
  g_assert_cmpuint (largest, ==, 1514);
  run_tcp_out (NET_VNET_HDR | NET_CSUM, 1460, 1460, &largest);
  g_assert_cmpuint (largest, ==, 1514);
}

/* A guest that accepts a connection with smaller segments than its link carries gets no larger ones, but
 * those may come merged. */
static void
test_small_mss (void)
{
  enum { SIZE = 30000 };
  for (unsigned i = 0; i < 2; i++) {
    const uint16_t port = free_port ();
    g_autofree char *options = g_strdup_printf ("user,hostfwd=tcp:127.0.0.1:%u-:22", port);
    Guest *guest = guest_new (options, i ? ALL : NET_VNET_HDR | NET_CSUM);
    g_autofree uint8_t *data = g_malloc (SIZE), *back = g_malloc (SIZE);
    frame_fill (data, SIZE, 23);
    const int fd = host_connect (port);
    g_assert_cmpint (send (fd, data, SIZE, 0), ==, SIZE);
    guest_tcp_accept (guest, 1000);
    const size_t largest = guest_tcp_receive (guest, back, SIZE);
    g_assert_cmpmem (back, SIZE, data, SIZE);
    if (i)
      g_assert_cmpuint (largest, >, 1054);
    else
      g_assert_cmpuint (largest, ==, 1054);
    close (fd);
    guest_free (guest);
  }
}

static void
test_hostfwd (void)
{
  enum { SIZE = 300000 };
  const uint16_t port = free_port ();
  g_autofree char *options = g_strdup_printf ("user,hostfwd=tcp:127.0.0.1:%u-:22", port);
  Guest *guest = guest_new (options, ALL);
  g_autofree uint8_t *data = g_malloc (SIZE), *back = g_malloc (SIZE);
  frame_fill (data, SIZE, 13);
  const int fd = host_connect (port);
  guest_tcp_accept (guest, 1460);
  g_assert_cmpuint (guest->flow.src_port, ==, 22);
  g_assert_cmpint (send (fd, data, 100, 0), ==, 100);
  guest_tcp_receive (guest, back, 100);
  g_assert_cmpmem (back, 100, data, 100);
  guest_tcp_send (guest, data, 50000);
  g_assert_cmpint (recv (fd, back, 50000, MSG_WAITALL), ==, 50000);
  g_assert_cmpmem (back, 50000, data, 50000);
  close (fd);
  g_autoptr (GError) error = NULL;
  g_autofree char *rule = g_strdup_printf ("tcp:127.0.0.1:%u", port);
  g_assert_true (net_backend_hostfwd (guest->net, rule, false, &error));
  g_assert_false (net_backend_hostfwd (guest->net, rule, false, &error));
  g_clear_error (&error);
  g_autofree char *again = g_strdup_printf ("tcp:127.0.0.1:%u-:23", port);
  g_assert_true (net_backend_hostfwd (guest->net, again, true, &error));
  close (host_connect (port));
  guest_free (guest);
}

static void
test_udp (void)
{
  enum { SIZE = 4000 };
  uint16_t port = 0;
  const int fd = host_socket (SOCK_DGRAM, &port);
  Guest *guest = guest_new ("user", ALL);
  g_autofree uint8_t *data = g_malloc (SIZE), *frame = g_malloc (VNET_FRAME_MAX), *back = g_malloc (SIZE);
  struct sockaddr_storage from;
  socklen_t from_size = sizeof from;
  frame_fill (data, SIZE, 17);
  guest_arp (guest);
  guest->flow.dst_port = port;
  g_assert_true (guest_send (guest, NULL, frame, frame_udp (frame, &guest->flow, data, 1000)));
  g_assert_cmpint (recvfrom (fd, back, SIZE, 0, (struct sockaddr *)&from, &from_size), ==, 1000);
  g_assert_cmpmem (back, 1000, data, 1000);
  g_assert_cmpint (sendto (fd, data, SIZE, 0, (struct sockaddr *)&from, from_size), ==, SIZE);
  size_t done = 0;
  for (unsigned i = 0; i < 3; i++) {
    VnetHdr hdr;
    gsize size;
    g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
    g_assert_nonnull (bytes);
    const uint8_t *part = g_bytes_get_data (bytes, &size);
    const size_t skip = i ? 34 : 42;
    g_assert_cmpuint ((vnet_be16 (part + 20) & 0x1fff) * 8, ==, i ? done + 8 : 0);
    g_assert_cmpmem (part + skip, size - skip, data + done, size - skip);
    done += size - skip;
  }
  g_assert_cmpuint (done, ==, SIZE);
  close (fd);
  guest_free (guest);
}

/* Frames that the guest has no room for come later, in order, none lost. */
static void
test_stall (void)
{
  Guest *guest = guest_new ("user", NET_VNET_HDR);
  VnetHdr hdr;
  g_autofree uint8_t *out = g_malloc (VNET_FRAME_MAX);
  g_atomic_int_set (&guest->refuse, 1);
  for (unsigned i = 0; i < 5; i++)
    g_assert_true (guest_send (guest, NULL, out, put_dhcp (out, guest, 1)));
  g_assert_null (guest_receive (guest, 50, &hdr));
  g_assert_cmpint (g_atomic_int_get (&guest->refused), ==, 1);
  net_backend_ready (guest->net);
  for (unsigned i = 0; i < 5; i++) {
    g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
    g_assert_nonnull (bytes);
  }
  for (unsigned i = 0; i < 1000 && !g_atomic_int_get (&guest->flushes); i++)
    g_usleep (1000);
  g_assert_cmpint (g_atomic_int_get (&guest->flushes), >, 0);
  guest_free (guest);
}

static void
test_pause_and_link (void)
{
  Guest *guest = guest_new ("user", NET_VNET_HDR);
  VnetHdr hdr;
  g_autofree uint8_t *out = g_malloc (VNET_FRAME_MAX);
  g_atomic_int_set (&guest->refuse, 1);
  g_assert_true (guest_send (guest, NULL, out, put_dhcp (out, guest, 1)));
  net_backend_pause (guest->net, true);
  net_backend_ready (guest->net);
  g_assert_null (guest_receive (guest, 50, &hdr));
  net_backend_pause (guest->net, false);
  g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
  g_assert_nonnull (bytes);
  net_backend_set_link (guest->net, false);
  g_assert_false (net_backend_link (guest->net));
  g_assert_cmpint (g_atomic_int_get (&guest->link_changes), ==, 1);
  g_assert_true (guest_send (guest, NULL, out, put_dhcp (out, guest, 1)));
  g_assert_null (guest_receive (guest, 50, &hdr));
  net_backend_set_link (guest->net, true);
  g_assert_cmpint (g_atomic_int_get (&guest->link), ==, 1);
  guest_arp (guest);
  guest_free (guest);
}

static void
test_save (void)
{
  Guest *guest = guest_new ("user,id=n0", NET_VNET_HDR);
  VnetHdr hdr;
  g_autoptr (GError) error = NULL;
  g_autofree uint8_t *out = g_malloc (VNET_FRAME_MAX);
  g_atomic_int_set (&guest->refuse, 1);
  g_assert_true (guest_send (guest, NULL, out, put_dhcp (out, guest, 1)));
  net_backend_pause (guest->net, true);
  g_autoptr (GVariant) state = net_backend_save (guest->net);
  guest_free (guest);
  guest = guest_new ("user,id=n0", NET_VNET_HDR);
  net_backend_pause (guest->net, true);
  g_assert_true (net_backend_load (guest->net, state, &error));
  net_backend_pause (guest->net, false);
  g_autoptr (GBytes) bytes = guest_receive (guest, 2000, &hdr);
  g_assert_nonnull (bytes);
  g_autoptr (GVariant) junk = g_variant_ref_sink (g_variant_new_string ("junk"));
  g_assert_false (net_backend_load (guest->net, junk, &error));
  g_clear_error (&error);
  /* Truncated state is refused or ends somewhere, but is not read beyond. */
  const uint8_t bytes_of[] = { 1, 2, 3 };
  GVariantDict dict;
  g_variant_dict_init (&dict, state);
  g_variant_dict_insert_value (
      &dict, "state",
      g_variant_new ("(i@ayaay)", 6, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes_of, 3, 1), NULL));
  g_autoptr (GVariant) cut = g_variant_ref_sink (g_variant_dict_end (&dict));
  net_backend_load (guest->net, cut, NULL);
  g_variant_dict_init (&dict, state);
  g_variant_dict_insert_value (&dict, "state",
                               g_variant_new ("(i@ayaay)", 999,
                                              g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes_of, 3, 1),
                                              NULL));
  g_autoptr (GVariant) newer = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_assert_false (net_backend_load (guest->net, newer, &error));
  guest_free (guest);
}

/* The number of connections that a saved network says the guest has. */
static gsize
saved_connections (GVariant *state)
{
  g_autoptr (GVariant) own = g_variant_lookup_value (state, "state", G_VARIANT_TYPE ("(iayaay)"));
  g_autoptr (GVariant) flows = g_variant_get_child_value (own, 2);
  return g_variant_n_children (flows);
}

/* A guest that only waits for data is made to ask, and learns that its connection is no more. */
static void
test_save_connection (void)
{
  uint16_t port = 0;
  const int listen_fd = host_socket (SOCK_STREAM, &port);
  g_autoptr (GError) error = NULL;
  VnetHdr hdr;
  VnetPacket packet;
  uint8_t data[1000], back[1000], out[200];
  g_assert_cmpint (listen (listen_fd, 1), ==, 0);
  Guest *guest = guest_new ("user,id=n0", ALL);
  guest_arp (guest);
  guest_tcp_connect (guest, port, 1460);
  const int fd = accept (listen_fd, NULL, NULL);
  frame_fill (data, sizeof data, 3);
  g_assert_cmpint (send (fd, data, sizeof data, 0), ==, sizeof data);
  guest_tcp_receive (guest, back, sizeof back);
  const FrameFlow flow = guest->flow;
  net_backend_pause (guest->net, true);
  g_autoptr (GVariant) state = net_backend_save (guest->net);
  g_assert_cmpuint (saved_connections (state), ==, 1);
  guest_free (guest);
  close (fd);
  guest = guest_new ("user,id=n0", ALL);
  guest->flow = flow;
  net_backend_pause (guest->net, true);
  g_assert_true (net_backend_load (guest->net, state, &error));
  net_backend_pause (guest->net, false);
  uint32_t seq[2];
  for (unsigned i = 0; i < 2; i++) {
    g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
    const uint8_t *frame = g_bytes_get_data (bytes, NULL), *tcp = frame + packet.l4;
    frame_check (frame, packet.end);
    g_assert_cmpmem (frame, 6, flow.src_mac, 6);
    g_assert_cmpuint (vnet_be16 (tcp), ==, port);
    g_assert_cmpuint (vnet_be16 (tcp + 2), ==, flow.src_port);
    g_assert_cmpuint (tcp[13], ==, VNET_TCP_ACK);
    g_assert_cmpuint (packet.end, ==, packet.payload);
    seq[i] = vnet_be32 (tcp + 4);
  }
  g_assert_cmpuint (seq[0] ^ seq[1], ==, UINT32_C (1) << 31);
  g_assert_true (guest_send (guest, NULL, out, frame_tcp (out, &flow, VNET_TCP_ACK, 0, NULL, 0)));
  g_autoptr (GBytes) answer = guest_receive_tcp (guest, &hdr, &packet);
  const uint8_t *tcp = (const uint8_t *)g_bytes_get_data (answer, NULL) + packet.l4;
  g_assert_cmpuint (tcp[13] & VNET_TCP_RST, ==, VNET_TCP_RST);
  g_assert_cmpuint (vnet_be32 (tcp + 4), ==, flow.ack);
  guest_free (guest);
  close (listen_fd);
}

/* Connections that were refused, reset or closed by both sides are not kept. */
static void
test_save_closed (void)
{
  uint16_t port = 0;
  const int listen_fd = host_socket (SOCK_STREAM, &port);
  VnetHdr hdr;
  VnetPacket packet;
  uint8_t out[200];
  g_assert_cmpint (listen (listen_fd, 1), ==, 0);
  Guest *guest = guest_new ("user,id=n0", 0);
  guest_arp (guest);
  for (unsigned i = 0; i < 3; i++) {
    guest->flow.src_port++;
    guest_tcp_connect (guest, port, 1460);
    const int fd = accept (listen_fd, NULL, NULL);
    if (i == 0) {
      g_assert_true (guest_send (guest, NULL, out, frame_tcp (out, &guest->flow, VNET_TCP_RST, 0, NULL, 0)));
    } else {
      const uint8_t fin = VNET_TCP_FIN | VNET_TCP_ACK;
      g_assert_true (guest_send (guest, NULL, out, frame_tcp (out, &guest->flow, fin, 0, NULL, 0)));
      g_assert_cmpint (recv (fd, out, 1, 0), ==, 0);
    }
    g_autoptr (GVariant) open = net_backend_save (guest->net);
    g_assert_cmpuint (saved_connections (open), ==, i == 0 ? 0 : 1);
    close (fd);
    for (bool ended = i == 0; !ended;) {
      g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
      ended = ((const uint8_t *)g_bytes_get_data (bytes, NULL))[packet.l4 + 13] & VNET_TCP_FIN;
    }
    g_autoptr (GVariant) closed = net_backend_save (guest->net);
    g_assert_cmpuint (saved_connections (closed), ==, 0);
  }
  guest_free (guest);
  close (listen_fd);
}

/* What a damaged file says of connections is refused. */
static void
test_save_damaged (void)
{
  Guest *guest = guest_new ("user,id=n0", ALL);
  g_autoptr (GVariant) state = net_backend_save (guest->net);
  g_autoptr (GVariant) own = g_variant_lookup_value (state, "state", G_VARIANT_TYPE ("(iayaay)"));
  g_autoptr (GVariant) version = g_variant_get_child_value (own, 0);
  g_autoptr (GVariant) slirp = g_variant_get_child_value (own, 1);
  const uint8_t flow[51] = { 5 };
  for (unsigned size = 0; size <= sizeof flow; size += sizeof flow) {
    GVariantBuilder flows;
    GVariantDict dict;
    g_autoptr (GError) error = NULL;
    g_variant_builder_init (&flows, G_VARIANT_TYPE ("aay"));
    g_variant_builder_add_value (&flows, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, flow, size, 1));
    g_variant_dict_init (&dict, state);
    g_variant_dict_insert (&dict, "state", "(@i@ayaay)", version, slirp, &flows);
    g_autoptr (GVariant) bad = g_variant_ref_sink (g_variant_dict_end (&dict));
    g_assert_false (net_backend_load (guest->net, bad, &error));
    g_assert_nonnull (strstr (error->message, "n0 is damaged"));
  }
  guest_free (guest);
}

static void
test_describe (void)
{
  const uint16_t port = free_port ();
  g_autofree char *options =
      g_strdup_printf ("user,id=lan,hostfwd=udp:127.0.0.1:%u-10.0.2.15:53,restrict=on", port);
  Guest *guest = guest_new (options, 0);
  g_autoptr (GString) text = g_string_new (NULL);
  net_backend_describe (guest->net, text, false);
  g_assert_nonnull (strstr (text->str, "lan: index=0,type=user,net=10.0.2.0,mask=255.255.255.0,restrict=on"));
  g_string_set_size (text, 0);
  net_backend_describe (guest->net, text, true);
  g_assert_nonnull (strstr (text->str, "HOST_FORWARD"));
  g_assert_true (net_backend_find ("lan") == guest->net);
  g_autoptr (GPtrArray) list = net_backend_list ();
  g_assert_cmpuint (list->len, ==, 1);
  g_autoptr (GError) error = NULL;
  g_assert_null (net_backend_new ("user,id=lan", &error));
  g_assert_nonnull (strstr (error->message, "'lan'"));
  guest_free (guest);
  g_assert_null (net_backend_find ("lan"));
}

static void
test_bad_options (void)
{
  static const struct {
    const char *options, *message;
  } bad[] = {
    { "", "missing" },
    { "usr", "'user'" },
    { "user,hostfw=tcp::1-:2", "'hostfwd'" },
    { "user,net=10.0.2.0/33", "10.0.2.0/24" },
    { "user,net=frog", "10.0.2.0/24" },
    { "user,net=10.0.2.0/255.0.255.0", "10.0.2.0/24" },
    { "user,host=10.0.3.2", "10.0.2.0" },
    { "user,host=10.0.2.0", "host" },
    { "user,dns=10.0.2.2", "different" },
    { "user,dhcpstart=1.2.3", "dhcpstart" },
    { "user,ipv4=off,ipv6=off", "ipv4" },
    { "user,ipv6-net=fec0::/200", "prefix" },
    { "user,ipv6-host=10.0.0.1", "ipv6-host" },
    { "user,restrict=maybe", "restrict" },
    { "user,mtu=100", "576" },
    { "user,hostfwd=tcp:2222-:22", "tcp::2222-:22" },
    { "user,hostfwd=tcp::99999-:22", "tcp::2222-:22" },
    { "user,hostfwd=tcp::2222", "tcp::2222-:22" },
    { "user,hostfwd=sctp::2222-:22", "tcp::2222-:22" },
    { "user,hostfwd=tcp:1.2.3.4.5:2222-:22", "tcp::2222-:22" },
    { "user,hostfwd=tcp:[::1]:2222-:0", "tcp::2222-:22" },
    { "user,hostfwd=tcp:192.0.2.77:22222-:22", "192.0.2.77" },
    { "user,guestfwd=tcp:10.0.2.100:80-chardev:x", "cmd:" },
    { "user,guestfwd=tcp:10.0.2.2:80-cmd:x", "guestfwd" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    NetBackend *net = net_backend_new (bad[i].options, &error);
    g_test_message ("%s: %s", bad[i].options, error ? error->message : "taken");
    g_assert_null (net);
    g_assert_nonnull (strstr (error->message, bad[i].message));
  }
  g_autofree char *long_name = g_strnfill (200, 'x');
  g_autofree char *options = g_strdup_printf ("user,bootfile=%s", long_name);
  g_autoptr (GError) error = NULL;
  g_assert_null (net_backend_new (options, &error));
}

/* Headers that lie, frames of all sizes: dropped, counted, survived. */
static void
test_hostile (void)
{
  Guest *guest = guest_new ("user", ALL);
  g_autofree uint8_t *frame = g_malloc0 (VNET_FRAME_MAX + 100);
  g_autofree uint8_t *data = g_malloc0 (60000);
  const size_t size = frame_tcp (frame, &guest->flow, VNET_TCP_ACK, 0, data, 60000);
  for (unsigned type = 0; type < 256; type++) {
    const VnetHdr hdr = { .flags = (uint8_t)type,
                          .gso_type = (uint8_t)type,
                          .gso_size = (uint16_t)(type & 7),
                          .csum_start = (uint16_t)(type * 257),
                          .csum_offset = 0xffff };
    g_assert_true (guest_send (guest, &hdr, frame, type & 8 ? size : type));
  }
  g_assert_true (guest_send (guest, NULL, frame, VNET_FRAME_MAX));
  g_assert_true (guest_send (guest, NULL, frame, VNET_FRAME_MAX + 1));
  g_assert_true (guest_send (guest, NULL, frame, 0));
  VnetHdr hdr;
  GBytes *bytes;
  while ((bytes = guest_receive (guest, 20, &hdr)))
    g_bytes_unref (bytes);
  guest_arp (guest);
  guest_free (guest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net-user/dhcp", test_dhcp);
  g_test_add_func ("/net-user/ping", test_ping);
  g_test_add_func ("/net-user/tcp-out", test_tcp_out);
  g_test_add_func ("/net-user/tcp-out-plain", test_tcp_out_plain);
  g_test_add_func ("/net-user/small-mss", test_small_mss);
  g_test_add_func ("/net-user/hostfwd", test_hostfwd);
  g_test_add_func ("/net-user/udp", test_udp);
  g_test_add_func ("/net-user/stall", test_stall);
  g_test_add_func ("/net-user/pause-and-link", test_pause_and_link);
  g_test_add_func ("/net-user/save", test_save);
  g_test_add_func ("/net-user/save-connection", test_save_connection);
  g_test_add_func ("/net-user/save-closed", test_save_closed);
  g_test_add_func ("/net-user/save-damaged", test_save_damaged);
  g_test_add_func ("/net-user/describe", test_describe);
  g_test_add_func ("/net-user/bad-options", test_bad_options);
  g_test_add_func ("/net-user/hostile", test_hostile);
  return g_test_run ();
}
