/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes from the process, for good, what its work does not need, so that code of an attacker's in it can do
 * little: no new privileges, no files (Landlock), no system calls that start programs or reach other
 * processes (seccomp). */

#include <glib.h>
#include <stdbool.h>

typedef struct {
  /* No file can be changed, made or executed. With `no_reading` none can be opened either, but for those of
   * `readable` (ended by NULL; what is not there is passed over). */
  bool no_reading;
  const char *const *readable;
  /* Sockets of the Internet's protocols may be made. */
  bool internet;
  /* The first refusal of each system call is told on standard error. */
  bool tell;
} ConfineRules;

/* Both return NULL, or what this kernel lacks, as a sentence for the log: that is no reason not to go on.
 *
 * Files: covers the calling thread and those it starts from then on, so it comes before there are threads. */
char *confine_files (const ConfineRules *rules);
/* System calls: covers all threads. */
char *confine_calls (const ConfineRules *rules);
