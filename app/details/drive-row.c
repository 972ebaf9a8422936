/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-row.h"

#include "engine.h"
#include "feedback.h"
#include "part-list.h"

#include <glib/gi18n.h>

struct _VtDriveRow {
  AdwActionRow parent_instance;
  GtkWidget *spinner, *insert_button, *eject_button, *remove_button;
  VtSettingsEditor *editor;
  char *id;
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (VtDriveRow, vt_drive_row, ADW_TYPE_ACTION_ROW)

static VtMachine *
machine_of (VtDriveRow *self)
{
  return vt_settings_editor_get_machine (self->editor);
}

/* What is in it, or NULL; to be freed. */
static char *
medium_of (VtDriveRow *self)
{
  g_autoptr (GVariant) media = NULL;
  g_autofree char *path = g_strdup_printf ("drives/%s/file", self->id);
  const char *name;
  if (machine_of (self))
    g_object_get (machine_of (self), "media", &media, NULL);
  if (media && g_variant_lookup (media, self->id, "&s", &name))
    return *name ? g_strdup (name) : NULL;
  g_autofree char *file = vt_settings_dup_string (vt_settings_editor_get_settings (self->editor), path);
  return *file ? g_path_get_basename (file) : NULL;
}

static void
update (VtDriveRow *self)
{
  g_autofree char *title = vt_part_title (vt_settings_editor_get_settings (self->editor), "drives", self->id);
  g_autofree char *medium = medium_of (self);
  gboolean may = vt_settings_editor_may_change (self->editor, "drives") && !self->busy;
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), medium ? medium : _ ("Empty"));
  gtk_widget_set_tooltip_text (self->insert_button,
                               medium ? _ ("Insert Another Image…") : _ ("Insert an Image…"));
  gtk_widget_set_visible (self->eject_button, medium != NULL);
  gtk_widget_set_sensitive (self->insert_button, may);
  gtk_widget_set_sensitive (self->eject_button, may);
  gtk_widget_set_sensitive (self->remove_button, may);
  gtk_widget_set_visible (self->spinner, self->busy);
}

static void
set_busy (VtDriveRow *self, gboolean busy)
{
  self->busy = busy;
  if (self->id)
    update (self);
}

/* ---- A locked tray ---- */

typedef struct {
  VtDriveRow *row;
  VtMachine *machine;
  char *drive;
  GFile *file; /* to be inserted, or NULL: just to be ejected */
  gboolean force;
} Change;

static void
change_free (Change *change)
{
  set_busy (change->row, FALSE);
  g_object_unref (change->row);
  g_object_unref (change->machine);
  g_clear_object (&change->file);
  g_free (change->drive);
  g_free (change);
}

static void insert (Change *change);
static void eject (Change *change);

static void
on_force_response (AdwAlertDialog *dialog, const char *response, Change *change)
{
  if (!g_str_equal (response, "force")) {
    change_free (change);
    return;
  }
  change->force = TRUE;
  eject (change);
}

/* A guest that reads the medium holds the tray: it is asked whether to take it out all the same. */
static void
ask_force (Change *change, const GError *error)
{
  g_autofree char *cause = vt_error_cause (error);
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (_ ("Take the Medium Out Anyway?"), NULL));
  adw_alert_dialog_format_body (dialog,
                                _ ("The guest has locked the tray, as it does while it uses the medium. "
                                   "Eject it in the guest; or take it out all the "
                                   "same: programs there that read from it will fail.\n\n%s"),
                                cause);
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "force", _ ("_Take Out"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "force", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (on_force_response), change);
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (change->row));
}

static void
failed (Change *change, const GError *error)
{
  if (!change->force && vt_machine_is_alive (change->machine) && vt_error_is (error, "TrayLocked")) {
    ask_force (change, error);
    return;
  }
  vt_show_error (GTK_WIDGET (change->row), change->file ? "InsertMedium" : "EjectMedium", error);
  change_free (change);
}

/* ---- Changing the medium ---- */

static void
on_ejected (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  if (error)
    failed (change, error);
  else if (change->file)
    insert (change);
  else
    change_free (change);
}

static void
eject (Change *change)
{
  vt_machine_call (change->machine, "EjectMedium", g_variant_new ("(sb)", change->drive, change->force), NULL,
                   on_ejected, change);
}

