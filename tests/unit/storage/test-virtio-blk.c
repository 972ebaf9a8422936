/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio-blk: every request, every layout, every limit. */

#include "blk-driver.h"

#include <errno.h>
#include <string.h>

#define DISK   (UINT64_C (1) << 20)
#define BIT(n) (UINT64_C (1) << (n))

static void
fill (uint8_t *bytes, size_t size, unsigned seed)
{
  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t)(i * 7 + i / 509 + seed);
}

static void
assert_filled (const uint8_t *bytes, size_t size, unsigned seed)
{
  for (size_t i = 0; i < size; i++)
    g_assert_cmphex (bytes[i], ==, (uint8_t)(i * 7 + i / 509 + seed));
}

static void
test_read_write (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Drive *drive = storage_drive ("d0", DISK, "");
    BlkDriver driver;
    blk_open (&driver, guest_form (n), 0, "drive=d0");
    static const uint32_t sizes[] = { SECTOR, 4096, 3 * SECTOR, 256 << 10 };
    for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++) {
      fill (blk_data (&driver), sizes[i], i);
      g_assert_cmpuint (blk_write (&driver, 2 * i, sizes[i]), ==, VIRTIO_BLK_S_OK);
      memset (blk_data (&driver), 0, sizes[i]);
      g_assert_cmpuint (blk_read (&driver, 2 * i, sizes[i]), ==, VIRTIO_BLK_S_OK);
      assert_filled (blk_data (&driver), sizes[i], i);
    }
    g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_FLUSH, 0, 0, false), ==, VIRTIO_BLK_S_OK);
    uint8_t sector[SECTOR];
    g_assert_cmpint (block_pread (drive_block (drive), 6 * SECTOR, sector, SECTOR), ==, SECTOR);
    assert_filled (sector, SECTOR, 3);
    blk_close (&driver);
    storage_drive_free (drive);
  }
}

static void
test_config (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (
      &driver, guest_form (0), BIT (VIRTIO_BLK_F_CONFIG_WCE),
      "drive=d0,logical_block_size=4k,physical_block_size=16k,min_io_size=8k,opt_io_size=64k,num-queues=3,"
      "queue-size=128");
  Guest *guest = &driver.guest;
  const uint64_t features = guest_features (guest);
  for (unsigned i = 0; i < 16; i++) {
    static const uint64_t offered =
        BIT (VIRTIO_BLK_F_SEG_MAX) | BIT (VIRTIO_BLK_F_GEOMETRY) | BIT (VIRTIO_BLK_F_BLK_SIZE) |
        BIT (VIRTIO_BLK_F_FLUSH) | BIT (VIRTIO_BLK_F_TOPOLOGY) | BIT (VIRTIO_BLK_F_CONFIG_WCE) |
        BIT (VIRTIO_BLK_F_MQ) | BIT (VIRTIO_BLK_F_DISCARD) | BIT (VIRTIO_BLK_F_WRITE_ZEROES);
    g_assert_cmpuint (features >> i & 1, ==, offered >> i & 1);
  }
  g_assert_cmpuint (storage_config64 (guest, 0), ==, DISK / SECTOR);
  g_assert_cmpuint (guest_config (guest, 12, 4), ==, 126);
  g_assert_cmpuint (guest_config (guest, 20, 4), ==, 4096);
  g_assert_cmpuint (guest_config (guest, 24, 1), ==, 2);
  g_assert_cmpuint (guest_config (guest, 26, 2), ==, 2);
  g_assert_cmpuint (guest_config (guest, 28, 4), ==, 16);
  g_assert_cmpuint (guest_config (guest, 34, 2), ==, 3);
  g_assert_cmpuint (guest_queue_max (guest, 2), ==, 128);
  g_assert_cmpuint (guest_queue_max (guest, 3), ==, 0);
  /* Blocks of 4 KiB are the smallest there are. */
  g_assert_cmpuint (blk_read (&driver, 8, 4096), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (blk_read (&driver, 1, 4096), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_read (&driver, 8, SECTOR), ==, VIRTIO_BLK_S_IOERR);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_cache (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), BIT (VIRTIO_BLK_F_CONFIG_WCE), "drive=d0");
  Guest *guest = &driver.guest;
  g_assert_cmpuint (guest_config (guest, 32, 1), ==, 1);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.flags, ==, 0);
  guest_set_config (guest, 32, 1, 0);
  g_assert_cmpuint (guest_config (guest, 32, 1), ==, 0);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_FUA);
  /* Other fields are the device's. */
  guest_set_config (guest, 0, 4, 12);
  g_assert_cmpuint (storage_config64 (guest, 0), ==, DISK / SECTOR);
  /* A driver that cannot flush. */
  ring_close (&driver.ring);
  g_assert_true (storage_begin (guest, guest_form (0), 0));
  ring_open (&driver.ring, guest, 0, 64, guest_form (0));
  guest_driver_ok (guest);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_FUA);
  blk_restart (&driver, guest_form (0), 0);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.flags, ==, 0);
  blk_close (&driver);
  storage_drive_free (drive);
}

