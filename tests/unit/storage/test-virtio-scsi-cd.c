/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CD-ROM drives: media that come and go, tables of contents, features. */

#include "scsi-driver.h"

#include <glib/gstdio.h>
#include <string.h>

#define DISC     (UINT64_C (2048) * 1000)
#define READY(d) SCSI (d, 0, 0, 0x00, 0, 0, 0, 0, 0)
#define EVENT(d) SCSI (d, 0, 8, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0)

typedef struct {
  Drive *drive;
  char *path;
  ScsiDriver driver;
} Cd;

static void
open_cd (Cd *cd)
{
  cd->drive = storage_drive ("cd0", DISC, ",media=cdrom");
  cd->path = g_strdup (block_path (drive_block (cd->drive)));
  scsi_driver_open (&cd->driver, "");
  scsi_driver_plug (&cd->driver, "scsi-cd", "drive=cd0", NULL);
  scsi_driver_start (&cd->driver, guest_form (0));
  g_assert_cmphex (READY (&cd->driver), ==, 0x062900);
  g_assert_cmphex (READY (&cd->driver), ==, 0);
}

static void
close_cd (Cd *cd)
{
  scsi_driver_close (&cd->driver);
  drive_free (cd->drive);
  g_unlink (cd->path);
  g_free (cd->path);
}

static void
test_read (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  const uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 36, 0x12, 0, 0, 0, 36, 0), ==, 0);
  g_assert_cmpmem (data, 2, "\x05\x80", 2);
  g_assert_cmphex (SCSI (d, 0, 64, 0x12, 1, 0xb0, 0, 64, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 8, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x00\x03\xe7\x00\x00\x08\x00", 8);
  g_assert_cmphex (SCSI (d, 0, 4096, 0x28, 0, 0, 0, 0x03, 0xe6, 0, 0, 2, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 4096, 0x28, 0, 0, 0, 0x03, 0xe7, 0, 0, 2, 0), ==, 0x052100);
  g_assert_cmphex (SCSI (d, 2048, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0x052000);
  g_assert_cmphex (SCSI (d, 0, 255, 0x5a, 8, 0x2a, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmphex (data[8], ==, 0x2a);
  g_assert_cmpuint (data[7], ==, 0);
  close_cd (&cd);
}

static void
test_toc (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  const uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 0, 0, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 20,
                   "\x00\x12\x01\x01\x00\x14\x01\x00\x00\x00\x00\x00\x00\x14\xaa\x00\x00\x00\x03\xe8", 20);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 2, 0, 0, 0, 0, 0xaa, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 12, "\x00\x0a\x01\x01\x00\x14\xaa\x00\x00\x00\x0f\x19", 12);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 0, 0, 0, 0, 0, 2, 0, 255, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 0, 1, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpmem (data, 12, "\x00\x0a\x01\x01\x00\x14\x01\x00\x00\x00\x00\x00", 12);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 0, 0, 0, 0, 0, 0, 0, 255, 0x40), ==, 0);
  g_assert_cmpuint (data[1], ==, 10);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 2, 2, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[1], ==, 46);
  g_assert_cmphex (data[4 + 22 + 3], ==, 0xa2);
  g_assert_cmphex (SCSI (d, 0, 255, 0x43, 0, 3, 0, 0, 0, 0, 0, 255, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 64, 0x51, 0, 0, 0, 0, 0, 0, 0, 64, 0), ==, 0);
  g_assert_cmpuint (data[1], ==, 32);
  g_assert_cmpuint (d->resid, ==, 30);
  g_assert_cmphex (SCSI (d, 0, 64, 0x51, 1, 0, 0, 0, 0, 0, 0, 64, 0), ==, 0x052400);
  close_cd (&cd);
}

static void
test_configuration (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  const uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[7], ==, 8);
  unsigned at = 8, n = 0;
  for (; at < 4 + (unsigned)data[3]; n++)
    at += 4 + data[at + 3];
  g_assert_cmpuint (n, ==, 6);
  g_assert_cmpuint (at, ==, 4 + data[3]);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 2, 0, 3, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[3], ==, 12);
  g_assert_cmpuint (data[9], ==, 3);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 1, 0, 0x10, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[3], ==, 4 + 12 + 8);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 2, 0x12, 0x34, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[3], ==, 4);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 3, 0, 0, 0, 0, 0, 0, 255, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 255, 0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8, 0), ==, 0x052400);
  g_assert_cmphex (SCSI (d, 0, 255, 0x4a, 1, 0, 0, 0x40, 0, 0, 0, 8, 0), ==, 0);
  g_assert_cmpmem (data, 4, "\x00\x02\x80\x10", 4);
  g_assert_cmphex (EVENT (d), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x06\x04\x10\x00\x02\x00\x00", 8);
  close_cd (&cd);
}

