/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Packed virtqueues (§2.8): one ring of descriptors, which the device overwrites, and two event structures.
 */

#include "virtio-internal.h"

#include <string.h>

#define FLAG_AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define FLAG_USED  (1 << VRING_PACKED_DESC_F_USED)

/* A place in the ring. */
typedef struct {
  unsigned index;
  bool wrap;
} Position;

static uint16_t
load16 (const __le16 *at)
{
  return GUINT16_FROM_LE (__atomic_load_n ((const uint16_t *)at, __ATOMIC_ACQUIRE));
}

static void
store16 (__le16 *at, uint16_t value)
{
  __atomic_store_n ((uint16_t *)at, GUINT16_TO_LE (value), __ATOMIC_RELEASE);
}

static struct vring_packed_desc *
ring (const VirtQueue *queue)
{
  return (struct vring_packed_desc *)queue->desc.host;
}

static Position
advance (const VirtQueue *queue, Position at, unsigned n)
{
  at.index += n;
  if (at.index >= queue->size) {
    at.index -= queue->size;
    at.wrap = !at.wrap;
  }
  return at;
}

static Position
next_avail (const VirtQueue *queue)
{
  return (Position){ queue->last_avail, queue->avail_wrap };
}

static bool
is_available (const VirtQueue *queue, Position at)
{
  const uint16_t flags = load16 (&ring (queue)[at.index].flags);
  return !!(flags & FLAG_AVAIL) == at.wrap && !!(flags & FLAG_USED) != at.wrap;
}

static bool
has_event_idx (const VirtQueue *queue)
{
  return virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX);
}

/* Asks the driver to notify when it makes the descriptor at this place available. */
static void
set_avail_event (VirtQueue *queue, Position at)
{
  struct vring_packed_desc_event *event = (struct vring_packed_desc_event *)queue->device.host;
  store16 (&event->off_wrap, (uint16_t)(at.index | at.wrap << VRING_PACKED_EVENT_F_WRAP_CTR));
  virtq_area_written (&queue->device, 0, sizeof *event);
}

static void
set_event_flags (VirtQueue *queue, uint16_t flags)
{
  struct vring_packed_desc_event *event = (struct vring_packed_desc_event *)queue->device.host;
  store16 (&event->flags, flags);
  virtq_area_written (&queue->device, 0, sizeof *event);
}

static bool
look (VirtQueue *queue, Position at)
{
  if (is_available (queue, at))
    return true;
  if (queue->kick_disabled || !has_event_idx (queue))
    return false;
  /* The driver may have read the event before it was set, and will not notify. */
  set_avail_event (queue, at);
  set_event_flags (queue, VRING_PACKED_EVENT_FLAG_DESC);
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return is_available (queue, at);
}

/* What was checked is what is used, whatever the driver does meanwhile. */
static void
take_desc (struct vring_packed_desc *desc)
{
  __asm__ volatile ("" ::: "memory");
  desc->addr = GUINT64_FROM_LE (desc->addr);
  desc->len = GUINT32_FROM_LE (desc->len);
  desc->id = GUINT16_FROM_LE (desc->id);
  desc->flags = GUINT16_FROM_LE (desc->flags);
}

static bool
read_indirect (VirtQueue *queue, uint64_t addr, uint32_t size)
{
  struct vring_packed_desc desc;
  if (!virtio_has (queue->vdev, VIRTIO_F_INDIRECT_DESC))
    return virtq_no_element (queue, "an indirect descriptor, which was not negotiated");
  if (size == 0 || size % sizeof desc != 0 || size > UINT64_MAX - addr ||
      size / sizeof desc > VIRTQ_MAX_SEGMENTS)
    return virtq_no_element (queue, "an indirect table of an impossible size");
  uint64_t n;
  const uint8_t *host = virtq_map (queue, addr, size, false, &n);
  for (uint32_t offset = 0; offset < size; offset += sizeof desc) {
    if (host != NULL && offset + sizeof desc <= n)
      memcpy (&desc, host + offset, sizeof desc);
    else if (memory_dma_read (queue->vdev->map, addr + offset, &desc, sizeof desc) != MEMORY_OK)
      return virtq_no_element (queue, "an indirect descriptor is not in RAM");
    take_desc (&desc);
    if (desc.flags & VRING_DESC_F_INDIRECT)
      return virtq_no_element (queue, "an indirect table inside another");
    if (!virtq_add (queue, desc.addr, desc.len, desc.flags & VRING_DESC_F_WRITE))
      return false;
  }
  return true;
}

/* Collects the segments of the buffer at `at`; how many descriptors it takes, or 0: broken. */
static unsigned
read_buffer (VirtQueue *queue, Position at, unsigned limit, uint16_t *ret_id)
{
  unsigned n = 0;
  virtq_begin (queue);
  for (;;) {
    if (n == limit) {
      virtq_no_element (queue, "more descriptors are available than it has");
      return 0;
    }
    struct vring_packed_desc desc = ring (queue)[at.index];
    take_desc (&desc);
    n++;
    if (desc.flags & VRING_DESC_F_INDIRECT) {
      if (n > 1 || desc.flags & VRING_DESC_F_NEXT) {
        virtq_no_element (queue, "an indirect descriptor in a chain");
        return 0;
      }
      if (!read_indirect (queue, desc.addr, desc.len))
        return 0;
    } else if (!virtq_add (queue, desc.addr, desc.len, desc.flags & VRING_DESC_F_WRITE)) {
      return 0;
    }
    *ret_id = desc.id; /* the last one's counts */
    if (!(desc.flags & VRING_DESC_F_NEXT))
      return n;
    at = advance (queue, at, 1);
  }
}

