/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "keyval.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How large a new image will be: what it takes when it holds the source's data, and when all of it has been
 * written. */

enum { MAX_L1 = 32 << 20 };

typedef struct {
  const char *format, *target_format;
  uint64_t size, data; /* data: bytes of allocated clusters */
  uint64_t cluster_size;
  unsigned refcount_bits;
  bool extended_l2, has_size, json, force_share, help;
  GHashTable *options;
  char *snapshot;
} Measure;

static uint64_t
units (uint64_t x, uint64_t unit)
{
  return (x + unit - 1) / unit;
}

static bool
parse_target (Measure *m)
{
  const char *text;
  uint64_t bits = 16;
  GError *error = NULL;
  m->cluster_size = 65536;
  bool ok = true;
  if ((text = g_hash_table_lookup (m->options, "cluster_size")))
    ok = keyval_parse_size (text, 1, &m->cluster_size, &error);
  if (ok && (text = g_hash_table_lookup (m->options, "refcount_bits")))
    ok = keyval_parse_uint (text, &bits, &error);
  if (ok && (text = g_hash_table_lookup (m->options, "extended_l2")))
    ok = keyval_parse_bool (text, &m->extended_l2, &error);
  if (!ok) {
    img_report (error);
    return false;
  }
  uint64_t c = m->cluster_size;
  m->refcount_bits = (unsigned)bits;
  if (c < 512 || c > 2 << 20 || c & (c - 1))
    img_error ("Cluster size must be a power of two between 512 and 2048k");
  else if (bits < 1 || bits > 64 || bits & (bits - 1))
    img_error ("Refcount width must be a power of two and may not exceed 64 bits");
  else if (m->extended_l2 && c < 16384)
    img_error ("Extended L2 entries are only supported with cluster sizes of at least 16384 bytes");
  else
    return true;
  return false;
}

/* Tables for refcounts count themselves, too. */
static uint64_t
refcount_bytes (const Measure *m, uint64_t clusters)
{
  uint64_t per_block = m->cluster_size * 8 / m->refcount_bits, all = clusters, before, blocks, table;
  do {
    before = all;
    blocks = units (all, per_block);
    table = units (blocks * 8, m->cluster_size);
    all = clusters + blocks + table;
  } while (all != before);
  return (blocks + table) * m->cluster_size;
}

static uint64_t
qcow2_metadata (const Measure *m, uint64_t aligned)
{
  uint64_t cluster = m->cluster_size, entry = m->extended_l2 ? 16 : 8;
  uint64_t l2 = units (aligned / cluster * entry, cluster), l1 = units (l2 * 8, cluster);
  uint64_t bytes = cluster + l2 * cluster + l1 * cluster;
  return bytes + refcount_bytes (m, (bytes + aligned) / cluster);
}

/* Adds up the source's data in whole clusters of the target. */
static bool
count_data (Measure *m, Block *block)
{
  uint64_t counted = 0; /* up to here */
  for (uint64_t at = 0; at < m->size;) {
    BlockExtent e;
    int result = block_extent (block, at, m->size - at, &e);
    if (result < 0 || e.size == 0) {
      img_error ("%s: the mapping at byte %" G_GUINT64_FORMAT " cannot be read: %s", block_path (block), at,
                 g_strerror (result < 0 ? -result : EIO));
      return false;
    }
    if (!(e.flags & BLOCK_ZERO)) {
      uint64_t first = MAX (at / m->cluster_size * m->cluster_size, counted);
      counted = MAX (units (at + e.size, m->cluster_size) * m->cluster_size, counted);
      m->data += counted - MIN (first, counted);
    }
    at += e.size;
  }
  return true;
}

static bool
measure_source (Measure *m, const char *path)
{
  Block *block = img_open_source (path, m->format, BLOCK_CACHE_WRITEBACK, m->force_share, m->snapshot);
  if (!block)
    return false;
  m->size = block_size (block);
  bool ok = count_data (m, block);
  block_close (block);
  return ok;
}

