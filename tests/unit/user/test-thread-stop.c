/* SPDX-License-Identifier: GPL-3.0-or-later */

/* user_stop_others(): while it holds, nobody else gets on, whatever they were at. */

#include "guest-thread.h"

#include <poll.h>
#include <pthread.h>

enum { N_WORKERS = 6, ROUNDS = 60 };

typedef struct {
  pthread_t handle;
  unsigned number;
  uint64_t steps; /* how far it got */
  bool stopping;  /* it stops the others itself now and then */
} Worker;

static Worker workers[N_WORKERS];
static bool done;
/* How many believe that they alone run. */
static int alone;

static void
check_alone (void)
{
  uint64_t before[N_WORKERS];
  g_assert_cmpint (__atomic_add_fetch (&alone, 1, __ATOMIC_SEQ_CST), ==, 1);
  for (unsigned i = 0; i < N_WORKERS; i++)
    before[i] = __atomic_load_n (&workers[i].steps, __ATOMIC_SEQ_CST);
  g_usleep (500);
  for (unsigned i = 0; i < N_WORKERS; i++)
    g_assert_cmpuint (__atomic_load_n (&workers[i].steps, __ATOMIC_SEQ_CST), ==, before[i]);
  g_assert_cmpint (__atomic_sub_fetch (&alone, 1, __ATOMIC_SEQ_CST), ==, 0);
}

static void
stop_and_check (void)
{
  user_stop_others ();
  user_stop_others (); /* It nests. */
  check_alone ();
  user_resume_others ();
  check_alone ();
  user_resume_others ();
}

static void
leave (UserThread *thread)
{
  g_mutex_lock (&user_process.lock);
  user_process.threads = g_list_remove (user_process.threads, thread);
  user_process.n_threads--;
  g_mutex_unlock (&user_process.lock);
  user_rest_begin (thread);
  user_signal_stack_free ();
  user_self = NULL;
  user_thread_free (thread);
}

static void *
work (void *data)
{
  Worker *w = data;
  UserThread *thread = user_thread_new (cpu_new (&riscv64_isa, NULL, NULL));
  user_thread_enter (thread);
  for (unsigned round = 0; !__atomic_load_n (&done, __ATOMIC_SEQ_CST); round++) {
    user_signal_deliver (thread);
    __atomic_add_fetch (&w->steps, 1, __ATOMIC_SEQ_CST);
    struct timespec pause = { 0, 2000000 };
    if (w->number % 3 == 1)
      SAFE_CALL (__NR_ppoll, NULL, 0, &pause, NULL, 8);
    if (w->number % 3 == 2) {
      user_rest_begin (thread);
      g_usleep (1000);
      user_rest_end (thread);
    }
    if (w->stopping && round % 64 == 0)
      stop_and_check ();
  }
  leave (thread);
  return NULL;
}

static void
run_workers (bool stopping)
{
  done = false;
  UserThread *thread = guest_thread_new (64);
  user_thread_enter (thread);
  for (unsigned i = 0; i < N_WORKERS; i++) {
    workers[i] = (Worker){ .number = i, .stopping = stopping && i < 2 };
    g_assert_cmpint (pthread_create (&workers[i].handle, NULL, work, &workers[i]), ==, 0);
  }
  for (unsigned i = 0; i < ROUNDS; i++) {
    user_signal_deliver (thread);
    stop_and_check ();
    g_usleep (200);
  }
  for (unsigned i = 0; i < N_WORKERS; i++)
    while (__atomic_load_n (&workers[i].steps, __ATOMIC_SEQ_CST) == 0)
      g_usleep (100);
  __atomic_store_n (&done, true, __ATOMIC_SEQ_CST);
  user_rest_begin (thread);
  for (unsigned i = 0; i < N_WORKERS; i++)
    pthread_join (workers[i].handle, NULL);
  user_rest_end (thread);
  leave (thread);
}

static void
test_one_stopper (void)
{
  run_workers (false);
}

static void
test_many_stoppers (void)
{
  run_workers (true);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/user/stop/one", test_one_stopper);
  g_test_add_func ("/user/stop/many", test_many_stoppers);
  return g_test_run ();
}
