/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The device: properties, features, configuration space and life. */

#include "virtio-gpu.h"

#include "virtio-gpu-private.h"
#include <gio/gio.h>
#include <string.h>

#define PCI_CLASS_DISPLAY_OTHER 0x0380
#define CONTROL_QUEUE_SIZE      256
#define CURSOR_QUEUE_SIZE       16

static uint64_t
gpu_features (VirtioDevice *vdev)
{
  return (uint64_t)((const VirtioGpu *)vdev)->edid << VIRTIO_GPU_F_EDID;
}

static void
gpu_config_read (VirtioDevice *vdev)
{
  const VirtioGpu *gpu = (const VirtioGpu *)vdev;
  const struct virtio_gpu_config config = {
    .events_read = GUINT32_TO_LE (gpu->events_read),
    .num_scanouts = GUINT32_TO_LE (gpu->max_outputs),
  };
  memcpy (vdev->config, &config, sizeof config);
}

static void
gpu_config_written (VirtioDevice *vdev, unsigned offset, unsigned size)
{
  VirtioGpu *gpu = (VirtioGpu *)vdev;
  const unsigned at = offsetof (struct virtio_gpu_config, events_clear);
  uint8_t clear[4] = { 0 };
  uint32_t bits;
  if (offset < at || offset + size > at + sizeof clear) {
    device_guest_error (&vdev->dev, "a write to read-only configuration at 0x%x", offset);
    return;
  }
  memcpy (clear + offset - at, vdev->config + offset, size);
  memcpy (&bits, clear, sizeof bits);
  gpu->events_read &= ~GUINT32_FROM_LE (bits);
}

static const VirtioClass gpu_virtio = {
  .id = 16,
  .name = "virtio-gpu",
  .pci_class = PCI_CLASS_DISPLAY_OTHER,
  .config_size = sizeof (struct virtio_gpu_config),
  .features = gpu_features,
  .config_read = gpu_config_read,
  .config_written = gpu_config_written,
};

/* ---- Life ---- */

static void
gpu_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &gpu_virtio);
}

static bool
gpu_realize (Device *dev, GError **error)
{
  VirtioGpu *gpu = (VirtioGpu *)dev;
  const char *wrong = gpu->max_outputs == 0 ? "max_outputs must be 1 to 16"
                      : gpu->xres == 0 || gpu->yres == 0
                          ? "xres and yres are the first screen's size and cannot be 0"
                          : NULL;
  if (wrong != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s (%s): %s", dev->path, dev->class->name,
                 wrong);
    return false;
  }
  gpu_resources_init (gpu);
  gpu_scanouts_open (gpu);
  gpu->control = virtio_add_queue (&gpu->vdev, CONTROL_QUEUE_SIZE, gpu_handle_control);
  gpu->cursor = virtio_add_queue (&gpu->vdev, CURSOR_QUEUE_SIZE, gpu_handle_cursor);
  return true;
}

static void
gpu_unrealize (Device *dev)
{
  VirtioGpu *gpu = (VirtioGpu *)dev;
  virtio_stop (&gpu->vdev);
  gpu_scanouts_close (gpu);
  g_clear_pointer (&gpu->resources, g_hash_table_unref);
}

static void
gpu_reset (Device *dev)
{
  VirtioGpu *gpu = (VirtioGpu *)dev;
  gpu_scanouts_reset (gpu);
  gpu_resources_free (gpu);
  gpu->events_read = 0;
}

#define AT(member) offsetof (VirtioGpu, member)
static const DeviceProp gpu_props[] = {
  { "max_outputs", DEVICE_PROP_UINT32, AT (max_outputs), .initial = 1, .max = VIRTIO_GPU_MAX_SCANOUTS,
    .help = "screens the guest may use" },
  { "xres", DEVICE_PROP_UINT32, AT (xres), .initial = 1280, .max = GPU_MAX_SIDE,
    .help = "width of the first screen until a viewer wants another one" },
  { "yres", DEVICE_PROP_UINT32, AT (yres), .initial = 800, .max = GPU_MAX_SIDE,
    .help = "height of the first screen until a viewer wants another one" },
  { "max_hostmem", DEVICE_PROP_SIZE, AT (max_hostmem), .initial = UINT64_C (256) << 20,
    .help = "most memory for the guest's pictures" },
  { "edid", DEVICE_PROP_BOOL, AT (edid), .initial = true, .help = "describe the screens by EDID" },
  { NULL },
};

static const DeviceSave gpu_saved[] = {
  { "events_read", DEVICE_SAVE_U32, AT (events_read), .max = VIRTIO_GPU_EVENT_DISPLAY },
  { NULL },
};

static const DeviceClass gpu_class = {
  .name = "virtio-gpu-device",
  .bus = "virtio-bus",
  .category = "Display devices",
  .help = "virtio graphics adapter, 2D",
  .size = sizeof (VirtioGpu),
  .base = &virtio_device_class,
  .props = gpu_props,
  .saved = gpu_saved,
  .init = gpu_init,
  .realize = gpu_realize,
  .unrealize = gpu_unrealize,
  .reset = gpu_reset,
  .save = gpu_save,
  .load = gpu_load,
  .user_creatable = true,
};

void
virtio_gpu_register (void)
{
  virtio_register (&gpu_class, &gpu_virtio);
}
