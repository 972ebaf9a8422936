/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Exit statuses. */
enum { SAME = 0, DIFFERENT = 1, CANNOT_OPEN = 2, CANNOT_MAP = 3, CANNOT_READ = 4 };
enum { CHUNK = 1 << 20, SECTOR = 512, THREADS = 8 };

typedef struct {
  uint64_t start, size;
  bool read[2]; /* what is not read is zero */
} Range;

typedef struct {
  Block *images[2];
  bool strict;
  double total; /* of the progress */

  GMutex lock; /* for what follows */
  uint64_t position, end;
  BlockExtent extents[2];
  uint64_t difference;    /* the lowest found; UINT64_MAX: none */
  bool status_difference; /* it is one of allocation */
  int status;             /* CANNOT_… */
} Compare;

/* ---- What is to be read ---- */

static void
note_difference (Compare *c, uint64_t offset, bool of_status)
{
  if (offset >= c->difference)
    return;
  c->difference = offset;
  c->status_difference = of_status;
}

/* Holds the lock. */
static bool
look (Compare *c, unsigned i)
{
  BlockExtent *extent = &c->extents[i];
  if (c->position < extent->start + extent->size)
    return true;
  int result = c->position < block_size (c->images[i])
                   ? block_extent (c->images[i], c->position, c->end - c->position, extent)
                   : 0;
  if (c->position >= block_size (c->images[i]))
    *extent = (BlockExtent){ .size = c->end - c->position, .flags = BLOCK_ZERO };
  extent->start = c->position;
  if (result == 0 && extent->size > 0)
    return true;
  img_error ("Sector allocation test failed for %s: %s", block_path (c->images[i]),
             g_strerror (result ? -result : EIO));
  c->status = CANNOT_MAP;
  return false;
}

/* The same bytes of the same file, as of a common backing file. */
static bool
is_shared (const BlockExtent *a, const BlockExtent *b, uint64_t at)
{
  return a->flags & b->flags & BLOCK_OFFSET_VALID && strcmp (a->path, b->path) == 0 &&
         a->file_offset + (at - a->start) == b->file_offset + (at - b->start);
}

/* Holds the lock. */
static bool
next_range (Compare *c, Range *ret)
{
  const BlockExtent *a = &c->extents[0], *b = &c->extents[1];
  while (!c->status && c->position < MIN (c->end, c->difference)) {
    uint64_t at = c->position;
    if (!look (c, 0) || !look (c, 1))
      return false;
    if (c->strict && a->flags != b->flags) {
      note_difference (c, at, true);
      return false;
    }
    uint64_t size = MIN (MIN (a->start + a->size, b->start + b->size), c->end) - at;
    Range range = { at, MIN (size, CHUNK), { !(a->flags & BLOCK_ZERO), !(b->flags & BLOCK_ZERO) } };
    if ((range.read[0] || range.read[1]) && !is_shared (a, b, at)) {
      c->position = at + range.size;
      *ret = range;
      return true;
    }
    c->position = at + size;
  }
  return false;
}

/* ---- Threads ---- */

/* Where the first sector that differs begins; `size`: none does. Without `b`: from zeroes. */
static uint64_t
first_difference (const uint8_t *a, const uint8_t *b, uint64_t size)
{
  if (b ? memcmp (a, b, size) == 0 : img_is_zero (a, size))
    return size;
  for (uint64_t at = 0; at < size; at += SECTOR) {
    uint64_t n = MIN (SECTOR, size - at);
    if (b ? memcmp (a + at, b + at, n) != 0 : !img_is_zero (a + at, n))
      return at;
  }
  return size;
}

static bool
read_image (Compare *c, unsigned i, const Range *range, uint8_t *buffer)
{
  int result = block_pread (c->images[i], range->start, buffer, range->size);
  if (result >= 0)
    return true;
  g_mutex_lock (&c->lock);
  if (!c->status)
    img_error ("Error while reading offset %" G_GUINT64_FORMAT " of %s: %s", range->start,
               block_path (c->images[i]), g_strerror (-result));
  c->status = CANNOT_READ;
  g_mutex_unlock (&c->lock);
  return false;
}

static bool
compare_range (Compare *c, const Range *range, uint8_t *const buffers[2])
{
  for (unsigned i = 0; i < 2; i++) {
    if (range->read[i] && !read_image (c, i, range, buffers[i]))
      return false;
  }
  const uint8_t *a = buffers[range->read[0] ? 0 : 1],
                *b = range->read[0] && range->read[1] ? buffers[1] : NULL;
  uint64_t at = first_difference (a, b, range->size);
  if (at == range->size)
    return true;
  g_mutex_lock (&c->lock);
  note_difference (c, range->start + at, false);
  g_mutex_unlock (&c->lock);
  return false;
}

