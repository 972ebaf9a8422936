/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The unpacked numbers the operations work on.
 *
 * Operations know no format: they take unpacked numbers, which any format unpacks to, and give an unpacked
 * result that is exact but for its lowest bit, which stands for "something non-zero was here or below" (the
 * sticky bit). sf_round_magnitude() then rounds it to a format once.  That is right as long as the sticky bit
 * lies at least two bits below the format's precision.
 */

#include "softfloat.h"

typedef unsigned __int128 SfSig;

typedef enum { SF_ZERO, SF_FINITE, SF_INF, SF_QNAN, SF_SNAN } SfKind;

typedef struct {
  uint8_t kind; /* SfKind */
  bool sign;
  int32_t exp; /* SF_FINITE: the value is sig * 2^(exp - 127) */
  SfSig sig;   /* SF_FINITE: bit 127 is one.  NaN: the fraction field, from the quiet bit in bit 126 down */
} SfNum;

#define SF_SIG_TOP   ((SfSig)1 << 127)
#define SF_SIG_QUIET ((SfSig)1 << 126)

/* The format's all-ones exponent: that of infinities and NaNs. */
static inline int32_t
sf_exp_max (const SfFormat *f)
{
  return (1 << f->exp_bits) - 1;
}

static inline uint64_t
sf_mask (unsigned width)
{
  return ~UINT64_C (0) >> (64 - width);
}

static inline unsigned
sf_leading_zeros (SfSig x)
{
  uint64_t high = x >> 64;

  return high ? __builtin_clzll (high) : 64 + __builtin_clzll ((uint64_t)x);
}

/* x >> n where every bit shifted out is gathered in the lowest bit. */
static inline SfSig
sf_shift_right_sticky (SfSig x, unsigned n)
{
  if (n == 0)
    return x;
  if (n > 127)
    return x != 0;
  return (x >> n) | ((x << (128 - n)) != 0);
}

static inline void
sf_normalize (SfNum *v)
{
  unsigned n = sf_leading_zeros (v->sig);

  v->sig <<= n;
  v->exp -= n;
}

static inline bool
sf_is_nan (const SfNum *v)
{
  return v->kind >= SF_QNAN;
}

/* Raises invalid for an operation that has no numeric result, and gives the NaN it returns. */
static inline SfNum
sf_invalid (SfEnv *env)
{
  env->flags |= FP_INVALID;
  return (SfNum){ .kind = SF_QNAN, .sig = SF_SIG_QUIET };
}

static inline SfNum
sf_unpack (const SfFormat *f, uint64_t a)
{
  uint64_t frac = a & sf_mask (f->frac_bits);
  int32_t biased = (a >> f->frac_bits) & sf_exp_max (f);
  SfNum v = { .kind = SF_FINITE,
              .sign = (a >> (f->bits - 1)) & 1,
              .sig = (SfSig)frac << (127 - f->frac_bits) };

  if (biased == sf_exp_max (f) && !f->finite) {
    v.kind = frac == 0 ? SF_INF : v.sig & SF_SIG_QUIET ? SF_QNAN : SF_SNAN;
  } else if (biased != 0) {
    v.exp = biased - f->bias;
    v.sig |= SF_SIG_TOP;
  } else if (frac == 0) {
    v.kind = SF_ZERO;
  } else {
    v.exp = 1 - f->bias;
    sf_normalize (&v);
  }
  return v;
}

/* The operand a as the class has it: a subnormal may count as zero. */
static inline uint64_t
sf_operand (const SfFormat *f, uint64_t a, SfEnv *env)
{
  if (!(env->fp_class & SF_FLUSH))
    return a;
  if ((a >> f->frac_bits & sf_exp_max (f)) != 0 || (a & sf_mask (f->frac_bits)) == 0)
    return a;
  if (f->bits != 16)
    env->flags |= FP_DENORMAL;
  return a & ~sf_mask (f->bits - 1);
}

static inline SfNum
sf_unpack_operand (const SfFormat *f, uint64_t a, SfEnv *env)
{
  return sf_unpack (f, sf_operand (f, a, env));
}

/* What of a significand lies below its last kept bit, in quarters of that bit, the lowest bit being sticky: 0
 * is nothing, 1 less than half, 2 half, 3 more.  `dropped` is the number of bits below, 2 to 127. */
static inline unsigned
sf_rest (SfSig sig, unsigned dropped)
{
  unsigned half = (sig >> (dropped - 1)) & 1;

  return half << 1 | ((sig << (129 - dropped)) != 0);
}

/* Whether rounding takes a magnitude whose last kept bit is `odd` to the next larger one. */
static inline bool
sf_rounds_up (unsigned round, bool sign, bool odd, unsigned rest)
{
  switch (round) {
    case SF_RTZ: return false;
    case SF_RDN: return sign && rest != 0;
    case SF_RUP: return !sign && rest != 0;
    case SF_RMM: return rest >= 2;
    case SF_ROD: return !odd && rest != 0;
    default: return rest > 2 || (rest == 2 && odd);
  }
}

/* Rounds and encodes a number of any kind. */
uint64_t sf_pack (const SfFormat *f, const SfNum *v, SfEnv *env);

/* The result of an operation some of whose n operands are NaNs, raising invalid for signalling ones. */
SfNum sf_propagate_nan (const SfNum *const *operands, unsigned n, SfEnv *env);
