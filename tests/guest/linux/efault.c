/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hostile pointers: each system call that follows one gives EFAULT, and the program lives on. */

#include "check.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

static char page[4096] = "/tmp/vitrine-efault";
static int fd, zero, pipes[2], sockets[2], epoll, timer;
static void *bad;

#define FAULT(...) CHECK_ERRNO (syscall (__VA_ARGS__), EFAULT)

static void
paths (void)
{
  FAULT (SYS_openat, AT_FDCWD, bad, O_RDONLY, 0);
  FAULT (SYS_mkdirat, AT_FDCWD, bad, 0700);
  FAULT (SYS_unlinkat, AT_FDCWD, bad, 0);
  FAULT (SYS_symlinkat, bad, AT_FDCWD, "/tmp/x");
  FAULT (SYS_symlinkat, "/tmp/x", AT_FDCWD, bad);
  FAULT (SYS_linkat, AT_FDCWD, bad, AT_FDCWD, "x", 0);
  FAULT (SYS_renameat2, AT_FDCWD, bad, AT_FDCWD, "x", 0);
  FAULT (SYS_faccessat, AT_FDCWD, bad, R_OK);
  FAULT (SYS_chdir, bad);
  FAULT (SYS_truncate, bad, 0);
  FAULT (SYS_statfs, bad, page);
  FAULT (SYS_fchmodat, AT_FDCWD, bad, 0600);
  FAULT (SYS_fchownat, AT_FDCWD, bad, 0, 0, 0);
  FAULT (SYS_mknodat, AT_FDCWD, bad, S_IFIFO, 0);
  FAULT (SYS_readlinkat, AT_FDCWD, bad, page, 10);
  FAULT (SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", bad, 4096);
  FAULT (SYS_readlinkat, AT_FDCWD, "/proc/self/exe", bad, 4096);
  FAULT (SYS_getxattr, bad, "user.x", page, 10);
  FAULT (SYS_setxattr, page, bad, page, 10, 0);
  FAULT (SYS_inotify_add_watch, syscall (SYS_inotify_init1, 0), bad, 1);
  FAULT (SYS_execve, bad, NULL, NULL);
  FAULT (SYS_execve, "/bin/true", bad, NULL);
  FAULT (SYS_utimensat, AT_FDCWD, bad, NULL, 0);
}

static void
files (void)
{
  FAULT (SYS_read, zero, bad, 4096);
  FAULT (SYS_pread64, fd, bad, 4096, 0);
  FAULT (SYS_write, pipes[1], bad, 4096);
  FAULT (SYS_pwrite64, fd, bad, 4096, 0);
  FAULT (SYS_readv, zero, bad, 2);
  FAULT (SYS_writev, pipes[1], bad, 2);
  FAULT (SYS_preadv2, fd, bad, 1, 0, 0, 0);
  FAULT (SYS_fstat, fd, bad);
  FAULT (SYS_newfstatat, AT_FDCWD, "/", bad, 0);
  FAULT (SYS_statx, AT_FDCWD, "/", 0, 0x7ff, bad);
  FAULT (SYS_fstatfs, fd, bad);
  FAULT (SYS_pipe2, bad, 0);
  FAULT (SYS_fcntl, fd, F_GETLK, bad);
  FAULT (SYS_fcntl, fd, F_SETLK, bad);
  FAULT (SYS_fcntl, fd, F_GETOWN_EX, bad);
  FAULT (SYS_ioctl, pipes[0], FIONREAD, bad);
  FAULT (SYS_ioctl, pipes[0], FIONBIO, bad);
  FAULT (SYS_sendfile, pipes[1], fd, bad, 10);
  FAULT (SYS_splice, fd, bad, pipes[1], NULL, 10, 0);
  FAULT (SYS_copy_file_range, fd, bad, fd, NULL, 10, 0);
  FAULT (SYS_getcwd, bad, 4096);
  FAULT (SYS_memfd_create, bad, 0);
  FAULT (SYS_signalfd4, -1, bad, 8, 0);
  FAULT (SYS_utimensat, fd, NULL, bad, 0);
  FAULT (SYS_openat2, AT_FDCWD, "/", bad, 24);
}

static void
vectors (void)
{
  struct iovec iov[2] = { { page, 1 }, { bad, 4096 } };
  ssize_t n;

  /* The good part is transferred before the bad one stops the call; where the kernel sees at once that the
   * address cannot be valid, nothing is. */
  n = readv (zero, iov, 2);
  CHECK (n == 1 || n == 2 || (n == -1 && errno == EFAULT));
  iov[0] = (struct iovec){ bad, 4096 };
  CHECK_ERRNO (readv (zero, iov, 1), EFAULT);
  iov[0] = (struct iovec){ page, (size_t)-1 };
  CHECK_ERRNO (readv (zero, iov, 1), EINVAL);
  CHECK_ERRNO (syscall (SYS_readv, zero, iov, 1025), EINVAL);
  CHECK_ERRNO (syscall (SYS_readv, zero, iov, -1L), EINVAL);
  CHECK_ERRNO (syscall (SYS_readv, -1, bad, 1), EBADF);
}

static void
waiting (void)
{
  FAULT (SYS_ppoll, bad, 2, NULL, NULL, 0);
  FAULT (SYS_ppoll, NULL, 0, bad, NULL, 0);
  FAULT (SYS_ppoll, NULL, 0, NULL, bad, 8);
  FAULT (SYS_pselect6, 64, bad, NULL, NULL, NULL, NULL);
  FAULT (SYS_pselect6, 0, NULL, NULL, NULL, bad, NULL);
  FAULT (SYS_pselect6, 0, NULL, NULL, NULL, NULL, bad);
  FAULT (SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pipes[0], bad);
  FAULT (SYS_epoll_pwait, epoll, bad, 8, 0, NULL, 0L);
  FAULT (SYS_epoll_pwait, epoll, page, 8, 0, bad, 8L);
  FAULT (SYS_nanosleep, bad, NULL);
  FAULT (SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, bad, NULL);
  FAULT (SYS_timerfd_settime, timer, 0, bad, NULL);
  FAULT (SYS_timerfd_gettime, timer, bad);
}

static void
times_and_limits (void)
{
  FAULT (SYS_clock_gettime, CLOCK_REALTIME, bad);
  FAULT (SYS_clock_getres, CLOCK_REALTIME, bad);
  FAULT (SYS_gettimeofday, bad, NULL);
  FAULT (SYS_getitimer, ITIMER_REAL, bad);
  FAULT (SYS_setitimer, ITIMER_REAL, bad, NULL);
  FAULT (SYS_timer_create, CLOCK_REALTIME, bad, page);
  FAULT (SYS_timer_create, CLOCK_REALTIME, NULL, bad);
  FAULT (SYS_times, bad);
  FAULT (SYS_adjtimex, bad);
  FAULT (SYS_getrusage, 0, bad);
  FAULT (SYS_getrlimit, 0, bad);
  FAULT (SYS_prlimit64, 0, 3, bad, NULL);
  FAULT (SYS_prlimit64, 0, 3, NULL, bad);
  FAULT (SYS_sysinfo, bad);
  FAULT (SYS_uname, bad);
  FAULT (SYS_getcpu, bad, NULL, NULL);
  if (bad != bad_address (4))
    FAULT (SYS_getrandom, bad, 4096, 0);
  FAULT (SYS_getresuid, bad, page, page);
  FAULT (SYS_sched_getparam, 0, bad);
  FAULT (SYS_sched_getaffinity, 0, 128, bad);
  FAULT (SYS_sched_setaffinity, 0, 128, bad);
  FAULT (SYS_sched_rr_get_interval, 0, bad);
  FAULT (SYS_prctl, 16 /* PR_GET_NAME */, bad, 0, 0, 0);
  FAULT (SYS_prctl, 37 /* PR_GET_CHILD_SUBREAPER */, bad, 0, 0, 0);
  FAULT (SYS_capget, bad, page);
  FAULT (SYS_rt_sigaction, SIGUSR1, bad, NULL, 8);
  FAULT (SYS_rt_sigaction, SIGUSR1, NULL, bad, 8);
  FAULT (SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8);
  FAULT (SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8);
  FAULT (SYS_rt_sigpending, bad, 8);
  FAULT (SYS_rt_sigtimedwait, bad, NULL, NULL, 8);
  FAULT (SYS_sigaltstack, bad, NULL);
  FAULT (SYS_sigaltstack, NULL, bad);
}

static void
sockets_and_ipc (void)
{
  int id;
  struct msghdr header = { .msg_iov = bad, .msg_iovlen = 1 };

  FAULT (SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bad);
  FAULT (SYS_bind, sockets[0], bad, 16);
  FAULT (SYS_connect, sockets[0], bad, 16);
  FAULT (SYS_getsockname, sockets[0], bad, bad);
  FAULT (SYS_getsockname, sockets[0], page, bad);
  FAULT (SYS_sendto, sockets[0], bad, 4096, 0, NULL, 0);
  FAULT (SYS_sendmsg, sockets[0], bad, 0);
  FAULT (SYS_recvmsg, sockets[0], bad, MSG_DONTWAIT);
  FAULT (SYS_sendmsg, sockets[0], &header, 0);
  FAULT (SYS_setsockopt, sockets[0], SOL_SOCKET, SO_PASSCRED, bad, 4);
  FAULT (SYS_getsockopt, sockets[0], SOL_SOCKET, SO_TYPE, page, bad);
  FAULT (SYS_sendmmsg, sockets[0], bad, 1, 0);
  FAULT (SYS_recvmmsg, sockets[0], bad, 1, MSG_DONTWAIT, NULL);
  if (bad != bad_address (4)) { /* there, an empty name can be read */
    FAULT (SYS_mq_open, bad, O_RDONLY, 0, NULL);
    FAULT (SYS_mq_unlink, bad);
  }
  id = semget (IPC_PRIVATE, 1, 0600);
  if (id >= 0) {
    FAULT (SYS_semtimedop, id, bad, 2, NULL);
    FAULT (SYS_semctl, id, 0, IPC_STAT, bad);
    FAULT (SYS_semctl, id, 0, GETALL, bad);
    semctl (id, 0, IPC_RMID);
  }
  id = msgget (IPC_PRIVATE, 0600);
  if (id >= 0) {
    FAULT (SYS_msgsnd, id, bad, 100, 0);
    FAULT (SYS_msgctl, id, IPC_STAT, bad);
    msgctl (id, IPC_RMID, NULL);
  }
  id = shmget (IPC_PRIVATE, 4096, 0600);
  if (id >= 0) {
    FAULT (SYS_shmctl, id, IPC_STAT, bad);
    shmctl (id, IPC_RMID, NULL);
  }
  if (bad != bad_address (4))
    FAULT (SYS_futex, bad, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0L);
}

int
main (void)
{
  fd = open (page, O_RDWR | O_CREAT | O_TRUNC, 0600);
  unlink (page);
  if (fd < 0 || write (fd, page, sizeof page) < 0 || pipe (pipes) < 0 ||
      socketpair (AF_UNIX, SOCK_STREAM, 0, sockets) < 0)
    return 2;
  zero = open ("/dev/zero", O_RDONLY);
  timer = timerfd_create (CLOCK_MONOTONIC, 0);
  for (int i = 0; i < N_BAD; i++) {
    struct epoll_event event = { .events = EPOLLOUT };

    bad = bad_address (i);
    epoll = epoll_create1 (0);
    epoll_ctl (epoll, EPOLL_CTL_ADD, pipes[1], &event);
    /* One readable byte is an empty name and a short buffer. */
    if (i != 4) {
      paths ();
      files ();
      vectors ();
    }
    waiting ();
    times_and_limits ();
    sockets_and_ipc ();
    if (check_failures)
      printf ("with address %p\n", bad);
    close (epoll);
  }
  return check_end ();
}
