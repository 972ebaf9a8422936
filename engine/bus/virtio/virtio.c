/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The base class of virtio devices: their life on a bus, and what all of them have as properties. */

#include "virtio-internal.h"

#include <gio/gio.h>

unsigned virtio_map_generation = 1;

static void
map_changed (void *opaque)
{
  __atomic_fetch_add (&virtio_map_generation, 1, __ATOMIC_SEQ_CST);
}

bool
virtio_attach (VirtioDevice *vdev, const VirtioTransport *ops, void *transport, MemoryMap *map,
               GError **error)
{
  if (vdev->transport_ops != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s is on a bus already", vdev->dev.path);
    return false;
  }
  vdev->transport_ops = ops;
  vdev->transport = transport;
  vdev->map = map;
  /* Listeners cannot be taken away, so this one needs nothing of the device. */
  memory_add_listener (map, map_changed, NULL);
  return true;
}

void
virtio_init (VirtioDevice *vdev, const VirtioClass *vclass)
{
  vdev->vclass = vclass;
}

VirtQueue *
virtio_add_queue (VirtioDevice *vdev, unsigned size, VirtQueueHandler handler)
{
  g_return_val_if_fail (vdev->n_queues < VIRTIO_MAX_QUEUES, NULL);
  g_return_val_if_fail (size >= 1 && size <= VIRTIO_QUEUE_MAX && (size & (size - 1)) == 0, NULL);
  VirtQueue *queue = virtq_new (vdev, vdev->n_queues, size, handler);
  vdev->queues[vdev->n_queues++] = queue;
  return queue;
}

static bool
virtio_realize (Device *dev, GError **error)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  if (vdev->transport_ops == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "%s (%s) is on no bus; use the -pci form of the device, or a machine with virtio-mmio slots",
                 dev->path, dev->class->name);
    return false;
  }
  if (vdev->iothread != NULL && vdev->iothread[0] != '\0') {
    IoThread *thread = iothread_find (vdev->iothread);
    if (thread == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "%s: there is no I/O thread “%s”; add -object iothread,id=%s before the device", dev->path,
                   vdev->iothread, vdev->iothread);
      return false;
    }
    vdev->thread = iothread_ref (thread);
  }
  vdev->config = g_malloc0 (MAX (vdev->vclass->config_size, 1));
  return true;
}

/* No handler runs after this, and no vCPU is in the transport's registers. */
static void
leave_bus (Device *dev)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  virtio_stop (vdev);
  vdev->transport_ops->detach (vdev->transport);
}

static void
virtio_unrealize (Device *dev)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  leave_bus (dev);
  for (unsigned i = 0; i < vdev->n_queues; i++)
    virtq_free (g_steal_pointer (&vdev->queues[i]));
  vdev->n_queues = 0;
  g_clear_pointer (&vdev->thread, iothread_unref);
  g_clear_pointer (&vdev->config, g_free);
}

static void
virtio_reset (Device *dev)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  /* The transport has stopped the queues: here a handler might wait for the lock that is held. */
  if (vdev->queues_running)
    virtio_halt_queues (vdev);
  for (unsigned i = 0; i < vdev->n_queues; i++)
    virtq_reset (vdev->queues[i]);
  vdev->features = 0;
  vdev->driver_features = 0;
  __atomic_store_n (&vdev->broken, false, __ATOMIC_RELEASE);
  __atomic_store_n (&vdev->status, 0, __ATOMIC_RELEASE);
}

static void
virtio_quiesce (Device *dev)
{
  virtio_stop ((VirtioDevice *)dev);
}

static void
virtio_resume (Device *dev)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  g_mutex_lock (&vdev->run_lock);
  vdev->quiesced = false;
  g_mutex_unlock (&vdev->run_lock);
  virtio_start_queues (vdev);
}

static const DeviceProp virtio_props[] = {
  { "packed", DEVICE_PROP_BOOL, offsetof (VirtioDevice, packed), .help = "offer packed rings" },
  { "event_idx", DEVICE_PROP_BOOL, offsetof (VirtioDevice, event_idx), .initial = true,
    .help = "offer notifications by index" },
  { "indirect_desc", DEVICE_PROP_BOOL, offsetof (VirtioDevice, indirect), .initial = true,
    .help = "offer indirect descriptors" },
  { "iommu_platform", DEVICE_PROP_BOOL, offsetof (VirtioDevice, iommu_platform),
    .help = "offer to go through the platform's address translation" },
  { "iothread", DEVICE_PROP_STRING, offsetof (VirtioDevice, iothread),
    .help = "id of the -object iothread that serves the device (default: one of its own)" },
  { NULL },
};

const DeviceClass virtio_device_class = {
  .name = "virtio-device",
  .bus = "virtio-bus",
  .category = "Misc devices",
  .help = "what all virtio devices have in common",
  .size = sizeof (VirtioDevice),
  .props = virtio_props,
  .realize = virtio_realize,
  .unrealize = virtio_unrealize,
  .reset = virtio_reset,
  .save = virtio_save,
  .load = virtio_load,
  .quiesce = virtio_quiesce,
  .resume = virtio_resume,
};

/* The queues stop before the device's own hooks run and go on after them. Hooks of the class made last run
 * first when things are undone, so this is one made from the device's. */
void
virtio_register (const DeviceClass *device_class, const VirtioClass *vclass)
{
  DeviceClass *last = g_new0 (DeviceClass, 1);
  last->name = device_class->name;
  last->bus = device_class->bus;
  last->category = device_class->category;
  last->help = device_class->help;
  last->size = device_class->size;
  last->user_creatable = device_class->user_creatable;
  last->base = device_class;
  last->unrealize = leave_bus;
  last->quiesce = virtio_quiesce;
  device_class_register (last);
  device_class_register (virtio_pci_class_new (last, vclass));
}

VirtioDevice *
virtio_device_of (Device *dev)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    if (class == &virtio_device_class)
      return (VirtioDevice *)dev;
  VirtioDevice *vdev = virtio_pci_device (dev);
  return vdev != NULL ? vdev : virtio_mmio_device (dev);
}
