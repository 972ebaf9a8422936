/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The real engine on a private bus, with machines that run no guest (fake-process.c). */

#include "vitrine-dbus.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define NAME "org.vitrine.Vitrine.Engine"
#define ROOT "/org/vitrine/Engine"

static const char *engine_program;
static GDBusConnection *bus;
static char *home, *machines_folder;
static GPid engine;

/* ---- The engine's process ---- */

static GVariant *
call (const char *path, const char *interface, const char *method, GVariant *arguments, GError **error)
{
  return g_dbus_connection_call_sync (bus, NAME, path, interface, method, arguments, NULL,
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, 10000, NULL, error);
}

static bool
is_there (void)
{
  g_autoptr (GVariant) reply = call (ROOT "/Engine", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL);
  return reply != NULL;
}

static void
start_engine (void)
{
  char *argv[] = { (char *)engine_program, NULL };
  g_autoptr (GError) error = NULL;
  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &engine, &error);
  g_assert_no_error (error);
  for (unsigned i = 0; i < 500 && !is_there (); i++)
    g_usleep (10000);
  g_assert_true (is_there ());
}

static void
kill_engine (int number)
{
  int status;
  kill (engine, number);
  waitpid (engine, &status, 0);
  while (is_there ())
    g_usleep (1000);
}

/* ---- Machines ---- */

static GVariant *
objects (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, &error);
  g_assert_no_error (error);
  return g_variant_get_child_value (reply, 0);
}

static char *
property (const char *path, const char *interface, const char *name)
{
  g_autoptr (GVariant) reply =
      call (path, "org.freedesktop.DBus.Properties", "Get", g_variant_new ("(ss)", interface, name), NULL);
  g_autoptr (GVariant) value = NULL;
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(v)", &value);
  return g_variant_print (value, FALSE);
}

/* Its object path, and how many there are. */
static unsigned
find_machines (const char *name, char **ret_path)
{
  g_autoptr (GVariant) all = objects ();
  GVariantIter iter;
  const char *path;
  unsigned n = 0;
  g_variant_iter_init (&iter, all);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL)) {
    if (!g_str_has_prefix (path, ROOT "/machines/"))
      continue;
    g_autofree char *found = property (path, "org.vitrine.Machine1", "Name");
    g_autofree char *quoted = g_strdup_printf ("'%s'", name ? name : "");
    n++;
    if (name != NULL && ret_path != NULL && strcmp (found, quoted) == 0)
      *ret_path = g_strdup (path);
  }
  return n;
}

static char *
wait_job (GVariant *reply)
{
  const char *job;
  g_variant_get (reply, "(&o)", &job);
  for (;;) {
    g_autofree char *state = property (job, "org.vitrine.Job1", "State");
    g_assert_nonnull (state);
    if (strcmp (state, "'running'") != 0)
      return g_steal_pointer (&state);
    g_usleep (5000);
  }
}

static GVariant *
create_arguments (const char *name, bool start)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "firmware", "s", "none");
  if (start)
    g_variant_dict_insert (&dict, "start", "b", TRUE);
  return g_variant_new ("(@a{sv}a{sh}a{ss})", g_variant_dict_end (&dict), NULL, NULL);
}

static char *
create (const char *name)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  g_autoptr (GVariant) reply =
      call (ROOT "/Engine", "org.vitrine.Engine1", "CreateMachine", create_arguments (name, false), &error);
  g_assert_no_error (error);
  g_autofree char *state = wait_job (reply);
  g_assert_cmpstr (state, ==, "'done'");
  find_machines (name, &path);
  g_assert_nonnull (path);
  return path;
}

static void delete (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (path, "org.vitrine.Machine1", "Delete", g_variant_new ("(b)", TRUE), &error);
  g_assert_no_error (error);
  g_autofree char *state = wait_job (reply);
  g_assert_cmpstr (state, ==, "'done'");
}

/* ---- Tests ---- */

