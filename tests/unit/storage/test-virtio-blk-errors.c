/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-blk: errors of the image, requests that the machine was stopped for, and resets while requests are
 * on their way. */

#include "blk-driver.h"

#include <errno.h>
#include <string.h>

#define DISK (UINT64_C (8) << 20)

static void
fail (BlockOp op, unsigned count, int error)
{
  storage_fault.op = op;
  storage_fault.error = error;
  __atomic_store_n (&storage_fault.count, count, __ATOMIC_SEQ_CST);
}

static void
wait_for_stops (unsigned n)
{
  for (unsigned i = 0; i < 5000 && __atomic_load_n (&storage_fault.stops, __ATOMIC_SEQ_CST) < n; i++)
    g_usleep (1000);
  g_assert_cmpuint (__atomic_load_n (&storage_fault.stops, __ATOMIC_SEQ_CST), ==, n);
}

static void
test_report (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=report,rerror=report");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  fail (BLOCK_READ, 1, -EIO);
  g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_OK);
  fail (BLOCK_WRITE, 1, -ENOSPC);
  g_assert_cmpuint (blk_write (&driver, 0, 4096), ==, VIRTIO_BLK_S_IOERR);
  fail (BLOCK_FLUSH, 1, -EIO);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_FLUSH, 0, 0, false), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_FLUSH, 0, 0, false), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.stops, ==, 0);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_ignore (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=ignore");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), UINT64_C (1) << VIRTIO_BLK_F_WRITE_ZEROES, "drive=d0");
  fail (BLOCK_WRITE, 1, -EIO);
  g_assert_cmpuint (blk_write (&driver, 0, 4096), ==, VIRTIO_BLK_S_OK);
  fail (BLOCK_WRITE_ZEROES, 1, -EIO);
  memset (blk_data (&driver), 0, 32);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, false), ==, VIRTIO_BLK_S_OK);
  fail (BLOCK_READ, 1, -EIO);
  g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_IOERR);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_stop (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=stop,rerror=stop");
  BlkDriver driver;
  uint32_t written;
  blk_open (&driver, guest_form (4), 0, "drive=d0");
  memset (blk_data (&driver), 0x5a, 8192);
  fail (BLOCK_WRITE, 2, -ENOSPC);
  blk_start (&driver, VIRTIO_BLK_T_OUT, 1, 8192, false);
  wait_for_stops (1);
  device_quiesce (driver.guest.dev);
  g_assert_null (ring_get (&driver.ring, &written));
  /* It fails again, and then succeeds. */
  device_resume (driver.guest.dev);
  wait_for_stops (2);
  device_quiesce (driver.guest.dev);
  device_resume (driver.guest.dev);
  g_assert_true (ring_await (&driver.ring, &written) == &driver);
  g_assert_cmpuint (*guest_host (&driver.guest, driver.status), ==, VIRTIO_BLK_S_OK);
  uint8_t byte;
  g_assert_cmpint (block_pread (drive_block (drive), SECTOR + 8191, &byte, 1), ==, 1);
  g_assert_cmphex (byte, ==, 0x5a);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_stop_reset (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=stop");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  fail (BLOCK_WRITE, 1, -EIO);
  blk_start (&driver, VIRTIO_BLK_T_OUT, 1, 4096, false);
  wait_for_stops (1);
  blk_restart (&driver, guest_form (0), 0);
  const unsigned seen = storage_fault.seen;
  g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.seen, ==, seen + 1);
  /* The queue alone. */
  fail (BLOCK_WRITE, 1, -EIO);
  blk_start (&driver, VIRTIO_BLK_T_OUT, 1, 4096, false);
  wait_for_stops (2);
  guest_reset_queue (&driver.guest, 0);
  device_quiesce (driver.guest.dev);
  device_resume (driver.guest.dev);
  g_assert_cmpuint (storage_fault.seen, ==, seen + 2);
  /* And one that nobody cares for any more. */
  blk_restart (&driver, guest_form (0), 0);
  fail (BLOCK_WRITE, 1, -EIO);
  blk_start (&driver, VIRTIO_BLK_T_OUT, 1, 4096, false);
  wait_for_stops (3);
  blk_close (&driver);
  storage_drive_free (drive);
}

/* The guest's memory moves to another machine as it is. */
static void
move_machine (BlkDriver *from, BlkDriver *to, const char *props)
{
  device_quiesce (from->guest.dev);
  g_autoptr (GVariant) state = device_save (from->guest.dev);
  *to = *from;
  storage_open (&to->guest, "virtio-blk-device", props);
  to->ring.guest = &to->guest;
  memcpy (guest_host (&to->guest, GUEST_RAM), guest_host (&from->guest, GUEST_RAM), GUEST_SIZE);
  g_autoptr (GError) error = NULL;
  device_load (to->guest.dev, state, &error);
  g_assert_no_error (error);
}

