/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The guest physical address space: RAM, ROM and devices at their addresses.
 *
 * Regions are added, moved and removed by boards and buses; each change makes a new immutable view (a sorted
 * array of sections), which replaces the old one at once.  Readers take no lock.  Overlaps are resolved by
 * priority. */

#include "ram.h"

typedef struct MemoryMap MemoryMap;
typedef struct MemoryRegion MemoryRegion;
typedef struct MemoryView MemoryView;

/* How a device is read and written: offset into the region; size 1, 2, 4 or 8. Called on vCPU threads without
 * any lock held: the device takes its own. */
typedef struct {
  uint64_t (*read) (void *opaque, uint64_t offset, unsigned size);
  void (*write) (void *opaque, uint64_t offset, unsigned size, uint64_t value);
  /* Sizes the device takes (0: 1 and 8); other accesses are refused with a bus error. */
  unsigned min_size, max_size;
  bool unaligned; /* offsets need not be multiples of the size */
} MmioOps;

typedef enum {
  MEMORY_RAM,  /* loads and stores go to the block */
  MEMORY_ROM,  /* loads go to the block, stores are dropped */
  MEMORY_ROMD, /* loads go to the block, stores to the ops (a flash chip that is being read) */
  MEMORY_MMIO, /* both go to the ops */
} MemoryKind;

struct MemoryRegion {
  const char *name; /* as info mtree shows it; must outlive the region */
  MemoryKind kind;
  uint64_t size;
  int priority;  /* the higher one is seen */
  RamBlock *ram; /* RAM, ROM, ROMD: bytes from ram_offset on */
  uint64_t ram_offset;
  const MmioOps *ops; /* ROMD, MMIO */
  void *opaque;
  /* The map's own: */
  uint64_t base;
  MemoryMap *map; /* NULL: not mapped */
};

/* What the flat view says about an address, as it was when it was looked up. */
typedef struct {
  uint64_t start, size; /* guest physical */
  MemoryKind kind;
  RamBlock *ram;              /* NULL for MMIO */
  uint64_t ram_offset;        /* in the block, of `start` */
  const MemoryRegion *region; /* tells regions apart; its owner may free it any time */
  uint64_t offset;            /* in the region, of `start` */
} MemorySection;

MemoryMap *memory_map_new (unsigned address_bits);
/* Regions still mapped are unmapped, not freed. Nobody may use the map any more. */
void memory_map_free (MemoryMap *map);
/* Maps the region (which the caller owns) at `base`; moves it if it is mapped already. Calls the listeners.
 * Of regions with equal priority the one mapped last is seen; what lies beyond the address space is not. */
void memory_region_map (MemoryMap *map, MemoryRegion *region, uint64_t base);
void memory_region_unmap (MemoryRegion *region);
/* Changes the kind of a mapped region (a flash chip between read and command mode). */
void memory_region_set_kind (MemoryRegion *region, MemoryKind kind);
/* Several changes as one: the view is made anew at the outermost commit. */
void memory_begin (MemoryMap *map);
void memory_commit (MemoryMap *map);
/* Called after each change of the view, on the thread that made it (vCPUs drop their TLBs). */
void memory_add_listener (MemoryMap *map, void (*changed) (void *opaque), void *opaque);
/* No change may be under way on another thread. */
void memory_remove_listener (MemoryMap *map, void *opaque);

/* The section that holds `addr`, copied out; false when nothing is mapped there. Any thread, no lock. */
bool memory_find (MemoryMap *map, uint64_t addr, MemorySection *ret_section);
/* After unmapping a region that is to be freed: waits until no other thread's access can still be inside it.
 * Two devices must not call it from inside accesses of theirs at the same time: they would wait for each
 * other. */
void memory_quiesce (MemoryMap *map);

typedef enum {
  MEMORY_OK,
  MEMORY_NOTHING, /* nothing is mapped there */
  MEMORY_REFUSED, /* the device does not take such an access, or devices have gone on too long accessing each
                     other */
} MemoryResult;

/* One access of a vCPU: size 1, 2, 4 or 8, little-endian. A device may be in between. An access that crosses
 * from one section to another is done bytewise. */
MemoryResult memory_read (MemoryMap *map, uint64_t addr, unsigned size, uint64_t *ret_value);
MemoryResult memory_write (MemoryMap *map, uint64_t addr, unsigned size, uint64_t value);

/* Bulk access by devices (DMA), RAM and ROM only: MEMORY_NOTHING where any of it is anything else,
 * MEMORY_REFUSED where ROM is to be written, with nothing written beyond the part before it. */
MemoryResult memory_dma_read (MemoryMap *map, uint64_t addr, void *buffer, uint64_t size);
MemoryResult memory_dma_write (MemoryMap *map, uint64_t addr, const void *buffer, uint64_t size);
/* Host memory for guest RAM from `addr` on: as much of `size` as is contiguous (*ret_size), or NULL. For
 * writing, RAM only; call memory_dma_done() for what was written. The pointer stays valid as long as the
 * block. */
void *memory_dma_map (MemoryMap *map, uint64_t addr, uint64_t size, bool write, uint64_t *ret_size);
void memory_dma_done (MemoryMap *map, uint64_t addr, uint64_t size);

/* For debuggers, loaders and the monitor: like DMA, but writes ROM too. */
MemoryResult memory_debug_write (MemoryMap *map, uint64_t addr, const void *buffer, uint64_t size);

/* Text of the regions, or `flat` of the view, for info mtree. */
void memory_print (MemoryMap *map, bool flat, GString *out);
