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

void
vt_console_start (GtkWidget *page, const char *name, GVariant *parameter)
{
  call (page, "Start", g_variant_new ("(a{sv})", NULL));
}

void
vt_console_resume (GtkWidget *page, const char *name, GVariant *parameter)
{
  call (page, "Resume", NULL);
}

/* ---- The log ---- */

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
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Some Characters Cannot Be Typed"), NULL);
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

/* ---- Screenshots ---- */

typedef struct {
  VtConsolePage *page;
  GFile *file;
  GBytes *png;
} Screenshot;

static void
screenshot_free (Screenshot *screenshot)
{
  g_object_unref (screenshot->page);
  g_clear_object (&screenshot->file);
  g_clear_pointer (&screenshot->png, g_bytes_unref);
  g_free (screenshot);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  Screenshot *screenshot = data;
  g_autoptr (GError) error = NULL;
  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    vt_show_toast (GTK_WIDGET (screenshot->page), _ ("Screenshot saved"));
  else
    vt_show_error (GTK_WIDGET (screenshot->page), _ ("Save the screenshot"), error);
  screenshot_free (screenshot);
}

static void
on_encoded (GObject *source, GAsyncResult *result, gpointer data)
{
  Screenshot *screenshot = data;
  screenshot->png = g_task_propagate_pointer (G_TASK (result), NULL);
  g_file_replace_contents_bytes_async (screenshot->file, screenshot->png, NULL, FALSE,
                                       G_FILE_CREATE_REPLACE_DESTINATION, NULL, on_saved, screenshot);
}

static void
encode (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, gdk_texture_save_to_png_bytes (data), (GDestroyNotify)g_bytes_unref);
}

static void
on_place (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GdkTexture) texture = data;
  VtConsolePage *self = g_object_steal_data (source, "page");
  g_autoptr (GError) error = NULL;
  GFile *file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, &error);
  if (!file) {
    if (!g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
      vt_show_error (GTK_WIDGET (self), _ ("Save the screenshot"), error);
    g_object_unref (self);
    return;
  }
  Screenshot *screenshot = g_new0 (Screenshot, 1);
  screenshot->page = self;
  screenshot->file = file;
  g_autoptr (GTask) task = g_task_new (self, NULL, on_encoded, screenshot);
  g_task_set_task_data (task, g_steal_pointer (&texture), g_object_unref);
  g_task_run_in_thread (task, encode);
}

/* The picture is that of the moment at which it was asked for, not of when its place was chosen. */
void
vt_console_screenshot (GtkWidget *page, const char *name, GVariant *parameter)
{
  VtConsolePage *self = VT_CONSOLE_PAGE (page);
  VtDisplay *display = vt_console_page_display (self);
  GdkTexture *texture = display ? vt_display_copy_picture (display) : NULL;
  if (!texture)
    return;
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%d %H-%M-%S");
  g_autofree char *file_name = g_strdup_printf ("%s %s.png", vt_machine_get_name (self->machine), time);
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);
  gtk_file_dialog_set_title (dialog, _ ("Save Screenshot"));
  gtk_file_dialog_set_initial_name (dialog, g_strdelimit (file_name, "/", '-'));
  if (pictures) {
    g_autoptr (GFile) folder = g_file_new_for_path (pictures);
    gtk_file_dialog_set_initial_folder (dialog, folder);
  }
  g_object_set_data_full (G_OBJECT (dialog), "page", g_object_ref (self), g_object_unref);
  gtk_file_dialog_save (dialog, GTK_WINDOW (gtk_widget_get_root (page)), NULL, on_place, texture);
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

gboolean
vt_console_drop_files (VtConsolePage *self, GSList *files)
{
  SpiceMainChannel *main = vt_session_get_main (self->session);
  if (!main || !files || !vt_session_has_agent (self->session) ||
      spice_main_channel_agent_test_capability (main, VD_AGENT_CAP_FILE_XFER_DISABLED))
    return FALSE;
  g_autofree GFile **list = g_new0 (GFile *, g_slist_length (files) + 1);
  guint n = 0;
  for (GSList *item = files; item; item = item->next)
    list[n++] = item->data;
  spice_main_channel_file_copy_async (main, list, G_FILE_COPY_NONE, NULL, NULL, NULL, on_files_sent,
                                      g_object_ref (self));
  return TRUE;
}
