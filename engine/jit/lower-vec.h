/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files that lower vector ops share. xmm0, xmm1 and XMM_SCRATCH are theirs to use within an op. */

#include "lower.h"

#define V66(x)    OP_66 (OP0F (x))
#define V66_38(x) OP_66 (OP0F38 (x))
#define V66_3A(x) OP_66 (OP0F3A (x))

static inline void
emit (Lower *l, unsigned code, int d, int x, int y)
{
  asm_vex_rr (&l->a, code, false, d, x, y);
}

static inline void
emit_imm (Lower *l, unsigned code, int d, int x, int y, unsigned imm)
{
  emit (l, code, d, x, y);
  asm_u8 (&l->a, (uint8_t)imm);
}

/* d = x shifted by an immediate: digit 2 right, 4 right arithmetically, 6 left; lane 3 and digit 3 right by
 * bytes. */
static inline void
shift_imm (Lower *l, unsigned lane, int digit, int d, int x, unsigned count)
{
  static const uint8_t code[] = { 0x71, 0x71, 0x72, 0x73 };
  asm_vex_rr (&l->a, V66 (code[lane]), false, digit, d, x);
  asm_u8 (&l->a, (uint8_t)count);
}

/* Registers with both operands, xmm0 and xmm1 at need; a result may be made there after the last use of x and
 * y. */
static inline void
both (Lower *l, const IrOp *op, int *ret_x, int *ret_y)
{
  *ret_x = vec_reg (l, opnd_vec (l, op->a), 0);
  *ret_y = vec_reg (l, opnd_vec (l, op->b), 1);
}

/* Writes the result, which is in `reg`, to dst_vec ()'s register d. */
static inline void
finish (Lower *l, const IrOp *op, int reg, int d)
{
  bool half = op->flags & IR_F_HALF;
  if (half)
    asm_vex_rr (&l->a, V_MOVQ, false, d, 0, reg);
  else if (reg != d)
    asm_fmov (&l->a, d, reg);
  dst_vec_done (l, op->dst, d, half);
}

/* Gives back the operands, and writes the result from scratch register `reg`. */
static inline void
finish_from (Lower *l, const IrOp *op, int reg)
{
  free_dying (l, op);
  finish (l, op, reg, dst_vec (l, op->dst));
}

/* The register for the last of the op's instructions, which may have taken an operand's place: finish_in ()
 * comes next. */
static inline int
last_result (Lower *l, const IrOp *op)
{
  free_dying (l, op);
  return dst_vec (l, op->dst);
}
static inline void
finish_in (Lower *l, const IrOp *op, int d)
{
  finish (l, op, d, d);
}

/* The value in all 64-bit lanes of a register. */
static inline void
literal_both (Lower *l, int x, uint64_t value)
{
  literal_load (l, x, value, value);
}

/* Registers of temporaries that happen to be free, n at least. */
static inline bool
have_spare (const Lower *l, int n)
{
  return __builtin_popcount (l->free_xmm) >= n;
}

/* The nth free register, from 0. */
static inline int
spare (const Lower *l, int n)
{
  unsigned free = l->free_xmm;
  while (n-- > 0)
    free &= free - 1;
  return __builtin_ctz (free);
}
