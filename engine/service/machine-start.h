/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What machine-process.c needs of the start of a process: any thread. */

#include "machine-process.h"

/* Opens the machine's files and starts its process, which listens on the socket of `uuid` when it is ready.
 */
GSubprocess *vt_machine_spawn (const VtConf *conf, const char *folder, const VtProcessOptions *options,
                               GError **error);
char *vt_machine_socket_path (const char *uuid);
/* The last lines of its log, for people; never NULL. */
char *vt_machine_log_tail (const char *folder);
