/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Whose the keyboard is, and how one gets it back: in the bar, or on the picture where the bar is not seen.
 */

#include "console-private.h"

#include <glib/gi18n.h>

enum {
  NOTE_TIME = 4, /* seconds that the way out is shown */
  EDGE = 2,      /* at the top of a full screen: the bar comes */
};

static gboolean
on_note_timer (gpointer data)
{
  VtConsolePage *self = data;
  self->note_timer = 0;
  gtk_widget_set_visible (self->release_note, FALSE);
  return G_SOURCE_REMOVE;
}

static gboolean
is_full (VtConsolePage *self)
{
  return self->window && gtk_window_is_fullscreen (self->window);
}

/* Where the bar does not say how to get out, and where the pointer has gone, it is said for a moment on the
 * picture. */
static void
show_note (VtConsolePage *self, gboolean show)
{
  g_clear_handle_id (&self->note_timer, g_source_remove);
  gtk_widget_set_visible (self->release_note, show);
  if (show)
    self->note_timer = g_timeout_add_seconds (NOTE_TIME, on_note_timer, self);
}

void
vt_console_capture_update (VtConsolePage *self)
{
  VtDisplay *display = vt_console_page_display (self);
  gboolean captured = FALSE, locked = FALSE;
  if (display)
    g_object_get (display, "captured", &captured, "locked", &locked, NULL);
  const char *hint = !captured ? ""
                     : locked  ? _ ("Press Ctrl+Alt to release keyboard and pointer")
                               : _ ("Press Ctrl+Alt to release the keyboard");
  gtk_label_set_label (GTK_LABEL (self->release_note),
                       is_full (self)
                           ? _ ("Press Ctrl+Alt to release the keyboard, then F11 to leave the full screen")
                           : _ ("Press Ctrl+Alt to release"));
  gtk_label_set_label (GTK_LABEL (self->hint), hint);
  gtk_widget_set_tooltip_text (self->hint, *hint ? hint : NULL);
  show_note (self, captured && (locked || is_full (self)));
  vt_clipboard_set_active (self->clipboard, captured);
}

static void
on_full (VtConsolePage *self)
{
  const gboolean full = is_full (self);
  adw_toolbar_view_set_extend_content_to_top_edge (self->view, full);
  adw_toolbar_view_set_reveal_top_bars (self->view, !full);
  if (full)
    gtk_widget_add_css_class (GTK_WIDGET (self->states), "vt-full");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->states), "vt-full");
  vt_console_capture_update (self);
}

static void
on_pointer (GtkEventControllerMotion *controller, double x, double y, VtConsolePage *self)
{
  if (!is_full (self))
    return;
  const gboolean shown = adw_toolbar_view_get_reveal_top_bars (self->view);
  const int height = adw_toolbar_view_get_top_bar_height (self->view);
  if (!shown && y < EDGE)
    adw_toolbar_view_set_reveal_top_bars (self->view, TRUE);
  else if (shown && y > 2 * MAX (height, EDGE))
    adw_toolbar_view_set_reveal_top_bars (self->view, FALSE);
}

void
vt_console_set_window (VtConsolePage *self, GtkWindow *window)
{
  if (self->window)
    g_signal_handlers_disconnect_by_data (self->window, self);
  self->window = window;
  if (!window)
    return;
  g_signal_connect_swapped (window, "notify::fullscreened", G_CALLBACK (on_full), self);
  on_full (self);
}

void
vt_console_capture_init (VtConsolePage *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  g_signal_connect (motion, "motion", G_CALLBACK (on_pointer), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
}
