/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <stdlib.h>

/* Writing zeroes and discarding: by changing L2 entries where whole clusters are meant. */

typedef enum { MAKE_ZERO, MAKE_ZERO_AND_FREE, DISCARD, FORGET } Change;

/* More ranges that wait for being freed than this are freed at once. */
#define MAX_FREED 16384

#define ALL_ZERO (UINT64_C (0xffffffff) << 32)

/* What an entry becomes; false: it stays. */
static bool
new_entry (const Qcow2 *s, Change change, uint64_t entry, uint64_t bitmap, uint64_t *ret_entry,
           uint64_t *ret_bitmap)
{
  Qcow2Map map;
  bool backing = s->block->backing != NULL || s->block->backing_name != NULL;
  qcow2_decode (s, entry, bitmap, 0, &map);
  bool unallocated = map.type == MAP_UNALLOCATED && !map.host && !(uint32_t)bitmap;
  *ret_entry = *ret_bitmap = 0;
  if (change == FORGET || (change == DISCARD && !backing))
    return !unallocated || bitmap != 0;
  bool keep = change == MAKE_ZERO && map.host && map.copied && map.type != MAP_COMPRESSED;
  if (keep)
    *ret_entry = (entry & QCOW2_OFFSET_MASK) | QCOW2_COPIED;
  if (s->extended_l2)
    *ret_bitmap = ALL_ZERO;
  else
    *ret_entry |= QCOW2_ZERO;
  return *ret_entry != entry || *ret_bitmap != bitmap;
}

/* Changes the entries of the clusters from `first` on that are in one slice, at most `n`. Holds s->lock. */
static int
change_slice (Qcow2 *s, Change change, uint64_t first, uint64_t n, uint64_t *ret_done)
{
  Qcow2Slice *slice;
  uint64_t offset = first << s->cluster_bits, table = s->l2_entries - first % s->l2_entries;
  bool backing = s->block->backing != NULL || s->block->backing_name != NULL;
  *ret_done = MIN (n, s->slice_entries - first % s->slice_entries);
  if (first / s->l2_entries >= s->l1_size)
    return -EIO;
  if (!s->l1[first / s->l2_entries] && (!backing || change == FORGET)) {
    *ret_done = MIN (n, table);
    return 0;
  }
  for (uint64_t i = 0; i < *ret_done; i++, offset += s->cluster_size) {
    uint64_t entry, bitmap, changed_entry, changed_bitmap;
    Qcow2Map map;
    /* This finds entries that make no sense. */
    int result = qcow2_map (s, offset, s->cluster_size, &map);
    if (result == 0)
      result = qcow2_slice_for_writing (s, offset, &slice);
    if (result < 0)
      return result;
    qcow2_entry_load (s, slice, offset, &entry, &bitmap);
    if (!new_entry (s, change, entry, bitmap, &changed_entry, &changed_bitmap))
      continue;
    qcow2_entry_store (s, slice, offset, changed_entry, changed_bitmap);
    if ((changed_entry & QCOW2_OFFSET_MASK) == 0)
      qcow2_free_entry (s, entry);
  }
  return 0;
}

/* Whole clusters [first, first + n). */
static int
change_clusters (Qcow2 *s, Change change, uint64_t first, uint64_t n)
{
  BlockTracked tracked;
  int result = 0;
  for (uint64_t done = 0, step; done < n && result == 0; done += step) {
    step = MIN (n - done, (uint64_t)s->l2_entries * 64);
    tracked_wait (s->block, &tracked, (first + done) << s->cluster_bits, step << s->cluster_bits, true);
    for (uint64_t at = 0, here = 0; at < step && result == 0; at += here) {
      g_mutex_lock (&s->lock);
      result = change_slice (s, change, first + done + at, step - at, &here);
      if (result == 0 && s->freed->len > MAX_FREED)
        result = qcow2_write_metadata (s);
      g_mutex_unlock (&s->lock);
    }
    tracked_end (s->block, &tracked);
  }
  return result;
}

/* Zero bytes as data, unless the range reads as zeroes already. */
static int
write_zero_data (Qcow2 *s, uint64_t offset, uint64_t size)
{
  uint64_t step = MIN (size, 1 << 20);
  void *zeroes = step ? aligned_alloc (4096, round_up (step, 4096)) : NULL;
  int result = 0;
  if (zeroes)
    memset (zeroes, 0, step);
  else if (step)
    return -ENOMEM;
  while (size > 0 && result == 0) {
    BlockExtent extent = { 0 };
    uint64_t here = MIN (size, step);
    result = qcow2_extent (s->block, offset, here, &extent);
    if (result == 0)
      here = MIN (here, extent.size);
    struct iovec iov = { zeroes, here };
    if (result == 0 && !(extent.flags & BLOCK_ZERO))
      result = qcow2_pwritev (s->block, offset, here, &iov, 1);
    offset += here;
    size -= here;
  }
  free (zeroes);
  return result;
}

/* The clusters that lie whole in a range; what is cut off by the disk's end counts as whole. */
static uint64_t
whole_clusters (Qcow2 *s, uint64_t offset, uint64_t size, uint64_t *ret_first)
{
  uint64_t end = offset + size;
  if (end == block_bytes (s->block))
    end = round_up (end, s->cluster_size);
  *ret_first = round_up (offset, s->cluster_size) >> s->cluster_bits;
  return end >> s->cluster_bits > *ret_first ? (end >> s->cluster_bits) - *ret_first : 0;
}

int
qcow2_write_zeroes (Block *block, uint64_t offset, uint64_t size, bool may_unmap)
{
  Qcow2 *s = block->priv;
  uint64_t first, n = whole_clusters (s, offset, size, &first);
  bool backing = block->backing || block->backing_name;
  int result = qcow2_make_modifiable (s);
  if (result < 0)
    return result;
  /* Version 2 has no entry that says zero, but what is unallocated is without a backing file. */
  if (n == 0 || (s->version < 3 && (backing || !may_unmap)))
    return write_zero_data (s, offset, size);
  uint64_t start = first << s->cluster_bits, end = MIN ((first + n) << s->cluster_bits, offset + size);
  result = write_zero_data (s, offset, start - offset);
  if (result == 0)
    result = change_clusters (s,
                              s->version < 3 ? DISCARD
                              : may_unmap    ? MAKE_ZERO_AND_FREE
                                             : MAKE_ZERO,
                              first, n);
  return result == 0 ? write_zero_data (s, end, offset + size - end) : result;
}

int
qcow2_discard (Block *block, uint64_t offset, uint64_t size)
{
  Qcow2 *s = block->priv;
  uint64_t first, n = whole_clusters (s, offset, size, &first);
  /* In version 2 the backing file would show through. */
  if (n == 0 || (s->version < 3 && (block->backing || block->backing_name)))
    return 0;
  int result = qcow2_make_modifiable (s);
  return result == 0 ? change_clusters (s, DISCARD, first, n) : result;
}

int
qcow2_forget_clusters (Qcow2 *s, uint64_t first, uint64_t n)
{
  return change_clusters (s, FORGET, first, n);
}
