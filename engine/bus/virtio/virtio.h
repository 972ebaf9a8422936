/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* virtio 1.3 (OASIS, Committee Specification 01): devices and queues, independent of the transport.
 *
 * A virtio device is a VirtioDevice (which is a Device) with a const VirtioClass.  The transports
 * (virtio-pci, virtio-mmio) own the device's address range, carry out the initialisation protocol, and call
 * the class.  Queue handlers run on the queue's I/O thread, without Device.lock.
 *
 * Everything in a ring is hostile: chains longer than the queue, loops, descriptors outside RAM, indices that
 * jump. Such a thing makes the device broken (virtio_break): DEVICE_NEEDS_RESET is set, the queue stands
 * still until reset.
 *
 * A device that gives back what it is given:
 *
 *   typedef struct { VirtioDevice vdev; VirtQueue *queue; } Echo;
 *
 *   static void
 *   echo_handle (VirtioDevice *vdev, VirtQueue *queue)
 *   {
 *     do {
 *       virtqueue_disable_kick (queue);
 *       VirtqElement *e;
 *       while ((e = virtqueue_pop (queue, sizeof *e)) != NULL) {
 *         ...copy from e->out[] to e->in[]...
 *         virtqueue_push (queue, e, copied);
 *         virtqueue_element_free (e);
 *       }
 *       virtqueue_notify (queue);
 *     } while (virtqueue_enable_kick (queue));
 *   }
 *
 *   static void
 *   echo_init (Device *dev)
 *   {
 *     virtio_init ((VirtioDevice *)dev, &echo_virtio);
 *   }
 *
 *   static bool
 *   echo_realize (Device *dev, GError **error)
 *   {
 *     ((Echo *)dev)->queue = virtio_add_queue ((VirtioDevice *)dev, 256, echo_handle);
 *     return true;
 *   }
 *
 *   static const VirtioClass echo_virtio = { .id = 63, .name = "virtio-echo", .pci_class = 0xff00 };
 *   static const DeviceClass echo_class = {
 *     .name = "virtio-echo-device", .bus = "virtio-bus", .size = sizeof (Echo), .user_creatable = true,
 *     .base = &virtio_device_class, .init = echo_init, .realize = echo_realize,
 *   };
 *
 * and once at start: virtio_register (&echo_class, &echo_virtio), which makes virtio-echo-pci, too.
 *
 * A queue whose buffers wait for something from the host (received packets, input events) has no handler that
 * empties it: it pops when there is something to give, on the queue's I/O thread, and its handler (may be
 * NULL) hears of new buffers. Polling with kicks disabled is for handlers that go on until virtqueue_pop()
 * returns NULL.
 *
 * Locks: handlers and VirtioClass.running, set_features and queue_reset are called without Device.lock;
 * config_read, config_written, reset, save and load with it. A handler may take it. Never wait for a handler,
 * nor call a function that stops queues (device_reset, device_quiesce), from a queue's own thread. */

#include "device.h"
#include <sys/uio.h>

typedef struct VirtioDevice VirtioDevice;
typedef struct VirtQueue VirtQueue;
typedef struct IoThread IoThread;

#define VIRTIO_QUEUE_MAX           1024 /* size of the largest queue */
#define VIRTIO_MAX_QUEUES          64
#define VIRTIO_F_NOTIFY_ON_EMPTY   24
#define VIRTIO_F_INDIRECT_DESC     28
#define VIRTIO_F_EVENT_IDX         29
#define VIRTIO_F_VERSION_1         32
#define VIRTIO_F_ACCESS_PLATFORM   33
#define VIRTIO_F_RING_PACKED       34
#define VIRTIO_F_IN_ORDER          35
#define VIRTIO_F_ORDER_PLATFORM    36
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_RING_RESET        40

