/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Direct calls and returns: recursion of one, two and three arguments, and mutual recursion. */

#include "../bench.h"

static unsigned
fib (unsigned n)
{
  return n < 2 ? n : fib (n - 1) + fib (n - 2);
}

static int
tak (int x, int y, int z)
{
  if (y >= x)
    return z;
  return tak (tak (x - 1, y, z), tak (y - 1, z, x), tak (z - 1, x, y));
}

static unsigned
ackermann (unsigned m, unsigned n)
{
  if (m == 0)
    return n + 1;
  return n == 0 ? ackermann (m - 1, 1) : ackermann (m - 1, ackermann (m, n - 1));
}

static unsigned male (unsigned n);

/* Hofstadter's female and male sequences call each other. */
static __attribute__ ((noinline)) unsigned
female (unsigned n)
{
  return n == 0 ? 1 : n - male (female (n - 1));
}

static __attribute__ ((noinline)) unsigned
male (unsigned n)
{
  return n == 0 ? 0 : n - female (male (n - 1));
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 160);
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    sum = bench_mix (sum, fib (27 + i % 3));
    sum = bench_mix (sum, (uint64_t)tak (18, 12, (int)(4 + i % 3)));
    sum = bench_mix (sum, ackermann (2, 600 + i % 3));
    sum = bench_mix (sum, female (70 + i % 3));
  }
  bench_result ("calls", sum);
  return 0;
}
