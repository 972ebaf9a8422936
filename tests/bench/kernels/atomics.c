/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Atomic operations: fetch-and-add, compare-and-swap loops, a lock, and a Treiber stack, by one thread and
 * then by two at a time on shared and on private data. */

#include "../bench.h"
#include <pthread.h>
#include <stdatomic.h>

enum { NODES = 64 };

typedef struct {
  _Alignas (64) atomic_uint counter;
  atomic_uint maximum, bits;
  atomic_flag lock;
  atomic_uint top; /* tag << 8 | index + 1 */
  atomic_uchar next[NODES + 1];
  unsigned guarded;
} Shared;

typedef struct {
  Shared *shared, private;
  unsigned rounds, seed;
} Task;

/* Raises the maximum by a compare-and-swap loop. */
static void
raise_maximum (Shared *s, unsigned value)
{
  unsigned old = atomic_load_explicit (&s->maximum, memory_order_relaxed);

  while (old < value && !atomic_compare_exchange_weak (&s->maximum, &old, value))
    continue;
}

static void
push (Shared *s, unsigned node)
{
  unsigned top = atomic_load (&s->top), new_top;

  do {
    atomic_store_explicit (&s->next[node], (unsigned char)top, memory_order_relaxed);
    new_top = (top & ~0xffu) + 0x100 + node;
  } while (!atomic_compare_exchange_weak (&s->top, &top, new_top));
}

static unsigned
pop (Shared *s)
{
  unsigned top = atomic_load (&s->top), new_top;

  do {
    if ((top & 0xff) == 0)
      return 0;
    new_top = (top & ~0xffu) + 0x100 + atomic_load_explicit (&s->next[top & 0xff], memory_order_relaxed);
  } while (!atomic_compare_exchange_weak (&s->top, &top, new_top));
  return top & 0xff;
}

static void
guarded_add (Shared *s, unsigned value)
{
  while (atomic_flag_test_and_set_explicit (&s->lock, memory_order_acquire))
    continue;
  s->guarded += value;
  atomic_flag_clear_explicit (&s->lock, memory_order_release);
}

static void
work (Shared *s, unsigned rounds, uint32_t seed)
{
  for (unsigned i = 0; i < rounds; i++) {
    uint32_t value = bench_random (&seed);
    atomic_fetch_add (&s->counter, value & 0xff);
    atomic_fetch_or_explicit (&s->bits, 1u << (value & 31), memory_order_relaxed);
    raise_maximum (s, value);
    unsigned node = pop (s);
    if (node != 0)
      push (s, node);
    guarded_add (s, value & 1);
  }
}

static void
init_shared (Shared *s)
{
  memset (s, 0, sizeof *s);
  for (unsigned i = 1; i <= NODES; i++)
    push (s, i);
}

static unsigned
count_nodes (Shared *s)
{
  unsigned count = 0;

  while (pop (s) != 0)
    count++;
  return count;
}

static void *
run_task (void *data)
{
  Task *task = data;

  work (&task->private, task->rounds, task->seed);
  work (task->shared, task->rounds / 16, task->seed + 1);
  return NULL;
}

static uint64_t
summary (Shared *s)
{
  uint64_t sum = bench_mix (s->counter, s->maximum);

  return bench_mix (bench_mix (sum, s->bits), s->guarded + (uint64_t)count_nodes (s) * 1000);
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 7200000);
  static Shared shared;
  static Task task[2];
  pthread_t thread[2];

  init_shared (&shared);
  work (&shared, rounds, 2);
  bench_result ("atomics-alone", summary (&shared));
  init_shared (&shared);
  for (unsigned i = 0; i < 2; i++) {
    task[i] = (Task){ .shared = &shared, .rounds = rounds / 3, .seed = 100 + i };
    init_shared (&task[i].private);
    if (pthread_create (&thread[i], NULL, run_task, &task[i]) != 0)
      return 1;
  }
  for (unsigned i = 0; i < 2; i++) {
    pthread_join (thread[i], NULL);
    bench_result ("atomics-private", summary (&task[i].private));
  }
  bench_result ("atomics-shared", summary (&shared));
  return 0;
}
