/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum { PREALLOCATE_OFF, PREALLOCATE_FALLOC, PREALLOCATE_FULL } Preallocate;

typedef struct {
  const char *path, *format;
  char *size;
  bool shrink, quiet;
  Preallocate preallocate;
} Resize;

static bool
parse_preallocation (const char *value, Preallocate *ret)
{
  static const char *const names[] = { "off", "falloc", "full" };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strcmp (value, names[i]) == 0) {
      *ret = i;
      return true;
    }
  }
  img_error ("Invalid preallocation mode '%s' (off, falloc or full)", value);
  return false;
}

/* From "+SIZE", "-SIZE" or "SIZE". */
static bool
new_size (const char *text, uint64_t now, uint64_t *ret_size)
{
  uint64_t size;
  bool relative = *text == '+' || *text == '-';
  if (!img_parse_size ("image size", text + relative, &size))
    return false;
  if (*text == '+')
    size = size > INT64_MAX - now ? INT64_MAX : now + size;
  else if (*text == '-')
    size = size < now ? now - size : 0;
  if (size == 0) {
    img_error ("New image size must be positive");
    return false;
  }
  *ret_size = size;
  return true;
}

/* Falloc's space is the file system's own business and not the format's, so it is had where the file is the
 * disk. */
static int
allocate (Block *block, const Resize *r, uint64_t from, uint64_t to)
{
  enum { STEP = 1 << 20 };
  int result = 0;
  if (r->preallocate == PREALLOCATE_FALLOC) {
    int fd = open (r->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
      return -errno;
    result = -posix_fallocate (fd, (off_t)from, (off_t)(to - from));
    close (fd);
    return result;
  }
  uint8_t *zeroes = img_buffer_new (STEP);
  memset (zeroes, 0, STEP);
  for (uint64_t at = from; at < to && result >= 0; at += STEP)
    result = block_pwrite (block, at, zeroes, MIN (STEP, to - at));
  g_aligned_free (zeroes);
  return MIN (result, 0);
}

static int
resize (Block *block, const Resize *r)
{
  uint64_t now = block_size (block), size;
  GError *error = NULL;
  if (!new_size (r->size, now, &size))
    return 1;
  if (size < now && !r->shrink) {
    img_error ("Use the --shrink option to perform a shrink operation.");
    img_error ("warning: Shrinking an image will delete all data beyond the shrunken image's end. Before "
               "performing such an "
               "operation, make sure there is no important data there.");
    return 1;
  }
  if (r->preallocate == PREALLOCATE_FALLOC && strcmp (block_format (block), "raw") != 0) {
    img_error ("--preallocation=falloc is for raw images; --preallocation=full is for all");
    return 1;
  }
  if (r->preallocate != PREALLOCATE_OFF && size < now) {
    img_error ("Preallocation can only be used for growing images");
    return 1;
  }
  if (block_resize (block, size, r->shrink, &error) < 0) {
    img_report (error);
    return 1;
  }
  int result = r->preallocate != PREALLOCATE_OFF && size > now ? allocate (block, r, now, size) : 0;
  if (result == 0)
    result = block_flush (block);
  if (result < 0) {
    img_error ("%s: resized, but the new space could not be written: %s", r->path, g_strerror (-result));
    return 1;
  }
  if (!r->quiet)
    puts ("Image resized.");
  return 0;
}

static int
open_and_resize (const Resize *r)
{
  Block *block = img_open (r->path, r->format, true, BLOCK_CACHE_WRITEBACK, false);
  if (!block)
    return 1;
  if (!r->format && strcmp (block_format (block), "raw") == 0)
    fprintf (
        stderr,
        "WARNING: Image format was not specified for '%s' and probing guessed raw.\n"
        "         Specify the 'raw' format explicitly, lest a guest's data be taken for another format.\n",
        r->path);
  int status = resize (block, r);
  block_close (block);
  return status;
}

/* "-1G" looks like an option, and is the last argument: it is hidden from getopt. */
static char *
take_size (ImgArgs *args)
{
  char *last = args->argc > 1 ? args->argv[args->argc - 1] : NULL;
  if (!last || !g_ascii_isdigit (last[strspn (last, "+-")]))
    return NULL;
  args->argc--;
  return last;
}

static int
run (ImgArgs *args)
{
  Resize r = { 0 };
  const char *value;
  int id, n;
  r.size = take_size (args);
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': r.format = value; break;
      case 'q': r.quiet = true; break;
      case IMG_SHRINK: r.shrink = true; break;
      case IMG_PREALLOCATION:
        if (!parse_preallocation (value, &r.preallocate))
          return 1;
        break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n == 2 && !r.size)
    r.size = operands[--n];
  if (n != 1 || !r.size)
    return img_usage_error (args, "Expecting image file name and size");
  r.path = operands[0];
  return open_and_resize (&r);
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { IMG_SHRINK, "shrink", NULL, "allow to lose what lies beyond the new end" },
  { IMG_PREALLOCATION, "preallocation", "off|falloc|full",
    "whether to allocate the new space (falloc: raw only)" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { 0 },
};

const ImgCommand img_resize = { "resize", "Change an image's size", "[OPTION]... FILE [+-]SIZE[bkMGTPE]",
                                options, run };