static void
test_save_stopped (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Drive *first = storage_drive ("d0", DISK, ",werror=stop"),
          *second = storage_drive ("d1", DISK, ",werror=stop");
    BlkDriver from, to;
    uint32_t written;
    blk_open (&from, guest_form (n), UINT64_C (1) << VIRTIO_BLK_F_CONFIG_WCE, "drive=d0");
    guest_set_config (&from.guest, 32, 1, 0);
    memset (blk_data (&from), 0x77, 4096);
    fail (BLOCK_WRITE, 1, -ENOSPC);
    blk_start (&from, VIRTIO_BLK_T_OUT, 9, 4096, false);
    wait_for_stops (1);
    move_machine (&from, &to, "drive=d1");
    device_resume (to.guest.dev);
    g_assert_true (ring_await (&to.ring, &written) == &from);
    g_assert_cmpuint (*guest_host (&to.guest, to.status), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpuint (guest_config (&to.guest, 32, 1), ==, 0);
    g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_FUA);
    uint8_t byte = 0;
    block_pread (drive_block (second), 9 * SECTOR, &byte, 1);
    g_assert_cmphex (byte, ==, 0x77);
    g_assert_cmpuint (blk_read (&to, 9, 4096), ==, VIRTIO_BLK_S_OK);
    storage_close (&from.guest);
    blk_close (&to);
    storage_drive_free (first);
    storage_drive_free (second);
  }
}

