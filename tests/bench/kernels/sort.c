/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sorting through a comparator: a quicksort of our own over integers, and the C library's qsort over records.
 */

#include "../bench.h"

typedef int (*Compare) (const void *, const void *);

typedef struct {
  uint32_t key;
  uint16_t group;
  char name[10];
} Record;

static int
compare_ints (const void *a, const void *b)
{
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

static int
compare_records (const void *a, const void *b)
{
  const Record *x = a, *y = b;

  if (x->group != y->group)
    return x->group < y->group ? -1 : 1;
  int order = strcmp (x->name, y->name);
  return order != 0 ? order : (x->key > y->key) - (x->key < y->key);
}

static void
insertion_sort (int32_t *v, int n, Compare compare)
{
  for (int i = 1; i < n; i++) {
    int32_t x = v[i];
    int j = i;
    for (; j > 0 && compare (&v[j - 1], &x) > 0; j--)
      v[j] = v[j - 1];
    v[j] = x;
  }
}

static void
quicksort (int32_t *v, int n, Compare compare)
{
  while (n > 12) {
    int32_t pivot = v[n / 2];
    int i = 0, j = n - 1;
    while (i <= j) {
      while (compare (&v[i], &pivot) < 0)
        i++;
      while (compare (&v[j], &pivot) > 0)
        j--;
      if (i <= j) {
        int32_t t = v[i];
        v[i++] = v[j];
        v[j--] = t;
      }
    }
    quicksort (v, j + 1, compare);
    v += i;
    n -= i;
  }
  insertion_sort (v, n, compare);
}

static uint64_t
sort_ints (int32_t *v, int n, uint32_t *seed, Compare compare)
{
  uint64_t sum = 0;

  for (int i = 0; i < n; i++)
    v[i] = (int32_t)bench_random (seed);
  quicksort (v, n, compare);
  for (int i = 1; i < n; i++)
    sum = bench_mix (sum, (uint32_t)v[i] + (v[i - 1] > v[i]));
  return sum;
}

static uint64_t
sort_records (Record *v, int n, uint32_t *seed)
{
  uint64_t sum = 0;

  for (int i = 0; i < n; i++) {
    v[i].key = bench_random (seed);
    v[i].group = v[i].key % 16;
    for (int j = 0; j < 9; j++)
      v[i].name[j] = (char)('a' + bench_random (seed) % (j < 3 ? 2 : 26));
    v[i].name[9] = '\0';
  }
  qsort (v, (size_t)n, sizeof *v, compare_records);
  for (int i = 0; i < n; i++)
    sum = bench_mix (sum, v[i].key);
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 64);
  int n = 50000;
  int32_t *ints = bench_alloc ((size_t)n, sizeof *ints);
  Record *records = bench_alloc ((size_t)n, sizeof *records);
  Compare volatile compare = compare_ints;
  uint32_t seed = 2463534242u;
  uint64_t sum = 0;

  for (unsigned i = 0; i < rounds; i++) {
    sum = bench_mix (sum, sort_ints (ints, n, &seed, compare));
    sum = bench_mix (sum, sort_records (records, n / 4, &seed));
  }
  bench_result ("sort", sum);
  free (records);
  free (ints);
  return 0;
}
