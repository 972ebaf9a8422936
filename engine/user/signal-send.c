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

int64_t
sys_tkill (UserThread *thread, const uint64_t *a)
{
  return HOST_CALL (SYS_tkill, a[0], a[1]);
}

int64_t
sys_tgkill (UserThread *thread, const uint64_t *a)
{
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
