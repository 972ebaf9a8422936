/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Several threads with a queue each on one image: requests in flight together, held against a copy in memory.
 */

#include "block-test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Slots of the disk, each with at most one request at a time: so the model is exact whatever the order. They
 * are not multiples of a cluster, so that neighbours meet in one. */
#define SLOT    5632u
#define THREADS 4u
#define DEPTH   24u

typedef struct {
  Block *block;
  uint8_t *model;
  unsigned n_slots; /* of each thread; slot i of thread t is slot i * THREADS + t of the disk */
  bool backing_zero_on_discard;
} Shared;

typedef struct Worker Worker;

typedef struct {
  BlockRequest request;
  Worker *worker;
  bool busy;
  unsigned slot;
  struct iovec iov[3];
  uint8_t data[SLOT];
} Slot;

struct Worker {
  Shared *shared;
  unsigned index, left, errors, completed;
  BlockQueue *queue;
  GRand *random;
  bool *slot_busy;
  Slot slots[DEPTH];
};

static void
completed (BlockRequest *request, int result)
{
  Slot *slot = request->opaque;
  Worker *worker = slot->worker;
  uint8_t *model = worker->shared->model + request->offset;
  slot->busy = false;
  worker->completed++;
  if (request->op != BLOCK_FLUSH)
    worker->slot_busy[slot->slot] = false;
  if (result != 0)
    worker->errors++;
  else if (request->op == BLOCK_WRITE)
    memcpy (model, slot->data, request->size);
  else if (request->op == BLOCK_WRITE_ZEROES)
    memset (model, 0, request->size);
  else if (request->op == BLOCK_READ && memcmp (model, slot->data, request->size) != 0)
    worker->errors++;
}

static void
start (Worker *worker, Slot *slot)
{
  unsigned index = (unsigned)g_rand_int_range (worker->random, 0, (int)worker->shared->n_slots);
  unsigned what = (unsigned)g_rand_int_range (worker->random, 0, 20);
  if (worker->slot_busy[index])
    return;
  unsigned part = (unsigned)g_rand_int_range (worker->random, 0, 11) * 512;
  uint64_t at = (uint64_t)(index * THREADS + worker->index) * SLOT;
  slot->request = (BlockRequest){
    .op = what == 0   ? BLOCK_FLUSH
          : what < 3  ? BLOCK_WRITE_ZEROES
          : what < 11 ? BLOCK_WRITE
                      : BLOCK_READ,
    .flags = what == 1 || what == 4     ? BLOCK_REQ_MAY_UNMAP
             : what == 5 && part < 1024 ? BLOCK_REQ_FUA
                                        : 0,
    .offset = at + part,
    .size = SLOT - part,
    .iov = slot->iov,
    .n_iov = 3,
    .done = completed,
    .opaque = slot,
  };
  unsigned first = 1 + part % 511;
  slot->iov[0] = (struct iovec){ slot->data, first };
  slot->iov[1] = (struct iovec){ slot->data + first, 100 };
  slot->iov[2] = (struct iovec){ slot->data + first + 100, SLOT - part - first - 100 };
  slot->slot = index;
  slot->busy = true;
  if (slot->request.op == BLOCK_FLUSH)
    slot->request.size = slot->request.offset = 0;
  else
    worker->slot_busy[index] = true;
  if (slot->request.op == BLOCK_WRITE)
    test_fill (slot->data, SLOT - part, g_rand_int (worker->random));
  worker->left--;
  block_submit (worker->queue, &slot->request);
}

static void *
work (void *data)
{
  Worker *worker = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  worker->queue = block_queue_new (worker->shared->block, context, &error);
  g_assert_no_error (error);
  while (worker->left > 0 || block_in_flight (worker->queue)) {
    for (unsigned i = 0; i < DEPTH && worker->left > 0; i++) {
      if (!worker->slots[i].busy)
        start (worker, &worker->slots[i]);
    }
    block_kick (worker->queue);
    /* The last requests may have completed at once. */
    g_main_context_iteration (context, worker->left == 0 && block_in_flight (worker->queue));
  }
  block_queue_free (worker->queue);
  return NULL;
}

typedef struct {
  const char *name, *format, *options;
  BlockOptions open;
  bool backing;
} Case;

