/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Scalar floating point: conversions between formats, to and from integers, and moves to and from general
 * registers. */

#include "a64-fp.h"

static IsaFlow
convert (A64Trans *t, const A64Args *a, IrType to)
{
  static const uint8_t types[] = { IR_F32, IR_F64, IR_F32, IR_F16 };
  IrType from = types[a->ftype];
  if (from == to)
    return a64_undefined (t);
  IrDesc d = IR_DESC (.op = IR_FCVT, .type = to, .sub = from, .imm = a64_fp_convert_imm (t, IR_RDYN));
  ir_set (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fcvt_s (A64Trans *t, const A64Args *a)
{
  return convert (t, a, IR_F32);
}

IsaFlow
a64_trans_fcvt_d (A64Trans *t, const A64Args *a)
{
  return convert (t, a, IR_F64);
}

IsaFlow
a64_trans_fcvt_h (A64Trans *t, const A64Args *a)
{
  return convert (t, a, IR_F16);
}

static IsaFlow
to_integer (A64Trans *t, const A64Args *a, IrRound round, bool is_signed, unsigned fraction)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  IrDesc d = IR_DESC (.op = IR_FTOI, .type = type,
                      .sub = (uint8_t)(a64_type (a->sf) | (is_signed ? 0 : IR_UNSIGNED)),
                      .imm = a64_fp_imm (t, type, round) | IR_FP_FIXED ((int32_t)fraction));
  IrVal result = ir_emit (t->b, d, a64_v (a->rn), IR_NONE, IR_NONE);
  a64_set_x (t, a->rd, result);
  return ISA_NEXT;
}

static IsaFlow
from_integer (A64Trans *t, const A64Args *a, bool is_signed, unsigned fraction)
{
  IrType type;
  if (!a64_fp_type (t, a->ftype, &type))
    return a64_undefined (t);
  IrDesc d = IR_DESC (.op = IR_ITOF, .type = type,
                      .sub = (uint8_t)(a64_type (a->sf) | (is_signed ? 0 : IR_UNSIGNED)),
                      .imm = a64_fp_imm (t, type, IR_RDYN) | IR_FP_FIXED ((int32_t)fraction));
  ir_set (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_x (t, a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

#define TO_INTEGER(name, round)                                                                              \
  IsaFlow a64_trans_fcvt##name##s (A64Trans *t, const A64Args *a)                                            \
  {                                                                                                          \
    return to_integer (t, a, round, true, 0);                                                                \
  }                                                                                                          \
  IsaFlow a64_trans_fcvt##name##u (A64Trans *t, const A64Args *a)                                            \
  {                                                                                                          \
    return to_integer (t, a, round, false, 0);                                                               \
  }

TO_INTEGER (n, IR_RNE)
TO_INTEGER (a, IR_RMM)
TO_INTEGER (p, IR_RUP)
TO_INTEGER (m, IR_RDN)
TO_INTEGER (z, IR_RTZ)

IsaFlow
a64_trans_scvtf (A64Trans *t, const A64Args *a)
{
  return from_integer (t, a, true, 0);
}

IsaFlow
a64_trans_ucvtf (A64Trans *t, const A64Args *a)
{
  return from_integer (t, a, false, 0);
}

/* The number of fraction bits; false where there are more than the register has bits. */
static bool
fraction_bits (const A64Args *a, unsigned *ret_bits)
{
  *ret_bits = 64u - a->scale;
  return a->sf || *ret_bits <= 32;
}

static IsaFlow
to_fixed (A64Trans *t, const A64Args *a, bool is_signed)
{
  unsigned fraction;
  return fraction_bits (a, &fraction) ? to_integer (t, a, IR_RTZ, is_signed, fraction) : a64_undefined (t);
}

static IsaFlow
from_fixed (A64Trans *t, const A64Args *a, bool is_signed)
{
  unsigned fraction;
  return fraction_bits (a, &fraction) ? from_integer (t, a, is_signed, fraction) : a64_undefined (t);
}

IsaFlow
a64_trans_scvtf_fix (A64Trans *t, const A64Args *a)
{
  return from_fixed (t, a, true);
}

IsaFlow
a64_trans_ucvtf_fix (A64Trans *t, const A64Args *a)
{
  return from_fixed (t, a, false);
}

IsaFlow
a64_trans_fcvtzs_fix (A64Trans *t, const A64Args *a)
{
  return to_fixed (t, a, true);
}

IsaFlow
a64_trans_fcvtzu_fix (A64Trans *t, const A64Args *a)
{
  return to_fixed (t, a, false);
}

/* The zero flag says that the conversion was exact: that converting back gives the same bits. */
IsaFlow
a64_trans_fjcvtzs (A64Trans *t, const A64Args *a)
{
  int32_t imm = a64_fp_imm (t, IR_F64, IR_RTZ);
  IrVal x = a64_v (a->rn);
  IrVal result = ir_emit (t->b, IR_DESC (.op = IR_FTOIMOD, .type = IR_F64, .imm = imm), x, IR_NONE, IR_NONE);
  IrVal back = ir_emit (t->b, IR_DESC (.op = IR_ITOF, .type = IR_F64, .sub = IR_I32, .imm = imm), result,
                        IR_NONE, IR_NONE);
  IrVal bits = ir_op1 (t->b, IR_FBITS, IR_F64, x), bits_back = ir_op1 (t->b, IR_FBITS, IR_F64, back);
  IrVal same = ir_setcc (t->b, IR_EQ, IR_I64, bits, bits_back);
  a64_set_x (t, a->rd, result);
  a64_set_flags (t, ir_op2 (t->b, IR_SHL, IR_I64, same, ir_const (t->b, 2)));
  return ISA_NEXT;
}

/* Single with W, double with X, half with either. */
static bool
move_type (A64Trans *t, const A64Args *a, IrType *ret_type)
{
  return a64_fp_type (t, a->ftype, ret_type) && (a->ftype == 3 || a->ftype == a->sf);
}

IsaFlow
a64_trans_fmov_to_gen (A64Trans *t, const A64Args *a)
{
  IrType type;
  if (!move_type (t, a, &type))
    return a64_undefined (t);
  a64_set_x (t, a->rd, ir_op1 (t->b, IR_FBITS, type, a64_v (a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmov_gen (A64Trans *t, const A64Args *a)
{
  IrType type;
  if (!move_type (t, a, &type))
    return a64_undefined (t);
  if (a->rn == 31)
    ir_set_wide (t->b, a64_v (a->rd), ir_const_wide (t->b, 0, 0));
  else
    ir_set (t->b, a64_v (a->rd), ir_op1 (t->b, IR_BITSF, type, a64_x (t, a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmov_to_gen_top (A64Trans *t, const A64Args *a)
{
  IrDesc d = IR_DESC (.op = IR_VGETL, .type = IR_V128, .sub = IR_LANE (3, false), .imm = 1);
  a64_set_x (t, a->rd, ir_emit (t->b, d, a64_v (a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

IsaFlow
a64_trans_fmov_gen_top (A64Trans *t, const A64Args *a)
{
  IrDesc d = IR_DESC (.op = IR_VINSI, .type = IR_V128, .sub = IR_LANE (3, false), .imm = 1);
  ir_set_wide (t->b, a64_v (a->rd), ir_emit (t->b, d, a64_v (a->rd), a64_x (t, a->rn), IR_NONE));
  return ISA_NEXT;
}
