/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Waiting and time: poll, select, epoll, timers, clocks, sleeps, and what a signal does to them. */

#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

static volatile sig_atomic_t handled;

static void
handler (int sig)
{
  handled = sig;
}

static long
milliseconds (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
alarm_in (int ms)
{
  struct itimerval t = { { 0, 0 }, { 0, ms * 1000 } };

  handled = 0;
  CHECK_OK (setitimer (ITIMER_REAL, &t, NULL));
}

static void
descriptors (void)
{
  int a[2], b[2];
  struct pollfd fds[3];
  fd_set in, out;
  struct timeval timeout = { 0, 20000 };
  struct timespec wait = { 0, 20000000 };
  long start;

  CHECK_OK (pipe (a));
  CHECK_OK (pipe (b));
  fds[0] = (struct pollfd){ a[0], POLLIN, 0 };
  fds[1] = (struct pollfd){ a[1], POLLOUT, 0 };
  fds[2] = (struct pollfd){ 999, POLLIN, 0 };
  CHECK_EQ (poll (fds, 3, 0), 2);
  CHECK_EQ (fds[0].revents, 0);
  CHECK_EQ (fds[1].revents, POLLOUT);
  CHECK_EQ (fds[2].revents, POLLNVAL);
  start = milliseconds ();
  CHECK_EQ (poll (fds, 1, 30), 0);
  CHECK (milliseconds () - start >= 29);
  CHECK_EQ (write (b[1], "x", 1), 1);
  FD_ZERO (&in);
  FD_ZERO (&out);
  FD_SET (a[0], &in);
  FD_SET (b[0], &in);
  FD_SET (a[1], &out);
  CHECK_EQ (select (64, &in, &out, NULL, &timeout), 2);
  CHECK (!FD_ISSET (a[0], &in) && FD_ISSET (b[0], &in) && FD_ISSET (a[1], &out));
  FD_ZERO (&in);
  FD_SET (a[0], &in);
  CHECK_EQ (pselect (a[0] + 1, &in, NULL, NULL, &wait, NULL), 0);
  CHECK (!FD_ISSET (a[0], &in));
  CHECK_ERRNO (select (-1, NULL, NULL, NULL, &timeout), EINVAL);
  wait.tv_nsec = 1000000000;
  CHECK_ERRNO (ppoll (fds, 1, &wait, NULL), EINVAL);
  close (a[1]);
  CHECK_EQ (poll (fds, 1, 0), 1);
  CHECK_EQ (fds[0].revents, POLLHUP);
}

static void
epolls (void)
{
  int ep = epoll_create1 (EPOLL_CLOEXEC), p[2];
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x123456789abcdef0 }, got[100];
  struct timespec wait = { 0, 1000000 };

  CHECK_OK (pipe (p));
  CHECK_OK (epoll_ctl (ep, EPOLL_CTL_ADD, p[0], &event));
  CHECK_ERRNO (epoll_ctl (ep, EPOLL_CTL_ADD, p[0], &event), EEXIST);
  CHECK_ERRNO (epoll_ctl (ep, EPOLL_CTL_MOD, p[1], &event), ENOENT);
  CHECK_ERRNO (epoll_ctl (ep, 77, p[0], &event), EINVAL);
  CHECK_ERRNO (epoll_ctl (ep, EPOLL_CTL_ADD, ep, &event), EINVAL);
  CHECK_EQ (epoll_wait (ep, got, 10, 0), 0);
  event.events = EPOLLOUT;
  event.data.u64 = 0xfeedfacecafebeef;
  CHECK_OK (epoll_ctl (ep, EPOLL_CTL_ADD, p[1], &event));
  CHECK_EQ (write (p[1], "x", 1), 1);
  memset (got, 0x55, sizeof got);
  CHECK_EQ (epoll_wait (ep, got, 100, 1000), 2);
  CHECK_EQ (got[0].data.u64 ^ got[1].data.u64, 0x123456789abcdef0 ^ 0xfeedfacecafebeef);
  CHECK_EQ (got[0].events | got[1].events, EPOLLIN | EPOLLOUT);
  CHECK_EQ (got[2].events, 0x55555555);
  CHECK_EQ (syscall (SYS_epoll_pwait2, ep, got, 1, &wait, NULL, 8L), 1);
  CHECK_ERRNO (epoll_wait (ep, got, 0, 0), EINVAL);
  CHECK_OK (epoll_ctl (ep, EPOLL_CTL_DEL, p[1], NULL));
  CHECK_OK (epoll_ctl (ep, EPOLL_CTL_DEL, p[0], NULL));
  CHECK_EQ (epoll_wait (ep, got, 1, 10), 0);
  close (ep);
}