static const Case cases[] = {
  { "raw", "raw", "", { 0 } },
  { "raw-threads", "raw", "", { .aio = BLOCK_AIO_THREADS } },
  { "raw-direct", "raw", "", { .cache = BLOCK_CACHE_NONE } },
  { "raw-writethrough", "raw", "", { .cache = BLOCK_CACHE_WRITETHROUGH } },
  { "qcow2", "qcow2", "", { .discard = true } },
  { "qcow2-threads", "qcow2", "cluster_size=4096", { .aio = BLOCK_AIO_THREADS, .discard = true } },
  { "qcow2-few-workers", "qcow2", "cluster_size=4096", { .aio_threads = 1, .discard = true } },
  { "qcow2-512", "qcow2", "cluster_size=512", { .discard = true, .detect_zeroes = true } },
  { "qcow2-extended", "qcow2", "extended_l2=on,cluster_size=16k", { .l2_cache_size = 1 } },
  { "qcow2-direct", "qcow2", "", { .cache = BLOCK_CACHE_NONE } },
  { "qcow2-lazy", "qcow2", "lazy_refcounts=on,cluster_size=4096", { .discard = true } },
  { "qcow2-backing", "qcow2", "cluster_size=4096", { .discard = true }, true },
};

static void
test_queues (const void *data)
{
  const Case *c = data;
  enum { SIZE = 6 << 20 };
  Shared shared = { .n_slots = SIZE / SLOT / THREADS };
  g_autofree char *path = test_path ("queue.img"), *backing = test_path ("queue-backing.raw");
  shared.model = g_malloc0 (SIZE);
  if (c->backing) {
    test_fill (shared.model, SIZE / 2, 5);
    g_assert_true (g_file_set_contents (backing, (const char *)shared.model, SIZE / 2, NULL));
    test_create_backed (path, SIZE, backing, "raw", c->options);
  } else
    test_create (path, c->format, SIZE, c->options);
  BlockOptions options = c->open;
  options.format = c->format;
  shared.block = test_open (path, &options);
  Worker *workers[THREADS];
  GThread *threads[THREADS];
  for (unsigned i = 0; i < THREADS; i++) {
    workers[i] = g_new0 (Worker, 1);
    *workers[i] = (Worker){ .shared = &shared,
                            .index = i,
                            .left = g_test_slow () ? 60000 : 800,
                            .random = g_rand_new_with_seed (i + 1) };
    workers[i]->slot_busy = g_new0 (bool, shared.n_slots);
    for (unsigned j = 0; j < DEPTH; j++)
      workers[i]->slots[j].worker = workers[i];
    threads[i] = g_thread_new ("queue", work, workers[i]);
  }
  for (unsigned i = 0; i < THREADS; i++) {
    g_thread_join (threads[i]);
    g_assert_cmpuint (workers[i]->errors, ==, 0);
    g_assert_cmpuint (workers[i]->completed, ==, g_test_slow () ? 60000 : 800);
    g_rand_free (workers[i]->random);
    g_free (workers[i]->slot_busy);
    g_free (workers[i]);
  }
  test_same (shared.block, shared.model, SIZE);
  BlockStats stats;
  block_stats (shared.block, &stats);
  g_assert_cmpuint (stats.flush_ops, >, 0);
  g_assert_cmpuint (stats.write_bytes, >, stats.write_ops);
  block_close (shared.block);
  shared.block = test_open (path, &(BlockOptions){ .format = c->format, .read_only = true });
  test_same (shared.block, shared.model, SIZE);
  block_close (shared.block);
  if (strcmp (c->format, "qcow2") == 0)
    test_check_clean (path, false);
  g_free (shared.model);
}

/* Draining from the thread that would run the completions, and with requests in flight on its own queue. */
static void
note (BlockRequest *request, int result)
{
  g_assert_cmpint (result, ==, 0);
  ++*(unsigned *)request->opaque;
}

