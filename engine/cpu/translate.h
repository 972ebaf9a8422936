/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From guest code to a region of IR. */

#include "cpu.h"

typedef struct {
  unsigned max_insns, max_blocks;
  /* Whether a branch or jump target should join the region (it has run before); NULL: only fall-through paths
   * do. */
  bool (*wants) (Cpu *cpu, uint64_t pc);
} TranslateScope;

/* Fills `r` (reset first) with the code from `pc` on: block 0 starts there.  A block for each basic block
 * reached inside the scope; edges between them are resolved to block numbers.  Where not even the first
 * instruction can be fetched the block ends in IR_EXIT_FETCH_FAULT.  The region is optimised. */
void translate_region (Cpu *cpu, IrBuilder *b, IrRegion *r, uint64_t pc, const TranslateScope *scope);

/* Debugger breakpoints, see cpu.h. */
bool translate_is_breakpoint (uint64_t pc);
/* Whether code for pc may be a copy of code for another address: a program's, in system mode. */
bool translate_may_copy (const Cpu *cpu, uint64_t pc);
/* Whether there are any breakpoints. */
bool translate_has_breakpoints (void);
