/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Descriptors of our own. They live just below the limit, out of the way of the guest, whose calls see EBADF.
 */

#include "syscall.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN_MAX 16

/* Few programs get as far as the first number that takes the closer look. */
int user_fd_floor = 64;
static int hidden[HIDDEN_MAX];
static unsigned n_hidden;
/* protects the three above against other writers; readers see a descriptor before its number is in use */
static GMutex hidden_lock;

int
user_fd_hide (int fd)
{
  struct rlimit limit;
  int high, wanted = 1000;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    wanted = (int)MIN (limit.rlim_cur, 1 << 20) - HIDDEN_MAX;
  g_mutex_lock (&hidden_lock);
  high = n_hidden < HIDDEN_MAX ? fcntl (fd, F_DUPFD_CLOEXEC, MAX (wanted, 0)) : -1;
  if (high >= 0) {
    hidden[n_hidden] = high;
    __atomic_store_n (&n_hidden, n_hidden + 1, __ATOMIC_RELEASE);
    user_fd_floor = MIN (user_fd_floor, high);
    close (fd);
  }
  g_mutex_unlock (&hidden_lock);
  return high >= 0 ? high : -EMFILE;
}

void
user_fd_unhide (int fd)
{
  g_mutex_lock (&hidden_lock);
  for (unsigned i = 0; i < n_hidden; i++)
    if (hidden[i] == fd) {
      hidden[i] = hidden[n_hidden - 1];
      n_hidden--;
      break;
    }
  g_mutex_unlock (&hidden_lock);
}

bool
user_fd_hidden (int fd)
{
  unsigned n = __atomic_load_n (&n_hidden, __ATOMIC_ACQUIRE);

  if (fd == vlog_fd () && fd > STDERR_FILENO)
    return true;
  for (unsigned i = 0; i < n; i++)
    if (hidden[i] == fd)
      return true;
  return false;
}

/* The lowest hidden descriptor from `first` on, or INT64_MAX. */
static int64_t
next_hidden (int64_t first)
{
  int64_t next = vlog_fd () > STDERR_FILENO && vlog_fd () >= first ? vlog_fd () : INT64_MAX;
  unsigned n = __atomic_load_n (&n_hidden, __ATOMIC_ACQUIRE);

  for (unsigned i = 0; i < n; i++)
    if (hidden[i] >= first && hidden[i] < next)
      next = hidden[i];
  return next;
}

/* close_range() around the hidden ones. */
static int64_t
close_around (int64_t first, int64_t last, unsigned flags)
{
  while (first <= last) {
    int64_t next = next_hidden (first), ret = 0;

    if (next > first)
      ret = HOST_CALL (__NR_close_range, first, MIN (next - 1, last), flags);
    if (ret < 0 || next > last)
      return ret;
    first = next + 1;
  }
  return 0;
}

int64_t
sys_close_range (UserThread *thread, const uint64_t *a)
{
  unsigned first = a[0], last = a[1], flags = a[2];

  /* The kernel checks the arguments before it does anything: let it, on a range that is empty. */
  if (first > last || (flags & ~6u) != 0)
    return HOST_CALL (__NR_close_range, first, last, flags);
  return close_around (first, last, flags);
}
