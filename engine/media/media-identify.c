/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The system on a medium, by libosinfo's data base. Its own reader of ISO images is not used: the names it
 * would read are known already. */

#include "media-private.h"

#include <osinfo/osinfo.h>

/* Names are compared as whole words: "Debian GNU/Linux 13.1.0" has "debian", and a version at most this far
 * behind. */
enum { VERSION_DISTANCE = 6, WORDS_MAX = 48 };

static OsinfoDb *
load_db (void)
{
  static OsinfoDb *db;
  if (g_once_init_enter_pointer (&db)) {
    g_autoptr (OsinfoLoader) loader = osinfo_loader_new ();
    g_autoptr (GError) error = NULL;
    osinfo_loader_process_default_path (loader, &error);
    g_once_init_leave_pointer (&db, g_object_ref (osinfo_loader_get_db (loader)));
  }
  return db;
}

/* ---- By the volume's names ---- */

static OsinfoOs *
os_of_media (OsinfoDb *db, const MediaInfo *info, MediaOs *os)
{
  if (info->kind != MEDIA_OPTICAL || !info->volume)
    return NULL;
  g_autoptr (OsinfoMedia) media = osinfo_media_new ("file", NULL);
  const struct {
    const char *property, *value;
  } names[] = {
    { OSINFO_MEDIA_PROP_VOLUME_ID, info->volume },
    { OSINFO_MEDIA_PROP_SYSTEM_ID, info->system },
    { OSINFO_MEDIA_PROP_PUBLISHER_ID, info->publisher },
    { OSINFO_MEDIA_PROP_APPLICATION_ID, info->application },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (names[i].value)
      osinfo_entity_set_param (OSINFO_ENTITY (media), names[i].property, names[i].value);
  }
  osinfo_entity_set_param_int64 (OSINFO_ENTITY (media), OSINFO_MEDIA_PROP_VOLUME_SIZE,
                                 (gint64)info->volume_size);
  if (!osinfo_db_identify_media (db, media))
    return NULL;
  const char *arch = osinfo_media_get_architecture (media);
  os->architecture = g_strdup (arch ? arch_name (arch_of_word (arch)) : NULL);
  os->installer = osinfo_media_get_installer (media);
  os->live = osinfo_media_get_live (media);
  return osinfo_media_get_os (media);
}

/* ---- By a name and a version ---- */

/* Short ids, "debian13" and "debiantrixie", to systems. */
static GHashTable *
short_ids (OsinfoDb *db)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_autoptr (OsinfoOsList) list = osinfo_db_get_os_list (db);
  for (gint i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++) {
    OsinfoEntity *os = osinfo_list_get_nth (OSINFO_LIST (list), i);
    GList *values = osinfo_entity_get_param_value_list (os, OSINFO_PRODUCT_PROP_SHORT_ID);
    for (GList *value = values; value; value = value->next)
      g_hash_table_insert (ids, g_ascii_strdown (value->data, -1), g_object_ref (os));
    g_list_free (values);
  }
  /* There is an entry for what nobody knows. */
  g_hash_table_remove (ids, "unknown");
  return ids;
}

static OsinfoOs *
os_of_pair (GHashTable *ids, const char *name, const char *version)
{
  static const char *const aliases[][2] = { { "alpine", "alpinelinux" }, { "windows", "win" } };
  for (unsigned i = 0; i < G_N_ELEMENTS (aliases); i++)
    name = strcmp (name, aliases[i][0]) ? name : aliases[i][1];
  g_autofree char *id = g_strconcat (name, version, NULL);
  OsinfoOs *os;
  char *dot;
  /* Data bases name "13" what calls itself "13.1.0". */
  while (!(os = g_hash_table_lookup (ids, id)) && (dot = strrchr (id, '.')))
    *dot = '\0';
  return os;
}

static OsinfoOs *
os_of_text (GHashTable *ids, const char *text)
{
  if (!text)
    return NULL;
  g_autofree char *lower = g_ascii_strdown (text, -1);
  g_auto (GStrv) words = g_strsplit_set (lower, " \t_-/,;:()[]{}\"'+", WORDS_MAX);
  for (unsigned i = 0; words[i]; i++) {
    if (!g_ascii_isalpha (words[i][0]))
      continue;
    /* Some need no version, or have it in their name: "archlinux", "win10". */
    OsinfoOs *os = g_hash_table_lookup (ids, words[i]);
    for (unsigned j = i + 1; !os && words[j] && j <= i + VERSION_DISTANCE; j++)
      os = *words[j] ? os_of_pair (ids, words[i], words[j]) : NULL;
    if (os)
      return os;
  }
  return NULL;
}

