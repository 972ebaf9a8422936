/* SPDX-License-Identifier: GPL-3.0-or-later */

/* virtio over PCI (§4.1), without the legacy interface. Each device NAME-device has a wrapper NAME-pci: a PCI
 * function whose child is the device. */

#include "virtio-internal.h"

#include "pci.h"
#include "register.h"

#include <gio/gio.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <string.h>

#define MSIX_BAR      1
#define REGISTERS_BAR 4

/* The structures, all in one BAR, a page each. */
#define STRUCTURE_SIZE UINT32_C (0x1000)
enum { STRUCTURE_COMMON, STRUCTURE_ISR, STRUCTURE_DEVICE, STRUCTURE_NOTIFY, STRUCTURE_COUNT };

#define NOTIFY_MULTIPLIER UINT32_C (4)

/* What §4.1.5.1.3 calls VIRTIO_MSI_NO_VECTOR. */
#define NO_VECTOR 0xffff

enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

#define VECTORS_DEFAULT UINT32_MAX

/* The wrapper's class says what it wraps. */
typedef struct {
  DeviceClass class; /* must be first */
  const DeviceClass *device_class;
  const VirtioClass *vclass;
} VirtioPciClass;

/* Behind it in memory are copies of the device's properties, at their offsets in the device. */
typedef struct {
  PciDevice pci;
  VirtioDevice *vdev;
  MemoryRegion registers;
  uint32_t vectors;                                /* property */
  char *disable_legacy, *disable_modern, *romfile; /* properties */
  uint32_t device_feature_select, driver_feature_select;
  uint16_t queue_select, config_vector;
  uint16_t queue_vector[VIRTIO_MAX_QUEUES];
  GMutex isr_lock; /* the interrupt pin follows the ISR status */
  uint8_t isr;
  unsigned cfg_cap; /* VIRTIO_PCI_CAP_PCI_CFG */
} VirtioPci;
#define PROPS_OFFSET ((sizeof (VirtioPci) + 15) & ~(size_t)15)

static const VirtioPciClass *
wrapper_class (const Device *dev)
{
  return (const VirtioPciClass *)dev->class;
}

/* ---- Interrupts: any thread ---- */

static void
raise_isr (VirtioPci *vpci, uint8_t bit)
{
  g_mutex_lock (&vpci->isr_lock);
  vpci->isr |= bit;
  pci_set_intx (&vpci->pci, true);
  g_mutex_unlock (&vpci->isr_lock);
}

static uint8_t
read_isr (VirtioPci *vpci)
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

/* ---- Common configuration structure (§4.1.4.3) ---- */

static VirtioDevice *
vdev_of (Device *dev)
{
  return ((VirtioPci *)dev)->vdev;
}

static VirtQueue *
selected (Device *dev)
{
  const uint16_t n = ((VirtioPci *)dev)->queue_select;
  return n < vdev_of (dev)->n_queues ? vdev_of (dev)->queues[n] : NULL;
}

static uint64_t
read_device_feature (Device *dev, unsigned index, uint64_t stored)
{
  const uint32_t word = ((VirtioPci *)dev)->device_feature_select;
  return word > 1 ? 0 : (uint32_t)(virtio_offered_features (vdev_of (dev)) >> 32 * word);
}

static uint64_t
read_driver_feature (Device *dev, unsigned index, uint64_t stored)
{
  const uint32_t word = ((VirtioPci *)dev)->driver_feature_select;
  return word > 1 ? 0 : (uint32_t)(vdev_of (dev)->driver_features >> 32 * word);
}

static void
write_driver_feature (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_features (vdev_of (dev), ((VirtioPci *)dev)->driver_feature_select, (uint32_t)written);
}

/* A vector that the device does not have is not taken, which the driver sees when it reads back. */
static uint16_t
possible_vector (VirtioPci *vpci, uint64_t vector)
{
  return pci_msix_vectors (&vpci->pci) > vector ? (uint16_t)vector : NO_VECTOR;
}

static void
write_config_vector (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  __atomic_store_n (&vpci->config_vector, possible_vector (vpci, written), __ATOMIC_RELEASE);
}

static uint64_t
read_num_queues (Device *dev, unsigned index, uint64_t stored)
{
  return vdev_of (dev)->n_queues;
}

