/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnet.h"

/* IPv6 extension headers that may stand before the transport header (RFC 8200 §4). */
enum { IP6_HOP_BY_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_DESTINATION = 60 };
enum { MAX_EXTENSIONS = 8 };

static void
parse_transport (const uint8_t *frame, VnetPacket *packet, size_t l4)
{
  const size_t room = packet->end - l4;
  if (packet->fragment)
    return;
  if (packet->protocol == 6 && room >= VNET_TCP_HLEN) {
    const size_t length = (frame[l4 + 12] >> 4) * 4u;
    if (length < VNET_TCP_HLEN || length > room)
      return;
    packet->l4 = (uint16_t)l4;
    packet->payload = (uint16_t)(l4 + length);
  } else if (packet->protocol == 17 && room >= VNET_UDP_HLEN) {
    packet->l4 = (uint16_t)l4;
    packet->payload = (uint16_t)(l4 + VNET_UDP_HLEN);
  }
}

static bool
parse_ipv4 (const uint8_t *frame, size_t size, VnetPacket *packet)
{
  const uint8_t *ip = frame + packet->l3;
  const size_t room = size - packet->l3;
  if (room < 20 || ip[0] >> 4 != 4)
    return false;
  const size_t header = (ip[0] & 15) * 4u, total = vnet_be16 (ip + 2);
  if (header < 20 || total < header || total > room)
    return false;
  packet->version = 4;
  packet->end = (uint16_t)(packet->l3 + total);
  packet->protocol = ip[9];
  packet->fragment = (vnet_be16 (ip + 6) & 0x3fff) != 0;
  packet->options = header > 20;
  parse_transport (frame, packet, packet->l3 + header);
  return true;
}

/* Walks over extension headers; false where there are too many of them or they do not fit. */
static bool
skip_extensions (const uint8_t *frame, VnetPacket *packet, size_t *at)
{
  for (unsigned n = 0; n < MAX_EXTENSIONS; n++) {
    const uint8_t next = packet->protocol;
    if (next != IP6_HOP_BY_HOP && next != IP6_ROUTING && next != IP6_FRAGMENT && next != IP6_DESTINATION)
      return true;
    if (packet->end - *at < 8)
      return false;
    const size_t length = next == IP6_FRAGMENT ? 8 : (frame[*at + 1] + 1u) * 8;
    if (length > packet->end - *at)
      return false;
    packet->options = true;
    packet->fragment |= next == IP6_FRAGMENT;
    packet->protocol = frame[*at];
    *at += length;
    if (next == IP6_FRAGMENT)
      return true;
  }
  return false;
}

static bool
parse_ipv6 (const uint8_t *frame, size_t size, VnetPacket *packet)
{
  const uint8_t *ip = frame + packet->l3;
  const size_t room = size - packet->l3;
  if (room < VNET_IPV6_HLEN || ip[0] >> 4 != 6)
    return false;
  const size_t total = vnet_be16 (ip + 4) + (size_t)VNET_IPV6_HLEN;
  if (total > room || packet->l3 + total > UINT16_MAX)
    return false;
  packet->version = 6;
  packet->end = (uint16_t)(packet->l3 + total);
  packet->protocol = ip[6];
  size_t at = packet->l3 + (size_t)VNET_IPV6_HLEN;
  if (skip_extensions (frame, packet, &at))
    parse_transport (frame, packet, at);
  else
    packet->protocol = 0;
  return true;
}

bool
vnet_parse (const uint8_t *frame, size_t size, VnetPacket *ret)
{
  *ret = (VnetPacket){ 0 };
  /* Offsets are 16 bits wide. */
  size = MIN (size, UINT16_MAX);
  if (size < VNET_ETH_HLEN)
    return false;
  size_t l3 = VNET_ETH_HLEN;
  uint16_t type = vnet_be16 (frame + 12);
  for (unsigned tags = 0; tags < 2 && (type == VNET_ETH_VLAN || type == VNET_ETH_QINQ); tags++) {
    if (size < l3 + VNET_VLAN_HLEN)
      return false;
    type = vnet_be16 (frame + l3 + 2);
    l3 += VNET_VLAN_HLEN;
  }
  ret->l3 = (uint16_t)l3;
  if (type == VNET_ETH_IPV4)
    return parse_ipv4 (frame, size, ret);
  return type == VNET_ETH_IPV6 && parse_ipv6 (frame, size, ret);
}
