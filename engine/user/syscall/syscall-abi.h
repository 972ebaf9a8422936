/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a guest architecture says about its system calls: UserAbi.syscalls points to one. */

#include "cpu.h"

typedef struct UserSyscallAbi {
  const char *machine;            /* as uname gives it; NULL: GuestIsa.name */
  uint8_t number_var, result_var; /* IrState variables */
  uint8_t arg_var[6];
  uint8_t insn_len; /* of the instruction that makes the call */
  bool align_pairs; /* a 64-bit argument of a 32-bit guest starts at an even register */
  /* Text of /proc/cpuinfo for `n` processors, newly allocated; NULL: the host's file is shown. */
  char *(*cpuinfo) (const Cpu *cpu, unsigned n);
  /* riscv_hwprobe: the value of `key`; false for a key it does not know. NULL for other architectures. */
  bool (*hwprobe) (const Cpu *cpu, int64_t key, uint64_t *ret_value);
} UserSyscallAbi;

extern const UserSyscallAbi user_syscall_abi_riscv;
