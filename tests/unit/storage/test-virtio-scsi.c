/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The adapter, and disks on it: addresses, identity, data, mode pages. */

#include "scsi-driver.h"

#include <string.h>

#define DISK     (UINT64_C (4) << 20)
#define LAST     (DISK / 512 - 1)
#define READY(d) SCSI (d, 0, 0, 0x00, 0, 0, 0, 0, 0)

typedef struct {
  Drive *drive;
  ScsiDriver driver;
} Disk;

/* A disk at target 0, whose unit attention was taken. */
static void
open_disk (Disk *disk, RingForm form, const char *drive_options, const char *props)
{
  disk->drive = storage_drive ("d0", DISK, drive_options);
  scsi_driver_open (&disk->driver, "");
  g_autofree char *all = g_strconcat ("drive=d0", props, NULL);
  scsi_driver_plug (&disk->driver, "scsi-hd", all, NULL);
  scsi_driver_start (&disk->driver, form);
  g_assert_cmphex (READY (&disk->driver), ==, 0x062900);
  g_assert_cmphex (READY (&disk->driver), ==, 0);
}

static void
close_disk (Disk *disk)
{
  scsi_driver_close (&disk->driver);
  storage_drive_free (disk->drive);
}

static void
test_addresses (void)
{
  Drive *a = storage_drive ("a", DISK, ""), *b = storage_drive ("b", DISK, ""),
        *c = storage_drive ("c", DISK, "");
  ScsiDriver driver;
  scsi_driver_open (&driver, "");
  scsi_driver_plug (&driver, "scsi-hd", "drive=a,scsi-id=3,lun=300", NULL);
  scsi_driver_plug (&driver, "scsi-hd", "drive=b,scsi-id=3,lun=2", NULL);
  scsi_driver_plug (&driver, "scsi-hd", "drive=c", NULL);
  g_autofree char *taken = NULL, *channel = NULL, *nowhere = NULL, *used = NULL;
  scsi_driver_plug (&driver, "scsi-hd", "drive=b,scsi-id=3,lun=2", &taken);
  g_assert_nonnull (strstr (taken, "taken"));
  scsi_driver_plug (&driver, "scsi-hd", "drive=b,channel=1", &channel);
  g_assert_nonnull (strstr (channel, "channel"));
  scsi_driver_plug (&driver, "scsi-hd", "drive=b,scsi-id=256", &nowhere);
  g_assert_nonnull (strstr (nowhere, "scsi-id"));
  scsi_driver_plug (&driver, "scsi-hd", "drive=b,scsi-id=9", &used);
  g_assert_nonnull (strstr (used, "in use"));
  scsi_driver_start (&driver, guest_form (0));
  uint8_t *data = scsi_data (&driver);
  /* Target 0: the one that was not said. */
  g_assert_cmphex (READY (&driver), ==, 0x062900);
  driver.target = 1;
  g_assert_cmphex (READY (&driver), ==, RESPONSE (VIRTIO_SCSI_S_BAD_TARGET));
  /* A unit that the target does not have. */
  driver.target = 3;
  g_assert_cmphex (READY (&driver), ==, 0x052500);
  g_assert_cmphex (SCSI (&driver, 0, 36, 0x12, 0, 0, 0, 36, 0), ==, 0);
  g_assert_cmphex (data[0], ==, 0x7f);
  g_assert_cmphex (SCSI (&driver, 0, 18, 0x03, 0, 0, 0, 18, 0), ==, 0);
  g_assert_cmphex (data[2], ==, 5);
  g_assert_cmphex (data[12], ==, 0x25);
  g_assert_cmphex (SCSI (&driver, 0, 64, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0), ==, 0);
  g_assert_cmpuint (data[3], ==, 16);
  g_assert_cmpuint (data[9], ==, 2);
  g_assert_cmphex (data[16], ==, 0x41);
  g_assert_cmphex (data[17], ==, 300 - 256);
  g_assert_cmphex (SCSI (&driver, 0, 64, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0), ==, 0x052400);
  driver.lun = 300;
  g_assert_cmphex (READY (&driver), ==, 0x062900);
  g_assert_cmphex (READY (&driver), ==, 0);
  driver.lun = 2;
  g_assert_cmphex (SCSI (&driver, 0, 18, 0x03, 0, 0, 0, 18, 0), ==, 0);
  g_assert_cmphex (data[2] << 8 | data[12], ==, 0x629);
  g_assert_cmphex (READY (&driver), ==, 0);
  g_assert_cmphex (SCSI (&driver, 0, 8, 0x03, 1, 0, 0, 8, 0), ==, 0);
  g_assert_cmphex (data[0], ==, 0x72);
  scsi_driver_close (&driver);
  storage_drive_free (a);
  storage_drive_free (b);
  storage_drive_free (c);
}

