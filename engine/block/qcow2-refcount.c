/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>

/* Which of the file's clusters are in use, and by how many. */

uint64_t
refcount_load (const uint8_t *block, uint64_t index, unsigned order)
{
  switch (order) {
    case 3: return block[index];
    case 4: return be16_load (block + index * 2);
    case 5: return be32_load (block + index * 4);
    case 6: return be64_load (block + index * 8);
    default: {
      unsigned bits = 1u << order, per_byte = 8 / bits;
      return block[index / per_byte] >> index % per_byte * bits & ((1u << bits) - 1);
    }
  }
}

void
refcount_store (uint8_t *block, uint64_t index, unsigned order, uint64_t value)
{
  switch (order) {
    case 3: block[index] = (uint8_t)value; break;
    case 4: be16_store (block + index * 2, (uint16_t)value); break;
    case 5: be32_store (block + index * 4, (uint32_t)value); break;
    case 6: be64_store (block + index * 8, value); break;
    default: {
      unsigned bits = 1u << order, per_byte = 8 / bits, shift = index % per_byte * bits;
      uint8_t *p = &block[index / per_byte];
      *p = (uint8_t)((*p & ~(((1u << bits) - 1) << shift)) | value << shift);
    }
  }
}

uint64_t
refcount_max (const Qcow2 *s)
{
  return s->refcount_order == 6 ? INT64_MAX : (UINT64_C (1) << (1u << s->refcount_order)) - 1;
}

/* The slice with a cluster's refcount, NULL where its block does not exist. *ret_index: its place in the
 * slice. */
static int
refcount_slice (Qcow2 *s, uint64_t cluster, Qcow2Slice **ret_slice, uint64_t *ret_index)
{
  uint64_t area = cluster / s->refcounts_per_block, index = cluster % s->refcounts_per_block;
  uint64_t per_slice = (s->slice_size * 8) >> s->refcount_order;
  *ret_slice = NULL;
  *ret_index = index % per_slice;
  if (area >= s->reftable_size || !s->reftable[area])
    return 0;
  return cache_get (s, &s->refcount_cache, s->reftable[area] + index / per_slice * s->slice_size, ret_slice);
}

int
refcount_get (Qcow2 *s, uint64_t cluster, uint64_t *ret_count)
{
  Qcow2Slice *slice;
  uint64_t index;
  int result = refcount_slice (s, cluster, &slice, &index);
  *ret_count = slice ? refcount_load (slice->data, index, s->refcount_order) : 0;
  return result;
}

/* With lazy refcounts the first change says on the disk that they are not kept up. */
static int
announce_change (Qcow2 *s)
{
  if (!(s->compatible & QCOW2_COMPAT_LAZY) || s->dirty_set)
    return 0;
  int result = qcow2_set_incompatible (s, QCOW2_INCOMPAT_DIRTY, 0);
  s->dirty_set = result == 0;
  return result;
}

int
refcount_add (Qcow2 *s, uint64_t cluster, int delta)
{
  Qcow2Slice *slice;
  uint64_t index;
  int result = announce_change (s);
  if (result == 0)
    result = refcount_slice (s, cluster, &slice, &index);
  if (result < 0)
    return result;
  uint64_t count = slice ? refcount_load (slice->data, index, s->refcount_order) : 0;
  if (delta < 0 && count < (uint64_t)-delta)
    return qcow2_corrupt (s, "cluster %" PRIu64 " is in use, but its refcount is %" PRIu64, cluster, count);
  if (!slice || (delta > 0 && count + (uint64_t)delta > refcount_max (s)))
    return -EOVERFLOW;
  refcount_store (slice->data, index, s->refcount_order, count + (uint64_t)(int64_t)delta);
  cache_dirty (s, &s->refcount_cache, slice);
  if (count + (uint64_t)(int64_t)delta == 0) {
    s->free_hint = MIN (s->free_hint, cluster);
    if (s->compressed_at >> s->cluster_bits == cluster)
      s->compressed_at = 0;
  }
  return 0;
}

