/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include "qcow2-codec.h"

#include <errno.h>

/* Compressed clusters. */

int
qcow2_read_compressed (Qcow2 *s, const Qcow2Map *map, uint8_t *cluster)
{
  /* No compressed cluster is larger than a plain one by more than this. */
  if (map->compressed_size > 2 * s->cluster_size + SECTOR_SIZE)
    return -EIO;
  g_autofree uint8_t *data = g_malloc (map->compressed_size);
  int result = file_pread (s->file, map->host, data, map->compressed_size);
  if (result < 0)
    return result;
  return codec_expand (s->zstd, data, map->compressed_size, cluster, s->cluster_size) ? 0 : -EIO;
}

/* ---- Writing ---- */

/* How many clusters of the file the bytes lie in. */
static uint64_t
clusters_of (const Qcow2 *s, uint64_t host, uint64_t size)
{
  return ((host + size - 1) >> s->cluster_bits) - (host >> s->cluster_bits) + 1;
}

/* Whether a cluster can hold more compressed data: it did not become free meanwhile, and one more reference
 * can be counted. */
static bool
can_share (Qcow2 *s, uint64_t cluster)
{
  uint64_t count;
  return refcount_get (s, cluster, &count) == 0 && count > 0 && count < refcount_max (s);
}

/* Space for `size` bytes, behind the last compressed data if there is room, where it may go on into the next
 * cluster. Holds s->lock. */
static int
alloc_bytes (Qcow2 *s, uint64_t size, uint64_t *ret_offset)
{
  uint64_t at = s->compressed_at, mask = s->cluster_size - 1;
  bool shared = at && can_share (s, at >> s->cluster_bits);
  int result = 0;
  if (!shared || clusters_of (s, at, size) > 1) {
    uint64_t fresh;
    result = qcow2_alloc_exactly (s, 1, &fresh);
    if (result < 0)
      return result;
    cache_drop (s, &s->l2_cache, fresh);
    cache_drop (s, &s->refcount_cache, fresh);
    shared = shared && fresh == (at | mask) + 1;
    at = shared ? at : fresh;
  }
  if (shared)
    result = refcount_add (s, at >> s->cluster_bits, 1);
  if (result < 0) {
    if (clusters_of (s, at, size) > 1)
      qcow2_unalloc (s, (at | mask) + 1, 1);
    return result;
  }
  *ret_offset = at;
  s->compressed_at = (at + size) & mask ? at + size : 0;
  return 0;
}

static uint64_t
compressed_entry (const Qcow2 *s, uint64_t host, uint64_t size)
{
  unsigned x = 62 - (s->cluster_bits - 8);
  uint64_t sectors = (host + size - 1) / SECTOR_SIZE - host / SECTOR_SIZE;
  return QCOW2_COMPRESSED | sectors << x | host;
}

/* The range is ours alone. */
static int
write_compressed (Qcow2 *s, uint64_t offset, const uint8_t *data, size_t size)
{
  uint64_t host;
  g_mutex_lock (&s->lock);
  int result = alloc_bytes (s, size, &host);
  g_mutex_unlock (&s->lock);
  if (result < 0)
    return result;
  result = host + size >= UINT64_C (1) << MIN (62 - (s->cluster_bits - 8), 56)
               ? -EFBIG
               : file_pwrite (s->file, host, data, size);
  g_mutex_lock (&s->lock);
  Qcow2Slice *slice;
  Qcow2Map map;
  if (result == 0)
    result = qcow2_map (s, offset, s->cluster_size, &map);
  if (result == 0)
    result = qcow2_slice_for_writing (s, offset, &slice);
  if (result == 0) {
    uint64_t entry, bitmap;
    qcow2_entry_load (s, slice, offset, &entry, &bitmap);
    qcow2_entry_store (s, slice, offset, compressed_entry (s, host, size), 0);
    qcow2_free_entry (s, entry);
  } else
    qcow2_unalloc (s, host & ~(s->cluster_size - 1), clusters_of (s, host, size));
  g_mutex_unlock (&s->lock);
  return result;
}

int
qcow2_pwrite_compressed (Block *block, uint64_t offset, const void *buffer, uint64_t size)
{
  Qcow2 *s = block->priv;
  BlockTracked tracked;
  if (offset & (s->cluster_size - 1) || size > s->cluster_size ||
      (size < s->cluster_size && offset + size != block_bytes (block)))
    return -EINVAL;
  int result = qcow2_make_modifiable (s);
  if (result < 0)
    return result;
  g_autofree uint8_t *padded = NULL;
  if (size < s->cluster_size) {
    padded = g_malloc0 (s->cluster_size);
    memcpy (padded, buffer, size);
  }
  g_autofree uint8_t *out = g_malloc (s->cluster_size);
  size_t compressed = codec_shrink (s->zstd, padded ? padded : buffer, s->cluster_size, out);
  if (compressed == 0) {
    struct iovec iov = { (void *)buffer, size };
    return qcow2_pwritev (block, offset, size, &iov, 1);
  }
  tracked_wait (block, &tracked, offset, s->cluster_size, true);
  result = write_compressed (s, offset, out, compressed);
  tracked_end (block, &tracked);
  return result;
}
