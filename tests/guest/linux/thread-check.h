/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For self-checking programs with handlers, threads and children: CHECK says what failed and where, and ends
 * the process at once with status 1. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      dprintf (2, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                    \
      _exit (1);                                                                                             \
    }                                                                                                        \
  } while (0)

static inline void
sleep_ms (long ms)
{
  struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
  while (nanosleep (&t, &t) != 0)
    ;
}

static inline long
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
