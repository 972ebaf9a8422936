/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exec-interp.h"

#include "code-gen.h"
#include "ir-interp.h"
#include "system.h"
#include "translate.h"

/* A direct-mapped cache of translated blocks, so that loops are decoded once. */
#define CACHE_SIZE 1024

struct CpuInterp {
  IrBuilder builder;
  unsigned generation;
  IrRegion *single;
  IrRegion *cache[CACHE_SIZE];
};

static CpuInterp *
interp_of (Cpu *cpu)
{
  if (cpu->interp == NULL) {
    cpu->interp = g_new0 (CpuInterp, 1);
    cpu->interp->single = ir_region_new ();
  }
  return cpu->interp;
}

void
interp_free (CpuInterp *interp)
{
  if (interp == NULL)
    return;
  for (unsigned i = 0; i < CACHE_SIZE; i++)
    if (interp->cache[i] != NULL)
      ir_region_free (interp->cache[i]);
  ir_region_free (interp->single);
  g_free (interp);
}

static void
forget_stale (CpuInterp *interp)
{
  unsigned now = code_generation ();
  if (interp->generation == now)
    return;
  for (unsigned i = 0; i < CACHE_SIZE; i++)
    if (interp->cache[i] != NULL)
      interp->cache[i]->n_blocks = 0;
  interp->generation = now;
}

/* Without an instruction it says that there was none to fetch, or a breakpoint: that may have changed. */
static bool
is_empty (const IrRegion *r)
{
  return r->n_blocks == 0 || r->blocks[0].n_insns == 0;
}

static const IrRegion *
cached_block (Cpu *cpu, CpuInterp *interp)
{
  static const TranslateScope scope = { .max_insns = 64, .max_blocks = 1 };
  forget_stale (interp);
  IrRegion **slot = &interp->cache[(cpu->state.pc / cpu->isa->insn_align) % CACHE_SIZE];
  if (*slot == NULL)
    *slot = ir_region_new ();
  uint64_t ram = 0;
  bool moved = cpu->system != NULL && (system_exec (cpu, cpu->state.pc, &ram) != SYSTEM_EXEC_OK ||
                                       (*slot)->ram != ram || (*slot)->next_ram != 0);
  if (moved || is_empty (*slot) || (*slot)->pc != cpu->state.pc || (*slot)->mode != cpu->state.mode)
    translate_region (cpu, &interp->builder, *slot, cpu->state.pc, &scope);
  return *slot;
}

IrExit
interp_step (Cpu *cpu, bool single)
{
  static const TranslateScope one = { .max_insns = 1, .max_blocks = 1 };
  CpuInterp *interp = interp_of (cpu);
  if (!single)
    return ir_interp_block (&cpu->state, cached_block (cpu, interp), 0);
  translate_region (cpu, &interp->builder, interp->single, cpu->state.pc, &one);
  return ir_interp_block (&cpu->state, interp->single, 0);
}
