/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

/* Requests on their way.
 *
 * Where the format knows from memory what a request means, the queue does the I/O: at once if the page cache
 * can, else by its io_uring.  All else goes to a worker, which may wait.
 *
 * A guest likes to write a new cluster in many small pieces.  The first goes to a worker, which allocates the
 * cluster; the others are parked until it has, since then they need no worker. */

/* A buffered write of this size is a copy to the page cache; a larger one may wait long for memory. */
#define INLINE_WRITE_MAX (64u << 10)
#define RING_ENTRIES     256
/* A job that found no way that often is left to a worker, which waits for its turn. */
#define MAX_WAITS 32

static Job *
job_new (BlockQueue *queue, BlockRequest *request)
{
  Job *job = queue->free_jobs;
  if (job)
    queue->free_jobs = job->next;
  else
    job = g_new (Job, 1);
  job->next = NULL;
  job->queue = queue;
  job->request = request;
  job->op = request->op;
  job->flags = request->flags;
  job->tracking = false;
  job->is_slow = false;
  job->needs_room = false;
  job->n_waits = 0;
  job->pending = 0;
  job->result = 0;
  job->n_parts = 0;
  job->pieces = NULL;
  return job;
}

static void
part_clear (Part *part)
{
  g_free (part->rest);
  part->rest = NULL;
}

/* The I/O is over: what waits for the range may go on even before the request's owner is told. */
static void
job_release (Job *job)
{
  if (job->tracking)
    tracked_end (job->queue->block, &job->tracked);
  job->tracking = false;
  for (unsigned i = 0; i < job->n_parts; i++)
    part_clear (&job->parts[i]);
  job->n_parts = 0;
  g_free (job->pieces);
  job->pieces = NULL;
}

static void
job_deliver (Job *job)
{
  BlockQueue *queue = job->queue;
  BlockRequest *request = job->request;
  int result = job->result;
  job->next = queue->free_jobs;
  queue->free_jobs = job;
  if (g_atomic_int_dec_and_test (&queue->in_flight))
    block_idle (queue->block);
  request->done (request, result);
}

static void
append (Job **list, Job ***tail, Job *job)
{
  job->next = NULL;
  **tail = job;
  *tail = &job->next;
}

static void
job_ready (Job *job)
{
  job_release (job);
  append (&job->queue->ready, &job->queue->ready_tail, job);
}

/* ---- Workers ---- */

static void
post (Job *job)
{
  BlockQueue *queue = job->queue;
  /* The queue may be freed as soon as the job can be seen; its context is held. */
  GMainContext *context = g_main_context_ref (queue->context);
  g_mutex_lock (&queue->lock);
  append (&queue->posted, &queue->posted_tail, job);
  g_atomic_int_set (&queue->has_posted, 1);
  g_cond_signal (&queue->posted_cond);
  g_mutex_unlock (&queue->lock);
  g_main_context_wakeup (context);
  g_main_context_unref (context);
}

void
job_work (void *data, void *unused)
{
  Job *job = data;
  BlockRequest *request = job->request;
  job->result = block_do (job->queue->block, job->op, job->flags, request->offset, request->size,
                          request->iov, request->n_iov);
  post (job);
}

/* Whether two jobs touch the same cluster. */
static bool
share_cluster (const Job *a, const Job *b)
{
  uint64_t mask = ~(a->queue->block->unit - 1);
  const BlockRequest *x = a->request, *y = b->request;
  return (x->offset & mask) <= y->offset + y->size - 1 && (y->offset & mask) <= x->offset + x->size - 1;
}

/* Leaves the job to the end of one that makes room in the same cluster; false if there is none. */
static bool
park (Job *job)
{
  if (!job->needs_room || job->n_waits == MAX_WAITS)
    return false;
  for (Job *slow = job->queue->slow; slow; slow = slow->slow_next) {
    if (share_cluster (slow, job)) {
      job_release (job);
      job->n_waits++;
      append (&slow->parked, &slow->parked_tail, job);
      return true;
    }
  }
  return false;
}

