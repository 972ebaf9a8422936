/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the files of the machine as gdb's target. All of it runs on the main thread, with the vCPUs
 * standing; only what watches memory is called on theirs. */

#include "gdb-machine.h"

#include "gdb-server.h"

/* A vCPU as gdb's thread: its number is the index and one. */
typedef struct {
  GdbThread gdb;
  Vcpu *vcpu;
} GdbVcpu;

struct GdbMachine {
  GdbServer server;
  Machine *machine;
  Chardev *chr;    /* NULL when the server has ended */
  GByteArray *out; /* what chr does not take yet */
  bool waits;      /* for chr to take it */
  GdbVcpu *vcpus;
  unsigned n_vcpus;
  bool attached;
  bool physical; /* memory is addressed as the bus has it */
  bool stopping; /* we ourselves stop or start the machine */
  bool busy;     /* obeys gdb */
};

/* gdb-machine.c */
/* The one there is, or NULL. */
extern GdbMachine *gdb_machine;
void gdb_machine_send (GdbServer *s, const char *data, size_t size);

/* machine-target.c */
extern const GdbTarget gdb_machine_target;

/* machine-run.c */
/* The vCPUs go on as ordered. */
void gdb_machine_run (GdbMachine *m);
/* Stops the machine and tells gdb. */
void gdb_machine_interrupt (GdbMachine *m);
/* The machine stands: gdb is told why. */
void gdb_machine_report (GdbMachine *m, GdbVcpu *v, unsigned signal);
/* Of machine_set_debug_hook(). */
void gdb_machine_on_debug (void *opaque, Vcpu *vcpu);
/* No trace of us is left in the vCPUs; a machine that we have stopped goes on. */
void gdb_machine_let_go (GdbMachine *m);
