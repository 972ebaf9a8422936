/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the files of the stub: the process as gdb's target.
 *
 * A host thread of its own, the stub thread, speaks with gdb.  A guest thread that has something to tell
 * rests in gdb_report() until the stub thread has stopped all others, has told gdb, and gdb has let it go on.
 * So commands run on the stub thread while every guest thread rests, and may look at all of them freely. */

#include "gdb-server.h"
#include "user-debug.h"

typedef enum {
  USER_STOP_NONE,
  USER_STOP_ATTACH,     /* before the first instruction */
  USER_STOP_INTERRUPT,  /* gdb asked */
  USER_STOP_BREAKPOINT, /* before an instruction with one */
  USER_STOP_STEP,       /* a step is done */
  USER_STOP_WATCH,      /* after an access of watched memory */
  USER_STOP_SIGNAL,     /* `info` is to be delivered */
  USER_STOP_IDLE,       /* all threads that gdb let run are gone */
  USER_STOP_EXIT,       /* the process ends */
} UserStopKind;

typedef struct {
  UserStopKind kind;
  siginfo_t info;     /* of SIGNAL */
  GdbWatchKind watch; /* of WATCH, and the address of the watchpoint */
  uint64_t watch_addr;
  int status, exit_sig; /* of EXIT */
} UserStop;

typedef struct {
  GdbThread gdb;
  UserThread *user;
  uint64_t inject; /* bit n-1: signal n comes from gdb and is not to be reported; atomic */
  /* Protected by gdb_lock. */
  UserStop stop; /* it rests in gdb_report() with this, if kind is not NONE */
  bool reported; /* gdb knows of it */
  bool decided;  /* gdb has said which signal to go on with */
  bool released; /* it may leave */
  int deliver;   /* the signal to go on with */
  /* The thread's own. */
  uint64_t entering; /* a handler whose start ends the step, or 0 */
} GdbUserThread;

typedef struct {
  GdbServer server;  /* its threads are protected by gdb_lock */
  uint64_t pass;     /* signals gdb need not see: bit n-1 */
  GHashTable *files; /* open vFile descriptors: number -> host path */
  unsigned next_file;
  int socket, wake; /* wake: an eventfd by which guest threads wake the stub thread */
  bool recheck;     /* a thread has ended: perhaps none is left to run; atomic */
  bool gone;        /* the stub thread is; protected by gdb_lock */
  GCond released;   /* with gdb_lock */
} GdbProcess;

extern GMutex gdb_lock;
/* The one there is. */
extern GdbProcess gdb_process;
extern _Thread_local GdbUserThread *gdb_self; /* of the calling guest thread */

/* ---- gdb-process.c ---- */

extern const GdbTarget gdb_process_target;
void gdb_process_init (GdbProcess *p, const GdbTarget *target);
void gdb_process_clear (GdbProcess *p);

/* ---- gdb-file.c: gdb reads files through us ---- */

GdbNext gdb_file (GdbServer *s, const char *args, size_t size);

/* ---- gdb-user-thread.c ---- */

GdbUserThread *gdb_thread_add (GdbProcess *p, UserThread *user);
void gdb_thread_remove (GdbProcess *p, GdbUserThread *t);
/* Of GdbTarget. */
char *gdb_thread_name (const GdbThread *t);
void gdb_thread_signal (GdbThread *t, unsigned number);
/* After GDB_RESUME: a thread with a stop that gdb must hear of before anything runs, or NULL: then all
 * threads are set to go. */
GdbUserThread *gdb_resume_threads (GdbProcess *p);
/* All go on for good, as if gdb had never been. */
void gdb_let_go (GdbProcess *p);

/* ---- gdb-guest.c ---- */

extern const UserDebugger gdb_debugger;
/* Rests until gdb lets the calling guest thread go on; returns the signal to go on with. */
int gdb_report (GdbUserThread *t, const UserStop *stop);

/* ---- gdb-signal.c ---- */

/* gdb's numbers for the guest's signals and back; unknown ones: GDB_SIGNAL_UNKNOWN, 0. */
#define GDB_SIGNAL_UNKNOWN 143
unsigned gdb_signal_from_guest (int sig);
int gdb_signal_to_guest (unsigned number);

/* ---- gdb-socket.c ---- */

/* A connected socket, or -1 and an error. */
int gdb_accept (const char *where, GError **error);

/* ---- gdb-stub.c ---- */

void gdb_stub_send (GdbServer *s, const char *data, size_t size);
