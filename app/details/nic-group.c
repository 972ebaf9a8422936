/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nic-group.h"

#include "choices.h"
#include "feedback.h"
#include "forward-dialog.h"
#include "forwards.h"
#include "part-list.h"
#include "setting-binding.h"

#include <glib/gi18n.h>

struct _VtNicGroup {
  AdwPreferencesGroup parent_instance;
  GtkWidget *mode_row, *link_row, *restrict_row, *mac_row, *forwards_row, *add_row, *remove_button;
  VtSettingsEditor *editor;
  char *id;
  GPtrArray *forwards, *rows; /* as shown */
};

#define ROW_FORWARD "vt-forward"

G_DEFINE_FINAL_TYPE (VtNicGroup, vt_nic_group, ADW_TYPE_PREFERENCES_GROUP)

static char *
path_of (VtNicGroup *self, const char *key)
{
  return g_strdup_printf ("nics/%s/%s", self->id, key);
}

/* ---- Forwards ---- */

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) page = data;
  g_autoptr (GError) error = NULL;
  if (!vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error))
    vt_show_error (page, "nics", error);
}

/* What outlives this group: it goes with its adapter. */
static GtkWidget *
page_of (VtNicGroup *self)
{
  return gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_PAGE);
}

static void
on_remove_forward (VtNicGroup *self, GtkButton *button)
{
  GtkWidget *row = gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW);
  const VtForward *removed = g_object_get_data (G_OBJECT (row), ROW_FORWARD);
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  g_autoptr (GPtrArray) forwards = vt_forwards_get (settings, self->id);
  g_autofree char *path = path_of (self, "forward");
  for (guint i = forwards->len; i-- > 0;)
    if (vt_forward_equal (forwards->pdata[i], removed))
      g_ptr_array_remove_index (forwards, i);
  g_autoptr (GVariant) patch = vt_settings_patch (settings, path, vt_forwards_to_variant (forwards));
  /* The button goes with its row. */
  gtk_widget_grab_focus (self->add_row);
  vt_settings_editor_change (self->editor, patch, on_changed, g_object_ref (page_of (self)));
}

static void
on_edit_forward (VtNicGroup *self, GtkButton *button)
{
  GtkWidget *row = gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW);
  vt_forward_dialog_present (self->editor, self->id, g_object_get_data (G_OBJECT (row), ROW_FORWARD),
                             GTK_WIDGET (self));
}

static void
on_add (VtNicGroup *self)
{
  vt_forward_dialog_present (self->editor, self->id, NULL, GTK_WIDGET (self));
}

static void
add_button (VtNicGroup *self, GtkWidget *row, const char *icon, const char *tooltip, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
}

static GtkWidget *
new_forward_row (VtNicGroup *self, const VtForward *forward)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *protocol = g_ascii_strup (forward->protocol, -1);
  /* Translators: a port of this computer’s leads to a port of the guest’s; both are numbers. */
  g_autofree char *title =
      g_strdup_printf (_ ("Port %u to guest port %u"), forward->host_port, forward->guest_port);
  g_autofree char *subtitle = *forward->guest_address
                                  ? g_strdup_printf (_ ("%s, at %s"), protocol, forward->guest_address)
                                  : g_strdup (protocol);
  g_autofree char *edit = g_strdup_printf (_ ("Edit Forwarding of Port %u"), forward->host_port);
  g_autofree char *remove = g_strdup_printf (_ ("Remove Forwarding of Port %u"), forward->host_port);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  g_object_set_data_full (
      G_OBJECT (row), ROW_FORWARD,
      vt_forward_new (forward->protocol, forward->host_port, forward->guest_address, forward->guest_port),
      (GDestroyNotify)vt_forward_free);
  add_button (self, row, "document-edit-symbolic", edit, G_CALLBACK (on_edit_forward));
  add_button (self, row, "user-trash-symbolic", remove, G_CALLBACK (on_remove_forward));
  return row;
}

