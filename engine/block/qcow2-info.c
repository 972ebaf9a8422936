/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>

/* What an image says about itself: snapshots, bitmaps, features. */

enum { SNAPSHOT_HEADER = 40, BITMAP_HEADER = 24 };

static bool
bad_table (const Qcow2 *s, const char *what, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the qcow2 image is damaged: its %s is not well-formed", s->file->path, what);
  return false;
}

static bool
read_bytes (Qcow2 *s, uint64_t offset, void *buffer, size_t size, const char *what, GError **error)
{
  if (offset > s->file_end || size > s->file_end - offset)
    return bad_table (s, what, error);
  int result = file_pread (s->file, offset, buffer, size);
  if (result < 0)
    set_error_errno (error, -result, "%s: the %s cannot be read", s->file->path, what);
  return result == 0;
}

/* Text of a file: not ended by a NUL, and anything at all. */
static char *
text (const uint8_t *p, size_t size)
{
  g_autofree char *copy = g_strndup ((const char *)p, size);
  return g_utf8_make_valid (copy, -1);
}

static void
clear_snapshot (void *data)
{
  Qcow2Snapshot *snapshot = data;
  g_free (snapshot->info.id);
  g_free (snapshot->info.name);
}

/* Reads the entry at *offset and steps over it. */
static bool
load_snapshot (Qcow2 *s, uint64_t *offset, Qcow2Snapshot *ret, GError **error)
{
  const char *what = "snapshot table";
  uint8_t h[SNAPSHOT_HEADER];
  if (!read_bytes (s, *offset, h, sizeof h, what, error))
    return false;
  size_t id = be16_load (h + 12), name = be16_load (h + 14);
  uint32_t extra = be32_load (h + 36);
  *ret = (Qcow2Snapshot){ .l1_offset = be64_load (h), .l1_size = be32_load (h + 8) };
  if (extra > 1024 || (uint64_t)ret->l1_size * 8 > QCOW2_MAX_L1 || ret->l1_offset & (s->cluster_size - 1) ||
      ret->l1_offset > s->file_end || (uint64_t)ret->l1_size * 8 > s->file_end - ret->l1_offset)
    return bad_table (s, what, error);
  g_autofree uint8_t *rest = g_malloc (extra + id + name + 1);
  if (!read_bytes (s, *offset + SNAPSHOT_HEADER, rest, extra + id + name, what, error))
    return false;
  ret->info = (BlockSnapshot){ .id = text (rest + extra, id),
                               .name = text (rest + extra + id, name),
                               .date_sec = be32_load (h + 16),
                               .date_nsec = be32_load (h + 20),
                               .vm_clock_nsec = be64_load (h + 24),
                               .vm_state_size = extra >= 8 ? be64_load (rest) : be32_load (h + 32),
                               .disk_size = extra >= 16 ? be64_load (rest + 8) : s->size };
  *offset += round_up (SNAPSHOT_HEADER + extra + id + name, 8);
  return true;
}

GArray *
qcow2_load_snapshots (Qcow2 *s, uint64_t *ret_size, GError **error)
{
  g_autoptr (GArray) snapshots = g_array_new (FALSE, TRUE, sizeof (Qcow2Snapshot));
  g_array_set_clear_func (snapshots, clear_snapshot);
  uint64_t offset = s->snapshots_offset;
  for (uint32_t i = 0; i < s->n_snapshots; i++) {
    Qcow2Snapshot snapshot;
    if (!load_snapshot (s, &offset, &snapshot, error))
      return NULL;
    g_array_append_val (snapshots, snapshot);
    if (offset - s->snapshots_offset > QCOW2_MAX_TABLE) {
      bad_table (s, "snapshot table", error);
      return NULL;
    }
  }
  *ret_size = offset - s->snapshots_offset;
  return g_steal_pointer (&snapshots);
}

static void
clear_bitmap (void *data)
{
  Qcow2Bitmap *bitmap = data;
  g_free (bitmap->info.name);
}