static GVariant *
with_stopped (GVariant *state, GVariant *stopped)
{
  /* The device is the slot's only child: rebuild its dictionary. */
  GVariantDict dict;
  g_variant_dict_init (&dict, state);
  g_variant_dict_insert_value (&dict, "stopped", stopped);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
test_load_damaged (void)
{
  static const char *const damaged[] = {
    "[(7, (0, 1, [(0x80000000, 16, false)]))]", /* no such queue */
    "[(0, (900, 1, [(0x80000000, 16, false)]))]", "[(0, (0, 1, [(0x10, 16, false)]))]",
    "[(0, (0, 70, [(0x80000000, 16, false)]))]",  "[(0, (0, 1, [(0xfffffffffffffff0, 0x100, true)]))]",
  };
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  Device *dev = &driver.guest.echo->vdev.dev;
  device_quiesce (dev);
  g_autoptr (GVariant) state = device_save (dev);
  for (unsigned i = 0; i < G_N_ELEMENTS (damaged); i++) {
    g_autoptr (GError) error = NULL;
    GVariant *stopped =
        g_variant_parse (G_VARIANT_TYPE ("a(u" VIRTQ_ELEMENT_TYPE ")"), damaged[i], NULL, NULL, &error);
    g_assert_no_error (error);
    g_autoptr (GVariant) bad = with_stopped (state, stopped);
    g_variant_unref (stopped);
    g_assert_false (device_load (dev, bad, &error));
    g_assert_nonnull (error);
    device_reset (dev);
  }
  g_autoptr (GError) error = NULL;
  g_assert_true (device_load (dev, state, &error));
  g_assert_no_error (error);
  device_resume (dev);
  g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_OK);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_reset_in_flight (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  uint32_t written;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  __atomic_store_n (&storage_fault.delay, 30, __ATOMIC_SEQ_CST);
  for (unsigned round = 0; round < 4; round++) {
    const unsigned seen = storage_fault.seen;
    for (unsigned i = 0; i < 8; i++)
      blk_start (&driver, i % 2 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, 8 * i, 4096, i % 2 == 0);
    while (__atomic_load_n (&storage_fault.seen, __ATOMIC_SEQ_CST) == seen)
      g_usleep (100);
    if (round == 3)
      break;
    if (round == 1)
      guest_reset_queue (&driver.guest, 0);
    if (round == 2) {
      device_quiesce (driver.guest.dev);
      device_reset (driver.guest.dev);
      device_resume (driver.guest.dev);
    }
    blk_restart (&driver, guest_form (round), 0);
    g_assert_null (ring_get (&driver.ring, &written));
    g_assert_cmpuint (blk_read (&driver, 0, 4096), ==, VIRTIO_BLK_S_OK);
  }
  /* The device goes with requests on their way. */
  blk_close (&driver);
  storage_drive_free (drive);
}

/* A machine that stops and goes on loses no request. */
static void
test_stop_in_flight (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  uint32_t written;
  blk_open (&driver, guest_form (2), 0, "drive=d0");
  __atomic_store_n (&storage_fault.delay, 20, __ATOMIC_SEQ_CST);
  for (unsigned i = 0; i < 10; i++)
    blk_start (&driver, VIRTIO_BLK_T_IN, 8 * i, 4096, true);
  device_quiesce (driver.guest.dev);
  device_resume (driver.guest.dev);
  for (unsigned i = 0; i < 10; i++)
    g_assert_true (ring_await (&driver.ring, &written) == &driver);
  g_assert_cmpuint (storage_fault.seen, ==, 10);
  blk_close (&driver);
  storage_drive_free (drive);
}

typedef struct {
  uint64_t header, data, status, sector;
  uint32_t size;
  bool write;
  uint8_t seed;
} Slot;

static void
start_slot (BlkDriver *driver, Ring *ring, Slot *slot)
{
  Guest *guest = &driver->guest;
  *(struct virtio_blk_outhdr *)guest_host (guest, slot->header) =
      (struct virtio_blk_outhdr){ .type = slot->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
                                  .sector = slot->sector };
  memset (guest_host (guest, slot->data), slot->write ? slot->seed : 0, slot->size);
  *guest_host (guest, slot->status) = 0xff;
  const Segment segments[] = { { slot->header, 16 },
                               { slot->data, slot->size / 2 },
                               { slot->data + slot->size / 2, slot->size / 2 },
                               { slot->status, 1 } };
  g_assert_true (ring_add (ring, segments, slot->write ? 3 : 1, slot->write ? 1 : 3, slot));
}

/* Each slot writes and reads a region of its own, on several queues with as much in flight as goes. */
static void
test_deep_queues (void)
{
  enum { QUEUES = 3, SLOTS = 12, ROUNDS = 300 };
  Drive *drive = storage_drive ("d0", DISK, "");
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    BlkDriver driver;
    Ring rings[QUEUES];
    Slot slots[QUEUES][SLOTS];
    blk_open (&driver, guest_form (n), 0, "drive=d0,num-queues=3");
    ring_close (&driver.ring);
    g_assert_true (storage_begin (&driver.guest, guest_form (n), UINT64_C (1) << VIRTIO_BLK_F_MQ));
    for (unsigned q = 0; q < QUEUES; q++)
      ring_open (&rings[q], &driver.guest, q, 64, guest_form (n));
    guest_driver_ok (&driver.guest);
    for (unsigned i = 0; i < QUEUES * SLOTS; i++) {
      Slot *slot = &slots[i / SLOTS][i % SLOTS];
      *slot = (Slot){ .header = guest_alloc (&driver.guest, 16, 16),
                      .data = guest_alloc (&driver.guest, 8192, 4096),
                      .status = guest_alloc (&driver.guest, 1, 1),
                      .sector = 16 * i,
                      .size = 8192,
                      .write = true,
                      .seed = (uint8_t)(i + 1) };
      start_slot (&driver, &rings[i / SLOTS], slot);
    }
    for (unsigned round = 0; round < ROUNDS; round++)
      for (unsigned q = 0; q < QUEUES; q++) {
        uint32_t written;
        ring_kick (&rings[q]);
        Slot *slot = ring_await (&rings[q], &written);
        g_assert_cmpuint (*guest_host (&driver.guest, slot->status), ==, VIRTIO_BLK_S_OK);
        g_assert_cmphex (*guest_host (&driver.guest, slot->data + slot->size - 1), ==, slot->seed);
        slot->seed = (uint8_t)(slot->seed + (slot->write ? 0 : 1));
        slot->write = !slot->write;
        start_slot (&driver, &rings[q], slot);
      }
    for (unsigned q = 0; q < QUEUES; q++)
      ring_close (&rings[q]);
    storage_close (&driver.guest);
  }
  storage_drive_free (drive);
}

enum { MERGED = 6 };

/* Requests that continue each other but for the last, made available at once. */
static void
start_row (BlkDriver *driver, Slot *slots, bool write)
{
  device_quiesce (driver->guest.dev);
  for (unsigned i = 0; i < MERGED; i++) {
    slots[i] = (Slot){ .header = guest_alloc (&driver->guest, 16, 16),
                       .data = guest_alloc (&driver->guest, 1024, 1024),
                       .status = guest_alloc (&driver->guest, 1, 1),
                       .sector = i + 1 < MERGED ? 2 * i : 100,
                       .size = 1024,
                       .write = write,
                       .seed = (uint8_t)(i + 1) };
    start_slot (driver, &driver->ring, &slots[i]);
  }
  device_resume (driver->guest.dev);
}

