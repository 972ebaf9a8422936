/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scsi-driver.h"
#include "virtio-scsi.h"

#include <string.h>

void
scsi_driver_open (ScsiDriver *driver, const char *props)
{
  if (device_class_find ("virtio-scsi-device") == NULL)
    virtio_scsi_register ();
  *driver = (ScsiDriver){ 0 };
  storage_open (&driver->guest, "virtio-scsi-device", props);
}

Device *
scsi_driver_plug (ScsiDriver *driver, const char *class_name, const char *props, char **ret_error)
{
  static unsigned n;
  g_autofree char *path = g_strdup_printf ("/unit%u", n++);
  g_autoptr (GError) error = NULL;
  Device *dev = device_new (device_class_find (class_name), path);
  storage_set_props (dev, props, &error);
  g_assert_no_error (error);
  const bool ok = virtio_scsi_attach (driver->guest.dev, dev, &error);
  g_assert_true (ok == (error == NULL));
  if (ret_error != NULL)
    *ret_error = ok ? NULL : g_strdup (error->message);
  else
    g_assert_no_error (error);
  return ok ? dev : NULL;
}

void
scsi_driver_start (ScsiDriver *driver, RingForm form)
{
  Guest *guest = &driver->guest;
  ring_close (&driver->control);
  ring_close (&driver->requests);
  guest->next_free = GUEST_RAM;
  g_assert_true (storage_begin (guest, form, 0));
  ring_open (&driver->control, guest, 0, 16, form);
  ring_open (&driver->requests, guest, 2, 64, form);
  driver->header = guest_alloc (guest, 1024, 16);
  driver->response = guest_alloc (guest, 1024, 16);
  driver->data = guest_alloc (guest, SCSI_DATA, 4096);
  guest_driver_ok (guest);
}

void
scsi_driver_close (ScsiDriver *driver)
{
  ring_close (&driver->control);
  ring_close (&driver->requests);
  storage_close (&driver->guest);
}

uint8_t *
scsi_data (ScsiDriver *driver)
{
  return guest_host (&driver->guest, driver->data);
}

static void
put_lun (const ScsiDriver *driver, uint8_t lun[8])
{
  const uint16_t word = driver->lun < 256 ? driver->lun : 0x4000 | driver->lun;
  const uint8_t bytes[8] = { 1, driver->target, (uint8_t)(word >> 8), (uint8_t)word };
  memcpy (lun, bytes, 8);
}

void
scsi_command_start (ScsiDriver *driver, const uint8_t *cdb, unsigned cdb_size, uint32_t out_size,
                    uint32_t in_size)
{
  struct virtio_scsi_cmd_req *req = (void *)guest_host (&driver->guest, driver->header);
  memset (req, 0, sizeof *req);
  put_lun (driver, req->lun);
  req->tag = driver->tag;
  memcpy (req->cdb, cdb, cdb_size);
  memset (guest_host (&driver->guest, driver->response), 0xee, sizeof (struct virtio_scsi_cmd_resp));
  Segment segments[4];
  unsigned n = 0, n_out = out_size != 0 ? 2 : 1;
  segments[n++] = (Segment){ driver->header, sizeof *req };
  if (out_size != 0)
    segments[n++] = (Segment){ driver->data, out_size };
  segments[n++] = (Segment){ driver->response, sizeof (struct virtio_scsi_cmd_resp) };
  if (in_size != 0)
    segments[n++] = (Segment){ driver->data, in_size };
  g_assert_true (ring_add (&driver->requests, segments, n_out, n - n_out, driver));
  ring_kick (&driver->requests);
}

uint32_t
scsi_command_result (ScsiDriver *driver)
{
  uint32_t written;
  g_assert_true (ring_await (&driver->requests, &written) == driver);
  const struct virtio_scsi_cmd_resp *resp = (void *)guest_host (&driver->guest, driver->response);
  g_assert_cmpuint (written, >=, sizeof *resp);
  driver->resid = resp->resid;
  if (resp->response != VIRTIO_SCSI_S_OK)
    return RESPONSE (resp->response);
  if (resp->status == 0) {
    g_assert_cmpuint (resp->sense_len, ==, 0);
    return 0;
  }
  g_assert_cmpuint (resp->status, ==, 2);
  g_assert_cmpuint (resp->sense_len, ==, 18);
  g_assert_cmphex (resp->sense[0], ==, 0x70);
  g_assert_cmpuint (resp->sense[7], ==, 10);
  return (uint32_t)(resp->sense[2] << 16 | resp->sense[12] << 8 | resp->sense[13]);
}

uint32_t
scsi_command (ScsiDriver *driver, const uint8_t *cdb, unsigned cdb_size, uint32_t out_size, uint32_t in_size)
{
  scsi_command_start (driver, cdb, cdb_size, out_size, in_size);
  return scsi_command_result (driver);
}

uint8_t
scsi_manage (ScsiDriver *driver, uint32_t function, uint64_t tag)
{
  uint32_t written;
  struct virtio_scsi_ctrl_tmf_req *req = (void *)guest_host (&driver->guest, driver->header + 512);
  uint8_t *response = guest_host (&driver->guest, driver->response + 512);
  memset (req, 0, sizeof *req);
  req->subtype = function;
  req->tag = tag;
  put_lun (driver, req->lun);
  *response = 0xee;
  const Segment segments[] = { { driver->header + 512, sizeof *req }, { driver->response + 512, 1 } };
  g_assert_true (ring_add (&driver->control, segments, 1, 1, req));
  ring_kick (&driver->control);
  g_assert_true (ring_await (&driver->control, &written) == req);
  g_assert_cmpuint (written, ==, 1);
  return *response;
}
