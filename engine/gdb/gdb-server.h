/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* gdb's server for anything that has threads, registers and memory: it reads what gdb sends, keeps what gdb
 * has set, and answers.  What is debugged stands behind a GdbTarget.
 *
 * The server has no thread of its own and no socket: a target feeds it bytes, does what they ask for, and
 * tells it of stops.  Commands run only while every thread of the guest rests. */

#include "cpu.h"
#include "gdb-packet.h"

typedef struct GdbServer GdbServer;
typedef struct GdbTarget GdbTarget;

typedef enum { GDB_HOLD, GDB_CONTINUE, GDB_STEP } GdbAction;
typedef enum { GDB_WATCH_WRITE = 1, GDB_WATCH_READ = 2, GDB_WATCH_ACCESS = 3 } GdbWatchKind;

/* Those of gdb's numbers of signals that mean something by themselves. */
enum { GDB_SIGNAL_0 = 0, GDB_SIGNAL_INT = 2, GDB_SIGNAL_QUIT = 3, GDB_SIGNAL_TRAP = 5, GDB_SIGNAL_STOP = 17 };

/* A thread as gdb knows it: the first member of what a target keeps for one. */
typedef struct {
  int id; /* from 1 */
  Cpu *cpu;
  /* How gdb let it go; changed while it rests. */
  GdbAction action;
  uint64_t range_start, range_end; /* a step goes on while the pc is inside */
  /* The thread's own: see gdb-watch.c. */
  enum { GDB_WATCH_IDLE, GDB_WATCH_ARMED, GDB_WATCH_PASSING } watch;
  GdbWatchKind hit; /* 0: nothing was touched */
  uint64_t hit_addr;
} GdbThread;

/* What gdb is told. */
typedef enum {
  GDB_STOP_SIGNAL, /* `value` in gdb's number */
  GDB_STOP_WATCH,  /* `watch` at `addr` was touched; the signal is SIGTRAP */
  GDB_STOP_IDLE,   /* all threads that gdb let run are gone */
  GDB_STOP_EXITED, /* with status `value`; as the last it changes nothing else */
  GDB_STOP_KILLED, /* by signal `value` */
} GdbStopKind;

typedef struct {
  GdbStopKind kind;
  unsigned value;
  GdbWatchKind watch;
  uint64_t addr;
} GdbStop;

/* What a target is to do after a command, which has been answered. */
typedef enum {
  GDB_STAY,
  GDB_RESUME,    /* let threads go on by their actions; gdb waits for a stop */
  GDB_INTERRUPT, /* stop them, and tell */
  GDB_DETACH,
  GDB_KILL,
} GdbNext;

typedef GdbNext (*GdbHandler) (GdbServer *s, const char *args, size_t size);
/* A table of them ends with a NULL name. */
typedef struct {
  const char *name; /* what the command starts with */
  GdbHandler run;   /* gets the rest, which a NUL follows; appends its answer to `reply` */
} GdbCommand;
typedef struct {
  const char *name;                                   /* as qXfer:NAME:read has it */
  GString *(*read) (GdbServer *s, const char *annex); /* NULL: there is none of that annex */
} GdbObject;

/* What is debugged.  All functions are there but where it says otherwise; all but self() are called while the
 * guest's threads rest. */
struct GdbTarget {
  const char *osabi;          /* of the target description */
  const char *features;       /* what qSupported says besides: ";NAME+..." or "" */
  bool outlives;              /* was there before gdb, and remains when gdb quits */
  const GdbCommand *commands; /* that come before the server's; may be NULL */
  const GdbObject *objects;   /* besides the server's; may be NULL */
  /* Bytes to gdb; may be called at any time. */
  void (*send) (GdbServer *s, const char *data, size_t size);
  char *(*thread_name) (const GdbThread *t); /* newly allocated */
  /* Memory within a page as `t` has it, or as anybody does if that is NULL.  False if it cannot be had. */
  bool (*memory) (GdbServer *s, GdbThread *t, uint64_t addr, void *bytes, size_t size, bool write);
  /* gdb has set the thread's pc.  May be NULL. */
  void (*moved) (GdbThread *t);
  /* A thread is to go on, with a signal (in gdb's number) if it is not 0.  NULL: signals mean
   * nothing to it. */
  void (*signal) (GdbThread *t, unsigned number);
  /* The thread that runs on the calling host thread, or NULL if what runs there is not debugged. */
  GdbThread *(*self) (void);
  /* What a line of `monitor` prints: newly allocated. */
  char *(*monitor) (GdbServer *s, const char *line);
};

