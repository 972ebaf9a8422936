/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-net-private.h"

#include <string.h>

/* ---- To the guest ---- */

void
virtio_net_release_held (VirtioNetPair *pair)
{
  while (pair->n_held) {
    VirtqElement *e = pair->held[--pair->n_held];
    virtqueue_unpop (pair->rx, e);
    virtqueue_element_free (e);
  }
  pair->held_room = 0;
}

/* One more buffer. False: there is none, and the driver tells us of the next, or the device is broken. */
static bool
hold_one (VirtioNet *n, VirtioNetPair *pair)
{
  VirtqElement *e;
  if (pair->n_held == VIRTIO_QUEUE_MAX)
    return false;
  while (!(e = virtqueue_pop (pair->rx, sizeof *e)))
    if (!virtqueue_enable_kick (pair->rx))
      return false;
  if (e->in_size < VIRTIO_NET_HLEN) {
    virtqueue_unpop (pair->rx, e);
    virtqueue_element_free (e);
    virtio_break (&n->vdev, "a receive buffer has no room for a header");
    return false;
  }
  pair->held[pair->n_held++] = e;
  pair->held_room += e->in_size;
  return true;
}

/* Whether buffers for a frame of `size` bytes are held. Without mergeable buffers it is one, however small.
 */
static bool
hold_room (VirtioNet *n, VirtioNetPair *pair, size_t size)
{
  if (!virtio_has (&n->vdev, VIRTIO_NET_F_MRG_RXBUF))
    return pair->n_held || hold_one (n, pair);
  while (pair->held_room < size)
    if (!hold_one (n, pair))
      return false;
  return true;
}

/* Copies from (iov, offset) into the buffer's parts; returns how much. */
static size_t
copy_into (const VirtqElement *e, const struct iovec *iov, int n_iov, size_t offset)
{
  size_t done = 0;
  for (int i = 0; i < n_iov && done < e->in_size; i++) {
    if (offset >= iov[i].iov_len) {
      offset -= iov[i].iov_len;
      continue;
    }
    const size_t size = MIN (iov[i].iov_len - offset, e->in_size - done);
    done += virtio_iov_from_buf (e->in, e->n_in, done, (const uint8_t *)iov[i].iov_base + offset, size);
    offset = 0;
  }
  return done;
}

/* With enough room held: writes the frame, all of whose buffers the driver then sees at once. */
static void
write_frame (VirtioNetPair *pair, const struct iovec *iov, int n_iov, size_t size)
{
  size_t done = 0;
  unsigned used = 0;
  uint32_t written[VIRTIO_QUEUE_MAX];
  while (done < size) {
    written[used] = (uint32_t)copy_into (pair->held[used], iov, n_iov, done);
    done += written[used++];
  }
  const uint16_t num_buffers = GUINT16_TO_LE ((uint16_t)used);
  virtio_iov_from_buf (pair->held[0]->in, pair->held[0]->n_in, VIRTIO_NET_NUM_BUFFERS, &num_buffers,
                       sizeof num_buffers);
  for (unsigned i = 0; i < used; i++) {
    virtqueue_fill (pair->rx, pair->held[i], written[i]);
    pair->held_room -= pair->held[i]->in_size;
    virtqueue_element_free (pair->held[i]);
  }
  virtqueue_flush (pair->rx);
  pair->n_held -= used;
  memmove (pair->held, pair->held + used, pair->n_held * sizeof *pair->held);
  pair->pushed = true;
}

static VirtioNetPair *
choose_pair (VirtioNet *n, const uint8_t *frame, size_t size)
{
  if (n->used_pairs == 1)
    return &n->pairs[0];
  const unsigned pair = n->flow_pair[virtio_net_flow_hash (frame, size)];
  return &n->pairs[pair < n->used_pairs && virtqueue_ready (n->pairs[pair].rx) ? pair : 0];
}

