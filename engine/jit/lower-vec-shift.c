/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower-vec.h"

/* Shifts of integer lanes. */

/* Bytes are shifted as 16-bit lanes; what comes in from the neighbour is masked off. */
static void
shift_bytes (Lower *l, const IrOp *op, int x)
{
  unsigned count = (unsigned)op->imm;
  bool left = op->op == IR_VSHL;
  uint64_t mask = left ? 0xffu << count & 0xff : 0xffu >> count;
  uint64_t sign = 0x80u >> count, all = UINT64_C (0x0101010101010101);
  shift_imm (l, 1, left ? 6 : 2, XMM_SCRATCH, x, count);
  emit (l, V66 (0xdb), XMM_SCRATCH, XMM_SCRATCH,
        vec_reg (l, (Opnd){ .kind = OPND_WIDE, .imm = (int64_t)(mask * all), .high = (int64_t)(mask * all) },
                 1));
  if (left || !IR_MEM_SIGNED (op->sub))
    return;
  vec_to (l, 1, (Opnd){ .kind = OPND_WIDE, .imm = (int64_t)(sign * all), .high = (int64_t)(sign * all) });
  emit (l, V66 (0xef), XMM_SCRATCH, XMM_SCRATCH, 1);
  emit (l, V66 (0xf8), XMM_SCRATCH, XMM_SCRATCH, 1);
}

static void
shift_signed64 (Lower *l, int x, unsigned count)
{
  emit (l, V66 (0xef), 1, 1, 1);
  emit (l, V66_38 (0x37), 1, 1, x); /* all ones where negative */
  shift_imm (l, 3, 2, XMM_SCRATCH, x, count);
  shift_imm (l, 3, 6, 1, 1, 64 - count);
  emit (l, V66 (0xeb), XMM_SCRATCH, XMM_SCRATCH, 1);
}

static void
lower_shift_imm (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3, width = IR_LANE_BITS (op->sub);
  IrOp o = *op;
  bool is_signed = IR_MEM_SIGNED (op->sub) && op->op == IR_VSHR;
  if (is_signed)
    o.imm = MIN (o.imm, (int)width - 1);
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (o.imm >= (int)width)
    emit (l, V66 (0xef), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
  else if (o.imm == 0)
    asm_fmov (&l->a, XMM_SCRATCH, x);
  else if (lane == 0)
    shift_bytes (l, &o, x);
  else if (lane == 3 && is_signed)
    shift_signed64 (l, x, (unsigned)o.imm);
  else {
    int d = last_result (l, op);
    shift_imm (l, lane, op->op == IR_VSHL ? 6 : is_signed ? 4 : 2, d, x, (unsigned)o.imm);
    finish_in (l, op, d);
    return;
  }
  finish_from (l, op, XMM_SCRATCH);
}

/* ---- Shifts by the counts in another vector. ---- */

/* Bytes with signed counts c become 16-bit products with 2^(c + 8), whose upper bytes are the results; counts
 * below -8 are the same as -8, where nothing but the sign is left. */
static bool
lower_shift_bytes (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub), round = op->imm & IR_SHIFT_ROUND;
  if (!have_spare (l, 2) || (round && !is_signed))
    return false;
  int x, y, powers = spare (l, 0), upper = spare (l, 1);
  both (l, op, &x, &y);
  /* The count plus 8, and from 16 on, where nothing is left, with its top bit set. */
  literal_both (l, XMM_SCRATCH, UINT64_C (0xf8f8f8f8f8f8f8f8));
  emit (l, V66_38 (0x3c), 1, y, XMM_SCRATCH);
  emit (l, V66 (0xf8), 1, 1, XMM_SCRATCH);
  literal_both (l, XMM_SCRATCH, UINT64_C (0x7070707070707070));
  emit (l, V66 (0xdc), 1, 1, XMM_SCRATCH);
  literal_load (l, XMM_SCRATCH, UINT64_C (0x8040201008040201), 0);
  emit (l, V66_38 (0x00), powers, XMM_SCRATCH, 1);
  literal_load (l, XMM_SCRATCH, 0, UINT64_C (0x8040201008040201));
  emit (l, V66_38 (0x00), 1, XMM_SCRATCH, 1);
  emit (l, V66 (0x68), upper, powers, 1);
  emit (l, V66 (0x60), powers, powers, 1);
  /* The sign, or zeros, above each byte. */
  emit (l, V66 (0xef), 1, 1, 1);
  if (is_signed)
    emit (l, V66 (0x64), 1, 1, x);
  emit (l, V66 (0x68), XMM_SCRATCH, x, 1);
  emit (l, V66 (0x60), 0, x, 1);
  emit (l, V66 (0xd5), XMM_SCRATCH, XMM_SCRATCH, upper);
  emit (l, V66 (0xd5), 0, 0, powers);
  if (round) {
    literal_both (l, 1, UINT64_C (0x0080008000800080));
    emit (l, V66 (0xfd), XMM_SCRATCH, XMM_SCRATCH, 1);
    emit (l, V66 (0xfd), 0, 0, 1);
  }
  shift_imm (l, 1, 2, XMM_SCRATCH, XMM_SCRATCH, 8);
  shift_imm (l, 1, 2, 0, 0, 8);
  emit (l, V66 (0x67), 0, 0, XMM_SCRATCH);
  finish_from (l, op, 0);
  return true;
}

/* A shift rounded is t, the shift by one bit less, plus 1, by one more bit, where the addition does not leave
 * the lane; and t less t shifted by one more bit anywhere. */
typedef enum { ROUND_DOWN, ROUND_NARROW, ROUND_FULL } Rounding;

