/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

/* Counts all references to each cluster, and holds the count against the refcounts. */

#define MAX_CLUSTERS (UINT64_C (1) << 31)

typedef struct {
  Qcow2 *s;
  unsigned repair;
  const BlockProgress *progress;
  void (*message) (void *opaque, const char *text);
  void *opaque;
  BlockCheck result;
  uint32_t *counts;
  uint64_t n;
  uint64_t last_host; /* of the cluster before, to see what is scattered */
  bool rebuild;       /* the refcount structures themselves are unusable */
  uint64_t structure_errors;
  uint64_t done, total; /* of the progress: L2 tables */
  bool cancelled;
} Check;

static void say (Check *c, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (Check *c, const char *format, ...)
{
  if (!c->message)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  c->message (c->opaque, line);
}

static bool
step (Check *c)
{
  c->done++;
  if (c->progress && !c->cancelled && c->done % 16 == 0)
    c->cancelled = !c->progress->report (c->progress->opaque, MIN (c->done, c->total), c->total);
  return !c->cancelled;
}

/* Counts a reference to each cluster of the range. False if it lies beyond the file. */
static bool
count (Check *c, const char *what, uint64_t offset, uint64_t bytes)
{
  if (bytes == 0)
    return true;
  uint64_t first = offset >> c->s->cluster_bits, last = (offset + bytes - 1) >> c->s->cluster_bits;
  if (offset >= QCOW2_MAX_HOST || bytes >= QCOW2_MAX_HOST || last >= c->n) {
    say (c, "ERROR: the %s at %#" PRIx64 " lies beyond the end of the file", what, offset);
    c->result.corruptions++;
    return false;
  }
  for (uint64_t i = first; i <= last; i++) {
    if (c->counts[i] < UINT32_MAX)
      c->counts[i]++;
  }
  return true;
}

static bool
read_error (Check *c, const char *what, uint64_t offset)
{
  say (c, "ERROR: the %s at %#" PRIx64 " cannot be read", what, offset);
  c->result.check_errors++;
  return false;
}

/* ---- Mapping ---- */

static void
count_cluster (Check *c, uint64_t entry, uint64_t bitmap, bool active)
{
  Qcow2 *s = c->s;
  Qcow2Map map;
  qcow2_decode (s, entry, bitmap, 0, &map);
  if (map.type == MAP_BAD) {
    say (c, "ERROR: an L2 entry makes no sense: %#" PRIx64, entry);
    c->result.corruptions++;
    return;
  }
  if (map.type == MAP_COMPRESSED) {
    uint64_t first, n;
    qcow2_compressed_clusters (s, entry, &first, &n);
    count (c, "compressed cluster", first << s->cluster_bits, n << s->cluster_bits);
    if (active) {
      c->result.compressed_clusters++;
      c->result.allocated_clusters++;
      c->result.fragmented_clusters++;
    }
    return;
  }
  uint64_t host = entry & QCOW2_OFFSET_MASK;
  if (!host)
    return;
  count (c, "data cluster", host, s->cluster_size);
  if (!active)
    return;
  c->result.allocated_clusters++;
  if (c->last_host && host != c->last_host + s->cluster_size)
    c->result.fragmented_clusters++;
  c->last_host = host;
}

static bool
valid_l1_entry (const Qcow2 *s, uint64_t entry)
{
  uint64_t table = entry & QCOW2_OFFSET_MASK;
  return !(entry & QCOW2_L1_RESERVED) && !(table & (s->cluster_size - 1)) && table < s->file_end &&
         (table || !(entry & QCOW2_COPIED));
}

static bool
count_l2 (Check *c, uint64_t entry, bool active, uint8_t *table)
{
  Qcow2 *s = c->s;
  uint64_t offset = entry & QCOW2_OFFSET_MASK;
  if (!valid_l1_entry (s, entry)) {
    say (c, "ERROR: an L1 entry makes no sense: %#" PRIx64, entry);
    c->result.corruptions++;
    return true;
  }
  if (!offset)
    return true;
  if (!count (c, "L2 table", offset, s->cluster_size))
    return true;
  if (file_pread (s->file, offset, table, s->cluster_size) < 0)
    return read_error (c, "L2 table", offset);
  c->last_host = 0;
  for (unsigned i = 0; i < s->l2_entries; i++) {
    const uint8_t *p = table + i * s->l2_entry_size;
    uint64_t value = be64_load (p);
    if (value)
      count_cluster (c, value, s->extended_l2 ? be64_load (p + 8) : 0, active);
  }
  return step (c);
}

static bool
count_mapping (Check *c, const uint64_t *l1, uint64_t entries, bool active)
{
  g_autofree uint8_t *table = g_malloc (c->s->cluster_size);
  for (uint64_t i = 0; i < entries; i++) {
    if (!count_l2 (c, l1[i], active, table))
      return false;
  }
  return true;
}

static bool
count_snapshots (Check *c, GError **error)
{
  Qcow2 *s = c->s;
  uint64_t size;
  g_autoptr (GArray) snapshots = qcow2_load_snapshots (s, &size, error);
  if (!snapshots)
    return false;
  count (c, "snapshot table", s->snapshots_offset, size);
  for (unsigned i = 0; i < snapshots->len; i++) {
    const Qcow2Snapshot *snapshot = &g_array_index (snapshots, Qcow2Snapshot, i);
    uint64_t bytes = (uint64_t)snapshot->l1_size * 8;
    g_autofree uint64_t *l1 = g_malloc (bytes + 8);
    count (c, "L1 table of a snapshot", snapshot->l1_offset, bytes);
    if (bytes && file_pread (s->file, snapshot->l1_offset, l1, bytes) < 0)
      return read_error (c, "L1 table of a snapshot", snapshot->l1_offset);
    for (uint32_t j = 0; j < snapshot->l1_size; j++)
      l1[j] = GUINT64_FROM_BE (l1[j]);
    if (!count_mapping (c, l1, snapshot->l1_size, false))
      return false;
  }
  return true;
}

static bool
count_bitmaps (Check *c, GError **error)
{
  Qcow2 *s = c->s;
  g_autoptr (GArray) bitmaps = qcow2_load_bitmaps (s, error);
  if (!bitmaps)
    return false;
  if (bitmaps->len > 0)
    count (c, "bitmap directory", s->bitmaps.directory_offset, s->bitmaps.directory_size);
  for (unsigned i = 0; i < bitmaps->len; i++) {
    const Qcow2Bitmap *bitmap = &g_array_index (bitmaps, Qcow2Bitmap, i);
    uint64_t bytes = (uint64_t)bitmap->table_size * 8;
    if (bytes > QCOW2_MAX_TABLE || !count (c, "bitmap table", bitmap->table_offset, bytes))
      continue;
    g_autofree uint64_t *table = g_malloc (bytes + 8);
    if (bytes && file_pread (s->file, bitmap->table_offset, table, bytes) < 0)
      return read_error (c, "bitmap table", bitmap->table_offset);
    for (uint32_t j = 0; j < bitmap->table_size; j++) {
      uint64_t data = GUINT64_FROM_BE (table[j]) & QCOW2_OFFSET_MASK;
      if (data)
        count (c, "bitmap", data, s->cluster_size);
    }
  }
  return true;
}

/* ---- Refcount structures ---- */

static void
count_refcounts (Check *c)
{
  Qcow2 *s = c->s;
  count (c, "refcount table", s->reftable_offset, s->reftable_size * 8);
  for (uint64_t i = 0; i < s->reftable_size; i++) {
    uint64_t offset = s->reftable[i];
    if (!offset)
      continue;
    if (offset & (s->cluster_size - 1) || offset >> s->cluster_bits >= c->n) {
      say (c, "ERROR: refcount block %" PRIu64 " is at an impossible place: %#" PRIx64, i, offset);
      c->result.corruptions++;
      c->structure_errors++;
      c->rebuild = true;
      s->reftable[i] = 0;
      continue;
    }
    count (c, "refcount block", offset, s->cluster_size);
    if (c->counts[offset >> s->cluster_bits] == 1)
      continue;
    say (c, "ERROR: refcount block %" PRIu64 " shares its cluster with something else", i);
    c->result.corruptions++;
    c->structure_errors++;
    c->rebuild = true;
  }
}

/* One cluster's refcount against what was counted. *block is its refcount block, or NULL. */
static void
compare_one (Check *c, uint64_t cluster, uint8_t *block, uint64_t index, bool *block_changed)
{
  uint64_t stored = block ? refcount_load (block, index, c->s->refcount_order) : 0, real = c->counts[cluster];
  if (real)
    c->result.image_end_offset = (cluster + 1) << c->s->cluster_bits;
  if (stored == real)
    return;
  bool leak = stored > real;
  unsigned needed = leak ? BLOCK_REPAIR_LEAKS : BLOCK_REPAIR_ALL;
  bool fix = (c->repair & needed) == needed && !c->result.check_errors && real <= refcount_max (c->s) &&
             (!c->rebuild || (c->repair & BLOCK_REPAIR_ALL) == BLOCK_REPAIR_ALL);
  say (c, "%s cluster %" PRIu64 " refcount=%" PRIu64 " reference=%" PRIu64,
       fix    ? "Repairing"
       : leak ? "Leaked"
              : "ERROR",
       cluster, stored, real);
  if (leak)
    c->result.leaks++;
  else
    c->result.corruptions++;
  if (!fix)
    return;
  if (leak)
    c->result.leaks_fixed++;
  else
    c->result.corruptions_fixed++;
  if (!block) {
    c->rebuild = true;
    return;
  }
  refcount_store (block, index, c->s->refcount_order, real);
  *block_changed = true;
}

static bool
compare_all (Check *c)
{
  Qcow2 *s = c->s;
  g_autofree uint8_t *buffer = g_malloc (s->cluster_size);
  for (uint64_t first = 0; first < c->n; first += s->refcounts_per_block) {
    uint64_t area = first / s->refcounts_per_block, offset = area < s->reftable_size ? s->reftable[area] : 0;
    uint64_t end = MIN (first + s->refcounts_per_block, c->n);
    uint8_t *block = offset ? buffer : NULL;
    bool changed = false;
    if (block && file_pread (s->file, offset, block, s->cluster_size) < 0)
      return read_error (c, "refcount block", offset);
    for (uint64_t cluster = first; cluster < end; cluster++)
      compare_one (c, cluster, block, cluster - first, &changed);
    if (changed && !c->rebuild && file_pwrite (s->file, offset, block, s->cluster_size) < 0)
      c->result.check_errors++;
  }
  return true;
}

/* ---- The copied flags ---- */

static uint64_t
right_flag (const Check *c, uint64_t entry)
{
  uint64_t host = entry & QCOW2_OFFSET_MASK, cluster = host >> c->s->cluster_bits;
  if (entry & QCOW2_COMPRESSED || !host || cluster >= c->n)
    return entry & QCOW2_COPIED;
  return c->counts[cluster] == 1 ? QCOW2_COPIED : 0;
}

/* True if it must be written back. */
static bool
check_flag (Check *c, const char *what, uint64_t *entry)
{
  uint64_t flag = right_flag (c, *entry);
  if ((*entry & QCOW2_COPIED) == flag)
    return false;
  bool fix = (c->repair & BLOCK_REPAIR_ALL) == BLOCK_REPAIR_ALL;
  say (c, "%s the copied flag of an %s: %#" PRIx64, fix ? "Repairing" : "ERROR: wrong is", what, *entry);
  c->result.corruptions++;
  if (!fix)
    return false;
  c->result.corruptions_fixed++;
  *entry = (*entry & ~QCOW2_COPIED) | flag;
  return true;
}

static bool
check_l2_flags (Check *c, uint64_t offset, uint8_t *table)
{
  Qcow2 *s = c->s;
  bool changed = false;
  if (file_pread (s->file, offset, table, s->cluster_size) < 0)
    return read_error (c, "L2 table", offset);
  for (unsigned i = 0; i < s->l2_entries; i++) {
    uint8_t *p = table + i * s->l2_entry_size;
    uint64_t entry = be64_load (p);
    if (entry && check_flag (c, "L2 entry", &entry)) {
      be64_store (p, entry);
      changed = true;
    }
  }
  if (changed && file_pwrite (s->file, offset, table, s->cluster_size) < 0)
    c->result.check_errors++;
  return true;
}

static bool
check_flags (Check *c)
{
  Qcow2 *s = c->s;
  g_autofree uint8_t *table = g_malloc (s->cluster_size);
  for (uint32_t i = 0; i < s->l1_size; i++) {
    uint64_t offset = s->l1[i] & QCOW2_OFFSET_MASK;
    if (!offset || !valid_l1_entry (s, s->l1[i]))
      continue;
    if (check_flag (c, "L1 entry", &s->l1[i])) {
      uint64_t disk = GUINT64_TO_BE (s->l1[i]);
      if (file_pwrite (s->file, s->l1_offset + (uint64_t)i * 8, &disk, 8) < 0)
        c->result.check_errors++;
    }
    if (!check_l2_flags (c, offset, table))
      return false;
  }
  return true;
}

/* ---- All of it ---- */

/* New refcount structures; the old ones' clusters are free then. */
static void
rebuild (Check *c)
{
  Qcow2 *s = c->s;
  uint64_t table_end = s->reftable_offset + s->reftable_size * 8;
  for (uint64_t at = s->reftable_offset; at < table_end; at += s->cluster_size)
    c->counts[at >> s->cluster_bits]--;
  for (uint64_t i = 0; i < s->reftable_size; i++) {
    if (s->reftable[i])
      c->counts[s->reftable[i] >> s->cluster_bits]--;
  }
  say (c, "Rebuilding the refcount structures");
  int result = qcow2_rebuild_refcounts (s, &c->counts, &c->n);
  if (result == 0) {
    c->result.corruptions_fixed += c->structure_errors;
    return;
  }
  say (c, "ERROR: they cannot be written: %s", g_strerror (-result));
  c->result.check_errors++;
}

static bool
count_everything (Check *c, GError **error)
{
  Qcow2 *s = c->s;
  count (c, "header", 0, s->cluster_size);
  count (c, "encryption header", s->encryption_offset, s->encryption_size);
  count (c, "L1 table", s->l1_offset, (uint64_t)s->l1_size * 8);
  if (!count_mapping (c, s->l1, s->l1_size, true) || !count_snapshots (c, error) || !count_bitmaps (c, error))
    return false;
  count_refcounts (c);
  return true;
}

/* What could not be repaired leaves the marks as they are. */
static int
finish_repair (Check *c)
{
  Qcow2 *s = c->s;
  if (!c->repair || c->result.check_errors || c->result.corruptions != c->result.corruptions_fixed)
    return 0;
  int result = file_sync (s->file);
  uint64_t marks = s->incompatible & (QCOW2_INCOMPAT_DIRTY | QCOW2_INCOMPAT_CORRUPT);
  if (result == 0 && marks && (c->repair & BLOCK_REPAIR_ALL) == BLOCK_REPAIR_ALL)
    result = qcow2_set_incompatible (s, 0, marks);
  return result;
}

static bool
run (Check *c, GError **error)
{
  bool repair_all = (c->repair & BLOCK_REPAIR_ALL) == BLOCK_REPAIR_ALL;
  if (!count_everything (c, error))
    return !error || !*error ? c->result.check_errors > 0 : false;
  if (!compare_all (c))
    return true;
  /* Before the flags: refcount structures in a wrong place have been counted there. */
  if (c->rebuild && repair_all && !c->result.check_errors)
    rebuild (c);
  if (!check_flags (c))
    return true;
  int result = finish_repair (c);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be repaired", c->s->file->path);
    return false;
  }
  return true;
}

