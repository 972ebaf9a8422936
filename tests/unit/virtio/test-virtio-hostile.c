/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hostile drivers: each thing a driver must not do ends in DEVICE_NEEDS_RESET, and a reset makes all well. */

#include "guest.h"

#include <linux/virtio_ring.h>
#include <string.h>

#define NEXT     VRING_DESC_F_NEXT
#define WRITE    VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define SIZE     8

/* A ring written by hand: descriptors in the words of the split form, which the packed one reads, too. */
typedef struct {
  uint64_t addr;
  uint32_t len;
  uint16_t flags, next;
} Desc;

typedef struct {
  const char *name;
  bool broken;
  bool no_indirect; /* not negotiated */
  Desc table[SIZE]; /* buffers are at offsets of an arena unless `absolute` */
  bool absolute;
  unsigned heads; /* how many buffers are available; all begin at descriptor 0 */
  uint16_t head;
  Desc indirect[4];
} Misdeed;

static const Misdeed split_misdeeds[] = {
  { "nothing", false, .table = { { 0, 16, NEXT, 1 }, { 64, 16, WRITE } }, .heads = 1 },
  { "empty-parts", false, .table = { { 0, 0, NEXT, 1 }, { 64, 0, WRITE } }, .heads = 1 },
  { "index-jump", true, .table = { { 0, 16 } }, .heads = SIZE + 1 },
  { "index-jump-far", true, .table = { { 0, 16 } }, .heads = 40000 },
  { "head", true, .table = { { 0, 16 } }, .heads = 1, .head = SIZE },
  { "next", true, .table = { { 0, 16, NEXT, SIZE } }, .heads = 1 },
  { "loop", true, .table = { { 0, 16, NEXT, 1 }, { 0, 16, NEXT, 0 } }, .heads = 1 },
  { "loop-of-one", true, .table = { { 0, 0, NEXT, 0 } }, .heads = 1 },
  { "nowhere", true, .absolute = true, .table = { { 0x1000, 16 } }, .heads = 1 },
  { "beyond-ram", true, .absolute = true, .table = { { GUEST_RAM + GUEST_SIZE - 8, 16 } }, .heads = 1 },
  { "huge", true, .absolute = true, .table = { { GUEST_RAM, 0xffffffff, WRITE } }, .heads = 1 },
  { "wrapping", true, .absolute = true, .table = { { UINT64_MAX - 7, 16 } }, .heads = 1 },
  { "device", true, .absolute = true, .table = { { 0x28000000, 16, WRITE } }, .heads = 1 },
  { "order", true, .table = { { 0, 16, WRITE | NEXT, 1 }, { 64, 16 } }, .heads = 1 },
  { "indirect", false, .table = { { 1024, 32, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8, NEXT, 1 }, { 64, 8, WRITE } } },
  { "indirect-after-direct", false, .table = { { 0, 8, NEXT, 1 }, { 1024, 16, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8 } } },
  { "indirect-not-negotiated", true, .no_indirect = true, .table = { { 1024, 16, INDIRECT } }, .heads = 1 },
  { "indirect-and-next", true, .table = { { 1024, 16, INDIRECT | NEXT, 1 } }, .heads = 1,
    .indirect = { { 0, 8 } } },
  { "indirect-in-indirect", true, .table = { { 1024, 16, INDIRECT } }, .heads = 1,
    .indirect = { { 1024, 16, INDIRECT } } },
  { "indirect-empty", true, .table = { { 1024, 0, INDIRECT } }, .heads = 1 },
  { "indirect-odd", true, .table = { { 1024, 17, INDIRECT } }, .heads = 1 },
  { "indirect-next", true, .table = { { 1024, 32, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8, NEXT, 2 } } },
  { "indirect-loop", true, .table = { { 1024, 0x100000, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8, NEXT, 0 } } },
  { "indirect-nowhere", true, .absolute = true, .table = { { 0x1000, 16, INDIRECT } }, .heads = 1 },
  { "indirect-wrapping", true, .absolute = true, .table = { { UINT64_MAX - 7, 16, INDIRECT } }, .heads = 1 },
  { "indirect-huge", true, .absolute = true,
    .table = { { GUEST_RAM + GUEST_SIZE - 16, 0xfffffff0, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8, NEXT, 1 } } },
};

