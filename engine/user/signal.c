/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Delivery of signals to the guest. */

#include "user-signal.h"

#include "log.h"
#include "user-abi.h"
#include "user-debug.h"
#include "user-thread.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

UserDefault
user_signal_default (int sig)
{
  switch (sig) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH: return USER_DEFAULT_IGNORE;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return USER_DEFAULT_STOP;
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS: return USER_DEFAULT_CORE;
    default: return USER_DEFAULT_TERMINATE;
  }
}

/* Gives `sig` its default action on the host and takes it: ends the process, or stops it until it is
 * continued. */
static void
take_default (int sig)
{
  struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
  } action = { .handler = SIG_DFL };
  uint64_t all_but = ~USER_SIGBIT (sig);
  syscall (SYS_rt_sigaction, sig, &action, NULL, sizeof action.mask);
  syscall (SYS_tgkill, getpid (), syscall (SYS_gettid), sig);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all_but, NULL, sizeof all_but);
}

/* Ends the process by host signal `sig` with its default action, as the shell must see it. */
G_NORETURN static void
user_die_by_signal (int sig)
{
  if (user_debugger && user_debugger->exiting)
    user_debugger->exiting (0, sig);
  if (vlog_enabled (VLOG_STRACE))
    vlog (VLOG_STRACE, "+++ killed by %s +++\n", user_signal_name (sig));
  if (user_self)
    user_robust_lists_exit (user_self);
  take_default (sig);
  /* The first process of a namespace survives its signals. */
  syscall (SYS_exit_group, 128 + sig);
  __builtin_unreachable ();
}

static void
stop_by_signal (UserThread *thread, int sig)
{
  take_default (sig);
  user_signal_mask_changed (thread);
  g_mutex_lock (&thread->sighand->lock);
  user_signal_update_host (thread->sighand, sig);
  g_mutex_unlock (&thread->sighand->lock);
}

/* The action of `sig` as it is taken: SA_RESETHAND acts. */
static UserSigaction
take_action (UserThread *thread, int sig)
{
  UserSighand *hand = thread->sighand;
  g_mutex_lock (&hand->lock);
  UserSigaction action = hand->action[sig];
  if ((action.flags & SA_RESETHAND) && action.handler != USER_SIG_DFL && action.handler != USER_SIG_IGN) {
    hand->action[sig].handler = USER_SIG_DFL;
    user_signal_update_host (hand, sig);
  }
  g_mutex_unlock (&hand->lock);
  return action;
}

static void
default_action (UserThread *thread, int sig)
{
  switch (user_signal_default (sig)) {
    case USER_DEFAULT_IGNORE: break;
    case USER_DEFAULT_STOP: stop_by_signal (thread, sig); break;
    case USER_DEFAULT_TERMINATE:
    case USER_DEFAULT_CORE: user_die_by_signal (sig);
  }
}

/* The system call the handler interrupts, when that call must not be made again after a handler. */
static void
settle_restart (UserThread *thread)
{
  if (thread->restart == USER_ERESTARTNOHAND)
    user_process.abi->finish_syscall (thread->cpu, -EINTR);
  thread->restart = 0;
}

static void
run_handler (UserThread *thread, const UserSigaction *action, const siginfo_t *info)
{
  int sig = info->si_signo;
  uint64_t frame_mask = thread->restore_sigmask ? thread->saved_sigmask : thread->sigmask;
  settle_restart (thread);
  thread->restore_sigmask = false;
  if (!user_frame_push (thread, action, info, frame_mask)) {
    /* The kernel forces SIGSEGV; if that was the one, nothing can handle it. */
    siginfo_t bad = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
    if (sig == SIGSEGV)
      user_die_by_signal (SIGSEGV);
    user_signal_force (thread, &bad);
    return;
  }
  thread->sigmask |= action->mask & ~USER_UNBLOCKABLE;
  if (!(action->flags & SA_NODEFER))
    thread->sigmask |= USER_SIGBIT (sig);
  user_signal_mask_changed (thread);
}

static void
deliver_one (UserThread *thread, siginfo_t *info)
{
  if (vlog_enabled (VLOG_STRACE | VLOG_INT))
    user_signal_trace (info);
  if (user_debugger && user_debugger->signal) {
    int sig = user_debugger->signal (thread, info);
    if (sig == 0)
      return;
    if (sig != info->si_signo)
      *info = (siginfo_t){ .si_signo = sig, .si_code = SI_USER };
  }
  UserSigaction action = take_action (thread, info->si_signo);
  if (action.handler == USER_SIG_IGN)
    return;
  if (action.handler == USER_SIG_DFL)
    default_action (thread, info->si_signo);
  else
    run_handler (thread, &action, info);
}

void
user_signal_force (UserThread *thread, const siginfo_t *info)
{
  int sig = info->si_signo;
  UserSighand *hand = thread->sighand;
  siginfo_t copy = *info;
  g_mutex_lock (&hand->lock);
  bool blocked = (thread->sigmask & USER_SIGBIT (sig)) != 0;
  if (blocked || hand->action[sig].handler == USER_SIG_IGN) {
    hand->action[sig].handler = USER_SIG_DFL;
    thread->sigmask &= ~USER_SIGBIT (sig);
    user_signal_update_host (hand, sig);
  }
  g_mutex_unlock (&hand->lock);
  deliver_one (thread, &copy);
}

/* Takes a signal that may be delivered now out of the slots. */
static bool
take_pending (UserThread *thread, siginfo_t *ret_info)
{
  struct UserSignalQueue *queue = thread->queue;
  static const uint8_t sync_signals[USER_N_SYNC] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
  uint64_t pending = __atomic_load_n (&thread->pending, __ATOMIC_ACQUIRE);
  for (unsigned i = 0; i < USER_N_SYNC; i++) {
    uint64_t bit = USER_SIGBIT (sync_signals[i]);
    if (!(pending & bit & ~thread->sigmask))
      continue;
    *ret_info = queue->sync[i];
    __atomic_and_fetch (&thread->pending, ~bit, __ATOMIC_ACQ_REL);
    return true;
  }
  int sig = queue->async_signo;
  if (sig == 0)
    return false;
  *ret_info = queue->async;
  __atomic_and_fetch (&thread->pending, ~USER_SIGBIT (sig), __ATOMIC_ACQ_REL);
  queue->async_signo = 0;
  if (!(thread->sigmask & USER_SIGBIT (sig)))
    return true;
  /* The mask has changed since the kernel handed it over: it goes back to being pending there. */
  user_signal_give_back (ret_info);
  return false;
}

void
user_signal_deliver (UserThread *thread)
{
  siginfo_t info;
  while (G_UNLIKELY (__atomic_load_n (&thread->attention, __ATOMIC_ACQUIRE))) {
    __atomic_store_n (&thread->attention, 0, __ATOMIC_SEQ_CST);
    user_stop_point (thread);
    if (thread->queue->async_signo && !thread->host_blocked)
      user_signal_block_all (thread);
    while (take_pending (thread, &info))
      deliver_one (thread, &info);
    if (thread->restore_sigmask) {
      /* No handler took the signal that ended the wait. */
      thread->sigmask = thread->saved_sigmask;
      thread->restore_sigmask = false;
      thread->host_blocked = true;
    }
    if (thread->host_blocked) {
      /* From here on the kernel may hand over the next signal; its handler sets both fields again. */
      thread->host_blocked = false;
      user_signal_set_host (thread->sigmask);
    }
  }
  thread->restart = 0;
}