static void
work (void *opaque)
{
  Compare *c = opaque;
  uint8_t *buffers[2] = { img_buffer_new (CHUNK), img_buffer_new (CHUNK) };
  Range range;
  bool any = true;
  while (any && !img_cancelled ()) {
    g_mutex_lock (&c->lock);
    any = next_range (c, &range);
    g_mutex_unlock (&c->lock);
    if (any) {
      img_progress_set ((double)range.start / c->total);
      any = compare_range (c, &range, buffers);
    }
  }
  g_aligned_free (buffers[0]);
  g_aligned_free (buffers[1]);
}

/* ---- The command ---- */

static void
compare_up_to (Compare *c, uint64_t end)
{
  c->end = end;
  img_parallel (THREADS, work, c);
}

static int
compare (Compare *c, bool quiet, char **ret_verdict)
{
  uint64_t sizes[2] = { block_size (c->images[0]), block_size (c->images[1]) };
  if (c->strict && sizes[0] != sizes[1]) {
    *ret_verdict = g_strdup ("Strict mode: Image size mismatch!");
    return DIFFERENT;
  }
  c->total = (double)MAX (sizes[0], sizes[1]) + 1;
  compare_up_to (c, MIN (sizes[0], sizes[1]));
  if (!c->status && !img_cancelled () && c->difference == UINT64_MAX && sizes[0] != sizes[1]) {
    if (!quiet)
      puts ("Warning: Image size mismatch!");
    /* Nothing is as good as zeroes. */
    compare_up_to (c, MAX (sizes[0], sizes[1]));
  }
  if (c->status || img_cancelled ())
    return c->status;
  if (c->difference == UINT64_MAX) {
    *ret_verdict = g_strdup ("Images are identical.");
    return SAME;
  }
  *ret_verdict = g_strdup_printf (c->status_difference ? "Strict mode: Offset %" G_GUINT64_FORMAT
                                                         " block status mismatch!"
                                                       : "Content mismatch at offset %" G_GUINT64_FORMAT "!",
                                  c->difference);
  return DIFFERENT;
}

static int
compare_and_tell (Compare *c, bool quiet, bool progress)
{
  g_autofree char *verdict = NULL;
  g_mutex_init (&c->lock);
  img_progress_begin (progress && !quiet);
  int status = compare (c, quiet, &verdict);
  img_progress_end (verdict != NULL);
  g_mutex_clear (&c->lock);
  img_die_if_cancelled ();
  if (verdict && !quiet)
    puts (verdict);
  return status;
}

static int
run (ImgArgs *args)
{
  Compare c = { .difference = UINT64_MAX };
  const char *formats[2] = { NULL, NULL }, *value;
  bool progress = false, quiet = false, force_share = false;
  BlockCache cache = BLOCK_CACHE_WRITEBACK;
  int id, n, status = CANNOT_OPEN;
  while ((id = img_next_option (args, &value)) >= 0) {
    switch (id) {
      case 'f': formats[0] = value; break;
      case 'F': formats[1] = value; break;
      case 's': c.strict = true; break;
      case 'p': progress = true; break;
      case 'q': quiet = true; break;
      case 'U': force_share = true; break;
      case 'T':
        if (!img_parse_cache (value, &cache)) {
          img_error ("Invalid source cache option: %s", value);
          return CANNOT_OPEN;
        }
        break;
    }
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 2)
    return img_usage_error (args, "Expecting two image file names");
  c.images[0] = img_open (operands[0], formats[0], false, cache, force_share);
  c.images[1] = c.images[0] ? img_open (operands[1], formats[1], false, cache, force_share) : NULL;
  if (c.images[1])
    status = compare_and_tell (&c, quiet, progress);
  block_close (c.images[0]);
  block_close (c.images[1]);
  return status;
}

static const ImgOption options[] = {
  { 'f', "a-format", "FORMAT", "format of the first image (default: by its content)" },
  { 'F', "b-format", "FORMAT", "format of the second image" },
  { 's', "strict", NULL, "sizes and allocation must be the same, too" },
  { 'T', "cache", "MODE", "how the images are read: writeback (default), none, ..." },
  { 'U', "force-share", NULL, "even if the images are in use" },
  { 'p', "progress", NULL, "show how far it is" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { 0 },
};

const ImgCommand img_compare = {
  "compare", "Say whether two images have the same content (exit status: 0 yes, 1 no, 2 to 4 error)",
  "[OPTION]... FILE1 FILE2", options, run
};
