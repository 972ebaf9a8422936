/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest's driver of a storage device on virtio-mmio, on a real image whose requests can be made to fail or
 * wait. */

#include "drive.h"
#include "guest.h"

/* A guest with that device. The classes must have been registered. */
void storage_open (Guest *guest, const char *class_name, const char *props);
void storage_close (Guest *guest);
/* "name=value,name=value" */
bool storage_set_props (Device *dev, const char *props, GError **error);
/* The error of creating such a device; free it. NULL: there is none. */
char *storage_open_error (const char *class_name, const char *props);
/* Reset, and features of the device besides the ring's; not yet DRIVER_OK. */
bool storage_begin (Guest *guest, RingForm form, uint64_t features);
/* A whole register of 64 bits of configuration space. */
uint64_t storage_config64 (Guest *guest, unsigned offset);

/* An image of `size` bytes in a drive of that id; `more` as in -drive (",readonly=on"). */
Drive *storage_drive (const char *id, uint64_t size, const char *more);
/* Closes the drive and removes its image. */
void storage_drive_free (Drive *drive);

/* What happens to requests on images. */
typedef struct {
  int error;      /* negative errno of the next `count` requests of that kind */
  unsigned count; /* how many fail */
  BlockOp op;
  unsigned delay; /* milliseconds that each request takes; 0: no longer than it needs */
  unsigned seen;  /* requests made */
  unsigned flags; /* BLOCK_REQ_* of the latest write */
  unsigned stops; /* times that the machine was asked to stop */
} StorageFault;
extern StorageFault storage_fault;
