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
  bool has_room;     /* `room` was made for it, and is to be settled */
  bool room_is_open; /* its own data is not there yet: others may join it */
  BlockRoom room;
  Job *maker;       /* whose room it has joined */
  unsigned guests;  /* that have joined its room, with data under way */
  bool needs_room;  /* no worker would be needed if the clusters were allocated and free to write to */
  unsigned n_waits; /* how often it waited for a slow job */
  bool is_slow;     /* clusters are made for it; it is in the queue's list */
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
  Job *slow;                /* writes that make clusters; the queue's thread only */
  bool *gone;               /* while completions are delivered: to be set when the queue is freed */

  GMutex lock; /* what workers have completed */
  GCond posted_cond;
  Job *posted, **posted_tail;
  gint has_posted;
};

/* ---- Jobs: queue-job.c ---- */

Job *job_new (BlockQueue *queue, BlockRequest *request);
void job_start (Job *job);
/* Tells the owner of the end. */
void job_deliver (Job *job);
/* All bytes have been moved, or could not be. */
void job_moved (Job *job);
/* What workers have done. */
void queue_take_posted (BlockQueue *queue);
void job_work (void *job, void *unused);
void job_settle (void *job, void *unused);

/* ---- I/O: queue-ring.c ---- */

typedef enum { JOB_MOVED, JOB_UNDER_WAY, JOB_NEEDS_WORKER } JobProgress;

/* False: it cannot be done in these segments. */
bool job_make_parts (Job *job, const BlockSegment *segments, unsigned n, bool durable);
JobProgress job_run_parts (Job *job);
void job_flush_by_ring (Job *job);
void queue_reap (BlockQueue *queue);
void queue_submit_ring (BlockQueue *queue);

/* ---- Queues: queue.c, block.c ---- */

/* Takes what has completed; delivers it if asked to. On the queue's thread. */
void queue_poll (BlockQueue *queue, bool deliver);
/* Waits a moment for something to complete. On the queue's thread. */
void queue_wait (BlockQueue *queue);

GThreadPool *block_pool (Block *block);
/* Workers may all be waiting for a range whose holder is yet to be settled: that is another one's work. */
GThreadPool *block_settler (Block *block);
/* A queue has become empty. */
void block_idle (Block *block);
