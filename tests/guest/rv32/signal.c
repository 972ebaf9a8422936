/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals: what a handler's frame holds, and what its changes do; masks, alternate stacks, bad frames. */
#include "runtime.h"

#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/wait.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

typedef void Handler (int sig, siginfo_t *info, struct ucontext *context);

/* struct sigaction, with the mask as one number. */
typedef struct {
  Handler *handler;
  unsigned long flags;
  uint64_t mask __attribute__ ((packed, aligned (4)));
} Action;
_Static_assert (sizeof (Action) == 16 && offsetof (Action, mask) == 8, "struct sigaction");

_Static_assert (sizeof (struct sigaction) == sizeof (Action) && sizeof (sigset_t) == 8, "sigset_t");
_Static_assert (offsetof (struct ucontext, uc_mcontext) % 16 == 0, "sigcontext is aligned");

#define BIT(sig) (1ULL << ((sig) - 1))

static long
set_action (int sig, Handler *handler, unsigned long flags, uint64_t mask)
{
  Action action = { handler, flags, mask };
  return CALL (rt_sigaction, sig, &action, 0, 8);
}

static volatile int seen, seen_code;
static volatile uint32_t seen_addr, seen_pc, seen_t3;
static volatile bool seen_aligned;

/* Skips the instruction that faulted, and changes an integer and a floating register. */
static void
skip (int sig, siginfo_t *info, struct ucontext *uc)
{
  struct user_regs_struct *regs = &uc->uc_mcontext.sc_regs;
  seen = sig;
  seen_code = info->si_code;
  seen_addr = (uint32_t)info->si_addr;
  seen_pc = regs->pc;
  seen_t3 = regs->t3;
  seen_aligned = (uint32_t)info % 16 == 0 && (uint32_t)&uc->uc_mcontext % 16 == 0;
  regs->t3 = 4242;
  uc->uc_mcontext.sc_fpregs.d.f[0] = 0x4000000000000000; /* 2.0 */
  uc->uc_mcontext.sc_fpregs.d.fcsr = 0x60;               /* upwards */
  regs->pc += (*(const uint16_t *)regs->pc & 3) == 3 ? 4 : 2;
}

static void
test_fault (uint32_t address)
{
  register uint32_t t3 __asm__ ("t3") = 1717;
  uint32_t at, fcsr;
  double f;
  __asm__ volatile ("fcvt.d.w ft0, zero\n la %1, 1f\n 1: lw zero, 0(%4)\n fmv.d %2, ft0\n csrrwi %3, fcsr, 0"
                    : "+r"(t3), "=&r"(at), "=&f"(f), "=&r"(fcsr)
                    : "r"(address)
                    : "memory", "ft0");
  CHECK_EQ (seen, SIGSEGV);
  CHECK (seen_aligned);
  CHECK_EQ (seen_pc, at);
  CHECK_EQ (seen_addr, address);
  CHECK_EQ (seen_t3, 1717);
  CHECK_EQ (t3, 4242);
  CHECK (f == 2.0);
  CHECK_EQ (fcsr, 0x60);
}

