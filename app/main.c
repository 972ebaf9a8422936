/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "application.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

/* GSettings ends the program where its schema is missing, without a word on what to do. */
static gboolean
has_schema (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source ? g_settings_schema_source_lookup (source, "org.vitrine.Vitrine", TRUE) : NULL;
  return schema != NULL;
}

int
main (int argc, char **argv)
{
  const char *translations = g_getenv ("VITRINE_LOCALEDIR"); /* of a program that is not installed */
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, translations ? translations : LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  if (!has_schema ()) {
    fprintf (stderr, "%s\n%s\n", _ ("vitrine: its settings schema is not installed"),
             _ ("Install Vitrine, or set GSETTINGS_SCHEMA_DIR to the folder data/ of the build."));
    return 1;
  }
  g_set_application_name (_ ("Vitrine"));
  gtk_window_set_default_icon_name ("org.vitrine.Vitrine");
  g_autoptr (VtApplication) application = vt_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
