/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The monitor: commands to a running machine, for people (HMP) and for programs (QMP, JSON), on a character
 * back end. Main thread. */

#include "machine.h"

typedef struct Monitor Monitor;

/* Attaches to `chr`, which stays the caller's and must outlive the monitor. NULL and an error when it is
 * taken. */
Monitor *monitor_hmp_new (Machine *machine, Chardev *chr, GError **error);
/* `pretty`: JSON in lines, for people to read. */
Monitor *monitor_qmp_new (Machine *machine, Chardev *chr, bool pretty, GError **error);
/* All of a machine's monitors go before the machine; when the last is gone, it gets no new ones. */
void monitor_free (Monitor *monitor);

/* Runs a line of the human monitor's: what it prints, for a debugger's `monitor LINE`. */
char *monitor_run_line (Machine *machine, const char *line);

/* What the program adds; members may be NULL: the commands then say that it is not there. */
typedef struct {
  /* gdbserver: "tcp::1234", "none". */
  bool (*gdbserver) (void *opaque, const char *where, GError **error);
  /* What memory the guest has, in bytes; false: there is no balloon. */
  bool (*balloon) (void *opaque, uint64_t *ret_bytes);
  void (*set_balloon) (void *opaque, uint64_t bytes);
  void *opaque;
} MonitorHooks;
/* Copied; of all monitors. */
void monitor_set_hooks (const MonitorHooks *hooks);

/* An event (an a{sv}, or NULL) to all who hear QMP. */
void monitor_send_event (const char *name, GVariant *data);
/* What a SPICE server does for the monitor. */
typedef struct {
  bool (*set_password) (void *opaque, const char *password, GError **error);
  /* "never", "now", "+SECONDS", or seconds since 1970. */
  bool (*expire_password) (void *opaque, const char *time, GError **error);
  bool (*add_client) (void *opaque, int fd, bool skip_auth, GError **error); /* takes the descriptor */
  GVariant *(*query) (void *opaque); /* an a{sv}: query-spice's answer */
  void (*describe) (void *opaque, GString *out);
  void *opaque;
} MonitorSpice;
/* Copied; NULL: there is none any more. */
void monitor_set_spice (const MonitorSpice *spice);
