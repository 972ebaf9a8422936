/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "library-rows.h"
#include "machine-row.h"

#include <glib/gi18n.h>

typedef struct {
  GListModel *machines;
  GCallback chosen;
  gpointer data;
} Rows;

static void
update_description (GtkListItem *item)
{
  VtMachine *machine = gtk_list_item_get_item (item);
  g_autofree char *state = NULL;
  g_object_get (machine, "state-text", &state, NULL);
  gtk_list_item_set_accessible_label (item, vt_machine_get_name (machine));
  gtk_list_item_set_accessible_description (item, state);
}

static void
setup_row (Rows *rows, GtkListItem *item)
{
  GtkWidget *row = vt_machine_row_new (rows->machines);
  g_signal_connect_swapped (row, "chosen", rows->chosen, rows->data);
  gtk_list_item_set_child (item, row);
}

static void
bind_row (Rows *rows, GtkListItem *item)
{
  VtMachine *machine = gtk_list_item_get_item (item);
  vt_machine_row_set_machine (VT_MACHINE_ROW (gtk_list_item_get_child (item)), machine);
  g_signal_connect_swapped (machine, "notify::name", G_CALLBACK (update_description), item);
  g_signal_connect_swapped (machine, "notify::state", G_CALLBACK (update_description), item);
  update_description (item);
}

static void
unbind_row (Rows *rows, GtkListItem *item)
{
  g_signal_handlers_disconnect_by_data (gtk_list_item_get_item (item), item);
  vt_machine_row_set_machine (VT_MACHINE_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
setup_header (GtkListItemFactory *factory, GtkListHeader *header)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, "caption-heading");
  gtk_widget_set_margin_start (label, 12);
  gtk_widget_set_margin_end (label, 12);
  gtk_list_header_set_child (header, label);
}

static void
bind_header (GtkListItemFactory *factory, GtkListHeader *header)
{
  g_autofree char *group = NULL;
  g_object_get (gtk_list_header_get_item (header), "group", &group, NULL);
  gtk_label_set_text (GTK_LABEL (gtk_list_header_get_child (header)), *group ? group : _ ("In No Group"));
}

static void
rows_free (gpointer data, GClosure *closure)
{
  Rows *rows = data;
  g_object_unref (rows->machines);
  g_free (rows);
}

GtkListItemFactory *
vt_library_row_factory_new (GListModel *machines, GCallback chosen, gpointer data)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  Rows *rows = g_new (Rows, 1);
  *rows = (Rows){ g_object_ref (machines), chosen, data };
  g_signal_connect_data (factory, "setup", G_CALLBACK (setup_row), rows, rows_free, G_CONNECT_SWAPPED);
  g_signal_connect_swapped (factory, "bind", G_CALLBACK (bind_row), rows);
  g_signal_connect_swapped (factory, "unbind", G_CALLBACK (unbind_row), rows);
  return factory;
}

GtkListItemFactory *
vt_library_header_factory_new (void)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_header), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_header), NULL);
  return factory;
}
