/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Comparison, minimum and maximum, and classification, on the encodings: their magnitudes order as integers.
 */

#include "sf-internal.h"

typedef struct {
  uint64_t magnitude;
  bool sign, nan, snan;
} Encoding;

static inline Encoding
encoding_of (const SfFormat *f, uint64_t a)
{
  uint64_t magnitude = a & sf_mask (f->bits - 1);
  uint64_t infinity = (uint64_t)sf_exp_max (f) << f->frac_bits;
  bool nan = magnitude > infinity;

  return (Encoding){
    .magnitude = magnitude,
    .sign = (a >> (f->bits - 1)) & 1,
    .nan = nan,
    .snan = nan && magnitude < sf_canonical_nan (f),
  };
}

/* The order of two numbers in which -0 comes before +0. */
static SfOrder
total_order (const Encoding *a, const Encoding *b)
{
  if (a->sign != b->sign)
    return a->sign ? SF_LESS : SF_GREATER;
  if (a->magnitude == b->magnitude)
    return SF_EQUAL;
  return (a->magnitude < b->magnitude) != a->sign ? SF_LESS : SF_GREATER;
}

SfOrder
sf_order (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env)
{
  Encoding x = encoding_of (f, sf_operand (f, a, env)), y = encoding_of (f, sf_operand (f, b, env));

  if (x.nan || y.nan) {
    if (signaling || x.snan || y.snan)
      env->flags |= FP_INVALID;
    return SF_UNORDERED;
  }
  if ((x.magnitude | y.magnitude) == 0)
    return SF_EQUAL;
  return total_order (&x, &y);
}

bool
sf_eq (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env)
{
  return sf_order (f, a, b, signaling, env) == SF_EQUAL;
}

bool
sf_lt (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env)
{
  return sf_order (f, a, b, signaling, env) == SF_LESS;
}

bool
sf_le (const SfFormat *f, uint64_t a, uint64_t b, bool signaling, SfEnv *env)
{
  return sf_order (f, a, b, signaling, env) <= SF_EQUAL;
}

/* The result of a minimum or maximum one or both of whose operands are NaNs. */
static uint64_t
minmax_nan (const SfFormat *f, uint64_t a, uint64_t b, SfMinMax rule, SfEnv *env)
{
  SfNum x = sf_unpack (f, a), y = sf_unpack (f, b);
  SfNum result = sf_propagate_nan ((const SfNum *const[]){ &x, &y }, 2, env);
  bool signaling = x.kind == SF_SNAN || y.kind == SF_SNAN;

  if (rule == SF_MINMAX_NUMBER && sf_is_nan (&x) != sf_is_nan (&y) &&
      !(signaling && env->fp_class & SF_NAN_SIGNALING_FIRST))
    return (sf_is_nan (&x) ? b : a) & sf_mask (f->bits);
  return sf_pack (f, &result, env);
}

/* Whichever operand is `wanted` of the other. */
static uint64_t
minmax (const SfFormat *f, uint64_t a, uint64_t b, SfOrder wanted, SfMinMax rule, SfEnv *env)
{
  a = sf_operand (f, a, env);
  b = sf_operand (f, b, env);

  Encoding x = encoding_of (f, a), y = encoding_of (f, b);

  if (x.nan || y.nan)
    return minmax_nan (f, a, b, rule, env);
  return (total_order (&x, &y) == wanted ? a : b) & sf_mask (f->bits);
}

uint64_t
sf_min (const SfFormat *f, uint64_t a, uint64_t b, SfMinMax rule, SfEnv *env)
{
  return minmax (f, a, b, SF_LESS, rule, env);
}

uint64_t
sf_max (const SfFormat *f, uint64_t a, uint64_t b, SfMinMax rule, SfEnv *env)
{
  return minmax (f, a, b, SF_GREATER, rule, env);
}

unsigned
sf_classify (const SfFormat *f, uint64_t a)
{
  Encoding x = encoding_of (f, a);

  if (x.nan)
    return x.snan ? SF_IS_SNAN : SF_IS_QNAN;
  if (x.magnitude == 0)
    return x.sign ? SF_IS_NEG_ZERO : SF_IS_POS_ZERO;
  if (x.magnitude >> f->frac_bits == 0)
    return x.sign ? SF_IS_NEG_SUBNORMAL : SF_IS_POS_SUBNORMAL;
  if (x.magnitude >> f->frac_bits == (uint64_t)sf_exp_max (f))
    return x.sign ? SF_IS_NEG_INF : SF_IS_POS_INF;
  return x.sign ? SF_IS_NEG_NORMAL : SF_IS_POS_NORMAL;
}
