/* SPDX-License-Identifier: GPL-3.0-or-later */

/* gdb numbers signals its own way, the same for all systems. */

#include "gdb-process.h"

/* By Linux's number.  0: gdb has none. */
static const uint8_t numbers[] = {
  [SIGHUP] = 1,     [SIGINT] = 2,   [SIGQUIT] = 3,   [SIGILL] = 4,   [SIGTRAP] = 5,  [SIGABRT] = 6,
  [SIGBUS] = 10,    [SIGFPE] = 8,   [SIGKILL] = 9,   [SIGUSR1] = 30, [SIGSEGV] = 11, [SIGUSR2] = 31,
  [SIGPIPE] = 13,   [SIGALRM] = 14, [SIGTERM] = 15,  [SIGCHLD] = 20, [SIGCONT] = 19, [SIGSTOP] = 17,
  [SIGTSTP] = 18,   [SIGTTIN] = 21, [SIGTTOU] = 22,  [SIGURG] = 16,  [SIGXCPU] = 24, [SIGXFSZ] = 25,
  [SIGVTALRM] = 26, [SIGPROF] = 27, [SIGWINCH] = 28, [SIGIO] = 23,   [SIGPWR] = 32,  [SIGSYS] = 12,
};

/* Real-time signals: 33 to 63 in order, the two at the ends apart. */
enum { REALTIME_33 = 45, REALTIME_32 = 77, REALTIME_64 = 78 };

unsigned
gdb_signal_from_guest (int sig)
{
  if (sig == 32)
    return REALTIME_32;
  if (sig == 64)
    return REALTIME_64;
  if (sig > 32 && sig < 64)
    return REALTIME_33 + (unsigned)sig - 33;
  if (sig > 0 && sig < (int)G_N_ELEMENTS (numbers) && numbers[sig] != 0)
    return numbers[sig];
  return sig == 0 ? 0 : GDB_SIGNAL_UNKNOWN;
}

int
gdb_signal_to_guest (unsigned number)
{
  for (int sig = 1; sig <= USER_NSIG && number != GDB_SIGNAL_UNKNOWN; sig++)
    if (gdb_signal_from_guest (sig) == number)
      return sig;
  return 0;
}
