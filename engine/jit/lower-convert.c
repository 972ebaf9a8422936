/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Conversions between floating-point formats and integers. */

static bool
ready (const Lower *l, const IrOp *op)
{
  return l->fp_inline && fp_inline_class (op);
}

/* F32 <-> F64. Widening is exact, so its rounding mode does not matter. */
static bool
lower_fcvt (Lower *l, const IrOp *op)
{
  bool narrow = op->type == IR_F32;
  if (op->sub == IR_F16 || op->sub == op->type || (narrow && IR_FP_ROUND (op->imm) != IR_RDYN))
    return false;
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, narrow ? OP_F2 (OP0F (0x5a)) : OP_F3 (OP0F (0x5a)), false, d, XMM_ONES, x);
  fp_check_nan (l, op, d);
  dst_fp_done (l, op->dst, d, narrow);
  return true;
}

/* roundss/roundsd immediate for a static direction; -1: the host has none. */
static int
round_imm (IrRound round)
{
  switch (round) {
    case IR_RNE: return 0;
    case IR_RDN: return 1;
    case IR_RUP: return 2;
    case IR_RTZ: return 3;
    case IR_RDYN: return 4;
    default: return -1;
  }
}

/* Float to signed integer (or unsigned 32-bit through the signed 64-bit one). The host's "indefinite" result
 * stands for NaN, out of range, and once for a true minimum: all three are left to the interpreter. */
bool
lower_ftoi (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, is_unsigned = op->sub & IR_UNSIGNED, wide = (op->sub & 0x7f) == IR_I64;
  IrRound round = IR_FP_ROUND (op->imm);
  if (is_unsigned || round_imm (round) < 0)
    return false;
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  bool direct = round == IR_RTZ || round == IR_RDYN;
  unsigned rounding = f32 ? V_ROUNDSS : V_ROUNDSD;
  int from = x;
  if (!direct) { /* quietly: what turns out not to fit is invalid, but not inexact */
    asm_vex_rr (&l->a, rounding, false, 1, x, x);
    asm_u8 (&l->a, round_imm (round) | 8);
    from = 1;
  }
  unsigned code = OP0F (round == IR_RDYN ? 0x2d : 0x2c);
  asm_vex_rr (&l->a, f32 ? OP_F3 (code) : OP_F2 (code), wide, RAX, 0, from);
  if (wide) { /* is it MIN? x - 1 overflows only then */
    asm_alu_ri (&l->a, ALU_CMP, true, RAX, 1);
  } else {
    asm_alu_ri (&l->a, ALU_CMP, false, RAX, 1);
  }
  bail_if (l, CC_O);
  if (!direct) { /* inexact, if it was */
    asm_vex_rr (&l->a, rounding, false, 1, x, x);
    asm_u8 (&l->a, round_imm (round));
  }
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (!wide && op->flags & IR_F_SX)
    asm_movsxd (&l->a, d, RAX);
  else
    asm_mov_rr (&l->a, wide, d, RAX);
  dst_int_done (l, op->dst, d);
  return true;
}

static bool
lower_itof (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, is_unsigned = op->sub & IR_UNSIGNED, wide = (op->sub & 0x7f) == IR_I64;
  bool exact = !wide && !f32;
  if (!exact && IR_FP_ROUND (op->imm) != IR_RDYN)
    return false;
  int r = int_reg (l, wide, opnd_int (l, op->a), RAX);
  if (is_unsigned && wide) { /* large ones are the interpreter's */
    asm_test_rr (&l->a, true, r, r);
    bail_if (l, CC_S);
  } else if (is_unsigned) {
    asm_mov_rr (&l->a, false, RAX, r);
    r = RAX;
  }
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, f32 ? OP_F3 (OP0F (0x2a)) : OP_F2 (OP0F (0x2a)), wide || is_unsigned, d, XMM_ONES, r);
  dst_fp_done (l, op->dst, d, f32);
  return true;
}

static bool
lower_fround (Lower *l, const IrOp *op)
{
  int imm = round_imm (IR_FP_ROUND (op->imm));
  bool f32 = op->type == IR_F32;
  if (imm < 0)
    return false;
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, f32 ? V_ROUNDSS : V_ROUNDSD, false, d, x, x);
  asm_u8 (&l->a, imm | (op->flags & IR_F_EXACT ? 0 : 8));
  fp_check_nan (l, op, d);
  dst_fp_done (l, op->dst, d, f32);
  return true;
}

