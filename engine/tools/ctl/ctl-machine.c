/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ctl.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Commands that are a call or two. */

static int
show_names (GVariant *machines)
{
  for (size_t i = 0; i < g_variant_n_children (machines); i++) {
    g_autoptr (GVariant) properties = NULL;
    const char *name = "";
    g_variant_get_child (machines, i, "{o@a{sv}}", NULL, &properties);
    g_variant_lookup (properties, "Name", "&s", &name);
    puts (name);
  }
  return 0;
}

int
ctl_list (char **operands)
{
  g_autoptr (GVariant) machines = ctl_machines ();
  if (machines == NULL)
    return 1;
  if (ctl_options.json) {
    GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
    for (size_t i = 0; i < g_variant_n_children (machines); i++) {
      g_autoptr (GVariant) entry = g_variant_get_child_value (machines, i),
                           properties = g_variant_get_child_value (entry, 1);
      g_variant_builder_add_value (&list, properties);
    }
    g_autoptr (GVariant) all = g_variant_ref_sink (g_variant_builder_end (&list));
    ctl_print_json (all);
    return 0;
  }
  if (ctl_options.names)
    return show_names (machines);
  if (g_variant_n_children (machines) == 0)
    fputs ("There are no machines yet; `vitrinectl create` makes one.\n", stderr);
  for (size_t i = 0; i < g_variant_n_children (machines); i++) {
    g_autoptr (GVariant) properties = NULL;
    const char *name = "", *state = "", *architecture = "", *os = "";
    g_variant_get_child (machines, i, "{o@a{sv}}", NULL, &properties);
    g_variant_lookup (properties, "Name", "&s", &name);
    g_variant_lookup (properties, "State", "&s", &state);
    g_variant_lookup (properties, "Architecture", "&s", &architecture);
    g_variant_lookup (properties, "OsName", "&s", &os);
    int padding = MAX (0, 28 - (int)g_utf8_strlen (name, -1));
    printf ("%s%*s  %-9s %-9s %s\n", name, padding, "", state, architecture, os);
  }
  return 0;
}

static void
print_entries (GVariant *dict, const char *indent, const char *but)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    g_autoptr (GVariant) held = value;
    if (g_strcmp0 (key, but) == 0)
      continue;
    g_autofree char *text = ctl_text_of (key, value);
    printf ("%s%s: %s\n", indent, key, text);
  }
}

int
ctl_info (char **operands)
{
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], &properties);
  if (path == NULL)
    return 1;
  if (ctl_options.json) {
    ctl_print_json (properties);
    return 0;
  }
  g_autoptr (GVariant) settings = g_variant_lookup_value (properties, "Settings", G_VARIANT_TYPE_VARDICT);
  print_entries (properties, "", "Settings");
  if (settings != NULL) {
    puts ("Settings:");
    print_entries (settings, "  ", NULL);
  }
  return 0;
}

static int
call_simple (char **operands, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL;
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GVariant) reply = path ? ctl_call_machine (path, method, held) : NULL;
  return reply ? 0 : 1;
}

static int
call_job (char **operands, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) held = arguments ? g_variant_ref_sink (arguments) : NULL, result = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GVariant) reply = path ? ctl_call_machine (path, method, held) : NULL;
  const char *job;
  if (reply == NULL)
    return 1;
  g_variant_get (reply, "(&o)", &job);
  int status = ctl_wait_job (job, &result);
  if (status == 0 && ctl_options.json && result != NULL)
    ctl_print_json (result);
  return status;
}

int
ctl_start (char **operands)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  if (ctl_options.paused)
    g_variant_dict_insert (&dict, "paused", "b", TRUE);
  if (ctl_options.discard_saved)
    g_variant_dict_insert (&dict, "discard-saved", "b", TRUE);
  if (ctl_options.boot_drive != NULL)
    g_variant_dict_insert (&dict, "boot-drive", "s", ctl_options.boot_drive);
  return call_simple (operands, "Start", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
}

/* ---- Stopping ---- */

typedef struct {
  GMainLoop *loop;
  char *path;
  bool stopped;
} Stopping;

static void
look_at_state (Stopping *stopping, GVariant *properties)
{
  static const char *const ends[] = { "off", "saved", "crashed", "broken", NULL };
  const char *state;
  if (g_variant_lookup (properties, "State", "&s", &state) && g_strv_contains (ends, state)) {
    stopping->stopped = true;
    g_main_loop_quit (stopping->loop);
  }
}

