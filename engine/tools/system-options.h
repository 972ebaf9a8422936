/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line of vitrine-system: QEMU's option names and value syntax. */

#include "machine.h"
#include "monitor.h"

/* One of -monitor, -qmp, -mon. */
typedef struct {
  char *text; /* as chardev_new_legacy() has it */
  bool control, pretty;
} SystemMonitor;

typedef struct {
  const GuestIsa *isa;
  const char *program; /* our name in messages */
  MachineConfig config;
  /* Texts of options that may be repeated, in order (char *). */
  GPtrArray *chardevs, *drives, *blockdevs, *netdevs, *objects;
  GArray *monitors; /* SystemMonitor, in order */
  bool nographic, no_monitor, daemonize;
  int control_fd; /* a listening socket for QMP, or -1 */
  int end_fd;     /* gets the reason when the machine ends as it should, or -1 */
  char *log_file, *gdb, *pidfile, *process_name, *spice;
  char *name;
} SystemCommand;

/* Parses the command line. Returns -1 to go on, or an exit status when there is no more to do: after -help
 * and the like (0), or an error that has been printed (1). */
int system_command_parse (SystemCommand *command, const char *name, const GuestIsa *isa, int argc,
                          char **argv);
void system_command_clear (SystemCommand *command);

/* system-main.c: a whole program. `name` is ours without the guest's: "vitrine-system". A confined one opens
 * no file but those that were handed over (-add-file), and once the machine stands ready it gives up all it
 * does not need. */
int system_program (const char *name, bool confined, int argc, char **argv);

/* system-confine.c: before there are threads, and when the machine stands ready. */
void system_confine_files (void);
void system_confine_calls (void);
/* If the log (standard error) is a file that can be read, too, it is kept short from now on. */
void system_log_bound (void);

/* system-objects.c */
/* Makes all kinds of devices known, for -device. */
void system_register_devices (void);
/* -object's syntax; what it makes lives as long as the process. */
bool system_object_new (const char *text, GError **error);

/* system-hooks.c */
/* What the monitor's balloon commands do; the hooks' opaque is the machine. */
void system_balloon_hooks (MonitorHooks *hooks);
void system_gdb_hooks (MonitorHooks *hooks);
void system_gdb_end (void); /* before the machine */

/* system-daemon.c: -daemonize. In the process that goes on, after the first half; the other one waits for it
 * and ends. */
bool system_daemon_fork (GError **error);
/* The machine stands ready: the process waited for may end, and the terminal is given up. */
bool system_daemon_ready (GError **error);