static void job_start (Job *job);

static void
hand_to_worker (Job *job)
{
  BlockQueue *queue = job->queue;
  job_release (job);
  job->parked = NULL;
  job->parked_tail = &job->parked;
  job->is_slow = job->needs_room && job->op == BLOCK_WRITE;
  if (job->is_slow) {
    job->slow_prev = NULL;
    job->slow_next = queue->slow;
    if (queue->slow)
      queue->slow->slow_prev = job;
    queue->slow = job;
  }
  g_thread_pool_push (block_pool (queue->block), job, NULL);
}

/* The worker is through with a job: out of the list, and those it kept waiting are next. */
static void
end_slow (Job *job)
{
  BlockQueue *queue = job->queue;
  if (!job->is_slow)
    return;
  job->is_slow = false;
  *(job->slow_prev ? &job->slow_prev->slow_next : &queue->slow) = job->slow_next;
  if (job->slow_next)
    job->slow_next->slow_prev = job->slow_prev;
  for (Job *parked = job->parked; parked;) {
    Job *next = parked->next;
    job_start (parked);
    parked = next;
  }
  job->parked = NULL;
}

static void
take_posted (BlockQueue *queue)
{
  if (!g_atomic_int_get (&queue->has_posted))
    return;
  g_mutex_lock (&queue->lock);
  Job *posted = queue->posted;
  queue->posted = NULL;
  queue->posted_tail = &queue->posted;
  g_atomic_int_set (&queue->has_posted, 0);
  g_mutex_unlock (&queue->lock);
  while (posted) {
    Job *job = posted;
    posted = job->next;
    append (&queue->ready, &queue->ready_tail, job);
    end_slow (job);
  }
}

/* ---- The ring ---- */

static struct io_uring_sqe *
get_sqe (BlockQueue *queue)
{
  struct io_uring_sqe *sqe;
  while (!(sqe = io_uring_get_sqe (&queue->ring)))
    io_uring_submit (&queue->ring);
  queue->in_ring++;
  return sqe;
}

static void
part_to_ring (Part *part)
{
  BlockQueue *queue = part->job->queue;
  const struct iovec *iov = part->iov;
  int n_iov = part->n_iov;
  if (part->done > 0) {
    if (!part->rest)
      part->rest = g_new (struct iovec, part->n_iov);
    n_iov = iov_slice (part->rest, part->iov, part->n_iov, part->done, part->size - part->done);
    iov = part->rest;
  }
  struct io_uring_sqe *sqe = get_sqe (queue);
  if (part->job->op == BLOCK_READ)
    io_uring_prep_readv (sqe, part->file->fd, iov, n_iov, part->offset + part->done);
  else
    io_uring_prep_writev2 (sqe, part->file->fd, iov, n_iov, part->offset + part->done,
                           part->durable ? RWF_DSYNC : 0);
  io_uring_sqe_set_data (sqe, part);
}

static void
part_finished (Part *part, int result)
{
  Job *job = part->job;
  if (result < 0 && job->result == 0)
    job->result = result;
  job->pending--;
}

/* A number of bytes has been moved. True when that was the last of them. */
static bool
part_advance (Part *part, uint64_t bytes)
{
  bool reading = part->job->op == BLOCK_READ;
  part->done += bytes;
  bool end = bytes == 0 || (reading && part->file->direct && bytes & (part->file->alignment - 1));
  if (reading && end && part->done < part->size) {
    /* Beyond the file's end there are zeroes. */
    iov_zero (part->iov, part->n_iov, part->done, part->size - part->done);
    part->done = part->size;
  } else if (end && part->done < part->size) {
    part_finished (part, -ENOSPC);
    return true;
  }
  if (part->done < part->size)
    return false;
  part_finished (part, 0);
  return true;
}

