/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The offloads of struct virtio_net_hdr_v1 in software: checksums, segmentation, fragmentation, and merging.
 * Everything here reads frames that a guest has made: lengths and offsets in them are claims until checked.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* virtio 1.3 §5.1.6, little-endian. */
typedef struct {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t hdr_len;
  uint16_t gso_size;
  uint16_t csum_start;
  uint16_t csum_offset;
  uint16_t num_buffers;
} VnetHdr;
G_STATIC_ASSERT (sizeof (VnetHdr) == 12);

enum { VNET_F_NEEDS_CSUM = 1, VNET_F_DATA_VALID = 2 };
enum { VNET_GSO_NONE = 0, VNET_GSO_TCPV4 = 1, VNET_GSO_UDP = 3, VNET_GSO_TCPV6 = 4, VNET_GSO_ECN = 0x80 };

enum { VNET_ETH_HLEN = 14, VNET_VLAN_HLEN = 4, VNET_IPV6_HLEN = 40, VNET_TCP_HLEN = 20, VNET_UDP_HLEN = 8 };
enum {
  VNET_ETH_IPV4 = 0x0800,
  VNET_ETH_ARP = 0x0806,
  VNET_ETH_VLAN = 0x8100,
  VNET_ETH_IPV6 = 0x86dd,
  VNET_ETH_QINQ = 0x88a8
};
enum {
  VNET_TCP_FIN = 1,
  VNET_TCP_SYN = 2,
  VNET_TCP_RST = 4,
  VNET_TCP_PSH = 8,
  VNET_TCP_ACK = 16,
  VNET_TCP_CWR = 128
};
/* The largest frame: an IP packet of 64 KiB - 1 behind an Ethernet header with two VLAN tags. */
#define VNET_FRAME_MAX (65535 + VNET_ETH_HLEN + 2 * VNET_VLAN_HLEN)

static inline uint16_t
vnet_be16 (const void *p)
{
  const uint8_t *b = p;
  return (uint16_t)(b[0] << 8 | b[1]);
}

static inline void
vnet_put_be16 (void *p, uint16_t value)
{
  uint8_t *b = p;
  b[0] = (uint8_t)(value >> 8);
  b[1] = (uint8_t)value;
}

static inline uint32_t
vnet_be32 (const void *p)
{
  return (uint32_t)vnet_be16 (p) << 16 | vnet_be16 ((const uint8_t *)p + 2);
}

static inline void
vnet_put_be32 (void *p, uint32_t value)
{
  vnet_put_be16 (p, (uint16_t)(value >> 16));
  vnet_put_be16 ((uint8_t *)p + 2, (uint16_t)value);
}

/* Where the headers of a frame are; all offsets lie inside the frame. */
typedef struct {
  uint16_t l3, l4, payload; /* offsets; l4 and payload are 0 unless the transport header is whole */
  uint16_t end;             /* of the IP packet: what follows is padding */
  uint8_t version;          /* 4, 6; 0: not IP, or not a sound packet */
  uint8_t protocol;         /* of the transport: 6 is TCP; 0 where l4 is unknown */
  bool fragment;            /* part of a fragmented packet */
  bool options;             /* IPv4 options or IPv6 extension headers */
} VnetPacket;

/* False for what is not IP or whose lengths do not fit the frame. */
bool vnet_parse (const uint8_t *frame, size_t size, VnetPacket *ret);

/* RFC 1071: the one's complement sum of `size` bytes in network order, on top of `sum`; not yet folded. */
uint64_t vnet_sum (const void *data, size_t size, uint64_t sum);
/* The 16-bit sum; its complement is the checksum. */
uint16_t vnet_fold (uint64_t sum);
/* The sum of the pseudo-header for a transport part of `length` bytes (RFC 9293 §3.1, RFC 8200 §8.1). */
uint64_t vnet_pseudo_sum (const uint8_t *frame, const VnetPacket *packet, size_t length);
/* Sets the IPv4 header's checksum; nothing for IPv6. */
void vnet_ip_csum (uint8_t *frame, const VnetPacket *packet);
/* Sets the checksum of the whole transport part of a TCP packet. */
void vnet_tcp_csum (uint8_t *frame, const VnetPacket *packet);
/* Whether IPv4 header and TCP checksum are right. */
bool vnet_tcp_valid (const uint8_t *frame, const VnetPacket *packet);
/* Completes the checksum that VNET_F_NEEDS_CSUM asks for. False where its place is not inside the frame. */
bool vnet_complete_csum (const VnetHdr *hdr, uint8_t *frame, size_t size);

/* One frame with its header (num_buffers is not filled in). The frame is the callee's to change during the
 * call. */
typedef void (*VnetEmit) (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size);

/* Cuts a TCP frame whose header says VNET_GSO_TCPV4 or 6 into segments of at most gso_size bytes with
 * complete checksums. False, and nothing emitted, when header and frame do not belong together. */
bool vnet_segment (const VnetHdr *hdr, const uint8_t *frame, size_t size, VnetEmit emit, void *opaque);
/* The same frame in one piece with all its checksums right, for a receiver without a limit on the size. In
 * place. */
bool vnet_unsegment (const VnetHdr *hdr, uint8_t *frame, size_t size);
/* Makes `hdr` and the frame's TCP checksum those of a frame to be segmented, by the receiver, by `mss` bytes.
 */
void vnet_make_gso (VnetHdr *hdr, uint8_t *frame, const VnetPacket *packet, unsigned mss);
/* Cuts an IP packet into fragments for a link of `mtu` bytes; false where it cannot be cut. */
bool vnet_fragment (const uint8_t *frame, const VnetPacket *packet, unsigned mtu, VnetEmit emit,
                    void *opaque);
/* Changes the maximum segment size in a TCP SYN to `mss` if it is at least `least`; the checksum stays as
 * right or wrong as it was. */
void vnet_raise_mss (uint8_t *frame, const VnetPacket *packet, unsigned least, unsigned mss);

/* Merges consecutive TCP segments of a flow into frames to be segmented by the receiver. Frames leave in the
 * order in which they came, as far as one flow is concerned. */
typedef struct VnetMerge VnetMerge;
VnetMerge *vnet_merge_new (VnetEmit emit, void *opaque);
void vnet_merge_free (VnetMerge *merge);
/* Takes a frame that needs no offload. `hdr` says VNET_F_DATA_VALID where the checksums are known to be
 * right; they are looked at otherwise. */
void vnet_merge_frame (VnetMerge *merge, const VnetHdr *hdr, uint8_t *frame, size_t size);
/* Emits what is held back: at the end of a batch. */
void vnet_merge_flush (VnetMerge *merge);
