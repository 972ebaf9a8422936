/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* vitrinectl: the engine's machines from a terminal. Everything is a call to the service; a command may wait.
 */

#include <gio/gio.h>
#include <stdbool.h>

#define CTL_ENGINE_NAME "org.vitrine.Vitrine.Engine"
#define CTL_ROOT        "/org/vitrine/Engine"
#define CTL_ENGINE      CTL_ROOT "/Engine"
#define CTL_MACHINE     "org.vitrine.Machine1"

/* ---- The table of commands: ctl-table.c ---- */

typedef enum {
  CTL_NOTHING,
  CTL_A_MACHINE,
  CTL_A_FILE,
  CTL_MACHINE_AND_FILE,
  CTL_MACHINE_AND_DRIVE,
  CTL_COMMAND
} CtlCompletes;

typedef struct {
  const char *name, *operands, *summary;
  CtlCompletes completes;
  int least, most;     /* operands; most -1: any number */
  const char *options; /* long options for the completion, with spaces between */
  /* The operands; returns the exit status. */
  int (*run) (char **operands);
  const char *details; /* more help, or NULL */
} CtlCommand;
extern const CtlCommand ctl_commands[]; /* ends with a NULL name */
const CtlCommand *ctl_find (const char *name);

/* ---- What the options say ---- */

typedef struct {
  gboolean json, start, paused, discard_saved, forever, force, in_place, force_kill, wait, no_wait, names;
  char *iso, *name, *boot_drive, *drive, *console;
  int timeout, width;
} CtlOptions;
extern CtlOptions ctl_options;

/* ---- Calls: ctl-bus.c ---- */

/* The session bus; ends the program when there is none. */
GDBusConnection *ctl_bus (void);
/* The reply, or NULL after the error has been printed. `fds` may be NULL. Takes a floating `arguments`. */
GVariant *ctl_call (const char *path, const char *interface, const char *method, GVariant *arguments);
GVariant *ctl_call_fds (const char *path, const char *interface, const char *method, GVariant *arguments,
                        GUnixFDList *fds, GUnixFDList **ret_fds);
GVariant *ctl_call_machine (const char *path, const char *method, GVariant *arguments);
/* All machines' properties by object path, a{oa{sv}}, sorted by name; NULL after a complaint. */
GVariant *ctl_machines (void);
/* The one whose name, UUID or beginning of a UUID is given; NULL after a complaint, with the nearest name. */
char *ctl_find_machine (const char *name, GVariant **ret_properties);
/* Waits for a job, shows how far it is; SIGINT cancels it. The status; `ret_result` may be NULL. */
int ctl_wait_job (const char *path, GVariant **ret_result);
/* Prints an error with cause and remedy; returns 1. Takes it. */
int ctl_report (GError *error);
int ctl_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);
int ctl_open_file (const char *path);

/* ---- Output: ctl-output.c ---- */

void ctl_print_json (GVariant *value);
/* On one line: one of many. */
void ctl_print_json_line (GVariant *value);
/* Text of a value for people: memory as "4.0 GiB", times as dates. */
char *ctl_text_of (const char *key, GVariant *value);
/* Settings from KEY=VALUE words, by the types in `known` (a{sv}); added to `dict`. False after a complaint.
 */
bool ctl_parse_settings (char **words, GVariant *known, GVariantDict *dict);

/* ---- The commands ---- */

int ctl_list (char **operands);
int ctl_info (char **operands);
int ctl_create (char **operands);
int ctl_import (char **operands);
int ctl_start (char **operands);
int ctl_stop (char **operands);
int ctl_kill (char **operands);
int ctl_pause (char **operands);
int ctl_resume (char **operands);
int ctl_reset (char **operands);
int ctl_save (char **operands);
int ctl_delete (char **operands);
int ctl_rename (char **operands);
int ctl_duplicate (char **operands);
int ctl_insert (char **operands);
int ctl_eject (char **operands);
int ctl_set (char **operands);
int ctl_console (char **operands);
int ctl_wait_for_text (char **operands);
int ctl_screenshot (char **operands);
int ctl_send_keys (char **operands);
int ctl_type (char **operands);
int ctl_log (char **operands);
int ctl_watch (char **operands);
int ctl_display (char **operands);
int ctl_help (char **operands);
int ctl_completion (char **operands);
