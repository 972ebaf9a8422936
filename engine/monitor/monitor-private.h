/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share. A command is written once, as QMP's; a line of HMP's is turned into it,
 * or prints what QMP has no counterpart for. */

#include "monitor.h"

#include <json-glib/json-glib.h>

typedef enum {
  MONITOR_ERROR_GENERIC,
  MONITOR_ERROR_COMMAND_NOT_FOUND,
  MONITOR_ERROR_DEVICE_NOT_FOUND,
  MONITOR_ERROR_DEVICE_NOT_ACTIVE,
} MonitorErrorCode;
#define MONITOR_ERROR (monitor_error_quark ())
GQuark monitor_error_quark (void);
bool monitor_fail (GError **error, MonitorErrorCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Where commands are run. */
typedef struct {
  Machine *machine;
  unsigned cpu;     /* HMP's current one */
  Monitor *monitor; /* who commands; NULL: a debugger */
} MonitorContext;

extern MonitorHooks monitor_hooks;

/* QMP's commands. */
typedef enum { ARG_STRING, ARG_INT, ARG_BOOL, ARG_ANY, ARG_TYPE = 7, ARG_OPTIONAL = 8 } QmpArgType;
typedef struct {
  const char *name;
  unsigned type; /* QmpArgType and ARG_OPTIONAL */
} QmpArg;
#define QMP_ARGS 8
typedef struct {
  const char *name;
  /* What it returns, new; NULL without an error is an empty object. */
  JsonNode *(*run) (MonitorContext *ctx, JsonObject *args, GError **error);
  QmpArg args[QMP_ARGS]; /* ended by name NULL */
  bool open_args;        /* takes others too */
} QmpCommand;
/* Ended by name NULL. */
extern const QmpCommand qmp_machine_commands[], qmp_query_commands[], qmp_query_device_commands[],
    qmp_device_commands[], qmp_input_commands[], qmp_memory_commands[], qmp_spice_commands[];
/* People's forms of input, which QMP has in another shape. */
extern const QmpCommand hmp_input_commands[];
const QmpCommand *qmp_find (const char *name, GError **error);
/* Checks names and types of the arguments and runs it. */
JsonNode *qmp_run (MonitorContext *ctx, const QmpCommand *command, JsonObject *args, GError **error);
JsonNode *qmp_list_commands (void);
/* Arguments, after the check. */
const char *arg_string (JsonObject *args, const char *name); /* NULL: not given */
int64_t arg_int (JsonObject *args, const char *name, int64_t initial);
bool arg_bool (JsonObject *args, const char *name, bool initial);
JsonNode *node_of_object (JsonObject *object); /* takes it */
JsonNode *node_of_array (JsonArray *array);

/* To all QMP monitors; takes `data`, which may be NULL. */
void monitor_event (const char *name, JsonObject *data);
/* That the next reset is the user's. */
void monitor_note_reset (void);
/* The descriptor that getfd has given that name, which is the caller's now; -1 and an error. */
int monitor_take_fd (const char *name, GError **error);

/* HMP: runs a line; what it prints goes to `out`, errors too. */
void hmp_run (MonitorContext *ctx, const char *line, GString *out);
typedef struct {
  const char *name;   /* "cont|c" */
  const char *params; /* for people */
  const char *help;
  const char *qmp;  /* the QMP command it stands for, or NULL */
  const char *args; /* the names of its arguments in order: "device filename", "-f=force device" */
  /* Without qmp: `words` is NULL-terminated, without the command's name. */
  bool (*run) (MonitorContext *ctx, char **words, GString *out, GError **error);
  const char *const *(*complete) (void); /* words that may follow, or NULL */
} HmpCommand;
extern const HmpCommand hmp_commands[], hmp_info_commands[], hmp_memory_commands[];
/* All that a line's last word may become, sorted (char *). */
GPtrArray *hmp_complete (const char *line);
/* A value: numbers, registers ($pc), + - * / % & | ^ ~ ( ). */
bool hmp_eval (MonitorContext *ctx, const char *text, uint64_t *ret, GError **error);
bool monitor_info_spice (MonitorContext *ctx, char **words, GString *out, GError **error);
bool hmp_info (MonitorContext *ctx, char **words, GString *out, GError **error);
/* That there is no such command, and which is meant or why not; returns false. */
bool hmp_unknown (const char *name, GError **error);
void hmp_help_for (const HmpCommand *commands, const char *prefix, const char *name, GString *out);

/* Shared by the commands. */
JsonObject *monitor_version (void);
/* The device that has `value` for its property: the one that uses a drive or a network. NULL: none. */
Device *monitor_find_user (const Machine *machine, const char *prop, const char *value);
/* By the network's id, or that of the device that has it. */
NetBackend *monitor_find_net (Machine *machine, const char *id, GError **error);
/* What can be logged from now on: counters count from the start or not at all. */
#define MONITOR_LOG_ITEMS (VLOG_SYSTEM & ~VLOG_COUNT)
bool monitor_set_log (const char *items, GError **error);
bool monitor_add_netdev (const char *text, GError **error);
/* Saves now; the other one when the command has been answered. */
bool monitor_migrate (Machine *machine, const char *uri, GError **error);
bool monitor_migrate_later (Machine *machine, const char *uri, GError **error);
void monitor_info_migrate (GString *out);
JsonObject *monitor_query_migrate (void);
/* The vCPU of that number; it stands still until monitor_release(). NULL and an error. */
Vcpu *monitor_hold (Machine *machine, unsigned index, bool *ret_was_running, GError **error);
void monitor_release (Vcpu *vcpu, bool was_running);

/* A monitor's session. */
typedef struct QmpSplitter QmpSplitter;
typedef struct HmpEditor HmpEditor;
struct Monitor {
  MonitorContext ctx;
  Chardev *chr;
  unsigned refs;
  bool freed; /* only held by a call in progress */
  bool waits; /* for room in chr */
  GByteArray *out;
  QmpSplitter *splitter; /* QMP */
  bool negotiated, pretty;
  HmpEditor *editor; /* HMP */
};
void monitor_write (Monitor *monitor, const char *text, size_t size);
void qmp_session_start (Monitor *monitor); /* somebody has connected */
void qmp_session_value (void *monitor, const char *text, size_t size, const char *problem);
void qmp_send (Monitor *monitor, JsonNode *node); /* takes it */

/* Cuts a stream into JSON values. `value` gets a whole one, or why there is none. */
QmpSplitter *qmp_splitter_new (void (*value) (void *opaque, const char *text, size_t size,
                                              const char *problem),
                               void *opaque);
void qmp_splitter_free (QmpSplitter *splitter);
void qmp_splitter_reset (QmpSplitter *splitter);
void qmp_splitter_feed (QmpSplitter *splitter, const uint8_t *data, size_t size);

/* A line of text under the hands of somebody. `line` gets it when it is entered. */
HmpEditor *hmp_editor_new (void (*write) (void *opaque, const char *text, size_t size),
                           void (*line) (void *opaque, const char *line), void *opaque);
void hmp_editor_free (HmpEditor *editor);
/* Shows prompt and line anew, from the beginning of a row. */
void hmp_editor_show (HmpEditor *editor);
void hmp_editor_reset (HmpEditor *editor);
void hmp_editor_feed (HmpEditor *editor, const uint8_t *data, size_t size);
