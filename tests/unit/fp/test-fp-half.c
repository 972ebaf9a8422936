/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Half precision against the host.
 *
 * SSE has no half arithmetic, but double and then single carry enough digits to stand in, as long as each
 * step rounds to odd: truncate, and set the last bit where anything was lost.  A result rounded to odd with
 * two digits to spare rounds to the narrower format as the exact result would (and no half operand leads out
 * of double's or single's normal range, but for zero).  The last step, to half, is the F16C instruction and
 * gives rounding, overflow and underflow.
 */

#include "fp-cases.h"
#include "host-x86.h"

typedef enum { ADD, SUB, MUL, DIV, SQRT, FMA, N_OPS } Op;

static HostResult
to_odd (HostResult r)
{
  if (r.flags & FP_INEXACT)
    r.bits |= 1;
  r.flags &= ~FP_INEXACT;
  return r;
}

static HostResult
half_of_double (HostResult wide, SfRound round)
{
  HostResult single = to_odd (host_f64_to_f32 (wide.bits, SF_RTZ)),
             half = host_f32_to_f16 (single.bits, round);

  half.flags |= wide.flags | single.flags;
  return half;
}

static HostResult
double_of_half (uint64_t a)
{
  HostResult single = host_f16_to_f32 (a, SF_RNE), wide = host_f32_to_f64 (single.bits, SF_RNE);

  wide.flags |= single.flags;
  return wide;
}

static HostResult
run_host (Op op, uint64_t a, uint64_t b, uint64_t c, SfRound round)
{
  const HostFn fns[] = {
    host_f64.add, host_f64.sub, host_f64.mul, host_f64.div, host_f64.sqrt, host_f64.fma
  };
  HostResult x = double_of_half (a), y = double_of_half (b), z = double_of_half (c);
  HostResult wide = to_odd (fns[op](x.bits, y.bits, z.bits, SF_RTZ));

  if (wide.bits << 1 == 0) /* the sign of an exact zero depends on the direction */
    wide = fns[op](x.bits, y.bits, z.bits, round);
  wide.flags |= x.flags | (op != SQRT ? y.flags : 0) | (op == FMA ? z.flags : 0);
  /* SSE does not raise invalid for infinity times zero plus a quiet NaN. */
  if (op == FMA && fp_is_nan (&sf_f16, c))
    wide.flags |= host_f64.mul (x.bits, y.bits, 0, round).flags & FP_INVALID;
  return half_of_double (wide, round);
}

static uint64_t
run_ours (Op op, uint64_t a, uint64_t b, uint64_t c, SfEnv *env)
{
  switch (op) {
    case ADD: return sf_add (&sf_f16, a, b, env);
    case SUB: return sf_sub (&sf_f16, a, b, env);
    case MUL: return sf_mul (&sf_f16, a, b, env);
    case DIV: return sf_div (&sf_f16, a, b, env);
    case SQRT: return sf_sqrt (&sf_f16, a, env);
    default: return sf_fma (&sf_f16, a, b, c, 0, env);
  }
}

static void
check (Op op, uint64_t a, uint64_t b, uint64_t c, SfRound round)
{
  HostResult host = run_host (op, a, b, c, round);
  SfEnv env = { .round = round, .fp_class = SF_NAN_CANONICAL };
  uint64_t bits = run_ours (op, a, b, c, &env);

  if (bits != fp_canonical (&sf_f16, host.bits) || env.flags != host.flags)
    g_error ("f16 op %d %s %#x %#x %#x: %#x flags %#x, host %#x flags %#x", op, fp_round_names[round],
             (unsigned)a, (unsigned)b, (unsigned)c, (unsigned)bits, env.flags, (unsigned)host.bits,
             host.flags);
}

static void
test_specials (void)
{
  uint64_t v[FP_N_SPECIALS];

  fp_specials (&sf_f16, v);
  for (SfRound round = SF_RNE; round <= SF_RUP; round++)
    for (unsigned i = 0; i < FP_N_SPECIALS; i++)
      for (unsigned j = 0; j < FP_N_SPECIALS; j++) {
        for (Op op = ADD; op < SQRT; op++)
          check (op, v[i], v[j], 0, round);
        for (unsigned k = 0; k < FP_N_SPECIALS; k++)
          check (FMA, v[i], v[j], v[k], round);
      }
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (40);
  unsigned n = fp_case_count (150000);

  for (unsigned i = 0; i < n; i++) {
    uint64_t a = fp_random (&sf_f16, rand), b = fp_random (&sf_f16, rand), c = fp_random (&sf_f16, rand);

    for (Op op = ADD; op < N_OPS; op++)
      check (op, a, b, c, g_rand_int (rand) % 4);
  }
}

static void
test_every_root (void)
{
  for (SfRound round = SF_RNE; round <= SF_RUP; round++)
    for (uint64_t a = 0; a < 0x10000; a++)
      check (SQRT, a, 0, 0, round);
}

