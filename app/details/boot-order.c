/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot-order.h"

#include "feedback.h"
#include "part-list.h"
#include "remark-row.h"

#include <glib/gi18n.h>

struct _VtBootOrder {
  AdwPreferencesGroup parent_instance;
  GtkListBox *list;
  GtkWidget *note; /* stands last */
  VtSettingsEditor *editor;
  GStrv order; /* as shown */
};

/* A part's row, by widgets' data: its id, and its buttons. */
#define ROW_ID   "vt-id"
#define ROW_UP   "vt-up"
#define ROW_DOWN "vt-down"

G_DEFINE_FINAL_TYPE (VtBootOrder, vt_boot_order, ADW_TYPE_PREFERENCES_GROUP)

static const char *
id_of (GtkWidget *row)
{
  return g_object_get_data (G_OBJECT (row), ROW_ID);
}

static int
place_of (VtBootOrder *self, const char *id)
{
  for (int i = 0; self->order && self->order[i]; i++)
    if (g_str_equal (self->order[i], id))
      return i;
  return -1;
}

static int
compare_rows (GtkListBoxRow *a, GtkListBoxRow *b, gpointer data)
{
  const char *id_a = id_of (GTK_WIDGET (a)), *id_b = id_of (GTK_WIDGET (b));
  int place_a = id_a ? place_of (data, id_a) : G_MAXINT, place_b = id_b ? place_of (data, id_b) : G_MAXINT;
  return (place_a > place_b) - (place_a < place_b);
}

/* ---- Moving ---- */

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VtBootOrder) self = data;
  g_autoptr (GError) error = NULL;
  if (!vt_settings_editor_change_finish (VT_SETTINGS_EDITOR (source), result, &error))
    vt_show_error (GTK_WIDGET (self), "boot-order", error);
}

static void
move (VtBootOrder *self, const char *id, int to)
{
  int from = place_of (self, id), n = self->order ? (int)g_strv_length (self->order) : 0;
  if (from < 0 || to < 0 || to >= n || from == to ||
      !vt_settings_editor_may_change (self->editor, "boot-order"))
    return;
  g_autoptr (GVariant) patch =
      vt_settings_move_boot (vt_settings_editor_get_settings (self->editor), (guint)from, (guint)to);
  if (patch)
    vt_settings_editor_change (self->editor, patch, on_moved, g_object_ref (self));
}

static GtkWidget *
row_of (VtBootOrder *self, const char *id)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row;
       row = gtk_widget_get_next_sibling (row))
    if (g_strcmp0 (id_of (row), id) == 0)
      return row;
  return NULL;
}

/* The button that was pressed may have come to an end, where it can no more be pressed. */
static void
move_by (VtBootOrder *self, GtkWidget *row, int step)
{
  g_autofree char *id = g_strdup (id_of (row));
  move (self, id, place_of (self, id) + step);
  row = row_of (self, id);
  int place = place_of (self, id);
  if (!row || place < 0)
    return;
  GtkWidget *button = g_object_get_data (G_OBJECT (row), step < 0 ? ROW_UP : ROW_DOWN);
  GtkWidget *other = g_object_get_data (G_OBJECT (row), step < 0 ? ROW_DOWN : ROW_UP);
  gtk_widget_grab_focus (gtk_widget_get_sensitive (button) ? button : other);
  g_autofree char *text = g_strdup_printf (
      /* Translators: spoken after a move in the boot order: what, and its place. */
      _ ("%s is at place %d"), adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), place + 1);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
on_up (VtBootOrder *self, GtkButton *button)
{
  move_by (self, gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW), -1);
}

static void
on_down (VtBootOrder *self, GtkButton *button)
{
  move_by (self, gtk_widget_get_ancestor (GTK_WIDGET (button), ADW_TYPE_ACTION_ROW), 1);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, GtkWidget *row)
{
  VtBootOrder *self = VT_BOOT_ORDER (gtk_widget_get_ancestor (row, VT_TYPE_BOOT_ORDER));
  if ((state & gtk_accelerator_get_default_mod_mask ()) != GDK_ALT_MASK ||
      (key != GDK_KEY_Up && key != GDK_KEY_Down))
    return FALSE;
  move_by (self, row, key == GDK_KEY_Up ? -1 : 1);
  return TRUE;
}

/* ---- Dragging ---- */

static GdkContentProvider *
on_prepare (GtkDragSource *source, double x, double y, GtkWidget *row)
{
  VtBootOrder *self = VT_BOOT_ORDER (gtk_widget_get_ancestor (row, VT_TYPE_BOOT_ORDER));
  return vt_settings_editor_may_change (self->editor, "boot-order")
             ? gdk_content_provider_new_typed (ADW_TYPE_ACTION_ROW, row)
             : NULL;
}

