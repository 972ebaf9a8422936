/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "log.h"

/* The header and the first level of the tables: read, and held against each other before anything relies on
 * them. */

enum { V2_HEADER = 72, V3_HEADER = 104 };
enum {
  EXT_END = 0,
  EXT_BACKING_FORMAT = (int)0xe2792aca,
  EXT_FEATURE_NAMES = 0x6803f857,
  EXT_BITMAPS = 0x23852875,
};
enum { FEATURE_NAME_ENTRY = 48, FEATURE_NAME_LENGTH = 46 };

static bool damaged (const Qcow2 *s, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static bool
damaged (const Qcow2 *s, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the qcow2 image is damaged: %s (see vitrine-img check)", s->file->path, what);
  return false;
}

static bool
unsupported (const Qcow2 *s, GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: %s", s->file->path, what);
  return false;
}

int
qcow2_corrupt (Qcow2 *s, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  if (g_atomic_int_compare_and_exchange (&s->corrupt, 0, 1))
    vlog_always (
        "%s: the qcow2 image is damaged: %s; nothing more is written to it (see vitrine-img check)\n",
        s->file->path, what);
  return -EIO;
}

/* ---- Header ---- */

/* A table must begin at a cluster and lie in the file, of which the last cluster may be cut short. */
static bool
check_table (const Qcow2 *s, const char *what, uint64_t offset, uint64_t bytes, GError **error)
{
  if (offset & (s->cluster_size - 1))
    return damaged (s, error, "the %s is not at a cluster (%#" PRIx64 ")", what, offset);
  if (bytes > 0 && (offset == 0 || offset > s->file_end || bytes > s->file_end - offset))
    return damaged (s, error, "the %s (%" PRIu64 " bytes at %#" PRIx64 ") lies beyond the end of the file",
                    what, bytes, offset);
  return true;
}

static bool
read_sizes (Qcow2 *s, const uint8_t *h, GError **error)
{
  s->version = be32_load (h + 4);
  s->cluster_bits = be32_load (h + 20);
  s->size = be64_load (h + 24);
  if (memcmp (h, "QFI\xfb", 4) != 0)
    return damaged (s, error, "it has no qcow2 header");
  if (s->version != 2 && s->version != 3) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: qcow2 version %u is not supported",
                 s->file->path, s->version);
    return false;
  }
  if (s->cluster_bits < 9 || s->cluster_bits > 21)
    return damaged (s, error, "its clusters have 2^%u bytes (2^9 to 2^21 are possible)", s->cluster_bits);
  if (s->size > BLOCK_MAX_SIZE)
    return damaged (s, error, "its size is absurd (%" PRIu64 " bytes)", s->size);
  s->cluster_size = UINT64_C (1) << s->cluster_bits;
  s->header_length = s->version == 2 ? V2_HEADER : be32_load (h + 100);
  s->refcount_order = s->version == 2 ? 4 : be32_load (h + 96);
  if (s->version == 3 &&
      (s->header_length < V3_HEADER || s->header_length > s->cluster_size || s->header_length % 8 != 0))
    return damaged (s, error, "its header has an impossible length (%u)", s->header_length);
  if (s->refcount_order > 6)
    return damaged (s, error, "its refcounts have 2^%u bits", s->refcount_order);
  return true;
}

static void
derive_geometry (Qcow2 *s)
{
  s->extended_l2 = s->incompatible & QCOW2_INCOMPAT_EXTENDED_L2;
  s->l2_entry_size = s->extended_l2 ? 16 : 8;
  s->l2_entries = (unsigned)(s->cluster_size / s->l2_entry_size);
  s->subclusters = s->extended_l2 ? 32 : 1;
  s->subcluster_size = s->cluster_size / s->subclusters;
  s->slice_size = MIN (s->cluster_size, 4096);
  s->slice_entries = (unsigned)(s->slice_size / s->l2_entry_size);
  s->refcounts_per_block = s->cluster_size * 8 >> s->refcount_order;
}

/* The name the image itself gives to a feature; NULL if it has none. */
static char *
feature_name (const uint8_t *extensions, size_t size, unsigned bit)
{
  for (size_t at = 0; at + 8 <= size;) {
    uint32_t type = be32_load (extensions + at), length = be32_load (extensions + at + 4);
    at += 8;
    if (type == EXT_END || length > size - at)
      break;
    for (uint32_t i = 0; type == EXT_FEATURE_NAMES && i + FEATURE_NAME_ENTRY <= length;
         i += FEATURE_NAME_ENTRY) {
      const uint8_t *entry = extensions + at + i;
      if (entry[0] == 0 && entry[1] == bit) {
        g_autofree char *name = g_strndup ((const char *)entry + 2, FEATURE_NAME_LENGTH);
        return g_utf8_make_valid (name, -1);
      }
    }
    at += (length + UINT64_C (7)) & ~UINT64_C (7);
  }
  return NULL;
}

