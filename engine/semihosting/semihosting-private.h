/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of this room share. */

#include "semihosting.h"

#include <sys/types.h>

/* Handles that the guest can have. 0 is none of them; behind them are the console's, which it cannot name. */
#define SEMIHOSTING_HANDLES 256
enum {
  SEMIHOSTING_STDIN = SEMIHOSTING_HANDLES,
  SEMIHOSTING_STDOUT,
  SEMIHOSTING_STDERR,
  SEMIHOSTING_ALL_HANDLES
};

typedef enum { HANDLE_FREE, HANDLE_FILE, HANDLE_CONSOLE, HANDLE_FEATURES } HandleKind;
typedef struct {
  HandleKind kind;
  int fd;    /* of a file */
  bool ours; /* to be closed */
  bool readable, writable;
  bool always_ready; /* reading and writing do not wait for somebody else */
  size_t at;         /* in the list of features */
} Handle;

#define CONSOLE_INPUT 4096 /* bytes that are kept for the guest */

struct Semihosting {
  SemihostingConfig config; /* command_line is ours */
  CpuSemihosting hooks;
  unsigned generation; /* counts resets */
  bool told_of_system;
  /* protects the handles */
  GMutex lock;
  Handle handles[SEMIHOSTING_ALL_HANDLES];
  /* protects what follows: the console's input, and the vCPUs that wait for it or for room for output */
  GMutex console_lock;
  uint8_t input[CONSOLE_INPUT];
  unsigned input_start, input_used;
  GPtrArray *waiting; /* Cpu */
};

/* Results of reading and writing besides a number of bytes. */
enum { SEMIHOSTING_ERROR = -1, SEMIHOSTING_WAIT = -2 };

/* semihosting-files.c. These return -1 with errno set. */
void semihosting_init_handles (Semihosting *s);
void semihosting_close_all (Semihosting *s);
/* A new handle. `mode` is a number of fopen()'s modes as the specification has them. */
int64_t semihosting_open (Semihosting *s, const char *name, uint64_t mode);
int semihosting_close (Semihosting *s, uint64_t handle);
/* Some bytes, at most `size`; SEMIHOSTING_WAIT: nothing can be done before somebody else acts. */
ssize_t semihosting_read (Semihosting *s, Cpu *cpu, uint64_t handle, void *buffer, size_t size);
ssize_t semihosting_write (Semihosting *s, Cpu *cpu, uint64_t handle, const void *data, size_t size);
/* Whether more may follow at once where some bytes have been read. */
bool semihosting_always_ready (Semihosting *s, uint64_t handle);
int semihosting_is_tty (Semihosting *s, uint64_t handle);
int semihosting_seek (Semihosting *s, uint64_t handle, uint64_t position);
int64_t semihosting_length (Semihosting *s, uint64_t handle);
/* After SEMIHOSTING_WAIT: sleeps until trying again has sense. False: the vCPU is to stand still. */
bool semihosting_wait (Semihosting *s, Cpu *cpu, uint64_t handle, bool output);

/* semihosting-console.c: of a character device. As above. */
bool semihosting_attach_console (Semihosting *s, GError **error);
void semihosting_detach_console (Semihosting *s);
ssize_t semihosting_console_read (Semihosting *s, Cpu *cpu, void *buffer, size_t size);
ssize_t semihosting_console_write (Semihosting *s, Cpu *cpu, const void *data, size_t size);
bool semihosting_console_wait (Semihosting *s, Cpu *cpu);

/* ---- Between the operations. ---- */

typedef struct {
  Semihosting *s;
  Cpu *cpu;
  uint32_t op;
  uint64_t arg;      /* the register's value: mostly the address of a block of words */
  uint64_t field[4]; /* what the block says */
  uint64_t result;
} SemihostingCall;

/* The operation is done; or was refused, with an error for SYS_ERRNO. Both return true. */
bool semihosting_done (SemihostingCall *call, uint64_t result);
bool semihosting_fail (SemihostingCall *call, int error);
void semihosting_note_errno (int error);
/* The guest's number of a handle; what it cannot have becomes 0, which is none. */
uint64_t semihosting_handle_of (const SemihostingCall *call);

/* semihosting-transfer.c. False: the instruction is to be executed again. */
bool semihosting_op_writec (SemihostingCall *call);
bool semihosting_op_write0 (SemihostingCall *call);
bool semihosting_op_write (SemihostingCall *call);
bool semihosting_op_read (SemihostingCall *call);
bool semihosting_op_readc (SemihostingCall *call);
