/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine's log, in a dialog. */

#include "console-private.h"
#include "feedback.h"

#include <glib/gi18n.h>

static void
show_log (VtConsolePage *self, const char *text)
{
  AdwDialog *dialog = adw_dialog_new ();
  GtkWidget *view = adw_toolbar_view_new ();
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *label = gtk_text_view_new ();
  gtk_text_view_set_editable (GTK_TEXT_VIEW (label), FALSE);
  gtk_text_view_set_monospace (GTK_TEXT_VIEW (label), TRUE);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (label), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (label), 12);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (label), 12);
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (label)),
                            *text ? text : _ ("The log is empty."), -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Log of the machine"), -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), label);
  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_toolbar_view_set_content (ADW_TOOLBAR_VIEW (view), scrolled);
  adw_dialog_set_title (dialog, _ ("Log"));
  adw_dialog_set_content_width (dialog, 720);
  adw_dialog_set_content_height (dialog, 480);
  adw_dialog_set_child (dialog, view);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
on_log (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtConsolePage) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  const char *text = "";
  if (error) {
    vt_show_error (GTK_WIDGET (self), _ ("Show the log"), error);
    return;
  }
  if (value && g_variant_is_of_type (value, G_VARIANT_TYPE ("(s)")))
    g_variant_get (value, "(&s)", &text);
  show_log (self, text);
}

void
vt_console_show_log (GtkWidget *page, const char *name, GVariant *parameter)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (page);
  if (self->machine)
    vt_machine_call (self->machine, "GetLog", NULL, NULL, on_log, g_object_ref (self));
}
