/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD on integers: shifts without saturation. */

#include "a64-simd.h"

bool
simd_immediate (const A64Args *a, bool right, Lanes *ret_lanes, unsigned *ret_count)
{
  unsigned log2 = 31 - (unsigned)__builtin_clz (a->immh), n = a->immh * 8u + a->immb;
  *ret_lanes = (Lanes){ .log2 = log2, .flags = a->q ? 0 : IR_F_HALF, .scalar = a->scalar };
  *ret_count = right ? (16u << log2) - n : n - (8u << log2);
  return log2 != 3 || a->q || a->scalar;
}

IrVal
simd_round_shift (A64Trans *t, Lanes lanes, bool is_signed, unsigned count, IrVal x)
{
  /* All but the last bit that is dropped. */
  IrVal y = count == 1 ? x : simd_op1 (t, lanes, IR_VSHR, is_signed, (int32_t)count - 1, x);
  if (lanes.log2 == 3) {
    IrVal last = simd_op2 (t, lanes, IR_VAND, false, 0, y, simd_const (t, 3, 1));
    IrVal rest = simd_op1 (t, lanes, IR_VSHR, is_signed, (int32_t)count, x);
    return simd_op2 (t, lanes, IR_VADD, false, 0, rest, last);
  }
  if (count == 1 || (!is_signed && lanes.log2 <= 1))
    return simd_op2 (t, lanes, IR_VHADD, is_signed, 1, y, simd_const (t, 0, 0));
  y = simd_op2 (t, lanes, IR_VSUB, false, 0, y, simd_const (t, 0, 0xff));
  return simd_op1 (t, lanes, IR_VSHR, is_signed, 1, y);
}

/* ---- By a register. ---- */

static IsaFlow
by_register (A64Trans *t, const A64Args *a, bool is_signed, int32_t how)
{
  Lanes lanes;
  if (!simd_lanes (a, &lanes))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VSHIFT, is_signed, how, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

#define BY_REGISTER(insn, is_signed, how)                                                                    \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return by_register (t, a, is_signed, how);                                                               \
  }
BY_REGISTER (sshl, true, 0)
BY_REGISTER (ushl, false, 0)
BY_REGISTER (srshl, true, IR_SHIFT_ROUND)
BY_REGISTER (urshl, false, IR_SHIFT_ROUND)

/* ---- By an immediate. ---- */

static IsaFlow
shift_right (A64Trans *t, const A64Args *a, bool is_signed, bool round, bool accumulate)
{
  Lanes lanes;
  unsigned count;
  if (!simd_immediate (a, true, &lanes, &count))
    return a64_undefined (t);
  IrVal x = round ? simd_round_shift (t, lanes, is_signed, count, a64_v (a->rn))
                  : simd_op1 (t, lanes, IR_VSHR, is_signed, (int32_t)count, a64_v (a->rn));
  if (accumulate)
    x = simd_op2 (t, lanes, IR_VADD, false, 0, a64_v (a->rd), x);
  simd_set (t, lanes, a->rd, x);
  return ISA_NEXT;
}

#define SHIFT_RIGHT(insn, is_signed, round, accumulate)                                                      \
  IsaFlow a64_trans_v_##insn (A64Trans *t, const A64Args *a)                                                 \
  {                                                                                                          \
    return shift_right (t, a, is_signed, round, accumulate);                                                 \
  }
SHIFT_RIGHT (sshr, true, false, false)
SHIFT_RIGHT (ushr, false, false, false)
SHIFT_RIGHT (ssra, true, false, true)
SHIFT_RIGHT (usra, false, false, true)
SHIFT_RIGHT (srshr, true, true, false)
SHIFT_RIGHT (urshr, false, true, false)
SHIFT_RIGHT (srsra, true, true, true)
SHIFT_RIGHT (ursra, false, true, true)

IsaFlow
a64_trans_v_shl (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  unsigned count;
  if (!simd_immediate (a, false, &lanes, &count))
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op1 (t, lanes, IR_VSHL, false, (int32_t)count, a64_v (a->rn)));
  return ISA_NEXT;
}

/* The shifted bits go where `mask` has ones; Vd's others stay. */
static void
insert (A64Trans *t, const A64Args *a, Lanes lanes, IrVal shifted, uint64_t mask)
{
  IrVal kept = simd_op2 (t, lanes, IR_VANDN, false, 0, a64_v (a->rd), simd_const (t, lanes.log2, mask));
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VOR, false, 0, kept, shifted));
}

IsaFlow
a64_trans_v_sli (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  unsigned count;
  if (!simd_immediate (a, false, &lanes, &count))
    return a64_undefined (t);
  insert (t, a, lanes, simd_op1 (t, lanes, IR_VSHL, false, (int32_t)count, a64_v (a->rn)),
          UINT64_MAX << count);
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_sri (A64Trans *t, const A64Args *a)
{
  Lanes lanes;
  unsigned count;
  if (!simd_immediate (a, true, &lanes, &count))
    return a64_undefined (t);
  unsigned width = 8u << lanes.log2;
  insert (t, a, lanes, simd_op1 (t, lanes, IR_VSHR, false, (int32_t)count, a64_v (a->rn)),
          count >= width ? 0 : UINT64_MAX >> (64 - width) >> count);
  return ISA_NEXT;
}

static IsaFlow
shift_long (A64Trans *t, const A64Args *a, bool is_signed)
{
  Lanes lanes;
  unsigned count;
  simd_immediate (a, false, &lanes, &count); /* the table leaves out lanes of 64 bits */
  IrVal x = simd_op1 (t, (Lanes){ .log2 = lanes.log2 }, IR_VWIDEN, is_signed, a->q, a64_v (a->rn));
  if (count != 0)
    x = simd_op1 (t, simd_wider (lanes), IR_VSHL, false, (int32_t)count, x);
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_sshll (A64Trans *t, const A64Args *a)
{
  return shift_long (t, a, true);
}

IsaFlow
a64_trans_v_ushll (A64Trans *t, const A64Args *a)
{
  return shift_long (t, a, false);
}

IsaFlow
a64_trans_v_shll (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .log2 = a->size };
  IrVal x = simd_op1 (t, lanes, IR_VWIDEN, false, a->q, a64_v (a->rn));
  ir_set_wide (t->b, a64_v (a->rd), simd_op1 (t, simd_wider (lanes), IR_VSHL, false, 8 << a->size, x));
  return ISA_NEXT;
}

/* What rounding carries out of the lane is cut off with the rest above its half. */
static IsaFlow
shift_narrow (A64Trans *t, const A64Args *a, bool round)
{
  Lanes lanes;
  unsigned count;
  simd_immediate (a, true, &lanes, &count);
  Lanes wide = { .log2 = lanes.log2 + 1 };
  IrVal x = a64_v (a->rn);
  if (round)
    x = simd_op2 (t, wide, IR_VADD, false, 0, x, simd_const (t, wide.log2, UINT64_C (1) << (count - 1)));
  x = simd_op1 (t, wide, IR_VSHR, false, (int32_t)count, x);
  simd_set_narrow (t, a, lanes, simd_op1 (t, wide, IR_VNARROW, false, IR_NARROW_CUT, x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_shrn (A64Trans *t, const A64Args *a)
{
  return shift_narrow (t, a, false);
}

IsaFlow
a64_trans_v_rshrn (A64Trans *t, const A64Args *a)
{
  return shift_narrow (t, a, true);
}
