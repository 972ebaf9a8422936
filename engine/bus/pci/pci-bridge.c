/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI-to-PCI bridges: the header of type 1, what its windows forward, and the reset of what is behind. */

#include "pci-internal.h"

void
pci_bridge_init (PciDevice *bridge)
{
  uint8_t *config = bridge->config, *writable = bridge->writable;
  config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
  writable[PCI_PRIMARY_BUS] = writable[PCI_SECONDARY_BUS] = writable[PCI_SUBORDINATE_BUS] = 0xff;
  /* Ports have 16 bits, prefetchable memory has 64. */
  writable[PCI_IO_BASE] = writable[PCI_IO_LIMIT] = 0xf0;
  config[PCI_PREF_MEMORY_BASE] = config[PCI_PREF_MEMORY_LIMIT] = PCI_PREF_RANGE_TYPE_64;
  pci_put16 (writable + PCI_MEMORY_BASE, 0xfff0);
  pci_put16 (writable + PCI_MEMORY_LIMIT, 0xfff0);
  pci_put16 (writable + PCI_PREF_MEMORY_BASE, 0xfff0);
  pci_put16 (writable + PCI_PREF_MEMORY_LIMIT, 0xfff0);
  pci_put32 (writable + PCI_PREF_BASE_UPPER32, 0xffffffff);
  pci_put32 (writable + PCI_PREF_LIMIT_UPPER32, 0xffffffff);
  pci_put16 (writable + PCI_BRIDGE_CONTROL,
             PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_BUS_RESET);
}

PciWindow
pci_bridge_io_window (const PciDevice *bridge)
{
  const uint16_t ends = pci_load16 (bridge, PCI_IO_BASE);
  return (PciWindow){ (ends & 0xf0) << 8, (ends & 0xf000) | 0xfff };
}

PciWindow
pci_bridge_memory_window (const PciDevice *bridge)
{
  return (PciWindow){ (uint64_t)(pci_load16 (bridge, PCI_MEMORY_BASE) & 0xfff0) << 16,
                      (uint64_t)(pci_load16 (bridge, PCI_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff };
}

static uint64_t
upper_half (const PciDevice *bridge, unsigned offset)
{
  return (uint64_t)pci_load16 (bridge, offset) << 32 | (uint64_t)pci_load16 (bridge, offset + 2) << 48;
}

PciWindow
pci_bridge_prefetchable_window (const PciDevice *bridge)
{
  const uint64_t base = (uint64_t)(pci_load16 (bridge, PCI_PREF_MEMORY_BASE) & 0xfff0) << 16;
  const uint64_t limit = (uint64_t)(pci_load16 (bridge, PCI_PREF_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
  return (PciWindow){ upper_half (bridge, PCI_PREF_BASE_UPPER32) | base,
                      upper_half (bridge, PCI_PREF_LIMIT_UPPER32) | limit };
}

static bool
holds (PciWindow window, uint64_t start, uint64_t size)
{
  return start >= window.base && start <= window.limit && size - 1 <= window.limit - start;
}

bool
pci_bridge_forwards_io (const PciDevice *bridge, uint64_t port, uint64_t size)
{
  return pci_load16 (bridge, PCI_COMMAND) & PCI_COMMAND_IO &&
         holds (pci_bridge_io_window (bridge), port, size);
}

bool
pci_bridge_forwards_memory (const PciDevice *bridge, uint64_t address, uint64_t size)
{
  return pci_load16 (bridge, PCI_COMMAND) & PCI_COMMAND_MEMORY &&
         (holds (pci_bridge_memory_window (bridge), address, size) ||
          holds (pci_bridge_prefetchable_window (bridge), address, size));
}

/* As long as the guest resets the bus or disables its link, what is behind cannot be reached; and it is
 * reset. */
void
pci_bridge_update (PciDevice *bridge, bool resets)
{
  PciBus *bus = bridge->secondary;
  const bool down =
      pci_load16 (bridge, PCI_BRIDGE_CONTROL) & PCI_BRIDGE_CTL_BUS_RESET ||
      (bridge->express != 0 && pci_load16 (bridge, bridge->express + PCI_EXP_LNKCTL) & PCI_EXP_LNKCTL_LD);
  if (__atomic_exchange_n (&bus->down, down, __ATOMIC_ACQ_REL) || !down || !resets)
    return;
  for (unsigned slot = 0; slot < bus->slots; slot++) {
    PciDevice *behind = pci_bus_device (bus, slot << 3);
    if (behind != NULL)
      device_reset (&behind->dev);
  }
}
