/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a guest architecture says about its system calls: UserAbi.syscalls points to one. */

#include "user.h"

/* The tables of syscall-table.c. */
typedef enum {
  USER_SYSCALLS_RISCV64,
  USER_SYSCALLS_RISCV32,
  USER_SYSCALLS_AARCH64,
  USER_N_SYSCALL_TABLES
} UserSyscallTable;

/* A flag of open() that has another bit on the guest than on the host. */
typedef struct {
  uint32_t guest, host;
} UserOpenFlag;

typedef struct UserSyscallAbi {
  UserSyscallTable table;
  const char *machine;            /* as uname gives it; NULL: GuestIsa.name */
  uint8_t number_var, result_var; /* IrState variables */
  uint8_t arg_var[6];
  uint8_t insn_len; /* of the instruction that makes the call */
  bool int_number;  /* the call's number is the lower half of its register */
  bool align_pairs; /* a 64-bit argument of a 32-bit guest starts at an even register */
  /* Open flags that differ from the host's, ending with zeros; NULL: none. */
  const UserOpenFlag *open_flags;
  /* Text of /proc/cpuinfo for `n` processors, newly allocated; NULL: the host's file is shown. */
  char *(*cpuinfo) (const Cpu *cpu, unsigned n);
  /* prctl's options that only this port has: -ENOSYS for any other. NULL: it has none. */
  int64_t (*prctl) (UserThread *thread, const uint64_t *a);
} UserSyscallAbi;