static void
print (const Measure *m, uint64_t required, uint64_t full)
{
  if (!m->json) {
    printf ("required size: %" G_GUINT64_FORMAT "\nfully allocated size: %" G_GUINT64_FORMAT "\n", required,
            full);
    return;
  }
  JsonBuilder *b = json_builder_new ();
  json_builder_begin_object (b);
  json_builder_set_member_name (b, "required");
  json_builder_add_int_value (b, (int64_t)required);
  json_builder_set_member_name (b, "fully-allocated");
  json_builder_add_int_value (b, (int64_t)full);
  json_builder_end_object (b);
  img_print_json (b);
}

static int
measure (Measure *m, const char *path)
{
  bool is_raw = strcmp (m->target_format, "raw") == 0;
  if (!is_raw && strcmp (m->target_format, "qcow2") != 0) {
    img_error ("Unknown file format '%s'; there are raw and qcow2", m->target_format);
    return 1;
  }
  if (!parse_target (m) || (path && !measure_source (m, path)))
    return 1;
  if (is_raw) {
    print (m, m->size, m->size);
    return 0;
  }
  uint64_t table = m->cluster_size / (m->extended_l2 ? 16 : 8) * m->cluster_size;
  if (m->size > (uint64_t)INT64_MAX / 2 || units (m->size, table) * 8 > MAX_L1) {
    img_error ("The image size is too large (try using a larger cluster size)");
    return 1;
  }
  uint64_t aligned = units (m->size, m->cluster_size) * m->cluster_size,
           metadata = qcow2_metadata (m, aligned);
  print (m, metadata + m->data, metadata + aligned);
  return 0;
}

static int
run_operands (ImgArgs *args, Measure *m)
{
  int n;
  char **operands = img_operands (args, &n);
  if (m->help)
    return img_print_create_options (m->target_format) ? 0 : 1;
  if (n > 1)
    return img_usage_error (args, "At most one filename argument is allowed.");
  if (n == 1 && m->has_size)
    return img_usage_error (args, "--size N cannot be used together with a filename.");
  if (n == 0 && !m->has_size)
    return img_usage_error (args, "Either --size N or one filename must be specified.");
  return measure (m, n ? operands[0] : NULL);
}

static int
run (ImgArgs *args)
{
  Measure m = { .target_format = "raw" };
  g_autoptr (GHashTable) options = m.options = img_create_options_new ();
  const char *value;
  int id;
  while ((id = img_next_option (args, &value)) >= 0) {
    bool ok = true;
    switch (id) {
      case 'f': m.format = value; break;
      case 'O': m.target_format = value; break;
      case 'U': m.force_share = true; break;
      case 'l': ok = img_parse_snapshot (value, &m.snapshot); break;
      case 'o':
        m.help |= img_is_options_help (value);
        ok = m.help || img_add_create_options (options, value);
        break;
      case 's': ok = m.has_size = img_parse_size ("image size", value, &m.size); break;
      case IMG_OUTPUT: ok = img_parse_output (args, value, &m.json); break;
    }
    if (!ok)
      break;
  }
  int status = id >= 0 ? 1 : id == IMG_END ? run_operands (args, &m) : img_option_status (id);
  g_free (m.snapshot);
  return status;
}

static const ImgOption options[] = {
  { 'O', "target-format", "FORMAT", "format of the image to be made: raw (default) or qcow2" },
  { 'o', "options", "NAME=VALUE[,...]", "its options: cluster_size, refcount_bits and extended_l2 matter" },
  { 's', "size", "SIZE", "of an empty image this large" },
  { 'f', "format", "FORMAT", "format of the source (default: by its content)" },
  { 'l', "snapshot", "SNAPSHOT", "of this internal snapshot of the source: its id or name" },
  { IMG_OUTPUT, "output", "human|json", "for people (default) or for programs" },
  { 'U', "force-share", NULL, "even if the source is in use" },
  { 0 },
};

const ImgCommand img_measure = { "measure", "Say how large a new image will be",
                                 "[OPTION]... (--size SIZE | SOURCE)", options, run };
