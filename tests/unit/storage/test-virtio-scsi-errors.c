/* SPDX-License-Identifier: GPL-3.0-or-later */

/* SCSI disks: errors of the image, task management, resets and saved state with requests on their way. */

#include "scsi-driver.h"

#include <errno.h>
#include <string.h>

#define DISK     (UINT64_C (4) << 20)
#define READY(d) SCSI (d, 0, 0, 0x00, 0, 0, 0, 0, 0)
static const uint8_t read_10[] = { 0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0 };
static const uint8_t write_10[] = { 0x2a, 0, 0, 0, 0, 0, 0, 0, 8, 0 };

typedef struct {
  Drive *drive;
  ScsiDriver driver;
} Disk;

static void
open_disk (Disk *disk, const char *drive_options)
{
  disk->drive = storage_drive ("d0", DISK, drive_options);
  scsi_driver_open (&disk->driver, "");
  scsi_driver_plug (&disk->driver, "scsi-hd", "drive=d0", NULL);
  scsi_driver_start (&disk->driver, guest_form (0));
  g_assert_cmphex (READY (&disk->driver), ==, 0x062900);
}

static void
close_disk (Disk *disk)
{
  scsi_driver_close (&disk->driver);
  storage_drive_free (disk->drive);
}

static void
fail (BlockOp op, unsigned count, int error)
{
  storage_fault.op = op;
  storage_fault.error = error;
  __atomic_store_n (&storage_fault.count, count, __ATOMIC_SEQ_CST);
}

static void
wait_for (const unsigned *counter, unsigned n)
{
  for (unsigned i = 0; i < 5000 && __atomic_load_n (counter, __ATOMIC_SEQ_CST) < n; i++)
    g_usleep (1000);
  g_assert_cmpuint (__atomic_load_n (counter, __ATOMIC_SEQ_CST), >=, n);
}

static void
test_sense (void)
{
  static const struct {
    BlockOp op;
    int error;
    uint32_t sense;
  } cases[] = { { BLOCK_READ, -EIO, 0x031100 },
                { BLOCK_WRITE, -EIO, 0x030c00 },
                { BLOCK_WRITE, -ENOSPC, 0x072707 },
                { BLOCK_WRITE, -EROFS, 0x072700 },
                { BLOCK_READ, -ENOMEM, 0x044400 } };
  Disk disk;
  open_disk (&disk, ",werror=report");
  ScsiDriver *d = &disk.driver;
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    fail (cases[i].op, 1, cases[i].error);
    if (cases[i].op == BLOCK_READ)
      g_assert_cmphex (scsi_command (d, read_10, sizeof read_10, 0, 4096), ==, cases[i].sense);
    else
      g_assert_cmphex (scsi_command (d, write_10, sizeof write_10, 4096, 0), ==, cases[i].sense);
    g_assert_cmpuint (d->resid, ==, 4096);
    g_assert_cmphex (READY (d), ==, 0);
  }
  close_disk (&disk);
}

static void
test_stop (void)
{
  Disk disk;
  open_disk (&disk, ",werror=stop");
  ScsiDriver *d = &disk.driver;
  memset (scsi_data (d), 0x99, 4096);
  fail (BLOCK_WRITE, 1, -ENOSPC);
  scsi_command_start (d, write_10, sizeof write_10, 4096, 0);
  wait_for (&storage_fault.stops, 1);
  device_quiesce (d->guest.dev);
  g_autoptr (GVariant) state = device_save (d->guest.dev);
  device_resume (d->guest.dev);
  g_assert_cmphex (scsi_command_result (d), ==, 0);
  /* Restored to before it was carried out: once more. */
  const unsigned seen = storage_fault.seen;
  g_autoptr (GError) error = NULL;
  device_quiesce (d->guest.dev);
  g_assert_true (device_load (d->guest.dev, state, &error));
  g_assert_no_error (error);
  device_resume (d->guest.dev);
  wait_for (&storage_fault.seen, seen + 1);
  /* And dropped by a reset. */
  scsi_driver_start (d, guest_form (0));
  g_assert_cmphex (READY (d), ==, 0x062900);
  fail (BLOCK_WRITE, 1, -ENOSPC);
  scsi_command_start (d, write_10, sizeof write_10, 4096, 0);
  wait_for (&storage_fault.stops, 2);
  const unsigned before = storage_fault.seen;
  guest_reset_queue (&d->guest, 2);
  device_quiesce (d->guest.dev);
  device_resume (d->guest.dev);
  g_assert_cmpuint (storage_fault.seen, ==, before);
  close_disk (&disk);
}

