/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

static bool
is_w (const IrOp *op)
{
  return op->type == IR_I64;
}

/* The result of an I32 op is in the low half of `reg`: extend it as the op says, and deliver it. */
void
dst_int_finish (Lower *l, const IrOp *op, int reg)
{
  if (op->flags & IR_F_SX)
    asm_movsxd (&l->a, reg, reg);
  dst_int_done (l, op->dst, reg);
}

static bool
same_reg (Opnd o, int reg)
{
  return o.kind == OPND_REG && o.reg == reg;
}

static bool
fits_imm32 (Opnd o, bool w)
{
  return o.kind == OPND_IMM && (!w || o.imm == (int32_t)o.imm);
}

/* reg = reg ALU o */
static void
alu (Lower *l, int digit, bool w, int reg, Opnd o)
{
  if (o.kind == OPND_MEM)
    asm_alu_rm (&l->a, digit, w, reg, o.mem);
  else if (fits_imm32 (o, w))
    asm_alu_ri (&l->a, digit, w, reg, (int32_t)o.imm);
  else
    asm_alu_rr (&l->a, digit, w, reg, int_reg (l, w, o, RCX));
}

/* An addition whose destination differs from its inputs is one lea. */
static bool
add_by_lea (Lower *l, bool w, int d, Opnd x, Opnd y)
{
  if (x.kind != OPND_REG)
    return false;
  if (fits_imm32 (y, w) && x.reg != d)
    asm_lea (&l->a, w, d, mem_base (x.reg, (int32_t)y.imm));
  else if (y.kind == OPND_REG && x.reg != d && y.reg != d)
    asm_lea (&l->a, w, d, (Mem){ .base = x.reg, .index = y.reg });
  else
    return false;
  return true;
}

/* var op= value for a variable that lives in memory. */
static bool
alu_in_memory (Lower *l, int digit, const IrOp *op)
{
  if (!is_w (op) || op->dst != op->a || !IR_IS_VAR (op->dst))
    return false;
  Opnd d = opnd_int (l, op->dst), y = opnd_int (l, op->b);
  if (d.kind != OPND_MEM || y.kind == OPND_MEM)
    return false;
  free_dying (l, op);
  if (fits_imm32 (y, true))
    asm_alu_mi (&l->a, digit, true, d.mem, (int32_t)y.imm);
  else
    asm_alu_mr (&l->a, digit, true, d.mem, int_reg (l, true, y, RAX));
  return true;
}

static void
lower_alu (Lower *l, int digit, bool commutes, const IrOp *op)
{
  if (alu_in_memory (l, digit, op))
    return;
  bool w = is_w (op);
  Opnd x = opnd_int (l, op->a), y = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (digit == ALU_ADD && add_by_lea (l, w, d, x, y)) {
    dst_int_finish (l, op, d);
    return;
  }
  if (same_reg (y, d) && !same_reg (x, d)) {
    if (commutes) {
      alu (l, digit, w, d, x);
    } else if (digit == ALU_SUB && x.kind == OPND_IMM && x.imm == 0) {
      asm_rr (&l->a, OP0 (0xf7), w, 3, d); /* neg */
    } else {
      int_to (l, w, RAX, x);
      alu (l, digit, w, RAX, y);
      asm_mov_rr (&l->a, w, d, RAX);
    }
  } else {
    int_to (l, w, d, x);
    alu (l, digit, w, d, y);
  }
  dst_int_finish (l, op, d);
}

/* a & ~b, a | ~b, ~(a ^ b) */
static void
lower_alu_not (Lower *l, const IrOp *op)
{
  bool w = is_w (op);
  Opnd x = opnd_int (l, op->a), y = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (op->op == IR_ANDN) {
    int notted = int_reg (l, w, y, RCX);
    int other = int_reg (l, w, x, RAX);
    asm_vex_rr (&l->a, OP0F38 (0xf2), w, d, notted, other);
  } else {
    int_to (l, w, RAX, y);
    if (op->op == IR_ORN) {
      asm_rr (&l->a, OP0 (0xf7), w, 2, RAX); /* not */
      alu (l, ALU_OR, w, RAX, x);
    } else {
      alu (l, ALU_XOR, w, RAX, x);
      asm_rr (&l->a, OP0 (0xf7), w, 2, RAX);
    }
    if (d != RAX)
      asm_mov_rr (&l->a, w, d, RAX);
  }
  dst_int_finish (l, op, d);
}

