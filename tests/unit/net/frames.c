/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frames.h"

#include <string.h>

FrameFlow
frame_flow (unsigned version)
{
  FrameFlow flow = {
    .src_mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
    .dst_mac = { 0x52, 0x55, 10, 0, 2, 2 },
    .version = version,
    .src_port = 1000,
    .dst_port = 80,
    .seq = 0xfffff000,
    .ack = 77,
    .window = 64000,
  };
  if (version == 4) {
    memcpy (flow.src, (uint8_t[]){ 10, 0, 2, 15 }, 4);
    memcpy (flow.dst, (uint8_t[]){ 10, 0, 2, 2 }, 4);
  } else {
    flow.src[0] = flow.dst[0] = 0xfe;
    flow.src[1] = flow.dst[1] = 0xc0;
    flow.src[15] = 0x15;
    flow.dst[15] = 2;
  }
  return flow;
}

uint16_t
frame_sum (const uint8_t *data, size_t size, uint32_t start)
{
  uint32_t sum = start;
  for (size_t i = 0; i < size; i++) {
    sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)sum;
}

static uint16_t
pseudo (const FrameFlow *flow, unsigned protocol, size_t length)
{
  const size_t size = flow->version == 4 ? 4 : 16;
  uint32_t sum = protocol + (uint32_t)length;
  sum = (sum & 0xffff) + (sum >> 16);
  return frame_sum (flow->dst, size, frame_sum (flow->src, size, sum));
}

static size_t
put_ip (uint8_t *frame, const FrameFlow *flow, uint8_t protocol, size_t length)
{
  size_t at = 12;
  memcpy (frame, flow->dst_mac, 6);
  memcpy (frame + 6, flow->src_mac, 6);
  if (flow->vlan) {
    vnet_put_be16 (frame + at, VNET_ETH_VLAN);
    vnet_put_be16 (frame + at + 2, 5);
    at += 4;
  }
  vnet_put_be16 (frame + at, flow->version == 4 ? VNET_ETH_IPV4 : VNET_ETH_IPV6);
  uint8_t *ip = frame + at + 2;
  memset (ip, 0, 40);
  if (flow->version == 4) {
    ip[0] = 0x45;
    vnet_put_be16 (ip + 2, (uint16_t)(20 + length));
    vnet_put_be16 (ip + 4, flow->id);
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = protocol;
    memcpy (ip + 12, flow->src, 4);
    memcpy (ip + 16, flow->dst, 4);
    vnet_put_be16 (ip + 10, (uint16_t)~frame_sum (ip, 20, 0));
    return at + 22;
  }
  ip[0] = 0x60;
  vnet_put_be16 (ip + 4, (uint16_t)length);
  ip[6] = protocol;
  ip[7] = 64;
  memcpy (ip + 8, flow->src, 16);
  memcpy (ip + 24, flow->dst, 16);
  return at + 42;
}

size_t
frame_tcp (uint8_t *frame, const FrameFlow *flow, uint8_t flags, unsigned mss, const void *data, size_t size)
{
  const size_t header = mss ? 24 : 20;
  const size_t at = put_ip (frame, flow, 6, header + size);
  uint8_t *tcp = frame + at;
  memset (tcp, 0, header);
  vnet_put_be16 (tcp, flow->src_port);
  vnet_put_be16 (tcp + 2, flow->dst_port);
  vnet_put_be32 (tcp + 4, flow->seq);
  vnet_put_be32 (tcp + 8, flow->ack);
  tcp[12] = (uint8_t)(header / 4 << 4);
  tcp[13] = flags;
  vnet_put_be16 (tcp + 14, flow->window);
  if (mss) {
    tcp[20] = 2;
    tcp[21] = 4;
    vnet_put_be16 (tcp + 22, (uint16_t)mss);
  }
  if (size)
    memcpy (tcp + header, data, size);
  vnet_put_be16 (tcp + 16, (uint16_t)~frame_sum (tcp, header + size, pseudo (flow, 6, header + size)));
  return at + header + size;
}

size_t
frame_udp (uint8_t *frame, const FrameFlow *flow, const void *data, size_t size)
{
  const size_t at = put_ip (frame, flow, 17, 8 + size);
  uint8_t *udp = frame + at;
  vnet_put_be16 (udp, flow->src_port);
  vnet_put_be16 (udp + 2, flow->dst_port);
  vnet_put_be16 (udp + 4, (uint16_t)(8 + size));
  vnet_put_be16 (udp + 6, 0);
  memcpy (udp + 8, data, size);
  const uint16_t sum = (uint16_t)~frame_sum (udp, 8 + size, pseudo (flow, 17, 8 + size));
  vnet_put_be16 (udp + 6, sum ? sum : 0xffff);
  return at + 8 + size;
}

void
frame_check (const uint8_t *frame, size_t size)
{
  const bool vlan = vnet_be16 (frame + 12) == VNET_ETH_VLAN;
  const uint8_t *ip = frame + (vlan ? 18 : 14);
  FrameFlow flow = { .version = ip[0] >> 4 };
  const size_t header = flow.version == 4 ? 20 : 40;
  const size_t length = size - (size_t)(ip - frame) - header;
  if (flow.version == 4) {
    g_assert_cmpuint (vnet_be16 (ip + 2), ==, header + length);
    g_assert_cmpuint (frame_sum (ip, 20, 0), ==, 0xffff);
    memcpy (flow.src, ip + 12, 4);
    memcpy (flow.dst, ip + 16, 4);
  } else {
    g_assert_cmpuint (vnet_be16 (ip + 4), ==, length);
    memcpy (flow.src, ip + 8, 16);
    memcpy (flow.dst, ip + 24, 16);
  }
  const unsigned protocol = flow.version == 4 ? ip[9] : ip[6];
  g_assert_cmpuint (frame_sum (ip + header, length, pseudo (&flow, protocol, length)), ==, 0xffff);
}

void
frame_fill (uint8_t *data, size_t size, unsigned seed)
{
  for (size_t i = 0; i < size; i++) {
    seed = seed * 1103515245 + 12345;
    data[i] = (uint8_t)(seed >> 16);
  }
}