static void
test_tray (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  const uint8_t *data = scsi_data (d);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1e, 0, 0, 0, 1, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 2, 0), ==, 0x055302);
  g_autoptr (GError) error = NULL;
  g_assert_false (drive_eject (cd.drive, false, &error));
  g_assert_nonnull (error);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1e, 0, 0, 0, 0, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 2, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x023a02);
  g_assert_cmphex (EVENT (d), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x06\x04\x10\x03\x01\x00\x00", 8);
  g_assert_cmphex (EVENT (d), ==, 0);
  g_assert_cmphex (data[4], ==, 0);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 3, 0), ==, 0);
  g_assert_cmphex (EVENT (d), ==, 0);
  g_assert_cmpmem (data, 8, "\x00\x06\x04\x10\x02\x02\x00\x00", 8);
  g_assert_cmphex (READY (d), ==, 0x062800);
  g_assert_cmphex (READY (d), ==, 0);
  /* Stopping the motor is not opening the tray. */
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 0, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0);
  close_cd (&cd);
}

static void
test_change (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  const uint8_t *data = scsi_data (d);
  g_autoptr (GError) error = NULL;
  /* With reads on their way. */
  __atomic_store_n (&storage_fault.delay, 30, __ATOMIC_SEQ_CST);
  const uint8_t read[] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
  scsi_command_start (d, read, sizeof read, 0, 2048);
  while (__atomic_load_n (&storage_fault.seen, __ATOMIC_SEQ_CST) == 0)
    g_usleep (100);
  __atomic_store_n (&storage_fault.delay, 0, __ATOMIC_SEQ_CST);
  g_assert_true (drive_eject (cd.drive, false, &error));
  g_assert_no_error (error);
  g_assert_cmphex (scsi_command_result (d), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x023a02);
  g_assert_cmphex (SCSI (d, 0, 2048, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0x023a02);
  g_assert_cmphex (SCSI (d, 0, 255, 0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0), ==, 0);
  g_assert_cmpuint (data[7], ==, 0);
  /* An empty drive with its tray closed. */
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 3, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x023a01);
  g_assert_true (drive_change (cd.drive, cd.path, "raw", &error));
  g_assert_no_error (error);
  g_assert_cmphex (READY (d), ==, 0x062800);
  g_assert_cmphex (SCSI (d, 0, 2048, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), ==, 0);
  g_assert_cmphex (EVENT (d), ==, 0);
  g_assert_cmphex (data[4], ==, 2);
  /* By force. */
  g_assert_cmphex (SCSI (d, 0, 0, 0x1e, 0, 0, 0, 1, 0), ==, 0);
  g_assert_false (drive_change (cd.drive, cd.path, "raw", &error));
  g_clear_error (&error);
  g_assert_true (drive_eject (cd.drive, true, &error));
  g_assert_cmphex (READY (d), ==, 0x023a02);
  close_cd (&cd);
}

static void
test_save (void)
{
  Cd cd;
  open_cd (&cd);
  ScsiDriver *d = &cd.driver;
  g_autoptr (GError) error = NULL;
  g_assert_cmphex (SCSI (d, 0, 0, 0x1b, 0, 0, 0, 2, 0), ==, 0);
  g_assert_cmphex (SCSI (d, 0, 0, 0x1e, 0, 0, 0, 1, 0), ==, 0);
  device_quiesce (d->guest.dev);
  g_autoptr (GVariant) state = device_save (d->guest.dev);
  device_reset (d->guest.dev);
  g_assert_true (device_load (d->guest.dev, state, &error));
  g_assert_no_error (error);
  device_resume (d->guest.dev);
  g_assert_cmphex (READY (d), ==, 0x023a02);
  g_assert_false (drive_eject (cd.drive, false, NULL));
  close_cd (&cd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scsi-cd/read", test_read);
  g_test_add_func ("/scsi-cd/toc", test_toc);
  g_test_add_func ("/scsi-cd/configuration", test_configuration);
  g_test_add_func ("/scsi-cd/tray", test_tray);
  g_test_add_func ("/scsi-cd/change", test_change);
  g_test_add_func ("/scsi-cd/save", test_save);
  return g_test_run ();
}
