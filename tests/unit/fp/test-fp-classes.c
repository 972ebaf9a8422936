/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The rules of semantics classes: signalling NaNs first, flushing, alternative half precision, fixed-point
 * numbers. */

#include "softfloat.h"
#include <glib.h>

/* Single-precision encodings. */
enum {
  MIN_SUBNORMAL = 0x00000001,
  MAX_SUBNORMAL = 0x007fffff,
  MIN_NORMAL = 0x00800000,
  HALF = 0x3f000000,
  ONE = 0x3f800000,
  TWO = 0x40000000,
  INF = 0x7f800000,
  SNAN = 0x7f800001,
  QNAN = 0x7fc00000,
  QNAN_5 = 0x7fc00005,
};
#define NEG(x) ((uint32_t)(x) | 0x80000000)

enum { ARM = SF_NAN_SIGNALING_FIRST | SF_TINY_BEFORE };

static void
test_signaling_first (void)
{
  SfEnv env = { .fp_class = ARM };

  g_assert_cmphex (sf_add (&sf_f32, QNAN_5, SNAN, &env), ==, QNAN | 1);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
  env.flags = 0;
  g_assert_cmphex (sf_add (&sf_f32, QNAN_5, NEG (QNAN), &env), ==, QNAN_5);
  g_assert_cmphex (env.flags, ==, 0);
  g_assert_cmphex (sf_max (&sf_f32, QNAN_5, ONE, SF_MINMAX_NUMBER, &env), ==, ONE);
  g_assert_cmphex (env.flags, ==, 0);
  g_assert_cmphex (sf_max (&sf_f32, ONE, SNAN, SF_MINMAX_NUMBER, &env), ==, QNAN | 1);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
}

/* The addend comes first; negation is of the operands. */
static void
test_fused (void)
{
  static const struct {
    uint32_t a, b, c;
    unsigned negate;
    uint32_t result;
    unsigned flags;
  } table[] = {
    { QNAN, ONE, QNAN_5, 0, QNAN_5, 0 },
    { SNAN, ONE, QNAN_5, 0, QNAN | 1, FP_INVALID },
    { QNAN_5, ONE, ONE, SF_NEG_PRODUCT, NEG (QNAN_5), 0 },
    { ONE, QNAN_5, ONE, SF_NEG_PRODUCT, QNAN_5, 0 },
    { ONE, ONE, QNAN_5, SF_NEG_ADDEND, NEG (QNAN_5), 0 },
    { INF, 0, QNAN_5, 0, QNAN, FP_INVALID },
    { 0, INF, SNAN, 0, QNAN | 1, FP_INVALID },
    { ONE, ONE, ONE, SF_HALVE, ONE, 0 },
    { ONE, MIN_NORMAL, 0, SF_HALVE, MIN_NORMAL >> 1, 0 },
    { ONE, MIN_SUBNORMAL, MIN_NORMAL, SF_HALVE, MIN_NORMAL >> 1, FP_UNDERFLOW | FP_INEXACT },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    SfEnv env = { .fp_class = ARM };

    g_assert_cmphex (sf_fma (&sf_f32, table[i].a, table[i].b, table[i].c, table[i].negate, &env), ==,
                     table[i].result);
    g_assert_cmphex (env.flags, ==, table[i].flags);
  }
}

static void
test_flush (void)
{
  SfEnv env = { .fp_class = ARM | SF_FLUSH };

  g_assert_cmphex (sf_add (&sf_f32, MAX_SUBNORMAL, NEG (ONE), &env), ==, NEG (ONE));
  g_assert_cmphex (env.flags, ==, FP_DENORMAL);
  env.flags = 0;
  g_assert_cmphex (sf_add (&sf_f32, NEG (MIN_SUBNORMAL), QNAN_5, &env), ==, QNAN_5);
  g_assert_cmphex (env.flags, ==, FP_DENORMAL);
  env.flags = 0;
  g_assert_cmphex (sf_mul (&sf_f32, NEG (MIN_NORMAL), HALF, &env), ==, NEG (0));
  g_assert_cmphex (env.flags, ==, FP_UNDERFLOW);
  env.flags = 0;
  g_assert_true (sf_eq (&sf_f32, MIN_SUBNORMAL, NEG (MAX_SUBNORMAL), false, &env));
  g_assert_cmphex (sf_max (&sf_f32, MIN_SUBNORMAL, NEG (ONE), SF_MINMAX_NAN, &env), ==, 0);
  g_assert_cmphex (sf_to_int (&sf_f32, NEG (MAX_SUBNORMAL), 32, true, &env), ==, 0);
  g_assert_cmphex (sf_round_to_integral (&sf_f32, NEG (MAX_SUBNORMAL), true, &env), ==, NEG (0));
  g_assert_cmphex (sf_convert (&sf_f64, &sf_f32, MAX_SUBNORMAL, &env), ==, 0);
  g_assert_cmphex (env.flags, ==, FP_DENORMAL);
  env.flags = 0;
  g_assert_cmphex (sf_add (&sf_f16, 1, 0, &env), ==, 0); /* a half without a flag */
  g_assert_cmphex (env.flags, ==, 0);
  g_assert_cmphex (sf_convert (&sf_f32, &sf_f16, 1, &env), ==, 0x33800000); /* and not in conversions */
  g_assert_cmphex (sf_convert (&sf_f16, &sf_f32, 0x33800000, &env), ==, 1);
  g_assert_cmphex (env.flags, ==, 0);
}

