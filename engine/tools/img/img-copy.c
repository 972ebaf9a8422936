/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img-copy.h"

#include <errno.h>
#include <string.h>

/* Through the page cache a range is small enough to be in the processor's cache when it is written; without
 * it requests should be large. Compressing takes so long that small parts share the work out better. */
enum { BUFFERED_CHUNK = 512 << 10, DIRECT_CHUNK = 2 << 20, COMPRESSED_CHUNK = 256 << 10 };
/* File systems let one thread at a time write to a file through the page cache.  One more keeps it busy;
 * others would only spend the processor's time on waiting. */
enum { BUFFERED_WRITERS = 2 };

typedef enum { KIND_DATA, KIND_ZERO, KIND_SKIP } Kind;

typedef struct {
  Kind kind;
  uint64_t start, size;
} Range;

typedef struct {
  const ImgCopy *copy;
  uint64_t *starts; /* of the sources, and the end */
  uint64_t total, chunk;

  GMutex lock; /* for what follows */
  uint64_t position;
  Kind kind; /* up to `kind_end` */
  uint64_t kind_end;
  GError *error;
  gint64 due; /* when the next range may begin, for `rate` */
  unsigned writers;
  GCond writer_done;
  gint stop; /* atomic */
} State;

static void
fail (State *s, int result, const char *doing, uint64_t offset)
{
  g_mutex_lock (&s->lock);
  if (!s->error)
    g_set_error (&s->error, G_IO_ERROR, g_io_error_from_errno (-result),
                 "error while %s at byte %" G_GUINT64_FORMAT ": %s", doing, offset, g_strerror (-result));
  g_mutex_unlock (&s->lock);
  g_atomic_int_set (&s->stop, 1);
}

static unsigned
source_at (const State *s, uint64_t offset)
{
  unsigned i = 0;
  while (offset >= s->starts[i + 1])
    i++;
  return i;
}

/* ---- What is to be copied ---- */

static Kind
kind_of (const State *s, const BlockExtent *extent, uint64_t offset, uint64_t *size)
{
  const ImgCopy *c = s->copy;
  if (c->has_backing && extent->depth > 0)
    return KIND_SKIP;
  if (!(extent->flags & BLOCK_ZERO))
    return KIND_DATA;
  if (c->target_is_zero)
    return KIND_SKIP;
  if (!c->has_backing)
    return KIND_ZERO;
  if (offset >= c->backing_size)
    return KIND_SKIP;
  *size = MIN (*size, c->backing_size - offset);
  return KIND_ZERO;
}

/* Finds out what lies at the offset, and up to where. Holds the lock. */
static int
look_at (const State *s, uint64_t offset, Kind *ret_kind, uint64_t *ret_end)
{
  unsigned i = source_at (s, offset);
  uint64_t left = s->starts[i + 1] - offset;
  BlockExtent extent;
  int result = block_extent (s->copy->sources[i], offset - s->starts[i], left, &extent);
  if (result < 0 && s->copy->salvage) {
    /* Reading it will tell what can be had. */
    *ret_kind = KIND_DATA;
    *ret_end = offset + MIN (left, s->chunk);
    return 0;
  }
  if (result < 0 || extent.size == 0)
    return result < 0 ? result : -EIO;
  uint64_t size = MIN (extent.size, left);
  *ret_kind = kind_of (s, &extent, offset, &size);
  *ret_end = offset + size;
  return 0;
}

/* Finds out what lies at the position. Where a run that need not be read ends within a unit, it may go on in
 * another file or source. Holds the lock. */
static int
look (State *s)
{
  int result = look_at (s, s->position, &s->kind, &s->kind_end);
  while (result == 0 && s->kind != KIND_DATA && s->kind_end < s->total && s->kind_end % s->copy->unit) {
    Kind kind;
    uint64_t end;
    result = look_at (s, s->kind_end, &kind, &end);
    if (result < 0 || kind != s->kind)
      break;
    s->kind_end = end;
  }
  return result;
}

