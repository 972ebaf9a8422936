/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-net-private.h"

#include <string.h>

static uint32_t
load32 (const uint8_t *p)
{
  uint32_t word;
  memcpy (&word, p, sizeof word);
  return word;
}

/* Addresses and ports are combined so that it does not matter which is the source. */
unsigned
virtio_net_flow_hash (const uint8_t *frame, size_t size)
{
  enum { ETH_HLEN = 14, TCP = 6, UDP = 17 };
  uint32_t sum = 0;
  size_t ports = 0;
  if (size < ETH_HLEN + 40)
    return 0;
  const uint8_t *ip = frame + ETH_HLEN;
  const unsigned type = (unsigned)frame[12] << 8 | frame[13];
  if (type == 0x0800 && ip[0] >> 4 == 4) {
    sum = load32 (ip + 12) + load32 (ip + 16);
    const bool fragment = (ip[6] & 0x3f) || ip[7];
    if (!fragment && (ip[9] == TCP || ip[9] == UDP))
      ports = ETH_HLEN + (ip[0] & 15) * 4u;
  } else if (type == 0x86dd) {
    for (unsigned i = 8; i < 40; i += 4)
      sum += load32 (ip + i);
    if (ip[6] == TCP || ip[6] == UDP)
      ports = ETH_HLEN + 40;
  }
  if (ports && ports + 4 <= size) {
    const uint32_t both = load32 (frame + ports);
    sum += (both & 0xffff) + (both >> 16);
  }
  /* Fibonacci hashing: the top bits depend on all of the sum. */
  return (sum * UINT32_C (0x9e3779b1)) >> 24;
}
