/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What storage devices have in common: the drive they are connected to, the block sizes they show, and how
 * they complete the requests of a virtio queue. */

#include "drive.h"
#include "virtio.h"

#define SECTOR_BITS 9
#define SECTOR_SIZE (1u << SECTOR_BITS)
/* The largest transfer of one request: more than any driver asks for, less than what an int counts. */
#define STORAGE_MAX_TRANSFER (UINT64_C (1) << 30)

/* Takes the drive called `name` for the device. NULL and an error when there is none, or another has it. */
Drive *storage_attach_drive (Device *dev, const char *name, GError **error);

typedef struct {
  uint32_t logical, physical, min_io, opt_io; /* bytes */
} StorageSizes;
/* Checks the properties logical_block_size, physical_block_size, min_io_size and opt_io_size; 0 of the latter
 * three is for none said. False and an error that names the property. */
bool storage_sizes (Device *dev, uint64_t logical, uint64_t physical, uint64_t min_io, uint64_t opt_io,
                    StorageSizes *ret_sizes, GError **error);
/* A property is out of its range. Returns false. */
bool storage_bad_prop (Device *dev, const char *prop, const char *want, GError **error);

/* The `size` bytes of a buffer after its first `skip`, which are there. Mostly these are whole parts of it;
 * if not, the parts are copied: *ret_copy, to be freed, else NULL. */
const struct iovec *storage_payload (const struct iovec *iov, unsigned n, size_t skip, size_t size,
                                     int *ret_n, struct iovec **ret_copy);

/* A virtio queue of requests on images: counts what is in flight, and tells the driver of completions in
 * batches. All is for the queue's thread but what says otherwise. */
typedef struct {
  VirtQueue *vq;
  GSource *flusher; /* tells the driver when all that is there has been taken */
  unsigned in_flight;
  unsigned filled; /* completed, not told */
  uint64_t filled_bytes;
  bool handling; /* the handler runs, and flushes itself */
  bool waiting;  /* somebody waits for in_flight to be 0; under `lock` */
  GMutex lock;
  GCond idle;
} StorageQueue;

/* Completions the driver is told of at once, while there is more to do. */
#define STORAGE_BATCH_REQUESTS 32
#define STORAGE_BATCH_BYTES    (UINT64_C (512) << 10)
/* Requests a handler takes before the thread's other sources have their turn. */
#define STORAGE_HANDLER_REQUESTS 1024

/* While the queue stands; any thread. */
void storage_queue_open (StorageQueue *queue, VirtQueue *vq);
void storage_queue_close (StorageQueue *queue);
/* Waits until nothing is in flight. Not on the queue's thread; no handler may run. */
void storage_queue_drain (StorageQueue *queue);
void storage_queue_flush (StorageQueue *queue);
/* Gives the element back, for the driver to be told of later, and frees it. `bytes`: the size of the work
 * done. */
void storage_queue_fill (StorageQueue *queue, VirtqElement *element, uint32_t written, uint64_t bytes);
/* A request is no longer in flight. */
void storage_queue_end (StorageQueue *queue);
