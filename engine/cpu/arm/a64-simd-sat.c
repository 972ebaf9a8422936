/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on integers: saturation.  FPSR.QC gathers what tells saturated results from plain ones;
 * nothing leaves the vector registers until the flag is read. */

#include "a64-simd.h"

static IsaFlow
saturating (A64Trans *t, const A64Args *a, IrOpcode op, IrOpcode plain_op, bool is_signed)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set_saturated (t, lanes, a->rd, op, plain_op, is_signed, a64_v (a->rn), a64_v (a->rm));
  return ISA_NEXT;
}

#define SATURATING(insn, op, plain_op, is_signed)                                                            \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return saturating (t, a, op, plain_op, is_signed);                                                       \
  }
SATURATING (sqadd, IR_VQADD, IR_VADD, true)
SATURATING (uqadd, IR_VQADD, IR_VADD, false)
SATURATING (sqsub, IR_VQSUB, IR_VSUB, true)
SATURATING (uqsub, IR_VQSUB, IR_VSUB, false)

static IrVal
smallest (A64Trans *t, Lanes lanes)
{
  return simd_const (t, lanes.log2, UINT64_C (1) << ((8u << lanes.log2) - 1));
}

/* All ones in lanes that are negative. */
static IrVal
sign_mask (A64Trans *t, Lanes lanes, IrVal x)
{
  return simd_op1 (t, lanes, IR_VSHR, true, (int32_t)(8u << lanes.log2) - 1, x);
}

/* Signed Vd plus unsigned Vn: counted from the smallest number on, Vd is unsigned too. */
IsaFlow
a64_trans_v_suqadd (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal base = smallest (t, lanes);
  IrVal wrapped = simd_cut (t, lanes, simd_op2 (t, lanes, IR_VADD, false, 0, a64_v (a->rd), a64_v (a->rn)));
  IrVal x = simd_op2 (t, lanes, IR_VXOR, false, 0, a64_v (a->rd), base);
  x = simd_op2 (t, lanes, IR_VQADD, false, 0, x, a64_v (a->rn));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VXOR, false, 0, x, base));
  simd_saturated (t, (Lanes){ 0 }, simd_op2 (t, (Lanes){ 0 }, IR_VXOR, false, 0, wrapped, a64_v (a->rd)));
  return ISA_NEXT;
}

/* Unsigned Vd plus signed Vn: a negative one is subtracted by its magnitude. */
IsaFlow
a64_trans_v_usqadd (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = a64_v (a->rd), y = a64_v (a->rn);
  IrVal wrapped = simd_cut (t, lanes, simd_op2 (t, lanes, IR_VADD, false, 0, x, y));
  IrVal sum = simd_op2 (t, lanes, IR_VQADD, false, 0, x, y);
  IrVal magnitude = simd_op2 (t, lanes, IR_VSUB, false, 0, simd_const (t, 0, 0), y);
  IrVal difference = simd_op2 (t, lanes, IR_VQSUB, false, 0, x, magnitude);
  IrVal negative = sign_mask (t, lanes, y);
  simd_set (t, lanes, a->rd, simd_op3 (t, lanes, IR_VBSEL, false, 0, negative, difference, sum));
  simd_saturated (t, (Lanes){ 0 }, simd_op2 (t, (Lanes){ 0 }, IR_VXOR, false, 0, wrapped, a64_v (a->rd)));
  return ISA_NEXT;
}

/* The magnitude of the smallest number is itself, the only negative one: its sign inverts it. */
IsaFlow
a64_trans_v_sqabs (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = simd_op1 (t, lanes, IR_VABS, false, 0, a64_v (a->rn));
  IrVal overflow = sign_mask (t, lanes, x);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VXOR, false, 0, x, overflow));
  simd_saturated (t, lanes, overflow);
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_sqneg (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set_saturated (t, lanes, a->rd, IR_VQSUB, IR_VSUB, true, simd_const (t, 0, 0), a64_v (a->rn));
  return ISA_NEXT;
}

/* ---- Narrowing. ---- */

/* Vd = the lanes of x, twice as wide as `lanes`, cut with saturation; what does not come back by widening was
 * out of range. */
static IsaFlow
narrow (A64Trans *t, const A64Args *a, Lanes lanes, IrVal x, IrNarrow how)
{
  Lanes wide = simd_wider (lanes);
  IrVal narrowed = simd_op1 (t, (Lanes){ .log2 = wide.log2 }, IR_VNARROW, false, (int32_t)how, x);
  Lanes as_wide = { .log2 = lanes.log2, .flags = wide.flags };
  IrVal again = simd_op1 (t, as_wide, IR_VWIDEN, how == IR_NARROW_SS, 0, narrowed);
  simd_saturated (t, wide, simd_op2 (t, wide, IR_VXOR, false, 0, again, x));
  simd_set_narrow (t, a, lanes, narrowed);
  return ISA_NEXT;
}

#define NARROW(insn, how)                                                                                    \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return narrow (t, a, (Lanes){ .log2 = a->size, .scalar = a->scalar }, a64_v (a->rn), how);               \
  }
