/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Scattered input and output. */

#include "syscall.h"
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>

int
user_iov_read (UserIov *iov, uint64_t addr, uint64_t n)
{
  unsigned word = user_is_32 () ? 4 : 8;
  union {
    uint64_t w64[2];
    uint32_t w32[2];
  } raw;

  iov->vec = iov->small;
  iov->n = n;
  if (n > IOV_MAX)
    return -EINVAL;
  if (n > G_N_ELEMENTS (iov->small))
    iov->vec = g_new (struct iovec, n);
  for (unsigned i = 0; i < n; i++) {
    uint64_t base, len;

    if (user_read (&raw, addr + i * 2 * word, 2 * word) < 0)
      return -EFAULT;
    base = word == 4 ? raw.w32[0] : raw.w64[0];
    len = word == 4 ? raw.w32[1] : raw.w64[1];
    if (word == 4 ? (int32_t)len < 0 : (int64_t)len < 0)
      return -EINVAL;
    iov->vec[i] = (struct iovec){ user_ptr (base, len), len };
  }
  return 0;
}

void
user_iov_free (UserIov *iov)
{
  if (iov->vec != iov->small)
    g_free (iov->vec);
}

/* Calls of the form (fd, iov, n, pos_low, pos_high, flags). A bad descriptor is reported before a bad vector.
 */
static int64_t
vector_call (long nr, const uint64_t *a)
{
  UserIov iov;
  int64_t ret = user_iov_read (&iov, a[1], a[2]);

  if (ret == 0)
    ret = SAFE_CALL (nr, a[0], iov.vec, iov.n, a[3], a[4], a[5]);
  else if (HOST_CALL (__NR_fcntl, a[0], 1 /* F_GETFD */, 0) == -EBADF)
    ret = -EBADF;
  user_iov_free (&iov);
  return ret;
}

/* preadv and pwritev: a 32-bit guest gives the position in two words, a 64-bit one in the first alone. */
static int64_t
vector_call_at (long nr, const uint64_t *a)
{
  uint64_t b[6] = { a[0], a[1], a[2], a[3], a[4], a[5] };

  if (user_is_32 ()) {
    b[3] = (uint32_t)a[3] | a[4] << 32;
    b[4] = 0;
  }
  return vector_call (nr, b);
}

int64_t
sys_readv (UserThread *thread, const uint64_t *a)
{
  return vector_call (__NR_readv, a);
}

int64_t
sys_writev (UserThread *thread, const uint64_t *a)
{
  return vector_call (__NR_writev, a);
}

int64_t
sys_preadv (UserThread *thread, const uint64_t *a)
{
  return vector_call_at (__NR_preadv, a);
}

int64_t
sys_pwritev (UserThread *thread, const uint64_t *a)
{
  return vector_call_at (__NR_pwritev, a);
}

int64_t
sys_preadv2 (UserThread *thread, const uint64_t *a)
{
  return vector_call_at (__NR_preadv2, a);
}

int64_t
sys_pwritev2 (UserThread *thread, const uint64_t *a)
{
  return vector_call_at (__NR_pwritev2, a);
}

int64_t
sys_vmsplice (UserThread *thread, const uint64_t *a)
{
  return vector_call (__NR_vmsplice, a);
}

int64_t
sys_process_madvise (UserThread *thread, const uint64_t *a)
{
  return vector_call (__NR_process_madvise, a);
}

/* The other process's addresses mean its guest memory where it is one of ours, which has the same guest_base.
 */
static int64_t
process_vm (long nr, const uint64_t *a)
{
  UserIov local, remote;
  int64_t ret;

  if (a[5] != 0)
    return -EINVAL;
  ret = user_iov_read (&local, a[1], a[2]);
  if (ret < 0) {
    user_iov_free (&local);
    return ret;
  }
  ret = user_iov_read (&remote, a[3], a[4]);
  if (ret == 0)
    ret = HOST_CALL (nr, a[0], local.vec, local.n, remote.vec, remote.n, 0);
  user_iov_free (&remote);
  user_iov_free (&local);
  return ret;
}

int64_t
sys_process_vm_readv (UserThread *thread, const uint64_t *a)
{
  return process_vm (__NR_process_vm_readv, a);
}

int64_t
sys_process_vm_writev (UserThread *thread, const uint64_t *a)
{
  return process_vm (__NR_process_vm_writev, a);
}
