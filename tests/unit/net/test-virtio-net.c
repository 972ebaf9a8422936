/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver.h"
#include "frames.h"

#include "virtio-internal.h"

#include <string.h>
#include <unistd.h>

#define BIT(n) (UINT64_C (1) << (n))
#define OFFLOADS                                                                                             \
  (BIT (VIRTIO_NET_F_CSUM) | BIT (VIRTIO_NET_F_HOST_TSO4) | BIT (VIRTIO_NET_F_HOST_TSO6) |                   \
   VIRTIO_NET_GUEST_OFFLOADS)
#define CTRL                                                                                                 \
  (BIT (VIRTIO_NET_F_CTRL_VQ) | BIT (VIRTIO_NET_F_CTRL_RX) | BIT (VIRTIO_NET_F_CTRL_VLAN) |                  \
   BIT (VIRTIO_NET_F_CTRL_RX_EXTRA) | BIT (VIRTIO_NET_F_CTRL_MAC_ADDR) |                                     \
   BIT (VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
#define MRG   BIT (VIRTIO_NET_F_MRG_RXBUF)
#define RINGS (BIT (VIRTIO_F_INDIRECT_DESC) | BIT (VIRTIO_F_EVENT_IDX))

enum { WAIT = 2000, NOT = 60 };
static uint8_t frame[VNET_FRAME_MAX], got[VNET_FRAME_MAX + 12], data[60000];

static void
test_features (void)
{
  static const struct {
    const char *props;
    uint64_t gone;
  } cases[] = {
    { "", 0 },
    { "csum=off", BIT (VIRTIO_NET_F_CSUM) | BIT (VIRTIO_NET_F_HOST_TSO4) | BIT (VIRTIO_NET_F_HOST_TSO6) |
                      BIT (VIRTIO_NET_F_HOST_ECN) },
    { "guest_csum=off", VIRTIO_NET_GUEST_OFFLOADS | BIT (VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) },
    { "guest_tso4=off", BIT (VIRTIO_NET_F_GUEST_TSO4) },
    { "host_tso6=off mrg_rxbuf=off", BIT (VIRTIO_NET_F_HOST_TSO6) | MRG },
    { "ctrl_vq=off", CTRL },
    { "status=off", BIT (VIRTIO_NET_F_STATUS) },
  };
  const uint64_t all = OFFLOADS | CTRL | MRG | BIT (VIRTIO_NET_F_STATUS) | BIT (VIRTIO_NET_F_MAC) |
                       BIT (VIRTIO_NET_F_HOST_ECN);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    Driver *d = driver_new (cases[i].props, NULL);
    g_assert_cmphex (driver_offered (d) & UINT64_C (0xffffff), ==, all & ~cases[i].gone);
    driver_free (d);
  }
  Driver *d = driver_new ("queues=4 host_mtu=9000", NULL);
  g_assert_cmphex (driver_offered (d) & UINT64_C (0xffffff), ==,
                   all | BIT (VIRTIO_NET_F_MQ) | BIT (VIRTIO_NET_F_MTU));
  g_assert_cmpuint (d->n->vdev.n_queues, ==, 9);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 8, 2), ==, 4);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 10, 2), ==, 9000);
  /* What needs something else that is not there is refused. */
  g_assert_false (driver_start (d, BIT (VIRTIO_NET_F_HOST_TSO4), 2, 64));
  g_assert_false (driver_start (d, BIT (VIRTIO_NET_F_GUEST_TSO6), 2, 64));
  g_assert_false (driver_start (d, BIT (VIRTIO_NET_F_MQ), 2, 64));
  g_assert_false (driver_start (d, BIT (VIRTIO_NET_F_CTRL_RX), 2, 64));
  g_assert_true (driver_start (d, 0, 2, 64));
  driver_free (d);
}

