/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnet.h"

#include <string.h>

enum { N_FLOWS = 8, MERGED_MAX = UINT16_MAX - VNET_TCP_HLEN };

/* A flow with a frame that is held back, and perhaps grown by the segments after it. */
typedef struct {
  uint8_t *frame; /* VNET_FRAME_MAX bytes, allocated when first used */
  VnetPacket packet;
  VnetHdr hdr;       /* of the first segment */
  uint32_t next_seq; /* what would continue it */
  unsigned gso_size; /* payload of the first segment */
  unsigned segments; /* 0: nothing held */
} Flow;

struct VnetMerge {
  VnetEmit emit;
  void *opaque;
  Flow flows[N_FLOWS];
  unsigned held, victim;
};

VnetMerge *
vnet_merge_new (VnetEmit emit, void *opaque)
{
  VnetMerge *merge = g_new0 (VnetMerge, 1);
  merge->emit = emit;
  merge->opaque = opaque;
  return merge;
}

void
vnet_merge_free (VnetMerge *merge)
{
  if (!merge)
    return;
  for (unsigned i = 0; i < N_FLOWS; i++)
    g_free (merge->flows[i].frame);
  g_free (merge);
}

static void
emit_flow (VnetMerge *merge, Flow *flow)
{
  VnetHdr hdr = flow->hdr;
  if (flow->segments == 0)
    return;
  if (flow->segments > 1) {
    uint8_t *ip = flow->frame + flow->packet.l3;
    const size_t length = flow->packet.end - flow->packet.l3;
    vnet_put_be16 (flow->packet.version == 4 ? ip + 2 : ip + 4,
                   (uint16_t)(flow->packet.version == 4 ? length : length - VNET_IPV6_HLEN));
    vnet_ip_csum (flow->frame, &flow->packet);
    vnet_make_gso (&hdr, flow->frame, &flow->packet, flow->gso_size);
  }
  flow->segments = 0;
  merge->held--;
  merge->emit (merge->opaque, &hdr, flow->frame, flow->packet.end);
}

/* Whether both are of one connection and direction: Ethernet and IP addresses, protocol, ports. */
static bool
same_flow (const Flow *flow, const uint8_t *frame, const VnetPacket *packet)
{
  const VnetPacket *held = &flow->packet;
  const size_t addresses = packet->version == 4 ? 12 : 8;
  return flow->segments && held->version == packet->version && held->l3 == packet->l3 &&
         held->l4 == packet->l4 && !memcmp (flow->frame, frame, packet->l3) &&
         !memcmp (flow->frame + held->l3 + addresses, frame + packet->l3 + addresses,
                  packet->version == 4 ? 8 : 32) &&
         !memcmp (flow->frame + held->l4, frame + packet->l4, 4);
}

/* Whether the segment continues the held one and says nothing else that differs: type of service, hop limit,
 * acknowledgement, window, options. */
static bool
continues (const Flow *flow, const uint8_t *frame, const VnetPacket *packet)
{
  const uint8_t *a = flow->frame + flow->packet.l3, *b = frame + packet->l3;
  const uint8_t *s = flow->frame + flow->packet.l4, *t = frame + packet->l4;
  const size_t length = packet->end - packet->payload;
  const bool same_ip = packet->version == 4 ? a[1] == b[1] && a[8] == b[8] && (a[6] & 0x40) == (b[6] & 0x40)
                                            : !memcmp (a, b, 4) && a[7] == b[7];
  return same_ip && flow->packet.payload == packet->payload && vnet_be32 (t + 4) == flow->next_seq &&
         !memcmp (s + 8, t + 8, 5) && !memcmp (s + 14, t + 14, 2) &&
         !memcmp (s + VNET_TCP_HLEN, t + VNET_TCP_HLEN,
                  packet->payload - packet->l4 - (size_t)VNET_TCP_HLEN) &&
         length <= flow->gso_size && flow->packet.end + length <= MERGED_MAX;
}

/* A plain data segment; what carries more than data is not held back. */
static bool
mergeable (const VnetHdr *hdr, const uint8_t *frame, const VnetPacket *packet)
{
  const uint8_t flags = frame[packet->l4 + 13];
  return !packet->options && packet->end > packet->payload && (flags & ~VNET_TCP_PSH) == VNET_TCP_ACK &&
         ((hdr->flags & VNET_F_DATA_VALID) || vnet_tcp_valid (frame, packet));
}

static void
hold (VnetMerge *merge, const VnetHdr *hdr, const uint8_t *frame, const VnetPacket *packet)
{
  Flow *flow = NULL;
  for (unsigned i = 0; i < N_FLOWS && !flow; i++)
    flow = merge->flows[i].segments ? NULL : &merge->flows[i];
  if (!flow) {
    flow = &merge->flows[merge->victim++ % N_FLOWS];
    emit_flow (merge, flow);
  }
  if (!flow->frame)
    flow->frame = g_malloc (VNET_FRAME_MAX);
  memcpy (flow->frame, frame, packet->end);
  flow->packet = *packet;
  flow->hdr = *hdr;
  flow->gso_size = packet->end - packet->payload;
  flow->next_seq = vnet_be32 (frame + packet->l4 + 4) + flow->gso_size;
  flow->segments = 1;
  merge->held++;
}

static void
append (VnetMerge *merge, Flow *flow, const uint8_t *frame, const VnetPacket *packet)
{
  const size_t length = packet->end - packet->payload;
  const uint8_t push = frame[packet->l4 + 13] & VNET_TCP_PSH;
  memcpy (flow->frame + flow->packet.end, frame + packet->payload, length);
  flow->frame[flow->packet.l4 + 13] |= push;
  flow->packet.end += (uint16_t)length;
  flow->next_seq += (uint32_t)length;
  flow->segments++;
  /* Only the last segment may be shorter, and a push is the sender's end of a batch. */
  if (length < flow->gso_size || push)
    emit_flow (merge, flow);
}

void
vnet_merge_frame (VnetMerge *merge, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  VnetPacket packet;
  if (vnet_parse (frame, size, &packet) && packet.protocol == 6 && packet.l4) {
    const bool plain = mergeable (hdr, frame, &packet);
    for (unsigned i = 0; i < N_FLOWS; i++) {
      Flow *flow = &merge->flows[i];
      if (!same_flow (flow, frame, &packet))
        continue;
      if (plain && continues (flow, frame, &packet)) {
        append (merge, flow, frame, &packet);
        return;
      }
      emit_flow (merge, flow);
      break;
    }
    if (plain && !(frame[packet.l4 + 13] & VNET_TCP_PSH)) {
      hold (merge, hdr, frame, &packet);
      return;
    }
  }
  merge->emit (merge->opaque, hdr, frame, size);
}

void
vnet_merge_flush (VnetMerge *merge)
{
  for (unsigned i = 0; i < N_FLOWS && merge->held; i++)
    emit_flow (merge, &merge->flows[i]);
}
