/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <stdio.h>
#include <string.h>

/* A file that is part of a disk has whole sectors. */
static uint64_t
file_length (const BlockInfo *info)
{
  return (info->file_size + 511) & ~(uint64_t)511;
}

/* ---- For people ---- */

static void
print_bitmaps (const BlockInfo *info)
{
  if (info->bitmaps->len == 0)
    return;
  puts ("    bitmaps:");
  for (unsigned i = 0; i < info->bitmaps->len; i++) {
    const BlockBitmap *bitmap = info->bitmaps->pdata[i];
    unsigned n = 0;
    printf ("        [%u]:\n            flags:%s\n", i, bitmap->in_use || bitmap->automatic ? "" : " ");
    if (bitmap->in_use)
      printf ("                [%u]: in-use\n", n++);
    if (bitmap->automatic)
      printf ("                [%u]: auto\n", n);
    printf ("            name: %s\n            granularity: %" G_GUINT64_FORMAT "\n", bitmap->name,
            bitmap->granularity);
  }
}

static void
print_specific (const BlockInfo *info)
{
  if (!info->compat)
    return;
  bool v3 = strcmp (info->compat, "0.10") != 0;
  printf ("Format specific information:\n    compat: %s\n    compression type: %s\n", info->compat,
          info->compression_type);
  if (v3)
    printf ("    lazy refcounts: %s\n", info->lazy_refcounts ? "true" : "false");
  print_bitmaps (info);
  printf ("    refcount bits: %u\n", info->refcount_bits);
  if (v3)
    printf ("    corrupt: %s\n    extended l2: %s\n", info->corrupt ? "true" : "false",
            info->extended_l2 ? "true" : "false");
}

static void
print_human (const char *path, const BlockInfo *info)
{
  g_autofree char *size = img_size_text (info->virtual_size), *disk = img_size_text (info->disk_size);
  g_autofree char *length = img_size_text (file_length (info));
  printf ("image: %s\nfile format: %s\nvirtual size: %s (%" G_GUINT64_FORMAT " bytes)\ndisk size: %s\n", path,
          info->format, size, info->virtual_size, disk);
  if (info->encrypted)
    puts ("encrypted: yes");
  if (info->cluster_size)
    printf ("cluster_size: %u\n", info->cluster_size);
  if (info->dirty)
    puts ("cleanly shut down: no");
  if (info->backing_file) {
    printf ("backing file: %s", info->backing_file);
    if (info->backing_path && strcmp (info->backing_path, info->backing_file) != 0)
      printf (" (actual path: %s)", info->backing_path);
    putchar ('\n');
    if (info->backing_format)
      printf ("backing file format: %s\n", info->backing_format);
  }
  img_print_snapshots (info);
  print_specific (info);
  printf ("Child node '/file':\n    filename: %s\n    protocol type: file\n    file length: %s "
          "(%" G_GUINT64_FORMAT " bytes)\n    disk size: %s\n",
          path, length, file_length (info), disk);
}

/* ---- For programs ---- */

static void
add_int (JsonBuilder *b, const char *name, uint64_t value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_int_value (b, (int64_t)value);
}

static void
add_bool (JsonBuilder *b, const char *name, bool value)
{
  json_builder_set_member_name (b, name);
  json_builder_add_boolean_value (b, value);
}

static void
add_string (JsonBuilder *b, const char *name, const char *value)
{
  if (!value)
    return;
  json_builder_set_member_name (b, name);
  json_builder_add_string_value (b, value);
}

static void
begin_object (JsonBuilder *b, const char *name)
{
  if (name)
    json_builder_set_member_name (b, name);
  json_builder_begin_object (b);
}

static void
begin_array (JsonBuilder *b, const char *name)
{
  json_builder_set_member_name (b, name);
  json_builder_begin_array (b);
}

/* The file below the format is a node of its own. */
static void
add_file (JsonBuilder *b, const char *path, const BlockInfo *info)
{
  begin_array (b, "children");
  begin_object (b, NULL);
  add_string (b, "name", "file");
  begin_object (b, "info");
  begin_array (b, "children");
  json_builder_end_array (b);
  add_int (b, "virtual-size", file_length (info));
  add_string (b, "filename", path);
  add_string (b, "format", "file");
  add_int (b, "actual-size", info->disk_size);
  begin_object (b, "format-specific");
  add_string (b, "type", "file");
  begin_object (b, "data");
  json_builder_end_object (b);
  json_builder_end_object (b);
  add_bool (b, "dirty-flag", false);
  json_builder_end_object (b);
  json_builder_end_object (b);
  json_builder_end_array (b);
}

