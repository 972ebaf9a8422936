/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the files of the stub.
 *
 * A host thread of its own, the stub thread, speaks with gdb.  A guest thread that has something to tell
 * rests in gdb_report() until the stub thread has stopped all others, has told gdb, and gdb has let it go on.
 * So commands run on the stub thread while every guest thread rests, and may look at all of them freely. */

#include "gdb-packet.h"
#include "gdb-target.h"
#include "user.h"

typedef struct GdbServer GdbServer;
typedef struct GdbThread GdbThread;

typedef enum {
  GDB_STOP_NONE,
  GDB_STOP_ATTACH,     /* before the first instruction */
  GDB_STOP_INTERRUPT,  /* gdb asked */
  GDB_STOP_BREAKPOINT, /* before an instruction with one */
  GDB_STOP_STEP,       /* a step is done */
  GDB_STOP_WATCH,      /* after an access of watched memory */
  GDB_STOP_SIGNAL,     /* `info` is to be delivered */
  GDB_STOP_IDLE,       /* all threads that gdb let run are gone */
  GDB_STOP_EXIT,       /* the process ends */
} GdbStopKind;

typedef struct {
  GdbStopKind kind;
  siginfo_t info;    /* of SIGNAL */
  const char *watch; /* of WATCH: gdb's name of the kind, and the address of the watchpoint */
  uint64_t watch_addr;
  int status, exit_sig; /* of EXIT */
} GdbStop;

typedef enum { GDB_HOLD, GDB_CONTINUE, GDB_STEP } GdbAction;

struct GdbThread {
  UserThread *user;
  pid_t tid;
  /* How gdb let it go; changed while it rests. */
  GdbAction action;
  uint64_t range_start, range_end; /* a step goes on while the pc is inside */
  uint64_t inject;                 /* bit n-1: signal n comes from gdb and is not to be reported; atomic */
  /* Protected by gdb_lock. */
  GdbStop stop;  /* it rests in gdb_report() with this, if kind is not NONE */
  bool reported; /* gdb knows of it */
  bool decided;  /* gdb has said which signal to go on with */
  bool released; /* it may leave */
  int deliver;   /* the signal to go on with */
  /* The thread's own. */
  enum { GDB_WATCH_IDLE, GDB_WATCH_ARMED, GDB_WATCH_PASSING } watch; /* see gdb-watch.c */
  GdbStop watch_hit;
  bool was_stepping; /* what single_step was before PASSING */
  uint64_t entering; /* a handler whose start ends the step, or 0 */
};

/* What the stub does after a command. */
typedef enum { GDB_STAY, GDB_RESUME, GDB_DETACH, GDB_KILL } GdbNext;

struct GdbServer {
  void (*send) (GdbServer *s, const char *data, size_t size); /* a packet to gdb */
  GString *reply;
  GPtrArray *threads;    /* of GdbThread; protected by gdb_lock */
  GdbThread *current;    /* whose stop was told last; NULL if it is gone */
  GdbStop last;          /* the stop told last */
  pid_t general, resume; /* Hg, Hc: a thread's id, 0 for any, -1 for all */
  guint listed;          /* threads that qfThreadInfo has told so far */
  uint64_t pass;         /* signals gdb need not see: bit n-1 */
  GHashTable *breakpoints;
  GHashTable *files; /* open vFile descriptors: number -> host path */
  unsigned next_file;
  bool no_ack, multiprocess, no_resumed;
};

/* ---- gdb-server.c: commands ---- */

void gdb_server_init (GdbServer *s);
void gdb_server_clear (GdbServer *s);
/* Runs a command (followed by a NUL) and answers it. */
GdbNext gdb_command (GdbServer *s, const char *command, size_t size);
/* The thread commands are about: the one Hg names, else the current one; NULL if there is none. */
GdbThread *gdb_general_thread (const GdbServer *s);

typedef GdbNext (*GdbHandler) (GdbServer *s, const char *args, size_t size);
typedef struct {
  const char *name; /* what the command starts with */
  GdbHandler run;   /* gets the rest */
} GdbCommand;
/* Finds and runs the first of the table that fits; an unknown command's answer is empty. */
GdbNext gdb_dispatch (GdbServer *s, const GdbCommand *table, const char *command, size_t size);

/* Answers. */
GdbNext gdb_ok (GdbServer *s);
GdbNext gdb_error (GdbServer *s, int error);

/* ---- gdb-query.c ---- */

GdbNext gdb_query (GdbServer *s, const char *args, size_t size);
GdbNext gdb_set (GdbServer *s, const char *args, size_t size);

/* ---- gdb-file.c: gdb reads files through us ---- */

