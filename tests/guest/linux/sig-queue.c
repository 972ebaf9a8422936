/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real-time signals, values, waiting for signals, sending to threads, signalfd. */
#include "machine.h"
#include "thread-check.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile int got_signal[64], got_value[64], got_code[64], n_got;
static volatile pid_t got_pid[64];

static void
record (int sig, siginfo_t *info, void *context)
{
  got_signal[n_got] = sig;
  got_value[n_got] = info->si_value.sival_int;
  got_code[n_got] = info->si_code;
  got_pid[n_got++] = info->si_pid;
}

static void
queue (int sig, int value)
{
  union sigval v = { .sival_int = value };
  CHECK (sigqueue (getpid (), sig, v) == 0);
}

static void
test_order (void)
{
  struct sigaction action = { .sa_sigaction = record, .sa_flags = SA_SIGINFO };
  sigset_t all, old, pending;
  sigfillset (&all);
  sigfillset (&action.sa_mask);
  sigprocmask (SIG_SETMASK, &all, &old);
  sigaction (SIGRTMIN, &action, NULL);
  sigaction (SIGRTMIN + 1, &action, NULL);
  sigaction (SIGUSR1, &action, NULL);
  for (int i = 0; i < 5; i++) {
    queue (SIGRTMIN + 1, 100 + i);
    queue (SIGRTMIN, 200 + i);
    queue (SIGUSR1, 300 + i); /* coalesces: the first stays */
  }
  CHECK (sigpending (&pending) == 0 && sigismember (&pending, SIGRTMIN) && sigismember (&pending, SIGUSR1));
  sigprocmask (SIG_SETMASK, &old, NULL);
  CHECK (n_got == 11);
  CHECK (got_signal[0] == SIGUSR1 && got_value[0] == 300);
  for (int i = 0; i < 5; i++) {
    CHECK (got_signal[1 + i] == SIGRTMIN && got_value[1 + i] == 200 + i);
    CHECK (got_signal[6 + i] == SIGRTMIN + 1 && got_value[6 + i] == 100 + i);
    CHECK (got_code[1 + i] == SI_QUEUE && got_pid[1 + i] == getpid ());
  }
  n_got = 0;
  kill (getpid (), SIGUSR1);
  CHECK (n_got == 1 && got_code[0] == SI_USER);
  raise (SIGUSR1);
  CHECK (n_got == 2 && got_code[1] == SI_TKILL);
}

static void
test_wait (void)
{
  sigset_t set, old;
  siginfo_t info;
  struct timespec t = { 0, 20000000 }, zero = { 0, 0 };
  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigaddset (&set, SIGRTMIN + 3);
  sigaddset (&set, SIGSEGV);
  sigprocmask (SIG_BLOCK, &set, &old);
  CHECK (sigtimedwait (&set, &info, &zero) == -1 && errno == EAGAIN);
  CHECK (sigtimedwait (&set, &info, &t) == -1 && errno == EAGAIN);
  queue (SIGRTMIN + 3, 9);
  queue (SIGUSR1, 8);
  CHECK (sigwaitinfo (&set, &info) == SIGUSR1 && info.si_value.sival_int == 8 && info.si_code == SI_QUEUE);
  CHECK (sigwaitinfo (&set, &info) == SIGRTMIN + 3 && info.si_value.sival_int == 9);
  kill (getpid (), SIGSEGV); /* sent, blocked, not raised by a fault */
  CHECK (sigpending (&old) == 0 && sigismember (&old, SIGSEGV));
  CHECK (sigtimedwait (&set, &info, &t) == SIGSEGV && info.si_code == SI_USER && info.si_pid == getpid ());
  int fd = signalfd (-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo from_fd;
  CHECK (read (fd, &from_fd, sizeof from_fd) == -1 && errno == EAGAIN);
  queue (SIGRTMIN + 3, 77);
  CHECK (read (fd, &from_fd, sizeof from_fd) == sizeof from_fd);
  CHECK (from_fd.ssi_signo == (unsigned)(SIGRTMIN + 3) && from_fd.ssi_int == 77);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
}

static volatile pid_t handled_by;

static void
note_thread (int sig)
{
  handled_by = (pid_t)syscall (SYS_gettid);
}

static volatile pid_t waiter_tid;
static volatile int stop;

static void *
open_thread (void *arg)
{
  sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, SIGUSR2);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  waiter_tid = (pid_t)syscall (SYS_gettid);
  while (!stop)
    sleep_ms (1);
  return NULL;
}

