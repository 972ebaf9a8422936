/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>

/* Another size of the disk. Nothing is in flight. */

static uint64_t
l1_entries_for (const Qcow2 *s, uint64_t size)
{
  uint64_t span = (uint64_t)s->l2_entries << s->cluster_bits;
  return (size + span - 1) / span;
}

/* The header refers to a larger copy of the L1 table. Holds s->lock. */
static int
grow_l1 (Qcow2 *s, uint64_t entries)
{
  uint64_t bytes = round_up (entries * 8, s->cluster_size), offset;
  int result = qcow2_write_metadata (s);
  if (result == 0)
    result = qcow2_alloc_exactly (s, bytes >> s->cluster_bits, &offset);
  if (result < 0)
    return result;
  for (uint64_t at = offset; at < offset + bytes; at += s->cluster_size) {
    cache_drop (s, &s->l2_cache, at);
    cache_drop (s, &s->refcount_cache, at);
  }
  g_autofree uint64_t *disk = g_malloc0 (bytes);
  for (uint32_t i = 0; i < s->l1_size; i++)
    disk[i] = GUINT64_TO_BE (s->l1[i]);
  result = file_pwrite (s->file, offset, disk, bytes);
  if (result == 0)
    result = qcow2_write_metadata (s);
  if (result == 0)
    result = file_sync (s->file);
  uint8_t header[12];
  be32_store (header, (uint32_t)entries);
  be64_store (header + 4, offset);
  if (result == 0)
    result = file_pwrite (s->file, 36, header, sizeof header);
  if (result == 0)
    result = file_sync (s->file);
  if (result < 0)
    return result;

  uint64_t old_offset = s->l1_offset, old_bytes = round_up ((uint64_t)s->l1_size * 8, s->cluster_size);
  for (uint64_t at = 0; at < old_bytes; at += s->cluster_size)
    set_remove (&s->metadata, (old_offset + at) >> s->cluster_bits);
  for (uint64_t at = 0; at < bytes; at += s->cluster_size)
    set_add (&s->metadata, (offset + at) >> s->cluster_bits);
  g_mutex_lock (&s->block->map_lock);
  s->l1 = g_renew (uint64_t, s->l1, entries + 1);
  memset (s->l1 + s->l1_size, 0, (entries + 1 - s->l1_size) * 8);
  s->l1_size = (uint32_t)entries;
  s->l1_offset = offset;
  g_mutex_unlock (&s->block->map_lock);
  g_free (s->l1_dirty);
  s->l1_dirty = g_new0 (uint8_t, entries / 64 + 1);
  if (old_bytes)
    qcow2_free_later (s, old_offset, old_bytes >> s->cluster_bits);
  return 0;
}

static int
write_size (Qcow2 *s, uint64_t size)
{
  uint8_t field[8];
  be64_store (field, size);
  int result = file_sync (s->file);
  if (result == 0)
    result = file_pwrite (s->file, 24, field, sizeof field);
  if (result == 0)
    result = file_sync (s->file);
  if (result == 0)
    s->size = size;
  return result;
}

static void
set_size (Block *block, uint64_t size)
{
  __atomic_store_n (&block->size, size, __ATOMIC_RELAXED);
}

/* What was beyond the end must not show: the rest of the last cluster, and a backing file that is longer. */
static int
grow (Qcow2 *s, uint64_t size)
{
  Block *block = s->block;
  uint64_t old = block_bytes (block), entries = l1_entries_for (s, size);
  int result = 0;
  g_mutex_lock (&s->lock);
  if (entries > s->l1_size)
    result = grow_l1 (s, entries);
  g_mutex_unlock (&s->lock);
  if (result < 0)
    return result;
  uint64_t hidden = MIN (round_up (old, s->cluster_size), size);
  if (block->backing)
    hidden = MAX (hidden, MIN (block_bytes (block->backing), size));
  set_size (block, size);
  if (hidden > old)
    result = qcow2_write_zeroes (block, old, hidden - old, true);
  if (result == 0)
    result = block->format->flush (block);
  if (result == 0)
    result = write_size (s, size);
  if (result < 0)
    set_size (block, old);
  return result;
}

/* L2 tables of which no entry is reachable any more. Holds s->lock. */
static void
drop_tables (Qcow2 *s, uint64_t size)
{
  for (uint64_t i = l1_entries_for (s, size); i < s->l1_size; i++) {
    uint64_t table = s->l1[i] & QCOW2_OFFSET_MASK;
    if (!table)
      continue;
    qcow2_l1_set (s, (uint32_t)i, 0);
    cache_drop (s, &s->l2_cache, table);
    set_remove (&s->metadata, table >> s->cluster_bits);
    qcow2_free_later (s, table, 1);
  }
}

/* Free clusters at the file's end are given back. Holds s->lock. */
static int
cut_file (Qcow2 *s)
{
  uint64_t clusters = s->virgin >> s->cluster_bits, count = 0;
  while (clusters > 0) {
    int result = refcount_get (s, clusters - 1, &count);
    if (result < 0)
      return result;
    if (count > 0)
      break;
    clusters--;
  }
  uint64_t end = clusters << s->cluster_bits;
  if (s->file->is_device || end >= s->virgin)
    return 0;
  int result = file_truncate (s->file, end);
  if (result == 0) {
    g_mutex_lock (&s->block->map_lock);
    s->virgin = s->file_end = end;
    g_mutex_unlock (&s->block->map_lock);
    s->reserved = 0;
  }
  return result;
}

static int
shrink_to (Qcow2 *s, uint64_t size)
{
  Block *block = s->block;
  uint64_t first = round_up (size, s->cluster_size), end = round_up (block_bytes (block), s->cluster_size);
  int result = 0;
  if (first > size)
    result = qcow2_write_zeroes (block, size, MIN (first, block_bytes (block)) - size, true);
  if (result == 0 && end > first)
    result = qcow2_forget_clusters (s, first >> s->cluster_bits, (end - first) >> s->cluster_bits);
  if (result == 0)
    result = block->format->flush (block);
  if (result == 0)
    result = write_size (s, size);
  if (result < 0)
    return result;
  set_size (block, size);
  g_mutex_lock (&s->lock);
  drop_tables (s, size);
  result = qcow2_write_all (s);
  if (result == 0)
    result = cut_file (s);
  g_mutex_unlock (&s->lock);
  return result;
}

bool
qcow2_resize (Block *block, uint64_t size, bool shrink, GError **error)
{
  Qcow2 *s = block->priv;
  if (s->version == 2 && s->n_snapshots) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: a version 2 image with snapshots cannot be resized (delete them, or convert it)",
                 block->path);
    return false;
  }
  if (l1_entries_for (s, size) * 8 > QCOW2_MAX_L1) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: with clusters of %" PRIu64 " bytes an image cannot be that large", block->path,
                 s->cluster_size);
    return false;
  }
  int result = qcow2_make_modifiable (s);
  if (result == 0)
    result = size > block_bytes (block)   ? grow (s, size)
             : size < block_bytes (block) ? shrink_to (s, size)
                                          : 0;
  if (result < 0)
    set_error_errno (error, -result, "%s: cannot be resized", block->path);
  return result == 0;
}
