/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The host's side of signals: handlers, dispositions, masks. */

#include "user-signal.h"

#include "user-debug.h"
#include "user-mmap.h"
#include "user-thread.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

const UserDebugger *user_debugger;

/* The kernel's own structure: libc's sigaction() keeps signals 32 and 33 to itself, which the guest's libc
 * needs. */
typedef struct {
  void *handler;
  unsigned long flags;
  void (*restorer) (void);
  uint64_t mask;
} KernelSigaction;

#define KERNEL_SA_RESTORER 0x04000000u

/* A request of ours to a thread: a SIGSEGV with this code and value.  SIGSEGV is never blocked and always
 * ours. */
#define KICK_CODE (-77)
static const char kick_mark;

void user_signal_restorer (void);
__asm__ (".pushsection .text\n"
         ".globl user_signal_restorer\n"
         ".hidden user_signal_restorer\n"
         ".type user_signal_restorer, @function\n"
         "user_signal_restorer:\n"
         "  mov $15, %eax\n" /* rt_sigreturn */
         "  syscall\n"
         ".size user_signal_restorer, . - user_signal_restorer\n"
         ".popsection\n");

static bool
is_sync (int sig)
{
  return (USER_SYNC_SIGNALS & USER_SIGBIT (sig)) != 0;
}

static void
request_attention (UserThread *thread)
{
  __atomic_store_n (&thread->attention, 1, __ATOMIC_SEQ_CST);
  cpu_request_exit (thread->cpu);
}

/* ---- masks ---- */

uint64_t
user_signal_host_mask (uint64_t mask)
{
  return mask & ~(USER_SYNC_SIGNALS | USER_UNBLOCKABLE);
}

