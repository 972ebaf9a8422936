/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD conversions between floating-point formats, and to and from integers (DDI 0487, C4.1.97). */

#include "a64-vfp.h"

/* Numbers of 32 and 64 bits alone: the scalar ops, which compiled code has in line. */
static bool
is_plain_scalar (Lanes lanes)
{
  return lanes.scalar && lanes.log2 >= 2;
}

static unsigned
integer_type (Lanes lanes, bool is_unsigned)
{
  return (lanes.log2 == 2 ? IR_I32 : IR_I64) | (is_unsigned ? IR_UNSIGNED : 0);
}

static IsaFlow
to_int (A64Trans *t, const A64Args *a, Lanes lanes, IrRound round, bool is_unsigned, unsigned fraction)
{
  IrType type = vfp_type (lanes);
  int32_t fixed = (int32_t)IR_FP_FIXED (fraction);
  if (is_plain_scalar (lanes)) {
    IrDesc d =
        IR_DESC (.op = IR_FTOI, .type = (uint8_t)type, .sub = (uint8_t)integer_type (lanes, is_unsigned),
                 .imm = a64_fp_imm (t, type, round) | fixed);
    IrVal x = ir_emit (t->b, d, a64_v (a->rn), IR_NONE, IR_NONE);
    ir_set (t->b, a64_v (a->rd), ir_op1 (t->b, IR_BITSF, type, x));
    return ISA_NEXT;
  }
  int32_t imm = fixed | (is_unsigned ? IR_VF_UNSIGNED : 0);
  ir_set_wide (t->b, a64_v (a->rd),
               vfp_op (t, lanes, IR_VFTOI, round, 0, imm, vfp_in (t, lanes, a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
from_int (A64Trans *t, const A64Args *a, Lanes lanes, bool is_unsigned, unsigned fraction)
{
  IrType type = vfp_type (lanes);
  int32_t fixed = (int32_t)IR_FP_FIXED (fraction);
  if (is_plain_scalar (lanes)) {
    IrDesc d =
        IR_DESC (.op = IR_ITOF, .type = (uint8_t)type, .sub = (uint8_t)integer_type (lanes, is_unsigned),
                 .imm = a64_fp_imm (t, type, IR_RDYN) | fixed);
    IrVal x = ir_emit (t->b, d, vfp_lane (t, lanes, a64_v (a->rn), 0), IR_NONE, IR_NONE);
    ir_set (t->b, a64_v (a->rd), x);
    return ISA_NEXT;
  }
  int32_t imm = fixed | (is_unsigned ? IR_VF_UNSIGNED : 0);
  ir_set_wide (t->b, a64_v (a->rd),
               vfp_op (t, lanes, IR_VITOF, IR_RDYN, 0, imm, vfp_in (t, lanes, a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

#define TO_INT(insn, round, is_unsigned)                                                                     \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    Lanes lanes;                                                                                             \
    return simd_lanes (a, &lanes) ? to_int (t, a, lanes, round, is_unsigned, 0) : a64_undefined (t);         \
  }
TO_INT (fcvtns, IR_RNE, false)
TO_INT (fcvtnu, IR_RNE, true)
TO_INT (fcvtms, IR_RDN, false)
TO_INT (fcvtmu, IR_RDN, true)
TO_INT (fcvtps, IR_RUP, false)
TO_INT (fcvtpu, IR_RUP, true)
TO_INT (fcvtas, IR_RMM, false)
TO_INT (fcvtau, IR_RMM, true)
TO_INT (fcvtzs, IR_RTZ, false)
TO_INT (fcvtzu, IR_RTZ, true)

#define FROM_INT(insn, is_unsigned)                                                                          \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    Lanes lanes;                                                                                             \
    return simd_lanes (a, &lanes) ? from_int (t, a, lanes, is_unsigned, 0) : a64_undefined (t);              \
  }
FROM_INT (scvtf, false)
FROM_INT (ucvtf, true)

/* immh's highest set bit is a lane's width, and the number of fraction bits what immh:immb lacks to twice
 * that. */
static bool
fixed_lanes (A64Trans *t, const A64Args *a, Lanes *ret_lanes, unsigned *ret_fraction)
{
  unsigned log2 = a->immh & 8 ? 3 : a->immh & 4 ? 2 : 1;
  *ret_lanes = (Lanes){ .log2 = log2, .flags = a->q ? 0 : IR_F_HALF, .scalar = a->scalar };
  *ret_fraction = (16u << log2) - ((unsigned)a->immh << 3 | a->immb);
  return log2 == 1 ? arm_has (t->arm, ARM_EXT_FP16) : log2 == 2 || a->q || a->scalar;
}

#define FIXED(insn, call)                                                                                    \
  IsaFlow a64_trans_v_##insn##_fixed (A64Trans *t, const A64Args *a)                                         \
  {                                                                                                          \
    Lanes lanes;                                                                                             \
    unsigned fraction;                                                                                       \
    return fixed_lanes (t, a, &lanes, &fraction) ? call : a64_undefined (t);                                 \
  }
FIXED (scvtf, from_int (t, a, lanes, false, fraction))
FIXED (ucvtf, from_int (t, a, lanes, true, fraction))
FIXED (fcvtzs, to_int (t, a, lanes, IR_RTZ, false, fraction))
FIXED (fcvtzu, to_int (t, a, lanes, IR_RTZ, true, fraction))

/* ---- Between formats. ---- */

static IrVal
resized (A64Trans *t, IrOpcode op, IrType from, IrRound round, int32_t imm, IrVal x)
{
  IrDesc d =
      IR_DESC (.op = op, .type = IR_V128, .sub = (uint8_t)from, .imm = a64_fp_convert_imm (t, round) | imm);
  return ir_emit (t->b, d, x, IR_NONE, IR_NONE);
}

/* size is of the narrower lanes. */
IsaFlow
a64_trans_v_fcvtl (A64Trans *t, const A64Args *a)
{
  IrType from = (IrType)(IR_F16 + a->size - 1);
  ir_set_wide (t->b, a64_v (a->rd),
               resized (t, IR_VFWIDEN, from, IR_RDYN, a->q ? IR_VF_HIGH : 0, a64_v (a->rn)));
  return ISA_NEXT;
}

static IsaFlow
narrow (A64Trans *t, const A64Args *a, IrRound round)
{
  Lanes lanes = { .log2 = a->size, .scalar = a->scalar };
  IrVal x = a64_v (a->rn);
  if (a->scalar)
    x = simd_op2 (t, (Lanes){ 0 }, IR_VAND, false, 0, x, ir_const_wide (t->b, UINT64_MAX, 0));
  simd_set_narrow (t, a, lanes, resized (t, IR_VFNARROW, (IrType)(IR_F16 + a->size), round, 0, x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_fcvtn (A64Trans *t, const A64Args *a)
{
  return narrow (t, a, IR_RDYN);
}

IsaFlow
a64_trans_v_fcvtxn (A64Trans *t, const A64Args *a)
{
  return narrow (t, a, IR_ROD);
}

/* ---- To integral numbers of a certain width. ---- */

static IrVal
to_width_truncated (A64Trans *t, IrType type, unsigned width, IrVal x, IrVal y)
{
  return a64_fp_round_to_width (t, type, width, IR_RTZ, x);
}

static IrVal
to_width (A64Trans *t, IrType type, unsigned width, IrVal x, IrVal y)
{
  return a64_fp_round_to_width (t, type, width, IR_RDYN, x);
}

#define TO_WIDTH(insn, function, width)                                                                      \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return vfp_by_lanes (t, a, function, width, a64_v (a->rn), IR_NONE);                                     \
  }
TO_WIDTH (frint32z, to_width_truncated, 32)
TO_WIDTH (frint64z, to_width_truncated, 64)
TO_WIDTH (frint32x, to_width, 32)
TO_WIDTH (frint64x, to_width, 64)
