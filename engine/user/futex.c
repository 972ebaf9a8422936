/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Futexes are the host's, on the host addresses of the guest's words. */

#include "syscall/syscall.h"
#include "user-signal.h"
#include "user-thread.h"
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

/* What the fourth argument is. */
typedef enum { FOURTH_NONE, FOURTH_TIMEOUT, FOURTH_COUNT } Fourth;

static Fourth
fourth_of (int op)
{
  switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI: return FOURTH_TIMEOUT;
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
    case FUTEX_WAKE_OP: return FOURTH_COUNT;
    default: return FOURTH_NONE;
  }
}

int64_t
sys_futex (UserThread *thread, const uint64_t *a)
{
  void *word = user_ptr (a[0], 4), *second = user_ptr (a[4], 4);
  int op = (int)a[1];
  struct timespec timeout;
  Fourth fourth = fourth_of (op);
  if (fourth != FOURTH_TIMEOUT)
    return HOST_CALL (SYS_futex, word, op, a[2], fourth == FOURTH_COUNT ? a[3] : 0, second, a[5]);
  if (a[3] && user_get (K_TIMESPEC, &timeout, a[3]) < 0)
    return -EFAULT;
  int64_t result = SAFE_CALL (SYS_futex, word, op, a[2], a[3] ? &timeout : NULL, second, a[5]);
  return user_interrupted (thread, result);
}

int64_t
sys_futex_waitv (UserThread *thread, const uint64_t *a)
{
  struct futex_waitv waiters[FUTEX_WAITV_MAX];
  struct timespec timeout;
  uint32_t n = (uint32_t)a[1];
  if (a[2] || n == 0 || n > FUTEX_WAITV_MAX || a[0] == 0)
    return -EINVAL;
  if (a[3] && user_get (K_TIMESPEC, &timeout, a[3]) < 0)
    return -EFAULT;
  if (user_read (waiters, a[0], n * sizeof waiters[0]) < 0)
    return -EFAULT;
  for (uint32_t i = 0; i < n; i++)
    waiters[i].uaddr = (uintptr_t)user_ptr (waiters[i].uaddr, 4);
  int64_t result = SAFE_CALL (SYS_futex_waitv, waiters, n, 0, a[3] ? &timeout : NULL, a[4]);
  return user_interrupted (thread, result);
}