static void
test_faults (void)
{
  uint32_t at;
  CHECK_OK (set_action (SIGSEGV, skip, SA_SIGINFO, 0));
  CHECK_OK (set_action (SIGILL, skip, SA_SIGINFO, 0));
  CHECK_OK (set_action (SIGTRAP, skip, SA_SIGINFO, 0));
  test_fault (16);
  CHECK_EQ (seen_code, SEGV_MAPERR);
  long page = CALL (mmap2, 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK_OK (page);
  test_fault ((uint32_t)page + 8);
  CHECK_EQ (seen_code, SEGV_ACCERR);
  test_fault (0xfffffff0);
  CHECK_EQ (seen_code, SEGV_MAPERR);
  /* The signed comparison: 64-bit sign-extended addresses must not leak. */
  test_fault (0x80000000);
  __asm__ volatile ("la %0, 1f\n .balign 4\n 1: .word 0xffffffff" : "=&r"(at) : : "t3", "ft0", "memory");
  CHECK (seen == SIGILL && seen_code == ILL_ILLOPC);
  CHECK_EQ (seen_addr, at);
  /* ld does not exist here. */
  __asm__ volatile ("la %0, 1f\n .balign 4\n 1: .word 0x00053503" : "=&r"(at) : : "t3", "ft0", "memory");
  CHECK (seen == SIGILL && seen_pc == at);
  __asm__ volatile ("la %0, 1f\n 1: ebreak" : "=&r"(at) : : "t3", "ft0", "memory");
  CHECK (seen == SIGTRAP && seen_code == TRAP_BRKPT && seen_pc == at);
}

/* ---- sent signals, masks ---- */

static volatile uint32_t info_pid, info_uid, info_value;
static volatile uint64_t mask_inside, mask_context;

static void
note (int sig, siginfo_t *info, struct ucontext *uc)
{
  uint64_t mask;
  seen = sig;
  seen_code = info->si_code;
  info_pid = (uint32_t)info->si_pid;
  info_uid = (uint32_t)info->si_uid;
  info_value = (uint32_t)info->si_int;
  CALL (rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
  mask_inside = mask;
  mask_context = uc->uc_sigmask.sig[0] | (uint64_t)uc->uc_sigmask.sig[1] << 32;
}

static void
test_masks (void)
{
  Action old;
  uint64_t blocked = BIT (SIGUSR1) | BIT (40), pending, before;
  uint32_t pid = (uint32_t)CALL (getpid);
  CHECK_OK (set_action (SIGUSR1, note, SA_SIGINFO, BIT (SIGUSR2) | BIT (50)));
  CHECK_OK (CALL (rt_sigaction, SIGUSR1, 0, &old, 8));
  CHECK (old.handler == note && old.flags == SA_SIGINFO && old.mask == (BIT (SIGUSR2) | BIT (50)));
  CHECK_EQ (CALL (rt_sigaction, SIGUSR1, 0, &old, 4), -EINVAL);
  CHECK_EQ (CALL (rt_sigprocmask, SIG_BLOCK, 0, &before, 16), -EINVAL);
  CHECK_EQ (CALL (rt_sigaction, SIGKILL, &old, 0, 8), -EINVAL);
  CHECK_OK (CALL (kill, pid, SIGUSR1));
  CHECK (seen == SIGUSR1 && seen_code == SI_USER && info_pid == pid && info_uid == (uint32_t)CALL (getuid));
  CHECK (mask_inside == (BIT (SIGUSR1) | BIT (SIGUSR2) | BIT (50)));
  CHECK (mask_context == 0);

  CHECK_OK (set_action (40, note, SA_SIGINFO, 0));
  CHECK_OK (CALL (rt_sigprocmask, SIG_SETMASK, &blocked, &before, 8));
  CHECK (before == 0);
  seen = 0;
  siginfo_t info = { .si_code = SI_QUEUE };
  info.si_pid = 4711, info.si_int = 0x7654321;
  CHECK_OK (CALL (rt_sigqueueinfo, pid, 40, &info));
  CHECK_EQ (seen, 0);
  CHECK_OK (CALL (rt_sigpending, &pending, 8));
  CHECK (pending == BIT (40));
  CHECK_OK (CALL (rt_sigprocmask, SIG_UNBLOCK, &blocked, 0, 8));
  CHECK (seen == 40 && seen_code == SI_QUEUE && info_pid == 4711 && info_value == 0x7654321);

  CHECK_OK (CALL (rt_sigprocmask, SIG_SETMASK, &blocked, 0, 8));
  CHECK_OK (CALL (rt_tgsigqueueinfo, pid, CALL (gettid), 40, &info));
  struct __kernel_timespec now = { 0, 0 };
  siginfo_t got;
  memset (&got, 0xff, sizeof got);
  CHECK_EQ (CALL (rt_sigtimedwait_time64, &blocked, &got, &now, 8), 40);
  CHECK (got.si_signo == 40 && got.si_code == SI_QUEUE && got.si_pid == 4711 && got.si_int == 0x7654321);
  CHECK_EQ (CALL (rt_sigtimedwait_time64, &blocked, &got, &now, 8), -EAGAIN);
  CHECK_OK (CALL (tgkill, pid, CALL (gettid), SIGUSR1));
  uint64_t none = 0;
  CHECK_EQ (CALL (rt_sigsuspend, &none, 8), -EINTR);
  CHECK (seen == SIGUSR1 && seen_code == SI_TKILL && mask_context == blocked);
  CHECK_OK (CALL (rt_sigprocmask, SIG_SETMASK, &none, 0, 8));
}

/* ---- alternate stacks ---- */

static char alternate[16384] __attribute__ ((aligned (16)));
static volatile bool on_alternate;
static stack_t inside;

static void
where (int sig, siginfo_t *info, struct ucontext *uc)
{
  char here;
  on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
  on_alternate = on_alternate && uc->uc_stack.ss_sp == alternate && uc->uc_stack.ss_size == sizeof alternate;
  CALL (sigaltstack, 0, &inside);
}

static void
test_altstack (void)
{
  stack_t stack = { alternate, 0, sizeof alternate }, old;
  _Static_assert (sizeof stack == 12, "stack_t");
  CHECK_OK (CALL (sigaltstack, &stack, 0));
  CHECK_OK (set_action (SIGUSR2, where, SA_ONSTACK | SA_SIGINFO, 0));
  CHECK_OK (CALL (kill, CALL (getpid), SIGUSR2));
  CHECK (on_alternate && inside.ss_flags == SS_ONSTACK);
  stack.ss_flags = (int)SS_AUTODISARM;
  if (under_qemu) /* It knows no SS_AUTODISARM. */
    stack.ss_flags = 0;
  CHECK_OK (CALL (sigaltstack, &stack, &old));
  CHECK (old.ss_sp == alternate && old.ss_flags == 0 && old.ss_size == sizeof alternate);
  on_alternate = false;
  CHECK_OK (CALL (kill, CALL (getpid), SIGUSR2));
  CHECK (on_alternate && inside.ss_flags == (under_qemu ? SS_ONSTACK : SS_DISABLE));
  CHECK (CALL (sigaltstack, 0, &old) == 0 && old.ss_size == sizeof alternate);
  stack.ss_flags = 0, stack.ss_size = 100;
  CHECK_EQ (CALL (sigaltstack, &stack, 0), -ENOMEM);
  stack.ss_flags = SS_DISABLE;
  CHECK_OK (CALL (sigaltstack, &stack, 0));
}

/* ---- frames that the kernel refuses ---- */

/* The child's death must be by SIGSEGV. */
static void
check_segv (long pid, int line)
{
  siginfo_t info;
  memset (&info, 0, sizeof info);
  check_result (CALL (waitid, P_PID, pid, &info, WEXITED, 0) == 0, line, "waitid", 0, 0);
  check_result (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED, line, "killed", info.si_code,
                CLD_KILLED);
  check_result (info.si_status == SIGSEGV, line, "by signal", info.si_status, SIGSEGV);
}

static void
spoil_stack (int sig, siginfo_t *info, struct ucontext *uc)
{
  __asm__ volatile ("mv sp, %0\n li a7, 139\n ecall" : : "r"(sig == SIGUSR1 ? 0x100 : 0xffffff00));
}

/* Bytes behind the floating registers that must be zero. */
static void
spoil_reserved (int sig, siginfo_t *info, struct ucontext *uc)
{
  uc->uc_mcontext.sc_extdesc.reserved = 1;
}

static void
test_bad_frames (void)
{
  static Handler *const handlers[] = { spoil_stack, spoil_stack, spoil_reserved };
  for (int i = 0; i < (under_qemu ? 2 : 3); i++) {
    int sig = i == 1 ? SIGUSR2 : SIGUSR1;
    long pid = fork_process ();
    if (pid == 0) {
      set_action (SIGSEGV, 0, 0, 0);
      set_action (sig, handlers[i], SA_SIGINFO, 0);
      CALL (kill, CALL (getpid), sig);
      exit_process (0);
    }
    check_segv (pid, __LINE__);
  }
  /* No frame fits: nothing is mapped at this stack. */
  long pid = fork_process ();
  if (pid == 0) {
    set_action (SIGUSR1, note, SA_SIGINFO, 0);
    long self = CALL (getpid);
    __asm__ volatile ("mv a0, %0\n li a1, 10\n li a7, 129\n li sp, 64\n ecall" : : "r"(self));
    exit_process (0);
  }
  check_segv (pid, __LINE__);
}

/* A signal that comes while a loop runs, and a call that is made again or not. */
static void
test_timing (void)
{
  char byte;
  int fds[2];
  struct {
    long interval[2], value[2];
  } timer = { { 0, 0 }, { 0, 20000 } };
  CHECK_OK (set_action (SIGALRM, note, SA_SIGINFO | SA_RESTART, 0));
  seen = 0;
  CHECK_OK (CALL (setitimer, 0, &timer, 0));
  while (!seen)
    ;
  CHECK (seen == SIGALRM && seen_code == SI_KERNEL);
  CHECK_OK (CALL (pipe2, fds, 0));
  long parent = CALL (getpid), pid = fork_process ();
  if (pid == 0) {
    struct __kernel_timespec pause = { 0, 30000000 };
    CALL (clock_nanosleep_time64, 1, 0, &pause, 0);
    CALL (kill, parent, SIGALRM);
    CALL (clock_nanosleep_time64, 1, 0, &pause, 0);
    CALL (write, fds[1], "x", 1);
    exit_process (0);
  }
  CHECK_EQ (CALL (read, fds[0], &byte, 1), 1);
  CHECK (info_pid == (uint32_t)pid);
  CHECK_CHILD (pid);
  CHECK_OK (set_action (SIGALRM, note, SA_SIGINFO, 0));
  CHECK_OK (CALL (setitimer, 0, &timer, 0));
  CHECK_EQ (CALL (read, fds[0], &byte, 1), -EINTR);
}

int
guest_main (int argc, char **argv, char **envp)
{
  test_faults ();
  test_masks ();
  test_altstack ();
  test_bad_frames ();
  test_timing ();
  return check_end ();
}
