/* SPDX-License-Identifier: GPL-3.0-or-later */

/* clone and clone3: arguments, and which combinations Linux refuses. */

#include "syscall/syscall.h"
#include "user-thread.h"
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>

#define CSIGNAL_MASK  0xff
#define MAX_PID_LEVEL 32

static int
check_flags (uint64_t flags)
{
  if ((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER)))
    return -EINVAL;
  if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
    return -EINVAL;
  if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
    return -EINVAL;
  if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
    return -EINVAL;
  if ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID)))
    return -EINVAL;
  if ((flags & CLONE_NEWIPC) && (flags & CLONE_SYSVSEM))
    return -EINVAL;
  if ((flags & CLONE_PIDFD) && (flags & CLONE_DETACHED))
    return -EINVAL;
  return 0;
}

/* Performs it: the child's id, or -errno. */
static int64_t
user_clone_args (UserThread *parent, const UserClone *args)
{
  int error = check_flags (args->flags);
  if (error)
    return error;
  /* While a vfork's child runs, its parent does not. */
  if (args->flags & CLONE_VM && !(args->flags & CLONE_VFORK))
    cpu_memory_shared ();
  if (args->flags & CLONE_THREAD)
    return user_thread_create (parent, args);
  if (args->flags & CLONE_VM)
    return user_vm_process (parent, args);
  return user_fork (parent, args);
}

/* clone (flags, stack, parent_tid, tls, child_tid): the order of ports with CLONE_BACKWARDS. */
int64_t
sys_clone (UserThread *thread, const uint64_t *a)
{
  UserClone args = {
    .flags = (uint32_t)a[0] & ~(uint64_t)CSIGNAL_MASK,
    .exit_signal = (int)(a[0] & CSIGNAL_MASK),
    .stack = a[1],
    .ptid = a[2],
    .pidfd = a[2],
    .tls = a[3],
    .ctid = a[4],
    .cgroup = -1,
  };
  /* One address cannot take both. */
  if ((args.flags & CLONE_PIDFD) && (args.flags & CLONE_PARENT_SETTID))
    return -EINVAL;
  if (args.exit_signal > USER_NSIG)
    args.exit_signal = 0;
  return user_clone_args (thread, &args);
}

/* struct clone_args of `size` bytes: what is beyond our knowledge has to be zero. */
static int
read_clone_args (struct clone_args *ret_args, uint64_t addr, uint64_t size)
{
  uint8_t bytes[4096] = { 0 };
  memset (ret_args, 0, sizeof *ret_args);
  if (size > sizeof bytes)
    return -E2BIG;
  if (size < CLONE_ARGS_SIZE_VER0)
    return -EINVAL;
  if (user_read (bytes, addr, size) < 0)
    return -EFAULT;
  for (uint64_t i = sizeof *ret_args; i < size; i++)
    if (bytes[i])
      return -E2BIG;
  memcpy (ret_args, bytes, sizeof *ret_args);
  return 0;
}

static int
check_clone_args (const struct clone_args *c, uint64_t size)
{
  if (c->flags & ~(UINT32_MAX | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
    return -EINVAL;
  if (c->flags & (CLONE_DETACHED | (CSIGNAL_MASK & ~(uint64_t)CLONE_NEWTIME)))
    return -EINVAL;
  if (c->exit_signal > USER_NSIG || (c->exit_signal && (c->flags & (CLONE_THREAD | CLONE_PARENT))))
    return -EINVAL;
  if (c->set_tid_size > MAX_PID_LEVEL || (c->set_tid == 0) != (c->set_tid_size == 0))
    return -EINVAL;
  if ((c->stack == 0) != (c->stack_size == 0))
    return -EINVAL;
  if (c->stack && user_ptr (c->stack, c->stack_size) != g2h (c->stack))
    return -EINVAL;
  if ((c->flags & CLONE_INTO_CGROUP) && (c->cgroup > INT32_MAX || size < CLONE_ARGS_SIZE_VER2))
    return -EINVAL;
  return 0;
}

int64_t
sys_clone3 (UserThread *thread, const uint64_t *a)
{
  struct clone_args c;
  int error = read_clone_args (&c, a[0], a[1]);
  if (error == 0)
    error = check_clone_args (&c, a[1]);
  if (error)
    return error;
  UserClone args = {
    .flags = c.flags,
    .exit_signal = (int)c.exit_signal,
    .stack = c.stack ? c.stack + c.stack_size : 0,
    .ptid = c.parent_tid,
    .pidfd = c.pidfd,
    .tls = c.tls,
    .ctid = c.child_tid,
    .set_tid = c.set_tid,
    .set_tid_size = c.set_tid_size,
    .cgroup = (c.flags & CLONE_INTO_CGROUP) ? (int)c.cgroup : -1,
  };
  return user_clone_args (thread, &args);
}

int64_t
sys_waitid (UserThread *thread, const uint64_t *a)
{
  uint64_t rusage[USER_KIND_MAX_SIZE / 8];
  siginfo_t info;
  if (!user_is_32 ())
    return SAFE_CALL (SYS_waitid, a[0], a[1], user_ptr (a[2], sizeof info), a[3],
                      user_ptr (a[4], user_kind_size (K_RUSAGE)));
  memset (&info, 0, sizeof info);
  int64_t result = SAFE_CALL (SYS_waitid, a[0], a[1], a[2] ? &info : NULL, a[3], a[4] ? rusage : NULL);
  if (result < 0)
    return result;
  if (a[4] && user_put (K_RUSAGE, a[4], rusage) < 0)
    return -EFAULT;
  /* The kernel writes these members alone: six words that are the same for any guest. */
  int32_t words[6] = { info.si_signo, info.si_errno,        info.si_code,
                       info.si_pid,   (int32_t)info.si_uid, info.si_status };
  return a[2] ? user_write (a[2], words, sizeof words) : result;
}

int64_t
sys_wait4 (UserThread *thread, const uint64_t *a)
{
  return SAFE_CALL (SYS_wait4, a[0], user_ptr (a[1], sizeof (int)), a[2],
                    user_ptr (a[3], user_kind_size (K_RUSAGE)));
}
