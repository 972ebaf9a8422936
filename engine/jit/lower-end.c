/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* How blocks end, and the cold paths. */

/* On a way that may close a loop: leave if somebody wants the vCPU.  Jumps, calls and branches leave as done,
 * at their target. */
static Cold *
poll (Lower *l, uint64_t pc)
{
  asm_alu_mi (&l->a, ALU_CMP, false, STATE (state.exit_request), 0);
  Cold *cold = cold_new (l, COLD_EXIT, asm_jcc (&l->a, CC_NE, NULL));
  cold->pc = pc;
  cold->reason = IR_EXIT_REQUEST;
  return cold;
}

static bool
is_backward (const Lower *l, uint64_t pc)
{
  return pc <= l->insn_pc;
}

/* A jump back this far, itself included, fits a short one. */
#define MAX_SHORT_LOOP 126

static void
jump_to_block (Lower *l, int cc, uint32_t block)
{
  const uint8_t *to = block == 0 ? l->loop_head : l->label[block];
  const uint8_t *rx = to != NULL ? to + l->a.delta : NULL;
  if (to != NULL && cc >= 0 && l->a.p - to <= MAX_SHORT_LOOP) {
    uint8_t *end = asm_short_jcc (&l->a, cc);
    end[-1] = (uint8_t)(to - end);
    return;
  }
  uint8_t *from = cc < 0 ? asm_jmp (&l->a, rx) : asm_jcc (&l->a, cc, rx);
  if (to == NULL) {
    Fixup fix = { from, block };
    g_array_append_val (l->fixups, fix);
  }
}

static void
jump_edge (Lower *l, int cc, const IrEdge *edge)
{
  if (edge->block >= 0)
    jump_to_block (l, cc, edge->block);
  else if (cc < 0)
    edge_jump (l, edge->pc);
  else
    edge_jcc (l, cc, edge->pc);
}

/* What decides a branch may be the operands of a comparison whose flags nobody computes: it cannot be begun
 * again. */
static void
poll_branch (Lower *l)
{
  Cold *cold = poll (l, 0);
  cold->kind = COLD_BRANCH;
  cold->block = l->block;
}

/* Whether code from `start` to here, and a jump behind it, are not in one line. */
static bool
crosses_line (const Lower *l, const uint8_t *start)
{
  return ((uintptr_t)start ^ (uintptr_t)(l->a.p + 5)) >= JIT_LINE;
}

/* What a loop goes round by, comparison and jump, is best in one line: hosts that fetch lines, or make one
 * operation of the two, lose a cycle or more of each iteration otherwise. */
static int
lower_loop_test (Lower *l, const IrBlock *b)
{
  uint8_t *start = l->a.p;
  unsigned literals = l->literals->len;
  int cc = lower_branch_test (l, b);
  if (!crosses_line (l, start) || l->literals->len != literals)
    return cc;
  l->a.p = start;
  asm_nop (&l->a, -(uintptr_t)start & (JIT_LINE - 1));
  return lower_branch_test (l, b);
}

static bool
closes_loop (const IrEdge *edge, uint32_t index)
{
  return edge->block >= 0 && (uint32_t)edge->block <= index;
}

static void
end_branch (Lower *l, uint32_t index)
{
  const IrBlock *b = l->block;
  const IrEdge *taken = &b->target[0], *other = &b->target[1];
  bool loops = l->tier == JIT_REGION && (closes_loop (taken, index) || closes_loop (other, index));
  if (is_backward (l, taken->pc) || is_backward (l, other->pc))
    poll_branch (l);
  int cc = loops ? lower_loop_test (l, b) : lower_branch_test (l, b);
  /* Of two ways back the shorter one is the inner loop's. */
  bool inner = closes_loop (taken, index) && closes_loop (other, index) && other->block > taken->block;
  if (taken->block == (int)index + 1 || inner) {
    const IrEdge *t = taken;
    taken = other;
    other = t;
    cc ^= 1;
  }
  jump_edge (l, cc, taken);
  if (other->block != (int)index + 1)
    jump_edge (l, -1, other);
}

static void
end_goto (Lower *l, uint32_t index)
{
  const IrEdge *to = &l->block->target[0];
  if (l->block->n_insns > 0 && is_backward (l, to->pc))
    poll (l, to->pc);
  if (to->block != (int)index + 1)
    jump_edge (l, -1, to);
}

/* rax = the indirect target. */
static void
target_to_rax (Lower *l)
{
  int_to (l, !l->r->addr32, RAX, opnd_int (l, l->block->a));
  if (l->block->align != 0)
    asm_alu_ri (&l->a, ALU_AND, true, RAX, ~(int32_t)l->block->align);
}

