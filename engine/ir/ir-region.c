/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Regions and their blocks: storage, block ends. */

#include "ir-fold.h"
#include "ir-interp.h"
#include <string.h>

IrRegion *
ir_region_new (void)
{
  return g_new0 (IrRegion, 1);
}

void
ir_region_free (IrRegion *r)
{
  if (r == NULL)
    return;
  g_free (r->ops);
  g_free (r->blocks);
  g_free (r->consts);
  g_free (r->source);
  g_free (r);
}

void
ir_region_reset (IrRegion *r, uint64_t pc, uint32_t mode, bool addr32)
{
  r->pc = pc;
  r->mode = mode;
  r->addr32 = addr32;
  r->ram = r->next_ram = 0;
  r->movable = false;
  r->flags_var = IR_NONE;
  r->n_ops = r->n_blocks = r->n_consts = r->n_temps = r->n_source = 0;
}

void
ir_builder_init (IrBuilder *b, IrRegion *r)
{
  b->region = r;
  b->block = NULL;
  b->helpers = NULL;
  b->dead = true;
  b->untag = false;
  memset (b->const_hash, 0, sizeof b->const_hash);
  ir_forget (b);
}

void
ir_forget (IrBuilder *b)
{
  memset (b->known_mask, 0, sizeof b->known_mask);
  b->facts = 0;
}

static IrBlock *
add_block (IrRegion *r, uint64_t pc)
{
  if (r->n_blocks == r->cap_blocks) {
    r->cap_blocks = MAX (16, r->cap_blocks * 2);
    r->blocks = g_renew (IrBlock, r->blocks, r->cap_blocks);
  }
  IrBlock *block = &r->blocks[r->n_blocks++];
  *block = (IrBlock){
    .pc = pc,
    .first_op = r->n_ops,
    .end = IR_END_NONE,
    .a = IR_NONE,
    .b = IR_NONE,
    .link = IR_NONE,
    .target = { { 0, -1 }, { 0, -1 } },
  };
  return block;
}

uint32_t
ir_region_split (IrRegion *r, const IrOp *op, IrEdge edge)
{
  IrBlock *block = add_block (r, edge.pc);
  block->end = IR_END_GOTO;
  block->split = true;
  block->target[0] = edge;
  block->n_ops = 1;
  *ir_region_op (r) = *op;
  return r->n_blocks - 1;
}

void
ir_block_begin (IrBuilder *b, uint64_t pc, bool fallthrough)
{
  b->block = add_block (b->region, pc);
  b->dead = false;
  if (!fallthrough)
    ir_forget (b);
}

static IrBlock *
block_end (IrBuilder *b, IrEndKind kind)
{
  IrBlock *block = b->block;

  block->n_ops = b->region->n_ops - block->first_op;
  block->end = kind;
  b->dead = true;
  return block;
}

void
ir_goto (IrBuilder *b, uint64_t pc)
{
  block_end (b, IR_END_GOTO)->target[0].pc = pc;
}

void
ir_branch (IrBuilder *b, IrCond cond, IrType type, IrVal x, IrVal y, uint64_t taken, uint64_t not_taken)
{
  int64_t kx, ky;
  bool x_known = ir_known (b, x, &kx), y_known = ir_known (b, y, &ky);

  if (x_known && y_known) {
    ir_goto (b, ir_eval_cond (cond, type, (uint64_t)kx, (uint64_t)ky) ? taken : not_taken);
    return;
  }
  if (x_known) {
    IrVal v = x;
    x = y;
    y = v;
    cond = ir_cond_swap (cond);
  }
  y = ir_cheapest (b, type, y);

  IrBlock *block = block_end (b, IR_END_BRANCH);
  block->cond = cond;
  block->type = type;
  block->a = x;
  block->b = y;
  block->target[0].pc = taken;
  block->target[1].pc = not_taken;
}

/* A call's link variable is written by the block's end, so what was known of it goes. */
static void
block_end_call (IrBuilder *b, IrVal a, unsigned align, uint64_t target, IrVal link, uint64_t ret_pc)
{
  IrBlock *block = block_end (b, IR_END_CALL);

  block->a = a;
  block->align = align;
  block->link = link;
  block->target[0].pc = target;
  block->target[1].pc = ret_pc;
  ir_forget (b);
}

void
ir_call (IrBuilder *b, uint64_t target, IrVal link, uint64_t ret_pc)
{
  block_end_call (b, IR_NONE, 0, target, link, ret_pc);
}

/* Where an indirect jump with a known operand goes. */
static uint64_t
known_target (const IrBuilder *b, int64_t k, unsigned align)
{
  uint64_t pc = (uint64_t)k & ~(uint64_t)align;
  return b->region->addr32 ? (uint32_t)pc : pc;
}

void
ir_call_indirect (IrBuilder *b, IrVal target, unsigned align, IrVal link, uint64_t ret_pc)
{
  int64_t k;

  if (ir_known (b, target, &k))
    ir_call (b, known_target (b, k, align), link, ret_pc);
  else
    block_end_call (b, target, align, 0, link, ret_pc);
}

static void
block_end_indirect (IrBuilder *b, IrEndKind kind, IrVal target, unsigned align)
{
  IrBlock *block = block_end (b, kind);

  block->a = target;
  block->align = align;
}

void
ir_ret (IrBuilder *b, IrVal target, unsigned align)
{
  block_end_indirect (b, IR_END_RET, target, align);
}

void
ir_indirect (IrBuilder *b, IrVal target, unsigned align)
{
  int64_t k;

  if (ir_known (b, target, &k))
    ir_goto (b, known_target (b, k, align));
  else
    block_end_indirect (b, IR_END_INDIRECT, target, align);
}

void
ir_exit (IrBuilder *b, IrExit reason, uint64_t pc)
{
  IrBlock *block = block_end (b, IR_END_EXIT);

  block->reason = reason;
  block->target[0].pc = pc;
}

IrVal
ir_region_const (IrRegion *r, int64_t value)
{
  if (G_UNLIKELY (r->n_consts == r->cap_consts)) {
    r->cap_consts = MAX (64, r->cap_consts * 2);
    r->consts = g_renew (int64_t, r->consts, r->cap_consts);
  }
  if (G_UNLIKELY (r->n_consts >= IR_NONE - IR_CONST_BASE))
    g_error ("a front end used up the constants of a region");
  r->consts[r->n_consts] = value;
  return (IrVal)(IR_CONST_BASE + r->n_consts++);
}
