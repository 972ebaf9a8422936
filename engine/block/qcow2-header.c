/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <inttypes.h>

/* The header and its extensions, read and checked one by one. */

enum { V2_HEADER = 72, V3_HEADER = 104 };
enum {
  EXT_END = 0,
  EXT_BACKING_FORMAT = (int)0xe2792aca,
  EXT_FEATURE_NAMES = 0x6803f857,
  EXT_BITMAPS = 0x23852875,
  EXT_ENCRYPTION = 0x0537be77,
};
enum { FEATURE_NAME_ENTRY = 48, FEATURE_NAME_LENGTH = 46 };

static bool
read_sizes (Qcow2 *s, const uint8_t *h, GError **error)
{
  s->version = be32_load (h + 4);
  s->cluster_bits = be32_load (h + 20);
  /* A disk is made of whole sectors. */
  s->size = be64_load (h + 24) & ~(uint64_t)(SECTOR_SIZE - 1);
  if (memcmp (h, "QFI\xfb", 4) != 0)
    return qcow2_damaged (s, error, "it has no qcow2 header");
  if (s->version != 2 && s->version != 3) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: qcow2 version %u is not supported",
                 s->file->path, s->version);
    return false;
  }
  if (s->cluster_bits < 9 || s->cluster_bits > 21)
    return qcow2_damaged (s, error, "its clusters have 2^%u bytes (2^9 to 2^21 are possible)",
                          s->cluster_bits);
  if (s->size > BLOCK_MAX_SIZE)
    return qcow2_damaged (s, error, "its size is absurd (%" PRIu64 " bytes)", s->size);
  s->cluster_size = UINT64_C (1) << s->cluster_bits;
  s->header_length = s->version == 2 ? V2_HEADER : be32_load (h + 100);
  s->refcount_order = s->version == 2 ? 4 : be32_load (h + 96);
  if (s->version == 3 &&
      (s->header_length < V3_HEADER || s->header_length > s->cluster_size || s->header_length % 8 != 0))
    return qcow2_damaged (s, error, "its header has an impossible length (%u)", s->header_length);
  if (s->refcount_order > 6)
    return qcow2_damaged (s, error, "its refcounts have 2^%u bits", s->refcount_order);
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
    return qcow2_unsupported (
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
    return qcow2_damaged (s, error, "extended L2 entries need clusters of 16 KiB or more");
  return true;
}

static bool
read_extension (Qcow2 *s, uint32_t type, const uint8_t *data, uint32_t length, GError **error)
{
  if (type == (uint32_t)EXT_BACKING_FORMAT) {
    g_free (s->block->backing_format);
    s->block->backing_format = g_strndup ((const char *)data, length);
  } else if (type == EXT_ENCRYPTION) {
    if (length < 16)
      return qcow2_damaged (s, error, "its encryption extension is too short");
    s->encryption_offset = be64_load (data);
    s->encryption_size = be64_load (data + 8);
    return qcow2_check_table (s, "encryption header", s->encryption_offset, s->encryption_size, error);
  } else if (type == EXT_BITMAPS) {
    if (length < 24)
      return qcow2_damaged (s, error, "its bitmaps extension is too short");
    s->bitmaps = (Qcow2BitmapsHeader){ be32_load (data), be64_load (data + 16), be64_load (data + 8) };
    if (s->autoclear & QCOW2_AUTOCLEAR_BITMAPS) {
      if (s->bitmaps.count == 0 || s->bitmaps.count > QCOW2_MAX_BITMAPS ||
          s->bitmaps.directory_size > QCOW2_MAX_TABLE)
        return qcow2_damaged (s, error, "its bitmap directory is absurd");
      return qcow2_check_table (s, "bitmap directory", s->bitmaps.directory_offset, s->bitmaps.directory_size,
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
      return qcow2_damaged (s, error, "a header extension does not end");
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
    return qcow2_damaged (s, error, "the name of its backing file is not in its header");
  const char *name = (const char *)header + s->backing_offset;
  if (memchr (name, 0, s->backing_length))
    return qcow2_damaged (s, error, "the name of its backing file has a NUL in it");
  if (s->backing_length > 0)
    s->block->backing_name = g_strndup (name, s->backing_length);
  return true;
}

bool
qcow2_check_l1_size (const Qcow2 *s, GError **error)
{
  uint64_t span = (uint64_t)s->l2_entries << s->cluster_bits, needed = (s->size + span - 1) / span;
  if ((uint64_t)s->l1_size * 8 > QCOW2_MAX_L1)
    return qcow2_damaged (s, error, "its L1 table is absurdly large (%u entries)", s->l1_size);
  if (s->l1_size < needed)
    return qcow2_damaged (s, error,
                          "its L1 table is too small for its size (%u entries instead of %" PRIu64 ")",
                          s->l1_size, needed);
  return true;
}

static bool
check_header_tables (Qcow2 *s, GError **error)
{
  if (s->reftable_size == 0 || s->reftable_size * 8 > QCOW2_MAX_REFTABLE)
    return qcow2_damaged (s, error, "its refcount table has an impossible size (%" PRIu64 " bytes)",
                          s->reftable_size * 8);
  if (s->n_snapshots > QCOW2_MAX_SNAPSHOTS)
    return qcow2_damaged (s, error, "it has an absurd number of snapshots (%u)", s->n_snapshots);
  return qcow2_check_l1_size (s, error) &&
         qcow2_check_table (s, "L1 table", s->l1_offset, (uint64_t)s->l1_size * 8, error) &&
         qcow2_check_table (s, "refcount table", s->reftable_offset, s->reftable_size * 8, error) &&
         qcow2_check_table (s, "snapshot table", s->snapshots_offset, s->n_snapshots ? 1 : 0, error);
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
      return qcow2_unsupported (s, error, "its clusters are compressed in a way that is not known here");
    if ((compression != 0) != ((s->incompatible & QCOW2_INCOMPAT_COMPRESSION) != 0))
      return qcow2_damaged (s, error, "its compression type and features contradict each other");
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
