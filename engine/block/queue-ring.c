/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "queue.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

/* The I/O of requests whose place in a file is known: at once, or by the queue's io_uring. */

/* A buffered write of this size is a copy to the page cache; a larger one may wait long for memory. */
#define INLINE_WRITE_MAX (64u << 10)

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
    job_moved (part->job);
}

void
queue_reap (BlockQueue *queue)
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

void
queue_submit_ring (BlockQueue *queue)
{
  /* What the kernel has no room for now stays in the ring, and the next call takes it along. */
  if (queue->has_ring && io_uring_sq_ready (&queue->ring))
    io_uring_submit (&queue->ring);
}

/* ---- At once, or by the ring ---- */

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

bool
job_make_parts (Job *job, const BlockSegment *segments, unsigned n, bool durable)
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

JobProgress
job_run_parts (Job *job)
{
  bool waits[BLOCK_MAX_SEGMENTS], any = false;
  job->pending = (int)job->n_parts;
  for (unsigned i = 0; i < job->n_parts; i++)
    any |= waits[i] = !part_at_once (&job->parts[i]);
  if (!any)
    return JOB_MOVED;
  if (!job->queue->has_ring) {
    job->result = 0;
    return JOB_NEEDS_WORKER;
  }
  for (unsigned i = 0; i < job->n_parts; i++) {
    if (waits[i])
      part_to_ring (&job->parts[i]);
  }
  return JOB_UNDER_WAY;
}

void
job_flush_by_ring (Job *job)
{
  job->parts[0] = (Part){ .job = job, .file = job->queue->block->file };
  job->n_parts = 1;
  job->pending = 1;
  struct io_uring_sqe *sqe = get_sqe (job->queue);
  io_uring_prep_fsync (sqe, job->parts[0].file->fd, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data (sqe, &job->parts[0]);
}
