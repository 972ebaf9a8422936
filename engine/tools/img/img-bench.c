/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "img.h"
#include "suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* bench: requests kept in flight on a queue, as a machine's disk has them. */

enum { DEFAULT_COUNT = 75000, DEFAULT_DEPTH = 64, DEFAULT_SIZE = 4096, MOST_MEMORY = 1 << 30 };

typedef struct Bench Bench;

typedef struct {
  BlockRequest request;
  struct iovec iov;
  Bench *bench;
  unsigned next; /* of the unused ones */
} Slot;

struct Bench {
  const char *path;
  BlockOptions options;
  bool write, quiet, no_drain;
  uint64_t count, depth, size, step, offset, flush_interval, pattern;

  Block *block;
  BlockQueue *queue;
  GMainContext *context;
  Slot *slots;
  unsigned unused; /* a slot, or `depth` for none */
  uint64_t started, done, image_size;
  uint64_t flushed; /* how many had been started before the latest flush */
  unsigned flushes; /* in flight */
  bool filling;
  int error;
};

/* ---- The command line ---- */

static bool
parse_number (const char *what, const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
  char *end;
  uint64_t number = strtoull (text, &end, 0);
  if (g_ascii_isdigit (*text) && !*end && number >= least && number <= most) {
    *ret = number;
    return true;
  }
  img_error ("Invalid %s specified: '%s'. Must be between %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT ".",
             what, text, least, most);
  return false;
}

static bool
parse_bounded_size (const char *what, const char *text, uint64_t least, uint64_t *ret)
{
  if (!img_parse_size (what, text, ret))
    return false;
  if (*ret >= least && *ret <= G_MAXINT32)
    return true;
  img_error ("Invalid %s specified: '%s'. Must be between %" G_GUINT64_FORMAT " and %d.", what, text, least,
             G_MAXINT32);
  return false;
}

/* QEMU's native AIO is what io_uring has taken the place of. */
static bool
parse_aio (Bench *b, const char *text)
{
  static const char *const names[] = { "io_uring", "native", "threads", NULL };
  if (!g_strv_contains (names, text)) {
    g_autofree char *hint = suggest_hint (text, names);
    img_error ("Invalid aio option: %s%s", text, hint);
    return false;
  }
  b->options.aio = strcmp (text, "threads") == 0 ? BLOCK_AIO_THREADS : BLOCK_AIO_IO_URING;
  return true;
}

static bool
parse_option (Bench *b, int id, const char *value)
{
  switch (id) {
    case 'f': b->options.format = value; return true;
    case 'c': return parse_number ("request count", value, 1, G_MAXINT32, &b->count);
    case 'd': return parse_number ("queue depth", value, 1, G_MAXINT32, &b->depth);
    case 's': return parse_bounded_size ("buffer size", value, 1, &b->size);
    case 'S': return parse_bounded_size ("step size", value, 0, &b->step);
    case 'o': return img_parse_size ("offset", value, &b->offset);
    case 'i': return parse_aio (b, value);
    case 'n': return parse_aio (b, "native");
    case 'w': b->write = true; return true;
    case 'q': b->quiet = true; return true;
    case 'U': b->options.force_share = true; return true;
    case IMG_NO_DRAIN: b->no_drain = true; return true;
    case IMG_PATTERN: return parse_number ("pattern byte", value, 0, 255, &b->pattern);
    case IMG_FLUSH_INTERVAL: return parse_number ("flush interval", value, 0, G_MAXINT32, &b->flush_interval);
    default:
      if (img_parse_cache (value, &b->options.cache))
        return true;
      img_error ("Invalid cache mode");
      return false;
  }
}

/* NULL: the options agree with each other. */
static const char *
contradiction (const Bench *b)
{
  if (!b->write && b->flush_interval)
    return "--flush-interval is only available in write tests";
  if (b->flush_interval && b->flush_interval < b->depth)
    return "Flush interval can't be smaller than depth";
  if (b->write && b->options.force_share)
    return "--force-share is only available in read tests";
  if (b->depth > b->count ? b->count * b->size > MOST_MEMORY : b->depth * b->size > MOST_MEMORY)
    return "That many requests of that size take more than 1 GiB of memory (use a smaller --depth)";
  return NULL;
}

/* ---- Requests ---- */

static void fill_queue (Bench *b);

static void
finish_request (BlockRequest *request, int result)
{
  Slot *slot = request->opaque;
  Bench *b = slot->bench;
  if (result < 0 && !b->error)
    b->error = result;
  slot->next = b->unused;
  b->unused = (unsigned)(slot - b->slots);
  b->done++;
  fill_queue (b);
}

static void
finish_flush (BlockRequest *request, int result)
{
  Bench *b = request->opaque;
  if (result < 0 && !b->error)
    b->error = result;
  b->flushes--;
  g_free (request);
  fill_queue (b);
}

static void
start_flush (Bench *b)
{
  BlockRequest *request = g_new0 (BlockRequest, 1);
  request->op = BLOCK_FLUSH;
  request->done = finish_flush;
  request->opaque = b;
  b->flushes++;
  b->flushed = b->started;
  block_submit (b->queue, request);
}

static void
start_request (Bench *b)
{
  Slot *slot = &b->slots[b->unused];
  b->unused = slot->next;
  slot->request.offset = b->offset;
  b->started++;
  b->offset += b->step;
  b->offset = b->image_size > b->size ? b->offset % (b->image_size - b->size) : 0;
  block_submit (b->queue, &slot->request);
}

/* Whether a flush is due before the next request, and has not been started yet. */
static bool
flush_is_due (const Bench *b)
{
  return b->flush_interval && b->started != b->flushed && b->started % b->flush_interval == 0;
}

