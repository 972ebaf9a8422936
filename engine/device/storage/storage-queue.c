/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Completions: gathered as long as there are more to come at once, so that the driver is interrupted once for
 * many. */

#include "storage.h"

typedef struct {
  GSource source;
  StorageQueue *queue;
} Flusher;

static gboolean
flusher_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return ((Flusher *)source)->queue->filled != 0;
}

static gboolean
flusher_check (GSource *source)
{
  return ((Flusher *)source)->queue->filled != 0;
}

static gboolean
flusher_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  storage_queue_flush (((Flusher *)source)->queue);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs flusher_funcs = { .prepare = flusher_prepare,
                                      .check = flusher_check,
                                      .dispatch = flusher_dispatch };

void
storage_queue_open (StorageQueue *q, VirtQueue *vq)
{
  q->vq = vq;
  g_mutex_init (&q->lock);
  g_cond_init (&q->idle);
  q->flusher = g_source_new (&flusher_funcs, sizeof (Flusher));
  ((Flusher *)q->flusher)->queue = q;
  g_source_set_static_name (q->flusher, "storage completions");
  g_source_attach (q->flusher, iothread_context (virtqueue_iothread (vq)));
}

static void
close_on_thread (void *opaque)
{
  StorageQueue *q = opaque;
  g_source_destroy (q->flusher);
  g_clear_pointer (&q->flusher, g_source_unref);
}

void
storage_queue_close (StorageQueue *q)
{
  if (q->flusher == NULL)
    return;
  iothread_run_sync (virtqueue_iothread (q->vq), close_on_thread, q);
  g_mutex_clear (&q->lock);
  g_cond_clear (&q->idle);
}

void
storage_queue_flush (StorageQueue *q)
{
  if (q->filled == 0)
    return;
  q->filled = 0;
  q->filled_bytes = 0;
  virtqueue_flush (q->vq);
  virtqueue_notify (q->vq);
}

void
storage_queue_fill (StorageQueue *q, VirtqElement *element, uint32_t written, uint64_t bytes)
{
  virtqueue_fill (q->vq, element, written);
  virtqueue_element_free (element);
  q->filled++;
  q->filled_bytes += bytes;
}

static void
now_idle (StorageQueue *q)
{
  if (!q->handling)
    storage_queue_flush (q);
  if (!q->waiting)
    return;
  g_mutex_lock (&q->lock);
  q->waiting = false;
  g_cond_signal (&q->idle);
  g_mutex_unlock (&q->lock);
}

void
storage_queue_end (StorageQueue *q)
{
  q->in_flight--;
  if (q->in_flight == 0)
    now_idle (q);
  else if (!q->handling && q->filled >= STORAGE_BATCH_REQUESTS)
    storage_queue_flush (q);
}

static void
begin_drain (void *opaque)
{
  StorageQueue *q = opaque;
  g_mutex_lock (&q->lock);
  q->waiting = q->in_flight != 0;
  g_mutex_unlock (&q->lock);
  storage_queue_flush (q);
}

void
storage_queue_drain (StorageQueue *q)
{
  iothread_run_sync (virtqueue_iothread (q->vq), begin_drain, q);
  g_mutex_lock (&q->lock);
  while (q->waiting)
    g_cond_wait (&q->idle, &q->lock);
  g_mutex_unlock (&q->lock);
}
