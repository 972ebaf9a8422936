/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio-rng.h"
#include "rng-backend.h"
#include "virtio.h"

#include <gio/gio.h>

/* The most that one buffer gets; the driver takes less than it has room for. */
#define FILL_MAX (64u << 10)
/* Buffers taken before the thread's other sources have their turn. */
#define HANDLER_BUFFERS 256
/* How soon a source that had nothing is asked again. */
#define RETRY_MS 50

typedef struct {
  VirtioDevice vdev;
  VirtQueue *queue;
  uint64_t left;  /* bytes of this period; the queue's thread */
  GSource *timer; /* until the next period, when there are none left; the queue's thread */
  GSource *retry; /* until the source is asked again; the queue's thread */
  RngBackend *source;
  /* Properties. */
  char *rng;
  uint64_t max_bytes;
  uint32_t period;
} VirtioRng;

static bool
limited (const VirtioRng *rng)
{
  return rng->max_bytes <= INT64_MAX - 1;
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
drop_timers (void *opaque)
{
  VirtioRng *rng = opaque;
  drop_source (&rng->timer);
  drop_source (&rng->retry);
}

static gboolean
next_period (gpointer data)
{
  VirtioRng *rng = data;
  rng->left = rng->max_bytes;
  drop_source (&rng->timer);
  virtqueue_schedule (rng->queue);
  return G_SOURCE_REMOVE;
}

static gboolean
ask_again (gpointer data)
{
  VirtioRng *rng = data;
  drop_source (&rng->retry);
  virtqueue_schedule (rng->queue);
  return G_SOURCE_REMOVE;
}

/* The source has nothing for a buffer that is there. */
static void
ask_again_soon (VirtioRng *rng)
{
  if (rng->retry != NULL)
    return;
  rng->retry = g_timeout_source_new (RETRY_MS);
  g_source_set_callback (rng->retry, ask_again, rng, NULL);
  g_source_attach (rng->retry, iothread_context (virtqueue_iothread (rng->queue)));
}

/* A period begins with its first byte. */
static void
begin_period (VirtioRng *rng)
{
  if (rng->timer != NULL)
    return;
  rng->timer = g_timeout_source_new (rng->period);
  g_source_set_callback (rng->timer, next_period, rng, NULL);
  g_source_attach (rng->timer, iothread_context (virtqueue_iothread (rng->queue)));
}

static uint32_t
fill_buffer (VirtioRng *rng, const VirtqElement *e)
{
  uint64_t wanted = MIN (e->in_size, FILL_MAX);
  uint32_t done = 0;
  if (limited (rng))
    wanted = MIN (wanted, rng->left);
  for (unsigned i = 0; i < e->n_in && done < wanted; i++) {
    const size_t part = MIN (e->in[i].iov_len, wanted - done);
    const size_t n = rng_backend_read (rng->source, e->in[i].iov_base, part);
    done += (uint32_t)n;
    if (n < part)
      break;
  }
  if (limited (rng) && done > 0) {
    rng->left -= done;
    begin_period (rng);
  }
  return done;
}

static void
rng_handle (VirtioDevice *vdev, VirtQueue *queue)
{
  VirtioRng *rng = (VirtioRng *)vdev;
  VirtqElement *e;
  unsigned n = 0;
  while (n < HANDLER_BUFFERS && !(limited (rng) && rng->left == 0) &&
         (e = virtqueue_pop (queue, sizeof *e)) != NULL) {
    if (e->in_size == 0)
      device_guest_error (&vdev->dev, "a buffer without room");
    const uint32_t done = fill_buffer (rng, e);
    if (done == 0 && e->in_size != 0) {
      virtqueue_unpop (queue, e);
      virtqueue_element_free (e);
      virtqueue_notify (queue);
      ask_again_soon (rng);
      return;
    }
    virtqueue_push (queue, e, done);
    virtqueue_element_free (e);
    n++;
  }
  virtqueue_notify (queue);
  if (n == HANDLER_BUFFERS || (n != 0 && virtqueue_enable_kick (queue)))
    virtqueue_schedule (queue);
}

static void
rng_running (VirtioDevice *vdev, bool running)
{
  VirtioRng *rng = (VirtioRng *)vdev;
  if (!running)
    iothread_run_sync (virtqueue_iothread (rng->queue), drop_timers, rng);
  rng->left = rng->max_bytes;
}

static const VirtioClass rng_virtio = {
  .id = 4, .name = "virtio-rng", .pci_class = 0x00ff, .running = rng_running
};

static void
rng_init (Device *dev)
{
  virtio_init ((VirtioDevice *)dev, &rng_virtio);
}

static bool
rng_realize (Device *dev, GError **error)
{
  VirtioRng *rng = (VirtioRng *)dev;
  if (rng->max_bytes == 0 || rng->period == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s (%s): %s must not be 0; leave it out for bytes without limit", dev->path,
                 dev->class->name, rng->period == 0 ? "period" : "max-bytes");
    return false;
  }
  rng->source = rng->rng ? rng_backend_find (rng->rng) : rng_backend_builtin ();
  if (rng->source == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s (%s): there is no source '%s'; declare it with -object rng-builtin,id=%s or "
                 "rng-random,id=%s,filename=/dev/urandom",
                 dev->path, dev->class->name, rng->rng, rng->rng, rng->rng);
    return false;
  }
  rng->queue = virtio_add_queue (&rng->vdev, 8, rng_handle);
  return true;
}

static const DeviceProp rng_props[] = {
  { "rng", DEVICE_PROP_BACKEND, offsetof (VirtioRng, rng),
    .help = "id of an -object rng-random or rng-builtin (default: the host kernel's generator)" },
  { "max-bytes", DEVICE_PROP_UINT64, offsetof (VirtioRng, max_bytes), .initial = INT64_MAX, .max = INT64_MAX,
    .help = "bytes the guest gets in a period (default: no limit)" },
  { "period", DEVICE_PROP_UINT32, offsetof (VirtioRng, period), .initial = 65536,
    .help = "milliseconds of a period" },
  { NULL },
};

static const DeviceClass rng_class = {
  .name = "virtio-rng-device",
  .bus = "virtio-bus",
  .category = "Misc devices",
  .help = "virtio entropy source",
  .size = sizeof (VirtioRng),
  .base = &virtio_device_class,
  .props = rng_props,
  .init = rng_init,
  .realize = rng_realize,
  .user_creatable = true,
};

void
virtio_rng_register (void)
{
  virtio_register (&rng_class, &rng_virtio);
}
