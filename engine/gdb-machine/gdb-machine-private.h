/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the files of the machine's gdb server. All of it runs on the main thread, with the vCPUs standing;
 * only what watches memory is called on theirs. */

#include "gdb-machine.h"

#include "gdb-packet.h"
#include "gdb-target.h"

typedef enum { GDB_HOLD, GDB_CONTINUE, GDB_STEP } GdbAction;
typedef enum { GDB_WATCH_WRITE = 1, GDB_WATCH_READ = 2, GDB_WATCH_ACCESS = 3 } GdbWatchKind;

/* gdb's numbers of signals. */
enum { GDB_SIGNAL_0 = 0, GDB_SIGNAL_INT = 2, GDB_SIGNAL_QUIT = 3, GDB_SIGNAL_TRAP = 5, GDB_SIGNAL_STOP = 17 };

/* A vCPU as gdb's thread: its number is the index and one. */
typedef struct {
  Vcpu *vcpu;
  Cpu *cpu;
  GdbAction action;
  uint64_t range_start, range_end; /* a step goes on while the pc is inside */
  /* See machine-watch.c. */
  enum { GDB_WATCH_IDLE, GDB_WATCH_ARMED, GDB_WATCH_PASSING } watch;
  GdbWatchKind hit_kind; /* 0: nothing was touched */
  uint64_t hit_addr;
} GdbVcpu;

struct GdbMachine {
  Machine *machine;
  Chardev *chr;
  GdbReader reader;
  GByteArray *out; /* what chr does not take yet */
  bool waits;      /* for chr to take it */
  GString *sent;   /* the last packet, in case gdb wants it again */
  GString *reply;
  GdbVcpu *vcpus;
  unsigned n_vcpus;
  bool attached;
  bool running; /* gdb waits for a stop */
  bool no_ack, multiprocess;
  bool physical; /* memory is addressed as the bus has it */
  bool stopping; /* we ourselves stop or start the machine */
  int general;   /* Hg, Hc: a thread, 0 for any, -1 for all */
  int resume;
  unsigned current, listed;
  /* The last stop. */
  unsigned signal;
  const char *watch; /* gdb's name of the kind, or NULL */
  uint64_t watch_addr;
  GHashTable *wanted, *inserted; /* breakpoints: uint64_t */
};

/* What is to be done after a command, when it has been answered. */
typedef enum { GDB_STAY, GDB_RESUME, GDB_DETACH, GDB_KILL } GdbNext;

/* gdb-machine.c */
/* The one there is, or NULL. */
extern GdbMachine *gdb_machine;
void gdb_send (GdbMachine *s, const char *data, size_t size);

/* machine-command.c */
typedef GdbNext (*GdbHandler) (GdbMachine *s, const char *args, size_t size);
typedef struct {
  const char *name; /* what the command starts with */
  GdbHandler run;   /* gets the rest */
} GdbCommand;
GdbNext gdb_dispatch (GdbMachine *s, const GdbCommand *table, const char *command, size_t size);
GdbNext gdb_command (GdbMachine *s, const char *command, size_t size);
GdbNext gdb_ok (GdbMachine *s);
GdbNext gdb_error (GdbMachine *s, int error);

/* machine-thread.c */
GdbVcpu *gdb_general (GdbMachine *s);
void gdb_append_id (const GdbMachine *s, GString *out, unsigned index);
/* 0 is any, -1 all. */
bool gdb_parse_id (const GdbMachine *s, const char **text, int *ret_id);
void gdb_append_stop (GdbMachine *s, GString *out);
GdbNext gdb_stop_reason (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_set_thread (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_thread_alive (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_first_threads (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_next_threads (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_thread_extra (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_current_thread (GdbMachine *s, const char *args, size_t size);

/* machine-query.c */
GdbNext gdb_query (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_set (GdbMachine *s, const char *args, size_t size);

/* machine-memory.c */
GdbNext gdb_read_registers (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_write_registers (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_read_register (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_write_register (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_read_memory (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_write_memory (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_write_binary (GdbMachine *s, const char *args, size_t size);

/* machine-point.c */
GdbNext gdb_insert_point (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_remove_point (GdbMachine *s, const char *args, size_t size);
bool gdb_has_breakpoint (const GdbMachine *s, uint64_t pc);
/* The translator gets to know the breakpoints as they are wanted now. */
void gdb_sync_points (GdbMachine *s);
void gdb_remove_all_points (GdbMachine *s);

/* machine-watch.c */
/* False when there are too many, or none such to remove. */
bool gdb_watch_insert (GdbMachine *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
bool gdb_watch_remove (GdbMachine *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
void gdb_watch_remove_all (GdbMachine *s);
const char *gdb_watch_name (GdbWatchKind kind);
/* The vCPU may have stopped on account of a watchpoint. True if so: hit_kind says whether there is something
 * to report. */
bool gdb_watch_stopped (GdbVcpu *v);
void gdb_watch_cancel (GdbVcpu *v);

/* machine-resume.c */
GdbNext gdb_vcont (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_vcont_query (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_continue (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_continue_signal (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_step (GdbMachine *s, const char *args, size_t size);
GdbNext gdb_step_signal (GdbMachine *s, const char *args, size_t size);
/* The vCPUs go on as ordered. */
void gdb_run (GdbMachine *s);
/* Stops the machine and tells gdb. */
void gdb_interrupt (GdbMachine *s);
/* The machine stands: gdb is told why. */
void gdb_report (GdbMachine *s, unsigned index, unsigned signal);
/* Of machine_set_debug_hook(). */
void gdb_on_debug (void *opaque, Vcpu *vcpu);
/* No trace of us is left in the vCPUs; a machine that we have stopped goes on. */
void gdb_let_go (GdbMachine *s);
