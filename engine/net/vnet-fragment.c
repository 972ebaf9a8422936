/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnet.h"

#include <string.h>

static void
fragment_ipv4 (const uint8_t *frame, const VnetPacket *packet, unsigned mtu, VnetEmit emit, void *opaque)
{
  static const VnetHdr none;
  const size_t header = (frame[packet->l3] & 15) * 4u, headers = packet->l3 + header;
  const size_t total = packet->end - headers, piece = (mtu - header) & ~(size_t)7;
  g_autofree uint8_t *out = g_malloc (headers + piece);
  for (size_t offset = 0; offset < total; offset += piece) {
    const size_t length = MIN (piece, total - offset);
    const bool more = offset + length < total;
    memcpy (out, frame, headers);
    memcpy (out + headers, frame + headers + offset, length);
    vnet_put_be16 (out + packet->l3 + 2, (uint16_t)(header + length));
    vnet_put_be16 (out + packet->l3 + 6, (uint16_t)((more ? 0x2000 : 0) | offset / 8));
    vnet_ip_csum (out, packet);
    emit (opaque, &none, out, headers + length);
  }
}

/* RFC 8200 §4.5, for packets without extension headers. */
static void
fragment_ipv6 (const uint8_t *frame, const VnetPacket *packet, unsigned mtu, VnetEmit emit, void *opaque)
{
  enum { FRAGMENT_HLEN = 8, NEXT_FRAGMENT = 44 };
  static const VnetHdr none;
  static gint last_id;
  const uint32_t id = (uint32_t)g_atomic_int_add (&last_id, 1);
  const size_t headers = packet->l3 + (size_t)VNET_IPV6_HLEN, total = packet->end - headers;
  const size_t piece = (mtu - VNET_IPV6_HLEN - FRAGMENT_HLEN) & ~(size_t)7;
  g_autofree uint8_t *out = g_malloc (headers + FRAGMENT_HLEN + piece);
  for (size_t offset = 0; offset < total; offset += piece) {
    const size_t length = MIN (piece, total - offset);
    uint8_t *fragment = out + headers;
    memcpy (out, frame, headers);
    vnet_put_be16 (out + packet->l3 + 4, (uint16_t)(FRAGMENT_HLEN + length));
    out[packet->l3 + 6] = NEXT_FRAGMENT;
    fragment[0] = frame[packet->l3 + 6];
    fragment[1] = 0;
    vnet_put_be16 (fragment + 2, (uint16_t)(offset | (offset + length < total)));
    vnet_put_be32 (fragment + 4, id);
    memcpy (fragment + FRAGMENT_HLEN, frame + headers + offset, length);
    emit (opaque, &none, out, headers + FRAGMENT_HLEN + length);
  }
}

bool
vnet_fragment (const uint8_t *frame, const VnetPacket *packet, unsigned mtu, VnetEmit emit, void *opaque)
{
  enum { LEAST_MTU = 68 }; /* RFC 791: what every link carries, so that a fragment has room for 8 bytes */
  if (packet->version == 0 || packet->fragment || mtu < LEAST_MTU ||
      (packet->version == 6 && packet->options))
    return false;
  if (packet->version == 4)
    fragment_ipv4 (frame, packet, mtu, emit, opaque);
  else
    fragment_ipv6 (frame, packet, mtu, emit, opaque);
  return true;
}
