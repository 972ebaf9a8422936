/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The life of a guest thread: run, find out why it stopped, go on. */

#include "user-abi.h"
#include "user-debug.h"
#include "user-mmap.h"
#include "user-signal.h"

/* The exception becomes a signal, and what its frame tells of it. */
static void
raise_fault (UserThread *thread, const UserFault *fault)
{
  siginfo_t info = { .si_signo = fault->signo, .si_code = fault->si_code };
  info.si_addr = (void *)(uintptr_t)fault->addr;
  thread->fault = *fault;
  user_signal_force (thread, &info);
}

static void
access_fault (UserThread *thread, IrExit reason)
{
  const IrFault *f = &thread->cpu->state.fault;
  UserFault fault = { .addr = f->addr, .signo = f->signo, .si_code = f->si_code, .write = f->write };
  fault.fetch = reason == IR_EXIT_FETCH_FAULT;
  if (f->signo == SIGSEGV && reason == IR_EXIT_FAULT)
    fault.si_code = user_fault_code (f->addr);
  if (user_process.abi->refine_fault)
    user_process.abi->refine_fault (thread->cpu, &fault);
  raise_fault (thread, &fault);
}

static void
illegal (UserThread *thread)
{
  UserFault fault = { .addr = thread->cpu->state.pc, .signo = SIGILL, .si_code = ILL_ILLOPC };
  raise_fault (thread, &fault);
}

static void
breakpoint (UserThread *thread)
{
  if (user_debugger && user_debugger->breakpoint && user_debugger->breakpoint (thread))
    return;
  siginfo_t info = { .si_signo = SIGTRAP, .si_code = TRAP_BRKPT };
  info.si_addr = (void *)(uintptr_t)thread->cpu->state.pc;
  user_signal_force (thread, &info);
}

static void
debug_stop (UserThread *thread)
{
  if (user_debugger && user_debugger->stopped)
    user_debugger->stopped (thread);
}

void
user_loop (UserThread *thread)
{
  Cpu *cpu = thread->cpu;
  for (;;) {
    user_signal_deliver (thread);
    IrExit reason = cpu_run (cpu);
    switch (reason) {
      case IR_EXIT_SYSCALL:
        user_syscall (thread);
        /* A finished system call is a step as well. */
        if (G_UNLIKELY (cpu->single_step) && thread->restart == 0)
          debug_stop (thread);
        break;
      case IR_EXIT_FAULT:
      case IR_EXIT_FETCH_FAULT: access_fault (thread, reason); break;
      case IR_EXIT_ILLEGAL: illegal (thread); break;
      case IR_EXIT_BREAKPOINT: breakpoint (thread); break;
      case IR_EXIT_DEBUG: debug_stop (thread); break;
      default: break; /* a request: delivery looks */
    }
  }
}
