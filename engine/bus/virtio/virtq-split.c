/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Split virtqueues (§2.7): descriptor table, available ring, used ring. */

#include "virtio-internal.h"

#include <string.h>

static uint16_t
load16 (const __virtio16 *at)
{
  return GUINT16_FROM_LE (__atomic_load_n ((const uint16_t *)at, __ATOMIC_ACQUIRE));
}

static void
store16 (__virtio16 *at, uint16_t value)
{
  __atomic_store_n ((uint16_t *)at, GUINT16_TO_LE (value), __ATOMIC_RELEASE);
}

static struct vring_avail *
avail_ring (const VirtQueue *queue)
{
  return (struct vring_avail *)queue->driver.host;
}

static struct vring_used *
used_ring (const VirtQueue *queue)
{
  return (struct vring_used *)queue->device.host;
}

/* Asks the driver to notify when it makes the buffer after number `index` available. */
static void
set_avail_event (VirtQueue *queue, uint16_t index)
{
  struct vring_used *used = used_ring (queue);
  store16 ((__virtio16 *)&used->ring[queue->size], index);
  virtq_area_written (&queue->device, offsetof (struct vring_used, ring) + 8 * queue->size, 2);
}

static bool
wants_event (const VirtQueue *queue)
{
  return !queue->kick_disabled && virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX);
}

/* Whether there is a buffer number `at`, when all before it are known to be there. */
static bool
is_available (VirtQueue *queue, uint16_t at)
{
  if (queue->avail != at)
    return true;
  queue->avail = load16 (&avail_ring (queue)->idx);
  if (queue->avail == at && wants_event (queue)) {
    /* The driver may have read the event index before it was set, and will not notify. */
    set_avail_event (queue, at);
    __atomic_thread_fence (__ATOMIC_SEQ_CST);
    queue->avail = load16 (&avail_ring (queue)->idx);
  }
  if ((uint16_t)(queue->avail - queue->last_avail) > queue->size) {
    queue->avail = at;
    return virtq_no_element (queue, "the available index jumped");
  }
  return queue->avail != at;
}

/* Where a chain's descriptors are: the queue's table or an indirect one. */
typedef struct {
  uint64_t addr;       /* guest physical */
  const uint8_t *host; /* NULL: not contiguous in the host */
  unsigned n;
  bool indirect;
} Table;

static bool
read_desc (VirtQueue *queue, const Table *table, unsigned index, struct vring_desc *ret)
{
  const size_t offset = index * sizeof *ret;
  if (table->host != NULL)
    memcpy (ret, table->host + offset, sizeof *ret);
  else if (memory_dma_read (queue->vdev->map, table->addr + offset, ret, sizeof *ret) != MEMORY_OK)
    return virtq_no_element (queue, "an indirect descriptor is not in RAM");
  /* The driver may change it at any time; what was checked is what is used. */
  __asm__ volatile ("" ::: "memory");
  ret->addr = GUINT64_FROM_LE (ret->addr);
  ret->len = GUINT32_FROM_LE (ret->len);
  ret->flags = GUINT16_FROM_LE (ret->flags);
  ret->next = GUINT16_FROM_LE (ret->next);
  return true;
}

static bool
enter_indirect (VirtQueue *queue, const struct vring_desc *desc, Table *table)
{
  if (table->indirect || !virtio_has (queue->vdev, VIRTIO_F_INDIRECT_DESC) || desc->flags & VRING_DESC_F_NEXT)
    return virtq_no_element (queue, "an indirect descriptor where none may be");
  if (desc->len == 0 || desc->len % sizeof *desc != 0 || desc->len > UINT64_MAX - desc->addr)
    return virtq_no_element (queue, "an indirect table of an impossible size");
  uint64_t n;
  const void *host = virtq_map (queue, desc->addr, desc->len, false, &n);
  if (host == NULL)
    return virtq_no_element (queue, "an indirect table is not in RAM");
  /* Indices have 16 bits. */
  *table = (Table){ .addr = desc->addr,
                    .host = n == desc->len ? host : NULL,
                    .n = MIN (desc->len / 16, 65536),
                    .indirect = true };
  return true;
}