static void
set_raw_mask (uint64_t mask)
{
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

void
user_signal_set_host (uint64_t mask)
{
  set_raw_mask (user_signal_host_mask (mask));
}

void
user_signal_block_entirely (void)
{
  set_raw_mask (~UINT64_C (0));
}

void
user_signal_mask_changed (UserThread *thread)
{
  thread->host_blocked = true;
  __atomic_store_n (&thread->attention, 1, __ATOMIC_SEQ_CST);
}

void
user_signal_block_all (UserThread *thread)
{
  user_signal_set_host (~UINT64_C (0));
  user_signal_mask_changed (thread);
}

/* ---- the handler ---- */

static unsigned
sync_slot (int sig)
{
  switch (sig) {
    case SIGSEGV: return 0;
    case SIGBUS: return 1;
    case SIGFPE: return 2;
    case SIGILL: return 3;
    default: return 4;
  }
}

static void
set_default (int sig)
{
  KernelSigaction action = { .handler = SIG_DFL };
  syscall (SYS_rt_sigaction, sig, &action, NULL, sizeof action.mask);
}

/* A fault of our own code: says where, and lets it happen again with nobody to catch it. */
static void
own_fault (int sig, const siginfo_t *info, const ucontext_t *uc)
{
  char text[160];
  int n =
      snprintf (text, sizeof text, "vitrine: internal error: signal %d at %p (address %p), guest pc 0x%llx\n",
                sig, (void *)uc->uc_mcontext.gregs[REG_RIP], info->si_addr,
                user_self ? (unsigned long long)user_self->cpu->state.pc : 0ull);
  ssize_t written = write (STDERR_FILENO, text, (size_t)n);
  (void)written; /* Where stderr is gone, the death itself has to tell. */
  set_default (sig);
  syscall (SYS_tgkill, getpid (), syscall (SYS_gettid), sig);
}

static void
handle_fault (int sig, siginfo_t *info, ucontext_t *uc)
{
  UserThread *thread = user_self;
  if (user_mem_fault (uc) || user_robust_fault (uc))
    return;
  if (thread) {
    /* cpu_host_fault() may leave without coming back here, with whatever mask it chose. */
    thread->host_blocked = true;
    thread->attention = 1;
    if (cpu_host_fault (thread->cpu, info, uc))
      return;
  }
  own_fault (sig, info, uc);
}

/* The kernel's context holds 64 bits of mask where libc's type has room for 1024. */
static void
block_on_return (ucontext_t *uc)
{
  uint64_t mask = user_signal_host_mask (~UINT64_C (0));
  memcpy (&uc->uc_sigmask, &mask, sizeof mask);
}

static void
record_sync (UserThread *thread, int sig, const siginfo_t *info, ucontext_t *uc)
{
  uint64_t bit = USER_SIGBIT (sig);
  if (!(thread->pending & bit)) {
    thread->queue->sync[sync_slot (sig)] = *info;
    __atomic_or_fetch (&thread->pending, bit, __ATOMIC_RELEASE);
  }
  if (!(thread->sigmask & bit)) {
    request_attention (thread);
    user_safe_syscall_abort (uc);
  }
}

static void
record_async (UserThread *thread, int sig, const siginfo_t *info, ucontext_t *uc)
{
  struct UserSignalQueue *queue = thread->queue;
  if (queue->async_signo)
    /* The mask was set between the last signal and its delivery: this one waits in the kernel. */
    user_signal_give_back (info);
  else {
    queue->async = *info;
    queue->async_signo = sig;
    __atomic_or_fetch (&thread->pending, USER_SIGBIT (sig), __ATOMIC_RELEASE);
  }
  thread->host_blocked = true;
  block_on_return (uc);
  request_attention (thread);
  user_safe_syscall_abort (uc);
}

static void
host_handler (int sig, siginfo_t *info, void *context)
{
  int saved_errno = errno;
  UserThread *thread = user_self;
  if (sig == SIGSEGV && info->si_code == KICK_CODE && info->si_ptr == &kick_mark) {
    if (thread) {
      request_attention (thread);
      user_safe_syscall_abort (context);
    }
  } else if (is_sync (sig) && info->si_code > 0)
    handle_fault (sig, info, context);
  else if (thread == NULL)
    own_fault (sig, info, context);
  else if (is_sync (sig))
    record_sync (thread, sig, info, context);
  else
    record_async (thread, sig, info, context);
  errno = saved_errno;
}

void
user_signal_kick (UserThread *thread)
{
  siginfo_t info = { .si_signo = SIGSEGV, .si_code = KICK_CODE };
  info.si_pid = getpid ();
  info.si_ptr = (void *)&kick_mark;
  syscall (SYS_rt_tgsigqueueinfo, getpid (), thread->tid, SIGSEGV, &info);
}

void
user_signal_give_back (const siginfo_t *info)
{
  int sig = info->si_signo;
  bool to_process =
      info->si_code == SI_USER || info->si_code == SI_TIMER || info->si_code == SI_KERNEL || sig == SIGCHLD;
  if (to_process)
    syscall (SYS_rt_sigqueueinfo, getpid (), sig, info);
  else
    syscall (SYS_rt_tgsigqueueinfo, getpid (), syscall (SYS_gettid), sig, info);
}

/* ---- dispositions ---- */

static void
install (int sig, uint64_t guest_flags)
{
  KernelSigaction action = {
    .handler = (void *)host_handler,
    .flags = SA_SIGINFO | SA_ONSTACK | KERNEL_SA_RESTORER,
    .restorer = user_signal_restorer,
    .mask = user_signal_host_mask (~UINT64_C (0)),
  };
  if (is_sync (sig))
    action.flags |= SA_NODEFER;
  action.flags |= guest_flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT);
  syscall (SYS_rt_sigaction, sig, &action, NULL, sizeof action.mask);
}

void
user_signal_update_host (const UserSighand *hand, int sig)
{
  const UserSigaction *guest = &hand->action[sig];
  if (USER_UNBLOCKABLE & USER_SIGBIT (sig))
    return;
  bool handled = guest->handler != USER_SIG_DFL && guest->handler != USER_SIG_IGN;
  if (handled ||
      (user_debugger && guest->handler == USER_SIG_DFL && user_signal_default (sig) != USER_DEFAULT_IGNORE))
    /* Without a handler, an interrupted call goes on as if nothing had been. */
    install (sig, guest->flags | (handled ? 0 : SA_RESTART));
  else if (is_sync (sig))
    install (sig, SA_RESTART);
  else {
    KernelSigaction action = { .handler = guest->handler == USER_SIG_IGN ? SIG_IGN : SIG_DFL };
    action.flags = KERNEL_SA_RESTORER | (guest->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));
    action.restorer = user_signal_restorer;
    syscall (SYS_rt_sigaction, sig, &action, NULL, sizeof action.mask);
  }
}

