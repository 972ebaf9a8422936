/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a guest ISA's Linux port adds to the ISA: which registers system calls and threads use, and the
 * machine part of a signal frame. */

#include "user.h"

typedef struct UserSyscallAbi UserSyscallAbi;

/* What a handler is entered with. */
typedef struct {
  uint64_t handler, restorer; /* restorer: where it returns to */
  uint64_t sp;                /* of the finished frame */
  uint64_t info, context;     /* guest addresses of siginfo_t and ucontext_t in it */
  int signo;
} UserSignalEntry;

struct UserAbi {
  const char *isa; /* GuestIsa.name */

  const UserSyscallAbi *syscalls; /* registers of system calls: syscall-abi.h */
  /* Gives the result of the system call the cpu stands at and moves past its instruction. */
  void (*finish_syscall) (Cpu *cpu, int64_t result);

  uint64_t (*stack) (const Cpu *cpu);
  void (*set_stack) (Cpu *cpu, uint64_t sp);
  void (*set_tls) (Cpu *cpu, uint64_t tls);

  /* The machine context of a signal frame: its size and alignment, its contents from and to the cpu.  `load`
   * returns false for contents the kernel refuses. */
  unsigned mcontext_size, mcontext_align;
  void (*save_mcontext) (const Cpu *cpu, void *mcontext);
  bool (*load_mcontext) (Cpu *cpu, const void *mcontext);
  void (*enter_handler) (Cpu *cpu, const UserSignalEntry *entry);

  unsigned stack_align; /* of a frame */
  unsigned min_stack;   /* MINSIGSTKSZ */
};

/* NULL for an ISA without one. */
const UserAbi *user_abi_find (const GuestIsa *isa);
extern const UserAbi user_abi_riscv64, user_abi_riscv32;
extern const UserSyscallAbi user_syscall_abi_riscv;
