/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Scanouts: which part of which resource a screen shows, its cursor, and what the viewer wants of it. */

#include "virtio-gpu-private.h"

#include "edid.h"
#include <string.h>

/* ---- Showing ---- */

void
gpu_scanout_off (GpuScanout *scanout)
{
  scanout->resource_id = 0;
  scanout->x = scanout->y = scanout->width = scanout->height = 0;
  display_set_surface (scanout->display, NULL);
}

void
gpu_scanout_show (GpuScanout *scanout, const GpuResource *resource, const struct virtio_gpu_rect *r)
{
  const DisplaySurface surface = {
    .width = r->width,
    .height = r->height,
    .stride = 4 * resource->width,
    .pixels = resource->pixels + UINT64_C (4) * ((uint64_t)r->y * resource->width + r->x),
  };
  scanout->resource_id = resource->id;
  scanout->x = r->x;
  scanout->y = r->y;
  scanout->width = r->width;
  scanout->height = r->height;
  display_set_surface (scanout->display, &surface);
}

void
gpu_scanouts_flush (VirtioGpu *gpu, const GpuResource *resource, const struct virtio_gpu_rect *r)
{
  for (unsigned i = 0; i < gpu->max_outputs; i++) {
    const GpuScanout *s = &gpu->scanouts[i];
    if (s->resource_id != resource->id)
      continue;
    const uint32_t left = MAX (r->x, s->x), right = MIN (r->x + r->width, s->x + s->width);
    const uint32_t top = MAX (r->y, s->y), bottom = MIN (r->y + r->height, s->y + s->height);
    if (left < right && top < bottom)
      display_update (s->display, left - s->x, top - s->y, right - left, bottom - top);
  }
}

unsigned
gpu_scanouts_lock (VirtioGpu *gpu, uint32_t resource_id)
{
  unsigned locked = 0;
  DisplaySurface surface;
  for (unsigned i = 0; i < gpu->max_outputs; i++)
    if (gpu->scanouts[i].resource_id == resource_id && display_lock (gpu->scanouts[i].display, &surface))
      locked |= 1u << i;
  return locked;
}

void
gpu_scanouts_unlock (VirtioGpu *gpu, unsigned locked)
{
  for (unsigned i = gpu->max_outputs; i-- > 0;)
    if (locked >> i & 1)
      display_unlock (gpu->scanouts[i].display);
}

/* The fourth byte is alpha whatever the format says: Linux calls the memory that X draws its cursor in BGRX.
 */
void
gpu_scanout_set_cursor (GpuScanout *scanout, const GpuResource *resource, uint32_t hot_x, uint32_t hot_y)
{
  uint32_t argb[GPU_CURSOR_SIDE * GPU_CURSOR_SIDE] = { 0 };
  const uint32_t width = MIN (resource->width, GPU_CURSOR_SIDE);
  for (uint32_t y = 0; y < MIN (resource->height, GPU_CURSOR_SIDE); y++) {
    uint32_t *line = argb + y * GPU_CURSOR_SIDE;
    memcpy (line, resource->pixels + UINT64_C (4) * y * resource->width, 4 * width);
    for (uint32_t x = 0; x < width; x++)
      line[x] = GUINT32_FROM_LE (line[x]);
  }
  display_set_cursor (scanout->display, argb, hot_x, hot_y);
}

/* ---- What the viewer wants ---- */

/* Screens stand side by side in the order of their numbers. */
void
gpu_fill_display_info (VirtioGpu *gpu, struct virtio_gpu_resp_display_info *info)
{
  uint32_t x = 0;
  g_rec_mutex_lock (&gpu->vdev.dev.lock);
  for (unsigned i = 0; i < gpu->max_outputs; i++) {
    const GpuScanout *s = &gpu->scanouts[i];
    if (!s->wanted)
      continue;
    info->pmodes[i].enabled = GUINT32_TO_LE (1);
    info->pmodes[i].r.x = GUINT32_TO_LE (x);
    info->pmodes[i].r.width = GUINT32_TO_LE (s->want_width);
    info->pmodes[i].r.height = GUINT32_TO_LE (s->want_height);
    x += s->want_width;
  }
  g_rec_mutex_unlock (&gpu->vdev.dev.lock);
}

void
gpu_fill_edid (VirtioGpu *gpu, const GpuScanout *scanout, struct virtio_gpu_resp_edid *answer)
{
  G_STATIC_ASSERT (EDID_MAX_SIZE <= sizeof answer->edid);
  g_rec_mutex_lock (&gpu->vdev.dev.lock);
  const EdidScreen screen = {
    .width = scanout->want_width, .height = scanout->want_height, .name = "Vitrine", .serial = scanout->index
  };
  g_rec_mutex_unlock (&gpu->vdev.dev.lock);
  answer->size = GUINT32_TO_LE ((uint32_t)edid_make (&screen, answer->edid));
}

/* The first screen stays plugged in when its viewer is gone: a guest without any would have nowhere to go. */
static void
resize (void *opaque, uint32_t width, uint32_t height)
{
  GpuScanout *s = opaque;
  VirtioDevice *vdev = &s->gpu->vdev;
  const bool wanted = width != 0 && height != 0;
  if (!wanted && s->index == 0)
    return;
  g_rec_mutex_lock (&vdev->dev.lock);
  const uint32_t old_width = s->want_width, old_height = s->want_height;
  bool changed = wanted != s->wanted;
  s->wanted = wanted;
  if (wanted) {
    s->want_width = MIN (width, GPU_MAX_SIDE);
    s->want_height = MIN (height, GPU_MAX_SIDE);
    changed = changed || s->want_width != old_width || s->want_height != old_height;
  }
  if (changed)
    s->gpu->events_read |= VIRTIO_GPU_EVENT_DISPLAY;
  g_rec_mutex_unlock (&vdev->dev.lock);
  if (changed)
    virtio_config_changed (vdev);
}

/* ---- Life ---- */

void
gpu_scanouts_open (VirtioGpu *gpu)
{
  const Device *dev = &gpu->vdev.dev;
  const char *id = dev->id != NULL ? dev->id : dev->parent != NULL ? dev->parent->id : NULL;
  for (unsigned i = 0; i < gpu->max_outputs; i++) {
    GpuScanout *s = &gpu->scanouts[i];
    *s = (GpuScanout){ .gpu = gpu, .index = i, .wanted = i == 0 };
    s->want_width = gpu->xres;
    s->want_height = gpu->yres;
    s->display = display_new (id != NULL ? id : "virtio-gpu", i);
    display_set_resize_hook (s->display, resize, s);
  }
}

void
gpu_scanouts_close (VirtioGpu *gpu)
{
  for (unsigned i = 0; i < gpu->max_outputs; i++)
    g_clear_pointer (&gpu->scanouts[i].display, display_free);
}

void
gpu_scanouts_reset (VirtioGpu *gpu)
{
  for (unsigned i = 0; i < gpu->max_outputs; i++) {
    gpu_scanout_off (&gpu->scanouts[i]);
    display_set_cursor (gpu->scanouts[i].display, NULL, 0, 0);
  }
}