static void
test_inquiry (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), ",discard=unmap",
             ",serial=S123,product=Thing,ver=9,opt_io_size=64k,physical_block_size=4k");
  ScsiDriver *d = &disk.driver;
  const uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 96, 0x12, 0, 0, 0, 96, 0), ==, 0);
  g_assert_cmphex (data[0], ==, 0);
  g_assert_cmphex (data[4], ==, 31);
  g_assert_cmpmem (data + 8, 28, "VITRINE Thing           9   ", 28);
  g_assert_cmpuint (d->resid, ==, 60);
  g_assert_cmphex (SCSI (d, 0, 5, 0x12, 0, 0, 0, 5, 0), ==, 0);
  g_assert_cmpuint (d->resid, ==, 0);
  g_assert_cmphex (SCSI (d, 0, 4, 0x12, 0, 0, 0, 36, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  g_assert_cmphex (SCSI (d, 0, 36, 0x12, 0, 1, 0, 36, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 36, 0x12, 2, 0, 0, 36, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0x00, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 10, "\x00\x00\x00\x06\x00\x80\x83\xb0\xb1\xb2", 10);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0x80, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x80\x00\x04S123", 8);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0x83, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 12, "\x00\x83\x00\x08\x02\x00\x00\x04S123", 12);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0xb0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[3], ==, 0x3c);
  g_assert_cmpuint (data[15], ==, 128);
  g_assert_cmpuint (data[27], ==, 255);
  g_assert_cmpuint (data[31], ==, 8);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0xb2, 0, 255, 0), ==, 0);
  g_assert_cmphex (data[5], ==, 0xe0);
  g_assert_cmphex (SCSI (d, 0, 255, 0x12, 1, 0xc0, 0, 255, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x00\x1f\xff\x00\x00\x02\x00", 8);
  g_assert_cmphex (SCSI (d, 0, 8, 0x25, 0, 0, 0, 0, 1, 0, 0, 0, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), ==, 0);
  g_assert_cmpmem (data, 15, "\x00\x00\x00\x00\x00\x00\x1f\xff\x00\x00\x02\x00\x00\x03\x80", 15);
  g_assert_cmphex (SCSI (d, 0, 32, 0x9e, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 0, 0xff, 0, 0, 0, 0, 0), ==, 0x052000);
  g_assert_cmphex (SCSI (d, 0, 0, 0x43, 0, 0, 0, 0, 0), ==, 0x052000);
  close_disk (&disk);
}

static void
assert_bytes (const uint8_t *data, size_t size, uint8_t value)
{
  for (size_t i = 0; i < size; i++)
    g_assert_cmphex (data[i], ==, value);
}

static void
test_read_write (void)
{
  for (unsigned n = 0; n < FORM_COUNT; n++) {
    Disk disk;
    open_disk (&disk, guest_form (n), "", "");
    ScsiDriver *d = &disk.driver;
    uint8_t *data = scsi_data (d);
    memset (data, 0x11, 4096);
    g_assert_cmphex (SCSI (d, 1024, 0, 0x0a, 0, 0, 4, 2, 0), ==, 0);
    memset (data, 0x22, 4096);
    g_assert_cmphex (SCSI (d, 1024, 0, 0x2a, 0, 0, 0, 0, 6, 0, 0, 2, 0), ==, 0);
    g_assert_cmpuint (storage_fault.flags, ==, 0);
    memset (data, 0x33, 4096);
    g_assert_cmphex (SCSI (d, 512, 0, 0xaa, 8, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0), ==, 0);
    g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_FUA);
    memset (data, 0x44, 4096);
    g_assert_cmphex (SCSI (d, 512, 0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0), ==, 0);
    g_assert_cmphex (SCSI (d, 512, 0, 0x2e, 0, 0, 0, 0, 10, 0, 0, 1, 0), ==, 0);
    g_assert_cmphex (SCSI (d, 0, 1024, 0x08, 0, 0, 4, 2, 0), ==, 0);
    assert_bytes (data, 1024, 0x11);
    g_assert_cmphex (SCSI (d, 0, 4096, 0x28, 0, 0, 0, 0, 6, 0, 0, 5, 0), ==, 0);
    g_assert_cmpuint (d->resid, ==, 4096 - 2560);
    assert_bytes (data, 1024, 0x22);
    assert_bytes (data + 1024, 512, 0x33);
    assert_bytes (data + 1536, 1024, 0x44);
    g_assert_cmphex (SCSI (d, 0, 512, 0xa8, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0), ==, 0);
    g_assert_cmphex (SCSI (d, 0, 512, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0), ==, 0);
    assert_bytes (data, 512, 0x11);
    /* The length 0 is 256 blocks of a six-byte command. */
    g_assert_cmphex (SCSI (d, 0, 256 * 512, 0x08, 0, 0, 0, 0, 0), ==, 0);
    g_assert_cmpuint (d->resid, ==, 0);
    g_assert_cmphex (SCSI (d, 0, 0, 0x28, 0, 0, 0, 0, 4, 0, 0, 0, 0), ==, 0);
    g_assert_cmphex (SCSI (d, 0, 0, 0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0), ==, 0);
    g_assert_cmphex (SCSI (d, 0, 0, 0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), ==, 0);
    close_disk (&disk);
  }
}

static void
test_limits (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), "", "");
  ScsiDriver *d = &disk.driver;
  const unsigned seen = storage_fault.seen;
  g_assert_cmphex (SCSI (d, 0, 1024, 0x28, 0, 0, 0, LAST >> 8, LAST & 255, 0, 0, 2, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 0, 512, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 512, 0, 0x8a, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0), ==,
                   0x052100);
  g_assert_cmphex (SCSI (d, 0, 512, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 0, 511, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  g_assert_cmphex (SCSI (d, 0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  g_assert_cmphex (SCSI (d, 512, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  g_assert_cmphex (SCSI (d, 0, 512, 0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 512, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, RESPONSE (VIRTIO_SCSI_S_FAILURE));
  g_assert_cmphex (SCSI (d, 0, 0, 0x2f, 0, 0, 0, LAST >> 8, LAST & 255, 0, 0, 1, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 0, 0x2f, 0, 0, 0, LAST >> 8, LAST & 255, 0, 0, 2, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 0, 0, 0x2f, 2, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 0, 0x35, 0, 0, 0, 0xff, 0, 0, 0, 1, 0), ==, 0x052100);
  g_assert_cmpuint (storage_fault.seen, ==, seen);
  /* Stopped by the driver. */
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 0, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x020402);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 1, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0);
  close_disk (&disk);
  open_disk (&disk, guest_form (0), ",readonly=on", "");
  g_assert_cmphex (SCSI (d, 512, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0x072700);
  g_assert_cmphex (SCSI (d, 0, 64, 0x1a, 0, 8, 0, 64, 0), ==, 0);
  g_assert_cmphex (scsi_data (d)[2], ==, 0x90);
  close_disk (&disk);
}

static void
test_unmap (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), ",discard=unmap", "");
  ScsiDriver *d = &disk.driver;
  uint8_t *data = scsi_data (d);
  memset (data, 0x55, 64 << 10);
  g_assert_cmphex (SCSI (d, 64 << 10, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 128, 0), ==, 0);
  memset (data, 0, 64);
  data[1] = 38;
  data[3] = 32;
  data[8 + 7] = 8;
  data[8 + 11] = 8; /* blocks 8 to 15 */
  data[24 + 7] = 32;
  data[24 + 11] = 16;
  g_assert_cmphex (SCSI (d, 40, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 64 << 10, 0x28, 0, 0, 0, 0, 0, 0, 0, 128, 0), ==, 0);
  assert_bytes (data, 8 * 512, 0x55);
  assert_bytes (data + 8 * 512, 8 * 512, 0);
  assert_bytes (data + 16 * 512, 16 * 512, 0x55);
  assert_bytes (data + 32 * 512, 16 * 512, 0);
  /* Nothing is done where anything is wrong. */
  const unsigned seen = storage_fault.seen;
  memset (data, 0, 64);
  data[3] = 32;
  data[8 + 11] = 8;
  data[24 + 0] = 0xff;
  data[24 + 11] = 1;
  g_assert_cmphex (SCSI (d, 40, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 40, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 39, 0), ==, 0x051a00);
  g_assert_cmphex (SCSI (d, 7, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 7, 0), ==, 0x051a00);
  g_assert_cmphex (SCSI (d, 40, 0, 0x42, 1, 0, 0, 0, 0, 0, 0, 40, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 20, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  g_assert_cmphex (SCSI (d, 0, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0), ==, 0);
  data[2] = 0xff;
  data[3] = 0xf0;
  g_assert_cmphex (SCSI (d, 65535, 0, 0x42, 0, 0, 0, 0, 0, 0, 255, 255, 0), ==, 0x052600);
  g_assert_cmpuint (storage_fault.seen, ==, seen);
  close_disk (&disk);
  open_disk (&disk, guest_form (0), "", "");
  g_assert_cmphex (SCSI (d, 40, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0), ==, 0x052000);
  close_disk (&disk);
}

static void
test_write_same (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), "", "");
  ScsiDriver *d = &disk.driver;
  uint8_t *data = scsi_data (d);
  memset (data, 0x66, 512);
  g_assert_cmphex (SCSI (d, 512, 0, 0x41, 0, 0, 0, 0, 3, 0, 3, 0, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 1024 * 512, 0x28, 0, 0, 0, 0, 0, 0, 4, 0, 0), ==, 0);
  assert_bytes (data, 3 * 512, 0);
  assert_bytes (data + 3 * 512, 768 * 512, 0x66);
  assert_bytes (data + 771 * 512, 512, 0);
  /* Of zeroes, and without data. */
  memset (data, 0, 512);
  g_assert_cmphex (SCSI (d, 512, 0, 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0), ==, 0);
  g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_MAY_UNMAP);
  g_assert_cmphex (SCSI (d, 0, 0, 0x93, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 8 * 512, 0x28, 0, 0, 0, 0, 3, 0, 0, 8, 0), ==, 0);
  assert_bytes (data, 512, 0x66);
  assert_bytes (data + 512, 1024, 0);
  assert_bytes (data + 1536, 1024, 0x66);
  assert_bytes (data + 2560, 512, 0);
  assert_bytes (data + 3072, 512, 0x66);
  g_assert_cmphex (SCSI (d, 512, 0, 0x41, 0, 0, 0, 0, 3, 0, 0, 0, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 512, 0, 0x41, 0, 0, 0, 0x1f, 0xff, 0, 0, 2, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 512, 0, 0x41, 1, 0, 0, 0, 0, 0, 0, 2, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 100, 0, 0x41, 0, 0, 0, 0, 0, 0, 0, 2, 0), ==, RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  close_disk (&disk);
}

static void
test_mode (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), "", "");
  ScsiDriver *d = &disk.driver;
  uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 0, 0x3f, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[0], ==, 3 + 8 + 12 + 20 + 12);
  g_assert_cmphex (data[2], ==, 0x10);
  g_assert_cmpuint (data[3], ==, 8);
  g_assert_cmphex (SCSI (d, 0, 255, 0x5a, 8, 0x08, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[1], ==, 6 + 20);
  g_assert_cmphex (data[8], ==, 0x08);
  g_assert_cmphex (data[10], ==, 0x04);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0x48, 0, 255, 0), ==, 0);
  g_assert_cmphex (data[4 + 2], ==, 0x04);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0xc8, 0, 255, 0), ==, 0x053900);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0x2a, 0, 255, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0x08, 1, 255, 0), ==, 0x052400);
  /* The cache off: writes are durable from then on. */
  memset (data, 0, 64);
  data[4] = 0x08;
  data[5] = 18;
  g_assert_cmphex (SCSI (d, 24, 0, 0x15, 0x10, 0, 0, 24, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0x08, 0, 255, 0), ==, 0);
  g_assert_cmphex (data[4 + 2], ==, 0);
  g_assert_cmphex (SCSI (d, 512, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0);
  g_assert_cmpuint (storage_fault.flags, ==, BLOCK_REQ_FUA);
  /* What cannot be changed, or is not well formed. */
  memset (data, 0, 64);
  data[8] = 0x08;
  data[9] = 18;
  data[10] = 0x05;
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0x052600);
  data[10] = 0x04;
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x11, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x00, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 27, 0), ==, 0x051a00);
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 7, 0), ==, 0x051a00);
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 29, 0), ==,
                   RESPONSE (VIRTIO_SCSI_S_OVERRUN));
  data[7] = 8;
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0x052600);
  data[7] = 9;
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0x052600);
  data[7] = 0;
  g_assert_cmphex (SCSI (d, 28, 0, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 28, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 255, 0x1a, 8, 0x08, 0, 255, 0), ==, 0);
  g_assert_cmphex (data[4 + 2], ==, 0x04);
  close_disk (&disk);
}