/* Of a packed ring; `next` is the id. */
static const Misdeed packed_misdeeds[] = {
  { "nothing", false, .table = { { 0, 16, NEXT }, { 64, 16, WRITE } }, .heads = 2 },
  { "empty-parts", false, .table = { { 0, 0, NEXT }, { 64, 0, WRITE } }, .heads = 2 },
  { "any-id", false, .table = { { 0, 16, 0, 0xffff } }, .heads = 1 },
  { "no-end", true,
    .table = { { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT },
               { 0, 1, NEXT } },
    .heads = SIZE },
  { "nowhere", true, .absolute = true, .table = { { 0x1000, 16 } }, .heads = 1 },
  { "wrapping", true, .absolute = true, .table = { { UINT64_MAX - 7, 16 } }, .heads = 1 },
  { "device", true, .absolute = true, .table = { { 0x28000000, 16, WRITE } }, .heads = 1 },
  { "order", true, .table = { { 0, 16, WRITE | NEXT }, { 64, 16 } }, .heads = 2 },
  { "indirect", false, .table = { { 1024, 32, INDIRECT } }, .heads = 1,
    .indirect = { { 0, 8 }, { 64, 8, WRITE } } },
  { "indirect-in-chain", true, .table = { { 0, 8, NEXT }, { 1024, 16, INDIRECT } }, .heads = 2,
    .indirect = { { 0, 8 } } },
  { "indirect-and-next", true, .table = { { 1024, 16, INDIRECT | NEXT } }, .heads = 1,
    .indirect = { { 0, 8 } } },
  { "indirect-not-negotiated", true, .no_indirect = true, .table = { { 1024, 16, INDIRECT } }, .heads = 1 },
  { "indirect-in-indirect", true, .table = { { 1024, 16, INDIRECT } }, .heads = 1,
    .indirect = { { 1024, 16, INDIRECT } } },
  { "indirect-empty", true, .table = { { 1024, 0, INDIRECT } }, .heads = 1 },
  { "indirect-odd", true, .table = { { 1024, 17, INDIRECT } }, .heads = 1 },
  { "indirect-too-long", true, .table = { { 1024, 16 * 1025, INDIRECT } }, .heads = 1 },
  { "indirect-nowhere", true, .absolute = true, .table = { { 0x1000, 16, INDIRECT } }, .heads = 1 },
  { "indirect-wrapping", true, .absolute = true, .table = { { UINT64_MAX - 7, 16, INDIRECT } }, .heads = 1 },
};

typedef struct {
  const Misdeed *misdeed;
  bool packed, event_idx;
} Case;

/* One request there and back, to see that the device is well. */
static void
check_well (Guest *guest, RingForm form)
{
  Ring ring;
  const uint64_t keep = guest->next_free;
  g_assert_true (guest_begin (guest, form));
  ring_open (&ring, guest, 0, 16, form);
  guest_driver_ok (guest);
  const uint64_t arena = guest_alloc (guest, 128, 16);
  const Segment segments[] = { { arena, 64 }, { arena + 64, 64 } };
  uint32_t written;
  memset (guest_host (guest, arena), 0x3c, 64);
  memset (guest_host (guest, arena + 64), 0, 64);
  g_assert_true (ring_add (&ring, segments, 1, 1, &ring));
  ring_kick (&ring);
  g_assert_true (ring_await (&ring, &written) == &ring);
  g_assert_cmpuint (written, ==, 64);
  g_assert_cmpmem (guest_host (guest, arena), 64, guest_host (guest, arena + 64), 64);
  g_assert_cmphex (guest_status (guest), ==, 15);
  ring_close (&ring);
  guest->next_free = keep;
}

static void
write_tables (Guest *guest, const Case *what, uint64_t desc, uint64_t arena)
{
  const Misdeed *misdeed = what->misdeed;
  const uint64_t base = misdeed->absolute ? 0 : arena;
  Desc *table = (Desc *)guest_host (guest, desc), *indirect = (Desc *)guest_host (guest, arena + 1024);
  for (unsigned i = 0; i < SIZE; i++) {
    const Desc *d = &misdeed->table[i];
    table[i] = *d;
    table[i].addr += base;
    if (what->packed) { /* id and flags are the other way round */
      table[i].flags = d->next;
      table[i].next = d->flags | (i < misdeed->heads ? 1 << VRING_PACKED_DESC_F_AVAIL : 0);
    }
  }
  for (unsigned i = 0; i < 4; i++) {
    indirect[i] = misdeed->indirect[i];
    indirect[i].addr += arena;
    if (what->packed) {
      indirect[i].flags = misdeed->indirect[i].next;
      indirect[i].next = misdeed->indirect[i].flags;
    }
  }
  /* For the table that begins with the last bytes of RAM. */
  *(Desc *)guest_host (guest, GUEST_RAM + GUEST_SIZE - 16) = indirect[0];
}

