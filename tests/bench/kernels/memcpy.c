/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The C library's memory functions at many sizes and alignments: memcpy, memmove, memset, memcmp and memchr.
 */

#include "../bench.h"

static const unsigned sizes[] = { 3, 8, 15, 16, 31, 48, 64, 100, 200, 333, 512, 1000, 4096, 10000, 32768 };

/* Few bytes many times, many bytes a few times: about the same number of bytes at each size. */
static uint64_t
copy_size (uint8_t *to, uint8_t *from, unsigned size, unsigned bytes)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < bytes / (size + 32); i++) {
    unsigned a = i * 5 % 16, b = i * 3 % 16;
    memcpy (to + a, from + b, size);
    if (i % 4 == 0)
      memmove (to + a + 7, to + a, size);
    if (i % 8 == 0)
      memset (from + b, (int)i, size / 2);
    sum += memcmp (to, from, size) < 0;
    const uint8_t *found = memchr (to, 0x5a, size);
    sum += found != NULL ? (uint64_t)(found - to) : size;
  }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 1400);
  size_t size = 40000;
  uint8_t *to = bench_alloc (size, 1);
  uint8_t *from = bench_alloc (size, 1);
  uint32_t seed = 5;
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    for (size_t j = 0; j < size; j++)
      from[j] = (uint8_t)(j * 7 + i);
    for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
      sum = bench_mix (sum, copy_size (to, from, sizes[j], 150000));
    from[bench_random (&seed) % size] = 0x5a;
    for (size_t j = 0; j < size; j += 997)
      sum = bench_mix (sum, to[j]);
  }
  bench_result ("memcpy", sum);
  free (from);
  free (to);
  return 0;
}
