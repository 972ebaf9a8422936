/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The capabilities that say where the structures are (§4.1.4), and the window in configuration space to them
 * (§4.1.4.9). */

#include "virtio-pci-private.h"

#include <string.h>

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

void
virtio_pci_add_capabilities (VirtioPci *vpci)
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

void
virtio_pci_config_reading (PciDevice *pci, unsigned offset, unsigned size)
{
  VirtioPci *vpci = (VirtioPci *)pci;
  uint64_t at;
  unsigned length;
  if (!cfg_window (vpci, offset, size, &at, &length))
    return;
  const uint32_t value = GUINT32_TO_LE ((uint32_t)virtio_pci_registers_read (vpci, at, length));
  memcpy (pci->config + vpci->cfg_cap + sizeof (struct virtio_pci_cap), &value, length);
}

void
virtio_pci_config_written (PciDevice *pci, unsigned offset, unsigned size)
{
  VirtioPci *vpci = (VirtioPci *)pci;
  uint64_t at;
  unsigned length;
  if (cfg_window (vpci, offset, size, &at, &length)) {
    uint32_t value = 0;
    memcpy (&value, pci->config + vpci->cfg_cap + sizeof (struct virtio_pci_cap), length);
    virtio_pci_registers_write (vpci, at, length, GUINT32_FROM_LE (value));
  }
}
