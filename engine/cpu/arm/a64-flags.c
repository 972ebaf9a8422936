/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Conditions.  An instruction that sets the flags writes what they are; one that reads them looks back in its
 * block for the op that did, and compares its operands again: then nobody needs the flags themselves, and
 * ir_optimise() drops them. */

#include "arm-trans.h"

bool
a64_holds (unsigned cond, unsigned nzcv)
{
  bool n = nzcv & IR_CC_N, z = nzcv & IR_CC_Z, c = nzcv & IR_CC_C, v = nzcv & IR_CC_V, result;

  switch (cond >> 1) {
    case 0: result = z; break;
    case 1: result = c; break;
    case 2: result = n; break;
    case 3: result = v; break;
    case 4: result = c && !z; break;
    case 5: result = n == v; break;
    case 6: result = n == v && !z; break;
    default: return true;
  }
  return result != (cond & 1);
}

/* Bit f is set where flags f satisfy the condition. */
static unsigned
truth_table (unsigned cond)
{
  unsigned table = 0;
  for (unsigned f = 0; f < 16; f++)
    table |= (unsigned)a64_holds (cond, f) << f;
  return table;
}

static A64Test
test_of_flags (A64Trans *t, unsigned cond)
{
  IrVal bit = ir_op2 (t->b, IR_SHR, IR_I32, ir_const (t->b, truth_table (cond)), ARM_VAR_NZCV);
  bit = ir_op2 (t->b, IR_AND, IR_I32, bit, ir_const (t->b, 1));
  return (A64Test){ IR_NE, IR_I32, bit, ir_const (t->b, 0) };
}

static bool
defines (const IrOp *op, IrVal v)
{
  return op->dst == v && !IR_IS_CONST (v) && v != IR_NONE;
}

/* Whether the operands of the op at that index still are what they were there. */
static bool
operands_hold (const IrRegion *r, uint32_t index)
{
  const IrOp *op = &r->ops[index];
  for (uint32_t k = index + 1; k < r->n_ops; k++)
    if ((IR_IS_VAR (op->a) && defines (&r->ops[k], op->a)) ||
        (IR_IS_VAR (op->b) && defines (&r->ops[k], op->b)))
      return false;
  return true;
}

/* The op of the open block that wrote `value` last, if all its operands still are what they were. */
static const IrOp *
find_writer (const A64Trans *t, IrVal value)
{
  const IrRegion *r = t->b->region;
  uint32_t first = t->b->block->first_op;

  for (uint32_t i = r->n_ops; i-- > first;) {
    const IrOp *op = &r->ops[i];
    if (op->dst == value)
      return operands_hold (r, i) ? op : NULL;
    if (op->op == IR_HELPER) /* may write any variable */
      return NULL;
  }
  return NULL;
}

/* What holds the difference or sum that op's flags are of: computed afresh. */
static IrVal
result_of (A64Trans *t, const IrOp *op)
{
  IrOp copy = *op; /* emitting may move the ops */
  return ir_op2 (t->b, copy.op == IR_CCSUB ? IR_SUB : IR_ADD, copy.type, copy.a, copy.b);
}

static A64Test
test (IrCond cond, IrType type, IrVal x, IrVal y)
{
  return (A64Test){ cond, type, x, y };
}

static bool
test_of_difference (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  static const uint8_t conds[] = { IR_EQ, IR_NE,  IR_GEU, IR_LTU, 0,      0,      0,
                                   0,     IR_GTU, IR_LEU, IR_GES, IR_LTS, IR_GTS, IR_LES };
  IrType type = op->type;

  if (cond >= 6 && cond < 8)
    return false;
  if (cond >= 4 && cond < 6) {
    IrVal result = result_of (t, op);
    *ret = test (cond == 4 ? IR_LTS : IR_GES, type, result, ir_const (t->b, 0));
  } else {
    *ret = test (conds[cond], type, op->a, op->b);
  }
  return true;
}

static bool
test_of_sum (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  static const uint8_t conds[] = { IR_EQ, IR_NE, IR_LTU, IR_GEU, IR_LTS, IR_GES };
  IrType type = op->type;
  IrVal a = op->a;

  if (cond >= 6)
    return false;
  IrVal result = result_of (t, op);
  /* A carry came out where the sum is less than an addend. */
  *ret = test (conds[cond], type, result, cond == 2 || cond == 3 ? a : ir_const (t->b, 0));
  return true;
}

