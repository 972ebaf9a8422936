/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The sieve of Eratosthenes twice: a byte per number, and a bit per odd number. */

#include "../bench.h"

static unsigned
sieve_bytes (uint8_t *composite, unsigned limit)
{
  unsigned count = 0;

  memset (composite, 0, limit);
  for (unsigned i = 2; i < limit; i++) {
    if (composite[i])
      continue;
    count++;
    for (uint64_t j = (uint64_t)i * i; j < limit; j += i)
      composite[j] = 1;
  }
  return count;
}

static unsigned
sieve_bits (uint32_t *composite, unsigned limit)
{
  unsigned half = limit / 2;
  unsigned count = 1;

  memset (composite, 0, half / 8 + 4);
  for (unsigned i = 1; i < half; i++) {
    if (composite[i / 32] >> (i % 32) & 1)
      continue;
    unsigned prime = 2 * i + 1;
    count++;
    for (uint64_t j = 2 * (uint64_t)i * (i + 1); j < half; j += prime)
      composite[j / 32] |= UINT32_C (1) << (j % 32);
  }
  return count;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 300);
  unsigned limit = 500000;
  uint8_t *bytes = bench_alloc (limit, 1);
  uint32_t *bits = bench_alloc (limit / 16 + 8, 1);
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    sum = bench_mix (sum, sieve_bytes (bytes, limit - i * 100));
    sum = bench_mix (sum, sieve_bits (bits, limit - i * 100));
  }
  bench_result ("sieve", sum);
  free (bits);
  free (bytes);
  return 0;
}
