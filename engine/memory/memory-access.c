/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

#include <string.h>

/* Single accesses. */

static uint64_t
host_load (const uint8_t *host, unsigned size)
{
  uint16_t v16;
  uint32_t v32;
  uint64_t v64;
  switch (size) {
    case 1: return *host;
    case 2: memcpy (&v16, host, 2); return GUINT16_FROM_LE (v16);
    case 4: memcpy (&v32, host, 4); return GUINT32_FROM_LE (v32);
    default: memcpy (&v64, host, 8); return GUINT64_FROM_LE (v64);
  }
}

static void
host_store (uint8_t *host, unsigned size, uint64_t value)
{
  uint16_t v16 = GUINT16_TO_LE ((uint16_t)value);
  uint32_t v32 = GUINT32_TO_LE ((uint32_t)value);
  uint64_t v64 = GUINT64_TO_LE (value);
  switch (size) {
    case 1: *host = (uint8_t)value; break;
    case 2: memcpy (host, &v16, 2); break;
    case 4: memcpy (host, &v32, 4); break;
    default: memcpy (host, &v64, 8); break;
  }
}

static uint64_t
low_bytes (uint64_t value, unsigned size)
{
  return size >= 8 ? value : value & ((UINT64_C (1) << 8 * size) - 1);
}

static bool
size_is_valid (unsigned size)
{
  return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool
ops_take (const MmioOps *ops, uint64_t offset, unsigned size, const MemoryReader *reader)
{
  unsigned min_size = ops->min_size == 0 ? 1 : ops->min_size;
  unsigned max_size = ops->max_size == 0 ? 8 : ops->max_size;
  return size >= min_size && size <= max_size && (ops->unaligned || (offset & (size - 1)) == 0) &&
         reader->depth <= MEMORY_DEPTH_MAX;
}

static MemoryResult
section_read (MemoryReader *reader, const ViewSection *section, uint64_t addr, unsigned size,
              uint64_t *ret_value)
{
  if (section->kind != MEMORY_MMIO) {
    *ret_value = host_load (memory_section_host (section, addr), size);
    return MEMORY_OK;
  }
  uint64_t offset = section->offset + (addr - section->start);
  const MmioOps *ops = section->ops;
  if (ops == NULL || ops->read == NULL || !ops_take (ops, offset, size, reader))
    return MEMORY_REFUSED;
  *ret_value = low_bytes (ops->read (section->opaque, offset, size), size);
  return MEMORY_OK;
}

static MemoryResult
section_write (MemoryReader *reader, const ViewSection *section, uint64_t addr, unsigned size, uint64_t value)
{
  uint64_t offset = section->offset + (addr - section->start);
  const MmioOps *ops = section->ops;
  switch (section->kind) {
    case MEMORY_RAM:
      host_store (memory_section_host (section, addr), size, value);
      ram_written (section->ram, section->ram_offset + (addr - section->start), size);
      return MEMORY_OK;
    case MEMORY_ROM: return MEMORY_OK;
    case MEMORY_ROMD:
    case MEMORY_MMIO: break;
  }
  if (ops == NULL || ops->write == NULL || !ops_take (ops, offset, size, reader))
    return MEMORY_REFUSED;
  ops->write (section->opaque, offset, size, low_bytes (value, size));
  return MEMORY_OK;
}

/* Across sections: each byte by itself, up to the first that fails. */
static MemoryResult
read_bytes (MemoryReader *reader, MemoryMap *map, uint64_t addr, unsigned size, uint64_t *ret_value)
{
  uint64_t value = 0;
  for (unsigned i = 0; i < size; i++) {
    uint64_t byte = 0;
    if (addr > UINT64_MAX - i)
      return MEMORY_NOTHING;
    const ViewSection *section = memory_view_find (memory_map_view (map), addr + i);
    MemoryResult result =
        section == NULL ? MEMORY_NOTHING : section_read (reader, section, addr + i, 1, &byte);
    if (result != MEMORY_OK)
      return result;
    value |= byte << 8 * i;
  }
  *ret_value = value;
  return MEMORY_OK;
}

static MemoryResult
write_bytes (MemoryReader *reader, MemoryMap *map, uint64_t addr, unsigned size, uint64_t value)
{
  for (unsigned i = 0; i < size; i++) {
    if (addr > UINT64_MAX - i)
      return MEMORY_NOTHING;
    const ViewSection *section = memory_view_find (memory_map_view (map), addr + i);
    MemoryResult result = section == NULL
                              ? MEMORY_NOTHING
                              : section_write (reader, section, addr + i, 1, value >> 8 * i & 0xff);
    if (result != MEMORY_OK)
      return result;
  }
  return MEMORY_OK;
}

MemoryResult
memory_read (MemoryMap *map, uint64_t addr, unsigned size, uint64_t *ret_value)
{
  *ret_value = 0;
  if (!size_is_valid (size))
    return MEMORY_REFUSED;
  MemoryReader *reader = memory_reader_enter ();
  const ViewSection *section = memory_view_find (memory_map_view (map), addr);
  MemoryResult result;
  if (section == NULL)
    result = MEMORY_NOTHING;
  else if (section->last - addr >= size - 1)
    result = section_read (reader, section, addr, size, ret_value);
  else
    result = read_bytes (reader, map, addr, size, ret_value);
  memory_reader_leave (reader);
  return result;
}

MemoryResult
memory_write (MemoryMap *map, uint64_t addr, unsigned size, uint64_t value)
{
  if (!size_is_valid (size))
    return MEMORY_REFUSED;
  MemoryReader *reader = memory_reader_enter ();
  const ViewSection *section = memory_view_find (memory_map_view (map), addr);
  MemoryResult result;
  if (section == NULL)
    result = MEMORY_NOTHING;
  else if (section->last - addr >= size - 1)
    result = section_write (reader, section, addr, size, value);
  else
    result = write_bytes (reader, map, addr, size, value);
  memory_reader_leave (reader);
  return result;
}
