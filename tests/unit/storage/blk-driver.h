/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A driver of virtio-blk. */

#include "storage-guest.h"
#include <linux/virtio_blk.h>

#define SECTOR 512

typedef struct {
  Guest guest;
  Ring ring;
  uint64_t header, status, data; /* guest memory for one request at a time; data: DATA_SIZE bytes */
} BlkDriver;
#define DATA_SIZE (UINT64_C (4) << 20)

/* `features`: of the device besides FLUSH, which is taken always. */
void blk_open (BlkDriver *driver, RingForm form, uint64_t features, const char *props);
void blk_close (BlkDriver *driver);
/* The same device from the driver's reset to DRIVER_OK. */
void blk_restart (BlkDriver *driver, RingForm form, uint64_t features);
/* One request, waiting for it; its status. The payload is the first `size` bytes of data. */
uint8_t blk_request (BlkDriver *driver, uint32_t type, uint64_t sector, uint32_t size, bool device_writes);
uint8_t blk_read (BlkDriver *driver, uint64_t sector, uint32_t size);
uint8_t blk_write (BlkDriver *driver, uint64_t sector, uint32_t size);
/* Makes a request available, not waiting. */
void blk_start (BlkDriver *driver, uint32_t type, uint64_t sector, uint32_t size, bool device_writes);
uint8_t *blk_data (BlkDriver *driver);
