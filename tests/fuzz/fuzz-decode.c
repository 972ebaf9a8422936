/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as guest code: they must decode, disassemble, translate to a well-formed region, and run in the
 * interpreter and compile without harm.  The first byte chooses the ISA and the mode, the rest is the code.
 */

#include "exec-jit.h"
#include "guest-mem.h"
#include "ir-interp.h"
#include "translate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define CODE_PC UINT64_C (0x10000)

static const uint8_t *code;
static size_t code_size;

static size_t
fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  if (pc < CODE_PC || pc - CODE_PC >= code_size) {
    *ret_fault = (IrFault){ .addr = pc, .signo = SIGSEGV };
    return 0;
  }
  size_t n = MIN (want, code_size - (pc - CODE_PC));
  memcpy (out, code + (pc - CODE_PC), n);
  return n;
}

/* Memory in which nothing is mapped. */
static G_NORETURN void
fault (IrState *s, uint64_t addr)
{
  s->fault = (IrFault){ .addr = addr, .signo = SIGSEGV };
  ir_leave (s, IR_EXIT_FAULT);
}

static uint64_t
no_load (IrState *s, uint64_t addr, unsigned size)
{
  fault (s, addr);
}

static void
no_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  fault (s, addr);
}

static uint64_t
no_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  fault (s, addr);
}

static uint64_t
no_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  fault (s, addr);
}

static void
no_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  fault (s, addr);
}

static const IrMemOps no_memory = { no_load, no_store, no_rmw, no_cas, no_cas16 };

static bool
inside (Cpu *cpu, uint64_t pc)
{
  return pc >= CODE_PC && pc - CODE_PC < code_size;
}

static void
require (bool fact)
{
  if (!fact)
    abort ();
}

static void
disassemble_all (const GuestIsa *isa)
{
  char text[128];
  for (size_t at = 0; at < code_size;) {
    unsigned n = isa->disassemble (code + at, code_size - at, CODE_PC + at, text, sizeof text);
    require (n >= 1 && strlen (text) < sizeof text);
    at += n;
  }
}

static void
interpret (Cpu *cpu, const IrRegion *r)
{
  static sigjmp_buf leave;
  cpu->state.leave = &leave;
  for (volatile uint32_t block = 0; block < r->n_blocks; block++)
    if (sigsetjmp (leave, 0) == 0)
      ir_interp_block (&cpu->state, r, block);
}

static void
translate (Cpu *cpu, const TranslateScope *scope, JitTier tier, JitCode **cold)
{
  IrBuilder builder;
  IrRegion *r = ir_region_new ();
  translate_region (cpu, &builder, r, CODE_PC, scope);
  char *defect = ir_region_check (r);
  require (defect == NULL && r->n_blocks >= 1 && r->n_blocks <= scope->max_blocks);
  if (cpu->jit != NULL)
    *cold = jit_compile (cpu->jit, r, tier, *cold);
  interpret (cpu, r);
  ir_region_free (r);
}

static void
run (Cpu *cpu, uint32_t mode)
{
  static const TranslateScope cold_scope = { .max_insns = 40, .max_blocks = 4 };
  static const TranslateScope hot_scope = { .max_insns = 400, .max_blocks = 48, .wants = inside };
  JitCode *cold = NULL;
  cpu->state.mode = mode;
  disassemble_all (cpu->isa);
  translate (cpu, &cold_scope, JIT_BLOCK, &cold);
  cpu->state.mode = mode;
  translate (cpu, &hot_scope, JIT_REGION, &cold);
  if (cpu->jit == NULL)
    return;
  jit_flush (cpu->jit);
  jit_end (cpu->jit);
  jit_begin (cpu->jit);
}

static Cpu *
new_cpu (const char *isa)
{
  Cpu *cpu = cpu_new (guest_isa_find (isa), NULL, NULL);
  cpu->fetch = fetch;
  cpu->state.mem = &no_memory;
  return cpu;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static Cpu *cpus[2];
  if (cpus[0] == NULL) {
    guest_space_size = UINT64_C (1) << 38;
    cpus[0] = new_cpu ("riscv64");
    cpus[1] = new_cpu ("riscv32"); /* its code is not compiled: one process has one ISA to compile for */
    if (exec_jit_ready (cpus[0])) {
      exec_jit_flush_icache (cpus[0], 0, 0); /* makes it the vCPU whose code the compiler reads */
      jit_begin (cpus[0]->jit);
    }
  }
  if (size < 2 || size > 4096)
    return 0;
  code = data + 1;
  code_size = size - 1;
  run (cpus[data[0] & 1], data[0] & 2 ? IR_MODE_FP_EXACT : 0);
  return 0;
}
