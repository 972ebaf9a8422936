/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "error.h"
#include "suggest.h"

#include <string.h>

/* Several fields at once, and lists of structs of them. */

void
conf_fields_clear (const ConfField *fields, void *base)
{
  for (const ConfField *field = fields; field->key != NULL; field++)
    conf_field_clear (field, base);
}

void
conf_fields_set_default (const ConfField *fields, void *base)
{
  for (const ConfField *field = fields; field->key != NULL; field++)
    conf_field_set_default (field, base);
}

const ConfField *
conf_field_find (const ConfField *fields, const char *key)
{
  for (const ConfField *field = fields; field->key != NULL; field++)
    if (strcmp (field->key, key) == 0)
      return field;
  return NULL;
}

static bool
refuse_key (const ConfField *fields, const char *key, const char *what, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  for (const ConfField *field = fields; field->key != NULL; field++)
    g_ptr_array_add (keys, (char *)field->key);
  g_ptr_array_add (keys, NULL);
  g_autofree char *hint = suggest_hint (key, (const char *const *)keys->pdata);
  g_autofree char *cause = g_strdup_printf ("There is no setting “%s” of %s%s", key, what, hint);
  vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Leave it out, or correct its name.");
  return false;
}

bool
conf_fields_from_variant (const ConfField *fields, void *base, GVariant *dict, const char *what,
                          GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  bool good = true;
  g_variant_iter_init (&iter, dict);
  while (good && g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    const ConfField *field = conf_field_find (fields, key);
    g_autofree char *where = g_strdup_printf ("%s: %s", what, key);
    good = field ? conf_field_from_variant (field, base, value, where, error)
                 : refuse_key (fields, key, what, error);
    g_variant_unref (value);
  }
  return good;
}

GVariant *
conf_fields_to_variant (const ConfField *fields, const void *base)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  for (const ConfField *field = fields; field->key != NULL; field++)
    g_variant_builder_add (&builder, "{sv}", field->key, conf_field_to_variant (field, base));
  return g_variant_builder_end (&builder);
}

GPtrArray **
conf_list_of (const ConfList *list, VtConf *conf)
{
  return (GPtrArray **)((char *)conf + list->list_offset);
}

static void
free_disk (void *item)
{
  conf_fields_clear (conf_lists[0].fields, item);
  g_free (item);
}

static void
free_drive (void *item)
{
  conf_fields_clear (conf_lists[1].fields, item);
  g_free (item);
}

static void
free_nic (void *item)
{
  conf_fields_clear (conf_lists[2].fields, item);
  g_free (item);
}

GPtrArray *
conf_list_new (const ConfList *list)
{
  static const GDestroyNotify frees[] = { free_disk, free_drive, free_nic };
  return g_ptr_array_new_with_free_func (frees[list - conf_lists]);
}

void *
conf_list_new_item (const ConfList *list)
{
  void *item = g_malloc0 (list->size);
  conf_fields_set_default (list->fields, item);
  return item;
}