static void
test_properties (void)
{
  static const char *const bad[] = { "queues=0",    "rx_queue_size=100",     "tx_queue_size=32",
                                     "host_mtu=60", "mac=01:00:00:00:00:01", "netdev=nowhere" };
  Driver *d = driver_new ("mac=52:54:00:aa:bb:cc", NULL);
  static const uint8_t mac[] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc };
  for (unsigned i = 0; i < 6; i++)
    g_assert_cmphex (virtio_config_read (&d->n->vdev, i, 1), ==, mac[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) pair = g_strsplit (bad[i], "=", 2);
    Device *dev = device_new (device_class_find ("virtio-net-device"), "/other");
    g_assert_true (device_set (dev, pair[0], pair[1], NULL));
    g_assert_true (virtio_attach ((VirtioDevice *)dev, &driver_transport, d, d->map, NULL));
    g_assert_false (device_realize (dev, &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    device_free (dev);
  }
  driver_free (d);
}

static void
test_transmit (void)
{
  Driver *d = driver_new ("", NULL);
  const VnetHdr none = { 0 };
  const FrameFlow flow = frame_flow (4);
  for (unsigned round = 0; round < 2; round++) {
    g_assert_true (driver_start (d, RINGS & ~(round ? BIT (VIRTIO_F_EVENT_IDX) : 0), 2, 64));
    for (size_t payload = 20; payload < 1472; payload += 13) {
      const size_t size = frame_udp (frame, &flow, data, payload);
      driver_send (d, &none, frame, size);
      g_assert_cmpuint (peer_receive (d, got, WAIT), ==, size);
      g_assert_cmpmem (got, size, frame, size);
    }
  }
  driver_free (d);
}

static void
test_transmit_offload (void)
{
  Driver *d = driver_new ("", NULL);
  g_assert_true (driver_start (d, RINGS | OFFLOADS, 2, 64));
  for (unsigned version = 4; version <= 6; version += 2) {
    const FrameFlow flow = frame_flow (version);
    const size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, sizeof data);
    VnetPacket packet;
    VnetHdr hdr;
    g_assert_true (vnet_parse (frame, size, &packet));
    vnet_make_gso (&hdr, frame, &packet, 1400);
    driver_send (d, &hdr, frame, size);
    size_t payload = 0;
    while (payload < sizeof data) {
      const size_t length = peer_receive (d, got, WAIT);
      g_assert_cmpuint (length, >, packet.payload);
      frame_check (got, length);
      payload += length - packet.payload;
    }
    g_assert_cmpuint (payload, ==, sizeof data);
  }
  driver_free (d);
}

