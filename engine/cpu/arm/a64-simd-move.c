/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Advanced SIMD: lanes copied, extracted and looked up; modified immediates. */

#include "a64-simd.h"

/* imm5's lowest set bit tells the lane's width, the bits above it which lane. */
static unsigned
lane_of (const A64Args *a, unsigned *ret_index)
{
  unsigned log2 = (unsigned)__builtin_ctz ((unsigned)a->imm);
  *ret_index = (unsigned)a->imm >> (log2 + 1);
  return log2;
}

IsaFlow
a64_trans_v_dup_elem (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  Lanes lanes = { .log2 = log2, .flags = a->q ? 0 : IR_F_HALF, .scalar = a->scalar };
  if (log2 == 3 && !a->q && !a->scalar)
    return a64_undefined (t);
  if (a->scalar && log2 < 3 && index == 0)
    simd_set (t, lanes, a->rd, a64_v (a->rn));
  else
    simd_set (t, lanes, a->rd, simd_op1 (t, lanes, IR_VDUPL, false, (int32_t)index, a64_v (a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_dup (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  Lanes lanes = { .log2 = log2, .flags = a->q ? 0 : IR_F_HALF };
  if (log2 == 3 && !a->q)
    return a64_undefined (t);
  simd_set (t, lanes, a->rd,
            a->rn == 31 ? simd_const (t, 0, 0) : simd_op1 (t, lanes, IR_VDUP, false, 0, a64_x (t, a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_smov (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  if (log2 >= 2 + a->q)
    return a64_undefined (t);
  IrVal x = simd_op1 (t, (Lanes){ .log2 = log2 }, IR_VGETL, true, (int32_t)index, a64_v (a->rn));
  a64_set_x (t, a->rd, a->q ? x : ir_op1 (t->b, IR_MOV, IR_I32, x));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_umov (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  if ((log2 == 3) != a->q)
    return a64_undefined (t);
  a64_set_x (t, a->rd, simd_op1 (t, (Lanes){ .log2 = log2 }, IR_VGETL, false, (int32_t)index, a64_v (a->rn)));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_ins (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  IrVal x =
      simd_op2 (t, (Lanes){ .log2 = log2 }, IR_VINSI, false, (int32_t)index, a64_v (a->rd), a64_x (t, a->rn));
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_ins_elem (A64Trans *t, const A64Args *a)
{
  unsigned index, log2 = lane_of (a, &index);
  unsigned from = a->imm4 >> log2;
  IrVal x = simd_op2 (t, (Lanes){ .log2 = log2 }, IR_VINSL, false, (int32_t)(index | from << 4),
                      a64_v (a->rd), a64_v (a->rn));
  ir_set_wide (t->b, a64_v (a->rd), x);
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_ext (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  if (!a->q && a->imm > 7)
    return a64_undefined (t);
  simd_set (t, lanes, a->rd, simd_op2 (t, lanes, IR_VEXT, false, a->imm, a64_v (a->rn), a64_v (a->rm)));
  return ISA_NEXT;
}

/* A table of several registers is looked up in each; the others give 0. */
static IrVal
look_up (A64Trans *t, const A64Args *a, Lanes lanes)
{
  IrVal index = a64_v (a->rm), x = IR_NONE;
  for (unsigned i = 0; i <= a->len; i++) {
    if (i != 0)
      index = simd_op2 (t, lanes, IR_VSUB, false, 0, index, simd_const (t, 0, 16));
    IrVal part = simd_op2 (t, lanes, IR_VTBL, false, 0, a64_v ((a->rn + i) % 32), index);
    x = i == 0 ? part : simd_op2 (t, lanes, IR_VOR, false, 0, x, part);
  }
  return x;
}

IsaFlow
a64_trans_v_tbl (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  simd_set (t, lanes, a->rd, look_up (t, a, lanes));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_tbx (A64Trans *t, const A64Args *a)
{
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  IrVal inside =
      simd_op2 (t, lanes, IR_VCMP, false, IR_LTU, a64_v (a->rm), simd_const (t, 0, 16u * (a->len + 1u)));
  IrVal x = look_up (t, a, lanes);
  simd_set (t, lanes, a->rd, simd_op3 (t, lanes, IR_VBSEL, false, 0, inside, x, a64_v (a->rd)));
  return ISA_NEXT;
}

/* ---- Modified immediates. ---- */

/* A sign, an exponent of three bits and a fraction of four, as a number whose exponent has `exponent_bits`.
 */
static uint64_t
expand_fp (unsigned imm8, unsigned exponent_bits, unsigned fraction_bits)
{
  uint64_t exponent =
      imm8 >> 6 & 1 ? (UINT64_C (1) << (exponent_bits - 1)) - 4 : UINT64_C (1) << (exponent_bits - 1);
  exponent |= imm8 >> 4 & 3;
  return (uint64_t)(imm8 >> 7) << (exponent_bits + fraction_bits) | exponent << fraction_bits |
         (uint64_t)(imm8 & 15) << (fraction_bits - 4);
}

/* AdvSIMDExpandImm() */
static uint64_t
expand (unsigned op, unsigned cmode, unsigned imm8, unsigned *ret_log2)
{
  uint64_t bytes = 0;
  *ret_log2 = 2;
  switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3: return (uint64_t)imm8 << (cmode >> 1) * 8;
    case 4:
    case 5: *ret_log2 = 1; return (uint64_t)imm8 << (cmode >> 1 & 1) * 8;
    case 6: return cmode & 1 ? (uint64_t)imm8 << 16 | 0xffff : (uint64_t)imm8 << 8 | 0xff;
    default: break;
  }
  if (cmode & 1) {
    *ret_log2 = op ? 3 : 2;
    return op ? expand_fp (imm8, 11, 52) : expand_fp (imm8, 8, 23);
  }
  *ret_log2 = op ? 3 : 0;
  for (unsigned i = 0; i < 8; i++)
    bytes |= imm8 >> i & 1 ? UINT64_C (0xff) << 8 * i : 0;
  return op ? bytes : imm8;
}

IsaFlow
a64_trans_v_movi (A64Trans *t, const A64Args *a)
{
  unsigned log2;
  bool combines = a->cmode & 1 && a->cmode < 12;
  if (a->op && a->cmode == 15 && !a->q)
    return a64_undefined (t);
  uint64_t value = expand (a->op, a->cmode, (unsigned)a->imm, &log2);
  Lanes lanes = { .flags = a->q ? 0 : IR_F_HALF };
  if (combines) {
    IrVal x =
        simd_op2 (t, lanes, a->op ? IR_VANDN : IR_VOR, false, 0, a64_v (a->rd), simd_const (t, log2, value));
    simd_set (t, lanes, a->rd, x);
    return ISA_NEXT;
  }
  if (a->op && a->cmode < 14)
    value = ~value;
  value = simd_replicate (log2, value);
  simd_set (t, lanes, a->rd, ir_const_wide (t->b, value, a->q ? value : 0));
  return ISA_NEXT;
}

IsaFlow
a64_trans_v_fmov_h (A64Trans *t, const A64Args *a)
{
  uint64_t value = simd_replicate (1, expand_fp ((unsigned)a->imm, 5, 10));
  ir_set_wide (t->b, a64_v (a->rd), ir_const_wide (t->b, value, a->q ? value : 0));
  return ISA_NEXT;
}
