/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Semihosting: what a program without an operating system asks of the host instead, as a debugger would
 * answer
 * ("Semihosting for AArch32 and AArch64", and the RISC-V one, which takes its operations from there). The
 * instruction by which it asks is the front end's affair (CpuSemihosting).
 *
 * The guest gets the files of the host with the user's rights. What it says is hostile all the same: numbers,
 * lengths and addresses are checked, and its memory is reached by its own translation. */

#include "chardev.h"
#include "softmmu.h"

typedef struct Semihosting Semihosting;

typedef struct {
  bool user;                /* unprivileged code may ask, too */
  Chardev *console;         /* NULL: standard input, output and error */
  const char *command_line; /* copied */
  Clock *clock;             /* outlives it */
  /* The guest has ended with this status; on its vCPU's thread. */
  void (*exit) (void *opaque, int status);
  /* Memory that nothing was loaded to; an empty range where there is none. */
  void (*free_ram) (void *opaque, uint64_t *ret_start, uint64_t *ret_end);
  void *opaque;
} SemihostingConfig;

/* NULL and an error when the console has another user. */
Semihosting *semihosting_new (const SemihostingConfig *config, GError **error);
void semihosting_free (Semihosting *s); /* after the vCPUs */
/* The machine starts anew, and stands still: closes what the guest has opened. */
void semihosting_reset (Semihosting *s);
/* For cpu_set_semihosting(). */
const CpuSemihosting *semihosting_hooks (const Semihosting *s);