/* What is malformed is dropped; the queue goes on. */
static void
test_transmit_hostile (void)
{
  Driver *d = driver_new ("", NULL);
  g_assert_true (driver_start (d, RINGS | OFFLOADS, 2, 64));
  memset (frame, 0x11, 2000);
  for (unsigned type = 1; type < 256; type++) {
    const VnetHdr hdr = { .flags = (uint8_t)(type & 1),
                          .gso_type = (uint8_t)type,
                          .gso_size = (uint16_t)(type % 3),
                          .hdr_len = 0xffff,
                          .csum_start = (uint16_t)(type * 300),
                          .csum_offset = (uint16_t)type };
    driver_send (d, &hdr, frame, type * 7);
  }
  const VnetHdr none = { 0 };
  driver_send (d, &none, frame, 10);
  driver_send (d, &none, frame, 60);
  size_t size;
  do
    size = peer_receive (d, got, WAIT);
  while (size != 60);
  /* A buffer that has no room for the header breaks the device; a reset repairs it. */
  const DriverPart part = { driver_alloc (d, 64), 11 };
  driver_add (d, 1, &part, 1, 0);
  for (unsigned i = 0; i < 1000 && !(virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET); i++)
    g_usleep (1000);
  g_assert_cmphex (virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
  g_assert_true (driver_start (d, RINGS, 2, 64));
  driver_send (d, &none, frame, 60);
  g_assert_cmpuint (peer_receive (d, got, WAIT), ==, 60);
  driver_free (d);
}

static void
expect (Driver *d, unsigned queue, size_t size)
{
  g_assert_cmpuint (driver_receive (d, queue, got, WAIT), ==, size + 12);
  g_assert_cmpmem (got + 12, size, frame, size);
}

static void
test_receive (void)
{
  const FrameFlow flow = frame_flow (4);
  for (unsigned round = 0; round < 8; round++) {
    Driver *d = driver_new ("", NULL);
    const bool mergeable = round & 1;
    const uint32_t room = mergeable ? 200 : 70000;
    g_assert_true (driver_start (
        d, (mergeable ? MRG : 0) | (round & 2 ? BIT (VIRTIO_F_EVENT_IDX) : 0) | (round & 4 ? OFFLOADS : 0), 2,
        64));
    driver_add_rx (d, 0, 40, room);
    for (size_t payload = 20; payload < 1472; payload += 77) {
      const size_t size = frame_udp (frame, &flow, data, payload);
      peer_send (d, frame, size);
      expect (d, 0, size);
      driver_add_rx (d, 0, mergeable ? (unsigned)(size + 12 + room - 1) / room : 1, room);
    }
    g_assert_cmpint (g_atomic_int_get (&d->queue_interrupts), >, 0);
    driver_free (d);
  }
}

/* No buffers, or too few of them for a frame: it waits, and the driver is listened to. */
static void
test_receive_stall (void)
{
  for (unsigned round = 0; round < 4; round++) {
    Driver *d = driver_new ("", NULL);
    const FrameFlow flow = frame_flow (4);
    const size_t size = frame_udp (frame, &flow, data, 1000);
    g_assert_true (
        driver_start (d, (round & 1 ? MRG : 0) | (round & 2 ? BIT (VIRTIO_F_EVENT_IDX) : 0), 2, 64));
    for (unsigned i = 0; i < 5; i++) {
      frame[size - 1] = (uint8_t)i;
      peer_send (d, frame, size);
    }
    g_assert_cmpuint (driver_receive (d, 0, got, NOT), ==, 0);
    for (unsigned i = 0; i < 5; i++) {
      frame[size - 1] = (uint8_t)i;
      if (round & 1) {
        driver_add_rx (d, 0, 3, 300);
        g_assert_cmpuint (driver_receive (d, 0, got, NOT), ==, 0);
        driver_add_rx (d, 0, 1, 300);
      } else {
        driver_add_rx (d, 0, 1, 1514 + 12);
      }
      expect (d, 0, size);
    }
    driver_free (d);
  }
}

static void
test_receive_merged (void)
{
  Driver *d = driver_new ("", NULL);
  FrameFlow flow = frame_flow (4);
  g_assert_true (driver_start (d, RINGS | MRG | OFFLOADS, 2, 64));
  GByteArray *burst = g_byte_array_new ();
  for (unsigned i = 0; i < 20; i++) {
    uint8_t length[4];
    const size_t size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data + 1000 * i, 1000);
    flow.seq += 1000;
    vnet_put_be32 (length, (uint32_t)size);
    g_byte_array_append (burst, length, 4);
    g_byte_array_append (burst, frame, (unsigned)size);
  }
  g_assert_cmpint (write (d->peer, burst->data, burst->len), ==, burst->len);
  g_byte_array_unref (burst);
  driver_add_rx (d, 0, 60, 2048);
  size_t payload = 0;
  unsigned frames = 0;
  while (payload < 20000) {
    const size_t size = driver_receive (d, 0, got, WAIT);
    VnetPacket packet;
    VnetHdr hdr;
    memcpy (&hdr, got, sizeof hdr);
    g_assert_cmpuint (size, >, 12);
    g_assert_true (vnet_parse (got + 12, size - 12, &packet));
    g_assert_cmpmem (got + 12 + packet.payload, packet.end - packet.payload, data + payload,
                     packet.end - packet.payload);
    if (packet.end - packet.payload > 1000) {
      g_assert_cmpuint (hdr.gso_type, ==, VNET_GSO_TCPV4);
      g_assert_cmpuint (GUINT16_FROM_LE (hdr.gso_size), ==, 1000);
    }
    payload += packet.end - packet.payload;
    frames++;
  }
  g_assert_cmpuint (frames, <, 20);
  driver_free (d);
}