static bool
check_features (Qcow2 *s, const uint8_t *extensions, size_t size, GError **error)
{
  if (s->incompatible & QCOW2_INCOMPAT_DATA_FILE)
    return unsupported (
        s, error,
        "it keeps its data in an external file, which is not supported (convert it with qemu-img "
        "convert -O qcow2)");
  for (unsigned bit = 0; bit < 64; bit++) {
    if (!(s->incompatible & ~(uint64_t)QCOW2_INCOMPAT_KNOWN & UINT64_C (1) << bit))
      continue;
    g_autofree char *name = feature_name (extensions, size, bit);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: uses a feature that is not known here: %s (bit %u); a newer program may open it",
                 s->file->path, name ? name : "it does not say its name", bit);
    return false;
  }
  if (s->extended_l2 && s->cluster_bits < 14)
    return damaged (s, error, "extended L2 entries need clusters of 16 KiB or more");
  return true;
}

static bool
read_extension (Qcow2 *s, uint32_t type, const uint8_t *data, uint32_t length, GError **error)
{
  if (type == (uint32_t)EXT_BACKING_FORMAT) {
    g_free (s->block->backing_format);
    s->block->backing_format = g_strndup ((const char *)data, length);
  } else if (type == EXT_BITMAPS) {
    if (length < 24)
      return damaged (s, error, "its bitmaps extension is too short");
    s->bitmaps = (Qcow2BitmapsHeader){ be32_load (data), be64_load (data + 16), be64_load (data + 8) };
    if (s->autoclear & QCOW2_AUTOCLEAR_BITMAPS) {
      if (s->bitmaps.count == 0 || s->bitmaps.count > QCOW2_MAX_BITMAPS ||
          s->bitmaps.directory_size > QCOW2_MAX_TABLE)
        return damaged (s, error, "its bitmap directory is absurd");
      return check_table (s, "bitmap directory", s->bitmaps.directory_offset, s->bitmaps.directory_size,
                          error);
    }
  }
  return true;
}

static bool
read_extensions (Qcow2 *s, const uint8_t *extensions, size_t size, GError **error)
{
  for (size_t at = 0; at + 8 <= size;) {
    uint32_t type = be32_load (extensions + at), length = be32_load (extensions + at + 4);
    at += 8;
    if (type == EXT_END)
      return true;
    if (length > size - at)
      return damaged (s, error, "a header extension does not end");
    if (!read_extension (s, type, extensions + at, length, error))
      return false;
    at += (length + UINT64_C (7)) & ~UINT64_C (7);
  }
  return true;
}

static bool
read_backing_name (Qcow2 *s, const uint8_t *header, GError **error)
{
  if (s->backing_offset == 0)
    return true;
  if (s->backing_length > 1023 || s->backing_offset > s->cluster_size ||
      s->backing_length > s->cluster_size - s->backing_offset)
    return damaged (s, error, "the name of its backing file is not in its header");
  const char *name = (const char *)header + s->backing_offset;
  if (memchr (name, 0, s->backing_length))
    return damaged (s, error, "the name of its backing file has a NUL in it");
  if (s->backing_length > 0)
    s->block->backing_name = g_strndup (name, s->backing_length);
  return true;
}

static bool
check_header_tables (Qcow2 *s, GError **error)
{
  uint64_t span = (uint64_t)s->l2_entries << s->cluster_bits, needed = (s->size + span - 1) / span;
  if ((uint64_t)s->l1_size * 8 > QCOW2_MAX_L1)
    return damaged (s, error, "its L1 table is absurdly large (%u entries)", s->l1_size);
  if (s->l1_size < needed)
    return damaged (s, error, "its L1 table is too small for its size (%u entries instead of %" PRIu64 ")",
                    s->l1_size, needed);
  if (s->reftable_size == 0 || s->reftable_size * 8 > QCOW2_MAX_REFTABLE)
    return damaged (s, error, "its refcount table has an impossible size (%" PRIu64 " bytes)",
                    s->reftable_size * 8);
  if (s->n_snapshots > QCOW2_MAX_SNAPSHOTS)
    return damaged (s, error, "it has an absurd number of snapshots (%u)", s->n_snapshots);
  return check_table (s, "L1 table", s->l1_offset, (uint64_t)s->l1_size * 8, error) &&
         check_table (s, "refcount table", s->reftable_offset, s->reftable_size * 8, error) &&
         check_table (s, "snapshot table", s->snapshots_offset, s->n_snapshots ? 1 : 0, error);
}

