/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"

#include <errno.h>
#include <stdarg.h>

#include "log.h"

/* Opening and closing, and what is noted in the header meanwhile. */

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
    /* Bitmaps stay, and so do their clusters; but they do not say any more what has changed. */
    uint64_t kept = s->autoclear & QCOW2_AUTOCLEAR_BITMAPS && qcow2_outdate_bitmaps (s) == 0
                        ? QCOW2_AUTOCLEAR_BITMAPS
                        : 0;
    uint8_t field[8];
    be64_store (field, kept);
    result = file_pwrite (s->file, 88, field, sizeof field);
    if (result == 0)
      result = file_sync (s->file);
    if (result == 0)
      s->autoclear = kept;
  }
  if (result == 0) {
    g_mutex_lock (&s->block->map_lock);
    s->modifiable = true;
    g_mutex_unlock (&s->block->map_lock);
  }
  g_mutex_unlock (&s->lock);
  return result;
}

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
  return qcow2_damaged (s, error, "it was not closed, and its refcounts could not be repaired%s%s",
                        why ? ": " : "", why ? why->message : "");
}

static bool
check_usable (Qcow2 *s, GError **error)
{
  if (s->encrypted)
    return qcow2_unsupported (s, error,
                              "it is encrypted, which is not supported (convert it with qemu-img convert)");
  if (s->incompatible & QCOW2_INCOMPAT_CORRUPT && !s->block->read_only)
    return qcow2_damaged (
        s, error,
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
  return repair_dirty (s, error) && qcow2_claim_metadata (s, error);
}

static bool
qcow2_open (Block *block, GError **error)
{
  Qcow2 *s = qcow2_new (block);
  const char *snapshot = block->options.snapshot;
  if (!qcow2_read_header (s, error) || !check_usable (s, error) ||
      (snapshot && !qcow2_choose_snapshot (s, snapshot, error)) || !open_tables (s, error)) {
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
  .make_room = qcow2_make_room,
  .settle = qcow2_settle,
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
