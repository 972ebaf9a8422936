/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Vector ops on bits and integer lanes, for which the host has AVX2 instructions or short sequences of them.  What is not
 * here is evaluated out of line. */

#define V66(x)   OP_66 (OP0F (x))
#define V66_38(x) OP_66 (OP0F38 (x))
#define V66_3A(x) OP_66 (OP0F3A (x))

void
vec_cut (Lower *l, int x)
{
  asm_vex_rr (&l->a, V_MOVQ, false, x, 0, x);
}

/* The result is in `reg`, which may be scratch. */
static void
finish (Lower *l, const IrOp *op, int reg, int d)
{
  bool half = op->flags & IR_F_HALF;
  if (half)
    asm_vex_rr (&l->a, V_MOVQ, false, d, 0, reg);
  else if (reg != d)
    asm_fmov (&l->a, d, reg);
  dst_vec_done (l, op->dst, d, half);
}

static void
emit (Lower *l, unsigned code, int d, int x, int y)
{
  asm_vex_rr (&l->a, code, false, d, x, y);
}

static void
emit_opnd (Lower *l, unsigned code, int d, int x, Opnd y)
{
  if (y.kind == OPND_MEM)
    asm_vex_rm (&l->a, code, false, d, x, y.mem);
  else
    emit (l, code, d, x, vec_reg (l, y, 1));
}

/* d = x shifted by an immediate: digit 2 right, 4 right arithmetically, 6 left, 3 right by bytes. */
static void
shift_imm (Lower *l, unsigned log2, int digit, int d, int x, unsigned count)
{
  static const uint8_t code[] = { 0x71, 0x71, 0x72, 0x73 };
  asm_vex_rr (&l->a, V66 (code[log2]), false, digit, d, x);
  asm_u8 (&l->a, (uint8_t)count);
}

/* One instruction on two operands. */
static void
lower_binary (Lower *l, const IrOp *op, unsigned code)
{
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  Opnd y = opnd_vec (l, op->b);
  int d = dst_vec (l, op->dst);
  emit_opnd (l, code, d, x, y);
  free_dying (l, op);
  finish (l, op, d, d);
}

/* The same with the operands exchanged. */
static void
lower_swapped (Lower *l, const IrOp *op, unsigned code)
{
  IrOp other = *op;
  other.a = op->b;
  other.b = op->a;
  lower_binary (l, &other, code);
}

/* Scratch registers with both operands; a result may be made in xmm0 or xmm1 after the last use of x and y. */
static void
both (Lower *l, const IrOp *op, int *ret_x, int *ret_y)
{
  *ret_x = vec_reg (l, opnd_vec (l, op->a), 0);
  *ret_y = vec_reg (l, opnd_vec (l, op->b), 1);
}

static void
lower_select_bits (Lower *l, const IrOp *op)
{
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  Opnd z = opnd_vec (l, op->c);
  emit_opnd (l, V66 (0xdb), XMM_SCRATCH, x, opnd_vec (l, op->b));
  emit_opnd (l, V66 (0xdf), 1, x, z);
  int d = dst_vec (l, op->dst);
  free_dying (l, op);
  emit (l, V66 (0xeb), d, XMM_SCRATCH, 1);
  finish (l, op, d, d);
}

static bool
lower_bitwise (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_VAND: lower_binary (l, op, V66 (0xdb)); return true;
    case IR_VOR: lower_binary (l, op, V66 (0xeb)); return true;
    case IR_VXOR: lower_binary (l, op, V66 (0xef)); return true;
    case IR_VANDN: lower_swapped (l, op, V66 (0xdf)); return true;
    case IR_VORN: {
      int x, y;
      both (l, op, &x, &y);
      int d = dst_vec (l, op->dst);
      emit (l, V66 (0xef), 1, y, XMM_ONES);
      free_dying (l, op);
      emit (l, V66 (0xeb), d, x, 1);
      finish (l, op, d, d);
      return true;
    }
    default: lower_select_bits (l, op); return true;
  }
}

