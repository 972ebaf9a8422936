/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Goldfish real-time clock ("google,goldfish-rtc"): nanoseconds since 1970, in two halves.
 *
 *   0x00  TIME_LOW         reading it latches TIME_HIGH; writing it sets the clock, with TIME_HIGH written
 * before 0x04  TIME_HIGH 0x08  ALARM_LOW        writing it arms the alarm, with ALARM_HIGH written before
 *   0x0c  ALARM_HIGH
 *   0x10  IRQ_ENABLED      bit 0
 *   0x14  CLEAR_ALARM      any write disarms
 *   0x18  ALARM_STATUS     bit 0: armed
 *   0x1c  CLEAR_INTERRUPT  any write
 *
 * The clock is the host's plus an offset, and goes on while the machine stands still. */

#include "device.h"

#define GOLDFISH_RTC_SIZE 0x1000

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
  uint32_t time_low, time_high; /* latched by a read, or being written */
  uint32_t alarm_low, alarm_high;
  uint32_t irq_enabled;
  uint64_t alarm; /* when it rings: the halves as they were when it was armed */
  bool armed, pending;
} GoldfishRtc;

extern const DeviceClass goldfish_rtc_class;

/* What the guest's clock shows: nanoseconds since 1970. */
uint64_t goldfish_rtc_now (GoldfishRtc *rtc);
