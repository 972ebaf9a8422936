/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sorting doubles without a comparator: quicksort with three-way partition, heap sort, and binary searches.
 */

#include "../bench.h"

static void
swap (double *a, double *b)
{
  double t = *a;

  *a = *b;
  *b = t;
}

static void
quicksort (double *v, size_t n)
{
  while (n > 1) {
    double pivot = v[n / 2];
    size_t low = 0, i = 0, high = n;
    while (i < high) {
      if (v[i] < pivot)
        swap (&v[i++], &v[low++]);
      else if (v[i] > pivot)
        swap (&v[i], &v[--high]);
      else
        i++;
    }
    quicksort (v, low);
    v += high;
    n -= high;
  }
}

static void
sift_down (double *v, size_t at, size_t n)
{
  for (size_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && v[child + 1] > v[child])
      child++;
    if (v[at] >= v[child])
      return;
    swap (&v[at], &v[child]);
  }
}

static void
heapsort (double *v, size_t n)
{
  for (size_t i = n / 2; i-- > 0;)
    sift_down (v, i, n);
  for (size_t i = n; i-- > 1;) {
    swap (&v[0], &v[i]);
    sift_down (v, 0, i);
  }
}

static size_t
lower_bound (const double *v, size_t n, double x)
{
  size_t low = 0;

  while (n > 0) {
    size_t half = n / 2;
    if (v[low + half] < x) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 70);
  size_t n = 20000;
  double *a = bench_alloc (n, sizeof *a), *b = bench_alloc (n, sizeof *b);
  uint32_t seed = 64;
  uint64_t sum = 0;

  for (unsigned round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      a[i] = b[i] = (double)(int32_t)bench_random (&seed) / (1.0 + i % 100);
    quicksort (a, n);
    heapsort (b, n);
    if (memcmp (a, b, n * sizeof *a) != 0)
      return 1;
    for (size_t i = 0; i < n; i++)
      sum += lower_bound (a, n, (double)(int32_t)bench_random (&seed));
  }
  bench_result ("sortf64", sum);
  free (b);
  free (a);
  return 0;
}
