/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk-dialog.h"

#include "choices.h"
#include "engine.h"
#include "remark-row.h"

#include <glib/gi18n.h>

#define GIB (G_GUINT64_CONSTANT (1) << 30)

struct _VtDiskDialog {
  AdwDialog parent_instance;
  GtkWidget *add_button, *size_row, *bus_row, *cache_row;
  VtRemarkRow *size_remark;
  VtMachine *machine;
  guint64 free_disk; /* 0: not known */
};

G_DEFINE_FINAL_TYPE (VtDiskDialog, vt_disk_dialog, ADW_TYPE_DIALOG)

/* A disk grows as it is filled, so that more than is free is no error. */
static void
advise (VtDiskDialog *self)
{
  guint64 size = (guint64)adw_spin_row_get_value (ADW_SPIN_ROW (self->size_row)) * GIB;
  g_autofree char *text = NULL, *left = g_format_size_full (self->free_disk, G_FORMAT_SIZE_IEC_UNITS);
  if (self->free_disk && size > self->free_disk)
    text = g_strdup_printf (_ ("Only %s are free on this computer: the disk cannot be filled."), left);
  else if (vt_machine_is_alive (self->machine))
    text = g_strdup (_ ("The machine gets it at the next start."));
  vt_remark_row_set (self->size_remark,
                     self->free_disk && size > self->free_disk ? VT_REMARK_WARNING : VT_REMARK_NOTE, text);
}

static void
on_added (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtDiskDialog) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = vt_machine_call_finish (VT_MACHINE (source), result, &error);
  gtk_widget_set_sensitive (self->add_button, TRUE);
  if (reply) {
    adw_dialog_close (ADW_DIALOG (self));
    return;
  }
  g_autofree char *cause = vt_error_cause (error), *remedy = vt_error_remedy (error);
  g_autofree char *text = g_strdup_printf ("%s\n%s", cause, remedy);
  vt_remark_row_set (self->size_remark, VT_REMARK_ERROR, g_strchomp (text));
}

static void
on_add (VtDiskDialog *self)
{
  GVariantDict options = G_VARIANT_DICT_INIT (NULL);
  adw_spin_row_update (ADW_SPIN_ROW (self->size_row));
  guint64 size = (guint64)adw_spin_row_get_value (ADW_SPIN_ROW (self->size_row)) * GIB;
  g_variant_dict_insert (&options, "bus", "s", vt_choice_row_get (VT_CHOICE_ROW (self->bus_row)));
  g_variant_dict_insert (&options, "cache", "s", vt_choice_row_get (VT_CHOICE_ROW (self->cache_row)));
  gtk_widget_set_sensitive (self->add_button, FALSE);
  vt_machine_call (self->machine, "AddDisk", g_variant_new ("(t@a{sv})", size, g_variant_dict_end (&options)),
                   NULL, on_added, g_object_ref (self));
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_DISK_DIALOG);
  g_clear_object (&VT_DISK_DIALOG (object)->machine);
  G_OBJECT_CLASS (vt_disk_dialog_parent_class)->dispose (object);
}

static void
vt_disk_dialog_class_init (VtDiskDialogClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  g_type_ensure (VT_TYPE_REMARK_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/disk-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, VtDiskDialog, add_button);
  gtk_widget_class_bind_template_child (widget_class, VtDiskDialog, size_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskDialog, size_remark);
  gtk_widget_class_bind_template_child (widget_class, VtDiskDialog, bus_row);
  gtk_widget_class_bind_template_child (widget_class, VtDiskDialog, cache_row);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
}

static void
vt_disk_dialog_init (VtDiskDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  vt_choice_row_fill (VT_CHOICE_ROW (self->bus_row), "bus");
  vt_choice_row_fill (VT_CHOICE_ROW (self->cache_row), "cache");
}

void
vt_disk_dialog_present (VtSettingsEditor *editor, GtkWidget *parent)
{
  VtMachine *machine = vt_settings_editor_get_machine (editor);
  GVariant *capabilities = vt_settings_editor_get_capabilities (editor);
  if (!machine)
    return;
  VtDiskDialog *self = g_object_new (VT_TYPE_DISK_DIALOG, NULL);
  self->machine = g_object_ref (machine);
  if (capabilities)
    g_variant_lookup (capabilities, "free-disk", "t", &self->free_disk);
  g_signal_connect_swapped (self->size_row, "notify::value", G_CALLBACK (advise), self);
  advise (self);
  adw_dialog_present (ADW_DIALOG (self), parent);
}
