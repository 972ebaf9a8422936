/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk-driver.h"
#include "virtio-blk.h"

void
blk_restart (BlkDriver *driver, RingForm form, uint64_t features)
{
  Guest *guest = &driver->guest;
  ring_close (&driver->ring);
  guest->next_free = GUEST_RAM;
  g_assert_true (storage_begin (guest, form, features | 1 << VIRTIO_BLK_F_FLUSH));
  ring_open (&driver->ring, guest, 0, 64, form);
  driver->header = guest_alloc (guest, 16, 16);
  driver->status = guest_alloc (guest, 16, 16);
  driver->data = guest_alloc (guest, DATA_SIZE, 4096);
  guest_driver_ok (guest);
}

void
blk_open (BlkDriver *driver, RingForm form, uint64_t features, const char *props)
{
  *driver = (BlkDriver){ 0 };
  if (device_class_find ("virtio-blk-device") == NULL)
    virtio_blk_register ();
  storage_open (&driver->guest, "virtio-blk-device", props);
  blk_restart (driver, form, features);
}

void
blk_close (BlkDriver *driver)
{
  ring_close (&driver->ring);
  storage_close (&driver->guest);
}

uint8_t *
blk_data (BlkDriver *driver)
{
  return guest_host (&driver->guest, driver->data);
}

void
blk_start (BlkDriver *driver, uint32_t type, uint64_t sector, uint32_t size, bool device_writes)
{
  struct virtio_blk_outhdr *header = (void *)guest_host (&driver->guest, driver->header);
  *header = (struct virtio_blk_outhdr){ .type = type, .sector = sector };
  *guest_host (&driver->guest, driver->status) = 0xff;
  const Segment with_data[] = { { driver->header, 16 }, { driver->data, size }, { driver->status, 1 } };
  const Segment without[] = { { driver->header, 16 }, { driver->status, 1 } };
  const bool ok =
      size != 0 ? ring_add (&driver->ring, with_data, device_writes ? 1 : 2, device_writes ? 2 : 1, driver)
                : ring_add (&driver->ring, without, 1, 1, driver);
  g_assert_true (ok);
  ring_kick (&driver->ring);
}

uint8_t
blk_request (BlkDriver *driver, uint32_t type, uint64_t sector, uint32_t size, bool device_writes)
{
  blk_start (driver, type, sector, size, device_writes);
  uint32_t written;
  g_assert_true (ring_await (&driver->ring, &written) == driver);
  const uint8_t status = *guest_host (&driver->guest, driver->status);
  if (status == VIRTIO_BLK_S_OK)
    g_assert_cmpuint (written, ==, (device_writes ? size : 0) + 1);
  else
    g_assert_cmpuint (written, ==, device_writes && size != 0 ? 0 : 1);
  return status;
}

uint8_t
blk_read (BlkDriver *driver, uint64_t sector, uint32_t size)
{
  return blk_request (driver, VIRTIO_BLK_T_IN, sector, size, true);
}

uint8_t
blk_write (BlkDriver *driver, uint64_t sector, uint32_t size)
{
  return blk_request (driver, VIRTIO_BLK_T_OUT, sector, size, false);
}
