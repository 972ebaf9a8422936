/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Conversions between single, double and integers against the host's SSE unit. */

#include "fp-cases.h"
#include "host-x86.h"

typedef struct {
  const SfFormat *format;
  const HostFormat *host;
} Pair;

static const Pair pairs[] = { { &sf_f32, &host_f32 }, { &sf_f64, &host_f64 } };

/* Integer types by width and signedness. */
static const struct {
  unsigned width;
  bool is_signed;
} integers[] = { { 64, true }, { 64, false }, { 32, true }, { 32, false }, { 16, true }, { 8, false } };

typedef void (*ValueCheck) (const Pair *p, uint64_t a, SfRound round);

static void
for_each_value (const Pair *p, ValueCheck fn)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (30);
  uint64_t v[FP_N_SPECIALS];
  unsigned n = fp_case_count (300000);

  fp_specials (p->format, v);
  for (SfRound round = SF_RNE; round <= SF_RUP; round++)
    for (unsigned i = 0; i < FP_N_SPECIALS; i++)
      fn (p, v[i], round);
  for (unsigned i = 0; i < n; i++)
    fn (p, fp_random (p->format, rand), g_rand_int (rand) % 4);
}

static void
check_format (const Pair *p, uint64_t a, SfRound round)
{
  const SfFormat *to = p->format == &sf_f32 ? &sf_f64 : &sf_f32;
  HostResult host = p->format == &sf_f32 ? host_f32_to_f64 (a, round) : host_f64_to_f32 (a, round);
  SfEnv propagate = { .round = round }, canonical = { .round = round, .fp_class = SF_NAN_CANONICAL };

  g_assert_cmphex (sf_convert (to, p->format, a, &propagate), ==, host.bits);
  g_assert_cmphex (sf_convert (to, p->format, a, &canonical), ==, fp_canonical (to, host.bits));
  g_assert_cmphex (propagate.flags, ==, host.flags);
  g_assert_cmphex (canonical.flags, ==, host.flags);
}

static void
test_format (gconstpointer data)
{
  for_each_value (data, check_format);
}

static void
check_integral (const Pair *p, uint64_t a, SfRound round)
{
  for (unsigned exact = 0; exact < 2; exact++) {
    HostResult host = (exact ? p->host->round_exact : p->host->round_quiet) (a, 0, 0, round);
    SfEnv env = { .round = round };

    g_assert_cmphex (sf_round_to_integral (p->format, a, exact, &env), ==, host.bits);
    g_assert_cmphex (env.flags, ==, host.flags);
  }
}

static void
test_integral (gconstpointer data)
{
  for_each_value (data, check_integral);
}

/* An integral value as a 128-bit integer where its magnitude is less than 2^100. */
static bool
integer_value (const SfFormat *f, uint64_t integral, __int128 *ret_value)
{
  unsigned biased = (integral >> f->frac_bits) & ((1u << f->exp_bits) - 1);
  uint64_t frac = integral & ((UINT64_C (1) << f->frac_bits) - 1);
  int shift = (int)biased - f->bias - f->frac_bits;
  __int128 value = frac | UINT64_C (1) << f->frac_bits;

  *ret_value = 0;
  if (biased == 0)
    return true;
  if (biased > (unsigned)f->bias + 100)
    return false;
  value = shift >= 0 ? value << shift : value >> -shift;
  *ret_value = (integral >> (f->bits - 1)) & 1 ? -value : value;
  return true;
}

/* The integer conversions that SSE lacks follow from its rounding to an integral value, which is exact from
 * there. */
static void
check_to_int (const Pair *p, uint64_t a, SfRound round)
{
  const SfFormat *f = p->format;
  HostResult integral = p->host->round_exact (a, 0, 0, round);
  __int128 value, one = 1;
  bool moderate = integer_value (f, integral.bits, &value);

  for (unsigned i = 0; i < G_N_ELEMENTS (integers); i++) {
    unsigned width = integers[i].width;
    bool is_signed = integers[i].is_signed;
    __int128 min = is_signed ? -(one << (width - 1)) : 0, max = min + (one << width) - 1, expected;
    unsigned flags = FP_INVALID;
    SfEnv env = { .round = round, .fp_class = i % 2 ? SF_CVT_NAN_MAX : 0 };
    uint64_t mask = ~UINT64_C (0) >> (64 - width);

    if (fp_is_nan (f, a))
      expected = i % 2 ? max : 0;
    else if (!moderate || value < min || value > max)
      expected = a >> (f->bits - 1) ? min : max;
    else
      expected = value, flags = integral.flags;
    g_assert_cmphex (sf_to_int (f, a, width, is_signed, &env), ==, (uint64_t)expected & mask);
    g_assert_cmphex (env.flags, ==, flags);
  }
}