/* Collects the segments of the chain that begins at `head`. */
static bool
read_chain (VirtQueue *queue, unsigned head)
{
  Table table = { .addr = queue->desc.addr, .host = queue->desc.host, .n = queue->size };
  unsigned index = head, length = 0;
  virtq_begin (queue);
  for (;;) {
    struct vring_desc desc;
    if (index >= table.n)
      return virtq_no_element (queue, "a descriptor's index is beyond the table");
    if (length++ == MIN (table.n, VIRTQ_MAX_SEGMENTS))
      return virtq_no_element (queue, "a chain of descriptors is too long, or a loop");
    if (!read_desc (queue, &table, index, &desc))
      return false;
    if (desc.flags & VRING_DESC_F_INDIRECT) {
      if (!enter_indirect (queue, &desc, &table))
        return false;
      index = length = 0;
      continue;
    }
    if (!virtq_add (queue, desc.addr, desc.len, desc.flags & VRING_DESC_F_WRITE))
      return false;
    if (!(desc.flags & VRING_DESC_F_NEXT))
      return true;
    index = desc.next;
  }
}

static unsigned
head_at (const VirtQueue *queue, uint16_t position)
{
  return load16 (&avail_ring (queue)->ring[position & (queue->size - 1)]);
}

VirtqElement *
virtq_split_pop (VirtQueue *queue, size_t size)
{
  if (!is_available (queue, queue->last_avail))
    return NULL;
  if (queue->in_use >= queue->size)
    return virtq_no_element (queue, "more buffers are available than it has descriptors");
  const unsigned head = head_at (queue, queue->last_avail);
  if (!read_chain (queue, head))
    return NULL;
  queue->last_avail++;
  queue->in_use++;
  if (wants_event (queue))
    set_avail_event (queue, queue->last_avail);
  return virtq_finish (queue, size, head, 1);
}

void
virtq_split_unpop (VirtQueue *queue)
{
  queue->last_avail--;
  queue->in_use--;
}

void
virtq_split_fill (VirtQueue *queue, const VirtqElement *element, uint32_t written)
{
  const unsigned slot = (uint16_t)(queue->used + queue->filled) & (queue->size - 1);
  struct vring_used_elem *used = &used_ring (queue)->ring[slot];
  used->id = GUINT32_TO_LE (element->head);
  used->len = GUINT32_TO_LE (written);
  virtq_area_written (&queue->device, offsetof (struct vring_used, ring) + 8 * slot, 8);
  queue->filled++;
  queue->in_use--;
}

void
virtq_split_flush (VirtQueue *queue)
{
  const uint16_t old = queue->used;
  queue->used = (uint16_t)(old + queue->filled);
  store16 (&used_ring (queue)->idx, queue->used);
  virtq_area_written (&queue->device, offsetof (struct vring_used, idx), 2);
  /* Passed all around without telling: the event index says nothing any more. */
  if ((uint16_t)(queue->used - queue->signalled) < queue->filled)
    queue->signalled_valid = false;
}

bool
virtq_split_wants_interrupt (VirtQueue *queue)
{
  /* The used index must be seen before the driver's wish is read. */
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  if (!virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX))
    return !(load16 (&avail_ring (queue)->flags) & VRING_AVAIL_F_NO_INTERRUPT);
  const uint16_t event = load16 (&avail_ring (queue)->ring[queue->size]);
  const bool told = queue->signalled_valid;
  const uint16_t old = queue->signalled;
  queue->signalled = queue->used;
  queue->signalled_valid = true;
  return !told || vring_need_event (event, queue->used, old);
}

static void
set_used_flags (VirtQueue *queue, uint16_t flags)
{
  store16 (&used_ring (queue)->flags, flags);
  virtq_area_written (&queue->device, offsetof (struct vring_used, flags), 2);
}

void
virtq_split_disable_kick (VirtQueue *queue)
{
  /* With event indices it is enough not to move the index. */
  if (!virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX))
    set_used_flags (queue, VRING_USED_F_NO_NOTIFY);
}

bool
virtq_split_enable_kick (VirtQueue *queue)
{
  if (virtio_has (queue->vdev, VIRTIO_F_EVENT_IDX))
    set_avail_event (queue, queue->last_avail);
  else
    set_used_flags (queue, 0);
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return is_available (queue, queue->last_avail);
}

bool
virtq_split_has_room (VirtQueue *queue, uint64_t bytes)
{
  uint64_t room = 0;
  for (uint16_t at = queue->last_avail; room < bytes; at++) {
    if (!is_available (queue, at))
      return false;
    if ((uint16_t)(at - queue->last_avail) >= queue->size)
      return virtq_no_element (queue, "more buffers are available than it has descriptors");
    if (!read_chain (queue, head_at (queue, at)))
      return false;
    room += queue->in_size;
  }
  return true;
}
