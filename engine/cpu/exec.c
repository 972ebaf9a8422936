/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu.h"

#include "code-gen.h"
#include "exec-interp.h"
#include "exec-jit.h"
#include "guest-mem.h"
#include "system.h"
#include "trace.h"
#include <sched.h>
#include <unistd.h>
#include <ucontext.h>

/* The vCPU whose interpreter or helper is touching guest memory on this thread: its faults are the guest's.
 */
static _Thread_local Cpu *running;
/* The vCPU that last ran on this thread. */
static _Thread_local Cpu *latest;

Cpu *
cpu_running (void)
{
  return running;
}

static IrExit
fetch_fault (Cpu *cpu)
{
  if (cpu->system == NULL && cpu->isa->tagged && cpu->state.pc != guest_untag (cpu->state.pc)) {
    cpu->state.pc = guest_untag (cpu->state.pc);
    return IR_EXIT_NONE;
  }
  uint8_t byte[16];
  IrFault fault;
  size_t have = cpu->fetch (cpu, cpu->state.pc, byte, cpu->isa->insn_max, &fault);
  if (have == 0)
    cpu->state.fault = fault;
  else if (have < cpu->isa->insn_max && cpu->fetch (cpu, cpu->state.pc + have, byte, 1, &fault) == 0)
    cpu->state.fault = fault;
  else
    return IR_EXIT_NONE; /* Another thread has mapped it meanwhile. */
  return IR_EXIT_FETCH_FAULT;
}

/* User mode: drops what the guest says it has changed. */
static void
flush_code (IrState *s)
{
  uint64_t start = s->flush_start, end = s->flush_end;
  if (((const Cpu *)s)->isa->tagged) {
    start = guest_untag (start);
    end = guest_untag (end);
  }
  s->flush_start = s->flush_end = 0;
  if (end == 0)
    cpu_flush_icache (0, UINT64_MAX);
  else
    cpu_flush_icache (start, end - start);
}

/* Handles the exits that are the run loop's own business; IR_EXIT_NONE: go on. */
static IrExit
handle_exit (Cpu *cpu, IrExit reason)
{
  switch (reason) {
    case IR_EXIT_ICACHE:
      if (cpu->system != NULL) {
        cpu->state.flush_start = cpu->state.flush_end = 0;
        system_fence_code (cpu);
      } else
        flush_code (&cpu->state);
      return IR_EXIT_NONE;
    case IR_EXIT_PAUSE: sched_yield (); return IR_EXIT_NONE;
    case IR_EXIT_MODE: return IR_EXIT_NONE;
    case IR_EXIT_FETCH_FAULT: return fetch_fault (cpu);
    default: return reason;
  }
}

static bool
take_request (Cpu *cpu)
{
  return __atomic_load_n (&cpu->state.exit_request, __ATOMIC_ACQUIRE) != 0 &&
         __atomic_exchange_n (&cpu->state.exit_request, 0, __ATOMIC_ACQ_REL) != 0;
}

static IrExit
run_compiled (Cpu *cpu)
{
  for (;;) {
    if (take_request (cpu))
      return IR_EXIT_REQUEST;
    IrExit reason = handle_exit (cpu, exec_jit_run (cpu));
    if (reason == IR_EXIT_REQUEST)
      continue; /* take_request() decides */
    if (reason != IR_EXIT_NONE)
      return reason;
  }
}

static IrExit
run_interpreted (Cpu *cpu)
{
  for (;;) {
    if (take_request (cpu))
      return IR_EXIT_REQUEST;
    if (cpu->system != NULL)
      system_sync (cpu);
    if (trace_blocks ())
      trace_block (cpu);
    IrExit reason = handle_exit (cpu, interp_step (cpu, cpu->single_step));
    if (reason != IR_EXIT_NONE)
      return reason;
    if (cpu->single_step)
      return IR_EXIT_DEBUG;
  }
}

/* Whether compiled code is what runs, if there is any. */
static bool
wants_jit (const Cpu *cpu)
{
  return !cpu->single_step && !cpu->interpret;
}

IrExit
cpu_run (Cpu *cpu)
{
  sigjmp_buf leave;
  sigjmp_buf *outer = cpu->state.leave;
  IrExit reason;
  if (cpu->system != NULL && latest != cpu)
    system_thread_begin ();
  cpu->state.leave = &leave;
  reason = sigsetjmp (leave, 0);
  running = latest = cpu;
  if (reason != IR_EXIT_NONE && cpu->jit != NULL && wants_jit (cpu)) {
    jit_abandon (cpu->jit, NULL);
    jit_end (cpu->jit);
  }
  if (reason != IR_EXIT_NONE) {
    reason = handle_exit (cpu, reason);
    if (reason == IR_EXIT_NONE && cpu->single_step) /* The instruction that left was the one to be stepped. */
      reason = IR_EXIT_DEBUG;
  }
  if (reason == IR_EXIT_NONE)
    reason = wants_jit (cpu) && exec_jit_ready (cpu) ? run_compiled (cpu) : run_interpreted (cpu);
  running = NULL;
  cpu->state.leave = outer;
  return reason;
}

bool
cpu_host_fault (Cpu *cpu, const siginfo_t *info, void *ucontext)
{
  if (cpu != NULL && running == cpu && info->si_signo == SIGFPE && cpu->jit != NULL)
    return jit_host_fpe (cpu->jit, info, ucontext);
  if (cpu == NULL || running != cpu || (info->si_signo != SIGSEGV && info->si_signo != SIGBUS))
    return false;
  uint64_t addr = h2g (info->si_addr);
  const ucontext_t *uc = ucontext;
  bool write = (uc->uc_mcontext.gregs[REG_ERR] & 2) != 0;
  if (cpu->jit != NULL && wants_jit (cpu)) {
    /* The host does not say which address is not canonical, and it may only be a guest's tagged one: the
     * interpreter does that instruction again. */
    unsigned reason = info->si_code == SI_KERNEL ? JIT_EXIT_INTERPRET : IR_EXIT_FAULT;
    switch (jit_host_fault (cpu->jit, info, ucontext, reason)) {
      case JIT_FAULT_RETRY: return true;
      case JIT_FAULT_GUEST:
        cpu->state.fault =
            (IrFault){ .addr = addr, .signo = info->si_signo, .si_code = info->si_code, .write = write };
        return true;
      case JIT_FAULT_NONE: break;
    }
    jit_abandon (cpu->jit, ucontext);
  }
  if (addr >= guest_space_size)
    return false;
  cpu->state.fault =
      (IrFault){ .addr = addr, .signo = info->si_signo, .si_code = info->si_code, .write = write };
  sigset_t none = uc->uc_sigmask;
  sigprocmask (SIG_SETMASK, &none, NULL);
  ir_leave (&cpu->state, IR_EXIT_FAULT);
}

void
cpu_invalidate (uint64_t start, uint64_t size)
{
  code_generation_advance ();
  jit_invalidate (start, size);
}

void
cpu_memory_shared (void)
{
  jit_memory_shared ();
}

void
cpu_flush_icache (uint64_t start, uint64_t size)
{
  code_generation_advance ();
  if (latest != NULL)
    exec_jit_flush_icache (latest, start, size);
}

void
cpu_before_fork (void)
{
  jit_fork_lock (true);
}

void
cpu_after_fork_parent (void)
{
  jit_fork_lock (false);
}

void
cpu_after_fork_child (Cpu *cpu)
{
  if (cpu->jit != NULL && !jit_after_fork_child (cpu->jit)) {
    g_printerr ("vitrine: no memory for a forked child's translated code\n");
    _exit (125);
  }
}