static void
test_drain (void)
{
  g_autofree char *path = test_path ("drain.qcow2");
  test_create (path, "qcow2", 16 << 20, "");
  Block *block = test_open (path, NULL);
  g_autoptr (GError) error = NULL;
  BlockQueue *queue = block_queue_new (block, NULL, &error);
  g_assert_no_error (error);
  enum { N = 40, SIZE = 100 << 10 };
  static uint8_t data[SIZE];
  unsigned done = 0;
  BlockRequest requests[N];
  struct iovec iov = { data, SIZE };
  for (unsigned round = 0; round < 3; round++) {
    memset (data, (int)round + 1, sizeof data);
    for (unsigned i = 0; i < N; i++) {
      requests[i] = (BlockRequest){ .op = i % 10 == 9 ? BLOCK_FLUSH : BLOCK_WRITE,
                                    .offset = i * SIZE,
                                    .size = SIZE,
                                    .iov = &iov,
                                    .n_iov = 1,
                                    .done = note,
                                    .opaque = &done };
      block_submit (queue, &requests[i]);
    }
    /* A request of this thread that has to wait for those. */
    g_assert_cmpint (block_pwrite (block, SIZE / 2, data, SIZE), ==, SIZE);
    block_drain (block);
    g_assert_cmpuint (done, ==, N * (round + 1));
    g_assert_cmpuint (block_in_flight (queue), ==, 0);
  }
  block_queue_free (queue);
  block_close (block);
  test_check_clean (path, false);
}

/* New clusters written in many small pieces at once, which wait for each other's allocations; each piece is
 * read back as soon as it is there, by a request that its completion makes. */
enum { PIECE = 4096, N_PIECES = 640 };

typedef struct {
  BlockQueue *queue;
  uint8_t *model, *read;
  unsigned written, checked;
} Pieces;

typedef struct {
  BlockRequest request;
  Pieces *pieces;
  struct iovec iov;
} Piece;

static void
piece_read (BlockRequest *request, int result)
{
  Pieces *pieces = ((Piece *)request)->pieces;
  g_assert_cmpint (result, ==, 0);
  g_assert_true (memcmp (pieces->read + request->offset, pieces->model + request->offset, request->size) ==
                 0);
  pieces->checked++;
}

static void
piece_written (BlockRequest *request, int result)
{
  Piece *piece = (Piece *)request;
  g_assert_cmpint (result, ==, 0);
  piece->pieces->written++;
  request->op = BLOCK_READ;
  request->done = piece_read;
  piece->iov.iov_base = piece->pieces->read + request->offset;
  block_submit (piece->pieces->queue, request);
  block_kick (piece->pieces->queue);
}

/* Pieces of one to three units in an order of no order, so that some lie in two clusters; none is left out.
 */
static unsigned
make_pieces (Pieces *pieces, Piece *all, GRand *random)
{
  unsigned n = 0;
  for (unsigned at = 0; at < N_PIECES; n++) {
    unsigned size = MIN ((unsigned)g_rand_int_range (random, 1, 4), N_PIECES - at);
    all[n] = (Piece){ .pieces = pieces, .iov = { pieces->model + at * PIECE, size * PIECE } };
    all[n].request = (BlockRequest){
      .op = BLOCK_WRITE, .offset = at * PIECE, .size = size * PIECE, .n_iov = 1, .done = piece_written
    };
    at += size;
  }
  for (unsigned i = n - 1; i > 0; i--) {
    unsigned other = (unsigned)g_rand_int_range (random, 0, (int)i + 1);
    Piece swap = all[i];
    all[i] = all[other];
    all[other] = swap;
  }
  for (unsigned i = 0; i < n; i++)
    all[i].request.iov = &all[i].iov;
  return n;
}