static void
test_alternative_half (void)
{
  static const struct {
    uint32_t single, half;
    unsigned flags;
  } table[] = {
    { 0x47ffe000, 0x7fff, 0 }, /* 131008, the largest */
    { NEG (0x47800000), 0xfc00, 0 },
    { 0x48000000, 0x7fff, FP_INVALID },
    { 0x47fff000, 0x7fff, FP_INVALID }, /* rounds to 131072 */
    { NEG (INF), 0xffff, FP_INVALID },
    { NEG (QNAN_5), 0x8000, FP_INVALID },
    { ONE, 0x3c00, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    SfEnv env = { .fp_class = ARM | SF_ALT_HALF };

    g_assert_cmphex (sf_convert (&sf_f16, &sf_f32, table[i].single, &env), ==, table[i].half);
    g_assert_cmphex (env.flags, ==, table[i].flags);
    if (table[i].flags == 0)
      g_assert_cmphex (sf_convert (&sf_f32, &sf_f16, table[i].half, &env), ==, table[i].single);
    g_assert_cmphex (env.flags, ==, table[i].flags);
  }
}

static void
test_fixed (void)
{
  SfEnv env = { .fp_class = ARM };

  g_assert_cmphex (sf_to_fixed (&sf_f32, HALF, 32, true, 8, &env), ==, 0x80);
  g_assert_cmphex (sf_to_fixed (&sf_f32, NEG (ONE), 32, true, 31, &env), ==, 0x80000000);
  g_assert_cmphex (sf_to_fixed (&sf_f64, UINT64_C (0x3fefffffffffffff), 64, false, 64, &env), ==,
                   UINT64_C (0xfffffffffffff800));
  g_assert_cmphex (sf_from_fixed (&sf_f16, UINT64_C (1) << 63, 64, false, 64, &env), ==, 0x3800);
  g_assert_cmphex (sf_from_fixed (&sf_f32, 0x80000000, 32, true, 32, &env), ==, NEG (HALF));
  g_assert_cmphex (env.flags, ==, 0);
  g_assert_cmphex (sf_to_fixed (&sf_f32, ONE, 32, true, 31, &env), ==, 0x7fffffff);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
}

static void
test_round_to_odd (void)
{
  SfEnv env = { .fp_class = ARM, .round = SF_ROD };

  g_assert_cmphex (sf_convert (&sf_f32, &sf_f64, UINT64_C (0x3ff0000000000001), &env), ==, ONE | 1);
  g_assert_cmphex (sf_convert (&sf_f32, &sf_f64, UINT64_C (0x3ff000002fffffff), &env), ==, ONE | 1);
  g_assert_cmphex (env.flags, ==, FP_INEXACT);
  g_assert_cmphex (sf_convert (&sf_f32, &sf_f64, UINT64_C (0x7fefffffffffffff), &env), ==, INF - 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fp/classes/signaling-first", test_signaling_first);
  g_test_add_func ("/fp/classes/fused", test_fused);
  g_test_add_func ("/fp/classes/flush", test_flush);
  g_test_add_func ("/fp/classes/alternative-half", test_alternative_half);
  g_test_add_func ("/fp/classes/fixed", test_fixed);
  g_test_add_func ("/fp/classes/round-to-odd", test_round_to_odd);
  return g_test_run ();
}