static void
test_config (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), "", "");
  ScsiDriver *d = &disk.driver;
  Guest *guest = &d->guest;
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 1);
  g_assert_cmpuint (guest_config (guest, 20, 4), ==, 96);
  g_assert_cmpuint (guest_config (guest, 24, 4), ==, 32);
  g_assert_cmpuint (guest_config (guest, 30, 2), ==, 255);
  g_assert_cmpuint (guest_config (guest, 32, 4), ==, 16383);
  guest_set_config (guest, 20, 4, 0x10000);
  g_assert_cmpuint (guest_config (guest, 20, 4), ==, 96);
  guest_set_config (guest, 0, 4, 7);
  g_assert_cmpuint (guest_config (guest, 0, 4), ==, 1);
  /* Other sizes of the CDB and of sense. */
  guest_set_config (guest, 20, 4, 4);
  guest_set_config (guest, 24, 4, 16);
  uint32_t written;
  struct virtio_scsi_cmd_req *req = (void *)guest_host (guest, d->header);
  memset (req, 0, sizeof *req);
  req->lun[0] = 1;
  req->cdb[0] = 0xff;
  const Segment segments[] = { { d->header, 19 + 16 }, { d->response, 12 + 4 } };
  g_assert_true (ring_add (&d->requests, segments, 1, 1, d));
  ring_kick (&d->requests);
  g_assert_true (ring_await (&d->requests, &written) == d);
  g_assert_cmpuint (written, ==, 16);
  const struct virtio_scsi_cmd_resp *resp = (void *)guest_host (guest, d->response);
  g_assert_cmpuint (resp->sense_len, ==, 4);
  g_assert_cmphex (resp->sense[2], ==, 5);
  close_disk (&disk);
}

