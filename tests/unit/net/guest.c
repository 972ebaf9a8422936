/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include "net-internal.h"
#include <string.h>

static bool
receive (void *opaque, const struct iovec *iov, int n_iov)
{
  Guest *guest = opaque;
  if (g_atomic_int_get (&guest->refuse) > 0) {
    g_atomic_int_add (&guest->refuse, -1);
    g_atomic_int_inc (&guest->refused);
    return false;
  }
  GByteArray *bytes = g_byte_array_new ();
  for (int i = 0; i < n_iov; i++)
    g_byte_array_append (bytes, iov[i].iov_base, (unsigned)iov[i].iov_len);
  g_async_queue_push (guest->frames, g_byte_array_free_to_bytes (bytes));
  return true;
}

static void
link_changed (void *opaque, bool up)
{
  Guest *guest = opaque;
  g_atomic_int_set (&guest->link, up);
  g_atomic_int_inc (&guest->link_changes);
}

static void
flush (void *opaque)
{
  Guest *guest = opaque;
  g_atomic_int_inc (&guest->flushes);
}

Guest *
guest_new (const char *options, unsigned features)
{
  static const NetClient client = { .receive = receive, .link = link_changed, .flush = flush };
  g_autoptr (GError) error = NULL;
  Guest *guest = g_new0 (Guest, 1);
  guest->frames = g_async_queue_new_full ((GDestroyNotify)g_bytes_unref);
  guest->flow = frame_flow (4);
  guest->features = features;
  guest->net = net_backend_new (options, &error);
  g_assert_no_error (error);
  g_assert_true (net_backend_set_features (guest->net, features));
  g_assert_true (net_backend_attach (guest->net, &client, guest, &error));
  return guest;
}

void
guest_free (Guest *guest)
{
  net_backend_free (guest->net);
  g_async_queue_unref (guest->frames);
  g_free (guest);
}

typedef struct {
  Guest *guest;
  struct iovec iov[2];
  int n_iov;
  bool ok;
} Send;

static void
send_now (void *data)
{
  Send *send = data;
  send->ok = net_backend_send (send->guest->net, send->iov, send->n_iov);
}

bool
guest_send (Guest *guest, const VnetHdr *hdr, const void *frame, size_t size)
{
  const VnetHdr none = { 0 };
  Send send = { .guest = guest, .n_iov = 2 };
  send.iov[0] = (struct iovec){ (void *)(hdr ? hdr : &none), sizeof none };
  send.iov[1] = (struct iovec){ (void *)frame, size };
  if (!(guest->features & NET_VNET_HDR)) {
    send.iov[0] = send.iov[1];
    send.n_iov = 1;
  }
  net_run_sync (guest->net, send_now, &send);
  return send.ok;
}

GBytes *
guest_receive (Guest *guest, unsigned ms, VnetHdr *ret_hdr)
{
  GBytes *bytes = g_async_queue_timeout_pop (guest->frames, ms * UINT64_C (1000));
  *ret_hdr = (VnetHdr){ 0 };
  if (!bytes || !(guest->features & NET_VNET_HDR))
    return bytes;
  gsize size;
  const uint8_t *data = g_bytes_get_data (bytes, &size);
  g_assert_cmpuint (size, >=, sizeof *ret_hdr);
  memcpy (ret_hdr, data, sizeof *ret_hdr);
  GBytes *frame = g_bytes_new_from_bytes (bytes, sizeof *ret_hdr, size - sizeof *ret_hdr);
  g_bytes_unref (bytes);
  return frame;
}

