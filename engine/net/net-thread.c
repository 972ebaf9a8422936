/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-internal.h"

/* A host thread that iterates a context: for back ends whose client brings none. */
struct NetThread {
  GMainContext *context;
  GThread *thread;
  gint quit;
};

static void *
thread_main (void *data)
{
  NetThread *thread = data;
  g_main_context_push_thread_default (thread->context);
  while (!g_atomic_int_get (&thread->quit))
    g_main_context_iteration (thread->context, TRUE);
  g_main_context_pop_thread_default (thread->context);
  return NULL;
}

NetThread *
net_thread_new (const char *name)
{
  NetThread *thread = g_new0 (NetThread, 1);
  thread->context = g_main_context_new ();
  thread->thread = g_thread_new (name, thread_main, thread);
  return thread;
}

GMainContext *
net_thread_context (NetThread *thread)
{
  return thread->context;
}

void
net_thread_free (NetThread *thread)
{
  if (!thread)
    return;
  g_atomic_int_set (&thread->quit, 1);
  g_main_context_wakeup (thread->context);
  g_thread_join (thread->thread);
  g_main_context_unref (thread->context);
  g_free (thread);
}

typedef struct {
  void (*fn) (void *data);
  void *data;
  bool done;
  GMutex lock;
  GCond cond;
} SyncCall;

static gboolean
run_call (void *data)
{
  SyncCall *call = data;
  call->fn (call->data);
  g_mutex_lock (&call->lock);
  call->done = true;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->lock);
  return G_SOURCE_REMOVE;
}

void
net_run_sync (NetBackend *net, void (*fn) (void *data), void *data)
{
  if (!net->context || g_main_context_is_owner (net->context)) {
    fn (data);
    return;
  }
  SyncCall call = { .fn = fn, .data = data };
  g_mutex_init (&call.lock);
  g_cond_init (&call.cond);
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, run_call, &call, NULL);
  g_source_attach (source, net->context);
  g_mutex_lock (&call.lock);
  while (!call.done)
    g_cond_wait (&call.cond, &call.lock);
  g_mutex_unlock (&call.lock);
  g_mutex_clear (&call.lock);
  g_cond_clear (&call.cond);
}
