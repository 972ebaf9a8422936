/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a handler sees of a fault, and what its changes to the context do. */
#include "thread-check.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <ucontext.h>

static volatile int seen, seen_code;
static volatile uintptr_t seen_addr, seen_pc;
static uintptr_t seen_t3;

static unsigned
length_at (uintptr_t pc)
{
  return (*(const uint16_t *)pc & 3) == 3 ? 4 : 2;
}

/* Records the fault, skips the instruction and changes t3 and ft0. */
static void
skip (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  seen = sig;
  seen_code = info->si_code;
  seen_addr = (uintptr_t)info->si_addr;
  seen_pc = uc->uc_mcontext.__gregs[REG_PC];
  seen_t3 = uc->uc_mcontext.__gregs[28];
  uc->uc_mcontext.__gregs[28] = 4242;
  uc->uc_mcontext.__fpregs.__d.__f[0] = 0x4000000000000000; /* 2.0 */
  if (sig == SIGSEGV && info->si_addr == (void *)seen_pc)
    uc->uc_mcontext.__gregs[REG_PC] = uc->uc_mcontext.__gregs[REG_RA];
  else
    uc->uc_mcontext.__gregs[REG_PC] += length_at (seen_pc);
}

static void
load_from (uintptr_t address)
{
  register uintptr_t t3 __asm__ ("t3") = 1717;
  register uintptr_t a5 __asm__ ("a5") = address;
  uintptr_t at;
  double f;
  __asm__ volatile ("fmv.d.x ft0, zero\n la %1, 1f\n 1: lw zero, 0(%3)\n fmv.d %2, ft0"
                    : "+r"(t3), "=&r"(at), "=f"(f)
                    : "r"(a5)
                    : "memory", "ft0");
  CHECK (seen == SIGSEGV || seen == SIGBUS);
  CHECK (seen_pc == at);
  CHECK (seen_addr == address);
  CHECK (seen_t3 == 1717);
  CHECK (t3 == 4242);
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
  __asm__ volatile ("la %0, 1f\n .balign 4\n 1: .word 0xffffffff" : "=&r"(at) : : "t3", "ft0", "memory");
  CHECK (seen == SIGILL && seen_code == ILL_ILLOPC && seen_addr == at);
  __asm__ volatile ("la %0, 1f\n .option push\n .option norvc\n 1: ebreak\n .option pop"
                    : "=&r"(at)
                    :
                    : "t3", "ft0", "memory");
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
    __asm__ volatile ("li sp, 64\n lw zero, 0(zero)");
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
