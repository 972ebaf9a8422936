/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What no host instruction has: ties away from zero, and tininess before rounding.
 *
 * The truncated result is taken from the room itself, other tests having held it against the host.  The exact
 * result then lies between it and its successor, and on which side of their midpoint is decided without any
 * rounding: products, and midpoints times a divisor or squared, are exact in the compiler's 128-bit floating
 * type, and a sum there has an error that is itself a number of that type.
 */

#include "fp-cases.h"

typedef __float128 Quad;
typedef enum { ADD, SUB, MUL, DIV, SQRT, FMA, N_OPS } Op;

typedef struct {
  const SfFormat *format;
  Op op;
  uint64_t a, b, c;
} Case;

static Quad
power_of_two (int exp)
{
  union {
    unsigned __int128 bits;
    Quad value;
  } u = { .bits = (unsigned __int128)(exp + 16383) << 112 };

  return u.value;
}

/* The value of an encoding that is no NaN; infinity counts as the power of two after the largest finite
 * value. */
static Quad
value_of (const SfFormat *f, uint64_t a)
{
  int biased = (a >> f->frac_bits) & ((1 << f->exp_bits) - 1);
  uint64_t frac = a & ((UINT64_C (1) << f->frac_bits) - 1);
  Quad magnitude;

  if (biased != 0)
    frac |= UINT64_C (1) << f->frac_bits;
  magnitude = (Quad)frac * power_of_two (MAX (biased, 1) - f->bias - f->frac_bits);
  return (a >> (f->bits - 1)) & 1 ? -magnitude : magnitude;
}

static int
sign_of (Quad x)
{
  return (x > 0) - (x < 0);
}

static Quad
magnitude_of (Quad x)
{
  return x < 0 ? -x : x;
}

/* How the magnitude of the exact x + y compares with a bound of at most half the type's precision. */
static int
compare_sum (Quad x, Quad y, Quad bound)
{
  if (magnitude_of (x) < magnitude_of (y)) {
    Quad t = x;
    x = y;
    y = t;
  }

  Quad sum = x + y, error = y - (sum - x);
  int order = sign_of (magnitude_of (sum) - bound);

  return order ? order : sign_of (error) * sign_of (sum);
}

/* How the magnitude of the exact result compares with a bound. */
static int
compare_exact (const Case *k, Quad bound)
{
  Quad a = value_of (k->format, k->a), b = value_of (k->format, k->b), c = value_of (k->format, k->c);

  switch (k->op) {
    case ADD: return compare_sum (a, b, bound);
    case SUB: return compare_sum (a, -b, bound);
    case MUL: return sign_of (magnitude_of (a * b) - bound);
    case DIV: return sign_of (magnitude_of (a) - bound * magnitude_of (b));
    case SQRT: return sign_of (a - bound * bound);
    default: return compare_sum (a * b, c, bound);
  }
}

static uint64_t
run (const Case *k, SfRound round, unsigned fp_class, unsigned *ret_flags)
{
  SfEnv env = { .round = round, .fp_class = fp_class | SF_NAN_CANONICAL };
  uint64_t bits;

  switch (k->op) {
    case ADD: bits = sf_add (k->format, k->a, k->b, &env); break;
    case SUB: bits = sf_sub (k->format, k->a, k->b, &env); break;
    case MUL: bits = sf_mul (k->format, k->a, k->b, &env); break;
    case DIV: bits = sf_div (k->format, k->a, k->b, &env); break;
    case SQRT: bits = sf_sqrt (k->format, k->a, &env); break;
    default: bits = sf_fma (k->format, k->a, k->b, k->c, 0, &env); break;
  }
  *ret_flags = env.flags;
  return bits;
}

static uint64_t
smallest_normal (const SfFormat *f)
{
  return UINT64_C (1) << f->frac_bits;
}

