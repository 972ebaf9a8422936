/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Big natural numbers: factorials, schoolbook products, addition, and division by one limb. Limbs are the
 * widest the compiler has a double-width product for. */

#include "../bench.h"

#ifdef __SIZEOF_INT128__
typedef uint64_t Limb;
typedef unsigned __int128 DoubleLimb;
#else
typedef uint32_t Limb;
typedef uint64_t DoubleLimb;
#endif

enum { LIMB_BITS = 8 * sizeof (Limb), MAX_LIMBS = 16384 / sizeof (Limb) };

typedef struct {
  size_t size; /* without leading zeros; 0 is the number zero */
  Limb limb[MAX_LIMBS];
} Number;

static void
set_small (Number *n, Limb value)
{
  n->limb[0] = value;
  n->size = value != 0;
}

static void
multiply_small (Number *n, Limb factor)
{
  Limb carry = 0;

  for (size_t i = 0; i < n->size; i++) {
    DoubleLimb product = (DoubleLimb)n->limb[i] * factor + carry;
    n->limb[i] = (Limb)product;
    carry = (Limb)(product >> LIMB_BITS);
  }
  if (carry != 0)
    n->limb[n->size++] = carry;
}

static Limb
divide_small (Number *n, uint32_t divisor)
{
  uint64_t rest = 0;

  for (size_t i = n->size; i-- > 0;) {
    Limb quotient = 0;
    for (int shift = LIMB_BITS - 32; shift >= 0; shift -= 32) {
      rest = rest << 32 | (uint32_t)(n->limb[i] >> shift);
      quotient |= (Limb)(rest / divisor) << shift;
      rest %= divisor;
    }
    n->limb[i] = quotient;
  }
  while (n->size > 0 && n->limb[n->size - 1] == 0)
    n->size--;
  return (Limb)rest;
}

static void
multiply (Number *out, const Number *a, const Number *b)
{
  memset (out->limb, 0, (a->size + b->size) * sizeof (Limb));
  for (size_t i = 0; i < a->size; i++) {
    Limb carry = 0;
    for (size_t j = 0; j < b->size; j++) {
      DoubleLimb t = (DoubleLimb)a->limb[i] * b->limb[j] + out->limb[i + j] + carry;
      out->limb[i + j] = (Limb)t;
      carry = (Limb)(t >> LIMB_BITS);
    }
    out->limb[i + b->size] = carry;
  }
  out->size = a->size + b->size;
  while (out->size > 0 && out->limb[out->size - 1] == 0)
    out->size--;
}

static void
add (Number *a, const Number *b)
{
  Limb carry = 0;
  size_t size = a->size > b->size ? a->size : b->size;

  for (size_t i = 0; i < size; i++) {
    Limb x = i < a->size ? a->limb[i] : 0, y = i < b->size ? b->limb[i] : 0;
    Limb sum = x + y;
    Limb overflow = sum < x;
    a->limb[i] = sum + carry;
    carry = overflow | (a->limb[i] < carry);
  }
  a->size = size;
  if (carry != 0)
    a->limb[a->size++] = carry;
}

/* The last decimal digits, nine at a time, by repeated division. */
static uint64_t
digits (Number *n, unsigned groups)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < groups && n->size > 0; i++)
    sum = bench_mix (sum, divide_small (n, 1000000000));
  return sum;
}

int
main (int argc, char **argv)
{
  static Number factorial, square, fibonacci[2];
  unsigned rounds = bench_work (argc, argv, 140);
  uint64_t sum = 0;

  for (unsigned round = 0; round < rounds; round++) {
    set_small (&factorial, 1);
    for (unsigned i = 2; i < 3000 + round; i++)
      multiply_small (&factorial, i);
    multiply (&square, &factorial, &factorial);
    set_small (&fibonacci[0], 0);
    set_small (&fibonacci[1], 1);
    for (unsigned i = 0; i < 8000; i++)
      add (&fibonacci[i & 1], &fibonacci[~i & 1]);
    sum = bench_mix (sum, digits (&fibonacci[1], 600));
    sum = bench_mix (sum, digits (&square, 300));
  }
  bench_result ("bigint", sum);
  return 0;
}
