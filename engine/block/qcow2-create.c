/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qcow2.h"
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* New images: header, refcount table, refcount blocks, L1 table, in this order. */

enum { HEADER_V2 = 72, HEADER_V3 = 112 };
enum { EXT_BACKING_FORMAT = (int)0xe2792aca, EXT_FEATURE_NAMES = 0x6803f857 };

typedef struct {
  unsigned cluster_bits, refcount_order;
  uint64_t l1_entries, n_table, n_blocks, n_l1; /* the last three in clusters */
} Layout;

static bool
refuse (const char *path, GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s", path, what);
  return false;
}

static bool
check_options (const char *path, const CreateOptions *options, GError **error)
{
  if (options->compat_v2 &&
      (options->lazy_refcounts || options->extended_l2 || options->zstd || options->refcount_bits != 16))
    return refuse (path, error,
                   "lazy_refcounts, extended_l2, compression_type=zstd and refcount_bits other than 16 need "
                   "compat=1.1");
  if (options->extended_l2 && options->cluster_size < 16384)
    return refuse (path, error, "extended_l2 needs cluster_size=16k or more");
  if (options->backing_file && options->preallocation != PREALLOCATION_OFF)
    return refuse (
        path, error,
        "preallocation and a backing file exclude each other: the image would hide the backing file");
  if (options->backing_file && strlen (options->backing_file) > 1023)
    return refuse (path, error, "the backing file's name is longer than 1023 bytes");
  return true;
}

static bool
plan_layout (const char *path, const CreateOptions *options, Layout *ret_layout, GError **error)
{
  Layout layout = { .cluster_bits = (unsigned)__builtin_ctzll (options->cluster_size),
                    .refcount_order = (unsigned)__builtin_ctz (options->refcount_bits) };
  uint64_t cluster = options->cluster_size, span = cluster / (options->extended_l2 ? 16 : 8) * cluster;
  layout.l1_entries = (options->size + span - 1) / span;
  if (layout.l1_entries * 8 > QCOW2_MAX_L1)
    return refuse (path, error, "that size needs larger clusters (cluster_size=)");
  layout.n_l1 = MAX ((layout.l1_entries * 8 + cluster - 1) / cluster, 1);
  uint64_t per_block = cluster * 8 >> layout.refcount_order;
  for (layout.n_table = layout.n_blocks = 1;;) {
    uint64_t total = 1 + layout.n_table + layout.n_blocks + layout.n_l1;
    uint64_t blocks = (total + per_block - 1) / per_block, table = (blocks * 8 + cluster - 1) / cluster;
    if (blocks <= layout.n_blocks && table <= layout.n_table)
      break;
    layout.n_blocks = MAX (blocks, layout.n_blocks);
    layout.n_table = MAX (table, layout.n_table);
  }
  *ret_layout = layout;
  return true;
}

static void
append_extension (GByteArray *header, uint32_t type, const void *data, uint32_t size)
{
  static const uint8_t padding[8];
  uint8_t head[8];
  be32_store (head, type);
  be32_store (head + 4, size);
  g_byte_array_append (header, head, 8);
  g_byte_array_append (header, data, size);
  g_byte_array_append (header, padding, (8 - size % 8) % 8);
}

/* For programs that know less than we do. */
static void
append_feature_names (GByteArray *header)
{
  static const struct {
    uint8_t type, bit;
    char name[46];
  } names[] = { { 0, 0, "dirty bit" },        { 0, 1, "corrupt bit" },         { 0, 2, "external data file" },
                { 0, 3, "compression type" }, { 0, 4, "extended L2 entries" }, { 1, 0, "lazy refcounts" },
                { 2, 0, "bitmaps" } };
  G_STATIC_ASSERT (sizeof names[0] == 48);
  append_extension (header, EXT_FEATURE_NAMES, names, sizeof names);
}

