/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio over MMIO (§4.2), version 2 of its registers. A slot without a device reads as device 0. */

#include "virtio-internal.h"

#include "pci.h"
#include "register.h"

#include <gio/gio.h>
#include <linux/virtio_mmio.h>

#define CONFIG_OFFSET 0x100
#define REGION_SIZE   0x1000
#define VENDOR_ID     0x4e525456 /* "VTRN" */

enum { INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2 };

struct VirtioMmio {
  Device dev;         /* must be first */
  VirtioDevice *vdev; /* or NULL */
  MemoryMap *map;
  IrqLine irq;
  MemoryRegion region;
  uint32_t device_features_sel, driver_features_sel, queue_sel;
  GMutex irq_lock; /* the line follows the status, which the guest reads without it */
  uint32_t interrupt_status;
};

/* ---- Interrupts: any thread ---- */

static void
change_interrupts (VirtioMmio *mmio, uint32_t clear, uint32_t set)
{
  g_mutex_lock (&mmio->irq_lock);
  const uint32_t status = (mmio->interrupt_status & ~clear) | set;
  __atomic_store_n (&mmio->interrupt_status, status, __ATOMIC_RELEASE);
  irq_set (&mmio->irq, status != 0);
  g_mutex_unlock (&mmio->irq_lock);
}

static void
notify_queue (void *transport, unsigned queue)
{
  change_interrupts (transport, 0, INTERRUPT_QUEUE);
}

static void
notify_config (void *transport)
{
  change_interrupts (transport, 0, INTERRUPT_CONFIG);
}

static bool
can_dma (void *transport)
{
  return true;
}

static void
detach (void *transport)
{
  VirtioMmio *mmio = transport;
  memory_region_unmap (&mmio->region);
  memory_quiesce (mmio->map);
}

static const VirtioTransport mmio_transport = {
  .notify_queue = notify_queue, .notify_config = notify_config, .can_dma = can_dma, .detach = detach
};

/* ---- Registers; the hooks of all but the first four are called only with a device ---- */

static VirtioDevice *
vdev_of (Device *dev)
{
  return ((VirtioMmio *)dev)->vdev;
}

static VirtQueue *
selected (Device *dev)
{
  const uint32_t n = ((VirtioMmio *)dev)->queue_sel;
  return n < vdev_of (dev)->n_queues ? vdev_of (dev)->queues[n] : NULL;
}

static uint64_t
read_magic (Device *dev, unsigned index, uint64_t stored)
{
  return 0x74726976; /* "virt" */
}

static uint64_t
read_version (Device *dev, unsigned index, uint64_t stored)
{
  return 2;
}

static uint64_t
read_device_id (Device *dev, unsigned index, uint64_t stored)
{
  return vdev_of (dev) != NULL ? vdev_of (dev)->vclass->id : 0;
}

static uint64_t
read_vendor_id (Device *dev, unsigned index, uint64_t stored)
{
  return VENDOR_ID;
}

static uint64_t
read_device_features (Device *dev, unsigned index, uint64_t stored)
{
  const uint32_t word = ((VirtioMmio *)dev)->device_features_sel;
  return word > 1 ? 0 : (uint32_t)(virtio_offered_features (vdev_of (dev)) >> 32 * word);
}

static void
write_driver_features (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_features (vdev_of (dev), ((VirtioMmio *)dev)->driver_features_sel, (uint32_t)written);
}

static uint64_t
read_queue_num_max (Device *dev, unsigned index, uint64_t stored)
{
  const VirtQueue *queue = selected (dev);
  return queue != NULL ? queue->max_size : 0;
}

static void
write_queue_num (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_queue_size (vdev_of (dev), ((VirtioMmio *)dev)->queue_sel, (unsigned)written);
}

static uint64_t
read_queue_ready (Device *dev, unsigned index, uint64_t stored)
{
  const VirtQueue *queue = selected (dev);
  return queue != NULL && virtqueue_ready (queue);
}

static void
write_queue_ready (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  const uint32_t n = ((VirtioMmio *)dev)->queue_sel;
  if (written & 1)
    virtio_enable_queue (vdev_of (dev), n);
  else if (selected (dev) != NULL && virtqueue_ready (selected (dev)))
    virtio_disable_queue (vdev_of (dev), n);
}

static uint64_t
read_interrupt_status (Device *dev, unsigned index, uint64_t stored)
{
  return __atomic_load_n (&((VirtioMmio *)dev)->interrupt_status, __ATOMIC_ACQUIRE);
}

static void
write_interrupt_ack (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  change_interrupts ((VirtioMmio *)dev, (uint32_t)written, 0);
}