static bool
parse_header (Qcow2 *s, const uint8_t *h, GError **error)
{
  if (!read_sizes (s, h, error))
    return false;
  s->backing_offset = be64_load (h + 8);
  s->backing_length = be32_load (h + 16);
  s->encrypted = be32_load (h + 32) != 0;
  s->l1_size = be32_load (h + 36);
  s->l1_offset = be64_load (h + 40);
  s->reftable_offset = be64_load (h + 48);
  s->reftable_size = (uint64_t)be32_load (h + 56) << (s->cluster_bits - 3);
  s->n_snapshots = be32_load (h + 60);
  s->snapshots_offset = be64_load (h + 64);
  if (s->version >= 3) {
    s->incompatible = be64_load (h + 72);
    s->compatible = be64_load (h + 80);
    s->autoclear = be64_load (h + 88);
    unsigned compression = s->header_length > 104 ? h[104] : 0;
    s->zstd = compression == 1;
    if (compression > 1)
      return unsupported (s, error, "its clusters are compressed in a way that is not known here");
    if ((compression != 0) != ((s->incompatible & QCOW2_INCOMPAT_COMPRESSION) != 0))
      return damaged (s, error, "its compression type and features contradict each other");
  }
  derive_geometry (s);
  return true;
}

bool
qcow2_read_header (Qcow2 *s, GError **error)
{
  int64_t length = file_length (s->file);
  uint8_t head[112] = { 0 };
  int result = length < 0 ? (int)length : file_pread (s->file, 0, head, sizeof head);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be read", s->file->path);
    return false;
  }
  if (!parse_header (s, head, error))
    return false;
  s->file_end = s->virgin = round_up ((uint64_t)length, s->cluster_size);
  g_autofree uint8_t *cluster = g_malloc0 (s->cluster_size);
  result = file_pread (s->file, 0, cluster, s->cluster_size);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be read", s->file->path);
    return false;
  }
  /* The extensions end where the backing file's name begins. */
  uint64_t end = s->backing_offset > s->header_length && s->backing_offset < s->cluster_size
                     ? s->backing_offset
                     : s->cluster_size;
  const uint8_t *extensions = cluster + s->header_length;
  return check_features (s, extensions, end - s->header_length, error) &&
         read_extensions (s, extensions, end - s->header_length, error) &&
         read_backing_name (s, cluster, error) && check_header_tables (s, error);
}

int
qcow2_set_incompatible (Qcow2 *s, uint64_t set, uint64_t clear)
{
  uint8_t field[8];
  uint64_t features = (s->incompatible | set) & ~clear;
  be64_store (field, features);
  int result = file_pwrite (s->file, 72, field, sizeof field);
  if (result == 0)
    result = file_sync (s->file);
  if (result == 0)
    s->incompatible = features;
  return result;
}

int
qcow2_make_modifiable (Qcow2 *s)
{
  if (g_atomic_int_get (&s->corrupt))
    return -EIO;
  int result = 0;
  g_mutex_lock (&s->lock);
  if (!s->modifiable && s->autoclear) {
    uint8_t zero[8] = { 0 };
    result = file_pwrite (s->file, 88, zero, sizeof zero);
    if (result == 0)
      result = file_sync (s->file);
    if (result == 0)
      s->autoclear = 0;
  }
  if (result == 0) {
    g_mutex_lock (&s->block->map_lock);
    s->modifiable = true;
    g_mutex_unlock (&s->block->map_lock);
  }
  g_mutex_unlock (&s->lock);
  return result;
}

/* ---- Tables ---- */

static bool
read_table (Qcow2 *s, const char *what, uint64_t offset, uint64_t n, uint64_t *table, GError **error)
{
  int result = n ? file_pread (s->file, offset, table, n * 8) : 0;
  if (result < 0) {
    set_error_errno (error, -result, "%s: the %s cannot be read", s->file->path, what);
    return false;
  }
  for (uint64_t i = 0; i < n; i++)
    table[i] = GUINT64_FROM_BE (table[i]);
  return true;
}

