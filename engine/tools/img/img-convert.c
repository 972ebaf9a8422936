/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img-copy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_GRANULE = 4096, MAX_GRANULE = 16 << 20, DEFAULT_THREADS = 8, MAX_THREADS = 16 };

typedef struct {
  const char *format, *target_format, *backing, *backing_format, *target;
  GHashTable *options;
  BlockCache source_cache, target_cache;
  uint64_t granule, rate;
  unsigned threads;
  char *snapshot;
  bool compress, progress, quiet, no_create, out_of_order, salvage, force_share, zero_given, help;
  GPtrArray *sources;
  bool created;
} Convert;

/* ---- The command line ---- */

static bool
parse_numbers (Convert *c, int id, const char *value)
{
  uint64_t number;
  switch (id) {
    case 'S':
      if (!img_parse_size ("sparse size", value, &number))
        return false;
      if (number % 512 == 0 && number <= MAX_GRANULE) {
        c->granule = number;
        return true;
      }
      img_error ("Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to "
                 "%d. Select 0 to "
                 "disable sparse detection (fully allocates output).",
                 MAX_GRANULE);
      return false;
    case 'm': {
      char *end;
      unsigned long n = strtoul (value, &end, 10);
      if (g_ascii_isdigit (*value) && !*end && n >= 1 && n <= MAX_THREADS) {
        c->threads = (unsigned)n;
        return true;
      }
      img_error ("Invalid number of coroutines specified. Must be between 1 and %d.", MAX_THREADS);
      return false;
    }
    default: return img_parse_size ("rate", value, &c->rate);
  }
}

static bool
parse_target_options (Convert *c, const char *value)
{
  c->help |= img_is_options_help (value);
  return c->help || img_add_create_options (c->options, value);
}

static bool
parse_option (Convert *c, int id, const char *value)
{
  switch (id) {
    case 'f': c->format = value; return true;
    case 'O': c->target_format = value; return true;
    case 'B': c->backing = value; return true;
    case 'F': c->backing_format = value; return true;
    case 'l': return img_parse_snapshot (value, &c->snapshot);
    case 'c': c->compress = true; return true;
    case 'p': c->progress = true; return true;
    case 'q': c->quiet = true; return true;
    case 'n': c->no_create = true; return true;
    case 'W': c->out_of_order = true; return true;
    case 'U': c->force_share = true; return true;
    case IMG_SALVAGE: c->salvage = true; return true;
    case IMG_TARGET_IS_ZERO: c->zero_given = true; return true;
    case 'o': return parse_target_options (c, value);
    case 'T':
      if (img_parse_cache (value, &c->source_cache))
        return true;
      img_error ("Invalid source cache option: %s", value);
      return false;
    case 't':
      if (img_parse_cache (value, &c->target_cache))
        return true;
      img_error ("Invalid cache option: %s", value);
      return false;
    default: return parse_numbers (c, id, value);
  }
}

/* What the options say about each other; NULL: they agree. */
static const char *
contradiction (const Convert *c, unsigned n_sources)
{
  if (c->compress && strcmp (c->target_format, "qcow2") != 0)
    return "Compression not supported for this file format";
  if (c->compress && c->out_of_order)
    return "Out of order write and compress are mutually exclusive";
  if (c->compress && g_hash_table_contains (c->options, "preallocation"))
    return "Compression and preallocation not supported at the same time";
  if (c->snapshot && n_sources > 1)
    return "No support for concatenating multiple snapshot";
  if (c->no_create && g_hash_table_size (c->options) > 0)
    return "-o has no effect when skipping image creation";
  if (c->zero_given && !c->no_create)
    return "--target-is-zero requires use of -n flag";
  if (c->zero_given && c->backing)
    return "--target-is-zero and -B contradict each other: the backing file shows through";
  if (c->backing && !c->backing_format)
    return "Use of backing file requires explicit backing format";
  if (c->backing && n_sources > 1)
    return "Having a backing file for the target makes no sense when concatenating multiple input images";
  return NULL;
}

/* ---- Images ---- */

