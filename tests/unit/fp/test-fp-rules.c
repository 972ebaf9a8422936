/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The rules that are a matter of choice or of definition, as tables written by hand. */

#include "softfloat.h"
#include <glib.h>

/* Single-precision encodings. */
enum {
  ZERO = 0x00000000,
  MIN_SUBNORMAL = 0x00000001,
  MAX_SUBNORMAL = 0x007fffff,
  MIN_NORMAL = 0x00800000,
  HALF = 0x3f000000,
  BELOW_ONE = 0x3f7fffff,
  ONE = 0x3f800000,
  ABOVE_ONE = 0x3f800001,
  TWO = 0x40000000,
  MAX = 0x7f7fffff,
  INF = 0x7f800000,
  SNAN = 0x7f800001,
  QNAN = 0x7fc00000,
  QNAN_5 = 0x7fc00005,
};
#define NEG(x) ((uint32_t)(x) | 0x80000000)

static void
test_nan (void)
{
  static const struct {
    uint32_t a, b, propagated;
    unsigned flags;
  } table[] = {
    { QNAN_5, ONE, QNAN_5, 0 },
    { ONE, QNAN_5, QNAN_5, 0 },
    { NEG (QNAN_5), INF, NEG (QNAN_5), 0 },
    { QNAN_5, SNAN, QNAN_5, FP_INVALID },
    { SNAN, QNAN_5, QNAN | 1, FP_INVALID },
    { ZERO, NEG (SNAN), NEG (QNAN | 1), FP_INVALID },
  };
  uint64_t (*const ops[]) (const SfFormat *, uint64_t, uint64_t, SfEnv *) = { sf_add, sf_sub, sf_mul,
                                                                              sf_div };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    for (unsigned op = 0; op < G_N_ELEMENTS (ops); op++) {
      SfEnv propagate = { 0 }, canonical = { .fp_class = SF_NAN_CANONICAL };

      g_assert_cmphex (ops[op](&sf_f32, table[i].a, table[i].b, &propagate), ==, table[i].propagated);
      g_assert_cmphex (propagate.flags, ==, table[i].flags);
      g_assert_cmphex (ops[op](&sf_f32, table[i].a, table[i].b, &canonical), ==, QNAN);
      g_assert_cmphex (canonical.flags, ==, table[i].flags);
    }
  g_assert_cmphex (sf_canonical_nan (&sf_f16), ==, 0x7e00);
  g_assert_cmphex (sf_canonical_nan (&sf_f32), ==, QNAN);
  g_assert_cmphex (sf_canonical_nan (&sf_f64), ==, UINT64_C (0x7ff8000000000000));
}

static void
test_invalid (void)
{
  SfEnv env = { 0 };

  g_assert_cmphex (sf_add (&sf_f32, INF, NEG (INF), &env), ==, QNAN);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
  env.flags = 0;
  g_assert_cmphex (sf_mul (&sf_f32, NEG (ZERO), INF, &env), ==, QNAN);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
  env.flags = 0;
  g_assert_cmphex (sf_div (&sf_f32, ZERO, NEG (ZERO), &env), ==, QNAN);
  g_assert_cmphex (sf_div (&sf_f32, INF, INF, &env), ==, QNAN);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
  env.flags = 0;
  g_assert_cmphex (sf_div (&sf_f32, NEG (ONE), ZERO, &env), ==, NEG (INF));
  g_assert_cmphex (env.flags, ==, FP_DIVZERO);
  env.flags = 0;
  g_assert_cmphex (sf_div (&sf_f32, INF, ZERO, &env), ==, INF);
  g_assert_cmphex (sf_sqrt (&sf_f32, NEG (ZERO), &env), ==, NEG (ZERO));
  g_assert_cmphex (env.flags, ==, 0);
  g_assert_cmphex (sf_sqrt (&sf_f32, NEG (MIN_SUBNORMAL), &env), ==, QNAN);
  g_assert_cmphex (env.flags, ==, FP_INVALID);
}

