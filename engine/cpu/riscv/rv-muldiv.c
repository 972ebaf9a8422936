/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The M extension. */

#include "riscv-trans.h"

static IsaFlow
muldiv (RvTrans *t, const RvArgs *a, IrOpcode op)
{
  IrDesc d = IR_DESC (.op = op, .type = t->xt, .sub = IR_DIV0_ONES);
  rv_set_x (t, a->rd, ir_emit (t->b, d, rv_x (t, a->rs1), rv_x (t, a->rs2), IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
muldiv_w (RvTrans *t, const RvArgs *a, IrOpcode op)
{
  IrDesc d = IR_DESC (.op = op, .type = IR_I32, .sub = IR_DIV0_ONES);
  IrVal x = ir_emit (t->b, d, rv_x (t, a->rs1), rv_x (t, a->rs2), IR_NONE);
  rv_set_x (t, a->rd, ir_sx32 (t->b, x));
  return ISA_NEXT;
}

#define MULDIV(insn, op)                                                                                     \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return muldiv (t, a, op);                                                                                \
  }
#define MULDIV_W(insn, op)                                                                                   \
  IsaFlow rv_trans_##insn (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return muldiv_w (t, a, op);                                                                              \
  }

MULDIV (mul, IR_MUL)
MULDIV (mulh, IR_MULHS)
MULDIV (mulhu, IR_MULHU)
MULDIV (mulhsu, IR_MULHSU)
MULDIV (div, IR_DIVS)
MULDIV (divu, IR_DIVU)
MULDIV (rem, IR_REMS)
MULDIV (remu, IR_REMU)
MULDIV_W (mulw, IR_MUL)
MULDIV_W (divw, IR_DIVS)
MULDIV_W (divuw, IR_DIVU)
MULDIV_W (remw, IR_REMS)
MULDIV_W (remuw, IR_REMU)
