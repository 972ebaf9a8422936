/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Scalar floating point on the host's SSE/AVX unit.  An F32 in a register always has its container's upper
 * half all ones (the class is boxed), which costs nothing: scalar AVX operations copy the upper part of their
 * first source. A NaN result must become the canonical one: a compare with itself and a jump to a cold path
 * see to it. */

static bool
is_f32 (const IrOp *op)
{
  return op->type == IR_F32;
}

bool
fp_inline_class (const IrOp *op)
{
  const int wanted = IR_FPC_NAN_CANONICAL | IR_FPC_BOXED;
  return op->type != IR_F16 && (IR_FP_CLASS (op->imm) & (wanted | IR_FPC_TINY_BEFORE)) == wanted;
}

/* Rounding: only MXCSR's own, which is the dynamic one. */
static bool
inline_rounding (const Lower *l, const IrOp *op)
{
  return l->fp_inline && fp_inline_class (op) && IR_FP_ROUND (op->imm) == IR_RDYN;
}

static unsigned
scalar (const IrOp *op, unsigned code)
{
  return is_f32 (op) ? OP_F3 (code) : OP_F2 (code);
}

Cold *
fp_check_nan (Lower *l, const IrOp *op, int x)
{
  asm_vex_rr (&l->a, is_f32 (op) ? V_UCOMISS : V_UCOMISD, false, x, 0, x);
  Cold *cold = cold_new (l, COLD_NAN, asm_jcc (&l->a, CC_P, NULL));
  cold->type = op->type;
  cold->r[0] = x;
  cold->resume = l->a.p;
  return cold;
}

static void
lower_arith (Lower *l, const IrOp *op, unsigned code)
{
  Opnd x = opnd_fp (l, op->a), y = opnd_fp (l, op->b);
  int first = fp_reg (l, x, 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  if (y.kind == OPND_MEM)
    asm_vex_rm (&l->a, scalar (op, OP0F (code)), false, d, first, y.mem);
  else
    asm_vex_rr (&l->a, scalar (op, OP0F (code)), false, d, first, y.reg);
  fp_check_nan (l, op, d);
  dst_fp_done (l, op->dst, d, is_f32 (op));
}

static void
lower_sqrt (Lower *l, const IrOp *op)
{
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, scalar (op, OP0F (0x51)), false, d, x, x);
  fp_check_nan (l, op, d);
  dst_fp_done (l, op->dst, d, is_f32 (op));
}

/* d = +-(a * b) +- c with the 231 forms, which add to their destination. */
static void
lower_fma (Lower *l, const IrOp *op)
{
  static const uint8_t form[4] = { 0xb9, 0xbd, 0xbb, 0xbf }; /* fmadd, fnmadd, fmsub, fnmsub */
  unsigned code = form[(op->flags & IR_F_NEGP ? 1 : 0) | (op->flags & IR_F_NEGC ? 2 : 0)];
  Opnd c = opnd_fp (l, op->c);
  int x = fp_reg (l, opnd_fp (l, op->a), 0);
  int y = fp_reg (l, opnd_fp (l, op->b), 1);
  /* The cold path needs a and b, and the accumulator must be c's copy: work in a register that is neither. */
  int sum = IR_IS_VAR (op->dst) && l->map->xmm[op->dst] >= 0 ? l->map->xmm[op->dst] : -1;
  bool direct = sum >= 0 && sum != x && sum != y;
  if (!direct) {
    if (x == 0 || y == 1) { /* both scratch registers may be taken: use a spilled copy */
      sum = x != 0 ? 0 : y != 1 ? 1 : -1;
    } else {
      sum = 0;
    }
  }
  if (sum < 0) {
    lower_eval (l, op);
    return;
  }
  fp_to (l, sum, c);
  asm_vex_rr (&l->a, OP_66 (OP0F38 (code)), !is_f32 (op), sum, x, y);
  Cold *cold = fp_check_nan (l, op, sum);
  cold->kind = COLD_NAN_FMA;
  cold->r[1] = x;
  cold->r[2] = y;
  free_dying (l, op);
  if (!direct) {
    int d = dst_fp (l, op->dst);
    if (d != sum)
      asm_fmov (&l->a, d, sum);
    dst_fp_done (l, op->dst, d, is_f32 (op));
  } else {
    dst_fp_done (l, op->dst, sum, is_f32 (op));
  }
}

/* Unordered operands go out of line; equal ones may be zeros of different sign: or (min) and and (max)
 * choose. */
static bool
lower_minmax (Lower *l, const IrOp *op)
{
  bool min = op->op == IR_FMIN;
  int x = fp_reg (l, opnd_fp (l, op->a), 0), y = fp_reg (l, opnd_fp (l, op->b), 1);
  Cold *cold;
  asm_vex_rr (&l->a, is_f32 (op) ? V_UCOMISS : V_UCOMISD, false, x, 0, y);
  cold = cold_new (l, COLD_EVAL, asm_jcc (&l->a, CC_P, NULL));
  cold->desc = op->desc.bits;
  cold->in[0] = x;
  cold->in[1] = y;
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  cold->r[0] = d;
  uint8_t *differ = asm_short_jcc (&l->a, CC_NE);
  asm_vex_rr (&l->a, min ? V_ORPD : V_ANDPD, false, d, x, y);
  uint8_t *done = asm_short_jmp (&l->a);
  asm_short_end (&l->a, differ);
  asm_vex_rr (&l->a, scalar (op, OP0F (min ? 0x5d : 0x5f)), false, d, x, y);
  asm_short_end (&l->a, done);
  cold->resume = l->a.p;
  dst_fp_done (l, op->dst, d, is_f32 (op));
  return true;
}

