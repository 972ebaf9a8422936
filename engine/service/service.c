/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include "error.h"
#include "machine-item.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* An engine ends when nobody needs it: no machine runs, no job, and nobody who has called it is on the bus
 * any more. */

#define IDLE_SECONDS    60
#define LOCK_WAIT_MS    50
#define LOCK_WAIT_STEPS 100

struct VtService {
  VtServiceOptions options;
  GDBusConnection *bus;
  GDBusObjectManagerServer *manager;
  VtLibrary *library;
  VtEngine1 *engine;
  GPtrArray *items;
  GHashTable *reserved; /* names of machines that are being made */
  GHashTable *clients;  /* bus name -> watch; the main thread's */
  guint filter, owner, idle;
  unsigned holds, adopting;
  int lock;
  VtServiceReady ready;
};

/* ---- Use ---- */

static gboolean
on_idle (gpointer data)
{
  VtService *service = data;
  service->idle = 0;
  service->options.idle (service->options.opaque);
  return G_SOURCE_REMOVE;
}

static void
update_idle (VtService *service)
{
  bool used = service->holds > 0 || g_hash_table_size (service->clients) > 0;
  if (used)
    g_clear_handle_id (&service->idle, g_source_remove);
  else if (service->idle == 0 && service->options.idle != NULL)
    service->idle = g_timeout_add_seconds (IDLE_SECONDS, on_idle, service);
}

void
vt_service_hold (VtService *service)
{
  service->holds++;
  update_idle (service);
}

void
vt_service_release (VtService *service)
{
  service->holds--;
  update_idle (service);
}

static void
on_client_gone (GDBusConnection *bus, const char *name, gpointer data)
{
  VtService *service = data;
  unsigned watch = GPOINTER_TO_UINT (g_hash_table_lookup (service->clients, name));
  if (watch == 0)
    return;
  g_hash_table_remove (service->clients, name);
  g_bus_unwatch_name (watch);
  update_idle (service);
}

typedef struct {
  VtService *service;
  char *sender;
} Caller;

static gboolean
on_caller (gpointer data)
{
  Caller *caller = data;
  VtService *service = caller->service;
  if (service->filter != 0 && !g_hash_table_contains (service->clients, caller->sender)) {
    unsigned watch = g_bus_watch_name_on_connection (
        service->bus, caller->sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_client_gone, service, NULL);
    g_hash_table_insert (service->clients, g_strdup (caller->sender), GUINT_TO_POINTER (watch));
    update_idle (service);
  }
  return G_SOURCE_REMOVE;
}

static void
caller_free (gpointer data)
{
  Caller *caller = data;
  g_free (caller->sender);
  g_free (caller);
}

/* Runs in the connection's thread. */
static GDBusMessage *
filter (GDBusConnection *bus, GDBusMessage *message, gboolean incoming, gpointer data)
{
  const char *sender = g_dbus_message_get_sender (message);
  if (!incoming || sender == NULL || *sender != ':' ||
      g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  Caller *caller = g_new (Caller, 1);
  *caller = (Caller){ data, g_strdup (sender) };
  g_idle_add_full (G_PRIORITY_DEFAULT, on_caller, caller, caller_free);
  return message;
}

/* ---- Machines ---- */

GDBusObjectManagerServer *
vt_service_manager (VtService *service)
{
  return service->manager;
}

VtLibrary *
vt_service_library (VtService *service)
{
  return service->library;
}

GDBusConnection *
vt_service_bus (VtService *service)
{
  return service->bus;
}

VtMachineItem *
vt_service_find_name (VtService *service, const char *name, const VtMachineItem *but)
{
  for (unsigned i = 0; i < service->items->len; i++) {
    VtMachineItem *item = service->items->pdata[i];
    if (item != but && strcmp (vt_machine_item_name (item), name) == 0)
      return item;
  }
  return NULL;
}

bool
vt_service_name_taken (VtService *service, const char *name, const VtMachineItem *but)
{
  return g_hash_table_contains (service->reserved, name) || vt_service_find_name (service, name, but) != NULL;
}

void
vt_service_reserve_name (VtService *service, const char *name)
{
  g_hash_table_add (service->reserved, g_strdup (name));
}

void
vt_service_unreserve_name (VtService *service, const char *name)
{
  g_hash_table_remove (service->reserved, name);
}

char *
vt_service_free_name (VtService *service, const char *name)
{
  char *candidate = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), 100));
  g_autofree char *base = g_strdup (candidate);
  for (unsigned i = 2; vt_service_name_taken (service, candidate, NULL); i++) {
    g_free (candidate);
    candidate = g_strdup_printf ("%s %u", base, i);
  }
  return candidate;
}

