/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening, closing and the properties of an image and its chain. */

#define MAX_CHAIN       200
#define DEFAULT_WORKERS 16
#define PROBE_SIZE      4096

/* The images that led to the one being opened. */
typedef struct Chain Chain;
struct Chain {
  const Chain *parent;
  Block *block;
  unsigned depth;
};

static Block *open_image (const char *path, const BlockOptions *options, const Chain *parent, GError **error);

static const BlockFormat *
choose_format (Block *block, const char *name, GError **error)
{
  if (name)
    return block_format_find (name, error);
  g_autofree uint8_t *head = g_malloc0 (PROBE_SIZE);
  int result = file_pread (block->file, 0, head, PROBE_SIZE);
  if (result < 0) {
    set_error_errno (error, -result, "%s: cannot be read", block->path);
    return NULL;
  }
  const char *foreign;
  const BlockFormat *format = block_format_probe (head, PROBE_SIZE, &foreign);
  if (foreign) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "%s: looks like a %s image, which is not supported (convert it to qcow2; or say format=raw, if its "
        "bytes are the disk's)",
        block->path, foreign);
    return NULL;
  }
  block->probed = !format;
  return format ? format : &block_format_raw;
}

static bool
same_file (const BlockFile *a, const BlockFile *b)
{
  struct stat x, y;
  return fstat (a->fd, &x) == 0 && fstat (b->fd, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
check_chain (Block *block, const Chain *parent, GError **error)
{
  for (const Chain *chain = parent; chain; chain = chain->parent) {
    if (same_file (chain->block->file, block->file)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s: is its own backing file, by way of %s (correct the chain with vitrine-img rebase -u)",
                   block->path, parent->block->path);
      return false;
    }
  }
  if (!parent || parent->depth < MAX_CHAIN)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: the chain of backing files is longer than %d",
               block->path, MAX_CHAIN);
  return false;
}

/* A name in an image is relative to the image. */
char *
block_backing_path (const Block *block, GError **error)
{
  const char *name = block->backing_name;
  if (!name)
    return NULL;
  if (g_str_has_prefix (name, "file:"))
    name += 5;
  else if (g_str_has_prefix (name, "json:") || strstr (name, "://")) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "%s: its backing file is \"%s\"; only files are supported (vitrine-img rebase -u can name one)",
        block->path, name);
    return NULL;
  }
  if (g_path_is_absolute (name))
    return g_strdup (name);
  g_autofree char *folder = g_path_get_dirname (block->path);
  return strcmp (folder, ".") == 0 ? g_strdup (name) : g_build_filename (folder, name, NULL);
}

static bool
open_backing (Block *block, const Chain *parent, GError **error)
{
  Chain chain = { parent, block, parent ? parent->depth + 1 : 1 };
  g_autofree char *path = block_backing_path (block, error);
  if (!path)
    return false;
  BlockOptions options = block->options;
  options.format = block->backing_format;
  options.snapshot = NULL;
  options.read_only = true;
  options.discard = options.detect_zeroes = false;
  block->backing = open_image (path, &options, &chain, error);
  if (!block->backing)
    g_prefix_error (error, "%s: its backing file: ", block->path);
  return block->backing != NULL;
}

