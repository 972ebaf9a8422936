/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The driver's side of split and packed rings. */

#include "guest.h"

#include <linux/virtio_ring.h>
#include <string.h>

#define AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define USED  (1 << VRING_PACKED_DESC_F_USED)

static uint16_t
load16 (Ring *ring, uint64_t addr)
{
  return __atomic_load_n ((uint16_t *)guest_host (ring->guest, addr), __ATOMIC_ACQUIRE);
}

static void
store16 (Ring *ring, uint64_t addr, uint16_t value)
{
  __atomic_store_n ((uint16_t *)guest_host (ring->guest, addr), value, __ATOMIC_RELEASE);
}

static struct vring_desc *
split_desc (Ring *ring, unsigned i)
{
  return (struct vring_desc *)guest_host (ring->guest, ring->desc) + i;
}

static struct vring_packed_desc *
packed_desc (Ring *ring, unsigned i)
{
  return (struct vring_packed_desc *)guest_host (ring->guest, ring->desc) + i;
}

void
ring_open (Ring *ring, Guest *guest, unsigned queue, unsigned size, RingForm form)
{
  *ring = (Ring){ .guest = guest, .queue = queue, .size = size, .form = form, .n_free = size };
  ring->desc = guest_alloc (guest, 16 * size, 16);
  ring->driver = guest_alloc (guest, form.packed ? 4 : 6 + 2 * size, form.packed ? 4 : 2);
  ring->device = guest_alloc (guest, form.packed ? 4 : 6 + 8 * size, 4);
  memset (guest_host (guest, ring->desc), 0, ring->device + 4 - ring->desc);
  if (form.indirect)
    ring->indirect_tables = guest_alloc (guest, 16 * RING_INDIRECT * size, 16);
  ring->next_free = g_new (uint16_t, size);
  ring->n_descs = g_new0 (uint16_t, size);
  ring->cookies = g_new0 (void *, size);
  for (unsigned i = 0; i < size; i++)
    ring->next_free[i] = (uint16_t)(i + 1);
  ring->avail_wrap = ring->used_wrap = true;
  guest_set_queue (guest, queue, size, ring->desc, ring->driver, ring->device);
}

void
ring_close (Ring *ring)
{
  g_free (ring->next_free);
  g_free (ring->n_descs);
  g_free (ring->cookies);
}

static uint16_t
take_free (Ring *ring)
{
  const uint16_t id = ring->free_head;
  ring->free_head = ring->next_free[id];
  return id;
}

/* An indirect table for the request `id`: the same layout but for who links and who has ids. */
static uint64_t
fill_indirect (Ring *ring, uint16_t id, const Segment *segments, unsigned n_out, unsigned n)
{
  const uint64_t table = ring->indirect_tables + 16 * RING_INDIRECT * id;
  g_assert_cmpuint (n, <=, RING_INDIRECT);
  for (unsigned i = 0; i < n; i++) {
    const uint16_t flags = i >= n_out ? VRING_DESC_F_WRITE : 0;
    if (ring->form.packed)
      ((struct vring_packed_desc *)guest_host (ring->guest, table))[i] =
          (struct vring_packed_desc){ segments[i].addr, segments[i].size, 0, flags };
    else
      ((struct vring_desc *)guest_host (ring->guest, table))[i] =
          (struct vring_desc){ segments[i].addr, segments[i].size,
                               flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0), (uint16_t)(i + 1) };
  }
  return table;
}

