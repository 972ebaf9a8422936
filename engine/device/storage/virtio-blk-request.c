/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The data path: from a buffer in a ring to requests on the image and back. On the queue's thread, without
 * locks. */

#include "virtio-blk-private.h"

#include <errno.h>
#include <string.h>

/* Small requests for one stretch of the disk become one of at most this size, which spares system calls. */
#define MERGE_BYTES (64u << 10)
#define MERGE_PARTS 64u

static void start_range (BlkRequest *r);
static void start (BlkQueue *q, BlkRequest *r);

/* ---- Completion ---- */

static void
finish (BlkRequest *r, uint8_t status)
{
  BlkQueue *q = r->queue;
  VirtqElement *e = &r->element;
  *r->status = status;
  g_free (r->iov);
  if (status == VIRTIO_BLK_S_OK || e->in_size == 1) {
    storage_queue_fill (&q->q, e, (uint32_t)e->in_size, r->io.size);
  } else {
    /* Nothing can be said of the payload: only the last byte was written for sure, and that is no count. */
    memory_dma_done (q->blk->vdev.map, r->status_addr, 1);
    storage_queue_fill (&q->q, e, 0, r->io.size);
  }
  storage_queue_end (&q->q);
}

void
blk_queue_stop_request (BlkQueue *q, BlkRequest *r)
{
  r->queue = q;
  r->next = NULL;
  *q->stopped_tail = r;
  q->stopped_tail = &r->next;
}

/* False: the request goes on as if nothing had happened. */
static bool
failed (BlkRequest *r, int result)
{
  BlkQueue *q = r->queue;
  switch (drive_error (q->blk->drive, r->io.op != BLOCK_READ, -result)) {
    case DRIVE_ACT_IGNORE: return false;
    case DRIVE_ACT_STOP:
      g_clear_pointer (&r->iov, g_free);
      blk_queue_stop_request (q, r);
      storage_queue_end (&q->q);
      return true;
    case DRIVE_ACT_REPORT: break;
  }
  finish (r, VIRTIO_BLK_S_IOERR);
  return true;
}

/* Which of them it was is found by making each by itself. */
static void
unmerge (BlkRequest *r)
{
  BlkQueue *q = r->queue;
  const bool alone = q->alone;
  q->alone = true;
  for (BlkRequest *next; r != NULL; r = next) {
    next = r->merged;
    r->merged = NULL;
    g_clear_pointer (&r->iov, g_free);
    q->q.in_flight--; /* and up again at once */
    start (q, r);
  }
  q->alone = alone;
}

static void
io_done (BlockRequest *io, int result)
{
  BlkRequest *r = io->opaque;
  if (G_UNLIKELY (result < 0)) {
    if (r->merged != NULL) {
      unmerge (r);
      return;
    }
    if (failed (r, result))
      return;
  }
  for (BlkRequest *next; r != NULL; r = next) {
    next = r->merged;
    finish (r, VIRTIO_BLK_S_OK);
  }
}

static void
range_done (BlockRequest *io, int result)
{
  BlkRequest *r = io->opaque;
  if (result < 0 && failed (r, result))
    return;
  r->range++;
  start_range (r);
}

/* ---- Requests ---- */

static void
submit (BlkRequest *r, BlockOp op, unsigned flags, uint64_t offset, uint64_t size)
{
  r->io.op = op;
  r->io.flags = flags;
  r->io.offset = offset;
  r->io.size = size;
  r->io.opaque = r;
  block_submit (r->queue->io, &r->io);
}

/* ---- Merging ---- */

/* The parts of all, in one vector. */
static void
join (BlkQueue *q, BlkRequest *first)
{
  struct iovec *iov = g_new (struct iovec, q->pending_parts);
  unsigned n = 0;
  for (const BlkRequest *r = first; r != NULL; r = r->merged) {
    memcpy (iov + n, r->io.iov, (size_t)r->io.n_iov * sizeof *iov);
    n += (unsigned)r->io.n_iov;
  }
  g_free (first->iov);
  first->io.iov = first->iov = iov;
  first->io.n_iov = (int)n;
  first->io.size = q->pending_size;
}