/* Checks rounding to nearest, both ways of breaking a tie.  Returns whether the case was a tie. */
static bool
check_nearest (const Case *k, uint64_t truncated, SfRound round)
{
  const SfFormat *f = k->format;
  uint64_t sign = UINT64_C (1) << (f->bits - 1), low = truncated & ~sign;
  int side = compare_exact (k, (value_of (f, low) + value_of (f, low + 1)) / 2);
  uint64_t expected = truncated + (side > 0 || (side == 0 && (round == SF_RMM || low & 1)));
  /* Rounded to full precision with unbounded exponents, everything from here on becomes the smallest normal.
   */
  Quad not_tiny = value_of (f, smallest_normal (f)) * (1 - power_of_two (-f->frac_bits - 2));
  unsigned flags, expected_flags = FP_INEXACT;

  if ((expected & ~sign) == fp_infinity (f))
    expected_flags |= FP_OVERFLOW;
  if (compare_exact (k, not_tiny) < 0)
    expected_flags |= FP_UNDERFLOW;
  g_assert_cmphex (run (k, round, 0, &flags), ==, expected);
  g_assert_cmphex (flags, ==, expected_flags);
  return side == 0;
}

/* Before rounding, a result is tiny exactly where the truncated one is subnormal; nothing but underflow
 * changes. */
static bool
check_tiny_before (const Case *k, uint64_t truncated, SfRound round)
{
  unsigned after, before;
  uint64_t bits = run (k, round, 0, &after), sign = UINT64_C (1) << (k->format->bits - 1);
  bool tiny = (after & FP_INEXACT) && (truncated & ~sign) < smallest_normal (k->format);

  g_assert_cmphex (run (k, round, SF_TINY_BEFORE, &before), ==, bits);
  g_assert_cmphex (before, ==, (after & ~FP_UNDERFLOW) | (tiny ? FP_UNDERFLOW : 0));
  return before != after;
}

static Case
random_case (const SfFormat *f, Op op, GRand *rand)
{
  Case k = { f, op, fp_random (f, rand), fp_random (f, rand), fp_random (f, rand) };
  uint64_t power = (uint64_t)(f->bias + g_rand_int_range (rand, -3, 4)) << f->frac_bits;

  if (g_rand_int (rand) % 4 == 0) /* a power of two, for ties among the subnormals */
    k.b = power;
  if (g_rand_int (rand) % 4 == 0) /* almost a power of two, for results next to the smallest normal */
    k.b = power - 1 - g_rand_int (rand) % 4;
  if (g_rand_int (rand) % 4 == 0)
    k.a = smallest_normal (f) + g_rand_int_range (rand, -4, 4);
  return k;
}

static void
test_format (gconstpointer data)
{
  const SfFormat *f = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (50);
  unsigned n = fp_case_count (30000);

  for (Op op = ADD; op < N_OPS; op++) {
    unsigned n_ties = 0, n_differently_tiny = 0;

    for (unsigned i = 0; i < n; i++) {
      Case k = random_case (f, op, rand);
      unsigned flags, rmm_flags;
      uint64_t truncated = run (&k, SF_RTZ, 0, &flags);
      unsigned not_finite = SF_IS_QNAN | SF_IS_NEG_INF | SF_IS_POS_INF;

      for (SfRound round = SF_RNE; round <= SF_RMM; round++)
        n_differently_tiny += check_tiny_before (&k, truncated, round);
      if ((sf_classify (f, truncated) & not_finite) || !(flags & FP_INEXACT)) {
        uint64_t rne = run (&k, SF_RNE, 0, &flags);
        g_assert_cmphex (run (&k, SF_RMM, 0, &rmm_flags), ==, rne);
        g_assert_cmphex (rmm_flags, ==, flags);
      } else {
        n_ties += check_nearest (&k, truncated, SF_RMM);
        check_nearest (&k, truncated, SF_RNE);
      }
    }
    /* The cases must have met what they are for.  Some results do not exist: a root is never a tie nor tiny,
     * a tiny sum is exact, and no quotient comes closer to a power of two from below than its neighbour in
     * the format. */
    if (op != SQRT)
      g_assert_cmpuint (n_ties, >, 10);
    if (op == MUL || op == FMA)
      g_assert_cmpuint (n_differently_tiny, >, 10);
  }
}

