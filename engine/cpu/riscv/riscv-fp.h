/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Operands and rounding of floating-point instructions. */

#include "riscv-trans.h"

/* SPEC: RISC-V unprivileged §21.2-21.3: canonical NaNs, NaN boxing, conversions of NaN give the largest
 * integer; tininess is detected after rounding. */
#define RV_FP_CLASS (IR_FPC_NAN_CANONICAL | IR_FPC_BOXED | IR_FPC_CVT_NAN_MAX)

/* The imm of an op without rounding. */
#define RV_FP_EXACT IR_FP (IR_RNE, RV_FP_CLASS)

/* The imm of an op that rounds as the instruction's rm field says; false if that is illegal now. */
static inline bool
rv_rounding (const RvTrans *t, unsigned rm, int32_t *ret_imm)
{
  *ret_imm = IR_FP (rm, RV_FP_CLASS);
  return rm != IR_RDYN || !(t->mode & RV_MODE_FRM_INVALID);
}

/* The value of f register n as a number of `type`: a narrow one not properly boxed is a NaN. */
static inline IrVal
rv_f_input (RvTrans *t, IrType type, unsigned n)
{
  if (type == IR_F64)
    return rv_f (n);
  return ir_emit (t->b, IR_DESC (.op = IR_UNBOX, .type = type, .imm = RV_FP_EXACT), rv_f (n), IR_NONE,
                  IR_NONE);
}

static inline void
rv_set_f (RvTrans *t, unsigned n, IrVal value)
{
  ir_set (t->b, rv_f (n), value);
}