struct GdbServer {
  const GdbTarget *target;
  GPtrArray *threads; /* of GdbThread; the target's, and whoever adds one sees to locks */
  int process;        /* the process's id, where gdb wants one */
  GdbReader reader;
  GString *reply;          /* the answer in the making */
  GString *sent;           /* the last packet, in case gdb wants it again */
  bool running;            /* gdb waits for a stop, and can only interrupt */
  GdbThread *current;      /* whose stop was told last; NULL if it is gone */
  GdbStop last;            /* that stop */
  int general, resume;     /* Hg, Hc: a thread's id, 0 for any, -1 for all */
  guint listed;            /* threads that qfThreadInfo has told so far */
  GHashTable *breakpoints; /* as gdb wants them: uint64_t */
  GHashTable *inserted;    /* as the translator has them */
  bool no_ack, multiprocess, no_resumed;
};

/* ---- gdb-server.c: packets and commands ---- */

/* One without threads. */
void gdb_server_init (GdbServer *s, const GdbTarget *target, int process);
void gdb_server_clear (GdbServer *s);
/* Another gdb has come: nothing of what the last one agreed on holds. */
void gdb_server_restart (GdbServer *s);
/* A byte from gdb, and what to do about it. */
GdbNext gdb_server_byte (GdbServer *s, uint8_t byte);
/* A packet to gdb. */
void gdb_server_send (GdbServer *s, const char *data, size_t size);
/* Finds and runs the first of the table that fits; an unknown command's answer is empty. */
GdbNext gdb_dispatch (GdbServer *s, const GdbCommand *table, const char *command, size_t size);
/* Answers. */
GdbNext gdb_ok (GdbServer *s);
GdbNext gdb_error (GdbServer *s, int error);

/* ---- gdb-thread.c ---- */

void gdb_server_add (GdbServer *s, GdbThread *t, int id, Cpu *cpu);
void gdb_server_remove (GdbServer *s, GdbThread *t);
GdbThread *gdb_server_find (const GdbServer *s, int id);
/* The thread commands are about: the one Hg names, else the current one; NULL if there is none. */
GdbThread *gdb_server_general (const GdbServer *s);
/* The stop becomes the one gdb hears of when it asks.  `t` is NULL where it is of none in particular. */
void gdb_server_select (GdbServer *s, GdbThread *t, const GdbStop *stop);
/* The same, and gdb, which waits for it, is told. */
void gdb_server_tell (GdbServer *s, GdbThread *t, const GdbStop *stop);

/* ---- gdb-point.c ---- */

bool gdb_has_breakpoint (const GdbServer *s, uint64_t pc);
/* The translator learns of the breakpoints as they are wanted now.  gdb takes its own out at each stop and
 * puts them in again, and a change costs much translated code: so this is for when code is to run. */
void gdb_sync_breakpoints (GdbServer *s);
/* Watchpoints too. */
void gdb_remove_points (GdbServer *s);

/* ---- gdb-watch.c: watchpoints, of one server at a time ---- */

bool gdb_watch_exists (uint64_t addr);
/* Makes a cpu notice watched accesses, or not. */
void gdb_watch_cpu (Cpu *cpu, bool on);
/* The thread left guest code with IR_EXIT_DEBUG.  True if that was about a watchpoint alone: it is to go on
 * PASSING, or has made a `hit` to report. */
bool gdb_watch_stopped (GdbThread *t);
/* Something came between, or the hit is reported: the next access starts afresh. */
void gdb_watch_cancel (GdbThread *t);

/* ---- gdb-resume.c ---- */

/* Whether the thread is to run by single instructions. */
bool gdb_thread_steps (const GdbThread *t);
/* Whether a step that has come to its pc is done. */
bool gdb_step_done (const GdbServer *s, const GdbThread *t);
