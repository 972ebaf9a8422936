/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The -d log: items that can be switched on, and one stream they go to. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum {
  VLOG_IN_ASM = 1 << 0,  /* guest code as it is translated */
  VLOG_IR = 1 << 1,      /* its intermediate representation */
  VLOG_OUT_ASM = 1 << 2, /* the host code made from it */
  VLOG_EXEC = 1 << 3,    /* each block entered */
  VLOG_INT = 1 << 4,     /* exceptions and signals */
  VLOG_CPU = 1 << 5,     /* registers before each block */
  VLOG_UNIMP = 1 << 6,   /* what the guest asked for and we lack */
  VLOG_STRACE = 1 << 7,  /* system calls */
  VLOG_PAGE = 1 << 8,    /* guest memory map changes */
  VLOG_COUNT = 1 << 9,   /* counters of the translator, at exit */
  /* What there is in programs, and in machines. */
  VLOG_USER = (1 << 10) - 1,
  VLOG_SYSTEM = VLOG_USER & ~(VLOG_STRACE | VLOG_PAGE),
} VlogItem;

extern uint32_t vlog_mask;

static inline bool
vlog_enabled (uint32_t items)
{
  return __builtin_expect ((vlog_mask & items) != 0, 0);
}

/* Parses a comma-separated list of item names ("all" for each) and adds them. On failure returns false, and
 * the unknown name in *ret_unknown (newly allocated). `known`: the items there are, VLOG_USER or VLOG_SYSTEM.
 */
bool vlog_parse (const char *list, uint32_t known, char **ret_unknown);
/* A table of those for -d help. Newly allocated. */
char *vlog_help (uint32_t known);
/* Sends the log to a file; "%d" in the name becomes the process id. False and errno on failure. */
bool vlog_open (const char *file);

/* Writes to the log if any of `items` is enabled. A call's text is written whole, also with several threads.
 */
void vlog (uint32_t items, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* The same, without looking at the mask. */
void vlog_always (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* The descriptor the log goes to, which the guest must not close or reuse. */
int vlog_fd (void);
