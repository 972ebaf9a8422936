/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frames.h"

#include <string.h>

typedef struct {
  GPtrArray *frames; /* GBytes */
  VnetHdr hdr;       /* of the last one */
} Sink;

static void
sink (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  Sink *s = opaque;
  s->hdr = *hdr;
  g_ptr_array_add (s->frames, g_bytes_new (frame, size));
}

static Sink
sink_new (void)
{
  return (Sink){ .frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref) };
}

static void
test_sum (void)
{
  uint8_t data[300];
  frame_fill (data, sizeof data, 1);
  for (size_t size = 0; size < 200; size++)
    for (size_t at = 0; at < 9; at++)
      g_assert_cmpuint (vnet_fold (vnet_sum (data + at, size, 0xabcd)), ==,
                        frame_sum (data + at, size, 0xabcd));
  memset (data, 0xff, sizeof data);
  g_assert_cmpuint (vnet_fold (vnet_sum (data, sizeof data, 0)), ==, 0xffff);
  memset (data, 0, sizeof data);
  g_assert_cmpuint (vnet_fold (vnet_sum (data, sizeof data, 0)), ==, 0);
  g_assert_cmpuint (vnet_fold (UINT64_MAX), ==, 0xffff);
}

static void
test_parse (void)
{
  uint8_t frame[VNET_FRAME_MAX], data[100] = { 1 };
  VnetPacket packet;
  for (unsigned version = 4; version <= 6; version += 2) {
    FrameFlow flow = frame_flow (version);
    flow.vlan = version == 6;
    const size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, sizeof data);
    const size_t l3 = flow.vlan ? 18 : 14;
    g_assert_true (vnet_parse (frame, size + 7, &packet));
    g_assert_cmpuint (packet.version, ==, version);
    g_assert_cmpuint (packet.l3, ==, l3);
    g_assert_cmpuint (packet.l4, ==, l3 + (version == 4 ? 20 : 40));
    g_assert_cmpuint (packet.payload, ==, packet.l4 + 20);
    g_assert_cmpuint (packet.end, ==, size);
    g_assert_true (vnet_tcp_valid (frame, &packet));
    frame[size - 1] ^= 1;
    g_assert_false (vnet_tcp_valid (frame, &packet));
    /* Every shorter frame: what it says of itself does not fit. */
    for (size_t cut = 0; cut < size; cut++) {
      g_autofree uint8_t *copy = g_memdup2 (frame, cut ? cut : 1);
      g_assert_false (vnet_parse (copy, cut, &packet));
    }
  }
}

static void
test_parse_odd (void)
{
  uint8_t frame[VNET_FRAME_MAX], data[100] = { 1 };
  VnetPacket packet;
  const FrameFlow flow = frame_flow (4);
  size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, sizeof data);
  frame[14 + 20 + 12] = 0x40; /* data offset 4 */
  g_assert_true (vnet_parse (frame, size, &packet) && !packet.l4);
  frame[14 + 20 + 12] = 0xf0;
  g_assert_true (vnet_parse (frame, size, &packet) && packet.payload == 14 + 20 + 60);
  frame[14 + 7] = 1; /* a fragment's offset */
  g_assert_true (vnet_parse (frame, size, &packet) && packet.fragment && !packet.l4);
  frame[14] = 0x44;
  g_assert_false (vnet_parse (frame, size, &packet));
  frame[14] = 0x65;
  g_assert_false (vnet_parse (frame, size, &packet));
  /* Extension headers without end. */
  const FrameFlow flow6 = frame_flow (6);
  memset (data, 0, sizeof data);
  size = frame_udp (frame, &flow6, data, sizeof data);
  frame[14 + 6] = 0;
  memset (frame + 54, 0, 108);
  g_assert_true (vnet_parse (frame, size, &packet) && !packet.l4 && !packet.protocol);
  frame[54] = 17;
  g_assert_true (vnet_parse (frame, size, &packet) && packet.l4 == 62 && packet.options);
  frame[55] = 255; /* longer than the packet */
  g_assert_true (vnet_parse (frame, size, &packet) && !packet.l4 && !packet.protocol);
}

