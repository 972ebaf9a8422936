/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Frames and headers as a hostile guest, or a hostile peer, would send them. The input is a row of records: a
 * struct virtio_net_hdr_v1, the frame's length in two bytes, the frame. */

#include "vnet.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What comes out must be sound: inside the buffer it is said to be in, and not longer than a frame can be. */
static void
check (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  unsigned *n = opaque;
  VnetPacket packet;
  uint64_t sum = vnet_sum (frame, size, *n);
  if (size > VNET_FRAME_MAX)
    __builtin_trap ();
  if (hdr->gso_type != VNET_GSO_NONE && (!hdr->gso_size || !vnet_parse (frame, size, &packet) || !packet.l4))
    __builtin_trap ();
  *n += vnet_fold (sum) & 1;
}

/* Each function gets a copy of exactly the frame's size, so that a sanitizer sees a step beyond. */
static void
run_one (VnetMerge *merge, const VnetHdr *hdr, const uint8_t *data, size_t size)
{
  unsigned n = 0;
  VnetPacket packet;
  g_autofree uint8_t *frame = g_malloc (MAX (size, 1));
  memcpy (frame, data, size);
  vnet_segment (hdr, frame, size, check, &n);
  vnet_complete_csum (hdr, frame, size);
  vnet_unsegment (hdr, frame, size);
  if (vnet_parse (frame, size, &packet)) {
    vnet_raise_mss (frame, &packet, 1460, 65481);
    vnet_fragment (frame, &packet, 68 + hdr->gso_size % 1500u, check, &n);
    vnet_ip_csum (frame, &packet);
    if (packet.protocol == 6 && packet.l4) {
      vnet_tcp_csum (frame, &packet);
      if (!vnet_tcp_valid (frame, &packet))
        __builtin_trap ();
    }
  }
  const VnetHdr valid = { .flags = hdr->flags & VNET_F_DATA_VALID };
  vnet_merge_frame (merge, &valid, frame, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  unsigned n = 0;
  VnetMerge *merge = vnet_merge_new (check, &n);
  while (size >= sizeof (VnetHdr) + 2) {
    VnetHdr hdr;
    memcpy (&hdr, data, sizeof hdr);
    const size_t length = MIN (data[12] | (size_t)data[13] << 8, size - sizeof hdr - 2);
    run_one (merge, &hdr, data + sizeof hdr + 2, length);
    data += sizeof hdr + 2 + length;
    size -= sizeof hdr + 2 + length;
  }
  vnet_merge_flush (merge);
  vnet_merge_free (merge);
  return 0;
}
