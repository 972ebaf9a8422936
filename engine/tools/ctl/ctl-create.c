/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Machines that are made: from an ISO image, a disk image, or nothing. */

/* What the engine proposes for the file, put into `dict`. */
static bool
detect (const char *path, int fd, GVariantDict *dict)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *base = g_path_get_basename (path), *name = g_utf8_make_valid (base, -1);
  GError *error = NULL;
  if (g_unix_fd_list_append (fds, fd, &error) < 0) {
    ctl_report (error);
    return false;
  }
  g_autoptr (GVariant) reply = ctl_call_fds (CTL_ENGINE, "org.vitrine.Engine1", "DetectMedia",
                                             g_variant_new ("(hs)", 0, name), fds, NULL);
  if (reply == NULL)
    return false;
  g_autoptr (GVariant) media = g_variant_get_child_value (reply, 0);
  g_autoptr (GVariant) settings = g_variant_lookup_value (media, "settings", G_VARIANT_TYPE_VARDICT);
  g_auto (GStrv) remarks = NULL;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_lookup (media, "remarks", "^as", &remarks);
  for (char **remark = remarks; remark != NULL && *remark != NULL; remark++)
    fprintf (stderr, "%s: %s\n", path, *remark);
  g_variant_iter_init (&iter, settings);
  while (settings != NULL && g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_variant_dict_insert_value (dict, key, value);
    g_variant_unref (value);
  }
  return true;
}

/* Takes `dict` and the descriptor. */
static int
create (GVariantDict *dict, const char *role, const char *path, int fd)
{
  GVariantBuilder files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sh}"));
  GVariantBuilder names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GUnixFDList) fds = fd >= 0 ? g_unix_fd_list_new_from_array (&fd, 1) : NULL;
  g_autoptr (GVariant) result = NULL;
  const char *job;
  if (fd >= 0) {
    g_autofree char *base = g_path_get_basename (path), *name = g_utf8_make_valid (base, -1);
    g_variant_builder_add (&files, "{sh}", role, 0);
    g_variant_builder_add (&names, "{ss}", role, name);
  }
  if (ctl_options.start)
    g_variant_dict_insert (dict, "start", "b", TRUE);
  g_autoptr (GVariant) reply = ctl_call_fds (
      CTL_ENGINE, "org.vitrine.Engine1", "CreateMachine",
      g_variant_new ("(@a{sv}a{sh}a{ss})", g_variant_dict_end (dict), &files, &names), fds, NULL);
  if (reply == NULL)
    return 1;
  g_variant_get (reply, "(&o)", &job);
  int status = ctl_wait_job (job, &result);
  if (status != 0 || result == NULL || !g_variant_is_of_type (result, G_VARIANT_TYPE_OBJECT_PATH))
    return status;
  g_autoptr (GVariant) all = ctl_call (g_variant_get_string (result, NULL), "org.freedesktop.DBus.Properties",
                                       "GetAll", g_variant_new ("(s)", CTL_MACHINE));
  if (all == NULL)
    return 1;
  g_autoptr (GVariant) properties = g_variant_get_child_value (all, 0);
  const char *name = "";
  g_variant_lookup (properties, "Name", "&s", &name);
  if (ctl_options.json)
    ctl_print_json (properties);
  else
    puts (name);
  return 0;
}

/* The operands are settings, and one without "=" is the name. */
static bool
parse (char **operands, GVariantDict *dict)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  const char *name = NULL;
  for (char **operand = operands; *operand != NULL; operand++)
    if (strchr (*operand, '=') != NULL)
      g_strv_builder_add (words, *operand);
    else if (name == NULL)
      name = *operand;
    else {
      ctl_complain ("a machine has one name, not both '%s' and '%s'.\nQuote a name with spaces.", name,
                    *operand);
      return false;
    }
  g_autoptr (GVariant) reply = ctl_call (CTL_ENGINE, "org.vitrine.Engine1", "GetDefaults",
                                         g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)));
  if (reply == NULL)
    return false;
  g_autoptr (GVariant) known = g_variant_get_child_value (reply, 0);
  g_auto (GStrv) settings = g_strv_builder_end (words);
  if (name != NULL && !g_utf8_validate (name, -1, NULL)) {
    ctl_complain ("the name is not valid UTF-8.");
    return false;
  }
  if (name != NULL)
    g_variant_dict_insert (dict, "name", "s", name);
  return ctl_parse_settings (settings, known, dict);
}

int
ctl_create (char **operands)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  int fd = ctl_options.iso ? ctl_open_file (ctl_options.iso) : -1;
  bool good = ctl_options.iso == NULL || (fd >= 0 && detect (ctl_options.iso, fd, &dict));
  if (good && parse (operands, &dict))
    return create (&dict, "cdrom", ctl_options.iso, fd);
  g_variant_dict_clear (&dict);
  if (fd >= 0)
    close (fd);
  return 1;
}

int
ctl_import (char **operands)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  int fd = ctl_open_file (operands[0]);
  if (fd >= 0 && detect (operands[0], fd, &dict)) {
    /* The disk is as large as the image. */
    g_variant_dict_remove (&dict, "disks");
    if (parse (operands + 1, &dict))
      return create (&dict, ctl_options.in_place ? "import-in-place" : "import", operands[0], fd);
  }
  g_variant_dict_clear (&dict);
  if (fd >= 0)
    close (fd);
  return 1;
}
