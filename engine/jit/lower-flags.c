/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Condition flags.  The host computes the same four; lahf and seto bring them into ax, where they are bits
 * 15, 14, 8 and 0, and pext closes the gaps. */

#define HOST_FLAGS 0xc101

static void
asm_lahf (Lower *l)
{
  asm_u8 (&l->a, 0x9f);
}

static void
asm_cmc (Lower *l)
{
  asm_u8 (&l->a, 0xf5);
}

/* reg = the host's flags as the IR has them. */
static void
take_flags (Lower *l, int reg)
{
  asm_lahf (l);
  asm_setcc (&l->a, CC_O, RAX);
  asm_mov_ri (&l->a, RCX, HOST_FLAGS);
  asm_vex_rr (&l->a, OP_F3 (OP0F38 (0xf5)), false, reg, RAX, RCX); /* pext */
}

static void
alu_opnd (Lower *l, int digit, bool w, int reg, Opnd o)
{
  if (o.kind == OPND_MEM)
    asm_alu_rm (&l->a, digit, w, reg, o.mem);
  else if (o.kind == OPND_IMM && (!w || o.imm == (int32_t)o.imm))
    asm_alu_ri (&l->a, digit, w, reg, (int32_t)o.imm);
  else
    asm_alu_rr (&l->a, digit, w, reg, int_reg (l, w, o, RCX));
}

/* The host's carry = bit 0 of c. Uses rcx. */
static void
set_carry (Lower *l, Opnd c)
{
  int reg = int_reg (l, false, c, RCX);
  asm_rr (&l->a, OP0F (0xba), false, 4, reg); /* bt reg, 0 */
  asm_u8 (&l->a, 0);
}

static void
lower_with_carry (Lower *l, const IrOp *op, bool w, Opnd x, Opnd y)
{
  bool subtract = op->op == IR_CCSBC;
  int_to (l, w, RAX, x);
  if (y.kind != OPND_REG) { /* rcx is needed for the carry: keep a constant or slot in memory */
    int_to (l, w, RCX, y);
    asm_store64 (&l->a, STATE (arg[0]), RCX);
    y = (Opnd){ .kind = OPND_MEM, .mem = STATE (arg[0]) };
  }
  set_carry (l, opnd_int (l, op->c));
  if (subtract)
    asm_cmc (l);
  alu_opnd (l, subtract ? ALU_SBB : ALU_ADC, w, RAX, y);
  if (subtract)
    asm_cmc (l);
}

bool
lower_flags (Lower *l, const IrOp *op)
{
  bool w = op->type == IR_I64;
  if (op->op < IR_CCADD || op->op > IR_CCLOGIC)
    return false;
  Opnd x = opnd_int (l, op->a), y = op->b == IR_NONE ? x : opnd_int (l, op->b);
  switch (op->op) {
    case IR_CCADD:
      int_to (l, w, RAX, x);
      alu_opnd (l, ALU_ADD, w, RAX, y);
      break;
    case IR_CCSUB:
      alu_opnd (l, ALU_CMP, w, int_reg (l, w, x, RAX), y);
      asm_cmc (l);
      break;
    case IR_CCLOGIC: {
      int reg = int_reg (l, w, x, RAX);
      asm_test_rr (&l->a, w, reg, reg);
      break;
    }
    default: lower_with_carry (l, op, w, x, y);
  }
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  take_flags (l, d);
  dst_int_done (l, op->dst, d);
  return true;
}

/* The host's compare of b and a sets carry where a is greater, zero where equal, all three where unordered.
 * As number: carry 1, parity 4, zero 64: looked up in a constant by what is left of that. */
bool
lower_fcc (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, signaling = op->flags & IR_F_SIGNALING;
  int x = fp_reg (l, opnd_fp (l, op->a), 0), y = fp_reg (l, opnd_fp (l, op->b), 1);
  unsigned code = f32 ? (signaling ? V_COMISS : V_UCOMISS) : (signaling ? V_COMISD : V_UCOMISD);
  asm_vex_rr (&l->a, code, false, x, 0, y);
  free_dying (l, op);
  int d = dst_int (l, op->dst);
  /* ah: zero 0x40, parity 0x04, carry 0x01. Less: carry; equal: zero; greater: none; unordered: all. */
  asm_lahf (l);
  asm_mov_ri (&l->a, RCX, 0x4100);
  asm_vex_rr (&l->a, OP_F3 (OP0F38 (0xf5)), false, RAX, RAX,
              RCX); /* pext: 0 greater, 1 less, 2 equal, 3 unordered */
  asm_shift_ri (&l->a, 4, false, RAX, 2);
  asm_mov_ri (&l->a, RCX, 0x3682);
  asm_vex_rr (&l->a, OP_F2 (OP0F38 (0xf7)), false, RAX, RAX, RCX); /* shrx eax, ecx, eax */
  asm_alu_ri (&l->a, ALU_AND, false, RAX, 15);
  if (d != RAX)
    asm_mov_rr (&l->a, false, d, RAX);
  dst_int_done (l, op->dst, d);
  return true;
}
