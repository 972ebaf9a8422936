/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Constant folding and algebraic identities of PURE integer ops.  Rules are here because they are cheap and
 * meet real code: address arithmetic, sign and zero extension, the idioms compilers use for moves and masks.
 */

#include "ir-fold.h"
#include "ir-eval.h"
#include "ir-move.h"
#include "bits.h"

IrCond
ir_cond_swap (IrCond cond)
{
  switch (cond) {
    case IR_LTS: return IR_GTS;
    case IR_GES: return IR_LES;
    case IR_LTU: return IR_GTU;
    case IR_GEU: return IR_LEU;
    case IR_LES: return IR_GES;
    case IR_GTS: return IR_LTS;
    case IR_LEU: return IR_GEU;
    case IR_GTU: return IR_LTU;
    default: return cond;
  }
}

static IrVal
op_to_const (IrBuilder *b, const IrOp *op, int64_t k)
{
  return ir_const (b, op->type == IR_I32 ? (int64_t)ir_extend32 ((uint64_t)k, op->flags) : k);
}

/* The result is operand v, cut to the type. */
static IrVal
op_to_move (IrOp *op, IrVal v)
{
  op->op = IR_MOV;
  op->sub = 0;
  op->imm = 0;
  op->a = v;
  op->b = op->c = IR_NONE;
  return IR_NONE;
}

/* Operand b becomes k. */
static IrVal
op_to_immediate (IrBuilder *b, IrOp *op, IrOpcode opcode, int64_t k)
{
  int64_t old;

  /* Not where it is k already: it may be a variable holding a large constant, the cheaper operand. */
  if (op->op == opcode && ir_known (b, op->b, &old) && old == k)
    return IR_NONE;
  op->op = opcode;
  op->sub = 0;
  op->imm = 0;
  op->b = ir_const (b, k);
  return IR_NONE;
}

static IrVal
op_to_zext (IrOp *op, unsigned bits)
{
  op->op = IR_EXTZ;
  op->imm = (int32_t)bits;
  op->b = IR_NONE;
  return IR_NONE;
}

static IrVal
fold_add (IrBuilder *b, IrOp *op, int64_t k)
{
  const IrRegion *r = b->region;

  /* t = x + j; t + k: add to x instead. Nothing can have changed x, and t may turn out to be unused. */
  if (r->n_ops > b->block->first_op && op->type == IR_I64) {
    const IrOp *last = &r->ops[r->n_ops - 1];
    if (last->op == IR_ADD && last->type == IR_I64 && last->dst == op->a && IR_IS_TEMP (op->a) &&
        IR_IS_CONST (last->b)) {
      k = (int64_t)((uint64_t)k + (uint64_t)ir_const_value (r, last->b));
      op->a = last->a;
    }
  }
  return k == 0 ? op_to_move (op, op->a) : op_to_immediate (b, op, IR_ADD, k);
}

static IrVal
fold_and (IrBuilder *b, IrOp *op, int64_t k)
{
  if (k == 0)
    return op_to_const (b, op, 0);
  if (k == -1)
    return op_to_move (op, op->a);
  if (k == 0xff)
    return op_to_zext (op, 8);
  if (k == 0xffff)
    return op_to_zext (op, 16);
  if (k == 0xffffffff)
    return op_to_zext (op, 32);
  return op_to_immediate (b, op, IR_AND, k);
}

static IrVal
fold_or (IrBuilder *b, IrOp *op, int64_t k)
{
  if (k == -1)
    return op_to_const (b, op, -1);
  return k == 0 ? op_to_move (op, op->a) : op_to_immediate (b, op, IR_OR, k);
}

static IrVal
fold_shift (IrBuilder *b, IrOp *op, int64_t k)
{
  k &= op->type == IR_I32 ? 31 : 63;
  return k == 0 ? op_to_move (op, op->a) : op_to_immediate (b, op, op->op, k);
}

