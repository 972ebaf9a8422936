/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>

/* From the disk's offsets to the file's: L1 and L2 tables. */

/* ---- One entry ---- */

static uint64_t
bitmap_run (uint32_t bits, unsigned from)
{
  uint32_t shifted = ~(bits >> from);
  return shifted ? (uint64_t)__builtin_ctz (shifted) : 32;
}

/* The run of subclusters alike from `within` on. */
static void
decode_subclusters (const Qcow2 *s, uint64_t bitmap, uint64_t within, Qcow2Map *map)
{
  uint32_t allocated = (uint32_t)bitmap, zero = (uint32_t)(bitmap >> 32), bits;
  unsigned index = (unsigned)(within / s->subcluster_size);
  if (allocated & zero || (allocated && !(map->entry & QCOW2_OFFSET_MASK))) {
    map->type = MAP_BAD;
    return;
  }
  if (allocated >> index & 1) {
    map->type = MAP_DATA;
    bits = allocated;
  } else if (zero >> index & 1) {
    map->type = MAP_ZERO;
    bits = zero;
  } else {
    map->type = MAP_UNALLOCATED;
    bits = ~(allocated | zero);
  }
  uint64_t end = MIN (index + bitmap_run (bits, index), 32) * s->subcluster_size;
  map->size = end - within;
}

static void
decode_compressed (const Qcow2 *s, uint64_t entry, Qcow2Map *map)
{
  unsigned x = 62 - (s->cluster_bits - 8);
  uint64_t host = entry & ((UINT64_C (1) << x) - 1);
  uint64_t sectors = (entry & ~(QCOW2_COMPRESSED | QCOW2_COPIED)) >> x;
  map->type = MAP_COMPRESSED;
  map->host = host;
  map->compressed_size = (sectors + 1) * SECTOR_SIZE - (host & (SECTOR_SIZE - 1));
  if (entry & QCOW2_COPIED || host == 0 || host >= QCOW2_MAX_HOST || host >= s->file_end)
    map->type = MAP_BAD;
}

void
qcow2_decode (const Qcow2 *s, uint64_t entry, uint64_t bitmap, uint64_t within, Qcow2Map *ret_map)
{
  Qcow2Map map = { .entry = entry, .bitmap = bitmap, .size = s->cluster_size - within };
  uint64_t host = entry & QCOW2_OFFSET_MASK;
  if (entry & QCOW2_COMPRESSED)
    decode_compressed (s, entry, &map);
  else if (entry & QCOW2_L2_RESERVED || host & (s->cluster_size - 1) || (!host && entry & QCOW2_COPIED) ||
           (host && host >= s->file_end) || (entry & QCOW2_ZERO && (s->version < 3 || s->extended_l2)))
    map.type = MAP_BAD;
  else {
    map.host = host ? host + within : 0;
    map.copied = entry & QCOW2_COPIED;
    if (s->extended_l2)
      decode_subclusters (s, bitmap, within, &map);
    else
      map.type = entry & QCOW2_ZERO ? MAP_ZERO : host ? MAP_DATA : MAP_UNALLOCATED;
  }
  *ret_map = map;
}

static const uint8_t *
entry_place (const Qcow2 *s, const Qcow2Slice *slice, uint64_t offset)
{
  return slice->data + (offset >> s->cluster_bits) % s->slice_entries * s->l2_entry_size;
}

void
qcow2_entry_load (const Qcow2 *s, const Qcow2Slice *slice, uint64_t offset, uint64_t *ret_entry,
                  uint64_t *ret_bitmap)
{
  const uint8_t *p = entry_place (s, slice, offset);
  *ret_entry = be64_load (p);
  *ret_bitmap = s->extended_l2 ? be64_load (p + 8) : 0;
}

void
qcow2_entry_store (Qcow2 *s, Qcow2Slice *slice, uint64_t offset, uint64_t entry, uint64_t bitmap)
{
  uint8_t *p = (uint8_t *)entry_place (s, slice, offset);
  g_mutex_lock (&s->block->map_lock);
  be64_store (p, entry);
  if (s->extended_l2)
    be64_store (p + 8, bitmap);
  g_mutex_unlock (&s->block->map_lock);
  cache_dirty (s, &s->l2_cache, slice);
  g_atomic_int_set (&s->unflushed, 1);
}