static bool
open_sources (Convert *c, char **paths, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    Block *block = img_open_source (paths[i], c->format, c->source_cache, c->force_share, c->snapshot);
    if (!block)
      return false;
    g_ptr_array_add (c->sources, block);
  }
  return true;
}

static bool
create_target (Convert *c, uint64_t size)
{
  GError *error = NULL;
  BlockCreate create = { .format = c->target_format,
                         .size = size,
                         .backing_file = c->backing,
                         .backing_format = c->backing_format,
                         .options = c->options };
  if (!block_create (c->target, &create, &error)) {
    g_prefix_error (&error, "%s: error while converting %s: ", c->target, c->target_format);
    img_report (error);
    return false;
  }
  c->created = true;
  return true;
}

/* Whether a target that was just created is all zeroes: a device keeps what was on it. */
static bool
is_zero_when_new (const Convert *c)
{
  struct stat st;
  bool is_file = stat (c->target, &st) == 0 && S_ISREG (st.st_mode);
  return is_file ||
         (strcmp (c->target_format, "qcow2") == 0 && !g_hash_table_contains (c->options, "preallocation"));
}

/* Sets the units of copying from the target's clusters. */
static bool
set_units (const Convert *c, ImgCopy *copy)
{
  GError *error = NULL;
  g_autoptr (BlockInfo) info = block_info (copy->target, &error);
  if (!info) {
    img_report (error);
    return false;
  }
  copy->unit = info->cluster_size ? info->cluster_size : 512;
  if (info->extended_l2 && !c->compress)
    copy->unit /= 32;
  copy->granule = (c->granule + copy->unit - 1) / copy->unit * copy->unit;
  return true;
}

static bool
prepare_copy (const Convert *c, ImgCopy *copy)
{
  Block *target = copy->target;
  if (block_size (target) < img_copy_size (copy)) {
    img_error ("Output file is smaller than input file");
    return false;
  }
  if (!set_units (c, copy))
    return false;
  Block *backing = block_backing (target);
  copy->has_backing = c->backing != NULL;
  copy->backing_size = backing ? block_size (backing) : 0;
  /* Without sparse detection all is to be allocated, so nothing may be left to be zero by itself. */
  copy->target_is_zero = copy->granule && !backing && (c->zero_given || (c->created && is_zero_when_new (c)));
  return true;
}

/* ---- The work ---- */

