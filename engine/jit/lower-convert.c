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

/* r = x rounded to nearest, ties away from zero, without raising inexact.  r is none of x and `scratch`. What
 * is cut off, doubled and cut again, is the step to add; numbers that are integral, infinite or NaN need
 * none. */
void
fp_round_away (Lower *l, bool f32, int r, int x, int scratch)
{
  unsigned rounding = f32 ? V_ROUNDSS : V_ROUNDSD;
  unsigned add = f32 ? OP_F3 (OP0F (0x58)) : OP_F2 (OP0F (0x58)),
           sub = f32 ? OP_F3 (OP0F (0x5c)) : OP_F2 (OP0F (0x5c));
  asm_vex_rr (&l->a, rounding, false, r, x, x);
  asm_u8 (&l->a, 11);
  asm_vex_rr (&l->a, f32 ? V_UCOMISS : V_UCOMISD, false, r, 0, x);
  uint8_t *done = asm_short_jcc (&l->a, CC_E);
  asm_vex_rr (&l->a, sub, false, scratch, x, r);
  asm_vex_rr (&l->a, add, false, scratch, scratch, scratch);
  asm_vex_rr (&l->a, rounding, false, scratch, scratch, scratch);
  asm_u8 (&l->a, 11);
  asm_vex_rr (&l->a, add, false, r, r, scratch);
  asm_short_end (&l->a, done);
}

static void
to_integer (Lower *l, const IrOp *op, IrRound round, bool wide, int from)
{
  unsigned code = OP0F (round == IR_RDYN ? 0x2d : 0x2c);
  asm_vex_rr (&l->a, op->type == IR_F32 ? OP_F3 (code) : OP_F2 (code), wide, RAX, 0, from);
}

/* rax = the integral number in xmm1, unsigned.  From 2^63 on the significand is shifted into place. */
static void
to_unsigned (Lower *l, const IrOp *op, bool wide)
{
  bool f32 = op->type == IR_F32;
  if (!wide) { /* it must be its own low half */
    to_integer (l, op, IR_RTZ, true, 1);
    asm_mov_rr (&l->a, false, RCX, RAX);
    asm_alu_rr (&l->a, ALU_CMP, true, RCX, RAX);
    bail_if (l, CC_NE);
    return;
  }
  unsigned frac_bits = f32 ? 23 : 52, exp = f32 ? 127 + 63 : 1023 + 63;
  asm_vex_rr (&l->a, V_MOVD_FROM_X, !f32, 1, 0, RAX);
  asm_mov_ri (&l->a, RCX, (int64_t)exp << frac_bits);
  asm_alu_rr (&l->a, ALU_CMP, !f32, RAX, RCX);
  uint8_t *small = asm_short_jcc (&l->a, CC_L);
  asm_mov_rr (&l->a, true, RCX, RAX);
  asm_shift_ri (&l->a, 5, true, RCX, frac_bits);
  asm_alu_ri (&l->a, ALU_CMP, false, RCX, (int32_t)exp);
  bail_if (l, CC_NE);
  asm_shift_ri (&l->a, 4, true, RAX, 63 - frac_bits);
  asm_rr (&l->a, OP0F (0xba), true, 5, RAX); /* bts rax, 63 */
  asm_u8 (&l->a, 63);
  uint8_t *done = asm_short_jmp (&l->a);
  asm_short_end (&l->a, small);
  to_integer (l, op, IR_RTZ, true, 1);
  asm_test_rr (&l->a, true, RAX, RAX);
  bail_if (l, CC_S);
  asm_short_end (&l->a, done);
}

/* xmm14 = x times 2^fraction. What is 2^63 or more before would be out of range of any integer: it goes out
 * of line before the product can overflow. */
static int
scale_up (Lower *l, const IrOp *op, int x, unsigned fraction)
{
  bool f32 = op->type == IR_F32;
  asm_vex_rr (&l->a, V_MOVD_FROM_X, !f32, x, 0, RAX);
  if (!f32)
    asm_shift_ri (&l->a, 5, true, RAX, 32);
  asm_alu_rr (&l->a, ALU_ADD, false, RAX, RAX);
  asm_alu_ri (&l->a, ALU_CMP, false, RAX, f32 ? (int32_t)(190u << 24) : (int32_t)(1086u << 21));
  bail_if (l, CC_AE);
  literal_load (l, XMM_SCRATCH, f32 ? (uint64_t)(127 + fraction) << 23 : (uint64_t)(1023 + fraction) << 52,
                0);
  asm_vex_rr (&l->a, f32 ? OP_F3 (OP0F (0x59)) : OP_F2 (OP0F (0x59)), false, XMM_SCRATCH, XMM_SCRATCH, x);
  return XMM_SCRATCH;
}

