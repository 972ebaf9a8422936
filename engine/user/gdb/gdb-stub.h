/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The debugger stub of user mode: -g. */

#include "user.h"

/* Waits for gdb to connect: `where` is a TCP port of this machine's own address (0: a free one, which is
 * printed) or the path of a Unix socket.  False and an error if that cannot be. */
bool gdb_listen (const char *where, GError **error);

/* Attaches the connected gdb to the process, whose only thread is the caller; returns when gdb lets it run.
 */
void gdb_attach (UserThread *thread);
