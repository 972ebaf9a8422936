/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <stdlib.h>

/* Reading and writing data where map() could not help. */

/* ---- Reading ---- */

static int
read_run (Qcow2 *s, const Qcow2Map *map, uint64_t offset, const struct iovec *iov, int n_iov)
{
  uint64_t size = iov_size (iov, n_iov);
  switch (map->type) {
    case MAP_DATA: return file_preadv (s->file, map->host, iov, n_iov);
    case MAP_COMPRESSED: {
      g_autofree uint8_t *cluster = g_malloc (s->cluster_size);
      int result = qcow2_read_compressed (s, map, cluster);
      if (result == 0)
        iov_from_buffer (iov, n_iov, 0, cluster + (offset & (s->cluster_size - 1)), size);
      return result;
    }
    case MAP_UNALLOCATED:
      if (s->block->backing)
        return block_read_chain (s->block->backing, offset, size, iov, n_iov);
      iov_zero (iov, n_iov, 0, size);
      return 0;
    default: iov_zero (iov, n_iov, 0, size); return 0;
  }
}

/* The caller holds the range. */
static int
qcow2_read_held (Qcow2 *s, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  g_autofree struct iovec *part = g_new (struct iovec, n_iov);
  int result = 0;
  for (uint64_t done = 0; done < size && result == 0;) {
    Qcow2Map map;
    g_mutex_lock (&s->lock);
    result = qcow2_map (s, offset + done, size - done, &map);
    g_mutex_unlock (&s->lock);
    if (result < 0)
      return result;
    uint64_t here = MIN (map.size, size - done);
    int n = iov_slice (part, iov, n_iov, done, here);
    result = read_run (s, &map, offset + done, part, n);
    done += here;
  }
  return result;
}

int
qcow2_preadv (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  Qcow2 *s = block->priv;
  BlockTracked tracked;
  if (!block->has_tracking)
    return qcow2_read_held (s, offset, size, iov, n_iov);
  tracked_wait (block, &tracked, offset, size, false);
  int result = qcow2_read_held (s, offset, size, iov, n_iov);
  tracked_end (block, &tracked);
  return result;
}

/* ---- Writing in place ---- */

/* Writes as much as is data already and ours alone. Returns the bytes, 0 if there are none at the offset. */
static int64_t
write_in_place (Qcow2 *s, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  Qcow2Map map;
  g_mutex_lock (&s->lock);
  int result = qcow2_map (s, offset, size, &map);
  g_mutex_unlock (&s->lock);
  if (result < 0 || map.type != MAP_DATA || !map.copied)
    return result;
  uint64_t here = MIN (size, map.size);
  g_autofree struct iovec *part = g_new (struct iovec, n_iov);
  int n = iov_slice (part, iov, n_iov, 0, here);
  result = file_pwritev (s->file, map.host, part, n);
  return result < 0 ? result : (int64_t)here;
}

/* ---- Writing to new clusters ---- */

/* A write that needs clusters: what it covers, and what must be written around it. */
typedef struct {
  BlockRoom room;
  bool fresh;          /* the clusters were allocated for it */
  bool virgin;         /* ...and read as zeroes */
  uint64_t start, end; /* what is written, of the disk */
} Plan;

/* All of a cluster must be written if it is data somewhere else; else subclusters do. */
static bool
needs_whole (const Qcow2 *s, uint64_t entry, uint64_t bitmap)
{
  if (entry & QCOW2_COMPRESSED || !s->extended_l2)
    return true;
  return entry & QCOW2_OFFSET_MASK && !(entry & QCOW2_COPIED) && (uint32_t)bitmap;
}

/* The entry has a cluster of its own to write to, if not data in all of it. */
static bool
has_own_cluster (uint64_t entry)
{
  return !(entry & QCOW2_COMPRESSED) && entry & QCOW2_COPIED;
}

/* Finds the clusters for the beginning of [offset, end). ret_plan->room.n is 0 where the data can go in place
 * after all. Holds s->lock. */
