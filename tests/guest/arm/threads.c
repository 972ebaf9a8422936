/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Threads that change the same words by all means there are: no change is lost. */

#include "test.h"

#define N_THREADS 4
#define N_ROUNDS  20000

typedef struct {
  uint64_t low, high;
} __attribute__ ((aligned (16))) Pair;

static uint32_t added, exclusive_bytes, under_lock, lock, started, ended;
static uint64_t swapped, exclusive;
static Pair pair_swapped, pair_exclusive;
static uint8_t stacks[N_THREADS + 1][8192] __attribute__ ((aligned (16)));

static void
add_exclusive (void)
{
  uint64_t x;
  uint32_t failed;
  do
    asm volatile ("ldxr %0, [%2]\n add %0, %0, #1\n stxr %w1, %0, [%2]"
                  : "=&r"(x), "=&r"(failed)
                  : "r"(&exclusive)
                  : "memory");
  while (failed);
}

/* A byte of a word whose others other threads change. */
static void
add_exclusive_byte (unsigned index)
{
  uint32_t x, failed;
  do
    asm volatile ("ldaxrb %w0, [%2]\n add %w0, %w0, #1\n stlxrb %w1, %w0, [%2]"
                  : "=&r"(x), "=&r"(failed)
                  : "r"((uint8_t *)&exclusive_bytes + index)
                  : "memory");
  while (failed);
}

static void
add_by_swap (void)
{
  uint64_t seen = swapped, expected;
  do {
    expected = seen;
    asm volatile ("casal %0, %1, [%2]" : "+r"(seen) : "r"(expected + 1), "r"(&swapped) : "memory");
  } while (seen != expected);
}

static void
add_pair_exclusive (void)
{
  uint64_t low, high;
  uint32_t failed;
  do
    asm volatile ("ldaxp %0, %1, [%3]\n add %0, %0, #1\n sub %1, %1, #1\n stlxp %w2, %0, %1, [%3]"
                  : "=&r"(low), "=&r"(high), "=&r"(failed)
                  : "r"(&pair_exclusive)
                  : "memory");
  while (failed);
}

static void
add_pair_by_swap (void)
{
  register uint64_t x2 asm ("x2") = 0, x3 asm ("x3") = 0;
  uint64_t low, high;
  do {
    low = x2;
    high = x3;
    register uint64_t x4 asm ("x4") = low + 1, x5 asm ("x5") = high - 1;
    asm volatile ("caspal x2, x3, x4, x5, [%2]"
                  : "+r"(x2), "+r"(x3)
                  : "r"(&pair_swapped), "r"(x4), "r"(x5)
                  : "memory");
  } while (x2 != low || x3 != high);
}

static void
add_under_lock (void)
{
  uint32_t x, failed;
  asm volatile ("1: ldaxr %w0, [%2]\n cbnz %w0, 1b\n stxr %w1, %w3, [%2]\n cbnz %w1, 1b"
                : "=&r"(x), "=&r"(failed)
                : "r"(&lock), "r"(1)
                : "memory");
  *(volatile uint32_t *)&under_lock += 1;
  asm volatile ("stlr wzr, [%0]" : : "r"(&lock) : "memory");
}

static void
work (unsigned index)
{
  uint32_t one = 1, all;
  asm volatile ("stadd %w0, [%1]" : : "r"(one), "r"(&started) : "memory");
  do
    asm volatile ("ldar %w0, [%1]" : "=r"(all) : "r"(&started) : "memory");
  while (all != N_THREADS);
  for (unsigned i = 0; i < N_ROUNDS; i++) {
    asm volatile ("stadd %w0, [%1]" : : "r"(one), "r"(&added) : "memory");
    add_exclusive ();
    add_exclusive_byte (index);
    add_by_swap ();
    add_pair_exclusive ();
    add_pair_by_swap ();
    add_under_lock ();
  }
  asm volatile ("staddl %w0, [%1]" : : "r"(one), "r"(&ended) : "memory");
}

/* A thread of its own that works, with the number given. */
static void
start (unsigned index)
{
  enum { CLONE = 220, FLAGS = 0x50f00 };
  register long x8 asm ("x8") = CLONE, x0 asm ("x0") = FLAGS, x1 asm ("x1") = (long)stacks[index + 1],
                       x2 asm ("x2") = 0, x3 asm ("x3") = 0, x4 asm ("x4") = 0;
  register void (*x19) (unsigned) asm ("x19") = work;
  register unsigned x20 asm ("x20") = index;
  asm volatile ("svc #0\n cbnz x0, 1f\n mov x0, x20\n blr x19\n mov x8, #93\n mov x0, #0\n svc #0\n 1:"
                : "+r"(x0)
                : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x19), "r"(x20)
                : "memory");
  CHECK (x0 > 0);
}

int
main (void)
{
  const uint64_t all = N_THREADS * N_ROUNDS;
  for (unsigned i = 1; i < N_THREADS; i++)
    start (i);
  work (0);
  while (*(volatile uint32_t *)&ended != N_THREADS)
    asm volatile ("yield");
  asm volatile ("dmb ishld" : : : "memory");
  CHECK (added == all);
  CHECK (exclusive == all);
  CHECK (swapped == all);
  CHECK (under_lock == all);
  CHECK (exclusive_bytes == (N_ROUNDS & 255) * 0x01010101u);
  CHECK (pair_exclusive.low == all && pair_exclusive.high == -all);
  CHECK (pair_swapped.low == all && pair_swapped.high == -all);
  return 0;
}
