/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frames.h"

#include <string.h>

enum { SEGMENT = 1000 };

typedef struct {
  VnetMerge *merge;
  GPtrArray *frames; /* GBytes: header and frame */
  FrameFlow flow;
  uint8_t frame[VNET_FRAME_MAX], data[SEGMENT];
} Fixture;

static void
emit (void *opaque, const VnetHdr *hdr, uint8_t *frame, size_t size)
{
  Fixture *f = opaque;
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const uint8_t *)hdr, sizeof *hdr);
  g_byte_array_append (bytes, frame, (unsigned)size);
  g_ptr_array_add (f->frames, g_byte_array_free_to_bytes (bytes));
}

static void
set_up (Fixture *f, gconstpointer version)
{
  f->merge = vnet_merge_new (emit, f);
  f->frames = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  f->flow = frame_flow (GPOINTER_TO_UINT (version));
  frame_fill (f->data, sizeof f->data, 9);
}

static void
tear_down (Fixture *f, gconstpointer version)
{
  vnet_merge_free (f->merge);
  g_ptr_array_unref (f->frames);
}

static void
give (Fixture *f, uint8_t flags, size_t size)
{
  const VnetHdr hdr = { 0 };
  const size_t length = frame_tcp (f->frame, &f->flow, flags, 0, f->data, size);
  vnet_merge_frame (f->merge, &hdr, f->frame, length);
  f->flow.seq += (uint32_t)size;
  f->flow.id++;
}

static VnetHdr
get (Fixture *f, unsigned n, const uint8_t **frame, size_t *size)
{
  g_assert_cmpuint (n, <, f->frames->len);
  const uint8_t *data = g_bytes_get_data (f->frames->pdata[n], size);
  VnetHdr hdr;
  memcpy (&hdr, data, sizeof hdr);
  *frame = data + sizeof hdr;
  *size -= sizeof hdr;
  return hdr;
}

static size_t
payload_of (Fixture *f, unsigned n)
{
  const uint8_t *frame;
  size_t size;
  VnetPacket packet;
  get (f, n, &frame, &size);
  g_assert_true (vnet_parse (frame, size, &packet));
  return packet.end - packet.payload;
}

static void
test_merge (Fixture *f, gconstpointer version)
{
  const uint8_t *frame;
  size_t size;
  for (unsigned i = 0; i < 10; i++)
    give (f, VNET_TCP_ACK, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 0);
  vnet_merge_flush (f->merge);
  g_assert_cmpuint (f->frames->len, ==, 1);
  VnetHdr hdr = get (f, 0, &frame, &size);
  g_assert_cmpuint (hdr.gso_type, ==, f->flow.version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6);
  g_assert_cmpuint (hdr.flags, ==, VNET_F_NEEDS_CSUM);
  g_assert_cmpuint (GUINT16_FROM_LE (hdr.gso_size), ==, SEGMENT);
  g_assert_cmpuint (GUINT16_FROM_LE (hdr.hdr_len) + 10u * SEGMENT, ==, size);
  /* What a guest would make of it is right. */
  g_autofree uint8_t *copy = g_memdup2 (frame, size);
  g_assert_true (vnet_complete_csum (&hdr, copy, size));
  frame_check (copy, size);
  for (unsigned i = 0; i < 10; i++)
    g_assert_cmpmem (copy + size - (i + 1) * SEGMENT, SEGMENT, f->data, SEGMENT);
  vnet_merge_flush (f->merge);
  g_assert_cmpuint (f->frames->len, ==, 1);
}

static void
test_limits (Fixture *f, gconstpointer version)
{
  for (unsigned i = 0; i < 100; i++)
    give (f, VNET_TCP_ACK, SEGMENT);
  vnet_merge_flush (f->merge);
  g_assert_cmpuint (f->frames->len, ==, 2);
  g_assert_cmpuint (payload_of (f, 0) + payload_of (f, 1), ==, 100 * SEGMENT);
  g_assert_cmpuint (payload_of (f, 0), >, 60 * SEGMENT);
}