static void
test_pieces (const void *data)
{
  const Case *c = data;
  g_autofree char *path = test_path ("pieces.qcow2");
  Pieces pieces = { .model = aligned_alloc (4096, N_PIECES * PIECE),
                    .read = aligned_alloc (4096, N_PIECES * PIECE) };
  g_autofree Piece *all = g_new0 (Piece, N_PIECES);
  GRand *random = g_rand_new_with_seed (7);
  for (unsigned round = 0; round < 4; round++) {
    test_create (path, "qcow2", N_PIECES * PIECE, c->options);
    Block *block = test_open (path, &c->open);
    pieces.queue = block_queue_new (block, NULL, NULL);
    test_fill (pieces.model, N_PIECES * PIECE, round + 1);
    pieces.written = pieces.checked = 0;
    unsigned n = make_pieces (&pieces, all, random);
    for (unsigned i = 0; i < n; i++)
      block_submit (pieces.queue, &all[i].request);
    if (round % 2)
      block_drain (block);
    while (block_in_flight (pieces.queue))
      g_main_context_iteration (NULL, TRUE);
    g_assert_cmpuint (pieces.written, ==, n);
    g_assert_cmpuint (pieces.checked, ==, n);
    block_queue_free (pieces.queue);
    block_close (block);
    block = test_open (path, &(BlockOptions){ .read_only = true });
    test_same (block, pieces.model, N_PIECES * PIECE);
    block_close (block);
    test_check_clean (path, false);
  }
  g_rand_free (random);
  free (pieces.model);
  free (pieces.read);
}

static const Case piece_cases[] = {
  { .name = "plain", .options = "" },
  { .name = "direct", .options = "", .open = { .cache = BLOCK_CACHE_NONE } },
  { .name = "direct-small", .options = "cluster_size=4096", .open = { .cache = BLOCK_CACHE_NONE } },
  { .name = "one-worker", .options = "", .open = { .cache = BLOCK_CACHE_NONE, .aio_threads = 1 } },
  { .name = "threads", .options = "", .open = { .aio = BLOCK_AIO_THREADS, .aio_threads = 2 } },
  { .name = "writethrough", .options = "", .open = { .cache = BLOCK_CACHE_WRITETHROUGH } },
  { .name = "extended", .options = "extended_l2=on", .open = { .cache = BLOCK_CACHE_NONE } },
};

/* The last completion may free the queue. */
static void
free_queue (BlockRequest *request, int result)
{
  BlockQueue **queue = request->opaque;
  g_assert_cmpint (result, ==, 0);
  g_clear_pointer (queue, block_queue_free);
}

/* Space asked for ahead of use is given back. */
static void
test_ahead (void)
{
  g_autofree char *path = test_path ("ahead.qcow2");
  test_create (path, "qcow2", 64 << 20, "");
  Block *block = test_open (path, &(BlockOptions){ .cache = BLOCK_CACHE_NONE });
  BlockQueue *queue = block_queue_new (block, NULL, NULL);
  uint8_t *data = aligned_alloc (4096, 4096);
  test_fill (data, 4096, 3);
  struct iovec iov = { data, 4096 };
  BlockRequest request = { .op = BLOCK_WRITE,
                           .offset = 12288,
                           .size = 4096,
                           .iov = &iov,
                           .n_iov = 1,
                           .done = free_queue,
                           .opaque = &queue };
  block_submit (queue, &request);
  while (queue)
    g_main_context_iteration (NULL, TRUE);
  block_close (block);
  GStatBuf st;
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_size, <=, 6 << 16);
  g_autofree uint8_t *model = g_malloc0 (64 << 20);
  memcpy (model + 12288, data, 4096);
  block = test_open (path, NULL);
  test_same (block, model, 64 << 20);
  block_close (block);
  test_check_clean (path, false);
  free (data);
}

enum { N_SMALL = 16 };

static void
note_result (BlockRequest *request, int result)
{
  *(int *)request->opaque = result;
}

/* Writes a cluster in small pieces that are all under way at once; the results go to `results`. */
static void
write_pieces (BlockQueue *queue, uint64_t offset, uint8_t *data, int *results)
{
  BlockRequest requests[N_SMALL];
  struct iovec iov[N_SMALL];
  for (unsigned i = 0; i < N_SMALL; i++) {
    iov[i] = (struct iovec){ data + i * 4096, 4096 };
    requests[i] = (BlockRequest){ .op = BLOCK_WRITE,
                                  .offset = offset + i * 4096,
                                  .size = 4096,
                                  .iov = &iov[i],
                                  .n_iov = 1,
                                  .done = note_result,
                                  .opaque = &results[i] };
    results[i] = 1;
    block_submit (queue, &requests[i]);
  }
  block_kick (queue);
  while (block_in_flight (queue))
    g_main_context_iteration (NULL, TRUE);
}

/* Pieces that share a new cluster fail together where the file cannot become longer, and can be written again
 * when it can. */