static void
test_convert (void)
{
  static const struct {
    const SfFormat *to, *from;
  } pairs[] = { { &sf_f32, &sf_f64 }, { &sf_f16, &sf_f64 }, { &sf_f16, &sf_f32 } };
  g_autoptr (GRand) rand = g_rand_new_with_seed (51);

  for (unsigned p = 0; p < G_N_ELEMENTS (pairs); p++)
    for (unsigned i = 0; i < fp_case_count (100000); i++) {
      const SfFormat *to = pairs[p].to, *from = pairs[p].from;
      SfEnv quiet = { 0 }, rtz = { .round = SF_RTZ }, rmm = { .round = SF_RMM };
      /* At, or next to, the middle between two neighbours of the narrow format. */
      uint64_t sign = UINT64_C (1) << (to->bits - 1), low = fp_random (to, rand) & ~sign;
      uint64_t wide = sf_convert (from, to, low, &quiet), next = sf_convert (from, to, low + 1, &quiet);

      if (low >= fp_infinity (to))
        continue;
      if (low + 1 == fp_infinity (to))
        next = wide + (UINT64_C (1) << (from->frac_bits - to->frac_bits));

      uint64_t a = wide + (next - wide) / 2 + g_rand_int_range (rand, -1, 2);
      bool up = value_of (from, a) * 2 >= value_of (to, low) + value_of (to, low + 1);

      g_assert_cmphex (sf_convert (to, from, a, &rtz), ==, low);
      g_assert_cmphex (sf_convert (to, from, a, &rmm), ==, low + up);
      g_assert_cmphex (sf_convert (to, from, a | UINT64_C (1) << (from->bits - 1), &rmm), ==,
                       (low + up) | sign);
    }
}

/* Ties away from zero is adding a half and truncating, which is exact in the wide type. */
static void
test_integers (gconstpointer data)
{
  const SfFormat *f = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (52);

  for (unsigned i = 0; i < fp_case_count (100000); i++) {
    uint64_t a = fp_random (f, rand);
    Quad magnitude = magnitude_of (value_of (f, a));
    bool negative = a >> (f->bits - 1);
    SfEnv rmm = { .round = SF_RMM }, integral = { .round = SF_RMM };

    if (fp_is_nan (f, a) || magnitude >= value_of (f, fp_infinity (f)) || magnitude >= power_of_two (60))
      continue;

    int64_t expected = (int64_t)(magnitude + (Quad)0.5);
    unsigned flags = (Quad)expected == magnitude ? 0 : FP_INEXACT;

    g_assert_cmpint ((int64_t)sf_to_int (f, a, 64, true, &rmm), ==, negative ? -expected : expected);
    g_assert_cmphex (rmm.flags, ==, flags);
    g_assert (value_of (f, sf_round_to_integral (f, a, true, &integral)) ==
              (Quad)(negative ? -expected : expected));
    g_assert_cmphex (integral.flags, ==, flags);
  }
}

int
main (int argc, char **argv)
{
  static const SfFormat *const formats[] = { &sf_f16, &sf_f32, &sf_f64 };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree char *nearest = g_strdup_printf ("/fp/exact/%s/nearest", fp_format_name (formats[i]));
    g_autofree char *integers = g_strdup_printf ("/fp/exact/%s/integers", fp_format_name (formats[i]));

    g_test_add_data_func (nearest, formats[i], test_format);
    g_test_add_data_func (integers, formats[i], test_integers);
  }
  g_test_add_func ("/fp/exact/convert", test_convert);
  return g_test_run ();
}