static GByteArray *
make_header (const char *path, const CreateOptions *options, const Layout *layout, GError **error)
{
  uint8_t h[HEADER_V3] = "QFI\xfb";
  uint64_t cluster = options->cluster_size;
  uint32_t length = options->compat_v2 ? HEADER_V2 : HEADER_V3;
  be32_store (h + 4, options->compat_v2 ? 2 : 3);
  be32_store (h + 20, layout->cluster_bits);
  be64_store (h + 24, options->size);
  be32_store (h + 36, (uint32_t)layout->l1_entries);
  be64_store (h + 40, (1 + layout->n_table + layout->n_blocks) * cluster);
  be64_store (h + 48, cluster);
  be32_store (h + 56, (uint32_t)layout->n_table);
  be64_store (h + 72, (options->zstd ? QCOW2_INCOMPAT_COMPRESSION : 0) |
                          (options->extended_l2 ? QCOW2_INCOMPAT_EXTENDED_L2 : 0));
  be64_store (h + 80, options->lazy_refcounts ? QCOW2_COMPAT_LAZY : 0);
  be32_store (h + 96, layout->refcount_order);
  be32_store (h + 100, HEADER_V3);
  h[104] = options->zstd;

  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_byte_array_append (header, h, length);
  if (options->backing_file && options->backing_format)
    append_extension (header, (uint32_t)EXT_BACKING_FORMAT, options->backing_format,
                      (uint32_t)strlen (options->backing_format));
  uint32_t name = options->backing_file ? (uint32_t)strlen (options->backing_file) : 0;
  /* The names of features are a courtesy, for which small clusters have no room. */
  if (!options->compat_v2 && header->len + 8 + 7 * 48 + 8 + name <= cluster)
    append_feature_names (header);
  append_extension (header, 0, NULL, 0);
  if (header->len + name > cluster) {
    refuse (path, error,
            "the backing file's name does not fit in the first cluster (use a larger cluster_size)");
    return NULL;
  }
  if (name) {
    be64_store (header->data + 8, header->len);
    be32_store (header->data + 16, name);
    g_byte_array_append (header, (const uint8_t *)options->backing_file, name);
  }
  return g_steal_pointer (&header);
}

static int
write_tables (BlockFile *file, const CreateOptions *options, const Layout *layout)
{
  uint64_t cluster = options->cluster_size, total = 1 + layout->n_table + layout->n_blocks + layout->n_l1;
  uint64_t per_block = cluster * 8 >> layout->refcount_order;
  g_autofree uint8_t *table = g_malloc0 (layout->n_table * cluster);
  g_autofree uint8_t *block = g_malloc (cluster);
  int result = file->is_device ? file_write_zeroes (file, 0, total * cluster, false)
                               : file_truncate (file, total * cluster);
  for (uint64_t i = 0; i < layout->n_blocks && result == 0; i++) {
    memset (block, 0, cluster);
    for (uint64_t j = 0; j < per_block && i * per_block + j < total; j++)
      refcount_store (block, j, layout->refcount_order, 1);
    be64_store (table + i * 8, (1 + layout->n_table + i) * cluster);
    result = file_pwrite (file, (1 + layout->n_table + i) * cluster, block, cluster);
  }
  return result == 0 ? file_pwrite (file, cluster, table, layout->n_table * cluster) : result;
}

/* ---- Preallocation ---- */

/* Gives clusters to a run of the disk. Returns how many. */
static int64_t
preallocate_run (Qcow2 *s, uint64_t offset, uint64_t want, bool full)
{
  Qcow2Slice *slice;
  uint64_t host, n = 0;
  bool virgin;
  g_mutex_lock (&s->lock);
  int result = qcow2_slice_for_writing (s, offset, &slice);
  if (result == 0)
    result = qcow2_alloc (s, MIN (want, s->slice_entries - (offset >> s->cluster_bits) % s->slice_entries),
                          &host, &n, &virgin);
  if (result == 0 && full) {
    g_autofree uint8_t *zeroes = g_malloc0 (s->cluster_size);
    for (uint64_t i = 0; i < n && result == 0; i++)
      result = file_pwrite (s->file, host + (i << s->cluster_bits), zeroes, s->cluster_size);
  }
  for (uint64_t i = 0; i < n && result == 0; i++)
    qcow2_entry_store (s, slice, offset + (i << s->cluster_bits),
                       (host + (i << s->cluster_bits)) | QCOW2_COPIED, s->extended_l2 ? 0xffffffff : 0);
  g_mutex_unlock (&s->lock);
  return result < 0 ? result : (int64_t)n;
}