/* Opcodes by lane; 0 where the host has none. */
static unsigned
binary_code (const IrOp *op)
{
  static const unsigned add[] = { V66 (0xfc), V66 (0xfd), V66 (0xfe), V66 (0xd4) },
                        sub[] = { V66 (0xf8), V66 (0xf9), V66 (0xfa), V66 (0xfb) },
                        mul[] = { 0, V66 (0xd5), V66_38 (0x40), 0 },
                        min[2][4] = { { V66 (0xda), V66_38 (0x3a), V66_38 (0x3b), 0 },
                                      { V66_38 (0x38), V66 (0xea), V66_38 (0x39), 0 } },
                        max[2][4] = { { V66 (0xde), V66_38 (0x3e), V66_38 (0x3f), 0 },
                                      { V66_38 (0x3c), V66 (0xee), V66_38 (0x3d), 0 } },
                        qadd[2][4] = { { V66 (0xdc), V66 (0xdd), 0, 0 }, { V66 (0xec), V66 (0xed), 0, 0 } },
                        qsub[2][4] = { { V66 (0xd8), V66 (0xd9), 0, 0 }, { V66 (0xe8), V66 (0xe9), 0, 0 } },
                        avg[] = { V66 (0xe0), V66 (0xe3), 0, 0 };
  unsigned lane = op->sub & 3;
  bool is_signed = IR_MEM_SIGNED (op->sub);
  switch (op->op) {
    case IR_VADD: return add[lane];
    case IR_VSUB: return sub[lane];
    case IR_VMUL: return mul[lane];
    case IR_VMIN: return min[is_signed][lane];
    case IR_VMAX: return max[is_signed][lane];
    case IR_VQADD: return qadd[is_signed][lane];
    case IR_VQSUB: return qsub[is_signed][lane];
    case IR_VHADD: return op->imm == 1 && !is_signed ? avg[lane] : 0;
    default: return 0;
  }
}

/* |a - b| is the larger less the smaller. */
static bool
lower_abd (Lower *l, const IrOp *op)
{
  IrOp max = *op, min = *op, sub = *op;
  int x, y;
  max.op = IR_VMAX;
  min.op = IR_VMIN;
  sub.op = IR_VSUB;
  if (binary_code (&max) == 0)
    return false;
  both (l, op, &x, &y);
  emit (l, binary_code (&max), XMM_SCRATCH, x, y);
  emit (l, binary_code (&min), 1, x, y);
  int d = dst_vec (l, op->dst);
  free_dying (l, op);
  emit (l, binary_code (&sub), d, XMM_SCRATCH, 1);
  finish (l, op, d, d);
  return true;
}

/* (a + b) >> 1 is (a & b) + ((a ^ b) >> 1), rounded up (a | b) - ((a ^ b) >> 1). */
static bool
lower_hadd (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  IrOp sum = *op;
  int x, y;
  sum.op = op->imm ? IR_VSUB : IR_VADD;
  if (lane != 1 && lane != 2)
    return false;
  both (l, op, &x, &y);
  emit (l, V66 (0xef), XMM_SCRATCH, x, y);
  emit (l, op->imm ? V66 (0xeb) : V66 (0xdb), 1, x, y);
  shift_imm (l, lane, IR_MEM_SIGNED (op->sub) ? 4 : 2, XMM_SCRATCH, XMM_SCRATCH, 1);
  int d = dst_vec (l, op->dst);
  free_dying (l, op);
  emit (l, binary_code (&sum), d, 1, XMM_SCRATCH);
  finish (l, op, d, d);
  return true;
}

/* The host compares for equal and, signed, for greater. Other orders exchange the operands or negate the result;
 * unsigned ones ask whether the larger of the two is the first. */
