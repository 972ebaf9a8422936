/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

#include <string.h>

/* Bulk access, section by section. */

typedef enum { DMA_READ, DMA_WRITE, DMA_DEBUG_WRITE } DmaAccess;

static MemoryResult
dma_allowed (const ViewSection *section, DmaAccess access)
{
  if (section == NULL || section->kind == MEMORY_MMIO)
    return MEMORY_NOTHING;
  return access == DMA_WRITE && section->kind != MEMORY_RAM ? MEMORY_REFUSED : MEMORY_OK;
}

/* How much of `size` lies in the section from `addr` on. */
static uint64_t
dma_span (const ViewSection *section, uint64_t addr, uint64_t size)
{
  uint64_t after = section->last - addr; /* bytes behind the one at addr */
  return size - 1 > after ? after + 1 : size;
}

static void
dma_copy (const ViewSection *section, uint64_t addr, uint8_t *buffer, uint64_t size, DmaAccess access)
{
  uint8_t *host = memory_section_host (section, addr);
  if (access == DMA_READ) {
    memcpy (buffer, host, size);
    return;
  }
  memcpy (host, buffer, size);
  ram_written (section->ram, section->ram_offset + (addr - section->start), size);
}

static MemoryResult
dma_transfer (MemoryMap *map, uint64_t addr, uint8_t *buffer, uint64_t size, DmaAccess access)
{
  MemoryReader *reader = memory_reader_enter ();
  const MemoryView *view = memory_map_view (map);
  MemoryResult result = MEMORY_OK;
  while (size != 0) {
    const ViewSection *section = memory_view_find (view, addr);
    result = dma_allowed (section, access);
    if (result != MEMORY_OK)
      break;
    uint64_t n = dma_span (section, addr, size);
    dma_copy (section, addr, buffer, n, access);
    buffer += n;
    addr += n;
    size -= n;
    if (addr == 0 && size != 0) { /* addresses do not wrap */
      result = MEMORY_NOTHING;
      break;
    }
  }
  memory_reader_leave (reader);
  return result;
}

MemoryResult
memory_dma_read (MemoryMap *map, uint64_t addr, void *buffer, uint64_t size)
{
  return dma_transfer (map, addr, buffer, size, DMA_READ);
}

MemoryResult
memory_dma_write (MemoryMap *map, uint64_t addr, const void *buffer, uint64_t size)
{
  return dma_transfer (map, addr, (uint8_t *)buffer, size, DMA_WRITE);
}

MemoryResult
memory_debug_write (MemoryMap *map, uint64_t addr, const void *buffer, uint64_t size)
{
  return dma_transfer (map, addr, (uint8_t *)buffer, size, DMA_DEBUG_WRITE);
}

void *
memory_dma_map (MemoryMap *map, uint64_t addr, uint64_t size, bool write, uint64_t *ret_size)
{
  void *host = NULL;
  *ret_size = 0;
  if (size == 0)
    return NULL;
  MemoryReader *reader = memory_reader_enter ();
  const ViewSection *section = memory_view_find (memory_map_view (map), addr);
  if (dma_allowed (section, write ? DMA_WRITE : DMA_READ) == MEMORY_OK) {
    host = memory_section_host (section, addr);
    *ret_size = dma_span (section, addr, size);
  }
  memory_reader_leave (reader);
  return host;
}

void
memory_dma_done (MemoryMap *map, uint64_t addr, uint64_t size)
{
  MemoryReader *reader = memory_reader_enter ();
  const MemoryView *view = memory_map_view (map);
  while (size != 0) {
    const ViewSection *section = memory_view_find (view, addr);
    if (dma_allowed (section, DMA_WRITE) != MEMORY_OK)
      break;
    uint64_t n = dma_span (section, addr, size);
    ram_written (section->ram, section->ram_offset + (addr - section->start), n);
    addr += n;
    size -= n;
    if (addr == 0)
      break;
  }
  memory_reader_leave (reader);
}
