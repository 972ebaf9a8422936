/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Positions or motion, buttons and the wheel. */

#include "display-private.h"

#include <math.h>

/* Touchpads scroll by units of the window; a wheel's click is as much as most programs scroll for one. */
static const double units_per_click = 50;
enum { MAX_CLICKS = 20 };

static SpiceInputsChannel *
inputs (VtDisplay *self)
{
  return vt_session_get_inputs (self->session);
}

void
vt_display_pointer_lock (VtDisplay *self, gboolean locked)
{
  if (locked == (self->lock != NULL))
    return;
  if (locked)
    self->lock = vt_pointer_lock_new (GTK_WIDGET (self));
  else
    g_clear_pointer (&self->lock, vt_pointer_lock_free);
  self->motion_x = self->motion_y = 0;
  vt_display_cursor_update (self);
  vt_display_notify_locked (self);
}

void
vt_display_pointer_release (VtDisplay *self)
{
  static const struct {
    int button, mask;
  } all[] = {
    { SPICE_MOUSE_BUTTON_LEFT, SPICE_MOUSE_BUTTON_MASK_LEFT },
    { SPICE_MOUSE_BUTTON_MIDDLE, SPICE_MOUSE_BUTTON_MASK_MIDDLE },
    { SPICE_MOUSE_BUTTON_RIGHT, SPICE_MOUSE_BUTTON_MASK_RIGHT },
    { SPICE_MOUSE_BUTTON_SIDE, SPICE_MOUSE_BUTTON_MASK_SIDE },
    { SPICE_MOUSE_BUTTON_EXTRA, SPICE_MOUSE_BUTTON_MASK_EXTRA },
  };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    if (!(self->buttons & all[i].mask))
      continue;
    self->buttons &= ~all[i].mask;
    if (inputs (self))
      spice_inputs_channel_button_release (inputs (self), all[i].button, self->buttons);
  }
}

/* ---- Motion ---- */

static void
send_position (VtDisplay *self)
{
  VtGeometry geometry;
  int x, y;
  if (!inputs (self) || !vt_display_geometry (self, &geometry))
    return;
  vt_geometry_to_guest (&geometry, self->x, self->y, &x, &y);
  if (x == self->sent_x && y == self->sent_y)
    return;
  self->sent_x = x;
  self->sent_y = y;
  spice_inputs_channel_position (inputs (self), x, y, (int)self->screen, self->buttons);
}

static int
take_whole (double *amount)
{
  const double whole = trunc (*amount);
  *amount -= whole;
  return (int)CLAMP (whole, -G_MAXINT16, G_MAXINT16);
}

static void
send_motion (VtDisplay *self)
{
  double dx, dy;
  vt_pointer_lock_motion (self->lock, self->x, self->y, &dx, &dy);
  self->motion_x += dx;
  self->motion_y += dy;
  const int whole_x = take_whole (&self->motion_x), whole_y = take_whole (&self->motion_y);
  if (inputs (self) && (whole_x || whole_y))
    spice_inputs_channel_motion (inputs (self), whole_x, whole_y, self->buttons);
}

static void
on_motion (GtkEventControllerMotion *controller, double x, double y, VtDisplay *self)
{
  self->x = x;
  self->y = y;
  if (self->lock)
    send_motion (self);
  else if (vt_session_takes_positions (self->session))
    send_position (self);
}

/* ---- Buttons ---- */

static int
spice_button (guint button, int *ret_mask)
{
  switch (button) {
    case GDK_BUTTON_PRIMARY: *ret_mask = SPICE_MOUSE_BUTTON_MASK_LEFT; return SPICE_MOUSE_BUTTON_LEFT;
    case GDK_BUTTON_MIDDLE: *ret_mask = SPICE_MOUSE_BUTTON_MASK_MIDDLE; return SPICE_MOUSE_BUTTON_MIDDLE;
    case GDK_BUTTON_SECONDARY: *ret_mask = SPICE_MOUSE_BUTTON_MASK_RIGHT; return SPICE_MOUSE_BUTTON_RIGHT;
    case 8: *ret_mask = SPICE_MOUSE_BUTTON_MASK_SIDE; return SPICE_MOUSE_BUTTON_SIDE;
    case 9: *ret_mask = SPICE_MOUSE_BUTTON_MASK_EXTRA; return SPICE_MOUSE_BUTTON_EXTRA;
    default: *ret_mask = 0; return 0;
  }
}

