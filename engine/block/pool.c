/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pool.h"

/* A thread that has nothing to do leaves after this. */
#define IDLE_USEC (10 * G_USEC_PER_SEC)

struct Pool {
  void (*work) (PoolItem *item);
  unsigned max_threads;
  GMutex lock;
  GCond arrived, left;
  PoolItem *first, **last;
  unsigned n_items, n_threads, n_idle;
  bool closing;
};

/* Waits for an item. NULL: the thread is not needed any more. Holds the lock. */
static PoolItem *
take (Pool *pool)
{
  gint64 end = g_get_monotonic_time () + IDLE_USEC;
  bool late = false;
  pool->n_idle++;
  /* Whatever ended the waiting, an item that is there is taken. */
  while (!pool->first && !pool->closing && !late)
    late = !g_cond_wait_until (&pool->arrived, &pool->lock, end);
  pool->n_idle--;
  PoolItem *item = pool->first;
  if (item) {
    pool->first = item->next;
    if (!pool->first)
      pool->last = &pool->first;
    pool->n_items--;
  }
  return item;
}

static void *
run (void *data)
{
  Pool *pool = data;
  PoolItem *item;
  g_mutex_lock (&pool->lock);
  while ((item = take (pool))) {
    g_mutex_unlock (&pool->lock);
    pool->work (item);
    g_mutex_lock (&pool->lock);
  }
  if (--pool->n_threads == 0)
    g_cond_signal (&pool->left);
  g_mutex_unlock (&pool->lock);
  return NULL;
}

Pool *
pool_new (unsigned max_threads, void (*work) (PoolItem *item))
{
  Pool *pool = g_new0 (Pool, 1);
  pool->work = work;
  pool->max_threads = max_threads;
  pool->last = &pool->first;
  g_mutex_init (&pool->lock);
  g_cond_init (&pool->arrived);
  g_cond_init (&pool->left);
  return pool;
}

void
pool_push (Pool *pool, PoolItem *item)
{
  g_mutex_lock (&pool->lock);
  item->next = NULL;
  *pool->last = item;
  pool->last = &item->next;
  pool->n_items++;
  if (pool->n_items > pool->n_idle && pool->n_threads < pool->max_threads) {
    /* Without a first thread nothing would ever be done, so that one has to start. */
    GThread *thread = pool->n_threads ? g_thread_try_new ("block", run, pool, NULL) : g_thread_new ("block", run, pool);
    if (thread) {
      pool->n_threads++;
      g_thread_unref (thread);
    }
  }
  g_cond_signal (&pool->arrived);
  g_mutex_unlock (&pool->lock);
}

void
pool_free (Pool *pool)
{
  if (!pool)
    return;
  g_mutex_lock (&pool->lock);
  pool->closing = true;
  g_cond_broadcast (&pool->arrived);
  while (pool->n_threads)
    g_cond_wait (&pool->left, &pool->lock);
  g_mutex_unlock (&pool->lock);
  g_mutex_clear (&pool->lock);
  g_cond_clear (&pool->arrived);
  g_cond_clear (&pool->left);
  g_free (pool);
}
