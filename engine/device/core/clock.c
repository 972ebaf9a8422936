/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>

#define NS_PER_S INT64_C (1000000000)

struct Clock {
  /* Readers take no lock: they begin anew when `sequence` is odd or has changed meanwhile. */
  atomic_uint sequence;
  atomic_bool running;
  _Atomic int64_t offset; /* while running: the host's time when this clock was at 0 */
  _Atomic int64_t stopped_at;

  pthread_mutex_t lock; /* for writers of the above, and all that follows */
  pthread_cond_t wake, idle;
  pthread_t thread;
  bool quit;
  ClockTimer **heap; /* the earliest first */
  size_t n_armed, heap_size;
  size_t n_timers;
  ClockTimer *firing; /* whose callback runs */
  int64_t wake_at;    /* the thread looks at the heap at this time by itself; INT64_MIN: is about to */
};

struct ClockTimer {
  Clock *clock;
  void (*callback) (void *opaque);
  void *opaque;
  int64_t when;
  size_t place; /* in the heap, from 1; 0: not armed */
};

static int64_t
host_now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t
clock_now (Clock *clock)
{
  for (;;) {
    unsigned sequence = atomic_load (&clock->sequence);
    int64_t now = atomic_load (&clock->running) ? host_now () - atomic_load (&clock->offset)
                                                : atomic_load (&clock->stopped_at);
    if (!(sequence & 1) && atomic_load (&clock->sequence) == sequence)
      return now;
  }
}

/* The heap: places are counted from 1, the children of place p are 2p and 2p + 1. */

static void
heap_put (Clock *clock, ClockTimer *timer, size_t place)
{
  clock->heap[place - 1] = timer;
  timer->place = place;
}

static void
sift_up (Clock *clock, ClockTimer *timer, size_t place)
{
  for (; place > 1 && clock->heap[place / 2 - 1]->when > timer->when; place /= 2)
    heap_put (clock, clock->heap[place / 2 - 1], place);
  heap_put (clock, timer, place);
}

static void
sift_down (Clock *clock, ClockTimer *timer, size_t place)
{
  for (;;) {
    size_t child = 2 * place;
    if (child < clock->n_armed && clock->heap[child]->when < clock->heap[child - 1]->when)
      child++;
    if (child > clock->n_armed || clock->heap[child - 1]->when >= timer->when)
      break;
    heap_put (clock, clock->heap[child - 1], place);
    place = child;
  }
  heap_put (clock, timer, place);
}

static void
settle (Clock *clock, ClockTimer *timer, size_t place)
{
  if (place > 1 && clock->heap[place / 2 - 1]->when > timer->when)
    sift_up (clock, timer, place);
  else
    sift_down (clock, timer, place);
}

static void
heap_remove (Clock *clock, ClockTimer *timer)
{
  size_t place = timer->place;
  timer->place = 0;
  ClockTimer *last = clock->heap[--clock->n_armed];
  if (last != timer)
    settle (clock, last, place);
}

static void
heap_add (Clock *clock, ClockTimer *timer)
{
  if (clock->n_armed == clock->heap_size) {
    clock->heap_size = MAX (16, 2 * clock->heap_size);
    clock->heap = g_renew (ClockTimer *, clock->heap, clock->heap_size);
  }
  clock->n_armed++;
  sift_up (clock, timer, clock->n_armed);
}

/* The thread. */

static void
wait_until (Clock *clock, int64_t when)
{
  int64_t host;
  if (__builtin_add_overflow (when, atomic_load (&clock->offset), &host))
    host = INT64_MAX;
  host = MAX (host, 0);
  struct timespec t = { .tv_sec = host / NS_PER_S, .tv_nsec = host % NS_PER_S };
  pthread_cond_timedwait (&clock->wake, &clock->lock, &t);
}

static void
fire (Clock *clock, ClockTimer *timer)
{
  heap_remove (clock, timer);
  clock->firing = timer;
  pthread_mutex_unlock (&clock->lock);
  timer->callback (timer->opaque); /* may free the timer */
  pthread_mutex_lock (&clock->lock);
  clock->firing = NULL;
  pthread_cond_broadcast (&clock->idle);
}

static void *
clock_thread (void *opaque)
{
  Clock *clock = opaque;
  pthread_setname_np (pthread_self (), "clock");
  prctl (PR_SET_TIMERSLACK, 1UL); /* the kernel would wake us 50 µs late */
  pthread_mutex_lock (&clock->lock);
  while (!clock->quit) {
    ClockTimer *first = clock->n_armed == 0 ? NULL : clock->heap[0];
    if (first == NULL || !atomic_load (&clock->running)) {
      clock->wake_at = INT64_MAX;
      pthread_cond_wait (&clock->wake, &clock->lock);
    } else if (first->when > clock_now (clock)) {
      clock->wake_at = first->when;
      wait_until (clock, first->when);
    } else {
      fire (clock, first);
    }
    clock->wake_at = INT64_MIN;
  }
  pthread_mutex_unlock (&clock->lock);
  return NULL;
}