/* Keeps the queue full.  Requests that complete at once come back here while they are being started; the loop
 * below goes on for them. */
static void
fill_queue (Bench *b)
{
  if (b->filling)
    return;
  b->filling = true;
  while (!b->error && b->started < b->count && b->unused < b->depth) {
    bool drained = b->done == b->started;
    if (flush_is_due (b)) {
      /* With draining, nothing else is under way while the flush is. */
      if (!b->no_drain && (!drained || b->flushes))
        break;
      start_flush (b);
      if (!b->no_drain && b->flushes)
        break;
    }
    start_request (b);
  }
  b->filling = false;
  block_kick (b->queue);
}

static bool
is_busy (const Bench *b)
{
  return b->done < b->started || b->flushes || (!b->error && b->started < b->count);
}

static void
make_slots (Bench *b, uint8_t *memory)
{
  b->slots = g_new0 (Slot, b->depth);
  b->unused = 0;
  for (unsigned i = 0; i < b->depth; i++) {
    Slot *slot = &b->slots[i];
    slot->iov = (struct iovec){ memory + i * b->size, b->size };
    slot->request = (BlockRequest){ .op = b->write ? BLOCK_WRITE : BLOCK_READ,
                                    .size = b->size,
                                    .iov = &slot->iov,
                                    .n_iov = 1,
                                    .done = finish_request,
                                    .opaque = slot };
    slot->bench = b;
    slot->next = i + 1;
  }
}

/* ---- The run ---- */

static void
announce (const Bench *b)
{
  printf ("Sending %" G_GUINT64_FORMAT " %s requests, %" G_GUINT64_FORMAT " bytes each, %" G_GUINT64_FORMAT
          " in parallel (starting at offset %" G_GUINT64_FORMAT ", step size %" G_GUINT64_FORMAT ")\n",
          b->count, b->write ? "write" : "read", b->size, b->depth, b->offset, b->step);
  if (b->flush_interval)
    printf ("Sending flush every %" G_GUINT64_FORMAT " requests\n", b->flush_interval);
}

static int
measure (Bench *b)
{
  size_t bytes = b->depth * b->size;
  uint8_t *memory = img_buffer_new (bytes);
  memset (memory, (int)b->pattern, bytes);
  make_slots (b, memory);
  if (!b->quiet)
    announce (b);
  int64_t start = g_get_monotonic_time ();
  fill_queue (b);
  while (is_busy (b))
    g_main_context_iteration (b->context, TRUE);
  double spent = (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  g_free (b->slots);
  g_aligned_free (memory);
  if (b->error) {
    img_error ("Failed request: %s", g_strerror (-b->error));
    return 1;
  }
  if (!b->quiet)
    printf ("Run completed in %3.3f seconds.\n", spent);
  return 0;
}

static int
bench (Bench *b)
{
  GError *error = NULL;
  b->step = b->step ? b->step : b->size;
  /* More slots than requests would never be used. */
  b->depth = MIN (b->depth, b->count);
  b->options.read_only = !b->write;
  b->block = block_open (b->path, &b->options, &error);
  if (!b->block) {
    img_report_open (b->path, error);
    return 1;
  }
  b->image_size = block_size (b->block);
  b->context = g_main_context_new ();
  b->queue = block_queue_new (b->block, b->context, &error);
  int status = 1;
  if (b->queue)
    status = measure (b);
  else
    img_report (error);
  block_queue_free (b->queue);
  g_main_context_unref (b->context);
  block_close (b->block);
  return status;
}

static int
run (ImgArgs *args)
{
  Bench b = { .count = DEFAULT_COUNT, .depth = DEFAULT_DEPTH, .size = DEFAULT_SIZE };
  const char *value;
  int id, n;
  while ((id = img_next_option (args, &value)) >= 0) {
    if (!parse_option (&b, id, value))
      return 1;
  }
  if (id != IMG_END)
    return img_option_status (id);
  char **operands = img_operands (args, &n);
  if (n != 1)
    return img_usage_error (args, "Expecting one image file name");
  const char *wrong = contradiction (&b);
  if (wrong) {
    img_error ("%s", wrong);
    return 1;
  }
  b.path = operands[0];
  return bench (&b);
}

static const ImgOption options[] = {
  { 'f', "format", "FORMAT", "format of the image (default: by its content)" },
  { 't', "cache", "MODE", "writeback (default), none, writethrough, directsync, unsafe" },
  { 'c', "count", "N", "requests to make (default 75000)" },
  { 'd', "depth", "N", "requests in flight at once (default 64)" },
  { 's', "buffer-size", "SIZE", "of each request (default 4k)" },
  { 'S', "step-size", "SIZE", "from one request to the next (default: the buffer size)" },
  { 'o', "offset", "OFFSET", "of the first request" },
  { 'i', "aio", "NAME", "io_uring (default) or threads" },
  { 'n', "native", NULL, "the same as --aio=io_uring" },
  { 'w', "write", NULL, "write instead of reading" },
  { IMG_PATTERN, "pattern", "BYTE", "what is written (default 0)" },
  { IMG_FLUSH_INTERVAL, "flush-interval", "N", "flush after as many requests" },
  { IMG_NO_DRAIN, "no-drain", NULL, "let requests go on while a flush is under way" },
  { 'U', "force-share", NULL, "even if the image is in use" },
  { 'q', "quiet", NULL, "print nothing but errors" },
  { 0 },
};

const ImgCommand img_bench = { "bench", "Measure how fast an image can be read or written",
                               "[OPTION]... FILE", options, run };
