/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnet.h"

#include <string.h>

/* What header and frame agree to be: a TCP packet of the header's IP version with something to cut. hdr_len
 * and csum_start are hints (virtio 1.3 §5.1.6.2) that the frame's own headers overrule. */
static bool
parse_gso (const VnetHdr *hdr, const uint8_t *frame, size_t size, VnetPacket *packet)
{
  const unsigned type = hdr->gso_type & ~VNET_GSO_ECN;
  const unsigned version = type == VNET_GSO_TCPV4 ? 4 : type == VNET_GSO_TCPV6 ? 6 : 0;
  return version && hdr->gso_size && vnet_parse (frame, size, packet) && packet->version == version &&
         packet->protocol == 6 && packet->l4;
}

static void
set_ip_length (uint8_t *frame, VnetPacket *packet, size_t end)
{
  uint8_t *ip = frame + packet->l3;
  packet->end = (uint16_t)end;
  if (packet->version == 4)
    vnet_put_be16 (ip + 2, (uint16_t)(end - packet->l3));
  else
    vnet_put_be16 (ip + 4, (uint16_t)(end - packet->l3 - VNET_IPV6_HLEN));
}

/* The header fields of segment `n` that begins `offset` bytes into the payload. */
static void
fix_headers (uint8_t *segment, const uint8_t *frame, const VnetPacket *packet, unsigned n, size_t offset,
             bool last)
{
  uint8_t *tcp = segment + packet->l4;
  if (packet->version == 4)
    vnet_put_be16 (segment + packet->l3 + 4, (uint16_t)(vnet_be16 (frame + packet->l3 + 4) + n));
  vnet_put_be32 (tcp + 4, vnet_be32 (frame + packet->l4 + 4) + (uint32_t)offset);
  if (!last)
    tcp[13] &= (uint8_t)~(VNET_TCP_FIN | VNET_TCP_PSH);
  if (n)
    tcp[13] &= (uint8_t)~VNET_TCP_CWR;
}

bool
vnet_segment (const VnetHdr *hdr, const uint8_t *frame, size_t size, VnetEmit emit, void *opaque)
{
  static const VnetHdr plain = { .flags = VNET_F_DATA_VALID };
  VnetPacket packet;
  if (!parse_gso (hdr, frame, size, &packet))
    return false;
  const size_t headers = packet.payload, total = packet.end - headers, mss = GUINT16_FROM_LE (hdr->gso_size);
  g_autofree uint8_t *segment = g_malloc (headers + MIN (mss, total));
  unsigned n = 0;
  size_t offset = 0;
  do {
    const size_t length = MIN (mss, total - offset);
    memcpy (segment, frame, headers);
    memcpy (segment + headers, frame + headers + offset, length);
    VnetPacket part = packet;
    fix_headers (segment, frame, &part, n++, offset, offset + length == total);
    set_ip_length (segment, &part, headers + length);
    vnet_ip_csum (segment, &part);
    vnet_tcp_csum (segment, &part);
    emit (opaque, &plain, segment, headers + length);
    offset += length;
  } while (offset < total);
  return true;
}

bool
vnet_unsegment (const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  VnetPacket packet;
  if (!parse_gso (hdr, frame, size, &packet))
    return false;
  vnet_ip_csum (frame, &packet);
  vnet_tcp_csum (frame, &packet);
  return true;
}

void
vnet_make_gso (VnetHdr *hdr, uint8_t *frame, const VnetPacket *packet, unsigned mss)
{
  uint8_t *tcp = frame + packet->l4;
  *hdr = (VnetHdr){
    .flags = VNET_F_NEEDS_CSUM,
    .gso_type = packet->version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6,
    .hdr_len = GUINT16_TO_LE (packet->payload),
    .gso_size = GUINT16_TO_LE ((uint16_t)mss),
    .csum_start = GUINT16_TO_LE (packet->l4),
    .csum_offset = GUINT16_TO_LE (16),
  };
  if (tcp[13] & VNET_TCP_CWR)
    hdr->gso_type |= VNET_GSO_ECN;
  vnet_put_be16 (tcp + 16, vnet_fold (vnet_pseudo_sum (frame, packet, packet->end - packet->l4)));
}

void
vnet_raise_mss (uint8_t *frame, const VnetPacket *packet, unsigned least, unsigned mss)
{
  enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2 };
  uint8_t *tcp = frame + packet->l4;
  if (packet->protocol != 6 || !packet->l4 || !(tcp[13] & VNET_TCP_SYN))
    return;
  const size_t end = packet->payload - packet->l4;
  for (size_t at = VNET_TCP_HLEN; at < end && tcp[at] != OPTION_END;) {
    if (tcp[at] == OPTION_NOP) {
      at++;
      continue;
    }
    if (end - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > end - at)
      return;
    if (tcp[at] == OPTION_MSS && tcp[at + 1] == 4 && vnet_be16 (tcp + at + 2) >= least) {
      /* RFC 1624: the checksum moves by the difference. An option at an odd place counts with its bytes
       * swapped. */
      const uint16_t before = vnet_be16 (tcp + at + 2), after = (uint16_t)mss;
      const bool odd = at & 1;
      const uint64_t sum = (uint16_t)~vnet_be16 (tcp + 16) +
                           (uint64_t)(uint16_t)~(odd ? GUINT16_SWAP_LE_BE (before) : before) +
                           (odd ? GUINT16_SWAP_LE_BE (after) : after);
      vnet_put_be16 (tcp + 16, (uint16_t)~vnet_fold (sum));
      vnet_put_be16 (tcp + at + 2, after);
      return;
    }
    at += tcp[at + 1];
  }
}