/* Carry and overflow are clear. */
static bool
test_of_logic (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  static const uint8_t conds[] = { IR_EQ, IR_NE, 0, 0,      IR_LTS, IR_GES, 0,
                                   0,     0,     0, IR_GES, IR_LTS, IR_GTS, IR_LES };

  if ((cond & ~1u) == 2 || (cond & ~1u) == 6 || (cond & ~1u) == 8)
    return false;
  *ret = test (conds[cond], op->type, op->a, ir_const (t->b, 0));
  return true;
}

/* The flags of a comparison of numbers say which of less, equal, greater and unordered it was. */
static bool
test_of_numbers (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  static const struct {
    IrCond predicate;
    bool swapped;
  } table[7] = { { IR_EQ, false },  { IR_LTS, false }, { IR_LTS, false }, { IR_EQ, false },
                 { IR_LES, false }, { IR_LES, true },  { IR_LTS, true } };
  /* Whether the even condition of the pair is the predicate itself, and not its opposite. */
  static const bool positive[7] = { true, false, true, false, false, true, true };
  IrCond predicate = table[cond >> 1].predicate;
  IrVal x = table[cond >> 1].swapped ? op->b : op->a, y = table[cond >> 1].swapped ? op->a : op->b;

  if (cond >> 1 == 3 &&
      op->a != op->b) /* only of a number and itself it is known that unordered is not equal */
    return false;
  IrDesc d = op->desc;
  d.op = IR_FSETCC;
  d.sub = (uint8_t)predicate;
  IrVal holds = ir_emit (t->b, d, x, y, IR_NONE);
  *ret = test (positive[cond >> 1] != (cond & 1) ? IR_NE : IR_EQ, IR_I64, holds, ir_const (t->b, 0));
  return true;
}

static bool
test_of_op (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  switch (op->op) {
    case IR_CCSUB: return test_of_difference (t, op, cond, ret);
    case IR_CCADD: return test_of_sum (t, op, cond, ret);
    case IR_CCLOGIC: return test_of_logic (t, op, cond, ret);
    case IR_FCC: return test_of_numbers (t, op, cond, ret);
    default: return false;
  }
}

/* A conditional comparison: the flags are those of another op where a test holds, else constant. */
static bool
test_of_selection (A64Trans *t, const IrOp *op, unsigned cond, A64Test *ret)
{
  IrVal chosen = op->a;
  int64_t otherwise;
  A64Test inner;

  if (!IR_IS_TEMP (chosen) || !IR_IS_TEMP (op->b) || !IR_IS_CONST (op->c))
    return false;
  otherwise = ir_const_value (t->b->region, op->c);
  const IrOp *flags = find_writer (t, op->b);
  if (flags == NULL || !test_of_op (t, flags, cond, &inner))
    return false;
  IrVal holds = ir_setcc (t->b, inner.cond, inner.type, inner.x, inner.y);
  if (a64_holds (cond, (unsigned)otherwise & 15)) {
    chosen = ir_op2 (t->b, IR_XOR, IR_I64, chosen, ir_const (t->b, 1));
    holds = ir_op2 (t->b, IR_OR, IR_I64, chosen, holds);
  } else {
    holds = ir_op2 (t->b, IR_AND, IR_I64, chosen, holds);
  }
  *ret = test (IR_NE, IR_I64, holds, ir_const (t->b, 0));
  return true;
}

A64Test
a64_test (A64Trans *t, unsigned cond)
{
  const IrOp *op = find_writer (t, ARM_VAR_NZCV);
  A64Test result;

  if (op == NULL ||
      !(op->op == IR_SELECT ? test_of_selection (t, op, cond, &result) : test_of_op (t, op, cond, &result)))
    return test_of_flags (t, cond);
  ir_insn_reads_flags (t->b);
  return result;
}

IrVal
a64_test_value (A64Trans *t, unsigned cond)
{
  A64Test test = a64_test (t, cond);
  return ir_setcc (t->b, test.cond, test.type, test.x, test.y);
}
