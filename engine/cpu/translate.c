/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "translate.h"

#include "ir-move.h"
#include "ir-opt.h"
#include "system.h"
#include "tag-sites.h"
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
  bool lost; /* what was fetched is not there any more */
  /* Block starts still to be translated, in order of preference. */
  uint64_t todo[64];
  unsigned n_todo;
} Job;

static const uint8_t *
code_at (Job *job, uint64_t pc, size_t want, size_t *ret_size, IrFault *fault)
{
  Window *w = &job->window;
  if (pc < w->pc || pc + want > w->pc + w->size) {
    size_t size = sizeof w->bytes;
    if (job->cpu->system != NULL) /* The next page is touched only by an instruction that reaches into it. */
      size = MAX (want, MIN (size, PAGE - (pc & (PAGE - 1))));
    w->pc = pc;
    w->size = job->cpu->fetch (job->cpu, pc, w->bytes, size, fault);
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

/* A region names its instructions by their 32-bit distance from its start. In system mode it stays in its
 * page: what the next one holds depends on the address space. */
static bool
is_near (const Job *job, uint64_t pc)
{
  const IrRegion *r = job->b->region;
  if (job->cpu->system != NULL)
    return (pc ^ r->pc) / PAGE == 0;
  return (int64_t)(pc - r->pc) == (int32_t)(pc - r->pc);
}

/* An instruction here may go on in the next page. */
static bool
may_cross (const Job *job, uint64_t pc)
{
  return job->cpu->system != NULL && PAGE - (pc & (PAGE - 1)) < job->cpu->isa->insn_max;
}

static void
want_block (Job *job, uint64_t pc)
{
  if (job->n_todo == G_N_ELEMENTS (job->todo) || find_block (job->b->region, pc) >= 0 || !is_near (job, pc))
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
  IsaInsn insn = {
    .b = job->b, .cpu = job->cpu, .pc = *pc, .mode = job->b->region->mode, .brief = job->scope->wants == NULL
  };
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
    job->b->untag = isa->tagged && job->cpu->system == NULL && tag_ignored_at (*pc);
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
  if (cannot_fetch &&
      block->n_insns == 0) /* In system mode it may be there when code comes to it: look again then. */
    ir_exit (job->b,
             job->cpu->system != NULL && pc != job->b->region->pc ? IR_EXIT_MODE : IR_EXIT_FETCH_FAULT, pc);
  else
    ir_goto (job->b, pc);
}

/* The block just ended, or still open, is one instruction that reaches into the next page. */
static void
note_crossing (Job *job, bool ended)
{
  IrRegion *r = job->b->region;
  IrBlock *block = ended ? &r->blocks[r->n_blocks - 1] : job->b->block;
  block->crosses = true;
  if (system_exec (job->cpu, (r->pc | (PAGE - 1)) + 1, &r->next_ram) == SYSTEM_EXEC_FAULT)
    job->lost = true; /* Another vCPU has changed the page table. */
  else
    system_watch_code (IR_RAM_ADDR (r->next_ram));
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
    if (pc != start && (job->n_insns >= job->scope->max_insns || find_block (job->b->region, pc) >= 0 ||
                        may_cross (job, pc) || !is_near (job, pc))) {
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
    if (job->cpu->system != NULL && pc - start > PAGE - (start & (PAGE - 1)))
      note_crossing (job, flow == ISA_END);
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

bool
translate_may_copy (const Cpu *cpu, uint64_t pc)
{
  return cpu->system != NULL && !(cpu->state.mode & cpu->system->isa->privileged_mode) &&
         cpu->isa->bits == 64 && ir_may_move (pc) && !cpu_settings.count &&
         !cpu_settings.one_insn_per_block && !cpu->single_step && !translate_has_breakpoints ();
}

static void
begin_region (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, uint64_t ram)
{
  ir_region_reset (r, pc, cpu->state.mode, cpu->isa->bits == 32);
  r->ram = ram;
  r->movable = translate_may_copy (cpu, pc);
  ir_builder_init (b, r);
  b->helpers = cpu->isa->helpers;
  if (cpu->isa->flags_var != 0)
    r->flags_var = cpu->isa->flags_var;
}

static void
translate_once (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, uint64_t ram, const TranslateScope *scope)
{
  Job job = { .cpu = cpu, .b = b, .scope = scope };
  begin_region (cpu, b, r, pc, ram);
  job.todo[job.n_todo++] = pc;
  while (job.n_todo > 0 && r->n_blocks < scope->max_blocks && job.n_insns < scope->max_insns) {
    uint64_t at = job.todo[--job.n_todo];
    bool first = true, inherits = false;
    while (find_block (r, at) < 0 && is_near (&job, at) && r->n_blocks < scope->max_blocks &&
           (first || job.n_insns < scope->max_insns)) {
      translate_block (&job, at, inherits);
      const IrBlock *block = &r->blocks[r->n_blocks - 1];
      first = false;
      inherits = scope->wants == NULL && block->end != IR_END_CALL;
      if (cpu->single_step || !next_in_line (&job, block, &at))
        break;
    }
  }
  if (job.lost) {
    begin_region (cpu, b, r, pc, ram);
    ir_block_begin (b, pc, false);
    ir_exit (b, IR_EXIT_FETCH_FAULT, pc);
  }
  resolve_edges (r);
}

/* Calls fn for the RAM that each block was made from, and the bytes it was then; whether all were true. */
static bool
each_source (const IrRegion *r, bool (*fn) (uint64_t ram, const uint8_t *bytes, size_t size))
{
  const uint8_t *bytes = r->source;
  bool all = true;
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    const IrBlock *b = &r->blocks[i];
    uint32_t first = b->crosses ? PAGE - (b->pc & (PAGE - 1)) : b->size;
    if (b->size == 0)
      continue;
    all &= fn (IR_RAM_ADDR (r->ram) + (b->pc - r->pc), bytes, first);
    if (b->crosses)
      all &= fn (IR_RAM_ADDR (r->next_ram), bytes + first, b->size - first);
    bytes += b->size;
  }
  return all;
}

/* Stores to the bytes are noticed from here on. Whether they are still what was translated. */
static bool
keep_watch (uint64_t ram, const uint8_t *bytes, size_t size)
{
  uint8_t now[PAGE];
  system_note_code (ram, size);
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return system_read_ram (ram, now, size) && memcmp (now, bytes, size) == 0;
}

static bool
forget (uint64_t ram, const uint8_t *bytes, size_t size)
{
  cpu_invalidate (ram, size);
  return true;
}

/* Where the code of a page that is being written to will not hold still, what was read last is good for once.
 */
static void
translate_system (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, const TranslateScope *scope)
{
  uint64_t ram = 0;
  bool known = system_exec (cpu, pc, &ram) != SYSTEM_EXEC_FAULT;
  for (unsigned tries = 0; tries < 3; tries++) {
    if (known)
      system_watch_code (IR_RAM_ADDR (ram));
    translate_once (cpu, b, r, pc, ram, scope);
    if (!known || each_source (r, keep_watch))
      return;
  }
  each_source (r, forget);
}

void
translate_region (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, const TranslateScope *scope)
{
  if (cpu->system != NULL)
    translate_system (cpu, b, r, pc, scope);
  else
    translate_once (cpu, b, r, pc, 0, scope);
  ir_move_check (r);
  ir_optimise (r);
}
