/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a process may not do once it has confined itself. Each case is a process of its own. */

#include "media-confine.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
cannot_connect (void)
{
  return socket (AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM;
}

static bool
cannot_execute (void)
{
  char *words[] = { (char *)"true", NULL };
  return execv ("/bin/true", words) < 0 && (errno == EPERM || errno == EACCES);
}

static bool
cannot_write (void)
{
  /* Kernels without Landlock leave this to the file's permissions. */
  if (syscall (SYS_landlock_create_ruleset, NULL, 0, 1) < 0)
    return true;
  return open ("/tmp/vitrine-media-confined", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EACCES &&
         mkdir ("/tmp/vitrine-media-confined", 0700) < 0 && errno == EACCES;
}

static char *victim; /* a file that may be written to */

/* What an attacker would turn to when it cannot write: cutting short and giving away. */
static bool
cannot_spoil (void)
{
  return truncate ("/nonexistent", 0) < 0 && errno == EPERM && chmod ("/nonexistent", 0777) < 0 &&
         errno == EPERM && utimensat (AT_FDCWD, "/nonexistent", NULL, 0) < 0 && errno == EPERM;
}

static bool
cannot_cut (void)
{
  /* Landlock knows of it since its third version. */
  if (syscall (SYS_landlock_create_ruleset, NULL, 0, 1) < 3)
    return true;
  return open (victim, O_RDONLY | O_TRUNC | O_CLOEXEC) < 0 && errno == EACCES;
}

static bool
cannot_kill (void)
{
  return kill (getppid (), 0) < 0 && errno == EPERM && syscall (SYS_tkill, getppid (), 0) < 0 &&
         errno == EPERM && fcntl (STDIN_FILENO, F_SETOWN, getppid ()) < 0 && errno == EPERM &&
         prlimit (getppid (), RLIMIT_CORE, NULL, NULL) < 0 && errno == EPERM;
}

static bool
cannot_go_round (void)
{
  int pair[2];
  return syscall (SYS_io_uring_setup, 8, NULL) < 0 && errno == EPERM &&
         socketpair (AF_UNIX, SOCK_DGRAM, 0, pair) < 0 && errno == EPERM;
}

static bool
cannot_take_memory (void)
{
#ifdef __SANITIZE_ADDRESS__
  return true;
#else
  return mmap (NULL, (size_t)2 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
         MAP_FAILED;
#endif
}

static bool
has_limits (void)
{
  struct rlimit cpu, core;
  getrlimit (RLIMIT_CPU, &cpu);
  getrlimit (RLIMIT_CORE, &core);
  return cpu.rlim_max <= 60 && core.rlim_max == 0 && prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool
can_read (void)
{
  int fd = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  return fd >= 0 && close (fd) == 0;
}

static void
test_case (gconstpointer data)
{
  bool (*holds) (void) = (bool (*) (void))data;
  pid_t child = fork ();
  if (!child) {
    media_confine ();
    _exit (holds () ? 0 : 1);
  }
  int status;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/media/confine/connect", (gconstpointer)cannot_connect, test_case);
  g_test_add_data_func ("/media/confine/execute", (gconstpointer)cannot_execute, test_case);
  g_test_add_data_func ("/media/confine/write", (gconstpointer)cannot_write, test_case);
  g_test_add_data_func ("/media/confine/spoil", (gconstpointer)cannot_spoil, test_case);
  g_test_add_data_func ("/media/confine/cut", (gconstpointer)cannot_cut, test_case);
  g_test_add_data_func ("/media/confine/round", (gconstpointer)cannot_go_round, test_case);
  g_test_add_data_func ("/media/confine/kill", (gconstpointer)cannot_kill, test_case);
  g_test_add_data_func ("/media/confine/memory", (gconstpointer)cannot_take_memory, test_case);
  g_test_add_data_func ("/media/confine/limits", (gconstpointer)has_limits, test_case);
  g_test_add_data_func ("/media/confine/read", (gconstpointer)can_read, test_case);
  int fd = g_file_open_tmp ("vitrine-confine-XXXXXX", &victim, NULL);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  int status = g_test_run ();
  unlink (victim);
  g_free (victim);
  return status;
}
