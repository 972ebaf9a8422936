/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Features and status of a device (§2.1, §2.2, §3.1), and when its queues run. */

#include "virtio-internal.h"

#include <stdarg.h>

uint64_t
virtio_offered_features (VirtioDevice *vdev)
{
  uint64_t features = vdev->vclass->features != NULL ? vdev->vclass->features (vdev) : 0;
  features |= UINT64_C (1) << VIRTIO_F_VERSION_1 | UINT64_C (1) << VIRTIO_F_RING_RESET;
  features |= (uint64_t)vdev->indirect << VIRTIO_F_INDIRECT_DESC;
  features |= (uint64_t)vdev->event_idx << VIRTIO_F_EVENT_IDX;
  features |= (uint64_t)vdev->packed << VIRTIO_F_RING_PACKED;
  features |= (uint64_t)vdev->iommu_platform << VIRTIO_F_ACCESS_PLATFORM;
  return features;
}

uint8_t
virtio_status (const VirtioDevice *vdev)
{
  return __atomic_load_n (&vdev->status, __ATOMIC_ACQUIRE);
}

void
virtio_write_features (VirtioDevice *vdev, unsigned word, uint32_t value)
{
  if (virtio_status (vdev) & VIRTIO_STATUS_FEATURES_OK) {
    device_guest_error (&vdev->dev, "features are written after FEATURES_OK");
    return;
  }
  if (word > 1) {
    if (value != 0)
      device_guest_error (&vdev->dev, "features beyond bit 63 are accepted, which were not offered");
    return;
  }
  const unsigned shift = 32 * word;
  vdev->driver_features = (vdev->driver_features & ~(UINT64_C (0xffffffff) << shift)) | (uint64_t)value
                                                                                            << shift;
}

static bool
accept_features (VirtioDevice *vdev)
{
  const uint64_t features = vdev->driver_features;
  const uint64_t extra = features & ~virtio_offered_features (vdev);
  if (extra != 0 || !(features >> VIRTIO_F_VERSION_1 & 1)) {
    device_guest_error (&vdev->dev, "the driver's features 0x%" PRIx64 " %s", features,
                        extra != 0 ? "were not all offered" : "lack VERSION_1");
    return false;
  }
  if (vdev->vclass->set_features != NULL && !vdev->vclass->set_features (vdev, features)) {
    device_guest_error (&vdev->dev, "the driver's features 0x%" PRIx64 " do not go together", features);
    return false;
  }
  vdev->features = features;
  return true;
}

void
virtio_start_queues (VirtioDevice *vdev)
{
  g_mutex_lock (&vdev->run_lock);
  if (!vdev->queues_running && !vdev->quiesced && !__atomic_load_n (&vdev->broken, __ATOMIC_ACQUIRE) &&
      virtio_status (vdev) & VIRTIO_STATUS_DRIVER_OK) {
    vdev->queues_running = true;
    if (vdev->vclass->running != NULL)
      vdev->vclass->running (vdev, true);
    for (unsigned i = 0; i < vdev->n_queues; i++)
      if (virtqueue_ready (vdev->queues[i]))
        virtq_go (vdev->queues[i]);
  }
  g_mutex_unlock (&vdev->run_lock);
}

void
virtio_halt_queues (VirtioDevice *vdev)
{
  g_mutex_lock (&vdev->run_lock);
  if (vdev->queues_running) {
    for (unsigned i = 0; i < vdev->n_queues; i++)
      virtq_halt (vdev->queues[i]);
    vdev->queues_running = false;
    if (vdev->vclass->running != NULL)
      vdev->vclass->running (vdev, false);
  }
  g_mutex_unlock (&vdev->run_lock);
}

void
virtio_stop (VirtioDevice *vdev)
{
  g_mutex_lock (&vdev->run_lock);
  vdev->quiesced = true;
  g_mutex_unlock (&vdev->run_lock);
  virtio_halt_queues (vdev);
}

void
virtio_write_status (VirtioDevice *vdev, uint8_t status)
{
  device_trace (&vdev->dev, "status 0x%02x", status);
  if (status == 0) {
    virtio_halt_queues (vdev);
    device_reset (&vdev->dev);
    return;
  }
  const uint8_t old = virtio_status (vdev);
  if (old & ~status & ~VIRTIO_STATUS_NEEDS_RESET)
    device_guest_error (&vdev->dev, "status bits 0x%02x are cleared without a reset", old & ~status);
  uint8_t set = status & ~old &
                (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK |
                 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED);
  if (set & VIRTIO_STATUS_FEATURES_OK && !accept_features (vdev))
    set &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
  if (set & VIRTIO_STATUS_DRIVER_OK && !((old | set) & VIRTIO_STATUS_FEATURES_OK)) {
    device_guest_error (&vdev->dev, "DRIVER_OK without FEATURES_OK");
    set &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;
  }
  if (set & VIRTIO_STATUS_FAILED)
    device_guest_error (&vdev->dev, "the driver has given up on the device");
  __atomic_fetch_or (&vdev->status, set, __ATOMIC_ACQ_REL);
  if (set & VIRTIO_STATUS_DRIVER_OK)
    virtio_start_queues (vdev);
}

static void
notify_config (VirtioDevice *vdev)
{
  if (virtio_status (vdev) & VIRTIO_STATUS_DRIVER_OK && vdev->transport_ops != NULL)
    vdev->transport_ops->notify_config (vdev->transport);
}

void
virtio_config_changed (VirtioDevice *vdev)
{
  __atomic_fetch_add (&vdev->config_generation, 1, __ATOMIC_ACQ_REL);
  notify_config (vdev);
}

void
virtio_break (VirtioDevice *vdev, const char *format, ...)
{
  if (__atomic_exchange_n (&vdev->broken, true, __ATOMIC_ACQ_REL))
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  device_guest_error (&vdev->dev, "%s; the device stands still until the driver resets it", what);
  __atomic_fetch_or (&vdev->status, VIRTIO_STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL);
  notify_config (vdev);
}