static uint64_t
read_status (Device *dev, unsigned index, uint64_t stored)
{
  return virtio_status (vdev_of (dev));
}

static void
reset_transport (VirtioPci *vpci)
{
  vpci->device_feature_select = vpci->driver_feature_select = 0;
  vpci->queue_select = 0;
  __atomic_store_n (&vpci->config_vector, NO_VECTOR, __ATOMIC_RELEASE);
  for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
    __atomic_store_n (&vpci->queue_vector[i], NO_VECTOR, __ATOMIC_RELEASE);
  read_isr (vpci);
}

static void
write_status (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_status (vdev_of (dev), (uint8_t)written);
  if (written == 0)
    reset_transport ((VirtioPci *)dev);
}

static uint64_t
read_generation (Device *dev, unsigned index, uint64_t stored)
{
  return __atomic_load_n (&vdev_of (dev)->config_generation, __ATOMIC_ACQUIRE) & 0xff;
}

static uint64_t
read_queue_size (Device *dev, unsigned index, uint64_t stored)
{
  const VirtQueue *queue = selected (dev);
  return queue != NULL ? queue->size : 0;
}

static void
write_queue_size (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_queue_size (vdev_of (dev), ((VirtioPci *)dev)->queue_select, (unsigned)written);
}

static uint64_t
read_queue_vector (Device *dev, unsigned index, uint64_t stored)
{
  const VirtioPci *vpci = (VirtioPci *)dev;
  return selected (dev) != NULL ? vpci->queue_vector[vpci->queue_select] : NO_VECTOR;
}

static void
write_queue_vector (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  if (selected (dev) != NULL)
    __atomic_store_n (&vpci->queue_vector[vpci->queue_select], possible_vector (vpci, written),
                      __ATOMIC_RELEASE);
}

static uint64_t
read_queue_enable (Device *dev, unsigned index, uint64_t stored)
{
  const VirtQueue *queue = selected (dev);
  return queue != NULL && virtqueue_ready (queue);
}

static void
write_queue_enable (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  if (written == 1)
    virtio_enable_queue (vdev_of (dev), ((VirtioPci *)dev)->queue_select);
  else
    device_guest_error (dev, "queue_enable is written with %u", (unsigned)written);
}

static uint64_t
read_notify_off (Device *dev, unsigned index, uint64_t stored)
{
  return ((VirtioPci *)dev)->queue_select;
}

static const size_t area_offsets[] = { offsetof (VirtQueue, desc), offsetof (VirtQueue, driver),
                                       offsetof (VirtQueue, device) };

/* Six registers: low and high half of three addresses. */
static uint64_t
read_queue_addr (Device *dev, unsigned index, uint64_t stored)
{
  return virtio_read_queue_addr (vdev_of (dev), ((VirtioPci *)dev)->queue_select, area_offsets[index / 2],
                                 index & 1);
}

static void
write_queue_addr (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_queue_addr (vdev_of (dev), ((VirtioPci *)dev)->queue_select, area_offsets[index / 2],
                           index & 1, (uint32_t)written);
}

/* A reset is complete when the write returns, so the register always reads as zero. */
static void
write_queue_reset (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  if (written == 1)
    virtio_reset_queue (vdev_of (dev), ((VirtioPci *)dev)->queue_select);
}