/* A buffer that is too small, without merging: the frame is lost, the buffer is not. */
static void
test_receive_too_small (void)
{
  Driver *d = driver_new ("", NULL);
  g_assert_true (driver_start (d, 0, 2, 64));
  driver_add_rx (d, 0, 1, 100);
  memset (frame, 7, 200);
  peer_send (d, frame, 200);
  g_assert_cmpuint (driver_receive (d, 0, got, NOT), ==, 0);
  peer_send (d, frame, 60);
  expect (d, 0, 60);
  driver_add_rx (d, 0, 1, 11);
  peer_send (d, frame, 60);
  for (unsigned i = 0; i < 1000 && !(virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET); i++)
    g_usleep (1000);
  g_assert_cmphex (virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
  driver_free (d);
}

static bool
arrives (Driver *d, const uint8_t *mac, int vlan)
{
  memset (frame, 0, 64);
  memcpy (frame, mac, 6);
  if (vlan >= 0) {
    vnet_put_be16 (frame + 12, VNET_ETH_VLAN);
    vnet_put_be16 (frame + 14, (uint16_t)(0x6000 | vlan));
  }
  peer_send (d, frame, 64);
  driver_add_rx (d, 0, 1, 1600);
  return driver_receive (d, 0, got, NOT) != 0;
}

static void
test_filter (void)
{
  static const uint8_t mine[] = { 0x52, 0x54, 0, 0xaa, 0xbb, 0xcc }, other[] = { 0x52, 0x54, 0, 1, 2, 3 },
                       group[] = { 0x33, 0x33, 0, 0, 0, 1 }, all[] = { 255, 255, 255, 255, 255, 255 };
  const uint8_t on = 1, off = 0, vid[] = { 5, 1 }, bad_vid[] = { 0, 16 };
  Driver *d = driver_new ("mac=52:54:00:aa:bb:cc", NULL);
  g_assert_true (driver_start (d, RINGS | CTRL | MRG, 3, 64));
  g_assert_true (arrives (d, other, -1) && arrives (d, group, 7));
  g_assert_cmpint (driver_command (d, 2, 0, 0, &off, 1), ==, 0);
  g_assert_true (arrives (d, mine, -1) && arrives (d, all, -1));
  g_assert_false (arrives (d, other, -1) || arrives (d, group, -1));
  g_assert_cmpint (driver_command (d, 2, 0, 1, &on, 1), ==, 0);
  g_assert_true (arrives (d, group, -1));
  g_assert_cmpint (driver_command (d, 2, 0, 3, &on, 1), ==, 0);
  g_assert_false (arrives (d, group, -1));
  g_assert_cmpint (driver_command (d, 2, 0, 2, &on, 1), ==, 0);
  g_assert_true (arrives (d, other, -1));
  g_assert_cmpint (driver_command (d, 2, 0, 4, &on, 1), ==, 0);
  g_assert_false (arrives (d, mine, -1));
  g_assert_cmpint (driver_command (d, 2, 0, 5, &on, 1), ==, 0);
  g_assert_false (arrives (d, all, -1));
  for (uint8_t mode = 1; mode <= 5; mode++)
    g_assert_cmpint (driver_command (d, 2, 0, mode, &off, 1), ==, 0);
  /* VLANs: those named, and frames without a tag. */
  g_assert_false (arrives (d, mine, 0x105));
  g_assert_cmpint (driver_command (d, 2, 2, 0, vid, 2), ==, 0);
  g_assert_true (arrives (d, mine, 0x105));
  g_assert_false (arrives (d, mine, 0x106));
  g_assert_cmpint (driver_command (d, 2, 2, 1, vid, 2), ==, 0);
  g_assert_false (arrives (d, mine, 0x105));
  g_assert_cmpint (driver_command (d, 2, 2, 0, bad_vid, 2), ==, 1);
  /* Addresses. */
  const uint8_t tables[] = { 1, 0, 0, 0, 0x52, 0x54, 0, 1, 2, 3, 1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1 };
  g_assert_cmpint (driver_command (d, 2, 1, 0, tables, sizeof tables), ==, 0);
  g_assert_true (arrives (d, other, -1) && arrives (d, group, -1));
  g_assert_cmpint (driver_command (d, 2, 1, 1, group, 6), ==, 0);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 0, 2), ==, 0x3333);
  driver_reset (d);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 0, 2), ==, 0x5452);
  driver_free (d);
}

