/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One screen of a machine: shows it, and takes what is typed and pointed at in it.
 *
 * While it is captured, all keys are the guest's, but for Ctrl+Alt pressed and released together: that gives
 * the keyboard, and the pointer if the guest wants motion, back to the app. Focus, a click, or Enter while it
 * has the focus capture it. */

#include "session.h"

#define VT_TYPE_DISPLAY (vt_display_get_type ())
G_DECLARE_FINAL_TYPE (VtDisplay, vt_display, VT, DISPLAY, GtkWidget)

/* Properties: "fit" (gboolean: as large as there is room, otherwise pixel for pixel), "resize-guest"
 * (gboolean: asks the guest for the size of the room), "captured" (gboolean, read-only), "locked" (gboolean,
 * read-only: the pointer is the guest's and unseen), "picture" (gboolean, read-only: the guest shows
 * something). */
GtkWidget *vt_display_new (VtSession *session, guint screen);
gboolean vt_display_is_captured (VtDisplay *display);
void vt_display_release (VtDisplay *display);
/* What is on the screen now, or NULL; the texture does not change any more. */
GdkTexture *vt_display_copy_picture (VtDisplay *display);