/* A click that only takes the pointer over is not the guest's. */
static gboolean
takes_over (VtDisplay *self)
{
  if (!gtk_widget_is_focus (GTK_WIDGET (self)))
    gtk_widget_grab_focus (GTK_WIDGET (self));
  vt_display_capture (self);
  if (vt_session_takes_positions (self->session) || self->lock || !self->canvas)
    return FALSE;
  vt_display_pointer_lock (self, TRUE);
  return TRUE;
}

static void
press (VtDisplay *self, guint button)
{
  int mask;
  const int code = spice_button (button, &mask);
  self->chord = FALSE;
  if (takes_over (self) || !code || self->buttons & mask || !inputs (self))
    return;
  if (vt_session_takes_positions (self->session))
    send_position (self);
  self->buttons |= mask;
  spice_inputs_channel_button_press (inputs (self), code, self->buttons);
}

static void
release (VtDisplay *self, guint button)
{
  int mask;
  const int code = spice_button (button, &mask);
  if (!code || !(self->buttons & mask))
    return;
  self->buttons &= ~mask;
  if (inputs (self))
    spice_inputs_channel_button_release (inputs (self), code, self->buttons);
}

static void
note_position (VtDisplay *self, GdkEvent *event)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkNative *native = gtk_widget_get_native (widget);
  double x, y, shift_x, shift_y;
  graphene_point_t point;
  if (!native || !gdk_event_get_position (event, &x, &y))
    return;
  gtk_native_get_surface_transform (native, &shift_x, &shift_y);
  point = GRAPHENE_POINT_INIT ((float)(x - shift_x), (float)(y - shift_y));
  if (!gtk_widget_compute_point (GTK_WIDGET (native), widget, &point, &point))
    return;
  self->x = point.x;
  self->y = point.y;
}

/* All buttons, also several at once: gestures know but one. */
static gboolean
on_event (GtkEventControllerLegacy *controller, GdkEvent *event, VtDisplay *self)
{
  switch (gdk_event_get_event_type (event)) {
    case GDK_BUTTON_PRESS:
      note_position (self, event);
      press (self, gdk_button_event_get_button (event));
      return GDK_EVENT_STOP;
    case GDK_BUTTON_RELEASE:
      note_position (self, event);
      release (self, gdk_button_event_get_button (event));
      return GDK_EVENT_STOP;
    case GDK_TOUCH_BEGIN:
      note_position (self, event);
      press (self, GDK_BUTTON_PRIMARY);
      return GDK_EVENT_STOP;
    case GDK_TOUCH_UPDATE:
      note_position (self, event);
      if (vt_session_takes_positions (self->session))
        send_position (self);
      return GDK_EVENT_STOP;
    case GDK_TOUCH_END:
    case GDK_TOUCH_CANCEL: release (self, GDK_BUTTON_PRIMARY); return GDK_EVENT_STOP;
    default: return GDK_EVENT_PROPAGATE;
  }
}

/* ---- The wheel ---- */

static void
click_wheel (VtDisplay *self, int button, int mask)
{
  spice_inputs_channel_button_press (inputs (self), button, self->buttons | mask);
  spice_inputs_channel_button_release (inputs (self), button, self->buttons);
}

static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, VtDisplay *self)
{
  if (gtk_event_controller_scroll_get_unit (controller) == GDK_SCROLL_UNIT_SURFACE)
    dy /= units_per_click;
  /* The way back begins at once, not with what was left of the way there. */
  if (dy * self->scroll < 0)
    self->scroll = 0;
  self->scroll = CLAMP (self->scroll + dy, -MAX_CLICKS, MAX_CLICKS);
  for (int clicks = take_whole (&self->scroll); clicks && inputs (self); clicks += clicks > 0 ? -1 : 1) {
    if (clicks > 0)
      click_wheel (self, SPICE_MOUSE_BUTTON_DOWN, SPICE_MOUSE_BUTTON_MASK_DOWN);
    else
      click_wheel (self, SPICE_MOUSE_BUTTON_UP, SPICE_MOUSE_BUTTON_MASK_UP);
  }
  return GDK_EVENT_STOP;
}

/* ---- */

void
vt_display_pointer_init (VtDisplay *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "enter", G_CALLBACK (on_motion), self);
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), self);
  gtk_widget_add_controller (widget, motion);
  GtkEventController *buttons = gtk_event_controller_legacy_new ();
  g_signal_connect (buttons, "event", G_CALLBACK (on_event), self);
  gtk_widget_add_controller (widget, buttons);
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (widget, scroll);
}
