/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of the screen, to a file or the clipboard. */

#include "console-private.h"
#include "feedback.h"

#include <glib/gi18n.h>

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

void
vt_console_copy_screenshot (GtkWidget *page, const char *name, GVariant *parameter)
{
  VtDisplay *display = vt_console_page_display (VT_CONSOLE_PAGE (page));
  g_autoptr (GdkTexture) texture = display ? vt_display_copy_picture (display) : NULL;
  if (!texture)
    return;
  gdk_clipboard_set_texture (gtk_widget_get_clipboard (page), texture);
  vt_show_toast (page, _ ("Screenshot copied"));
}