static void
test_fma (void)
{
  static const struct {
    uint32_t a, b, c;
    unsigned negate;
    uint32_t result; /* NaNs propagated */
    unsigned flags;
  } table[] = {
    { INF, ZERO, QNAN_5, 0, QNAN_5, FP_INVALID },
    { NEG (ZERO), INF, QNAN_5, SF_NEG_ADDEND, QNAN_5, FP_INVALID },
    { INF, ZERO, ONE, 0, QNAN, FP_INVALID },
    { INF, ONE, NEG (INF), 0, QNAN, FP_INVALID },
    { INF, ONE, NEG (INF), SF_NEG_ADDEND, INF, 0 },
    { INF, ONE, INF, SF_NEG_PRODUCT, QNAN, FP_INVALID },
    { QNAN_5, ONE, SNAN, SF_NEG_PRODUCT, QNAN_5, FP_INVALID },
    { ONE, ONE, QNAN_5, SF_NEG_ADDEND, QNAN_5, 0 },
    { ONE, ONE, NEG (ONE), 0, ZERO, 0 },
    { ONE, ONE, NEG (ONE), SF_NEG_PRODUCT, NEG (TWO), 0 },
    { ONE, ONE, NEG (ONE), SF_NEG_PRODUCT | SF_NEG_ADDEND, ZERO, 0 },
    { ZERO, ONE, ZERO, SF_NEG_PRODUCT | SF_NEG_ADDEND, NEG (ZERO), 0 },
    { ZERO, ONE, ZERO, SF_NEG_PRODUCT, ZERO, 0 },
    /* Rounded once: (1 + u)^2 - (1 + 2u) is u^2. */
    { ABOVE_ONE, ABOVE_ONE, 0x3f800002, SF_NEG_ADDEND, 0x28800000, 0 },
    /* The product overflows, the sum does not. */
    { MAX, TWO, MAX, SF_NEG_ADDEND, MAX, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    SfEnv env = { 0 };

    g_assert_cmphex (sf_fma (&sf_f32, table[i].a, table[i].b, table[i].c, table[i].negate, &env), ==,
                     table[i].result);
    g_assert_cmphex (env.flags, ==, table[i].flags);
  }
}

/* Results and flags in the order RNE, RTZ, RDN, RUP, RMM. */
static void
test_directions (void)
{
  enum { O = FP_OVERFLOW | FP_INEXACT, U = FP_UNDERFLOW | FP_INEXACT, X = FP_INEXACT };
  static const struct {
    char op;
    uint32_t a, b;
    uint32_t result[5];
    unsigned flags[5];
  } table[] = {
    /* A tie next to an even, then next to an odd number. */
    { '+', ONE, 0x33800000, { ONE, ONE, ONE, ABOVE_ONE, ABOVE_ONE }, { X, X, X, X, X } },
    { '+',
      ABOVE_ONE,
      0x33800000,
      { 0x3f800002, ABOVE_ONE, ABOVE_ONE, 0x3f800002, 0x3f800002 },
      { X, X, X, X, X } },
    { '+',
      NEG (ONE),
      NEG (0x33800000),
      { NEG (ONE), NEG (ONE), NEG (ABOVE_ONE), NEG (ONE), NEG (ABOVE_ONE) },
      { X, X, X, X, X } },
    /* Just less than a tie, and just more. */
    { '+', ONE, 0x337fffff, { ONE, ONE, ONE, ABOVE_ONE, ONE }, { X, X, X, X, X } },
    { '+', ONE, 0x33800001, { ABOVE_ONE, ONE, ONE, ABOVE_ONE, ABOVE_ONE }, { X, X, X, X, X } },
    { '+', ONE, NEG (ONE), { ZERO, ZERO, NEG (ZERO), ZERO, ZERO }, { 0, 0, 0, 0, 0 } },
    /* Overflow by a tie, and by far. */
    { '+', MAX, 0x73000000, { INF, MAX, MAX, INF, INF }, { O, X, X, O, O } },
    { '+', MAX, 0x72ffffff, { MAX, MAX, MAX, INF, MAX }, { X, X, X, O, X } },
    { '*', MAX, TWO, { INF, MAX, MAX, INF, INF }, { O, O, O, O, O } },
    { '*', NEG (MAX), TWO, { NEG (INF), NEG (MAX), NEG (INF), NEG (MAX), NEG (INF) }, { O, O, O, O, O } },
    /* Half the smallest subnormal, and a quarter of it. */
    { '*', MIN_SUBNORMAL, HALF, { ZERO, ZERO, ZERO, MIN_SUBNORMAL, MIN_SUBNORMAL }, { U, U, U, U, U } },
    { '*', MIN_SUBNORMAL, 0x3e800000, { ZERO, ZERO, ZERO, MIN_SUBNORMAL, ZERO }, { U, U, U, U, U } },
    { '*', 3, HALF, { 2, 1, 1, 2, 2 }, { U, U, U, U, U } },
    { '*', 2, HALF, { 1, 1, 1, 1, 1 }, { 0, 0, 0, 0, 0 } },
    /* The smallest normal times 1 - 2^-24: tiny however it is rounded, as 24 digits hold it. */
    { '*',
      MIN_NORMAL,
      BELOW_ONE,
      { MIN_NORMAL, MAX_SUBNORMAL, MAX_SUBNORMAL, MIN_NORMAL, MIN_NORMAL },
      { U, U, U, U, U } },
    /* The number above it times the same is less than the smallest normal by 2^-46 of it: tiny where
       truncated. */
    { '*',
      MIN_NORMAL + 1,
      0x3f7ffffe,
      { MIN_NORMAL, MAX_SUBNORMAL, MAX_SUBNORMAL, MIN_NORMAL, MIN_NORMAL },
      { X, U, U, X, X } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++)
    for (SfRound round = SF_RNE; round <= SF_RMM; round++) {
      SfEnv env = { .round = round }, before = { .round = round, .fp_class = SF_TINY_BEFORE };
      uint64_t (*op) (const SfFormat *, uint64_t, uint64_t, SfEnv *) = table[i].op == '+' ? sf_add : sf_mul;

      g_assert_cmphex (op (&sf_f32, table[i].a, table[i].b, &env), ==, table[i].result[round]);
      g_assert_cmphex (env.flags, ==, table[i].flags[round]);
      op (&sf_f32, table[i].a, table[i].b, &before);
      g_assert_cmphex (before.flags, ==, i + 1 == G_N_ELEMENTS (table) ? U : table[i].flags[round]);
    }
}

static void
test_minmax (void)
{
  static const struct {
    uint32_t a, b, min, max;   /* a NaN loses */
    uint32_t nan_min, nan_max; /* a NaN wins, and is propagated */
    unsigned flags;
  } table[] = {
    { ONE, TWO, ONE, TWO, ONE, TWO, 0 },
    { NEG (ONE), NEG (TWO), NEG (TWO), NEG (ONE), NEG (TWO), NEG (ONE), 0 },
    { ZERO, NEG (ZERO), NEG (ZERO), ZERO, NEG (ZERO), ZERO, 0 },
    { NEG (ZERO), ZERO, NEG (ZERO), ZERO, NEG (ZERO), ZERO, 0 },
    { NEG (INF), INF, NEG (INF), INF, NEG (INF), INF, 0 },
    { NEG (ONE), ONE, NEG (ONE), ONE, NEG (ONE), ONE, 0 },
    { QNAN_5, ONE, ONE, ONE, QNAN_5, QNAN_5, 0 },
    { NEG (INF), QNAN_5, NEG (INF), NEG (INF), QNAN_5, QNAN_5, 0 },
    { SNAN, ONE, ONE, ONE, QNAN | 1, QNAN | 1, FP_INVALID },
    { ONE, SNAN, ONE, ONE, QNAN | 1, QNAN | 1, FP_INVALID },
    { QNAN_5, SNAN, QNAN_5, QNAN_5, QNAN_5, QNAN_5, FP_INVALID },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    const uint32_t expected[2][2] = { { table[i].min, table[i].max },
                                      { table[i].nan_min, table[i].nan_max } };

    for (SfMinMax rule = SF_MINMAX_NUMBER; rule <= SF_MINMAX_NAN; rule++)
      for (unsigned canonical = 0; canonical < 2; canonical++) {
        SfEnv env = { .fp_class = canonical ? SF_NAN_CANONICAL : 0 }, env_max = env;
        uint64_t min = sf_min (&sf_f32, table[i].a, table[i].b, rule, &env);
        uint64_t max = sf_max (&sf_f32, table[i].a, table[i].b, rule, &env_max);
        bool nan = (expected[rule][0] & 0x7fffffff) > INF;

        g_assert_cmphex (min, ==, canonical && nan ? QNAN : expected[rule][0]);
        g_assert_cmphex (max, ==, canonical && nan ? QNAN : expected[rule][1]);
        g_assert_cmphex (env.flags, ==, table[i].flags);
        g_assert_cmphex (env_max.flags, ==, table[i].flags);
      }
  }
}

static void
test_order (void)
{
  static const struct {
    uint32_t a, b;
    SfOrder order;
    unsigned quiet, signaling; /* flags */
  } table[] = {
    { ONE, TWO, SF_LESS, 0, 0 },
    { NEG (ONE), NEG (TWO), SF_GREATER, 0, 0 },
    { NEG (ZERO), ZERO, SF_EQUAL, 0, 0 },
    { NEG (MIN_SUBNORMAL), ZERO, SF_LESS, 0, 0 },
    { MIN_SUBNORMAL, NEG (INF), SF_GREATER, 0, 0 },
    { INF, INF, SF_EQUAL, 0, 0 },
    { QNAN, QNAN, SF_UNORDERED, 0, FP_INVALID },
    { ONE, QNAN, SF_UNORDERED, 0, FP_INVALID },
    { SNAN, ONE, SF_UNORDERED, FP_INVALID, FP_INVALID },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (table); i++) {
    SfEnv quiet = { 0 }, signaling = { 0 };

    g_assert_cmpint (sf_order (&sf_f32, table[i].a, table[i].b, false, &quiet), ==, table[i].order);
    g_assert_cmphex (quiet.flags, ==, table[i].quiet);
    g_assert_cmpint (sf_order (&sf_f32, table[i].a, table[i].b, true, &signaling), ==, table[i].order);
    g_assert_cmphex (signaling.flags, ==, table[i].signaling);
  }
}

static void
test_classify (void)
{
  static const uint64_t in_order[3][10] = {
    { 0xfc00, 0xfbff, 0x83ff, 0x8000, 0x0000, 0x0001, 0x0400, 0x7c00, 0x7d00, 0xfe00 },
    { NEG (INF), NEG (MIN_NORMAL), NEG (MAX_SUBNORMAL), NEG (ZERO), ZERO, MIN_SUBNORMAL, MAX, INF, NEG (SNAN),
      QNAN },
    { 0xfff0000000000000, 0xbff0000000000000, 0x8000000000000001, 0x8000000000000000, 0, 0x000fffffffffffff,
      0x0010000000000000, 0x7ff0000000000000, 0x7ff7ffffffffffff, 0x7ff8000000000000 },
  };
  static const SfFormat *const formats[] = { &sf_f16, &sf_f32, &sf_f64 };

  for (unsigned i = 0; i < 3; i++)
    for (unsigned bit = 0; bit < 10; bit++)
      g_assert_cmphex (sf_classify (formats[i], in_order[i][bit]), ==, 1u << bit);
}

/* Flags gather, high bits of operands do not matter, results have none, an unknown direction is nearest. */
static void
test_environment (void)
{
  uint64_t junk = UINT64_C (0xdeadbeef00000000);
  SfEnv env = { .round = 7, .flags = FP_DIVZERO };

  g_assert_cmphex (sf_add (&sf_f32, junk | NEG (ONE), NEG (0x33800000), &env), ==, NEG (ONE));
  g_assert_cmphex (env.flags, ==, FP_DIVZERO | FP_INEXACT);
  g_assert_cmphex (sf_min (&sf_f32, junk | NEG (ONE), ONE, SF_MINMAX_NUMBER, &env), ==, NEG (ONE));
  g_assert_cmphex (sf_min (&sf_f32, junk | NEG (ONE), QNAN, SF_MINMAX_NUMBER, &env), ==, NEG (ONE));
  g_assert_true (sf_eq (&sf_f32, junk | ONE, ONE, true, &env));
  g_assert_cmphex (sf_from_int (&sf_f32, junk | 0x80000000, 32, true, &env), ==, 0xcf000000);
  g_assert_cmphex (sf_from_int (&sf_f32, junk | 0x80000000, 32, false, &env), ==, 0x4f000000);
  g_assert_cmphex (sf_to_int (&sf_f32, junk | NEG (ONE), 32, true, &env), ==, UINT32_MAX);
  g_assert_cmphex (sf_classify (&sf_f32, junk), ==, SF_IS_POS_ZERO);
  g_assert_cmphex (env.flags, ==, FP_DIVZERO | FP_INEXACT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fp/rules/nan", test_nan);
  g_test_add_func ("/fp/rules/invalid", test_invalid);
  g_test_add_func ("/fp/rules/fma", test_fma);
  g_test_add_func ("/fp/rules/directions", test_directions);
  g_test_add_func ("/fp/rules/minmax", test_minmax);
  g_test_add_func ("/fp/rules/order", test_order);
  g_test_add_func ("/fp/rules/classify", test_classify);
  g_test_add_func ("/fp/rules/environment", test_environment);
  return g_test_run ();
}
