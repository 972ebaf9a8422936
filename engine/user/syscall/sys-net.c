/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sockets: addresses and options. Messages are in sys-msg.c. */

#include "syscall.h"
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* Calls that fill an address and its length: (fd, address, length, flags). */
static int64_t
address_call (long nr, const uint64_t *a, uint64_t flags)
{
  int64_t ret;
  int len;

  if (a[1] == 0 && (nr == __NR_accept4 || nr == __NR_accept))
    return SAFE_CALL (nr, a[0], 0, 0, flags);
  /* The kernel never writes more than it was given room for, and no address is longer than sockaddr_storage.
   */
  if (user_read (&len, a[2], sizeof len) < 0)
    len = sizeof (struct sockaddr_storage);
  ret = SAFE_CALL (nr, a[0], user_ptr (a[1], CLAMP (len, 0, (int)sizeof (struct sockaddr_storage))),
                   user_ptr (a[2], sizeof len), flags);
  return ret;
}

int64_t
sys_bind (UserThread *thread, const uint64_t *a)
{
  return HOST_CALL (__NR_bind, a[0], user_ptr (a[1], MAX ((int)a[2], 0)), a[2]);
}

int64_t
sys_connect (UserThread *thread, const uint64_t *a)
{
  return SAFE_CALL (__NR_connect, a[0], user_ptr (a[1], MAX ((int)a[2], 0)), a[2]);
}

int64_t
sys_accept (UserThread *thread, const uint64_t *a)
{
  return address_call (__NR_accept, a, 0);
}

int64_t
sys_accept4 (UserThread *thread, const uint64_t *a)
{
  return address_call (__NR_accept4, a, a[3]);
}

int64_t
sys_getsockname (UserThread *thread, const uint64_t *a)
{
  return address_call (__NR_getsockname, a, 0);
}

int64_t
sys_getpeername (UserThread *thread, const uint64_t *a)
{
  return address_call (__NR_getpeername, a, 0);
}

int64_t
sys_sendto (UserThread *thread, const uint64_t *a)
{
  return SAFE_CALL (__NR_sendto, a[0], user_ptr (a[1], a[2]), a[2], a[3], user_ptr (a[4], MAX ((int)a[5], 0)),
                    a[5]);
}

int64_t
sys_recvfrom (UserThread *thread, const uint64_t *a)
{
  return SAFE_CALL (__NR_recvfrom, a[0], user_ptr (a[1], a[2]), a[2], a[3],
                    user_ptr (a[4], sizeof (struct sockaddr_storage)), user_ptr (a[5], sizeof (int)));
}

/* ---- options ---- */

/* Options whose value is a time of two guest longs. */
static bool
is_time_option (int level, int option)
{
  return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

static bool
is_filter_option (int level, int option)
{
  return level == SOL_SOCKET && (option == SO_ATTACH_FILTER || option == SO_ATTACH_REUSEPORT_CBPF);
}

/* A classic BPF program: { count, pointer to instructions }. */
static int64_t
set_filter (int fd, int option, uint64_t addr, int len)
{
  struct sock_fprog program;
  struct {
    uint16_t n, pad[3];
    uint64_t code;
  } guest;
  uint32_t guest32[2];

  if (user_is_32 ()) {
    if (len < (int)sizeof guest32 || user_read (guest32, addr, sizeof guest32) < 0)
      return len < (int)sizeof guest32 ? -EINVAL : -EFAULT;
    guest.n = guest32[0];
    guest.code = guest32[1];
  } else if (len != sizeof guest)
    return -EINVAL;
  else if (user_read (&guest, addr, sizeof guest) < 0)
    return -EFAULT;
  program = (struct sock_fprog){ guest.n, user_ptr (guest.code, guest.n * sizeof (struct sock_filter)) };
  return HOST_CALL (__NR_setsockopt, fd, SOL_SOCKET, option, &program, sizeof program);
}

int64_t
sys_setsockopt (UserThread *thread, const uint64_t *a)
{
  int level = (int)a[1], option = (int)a[2], len = (int)a[4];
  struct timeval time;

  if (is_filter_option (level, option))
    return set_filter (a[0], option, a[3], len);
  /* Firewall tables hold pointers and the kernel's own structures by word size. */
  if (level == IPPROTO_IP && option == 64 /* IPT_SO_SET_REPLACE */)
    return -ENOPROTOOPT;
  if (user_is_32 () && is_time_option (level, option)) {
    if (len < 8)
      return -EINVAL;
    if (user_get (K_TIMEVAL, &time, a[3]) < 0)
      return -EFAULT;
    return HOST_CALL (__NR_setsockopt, a[0], level, option, &time, sizeof time);
  }
  return HOST_CALL (__NR_setsockopt, a[0], level, option, user_ptr (a[3], MAX (len, 0)), a[4]);
}

int64_t
sys_getsockopt (UserThread *thread, const uint64_t *a)
{
  int level = (int)a[1], option = (int)a[2], len;
  struct timeval time;
  int64_t ret;

  if (user_is_32 () && is_time_option (level, option)) {
    int host_len = sizeof time;

    if (user_read (&len, a[4], sizeof len) < 0)
      return -EFAULT;
    ret = HOST_CALL (__NR_getsockopt, a[0], level, option, &time, &host_len);
    if (ret < 0)
      return ret;
    if (len < 8)
      return -EINVAL;
    len = 8;
    return user_put (K_TIMEVAL, a[3], &time) < 0 ? -EFAULT : user_write (a[4], &len, sizeof len);
  }
  if (user_read (&len, a[4], sizeof len) < 0)
    len = 0;
  return HOST_CALL (__NR_getsockopt, a[0], level, option, user_ptr (a[3], MAX (len, 0)),
                    user_ptr (a[4], sizeof len));
}
