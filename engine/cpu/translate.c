/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "translate.h"

#include "ir-opt.h"
#include <string.h>

#define PAGE 4096u

/* Guest code is fetched in windows so that one call to the embedder serves many instructions. */
typedef struct {
  uint64_t pc;
  size_t size;
  uint8_t bytes[256];
} Window;

typedef struct {
  Cpu *cpu;
  IrBuilder *b;
  const TranslateScope *scope;
  Window window;
  unsigned n_insns;
  /* Block starts still to be translated, in order of preference. */
  uint64_t todo[64];
  unsigned n_todo;
} Job;

static const uint8_t *
code_at (Job *job, uint64_t pc, size_t want, size_t *ret_size, IrFault *fault)
{
  Window *w = &job->window;
  if (pc < w->pc || pc + want > w->pc + w->size) {
    w->pc = pc;
    w->size = job->cpu->fetch (job->cpu, pc, w->bytes, sizeof w->bytes, fault);
  }
  *ret_size = w->pc + w->size - pc;
  return w->bytes + (pc - w->pc);
}

static int
find_block (const IrRegion *r, uint64_t pc)
{
  for (unsigned i = 0; i < r->n_blocks; i++)
    if (r->blocks[i].pc == pc)
      return i;
  return -1;
}

/* A region names its instructions by their 32-bit distance from its start. */
static bool
is_near (const IrRegion *r, uint64_t pc)
{
  return (int64_t)(pc - r->pc) == (int32_t)(pc - r->pc);
}

static void
want_block (Job *job, uint64_t pc)
{
  if (job->n_todo == G_N_ELEMENTS (job->todo) || find_block (job->b->region, pc) >= 0)
    return;
  if (job->scope->wants == NULL || !job->scope->wants (job->cpu, pc))
    return;
  job->todo[job->n_todo++] = pc;
}

/* The bytes an instruction was made from: what the code is compared with when the guest may have changed it.
 */
static void
add_source (IrRegion *r, const uint8_t *bytes, size_t size)
{
  if (r->n_source + size > r->cap_source) {
    r->cap_source = MAX (256, 2 * r->cap_source);
    r->source = g_realloc (r->source, r->cap_source);
  }
  memcpy (r->source + r->n_source, bytes, size);
  r->n_source += size;
}

/* Translates the instruction at pc. Returns false when the block must end before it (fetch fault). */
static bool
translate_insn (Job *job, uint64_t *pc, IsaFlow *ret_flow)
{
  const GuestIsa *isa = job->cpu->isa;
  IsaInsn insn = { .b = job->b, .cpu = job->cpu, .pc = *pc, .mode = job->b->region->mode };
  IrFault fault;
  size_t want = isa->insn_align;
  for (;;) {
    size_t have;
    const uint8_t *code = code_at (job, *pc, want, &have, &fault);
    if (have < want)
      return false;
    insn.len = MIN (have, isa->insn_max);
    memcpy (insn.code, code, insn.len);
    unsigned given = insn.len;
    *ret_flow = isa->translate (&insn);
    if (insn.len <= given)
      break;
    want = insn.len;
  }
  add_source (job->b->region, insn.code, insn.len);
  *pc += insn.len;
  job->n_insns++;
  return true;
}

/* The block being built ran into `pc` without a jump. */
static void
end_at (Job *job, uint64_t pc, bool cannot_fetch)
{
  IrBlock *block = job->b->block;
  if (cannot_fetch && block->n_insns == 0)
    ir_exit (job->b, IR_EXIT_FETCH_FAULT, pc);
  else
    ir_goto (job->b, pc);
}

/* Translates one basic block at pc; its successors become known through the block's targets. */
static void
translate_block (Job *job, uint64_t pc, bool fallthrough)
{
  ir_block_begin (job->b, pc, fallthrough);
  job->b->block->inherits = fallthrough;
  const uint64_t start = pc;
  for (;;) {
    IsaFlow flow = ISA_NEXT;
    if (pc != start && (job->n_insns >= job->scope->max_insns || find_block (job->b->region, pc) >= 0)) {
      end_at (job, pc, false);
      return;
    }
    if (translate_is_breakpoint (pc) && !job->cpu->ignore_breakpoints) {
      ir_exit (job->b, IR_EXIT_DEBUG, pc);
      return;
    }
    if (!translate_insn (job, &pc, &flow)) {
      end_at (job, pc, true);
      return;
    }
    if (flow == ISA_END)
      return;
    if (job->cpu->single_step) {
      end_at (job, pc, false);
      return;
    }
  }
}

/* The successor that is most likely to follow `block` and that the region should go on with; false if none.
 */
static bool
next_in_line (Job *job, const IrBlock *block, uint64_t *ret_pc)
{
  switch (block->end) {
    case IR_END_BRANCH:
      want_block (job, block->target[0].pc);
      *ret_pc = block->target[1].pc;
      return true;
    case IR_END_CALL: *ret_pc = block->target[1].pc; return true;
    case IR_END_GOTO: *ret_pc = block->target[0].pc; return block->n_insns > 0;
    default: return false;
  }
}

static void
resolve_edges (IrRegion *r)
{
  for (unsigned i = 0; i < r->n_blocks; i++)
    for (unsigned t = 0; t < 2; t++)
      r->blocks[i].target[t].block = -1;
  for (unsigned i = 0; i < r->n_blocks; i++) {
    IrBlock *block = &r->blocks[i];
    unsigned n = block->end == IR_END_BRANCH || block->end == IR_END_CALL ? 2
                 : block->end == IR_END_GOTO                              ? 1
                                                                          : 0;
    for (unsigned t = block->end == IR_END_CALL ? 1 : 0; t < n; t++) {
      int to = find_block (r, block->target[t].pc);
      if (to >= 0 && (!r->blocks[to].inherits || to == (int)i + 1))
        block->target[t].block = to;
    }
  }
}

void
translate_region (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, const TranslateScope *scope)
{
  Job job = { .cpu = cpu, .b = b, .scope = scope };
  ir_region_reset (r, pc, cpu->state.mode, cpu->isa->bits == 32);
  ir_builder_init (b, r);
  b->helpers = cpu->isa->helpers;
  job.todo[job.n_todo++] = pc;
  while (job.n_todo > 0 && r->n_blocks < scope->max_blocks && job.n_insns < scope->max_insns) {
    uint64_t at = job.todo[--job.n_todo];
    bool first = true, inherits = false;
    while (find_block (r, at) < 0 && is_near (r, at) && r->n_blocks < scope->max_blocks &&
           (first || job.n_insns < scope->max_insns)) {
      translate_block (&job, at, inherits);
      const IrBlock *block = &r->blocks[r->n_blocks - 1];
      first = false;
      inherits = scope->wants == NULL && block->end != IR_END_CALL;
      if (cpu->single_step || !next_in_line (&job, block, &at))
        break;
    }
  }
  resolve_edges (r);
  ir_optimise (r);
}