static void
test_no_space (void)
{
  enum { CLUSTER = 65536, SIZE = 4 << 20 };
  g_autofree char *path = test_path ("no-space.qcow2");
  test_create (path, "qcow2", SIZE, "");
  Block *block = test_open (path, &(BlockOptions){ .cache = BLOCK_CACHE_NONE });
  BlockQueue *queue = block_queue_new (block, NULL, NULL);
  uint8_t *data = aligned_alloc (4096, CLUSTER);
  g_autofree uint8_t *model = g_malloc0 (SIZE);
  int results[N_SMALL];
  test_fill (data, CLUSTER, 3);
  /* The tables are there, and only data is missing. */
  write_pieces (queue, 0, data, results);
  memcpy (model, data, CLUSTER);
  for (unsigned i = 0; i < N_SMALL; i++)
    g_assert_cmpint (results[i], ==, 0);

  struct rlimit before, small = { 6 * CLUSTER, RLIM_INFINITY };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  write_pieces (queue, 10 * CLUSTER, data, results);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  for (unsigned i = 0; i < N_SMALL; i++)
    g_assert_cmpint (results[i], ==, -EFBIG);
  test_same (block, model, SIZE);

  write_pieces (queue, 10 * CLUSTER, data, results);
  memcpy (model + 10 * CLUSTER, data, CLUSTER);
  for (unsigned i = 0; i < N_SMALL; i++)
    g_assert_cmpint (results[i], ==, 0);
  test_same (block, model, SIZE);
  block_queue_free (queue);
  block_close (block);
  test_check_clean (path, false);
  free (data);
}

/* Requests that are refused are completed like others. */
static void
keep_result (BlockRequest *request, int result)
{
  *(int *)request->opaque = result;
}

static int
try_request (BlockQueue *queue, BlockOp op, uint64_t offset, uint64_t size)
{
  int result = 1;
  static uint8_t data[8192];
  struct iovec iov = { data, size };
  BlockRequest request = {
    .op = op, .offset = offset, .size = size, .iov = &iov, .n_iov = 1, .done = keep_result, .opaque = &result
  };
  block_submit (queue, &request);
  block_kick (queue);
  while (result == 1)
    g_main_context_iteration (NULL, TRUE);
  return result;
}

static void
test_refused (void)
{
  g_autofree char *path = test_path ("refused.qcow2");
  test_create (path, "qcow2", 1 << 20, "");
  Block *block = test_open (path, &(BlockOptions){ .read_only = true });
  BlockQueue *queue = block_queue_new (block, NULL, NULL);
  g_assert_cmpint (try_request (queue, BLOCK_READ, (1 << 20) - 512, 512), ==, 0);
  g_assert_cmpint (try_request (queue, BLOCK_READ, (1 << 20) - 512, 1024), ==, -EIO);
  g_assert_cmpint (try_request (queue, BLOCK_READ, UINT64_MAX - 511, 1024), ==, -EIO);
  g_assert_cmpint (try_request (queue, BLOCK_READ, 0, 0), ==, 0);
  g_assert_cmpint (try_request (queue, BLOCK_WRITE, 0, 512), ==, -EROFS);
  g_assert_cmpint (try_request (queue, BLOCK_WRITE_ZEROES, 0, 512), ==, -EROFS);
  g_assert_cmpint (try_request (queue, BLOCK_DISCARD, 0, 512), ==, -EROFS);
  g_assert_cmpint (try_request (queue, BLOCK_FLUSH, 0, 0), ==, 0);
  block_queue_free (queue);
  block_close (block);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strconcat ("/block/queue/", cases[i].name, NULL);
    g_test_add_data_func (name, &cases[i], test_queues);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (piece_cases); i++) {
    g_autofree char *name = g_strconcat ("/block/queue/pieces/", piece_cases[i].name, NULL);
    g_test_add_data_func (name, &piece_cases[i], test_pieces);
  }
  g_test_add_func ("/block/queue/ahead", test_ahead);
  g_test_add_func ("/block/queue/no-space", test_no_space);
  g_test_add_func ("/block/queue/drain", test_drain);
  g_test_add_func ("/block/queue/refused", test_refused);
  return g_test_run ();
}
