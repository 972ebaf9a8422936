/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-rng and virtio-balloon. */

#include "storage-guest.h"
#include "virtio-balloon.h"
#include "virtio-rng.h"

#include <linux/virtio_balloon.h>
#include <string.h>

#define BIT(n) (UINT64_C (1) << (n))

static void
register_classes (void)
{
  if (device_class_find ("virtio-rng-device") != NULL)
    return;
  virtio_rng_register ();
  virtio_balloon_register ();
}

/* ---- virtio-rng ---- */

static void
open_rng (Guest *guest, Ring *ring, RingForm form, const char *props)
{
  register_classes ();
  storage_open (guest, "virtio-rng-device", props);
  g_assert_true (storage_begin (guest, form, 0));
  ring_open (ring, guest, 0, 8, form);
  guest_driver_ok (guest);
}

static uint32_t
get_random (Ring *ring, uint64_t addr, uint32_t size)
{
  const Segment segments[] = { { addr, size / 2 }, { addr + size / 2, size - size / 2 } };
  uint32_t written;
  g_assert_true (ring_add (ring, segments, 0, 2, ring));
  ring_kick (ring);
  g_assert_true (ring_await (ring, &written) == ring);
  return written;
}

static void
test_rng (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Guest guest;
    Ring ring;
    open_rng (&guest, &ring, guest_form (n), "");
    const uint64_t addr = guest_alloc (&guest, 256 << 10, 4096);
    const uint8_t *bytes = guest_host (&guest, addr);
    g_assert_cmpuint (get_random (&ring, addr, 64), ==, 64);
    unsigned differ = 0;
    for (unsigned i = 1; i < 64; i++)
      differ += bytes[i] != bytes[0];
    g_assert_cmpuint (differ, >, 32);
    g_assert_cmpuint (bytes[64] | bytes[65] | bytes[66], ==, 0);
    /* A large buffer is filled in part. */
    g_assert_cmpuint (get_random (&ring, addr, 256 << 10), ==, 64 << 10);
    for (unsigned i = 0; i < 100; i++)
      g_assert_cmpuint (get_random (&ring, addr, 2), ==, 2);
    /* Without room. */
    uint32_t written;
    g_assert_true (ring_add (&ring, (Segment[]){ { addr, 8 } }, 1, 0, &ring));
    ring_kick (&ring);
    g_assert_true (ring_await (&ring, &written) == &ring);
    g_assert_cmpuint (written, ==, 0);
    ring_close (&ring);
    storage_close (&guest);
  }
}

static void
test_rng_limit (void)
{
  Guest guest;
  Ring ring;
  open_rng (&guest, &ring, guest_form (0), "max-bytes=100,period=50");
  const uint64_t addr = guest_alloc (&guest, 4096, 4096);
  const int64_t begin = g_get_monotonic_time ();
  g_assert_cmpuint (get_random (&ring, addr, 60), ==, 60);
  g_assert_cmpuint (get_random (&ring, addr, 60), ==, 40);
  g_assert_cmpuint (get_random (&ring, addr, 60), ==, 60);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 40000);
  /* The machine stops while a buffer waits. */
  uint32_t written;
  g_assert_cmpuint (get_random (&ring, addr, 60), ==, 40);
  const Segment segments[] = { { addr, 10 } };
  g_assert_true (ring_add (&ring, segments, 0, 1, &ring));
  ring_kick (&ring);
  device_quiesce (guest.dev);
  device_resume (guest.dev);
  g_assert_true (ring_await (&ring, &written) == &ring);
  g_assert_cmpuint (written, ==, 10);
  ring_close (&ring);
  storage_close (&guest);
  g_autofree char *zero = storage_open_error ("virtio-rng-device", "max-bytes=0");
  g_assert_nonnull (strstr (zero, "max-bytes"));
}

/* ---- virtio-balloon ---- */

typedef struct {
  Guest guest;
  Ring inflate, deflate, stats, report;
  uint64_t list;
} Balloon;

static void
open_balloon (Balloon *balloon, unsigned report_queue, uint64_t features, const char *props)
{
  Guest *guest = &balloon->guest;
  register_classes ();
  storage_open (guest, "virtio-balloon-device", props);
  g_assert_true (storage_begin (guest, guest_form (0), features));
  ring_open (&balloon->inflate, guest, 0, 16, guest_form (0));
  ring_open (&balloon->deflate, guest, 1, 16, guest_form (0));
  ring_open (&balloon->stats, guest, 2, 16, guest_form (0));
  ring_open (&balloon->report, guest, report_queue, 16, guest_form (0));
  balloon->list = guest_alloc (guest, 4096, 4096);
  guest_driver_ok (guest);
}