static bool
lower_compare_lanes (Lower *l, const IrOp *op)
{
  static const unsigned equal[] = { V66 (0x74), V66 (0x75), V66 (0x76), V66_38 (0x29) },
                        greater[] = { V66 (0x64), V66 (0x65), V66 (0x66), V66_38 (0x37) };
  unsigned lane = op->sub & 3;
  IrCond cond = op->imm;
  bool swap = cond == IR_LTS || cond == IR_LTU || cond == IR_LES || cond == IR_LEU;
  int x, y;
  IrOp o = *op;
  if (swap) {
    static const uint8_t mirror[] = { [IR_LTS] = IR_GTS, [IR_LTU] = IR_GTU, [IR_LES] = IR_GES, [IR_LEU] = IR_GEU };
    cond = mirror[cond];
    o.a = op->b;
    o.b = op->a;
  }
  both (l, &o, &x, &y);
  int d = dst_vec (l, op->dst), work = XMM_SCRATCH;
  bool negate = false;
  switch (cond) {
    case IR_NE: negate = true; G_GNUC_FALLTHROUGH;
    case IR_EQ: emit (l, equal[lane], work, x, y); break;
    case IR_GTS: emit (l, greater[lane], work, x, y); break;
    case IR_GES:
      emit (l, greater[lane], work, y, x);
      negate = true;
      break;
    default: { /* x > y: not (y is the larger of the two) */
      IrOp max = { .op = IR_VMAX, .sub = (uint8_t)lane };
      negate = cond == IR_GTU;
      if (lane == 3) {
        vec_to (l, work, (Opnd){ .kind = OPND_WIDE, .imm = INT64_MIN, .high = INT64_MIN });
        emit (l, V66 (0xef), 0, x, work);
        emit (l, V66 (0xef), 1, y, work);
        negate = cond == IR_GEU;
        emit (l, greater[3], work, negate ? 1 : 0, negate ? 0 : 1);
      } else {
        emit (l, binary_code (&max), work, x, y);
        emit (l, equal[lane], work, work, negate ? y : x);
      }
    }
  }
  if (negate)
    emit (l, V66 (0xef), work, work, XMM_ONES);
  free_dying (l, op);
  finish (l, op, work, d);
  return true;
}

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
        vec_reg (l, (Opnd){ .kind = OPND_WIDE, .imm = (int64_t)(mask * all), .high = (int64_t)(mask * all) }, 1));
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

static bool
lower_shift_imm (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3, width = IR_LANE_BITS (op->sub);
  IrOp o = *op;
  bool is_signed = IR_MEM_SIGNED (op->sub) && op->op == IR_VSHR;
  if (is_signed)
    o.imm = MIN (o.imm, (int)width - 1);
  int x = vec_reg (l, opnd_vec (l, op->a), 0), d = dst_vec (l, op->dst);
  if (o.imm >= (int)width)
    emit (l, V66 (0xef), XMM_SCRATCH, XMM_SCRATCH, XMM_SCRATCH);
  else if (o.imm == 0)
    asm_fmov (&l->a, XMM_SCRATCH, x);
  else if (lane == 0)
    shift_bytes (l, &o, x);
  else if (lane == 3 && is_signed)
    shift_signed64 (l, x, (unsigned)o.imm);
  else
    shift_imm (l, lane, op->op == IR_VSHL ? 6 : is_signed ? 4 : 2, XMM_SCRATCH, x, (unsigned)o.imm);
  free_dying (l, op);
  finish (l, op, XMM_SCRATCH, d);
  return true;
}

/* Counts of 32-bit lanes: the host's variable shifts give 0 (arithmetic ones the sign) for counts from 32 on. The left
 * shift holds where the count is positive, elsewhere the right shift by its opposite. */