static void
interruptions (void)
{
  struct sigaction action = { .sa_handler = handler };
  struct timespec wait = { 5, 0 }, rem = { 0, 0 };
  sigset_t block, empty;
  int p[2];
  char c;
  long start;

  sigaction (SIGALRM, &action, NULL);
  CHECK_OK (pipe (p));
  alarm_in (30);
  CHECK_ERRNO (nanosleep (&wait, &rem), EINTR);
  CHECK_EQ (handled, SIGALRM);
  CHECK (rem.tv_sec == 4 && rem.tv_nsec > 800000000);
  alarm_in (30);
  CHECK_EQ (clock_nanosleep (CLOCK_MONOTONIC, 0, &wait, &rem), EINTR);
  alarm_in (30);
  CHECK_ERRNO (poll (NULL, 0, 5000), EINTR);
  alarm_in (30);
  CHECK_ERRNO (read (p[0], &c, 1), EINTR);
  alarm_in (30);
  CHECK_ERRNO (pause (), EINTR);
  /* only while the call waits is the signal let through */
  sigemptyset (&empty);
  sigemptyset (&block);
  sigaddset (&block, SIGALRM);
  sigprocmask (SIG_BLOCK, &block, NULL);
  alarm_in (20);
  start = milliseconds ();
  CHECK_EQ (poll (NULL, 0, 60), 0);
  CHECK_EQ (handled, 0);
  CHECK (milliseconds () - start >= 59);
  CHECK_ERRNO (ppoll (NULL, 0, &wait, &empty), EINTR);
  CHECK_EQ (handled, SIGALRM);
  alarm_in (20);
  CHECK_ERRNO (pselect (0, NULL, NULL, NULL, &wait, &empty), EINTR);
  CHECK_EQ (handled, SIGALRM);
  alarm_in (20);
  CHECK_ERRNO (epoll_pwait (epoll_create1 (0), &(struct epoll_event){ 0 }, 1, 5000, &empty), EINTR);
  CHECK_EQ (handled, SIGALRM);
  alarm_in (20);
  CHECK_ERRNO (sigsuspend (&empty), EINTR);
  CHECK_EQ (handled, SIGALRM);
  sigprocmask (SIG_SETMASK, NULL, &block);
  CHECK (sigismember (&block, SIGALRM));
  sigprocmask (SIG_UNBLOCK, &block, NULL);
  /* a restarted call */
  action.sa_flags = SA_RESTART;
  sigaction (SIGALRM, &action, NULL);
  if (fork () == 0) {
    usleep (100000);
    _exit (write (p[1], "r", 1) != 1);
  }
  alarm_in (30);
  CHECK_EQ (read (p[0], &c, 1), 1);
  CHECK_EQ (handled, SIGALRM);
  CHECK_EQ (c, 'r');
}