static void
close_balloon (Balloon *balloon)
{
  ring_close (&balloon->inflate);
  ring_close (&balloon->deflate);
  ring_close (&balloon->stats);
  ring_close (&balloon->report);
  storage_close (&balloon->guest);
}

static void
give (Ring *ring, const Segment *segments, unsigned n_out, unsigned n_in)
{
  uint32_t written;
  g_assert_true (ring_add (ring, segments, n_out, n_in, ring));
  ring_kick (ring);
  g_assert_true (ring_await (ring, &written) == ring);
  g_assert_cmpuint (written, ==, 0);
}

static void
give_pages (Balloon *balloon, Ring *ring, const uint32_t *pfns, uint32_t n)
{
  memcpy (guest_host (&balloon->guest, balloon->list), pfns, n * sizeof *pfns);
  /* In odd pieces. */
  const Segment segments[] = { { balloon->list, 3 }, { balloon->list + 3, n * 4 - 3 } };
  give (ring, segments, 2, 0);
}

static void
test_inflate (void)
{
  Balloon balloon;
  open_balloon (&balloon, 3, BIT (VIRTIO_BALLOON_F_STATS_VQ), "");
  Guest *guest = &balloon.guest;
  const uint64_t area = guest_alloc (guest, 16 * 4096, 4096);
  const uint32_t first = (uint32_t)(area >> 12);
  memset (guest_host (guest, area), 0xaa, 16 * 4096);
  ram_log_start (guest->ram);
  ram_clean (guest->ram, 0, guest->ram->size, NULL);
  /* Up, down, apart, twice; and what is no RAM. */
  const uint32_t pfns[] = { first,
                            first + 1,
                            first + 2,
                            first + 9,
                            first + 8,
                            first + 5,
                            first + 5,
                            0,
                            0x10001,
                            UINT32_MAX,
                            (uint32_t)((GUEST_RAM + GUEST_SIZE) >> 12),
                            (uint32_t)(GUEST_RAM >> 12) - 1 };
  give_pages (&balloon, &balloon.inflate, pfns, G_N_ELEMENTS (pfns));
  for (unsigned i = 0; i < 16; i++) {
    const bool gone = i <= 2 || i == 5 || i == 8 || i == 9;
    g_assert_cmphex (guest_host (guest, area)[4096 * i], ==, gone ? 0 : 0xaa);
    g_assert_cmphex (guest_host (guest, area)[4096 * i + 4095], ==, gone ? 0 : 0xaa);
    g_assert_cmpuint (ram_clean (guest->ram, area - GUEST_RAM + 4096 * i, 4096, NULL), ==, gone);
  }
  ram_log_stop (guest->ram);
  give_pages (&balloon, &balloon.deflate, pfns, 3);
  guest_host (guest, area)[0] = 1;
  g_assert_cmphex (guest_host (guest, area)[1], ==, 0);
  /* A piece of a number, and nothing. */
  give (&balloon.inflate, (Segment[]){ { balloon.list, 2 } }, 1, 0);
  give (&balloon.inflate, (Segment[]){ { balloon.list, 4 } }, 0, 1);
  close_balloon (&balloon);
}

static void
test_report (void)
{
  for (unsigned poison = 0; poison < 2; poison++)
    for (unsigned queue = 3; queue <= 4; queue++) {
      Balloon balloon;
      open_balloon (&balloon, queue,
                    BIT (VIRTIO_BALLOON_F_STATS_VQ) | BIT (VIRTIO_BALLOON_F_REPORTING) |
                        BIT (VIRTIO_BALLOON_F_PAGE_POISON),
                    "");
      Guest *guest = &balloon.guest;
      const uint64_t area = guest_alloc (guest, 16 * 4096, 4096);
      memset (guest_host (guest, area), 0xaa, 16 * 4096);
      if (poison)
        guest_set_config (guest, 12, 4, 0xaaaaaaaa);
      const Segment segments[] = { { area, 8192 },
                                   { area + 4096 * 5 + 100, 8192 },
                                   { area + 4096 * 10, 100 } };
      give (&balloon.report, segments, 0, 3);
      for (unsigned i = 0; i < 16; i++)
        g_assert_cmphex (guest_host (guest, area)[4096 * i + 200], ==,
                         !poison && (i < 2 || i == 6) ? 0 : 0xaa);
      close_balloon (&balloon);
    }
}

