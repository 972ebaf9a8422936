/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "library.h"

#include "error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* A folder becomes a machine when machine.conf gets its name, and stops being one when that goes: both are
 * single steps for the file system.  A folder that is being made has a name that begins with a dot; one that
 * is being deleted gets such a name first.  Dotted folders found at the start are left-overs. */

#define NEW_PREFIX  ".new-"
#define GONE_PREFIX ".deleted-"

struct VtLibrary {
  char *path;
  VtLibraryListener listener;
  void *opaque;
  GFileMonitor *monitor; /* of the library's folder */
  GHashTable *machines;  /* folder -> its GFileMonitor */
  GHashTable *others;    /* the same of folders that have no machine.conf yet */
};

static char *
conf_path (const char *folder)
{
  return g_build_filename (folder, VT_CONF_FILE, NULL);
}

static bool
is_machine (const char *folder)
{
  g_autofree char *conf = conf_path (folder);
  return g_file_test (conf, G_FILE_TEST_IS_REGULAR);
}

/* Those that are machines, or those that are none. */
static GStrv
list_folders (VtLibrary *library, bool machines)
{
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_autoptr (GDir) dir = g_dir_open (library->path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *folder = g_build_filename (library->path, name, NULL);
    if (*name != '.' && is_machine (folder) == machines && g_file_test (folder, G_FILE_TEST_IS_DIR))
      g_strv_builder_add (folders, folder);
  }
  return g_strv_builder_end (folders);
}

/* ---- Removing ---- */

/* Links below it are removed, not followed. */
static bool
remove_tree (GFile *file, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileEnumerator) children =
      g_file_enumerate_children (file, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                 G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, error);
  if (children == NULL)
    return false;
  for (;;) {
    GFileInfo *info;
    GFile *child;
    if (!g_file_enumerator_iterate (children, &info, &child, cancellable, error))
      return false;
    if (info == NULL)
      break;
    bool removed = g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY
                       ? remove_tree (child, cancellable, error)
                       : g_file_delete (child, cancellable, error);
    if (!removed)
      return false;
  }
  return g_file_delete (file, cancellable, error);
}

static void
remove_left_overs (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    if (!g_str_has_prefix (name, NEW_PREFIX) && !g_str_has_prefix (name, GONE_PREFIX))
      continue;
    g_autofree char *folder = g_build_filename (path, name, NULL);
    g_autoptr (GFile) file = g_file_new_for_path (folder);
    g_autoptr (GError) error = NULL;
    /* A link of such a name is nothing that was made here. */
    if (g_file_test (folder, G_FILE_TEST_IS_SYMLINK) ? !g_file_delete (file, NULL, &error)
                                                     : !remove_tree (file, NULL, &error))
      g_message ("%s could not be removed: %s", folder, error->message);
  }
}

/* ---- Watching ---- */

static void rescan (VtLibrary *library);

static void
on_machine_file (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
  VtLibrary *library = data;
  g_autofree char *name = g_file_get_basename (file), *renamed = other ? g_file_get_basename (other) : NULL;
  const char *folder = g_object_get_data (G_OBJECT (monitor), "folder");
  if (g_strcmp0 (name, VT_CONF_FILE) != 0 && g_strcmp0 (renamed, VT_CONF_FILE) != 0)
    return;
  if (!is_machine (folder))
    return;
  if (g_hash_table_contains (library->machines, folder))
    library->listener.changed (library->opaque, folder);
  else
    rescan (library);
}

static void
watch_folder (VtLibrary *library, GHashTable *watched, const char *folder)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  GFileMonitor *monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (monitor == NULL)
    return;
  g_object_set_data_full (G_OBJECT (monitor), "folder", g_strdup (folder), g_free);
  g_signal_connect (monitor, "changed", G_CALLBACK (on_machine_file), library);
  g_hash_table_replace (watched, g_strdup (folder), monitor);
}

/* A machine that is copied here by hand is a folder first, and gets its machine.conf when it gets it. */
static void
watch_others (VtLibrary *library)
{
  g_auto (GStrv) folders = list_folders (library, false);
  GHashTableIter iter;
  gpointer folder;
  g_hash_table_iter_init (&iter, library->others);
  while (g_hash_table_iter_next (&iter, &folder, NULL))
    if (!g_strv_contains ((const char *const *)folders, folder))
      g_hash_table_iter_remove (&iter);
  for (char **other = folders; *other != NULL; other++)
    if (!g_hash_table_contains (library->others, *other))
      watch_folder (library, library->others, *other);
}

