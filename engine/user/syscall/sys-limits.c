/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Resource limits. Those on memory would bind the translator and its code cache too, so the guest's values
 * are kept here and shown to it, and the host's stay as they are. */

#include "syscall.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
  int resource;
  bool known; /* otherwise the host's value is the guest's */
  struct rlimit64 limit;
} OwnLimit;

static OwnLimit own_limits[] = {
    {.resource = RLIMIT_AS}, {.resource = RLIMIT_DATA}, {.resource = RLIMIT_STACK}};
/* protects own_limits */
static GMutex limits_lock;

static OwnLimit *
own_limit (pid_t pid, unsigned resource)
{
  if (pid != 0 && pid != getpid ())
    return NULL;
  for (unsigned i = 0; i < G_N_ELEMENTS (own_limits); i++)
    if (own_limits[i].resource == (int)resource)
      return &own_limits[i];
  return NULL;
}

/* The kernel's rules for a new limit: only a privileged process raises the hard one. Raising it on the host
 * for a moment is the test of that privilege. */
static int64_t
check_new (unsigned resource, const struct rlimit64 *old, const struct rlimit64 *wanted)
{
  struct rlimit64 host, raised;

  if (wanted->rlim_cur > wanted->rlim_max)
    return -EINVAL;
  if (wanted->rlim_max <= old->rlim_max)
    return 0;
  if (HOST_CALL (__NR_prlimit64, 0, resource, NULL, &host) < 0)
    return -EPERM;
  raised = host;
  raised.rlim_max = MAX (host.rlim_max, wanted->rlim_max);
  if (raised.rlim_max == host.rlim_max)
    return geteuid () == 0 ? 0 : -EPERM;
  return HOST_CALL (__NR_prlimit64, 0, resource, &raised, NULL);
}

static int64_t
change_own (OwnLimit *own, const struct rlimit64 *wanted, struct rlimit64 *ret_old)
{
  int64_t ret = 0;

  g_mutex_lock (&limits_lock);
  if (!own->known)
    ret = HOST_CALL (__NR_prlimit64, 0, own->resource, NULL, &own->limit);
  if (ret == 0) {
    own->known = true;
    *ret_old = own->limit;
    if (wanted != NULL && (ret = check_new (own->resource, &own->limit, wanted)) == 0)
      own->limit = *wanted;
  }
  g_mutex_unlock (&limits_lock);
  return ret;
}

static int64_t
change (pid_t pid, unsigned resource, const struct rlimit64 *wanted, struct rlimit64 *ret_old)
{
  OwnLimit *own = own_limit (pid, resource);

  if (own != NULL)
    return change_own (own, wanted, ret_old);
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
