/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Scalar floating point for guests whose numbers live in vector registers.
 *
 * A result zeroes the rest of its register.  The host's scalar operations copy that part from their first
 * source instead, so it costs nothing where that source is known to be zero there: is_clean().  What IEEE 754
 * leaves open (which NaN, whether tininess is found before rounding) is the host's own choice in all but rare
 * cases; those are recognised by their result, a NaN or the smallest normal number, and evaluated out of
 * line. */

static bool
is_f32 (const IrOp *op)
{
  return op->type == IR_F32;
}

bool
fp_is_wide_class (const IrOp *op)
{
  return jit_has_wide && op->op != IR_LOAD && op->op != IR_STORE && (op_dst_is_fp (op) || op_src_is_fp (op));
}

static bool
is_inline (const Lower *l, const IrOp *op)
{
  return l->fp_inline && op->type != IR_F16 && !(IR_FP_CLASS (op->imm) & IR_FPC_BOXED);
}

static bool
rounds_inline (const Lower *l, const IrOp *op)
{
  return is_inline (l, op) && IR_FP_ROUND (op->imm) == IR_RDYN;
}

static unsigned
scalar (const IrOp *op, unsigned code)
{
  return is_f32 (op) ? OP_F3 (code) : OP_F2 (code);
}

/* Jumps to a cold path if the number in x is a NaN: above infinity when the sign is shifted out.  Uses rax. A
 * comparison of x with itself would be shorter, but takes the place of the sums that others wait for. */
static uint8_t *
check_nan (Lower *l, bool f32, int x)
{
  asm_vex_rr (&l->a, V_MOVD_FROM_X, !f32, x, 0, RAX);
  asm_alu_rr (&l->a, ALU_ADD, !f32, RAX, RAX);
  if (f32)
    asm_alu_ri (&l->a, ALU_CMP, false, RAX, (int32_t)0xff000000);
  else
    asm_alu_rm (&l->a, ALU_CMP, true, RAX, const_mem (JIT_C_INF64X2));
  return asm_jcc (&l->a, CC_A, NULL);
}

/* The same for plus or minus the smallest normal number too, with `tiny`: the comparison's "equal" includes
 * "unordered". Uses xmm1 then. */
static uint8_t *
check_result (Lower *l, const IrOp *op, int x, bool tiny)
{
  bool f32 = is_f32 (op);
  if (!tiny)
    return check_nan (l, f32, x);
  emit_with_constant (l, OP0F (0x54), 1, x, false, !f32);
  emit_with_constant (l, f32 ? V_UCOMISS : V_UCOMISD, 1, 0, true, !f32);
  return asm_jcc (&l->a, CC_E, NULL);
}

/* Out of line from `site` on; goes on here, with the result in x. */
static Cold *
redo_exactly (Lower *l, const IrOp *op, uint8_t *site, int x)
{
  const IrVal in[3] = { op->a, op->b, op->c };
  Cold *cold = cold_new (l, COLD_EVAL_WIDE, site);
  cold->type = op->type;
  cold->desc = op->desc.bits;
  cold->r[0] = x;
  cold->resume = l->a.p;
  for (unsigned i = 0; i < 3 && in[i] != IR_NONE; i++)
    cold->wide_in[cold->n_wide++] = opnd_fp (l, in[i]);
  return cold;
}

static bool
is_in (Lower *l, IrVal v, int x)
{
  if (IR_IS_CONST (v))
    return false;
  Opnd o = opnd_fp (l, v);
  return o.kind == OPND_REG && o.reg == x;
}

static bool
is_operand (Lower *l, const IrOp *op, int x)
{
  const IrVal in[3] = { op->a, op->b, op->c };
  for (unsigned i = 0; i < 3 && in[i] != IR_NONE; i++)
    if (is_in (l, in[i], x))
      return true;
  return false;
}

/* The register to compute in, so that the operands are still there for the cold path; *ret_dst is the
 * destination's. */
static int
work_register (Lower *l, const IrOp *op, int *ret_dst)
{
  *ret_dst = dst_fp (l, op->dst);
  return is_operand (l, op, *ret_dst) ? 0 : *ret_dst;
}

static void
finish (Lower *l, const IrOp *op, int work, int d)
{
  free_dying (l, op);
  if (work != d)
    asm_fmov (&l->a, d, work);
  dst_fp_done (l, op->dst, d, is_f32 (op));
}