/* Compares what is known with what is there. */
static void
rescan (VtLibrary *library)
{
  watch_others (library);
  g_auto (GStrv) folders = vt_library_folders (library);
  g_autoptr (GPtrArray) known = g_hash_table_get_keys_as_ptr_array (library->machines);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  for (unsigned i = 0; i < known->len; i++)
    if (!g_strv_contains ((const char *const *)folders, known->pdata[i]))
      g_ptr_array_add (gone, g_strdup (known->pdata[i]));
  for (unsigned i = 0; i < gone->len; i++) {
    g_hash_table_remove (library->machines, gone->pdata[i]);
    library->listener.removed (library->opaque, gone->pdata[i]);
  }
  for (char **folder = folders; *folder != NULL; folder++)
    if (!g_hash_table_contains (library->machines, *folder)) {
      watch_folder (library, library->machines, *folder);
      library->listener.added (library->opaque, *folder);
    }
}

static void
on_library_file (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
  if (event != G_FILE_MONITOR_EVENT_CHANGED && event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
    rescan (data);
}

/* ---- Life ---- */

VtLibrary *
vt_library_new (const char *path, const VtLibraryListener *listener, void *opaque, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    vt_error_adopt (error, "The folder of machines could not be made");
    return NULL;
  }
  VtLibrary *library = g_new0 (VtLibrary, 1);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  library->path = g_strdup (path);
  library->listener = *listener;
  library->opaque = opaque;
  library->machines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  library->others = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  remove_left_overs (path);
  g_auto (GStrv) folders = vt_library_folders (library);
  for (char **folder = folders; *folder != NULL; folder++)
    watch_folder (library, library->machines, *folder);
  watch_others (library);
  library->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (library->monitor != NULL)
    g_signal_connect (library->monitor, "changed", G_CALLBACK (on_library_file), library);
  return library;
}

void
vt_library_free (VtLibrary *library)
{
  g_clear_object (&library->monitor);
  g_hash_table_unref (library->machines);
  g_hash_table_unref (library->others);
  g_free (library->path);
  g_free (library);
}

const char *
vt_library_path (VtLibrary *library)
{
  return library->path;
}

GStrv
vt_library_folders (VtLibrary *library)
{
  return list_folders (library, true);
}

/* ---- Folders ---- */

/* A file name that shows the machine's: no separators, no dot in front, at most 100 bytes. */
static char *
folder_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  GString *out = g_string_new (NULL);
  for (const char *p = valid; *p != '\0' && out->len < 96; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    bool bad = c == '/' || g_unichar_iscntrl (c) || (c == '.' && out->len == 0);
    g_string_append_unichar (out, bad ? '_' : c);
  }
  if (out->len == 0)
    g_string_append (out, "machine");
  return g_string_free (out, FALSE);
}

/* The first free "NAME", "NAME 2", … */
static char *
free_path (VtLibrary *library, const char *name)
{
  g_autofree char *base = folder_name (name);
  char *path = g_build_filename (library->path, base, NULL);
  for (unsigned i = 2; g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_SYMLINK);
       i++) {
    g_autofree char *numbered = g_strdup_printf ("%s %u", base, i);
    g_free (path);
    path = g_build_filename (library->path, numbered, NULL);
  }
  return path;
}

static bool
fail_errno (const char *what, GError **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s", g_strerror (errno));
  vt_error_adopt (error, what);
  return false;
}

char *
vt_library_new_folder (VtLibrary *library, GError **error)
{
  g_autofree char *template = g_build_filename (library->path, NEW_PREFIX "XXXXXX", NULL);
  if (g_mkdtemp (template) == NULL) {
    fail_errno ("The machine's folder could not be made", error);
    return NULL;
  }
  return g_steal_pointer (&template);
}

static char *
rename_to (const char *folder, char *path, const char *what, GError **error)
{
  if (g_rename (folder, path) == 0)
    return path;
  fail_errno (what, error);
  g_free (path);
  return NULL;
}

char *
vt_library_add (VtLibrary *library, const char *folder, const char *name, GError **error)
{
  return rename_to (folder, free_path (library, name), "The machine's folder could not be named", error);
}

char *
vt_library_rename (VtLibrary *library, const char *folder, const char *name, GError **error)
{
  g_autofree char *wanted = folder_name (name), *now = g_path_get_basename (folder);
  if (strcmp (wanted, now) == 0)
    return g_strdup (folder);
  return rename_to (folder, free_path (library, name), "The machine's folder could not be renamed", error);
}

bool
vt_library_trash (VtLibrary *library, const char *folder, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  if (g_file_trash (file, cancellable, error))
    return true;
  if (error != NULL && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)) {
    g_clear_error (error);
    vt_error_set (error, VT_ERROR_NOT_SUPPORTED, "There is no trash for the folder of machines.",
                  "Delete the machine for good instead.");
  }
  vt_error_adopt (error, "The machine could not be moved to the trash");
  return false;
}

bool
vt_library_remove (VtLibrary *library, const char *folder, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = g_uuid_string_random ();
  g_autofree char *hidden = g_strconcat (library->path, "/" GONE_PREFIX, name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (hidden);
  if (g_rename (folder, hidden) != 0)
    return fail_errno ("The machine could not be deleted", error);
  if (remove_tree (file, cancellable, error))
    return true;
  vt_error_adopt (error, "Not all of the machine's files could be deleted");
  return false;
}
