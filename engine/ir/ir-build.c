/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The builder's values: emitting ops, setting variables. This runs once per translated op and is written for
 * speed. */

#include "ir-build.h"
#include "ir-eval.h"
#include "ir-fold.h"
#include "ir-move.h"

/* How far ir_set() looks back for the op that defines its value. */
#define RETARGET_WINDOW 4

IrOp *
ir_region_op (IrRegion *r)
{
  if (G_UNLIKELY (r->n_ops == r->cap_ops)) {
    r->cap_ops = MAX (256, r->cap_ops * 2);
    r->ops = g_renew (IrOp, r->ops, r->cap_ops);
  }
  return &r->ops[r->n_ops++];
}

static IrVal
new_temp (IrBuilder *b, bool wide)
{
  IrRegion *r = b->region;
  IrVal temp = (IrVal)(IR_TEMP_BASE + r->n_temps);

  /* ir_region_full() warns thousands of temporaries earlier. */
  if (G_UNLIKELY (r->n_temps + 1 >= IR_CONST_BASE - IR_TEMP_BASE))
    g_error ("a front end used up the temporaries of a region");
  r->n_temps += wide ? 2 : 1;
  return temp;
}

static IrVal
pooled (IrBuilder *b, int64_t value)
{
  IrRegion *r = b->region;
  uint16_t *hint = &b->const_hash[(uint64_t)value * UINT64_C (0x9e3779b97f4a7c15) >> 58];

  if (*hint < r->n_consts && r->consts[*hint] == value)
    return (IrVal)(IR_CONST_BASE + *hint);
  *hint = (uint16_t)r->n_consts;
  return ir_region_const (r, value);
}

IrVal
ir_const (IrBuilder *b, int64_t value)
{
  IrRegion *r = b->region;
  if (G_UNLIKELY (r->movable && ir_is_near (r, value)))
    r->movable = false;
  return pooled (b, value);
}

IrVal
ir_const_pc (IrBuilder *b, uint64_t address)
{
  IrRegion *r = b->region;
  if (G_UNLIKELY (r->movable && !ir_is_near (r, (int64_t)address)))
    r->movable = false;
  return pooled (b, (int64_t)address);
}

IrVal
ir_const_wide (IrBuilder *b, uint64_t low, uint64_t high)
{
  IrRegion *r = b->region;
  if (r->movable && (ir_is_near (r, (int64_t)low) || ir_is_near (r, (int64_t)high)))
    r->movable = false;
  for (uint32_t i = 1; i < r->n_consts; i++)
    if ((uint64_t)r->consts[i - 1] == low && (uint64_t)r->consts[i] == high)
      return (IrVal)(IR_CONST_BASE + i - 1);
  IrVal first = ir_region_const (b->region, (int64_t)low);
  ir_region_const (b->region, (int64_t)high);
  return first;
}

IrVal
ir_get (IrBuilder *b, IrVal var)
{
  return ir_cheapest (b, IR_I64, var);
}

bool
ir_is_const (IrBuilder *b, IrVal v, int64_t *ret_value)
{
  return ir_known (b, v, ret_value);
}

/* Bit 55 says what the bits above it would be without the tag. */
static IrVal
without_tag (IrBuilder *b, IrVal addr)
{
  IrVal up = ir_op2 (b, IR_SHL, IR_I64, addr, ir_const (b, 8));
  return ir_op2 (b, IR_SAR, IR_I64, up, ir_const (b, 8));
}

IrVal
ir_emit (IrBuilder *b, IrDesc d, IrVal x, IrVal y, IrVal z)
{
  if (b->untag && x != IR_NONE && ir_op_info[d.op].props & IR_P_MEM)
    x = without_tag (b, x);
  IrOp op = { .desc = d, .dst = IR_NONE, .a = x, .b = y, .c = z };

  if (ir_op_is_pure_int (d.op)) {
    const bool movable = b->region->movable;
    const IrOp whole = op;
    IrVal k = d.type <= IR_I64 ? ir_fold (b, &op) : IR_NONE;
    if (movable)
      ir_move_check_fold (b, &whole, &op, k, movable);
    if (k != IR_NONE)
      return k;
    op.dst = new_temp (b, d.type == IR_V128);
  } else if (ir_op_info[d.op].shape & IR_SHAPE_D) {
    op.dst = new_temp (b, ir_op_wide (d) & IR_SHAPE_D);
  }
  *ir_region_op (b->region) = op;
  return op.dst;
}

