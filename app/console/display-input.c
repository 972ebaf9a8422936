/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The keyboard, and when it is the guest's. */

#include "display-private.h"

#include <linux/input-event-codes.h>
#include <string.h>

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

void
vt_display_release (VtDisplay *self)
{
  release_keys (self);
  vt_display_pointer_release (self);
  vt_display_pointer_lock (self, FALSE);
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
    vt_display_pointer_lock (self, FALSE);
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
  vt_display_pointer_init (self);
}