static bool
has_word (const MediaInfo *info, const char *file_name, const char *word)
{
  g_autofree char *all =
      g_strconcat (info->volume ? info->volume : "", " ", info->description ? info->description : "", " ",
                   file_name ? file_name : "", NULL);
  g_autofree char *lower = g_ascii_strdown (all, -1);
  g_auto (GStrv) words = g_strsplit_set (lower, " _-./()", -1);
  return g_strv_contains ((const char *const *)words, word);
}

static OsinfoOs *
os_of_words (OsinfoDb *db, const MediaInfo *info, const char *file_name, MediaOs *os)
{
  g_autoptr (GHashTable) ids = short_ids (db);
  OsinfoOs *found = os_of_text (ids, info->description);
  if (!found)
    found = os_of_text (ids, info->volume);
  if (!found)
    found = os_of_text (ids, file_name);
  os->live = has_word (info, file_name, "live");
  os->installer = info->kind == MEDIA_OPTICAL && (!os->live || has_word (info, file_name, "server"));
  return found ? g_object_ref (found) : NULL;
}

/* ---- Resources ---- */

static const char *
osinfo_arch (const char *arch)
{
  static const char *const names[][2] = { { "i386", "i686" }, { "arm", "armv7l" }, { "ppc64", "ppc64le" } };
  for (unsigned i = 0; arch && i < G_N_ELEMENTS (names); i++) {
    if (!strcmp (arch, names[i][0]))
      return names[i][1];
  }
  return arch;
}

/* What is said of this architecture, or else of all. */
static OsinfoResources *
resources_for (OsinfoResourcesList *list, const char *arch)
{
  OsinfoResources *all = NULL;
  for (gint i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++) {
    OsinfoResources *resources = OSINFO_RESOURCES (osinfo_list_get_nth (OSINFO_LIST (list), i));
    const char *name = osinfo_resources_get_architecture (resources);
    if (!g_strcmp0 (name, osinfo_arch (arch)))
      return resources;
    if (!g_strcmp0 (name, "all"))
      all = resources;
  }
  return all;
}

/* What is not said yet. Twice the least is comfortable where nothing is recommended. */
static void
take_resources (MediaOs *os, OsinfoResourcesList *list, const char *arch, unsigned factor)
{
  OsinfoResources *resources = list ? resources_for (list, arch) : NULL;
  if (!resources)
    return;
  gint64 memory = osinfo_resources_get_ram (resources), disk = osinfo_resources_get_storage (resources);
  gint cpus = osinfo_resources_get_n_cpus (resources);
  if (!os->memory && memory > 0)
    os->memory = (uint64_t)memory * factor;
  if (!os->disk && disk > 0)
    os->disk = (uint64_t)disk * factor;
  /* One processor is enough for nearly any system; that recommends nothing. */
  if (!os->cpus && cpus > 0 && factor == 1)
    os->cpus = (unsigned)cpus;
}

static void
describe_os (MediaOs *os, OsinfoOs *entry, const MediaInfo *info)
{
  const char *arch =
      info->architectures && info->architectures[0] ? info->architectures[0] : os->architecture;
  os->os_id = g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (entry)));
  os->os_name = g_strdup (osinfo_product_get_name (OSINFO_PRODUCT (entry)));
  g_autoptr (OsinfoResourcesList) recommended = osinfo_os_get_recommended_resources (entry);
  g_autoptr (OsinfoResourcesList) minimum = osinfo_os_get_minimum_resources (entry);
  take_resources (os, recommended, arch, 1);
  take_resources (os, minimum, arch, 2);
}

MediaOs *
media_identify (const MediaInfo *info, const char *file_name, GCancellable *cancellable)
{
  if ((info->kind != MEDIA_OPTICAL && info->kind != MEDIA_DISK) || g_cancellable_is_cancelled (cancellable))
    return NULL;
  OsinfoDb *db = load_db ();
  g_autoptr (MediaOs) os = g_new0 (MediaOs, 1);
  g_autoptr (OsinfoOs) entry = os_of_media (db, info, os);
  if (!entry)
    entry = os_of_words (db, info, file_name, os);
  if (!entry || g_cancellable_is_cancelled (cancellable))
    return NULL;
  describe_os (os, entry, info);
  return g_steal_pointer (&os);
}
