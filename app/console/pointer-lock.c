/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pointer-lock.h"

#include <math.h>

#ifdef GDK_WINDOWING_X11
#include <gdk/x11/gdkx.h>
#endif

struct VtPointerLock {
  GtkWidget *widget;
  gboolean known;  /* there has been a motion */
  double x, y;     /* the last one */
  gboolean warped; /* to the middle, but that motion has not come yet */
  double middle_x, middle_y;
};

#ifdef GDK_WINDOWING_X11
G_GNUC_BEGIN_IGNORE_DEPRECATIONS
/* Puts the pointer to a point of the widget. */
static gboolean
warp (GtkWidget *widget, double x, double y)
{
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;
  graphene_point_t point = GRAPHENE_POINT_INIT ((float)x, (float)y);
  double shift_x, shift_y;
  if (!GDK_IS_X11_SURFACE (surface) ||
      !gtk_widget_compute_point (widget, GTK_WIDGET (native), &point, &point))
    return FALSE;
  gtk_native_get_surface_transform (native, &shift_x, &shift_y);
  const double scale = gdk_surface_get_scale (surface);
  Display *display = gdk_x11_display_get_xdisplay (gdk_surface_get_display (surface));
  XWarpPointer (display, None, gdk_x11_surface_get_xid (surface), 0, 0, 0, 0,
                (int)((point.x + shift_x) * scale), (int)((point.y + shift_y) * scale));
  XFlush (display);
  return TRUE;
}
G_GNUC_END_IGNORE_DEPRECATIONS
#else
static gboolean
warp (GtkWidget *widget, double x, double y)
{
  return FALSE;
}
#endif

VtPointerLock *
vt_pointer_lock_new (GtkWidget *widget)
{
  VtPointerLock *lock = g_new0 (VtPointerLock, 1);
  lock->widget = widget;
  return lock;
}

void
vt_pointer_lock_free (VtPointerLock *lock)
{
  g_free (lock);
}

void
vt_pointer_lock_motion (VtPointerLock *lock, double x, double y, double *ret_dx, double *ret_dy)
{
  /* A motion from before the warp may still be under way: it is near the place of the last one. */
  if (lock->warped && hypot (x - lock->middle_x, y - lock->middle_y) <= hypot (x - lock->x, y - lock->y)) {
    lock->warped = FALSE;
    lock->x = lock->middle_x;
    lock->y = lock->middle_y;
  }
  *ret_dx = lock->known ? x - lock->x : 0;
  *ret_dy = lock->known ? y - lock->y : 0;
  lock->known = TRUE;
  lock->x = x;
  lock->y = y;
  if (lock->warped)
    return;
  lock->middle_x = floor (gtk_widget_get_width (lock->widget) / 2.0);
  lock->middle_y = floor (gtk_widget_get_height (lock->widget) / 2.0);
  const double far = MIN (lock->middle_x, lock->middle_y) / 2;
  if (fabs (x - lock->middle_x) > far || fabs (y - lock->middle_y) > far)
    lock->warped = warp (lock->widget, lock->middle_x, lock->middle_y);
}