static void
test_misdeed (gconstpointer data)
{
  const Case *what = data;
  const Misdeed *misdeed = what->misdeed;
  const RingForm form = { what->packed, what->event_idx, !misdeed->no_indirect };
  Guest guest;
  guest_open (&guest, TRANSPORT_PCI, "packed=on");
  g_assert_true (guest_begin (&guest, form));
  const uint64_t desc = guest_alloc (&guest, 16 * SIZE, 16), driver = guest_alloc (&guest, 64, 16),
                 device = guest_alloc (&guest, 128, 16), arena = guest_alloc (&guest, 1 << 21, 4096);
  guest_set_queue (&guest, 0, SIZE, desc, driver, device);
  guest_driver_ok (&guest);
  write_tables (&guest, what, desc, arena);
  if (!what->packed) {
    uint16_t *avail = (uint16_t *)guest_host (&guest, driver);
    for (unsigned i = 0; i < SIZE; i++)
      avail[2 + i] = misdeed->head;
    __atomic_store_n (&avail[1], (uint16_t)misdeed->heads, __ATOMIC_RELEASE);
  }
  guest_notify (&guest, 0);
  const gint64 end = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;
  while (guest_interrupts (&guest) == 0 && !(guest_status (&guest) & 64) && g_get_monotonic_time () < end)
    g_usleep (100);
  g_assert_cmphex (guest_status (&guest), ==, misdeed->broken ? 15 | 64 : 15);
  if (misdeed->broken) {
    /* It stands still, and was said to. */
    const unsigned handled = guest.echo->handled;
    guest_notify (&guest, 0);
    g_usleep (1000);
    g_assert_cmpuint (guest.echo->handled, ==, handled);
    while (g_get_monotonic_time () < end && !__atomic_load_n (&guest.config_interrupts, __ATOMIC_RELAXED))
      g_usleep (100);
    g_assert_cmpuint (guest.config_interrupts, ==, 1);
  }
  check_well (&guest, form);
  guest_close (&guest);
}

/* The same buffer over and over: the keeping queue never holds more than the ring has. */
static void
test_same_head (void)
{
  Guest guest;
  guest_open (&guest, TRANSPORT_MMIO, NULL);
  guest_begin (&guest, guest_form (0));
  const uint64_t desc = guest_alloc (&guest, 16 * 4, 16), driver = guest_alloc (&guest, 64, 16),
                 device = guest_alloc (&guest, 64, 16);
  guest_set_queue (&guest, 1, 4, desc, driver, device);
  guest_driver_ok (&guest);
  *(Desc *)guest_host (&guest, desc) = (Desc){ GUEST_RAM + 0x10000, 4096, WRITE, 0 };
  uint16_t *avail = (uint16_t *)guest_host (&guest, driver);
  const gint64 end = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;
  for (unsigned i = 1; !(guest_status (&guest) & 64) && g_get_monotonic_time () < end; i++) {
    __atomic_store_n (&avail[1], (uint16_t)MIN (i, 100), __ATOMIC_RELEASE);
    guest_notify (&guest, 1);
    g_usleep (1000);
  }
  g_assert_cmphex (guest_status (&guest), ==, 15 | 64);
  g_rec_mutex_lock (&guest.echo->vdev.dev.lock);
  g_assert_cmpuint (guest.echo->kept->len, <=, 4);
  g_rec_mutex_unlock (&guest.echo->vdev.dev.lock);
  echo_release (guest.echo); /* a broken device's ring is not written */
  g_assert_cmpuint (((uint16_t *)guest_host (&guest, device))[1], ==, 0);
  check_well (&guest, guest_form (0));
  guest_close (&guest);
}

typedef struct {
  unsigned size;
  uint64_t desc, driver, device;
  bool packed;
  bool enabled; /* else broken at once */
} Place;