void
ir_insn (IrBuilder *b, uint64_t pc, unsigned len)
{
  b->block->n_insns++;
  b->block->size = (uint32_t)(pc + len - b->block->pc);
  *ir_region_op (b->region) = (IrOp){
    .op = IR_INSN,
    .sub = (uint8_t)len,
    .imm = (int32_t)(pc - b->region->pc),
    .dst = IR_NONE,
    .a = IR_NONE,
    .b = IR_NONE,
    .c = IR_NONE,
  };
}

static void
push_move (IrBuilder *b, IrType type, IrVal var, IrVal value)
{
  *ir_region_op (b->region) =
      (IrOp){ .op = IR_MOV, .type = type, .dst = var, .a = value, .b = IR_NONE, .c = IR_NONE };
}

static void
forget_var (IrBuilder *b, IrVal var)
{
  b->known_mask[var / 64] &= ~(UINT64_C (1) << (var % 64));
}

static bool
reads (const IrOp *op, IrVal v)
{
  return op->a == v || op->b == v || op->c == v;
}

void
ir_insn_reads_flags (IrBuilder *b)
{
  for (uint32_t i = b->region->n_ops; i-- > b->block->first_op;)
    if (b->region->ops[i].op == IR_INSN) {
      b->region->ops[i].flags = IR_F_READS_FLAGS;
      return;
    }
}

/* The op that defines temporary t, if it may as well write var: the ops after it neither read t, nor read or
 * write var, nor leave the block, where var must still be old. */
static IrOp *
find_retargetable (const IrBuilder *b, IrVal var, IrVal t)
{
  const IrRegion *r = b->region;
  uint32_t stop = MAX (b->block->first_op, r->n_ops > RETARGET_WINDOW ? r->n_ops - RETARGET_WINDOW : 0);

  for (uint32_t i = r->n_ops; i-- > stop;) {
    IrOp *op = &r->ops[i];
    if (op->dst == t)
      return op;
    if (op->op == IR_INSN || ir_op_info[op->op].props & IR_P_LEAVE || op->dst == var || reads (op, var) ||
        reads (op, t))
      return NULL;
  }
  return NULL;
}

/* The type of temporary t, defined earlier in the open block. */
static IrType
temp_type (const IrBuilder *b, IrVal t)
{
  const IrRegion *r = b->region;

  for (uint32_t i = r->n_ops; i-- > b->block->first_op;)
    if (r->ops[i].dst == t)
      return ir_op_dst_type (&r->ops[i]);
  return IR_I64;
}

static void
set_from_temp (IrBuilder *b, IrVal var, IrVal t)
{
  IrRegion *r = b->region;
  IrOp *op = find_retargetable (b, var, t);

  if (op == NULL) {
    IrType type = temp_type (b, t);
    forget_var (b, var);
    push_move (b, type >= IR_F16 ? type : IR_I64, var, t);
    return;
  }
  /* An instruction that adds 0 to its own register, the usual no-operation. */
  if (op->op == IR_MOV && (op->type == IR_I64 || op->type == IR_V128) && op->a == var &&
      op == &r->ops[r->n_ops - 1]) {
    r->n_ops--;
    return;
  }
  forget_var (b, var);
  op->dst = var;
  if ((op->op == IR_SHR || op->op == IR_SAR) && op == &r->ops[r->n_ops - 1])
    ir_fuse_extension (b, op);
}

void
ir_set (IrBuilder *b, IrVal var, IrVal value)
{
  int64_t k, old;

  if (IR_IS_TEMP (value)) {
    set_from_temp (b, var, value);
    return;
  }
  if (value == var)
    return;
  if (!ir_known (b, value, &k)) {
    forget_var (b, var);
    push_move (b, IR_I64, var, value);
    return;
  }
  if (ir_known (b, var, &old) && old == k)
    return;
  push_move (b, IR_I64, var, ir_cheapest (b, IR_I64, value));
  b->known[var] = k;
  b->known_mask[var / 64] |= UINT64_C (1) << (var % 64);
}

void
ir_set_wide (IrBuilder *b, IrVal var, IrVal value)
{
  if (IR_IS_TEMP (value))
    set_from_temp (b, var, value);
  else if (value != var)
    push_move (b, IR_V128, var, value);
}

