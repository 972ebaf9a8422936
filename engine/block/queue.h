/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the block room: queues. */

#include "block-int.h"

#include <liburing.h>

typedef struct Job Job;

/* I/O on one stretch of one file. */
typedef struct {
  Job *job;
  BlockFile *file;
  uint64_t offset, size, done;
  const struct iovec *iov;
  int n_iov;
  bool durable;       /* must be on the disk when it is complete */
  struct iovec *rest; /* what is left of iov after a short transfer */
} Part;

/* A request on its way. */
struct Job {
  Job *next;
  BlockQueue *queue;
  BlockRequest *request;
  BlockOp op; /* the request's, or what detect-zeroes made of it */
  unsigned flags;
  bool tracking;
  BlockTracked tracked;
  bool needs_room;  /* no worker would be needed if the clusters were allocated and free to write to */
  unsigned n_waits; /* how often it waited for a slow job */
  bool is_slow;     /* a worker allocates for it; it is in the queue's list */
  Job *slow_prev, *slow_next;
  Job *parked, **parked_tail; /* what waits for this job's clusters; in the order they came */
  int pending;                /* parts not finished */
  int result;
  unsigned n_parts;
  struct iovec *pieces;
  Part parts[BLOCK_MAX_SEGMENTS];
};

struct BlockQueue {
  Block *block;
  GMainContext *context;
  GSource *source;
  bool has_ring;
  struct io_uring ring;
  unsigned in_ring; /* handed over and not completed */
  GThread *thread;  /* atomic: who made the latest request */
  gint in_flight;   /* atomic: read by block_drain() */
  Job *free_jobs;
  Job *ready, **ready_tail; /* completed, not delivered; the queue's thread only */
  Job *slow;                /* writes that workers make room for; the queue's thread only */
  bool *gone;               /* while completions are delivered: to be set when the queue is freed */

  GMutex lock; /* what workers have completed */
  GCond posted_cond;
  Job *posted, **posted_tail;
  gint has_posted;
};

/* Takes what has completed; delivers it if asked to. On the queue's thread. */
void queue_poll (BlockQueue *queue, bool deliver);
/* Waits a moment for something to complete. On the queue's thread. */
void queue_wait (BlockQueue *queue);

void job_work (void *job, void *unused);
GThreadPool *block_pool (Block *block);
/* A queue has become empty. */
void block_idle (Block *block);