static VtMachineItem *
find_folder (VtService *service, const char *folder)
{
  for (unsigned i = 0; i < service->items->len; i++) {
    VtMachineItem *item = service->items->pdata[i];
    if (strcmp (item->folder, folder) == 0)
      return item;
  }
  return NULL;
}

static bool
uuid_taken (VtService *service, const char *uuid)
{
  for (unsigned i = 0; i < service->items->len; i++)
    if (strcmp (((VtMachineItem *)service->items->pdata[i])->uuid, uuid) == 0)
      return true;
  return false;
}

VtMachineItem *
vt_service_add_folder (VtService *service, const char *folder)
{
  VtMachineItem *item = find_folder (service, folder);
  if (item == NULL) {
    item = vt_machine_item_new (service, folder, uuid_taken);
    g_ptr_array_add (service->items, item);
  }
  return item;
}

void
vt_service_remove_item (VtService *service, VtMachineItem *item)
{
  vt_machine_item_unexport (item);
  g_ptr_array_remove (service->items, item);
}

static void
nothing (void *opaque)
{
}

static void
on_added (void *opaque, const char *folder)
{
  VtService *service = opaque;
  if (find_folder (service, folder) == NULL)
    vt_machine_item_adopt (vt_service_add_folder (service, folder), nothing, NULL);
}

/* With another UUID it is another machine. */
static void
on_changed (void *opaque, const char *folder)
{
  VtMachineItem *item = find_folder (opaque, folder);
  if (item == NULL)
    return;
  if (!vt_machine_item_is_another (item)) {
    vt_machine_item_reload (item);
    return;
  }
  vt_service_remove_item (opaque, item);
  on_added (opaque, folder);
}

static void
on_removed (void *opaque, const char *folder)
{
  VtMachineItem *item = find_folder (opaque, folder);
  if (item != NULL && !vt_machine_item_alive (item))
    vt_service_remove_item (opaque, item);
}

/* ---- Start ---- */

static char *
runtime_file (const char *name)
{
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "vitrine", NULL);
  g_mkdir_with_parents (folder, 0700);
  return g_build_filename (folder, name, NULL);
}