static unsigned
finish_row (BlkDriver *driver)
{
  unsigned failed = 0;
  for (unsigned i = 0; i < MERGED; i++) {
    uint32_t written;
    const Slot *slot = ring_await (&driver->ring, &written);
    const uint8_t status = *guest_host (&driver->guest, slot->status);
    failed += status == VIRTIO_BLK_S_IOERR;
    if (status == VIRTIO_BLK_S_OK)
      for (unsigned at = 0; at < slot->size; at++)
        g_assert_cmphex (guest_host (&driver->guest, slot->data)[at], ==, slot->seed);
  }
  return failed;
}

static void
test_merge (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=report");
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    BlkDriver driver;
    Slot slots[MERGED];
    blk_open (&driver, guest_form (n), 0, "drive=d0");
    storage_fault.seen = 0;
    start_row (&driver, slots, true);
    g_assert_cmpuint (finish_row (&driver), ==, 0);
    start_row (&driver, slots, false);
    g_assert_cmpuint (finish_row (&driver), ==, 0);
    g_assert_cmpuint (storage_fault.seen, ==, 4);
    /* The one that is to blame fails, and no other. */
    fail (BLOCK_WRITE, 2, -EIO);
    start_row (&driver, slots, true);
    g_assert_cmpuint (finish_row (&driver), ==, 1);
    g_assert_cmpuint (storage_fault.seen, ==, 4 + 2 + MERGED - 1);
    /* With each waiting for a reset. */
    storage_fault.delay = 10;
    start_row (&driver, slots, true);
    while (__atomic_load_n (&storage_fault.seen, __ATOMIC_SEQ_CST) < 4 + 2 + MERGED - 1 + 2)
      g_usleep (100);
    blk_close (&driver);
    storage_fault.delay = 0;
  }
  storage_drive_free (drive);
}

/* Requests for no sectors continue each other too, and would make one of no parts. */
static void
test_merge_empty (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  Slot slots[MERGED] = { 0 };
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  storage_fault.seen = 0;
  device_quiesce (driver.guest.dev);
  for (unsigned i = 0; i < MERGED; i++) {
    slots[i].header = guest_alloc (&driver.guest, 16, 16);
    slots[i].status = guest_alloc (&driver.guest, 1, 1);
    *(struct virtio_blk_outhdr *)guest_host (&driver.guest, slots[i].header) =
        (struct virtio_blk_outhdr){ .type = i < MERGED / 2 ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN };
    const Segment segments[] = { { slots[i].header, 16 }, { slots[i].status, 1 } };
    g_assert_true (ring_add (&driver.ring, segments, 1, 1, &slots[i]));
  }
  device_resume (driver.guest.dev);
  g_assert_cmpuint (finish_row (&driver), ==, 0);
  g_assert_cmpuint (storage_fault.seen, ==, MERGED);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_merge_stop (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",werror=stop");
  BlkDriver driver;
  Slot slots[MERGED];
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  fail (BLOCK_WRITE, 3, -ENOSPC);
  start_row (&driver, slots, true);
  wait_for_stops (2);
  device_quiesce (driver.guest.dev);
  device_resume (driver.guest.dev);
  g_assert_cmpuint (finish_row (&driver), ==, 0);
  start_row (&driver, slots, false);
  g_assert_cmpuint (finish_row (&driver), ==, 0);
  blk_close (&driver);
  storage_drive_free (drive);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-blk/error/report", test_report);
  g_test_add_func ("/virtio-blk/error/ignore", test_ignore);
  g_test_add_func ("/virtio-blk/error/stop", test_stop);
  g_test_add_func ("/virtio-blk/error/stop-reset", test_stop_reset);
  g_test_add_func ("/virtio-blk/save/stopped", test_save_stopped);
  g_test_add_func ("/virtio-blk/save/damaged", test_load_damaged);
  g_test_add_func ("/virtio-blk/reset-in-flight", test_reset_in_flight);
  g_test_add_func ("/virtio-blk/stop-in-flight", test_stop_in_flight);
  g_test_add_func ("/virtio-blk/deep-queues", test_deep_queues);
  g_test_add_func ("/virtio-blk/merge", test_merge);
  g_test_add_func ("/virtio-blk/merge-empty", test_merge_empty);
  g_test_add_func ("/virtio-blk/merge-stop", test_merge_stop);
  return g_test_run ();
}
