/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"

#include <string.h>

static void
emit (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  NetBackend *net = opaque;
  const struct iovec iov = { frame, size };
  net->ops->send (net, &iov, 1);
}

/* Copies bytes from `skip` on, at most `limit`, out of the guest's memory, which it may change under our
 * eyes. */
static size_t
gather (void *out, const struct iovec *iov, int n_iov, size_t skip, size_t limit)
{
  size_t size = 0;
  for (int i = 0; i < n_iov && size < limit; i++) {
    const size_t skipped = MIN (skip, iov[i].iov_len), length = MIN (iov[i].iov_len - skipped, limit - size);
    if (length)
      memcpy ((uint8_t *)out + size, (const uint8_t *)iov[i].iov_base + skipped, length);
    skip -= skipped;
    size += length;
  }
  return size;
}

/* True if the frame was sound. */
static bool
send_with_hdr (NetBackend *net, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  if (hdr->gso_type != VNET_GSO_NONE) {
    if (!net->unlimited)
      return vnet_segment (hdr, frame, size, emit, net);
    if (!vnet_unsegment (hdr, frame, size))
      return false;
  } else if ((hdr->flags & VNET_F_NEEDS_CSUM) && !vnet_complete_csum (hdr, frame, size)) {
    return false;
  }
  emit (net, hdr, frame, size);
  return true;
}

static void
send_plain (NetBackend *net, const struct iovec *iov, int n_iov)
{
  VnetHdr hdr = { 0 };
  const bool has_hdr = g_atomic_int_get (&net->features) & NET_VNET_HDR;
  const bool whole = !has_hdr || gather (&hdr, iov, n_iov, 0, sizeof hdr) == sizeof hdr;
  /* A frame that is longer than any is noticed by its last byte. */
  const size_t size = gather (net->scratch, iov, n_iov, has_hdr ? sizeof hdr : 0, VNET_FRAME_MAX + 1);
  if (!whole || size < VNET_ETH_HLEN || size > VNET_FRAME_MAX ||
      !send_with_hdr (net, &hdr, net->scratch, size))
    net->tx_dropped++;
}

static void
send_native (NetBackend *net, const struct iovec *iov, int n_iov)
{
  static const VnetHdr none;
  if (g_atomic_int_get (&net->features) & NET_VNET_HDR) {
    net->ops->send (net, iov, n_iov);
    return;
  }
  g_autofree struct iovec *longer = g_new (struct iovec, n_iov + 1);
  longer[0] = (struct iovec){ (void *)&none, sizeof none };
  memcpy (longer + 1, iov, (size_t)n_iov * sizeof *iov);
  net->ops->send (net, longer, n_iov + 1);
}

bool
net_backend_send (NetBackend *net, const struct iovec *iov, int n_iov)
{
  if (net->paused)
    return false;
  if (!net->started || !net_backend_link (net)) {
    net->tx_dropped++;
    return true;
  }
  if (net->ops->writable && !net->ops->writable (net))
    return false;
  net->tx_frames++;
  for (int i = 0; i < n_iov; i++)
    net->tx_bytes += iov[i].iov_len;
  if (net->native & NET_VNET_HDR)
    send_native (net, iov, n_iov);
  else
    send_plain (net, iov, n_iov);
  return true;
}

void
net_backend_notify_sent (NetBackend *net, void (*sent) (void *opaque), void *opaque)
{
  net->sent = sent;
  net->sent_opaque = opaque;
}

void
net_sent (NetBackend *net)
{
  if (net->sent)
    net->sent (net->sent_opaque);
}
