/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Views and who reads them, for this room's files.
 *
 * Every thread that reads has a record, in which it notes the epoch when it begins and 0 when it is done. A
 * change publishes the new view and then begins a new epoch; what was replaced may go once no record holds an
 * older one. The same records tell when no thread can be inside a device any more. */

#include "memory.h"

#include <stdatomic.h>

/* Devices may access each other (an interrupt message is a store). A guest can make them do so in a circle.
 */
#define MEMORY_DEPTH_MAX 8

typedef struct MemoryReader {
  _Alignas (64) _Atomic uint64_t epoch; /* 0: not reading */
  unsigned depth;                       /* its thread's own: accesses inside accesses */
  atomic_bool used;                     /* belongs to a living thread */
  struct MemoryReader *next;
} MemoryReader;

extern _Thread_local MemoryReader *memory_reader;
extern _Atomic uint64_t memory_epoch;

MemoryReader *memory_reader_register (void);

static inline MemoryReader *
memory_reader_enter (void)
{
  MemoryReader *reader = memory_reader;
  if (G_UNLIKELY (reader == NULL))
    reader = memory_reader_register ();
  /* The store must be seen before the view is read: sequential consistency. */
  if (reader->depth++ == 0)
    atomic_store (&reader->epoch, atomic_load_explicit (&memory_epoch, memory_order_acquire));
  return reader;
}

static inline void
memory_reader_leave (MemoryReader *reader)
{
  if (--reader->depth == 0)
    atomic_store_explicit (&reader->epoch, 0, memory_order_release);
}

/* Begins a new epoch and returns it. */
uint64_t memory_epoch_begin (void);
/* Whether a thread (but for the caller's, if `others`) may still be reading since before `epoch` began. */
bool memory_epoch_in_use (uint64_t epoch, bool others);

/* A part of a region that is seen, with what an access needs. */
typedef struct {
  uint64_t start, last; /* inclusive, so that the end of the space has no special case */
  MemoryKind kind;
  MemoryRegion *region;
  uint64_t offset; /* in the region, of start */
  RamBlock *ram;
  uint64_t ram_offset; /* in the block, of start */
  const MmioOps *ops;
  void *opaque;
} ViewSection;

struct MemoryView {
  unsigned n;
  uint64_t *starts; /* of the sections, on their own for the search's sake */
  ViewSection *sections;
  uint64_t epoch;   /* once replaced: may go when nobody reads since before it */
  MemoryView *next; /* in the list of replaced ones */
};

MemoryView *memory_view_new (const GPtrArray *regions, unsigned address_bits);
void memory_view_free (MemoryView *view);
bool memory_view_equal (const MemoryView *a, const MemoryView *b);

static inline const ViewSection *
memory_view_find (const MemoryView *view, uint64_t addr)
{
  unsigned at = 0;
  for (unsigned n = view->n; n > 1;) {
    unsigned half = n / 2;
    at += view->starts[at + half] <= addr ? half : 0;
    n -= half;
  }
  const ViewSection *section = &view->sections[at];
  return view->n != 0 && addr >= section->start && addr <= section->last ? section : NULL;
}

struct MemoryMap {
  unsigned address_bits;
  _Atomic (MemoryView *) view;
  GRecMutex lock;     /* all that follows; held from begin to commit */
  unsigned depth;     /* of transactions */
  bool changed;       /* since the view was made */
  GPtrArray *regions; /* in the order in which they were mapped */
  GArray *listeners;
  MemoryView *replaced;
};

static inline const MemoryView *
memory_map_view (MemoryMap *map)
{
  return atomic_load (&map->view);
}

/* The host's address of a byte of a section that has a block. */
static inline uint8_t *
memory_section_host (const ViewSection *section, uint64_t addr)
{
  return section->ram->host + section->ram_offset + (addr - section->start);
}