static void
part_completed (Part *part, int result)
{
  if (result == -EINTR || result == -EAGAIN) {
    part_to_ring (part);
    return;
  }
  if (part->job->op == BLOCK_FLUSH) {
    if (result < 0 && result != -EINVAL && !part->file->direct)
      g_atomic_int_set (&part->file->sync_error, -result);
    part_finished (part, result == -EINVAL ? 0 : result);
  } else if (result < 0)
    part_finished (part, result);
  else if (!part_advance (part, (unsigned)result)) {
    part_to_ring (part);
    return;
  }
  if (part->job->pending == 0)
    job_ready (part->job);
}

static void
reap (BlockQueue *queue)
{
  struct io_uring_cqe *cqe;
  while (queue->in_ring && io_uring_peek_cqe (&queue->ring, &cqe) == 0) {
    Part *part = io_uring_cqe_get_data (cqe);
    int result = cqe->res;
    io_uring_cqe_seen (&queue->ring, cqe);
    queue->in_ring--;
    part_completed (part, result);
  }
}

static void
submit_ring (BlockQueue *queue)
{
  /* What the kernel has no room for now stays in the ring, and the next call takes it along. */
  if (queue->has_ring && io_uring_sq_ready (&queue->ring))
    io_uring_submit (&queue->ring);
}

void
block_kick (BlockQueue *queue)
{
  /* Completions that make new requests each kick; one system call for all of them follows. */
  if (!queue->gone)
    submit_ring (queue);
}

/* ---- Fast path ---- */

/* Tries to do a part without waiting. True when it is finished. */
static bool
part_at_once (Part *part)
{
  BlockFile *file = part->file;
  bool reading = part->job->op == BLOCK_READ;
  int flags = 0;
  if (file->direct || part->durable)
    return false;
  if (!file->in_memory && reading) {
    if (g_atomic_int_get (&file->no_nowait))
      return false;
    flags = RWF_NOWAIT;
  } else if (!file->in_memory && part->size > INLINE_WRITE_MAX)
    return false;
  ssize_t got = reading ? preadv2 (file->fd, part->iov, part->n_iov, (off_t)part->offset, flags)
                        : pwritev2 (file->fd, part->iov, part->n_iov, (off_t)part->offset, flags);
  if (got >= 0)
    return part_advance (part, (uint64_t)got);
  if (errno == EOPNOTSUPP && flags)
    g_atomic_int_set (&file->no_nowait, 1);
  else if (errno != EAGAIN && errno != EINTR) {
    part_finished (part, -errno);
    return true;
  }
  return false;
}

static bool
make_parts (Job *job, const BlockSegment *segments, unsigned n, bool durable)
{
  BlockRequest *request = job->request;
  if (request->n_iov > IOV_MAX)
    return false;
  struct iovec *next = NULL;
  if (n > 1)
    next = job->pieces = g_new (struct iovec, (size_t)request->n_iov + n);
  uint64_t at = 0;
  for (unsigned i = 0; i < n; i++) {
    Part *part = &job->parts[job->n_parts];
    *part = (Part){ .job = job,
                    .file = segments[i].file,
                    .offset = segments[i].offset,
                    .size = segments[i].size,
                    .iov = request->iov,
                    .n_iov = request->n_iov,
                    .durable = durable };
    if (n > 1) {
      part->n_iov = iov_slice (next, request->iov, request->n_iov, at, part->size);
      part->iov = next;
      next += part->n_iov;
    }
    at += part->size;
    if (!part->file)
      iov_zero (part->iov, part->n_iov, 0, part->size);
    else if (!file_aligned (part->file, part->offset, part->iov, part->n_iov))
      return false;
    else
      job->n_parts++;
  }
  return true;
}