static void
test_complete_csum (void)
{
  uint8_t frame[VNET_FRAME_MAX], data[777];
  VnetPacket packet;
  VnetHdr hdr;
  const FrameFlow flow = frame_flow (4);
  frame_fill (data, sizeof data, 3);
  size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, sizeof data);
  g_assert_true (vnet_parse (frame, size, &packet));
  vnet_make_gso (&hdr, frame, &packet, 100);
  g_assert_cmpuint (GUINT16_FROM_LE (hdr.csum_start), ==, 34);
  g_assert_true (vnet_complete_csum (&hdr, frame, size));
  frame_check (frame, size);
  static const struct {
    uint16_t start, offset;
  } bad[] = { { 831, 0 },     { 830, 0 },  { 0xffff, 0xffff }, { 0xffff, 0 },
              { 34, 0xffff }, { 34, 797 }, { 0, 830 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree uint8_t *copy = g_memdup2 (frame, 831);
    hdr.csum_start = GUINT16_TO_LE (bad[i].start);
    hdr.csum_offset = GUINT16_TO_LE (bad[i].offset);
    g_assert_cmpuint (size, ==, 831);
    g_assert_cmpint (vnet_complete_csum (&hdr, copy, size), ==,
                     bad[i].start + bad[i].offset + 2u <= size && bad[i].start < 830);
  }
  /* A UDP checksum of 0 would say that there is none. */
  uint8_t zeros[64] = { 0 };
  hdr = (VnetHdr){ .csum_start = 0, .csum_offset = GUINT16_TO_LE (20) };
  memset (zeros, 0xff, 4);
  g_assert_true (vnet_complete_csum (&hdr, zeros, sizeof zeros));
  g_assert_cmpuint (vnet_be16 (zeros + 20), ==, 0xffff);
}

static void
check_segments (const Sink *s, const FrameFlow *flow, const uint8_t *data, size_t size, size_t mss)
{
  g_assert_cmpuint (s->frames->len, ==, (size + mss - 1) / mss);
  size_t done = 0;
  for (unsigned i = 0; i < s->frames->len; i++) {
    gsize length;
    const uint8_t *frame = g_bytes_get_data (s->frames->pdata[i], &length);
    VnetPacket packet;
    frame_check (frame, length);
    g_assert_true (vnet_parse (frame, length, &packet));
    g_assert_cmpuint (vnet_be32 (frame + packet.l4 + 4), ==, flow->seq + (uint32_t)done);
    g_assert_cmpmem (frame + packet.payload, length - packet.payload, data + done, MIN (mss, size - done));
    const bool last = i + 1 == s->frames->len;
    const uint8_t flags = VNET_TCP_ACK | (last ? VNET_TCP_PSH | VNET_TCP_FIN : 0) | (i ? 0 : VNET_TCP_CWR);
    g_assert_cmpuint (frame[packet.l4 + 13], ==, flags);
    if (flow->version == 4)
      g_assert_cmpuint (vnet_be16 (frame + packet.l3 + 4), ==, (uint16_t)(flow->id + i));
    done += length - packet.payload;
  }
}

