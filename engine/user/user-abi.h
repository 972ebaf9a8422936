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
  uint64_t link;              /* and of what save_link wrote */
  int signo;
} UserSignalEntry;

struct UserAbi {
  const char *isa;     /* GuestIsa.name */
  unsigned space_bits; /* of a user's virtual addresses; 32: a 32-bit port */

  const UserSyscallAbi *syscalls; /* registers of system calls: syscall-abi.h */
  /* Gives the result of the system call the cpu stands at and moves past its instruction. */
  void (*finish_syscall) (Cpu *cpu, int64_t result);

  uint64_t (*stack) (const Cpu *cpu);
  void (*set_stack) (Cpu *cpu, uint64_t sp);
  void (*set_tls) (Cpu *cpu, uint64_t tls);

  /* struct sigaction names the code a handler returns to, between flags and mask (SA_RESTORER). */
  bool sa_restorer;
  /* The machine context of a signal frame: its size and alignment, its contents from and to the cpu.  `fault`
   * is the thread's latest.  `load` returns false for contents the kernel refuses. */
  unsigned mcontext_size, mcontext_align;
  void (*save_mcontext) (const Cpu *cpu, const UserFault *fault, void *mcontext);
  bool (*load_mcontext) (Cpu *cpu, const void *mcontext);
  /* Corrects what is known of an access that faulted; NULL: nothing to correct. */
  void (*refine_fault) (const Cpu *cpu, UserFault *fault);
  /* Returning from a frame the kernel refuses, which one off the stack's alignment is too, is reported as a
   * fault at the stack pointer; else as SIGSEGV of no address. */
  bool bad_frame_is_fault;
  /* What lies above a frame, where the port has such a thing (else 0 and NULL). */
  unsigned link_size;
  void (*save_link) (const Cpu *cpu, void *link);
  void (*enter_handler) (Cpu *cpu, const UserSignalEntry *entry);

  /* Where the port has guarded pages (PROT_BTI) and the cpu heeds them: has user_guard_init() called. NULL:
   * not. */
  void (*init_guard) (const Cpu *cpu);

  unsigned stack_align; /* of a frame */
  unsigned min_stack;   /* MINSIGSTKSZ */
};

/* NULL for an ISA without one. */
const UserAbi *user_abi_find (const GuestIsa *isa);
extern const UserAbi user_abi_riscv64, user_abi_riscv32, user_abi_aarch64;
extern const UserSyscallAbi user_syscall_abi_riscv64, user_syscall_abi_riscv32, user_syscall_abi_aarch64;