NARROW (sqxtn, IR_NARROW_SS)
NARROW (uqxtn, IR_NARROW_UU)
NARROW (sqxtun, IR_NARROW_SU)

static IsaFlow
narrow_shifted (A64Trans *t, const A64Args *a, bool round, IrNarrow how)
{
  Lanes lanes;
  unsigned count;
  simd_immediate (a, true, &lanes, &count); /* the table leaves out lanes of 64 bits */
  bool is_signed = how != IR_NARROW_UU;
  Lanes wide = simd_wider (lanes);
  IrVal x = round ? simd_round_shift (t, wide, is_signed, count, a64_v (a->rn))
                  : simd_op1 (t, wide, IR_VSHR, is_signed, (int32_t)count, a64_v (a->rn));
  return narrow (t, a, lanes, x, how);
}

#define NARROW_SHIFTED(insn, round, how)                                                                     \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return narrow_shifted (t, a, round, how);                                                                \
  }
NARROW_SHIFTED (sqshrn, false, IR_NARROW_SS)
NARROW_SHIFTED (sqrshrn, true, IR_NARROW_SS)
NARROW_SHIFTED (uqshrn, false, IR_NARROW_UU)
NARROW_SHIFTED (uqrshrn, true, IR_NARROW_UU)
NARROW_SHIFTED (sqshrun, false, IR_NARROW_SU)
NARROW_SHIFTED (sqrshrun, true, IR_NARROW_SU)

/* ---- Shifts to the left. ---- */

/* The shifted number, or `limit` where shifting back does not give x again. */
static IsaFlow
shift_left (A64Trans *t, const A64Args *a, bool is_signed, bool to_unsigned)
{
  Lanes lanes;
  unsigned count;
  if (!simd_immediate (a, false, &lanes, &count))
    return a64_undefined (t);
  IrVal x = a64_v (a->rn), limit = simd_const (t, 0, 0xff);
  if (to_unsigned)
    x = simd_op2 (t, lanes, IR_VMAX, true, 0, x, simd_const (t, 0, 0));
  else if (is_signed)
    limit = simd_op2 (t, lanes, IR_VXOR, false, 0, sign_mask (t, lanes, x),
                      simd_const (t, lanes.log2, (UINT64_C (1) << ((8u << lanes.log2) - 1)) - 1));
  IrVal shifted = simd_op1 (t, lanes, IR_VSHL, false, (int32_t)count, x);
  IrVal back = simd_op1 (t, lanes, IR_VSHR, is_signed && !to_unsigned, (int32_t)count, shifted);
  IrVal good = simd_op2 (t, lanes, IR_VCMP, false, IR_EQ, back, x);
  simd_saturated (t, lanes, simd_op2 (t, lanes, IR_VXOR, false, 0, back, a64_v (a->rn)));
  simd_set (t, lanes, a->rd, simd_op3 (t, lanes, IR_VBSEL, false, 0, good, shifted, limit));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_sqshli (A64Trans *t, const A64Args *a)
{
  return shift_left (t, a, true, false);
}

IsaFlow
a64_trans_v_uqshli (A64Trans *t, const A64Args *a)
{
  return shift_left (t, a, false, false);
}

IsaFlow
a64_trans_v_sqshlu (A64Trans *t, const A64Args *a)
{
  return shift_left (t, a, true, true);
}

/* Where numbers shifted with saturation are not those shifted plainly, except that of negative numbers both
 * may be the smallest: these are looked at by their complements, which overflow at the same count. */
static IrVal
overflow_of_shift (A64Trans *t, Lanes lanes, bool is_signed, int32_t how, IrVal x, IrVal count)
{
  IrVal saturated = simd_op2 (t, lanes, IR_VSHIFT, is_signed, how, x, count);
  IrVal plain = simd_op2 (t, lanes, IR_VSHIFT, is_signed, how & ~IR_SHIFT_SATURATE, x, count);
  return simd_op2 (t, lanes, IR_VXOR, false, 0, saturated, plain);
}

static IsaFlow
shift_by_register (A64Trans *t, const A64Args *a, bool is_signed, bool round)
{
  Lanes lanes;
  int32_t how = IR_SHIFT_SATURATE | (round ? IR_SHIFT_ROUND : 0);
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal x = a64_v (a->rn), count = a64_v (a->rm);
  simd_saturated (t, lanes, overflow_of_shift (t, lanes, is_signed, how, x, count));
  if (is_signed) {
    IrVal positive = simd_op2 (t, lanes, IR_VXOR, false, 0, x, sign_mask (t, lanes, x));
    simd_saturated (t, lanes, overflow_of_shift (t, lanes, true, how, positive, count));
  }
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VSHIFT, is_signed, how, x, count));
  return ISA_NEXT;
}

#define SHIFT(insn, is_signed, round)                                                                        \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return shift_by_register (t, a, is_signed, round);                                                       \
  }
SHIFT (sqshl, true, false)
SHIFT (uqshl, false, false)
SHIFT (sqrshl, true, true)
SHIFT (uqrshl, false, true)