static bool
finds_tiny_before (const IrOp *op)
{
  return IR_FP_CLASS (op->imm) & IR_FPC_TINY_BEFORE;
}

/* `tiny`: the operation may round a smaller number to the smallest normal one. */
static void
lower_arith (Lower *l, const IrOp *op, unsigned code, bool tiny)
{
  int d, work = work_register (l, op, &d);
  int first = fp_first (l, op->a, op->type, 0);
  Opnd y = opnd_fp (l, op->b == IR_NONE ? op->a : op->b);
  if (y.kind == OPND_MEM)
    asm_vex_rm (&l->a, scalar (op, OP0F (code)), false, work, first, y.mem);
  else
    asm_vex_rr (&l->a, scalar (op, OP0F (code)), false, work, first, y.reg);
  redo_exactly (l, op, check_result (l, op, work, tiny && finds_tiny_before (op)), work);
  finish (l, op, work, d);
}

/* x + x is never invalid, and of its one NaN there is no choice. */
static bool
is_doubling (const IrOp *op)
{
  return op->op == IR_FADD && op->a == op->b && !(IR_FP_CLASS (op->imm) & IR_FPC_NAN_CANONICAL);
}

static void
lower_doubling (Lower *l, const IrOp *op)
{
  int x = fp_first (l, op->a, op->type, 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, scalar (op, OP0F (0x58)), false, d, x, x);
  dst_fp_done (l, op->dst, d, is_f32 (op));
}

static void
emit_fma (Lower *l, const IrOp *op, unsigned code, int d, IrVal x, IrVal y)
{
  int first = fp_reg (l, opnd_fp (l, x), 1);
  Opnd second = opnd_fp (l, y);
  if (second.kind == OPND_MEM)
    asm_vex_rm (&l->a, OP_66 (OP0F38 (code)), !is_f32 (op), d, first, second.mem);
  else
    asm_vex_rr (&l->a, OP_66 (OP0F38 (code)), !is_f32 (op), d, first, second.reg);
}

/* Where the destination d is an operand as well: the host's instruction overwrites that one, and the cold
 * path gets a copy.  The 213 forms multiply their destination, the 231 forms add to it. */
static void
lower_fma_in_place (Lower *l, const IrOp *op, unsigned code231, int d)
{
  bool adds = is_in (l, op->c, d);
  IrVal factor = is_in (l, op->a, d) ? op->b : op->a;
  asm_fmov (&l->a, 0, d);
  if (adds)
    emit_fma (l, op, code231, d, op->a, op->b);
  else
    emit_fma (l, op, code231 - 0x10, d, factor, op->c);
  Cold *cold = redo_exactly (l, op, check_result (l, op, d, finds_tiny_before (op)), d);
  for (unsigned i = 0; i < cold->n_wide; i++)
    if (cold->wide_in[i].kind == OPND_REG && cold->wide_in[i].reg == d)
      cold->wide_in[i].reg = 0;
  finish (l, op, d, d);
}

/* d = +-(a * b) +- c. */
static void
lower_fma (Lower *l, const IrOp *op)
{
  static const uint8_t form231[4] = { 0xb9, 0xbd, 0xbb, 0xbf }; /* fmadd, fnmadd, fmsub, fnmsub */
  unsigned code = form231[(op->flags & IR_F_NEGP ? 1 : 0) | (op->flags & IR_F_NEGC ? 2 : 0)];
  int d, work = work_register (l, op, &d);
  bool factor = is_in (l, op->a, d) || is_in (l, op->b, d);
  if (work != d && is_clean (l, op->dst, op->type) && !(factor && is_in (l, op->c, d))) {
    lower_fma_in_place (l, op, code, d);
    return;
  }
  int sum = fp_first (l, op->c, op->type, work);
  if (sum != work)
    asm_fmov (&l->a, work, sum);
  emit_fma (l, op, code, work, op->a, op->b);
  redo_exactly (l, op, check_result (l, op, work, finds_tiny_before (op)), work);
  finish (l, op, work, d);
}

/* Unordered operands go out of line; equal ones may be zeros of different sign: or (min) and and (max)
 * choose. */
