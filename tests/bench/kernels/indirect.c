/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Indirect calls: objects with method tables, a table of operators, and a state machine of function pointers.
 */

#include "../bench.h"

typedef struct Shape Shape;

typedef struct {
  uint32_t (*area) (const Shape *shape);
  uint32_t (*edge) (const Shape *shape);
  void (*grow) (Shape *shape, uint32_t by);
} ShapeClass;

struct Shape {
  const ShapeClass *class;
  uint32_t width, height;
};

static uint32_t
box_area (const Shape *s)
{
  return s->width * s->height;
}

static uint32_t
box_edge (const Shape *s)
{
  return 2 * (s->width + s->height);
}

static void
box_grow (Shape *s, uint32_t by)
{
  s->width = (s->width + by) & 0xff;
}

static uint32_t
triangle_area (const Shape *s)
{
  return s->width * s->height / 2;
}

static uint32_t
triangle_edge (const Shape *s)
{
  return s->width + 2 * s->height;
}

static void
triangle_grow (Shape *s, uint32_t by)
{
  s->height = (s->height + by) & 0xff;
}

static uint32_t
dot_area (const Shape *s)
{
  return 0;
}

static uint32_t
dot_edge (const Shape *s)
{
  return 1;
}

static void
dot_grow (Shape *s, uint32_t by)
{
  s->width ^= by;
}

static const ShapeClass classes[] = {
  { box_area, box_edge, box_grow },
  { triangle_area, triangle_edge, triangle_grow },
  { dot_area, dot_edge, dot_grow },
};

static uint32_t
op_add (uint32_t a, uint32_t b)
{
  return a + b;
}

static uint32_t
op_sub (uint32_t a, uint32_t b)
{
  return a - b;
}

static uint32_t
op_xor (uint32_t a, uint32_t b)
{
  return a ^ b;
}

static uint32_t
op_rot (uint32_t a, uint32_t b)
{
  return a << (b & 31) | a >> (-b & 31);
}

static uint32_t
op_mul (uint32_t a, uint32_t b)
{
  return a * (b | 1);
}

static uint32_t (*const volatile operators[]) (uint32_t, uint32_t) = { op_add, op_sub, op_xor, op_rot,
                                                                       op_mul };

/* A state returns its successor's number through `next`. */
typedef uint32_t (*State) (uint32_t input, uint32_t value, unsigned *next);

static uint32_t
state_idle (uint32_t input, uint32_t value, unsigned *next)
{
  *next = input & 3;
  return value + input;
}

static uint32_t
state_count (uint32_t input, uint32_t value, unsigned *next)
{
  *next = input & 4 ? 0 : 1;
  return value * 3 + 1;
}

static uint32_t
state_fold (uint32_t input, uint32_t value, unsigned *next)
{
  *next = input & 8 ? 3 : 0;
  return value ^ value >> 5;
}

static uint32_t
state_emit (uint32_t input, uint32_t value, unsigned *next)
{
  *next = 0;
  return value ^ input;
}

static const State states[] = { state_idle, state_count, state_fold, state_emit };

static uint32_t
run_states (uint32_t value, unsigned steps)
{
  uint32_t seed = 17;
  unsigned next = 0;

  for (unsigned i = 0; i < steps; i++)
    value = states[next](bench_random (&seed), value, &next);
  return value;
}

int
main (int argc, char **argv)
{
  enum { SHAPES = 1000 };
  static Shape shape[SHAPES];
  unsigned rounds = bench_work (argc, argv, 33000);
  uint32_t seed = 3, value = 1;

  for (int i = 0; i < SHAPES; i++)
    shape[i] = (Shape){ &classes[bench_random (&seed) % 3], (unsigned)i & 0x7f, (unsigned)i >> 3 };
  for (unsigned round = 0; round < rounds; round++) {
    for (int i = 0; i < SHAPES; i++) {
      value += shape[i].class->area (&shape[i]) + shape[i].class->edge (&shape[i]);
      if ((value & 7) == 0)
        shape[i].class->grow (&shape[i], value);
    }
    for (unsigned i = 0; i < 1000; i++)
      value = operators[i % 5](value, i);
    value = run_states (value, 500);
  }
  bench_result ("indirect", value);
  return 0;
}