static void
test_commands_hostile (void)
{
  Driver *d = driver_new ("queues=2", NULL);
  g_assert_true (driver_start (d, RINGS | CTRL | OFFLOADS | MRG | BIT (VIRTIO_NET_F_MQ), 5, 64));
  uint8_t bytes[8 + 65 * 6] = { 0 };
  for (unsigned class = 0; class < 8; class ++)
    for (unsigned command = 0; command < 8; command++)
      g_assert_cmpint (driver_command (d, 4, (uint8_t)class, (uint8_t)command, NULL, 0), ==, 1);
  /* Tables that promise more than there is, and more than there is room for. */
  memset (bytes, 0xff, 4);
  g_assert_cmpint (driver_command (d, 4, 1, 0, bytes, sizeof bytes), ==, 1);
  vnet_put_be32 (bytes, 0x41000000);
  g_assert_cmpint (driver_command (d, 4, 1, 0, bytes, 4 + 65 * 6 + 3), ==, 1);
  g_assert_cmpint (driver_command (d, 4, 1, 0, bytes, 8 + 65 * 6), ==, 0);
  g_assert_true (d->n->filter.unicast_overflow && !d->n->filter.multicast_overflow);
  static const uint16_t pairs[] = { 0, 3, 0xffff };
  for (unsigned i = 0; i < 3; i++)
    g_assert_cmpint (driver_command (d, 4, 4, 0, &pairs[i], 2), ==, 1);
  const uint64_t bad = BIT (40), some = BIT (VIRTIO_NET_F_GUEST_CSUM);
  g_assert_cmpint (driver_command (d, 4, 5, 0, &bad, 8), ==, 1);
  g_assert_cmpint (driver_command (d, 4, 5, 0, &some, 8), ==, 0);
  g_assert_cmphex (d->n->guest_offloads, ==, some);
  const DriverPart part = { driver_alloc (d, 16), 16 };
  driver_add (d, 4, &part, 0, 1);
  for (unsigned i = 0; i < 1000 && !(virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET); i++)
    g_usleep (1000);
  g_assert_cmphex (virtio_status (&d->n->vdev) & VIRTIO_STATUS_NEEDS_RESET, !=, 0);
  driver_free (d);
}

/* A flow is received on the pair that the driver sends its other half on. */
static void
test_multiqueue (void)
{
  Driver *d = driver_new ("queues=2", NULL);
  const uint16_t two = GUINT16_TO_LE (2);
  FrameFlow flow = frame_flow (4), back = flow;
  memcpy (back.src, flow.dst, 4);
  memcpy (back.dst, flow.src, 4);
  back.src_port = flow.dst_port;
  back.dst_port = flow.src_port;
  g_assert_true (driver_start (d, RINGS | CTRL | MRG | BIT (VIRTIO_NET_F_MQ), 5, 64));
  driver_add_rx (d, 0, 4, 1600);
  driver_add_rx (d, 2, 4, 1600);
  size_t size = frame_tcp (frame, &back, VNET_TCP_ACK, 0, data, 100);
  peer_send (d, frame, size);
  expect (d, 0, size);
  g_assert_cmpint (driver_command (d, 4, 4, 0, &two, 2), ==, 0);
  size = frame_tcp (frame, &flow, VNET_TCP_ACK, 0, data, 100);
  const uint64_t addr = driver_alloc (d, 12 + size);
  memcpy (driver_host (d, addr) + 12, frame, size);
  const DriverPart part = { addr, 12 + (uint32_t)size };
  uint64_t used;
  uint32_t written;
  driver_add (d, 3, &part, 1, 0);
  g_assert_true (driver_get (d, 3, WAIT, &used, &written));
  size = frame_tcp (frame, &back, VNET_TCP_ACK, 0, data, 100);
  peer_send (d, frame, size);
  expect (d, 2, size);
  driver_free (d);
}