static void
submit_pending (BlkQueue *q)
{
  BlkRequest *first = g_steal_pointer (&q->pending);
  if (first == NULL)
    return;
  if (first->merged != NULL)
    join (q, first);
  block_submit (q->io, &first->io);
}

static bool
continues_pending (const BlkQueue *q, const BlkRequest *r)
{
  const BlkRequest *first = q->pending;
  return first != NULL && first->io.offset + q->pending_size == r->io.offset && first->io.op == r->io.op &&
         first->io.flags == r->io.flags && q->pending_size + r->io.size <= MERGE_BYTES &&
         q->pending_parts + (unsigned)r->io.n_iov <= MERGE_PARTS;
}

/* A read or write whose io is filled in: while the handler takes more, it waits for the next. One of no
 * sectors has nothing to add to it. */
static void
submit_transfer (BlkRequest *r)
{
  BlkQueue *q = r->queue;
  if (!q->q.handling || q->alone || r->io.size == 0 || r->io.size >= MERGE_BYTES) {
    block_submit (q->io, &r->io);
    return;
  }
  if (continues_pending (q, r)) {
    q->pending_last->merged = r;
    q->pending_parts += (unsigned)r->io.n_iov;
    q->pending_size += r->io.size;
  } else {
    submit_pending (q);
    q->pending = r;
    q->pending_parts = (unsigned)r->io.n_iov;
    q->pending_size = r->io.size;
  }
  q->pending_last = r;
}

/* ---- Transfers ---- */

/* Whether the sectors are there, and whole blocks. */
static bool
range_valid (const VirtioBlk *blk, uint64_t sector, uint64_t size)
{
  const uint64_t capacity = block_size (blk->block) >> SECTOR_BITS, n = size >> SECTOR_BITS;
  const uint64_t mask = blk->logical_block_size - 1;
  return ((size | sector << SECTOR_BITS) & mask) == 0 && sector <= capacity && n <= capacity - sector;
}

static void
start_transfer (BlkRequest *r, bool write, uint64_t sector)
{
  VirtioBlk *blk = r->queue->blk;
  const VirtqElement *e = &r->element;
  const uint64_t size = write ? e->out_size - sizeof (struct virtio_blk_outhdr) : e->in_size - 1;
  if (G_UNLIKELY (size > STORAGE_MAX_TRANSFER || !range_valid (blk, sector, size) ||
                  (write && block_read_only (blk->block)))) {
    finish (r, VIRTIO_BLK_S_IOERR);
    return;
  }
  r->io.iov = write ? storage_payload (e->out, e->n_out, sizeof (struct virtio_blk_outhdr), size,
                                       &r->io.n_iov, &r->iov)
                    : storage_payload (e->in, e->n_in, 0, size, &r->io.n_iov, &r->iov);
  const bool fua = write && __atomic_load_n (&blk->fua, __ATOMIC_RELAXED);
  r->io.op = write ? BLOCK_WRITE : BLOCK_READ;
  r->io.flags = fua ? BLOCK_REQ_FUA : 0;
  r->io.offset = sector << SECTOR_BITS;
  r->io.size = size;
  r->io.done = io_done;
  r->io.opaque = r;
  submit_transfer (r);
}

static void
start_flush (BlkRequest *r)
{
  r->io.done = io_done;
  submit (r, BLOCK_FLUSH, 0, 0, 0);
}

static void
answer_id (BlkRequest *r)
{
  VirtqElement *e = &r->element;
  const VirtioBlk *blk = r->queue->blk;
  virtio_iov_from_buf (e->in, e->n_in, 0, blk->serial, MIN (sizeof blk->serial, e->in_size - 1));
  finish (r, VIRTIO_BLK_S_OK);
}

/* ---- Discard, write zeroes: ranges in the buffer, which the driver may change at any moment ---- */

static bool
read_range (const BlkRequest *r, unsigned i, struct virtio_blk_discard_write_zeroes *ret_range)
{
  const VirtqElement *e = &r->element;
  const size_t at = sizeof (struct virtio_blk_outhdr) + i * sizeof *ret_range;
  if (virtio_iov_to_buf (e->out, e->n_out, at, ret_range, sizeof *ret_range) != sizeof *ret_range)
    return false;
  ret_range->sector = GUINT64_FROM_LE (ret_range->sector);
  ret_range->num_sectors = GUINT32_FROM_LE (ret_range->num_sectors);
  ret_range->flags = GUINT32_FROM_LE (ret_range->flags);
  return true;
}

