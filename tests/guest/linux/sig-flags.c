/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks, SA_ flags, nesting, restarting, and signals in a loop without system calls. */
#include "thread-check.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static volatile int count, order[8], n_order, inner_blocked;

static void
counter (int sig)
{
  count++;
}

static void
nested (int sig)
{
  sigset_t now;
  sigprocmask (SIG_SETMASK, NULL, &now);
  inner_blocked = sigismember (&now, sig);
  order[n_order++] = sig;
  if (sig == SIGUSR1)
    raise (SIGUSR2);
  order[n_order++] = -sig;
}

static void
handle (int sig, void (*handler) (int), int flags)
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
  CHECK (sigaction (sig, &action, NULL) == 0);
}

static void
test_nesting (void)
{
  handle (SIGUSR1, nested, 0);
  handle (SIGUSR2, nested, 0);
  raise (SIGUSR1);
  CHECK (n_order == 4 && order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR2 &&
         order[3] == -SIGUSR1);
  CHECK (inner_blocked == 1);
  struct sigaction action = { .sa_handler = nested };
  sigaddset (&action.sa_mask, SIGUSR2);
  sigaction (SIGUSR1, &action, NULL);
  n_order = 0;
  raise (SIGUSR1);
  CHECK (n_order == 4 && order[1] == -SIGUSR1 && order[2] == SIGUSR2);
  handle (SIGUSR2, nested, SA_NODEFER);
  raise (SIGUSR2);
  CHECK (inner_blocked == 0);
  handle (SIGUSR2, counter, SA_RESETHAND);
  raise (SIGUSR2);
  CHECK (sigaction (SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_DFL && count == 1);
}

static void
test_loop (void)
{
  struct itimerval timer = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
  handle (SIGALRM, counter, 0);
  count = 0;
  setitimer (ITIMER_REAL, &timer, NULL);
  while (count < 20)
    ; /* nothing but loads and branches */
  setitimer (ITIMER_REAL, &off, NULL);
}

static int pipe_fd[2];

static void *
disturb (void *target)
{
  sleep_ms (50);
  pthread_kill (*(pthread_t *)target, SIGUSR1);
  sleep_ms (50);
  CHECK (write (pipe_fd[1], "x", 1) == 1);
  return NULL;
}

static ssize_t
disturbed_read (int *ret_errno)
{
  pthread_t self = pthread_self (), other;
  char byte;
  pthread_create (&other, NULL, disturb, &self);
  ssize_t n = read (pipe_fd[0], &byte, 1);
  *ret_errno = errno;
  pthread_join (other, NULL);
  if (n != 1)
    CHECK (read (pipe_fd[0], &byte, 1) == 1);
  return n;
}

static void
test_restart (void)
{
  int error;
  CHECK (pipe (pipe_fd) == 0);
  count = 0;
  handle (SIGUSR1, counter, SA_RESTART);
  CHECK (disturbed_read (&error) == 1 && count == 1);
  handle (SIGUSR1, counter, 0);
  CHECK (disturbed_read (&error) == -1 && error == EINTR && count == 2);
}

static void
alarm_in (long ms)
{
  struct itimerval timer = { { 0, 0 }, { 0, ms * 1000 } };
  setitimer (ITIMER_REAL, &timer, NULL);
}

/* Calls that SA_RESTART does not restart. */
static void
test_never_restarted (void)
{
  struct timespec t = { 5, 0 }, left = { 0 };
  sigset_t none;
  sigemptyset (&none);
  handle (SIGALRM, counter, SA_RESTART);
  alarm_in (30);
  CHECK (poll (NULL, 0, 5000) == -1 && errno == EINTR);
  alarm_in (30);
  CHECK (nanosleep (&t, &left) == -1 && errno == EINTR && left.tv_sec == 4);
  alarm_in (30);
  CHECK (pselect (0, NULL, NULL, NULL, &t, NULL) == -1 && errno == EINTR);
  alarm_in (30);
  CHECK (ppoll (NULL, 0, &t, &none) == -1 && errno == EINTR);
  int fd = epoll_create1 (0);
  struct epoll_event event;
  alarm_in (30);
  CHECK (epoll_wait (fd, &event, 1, 5000) == -1 && errno == EINTR);
  alarm_in (30);
  CHECK (sigtimedwait (&none, NULL, &t) == -1 && errno == EINTR);
  alarm_in (30);
  CHECK (pause () == -1 && errno == EINTR);
}

/* An ignored signal interrupts nothing. */
static void
test_ignored (void)
{
  struct timespec t = { 0, 80000000 };
  handle (SIGALRM, SIG_IGN, 0);
  alarm_in (20);
  CHECK (nanosleep (&t, NULL) == 0);
  pid_t pid = fork ();
  if (pid == 0)
    _exit (0);
  CHECK (poll (NULL, 0, 50) == 0); /* SIGCHLD by default */
  CHECK (waitpid (pid, NULL, 0) == pid);
}

/* The temporary mask is in force during the wait and in the handler, and not after. */
static sigset_t in_handler;

static void
note_mask (int sig)
{
  count++;
  sigprocmask (SIG_SETMASK, NULL, &in_handler);
}

static void
test_masked_waits (void)
{
  sigset_t blocked, wait_mask, now;
  struct timespec t = { 5, 0 };
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGALRM);
  sigemptyset (&wait_mask);
  sigaddset (&wait_mask, SIGHUP);
  handle (SIGALRM, note_mask, 0);
  sigprocmask (SIG_SETMASK, &blocked, NULL);
  for (int round = 0; round < 4; round++) {
    count = 0;
    if (round < 2)
      alarm_in (20);
    else
      raise (SIGALRM);
    if (round == 2)
      CHECK (sigpending (&now) == 0 && sigismember (&now, SIGALRM));
    if (round % 2)
      CHECK (ppoll (NULL, 0, &t, &wait_mask) == -1 && errno == EINTR);
    else
      CHECK (sigsuspend (&wait_mask) == -1 && errno == EINTR);
    CHECK (count == 1);
    CHECK (sigismember (&in_handler, SIGHUP) && sigismember (&in_handler, SIGALRM));
    sigprocmask (SIG_SETMASK, NULL, &now);
    CHECK (sigismember (&now, SIGALRM) && !sigismember (&now, SIGHUP));
  }
  sigprocmask (SIG_UNBLOCK, &blocked, NULL);
}

/* No wake-up is lost between the check and the wait. */
static void
test_suspend_race (void)
{
  sigset_t blocked, open;
  sigemptyset (&open);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGALRM);
  handle (SIGALRM, counter, 0);
  sigprocmask (SIG_BLOCK, &blocked, NULL);
  struct itimerval timer = { { 0, 500 }, { 0, 500 } }, off = { 0 };
  setitimer (ITIMER_REAL, &timer, NULL);
  for (int i = 0; i < 100; i++) {
    int before = count;
    CHECK (sigsuspend (&open) == -1);
    CHECK (count > before);
  }
  setitimer (ITIMER_REAL, &off, NULL);
  sigprocmask (SIG_UNBLOCK, &blocked, NULL);
}

int
main (void)
{
  test_nesting ();
  test_loop ();
  test_restart ();
  test_never_restarted ();
  test_ignored ();
  test_masked_waits ();
  test_suspend_race ();
  return 0;
}
