/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Stopping the world: for a debugger, and for forks that libc knows nothing of. */

#include "user-signal.h"
#include "user-thread.h"
#include <unistd.h>

/* All protected by user_process.lock; stop_count is also read without it. */
static GCond stop_changed;
static unsigned stop_count;
static GThread *stopper;

/* Waits until the caller may run. */
static void
wait_for_go (const UserThread *thread)
{
  while ((stop_count && stopper != g_thread_self ()) || (thread && thread->held))
    g_cond_wait (&stop_changed, &user_process.lock);
}

void
user_stop_point (UserThread *thread)
{
  if (G_LIKELY (__atomic_load_n (&stop_count, __ATOMIC_SEQ_CST) == 0))
    return;
  user_rest_begin (thread);
  user_rest_end (thread);
}

void
user_rest_begin (UserThread *thread)
{
  g_mutex_lock (&user_process.lock);
  thread->resting = true;
  g_cond_broadcast (&stop_changed);
  g_mutex_unlock (&user_process.lock);
}

void
user_rest_end (UserThread *thread)
{
  g_mutex_lock (&user_process.lock);
  wait_for_go (thread);
  thread->resting = false;
  g_mutex_unlock (&user_process.lock);
}

/* Asks those that still run to rest; whether there are any. */
static bool
kick_running (void)
{
  bool any = false;
  for (GList *l = user_process.threads; l; l = l->next) {
    UserThread *other = l->data;
    if (other == user_self || other->resting)
      continue;
    user_signal_kick (other);
    any = true;
  }
  return any;
}

void
user_stop_others (void)
{
  UserThread *self = user_self;
  /* A process in its parent's memory has no other threads. */
  if (self && self->vm_process)
    return;
  g_mutex_lock (&user_process.lock);
  if (stop_count && stopper != g_thread_self ()) {
    if (self)
      self->resting = true;
    g_cond_broadcast (&stop_changed);
    wait_for_go (self);
    if (self)
      self->resting = false;
  }
  stopper = g_thread_self ();
  __atomic_store_n (&stop_count, stop_count + 1, __ATOMIC_SEQ_CST);
  /* A request can be used up by a thread that was just about to look; so it is repeated. */
  while (kick_running ())
    g_cond_wait_until (&stop_changed, &user_process.lock,
                       g_get_monotonic_time () + 10 * G_TIME_SPAN_MILLISECOND);
  g_mutex_unlock (&user_process.lock);
}

void
user_resume_others (void)
{
  if (user_self && user_self->vm_process)
    return;
  g_mutex_lock (&user_process.lock);
  __atomic_store_n (&stop_count, stop_count - 1, __ATOMIC_SEQ_CST);
  g_cond_broadcast (&stop_changed);
  g_mutex_unlock (&user_process.lock);
}

void
user_thread_hold (UserThread *thread, bool hold)
{
  g_mutex_lock (&user_process.lock);
  thread->held = hold;
  g_mutex_unlock (&user_process.lock);
}

void
user_stop_after_fork (UserThread *thread)
{
  stop_count = 0;
  g_cond_init (&stop_changed);
  thread->resting = false;
}
