/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-path.h"

#include <string.h>

#define LIST_TYPE G_VARIANT_TYPE ("aa{sv}")

static const char *const lists[] = { "disks", "drives", "nics", NULL };

static GVariant *
list_of (GVariant *settings, const char *list)
{
  GVariant *parts = g_variant_lookup_value (settings, list, LIST_TYPE);
  return parts ? parts : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}

static const char *
id_of (GVariant *part)
{
  const char *id = "";
  g_variant_lookup (part, "id", "&s", &id);
  return id;
}

static GVariant *
find_part (GVariant *settings, const char *list, const char *id)
{
  g_autoptr (GVariant) parts = list_of (settings, list);
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    if (g_str_equal (id_of (part), id))
      return g_steal_pointer (&part);
  }
  return NULL;
}

GVariant *
vt_settings_get (GVariant *settings, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", 3);
  g_autoptr (GVariant) part = NULL;
  if (!names[1])
    return g_variant_lookup_value (settings, path, NULL);
  part = names[2] ? find_part (settings, names[0], names[1])
                  : g_variant_lookup_value (settings, names[0], G_VARIANT_TYPE_VARDICT);
  return part ? g_variant_lookup_value (part, names[names[2] ? 2 : 1], NULL) : NULL;
}

char *
vt_settings_dup_string (GVariant *settings, const char *path)
{
  g_autoptr (GVariant) value = vt_settings_get (settings, path);
  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL)
                                                                      : g_strdup ("");
}

guint64
vt_settings_get_number (GVariant *settings, const char *path)
{
  g_autoptr (GVariant) value = vt_settings_get (settings, path);
  if (value && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) ? g_variant_get_uint64 (value) : 0;
}

gboolean
vt_settings_get_boolean (GVariant *settings, const char *path)
{
  g_autoptr (GVariant) value = vt_settings_get (settings, path);
  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean (value);
}

char *
vt_settings_key (const char *path)
{
  return g_strndup (path, strcspn (path, "/"));
}

GStrv
vt_settings_ids (GVariant *settings, const char *list)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_autoptr (GVariant) parts = list_of (settings, list);
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    g_strv_builder_add (ids, id_of (part));
  }
  return g_strv_builder_end (ids);
}

/* ---- Patches ---- */

static GVariant *
dict_of_one (const char *key, GVariant *value)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&dict, key, value);
  return g_variant_dict_end (&dict);
}

static GVariant *
named_part (const char *id)
{
  return dict_of_one ("id", g_variant_new_string (id));
}

/* All parts by their ids, but for `left_out`; `changed` says what is new in one of them. */
static GVariant *
list_patch (GVariant *settings, const char *list, const char *left_out, const char *id, const char *key,
            GVariant *value)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (LIST_TYPE);
  g_auto (GStrv) ids = vt_settings_ids (settings, list);
  for (char **name = ids; *name; name++) {
    if (left_out && g_str_equal (*name, left_out))
      continue;
    GVariantDict part = G_VARIANT_DICT_INIT (NULL);
    g_variant_dict_insert (&part, "id", "s", *name);
    if (id && g_str_equal (*name, id))
      g_variant_dict_insert_value (&part, key, value);
    g_variant_builder_add_value (&builder, g_variant_dict_end (&part));
  }
  return g_variant_builder_end (&builder);
}

GVariant *
vt_settings_patch (GVariant *settings, const char *path, GVariant *value)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (value);
  g_auto (GStrv) names = g_strsplit (path, "/", 3);
  GVariant *top = !names[1]  ? held
                  : names[2] ? list_patch (settings, names[0], NULL, names[1], names[2], held)
                             : dict_of_one (names[1], held);
  return g_variant_ref_sink (dict_of_one (names[0], top));
}

static gboolean
has_id (GVariant *settings, const char *id)
{
  for (const char *const *list = lists; *list; list++) {
    g_autoptr (GVariant) part = find_part (settings, *list, id);
    if (part)
      return TRUE;
  }
  return FALSE;
}

GVariant *
vt_settings_add_part (GVariant *settings, const char *list, const char *prefix, GVariantDict *part)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (LIST_TYPE);
  g_auto (GStrv) ids = vt_settings_ids (settings, list);
  g_autofree char *id = g_strdup_printf ("%s0", prefix);
  for (guint number = 1; has_id (settings, id); number++) {
    g_free (id);
    id = g_strdup_printf ("%s%u", prefix, number);
  }
  for (char **name = ids; *name; name++)
    g_variant_builder_add_value (&builder, named_part (*name));
  g_variant_dict_insert (part, "id", "s", id);
  g_variant_builder_add_value (&builder, g_variant_dict_end (part));
  return g_variant_ref_sink (dict_of_one (list, g_variant_builder_end (&builder)));
}