static uint64_t
read_status (Device *dev, unsigned index, uint64_t stored)
{
  return virtio_status (vdev_of (dev));
}

static void
reset_transport (VirtioMmio *mmio)
{
  mmio->device_features_sel = mmio->driver_features_sel = mmio->queue_sel = 0;
  change_interrupts (mmio, UINT32_MAX, 0);
}

static void
write_status (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_status (vdev_of (dev), (uint8_t)written);
  if ((uint8_t)written == 0)
    reset_transport ((VirtioMmio *)dev);
}

static void
write_queue_addr (Device *dev, size_t area, unsigned half, uint64_t written)
{
  virtio_write_queue_addr (vdev_of (dev), ((VirtioMmio *)dev)->queue_sel, area, half, (uint32_t)written);
}

static void
write_queue_desc (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_queue_addr (dev, offsetof (VirtQueue, desc), index, written);
}

static void
write_queue_driver (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_queue_addr (dev, offsetof (VirtQueue, driver), index, written);
}

static void
write_queue_device (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_queue_addr (dev, offsetof (VirtQueue, device), index, written);
}

/* Length and base of a shared memory region that does not exist. */
static uint64_t
read_shm (Device *dev, unsigned index, uint64_t stored)
{
  return UINT32_MAX;
}

static void
write_queue_reset (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  if (written & 1)
    virtio_reset_queue (vdev_of (dev), ((VirtioMmio *)dev)->queue_sel);
}

static uint64_t
read_generation (Device *dev, unsigned index, uint64_t stored)
{
  return __atomic_load_n (&vdev_of (dev)->config_generation, __ATOMIC_ACQUIRE);
}

static void
no_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
}

static const Register registers[] = {
  { "MagicValue", VIRTIO_MMIO_MAGIC_VALUE, 4, .read = read_magic },
  { "Version", VIRTIO_MMIO_VERSION, 4, .read = read_version },
  { "DeviceID", VIRTIO_MMIO_DEVICE_ID, 4, .read = read_device_id },
  { "VendorID", VIRTIO_MMIO_VENDOR_ID, 4, .read = read_vendor_id },
  { "DeviceFeatures", VIRTIO_MMIO_DEVICE_FEATURES, 4, .read = read_device_features },
  { "DeviceFeaturesSel", VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, REGISTER_AT (VirtioMmio, device_features_sel),
    .writable = 0xffffffff },
  { "DriverFeatures", VIRTIO_MMIO_DRIVER_FEATURES, 4, .write = write_driver_features },
  { "DriverFeaturesSel", VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, REGISTER_AT (VirtioMmio, driver_features_sel),
    .writable = 0xffffffff },
  { "QueueSel", VIRTIO_MMIO_QUEUE_SEL, 4, REGISTER_AT (VirtioMmio, queue_sel), .writable = 0xffffffff },
  { "QueueSizeMax", VIRTIO_MMIO_QUEUE_NUM_MAX, 4, .read = read_queue_num_max },
  { "QueueSize", VIRTIO_MMIO_QUEUE_NUM, 4, .write = write_queue_num },
  { "QueueReady", VIRTIO_MMIO_QUEUE_READY, 4, .read = read_queue_ready, .write = write_queue_ready },
  { "InterruptStatus", VIRTIO_MMIO_INTERRUPT_STATUS, 4, .read = read_interrupt_status },
  { "InterruptACK", VIRTIO_MMIO_INTERRUPT_ACK, 4, .write = write_interrupt_ack },
  { "Status", VIRTIO_MMIO_STATUS, 4, .read = read_status, .write = write_status },
  { "QueueDesc", VIRTIO_MMIO_QUEUE_DESC_LOW, 4, .count = 2, .stride = 4, .write = write_queue_desc },
  { "QueueDriver", VIRTIO_MMIO_QUEUE_AVAIL_LOW, 4, .count = 2, .stride = 4, .write = write_queue_driver },
  { "QueueDevice", VIRTIO_MMIO_QUEUE_USED_LOW, 4, .count = 2, .stride = 4, .write = write_queue_device },
  { "SHMSel", VIRTIO_MMIO_SHM_SEL, 4, .write = no_write },
  { "SHMLen", VIRTIO_MMIO_SHM_LEN_LOW, 4, .count = 2, .stride = 4, .read = read_shm },
  { "SHMBase", VIRTIO_MMIO_SHM_BASE_LOW, 4, .count = 2, .stride = 4, .read = read_shm },
  { "QueueReset", 0xc0, 4, .write = write_queue_reset },
  { "ConfigGeneration", VIRTIO_MMIO_CONFIG_GENERATION, 4, .read = read_generation },
  { NULL },
};