/* A request with its parts where the driver wants them. */
static uint8_t
request_of (BlkDriver *driver, const Segment *segments, unsigned n_out, unsigned n_in)
{
  uint32_t written;
  g_assert_true (ring_add (&driver->ring, segments, n_out, n_in, driver));
  ring_kick (&driver->ring);
  g_assert_true (ring_await (&driver->ring, &written) == driver);
  const Segment last = segments[n_out + n_in - 1];
  return *guest_host (&driver->guest, last.addr + last.size - 1);
}

static void
test_layouts (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  const uint64_t at = driver.data;
  uint8_t *bytes = blk_data (&driver);
  /* Header and data in one piece. */
  *(struct virtio_blk_outhdr *)bytes = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_OUT, .sector = 3 };
  fill (bytes + 16, 2 * SECTOR, 1);
  g_assert_cmpuint (request_of (&driver, (Segment[]){ { at, 16 + 2 * SECTOR }, { driver.status, 1 } }, 1, 1),
                    ==, 0);
  /* The header in four pieces, the last with some data; data in pieces of odd sizes. */
  struct virtio_blk_outhdr *header = (void *)bytes;
  header->sector = 10;
  const Segment odd[] = { { at, 1 },         { at + 1, 3 },     { at + 4, 8 },       { at + 12, 104 },
                          { at + 116, 911 }, { at + 1027, 13 }, { driver.status, 1 } };
  g_assert_cmpuint (request_of (&driver, odd, 6, 1), ==, 0);
  /* Data and status in one piece. */
  header->type = VIRTIO_BLK_T_IN;
  for (unsigned i = 0; i < 2; i++) {
    header->sector = i == 0 ? 3 : 10;
    memset (bytes + 4096, 0xee, 2 * SECTOR + 1);
    const Segment in[] = { { at, 16 }, { at + 4096, 100 }, { at + 4196, 2 * SECTOR - 100 + 1 } };
    g_assert_cmpuint (request_of (&driver, in, 1, 2), ==, 0);
    assert_filled (bytes + 4096, 2 * SECTOR, 1);
  }
  /* A read of nothing. */
  g_assert_cmpuint (request_of (&driver, (Segment[]){ { at, 16 }, { driver.status, 1 } }, 1, 1), ==, 0);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_limits (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  const uint64_t end = DISK / SECTOR;
  g_assert_cmpuint (blk_read (&driver, end - 1, SECTOR), ==, VIRTIO_BLK_S_OK);
  static const struct {
    uint64_t sector;
    uint32_t size;
  } bad[] = { { DISK / SECTOR, SECTOR },
              { DISK / SECTOR - 1, 2 * SECTOR },
              { UINT64_MAX, SECTOR },
              { UINT64_MAX / SECTOR, SECTOR },
              { UINT64_C (1) << 55, SECTOR },
              { 0, 511 },
              { 0, 513 },
              { 0, 1 } };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_cmpuint (blk_read (&driver, bad[i].sector, bad[i].size), ==, VIRTIO_BLK_S_IOERR);
    g_assert_cmpuint (blk_write (&driver, bad[i].sector, bad[i].size), ==, VIRTIO_BLK_S_IOERR);
  }
  static const uint32_t unknown[] = { 2, 3, 5, 7, 9, 10, 12, 14, 15, 16, 0x80000000, UINT32_MAX };
  for (unsigned i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_cmpuint (blk_request (&driver, unknown[i], 0, SECTOR, true), ==, VIRTIO_BLK_S_UNSUPP);
  /* Features that were not negotiated. */
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 16, false), ==, VIRTIO_BLK_S_UNSUPP);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, false), ==, VIRTIO_BLK_S_UNSUPP);
  g_assert_cmpuint (storage_fault.seen, ==, 1);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
