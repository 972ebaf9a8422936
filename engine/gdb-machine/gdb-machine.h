/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* gdb's view of a machine: its vCPUs are threads. Main thread. */

#include "machine.h"

typedef struct GdbMachine GdbMachine;

/* Waits for gdb where -gdb says: "tcp::PORT" and a bare "PORT" (reached from this computer only),
 * "tcp:HOST:PORT", "unix:PATH", "stdio", "chardev:ID" or another of -serial's. gdb stops the machine when it
 * comes. One per process, and before the machine is freed. */
GdbMachine *gdb_machine_new (Machine *machine, const char *where, GError **error);
/* The machine goes on as if gdb had never been. */
void gdb_machine_free (GdbMachine *server);