static int
check_free_cluster (Qcow2 *s, uint64_t cluster)
{
  if (cluster << s->cluster_bits >= QCOW2_MAX_HOST)
    return -EFBIG;
  return set_has (&s->metadata, cluster)
             ? qcow2_corrupt (s, "cluster %" PRIu64 " holds metadata, but its refcount is 0", cluster)
             : 0;
}

/* The file is used up to here. */
static void
note_used (Qcow2 *s, uint64_t end)
{
  s->virgin = MAX (s->virgin, end);
  if (end <= s->file_end)
    return;
  g_mutex_lock (&s->block->map_lock);
  s->file_end = end;
  g_mutex_unlock (&s->block->map_lock);
}

static int
write_zero_cluster (Qcow2 *s, uint64_t offset)
{
  g_autofree uint8_t *zeroes = g_malloc0 (s->cluster_size);
  cache_drop (s, &s->refcount_cache, offset);
  cache_drop (s, &s->l2_cache, offset);
  return file_pwrite (s->file, offset, zeroes, s->cluster_size);
}

/* The block of an area that has none: a free cluster of that very area, which thus counts itself. */
static int
make_block (Qcow2 *s, uint64_t cluster)
{
  uint64_t area = cluster / s->refcounts_per_block, offset = cluster << s->cluster_bits;
  int result = check_free_cluster (s, cluster);
  if (result == 0)
    result = write_zero_cluster (s, offset);
  if (result < 0)
    return result;
  note_used (s, offset + s->cluster_size);
  s->reftable[area] = offset;
  result = refcount_add (s, cluster, 1);
  if (result < 0) {
    s->reftable[area] = 0;
    return result;
  }
  s->reftable_dirty[area / 64] = 1;
  s->any_reftable_dirty = true;
  set_add (&s->metadata, cluster);
  g_atomic_int_set (&s->unflushed, 1);
  return 0;
}

/* ---- A larger refcount table ---- */

/* How many clusters table and blocks take that also count themselves, from cluster `base` on, which starts an
 * area. */
static uint64_t
plan_growth (const Qcow2 *s, uint64_t base, uint64_t *ret_entries, uint64_t *ret_blocks)
{
  uint64_t blocks = 1, table = 1, per_cluster = s->cluster_size / 8;
  uint64_t entries = s->reftable_size;
  for (;;) {
    uint64_t need = (base + table + blocks + s->refcounts_per_block - 1) / s->refcounts_per_block;
    entries = round_up (MAX (need, s->reftable_size + s->reftable_size / 2), per_cluster);
    uint64_t new_table = entries / per_cluster;
    uint64_t new_blocks = need - base / s->refcounts_per_block;
    if (new_table == table && new_blocks == blocks)
      break;
    table = MAX (table, new_table);
    blocks = MAX (blocks, new_blocks);
  }
  *ret_entries = entries;
  *ret_blocks = blocks;
  return table;
}

static int
write_new_table (Qcow2 *s, const uint64_t *table, uint64_t entries, uint64_t offset)
{
  g_autofree uint64_t *disk = g_new (uint64_t, entries);
  for (uint64_t i = 0; i < entries; i++)
    disk[i] = GUINT64_TO_BE (table[i]);
  int result = file_pwrite (s->file, offset, disk, entries * 8);
  if (result == 0)
    result = file_sync (s->file);
  uint8_t header[12];
  be64_store (header, offset);
  be32_store (header + 8, (uint32_t)(entries * 8 >> s->cluster_bits));
  if (result == 0)
    result = file_pwrite (s->file, 48, header, sizeof header);
  return result == 0 ? file_sync (s->file) : result;
}