static void
test_life (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = create ("one"), *copy = NULL;
  g_autoptr (GVariant) twice =
      call (ROOT "/Engine", "org.vitrine.Engine1", "CreateMachine", create_arguments ("one", false), &error);
  g_assert_null (twice);
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "org.vitrine.Error.Exists");
  g_clear_error (&error);
  g_autoptr (GVariant) renamed =
      call (path, "org.vitrine.Machine1", "Change", g_variant_new_parsed ("({'name': <'two'>},)"), &error);
  g_assert_no_error (error);
  g_autofree char *conf = g_build_filename (machines_folder, "two", "machine.conf", NULL);
  g_assert_true (g_file_test (conf, G_FILE_TEST_EXISTS));
  g_autoptr (GVariant) reply =
      call (path, "org.vitrine.Machine1", "Duplicate", g_variant_new ("(s)", ""), &error);
  g_assert_no_error (error);
  g_autofree char *state = wait_job (reply);
  g_assert_cmpstr (state, ==, "'done'");
  g_assert_cmpuint (find_machines ("two 2", &copy), ==, 2);
  delete (copy);
  g_autoptr (GVariant) started =
      call (path, "org.vitrine.Machine1", "Start", g_variant_new ("(a{sv})", NULL), &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) refused =
      call (path, "org.vitrine.Machine1", "Delete", g_variant_new ("(b)", TRUE), &error);
  g_assert_null (refused);
  g_clear_error (&error);
  g_autoptr (GVariant) off = call (path, "org.vitrine.Machine1", "PowerOff", NULL, &error);
  g_assert_no_error (error);
  delete (path);
  g_assert_cmpuint (find_machines (NULL, NULL), ==, 0);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  GError **error = data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (bus, result, error);
  g_assert_null (reply);
}