/* x = 32-bit lanes of `from` by the counts c, which is lost, as are XMM_SCRATCH and (ROUND_FULL) `other`. The
 * host's variable shifts give 0, arithmetic ones the sign, for counts from 32 on, negative ones among them.
 */
static void
shift_words (Lower *l, bool is_signed, Rounding round, int x, int from, int c, int other)
{
  unsigned right = is_signed ? V66_38 (0x46) : V66_38 (0x45);
  emit (l, V66_38 (0x47), XMM_SCRATCH, from, c);
  emit (l, V66 (0xef), c, c, XMM_ONES); /* -c - 1: negative where c is not */
  if (round == ROUND_NARROW) {
    emit (l, right, x, from, c);
    emit (l, V66 (0xfa), x, x, XMM_ONES);
    shift_imm (l, 2, is_signed ? 4 : 2, x, x, 1);
  } else if (round == ROUND_FULL) {
    emit (l, right, x, from, c);
    shift_imm (l, 2, is_signed ? 4 : 2, other, x, 1);
    emit (l, V66 (0xfa), x, x, other);
  } else {
    emit (l, V66 (0xfa), c, c, XMM_ONES);
    emit (l, right, x, from, c);
  }
  /* Where the count is 0 the left shift does as well, if -c is not asked. */
  emit_imm (l, V66_3A (0x4a), x, x, XMM_SCRATCH, (unsigned)c << 4); /* vblendvps */
}

static bool
lower_shift_words (Lower *l, const IrOp *op)
{
  bool round = op->imm & IR_SHIFT_ROUND;
  int x, y;
  if (round && !have_spare (l, 1))
    return false;
  both (l, op, &x, &y);
  shift_imm (l, 2, 6, 1, y, 24);
  shift_imm (l, 2, 4, 1, 1, 24);
  shift_words (l, IR_MEM_SIGNED (op->sub), round ? ROUND_FULL : ROUND_DOWN, 0, x, 1,
               round ? spare (l, 0) : 0);
  finish_from (l, op, 0);
  return true;
}

/* 16-bit lanes widened to 32 bits, upper lanes first. */
static bool
lower_shift_halves (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub);
  Rounding round = op->imm & IR_SHIFT_ROUND ? ROUND_NARROW : ROUND_DOWN;
  unsigned widen = is_signed ? V66_38 (0x23) : V66_38 (0x33);
  if (!have_spare (l, 2))
    return false;
  int x, y, upper = spare (l, 0), count = spare (l, 1);
  both (l, op, &x, &y);
  shift_imm (l, 1, 6, 1, y, 8);
  shift_imm (l, 1, 4, 1, 1, 8);
  emit (l, V66 (0x69), count, 1, 1); /* vpunpckhwd */
  shift_imm (l, 2, 4, count, count, 16);
  shift_imm (l, 3, 3, upper, x, 8);
  emit (l, widen, upper, 0, upper);
  shift_words (l, is_signed, round, upper, upper, count, 0);
  emit (l, V66_38 (0x23), 1, 0, 1);
  emit (l, widen, 0, 0, x);
  shift_words (l, is_signed, round, 0, 0, 1, 0);
  emit (l, V66 (0xef), 1, 1, 1);
  emit_imm (l, V66_3A (0x0e), upper, upper, 1, 0xaa); /* vpblendw */
  emit_imm (l, V66_3A (0x0e), 0, 0, 1, 0xaa);
  emit (l, V66_38 (0x2b), 0, 0, upper);
  finish_from (l, op, 0);
  return true;
}

/* The counts as unsigned bytes b: the left shift by b and the right shift by 256 - b are 0 unless they are
 * meant. Negative numbers are shifted right as their complements. */
static bool
lower_shift_quads (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub);
  if (op->imm & IR_SHIFT_ROUND || !have_spare (l, 2))
    return false;
  int x, y, count = spare (l, 0), right = spare (l, 1);
  both (l, op, &x, &y);
  shift_imm (l, 3, 6, 1, y, 56);
  shift_imm (l, 3, 2, count, 1, 56);
  asm_vex_rr (&l->a, V66_38 (0x47), true, XMM_SCRATCH, x, count); /* vpsllvq */
  literal_both (l, right, 256);
  emit (l, V66 (0xfb), right, right, count);
  if (is_signed) {
    emit (l, V66 (0xef), count, count, count);
    emit (l, V66_38 (0x37), count, count, x);
    emit (l, V66 (0xef), 0, x, count);
    asm_vex_rr (&l->a, V66_38 (0x45), true, 0, 0, right); /* vpsrlvq */
    emit (l, V66 (0xef), 0, 0, count);
    emit_imm (l, V66_3A (0x4b), 0, XMM_SCRATCH, 0, 1 << 4); /* vblendvpd */
  } else {
    asm_vex_rr (&l->a, V66_38 (0x45), true, 0, x, right);
    emit (l, V66 (0xeb), 0, 0, XMM_SCRATCH);
  }
  finish_from (l, op, 0);
  return true;
}

static bool
lower_shift_lanes (Lower *l, const IrOp *op)
{
  if (op->imm & (IR_SHIFT_SATURATE | IR_SHIFT_TO_UNSIGNED))
    return false;
  switch (op->sub & 3) {
    case 0: return lower_shift_bytes (l, op);
    case 1: return lower_shift_halves (l, op);
    case 2: return lower_shift_words (l, op);
    default: return lower_shift_quads (l, op);
  }
}

bool
lower_vector_shift (Lower *l, const IrOp *op)
{
  if (op->op == IR_VSHIFT)
    return lower_shift_lanes (l, op);
  lower_shift_imm (l, op);
  return true;
}