static void
test_segment (void)
{
  uint8_t frame[VNET_FRAME_MAX];
  g_autofree uint8_t *data = g_malloc (65000);
  frame_fill (data, 65000, 7);
  static const struct {
    size_t size, mss;
  } cases[] = { { 65000, 1460 }, { 1460, 1460 }, { 1461, 1460 }, { 2920, 1460 }, { 10, 1 }, { 5000, 65535 } };
  for (unsigned n = 0; n < 2 * G_N_ELEMENTS (cases); n++) {
    const size_t size = cases[n / 2].size, mss = cases[n / 2].mss;
    FrameFlow flow = frame_flow (n & 1 ? 6 : 4);
    flow.vlan = n & 2;
    flow.id = 65534;
    const uint8_t flags = VNET_TCP_ACK | VNET_TCP_PSH | VNET_TCP_FIN | VNET_TCP_CWR;
    const size_t length = frame_tcp (frame, &flow, flags, 0, data, size);
    VnetPacket packet;
    VnetHdr hdr;
    Sink s = sink_new ();
    g_assert_true (vnet_parse (frame, length, &packet));
    vnet_make_gso (&hdr, frame, &packet, (unsigned)mss);
    g_assert_cmpuint (hdr.gso_type, ==, (n & 1 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4) | VNET_GSO_ECN);
    g_assert_true (vnet_segment (&hdr, frame, length, sink, &s));
    check_segments (&s, &flow, data, size, mss);
    g_ptr_array_unref (s.frames);
    g_assert_true (vnet_unsegment (&hdr, frame, length));
    frame_check (frame, length);
  }
}

static void
test_segment_hostile (void)
{
  uint8_t frame[VNET_FRAME_MAX], data[3000] = { 1 };
  const FrameFlow flow = frame_flow (4);
  const size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, sizeof data);
  Sink s = sink_new ();
  static const VnetHdr bad[] = {
    { .gso_type = VNET_GSO_TCPV4, .gso_size = 0 },
    { .gso_type = VNET_GSO_TCPV6, .gso_size = GUINT16_TO_LE (1460) },
    { .gso_type = VNET_GSO_UDP, .gso_size = GUINT16_TO_LE (1460) },
    { .gso_type = 0x7f, .gso_size = GUINT16_TO_LE (1460) },
    { .gso_type = VNET_GSO_NONE, .gso_size = GUINT16_TO_LE (1460) },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (vnet_segment (&bad[i], frame, size, sink, &s));
  /* hdr_len and csum_start may lie: the frame counts. */
  const VnetHdr lie = { .flags = VNET_F_NEEDS_CSUM,
                        .gso_type = VNET_GSO_TCPV4,
                        .gso_size = GUINT16_TO_LE (1000),
                        .hdr_len = 0xffff,
                        .csum_start = 0xffff,
                        .csum_offset = 0xffff };
  g_assert_false (vnet_segment (&lie, frame, size - 1, sink, &s));
  g_assert_false (vnet_segment (&lie, frame, 13, sink, &s));
  g_assert_cmpuint (s.frames->len, ==, 0);
  g_assert_true (vnet_segment (&lie, frame, size, sink, &s));
  g_assert_cmpuint (s.frames->len, ==, 3);
  /* Headers only. */
  const size_t empty = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, NULL, 0);
  g_assert_true (vnet_segment (&lie, frame, empty, sink, &s));
  g_assert_cmpuint (s.frames->len, ==, 4);
  g_ptr_array_unref (s.frames);
}

static void
test_raise_mss (void)
{
  uint8_t frame[VNET_FRAME_MAX];
  VnetPacket packet;
  for (unsigned version = 4; version <= 6; version += 2) {
    const FrameFlow flow = frame_flow (version);
    for (unsigned mss = 1459; mss <= 1461; mss++) {
      const size_t size = frame_tcp (frame, &flow, VNET_TCP_SYN, mss, NULL, 0);
      g_assert_true (vnet_parse (frame, size, &packet));
      vnet_raise_mss (frame, &packet, 1460, 65481);
      frame_check (frame, size);
      g_assert_cmpuint (vnet_be16 (frame + packet.l4 + 22), ==, mss < 1460 ? mss : 65481);
    }
    /* No SYN, no change. */
    const size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 1460, NULL, 0);
    g_assert_true (vnet_parse (frame, size, &packet));
    vnet_raise_mss (frame, &packet, 1460, 65481);
    g_assert_cmpuint (vnet_be16 (frame + packet.l4 + 22), ==, 1460);
  }
}

