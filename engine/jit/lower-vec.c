/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower-vec.h"

/* Vector ops on bits and integer lanes, for which the host has AVX2 instructions or short sequences of them.
 * What is not here is evaluated out of line. */

void
vec_cut (Lower *l, int x)
{
  asm_vex_rr (&l->a, V_MOVQ, false, x, 0, x);
}

static void
emit_opnd (Lower *l, unsigned code, int d, int x, Opnd y)
{
  if (y.kind == OPND_MEM)
    asm_vex_rm (&l->a, code, false, d, x, y.mem);
  else
    emit (l, code, d, x, vec_reg (l, y, 1));
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

/* The host compares for equal and, signed, for greater. Other orders exchange the operands or negate the
 * result; unsigned ones ask whether the larger of the two is the first. */
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
    static const uint8_t mirror[] = {
      [IR_LTS] = IR_GTS, [IR_LTU] = IR_GTU, [IR_LES] = IR_GES, [IR_LEU] = IR_GEU
    };
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

/* Of 64-bit lanes by the sign, which inverts a negative number and is subtracted. */
static void
lower_abs (Lower *l, const IrOp *op)
{
  int x = vec_reg (l, opnd_vec (l, op->a), 0), d = dst_vec (l, op->dst);
  if ((op->sub & 3) == 3) {
    emit (l, V66 (0xef), 1, 1, 1);
    emit (l, V66_38 (0x37), 1, 1, x);
    emit (l, V66 (0xef), XMM_SCRATCH, x, 1);
    emit (l, V66 (0xfb), XMM_SCRATCH, XMM_SCRATCH, 1);
  } else {
    emit (l, V66_38 (0x1c) + (op->sub & 3), XMM_SCRATCH, 0, x);
  }
  free_dying (l, op);
  finish (l, op, XMM_SCRATCH, d);
}

/* Products of 16-bit lanes by their halves; 32-bit lanes spread to the even places that the host multiplies.
 */
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

/* The host's instructions do whole rounds: with a key of zeros, and two that undo each other's other steps,
 * they are the single steps. */
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
    case IR_VABS: lower_abs (l, op); return true;
    case IR_VABD: return lower_abd (l, op);
    case IR_VCMP: return lower_compare_lanes (l, op);
    case IR_VSHL:
    case IR_VSHR:
    case IR_VSHIFT: return lower_vector_shift (l, op);
    case IR_VMULW: return lower_mulw (l, op);
    case IR_VCLMUL: return lower_clmul (l, op);
    case IR_VAES: return lower_aes (l, op);
    default: return lower_vector_int (l, op);
  }
}
