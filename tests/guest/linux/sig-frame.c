/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a handler sees of a fault, and what its changes to the context do. */
#include "machine.h"
#include "thread-check.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>

static volatile int seen, seen_code;
static volatile uintptr_t seen_addr, seen_pc;
static uintptr_t seen_scratch;

/* Records the fault, skips the instruction and changes the scratch and floating-point registers. */
static void
skip (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  seen = sig;
  seen_code = info->si_code;
  seen_addr = (uintptr_t)info->si_addr;
  seen_pc = CONTEXT_PC (uc);
  seen_scratch = CONTEXT_SCRATCH (uc);
  CONTEXT_SCRATCH (uc) = 4242;
  context_set_float (uc, 0x4000000000000000); /* 2.0 */
  if (sig == SIGSEGV && info->si_addr == (void *)seen_pc)
    CONTEXT_PC (uc) = CONTEXT_RETURN (uc);
  else
    CONTEXT_PC (uc) += insn_length (seen_pc);
}

static void
load_from (uintptr_t address)
{
  uintptr_t at, scratch = 1717;
  double f = load_traced (address, &scratch, &at);
  CHECK (seen == SIGSEGV || seen == SIGBUS);
  CHECK (seen_pc == at);
  CHECK (seen_addr == address);
  CHECK (seen_scratch == 1717);
  CHECK (scratch == 4242);
  CHECK (f == 2.0);
}

static void
test_faults (void)
{
  char *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  load_from (16);
  CHECK (seen_code == SEGV_MAPERR);
  mprotect (page, 4096, PROT_NONE);
  load_from ((uintptr_t)page + 8);
  CHECK (seen_code == SEGV_ACCERR);
  munmap (page, 4096);
  load_from ((uintptr_t)page + 8);
  CHECK (seen_code == SEGV_MAPERR);
  int fd = memfd_create ("empty", 0);
  page = mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  load_from ((uintptr_t)page);
  CHECK (seen == SIGBUS && seen_code == BUS_ADRERR);
}

static void
test_others (void)
{
  uintptr_t at;
  UNDEFINED_AT (at);
  CHECK (seen == SIGILL && seen_code == ILL_ILLOPC && seen_addr == at);
  TRAP_AT (at);
  CHECK (seen == SIGTRAP && seen_code == TRAP_BRKPT && seen_pc == at);
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ((void (*volatile) (void))page) ();
  CHECK (seen == SIGSEGV && seen_code == SEGV_ACCERR && seen_addr == (uintptr_t)page);
}

static char alternate[32768];
static volatile int on_alternate, depth;
static stack_t inside;

static void
where (int sig)
{
  char here;
  on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
  sigaltstack (NULL, &inside);
  if (depth++ == 0)
    raise (SIGUSR2); /* nests on the same stack */
}

static void
test_altstack (void)
{
  stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
  struct sigaction action = { .sa_handler = where, .sa_flags = SA_ONSTACK };
  CHECK (sigaltstack (&stack, NULL) == 0);
  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGUSR2, &action, NULL);
  raise (SIGUSR1);
  CHECK (depth == 2 && on_alternate && inside.ss_flags == SS_ONSTACK);
  CHECK (sigaltstack (NULL, &inside) == 0 && inside.ss_flags == 0);
  stack.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
  CHECK (sigaltstack (&stack, NULL) == 0);
  depth = 1;
  raise (SIGUSR1);
  CHECK (on_alternate && inside.ss_flags == SS_DISABLE && inside.ss_size == 0);
  CHECK (sigaltstack (NULL, &inside) == 0 && inside.ss_size == sizeof alternate);
  stack.ss_flags = 0;
  stack.ss_size = 100;
  CHECK (sigaltstack (&stack, NULL) == -1 && errno == ENOMEM);
  stack.ss_flags = 77;
  CHECK (sigaltstack (&stack, NULL) == -1 && errno == EINVAL);
  stack.ss_flags = SS_DISABLE;
  CHECK (sigaltstack (&stack, NULL) == 0);
}

/* The stack is unusable and there is no other: no handler can run. */
static void
test_no_stack (void)
{
  pid_t pid = fork ();
  if (pid == 0) {
    FAULT_WITHOUT_STACK ();
    _exit (0);
  }
  siginfo_t info;
  CHECK (waitid (P_PID, pid, &info, WEXITED) == 0);
  CHECK ((info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) && info.si_status == SIGSEGV);
}

int
main (void)
{
  struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  sigaction (SIGILL, &action, NULL);
  sigaction (SIGTRAP, &action, NULL);
  test_faults ();
  test_others ();
  test_altstack ();
  test_no_stack ();
  return 0;
}
