/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <zlib.h>
#include <zstd.h>

/* Compressed clusters. */

/* ---- Streams: each thread keeps its own, for setting one up takes longer than a small cluster does ---- */

static void
inflater_free (void *z)
{
  inflateEnd (z);
  g_free (z);
}

static void
deflater_free (void *z)
{
  deflateEnd (z);
  g_free (z);
}

static GPrivate inflater = G_PRIVATE_INIT (inflater_free), deflater = G_PRIVATE_INIT (deflater_free);

static int
inflate_init (z_stream *z)
{
  return inflateInit2 (z, -15);
}

static int
deflate_init (z_stream *z)
{
  /* Readers exist that have a window of 4 KiB only. */
  return deflateInit2 (z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY);
}

/* The thread's stream of this kind; NULL if there is no memory. */
static z_stream *
stream_new (GPrivate *place, int (*init) (z_stream *z))
{
  z_stream *z = g_new0 (z_stream, 1);
  if (init (z) != Z_OK) {
    g_free (z);
    return NULL;
  }
  g_private_set (place, z);
  return z;
}

static void
stream_set (z_stream *z, const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  z->next_in = (uint8_t *)in;
  z->avail_in = (uInt)in_size;
  z->next_out = out;
  z->avail_out = (uInt)out_size;
}

/* ---- One cluster ---- */

/* zlib: a raw deflate stream. What follows the stream in its last sector belongs to others. */
static bool
inflate_cluster (const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  z_stream *z = g_private_get (&inflater);
  if (z ? inflateReset (z) != Z_OK : !(z = stream_new (&inflater, inflate_init)))
    return false;
  stream_set (z, in, in_size, out, out_size);
  int result = inflate (z, Z_FINISH);
  return (result == Z_STREAM_END || result == Z_BUF_ERROR) && z->avail_out == 0;
}

static bool
unzstd_cluster (const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
  ZSTD_DCtx *context = ZSTD_createDCtx ();
  ZSTD_inBuffer from = { in, in_size, 0 };
  ZSTD_outBuffer to = { out, out_size, 0 };
  while (context && to.pos < to.size) {
    size_t before = from.pos + to.pos, result = ZSTD_decompressStream (context, &to, &from);
    if (ZSTD_isError (result) || from.pos + to.pos == before)
      break;
  }
  ZSTD_freeDCtx (context);
  return to.pos == to.size;
}

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
  bool ok = s->zstd ? unzstd_cluster (data, map->compressed_size, cluster, s->cluster_size)
                    : inflate_cluster (data, map->compressed_size, cluster, s->cluster_size);
  return ok ? 0 : -EIO;
}

/* Bytes written to `out`; 0 if they would not be fewer. */
static size_t
deflate_cluster (const uint8_t *in, size_t size, uint8_t *out, size_t out_size)
{
  z_stream *z = g_private_get (&deflater);
  if (z ? deflateReset (z) != Z_OK : !(z = stream_new (&deflater, deflate_init)))
    return 0;
  stream_set (z, in, size, out, out_size);
  return deflate (z, Z_FINISH) == Z_STREAM_END ? out_size - z->avail_out : 0;
}

static size_t
compress_cluster (const Qcow2 *s, const uint8_t *in, uint8_t *out)
{
  size_t room = s->cluster_size - 1, n;
  if (!s->zstd)
    return deflate_cluster (in, s->cluster_size, out, room);
  n = ZSTD_compress (out, room, in, s->cluster_size, ZSTD_CLEVEL_DEFAULT);
  return ZSTD_isError (n) ? 0 : n;
}

/* ---- Writing ---- */

/* Adds a reference to each cluster of [offset, offset + size); on failure to none. */
static int
refer (Qcow2 *s, uint64_t first, uint64_t n)
{
  for (uint64_t i = 0; i < n; i++) {
    int result = refcount_add (s, first + i, 1);
    if (result < 0) {
      qcow2_unalloc (s, first << s->cluster_bits, i);
      return result;
    }
  }
  return 0;
}

/* Space for `size` bytes, behind the last compressed cluster if that cluster has room. Holds s->lock. */
static int
alloc_bytes (Qcow2 *s, uint64_t size, uint64_t *ret_offset)
{
  uint64_t at = s->compressed_at, within = at & (s->cluster_size - 1), count = 0;
  /* A cluster that became free meanwhile, or that no more references can be counted of, is not gone on with.
   */
  bool room = at && within + size <= s->cluster_size &&
              refcount_get (s, at >> s->cluster_bits, &count) == 0 && count > 0 && count < refcount_max (s);
  if (room) {
    int result = refer (s, at >> s->cluster_bits, 1);
    if (result < 0)
      return result;
  } else {
    int result = qcow2_alloc_exactly (s, 1, &at);
    if (result < 0)
      return result;
    cache_drop (s, &s->l2_cache, at);
    cache_drop (s, &s->refcount_cache, at);
  }
  *ret_offset = at;
  s->compressed_at = (at + size) & (s->cluster_size - 1) ? at + size : 0;
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
    qcow2_unalloc (s, host, 1);
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
  size_t compressed = compress_cluster (s, padded ? padded : buffer, out);
  if (compressed == 0) {
    struct iovec iov = { (void *)buffer, size };
    return qcow2_pwritev (block, offset, size, &iov, 1);
  }
  tracked_wait (block, &tracked, offset, s->cluster_size, true);
  result = write_compressed (s, offset, out, compressed);
  tracked_end (block, &tracked);
  return result;
}
