/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on integers: what works lane by lane (DDI 0487, C4.1.97), without saturation. */

#include "a64-simd.h"

uint64_t
simd_replicate (unsigned log2, uint64_t value)
{
  for (unsigned bits = 8u << log2; bits < 64; bits *= 2)
    value = (value & ((UINT64_C (1) << bits) - 1)) * ((UINT64_C (1) << bits) + 1);
  return value;
}

IrVal
simd_const (A64Trans *t, unsigned log2, uint64_t value)
{
  value = simd_replicate (log2, value);
  return ir_const_wide (t->b, value, value);
}

IrVal
simd_cut (A64Trans *t, Lanes lanes, IrVal x)
{
  if (!lanes.scalar || lanes.log2 == 3)
    return x;
  IrVal mask = ir_const_wide (t->b, (UINT64_C (1) << (8u << lanes.log2)) - 1, 0);
  return simd_op2 (t, (Lanes){ 0 }, IR_VAND, false, 0, x, mask);
}

void
simd_set (A64Trans *t, Lanes lanes, unsigned rd, IrVal x)
{
  ir_set_wide (t->b, a64_v (rd), simd_cut (t, lanes, x));
}

void
simd_saturated (A64Trans *t, Lanes lanes, IrVal x)
{
  IrVal qc = simd_op2 (t, (Lanes){ 0 }, IR_VOR, false, 0, ARM_VAR_QC, simd_cut (t, lanes, x));
  ir_set_wide (t->b, ARM_VAR_QC, qc);
}

void
simd_set_saturated (A64Trans *t, Lanes lanes, unsigned rd, IrOpcode op, IrOpcode plain_op, bool is_signed,
                    IrVal x, IrVal y)
{
  IrVal wrapped = simd_cut (t, lanes, simd_op2 (t, lanes, plain_op, is_signed, 0, x, y));
  simd_set (t, lanes, rd, simd_op2 (t, lanes, op, is_signed, 0, x, y));
  simd_saturated (t, (Lanes){ 0 }, simd_op2 (t, (Lanes){ 0 }, IR_VXOR, false, 0, wrapped, a64_v (rd)));
}

/* ---- Three registers. ---- */

static IsaFlow
same (A64Trans *t, const A64Args *a, IrOpcode op, bool is_signed, int32_t imm)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, op, is_signed, imm, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

#define SAME(insn, op, is_signed, imm)                                                                       \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return same (t, a, op, is_signed, imm);                                                                  \
  }
SAME (add, IR_VADD, false, 0)
SAME (sub, IR_VSUB, false, 0)
SAME (shadd, IR_VHADD, true, 0)
SAME (uhadd, IR_VHADD, false, 0)
SAME (srhadd, IR_VHADD, true, 1)
SAME (urhadd, IR_VHADD, false, 1)
SAME (shsub, IR_VHSUB, true, 0)
SAME (uhsub, IR_VHSUB, false, 0)
SAME (smax, IR_VMAX, true, 0)
SAME (umax, IR_VMAX, false, 0)
SAME (smin, IR_VMIN, true, 0)
SAME (umin, IR_VMIN, false, 0)
SAME (sabd, IR_VABD, true, 0)
SAME (uabd, IR_VABD, false, 0)
SAME (cmeq, IR_VCMP, true, IR_EQ)
SAME (cmgt, IR_VCMP, true, IR_GTS)
SAME (cmge, IR_VCMP, true, IR_GES)
SAME (cmhi, IR_VCMP, false, IR_GTU)
SAME (cmhs, IR_VCMP, false, IR_GEU)
SAME (zip1, IR_VZIP, false, 0)
SAME (zip2, IR_VZIP, false, 1)
SAME (uzp1, IR_VUZP, false, 0)
SAME (uzp2, IR_VUZP, false, 1)
SAME (trn1, IR_VTRN, false, 0)
SAME (trn2, IR_VTRN, false, 1)

