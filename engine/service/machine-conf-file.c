/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "error.h"
#include "replace-file.h"

#include <string.h>

/* machine.conf: reading and writing. */

#define GROUP_MACHINE "machine"
#define GROUP_DISPLAY "display"
#define GROUP_END     "end"

static bool
bad_file (const char *path, const char *what, const char *remedy, GError **error)
{
  g_autofree char *cause = g_strdup_printf ("%s: %s", path, what);
  vt_error_set (error, VT_ERROR_BAD_CONFIG, cause, remedy);
  return false;
}

/* ---- Reading ---- */

static bool
read_fields (GKeyFile *file, const char *group, const ConfField *fields, void *base, const char *path,
             GError **error)
{
  for (const ConfField *field = fields; field->key != NULL; field++) {
    g_autofree char *text = g_key_file_get_string (file, group, field->key, NULL);
    g_autofree char *what = g_strdup_printf ("%s, [%s] %s", path, group, field->key);
    if (text == NULL && !field->required)
      continue;
    if (text == NULL) {
      g_autofree char *missing = g_strdup_printf ("[%s] has no “%s”.", group, field->key);
      return bad_file (path, missing, "Add the line, or take the file from a backup.", error);
    }
    if (conf_field_from_text (field, base, text, what, error))
      continue;
    if (error != NULL && *error != NULL)
      (*error)->code = VT_ERROR_BAD_CONFIG;
    return false;
  }
  return true;
}

/* Groups "disk disk0", in the file's order. */
static bool
read_list (GKeyFile *file, const ConfList *list, VtConf *conf, const char *path, GError **error)
{
  GPtrArray *items = *conf_list_of (list, conf);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  size_t length = strlen (list->group);
  for (char **group = groups; *group != NULL; group++) {
    if (strncmp (*group, list->group, length) != 0 || (*group)[length] != ' ')
      continue;
    if (items->len == list->max)
      return bad_file (path, "there are too many parts of one kind.", "Take some out.", error);
    void *item = conf_list_new_item (list);
    g_ptr_array_add (items, item);
    /* The id is the group's name. */
    if (!conf_field_from_text (list->fields, item, *group + length + 1, *group, error) ||
        !read_fields (file, *group, list->fields + 1, item, path, error))
      return false;
  }
  return true;
}

static bool
check_version (GKeyFile *file, const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  int version = g_key_file_get_integer (file, GROUP_MACHINE, "version", &local);
  if (local != NULL || version < 1)
    return bad_file (
        path, "it does not begin with [machine] and a version.",
        "If the file was cut off or overwritten, take it from a backup; else delete the machine's folder.",
        error);
  if (version > VT_CONF_VERSION) {
    g_autofree char *cause =
        g_strdup_printf ("%s was written by a newer Vitrine (its version is %d, %d is known here).", path,
                         version, VT_CONF_VERSION);
    vt_error_set (error, VT_ERROR_NEWER_VERSION, cause, "Update Vitrine.");
    return false;
  }
  if (!g_key_file_has_group (file, GROUP_END))
    return bad_file (
        path, "its end is missing.",
        "If it was cut off, take it from a backup; if it is whole, add the lines [end] and complete=true.",
        error);
  return true;
}

VtConf *
vt_conf_load (const char *path, GError **error)
{
  g_autoptr (VtConf) conf = conf_alloc ();
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, &local)) {
    if (local->domain != G_KEY_FILE_ERROR) {
      g_propagate_error (error, g_steal_pointer (&local));
      vt_error_adopt (error, path);
      return NULL;
    }
    g_autofree char *what = g_strdup_printf ("%s.", local->message);
    bad_file (path, what, "Correct it in a text editor, or take it from a backup.", error);
    return NULL;
  }
  if (!check_version (file, path, error) ||
      !read_fields (file, GROUP_MACHINE, conf_machine_fields, conf, path, error) ||
      !read_fields (file, GROUP_DISPLAY, conf_display_fields, conf, path, error))
    return NULL;
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    if (!read_list (file, list, conf, path, error))
      return NULL;
  conf->source = g_steal_pointer (&file);
  if (!vt_conf_check (conf, &local)) {
    g_autofree char *message = g_strdup_printf ("%s: %s", path, local->message);
    g_set_error_literal (error, VT_ERROR, VT_ERROR_BAD_CONFIG, message);
    return NULL;
  }
  return g_steal_pointer (&conf);
}

/* ---- Writing ---- */

static void
write_fields (GKeyFile *file, const char *group, const ConfField *fields, const void *base)
{
  for (const ConfField *field = fields; field->key != NULL; field++) {
    g_autofree char *text = conf_field_to_text (field, base);
    g_key_file_set_string (file, group, field->key, text);
  }
}

static void
write_list (GKeyFile *file, const ConfList *list, const VtConf *conf)
{
  const GPtrArray *items = *conf_list_of (list, (VtConf *)conf);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  g_autofree char *prefix = g_strconcat (list->group, " ", NULL);
  g_autoptr (GHashTable) kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (unsigned i = 0; i < items->len; i++) {
    g_autofree char *id = conf_field_to_text (list->fields, items->pdata[i]);
    char *group = g_strconcat (prefix, id, NULL);
    write_fields (file, group, list->fields + 1, items->pdata[i]);
    g_hash_table_add (kept, group);
  }
  for (char **group = groups; *group != NULL; group++)
    if (g_str_has_prefix (*group, prefix) && !g_hash_table_contains (kept, *group))
      g_key_file_remove_group (file, *group, NULL);
}

bool
vt_conf_save (VtConf *conf, const char *path, GError **error)
{
  if (conf->source == NULL)
    conf->source = g_key_file_new ();
  GKeyFile *file = conf->source;
  g_key_file_set_integer (file, GROUP_MACHINE, "version", VT_CONF_VERSION);
  write_fields (file, GROUP_MACHINE, conf_machine_fields, conf);
  write_fields (file, GROUP_DISPLAY, conf_display_fields, conf);
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    write_list (file, list, conf);
  /* It must be the last. */
  g_key_file_remove_group (file, GROUP_END, NULL);
  g_key_file_set_boolean (file, GROUP_END, "complete", TRUE);
  size_t length;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);
  bool good = vt_replace_file (path, text, length, true, error);
  if (!good)
    vt_error_adopt (error, "The machine's settings could not be written");
  return good;
}
