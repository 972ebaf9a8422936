/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory: the guest's view of its address space is kept by user-mmap.c. */

#include "syscall.h"
#include "user-abi.h"
#include "user-mmap.h"
#include <errno.h>
#include <sys/syscall.h>

int64_t
sys_brk (UserThread *thread, const uint64_t *a)
{
  return user_brk (a[0]);
}

int64_t
sys_mmap (UserThread *thread, const uint64_t *a)
{
  /* Linux refuses an unaligned offset before it looks at the descriptor. */
  if (a[5] & 0xfff)
    return -EINVAL;
  return user_mmap (a[0], a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
}

int64_t
sys_mmap2 (UserThread *thread, const uint64_t *a)
{
  return user_mmap (a[0], a[1], (int)a[2], (int)a[3], (int)a[4], a[5] << 12);
}

int64_t
sys_munmap (UserThread *thread, const uint64_t *a)
{
  return user_munmap (a[0], a[1]);
}

int64_t
sys_mremap (UserThread *thread, const uint64_t *a)
{
  return user_mremap (a[0], a[1], a[2], (int)a[3], a[4]);
}

int64_t
sys_mprotect (UserThread *thread, const uint64_t *a)
{
  return user_mprotect (a[0], a[1], (int)a[2]);
}

int64_t
sys_pkey_mprotect (UserThread *thread, const uint64_t *a)
{
  return (int)a[3] == -1 ? user_mprotect (a[0], a[1], (int)a[2]) : -EINVAL;
}

int64_t
sys_madvise (UserThread *thread, const uint64_t *a)
{
  return user_madvise (a[0], a[1], (int)a[2]);
}

int64_t
sys_mincore (UserThread *thread, const uint64_t *a)
{
  return user_mincore (a[0], a[1], a[2]);
}

int64_t
sys_msync (UserThread *thread, const uint64_t *a)
{
  return user_msync (a[0], a[1], (int)a[2]);
}

int64_t
sys_mlock (UserThread *thread, const uint64_t *a)
{
  return user_mlock (a[0], a[1], 0);
}

int64_t
sys_mlock2 (UserThread *thread, const uint64_t *a)
{
  return (a[2] & ~UINT64_C (1)) ? -EINVAL : user_mlock (a[0], a[1], (unsigned)a[2]);
}

int64_t
sys_munlock (UserThread *thread, const uint64_t *a)
{
  return user_munlock (a[0], a[1]);
}

int64_t
sys_shmat (UserThread *thread, const uint64_t *a)
{
  return user_shmat ((int)a[0], a[1], (int)a[2]);
}

int64_t
sys_shmdt (UserThread *thread, const uint64_t *a)
{
  return user_shmdt (a[0]);
}

/* ---- NUMA policy ---- */

#define NODE_BITS_MAX 4096

/* A node mask in guest words becomes one in 64-bit words: the same bytes, as both are little-endian, but a
 * whole number of longs. Returns -EFAULT or 0. */
static int
read_node_mask (uint64_t addr, uint64_t n_bits, uint64_t mask[NODE_BITS_MAX / 64])
{
  unsigned word = user_is_32 () ? 32 : 64;

  memset (mask, 0, NODE_BITS_MAX / 8);
  return n_bits < 2 ? 0 : user_read (mask, addr, (n_bits - 1 + word - 1) / word * word / 8);
}

static int64_t
policy_call (long nr, uint64_t start, uint64_t size, uint64_t mode, uint64_t mask, uint64_t n_bits,
             uint64_t flags)
{
  uint64_t bits[NODE_BITS_MAX / 64];
  uint64_t *host_mask = mask != 0 ? bits : NULL;

  if (mask != 0 && n_bits > NODE_BITS_MAX)
    return -EINVAL;
  if (mask != 0 && read_node_mask (mask, n_bits, bits) < 0)
    return -EFAULT;
  if (nr == __NR_set_mempolicy)
    return HOST_CALL (nr, mode, host_mask, n_bits);
  return HOST_CALL (nr, user_ptr (start, size), size, mode, host_mask, n_bits, flags);
}

int64_t
sys_mbind (UserThread *thread, const uint64_t *a)
{
  return policy_call (__NR_mbind, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int64_t
sys_set_mempolicy (UserThread *thread, const uint64_t *a)
{
  return policy_call (__NR_set_mempolicy, 0, 0, a[0], a[1], a[2], 0);
}

int64_t
sys_set_mempolicy_home_node (UserThread *thread, const uint64_t *a)
{
  return HOST_CALL (__NR_set_mempolicy_home_node, user_ptr (a[0], a[1]), a[1], a[2], a[3]);
}

int64_t
sys_get_mempolicy (UserThread *thread, const uint64_t *a)
{
  unsigned word = user_is_32 () ? 32 : 64;
  uint64_t bits[NODE_BITS_MAX / 64] = { 0 };
  uint64_t n_bits = MIN (a[2], NODE_BITS_MAX);
  int mode = 0;
  int64_t ret = HOST_CALL (__NR_get_mempolicy, a[0] != 0 ? &mode : NULL, a[1] != 0 ? bits : NULL, n_bits,
                           user_ptr (a[3], 1), a[4]);

  if (ret < 0)
    return ret;
  if (a[0] != 0 && user_write (a[0], &mode, sizeof mode) < 0)
    return -EFAULT;
  if (a[1] != 0 && n_bits > 0 && user_write (a[1], bits, (n_bits + word - 1) / word * word / 8) < 0)
    return -EFAULT;
  return ret;
}
