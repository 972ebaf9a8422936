/* SPDX-License-Identifier: GPL-3.0-or-later */

/* RISC-V Linux: registers of calls and threads, and struct sigcontext. */

#include "user-abi.h"

#include "riscv-cpu.h"
#include <string.h>

enum { RA = 1, SP = 2, TP = 4, A0 = 10 };

/* struct sigcontext: user_regs_struct (pc, x1 to x31), then a union of the F, D and Q states.  The Q one is
 * the largest (64 doublewords, fcsr, three words); the last three words are `reserved` and the header that
 * ends the list of extension states. */
enum { FP_D_FCSR = 32 * 8, FP_RESERVED = 64 * 8 + 4, FP_HEADER = FP_RESERVED + 4, FP_SIZE = 64 * 8 + 16 };

static uint64_t
x (const Cpu *cpu, unsigned n)
{
  return cpu->state.var[RV_VAR_X + n];
}

static void
set_x (Cpu *cpu, unsigned n, uint64_t value)
{
  cpu->state.var[RV_VAR_X + n] = cpu->isa->bits == 32 ? (uint32_t)value : value;
}

static uint64_t
stack (const Cpu *cpu)
{
  return x (cpu, SP);
}

static void
set_stack (Cpu *cpu, uint64_t sp)
{
  set_x (cpu, SP, sp);
}

static void
set_tls (Cpu *cpu, uint64_t tls)
{
  set_x (cpu, TP, tls);
}

static void
finish_syscall (Cpu *cpu, int64_t result)
{
  set_x (cpu, A0, (uint64_t)result);
  cpu->state.pc += 4;
}

static void
save_mcontext (const Cpu *cpu, const UserFault *fault, void *mcontext)
{
  uint8_t *p = mcontext;
  unsigned word = cpu->isa->bits / 8;
  memcpy (p, &cpu->state.pc, word);
  for (unsigned i = 1; i < 32; i++) {
    uint64_t value = x (cpu, i);
    memcpy (p + i * word, &value, word);
  }
  p += 32 * word;
  for (unsigned i = 0; i < 32; i++) {
    uint64_t f = cpu->state.var[RV_VAR_F + i];
    memcpy (p + i * 8, &f, 8);
  }
  uint32_t fcsr = riscv_cpu_fcsr ((const RiscvCpu *)cpu);
  memcpy (p + FP_D_FCSR, &fcsr, 4);
  memset (p + FP_D_FCSR + 4, 0, FP_SIZE - FP_D_FCSR - 4);
}

/* `reserved` must be zero, and no extension states can follow: this processor has none to restore. */
static bool
valid_extensions (const uint8_t *fp)
{
  uint32_t word[3];
  memcpy (word, fp + FP_RESERVED, sizeof word);
  return word[0] == 0 && word[1] == 0 && word[2] == 0;
}

static bool
load_mcontext (Cpu *cpu, const void *mcontext)
{
  const uint8_t *p = mcontext;
  unsigned word = cpu->isa->bits / 8;
  uint64_t pc = 0;
  memcpy (&pc, p, word);
  cpu->state.pc = pc & ~UINT64_C (1);
  for (unsigned i = 1; i < 32; i++) {
    uint64_t value = 0;
    memcpy (&value, p + i * word, word);
    set_x (cpu, i, value);
  }
  p += 32 * word;
  for (unsigned i = 0; i < 32; i++) {
    uint64_t f;
    memcpy (&f, p + i * 8, 8);
    cpu->state.var[RV_VAR_F + i] = f;
  }
  uint32_t fcsr;
  memcpy (&fcsr, p + FP_D_FCSR, 4);
  riscv_cpu_set_fcsr ((RiscvCpu *)cpu, fcsr & 0xff);
  riscv_cpu_clear_reservation ((RiscvCpu *)cpu);
  return valid_extensions (p);
}

static void
enter_handler (Cpu *cpu, const UserSignalEntry *entry)
{
  set_x (cpu, RA, entry->restorer);
  set_x (cpu, SP, entry->sp);
  set_x (cpu, A0, (uint64_t)entry->signo);
  set_x (cpu, A0 + 1, entry->info);
  set_x (cpu, A0 + 2, entry->context);
  cpu->state.pc = entry->handler & ~UINT64_C (1);
  riscv_cpu_clear_reservation ((RiscvCpu *)cpu);
}

#define RISCV_COMMON                                                                                         \
  .finish_syscall = finish_syscall, .stack = stack, .set_stack = set_stack, .set_tls = set_tls,              \
  .mcontext_align = 16, .save_mcontext = save_mcontext, .load_mcontext = load_mcontext,                      \
  .enter_handler = enter_handler, .stack_align = 16, .min_stack = 2048

const UserAbi user_abi_riscv64 = {
  .isa = "riscv64",
  .space_bits = 38,
  .syscalls = &user_syscall_abi_riscv64,
  .mcontext_size = 32 * 8 + FP_SIZE,
  RISCV_COMMON,
};

const UserAbi user_abi_riscv32 = {
  .isa = "riscv32",
  .space_bits = 32,
  .syscalls = &user_syscall_abi_riscv32,
  .mcontext_size = 32 * 4 + FP_SIZE,
  RISCV_COMMON,
};
