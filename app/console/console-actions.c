/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the console's buttons and menus do. */

#include "console-private.h"
#include "feedback.h"

#include <glib/gi18n.h>
#include <spice/vd_agent.h>

/* ---- Calls of the machine ---- */

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtConsolePage) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  if (error)
    vt_show_error (GTK_WIDGET (self), vt_machine_get_name (VT_MACHINE (source)), error);
}

static void
call (GtkWidget *page, const char *method, GVariant *arguments)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (page);
  if (self->machine)
    vt_machine_call (self->machine, method, arguments, NULL, on_called, g_object_ref (self));
}

void
vt_console_send_keys (GtkWidget *page, const char *name, GVariant *keys)
{
  g_auto (GStrv) list = g_strsplit (g_variant_get_string (keys, NULL), " ", -1);
  call (page, "SendKeys", g_variant_new ("(^as)", list));
}

/* ---- Typing the clipboard ---- */

void
vt_console_stop_typing (VtConsolePage *self)
{
  if (self->typing)
    g_cancellable_cancel (self->typing);
}

static void
on_typed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtConsolePage) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  g_clear_object (&self->typing);
  adw_banner_set_revealed (self->typing_banner, FALSE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.type-clipboard",
                                 self->machine && vt_machine_is_alive (self->machine));
  if (error)
    vt_show_error (GTK_WIDGET (self), _ ("Type the clipboard"), error);
}

static void
type_text (VtConsolePage *self, const char *text)
{
  if (!self->machine || self->typing || !*text)
    return;
  const gulong n = (gulong)g_utf8_strlen (text, -1);
  g_autofree char *title = g_strdup_printf (ngettext ("Typing %lu character", "Typing %lu characters", n), n);
  adw_banner_set_title (self->typing_banner, title);
  adw_banner_set_revealed (self->typing_banner, TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.type-clipboard", FALSE);
  self->typing = g_cancellable_new ();
  vt_machine_call (self->machine, "TypeText", g_variant_new ("(s)", text), self->typing, on_typed,
                   g_object_ref (self));
}

static void
on_type_response (AdwAlertDialog *dialog, const char *response, VtConsolePage *self)
{
  if (g_str_equal (response, "type"))
    type_text (self, g_object_get_data (G_OBJECT (dialog), "text"));
}

static void
ask_about_untypable (VtConsolePage *self, const char *untypable, char *text)
{
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Some Keys Are Missing"), NULL);
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (dialog);
  adw_alert_dialog_format_body (
      alert, _ ("A US keyboard has no keys for these: %s\nThe rest can be typed without them."), untypable);
  adw_alert_dialog_add_responses (alert, "cancel", _ ("_Cancel"), "type", _ ("_Type the Rest"), NULL);
  adw_alert_dialog_set_response_enabled (alert, "type", *text != '\0');
  adw_alert_dialog_set_default_response (alert, "cancel");
  adw_alert_dialog_set_close_response (alert, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "text", text, g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_type_response), self, 0);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
on_clipboard_text (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtConsolePage) self = data;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
  if (!text || !*text) {
    vt_show_toast (GTK_WIDGET (self), _ ("There is no text in the clipboard"));
    return;
  }
  g_autofree char *untypable = vt_untypable (text);
  g_autofree char *typable = vt_typable (text);
  if (untypable)
    ask_about_untypable (self, untypable, g_steal_pointer (&typable));
  else
    type_text (self, typable);
}

void
vt_console_type_clipboard (GtkWidget *page, const char *name, GVariant *parameter)
{
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (page), NULL, on_clipboard_text,
                                 g_object_ref (page));
}

/* ---- Files for the guest ---- */

static void
on_files_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtConsolePage) self = data;
  g_autoptr (GError) error = NULL;
  if (spice_main_channel_file_copy_finish (SPICE_MAIN_CHANNEL (source), result, &error))
    vt_show_toast (GTK_WIDGET (self), _ ("The files are in the guest"));
  else
    vt_show_error (GTK_WIDGET (self), _ ("Send files to the guest"), error);
}

/* An agent has told what it can before it is one for files. */
gboolean
vt_console_takes_files (VtConsolePage *self)
{
  SpiceMainChannel *main = vt_session_get_main (self->session);
  return main && vt_session_has_agent (self->session) &&
         spice_main_channel_agent_test_capability (main, VD_AGENT_CAP_MONITORS_CONFIG) &&
         !spice_main_channel_agent_test_capability (main, VD_AGENT_CAP_FILE_XFER_DISABLED);
}

gboolean
vt_console_drop_files (VtConsolePage *self, GSList *files)
{
  SpiceMainChannel *main = vt_session_get_main (self->session);
  if (!files || !vt_console_takes_files (self))
    return FALSE;
  g_autofree GFile **list = g_new0 (GFile *, g_slist_length (files) + 1);
  guint n = 0;
  for (GSList *item = files; item; item = item->next)
    list[n++] = item->data;
  spice_main_channel_file_copy_async (main, list, G_FILE_COPY_NONE, NULL, NULL, NULL, on_files_sent,
                                      g_object_ref (self));
  return TRUE;
}