break_with (BlkDriver *driver, const Segment *segments, unsigned n_out, unsigned n_in)
{
  uint32_t written;
  g_assert_true (ring_add (&driver->ring, segments, n_out, n_in, driver));
  ring_kick (&driver->ring);
  for (unsigned i = 0; i < 2000 && !(guest_status (&driver->guest) & 0x40); i++)
    g_usleep (1000);
  g_assert_cmphex (guest_status (&driver->guest), ==, 0x4f);
  g_assert_null (ring_get (&driver->ring, &written));
  blk_restart (driver, guest_form (0), 0);
  g_assert_cmpuint (blk_read (driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
}

static void
test_broken (void)
{
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  break_with (&driver, (Segment[]){ { driver.header, 16 } }, 1, 0);
  break_with (&driver, (Segment[]){ { driver.header, 15 }, { driver.status, 1 } }, 1, 1);
  break_with (&driver, (Segment[]){ { driver.status, 1 } }, 0, 1);
  break_with (&driver,
              (Segment[]){ { driver.header, 16 }, { GUEST_RAM - 4096, SECTOR }, { driver.status, 1 } }, 1, 2);
  break_with (&driver,
              (Segment[]){ { driver.header, 16 }, { UINT64_MAX - 100, SECTOR }, { driver.status, 1 } }, 1, 2);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
set_range (BlkDriver *driver, unsigned i, uint64_t sector, uint32_t n, uint32_t flags)
{
  ((struct virtio_blk_discard_write_zeroes *)blk_data (driver))[i] =
      (struct virtio_blk_discard_write_zeroes){ sector, n, flags };
}

static void
test_ranges (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",discard=unmap");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), BIT (VIRTIO_BLK_F_DISCARD) | BIT (VIRTIO_BLK_F_WRITE_ZEROES),
            "drive=d0");
  fill (blk_data (&driver), DISK / 2, 5);
  g_assert_cmpuint (blk_write (&driver, 0, DISK / 2), ==, VIRTIO_BLK_S_OK);
  set_range (&driver, 0, 1, 2, 0);
  set_range (&driver, 1, 100, 0, 0);
  set_range (&driver, 2, 8, 1, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_WRITE_ZEROES, 0, 48, false), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (blk_read (&driver, 0, 16 * SECTOR), ==, VIRTIO_BLK_S_OK);
  assert_filled (blk_data (&driver), SECTOR, 5);
  for (unsigned i = 0; i < 16 * SECTOR; i++)
    if (i / SECTOR == 1 || i / SECTOR == 2 || i / SECTOR == 8)
      g_assert_cmphex (blk_data (&driver)[i], ==, 0);
    else
      g_assert_cmphex (blk_data (&driver)[i], ==, (uint8_t)(i * 7 + i / 509 + 5));
  set_range (&driver, 0, 0, DISK / SECTOR, 0);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 16, false), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (blk_read (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmphex (blk_data (&driver)[9], ==, 0);
  /* A good range before a bad one stays as it is. */
  fill (blk_data (&driver), SECTOR, 6);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  const unsigned seen = storage_fault.seen;
  static const struct {
    uint64_t sector;
    uint32_t n, flags;
    uint8_t discard, zero;
  } bad[] = {
    { 0, 1, 1, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_OK },
    { 0, 1, 2, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_UNSUPP },
    { 0, 1, 0x80000001, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_UNSUPP },
    { 0, DISK / SECTOR + 1, 0, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR },
    { UINT64_MAX, 1, 0, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR },
    { UINT64_MAX - 1, 2, 0, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR },
    { 0, UINT32_MAX, 0, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    set_range (&driver, 0, 0, 1, 0);
    set_range (&driver, 1, bad[i].sector, bad[i].n, bad[i].flags);
    g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 32, false), ==, bad[i].discard);
    if (bad[i].zero != VIRTIO_BLK_S_OK)
      g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, false), ==, bad[i].zero);
  }
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 0, false), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 17, false), ==, VIRTIO_BLK_S_IOERR);
  memset (blk_data (&driver), 0, 4096);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 16 * 33, false), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_DISCARD, 0, 16 * 32, false), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (storage_fault.seen, ==, seen + 32);
  g_assert_cmpuint (blk_read (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  assert_filled (blk_data (&driver), SECTOR, 6);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_serial (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",serial=from-the-drive");
  static const char *const props[] = { "drive=d0", "drive=d0,serial=exactly-20-characters" };
  static const char *const expected[] = { "from-the-drive", "exactly-20-character" };
  for (unsigned i = 0; i < 2; i++) {
    BlkDriver driver;
    blk_open (&driver, guest_form (0), 0, props[i]);
    memset (blk_data (&driver), 0xee, 32);
    g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_GET_ID, 0, 20, true), ==, VIRTIO_BLK_S_OK);
    g_assert_cmpint (strncmp ((char *)blk_data (&driver), expected[i], 20), ==, 0);
    g_assert_cmphex (blk_data (&driver)[20], ==, 0xee);
    /* A shorter buffer is not overrun. */
    memset (blk_data (&driver), 0xee, 32);
    g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_GET_ID, 0, 5, true), ==, VIRTIO_BLK_S_OK);
    g_assert_cmphex (blk_data (&driver)[4], ==, expected[i][4]);
    g_assert_cmphex (blk_data (&driver)[5], ==, 0xee);
    blk_close (&driver);
  }
  storage_drive_free (drive);
}

