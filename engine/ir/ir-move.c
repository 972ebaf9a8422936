/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ir-move.h"

#include "ir-fold.h"

static bool
is_near (const IrBuilder *b, IrVal v)
{
  int64_t k;
  return v != IR_NONE && ir_known (b, v, &k) && ir_is_near (b->region, k);
}

/* Whether a result of near operands moves as far as they do. */
static bool
moves_along (const IrBuilder *b, const IrOp *op)
{
  bool x = is_near (b, op->a), y = is_near (b, op->b);
  if (op->type != IR_I64)
    return false;
  switch (op->op) {
    case IR_MOV: return true;
    case IR_ADD: return x != y;
    case IR_SUB: return x && !y;
    case IR_SHLADD: return !x;
    default: return false;
  }
}

void
ir_move_check_fold (IrBuilder *b, const IrOp *op, const IrOp *simple, IrVal k, bool movable)
{
  bool near = is_near (b, op->a) || is_near (b, op->b) || is_near (b, op->c);
  if (!near)
    return; /* A near result is ir_const()'s to notice. */
  b->region->movable = movable;
  if (k != IR_NONE)
    b->region->movable &= moves_along (b, op) && is_near (b, k);
  else
    b->region->movable &=
        op->desc.bits == simple->desc.bits && op->c == simple->c &&
        ((op->a == simple->a && op->b == simple->b) ||
         (op->a == simple->b && op->b == simple->a && ir_op_info[op->op].props & IR_P_COMM));
}

static bool
is_address (const IrRegion *r, IrVal v)
{
  return IR_IS_CONST (v) && ir_is_near (r, ir_const_value (r, v));
}

/* Whether the op does with an address what it would do with any other number of 64 bits. */
static bool
takes_address (const IrRegion *r, const IrOp *op)
{
  bool b = is_address (r, op->b), c = is_address (r, op->c);
  switch (op->op) {
    case IR_MOV:
    case IR_ADD:
    case IR_SUB: return op->type == IR_I64;
    case IR_LOAD:
    case IR_HELPER: return true;
    case IR_STORE: return !b || op->type == IR_I64;
    case IR_TRAP: return !is_address (r, op->a) && !c;
    default: return false;
  }
}

void
ir_move_check (IrRegion *r)
{
  for (uint32_t i = 0; i < r->n_ops && r->movable; i++) {
    const IrOp *op = &r->ops[i];
    if (is_address (r, op->a) || is_address (r, op->b) || is_address (r, op->c))
      r->movable = takes_address (r, op);
  }
  for (uint32_t i = 0; i < r->n_blocks && r->movable; i++) {
    const IrBlock *block = &r->blocks[i];
    bool address = is_address (r, block->a) || is_address (r, block->b);
    r->movable = !block->crosses && !(address && block->end == IR_END_BRANCH);
  }
}
