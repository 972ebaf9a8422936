/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ram-changes.h"

#include <string.h>

/* A vCPU that found the page writable just before ram_clean() may store just after the page was read.  So
 * what was taken is looked at once more the next time: by then the store is there. */

struct RamChanges {
  RamBlock *block;
  uint64_t offset, size;
  uint64_t first; /* page */
  uint64_t words;
  uint64_t *now, *last; /* taken by the latest look and the one before */
  bool some;            /* any bit in `now` */
};

RamChanges *
ram_changes_new (RamBlock *block, uint64_t offset, uint64_t size)
{
  RamChanges *changes = g_new (RamChanges, 1);
  uint64_t first = offset >> RAM_PAGE_BITS, last = (offset + size - 1) >> RAM_PAGE_BITS;
  uint64_t words = (last - first) / 64 + 1;
  *changes = (RamChanges){ .block = block,
                           .offset = offset,
                           .size = size,
                           .first = first,
                           .words = words,
                           .now = g_new0 (uint64_t, words),
                           .last = g_new0 (uint64_t, words) };
  ram_log_start (block);
  return changes;
}

void
ram_changes_free (RamChanges *changes)
{
  ram_log_stop (changes->block);
  g_free (changes->now);
  g_free (changes->last);
  g_free (changes);
}

bool
ram_changes_look (RamChanges *changes)
{
  uint64_t *older = changes->last;
  bool before = changes->some;
  changes->last = changes->now;
  changes->now = older;
  changes->some = ram_clean (changes->block, changes->offset, changes->size, changes->now) != 0;
  return changes->some || before;
}

bool
ram_changes_in (const RamChanges *changes, uint64_t offset, uint64_t size)
{
  if (offset >= changes->size || size == 0)
    return false;
  uint64_t end = offset + MIN (size, changes->size - offset) - 1;
  uint64_t page = ((changes->offset + offset) >> RAM_PAGE_BITS) - changes->first;
  uint64_t last = ((changes->offset + end) >> RAM_PAGE_BITS) - changes->first;
  for (; page <= last; page++)
    if ((changes->now[page / 64] | changes->last[page / 64]) >> (page % 64) & 1)
      return true;
  return false;
}
