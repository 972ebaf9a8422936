/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue.h"

#include <poll.h>

/* Queues: taking requests, and telling their owners of the end, in the context of a thread. */

#define RING_ENTRIES 256
void
block_kick (BlockQueue *queue)
{
  /* Completions that make new requests each kick; one system call for all of them follows. */
  if (!queue->gone)
    queue_submit_ring (queue);
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
  queue_take_posted (queue);
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
  queue_submit_ring (queue);
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
  queue_submit_ring (queue);
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
  queue_reap (queue);
  deliver_ready (queue);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { source_prepare, source_check, source_dispatch, NULL, NULL, NULL };

/* A ring could open and connect what its process may not: it is held to what is asked of it here. */
static bool
open_ring (struct io_uring *ring)
{
  static const uint8_t operations[] = { IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC };
  struct io_uring_restriction allowed[G_N_ELEMENTS (operations)] = { 0 };
  for (unsigned i = 0; i < G_N_ELEMENTS (operations); i++) {
    allowed[i].opcode = IORING_RESTRICTION_SQE_OP;
    allowed[i].sqe_op = operations[i];
  }
  if (io_uring_queue_init (RING_ENTRIES, ring, IORING_SETUP_R_DISABLED) < 0)
    return false;
  if (io_uring_register_restrictions (ring, allowed, G_N_ELEMENTS (allowed)) == 0 &&
      io_uring_enable_rings (ring) == 0)
    return true;
  io_uring_queue_exit (ring);
  return false;
}

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
  queue->has_ring = block->options.aio == BLOCK_AIO_IO_URING && open_ring (&queue->ring);
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
  queue_submit_ring (queue);
  queue_reap (queue);
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