GVariant *
vt_settings_remove_part (GVariant *settings, const char *list, const char *id)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GStrvBuilder) left = g_strv_builder_new ();
  g_auto (GStrv) order = NULL;
  g_variant_dict_insert_value (&dict, list, list_patch (settings, list, id, NULL, NULL, NULL));
  g_variant_lookup (settings, "boot-order", "^as", &order);
  if (order && g_strv_contains ((const char *const *)order, id)) {
    for (char **name = order; *name; name++)
      if (!g_str_equal (*name, id))
        g_strv_builder_add (left, *name);
    g_auto (GStrv) names = g_strv_builder_end (left);
    g_variant_dict_insert_value (&dict, "boot-order", g_variant_new_strv ((const char *const *)names, -1));
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* A floating dictionary: the first one, and what the second one has instead. */
static GVariant *
overlay (GVariant *below, GVariant *above)
{
  GVariantDict dict;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_dict_init (&dict, below);
  g_variant_iter_init (&iter, above);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_dict_insert_value (&dict, key, value);
  return g_variant_dict_end (&dict);
}

static GVariant *
apply_list (GVariant *settings, const char *list, GVariant *parts)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (LIST_TYPE);
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    g_autoptr (GVariant) old = find_part (settings, list, id_of (part));
    g_variant_builder_add_value (&builder, overlay (old, part));
  }
  return g_variant_builder_end (&builder);
}

GVariant *
vt_settings_apply (GVariant *settings, GVariant *patch)
{
  GVariantDict dict;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_dict_init (&dict, settings);
  g_variant_iter_init (&iter, patch);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value)) {
    g_autoptr (GVariant) old = g_variant_lookup_value (settings, key, G_VARIANT_TYPE_VARDICT);
    if (g_variant_is_of_type (value, LIST_TYPE))
      g_variant_dict_insert_value (&dict, key, apply_list (settings, key, value));
    else
      g_variant_dict_insert_value (&dict, key, old ? overlay (old, value) : value);
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* ---- Boot order ---- */

static void
add_once (GPtrArray *order, const char *id)
{
  if (!g_ptr_array_find_with_equal_func (order, id, g_str_equal, NULL))
    g_ptr_array_add (order, g_strdup (id));
}

GStrv
vt_settings_boot_order (GVariant *settings)
{
  GPtrArray *order = g_ptr_array_new ();
  g_auto (GStrv) named = NULL;
  g_variant_lookup (settings, "boot-order", "^as", &named);
  for (char **id = named; id && *id; id++)
    if (has_id (settings, *id))
      add_once (order, *id);
  for (const char *const *list = lists; *list; list++) {
    g_auto (GStrv) ids = vt_settings_ids (settings, *list);
    for (char **id = ids; *id; id++)
      add_once (order, *id);
  }
  g_ptr_array_add (order, NULL);
  return (GStrv)g_ptr_array_free (order, FALSE);
}

/* Disks and drives always, an adapter if something else comes after it. */
static gboolean
has_place (GVariant *settings, char **order, const char *id)
{
  g_auto (GStrv) nics = vt_settings_ids (settings, "nics");
  gboolean found = FALSE;
  for (; *order; order++) {
    found = found || g_str_equal (*order, id);
    if (found && !g_strv_contains ((const char *const *)nics, *order))
      return TRUE;
  }
  return FALSE;
}

gboolean
vt_settings_is_booted (GVariant *settings, const char *id)
{
  g_auto (GStrv) order = vt_settings_boot_order (settings), named = NULL;
  g_variant_lookup (settings, "boot-order", "^as", &named);
  return (named && g_strv_contains ((const char *const *)named, id)) || has_place (settings, order, id);
}

GVariant *
vt_settings_move_boot (GVariant *settings, guint from, guint to)
{
  g_auto (GStrv) order = vt_settings_boot_order (settings);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint n = g_strv_length (order);
  if (from >= n || to >= n)
    return NULL;
  char *moved = order[from];
  if (from < to)
    memmove (order + from, order + from + 1, (to - from) * sizeof *order);
  else
    memmove (order + to + 1, order + to, (from - to) * sizeof *order);
  order[to] = moved;
  for (char **id = order; *id; id++)
    if (has_place (settings, order, *id))
      g_strv_builder_add (names, *id);
  g_auto (GStrv) value = g_strv_builder_end (names);
  return vt_settings_patch (settings, "boot-order", g_variant_new_strv ((const char *const *)value, -1));
}