void
user_signal_update_all (UserThread *thread)
{
  UserSighand *hand = thread ? thread->sighand : user_process.sighand;
  g_mutex_lock (&hand->lock);
  for (int sig = 1; sig <= USER_NSIG; sig++)
    user_signal_update_host (hand, sig);
  g_mutex_unlock (&hand->lock);
}

void
user_debugger_set (const UserDebugger *debugger)
{
  user_debugger = debugger;
  user_signal_update_all (user_self);
}

/* ---- start and end ---- */

/* The mask the process was started with. */
static uint64_t initial_mask;

/* Takes over what the program inherits from whoever started it: ignored signals and the mask. */
void
user_signal_init (void)
{
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, NULL, &initial_mask, sizeof initial_mask);
  UserSighand *hand = g_new0 (UserSighand, 1);
  g_mutex_init (&hand->lock);
  for (int sig = 1; sig <= USER_NSIG; sig++) {
    KernelSigaction old = { 0 };
    syscall (SYS_rt_sigaction, sig, NULL, &old, sizeof old.mask);
    hand->action[sig].handler = old.handler == (void *)SIG_IGN ? USER_SIG_IGN : USER_SIG_DFL;
    if (sig == SIGCHLD)
      hand->action[sig].flags = old.flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
  }
  user_process.sighand = hand;
  user_signal_update_all (NULL);
}

static size_t
stack_size (void)
{
  return (getauxval (AT_MINSIGSTKSZ) + 65536 + 4095) & ~(size_t)4095;
}

void
user_signal_stack_init (void)
{
  stack_t stack = { .ss_size = stack_size () };
  stack.ss_sp =
      mmap (NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack.ss_sp == MAP_FAILED || sigaltstack (&stack, NULL) < 0)
    g_error ("no memory for a signal stack: %s", g_strerror (errno));
}

void
user_signal_stack_free (void)
{
  stack_t stack, off = { .ss_flags = SS_DISABLE };
  user_signal_block_entirely ();
  if (sigaltstack (&off, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
    munmap (stack.ss_sp, stack.ss_size);
}

void
user_signal_thread_reset (UserThread *thread)
{
  if (thread->queue == NULL)
    thread->queue = g_new0 (struct UserSignalQueue, 1);
  memset (thread->queue, 0, sizeof *thread->queue);
  thread->pending = 0;
  thread->restore_sigmask = false;
  thread->restart = 0;
  user_signal_mask_changed (thread);
}

void
user_signal_thread_free (UserThread *thread)
{
  g_clear_pointer (&thread->queue, g_free);
}

/* The process's first thread. */
void
user_signal_thread_init (UserThread *thread)
{
  thread->sigmask = initial_mask & ~USER_UNBLOCKABLE;
  thread->sighand = user_process.sighand;
  user_signal_thread_reset (thread);
}

bool
user_signal_before_exec (UserThread *thread)
{
  user_signal_block_all (thread);
  if (thread->queue->async_signo)
    return false;
  for (int sig = 1; sig <= USER_NSIG; sig++)
    if (is_sync (sig) && thread->sighand->action[sig].handler == USER_SIG_IGN) {
      KernelSigaction ignore = { .handler = SIG_IGN };
      syscall (SYS_rt_sigaction, sig, &ignore, NULL, sizeof ignore.mask);
    }
  thread->host_blocked = false;
  __atomic_store_n (&thread->attention, 0, __ATOMIC_SEQ_CST);
  set_raw_mask (thread->sigmask);
  return true;
}

void
user_signal_after_exec_failed (UserThread *thread)
{
  user_signal_update_all (thread);
  user_signal_mask_changed (thread);
}
