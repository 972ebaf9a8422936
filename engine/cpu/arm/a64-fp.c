/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Scalar floating point: arithmetic, comparison, selection and moves. */

#include "a64-fp.h"
#include "bits.h"

static IsaFlow
unary (A64Trans *t, const A64Args *a, IrDesc d)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  d.type = type;
  d.imm = a64_fp_imm (t, type, (IrRound)d.imm);
  ir_set (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmov_reg (A64Trans *t, const A64Args *a)
{
  return unary (t, a, IR_DESC (.op = IR_MOV));
}

IsaFlow
a64_trans_fsqrt (A64Trans *t, const A64Args *a)
{
  return unary (t, a, IR_DESC (.op = IR_FSQRT, .imm = IR_RDYN));
}

/* The number x with its sign made that of x FSGNJX x (none), or of x FSGNJN x (the other). */
static IsaFlow
change_sign (A64Trans *t, const A64Args *a, IrOpcode op)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  ir_set (t->b, a64_v (a->rd), ir_op2 (t->b, op, type, a64_v (a->rn), a64_v (a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fabs (A64Trans *t, const A64Args *a)
{
  return change_sign (t, a, IR_FSGNJX);
}

IsaFlow
a64_trans_fneg (A64Trans *t, const A64Args *a)
{
  return change_sign (t, a, IR_FSGNJN);
}

static IsaFlow
round_to_integral (A64Trans *t, const A64Args *a, IrRound round, unsigned flags)
{
  return unary (t, a, IR_DESC (.op = IR_FROUND, .flags = (uint8_t)flags, .imm = round));
}

IsaFlow
a64_trans_frintn (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RNE, 0);
}

IsaFlow
a64_trans_frintp (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RUP, 0);
}

IsaFlow
a64_trans_frintm (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RDN, 0);
}

IsaFlow
a64_trans_frintz (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RTZ, 0);
}

IsaFlow
a64_trans_frinta (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RMM, 0);
}

IsaFlow
a64_trans_frintx (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RDYN, IR_F_EXACT);
}

IsaFlow
a64_trans_frinti (A64Trans *t, const A64Args *a)
{
  return round_to_integral (t, a, IR_RDYN, 0);
}

static IsaFlow
round_to_width (A64Trans *t, const A64Args *a, unsigned width, IrRound round)
{
  IrType type = a->ftype ? IR_F64 : IR_F32;
  IrVal bits = a64_fp_round_to_width (t, type, width, round, ir_op1 (t->b, IR_FBITS, type, a64_v (a->rn)));
  ir_set (t->b, a64_v (a->rd), ir_op1 (t->b, IR_BITSF, type, bits));
  return ISA_NEXT;
}

IsaFlow
a64_trans_frint32z (A64Trans *t, const A64Args *a)
{
  return round_to_width (t, a, 32, IR_RTZ);
}

IsaFlow
a64_trans_frint32x (A64Trans *t, const A64Args *a)
{
  return round_to_width (t, a, 32, IR_RDYN);
}

IsaFlow
a64_trans_frint64z (A64Trans *t, const A64Args *a)
{
  return round_to_width (t, a, 64, IR_RTZ);
}

IsaFlow
a64_trans_frint64x (A64Trans *t, const A64Args *a)
{
  return round_to_width (t, a, 64, IR_RDYN);
}

static IsaFlow
binary (A64Trans *t, const A64Args *a, IrDesc d)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  d.type = type;
  d.imm = a64_fp_imm (t, type, IR_RDYN);
  ir_set (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rn), a64_v (a->rm), IR_NONE));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmul (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FMUL));
}

IsaFlow
a64_trans_fdiv (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FDIV));
}

IsaFlow
a64_trans_fadd (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FADD));
}

IsaFlow
a64_trans_fsub (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FSUB));
}

IsaFlow
a64_trans_fmax (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FMAX, .sub = IR_MINMAX_NAN));
}

IsaFlow
a64_trans_fmin (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FMIN, .sub = IR_MINMAX_NAN));
}

IsaFlow
a64_trans_fmaxnm (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FMAX, .sub = IR_MINMAX_NUMBER));
}

IsaFlow
a64_trans_fminnm (A64Trans *t, const A64Args *a)
{
  return binary (t, a, IR_DESC (.op = IR_FMIN, .sub = IR_MINMAX_NUMBER));
}

/* Also the sign of a NaN is changed. */
IsaFlow
a64_trans_fnmul (A64Trans *t, const A64Args *a)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  IrVal product = ir_emit (t->b, IR_DESC (.op = IR_FMUL, .type = type, .imm = a64_fp_imm (t, type, IR_RDYN)),
                           a64_v (a->rn), a64_v (a->rm), IR_NONE);
  ir_set (t->b, a64_v (a->rd), ir_op2 (t->b, IR_FSGNJN, type, product, product));
  return ISA_NEXT;
}

