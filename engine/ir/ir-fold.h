/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The builder's view of constants, and its simplification of PURE integer ops. */

#include "ir-build.h"

static inline bool
ir_known (const IrBuilder *b, IrVal v, int64_t *ret_value)
{
  if (IR_IS_VAR (v)) {
    if (!(b->known_mask[v / 64] >> (v % 64) & 1))
      return false;
    *ret_value = b->known[v];
    return true;
  }
  if (!IR_IS_CONST (v))
    return false;
  *ret_value = ir_const_value (b->region, v);
  return true;
}

/* The operand to use for v in a place where an executor takes small constants for free: a variable known to
 * hold one becomes the constant, others stay (a large constant costs more than reading the variable). */
static inline IrVal
ir_cheapest (IrBuilder *b, IrType type, IrVal v)
{
  int64_t k;

  if (!IR_IS_VAR (v) || !ir_known (b, v, &k) || (type != IR_I32 && k != (int32_t)k))
    return v;
  return ir_const (b, k);
}

/* The condition that holds for (y, x) when cond holds for (x, y). */
IrCond ir_cond_swap (IrCond cond);

/* Simplifies an op for which ir_op_is_pure_int() and whose type is an integer's.  Returns the constant it
 * amounts to, or IR_NONE with *op in its simplest form. */
IrVal ir_fold (IrBuilder *b, IrOp *op);

/* var = (var or another << n) >> n, in two instructions, is how a guest without extension instructions
 * narrows a value: makes one EXTS or EXTZ of it.  `op`, the latest op, is the right shift, its dst already
 * set to the variable; the left shift goes if it wrote the same variable just before. */
void ir_fuse_extension (IrBuilder *b, IrOp *op);