typedef struct {
  uint16_t id;        /* virtio device id, §5 */
  const char *name;   /* "virtio-blk" */
  uint16_t pci_class; /* PCI class code of the PCI form */
  size_t config_size; /* most bytes of configuration space */
  /* Device features offered (the transport's and ring's are added by the core). Depends on properties and
   * back end. */
  uint64_t (*features) (VirtioDevice *vdev);
  /* The driver has set FEATURES_OK: false if the combination is unacceptable. */
  bool (*set_features) (VirtioDevice *vdev, uint64_t features);
  /* Fills vdev->config before the driver reads it; takes what it wrote (offset, size) from there. With the
   * lock. */
  void (*config_read) (VirtioDevice *vdev);
  void (*config_written) (VirtioDevice *vdev, unsigned offset, unsigned size);
  /* DRIVER_OK was set or the machine goes on (true); reset, stop, or broken (false): no queue handler runs
   * any more when this is called with false, and requests in flight are to be completed or abandoned before
   * it returns (they may still be pushed). A broken device stands still; its running (false) comes with the
   * reset. The driver's reset runs device_reset() of the device, after running (false). */
  void (*running) (VirtioDevice *vdev, bool running);
  void (*queue_reset) (VirtioDevice *vdev, unsigned queue); /* may be NULL */
} VirtioClass;

struct VirtioDevice {
  Device dev; /* must be first */
  const VirtioClass *vclass;
  uint64_t features; /* negotiated */
  uint8_t status;
  uint32_t config_generation;
  uint8_t *config; /* config_size bytes */
  VirtQueue *queues[VIRTIO_MAX_QUEUES];
  unsigned n_queues;
  bool broken;
  bool queues_running;
  /* The transport's edges. */
  void *transport;
  const struct VirtioTransport *transport_ops;
  MemoryMap *map; /* DMA */
  /* Common properties. */
  bool packed, event_idx, indirect, iommu_platform;
  char *iothread; /* property: id of an -object iothread; NULL: one of its own */
  /* The core's own: */
  uint64_t driver_features; /* as written so far */
  bool quiesced;            /* the machine stands, or was restored and does not go on yet */
  GMutex run_lock;          /* start and stop */
  IoThread *thread;         /* made when first needed */
};
/* Base class of all virtio devices: properties packed, event_idx, indirect_desc, iommu_platform, iothread.
 * Its realize comes before the device's, its unrealize stops the queues. */
extern const DeviceClass virtio_device_class;
/* Each virtio device `virtio-NAME-device` is wrapped by `virtio-NAME-pci`; registers both classes. The
 * wrapper has the properties of both and creates the device as its child. */
void virtio_register (const DeviceClass *device_class, const VirtioClass *vclass);
/* The VirtioDevice behind a wrapper or itself. */
VirtioDevice *virtio_device_of (Device *dev);

typedef struct VirtioTransport {
  void (*notify_queue) (void *transport, unsigned queue); /* interrupt: used buffers. Any thread. */
  void (*notify_config) (void *transport);
  bool (*can_dma) (void *transport);
  void (*detach) (void *transport); /* the device goes: no vCPU can reach it any more on return */
} VirtioTransport;

/* For the device: queues are added by realize. The handler runs on the queue's I/O thread whenever buffers
 * may be there. */
typedef void (*VirtQueueHandler) (VirtioDevice *vdev, VirtQueue *queue);
void virtio_init (VirtioDevice *vdev, const VirtioClass *vclass); /* first in class->init */
VirtQueue *virtio_add_queue (VirtioDevice *vdev, unsigned size, VirtQueueHandler handler);
/* Stops the queues for good: no handler runs any more, and running (false) was called. First in
 * class->unrealize (virtio_register() sees to it for the classes it makes). */
void virtio_stop (VirtioDevice *vdev);
/* While the queues stand (realize, running (false)): which thread serves it (default: the device's). */
void virtqueue_set_iothread (VirtQueue *queue, IoThread *iothread);
IoThread *virtqueue_iothread (VirtQueue *queue);
unsigned virtqueue_index (const VirtQueue *queue);
bool virtqueue_ready (const VirtQueue *queue); /* the driver has enabled it */
static inline bool
virtio_has (const VirtioDevice *vdev, unsigned feature)
{
  return vdev->features >> feature & 1;
}

