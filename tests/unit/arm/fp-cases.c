/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cases for random-cases' `run`: floating-point instructions on the numbers at which they do something
 * special, under all modes of FPCR.
 *
 *   fp-cases make SEED COUNT PATTERN...     COUNT cases of each instruction whose name matches one of the
 * patterns, every other one with more of these instructions behind it
 */

#include "arm-trans.h"
#include "random-cases.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned bits, frac_bits;
} Format;
static const Format formats[] = { { 16, 10 }, { 32, 23 }, { 64, 52 } };

static uint64_t
random64 (GRand *rand)
{
  return (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
}

/* A fraction with interesting ends. */
static uint64_t
random_fraction (GRand *rand, unsigned bits)
{
  uint64_t mask = (UINT64_C (1) << bits) - 1;
  switch (g_rand_int (rand) % 8) {
    case 0: return 0;
    case 1: return 1;
    case 2: return mask;
    case 3: return mask - 1;
    case 4: return UINT64_C (1) << (bits - 1);
    case 5: return (UINT64_C (1) << (bits - 1)) + (random64 (rand) & 3) - 1;
    case 6: return (random64 (rand) << (g_rand_int (rand) % bits)) & mask;
    default: return random64 (rand) & mask;
  }
}

/* Near the ends of the range, near 1, near the ends of integers' ranges, or anywhere. */
static uint64_t
random_exponent (GRand *rand, const Format *f)
{
  unsigned exp_bits = f->bits - 1 - f->frac_bits, max = (1u << exp_bits) - 1, bias = max / 2,
           x = g_rand_int (rand);
  switch (g_rand_int (rand) % 9) {
    case 0: return 0;
    case 8:
      return (bias - (f->bits == 64 && x & 1 ? 128 : 16) + (x >> 1) % 4) &
             max; /* a narrower format's smallest */
    case 1: return 1 + x % 3;
    case 2: return max;
    case 3: return max - 1 - x % 3;
    case 4: return (bias - 2 + x % 5) & max;
    case 5: return (bias / 2 + x % 3) & max;
    case 6: return (bias + (x & 1 ? 32 : 64) - 3 + (x >> 1) % 4) & max;
    default: return x & max;
  }
}

static uint64_t
random_number (GRand *rand, const Format *f)
{
  uint64_t sign = g_rand_boolean (rand);
  return sign << (f->bits - 1) | random_exponent (rand, f) << f->frac_bits |
         random_fraction (rand, f->frac_bits);
}

/* Numbers whose products and quotients lie at the ends of the range, the smallest normal number above all;
 * and some that are next to nothing. */
static uint64_t
random_factor (GRand *rand, const Format *f)
{
  unsigned exp_bits = f->bits - 1 - f->frac_bits, bias = (1u << (exp_bits - 1)) - 1, x = g_rand_int (rand);
  uint64_t one = (uint64_t)(x & 1 ? bias - bias / 2 : bias + bias / 2) << f->frac_bits;
  if (x >> 1 & 3)
    return (one + (x >> 3 & 7) - 4) | (uint64_t)(x >> 6 & 1) << (f->bits - 1);
  return (x >> 3 & 3) | (uint64_t)(x >> 6 & 1) << (f->bits - 1);
}

static uint64_t
random_lanes (GRand *rand, const Format *f, uint64_t (*number) (GRand *, const Format *))
{
  uint64_t lanes = 0;
  for (unsigned at = 0; at < 64; at += f->bits)
    lanes |= number (rand, f) << at;
  return lanes;
}

static uint64_t
random_fpcr (GRand *rand)
{
  uint64_t rounding = (uint64_t)(g_rand_int (rand) & 3) << 22;
  switch (g_rand_int (rand) % 4) {
    case 0: return 0;
    case 1: return rounding;
    case 2: return rounding | 1u << 25;                                      /* DN */
    default: return rounding | (g_rand_int (rand) & (15u << 24 | 1u << 19)); /* AHP, DN, FZ, FZ16 */
  }
}

/* Neighbouring registers are often equal or opposite, so that sums cancel. */
static void
fill (GRand *rand, RandomCase *c)
{
  const Format *all = &formats[g_rand_int (rand) % G_N_ELEMENTS (formats)];
  bool factors = g_rand_int (rand) % 3 == 0;
  memset (c, 0, sizeof *c);
  for (unsigned i = 0; i < 32; i++) {
    const Format *f = factors ? all : &formats[g_rand_int (rand) % G_N_ELEMENTS (formats)];
    c->v[i][0] = random_lanes (rand, f, factors ? random_factor : random_number);
    c->v[i][1] = random_lanes (rand, f, factors ? random_factor : random_number);
    if (i > 0 && g_rand_int (rand) % 8 == 0)
      c->v[i][0] = c->v[i - 1][0] ^ (g_rand_boolean (rand) ? UINT64_C (0x8000000080008000) : 0);
  }
  for (unsigned i = 0; i < 31; i++)
    c->x[i] = random64 (rand) >> (g_rand_int (rand) & 63)
                                     << (g_rand_int (rand) % 8 ? 0 : g_rand_int (rand) & 63);
  c->nzcv = (uint64_t)(g_rand_int (rand) & 15) << 28;
  c->fpcr = random_fpcr (rand) & ~(UINT64_C (1) << 27);
}

static bool
matches (const char *name, char **patterns)
{
  for (; *patterns; patterns++)
    if (g_pattern_match_simple (*patterns, name))
      return true;
  return false;
}

static void
make (GRand *rand, GArray *ops, unsigned first, bool alone)
{
  RandomCase c;
  fill (rand, &c);
  for (unsigned n = alone ? 1 : CASE_INSNS, op = first; c.n_insns < n;) {
    c.n_insns += decode_random (&a64_insns[op], g_rand_int (rand), &c.insns[c.n_insns]);
    if (c.n_insns > 0)
      op = g_array_index (ops, unsigned, g_rand_int (rand) % ops->len);
  }
  fwrite (&c, sizeof c, 1, stdout);
}

int
main (int argc, char **argv)
{
  if (argc < 5 || strcmp (argv[1], "make") != 0) {
    fprintf (stderr, "usage: fp-cases make SEED COUNT PATTERN...\n");
    return 2;
  }
  GRand *rand = g_rand_new_with_seed ((unsigned)atoi (argv[2]));
  GArray *ops = g_array_new (FALSE, FALSE, sizeof (unsigned));
  for (unsigned op = 1; op < A64_N_OPS; op++)
    if (matches (a64_insns[op].name, argv + 4))
      g_array_append_val (ops, op);
  for (unsigned i = 0; i < ops->len; i++)
    for (int j = 0; j < atoi (argv[3]); j++)
      make (rand, ops, g_array_index (ops, unsigned, i), j % 2 == 0);
  g_array_unref (ops);
  g_rand_free (rand);
  return 0;
}
