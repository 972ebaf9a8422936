/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "part-list.h"

#include <glib/gi18n.h>

typedef struct {
  GtkWidget *parent, *empty, *last; /* not owned: it is the parent's data */
  VtSettingsEditor *editor;
  char *list;
  VtPartNew part_new;
  GPtrArray *ids, *widgets;
  guint epoch;
} PartList;

static void
remove_part (PartList *self, guint index)
{
  GtkWidget *widget = self->widgets->pdata[index];
  if (ADW_IS_PREFERENCES_PAGE (self->parent))
    adw_preferences_page_remove (ADW_PREFERENCES_PAGE (self->parent), ADW_PREFERENCES_GROUP (widget));
  else
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self->parent), widget);
  g_ptr_array_remove_index (self->widgets, index);
  g_ptr_array_remove_index (self->ids, index);
}

static void
add_part (PartList *self, const char *id)
{
  GtkWidget *widget = self->part_new (self->editor, id);
  if (ADW_IS_PREFERENCES_PAGE (self->parent))
    adw_preferences_page_add (ADW_PREFERENCES_PAGE (self->parent), ADW_PREFERENCES_GROUP (widget));
  else
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (self->parent), widget);
  g_ptr_array_add (self->widgets, widget);
  g_ptr_array_add (self->ids, g_strdup (id));
}

static void
put_last (PartList *self)
{
  g_autoptr (GtkWidget) held = g_object_ref (self->last);
  if (ADW_IS_PREFERENCES_PAGE (self->parent)) {
    adw_preferences_page_remove (ADW_PREFERENCES_PAGE (self->parent), ADW_PREFERENCES_GROUP (held));
    adw_preferences_page_add (ADW_PREFERENCES_PAGE (self->parent), ADW_PREFERENCES_GROUP (held));
  } else {
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self->parent), held);
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (self->parent), held);
  }
}

/* Another machine's parts are others, whatever their ids. */
static void
update (PartList *self)
{
  g_auto (GStrv) ids = vt_settings_ids (vt_settings_editor_get_settings (self->editor), self->list);
  guint n = g_strv_length (ids), epoch = vt_settings_editor_get_epoch (self->editor), same = 0;
  for (guint i = self->ids->len; i-- > 0;)
    if (epoch != self->epoch || !g_strv_contains ((const char *const *)ids, self->ids->pdata[i]))
      remove_part (self, i);
  self->epoch = epoch;
  while (same < n && same < self->ids->len && g_str_equal (ids[same], self->ids->pdata[same]))
    same++;
  while (self->ids->len > same)
    remove_part (self, self->ids->len - 1);
  for (guint i = same; i < n; i++)
    add_part (self, ids[i]);
  if (self->last && same < n)
    put_last (self);
  if (self->empty)
    gtk_widget_set_visible (self->empty, n == 0);
}

static void
on_changed (GtkWidget *parent, VtSettingsEditor *editor)
{
  update (g_object_get_data (G_OBJECT (parent), "vt-parts"));
}

static void
free_list (gpointer data)
{
  PartList *self = data;
  g_ptr_array_unref (self->ids);
  g_ptr_array_unref (self->widgets);
  g_free (self->list);
  g_free (self);
}

void
vt_part_list_attach (GtkWidget *parent, VtSettingsEditor *editor, const char *list, VtPartNew part_new,
                     GtkWidget *empty, GtkWidget *last)
{
  PartList *self = g_new0 (PartList, 1);
  *self = (PartList){ parent,
                      empty,
                      last,
                      editor,
                      g_strdup (list),
                      part_new,
                      g_ptr_array_new_with_free_func (g_free),
                      g_ptr_array_new (),
                      0 };
  g_object_set_data_full (G_OBJECT (parent), "vt-parts", self, free_list);
  g_signal_connect_object (editor, "changed", G_CALLBACK (on_changed), parent, G_CONNECT_SWAPPED);
  update (self);
}

char *
vt_part_title (GVariant *settings, const char *list, const char *id)
{
  static const struct {
    const char *list, *one, *several;
  } titles[] = {
    { "disks", N_ ("Disk"), N_ ("Disk %u") },
    { "drives", N_ ("Optical Drive"), N_ ("Optical Drive %u") },
    { "nics", N_ ("Network Adapter"), N_ ("Network Adapter %u") },
  };
  g_auto (GStrv) ids = vt_settings_ids (settings, list);
  guint place = 0;
  while (ids[place] && !g_str_equal (ids[place], id))
    place++;
  for (size_t i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_str_equal (titles[i].list, list)) {
      g_autofree char *number = g_strdup_printf ("%u", place + 1);
      g_auto (GStrv) around = g_strsplit (_ (titles[i].several), "%u", 2);
      return ids[0] && ids[1] ? g_strjoinv (number, around) : g_strdup (_ (titles[i].one));
    }
  return g_strdup (id);
}
