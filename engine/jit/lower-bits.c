/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

static void
lower_mul (Lower *l, const IrOp *op)
{
  bool w = op->type == IR_I64;
  Opnd x = opnd_int (l, op->a), y = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (y.kind == OPND_IMM && y.imm == (int32_t)y.imm) {
    asm_rr (&l->a, OP0 (0x69), w, d, int_reg (l, w, x, RAX));
    asm_u32 (&l->a, y.imm);
  } else if (y.kind == OPND_REG && y.reg == d) {
    asm_rr (&l->a, OP0F (0xaf), w, d, int_reg (l, w, x, RAX));
  } else {
    int second = int_reg (l, w, y, RCX);
    int_to (l, w, d, x);
    asm_rr (&l->a, OP0F (0xaf), w, d, second);
  }
  dst_int_finish (l, op, d);
}

/* The high half of a product. digit: 4 mul, 5 imul. */
static void
lower_mulh (Lower *l, const IrOp *op, int digit)
{
  bool w = op->type == IR_I64;
  vacate_rdx (l);
  Opnd x = opnd_int (l, op->a), y = opnd_int (l, op->b);
  int_to (l, w, RCX, y);
  int_to (l, w, RAX, x);
  free_dying (l, op);
  uint16_t pool = l->free_gpr;
  l->free_gpr &= ~(1u << RDX);
  int d = dst_int (l, op->dst);
  l->free_gpr |= pool & (1u << RDX);
  asm_rr (&l->a, OP0 (0xf7), w, digit, RCX);
  if (op->op == IR_MULHSU) { /* unsigned product, minus b where a is negative */
    asm_rr (&l->a, OP0 (0x8b), w, RAX, RDX);
    asm_alu_rr (&l->a, ALU_SUB, w, RAX, RCX);
    int a = int_reg (l, w, x, -1);
    asm_test_rr (&l->a, w, a, a);
    asm_rr (&l->a, OP0F (0x40 | CC_S), w, RDX, RAX);
  }
  if (d == RAX)
    asm_mov_rr (&l->a, w, RAX, RDX);
  else
    asm_mov_rr (&l->a, w, d, RDX);
  dst_int_finish (l, op, d);
}

/* Quotient or remainder in rax/rdx; a divisor of 0 or -1 goes the safe way first. */
static void
lower_div (Lower *l, const IrOp *op)
{
  bool w = op->type == IR_I64, is_signed = op->op == IR_DIVS || op->op == IR_REMS;
  bool rem = op->op == IR_REMS || op->op == IR_REMU;
  vacate_rdx (l);
  int_to (l, w, RCX, opnd_int (l, op->b));
  int_to (l, w, RAX, opnd_int (l, op->a));
  free_dying (l, op);
  l->free_gpr &= ~(1u << RDX);
  int d = dst_int (l, op->dst);
  l->free_gpr |= 1u << RDX;
  asm_test_rr (&l->a, w, RCX, RCX);
  uint8_t *nonzero = asm_short_jcc (&l->a, CC_NE);
  if (!rem) /* x / 0 */
    asm_mov_ri (&l->a, RAX, op->sub == IR_DIV0_ONES ? (w ? INT64_C (-1) : INT64_C (0xffffffff)) : 0);
  else /* x % 0 is x */
    asm_mov_rr (&l->a, w, RDX, RAX);
  uint8_t *done0 = asm_short_jmp (&l->a), *done1 = NULL;
  asm_short_end (&l->a, nonzero);
  if (is_signed) {
    asm_alu_ri (&l->a, ALU_CMP, w, RCX, -1);
    uint8_t *plain = asm_short_jcc (&l->a, CC_NE);
    if (rem)
      asm_alu_rr (&l->a, ALU_XOR, false, RDX, RDX);
    else
      asm_rr (&l->a, OP0 (0xf7), w, 3, RAX); /* neg: MIN stays MIN */
    done1 = asm_short_jmp (&l->a);
    asm_short_end (&l->a, plain);
    if (w)
      asm_u8 (&l->a, 0x48);
    asm_u8 (&l->a, 0x99); /* cdq, cqo */
  } else {
    asm_alu_rr (&l->a, ALU_XOR, false, RDX, RDX);
  }
  asm_rr (&l->a, OP0 (0xf7), w, is_signed ? 7 : 6, RCX);
  asm_short_end (&l->a, done0);
  if (done1 != NULL)
    asm_short_end (&l->a, done1);
  asm_mov_rr (&l->a, w, d, rem ? RDX : RAX);
  dst_int_finish (l, op, d);
}

bool
lower_muldiv (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_MUL: lower_mul (l, op); return true;
    case IR_MULHS: lower_mulh (l, op, 5); return true;
    case IR_MULHU: lower_mulh (l, op, 4); return true;
    case IR_MULHSU:
      /* The sign of a is tested after rax is gone, so a must be somewhere else. */
      if (opnd_int (l, op->a).kind != OPND_REG || IR_IS_TEMP (op->a))
        return false;
      lower_mulh (l, op, 4);
      return true;
    case IR_DIVS:
    case IR_DIVU:
    case IR_REMS:
    case IR_REMU: lower_div (l, op); return true;
    default: return false;
  }
}

/* lzcnt, tzcnt, popcnt: an operand of 0 gives the width, as the IR wants it. */
static void
lower_count (Lower *l, unsigned code, const IrOp *op)
{
  bool w = op->type == IR_I64;
  Opnd x = opnd_int (l, op->a);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (x.kind == OPND_MEM)
    asm_rm (&l->a, code, w, d, x.mem);
  else
    asm_rr (&l->a, code, w, d, int_reg (l, w, x, RAX));
  dst_int_finish (l, op, d);
}