bool
lower_fsetcc (Lower *l, const IrOp *op)
{
  int x = fp_reg (l, opnd_fp (l, op->a), 0), y = fp_reg (l, opnd_fp (l, op->b), 1);
  bool signaling = op->flags & IR_F_SIGNALING;
  unsigned code = is_f32 (op) ? (signaling ? V_COMISS : V_UCOMISS) : (signaling ? V_COMISD : V_UCOMISD);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (op->sub == IR_EQ) {
    asm_vex_rr (&l->a, code, false, x, 0, y);
    asm_setcc (&l->a, CC_NP, RAX);
    asm_setcc (&l->a, CC_E, RCX);
    asm_alu_rr (&l->a, ALU_AND, false, RAX, RCX);
  } else { /* a < b is b above a: false when unordered */
    asm_vex_rr (&l->a, code, false, y, 0, x);
    asm_setcc (&l->a, op->sub == IR_LTS ? CC_A : CC_AE, RAX);
  }
  asm_rr_n (&l->a, OP0F (0xb6), false, d, RAX, 1);
  dst_int_done (l, op->dst, d);
  return true;
}

/* Sign injection is bit work: (a & ~sign) | (b's sign). */
bool
lower_sgnj (Lower *l, const IrOp *op)
{
  bool f32 = is_f32 (op);
  Mem sign = const_mem (f32 ? JIT_C_SIGN32 : JIT_C_SIGN64),
      rest = const_mem (f32 ? JIT_C_ABS32 : JIT_C_ABS64);
  int x = fp_first (l, op->a, op->type, 0);
  bool same = op->a == op->b || (opnd_fp (l, op->b).kind == OPND_REG && opnd_fp (l, op->b).reg == x);
  int y = same ? x : fp_reg (l, opnd_fp (l, op->b), 1);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  if (same && op->op == IR_FSGNJ) {
    if (d != x)
      asm_fmov (&l->a, d, x);
  } else if (same && op->op == IR_FSGNJN) {
    asm_vex_rm (&l->a, V_XORPD, false, d, x, sign);
  } else if (same) {
    asm_vex_rm (&l->a, V_ANDPD, false, d, x, rest);
  } else {
    asm_vex_rm (&l->a, V_ANDPD, false, 1, y, sign);
    if (op->op == IR_FSGNJN)
      asm_vex_rm (&l->a, V_XORPD, false, 1, 1, sign);
    if (op->op == IR_FSGNJX) {
      asm_vex_rr (&l->a, V_XORPD, false, d, x, 1);
    } else {
      asm_vex_rm (&l->a, V_ANDPD, false, 0, x, rest);
      asm_vex_rr (&l->a, V_ORPD, false, d, 0, 1);
    }
  }
  dst_fp_done (l, op->dst, d, f32);
  return true;
}

/* The container must be boxed: where that is not known, test it; a bad one is the interpreter's case. */
static bool
lower_unbox (Lower *l, const IrOp *op)
{
  if (op->type != IR_F32 || !IR_IS_VAR (op->a))
    return false;
  if (!bit_get (l->boxed, op->a)) {
    int x = fp_reg (l, opnd_fp (l, op->a), 0);
    asm_vex_rm (&l->a, V_PTEST, false, x, 0, const_mem (JIT_C_BOX32));
    bail_if (l, CC_AE);
    bit_set (l->boxed, op->a);
  }
  if (IR_IS_TEMP (op->dst)) {
    temp_alias (l, op->dst, op->a);
  } else {
    int d = dst_fp (l, op->dst);
    fp_to (l, d, opnd_fp (l, op->a));
    dst_fp_done (l, op->dst, d, true);
  }
  return true;
}

bool
lower_fp (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FDIV: {
      static const uint8_t code[] = { 0x58, 0x5c, 0x59, 0x5e };
      if (!inline_rounding (l, op))
        return false;
      lower_arith (l, op, code[op->op - IR_FADD]);
      return true;
    }
    case IR_FSQRT:
      if (!inline_rounding (l, op))
        return false;
      lower_sqrt (l, op);
      return true;
    case IR_FMA:
      if (!inline_rounding (l, op))
        return false;
      lower_fma (l, op);
      return true;
    case IR_FMIN:
    case IR_FMAX: return fp_inline_class (op) && op->sub == IR_MINMAX_NUMBER && lower_minmax (l, op);
    case IR_FSETCC:
      if (op->type == IR_F16)
        return false;
      return lower_fsetcc (l, op);
    case IR_FCC: return op->type != IR_F16 && lower_fcc (l, op);
    case IR_FSGNJ:
    case IR_FSGNJN:
    case IR_FSGNJX: return fp_inline_class (op) && lower_sgnj (l, op);
    case IR_UNBOX: return lower_unbox (l, op);
    default: return false;
  }
}