static void
test_every_widening (void)
{
  for (uint64_t a = 0; a < 0x10000; a++) {
    HostResult single = host_f16_to_f32 (a, SF_RNE), wide = double_of_half (a);
    SfEnv env32 = { 0 }, env64 = { 0 }, back = { 0 };

    g_assert_cmphex (sf_convert (&sf_f32, &sf_f16, a, &env32), ==, single.bits);
    g_assert_cmphex (env32.flags, ==, single.flags);
    g_assert_cmphex (sf_convert (&sf_f64, &sf_f16, a, &env64), ==, wide.bits);
    g_assert_cmphex (env64.flags, ==, wide.flags);
    g_assert_cmphex (sf_convert (&sf_f16, &sf_f64, wide.bits, &back), ==,
                     host_f32_to_f16 (single.bits, SF_RNE).bits);
    g_assert_cmphex (back.flags, ==, 0);
  }
}

static void
test_narrowing (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (41);
  unsigned n = fp_case_count (400000);

  for (unsigned i = 0; i < n; i++) {
    SfRound round = g_rand_int (rand) % 4;
    SfEnv env32 = { .round = round }, env64 = { .round = round };
    /* A half's neighbourhood: a half widened, then moved a little. */
    uint64_t half = fp_random (&sf_f16, rand);
    uint64_t a =
        host_f16_to_f32 (half, SF_RNE).bits + g_rand_int_range (rand, -1, 2) * (g_rand_int (rand) % 0x3000);
    uint64_t b = double_of_half (half).bits + g_rand_int_range (rand, -1, 2) * (fp_random_int (rand) >> 20);

    if (i % 4 == 0)
      a = fp_random (&sf_f32, rand), b = fp_random (&sf_f64, rand);

    a &= UINT32_MAX;

    HostResult host32 = host_f32_to_f16 (a, round);
    HostResult host64 = half_of_double ((HostResult){ b, 0 }, round);

    g_assert_cmphex (sf_convert (&sf_f16, &sf_f32, a, &env32), ==, host32.bits);
    g_assert_cmphex (env32.flags, ==, host32.flags);
    g_assert_cmphex (sf_convert (&sf_f16, &sf_f64, b, &env64), ==, host64.bits);
    g_assert_cmphex (env64.flags, ==, host64.flags);
  }
}

/* Conversions to integers and integral values depend on the value alone: the widened value has the same. */
static void
test_every_integer (void)
{
  for (SfRound round = SF_RNE; round <= SF_RMM; round++)
    for (uint64_t a = 0; a < 0x10000; a++) {
      uint64_t wide = double_of_half (a).bits;

      for (unsigned i = 0; i < 4; i++) {
        unsigned width = i < 2 ? 32 : 64;
        SfEnv env = { .round = round }, wide_env = { .round = round };

        g_assert_cmphex (sf_to_int (&sf_f16, a, width, i % 2, &env), ==,
                         sf_to_int (&sf_f64, wide, width, i % 2, &wide_env));
        g_assert_cmphex (env.flags, ==, wide_env.flags);
      }

      SfEnv env = { .round = round, .fp_class = SF_NAN_CANONICAL }, wide_env = env;
      uint64_t integral = sf_round_to_integral (&sf_f16, a, true, &env);
      uint64_t wide_integral = sf_round_to_integral (&sf_f64, wide, true, &wide_env);

      g_assert_cmphex (fp_canonical (&sf_f64, double_of_half (integral).bits), ==, wide_integral);
      if (!fp_is_signaling (&sf_f16, a)) /* widening has made it quiet */
        g_assert_cmphex (env.flags, ==, wide_env.flags);
      else
        g_assert_cmphex (env.flags, ==, FP_INVALID);
    }
}

static void
test_from_int (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (42);
  unsigned n = fp_case_count (200000);

  for (unsigned i = 0; i < n; i++) {
    SfRound round = g_rand_int (rand) % 4;
    uint64_t value = fp_random_int (rand);
    HostResult host = half_of_double (to_odd (host_f64.from_int64 (value, 0, 0, SF_RTZ)), round);
    SfEnv env = { .round = round };

    g_assert_cmphex (sf_from_int (&sf_f16, value, 64, true, &env), ==, host.bits);
    g_assert_cmphex (env.flags, ==, host.flags);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!host_usable ()) {
    g_print ("1..0 # SKIP this CPU lacks SSE4.1, AVX, FMA or F16C\n");
    return 0;
  }
  g_test_add_func ("/fp/f16/specials", test_specials);
  g_test_add_func ("/fp/f16/random", test_random);
  g_test_add_func ("/fp/f16/every-root", test_every_root);
  g_test_add_func ("/fp/f16/every-widening", test_every_widening);
  g_test_add_func ("/fp/f16/narrowing", test_narrowing);
  g_test_add_func ("/fp/f16/every-integer", test_every_integer);
  g_test_add_func ("/fp/f16/from-int", test_from_int);
  return g_test_run ();
}
