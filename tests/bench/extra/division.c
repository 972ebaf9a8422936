/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Integer division and wide products: Collatz chains, modular exponentiation, greatest common divisors,
 * dates, and the decimal digits of wide numbers. */

#include "../bench.h"

static unsigned
collatz (uint64_t n)
{
  unsigned steps = 0;

  for (; n != 1; steps++)
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

static uint32_t
power_mod (uint64_t base, uint32_t exponent, uint32_t modulus)
{
  uint64_t result = 1;

  for (base %= modulus; exponent != 0; exponent >>= 1) {
    if (exponent & 1)
      result = result * base % modulus;
    base = base * base % modulus;
  }
  return (uint32_t)result;
}

/* The upper half of the product of two 64-bit numbers. */
static uint64_t
multiply_high (uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
  return (uint64_t)((unsigned __int128)a * b >> 64);
#else
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t middle = a1 * b0 + (a0 * b0 >> 32), cross = a0 * b1 + (uint32_t)middle;
  return a1 * b1 + (middle >> 32) + (cross >> 32);
#endif
}

static int64_t
gcd (int64_t a, int64_t b)
{
  while (b != 0) {
    int64_t r = a % b;
    a = b;
    b = r;
  }
  return a < 0 ? -a : a;
}

/* Sum of the decimal digits of a 128-bit number, by long division in 32-bit steps. */
static unsigned
digit_sum (uint64_t high, uint64_t low)
{
  uint32_t part[4] = { (uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(low >> 32), (uint32_t)low };
  unsigned sum = 0;

  for (int digit = 0; digit < 39; digit++) {
    uint64_t rest = 0;
    for (int i = 0; i < 4; i++) {
      rest = rest << 32 | part[i];
      part[i] = (uint32_t)(rest / 10);
      rest %= 10;
    }
    sum += (unsigned)rest;
  }
  return sum;
}

int
main (int argc, char **argv)
{
  unsigned rounds = bench_work (argc, argv, 1000000);
  uint32_t seed = 27;
  uint64_t sum = 0;

  for (unsigned i = 1; i <= rounds; i++) {
    uint32_t r = bench_random (&seed);
    uint64_t wide = (uint64_t)r << 32 | bench_random (&seed);
    sum = bench_mix (sum, collatz (i));
    sum = bench_mix (sum, power_mod (r, r >> 4, (r >> 8) + 3));
    sum = bench_mix (sum, (uint64_t)gcd ((int64_t)wide, (int32_t)r));
    sum = bench_mix (sum, multiply_high (wide, wide ^ r));
    if (i % 8 == 0)
      sum = bench_mix (sum, digit_sum (multiply_high (wide, wide), wide));
    sum = bench_mix (sum, (uint64_t)((int32_t)r / (int32_t)(i % 1000 + 1)));
  }
  bench_result ("division", sum);
  return 0;
}