static bool
open_file (Block *block, GError **error)
{
  g_autoptr (GError) first = NULL;
  block->file = file_open (block->path, !block->read_only, block->options.cache, &first);
  bool forbidden = g_error_matches (first, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
                   g_error_matches (first, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
  if (!block->file && !block->read_only && block->options.auto_read_only && forbidden) {
    block->read_only = true;
    g_clear_error (&first);
    block->file = file_open (block->path, false, block->options.cache, &first);
  }
  if (!block->file) {
    g_propagate_error (error, g_steal_pointer (&first));
    return false;
  }
  return block->options.force_share || file_lock (block->file, !block->read_only, error);
}

static Block *
block_alloc (const char *path, const BlockOptions *options)
{
  static const BlockOptions defaults;
  Block *block = g_new0 (Block, 1);
  block->path = g_strdup (path);
  block->options = options ? *options : defaults;
  block->options.format = NULL;
  block->read_only = block->options.read_only;
  block->writethrough =
      block->options.cache == BLOCK_CACHE_WRITETHROUGH || block->options.cache == BLOCK_CACHE_DIRECTSYNC;
  block->unit = SECTOR_SIZE;
  g_mutex_init (&block->map_lock);
  g_cond_init (&block->tracked_changed);
  block->tracked_head.next = block->tracked_head.prev = &block->tracked_head;
  g_mutex_init (&block->queues_lock);
  g_cond_init (&block->idle);
  block->queues = g_ptr_array_new ();
  return block;
}

static void
block_free (Block *block)
{
  if (!block)
    return;
  if (block->pool)
    g_thread_pool_free (block->pool, FALSE, TRUE);
  if (block->settler)
    g_thread_pool_free (block->settler, FALSE, TRUE);
  file_close (block->file);
  if (block->backing)
    block_close (block->backing);
  g_ptr_array_unref (block->queues);
  g_cond_clear (&block->idle);
  g_mutex_clear (&block->queues_lock);
  g_cond_clear (&block->tracked_changed);
  g_mutex_clear (&block->map_lock);
  g_free (block->backing_name);
  g_free (block->backing_format);
  g_free (block->path);
  g_free (block);
}

static bool
check_snapshot (const Block *block, GError **error)
{
  if (!block->options.snapshot || (block->format == &block_format_qcow2 && block->read_only))
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s: %s", block->path,
               block->read_only ? "only qcow2 images have snapshots" : "a snapshot can only be read");
  return false;
}

static Block *
open_image (const char *path, const BlockOptions *options, const Chain *parent, GError **error)
{
  Block *block = block_alloc (path, options);
  if (open_file (block, error) && check_chain (block, parent, error))
    block->format = choose_format (block, options ? options->format : NULL, error);
  bool ok = block->format && check_snapshot (block, error) && block->format->open (block, error);
  block->options.snapshot = NULL;
  if (!ok) {
    block_free (block);
    return NULL;
  }
  if (block->backing_name && !block->options.no_backing && !open_backing (block, parent, error)) {
    block->format->close (block);
    block_free (block);
    return NULL;
  }
  return block;
}

bool
block_check (const char *path, const BlockOptions *options, unsigned repair, const BlockProgress *progress,
             void (*message) (void *opaque, const char *text), void *opaque, BlockCheck *ret_check,
             GError **error)
{
  BlockOptions how = { .read_only = repair == 0,
                       .cache = options->cache,
                       .force_share = options->force_share };
  Block *block = block_alloc (path, &how);
  bool ok = false;
  *ret_check = (BlockCheck){ 0 };
  if (open_file (block, error))
    block->format = choose_format (block, options->format, error);
  if (block->format && block->format->check)
    ok = block->format->check (block, repair, progress, message, opaque, ret_check, error);
  else if (block->format)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s: a %s image has nothing that could be checked", path, block->format->name);
  block_free (block);
  return ok;
}

Block *
block_open (const char *path, const BlockOptions *options, GError **error)
{
  return open_image (path, options, NULL, error);
}

/* The overlay has no name once it is open, so nothing is left of it however the process ends. */
static Block *
open_overlay (Block *base, const BlockOptions *options, GError **error)
{
  const char *folder = g_getenv ("TMPDIR");
  g_autofree char *path = g_build_filename (folder ? folder : "/var/tmp", "vitrine-snapshot-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  if (fd < 0) {
    set_error_errno (error, errno,
                     "%s: the snapshot's file cannot be made (set TMPDIR to a directory with room)", path);
    return NULL;
  }
  close (fd);
  BlockCreate create = { .format = "qcow2", .size = block_size (base) };
  BlockOptions overlay = {
    .format = "qcow2", .cache = BLOCK_CACHE_UNSAFE, .discard = true, .no_backing = true
  };
  if (options) {
    overlay.aio = options->aio;
    overlay.aio_threads = options->aio_threads;
    overlay.detect_zeroes = options->detect_zeroes;
    overlay.l2_cache_size = options->l2_cache_size;
  }
  Block *block = block_create (path, &create, error) ? block_open (path, &overlay, error) : NULL;
  unlink (path);
  return block;
}

Block *
block_open_snapshot (const char *path, const BlockOptions *options, GError **error)
{
  BlockOptions base_options = options ? *options : (BlockOptions){ 0 };
  base_options.read_only = true;
  base_options.discard = base_options.detect_zeroes = false;
  Block *base = block_open (path, &base_options, error);
  if (!base)
    return NULL;
  Block *block = open_overlay (base, options, error);
  if (!block) {
    block_close (base);
    return NULL;
  }
  block->backing = base;
  g_free (block->path);
  block->path = g_strdup (path);
  return block;
}

void
block_close (Block *block)
{
  if (!block)
    return;
  block_drain (block);
  block->format->close (block);
  block_free (block);
}

uint64_t
block_size (Block *block)
{
  return block_bytes (block);
}

bool
block_read_only (Block *block)
{
  return block->read_only;
}

const char *
block_path (Block *block)
{
  return block->path;
}

const char *
block_format (Block *block)
{
  return block->format->name;
}

bool
block_can_discard (Block *block)
{
  return block->options.discard && !block->read_only;
}

Block *
block_backing (Block *block)
{
  return block->backing;
}

void
block_count (Block *block, BlockOp op, uint64_t size)
{
  static const uint8_t ops[] = {
    [BLOCK_READ] = 0, [BLOCK_WRITE] = 1, [BLOCK_FLUSH] = 2, [BLOCK_DISCARD] = 3, [BLOCK_WRITE_ZEROES] = 1
  };
  __atomic_fetch_add (&block->stats[ops[op]], 1, __ATOMIC_RELAXED);
  if (op == BLOCK_READ || op == BLOCK_WRITE)
    __atomic_fetch_add (&block->stats[op == BLOCK_READ ? 4 : 5], size, __ATOMIC_RELAXED);
}

void
block_stats (Block *block, BlockStats *ret_stats)
{
  uint64_t now[6];
  for (unsigned i = 0; i < G_N_ELEMENTS (now); i++)
    now[i] = __atomic_load_n (&block->stats[i], __ATOMIC_RELAXED);
  *ret_stats = (BlockStats){ now[0], now[1], now[2], now[3], now[4], now[5] };
}

static GThreadPool *
get_pool (Block *block, GThreadPool **place, GFunc work, unsigned workers)
{
  g_mutex_lock (&block->queues_lock);
  if (!*place)
    *place = g_thread_pool_new (work, NULL, (int)workers, FALSE, NULL);
  GThreadPool *pool = *place;
  g_mutex_unlock (&block->queues_lock);
  return pool;
}

GThreadPool *
block_pool (Block *block)
{
  unsigned workers = block->options.aio_threads ? MIN (block->options.aio_threads, 256) : DEFAULT_WORKERS;
  return get_pool (block, &block->pool, job_work, workers);
}

GThreadPool *
block_settler (Block *block)
{
  return get_pool (block, &block->settler, job_settle, 1);
}

void
block_idle (Block *block)
{
  g_mutex_lock (&block->queues_lock);
  g_cond_broadcast (&block->idle);
  g_mutex_unlock (&block->queues_lock);
}

/* A queue of this thread with something in flight, NULL if there is none. *ret_busy: something is in flight
 * somewhere. */
static BlockQueue *
own_busy_queue (Block *block, bool *ret_busy)
{
  BlockQueue *own = NULL;
  *ret_busy = false;
  g_mutex_lock (&block->queues_lock);
  for (unsigned i = 0; i < block->queues->len && !own; i++) {
    BlockQueue *queue = block->queues->pdata[i];
    if (!block_in_flight (queue))
      continue;
    *ret_busy = true;
    if (g_atomic_pointer_get (&queue->thread) == g_thread_self ())
      own = queue;
  }
  g_mutex_unlock (&block->queues_lock);
  return own;
}

void
block_drain (Block *block)
{
  for (;;) {
    bool busy;
    BlockQueue *own = own_busy_queue (block, &busy);
    if (own) {
      queue_poll (own, true);
      if (block_in_flight (own))
        queue_wait (own);
    } else if (busy) {
      g_mutex_lock (&block->queues_lock);
      g_cond_wait_until (&block->idle, &block->queues_lock, g_get_monotonic_time () + 1000);
      g_mutex_unlock (&block->queues_lock);
    } else
      return;
  }
}

void
block_poll_own_queues (Block *block)
{
  g_mutex_lock (&block->queues_lock);
  for (unsigned i = 0; i < block->queues->len; i++) {
    BlockQueue *queue = block->queues->pdata[i];
    if (g_atomic_pointer_get (&queue->thread) == g_thread_self ())
      queue_poll (queue, false);
  }
  g_mutex_unlock (&block->queues_lock);
}