static void
test_abort (void)
{
  Disk disk;
  open_disk (&disk, ",rerror=stop");
  ScsiDriver *d = &disk.driver;
  /* Nothing to abort. */
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_ABORT_TASK, 5), ==, 0);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_QUERY_TASK, 5), ==, 0);
  g_assert_cmpuint (scsi_manage (d, 99, 5), ==, VIRTIO_SCSI_S_FUNCTION_REJECTED);
  __atomic_store_n (&storage_fault.delay, 40, __ATOMIC_SEQ_CST);
  d->tag = 5;
  const unsigned seen = storage_fault.seen;
  scsi_command_start (d, read_10, sizeof read_10, 0, 4096);
  wait_for (&storage_fault.seen, seen + 1);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_QUERY_TASK, 6), ==, 0);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_QUERY_TASK, 5), ==, VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, 0), ==,
                    VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_ABORT_TASK, 6), ==, 0);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_ABORT_TASK, 5), ==, 0);
  /* The function was answered after the request. */
  uint32_t written;
  g_assert_true (ring_get (&d->requests, &written) == d);
  g_assert_cmpuint (((struct virtio_scsi_cmd_resp *)guest_host (&d->guest, d->response))->response, ==,
                    VIRTIO_SCSI_S_ABORTED);
  __atomic_store_n (&storage_fault.delay, 0, __ATOMIC_SEQ_CST);
  /* One that the machine was stopped for. */
  fail (BLOCK_READ, 1, -EIO);
  scsi_command_start (d, read_10, sizeof read_10, 0, 4096);
  wait_for (&storage_fault.stops, 1);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_ABORT_TASK_SET, 0), ==, 0);
  g_assert_cmphex (scsi_command_result (d), ==, RESPONSE (VIRTIO_SCSI_S_ABORTED));
  g_assert_cmphex (READY (d), ==, 0);
  /* Resets of units. */
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x062903);
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, 0), ==, 0);
  g_assert_cmphex (READY (d), ==, 0x062907);
  d->lun = 3;
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, 0), ==,
                    VIRTIO_SCSI_S_INCORRECT_LUN);
  d->target = 7;
  g_assert_cmpuint (scsi_manage (d, VIRTIO_SCSI_T_TMF_ABORT_TASK, 0), ==, VIRTIO_SCSI_S_BAD_TARGET);
  close_disk (&disk);
}

static void
test_notifications (void)
{
  Disk disk;
  open_disk (&disk, "");
  ScsiDriver *d = &disk.driver;
  uint32_t written;
  struct virtio_scsi_ctrl_an_req *req = (void *)guest_host (&d->guest, d->header);
  struct virtio_scsi_ctrl_an_resp *resp = (void *)guest_host (&d->guest, d->response);
  memset (req, 0, sizeof *req);
  memset (resp, 0xee, sizeof *resp);
  req->type = VIRTIO_SCSI_T_AN_SUBSCRIBE;
  req->lun[0] = 1;
  req->event_requested = 0xff;
  const Segment segments[] = { { d->header, sizeof *req }, { d->response, sizeof *resp } };
  g_assert_true (ring_add (&d->control, segments, 1, 1, d));
  ring_kick (&d->control);
  g_assert_true (ring_await (&d->control, &written) == d);
  g_assert_cmpuint (written, ==, 5);
  g_assert_cmpuint (resp->event_actual, ==, 0);
  g_assert_cmpuint (resp->response, ==, 0);
  close_disk (&disk);
}

static void
test_reset_in_flight (void)
{
  Disk disk;
  open_disk (&disk, "");
  ScsiDriver *d = &disk.driver;
  __atomic_store_n (&storage_fault.delay, 30, __ATOMIC_SEQ_CST);
  for (unsigned round = 0; round < 3; round++) {
    const unsigned seen = storage_fault.seen;
    for (unsigned i = 0; i < 8; i++)
      scsi_command_start (d, i % 2 ? write_10 : read_10, 10, i % 2 ? 4096 : 0, i % 2 ? 0 : 4096);
    wait_for (&storage_fault.seen, seen + 1);
    if (round == 1)
      guest_reset_queue (&d->guest, 2);
    if (round == 2)
      break;
    scsi_driver_start (d, guest_form (round));
    g_assert_cmphex (READY (d), ==, 0x062900);
  }
  close_disk (&disk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scsi-error/sense", test_sense);
  g_test_add_func ("/scsi-error/stop", test_stop);
  g_test_add_func ("/scsi-error/abort", test_abort);
  g_test_add_func ("/scsi-error/notifications", test_notifications);
  g_test_add_func ("/scsi-error/reset-in-flight", test_reset_in_flight);
  return g_test_run ();
}