static bool
lower_shift_lanes (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub);
  int x, y;
  if ((op->sub & 3) != 2 || op->imm != 0)
    return false;
  both (l, op, &x, &y);
  int d = dst_vec (l, op->dst);
  shift_imm (l, 2, 6, 1, y, 24);
  shift_imm (l, 2, 4, 1, 1, 24);
  emit (l, V66_38 (0x47), XMM_SCRATCH, x, 1); /* vpsllvd */
  emit (l, V66 (0xef), 1, 1, XMM_ONES);       /* -count = ~count + 1 */
  emit (l, V66 (0xfa), 1, 1, XMM_ONES);
  emit (l, is_signed ? V66_38 (0x46) : V66_38 (0x45), 0, x, 1);
  emit (l, V66_3A (0x4a), 0, 0, XMM_SCRATCH); /* vblendvps */
  asm_u8 (&l->a, 1 << 4);
  free_dying (l, op);
  finish (l, op, 0, d);
  return true;
}

/* d = for each nibble of x the byte of the table it numbers; high: the upper nibbles. Uses xmm1. */
static void
look_up_nibbles (Lower *l, int d, int x, bool high, uint64_t table_low, uint64_t table_high)
{
  const int64_t mask = 0x0f0f0f0f0f0f0f0f;
  int from = x;
  if (high) {
    shift_imm (l, 1, 2, d, x, 4);
    from = d;
  }
  vec_to (l, 1, (Opnd){ .kind = OPND_WIDE, .imm = mask, .high = mask });
  emit (l, V66 (0xdb), d, from, 1);
  literal_load (l, 1, table_low, table_high);
  emit (l, V66_38 (0x00), d, 1, d);
}

static bool
lower_nibbles (Lower *l, const IrOp *op)
{
  bool count = op->op == IR_VPOPCNT;
  if (count && (op->sub & 3) != 0)
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0), d = dst_vec (l, op->dst);
  uint64_t low[2] = { UINT64_C (0x0302020102010100), UINT64_C (0x0403030203020201) }, high[2] = { low[0], low[1] };
  if (!count) { /* reversed: the lower nibble's bits go up */
    static const uint64_t reversed[2] = { UINT64_C (0x0e060a020c040800), UINT64_C (0x0f070b030d050901) };
    for (unsigned i = 0; i < 2; i++) {
      high[i] = reversed[i];
      low[i] = reversed[i] << 4;
    }
  }
  look_up_nibbles (l, XMM_SCRATCH, x, false, low[0], low[1]);
  look_up_nibbles (l, 0, x, true, high[0], high[1]);
  emit (l, count ? V66 (0xfc) : V66 (0xeb), XMM_SCRATCH, XMM_SCRATCH, 0);
  free_dying (l, op);
  finish (l, op, XMM_SCRATCH, d);
  return true;
}

static bool
lower_abs (Lower *l, const IrOp *op)
{
  if ((op->sub & 3) == 3)
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0), d = dst_vec (l, op->dst);
  free_dying (l, op);
  emit (l, V66_38 (0x1c) + (op->sub & 3), d, 0, x);
  finish (l, op, d, d);
  return true;
}

/* The host's pmulhrsw wraps where both are the smallest number: the only way to that number as a result. */
static bool
lower_qdmulh (Lower *l, const IrOp *op)
{
  const int64_t smallest = (int64_t)UINT64_C (0x8000800080008000);
  int x, y;
  if ((op->sub & 3) != 1 || op->imm != 1)
    return false;
  both (l, op, &x, &y);
  int d = dst_vec (l, op->dst);
  emit (l, V66_38 (0x0b), XMM_SCRATCH, x, y);
  vec_to (l, 1, (Opnd){ .kind = OPND_WIDE, .imm = smallest, .high = smallest });
  emit (l, V66 (0x75), 1, 1, XMM_SCRATCH);
  emit (l, V66 (0xef), XMM_SCRATCH, XMM_SCRATCH, 1);
  free_dying (l, op);
  finish (l, op, XMM_SCRATCH, d);
  return true;
}

