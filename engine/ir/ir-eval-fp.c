/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Meaning of the floating-point ops: containers, rounding and class on this side, arithmetic in softfloat. */

#include "ir-eval.h"
#include "bits.h"

G_STATIC_ASSERT ((int)IR_RNE == SF_RNE && (int)IR_RTZ == SF_RTZ && (int)IR_RDN == SF_RDN &&
                 (int)IR_RUP == SF_RUP && (int)IR_RMM == SF_RMM && (int)IR_ROD == SF_ROD);
G_STATIC_ASSERT ((int)IR_FPC_NAN_CANONICAL == SF_NAN_CANONICAL && (int)IR_FPC_TINY_BEFORE == SF_TINY_BEFORE &&
                 (int)IR_FPC_CVT_NAN_MAX == SF_CVT_NAN_MAX);
G_STATIC_ASSERT ((int)IR_FPC_NAN_SIGNALING_FIRST == SF_NAN_SIGNALING_FIRST && (int)IR_FPC_FLUSH == SF_FLUSH &&
                 (int)IR_FPC_ALT_HALF == SF_ALT_HALF);
G_STATIC_ASSERT ((int)IR_F_NEGP == SF_NEG_PRODUCT && (int)IR_F_NEGC == SF_NEG_ADDEND);
G_STATIC_ASSERT ((int)IR_MINMAX_NUMBER == SF_MINMAX_NUMBER && (int)IR_MINMAX_NAN == SF_MINMAX_NAN);

static const SfFormat *
format_of (IrType type)
{
  return type == IR_F16 ? &sf_f16 : type == IR_F32 ? &sf_f32 : &sf_f64;
}

/* A value of format f as its 64-bit container holds it. */
static uint64_t
box (const SfFormat *f, uint64_t value, unsigned fp_class)
{
  uint64_t above = ~bits_mask (f->bits);
  return fp_class & IR_FPC_BOXED ? value | above : value & ~above;
}

static bool
eval_compare (IrDesc d, const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env)
{
  bool signaling = (d.flags & IR_F_SIGNALING) != 0;

  switch (d.sub) {
    case IR_EQ: return sf_eq (f, a, b, signaling, env);
    case IR_LTS: return sf_lt (f, a, b, signaling, env);
    default: return sf_le (f, a, b, signaling, env);
  }
}

/* Ops whose result is an integer or needs no boxing here; *ret_done is cleared for all others. */
static uint64_t
eval_to_int (IrDesc d, const SfFormat *f, uint64_t a, uint64_t b, SfEnv *env, bool *ret_done)
{
  unsigned width = (d.sub & ~IR_UNSIGNED) == IR_I32 ? 32 : 64;
  uint64_t result;

  switch (d.op) {
    case IR_FSETCC: return eval_compare (d, f, a, b, env);
    case IR_FCC: {
      static const uint8_t flags[] = { [SF_LESS] = IR_CC_N,
                                       [SF_EQUAL] = IR_CC_Z | IR_CC_C,
                                       [SF_GREATER] = IR_CC_C,
                                       [SF_UNORDERED] = IR_CC_C | IR_CC_V };
      return flags[sf_order (f, a, b, (d.flags & IR_F_SIGNALING) != 0, env)];
    }
    case IR_FCLASS: return sf_classify (f, a);
    case IR_FTOI:
      result = sf_to_fixed (f, a, width, !(d.sub & IR_UNSIGNED), IR_FP_FRACTION (d.imm), env);
      return width == 32 ? ir_extend32 (result, d.flags) : result;
    case IR_FTOIMOD: return ir_extend32 (sf_to_int_modulo (f, a, env), d.flags);
    case IR_FBITS: return d.flags & IR_F_SX ? (uint64_t)bits_sext (a, f->bits) : bits_zext (a, f->bits);
    default: *ret_done = false; return 0;
  }
}

static uint64_t
eval_sign (IrOpcode op, const SfFormat *f, uint64_t a, uint64_t b)
{
  uint64_t sign = UINT64_C (1) << (f->bits - 1);

  switch (op) {
    case IR_FSGNJ: return (a & ~sign) | (b & sign);
    case IR_FSGNJN: return (a & ~sign) | (~b & sign);
    default: return a ^ (b & sign);
  }
}

/* Ops with a floating-point result of the op's type. */
static uint64_t
eval_to_float (IrDesc d, const SfFormat *f, uint64_t a, uint64_t b, uint64_t c, SfEnv *env)
{
  switch (d.op) {
    case IR_FADD: return sf_add (f, a, b, env);
    case IR_FSUB: return sf_sub (f, a, b, env);
    case IR_FMUL: return sf_mul (f, a, b, env);
    case IR_FDIV: return sf_div (f, a, b, env);
    case IR_FSQRT: return sf_sqrt (f, a, env);
    case IR_FMA: return sf_fma (f, a, b, c, d.flags & (IR_F_NEGP | IR_F_NEGC), env);
    case IR_FMIN: return sf_min (f, a, b, d.sub, env);
    case IR_FMAX: return sf_max (f, a, b, d.sub, env);
    case IR_FSGNJ:
    case IR_FSGNJN:
    case IR_FSGNJX: return eval_sign (d.op, f, a, b);
    case IR_FCVT: return sf_convert (f, format_of (d.sub), a, env);
    case IR_ITOF:
      return sf_from_fixed (f, a, (d.sub & ~IR_UNSIGNED) == IR_I32 ? 32 : 64, !(d.sub & IR_UNSIGNED),
                            IR_FP_FRACTION (d.imm), env);
    case IR_FROUND: return sf_round_to_integral (f, a, (d.flags & IR_F_EXACT) != 0, env);
    default: return a; /* BITSF */
  }
}

uint64_t
ir_eval_fp (IrState *s, IrDesc d, uint64_t a, uint64_t b, uint64_t c)
{
  const SfFormat *f = format_of (d.type);
  unsigned fp_class = IR_FP_CLASS (d.imm);
  IrRound round = IR_FP_ROUND (d.imm);
  SfEnv env = { .round = round == IR_RDYN ? s->fp.round : round, .fp_class = fp_class };
  bool done = true;

  if (d.op == IR_UNBOX)
    return box (f, (a | bits_mask (f->bits)) == UINT64_MAX ? a : sf_canonical_nan (f), IR_FPC_BOXED);

  uint64_t result = eval_to_int (d, f, a, b, &env, &done);
  if (!done)
    result = box (f, eval_to_float (d, f, a, b, c, &env), fp_class);
  s->fp.flags |= env.flags;
  return result;
}

uint64_t
ir_eval_fp_to_int (IrState *s, IrDesc d, unsigned width, bool is_signed, uint64_t a)
{
  IrRound round = IR_FP_ROUND (d.imm);
  SfEnv env = { .round = round == IR_RDYN ? s->fp.round : round, .fp_class = IR_FP_CLASS (d.imm) };
  uint64_t result = sf_to_fixed (format_of (d.type), a, width, is_signed, IR_FP_FRACTION (d.imm), &env);
  s->fp.flags |= env.flags;
  return result;
}
