/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line of vitrine-system: QEMU's option names and value syntax. */

#include "machine.h"
#include "monitor.h"

typedef struct {
  const GuestIsa *isa;
  const char *program; /* our name in messages */
  MachineConfig config;
  /* Texts of options that may be repeated, in order (char *). */
  GPtrArray *chardevs, *drives, *blockdevs, *netdevs, *objects, *monitors, *qmps;
  bool nographic, no_monitor;
  char *log_file, *gdb, *pidfile;
  char *name;
} SystemCommand;

/* Parses the command line. Returns -1 to go on, or an exit status when there is no more to do: after -help
 * and the like (0), or an error that has been printed (1). */
int system_command_parse (SystemCommand *command, const GuestIsa *isa, int argc, char **argv);
void system_command_clear (SystemCommand *command);

/* The rest is for the table of options. */
typedef struct {
  SystemCommand *command;
  MachineConfig *config;
  bool done; /* nothing more to do: help was printed */
} SystemParse;

typedef struct {
  const char *name, *argument; /* NULL: takes none */
  const char *help;            /* NULL: another name of the one before */
  bool (*handler) (SystemParse *p, const char *value, GError **error);
} SystemOption;
extern const SystemOption system_options[];
extern const unsigned system_n_options;

/* system-help.c: what -device help and the like print. */
void system_print_help (const SystemCommand *command);
void system_print_devices (void);
bool system_print_device_properties (const char *name, GError **error);
void system_print_machines (const SystemCommand *command);
void system_print_default_cpus (const SystemCommand *command);

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
