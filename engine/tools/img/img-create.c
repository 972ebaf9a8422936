/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "keyval.h"

#include <string.h>

typedef struct {
  const char *path, *format, *backing, *backing_format;
  uint64_t size;
  bool has_size, quiet, unchecked;
  GHashTable *options;
} Create;

/* -b and -F are options of the format like others, and may be said either way. */
static void
take_option (Create *c, const char *name, const char **value)
{
  const char *given = g_hash_table_lookup (c->options, name);
  if (!*value)
    *value = given;
}

static bool
take_size (Create *c)
{
  const char *given = g_hash_table_lookup (c->options, "size");
  if (!given)
    return true;
  if (c->has_size) {
    img_error ("%s: The image size must be specified only once", c->path);
    return false;
  }
  c->has_size = true;
  return img_parse_size ("image size", given, &c->size);
}

static bool
check_backing (Create *c)
{
  if (!c->backing && c->backing_format) {
    img_error ("%s: Backing format cannot be used without backing file", c->path);
    return false;
  }
  if (c->backing && !c->backing_format) {
    img_error ("%s: Backing file specified without backing format (say -F raw or -F qcow2: guessing it from "
               "the backing "
               "file's content lets a guest that wrote it choose)",
               c->path);
    return false;
  }
  if (!c->has_size && (!c->backing || c->unchecked)) {
    img_error ("%s: Image creation needs a size parameter", c->path);
    return false;
  }
  return true;
}

/* The size of the backing file, which is looked for from the new image's folder. */
static bool
size_from_backing (Create *c)
{
  if (c->has_size || !c->backing)
    return true;
  g_autofree char *folder = g_path_get_dirname (c->path);
  g_autofree char *path = g_path_is_absolute (c->backing) || strcmp (folder, ".") == 0
                              ? g_strdup (c->backing)
                              : g_build_filename (folder, c->backing, NULL);
  Block *block = img_open (path, c->backing_format, false, BLOCK_CACHE_WRITEBACK, false);
  if (!block)
    return false;
  c->size = block_size (block);
  block_close (block);
  return true;
}

static int
create (Create *c)
{
  take_option (c, "backing_file", &c->backing);
  take_option (c, "backing_fmt", &c->backing_format);
  if (!take_size (c) || !check_backing (c) || !size_from_backing (c))
    return 1;
  BlockCreate create = { .format = c->format,
                         .size = c->size,
                         .backing_file = c->backing,
                         .backing_format = c->backing_format,
                         .options = c->options,
                         .unchecked_backing = c->unchecked };
  GError *error = NULL;
  if (!block_create (c->path, &create, &error)) {
    img_report (error);
    return 1;
  }
  if (!c->quiet)
    img_print_formatting (c->path, &create, c->size);
  return 0;
}

static int
run_operands (ImgArgs *args, Create *c)
{
  int n;
  char **operands = img_operands (args, &n);
  if (n == 0)
    return img_usage_error (args, "Expecting image file name");
  if (n > 2)
    return img_usage_error (args, "Unexpected argument: %s", operands[2]);
  c->path = operands[0];
  c->has_size = n == 2;
  if (n == 2 && !img_parse_size ("image size", operands[1], &c->size))
    return 1;
  return create (c);
}

static int
run (ImgArgs *args)
{
  Create c = { .format = "raw" };
  g_autoptr (GHashTable) options = c.options = img_create_options_new ();
  bool help = false;
  const char *value;
  int id;
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': c.format = value; break;
      case 'b': c.backing = value; break;
      case 'F': c.backing_format = value; break;
      case 'q': c.quiet = true; break;
      case 'u': c.unchecked = true; break;
      case 'o':
        help |= img_is_options_help (value);
        if (!help && !img_add_create_options (options, value))
          return 1;
        break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  if (help)
    return img_print_create_options (c.format) ? 0 : 1;
  return run_operands (args, &c);
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the new image: raw (default) or qcow2" },
  { 'o', "options", "NAME=VALUE[,...]", "options of the format; '-o help' lists them" },
  { 'b', "backing", "FILE", "the image that holds what the new one does not" },
  { 'F', "backing-format", "FORMAT", "format of the backing file" },
  { 'u', "backing-unsafe", NULL, "do not look at the backing file; needs SIZE" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { 0 },
};

const ImgCommand img_create = { "create", "Make a new image", "[OPTION]... FILE [SIZE[bkMGTPE]]", options,
                                run };
