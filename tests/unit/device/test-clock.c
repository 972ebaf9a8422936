/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"

#define MS INT64_C (1000000)

typedef struct {
  Clock *clock;
  ClockTimer *timer;
  unsigned fired;
  int64_t at;
  int order;
  bool slow, rearm, free_self;
} Tick;

static int next_order;

static void
tick (void *opaque)
{
  Tick *t = opaque;
  t->at = clock_now (t->clock);
  t->order = next_order++;
  if (t->slow)
    g_usleep (50000);
  if (t->rearm && t->fired < 9)
    clock_timer_set (t->timer, t->at + MS);
  if (t->free_self)
    clock_timer_free (t->timer);
  __atomic_fetch_add (&t->fired, 1, __ATOMIC_SEQ_CST);
}

static void
tick_init (Tick *t, Clock *clock)
{
  *t = (Tick){ .clock = clock };
  t->timer = clock_timer_new (clock, tick, t);
}

static unsigned
fired (Tick *t)
{
  return __atomic_load_n (&t->fired, __ATOMIC_SEQ_CST);
}

/* A busy host may let us wait; only if it never comes it is wrong. */
static void
wait_fired (Tick *t, unsigned n)
{
  for (unsigned i = 0; fired (t) < n && i < 20000; i++)
    g_usleep (500);
  g_assert_cmpuint (fired (t), ==, n);
}

static void
test_time (void)
{
  Clock *clock = clock_new ();
  g_assert_cmpint (clock_now (clock), ==, 0);
  clock_set (clock, 5000 * MS);
  g_assert_cmpint (clock_now (clock), ==, 5000 * MS);
  clock_start (clock);
  clock_start (clock);
  int64_t before = clock_now (clock);
  g_assert_cmpint (before, >=, 5000 * MS);
  g_usleep (2000);
  clock_stop (clock);
  int64_t stopped = clock_now (clock);
  g_assert_cmpint (stopped, >=, before + 2 * MS);
  g_usleep (2000);
  clock_stop (clock);
  g_assert_cmpint (clock_now (clock), ==, stopped);
  clock_start (clock);
  g_assert_cmpint (clock_now (clock), >=, stopped);
  clock_free (clock);
  clock_free (NULL);
}

static void
test_order (void)
{
  Clock *clock = clock_new ();
  Tick ticks[20];
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  int64_t when[20];
  for (unsigned i = 0; i < 20; i++) {
    tick_init (&ticks[i], clock);
    for (unsigned again = 0; again < 3; again++) {
      when[i] = g_rand_int_range (rand, 0, 10000) * 1000;
      clock_timer_set (ticks[i].timer, when[i]);
      g_assert_cmpint (clock_timer_when (ticks[i].timer), ==, when[i]);
    }
    if (i % 5 == 0) {
      clock_timer_cancel (ticks[i].timer);
      g_assert_cmpint (clock_timer_when (ticks[i].timer), ==, -1);
    }
  }
  g_usleep (20000);
  for (unsigned i = 0; i < 20; i++)
    g_assert_cmpuint (fired (&ticks[i]), ==, 0); /* it does not run yet */
  clock_start (clock);
  for (unsigned i = 0; i < 20; i++)
    if (i % 5 != 0)
      wait_fired (&ticks[i], 1);
  for (unsigned i = 0; i < 20; i++) {
    if (i % 5 == 0) {
      g_assert_cmpuint (fired (&ticks[i]), ==, 0);
      continue;
    }
    g_assert_cmpint (ticks[i].at, >=, when[i]);
    g_assert_cmpint (clock_timer_when (ticks[i].timer), ==, -1);
    for (unsigned k = 0; k < 20; k++)
      if (k % 5 != 0 && when[k] < when[i])
        g_assert_cmpint (ticks[k].order, <, ticks[i].order);
  }
  for (unsigned i = 0; i < 20; i++)
    clock_timer_free (ticks[i].timer);
  clock_free (clock);
}

static void
test_past_and_never (void)
{
  Clock *clock = clock_new ();
  Tick past, never;
  tick_init (&past, clock);
  tick_init (&never, clock);
  clock_set (clock, 1000 * MS);
  clock_start (clock);
  clock_timer_set (never.timer, INT64_MAX);
  clock_timer_set (past.timer, -5);
  wait_fired (&past, 1);
  clock_timer_set (past.timer, INT64_MIN);
  wait_fired (&past, 2);
  clock_timer_set (past.timer, 0);
  wait_fired (&past, 3);
  g_assert_cmpint (clock_timer_when (never.timer), ==, INT64_MAX);
  g_assert_cmpuint (fired (&never), ==, 0);
  /* An earlier arming wakes the thread from a longer sleep. */
  clock_timer_set (never.timer, clock_now (clock) + MS);
  wait_fired (&never, 1);
  clock_timer_free (past.timer);
  clock_timer_free (never.timer);
  clock_timer_free (NULL);
  clock_free (clock);
}

