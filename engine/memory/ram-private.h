/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What only the RAM files know of a block. */

#include "ram.h"

typedef struct {
  RamBlock block; /* must be first */
  /* The dirty bits stay allocated when logging stops, because a store on another thread may be about to set
   * one. */
  uint64_t *dirty_memory;
  GMutex log_lock;
  unsigned logs; /* how many users have started logging */
  unsigned slot; /* in the table of blocks */
} RamBlockFull;

static inline uint64_t
ram_pages (const RamBlock *block)
{
  return block->size >> RAM_PAGE_BITS;
}

static inline size_t
ram_dirty_words (const RamBlock *block)
{
  return (ram_pages (block) + 63) / 64;
}
