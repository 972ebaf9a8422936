/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The common configuration structure (§4.1.4.3). */

#include "virtio-pci-private.h"

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
uint16_t
virtio_pci_possible_vector (VirtioPci *vpci, uint64_t vector)
{
  return pci_msix_vectors (&vpci->pci) > vector ? (uint16_t)vector : NO_VECTOR;
}

static void
write_config_vector (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  VirtioPci *vpci = (VirtioPci *)dev;
  __atomic_store_n (&vpci->config_vector, virtio_pci_possible_vector (vpci, written), __ATOMIC_RELEASE);
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

void
virtio_pci_reset_transport (VirtioPci *vpci)
{
  vpci->device_feature_select = vpci->driver_feature_select = 0;
  vpci->queue_select = 0;
  __atomic_store_n (&vpci->config_vector, NO_VECTOR, __ATOMIC_RELEASE);
  for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++)
    __atomic_store_n (&vpci->queue_vector[i], NO_VECTOR, __ATOMIC_RELEASE);
  virtio_pci_read_isr (vpci);
}

static void
write_status (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  virtio_write_status (vdev_of (dev), (uint8_t)written);
  if (written == 0)
    virtio_pci_reset_transport ((VirtioPci *)dev);
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
    __atomic_store_n (&vpci->queue_vector[vpci->queue_select], virtio_pci_possible_vector (vpci, written),
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

const RegisterBank virtio_pci_common_bank = {
  .name = "common", .size = 64, .min_access = 1, .max_access = 4, .regs = common_registers
};
