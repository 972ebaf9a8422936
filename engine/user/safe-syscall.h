/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Host system calls that a guest signal must be able to interrupt without a race.
 *
 * A signal that arrives between the last look at UserThread.attention and the syscall instruction would be
 * noticed only when the call ends, perhaps never.  So the look and the instruction live in one stretch of
 * assembly; the host handler that finds the interrupted pc inside it moves the pc to the way out, and the
 * call is reported as not made.
 *
 * Host handlers carry the SA_RESTART flag of the guest's action, so the host kernel itself decides whether a
 * call it has interrupted is restartable: if so, it puts the pc back on the syscall instruction, which lies
 * in the window, and the result is -USER_ERESTARTSYS; if not, the result is -EINTR and that is what the guest
 * gets. */

#include <stdint.h>

/* Results of a system call handler beyond -errno.  user_syscall() leaves the guest's pc at the system call
 * instruction and all its registers alone for either, and sets UserThread.restart to the code. */
enum {
  /* Not made (or undone): makes the call again once handlers have run, whatever SA_RESTART says. */
  USER_ERESTARTSYS = 512,
  /* Makes the call again unless a handler runs first: then -EINTR. */
  USER_ERESTARTNOHAND = 514,
};

/* In assembly: the raw result of host call `nr`, or -USER_ERESTARTSYS if *attention was or became non-zero
 * first. */
long user_safe_syscall_raw (const uint32_t *attention, long nr, long a, long b, long c, long d, long e,
                            long f);

/* The same for the calling guest thread. */
long user_safe_syscall6 (long nr, long a, long b, long c, long d, long e, long f);

/* For the host signal handler: if the interrupted context is inside the window, makes it leave as not made.
 */
void user_safe_syscall_abort (void *ucontext);