static uint8_t
range_status (const BlkRequest *r, const struct virtio_blk_discard_write_zeroes *range)
{
  const uint32_t known = r->type == VIRTIO_BLK_T_WRITE_ZEROES ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
  if (range->flags & ~known)
    return VIRTIO_BLK_S_UNSUPP;
  if (range->num_sectors > BLK_MAX_RANGE_SECTORS)
    return VIRTIO_BLK_S_IOERR;
  return range_valid (r->queue->blk, range->sector, (uint64_t)range->num_sectors << SECTOR_BITS)
             ? VIRTIO_BLK_S_OK
             : VIRTIO_BLK_S_IOERR;
}

static unsigned
count_ranges (const BlkRequest *r)
{
  return (unsigned)((r->element.out_size - sizeof (struct virtio_blk_outhdr)) /
                    sizeof (struct virtio_blk_discard_write_zeroes));
}

/* Carries out the next range, or completes the request after the last. */
static void
start_range (BlkRequest *r)
{
  VirtioBlk *blk = r->queue->blk;
  struct virtio_blk_discard_write_zeroes range;
  if (r->range == count_ranges (r)) {
    finish (r, VIRTIO_BLK_S_OK);
    return;
  }
  const uint8_t status = read_range (r, r->range, &range) ? range_status (r, &range) : VIRTIO_BLK_S_IOERR;
  if (status != VIRTIO_BLK_S_OK) {
    finish (r, status);
    return;
  }
  r->io.done = range_done;
  r->io.iov = NULL;
  r->io.n_iov = 0;
  unsigned flags = 0;
  if (r->type == VIRTIO_BLK_T_WRITE_ZEROES) {
    flags |= __atomic_load_n (&blk->fua, __ATOMIC_RELAXED) ? BLOCK_REQ_FUA : 0;
    flags |= range.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP ? BLOCK_REQ_MAY_UNMAP : 0;
  }
  submit (r, r->type == VIRTIO_BLK_T_WRITE_ZEROES ? BLOCK_WRITE_ZEROES : BLOCK_DISCARD, flags,
          range.sector << SECTOR_BITS, (uint64_t)range.num_sectors << SECTOR_BITS);
}

/* All ranges are looked at before the first is carried out. */
static void
start_ranges (BlkRequest *r, unsigned feature)
{
  VirtioBlk *blk = r->queue->blk;
  const uint64_t size = r->element.out_size - sizeof (struct virtio_blk_outhdr);
  uint8_t status = VIRTIO_BLK_S_OK;
  if (!virtio_has (&blk->vdev, feature))
    status = VIRTIO_BLK_S_UNSUPP;
  else if (size == 0 || size % sizeof (struct virtio_blk_discard_write_zeroes) != 0 ||
           size / sizeof (struct virtio_blk_discard_write_zeroes) > BLK_MAX_RANGES ||
           block_read_only (blk->block))
    status = VIRTIO_BLK_S_IOERR;
  for (unsigned i = 0; status == VIRTIO_BLK_S_OK && i < count_ranges (r); i++) {
    struct virtio_blk_discard_write_zeroes range;
    status = read_range (r, i, &range) ? range_status (r, &range) : VIRTIO_BLK_S_IOERR;
  }
  if (status != VIRTIO_BLK_S_OK) {
    finish (r, status);
    return;
  }
  r->range = 0;
  start_range (r);
}

/* ---- The handler ---- */

/* The header's and the status byte's places are the driver's choice. False: there is no room for them. */
static bool
read_header (BlkRequest *r, struct virtio_blk_outhdr *ret_header)
{
  const VirtqElement *e = &r->element;
  if (G_UNLIKELY (e->out_size < sizeof *ret_header || e->in_size == 0))
    return false;
  if (G_LIKELY (e->out[0].iov_len >= sizeof *ret_header))
    memcpy (ret_header, e->out[0].iov_base, sizeof *ret_header);
  else
    virtio_iov_to_buf (e->out, e->n_out, 0, ret_header, sizeof *ret_header);
  const struct iovec *last = &e->in[e->n_in - 1];
  r->status = (uint8_t *)last->iov_base + last->iov_len - 1;
  r->status_addr = e->in_addr[e->n_in - 1] + last->iov_len - 1;
  return true;
}