static void
on_inserted (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  g_autoptr (GError) error = NULL;
  if (vt_machine_insert_finish (VT_MACHINE (source), result, &error))
    change_free (change);
  else
    failed (change, error);
}

static void
insert (Change *change)
{
  vt_machine_insert (change->machine, change->drive, change->file, NULL, on_inserted, change);
}

static Change *
change_new (VtDriveRow *self, GFile *file)
{
  Change *change = g_new0 (Change, 1);
  change->row = g_object_ref (self);
  change->machine = g_object_ref (machine_of (self));
  change->drive = g_strdup (self->id);
  change->file = file ? g_object_ref (file) : NULL;
  set_busy (self, TRUE);
  return change;
}

static void
on_eject (VtDriveRow *self)
{
  if (machine_of (self))
    eject (change_new (self, NULL));
}

static void
on_chosen (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtDriveRow) self = data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);
  if (file && self->id && machine_of (self))
    insert (change_new (self, file));
}

static GListModel *
new_filters (void)
{
  GListStore *filters = g_list_store_new (GTK_TYPE_FILE_FILTER);
  g_autoptr (GtkFileFilter) images = gtk_file_filter_new (), all = gtk_file_filter_new ();
  gtk_file_filter_set_name (images, _ ("Disc Images"));
  gtk_file_filter_add_suffix (images, "iso");
  gtk_file_filter_add_suffix (images, "img");
  gtk_file_filter_add_mime_type (images, "application/vnd.efi.iso");
  gtk_file_filter_add_mime_type (images, "application/x-cd-image");
  gtk_file_filter_set_name (all, _ ("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  g_list_store_append (filters, images);
  g_list_store_append (filters, all);
  return G_LIST_MODEL (filters);
}

static void
on_insert (VtDriveRow *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GListModel) filters = new_filters ();
  const char *downloads = g_get_user_special_dir (G_USER_DIRECTORY_DOWNLOAD);
  g_autoptr (GFile) folder = downloads ? g_file_new_for_path (downloads) : NULL;
  gtk_file_dialog_set_title (dialog, _ ("Insert an Image"));
  gtk_file_dialog_set_initial_folder (dialog, folder);
  gtk_file_dialog_set_accept_label (dialog, _ ("_Insert"));
  gtk_file_dialog_set_filters (dialog, filters);
  gtk_file_dialog_open (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, on_chosen,
                        g_object_ref (self));
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, VtDriveRow *self)
{
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));
  if (!files || files->next || !machine_of (self) || !gtk_widget_get_sensitive (self->insert_button))
    return FALSE;
  insert (change_new (self, files->data));
  return TRUE;
}

/* ---- Removing the drive ---- */

static void
on_removed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) parent = data;
  g_autoptr (GError) error = NULL;
  if (!vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error))
    vt_show_error (parent, "drives", error);
}

static void
on_remove (VtDriveRow *self)
{
  GtkWidget *page = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_PAGE);
  g_autoptr (GVariant) patch =
      vt_settings_remove_part (vt_settings_editor_get_settings (self->editor), "drives", self->id);
  vt_settings_editor_change (self->editor, patch, on_removed, g_object_ref (page));
}

/* ---- The widget ---- */

static void
dispose (GObject *object)
{
  g_clear_pointer (&VT_DRIVE_ROW (object)->id, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_DRIVE_ROW);
  G_OBJECT_CLASS (vt_drive_row_parent_class)->dispose (object);
}

static void
vt_drive_row_class_init (VtDriveRowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/drive-row.ui");
  gtk_widget_class_bind_template_child (widget_class, VtDriveRow, spinner);
  gtk_widget_class_bind_template_child (widget_class, VtDriveRow, insert_button);
  gtk_widget_class_bind_template_child (widget_class, VtDriveRow, eject_button);
  gtk_widget_class_bind_template_child (widget_class, VtDriveRow, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, on_insert);
  gtk_widget_class_bind_template_callback (widget_class, on_eject);
  gtk_widget_class_bind_template_callback (widget_class, on_remove);
}

static void
vt_drive_row_init (VtDriveRow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

GtkWidget *
vt_drive_row_new (VtSettingsEditor *editor, const char *id)
{
  VtDriveRow *self = g_object_new (VT_TYPE_DRIVE_ROW, NULL);
  self->editor = editor;
  self->id = g_strdup (id);
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
