/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on integers: results with other lanes than the operands, sums of pairs, and of all lanes. */

#include "a64-simd.h"

void
simd_set_narrow (A64Trans *t, const A64Args *a, Lanes lanes, IrVal x)
{
  if (lanes.scalar || !a->q)
    simd_set (t, lanes, a->rd, x);
  else
    ir_set_wide (t->b, a64_v (a->rd),
                 simd_op2 (t, (Lanes){ .log2 = 3 }, IR_VINSL, false, 1, a64_v (a->rd), x));
}

static IrVal
widened (A64Trans *t, const A64Args *a, bool is_signed, unsigned reg)
{
  return simd_op1 (t, (Lanes){ .log2 = a->size }, IR_VWIDEN, is_signed, a->q, a64_v (reg));
}

/* Vd = Vn op Vm, with Vm widened, and Vn unless it is wide already. */
static IsaFlow
add_wide (A64Trans *t, const A64Args *a, IrOpcode op, bool is_signed, bool wide)
{
  IrVal x = wide ? a64_v (a->rn) : widened (t, a, is_signed, a->rn), y = widened (t, a, is_signed, a->rm);
  ir_set_wide (t->b, a64_v (a->rd), simd_op2 (t, (Lanes){ .log2 = a->size + 1u }, op, false, 0, x, y));
  return ISA_NEXT;
}

#define ADD_WIDE(insn, op, is_signed, wide)                                                                  \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return add_wide (t, a, op, is_signed, wide);                                                             \
  }
ADD_WIDE (saddl, IR_VADD, true, false)
ADD_WIDE (uaddl, IR_VADD, false, false)
ADD_WIDE (saddw, IR_VADD, true, true)
ADD_WIDE (uaddw, IR_VADD, false, true)
ADD_WIDE (ssubl, IR_VSUB, true, false)
ADD_WIDE (usubl, IR_VSUB, false, false)
ADD_WIDE (ssubw, IR_VSUB, true, true)
ADD_WIDE (usubw, IR_VSUB, false, true)

/* A difference's magnitude fits its lane as an unsigned number. */
static IsaFlow
difference_wide (A64Trans *t, const A64Args *a, bool is_signed, bool accumulate)
{
  Lanes lanes = { .log2 = a->size };
  IrVal x = simd_op2 (t, lanes, IR_VABD, is_signed, 0, a64_v (a->rn), a64_v (a->rm));
  x = simd_op1 (t, lanes, IR_VWIDEN, false, a->q, x);
  if (accumulate)
    x = simd_op2 (t, simd_wider (lanes), IR_VADD, false, 0, a64_v (a->rd), x);
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

#define DIFFERENCE_WIDE(insn, is_signed, accumulate)                                                         \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return difference_wide (t, a, is_signed, accumulate);                                                    \
  }
DIFFERENCE_WIDE (sabdl, true, false)
DIFFERENCE_WIDE (uabdl, false, false)
DIFFERENCE_WIDE (sabal, true, true)
DIFFERENCE_WIDE (uabal, false, true)

/* The upper halves of sums or differences. */
static IsaFlow
high_narrow (A64Trans *t, const A64Args *a, IrOpcode op, bool round)
{
  Lanes lanes = { .log2 = a->size }, wide = simd_wider (lanes);
  unsigned width = 8u << a->size;
  IrVal x = simd_op2 (t, wide, op, false, 0, a64_v (a->rn), a64_v (a->rm));
  if (round)
    x = simd_op2 (t, wide, IR_VADD, false, 0, x, simd_const (t, wide.log2, UINT64_C (1) << (width - 1)));
  x = simd_op1 (t, wide, IR_VSHR, false, (int32_t)width, x);
  simd_set_narrow (t, a, lanes, simd_op1 (t, wide, IR_VNARROW, false, IR_NARROW_CUT, x));
  return ISA_NEXT;
}

#define HIGH_NARROW(insn, op, round)                                                                         \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return high_narrow (t, a, op, round);                                                                    \
  }
HIGH_NARROW (addhn, IR_VADD, false)
HIGH_NARROW (raddhn, IR_VADD, true)
HIGH_NARROW (subhn, IR_VSUB, false)
HIGH_NARROW (rsubhn, IR_VSUB, true)

IsaFlow
a64_trans_v_xtn (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .log2 = a->size };
  IrVal x = simd_op1 (t, simd_wider (lanes), IR_VNARROW, false, IR_NARROW_CUT, a64_v (a->rn));
  simd_set_narrow (t, a, lanes, x);
  return ISA_NEXT;
}

/* ---- Pairs of neighbours. ---- */

static IsaFlow
pairwise (A64Trans *t, const A64Args *a, IrOpcode op, bool is_signed)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal even = simd_op2 (t, lanes, IR_VUZP, false, 0, a64_v (a->rn), a64_v (a->rm));
  IrVal odd = simd_op2 (t, lanes, IR_VUZP, false, 1, a64_v (a->rn), a64_v (a->rm));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, op, is_signed, 0, even, odd));
  return ISA_NEXT;
}

#define PAIRWISE(insn, op, is_signed)                                                                        \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return pairwise (t, a, op, is_signed);                                                                   \
  }
