/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Motion without a position: the pointer is kept in a widget, and how far it was moved is told.
 *
 * GTK has no such thing. On X the pointer is put back to the widget's middle after each motion. On Wayland
 * only the compositor could do it, and GDK does not offer the protocols (pointer-constraints,
 * relative-pointer): there, motion is told as long as the pointer is in the widget, and ends at its edges. */

#include <gtk/gtk.h>

typedef struct VtPointerLock VtPointerLock;

VtPointerLock *vt_pointer_lock_new (GtkWidget *widget);
void vt_pointer_lock_free (VtPointerLock *lock);
/* The pointer is at this point of the widget: how far has it been moved since the last time? In units of the
 * widget. */
void vt_pointer_lock_motion (VtPointerLock *lock, double x, double y, double *ret_dx, double *ret_dy);
