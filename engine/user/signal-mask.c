/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls on a thread's own signal state. */

#include "user-signal.h"

#include "syscall/syscall.h"
#include "user-abi.h"
#include "user-mmap.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* Bits of sa_flags the kernel keeps. */
#define KNOWN_SA_FLAGS                                                                                       \
  (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | 0x800u)

/* struct sigaction: handler, flags, the restorer where the port has one, mask. */
typedef struct {
  unsigned word, mask, size;
} ActionLayout;

static ActionLayout
action_layout (void)
{
  unsigned word = user_is_32 () ? 4 : 8, mask = user_process.abi->sa_restorer ? 3 * word : 2 * word;
  return (ActionLayout){ word, mask, mask + 8 };
}

static int
read_action (UserSigaction *ret_action, uint64_t addr)
{
  ActionLayout l = action_layout ();
  uint8_t bytes[32];
  *ret_action = (UserSigaction){ 0 };
  if (user_read (bytes, addr, l.size) < 0)
    return -EFAULT;
  memcpy (&ret_action->handler, bytes, l.word);
  memcpy (&ret_action->flags, bytes + l.word, l.word);
  memcpy (&ret_action->mask, bytes + l.mask, 8);
  ret_action->mask &= ~USER_UNBLOCKABLE;
  if (user_process.abi->sa_restorer) {
    memcpy (&ret_action->restorer, bytes + 2 * l.word, l.word);
    ret_action->flags &= KNOWN_SA_FLAGS | USER_SA_RESTORER;
  } else
    ret_action->flags &= KNOWN_SA_FLAGS;
  return 0;
}

static int
write_action (uint64_t addr, const UserSigaction *action)
{
  ActionLayout l = action_layout ();
  uint8_t bytes[32];
  memcpy (bytes, &action->handler, l.word);
  memcpy (bytes + l.word, &action->flags, l.word);
  if (user_process.abi->sa_restorer)
    memcpy (bytes + 2 * l.word, &action->restorer, l.word);
  memcpy (bytes + l.mask, &action->mask, 8);
  return user_write (addr, bytes, l.size);
}

/* Signals taken from the kernel that the new action ignores are forgotten, as pending ones are. */
static void
forget_pending (UserThread *thread, int sig)
{
  if (USER_SYNC_SIGNALS & USER_SIGBIT (sig))
    __atomic_and_fetch (&thread->pending, ~USER_SIGBIT (sig), __ATOMIC_ACQ_REL);
}

int64_t
sys_rt_sigaction (UserThread *thread, const uint64_t *a)
{
  int sig = (int)a[0];
  UserSighand *hand = thread->sighand;
  UserSigaction action, old;
  if (a[3] != 8)
    return -EINVAL;
  if (a[1] && read_action (&action, a[1]) < 0)
    return -EFAULT;
  if (sig < 1 || sig > USER_NSIG || (a[1] && (USER_UNBLOCKABLE & USER_SIGBIT (sig))))
    return -EINVAL;
  g_mutex_lock (&hand->lock);
  old = hand->action[sig];
  if (a[1]) {
    hand->action[sig] = action;
    if (old.handler != action.handler || old.flags != action.flags)
      user_signal_update_host (hand, sig);
    if (action.handler == USER_SIG_IGN)
      forget_pending (thread, sig);
  }
  g_mutex_unlock (&hand->lock);
  return a[2] ? write_action (a[2], &old) : 0;
}

int64_t
sys_rt_sigprocmask (UserThread *thread, const uint64_t *a)
{
  uint64_t set = 0, old = thread->sigmask, new_mask = old;
  if (a[3] != 8)
    return -EINVAL;
  if (a[1]) {
    if (user_read (&set, a[1], sizeof set) < 0)
      return -EFAULT;
    set &= ~USER_UNBLOCKABLE;
    switch ((int)a[0]) {
      case SIG_BLOCK: new_mask = old | set; break;
      case SIG_UNBLOCK: new_mask = old & ~set; break;
      case SIG_SETMASK: new_mask = set; break;
      default: return -EINVAL;
    }
    if (new_mask != old) {
      thread->sigmask = new_mask;
      if ((old & ~new_mask & thread->pending) || thread->host_blocked)
        user_signal_mask_changed (thread);
      else
        user_signal_set_host (new_mask);
    }
  }
  return a[2] ? user_write (a[2], &old, sizeof old) : 0;
}

int64_t
sys_rt_sigpending (UserThread *thread, const uint64_t *a)
{
  uint64_t set = 0;
  if (a[1] > sizeof set)
    return -EINVAL;
  HOST_CALL (SYS_rt_sigpending, &set, sizeof set);
  set |= __atomic_load_n (&thread->pending, __ATOMIC_ACQUIRE);
  set &= thread->sigmask;
  return user_write (a[0], &set, a[1]);
}

