/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"

#include <string.h>

/* Room for the windows of some hundred TCP connections. Back ends that can hold back their peer (tap, stream)
 * never get this far: they stop reading at the first frame that is kept. */
enum { QUEUE_BYTES_MAX = 16 << 20, QUEUE_FRAMES_MAX = 10000 };

bool
net_can_receive (const NetBackend *net)
{
  return net->queue.length == 0;
}

static bool
link_up (NetBackend *net)
{
  return !g_atomic_int_get (&net->admin_down);
}

static void
keep (NetBackend *net, const struct iovec *iov, int n_iov)
{
  size_t size = 0;
  for (int i = 0; i < n_iov; i++)
    size += iov[i].iov_len;
  if (net->queued + size > QUEUE_BYTES_MAX || net->queue.length >= QUEUE_FRAMES_MAX) {
    net->rx_dropped++;
    return;
  }
  uint8_t *copy = g_malloc (size);
  for (int i = 0, at = 0; i < n_iov; at += (int)iov[i++].iov_len)
    memcpy (copy + at, iov[i].iov_base, iov[i].iov_len);
  g_queue_push_tail (&net->queue, g_bytes_new_take (copy, size));
  net->queued += size;
}

static void
push (NetBackend *net, const struct iovec *iov, int n_iov)
{
  if (!link_up (net) || !net->client) {
    net->rx_dropped++;
    return;
  }
  net->rx_frames++;
  for (int i = 0; i < n_iov; i++)
    net->rx_bytes += iov[i].iov_len;
  if (net->paused || !net_can_receive (net) || !net->client->receive (net->client_opaque, iov, n_iov))
    keep (net, iov, n_iov);
  else
    net->unflushed = true;
}

static void
push_plain (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  NetBackend *net = opaque;
  const unsigned features = (unsigned)g_atomic_int_get (&net->features);
  VnetHdr copy = *hdr;
  if (!(features & NET_CSUM))
    copy.flags = 0;
  const struct iovec iov[2] = { { &copy, sizeof copy }, { frame, size } };
  if (features & NET_VNET_HDR)
    push (net, iov, 2);
  else
    push (net, iov + 1, 1);
}

void
net_deliver (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  NetBackend *net = opaque;
  const unsigned features = (unsigned)g_atomic_int_get (&net->features);
  const unsigned type = hdr->gso_type & ~VNET_GSO_ECN;
  const unsigned need = type == VNET_GSO_TCPV4 ? NET_TSO4 : type == VNET_GSO_TCPV6 ? NET_TSO6 : 0;
  if (need && (!(features & NET_VNET_HDR) || !(features & need))) {
    if (!vnet_segment (hdr, frame, size, push_plain, net))
      net->rx_dropped++;
    return;
  }
  if ((hdr->flags & VNET_F_NEEDS_CSUM) && !(features & NET_CSUM) && !vnet_complete_csum (hdr, frame, size)) {
    net->rx_dropped++;
    return;
  }
  push_plain (net, hdr, frame, size);
}

/* What is too long for the guest's link: TCP becomes a frame to be segmented, the rest is fragmented. */
static void
receive_oversize (NetBackend *net, uint8_t *frame, size_t size)
{
  VnetPacket packet;
  VnetHdr hdr;
  const bool ip = vnet_parse (frame, size, &packet);
  if (ip && packet.protocol == 6 && packet.l4 && packet.payload - packet.l3 < net->mtu) {
    vnet_make_gso (&hdr, frame, &packet, net->mtu - (packet.payload - packet.l3));
    if (net->use_merge)
      vnet_merge_flush (net->merge);
    net_deliver (net, &hdr, frame, size);
  } else if (!ip || !vnet_fragment (frame, &packet, net->mtu, net_deliver, net)) {
    net->rx_dropped++;
  }
}

void
net_receive (NetBackend *net, uint8_t *frame, size_t size, bool valid)
{
  const VnetHdr hdr = { .flags = valid ? VNET_F_DATA_VALID : 0 };
  const int features = g_atomic_int_get (&net->features);
  if (net->unlimited && size > net->mtu + (size_t)VNET_ETH_HLEN) {
    receive_oversize (net, frame, size);
  } else if (net->use_merge && (features & NET_VNET_HDR) && (features & (NET_TSO4 | NET_TSO6))) {
    /* Held back until the end of the batch at most. */
    net->unflushed = true;
    vnet_merge_frame (net->merge, &hdr, frame, size);
  } else {
    push_plain (net, &hdr, frame, size);
  }
}

void
net_receive_native (NetBackend *net, uint8_t *data, size_t size)
{
  const size_t skip = g_atomic_int_get (&net->features) & NET_VNET_HDR ? 0 : sizeof (VnetHdr);
  const struct iovec iov = { data + skip, size - skip };
  if (size > sizeof (VnetHdr))
    push (net, &iov, 1);
}

void
net_receive_done (NetBackend *net)
{
  if (!net->unflushed)
    return;
  if (net->use_merge)
    vnet_merge_flush (net->merge);
  net->unflushed = false;
  if (net->client && net->client->flush)
    net->client->flush (net->client_opaque);
}

void
net_receive_retry (NetBackend *net)
{
  GBytes *bytes;
  while (net->client && !net->paused && (bytes = g_queue_peek_head (&net->queue))) {
    gsize size;
    const void *data = g_bytes_get_data (bytes, &size);
    const struct iovec iov = { (void *)data, size };
    if (!net->client->receive (net->client_opaque, &iov, 1))
      break;
    net->unflushed = true;
    net->queued -= size;
    g_bytes_unref (g_queue_pop_head (&net->queue));
  }
}

void
net_receive_drop_all (NetBackend *net)
{
  net->rx_dropped += net->queue.length;
  g_queue_clear_full (&net->queue, (GDestroyNotify)g_bytes_unref);
  net->queued = 0;
}

GVariant *
net_receive_save (NetBackend *net)
{
  GVariantBuilder frames;
  g_variant_builder_init (&frames, G_VARIANT_TYPE ("aay"));
  for (GList *at = net->queue.head; at; at = at->next)
    g_variant_builder_add_value (&frames,
                                 g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, at->data, TRUE));
  return g_variant_builder_end (&frames);
}

void
net_receive_load (NetBackend *net, GVariant *frames)
{
  net_receive_drop_all (net);
  for (gsize i = 0; i < g_variant_n_children (frames); i++) {
    g_autoptr (GVariant) frame = g_variant_get_child_value (frames, i);
    const struct iovec iov = { (void *)g_variant_get_data (frame), g_variant_get_size (frame) };
    if (iov.iov_len && iov.iov_len <= VNET_FRAME_MAX + sizeof (VnetHdr))
      keep (net, &iov, 1);
  }
}
