/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "fp-cases.h"

const char *const fp_round_names[5] = { "rne", "rtz", "rdn", "rup", "rmm" };

static uint64_t
encoding (const SfFormat *f, bool sign, uint64_t biased, uint64_t frac)
{
  return (uint64_t)sign << (f->bits - 1) | biased << f->frac_bits | frac;
}

void
fp_specials (const SfFormat *f, uint64_t ret_specials[FP_N_SPECIALS])
{
  uint64_t exp_max = (1u << f->exp_bits) - 1, frac_max = (UINT64_C (1) << f->frac_bits) - 1;
  uint64_t quiet = UINT64_C (1) << (f->frac_bits - 1);
  unsigned n = 0;

  for (int sign = 0; sign < 2; sign++) {
    const struct {
      uint64_t biased, frac;
    } corners[FP_N_SPECIALS / 2] = {
      { 0, 0 },
      { 0, 1 }, /* the smallest subnormal */
      { 0, quiet | 1 },
      { 0, frac_max }, /* the largest */
      { 1, 0 },        /* the smallest normal */
      { 1, 1 },
      { f->bias / 2, frac_max },         /* squares to about the smallest normal */
      { f->bias - f->frac_bits - 1, 0 }, /* half an ulp of one */
      { f->bias - f->frac_bits, 0 },     /* an ulp of one */
      { f->bias - 1, 0 },                /* a half */
      { f->bias - 1, frac_max },         /* just below one */
      { f->bias, 0 },
      { f->bias, 1 },
      { f->bias, quiet },                   /* one and a half */
      { f->bias + f->frac_bits, frac_max }, /* the largest odd integer */
      { exp_max - 1, 0 },
      { exp_max - 1, frac_max }, /* the largest */
      { exp_max, 0 },
      { exp_max, quiet | 5 },
      { exp_max, 3 }, /* signalling */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS (corners); i++)
      ret_specials[n++] = encoding (f, sign, corners[i].biased, corners[i].frac);
  }
}

static uint64_t
random_bits (GRand *rand)
{
  return (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
}

static uint64_t
random_fraction (const SfFormat *f, GRand *rand)
{
  uint64_t mask = (UINT64_C (1) << f->frac_bits) - 1, bits = random_bits (rand);
  unsigned n = g_rand_int (rand) % f->frac_bits;

  switch (g_rand_int (rand) % 8) {
    case 0: return 0;
    case 1: return mask;
    case 2: return mask & ~(UINT64_C (1) << n);
    case 3: return UINT64_C (1) << n;
    case 4: return mask << n & mask; /* a run of ones at the top */
    case 5: return bits << n & mask; /* short */
    case 6: return mask >> n;        /* a run of ones at the bottom */
    default: return bits & mask;
  }
}

uint64_t
fp_random (const SfFormat *f, GRand *rand)
{
  int exp_max = (1 << f->exp_bits) - 1, near = g_rand_int (rand) % (2 * f->frac_bits + 6);
  int biased;

  switch (g_rand_int (rand) % 8) {
    case 0: biased = g_rand_int (rand) % 3; break;
    case 1: biased = near; break;
    case 2: biased = exp_max - near / 4; break;
    case 3: biased = exp_max / 4 + near / 2; break;
    case 4: biased = g_rand_int (rand) % (exp_max + 1); break;
    default: biased = f->bias - f->frac_bits - 3 + near; break;
  }
  return encoding (f, g_rand_boolean (rand), CLAMP (biased, 0, exp_max), random_fraction (f, rand));
}

uint64_t
fp_random_int (GRand *rand)
{
  uint64_t bits = random_bits (rand) >> g_rand_int (rand) % 64;

  return g_rand_int (rand) % 4 ? bits : -bits;
}

unsigned
fp_case_count (unsigned n)
{
  const char *scale = g_getenv ("VITRINE_FP_TEST_SCALE");

  return n * (scale ? MAX (1, g_ascii_strtoull (scale, NULL, 10)) : 1);
}

uint64_t
fp_infinity (const SfFormat *f)
{
  return (UINT64_C (1) << (f->bits - 1)) - (UINT64_C (1) << f->frac_bits);
}

bool
fp_is_nan (const SfFormat *f, uint64_t a)
{
  return (a & ~(UINT64_C (1) << (f->bits - 1))) > fp_infinity (f);
}

bool
fp_is_signaling (const SfFormat *f, uint64_t a)
{
  return fp_is_nan (f, a) && (a >> (f->frac_bits - 1) & 1) == 0;
}

uint64_t
fp_canonical (const SfFormat *f, uint64_t a)
{
  return fp_is_nan (f, a) ? fp_infinity (f) | UINT64_C (1) << (f->frac_bits - 1) : a;
}

const char *
fp_format_name (const SfFormat *f)
{
  return f == &sf_f16 ? "f16" : f == &sf_f32 ? "f32" : "f64";
}
