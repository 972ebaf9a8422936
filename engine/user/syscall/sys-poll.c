/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Waiting for descriptors. */

#include "syscall.h"
#include "user-signal.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

int64_t
sys_epoll_ctl (UserThread *thread, const uint64_t *a)
{
  struct epoll_event event;

  if (a[3] == 0)
    return HOST_CALL (__NR_epoll_ctl, a[0], a[1], a[2], NULL);
  if ((int)a[1] != EPOLL_CTL_DEL && user_get (K_EPOLL_EVENT, &event, a[3]) < 0)
    return -EFAULT;
  return HOST_CALL (__NR_epoll_ctl, a[0], a[1], a[2], &event);
}

#define EVENTS_ON_STACK 64

/* Waits with the host's packed events. `timeout` is epoll_pwait's number or epoll_pwait2's structure. */
static int64_t
epoll_wait_call (UserThread *thread, long nr, const uint64_t *a, uint64_t timeout)
{
  struct epoll_event small[EVENTS_ON_STACK], *events = small;
  int max = (int)a[2];
  UserSigmask mask;
  int64_t ret = user_sigmask_push (thread, a[4], a[5], &mask);

  if (ret < 0)
    return ret;
  /* More events than descriptors cannot come, so a smaller count than the guest's loses nothing for long. */
  if (max > EVENTS_ON_STACK) {
    max = MIN (max, 4096);
    events = g_new (struct epoll_event, max);
  }
  ret = SAFE_CALL (nr, a[0], a[1] != 0 ? events : NULL, max, timeout, user_sigmask_arg (&mask), 8);
  ret = user_sigmask_pop (thread, &mask, ret);
  for (int64_t i = 0; i < ret; i++)
    if (user_put (K_EPOLL_EVENT, a[1] + i * user_kind_size (K_EPOLL_EVENT), &events[i]) < 0) {
      ret = i > 0 ? i : -EFAULT;
      break;
    }
  if (events != small)
    g_free (events);
  return ret;
}

int64_t
sys_epoll_pwait (UserThread *thread, const uint64_t *a)
{
  return epoll_wait_call (thread, __NR_epoll_pwait, a, a[3]);
}

int64_t
sys_epoll_pwait2 (UserThread *thread, const uint64_t *a)
{
  struct timespec timeout;

  if (a[3] != 0 && user_get (K_TIMESPEC, &timeout, a[3]) < 0)
    return -EFAULT;
  return epoll_wait_call (thread, __NR_epoll_pwait2, a, a[3] != 0 ? (uintptr_t)&timeout : 0);
}

int64_t
sys_ppoll (UserThread *thread, const uint64_t *a)
{
  struct timespec timeout;
  UserSigmask mask;
  int64_t ret;

  if (a[2] != 0 && user_get (K_TIMESPEC, &timeout, a[2]) < 0)
    return -EFAULT;
  ret = user_sigmask_push (thread, a[3], a[4], &mask);
  if (ret < 0)
    return ret;
  ret = SAFE_CALL (__NR_ppoll, user_ptr (a[0], MIN (a[1], UINT32_MAX) * sizeof (uint64_t)), a[1],
                   a[2] != 0 ? &timeout : NULL, user_sigmask_arg (&mask), 8);
  ret = user_sigmask_pop (thread, &mask, ret);
  /* As in Linux, a time that cannot be written back does not change the result. */
  if (a[2] != 0)
    user_put (K_TIMESPEC, a[2], &timeout);
  return ret;
}

#define SELECT_MAX 65536

/* Descriptor sets of a 32-bit guest end at a multiple of 4 bytes, the host's of 8: they are copied. */
typedef struct {
  uint64_t bits[3][SELECT_MAX / 64];
} SelectSets;

static unsigned
guest_set_bytes (int n)
{
  unsigned word = user_is_32 () ? 32 : 64;

  return (n + word - 1) / word * word / 8;
}

static int
read_sets (SelectSets *sets, const uint64_t *addr, int n)
{
  for (unsigned i = 0; i < 3; i++) {
    memset (sets->bits[i], 0, (n + 63) / 64 * 8);
    if (addr[i] != 0 && user_read (sets->bits[i], addr[i], guest_set_bytes (n)) < 0)
      return -EFAULT;
  }
  return 0;
}

static int
write_sets (const SelectSets *sets, const uint64_t *addr, int n)
{
  for (unsigned i = 0; i < 3; i++)
    if (addr[i] != 0 && user_write (addr[i], sets->bits[i], guest_set_bytes (n)) < 0)
      return -EFAULT;
  return 0;
}

static int64_t
select_with_mask (UserThread *thread, int n, const uint64_t *sets, struct timespec *timeout,
                  UserSigmask *mask)
{
  struct {
    const uint64_t *mask;
    uint64_t size;
  } sixth = { user_sigmask_arg (mask), 8 };
  SelectSets *copy;
  void *host[3];
  int64_t ret;

  if (!user_is_32 () || n <= 0) {
    for (unsigned i = 0; i < 3; i++)
      host[i] = user_ptr (sets[i], n > 0 ? MIN (guest_set_bytes (n), SELECT_MAX / 8) : 0);
    return SAFE_CALL (__NR_pselect6, n, host[0], host[1], host[2], timeout, &sixth);
  }
  n = MIN (n, SELECT_MAX);
  copy = g_new (SelectSets, 1);
  ret = read_sets (copy, sets, n);
  for (unsigned i = 0; i < 3; i++)
    host[i] = sets[i] != 0 ? copy->bits[i] : NULL;
  if (ret == 0)
    ret = SAFE_CALL (__NR_pselect6, n, host[0], host[1], host[2], timeout, &sixth);
  if (ret >= 0 && write_sets (copy, sets, n) < 0)
    ret = -EFAULT;
  g_free (copy);
  return ret;
}

int64_t
sys_pselect6 (UserThread *thread, const uint64_t *a)
{
  struct timespec timeout;
  uint64_t given[2] = { 0, 8 };
  uint32_t given32[2];
  UserSigmask mask;
  int64_t ret;

  if (a[5] != 0) {
    if (user_is_32 ()) {
      if (user_read (given32, a[5], sizeof given32) < 0)
        return -EFAULT;
      given[0] = given32[0];
      given[1] = given32[1];
    } else if (user_read (given, a[5], sizeof given) < 0)
      return -EFAULT;
  }
  if (a[4] != 0 && user_get (K_TIMESPEC, &timeout, a[4]) < 0)
    return -EFAULT;
  ret = user_sigmask_push (thread, given[0], given[1], &mask);
  if (ret < 0)
    return ret;
  ret = select_with_mask (thread, (int)a[0], &a[1], a[4] != 0 ? &timeout : NULL, &mask);
  ret = user_sigmask_pop (thread, &mask, ret);
  if (a[4] != 0)
    user_put (K_TIMESPEC, a[4], &timeout);
  return ret;
}

int64_t
sys_signalfd4 (UserThread *thread, const uint64_t *a)
{
  uint64_t mask;

  if (a[2] != sizeof mask)
    return -EINVAL;
  if (user_read (&mask, a[1], sizeof mask) < 0)
    return -EFAULT;
  return HOST_CALL (__NR_signalfd4, a[0], &mask, sizeof mask, a[3]);
}