static const Register common_registers[] = {
  { "device_feature_select", VIRTIO_PCI_COMMON_DFSELECT, 4, REGISTER_AT (VirtioPci, device_feature_select),
    .writable = 0xffffffff },
  { "device_feature", VIRTIO_PCI_COMMON_DF, 4, .read = read_device_feature },
  { "driver_feature_select", VIRTIO_PCI_COMMON_GFSELECT, 4, REGISTER_AT (VirtioPci, driver_feature_select),
    .writable = 0xffffffff },
  { "driver_feature", VIRTIO_PCI_COMMON_GF, 4, .read = read_driver_feature, .write = write_driver_feature },
  { "config_msix_vector", VIRTIO_PCI_COMMON_MSIX, 2, REGISTER_AT (VirtioPci, config_vector),
    .reset = NO_VECTOR, .write = write_config_vector },
  { "num_queues", VIRTIO_PCI_COMMON_NUMQ, 2, .read = read_num_queues },
  { "device_status", VIRTIO_PCI_COMMON_STATUS, 1, .read = read_status, .write = write_status },
  { "config_generation", VIRTIO_PCI_COMMON_CFGGENERATION, 1, .read = read_generation },
  { "queue_select", VIRTIO_PCI_COMMON_Q_SELECT, 2, REGISTER_AT (VirtioPci, queue_select),
    .writable = 0xffff },
  { "queue_size", VIRTIO_PCI_COMMON_Q_SIZE, 2, .read = read_queue_size, .write = write_queue_size },
  { "queue_msix_vector", VIRTIO_PCI_COMMON_Q_MSIX, 2, .read = read_queue_vector,
    .write = write_queue_vector },
  { "queue_enable", VIRTIO_PCI_COMMON_Q_ENABLE, 2, .read = read_queue_enable, .write = write_queue_enable },
  { "queue_notify_off", VIRTIO_PCI_COMMON_Q_NOFF, 2, .read = read_notify_off },
  { "queue_address", VIRTIO_PCI_COMMON_Q_DESCLO, 4, .count = 6, .stride = 4, .read = read_queue_addr,
    .write = write_queue_addr },
  { "queue_reset", VIRTIO_PCI_COMMON_Q_RESET, 2, .write = write_queue_reset },
  { NULL },
};

static const RegisterBank common_bank = {
  .name = "common", .size = 64, .min_access = 1, .max_access = 4, .regs = common_registers
};

/* ---- The BAR ---- */

static uint64_t
registers_read (void *opaque, uint64_t offset, unsigned size)
{
  VirtioPci *vpci = opaque;
  const uint64_t at = offset % STRUCTURE_SIZE;
  if (pci_in_message ())
    return 0;
  switch (offset / STRUCTURE_SIZE) {
    case STRUCTURE_COMMON:
      if (size == 8)
        return register_bank_read (&vpci->pci.dev, &common_bank, at, 4) |
               register_bank_read (&vpci->pci.dev, &common_bank, at + 4, 4) << 32;
      return register_bank_read (&vpci->pci.dev, &common_bank, at, size);
    case STRUCTURE_ISR: return at == 0 ? read_isr (vpci) : 0;
    case STRUCTURE_DEVICE: return virtio_config_read (vpci->vdev, at, size);
    default: return 0;
  }
}

static void
registers_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  VirtioPci *vpci = opaque;
  const uint64_t at = offset % STRUCTURE_SIZE;
  if (pci_in_message ())
    return;
  switch (offset / STRUCTURE_SIZE) {
    case STRUCTURE_NOTIFY: virtio_kick (vpci->vdev, (unsigned)(at / NOTIFY_MULTIPLIER)); break;
    case STRUCTURE_COMMON:
      register_bank_write (&vpci->pci.dev, &common_bank, at, MIN (size, 4),
                           size == 8 ? (uint32_t)value : value);
      if (size == 8)
        register_bank_write (&vpci->pci.dev, &common_bank, at + 4, 4, value >> 32);
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
  .read = registers_read, .write = registers_write, .min_size = 1, .max_size = 8
};

/* ---- Capabilities (§4.1.4) ---- */

static unsigned
add_structure (VirtioPci *vpci, uint8_t type, unsigned structure, uint32_t length, unsigned size)
{
  PciDevice *pci = &vpci->pci;
  const unsigned cap = pci_add_capability (pci, PCI_CAP_ID_VNDR, size);
  struct virtio_pci_cap *fields = (struct virtio_pci_cap *)(pci->config + cap);
  fields->cap_len = (uint8_t)size;
  fields->cfg_type = type;
  if (type == VIRTIO_PCI_CAP_PCI_CFG)
    return cap;
  fields->bar = REGISTERS_BAR;
  fields->offset = GUINT32_TO_LE (structure * STRUCTURE_SIZE);
  fields->length = GUINT32_TO_LE (length);
  return cap;
}

