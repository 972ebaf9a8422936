/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower-vec.h"

/* Vector ops that move lanes. */

static const uint8_t broadcast[] = { 0x78, 0x79, 0x58, 0x59 };

static void
lower_dup (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  int r = int_reg (l, true, opnd_int (l, op->a), RAX);
  asm_vex_rr (&l->a, V_MOVD_TO_X, lane == 3, 0, 0, r);
  int d = last_result (l, op);
  emit (l, V66_38 (broadcast[lane]), d, 0, 0);
  finish_in (l, op, d);
}

static void
lower_dup_lane (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3, bytes = (unsigned)op->imm << lane;
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (bytes != 0) {
    shift_imm (l, 3, 3, 0, x, bytes);
    x = 0;
  }
  int d = last_result (l, op);
  emit (l, V66_38 (broadcast[lane]), d, 0, x);
  finish_in (l, op, d);
}

static unsigned
insert_code (unsigned lane)
{
  static const unsigned code[] = { V66_3A (0x20), V66 (0xc4), V66_3A (0x22), V66_3A (0x22) };
  return code[lane];
}

static void
lower_insert_int (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  int x = vec_reg (l, opnd_vec (l, op->a), 0), r = int_reg (l, true, opnd_int (l, op->b), RAX);
  int d = last_result (l, op);
  asm_vex_rr (&l->a, insert_code (lane), lane == 3, d, x, r);
  asm_u8 (&l->a, op->imm & 15);
  finish_in (l, op, d);
}

/* gpr = lane `index` of x, zero-extended. */
static void
extract (Lower *l, unsigned lane, int gpr, int x, unsigned index)
{
  static const unsigned code[] = { V66_3A (0x14), V66_3A (0x15), V66_3A (0x16), V66_3A (0x16) };
  if (index == 0 && lane >= 2) {
    asm_vex_rr (&l->a, V_MOVD_FROM_X, lane == 3, x, 0, gpr);
    return;
  }
  asm_vex_rr (&l->a, code[lane], lane == 3, x, 0, gpr);
  asm_u8 (&l->a, (uint8_t)index);
}

static void
lower_insert_lane (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3, to = op->imm & 15, from = (unsigned)op->imm >> 4;
  int x, y;
  both (l, op, &x, &y);
  switch (lane) {
    case 3: /* vshufpd takes one half of each */
      if (to == 0)
        emit_imm (l, V66 (0xc6), 0, y, x, from | 2);
      else
        emit_imm (l, V66 (0xc6), 0, x, y, from << 1);
      break;
    case 2: emit_imm (l, V_INSERTPS, 0, x, y, from << 6 | to << 4); break;
    default: extract (l, lane, RAX, y, from); emit_imm (l, insert_code (lane), 0, x, RAX, to);
  }
  finish_from (l, op, 0);
}

static void
lower_get_lane (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3;
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  extract (l, lane, d, x, (unsigned)op->imm);
  if (IR_MEM_SIGNED (op->sub) && lane == 2)
    asm_movsxd (&l->a, d, d);
  else if (IR_MEM_SIGNED (op->sub) && lane < 2)
    asm_rr_n (&l->a, lane == 0 ? OP0F (0xbe) : OP0F (0xbf), true, d, d, lane == 0 ? 1 : 8);
  dst_int_done (l, op->dst, d);
}

static void
lower_reverse (Lower *l, const IrOp *op)
{
  uint8_t index[16];
  uint64_t d[2];
  unsigned bytes = 1u << (op->sub & 3);
  for (unsigned i = 0; i < 16; i++)
    index[i] = (uint8_t)(i ^ ((unsigned)op->imm - bytes));
  memcpy (d, index, 16);
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  literal_load (l, 1, d[0], d[1]);
  int result = last_result (l, op);
  emit (l, V66_38 (0x00), result, x, 1);
  finish_in (l, op, result);
}

static void
lower_zip (Lower *l, const IrOp *op)
{
  static const uint8_t low[] = { 0x60, 0x61, 0x62, 0x6c }, high[] = { 0x68, 0x69, 0x6a, 0x6d };
  unsigned lane = op->sub & 3;
  bool half = op->flags & IR_F_HALF;
  int x, y;
  both (l, op, &x, &y);
  if (half && op->imm) {
    emit (l, V66 (low[lane]), 0, x, y);
    shift_imm (l, 3, 3, 0, 0, 8);
    finish_from (l, op, 0);
    return;
  }
  int d = last_result (l, op);
  emit (l, V66 (op->imm ? high[lane] : low[lane]), d, x, y);
  finish_in (l, op, d);
}

