/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Gravitation between one heavy body and four light ones, in double precision with square roots and
 * divisions. */

#include "../bench.h"
#include <math.h>

enum { BODIES = 5 };

typedef struct {
  double x[3], v[3], mass;
} Body;

/* Circular orbits of growing radius around body 0, slightly inclined. */
static void
place_bodies (Body *body)
{
  memset (body, 0, BODIES * sizeof *body);
  body[0].mass = 40;
  for (int i = 1; i < BODIES; i++) {
    double radius = 3.0 + 4.0 * i, angle = 1.7 * i;
    double speed = sqrt (body[0].mass / radius);
    body[i].x[0] = radius * cos (angle);
    body[i].x[1] = radius * sin (angle);
    body[i].v[0] = -speed * sin (angle);
    body[i].v[1] = speed * cos (angle);
    body[i].v[2] = 0.02 * i;
    body[i].mass = 0.01 / i;
  }
}

static void
advance (Body *body, double dt)
{
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) {
      double d[3], square = 0;
      for (int k = 0; k < 3; k++) {
        d[k] = body[i].x[k] - body[j].x[k];
        square += d[k] * d[k];
      }
      double magnitude = dt / (square * sqrt (square));
      for (int k = 0; k < 3; k++) {
        body[i].v[k] -= d[k] * body[j].mass * magnitude;
        body[j].v[k] += d[k] * body[i].mass * magnitude;
      }
    }
  for (int i = 0; i < BODIES; i++)
    for (int k = 0; k < 3; k++)
      body[i].x[k] += dt * body[i].v[k];
}

static double
energy (const Body *body)
{
  double sum = 0;

  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++)
      sum += 0.5 * body[i].mass * body[i].v[k] * body[i].v[k];
    for (int j = i + 1; j < BODIES; j++) {
      double square = 0;
      for (int k = 0; k < 3; k++)
        square += (body[i].x[k] - body[j].x[k]) * (body[i].x[k] - body[j].x[k]);
      sum -= body[i].mass * body[j].mass / sqrt (square);
    }
  }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned steps = bench_work (argc, argv, 5600000);
  Body body[BODIES];

  place_bodies (body);
  for (unsigned i = 0; i < steps; i++)
    advance (body, 1e-4);
  bench_result_real ("nbody", energy (body));
  return 0;
}