static bool
check_entries (const Qcow2 *s, const char *what, const uint64_t *table, uint64_t n, uint64_t reserved,
               GError **error)
{
  for (uint64_t i = 0; i < n; i++) {
    uint64_t offset = table[i] & ~QCOW2_COPIED;
    if (table[i] & reserved || offset & (s->cluster_size - 1) || offset >= QCOW2_MAX_HOST ||
        (offset && offset >= s->file_end) || (!offset && table[i]))
      return damaged (s, error, "entry %" PRIu64 " of the %s makes no sense (%#" PRIx64 ")", i, what,
                      table[i]);
  }
  return true;
}

static bool
claim (Qcow2 *s, const char *what, uint64_t offset, uint64_t bytes, GError **error)
{
  for (uint64_t at = offset; at < offset + bytes; at += s->cluster_size) {
    if (!set_add (&s->metadata, at >> s->cluster_bits))
      return damaged (s, error, "the %s at %#" PRIx64 " overlaps other metadata", what, at);
  }
  return true;
}

/* All metadata the active state of the image refers to, each in a place of its own. What snapshots have is
 * not looked at, but for where it is. */
static bool
claim_metadata (Qcow2 *s, GError **error)
{
  if (!claim (s, "header", 0, s->cluster_size, error) ||
      !claim (s, "L1 table", s->l1_offset, (uint64_t)s->l1_size * 8, error) ||
      !claim (s, "refcount table", s->reftable_offset, s->reftable_size * 8, error))
    return false;
  for (uint64_t i = 0; i < s->reftable_size; i++) {
    if (s->reftable[i] && !claim (s, "refcount block", s->reftable[i], s->cluster_size, error))
      return false;
  }
  for (uint32_t i = 0; i < s->l1_size; i++) {
    if (s->l1[i] && !claim (s, "L2 table", s->l1[i] & QCOW2_OFFSET_MASK, s->cluster_size, error))
      return false;
  }
  if (!s->n_snapshots)
    return true;
  uint64_t table_size;
  g_autoptr (GArray) snapshots = qcow2_load_snapshots (s, &table_size, error);
  if (!snapshots || !claim (s, "snapshot table", s->snapshots_offset, table_size, error))
    return false;
  for (unsigned i = 0; i < snapshots->len; i++) {
    const Qcow2Snapshot *snapshot = &g_array_index (snapshots, Qcow2Snapshot, i);
    if (!claim (s, "L1 table of a snapshot", snapshot->l1_offset, (uint64_t)snapshot->l1_size * 8, error))
      return false;
  }
  return true;
}

bool
qcow2_load_tables (Qcow2 *s, bool lenient, GError **error)
{
  s->l1 = g_new0 (uint64_t, s->l1_size + 1);
  s->l1_dirty = g_new0 (uint8_t, s->l1_size / 64 + 1);
  s->reftable = g_new0 (uint64_t, s->reftable_size);
  s->reftable_dirty = g_new0 (uint8_t, s->reftable_size / 64 + 1);
  if (!read_table (s, "L1 table", s->l1_offset, s->l1_size, s->l1, error) ||
      !read_table (s, "refcount table", s->reftable_offset, s->reftable_size, s->reftable, error))
    return false;
  if (lenient)
    return true;
  if (!check_entries (s, "L1 table", s->l1, s->l1_size, QCOW2_L1_RESERVED, error) ||
      !check_entries (s, "refcount table", s->reftable, s->reftable_size,
                      QCOW2_REFTABLE_RESERVED | QCOW2_COPIED, error))
    return false;
  return s->block->read_only || claim_metadata (s, error);
}

/* ---- Opening and closing ---- */

Qcow2 *
qcow2_new (Block *block)
{
  Qcow2 *s = g_new0 (Qcow2, 1);
  s->block = block;
  s->file = block->file;
  g_mutex_init (&s->lock);
  s->freed = g_array_new (FALSE, FALSE, sizeof (Qcow2Range));
  return s;
}

void
qcow2_free (Qcow2 *s)
{
  cache_clear (&s->l2_cache);
  cache_clear (&s->refcount_cache);
  set_clear (&s->metadata);
  g_array_unref (s->freed);
  g_free (s->l1);
  g_free (s->l1_dirty);
  g_free (s->reftable);
  g_free (s->reftable_dirty);
  g_mutex_clear (&s->lock);
  g_free (s);
}

