/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Steps and estimates of reciprocals, and rounding to integers of a certain width: functions that compiled
 * code calls. */

#include "a64-fp.h"

static const SfFormat *
format_of (IrType type)
{
  return type == IR_F16 ? &sf_f16 : type == IR_F32 ? &sf_f32 : &sf_f64;
}

static SfEnv
env_of (const IrState *s, IrDesc d)
{
  IrRound round = IR_FP_ROUND (d.imm);
  return (SfEnv){ .round = round == IR_RDYN ? s->fp.round : round, .fp_class = IR_FP_CLASS (d.imm) };
}

/* The encoding of 2^n. */
static uint64_t
power_of_two (const SfFormat *f, int n)
{
  return (uint64_t)(f->bias + n) << f->frac_bits;
}

static uint64_t
sign_of (const SfFormat *f, uint64_t a)
{
  return a & UINT64_C (1) << (f->bits - 1);
}

/* Whether one operand is infinite and the other zero, or flushed to zero. */
static bool
is_infinity_times_zero (const SfFormat *f, uint64_t a, uint64_t b, const SfEnv *env)
{
  unsigned zero = SF_IS_NEG_ZERO | SF_IS_POS_ZERO, infinity = SF_IS_NEG_INF | SF_IS_POS_INF;
  unsigned x = sf_classify (f, a), y = sf_classify (f, b);

  if (env->fp_class & SF_FLUSH)
    zero |= SF_IS_NEG_SUBNORMAL | SF_IS_POS_SUBNORMAL;
  return (x & zero && y & infinity) || (y & zero && x & infinity);
}

/* FPMulX, FPRecipStepFused, FPRSqrtStepFused. */
uint64_t
arm_fp_step (IrState *s, uint64_t a, uint64_t b, uint64_t desc)
{
  IrDesc d = { .bits = desc };
  const SfFormat *f = format_of (d.type);
  SfEnv env = env_of (s, d), ignored = env;
  uint64_t one_half = UINT64_C (1) << (f->frac_bits - 1), two = power_of_two (f, 1), result;

  if (is_infinity_times_zero (f, a, b, &env)) {
    sf_mul (f, a, b, &ignored);
    env.flags |= ignored.flags & FP_DENORMAL;
    result = d.sub == ARM_FP_MULX         ? two | (sign_of (f, a) ^ sign_of (f, b))
             : d.sub == ARM_FP_RECIP_STEP ? two
                                          : power_of_two (f, 0) | one_half;
  } else if (d.sub == ARM_FP_MULX) {
    result = sf_mul (f, a, b, &env);
  } else if (d.sub == ARM_FP_RECIP_STEP) {
    result = sf_fma (f, a, b, two, SF_NEG_PRODUCT, &env);
  } else {
    result = sf_fma (f, a, b, two | one_half, SF_NEG_PRODUCT | SF_HALVE, &env);
  }
  s->fp.flags |= env.flags;
  return result;
}

/* A finite positive number's exponent field, counted on below zero for subnormal ones, and its fraction's 8
 * leading bits. */
static int
split (const SfFormat *f, uint64_t a, unsigned *ret_fraction)
{
  uint64_t frac_mask = (UINT64_C (1) << f->frac_bits) - 1, fraction = a & frac_mask;
  int exp = (int)(a >> f->frac_bits) & ((1 << f->exp_bits) - 1);

  if (exp == 0) {
    exp = 1;
    while (!(fraction >> f->frac_bits)) {
      fraction <<= 1;
      exp--;
    }
  }
  *ret_fraction = (unsigned)(fraction >> (f->frac_bits - 8)) & 255;
  return exp;
}

/* The encoding, but for the sign, of the number whose exponent field is `exp` (0 and -1 are subnormal) and
 * whose fraction begins with these 8 bits. */
static uint64_t
join (const SfFormat *f, int exp, unsigned fraction)
{
  uint64_t significand = (uint64_t)(256 | fraction) << (f->frac_bits - 8);

  if (exp <= 0)
    return significand >> (1 - exp);
  return ((uint64_t)exp << f->frac_bits) | (significand & ((UINT64_C (1) << f->frac_bits) - 1));
}

/* FPRecipEstimate of a finite number that is not zero. */
static uint64_t
reciprocal_of_number (const SfFormat *f, uint64_t a, SfEnv *env)
{
  uint64_t sign = sign_of (f, a);
  unsigned fraction;
  int exp = split (f, a, &fraction), result_exp = 2 * f->bias - 1 - exp;

  if (exp < -1) { /* the reciprocal overflows */
    bool to_infinity =
        env->round == SF_RNE || (env->round == SF_RUP && !sign) || (env->round == SF_RDN && sign);
    env->flags |= FP_OVERFLOW | FP_INEXACT;
    return sign | (power_of_two (f, f->bias + 1) - !to_infinity);
  }
  if (env->fp_class & SF_FLUSH && result_exp <= 0) {
    env->flags |= FP_UNDERFLOW;
    return sign;
  }
  unsigned odd = 2 * (256 | fraction) + 1, estimate = ((1u << 19) / odd + 1) / 2;
  return sign | join (f, result_exp, estimate & 255);
}

