/* SPDX-License-Identifier: GPL-3.0-or-later */

/* File names: -L, and the links and files of /proc that speak of the program. */

#include "syscall.h"
#include "user-path.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Skips one leading component of digits that is the number `id`. */
static const char *
skip_id (const char *p, pid_t id)
{
  char *end;
  long value;

  if (!g_ascii_isdigit (*p))
    return NULL;
  value = strtol (p, &end, 10);
  return value == id && *end == '/' ? end + 1 : NULL;
}

const char *
user_proc_self (const char *path)
{
  const char *p = path, *rest;

  if (!g_str_has_prefix (p, "/proc/"))
    return NULL;
  p += strlen ("/proc/");
  if (g_str_has_prefix (p, "self/"))
    p += strlen ("self/");
  else if (g_str_has_prefix (p, "thread-self/"))
    p += strlen ("thread-self/");
  else if ((rest = skip_id (p, getpid ())) != NULL)
    p = rest;
  else
    return NULL;
  if (g_str_has_prefix (p, "task/")) {
    p = skip_id (p + strlen ("task/"), user_self->tid);
    if (p == NULL)
      return NULL;
  }
  return strchr (p, '/') == NULL ? p : NULL;
}

/* The guest's string at `addr` where it is an absolute name that may mean something else on the host: newly
 * allocated, or NULL. */
static char *
special_name (uint64_t addr)
{
  char head[7] = "";
  int error;

  if (user_read (head, addr, 1) < 0 || head[0] != '/')
    return NULL;
  if (user_process.options.sysroot == NULL && user_read (head, addr, 6) == 0 &&
      strncmp (head, "/proc/", 6) != 0)
    return NULL;
  return user_read_string (addr, PATH_MAX, &error);
}

/* The host's file for a special name. Takes `name`; *ret_buf is what to free. */
static const char *
host_name (char *name, bool follow, char **ret_buf)
{
  const char *proc = follow ? user_proc_self (name) : NULL;
  const char *path;
  char *buf;

  *ret_buf = name;
  if (proc != NULL && strcmp (proc, "exe") == 0 && user_process.exe_path != NULL)
    return user_process.exe_path;
  buf = g_malloc (PATH_MAX);
  path = user_path_at (AT_FDCWD, name, buf);
  if (path != buf) {
    g_free (buf);
    return path;
  }
  g_free (name);
  *ret_buf = buf;
  return path;
}

const char *
user_path_arg (uint64_t addr, bool follow, char **ret_buf)
{
  char *name;

  *ret_buf = NULL;
  if (addr == 0 || addr >= guest_space_size)
    return user_ptr (addr, 1);
  name = special_name (addr);
  return name != NULL ? host_name (name, follow, ret_buf) : g2h (addr);
}

/* The guest's view of a /proc file, or -ENOSYS where the host's will do. */
static int
open_view (const char *name, int flags)
{
  const char *proc = user_proc_self (name);

  if (flags & (O_PATH | O_DIRECTORY))
    return -ENOSYS;
  if (proc != NULL)
    return user_proc_open (proc, flags);
  if (strcmp (name, "/proc/cpuinfo") == 0)
    return user_proc_open (name, flags);
  return -ENOSYS;
}

/* Opens through `nr`, openat or openat2, whose last arguments are c and d. */
static int64_t
open_file (long nr, int dirfd, uint64_t path, int flags, uint64_t c, uint64_t d)
{
  char *buf = NULL, *name = path < guest_space_size ? special_name (path) : NULL;
  const char *host;
  int64_t ret;

  if (name != NULL) {
    ret = open_view (name, flags);
    if (ret != -ENOSYS) {
      g_free (name);
      return ret;
    }
    host = host_name (name, !(flags & O_NOFOLLOW), &buf);
  } else
    host = user_ptr (path, 1);
  ret = SAFE_CALL (nr, dirfd, host, c, d);
  g_free (buf);
  return ret;
}

int64_t
sys_openat (UserThread *thread, const uint64_t *a)
{
  return open_file (__NR_openat, a[0], a[1], a[2], a[2], a[3]);
}

int64_t
sys_openat2 (UserThread *thread, const uint64_t *a)
{
  union {
    struct open_how how;
    uint8_t bytes[4096];
  } u;

  /* The kernel refuses such sizes before it reads anything. */
  if (a[3] < sizeof u.how || a[3] > sizeof u)
    return HOST_CALL (__NR_openat2, a[0], NULL, NULL, a[3]);
  /* What lies beyond our structure is the kernel's business: it wants zeros there. */
  if (user_read (u.bytes, a[2], a[3]) < 0)
    return -EFAULT;
  u.how.flags = user_open_flags_to_host (u.how.flags);
  return open_file (__NR_openat2, a[0], a[1], u.how.flags, (uintptr_t)u.bytes, a[3]);
}

static int64_t
readlink_exe (uint64_t out, int64_t size)
{
  const char *target = user_path_to_guest (user_process.exe_path);
  int64_t n = MIN (size, (int64_t)strlen (target));

  if (size <= 0)
    return -EINVAL;
  return user_write (out, target, n) < 0 ? -EFAULT : n;
}

int64_t
sys_readlinkat (UserThread *thread, const uint64_t *a)
{
  char *buf = NULL, *name = a[1] < guest_space_size ? special_name (a[1]) : NULL;
  const char *proc, *host;
  int64_t ret;

  if (name != NULL) {
    proc = user_proc_self (name);
    if (proc != NULL && strcmp (proc, "exe") == 0 && user_process.exe_path != NULL) {
      g_free (name);
      return readlink_exe (a[2], (int)a[3]);
    }
    host = host_name (name, false, &buf);
  } else
    host = user_ptr (a[1], 1);
  ret = HOST_CALL (__NR_readlinkat, a[0], host, user_ptr (a[2], (int)a[3] < 0 ? 1 : a[3]), a[3]);
  g_free (buf);
  return ret;
}

int64_t
sys_newfstatat (UserThread *thread, const uint64_t *a)
{
  char *buf;
  const char *path = user_path_arg (a[1], !(a[3] & AT_SYMLINK_NOFOLLOW), &buf);
  struct stat st;
  int64_t ret = HOST_CALL (__NR_newfstatat, a[0], path, a[2] != 0 ? &st : NULL, a[3]);

  g_free (buf);
  return ret == 0 ? user_put (K_STAT, a[2], &st) : ret;
}

int64_t
sys_statx (UserThread *thread, const uint64_t *a)
{
  char *buf;
  const char *path = user_path_arg (a[1], !(a[2] & AT_SYMLINK_NOFOLLOW), &buf);
  int64_t ret = HOST_CALL (__NR_statx, a[0], path, a[2], a[3], user_ptr (a[4], 256));

  g_free (buf);
  return ret;
}

/* The kernel returns the length with the NUL; a long buffer may reach beyond the guest's memory as long as
 * the name does not. */
int64_t
sys_getcwd (UserThread *thread, const uint64_t *a)
{
  char cwd[PATH_MAX];
  int64_t ret = HOST_CALL (__NR_getcwd, cwd, MIN (a[1], sizeof cwd));

  if (ret < 0)
    return ret;
  return user_write (a[0], cwd, ret) < 0 ? -EFAULT : ret;
}
