/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The PrimeCell Real Time Clock PL031 ("pl031"), after Arm's Technical Reference Manual DDI 0224: a counter
 * of seconds since 1970, and an interrupt when it reaches the match register.
 *
 * The counter is the host's clock plus an offset, and goes on while the machine stands still. It always
 * counts: the manual has it start once and never stop. */

#include "device.h"

#define PL031_SIZE 0x1000

typedef struct {
  Device dev;
  /* Edges, set by the board before realize. */
  IrqLine irq;
  Clock *clock;                 /* the alarm's timer; its callback is all that is used of it */
  int64_t (*wall_clock) (void); /* nanoseconds since 1970; NULL: the host's clock */
  /* State. The board gives the offset its first value (-rtc); the guest changes it by setting the time. */
  int64_t offset; /* nanoseconds to add to the wall clock */
  MemoryRegion *region;
  ClockTimer *timer;
  uint32_t match, load, imsc, ris;
  uint64_t alarm; /* the second in which the counter reaches `match` */
  bool armed;
} Pl031;

extern const DeviceClass pl031_class;
