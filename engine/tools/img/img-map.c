/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const char *path, *format;
  uint64_t start, length;
  bool json, force_share;
  bool first; /* nothing printed yet */
} Map;

/* Whether the second continues the first. */
static bool
continues (const BlockExtent *a, const BlockExtent *b)
{
  if (a->flags != b->flags || a->depth != b->depth)
    return false;
  if (!(a->flags & BLOCK_OFFSET_VALID))
    return true;
  return a->file_offset + a->size == b->file_offset && strcmp (a->path, b->path) == 0;
}

static const char *
truth (bool x)
{
  return x ? "true" : "false";
}

static void
print_json (Map *map, const BlockExtent *e)
{
  printf ("%s{ \"start\": %" PRIu64 ", \"length\": %" PRIu64
          ", \"depth\": %u, \"present\": %s, \"zero\": %s, \"data\": %s, "
          "\"compressed\": %s",
          map->first ? "[" : ",\n", e->start, e->size, e->depth, truth (e->flags & BLOCK_ALLOCATED),
          truth (e->flags & BLOCK_ZERO), truth (e->flags & BLOCK_DATA), truth (e->flags & BLOCK_COMPRESSED));
  if (e->flags & BLOCK_OFFSET_VALID)
    printf (", \"offset\": %" PRIu64, e->file_offset);
  putchar ('}');
}

/* False: the table cannot show it. */
static bool
print_extent (Map *map, const BlockExtent *e)
{
  if (map->json) {
    print_json (map, e);
    map->first = false;
    return true;
  }
  if (!(e->flags & BLOCK_DATA) || e->flags & BLOCK_ZERO)
    return true;
  if (!(e->flags & BLOCK_OFFSET_VALID)) {
    img_error ("File contains external, encrypted or compressed clusters.");
    return false;
  }
  printf ("%#-16" PRIx64 "%#-16" PRIx64 "%#-16" PRIx64 "%s\n", e->start, e->size, e->file_offset, e->path);
  return true;
}

static int
walk (Map *map, Block *block)
{
  uint64_t size = block_size (block), start = MIN (map->start, size), at = start;
  uint64_t end = map->length > size - start ? size : start + map->length;
  BlockExtent current = { .start = map->start };
  while (at < end) {
    BlockExtent e;
    int result = block_extent (block, at, end - at, &e);
    if (result < 0 || e.size == 0) {
      img_error ("%s: the mapping at byte %" PRIu64 " cannot be read: %s (vitrine-img check tells more)",
                 map->path, at, g_strerror (result < 0 ? -result : EIO));
      return 1;
    }
    e.start = at;
    at += e.size;
    if (current.size && continues (&current, &e)) {
      current.size += e.size;
      continue;
    }
    if (current.size && !print_extent (map, &current))
      return 1;
    current = e;
  }
  return print_extent (map, &current) ? 0 : 1;
}

static int
run (ImgArgs *args)
{
  Map map = { .length = UINT64_MAX, .first = true };
  const char *value;
  int id, n;
  while ((id = img_next_option (args, &value)) >= 0) {
    bool ok = true;
    switch (id) {
      case 'f': map.format = value; break;
      case 'U': map.force_share = true; break;
      case 's': ok = img_parse_size ("start offset", value, &map.start); break;
      case 'l': ok = img_parse_size ("max length", value, &map.length); break;
      case IMG_OUTPUT: ok = img_parse_output (args, value, &map.json); break;
    }
    if (!ok)
      return 1;
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 1)
    return img_usage_error (args, "Expecting one image file name");
  map.path = operands[0];
  Block *block = img_open (map.path, map.format, false, BLOCK_CACHE_WRITEBACK, map.force_share);
  if (!block)
    return 1;
  if (!map.json)
    printf ("%-16s%-16s%-16s%s\n", "Offset", "Length", "Mapped to", "File");
  int status = walk (&map, block);
  if (map.json && status == 0)
    puts ("]");
  block_close (block);
  return status;
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { 's', "start-offset", "OFFSET", "begin here" },
  { 'l', "max-length", "LENGTH", "show no more than this" },
  { IMG_OUTPUT, "output", "human|json", "data only, for people (default), or all for programs" },
  { 'U', "force-share", NULL, "even if the image is in use" },
  { 0 },
};

const ImgCommand img_map = { "map", "Show where an image's data lies", "[OPTION]... FILE", options, run };