static const RegisterBank bank = {
  .name = "virtio-mmio", .size = CONFIG_OFFSET, .min_access = 4, .max_access = 4, .regs = registers
};

static uint64_t
mmio_read (void *opaque, uint64_t offset, unsigned size)
{
  VirtioMmio *mmio = opaque;
  if (pci_in_message () || (mmio->vdev == NULL && offset > VIRTIO_MMIO_VENDOR_ID))
    return 0;
  if (offset >= CONFIG_OFFSET)
    return virtio_config_read (mmio->vdev, offset - CONFIG_OFFSET, size);
  return register_bank_read (&mmio->dev, &bank, offset, size);
}

static void
mmio_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  VirtioMmio *mmio = opaque;
  if (pci_in_message () || mmio->vdev == NULL)
    return;
  /* Without a lock: nothing but the handler is concerned. */
  if (offset == VIRTIO_MMIO_QUEUE_NOTIFY)
    virtio_kick (mmio->vdev, (uint32_t)value);
  else if (offset < CONFIG_OFFSET)
    register_bank_write (&mmio->dev, &bank, offset, size, value);
  else {
    g_rec_mutex_lock (&mmio->dev.lock);
    virtio_config_write (mmio->vdev, offset - CONFIG_OFFSET, size, value);
    g_rec_mutex_unlock (&mmio->dev.lock);
  }
}

static const MmioOps mmio_ops = { .read = mmio_read, .write = mmio_write, .min_size = 1, .max_size = 8 };

/* ---- The slot's life ---- */

static void
mmio_init (Device *dev)
{
  VirtioMmio *mmio = (VirtioMmio *)dev;
  g_mutex_init (&mmio->irq_lock);
  mmio->region = (MemoryRegion){
    .name = "virtio-mmio", .kind = MEMORY_MMIO, .size = REGION_SIZE, .ops = &mmio_ops, .opaque = mmio
  };
}

static void
mmio_reset (Device *dev)
{
  VirtioMmio *mmio = (VirtioMmio *)dev;
  if (mmio->vdev != NULL)
    virtio_halt_queues (mmio->vdev);
  reset_transport (mmio);
}

static const DeviceSave mmio_saved[] = {
  { "DeviceFeaturesSel", DEVICE_SAVE_U32, offsetof (VirtioMmio, device_features_sel) },
  { "DriverFeaturesSel", DEVICE_SAVE_U32, offsetof (VirtioMmio, driver_features_sel) },
  { "QueueSel", DEVICE_SAVE_U32, offsetof (VirtioMmio, queue_sel) },
  { "InterruptStatus", DEVICE_SAVE_U32, offsetof (VirtioMmio, interrupt_status), .max = 3 },
  { NULL },
};

static bool
mmio_loaded (Device *dev, GError **error)
{
  change_interrupts ((VirtioMmio *)dev, 0, 0);
  return true;
}

static const DeviceClass virtio_mmio_class = {
  .name = "virtio-mmio",
  .bus = "system",
  .category = "Misc devices",
  .help = "a virtio-mmio slot",
  .size = sizeof (VirtioMmio),
  .saved = mmio_saved,
  .init = mmio_init,
  .reset = mmio_reset,
  .loaded = mmio_loaded,
};

Device *
virtio_mmio_new (const char *path, MemoryMap *map, const IrqLine *irq)
{
  VirtioMmio *mmio = (VirtioMmio *)device_new (&virtio_mmio_class, path);
  mmio->map = map;
  mmio->irq = *irq;
  return &mmio->dev;
}

MemoryRegion *
virtio_mmio_region (Device *mmio)
{
  return &((VirtioMmio *)mmio)->region;
}

bool
virtio_mmio_plug (Device *slot, Device *dev, GError **error)
{
  VirtioMmio *mmio = (VirtioMmio *)slot;
  VirtioDevice *vdev = (VirtioDevice *)dev;
  if (mmio->vdev != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s: the slot %s holds %s already", dev->path,
                 slot->path, mmio->vdev->dev.path);
    device_free (dev);
    return false;
  }
  if (!virtio_attach (vdev, &mmio_transport, mmio, mmio->map, error) || !device_realize (dev, error)) {
    device_free (dev);
    return false;
  }
  device_add_child (slot, dev);
  mmio->vdev = vdev;
  return true;
}

VirtioDevice *
virtio_mmio_device (Device *dev)
{
  return dev->class == &virtio_mmio_class ? ((VirtioMmio *)dev)->vdev : NULL;
}