bool
qcow2_check (Qcow2 *s, unsigned repair, const BlockProgress *progress,
             void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
             GError **error)
{
  Check c = { .s = s, .repair = repair, .progress = progress, .message = message, .opaque = opaque };
  c.n = s->file_end >> s->cluster_bits;
  c.result.total_clusters = (s->size + s->cluster_size - 1) >> s->cluster_bits;
  for (uint32_t i = 0; i < s->l1_size; i++)
    c.total += s->l1[i] != 0;
  if (c.n > MAX_CLUSTERS || !(c.counts = g_try_new0 (uint32_t, c.n + 1))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: too large to be checked (%" PRIu64 " clusters)",
                 s->file->path, c.n);
    return false;
  }
  bool ok = run (&c, error);
  if (c.cancelled) {
    g_clear_error (error);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: the check was stopped", s->file->path);
    ok = false;
  }
  g_free (c.counts);
  *ret_check = c.result;
  return ok;
}

bool
qcow2_check_image (Block *block, unsigned repair, const BlockProgress *progress,
                   void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
                   GError **error)
{
  Qcow2 *s = qcow2_new (block);
  cache_init (&s->l2_cache, 0, 512);
  cache_init (&s->refcount_cache, 0, 512);
  bool ok = qcow2_read_header (s, error) && qcow2_load_tables (s, true, error) &&
            qcow2_check (s, repair, progress, message, opaque, ret_check, error);
  qcow2_free (s);
  return ok;
}
