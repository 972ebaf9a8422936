/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A hart on the interpreter with a small memory of its own, for tests of RISC-V semantics. */

#include "ir-interp.h"
#include "riscv-disas.h"
#include "riscv-trans.h"

#define MEM_BASE 0x10000u
#define MEM_SIZE 0x10000u
#define CODE_PC  0x4000u

typedef struct {
  RiscvCpu *rv;
  IrState *s;
  uint8_t code[256];
  unsigned code_size;
} Hart;

/* Operands of an instruction to encode; those its format lacks are ignored. */
typedef RvArgs Ops;

Hart *hart_new (unsigned bits, const char *model);
void hart_free (Hart *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Hart, hart_free)

/* The encoding of `op` with these operands. */
uint32_t encode (RvOp op, const Ops *ops);
/* Appends an instruction to the hart's code. */
void hart_add (Hart *h, RvOp op, const Ops *ops);
void hart_add_word (Hart *h, uint32_t word);
/* Runs the code from CODE_PC to its end, or until it leaves. The code is then empty again. */
IrExit hart_run (Hart *h);
/* Runs what lies in the memory, from pc, until it leaves. */
IrExit hart_run_memory (Hart *h, uint64_t pc);

uint64_t mem_get (uint64_t addr, unsigned size);
void mem_set (uint64_t addr, unsigned size, uint64_t value);
