/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver.h"

#include "vnet.h"
#include "virtio-internal.h"
#include "virtio-net.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
notify_queue (void *transport, unsigned queue)
{
  Driver *driver = transport;
  g_atomic_int_inc (&driver->queue_interrupts);
}

static void
notify_config (void *transport)
{
  Driver *driver = transport;
  g_atomic_int_inc (&driver->config_interrupts);
}

static bool
can_dma (void *transport)
{
  return true;
}

static void
detach (void *transport)
{
}

const VirtioTransport driver_transport = { notify_queue, notify_config, can_dma, detach };

static void
set_props (Device *dev, const char *props)
{
  g_auto (GStrv) list = g_strsplit (props, " ", -1);
  for (unsigned i = 0; list[i] && list[i][0]; i++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) pair = g_strsplit (list[i], "=", 2);
    device_set (dev, pair[0], pair[1], &error);
    g_assert_no_error (error);
  }
}

static void
set_up_network (Driver *driver, const char *options)
{
  g_autoptr (GError) error = NULL;
  int fds[2] = { -1, -1 };
  g_autofree char *stream = NULL;
  if (!options) {
    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    stream = g_strdup_printf ("stream,id=net0,addr.type=fd,addr.str=%d", fds[0]);
  }
  driver->peer = fds[1];
  driver->net = net_backend_new (options ? options : stream, &error);
  g_assert_no_error (error);
}

Driver *
driver_new (const char *props, const char *options)
{
  static bool registered;
  g_autoptr (GError) error = NULL;
  if (!registered)
    virtio_net_register ();
  registered = true;
  Driver *driver = g_new0 (Driver, 1);
  driver->map = memory_map_new (56);
  driver->ram = ram_block_new ("ram", DRIVER_SIZE, &error);
  g_assert_no_error (error);
  driver->region =
      (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = DRIVER_SIZE, .ram = driver->ram };
  memory_region_map (driver->map, &driver->region, DRIVER_RAM);
  set_up_network (driver, options);
  Device *dev = device_new (device_class_find ("virtio-net-device"), "/net");
  driver->n = (VirtioNet *)dev;
  set_props (dev, "netdev=net0");
  set_props (dev, props);
  g_assert_true (virtio_attach (&driver->n->vdev, &driver_transport, driver, driver->map, &error));
  g_assert_true (device_realize (dev, &error));
  device_reset (dev);
  return driver;
}

void
driver_free (Driver *driver)
{
  device_free (&driver->n->vdev.dev);
  net_backend_free (driver->net);
  if (driver->peer >= 0)
    close (driver->peer);
  memory_region_unmap (&driver->region);
  memory_map_free (driver->map);
  ram_block_free (driver->ram);
  g_free (driver);
}

uint64_t
driver_alloc (Driver *driver, size_t size)
{
  const uint64_t addr = DRIVER_RAM + driver->next_free;
  driver->next_free = (driver->next_free + size + 63) & ~(uint64_t)63;
  g_assert_cmpuint (driver->next_free, <=, DRIVER_SIZE);
  memset (driver_host (driver, addr), 0, size);
  return addr;
}

uint8_t *
driver_host (Driver *driver, uint64_t addr)
{
  return driver->ram->host + (addr - DRIVER_RAM);
}

uint64_t
driver_offered (Driver *driver)
{
  return virtio_offered_features (&driver->n->vdev);
}

void
driver_reset (Driver *driver)
{
  virtio_write_status (&driver->n->vdev, 0);
}

static void
open_ring (Driver *driver, unsigned index, unsigned size, bool event_idx)
{
  VirtioDevice *vdev = &driver->n->vdev;
  DriverRing *ring = &driver->rings[index];
  *ring = (DriverRing){ .index = index, .size = size, .event_idx = event_idx };
  ring->desc = driver_alloc (driver, 16 * size);
  ring->avail = driver_alloc (driver, 6 + 2 * size);
  ring->used = driver_alloc (driver, 6 + 8 * size);
  const size_t areas[] = { offsetof (VirtQueue, desc), offsetof (VirtQueue, driver),
                           offsetof (VirtQueue, device) };
  const uint64_t addrs[] = { ring->desc, ring->avail, ring->used };
  virtio_write_queue_size (vdev, index, size);
  for (unsigned i = 0; i < 3; i++) {
    virtio_write_queue_addr (vdev, index, areas[i], false, (uint32_t)addrs[i]);
    virtio_write_queue_addr (vdev, index, areas[i], true, (uint32_t)(addrs[i] >> 32));
  }
  virtio_enable_queue (vdev, index);
}