static void
lower_minmax (Lower *l, const IrOp *op)
{
  bool min = op->op == IR_FMIN;
  int x = fp_first (l, op->a, op->type, 0), y = fp_first (l, op->b, op->type, 1);
  int d = dst_fp (l, op->dst);
  asm_vex_rr (&l->a, is_f32 (op) ? V_UCOMISS : V_UCOMISD, false, x, 0, y);
  uint8_t *unordered = asm_jcc (&l->a, CC_P, NULL);
  uint8_t *differ = asm_short_jcc (&l->a, CC_NE);
  asm_vex_rr (&l->a, min ? V_ORPD : V_ANDPD, false, d, x, y);
  uint8_t *done = asm_short_jmp (&l->a);
  asm_short_end (&l->a, differ);
  asm_vex_rr (&l->a, scalar (op, OP0F (min ? 0x5d : 0x5f)), false, d, x, y);
  asm_short_end (&l->a, done);
  redo_exactly (l, op, unordered, d);
  finish (l, op, d, d);
}

/* xmm0 = 0: what the host's conversions copy the upper part from. */
static void
clear_xmm0 (Lower *l)
{
  asm_vex_rr (&l->a, V_XORPD, false, 0, 0, 0);
}

static bool
lower_fcvt (Lower *l, const IrOp *op)
{
  bool narrow = op->type == IR_F32;
  if (op->sub == IR_F16 || op->sub == op->type || (narrow && IR_FP_ROUND (op->imm) != IR_RDYN))
    return false;
  int d, work = work_register (l, op, &d);
  int x = fp_reg (l, opnd_fp (l, op->a), 1);
  clear_xmm0 (l);
  asm_vex_rr (&l->a, narrow ? OP_F2 (OP0F (0x5a)) : OP_F3 (OP0F (0x5a)), false, work, 0, x);
  redo_exactly (l, op, check_result (l, op, work, narrow && finds_tiny_before (op)), work);
  finish (l, op, work, d);
  return true;
}

static bool
lower_itof (Lower *l, const IrOp *op)
{
  bool wide = (op->sub & 0x7f) == IR_I64, exact = !wide && !is_f32 (op);
  unsigned fraction = IR_FP_FRACTION (op->imm);
  if (!exact && IR_FP_ROUND (op->imm) != IR_RDYN)
    return false;
  int r = int_reg (l, wide, opnd_int (l, op->a), RAX);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  clear_xmm0 (l);
  fp_from_integer (l, op, d, 0, r);
  if (fraction != 0) { /* exactly */
    uint64_t scale = is_f32 (op) ? (uint64_t)(127 - fraction) << 23 : (uint64_t)(1023 - fraction) << 52;
    literal_load (l, XMM_SCRATCH, scale, 0);
    asm_vex_rr (&l->a, scalar (op, OP0F (0x59)), false, d, d, XMM_SCRATCH);
  }
  dst_fp_done (l, op->dst, d, is_f32 (op));
  return true;
}

static bool
lower_fround (Lower *l, const IrOp *op)
{
  static const int8_t imm[8] = {
    [IR_RNE] = 0, [IR_RTZ] = 3, [IR_RDN] = 1, [IR_RUP] = 2, [IR_RMM] = -1, [IR_ROD] = -1, [IR_RDYN] = 4
  };
  int rounding = imm[IR_FP_ROUND (op->imm)];
  bool away = IR_FP_ROUND (op->imm) == IR_RMM && !(op->flags & IR_F_EXACT);
  if (rounding < 0 && !away)
    return false;
  int d, work = work_register (l, op, &d);
  int x = fp_first (l, op->a, op->type, 0);
  if (away) {
    fp_round_away (l, is_f32 (op), 1, x, XMM_SCRATCH);
    asm_fmov (&l->a, work, 1);
  } else {
    asm_vex_rr (&l->a, is_f32 (op) ? V_ROUNDSS : V_ROUNDSD, false, work, x, x);
    asm_u8 (&l->a, (uint8_t)rounding | (op->flags & IR_F_EXACT ? 0 : 8));
  }
  redo_exactly (l, op, check_result (l, op, work, false), work);
  finish (l, op, work, d);
  return true;
}