static void
add_snapshots (JsonBuilder *b, const BlockInfo *info)
{
  if (info->snapshots->len == 0)
    return;
  begin_array (b, "snapshots");
  for (unsigned i = 0; i < info->snapshots->len; i++) {
    const BlockSnapshot *snapshot = info->snapshots->pdata[i];
    begin_object (b, NULL);
    add_int (b, "vm-clock-nsec", snapshot->vm_clock_nsec % 1000000000);
    add_string (b, "name", snapshot->name);
    add_int (b, "date-sec", snapshot->date_sec);
    add_int (b, "date-nsec", snapshot->date_nsec);
    add_int (b, "vm-clock-sec", snapshot->vm_clock_nsec / 1000000000);
    add_string (b, "id", snapshot->id);
    add_int (b, "vm-state-size", snapshot->vm_state_size);
    json_builder_end_object (b);
  }
  json_builder_end_array (b);
}

static void
add_bitmaps (JsonBuilder *b, const BlockInfo *info)
{
  if (info->bitmaps->len == 0)
    return;
  begin_array (b, "bitmaps");
  for (unsigned i = 0; i < info->bitmaps->len; i++) {
    const BlockBitmap *bitmap = info->bitmaps->pdata[i];
    begin_object (b, NULL);
    begin_array (b, "flags");
    if (bitmap->in_use)
      json_builder_add_string_value (b, "in-use");
    if (bitmap->automatic)
      json_builder_add_string_value (b, "auto");
    json_builder_end_array (b);
    add_string (b, "name", bitmap->name);
    add_int (b, "granularity", bitmap->granularity);
    json_builder_end_object (b);
  }
  json_builder_end_array (b);
}

static void
add_specific (JsonBuilder *b, const BlockInfo *info)
{
  if (!info->compat)
    return;
  bool v3 = strcmp (info->compat, "0.10") != 0;
  begin_object (b, "format-specific");
  add_string (b, "type", info->format);
  begin_object (b, "data");
  add_string (b, "compat", info->compat);
  add_string (b, "compression-type", info->compression_type);
  if (v3)
    add_bool (b, "lazy-refcounts", info->lazy_refcounts);
  add_bitmaps (b, info);
  add_int (b, "refcount-bits", info->refcount_bits);
  if (v3) {
    add_bool (b, "corrupt", info->corrupt);
    add_bool (b, "extended-l2", info->extended_l2);
  }
  json_builder_end_object (b);
  json_builder_end_object (b);
}

static void
add_image (JsonBuilder *b, const char *path, const BlockInfo *info)
{
  begin_object (b, NULL);
  add_file (b, path, info);
  add_string (b, "backing-filename-format", info->backing_format);
  add_snapshots (b, info);
  add_int (b, "virtual-size", info->virtual_size);
  add_string (b, "filename", path);
  if (info->cluster_size)
    add_int (b, "cluster-size", info->cluster_size);
  add_string (b, "format", info->format);
  add_int (b, "actual-size", info->disk_size);
  if (info->encrypted)
    add_bool (b, "encrypted", true);
  add_specific (b, info);
  add_string (b, "full-backing-filename", info->backing_path);
  add_string (b, "backing-filename", info->backing_file);
  add_bool (b, "dirty-flag", info->dirty);
  json_builder_end_object (b);
}

/* ---- The command ---- */

/* One image without its chain, so that a missing backing file does not keep the rest from being said. */
static Block *
open_one (const char *path, const char *format, bool force_share, bool chain)
{
  GError *error = NULL;
  BlockOptions options = {
    .format = format, .read_only = true, .force_share = force_share, .no_backing = !chain
  };
  Block *block = block_open (path, &options, &error);
  if (!block)
    img_report_open (path, error);
  return block;
}

static int
print_all (Block *top, bool chain, bool json)
{
  JsonBuilder *b = json ? json_builder_new () : NULL;
  GError *error = NULL;
  if (json && chain)
    json_builder_begin_array (b);
  for (Block *block = top; block; block = chain ? block_backing (block) : NULL) {
    g_autoptr (BlockInfo) info = block_info (block, &error);
    if (!info) {
      img_report (error);
      g_clear_object (&b);
      return 1;
    }
    if (!json && block != top)
      putchar ('\n');
    if (json)
      add_image (b, block_path (block), info);
    else
      print_human (block_path (block), info);
  }
  if (json && chain)
    json_builder_end_array (b);
  if (json)
    img_print_json (b);
  return 0;
}

static int
run (ImgArgs *args)
{
  const char *format = NULL, *value;
  bool json = false, chain = false, force_share = false;
  int id, n;
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': format = value; break;
      case 'U': force_share = true; break;
      case 'b': chain = true; break;
      case IMG_OUTPUT:
        if (!img_parse_output (args, value, &json))
          return 1;
        break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 1)
    return img_usage_error (args, "Expecting one image file name");
  Block *block = open_one (operands[0], format, force_share, chain);
  if (!block)
    return 1;
  int status = print_all (block, chain, json);
  block_close (block);
  return status;
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { 'b', "backing-chain", NULL, "also the backing files" },
  { 'U', "force-share", NULL, "even if the image is in use" },
  { IMG_OUTPUT, "output", "human|json", "for people (default) or for programs" },
  { 0 },
};

const ImgCommand img_info = { "info", "Describe an image", "[OPTION]... FILE", options, run };