/* digit: of the legacy shift; vex: prefix-coded opcode of BMI2 shlx/shrx/sarx, 0 for rotates. */
static void
lower_shift (Lower *l, int digit, unsigned vex, const IrOp *op)
{
  bool w = is_w (op);
  Opnd x = opnd_int (l, op->a), n = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (n.kind == OPND_IMM) {
    unsigned count = n.imm & (w ? 63 : 31);
    if (digit == 4 && count == 1 && x.kind == OPND_REG && x.reg != d) {
      asm_lea (&l->a, w, d, (Mem){ .base = x.reg, .index = x.reg });
    } else {
      int_to (l, w, d, x);
      if (count != 0)
        asm_shift_ri (&l->a, digit, w, d, count);
      else if (!w)
        asm_mov_rr (&l->a, false, d, d);
    }
  } else if (vex != 0) {
    int count = int_reg (l, w, n, RCX);
    if (x.kind == OPND_MEM)
      asm_vex_rm (&l->a, vex, w, d, count, x.mem);
    else
      asm_vex_rr (&l->a, vex, w, d, count, int_reg (l, w, x, RAX));
  } else {
    int_to (l, w, RCX, n);
    int_to (l, w, RAX, x);
    asm_rr (&l->a, OP0 (0xd3), w, digit, RAX);
    if (d != RAX)
      asm_mov_rr (&l->a, w, d, RAX);
  }
  dst_int_finish (l, op, d);
}

static void
lower_mov (Lower *l, const IrOp *op)
{
  Opnd x = opnd_int (l, op->a);
  free_dying (l, op);
  bool w = is_w (op);
  if (x.kind == OPND_IMM && IR_IS_VAR (op->dst) && l->map->gpr[op->dst] < 0 && x.imm == (int32_t)x.imm && w) {
    asm_rm (&l->a, OP0 (0xc7), true, 0, var_mem (op->dst));
    asm_u32 (&l->a, x.imm);
    return;
  }
  int d = dst_int (l, op->dst);
  if (x.kind == OPND_REG && w) {
    dst_int_done (l, op->dst, x.reg);
    return;
  }
  if (x.kind == OPND_REG && op->flags & IR_F_SX)
    asm_movsxd (&l->a, d, x.reg);
  else if (x.kind == OPND_MEM && op->flags & IR_F_SX)
    asm_rm (&l->a, OP0 (0x63), true, d, x.mem);
  else if (x.kind == OPND_IMM && op->flags & IR_F_SX)
    asm_mov_ri (&l->a, d, (int32_t)x.imm);
  else if (x.kind == OPND_REG)
    asm_mov_rr (&l->a, w, d, x.reg);
  else
    int_to (l, w, d, x);
  dst_int_done (l, op->dst, d);
}

/* Sign or zero extension of the low imm bits. */
static void
lower_ext (Lower *l, const IrOp *op)
{
  bool is_signed = op->op == IR_EXTS, w = is_w (op);
  Opnd x = opnd_int (l, op->a);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  unsigned code;
  if (op->imm == 32)
    code = is_signed && w ? OP0 (0x63) : OP0 (0x8b);
  else if (op->imm == 16)
    code = is_signed ? OP0F (0xbf) : OP0F (0xb7);
  else
    code = is_signed ? OP0F (0xbe) : OP0F (0xb6);
  bool wide = is_signed && w;
  if (x.kind == OPND_MEM)
    asm_rm (&l->a, code, wide, d, x.mem);
  else
    asm_rr_n (&l->a, code, wide, d, int_reg (l, true, x, RAX), op->imm == 8 ? 1 : 8);
  dst_int_finish (l, op, d);
}

static void
lower_shladd (Lower *l, const IrOp *op)
{
  bool w = is_w (op);
  int x = int_reg (l, w, opnd_int (l, op->a), RCX);
  Opnd y = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  Mem m = { .base = -1, .index = x, .scale = op->imm };
  if (fits_imm32 (y, true))
    m.disp = y.imm;
  else
    m.base = int_reg (l, w, y, RAX);
  asm_lea (&l->a, w, d, m);
  dst_int_finish (l, op, d);
}

static const uint8_t cond_cc[] = {
  [IR_EQ] = CC_E,   [IR_NE] = CC_NE,  [IR_LTS] = CC_L, [IR_GES] = CC_GE, [IR_LTU] = CC_B,
  [IR_GEU] = CC_AE, [IR_LES] = CC_LE, [IR_GTS] = CC_G, [IR_LEU] = CC_BE, [IR_GTU] = CC_A,
};

