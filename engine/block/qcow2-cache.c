/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <stdlib.h>

/* L2 tables and refcount blocks in memory, in slices, and the order in which they reach the disk. */

/* ---- Slices ---- */

void
cache_init (Qcow2Cache *cache, uint64_t bytes, uint64_t slice_size)
{
  int n = (int)CLAMP (bytes / slice_size, 8, 1 << 20);
  unsigned buckets = 16;
  while (buckets < (unsigned)n)
    buckets *= 2;
  *cache = (Qcow2Cache){ .slices = g_new0 (Qcow2Slice, n), .n_slices = n, .bucket_mask = buckets - 1 };
  cache->buckets = g_new (int, buckets);
  for (unsigned i = 0; i < buckets; i++)
    cache->buckets[i] = -1;
}

void
cache_clear (Qcow2Cache *cache)
{
  for (int i = 0; i < cache->n_used; i++)
    free (cache->slices[i].data);
  g_free (cache->slices);
  g_free (cache->buckets);
  *cache = (Qcow2Cache){ 0 };
}

static int *
bucket (Qcow2Cache *cache, uint64_t offset)
{
  return &cache->buckets[(offset >> 9) * UINT64_C (0x9e3779b97f4a7c15) >> 40 & cache->bucket_mask];
}

Qcow2Slice *
cache_peek (Qcow2Cache *cache, uint64_t offset)
{
  for (int i = *bucket (cache, offset); i >= 0; i = cache->slices[i].next) {
    if (cache->slices[i].offset == offset) {
      __atomic_store_n (&cache->slices[i].recent, true, __ATOMIC_RELAXED);
      return &cache->slices[i];
    }
  }
  return NULL;
}

static void
insert (Qcow2Cache *cache, Qcow2Slice *slice, uint64_t offset)
{
  int *head = bucket (cache, offset);
  slice->offset = offset;
  slice->next = *head;
  *head = (int)(slice - cache->slices);
}

static void
forget (Qcow2Cache *cache, Qcow2Slice *slice)
{
  int index = (int)(slice - cache->slices), *place = bucket (cache, slice->offset);
  while (*place != index)
    place = &cache->slices[*place].next;
  *place = slice->next;
  if (slice->dirty)
    cache->n_dirty--;
  slice->dirty = slice->recent = slice->suspicious = false;
  slice->offset = 0;
}

/* A slice to load something into: unused, or the first clean one that was not used since the hand passed. */
static Qcow2Slice *
victim (Qcow2 *s, Qcow2Cache *cache)
{
  if (cache->n_used < cache->n_slices) {
    Qcow2Slice *slice = &cache->slices[cache->n_used];
    slice->data = aligned_alloc (4096, round_up (s->slice_size, 4096));
    if (slice->data)
      cache->n_used++;
    return slice->data ? slice : NULL;
  }
  for (int i = 0; i < 2 * cache->n_slices + 1; i++) {
    Qcow2Slice *slice = &cache->slices[cache->hand];
    cache->hand = (cache->hand + 1) % cache->n_slices;
    if (!slice->dirty && !slice->recent)
      return slice;
    slice->recent = false;
  }
  return NULL;
}

/* Entries that point to metadata are found here, once; see also qcow2_decode(). */
static bool
has_suspicious (Qcow2 *s, const Qcow2Slice *slice)
{
  for (uint64_t at = 0; at < s->slice_size; at += s->l2_entry_size) {
    uint64_t entry = be64_load (slice->data + at);
    if (!(entry & QCOW2_COMPRESSED) && entry & QCOW2_OFFSET_MASK &&
        set_has (&s->metadata, (entry & QCOW2_OFFSET_MASK) >> s->cluster_bits))
      return true;
  }
  return false;
}

