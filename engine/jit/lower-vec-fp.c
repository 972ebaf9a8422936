/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Vectors of floating-point numbers.  As for scalars, a result that may not be the architecture's (a NaN, or
 * plus or minus the smallest normal number) sends the whole operation out of line. */

#define V66(x)    OP_66 (OP0F (x))
#define V66_38(x) OP_66 (OP0F38 (x))
#define V66_3A(x) OP_66 (OP0F3A (x))

static bool
is_f64 (const IrOp *op)
{
  return op->sub == IR_F64;
}

static bool
is_half (const IrOp *op)
{
  return op->flags & IR_F_HALF;
}

static bool
finds_tiny_before (const IrOp *op)
{
  return IR_FP_CLASS (op->imm & 0xffff) & IR_FPC_TINY_BEFORE;
}

static IrRound
rounding_of (const IrOp *op)
{
  return IR_FP_ROUND (op->imm);
}

/* ps or pd. */
static unsigned
packed (const IrOp *op, unsigned code)
{
  return is_f64 (op) ? OP_66 (OP0F (code)) : OP0F (code);
}

static void
emit (Lower *l, unsigned code, int d, int x, int y)
{
  asm_vex_rr (&l->a, code, false, d, x, y);
}

static void
literal_both (Lower *l, int x, uint64_t value)
{
  literal_load (l, x, value, value);
}

/* xmm1 = per lane of x all ones where it is a NaN or, with `tiny`, plus or minus the smallest normal number.
 */
static void
find_odd_results (Lower *l, bool f64, int x, bool tiny)
{
  if (!tiny) {
    emit (l, f64 ? V66 (0xc2) : OP0F (0xc2), 1, x, x);
    asm_u8 (&l->a, 3); /* unordered */
    return;
  }
  emit_with_constant (l, OP0F (0x54), 1, x, false, f64);
  emit_with_constant (l, f64 ? V66 (0xc2) : OP0F (0xc2), 1, 1, true, f64);
  asm_u8 (&l->a, 8); /* equal or unordered, quiet */
}

/* Jumps out of line where `mask` is not 0. */
static uint8_t *
jump_if_any (Lower *l, int mask)
{
  asm_vex_rr (&l->a, V_PTEST, false, mask, 0, mask);
  return asm_jcc (&l->a, CC_NE, NULL);
}

/* Out of line from `site` on; goes on here with the result in x. */
static void
redo_exactly (Lower *l, const IrOp *op, uint8_t *site, int x)
{
  const IrVal in[3] = { op->a, op->b, op->c };
  Cold *cold = cold_new (l, COLD_EVAL_WIDE, site);
  cold->type = IR_V128;
  cold->desc = op->desc.bits;
  cold->r[0] = x;
  cold->resume = l->a.p;
  for (unsigned i = 0; i < 3 && in[i] != IR_NONE; i++)
    cold->wide_in[cold->n_wide++] = opnd_vec (l, in[i]);
}

/* The same where xmm1 is not 0. */
static void
redo_if_odd (Lower *l, const IrOp *op, int x)
{
  uint8_t *site = jump_if_any (l, 1);
  redo_exactly (l, op, site, x);
}

/* From xmm0, in which all results are made so that the operands stay whole. */
static void
finish (Lower *l, const IrOp *op)
{
  free_dying (l, op);
  int d = dst_vec (l, op->dst);
  if (is_half (op))
    asm_vex_rr (&l->a, V_MOVQ, false, d, 0, 0);
  else if (d != 0)
    asm_fmov (&l->a, d, 0);
  dst_vec_done (l, op->dst, d, is_half (op));
}

/* The operand in a register. Of half a vector, what lies above must raise no flag: it is zero (or `fill`). */
static int
operand (Lower *l, const IrOp *op, IrVal v, int scratch, bool fill)
{
  Opnd o = opnd_vec (l, v);
  if (!is_half (op))
    return vec_reg (l, o, scratch);
  if (o.kind == OPND_MEM)
    asm_fload64 (&l->a, scratch, o.mem);
  else if (o.kind == OPND_WIDE)
    literal_load (l, scratch, (uint64_t)o.imm, 0);
  else if (IR_IS_VAR (v) && is_clean (l, v, IR_F64) && !fill)
    return o.reg;
  else
    asm_vex_rr (&l->a, V_MOVQ, false, scratch, 0, o.reg);
  if (fill) { /* ones: 0 / 1 is 0 */
    uint64_t one = is_f64 (op) ? UINT64_C (0x3ff0000000000000) : UINT64_C (0x3f8000003f800000);
    literal_load (l, XMM_SCRATCH, 0, one);
    emit (l, V66 (0xeb), scratch, scratch, XMM_SCRATCH);
  }
  return scratch;
}

