/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hostfile.h"
#include "keyval.h"
#include "suggest.h"

/* Making images: options, and the file. */

static const BlockFormat *const formats[] = { &block_format_raw, &block_format_qcow2 };
static const char *const format_names[] = { "raw", "qcow2", NULL };

const BlockFormat *
block_format_find (const char *name, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (strcmp (formats[i]->name, name) == 0)
      return formats[i];
  }
  g_autofree char *hint = suggest_hint (name, format_names);
  g_autofree char *all = g_strjoinv (", ", (char **)format_names);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "Unknown image format '%s'%s Known: %s", name,
               hint, all);
  return NULL;
}

const BlockFormat *
block_format_probe (const uint8_t *head, size_t size, const char **ret_foreign)
{
  static const struct {
    unsigned at, size;
    const char *magic, *name;
  } foreign[] = {
    { 0, 4, "KDMV", "VMDK" },
    { 0, 4, "COWD", "VMDK" },
    { 0, 8, "vhdxfile", "VHDX" },
    { 0, 8, "conectix", "VHD" },
    { 64, 4, "\x7f\x10\xda\xbe", "VDI" },
    { 0, 4, "QED\0", "QED" },
    { 0, 6, "LUKS\xba\xbe", "LUKS" },
  };
  *ret_foreign = NULL;
  if (size >= 8 && memcmp (head, "QFI\xfb", 4) == 0) {
    /* Version 1 is another format. */
    if (memcmp (head + 4, "\0\0\0\1", 4) != 0)
      return &block_format_qcow2;
    *ret_foreign = "qcow (version 1)";
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (foreign) && !*ret_foreign; i++) {
    if (foreign[i].at + foreign[i].size <= size &&
        memcmp (head + foreign[i].at, foreign[i].magic, foreign[i].size) == 0)
      *ret_foreign = foreign[i].name;
  }
  return NULL;
}

static bool
bad_value (const char *name, const char *value, const char *valid, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s=%s: %s", name, value, valid);
  return false;
}

static bool
parse_choice (const char *name, const char *value, const char *const *choices, unsigned *ret, GError **error)
{
  for (unsigned i = 0; choices[i]; i++) {
    if (strcmp (value, choices[i]) == 0) {
      *ret = i;
      return true;
    }
  }
  g_autofree char *all = g_strjoinv (", ", (char **)choices), *hint = suggest_hint (value, choices);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s=%s: not one of %s%s", name, value, all,
               hint);
  return false;
}

static bool
parse_one (CreateOptions *options, const char *name, const char *value, GError **error)
{
  static const char *const preallocations[] = { "off", "metadata", "falloc", "full", NULL };
  static const char *const compats[] = { "0.10", "1.1", "v2", "v3", NULL };
  static const char *const compressions[] = { "zlib", "zstd", NULL };
  uint64_t number;
  unsigned choice;
  if (strcmp (name, "size") == 0)
    return keyval_parse_size (value, 1, &options->size, error);
  if (strcmp (name, "backing_file") == 0) {
    g_free (options->backing_file);
    options->backing_file = g_strdup (value);
    return true;
  }
  if (strcmp (name, "backing_fmt") == 0) {
    g_free (options->backing_format);
    options->backing_format = g_strdup (value);
    return block_format_find (value, error) != NULL;
  }
  if (strcmp (name, "cluster_size") == 0) {
    if (!keyval_parse_size (value, 1, &options->cluster_size, error))
      return false;
    number = options->cluster_size;
    return (number >= 512 && number <= 2 << 20 && (number & (number - 1)) == 0) ||
           bad_value (name, value, "must be a power of two from 512 to 2M", error);
  }
  if (strcmp (name, "refcount_bits") == 0) {
    if (!keyval_parse_uint (value, &number, error))
      return false;
    options->refcount_bits = (unsigned)MIN (number, 128);
    return (number >= 1 && number <= 64 && (number & (number - 1)) == 0) ||
           bad_value (name, value, "must be 1, 2, 4, 8, 16, 32 or 64", error);
  }
  if (strcmp (name, "lazy_refcounts") == 0)
    return keyval_parse_bool (value, &options->lazy_refcounts, error);
  if (strcmp (name, "extended_l2") == 0)
    return keyval_parse_bool (value, &options->extended_l2, error);
  if (strcmp (name, "compat") == 0) {
    if (!parse_choice (name, value, compats, &choice, error))
      return false;
    options->compat_v2 = choice % 2 == 0;
    return true;
  }
  if (strcmp (name, "compression_type") == 0) {
    if (!parse_choice (name, value, compressions, &choice, error))
      return false;
    options->zstd = choice == 1;
    return true;
  }
  if (!parse_choice (name, value, preallocations, &choice, error))
    return false;
  options->preallocation = choice;
  return true;
}