/* Even or odd lanes of xmm0 and xmm1, packed into xmm0. */
static void
pack_lanes (Lower *l, unsigned lane, bool odd)
{
  switch (lane) {
    case 0:
    case 1: /* made lanes of twice the width, which the host narrows with saturation that does nothing then */
      for (int x = 0; x < 2; x++) {
        if (!odd)
          shift_imm (l, lane + 1, 6, x, x, 8u << lane);
        shift_imm (l, lane + 1, 2, x, x, 8u << lane);
      }
      emit (l, lane == 0 ? V66 (0x67) : V66_38 (0x2b), 0, 0, 1);
      break;
    case 2: emit_imm (l, OP0F (0xc6), 0, 0, 1, odd ? 0xdd : 0x88); break;
    default: emit (l, odd ? V66 (0x6d) : V66 (0x6c), 0, 0, 1);
  }
}

static void
lower_unzip (Lower *l, const IrOp *op)
{
  int x, y;
  both (l, op, &x, &y);
  if (op->flags & IR_F_HALF) {
    emit (l, V66 (0x6c), 0, x, y);
    asm_fmov (&l->a, 1, 0);
  } else {
    if (x != 0)
      asm_fmov (&l->a, 0, x);
    if (y != 1)
      asm_fmov (&l->a, 1, y);
  }
  pack_lanes (l, op->sub & 3, op->imm & 1);
  finish_from (l, op, 0);
}

static void
lower_transpose (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3, width = 8u << lane;
  int x, y;
  both (l, op, &x, &y);
  if (lane == 3) {
    emit (l, op->imm ? V66 (0x6d) : V66 (0x6c), 0, x, y);
  } else if (op->imm) {
    shift_imm (l, lane + 1, 2, 0, x, width);
    shift_imm (l, lane + 1, 2, 1, y, width);
    shift_imm (l, lane + 1, 6, 1, 1, width);
    emit (l, V66 (0xeb), 0, 0, 1);
  } else {
    shift_imm (l, lane + 1, 6, 0, x, width);
    shift_imm (l, lane + 1, 2, 0, 0, width);
    shift_imm (l, lane + 1, 6, 1, y, width);
    emit (l, V66 (0xeb), 0, 0, 1);
  }
  finish_from (l, op, 0);
}

static void
lower_extract (Lower *l, const IrOp *op)
{
  int x, y;
  both (l, op, &x, &y);
  if (op->flags & IR_F_HALF) {
    emit (l, V66 (0x6c), 0, x, y);
    shift_imm (l, 3, 3, 0, 0, (unsigned)op->imm);
    finish_from (l, op, 0);
    return;
  }
  int d = last_result (l, op);
  emit_imm (l, V66_3A (0x0f), d, y, x, (unsigned)op->imm);
  finish_in (l, op, d);
}

/* The host takes an index by its low four bits and top bit: from 16 on, indices get their top bit. */
static void
lower_table (Lower *l, const IrOp *op)
{
  const uint64_t bias = UINT64_C (0x7070707070707070);
  int x, y;
  both (l, op, &x, &y);
  literal_load (l, XMM_SCRATCH, bias, bias);
  emit (l, V66 (0xdc), 1, y, XMM_SCRATCH);
  int d = last_result (l, op);
  emit (l, V66_38 (0x00), d, x, 1);
  finish_in (l, op, d);
}

static bool
lower_widen (Lower *l, const IrOp *op)
{
  static const uint8_t zero[] = { 0x30, 0x33, 0x35 }, sign[] = { 0x20, 0x23, 0x25 };
  unsigned lane = op->sub & 3;
  if (lane == 3)
    return false;
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (op->imm & 1) {
    shift_imm (l, 3, 3, 0, x, 8);
    x = 0;
  }
  int d = last_result (l, op);
  emit (l, V66_38 (IR_MEM_SIGNED (op->sub) ? sign[lane] : zero[lane]), d, 0, x);
  finish_in (l, op, d);
  return true;
}

/* 64-bit lanes with saturation, by their upper and lower parts. */
static bool
narrow_quads (Lower *l, const IrOp *op)
{
  if (!have_spare (l, 1))
    return false;
  int upper = spare (l, 0), x = vec_reg (l, opnd_vec (l, op->a), 0);
  emit_imm (l, V66 (0x70), upper, 0, x, 0x0d); /* vpshufd: lanes 1 and 3 */
  emit_imm (l, V66 (0x70), 0, 0, x, 0x08);
  switch (op->imm) {
    case IR_NARROW_SS: /* in range where the upper part is the lower one's sign */
      shift_imm (l, 2, 4, 1, 0, 31);
      emit (l, V66 (0x76), 1, 1, upper);
      shift_imm (l, 2, 4, upper, upper, 31);
      literal_both (l, XMM_SCRATCH, UINT64_C (0x7fffffff7fffffff));
      emit (l, V66 (0xef), upper, upper, XMM_SCRATCH);
      emit_imm (l, V66_3A (0x4a), 0, upper, 0, 1 << 4); /* vblendvps */
      break;
    case IR_NARROW_SU:
      emit (l, V66 (0xef), 1, 1, 1);
      emit (l, V66 (0x66), 1, upper, 1);
      emit (l, V66 (0xeb), 0, 0, 1);
      shift_imm (l, 2, 4, upper, upper, 31);
      emit (l, V66 (0xdf), 0, upper, 0);
      break;
    default:
      emit (l, V66 (0xef), 1, 1, 1);
      emit (l, V66 (0x76), 1, 1, upper);
      emit (l, V66 (0xef), 1, 1, XMM_ONES);
      emit (l, V66 (0xeb), 0, 0, 1);
  }
  vec_cut (l, 0);
  finish_from (l, op, 0);
  return true;
}