/* Refcounts that were not kept up, by lazy_refcounts=on, are computed afresh. */
static bool
repair_dirty (Qcow2 *s, GError **error)
{
  BlockCheck check;
  g_autoptr (GError) why = NULL;
  if (qcow2_check (s, BLOCK_REPAIR_ALL, NULL, NULL, NULL, &check, &why) &&
      check.corruptions == check.corruptions_fixed && check.check_errors == 0)
    return true;
  return damaged (s, error, "it was not closed, and its refcounts could not be repaired%s%s", why ? ": " : "",
                  why ? why->message : "");
}

static bool
check_usable (Qcow2 *s, GError **error)
{
  if (s->encrypted)
    return unsupported (s, error,
                        "it is encrypted, which is not supported (convert it with qemu-img convert)");
  if (s->incompatible & QCOW2_INCOMPAT_CORRUPT && !s->block->read_only)
    return damaged (s, error,
                    "it is marked as corrupt; it can be repaired with vitrine-img check -r all, or read with "
                    "readonly=on");
  return true;
}

static bool
open_tables (Qcow2 *s, GError **error)
{
  Block *block = s->block;
  uint64_t cache = block->options.l2_cache_size ? block->options.l2_cache_size : 32 << 20;
  uint64_t whole = (uint64_t)s->l1_size << s->cluster_bits;
  cache_init (&s->l2_cache, MIN (cache, MAX (whole, 1 << 20)), s->slice_size);
  cache_init (&s->refcount_cache, 1 << 20, s->slice_size);
  if (!qcow2_load_tables (s, false, error))
    return false;
  if (block->read_only || !(s->incompatible & QCOW2_INCOMPAT_DIRTY))
    return true;
  /* The repair may have put the refcounts elsewhere. */
  set_clear (&s->metadata);
  return repair_dirty (s, error) && claim_metadata (s, error);
}

static bool
qcow2_open (Block *block, GError **error)
{
  Qcow2 *s = qcow2_new (block);
  if (!qcow2_read_header (s, error) || !check_usable (s, error) || !open_tables (s, error)) {
    qcow2_free (s);
    return false;
  }
  block->priv = s;
  block->size = s->size;
  block->unit = s->cluster_size;
  block->has_tracking = !block->read_only;
  s->modifiable = s->autoclear == 0;
  return true;
}

/* What was reserved ahead and never used; failing to give it back is no error.  A length that is not of our
 * making is left alone. */
static void
cut_reserved (Qcow2 *s)
{
  int64_t length = file_length (s->file);
  if (s->reserved > s->virgin && length > 0 && (uint64_t)length == s->reserved && !s->file->is_device)
    file_truncate (s->file, s->virgin);
}

static int
qcow2_close (Block *block)
{
  Qcow2 *s = block->priv;
  int result = 0;
  if (!block->read_only) {
    g_mutex_lock (&s->lock);
    result = qcow2_write_all (s);
    if (result == 0) {
      cut_reserved (s);
      result = file_sync (s->file);
    }
    if (result == 0 && s->dirty_set)
      result = qcow2_set_incompatible (s, 0, QCOW2_INCOMPAT_DIRTY);
    g_mutex_unlock (&s->lock);
  }
  block->priv = NULL;
  qcow2_free (s);
  return result;
}

static int
qcow2_flush (Block *block)
{
  Qcow2 *s = block->priv;
  if (block->read_only)
    return 0;
  g_mutex_lock (&s->lock);
  int result = g_atomic_int_get (&s->unflushed) ? qcow2_write_metadata (s) : 0;
  g_mutex_unlock (&s->lock);
  return result == 0 ? file_sync (s->file) : result;
}

static bool
qcow2_is_clean (Block *block)
{
  Qcow2 *s = block->priv;
  return !g_atomic_int_get (&s->unflushed);
}

const BlockFormat block_format_qcow2 = {
  .name = "qcow2",
  .open = qcow2_open,
  .close = qcow2_close,
  .map = qcow2_map_fast,
  .preadv = qcow2_preadv,
  .pwritev = qcow2_pwritev,
  .write_zeroes = qcow2_write_zeroes,
  .discard = qcow2_discard,
  .flush = qcow2_flush,
  .is_clean = qcow2_is_clean,
  .extent = qcow2_extent,
  .resize = qcow2_resize,
  .pwrite_compressed = qcow2_pwrite_compressed,
  .info = qcow2_info,
  .create = qcow2_create,
  .check = qcow2_check_image,
};