/* False: a worker must do it. */
static bool
start_mapped (Job *job)
{
  BlockQueue *queue = job->queue;
  Block *block = queue->block;
  BlockRequest *request = job->request;
  BlockSegment segments[BLOCK_MAX_SEGMENTS];
  bool write = job->op == BLOCK_WRITE;
  bool durable = write && (job->flags & BLOCK_REQ_FUA || block->writethrough) && !block->file->no_sync;
  if (durable && !block->format->is_clean (block))
    return false;
  g_mutex_lock (&block->map_lock);
  unsigned n =
      block->format->map (block, write, request->offset, request->size, segments, BLOCK_MAX_SEGMENTS);
  if (n && block->has_tracking)
    job->tracking = tracked_try (block, &job->tracked, request->offset, request->size, false);
  g_mutex_unlock (&block->map_lock);
  /* A durable write ends with a flush, which is too long for others to wait. */
  bool mapped = n && (!block->has_tracking || job->tracking);
  job->needs_room = !mapped && !durable && block->has_tracking;
  if (!mapped || !make_parts (job, segments, n, durable))
    return false;

  bool waits[BLOCK_MAX_SEGMENTS];
  bool any = false;
  job->pending = (int)job->n_parts;
  for (unsigned i = 0; i < job->n_parts; i++)
    any |= waits[i] = !part_at_once (&job->parts[i]);
  if (any && !queue->has_ring) {
    job->result = 0;
    return false;
  }
  for (unsigned i = 0; i < job->n_parts; i++) {
    if (waits[i])
      part_to_ring (&job->parts[i]);
  }
  if (!any && job->n_waits > 0)
    job_ready (job);
  else if (!any) {
    job_release (job);
    job_deliver (job);
  }
  return true;
}

