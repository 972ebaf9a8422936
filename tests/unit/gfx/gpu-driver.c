/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gpu-driver.h"

#include <string.h>

void
gpu_open (Gfx *gfx, const char *props)
{
  gfx_open (gfx, "virtio-gpu-device", props);
}

void
gpu_start (Gfx *gfx, RingForm form)
{
  gfx_start (gfx, form, UINT64_C (1) << VIRTIO_GPU_F_EDID, 2);
}

Display *
gpu_display (const char *name)
{
  g_autoptr (GPtrArray) list = display_list ();
  for (unsigned i = 0; i < list->len; i++)
    if (strcmp (display_name (list->pdata[i]), name) == 0)
      return list->pdata[i];
  return NULL;
}

uint32_t
gpu_command (Gfx *gfx, const void *command, size_t size)
{
  struct virtio_gpu_ctrl_hdr answer;
  g_assert_cmpuint (gfx_request (gfx, 0, command, size, &answer, sizeof answer), ==, sizeof answer);
  return answer.type;
}

uint32_t
gpu_create (Gfx *gfx, uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
  const struct virtio_gpu_resource_create_2d c = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
                                                   .resource_id = id,
                                                   .format = format,
                                                   .width = width,
                                                   .height = height };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_unref (Gfx *gfx, uint32_t id)
{
  const struct virtio_gpu_resource_unref c = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF, .resource_id = id };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_attach (Gfx *gfx, uint32_t id, const Segment *entries, uint32_t n)
{
  struct {
    struct virtio_gpu_resource_attach_backing c;
    struct virtio_gpu_mem_entry entries[64];
  } c = { .c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, .c.resource_id = id, .c.nr_entries = n };
  for (uint32_t i = 0; i < n; i++)
    c.entries[i] = (struct virtio_gpu_mem_entry){ .addr = entries[i].addr, .length = entries[i].size };
  return gpu_command (gfx, &c, sizeof c.c + n * sizeof c.entries[0]);
}

uint32_t
gpu_detach (Gfx *gfx, uint32_t id)
{
  const struct virtio_gpu_resource_detach_backing c = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
                                                        .resource_id = id };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_transfer (Gfx *gfx, uint32_t id, struct virtio_gpu_rect r, uint64_t offset)
{
  const struct virtio_gpu_transfer_to_host_2d c = {
    .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D, .r = r, .offset = offset, .resource_id = id
  };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_flush (Gfx *gfx, uint32_t id, struct virtio_gpu_rect r)
{
  const struct virtio_gpu_resource_flush c = { .hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
                                               .r = r,
                                               .resource_id = id };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_scanout (Gfx *gfx, uint32_t scanout, uint32_t id, struct virtio_gpu_rect r)
{
  const struct virtio_gpu_set_scanout c = {
    .hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT, .r = r, .scanout_id = scanout, .resource_id = id
  };
  return gpu_command (gfx, &c, sizeof c);
}

uint32_t
gpu_cursor (Gfx *gfx, uint32_t type, uint32_t scanout, uint32_t id, uint32_t x, uint32_t y)
{
  const struct virtio_gpu_update_cursor c = { .hdr.type = type,
                                              .pos = { .scanout_id = scanout, .x = x, .y = y },
                                              .resource_id = id,
                                              .hot_x = 3,
                                              .hot_y = 4 };
  struct virtio_gpu_ctrl_hdr answer;
  gfx_request (gfx, 1, &c, sizeof c, &answer, sizeof answer);
  return answer.type;
}

uint64_t
gpu_picture (Gfx *gfx, uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
  const uint32_t size = 4 * width * height;
  const uint64_t addr = guest_alloc (&gfx->guest, size, 4096);
  g_assert_cmphex (gpu_create (gfx, id, format, width, height), ==, GPU_OK);
  g_assert_cmphex (gpu_attach (gfx, id, &(Segment){ addr, size }, 1), ==, GPU_OK);
  return addr;
}

uint32_t
gpu_pixel (Display *display, uint32_t x, uint32_t y)
{
  DisplaySurface surface;
  uint32_t pixel;
  g_assert_true (display_lock (display, &surface));
  g_assert_true (x < surface.width && y < surface.height);
  memcpy (&pixel, surface.pixels + (size_t)y * surface.stride + 4 * x, 4);
  display_unlock (display);
  return pixel & 0xffffff;
}
