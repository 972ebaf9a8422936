/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Resources: images on the host, and the guest memory they are filled from (§5.7.6.8). */

#include "virtio-gpu-private.h"

#include <inttypes.h>
#include <string.h>

/* What a resource costs besides its pixels: a driver may make millions of tiny ones. */
#define RESOURCE_CHARGE 512

static void
resource_free (gpointer data)
{
  GpuResource *resource = data;
  g_array_unref (resource->backing);
  g_free (resource->pixels);
  g_free (resource);
}

void
gpu_resources_init (VirtioGpu *gpu)
{
  gpu->resources = g_hash_table_new_full (NULL, NULL, NULL, resource_free);
}

void
gpu_resources_free (VirtioGpu *gpu)
{
  g_hash_table_remove_all (gpu->resources);
  gpu->hostmem = 0;
}

GpuResource *
gpu_resource_find (const VirtioGpu *gpu, uint32_t id)
{
  return g_hash_table_lookup (gpu->resources, GUINT_TO_POINTER (id));
}

/* Takes from the device's memory for the resource. */
static bool
charge (VirtioGpu *gpu, GpuResource *resource, uint64_t bytes)
{
  if (bytes > gpu->max_hostmem || gpu->hostmem > gpu->max_hostmem - bytes) {
    device_guest_error (&gpu->vdev.dev, "resource %u is beyond the limit of %" PRIu64 " MiB (max_hostmem)",
                        resource->id, gpu->max_hostmem >> 20);
    return false;
  }
  gpu->hostmem += bytes;
  resource->charge += bytes;
  return true;
}

uint32_t
gpu_resource_create (VirtioGpu *gpu, uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
  if (id == 0 || gpu_resource_find (gpu, id) != NULL)
    return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
  if (!gpu_format_known (format) || width == 0 || height == 0 || width > GPU_MAX_SIDE ||
      height > GPU_MAX_SIDE)
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  GpuResource *resource = g_new0 (GpuResource, 1);
  const uint64_t bytes = UINT64_C (4) * width * height;
  *resource = (GpuResource){ .id = id, .format = format, .width = width, .height = height };
  resource->backing = g_array_new (FALSE, FALSE, sizeof (GpuPiece));
  if (charge (gpu, resource, bytes + RESOURCE_CHARGE) && (resource->pixels = g_try_malloc0 (bytes)) != NULL) {
    g_hash_table_insert (gpu->resources, GUINT_TO_POINTER (id), resource);
    return 0;
  }
  gpu->hostmem -= resource->charge;
  resource_free (resource);
  return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
}

void
gpu_resource_destroy (VirtioGpu *gpu, GpuResource *resource)
{
  for (unsigned i = 0; i < gpu->max_outputs; i++)
    if (gpu->scanouts[i].resource_id == resource->id)
      gpu_scanout_off (&gpu->scanouts[i]);
  gpu->hostmem -= resource->charge;
  g_hash_table_remove (gpu->resources, GUINT_TO_POINTER (resource->id));
}

/* ---- Backing ---- */

static uint64_t
backing_size (const GpuResource *resource)
{
  if (resource->backing->len == 0)
    return 0;
  const GpuPiece *last = &g_array_index (resource->backing, GpuPiece, resource->backing->len - 1);
  return last->at + last->size;
}

uint32_t
gpu_resource_add_backing (VirtioGpu *gpu, GpuResource *resource, uint64_t addr, uint32_t size)
{
  if (size > UINT64_MAX - addr)
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  while (size != 0) {
    uint64_t n = 0;
    uint8_t *host = memory_dma_map (gpu->vdev.map, addr, size, false, &n);
    if (host == NULL || n == 0) {
      device_guest_error (&gpu->vdev.dev, "the backing of resource %u at 0x%" PRIx64 " is not in RAM",
                          resource->id, addr);
      return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
    }
    if (!charge (gpu, resource, sizeof (GpuPiece)))
      return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
    const GpuPiece piece = {
      .host = host, .addr = addr, .at = backing_size (resource), .size = (uint32_t)MIN (n, size)
    };
    g_array_append_val (resource->backing, piece);
    addr += piece.size;
    size -= piece.size;
  }
  return 0;
}

void
gpu_resource_detach (VirtioGpu *gpu, GpuResource *resource)
{
  const uint64_t bytes = resource->backing->len * sizeof (GpuPiece);
  gpu->hostmem -= bytes;
  resource->charge -= bytes;
  /* The array keeps its memory when it is only emptied. */
  g_array_unref (resource->backing);
  resource->backing = g_array_new (FALSE, FALSE, sizeof (GpuPiece));
  resource->backed = false;
}

/* ---- Transfer ---- */

bool
gpu_resource_has (const GpuResource *resource, const struct virtio_gpu_rect *r)
{
  return r->width != 0 && r->height != 0 && r->width <= resource->width && r->height <= resource->height &&
         r->x <= resource->width - r->width && r->y <= resource->height - r->height;
}

/* The piece that holds that byte of the backing. */
static unsigned
piece_at (const GArray *backing, uint64_t offset)
{
  unsigned low = 0, high = backing->len;
  while (high - low > 1) {
    const unsigned middle = low + (high - low) / 2;
    if (g_array_index (backing, GpuPiece, middle).at <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The range is inside the backing. */
static void
copy_out (const GArray *backing, uint64_t offset, uint8_t *to, uint64_t size)
{
  for (unsigned i = piece_at (backing, offset); size != 0; i++) {
    const GpuPiece *piece = &g_array_index (backing, GpuPiece, i);
    const uint64_t skip = offset - piece->at, n = MIN (size, piece->size - skip);
    memcpy (to, piece->host + skip, n);
    to += n;
    offset += n;
    size -= n;
  }
}

uint32_t
gpu_resource_transfer (VirtioGpu *gpu, GpuResource *resource, const struct virtio_gpu_rect *r,
                       uint64_t offset)
{
  const uint64_t stride = UINT64_C (4) * resource->width, line = UINT64_C (4) * r->width;
  const uint64_t last = stride * (r->height - 1) + line, have = backing_size (resource);
  if (last > have || offset > have - last)
    return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
  uint8_t *to = resource->pixels + r->y * stride + UINT64_C (4) * r->x;
  const unsigned locked = gpu_scanouts_lock (gpu, resource->id);
  if (line == stride) {
    copy_out (resource->backing, offset, to, last);
    gpu_format_convert (resource->format, to, last / 4);
  } else
    for (uint32_t y = 0; y < r->height; y++, to += stride) {
      copy_out (resource->backing, offset + y * stride, to, line);
      gpu_format_convert (resource->format, to, r->width);
    }
  gpu_scanouts_unlock (gpu, locked);
  return 0;
}