/* Float to integer. The host's "indefinite" result stands for NaN, out of range, and once for a true minimum:
 * all three are left to the interpreter.  Where the host rounds in another way than by its conversion, or has
 * no such conversion, the number is rounded first: quietly, as what turns out not to fit is invalid, but not
 * inexact. */
bool
lower_ftoi (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, is_unsigned = op->sub & IR_UNSIGNED, wide = (op->sub & 0x7f) == IR_I64;
  IrRound round = IR_FP_ROUND (op->imm);
  unsigned fraction = IR_FP_FRACTION (op->imm);
  if (round_imm (round) < 0 && !(round == IR_RMM && jit_has_wide && fraction == 0))
    return false;
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  if (fraction != 0)
    x = scale_up (l, op, x, fraction);
  bool direct = !is_unsigned && (round == IR_RTZ || round == IR_RDYN);
  unsigned rounding = f32 ? V_ROUNDSS : V_ROUNDSD;
  if (round == IR_RMM) {
    fp_round_away (l, f32, 1, x, XMM_SCRATCH);
  } else if (!direct) {
    asm_vex_rr (&l->a, rounding, false, 1, x, x);
    asm_u8 (&l->a, round_imm (round) | 8);
  }
  if (is_unsigned) {
    to_unsigned (l, op, wide);
  } else {
    to_integer (l, op, round, wide, direct ? x : 1);
    asm_alu_ri (&l->a, ALU_CMP, wide, RAX, 1); /* is it MIN? x - 1 overflows only then */
    bail_if (l, CC_O);
  }
  if (!direct) { /* inexact, if it was */
    asm_vex_rr (&l->a, rounding, false, 1, x, x);
    asm_u8 (&l->a, round == IR_RMM ? 3 : round_imm (round));
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

/* d = the integer in r.  An unsigned one of 64 bits that is negative as a signed one is halved first, its
 * lowest bit kept sticky, and the number doubled. */
void
fp_from_integer (Lower *l, const IrOp *op, int d, int upper, int r)
{
  bool f32 = op->type == IR_F32, is_unsigned = op->sub & IR_UNSIGNED, wide = (op->sub & 0x7f) == IR_I64;
  unsigned convert = f32 ? OP_F3 (OP0F (0x2a)) : OP_F2 (OP0F (0x2a));
  if (!is_unsigned || !wide) {
    if (is_unsigned) {
      asm_mov_rr (&l->a, false, RAX, r);
      r = RAX;
    }
    asm_vex_rr (&l->a, convert, wide || is_unsigned, d, upper, r);
    return;
  }
  asm_test_rr (&l->a, true, r, r);
  uint8_t *large = asm_short_jcc (&l->a, CC_S);
  asm_vex_rr (&l->a, convert, true, d, upper, r);
  uint8_t *done = asm_short_jmp (&l->a);
  asm_short_end (&l->a, large);
  asm_mov_rr (&l->a, true, RCX, r);
  if (r != RAX)
    asm_mov_rr (&l->a, true, RAX, r);
  asm_alu_ri (&l->a, ALU_AND, false, RCX, 1);
  asm_shift_ri (&l->a, 5, true, RAX, 1);
  asm_alu_rr (&l->a, ALU_OR, true, RAX, RCX);
  asm_vex_rr (&l->a, convert, true, d, upper, RAX);
  asm_vex_rr (&l->a, f32 ? OP_F3 (OP0F (0x58)) : OP_F2 (OP0F (0x58)), false, d, d, d);
  asm_short_end (&l->a, done);
}

static bool
lower_itof (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, wide = (op->sub & 0x7f) == IR_I64;
  bool exact = !wide && !f32;
  if (!exact && IR_FP_ROUND (op->imm) != IR_RDYN)
    return false;
  int r = int_reg (l, wide, opnd_int (l, op->a), RAX);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  fp_from_integer (l, op, d, XMM_ONES, r);
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
