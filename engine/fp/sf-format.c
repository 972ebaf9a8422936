/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Formats: rounding an unpacked number to one, and encoding it. */

#include "sf-internal.h"
#include <stddef.h>

const SfFormat sf_f16 = { .bits = 16, .exp_bits = 5, .frac_bits = 10, .bias = 15 };
const SfFormat sf_f32 = { .bits = 32, .exp_bits = 8, .frac_bits = 23, .bias = 127 };
const SfFormat sf_f64 = { .bits = 64, .exp_bits = 11, .frac_bits = 52, .bias = 1023 };

static SfSig
infinity_magnitude (const SfFormat *f)
{
  return (SfSig)sf_exp_max (f) << f->frac_bits;
}

uint64_t
sf_canonical_nan (const SfFormat *f)
{
  return (uint64_t)infinity_magnitude (f) | UINT64_C (1) << (f->frac_bits - 1);
}

/* Whether a non-zero number below the smallest normal one is tiny.  After rounding, only a number of the
 * binade just below can escape: where rounding to full precision, as if exponents were unbounded, carries it
 * out of that binade. */
static bool
is_tiny (const SfFormat *f, const SfNum *v, const SfEnv *env)
{
  unsigned dropped = 127 - f->frac_bits;

  if ((env->fp_class & SF_TINY_BEFORE) || v->exp < -f->bias)
    return true;
  if (~v->sig >> dropped)
    return true;
  return !sf_rounds_up (env->round, v->sign, true, sf_rest (v->sig, dropped));
}

static SfSig
overflow (const SfFormat *f, bool sign, SfEnv *env)
{
  if (f->finite) {
    env->flags |= FP_INVALID;
    return sf_mask (f->bits - 1);
  }

  bool to_infinity = sf_rounds_up (env->round, sign, true, 3);

  env->flags |= FP_OVERFLOW | FP_INEXACT;
  return infinity_magnitude (f) - !to_infinity;
}

/* Rounds a finite number to the format, raising overflow, underflow and inexact.  The result is the encoding
 * without its sign: biased exponent and fraction. */
static SfSig
sf_round_magnitude (const SfFormat *f, const SfNum *v, SfEnv *env)
{
  unsigned dropped = 127 - f->frac_bits;
  int32_t biased = v->exp + f->bias;
  SfSig sig = v->sig;
  bool tiny = false;

  if (biased < 1 && env->fp_class & SF_FLUSH) {
    env->flags |= FP_UNDERFLOW;
    return 0;
  }
  if (biased < 1) {
    tiny = is_tiny (f, v, env);
    sig = sf_shift_right_sticky (sig, 1 - biased);
    biased = 1;
  } else if (biased >= sf_exp_max (f) + f->finite) {
    return overflow (f, v->sign, env);
  }

  /* The leading bit of a normal significand adds one to the exponent field, that of a subnormal is missing,
   * and a carry out of the rounding moves to the next binade: all by the same addition. */
  unsigned rest = sf_rest (sig, dropped);
  SfSig kept = sig >> dropped;
  SfSig magnitude = ((SfSig)(biased - 1) << f->frac_bits) + kept;

  if (rest == 0)
    return magnitude;
  magnitude += sf_rounds_up (env->round, v->sign, kept & 1, rest);
  if (magnitude >= (f->finite ? (SfSig)1 << (f->bits - 1) : infinity_magnitude (f)))
    return overflow (f, v->sign, env);
  env->flags |= tiny ? FP_UNDERFLOW | FP_INEXACT : FP_INEXACT;
  return magnitude;
}

static uint64_t
pack_nan (const SfFormat *f, const SfNum *v, const SfEnv *env)
{
  if (env->fp_class & SF_NAN_CANONICAL)
    return sf_canonical_nan (f);
  return (uint64_t)v->sign << (f->bits - 1) | sf_canonical_nan (f) |
         (uint64_t)(v->sig >> (127 - f->frac_bits));
}

uint64_t
sf_pack (const SfFormat *f, const SfNum *v, SfEnv *env)
{
  uint64_t sign = (uint64_t)v->sign << (f->bits - 1);

  if (f->finite && v->kind >= SF_INF) {
    env->flags |= FP_INVALID;
    return v->kind == SF_INF ? sign | sf_mask (f->bits - 1) : sign;
  }
  switch (v->kind) {
    case SF_ZERO: return sign;
    case SF_FINITE: return sign | (uint64_t)sf_round_magnitude (f, v, env);
    case SF_INF: return sign | (uint64_t)infinity_magnitude (f);
    default: return pack_nan (f, v, env);
  }
}

SfNum
sf_propagate_nan (const SfNum *const *operands, unsigned n, SfEnv *env)
{
  const SfNum *first = NULL, *signaling = NULL;

  for (unsigned i = 0; i < n; i++) {
    if (!signaling && operands[i]->kind == SF_SNAN)
      signaling = operands[i];
    if (!first && sf_is_nan (operands[i]))
      first = operands[i];
  }
  if (!signaling)
    return *first;
  env->flags |= FP_INVALID;
  return env->fp_class & SF_NAN_SIGNALING_FIRST ? *signaling : *first;
}