static IrVal
fold_shladd (IrBuilder *b, IrOp *op, int64_t k)
{
  if (op->imm == 0)
    return fold_add (b, op, k);
  if (k == 0)
    return op_to_immediate (b, op, IR_SHL, op->imm);
  return IR_NONE;
}

/* Multiplication and division by one or a power of two. */
static IrVal
fold_scale (IrBuilder *b, IrOp *op, int64_t k)
{
  uint64_t u = op->type == IR_I32 ? (uint32_t)k : (uint64_t)k;

  if (u == 0 && op->op == IR_MUL)
    return op_to_const (b, op, 0);
  if (u == 1)
    return op->op == IR_REMU ? op_to_const (b, op, 0) : op_to_move (op, op->a);
  if (u == 0 || (u & (u - 1)) != 0 || op->op == IR_DIVS)
    return IR_NONE;
  if (op->op == IR_REMU)
    return fold_and (b, op, (int64_t)(u - 1));
  return op_to_immediate (b, op, op->op == IR_MUL ? IR_SHL : IR_SHR, __builtin_ctzll (u));
}

/* Operand b is the constant k, at the op's width a sign-extended number. */
static IrVal
fold_with_const (IrBuilder *b, IrOp *op, int64_t k)
{
  switch (op->op) {
    case IR_ADD: return fold_add (b, op, k);
    case IR_SUB: /* An address stays one: see ir-move.h. */
      return b->region->movable && ir_is_near (b->region, k) ? IR_NONE
                                                             : fold_add (b, op, (int64_t)-(uint64_t)k);
    case IR_AND: return fold_and (b, op, k);
    case IR_ANDN: return fold_and (b, op, ~k);
    case IR_OR: return fold_or (b, op, k);
    case IR_ORN: return fold_or (b, op, ~k);
    case IR_XOR: return k == 0 ? op_to_move (op, op->a) : op_to_immediate (b, op, IR_XOR, k);
    case IR_XNOR: return k == -1 ? op_to_move (op, op->a) : op_to_immediate (b, op, IR_XOR, ~k);
    case IR_SHL:
    case IR_SHR:
    case IR_SAR:
    case IR_ROTL:
    case IR_ROTR: return fold_shift (b, op, k);
    case IR_SHLADD: return fold_shladd (b, op, k);
    case IR_MUL:
    case IR_DIVS:
    case IR_DIVU:
    case IR_REMU: return fold_scale (b, op, k);
    default: return IR_NONE;
  }
}

static IrVal
fold_same_operand (IrBuilder *b, IrOp *op)
{
  switch (op->op) {
    case IR_SUB:
    case IR_XOR: return op_to_const (b, op, 0);
    case IR_AND:
    case IR_OR: return op_to_move (op, op->a);
    default: return IR_NONE;
  }
}

/* The latest op before op `i`, if it is in the same block. */
static const IrOp *
previous_op (const IrBuilder *b, uint32_t *i)
{
  while (*i > b->block->first_op && b->region->ops[*i - 1].op == IR_INSN)
    --*i;
  return *i > b->block->first_op ? &b->region->ops[--*i] : NULL;
}

/* Guests without an instruction for it count trailing zeros as the leading ones of all bits reversed. */
static void
fuse_reversal (IrBuilder *b, IrOp *op)
{
  uint32_t i = b->region->n_ops;
  const IrOp *bits = previous_op (b, &i);

  if (bits == NULL || bits->op != IR_BREV8 || bits->dst != op->a || bits->type != op->type)
    return;
  const IrOp *bytes = previous_op (b, &i);
  if (bytes == NULL || bytes->op != IR_BSWAP || bytes->dst != bits->a || bytes->type != op->type ||
      bytes->a == bits->dst || bytes->a == bytes->dst)
    return;
  op->op = IR_CTZ;
  op->a = bytes->a;
}

static IrVal
fold_unary (IrBuilder *b, IrOp *op)
{
  int64_t k;

  if (ir_known (b, op->a, &k))
    return ir_const (b, (int64_t)ir_eval_int (op->desc, (uint64_t)k, 0, 0));
  if ((op->op == IR_EXTS || op->op == IR_EXTZ) && op->imm >= (op->type == IR_I32 ? 32 : 64))
    return op_to_move (op, op->a);
  if (op->op == IR_CLZ)
    fuse_reversal (b, op);
  return IR_NONE;
}

