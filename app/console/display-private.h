/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of VtDisplay share. */

#include "display.h"
#include "display-geometry.h"
#include "display-tiles.h"
#include "pointer-lock.h"
#include "scancodes.h"

struct _VtDisplay {
  GtkWidget parent_instance;
  VtSession *session;
  guint screen;
  gboolean fit, resize_guest;

  /* The picture (display.c). `canvas` is the channel's; GTK shows a copy, brought up to date once a frame, or
   * the canvas itself in tiles. */
  SpiceDisplayChannel *channel;
  const guint8 *canvas; /* NULL: there is no picture */
  int format, width, height, stride;
  cairo_region_t *damage; /* of the canvas, since the last frame */
  GBytes *pixels;         /* the copy, or NULL; with it: */
  GdkTexture *texture;
  VtTiles *tiles;   /* or NULL */
  guint band_timer; /* draws what has come so far, if no more does */
  guint size_timer; /* the guest is asked for another size when it ends */
  int asked_width, asked_height;

  /* The guest's cursor (display-cursor.c). */
  SpiceCursorChannel *cursor;
  GdkTexture *cursor_texture; /* NULL: hidden, or the default one */
  gboolean cursor_hidden;
  int hot_x, hot_y, cursor_x, cursor_y;

  /* Input (display-input.c, display-pointer.c). */
  gboolean captured;
  gboolean chord; /* Ctrl and Alt are down, and nothing else has been pressed since */
  guint8 pressed[VT_SCANCODES / 8];
  int buttons;               /* SPICE_MOUSE_BUTTON_MASK_* */
  double scroll;             /* parts of a click that are not sent yet */
  double x, y;               /* where the pointer is */
  int sent_x, sent_y;        /* the position the guest has been told; -1: none */
  VtPointerLock *lock;       /* NULL: the pointer is free */
  double motion_x, motion_y; /* parts of a pixel that are not sent yet */
  GtkEventController *keys;  /* the window's, while it has one */
  GtkWidget *keys_window;
};

/* False: there is nothing to see. */
gboolean vt_display_geometry (VtDisplay *display, VtGeometry *geometry);
void vt_display_notify_captured (VtDisplay *display);
void vt_display_notify_locked (VtDisplay *display);

void vt_display_cursor_attach (VtDisplay *display, SpiceCursorChannel *channel);
/* The pointer's picture for what is known now: cursor, geometry, mode, lock. */
void vt_display_cursor_update (VtDisplay *display);
/* Where the guest has it, for guests that move it by themselves. */
void vt_display_cursor_snapshot (VtDisplay *display, GtkSnapshot *snapshot, const VtGeometry *geometry);

void vt_display_input_init (VtDisplay *display);
/* In or out of a window. */
void vt_display_input_root (VtDisplay *display);
void vt_display_input_unroot (VtDisplay *display);
/* The session has changed: what was pressed is not any more if the channel has gone. */
void vt_display_input_session (VtDisplay *display);
void vt_display_capture (VtDisplay *display);

/* display-pointer.c */
void vt_display_pointer_init (VtDisplay *display);
/* The pointer is the guest's, and unseen. */
void vt_display_pointer_lock (VtDisplay *display, gboolean locked);
/* No button is held any longer. */
void vt_display_pointer_release (VtDisplay *display);