PAIRWISE (addp, IR_VADD, false)
PAIRWISE (smaxp, IR_VMAX, true)
PAIRWISE (umaxp, IR_VMAX, false)
PAIRWISE (sminp, IR_VMIN, true)
PAIRWISE (uminp, IR_VMIN, false)

IsaFlow
a64_trans_s_addp (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrVal second = simd_op1 (t, (Lanes){ .log2 = 3 }, IR_VDUPL, false, 1, a64_v (a->rn));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VADD, false, 0, a64_v (a->rn), second));
  return ISA_NEXT;
}

/* The sums of neighbours as lanes of twice the width. */
static IrVal
pair_sums (A64Trans *t, Lanes lanes, bool is_signed, IrVal x)
{
  Lanes wide = { .log2 = lanes.log2 + 1, .flags = lanes.flags };
  unsigned width = 8u << lanes.log2;
  IrVal even, odd = simd_op1 (t, wide, IR_VSHR, is_signed, (int32_t)width, x);
  if (is_signed)
    even = simd_op1 (t, wide, IR_VSHR, true, (int32_t)width,
                     simd_op1 (t, wide, IR_VSHL, false, (int32_t)width, x));
  else
    even = simd_op2 (t, wide, IR_VAND, false, 0, x, simd_const (t, wide.log2, (UINT64_C (1) << width) - 1));
  return simd_op2 (t, wide, IR_VADD, false, 0, even, odd);
}

static IsaFlow
add_pairs (A64Trans *t, const A64Args *a, bool is_signed, bool accumulate)
{
  Lanes lanes;
  simd_lanes (a, &lanes);
  IrVal x = pair_sums (t, lanes, is_signed, a64_v (a->rn));
  if (accumulate)
    x = simd_op2 (t, (Lanes){ .log2 = lanes.log2 + 1, .flags = lanes.flags }, IR_VADD, false, 0,
                  a64_v (a->rd), x);
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

#define ADD_PAIRS(insn, is_signed, accumulate)                                                               \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return add_pairs (t, a, is_signed, accumulate);                                                          \
  }
ADD_PAIRS (saddlp, true, false)
ADD_PAIRS (uaddlp, false, false)
ADD_PAIRS (sadalp, true, true)
ADD_PAIRS (uadalp, false, true)

/* ---- Across lanes. ---- */

/* Lane 0 = all lanes by op, which is done on the vector and itself turned by half, by a quarter, and so on.
 * Half a vector is taken twice. */
static void
set_reduced (A64Trans *t, Lanes lanes, unsigned rd, IrOpcode op, bool is_signed, IrVal x)
{
  Lanes all = { .log2 = lanes.log2 };
  unsigned bytes = 8;
  if (lanes.flags & IR_F_HALF) {
    x = simd_op1 (t, (Lanes){ .log2 = 3 }, IR_VDUPL, false, 0, x);
    bytes = 4;
  }
  for (; bytes >= 1u << lanes.log2; bytes /= 2) {
    IrVal turned = simd_op2 (t, all, IR_VEXT, false, (int32_t)bytes, x, x);
    x = simd_op2 (t, all, op, is_signed, 0, x, turned);
  }
  simd_set (t, (Lanes){ .log2 = lanes.log2, .scalar = true }, rd, x);
}

/* Two lanes of 32 bits are reserved. */
static bool
across_lanes (const A64Args *a, Lanes *ret)
{
  simd_lanes (a, ret);
  return a->size != 2 || a->q;
}

static IsaFlow
across (A64Trans *t, const A64Args *a, IrOpcode op, bool is_signed)
{
  Lanes lanes;
  if (!across_lanes (a, &lanes))
    return a64_undefined (t);
  set_reduced (t, lanes, a->rd, op, is_signed, a64_v (a->rn));
  return ISA_NEXT;
}

static IsaFlow
across_wide (A64Trans *t, const A64Args *a, bool is_signed)
{
  Lanes lanes;
  if (!across_lanes (a, &lanes))
    return a64_undefined (t);
  IrVal sums = pair_sums (t, lanes, is_signed, a64_v (a->rn));
  if (lanes.log2 == 2) { /* two sums of 64 bits, which need no cutting down to lane 0 but by half */
    IrVal second = simd_op1 (t, (Lanes){ .log2 = 3 }, IR_VDUPL, false, 1, sums);
    ir_set_wide (t->b, a64_v (a->rd),
                 simd_op2 (t, (Lanes){ .log2 = 3, .flags = IR_F_HALF }, IR_VADD, false, 0, sums, second));
    return ISA_NEXT;
  }
  set_reduced (t, (Lanes){ .log2 = lanes.log2 + 1, .flags = lanes.flags }, a->rd, IR_VADD, false, sums);
  return ISA_NEXT;
}

#define ACROSS(insn, call)                                                                                   \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return call;                                                                                             \
  }
ACROSS (addv, across (t, a, IR_VADD, false))
ACROSS (smaxv, across (t, a, IR_VMAX, true))
ACROSS (umaxv, across (t, a, IR_VMAX, false))
ACROSS (sminv, across (t, a, IR_VMIN, true))
ACROSS (uminv, across (t, a, IR_VMIN, false))
ACROSS (saddlv, across_wide (t, a, true))
ACROSS (uaddlv, across_wide (t, a, false))