IsaFlow
a64_trans_v_cmtst (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = a64_v (a->rn);
  if (a->rn != a->rm)
    x = simd_op2 (t, lanes, IR_VAND, false, 0, x, a64_v (a->rm));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VCMP, false, IR_NE, x, simd_const (t, 0, 0)));
  return ISA_NEXT;
}

static IsaFlow
difference_added (A64Trans *t, const A64Args *a, bool is_signed)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = simd_op2 (t, lanes, IR_VABD, is_signed, 0, a64_v (a->rn), a64_v (a->rm));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VADD, false, 0, a64_v (a->rd), x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_saba (A64Trans *t, const A64Args *a)
{
  return difference_added (t, a, true);
}

IsaFlow
a64_trans_v_uaba (A64Trans *t, const A64Args *a)
{
  return difference_added (t, a, false);
}

/* ---- Bits. ---- */

static IsaFlow
bitwise (A64Trans *t, const A64Args *a, IrOpcode op)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  bool is_move = a->q && op == IR_VOR && a->rn == a->rm;
  simd_set (t, lanes, a->rd,
            is_move ? a64_v (a->rn) : simd_op2 (t, lanes, op, false, 0, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

/* Vd = where the bits of `mask` are set x, elsewhere y. */
static IsaFlow
select_bits (A64Trans *t, const A64Args *a, unsigned mask, unsigned x, unsigned y)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  simd_set (t, lanes, a->rd, simd_op3 (t, lanes, IR_VBSEL, false, 0, a64_v (mask), a64_v (x), a64_v (y)));
  return ISA_NEXT;
}

#define BITS(insn, call)                                                                                     \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return call;                                                                                             \
  }
BITS (and, bitwise (t, a, IR_VAND))
BITS (bic, bitwise (t, a, IR_VANDN))
BITS (orr, bitwise (t, a, IR_VOR))
BITS (orn, bitwise (t, a, IR_VORN))
BITS (eor, bitwise (t, a, IR_VXOR))
BITS (bsl, select_bits (t, a, a->rd, a->rn, a->rm))
BITS (bit, select_bits (t, a, a->rm, a->rn, a->rd))
BITS (bif, select_bits (t, a, a->rm, a->rd, a->rn))

/* ---- Two registers. ---- */

static IsaFlow
unary (A64Trans *t, const A64Args *a, IrOpcode op, int32_t imm)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op1 (t, lanes, op, false, imm, a64_v (a->rn)));
  return ISA_NEXT;
}

#define UNARY(insn, op, imm)                                                                                 \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return unary (t, a, op, imm);                                                                            \
  }
UNARY (rev64, IR_VREV, 8)
UNARY (rev32, IR_VREV, 4)
UNARY (rev16, IR_VREV, 2)
UNARY (cls, IR_VCLS, 0)
UNARY (clz, IR_VCLZ, 0)
UNARY (cnt, IR_VPOPCNT, 0)
UNARY (rbit, IR_VBREV8, 0)
UNARY (abs, IR_VABS, 0)

IsaFlow
a64_trans_v_not (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VXOR, false, 0, a64_v (a->rn), simd_const (t, 0, 0xff)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_neg (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VSUB, false, 0, simd_const (t, 0, 0), a64_v (a->rn)));
  return ISA_NEXT;
}

static IsaFlow
compare_zero (A64Trans *t, const A64Args *a, IrCond cond)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd,
            simd_op2 (t, lanes, IR_VCMP, true, (int32_t)cond, a64_v (a->rn), simd_const (t, 0, 0)));
  return ISA_NEXT;
}

#define COMPARE_ZERO(insn, cond)                                                                             \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return compare_zero (t, a, cond);                                                                        \
  }
COMPARE_ZERO (cmgt0, IR_GTS)
COMPARE_ZERO (cmge0, IR_GES)
COMPARE_ZERO (cmeq0, IR_EQ)
COMPARE_ZERO (cmle0, IR_LES)
COMPARE_ZERO (cmlt0, IR_LTS)
