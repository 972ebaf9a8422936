/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Ops that are not emitted by themselves.  Comparisons that only the next op, or the end of the block, goes
 * by are not made into numbers, but emitted where the host's flags decide at once; a sum that is only the
 * next op's address is the host's to make. */

static bool
is_idle (const IrOp *op)
{
  return op->op == IR_INSN || (op->op == IR_MOV && op->dst == IR_NONE);
}

static uint32_t
block_end (const IrBlock *block)
{
  return block->first_op + block->n_ops;
}

/* The index of the op that follows, or the block's end. */
static uint32_t
next_op (const Lower *l, const IrBlock *block, uint32_t i)
{
  do
    i++;
  while (i < block_end (block) && is_idle (&l->r->ops[i]));
  return i;
}

/* The op before, or NULL. */
static const IrOp *
previous_op (const Lower *l, const IrBlock *block, uint32_t i, uint32_t *ret_index)
{
  while (i-- > block->first_op)
    if (!is_idle (&l->r->ops[i])) {
      *ret_index = i;
      return &l->r->ops[i];
    }
  return NULL;
}

static bool
is_zero (const Lower *l, IrVal v)
{
  return IR_IS_CONST (v) && ir_const_value (l->r, v) == 0;
}

/* Whether one condition code of the host's says what it gives. */
static bool
is_comparison (const Lower *l, const IrOp *op)
{
  if (op->op == IR_SETCC)
    return true;
  return op->op == IR_FSETCC && op->type != IR_F16 && op->sub != IR_EQ &&
         (!jit_has_wide || (l->fp_inline && !(IR_FP_CLASS (op->imm) & IR_FPC_BOXED)));
}

static bool
is_selection (const IrOp *op, IrVal test)
{
  bool inlined = op->type == IR_I32 || op->type == IR_I64 || (jit_has_wide && op->type != IR_V128);
  return op->op == IR_SELECT && inlined && op->a == test && op->b != test && op->c != test;
}

/* Whether op says that a number is, or is not, zero: such as another comparison's result. */
static bool
is_zero_test (const Lower *l, const IrOp *op, IrVal number)
{
  return op->op == IR_SETCC && (op->sub == IR_NE || op->sub == IR_EQ) && op->a == number &&
         is_zero (l, op->b);
}

/* Whether op asks for bits that one instruction tests. */
static bool
is_mask_test (const Lower *l, const IrOp *op)
{
  if (op->op != IR_AND || (op->type != IR_I32 && op->type != IR_I64) || !IR_IS_CONST (op->b))
    return false;
  int64_t mask = ir_const_value (l->r, op->b);
  return mask > 0 && mask <= INT8_MAX;
}

bool
test_is_deferred (const Lower *l, const IrBlock *block, uint32_t index)
{
  const IrOp *op = &l->r->ops[index];
  bool masked = is_mask_test (l, op);
  if (!IR_IS_TEMP (op->dst) || !(masked || is_comparison (l, op)))
    return false;
  uint32_t user = next_op (l, block, index);
  if (l->last_use[op->dst - IR_TEMP_BASE] != user)
    return false;
  if (user == block_end (block))
    return !masked && block->end == IR_END_BRANCH && (block->cond == IR_NE || block->cond == IR_EQ) &&
           block->a == op->dst && is_zero (l, block->b);
  const IrOp *next = &l->r->ops[user];
  if (next->op == IR_TRAP && next->a == op->dst && next->b != op->dst)
    return true;
  if (masked)
    return false;
  if (is_selection (next, op->dst))
    return true;
  return op->op == IR_FSETCC && is_zero_test (l, next, op->dst) && test_is_deferred (l, block, user);
}

void
test_defer (Lower *l, const IrOp *op)
{
  const IrVal in[2] = { op->a, op->b };
  for (unsigned i = 0; i < 2; i++)
    if (IR_IS_TEMP (in[i]) && l->temps[in[i] - IR_TEMP_BASE].kind != LOC_NONE &&
        l->last_use[in[i] - IR_TEMP_BASE] == l->op_index)
      l->last_use[in[i] - IR_TEMP_BASE] = next_op (l, l->block, l->op_index);
}

static bool
is_in_gpr (const Lower *l, IrVal v)
{
  return IR_IS_VAR (v) && l->map->gpr[v] >= 0;
}

bool
address_is_deferred (const Lower *l, const IrBlock *block, uint32_t index)
{
  const IrOp *op = &l->r->ops[index];
  if ((op->op != IR_SHLADD && op->op != IR_ADD) || op->type != IR_I64 || !IR_IS_TEMP (op->dst) ||
      !is_in_gpr (l, op->a) || !is_in_gpr (l, op->b) || jit_config.softmmu != NULL || l->r->addr32)
    return false;
  uint32_t user = next_op (l, block, index);
  if (user == block_end (block) || l->last_use[op->dst - IR_TEMP_BASE] != user)
    return false;
  const IrOp *access = &l->r->ops[user];
  return (access->op == IR_LOAD || access->op == IR_STORE) && access->a == op->dst && access->b != op->dst &&
         !(access->flags & IR_F_ALIGNED) && mem_is_inline (access);
}

const IrOp *
deferred_address (const Lower *l, IrVal address)
{
  uint32_t index;
  if (!IR_IS_TEMP (address) || l->op_index == block_end (l->block))
    return NULL;
  const IrOp *sum = previous_op (l, l->block, l->op_index, &index);
  return sum != NULL && sum->dst == address && address_is_deferred (l, l->block, index) ? sum : NULL;
}

static int
compare_numbers (Lower *l, const IrOp *op)
{
  bool f32 = op->type == IR_F32, signaling = op->flags & IR_F_SIGNALING;
  int x = fp_reg (l, opnd_fp (l, op->a), 0), y = fp_reg (l, opnd_fp (l, op->b), 1);
  unsigned code = f32 ? (signaling ? V_COMISS : V_UCOMISS) : (signaling ? V_COMISD : V_UCOMISD);
  asm_vex_rr (&l->a, code, false, y, 0, x); /* a < b is b above a: false when unordered */
  return op->sub == IR_LTS ? CC_A : CC_AE;
}

int
lower_test (Lower *l, const IrBlock *block, IrVal test, uint32_t user)
{
  uint32_t index, inner;
  const IrOp *op = previous_op (l, block, user, &index);
  if (op == NULL || op->dst != test || !test_is_deferred (l, block, index))
    return -1;
  if (op->op == IR_FSETCC)
    return compare_numbers (l, op);
  if (op->op == IR_AND) {
    asm_rr_n (&l->a, OP0 (0xf6), false, 0, int_reg (l, false, opnd_int (l, op->a), RAX),
              1); /* test r8, imm8 */
    asm_u8 (&l->a, (uint8_t)ir_const_value (l->r, op->b));
    return CC_NE;
  }
  const IrOp *numbers = previous_op (l, block, index, &inner);
  if (numbers != NULL && numbers->op == IR_FSETCC && test_is_deferred (l, block, inner))
    return compare_numbers (l, numbers) ^ (op->sub == IR_EQ);
  return lower_compare (l, op->sub, op->type, op->a, op->b);
}

int
lower_branch_test (Lower *l, const IrBlock *block)
{
  int cc = lower_test (l, block, block->a, block_end (block));
  if (cc >= 0)
    return cc ^ (block->cond == IR_EQ);
  return lower_compare (l, block->cond, block->type, block->a, block->b);
}