static void
test_rearm (void)
{
  Clock *clock = clock_new ();
  Tick t;
  tick_init (&t, clock);
  t.rearm = true;
  clock_timer_set (t.timer, 0);
  clock_start (clock);
  wait_fired (&t, 10);
  g_assert_cmpint (t.at, >=, 9 * MS);
  clock_timer_free (t.timer);
  clock_free (clock);
}

/* On return from clock_stop() a callback has ended, and none runs until the start. */
static void
test_stop_waits (void)
{
  Clock *clock = clock_new ();
  Tick t;
  tick_init (&t, clock);
  t.slow = true;
  clock_start (clock);
  for (unsigned i = 0; i < 5; i++) {
    unsigned before = fired (&t);
    t.at = 0;
    clock_timer_set (t.timer, 0);
    g_usleep (10000);
    clock_stop (clock);
    unsigned now = fired (&t);
    g_assert_true (now == before + 1 || clock_timer_when (t.timer) == 0);
    clock_timer_set (t.timer, 0);
    g_usleep (2000);
    g_assert_cmpuint (fired (&t), ==, now);
    clock_start (clock);
    wait_fired (&t, now + 1);
  }
  clock_timer_free (t.timer);
  clock_free (clock);
}

static void
test_free_waits (void)
{
  Clock *clock = clock_new ();
  Tick slow, self;
  tick_init (&slow, clock);
  tick_init (&self, clock);
  slow.slow = true;
  self.free_self = true;
  clock_timer_set (slow.timer, 0);
  clock_timer_set (self.timer, 1);
  clock_start (clock);
  g_usleep (10000);
  clock_timer_free (slow.timer);
  unsigned n = fired (&slow);
  wait_fired (&self, 1);
  g_assert_cmpuint (fired (&slow), ==, n);
  clock_free (clock);
}

static gpointer
arming_thread (gpointer data)
{
  Tick *ticks = data;
  g_autoptr (GRand) rand = g_rand_new ();
  for (unsigned i = 0; i < 20000; i++) {
    Tick *t = &ticks[g_rand_int (rand) % 8];
    if (i % 7 == 0)
      clock_timer_cancel (t->timer);
    else
      clock_timer_set (t->timer, clock_now (t->clock) + g_rand_int_range (rand, -1000, 200000));
  }
  return NULL;
}

static void
test_threads (void)
{
  Clock *clock = clock_new ();
  Tick ticks[8];
  GThread *threads[3];
  for (unsigned i = 0; i < 8; i++)
    tick_init (&ticks[i], clock);
  clock_start (clock);
  for (unsigned i = 0; i < 3; i++)
    threads[i] = g_thread_new ("arm", arming_thread, ticks);
  for (unsigned i = 0; i < 20; i++) {
    clock_stop (clock);
    clock_start (clock);
    g_usleep (500);
  }
  for (unsigned i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  for (unsigned i = 0; i < 8; i++) {
    clock_stop (clock);
    clock_timer_cancel (ticks[i].timer);
    unsigned n = fired (&ticks[i]);
    clock_start (clock);
    clock_timer_set (ticks[i].timer, 0);
    wait_fired (&ticks[i], n + 1);
    clock_timer_free (ticks[i].timer);
  }
  clock_free (clock);
}

/* Guests arm their timer thousands of times a second: arming one that is not the earliest wakes nobody. */
static void
test_arming_is_cheap (void)
{
  Clock *clock = clock_new ();
  Tick early, late;
  tick_init (&early, clock);
  tick_init (&late, clock);
  clock_start (clock);
  clock_timer_set (early.timer, clock_now (clock) + 100000 * MS);
  int64_t begin = g_get_monotonic_time ();
  for (unsigned i = 0; i < 100000; i++)
    clock_timer_set (late.timer, clock_now (clock) + 200000 * MS + i);
  int64_t us = g_get_monotonic_time () - begin;
  g_test_message ("%.0f ns for an arming", (double)us / 100);
  g_assert_cmpint (us, <, 2000000); /* twenty times what it should be */
  clock_timer_free (early.timer);
  clock_timer_free (late.timer);
  clock_free (clock);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/time", test_time);
  g_test_add_func ("/clock/order", test_order);
  g_test_add_func ("/clock/past-and-never", test_past_and_never);
  g_test_add_func ("/clock/rearm", test_rearm);
  g_test_add_func ("/clock/stop-waits", test_stop_waits);
  g_test_add_func ("/clock/free-waits", test_free_waits);
  g_test_add_func ("/clock/threads", test_threads);
  g_test_add_func ("/clock/arming-is-cheap", test_arming_is_cheap);
  return g_test_run ();
}
