/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Frames made and looked at by hand, without the code under test. */

#include "vnet.h"

/* A host's idea of a TCP connection: what the next frame says. */
typedef struct {
  uint8_t src_mac[6], dst_mac[6];
  uint8_t src[16], dst[16]; /* the first 4 bytes for IPv4 */
  unsigned version;         /* 4, 6 */
  uint16_t src_port, dst_port;
  uint32_t seq, ack;
  uint16_t window, id;
  bool vlan;
} FrameFlow;

/* A flow 10.0.2.15:1000 to 10.0.2.2:80 (or fec0::15 to fec0::2). */
FrameFlow frame_flow (unsigned version);
/* A TCP frame with right checksums in `frame` (VNET_FRAME_MAX bytes); returns its size. `mss` is an option if
 * not 0. */
size_t frame_tcp (uint8_t *frame, const FrameFlow *flow, uint8_t flags, unsigned mss, const void *data,
                  size_t size);
size_t frame_udp (uint8_t *frame, const FrameFlow *flow, const void *data, size_t size);
/* The sum of RFC 1071, word by word. */
uint16_t frame_sum (const uint8_t *data, size_t size, uint32_t start);
/* Asserts that lengths and all checksums of a frame are right. */
void frame_check (const uint8_t *frame, size_t size);
void frame_fill (uint8_t *data, size_t size, unsigned seed);
