/* SPDX-License-Identifier: GPL-3.0-or-later */

/* fcntl, and the file calls of 32-bit guests that take other arguments than the host's. */

#include "syscall.h"
#include "sys-layout.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

/* Numbers that only 32-bit guests use. */
enum { GUEST_F_GETLK64 = 12, GUEST_F_SETLK64 = 13, GUEST_F_SETLKW64 = 14 };

static int64_t
lock_32 (int fd, int command, uint64_t addr)
{
  GuestFlock32 guest;
  struct flock host;
  int64_t ret;

  if (user_read (&guest, addr, sizeof guest) < 0)
    return -EFAULT;
  host = (struct flock){ guest.type, guest.whence, guest.start, guest.len, guest.pid };
  ret = SAFE_CALL (__NR_fcntl, fd, command, &host);
  if (ret < 0 || command != F_GETLK)
    return ret;
  if (host.l_start > INT32_MAX || host.l_len > INT32_MAX)
    return -EOVERFLOW;
  guest = (GuestFlock32){ host.l_type, host.l_whence, host.l_start, host.l_len, host.l_pid };
  return user_write (addr, &guest, sizeof guest);
}

/* Size of what the argument of a command points to; 0 for a plain number. */
static unsigned
pointed_size (int command)
{
  switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return sizeof (struct flock);
    case F_SETOWN_EX:
    case F_GETOWN_EX: return sizeof (struct f_owner_ex);
    case 17 /* F_GETOWNER_UIDS */: return 2 * sizeof (uint32_t);
    case F_GET_RW_HINT:
    case F_SET_RW_HINT:
    case F_GET_FILE_RW_HINT:
    case F_SET_FILE_RW_HINT: return sizeof (uint64_t);
    default: return 0;
  }
}

int64_t
sys_fcntl (UserThread *thread, const uint64_t *a)
{
  int command = (int)a[1];
  unsigned size;

  if (user_is_32 () && command >= GUEST_F_GETLK64 && command <= GUEST_F_SETLKW64)
    command = command - GUEST_F_GETLK64 + F_GETLK;
  else if (user_is_32 () && command >= F_GETLK && command <= F_SETLKW)
    return lock_32 (a[0], command, a[2]);
  size = pointed_size (command);
  if (size > 0)
    return SAFE_CALL (__NR_fcntl, a[0], command, user_ptr (a[2], size));
  if (command == F_SETFL)
    return SAFE_CALL (__NR_fcntl, a[0], command, user_open_flags_to_host (a[2]));
  if (command == F_GETFL) {
    int64_t ret = SAFE_CALL (__NR_fcntl, a[0], command);
    return ret < 0 ? ret : (int64_t)user_open_flags_to_guest (ret);
  }
  if (command == 1027 /* F_DUPFD_QUERY */ && user_fd_hidden ((int)a[2]))
    return -EBADF;
  return SAFE_CALL (__NR_fcntl, a[0], command, user_is_32 () ? (uint64_t)(int32_t)a[2] : a[2]);
}

int64_t
sys_llseek (UserThread *thread, const uint64_t *a)
{
  int64_t ret = HOST_CALL (__NR_lseek, a[0], a[1] << 32 | (uint32_t)a[2], a[4]);

  return ret < 0 ? ret : user_write (a[3], &ret, sizeof ret);
}

static int64_t
put_statfs (int64_t ret, uint64_t size, uint64_t addr, const struct statfs *host)
{
  if (size != user_kind_size (K_STATFS))
    return -EINVAL;
  return ret < 0 ? ret : user_put (K_STATFS, addr, host);
}

int64_t
sys_statfs64 (UserThread *thread, const uint64_t *a)
{
  struct statfs host;
  char *buf;
  int64_t ret = HOST_CALL (__NR_statfs, user_path_arg (a[0], true, &buf), &host);

  g_free (buf);
  return put_statfs (ret, a[1], a[2], &host);
}

int64_t
sys_fstatfs64 (UserThread *thread, const uint64_t *a)
{
  struct statfs host;
  int64_t ret = HOST_CALL (__NR_fstatfs, a[0], &host);

  return put_statfs (ret, a[1], a[2], &host);
}
