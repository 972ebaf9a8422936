/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "preferences.h"

#include <glib/gi18n.h>

struct _VtPreferences {
  AdwPreferencesDialog parent_instance;
  GtkWidget *confirm_row, *inhibit_row, *memory_row;
  AdwActionRow *folder_row;
  GtkWidget *folder_button, *folder_reset;
  GSettings *settings;
  GListModel *machines;
};

G_DEFINE_FINAL_TYPE (VtPreferences, vt_preferences, ADW_TYPE_PREFERENCES_DIALOG)

static gboolean
is_any_alive (VtPreferences *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (self->machines); i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    if (vt_machine_is_alive (machine))
      return TRUE;
  }
  return FALSE;
}

/* Machines that run would be out of sight in another folder. */
static void
update_folder (VtPreferences *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "machines-folder");
  g_autofree char *usual = g_build_filename (g_get_user_data_dir (), "vitrine", "machines", NULL);
  const gboolean busy = is_any_alive (self);
  g_autofree char *text = busy ? g_strdup_printf (_ ("%s\nIt can be changed when no machine is running"),
                                                  *folder ? folder : usual)
                               : g_strdup (*folder ? folder : usual);
  g_autofree char *markup = g_markup_escape_text (text, -1);
  adw_action_row_set_subtitle (self->folder_row, markup);
  gtk_widget_set_sensitive (self->folder_button, !busy);
  gtk_widget_set_sensitive (self->folder_reset, !busy);
  gtk_widget_set_visible (self->folder_reset, *folder);
}

static void
on_folder (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtPreferences) self = data;
  g_autoptr (GFile) folder = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = folder ? g_file_get_path (folder) : NULL;
  if (path && self->settings && !is_any_alive (self))
    g_settings_set_string (self->settings, "machines-folder", path);
}

static void
on_folder_clicked (VtPreferences *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  gtk_file_dialog_set_title (dialog, _ ("Machines Folder"));
  gtk_file_dialog_select_folder (dialog, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, NULL, on_folder,
                                 g_object_ref (self));
}

static void
on_reset_clicked (VtPreferences *self)
{
  g_settings_reset (self->settings, "machines-folder");
}

static void
watch_machines (VtPreferences *self, VtEngine *engine)
{
  self->machines = g_object_ref (vt_engine_get_machines (engine));
  for (guint i = 0; i < g_list_model_get_n_items (self->machines); i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    g_signal_connect_object (machine, "notify::alive", G_CALLBACK (update_folder), self, G_CONNECT_SWAPPED);
  }
  g_signal_connect_object (self->machines, "items-changed", G_CALLBACK (update_folder), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed::machines-folder", G_CALLBACK (update_folder), self,
                           G_CONNECT_SWAPPED);
  update_folder (self);
}

static void
dispose (GObject *object)
{
  VtPreferences *self = VT_PREFERENCES (object);
  g_clear_object (&self->settings);
  g_clear_object (&self->machines);
  gtk_widget_dispose_template (GTK_WIDGET (self), VT_TYPE_PREFERENCES);
  G_OBJECT_CLASS (vt_preferences_parent_class)->dispose (object);
}

static void
vt_preferences_class_init (VtPreferencesClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, confirm_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, inhibit_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, memory_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, folder_row);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, folder_button);
  gtk_widget_class_bind_template_child (widget_class, VtPreferences, folder_reset);
  gtk_widget_class_bind_template_callback (widget_class, on_folder_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_reset_clicked);
}

static void
vt_preferences_init (VtPreferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->settings = g_settings_new ("org.vitrine.Vitrine");
  g_settings_bind (self->settings, "confirm", self->confirm_row, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "inhibit-suspend", self->inhibit_row, "active", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "memory-limit", self->memory_row, "value", G_SETTINGS_BIND_DEFAULT);
}

AdwDialog *
vt_preferences_new (VtEngine *engine)
{
  VtPreferences *self = g_object_new (VT_TYPE_PREFERENCES, NULL);
  watch_machines (self, engine);
  return ADW_DIALOG (self);
}
