/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of virtio over PCI share. */

#include "virtio-internal.h"

#include "pci.h"
#include "register.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

#define REGISTERS_BAR 4

/* The structures, all in one BAR, a page each. */
#define STRUCTURE_SIZE UINT32_C (0x1000)
enum { STRUCTURE_COMMON, STRUCTURE_ISR, STRUCTURE_DEVICE, STRUCTURE_NOTIFY, STRUCTURE_COUNT };

#define NOTIFY_MULTIPLIER UINT32_C (4)

/* What §4.1.5.1.3 calls VIRTIO_MSI_NO_VECTOR. */
#define NO_VECTOR 0xffff

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

/* virtio-pci.c */
extern const DeviceClass virtio_pci_class;
/* The ISR status, which reading clears. */
uint8_t virtio_pci_read_isr (VirtioPci *vpci);
/* The registers' BAR. */
uint64_t virtio_pci_registers_read (void *opaque, uint64_t offset, unsigned size);
void virtio_pci_registers_write (void *opaque, uint64_t offset, unsigned size, uint64_t value);

/* virtio-pci-common.c */
extern const RegisterBank virtio_pci_common_bank;
void virtio_pci_reset_transport (VirtioPci *vpci);
/* A vector as the device takes it: NO_VECTOR where it has none of that number. */
uint16_t virtio_pci_possible_vector (VirtioPci *vpci, uint64_t vector);

/* virtio-pci-cap.c */
void virtio_pci_add_capabilities (VirtioPci *vpci);
/* The hooks of the PciDevice. */
void virtio_pci_config_reading (PciDevice *pci, unsigned offset, unsigned size);
void virtio_pci_config_written (PciDevice *pci, unsigned offset, unsigned size);

/* virtio-pci-class.c */
const VirtioPciClass *virtio_pci_wrapper_class (const Device *dev);
/* Those that ask for what there is not are refused. */
bool virtio_pci_check_props (VirtioPci *vpci, GError **error);
/* The wrapper's properties become the device's. */
void virtio_pci_copy_props (VirtioPci *vpci, const DeviceClass *class);