static IrVal
fold_select (IrBuilder *b, IrOp *op)
{
  int64_t test, k;

  if (ir_known (b, op->a, &test)) {
    IrVal chosen = (op->type == IR_I32 ? (uint32_t)test : (uint64_t)test) != 0 ? op->b : op->c;
    return ir_known (b, chosen, &k) ? op_to_const (b, op, k) : op_to_move (op, chosen);
  }
  if (op->b == op->c)
    return ir_known (b, op->b, &k) ? op_to_const (b, op, k) : op_to_move (op, op->b);
  op->b = ir_cheapest (b, op->type, op->b);
  op->c = ir_cheapest (b, op->type, op->c);
  return IR_NONE;
}

/* Flags of sums with a carry: a known one makes them those of plain sums. */
static IrVal
fold_carry (IrBuilder *b, IrOp *op)
{
  int64_t carry;

  if (!ir_known (b, op->c, &carry) || (carry & 1) != (op->op == IR_CCSBC))
    return IR_NONE;
  op->op = op->op == IR_CCSBC ? IR_CCSUB : IR_CCADD;
  op->c = IR_NONE;
  return ir_fold (b, op);
}

void
ir_fuse_extension (IrBuilder *b, IrOp *op)
{
  IrRegion *r = b->region;
  uint32_t i = (uint32_t)(op - r->ops);
  unsigned width = op->type == IR_I32 ? 32 : 64;

  if (!IR_IS_CONST (op->b) || op->a != op->dst)
    return;
  while (i > b->block->first_op && r->ops[i - 1].op == IR_INSN)
    i--;
  if (i == b->block->first_op)
    return;

  IrOp *shl = &r->ops[i - 1];
  int64_t count = ir_const_value (r, op->b), bits = width - count;
  if (shl->op != IR_SHL || shl->type != op->type || shl->dst != op->dst || !IR_IS_CONST (shl->b) ||
      ir_const_value (r, shl->b) != count || (bits != 8 && bits != 16 && bits != 32))
    return;
  op->op = op->op == IR_SAR ? IR_EXTS : IR_EXTZ;
  op->imm = (int32_t)bits;
  op->a = shl->a;
  op->b = IR_NONE;
  *shl = (IrOp){ .op = IR_MOV, .dst = IR_NONE, .a = IR_NONE, .b = IR_NONE, .c = IR_NONE };
}

IrVal
ir_fold (IrBuilder *b, IrOp *op)
{
  const IrOpInfo *info = &ir_op_info[op->op];
  int64_t ka, kb;

  if (op->op == IR_SELECT)
    return fold_select (b, op);
  if (info->shape & IR_SHAPE_C)
    return fold_carry (b, op);
  if (!(info->shape & IR_SHAPE_B))
    return fold_unary (b, op);

  bool a_known = ir_known (b, op->a, &ka), b_known = ir_known (b, op->b, &kb);
  if (a_known && b_known)
    return ir_const (b, (int64_t)ir_eval_int (op->desc, (uint64_t)ka, (uint64_t)kb, 0));
  if (a_known && (info->props & IR_P_COMM || op->op == IR_SETCC)) {
    IrVal v = op->a;
    op->a = op->b;
    op->b = v;
    kb = ka;
    a_known = false;
    b_known = true;
    if (op->op == IR_SETCC)
      op->sub = ir_cond_swap (op->sub);
  }
  if (b_known) {
    op->b = ir_cheapest (b, op->type, op->b);
    return fold_with_const (b, op, op->type == IR_I32 ? (int32_t)kb : kb);
  }
  if (a_known)
    op->a = ir_cheapest (b, op->type, op->a);
  else if (op->a == op->b)
    return fold_same_operand (b, op);
  return IR_NONE;
}
