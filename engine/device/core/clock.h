/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Time as the guest sees it: nanoseconds that stop with the machine, and timers on them.
 *
 * One thread per clock sleeps until the earliest timer (a heap) and runs its callback, without any lock held.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Clock Clock;
typedef struct ClockTimer ClockTimer;

/* A stopped clock at 0. */
Clock *clock_new (void);
void clock_free (Clock *clock); /* all its timers must be freed */
/* Any thread; nanoseconds. */
int64_t clock_now (Clock *clock);
void clock_start (Clock *clock);
/* On return no timer callback is running or will run until clock_start(). Not from a callback. */
void clock_stop (Clock *clock);
/* Sets a stopped clock (restore). */
void clock_set (Clock *clock, int64_t now);

/* A timer that is not armed. The callback runs on the clock's thread, once per arming. */
ClockTimer *clock_timer_new (Clock *clock, void (*callback) (void *opaque), void *opaque);
/* Disarms, and waits for a running callback unless called from it. */
void clock_timer_free (ClockTimer *timer);
/* Arms for `when` (a past time: at once), replacing an earlier arming. Any thread, cheap. */
void clock_timer_set (ClockTimer *timer, int64_t when);
void clock_timer_cancel (ClockTimer *timer);
/* The time it is armed for, or -1. */
int64_t clock_timer_when (ClockTimer *timer);
