/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The verifier of regions. */

#include "ir.h"

typedef struct {
  const IrRegion *r;
  uint32_t *defined_in; /* per temporary: its block's index + 1, or 0 */
  uint32_t block;
} Checker;

static bool
operand_is_good (const Checker *c, IrVal v)
{
  if (IR_IS_TEMP (v))
    return v - IR_TEMP_BASE < c->r->n_temps && c->defined_in[v - IR_TEMP_BASE] == c->block + 1;
  return IR_IS_VAR (v) || (IR_IS_CONST (v) && v - IR_CONST_BASE < c->r->n_consts);
}

/* Whether operand v of an op is present as the op's shape says.  A helper takes as many operands as it likes.
 */
static bool
input_is_good (const Checker *c, const IrOp *op, unsigned shape_bit, IrVal v)
{
  if (v == IR_NONE)
    return op->op == IR_HELPER || !(ir_op_info[op->op].shape & shape_bit);
  return (ir_op_info[op->op].shape & shape_bit) && operand_is_good (c, v);
}

static const char *
check_op (Checker *c, const IrOp *op)
{
  if (op->op >= IR_N_OPS)
    return "unknown op";
  if (op->op == IR_MOV && op->dst == IR_NONE)
    return NULL; /* a removed op */
  if (!input_is_good (c, op, IR_SHAPE_A, op->a) || !input_is_good (c, op, IR_SHAPE_B, op->b) ||
      !input_is_good (c, op, IR_SHAPE_C, op->c))
    return "wrong operand";
  if (op->dst == IR_NONE)
    return op->op == IR_HELPER || !(ir_op_info[op->op].shape & IR_SHAPE_D) ? NULL : "no dst";
  if (!(ir_op_info[op->op].shape & IR_SHAPE_D))
    return "a dst on an op without";
  if (IR_IS_VAR (op->dst))
    return NULL;
  if (!IR_IS_TEMP (op->dst) || op->dst - IR_TEMP_BASE >= c->r->n_temps)
    return "wrong dst";
  if (c->defined_in[op->dst - IR_TEMP_BASE] != 0)
    return "temporary defined twice";
  c->defined_in[op->dst - IR_TEMP_BASE] = c->block + 1;
  return NULL;
}

static const char *
check_end (const Checker *c, const IrBlock *block)
{
  bool needs_a = block->end == IR_END_BRANCH || block->end == IR_END_RET || block->end == IR_END_INDIRECT;

  if (block->end == IR_END_NONE || block->end > IR_END_EXIT)
    return "block without end";
  if (block->a == IR_NONE ? needs_a : !operand_is_good (c, block->a))
    return "wrong operand of the end";
  if (block->end == IR_END_BRANCH && !operand_is_good (c, block->b))
    return "wrong second operand of the end";
  if (block->link != IR_NONE && !IR_IS_VAR (block->link))
    return "link is no variable";
  for (int i = 0; i < 2; i++)
    if (block->target[i].block < -1 || block->target[i].block >= (int64_t)c->r->n_blocks)
      return "edge to no block";
  return NULL;
}

char *
ir_region_check (const IrRegion *r)
{
  g_autofree uint32_t *defined_in = g_new0 (uint32_t, r->n_temps + 1);
  Checker c = { r, defined_in, 0 };
  const char *defect;

  for (c.block = 0; c.block < r->n_blocks; c.block++) {
    const IrBlock *block = &r->blocks[c.block];

    for (uint32_t i = 0; i < block->n_ops; i++)
      if ((defect = check_op (&c, &r->ops[block->first_op + i])) != NULL)
        return g_strdup_printf ("block %u op %u: %s", c.block, i, defect);
    if ((defect = check_end (&c, block)) != NULL)
      return g_strdup_printf ("block %u: %s", c.block, defect);
  }
  return NULL;
}
