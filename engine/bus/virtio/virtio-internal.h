/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the core, the rings and the transports share. */

#include "virtio.h"

#include <inttypes.h>
#include <linux/virtio_ring.h>

/* §2.1 Device Status Field. */
enum {
  VIRTIO_STATUS_ACKNOWLEDGE = 1,
  VIRTIO_STATUS_DRIVER = 2,
  VIRTIO_STATUS_DRIVER_OK = 4,
  VIRTIO_STATUS_FEATURES_OK = 8,
  VIRTIO_STATUS_NEEDS_RESET = 64,
  VIRTIO_STATUS_FAILED = 128,
};

/* Of virtqueue_schedule(): what the queue's handler is doing. */
typedef enum {
  VIRTQ_IDLE,
  VIRTQ_PENDING, /* the thread was woken and has not begun */
  VIRTQ_RUNNING,
  VIRTQ_AGAIN, /* running, and asked to run once more */
} VirtqActivity;

/* A stretch of guest RAM as this process sees it, kept to spare look-ups. */
typedef struct {
  uint64_t start, size; /* guest physical */
  uint8_t *host;
  RamBlock *block;
  uint64_t offset; /* in the block, of start */
} VirtqWindow;

/* One of the three areas of a ring. */
typedef struct {
  uint64_t addr; /* guest physical, the driver's */
  uint8_t *host;
  RamBlock *block;
  uint64_t offset;
} VirtqArea;

typedef struct VirtqBlock VirtqBlock;

struct VirtQueue {
  VirtioDevice *vdev;
  unsigned index, max_size;
  VirtQueueHandler handler;
  IoThread *thread; /* set for this queue; NULL: the device's */
  GSource *source;

  int activity;    /* VirtqActivity, atomic */
  bool live;       /* atomic: the handler may run and buffers may be popped */
  GMutex run_lock; /* held while the handler runs */

  GMutex lock;   /* all that follows. A leaf but for what the transport needs to interrupt. */
  bool enabled;  /* atomic */
  unsigned size; /* the driver's choice */
  VirtqArea desc, driver, device;
  unsigned generation; /* of the memory map, when areas and window were looked up; 0: never */
  VirtqWindow window;
  unsigned epoch;  /* changes with each reset */
  unsigned in_use; /* descriptors (packed) or chains (split) popped and not pushed */
  unsigned filled; /* since the last flush: slots (packed) or elements (split) */
  uint16_t last_avail, avail, used, signalled;
  bool signalled_valid;       /* `signalled` is where the driver was last told of */
  bool unsignalled;           /* something was pushed since */
  bool avail_wrap, used_wrap; /* packed */
  uint16_t first_flags;       /* packed: of the first slot filled, to be written last */
  bool kick_disabled;
  VirtqBlock *free_blocks;
  unsigned n_free_blocks;

  /* The buffer being read. */
  struct iovec segments[VIRTQ_MAX_SEGMENTS];
  uint64_t addresses[VIRTQ_MAX_SEGMENTS];
  unsigned n_out, n_in;
  uint64_t out_size, in_size;
};

static inline VirtqElement *
virtq_no_element (VirtQueue *queue, const char *why)
{
  virtio_break (queue->vdev, "queue %u: %s", queue->index, why);
  return NULL;
}

/* ---- Rings: with the queue's lock, areas mapped. ---- */

VirtqElement *virtq_split_pop (VirtQueue *queue, size_t size);
void virtq_split_unpop (VirtQueue *queue);
void virtq_split_fill (VirtQueue *queue, const VirtqElement *element, uint32_t written);
void virtq_split_flush (VirtQueue *queue);
bool virtq_split_wants_interrupt (VirtQueue *queue);
void virtq_split_disable_kick (VirtQueue *queue);
bool virtq_split_enable_kick (VirtQueue *queue);
bool virtq_split_has_room (VirtQueue *queue, uint64_t bytes);

VirtqElement *virtq_packed_pop (VirtQueue *queue, size_t size);
void virtq_packed_unpop (VirtQueue *queue, const VirtqElement *element);
void virtq_packed_fill (VirtQueue *queue, const VirtqElement *element, uint32_t written);
void virtq_packed_flush (VirtQueue *queue);
bool virtq_packed_wants_interrupt (VirtQueue *queue);
void virtq_packed_disable_kick (VirtQueue *queue);
bool virtq_packed_enable_kick (VirtQueue *queue);
bool virtq_packed_has_room (VirtQueue *queue, uint64_t bytes);