static uint64_t
round_up (uint64_t x, uint64_t unit)
{
  return (x + unit - 1) / unit * unit;
}

/* The next range that something must be done about; false: none is left, or *ret_result is an error. Holds
 * the lock. */
static bool
next_range (State *s, Range *ret, int *ret_result)
{
  const uint64_t unit = s->copy->unit;
  *ret_result = 0;
  while (s->position < s->total) {
    uint64_t start = s->position;
    if (start >= s->kind_end && (*ret_result = look (s)) < 0)
      return false;
    Kind kind = s->kind;
    uint64_t end = s->kind_end;
    if (kind != KIND_DATA && end < s->total)
      end -= end % unit;
    if (kind == KIND_DATA || end <= start) {
      /* A unit that is not all of one kind is copied. */
      kind = KIND_DATA;
      end = MIN (MIN (round_up (MAX (end, start + 1), unit), start + s->chunk), s->total);
    }
    s->position = end;
    *ret = (Range){ kind, start, end - start };
    if (kind != KIND_SKIP)
      return true;
  }
  return false;
}

/* ---- Reading ---- */

static int
read_once (const State *s, uint64_t offset, uint8_t *buffer, uint64_t size)
{
  while (size > 0) {
    unsigned i = source_at (s, offset);
    uint64_t here = MIN (size, s->starts[i + 1] - offset);
    int result = block_pread (s->copy->sources[i], offset - s->starts[i], buffer, here);
    if (result < 0)
      return result;
    offset += here;
    buffer += here;
    size -= here;
  }
  return 0;
}

static void
read_salvaging (const State *s, uint64_t offset, uint8_t *buffer, uint64_t size)
{
  enum { SECTOR = 512 };
  for (uint64_t at = 0; at < size && !img_cancelled (); at += SECTOR) {
    uint64_t n = MIN (SECTOR, size - at);
    int result = read_once (s, offset + at, buffer + at, n);
    if (result == 0)
      continue;
    memset (buffer + at, 0, n);
    if (!s->copy->quiet)
      img_error ("warning: error while reading offset %" G_GUINT64_FORMAT ": %s", offset + at,
                 g_strerror (-result));
  }
}

static int
read_range (const State *s, const Range *range, uint8_t *buffer)
{
  int result = read_once (s, range->start, buffer, range->size);
  if (result == 0 || !s->copy->salvage)
    return result;
  read_salvaging (s, range->start, buffer, range->size);
  return 0;
}

/* ---- Writing ---- */

static int
write_zeroes (const State *s, uint64_t offset, uint64_t size)
{
  if (s->copy->target_is_zero)
    return 0;
  return block_pwrite_zeroes (s->copy->target, offset, size, s->copy->granule ? BLOCK_REQ_MAY_UNMAP : 0);
}

static int
write_compressed (const State *s, const Range *range, const uint8_t *buffer)
{
  const ImgCopy *c = s->copy;
  for (uint64_t at = 0; at < range->size; at += c->unit) {
    uint64_t n = MIN (c->unit, range->size - at);
    int result = c->granule && img_is_zero (buffer + at, n)
                     ? write_zeroes (s, range->start + at, n)
                     : block_pwrite_compressed (c->target, range->start + at, buffer + at, n);
    if (result < 0)
      return result;
  }
  return 0;
}

/* Runs of zeroes and runs of data, in turn. */
static int
write_runs (const State *s, const Range *range, const uint8_t *buffer)
{
  const uint64_t granule = s->copy->granule, size = range->size;
  bool zero = img_is_zero (buffer, MIN (granule, size));
  for (uint64_t at = 0; at < size;) {
    uint64_t end = MIN (at + granule, size);
    bool next = zero;
    while (end < size && (next = img_is_zero (buffer + end, MIN (granule, size - end))) == zero)
      end = MIN (end + granule, size);
    int result = zero ? write_zeroes (s, range->start + at, end - at)
                      : block_pwrite (s->copy->target, range->start + at, buffer + at, end - at);
    if (result < 0)
      return result;
    at = end;
    zero = next;
  }
  return 0;
}

