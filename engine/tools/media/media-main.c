/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tells what the file at standard input is: one line with a dictionary in GVariant's text format, whose keys
 * are those of media_info_to_variant() and media_os_to_variant(). It is a program of its own so that a
 * hostile file harms nobody else, and libosinfo's data base is gone with it. Where there is nothing to tell,
 * the reason is on standard error and the status is 1. */

#include "media.h"
#include "media-confine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The records of some systems name no architecture, and libosinfo knows the very file. */
static void
complete (MediaInfo *info, const MediaOs *os)
{
  if (!os || !os->architecture || info->architectures[0])
    return;
  g_strfreev (info->architectures);
  info->architectures = g_strdupv ((char *[]){ os->architecture, NULL });
}

static void
insert_all (GVariantDict *dict, GVariant *entries)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, entries);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_dict_insert_value (dict, key, value);
}

static bool
print_all (MediaInfo *info, const MediaOs *os)
{
  GVariantDict dict;
  complete (info, os);
  g_autoptr (GVariant) media = g_variant_ref_sink (media_info_to_variant (info));
  g_variant_dict_init (&dict, media);
  if (os) {
    g_autoptr (GVariant) system = g_variant_ref_sink (media_os_to_variant (os));
    insert_all (&dict, system);
  }
  g_autoptr (GVariant) all = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_autofree char *text = g_variant_print (all, TRUE);
  return puts (text) >= 0 && fflush (stdout) == 0;
}

int
main (int argc, char **argv)
{
  const bool help = argc == 2 && !strcmp (argv[1], "--help");
  if (argc > 2 || help) {
    fputs ("Usage: vitrine-media [NAME] <FILE\n\n"
           "Tells what FILE is, and what starts from it. NAME is its name, for what only the name tells.\n\n"
           "  --help  this text\n",
           help ? stdout : stderr);
    return help ? 0 : 2;
  }
  /* Other file systems of GIO's would be asked for over D-Bus. */
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  media_confine ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MediaInfo) info = media_probe (STDIN_FILENO, NULL, &error);
  if (!info) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  g_autofree char *name = argc == 2 ? g_utf8_make_valid (argv[1], -1) : NULL;
  g_autoptr (MediaOs) os = media_identify (info, name, NULL);
  return print_all (info, os) ? 0 : 1;
}
