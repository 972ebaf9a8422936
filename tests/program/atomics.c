/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Four threads against each other on shared words, for as many seconds as the argument says.  What each check
 * counts would come out wrong if an atomic operation were not one, or if memory were seen in an order its
 * model forbids. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 4, ROUND = 2000, TOKENS = 64, NODES = 32 };

static atomic_bool stop;
static atomic_uint failures;

static void
expect (bool ok, const char *what)
{
  if (!ok && atomic_fetch_add (&failures, 1) < 10)
    printf ("failed: %s\n", what);
}

/* ---- Sums of read-modify-write operations of each width ---- */

static struct {
  _Atomic uint64_t add64, cas64, xor64;
  _Atomic uint32_t add32, cas32;
  _Atomic uint16_t add16[4]; /* neighbours in a word: LR/SC loops on parts of it */
  _Atomic uint8_t add8[8];
  _Atomic int64_t max;
} sums;
/* What each thread has added itself; XORed for xor64. */
static struct {
  uint64_t count, xored;
  int64_t max;
} mine[THREADS];

static uint64_t
next_random (uint64_t *state)
{
  *state = *state * UINT64_C (6364136223846793005) + 1442695040888963407u;
  return *state >> 11;
}

static void
raise_to (_Atomic int64_t *to, int64_t value)
{
  int64_t seen = atomic_load (to);
  while (seen < value && !atomic_compare_exchange_weak (to, &seen, value))
    continue;
}

static void
add_sums (unsigned self, uint64_t *seed)
{
  uint64_t value = next_random (seed);
  int64_t number = (int64_t)(value << 11);
  uint64_t seen64 = atomic_load_explicit (&sums.cas64, memory_order_relaxed);
  uint32_t seen32 = atomic_load_explicit (&sums.cas32, memory_order_relaxed);

  atomic_fetch_add (&sums.add64, 3);
  atomic_fetch_sub_explicit (&sums.add32, 1, memory_order_relaxed);
  atomic_fetch_xor (&sums.xor64, value);
  atomic_fetch_add (&sums.add16[self], 1);
  atomic_fetch_add (&sums.add8[self * 2 + (value & 1)], 1);
  while (!atomic_compare_exchange_weak (&sums.cas64, &seen64, seen64 + 5))
    continue;
  while (!atomic_compare_exchange_strong_explicit (&sums.cas32, &seen32, seen32 + 7, memory_order_acq_rel,
                                                   memory_order_relaxed))
    continue;
  raise_to (&sums.max, number);
  mine[self].count++;
  mine[self].xored ^= value;
  mine[self].max = number > mine[self].max ? number : mine[self].max;
}

static void
check_sums (void)
{
  uint64_t count = 0, xored = 0;
  int64_t max = 0;

  for (unsigned i = 0; i < THREADS; i++) {
    count += mine[i].count;
    xored ^= mine[i].xored;
    max = mine[i].max > max ? mine[i].max : max;
    expect (sums.add16[i] == (uint16_t)mine[i].count, "16-bit sum");
    expect ((uint8_t)(sums.add8[i * 2] + sums.add8[i * 2 + 1]) == (uint8_t)mine[i].count, "8-bit sums");
  }
  expect (sums.add64 == count * 3, "64-bit sum");
  expect (sums.add32 == (uint32_t)-count, "32-bit sum");
  expect (sums.cas64 == count * 5, "64-bit compare-and-swap");
  expect (sums.cas32 == (uint32_t)(count * 7), "32-bit compare-and-swap");
  expect (sums.xor64 == xored, "exclusive or");
  expect (sums.max == max, "maximum");
}

/* ---- Tokens that change hands by swaps: none may be lost or doubled ---- */

static _Atomic uint32_t token[TOKENS];
static uint32_t held[THREADS];

static void
swap_tokens (unsigned self, uint64_t *seed)
{
  for (unsigned i = 0; i < 4; i++)
    held[self] = atomic_exchange (&token[next_random (seed) % TOKENS], held[self]);
}

static void
check_tokens (void)
{
  bool seen[TOKENS + THREADS] = { false };

  for (unsigned i = 0; i < TOKENS + THREADS; i++) {
    uint32_t t = i < TOKENS ? token[i] : held[i - TOKENS];
    expect (t < TOKENS + THREADS && !seen[t], "tokens");
    if (t < TOKENS + THREADS)
      seen[t] = true;
  }
}

/* ---- A stack without locks; the high half of its head counts changes ---- */

static _Atomic uint64_t head;
static struct {
  _Atomic uint32_t next;
  uint32_t owner;
} node[NODES + 1];

static void
push (uint32_t n)
{
  uint64_t old = atomic_load (&head);
  do
    atomic_store_explicit (&node[n].next, (uint32_t)old, memory_order_relaxed);
  while (!atomic_compare_exchange_weak (&head, &old, ((old >> 32) + 1) << 32 | n));
}

static uint32_t
pop (void)
{
  uint64_t old = atomic_load (&head), new;
  do {
    if ((uint32_t)old == 0)
      return 0;
    new = ((old >> 32) + 1) << 32 | atomic_load_explicit (&node[(uint32_t)old].next, memory_order_relaxed);
  } while (!atomic_compare_exchange_weak (&head, &old, new));
  return (uint32_t)old;
}