static void
timers (void)
{
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK), sfd;
  struct itimerspec spec = { { 0, 5000000 }, { 0, 10000000 } }, got;
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                            .sigev_signo = SIGRTMIN + 2,
                            .sigev_value.sival_int = 1234 };
  struct signalfd_siginfo info;
  siginfo_t queued;
  sigset_t set;
  timer_t timer;
  uint64_t ticks;
  struct timespec wait = { 1, 0 };
  struct itimerval it;

  CHECK_ERRNO (read (fd, &ticks, 8), EAGAIN);
  CHECK_OK (timerfd_settime (fd, 0, &spec, NULL));
  CHECK_OK (timerfd_gettime (fd, &got));
  CHECK_EQ (got.it_interval.tv_nsec, 5000000);
  CHECK (got.it_value.tv_sec == 0 && got.it_value.tv_nsec <= 10000000);
  CHECK_EQ (poll (&(struct pollfd){ fd, POLLIN, 0 }, 1, 1000), 1);
  CHECK_EQ (read (fd, &ticks, 8), 8);
  CHECK (ticks >= 1);
  spec.it_value.tv_nsec = 1000000000;
  CHECK_ERRNO (timerfd_settime (fd, 0, &spec, NULL), EINVAL);
  CHECK_ERRNO (timerfd_create (99, 0), EINVAL);
  sigemptyset (&set);
  sigaddset (&set, SIGRTMIN + 2);
  sigprocmask (SIG_BLOCK, &set, NULL);
  CHECK_OK (timer_create (CLOCK_MONOTONIC, &event, &timer));
  spec = (struct itimerspec){ { 0, 0 }, { 0, 5000000 } };
  CHECK_OK (timer_settime (timer, 0, &spec, NULL));
  CHECK_EQ (sigtimedwait (&set, &queued, &wait), SIGRTMIN + 2);
  CHECK_EQ (queued.si_code, SI_TIMER);
  CHECK_EQ (queued.si_value.sival_int, 1234);
  CHECK_OK (timer_gettime (timer, &got));
  CHECK_EQ (got.it_value.tv_nsec, 0);
  CHECK_EQ (timer_getoverrun (timer), 0);
  sfd = signalfd (-1, &set, SFD_NONBLOCK);
  CHECK_ERRNO (read (sfd, &info, sizeof info), EAGAIN);
  CHECK_OK (timer_settime (timer, 0, &spec, NULL));
  CHECK_EQ (poll (&(struct pollfd){ sfd, POLLIN, 0 }, 1, 1000), 1);
  CHECK_EQ (read (sfd, &info, sizeof info), sizeof info);
  CHECK_EQ (info.ssi_signo, SIGRTMIN + 2);
  CHECK_EQ (info.ssi_int, 1234);
  CHECK_OK (timer_delete (timer));
  CHECK_ERRNO (timer_gettime (timer, &got), EINVAL);
  event.sigev_signo = 99;
  CHECK_ERRNO (timer_create (CLOCK_MONOTONIC, &event, &timer), EINVAL);
  CHECK_OK (getitimer (ITIMER_PROF, &it));
  CHECK_EQ (it.it_value.tv_sec, 0);
  CHECK_ERRNO (getitimer (7, &it), EINVAL);
}

static void
clocks (void)
{
  struct timespec a, b;
  struct timeval tv;
  struct tms tms;
  struct timex tx = { .modes = 0 };

  CHECK_OK (clock_gettime (CLOCK_REALTIME, &a));
  CHECK_OK (gettimeofday (&tv, NULL));
  CHECK (tv.tv_sec - a.tv_sec <= 1 && tv.tv_sec >= a.tv_sec);
  CHECK (a.tv_sec > 1700000000);
  CHECK_OK (clock_gettime (CLOCK_MONOTONIC, &a));
  CHECK_OK (clock_gettime (CLOCK_MONOTONIC, &b));
  CHECK (b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
  CHECK_OK (clock_getres (CLOCK_MONOTONIC, &a));
  CHECK (a.tv_sec == 0 && a.tv_nsec > 0);
  CHECK_OK (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &a));
  CHECK_OK (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &a));
  CHECK_ERRNO (clock_gettime (1000, &a), EINVAL);
  CHECK (times (&tms) != (clock_t)-1);
  CHECK (adjtimex (&tx) >= 0);
  CHECK (tx.tick > 0);
  CHECK_EQ (clock_nanosleep (CLOCK_MONOTONIC, 0, &(struct timespec){ -1, 0 }, NULL), EINVAL);
  CHECK_ERRNO (nanosleep (&(struct timespec){ 0, 1000000000 }, NULL), EINVAL);
}

int
main (void)
{
  descriptors ();
  epolls ();
  interruptions ();
  timers ();
  clocks ();
  return check_end ();
}