bool
driver_start (Driver *driver, uint64_t features, unsigned n_queues, unsigned ring_size)
{
  VirtioDevice *vdev = &driver->n->vdev;
  features |= UINT64_C (1) << VIRTIO_F_VERSION_1;
  driver->next_free = 0;
  virtio_write_status (vdev, 0);
  virtio_write_status (vdev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
  virtio_write_features (vdev, 0, (uint32_t)features);
  virtio_write_features (vdev, 1, (uint32_t)(features >> 32));
  const uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK;
  virtio_write_status (vdev, status);
  if (!(virtio_status (vdev) & VIRTIO_STATUS_FEATURES_OK))
    return false;
  for (unsigned i = 0; i < n_queues; i++)
    open_ring (driver, i, ring_size, features >> VIRTIO_F_EVENT_IDX & 1);
  virtio_write_status (vdev, status | VIRTIO_STATUS_DRIVER_OK);
  return true;
}

static uint16_t *
word (Driver *driver, uint64_t addr)
{
  return (uint16_t *)driver_host (driver, addr);
}

static void
kick (Driver *driver, DriverRing *ring)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  const uint16_t flags = __atomic_load_n (word (driver, ring->used), __ATOMIC_SEQ_CST);
  const uint16_t event = __atomic_load_n (word (driver, ring->used + 4 + 8 * ring->size), __ATOMIC_SEQ_CST);
  const bool wanted = ring->event_idx ? vring_need_event (event, ring->added, ring->kicked)
                                      : !(flags & VRING_USED_F_NO_NOTIFY);
  ring->kicked = ring->added;
  if (!wanted)
    return;
  ring->kicks++;
  virtio_kick (&driver->n->vdev, ring->index);
}

/* Descriptors are taken in turn, which is right as long as chains come back before they are needed again. */
void
driver_add (Driver *driver, unsigned queue, const DriverPart *parts, unsigned n_out, unsigned n_in)
{
  DriverRing *ring = &driver->rings[queue];
  struct vring_desc *table = (struct vring_desc *)driver_host (driver, ring->desc);
  const unsigned n = n_out + n_in;
  /* One descriptor in the ring, a table of them elsewhere: the ring is then as long as it has places. */
  const unsigned head = ring->added % ring->size;
  if (n == 1) {
    table[head] = (struct vring_desc){ parts[0].addr, parts[0].size, n_in ? VRING_DESC_F_WRITE : 0, 0 };
  } else {
    const uint64_t addr = driver_alloc (driver, 16 * n);
    struct vring_desc *indirect = (struct vring_desc *)driver_host (driver, addr);
    for (unsigned i = 0; i < n; i++)
      indirect[i] = (struct vring_desc){ parts[i].addr, parts[i].size,
                                         (uint16_t)((i >= n_out ? VRING_DESC_F_WRITE : 0) |
                                                    (i + 1 < n ? VRING_DESC_F_NEXT : 0)),
                                         (uint16_t)(i + 1) };
    table[head] = (struct vring_desc){ addr, 16 * n, VRING_DESC_F_INDIRECT, 0 };
  }
  *word (driver, ring->avail + 4 + 2 * (ring->added % ring->size)) = (uint16_t)head;
  __atomic_store_n (word (driver, ring->avail + 2), ++ring->added, __ATOMIC_RELEASE);
  kick (driver, ring);
}

bool
driver_get (Driver *driver, unsigned queue, unsigned ms, uint64_t *ret_addr, uint32_t *ret_written)
{
  DriverRing *ring = &driver->rings[queue];
  const int64_t end = g_get_monotonic_time () + ms * INT64_C (1000);
  while (__atomic_load_n (word (driver, ring->used + 2), __ATOMIC_ACQUIRE) == ring->seen) {
    if (g_get_monotonic_time () >= end)
      return false;
    g_usleep (100);
  }
  const struct vring_used *used = (const struct vring_used *)driver_host (driver, ring->used);
  const struct vring_used_elem *elem = &used->ring[ring->seen++ % ring->size];
  const struct vring_desc *desc = (const struct vring_desc *)driver_host (driver, ring->desc) + elem->id;
  *ret_addr = desc->addr;
  *ret_written = elem->len;
  return true;
}