VirtqElement *
virtq_packed_pop (VirtQueue *queue, size_t size)
{
  const Position at = next_avail (queue);
  uint16_t id;
  if (!look (queue, at))
    return NULL;
  const unsigned n = read_buffer (queue, at, queue->size - queue->in_use, &id);
  if (n == 0)
    return NULL;
  const Position next = advance (queue, at, n);
  queue->last_avail = (uint16_t)next.index;
  queue->avail_wrap = next.wrap;
  queue->in_use += n;
  if (!queue->kick_disabled && has_event_idx (queue))
    set_avail_event (queue, next);
  return virtq_finish (queue, size, id, n);
}

void
virtq_packed_unpop (VirtQueue *queue, const VirtqElement *element)
{
  unsigned index = queue->last_avail;
  if (index < element->n_descs) {
    index += queue->size;
    queue->avail_wrap = !queue->avail_wrap;
  }
  queue->last_avail = (uint16_t)(index - element->n_descs);
  queue->in_use -= element->n_descs;
}

void
virtq_packed_fill (VirtQueue *queue, const VirtqElement *element, uint32_t written)
{
  const Position at = advance (queue, (Position){ queue->used, queue->used_wrap }, queue->filled);
  struct vring_packed_desc *desc = &ring (queue)[at.index];
  uint16_t flags = at.wrap ? FLAG_AVAIL | FLAG_USED : 0;
  if (written != 0)
    flags |= VRING_DESC_F_WRITE;
  desc->id = GUINT16_TO_LE ((uint16_t)element->head);
  desc->len = GUINT32_TO_LE (written);
  /* The driver looks at the first one first: with it all become visible. */
  if (queue->filled == 0)
    queue->first_flags = flags;
  else
    store16 (&desc->flags, flags);
  virtq_area_written (&queue->desc, at.index * sizeof *desc, sizeof *desc);
  queue->filled += element->n_descs;
  queue->in_use -= element->n_descs;
}

void
virtq_packed_flush (VirtQueue *queue)
{
  store16 (&ring (queue)[queue->used].flags, queue->first_flags);
  virtq_area_written (&queue->desc, queue->used * sizeof (struct vring_packed_desc),
                      sizeof (struct vring_packed_desc));
  const Position next = advance (queue, (Position){ queue->used, queue->used_wrap }, queue->filled);
  /* `signalled` is counted from the start of the present round. */
  if (next.wrap != queue->used_wrap)
    queue->signalled = (uint16_t)(queue->signalled - queue->size);
  queue->used = (uint16_t)next.index;
  queue->used_wrap = next.wrap;
  if ((uint16_t)(queue->used - queue->signalled) > queue->size)
    queue->signalled_valid = false;
}

bool
virtq_packed_wants_interrupt (VirtQueue *queue)
{
  const struct vring_packed_desc_event *event = (const struct vring_packed_desc_event *)queue->driver.host;
  /* The used descriptors must be seen before the driver's wish is read. */
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  const uint16_t flags = load16 (&event->flags) & 3;
  const uint16_t off_wrap = load16 (&event->off_wrap);
  const bool told = queue->signalled_valid;
  const uint16_t old = queue->signalled;
  queue->signalled = queue->used;
  queue->signalled_valid = true;
  if (flags != VRING_PACKED_EVENT_FLAG_DESC || !has_event_idx (queue))
    return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
  uint16_t offset = off_wrap & ((1 << VRING_PACKED_EVENT_F_WRAP_CTR) - 1);
  if (off_wrap >> VRING_PACKED_EVENT_F_WRAP_CTR != queue->used_wrap)
    offset = (uint16_t)(offset - queue->size);
  return !told || vring_need_event (offset, queue->used, old);
}

void
virtq_packed_disable_kick (VirtQueue *queue)
{
  set_event_flags (queue, VRING_PACKED_EVENT_FLAG_DISABLE);
}

bool
virtq_packed_enable_kick (VirtQueue *queue)
{
  if (has_event_idx (queue)) {
    set_avail_event (queue, next_avail (queue));
    set_event_flags (queue, VRING_PACKED_EVENT_FLAG_DESC);
  } else {
    set_event_flags (queue, VRING_PACKED_EVENT_FLAG_ENABLE);
  }
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return is_available (queue, next_avail (queue));
}

bool
virtq_packed_has_room (VirtQueue *queue, uint64_t bytes)
{
  Position at = next_avail (queue);
  unsigned left = queue->size - queue->in_use;
  uint64_t room = 0;
  uint16_t id;
  while (room < bytes) {
    if (left == 0 || !look (queue, at))
      return false;
    const unsigned n = read_buffer (queue, at, left, &id);
    if (n == 0)
      return false;
    room += queue->in_size;
    left -= n;
    at = advance (queue, at, n);
  }
  return true;
}