/* Clusters hold either data or metadata. */
static bool
points_to_metadata (const Qcow2 *s, const Qcow2Map *map)
{
  return map->type != MAP_COMPRESSED && map->entry & QCOW2_OFFSET_MASK &&
         set_has (&s->metadata, (map->entry & QCOW2_OFFSET_MASK) >> s->cluster_bits);
}

static void
decode_in_slice (const Qcow2 *s, const Qcow2Slice *slice, uint64_t offset, Qcow2Map *ret_map)
{
  uint64_t entry, bitmap;
  qcow2_entry_load (s, slice, offset, &entry, &bitmap);
  qcow2_decode (s, entry, bitmap, offset & (s->cluster_size - 1), ret_map);
  if (slice->suspicious && points_to_metadata (s, ret_map))
    ret_map->type = MAP_BAD;
}

/* Follows a run on through the slice, as long as it is of one kind (and, for data, in one piece), up to
 * `size` bytes. */
static void
decode_run (const Qcow2 *s, const Qcow2Slice *slice, uint64_t offset, uint64_t size, Qcow2Map *ret_map)
{
  decode_in_slice (s, slice, offset, ret_map);
  uint64_t slice_end = (offset >> s->cluster_bits) / s->slice_entries * s->slice_entries + s->slice_entries;
  while (ret_map->size < size && ret_map->type != MAP_COMPRESSED && ret_map->type != MAP_BAD) {
    uint64_t at = offset + ret_map->size;
    Qcow2Map next;
    if (at & (s->cluster_size - 1) || at >> s->cluster_bits >= slice_end)
      break;
    decode_in_slice (s, slice, at, &next);
    if (next.type != ret_map->type)
      break;
    bool adjacent = next.host == ret_map->host + ret_map->size && next.copied == ret_map->copied;
    if (next.type == MAP_DATA && !adjacent)
      break;
    if (!adjacent)
      ret_map->host = 0;
    ret_map->size += next.size;
  }
  ret_map->size = MIN (ret_map->size, size);
}

/* ---- L2 tables ---- */

static uint64_t
l1_index (const Qcow2 *s, uint64_t offset)
{
  return (offset >> s->cluster_bits) / s->l2_entries;
}

/* Where the slice with an offset's entry lies in the file, given where its table does. */
static uint64_t
slice_offset (const Qcow2 *s, uint64_t table, uint64_t offset)
{
  uint64_t index = (offset >> s->cluster_bits) % s->l2_entries;
  return table + index / s->slice_entries * s->slice_size;
}

/* Bytes from `offset` on whose entries are in one L2 table. */
static uint64_t
table_rest (const Qcow2 *s, uint64_t offset)
{
  uint64_t span = (uint64_t)s->l2_entries << s->cluster_bits;
  return span - offset % span;
}

/* The slice with the offset's entry; NULL where there is no L2 table. Holds s->lock. */
static int
qcow2_slice (Qcow2 *s, uint64_t offset, Qcow2Slice **ret_slice)
{
  uint64_t index = l1_index (s, offset);
  *ret_slice = NULL;
  if (index >= s->l1_size || !(s->l1[index] & QCOW2_OFFSET_MASK))
    return 0;
  return cache_get (s, &s->l2_cache, slice_offset (s, s->l1[index] & QCOW2_OFFSET_MASK, offset), ret_slice);
}

Qcow2Slice *
qcow2_slice_at_hand (Qcow2 *s, uint64_t offset)
{
  uint64_t index = l1_index (s, offset);
  if (g_atomic_int_get (&s->corrupt) || index >= s->l1_size || !(s->l1[index] & QCOW2_COPIED))
    return NULL;
  return cache_peek (&s->l2_cache, slice_offset (s, s->l1[index] & QCOW2_OFFSET_MASK, offset));
}