static void
test_link (void)
{
  Driver *d = driver_new ("", NULL);
  g_assert_true (driver_start (d, BIT (VIRTIO_NET_F_STATUS), 2, 64));
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 6, 2), ==, 1);
  net_backend_set_link (d->net, false);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 6, 2), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&d->config_interrupts), ==, 1);
  net_backend_set_link (d->net, true);
  g_assert_cmpuint (virtio_config_read (&d->n->vdev, 6, 2), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&d->config_interrupts), ==, 2);
  driver_free (d);
}

/* Resets of the device and of its queues while frames come and go. */
static void
test_reset (void)
{
  Driver *d = driver_new ("", NULL);
  const FrameFlow flow = frame_flow (4);
  const size_t size = frame_udp (frame, &flow, data, 1000);
  for (unsigned i = 0; i < 50; i++) {
    g_assert_true (driver_start (d, RINGS | MRG | BIT (VIRTIO_F_RING_RESET), 2, 64));
    /* Few enough to fit the peer's socket, should none of them be taken. */
    for (unsigned j = 0; j < 1 + i % 2; j++)
      peer_send (d, frame, size);
    driver_add_rx (d, 0, 1 + i % 7, 400);
    if (i & 1)
      virtio_reset_queue (&d->n->vdev, 0);
    if (i & 2)
      g_usleep (500);
  }
  driver_reset (d);
  /* All that came for the drivers before is gone. */
  g_usleep (20000);
  g_assert_true (driver_start (d, RINGS | MRG, 2, 64));
  driver_add_rx (d, 0, 8, 400);
  g_assert_cmpuint (driver_receive (d, 0, got, NOT), ==, 0);
  peer_send (d, frame, size);
  expect (d, 0, size);
  driver_free (d);
}

static void
pause_machine (Driver *d, bool paused)
{
  if (paused) {
    net_backend_pause (d->net, true);
    device_quiesce (&d->n->vdev.dev);
  } else {
    device_resume (&d->n->vdev.dev);
    net_backend_pause (d->net, false);
  }
}

/* A machine that is stopped with frames on their way, saved, and restored: they arrive. */
static void
test_save (void)
{
  Driver *d = driver_new ("", NULL);
  const FrameFlow flow = frame_flow (4);
  const size_t size = frame_udp (frame, &flow, data, 1000);
  const uint8_t off = 0;
  g_autoptr (GError) error = NULL;
  g_assert_true (driver_start (d, RINGS | MRG | CTRL | OFFLOADS, 3, 64));
  g_assert_cmpint (driver_command (d, 2, 0, 0, &off, 1), ==, 0);
  frame[0] = 255;
  memset (frame, 255, 6);
  driver_add_rx (d, 0, 2, 400);
  peer_send (d, frame, size);
  g_assert_cmpuint (driver_receive (d, 0, got, NOT), ==, 0);
  pause_machine (d, true);
  g_autoptr (GVariant) device = device_save (&d->n->vdev.dev);
  g_autoptr (GVariant) network = net_backend_save (d->net);
  device_reset (&d->n->vdev.dev);
  net_backend_load (d->net, network, &error);
  g_assert_no_error (error);
  g_assert_true (device_load (&d->n->vdev.dev, device, &error));
  g_assert_no_error (error);
  g_assert_false (d->n->filter.promiscuous);
  g_assert_cmphex (d->n->guest_offloads, ==, VIRTIO_NET_GUEST_OFFLOADS);
  pause_machine (d, false);
  driver_add_rx (d, 0, 2, 400);
  expect (d, 0, size);
  driver_free (d);
}

