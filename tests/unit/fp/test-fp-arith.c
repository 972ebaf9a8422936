/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Arithmetic and comparison in single and double precision against the host's SSE unit. */

#include "fp-cases.h"
#include "host-x86.h"

typedef enum { ADD, SUB, MUL, DIV, SQRT, FMA, N_OPS } Op;

static const char *const op_names[] = { "add", "sub", "mul", "div", "sqrt", "fma" };

typedef struct {
  const SfFormat *format;
  const HostFormat *host;
} Pair;

static const Pair pairs[] = { { &sf_f32, &host_f32 }, { &sf_f64, &host_f64 } };

static uint64_t
run_ours (const SfFormat *f, Op op, uint64_t a, uint64_t b, uint64_t c, SfEnv *env)
{
  switch (op) {
    case ADD: return sf_add (f, a, b, env);
    case SUB: return sf_sub (f, a, b, env);
    case MUL: return sf_mul (f, a, b, env);
    case DIV: return sf_div (f, a, b, env);
    case SQRT: return sf_sqrt (f, a, env);
    default: return sf_fma (f, a, b, c, 0, env);
  }
}

static HostResult
run_host (const HostFormat *host, Op op, uint64_t a, uint64_t b, uint64_t c, SfRound round)
{
  const HostFn fns[] = { host->add, host->sub, host->mul, host->div, host->sqrt, host->fma };

  return fns[op](a, b, c, round);
}

/* SSE leaves invalid clear for infinity times zero plus a quiet NaN; the room's rule is that it is raised. */
static unsigned
fma_invalid_flag (const SfFormat *f, uint64_t a, uint64_t b)
{
  unsigned zero = SF_IS_NEG_ZERO | SF_IS_POS_ZERO, infinity = SF_IS_NEG_INF | SF_IS_POS_INF;
  unsigned x = sf_classify (f, a), y = sf_classify (f, b);

  return ((x & zero) && (y & infinity)) || ((x & infinity) && (y & zero)) ? FP_INVALID : 0;
}

static void
check (const Pair *p, Op op, uint64_t a, uint64_t b, uint64_t c, SfRound round)
{
  const SfFormat *f = p->format;
  HostResult host = run_host (p->host, op, a, b, c, round);
  SfEnv env = { .round = round, .fp_class = SF_NAN_CANONICAL };
  uint64_t bits = run_ours (f, op, a, b, c, &env);
  unsigned flags = host.flags | (op == FMA ? fma_invalid_flag (f, a, b) : 0);

  if (bits != fp_canonical (f, host.bits) || env.flags != flags)
    g_error ("%s %s %s %#" G_GINT64_MODIFIER "x %#" G_GINT64_MODIFIER "x %#" G_GINT64_MODIFIER
             "x: %#" G_GINT64_MODIFIER "x flags %#x, host %#" G_GINT64_MODIFIER "x flags %#x",
             fp_format_name (f), op_names[op], fp_round_names[round], a, b, c, bits, env.flags, host.bits,
             flags);

  /* SSE propagates the first NaN operand, as the room does without the canonical class. */
  env = (SfEnv){ .round = round };
  bits = run_ours (f, op, a, b, c, &env);
  if (fp_is_nan (f, a) || (op != SQRT && fp_is_nan (f, b)) || (op == FMA && fp_is_nan (f, c)))
    g_assert_cmphex (bits, ==, host.bits);
  else
    g_assert_cmphex (bits, ==, fp_canonical (f, host.bits));
  g_assert_cmphex (env.flags, ==, flags);
}

static void
test_specials (gconstpointer data)
{
  const Pair *p = data;
  uint64_t v[FP_N_SPECIALS];

  fp_specials (p->format, v);
  for (SfRound round = SF_RNE; round <= SF_RUP; round++)
    for (unsigned i = 0; i < FP_N_SPECIALS; i++)
      for (unsigned j = 0; j < FP_N_SPECIALS; j++) {
        for (Op op = ADD; op <= SQRT; op++)
          check (p, op, v[i], v[j], 0, round);
        for (unsigned k = 0; k < FP_N_SPECIALS; k++)
          check (p, FMA, v[i], v[j], v[k], round);
      }
}

static void
test_random (gconstpointer data)
{
  const Pair *p = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (20);
  unsigned n = fp_case_count (300000);

  for (unsigned i = 0; i < n; i++) {
    uint64_t a = fp_random (p->format, rand), b = fp_random (p->format, rand),
             c = fp_random (p->format, rand);

    for (Op op = ADD; op < N_OPS; op++)
      check (p, op, a, b, c, g_rand_int (rand) % 4);
  }
}

