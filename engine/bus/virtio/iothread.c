/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "virtio.h"

/* Threads that run the handlers of queues and the callbacks of back ends. */

struct IoThread {
  char *id; /* NULL: anonymous */
  gatomicrefcount refs;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
};

static GMutex threads_lock;
static GHashTable *threads; /* id -> IoThread */

static gpointer
iothread_main (gpointer data)
{
  IoThread *iothread = data;
  g_main_context_push_thread_default (iothread->context);
  g_main_loop_run (iothread->loop);
  g_main_context_pop_thread_default (iothread->context);
  g_main_loop_unref (iothread->loop);
  g_main_context_unref (iothread->context);
  g_free (iothread->id);
  g_free (iothread);
  return NULL;
}

/* False if the id is taken. */
static bool
publish (IoThread *iothread)
{
  g_mutex_lock (&threads_lock);
  if (threads == NULL)
    threads = g_hash_table_new (g_str_hash, g_str_equal);
  const bool free_id = g_hash_table_lookup (threads, iothread->id) == NULL;
  if (free_id)
    g_hash_table_insert (threads, iothread->id, iothread);
  g_mutex_unlock (&threads_lock);
  return free_id;
}

IoThread *
iothread_new (const char *id)
{
  IoThread *iothread = g_new0 (IoThread, 1);
  iothread->id = g_strdup (id);
  g_atomic_ref_count_init (&iothread->refs);
  if (id != NULL && !publish (iothread)) {
    g_free (iothread->id);
    g_free (iothread);
    return NULL;
  }
  iothread->context = g_main_context_new ();
  iothread->loop = g_main_loop_new (iothread->context, FALSE);
  iothread->thread = g_thread_new (id != NULL ? id : "iothread", iothread_main, iothread);
  return iothread;
}

IoThread *
iothread_find (const char *id)
{
  g_mutex_lock (&threads_lock);
  IoThread *iothread = threads != NULL ? g_hash_table_lookup (threads, id) : NULL;
  g_mutex_unlock (&threads_lock);
  return iothread;
}

IoThread *
iothread_ref (IoThread *iothread)
{
  g_atomic_ref_count_inc (&iothread->refs);
  return iothread;
}

static gboolean
quit_loop (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
iothread_unref (IoThread *iothread)
{
  if (iothread == NULL || !g_atomic_ref_count_dec (&iothread->refs))
    return;
  if (iothread->id != NULL) {
    g_mutex_lock (&threads_lock);
    g_hash_table_remove (threads, iothread->id);
    g_mutex_unlock (&threads_lock);
  }
  GThread *thread = iothread->thread;
  /* The loop may not have begun to run yet: only a source of its own ends it for sure. */
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_callback (source, quit_loop, iothread->loop, NULL);
  g_source_attach (source, iothread->context);
  if (thread == g_thread_self ())
    g_thread_unref (thread);
  else
    g_thread_join (thread);
}

GMainContext *
iothread_context (IoThread *iothread)
{
  return iothread->context;
}

typedef struct {
  void (*fn) (void *opaque);
  void *opaque;
  GMutex lock;
  GCond cond;
  bool done;
} SyncCall;

static gboolean
run_sync_call (gpointer data)
{
  SyncCall *call = data;
  call->fn (call->opaque);
  g_mutex_lock (&call->lock);
  call->done = true;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);
  return G_SOURCE_REMOVE;
}

void
iothread_run_sync (IoThread *iothread, void (*fn) (void *opaque), void *opaque)
{
  if (iothread->thread == g_thread_self ()) {
    fn (opaque);
    return;
  }
  SyncCall call = { .fn = fn, .opaque = opaque };
  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  GSource *source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_sync_call, &call, NULL);
  g_source_attach (source, iothread->context);
  g_source_unref (source);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.cond);
  g_mutex_clear (&call.lock);
}