static int
make_plan (Qcow2 *s, uint64_t offset, uint64_t end, Plan *ret_plan)
{
  Qcow2Slice *slice;
  Qcow2Map map;
  Plan plan = { .room.first = offset >> s->cluster_bits, .start = offset };
  BlockRoom *room = &plan.room;
  int result = qcow2_map (s, offset, end - offset, &map);
  if (result == 0 && map.type == MAP_DATA && map.copied) {
    *ret_plan = plan;
    return 0;
  }
  if (result == 0)
    result = qcow2_slice_for_writing (s, offset, &slice);
  if (result < 0)
    return result;
  uint64_t entry, bitmap, first_entry, first_bitmap;
  qcow2_entry_load (s, slice, offset, &first_entry, &first_bitmap);
  room->n = 1;
  if (has_own_cluster (first_entry))
    room->host = first_entry & QCOW2_OFFSET_MASK;
  else {
    uint64_t most = MIN (s->slice_entries - room->first % s->slice_entries,
                         ((end - 1) >> s->cluster_bits) - room->first + 1);
    while (room->n < most) {
      qcow2_entry_load (s, slice, (room->first + room->n) << s->cluster_bits, &entry, &bitmap);
      if (has_own_cluster (entry))
        break;
      room->n++;
    }
    plan.fresh = true;
    result = qcow2_alloc (s, room->n, &room->host, &room->n, &plan.virgin);
    if (result < 0)
      return result;
    if (plan.virgin)
      qcow2_lengthen (s, room->host + (room->n << s->cluster_bits));
    /* Allocation never touches L2 tables, so the slice is still there. */
  }
  uint64_t last = room->first + room->n - 1;
  plan.end = MIN (end, (last + 1) << s->cluster_bits);
  qcow2_entry_load (s, slice, last << s->cluster_bits, &entry, &bitmap);
  room->begin = needs_whole (s, first_entry, first_bitmap) ? room->first << s->cluster_bits
                                                           : offset - offset % s->subcluster_size;
  room->stop = needs_whole (s, entry, bitmap) ? (last + 1) << s->cluster_bits
                                              : round_up (plan.end, s->subcluster_size);
  *ret_plan = plan;
  return 0;
}

/* Whether a range reads as zeroes without looking at data. */
static int
reads_as_zero (Qcow2 *s, uint64_t offset, uint64_t size, bool *ret_zero)
{
  *ret_zero = true;
  while (size > 0 && *ret_zero && offset < block_bytes (s->block)) {
    Qcow2Map map;
    g_mutex_lock (&s->lock);
    int result = qcow2_map (s, offset, size, &map);
    g_mutex_unlock (&s->lock);
    if (result < 0)
      return result;
    uint64_t here = MIN (map.size, size);
    *ret_zero =
        map.type == MAP_ZERO || (map.type == MAP_UNALLOCATED && qcow2_backing_is_zero (s, offset, &here));
    offset += here;
    size -= here;
  }
  return 0;
}

/* What is around the data: a buffer with it in *ret_buffer, or NULL where the cluster holds it already. */
static int
fill (Qcow2 *s, const Plan *plan, uint64_t offset, uint64_t size, void **ret_buffer)
{
  bool zero;
  *ret_buffer = NULL;
  int result = size ? reads_as_zero (s, offset, size, &zero) : 0;
  if (result < 0 || size == 0 || (zero && plan->virgin))
    return result;
  void *buffer = aligned_alloc (4096, round_up (size, 4096));
  if (!buffer)
    return -ENOMEM;
  memset (buffer, 0, size);
  if (!zero) {
    uint64_t end = block_bytes (s->block), here = offset < end ? MIN (size, end - offset) : 0;
    struct iovec iov = { buffer, here };
    result = here ? qcow2_read_held (s, offset, here, &iov, 1) : 0;
  }
  if (result < 0)
    free (buffer);
  else
    *ret_buffer = buffer;
  return result;
}

static int
write_plan (Qcow2 *s, const Plan *plan, const struct iovec *iov, int n_iov)
{
  const BlockRoom *room = &plan->room;
  void *head = NULL, *tail = NULL;
  uint64_t head_size = plan->start - room->begin, tail_size = room->stop - plan->end;
  int result = fill (s, plan, room->begin, head_size, &head);
  if (result == 0)
    result = fill (s, plan, plan->end, tail_size, &tail);
  if (result == 0) {
    g_autofree struct iovec *all = g_new (struct iovec, n_iov + 2);
    int n = 0;
    uint64_t at = room->host + ((head ? room->begin : plan->start) - (room->first << s->cluster_bits));
    if (head)
      all[n++] = (struct iovec){ head, head_size };
    n += iov_slice (all + n, iov, n_iov, 0, plan->end - plan->start);
    if (tail)
      all[n++] = (struct iovec){ tail, tail_size };
    result = file_pwritev (s->file, at, all, n);
  }
  free (head);
  free (tail);
  return result;
}