static bool
lower_narrow (Lower *l, const IrOp *op)
{
  unsigned lane = op->sub & 3; /* of the source */
  const unsigned to_unsigned = lane == 1 ? V66 (0x67) : V66_38 (0x2b),
                 to_signed = lane == 1 ? V66 (0x63) : V66 (0x6b);
  if (lane == 3 && op->imm != IR_NARROW_CUT)
    return narrow_quads (l, op);
  int x = vec_reg (l, opnd_vec (l, op->a), 0);
  if (lane == 3) {
    emit_imm (l, V66 (0x70), 0, 0, x, 0x08); /* vpshufd: lanes 0 and 2 */
    vec_cut (l, 0);
    finish_from (l, op, 0);
    return true;
  }
  if (op->imm == IR_NARROW_CUT) {
    literal_load (l, 1, lane == 1 ? UINT64_C (0x0e0c0a0806040200) : UINT64_C (0x0d0c090805040100),
                  UINT64_MAX);
    int d = last_result (l, op);
    emit (l, V66_38 (0x00), d, x, 1);
    finish_in (l, op, d);
    return true;
  }
  emit (l, V66 (0xef), 1, 1, 1);
  switch (op->imm) {
    case IR_NARROW_SS: emit (l, to_signed, 0, x, 1); break;
    case IR_NARROW_SU: emit (l, to_unsigned, 0, x, 1); break;
    default: {
      uint64_t most = lane == 1 ? UINT64_C (0x00ff00ff00ff00ff) : UINT64_C (0x0000ffff0000ffff);
      literal_load (l, XMM_SCRATCH, most, most);
      emit (l, lane == 1 ? V66_38 (0x3a) : V66_38 (0x3b), 0, x, XMM_SCRATCH);
      emit (l, to_unsigned, 0, 0, 1);
      break;
    }
  }
  finish_from (l, op, 0);
  return true;
}

static void
lower_select (Lower *l, const IrOp *op)
{
  int test = int_reg (l, true, opnd_int (l, op->a), RAX);
  vec_to (l, 0, opnd_vec (l, op->c));
  asm_test_rr (&l->a, true, test, test);
  uint8_t *no = asm_short_jcc (&l->a, CC_E);
  vec_to (l, 0, opnd_vec (l, op->b));
  asm_short_end (&l->a, no);
  finish_from (l, op, 0);
}

static void
lower_move (Lower *l, const IrOp *op)
{
  Opnd x = opnd_vec (l, op->a);
  free_dying (l, op);
  int d = dst_vec (l, op->dst);
  vec_to (l, d, x);
  dst_vec_done (l, op->dst, d, x.kind == OPND_WIDE && x.high == 0);
  if (x.kind == OPND_WIDE && IR_IS_VAR (op->dst) && x.high == 0 && (uint64_t)x.imm <= UINT32_MAX)
    bit_set (l->boxed, op->dst + 1u);
}

bool
lower_vector_move (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_MOV: lower_move (l, op); return true;
    case IR_SELECT: lower_select (l, op); return true;
    case IR_VDUP: lower_dup (l, op); return true;
    case IR_VDUPL: lower_dup_lane (l, op); return true;
    case IR_VINSI: lower_insert_int (l, op); return true;
    case IR_VINSL: lower_insert_lane (l, op); return true;
    case IR_VGETL: lower_get_lane (l, op); return true;
    case IR_VREV: lower_reverse (l, op); return true;
    case IR_VZIP: lower_zip (l, op); return true;
    case IR_VUZP: lower_unzip (l, op); return true;
    case IR_VTRN: lower_transpose (l, op); return true;
    case IR_VEXT: lower_extract (l, op); return true;
    case IR_VTBL: lower_table (l, op); return true;
    case IR_VWIDEN: return lower_widen (l, op);
    case IR_VNARROW: return lower_narrow (l, op);
    default: return false;
  }
}
