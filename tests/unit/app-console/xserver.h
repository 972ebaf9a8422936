/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An X server for one test, without a window manager: windows stand at its corner. */

#include <glib.h>

/* Before GTK is started. */
void xserver_start (int width, int height);
void xserver_stop (void);
/* Runs xdotool with these arguments, and waits for it. */
void xserver_do (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The screen's pixels as 0xrrggbb, row by row; to be freed. */
guint32 *xserver_pixels (int *ret_width);

/* Runs the main context until the condition holds; false: it did not in that time. */
#define wait_for(condition, ms)                                                                              \
  ({                                                                                                         \
    const gint64 end_ = g_get_monotonic_time () + 1000 * G_GINT64_CONSTANT (1) * (ms);                       \
    gboolean holds_;                                                                                         \
    while (!(holds_ = (condition)) && g_get_monotonic_time () < end_)                                        \
      run_for (5);                                                                                           \
    holds_;                                                                                                  \
  })
void run_for (guint ms);
