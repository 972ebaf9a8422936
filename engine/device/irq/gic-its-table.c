/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ITS's tables in guest memory: of devices and of collections, flat or in two levels, and of each
 * device's events. */

#include "gic-its-private.h"

static bool
read_word (GicIts *its, uint64_t address, uint64_t *ret_value)
{
  uint64_t value;
  if (memory_dma_read (its->map, address, &value, sizeof value) != MEMORY_OK) {
    device_guest_error (&its->dev, "there is no memory for a table at 0x%" G_GINT64_MODIFIER "x", address);
    return false;
  }
  *ret_value = GUINT64_FROM_LE (value);
  return true;
}

static bool
write_word (GicIts *its, uint64_t address, uint64_t value)
{
  value = GUINT64_TO_LE (value);
  if (memory_dma_write (its->map, address, &value, sizeof value) == MEMORY_OK)
    return true;
  device_guest_error (&its->dev, "there is no memory for a table at 0x%" G_GINT64_MODIFIER "x", address);
  return false;
}

static uint64_t
page_size (uint64_t baser)
{
  static const uint32_t sizes[] = { 0x1000, 0x4000, 0x10000, 0x10000 };
  return sizes[baser >> 8 & 3];
}

/* SPEC: IHI 0069, GITS_BASER<n>: pages of 64 KiB leave room for four more bits of address. */
static uint64_t
base_address (uint64_t baser)
{
  if (page_size (baser) < 0x10000)
    return baser & UINT64_C (0x0000fffffffff000);
  return (baser & UINT64_C (0x0000ffffffff0000)) | (baser >> 12 & 15) << 48;
}

static bool
entry_address (GicIts *its, unsigned table, uint32_t id, uint64_t *ret_address)
{
  uint64_t baser = its->baser[table], page = page_size (baser), size = ((baser & 0xff) + 1) * page;
  uint64_t base = base_address (baser), offset = (uint64_t)id * ITS_ENTRY_SIZE, pointer;
  if (!(baser & ITS_VALID))
    return false;
  if (!(baser & ITS_BASER_INDIRECT)) {
    *ret_address = base + offset;
    return offset < size;
  }
  uint64_t first = offset / page * ITS_ENTRY_SIZE;
  if (first >= size || !read_word (its, base + first, &pointer) || !(pointer & ITS_VALID))
    return false;
  *ret_address = (pointer & UINT64_C (0x000ffffffffff000) & ~(page - 1)) + offset % page;
  return true;
}

bool
its_read_entry (GicIts *its, unsigned table, uint32_t id, uint64_t *ret_entry)
{
  uint64_t address;
  return entry_address (its, table, id, &address) && read_word (its, address, ret_entry);
}

bool
its_write_entry (GicIts *its, unsigned table, uint32_t id, uint64_t entry)
{
  uint64_t address;
  return entry_address (its, table, id, &address) && write_word (its, address, entry);
}

bool
its_read_event (GicIts *its, uint32_t device, uint32_t event, uint64_t *ret_address, uint64_t *ret_entry)
{
  uint64_t entry;
  if (device >> ITS_DEVICE_BITS != 0 || !its_read_entry (its, ITS_DEVICES, device, &entry) ||
      !(entry & ITS_VALID))
    return false;
  unsigned bits = MIN ((entry & 31) + 1, ITS_EVENT_BITS);
  if (event >> bits != 0)
    return false;
  *ret_address = (entry & ITS_ADDRESS) + (uint64_t)event * ITS_ENTRY_SIZE;
  return read_word (its, *ret_address, ret_entry);
}

bool
its_write_event (GicIts *its, uint64_t address, uint64_t entry)
{
  return write_word (its, address, entry);
}

bool
its_collection_cpu (GicIts *its, uint32_t collection, uint32_t *ret_cpu)
{
  uint64_t entry;
  if (!its_read_entry (its, ITS_COLLECTIONS, collection, &entry) || !(entry & ITS_VALID))
    return false;
  *ret_cpu = entry & 0xffff;
  return *ret_cpu < its->gic->num_cpus;
}

bool
its_translate (GicIts *its, uint32_t device, uint32_t event, uint32_t *ret_lpi, uint32_t *ret_cpu)
{
  uint64_t address, entry;
  if (!its_read_event (its, device, event, &address, &entry) || !(entry & ITS_VALID))
    return false;
  *ret_lpi = (uint32_t)entry;
  return its_collection_cpu (its, entry >> 32 & 0xffff, ret_cpu);
}

void
its_forget (GicIts *its)
{
  memset (its->cache, 0, sizeof its->cache);
}