static void
test_broken (void)
{
  Disk disk;
  open_disk (&disk, guest_form (0), "", "");
  ScsiDriver *d = &disk.driver;
  const Segment requests[][2] = { { { d->header, 50 }, { d->response, 108 } },
                                  { { d->header, 51 }, { d->response, 107 } } };
  const Segment control[][2] = { { { d->header, 23 }, { d->response, 1 } },
                                 { { d->header, 3 }, { d->response, 1 } } };
  for (unsigned i = 0; i < 4; i++) {
    Ring *ring = i < 2 ? &d->requests : &d->control;
    memset (guest_host (&d->guest, d->header), 0, 64);
    g_assert_true (ring_add (ring, i < 2 ? requests[i] : control[i - 2], 1, 1, d));
    ring_kick (ring);
    for (unsigned n = 0; n < 2000 && !(guest_status (&d->guest) & 0x40); n++)
      g_usleep (1000);
    g_assert_cmphex (guest_status (&d->guest), ==, 0x4f);
    scsi_driver_start (d, guest_form (0));
    g_assert_cmphex (READY (d), ==, 0x062900);
  }
  close_disk (&disk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-scsi/addresses", test_addresses);
  g_test_add_func ("/virtio-scsi/inquiry", test_inquiry);
  g_test_add_func ("/virtio-scsi/read-write", test_read_write);
  g_test_add_func ("/virtio-scsi/limits", test_limits);
  g_test_add_func ("/virtio-scsi/unmap", test_unmap);
  g_test_add_func ("/virtio-scsi/write-same", test_write_same);
  g_test_add_func ("/virtio-scsi/mode", test_mode);
  g_test_add_func ("/virtio-scsi/config", test_config);
  g_test_add_func ("/virtio-scsi/broken", test_broken);
  return g_test_run ();
}
