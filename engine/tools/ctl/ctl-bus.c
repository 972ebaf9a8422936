/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include "suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Complaints ---- */

int
ctl_complain (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "vitrinectl: %s\n", text);
  return 1;
}

int
ctl_report (GError *error)
{
  g_autoptr (GError) held = error;
  g_dbus_error_strip_remote_error (error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    return ctl_complain ("the engine is not there, and the bus does not know how to start it.\n"
                         "Install Vitrine, or run vitrine-engine.");
  return ctl_complain ("%s", error->message);
}

GDBusConnection *
ctl_bus (void)
{
  static GDBusConnection *bus;
  g_autoptr (GError) error = NULL;
  if (bus == NULL && (bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error)) == NULL) {
    ctl_complain ("there is no session bus: %s\nLog in to a session, or use dbus-run-session.",
                  error->message);
    exit (1);
  }
  return bus;
}

int
ctl_open_file (const char *path)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0)
    ctl_complain ("%s: %s.\nGive the path of an image that is there and that you may read.", path,
                  g_strerror (errno));
  return fd;
}

/* ---- Calls ---- */

GVariant *
ctl_call_fds (const char *path, const char *interface, const char *method, GVariant *arguments,
              GUnixFDList *fds, GUnixFDList **ret_fds)
{
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_with_unix_fd_list_sync (
      ctl_bus (), CTL_ENGINE_NAME, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
      fds, ret_fds, NULL, &error);
  if (reply == NULL)
    ctl_report (error);
  return reply;
}

GVariant *
ctl_call (const char *path, const char *interface, const char *method, GVariant *arguments)
{
  return ctl_call_fds (path, interface, method, arguments, NULL, NULL);
}

GVariant *
ctl_call_machine (const char *path, const char *method, GVariant *arguments)
{
  return ctl_call (path, CTL_MACHINE, method, arguments);
}

/* ---- Machines ---- */

static const char *
name_of (GVariant *entry)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (entry, 1);
  const char *name = "";
  g_variant_lookup (properties, "Name", "&s", &name);
  return name;
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (name_of (*(GVariant *const *)a), name_of (*(GVariant *const *)b));
}

GVariant *
ctl_machines (void)
{
  g_autoptr (GVariant) reply =
      ctl_call (CTL_ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  GVariantIter *objects;
  const char *path;
  GVariant *interfaces;
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_next (objects, "{&o@a{sa{sv}}}", &path, &interfaces)) {
    g_autoptr (GVariant) held = interfaces;
    g_autoptr (GVariant) properties =
        g_variant_lookup_value (interfaces, CTL_MACHINE, G_VARIANT_TYPE_VARDICT);
    if (properties != NULL)
      g_ptr_array_add (entries, g_variant_new ("{o@a{sv}}", path, properties));
  }
  g_variant_iter_free (objects);
  g_ptr_array_sort (entries, by_name);
  return g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE ("{oa{sv}}"), (GVariant *const *)entries->pdata, entries->len));
}

/* 0: no; 1: its UUID begins so; 2: it is its UUID; 3: its name. */
static unsigned
fits (GVariant *properties, const char *wanted)
{
  const char *name = "", *uuid = "";
  g_variant_lookup (properties, "Name", "&s", &name);
  g_variant_lookup (properties, "Uuid", "&s", &uuid);
  g_autoptr (GString) given = g_string_new (wanted), digits = g_string_new (uuid);
  g_string_replace (given, "-", "", 0);
  g_string_replace (digits, "-", "", 0);
  if (strcmp (name, wanted) == 0)
    return 3;
  if (given->len < 4 || g_ascii_strncasecmp (given->str, digits->str, given->len) != 0)
    return 0;
  return given->len == digits->len ? 2 : 1;
}

char *
ctl_find_machine (const char *wanted, GVariant **ret_properties)
{
  g_autoptr (GVariant) machines = ctl_machines (), found = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *best = NULL;
  unsigned rank = 0, equals = 0;
  if (machines == NULL)
    return NULL;
  for (size_t i = 0; i < g_variant_n_children (machines); i++) {
    g_autofree char *path = NULL;
    g_autoptr (GVariant) properties = NULL;
    char *name = NULL;
    g_variant_get_child (machines, i, "{o@a{sv}}", &path, &properties);
    g_variant_lookup (properties, "Name", "s", &name);
    g_ptr_array_add (names, name);
    unsigned fit = fits (properties, wanted);
    equals = fit > rank ? 1 : equals + (fit == rank);
    if (fit <= rank)
      continue;
    rank = fit;
    g_free (best);
    g_clear_pointer (&found, g_variant_unref);
    best = g_steal_pointer (&path);
    found = g_steal_pointer (&properties);
  }
  g_ptr_array_add (names, NULL);
  if (rank == 0) {
    g_autofree char *hint = suggest_hint (wanted, (const char *const *)names->pdata);
    ctl_complain ("there is no machine '%s'%s\n`vitrinectl list` shows them.", wanted, hint);
    return NULL;
  }
  if (equals > 1) {
    ctl_complain ("'%s' fits %u machines.\nGive more of the UUID; `vitrinectl list` shows them.", wanted,
                  equals);
    return NULL;
  }
  if (ret_properties != NULL)
    *ret_properties = g_steal_pointer (&found);
  return g_steal_pointer (&best);
}