static uint64_t
bitmap_of_range (const Qcow2 *s, uint64_t from, uint64_t to)
{
  unsigned first = (unsigned)(from / s->subcluster_size);
  unsigned count = (unsigned)((to - from + s->subcluster_size - 1) / s->subcluster_size);
  uint64_t mask = count >= 32 ? 0xffffffff : (UINT64_C (1) << count) - 1;
  return mask << first & 0xffffffff;
}

int
qcow2_link (Qcow2 *s, const BlockRoom *room, bool fresh)
{
  for (uint64_t i = 0; i < room->n; i++) {
    uint64_t start = (room->first + i) << s->cluster_bits, entry, bitmap;
    Qcow2Slice *slice;
    int result = qcow2_slice_for_writing (s, start, &slice);
    if (result < 0)
      return result;
    qcow2_entry_load (s, slice, start, &entry, &bitmap);
    uint64_t from = MAX (room->begin, start) - start, to = MIN (room->stop, start + s->cluster_size) - start;
    uint64_t covered = s->extended_l2 ? bitmap_of_range (s, from, to) : 0;
    if (entry & QCOW2_COMPRESSED)
      bitmap = 0;
    bitmap = (bitmap | covered) & ~(covered << 32);
    qcow2_entry_store (s, slice, start, (room->host + (i << s->cluster_bits)) | QCOW2_COPIED, bitmap);
    if (fresh)
      qcow2_free_entry (s, entry);
  }
  return 0;
}

/* Writes the beginning of the data, the range being ours alone. Returns the bytes. */
static int64_t
write_new (Qcow2 *s, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  Plan plan;
  g_mutex_lock (&s->lock);
  int result = make_plan (s, offset, offset + size, &plan);
  g_mutex_unlock (&s->lock);
  if (result < 0)
    return result;
  if (plan.room.n == 0)
    return write_in_place (s, offset, size, iov, n_iov);
  result = write_plan (s, &plan, iov, n_iov);
  g_mutex_lock (&s->lock);
  if (result == 0)
    result = qcow2_link (s, &plan.room, plan.fresh);
  else if (plan.fresh)
    qcow2_unalloc (s, plan.room.host, plan.room.n);
  g_mutex_unlock (&s->lock);
  return result < 0 ? result : (int64_t)(plan.end - plan.start);
}

static int
write_from (Qcow2 *s, bool in_place, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov,
            uint64_t *done)
{
  g_autofree struct iovec *part = g_new (struct iovec, n_iov);
  while (*done < size) {
    int n = iov_slice (part, iov, n_iov, *done, size - *done);
    int64_t got = in_place ? write_in_place (s, offset + *done, size - *done, part, n)
                           : write_new (s, offset + *done, size - *done, part, n);
    if (got <= 0)
      return (int)got;
    *done += (uint64_t)got;
  }
  return 0;
}

int
qcow2_pwritev (Block *block, uint64_t offset, uint64_t size, const struct iovec *iov, int n_iov)
{
  Qcow2 *s = block->priv;
  BlockTracked tracked;
  uint64_t done = 0;
  int result = qcow2_make_modifiable (s);
  if (result < 0)
    return result;
  tracked_wait (block, &tracked, offset, size, false);
  result = write_from (s, true, offset, size, iov, n_iov, &done);
  tracked_end (block, &tracked);
  if (result < 0 || done == size)
    return result;
  /* New clusters: nobody else may read or write there meanwhile. */
  uint64_t start = (offset + done) & ~(s->cluster_size - 1), end = round_up (offset + size, s->cluster_size);
  tracked_wait (block, &tracked, start, end - start, true);
  result = write_from (s, false, offset, size, iov, n_iov, &done);
  tracked_end (block, &tracked);
  return result;
}
