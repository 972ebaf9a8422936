/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A virtual CPU and its run loop. */

#include "isa.h"
#include "jit.h"
#include <signal.h>

/* How the translator reads guest code. Returns the number of bytes readable and executable at pc (up to
 * `want`, which never crosses more than one page boundary), copied to `out`; 0 and *ret_fault set when there
 * are none. */
typedef size_t (*CpuFetch) (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault);

struct Cpu {
  union { /* must be first */
    IrState state;
    JitState jit_state;
  };
  const GuestIsa *isa;
  CpuFetch fetch;
  JitThread *jit;           /* the JIT's part; NULL until first run, and always with CpuSettings.interpret */
  struct CpuInterp *interp; /* the interpreter's part; NULL until used */
  void *owner;              /* the embedder's: a user-mode thread, a machine's hart */
  bool single_step;         /* leave with IR_EXIT_DEBUG after each instruction */
  bool interpret;           /* run no compiled code: all accesses of memory go through state.mem */
  bool ignore_breakpoints;  /* only with interpret */
  bool met_tag;             /* set where an access in user mode has ignored a tag */
  struct CpuSystem *system; /* system mode's part (softmmu.h); NULL in user mode */
};

/* Global translator settings, set once before the first cpu_run(). */
typedef struct {
  bool interpret;           /* never JIT */
  bool one_insn_per_block;  /* -one-insn-per-tb */
  bool check_copies;        /* for tests: copies of code are compared with what compiling gives */
  unsigned flush_every;     /* forced mode: drop all translations every N dispatches (0: never) */
  unsigned interrupt_every; /* forced mode: make an exit_request appear every N dispatches (0: never) */
  size_t code_cache_size;   /* bytes; 0: the default */
  unsigned hot_threshold;   /* executions of a block before its region is compiled; 0: the default */
  bool count;               /* keep CpuCounters of executed instructions (slower code) */
  bool perf_map;            /* write /tmp/perf-PID.map */
} CpuSettings;
extern CpuSettings cpu_settings;

typedef struct {
  uint64_t translated_insns, translate_ns; /* of all guest code, decoding included */
  uint64_t blocks, hot_regions, hot_insns, host_bytes, flushes;
  uint64_t executed_insns, executed_host_insns;
  uint64_t link_exits, lookup_exits, interpret_exits; /* times code came back to the run loop for these */
} CpuCounters;
/* Sums over all threads so far; zero without CpuSettings.count. */
void cpu_counters (CpuCounters *ret_counters);

/* A new vCPU of `isa`; NULL and an error for an unknown model. */
Cpu *cpu_new (const GuestIsa *isa, const char *model, GError **error);
/* A copy of the architectural state, for a new thread. Does not copy owner or jit. */
Cpu *cpu_clone (const Cpu *cpu);
void cpu_free (Cpu *cpu);

/* Runs guest code from state.pc until something needs the embedder, and says what. State is exact on return.
 * Returns IR_EXIT_REQUEST, SYSCALL, BREAKPOINT, DEBUG, ILLEGAL, FAULT or FETCH_FAULT. Clears exit_request
 * only when returning IR_EXIT_REQUEST. The vCPU belongs to the calling thread. */
IrExit cpu_run (Cpu *cpu);

/* Makes a running cpu_run() return IR_EXIT_REQUEST soon. Async-signal-safe, from any thread. */
static inline void
cpu_request_exit (Cpu *cpu)
{
  __atomic_store_n (&cpu->state.exit_request, 1, __ATOMIC_RELEASE);
}

/* The vCPU that the calling thread is inside of cpu_run() for, or NULL. */
Cpu *cpu_running (void);

/* To be called from the embedder's SIGSEGV, SIGBUS and SIGFPE handler on the thread that runs `cpu`. If the
 * fault was caused by guest code (generated code, interpreter, guest memory accessors) it does not return to
 * the faulting instruction: the state is recovered, state.fault is filled, and cpu_run() returns
 * IR_EXIT_FAULT. Returns false if the fault is not the guest's (a defect of ours): the caller restores the
 * default action. */
bool cpu_host_fault (Cpu *cpu, const siginfo_t *info, void *ucontext);

/* Drops translations made from guest code in [start, start + size): for munmap, mprotect, MAP_FIXED over
 * code, and breakpoints. Threads inside such code finish their current block. */
void cpu_invalidate (uint64_t start, uint64_t size);
/* User mode: other threads or processes see guest memory from now on, and atomic accesses have to be such to
 * them too. Costs nothing but at the first call, which comes before any of them (a cpu_clone() that is a
 * thread, say) runs. */
void cpu_memory_shared (void);
/* After the guest's instruction-cache flush: drops translations in the range whose source bytes have changed.
 */
void cpu_flush_icache (uint64_t start, uint64_t size);

/* Debugger breakpoints: execution reaching `pc` leaves with IR_EXIT_DEBUG before the instruction. */
void cpu_breakpoint_insert (uint64_t pc);
void cpu_breakpoint_remove (uint64_t pc);
/* Removes all of them in the child of a host fork, in whatever state other threads left their table. */
void cpu_breakpoints_forget (void);

/* Around fork(): keeps other threads out of the translator's tables until the matching call in the parent. */
void cpu_before_fork (void);
void cpu_after_fork_parent (void);
/* In the child of a host fork: gives the process its own copy of the code cache; only `cpu` survives. */
void cpu_after_fork_child (Cpu *cpu);