static bool
start_flush (Job *job)
{
  BlockQueue *queue = job->queue;
  Block *block = queue->block;
  BlockFile *file = block->file;
  if (!block->format->is_clean (block))
    return false;
  if (file->no_sync || !file->writable) {
    job_deliver (job);
    return true;
  }
  if (!queue->has_ring || g_atomic_int_get (&file->sync_error))
    return false;
  job->parts[0] = (Part){ .job = job, .file = file };
  job->n_parts = 1;
  job->pending = 1;
  struct io_uring_sqe *sqe = get_sqe (queue);
  io_uring_prep_fsync (sqe, file->fd, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data (sqe, &job->parts[0]);
  return true;
}

/* A parked job is not delivered from here: its owner does not expect that now. */
static void
job_start (Job *job)
{
  bool started = false;
  if (job->op == BLOCK_READ || job->op == BLOCK_WRITE)
    started = start_mapped (job) || park (job);
  else if (job->op == BLOCK_FLUSH)
    started = start_flush (job);
  if (!started)
    hand_to_worker (job);
}

void
block_submit (BlockQueue *queue, BlockRequest *request)
{
  Block *block = queue->block;
  if (queue->thread != g_thread_self ())
    g_atomic_pointer_set (&queue->thread, g_thread_self ());
  g_atomic_int_inc (&queue->in_flight);
  Job *job = job_new (queue, request);
  job->result = block_request_error (block, request->op, request->offset, request->size);
  bool nothing = request->size == 0 && request->op != BLOCK_FLUSH;
  if (job->result < 0 || nothing) {
    job_deliver (job);
    return;
  }
  block_count (block, request->op, request->size);
  if (job->op == BLOCK_WRITE && block->options.detect_zeroes && iov_is_zero (request->iov, request->n_iov)) {
    job->op = BLOCK_WRITE_ZEROES;
    job->flags |= BLOCK_REQ_MAY_UNMAP;
  }
  job_start (job);
}

/* ---- The main context ---- */

static void
deliver_ready (BlockQueue *queue)
{
  bool gone = false, *outer = queue->gone;
  take_posted (queue);
  queue->gone = &gone;
  /* One at a time: a completion may drain the queue, and so come here again; or free it. */
  while (queue->ready) {
    Job *job = queue->ready;
    queue->ready = job->next;
    if (!queue->ready)
      queue->ready_tail = &queue->ready;
    job_deliver (job);
    if (gone) {
      if (outer)
        *outer = true;
      return;
    }
  }
  queue->gone = outer;
  submit_ring (queue);
}

typedef struct {
  GSource source;
  BlockQueue *queue;
} QueueSource;

static gboolean
has_completions (BlockQueue *queue)
{
  return queue->ready || g_atomic_int_get (&queue->has_posted) ||
         (queue->in_ring && io_uring_cq_ready (&queue->ring));
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  BlockQueue *queue = ((QueueSource *)source)->queue;
  *timeout = -1;
  submit_ring (queue);
  /* What found no room in the kernel is tried again soon. */
  if (queue->has_ring && io_uring_sq_ready (&queue->ring))
    *timeout = 1;
  return has_completions (queue);
}

static gboolean
source_check (GSource *source)
{
  return has_completions (((QueueSource *)source)->queue);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, void *data)
{
  BlockQueue *queue = ((QueueSource *)source)->queue;
  reap (queue);
  deliver_ready (queue);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { source_prepare, source_check, source_dispatch, NULL, NULL, NULL };

BlockQueue *
block_queue_new (Block *block, GMainContext *context, GError **error)
{
  BlockQueue *queue = g_new0 (BlockQueue, 1);
  queue->block = block;
  queue->context = context ? g_main_context_ref (context) : g_main_context_ref (g_main_context_default ());
  g_mutex_init (&queue->lock);
  g_cond_init (&queue->posted_cond);
  queue->ready_tail = &queue->ready;
  queue->posted_tail = &queue->posted;
  /* A kernel without io_uring, or one that forbids it, is served by workers. */
  if (block->options.aio == BLOCK_AIO_IO_URING)
    queue->has_ring = io_uring_queue_init (RING_ENTRIES, &queue->ring, 0) == 0;
  queue->source = g_source_new (&source_funcs, sizeof (QueueSource));
  ((QueueSource *)queue->source)->queue = queue;
  g_source_set_name (queue->source, "block queue");
  /* Completions may drain the block. */
  g_source_set_can_recurse (queue->source, TRUE);
  if (queue->has_ring)
    g_source_add_unix_fd (queue->source, queue->ring.ring_fd, G_IO_IN);
  g_source_attach (queue->source, queue->context);
  g_mutex_lock (&block->queues_lock);
  g_ptr_array_add (block->queues, queue);
  g_mutex_unlock (&block->queues_lock);
  return queue;
}

void
block_queue_free (BlockQueue *queue)
{
  if (!queue)
    return;
  if (queue->gone)
    *queue->gone = true;
  Block *block = queue->block;
  g_mutex_lock (&block->queues_lock);
  g_ptr_array_remove_fast (block->queues, queue);
  g_mutex_unlock (&block->queues_lock);
  g_source_destroy (queue->source);
  g_source_unref (queue->source);
  if (queue->has_ring)
    io_uring_queue_exit (&queue->ring);
  while (queue->free_jobs) {
    Job *job = queue->free_jobs;
    queue->free_jobs = job->next;
    g_free (job);
  }
  /* A worker may just be leaving post(). */
  g_mutex_lock (&queue->lock);
  g_mutex_unlock (&queue->lock);
  g_mutex_clear (&queue->lock);
  g_cond_clear (&queue->posted_cond);
  g_main_context_unref (queue->context);
  g_free (queue);
}

unsigned
block_in_flight (BlockQueue *queue)
{
  return (unsigned)g_atomic_int_get (&queue->in_flight);
}

/* ---- Waiting ---- */

void
queue_poll (BlockQueue *queue, bool deliver)
{
  submit_ring (queue);
  reap (queue);
  if (deliver)
    deliver_ready (queue);
}

void
queue_wait (BlockQueue *queue)
{
  if (queue->in_ring) {
    struct pollfd fd = { queue->ring.ring_fd, POLLIN, 0 };
    poll (&fd, 1, 1);
    return;
  }
  g_mutex_lock (&queue->lock);
  if (!queue->posted)
    g_cond_wait_until (&queue->posted_cond, &queue->lock, g_get_monotonic_time () + 1000);
  g_mutex_unlock (&queue->lock);
}
