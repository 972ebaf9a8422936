/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls of the RISC-V Linux port: their registers, and what the processor says of itself. */

#include "riscv-cpu.h"
#include "syscall/syscall-abi.h"
#include "sys-riscv.h"
#include "user-abi.h"

enum { A0 = RV_VAR_X + 10, A7 = RV_VAR_X + 17 };

static char *
cpuinfo (const Cpu *cpu, unsigned n)
{
  GString *out = g_string_new (NULL);
  g_autofree char *isa = riscv_cpu_isa_string ((const RiscvCpu *)cpu);
  for (unsigned i = 0; i < n; i++) {
    g_string_append_printf (out, "processor\t: %u\nhart\t\t: %u\nisa\t\t: %s\nmmu\t\t: %s\n", i, i, isa,
                            cpu->isa->bits == 64 ? "sv39" : "sv32");
    g_string_append_printf (out, "mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: %s\n\n",
                            isa);
  }
  return g_string_free (out, FALSE);
}

/* The calling convention aligns pairs of registers, but the kernel's entry takes 64-bit arguments in
 * whichever two registers come next on 32-bit systems. */
#define RISCV_COMMON                                                                                         \
  .number_var = A7, .result_var = A0, .arg_var = { A0, A0 + 1, A0 + 2, A0 + 3, A0 + 4, A0 + 5 },             \
  .insn_len = 4, .cpuinfo = cpuinfo, .prctl = user_riscv_prctl

const UserSyscallAbi user_syscall_abi_riscv64 = { .table = USER_SYSCALLS_RISCV64, RISCV_COMMON };
const UserSyscallAbi user_syscall_abi_riscv32 = { .table = USER_SYSCALLS_RISCV32, RISCV_COMMON };
