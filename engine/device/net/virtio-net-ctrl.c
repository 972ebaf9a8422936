/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-net-private.h"

#include <string.h>

/* §5.1.6.5: commands on the control queue. */
enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2, CLASS_MQ = 4, CLASS_GUEST_OFFLOADS = 5 };
enum { RX_PROMISC = 0, RX_ALLMULTI = 1, RX_ALLUNI = 2, RX_NOMULTI = 3, RX_NOUNI = 4, RX_NOBCAST = 5 };
enum { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1 };
enum { VLAN_ADD = 0, VLAN_DEL = 1 };
enum { MQ_VQ_PAIRS_SET = 0 };
enum { GUEST_OFFLOADS_SET = 0 };
enum { ACK_OK = 0, ACK_ERR = 1 };

/* What the driver has written, read piece by piece. */
typedef struct {
  const struct iovec *iov;
  unsigned n;
  size_t at;
} Reader;

static bool
take (Reader *reader, void *data, size_t size)
{
  const bool ok = virtio_iov_to_buf (reader->iov, reader->n, reader->at, data, size) == size;
  reader->at += size;
  return ok;
}

static bool
set_rx (VirtioNet *n, uint8_t command, Reader *reader)
{
  VirtioNetFilter *f = &n->filter;
  bool *const modes[] = { &f->promiscuous,  &f->all_multicast, &f->all_unicast,
                          &f->no_multicast, &f->no_unicast,    &f->no_broadcast };
  const unsigned feature = command < RX_ALLUNI ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA;
  uint8_t on;
  if (command >= G_N_ELEMENTS (modes) || !virtio_has (&n->vdev, feature) || !take (reader, &on, 1))
    return false;
  *modes[command] = on != 0;
  return true;
}

/* One half of the table; what is beyond our room is skipped, and then all such frames pass. */
static bool
take_macs (Reader *reader, uint8_t (*macs)[6], unsigned *n_macs, bool *overflow)
{
  uint32_t n;
  if (!take (reader, &n, sizeof n))
    return false;
  n = GUINT32_FROM_LE (n);
  const size_t left = virtio_iov_size (reader->iov, reader->n) - reader->at;
  if (n > left / 6)
    return false;
  *overflow = n > VIRTIO_NET_MACS_MAX;
  *n_macs = *overflow ? 0 : n;
  if (!*overflow)
    return take (reader, macs, 6 * (size_t)n);
  reader->at += 6 * (size_t)n;
  return true;
}

static bool
set_mac (VirtioNet *n, uint8_t command, Reader *reader)
{
  VirtioNetFilter new = n->filter;
  bool ok = false;
  if (command == MAC_ADDR_SET && virtio_has (&n->vdev, VIRTIO_NET_F_CTRL_MAC_ADDR))
    ok = take (reader, new.mac, sizeof new.mac);
  else if (command == MAC_TABLE_SET && virtio_has (&n->vdev, VIRTIO_NET_F_CTRL_RX))
    ok = take_macs (reader, new.unicast, &new.n_unicast, &new.unicast_overflow) &&
         take_macs (reader, new.multicast, &new.n_multicast, &new.multicast_overflow);
  if (ok)
    n->filter = new;
  return ok;
}

static bool
set_vlan (VirtioNet *n, uint8_t command, Reader *reader)
{
  uint16_t vid;
  if (command > VLAN_DEL || !virtio_has (&n->vdev, VIRTIO_NET_F_CTRL_VLAN) ||
      !take (reader, &vid, sizeof vid))
    return false;
  vid = GUINT16_FROM_LE (vid);
  if (vid >= VIRTIO_NET_VLANS)
    return false;
  const uint64_t bit = UINT64_C (1) << vid % 64;
  if (command == VLAN_ADD)
    n->filter.vlans[vid / 64] |= bit;
  else
    n->filter.vlans[vid / 64] &= ~bit;
  return true;
}

static bool
set_pairs (VirtioNet *n, uint8_t command, Reader *reader)
{
  uint16_t pairs;
  if (command != MQ_VQ_PAIRS_SET || !virtio_has (&n->vdev, VIRTIO_NET_F_MQ) ||
      !take (reader, &pairs, sizeof pairs))
    return false;
  pairs = GUINT16_FROM_LE (pairs);
  if (pairs < 1 || pairs > n->n_pairs)
    return false;
  n->used_pairs = pairs;
  /* Frames may wait for buffers of a queue that is not used any more. */
  if (n->net)
    net_backend_ready (n->net);
  return true;
}

void
virtio_net_apply_offloads (VirtioNet *n, uint64_t offloads)
{
  unsigned features = NET_VNET_HDR;
  n->guest_offloads = offloads;
  features |= offloads >> VIRTIO_NET_F_GUEST_CSUM & 1 ? NET_CSUM : 0;
  features |= offloads >> VIRTIO_NET_F_GUEST_TSO4 & 1 ? NET_TSO4 : 0;
  features |= offloads >> VIRTIO_NET_F_GUEST_TSO6 & 1 ? NET_TSO6 : 0;
  if (n->net)
    net_backend_set_features (n->net, features & net_backend_features (n->net));
}

static bool
set_offloads (VirtioNet *n, uint8_t command, Reader *reader)
{
  uint64_t offloads;
  if (command != GUEST_OFFLOADS_SET || !virtio_has (&n->vdev, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
      !take (reader, &offloads, sizeof offloads))
    return false;
  offloads = GUINT64_FROM_LE (offloads);
  if (offloads & ~(n->vdev.features & VIRTIO_NET_GUEST_OFFLOADS))
    return false;
  virtio_net_apply_offloads (n, offloads);
  return true;
}

static bool
carry_out (VirtioNet *n, Reader *reader)
{
  struct {
    uint8_t class, command;
  } header;
  if (!take (reader, &header, sizeof header))
    return false;
  device_trace (&n->vdev.dev, "command %u.%u", header.class, header.command);
  switch (header.class) {
    case CLASS_RX: return set_rx (n, header.command, reader);
    case CLASS_MAC: return set_mac (n, header.command, reader);
    case CLASS_VLAN: return set_vlan (n, header.command, reader);
    case CLASS_MQ: return set_pairs (n, header.command, reader);
    case CLASS_GUEST_OFFLOADS: return set_offloads (n, header.command, reader);
    default: return false;
  }
}

void
virtio_net_handle_ctrl (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioNet *n = (VirtioNet *)vdev;
  do {
    VirtqElement *e;
    virtqueue_disable_kick (queue);
    while ((e = virtqueue_pop (queue, sizeof *e))) {
      if (e->in_size < 1 || e->out_size < 2) {
        virtio_break (vdev, "a control buffer has no room for a command and its answer");
        virtqueue_element_free (e);
        return;
      }
      Reader reader = { e->out, e->n_out, 0 };
      g_mutex_lock (&n->lock);
      const uint8_t ack = carry_out (n, &reader) ? ACK_OK : ACK_ERR;
      g_mutex_unlock (&n->lock);
      virtio_iov_from_buf (e->in, e->n_in, 0, &ack, 1);
      virtqueue_push (queue, e, 1);
      virtqueue_element_free (e);
    }
    virtqueue_notify (queue);
  } while (virtqueue_enable_kick (queue));
}
