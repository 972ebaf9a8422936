/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The parts of virtio-gpu (virtio 1.3 §5.7): resources, scanouts, commands.
 *
 * Resources and what the scanouts show belong to the thread that serves the queues, or, while these stand, to
 * whoever resets, saves or restores. What a viewer asks for is guarded by Device.lock. */

#include "display.h"
#include "virtio.h"

#include <linux/virtio_gpu.h>

#define GPU_MAX_SIDE    16384
#define GPU_CURSOR_SIDE 64

/* A stretch of a resource's backing that is contiguous on the host. */
typedef struct {
  uint8_t *host;
  uint64_t addr; /* guest physical */
  uint64_t at;   /* in the backing */
  uint32_t size;
} GpuPiece;

typedef struct {
  uint32_t id, format, width, height;
  uint8_t *pixels; /* bytes B G R A, without gaps */
  bool backed;     /* the driver has attached a backing, even if an empty one */
  GArray *backing; /* GpuPiece */
  uint64_t charge; /* bytes of the device's memory limit */
} GpuResource;

typedef struct {
  struct VirtioGpu *gpu;
  unsigned index;
  Display *display;
  /* With Device.lock: what the driver is told. */
  bool wanted;
  uint32_t want_width, want_height;
  /* What is shown; resource_id 0: nothing. */
  uint32_t resource_id;
  uint32_t x, y, width, height;
} GpuScanout;

typedef struct VirtioGpu {
  VirtioDevice vdev;
  /* Properties. */
  uint32_t max_outputs, xres, yres;
  uint64_t max_hostmem;
  bool edid;
  /* State. */
  VirtQueue *control, *cursor;
  uint32_t events_read;
  GHashTable *resources; /* by id: GpuResource */
  uint64_t hostmem;      /* charged */
  GpuScanout scanouts[VIRTIO_GPU_MAX_SCANOUTS];
} VirtioGpu;

/* ---- Resources. Errors are VIRTIO_GPU_RESP_ERR_*, 0 is none. ---- */

void gpu_resources_init (VirtioGpu *gpu);
void gpu_resources_free (VirtioGpu *gpu);
GpuResource *gpu_resource_find (const VirtioGpu *gpu, uint32_t id);
uint32_t gpu_resource_create (VirtioGpu *gpu, uint32_t id, uint32_t format, uint32_t width, uint32_t height);
void gpu_resource_destroy (VirtioGpu *gpu, GpuResource *resource);
/* Adds memory to the backing. */
uint32_t gpu_resource_add_backing (VirtioGpu *gpu, GpuResource *resource, uint64_t addr, uint32_t size);
void gpu_resource_detach (VirtioGpu *gpu, GpuResource *resource);
/* Copies a rectangle, whose first pixel is at `offset` in the backing. */
uint32_t gpu_resource_transfer (VirtioGpu *gpu, GpuResource *resource, const struct virtio_gpu_rect *r,
                                uint64_t offset);
/* Whether a rectangle (host byte order) is inside and not empty. */
bool gpu_resource_has (const GpuResource *resource, const struct virtio_gpu_rect *r);
/* Makes bytes B G R A of `n` pixels in the format. */
void gpu_format_convert (uint32_t format, uint8_t *pixels, size_t n);
bool gpu_format_known (uint32_t format);

/* ---- Scanouts ---- */

void gpu_scanouts_open (VirtioGpu *gpu);
void gpu_scanouts_close (VirtioGpu *gpu);
void gpu_scanouts_reset (VirtioGpu *gpu);
void gpu_scanout_off (GpuScanout *scanout);
/* The rectangle has been checked. */
void gpu_scanout_show (GpuScanout *scanout, const GpuResource *resource, const struct virtio_gpu_rect *r);
/* A rectangle of the resource is to be seen. */
void gpu_scanouts_flush (VirtioGpu *gpu, const GpuResource *resource, const struct virtio_gpu_rect *r);
/* Keeps viewers out of a resource's pixels. */
unsigned gpu_scanouts_lock (VirtioGpu *gpu, uint32_t resource_id);
void gpu_scanouts_unlock (VirtioGpu *gpu, unsigned locked);
void gpu_scanout_set_cursor (GpuScanout *scanout, const GpuResource *resource, uint32_t hot_x,
                             uint32_t hot_y);
void gpu_fill_display_info (VirtioGpu *gpu, struct virtio_gpu_resp_display_info *info);
void gpu_fill_edid (VirtioGpu *gpu, const GpuScanout *scanout, struct virtio_gpu_resp_edid *answer);

/* ---- Commands and saved state ---- */

void gpu_handle_control (VirtioDevice *vdev, VirtQueue *queue);
void gpu_handle_cursor (VirtioDevice *vdev, VirtQueue *queue);
void gpu_save (Device *dev, GVariantBuilder *state);
bool gpu_load (Device *dev, GVariant *state, GError **error);
