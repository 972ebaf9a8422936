/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Ray tracing of reflecting spheres over a floor: small vectors by value, square roots, recursion and
 * branches. */

#include "../bench.h"
#include <math.h>

typedef struct {
  double x, y, z;
} Vector;

typedef struct {
  Vector centre;
  double radius, shine, colour;
} Sphere;

enum { SPHERES = 12, MAX_DEPTH = 4 };

static Sphere sphere[SPHERES];

static Vector
plus (Vector a, Vector b)
{
  return (Vector){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static Vector
times (Vector a, double k)
{
  return (Vector){ a.x * k, a.y * k, a.z * k };
}

static double
dot (Vector a, Vector b)
{
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

static Vector
unit (Vector a)
{
  return times (a, 1.0 / sqrt (dot (a, a)));
}

static double
hit_distance (const Sphere *s, Vector from, Vector direction)
{
  Vector to = plus (s->centre, times (from, -1.0));
  double along = dot (to, direction);
  double square = s->radius * s->radius - dot (to, to) + along * along;

  if (along < 0 || square < 0)
    return INFINITY;
  double distance = along - sqrt (square);
  return distance > 1e-4 ? distance : INFINITY;
}

static const Sphere *
nearest (Vector from, Vector direction, double *distance)
{
  const Sphere *best = NULL;

  *distance = INFINITY;
  for (int i = 0; i < SPHERES; i++) {
    double d = hit_distance (&sphere[i], from, direction);
    if (d < *distance) {
      *distance = d;
      best = &sphere[i];
    }
  }
  return best;
}

static double
background (Vector from, Vector direction)
{
  if (direction.y >= -1e-6)
    return 0.2 + 0.6 * direction.y;
  double t = -(from.y + 2.0) / direction.y;
  int tile = (int)floor (from.x + t * direction.x) + (int)floor (from.z + t * direction.z);
  return tile & 1 ? 0.9 : 0.1;
}

static double
trace (Vector from, Vector direction, int depth)
{
  static const Vector light = { 0.48, 0.64, -0.6 };
  double distance, shadow_distance;
  const Sphere *hit = nearest (from, direction, &distance);

  if (hit == NULL)
    return background (from, direction);
  Vector at = plus (from, times (direction, distance));
  Vector normal = times (plus (at, times (hit->centre, -1.0)), 1.0 / hit->radius);
  double lit = dot (normal, light);
  if (lit < 0 || nearest (at, light, &shadow_distance) != NULL)
    lit = 0;
  double colour = hit->colour * (0.1 + 0.9 * lit);
  if (depth == MAX_DEPTH || hit->shine == 0)
    return colour;
  Vector mirrored = plus (direction, times (normal, -2.0 * dot (normal, direction)));
  return colour + hit->shine * trace (at, unit (mirrored), depth + 1);
}

int
main (int argc, char **argv)
{
  unsigned rows = bench_work (argc, argv, 8000), columns = 480;
  double sum = 0;

  for (int i = 0; i < SPHERES; i++)
    sphere[i] =
        (Sphere){ { (i % 4 - 1.5) * 1.7, i / 4 * 1.3 - 1.0, 5.0 + i % 3 }, 0.5 + 0.05 * i, i % 2 * 0.5, 0.4 };
  for (unsigned y = 0; y < rows; y++)
    for (unsigned x = 0; x < columns; x++) {
      Vector direction = { (x - columns / 2.0) / columns, (rows / 2.0 - y) / rows, 1.0 };
      sum += trace ((Vector){ 0, 0, 0 }, unit (direction), 0);
    }
  /* Edges of shapes and tiles may fall differently in a few pixels. */
  printf ("rays %.2f\n", sum / rows / columns);
  bench_exact ("rays", sum);
  return 0;
}