GArray *
qcow2_load_bitmaps (Qcow2 *s, GError **error)
{
  const char *what = "bitmap directory";
  g_autoptr (GArray) bitmaps = g_array_new (FALSE, TRUE, sizeof (Qcow2Bitmap));
  g_array_set_clear_func (bitmaps, clear_bitmap);
  if (!(s->autoclear & QCOW2_AUTOCLEAR_BITMAPS) || s->bitmaps.count == 0)
    return g_steal_pointer (&bitmaps);
  uint64_t size = s->bitmaps.directory_size;
  g_autofree uint8_t *directory = g_malloc (size + 1);
  if (!read_bytes (s, s->bitmaps.directory_offset, directory, size, what, error))
    return NULL;
  uint64_t at = 0;
  for (uint32_t i = 0; i < s->bitmaps.count; i++) {
    const uint8_t *h = directory + at;
    uint64_t name = at + BITMAP_HEADER <= size ? be16_load (h + 18) : 0;
    uint64_t extra = at + BITMAP_HEADER <= size ? be32_load (h + 20) : 0;
    if (at + BITMAP_HEADER + extra + name > size || name == 0 || h[17] > 63) {
      bad_table (s, what, error);
      return NULL;
    }
    Qcow2Bitmap bitmap = { .info = { .name = text (h + BITMAP_HEADER + extra, name),
                                     .granularity = UINT64_C (1) << h[17],
                                     .in_use = h[15] & 1,
                                     .automatic = h[15] >> 1 & 1 },
                           .table_offset = be64_load (h),
                           .table_size = be32_load (h + 8),
                           .entry_offset = s->bitmaps.directory_offset + at,
                           .flags = be32_load (h + 12) };
    g_array_append_val (bitmaps, bitmap);
    at += round_up (BITMAP_HEADER + extra + name, 8);
  }
  return g_steal_pointer (&bitmaps);
}

int
qcow2_outdate_bitmaps (Qcow2 *s)
{
  enum { IN_USE = 1 };
  g_autoptr (GArray) bitmaps = qcow2_load_bitmaps (s, NULL);
  int result = bitmaps ? 0 : -EIO;
  for (unsigned i = 0; result == 0 && i < bitmaps->len; i++) {
    const Qcow2Bitmap *bitmap = &g_array_index (bitmaps, Qcow2Bitmap, i);
    uint64_t place = bitmap->entry_offset + 12;
    uint8_t field[4];
    be32_store (field, bitmap->flags | IN_USE);
    /* A directory on top of other tables is not to be written to. */
    if (set_has (&s->metadata, place >> s->cluster_bits))
      result = -EIO;
    else if (!bitmap->info.in_use)
      result = file_pwrite (s->file, place, field, sizeof field);
  }
  return result;
}

bool
qcow2_info (Block *block, BlockInfo *info, GError **error)
{
  Qcow2 *s = block->priv;
  info->cluster_size = (uint32_t)s->cluster_size;
  info->encrypted = s->encrypted;
  info->dirty = s->incompatible & QCOW2_INCOMPAT_DIRTY;
  info->corrupt = s->incompatible & QCOW2_INCOMPAT_CORRUPT || g_atomic_int_get (&s->corrupt);
  info->lazy_refcounts = s->compatible & QCOW2_COMPAT_LAZY;
  info->extended_l2 = s->extended_l2;
  info->compat = s->version == 2 ? "0.10" : "1.1";
  info->compression_type = s->zstd ? "zstd" : "zlib";
  info->refcount_bits = 1u << s->refcount_order;
  g_mutex_lock (&s->lock);
  uint64_t table_size;
  g_autoptr (GArray) snapshots = qcow2_load_snapshots (s, &table_size, error);
  g_autoptr (GArray) bitmaps = snapshots ? qcow2_load_bitmaps (s, error) : NULL;
  g_mutex_unlock (&s->lock);
  if (!bitmaps)
    return false;
  for (unsigned i = 0; i < snapshots->len; i++) {
    BlockSnapshot *from = &g_array_index (snapshots, Qcow2Snapshot, i).info;
    g_ptr_array_add (info->snapshots, g_memdup2 (from, sizeof *from));
    from->id = from->name = NULL;
  }
  for (unsigned i = 0; i < bitmaps->len; i++) {
    BlockBitmap *from = &g_array_index (bitmaps, Qcow2Bitmap, i).info;
    g_ptr_array_add (info->bitmaps, g_memdup2 (from, sizeof *from));
    from->name = NULL;
  }
  return true;
}
