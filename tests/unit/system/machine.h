/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A RISC-V hart with RAM, on the real soft MMU, stepped by the test. */

#include "../riscv/harness.h"
#include "riscv-csr.h"
#include "softmmu.h"

#define RAM_BASE  UINT64_C (0x80000000)
#define RAM_SIZE  UINT64_C (0x2000000)
#define CODE      RAM_BASE            /* where the test's instructions go */
#define HANDLER_M (RAM_BASE + 0x2000) /* mtvec, stvec */
#define HANDLER_S (RAM_BASE + 0x3000)
#define TABLES    (RAM_BASE + UINT64_C (0x100000)) /* page tables, in the test's hands */
#define PMP_ALL   0x1f                             /* a NAPOT entry that grants everything */

typedef struct {
  Cpu *cpu;
  RiscvCpu *rv;
  IrState *s;
  const IsaSystem *isa;
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion region;
  uint64_t code_end;
} Machine;

/* After reset: M mode, pc at CODE, the trap vectors set, PMP open. */
Machine *machine_new (unsigned bits, const char *model);
void machine_free (Machine *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Machine, machine_free)

uint64_t ram_get (Machine *m, uint64_t phys, unsigned size);
void ram_set (Machine *m, uint64_t phys, unsigned size, uint64_t value);

/* CSRs by number, as M mode has them. */
uint64_t csr_get (Machine *m, unsigned number);
void csr_set (Machine *m, unsigned number, uint64_t value);
/* Goes to a privilege with mret's means, at the same pc. */
void go_to (Machine *m, RiscvPriv priv);

/* Puts an instruction at CODE and executes it there with the current state. Traps are entered; true if there
 * was one. */
bool execute (Machine *m, uint32_t insn);
/* `execute` for csrrw, csrrs, csrrc with the source in a1 and the old value in a0. */
bool execute_csr (Machine *m, RvOp op, unsigned number, uint64_t source);
/* Appends an instruction to the program at CODE. */
void append (Machine *m, uint32_t insn);
/* Runs the program from pc until it meets ebreak, in whatever way the CPU runs code; at most `traps` traps.
 */
void run_to_ebreak (Machine *m, unsigned traps);