/* Sizes and addresses that cannot be. Rings outside of RAM are found when they are used. */
static void
test_places (void)
{
  static const Place places[] = {
    { 0, GUEST_RAM, GUEST_RAM, GUEST_RAM, false, false },
    { 0, GUEST_RAM, GUEST_RAM, GUEST_RAM, true, false },
    { 3, GUEST_RAM, GUEST_RAM, GUEST_RAM, false, false },
    { 512, GUEST_RAM, GUEST_RAM, GUEST_RAM, false, false },
    { 257, GUEST_RAM, GUEST_RAM, GUEST_RAM, true, false },
    { 0xffff, GUEST_RAM, GUEST_RAM, GUEST_RAM, true, false },
    { 8, GUEST_RAM + 8, GUEST_RAM, GUEST_RAM, false, false },
    { 8, GUEST_RAM, GUEST_RAM + 1, GUEST_RAM, false, false },
    { 8, GUEST_RAM, GUEST_RAM, GUEST_RAM + 2, false, false },
    { 8, GUEST_RAM, GUEST_RAM + 2, GUEST_RAM, true, false },
    { 8, UINT64_MAX - 15, GUEST_RAM, GUEST_RAM, false, false },
    { 8, GUEST_RAM, UINT64_MAX - 1, GUEST_RAM, false, false },
    { 8, GUEST_RAM, GUEST_RAM, UINT64_MAX - 3, false, false },
    { 8, 0x1000, GUEST_RAM, GUEST_RAM, false, true },
    { 8, GUEST_RAM, 0x28000000, GUEST_RAM, false, true },
    { 8, GUEST_RAM, GUEST_RAM, GUEST_RAM + GUEST_SIZE - 4, false, true },
    { 8, 0, 0, 0, true, true },
  };
  Guest guest;
  guest_open (&guest, TRANSPORT_MMIO, "packed=on");
  for (unsigned i = 0; i < G_N_ELEMENTS (places); i++) {
    const Place *p = &places[i];
    g_assert_true (guest_begin (&guest, (RingForm){ p->packed, true, true }));
    guest_set_queue (&guest, 0, p->size, p->desc, p->driver, p->device);
    g_assert_cmpint (guest_queue_enabled (&guest, 0), ==, p->enabled);
    guest_driver_ok (&guest);
    guest_notify (&guest, 0);
    const gint64 end = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;
    while (!(guest_status (&guest) & 64) && g_get_monotonic_time () < end)
      g_usleep (100);
    g_assert_cmphex (guest_status (&guest), ==, 15 | 64);
  }
  check_well (&guest, guest_form (1));
  guest_close (&guest);
}

/* Noise in rings and registers, on all queues, with resets in between. */
static void
test_noise (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), "packed=on");
  const uint64_t area = guest_alloc (&guest, 1 << 16, 4096);
  for (unsigned round = 0; round < 150; round++) {
    const RingForm form = guest_form (round);
    g_assert_true (guest_begin (&guest, form));
    for (unsigned q = 0; q < 3; q++)
      guest_set_queue (&guest, q, 16, area + 0x1000 * q, area + 0x1000 * q + 0x400,
                       area + 0x1000 * q + 0x800);
    guest_driver_ok (&guest);
    for (unsigned n = 0; n < 40; n++) {
      for (unsigned i = 0; i < 0x3000; i += 2) {
        /* Mostly small numbers, as rings have, and addresses in RAM. */
        const uint16_t value = (uint16_t)(g_test_rand_int_range (0, 4) == 0 ? g_test_rand_int ()
                                                                            : g_test_rand_int_range (0, 17));
        __atomic_store_n ((uint16_t *)guest_host (&guest, area + i),
                          i % 16 == 2                  ? 0x8000
                          : i % 16 == 4 || i % 16 == 6 ? 0
                                                       : value,
                          __ATOMIC_RELAXED);
      }
      for (unsigned q = 0; q < 4; q++)
        guest_notify (&guest, q);
      echo_feed (guest.echo, "abcdefgh", 8);
      echo_release (guest.echo);
      if (guest_status (&guest) & 64)
        break;
    }
  }
  guest.next_free = area + (1 << 16);
  check_well (&guest, guest_form (7));
  guest_close (&guest);
}