static void
test_boundaries (Fixture *f, gconstpointer version)
{
  /* A shorter segment and a push end the frame. */
  give (f, VNET_TCP_ACK, SEGMENT);
  give (f, VNET_TCP_ACK, 10);
  g_assert_cmpuint (f->frames->len, ==, 1);
  give (f, VNET_TCP_ACK, SEGMENT);
  give (f, VNET_TCP_ACK | VNET_TCP_PSH, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 2);
  g_assert_cmpuint (payload_of (f, 1), ==, 2 * SEGMENT);
  /* A longer one does not fit. */
  give (f, VNET_TCP_ACK, 10);
  give (f, VNET_TCP_ACK, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 3);
  /* Neither does a gap. */
  f->flow.seq += 1;
  give (f, VNET_TCP_ACK, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 4);
  /* Nor what says more: another acknowledgement, window, FIN. */
  f->flow.ack++;
  give (f, VNET_TCP_ACK, SEGMENT);
  f->flow.window++;
  give (f, VNET_TCP_ACK, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 6);
  give (f, VNET_TCP_ACK | VNET_TCP_FIN, SEGMENT);
  g_assert_cmpuint (f->frames->len, ==, 8);
  give (f, VNET_TCP_ACK, 0);
  g_assert_cmpuint (f->frames->len, ==, 9);
}

static void
test_wrong_checksum (Fixture *f, gconstpointer version)
{
  VnetHdr hdr = { 0 };
  give (f, VNET_TCP_ACK, SEGMENT);
  const size_t size = frame_tcp (f->frame, &f->flow, VNET_TCP_ACK, 0, f->data, SEGMENT);
  f->frame[size - 1] ^= 0x10;
  vnet_merge_frame (f->merge, &hdr, f->frame, size);
  g_assert_cmpuint (f->frames->len, ==, 2);
  g_assert_cmpuint (payload_of (f, 0), ==, SEGMENT);
}

/* More flows than there are places; each keeps its own order. */
static void
test_flows (Fixture *f, gconstpointer version)
{
  const uint32_t start = f->flow.seq;
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned port = 0; port < 20; port++) {
      f->flow.src_port = (uint16_t)(2000 + port);
      f->flow.seq = start + round * SEGMENT;
      give (f, VNET_TCP_ACK, SEGMENT);
    }
  }
  vnet_merge_flush (f->merge);
  uint32_t next[20] = { 0 };
  for (unsigned i = 0; i < f->frames->len; i++) {
    const uint8_t *frame;
    size_t size;
    VnetPacket packet;
    get (f, i, &frame, &size);
    g_assert_true (vnet_parse (frame, size, &packet));
    const unsigned port = vnet_be16 (frame + packet.l4) - 2000u;
    g_assert_cmpuint (vnet_be32 (frame + packet.l4 + 4), ==, start + next[port]);
    next[port] += packet.end - packet.payload;
  }
  for (unsigned port = 0; port < 20; port++)
    g_assert_cmpuint (next[port], ==, 3 * SEGMENT);
}

static void
test_others (Fixture *f, gconstpointer version)
{
  const VnetHdr hdr = { 0 };
  uint8_t garbage[100] = { 0 };
  vnet_merge_frame (f->merge, &hdr, garbage, sizeof garbage);
  vnet_merge_frame (f->merge, &hdr, garbage, 1);
  const size_t size = frame_udp (f->frame, &f->flow, f->data, 100);
  vnet_merge_frame (f->merge, &hdr, f->frame, size);
  g_assert_cmpuint (f->frames->len, ==, 3);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *f, gconstpointer version);
  } tests[] = { { "merge", test_merge },           { "limits", test_limits },
                { "boundaries", test_boundaries }, { "wrong-checksum", test_wrong_checksum },
                { "flows", test_flows },           { "others", test_others } };
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++) {
    for (unsigned version = 4; version <= 6; version += 2) {
      g_autofree char *path = g_strdup_printf ("/vnet-merge/%s/%u", tests[i].name, version);
      g_test_add (path, Fixture, GUINT_TO_POINTER (version), set_up, tests[i].test, tear_down);
    }
  }
  return g_test_run ();
}