GdbNext gdb_file (GdbServer *s, const char *args, size_t size);

/* ---- gdb-regs.c ---- */

GdbNext gdb_read_registers (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_registers (GdbServer *s, const char *args, size_t size);
GdbNext gdb_read_register (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_register (GdbServer *s, const char *args, size_t size);

/* ---- gdb-mem.c ---- */

GdbNext gdb_read_memory (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_memory (GdbServer *s, const char *args, size_t size);
GdbNext gdb_write_binary (GdbServer *s, const char *args, size_t size);

/* ---- gdb-break.c ---- */

GdbNext gdb_insert_point (GdbServer *s, const char *args, size_t size);
GdbNext gdb_remove_point (GdbServer *s, const char *args, size_t size);
bool gdb_has_breakpoint (const GdbServer *s, uint64_t pc);
void gdb_remove_all_points (GdbServer *s);

/* ---- gdb-watch.c ---- */

typedef enum { GDB_WATCH_WRITE = 1, GDB_WATCH_READ = 2, GDB_WATCH_ACCESS = 3 } GdbWatchKind;
/* False when there are too many, or none such to remove. */
bool gdb_watch_insert (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
bool gdb_watch_remove (GdbServer *s, GdbWatchKind kind, uint64_t addr, uint64_t size);
void gdb_watch_remove_all (GdbServer *s);
bool gdb_watch_exists (uint64_t addr);
/* Makes a cpu notice watched accesses, or not. */
void gdb_watch_cpu (Cpu *cpu, bool on);
/* The guest thread left guest code with IR_EXIT_DEBUG.  True if that was about a watchpoint alone: *ret_stop
 * is what to report, of kind NONE if nothing. */
bool gdb_watch_stopped (GdbThread *t, GdbStop *ret_stop);
/* Something came between: the access starts afresh. */
void gdb_watch_cancel (GdbThread *t);
void gdb_set_single_step (GdbThread *t, bool on);

/* ---- gdb-resume.c ---- */

GdbNext gdb_vcont (GdbServer *s, const char *args, size_t size);
GdbNext gdb_vcont_query (GdbServer *s, const char *args, size_t size);
GdbNext gdb_continue (GdbServer *s, const char *args, size_t size);
GdbNext gdb_continue_signal (GdbServer *s, const char *args, size_t size);
GdbNext gdb_step (GdbServer *s, const char *args, size_t size);
GdbNext gdb_step_signal (GdbServer *s, const char *args, size_t size);
/* After GDB_RESUME: a thread with a stop that gdb must hear of before anything runs, or NULL: then all
 * threads are set to go. */
GdbThread *gdb_resume_threads (GdbServer *s);
/* All go on for good, as if gdb had never been. */
void gdb_let_go (GdbServer *s);

/* ---- gdb-thread.c ---- */

extern GMutex gdb_lock;
extern _Thread_local GdbThread *gdb_self; /* of the calling guest thread */
GdbThread *gdb_thread_add (GdbServer *s, UserThread *user);
void gdb_thread_remove (GdbServer *s, GdbThread *t);
GdbThread *gdb_thread_find (const GdbServer *s, pid_t tid);
/* The stop of `t` becomes the one gdb is told of. */
void gdb_thread_select (GdbServer *s, GdbThread *t, const GdbStop *stop);
/* Appends a stop reply for `last`. */
void gdb_append_stop (GdbServer *s);
void gdb_append_id (const GdbServer *s, GString *out, pid_t tid);
/* Reads a thread id: *ret_tid is 0 for any, -1 for all. */
bool gdb_parse_id (const char **text, pid_t *ret_tid);
GdbNext gdb_stop_reason (GdbServer *s, const char *args, size_t size);
GdbNext gdb_set_thread (GdbServer *s, const char *args, size_t size);
GdbNext gdb_thread_alive (GdbServer *s, const char *args, size_t size);
GdbNext gdb_first_threads (GdbServer *s, const char *args, size_t size);
GdbNext gdb_next_threads (GdbServer *s, const char *args, size_t size);
GdbNext gdb_thread_extra (GdbServer *s, const char *args, size_t size);
GdbNext gdb_current_thread (GdbServer *s, const char *args, size_t size);
char *gdb_thread_name (pid_t tid);

/* ---- gdb-signal.c ---- */

/* gdb's numbers for the guest's signals and back; unknown ones: GDB_SIGNAL_UNKNOWN, 0. */
#define GDB_SIGNAL_UNKNOWN 143
int gdb_signal_from_guest (int sig);
int gdb_signal_to_guest (int number);

/* ---- gdb-socket.c ---- */

/* A connected socket, or -1 and an error. */
int gdb_accept (const char *where, GError **error);
