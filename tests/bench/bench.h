/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What every benchmark kernel shares: how much work to do, reproducible random numbers, and the result lines.
 *
 * A kernel takes one argument, the amount of work in percent of the usual, and prints a line per result. A
 * line that begins with "exact" holds a floating-point result bit for bit: it depends on the compiler's use
 * of fused multiply-add, so it is comparable between runs of one binary and not between instruction sets. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The amount of work: `usual` scaled by the percentage on the command line, at least 1. */
static inline unsigned
bench_work (int argc, char **argv, unsigned usual)
{
  unsigned long percent = argc > 1 ? strtoul (argv[1], NULL, 10) : 100;
  uint64_t work = (uint64_t)usual * percent / 100;

  return work > 0 ? (unsigned)work : 1;
}

/* Marsaglia's xorshift with a 32-bit state, which must not be 0. */
static inline uint32_t
bench_random (uint32_t *state)
{
  uint32_t x = *state;

  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

/* One step of an FNV-1a hash over 64-bit units. */
static inline uint64_t
bench_mix (uint64_t hash, uint64_t value)
{
  return (hash ^ value) * UINT64_C (0x100000001b3);
}

static inline void *
bench_alloc (size_t count, size_t size)
{
  void *memory = calloc (count, size);

  if (memory == NULL) {
    fputs ("out of memory\n", stderr);
    exit (1);
  }
  return memory;
}

static inline void
bench_result (const char *name, uint64_t checksum)
{
  printf ("%s %016" PRIx64 "\n", name, checksum);
}

static inline void
bench_exact (const char *name, double value)
{
  uint64_t bits;

  memcpy (&bits, &value, sizeof bits);
  printf ("exact %s %016" PRIx64 "\n", name, bits);
}

/* Four digits that every instruction set must agree on, then all bits. */
static inline void
bench_result_real (const char *name, double value)
{
  printf ("%s %.3e\n", name, value);
  bench_exact (name, value);
}
