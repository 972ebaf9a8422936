/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What -d prints of translation and execution. */

#include "cpu.h"

/* -d in_asm and -d ir: the guest code of a region, and its IR. */
void trace_region (Cpu *cpu, const IrRegion *r);
/* -d out_asm: the host code made from it. */
void trace_code (const JitCode *code);
/* Whether -d exec or -d cpu wants to see every block: then blocks are interpreted, one at a time. */
bool trace_blocks (void);
/* -d exec, -d cpu: the block about to run. */
void trace_block (const Cpu *cpu);