static int
write_plain (State *s, const Range *range, const uint8_t *buffer)
{
  if (s->copy->granule)
    return write_runs (s, range, buffer);
  return block_pwrite (s->copy->target, range->start, buffer, range->size);
}

static int
write_range (State *s, const Range *range, const uint8_t *buffer)
{
  if (s->copy->compress)
    return write_compressed (s, range, buffer);
  if (!s->copy->buffered)
    return write_plain (s, range, buffer);
  g_mutex_lock (&s->lock);
  while (s->writers == BUFFERED_WRITERS)
    g_cond_wait (&s->writer_done, &s->lock);
  s->writers++;
  g_mutex_unlock (&s->lock);
  int result = write_plain (s, range, buffer);
  g_mutex_lock (&s->lock);
  s->writers--;
  g_cond_signal (&s->writer_done);
  g_mutex_unlock (&s->lock);
  return result;
}

/* ---- Threads ---- */

/* Reserves the time that so many bytes take. Holds the lock. */
static gint64
reserve_time (State *s, uint64_t bytes)
{
  if (!s->copy->rate)
    return 0;
  gint64 begin = MAX (s->due, g_get_monotonic_time ());
  s->due = begin + (gint64)((double)bytes * G_USEC_PER_SEC / (double)s->copy->rate);
  return begin;
}

static void
wait_until (gint64 when)
{
  gint64 left;
  while (when && !img_cancelled () && (left = when - g_get_monotonic_time ()) > 0)
    g_usleep ((gulong)MIN (left, 100000));
}

static bool
take_range (State *s, Range *ret)
{
  int result = 0;
  if (g_atomic_int_get (&s->stop) || img_cancelled ())
    return false;
  g_mutex_lock (&s->lock);
  bool any = next_range (s, ret, &result);
  uint64_t position = s->position;
  gint64 begin = any && ret->kind == KIND_DATA ? reserve_time (s, ret->size) : 0;
  g_mutex_unlock (&s->lock);
  if (result < 0)
    fail (s, result, "reading the mapping", position);
  img_progress_set ((double)(any ? ret->start : position) / (double)s->total);
  wait_until (begin);
  return any;
}

static void
work (void *opaque)
{
  State *s = opaque;
  uint8_t *buffer = img_buffer_new (s->chunk);
  Range range;
  while (take_range (s, &range)) {
    int result = range.kind == KIND_DATA ? read_range (s, &range, buffer) : 0;
    if (result < 0) {
      fail (s, result, "reading", range.start);
      break;
    }
    result =
        range.kind == KIND_DATA ? write_range (s, &range, buffer) : write_zeroes (s, range.start, range.size);
    if (result < 0) {
      fail (s, result, "writing", range.start);
      break;
    }
  }
  g_aligned_free (buffer);
}

uint64_t
img_copy_size (const ImgCopy *copy)
{
  uint64_t size = 0;
  for (unsigned i = 0; i < copy->n_sources; i++)
    size += MIN (block_size (copy->sources[i]), INT64_MAX - size);
  return size;
}

bool
img_copy (const ImgCopy *copy, GError **error)
{
  State s = { .copy = copy, .total = img_copy_size (copy) };
  g_autofree uint64_t *starts = s.starts = g_new0 (uint64_t, copy->n_sources + 1);
  for (unsigned i = 0; i < copy->n_sources; i++)
    starts[i + 1] = starts[i] + block_size (copy->sources[i]);
  uint64_t chunk = copy->compress ? COMPRESSED_CHUNK : copy->buffered ? BUFFERED_CHUNK : DIRECT_CHUNK;
  s.chunk = round_up (MAX (chunk, copy->granule), copy->unit);
  g_mutex_init (&s.lock);
  g_cond_init (&s.writer_done);
  img_parallel (copy->threads, work, &s);
  g_cond_clear (&s.writer_done);
  g_mutex_clear (&s.lock);
  if (!s.error && img_cancelled ())
    g_set_error (&s.error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  if (!s.error)
    return true;
  g_propagate_error (error, s.error);
  return false;
}