static void
lower_bswap (Lower *l, const IrOp *op)
{
  bool w = op->type == IR_I64;
  Opnd x = opnd_int (l, op->a);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  int_to (l, w, d, x);
  asm_u8 (&l->a, 0x40 | w << 3 | (d >> 3));
  asm_u8 (&l->a, 0x0f);
  asm_u8 (&l->a, 0xc8 | (d & 7));
  dst_int_finish (l, op, d);
}

/* The bits inside each byte reversed: a matrix over GF(2), or neighbours, pairs and nibbles exchanged. */
static void
lower_brev8 (Lower *l, const IrOp *op)
{
  static const uint64_t masks[] = { UINT64_C (0x5555555555555555), UINT64_C (0x3333333333333333),
                                    UINT64_C (0x0f0f0f0f0f0f0f0f) };
  bool w = op->type == IR_I64;
  Opnd x = opnd_int (l, op->a);
  if (jit_has_gfni) {
    asm_vex_rr (&l->a, V_MOVD_TO_X, true, 0, 0, int_reg (l, true, x, RAX));
    free_dying (l, op);
    int d = dst_int (l, op->dst);
    literal_load (l, 1, UINT64_C (0x8040201008040201), 0);
    asm_vex_rr (&l->a, V_GF2P8AFFINEQB, true, 0, 0, 1);
    asm_u8 (&l->a, 0);
    asm_vex_rr (&l->a, V_MOVD_FROM_X, w, 0, 0, d);
    dst_int_finish (l, op, d);
    return;
  }
  int_to (l, w, RAX, x);
  vacate_rdx (l);
  for (unsigned i = 0; i < G_N_ELEMENTS (masks); i++) {
    asm_mov_ri (&l->a, RDX, (int64_t)masks[i]);
    asm_mov_rr (&l->a, true, RCX, RAX);
    asm_shift_ri (&l->a, 5, true, RCX, 1u << i);
    asm_alu_rr (&l->a, ALU_AND, true, RCX, RDX);
    asm_alu_rr (&l->a, ALU_AND, true, RAX, RDX);
    asm_shift_ri (&l->a, 4, true, RAX, 1u << i);
    asm_alu_rr (&l->a, ALU_OR, true, RAX, RCX);
  }
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (d != RAX)
    asm_mov_rr (&l->a, w, d, RAX);
  dst_int_finish (l, op, d);
}

/* Each byte all ones unless it is zero: the complement of a compare with zero. */
static void
lower_orcb (Lower *l, const IrOp *op)
{
  Opnd x = opnd_int (l, op->a);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  bool w = op->type == IR_I64;
  asm_vex_rr (&l->a, V_XORPD, false, 1, 1, 1);
  asm_vex_rr (&l->a, V_MOVD_TO_X, true, 0, 0, int_reg (l, w, x, RAX));
  asm_vex_rr (&l->a, V_PCMPEQB, false, 0, 0, 1);
  asm_vex_rr (&l->a, V_XORPD, false, 0, 0, XMM_ONES);
  asm_vex_rr (&l->a, V_MOVD_FROM_X, w, 0, 0, d);
  dst_int_finish (l, op, d);
}

/* Carry-less product: pclmulqdq gives 127 bits. */
static bool
lower_clmul (Lower *l, const IrOp *op)
{
  if (op->type != IR_I64)
    return false;
  int x = int_reg (l, true, opnd_int (l, op->a), RAX), y = int_reg (l, true, opnd_int (l, op->b), RCX);
  free_dying (l, op);
  asm_vex_rr (&l->a, V_MOVD_TO_X, true, 0, 0, x);
  asm_vex_rr (&l->a, V_MOVD_TO_X, true, 1, 0, y);
  int d = dst_int (l, op->dst);
  asm_vex_rr (&l->a, V_PCLMULQDQ, false, 0, 0, 1);
  asm_u8 (&l->a, 0);
  if (op->op == IR_CLMUL) {
    asm_vex_rr (&l->a, V_MOVD_FROM_X, true, 0, 0, d);
  } else {
    asm_vex_rr (&l->a, V_PEXTRQ, true, 0, 0, d);
    asm_u8 (&l->a, 1);
    if (op->op == IR_CLMULR) { /* (high << 1) | (low >> 63) */
      asm_vex_rr (&l->a, V_MOVD_FROM_X, true, 0, 0, RCX);
      asm_rr (&l->a, OP0F (0xa4), true, RCX, d); /* shld d, rcx, 1 */
      asm_u8 (&l->a, 1);
    }
  }
  dst_int_finish (l, op, d);
  return true;
}

bool
lower_bits (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_CLZ: lower_count (l, OP_F3 (OP0F (0xbd)), op); return true;
    case IR_CTZ: lower_count (l, OP_F3 (OP0F (0xbc)), op); return true;
    case IR_POPCNT: lower_count (l, OP_F3 (OP0F (0xb8)), op); return true;
    case IR_BSWAP: lower_bswap (l, op); return true;
    case IR_BREV8: lower_brev8 (l, op); return true;
    case IR_ORCB: lower_orcb (l, op); return true;
    case IR_CLMUL:
    case IR_CLMULH:
    case IR_CLMULR: return lower_clmul (l, op);
    default: return false;
  }
}
