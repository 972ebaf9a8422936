/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A guest's driver of a graphics, input or console device on virtio-mmio. */

#include "guest.h"

typedef struct {
  Guest guest; /* must be first */
  Device *dev; /* the virtio device */
  RingForm form;
  Ring rings[VIRTIO_MAX_QUEUES];
  unsigned n_rings;
  uint64_t out, in; /* guest memory for requests and answers, GFX_BUFFER bytes each */
} Gfx;
#define GFX_BUFFER 65536

/* A guest with that device, reset, with ",key=value" properties. Registers the classes. */
void gfx_open (Gfx *gfx, const char *class_name, const char *props);
void gfx_close (Gfx *gfx);
/* The error of creating such a device; free it. NULL: there is none. */
char *gfx_open_error (const char *class_name, const char *props);
/* Initialises the device with these features, opens the first `n_rings` queues, sets DRIVER_OK. */
void gfx_start (Gfx *gfx, RingForm form, uint64_t features, unsigned n_rings);
/* Sends `size` bytes and waits for the answer: how many bytes were written, of which `answer_size` come. */
uint32_t gfx_request (Gfx *gfx, unsigned queue, const void *request, size_t size, void *answer,
                      size_t answer_size);
/* Makes a writable buffer available; its address. */
uint64_t gfx_give (Gfx *gfx, unsigned queue, uint32_t size);
/* Waits for the next buffer given back: its address. */
uint64_t gfx_await (Gfx *gfx, unsigned queue, uint32_t *ret_written);
/* The next buffer that was given back by now, or 0. */
uint64_t gfx_poll (Gfx *gfx, unsigned queue, uint32_t *ret_written);
/* Waits until the device's thread has done what it was told. */
void gfx_settle (Gfx *gfx);
/* Saves the device's state, and restores it into a new device of the same class, to which `add` (may be NULL)
 * has added what plugs into it. */
void gfx_move (Gfx *gfx, const char *class_name, const char *props, void (*add) (Gfx *gfx));
