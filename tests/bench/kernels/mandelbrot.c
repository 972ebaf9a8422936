/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The Mandelbrot set: a tight double-precision loop with an exit that depends on the data. */

#include "../bench.h"

static unsigned
escape_time (double cr, double ci, unsigned limit)
{
  double zr = 0, zi = 0, zr2 = 0, zi2 = 0;
  unsigned i = 0;

  for (; i < limit && zr2 + zi2 <= 4.0; i++) {
    zi = 2.0 * zr * zi + ci;
    zr = zr2 - zi2 + cr;
    zr2 = zr * zr;
    zi2 = zi * zi;
  }
  return i;
}

int
main (int argc, char **argv)
{
  unsigned rows = bench_work (argc, argv, 2800);
  unsigned columns = 420, limit = 600;
  unsigned inside = 0;
  uint64_t iterations = 0;

  for (unsigned y = 0; y < rows; y++)
    for (unsigned x = 0; x < columns; x++) {
      double cr = -2.2 + 3.0 * x / columns, ci = -1.5 + 3.0 * y / rows;
      unsigned time = escape_time (cr, ci, limit);
      inside += time == limit;
      iterations += time;
    }
  printf ("mandelbrot %.3f\n", 9.0 * inside / rows / columns);
  printf ("exact iterations %" PRIu64 "\n", iterations);
  return 0;
}