static void
send_arp (Guest *guest, unsigned operation, const uint8_t *target)
{
  uint8_t arp[60] = { 0 };
  memset (arp, operation == 1 ? 0xff : 0, 6);
  if (operation == 2)
    memcpy (arp, guest->flow.dst_mac, 6);
  memcpy (arp + 6, guest->flow.src_mac, 6);
  memcpy (arp + 12, (uint8_t[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, (uint8_t)operation }, 10);
  memcpy (arp + 22, guest->flow.src_mac, 6);
  memcpy (arp + 28, guest->flow.src, 4);
  memcpy (arp + 38, target, 4);
  g_assert_true (guest_send (guest, NULL, arp, sizeof arp));
}

void
guest_arp (Guest *guest)
{
  VnetHdr hdr;
  send_arp (guest, 1, guest->flow.dst);
  g_autoptr (GBytes) answer = guest_receive (guest, 2000, &hdr);
  g_assert_nonnull (answer);
  const uint8_t *frame = g_bytes_get_data (answer, NULL);
  g_assert_cmpmem (frame, 6, guest->flow.src_mac, 6);
  g_assert_cmpuint (frame[21], ==, 2);
  memcpy (guest->flow.dst_mac, frame + 22, 6);
}

GBytes *
guest_receive_tcp (Guest *guest, VnetHdr *ret_hdr, VnetPacket *ret_packet)
{
  for (;;) {
    GBytes *bytes = guest_receive (guest, 3000, ret_hdr);
    g_assert_nonnull (bytes);
    gsize size;
    const uint8_t *frame = g_bytes_get_data (bytes, &size);
    if (vnet_parse (frame, size, ret_packet) && ret_packet->protocol == 6)
      return bytes;
    if (vnet_be16 (frame + 12) == VNET_ETH_ARP && frame[21] == 1)
      send_arp (guest, 2, frame + 28);
    g_bytes_unref (bytes);
  }
}

static void
send_tcp (Guest *guest, uint8_t flags, unsigned mss, const void *data, size_t size)
{
  g_autofree uint8_t *frame = g_malloc (VNET_FRAME_MAX);
  const size_t length = frame_tcp (frame, &guest->flow, flags, mss, data, size);
  VnetHdr hdr = { 0 };
  VnetPacket packet;
  g_assert_true (vnet_parse (frame, length, &packet));
  if (length > 1514)
    vnet_make_gso (&hdr, frame, &packet, 1460);
  g_assert_true (guest_send (guest, &hdr, frame, length));
  guest->flow.seq += (uint32_t)size + !!(flags & (VNET_TCP_SYN | VNET_TCP_FIN));
}

void
guest_tcp_connect (Guest *guest, uint16_t port, unsigned mss)
{
  VnetHdr hdr;
  VnetPacket packet;
  guest->flow.dst_port = port;
  guest->flow.ack = 0;
  send_tcp (guest, VNET_TCP_SYN, mss, NULL, 0);
  g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
  const uint8_t *tcp = (const uint8_t *)g_bytes_get_data (bytes, NULL) + packet.l4;
  g_assert_cmpuint (tcp[13], ==, VNET_TCP_SYN | VNET_TCP_ACK);
  guest->flow.ack = vnet_be32 (tcp + 4) + 1;
  guest->acked = vnet_be32 (tcp + 8);
  send_tcp (guest, VNET_TCP_ACK, 0, NULL, 0);
}

void
guest_tcp_accept (Guest *guest, unsigned mss)
{
  VnetHdr hdr;
  VnetPacket packet;
  g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
  const uint8_t *frame = g_bytes_get_data (bytes, NULL), *tcp = frame + packet.l4;
  g_assert_cmpuint (tcp[13], ==, VNET_TCP_SYN);
  memcpy (guest->flow.dst_mac, frame + 6, 6);
  memcpy (guest->flow.dst, frame + packet.l3 + 12, 4);
  guest->flow.dst_port = vnet_be16 (tcp);
  guest->flow.src_port = vnet_be16 (tcp + 2);
  guest->flow.ack = vnet_be32 (tcp + 4) + 1;
  send_tcp (guest, VNET_TCP_SYN | VNET_TCP_ACK, mss, NULL, 0);
  guest->acked = guest->flow.seq;
}

void
guest_tcp_send (Guest *guest, const void *data, size_t size)
{
  send_tcp (guest, VNET_TCP_ACK | VNET_TCP_PSH, 0, data, size);
}

size_t
guest_tcp_receive (Guest *guest, uint8_t *data, size_t size)
{
  size_t done = 0, largest = 0;
  while (done < size) {
    VnetHdr hdr;
    VnetPacket packet;
    g_autoptr (GBytes) bytes = guest_receive_tcp (guest, &hdr, &packet);
    gsize length;
    g_autofree uint8_t *frame = g_memdup2 (g_bytes_get_data (bytes, &length), g_bytes_get_size (bytes));
    if (hdr.flags & VNET_F_NEEDS_CSUM)
      g_assert_true (vnet_complete_csum (&hdr, frame, length));
    frame_check (frame, packet.end);
    g_assert_cmpuint (frame[packet.l4 + 13] & (VNET_TCP_RST | VNET_TCP_SYN), ==, 0);
    guest->acked = vnet_be32 (frame + packet.l4 + 8);
    const size_t payload = packet.end - packet.payload;
    if (payload == 0 || vnet_be32 (frame + packet.l4 + 4) != guest->flow.ack)
      continue;
    if (hdr.gso_type == VNET_GSO_NONE)
      g_assert_cmpuint (length, <=, 1514);
    else
      g_assert_cmpuint (GUINT16_FROM_LE (hdr.gso_size), <=, 1460);
    g_assert_cmpuint (done + payload, <=, size);
    memcpy (data + done, frame + packet.payload, payload);
    done += payload;
    largest = MAX (largest, length);
    guest->flow.ack += (uint32_t)payload;
    send_tcp (guest, VNET_TCP_ACK, 0, NULL, 0);
  }
  return largest;
}
