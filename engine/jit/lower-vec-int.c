/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower-vec.h"

/* Integer arithmetic on lanes that takes the host more than two or three instructions. Results are made in
 * scratch registers, and in temporaries' registers that happen to be free; without those an op is evaluated
 * out of line. */

/* ---- Averages. ---- */

/* x = from ^ the byte or 16-bit constant in all lanes; a constant of 0 leaves the operand where it is. */
static int
biased (Lower *l, int x, int from, uint64_t value)
{
  if (value == 0)
    return from;
  if (value == UINT64_MAX) {
    emit (l, V66 (0xef), x, from, XMM_ONES);
    return x;
  }
  literal_both (l, XMM_SCRATCH, value);
  emit (l, V66 (0xef), x, from, XMM_SCRATCH);
  return x;
}

/* The host has (a + b + 1) >> 1 of unsigned lanes.  Signed numbers less the smallest one are unsigned; ~((~a
 * + ~b + 1) >> 1) is (a + b) >> 1; and a - b is a + ~b + 1 less a power of two. */
static void
lower_average (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  uint64_t sign = lane == 0 ? UINT64_C (0x8080808080808080) : UINT64_C (0x8000800080008000);
  uint64_t bias = IR_MEM_SIGNED (op->sub) ? sign : 0;
  uint64_t first = bias, second = bias, result = bias;
  int x, y;
  if (op->op == IR_VHSUB) {
    second = ~bias;
    result = sign;
  } else if (op->imm == 0) {
    first = second = ~bias;
    result = ~bias;
  }
  both (l, op, &x, &y);
  x = biased (l, 0, x, first);
  y = biased (l, 1, y, second);
  emit (l, lane == 0 ? V66 (0xe0) : V66 (0xe3), 0, x, y);
  biased (l, 0, 0, result);
  finish_from (l, op, 0);
}

/* (a + b) >> 1 is (a & b) + ((a ^ b) >> 1), rounded up (a | b) - ((a ^ b) >> 1); (a - b) >> 1 is ((a ^ b) >>
 * 1) - (~a & b).
 */
static void
lower_average32 (Lower *l, const IrOp *op)
{
  int x, y;
  bool add = op->op == IR_VHADD;
  both (l, op, &x, &y);
  emit (l, V66 (0xef), XMM_SCRATCH, x, y);
  emit (l, !add ? V66 (0xdf) : op->imm ? V66 (0xeb) : V66 (0xdb), 1, x, y);
  shift_imm (l, 2, IR_MEM_SIGNED (op->sub) ? 4 : 2, XMM_SCRATCH, XMM_SCRATCH, 1);
  if (!add)
    emit (l, V66 (0xfa), 0, XMM_SCRATCH, 1);
  else
    emit (l, op->imm ? V66 (0xfa) : V66 (0xfe), 0, 1, XMM_SCRATCH);
  finish_from (l, op, 0);
}

static bool
lower_halving (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  if (lane == 3)
    return false;
  if (lane == 2)
    lower_average32 (l, op);
  else
    lower_average (l, op);
  return true;
}

/* ---- Saturated sums that the host lacks: of 32 bits, and of 64 bits with a sign. ---- */

/* Without a sign a + b stops at the top where a is more than ~b; a - b at 0 where b is more than a. */
static void
lower_saturate_unsigned (Lower *l, const IrOp *op)
{
  int x, y;
  both (l, op, &x, &y);
  if (op->op == IR_VQADD) {
    emit (l, V66 (0xef), XMM_SCRATCH, y, XMM_ONES);
    emit (l, V66_38 (0x3b), XMM_SCRATCH, XMM_SCRATCH, x);
    emit (l, V66 (0xfe), 0, XMM_SCRATCH, y);
  } else {
    emit (l, V66_38 (0x3f), XMM_SCRATCH, x, y);
    emit (l, V66 (0xfa), 0, XMM_SCRATCH, y);
  }
  finish_from (l, op, 0);
}

/* Where the sign of the result is not what the operands' signs allow, it is the limit on the first one's
 * side. */
static bool
lower_saturate (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  bool add = op->op == IR_VQADD, wide = lane == 3;
  if (!IR_MEM_SIGNED (op->sub)) {
    if (wide)
      return false;
    lower_saturate_unsigned (l, op);
    return true;
  }
  if (!have_spare (l, 1))
    return false;
  int x, y, other = spare (l, 0);
  both (l, op, &x, &y);
  emit (l, add ? wide ? V66 (0xd4) : V66 (0xfe) : wide ? V66 (0xfb) : V66 (0xfa), XMM_SCRATCH, x, y);
  emit (l, V66 (0xef), other, XMM_SCRATCH, x); /* the result's sign is not the first's */
  emit (l, V66 (0xef), 1, add ? XMM_SCRATCH : x, y);
  emit (l, V66 (0xdb), 1, 1, other);
  shift_imm (l, 2, 4, 0, x, 31);
  if (wide)
    emit_imm (l, V66 (0x70), 0, 0, 0, 0xf5); /* vpshufd: the upper parts */
  literal_both (l, other, wide ? INT64_MAX : INT64_C (0x7fffffff7fffffff));
  emit (l, V66 (0xef), 0, 0, other);
  emit_imm (l, wide ? V66_3A (0x4b) : V66_3A (0x4a), 0, XMM_SCRATCH, 0, 1 << 4); /* vblendv */
  finish_from (l, op, 0);
  return true;
}