int
lower_compare (Lower *l, IrCond cond, IrType type, IrVal a, IrVal b)
{
  static const uint8_t swapped[] = {
    [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_LTS] = IR_GTS, [IR_GES] = IR_LES, [IR_LTU] = IR_GTU,
    [IR_GEU] = IR_LEU, [IR_LES] = IR_GES, [IR_GTS] = IR_LTS, [IR_LEU] = IR_GEU, [IR_GTU] = IR_LTU,
  };
  bool w = type == IR_I64;
  Opnd x = opnd_int (l, a), y = opnd_int (l, b);
  if (x.kind == OPND_IMM && y.kind != OPND_IMM) {
    Opnd t = x;
    x = y;
    y = t;
    cond = swapped[cond];
  }
  if (x.kind == OPND_REG && y.kind == OPND_IMM && (w ? y.imm : (int32_t)y.imm) == 0)
    asm_test_rr (&l->a, w, x.reg, x.reg);
  else if (x.kind == OPND_MEM && fits_imm32 (y, w))
    asm_alu_mi (&l->a, ALU_CMP, w, x.mem, (int32_t)y.imm);
  else
    alu (l, ALU_CMP, w, int_reg (l, w, x, RAX), y);
  return cond_cc[cond];
}

static void
lower_setcc (Lower *l, const IrOp *op)
{
  int cc = lower_compare (l, op->sub, op->type, op->a, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  asm_setcc (&l->a, cc, RAX);
  asm_rr_n (&l->a, OP0F (0xb6), false, d, RAX, 1);
  dst_int_done (l, op->dst, d);
}

static void
lower_select (Lower *l, const IrOp *op)
{
  bool w = is_w (op);
  int cc = lower_test (l, l->block, op->a, l->op_index);
  Opnd yes = opnd_int (l, op->b), no = opnd_int (l, op->c);
  if (cc < 0) {
    Opnd test = opnd_int (l, op->a);
    cc = CC_NE;
    if (test.kind == OPND_MEM) {
      asm_alu_mi (&l->a, ALU_CMP, w, test.mem, 0);
    } else {
      int t = int_reg (l, w, test, RAX);
      asm_test_rr (&l->a, w, t, t);
    }
  }
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  if (same_reg (yes, d)) {
    Opnd t = yes;
    yes = no;
    no = t;
    cc ^= 1;
  }
  int_to (l, w, d, no); /* mov leaves the flags alone */
  if (yes.kind == OPND_MEM)
    asm_rm (&l->a, OP0F (0x40 | cc), w, d, yes.mem);
  else
    asm_rr (&l->a, OP0F (0x40 | cc), w, d, int_reg (l, w, yes, RCX));
  dst_int_finish (l, op, d);
}

static void
lower_minmax (Lower *l, const IrOp *op)
{
  static const uint8_t keep[] = { CC_G, CC_A, CC_L, CC_B }; /* take b when a is above (min) or below (max) */
  bool w = is_w (op);
  Opnd x = opnd_int (l, op->a), y = opnd_int (l, op->b);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  int_to (l, w, RAX, x);
  int second = int_reg (l, w, y, RCX);
  asm_alu_rr (&l->a, ALU_CMP, w, RAX, second);
  asm_rr (&l->a, OP0F (0x40 | keep[op->op - IR_MINS]), w, RAX, second);
  if (d != RAX)
    asm_mov_rr (&l->a, w, d, RAX);
  dst_int_finish (l, op, d);
}

static void
lower_state (Lower *l, const IrOp *op)
{
  int d = dst_int (l, op->dst);
  asm_load64 (&l->a, d, state_mem (op->imm - STATE_BIAS));
  dst_int_done (l, op->dst, d);
}

bool
lower_int (Lower *l, const IrOp *op)
{
  switch (op->op) {
    case IR_MOV: lower_mov (l, op); return true;
    case IR_ADD: lower_alu (l, ALU_ADD, true, op); return true;
    case IR_SUB: lower_alu (l, ALU_SUB, false, op); return true;
    case IR_AND: lower_alu (l, ALU_AND, true, op); return true;
    case IR_OR: lower_alu (l, ALU_OR, true, op); return true;
    case IR_XOR: lower_alu (l, ALU_XOR, true, op); return true;
    case IR_ANDN:
    case IR_ORN:
    case IR_XNOR: lower_alu_not (l, op); return true;
    case IR_SHL: lower_shift (l, 4, OP_66 (OP0F38 (0xf7)), op); return true;
    case IR_SHR: lower_shift (l, 5, OP_F2 (OP0F38 (0xf7)), op); return true;
    case IR_SAR: lower_shift (l, 7, OP_F3 (OP0F38 (0xf7)), op); return true;
    case IR_ROTL: lower_shift (l, 0, 0, op); return true;
    case IR_ROTR: lower_shift (l, 1, 0, op); return true;
    case IR_SHLADD: lower_shladd (l, op); return true;
    case IR_MINS:
    case IR_MINU:
    case IR_MAXS:
    case IR_MAXU: lower_minmax (l, op); return true;
    case IR_EXTS:
    case IR_EXTZ: lower_ext (l, op); return true;
    case IR_STATE: lower_state (l, op); return true;
    case IR_SETCC: lower_setcc (l, op); return true;
    case IR_SELECT: lower_select (l, op); return true;
    default: return false;
  }
}
