/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "architecture.h"
#include "error.h"
#include "suggest.h"

#include <string.h>
#include <unistd.h>

#define GIB        (UINT64_C (1) << 30)
#define DISK_SIZE  (20 * GIB)
#define CPUS_MAX   4
#define MEMORY_MAX (4 * GIB)

/* ---- Life ---- */

VtConf *
conf_alloc (void)
{
  VtConf *conf = g_new0 (VtConf, 1);
  conf_fields_set_default (conf_machine_fields, conf);
  conf_fields_set_default (conf_display_fields, conf);
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    *conf_list_of (list, conf) = conf_list_new (list);
  return conf;
}

void
vt_conf_free (VtConf *conf)
{
  if (conf == NULL)
    return;
  conf_fields_clear (conf_machine_fields, conf);
  conf_fields_clear (conf_display_fields, conf);
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    g_ptr_array_unref (*conf_list_of (list, conf));
  g_clear_pointer (&conf->source, g_key_file_unref);
  g_free (conf);
}

static void
copy_fields (const ConfField *fields, void *to, const void *from)
{
  for (const ConfField *field = fields; field->key != NULL; field++) {
    g_autofree char *text = conf_field_to_text (field, from);
    ConfField lenient = *field;
    lenient.required = false;
    lenient.min = 0;
    conf_field_from_text (&lenient, to, text, field->key, NULL);
  }
}

VtConf *
vt_conf_copy (const VtConf *conf)
{
  VtConf *copy = conf_alloc ();
  copy_fields (conf_machine_fields, copy, conf);
  copy_fields (conf_display_fields, copy, conf);
  for (const ConfList *list = conf_lists; list->key != NULL; list++) {
    const GPtrArray *items = *conf_list_of (list, (VtConf *)conf);
    for (unsigned i = 0; i < items->len; i++) {
      void *item = conf_list_new_item (list);
      copy_fields (list->fields, item, items->pdata[i]);
      g_ptr_array_add (*conf_list_of (list, copy), item);
    }
  }
  copy->source = conf->source ? g_key_file_ref (conf->source) : NULL;
  return copy;
}

/* ---- Defaults ---- */

static uint64_t
host_memory (void)
{
  return (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
}

/* A quarter of the host's memory and half of its processors are seldom missed there. */
static void
scale_to_host (VtConf *conf)
{
  conf->memory = CLAMP (host_memory () / 4 / GIB * GIB, GIB, MEMORY_MAX);
  conf->cpus = CLAMP (g_get_num_processors () / 2, 1, CPUS_MAX);
}

static void
add_default_parts (VtConf *conf)
{
  VtConfDisk *disk = conf_list_new_item (&conf_lists[0]);
  VtConfDrive *drive = conf_list_new_item (&conf_lists[1]);
  VtConfNic *nic = conf_list_new_item (&conf_lists[2]);
  disk->id = (g_free (disk->id), g_strdup ("disk0"));
  disk->size = DISK_SIZE;
  drive->id = (g_free (drive->id), g_strdup ("cdrom0"));
  nic->id = (g_free (nic->id), g_strdup ("net0"));
  g_ptr_array_add (conf->disks, disk);
  g_ptr_array_add (conf->drives, drive);
  g_ptr_array_add (conf->nics, nic);
}

/* What machines of an architecture usually have. Settings that name none such are refused later. */
static void
take_architecture (VtConf *conf, GVariant *settings)
{
  const char *name = NULL;
  if (settings != NULL)
    g_variant_lookup (settings, "architecture", "&s", &name);
  const VtArchitecture *given = name ? vt_architecture_find (name) : NULL;
  const VtArchitecture *architecture = given ? given : vt_architecture_usual ();
  g_set_str (&conf->architecture, architecture->name);
  g_set_str (&conf->board, architecture->boards[0]);
  g_set_str (&conf->firmware, architecture->firmware[0]);
  g_set_str (&conf->cpu, architecture->cpus[0]);
}

/* Locally administered, with QEMU's and KVM's well-known beginning. */
static void
fill_addresses (VtConf *conf)
{
  for (unsigned i = 0; i < conf->nics->len; i++) {
    VtConfNic *nic = conf->nics->pdata[i];
    if (*nic->mac != '\0')
      continue;
    uint32_t random = g_random_int ();
    g_free (nic->mac);
    nic->mac =
        g_strdup_printf ("52:54:00:%02x:%02x:%02x", random & 0xff, random >> 8 & 0xff, random >> 16 & 0xff);
  }
}

/* ---- On the bus ---- */

static GVariant *
list_to_variant (const ConfList *list, const VtConf *conf)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  const GPtrArray *items = *conf_list_of (list, (VtConf *)conf);
  for (unsigned i = 0; i < items->len; i++)
    g_variant_builder_add_value (&builder, conf_fields_to_variant (list->fields, items->pdata[i]));
  return g_variant_builder_end (&builder);
}

GVariant *
vt_conf_to_variant (const VtConf *conf)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  for (const ConfField *field = conf_machine_fields; field->key != NULL; field++)
    g_variant_dict_insert_value (&dict, field->key, conf_field_to_variant (field, conf));
  g_variant_dict_insert_value (&dict, "display", conf_fields_to_variant (conf_display_fields, conf));
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    g_variant_dict_insert_value (&dict, list->key, list_to_variant (list, conf));
  return g_variant_dict_end (&dict);
}

static const void *
item_by_id (const ConfList *list, const GPtrArray *items, const char *id)
{
  for (unsigned i = 0; id != NULL && i < items->len; i++) {
    g_autofree char *other = conf_field_to_text (list->fields, items->pdata[i]);
    if (strcmp (other, id) == 0)
      return items->pdata[i];
  }
  return NULL;
}

