/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk-row.h"

#include "choices.h"
#include "feedback.h"
#include "part-list.h"
#include "setting-binding.h"

#include <glib/gi18n.h>

struct _VtDiskRow {
  AdwExpanderRow parent_instance;
  GtkWidget *file_row, *bus_row, *cache_row, *readonly_row, *discard_row, *remove_row;
  VtSettingsEditor *editor;
  char *id, *asked; /* the file whose size has been asked for */
  GCancellable *cancellable;
  guint64 size; /* 0: not known */
};

G_DEFINE_FINAL_TYPE (VtDiskRow, vt_disk_row, ADW_TYPE_EXPANDER_ROW)

static char *
path_of (VtDiskRow *self, const char *key)
{
  return g_strdup_printf ("disks/%s/%s", self->id, key);
}

static char *
string_of (VtDiskRow *self, const char *key)
{
  g_autofree char *path = path_of (self, key);
  return vt_settings_dup_string (vt_settings_editor_get_settings (self->editor), path);
}

static gboolean
is_readonly (VtDiskRow *self)
{
  g_autofree char *path = path_of (self, "readonly");
  return vt_settings_get_boolean (vt_settings_editor_get_settings (self->editor), path);
}

/* Absolute, unless the machine's folder is not known; NULL if it has none yet. */
static char *
file_of (VtDiskRow *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  g_autofree char *file = string_of (self, "file"), *folder = NULL;
  if (!*file || g_path_is_absolute (file))
    return *file ? g_steal_pointer (&file) : NULL;
  if (machine)
    g_object_get (machine, "folder", &folder, NULL);
  return folder ? g_build_filename (folder, file, NULL) : g_steal_pointer (&file);
}

/* ---- What it says ---- */

static void
show_title (VtDiskRow *self)
{
  g_autofree char *title = vt_part_title (vt_settings_editor_get_settings (self->editor), "disks", self->id);
  g_autofree char *bus = string_of (self, "bus");
  g_autofree char *size = g_format_size_full (self->size, G_FORMAT_SIZE_IEC_UNITS);
  g_autoptr (GStrvBuilder) facts = g_strv_builder_new ();
  g_strv_builder_add (facts, self->id);
  if (self->size)
    g_strv_builder_add (facts, size);
  g_strv_builder_add (facts, g_str_equal (bus, "virtio") ? "Virtio"
                             : g_str_equal (bus, "scsi") ? "SCSI"
                                                         : bus);
  if (is_readonly (self))
    g_strv_builder_add (facts, _ ("read only"));
  g_auto (GStrv) words = g_strv_builder_end (facts);
  /* Translators: what stands between facts, as in “disk0, 20 GiB, Virtio, read only”. */
  g_autofree char *subtitle = g_strjoinv (_ (", "), words);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), title);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), subtitle);
}

static void
on_size (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtDiskRow) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) media = vt_machine_ask_media_finish (VT_MACHINE (source), result, &error);
  /* A disk whose size is not known is shown without it. */
  if (!media || !self->id)
    return;
  if (!g_variant_lookup (media, "disk-size", "t", &self->size) || !self->size)
    g_variant_lookup (media, "size", "t", &self->size);
  show_title (self);
}

/* The settings do not have it: the image knows best. */
static void
ask_size (VtDiskRow *self, const char *file)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  if (!machine || !file || !g_path_is_absolute (file) || g_strcmp0 (file, self->asked) == 0)
    return;
  g_free (self->asked);
  self->asked = g_strdup (file);
  g_autoptr (GFile) image = g_file_new_for_path (file);
  vt_machine_ask_media (machine, image, self->cancellable, on_size, g_object_ref (self));
}

static void
update (VtDiskRow *self)
{
  g_autofree char *file = file_of (self), *size_path = path_of (self, "size");
  guint64 size = vt_settings_get_number (vt_settings_editor_get_settings (self->editor), size_path);
  if (size)
    self->size = size;
  else
    ask_size (self, file);
  show_title (self);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->file_row),
                               file ? file : _ ("Is made at the next start"));
  gtk_widget_set_sensitive (self->remove_row, vt_settings_editor_may_change (self->editor, "disks"));
}