/* Takes over a table that the header now refers to. The old one is freed if asked to. */
static void
adopt_table (Qcow2 *s, uint64_t *table, uint64_t entries, uint64_t offset)
{
  g_free (s->reftable);
  g_free (s->reftable_dirty);
  s->reftable = table;
  s->reftable_size = entries;
  s->reftable_offset = offset;
  s->reftable_dirty = g_new0 (uint8_t, entries / 64 + 1);
  s->any_reftable_dirty = false;
}

/* Blocks and table go to the clusters from `base` on, in this order; the blocks count all of them. */
static int
grow_table (Qcow2 *s, uint64_t base)
{
  uint64_t entries, n_blocks, n_table = plan_growth (s, base, &entries, &n_blocks);
  if (entries * 8 > QCOW2_MAX_REFTABLE || (base + n_blocks + n_table) << s->cluster_bits >= QCOW2_MAX_HOST)
    return -EFBIG;
  int result = cache_write (s, &s->refcount_cache);
  uint64_t *table = g_new0 (uint64_t, entries);
  memcpy (table, s->reftable, s->reftable_size * 8);
  g_autofree uint8_t *block = g_malloc (s->cluster_size);
  for (uint64_t i = 0; i < n_blocks && result == 0; i++) {
    uint64_t first = i * s->refcounts_per_block;
    memset (block, 0, s->cluster_size);
    for (uint64_t j = 0; j < s->refcounts_per_block && first + j < n_blocks + n_table; j++)
      refcount_store (block, j, s->refcount_order, 1);
    table[base / s->refcounts_per_block + i] = (base + i) << s->cluster_bits;
    cache_drop (s, &s->refcount_cache, (base + i) << s->cluster_bits);
    cache_drop (s, &s->l2_cache, (base + i) << s->cluster_bits);
    result = file_pwrite (s->file, (base + i) << s->cluster_bits, block, s->cluster_size);
  }
  if (result == 0)
    result = write_new_table (s, table, entries, (base + n_blocks) << s->cluster_bits);
  if (result < 0) {
    g_free (table);
    return result;
  }
  uint64_t old_offset = s->reftable_offset, n_old = s->reftable_size * 8 >> s->cluster_bits;
  adopt_table (s, table, entries, (base + n_blocks) << s->cluster_bits);
  for (uint64_t i = 0; i < n_blocks + n_table; i++)
    set_add (&s->metadata, base + i);
  note_used (s, (base + n_blocks + n_table) << s->cluster_bits);
  for (uint64_t i = 0; i < n_old; i++)
    set_remove (&s->metadata, (old_offset >> s->cluster_bits) + i);
  qcow2_free_later (s, old_offset, n_old);
  return 0;
}

/* ---- Allocation ---- */

/* Finds free clusters in the slice with `cluster`. *ret_n is 0 if there are none; *ret_next is where to go
 * on. */
static int
search_slice (Qcow2 *s, uint64_t cluster, uint64_t want, uint64_t *ret_first, uint64_t *ret_n,
              uint64_t *ret_next)
{
  Qcow2Slice *slice;
  uint64_t index, per_slice = (s->slice_size * 8) >> s->refcount_order;
  int result = refcount_slice (s, cluster, &slice, &index);
  *ret_n = 0;
  *ret_next = cluster - index + per_slice;
  if (result < 0 || !slice)
    return result;
  while (index < per_slice && refcount_load (slice->data, index, s->refcount_order) != 0) {
    index++;
    cluster++;
  }
  *ret_first = cluster;
  while (index < per_slice && *ret_n < want && refcount_load (slice->data, index, s->refcount_order) == 0) {
    index++;
    ++*ret_n;
  }
  return 0;
}