static gboolean
same_forwards (const GPtrArray *a, const GPtrArray *b)
{
  gboolean same = a && a->len == b->len;
  for (guint i = 0; same && i < a->len; i++)
    same = vt_forward_equal (a->pdata[i], b->pdata[i]);
  return same;
}

/* The button row stays the last one. */
static void
update_forwards (VtNicGroup *self)
{
  AdwExpanderRow *list = ADW_EXPANDER_ROW (self->forwards_row);
  g_autoptr (GPtrArray) forwards = vt_forwards_get (vt_settings_editor_get_settings (self->editor), self->id);
  if (same_forwards (self->forwards, forwards))
    return;
  for (guint i = 0; i < self->rows->len; i++)
    adw_expander_row_remove (list, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  GtkWidget *box = gtk_widget_get_parent (self->add_row);
  for (guint i = 0; i < forwards->len; i++) {
    GtkWidget *row = new_forward_row (self, forwards->pdata[i]);
    gtk_list_box_insert (GTK_LIST_BOX (box), row,
                         gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (self->add_row)));
    g_ptr_array_add (self->rows, row);
  }
  g_clear_pointer (&self->forwards, g_ptr_array_unref);
  self->forwards = g_steal_pointer (&forwards);
}

/* ---- The adapter ---- */

static void
update (VtNicGroup *self)
{
  g_autofree char *mode_path = path_of (self, "mode");
  g_autofree char *mode = vt_settings_dup_string (vt_settings_editor_get_settings (self->editor), mode_path);
  gboolean on = !g_str_equal (mode, "none"), may = vt_settings_editor_may_change (self->editor, "nics");
  g_autofree char *title = vt_part_title (vt_settings_editor_get_settings (self->editor), "nics", self->id);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self), title);
  update_forwards (self);
  gtk_widget_set_sensitive (self->forwards_row, on && may);
  adw_expander_row_set_subtitle (
      ADW_EXPANDER_ROW (self->forwards_row),
      !on                   ? _ ("An adapter without a network forwards nothing")
      : self->forwards->len ? _ ("Ports of this computer that lead to the guest; changes take effect at once")
                            : _ ("No port of this computer leads to the guest"));
  gtk_widget_set_sensitive (self->remove_button, may);
}

static void
on_remove (VtNicGroup *self)
{
  g_autoptr (GVariant) patch =
      vt_settings_remove_part (vt_settings_editor_get_settings (self->editor), "nics", self->id);
  vt_settings_editor_change (self->editor, patch, on_changed, g_object_ref (page_of (self)));
}

static void
dispose (GObject *object)
{
  VtNicGroup *self = VT_NIC_GROUP (object);
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_NIC_GROUP);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->forwards, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (vt_nic_group_parent_class)->dispose (object);
}

static void
vt_nic_group_class_init (VtNicGroupClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  g_type_ensure (VT_TYPE_CHOICE_ROW);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/nic-group.ui");
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, mode_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, link_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, restrict_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, mac_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, forwards_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, add_row);
  gtk_widget_class_bind_template_child (widget_class, VtNicGroup, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, on_add);
  gtk_widget_class_bind_template_callback (widget_class, on_remove);
}

static void
vt_nic_group_init (VtNicGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
  vt_choice_row_fill (VT_CHOICE_ROW (self->mode_row), "mode");
}

GtkWidget *
vt_nic_group_new (VtSettingsEditor *editor, const char *id)
{
  VtNicGroup *self = g_object_new (VT_TYPE_NIC_GROUP, NULL);
  const struct {
    const char *key;
    GtkWidget *row;
  } rows[] = { { "mode", self->mode_row },
               { "link", self->link_row },
               { "restrict", self->restrict_row },
               { "mac", self->mac_row } };
  self->editor = editor;
  self->id = g_strdup (id);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = path_of (self, rows[i].key);
    vt_setting_bind (editor, path, rows[i].row);
  }
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
