/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The process of a running machine, vitrine-machine: started with descriptors only, spoken to by QMP over a
 * Unix socket in the runtime directory, so that an engine that comes later finds it.
 *
 *   $XDG_RUNTIME_DIR/vitrine/UUID.sock   listens; made here, handed over as a descriptor
 *   FOLDER/machine.log                   what the process prints, kept below 1 MiB */

#include "machine-conf.h"

#define VT_TYPE_PROCESS (vt_process_get_type ())
G_DECLARE_FINAL_TYPE (VtProcess, vt_process, VT, PROCESS, GObject)

/* Signals:
 *   "state" (const char *qmp_state, const char *reason): "running", "paused", "io-error", …
 *   "ended" (GError *why): the process is gone; why is NULL when the guest has powered off or was told to.
 *   "event" (const char *name, GVariant *data): any other QMP event
 * After "ended" nothing comes any more. */

typedef struct {
  bool paused;            /* do not run yet */
  const char *boot_drive; /* or NULL */
  const char *restore;    /* a saved state's path, or NULL */
} VtProcessOptions;

/* Starts one. Opens every file of the machine itself (errors name the file, and who has it open), then
 * confines the process to them. */
void vt_process_start (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
VtProcess *vt_process_start_finish (GAsyncResult *result, GError **error);
/* Finds the process of a machine that an earlier engine started. The result is NULL without an error when
 * there is none, and an error VT_ERROR_CRASHED when there was one that has ended in the meantime. */
void vt_process_adopt (const char *uuid, const char *folder, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data);
VtProcess *vt_process_adopt_finish (GAsyncResult *result, GError **error);

int vt_process_pid (VtProcess *process);
const char *vt_process_state (VtProcess *process);

/* A QMP command; `arguments` (a{sv}, may be NULL, floating is taken) and the result are JSON as GVariants
 * (json-glib's mapping). With `fd` >= 0 the descriptor goes along (getfd) under the name "fd" and is closed
 * here; with the command getfd itself under the name that its arguments say. */
void vt_process_command (VtProcess *process, const char *command, GVariant *arguments, int fd,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
GVariant *vt_process_command_finish (VtProcess *process, GAsyncResult *result, GError **error);
/* One end of a socket pair, the other of which is a SPICE channel or a console's stream; -1 and an error. */
void vt_process_open (VtProcess *process, const char *protocol, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
int vt_process_open_finish (VtProcess *process, GAsyncResult *result, GError **error);
/* Ends it at once (SIGKILL if it does not listen). "ended" follows. */
void vt_process_kill (VtProcess *process);

typedef struct {
  int64_t time;                                          /* monotonic, microseconds */
  double cpu;                                            /* cores, since the last sample */
  uint64_t memory;                                       /* bytes of the host's */
  uint64_t disk_read, disk_write, net_receive, net_send; /* bytes per second */
} VtSample;
void vt_process_sample (VtProcess *process, GAsyncReadyCallback callback, gpointer data);
bool vt_process_sample_finish (VtProcess *process, GAsyncResult *result, VtSample *ret_sample,
                               GError **error);

/* The command line of vitrine-machine (NULL-terminated) for these settings, and the files it names, with how
 * they are to be opened: for the start, and for tests. */
typedef struct {
  char *path;
  int flags; /* O_RDWR or O_RDONLY */
} VtMachineFile;
typedef struct {
  GStrv argv;
  GPtrArray *files; /* VtMachineFile */
} VtMachineCommand;
VtMachineCommand *vt_machine_command_new (const VtConf *conf, const char *folder,
                                          const VtProcessOptions *options, GError **error);
void vt_machine_command_free (VtMachineCommand *command);
/* A forwarded port in the syntax of hostfwd=, with or without where it leads to. */
char *vt_machine_forward_rule (const VtConfForward *forward, bool to_guest);