static void
use_stack (unsigned self)
{
  uint32_t n = pop ();
  if (n == 0)
    return;
  node[n].owner = self + 1;
  atomic_signal_fence (memory_order_seq_cst);
  expect (*(volatile uint32_t *)&node[n].owner == self + 1, "stack: a node with two owners");
  push (n);
}

static void
check_stack (void)
{
  unsigned n = 0;
  while (pop () != 0 && n <= NODES)
    n++;
  expect (n == NODES, "stack: nodes lost");
}

/* ---- Locks: one made by hand, a mutex with a condition variable ---- */

static atomic_flag spin = ATOMIC_FLAG_INIT;
static uint64_t spun[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static uint64_t locked[2];
static unsigned turn;

static void
use_locks (unsigned self)
{
  while (atomic_flag_test_and_set_explicit (&spin, memory_order_acquire))
    continue;
  expect (spun[0] == spun[1], "spin lock");
  spun[0]++;
  spun[1]++;
  atomic_flag_clear_explicit (&spin, memory_order_release);

  pthread_mutex_lock (&mutex);
  expect (locked[0] == locked[1], "mutex");
  locked[0] += self;
  locked[1] += self;
  pthread_mutex_unlock (&mutex);
}

/* Waits until it is this thread's turn, then gives it to the next: sleeping and waking. */
static void
take_turn (unsigned self)
{
  pthread_mutex_lock (&mutex);
  while (turn % THREADS != self)
    pthread_cond_wait (&turned, &mutex);
  turn++;
  pthread_cond_broadcast (&turned);
  pthread_mutex_unlock (&mutex);
}

/* ---- Order: what is stored before a release is seen after the acquire; seq_cst has one order for all ----
 */

static struct {
  uint64_t data;
  _Alignas (64) atomic_uint_fast64_t ready;
} message[THREADS];
static atomic_uint_fast64_t flag[2];
static uint64_t saw[2];

static void
pass_message (unsigned self, uint64_t i)
{
  unsigned from = (self + 1) % THREADS;
  uint64_t ready = atomic_load_explicit (&message[from].ready, memory_order_acquire);
  uint64_t data = *(volatile uint64_t *)&message[from].data;
  expect (data >= ready, "message: older than its announcement");
  *(volatile uint64_t *)&message[self].data = i;
  atomic_store_explicit (&message[self].ready, i, memory_order_release);
}

static pthread_barrier_t barrier;
static bool leave;

/* Of two threads that each set a flag and look at the other's, one must see it set. */
static void
race_flags (unsigned self)
{
  pthread_barrier_wait (&barrier);
  if (self < 2) {
    atomic_store (&flag[self], 1);
    saw[self] = atomic_load (&flag[!self]);
  }
  pthread_barrier_wait (&barrier);
  if (self == 0) {
    expect (saw[0] + saw[1] > 0, "flags: neither seen");
    flag[0] = flag[1] = 0;
  }
}

static void *
run (void *data)
{
  unsigned self = (unsigned)(uintptr_t)data;
  uint64_t seed = self * 1234567 + 1, i = 0;
  bool last;

  do {
    for (unsigned n = 0; n < ROUND; n++) {
      add_sums (self, &seed);
      swap_tokens (self, &seed);
      use_stack (self);
      pass_message (self, ++i);
      if (n % 8 == 0)
        use_locks (self);
    }
    for (unsigned n = 0; n < 4; n++) {
      take_turn (self);
      race_flags (self);
    }
    /* All leave in the same round: one looks, between two barriers, for `stop` may be set at any moment. */
    pthread_barrier_wait (&barrier);
    if (self == 0)
      leave = atomic_load (&stop);
    pthread_barrier_wait (&barrier);
    last = leave;
  } while (!last);
  return NULL;
}

int
main (int argc, char **argv)
{
  struct timespec time = { .tv_sec = argc > 1 ? atoi (argv[1]) : 3 };
  pthread_t thread[THREADS];
  uint64_t count = 0;

  setvbuf (stdout, NULL, _IOLBF, 0);
  pthread_barrier_init (&barrier, NULL, THREADS);
  for (uint32_t i = 0; i < TOKENS; i++)
    token[i] = i;
  for (uint32_t i = 1; i <= NODES; i++)
    push (i);
  for (uintptr_t i = 0; i < THREADS; i++) {
    held[i] = TOKENS + (uint32_t)i;
    if (pthread_create (&thread[i], NULL, run, (void *)i) != 0)
      return 2;
  }
  nanosleep (&time, NULL);
  atomic_store (&stop, true);
  for (unsigned i = 0; i < THREADS; i++) {
    pthread_join (thread[i], NULL);
    count += mine[i].count;
  }
  check_sums ();
  check_tokens ();
  check_stack ();
  expect (spun[0] == spun[1] && locked[0] == locked[1], "locks");
  printf ("%llu rounds of %d threads, %u failures\n", (unsigned long long)count, THREADS,
          atomic_load (&failures));
  return failures != 0 || count == 0;
}
