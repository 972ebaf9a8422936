/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "architecture.h"
#include "error.h"
#include "machine-item.h"

#include <string.h>

/* What of a new machine's settings cannot work here, or hardly. */

static void remark (GVariantBuilder *remarks, const char *key, const char *level, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static void
remark (GVariantBuilder *remarks, const char *key, const char *level, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sentence = g_strdup_vprintf (format, args);
  va_end (args);
  g_variant_builder_add (remarks, "(sss)", key, level, sentence);
}

/* Each setting alone, so that one that is wrong does not hide the others; but for the architecture, on which
 * it depends what others may be. */
static void
check_each (GVariant *settings, GVariantBuilder *remarks)
{
  GVariantIter iter;
  const char *key, *architecture = NULL;
  GVariant *value;
  g_variant_lookup (settings, "architecture", "&s", &architecture);
  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_autoptr (GVariant) held = value;
    GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
    g_autoptr (GError) error = NULL;
    if (architecture != NULL && vt_architecture_find (architecture) != NULL)
      g_variant_dict_insert (&dict, "architecture", "s", architecture);
    g_variant_dict_insert_value (&dict, key, value);
    g_autoptr (GVariant) one = g_variant_ref_sink (g_variant_dict_end (&dict));
    g_autoptr (VtConf) conf = vt_conf_new (one, &error);
    /* A boot order may name what another setting adds. */
    if (conf == NULL && strcmp (key, "boot-order") != 0) {
      g_autofree char *sentence = g_strdelimit (g_strdup (error->message), "\n", ' ');
      remark (remarks, key, "error", "%s", sentence);
    }
  }
}

static void
check_memory (const VtConf *conf, GVariantBuilder *remarks)
{
  uint64_t all = vt_host_memory (), free_now = vt_host_free_memory ();
  g_autofree char *wanted = g_format_size_full (conf->memory, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *have = g_format_size_full (all, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *left = g_format_size_full (free_now, G_FORMAT_SIZE_IEC_UNITS);
  if (conf->memory > all)
    remark (remarks, "memory", "error", "The machine would have %s of memory, but this computer has only %s.",
            wanted, have);
  else if (conf->memory > free_now)
    remark (remarks, "memory", "warning",
            "Of this computer's memory %s are free now, and the machine would have %s: close other programs "
            "before it starts.",
            left, wanted);
  if (conf->cpus > g_get_num_processors ())
    remark (remarks, "cpus", "warning",
            "The machine would have %u processors, and this computer has %u: it will be slow.", conf->cpus,
            g_get_num_processors ());
}

static void
check_architecture (const VtConf *conf, GVariantBuilder *remarks)
{
  g_autoptr (GError) error = NULL;
  if (vt_architecture_check_installed (conf->architecture, &error))
    return;
  g_autofree char *sentence = g_strdelimit (g_strdup (error->message), "\n", ' ');
  remark (remarks, "architecture", "error", "%s", sentence);
}

/* Disks grow as they are filled: what they may become need not be there yet. */
static void
check_disks (VtService *service, const VtConf *conf, GVariantBuilder *remarks)
{
  uint64_t free_disk = vt_host_free_disk (vt_library_path (vt_service_library (service))), size = 0;
  for (unsigned i = 0; i < conf->disks->len; i++)
    size += ((VtConfDisk *)conf->disks->pdata[i])->size;
  g_autofree char *wanted = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *left = g_format_size_full (free_disk, G_FORMAT_SIZE_IEC_UNITS);
  if (free_disk < UINT64_C (64) << 20)
    remark (remarks, "disks", "error", "Only %s are free where machines are kept.", left);
  else if (size > free_disk)
    remark (remarks, "disks", "warning", "The disks may grow to %s, and %s are free where machines are kept.",
            wanted, left);
}

GVariant *
vt_check_settings (VtService *service, GVariant *settings, GError **error)
{
  GVariantBuilder remarks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sss)"));
  GVariantDict dict;
  gboolean start = FALSE;
  const char *name;
  if (!vt_dict_get (settings, "start", "b", &start, error)) {
    g_variant_builder_clear (&remarks);
    return NULL;
  }
  g_variant_dict_init (&dict, settings);
  g_variant_dict_remove (&dict, "start");
  g_autoptr (GVariant) rest = g_variant_ref_sink (g_variant_dict_end (&dict));
  check_each (rest, &remarks);
  g_autoptr (GError) wrong = NULL;
  g_autoptr (VtConf) conf = vt_conf_new (rest, &wrong);
  if (conf != NULL) {
    check_architecture (conf, &remarks);
    check_memory (conf, &remarks);
    check_disks (service, conf, &remarks);
  }
  if (g_variant_lookup (rest, "name", "&s", &name) && vt_service_name_taken (service, name, NULL))
    remark (&remarks, "name", "error", "There is a machine “%s” already: choose another name.", name);
  return g_variant_builder_end (&remarks);
}
