/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Signals between the files of this folder.
 *
 * The host kernel keeps the guest's signal state as far as it can: a signal the guest ignores or leaves to
 * its default action has that disposition on the host too, and the host thread's blocked mask is the guest's.
 * So pending signals, choice of thread, sigpending, signalfd, job control and wait behave by themselves.  The
 * exceptions are the five synchronous signals (USER_SYNC_SIGNALS), which our handler always catches and the
 * host never blocks, because generated code faults.
 *
 * A caught signal goes to the thread's slot (UserSignalQueue) and the host thread then blocks everything
 * until user_signal_deliver() has built the guest's frame; so at most one asynchronous signal is ever outside
 * the kernel, and the kernel's own order of delivery is the guest's. */

#include "user.h"
#include "safe-syscall.h"

#define USER_SIGBIT(sig) (UINT64_C (1) << ((sig) - 1))
#define USER_SYNC_SIGNALS                                                                                    \
  (USER_SIGBIT (SIGSEGV) | USER_SIGBIT (SIGBUS) | USER_SIGBIT (SIGFPE) | USER_SIGBIT (SIGILL) |              \
   USER_SIGBIT (SIGTRAP))
#define USER_UNBLOCKABLE (USER_SIGBIT (SIGKILL) | USER_SIGBIT (SIGSTOP))

enum { USER_SIG_DFL = 0, USER_SIG_IGN = 1 };
/* Only of ports whose struct sigaction has the member. */
#define USER_SA_RESTORER 0x04000000u

enum { USER_N_SYNC = 5 };
struct UserSignalQueue {
  siginfo_t async; /* the asynchronous signal taken from the kernel, if async_signo */
  int async_signo;
  siginfo_t sync[USER_N_SYNC]; /* sent (not raised by a fault); valid where UserThread.pending has the bit */
};

/* What a signal does by default. */
typedef enum {
  USER_DEFAULT_TERMINATE,
  USER_DEFAULT_CORE,
  USER_DEFAULT_STOP,
  USER_DEFAULT_IGNORE
} UserDefault;
UserDefault user_signal_default (int sig);

/* ---- signal-host.c: the host's side ---- */

/* Makes the host's disposition of `sig` follow the guest's action in `hand`, whose lock is held. */
void user_signal_update_host (const UserSighand *hand, int sig);
/* All of them: after a debugger came or went. */
void user_signal_update_all (UserThread *thread);
/* The mask the host thread has for guest mask `mask`. */
uint64_t user_signal_host_mask (uint64_t mask);
/* rt_sigprocmask of the host without libc's reservations. */
void user_signal_set_host (uint64_t mask);
/* Blocks even what faults raise, for host threads that are not guest threads (yet, or any more). */
void user_signal_block_entirely (void);
/* Makes the host thread block all it may until the next user_signal_deliver(). */
void user_signal_block_all (UserThread *thread);
/* Makes the host thread's mask follow thread->sigmask at the next user_signal_deliver(). */
void user_signal_mask_changed (UserThread *thread);
/* Makes `thread` come to user_signal_deliver() soon, out of guest code or an interruptible host call. */
void user_signal_kick (UserThread *thread);
/* Queues a signal with its siginfo to the calling thread or process again, as it came. */
void user_signal_give_back (const siginfo_t *info);
/* Sets up and takes down the calling host thread's handler stack; the latter blocks all signals. */
void user_signal_stack_init (void);
void user_signal_stack_free (void);
/* Sets the host state a new program inherits.  False when a signal is waiting: the call is then to be made
 * again
 * (-USER_ERESTARTSYS).  After true, execve has to be made with user_safe_syscall6(), so that a signal
 * arriving now is not lost in the thread's slot; when it fails, the second function puts everything back. */
bool user_signal_before_exec (UserThread *thread);
void user_signal_after_exec_failed (UserThread *thread);
/* In a new process or thread: no signal taken from the kernel, mask to be set at the first delivery. */
void user_signal_thread_reset (UserThread *thread);
void user_signal_thread_free (UserThread *thread);

/* ---- signal-frame.c ---- */

/* Builds the frame of `info` for `action` and enters the handler; `mask` is what the frame restores.  False
 * when the stack cannot hold it. */
bool user_frame_push (UserThread *thread, const UserSigaction *action, const siginfo_t *info, uint64_t mask);
/* Undoes it for rt_sigreturn.  False for a bad frame. */
bool user_frame_pop (UserThread *thread);
/* Bytes of a whole frame of this guest. */
unsigned user_frame_size (const UserAbi *abi);
/* sigaltstack()'s rules: SS_ONSTACK, SS_DISABLE or 0 for a thread with this stack pointer. */
uint32_t user_altstack_state (const UserThread *thread, uint64_t sp);
int user_altstack_set (UserThread *thread, uint64_t sp, uint64_t ss_sp, uint32_t ss_flags, uint64_t ss_size);

/* ---- signal-mask.c ---- */

/* The signal mask argument of ppoll, pselect6, epoll_pwait. */
typedef struct {
  uint64_t guest, host;
  bool given;
} UserSigmask;
/* Reads the guest's mask at `addr` (0: none), of `size` bytes.  0, -EFAULT or -EINVAL. Give the host call
 * user_sigmask_arg() and 8 as its mask and size. */
int user_sigmask_push (UserThread *thread, uint64_t addr, uint64_t size, UserSigmask *ret_mask);
static inline const uint64_t *
user_sigmask_arg (const UserSigmask *mask)
{
  return mask->given ? &mask->host : NULL;
}
/* The call's result for the guest: handlers of an interrupted call run under the temporary mask. */
int64_t user_sigmask_pop (UserThread *thread, const UserSigmask *mask, int64_t result);

/* For calls whose host counterpart is always interrupted by a handler (poll, nanosleep): what -EINTR means
 * when no guest signal came but only a request of a debugger. */
int64_t user_interrupted (UserThread *thread, int64_t result);

/* ---- signal-trace.c ---- */

/* "SIGSEGV", "SIGRT_3"; a static or thread-local string. */
const char *user_signal_name (int sig);
void user_signal_trace (const siginfo_t *info);

/* A host siginfo from guest memory or to it. 0 or -EFAULT. */
int user_siginfo_read (siginfo_t *ret_info, uint64_t addr);
int user_siginfo_write (uint64_t addr, const siginfo_t *info);

/* ---- system calls ---- */

int64_t sys_rt_sigaction (UserThread *thread, const uint64_t *a);
int64_t sys_rt_sigprocmask (UserThread *thread, const uint64_t *a);
int64_t sys_rt_sigpending (UserThread *thread, const uint64_t *a);
int64_t sys_rt_sigsuspend (UserThread *thread, const uint64_t *a);
int64_t sys_rt_sigtimedwait (UserThread *thread, const uint64_t *a);
int64_t sys_rt_sigqueueinfo (UserThread *thread, const uint64_t *a);
int64_t sys_rt_tgsigqueueinfo (UserThread *thread, const uint64_t *a);
int64_t sys_pidfd_send_signal (UserThread *thread, const uint64_t *a);
int64_t sys_kill (UserThread *thread, const uint64_t *a);
int64_t sys_tkill (UserThread *thread, const uint64_t *a);
int64_t sys_tgkill (UserThread *thread, const uint64_t *a);
int64_t sys_sigaltstack (UserThread *thread, const uint64_t *a);
/* Sets registers and pc itself: a row with SYS_KEEP. */
int64_t sys_rt_sigreturn (UserThread *thread, const uint64_t *a);
int64_t sys_restart_syscall (UserThread *thread, const uint64_t *a);