int
cache_get (Qcow2 *s, Qcow2Cache *cache, uint64_t offset, Qcow2Slice **ret_slice)
{
  Qcow2Slice *slice = cache_peek (cache, offset);
  *ret_slice = slice;
  if (slice)
    return 0;
  if (cache->n_dirty > (unsigned)cache->n_slices * 3 / 4) {
    int result = qcow2_write_all (s);
    if (result < 0)
      return result;
  }
  g_mutex_lock (&s->block->map_lock);
  slice = victim (s, cache);
  if (slice && slice->offset)
    forget (cache, slice);
  g_mutex_unlock (&s->block->map_lock);
  if (!slice)
    return -ENOMEM;
  int result = file_pread (s->file, offset, slice->data, s->slice_size);
  if (result < 0)
    return result;
  bool suspicious = cache == &s->l2_cache && s->metadata.count && has_suspicious (s, slice);
  g_mutex_lock (&s->block->map_lock);
  slice->suspicious = suspicious;
  slice->recent = true;
  insert (cache, slice, offset);
  g_mutex_unlock (&s->block->map_lock);
  *ret_slice = slice;
  return 0;
}

void
cache_drop (Qcow2 *s, Qcow2Cache *cache, uint64_t offset)
{
  g_mutex_lock (&s->block->map_lock);
  for (uint64_t at = offset; at < offset + s->cluster_size; at += s->slice_size) {
    Qcow2Slice *slice = cache_peek (cache, at);
    if (slice)
      forget (cache, slice);
  }
  g_mutex_unlock (&s->block->map_lock);
}

void
cache_dirty (Qcow2 *s, Qcow2Cache *cache, Qcow2Slice *slice)
{
  if (!slice->dirty)
    cache->n_dirty++;
  slice->dirty = true;
}

