/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network-page.h"

#include "feedback.h"
#include "nic-group.h"
#include "part-list.h"
#include "setting-binding.h"

#include <glib/gi18n.h>

#define MAX_NICS 8

struct _VtNetworkPage {
  AdwPreferencesPage parent_instance;
  GtkWidget *last_group, *add_row, *none_row;
  VtRemarkRow *note;
  VtSettingsEditor *editor;
};

G_DEFINE_FINAL_TYPE (VtNetworkPage, vt_network_page, ADW_TYPE_PREFERENCES_PAGE)

static void
on_added (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtNetworkPage) self = data;
  g_autoptr (GError) error = NULL;
  if (!vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error))
    vt_show_error (GTK_WIDGET (self), "nics", error);
}

static void
on_add (VtNetworkPage *self)
{
  GVariantDict nic = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&nic, "mode", "s", "user");
  g_autoptr (GVariant) patch =
      vt_settings_add_part (vt_settings_editor_get_settings (self->editor), "nics", "net", &nic);
  vt_settings_editor_change (self->editor, patch, on_added, g_object_ref (self));
}

static void
update (VtNetworkPage *self)
{
  g_auto (GStrv) ids = vt_settings_ids (vt_settings_editor_get_settings (self->editor), "nics");
  gboolean room = g_strv_length (ids) < MAX_NICS;
  gtk_widget_set_sensitive (self->add_row, room && vt_settings_editor_may_change (self->editor, "nics"));
  gtk_widget_set_tooltip_text (self->add_row, room ? NULL : _ ("The machine has as many as it can have"));
}

void
vt_network_page_set_editor (VtNetworkPage *self, VtSettingsEditor *editor)
{
  self->editor = editor;
  vt_part_list_attach (GTK_WIDGET (self), editor, "nics", vt_nic_group_new, self->none_row, self->last_group);
  vt_setting_note_pending (editor, "nics", self->note);
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_NETWORK_PAGE);
  G_OBJECT_CLASS (vt_network_page_parent_class)->dispose (object);
}

static void
vt_network_page_class_init (VtNetworkPageClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_REMARK_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/network-page.ui");
  gtk_widget_class_bind_template_child (widget_class, VtNetworkPage, add_row);
  gtk_widget_class_bind_template_child (widget_class, VtNetworkPage, none_row);
  gtk_widget_class_bind_template_child (widget_class, VtNetworkPage, last_group);
  gtk_widget_class_bind_template_child (widget_class, VtNetworkPage, note);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
}

static void
vt_network_page_init (VtNetworkPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