static void
on_changed (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *signal, GVariant *arguments, gpointer data)
{
  g_autoptr (GVariant) changed = g_variant_get_child_value (arguments, 1);
  look_at_state (data, changed);
}

static gboolean
on_timeout (gpointer data)
{
  Stopping *stopping = data;
  g_main_loop_quit (stopping->loop);
  return G_SOURCE_CONTINUE;
}

static int
wait_until_off (const char *path, const char *name)
{
  Stopping stopping = { g_main_loop_new (NULL, FALSE), (char *)path, false };
  unsigned signal = g_dbus_connection_signal_subscribe (
      ctl_bus (), CTL_ENGINE_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", path, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &stopping, NULL);
  unsigned timeout = g_timeout_add_seconds (ctl_options.timeout > 0 ? (guint)ctl_options.timeout : 120,
                                            on_timeout, &stopping);
  g_autoptr (GVariant) all =
      ctl_call (path, "org.freedesktop.DBus.Properties", "GetAll", g_variant_new ("(s)", CTL_MACHINE));
  if (all != NULL) {
    g_autoptr (GVariant) properties = g_variant_get_child_value (all, 0);
    look_at_state (&stopping, properties);
  }
  if (all != NULL && !stopping.stopped)
    g_main_loop_run (stopping.loop);
  g_source_remove (timeout);
  g_dbus_connection_signal_unsubscribe (ctl_bus (), signal);
  g_main_loop_unref (stopping.loop);
  return stopping.stopped ? 0
                          : ctl_complain ("'%s' has not shut down.\nIts system may ignore the power button; "
                                          "`vitrinectl kill` pulls the plug.",
                                          name);
}

int
ctl_stop (char **operands)
{
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GVariant) reply = path ? ctl_call_machine (path, "Shutdown", NULL) : NULL;
  if (reply == NULL)
    return 1;
  return ctl_options.no_wait ? 0 : wait_until_off (path, operands[0]);
}

int
ctl_kill (char **operands)
{
  return call_simple (operands, "PowerOff", NULL);
}

int
ctl_pause (char **operands)
{
  return call_simple (operands, "Pause", NULL);
}

int
ctl_resume (char **operands)
{
  return call_simple (operands, "Resume", NULL);
}

int
ctl_reset (char **operands)
{
  return call_simple (operands, "Reset", NULL);
}

int
ctl_save (char **operands)
{
  return call_job (operands, "Save", NULL);
}

int
ctl_delete (char **operands)
{
  return call_job (operands, "Delete", g_variant_new ("(b)", ctl_options.forever));
}

int
ctl_duplicate (char **operands)
{
  return call_job (operands, "Duplicate", g_variant_new ("(s)", operands[1] ? operands[1] : ""));
}

/* ---- Settings ---- */

int
ctl_rename (char **operands)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "name", "s", operands[1]);
  return call_simple (operands, "Change", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
}

int
ctl_set (char **operands)
{
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], &properties);
  g_autoptr (GVariant) known =
      path ? g_variant_lookup_value (properties, "Settings", G_VARIANT_TYPE_VARDICT) : NULL;
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  if (known == NULL || !ctl_parse_settings (operands + 1, known, &dict)) {
    g_variant_dict_clear (&dict);
    return 1;
  }
  g_autoptr (GVariant) reply =
      ctl_call_machine (path, "Change", g_variant_new ("(@a{sv})", g_variant_dict_end (&dict)));
  if (reply == NULL)
    return 1;
  g_autoptr (GVariant) pending = g_variant_get_child_value (reply, 0);
  if (ctl_options.json)
    ctl_print_json (pending);
  else if (g_variant_n_children (pending) > 0) {
    g_autofree char *keys = ctl_text_of ("", pending);
    fprintf (stderr, "At the next start: %s\n", keys);
  }
  return 0;
}

/* ---- Media ---- */

/* The drive that is meant; the first if none is. */
static char *
choose_drive (GVariant *properties)
{
  g_autoptr (GVariant) media = g_variant_lookup_value (properties, "Media", G_VARIANT_TYPE ("a{ss}"));
  const char *first;
  if (ctl_options.drive != NULL)
    return g_strdup (ctl_options.drive);
  if (media == NULL || g_variant_n_children (media) == 0) {
    ctl_complain ("the machine has no optical drive.\nAdd one to its settings.");
    return NULL;
  }
  g_variant_get_child (media, 0, "{&s&s}", &first, NULL);
  return g_strdup (first);
}

