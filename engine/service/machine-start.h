/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What machine-process.c needs of the start of a process: any thread. */

#include "machine-process.h"

/* Opens the machine's files and starts its process, which listens on the socket of `uuid` when it is ready.
 */
GSubprocess *vt_machine_spawn (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                               GError **error);
/* With this begins a line in the log that says when the machine was started. */
#define VT_LOG_MARK "[started "
/* In the runtime directory. */
char *vt_machine_socket_path (const char *uuid);
char *vt_machine_end_path (const char *uuid);
/* What its process was started with. */
char *vt_machine_running_conf_path (const char *uuid);
/* Whether the last process of this machine has said that it ends: the guest has powered off, or somebody told
 * it to. */
bool vt_machine_has_said_end (const char *uuid);
/* The end of its log, at most so many bytes, as UTF-8; never NULL. A machine that is not what it was may have
 * written any amount. */
char *vt_machine_log_end (const char *folder, size_t most);
/* The last lines of what it printed since it was started, for people; never NULL. */
char *vt_machine_log_tail (const char *folder);

/* Where the guest's firmware keeps its settings: makes the file if the machine has none, or has lost it. */
bool vt_efi_variables_make (const VtConf *conf, const char *folder, GError **error);

/* Opens `first`, and, if it is the layered image of `disk` (NULL: it is not), what its settings have below
 * it, for reading. `take` gets each. */
bool vt_disk_open_chain (const VtConfDisk *disk, const char *first, int flags,
                         void (*take) (void *opaque, const char *path, int fd), void *opaque, GError **error);
/* Puts into the settings what is below the images that are new in them: whoever chose an image chose that,
 * too.
 */
void vt_conf_note_chains (VtConf *conf, const VtConf *before, const char *folder);
