/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the driver reads and sets up through a transport: configuration space (§2.5) and queues. */

#include "virtio-internal.h"

#include <string.h>

uint64_t
virtio_config_read (VirtioDevice *vdev, uint64_t offset, unsigned size)
{
  const size_t end = vdev->vclass->config_size;
  uint64_t value = UINT64_MAX >> (64 - 8 * size);
  if (offset >= end)
    return value;
  g_rec_mutex_lock (&vdev->dev.lock);
  if (vdev->vclass->config_read != NULL)
    vdev->vclass->config_read (vdev);
  value = 0;
  memcpy (&value, vdev->config + offset, MIN (size, end - offset));
  g_rec_mutex_unlock (&vdev->dev.lock);
  return GUINT64_FROM_LE (value);
}

void
virtio_config_write (VirtioDevice *vdev, uint64_t offset, unsigned size, uint64_t value)
{
  const size_t end = vdev->vclass->config_size;
  if (offset >= end || size > end - offset) {
    device_guest_error (&vdev->dev, "a write to configuration space at 0x%" PRIx64 ", which ends at 0x%zx",
                        offset, end);
    return;
  }
  g_rec_mutex_lock (&vdev->dev.lock);
  value = GUINT64_TO_LE (value);
  memcpy (vdev->config + offset, &value, size);
  if (vdev->vclass->config_written != NULL)
    vdev->vclass->config_written (vdev, (unsigned)offset, size);
  g_rec_mutex_unlock (&vdev->dev.lock);
}

/* The queue of that index if the device has it and it is not enabled. Else NULL and a guest error. */
static VirtQueue *
virtio_idle_queue (VirtioDevice *vdev, unsigned index)
{
  if (index >= vdev->n_queues) {
    device_guest_error (&vdev->dev, "queue %u is set up; the device has %u", index, vdev->n_queues);
    return NULL;
  }
  if (virtqueue_ready (vdev->queues[index])) {
    device_guest_error (&vdev->dev, "queue %u is set up while it is enabled", index);
    return NULL;
  }
  return vdev->queues[index];
}

void
virtio_write_queue_size (VirtioDevice *vdev, unsigned index, unsigned size)
{
  VirtQueue *queue = virtio_idle_queue (vdev, index);
  if (queue != NULL)
    queue->size = size;
}

static VirtqArea *
queue_area (VirtQueue *queue, size_t area)
{
  return (VirtqArea *)((uint8_t *)queue + area);
}

void
virtio_write_queue_addr (VirtioDevice *vdev, unsigned index, size_t area, bool high, uint32_t value)
{
  VirtQueue *queue = virtio_idle_queue (vdev, index);
  if (queue == NULL)
    return;
  const unsigned shift = high ? 32 : 0;
  VirtqArea *where = queue_area (queue, area);
  where->addr = (where->addr & ~(UINT64_C (0xffffffff) << shift)) | (uint64_t)value << shift;
}

uint32_t
virtio_read_queue_addr (VirtioDevice *vdev, unsigned index, size_t area, bool high)
{
  if (index >= vdev->n_queues)
    return 0;
  return (uint32_t)(queue_area (vdev->queues[index], area)->addr >> (high ? 32 : 0));
}

void
virtio_enable_queue (VirtioDevice *vdev, unsigned index)
{
  VirtQueue *queue = virtio_idle_queue (vdev, index);
  if (queue == NULL)
    return;
  if (!(virtio_status (vdev) & VIRTIO_STATUS_FEATURES_OK)) {
    device_guest_error (&vdev->dev, "queue %u is enabled before FEATURES_OK", index);
    return;
  }
  if (!virtq_enable (queue))
    return;
  g_mutex_lock (&vdev->run_lock);
  if (vdev->queues_running)
    virtq_go (queue);
  g_mutex_unlock (&vdev->run_lock);
}

void
virtio_reset_queue (VirtioDevice *vdev, unsigned index)
{
  if (index >= vdev->n_queues || !virtio_has (vdev, VIRTIO_F_RING_RESET))
    device_guest_error (&vdev->dev, "a reset of queue %u, which it cannot have", index);
  else
    virtio_disable_queue (vdev, index);
}

void
virtio_disable_queue (VirtioDevice *vdev, unsigned index)
{
  VirtQueue *queue = vdev->queues[index];
  g_mutex_lock (&vdev->run_lock);
  virtq_halt (queue);
  if (vdev->vclass->queue_reset != NULL)
    vdev->vclass->queue_reset (vdev, index);
  virtq_reset (queue);
  g_mutex_unlock (&vdev->run_lock);
}

void
virtio_kick (VirtioDevice *vdev, unsigned index)
{
  if (index < vdev->n_queues)
    virtqueue_schedule (vdev->queues[index]);
  else
    device_guest_error (&vdev->dev, "queue %u is notified; the device has %u", index, vdev->n_queues);
}

void
virtio_kick_all (VirtioDevice *vdev)
{
  for (unsigned i = 0; i < vdev->n_queues; i++)
    virtqueue_schedule (vdev->queues[i]);
}