static void
add_capabilities (VirtioPci *vpci)
{
  PciDevice *pci = &vpci->pci;
  add_structure (vpci, VIRTIO_PCI_CAP_COMMON_CFG, STRUCTURE_COMMON, 64, sizeof (struct virtio_pci_cap));
  add_structure (vpci, VIRTIO_PCI_CAP_ISR_CFG, STRUCTURE_ISR, 1, sizeof (struct virtio_pci_cap));
  if (vpci->vdev->vclass->config_size != 0)
    add_structure (vpci, VIRTIO_PCI_CAP_DEVICE_CFG, STRUCTURE_DEVICE,
                   (uint32_t)vpci->vdev->vclass->config_size, sizeof (struct virtio_pci_cap));
  const unsigned notify = add_structure (vpci, VIRTIO_PCI_CAP_NOTIFY_CFG, STRUCTURE_NOTIFY,
                                         NOTIFY_MULTIPLIER * MAX (vpci->vdev->n_queues, 1),
                                         sizeof (struct virtio_pci_notify_cap));
  const uint32_t multiplier = GUINT32_TO_LE (NOTIFY_MULTIPLIER);
  memcpy (pci->config + notify + VIRTIO_PCI_NOTIFY_CAP_MULT, &multiplier, 4);
  vpci->cfg_cap = add_structure (vpci, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, sizeof (struct virtio_pci_cfg_cap));
  uint8_t *writable = pci->writable + vpci->cfg_cap;
  writable[VIRTIO_PCI_CAP_BAR] = 0xff;
  memset (writable + VIRTIO_PCI_CAP_OFFSET, 0xff, 4);
  memset (writable + VIRTIO_PCI_CAP_LENGTH, 0xff, 4);
  memset (writable + sizeof (struct virtio_pci_cap), 0xff, 4);
}

/* The window in configuration space (§4.1.4.9): what it shows, if that is an access the BAR takes. */
static bool
cfg_window (VirtioPci *vpci, unsigned offset, unsigned size, uint64_t *ret_at, unsigned *ret_size)
{
  const unsigned data = vpci->cfg_cap + (unsigned)sizeof (struct virtio_pci_cap);
  const struct virtio_pci_cap *fields = (const struct virtio_pci_cap *)(vpci->pci.config + vpci->cfg_cap);
  const uint32_t at = GUINT32_FROM_LE (fields->offset), length = GUINT32_FROM_LE (fields->length);
  if (vpci->cfg_cap == 0 || offset >= data + 4 || offset + size <= data || fields->bar != REGISTERS_BAR)
    return false;
  if ((length != 1 && length != 2 && length != 4) || at % length != 0 || at >= vpci->registers.size)
    return false;
  *ret_at = at;
  *ret_size = length;
  return true;
}

static void
config_reading (PciDevice *pci, unsigned offset, unsigned size)
{
  VirtioPci *vpci = (VirtioPci *)pci;
  uint64_t at;
  unsigned length;
  if (!cfg_window (vpci, offset, size, &at, &length))
    return;
  const uint32_t value = GUINT32_TO_LE ((uint32_t)registers_read (vpci, at, length));
  memcpy (pci->config + vpci->cfg_cap + sizeof (struct virtio_pci_cap), &value, length);
}

static void
config_written (PciDevice *pci, unsigned offset, unsigned size)
{
  VirtioPci *vpci = (VirtioPci *)pci;
  uint64_t at;
  unsigned length;
  if (cfg_window (vpci, offset, size, &at, &length)) {
    uint32_t value = 0;
    memcpy (&value, pci->config + vpci->cfg_cap + sizeof (struct virtio_pci_cap), length);
    registers_write (vpci, at, length, GUINT32_FROM_LE (value));
  }
  /* Bus mastering may have been switched on late. */
  if (offset <= PCI_COMMAND && offset + size > PCI_COMMAND && pci_can_dma (pci))
    virtio_kick_all (vpci->vdev);
}

/* ---- Properties: the wrapper has the device's as copies ---- */

static size_t
prop_size (DevicePropKind kind)
{
  switch (kind) {
    case DEVICE_PROP_BOOL: return sizeof (bool);
    case DEVICE_PROP_UINT32: return 4;
    case DEVICE_PROP_MAC: return 6;
    default: return 8;
  }
}

