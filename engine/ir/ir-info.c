/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of ops, from ir-ops.def. */

#include "ir.h"

enum {
  X = 0,
  D = IR_SHAPE_D,
  XA = IR_SHAPE_A,
  XAB = IR_SHAPE_A | IR_SHAPE_B,
  DA = IR_SHAPE_D | XA,
  DAB = IR_SHAPE_D | XAB,
  DABC = DAB | IR_SHAPE_C,
};

const IrOpInfo ir_op_info[IR_N_OPS] = {
#define IR_OP(NAME, name, shape, props) [IR_##NAME] = { name, shape, props },
#include "ir-ops.def"
#undef IR_OP
};

IrType
ir_op_dst_type (const IrOp *op)
{
  switch (op->op) {
    case IR_SETCC:
    case IR_FSETCC:
    case IR_FCC:
    case IR_FCLASS:
    case IR_FBITS:
    case IR_FPFLAGS:
    case IR_VGETL:
    case IR_HELPER: return IR_I64;
    case IR_FTOI: return op->sub & ~IR_UNSIGNED;
    case IR_FTOIMOD: return IR_I32;
    default: return op->type;
  }
}

unsigned
ir_op_wide (IrDesc d)
{
  if (d.type != IR_V128)
    return 0;
  switch (d.op) {
    case IR_LOAD:
    case IR_VDUP: return IR_SHAPE_D;
    case IR_STORE: return IR_SHAPE_B;
    case IR_SELECT: return IR_SHAPE_D | IR_SHAPE_B | IR_SHAPE_C;
    case IR_VINSI: return IR_SHAPE_D | IR_SHAPE_A;
    case IR_VGETL: return IR_SHAPE_A;
    default: return ir_op_info[d.op].shape;
  }
}