/* A buffer the driver made available: device-readable parts, then device-writable ones, as host memory. */
typedef struct VirtqElement {
  VirtQueue *queue;
  uint32_t head, n_descs; /* the ring's */
  unsigned n_out, n_in;
  struct iovec *out, *in; /* host addresses inside guest RAM */
  uint64_t *in_addr;      /* guest physical address of each in[] */
  uint64_t out_size, in_size;
} VirtqElement;
/* The next buffer, in `size` bytes of the caller's: a struct whose first member is a VirtqElement, zeroed but
 * for that. Free it with virtqueue_element_free() (g_free is not enough). NULL: none, or the queue stands
 * still. An element has at most VIRTQ_MAX_SEGMENTS parts, none of them empty; both kinds may be missing. */
#define VIRTQ_MAX_SEGMENTS 1024
void *virtqueue_pop (VirtQueue *queue, size_t size);
/* Gives it back with `written` bytes in its in[] parts, which are made known to the translator and dirty
 * logs. Any thread of the device; an element from before a reset is ignored. The element stays the caller's
 * to free. virtqueue_notify() tells the driver. */
void virtqueue_push (VirtQueue *queue, VirtqElement *element, uint32_t written);
/* Several pushes become visible at once with the flush. */
void virtqueue_fill (VirtQueue *queue, VirtqElement *element, uint32_t written);
void virtqueue_flush (VirtQueue *queue);
/* Puts the latest popped element back (no resources). */
void virtqueue_unpop (VirtQueue *queue, VirtqElement *element);
void virtqueue_element_free (VirtqElement *element);
/* Interrupts the driver if it wants to know (flags or event index). */
void virtqueue_notify (VirtQueue *queue);
/* Suppression of the driver's notifications while the handler polls. enable returns true when buffers are
 * there. */
void virtqueue_disable_kick (VirtQueue *queue);
bool virtqueue_enable_kick (VirtQueue *queue);
/* Runs the queue's handler soon on its thread, unless the queues stand. Any thread; costs next to nothing
 * when the handler is about to run or running. */
void virtqueue_schedule (VirtQueue *queue);
/* Whether at least `bytes` of device-writable room are available. */
bool virtqueue_has_room (VirtQueue *queue, uint64_t bytes);

/* The configuration changed: the driver is told. */
void virtio_config_changed (VirtioDevice *vdev);
/* The driver did what it must not: logged, DEVICE_NEEDS_RESET. Any thread. */
void virtio_break (VirtioDevice *vdev, const char *format, ...) G_GNUC_PRINTF (2, 3);

size_t virtio_iov_to_buf (const struct iovec *iov, unsigned n, size_t offset, void *buf, size_t size);
size_t virtio_iov_from_buf (const struct iovec *iov, unsigned n, size_t offset, const void *buf, size_t size);
size_t virtio_iov_size (const struct iovec *iov, unsigned n);
/* Saved state of requests popped and not pushed: element to GVariant and back (the guest addresses are kept).
 * For class->save and load. NULL for what no guest can have made available. */
GVariant *virtqueue_element_save (const VirtqElement *element);
void *virtqueue_element_load (VirtQueue *queue, GVariant *state, size_t size);
#define VIRTQ_ELEMENT_TYPE "(uua(tub))"

/* I/O threads: a host thread with a GMainContext. */
IoThread *iothread_new (const char *id); /* NULL id: anonymous; NULL if the id is taken */
IoThread *iothread_find (const char *id);
IoThread *iothread_ref (IoThread *iothread);
void iothread_unref (IoThread *iothread);
GMainContext *iothread_context (IoThread *iothread);
/* Runs fn on the thread and waits; at once if called there. */
void iothread_run_sync (IoThread *iothread, void (*fn) (void *opaque), void *opaque);

/* Transports. virtio-mmio ("virtio-mmio" class, version 2 registers, §4.2): the board maps the slots. */
typedef struct VirtioMmio VirtioMmio;
Device *virtio_mmio_new (const char *path, MemoryMap *map, const IrqLine *irq);
MemoryRegion *virtio_mmio_region (Device *mmio);
bool virtio_mmio_plug (Device *mmio, Device *vdev, GError **error); /* takes ownership of vdev */