/* A signal for the process goes to the thread that does not block it. */
static void
test_choice (void)
{
  pthread_t thread;
  sigset_t set;
  signal (SIGUSR2, note_thread);
  sigemptyset (&set);
  sigaddset (&set, SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  pthread_create (&thread, NULL, open_thread, NULL);
  while (!waiter_tid)
    sleep_ms (1);
  kill (getpid (), SIGUSR2);
  while (!handled_by)
    sleep_ms (1);
  CHECK (handled_by == waiter_tid);
  stop = 1;
  pthread_join (thread, NULL);
  CHECK (syscall (SYS_tgkill, getpid (), waiter_tid, 0) == -1 && errno == ESRCH);
  CHECK (syscall (SYS_tgkill, getpid (), getpid (), 65) == -1 && errno == EINVAL);
}

static int
status_of (void (*child) (void))
{
  int status;
  pid_t pid = fork ();
  if (pid == 0) {
    child ();
    _exit (99);
  }
  CHECK (waitpid (pid, &status, 0) == pid);
  return status;
}

static volatile uintptr_t bad_address = 8;
static void
die_abort (void)
{
  abort ();
}
static void
die_kill (void)
{
  kill (getpid (), SIGKILL);
}
static void
die_term (void)
{
  raise (SIGTERM);
}
static void
die_real_time (void)
{
  raise (SIGRTMIN + 5);
}
static void
die_fault (void)
{
  *(volatile int *)bad_address = 1;
}
static void
die_blocked_fault (void)
{
  sigset_t all;
  sigfillset (&all);
  signal (SIGSEGV, SIG_IGN);
  sigprocmask (SIG_SETMASK, &all, NULL);
  *(volatile int *)bad_address = 1;
}
static void
die_trap (void)
{
  __asm__ volatile (MACHINE_TRAP);
}

static void
test_deaths (void)
{
  int status;
  CHECK (WTERMSIG (status_of (die_abort)) == SIGABRT);
  CHECK (WTERMSIG (status_of (die_kill)) == SIGKILL);
  status = status_of (die_term);
  CHECK (WIFSIGNALED (status) && WTERMSIG (status) == SIGTERM);
  CHECK (WTERMSIG (status_of (die_real_time)) == SIGRTMIN + 5);
  CHECK (WTERMSIG (status_of (die_fault)) == SIGSEGV);
  CHECK (WTERMSIG (status_of (die_blocked_fault)) == SIGSEGV);
  CHECK (WTERMSIG (status_of (die_trap)) == SIGTRAP);
}

static void
test_stop (void)
{
  int status, go[2];
  char byte = 0;
  CHECK (pipe (go) == 0);
  pid_t pid = fork ();
  if (pid == 0) {
    raise (SIGSTOP);
    /* What comes next would hide that it went on. */
    if (read (go[0], &byte, 1) != 1)
      _exit (1);
    raise (SIGTSTP);
    _exit (7);
  }
  CHECK (waitpid (pid, &status, WUNTRACED) == pid && WIFSTOPPED (status) && WSTOPSIG (status) == SIGSTOP);
  kill (pid, SIGCONT);
  CHECK (waitpid (pid, &status, WCONTINUED) == pid && WIFCONTINUED (status));
  CHECK (write (go[1], &byte, 1) == 1);
  CHECK (waitpid (pid, &status, WUNTRACED) == pid);
  if (WIFSTOPPED (status)) { /* not in an orphaned process group */
    CHECK (WSTOPSIG (status) == SIGTSTP);
    kill (pid, SIGCONT);
    CHECK (waitpid (pid, &status, 0) == pid);
  }
  CHECK (WIFEXITED (status) && WEXITSTATUS (status) == 7);
}

int
main (void)
{
  test_order ();
  test_wait ();
  test_choice ();
  test_deaths ();
  test_stop ();
  return 0;
}