/* With the lock. */
static bool
receive_locked (VirtioNet *n, const struct iovec *iov, int n_iov)
{
  if (!n->running)
    return !n->vdev.quiesced;
  if (iov[0].iov_len < VIRTIO_NET_HLEN)
    return true;
  /* The header and the beginning of the frame may be one piece or two. */
  const bool split = iov[0].iov_len == VIRTIO_NET_HLEN && n_iov > 1;
  const uint8_t *frame = split ? iov[1].iov_base : (const uint8_t *)iov[0].iov_base + VIRTIO_NET_HLEN;
  const size_t first = split ? iov[1].iov_len : iov[0].iov_len - VIRTIO_NET_HLEN;
  const size_t size = virtio_iov_size (iov, (unsigned)n_iov);
  if (!virtio_net_filter_accepts (&n->filter, frame, first))
    return true;
  VirtioNetPair *pair = choose_pair (n, frame, first);
  if (!hold_room (n, pair, size))
    /* A broken device takes nothing, ever: frames are not kept for it. */
    return n->vdev.broken;
  if (pair->held_room < size) {
    device_guest_error (&n->vdev.dev,
                        "a frame of %zu bytes is dropped: the receive buffer has %" G_GUINT64_FORMAT, size,
                        pair->held_room);
    return true;
  }
  write_frame (pair, iov, n_iov, size);
  return true;
}

static bool
receive (void *opaque, const struct iovec *iov, int n_iov)
{
  VirtioNet *n = opaque;
  g_mutex_lock (&n->lock);
  const bool taken = receive_locked (n, iov, n_iov);
  g_mutex_unlock (&n->lock);
  return taken;
}

static void
flush (void *opaque)
{
  VirtioNet *n = opaque;
  g_mutex_lock (&n->lock);
  for (unsigned i = 0; i < n->n_pairs; i++) {
    if (!n->pairs[i].pushed)
      continue;
    n->pairs[i].pushed = false;
    virtqueue_notify (n->pairs[i].rx);
  }
  g_mutex_unlock (&n->lock);
}

static void
link_changed (void *opaque, bool up)
{
  VirtioNet *n = opaque;
  if (virtio_has (&n->vdev, VIRTIO_NET_F_STATUS))
    virtio_config_changed (&n->vdev);
}

const NetClient virtio_net_client = { .receive = receive, .link = link_changed, .flush = flush };

/* There are buffers again. */
void
virtio_net_handle_rx (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioNet *n = (VirtioNet *)vdev;
  virtqueue_disable_kick (queue);
  if (n->net)
    net_backend_ready (n->net);
}

/* ---- From the guest ---- */

static void
note_flow (VirtioNet *n, unsigned pair, const VirtqElement *e)
{
  uint8_t frame[VIRTIO_NET_FLOW_BYTES];
  const size_t size = virtio_iov_to_buf (e->out, e->n_out, VIRTIO_NET_HLEN, frame, sizeof frame);
  n->flow_pair[virtio_net_flow_hash (frame, size)] = (uint8_t)pair;
}

/* False when the back end has no room or the device is broken. */
static bool
send_one (VirtioNet *n, unsigned pair, VirtqElement *e)
{
  VirtQueue *queue = n->pairs[pair].tx;
  if (e->out_size < VIRTIO_NET_HLEN) {
    virtio_break (&n->vdev, "a transmit buffer of %" G_GUINT64_FORMAT " bytes has no header", e->out_size);
    return false;
  }
  if (n->used_pairs > 1)
    note_flow (n, pair, e);
  if (n->net && !net_backend_send (n->net, e->out, (int)e->n_out)) {
    n->pairs[pair].tx_blocked = true;
    virtqueue_unpop (queue, e);
    return false;
  }
  virtqueue_push (queue, e, 0);
  return true;
}

void
virtio_net_handle_tx (VirtioDevice *vdev, VirtQueue *queue)
{
  /* After so many frames the thread's other work has its turn: what comes back, for one. */
  enum { BATCH = 64 };
  VirtioNet *n = (VirtioNet *)vdev;
  const unsigned pair = virtqueue_index (queue) / 2;
  unsigned sent = 0;
  bool more = true;
  n->pairs[pair].tx_blocked = false;
  virtqueue_disable_kick (queue);
  while (more && sent < BATCH) {
    VirtqElement *e = virtqueue_pop (queue, sizeof *e);
    if (!e) {
      virtqueue_notify (queue);
      more = virtqueue_enable_kick (queue);
      if (more)
        virtqueue_disable_kick (queue);
      continue;
    }
    more = send_one (n, pair, e);
    virtqueue_element_free (e);
    sent++;
  }
  virtqueue_notify (queue);
  if (more)
    virtqueue_schedule (queue);
}

void
virtio_net_sent (void *opaque)
{
  VirtioNet *n = opaque;
  for (unsigned i = 0; i < n->n_pairs; i++)
    if (n->pairs[i].tx_blocked)
      virtqueue_schedule (n->pairs[i].tx);
}
