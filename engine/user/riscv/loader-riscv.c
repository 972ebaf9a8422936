/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The loader's part of the RISC-V Linux port. */

#include "loader-abi.h"
#include "riscv-cpu.h"

#include <elf.h>

#ifndef EF_RISCV_RVE
#define EF_RISCV_RVC       0x1
#define EF_RISCV_FLOAT_ABI 0x6
#define EF_RISCV_RVE       0x8
#define EF_RISCV_TSO       0x10
#endif
enum { FLOAT_ABI_SINGLE = 2, FLOAT_ABI_DOUBLE = 4, FLOAT_ABI_QUAD = 6 };

static bool
has (const Cpu *cpu, RiscvExt ext)
{
  return ((const RiscvCpu *)cpu)->exts >> ext & 1;
}

static bool
check_elf_flags (const Cpu *cpu, uint32_t e_flags, const char **ret_why)
{
  uint32_t float_abi = e_flags & EF_RISCV_FLOAT_ABI;
  *ret_why = NULL;
  if (e_flags & EF_RISCV_RVE)
    *ret_why = "built for RV32E or RV64E, which Linux programs do not use";
  else if (e_flags & EF_RISCV_TSO)
    *ret_why = "built for the total store order memory model (Ztso), which this CPU does not have";
  else if (float_abi == FLOAT_ABI_QUAD)
    *ret_why = "built for the quad-precision float ABI, which this CPU does not have";
  else if (float_abi == FLOAT_ABI_DOUBLE && !has (cpu, RV_EXT_D))
    *ret_why = "built for the double-precision float ABI; pass a -cpu with the D extension";
  else if (float_abi == FLOAT_ABI_SINGLE && !has (cpu, RV_EXT_F))
    *ret_why = "built for the single-precision float ABI; pass a -cpu with the F extension";
  else if (e_flags & EF_RISCV_RVC && !has (cpu, RV_EXT_C))
    *ret_why = "built with compressed instructions; pass a -cpu with the C extension";
  else if (e_flags & ~(uint32_t)(EF_RISCV_RVC | EF_RISCV_FLOAT_ABI))
    *ret_why = "built with unknown ELF flags for RISC-V";
  return !*ret_why;
}

static uint64_t
hwcap (const Cpu *cpu)
{
  return riscv_cpu_hwcap ((const RiscvCpu *)cpu);
}

static void
start (Cpu *cpu, uint64_t pc, uint64_t sp)
{
  cpu->state.pc = pc;
  cpu->state.var[RV_VAR_X + 2] = sp;
}

#define LI_A7(n)    (((uint32_t)(n) << 20) | 0x893) /* addi a7, zero, n */
#define ECALL       0x73
#define RET         0x8067
#define CALL(n, nr) static const uint32_t code_##n[] = { LI_A7 (nr), ECALL, RET }

/* Unwinders recognise exactly these two instructions. */
static const uint32_t code_rt_sigreturn[] = { LI_A7 (139), ECALL };
CALL (clock_gettime, 113);
CALL (clock_getres, 114);
CALL (gettimeofday, 169);
CALL (getcpu, 168);
CALL (riscv_hwprobe, 258);
CALL (flush_icache, 259);

#define FUNCTION(name) { "__vdso_" #name, code_##name, G_N_ELEMENTS (code_##name) }

static const UserVdsoFunction vdso64[] = {
  FUNCTION (rt_sigreturn), FUNCTION (gettimeofday), FUNCTION (clock_gettime), FUNCTION (clock_getres),
  FUNCTION (getcpu),       FUNCTION (flush_icache), FUNCTION (riscv_hwprobe),
};

/* 32-bit RISC-V came after 2038 was noticed: it has no calls with a 32-bit time, and no functions for them.
 */
static const UserVdsoFunction vdso32[] = {
  FUNCTION (rt_sigreturn),
  FUNCTION (getcpu),
  FUNCTION (flush_icache),
  FUNCTION (riscv_hwprobe),
};

const UserLoaderAbi user_loader_abi_riscv64 = {
  .isa = "riscv64",
  .min_sigstack = 1088,
  .check_elf_flags = check_elf_flags,
  .hwcap = hwcap,
  .start = start,
  .vdso_version = "LINUX_4.15",
  .vdso = vdso64,
  .n_vdso = G_N_ELEMENTS (vdso64),
  .vdso_sigreturn = "__vdso_rt_sigreturn",
};

const UserLoaderAbi user_loader_abi_riscv32 = {
  .isa = "riscv32",
  .min_sigstack = 944,
  .check_elf_flags = check_elf_flags,
  .hwcap = hwcap,
  .start = start,
  .vdso_version = "LINUX_4.15",
  .vdso = vdso32,
  .n_vdso = G_N_ELEMENTS (vdso32),
  .vdso_sigreturn = "__vdso_rt_sigreturn",
};