/* The call ended by a handler: delivery runs under the temporary mask. */
static int64_t
end_masked_wait (UserThread *thread, uint64_t mask)
{
  thread->saved_sigmask = thread->sigmask;
  thread->sigmask = mask;
  thread->restore_sigmask = true;
  user_signal_mask_changed (thread);
  return -USER_ERESTARTNOHAND;
}

/* A sent SIGSEGV or its like that waits in our slot and that `mask` lets through. */
static bool
slot_open (const UserThread *thread, uint64_t mask)
{
  return (__atomic_load_n (&thread->pending, __ATOMIC_ACQUIRE) & USER_SYNC_SIGNALS & ~mask) != 0;
}

int64_t
sys_rt_sigsuspend (UserThread *thread, const uint64_t *a)
{
  uint64_t mask, host;
  if (a[1] != sizeof mask)
    return -EINVAL;
  if (user_read (&mask, a[0], sizeof mask) < 0)
    return -EFAULT;
  mask &= ~USER_UNBLOCKABLE;
  host = user_signal_host_mask (mask);
  if (slot_open (thread, mask))
    return end_masked_wait (thread, mask);
  int64_t result = SAFE_CALL (SYS_rt_sigsuspend, &host, sizeof host);
  return result == -EINTR ? end_masked_wait (thread, mask) : result;
}

int
user_sigmask_push (UserThread *thread, uint64_t addr, uint64_t size, UserSigmask *ret_mask)
{
  *ret_mask = (UserSigmask){ 0 };
  if (addr == 0)
    return 0;
  if (size != sizeof ret_mask->guest)
    return -EINVAL;
  if (user_read (&ret_mask->guest, addr, sizeof ret_mask->guest) < 0)
    return -EFAULT;
  ret_mask->guest &= ~USER_UNBLOCKABLE;
  ret_mask->host = user_signal_host_mask (ret_mask->guest);
  ret_mask->given = true;
  return 0;
}

int64_t
user_sigmask_pop (UserThread *thread, const UserSigmask *mask, int64_t result)
{
  if (result != -EINTR)
    return result;
  return mask->given ? end_masked_wait (thread, mask->guest) : user_interrupted (thread, result);
}

int64_t
user_interrupted (UserThread *thread, int64_t result)
{
  uint64_t deliverable = __atomic_load_n (&thread->pending, __ATOMIC_ACQUIRE) & ~thread->sigmask;
  if (result == -EINTR && deliverable == 0 && __atomic_load_n (&thread->attention, __ATOMIC_ACQUIRE))
    return -USER_ERESTARTSYS;
  return result;
}

/* Takes a signal of `set` from our own slots. */
static bool
take_from_slot (UserThread *thread, uint64_t set, siginfo_t *ret_info)
{
  static const uint8_t sync_signals[USER_N_SYNC] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
  for (unsigned i = 0; i < USER_N_SYNC; i++) {
    uint64_t bit = USER_SIGBIT (sync_signals[i]);
    if (!(thread->pending & set & bit))
      continue;
    *ret_info = thread->queue->sync[i];
    __atomic_and_fetch (&thread->pending, ~bit, __ATOMIC_ACQ_REL);
    return true;
  }
  return false;
}

int64_t
sys_rt_sigtimedwait (UserThread *thread, const uint64_t *a)
{
  uint64_t set;
  struct timespec timeout;
  siginfo_t info;
  int64_t result;
  if (a[3] != sizeof set)
    return -EINVAL;
  if (user_read (&set, a[0], sizeof set) < 0 || (a[2] && user_get (K_TIMESPEC, &timeout, a[2]) < 0))
    return -EFAULT;
  if (take_from_slot (thread, set & thread->sigmask, &info))
    result = info.si_signo;
  else {
    result = SAFE_CALL (SYS_rt_sigtimedwait, &set, &info, a[2] ? &timeout : NULL, sizeof set);
    if (result == -EINTR && take_from_slot (thread, set & thread->sigmask, &info))
      result = info.si_signo;
  }
  if (result > 0 && a[1] && user_siginfo_write (a[1], &info) < 0)
    return -EFAULT;
  return result;
}

/* By now the stack pointer may be the one that the frame holds, as in the kernel. */
static void
bad_frame (UserThread *thread)
{
  const UserAbi *abi = user_process.abi;
  siginfo_t bad = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
  if (abi->bad_frame_is_fault) {
    uint64_t sp = abi->stack (thread->cpu);
    bad.si_addr = (void *)(uintptr_t)sp;
    bad.si_code = user_is_below_mapping (sp) ? SEGV_ACCERR : SEGV_MAPERR;
    thread->fault = (UserFault){ 0 };
  }
  user_signal_force (thread, &bad);
}

int64_t
sys_rt_sigreturn (UserThread *thread, const uint64_t *a)
{
  if (!user_frame_pop (thread))
    bad_frame (thread);
  return 0;
}

/* Reached only by a direct call: interrupted calls are made again with their own arguments. */
int64_t
sys_restart_syscall (UserThread *thread, const uint64_t *a)
{
  return -EINTR;
}
