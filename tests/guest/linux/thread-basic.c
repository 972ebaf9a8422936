/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads: mutexes, condition variables, atomics, storms of creation, robust locks, thread-local storage. */
#include "thread-check.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { THREADS = 4, ROUNDS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long guarded;
static atomic_long counted, swapped;
static _Thread_local long own;

static void *
add (void *arg)
{
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock (&mutex);
    guarded++;
    pthread_mutex_unlock (&mutex);
    counted++;
    long old = swapped;
    while (!atomic_compare_exchange_weak (&swapped, &old, old + 3))
      ;
    own += (long)arg;
  }
  return (void *)own;
}

static void
test_counting (void)
{
  pthread_t thread[THREADS];
  for (long i = 0; i < THREADS; i++)
    CHECK (pthread_create (&thread[i], NULL, add, (void *)(i + 1)) == 0);
  for (long i = 0; i < THREADS; i++) {
    void *sum;
    pthread_join (thread[i], &sum);
    CHECK (sum == (void *)(ROUNDS * (i + 1)));
  }
  CHECK (guarded == (long)THREADS * ROUNDS && counted == guarded && swapped == 3 * guarded && own == 0);
}

static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *
take_turns (void *arg)
{
  for (int i = 0; i < 300; i++) {
    pthread_mutex_lock (&mutex);
    while (turn != (int)(intptr_t)arg)
      pthread_cond_wait (&turn_changed, &mutex);
    turn = (turn + 1) % THREADS;
    pthread_cond_broadcast (&turn_changed);
    pthread_mutex_unlock (&mutex);
  }
  return NULL;
}

static void
test_turns (void)
{
  pthread_t thread[THREADS];
  for (intptr_t i = 0; i < THREADS; i++)
    pthread_create (&thread[i], NULL, take_turns, (void *)i);
  for (int i = 0; i < THREADS; i++)
    pthread_join (thread[i], NULL);
  CHECK (turn == 0);
}

static void *
echo (void *arg)
{
  return arg;
}

static void
test_storm (void)
{
  for (intptr_t round = 0; round < 100; round++) {
    pthread_t thread[8];
    for (intptr_t i = 0; i < 8; i++)
      CHECK (pthread_create (&thread[i], NULL, echo, (void *)(round * 8 + i)) == 0);
    for (intptr_t i = 0; i < 8; i++) {
      void *value;
      CHECK (pthread_join (thread[i], &value) == 0 && value == (void *)(round * 8 + i));
    }
  }
}

static pthread_mutex_t *robust;

static void *
die_holding (void *arg)
{
  CHECK (pthread_mutex_lock (robust) == 0);
  return NULL;
}

static void
expect_owner_dead (void)
{
  CHECK (pthread_mutex_lock (robust) == EOWNERDEAD);
  CHECK (pthread_mutex_consistent (robust) == 0);
  CHECK (pthread_mutex_unlock (robust) == 0);
}

static void
test_robust (int protocol)
{
  pthread_mutexattr_t attr;
  pthread_t thread;
  pthread_mutexattr_init (&attr);
  pthread_mutexattr_setrobust (&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared (&attr, PTHREAD_PROCESS_SHARED);
  CHECK (pthread_mutexattr_setprotocol (&attr, protocol) == 0);
  robust = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK (pthread_mutex_init (robust, &attr) == 0);
  pthread_create (&thread, NULL, die_holding, NULL);
  pthread_join (thread, NULL);
  expect_owner_dead ();
  /* The host kernel cannot walk lists of addresses that are not its own. */
  for (int how = 0; how < (getenv ("TEST_GUEST_MOVED") ? 1 : 2); how++) {
    pid_t pid = fork ();
    if (pid == 0) {
      pthread_mutex_lock (robust);
      if (how == 0)
        _exit (0);
      raise (SIGKILL);
    }
    CHECK (waitpid (pid, NULL, 0) == pid);
    expect_owner_dead ();
  }
}

static void
test_futex (void)
{
  static uint32_t word = 5;
  struct timespec t = { 0, 20000000 };
  CHECK (syscall (SYS_futex, &word, FUTEX_WAIT_PRIVATE, 4, NULL) == -1 && errno == EAGAIN);
  long start = now_ms ();
  CHECK (syscall (SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &t) == -1 && errno == ETIMEDOUT);
  CHECK (now_ms () - start >= 19);
  CHECK (syscall (SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1) == 0);
  CHECK (syscall (SYS_futex, 2, FUTEX_WAKE, 1) == -1 && errno == EINVAL);
  CHECK (syscall (SYS_futex, &word, 99, 1) == -1 && errno == ENOSYS);
  CHECK (syscall (SYS_futex, 8, FUTEX_WAIT, 1, NULL) == -1 && errno == EFAULT);
  CHECK (syscall (SYS_set_robust_list, 0, 23) == -1 && errno == EINVAL);
}

int
main (void)
{
  test_counting ();
  test_turns ();
  test_storm ();
  test_robust (PTHREAD_PRIO_NONE);
  test_robust (PTHREAD_PRIO_INHERIT);
  test_futex ();
  return 0;
}