static bool
lower_bitsf (Lower *l, const IrOp *op)
{
  Opnd bits = opnd_int (l, op->a);
  if (bits.kind == OPND_IMM && bits.imm == 0) {
    int zero = dst_fp (l, op->dst);
    asm_vex_rr (&l->a, V_XORPD, false, zero, zero, zero);
    dst_fp_done (l, op->dst, zero, op->type != IR_F64);
    return true;
  }
  int r = int_reg (l, true, bits, RAX);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  if (op->type == IR_F16) {
    asm_rr (&l->a, OP0F (0xb7), false, RAX, r);
    r = RAX;
  }
  asm_vex_rr (&l->a, V_MOVD_TO_X, op->type == IR_F64, d, 0, r);
  dst_fp_done (l, op->dst, d, op->type != IR_F64);
  return true;
}

/* d = the number of op's type in the low bits of x, above which there is zero but for halves. */
static void
move_number (Lower *l, const IrOp *op, int d, int x)
{
  if (op->type == IR_F16) {
    asm_vex_rr (&l->a, V_MOVD_FROM_X, false, x, 0, RAX);
    asm_rr (&l->a, OP0F (0xb7), false, RAX, RAX);
    asm_vex_rr (&l->a, V_MOVD_TO_X, false, d, 0, RAX);
  } else if (d != x) {
    asm_fmov (&l->a, d, x);
  }
}

static void
lower_move (Lower *l, const IrOp *op)
{
  int x = fp_first (l, op->a, op->type, 0);
  free_dying (l, op);
  int d = dst_fp (l, op->dst);
  move_number (l, op, d, x);
  dst_fp_done (l, op->dst, d, op->type != IR_F64);
}

static void
lower_select (Lower *l, const IrOp *op)
{
  int cc = lower_test (l, l->block, op->a, l->op_index);
  if (cc < 0) {
    int test = int_reg (l, true, opnd_int (l, op->a), RAX);
    asm_test_rr (&l->a, true, test, test);
    cc = CC_NE;
  }
  int d, work = work_register (l, op, &d);
  IrVal first = op->c, second = op->b;
  if (work != d && op->type != IR_F16 && is_clean (l, op->dst, op->type)) {
    if (is_in (l, second, d)) {
      first = op->b;
      second = op->c;
      cc ^= 1;
    }
    work = d; /* holds one of them */
  }
  int y = fp_first (l, first, op->type, work);
  if (y != work)
    asm_fmov (&l->a, work, y);
  uint8_t *no = asm_short_jcc (&l->a, cc ^ 1);
  int x = fp_first (l, second, op->type, work);
  if (x != work)
    asm_fmov (&l->a, work, x);
  asm_short_end (&l->a, no);
  free_dying (l, op);
  move_number (l, op, d, work);
  dst_fp_done (l, op->dst, d, op->type != IR_F64);
}

bool
lower_scalar (Lower *l, const IrOp *op)
{
  static const uint8_t code[] = { 0x58, 0x5c, 0x59, 0x5e };

  switch (op->op) {
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FDIV:
      if (!rounds_inline (l, op))
        return false;
      if (is_doubling (op)) {
        lower_doubling (l, op);
        return true;
      }
      lower_arith (l, op, code[op->op - IR_FADD], op->op == IR_FMUL || op->op == IR_FDIV);
      return true;
    case IR_FSQRT:
      if (!rounds_inline (l, op))
        return false;
      lower_arith (l, op, 0x51, false);
      return true;
    case IR_FMA:
      if (!rounds_inline (l, op))
        return false;
      lower_fma (l, op);
      return true;
    case IR_FMIN:
    case IR_FMAX:
      if (!is_inline (l, op))
        return false;
      lower_minmax (l, op);
      return true;
    case IR_FSGNJ:
    case IR_FSGNJN:
    case IR_FSGNJX: return op->type != IR_F16 && lower_sgnj (l, op);
    case IR_FSETCC: return is_inline (l, op) && lower_fsetcc (l, op);
    case IR_FCC: return is_inline (l, op) && lower_fcc (l, op);
    case IR_FCVT: return is_inline (l, op) && lower_fcvt (l, op);
    case IR_FTOI: return is_inline (l, op) && lower_ftoi (l, op);
    case IR_ITOF: return is_inline (l, op) && lower_itof (l, op);
    case IR_FROUND: return is_inline (l, op) && lower_fround (l, op);
    case IR_FBITS: return lower_fbits (l, op);
    case IR_BITSF: return lower_bitsf (l, op);
    case IR_MOV: lower_move (l, op); return true;
    case IR_SELECT: lower_select (l, op); return true;
    default: return false;
  }
}
