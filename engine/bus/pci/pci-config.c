/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Configuration space: reading, writing, bus mastering, BARs and capabilities. */

#include "pci-internal.h"

#include <string.h>

uint32_t
pci_config_read (PciDevice *pci, unsigned offset, unsigned size)
{
  if (offset >= sizeof pci->config || size == 0 || size > 4 || size > sizeof pci->config - offset)
    return 0xffffffffu >> (32 - 8 * CLAMP (size, 1, 4));
  g_rec_mutex_lock (&pci->dev.lock);
  pci_express_reading (pci, offset, size);
  if (pci->config_reading != NULL)
    pci->config_reading (pci, offset, size);
  uint32_t value = 0;
  for (unsigned i = 0; i < size; i++) {
    uint8_t byte = pci->config[offset + i];
    if (offset + i == PCI_STATUS && __atomic_load_n (&pci->intx_level, __ATOMIC_RELAXED))
      byte |= PCI_STATUS_INTERRUPT;
    value |= (uint32_t)byte << 8 * i;
  }
  g_rec_mutex_unlock (&pci->dev.lock);
  device_trace (&pci->dev, "config read 0x%03x size %u: 0x%x", offset, size, value);
  return value;
}

static bool
is_master (const PciDevice *pci)
{
  return __atomic_load_n (&pci->config[PCI_COMMAND], __ATOMIC_ACQUIRE) & PCI_COMMAND_MASTER;
}

bool
pci_can_dma (const PciDevice *pci)
{
  const PciBus *bus = pci_bus_of (pci);
  if (bus == NULL || !is_master (pci))
    return false;
  /* A bridge passes no requests upstream that it may not make itself. */
  for (const PciDevice *bridge = bus->bridge; bridge != NULL; bridge = bridge->bus->bridge)
    if (!is_master (bridge))
      return false;
  return true;
}

/* Bus mastering was switched on here or above: sends what was held back, here and behind. */
static void
pci_master_changed (PciDevice *pci)
{
  pci_msi_flush (pci);
  pci_msix_flush (pci);
  if (pci->dma_possible != NULL && pci_can_dma (pci))
    pci->dma_possible (pci);
  for (unsigned slot = 0; pci->secondary != NULL && slot < pci->secondary->slots; slot++) {
    PciDevice *behind = pci_bus_device (pci->secondary, slot << 3);
    if (behind != NULL)
      pci_master_changed (behind);
  }
}

/* What follows from a write. */
static void
written (PciDevice *pci, unsigned offset, unsigned size)
{
  /* A bridge's windows count with its BARs. */
  const unsigned bars = (pci->secondary != NULL ? PCI_CAPABILITY_LIST : PCI_CARDBUS_CIS) - PCI_BASE_ADDRESS_0;
  const bool command = pci_overlaps (offset, size, PCI_COMMAND, 2);
  if (pci->secondary != NULL)
    pci_bridge_update (pci, true);
  if (command || pci_overlaps (offset, size, PCI_BASE_ADDRESS_0, bars))
    pci_update_bars (pci);
  if (command) {
    pci_update_intx (pci);
    pci_master_changed (pci);
  } else {
    pci_msi_flush (pci);
    pci_msix_flush (pci);
  }
  if (pci->config_written != NULL)
    pci->config_written (pci, offset, size);
}

void
pci_config_write (PciDevice *pci, unsigned offset, unsigned size, uint32_t value)
{
  if (offset >= sizeof pci->config || size == 0 || size > 4 || size > sizeof pci->config - offset)
    return;
  device_trace (&pci->dev, "config write 0x%03x size %u: 0x%x", offset, size, value);
  g_rec_mutex_lock (&pci->dev.lock);
  for (unsigned i = 0; i < size; i++) {
    const unsigned at = offset + i;
    const uint8_t byte = (uint8_t)(value >> 8 * i);
    uint8_t next = (uint8_t)((pci->config[at] & ~pci->writable[at]) | (byte & pci->writable[at]));
    next &= (uint8_t)~(byte & pci->w1c[at]);
    __atomic_store_n (&pci->config[at], next, __ATOMIC_RELEASE);
  }
  written (pci, offset, size);
  g_rec_mutex_unlock (&pci->dev.lock);
}

MemoryMap *
pci_map (const PciDevice *pci)
{
  return pci->bus != NULL ? pci->bus->config.map : NULL;
}