/* ---- Jobs ---- */

typedef struct {
  GMainLoop *loop;
  const char *path;
  GHashTable *properties; /* name -> GVariant */
  bool shown;
} Wait;

static const char *
get_string (const Wait *wait, const char *key)
{
  GVariant *value = g_hash_table_lookup (wait->properties, key);
  return value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL)
                                                                      : "";
}

static void
show_progress (Wait *wait)
{
  GVariant *value = g_hash_table_lookup (wait->properties, "Progress");
  double progress =
      value && g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE) ? g_variant_get_double (value) : -1;
  char bar[31] = "                              ";
  if (ctl_options.json || !isatty (STDERR_FILENO))
    return;
  for (int i = 0; i < 30 && progress > 0 && i < (int)(progress * 30 + 0.5); i++)
    bar[i] = '#';
  if (progress >= 0)
    fprintf (stderr, "\r\033[K[%s] %3.0f%% %s", bar, progress * 100, get_string (wait, "Description"));
  else
    fprintf (stderr, "\r\033[K%s…", get_string (wait, "Description"));
  wait->shown = true;
}

static void
take_properties (Wait *wait, GVariant *properties)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    g_hash_table_replace (wait->properties, g_strdup (key), value);
  if (strcmp (get_string (wait, "State"), "running") == 0)
    show_progress (wait);
  else
    g_main_loop_quit (wait->loop);
}

static void
on_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *arguments, gpointer data)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (arguments, 1);
  take_properties (data, changed);
}

static void
on_owner (GDBusConnection *bus, const char *name, gpointer data)
{
  Wait *wait = data;
  g_main_loop_quit (wait->loop);
}

static gboolean
on_interrupt (gpointer data)
{
  Wait *wait = data;
  g_dbus_connection_call (ctl_bus (), CTL_ENGINE_NAME, wait->path, "org.vitrine.Job1", "Cancel", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static int
job_status (const Wait *wait, GVariant **ret_result)
{
  const char *state = get_string (wait, "State");
  if (strcmp (state, "done") == 0) {
    GVariant *result = g_hash_table_lookup (wait->properties, "Result");
    if (ret_result != NULL && result != NULL)
      *ret_result = g_variant_get_variant (result);
    return 0;
  }
  if (strcmp (state, "failed") == 0)
    return ctl_complain ("%s", get_string (wait, "ErrorMessage"));
  if (strcmp (state, "cancelled") == 0) {
    ctl_complain ("cancelled; nothing of it is left.");
    return 130;
  }
  return ctl_complain ("the engine has ended meanwhile.\nLook with `vitrinectl list` what there is.");
}

int
ctl_wait_job (const char *path, GVariant **ret_result)
{
  Wait wait = { g_main_loop_new (NULL, FALSE), path,
                g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref) };
  unsigned signal = g_dbus_connection_signal_subscribe (
      ctl_bus (), CTL_ENGINE_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", path, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &wait, NULL);
  unsigned watch = g_bus_watch_name_on_connection (ctl_bus (), CTL_ENGINE_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                   NULL, on_owner, &wait, NULL);
  unsigned interrupt = g_unix_signal_add (SIGINT, on_interrupt, &wait);
  g_autoptr (GVariant) all =
      ctl_call (path, "org.freedesktop.DBus.Properties", "GetAll", g_variant_new ("(s)", "org.vitrine.Job1"));
  int status = 1;
  if (all != NULL) {
    g_autoptr (GVariant) properties = g_variant_get_child_value (all, 0);
    take_properties (&wait, properties);
    if (strcmp (get_string (&wait, "State"), "running") == 0)
      g_main_loop_run (wait.loop);
    if (wait.shown)
      fputs ("\r\033[K", stderr);
    status = job_status (&wait, ret_result);
  }
  g_source_remove (interrupt);
  g_bus_unwatch_name (watch);
  g_dbus_connection_signal_unsubscribe (ctl_bus (), signal);
  g_hash_table_unref (wait.properties);
  g_main_loop_unref (wait.loop);
  return status;
}