/* The first run of free clusters, up to `want`, from s->free_hint on. */
static int
find_free (Qcow2 *s, uint64_t want, uint64_t *ret_first, uint64_t *ret_n)
{
  uint64_t cluster = s->free_hint;
  for (;;) {
    uint64_t area = cluster / s->refcounts_per_block, next;
    int result = 0;
    if (area >= s->reftable_size) {
      result = grow_table (s, area * s->refcounts_per_block);
      if (result < 0)
        return result;
      continue;
    }
    if (!s->reftable[area]) {
      result = make_block (s, cluster);
      cluster++;
      if (result < 0)
        return result;
      continue;
    }
    result = search_slice (s, cluster, want, ret_first, ret_n, &next);
    if (result < 0 || *ret_n)
      return result;
    cluster = next;
    s->free_hint = cluster;
  }
}

bool
qcow2_alloc_is_fast (Qcow2 *s)
{
  uint64_t cluster = s->free_hint, area = cluster / s->refcounts_per_block;
  uint64_t index = cluster % s->refcounts_per_block, per_slice = (s->slice_size * 8) >> s->refcount_order;
  if ((s->compatible & QCOW2_COMPAT_LAZY && !s->dirty_set) || area >= s->reftable_size || !s->reftable[area])
    return false;
  uint64_t slice = s->reftable[area] + index / per_slice * s->slice_size, first, n, next;
  /* Found in the cache, the slice is searched without I/O. */
  if (!cache_peek (&s->refcount_cache, slice) || search_slice (s, cluster, 1, &first, &n, &next) < 0 ||
      n == 0)
    return false;
  s->free_hint = first;
  return true;
}

int
qcow2_alloc (Qcow2 *s, uint64_t want, uint64_t *ret_offset, uint64_t *ret_n, bool *ret_virgin)
{
  uint64_t first = 0, n = 0;
  int result = announce_change (s);
  if (result == 0)
    result = find_free (s, want, &first, &n);
  if (result < 0)
    return result;
  /* Clusters that were in use and those that never were do not go together. */
  uint64_t offset = first << s->cluster_bits;
  *ret_virgin = offset >= s->virgin;
  if (!*ret_virgin)
    n = MIN (n, (s->virgin - offset + s->cluster_size - 1) >> s->cluster_bits);
  uint64_t done = 0;
  for (; done < n && result == 0; done++) {
    result = check_free_cluster (s, first + done);
    if (result == 0)
      result = refcount_add (s, first + done, 1);
    if (result < 0)
      break;
  }
  if (done == 0)
    return result;
  s->free_hint = first + done;
  note_used (s, offset + (done << s->cluster_bits));
  g_atomic_int_set (&s->unflushed, 1);
  *ret_offset = offset;
  *ret_n = done;
  return g_atomic_int_get (&s->corrupt) ? -EIO : 0;
}

int
qcow2_alloc_exactly (Qcow2 *s, uint64_t n, uint64_t *ret_offset)
{
  uint64_t start = 0, have = 0;
  while (have < n) {
    uint64_t offset, got;
    bool virgin;
    int result = qcow2_alloc (s, n - have, &offset, &got, &virgin);
    if (result < 0) {
      qcow2_unalloc (s, start, have);
      return result;
    }
    if (have > 0 && offset == start + (have << s->cluster_bits)) {
      have += got;
      continue;
    }
    /* A gap too small: given back at the end of the search, or it would be found again. */
    if (have > 0)
      qcow2_free_later (s, start, have);
    start = offset;
    have = got;
  }
  *ret_offset = start;
  return 0;
}

void
qcow2_unalloc (Qcow2 *s, uint64_t offset, uint64_t n)
{
  /* A failure leaves the cluster marked as used: lost, but safe. */
  for (uint64_t i = 0; i < n; i++)
    refcount_add (s, (offset >> s->cluster_bits) + i, -1);
}

void
qcow2_free_later (Qcow2 *s, uint64_t offset, uint64_t n)
{
  uint64_t cluster = offset >> s->cluster_bits;
  g_atomic_int_set (&s->unflushed, 1);
  if (s->freed->len > 0) {
    Qcow2Range *last = &g_array_index (s->freed, Qcow2Range, s->freed->len - 1);
    if (last->cluster + last->count == cluster) {
      last->count += n;
      return;
    }
  }
  Qcow2Range range = { cluster, n };
  g_array_append_val (s->freed, range);
}

