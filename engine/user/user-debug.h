/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a debugger stub attaches to user mode.  Its functions run on the guest thread they are told about,
 * outside guest code, with no lock held and the guest's state exact; they may block, and may use
 * user_stop_others(). */

#include "user.h"

typedef struct {
  /* A breakpoint of the debugger, or a finished single step.  pc is the next instruction to run. */
  void (*stopped) (UserThread *thread);
  /* The guest's own breakpoint instruction, at pc.  True if it is the debugger's (it has then moved pc or the
   * instruction): otherwise the guest gets SIGTRAP, by way of `signal`. */
  bool (*breakpoint) (UserThread *thread);
  /* `info` is about to be delivered, whatever its action.  Returns the signal to deliver instead, or 0 for
   * none. */
  int (*signal) (UserThread *thread, const siginfo_t *info);
  void (*thread_started) (UserThread *thread);
  void (*thread_exiting) (UserThread *thread);
  /* The process ends: by exit status, or by signal `sig` if it is not 0. */
  void (*exiting) (int status, int sig);
  /* In a forked child: the debugger does not follow. */
  void (*forked_child) (UserThread *thread);
} UserDebugger;

/* NULL without one.  Set it by user_debugger_set() only. */
extern const UserDebugger *user_debugger;
/* Attaches or (NULL) detaches; host dispositions change so that it sees all signals. */
void user_debugger_set (const UserDebugger *debugger);
