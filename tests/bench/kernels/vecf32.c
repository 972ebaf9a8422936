/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Single-precision vector loops: scaled addition, dot product, a smoothing filter, clamping and conversion.
 */

#include "../bench.h"

static __attribute__ ((noinline)) void
saxpy (float *y, const float *x, float a, size_t n)
{
  for (size_t i = 0; i < n; i++)
    y[i] += a * x[i];
}

static __attribute__ ((noinline)) float
dot (const float *x, const float *y, size_t n)
{
  float sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

static __attribute__ ((noinline)) void
smooth (float *out, const float *in, size_t n)
{
  for (size_t i = 2; i + 2 < n; i++)
    out[i] = 0.1f * in[i - 2] + 0.2f * in[i - 1] + 0.4f * in[i] + 0.2f * in[i + 1] + 0.1f * in[i + 2];
}

static __attribute__ ((noinline)) void
clamp (float *v, float low, float high, size_t n)
{
  for (size_t i = 0; i < n; i++)
    v[i] = v[i] < low ? low : v[i] > high ? high : v[i];
}

static __attribute__ ((noinline)) int64_t
quantize (int16_t *out, const float *in, size_t n)
{
  int64_t sum = 0;

  for (size_t i = 0; i < n; i++) {
    out[i] = (int16_t)(in[i] * 256.0f);
    sum += out[i];
  }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 40000);
  size_t n = 4003;
  float *x = bench_alloc (n, sizeof *x);
  float *y = bench_alloc (n, sizeof *y);
  int16_t *q = bench_alloc (n, sizeof *q);
  uint32_t seed = 11;
  double total = 0;

  for (size_t i = 0; i < n; i++)
    x[i] = (float)(int32_t)bench_random (&seed) / 2147483648.0f;
  for (unsigned i = 0; i < rounds; i++) {
    saxpy (y, x, 1.0f / (float)(i % 16 + 1), n);
    if (i % 4 == 0) {
      smooth (y, x, n);
      total += (double)quantize (q, y, n);
    }
    clamp (y, -8.0f, 8.0f, n);
    total += (double)dot (x, y, n);
  }
  bench_result_real ("vecf32", total);
  free (q);
  free (y);
  free (x);
  return 0;
}
