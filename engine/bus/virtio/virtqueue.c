/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Queues: when their handlers run, where their rings are, and what devices call. */

#include "virtio-internal.h"

#include <gio/gio.h>

/* ---- The handler ---- */

typedef struct {
  GSource source;
  VirtQueue *queue;
} QueueSource;

static int
activity (const VirtQueue *queue)
{
  return __atomic_load_n (&queue->activity, __ATOMIC_SEQ_CST);
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return activity (((QueueSource *)source)->queue) == VIRTQ_PENDING;
}

static gboolean
source_check (GSource *source)
{
  return activity (((QueueSource *)source)->queue) == VIRTQ_PENDING;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  VirtQueue *queue = ((QueueSource *)source)->queue;
  __atomic_store_n (&queue->activity, VIRTQ_RUNNING, __ATOMIC_SEQ_CST);
  g_mutex_lock (&queue->run_lock);
  if (__atomic_load_n (&queue->live, __ATOMIC_ACQUIRE))
    queue->handler (queue->vdev, queue);
  g_mutex_unlock (&queue->run_lock);
  /* Asked for meanwhile: once more, after the thread's other sources had their turn. */
  int running = VIRTQ_RUNNING;
  if (!__atomic_compare_exchange_n (&queue->activity, &running, VIRTQ_IDLE, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    __atomic_store_n (&queue->activity, VIRTQ_PENDING, __ATOMIC_SEQ_CST);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .prepare = source_prepare,
                                     .check = source_check,
                                     .dispatch = source_dispatch };

void
virtqueue_schedule (VirtQueue *queue)
{
  if (!__atomic_load_n (&queue->live, __ATOMIC_ACQUIRE) || queue->handler == NULL)
    return;
  for (;;) {
    int now = activity (queue);
    const int next = now == VIRTQ_IDLE ? VIRTQ_PENDING : now == VIRTQ_RUNNING ? VIRTQ_AGAIN : now;
    /* Exchanging it for itself is a barrier, too: the handler sees what was made available before. */
    if (!__atomic_compare_exchange_n (&queue->activity, &now, next, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST))
      continue;
    if (now == VIRTQ_IDLE)
      g_main_context_wakeup (iothread_context (virtqueue_iothread (queue)));
    return;
  }
}

static GMutex thread_lock;

IoThread *
virtqueue_iothread (VirtQueue *queue)
{
  if (queue->thread != NULL)
    return queue->thread;
  VirtioDevice *vdev = queue->vdev;
  IoThread *thread = __atomic_load_n (&vdev->thread, __ATOMIC_ACQUIRE);
  if (G_LIKELY (thread != NULL))
    return thread;
  g_mutex_lock (&thread_lock);
  if (vdev->thread == NULL)
    __atomic_store_n (&vdev->thread, iothread_new (NULL), __ATOMIC_RELEASE);
  thread = vdev->thread;
  g_mutex_unlock (&thread_lock);
  return thread;
}

static void
nothing (void *opaque)
{
}

static void
drop_source (VirtQueue *queue)
{
  if (queue->source == NULL)
    return;
  g_source_destroy (queue->source);
  g_clear_pointer (&queue->source, g_source_unref);
  /* The thread may have been about to dispatch it. */
  iothread_run_sync (virtqueue_iothread (queue), nothing, NULL);
}

void
virtqueue_set_iothread (VirtQueue *queue, IoThread *iothread)
{
  g_return_if_fail (!queue->live);
  drop_source (queue);
  if (iothread != NULL)
    iothread_ref (iothread);
  iothread_unref (queue->thread);
  queue->thread = iothread;
}

void
virtq_go (VirtQueue *queue)
{
  if (queue->handler != NULL && queue->source == NULL) {
    queue->activity = VIRTQ_IDLE;
    queue->source = g_source_new (&source_funcs, sizeof (QueueSource));
    ((QueueSource *)queue->source)->queue = queue;
    g_source_set_static_name (queue->source, "virtqueue");
    g_source_attach (queue->source, iothread_context (virtqueue_iothread (queue)));
  }
  __atomic_store_n (&queue->live, true, __ATOMIC_SEQ_CST);
  virtqueue_schedule (queue);
}

void
virtq_halt (VirtQueue *queue)
{
  __atomic_store_n (&queue->live, false, __ATOMIC_SEQ_CST);
  g_mutex_lock (&queue->run_lock);
  g_mutex_unlock (&queue->run_lock);
}

/* ---- Life ---- */

static void
reset_locked (VirtQueue *queue)
{
  __atomic_store_n (&queue->enabled, false, __ATOMIC_RELEASE);
  queue->size = queue->max_size;
  queue->desc = queue->driver = queue->device = (VirtqArea){ 0 };
  queue->generation = 0;
  queue->window = (VirtqWindow){ 0 };
  queue->epoch++;
  queue->in_use = queue->filled = 0;
  queue->last_avail = queue->avail = queue->used = queue->signalled = 0;
  queue->signalled_valid = queue->unsignalled = queue->kick_disabled = false;
  queue->avail_wrap = queue->used_wrap = true;
}

VirtQueue *
virtq_new (VirtioDevice *vdev, unsigned index, unsigned size, VirtQueueHandler handler)
{
  VirtQueue *queue = g_new0 (VirtQueue, 1);
  queue->vdev = vdev;
  queue->index = index;
  queue->max_size = size;
  queue->handler = handler;
  g_mutex_init (&queue->run_lock);
  g_mutex_init (&queue->lock);
  reset_locked (queue);
  return queue;
}

void
virtq_free (VirtQueue *queue)
{
  drop_source (queue);
  iothread_unref (queue->thread);
  virtq_free_blocks (queue);
  g_mutex_clear (&queue->run_lock);
  g_mutex_clear (&queue->lock);
  g_free (queue);
}

void
virtq_reset (VirtQueue *queue)
{
  g_mutex_lock (&queue->lock);
  reset_locked (queue);
  g_mutex_unlock (&queue->lock);
}

unsigned
virtqueue_index (const VirtQueue *queue)
{
  return queue->index;
}

bool
virtqueue_ready (const VirtQueue *queue)
{
  return __atomic_load_n (&queue->enabled, __ATOMIC_ACQUIRE);
}

/* ---- Where the ring is ---- */

static bool
is_packed (const VirtQueue *queue)
{
  return virtio_has (queue->vdev, VIRTIO_F_RING_PACKED);
}

typedef struct {
  uint64_t desc, driver, device;
} AreaSizes;

static AreaSizes
area_sizes (const VirtQueue *queue)
{
  const uint64_t n = queue->size, event = virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX) ? 2 : 0;
  if (is_packed (queue))
    return (AreaSizes){ 16 * n, 4, 4 };
  return (AreaSizes){ 16 * n, 4 + 2 * n + event, 4 + 8 * n + event };
}

static bool
area_possible (const VirtqArea *area, uint64_t size, unsigned align)
{
  return area->addr % align == 0 && size - 1 <= UINT64_MAX - area->addr;
}

/* What the ring's place and size are whatever memory is there. */
static const char *
impossible (const VirtQueue *queue)
{
  const AreaSizes sizes = area_sizes (queue);
  const bool packed = is_packed (queue);
  if (queue->size < 1 || queue->size > queue->max_size)
    return "its size is not possible";
  if (!packed && (queue->size & (queue->size - 1)) != 0)
    return "its size is not a power of two";
  if (!area_possible (&queue->desc, sizes.desc, 16) ||
      !area_possible (&queue->driver, sizes.driver, packed ? 4 : 2) ||
      !area_possible (&queue->device, sizes.device, 4))
    return "its address is misaligned or beyond the last one";
  return NULL;
}

bool
virtq_enable (VirtQueue *queue)
{
  const char *why = impossible (queue);
  if (why != NULL)
    return virtq_no_element (queue, why);
  device_trace (&queue->vdev->dev, "queue %u enabled: size %u, at 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
                queue->index, queue->size, queue->desc.addr, queue->driver.addr, queue->device.addr);
  __atomic_store_n (&queue->enabled, true, __ATOMIC_RELEASE);
  return true;
}

static bool
map_area (VirtQueue *queue, VirtqArea *area, uint64_t size)
{
  uint64_t n;
  uint8_t *host = virtq_map (queue, area->addr, size, true, &n);
  if (host == NULL || n != size)
    return false;
  area->host = host;
  area->block = queue->window.block;
  area->offset = queue->window.offset + (area->addr - queue->window.start);
  return true;
}

static bool
map_ring (VirtQueue *queue, unsigned generation)
{
  const AreaSizes sizes = area_sizes (queue);
  queue->window = (VirtqWindow){ 0 };
  if (!map_area (queue, &queue->desc, sizes.desc) || !map_area (queue, &queue->driver, sizes.driver) ||
      !map_area (queue, &queue->device, sizes.device))
    return virtq_no_element (queue, "its ring is not in RAM");
  queue->generation = generation;
  return true;
}

/* With the lock: whether the ring may be touched. */
static bool
usable (VirtQueue *queue)
{
  VirtioDevice *vdev = queue->vdev;
  if (!queue->enabled || __atomic_load_n (&vdev->broken, __ATOMIC_ACQUIRE) ||
      !vdev->transport_ops->can_dma (vdev->transport))
    return false;
  const unsigned generation = __atomic_load_n (&virtio_map_generation, __ATOMIC_ACQUIRE);
  return G_LIKELY (queue->generation == generation) || map_ring (queue, generation);
}

static bool
may_pop (VirtQueue *queue)
{
  return __atomic_load_n (&queue->live, __ATOMIC_ACQUIRE) && usable (queue);
}

/* ---- What devices call ---- */

void *
virtqueue_pop (VirtQueue *queue, size_t size)
{
  VirtqElement *element = NULL;
  g_mutex_lock (&queue->lock);
  if (may_pop (queue))
    element = is_packed (queue) ? virtq_packed_pop (queue, size) : virtq_split_pop (queue, size);
  g_mutex_unlock (&queue->lock);
  return element;
}

void
virtqueue_unpop (VirtQueue *queue, VirtqElement *element)
{
  g_mutex_lock (&queue->lock);
  if (virtq_element_epoch (element) == queue->epoch) {
    if (is_packed (queue))
      virtq_packed_unpop (queue, element);
    else
      virtq_split_unpop (queue);
  }
  g_mutex_unlock (&queue->lock);
}

static void
mark_written (VirtQueue *queue, const VirtqElement *element, uint64_t written)
{
  for (unsigned i = 0; i < element->n_in && written != 0; i++) {
    const uint64_t n = MIN (written, element->in[i].iov_len);
    virtq_written (queue, element->in_addr[i], n);
    written -= n;
  }
}

static void
fill_locked (VirtQueue *queue, VirtqElement *element, uint32_t written)
{
  mark_written (queue, element, written);
  if (virtq_element_epoch (element) != queue->epoch || !usable (queue))
    return;
  if (is_packed (queue))
    virtq_packed_fill (queue, element, written);
  else
    virtq_split_fill (queue, element, written);
}

static void
flush_locked (VirtQueue *queue)
{
  if (queue->filled == 0 || !usable (queue))
    return;
  if (is_packed (queue))
    virtq_packed_flush (queue);
  else
    virtq_split_flush (queue);
  queue->filled = 0;
  queue->unsignalled = true;
}

void
virtqueue_fill (VirtQueue *queue, VirtqElement *element, uint32_t written)
{
  g_mutex_lock (&queue->lock);
  fill_locked (queue, element, written);
  g_mutex_unlock (&queue->lock);
}

void
virtqueue_flush (VirtQueue *queue)
{
  g_mutex_lock (&queue->lock);
  flush_locked (queue);
  g_mutex_unlock (&queue->lock);
}

void
virtqueue_push (VirtQueue *queue, VirtqElement *element, uint32_t written)
{
  g_mutex_lock (&queue->lock);
  fill_locked (queue, element, written);
  flush_locked (queue);
  g_mutex_unlock (&queue->lock);
}

void
virtqueue_notify (VirtQueue *queue)
{
  VirtioDevice *vdev = queue->vdev;
  bool wanted = false;
  g_mutex_lock (&queue->lock);
  if (queue->unsignalled && usable (queue)) {
    queue->unsignalled = false;
    wanted = is_packed (queue) ? virtq_packed_wants_interrupt (queue) : virtq_split_wants_interrupt (queue);
  }
  g_mutex_unlock (&queue->lock);
  if (wanted && virtio_status (vdev) & VIRTIO_STATUS_DRIVER_OK)
    vdev->transport_ops->notify_queue (vdev->transport, queue->index);
}

void
virtqueue_disable_kick (VirtQueue *queue)
{
  g_mutex_lock (&queue->lock);
  if (!queue->kick_disabled && usable (queue)) {
    queue->kick_disabled = true;
    if (is_packed (queue))
      virtq_packed_disable_kick (queue);
    else
      virtq_split_disable_kick (queue);
  }
  g_mutex_unlock (&queue->lock);
}

bool
virtqueue_enable_kick (VirtQueue *queue)
{
  bool more = false;
  g_mutex_lock (&queue->lock);
  if (usable (queue)) {
    queue->kick_disabled = false;
    more = is_packed (queue) ? virtq_packed_enable_kick (queue) : virtq_split_enable_kick (queue);
  }
  more = more && may_pop (queue);
  g_mutex_unlock (&queue->lock);
  return more;
}

bool
virtqueue_has_room (VirtQueue *queue, uint64_t bytes)
{
  bool room = false;
  g_mutex_lock (&queue->lock);
  if (may_pop (queue))
    room = is_packed (queue) ? virtq_packed_has_room (queue, bytes) : virtq_split_has_room (queue, bytes);
  g_mutex_unlock (&queue->lock);
  return room;
}

/* ---- Saved state ---- */

void
virtq_save (VirtQueue *queue, GVariantBuilder *queues)
{
  g_mutex_lock (&queue->lock);
  g_variant_builder_add (queues, VIRTQ_STATE_TYPE, queue->enabled, queue->size, queue->desc.addr,
                         queue->driver.addr, queue->device.addr, queue->last_avail, queue->used,
                         queue->signalled, queue->signalled_valid, queue->avail_wrap, queue->used_wrap,
                         queue->kick_disabled);
  g_mutex_unlock (&queue->lock);
}

bool
virtq_load (VirtQueue *queue, GVariant *state, GError **error)
{
  gboolean enabled, signalled_valid, avail_wrap, used_wrap, kick_disabled;
  g_mutex_lock (&queue->lock);
  reset_locked (queue);
  g_variant_get (state, VIRTQ_STATE_TYPE, &enabled, &queue->size, &queue->desc.addr, &queue->driver.addr,
                 &queue->device.addr, &queue->last_avail, &queue->used, &queue->signalled, &signalled_valid,
                 &avail_wrap, &used_wrap, &kick_disabled);
  queue->avail = queue->last_avail;
  queue->signalled_valid = signalled_valid;
  queue->avail_wrap = avail_wrap;
  queue->used_wrap = used_wrap;
  queue->kick_disabled = kick_disabled;
  const bool outside = is_packed (queue) && (queue->last_avail >= queue->size || queue->used >= queue->size);
  const bool ok = !enabled || (impossible (queue) == NULL && !outside);
  __atomic_store_n (&queue->enabled, enabled && ok, __ATOMIC_RELEASE);
  g_mutex_unlock (&queue->lock);
  if (!ok)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s: the saved queue %u cannot be; the file is damaged", queue->vdev->dev.path,
                 queue->index);
  return ok;
}
