/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on floating-point numbers: arithmetic and comparisons (DDI 0487, C4.1.97). */

#include "a64-vfp.h"
#include "arm-vector-helpers.h"

IsaFlow
vfp_by_lanes (A64Trans *t, const A64Args *a, VfpLane *lane, unsigned which, IrVal x, IrVal y)
{
  Lanes lanes;
  IrVal value[8], result;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  unsigned n = vfp_count (lanes);
  for (unsigned i = 0; i < n; i++) {
    IrVal first = vfp_lane (t, lanes, x, i), second = y == IR_NONE ? IR_NONE : vfp_lane (t, lanes, y, i);
    value[i] = lane (t, vfp_type (lanes), which, first, second);
  }
  result = ir_const_wide (t->b, 0, 0);
  for (unsigned i = 0; i < n; i++)
    result = simd_op2 (t, (Lanes){ .log2 = lanes.log2 }, IR_VINSI, false, (int32_t)i, result, value[i]);
  ir_set_wide (t->b, a64_v (a->rd), result);
  return ISA_NEXT;
}

/* ---- Three registers. ---- */

static IsaFlow
arith (A64Trans *t, const A64Args *a, IrOpcode op, int32_t imm)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  ir_set_wide (t->b, a64_v (a->rd),
               vfp_op (t, lanes, op, IR_RDYN, 0, imm, a64_v (a->rn), a64_v (a->rm), IR_NONE));
  return ISA_NEXT;
}

#define INSN(insn, call)                                                                                     \
  IsaFlow a64_trans_##insn (A64Trans *t, const A64Args *a)                                                   \
  {                                                                                                          \
    return call;                                                                                             \
  }
INSN (v_fadd, arith (t, a, IR_VFADD, 0))
INSN (v_fsub, arith (t, a, IR_VFSUB, 0))
INSN (v_fmul, arith (t, a, IR_VFMUL, 0))
INSN (v_fdiv, arith (t, a, IR_VFDIV, 0))
INSN (v_fmax, arith (t, a, IR_VFMAX, IR_VF_RULE))
INSN (v_fmin, arith (t, a, IR_VFMIN, IR_VF_RULE))
INSN (v_fmaxnm, arith (t, a, IR_VFMAX, 0))
INSN (v_fminnm, arith (t, a, IR_VFMIN, 0))

static IsaFlow
fused (A64Trans *t, const A64Args *a, unsigned flags)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  ir_set_wide (t->b, a64_v (a->rd),
               vfp_op (t, lanes, IR_VFMA, IR_RDYN, flags, 0, a64_v (a->rn), a64_v (a->rm), a64_v (a->rd)));
  return ISA_NEXT;
}

INSN (v_fmla, fused (t, a, 0))
INSN (v_fmls, fused (t, a, IR_F_NEGP))

static IrVal
magnitudes (A64Trans *t, Lanes lanes, IrVal x)
{
  IrVal sign = simd_const (t, lanes.log2, UINT64_C (1) << ((8u << lanes.log2) - 1));
  return simd_op2 (t, (Lanes){ .flags = lanes.flags }, IR_VANDN, false, 0, x, sign);
}

IsaFlow
a64_trans_v_fabd (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = vfp_op2 (t, lanes, IR_VFSUB, vfp_in (t, lanes, a->rn), vfp_in (t, lanes, a->rm));
  ir_set_wide (t->b, a64_v (a->rd), magnitudes (t, lanes, x));
  return ISA_NEXT;
}

static IrVal
step (A64Trans *t, IrType type, unsigned which, IrVal x, IrVal y)
{
  return a64_fp_step (t, type, (ArmFpStep)which, x, y);
}

INSN (v_fmulx, vfp_by_lanes (t, a, step, ARM_FP_MULX, a64_v (a->rn), a64_v (a->rm)))
INSN (v_frsqrts, vfp_by_lanes (t, a, step, ARM_FP_RSQRT_STEP, a64_v (a->rn), a64_v (a->rm)))