bool
create_parse (const char *path, const BlockCreate *create, const char *const *names,
              CreateOptions *ret_options, GError **error)
{
  CreateOptions options = { .size = create->size,
                            .backing_file = g_strdup (create->backing_file),
                            .backing_format = g_strdup (create->backing_format),
                            .cluster_size = 65536,
                            .refcount_bits = 16 };
  GHashTableIter iter;
  void *name, *value;
  bool ok = true;
  if (create->options)
    g_hash_table_iter_init (&iter, create->options);
  while (ok && create->options && g_hash_table_iter_next (&iter, &name, &value)) {
    if (g_strv_contains (names, name))
      ok = parse_one (&options, name, value, error);
    else {
      g_autofree char *hint = suggest_hint (name, names), *all = g_strjoinv (", ", (char **)names);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s images have no option '%s'%s Known: %s", create->format, (char *)name, hint, all);
      ok = false;
    }
  }
  if (ok && options.backing_file && !g_strv_contains (names, "backing_file"))
    ok = bad_value ("backing_file", options.backing_file,
                    "a raw image has no backing file (use format qcow2)", error);
  if (ok && options.size > BLOCK_MAX_SIZE) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: the size is too large", path);
    ok = false;
  }
  options.size = (options.size + SECTOR_SIZE - 1) & ~(uint64_t)(SECTOR_SIZE - 1);
  *ret_options = options;
  if (!ok)
    create_options_clear (ret_options);
  return ok;
}

void
create_options_clear (CreateOptions *options)
{
  g_free (options->backing_file);
  g_free (options->backing_format);
  *options = (CreateOptions){ 0 };
}

BlockFile *
create_file (const char *path, GError **error)
{
  int fd = host_file_open (path, O_RDWR | O_CREAT | O_NONBLOCK, 0644);
  if (fd < 0) {
    set_error_errno (error, errno, "%s: cannot be created", path);
    return NULL;
  }
  close (fd);
  BlockFile *file = file_open (path, true, BLOCK_CACHE_WRITEBACK, error);
  if (!file || !file_lock (file, true, error)) {
    file_close (file);
    return NULL;
  }
  int result = file->is_device ? 0 : file_truncate (file, 0);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be emptied", path);
    file_close (file);
    return NULL;
  }
  return file;
}

bool
create_space (BlockFile *file, uint64_t size, Preallocation preallocation, GError **error)
{
  int result = file_truncate (file, size);
  if (result == 0 && preallocation == PREALLOCATION_FALLOC && size > 0 && !file->is_device)
    result = -posix_fallocate (file->fd, 0, (off_t)size);
  if (result == 0 && preallocation == PREALLOCATION_FULL) {
    enum { STEP = 1 << 20 };
    g_autofree void *zeroes = g_malloc0 (STEP);
    for (uint64_t at = 0; at < size && result == 0; at += STEP)
      result = file_pwrite (file, at, zeroes, MIN (STEP, size - at));
  }
  if (result < 0)
    set_error_errno (error, -result, "%s: %s", file->path,
                     preallocation == PREALLOCATION_OFF ? "cannot be made that large"
                                                        : "its space cannot be allocated");
  return result == 0;
}

bool
create_finish (BlockFile *file, bool ok)
{
  if (file && !ok && !file->is_device)
    unlink (file->path);
  file_close (file);
  return ok;
}

bool
block_create (const char *path, const BlockCreate *create, GError **error)
{
  const BlockFormat *format = block_format_find (create->format ? create->format : "raw", error);
  return format && format->create (path, create, error);
}
