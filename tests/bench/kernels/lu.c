/* SPDX-License-Identifier: GPL-3.0-or-later */

/* LU decomposition with partial pivoting in double precision, and the solution of linear systems with it. */

#include "../bench.h"
#include <math.h>

static void
swap_rows (double *a, double *b, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double t = a[i];
    a[i] = b[i];
    b[i] = t;
  }
}

/* Replaces the matrix by its factors and records the row exchanges. */
static bool
decompose (double *a, size_t *pivot, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    size_t best = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabs (a[i * n + k]) > fabs (a[best * n + k]))
        best = i;
    pivot[k] = best;
    if (a[best * n + k] == 0.0)
      return false;
    if (best != k)
      swap_rows (a + best * n, a + k * n, n);
    for (size_t i = k + 1; i < n; i++) {
      double factor = a[i * n + k] /= a[k * n + k];
      for (size_t j = k + 1; j < n; j++)
        a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return true;
}

static void
solve (const double *a, const size_t *pivot, double *x, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    double t = x[k];
    x[k] = x[pivot[k]];
    x[pivot[k]] = t;
  }
  for (size_t i = 1; i < n; i++)
    for (size_t j = 0; j < i; j++)
      x[i] -= a[i * n + j] * x[j];
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; j++)
      x[i] -= a[i * n + j] * x[j];
    x[i] /= a[i * n + i];
  }
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 250);
  size_t n = 200;
  double *matrix = bench_alloc (n * n, sizeof *matrix), *factors = bench_alloc (n * n, sizeof *factors);
  double *x = bench_alloc (n, sizeof *x);
  size_t *pivot = bench_alloc (n, sizeof *pivot);
  uint32_t seed = 161803;
  double sum = 0;

  for (size_t i = 0; i < n * n; i++)
    matrix[i] = (double)(int32_t)bench_random (&seed) / 2147483648.0 + (i % (n + 1) == 0 ? 4.0 : 0.0);
  for (unsigned round = 0; round < rounds; round++) {
    memcpy (factors, matrix, n * n * sizeof *matrix);
    if (!decompose (factors, pivot, n))
      return 1;
    for (size_t i = 0; i < n; i++)
      x[i] = (double)((i + round) % 7);
    solve (factors, pivot, x, n);
    for (size_t i = 0; i < n; i++)
      sum += fabs (x[i]);
  }
  bench_result_real ("lu", sum / rounds);
  free (pivot);
  free (x);
  free (factors);
  free (matrix);
  return 0;
}