/* ---- Removing ---- */

typedef struct {
  VtMachine *machine;
  GtkWidget *parent;
  GtkCheckButton *check; /* whether to delete the file, or NULL */
  char *id;
} Removal;

static void
removal_free (Removal *removal)
{
  g_object_unref (removal->machine);
  g_object_unref (removal->parent);
  g_free (removal->id);
  g_free (removal);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer data)
{
  Removal *removal = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  if (reply)
    vt_show_toast (removal->parent, _ ("Disk removed"));
  else
    vt_show_error (removal->parent, "RemoveDisk", error);
  removal_free (removal);
}

static void
on_response (AdwAlertDialog *dialog, const char *response, Removal *removal)
{
  if (!g_str_equal (response, "remove")) {
    removal_free (removal);
    return;
  }
  gboolean delete_file = removal->check && gtk_check_button_get_active (removal->check);
  vt_machine_call (removal->machine, "RemoveDisk", g_variant_new ("(sb)", removal->id, delete_file), NULL,
                   on_removed, removal);
}

/* Whether its file can go with it: NULL, or why not. */
static const char *
why_file_stays (VtDiskRow *self, VtMachine *machine)
{
  g_autofree char *file = string_of (self, "file");
  if (g_path_is_absolute (file))
    return _ ("Its file lies outside the machine’s folder, and stays.");
  if (vt_machine_is_alive (machine))
    return _ ("The machine has the disk until it ends. Its file stays: to delete it as well, shut the "
              "machine down first.");
  return NULL;
}

static void
on_remove (VtDiskRow *self)
{
  VtMachine *machine = vt_settings_editor_get_machine (self->editor);
  if (!machine)
    return;
  const char *stays = why_file_stays (self, machine);
  g_autofree char *heading = g_strdup_printf (_ ("Remove Disk %s?"), self->id);
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (adw_alert_dialog_new (
      heading, stays ? stays : _ ("The machine no longer has it. Its file stays, unless it is deleted.")));
  Removal *removal = g_new0 (Removal, 1);
  removal->machine = g_object_ref (machine);
  removal->parent = g_object_ref (GTK_WIDGET (gtk_widget_get_root (GTK_WIDGET (self))));
  removal->id = g_strdup (self->id);
  if (!stays) {
    GtkWidget *check = gtk_check_button_new_with_label (_ ("Delete its file and everything on it, for good"));
    removal->check = GTK_CHECK_BUTTON (check);
    gtk_widget_set_halign (check, GTK_ALIGN_CENTER);
    adw_alert_dialog_set_extra_child (dialog, check);
  }
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "remove", _ ("_Remove"), NULL);
  adw_alert_dialog_set_response_appearance (dialog, "remove", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (dialog, "cancel");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), removal);
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

/* ---- The widget ---- */

static void
dispose (GObject *object)
{
  VtDiskRow *self = VT_DISK_ROW (object);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->asked, g_free);
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_DISK_ROW);
  G_OBJECT_CLASS (vt_disk_row_parent_class)->dispose (object);
}

static void
vt_disk_row_class_init (VtDiskRowClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/disk-row.ui");
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, file_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, bus_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, cache_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, readonly_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, discard_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskRow, remove_row);
  gtk_widget_class_bind_template_callback (widget_class, on_remove);
}

static void
vt_disk_row_init (VtDiskRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  vt_choice_row_fill (VT_CHOICE_ROW (self->bus_row), "bus");
  vt_choice_row_fill (VT_CHOICE_ROW (self->cache_row), "cache");
}

GtkWidget *
vt_disk_row_new (VtSettingsEditor *editor, const char *id)
{
  VtDiskRow *self = g_object_new (VT_TYPE_DISK_ROW, NULL);
  self->editor = editor;
  self->id = g_strdup (id);
  const struct {
    const char *key;
    GtkWidget *row;
  } rows[] = { { "bus", self->bus_row },
               { "cache", self->cache_row },
               { "readonly", self->readonly_row },
               { "discard", self->discard_row } };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = path_of (self, rows[i].key);
    vt_setting_bind (editor, path, rows[i].row);
  }
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