/* The list as it is given, in its order; what an item does not say stays as it was, or is the default. */
static bool
change_list (const ConfList *list, VtConf *conf, GVariant *value, GError **error)
{
  GPtrArray **place = conf_list_of (list, conf);
  g_autoptr (GPtrArray) items = conf_list_new (list);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}"))) {
    g_autofree char *cause = g_strdup_printf ("%s is no list of dictionaries.", list->key);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Give a value of type aa{sv}.");
    return false;
  }
  if (g_variant_n_children (value) > list->max) {
    g_autofree char *cause = g_strdup_printf ("A machine cannot have more than %u %s.", list->max, list->key);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Leave some out.");
    return false;
  }
  for (size_t i = 0; i < g_variant_n_children (value); i++) {
    g_autoptr (GVariant) dict = g_variant_get_child_value (value, i);
    const char *id = NULL;
    g_variant_lookup (dict, "id", "&s", &id);
    void *item = conf_list_new_item (list);
    const void *old = item_by_id (list, *place, id);
    g_autofree char *what = g_strdup_printf ("%s %s", list->group, id ? id : "without an id");
    g_ptr_array_add (items, item);
    if (old != NULL)
      copy_fields (list->fields, item, old);
    if (!conf_fields_from_variant (list->fields, item, dict, what, error))
      return false;
  }
  g_ptr_array_unref (*place);
  *place = g_steal_pointer (&items);
  return true;
}

static bool
refuse_setting (const char *key, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  for (const ConfField *field = conf_machine_fields; field->key != NULL; field++)
    g_ptr_array_add (keys, (char *)field->key);
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    g_ptr_array_add (keys, (char *)list->key);
  g_ptr_array_add (keys, "display");
  g_ptr_array_add (keys, NULL);
  g_autofree char *hint = suggest_hint (key, (const char *const *)keys->pdata);
  g_autofree char *cause = g_strdup_printf ("There is no setting “%s”%s", key, hint);
  vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, "Leave it out, or correct its name.");
  return false;
}

static bool
change_one (VtConf *conf, const char *key, GVariant *value, bool birth, GError **error)
{
  const ConfField *field = conf_field_find (conf_machine_fields, key);
  if (field != NULL && (field->fixed || (field->birth && !birth))) {
    g_autoptr (GVariant) now = g_variant_ref_sink (conf_field_to_variant (field, conf));
    if (g_variant_equal (now, value))
      return true;
    g_autofree char *cause = g_strdup_printf ("%s cannot be changed.", key);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause,
                  field->fixed ? "Leave it out." : "Leave it out, or make another machine.");
    return false;
  }
  if (field != NULL)
    return conf_field_from_variant (field, conf, value, key, error);
  if (strcmp (key, "display") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return conf_fields_from_variant (conf_display_fields, conf, value, key, error);
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    if (strcmp (key, list->key) == 0)
      return change_list (list, conf, value, error);
  return refuse_setting (key, error);
}

static bool
change (VtConf *conf, GVariant *settings, bool birth, char ***ret_later, GError **error)
{
  g_autoptr (VtConf) changed = vt_conf_copy (conf);
  GVariantIter iter;
  const char *key;
  GVariant *value;
  bool good = true;
  g_variant_iter_init (&iter, settings);
  while (good && g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    good = change_one (changed, key, value, birth, error);
    g_variant_unref (value);
  }
  if (!good)
    return false;
  fill_addresses (changed);
  if (!vt_conf_check (changed, error))
    return false;
  if (ret_later != NULL)
    *ret_later = vt_conf_pending (conf, changed);
  VtConf old = *conf;
  *conf = *changed;
  *changed = old;
  return true;
}

bool
vt_conf_change (VtConf *conf, GVariant *settings, char ***ret_later, GError **error)
{
  return change (conf, settings, false, ret_later, error);
}

VtConf *
vt_conf_new (GVariant *settings, GError **error)
{
  g_autoptr (VtConf) conf = conf_alloc ();
  conf->uuid = (g_free (conf->uuid), g_uuid_string_random ());
  conf->name = (g_free (conf->name), g_strdup ("New machine"));
  conf->created = g_get_real_time () / G_USEC_PER_SEC;
  scale_to_host (conf);
  add_default_parts (conf);
  take_architecture (conf, settings);
  if (settings != NULL && !change (conf, settings, true, NULL, error))
    return NULL;
  fill_addresses (conf);
  return vt_conf_check (conf, error) ? g_steal_pointer (&conf) : NULL;
}

/* ---- Differences ---- */

static bool
differ_for_next_start (const ConfField *fields, const void *a, const void *b)
{
  for (const ConfField *field = fields; field->key != NULL; field++)
    if (!field->live && !conf_field_equal (field, a, b))
      return true;
  return false;
}

static bool
lists_differ (const GPtrArray *a, const GPtrArray *b, const ConfField *fields)
{
  bool differ = a->len != b->len;
  for (unsigned i = 0; !differ && i < a->len; i++)
    differ = differ_for_next_start (fields, a->pdata[i], b->pdata[i]);
  return differ;
}

char **
vt_conf_pending (const VtConf *running, const VtConf *now)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  for (const ConfField *field = conf_machine_fields; field->key != NULL; field++)
    if (!field->live && !conf_field_equal (field, running, now))
      g_strv_builder_add (keys, field->key);
  if (differ_for_next_start (conf_display_fields, running, now))
    g_strv_builder_add (keys, "display");
  for (const ConfList *list = conf_lists; list->key != NULL; list++)
    if (lists_differ (*conf_list_of (list, (VtConf *)running), *conf_list_of (list, (VtConf *)now),
                      list->fields))
      g_strv_builder_add (keys, list->key);
  return g_strv_builder_end (keys);
}
