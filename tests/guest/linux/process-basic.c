/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fork, vfork, spawn, clone's variants, wait, and how processes with threads end. */
#include "thread-check.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;
static volatile int shared;

static int
wait_status (pid_t pid)
{
  int status;
  CHECK (waitpid (pid, &status, 0) == pid);
  return status;
}

static void
test_fork (void)
{
  pid_t pid = fork ();
  shared = 1;
  if (pid == 0) {
    shared = 2;
    CHECK (getpid () == (pid_t)syscall (SYS_gettid));
    _exit (23);
  }
  siginfo_t info;
  struct rusage usage;
  memset (&usage, 0xff, sizeof usage);
  CHECK (waitid (P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
  CHECK (info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 23 &&
         info.si_signo == SIGCHLD);
  int status;
  CHECK (wait4 (pid, &status, 0, &usage) == pid && WEXITSTATUS (status) == 23 && usage.ru_stime.tv_usec >= 0);
  CHECK (shared == 1);
  CHECK (waitpid (-1, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_vfork (void)
{
  shared = 0;
  pid_t pid = vfork ();
  if (pid == 0) {
    shared = 7;                /* in the parent's memory */
    signal (SIGUSR1, SIG_IGN); /* not in the parent's handlers */
    execl ("/nonexistent/program", "program", NULL);
    shared += errno;
    _exit (9);
  }
  CHECK (shared == 7 + ENOENT);
  CHECK (WEXITSTATUS (wait_status (pid)) == 9);
  struct sigaction action;
  sigaction (SIGUSR1, NULL, &action);
  CHECK (action.sa_handler == SIG_DFL);
}

static void
test_spawn (void)
{
  char *argv[] = { (char *)"program", NULL };
  pid_t pid;
  CHECK (posix_spawn (&pid, "/nonexistent/program", NULL, NULL, argv, environ) == ENOENT);
  char *shell[] = { (char *)"sh", (char *)"-c", (char *)"exit 5", NULL };
  CHECK (posix_spawn (&pid, "/bin/sh", NULL, NULL, shell, environ) == 0);
  CHECK (WEXITSTATUS (wait_status (pid)) == 5);
  CHECK (WEXITSTATUS (system ("exit 6")) == 6);
}

static char child_stack[65536] __attribute__ ((aligned (16)));
static volatile int child_tid_word = 77, parent_tid_word;

static int
clone_child (void *arg)
{
  shared = (int)(intptr_t)arg;
  syscall (SYS_exit, 4);
  return 0;
}

static void
test_clone (void)
{
  int status;
  void *top = child_stack + sizeof child_stack;
  shared = 0;
  pid_t pid =
      clone (clone_child, top, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, (void *)41);
  CHECK (pid > 0 && WEXITSTATUS (wait_status (pid)) == 4 && shared == 41);
  pid = clone (clone_child, top, CLONE_FILES | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
               (void *)42, &parent_tid_word, NULL, &child_tid_word);
  CHECK (pid > 0 && parent_tid_word == pid && WEXITSTATUS (wait_status (pid)) == 4 && shared == 41);
  pid = clone (clone_child, top, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, (void *)43, NULL, NULL,
               &child_tid_word);
  CHECK (WEXITSTATUS (wait_status (pid)) == 4 && child_tid_word == 0 && shared == 43);
  pid = clone (clone_child, top, 0, (void *)44); /* no signal at its end */
  CHECK (waitpid (pid, &status, 0) == -1 && errno == ECHILD);
  CHECK (waitpid (pid, &status, __WALL) == pid && WEXITSTATUS (status) == 4);
  CHECK (syscall (SYS_clone, CLONE_THREAD, top, 0, 0, 0) == -1 && errno == EINVAL);
  CHECK (syscall (SYS_clone, CLONE_SIGHAND, top, 0, 0, 0) == -1 && errno == EINVAL);
  CHECK (syscall (SYS_clone, CLONE_NEWNS | CLONE_FS, top, 0, 0, 0) == -1 && errno == EINVAL);
  CHECK (syscall (SYS_clone3, NULL, 8) == -1 && errno == EINVAL);
  CHECK (syscall (SYS_clone3, NULL, 64) == -1 && errno == EFAULT);
}

static void *
fork_in_thread (void *arg)
{
  for (int i = 0; i < 10; i++) {
    pid_t pid = fork ();
    if (pid == 0) {
      free (malloc (5000));
      _exit (i);
    }
    CHECK (WEXITSTATUS (wait_status (pid)) == i);
  }
  return NULL;
}

static void
test_fork_in_threads (void)
{
  pthread_t thread[4];
  for (int i = 0; i < 4; i++)
    pthread_create (&thread[i], NULL, fork_in_thread, NULL);
  for (int i = 0; i < 4; i++)
    pthread_join (thread[i], NULL);
}

static void *
block (void *arg)
{
  if (arg)
    pause ();
  for (;;)
    ;
  return NULL;
}

static void *
leave_later (void *arg)
{
  sleep_ms (30);
  /* Which thread's status counts has changed between kernels: it is the same here. */
  syscall (SYS_exit, 32);
  return NULL;
}

static void
test_ends (void)
{
  pthread_t thread;
  pid_t pid = fork ();
  if (pid == 0) { /* exit with others in a call and in a loop */
    pthread_create (&thread, NULL, block, NULL);
    pthread_create (&thread, NULL, block, (void *)1);
    sleep_ms (20);
    exit (31);
  }
  CHECK (WEXITSTATUS (wait_status (pid)) == 31);
  pid = fork ();
  if (pid == 0) { /* the first thread ends before the others */
    pthread_create (&thread, NULL, leave_later, NULL);
    syscall (SYS_exit, 32);
  }
  CHECK (WEXITSTATUS (wait_status (pid)) == 32);
  pid = fork ();
  if (pid == 0) { /* another thread's fault ends all */
    pthread_create (&thread, NULL, (void *(*)(void *))16, NULL);
    block ((void *)1);
  }
  CHECK (WTERMSIG (wait_status (pid)) == SIGSEGV);
}

/* What a new program starts with: the mask, also of signals that faults raise, and what is ignored. */
static void
test_masks_inherited (void)
{
  int fd[2];
  char text[8192];
  size_t size = 0;
  ssize_t n;
  sigset_t set, old;
  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigaddset (&set, SIGSEGV);
  sigprocmask (SIG_SETMASK, &set, &old);
  signal (SIGUSR2, SIG_IGN);
  CHECK (pipe (fd) == 0);
  pid_t pid = fork ();
  if (pid == 0) {
    dup2 (fd[1], 1);
    close (fd[0]);
    execlp ("cat", "cat", "/proc/self/status", NULL);
    _exit (99);
  }
  close (fd[1]);
  while ((n = read (fd[0], text + size, sizeof text - 1 - size)) > 0)
    size += n;
  text[size] = 0;
  CHECK (wait_status (pid) == 0);
  CHECK (strstr (text, "SigBlk:\t0000000000000600\n"));
  CHECK (strstr (text, "SigIgn:\t0000000000000800\n"));
  sigprocmask (SIG_SETMASK, &old, NULL);
}

int
main (void)
{
  test_fork ();
  test_vfork ();
  test_spawn ();
  test_clone ();
  test_fork_in_threads ();
  test_ends ();
  test_masks_inherited ();
  return 0;
}
