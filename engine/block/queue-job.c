/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue.h"

#include <errno.h>
#include <string.h>

/* The way of one request through a queue.
 *
 * Where the format knows from memory what a request means, the queue does the I/O.  A write to new clusters
 * is given room if that needs no waiting, and settled when its data is there.  All else goes to a worker,
 * which may wait.
 *
 * A guest likes to write a new cluster in many small pieces.  The first makes the cluster; the others join
 * it, or are parked until it is there, since then they need nothing. */

/* A job that found no way that often is left to a worker, which waits for its turn. */
#define MAX_WAITS 32

Job *
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
  job->has_room = false;
  job->room_is_open = false;
  job->maker = NULL;
  job->guests = 0;
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

void
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

void
job_settle (void *data, void *unused)
{
  Job *job = data;
  Block *block = job->queue->block;
  job->result = block->format->settle (block, &job->room, job->result, true);
  /* The queue's own thread may be waiting for the range. */
  job_release (job);
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

/* Others may be parked at this job until end_slow(). */
static void
begin_slow (Job *job)
{
  BlockQueue *queue = job->queue;
  job->parked = NULL;
  job->parked_tail = &job->parked;
  job->is_slow = true;
  job->slow_prev = NULL;
  job->slow_next = queue->slow;
  if (queue->slow)
    queue->slow->slow_prev = job;
  queue->slow = job;
}

static void
hand_to_worker (Job *job)
{
  job_release (job);
  if (job->needs_room && job->op == BLOCK_WRITE)
    begin_slow (job);
  g_thread_pool_push (block_pool (job->queue->block), job, NULL);
}

/* The job's clusters are there: out of the list, and those it kept waiting are next. */
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
    /* The data of one that had joined is where the tables now point to, unless they do not. */
    if (parked->maker && (job->result == 0 || parked->result < 0))
      job_ready (parked);
    else {
      job_release (parked);
      parked->maker = NULL;
      job_start (parked);
    }
    parked = next;
  }
  job->parked = NULL;
}

void
queue_take_posted (BlockQueue *queue)
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
    job_ready (job);
    end_slow (job);
  }
}

/* ---- Room for new data ---- */

/* The data of a job that has been given room is there, or could not be written: now the image's tables say
 * so. False: the settler goes on, since it would take time. */
static bool
settle (Job *job)
{
  Block *block = job->queue->block;
  int result = block->format->settle (block, &job->room, job->result, false);
  if (result == -EAGAIN) {
    g_thread_pool_push (block_settler (block), job, NULL);
    return false;
  }
  job->result = result;
  job->has_room = false;
  job_release (job);
  end_slow (job);
  return true;
}

/* All data that goes to the room is there. */
static void
finish_room (Job *job)
{
  if (settle (job))
    job_ready (job);
}

void
job_moved (Job *job)
{
  Job *maker = job->has_room ? job : job->maker;
  if (!maker) {
    job_ready (job);
    return;
  }
  if (job == maker)
    job->room_is_open = false;
  else {
    maker->guests--;
    append (&maker->parked, &maker->parked_tail, job);
  }
  if (!maker->room_is_open && maker->guests == 0)
    finish_room (maker);
}

/* Writes to the room of another job that is still at it. */
static bool
join_room (Job *job)
{
  const BlockRequest *request = job->request;
  Block *block = job->queue->block;
  for (Job *maker = job->queue->slow; maker; maker = maker->slow_next) {
    const BlockRoom *room = &maker->room;
    if (!maker->room_is_open || request->offset < room->begin || request->size > room->stop - room->begin ||
        request->offset - room->begin > room->stop - room->begin - request->size)
      continue;
    BlockSegment segment = { maker->parts[0].file, room->host + (request->offset - room->first * block->unit),
                             request->size };
    if (!job_make_parts (job, &segment, 1, false))
      break;
    job->maker = maker;
    job->n_waits++;
    maker->guests++;
    if (job_run_parts (job) == JOB_MOVED)
      job_moved (job);
    return true;
  }
  job_release (job);
  return false;
}

/* Gives a job room, if that can be done without waiting, and the job the clusters alone. */
static bool
make_room (Job *job)
{
  Block *block = job->queue->block;
  BlockRequest *request = job->request;
  if (!job->queue->has_ring || !block->format->make_room)
    return false;
  uint64_t mask = block->unit - 1, start = request->offset & ~mask;
  uint64_t end = (request->offset + request->size + mask) & ~mask;
  g_mutex_lock (&block->map_lock);
  job->tracking = tracked_try (block, &job->tracked, start, end - start, true);
  g_mutex_unlock (&block->map_lock);
  BlockSegment segment;
  if (job->tracking &&
      block->format->make_room (block, request->offset, request->size, &segment, &job->room)) {
    if (job_make_parts (job, &segment, 1, false))
      return true;
    block->format->settle (block, &job->room, -ECANCELED, true);
  }
  job_release (job);
  return false;
}

/* True when it is over, but for telling the owner. */
static JobProgress
start_in_new_room (Job *job)
{
  job->has_room = true;
  begin_slow (job);
  JobProgress progress = job_run_parts (job);
  job->room_is_open = progress == JOB_UNDER_WAY;
  if (progress == JOB_MOVED && !settle (job))
    progress = JOB_UNDER_WAY;
  return progress;
}

/* ---- Starting ---- */

/* Whether the format knows the place; the job then has its parts. */
static bool
find_place (Job *job)
{
  Block *block = job->queue->block;
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
  return mapped && job_make_parts (job, segments, n, durable);
}

/* False: a worker must do it. */
static bool
start_mapped (Job *job)
{
  JobProgress progress;
  if (find_place (job))
    progress = job_run_parts (job);
  else if (!job->needs_room || job->op != BLOCK_WRITE || job->n_waits == MAX_WAITS)
    return false;
  else if (make_room (job))
    progress = start_in_new_room (job);
  else
    return join_room (job);
  /* The owner of one that has been parked does not expect to be told now. */
  if (progress == JOB_MOVED && job->n_waits > 0)
    job_ready (job);
  else if (progress == JOB_MOVED) {
    job_release (job);
    job_deliver (job);
  }
  return progress != JOB_NEEDS_WORKER;
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
  job_flush_by_ring (job);
  return true;
}

void
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