/* ---- Products. ---- */

/* Bytes in the even and odd places of 16-bit lanes. */
static void
lower_mul_bytes (Lower *l, const IrOp *op)
{
  int x, y;
  both (l, op, &x, &y);
  shift_imm (l, 1, 2, XMM_SCRATCH, x, 8);
  emit (l, V66 (0xd5), 0, x, y);
  shift_imm (l, 1, 2, 1, y, 8);
  emit (l, V66 (0xd5), 1, 1, XMM_SCRATCH);
  shift_imm (l, 1, 6, 1, 1, 8);
  shift_imm (l, 1, 6, 0, 0, 8);
  shift_imm (l, 1, 2, 0, 0, 8);
  emit (l, V66 (0xeb), 0, 0, 1);
  finish_from (l, op, 0);
}

/* xmm0 = the upper halves of doubled products of 32-bit lanes: even lanes, then odd ones, as products of 64
 * bits. */
static void
double_products32 (Lower *l, int x, int y, bool round)
{
  emit (l, V66_38 (0x28), XMM_SCRATCH, x, y);
  shift_imm (l, 3, 2, 0, x, 32);
  shift_imm (l, 3, 2, 1, y, 32);
  emit (l, V66_38 (0x28), 0, 0, 1);
  emit (l, V66 (0xd4), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
  emit (l, V66 (0xd4), 0, 0, 0);
  if (round) {
    literal_both (l, 1, UINT64_C (0x80000000));
    emit (l, V66 (0xd4), XMM_SCRATCH, XMM_SCRATCH, 1);
    emit (l, V66 (0xd4), 0, 0, 1);
  }
  shift_imm (l, 3, 2, XMM_SCRATCH, XMM_SCRATCH, 32);
  emit_imm (l, V66_3A (0x02), 0, XMM_SCRATCH, 0, 0xa); /* vpblendd */
}

/* Only the product of the smallest number with itself is out of range, and comes out as that number. */
static bool
lower_qdmulh (Lower *l, const IrOp *op)
{
  bool words = (op->sub & 3) == 2;
  int x, y;
  both (l, op, &x, &y);
  if (words) {
    double_products32 (l, x, y, op->imm);
  } else if (op->imm) {
    emit (l, V66_38 (0x0b), 0, x, y); /* vpmulhrsw */
  } else {
    emit (l, V66 (0xe5), XMM_SCRATCH, x, y);
    emit (l, V66 (0xd5), 0, x, y);
    shift_imm (l, 1, 2, 0, 0, 15);
    emit (l, V66 (0xfd), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
    emit (l, V66 (0xeb), 0, 0, XMM_SCRATCH);
  }
  literal_both (l, 1, words ? UINT64_C (0x8000000080000000) : UINT64_C (0x8000800080008000));
  emit (l, words ? V66 (0x76) : V66 (0x75), 1, 1, 0);
  emit (l, V66 (0xef), 0, 0, 1);
  finish_from (l, op, 0);
  return true;
}

/* d = the odd or even bytes of x as 16-bit lanes. */
static void
spread_bytes (Lower *l, int d, int x, bool odd, bool is_signed)
{
  if (!odd) {
    shift_imm (l, 1, 6, d, x, 8);
    x = d;
  }
  shift_imm (l, 1, is_signed ? 4 : 2, d, x, 8);
}

static bool
lower_dot (Lower *l, const IrOp *op)
{
  if (!have_spare (l, 1))
    return false;
  int x, y, other = spare (l, 0);
  both (l, op, &x, &y);
  spread_bytes (l, XMM_SCRATCH, x, true, op->imm & 1);
  spread_bytes (l, other, y, true, op->imm & 2);
  emit (l, V66 (0xf5), XMM_SCRATCH, XMM_SCRATCH, other); /* vpmaddwd */
  spread_bytes (l, 0, x, false, op->imm & 1);
  spread_bytes (l, 1, y, false, op->imm & 2);
  emit (l, V66 (0xf5), 0, 0, 1);
  emit (l, V66 (0xfe), 0, 0, XMM_SCRATCH);
  emit (l, V66 (0xfe), 0, 0, vec_reg (l, opnd_vec (l, op->c), 1));
  finish_from (l, op, 0);
  return true;
}

/* ---- Bits counted and turned. ---- */

/* d = for each nibble of x the byte of the table it numbers; high: the upper nibbles. Uses xmm1. */
static void
look_up_nibbles (Lower *l, int d, int x, bool high, uint64_t table_low, uint64_t table_high)
{
  int from = x;
  if (high) {
    shift_imm (l, 1, 2, d, x, 4);
    from = d;
  }
  literal_both (l, 1, UINT64_C (0x0f0f0f0f0f0f0f0f));
  emit (l, V66 (0xdb), d, from, 1);
  literal_load (l, 1, table_low, table_high);
  emit (l, V66_38 (0x00), d, 1, d);
}

typedef struct {
  uint64_t low[2], high[2]; /* tables for lower and upper nibbles */
  unsigned code;            /* what combines them */
} Nibbles;

static const Nibbles
    popcount = { { UINT64_C (0x0302020102010100), UINT64_C (0x0403030203020201) },
                 { UINT64_C (0x0302020102010100), UINT64_C (0x0403030203020201) },
                 V66 (0xfc) },
    /* The lower nibble's bits go up. */
    reverse = { { UINT64_C (0xe060a020c0408000), UINT64_C (0xf070b030d0509010) },
                { UINT64_C (0x0e060a020c040800), UINT64_C (0x0f070b030d050901) },
                V66 (0xeb) },
    /* Of the lower nibble, what holds where the upper one is 0; else the upper one's is less. */
    leading_zeros = { { UINT64_C (0x0505050506060708), UINT64_C (0x0404040404040404) },
                      { UINT64_C (0x01010101020203ff), 0 },
                      V66 (0xda) };

/* xmm0 = the bytes that the tables give for x's. */
static void
by_nibbles (Lower *l, int x, const Nibbles *n)
{
  look_up_nibbles (l, XMM_SCRATCH, x, false, n->low[0], n->low[1]);
  look_up_nibbles (l, 0, x, true, n->high[0], n->high[1]);
  emit (l, n->code, 0, 0, XMM_SCRATCH);
}

static bool
lower_nibbles (Lower *l, const IrOp *op)
{
  if (op->op == IR_VPOPCNT && (op->sub & 3) != 0)
    return false;
  by_nibbles (l, vec_reg (l, opnd_vec (l, op->a), 0), op->op == IR_VPOPCNT ? &popcount : &reverse);
  finish_from (l, op, 0);
  return true;
}

/* From the counts of two halves: the upper one's, and the lower one's too where the upper half is all zeros.
 * Bits that equal the sign are zeros of the number or its complement, one of them the sign itself. */
static bool
lower_leading_bits (Lower *l, const IrOp *op)
{
  static const unsigned add[] = { V66 (0xfc), V66 (0xfd), V66 (0xfe) },
                        equal[] = { 0, V66 (0x75), V66 (0x76) };
  static const uint64_t half[] = { 0, UINT64_C (0x0008000800080008), UINT64_C (0x0000001000000010) };
  unsigned lane = op->sub & 3;
  if (lane == 3)
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (op->op == IR_VCLS) {
    emit (l, V66 (0xef), 1, 1, 1);
    emit (l, V66 (0x64) + lane, 1, 1, x); /* the sign, by a comparison with 0 */
    emit (l, V66 (0xef), 0, x, 1);
    x = 0;
  }
  by_nibbles (l, x, &leading_zeros);
  for (unsigned to = 1; to <= lane; to++) {
    shift_imm (l, to, 2, XMM_SCRATCH, 0, 4u << to);
    literal_both (l, 1, half[to]);
    emit (l, equal[to], 1, 1, XMM_SCRATCH);
    shift_imm (l, to, 6, 0, 0, 4u << to);
    shift_imm (l, to, 2, 0, 0, 4u << to);
    emit (l, V66 (0xdb), 0, 0, 1);
    emit (l, add[to], 0, 0, XMM_SCRATCH);
  }
  if (op->op == IR_VCLS)
    emit (l, add[lane], 0, 0, XMM_ONES);
  finish_from (l, op, 0);
  return true;
}

bool
lower_vector_int (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_VMUL:
      if ((op->sub & 3) != 0)
        return false;
      lower_mul_bytes (l, op);
      return true;
    case IR_VHADD:
    case IR_VHSUB: return lower_halving (l, op);
    case IR_VQADD:
    case IR_VQSUB: return lower_saturate (l, op);
    case IR_VQDMULH: return lower_qdmulh (l, op);
    case IR_VDOT: return lower_dot (l, op);
    case IR_VPOPCNT:
    case IR_VBREV8: return lower_nibbles (l, op);
    case IR_VCLS:
    case IR_VCLZ: return lower_leading_bits (l, op);
    default: return false;
  }
}
