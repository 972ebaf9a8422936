/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A driver of virtio-scsi. */

#include "storage-guest.h"
#include <linux/virtio_scsi.h>

typedef struct {
  Guest guest;
  Ring control, requests;
  uint64_t header, response, data;
  uint8_t target;
  uint16_t lun;
  uint64_t tag;
  uint32_t resid; /* of the latest command */
} ScsiDriver;
#define SCSI_DATA (UINT64_C (1) << 20)

/* An adapter with no units; scsi_driver_plug() adds one, before scsi_driver_start(). */
void scsi_driver_open (ScsiDriver *driver, const char *props);
Device *scsi_driver_plug (ScsiDriver *driver, const char *class_name, const char *props, char **ret_error);
void scsi_driver_start (ScsiDriver *driver, RingForm form);
void scsi_driver_close (ScsiDriver *driver);

/* One command, waiting for it. Returns the sense as 0xKKAAQQ, 0 for GOOD, or 0x1000000 + the virtio response.
 */
uint32_t scsi_command (ScsiDriver *driver, const uint8_t *cdb, unsigned cdb_size, uint32_t out_size,
                       uint32_t in_size);
void scsi_command_start (ScsiDriver *driver, const uint8_t *cdb, unsigned cdb_size, uint32_t out_size,
                         uint32_t in_size);
uint32_t scsi_command_result (ScsiDriver *driver);
#define RESPONSE(n) (0x1000000u + (n))
/* A command with no more than a CDB of literal bytes. */
#define SCSI(driver, out, in, ...)                                                                           \
  scsi_command (driver, (const uint8_t[]){ __VA_ARGS__ }, sizeof ((const uint8_t[]){ __VA_ARGS__ }), out, in)
/* A task management function, waiting for it: its response. */
uint8_t scsi_manage (ScsiDriver *driver, uint32_t function, uint64_t tag);
uint8_t *scsi_data (ScsiDriver *driver);
