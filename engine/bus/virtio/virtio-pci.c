/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio over PCI (§4.1), without the legacy interface. Each device NAME-device has a wrapper NAME-pci: a PCI
 * function whose child is the device. */

#include "virtio-pci-private.h"

#include <gio/gio.h>
#include <string.h>

#define MSIX_BAR 1

enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

#define VECTORS_DEFAULT UINT32_MAX

/* Interrupts are raised by any thread. */
static void
raise_isr (VirtioPci *vpci, uint8_t bit)
{
  g_mutex_lock (&vpci->isr_lock);
  vpci->isr |= bit;
  pci_set_intx (&vpci->pci, true);
  g_mutex_unlock (&vpci->isr_lock);
}

uint8_t
virtio_pci_read_isr (VirtioPci *vpci)
{
  g_mutex_lock (&vpci->isr_lock);
  const uint8_t isr = vpci->isr;
  vpci->isr = 0;
  pci_set_intx (&vpci->pci, false);
  g_mutex_unlock (&vpci->isr_lock);
  return isr;
}

static void
interrupt (VirtioPci *vpci, uint16_t *vector, uint8_t isr)
{
  if (!pci_msix_enabled (&vpci->pci)) {
    raise_isr (vpci, isr);
    return;
  }
  const uint16_t n = __atomic_load_n (vector, __ATOMIC_ACQUIRE);
  if (n != NO_VECTOR)
    pci_msix_notify (&vpci->pci, n);
}

static void
notify_queue (void *transport, unsigned queue)
{
  VirtioPci *vpci = transport;
  interrupt (vpci, &vpci->queue_vector[queue], ISR_QUEUE);
}

static void
notify_config (void *transport)
{
  VirtioPci *vpci = transport;
  interrupt (vpci, &vpci->config_vector, ISR_CONFIG);
}

static bool
can_dma (void *transport)
{
  return pci_can_dma (&((VirtioPci *)transport)->pci);
}

static void
detach (void *transport)
{
  pci_device_unplug (&((VirtioPci *)transport)->pci);
}

static const VirtioTransport pci_transport = {
  .notify_queue = notify_queue, .notify_config = notify_config, .can_dma = can_dma, .detach = detach
};

/* Bus mastering may be switched on late. */
static void
dma_possible (PciDevice *pci)
{
  virtio_kick_all (((VirtioPci *)pci)->vdev);
}

uint64_t
virtio_pci_registers_read (void *opaque, uint64_t offset, unsigned size)
{
  VirtioPci *vpci = opaque;
  const uint64_t at = offset % STRUCTURE_SIZE;
  if (pci_in_message ())
    return 0;
  switch (offset / STRUCTURE_SIZE) {
    case STRUCTURE_COMMON:
      if (size == 8)
        return register_bank_read (&vpci->pci.dev, &virtio_pci_common_bank, at, 4) |
               register_bank_read (&vpci->pci.dev, &virtio_pci_common_bank, at + 4, 4) << 32;
      return register_bank_read (&vpci->pci.dev, &virtio_pci_common_bank, at, size);
    case STRUCTURE_ISR: return at == 0 ? virtio_pci_read_isr (vpci) : 0;
    case STRUCTURE_DEVICE: return virtio_config_read (vpci->vdev, at, size);
    default: return 0;
  }
}

void
virtio_pci_registers_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  VirtioPci *vpci = opaque;
  const uint64_t at = offset % STRUCTURE_SIZE;
  if (pci_in_message ())
    return;
  switch (offset / STRUCTURE_SIZE) {
    case STRUCTURE_NOTIFY: virtio_kick (vpci->vdev, (unsigned)(at / NOTIFY_MULTIPLIER)); break;
    case STRUCTURE_COMMON:
      register_bank_write (&vpci->pci.dev, &virtio_pci_common_bank, at, MIN (size, 4),
                           size == 8 ? (uint32_t)value : value);
      if (size == 8)
        register_bank_write (&vpci->pci.dev, &virtio_pci_common_bank, at + 4, 4, value >> 32);
      break;
    case STRUCTURE_DEVICE:
      /* As the common structure: one register bank's lock keeps the driver's accesses in order. */
      g_rec_mutex_lock (&vpci->pci.dev.lock);
      virtio_config_write (vpci->vdev, at, size, value);
      g_rec_mutex_unlock (&vpci->pci.dev.lock);
      break;
    default: break;
  }
}

static const MmioOps registers_ops = {
  .read = virtio_pci_registers_read, .write = virtio_pci_registers_write, .min_size = 1, .max_size = 8
};

