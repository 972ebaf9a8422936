/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The options of vitrine-system as tables, one for each subject, and what their handlers work on. */

#include "system-options.h"

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

/* Ended by name NULL. */
extern const SystemOption system_general_options[], system_machine_options[], system_boot_options[],
    system_device_options[], system_console_options[], system_run_options[], system_debug_options[];

typedef struct {
  const char *title;
  const SystemOption *options;
} SystemOptionGroup;
extern const SystemOptionGroup system_option_groups[]; /* ended by title NULL */

/* Why an option of QEMU's is not there, and what to do instead; NULL: it is no option of QEMU's that we know.
 */
const char *system_option_why_not (const char *name);

/* For handlers. */
/* Sets the error; returns false. */
bool system_bad (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
bool system_is_help (const char *value);
void system_replace (char **at, const char *value);
/* For what can only be said once. */
bool system_set_once (char **at, const char *value, GError **error);
/* A file name as the value of a setting: its commas are doubled. Newly allocated. */
char *system_escaped (const char *file);

/* system-options-semihosting.c: both options; `value` NULL is -semihosting. */
bool system_set_semihosting (SystemParse *p, const char *value, GError **error);

/* system-help.c: what -device help and the like print. */
void system_print_help (const SystemCommand *command);
void system_print_names (const char *title, GPtrArray *names); /* takes them */
void system_print_devices (void);
bool system_print_device_properties (const char *name, GError **error);
void system_print_machines (const SystemCommand *command);
bool system_print_machine_options (const SystemCommand *command, const char *name, GError **error);
void system_print_cpus (const SystemCommand *command);
void system_print_objects (void);
