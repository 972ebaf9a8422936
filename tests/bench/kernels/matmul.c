/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Product of double-precision matrices, in row order and as dot products with a transposed operand. */

#include "../bench.h"

static __attribute__ ((noinline)) void
multiply_rows (double *c, const double *a, const double *b, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      double factor = a[i * n + k];
      for (size_t j = 0; j < n; j++)
        c[i * n + j] += factor * b[k * n + j];
    }
}

static __attribute__ ((noinline)) void
multiply_transposed (double *c, const double *a, const double *bt, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double dot = 0;
      for (size_t k = 0; k < n; k++)
        dot += a[i * n + k] * bt[j * n + k];
      c[i * n + j] += dot;
    }
}

static double
trace (const double *m, size_t n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += m[i * n + i];
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 50);
  size_t n = 200;
  double *a = bench_alloc (n * n, sizeof *a);
  double *b = bench_alloc (n * n, sizeof *b);
  double *c = bench_alloc (n * n, sizeof *c);
  uint32_t seed = 7;

  for (size_t i = 0; i < n * n; i++) {
    a[i] = bench_random (&seed) / 4294967296.0;
    b[i] = bench_random (&seed) / 4294967296.0;
  }
  for (unsigned i = 0; i < rounds; i++) {
    multiply_rows (c, a, b, n);
    multiply_transposed (c, b, a, n);
    a[i % (n * n)] += 1e-3;
  }
  bench_result_real ("matmul", trace (c, n));
  free (c);
  free (b);
  free (a);
  return 0;
}