/* Gives the space of what has become free back to the host. */
static void
punch (Qcow2 *s, uint64_t cluster, uint64_t n)
{
  if (n > 0 && s->block->options.discard)
    file_punch (s->file, cluster << s->cluster_bits, n << s->cluster_bits);
}

int
qcow2_release_freed (Qcow2 *s)
{
  /* Changing a refcount may come back here to make room in the cache. */
  g_autoptr (GArray) freed = s->freed;
  s->freed = g_array_new (FALSE, FALSE, sizeof (Qcow2Range));
  int result = 0;
  for (unsigned i = 0; i < freed->len && result == 0; i++) {
    const Qcow2Range *range = &g_array_index (freed, Qcow2Range, i);
    uint64_t run = range->cluster;
    for (uint64_t j = 0; j < range->count && result == 0; j++) {
      uint64_t cluster = range->cluster + j, count = 0;
      result = refcount_add (s, cluster, -1);
      if (result == 0)
        result = refcount_get (s, cluster, &count);
      if (result < 0 || count > 0) {
        punch (s, run, cluster - run);
        run = cluster + 1;
      }
    }
    punch (s, run, range->cluster + range->count > run ? range->cluster + range->count - run : 0);
  }
  return result;
}

/* ---- Afresh ---- */

/* The counts of the clusters [first, first + per_block), as a block. */
static void
fill_block (const Qcow2 *s, uint8_t *block, const uint32_t *counts, uint64_t first, uint64_t n)
{
  memset (block, 0, s->cluster_size);
  for (uint64_t j = 0; j < s->refcounts_per_block && first + j < n; j++) {
    if (counts[first + j])
      refcount_store (block, j, s->refcount_order, MIN (counts[first + j], refcount_max (s)));
  }
}

/* The blocks and then the table go behind everything else, so nothing is overwritten until the header says
 * that these count. */
int
qcow2_rebuild_refcounts (Qcow2 *s, uint32_t **counts, uint64_t *n)
{
  uint64_t base = *n, per_cluster = s->cluster_size / 8, n_blocks = 0, n_table = 0, total;
  for (;;) {
    total = base + n_blocks + n_table;
    uint64_t blocks = (total + s->refcounts_per_block - 1) / s->refcounts_per_block;
    uint64_t table = (blocks + per_cluster - 1) / per_cluster;
    if (blocks == n_blocks && table == n_table)
      break;
    n_blocks = MAX (blocks, n_blocks);
    n_table = MAX (table, n_table);
  }
  uint64_t entries = n_table * per_cluster;
  if (entries * 8 > QCOW2_MAX_REFTABLE || total << s->cluster_bits >= QCOW2_MAX_HOST)
    return -EFBIG;
  *counts = g_renew (uint32_t, *counts, total);
  for (uint64_t i = base; i < total; i++)
    (*counts)[i] = 1;
  *n = total;
  uint64_t *table = g_new0 (uint64_t, entries);
  g_autofree uint8_t *block = g_malloc (s->cluster_size);
  int result = 0;
  for (uint64_t i = 0; i < n_blocks && result == 0; i++) {
    fill_block (s, block, *counts, i * s->refcounts_per_block, total);
    table[i] = (base + i) << s->cluster_bits;
    result = file_pwrite (s->file, table[i], block, s->cluster_size);
  }
  if (result == 0)
    result = write_new_table (s, table, entries, (base + n_blocks) << s->cluster_bits);
  if (result < 0) {
    g_free (table);
    return result;
  }
  cache_clear (&s->refcount_cache);
  cache_init (&s->refcount_cache, 1 << 20, s->slice_size);
  adopt_table (s, table, entries, (base + n_blocks) << s->cluster_bits);
  note_used (s, total << s->cluster_bits);
  return 0;
}