/* One engine for a user's machines, whatever bus they are on. One that is about to end is waited for. */
static int
take_lock (GError **error)
{
  g_autofree char *path = runtime_file ("engine.lock");
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (unsigned i = 0; fd >= 0 && i < LOCK_WAIT_STEPS; i++) {
    if (flock (fd, LOCK_EX | LOCK_NB) == 0)
      return fd;
    g_usleep (LOCK_WAIT_MS * 1000);
  }
  g_autofree char *cause =
      g_strdup_printf ("%s: %s.", path, fd < 0 ? g_strerror (errno) : "another engine runs");
  vt_error_set (error, VT_ERROR_IN_USE, cause, "Use that one, or end it first.");
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Once in a session: an engine that was away comes back to machines that somebody has shut down since. */
static void
autostart (VtService *service)
{
  g_autofree char *stamp = runtime_file ("autostarted");
  if (g_file_test (stamp, G_FILE_TEST_EXISTS) || !g_file_set_contents (stamp, "", 0, NULL))
    return;
  for (unsigned i = 0; i < service->items->len; i++) {
    VtMachineItem *item = service->items->pdata[i];
    if (item->conf != NULL && item->conf->autostart && !vt_machine_item_alive (item))
      vt_machine_item_start (item, NULL, NULL);
  }
}

static void
on_name_acquired (GDBusConnection *bus, const char *name, gpointer data)
{
  VtService *service = data;
  service->ready (service, NULL, service->options.opaque);
  autostart (service);
  update_idle (service);
}

static void
on_name_lost (GDBusConnection *bus, const char *name, gpointer data)
{
  VtService *service = data;
  g_autoptr (GError) error = NULL;
  if (bus == NULL || g_dbus_connection_is_closed (bus))
    vt_error_set (&error, VT_ERROR_FAILED, "The session bus has ended.", "");
  else
    vt_error_set (&error, VT_ERROR_IN_USE, "The name " VT_BUS_NAME " is another program's.",
                  "End the other engine first.");
  service->ready (service, error, service->options.opaque);
}

/* Who finds the name finds all machines as they are. */
static void
on_adopted (void *opaque)
{
  VtService *service = opaque;
  if (--service->adopting > 0)
    return;
  service->owner =
      g_bus_own_name_on_connection (service->bus, VT_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                    on_name_acquired, on_name_lost, service, NULL);
}

static void
export_engine (VtService *service)
{
  g_autoptr (VtObjectSkeleton) object = vt_object_skeleton_new (VT_OBJECT_ROOT "/Engine");
  service->engine = vt_engine_object_new (service, service->options.version);
  vt_object_skeleton_set_engine1 (object, service->engine);
  g_dbus_object_manager_server_export (service->manager, G_DBUS_OBJECT_SKELETON (object));
  g_dbus_object_manager_server_set_connection (service->manager, service->bus);
  service->filter = g_dbus_connection_add_filter (service->bus, filter, service, NULL);
}

VtService *
vt_service_new (GDBusConnection *bus, const VtServiceOptions *options, VtServiceReady ready, GError **error)
{
  static const VtLibraryListener listener = { on_added, on_changed, on_removed };
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "vitrine", "machines", NULL);
  int lock = take_lock (error);
  if (lock < 0)
    return NULL;
  VtService *service = g_new0 (VtService, 1);
  vt_error_quark ();
  service->options = *options;
  service->ready = ready;
  service->lock = lock;
  service->bus = g_object_ref (bus);
  service->manager = g_dbus_object_manager_server_new (VT_OBJECT_ROOT);
  service->items = g_ptr_array_new_with_free_func ((GDestroyNotify)vt_machine_item_unref);
  service->clients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  service->reserved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  service->library = vt_library_new (options->folder ? options->folder : own, &listener, service, error);
  if (service->library == NULL) {
    vt_service_free (service);
    return NULL;
  }
  g_auto (GStrv) folders = vt_library_folders (service->library);
  for (char **folder = folders; *folder != NULL; folder++)
    vt_service_add_folder (service, *folder);
  export_engine (service);
  service->adopting = service->items->len + 1;
  for (unsigned i = 0; i < service->items->len; i++)
    vt_machine_item_adopt (service->items->pdata[i], on_adopted, service);
  on_adopted (service);
  return service;
}

void
vt_service_free (VtService *service)
{
  GHashTableIter iter;
  gpointer watch;
  service->options.idle = NULL;
  g_clear_handle_id (&service->owner, g_bus_unown_name);
  if (service->filter != 0)
    g_dbus_connection_remove_filter (service->bus, service->filter);
  service->filter = 0;
  for (unsigned i = 0; i < service->items->len; i++)
    vt_machine_item_unexport (service->items->pdata[i]);
  g_ptr_array_unref (service->items);
  g_hash_table_iter_init (&iter, service->clients);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    g_bus_unwatch_name (GPOINTER_TO_UINT (watch));
  g_hash_table_unref (service->clients);
  g_hash_table_unref (service->reserved);
  g_clear_handle_id (&service->idle, g_source_remove);
  g_clear_object (&service->engine);
  g_clear_object (&service->manager);
  g_clear_pointer (&service->library, vt_library_free);
  g_clear_object (&service->bus);
  close (service->lock);
  g_free (service);
}