static void
copy_props (VirtioPci *vpci, const DeviceClass *class)
{
  uint8_t *from = (uint8_t *)vpci + PROPS_OFFSET, *to = (uint8_t *)vpci->vdev;
  for (; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++) {
      if (prop->kind == DEVICE_PROP_STRING || prop->kind == DEVICE_PROP_BACKEND) {
        char **text = (char **)(to + prop->offset);
        g_free (*text);
        *text = g_strdup (*(char **)(from + prop->offset));
      } else {
        memcpy (to + prop->offset, from + prop->offset, prop_size (prop->kind));
      }
    }
}

static bool
check_props (VirtioPci *vpci, GError **error)
{
  const char *legacy = vpci->disable_legacy, *modern = vpci->disable_modern;
  if ((legacy != NULL && g_str_equal (legacy, "off")) || (modern != NULL && !g_str_equal (modern, "off"))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: only the interface of virtio 1.0 and later is there; leave disable-legacy and "
                 "disable-modern out",
                 vpci->pci.dev.path);
    return false;
  }
  if (vpci->romfile != NULL && vpci->romfile[0] != '\0') {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: option ROMs such as %s cannot be used; leave romfile out", vpci->pci.dev.path,
                 vpci->romfile);
    return false;
  }
  return true;
}

/* ---- The wrapper's life ---- */

static void
vpci_init (Device *dev)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  const VirtioPciClass *class = wrapper_class (dev);
  vpci->pci.ids = (PciIds){
    .vendor = 0x1af4,
    .device = (uint16_t)(0x1040 + class->vclass->id),
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .revision = 1,
    .class = class->vclass->pci_class,
    .intx = true,
  };
  vpci->pci.config_reading = config_reading;
  vpci->pci.config_written = config_written;
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
  if (!check_props (vpci, error))
    return false;
  copy_props (vpci, wrapper_class (dev)->device_class);
  if (!virtio_attach (vpci->vdev, &pci_transport, vpci, pci_map (&vpci->pci), error) ||
      !device_realize (&vpci->vdev->dev, error))
    return false;
  pci_set_bar (&vpci->pci, REGISTERS_BAR, &vpci->registers, true, true, false);
  if (!init_msix (vpci, error))
    return false;
  add_capabilities (vpci);
  pci_add_express (&vpci->pci);
  reset_transport (vpci);
  return true;
}

static void
vpci_reset (Device *dev)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  virtio_halt_queues (vpci->vdev);
  reset_transport (vpci);
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
  vpci->config_vector = possible_vector (vpci, vpci->config_vector);
  for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
    vpci->queue_vector[i] = possible_vector (vpci, vector[i]);
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

static const DeviceClass virtio_pci_class = {
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

/* All properties of a class and its bases, moved by `offset`. */
static DeviceProp *
moved_props (const DeviceClass *class, size_t offset)
{
  GArray *props = g_array_new (TRUE, TRUE, sizeof (DeviceProp));
  for (; class != NULL; class = class->base)
    for (const DeviceProp *prop = class->props; prop != NULL && prop->name != NULL; prop++) {
      DeviceProp moved = *prop;
      moved.offset += offset;
      g_array_append_val (props, moved);
    }
  return (DeviceProp *)g_array_free (props, FALSE);
}

DeviceClass *
virtio_pci_class_new (const DeviceClass *device_class, const VirtioClass *vclass)
{
  VirtioPciClass *class = g_new0 (VirtioPciClass, 1);
  g_autofree char *stem = g_strdup (device_class->name);
  if (g_str_has_suffix (stem, "-device"))
    stem[strlen (stem) - strlen ("-device")] = '\0';
  class->device_class = device_class;
  class->vclass = vclass;
  class->class = (DeviceClass){
    .name = g_strconcat (stem, "-pci", NULL),
    .bus = "PCI",
    .category = device_class->category,
    .help = device_class->help,
    .size = PROPS_OFFSET + device_class->size,
    .base = &virtio_pci_class,
    .props = moved_props (device_class, PROPS_OFFSET),
    .user_creatable = device_class->user_creatable,
  };
  return &class->class;
}

VirtioDevice *
virtio_pci_device (Device *dev)
{
  for (const DeviceClass *class = dev->class; class != NULL; class = class->base)
    if (class == &virtio_pci_class)
      return ((VirtioPci *)dev)->vdev;
  return NULL;
}