static void
test_target (void)
{
  Balloon balloon;
  open_balloon (&balloon, 3, BIT (VIRTIO_BALLOON_F_STATS_VQ), "");
  Guest *guest = &balloon.guest;
  Device *dev = guest->dev;
  g_assert_true (virtio_balloon_is (dev));
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 0);
  virtio_balloon_set_target (dev, GUEST_SIZE, GUEST_SIZE / 2);
  guest_interrupts (guest);
  g_assert_cmpuint (guest->config_interrupts, ==, 1);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, GUEST_SIZE / 2 / 4096);
  g_assert_cmpuint (virtio_balloon_actual (dev, GUEST_SIZE), ==, GUEST_SIZE);
  guest_set_config (guest, 4, 4, 10);
  g_assert_cmpuint (virtio_balloon_actual (dev, GUEST_SIZE), ==, GUEST_SIZE - 40960);
  guest_set_config (guest, 4, 4, UINT32_MAX);
  g_assert_cmpuint (virtio_balloon_actual (dev, GUEST_SIZE), ==, 0);
  guest_set_config (guest, 0, 4, 1);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, GUEST_SIZE / 2 / 4096);
  virtio_balloon_set_target (dev, GUEST_SIZE, UINT64_MAX);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 0);
  close_balloon (&balloon);
}

static void
give_stats (Balloon *balloon, uint16_t tag, uint64_t value)
{
  struct virtio_balloon_stat *stats = (void *)guest_host (&balloon->guest, balloon->list);
  stats[0] = (struct virtio_balloon_stat){ tag, value };
  stats[1] = (struct virtio_balloon_stat){ 5, 77 };
  stats[2] = (struct virtio_balloon_stat){ 0xffff, 1 };
  const Segment segment = { balloon->list, 3 * sizeof *stats + 4 };
  g_assert_true (ring_add (&balloon->stats, &segment, 1, 0, balloon));
  ring_kick (&balloon->stats);
}

static void
wait_for_stats (Balloon *balloon, unsigned tag, uint64_t value)
{
  VirtioBalloonStats stats = { 0 };
  for (unsigned i = 0; i < 2000 && stats.value[tag] != value; i++) {
    g_usleep (1000);
    virtio_balloon_stats (balloon->guest.dev, &stats);
  }
  g_assert_cmpuint (stats.value[tag], ==, value);
  g_assert_cmpuint (stats.value[5], ==, 77);
  g_assert_cmphex (stats.known, ==, 1u << tag | 1u << 5);
  g_assert_cmpint (stats.updated, >, 0);
}

static void
test_stats (void)
{
  Balloon balloon;
  uint32_t written;
  open_balloon (&balloon, 3, BIT (VIRTIO_BALLOON_F_STATS_VQ), "");
  Device *dev = balloon.guest.dev;
  give_stats (&balloon, 4, 123456);
  wait_for_stats (&balloon, 4, 123456);
  /* The buffer stays across a stop. */
  device_quiesce (dev);
  g_autoptr (GVariant) state = device_save (dev);
  g_assert_null (ring_get (&balloon.stats, &written));
  g_autoptr (GError) error = NULL;
  g_assert_true (device_load (dev, state, &error));
  g_assert_no_error (error);
  device_resume (dev);
  virtio_balloon_poll_stats (dev, 1);
  g_assert_true (ring_await (&balloon.stats, &written) == &balloon);
  virtio_balloon_poll_stats (dev, 0);
  give_stats (&balloon, 6, 9);
  wait_for_stats (&balloon, 6, 9);
  /* A second buffer: the first comes back. */
  give_stats (&balloon, 7, 10);
  g_assert_true (ring_await (&balloon.stats, &written) == &balloon);
  wait_for_stats (&balloon, 7, 10);
  guest_reset_queue (&balloon.guest, 2);
  close_balloon (&balloon);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-rng/bytes", test_rng);
  g_test_add_func ("/virtio-rng/limit", test_rng_limit);
  g_test_add_func ("/virtio-balloon/inflate", test_inflate);
  g_test_add_func ("/virtio-balloon/report", test_report);
  g_test_add_func ("/virtio-balloon/target", test_target);
  g_test_add_func ("/virtio-balloon/stats", test_stats);
  return g_test_run ();
}
