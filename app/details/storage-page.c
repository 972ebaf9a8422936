/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "storage-page.h"

#include "disk-dialog.h"
#include "disk-row.h"
#include "drive-row.h"
#include "feedback.h"
#include "part-list.h"
#include "setting-binding.h"

#include <glib/gi18n.h>

#define MAX_DISKS  24
#define MAX_DRIVES 4

struct _VtStoragePage {
  AdwPreferencesPage parent_instance;
  GtkWidget *disks_group, *drives_group, *add_disk_button, *add_drive_button, *no_disk_row, *no_drive_row;
  VtRemarkRow *disks_note, *drives_note;
  VtSettingsEditor *editor;
};

G_DEFINE_FINAL_TYPE (VtStoragePage, vt_storage_page, ADW_TYPE_PREFERENCES_PAGE)

static void
on_add_disk (VtStoragePage *self)
{
  vt_disk_dialog_present (self->editor, GTK_WIDGET (self));
}

static void
on_drive_added (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtStoragePage) self = data;
  g_autoptr (GError) error = NULL;
  if (!vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error))
    vt_show_error (GTK_WIDGET (self), "drives", error);
}

static void
on_add_drive (VtStoragePage *self)
{
  GVariantDict drive = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) patch =
      vt_settings_add_part (vt_settings_editor_get_settings (self->editor), "drives", "cdrom", &drive);
  vt_settings_editor_change (self->editor, patch, on_drive_added, g_object_ref (self));
}

/* A button that cannot work says why. */
static void
update_button (VtStoragePage *self, GtkWidget *button, const char *list, guint most, const char *tooltip)
{
  g_auto (GStrv) ids = vt_settings_ids (vt_settings_editor_get_settings (self->editor), list);
  gboolean room = g_strv_length (ids) < most;
  gtk_widget_set_sensitive (button, room && vt_settings_editor_may_change (self->editor, list));
  gtk_widget_set_tooltip_text (button, room ? tooltip : _ ("The machine has as many as it can have"));
}

static void
update (VtStoragePage *self)
{
  update_button (self, self->add_disk_button, "disks", MAX_DISKS, _ ("Add Disk…"));
  update_button (self, self->add_drive_button, "drives", MAX_DRIVES, _ ("Add Optical Drive"));
}

void
vt_storage_page_set_editor (VtStoragePage *self, VtSettingsEditor *editor)
{
  self->editor = editor;
  vt_part_list_attach (self->disks_group, editor, "disks", vt_disk_row_new, self->no_disk_row,
                       GTK_WIDGET (self->disks_note));
  vt_part_list_attach (self->drives_group, editor, "drives", vt_drive_row_new, self->no_drive_row,
                       GTK_WIDGET (self->drives_note));
  vt_setting_note_pending (editor, "disks", self->disks_note);
  vt_setting_note_pending (editor, "drives", self->drives_note);
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_STORAGE_PAGE);
  G_OBJECT_CLASS (vt_storage_page_parent_class)->dispose (object);
}

static void
vt_storage_page_class_init (VtStoragePageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_REMARK_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/storage-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, disks_group);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, drives_group);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, add_disk_button);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, add_drive_button);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, no_disk_row);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, no_drive_row);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, disks_note);
  gtk_widget_class_bind_template_child (widget_class, VtStoragePage, drives_note);
  gtk_widget_class_bind_template_callback (widget_class, on_add_disk);
  gtk_widget_class_bind_template_callback (widget_class, on_add_drive);
}

static void
vt_storage_page_init (VtStoragePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