/* FPRSqrtEstimate of a finite positive number. */
static uint64_t
reciprocal_root_of_number (const SfFormat *f, uint64_t a)
{
  unsigned fraction;
  int exp = split (f, a, &fraction);
  unsigned x = exp & 1 ? 2 * (128 | fraction >> 1) + 1 : 2 * (256 | fraction | 1), root = 512;
  while (x * (root + 1) * (root + 1) < 1u << 28)
    root++;
  return join (f, (3 * f->bias - 1 - exp) / 2, ((root + 1) / 2) & 255);
}

static uint64_t
invalid (const SfFormat *f, SfEnv *env)
{
  env->flags |= FP_INVALID;
  return sf_canonical_nan (f);
}

static uint64_t
estimate (const SfFormat *f, ArmFpEstimate kind, uint64_t a, SfEnv *env)
{
  uint64_t sign = sign_of (f, a), infinity = power_of_two (f, f->bias + 1);
  unsigned class = sf_classify (f, a);

  if (class & (SF_IS_QNAN | SF_IS_SNAN))
    return sf_add (f, a, a, env);
  if (kind == ARM_FP_RECIP_EXP) {
    uint64_t exp = a & infinity;
    return sign | (exp == 0 ? infinity - (UINT64_C (1) << f->frac_bits) : infinity ^ exp);
  }
  if (class & (SF_IS_POS_ZERO | SF_IS_NEG_ZERO)) {
    env->flags |= FP_DIVZERO;
    return sign | infinity;
  }
  if (kind == ARM_FP_RECIP)
    return class & (SF_IS_POS_INF | SF_IS_NEG_INF) ? sign : reciprocal_of_number (f, a, env);
  if (sign)
    return invalid (f, env);
  return class & SF_IS_POS_INF ? 0 : reciprocal_root_of_number (f, a);
}

uint64_t
arm_fp_estimate (IrState *s, uint64_t a, uint64_t desc, uint64_t c)
{
  IrDesc d = { .bits = desc };
  const SfFormat *f = format_of (d.type);
  SfEnv env = env_of (s, d);
  bool subnormal = sf_classify (f, a) & (SF_IS_POS_SUBNORMAL | SF_IS_NEG_SUBNORMAL);

  if (subnormal && env.fp_class & SF_FLUSH) {
    env.flags |= d.type == IR_F16 ? 0 : FP_DENORMAL;
    a = sign_of (f, a);
  }
  uint64_t result = estimate (f, d.sub, a, &env);
  s->fp.flags |= env.flags;
  return result;
}

/* FPRoundIntN: what does not fit is the least integer that does. */
uint64_t
arm_round_to_width (IrState *s, uint64_t a, uint64_t desc, uint64_t c)
{
  IrDesc d = { .bits = desc };
  const SfFormat *f = format_of (d.type);
  SfEnv env = env_of (s, d), probe = env;

  sf_to_int (f, a, d.sub, true, &probe);
  if (probe.flags & FP_INVALID) {
    s->fp.flags |= FP_INVALID;
    return power_of_two (f, d.sub - 1) | UINT64_C (1) << (f->bits - 1);
  }
  uint64_t result = sf_round_to_integral (f, a, true, &env);
  s->fp.flags |= env.flags;
  return result;
}

static IrVal
desc_const (A64Trans *t, IrType type, unsigned sub, IrRound round)
{
  IrDesc d = IR_DESC (.type = type, .sub = (uint8_t)sub, .imm = a64_fp_imm (t, type, round));
  return ir_const (t->b, (int64_t)d.bits);
}

IrVal
a64_fp_step (A64Trans *t, IrType type, ArmFpStep step, IrVal x, IrVal y)
{
  return ir_helper (t->b, ARM_HELPER_FP_STEP, true, x, y, desc_const (t, type, step, IR_RDYN));
}

IrVal
a64_fp_estimate (A64Trans *t, IrType type, ArmFpEstimate estimate, IrVal x)
{
  return ir_helper (t->b, ARM_HELPER_FP_ESTIMATE, true, x, desc_const (t, type, estimate, IR_RDYN), IR_NONE);
}

IrVal
a64_fp_round_to_width (A64Trans *t, IrType type, unsigned width, IrRound round, IrVal x)
{
  return ir_helper (t->b, ARM_HELPER_ROUND_TO_WIDTH, true, x, desc_const (t, type, width, round), IR_NONE);
}
