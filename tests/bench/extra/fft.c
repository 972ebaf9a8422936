/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The radix-2 fast Fourier transform in double precision, forward and back, with the library's sine and
 * cosine. */

#include "../bench.h"
#include <math.h>

typedef struct {
  double re, im;
} Complex;

static void
bit_reverse (Complex *x, unsigned n)
{
  for (unsigned i = 1, j = 0; i < n; i++) {
    unsigned bit = n >> 1;
    for (; j & bit; bit >>= 1)
      j ^= bit;
    j ^= bit;
    if (i < j) {
      Complex t = x[i];
      x[i] = x[j];
      x[j] = t;
    }
  }
}

static void
transform (Complex *x, const Complex *root, unsigned n, double sign)
{
  bit_reverse (x, n);
  for (unsigned half = 1; half < n; half *= 2)
    for (unsigned start = 0; start < n; start += 2 * half)
      for (unsigned k = 0; k < half; k++) {
        Complex w = root[k * (n / 2 / half)], *a = &x[start + k], *b = a + half;
        double re = b->re * w.re - sign * b->im * w.im, im = sign * b->re * w.im + b->im * w.re;
        *b = (Complex){ a->re - re, a->im - im };
        *a = (Complex){ a->re + re, a->im + im };
      }
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 4200);
  unsigned n = 4096;
  Complex *x = bench_alloc (n, sizeof *x), *root = bench_alloc (n / 2, sizeof *root);
  double sum = 0;

  for (unsigned i = 0; i < n; i++)
    x[i] = (Complex){ sin (0.01 * i) + (i % 17) * 0.125, cos (0.7 * i) };
  for (unsigned round = 0; round < rounds; round++) {
    if (round % 50 == 0)
      for (unsigned k = 0; k < n / 2; k++)
        root[k] = (Complex){ cos (6.283185307179586 * k / n), -sin (6.283185307179586 * k / n) };
    transform (x, root, n, 1.0);
    sum += hypot (x[1 + round % 64].re, x[1 + round % 64].im);
    transform (x, root, n, -1.0);
    for (unsigned i = 0; i < n; i++)
      x[i] = (Complex){ x[i].re / n, x[i].im / n };
  }
  bench_result_real ("fft", sum);
  free (root);
  free (x);
  return 0;
}
