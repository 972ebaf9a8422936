/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A driver of virtio-gpu. Commands return the answer's type. */

#include "display.h"
#include "gfx-guest.h"

#include <linux/virtio_gpu.h>

#define GPU_OK VIRTIO_GPU_RESP_OK_NODATA

void gpu_open (Gfx *gfx, const char *props);
void gpu_start (Gfx *gfx, RingForm form);
/* The device's only screen with that name, or NULL. */
Display *gpu_display (const char *name);

uint32_t gpu_command (Gfx *gfx, const void *command, size_t size);
uint32_t gpu_create (Gfx *gfx, uint32_t id, uint32_t format, uint32_t width, uint32_t height);
uint32_t gpu_unref (Gfx *gfx, uint32_t id);
uint32_t gpu_attach (Gfx *gfx, uint32_t id, const Segment *entries, uint32_t n);
uint32_t gpu_detach (Gfx *gfx, uint32_t id);
uint32_t gpu_transfer (Gfx *gfx, uint32_t id, struct virtio_gpu_rect r, uint64_t offset);
uint32_t gpu_flush (Gfx *gfx, uint32_t id, struct virtio_gpu_rect r);
uint32_t gpu_scanout (Gfx *gfx, uint32_t scanout, uint32_t id, struct virtio_gpu_rect r);
uint32_t gpu_cursor (Gfx *gfx, uint32_t type, uint32_t scanout, uint32_t id, uint32_t x, uint32_t y);
/* Makes a resource with a backing in one piece, its address. */
uint64_t gpu_picture (Gfx *gfx, uint32_t id, uint32_t format, uint32_t width, uint32_t height);
/* The pixel a screen shows, without its fourth byte. */
uint32_t gpu_pixel (Display *display, uint32_t x, uint32_t y);
