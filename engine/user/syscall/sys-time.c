/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Times and timers that need more than conversion of their arguments. */

#include "syscall.h"
#include "sys-layout.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/times.h>

int64_t
sys_timer_create (UserThread *thread, const uint64_t *a)
{
  struct sigevent event;
  int id;
  int64_t ret;

  if (a[1] != 0 && user_get (K_SIGEVENT, &event, a[1]) < 0)
    return -EFAULT;
  ret = HOST_CALL (__NR_timer_create, a[0], a[1] != 0 ? &event : NULL, &id);
  if (ret < 0)
    return ret;
  if (user_write (a[2], &id, sizeof id) < 0) {
    HOST_CALL (__NR_timer_delete, id);
    return -EFAULT;
  }
  return ret;
}

int64_t
sys_times (UserThread *thread, const uint64_t *a)
{
  struct tms host;
  int64_t ret = HOST_CALL (__NR_times, &host);
  GuestTms32 narrow = { host.tms_utime, host.tms_stime, host.tms_cutime, host.tms_cstime };

  if (a[0] == 0)
    return ret;
  if (user_is_32 ())
    return user_write (a[0], &narrow, sizeof narrow) < 0 ? -EFAULT : ret;
  return user_write (a[0], &host, sizeof host) < 0 ? -EFAULT : ret;
}