/* Bytes of an area were written. */
static inline void
virtq_area_written (const VirtqArea *area, uint64_t offset, uint64_t size)
{
  ram_written (area->block, area->offset + offset, size);
}

/* ---- Buffers (virtq-element.c): with the queue's lock. ---- */

/* Host memory for a guest address: as much as is contiguous. NULL where there is no RAM. */
void *virtq_map (VirtQueue *queue, uint64_t addr, uint64_t size, bool write, uint64_t *ret_size);
void virtq_written (VirtQueue *queue, uint64_t addr, uint64_t size);
void virtq_begin (VirtQueue *queue);
/* Adds one descriptor's memory to the buffer being read. False: broken. */
bool virtq_add (VirtQueue *queue, uint64_t addr, uint32_t size, bool write);
/* What was added, as an element. */
VirtqElement *virtq_finish (VirtQueue *queue, size_t size, uint32_t head, uint32_t n_descs);
void virtq_free_blocks (VirtQueue *queue);
/* The epoch in which an element was popped. */
unsigned virtq_element_epoch (const VirtqElement *element);

/* ---- Queues (virtqueue.c) ---- */

VirtQueue *virtq_new (VirtioDevice *vdev, unsigned index, unsigned size, VirtQueueHandler handler);
void virtq_free (VirtQueue *queue);
/* Lets the handler run; stops it, and waits until it has returned. */
void virtq_go (VirtQueue *queue);
void virtq_halt (VirtQueue *queue);
void virtq_reset (VirtQueue *queue);
/* Checks size and addresses and enables. False and broken if they are impossible. */
bool virtq_enable (VirtQueue *queue);
void virtq_save (VirtQueue *queue, GVariantBuilder *queues);
bool virtq_load (VirtQueue *queue, GVariant *state, GError **error);
#define VIRTQ_STATE_TYPE "(bu(ttt)(qqq)(bbb)b)"

/* ---- What the driver does through a transport (virtio-status.c, virtio-config.c). The transport serialises
 * them. ---- */

/* A change of the memory map of the device was noticed: raised by any map's listener, read by all queues. */
extern unsigned virtio_map_generation;

/* Connects a device to its transport. */
bool virtio_attach (VirtioDevice *vdev, const VirtioTransport *ops, void *transport, MemoryMap *map,
                    GError **error);
uint64_t virtio_offered_features (VirtioDevice *vdev);
void virtio_write_features (VirtioDevice *vdev, unsigned word, uint32_t value);
/* For resets: no handler runs after this, until DRIVER_OK is set again. Without the device's lock. */
void virtio_halt_queues (VirtioDevice *vdev);
/* Lets them run, if the driver and the machine do. */
void virtio_start_queues (VirtioDevice *vdev);
uint8_t virtio_status (const VirtioDevice *vdev);
void virtio_write_status (VirtioDevice *vdev, uint8_t status);
uint64_t virtio_config_read (VirtioDevice *vdev, uint64_t offset, unsigned size);
void virtio_config_write (VirtioDevice *vdev, uint64_t offset, unsigned size, uint64_t value);
void virtio_write_queue_size (VirtioDevice *vdev, unsigned index, unsigned size);
/* Half of an area's address; `high` is the upper one. */
void virtio_write_queue_addr (VirtioDevice *vdev, unsigned index, size_t area, bool high, uint32_t value);
uint32_t virtio_read_queue_addr (VirtioDevice *vdev, unsigned index, size_t area, bool high);
void virtio_enable_queue (VirtioDevice *vdev, unsigned index);
void virtio_reset_queue (VirtioDevice *vdev, unsigned index);
/* The same, whatever was negotiated. */
void virtio_disable_queue (VirtioDevice *vdev, unsigned index);
/* The driver's notification. Any thread. */
void virtio_kick (VirtioDevice *vdev, unsigned index);
/* DMA has become possible: queues that could not get at their buffers look again. */
void virtio_kick_all (VirtioDevice *vdev);

/* virtio-save.c: hooks of the base class. */
void virtio_save (Device *dev, GVariantBuilder *state);
bool virtio_load (Device *dev, GVariant *state, GError **error);

/* virtio-pci: the class for a device's. */
DeviceClass *virtio_pci_class_new (const DeviceClass *device_class, const VirtioClass *vclass);
/* The device of a wrapper, if this is one. */
VirtioDevice *virtio_pci_device (Device *dev);
VirtioDevice *virtio_mmio_device (Device *dev);