/* Whether the bridges above pass accesses to the whole of a BAR downstream. */
static bool
is_reached (const PciDevice *pci, bool io, uint64_t address, uint64_t size)
{
  for (const PciDevice *bridge = pci->bus->bridge; bridge != NULL; bridge = bridge->bus->bridge)
    if (__atomic_load_n (&bridge->secondary->down, __ATOMIC_ACQUIRE) ||
        !(io ? pci_bridge_forwards_io (bridge, address, size)
             : pci_bridge_forwards_memory (bridge, address, size)))
      return false;
  return true;
}

/* The address the guest gave a BAR, in the memory map; false where it is not decoded. Another thread may be
 * writing the registers, who will look at them again. */
static bool
bar_address (const PciDevice *pci, unsigned n, uint64_t *ret_address)
{
  const uint16_t command = pci_load16 (pci, PCI_COMMAND);
  const unsigned reg = PCI_BASE_ADDRESS_0 + 4 * n;
  const uint64_t size = pci->bar[n].size;
  const PciBusConfig *bus = &pci->bus->config;
  if (pci->bar[n].type & PCI_BASE_ADDRESS_SPACE_IO) {
    const uint32_t port = pci_load32 (pci, reg) & (uint32_t)PCI_BASE_ADDRESS_IO_MASK;
    if (!(command & PCI_COMMAND_IO) || bus->pio_base == 0 || port == 0 || port + size > 0x10000 ||
        !is_reached (pci, true, port, size))
      return false;
    *ret_address = bus->pio_base + port;
    return true;
  }
  uint64_t address = pci_load32 (pci, reg) & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
  uint64_t limit = UINT64_C (1) << 32;
  if (pci->bar[n].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
    address |= (uint64_t)pci_load32 (pci, reg + 4) << 32;
    limit = UINT64_C (1) << 52;
  }
  /* All ones is what sizing leaves there, with decoding on if the guest is careless. */
  if (!(command & PCI_COMMAND_MEMORY) || address == 0 || address >= limit || address + size >= limit ||
      !is_reached (pci, false, address, size))
    return false;
  *ret_address = bus->mmio_offset + address;
  return true;
}

void
pci_update_bars (PciDevice *pci)
{
  if (pci->bus == NULL || pci->bus->config.map == NULL)
    return;
  MemoryMap *map = pci->bus->config.map;
  memory_begin (map);
  for (unsigned n = 0; n < PCI_BARS; n++) {
    MemoryRegion *region = pci->bar[n].region;
    uint64_t address;
    if (region == NULL)
      continue;
    if (!bar_address (pci, n, &address)) {
      if (region->map != NULL)
        memory_region_unmap (region);
    } else if (region->map == NULL || region->base != address) {
      memory_region_map (map, region, address);
      device_trace (&pci->dev, "BAR %u at 0x%" PRIx64, n, address);
    }
  }
  /* Within the same change: the bridge's registers are read by whoever comes last. */
  for (unsigned slot = 0; pci->secondary != NULL && slot < pci->secondary->slots; slot++) {
    PciDevice *behind = pci_bus_device (pci->secondary, slot << 3);
    if (behind != NULL)
      pci_update_bars (behind);
  }
  memory_commit (map);
}

void
pci_set_bar (PciDevice *pci, unsigned index, MemoryRegion *region, bool is_64bit, bool prefetchable, bool io)
{
  g_return_if_fail (index < PCI_BARS - (is_64bit ? 1 : 0) && region->size >= (io ? 4 : 16));
  g_return_if_fail ((region->size & (region->size - 1)) == 0 &&
                    (is_64bit || region->size <= UINT32_C (1) << 31));
  uint8_t type = io ? PCI_BASE_ADDRESS_SPACE_IO : 0;
  type |= is_64bit ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0;
  type |= prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0;
  pci->bar[index].region = region;
  pci->bar[index].size = region->size;
  pci->bar[index].type = type;
  /* A guest that puts a BAR over RAM or a device of the board sees those: the bridge would not have decoded
   * it. */
  region->priority = -1;
  const unsigned at = PCI_BASE_ADDRESS_0 + 4 * index;
  const uint64_t mask = ~(region->size - 1);
  pci->config[at] = type;
  pci_put32 (pci->writable + at, (uint32_t)mask);
  if (is_64bit)
    pci_put32 (pci->writable + at + 4, (uint32_t)(mask >> 32));
}

unsigned
pci_add_capability (PciDevice *pci, uint8_t id, unsigned size)
{
  const unsigned offset = pci->next_capability;
  if (size < 2 || size > 256 - offset)
    return 0;
  memset (pci->config + offset, 0, size);
  pci->config[offset] = id;
  pci->config[pci->last_capability != 0 ? pci->last_capability + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST] =
      (uint8_t)offset;
  pci->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
  pci->last_capability = offset;
  pci->next_capability = offset + ((size + 3) & ~3u);
  return offset;
}