static void
add_split (Ring *ring, const Segment *segments, unsigned n_out, unsigned n, bool indirect, void *cookie)
{
  const uint16_t head = ring->free_head;
  if (indirect) {
    take_free (ring);
    *split_desc (ring, head) = (struct vring_desc){ fill_indirect (ring, head, segments, n_out, n), 16 * n,
                                                    VRING_DESC_F_INDIRECT, 0 };
  }
  for (unsigned i = 0; !indirect && i < n; i++) {
    const uint16_t at = take_free (ring);
    const uint16_t flags = (i >= n_out ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
    *split_desc (ring, at) =
        (struct vring_desc){ segments[i].addr, segments[i].size, flags, ring->free_head };
  }
  ring->n_descs[head] = indirect ? 1 : (uint16_t)n;
  ring->cookies[head] = cookie;
  store16 (ring, ring->driver + 4 + 2 * (ring->avail % ring->size), head);
  ring->avail++;
  store16 (ring, ring->driver + 2, ring->avail);
}

static void
add_packed (Ring *ring, const Segment *segments, unsigned n_out, unsigned n, bool indirect, void *cookie)
{
  const uint16_t id = take_free (ring);
  const unsigned first = ring->avail, count = indirect ? 1 : n;
  uint16_t first_flags = 0;
  for (unsigned i = 0; i < count; i++) {
    struct vring_packed_desc *desc = packed_desc (ring, ring->avail);
    uint16_t flags = ring->avail_wrap ? AVAIL : USED;
    if (indirect) {
      desc->addr = fill_indirect (ring, id, segments, n_out, n);
      desc->len = 16 * n;
      flags |= VRING_DESC_F_INDIRECT;
    } else {
      desc->addr = segments[i].addr;
      desc->len = segments[i].size;
      flags |= (i >= n_out ? VRING_DESC_F_WRITE : 0) | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
    }
    desc->id = id;
    if (i == 0)
      first_flags = flags;
    else
      desc->flags = flags;
    if (++ring->avail == ring->size) {
      ring->avail = 0;
      ring->avail_wrap = !ring->avail_wrap;
    }
  }
  ring->n_descs[id] = (uint16_t)count;
  ring->cookies[id] = cookie;
  __atomic_store_n ((uint16_t *)&packed_desc (ring, first)->flags, first_flags, __ATOMIC_RELEASE);
}

bool
ring_add (Ring *ring, const Segment *segments, unsigned n_out, unsigned n_in, void *cookie)
{
  const unsigned n = n_out + n_in;
  const bool indirect = ring->form.indirect && n > 1;
  const unsigned count = indirect ? 1 : n;
  if (count > ring->n_free)
    return false;
  ring->n_free -= count;
  if (ring->form.packed)
    add_packed (ring, segments, n_out, n, indirect, cookie);
  else
    add_split (ring, segments, n_out, n, indirect, cookie);
  ring->added += count;
  return true;
}

static bool
packed_wants_kick (Ring *ring)
{
  const uint16_t flags = load16 (ring, ring->device + 2), off_wrap = load16 (ring, ring->device);
  if (flags != VRING_PACKED_EVENT_FLAG_DESC)
    return flags == VRING_PACKED_EVENT_FLAG_ENABLE;
  uint16_t event = off_wrap & 0x7fff;
  if (off_wrap >> 15 != ring->avail_wrap)
    event = (uint16_t)(event - ring->size);
  return vring_need_event (event, ring->avail, (uint16_t)(ring->avail - ring->added));
}

void
ring_kick (Ring *ring)
{
  bool wanted;
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  if (ring->form.packed)
    wanted = packed_wants_kick (ring);
  else if (ring->form.event_idx)
    wanted = vring_need_event (load16 (ring, ring->device + 4 + 8 * ring->size), ring->avail, ring->told);
  else
    wanted = !(load16 (ring, ring->device) & VRING_USED_F_NO_NOTIFY);
  ring->told = ring->avail;
  ring->added = 0;
  if (wanted)
    guest_notify (ring->guest, ring->queue);
}

static void *
finish (Ring *ring, uint32_t id)
{
  g_assert_cmpuint (id, <, ring->size);
  g_assert_cmpuint (ring->n_descs[id], !=, 0);
  void *cookie = ring->cookies[id];
  ring->n_free += ring->n_descs[id];
  /* Of a split ring the whole chain goes back, whose links are still in next_free. */
  uint16_t last = (uint16_t)id;
  for (unsigned i = 1; !ring->form.packed && i < ring->n_descs[id]; i++)
    last = ring->next_free[last];
  ring->next_free[last] = ring->free_head;
  ring->free_head = (uint16_t)id;
  ring->n_descs[id] = 0;
  return cookie;
}

static bool
has_used (Ring *ring)
{
  if (!ring->form.packed)
    return load16 (ring, ring->device + 2) != ring->used;
  const uint16_t flags =
      __atomic_load_n ((uint16_t *)&packed_desc (ring, ring->used)->flags, __ATOMIC_ACQUIRE);
  return !!(flags & AVAIL) == ring->used_wrap && !!(flags & USED) == ring->used_wrap;
}

void *
ring_get (Ring *ring, uint32_t *ret_written)
{
  if (!has_used (ring))
    return NULL;
  if (!ring->form.packed) {
    const struct vring_used *used = (const struct vring_used *)guest_host (ring->guest, ring->device);
    const struct vring_used_elem *elem = &used->ring[ring->used % ring->size];
    ring->used++;
    *ret_written = elem->len;
    return finish (ring, elem->id);
  }
  const struct vring_packed_desc *desc = packed_desc (ring, ring->used);
  *ret_written = desc->flags & VRING_DESC_F_WRITE ? desc->len : 0;
  const uint16_t id = desc->id;
  ring->used = (uint16_t)(ring->used + ring->n_descs[id]);
  if (ring->used >= ring->size) {
    ring->used = (uint16_t)(ring->used - ring->size);
    ring->used_wrap = !ring->used_wrap;
  }
  return finish (ring, id);
}

bool
ring_arm (Ring *ring)
{
  if (ring->form.packed && ring->form.event_idx) {
    store16 (ring, ring->driver, (uint16_t)(ring->used | ring->used_wrap << 15));
    store16 (ring, ring->driver + 2, VRING_PACKED_EVENT_FLAG_DESC);
  } else if (ring->form.packed) {
    store16 (ring, ring->driver + 2, VRING_PACKED_EVENT_FLAG_ENABLE);
  } else if (ring->form.event_idx) {
    store16 (ring, ring->driver + 4 + 2 * ring->size, ring->used);
  } else {
    store16 (ring, ring->driver, 0);
  }
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return has_used (ring);
}

void *
ring_await (Ring *ring, uint32_t *ret_written)
{
  unsigned seen = guest_interrupts (ring->guest);
  for (;;) {
    void *cookie = ring_get (ring, ret_written);
    if (cookie != NULL)
      return cookie;
    if (!ring_arm (ring))
      seen = guest_wait (ring->guest, seen);
  }
}
