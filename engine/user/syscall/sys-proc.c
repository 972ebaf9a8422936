/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Processes: programs, names, processors, keys. */

#include "syscall.h"
#include "user-abi.h"
#include "user-exec.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

int64_t
sys_uname (UserThread *thread, const uint64_t *a)
{
  const char *machine = user_process.abi->syscalls->machine;
  struct utsname name;
  int64_t ret = HOST_CALL (__NR_uname, &name);

  memset (name.machine, 0, sizeof name.machine);
  g_strlcpy (name.machine, machine != NULL ? machine : user_process.isa->name, sizeof name.machine);
  return ret < 0 ? ret : user_put (K_UTSNAME, a[0], &name);
}

/* ---- execve ---- */

#define STRING_MAX  (128 * 1024)      /* Linux's longest argument */
#define STRINGS_MAX (6 * 1024 * 1024) /* and most of all together */

/* A NULL-terminated guest vector of strings as the host's, or NULL and -errno. A NULL vector is an empty one.
 */
static char **
read_strings (uint64_t addr, size_t *total, int *ret_error)
{
  GPtrArray *strings = g_ptr_array_new_with_free_func (g_free);
  unsigned word = user_is_32 () ? 4 : 8;

  for (; addr != 0; addr += word) {
    uint64_t item = 0;
    char *text;

    *ret_error = user_read (&item, addr, word);
    if (*ret_error == 0 && item == 0)
      break;
    text = *ret_error == 0 ? user_read_string (item, STRING_MAX, ret_error) : NULL;
    if (text != NULL) {
      g_ptr_array_add (strings, text);
      *total += strlen (text) + 1 + sizeof (char *);
      if (*total <= STRINGS_MAX)
        continue;
      *ret_error = -E2BIG;
    }
    if (*ret_error == -ENAMETOOLONG)
      *ret_error = -E2BIG;
    g_ptr_array_unref (strings);
    return NULL;
  }
  g_ptr_array_add (strings, NULL);
  return (char **)g_ptr_array_free (strings, FALSE);
}

static int64_t
execute (int dirfd, uint64_t path_addr, uint64_t argv_addr, uint64_t envp_addr, int flags)
{
  int error = 0;
  size_t total = 0;
  char *path = user_read_string (path_addr, PATH_MAX, &error);
  char **argv = path != NULL ? read_strings (argv_addr, &total, &error) : NULL;
  char **envp = argv != NULL ? read_strings (envp_addr, &total, &error) : NULL;

  if (envp != NULL)
    error = user_execve (dirfd, path, argv, envp, flags);
  g_strfreev (envp);
  g_strfreev (argv);
  g_free (path);
  return error;
}

int64_t
sys_execve (UserThread *thread, const uint64_t *a)
{
  return execute (AT_FDCWD, a[0], a[1], a[2], 0);
}

int64_t
sys_execveat (UserThread *thread, const uint64_t *a)
{
  return execute ((int)a[0], a[1], a[2], a[3], (int)a[4]);
}

/* ---- processors ---- */

#define CPU_BYTES_MAX 1024

/* The host wants a whole number of its longs. */
int64_t
sys_sched_setaffinity (UserThread *thread, const uint64_t *a)
{
  uint64_t mask[CPU_BYTES_MAX / 8] = { 0 };
  uint64_t size = MIN ((unsigned)a[1], sizeof mask);

  if (user_read (mask, a[2], size) < 0)
    return -EFAULT;
  return HOST_CALL (__NR_sched_setaffinity, a[0], (size + 7) & ~UINT64_C (7), mask);
}

int64_t
sys_sched_getaffinity (UserThread *thread, const uint64_t *a)
{
  uint64_t mask[CPU_BYTES_MAX / 8] = { 0 };
  unsigned word = user_is_32 () ? 4 : 8, size = (unsigned)a[1];
  int64_t ret;

  if (size & (word - 1))
    return -EINVAL;
  ret = HOST_CALL (__NR_sched_getaffinity, a[0], MIN ((size + 7) & ~7u, sizeof mask), mask);
  if (ret < 0)
    return ret;
  ret = MIN (ret, size);
  return user_write (a[2], mask, ret) < 0 ? -EFAULT : ret;
}

/* ---- comparing, futexes of the newer kind ---- */

#define KCMP_TYPE_EPOLL 7

int64_t
sys_kcmp (UserThread *thread, const uint64_t *a)
{
  bool pointer = (int)a[2] == KCMP_TYPE_EPOLL;

  return HOST_CALL (__NR_kcmp, a[0], a[1], a[2], a[3], pointer ? (uintptr_t)user_ptr (a[4], 12) : a[4]);
}

/* Two waiters, { value, address, flags, reserved }: the addresses become the host's. */
int64_t
sys_futex_requeue (UserThread *thread, const uint64_t *a)
{
  struct {
    uint64_t value, addr;
    uint32_t flags, reserved;
  } waiters[2];

  if (a[0] == 0)
    return -EINVAL;
  if (user_read (waiters, a[0], sizeof waiters) < 0)
    return -EFAULT;
  for (unsigned i = 0; i < 2; i++)
    waiters[i].addr = (uintptr_t)user_ptr (waiters[i].addr, 4);
  return HOST_CALL (__NR_futex_requeue, waiters, a[1], a[2], a[3]);
}

/* ---- keys ---- */

/* Which arguments of a keyctl operation are strings, and which is a buffer with the length behind it. */
typedef struct {
  bool known;
  uint8_t strings; /* bit n: argument n */
  uint8_t buffer;  /* argument, or 0 */
} KeyOperation;

static const KeyOperation key_operations[] = {
  [0] = { true },
  [1] = { true, 1 << 1 },
  [2] = { true, 0, 2 },
  [3] = { true },
  [4] = { true },
  [5] = { true },
  [6] = { true, 0, 2 },
  [7] = { true },
  [8] = { true },
  [9] = { true },
  [10] = { true, 1 << 2 | 1 << 3 },
  [11] = { true, 0, 2 },
  [12] = { true, 0, 2 },
  [13] = { true },
  [14] = { true },
  [15] = { true },
  [16] = { true },
  [17] = { true, 0, 2 },
  [18] = { true },
  [19] = { true },
  [21] = { true },
  [22] = { true },
  [29] = { true, 1 << 2 | 1 << 3 },
  [30] = { true },
  [31] = { true, 0, 1 },
  [32] = { true },
};

int64_t
sys_keyctl (UserThread *thread, const uint64_t *a)
{
  unsigned op = (unsigned)a[0];
  uint64_t h[5];

  if (op >= G_N_ELEMENTS (key_operations) || !key_operations[op].known) {
    user_unimp ("keyctl operation %u", op);
    return -EOPNOTSUPP;
  }
  for (unsigned i = 0; i < 5; i++)
    h[i] = (key_operations[op].strings >> i & 1) ? (uintptr_t)user_ptr (a[i], 1) : a[i];
  if (key_operations[op].buffer != 0)
    h[key_operations[op].buffer] =
        (uintptr_t)user_ptr (a[key_operations[op].buffer], a[key_operations[op].buffer + 1]);
  return HOST_CALL (__NR_keyctl, h[0], h[1], h[2], h[3], h[4]);
}