/* The first one's failure takes nothing back of the second's, which waits for it. */
static void
test_overlapping_changes (void)
{
  g_autoptr (GError) error = NULL, refused = NULL;
  g_autofree char *path = create ("busy");
  g_autoptr (GVariant) started =
      call (path, "org.vitrine.Machine1", "Start", g_variant_new ("(a{sv})", NULL), &error);
  g_assert_no_error (error);
  GVariant *port = g_variant_new_parsed (
      "({'nics': <[{'id': <'net0'>, 'forward': <[('tcp', uint16 6666, '', uint16 22)]>}]>},)");
  g_dbus_connection_call (bus, NAME, path, "org.vitrine.Machine1", "Change", port, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, 10000, NULL, on_answered, &refused);
  GVariant *notes = g_variant_new_parsed ("({'notes': <'remember'>},)");
  g_autoptr (GVariant) changed = call (path, "org.vitrine.Machine1", "Change", notes, &error);
  g_assert_no_error (error);
  while (refused == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_autofree char *settings = property (path, "org.vitrine.Machine1", "Settings"),
                  *conf = g_build_filename (machines_folder, "busy", "machine.conf", NULL), *text = NULL;
  g_assert_nonnull (strstr (settings, "remember"));
  g_assert_null (strstr (settings, "6666"));
  g_assert_true (g_file_get_contents (conf, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "remember"));
  g_assert_null (strstr (text, "6666"));
  g_autoptr (GVariant) off = call (path, "org.vitrine.Machine1", "PowerOff", NULL, &error);
  g_assert_no_error (error);
  delete (path);
}

static void
on_sample (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *name, GVariant *arguments, gpointer data)
{
  ++*(unsigned *)data;
}

static gboolean
on_time (gpointer data)
{
  *(bool *)data = true;
  return G_SOURCE_REMOVE;
}

/* How many samples come in a while that is longer than from one to the next. */
static unsigned
count_samples (unsigned *samples)
{
  bool over = false;
  *samples = 0;
  g_timeout_add (2500, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
  return *samples;
}

/* Who leaves without a word does not watch any more. */
static void
test_watcher_leaves (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = create ("watched");
  unsigned samples = 0, tries = 0;
  g_autoptr (GVariant) started =
      call (path, "org.vitrine.Machine1", "Start", g_variant_new ("(a{sv})", NULL), &error);
  g_assert_no_error (error);
  const unsigned subscription =
      g_dbus_connection_signal_subscribe (bus, NAME, "org.vitrine.Statistics1", "Sample", path, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_sample, &samples, NULL);
  g_autoptr (GDBusConnection) other = g_dbus_connection_new_for_address_sync (
      g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
      NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) watching = g_dbus_connection_call_sync (other, NAME, path, "org.vitrine.Statistics1",
                                                               "Watch", NULL, NULL, 0, 10000, NULL, &error);
  g_assert_no_error (error);
  while (samples == 0)
    g_main_context_iteration (NULL, TRUE);
  g_dbus_connection_close_sync (other, NULL, NULL);
  while (count_samples (&samples) > 0)
    g_assert_cmpuint (++tries, <, 5);
  g_dbus_connection_signal_unsubscribe (bus, subscription);
  g_autoptr (GVariant) off = call (path, "org.vitrine.Machine1", "PowerOff", NULL, &error);
  g_assert_no_error (error);
  delete (path);
}

/* The file cut in half, and one of a later version: shown, with the reason, and whole again when the file is.
 */
static void
test_broken (void)
{
  g_autofree char *path = create ("cut"),
                  *conf = g_build_filename (machines_folder, "cut", "machine.conf", NULL), *text = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (conf, &text, &size, NULL));
  kill_engine (SIGTERM);
  g_assert_true (g_file_set_contents (conf, text, (gssize)size / 2, NULL));
  start_engine ();
  g_autoptr (GVariant) all = objects ();
  g_autofree char *shown = g_variant_print (all, FALSE);
  g_assert_nonnull (strstr (shown, "'State': <'broken'>"));
  g_assert_nonnull (strstr (shown, "cut/machine.conf"));
  kill_engine (SIGTERM);
  g_autoptr (GString) newer = g_string_new (text);
  g_string_replace (newer, "version=1", "version=99", 1);
  g_assert_true (g_file_set_contents (conf, newer->str, -1, NULL));
  start_engine ();
  g_autoptr (GVariant) again = objects ();
  g_autofree char *shown_again = g_variant_print (again, FALSE);
  g_assert_nonnull (strstr (shown_again, "newer Vitrine"));
  kill_engine (SIGTERM);
  g_assert_true (g_file_set_contents (conf, text, (gssize)size, NULL));
  start_engine ();
  delete (path);
}

/* A value of the type, of no sense. */
static GVariant *
random_value (const GVariantType *type, unsigned depth)
{
  static const char *const strings[] = { "",       "name",  "\n\t", "ünï",   "../../etc",
                                         "cdrom0", "disk0", "%s%n", "start", "memory" };
  if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING))
    return g_variant_new_string (strings[g_test_rand_int_range (0, G_N_ELEMENTS (strings))]);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_HANDLE))
    return g_variant_new_handle (g_test_rand_int_range (-2, 3));
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    return g_variant_new_boolean (g_test_rand_int_range (0, 2));
  if (g_variant_type_equal (type, G_VARIANT_TYPE_UINT32))
    return g_variant_new_uint32 ((guint32)g_test_rand_int ());
  if (g_variant_type_equal (type, G_VARIANT_TYPE_UINT64))
    return g_variant_new_uint64 ((guint64)g_test_rand_int () << g_test_rand_int_range (0, 33));
  if (g_variant_type_equal (type, G_VARIANT_TYPE_VARIANT)) {
    static const char *const types[] = { "s", "b", "u", "t", "as", "aa{sv}", "a{sv}" };
    const char *chosen = types[g_test_rand_int_range (0, depth > 3 ? 4 : G_N_ELEMENTS (types))];
    return g_variant_new_variant (random_value (G_VARIANT_TYPE (chosen), depth + 1));
  }
  if (g_variant_type_is_array (type)) {
    GVariantBuilder builder;
    g_variant_builder_init (&builder, type);
    for (int i = g_test_rand_int_range (0, 4); i > 0; i--)
      g_variant_builder_add_value (&builder, random_value (g_variant_type_element (type), depth + 1));
    return g_variant_builder_end (&builder);
  }
  g_assert_true (g_variant_type_is_dict_entry (type));
  return g_variant_new_dict_entry (random_value (g_variant_type_key (type), depth + 1),
                                   random_value (g_variant_type_value (type), depth + 1));
}