static void
vpci_init (Device *dev)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  const VirtioPciClass *class = virtio_pci_wrapper_class (dev);
  vpci->pci.ids = (PciIds){
    .vendor = 0x1af4,
    .device = (uint16_t)(0x1040 + class->vclass->id),
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .revision = 1,
    .class = class->vclass->pci_class,
    .intx = true,
  };
  vpci->pci.config_reading = virtio_pci_config_reading;
  vpci->pci.config_written = virtio_pci_config_written;
  vpci->pci.dma_possible = dma_possible;
  vpci->registers = (MemoryRegion){
    .name = class->vclass->name,
    .kind = MEMORY_MMIO,
    .size = STRUCTURE_COUNT * STRUCTURE_SIZE,
    .ops = &registers_ops,
    .opaque = vpci,
  };
  g_mutex_init (&vpci->isr_lock);
  g_autofree char *path = g_strconcat (dev->path, "/virtio-backend", NULL);
  vpci->vdev = (VirtioDevice *)device_new (class->device_class, path);
  device_add_child (dev, &vpci->vdev->dev);
}

static bool
init_msix (VirtioPci *vpci, GError **error)
{
  const uint32_t vectors = vpci->vectors == VECTORS_DEFAULT ? vpci->vdev->n_queues + 1 : vpci->vectors;
  if (vectors == 0)
    return true;
  const uint32_t table_size = vectors * PCI_MSIX_ENTRY_SIZE;
  return pci_msix_init (&vpci->pci, vectors, MSIX_BAR, 0,
                        table_size <= 0x800 ? 0x800 : (table_size + 7) & ~7u, NULL, error);
}

static bool
vpci_realize (Device *dev, GError **error)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  if (vpci->pci.bus == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "%s: %s needs a PCI bus, which this machine does not have", dev->path, dev->class->name);
    return false;
  }
  if (!virtio_pci_check_props (vpci, error))
    return false;
  virtio_pci_copy_props (vpci, virtio_pci_wrapper_class (dev)->device_class);
  if (!virtio_attach (vpci->vdev, &pci_transport, vpci, pci_map (&vpci->pci), error) ||
      !device_realize (&vpci->vdev->dev, error))
    return false;
  pci_set_bar (&vpci->pci, REGISTERS_BAR, &vpci->registers, true, true, false);
  if (!init_msix (vpci, error))
    return false;
  virtio_pci_add_capabilities (vpci);
  pci_add_express (&vpci->pci);
  virtio_pci_reset_transport (vpci);
  return true;
}

static void
vpci_reset (Device *dev)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  virtio_halt_queues (vpci->vdev);
  virtio_pci_reset_transport (vpci);
}

static void
vpci_save (Device *dev, GVariantBuilder *state)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  GVariant *vectors =
      g_variant_new_fixed_array (G_VARIANT_TYPE_UINT16, vpci->queue_vector, VIRTIO_MAX_QUEUES, 2);
  g_variant_builder_add (state, "{sv}", "virtio-pci",
                         g_variant_new ("(uuqqy@aq)", vpci->device_feature_select,
                                        vpci->driver_feature_select, vpci->queue_select, vpci->config_vector,
                                        vpci->isr, vectors));
}

static bool
vpci_load (Device *dev, GVariant *state, GError **error)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  g_autoptr (GVariant) vectors = NULL;
  gsize n = 0;
  const uint16_t *vector = NULL;
  if (g_variant_lookup (state, "virtio-pci", "(uuqqy@aq)", &vpci->device_feature_select,
                        &vpci->driver_feature_select, &vpci->queue_select, &vpci->config_vector, &vpci->isr,
                        &vectors))
    vector = g_variant_get_fixed_array (vectors, &n, 2);
  if (n != VIRTIO_MAX_QUEUES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved state is not that of a virtio PCI device", dev->path);
    return false;
  }
  vpci->config_vector = virtio_pci_possible_vector (vpci, vpci->config_vector);
  for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
    vpci->queue_vector[i] = virtio_pci_possible_vector (vpci, vector[i]);
  return true;
}

static const DeviceProp vpci_props[] = {
  { "vectors", DEVICE_PROP_UINT32, offsetof (VirtioPci, vectors), .initial = VECTORS_DEFAULT,
    .help = "MSI-X vectors (default: one per queue and one; 0: no MSI-X)" },
  { "disable-legacy", DEVICE_PROP_STRING, offsetof (VirtioPci, disable_legacy),
    .help = "on or auto: there is no legacy interface" },
  { "romfile", DEVICE_PROP_STRING, offsetof (VirtioPci, romfile),
    .help = "must be empty: no option ROM is needed" },
  { "disable-modern", DEVICE_PROP_STRING, offsetof (VirtioPci, disable_modern), .help = "off" },
  { NULL },
};

const DeviceClass virtio_pci_class = {
  .name = "virtio-pci",
  .bus = "PCI",
  .category = "Misc devices",
  .help = "what all virtio PCI devices have in common",
  .size = sizeof (VirtioPci),
  .base = &pci_device_class,
  .props = vpci_props,
  .init = vpci_init,
  .realize = vpci_realize,
  .reset = vpci_reset,
  .save = vpci_save,
  .load = vpci_load,
};
