/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine.h"

#include <glib/gi18n.h>

/* The two lines of a message, of which the second may be missing. */
static char **
lines_of (const GError *error)
{
  g_autoptr (GError) copy = g_error_copy (error);
  g_dbus_error_strip_remote_error (copy);
  return g_strsplit (copy->message, "\n", 2);
}

/* What the bus says when the service is not there is meant for programmers. */
static gboolean
is_engine_away (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
         g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         (error->domain == G_DBUS_ERROR && error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED &&
          error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY);
}

char *
vt_error_cause (const GError *error)
{
  if (is_engine_away (error))
    return g_strdup (_ ("Vitrine’s engine does not answer"));
  g_auto (GStrv) lines = lines_of (error);
  return g_strdup (lines[0] && *lines[0] ? lines[0] : _ ("Something went wrong"));
}

char *
vt_error_remedy (const GError *error)
{
  if (is_engine_away (error))
    return g_strdup (
        _ ("It is started again by itself. If that does not help, check that vitrine-engine is installed. "
           "Running machines go on meanwhile."));
  g_auto (GStrv) lines = lines_of (error);
  return g_strdup (lines[0] && lines[1] ? g_strstrip (lines[1]) : "");
}

gboolean
vt_error_is (const GError *error, const char *name)
{
  static const char prefix[] = "org.vitrine.Error.";
  g_autofree char *remote = g_dbus_error_get_remote_error (error);
  return remote && g_str_has_prefix (remote, prefix) && g_str_equal (remote + sizeof prefix - 1, name);
}
