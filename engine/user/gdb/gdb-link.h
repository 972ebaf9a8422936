/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the guest threads and the stub thread. */

#include "gdb-server.h"
#include "user-debug.h"

typedef struct {
  GdbServer server;
  int socket, wake; /* wake: an eventfd by which guest threads wake the stub thread */
  bool recheck;     /* a thread has ended: perhaps none is left to run; atomic */
  bool gone;        /* the stub thread is; protected by gdb_lock */
  GCond released;   /* with gdb_lock */
} GdbLink;
extern GdbLink gdb_link;

extern const UserDebugger gdb_debugger;

/* Rests until gdb lets the calling guest thread go on; returns the signal to go on with. */
int gdb_report (GdbThread *t, const GdbStop *stop);
