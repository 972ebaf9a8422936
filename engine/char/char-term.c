/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The terminal that the program was started from: raw while the machine runs, and as it was whenever somebody
 * else has it: after the end, after a fatal signal, while stopped by job control. */

#include "chardev-private.h"

#include <errno.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int terminal_fd = -1;
static volatile sig_atomic_t is_raw;
static struct termios cooked, raw;
static struct sigaction old_stop;

void
chardev_restore_terminal (void)
{
  const int saved_errno = errno;
  if (is_raw) {
    is_raw = 0;
    tcsetattr (terminal_fd, TCSANOW, &cooked);
  }
  errno = saved_errno;
}

/* Unless another job has the terminal: setting it would stop us. */
static void
make_raw (void)
{
  if (tcgetpgrp (terminal_fd) == getpgrp () && tcsetattr (terminal_fd, TCSANOW, &raw) == 0)
    is_raw = 1;
}

static void
on_fatal (int sig)
{
  chardev_restore_terminal ();
  signal (sig, SIG_DFL);
  raise (sig);
}

static void
on_stop (int sig)
{
  const int saved_errno = errno;
  struct sigaction ours;
  sigset_t set, old;
  chardev_restore_terminal ();
  sigaction (sig, &old_stop, &ours);
  sigemptyset (&set);
  sigaddset (&set, sig);
  raise (sig);
  pthread_sigmask (SIG_UNBLOCK, &set, &old); /* Here it stops. */
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  sigaction (sig, &ours, NULL);
  make_raw ();
  errno = saved_errno;
}

static void
on_continue (int sig)
{
  const int saved_errno = errno;
  make_raw ();
  errno = saved_errno;
}

/* Leaves alone what the program has handlers of its own for. */
static void
handle (int sig, void (*handler) (int sig))
{
  struct sigaction old;
  const struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
  if (sigaction (sig, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
    sigaction (sig, &action, NULL);
}

bool
chardev_terminal_raw (int fd, bool signals, GError **error)
{
  static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
  static bool prepared;
  if (tcgetattr (fd, &cooked)) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot set up the terminal: %s",
                 g_strerror (errno));
    return false;
  }
  terminal_fd = fd;
  raw = cooked;
  raw.c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  raw.c_oflag |= OPOST;
  raw.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | IEXTEN | (signals ? 0 : ISIG));
  raw.c_cflag = (raw.c_cflag & (tcflag_t) ~(CSIZE | PARENB)) | CS8;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (!prepared) {
    prepared = true;
    sigaction (SIGTSTP, NULL, &old_stop);
    for (unsigned i = 0; i < G_N_ELEMENTS (fatal); i++)
      handle (fatal[i], on_fatal);
    handle (SIGTSTP, on_stop);
    handle (SIGCONT, on_continue);
    atexit (chardev_restore_terminal);
  }
  make_raw ();
  return true;
}