/* 2 - x * y; infinity times zero counts as zero, and is made so of zeros. */
IsaFlow
a64_trans_v_frecps (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  bool is_common = a->size == 2 && !(t->mode & IR_MODE_FP_EXACT);
  if (!is_common || !simd_lanes (a, &lanes))
    return vfp_by_lanes (t, a, step, ARM_FP_RECIP_STEP, a64_v (a->rn), a64_v (a->rm));
  IrVal x = vfp_in (t, lanes, a->rn), y = vfp_in (t, lanes, a->rm);
  IrVal size_x = magnitudes (t, lanes, x), size_y = magnitudes (t, lanes, y);
  IrVal most = simd_op2 (t, lanes, IR_VMAX, false, 0, size_x, size_y);
  IrVal least = simd_op2 (t, lanes, IR_VMIN, false, 0, size_x, size_y);
  most = simd_op2 (t, lanes, IR_VCMP, false, IR_EQ, most, simd_const (t, 2, 0x7f800000));
  least = simd_op2 (t, lanes, IR_VCMP, false, IR_EQ, least, simd_const (t, 2, 0));
  IrVal both = simd_op2 (t, lanes, IR_VAND, false, 0, most, least);
  x = simd_op2 (t, lanes, IR_VANDN, false, 0, x, both);
  y = simd_op2 (t, lanes, IR_VANDN, false, 0, y, both);
  simd_set (t, lanes, a->rd,
            vfp_op (t, lanes, IR_VFMA, IR_RDYN, IR_F_NEGP, 0, x, y, simd_const (t, 2, 0x40000000)));
  return ISA_NEXT;
}

/* ---- Comparisons: for equality a quiet NaN is silent. ---- */

static IrVal
compare (A64Trans *t, Lanes lanes, IrCond cond, IrVal x, IrVal y)
{
  unsigned flags = cond == IR_EQ ? 0 : IR_F_SIGNALING;
  return vfp_op (t, lanes, IR_VFCMP, IR_RDYN, flags, (int32_t)cond << IR_VF_COND, x, y, IR_NONE);
}

static IsaFlow
compare_registers (A64Trans *t, const A64Args *a, IrCond cond, bool absolute)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = vfp_in (t, lanes, a->rm), y = vfp_in (t, lanes, a->rn);
  if (absolute) {
    x = magnitudes (t, lanes, x);
    y = magnitudes (t, lanes, y);
  }
  simd_set (t, lanes, a->rd, compare (t, lanes, cond, x, y));
  return ISA_NEXT;
}

INSN (v_fcmeq, compare_registers (t, a, IR_EQ, false))
INSN (v_fcmge, compare_registers (t, a, IR_LES, false))
INSN (v_fcmgt, compare_registers (t, a, IR_LTS, false))
INSN (v_facge, compare_registers (t, a, IR_LES, true))
INSN (v_facgt, compare_registers (t, a, IR_LTS, true))

static IsaFlow
compare_zero (A64Trans *t, const A64Args *a, IrCond cond, bool zero_first)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = vfp_in (t, lanes, a->rn), zero = ir_const_wide (t->b, 0, 0);
  simd_set (t, lanes, a->rd, compare (t, lanes, cond, zero_first ? zero : x, zero_first ? x : zero));
  return ISA_NEXT;
}

INSN (v_fcmgt0, compare_zero (t, a, IR_LTS, true))
INSN (v_fcmge0, compare_zero (t, a, IR_LES, true))
INSN (v_fcmeq0, compare_zero (t, a, IR_EQ, false))
INSN (v_fcmle0, compare_zero (t, a, IR_LES, false))
INSN (v_fcmlt0, compare_zero (t, a, IR_LTS, false))

/* ---- Two registers. ---- */

static IsaFlow
change_signs (A64Trans *t, const A64Args *a, IrOpcode op)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal sign = simd_const (t, lanes.log2, UINT64_C (1) << ((8u << lanes.log2) - 1));
  ir_set_wide (t->b, a64_v (a->rd), simd_op2 (t, lanes, op, false, 0, a64_v (a->rn), sign));
  return ISA_NEXT;
}

INSN (v_fabs, change_signs (t, a, IR_VANDN))
INSN (v_fneg, change_signs (t, a, IR_VXOR))