static void
call_randomly (const char *path, const GDBusInterfaceInfo *interface, const GDBusMethodInfo *method)
{
  GVariantBuilder arguments = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);
  bool wrong = g_test_rand_int_range (0, 6) == 0;
  for (unsigned i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_variant_builder_add_value (
        &arguments, random_value (G_VARIANT_TYPE (wrong ? "as" : method->in_args[i]->signature), 0));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (path, interface->name, method->name, g_variant_builder_end (&arguments), &error);
  g_assert_true (reply != NULL || g_dbus_error_is_remote_error (error));
}

static void
test_random_arguments (void)
{
  g_autofree char *path = create ("victim");
  GDBusInterfaceInfo *interfaces[] = { vt_engine1_interface_info (), vt_machine1_interface_info (),
                                       vt_statistics1_interface_info () };
  for (unsigned round = 0; round < 12; round++)
    for (unsigned i = 0; i < G_N_ELEMENTS (interfaces); i++)
      for (unsigned k = 0; interfaces[i]->methods[k] != NULL; k++)
        call_randomly (i == 0 ? ROOT "/Engine" : path, interfaces[i], interfaces[i]->methods[k]);
  g_assert_true (is_there ());
  g_assert_cmpint (waitpid (engine, NULL, WNOHANG), ==, 0);
}

/* Every folder that is shown is whole, and none is lost. */
static void
test_kills (void)
{
  g_autofree char *kept = create ("kept"), *still = NULL;
  for (unsigned i = 0; i < 20; i++) {
    g_autofree char *name = g_strdup_printf ("killed %u", i), *path = NULL;
    static const char *const whole[] = { "'off'", "'running'", "'crashed'", "'saved'", "'paused'", NULL };
    g_dbus_connection_call (bus, NAME, ROOT "/Engine", "org.vitrine.Engine1", "CreateMachine",
                            create_arguments (name, i % 2), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
                            NULL, NULL);
    g_dbus_connection_flush_sync (bus, NULL, NULL);
    g_usleep ((gulong)g_test_rand_int_range (0, 60000));
    kill_engine (SIGKILL);
    start_engine ();
    find_machines (name, &path);
    if (path != NULL) {
      g_autofree char *state = property (path, "org.vitrine.Machine1", "State");
      g_autofree char *disk = g_build_filename (machines_folder, name, "disk0.qcow2", NULL);
      g_assert_true (g_strv_contains (whole, state));
      g_assert_true (g_file_test (disk, G_FILE_TEST_EXISTS));
      g_autoptr (GVariant) off = call (path, "org.vitrine.Machine1", "PowerOff", NULL, NULL);
    }
    g_autoptr (GDir) dir = g_dir_open (machines_folder, 0, NULL);
    for (const char *entry; (entry = g_dir_read_name (dir)) != NULL;)
      g_assert_cmpint (*entry, !=, '.');
  }
  find_machines ("kept", &still);
  g_assert_cmpstr (still, ==, kept);
}

static void
set_up (void)
{
  g_autoptr (GError) error = NULL;
  home = g_dir_make_tmp ("vitrine-engine-XXXXXX", &error);
  g_assert_no_error (error);
  static const char *const variables[] = { "HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME",
                                           "XDG_CACHE_HOME" };
  for (unsigned i = 0; i < G_N_ELEMENTS (variables); i++)
    g_setenv (variables[i], home, TRUE);
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  machines_folder = g_build_filename (home, "vitrine", "machines", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  engine_program = g_getenv ("VITRINE_ENGINE");
  set_up ();
  GTestDBus *test_bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (test_bus);
  bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  start_engine ();
  g_test_add_func ("/engine/life", test_life);
  g_test_add_func ("/engine/overlapping-changes", test_overlapping_changes);
  g_test_add_func ("/engine/watcher-leaves", test_watcher_leaves);
  g_test_add_func ("/engine/broken", test_broken);
  g_test_add_func ("/engine/random-arguments", test_random_arguments);
  g_test_add_func ("/engine/kills", test_kills);
  int status = g_test_run ();
  kill_engine (SIGTERM);
  g_object_unref (bus);
  g_test_dbus_stop (test_bus);
  g_object_unref (test_bus);
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", home);
  return system (remove) == 0 ? status : 1;
}