/* Products of 16-bit lanes by their halves; 32-bit lanes spread to the even places that the host multiplies. */
static bool
lower_mulw (Lower *l, const IrOp *op)
{
  bool is_signed = IR_MEM_SIGNED (op->sub), high = op->imm & 1;
  unsigned lane = op->sub & 3;
  int x, y;
  if (lane == 3)
    return false;
  both (l, op, &x, &y);
  int d = dst_vec (l, op->dst);
  if (lane == 0) {
    if (high) {
      shift_imm (l, 3, 3, 0, x, 8);
      shift_imm (l, 3, 3, 1, y, 8);
      x = 0, y = 1;
    }
    emit (l, is_signed ? V66_38 (0x20) : V66_38 (0x30), 0, 0, x);
    emit (l, is_signed ? V66_38 (0x20) : V66_38 (0x30), 1, 0, y);
    emit (l, V66 (0xd5), 0, 0, 1);
  } else if (lane == 1) {
    emit (l, V66 (0xd5), XMM_SCRATCH, x, y);
    emit (l, is_signed ? V66 (0xe5) : V66 (0xe4), 1, x, y);
    emit (l, high ? V66 (0x69) : V66 (0x61), 0, XMM_SCRATCH, 1);
  } else {
    emit (l, V66 (0x70), 0, 0, x); /* vpshufd */
    asm_u8 (&l->a, high ? 0xfa : 0x50);
    emit (l, V66 (0x70), 1, 0, y);
    asm_u8 (&l->a, high ? 0xfa : 0x50);
    emit (l, is_signed ? V66_38 (0x28) : V66 (0xf4), 0, 0, 1);
  }
  free_dying (l, op);
  finish (l, op, 0, d);
  return true;
}

static bool
lower_clmul (Lower *l, const IrOp *op)
{
  int x, y;
  if ((op->sub & 3) != 3)
    return false;
  both (l, op, &x, &y);
  int d = dst_vec (l, op->dst);
  emit (l, V_PCLMULQDQ, 0, x, y);
  asm_u8 (&l->a, (uint8_t)((op->imm & 1) | (op->imm & 2) << 3));
  free_dying (l, op);
  finish (l, op, 0, d);
  return true;
}

/* The host's instructions do whole rounds: with a key of zeros, and two that undo each other's other steps, they are the
 * single steps. */
static bool
lower_aes (Lower *l, const IrOp *op)
{
  if (!jit_has_aes)
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0), d = dst_vec (l, op->dst);
  emit (l, V66 (0xef), 1, 1, 1);
  switch (op->imm) {
    case IR_AES_SUB_SHIFT: emit (l, V66_38 (0xdd), 0, x, 1); break;
    case IR_AES_INV_SUB_SHIFT: emit (l, V66_38 (0xdf), 0, x, 1); break;
    case IR_AES_MIX:
      emit (l, V66_38 (0xdf), 0, x, 1);
      emit (l, V66_38 (0xdc), 0, 0, 1);
      break;
    default: emit (l, V66_38 (0xdb), 0, 0, x); break;
  }
  free_dying (l, op);
  finish (l, op, 0, d);
  return true;
}

bool
lower_vector (Lower *l, const IrOp *op)
{
  unsigned code = binary_code (op);
  if (code != 0) {
    lower_binary (l, op, code);
    return true;
  }
  switch (op->op) {
    case IR_VAND:
    case IR_VOR:
    case IR_VXOR:
    case IR_VANDN:
    case IR_VORN:
    case IR_VBSEL: return lower_bitwise (l, op);
    case IR_VABS: return lower_abs (l, op);
    case IR_VABD: return lower_abd (l, op);
    case IR_VHADD: return lower_hadd (l, op);
    case IR_VCMP: return lower_compare_lanes (l, op);
    case IR_VSHL:
    case IR_VSHR: return lower_shift_imm (l, op);
    case IR_VSHIFT: return lower_shift_lanes (l, op);
    case IR_VPOPCNT:
    case IR_VBREV8: return lower_nibbles (l, op);
    case IR_VQDMULH: return lower_qdmulh (l, op);
    case IR_VMULW: return lower_mulw (l, op);
    case IR_VCLMUL: return lower_clmul (l, op);
    case IR_VAES: return lower_aes (l, op);
    default: return false;
  }
}