/* Whether the op's result is an I32 that IR_F_SX extends. */
static bool
takes_sx (const IrOp *op)
{
  switch (op->op) {
    case IR_LOAD:
    case IR_RMW:
    case IR_CAS: return op->type == IR_I32;
    case IR_FTOI:
    case IR_FTOIMOD: return ir_op_dst_type (op) == IR_I32;
    case IR_FBITS: return op->type == IR_F32;
    default:
      return ir_op_is_pure_int (op->op) && (op->op < IR_SETCC || op->op > IR_CCLOGIC) && op->type == IR_I32;
  }
}

IrVal
ir_sx32 (IrBuilder *b, IrVal x)
{
  IrRegion *r = b->region;

  if (IR_IS_TEMP (x) && r->n_ops > b->block->first_op) {
    IrOp *last = &r->ops[r->n_ops - 1];
    if (last->dst == x && takes_sx (last)) {
      last->flags |= IR_F_SX;
      return x;
    }
  }
  return ir_ext (b, IR_I64, x, 32, true);
}

IrVal
ir_ext (IrBuilder *b, IrType type, IrVal x, unsigned bits, bool is_signed)
{
  IrDesc d = IR_DESC (.op = is_signed ? IR_EXTS : IR_EXTZ, .type = type, .imm = (int32_t)bits);
  return ir_emit (b, d, x, IR_NONE, IR_NONE);
}

IrVal
ir_setcc (IrBuilder *b, IrCond cond, IrType type, IrVal x, IrVal y)
{
  return ir_emit (b, IR_DESC (.op = IR_SETCC, .type = type, .sub = cond), x, y, IR_NONE);
}

IrVal
ir_select (IrBuilder *b, IrType type, IrVal test, IrVal if_nonzero, IrVal if_zero)
{
  return ir_emit (b, IR_DESC (.op = IR_SELECT, .type = type), test, if_nonzero, if_zero);
}

IrVal
ir_shladd (IrBuilder *b, IrType type, IrVal x, unsigned shift, IrVal y)
{
  return ir_emit (b, IR_DESC (.op = IR_SHLADD, .type = type, .imm = (int32_t)shift), x, y, IR_NONE);
}

IrVal
ir_load (IrBuilder *b, IrType type, unsigned mem, IrVal addr, int32_t disp)
{
  return ir_emit (b, IR_DESC (.op = IR_LOAD, .type = type, .sub = mem, .imm = disp), addr, IR_NONE, IR_NONE);
}

void
ir_store (IrBuilder *b, IrType type, unsigned mem, IrVal addr, int32_t disp, IrVal value)
{
  if (type <= IR_I64)
    value = ir_cheapest (b, type, value);
  ir_emit (b, IR_DESC (.op = IR_STORE, .type = type, .sub = mem, .imm = disp), addr, value, IR_NONE);
}

IrVal
ir_rmw (IrBuilder *b, IrType type, unsigned mem, IrRmw op, IrVal addr, IrVal value, unsigned flags)
{
  IrDesc d = IR_DESC (.op = IR_RMW, .type = type, .sub = mem, .flags = flags, .imm = op);
  return ir_emit (b, d, addr, value, IR_NONE);
}

IrVal
ir_cas (IrBuilder *b, IrType type, unsigned mem, IrVal addr, IrVal expected, IrVal desired, unsigned flags)
{
  IrDesc d = IR_DESC (.op = IR_CAS, .type = type, .sub = mem, .flags = flags);
  return ir_emit (b, d, addr, expected, desired);
}

void
ir_fence (IrBuilder *b, unsigned mask)
{
  ir_emit (b, IR_DESC (.op = IR_FENCE, .sub = mask), IR_NONE, IR_NONE, IR_NONE);
}

void
ir_trap (IrBuilder *b, unsigned index, IrVal test, IrVal arg)
{
  ir_emit (b, IR_DESC (.op = IR_TRAP, .type = IR_I64, .imm = (int32_t)index), test, arg, IR_NONE);
}

IrVal
ir_helper (IrBuilder *b, unsigned index, bool want_dst, IrVal x, IrVal y, IrVal z)
{
  IrVal dst = want_dst ? new_temp (b, false) : IR_NONE;

  *ir_region_op (b->region) =
      (IrOp){ .op = IR_HELPER, .type = IR_I64, .imm = (int32_t)index, .dst = dst, .a = x, .b = y, .c = z };
  if (b->helpers == NULL || b->helpers[index].flags & IR_H_STATE)
    ir_forget (b);
  return dst;
}