/* Host signals are other threads' business. */
static void
start_thread (Clock *clock)
{
  sigset_t all, before;
  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, &before);
  int errnum = pthread_create (&clock->thread, NULL, clock_thread, clock);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (errnum != 0)
    g_error ("the clock's thread cannot be started: %s", g_strerror (errnum));
}

Clock *
clock_new (void)
{
  Clock *clock = g_new0 (Clock, 1);
  pthread_condattr_t attr;
  pthread_condattr_init (&attr);
  pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
  pthread_cond_init (&clock->wake, &attr);
  pthread_cond_init (&clock->idle, NULL);
  pthread_condattr_destroy (&attr);
  pthread_mutex_init (&clock->lock, NULL);
  clock->wake_at = INT64_MIN;
  start_thread (clock);
  return clock;
}

void
clock_free (Clock *clock)
{
  if (clock == NULL)
    return;
  pthread_mutex_lock (&clock->lock);
  g_warn_if_fail (clock->n_timers == 0);
  clock->quit = true;
  pthread_cond_signal (&clock->wake);
  pthread_mutex_unlock (&clock->lock);
  pthread_join (clock->thread, NULL);
  pthread_cond_destroy (&clock->wake);
  pthread_cond_destroy (&clock->idle);
  pthread_mutex_destroy (&clock->lock);
  g_free (clock->heap);
  g_free (clock);
}

void
clock_start (Clock *clock)
{
  pthread_mutex_lock (&clock->lock);
  if (!atomic_load (&clock->running)) {
    atomic_fetch_add (&clock->sequence, 1);
    atomic_store (&clock->offset, host_now () - atomic_load (&clock->stopped_at));
    atomic_store (&clock->running, true);
    atomic_fetch_add (&clock->sequence, 1);
    pthread_cond_signal (&clock->wake);
  }
  pthread_mutex_unlock (&clock->lock);
}

void
clock_stop (Clock *clock)
{
  pthread_mutex_lock (&clock->lock);
  if (atomic_load (&clock->running)) {
    atomic_fetch_add (&clock->sequence, 1);
    atomic_store (&clock->stopped_at, host_now () - atomic_load (&clock->offset));
    atomic_store (&clock->running, false);
    atomic_fetch_add (&clock->sequence, 1);
  }
  while (clock->firing != NULL && !pthread_equal (pthread_self (), clock->thread))
    pthread_cond_wait (&clock->idle, &clock->lock);
  pthread_mutex_unlock (&clock->lock);
}

void
clock_set (Clock *clock, int64_t now)
{
  pthread_mutex_lock (&clock->lock);
  g_warn_if_fail (!atomic_load (&clock->running));
  atomic_store (&clock->stopped_at, now);
  pthread_mutex_unlock (&clock->lock);
}

ClockTimer *
clock_timer_new (Clock *clock, void (*callback) (void *opaque), void *opaque)
{
  ClockTimer *timer = g_new0 (ClockTimer, 1);
  *timer = (ClockTimer){ .clock = clock, .callback = callback, .opaque = opaque };
  pthread_mutex_lock (&clock->lock);
  clock->n_timers++;
  pthread_mutex_unlock (&clock->lock);
  return timer;
}

void
clock_timer_free (ClockTimer *timer)
{
  if (timer == NULL)
    return;
  Clock *clock = timer->clock;
  pthread_mutex_lock (&clock->lock);
  while (clock->firing == timer && !pthread_equal (pthread_self (), clock->thread))
    pthread_cond_wait (&clock->idle, &clock->lock);
  if (timer->place != 0) /* only now: the callback may have armed it again */
    heap_remove (clock, timer);
  clock->n_timers--;
  pthread_mutex_unlock (&clock->lock);
  g_free (timer);
}

void
clock_timer_set (ClockTimer *timer, int64_t when)
{
  Clock *clock = timer->clock;
  pthread_mutex_lock (&clock->lock);
  timer->when = MAX (when, 0);
  if (timer->place != 0)
    settle (clock, timer, timer->place);
  else
    heap_add (clock, timer);
  if (clock->heap[0]->when < clock->wake_at && atomic_load (&clock->running)) {
    clock->wake_at = INT64_MIN;
    pthread_cond_signal (&clock->wake);
  }
  pthread_mutex_unlock (&clock->lock);
}

void
clock_timer_cancel (ClockTimer *timer)
{
  Clock *clock = timer->clock;
  pthread_mutex_lock (&clock->lock);
  if (timer->place != 0)
    heap_remove (clock, timer);
  pthread_mutex_unlock (&clock->lock);
}

int64_t
clock_timer_when (ClockTimer *timer)
{
  pthread_mutex_lock (&timer->clock->lock);
  int64_t when = timer->place != 0 ? timer->when : -1;
  pthread_mutex_unlock (&timer->clock->lock);
  return when;
}
