/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls of the 64-bit Arm Linux port: their registers, and what the processor says of itself. */

#include "arm-cpu.h"
#include "sys-arm.h"
#include "syscall/syscall-abi.h"
#include "user-abi.h"
#include <fcntl.h>

/* What the kernel calls the bits of AT_HWCAP and AT_HWCAP2. */
static const char *const features[128] = {
  "fp",       "asimd",      "evtstrm",  "aes",     "pmull",         "sha1",     "sha2",
  "crc32",    "atomics",    "fphp",     "asimdhp", "cpuid",         "asimdrdm", "jscvt",
  "fcma",     "lrcpc",      "dcpop",    "sha3",    "sm3",           "sm4",      "asimddp",
  "sha512",   "sve",        "asimdfhm", "dit",     "uscat",         "ilrcpc",   "flagm",
  "ssbs",     "sb",         "paca",     "pacg",    [64] = "dcpodp", "sve2",     "sveaes",
  "svepmull", "svebitperm", "svesha3",  "svesm4",  "flagm2",        "frint",    "svei8mm",
  "svef32mm", "svef64mm",   "svebf16",  "i8mm",    "bf16",          "dgh",      "rng",
  "bti",      "mte",
};

static void
append_features (GString *out, unsigned first, uint64_t bits)
{
  for (unsigned i = 0; i < 64; i++)
    if (bits >> i & 1 && features[first + i] != NULL)
      g_string_append_printf (out, " %s", features[first + i]);
}

static char *
cpuinfo (const Cpu *cpu, unsigned n)
{
  const ArmCpu *arm = (const ArmCpu *)cpu;
  GString *out = g_string_new (NULL);
  unsigned midr = (unsigned)arm_cpu_id_register (arm, ARM_ID_MIDR);
  for (unsigned i = 0; i < n; i++) {
    g_string_append_printf (out, "processor\t: %u\nBogoMIPS\t: %u.%02u\nFeatures\t:", i,
                            2 * ARM_COUNTER_FREQUENCY / 1000000, 2 * ARM_COUNTER_FREQUENCY / 10000 % 100);
    append_features (out, 0, arm_cpu_hwcap (arm));
    append_features (out, 64, arm_cpu_hwcap2 (arm));
    g_string_append_printf (out,
                            "\nCPU implementer\t: 0x%02x\nCPU architecture: 8\nCPU variant\t: 0x%x\n"
                            "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                            midr >> 24, midr >> 20 & 15, midr >> 4 & 0xfff, midr & 15);
  }
  return g_string_free (out, FALSE);
}

/* libc defines its O_LARGEFILE as nothing on 64-bit hosts; the kernel's bit is there all the same. */
#ifdef __aarch64__
#define HOST_LARGEFILE 0400000
#else
#define HOST_LARGEFILE 0100000
#endif
static const UserOpenFlag open_flags[] = { { 040000, O_DIRECTORY },
                                           { 0100000, O_NOFOLLOW },
                                           { 0200000, O_DIRECT },
                                           { 0400000, HOST_LARGEFILE },
                                           { 0, 0 } };

const UserSyscallAbi user_syscall_abi_aarch64 = {
  .table = USER_SYSCALLS_AARCH64,
  .number_var = ARM_VAR_X + 8,
  .result_var = ARM_VAR_X,
  .arg_var = { ARM_VAR_X, ARM_VAR_X + 1, ARM_VAR_X + 2, ARM_VAR_X + 3, ARM_VAR_X + 4, ARM_VAR_X + 5 },
  .insn_len = 4,
  .int_number = true,
  .open_flags = open_flags,
  .cpuinfo = cpuinfo,
  .prctl = user_arm_prctl,
};