static IsaFlow
fused (A64Trans *t, const A64Args *a, unsigned flags)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  IrDesc d =
      IR_DESC (.op = IR_FMA, .type = type, .flags = (uint8_t)flags, .imm = a64_fp_imm (t, type, IR_RDYN));
  ir_set (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rn), a64_v (a->rm), a64_v (a->ra)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmadd (A64Trans *t, const A64Args *a)
{
  return fused (t, a, 0);
}

IsaFlow
a64_trans_fmsub (A64Trans *t, const A64Args *a)
{
  return fused (t, a, IR_F_NEGP);
}

IsaFlow
a64_trans_fnmadd (A64Trans *t, const A64Args *a)
{
  return fused (t, a, IR_F_NEGP | IR_F_NEGC);
}

IsaFlow
a64_trans_fnmsub (A64Trans *t, const A64Args *a)
{
  return fused (t, a, IR_F_NEGC);
}

static IrVal
fp_zero (A64Trans *t, IrType type)
{
  return ir_op1 (t->b, IR_BITSF, type, ir_const (t->b, 0));
}

static IrVal
compared (A64Trans *t, IrType type, bool signaling, IrVal x, IrVal y)
{
  IrDesc d = IR_DESC (.op = IR_FCC, .type = type, .flags = signaling ? IR_F_SIGNALING : 0,
                      .imm = a64_fp_imm (t, type, IR_RNE));
  return ir_emit (t->b, d, x, y, IR_NONE);
}

static IsaFlow
compare (A64Trans *t, const A64Args *a, bool with_zero, bool signaling)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  a64_set_flags (t,
                 compared (t, type, signaling, a64_v (a->rn), with_zero ? fp_zero (t, type) : a64_v (a->rm)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fcmp (A64Trans *t, const A64Args *a)
{
  return compare (t, a, false, false);
}

IsaFlow
a64_trans_fcmp_zero (A64Trans *t, const A64Args *a)
{
  return compare (t, a, true, false);
}

IsaFlow
a64_trans_fcmpe (A64Trans *t, const A64Args *a)
{
  return compare (t, a, false, true);
}

IsaFlow
a64_trans_fcmpe_zero (A64Trans *t, const A64Args *a)
{
  return compare (t, a, true, true);
}

static IrVal
select_number (A64Trans *t, IrType type, IrVal test, IrVal if_true, IrVal if_false)
{
  return ir_emit (t->b, IR_DESC (.op = IR_SELECT, .type = type), test, if_true, if_false);
}

/* Where the condition fails nothing is compared, and no exception raised: zeros take the operands' places. */
static IsaFlow
conditional_compare (A64Trans *t, const A64Args *a, bool signaling)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  if (a->cond >= 14)
    return compare (t, a, false, signaling);
  IrVal test = a64_test_value (t, a->cond), zero = fp_zero (t, type);
  IrVal x = select_number (t, type, test, a64_v (a->rn), zero),
        y = select_number (t, type, test, a64_v (a->rm), zero);
  IrVal flags = compared (t, type, signaling, x, y);
  a64_set_flags (t, ir_select (t->b, IR_I64, test, flags, ir_const (t->b, a->nzcv)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fccmp (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, false);
}

IsaFlow
a64_trans_fccmpe (A64Trans *t, const A64Args *a)
{
  return conditional_compare (t, a, true);
}

IsaFlow
a64_trans_fcsel (A64Trans *t, const A64Args *a)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  if (a->cond >= 14) {
    ir_set (t->b, a64_v (a->rd), ir_op1 (t->b, IR_MOV, type, a64_v (a->rn)));
    return ISA_NEXT;
  }
  IrVal test = a64_test_value (t, a->cond);
  ir_set (t->b, a64_v (a->rd), select_number (t, type, test, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

uint64_t
a64_fp_expand_imm (IrType type, unsigned imm8)
{
  unsigned exp_bits = type == IR_F16 ? 5 : type == IR_F32 ? 8 : 11;
  unsigned frac_bits = type == IR_F16 ? 10 : type == IR_F32 ? 23 : 52;
  uint64_t sign = imm8 >> 7 & 1, repeated = imm8 >> 6 & 1 ? bits_mask (exp_bits - 3) : 0;
  uint64_t exp = (repeated ? 0 : UINT64_C (1) << (exp_bits - 1)) | repeated << 2 | (imm8 >> 4 & 3);
  return sign << (exp_bits + frac_bits) | exp << frac_bits | (uint64_t)(imm8 & 15) << (frac_bits - 4);
}

IsaFlow
a64_trans_fmov_imm (A64Trans *t, const A64Args *a)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  ir_set_wide (t->b, a64_v (a->rd), ir_const_wide (t->b, a64_fp_expand_imm (type, (unsigned)a->imm), 0));
  return ISA_NEXT;
}
