/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnet.h"

#include <string.h>

/* Words are added as the host has them and swapped once at the end: the one's complement sum does not mind
 * the byte order (RFC 1071 §2). Four accumulators of 64 bits need no carry for far more data than a frame
 * has, and the loop becomes vector code. */
uint64_t
vnet_sum (const void *data, size_t size, uint64_t sum)
{
  const uint8_t *p = data;
  uint64_t lane[4] = { 0 };
  for (; size >= 32; size -= 32, p += 32) {
    uint32_t word[8];
    memcpy (word, p, sizeof word);
    for (unsigned i = 0; i < 4; i++)
      lane[i] += (uint64_t)word[i] + word[i + 4];
  }
  uint64_t total = lane[0] + lane[1] + lane[2] + lane[3];
  for (; size >= 2; size -= 2, p += 2) {
    uint16_t half;
    memcpy (&half, p, sizeof half);
    total += half;
  }
  if (size) {
    const uint8_t last[2] = { *p, 0 };
    uint16_t half;
    memcpy (&half, last, sizeof half);
    total += half;
  }
  return sum + GUINT16_FROM_BE (vnet_fold (total));
}

uint16_t
vnet_fold (uint64_t sum)
{
  sum = (sum & UINT32_MAX) + (sum >> 32);
  sum = (sum & UINT32_MAX) + (sum >> 32);
  sum = (sum & UINT16_MAX) + (sum >> 16);
  sum = (sum & UINT16_MAX) + (sum >> 16);
  return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

uint64_t
vnet_pseudo_sum (const uint8_t *frame, const VnetPacket *packet, size_t length)
{
  const uint8_t *ip = frame + packet->l3;
  const uint64_t sum = packet->protocol + (uint64_t)length;
  return packet->version == 4 ? vnet_sum (ip + 12, 8, sum) : vnet_sum (ip + 8, 32, sum);
}

void
vnet_ip_csum (uint8_t *frame, const VnetPacket *packet)
{
  uint8_t *ip = frame + packet->l3;
  if (packet->version != 4)
    return;
  vnet_put_be16 (ip + 10, 0);
  vnet_put_be16 (ip + 10, (uint16_t)~vnet_fold (vnet_sum (ip, (ip[0] & 15) * 4u, 0)));
}

void
vnet_tcp_csum (uint8_t *frame, const VnetPacket *packet)
{
  uint8_t *tcp = frame + packet->l4;
  const size_t length = packet->end - packet->l4;
  vnet_put_be16 (tcp + 16, 0);
  vnet_put_be16 (tcp + 16,
                 (uint16_t)~vnet_fold (vnet_sum (tcp, length, vnet_pseudo_sum (frame, packet, length))));
}

bool
vnet_tcp_valid (const uint8_t *frame, const VnetPacket *packet)
{
  const uint8_t *ip = frame + packet->l3;
  const size_t length = packet->end - packet->l4;
  if (packet->version == 4 && vnet_fold (vnet_sum (ip, (ip[0] & 15) * 4u, 0)) != UINT16_MAX)
    return false;
  return vnet_fold (vnet_sum (frame + packet->l4, length, vnet_pseudo_sum (frame, packet, length))) ==
         UINT16_MAX;
}

bool
vnet_complete_csum (const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  const size_t start = GUINT16_FROM_LE (hdr->csum_start), field = start + GUINT16_FROM_LE (hdr->csum_offset);
  if (start >= size || size - start < 2 || field > size - 2)
    return false;
  const uint16_t csum = (uint16_t)~vnet_fold (vnet_sum (frame + start, size - start, 0));
  /* All zeroes would mean "no checksum" in UDP; all ones is the same number for everybody. */
  vnet_put_be16 (frame + field, csum ? csum : UINT16_MAX);
  return true;
}