static void
lower_arith (Lower *l, const IrOp *op, unsigned code, bool tiny)
{
  int x = operand (l, op, op->a, 0, false);
  int y = op->b == IR_NONE ? 0 : operand (l, op, op->b, 1, op->op == IR_VFDIV);
  if (op->b == IR_NONE)
    emit (l, packed (op, code), 0, 0, x);
  else
    emit (l, packed (op, code), 0, x, y);
  find_odd_results (l, is_f64 (op), 0, tiny && finds_tiny_before (op));
  redo_if_odd (l, op, 0);
  finish (l, op);
}

static void
lower_fma (Lower *l, const IrOp *op)
{
  static const uint8_t form[4] = { 0xb8, 0xbc, 0xba, 0xbe }; /* fmadd, fnmadd, fmsub, fnmsub */
  unsigned code = V66_38 (form[(op->flags & IR_F_NEGP ? 1 : 0) | (op->flags & IR_F_NEGC ? 2 : 0)]);
  int sum = operand (l, op, op->c, 0, false);
  int x = operand (l, op, op->a, 1, false), y = operand (l, op, op->b, XMM_SCRATCH, false);
  if (sum != 0)
    asm_fmov (&l->a, 0, sum);
  asm_vex_rr (&l->a, code, is_f64 (op), 0, x, y);
  find_odd_results (l, is_f64 (op), 0, finds_tiny_before (op));
  redo_if_odd (l, op, 0);
  finish (l, op);
}

/* The host's answer for zeros is its second operand: both ways round, or (min) and and (max) of the two
 * choose right. */
static void
lower_minmax (Lower *l, const IrOp *op)
{
  bool min = op->op == IR_VFMIN;
  unsigned code = packed (op, min ? 0x5d : 0x5f);
  int x = operand (l, op, op->a, 0, false), y = operand (l, op, op->b, 1, false);
  /* Unordered: the host's instruction would raise a flag for any NaN. */
  emit (l, packed (op, 0xc2), XMM_SCRATCH, x, y);
  asm_u8 (&l->a, 3);
  uint8_t *site = jump_if_any (l, XMM_SCRATCH);
  emit (l, code, XMM_SCRATCH, x, y);
  emit (l, code, 0, y, x);
  emit (l, min ? V66 (0xeb) : V66 (0xdb), 0, 0, XMM_SCRATCH);
  redo_exactly (l, op, site, 0);
  finish (l, op);
}

static void
lower_compare_lanes (Lower *l, const IrOp *op)
{
  bool signaling = op->flags & IR_F_SIGNALING;
  IrCond cond = op->imm >> IR_VF_COND & 15;
  unsigned predicate =
      cond == IR_EQ ? (signaling ? 0x10 : 0) : (cond == IR_LTS ? 1 : 2) | (signaling ? 0 : 0x10);
  int x = operand (l, op, op->a, 0, false), y = operand (l, op, op->b, 1, false);
  emit (l, packed (op, 0xc2), 0, x, y);
  asm_u8 (&l->a, (uint8_t)predicate);
  finish (l, op);
}

/* xmm0 = x rounded to nearest, ties away from zero, without raising inexact. What is cut off, doubled and cut
 * again, is the step to add; where nothing is (infinity would make a NaN) it is made so of zeros. The sign
 * remains. */