/* Sums of a product that nearly cancels: c is the rounded, negated product, or next to it. */
static void
test_fma_cancellation (gconstpointer data)
{
  const Pair *p = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (21);
  uint64_t sign = UINT64_C (1) << (p->format->bits - 1);
  unsigned n = fp_case_count (200000);

  for (unsigned i = 0; i < n; i++) {
    uint64_t a = fp_random (p->format, rand), b = fp_random (p->format, rand);
    uint64_t product = p->host->mul (a, b, 0, SF_RNE).bits;

    check (p, FMA, a, b, (product ^ sign) + g_rand_int_range (rand, -2, 3), g_rand_int (rand) % 4);
  }
}

static void
test_fma_negation (gconstpointer data)
{
  const Pair *p = data;
  const SfFormat *f = p->format;
  uint64_t v[FP_N_SPECIALS], sign = UINT64_C (1) << (f->bits - 1);

  fp_specials (f, v);
  for (unsigned i = 0; i < FP_N_SPECIALS; i++)
    for (unsigned j = 0; j < FP_N_SPECIALS; j++)
      for (unsigned k = 0; k < FP_N_SPECIALS; k++)
        for (unsigned negate = 0; negate <= (SF_NEG_PRODUCT | SF_NEG_ADDEND); negate += 2) {
          SfRound round = (i + j + k) % 4;
          SfEnv env = { .round = round, .fp_class = SF_NAN_CANONICAL };
          uint64_t bits = sf_fma (f, v[i], v[j], v[k], negate, &env);
          HostResult host = p->host->fma (v[i] ^ (negate & SF_NEG_PRODUCT ? sign : 0), v[j],
                                          v[k] ^ (negate & SF_NEG_ADDEND ? sign : 0), round);

          g_assert_cmphex (bits, ==, fp_canonical (f, host.bits));
          g_assert_cmphex (env.flags, ==, host.flags | fma_invalid_flag (f, v[i], v[j]));
        }
}

static void
check_compare (const Pair *p, uint64_t a, uint64_t b)
{
  bool (*const ours[]) (const SfFormat *, uint64_t, uint64_t, bool, SfEnv *) = { sf_eq, sf_lt, sf_le };

  for (unsigned cond = 0; cond < 3; cond++)
    for (unsigned signaling = 0; signaling < 2; signaling++) {
      HostResult host = p->host->compare[cond][signaling](a, b, 0, SF_RNE);
      SfEnv env = { 0 };

      g_assert_cmpint (ours[cond](p->format, a, b, signaling, &env), ==, host.bits != 0);
      g_assert_cmphex (env.flags, ==, host.flags);
    }
}

static void
test_compare (gconstpointer data)
{
  const Pair *p = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (22);
  uint64_t v[FP_N_SPECIALS];
  unsigned n = fp_case_count (50000);

  fp_specials (p->format, v);
  for (unsigned i = 0; i < FP_N_SPECIALS; i++)
    for (unsigned j = 0; j < FP_N_SPECIALS; j++)
      check_compare (p, v[i], v[j]);
  for (unsigned i = 0; i < n; i++) {
    uint64_t a = fp_random (p->format, rand);

    check_compare (p, a, fp_random (p->format, rand));
    check_compare (p, a, a + g_rand_int_range (rand, -1, 2));
  }
}

/* With -m perf: the time of each operation. */
static void
test_speed (gconstpointer data)
{
  const Pair *p = data;
  enum { N = 4096, ROUNDS = 500 };
  static uint64_t v[N + 2];
  g_autoptr (GRand) rand = g_rand_new_with_seed (23);

  for (unsigned i = 0; i < N + 2; i++)
    v[i] = ((uint64_t)(p->format->bias - 8 + g_rand_int (rand) % 16) << p->format->frac_bits) |
           (((uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand)) >> (64 - p->format->frac_bits));
  for (Op op = ADD; op < N_OPS; op++) {
    SfEnv env = { .fp_class = SF_NAN_CANONICAL };
    uint64_t sum = 0;
    gint64 start = g_get_monotonic_time ();

    for (unsigned r = 0; r < ROUNDS; r++)
      for (unsigned i = 0; i < N; i++)
        sum += run_ours (p->format, op, v[i], v[i + 1], v[i + 2], &env);
    double ns = (g_get_monotonic_time () - start) * 1000.0 / (N * ROUNDS);
    g_test_minimized_result (ns, "%s %s: %.1f ns (sum %x)", fp_format_name (p->format), op_names[op], ns,
                             (unsigned)sum);
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
  for (unsigned i = 0; i < G_N_ELEMENTS (pairs); i++) {
    const struct {
      const char *name;
      GTestDataFunc fn;
    } tests[] = {
      { "specials", test_specials },
      { "random", test_random },
      { "fma-cancellation", test_fma_cancellation },
      { "fma-negation", test_fma_negation },
      { "compare", test_compare },
      { "speed", test_speed },
    };

    for (unsigned t = 0; t < G_N_ELEMENTS (tests) - !g_test_perf (); t++) {
      g_autofree char *path = g_strdup_printf ("/fp/%s/%s", fp_format_name (pairs[i].format), tests[t].name);
      g_test_add_data_func (path, &pairs[i], tests[t].fn);
    }
  }
  return g_test_run ();
}