static int
by_offset (const void *a, const void *b)
{
  const Qcow2Slice *x = *(Qcow2Slice *const *)a, *y = *(Qcow2Slice *const *)b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Neighbours go together. */
int
cache_write (Qcow2 *s, Qcow2Cache *cache)
{
  enum { MOST = 64 };
  if (!cache->n_dirty)
    return 0;
  g_autofree Qcow2Slice **dirty = g_new (Qcow2Slice *, cache->n_dirty);
  unsigned n = 0;
  for (int i = 0; i < cache->n_used; i++) {
    if (cache->slices[i].dirty)
      dirty[n++] = &cache->slices[i];
  }
  qsort (dirty, n, sizeof *dirty, by_offset);
  for (unsigned first = 0, next; first < n; first = next) {
    struct iovec iov[MOST];
    for (next = first; next < n && next - first < MOST &&
                       dirty[next]->offset == dirty[first]->offset + (next - first) * s->slice_size;
         next++)
      iov[next - first] = (struct iovec){ dirty[next]->data, s->slice_size };
    int result = file_pwritev (s->file, dirty[first]->offset, iov, (int)(next - first));
    if (result < 0)
      return result;
    for (unsigned i = first; i < next; i++)
      dirty[i]->dirty = false;
    cache->n_dirty -= next - first;
  }
  return 0;
}

/* ---- The set of metadata clusters ---- */

static uint64_t
slot_of (const Qcow2Set *set, uint64_t key)
{
  uint64_t at = key * UINT64_C (0x9e3779b97f4a7c15) >> 20 & set->mask;
  while (set->slots[at] && set->slots[at] != key)
    at = (at + 1) & set->mask;
  return at;
}

static void
set_grow (Qcow2Set *set)
{
  Qcow2Set larger = { .mask = set->slots ? set->mask * 2 + 1 : 63, .count = set->count };
  larger.slots = g_new0 (uint64_t, larger.mask + 1);
  for (uint64_t i = 0; set->slots && i <= set->mask; i++) {
    if (set->slots[i])
      larger.slots[slot_of (&larger, set->slots[i])] = set->slots[i];
  }
  g_free (set->slots);
  *set = larger;
}

bool
set_add (Qcow2Set *set, uint64_t cluster)
{
  if (!set->slots || set->count * 2 > set->mask)
    set_grow (set);
  uint64_t at = slot_of (set, cluster + 1);
  if (set->slots[at])
    return false;
  set->slots[at] = cluster + 1;
  set->count++;
  return true;
}

bool
set_has (const Qcow2Set *set, uint64_t cluster)
{
  return set->slots && set->slots[slot_of (set, cluster + 1)];
}

void
set_remove (Qcow2Set *set, uint64_t cluster)
{
  if (!set_has (set, cluster))
    return;
  uint64_t at = slot_of (set, cluster + 1);
  set->slots[at] = 0;
  set->count--;
  /* Those after it may have come here only because it was in their way. */
  for (at = (at + 1) & set->mask; set->slots[at]; at = (at + 1) & set->mask) {
    uint64_t key = set->slots[at];
    set->slots[at] = 0;
    set->slots[slot_of (set, key)] = key;
  }
}

void
set_clear (Qcow2Set *set)
{
  g_free (set->slots);
  *set = (Qcow2Set){ 0 };
}

/* ---- Writing tables ---- */

void
qcow2_l1_set (Qcow2 *s, uint32_t index, uint64_t entry)
{
  g_mutex_lock (&s->block->map_lock);
  s->l1[index] = entry;
  g_mutex_unlock (&s->block->map_lock);
  s->l1_dirty[index / 64] = 1;
  s->any_l1_dirty = true;
  g_atomic_int_set (&s->unflushed, 1);
}

/* Writes the groups of 64 entries that are dirty. */
static int
write_table (Qcow2 *s, const uint64_t *table, uint64_t n, uint64_t offset, uint8_t *dirty)
{
  for (uint64_t group = 0; group * 64 < n; group++) {
    if (!dirty[group])
      continue;
    uint64_t entries[64], count = MIN (64, n - group * 64);
    for (uint64_t i = 0; i < count; i++)
      entries[i] = GUINT64_TO_BE (table[group * 64 + i]);
    int result = file_pwrite (s->file, offset + group * 512, entries, count * 8);
    if (result < 0)
      return result;
    dirty[group] = 0;
  }
  return 0;
}

static int
write_references (Qcow2 *s)
{
  int result = cache_write (s, &s->l2_cache);
  if (result == 0 && s->any_l1_dirty) {
    result = file_sync (s->file);
    if (result == 0)
      result = write_table (s, s->l1, s->l1_size, s->l1_offset, s->l1_dirty);
    s->any_l1_dirty = result < 0;
  }
  return result;
}

int
qcow2_write_metadata (Qcow2 *s)
{
  if (g_atomic_int_get (&s->corrupt))
    return -EIO;
  int result = 0;
  bool references = s->l2_cache.n_dirty || s->any_l1_dirty;
  /* With lazy refcounts the dirty bit says that they are not to be relied on. */
  if (!s->dirty_set)
    result = cache_write (s, &s->refcount_cache);
  if (result == 0 && s->any_reftable_dirty) {
    result = s->dirty_set ? cache_write (s, &s->refcount_cache) : 0;
    if (result == 0)
      result = file_sync (s->file);
    if (result == 0)
      result = write_table (s, s->reftable, s->reftable_size, s->reftable_offset, s->reftable_dirty);
    s->any_reftable_dirty = result < 0;
  }
  if (result == 0 && references) {
    result = file_sync (s->file);
    if (result == 0)
      result = write_references (s);
  }
  if (result == 0 && s->freed->len > 0) {
    result = file_sync (s->file);
    if (result == 0)
      result = qcow2_release_freed (s);
  }
  if (result == 0)
    g_atomic_int_set (&s->unflushed, 0);
  return result;
}

int
qcow2_write_all (Qcow2 *s)
{
  int result = qcow2_write_metadata (s);
  /* What has been freed now is written too. */
  return result < 0 ? result : cache_write (s, &s->refcount_cache);
}
