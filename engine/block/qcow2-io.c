/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <stdlib.h>

/* Reading and writing data where map() could not help. */

/* How far beyond the cluster that is needed the host's space is asked for; closing gives back the rest. */
#define RESERVE_AHEAD (UINT64_C (1) << 20)

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

int
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
  uint64_t first, n; /* clusters of the disk */
  uint64_t host;
  bool fresh;           /* `host` was allocated for it */
  bool virgin;          /* ...and reads as zeroes */
  uint64_t start, end;  /* what is written, of the disk, */
  uint64_t begin, stop; /* and with what is around it */
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

/* Finds the clusters for the beginning of [offset, end). *ret_plan->n is 0 where the data can go in place
 * after all. Holds s->lock. */
static int
make_plan (Qcow2 *s, uint64_t offset, uint64_t end, Plan *ret_plan)
{
  Qcow2Slice *slice;
  Qcow2Map map;
  Plan plan = { .first = offset >> s->cluster_bits, .start = offset };
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
  plan.n = 1;
  if (has_own_cluster (first_entry))
    plan.host = first_entry & QCOW2_OFFSET_MASK;
  else {
    uint64_t most = MIN (s->slice_entries - plan.first % s->slice_entries,
                         ((end - 1) >> s->cluster_bits) - plan.first + 1);
    while (plan.n < most) {
      qcow2_entry_load (s, slice, (plan.first + plan.n) << s->cluster_bits, &entry, &bitmap);
      if (has_own_cluster (entry))
        break;
      plan.n++;
    }
    plan.fresh = true;
    result = qcow2_alloc (s, plan.n, &plan.host, &plan.n, &plan.virgin);
    if (result < 0)
      return result;
    /* Allocation never touches L2 tables, so the slice is still there. */
  }
  uint64_t last = plan.first + plan.n - 1;
  plan.end = MIN (end, (last + 1) << s->cluster_bits);
  qcow2_entry_load (s, slice, last << s->cluster_bits, &entry, &bitmap);
  plan.begin = needs_whole (s, first_entry, first_bitmap) ? plan.first << s->cluster_bits
                                                          : offset - offset % s->subcluster_size;
  plan.stop = needs_whole (s, entry, bitmap) ? (last + 1) << s->cluster_bits
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

/* Direct writes that make the file longer each time are slow, and so is taking space cluster by cluster. */
static int
reserve (Qcow2 *s, const Plan *plan)
{
  uint64_t size = plan->n << s->cluster_bits, end = plan->host + size;
  g_mutex_lock (&s->lock);
  bool reserved = end <= s->reserved;
  if (!reserved)
    s->reserved = plan->host + MAX (size, RESERVE_AHEAD);
  g_mutex_unlock (&s->lock);
  if (reserved || (size < RESERVE_AHEAD && file_reserve (s->file, plan->host, RESERVE_AHEAD) == 0))
    return 0;
  /* There may still be room for what is needed now. */
  g_mutex_lock (&s->lock);
  s->reserved = end;
  g_mutex_unlock (&s->lock);
  return file_reserve (s->file, plan->host, size);
}

static int
write_plan (Qcow2 *s, const Plan *plan, const struct iovec *iov, int n_iov)
{
  void *head = NULL, *tail = NULL;
  uint64_t head_size = plan->start - plan->begin, tail_size = plan->stop - plan->end;
  int result = 0;
  if (s->file->direct && plan->virgin && plan->end - plan->start < RESERVE_AHEAD)
    result = reserve (s, plan);
  if (result == 0)
    result = fill (s, plan, plan->begin, head_size, &head);
  if (result == 0)
    result = fill (s, plan, plan->end, tail_size, &tail);
  if (result == 0) {
    g_autofree struct iovec *all = g_new (struct iovec, n_iov + 2);
    int n = 0;
    uint64_t at = plan->host + ((head ? plan->begin : plan->start) - (plan->first << s->cluster_bits));
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

/* The data is in place: now the table says so. Holds s->lock. */
static int
link_plan (Qcow2 *s, const Plan *plan)
{
  for (uint64_t i = 0; i < plan->n; i++) {
    uint64_t start = (plan->first + i) << s->cluster_bits, entry, bitmap;
    Qcow2Slice *slice;
    int result = qcow2_slice_for_writing (s, start, &slice);
    if (result < 0)
      return result;
    qcow2_entry_load (s, slice, start, &entry, &bitmap);
    uint64_t from = MAX (plan->begin, start) - start, to = MIN (plan->stop, start + s->cluster_size) - start;
    uint64_t covered = s->extended_l2 ? bitmap_of_range (s, from, to) : 0;
    if (entry & QCOW2_COMPRESSED)
      bitmap = 0;
    bitmap = (bitmap | covered) & ~(covered << 32);
    qcow2_entry_store (s, slice, start, (plan->host + (i << s->cluster_bits)) | QCOW2_COPIED, bitmap);
    if (plan->fresh)
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
  if (plan.n == 0)
    return write_in_place (s, offset, size, iov, n_iov);
  result = write_plan (s, &plan, iov, n_iov);
  g_mutex_lock (&s->lock);
  if (result == 0)
    result = link_plan (s, &plan);
  else if (plan.fresh)
    qcow2_unalloc (s, plan.host, plan.n);
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