/* The option at an odd place, behind a no-operation; and options that end in the middle. */
static void
test_raise_mss_odd (void)
{
  uint8_t frame[VNET_FRAME_MAX], options[8] = { 1, 2, 4, 0x05, 0xb4, 1, 1, 0 };
  VnetPacket packet;
  const FrameFlow flow = frame_flow (4);
  const size_t size = frame_tcp (frame, &flow, VNET_TCP_SYN, 0, options, sizeof options);
  frame[14 + 20 + 12] = 0x70;
  g_assert_true (vnet_parse (frame, size, &packet));
  vnet_tcp_csum (frame, &packet);
  frame_check (frame, size);
  vnet_raise_mss (frame, &packet, 1460, 65481);
  frame_check (frame, size);
  g_assert_cmpuint (vnet_be16 (frame + packet.l4 + 23), ==, 65481);
  static const uint8_t bad[][8] = { { 1, 1, 1, 1, 1, 1, 1, 2 }, { 2, 0, 5, 0xb4 },
                                    { 2, 1, 5, 0xb4 },          { 8, 255 },
                                    { 1, 1, 1, 1, 1, 2, 4, 5 }, { 2, 3, 5, 0xb4 },
                                    { 0, 2, 4, 5, 0xb4 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    memcpy (frame + packet.l4 + 20, bad[i], 8);
    g_autofree uint8_t *copy = g_memdup2 (frame, size);
    vnet_raise_mss (copy, &packet, 1, 65481);
    g_assert_cmpmem (copy, size, frame, size);
  }
}

static void
test_fragment (void)
{
  uint8_t frame[VNET_FRAME_MAX], data[4000];
  VnetPacket packet;
  frame_fill (data, sizeof data, 5);
  for (unsigned version = 4; version <= 6; version += 2) {
    const FrameFlow flow = frame_flow (version);
    const size_t size = frame_udp (frame, &flow, data, sizeof data), headers = version == 4 ? 34 : 54;
    Sink s = sink_new ();
    g_assert_true (vnet_parse (frame, size, &packet));
    g_assert_false (vnet_fragment (frame, &packet, 60, sink, &s));
    g_assert_true (vnet_fragment (frame, &packet, 1500, sink, &s));
    g_assert_cmpuint (s.frames->len, ==, 3);
    size_t done = 0;
    for (unsigned i = 0; i < s.frames->len; i++) {
      gsize length;
      const uint8_t *part = g_bytes_get_data (s.frames->pdata[i], &length);
      const size_t skip = version == 4 ? headers : headers + 8;
      const unsigned field = vnet_be16 (version == 4 ? part + 20 : part + 56);
      g_assert_cmpuint (length, <=, 1514);
      g_assert_cmpuint (version == 4 ? (field & 0x1fff) * 8 : field & 0xfff8, ==, done);
      g_assert_cmpint (version == 4 ? field >> 13 & 1 : field & 1, ==, i < 2);
      if (version == 4)
        g_assert_cmpuint (frame_sum (part + 14, 20, 0), ==, 0xffff);
      g_assert_cmpmem (part + skip, length - skip, frame + headers + done, length - skip);
      done += length - skip;
    }
    g_assert_cmpuint (done, ==, size - headers);
    g_ptr_array_unref (s.frames);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vnet/sum", test_sum);
  g_test_add_func ("/vnet/parse", test_parse);
  g_test_add_func ("/vnet/parse-odd", test_parse_odd);
  g_test_add_func ("/vnet/complete-csum", test_complete_csum);
  g_test_add_func ("/vnet/segment", test_segment);
  g_test_add_func ("/vnet/segment-hostile", test_segment_hostile);
  g_test_add_func ("/vnet/raise-mss", test_raise_mss);
  g_test_add_func ("/vnet/raise-mss-odd", test_raise_mss_odd);
  g_test_add_func ("/vnet/fragment", test_fragment);
  return g_test_run ();
}
