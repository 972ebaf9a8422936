/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the device and its data path share. */

#include "storage.h"
#include "virtio-blk.h"

#include <linux/virtio_blk.h>

/* Limits the driver is told: of one range (2 GiB less a sector), and ranges in a request. */
#define BLK_MAX_RANGE_SECTORS 0x3fffffu
#define BLK_MAX_RANGES        32

typedef struct VirtioBlk VirtioBlk;
typedef struct BlkQueue BlkQueue;
typedef struct BlkRequest BlkRequest;

struct BlkRequest {
  VirtqElement element; /* must be first */
  BlkQueue *queue;
  BlkRequest *next;   /* in BlkQueue.stopped */
  BlkRequest *merged; /* the next of those that are one request on the image; the first makes it */
  BlockRequest io;
  struct iovec *iov; /* the payload, where it shares descriptors with header or status; else NULL */
  uint8_t *status;
  uint64_t status_addr; /* guest physical */
  uint32_t type;
  unsigned range; /* DISCARD, WRITE_ZEROES: the one being carried out */
};

/* Belongs to the queue's thread while the queues run. */
struct BlkQueue {
  StorageQueue q;
  VirtioBlk *blk;
  BlkRequest *pending, *pending_last; /* not submitted yet: the next one may continue it */
  unsigned pending_parts;
  uint64_t pending_size;
  bool alone;          /* nothing is to be merged */
  BlockQueue *io;      /* NULL: there is no medium */
  bool retry;          /* the stopped requests are to be tried again */
  BlkRequest *stopped; /* failed, waiting for the machine to go on; in order */
  BlkRequest **stopped_tail;
};

struct VirtioBlk {
  VirtioDevice vdev;
  Drive *drive;
  Block *block; /* NULL: there is no medium */
  BlkQueue *queues;
  bool fua;          /* atomic: writes are to be durable when they complete */
  uint8_t writeback; /* the driver's choice, CONFIG_WCE */
  char serial[VIRTIO_BLK_ID_BYTES];
  uint32_t logical_block_size, physical_block_size, min_io_size, opt_io_size;
  /* Properties. */
  char *drive_name, *serial_text;
  uint32_t num_queues, queue_size, bootindex;
  uint64_t logical_block, physical_block, min_io, opt_io;
  bool write_cache, discard, write_zeroes;
};

/* The queues' handler. */
void blk_handle (VirtioDevice *vdev, VirtQueue *vq);
/* Makes what the queue has in its thread's context, and takes it away again. */
bool blk_queue_open (BlkQueue *queue, VirtQueue *vq, GError **error);
void blk_queue_close (BlkQueue *queue);
/* Forgets the stopped requests. */
void blk_queue_drop_stopped (BlkQueue *queue);
void blk_queue_stop_request (BlkQueue *queue, BlkRequest *request);