/* Jumps (4) or calls (2) through the jump cache; rax holds the target. */
static void
through_cache (Lower *l, int digit)
{
  asm_mov_rr (&l->a, false, RCX, RAX);
  asm_shift_ri (&l->a, 4, false, RCX, 3);
  asm_alu_ri (&l->a, ALU_AND, false, RCX, (JIT_JUMPS - 1) << 4);
  Mem jump = jump_cache_mem (RCX);
  asm_alu_rm (&l->a, ALU_CMP, true, RAX, jump);
  Cold *cold = cold_new (l, COLD_INDIRECT, asm_jcc (&l->a, CC_NE, NULL));
  cold->r[0] = digit == 2;
  jump.disp += offsetof (JitJump, entry);
  asm_rm (&l->a, OP0 (0xff), false, digit, jump);
  cold->resume = l->a.p;
}

/* Where a return comes back: pops what the call pushed, and goes on with the block after the call. */
static void
return_point (Lower *l, uint32_t index)
{
  const IrEdge *ret = &l->block->target[1];
  ReturnPoint point = { .offset = l->a.p - l->start, .pc = ret->pc };
  g_array_append_val (l->returns, point);
  asm_lea (&l->a, true, RSP,
           mem_base (RSP, 8)); /* 5 bytes: room for a jump, should the region become stale */
  if (ret->block < 0) {
    const VarMap *map = l->map;
    l->map = &jit_pinned_map;
    edge_jump (l, ret->pc);
    l->map = map;
    return;
  }
  restore_pinned (l, false);
  load_constants (l);
  if (ret->block != (int)index + 1)
    jump_to_block (l, -1, ret->block);
}

int
write_link (Lower *l, IrVal link, uint64_t pc)
{
  int reg = jit_pinned_map.gpr[link];
  int at = reg >= 0 ? reg : RCX;
  asm_mov_pc (l, at, pc);
  if (reg < 0)
    asm_store64 (&l->a, var_mem (link), at);
  return at;
}

/* Calls are laid out so that the return point starts at a multiple of 8: it can be patched in one store. */
static void
align_return (Lower *l, unsigned bytes_before)
{
  asm_nop (&l->a, -((uintptr_t)l->a.p + bytes_before) & 7);
}

static void
end_call (Lower *l, uint32_t index)
{
  const IrBlock *b = l->block;
  bool direct = b->a == IR_NONE;
  if (!direct)
    target_to_rax (l);
  if (!direct || is_backward (l, b->target[0].pc)) {
    Cold *cold = poll (l, b->target[0].pc);
    cold->pc_in_rax = !direct;
    cold->link = b->link;
    cold->link_pc = b->target[1].pc;
  }
  restore_pinned (l, true);
  asm_push (&l->a, write_link (l, b->link, b->target[1].pc));
  if (direct && is_far (l, b->target[0].pc)) {
    far_jump (l, b->target[0].pc, true);
  } else if (direct) {
    align_return (l, 5);
    uint8_t *site = asm_call (&l->a, NULL);
    const JitCode *to =
        l->movable ? NULL : jit_lookup (b->target[0].pc, ram_of (l, b->target[0].pc), l->r->mode);
    if (to != NULL) {
      asm_patch_rel32 (&l->a, site, to->entry);
    } else {
      Cold *cold = cold_new (l, COLD_EDGE, site);
      cold->pc = b->target[0].pc;
      cold->pinned = true;
    }
  } else {
    align_return (l, 2 + 3 + 6 + 8 + 6 + 7);
    through_cache (l, 2);
  }
  return_point (l, index);
}

static void
end_ret (Lower *l)
{
  Opnd target = opnd_int (l, l->block->a);
  int reg = int_reg (l, true, target, RAX);
  bool hosted = l->map != &jit_pinned_map;
  if (hosted) { /* The register may change its variable. */
    asm_mov_rr (&l->a, true, RAX, reg);
    reg = RAX;
    restore_pinned (l, true);
  }
  asm_alu_rm (&l->a, ALU_CMP, true, reg, mem_base (RSP, 8));
  Cold *cold = cold_new (l, COLD_RETURN, asm_jcc (&l->a, CC_NE, NULL));
  cold->r[0] = reg;
  cold->align = l->block->align;
  asm_u8 (&l->a, 0xc3);
}

void
lower_end (Lower *l, uint32_t index)
{
  const IrBlock *b = l->block;
  switch (b->end) {
    case IR_END_GOTO: end_goto (l, index); break;
    case IR_END_BRANCH: end_branch (l, index); break;
    case IR_END_CALL: end_call (l, index); break;
    case IR_END_RET: end_ret (l); break;
    case IR_END_INDIRECT:
      target_to_rax (l);
      poll (l, 0)->pc_in_rax = true;
      restore_pinned (l, true);
      through_cache (l, 4);
      break;
    default: {
      Cold *cold = cold_new (l, COLD_EXIT, asm_jmp (&l->a, NULL));
      cold->pc = b->target[0].pc;
      cold->reason = b->reason;
      break;
    }
  }
}