bool
lower_fbits (Lower *l, const IrOp *op)
{
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  bool sx = op->flags & IR_F_SX;
  asm_vex_rr (&l->a, V_MOVD_FROM_X, op->type == IR_F64, x, 0, d);
  if (op->type == IR_F32 && sx)
    asm_movsxd (&l->a, d, d);
  else if (op->type == IR_F16)
    asm_rr (&l->a, sx ? OP0F (0xbf) : OP0F (0xb7), sx, d, d);
  dst_int_done (l, op->dst, d);
  return true;
}

static bool
lower_bitsf (Lower *l, const IrOp *op)
{
  if (!(IR_FP_CLASS (op->imm) & IR_FPC_BOXED) && op->type != IR_F64)
    return false;
  int r = int_reg (l, true, opnd_int (l, op->a), RAX);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  if (op->type == IR_F64) {
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, r);
  } else if (op->type == IR_F32) {
    asm_vex_rr (&l->a, V_MOVD_TO_X, false, 0, 0, r);
    asm_vex_rr (&l->a, V_INSERTPS, false, d, XMM_ONES, 0);
    asm_u8 (&l->a, 0);
  } else {
    asm_mov_rr (&l->a, true, RAX, r);
    asm_rr (&l->a, OP0F (0xb7), false, RAX, RAX);
    asm_alu_ri (&l->a, ALU_OR, true, RAX, -65536);
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, d, 0, RAX);
  }
  dst_fp_done (l, op->dst, d, op->type == IR_F32);
  return true;
}

static bool
lower_fmov (Lower *l, const IrOp *op)
{
  Opnd x = opnd_fp (l, op->a);
  bool boxed = IR_IS_VAR (op->a) && bit_get (l->boxed, op->a);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  fp_to (l, d, x);
  dst_fp_done (l, op->dst, d, boxed);
  return true;
}

static void
bail_if_lazy (Lower *l)
{
  asm_rm_n (&l->a, OP0 (0x80), false, 7, STATE (fp_lazy), 1); /* cmp byte, imm8 */
  asm_u8 (&l->a, 0);
  bail_if (l, CC_NE);
}

static Mem
reversed_mem (int index)
{
  return (Mem){ .base = RBP, .index = index, .disp = STATE_OFF (flags_reversed) };
}

static void
lower_fpflags (Lower *l, const IrOp *op)
{
  bail_if_lazy (l);
  int d = dst_int (l, op->dst);
  asm_rm (&l->a, OP0F (0xb6), false, d, STATE (state.fp.flags));
  if (op->sub == IR_FPFLAGS_INVALID_HIGH)
    asm_rm (&l->a, OP0F (0xb6), false, d, reversed_mem (d));
  dst_int_done (l, op->dst, d);
}

/* Programs mostly put back what they have read; another value is the interpreter's case. */
static void
lower_setfpflags (Lower *l, const IrOp *op)
{
  bail_if_lazy (l);
  int_to (l, false, RAX, opnd_int (l, op->a));
  free_dying (l, op);
  asm_alu_ri (&l->a, ALU_AND, false, RAX, 31);
  if (op->sub == IR_FPFLAGS_INVALID_HIGH)
    asm_rm (&l->a, OP0F (0xb6), false, RAX, reversed_mem (RAX));
  asm_rm_n (&l->a, OP0 (0x3a), false, RAX, STATE (state.fp.flags), 1); /* cmp al, byte */
  bail_if (l, CC_NE);
}

bool
lower_fp_convert (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_FCVT: return ready (l, op) && lower_fcvt (l, op);
    case IR_FTOI: return ready (l, op) && lower_ftoi (l, op);
    case IR_ITOF: return ready (l, op) && lower_itof (l, op);
    case IR_FROUND: return ready (l, op) && lower_fround (l, op);
    case IR_FBITS: return lower_fbits (l, op);
    case IR_BITSF: return lower_bitsf (l, op);
    case IR_MOV: return lower_fmov (l, op);
    case IR_FPFLAGS: lower_fpflags (l, op); return true;
    case IR_SETFPFLAGS: lower_setfpflags (l, op); return true;
    default: return false;
  }
}
