/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Conversions between formats, to and from integers, and to integral values. */

#include "sf-internal.h"

static const SfFormat alt_f16 = { .bits = 16, .exp_bits = 5, .frac_bits = 10, .bias = 15, .finite = true };

uint64_t
sf_convert (const SfFormat *to, const SfFormat *from, uint64_t a, SfEnv *env)
{
  bool alternative = env->fp_class & SF_ALT_HALF;
  SfEnv half = { .round = env->round, .fp_class = env->fp_class & ~SF_FLUSH };
  SfNum v = sf_unpack (from == &sf_f16 && alternative ? &alt_f16 : from,
                       from == &sf_f16 ? a : sf_operand (from, a, env));

  if (v.kind == SF_SNAN)
    env->flags |= FP_INVALID;
  if (to != &sf_f16)
    return sf_pack (to, &v, env);

  uint64_t result = sf_pack (alternative ? &alt_f16 : to, &v, &half);

  env->flags |= half.flags;
  return result;
}

/* The magnitude of a finite number of exponent at most 125, rounded to an integer. */
static SfSig
integer_magnitude (const SfNum *v, unsigned round, bool *ret_inexact)
{
  SfSig quarters = sf_shift_right_sticky (v->sig, 125 - v->exp);
  SfSig integer = quarters >> 2;
  unsigned rest = quarters & 3;

  *ret_inexact = rest != 0;
  return integer + sf_rounds_up (round, v->sign, integer & 1, rest);
}

uint64_t
sf_to_int (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, SfEnv *env)
{
  return sf_to_fixed (f, a, width, is_signed, 0, env);
}

uint64_t
sf_to_fixed (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, unsigned fraction, SfEnv *env)
{
  SfNum v = sf_unpack_operand (f, a, env);
  uint64_t mask = sf_mask (width), max = is_signed ? mask >> 1 : mask;
  uint64_t min = is_signed ? max + 1 : 0; /* its encoding, and as well its magnitude */
  uint64_t limit = v.sign ? min : max;

  if (v.kind == SF_ZERO)
    return 0;
  if (sf_is_nan (&v)) {
    env->flags |= FP_INVALID;
    return (env->fp_class & SF_CVT_NAN_MAX) ? max : 0;
  }

  v.exp += (int32_t)fraction;

  bool inexact = false;
  bool fits = v.kind == SF_FINITE && v.exp < 64;
  SfSig integer = fits ? integer_magnitude (&v, env->round, &inexact) : 0;

  if (!fits || integer > limit) {
    env->flags |= FP_INVALID;
    return limit;
  }
  if (inexact)
    env->flags |= FP_INEXACT;
  return (v.sign ? -(uint64_t)integer : (uint64_t)integer) & mask;
}

uint32_t
sf_to_int_modulo (const SfFormat *f, uint64_t a, SfEnv *env)
{
  SfNum v = sf_unpack (f, a);
  SfEnv towards_zero = { .round = SF_RTZ, .fp_class = env->fp_class };
  uint32_t integer = sf_to_int (f, a, 32, true, &towards_zero);
  int32_t down = 127 - v.exp;

  env->flags |= towards_zero.flags;
  if (!(towards_zero.flags & FP_INVALID))
    return integer;
  if (v.kind != SF_FINITE || down <= -32)
    return 0;
  integer = down > 0 ? v.sig >> down : v.sig << -down;
  return v.sign ? -integer : integer;
}

uint64_t
sf_from_int (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, SfEnv *env)
{
  return sf_from_fixed (f, a, width, is_signed, 0, env);
}

uint64_t
sf_from_fixed (const SfFormat *f, uint64_t a, unsigned width, bool is_signed, unsigned fraction, SfEnv *env)
{
  uint64_t value = a & sf_mask (width);
  bool negative = is_signed && (value >> (width - 1)) != 0;
  uint64_t magnitude = negative ? -value & sf_mask (width) : value;
  SfNum v = { .kind = SF_FINITE, .sign = negative, .exp = 127 - (int32_t)fraction, .sig = magnitude };

  if (magnitude == 0)
    return 0;
  sf_normalize (&v);
  return sf_pack (f, &v, env);
}

uint64_t
sf_round_to_integral (const SfFormat *f, uint64_t a, bool exact, SfEnv *env)
{
  SfNum v = sf_unpack_operand (f, a, env);

  if (v.kind == SF_SNAN)
    env->flags |= FP_INVALID;
  if (v.kind == SF_FINITE && v.exp < f->frac_bits) {
    bool inexact;

    v.sig = integer_magnitude (&v, env->round, &inexact);
    if (exact && inexact)
      env->flags |= FP_INEXACT;
    v.exp = 127;
    if (v.sig == 0)
      v.kind = SF_ZERO;
    else
      sf_normalize (&v);
  }
  return sf_pack (f, &v, env);
}