static void
on_drag_begin (GtkDragSource *source, GdkDrag *drag, GtkWidget *row)
{
  g_autoptr (GdkPaintable) picture = gtk_widget_paintable_new (row);
  gtk_drag_source_set_icon (source, picture, 24, gtk_widget_get_height (row) / 2);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, GtkWidget *row)
{
  VtBootOrder *self = VT_BOOT_ORDER (gtk_widget_get_ancestor (row, VT_TYPE_BOOT_ORDER));
  GtkWidget *dragged = g_value_get_object (value);
  if (!dragged || !id_of (dragged) || gtk_widget_get_parent (dragged) != GTK_WIDGET (self->list))
    return FALSE;
  move (self, id_of (dragged), place_of (self, id_of (row)));
  return TRUE;
}

/* ---- Rows ---- */

static GtkWidget *
add_button (GtkWidget *row, const char *icon, const char *tooltip, GCallback pressed, VtBootOrder *self)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  g_signal_connect_object (button, "clicked", pressed, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return button;
}

static GtkWidget *
add_row (VtBootOrder *self, const char *id)
{
  GtkWidget *row = adw_action_row_new (),
            *handle = gtk_image_new_from_icon_name ("list-drag-handle-symbolic");
  gtk_widget_add_css_class (handle, "dimmed");
  gtk_accessible_update_state (GTK_ACCESSIBLE (handle), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), handle);
  g_object_set_data_full (G_OBJECT (row), ROW_ID, g_strdup (id), g_free);
  g_object_set_data (G_OBJECT (row), ROW_UP,
                     add_button (row, "go-up-symbolic", _ ("Move Up"), G_CALLBACK (on_up), self));
  g_object_set_data (G_OBJECT (row), ROW_DOWN,
                     add_button (row, "go-down-symbolic", _ ("Move Down"), G_CALLBACK (on_down), self));
  GtkDragSource *source = gtk_drag_source_new ();
  GtkDropTarget *target = gtk_drop_target_new (ADW_TYPE_ACTION_ROW, GDK_ACTION_MOVE);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect (source, "prepare", G_CALLBACK (on_prepare), row);
  g_signal_connect (source, "drag-begin", G_CALLBACK (on_drag_begin), row);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), row);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), row);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (source));
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (target));
  gtk_widget_add_controller (row, keys);
  gtk_list_box_append (self->list, row);
  return row;
}

static const char *
list_of (GVariant *settings, const char *id)
{
  g_auto (GStrv) disks = vt_settings_ids (settings, "disks"), drives = vt_settings_ids (settings, "drives");
  if (g_strv_contains ((const char *const *)disks, id))
    return "disks";
  return g_strv_contains ((const char *const *)drives, id) ? "drives" : "nics";
}

static void
update_row (VtBootOrder *self, GtkWidget *row, int place, int n)
{
  GVariant *settings = vt_settings_editor_get_settings (self->editor);
  gboolean may = vt_settings_editor_may_change (self->editor, "boot-order");
  g_autofree char *title = vt_part_title (settings, list_of (settings, id_of (row)), id_of (row));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row),
                               vt_settings_is_booted (settings, id_of (row))
                                   ? id_of (row)
                                   : _ ("Not started from; move it up to start from the network"));
  gtk_widget_set_sensitive (g_object_get_data (G_OBJECT (row), ROW_UP), may && place > 0);
  gtk_widget_set_sensitive (g_object_get_data (G_OBJECT (row), ROW_DOWN), may && place < n - 1);
}

static void
update (VtBootOrder *self)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  g_strfreev (self->order);
  self->order = vt_settings_boot_order (vt_settings_editor_get_settings (self->editor));
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row;
       row = gtk_widget_get_next_sibling (row))
    if (id_of (row) && place_of (self, id_of (row)) < 0)
      g_ptr_array_add (gone, row);
  for (guint i = 0; i < gone->len; i++)
    gtk_list_box_remove (self->list, gone->pdata[i]);
  int n = (int)g_strv_length (self->order);
  for (int i = 0; i < n; i++) {
    GtkWidget *row = row_of (self, self->order[i]);
    update_row (self, row ? row : add_row (self, self->order[i]), i, n);
  }
  gtk_list_box_invalidate_sort (self->list);
  gtk_widget_set_visible (GTK_WIDGET (self), n > 0);
  vt_remark_row_set (VT_REMARK_ROW (self->note), VT_REMARK_NOTE,
                     vt_settings_editor_is_pending (self->editor, "boot-order")
                         ? _ ("Takes effect at the next start")
                         : NULL);
}

void
vt_boot_order_set_editor (VtBootOrder *self, VtSettingsEditor *editor)
{
  self->editor = editor;
  g_signal_connect_object (editor, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), VT_TYPE_BOOT_ORDER);
  g_clear_pointer (&VT_BOOT_ORDER (object)->order, g_strfreev);
  G_OBJECT_CLASS (vt_boot_order_parent_class)->dispose (object);
}

static void
vt_boot_order_class_init (VtBootOrderClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/vitrine/Vitrine/ui/boot-order.ui");
  gtk_widget_class_bind_template_child (widget_class, VtBootOrder, list);
}

static void
vt_boot_order_init (VtBootOrder *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->note = vt_remark_row_new (NULL);
  gtk_list_box_append (self->list, self->note);
  gtk_list_box_set_sort_func (self->list, compare_rows, self, NULL);
}