static void
start_typed (BlkRequest *r, uint64_t sector)
{
  switch (r->type) {
    case VIRTIO_BLK_T_IN: start_transfer (r, false, sector); break;
    case VIRTIO_BLK_T_OUT: start_transfer (r, true, sector); break;
    case VIRTIO_BLK_T_FLUSH: start_flush (r); break;
    case VIRTIO_BLK_T_DISCARD: start_ranges (r, VIRTIO_BLK_F_DISCARD); break;
    case VIRTIO_BLK_T_WRITE_ZEROES: start_ranges (r, VIRTIO_BLK_F_WRITE_ZEROES); break;
    default: finish (r, VIRTIO_BLK_S_UNSUPP);
  }
}

static void
start (BlkQueue *q, BlkRequest *r)
{
  struct virtio_blk_outhdr header;
  r->queue = q;
  if (!read_header (r, &header)) {
    virtio_break (&q->blk->vdev, "queue %u: a request without room for its header and status",
                  virtqueue_index (q->q.vq));
    virtqueue_element_free (&r->element);
    return;
  }
  q->q.in_flight++;
  r->type = GUINT32_FROM_LE (header.type);
  if (r->type == VIRTIO_BLK_T_GET_ID)
    answer_id (r);
  else if (G_UNLIKELY (q->io == NULL))
    finish (r, VIRTIO_BLK_S_IOERR);
  else
    start_typed (r, GUINT64_FROM_LE (header.sector));
}

/* Those that the machine was stopped for are carried out from their beginning. */
static void
retry_stopped (BlkQueue *q)
{
  BlkRequest *r = q->stopped;
  q->retry = false;
  q->stopped = NULL;
  q->stopped_tail = &q->stopped;
  while (r != NULL) {
    BlkRequest *next = r->next;
    start (q, r);
    r = next;
  }
}

void
blk_handle (VirtioDevice *vdev, VirtQueue *vq)
{
  BlkQueue *q = &((VirtioBlk *)vdev)->queues[virtqueue_index (vq)];
  unsigned n = 0;
  q->q.handling = true;
  if (q->retry)
    retry_stopped (q);
  bool more;
  do {
    BlkRequest *r;
    virtqueue_disable_kick (vq);
    while (n < STORAGE_HANDLER_REQUESTS && (r = virtqueue_pop (vq, sizeof *r)) != NULL) {
      n++;
      start (q, r);
      if (q->q.filled >= STORAGE_BATCH_REQUESTS || q->q.filled_bytes >= STORAGE_BATCH_BYTES)
        storage_queue_flush (&q->q);
    }
    submit_pending (q);
    if (q->io != NULL)
      block_kick (q->io);
    storage_queue_flush (&q->q);
    more = virtqueue_enable_kick (vq);
  } while (more && n < STORAGE_HANDLER_REQUESTS);
  if (more)
    virtqueue_schedule (vq);
  q->q.handling = false;
}

/* ---- Life ---- */

bool
blk_queue_open (BlkQueue *q, VirtQueue *vq, GError **error)
{
  q->stopped_tail = &q->stopped;
  if (q->blk->block != NULL) {
    q->io = block_queue_new (q->blk->block, iothread_context (virtqueue_iothread (vq)), error);
    if (q->io == NULL)
      return false;
  }
  storage_queue_open (&q->q, vq);
  return true;
}

static void
close_on_thread (void *opaque)
{
  g_clear_pointer (&((BlkQueue *)opaque)->io, block_queue_free);
}

void
blk_queue_close (BlkQueue *q)
{
  if (q->io != NULL)
    iothread_run_sync (virtqueue_iothread (q->q.vq), close_on_thread, q);
  storage_queue_close (&q->q);
  blk_queue_drop_stopped (q);
}

void
blk_queue_drop_stopped (BlkQueue *q)
{
  for (BlkRequest *r = q->stopped, *next; r != NULL; r = next) {
    next = r->next;
    virtqueue_element_free (&r->element);
  }
  q->stopped = NULL;
  q->stopped_tail = &q->stopped;
  q->retry = false;
}
