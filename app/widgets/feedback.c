/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feedback.h"
#include "engine.h"

#include <glib/gi18n.h>

static void
free_report (gpointer report, GClosure *closure)
{
  g_free (report);
}

static void
on_response (AdwAlertDialog *dialog, const char *response, gpointer report)
{
  if (!g_str_equal (response, "copy"))
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (dialog)), report);
}

static char *
make_report (const char *what, const char *cause, const char *remedy, const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  return g_strdup_printf ("Vitrine %s, %s\n%s\n%s\n%s\n%s %d%s%s\n", VITRINE_VERSION, time, what ? what : "",
                          cause, remedy, g_quark_to_string (error->domain), error->code, name ? " " : "",
                          name ? name : "");
}

void
vt_show_error (GtkWidget *parent, const char *what, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_autofree char *cause = vt_error_cause (error);
  g_autofree char *remedy = vt_error_remedy (error);
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (cause, *remedy ? remedy : NULL));
  adw_alert_dialog_add_responses (dialog, "copy", _ ("_Copy Report"), "close", _ ("_Close"), NULL);
  adw_alert_dialog_set_default_response (dialog, "close");
  adw_alert_dialog_set_close_response (dialog, "close");
  g_signal_connect_data (dialog, "response", G_CALLBACK (on_response),
                         make_report (what, cause, remedy, error), free_report, 0);
  adw_dialog_present (ADW_DIALOG (dialog), parent);
}

void
vt_show_toast (GtkWidget *widget, const char *text)
{
  gtk_widget_activate_action (widget, "win.toast", "s", text);
}