/* And directly: where SSE has the conversion and it does not fail, results and flags are the same. */
static void
check_to_int64 (const Pair *p, uint64_t a, SfRound round)
{
  HostResult host = p->host->to_int64 (a, 0, 0, round);
  SfEnv env = { .round = round };
  uint64_t ours = sf_to_int (p->format, a, 64, true, &env);

  g_assert_cmphex (env.flags, ==, host.flags);
  if (!(host.flags & FP_INVALID))
    g_assert_cmphex (ours, ==, host.bits);
}

static void
test_to_int (gconstpointer data)
{
  for_each_value (data, check_to_int);
  for_each_value (data, check_to_int64);
}

static void
check_to_int_modulo (const Pair *p, uint64_t a, SfRound round)
{
  const SfFormat *f = p->format;
  HostResult integral = p->host->round_exact (a, 0, 0, SF_RTZ);
  SfEnv env = { .round = round }, plain = { .round = SF_RTZ };
  __int128 value;

  if (!integer_value (f, integral.bits, &value))
    value = 0; /* NaN, infinity, or a multiple of 2^32 in every format here */
  g_assert_cmphex (sf_to_int_modulo (f, a, &env), ==, (uint32_t)value);
  sf_to_int (f, a, 32, true, &plain);
  g_assert_cmphex (env.flags, ==, plain.flags);
}

static void
test_to_int_modulo (gconstpointer data)
{
  for_each_value (data, check_to_int_modulo);
}

/* An unsigned integer beyond INT64_MAX is halved with a sticky bit, and the result doubled: both exact. */
static HostResult
host_from_unsigned (const Pair *p, uint64_t value, SfRound round)
{
  if (!(value >> 63))
    return p->host->from_int64 (value, 0, 0, round);

  HostResult half = p->host->from_int64 (value >> 1 | (value & 1), 0, 0, round);

  half.bits += UINT64_C (1) << p->format->frac_bits;
  return half;
}

static void
check_from_int (const Pair *p, uint64_t value, SfRound round)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (integers); i++) {
    unsigned spare = 64 - integers[i].width;
    bool is_signed = integers[i].is_signed;
    uint64_t extended = is_signed ? (uint64_t)((int64_t)(value << spare) >> spare) : value << spare >> spare;
    HostResult host =
        is_signed ? p->host->from_int64 (extended, 0, 0, round) : host_from_unsigned (p, extended, round);
    SfEnv env = { .round = round };

    g_assert_cmphex (sf_from_int (p->format, value, integers[i].width, is_signed, &env), ==, host.bits);
    g_assert_cmphex (env.flags, ==, host.flags);
  }
}

static void
test_from_int (gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (31);
  unsigned n = fp_case_count (300000);

  for (SfRound round = SF_RNE; round <= SF_RUP; round++)
    for (unsigned bit = 0; bit < 64; bit++)
      for (int more = -2; more <= 2; more++) {
        check_from_int (data, (UINT64_C (1) << bit) + more, round);
        check_from_int (data, (UINT64_C (3) << bit) + more, round);
      }
  for (unsigned i = 0; i < n; i++)
    check_from_int (data, fp_random_int (rand), g_rand_int (rand) % 4);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc fn;
  } tests[] = {
    { "format", test_format },     { "integral", test_integral },           { "to-int", test_to_int },
    { "from-int", test_from_int }, { "to-int-modulo", test_to_int_modulo },
  };

  g_test_init (&argc, &argv, NULL);
  if (!host_usable ()) {
    g_print ("1..0 # SKIP this CPU lacks SSE4.1, AVX, FMA or F16C\n");
    return 0;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (pairs); i++)
    for (unsigned t = 0; t < G_N_ELEMENTS (tests); t++) {
      g_autofree char *path =
          g_strdup_printf ("/fp/convert/%s/%s", fp_format_name (pairs[i].format), tests[t].name);
      g_test_add_data_func (path, &pairs[i], tests[t].fn);
    }
  return g_test_run ();
}
