/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "library-list.h"

struct _VtLibraryList {
  GObject parent_instance;
  GListModel *machines;
  GtkCustomFilter *filter;
  GtkCustomSorter *sorter, *section_sorter;
  GtkSortListModel *model;
  GStrv words; /* casefolded */
  char *order;
  gboolean grouped;
};

enum { PROP_GROUPED = 1 };

G_DEFINE_FINAL_TYPE (VtLibraryList, vt_library_list, G_TYPE_OBJECT)

static gboolean
matches (gpointer item, gpointer data)
{
  VtLibraryList *self = data;
  g_autofree char *os = NULL, *group = NULL, *architecture = NULL, *state = NULL;
  g_object_get (item, "os-name", &os, "group", &group, "architecture", &architecture, "state-text", &state,
                NULL);
  g_autofree char *all = g_strjoin (" ", vt_machine_get_name (item), os, group, architecture, state, NULL);
  g_autofree char *text = g_utf8_casefold (all, -1);
  for (char **word = self->words; word && *word; word++)
    if (!strstr (text, *word))
      return FALSE;
  return TRUE;
}

static int
compare_names (const char *a, const char *b)
{
  g_autofree char *key_a = g_utf8_collate_key_for_filename (a, -1),
                  *key_b = g_utf8_collate_key_for_filename (b, -1);
  return strcmp (key_a, key_b);
}

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  VtLibraryList *self = data;
  gint64 order = 0;
  if (g_str_equal (self->order, "state")) {
    order = vt_machine_is_alive ((VtMachine *)b) - vt_machine_is_alive ((VtMachine *)a);
  } else if (g_str_equal (self->order, "recent")) {
    gint64 time_a, time_b;
    g_object_get ((gpointer)a, "last-started", &time_a, NULL);
    g_object_get ((gpointer)b, "last-started", &time_b, NULL);
    order = (time_b > time_a) - (time_b < time_a);
  }
  return order ? (int)order
               : compare_names (vt_machine_get_name ((VtMachine *)a), vt_machine_get_name ((VtMachine *)b));
}

/* Machines without a group stand last. */
static int
compare_groups (gconstpointer a, gconstpointer b, gpointer data)
{
  g_autofree char *group_a = NULL, *group_b = NULL;
  g_object_get ((gpointer)a, "group", &group_a, NULL);
  g_object_get ((gpointer)b, "group", &group_b, NULL);
  if (!*group_a || !*group_b)
    return !*group_a - !*group_b;
  return compare_names (group_a, group_b);
}

static void
update_grouped (VtLibraryList *self)
{
  gboolean grouped = FALSE;
  for (guint i = 0; i < g_list_model_get_n_items (self->machines) && !grouped; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    g_autofree char *group = NULL;
    g_object_get (machine, "group", &group, NULL);
    grouped = *group != 0;
  }
  if (grouped == self->grouped)
    return;
  self->grouped = grouped;
  g_object_notify (G_OBJECT (self), "grouped");
}

static void
on_machine_changed (VtLibraryList *self)
{
  update_grouped (self);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (GTK_SORTER (self->section_sorter), GTK_SORTER_CHANGE_DIFFERENT);
  gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

static void
on_items_changed (VtLibraryList *self, guint position, guint removed, guint added)
{
  const char *const notified[] = { "notify::name", "notify::group", "notify::state", "notify::last-started" };
  for (guint i = position; i < position + added; i++) {
    g_autoptr (VtMachine) machine = g_list_model_get_item (self->machines, i);
    for (size_t j = 0; j < G_N_ELEMENTS (notified); j++)
      g_signal_connect_object (machine, notified[j], G_CALLBACK (on_machine_changed), self,
                               G_CONNECT_SWAPPED);
  }
  update_grouped (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean (value, VT_LIBRARY_LIST (object)->grouped);
}

static void
finalize (GObject *object)
{
  VtLibraryList *self = VT_LIBRARY_LIST (object);
  /* The models may outlive this in a list view; their functions must not ask it any longer. */
  gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  gtk_custom_sorter_set_sort_func (self->sorter, NULL, NULL, NULL);
  g_object_unref (self->filter);
  g_object_unref (self->sorter);
  g_object_unref (self->section_sorter);
  g_object_unref (self->model);
  g_object_unref (self->machines);
  g_strfreev (self->words);
  g_free (self->order);
  G_OBJECT_CLASS (vt_library_list_parent_class)->finalize (object);
}

static void
vt_library_list_class_init (VtLibraryListClass *class)
{
  G_OBJECT_CLASS (class)->get_property = get_property;
  G_OBJECT_CLASS (class)->finalize = finalize;
  g_object_class_install_property (
      G_OBJECT_CLASS (class), PROP_GROUPED,
      g_param_spec_boolean ("grouped", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY));
}

static void
vt_library_list_init (VtLibraryList *self)
{
  self->order = g_strdup ("name");
}

VtLibraryList *
vt_library_list_new (GListModel *machines)
{
  VtLibraryList *self = g_object_new (VT_TYPE_LIBRARY_LIST, NULL);
  self->machines = g_object_ref (machines);
  self->filter = gtk_custom_filter_new (matches, self, NULL);
  self->sorter = gtk_custom_sorter_new (compare, self, NULL);
  self->section_sorter = gtk_custom_sorter_new (compare_groups, NULL, NULL);
  GtkFilterListModel *filtered =
      gtk_filter_list_model_new (g_object_ref (machines), GTK_FILTER (g_object_ref (self->filter)));
  self->model = gtk_sort_list_model_new (G_LIST_MODEL (filtered), GTK_SORTER (g_object_ref (self->sorter)));
  gtk_sort_list_model_set_section_sorter (self->model, GTK_SORTER (self->section_sorter));
  g_signal_connect_object (machines, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
  on_items_changed (self, 0, 0, g_list_model_get_n_items (machines));
  return self;
}

GListModel *
vt_library_list_get_model (VtLibraryList *self)
{
  return G_LIST_MODEL (self->model);
}

void
vt_library_list_set_search (VtLibraryList *self, const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_strfreev (self->words);
  self->words = g_strsplit_set (folded, " \t", -1);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

void
vt_library_list_set_order (VtLibraryList *self, const char *order)
{
  g_free (self->order);
  self->order = g_strdup (order);
  gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

gboolean
vt_library_list_is_grouped (VtLibraryList *self)
{
  return self->grouped;
}