/* A table of our own in place of none, or of one that is shared with a snapshot. */
static int
make_table (Qcow2 *s, uint64_t index)
{
  uint64_t old = s->l1[index] & QCOW2_OFFSET_MASK, offset, n;
  bool virgin;
  g_autofree uint8_t *table = g_malloc0 (s->cluster_size);
  int result = old ? file_pread (s->file, old, table, s->cluster_size) : 0;
  if (result == 0)
    result = qcow2_alloc (s, 1, &offset, &n, &virgin);
  if (result < 0)
    return result;
  cache_drop (s, &s->l2_cache, offset);
  cache_drop (s, &s->refcount_cache, offset);
  result = file_pwrite (s->file, offset, table, s->cluster_size);
  if (result < 0) {
    qcow2_unalloc (s, offset, 1);
    return result;
  }
  set_add (&s->metadata, offset >> s->cluster_bits);
  qcow2_l1_set (s, (uint32_t)index, offset | QCOW2_COPIED);
  if (old) {
    cache_drop (s, &s->l2_cache, old);
    set_remove (&s->metadata, old >> s->cluster_bits);
    qcow2_free_later (s, old, 1);
  }
  return 0;
}

int
qcow2_slice_for_writing (Qcow2 *s, uint64_t offset, Qcow2Slice **ret_slice)
{
  uint64_t index = l1_index (s, offset);
  if (g_atomic_int_get (&s->corrupt) || index >= s->l1_size)
    return -EIO;
  if (!(s->l1[index] & QCOW2_COPIED)) {
    int result = make_table (s, index);
    if (result < 0)
      return result;
  }
  return qcow2_slice (s, offset, ret_slice);
}

/* Another process may have made the file longer, if the image is looked at while in use. */
static bool
file_has_grown (Qcow2 *s)
{
  int64_t length = file_length (s->file);
  uint64_t end = length > 0 ? round_up ((uint64_t)length, s->cluster_size) : 0;
  if (end <= s->file_end)
    return false;
  g_mutex_lock (&s->block->map_lock);
  s->file_end = end;
  g_mutex_unlock (&s->block->map_lock);
  return true;
}

int
qcow2_map (Qcow2 *s, uint64_t offset, uint64_t size, Qcow2Map *ret_map)
{
  Qcow2Slice *slice;
  int result = qcow2_slice (s, offset, &slice);
  if (result < 0)
    return result;
  if (!slice) {
    *ret_map = (Qcow2Map){ .type = MAP_UNALLOCATED, .size = MIN (size, table_rest (s, offset)) };
    return 0;
  }
  decode_run (s, slice, offset, size, ret_map);
  if (ret_map->type == MAP_BAD && file_has_grown (s))
    decode_run (s, slice, offset, size, ret_map);
  if (ret_map->type != MAP_BAD)
    return 0;
  return qcow2_corrupt (s, "the L2 entry for offset %#" PRIx64 ", which is %#" PRIx64 ", makes no sense",
                        offset, ret_map->entry);
}

/* ---- Without waiting ---- */

/* The run at an offset as far as memory tells; false if it does not. Holds map_lock. */
static bool
peek_run (Qcow2 *s, uint64_t offset, uint64_t size, Qcow2Map *ret_map)
{
  uint64_t index = l1_index (s, offset);
  uint64_t table = index < s->l1_size ? s->l1[index] & QCOW2_OFFSET_MASK : 0;
  if (!table) {
    *ret_map = (Qcow2Map){ .type = MAP_UNALLOCATED, .size = MIN (size, table_rest (s, offset)) };
    return true;
  }
  const Qcow2Slice *slice = cache_peek (&s->l2_cache, slice_offset (s, table, offset));
  /* The set of metadata clusters is not ours to look at here. */
  if (!slice || slice->suspicious)
    return false;
  decode_run (s, slice, offset, size, ret_map);
  return ret_map->type != MAP_BAD && ret_map->type != MAP_COMPRESSED;
}

