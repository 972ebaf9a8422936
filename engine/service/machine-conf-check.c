/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include "architecture.h"
#include "error.h"

#include <string.h>

/* Settings against each other. */

static bool refuse (GError **error, const char *remedy, const char *format, ...) G_GNUC_PRINTF (3, 4);

static bool
refuse (GError **error, const char *remedy, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *cause = g_strdup_vprintf (format, args);
  va_end (args);
  vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, remedy);
  return false;
}

/* Ids become ids of devices, and parts of file names. */
static bool
id_is_valid (const char *id)
{
  if (!g_ascii_isalpha (*id))
    return false;
  for (const char *p = id; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return false;
  return true;
}

static bool
check_ids (const VtConf *conf, GHashTable *ids, GError **error)
{
  for (const ConfList *list = conf_lists; list->key != NULL; list++) {
    const GPtrArray *items = *conf_list_of (list, (VtConf *)conf);
    for (unsigned i = 0; i < items->len; i++) {
      char *id = conf_field_to_text (list->fields, items->pdata[i]);
      bool valid = id_is_valid (id);
      if (!valid)
        refuse (error, "Begin it with a letter, and go on with letters, digits, - and _.",
                "“%s” cannot be the id of a %s.", id, list->group);
      else if (g_hash_table_contains (ids, id))
        valid =
            refuse (error, "Give each an id of its own.", "Two parts of the machine have the id “%s”.", id);
      g_hash_table_add (ids, id);
      if (!valid)
        return false;
    }
  }
  return true;
}

static bool
check_disks (const VtConf *conf, GError **error)
{
  for (unsigned i = 0; i < conf->disks->len; i++) {
    const VtConfDisk *disk = conf->disks->pdata[i];
    if (*disk->file == '\0' && disk->size < UINT64_C (1) << 20)
      return refuse (error, "Give it a size of at least 1 MiB, or the file of an existing disk.",
                     "The disk “%s” has neither a file nor a size.", disk->id);
    if (strstr (disk->file, "..") != NULL && !g_path_is_absolute (disk->file))
      return refuse (error, "Name a file in the machine's folder, or by its absolute path.",
                     "The disk “%s” is a file outside the machine's folder, “%s”.", disk->id, disk->file);
  }
  return true;
}

static bool
mac_is_valid (const char *mac)
{
  if (strlen (mac) != 17)
    return false;
  for (unsigned i = 0; i < 17; i++)
    if (i % 3 == 2 ? mac[i] != ':' : !g_ascii_isxdigit (mac[i]))
      return false;
  return (g_ascii_xdigit_value (mac[1]) & 1) == 0; /* not a group's address */
}

static bool
check_nics (const VtConf *conf, GError **error)
{
  g_autoptr (GHashTable) ports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (unsigned i = 0; i < conf->nics->len; i++) {
    const VtConfNic *nic = conf->nics->pdata[i];
    if (*nic->mac != '\0' && !mac_is_valid (nic->mac))
      return refuse (error,
                     "Give six pairs of hexadecimal digits, such as 52:54:00:12:34:56, or none at all.",
                     "“%s” is no address for the network adapter “%s”.", nic->mac, nic->id);
    for (unsigned k = 0; nic->forwards != NULL && k < nic->forwards->len; k++) {
      const VtConfForward *f = nic->forwards->pdata[k];
      if (!g_hash_table_add (ports, g_strdup_printf ("%s port %u", f->protocol, f->host_port)))
        return refuse (error, "Forward each port of the host once.",
                       "The host's %s port %u is forwarded twice.", f->protocol, f->host_port);
    }
  }
  return true;
}

static bool
check_boot_order (const VtConf *conf, GHashTable *ids, GError **error)
{
  for (char **id = conf->boot_order; id != NULL && *id != NULL; id++)
    if (!g_hash_table_contains (ids, *id))
      return refuse (error, "Take it out of the boot order, or add it.",
                     "The boot order names “%s”, which the machine has not.", *id);
  return true;
}

static bool
check_name (const VtConf *conf, GError **error)
{
  if (!g_uuid_string_is_valid (conf->uuid))
    return refuse (error, "Give it one; uuidgen makes them.", "“%s” is no UUID.", conf->uuid);
  for (const char *p = conf->name; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return refuse (error, "Use letters, digits, spaces and punctuation only.",
                     "The name has characters that cannot be shown.");
  return true;
}

static bool
check_choice (const VtConf *conf, const char *key, const char *value, const char *const *choices,
              GError **error)
{
  if (g_strv_contains (choices, value))
    return true;
  g_autofree char *list = g_strjoinv (", ", (char **)choices);
  g_autofree char *remedy = g_strdup_printf ("Choose one of: %s.", list);
  return refuse (error, remedy, "Machines of the architecture %s cannot have the %s “%s”.",
                 conf->architecture, key, value);
}

static bool
check_architecture (const VtConf *conf, GError **error)
{
  const VtArchitecture *architecture = vt_architecture_find (conf->architecture);
  g_autofree char *remedy = g_strdup_printf ("Give a number from 1 to %u.", architecture->max_cpus);
  if (conf->cpus > architecture->max_cpus)
    return refuse (error, remedy, "Machines of the architecture %s cannot have %u processors.",
                   conf->architecture, conf->cpus);
  return check_choice (conf, "board", conf->board, architecture->boards, error) &&
         check_choice (conf, "firmware", conf->firmware, architecture->firmware, error);
}

bool
vt_conf_check (const VtConf *conf, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return check_name (conf, error) && check_architecture (conf, error) && check_ids (conf, ids, error) &&
         check_disks (conf, error) && check_nics (conf, error) && check_boot_order (conf, ids, error);
}
