/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-private.h"

#include <linux/input-event-codes.h>
#include <math.h>
#include <string.h>

/* Touchpads scroll by units of the window; a wheel's click is as much as most programs scroll for one. */
static const double units_per_click = 50;
enum { MAX_CLICKS = 20 };

static SpiceInputsChannel *
inputs (VtDisplay *self)
{
  return vt_session_get_inputs (self->session);
}

/* ---- Keys ---- */

static gboolean
is_pressed (VtDisplay *self, guint scancode)
{
  return self->pressed[scancode / 8] >> scancode % 8 & 1;
}

static void
set_pressed (VtDisplay *self, guint scancode, gboolean down)
{
  const guint8 bit = (guint8)(1u << scancode % 8);
  guint8 *bits = &self->pressed[scancode / 8];
  *bits = (guint8)(down ? *bits | bit : *bits & ~bit);
}

/* A guest repeats keys by itself. */
static void
send_key (VtDisplay *self, guint scancode, gboolean down)
{
  if (is_pressed (self, scancode) == down)
    return;
  set_pressed (self, scancode, down);
  if (!inputs (self))
    return;
  if (down)
    spice_inputs_channel_key_press (inputs (self), scancode);
  else
    spice_inputs_channel_key_release (inputs (self), scancode);
}

static void
release_keys (VtDisplay *self)
{
  for (guint scancode = 0; scancode < VT_SCANCODES; scancode++)
    if (is_pressed (self, scancode))
      send_key (self, scancode, FALSE);
}

static gboolean
is_control (guint key)
{
  return key == KEY_LEFTCTRL || key == KEY_RIGHTCTRL;
}

/* AltGr is not among them: with Ctrl it types characters. */
static gboolean
is_alt (guint key)
{
  return key == KEY_LEFTALT;
}

static gboolean
holds_chord (VtDisplay *self)
{
  return is_pressed (self, vt_scancode (KEY_LEFTALT)) &&
         (is_pressed (self, vt_scancode (KEY_LEFTCTRL)) || is_pressed (self, vt_scancode (KEY_RIGHTCTRL)));
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
                VtDisplay *self)
{
  if (!self->captured) {
    const gboolean enters = keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_space;
    if (!enters || !gtk_widget_is_focus (GTK_WIDGET (self)))
      return GDK_EVENT_PROPAGATE;
    vt_display_capture (self);
    return GDK_EVENT_STOP;
  }
  const guint key = keycode > VT_KEYCODE_OFFSET ? keycode - VT_KEYCODE_OFFSET : 0;
  const guint scancode = vt_scancode (key);
  if (scancode && !is_pressed (self, scancode)) {
    send_key (self, scancode, TRUE);
    self->chord = (is_control (key) || is_alt (key)) && holds_chord (self) && !self->buttons;
  }
  return GDK_EVENT_STOP;
}

static void
on_key_released (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
                 VtDisplay *self)
{
  const guint key = keycode > VT_KEYCODE_OFFSET ? keycode - VT_KEYCODE_OFFSET : 0;
  const guint scancode = vt_scancode (key);
  if (!self->captured || !scancode)
    return;
  const gboolean leaves = self->chord && (is_control (key) || is_alt (key));
  send_key (self, scancode, FALSE);
  if (leaves)
    vt_display_release (self);
}

/* The guest's locks follow the keyboard's lights, which may have changed elsewhere. */
static void
sync_locks (VtDisplay *self)
{
  GdkSeat *seat = gdk_display_get_default_seat (gtk_widget_get_display (GTK_WIDGET (self)));
  GdkDevice *keyboard = seat ? gdk_seat_get_keyboard (seat) : NULL;
  guint locks = 0;
  if (!keyboard || !inputs (self))
    return;
  if (gdk_device_get_caps_lock_state (keyboard))
    locks |= SPICE_INPUTS_CAPS_LOCK;
  if (gdk_device_get_num_lock_state (keyboard))
    locks |= SPICE_INPUTS_NUM_LOCK;
  if (gdk_device_get_scroll_lock_state (keyboard))
    locks |= SPICE_INPUTS_SCROLL_LOCK;
  spice_inputs_channel_set_key_locks (inputs (self), locks);
}

/* ---- Capture ---- */

static GdkToplevel *
toplevel (VtDisplay *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;
  return GDK_IS_TOPLEVEL (surface) ? GDK_TOPLEVEL (surface) : NULL;
}

static void
set_locked (VtDisplay *self, gboolean locked)
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
vt_display_capture (VtDisplay *self)
{
  if (self->captured || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->captured = TRUE;
  self->chord = FALSE;
  sync_locks (self);
  GdkToplevel *window = toplevel (self);
  if (window)
    gdk_toplevel_inhibit_system_shortcuts (window, NULL);
  vt_display_notify_captured (self);
}

static void
release_buttons (VtDisplay *self)
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

void
vt_display_release (VtDisplay *self)
{
  release_keys (self);
  release_buttons (self);
  set_locked (self, FALSE);
  if (!self->captured)
    return;
  self->captured = self->chord = FALSE;
  GdkToplevel *window = toplevel (self);
  if (window)
    gdk_toplevel_restore_system_shortcuts (window);
  vt_display_notify_captured (self);
}

void
vt_display_input_session (VtDisplay *self)
{
  if (!inputs (self)) {
    memset (self->pressed, 0, sizeof self->pressed);
    self->buttons = 0;
  }
  if (vt_session_takes_positions (self->session))
    set_locked (self, FALSE);
}

static void
on_focus_in (GtkEventControllerFocus *controller, VtDisplay *self)
{
  vt_display_capture (self);
}

static void
on_focus_out (GtkEventControllerFocus *controller, VtDisplay *self)
{
  vt_display_release (self);
}

/* ---- The pointer ---- */

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
  set_locked (self, TRUE);
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

/* ---- The widget ---- */

/* The window's own shortcuts would come before a widget's keys: the newest controller of the window is asked
 * first. */
void
vt_display_input_root (VtDisplay *self)
{
  self->keys_window = GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self)));
  self->keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self);
  g_signal_connect (self->keys, "key-released", G_CALLBACK (on_key_released), self);
  gtk_widget_add_controller (self->keys_window, self->keys);
}

void
vt_display_input_unroot (VtDisplay *self)
{
  vt_display_release (self);
  if (self->keys)
    gtk_widget_remove_controller (self->keys_window, self->keys);
  self->keys = NULL;
  self->keys_window = NULL;
}

void
vt_display_input_init (VtDisplay *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect (focus, "enter", G_CALLBACK (on_focus_in), self);
  g_signal_connect (focus, "leave", G_CALLBACK (on_focus_out), self);
  gtk_widget_add_controller (widget, focus);
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
