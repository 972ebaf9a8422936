/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System calls that send signals. Process and thread ids are the host's. */

#include "user-signal.h"

#include "syscall/syscall.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int
user_siginfo_read (siginfo_t *ret_info, uint64_t addr)
{
  return user_get (K_SIGINFO, ret_info, addr);
}

int
user_siginfo_write (uint64_t addr, const siginfo_t *info)
{
  return user_put (K_SIGINFO, addr, info);
}

int64_t
sys_kill (UserThread *thread, const uint64_t *a)
{
  return HOST_CALL (SYS_kill, a[0], a[1]);
}

/* A thread of ours that the guest has seen end may exist a moment longer on the host. */
static bool
has_ended (const UserThread *self, pid_t tid)
{
  bool found = false;
  if (self->vm_process || tid <= 0 || tid == getpid () || HOST_CALL (SYS_tgkill, getpid (), tid, 0) < 0)
    return false;
  g_mutex_lock (&user_process.lock);
  for (GList *l = user_process.threads; l && !found; l = l->next)
    found = ((UserThread *)l->data)->tid == tid;
  g_mutex_unlock (&user_process.lock);
  return !found;
}

int64_t
sys_tkill (UserThread *thread, const uint64_t *a)
{
  return has_ended (thread, (pid_t)a[0]) ? -ESRCH : HOST_CALL (SYS_tkill, a[0], a[1]);
}

int64_t
sys_tgkill (UserThread *thread, const uint64_t *a)
{
  if ((pid_t)a[0] == getpid () && has_ended (thread, (pid_t)a[1]))
    return -ESRCH;
  return HOST_CALL (SYS_tgkill, a[0], a[1], a[2]);
}

int64_t
sys_rt_sigqueueinfo (UserThread *thread, const uint64_t *a)
{
  siginfo_t info;
  if (user_siginfo_read (&info, a[2]) < 0)
    return -EFAULT;
  return HOST_CALL (SYS_rt_sigqueueinfo, a[0], a[1], &info);
}

int64_t
sys_rt_tgsigqueueinfo (UserThread *thread, const uint64_t *a)
{
  siginfo_t info;
  if (user_siginfo_read (&info, a[3]) < 0)
    return -EFAULT;
  return HOST_CALL (SYS_rt_tgsigqueueinfo, a[0], a[1], a[2], &info);
}

int64_t
sys_pidfd_send_signal (UserThread *thread, const uint64_t *a)
{
  siginfo_t info;
  if (a[2] && user_siginfo_read (&info, a[2]) < 0)
    return -EFAULT;
  return HOST_CALL (SYS_pidfd_send_signal, a[0], a[1], a[2] ? &info : NULL, a[3]);
}
