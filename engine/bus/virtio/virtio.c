/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The device: status, features, configuration space, and when its queues run. */

#include "virtio-internal.h"

#include <gio/gio.h>
#include <stdarg.h>
#include <string.h>

unsigned virtio_map_generation = 1;

/* ---- Features and status (§2.1, §2.2, §3.1) ---- */

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

static void
start_queues (VirtioDevice *vdev)
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
    start_queues (vdev);
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

/* ---- Configuration space (§2.5) ---- */

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

/* ---- Queues, as the driver sets them up ---- */

VirtQueue *
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

/* ---- Life ---- */

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
  start_queues (vdev);
}

/* ---- Saved state ---- */

static void
virtio_save (Device *dev, GVariantBuilder *state)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  GVariantBuilder queues;
  g_variant_builder_init (&queues, G_VARIANT_TYPE ("a" VIRTQ_STATE_TYPE));
  for (unsigned i = 0; i < vdev->n_queues; i++)
    virtq_save (vdev->queues[i], &queues);
  g_variant_builder_add (state, "{sv}", "virtio",
                         g_variant_new ("(yttub)", virtio_status (vdev), vdev->features,
                                        vdev->driver_features, vdev->config_generation, vdev->broken));
  g_variant_builder_add (
      state, "{sv}", "virtio-config",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, vdev->config, vdev->vclass->config_size, 1));
  g_variant_builder_add (state, "{sv}", "virtio-queues", g_variant_builder_end (&queues));
}

static bool
load_queues (VirtioDevice *vdev, GVariant *state, GError **error)
{
  g_autoptr (GVariant) queues =
      g_variant_lookup_value (state, "virtio-queues", G_VARIANT_TYPE ("a" VIRTQ_STATE_TYPE));
  const gsize n = queues != NULL ? g_variant_n_children (queues) : 0;
  if (queues == NULL || n != vdev->n_queues) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved device has %zu queues, this one %u; start with the options it was saved with",
                 vdev->dev.path, n, vdev->n_queues);
    return false;
  }
  for (unsigned i = 0; i < n; i++) {
    g_autoptr (GVariant) queue = g_variant_get_child_value (queues, i);
    if (!virtq_load (vdev->queues[i], queue, error))
      return false;
  }
  return true;
}

static bool
virtio_load (Device *dev, GVariant *state, GError **error)
{
  VirtioDevice *vdev = (VirtioDevice *)dev;
  g_autoptr (GVariant) config = g_variant_lookup_value (state, "virtio-config", G_VARIANT_TYPE_BYTESTRING);
  uint8_t status;
  gboolean broken;
  gsize size = 0;
  const uint8_t *bytes = config != NULL ? g_variant_get_fixed_array (config, &size, 1) : NULL;
  uint64_t features, driver_features;
  if (config == NULL || size != vdev->vclass->config_size ||
      !g_variant_lookup (state, "virtio", "(yttub)", &status, &features, &driver_features,
                         &vdev->config_generation, &broken)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: the saved state is not that of a %s",
                 dev->path, vdev->vclass->name);
    return false;
  }
  if (features & ~virtio_offered_features (vdev)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the guest uses features 0x%" PRIx64
                 " that the device does not have now; start with the options the "
                 "machine was saved with",
                 dev->path, features & ~virtio_offered_features (vdev));
    return false;
  }
  /* Nothing moves before the machine goes on. */
  virtio_quiesce (dev);
  vdev->features = features;
  vdev->driver_features = driver_features;
  if (size != 0)
    memcpy (vdev->config, bytes, size);
  __atomic_store_n (&vdev->status, status, __ATOMIC_RELEASE);
  __atomic_store_n (&vdev->broken, broken, __ATOMIC_RELEASE);
  if (!load_queues (vdev, state, error))
    return false;
  if (!(status & VIRTIO_STATUS_FEATURES_OK) || vdev->vclass->set_features == NULL ||
      vdev->vclass->set_features (vdev, features))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the saved features 0x%" PRIx64 " do not go together", dev->path, features);
  return false;
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