int
ctl_insert (char **operands)
{
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], &properties),
                  *drive = path ? choose_drive (properties) : NULL;
  int fd = drive ? ctl_open_file (operands[1]) : -1;
  if (fd < 0)
    return 1;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_autofree char *base = g_path_get_basename (operands[1]), *name = g_utf8_make_valid (base, -1);
  g_autoptr (GVariant) reply =
      ctl_call_fds (path, CTL_MACHINE, "InsertMedium", g_variant_new ("(shs)", drive, 0, name), fds, NULL);
  return reply ? 0 : 1;
}

int
ctl_eject (char **operands)
{
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], &properties),
                  *drive = path ? choose_drive (properties) : NULL;
  if (drive == NULL)
    return 1;
  g_autoptr (GVariant) reply =
      ctl_call_machine (path, "EjectMedium", g_variant_new ("(sb)", drive, ctl_options.force));
  return reply ? 0 : 1;
}

/* ---- Screen and keys ---- */

int
ctl_screenshot (char **operands)
{
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GVariant) reply =
      path ? ctl_call_machine (path, "Screenshot", g_variant_new ("(u)", (guint32)MAX (ctl_options.width, 0)))
           : NULL;
  GError *error = NULL;
  gsize size;
  if (reply == NULL)
    return 1;
  g_autoptr (GVariant) png = g_variant_get_child_value (reply, 0);
  const void *data = g_variant_get_fixed_array (png, &size, 1);
  if (strcmp (operands[1], "-") == 0)
    return fwrite (data, 1, size, stdout) == size && fflush (stdout) == 0
               ? 0
               : ctl_complain ("the picture cannot be written.\nLook whether its reader has ended, or the "
                               "disk is full.");
  if (g_file_set_contents (operands[1], data, (gssize)size, &error))
    return 0;
  int status = ctl_complain ("%s.\nName a file in a folder that you may write to.", error->message);
  g_error_free (error);
  return status;
}

/* "ctrl-alt-delete" or the keys as words. */
int
ctl_send_keys (char **operands)
{
  g_autofree char *all = g_strjoinv ("-", operands + 1);
  g_auto (GStrv) keys = g_strsplit (all, "-", -1);
  return call_simple (operands, "SendKeys", g_variant_new ("(^as)", keys));
}

int
ctl_type (char **operands)
{
  g_autofree char *text = g_strjoinv (" ", operands + 1);
  if (!g_utf8_validate (text, -1, NULL))
    return ctl_complain ("the text is not valid UTF-8.");
  g_autofree char *compressed = g_strcompress (text);
  return call_job (operands, "TypeText",
                   g_variant_new ("(s)", g_utf8_validate (compressed, -1, NULL) ? compressed : text));
}

int
ctl_log (char **operands)
{
  g_autofree char *path = ctl_find_machine (operands[0], NULL);
  g_autoptr (GVariant) reply = path ? ctl_call_machine (path, "GetLog", NULL) : NULL;
  const char *text;
  if (reply == NULL)
    return 1;
  g_variant_get (reply, "(&s)", &text);
  if (ctl_options.json) {
    g_autoptr (GVariant) value = g_variant_get_child_value (reply, 0);
    ctl_print_json (value);
  } else
    fputs (text, stdout);
  return 0;
}

int
ctl_display (char **operands)
{
  g_autoptr (GVariant) properties = NULL;
  g_autofree char *path = ctl_find_machine (operands[0], &properties);
  GError *error = NULL;
  const char *uuid = "";
  if (path == NULL)
    return 1;
  g_variant_lookup (properties, "Uuid", "&s", &uuid);
  GVariant *parameter = g_variant_new_variant (g_variant_new_string (uuid));
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      ctl_bus (), "org.vitrine.Vitrine", "/org/vitrine/Vitrine", "org.freedesktop.Application",
      "ActivateAction",
      g_variant_new ("(s@ava{sv})", "show-machine",
                     g_variant_new_array (G_VARIANT_TYPE_VARIANT, &parameter, 1), NULL),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  if (reply != NULL)
    return 0;
  g_clear_error (&error);
  return ctl_complain ("the app is not there, and the bus does not know how to start it.\n"
                       "Install it, or use `vitrinectl console`.");
}
