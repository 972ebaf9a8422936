/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system-options.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd = -1; /* the first process waits for a byte here */

static bool
fail (const char *what, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "-daemonize: %s: %s", what,
               g_strerror (errno));
  return false;
}

/* What has gone wrong, the other process has said. */
static G_NORETURN void
wait_for_ready (int fd)
{
  char byte;
  ssize_t n;
  do
    n = read (fd, &byte, 1);
  while (n < 0 && errno == EINTR);
  _exit (n == 1 ? 0 : 1);
}

bool
system_daemon_fork (GError **error)
{
  int fds[2];
  if (pipe2 (fds, O_CLOEXEC))
    return fail ("cannot make a pipe", error);
  const pid_t pid = fork ();
  if (pid < 0)
    return fail ("cannot make a process", error);
  if (pid > 0) {
    close (fds[1]);
    wait_for_ready (fds[0]);
  }
  close (fds[0]);
  ready_fd = fds[1];
  setsid ();
  return true;
}

bool
system_daemon_ready (GError **error)
{
  const int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0)
    return fail ("cannot open /dev/null", error);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    dup2 (null, fd);
  close (null);
  if (write (ready_fd, "", 1) != 1)
    return fail ("the terminal's process has gone", error);
  close (ready_fd);
  return true;
}