static IsaFlow
unary (A64Trans *t, const A64Args *a, IrOpcode op, IrRound round, unsigned flags)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  ir_set_wide (t->b, a64_v (a->rd), vfp_op (t, lanes, op, round, flags, 0, a64_v (a->rn), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

INSN (v_fsqrt, unary (t, a, IR_VFSQRT, IR_RDYN, 0))
INSN (v_frintn, unary (t, a, IR_VFROUND, IR_RNE, 0))
INSN (v_frintm, unary (t, a, IR_VFROUND, IR_RDN, 0))
INSN (v_frintp, unary (t, a, IR_VFROUND, IR_RUP, 0))
INSN (v_frintz, unary (t, a, IR_VFROUND, IR_RTZ, 0))
INSN (v_frinta, unary (t, a, IR_VFROUND, IR_RMM, 0))
INSN (v_frinti, unary (t, a, IR_VFROUND, IR_RDYN, 0))
INSN (v_frintx, unary (t, a, IR_VFROUND, IR_RDYN, IR_F_EXACT))

static IrVal
estimate (A64Trans *t, IrType type, unsigned which, IrVal x, IrVal y)
{
  return a64_fp_estimate (t, type, (ArmFpEstimate)which, x);
}

INSN (v_frecpe, vfp_by_lanes (t, a, estimate, ARM_FP_RECIP, a64_v (a->rn), IR_NONE))
INSN (v_frsqrte, vfp_by_lanes (t, a, estimate, ARM_FP_RSQRT, a64_v (a->rn), IR_NONE))
INSN (s_frecpx, vfp_by_lanes (t, a, estimate, ARM_FP_RECIP_EXP, a64_v (a->rn), IR_NONE))

static IsaFlow
integer_estimate (A64Trans *t, const A64Args *a, unsigned helper)
{
  IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128, .sub = a->q ? 4 : 2, .imm = (int32_t)helper);
  IrVal x = a64_v (a->rn);
  ir_set_wide (t->b, a64_v (a->rd), ir_emit (t->b, d, x, x, x));
  return ISA_NEXT;
}

INSN (v_urecpe, integer_estimate (t, a, ARM_VECTOR_URECPE))
INSN (v_ursqrte, integer_estimate (t, a, ARM_VECTOR_URSQRTE))

/* ---- Pairs, and across lanes: the tree of neighbours' results. ---- */

static IrVal
of_pairs (A64Trans *t, Lanes lanes, IrOpcode op, int32_t imm, IrVal x, IrVal y)
{
  IrVal even = simd_op2 (t, lanes, IR_VUZP, false, 0, x, y),
        odd = simd_op2 (t, lanes, IR_VUZP, false, 1, x, y);
  return vfp_op (t, lanes, op, IR_RDYN, 0, imm, even, odd, IR_NONE);
}

static IsaFlow
pairwise (A64Trans *t, const A64Args *a, IrOpcode op, int32_t imm)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  ir_set_wide (t->b, a64_v (a->rd), of_pairs (t, lanes, op, imm, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

INSN (v_faddp, pairwise (t, a, IR_VFADD, 0))
INSN (v_fmaxp, pairwise (t, a, IR_VFMAX, IR_VF_RULE))
INSN (v_fminp, pairwise (t, a, IR_VFMIN, IR_VF_RULE))
INSN (v_fmaxnmp, pairwise (t, a, IR_VFMAX, 0))
INSN (v_fminnmp, pairwise (t, a, IR_VFMIN, 0))

IsaFlow
a64_trans_s_faddp (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrVal second = simd_op1 (t, (Lanes){ .log2 = lanes.log2 }, IR_VDUPL, false, 1, a64_v (a->rn));
  ir_set (t->b, a64_v (a->rd), vfp_scalar (t, lanes, IR_FADD, 0, 0, a64_v (a->rn), second, IR_NONE));
  return ISA_NEXT;
}

/* Lane 1 raises with itself what it does with lane 0, and nothing with the zeros above. */
static IsaFlow
pair (A64Trans *t, const A64Args *a, IrOpcode op, int32_t imm)
{
  Lanes lanes;
  IrVal x = a64_v (a->rn), y;
  simd_lanes (a, &lanes);
  if (lanes.log2 == 1)
    x = simd_op2 (t, (Lanes){ 0 }, IR_VAND, false, 0, x, ir_const_wide (t->b, UINT32_MAX, 0));
  y = simd_op1 (t, (Lanes){ .log2 = lanes.log2 }, IR_VDUPL, false, 1, x);
  simd_set (t, lanes, a->rd, vfp_op (t, lanes, op, IR_RDYN, 0, imm, x, y, IR_NONE));
  return ISA_NEXT;
}

INSN (s_fmaxp, pair (t, a, IR_VFMAX, IR_VF_RULE))
INSN (s_fminp, pair (t, a, IR_VFMIN, IR_VF_RULE))
INSN (s_fmaxnmp, pair (t, a, IR_VFMAX, 0))
INSN (s_fminnmp, pair (t, a, IR_VFMIN, 0))

static IsaFlow
across (A64Trans *t, const A64Args *a, IrOpcode op, int32_t imm)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = a64_v (a->rn);
  for (unsigned n = vfp_count (lanes); n > 1; n /= 2) {
    lanes.flags = n << lanes.log2 <= 8 ? IR_F_HALF : 0; /* the lanes above are copies of these */
    x = of_pairs (t, lanes, op, imm, x, x);
  }
  lanes.scalar = true;
  simd_set (t, lanes, a->rd, x);
  return ISA_NEXT;
}

INSN (v_fmaxv, across (t, a, IR_VFMAX, IR_VF_RULE))
INSN (v_fminv, across (t, a, IR_VFMIN, IR_VF_RULE))
INSN (v_fmaxnmv, across (t, a, IR_VFMAX, 0))
INSN (v_fminnmv, across (t, a, IR_VFMIN, 0))