/* The part of a read that is not in this image. The backing file's lock is taken inside this one's. */
static unsigned
map_backing (Qcow2 *s, uint64_t offset, uint64_t size, BlockSegment *segments, unsigned max)
{
  Block *backing = s->block->backing;
  uint64_t end = backing ? block_bytes (backing) : 0, here = offset < end ? MIN (size, end - offset) : 0;
  unsigned n = 0;
  if (here > 0) {
    g_mutex_lock (&backing->map_lock);
    n = backing->format->map (backing, false, offset, here, segments, max);
    g_mutex_unlock (&backing->map_lock);
    if (n == 0)
      return 0;
  }
  if (here == size)
    return n;
  if (n == max)
    return 0;
  segments[n] = (BlockSegment){ NULL, 0, size - here };
  return n + 1;
}

unsigned
qcow2_map_fast (Block *block, bool write, uint64_t offset, uint64_t size, BlockSegment *segments,
                unsigned max)
{
  Qcow2 *s = block->priv;
  unsigned n = 0;
  if (write && (!s->modifiable || g_atomic_int_get (&s->corrupt)))
    return 0;
  while (size > 0) {
    Qcow2Map map;
    if (n == max || !peek_run (s, offset, size, &map) || (write && (map.type != MAP_DATA || !map.copied)))
      return 0;
    if (map.type == MAP_UNALLOCATED) {
      unsigned more = map_backing (s, offset, map.size, segments + n, max - n);
      if (more == 0)
        return 0;
      n += more;
    } else
      segments[n++] = (BlockSegment){ map.type == MAP_DATA ? s->file : NULL, map.host, map.size };
    offset += map.size;
    size -= map.size;
  }
  return n;
}

/* ---- Questions ---- */

bool
qcow2_backing_is_zero (Qcow2 *s, uint64_t offset, uint64_t *size)
{
  uint64_t end = s->block->backing ? block_bytes (s->block->backing) : 0;
  if (offset >= end)
    return true;
  *size = MIN (*size, end - offset);
  return false;
}

int
qcow2_extent (Block *block, uint64_t offset, uint64_t size, BlockExtent *ret_extent)
{
  Qcow2 *s = block->priv;
  Qcow2Map map;
  g_mutex_lock (&s->lock);
  int result = qcow2_map (s, offset, size, &map);
  g_mutex_unlock (&s->lock);
  if (result < 0)
    return result;
  ret_extent->size = MIN (size, map.size);
  switch (map.type) {
    case MAP_DATA: ret_extent->flags = BLOCK_DATA | BLOCK_ALLOCATED | BLOCK_OFFSET_VALID; break;
    case MAP_COMPRESSED: ret_extent->flags = BLOCK_DATA | BLOCK_ALLOCATED | BLOCK_COMPRESSED; break;
    case MAP_ZERO:
      ret_extent->flags = BLOCK_ZERO | BLOCK_ALLOCATED | (map.host ? BLOCK_OFFSET_VALID : 0);
      break;
    default:
      if (qcow2_backing_is_zero (s, offset, &ret_extent->size)) {
        ret_extent->flags = BLOCK_ZERO;
        return 0;
      }
      ret_extent->path = block->backing->path;
      ret_extent->depth++;
      return block->backing->format->extent (block->backing, offset, ret_extent->size, ret_extent);
  }
  ret_extent->file_offset = ret_extent->flags & BLOCK_OFFSET_VALID ? map.host : 0;
  return 0;
}

void
qcow2_compressed_clusters (const Qcow2 *s, uint64_t entry, uint64_t *ret_first, uint64_t *ret_n)
{
  Qcow2Map map;
  qcow2_decode (s, entry, 0, 0, &map);
  *ret_first = map.host >> s->cluster_bits;
  *ret_n = ((map.host + map.compressed_size - 1) >> s->cluster_bits) - *ret_first + 1;
}

void
qcow2_free_entry (Qcow2 *s, uint64_t entry)
{
  uint64_t first = (entry & QCOW2_OFFSET_MASK) >> s->cluster_bits, n = first ? 1 : 0;
  if (entry & QCOW2_COMPRESSED)
    qcow2_compressed_clusters (s, entry, &first, &n);
  if (n)
    qcow2_free_later (s, first << s->cluster_bits, n);
}
