/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Configuration space of type 0: reading, writing, BARs and capabilities. */

#include "pci-internal.h"

#include <string.h>

static bool
overlaps (unsigned offset, unsigned size, unsigned start, unsigned length)
{
  return offset < start + length && start < offset + size;
}

uint32_t
pci_config_read (PciDevice *pci, unsigned offset, unsigned size)
{
  if (offset >= sizeof pci->config || size == 0 || size > 4 || size > sizeof pci->config - offset)
    return 0xffffffffu >> (32 - 8 * CLAMP (size, 1, 4));
  g_rec_mutex_lock (&pci->dev.lock);
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
  if (overlaps (offset, size, PCI_COMMAND, 2) || overlaps (offset, size, PCI_BASE_ADDRESS_0, 4 * PCI_BARS))
    pci_update_bars (pci);
  if (overlaps (offset, size, PCI_COMMAND, 2))
    pci_update_intx (pci);
  pci_msix_flush (pci);
  if (pci->config_written != NULL)
    pci->config_written (pci, offset, size);
  g_rec_mutex_unlock (&pci->dev.lock);
}

bool
pci_can_dma (const PciDevice *pci)
{
  return pci_bus_of (pci) != NULL && is_master (pci);
}

MemoryMap *
pci_map (const PciDevice *pci)
{
  return pci->bus != NULL ? pci->bus->config.map : NULL;
}

/* The address the guest gave a BAR, in the memory map; false where it is not decoded. */
static bool
bar_address (const PciDevice *pci, unsigned n, uint64_t *ret_address)
{
  const uint16_t command = pci_get16 (pci->config + PCI_COMMAND);
  const uint8_t *reg = pci->config + PCI_BASE_ADDRESS_0 + 4 * n;
  const uint64_t size = pci->bar[n].size;
  const PciBusConfig *bus = &pci->bus->config;
  if (pci->bar[n].type & PCI_BASE_ADDRESS_SPACE_IO) {
    const uint32_t port = pci_get32 (reg) & (uint32_t)PCI_BASE_ADDRESS_IO_MASK;
    if (!(command & PCI_COMMAND_IO) || bus->pio_base == 0 || port == 0 || port + size > 0x10000)
      return false;
    *ret_address = bus->pio_base + port;
    return true;
  }
  uint64_t address = pci_get32 (reg) & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
  uint64_t limit = UINT64_C (1) << 32;
  if (pci->bar[n].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
    address |= (uint64_t)pci_get32 (reg + 4) << 32;
    limit = UINT64_C (1) << 52;
  }
  /* All ones is what sizing leaves there, with decoding on if the guest is careless. */
  if (!(command & PCI_COMMAND_MEMORY) || address == 0 || address >= limit || address + size >= limit)
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

void
pci_add_express (PciDevice *pci)
{
  /* Version 2 has registers up to Slot Status 2; those of links and slots are zero in an integrated endpoint.
   */
  const unsigned cap = pci_add_capability (pci, PCI_CAP_ID_EXP, 0x3c);
  if (cap == 0)
    return;
  pci_put16 (pci->config + cap + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
  pci_put32 (pci->config + cap + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER);
  pci_put16 (pci->writable + cap + PCI_EXP_DEVCTL,
             PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE);
}
