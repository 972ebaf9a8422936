/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A ring buffer in memory: keeps what was written last, for whoever asks later. */

#include "chardev-private.h"

#include <gio/gio.h>
#include <inttypes.h>

typedef struct {
  Chardev chr; /* must be first */
  uint8_t *bytes;
  size_t size; /* a power of two */
  size_t produced, consumed;
} RingChardev;

static bool
ring_open (Chardev *chr, Keyval *kv, GError **error)
{
  RingChardev *ring = (RingChardev *)chr;
  uint64_t size;
  if (!keyval_get_size (kv, "size", 64 * 1024, &size, error))
    return false;
  if (size == 0 || size > 1 << 30 || (size & (size - 1))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "size: %" PRIu64 " bytes are not a power of two of at most 1G", size);
    return false;
  }
  ring->size = size;
  ring->bytes = g_malloc (size);
  chr->connected = true;
  return true;
}

static void
ring_close (Chardev *chr)
{
  g_free (((RingChardev *)chr)->bytes);
}

static void
ring_write (Chardev *chr, const uint8_t *data, size_t size)
{
  RingChardev *ring = (RingChardev *)chr;
  g_mutex_lock (&chr->lock);
  for (size_t i = 0; i < size; i++)
    ring->bytes[ring->produced++ & (ring->size - 1)] = data[i];
  if (ring->produced - ring->consumed > ring->size)
    ring->consumed = ring->produced - ring->size;
  g_mutex_unlock (&chr->lock);
}

bool
chardev_is_ringbuf (const Chardev *chr)
{
  return chr->kind == &chardev_ringbuf || chr->kind == &chardev_vc;
}

GBytes *
chardev_ringbuf_read (Chardev *chr, size_t max)
{
  RingChardev *ring = (RingChardev *)chr;
  g_return_val_if_fail (chardev_is_ringbuf (chr), NULL);
  g_mutex_lock (&chr->lock);
  const size_t n = MIN (max, ring->produced - ring->consumed);
  uint8_t *copy = g_malloc (n ? n : 1);
  for (size_t i = 0; i < n; i++)
    copy[i] = ring->bytes[ring->consumed++ & (ring->size - 1)];
  g_mutex_unlock (&chr->lock);
  return g_bytes_new_take (copy, n);
}

bool
chardev_ringbuf_send (Chardev *chr, const uint8_t *data, size_t size)
{
  g_return_val_if_fail (chardev_is_ringbuf (chr), false);
  if (chardev_room (chr) < size)
    return false;
  chr->frontend.receive (chr->opaque, data, size);
  return true;
}

const ChardevKind chardev_ringbuf = { "ringbuf", sizeof (RingChardev), ring_open, ring_close,
                                      .write = ring_write };
/* A console in a window: without windows, the same memory. */
const ChardevKind chardev_vc = { "vc", sizeof (RingChardev), ring_open, ring_close, .write = ring_write };
