/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is known of a file, and its way between processes. */

#include "media-private.h"

static const char *const kind_names[] = {
  [MEDIA_UNKNOWN] = "unknown", [MEDIA_OPTICAL] = "optical",   [MEDIA_DISK] = "disk",
  [MEDIA_KERNEL] = "kernel",   [MEDIA_FIRMWARE] = "firmware", [MEDIA_ARCHIVE] = "archive",
};

static const char *const boot_names[] = { "bios", "efi", "kernel", "other" };

const char *
media_kind_name (MediaKind kind)
{
  return kind_names[kind];
}

void
media_info_free (MediaInfo *info)
{
  if (!info)
    return;
  g_free (info->format);
  g_free (info->volume);
  g_free (info->system);
  g_free (info->publisher);
  g_free (info->application);
  g_free (info->description);
  g_strfreev (info->architectures);
  g_strfreev (info->remarks);
  g_free (info);
}

static void
insert_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text)
    g_variant_dict_insert (dict, key, "s", text);
}

static GVariant *
boot_to_variant (MediaBoot boot)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (unsigned i = 0; i < G_N_ELEMENTS (boot_names); i++) {
    if (boot & 1u << i)
      g_variant_builder_add (&builder, "s", boot_names[i]);
  }
  return g_variant_builder_end (&builder);
}

GVariant *
media_info_to_variant (const MediaInfo *info)
{
  static const char *const none[] = { NULL };
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  insert_text (&dict, "kind", media_kind_name (info->kind));
  insert_text (&dict, "format", info->format);
  g_variant_dict_insert (&dict, "size", "t", info->size);
  g_variant_dict_insert (&dict, "disk-size", "t", info->disk_size);
  g_variant_dict_insert (&dict, "volume-size", "t", info->volume_size);
  insert_text (&dict, "volume", info->volume);
  insert_text (&dict, "system", info->system);
  insert_text (&dict, "publisher", info->publisher);
  insert_text (&dict, "application", info->application);
  insert_text (&dict, "description", info->description);
  g_variant_dict_insert (&dict, "architectures", "^as",
                         info->architectures ? info->architectures : (char **)none);
  g_variant_dict_insert_value (&dict, "boot", boot_to_variant (info->boot));
  g_variant_dict_insert (&dict, "hybrid", "b", info->hybrid);
  g_variant_dict_insert (&dict, "remarks", "^as", info->remarks ? info->remarks : (char **)none);
  return g_variant_dict_end (&dict);
}

static char **
lookup_texts (GVariant *variant, const char *key)
{
  char **texts;
  return g_variant_lookup (variant, key, "^as", &texts) ? texts : g_new0 (char *, 1);
}

static MediaKind
lookup_kind (GVariant *variant)
{
  g_autofree char *name = NULL;
  g_variant_lookup (variant, "kind", "s", &name);
  for (unsigned i = 0; i < G_N_ELEMENTS (kind_names); i++) {
    if (!g_strcmp0 (name, kind_names[i]))
      return (MediaKind)i;
  }
  return MEDIA_UNKNOWN;
}

static MediaBoot
lookup_boot (GVariant *variant)
{
  g_auto (GStrv) names = lookup_texts (variant, "boot");
  unsigned boot = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (boot_names); i++) {
    if (g_strv_contains ((const char *const *)names, boot_names[i]))
      boot |= 1u << i;
  }
  return (MediaBoot)boot;
}

static bool
lookup_flag (GVariant *variant, const char *key)
{
  gboolean value = FALSE;
  g_variant_lookup (variant, key, "b", &value);
  return value;
}

MediaInfo *
media_info_from_variant (GVariant *variant)
{
  MediaInfo *info = g_new0 (MediaInfo, 1);
  info->kind = lookup_kind (variant);
  g_variant_lookup (variant, "format", "s", &info->format);
  g_variant_lookup (variant, "size", "t", &info->size);
  g_variant_lookup (variant, "disk-size", "t", &info->disk_size);
  g_variant_lookup (variant, "volume-size", "t", &info->volume_size);
  g_variant_lookup (variant, "volume", "s", &info->volume);
  g_variant_lookup (variant, "system", "s", &info->system);
  g_variant_lookup (variant, "publisher", "s", &info->publisher);
  g_variant_lookup (variant, "application", "s", &info->application);
  g_variant_lookup (variant, "description", "s", &info->description);
  info->architectures = lookup_texts (variant, "architectures");
  info->boot = lookup_boot (variant);
  info->hybrid = lookup_flag (variant, "hybrid");
  info->remarks = lookup_texts (variant, "remarks");
  return info;
}

/* ---- libosinfo's part ---- */

void
media_os_free (MediaOs *os)
{
  if (!os)
    return;
  g_free (os->os_id);
  g_free (os->os_name);
  g_free (os->architecture);
  g_free (os);
}

GVariant *
media_os_to_variant (const MediaOs *os)
{
  GVariantDict dict, recommended;
  g_variant_dict_init (&recommended, NULL);
  if (os->memory)
    g_variant_dict_insert (&recommended, "memory", "t", os->memory);
  if (os->disk)
    g_variant_dict_insert (&recommended, "disk", "t", os->disk);
  if (os->cpus)
    g_variant_dict_insert (&recommended, "cpus", "u", os->cpus);
  g_variant_dict_init (&dict, NULL);
  insert_text (&dict, "os-id", os->os_id);
  insert_text (&dict, "os-name", os->os_name);
  insert_text (&dict, "os-architecture", os->architecture);
  g_variant_dict_insert (&dict, "installer", "b", os->installer);
  g_variant_dict_insert (&dict, "live", "b", os->live);
  g_variant_dict_insert_value (&dict, "recommended", g_variant_dict_end (&recommended));
  return g_variant_dict_end (&dict);
}

MediaOs *
media_os_from_variant (GVariant *variant)
{
  g_autoptr (MediaOs) os = g_new0 (MediaOs, 1);
  if (!g_variant_lookup (variant, "os-id", "s", &os->os_id))
    return NULL;
  g_variant_lookup (variant, "os-name", "s", &os->os_name);
  g_variant_lookup (variant, "os-architecture", "s", &os->architecture);
  os->installer = lookup_flag (variant, "installer");
  os->live = lookup_flag (variant, "live");
  g_autoptr (GVariant) recommended = g_variant_lookup_value (variant, "recommended", G_VARIANT_TYPE_VARDICT);
  if (recommended) {
    g_variant_lookup (recommended, "memory", "t", &os->memory);
    g_variant_lookup (recommended, "disk", "t", &os->disk);
    g_variant_lookup (recommended, "cpus", "u", &os->cpus);
  }
  return g_steal_pointer (&os);
}
