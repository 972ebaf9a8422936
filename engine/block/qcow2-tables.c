/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <inttypes.h>
#include <stdarg.h>

/* The first level of the tables, read, and held against each other before anything relies on them. */

bool
qcow2_damaged (const Qcow2 *s, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s: the qcow2 image is damaged: %s (see vitrine-img check)", s->file->path, what);
  return false;
}

bool
qcow2_unsupported (const Qcow2 *s, GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: %s", s->file->path, what);
  return false;
}

bool
qcow2_check_table (const Qcow2 *s, const char *what, uint64_t offset, uint64_t bytes, GError **error)
{
  if (offset & (s->cluster_size - 1))
    return qcow2_damaged (s, error, "the %s is not at a cluster (%#" PRIx64 ")", what, offset);
  if (bytes > 0 && (offset == 0 || offset > s->file_end || bytes > s->file_end - offset))
    return qcow2_damaged (s, error,
                          "the %s (%" PRIu64 " bytes at %#" PRIx64 ") lies beyond the end of the file", what,
                          bytes, offset);
  return true;
}

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
      return qcow2_damaged (s, error, "entry %" PRIu64 " of the %s makes no sense (%#" PRIx64 ")", i, what,
                            table[i]);
  }
  return true;
}

static bool
claim (Qcow2 *s, const char *what, uint64_t offset, uint64_t bytes, GError **error)
{
  for (uint64_t at = offset; at < offset + bytes; at += s->cluster_size) {
    if (!set_add (&s->metadata, at >> s->cluster_bits))
      return qcow2_damaged (s, error, "the %s at %#" PRIx64 " overlaps other metadata", what, at);
  }
  return true;
}

bool
qcow2_claim_metadata (Qcow2 *s, GError **error)
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
qcow2_choose_snapshot (Qcow2 *s, const char *id_or_name, GError **error)
{
  uint64_t table_size;
  g_autoptr (GArray) snapshots = s->n_snapshots ? qcow2_load_snapshots (s, &table_size, error)
                                                : g_array_new (FALSE, FALSE, sizeof (Qcow2Snapshot));
  const Qcow2Snapshot *chosen = NULL;
  if (!snapshots)
    return false;
  /* An id goes before another one's name. */
  for (unsigned i = 0; i < 2 * snapshots->len && !chosen; i++) {
    const Qcow2Snapshot *each = &g_array_index (snapshots, Qcow2Snapshot, i % snapshots->len);
    if (g_strcmp0 (i < snapshots->len ? each->info.id : each->info.name, id_or_name) == 0)
      chosen = each;
  }
  if (!chosen) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s: has no snapshot '%s' (vitrine-img snapshot -l lists them)", s->file->path, id_or_name);
    return false;
  }
  s->l1_offset = chosen->l1_offset;
  s->l1_size = chosen->l1_size;
  s->size = chosen->info.disk_size & ~(uint64_t)(SECTOR_SIZE - 1);
  if (s->size > BLOCK_MAX_SIZE)
    return qcow2_damaged (s, error, "the size of its snapshot is absurd (%" PRIu64 " bytes)", s->size);
  return qcow2_check_l1_size (s, error);
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
  return s->block->read_only || qcow2_claim_metadata (s, error);
}