static bool
copy_all (const Convert *c, ImgCopy *copy)
{
  GError *error = NULL;
  img_progress_begin (c->progress && !c->quiet);
  bool ok = img_copy (copy, &error);
  if (ok) {
    int result = block_flush (copy->target);
    if (result < 0) {
      g_set_error (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "error while writing: %s", g_strerror (-result));
      ok = false;
    }
  }
  img_progress_end (ok);
  if (error && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    img_error ("%s: %s", c->target, error->message);
  g_clear_error (&error);
  return ok;
}

static bool
convert_to_target (Convert *c)
{
  ImgCopy copy = { .sources = (Block **)c->sources->pdata,
                   .n_sources = c->sources->len,
                   .compress = c->compress,
                   .buffered =
                       c->target_cache != BLOCK_CACHE_NONE && c->target_cache != BLOCK_CACHE_DIRECTSYNC,
                   .salvage = c->salvage,
                   .quiet = c->quiet,
                   .threads = c->threads,
                   .rate = c->rate };
  if (!c->no_create && !create_target (c, img_copy_size (&copy)))
    return false;
  copy.target = img_open (c->target, c->target_format, true, c->target_cache, false);
  bool ok = copy.target && prepare_copy (c, &copy) && copy_all (c, &copy);
  block_close (copy.target);
  return ok;
}

/* Half an image must not be taken for a whole one. */
static void
remove_target (const Convert *c)
{
  struct stat st;
  if (c->created && lstat (c->target, &st) == 0 && S_ISREG (st.st_mode))
    unlink (c->target);
}

static int
convert (Convert *c, ImgArgs *args)
{
  int n;
  char **operands = img_operands (args, &n);
  if (c->help)
    return img_print_create_options (c->target_format) ? 0 : 1;
  if (n < 1)
    return img_usage_error (args, "Must specify image file name");
  if (n < 2)
    return img_usage_error (args, "Must specify both the source and the target image file name");
  /* The backing file may be named either way. */
  if (!c->backing)
    c->backing = g_hash_table_lookup (c->options, "backing_file");
  if (!c->backing_format)
    c->backing_format = g_hash_table_lookup (c->options, "backing_fmt");
  const char *wrong = contradiction (c, (unsigned)n - 1);
  if (wrong) {
    img_error ("%s", wrong);
    return 1;
  }
  c->target = operands[n - 1];
  bool ok = open_sources (c, operands, (unsigned)n - 1) && convert_to_target (c);
  if (!ok)
    remove_target (c);
  return ok ? 0 : 1;
}

static void
close_source (void *block)
{
  block_close (block);
}

static int
run (ImgArgs *args)
{
  Convert c = { .target_format = "raw",
                .target_cache = BLOCK_CACHE_UNSAFE,
                .granule = DEFAULT_GRANULE,
                .threads = DEFAULT_THREADS };
  const char *value;
  int id, status = 1;
  bool ok = true;
  c.options = img_create_options_new ();
  c.sources = g_ptr_array_new_with_free_func (close_source);
  while (ok && (id = img_next_option (args, &value)) >= 0)
    ok = parse_option (&c, id, value);
  if (ok)
    status = id == IMG_END ? convert (&c, args) : img_option_status (id);
  g_ptr_array_unref (c.sources);
  g_hash_table_unref (c.options);
  g_free (c.snapshot);
  img_die_if_cancelled ();
  return status;
}

static const ImgOption options[] = {
  { 'f', "source-format", "FORMAT", "format of the sources (default: by their content)" },
  { 'l', "source-snapshot", "SNAPSHOT", "read this internal snapshot of the source: its id or name" },
  { 'O', "target-format", "FORMAT", "format of the target: raw (default) or qcow2" },
  { 'o', "target-options", "NAME=VALUE[,...]", "options of the target's format; '-o help' lists them" },
  { 'c', "compress", NULL, "compress the target (qcow2)" },
  { 'B', "backing", "FILE",
    "make the target an overlay of this image; what is in the source's own backing file is not copied" },
  { 'F', "backing-format", "FORMAT", "format of the backing file" },
  { 'n', "no-create", NULL, "write to a target that exists" },
  { IMG_TARGET_IS_ZERO, "target-is-zero", NULL, "with -n: the target is known to be all zeroes" },
  { 'S', "sparse-size", "SIZE", "as many zeroes in a row are left out (default 4k); 0: allocate everything" },
  { 'T', "source-cache", "MODE", "how sources are read: writeback (default), none, ..." },
  { 't', "target-cache", "MODE",
    "how the target is written: unsafe (default), writeback, none, writethrough, directsync" },
  { 'm', "parallel", "N", "ranges copied at once, 1 to 16 (default 8); 1 gives the same file each time" },
  { 'W', "oob-writes", NULL, "ranges may be written in any order, as is done anyway" },
  { 'r', "rate", "BYTES", "copy no more in a second" },
  { IMG_SALVAGE, "salvage", NULL, "replace with zeroes what cannot be read" },
  { 'U', "force-share", NULL, "even if the sources are in use" },
  { 'p', "progress", NULL, "show how far it is" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { IMG_REFUSED, "bitmaps", NULL, NULL, "bitmaps stay in the source; qemu-img bitmap makes new ones" },
  { IMG_REFUSED + 1, "skip-broken-bitmaps", NULL, NULL, "bitmaps are not copied at all" },
  { IMG_REFUSED + 2, "target-image-opts", NULL, NULL,
    "name the file, and its format with --target-format (-O)" },
  { 'C', "copy-range-offloading", NULL, NULL, "leave it out: data is always read and looked at for zeroes" },
  { 0 },
};

const ImgCommand img_convert = { "convert", "Copy one or several images to a new one, also in another format",
                                 "[OPTION]... SOURCE... TARGET", options, run };
