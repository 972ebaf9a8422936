/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Resource limits: those on memory are the guest's own, the others the host's. */

#include "syscall.h"
#include "user-limits.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t
change (pid_t pid, unsigned resource, const struct rlimit64 *wanted, struct rlimit64 *ret_old)
{
  if ((pid == 0 || pid == getpid ()) && user_limit_is_own (resource))
    return user_limit_change (resource, wanted, ret_old);
  return HOST_CALL (__NR_prlimit64, pid, resource, wanted, ret_old);
}

int64_t
sys_prlimit64 (UserThread *thread, const uint64_t *a)
{
  struct rlimit64 wanted, old;
  int64_t ret;

  if (a[2] != 0 && user_get (K_RLIMIT64, &wanted, a[2]) < 0)
    return -EFAULT;
  ret = change ((int)a[0], a[1], a[2] != 0 ? &wanted : NULL, &old);
  if (ret == 0 && a[3] != 0)
    ret = user_put (K_RLIMIT64, a[3], &old);
  return ret;
}

int64_t
sys_getrlimit (UserThread *thread, const uint64_t *a)
{
  struct rlimit64 old;
  int64_t ret = change (0, a[0], NULL, &old);

  return ret < 0 ? ret : user_put (K_RLIMIT, a[1], &old);
}

int64_t
sys_setrlimit (UserThread *thread, const uint64_t *a)
{
  struct rlimit64 wanted, old;

  if (user_get (K_RLIMIT, &wanted, a[1]) < 0)
    return -EFAULT;
  return change (0, a[0], &wanted, &old);
}