static void
round_away (Lower *l, const IrOp *op, int x)
{
  unsigned round = is_f64 (op) ? V66_3A (0x09) : V66_3A (0x08);
  emit (l, round, 1, 0, x);
  asm_u8 (&l->a, 11);
  emit (l, packed (op, 0xc2), XMM_SCRATCH, 1, x);
  asm_u8 (&l->a, 4); /* not equal, quiet */
  emit (l, packed (op, 0x54), 1, 1, XMM_SCRATCH);
  emit (l, packed (op, 0x54), XMM_SCRATCH, XMM_SCRATCH, x);
  emit (l, packed (op, 0x5c), XMM_SCRATCH, XMM_SCRATCH, 1);
  emit (l, packed (op, 0x58), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
  emit (l, round, XMM_SCRATCH, 0, XMM_SCRATCH);
  asm_u8 (&l->a, 11);
  emit (l, round, 1, 0, x);
  asm_u8 (&l->a, 11);
  emit (l, packed (op, 0x58), 1, 1, XMM_SCRATCH);
  literal_both (l, XMM_SCRATCH, is_f64 (op) ? UINT64_C (1) << 63 : UINT64_C (0x8000000080000000));
  emit (l, packed (op, 0x54), 0, x, XMM_SCRATCH);
  emit (l, packed (op, 0x55), 1, XMM_SCRATCH, 1);
  emit (l, packed (op, 0x56), 0, 0, 1);
}

static bool
lower_round_lanes (Lower *l, const IrOp *op)
{
  static const int8_t imm[8] = {
    [IR_RNE] = 0, [IR_RTZ] = 3, [IR_RDN] = 1, [IR_RUP] = 2, [IR_RMM] = -1, [IR_ROD] = -1, [IR_RDYN] = 4
  };
  bool away = rounding_of (op) == IR_RMM && !(op->flags & IR_F_EXACT);
  if (imm[rounding_of (op)] < 0 && !away)
    return false;
  int x = operand (l, op, op->a, 0, false);
  if (away) {
    round_away (l, op, x);
  } else {
    emit (l, is_f64 (op) ? V66_3A (0x09) : V66_3A (0x08), 0, 0, x);
    asm_u8 (&l->a, (uint8_t)imm[rounding_of (op)] | (op->flags & IR_F_EXACT ? 0 : 8));
  }
  find_odd_results (l, is_f64 (op), 0, false);
  redo_if_odd (l, op, 0);
  finish (l, op);
  return true;
}

/* The same number in all lanes, from its encodings as a float and as a double. */
static void
number_both (Lower *l, const IrOp *op, int x, uint32_t f32, uint64_t f64)
{
  literal_both (l, x, is_f64 (op) ? f64 : f32 * UINT64_C (0x100000001));
}

/* x times 2^n, n from -64 to 64. */
static void
scale (Lower *l, const IrOp *op, int d, int x, int n)
{
  number_both (l, op, XMM_SCRATCH, (uint32_t)(127 + n) << 23, (uint64_t)(1023 + n) << 52);
  emit (l, packed (op, 0x59), d, x, XMM_SCRATCH);
}

/* xmm0 = x times 2^n; of numbers too large for any integer not more than that remains, lest the product
 * overflow. */
static void
scale_up (Lower *l, const IrOp *op, int x, int n)
{
  number_both (l, op, XMM_SCRATCH, UINT32_C (190) << 23, UINT64_C (1088) << 52);
  emit (l, packed (op, 0x5d), 0, x, XMM_SCRATCH);
  number_both (l, op, XMM_SCRATCH, UINT32_C (446) << 23, UINT64_C (3136) << 52);
  emit (l, packed (op, 0x5f), 0, 0, XMM_SCRATCH);
  scale (l, op, 0, 0, n);
}

/* xmm0 = the lanes of `from` cut to signed integers. */
static void
cut_to_int (Lower *l, const IrOp *op, int from)
{
  if (!is_f64 (op)) {
    emit (l, OP_F3 (OP0F (0x5b)), 0, 0, from);
    return;
  }
  asm_vex_rr (&l->a, OP_F2 (OP0F (0x2c)), true, RAX, 0, from);
  if (!is_half (op)) {
    emit (l, OP0F (0x12), XMM_SCRATCH, from, from); /* vmovhlps */
    asm_vex_rr (&l->a, OP_F2 (OP0F (0x2c)), true, RCX, 0, XMM_SCRATCH);
  }
  asm_vex_rr (&l->a, V_MOVD_TO_X, true, 0, 0, RAX);
  if (!is_half (op)) {
    asm_vex_rr (&l->a, V66_3A (0x22), true, 0, 0, RCX); /* vpinsrq */
    asm_u8 (&l->a, 1);
  }
}

/* Unsigned lanes: what is not between -1 and 2^w goes out of line; the upper half of the range is moved down
 * and back. */
static void
cut_to_unsigned (Lower *l, const IrOp *op, int x)
{
  bool f64 = is_f64 (op);
  number_both (l, op, XMM_SCRATCH, 0xbf800000, UINT64_C (0xbff0000000000000));
  emit (l, packed (op, 0xc2), 1, XMM_SCRATCH, x);
  asm_u8 (&l->a, 0x11); /* less, quiet */
  number_both (l, op, XMM_SCRATCH, 0x4f800000, UINT64_C (0x43f0000000000000));
  emit (l, packed (op, 0xc2), XMM_SCRATCH, x, XMM_SCRATCH);
  asm_u8 (&l->a, 0x11);
  emit (l, V66 (0xdb), 1, 1, XMM_SCRATCH);
  asm_vex_rr (&l->a, V_PTEST, false, 1, 0, XMM_ONES);
  uint8_t *site = asm_jcc (&l->a, CC_AE, NULL);
  number_both (l, op, XMM_SCRATCH, 0x4f000000, UINT64_C (0x43e0000000000000));
  emit (l, packed (op, 0xc2), 1, XMM_SCRATCH, x);
  asm_u8 (&l->a, 0x12); /* not greater, quiet */
  emit (l, V66 (0xdb), XMM_SCRATCH, XMM_SCRATCH, 1);
  emit (l, packed (op, 0x5c), 0, x, XMM_SCRATCH);
  cut_to_int (l, op, 0);
  asm_vex_rr (&l->a, f64 ? V66 (0x73) : V66 (0x72), false, 6, 1, 1); /* psllq, pslld: the sign alone */
  asm_u8 (&l->a, f64 ? 63 : 31);
  emit (l, V66 (0xef), 0, 0, 1);
  redo_exactly (l, op, site, 0);
  finish (l, op);
}

/* To lanes of integers; the host's "indefinite" stands for NaN, out of range, and a true minimum. What is out
 * of range is integral, so that rounding it first raises no inexact. */
static bool
lower_to_int (Lower *l, const IrOp *op)
{
  static const int8_t imm[8] = {
    [IR_RNE] = 0, [IR_RTZ] = 3, [IR_RDN] = 1, [IR_RUP] = 2, [IR_RMM] = -1, [IR_ROD] = -1, [IR_RDYN] = 4
  };
  IrRound round = rounding_of (op);
  unsigned fraction = IR_FP_FRACTION (op->imm);
  if (imm[round] < 0 || (op->imm & IR_VF_UNSIGNED && (round != IR_RTZ || fraction != 0)))
    return false;
  int x = operand (l, op, op->a, 0, false);
  if (op->imm & IR_VF_UNSIGNED) {
    cut_to_unsigned (l, op, x);
    return true;
  }
  if (fraction != 0) {
    scale_up (l, op, x, (int)fraction);
    x = 0;
  }
  if (round != IR_RTZ) {
    emit (l, is_f64 (op) ? V66_3A (0x09) : V66_3A (0x08), 0, 0, x);
    asm_u8 (&l->a, (uint8_t)imm[round]);
    x = 0;
  }
  cut_to_int (l, op, x);
  literal_both (l, 1, is_f64 (op) ? UINT64_C (1) << 63 : UINT64_C (0x8000000080000000));
  emit (l, is_f64 (op) ? V66_38 (0x29) : V66 (0x76), 1, 1, 0);
  redo_if_odd (l, op, 0);
  finish (l, op);
  return true;
}

/* xmm0 = the 32-bit lanes of x. Unsigned lanes as their upper and lower 16 bits, which are exact: the sum
 * alone is rounded. */
static void
from_int32 (Lower *l, const IrOp *op, int x)
{
  if (!(op->imm & IR_VF_UNSIGNED)) {
    emit (l, OP0F (0x5b), 0, 0, x);
    return;
  }
  asm_vex_rr (&l->a, V66 (0x72), false, 2, 1, x); /* vpsrld */
  asm_u8 (&l->a, 16);
  emit (l, V66 (0xef), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
  emit (l, V66_3A (0x0e), 0, x, XMM_SCRATCH); /* vpblendw: the odd lanes are zero */
  asm_u8 (&l->a, 0xaa);
  emit (l, OP0F (0x5b), 0, 0, 0);
  emit (l, OP0F (0x5b), 1, 0, 1);
  literal_both (l, XMM_SCRATCH, UINT64_C (0x4780000047800000)); /* 65536 */
  emit (l, OP0F (0x59), 1, 1, XMM_SCRATCH);
  emit (l, OP0F (0x58), 0, 1, 0);
  /* Both parts zero, rounding down: the sum of zeros of like sign stays +0. */
}

static void
from_int64 (Lower *l, const IrOp *op, int x)
{
  IrOp lane = { .op = IR_ITOF, .type = IR_F64, .sub = IR_I64 | (op->imm & IR_VF_UNSIGNED ? IR_UNSIGNED : 0) };
  if (!is_half (op)) {
    asm_vex_rr (&l->a, V66_3A (0x16), true, x, 0, RAX); /* vpextrq */
    asm_u8 (&l->a, 1);
    fp_from_integer (l, &lane, 1, XMM_ONES, RAX);
  }
  asm_vex_rr (&l->a, V_MOVD_FROM_X, true, x, 0, RAX);
  fp_from_integer (l, &lane, 0, XMM_ONES, RAX);
  if (!is_half (op))
    emit (l, V66 (0x14), 0, 0, 1); /* vunpcklpd */
}

static bool
lower_from_int (Lower *l, const IrOp *op)
{
  if (rounding_of (op) != IR_RDYN)
    return false;
  int x = operand (l, op, op->a, 0, false), fraction = (int)IR_FP_FRACTION (op->imm);
  if (is_f64 (op))
    from_int64 (l, op, x);
  else
    from_int32 (l, op, x);
  if (fraction != 0)
    scale (l, op, 0, 0, -fraction); /* exactly */
  finish (l, op);
  return true;
}

static bool
lower_resize (Lower *l, const IrOp *op)
{
  bool widen = op->op == IR_VFWIDEN;
  if (op->sub != (widen ? IR_F32 : IR_F64) || (!widen && rounding_of (op) != IR_RDYN))
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (widen) {
    if (op->imm & IR_VF_HIGH) {
      asm_vex_rr (&l->a, V66 (0x73), false, 3, 0, x); /* vpsrldq */
      asm_u8 (&l->a, 8);
      x = 0;
    }
    emit (l, OP0F (0x5a), 0, 0, x);
    find_odd_results (l, true, 0, false);
  } else {
    emit (l, V66 (0x5a), 0, 0, x);
    find_odd_results (l, false, 0, finds_tiny_before (op));
  }
  redo_if_odd (l, op, 0);
  finish (l, op);
  return true;
}

bool
lower_vector_fp (Lower *l, const IrOp *op)
{
  bool dynamic = rounding_of (op) == IR_RDYN;
  if (op->op < IR_VFADD || op->op > IR_VFNARROW || !l->fp_inline || op->sub == IR_F16)
    return false;
  switch (op->op) {
    case IR_VFADD:
    case IR_VFSUB:
    case IR_VFMUL:
    case IR_VFDIV: {
      static const uint8_t code[] = { 0x58, 0x5c, 0x59, 0x5e };
      if (!dynamic)
        return false;
      lower_arith (l, op, code[op->op - IR_VFADD], op->op == IR_VFMUL || op->op == IR_VFDIV);
      return true;
    }
    case IR_VFSQRT:
      if (!dynamic)
        return false;
      lower_arith (l, op, 0x51, false);
      return true;
    case IR_VFMA:
      if (!dynamic)
        return false;
      lower_fma (l, op);
      return true;
    case IR_VFMIN:
    case IR_VFMAX: lower_minmax (l, op); return true;
    case IR_VFCMP: lower_compare_lanes (l, op); return true;
    case IR_VFROUND: return lower_round_lanes (l, op);
    case IR_VFTOI: return lower_to_int (l, op);
    case IR_VITOF: return lower_from_int (l, op);
    default: return lower_resize (l, op);
  }
}