/* Resets of device and queue while the handler is busy and wants the device's lock. */
static void
test_reset_in_flight (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), "packed=on");
  guest.echo->busy = true;
  for (unsigned round = 0; round < 60; round++) {
    const RingForm form = guest_form (round);
    Ring ring, kept;
    guest.next_free = GUEST_RAM;
    g_assert_true (guest_begin (&guest, form));
    ring_open (&ring, &guest, 0, 16, form);
    ring_open (&kept, &guest, 1, 16, form);
    guest_driver_ok (&guest);
    const Segment segments[] = { { GUEST_RAM + 0x100000, 64 }, { GUEST_RAM + 0x101000, 64 } };
    for (unsigned i = 0; i < 6; i++) {
      ring_add (&ring, segments, 1, 1, &ring);
      ring_add (&kept, segments, 1, 1, &ring);
    }
    ring_kick (&ring);
    ring_kick (&kept);
    g_usleep ((unsigned)g_test_rand_int_range (0, 3000));
    switch (round % 4) {
      case 0: break; /* the next round resets the device */
      case 1:
        guest_reset_queue (&guest, 0);
        guest_reset_queue (&guest, 1);
        g_assert_false (guest_queue_enabled (&guest, 0));
        ring_close (&ring);
        guest.echo->busy = false;
        ring_open (&ring, &guest, 0, 16, form);
        uint32_t written;
        ring_add (&ring, segments, 1, 1, &ring);
        ring_kick (&ring);
        g_assert_true (ring_await (&ring, &written) == &ring);
        guest.echo->busy = true;
        break;
      case 2: device_reset (guest.dev); break;
      default: device_quiesce (guest.dev); device_resume (guest.dev);
    }
    if (round % 4 == 2 && guest.transport != TRANSPORT_MMIO) {
      guest_close (&guest);
      guest_open (&guest, GPOINTER_TO_UINT (data), "packed=on");
      guest.echo->busy = true;
    }
    ring_close (&ring);
    ring_close (&kept);
  }
  guest_set_status (&guest, 0);
  g_assert_cmpuint (guest.echo->starts, ==, guest.echo->stops);
  guest.echo->busy = false;
  check_well (&guest, guest_form (3));
  guest_close (&guest);
}

static gpointer
reset_often (gpointer data)
{
  Guest *guest = data;
  for (unsigned i = 0; i < 300; i++)
    guest_set_status (guest, i % 3 == 0 ? 0 : 15);
  return NULL;
}

/* Two vCPUs: one resets, one notifies and sets up. */
static void
test_two_vcpus (gconstpointer data)
{
  Guest guest;
  guest_open (&guest, GPOINTER_TO_UINT (data), NULL);
  const uint64_t area = guest_alloc (&guest, 1 << 16, 4096);
  GThread *thread = g_thread_new ("vcpu", reset_often, &guest);
  for (unsigned i = 0; i < 300; i++) {
    guest_set_status (&guest, 3);
    guest_set_features (&guest, UINT64_C (1) << VIRTIO_F_VERSION_1);
    guest_set_status (&guest, 11);
    for (unsigned q = 0; q < 3; q++)
      guest_set_queue (&guest, q, 16, area + 0x1000 * q, area + 0x1000 * q + 0x400,
                       area + 0x1000 * q + 0x800);
    guest_set_status (&guest, 15);
    ((uint16_t *)guest_host (&guest, area + 0x400))[1]++;
    guest_notify (&guest, 0);
  }
  g_thread_join (thread);
  guest.next_free = area + (1 << 16);
  check_well (&guest, guest_form (6));
  guest_close (&guest);
}

static void
add_misdeeds (bool packed, const Misdeed *misdeeds, unsigned n)
{
  for (unsigned i = 0; i < 2 * n; i++) {
    Case *what = g_new (Case, 1);
    *what = (Case){ &misdeeds[i / 2], packed, i & 1 };
    g_autofree char *path = g_strdup_printf ("/virtio/hostile/%s%s/%s", packed ? "packed" : "split",
                                             i & 1 ? "-event" : "", misdeeds[i / 2].name);
    g_test_add_data_func_full (path, what, test_misdeed, g_free);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_misdeeds (false, split_misdeeds, G_N_ELEMENTS (split_misdeeds));
  add_misdeeds (true, packed_misdeeds, G_N_ELEMENTS (packed_misdeeds));
  g_test_add_func ("/virtio/hostile/same-head", test_same_head);
  g_test_add_func ("/virtio/hostile/places", test_places);
  static const char *const names[] = { "mmio", "pci", "pci-intx" };
  for (unsigned t = 0; t < TRANSPORT_COUNT; t++) {
    g_autofree char *noise = g_strdup_printf ("/virtio/hostile/noise/%s", names[t]);
    g_autofree char *reset = g_strdup_printf ("/virtio/hostile/reset-in-flight/%s", names[t]);
    g_autofree char *vcpus = g_strdup_printf ("/virtio/hostile/two-vcpus/%s", names[t]);
    g_test_add_data_func (noise, GUINT_TO_POINTER (t), test_noise);
    g_test_add_data_func (reset, GUINT_TO_POINTER (t), test_reset_in_flight);
    g_test_add_data_func (vcpus, GUINT_TO_POINTER (t), test_two_vcpus);
  }
  return g_test_run ();
}