int
driver_command (Driver *driver, unsigned queue, uint8_t class, uint8_t command, const void *data, size_t size)
{
  const uint64_t start = driver->next_free, out = driver_alloc (driver, 2 + size),
                 ack = driver_alloc (driver, 1);
  uint64_t addr;
  uint32_t written;
  driver_host (driver, out)[0] = class;
  driver_host (driver, out)[1] = command;
  if (size)
    memcpy (driver_host (driver, out) + 2, data, size);
  *driver_host (driver, ack) = 0xee;
  const DriverPart parts[] = { { out, 2 }, { out + 2, (uint32_t)size }, { ack, 1 } };
  const DriverPart short_parts[] = { { out, 2 }, { ack, 1 } };
  driver_add (driver, queue, size ? parts : short_parts, size ? 2 : 1, 1);
  if (!driver_get (driver, queue, 2000, &addr, &written))
    return -1;
  g_assert_cmpuint (written, ==, 1);
  const int answer = *driver_host (driver, ack);
  driver->next_free = start;
  return answer;
}

void
driver_send (Driver *driver, const void *hdr, const void *frame, size_t size)
{
  const uint64_t start = driver->next_free, addr = driver_alloc (driver, sizeof (VnetHdr) + size);
  uint64_t used;
  uint32_t written;
  memcpy (driver_host (driver, addr), hdr, sizeof (VnetHdr));
  memcpy (driver_host (driver, addr) + sizeof (VnetHdr), frame, size);
  const uint32_t first = (uint32_t)MIN (size, 100);
  const DriverPart parts[] = { { addr, 5 },
                               { addr + 5, 7 + first },
                               { addr + 12 + first, (uint32_t)size - first } };
  driver_add (driver, 1, parts, size > first ? 3 : 2, 0);
  g_assert_true (driver_get (driver, 1, 2000, &used, &written));
  g_assert_cmpuint (written, ==, 0);
  driver->next_free = start;
}

void
driver_add_rx (Driver *driver, unsigned queue, unsigned n, uint32_t size)
{
  for (unsigned i = 0; i < n; i++) {
    const DriverPart part = { driver_alloc (driver, size), size };
    driver_add (driver, queue, &part, 0, 1);
  }
}

size_t
driver_receive (Driver *driver, unsigned queue, uint8_t *frame, unsigned ms)
{
  uint64_t addr;
  uint32_t written;
  size_t size = 0;
  unsigned left = 1;
  while (left && driver_get (driver, queue, size ? 0 : ms, &addr, &written)) {
    if (size == 0) {
      VnetHdr hdr;
      g_assert_cmpuint (written, >=, sizeof hdr);
      memcpy (&hdr, driver_host (driver, addr), sizeof hdr);
      left = GUINT16_FROM_LE (hdr.num_buffers);
      g_assert_cmpuint (left, >=, 1);
    }
    memcpy (frame + size, driver_host (driver, addr), written);
    size += written;
    left--;
  }
  if (size)
    g_assert_cmpuint (left, ==, 0);
  return size;
}

void
peer_send (Driver *driver, const void *frame, size_t size)
{
  uint8_t length[4];
  vnet_put_be32 (length, (uint32_t)size);
  const struct iovec iov[2] = { { length, 4 }, { (void *)frame, size } };
  g_assert_cmpint (writev (driver->peer, iov, 2), ==, 4 + size);
}

size_t
peer_receive (Driver *driver, uint8_t *frame, unsigned ms)
{
  struct pollfd pollfd = { driver->peer, POLLIN, 0 };
  uint8_t length[4];
  if (poll (&pollfd, 1, (int)ms) != 1)
    return 0;
  g_assert_cmpint (recv (driver->peer, length, 4, MSG_WAITALL), ==, 4);
  const uint32_t size = vnet_be32 (length);
  g_assert_cmpuint (size, <=, VNET_FRAME_MAX);
  g_assert_cmpint (recv (driver->peer, frame, size, MSG_WAITALL), ==, size);
  return size;
}