/* What the guest sends while the machine is being stopped is sent when it goes on. */
static void
test_stop_transmit (void)
{
  Driver *d = driver_new ("", NULL);
  uint64_t addr;
  uint32_t written;
  g_assert_true (driver_start (d, RINGS, 2, 64));
  net_backend_pause (d->net, true);
  const DriverPart part = { driver_alloc (d, 100), 100 };
  driver_add (d, 1, &part, 1, 0);
  g_assert_false (driver_get (d, 1, NOT, &addr, &written));
  device_quiesce (&d->n->vdev.dev);
  pause_machine (d, false);
  g_assert_true (driver_get (d, 1, WAIT, &addr, &written));
  g_assert_cmpuint (peer_receive (d, got, WAIT), ==, 88);
  driver_free (d);
}

/* A peer that stops reading stops the queue, and nothing is lost. */
static void
test_back_pressure (void)
{
  Driver *d = driver_new ("", NULL);
  uint64_t addr, used;
  uint32_t written;
  unsigned sent = 0, done = 0;
  g_assert_true (driver_start (d, RINGS, 2, 64));
  addr = driver_alloc (d, 60012);
  const DriverPart part = { addr, 60012 };
  for (; sent < 2000; sent++) {
    driver_add (d, 1, &part, 1, 0);
    if (!driver_get (d, 1, NOT, &used, &written))
      break;
    done++;
  }
  g_assert_cmpuint (sent, <, 2000);
  for (unsigned i = 0; i <= sent; i++)
    g_assert_cmpuint (peer_receive (d, got, WAIT), ==, 60000);
  g_assert_true (driver_get (d, 1, WAIT, &used, &written));
  g_assert_cmpuint (done, ==, sent);
  driver_free (d);
}

/* DHCP over the rings: all of it together. */
static void
test_user_network (void)
{
  Driver *d = driver_new ("", "user,id=net0");
  FrameFlow flow = frame_flow (4);
  uint8_t dhcp[300] = { 1, 1, 6, 0, 1, 2, 3, 4 };
  const VnetHdr none = { 0 };
  memcpy (dhcp + 28, flow.src_mac, 6);
  memcpy (dhcp + 236, (uint8_t[]){ 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255 }, 8);
  flow.src_port = 68;
  flow.dst_port = 67;
  memset (flow.src, 0, 4);
  memset (flow.dst, 255, 4);
  memset (flow.dst_mac, 255, 6);
  g_assert_true (driver_start (d, RINGS | MRG | OFFLOADS, 2, 64));
  driver_add_rx (d, 0, 4, 1600);
  driver_send (d, &none, frame, frame_udp (frame, &flow, dhcp, sizeof dhcp));
  const size_t size = driver_receive (d, 0, got, WAIT);
  g_assert_cmpuint (size, >, 12 + 42 + 240);
  frame_check (got + 12, size - 12);
  g_assert_cmpmem (got + 12 + 42 + 16, 4, ((uint8_t[]){ 10, 0, 2, 15 }), 4);
  driver_free (d);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  frame_fill (data, sizeof data, 1);
  g_test_add_func ("/virtio-net/features", test_features);
  g_test_add_func ("/virtio-net/properties", test_properties);
  g_test_add_func ("/virtio-net/transmit", test_transmit);
  g_test_add_func ("/virtio-net/transmit-offload", test_transmit_offload);
  g_test_add_func ("/virtio-net/transmit-hostile", test_transmit_hostile);
  g_test_add_func ("/virtio-net/receive", test_receive);
  g_test_add_func ("/virtio-net/receive-stall", test_receive_stall);
  g_test_add_func ("/virtio-net/receive-merged", test_receive_merged);
  g_test_add_func ("/virtio-net/receive-too-small", test_receive_too_small);
  g_test_add_func ("/virtio-net/filter", test_filter);
  g_test_add_func ("/virtio-net/commands-hostile", test_commands_hostile);
  g_test_add_func ("/virtio-net/multiqueue", test_multiqueue);
  g_test_add_func ("/virtio-net/link", test_link);
  g_test_add_func ("/virtio-net/reset", test_reset);
  g_test_add_func ("/virtio-net/save", test_save);
  g_test_add_func ("/virtio-net/stop-transmit", test_stop_transmit);
  g_test_add_func ("/virtio-net/back-pressure", test_back_pressure);
  g_test_add_func ("/virtio-net/user-network", test_user_network);
  return g_test_run ();
}
