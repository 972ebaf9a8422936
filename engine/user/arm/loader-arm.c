/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The loader's part of the 64-bit Arm Linux port. */

#include "arm-cpu.h"
#include "loader-abi.h"

static bool
check_elf_flags (const Cpu *cpu, uint32_t e_flags, const char **ret_why)
{
  *ret_why = e_flags ? "built with unknown ELF flags for AArch64" : NULL;
  return e_flags == 0;
}

static uint64_t
hwcap (const Cpu *cpu)
{
  return arm_cpu_hwcap ((const ArmCpu *)cpu);
}

static uint64_t
hwcap2 (const Cpu *cpu)
{
  return arm_cpu_hwcap2 ((const ArmCpu *)cpu);
}

static void
start (Cpu *cpu, uint64_t pc, uint64_t sp)
{
  cpu->state.pc = pc;
  cpu->state.var[ARM_VAR_SP] = sp;
  cpu->state.mode |= ARM_MODE_STACK; /* SPEC: Linux sets SCTLR_EL1.SA0. */
}

#define MOV_X8(n)   (0xd2800008 | (uint32_t)(n) << 5) /* mov x8, #n */
#define SVC         0xd4000001
#define RET         0xd65f03c0
#define CALL(n, nr) static const uint32_t code_##n[] = { MOV_X8 (nr), SVC, RET }

/* Unwinders recognise exactly these two instructions. */
static const uint32_t code_rt_sigreturn[] = { MOV_X8 (139), SVC };
CALL (clock_gettime, 113);
CALL (clock_getres, 114);
CALL (gettimeofday, 169);

#define FUNCTION(name) { "__kernel_" #name, code_##name, G_N_ELEMENTS (code_##name) }

static const UserVdsoFunction vdso[] = {
  FUNCTION (rt_sigreturn),
  FUNCTION (gettimeofday),
  FUNCTION (clock_gettime),
  FUNCTION (clock_getres),
};

const UserLoaderAbi user_loader_abi_aarch64 = {
  .isa = "aarch64",
  .platform = "aarch64",
  .min_sigstack = 4720,
  .check_elf_flags = check_elf_flags,
  .hwcap = hwcap,
  .hwcap2 = hwcap2,
  .start = start,
  .vdso_version = "LINUX_2.6.39",
  .vdso = vdso,
  .n_vdso = G_N_ELEMENTS (vdso),
  .vdso_sigreturn = "__kernel_rt_sigreturn",
};
