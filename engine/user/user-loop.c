/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The life of a guest thread: run, find out why it stopped, go on. */

#include "user-debug.h"
#include "user-mmap.h"
#include "user-signal.h"

static void
force_fault (UserThread *thread, int sig, int code, uint64_t addr)
{
  siginfo_t info = { .si_signo = sig, .si_code = code };
  info.si_addr = (void *)(uintptr_t)addr;
  user_signal_force (thread, &info);
}

static void
breakpoint (UserThread *thread)
{
  if (user_debugger && user_debugger->breakpoint && user_debugger->breakpoint (thread))
    return;
  force_fault (thread, SIGTRAP, TRAP_BRKPT, thread->cpu->state.pc);
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
      case IR_EXIT_FETCH_FAULT: {
        IrFault fault = cpu->state.fault;
        if (fault.signo == SIGSEGV && reason == IR_EXIT_FAULT)
          fault.si_code = user_fault_code (fault.addr);
        force_fault (thread, fault.signo, fault.si_code, fault.addr);
        break;
      }
      case IR_EXIT_ILLEGAL: force_fault (thread, SIGILL, ILL_ILLOPC, cpu->state.pc); break;
      case IR_EXIT_BREAKPOINT: breakpoint (thread); break;
      case IR_EXIT_DEBUG: debug_stop (thread); break;
      default: break; /* a request: delivery looks */
    }
  }
}