static bool
preallocate (const char *path, Preallocation preallocation, GError **error)
{
  BlockOptions options = { .format = "qcow2", .cache = BLOCK_CACHE_UNSAFE, .no_backing = true };
  Block *block = block_open (path, &options, error);
  if (!block)
    return false;
  Qcow2 *s = block->priv;
  uint64_t clusters = (block_size (block) + s->cluster_size - 1) >> s->cluster_bits;
  int64_t result = 0;
  for (uint64_t done = 0; done < clusters && result >= 0; done += (uint64_t)result)
    result =
        preallocate_run (s, done << s->cluster_bits, clusters - done, preallocation == PREALLOCATION_FULL);
  if (result >= 0 && !s->file->is_device)
    result = file_truncate (s->file, s->virgin);
  if (result >= 0 && preallocation == PREALLOCATION_FALLOC && !s->file->is_device)
    result = -posix_fallocate (s->file->fd, 0, (off_t)s->virgin);
  if (result >= 0)
    result = block_flush (block);
  if (result < 0)
    set_error_errno (error, (int)-result, "%s: its space cannot be allocated", path);
  block_close (block);
  return result >= 0;
}

/* ---- Backing file ---- */

/* Looks at the backing file, for what is not said about it. */
static bool
complete_from_backing (const char *path, CreateOptions *options, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *backing = g_path_is_absolute (options->backing_file)
                                 ? g_strdup (options->backing_file)
                                 : g_build_filename (folder, options->backing_file, NULL);
  BlockOptions open = { .format = options->backing_format, .read_only = true };
  Block *block = block_open (backing, &open, error);
  if (!block) {
    g_prefix_error (error, "%s: its backing file: ", path);
    return false;
  }
  /* Guessed now, so that nobody has to guess later what a guest may have changed. */
  if (!options->backing_format)
    options->backing_format = g_strdup (block_format (block));
  if (!options->size)
    options->size = block_size (block);
  block_close (block);
  return true;
}

static bool
create_image (const char *path, const CreateOptions *options, GError **error)
{
  Layout layout;
  if (!plan_layout (path, options, &layout, error))
    return false;
  g_autoptr (GByteArray) header = make_header (path, options, &layout, error);
  BlockFile *file = header ? create_file (path, error) : NULL;
  if (!file)
    return false;
  int result = write_tables (file, options, &layout);
  /* The header comes last: until then it is no image at all. */
  if (result == 0)
    result = file_pwrite (file, 0, header->data, header->len);
  if (result < 0)
    set_error_errno (error, -result, "%s: cannot be written", path);
  if (!create_finish (file, result == 0))
    return false;
  return options->preallocation == PREALLOCATION_OFF || preallocate (path, options->preallocation, error);
}

bool
qcow2_create (const char *path, const BlockCreate *create, GError **error)
{
  static const char *const names[] = { "size",
                                       "backing_file",
                                       "backing_fmt",
                                       "cluster_size",
                                       "refcount_bits",
                                       "lazy_refcounts",
                                       "compat",
                                       "preallocation",
                                       "compression_type",
                                       "extended_l2",
                                       NULL };
  CreateOptions options;
  if (!create_parse (path, create, names, &options, error))
    return false;
  bool ok =
      check_options (path, &options, error) &&
      (!options.backing_file || create->unchecked_backing || complete_from_backing (path, &options, error)) &&
      create_image (path, &options, error);
  create_options_clear (&options);
  return ok;
}