static void
test_read_only (void)
{
  Drive *drive = storage_drive ("d0", DISK, ",readonly=on");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  const uint64_t features = guest_features (&driver.guest);
  g_assert_true (features & BIT (VIRTIO_BLK_F_RO));
  g_assert_false (features & (BIT (VIRTIO_BLK_F_DISCARD) | BIT (VIRTIO_BLK_F_WRITE_ZEROES)));
  g_assert_cmpuint (blk_read (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_OK);
  g_assert_cmpuint (blk_write (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_FLUSH, 0, 0, false), ==, VIRTIO_BLK_S_OK);
  blk_close (&driver);
  storage_drive_free (drive);
}

static void
test_no_medium (void)
{
  g_autoptr (GError) error = NULL;
  Drive *drive = drive_new ("if=none,id=empty,media=cdrom", false, &error);
  g_assert_no_error (error);
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=empty");
  g_assert_cmpuint (storage_config64 (&driver.guest, 0), ==, 0);
  g_assert_cmpuint (blk_read (&driver, 0, SECTOR), ==, VIRTIO_BLK_S_IOERR);
  g_assert_cmpuint (blk_request (&driver, VIRTIO_BLK_T_FLUSH, 0, 0, false), ==, VIRTIO_BLK_S_IOERR);
  blk_close (&driver);
  drive_free (drive);
}

static void
test_realize_errors (void)
{
  static const struct {
    const char *props, *says;
  } bad[] = {
    { "", "drive=ID" },
    { "drive=none", "-drive" },
    { "drive=d0,logical_block_size=1000", "logical_block_size" },
    { "drive=d0,logical_block_size=4096,physical_block_size=512", "physical_block_size" },
    { "drive=d0,min_io_size=100", "min_io_size" },
    { "drive=d0,opt_io_size=8G", "opt_io_size" },
    { "drive=d0,queue-size=100", "queue-size" },
    { "drive=d0,queue-size=2", "queue-size" },
    { "drive=d0,iothread=none", "none" },
  };
  Drive *drive = storage_drive ("d0", DISK, "");
  BlkDriver driver;
  blk_open (&driver, guest_form (0), 0, "drive=d0");
  g_autofree char *busy = storage_open_error ("virtio-blk-device", "drive=d0");
  g_assert_nonnull (strstr (busy, "in use"));
  blk_close (&driver);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *message = storage_open_error ("virtio-blk-device", bad[i].props);
    g_assert_nonnull (message);
    g_assert_nonnull (strstr (message, bad[i].says));
  }
  g_assert_null (storage_open_error ("virtio-blk-device", "drive=d0"));
  storage_drive_free (drive);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-blk/read-write", test_read_write);
  g_test_add_func ("/virtio-blk/config", test_config);
  g_test_add_func ("/virtio-blk/cache", test_cache);
  g_test_add_func ("/virtio-blk/layouts", test_layouts);
  g_test_add_func ("/virtio-blk/limits", test_limits);
  g_test_add_func ("/virtio-blk/broken", test_broken);
  g_test_add_func ("/virtio-blk/ranges", test_ranges);
  g_test_add_func ("/virtio-blk/serial", test_serial);
  g_test_add_func ("/virtio-blk/read-only", test_read_only);
  g_test_add_func ("/virtio-blk/no-medium", test_no_medium);
  g_test_add_func ("/virtio-blk/realize-errors", test_realize_errors);
  return g_test_run ();
}
