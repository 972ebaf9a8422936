/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "replace-file.h"

#include <glib/gstdio.h>
#include <string.h>

static const char *const state_names[] = { "off",    "starting", "running", "paused", "stopping",
                                           "saving", "saved",    "crashed", "broken" };

/* ---- Life ---- */

static void
clear (gpointer data)
{
  VtMachineItem *item = data;
  /* A call that is on its way still finds the interface. */
  g_signal_handlers_disconnect_by_data (item->api, item);
  g_signal_handlers_disconnect_by_data (item->statistics, item);
  if (item->process != NULL)
    g_signal_handlers_disconnect_by_data (item->process, item);
  vt_conf_free (item->conf);
  vt_conf_free (item->running);
  g_clear_object (&item->process);
  g_clear_object (&item->starting);
  g_ptr_array_unref (item->ending);
  g_clear_pointer (&item->screenshot, g_bytes_unref);
  g_clear_object (&item->object);
  g_clear_object (&item->api);
  g_clear_object (&item->statistics);
  g_hash_table_unref (item->watchers);
  g_free (item->uuid);
  g_free (item->folder);
}

VtMachineItem *
vt_machine_item_ref (VtMachineItem *item)
{
  return g_rc_box_acquire (item);
}

void
vt_machine_item_unref (VtMachineItem *item)
{
  g_rc_box_release_full (item, clear);
}

const char *
vt_machine_item_path (const VtMachineItem *item)
{
  return g_dbus_object_get_object_path (G_DBUS_OBJECT (item->object));
}

const char *
vt_machine_item_name (const VtMachineItem *item)
{
  return item->conf ? item->conf->name : vt_machine1_get_name (item->api);
}

bool
vt_machine_item_alive (const VtMachineItem *item)
{
  return item->process != NULL || item->starting != NULL;
}

char *
vt_machine_item_file (const VtMachineItem *item, const char *name)
{
  return g_build_filename (item->folder, name, NULL);
}

/* ---- On the bus ---- */

void
vt_machine_item_set_state (VtMachineItem *item, ItemState state, const char *reason)
{
  item->state = state;
  vt_machine1_set_state_reason (item->api, reason ? reason : "");
  vt_machine1_set_state (item->api, state_names[state]);
}

static GVariant *
media_of (const VtConf *conf)
{
  GVariantBuilder media = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  for (unsigned i = 0; i < conf->drives->len; i++) {
    const VtConfDrive *drive = conf->drives->pdata[i];
    g_autofree char *base = g_path_get_basename (drive->file);
    g_variant_builder_add (&media, "{ss}", drive->id,
                           *drive->file == '\0'   ? ""
                           : *drive->name != '\0' ? drive->name
                                                  : base);
  }
  return g_variant_builder_end (&media);
}

static void
refresh_running (VtMachineItem *item)
{
  const VtConf *conf = item->process ? item->running : NULL;
  g_autoptr (GStrvBuilder) consoles = g_strv_builder_new ();
  for (unsigned i = 0; conf != NULL && i < conf->serials; i++)
    g_strv_builder_take (consoles, g_strdup_printf ("serial%u", i));
  g_auto (GStrv) ids = g_strv_builder_end (consoles);
  g_auto (GStrv) pending = conf && item->conf ? vt_conf_pending (conf, item->conf) : g_new0 (char *, 1);
  vt_machine1_set_consoles (item->api, (const char *const *)ids);
  vt_machine1_set_displays (item->api, conf && strcmp (conf->display, "none") != 0 ? conf->heads : 0);
  vt_machine1_set_pending_settings (item->api, (const char *const *)pending);
}

void
vt_machine_item_refresh (VtMachineItem *item)
{
  const VtConf *conf = item->conf;
  VtMachine1 *api = item->api;
  g_autofree char *folder_name = g_path_get_basename (item->folder),
                  *shown = g_utf8_make_valid (folder_name, -1);
  g_autofree char *folder = g_utf8_make_valid (item->folder, -1);
  vt_machine1_set_uuid (api, conf ? conf->uuid : item->uuid);
  vt_machine1_set_name (api, conf ? conf->name : shown);
  vt_machine1_set_architecture (api, conf ? conf->architecture : "");
  vt_machine1_set_os_id (api, conf ? conf->os_id : "");
  vt_machine1_set_os_name (api, conf ? conf->os_name : "");
  vt_machine1_set_group (api, conf ? conf->group : "");
  vt_machine1_set_autostart (api, conf ? conf->autostart : FALSE);
  vt_machine1_set_folder (api, folder);
  vt_machine1_set_created (api, conf ? conf->created : 0);
  vt_machine1_set_last_started (api, conf ? conf->last_started : 0);
  vt_machine1_set_settings (api, conf ? vt_conf_to_variant (conf) : g_variant_new ("a{sv}", NULL));
  vt_machine1_set_media (api, conf ? media_of (conf) : g_variant_new ("a{ss}", NULL));
  refresh_running (item);
}

/* ---- machine.conf ---- */

/* A broken file has no UUID that could be relied on: the folder's name makes one that stays the same. */
static char *
uuid_of (const VtConf *conf, const char *folder)
{
  if (conf == NULL)
    return g_compute_checksum_for_string (G_CHECKSUM_MD5, folder, -1);
  GString *digits = g_string_new (NULL);
  for (const char *p = conf->uuid; *p != '\0'; p++)
    if (*p != '-')
      g_string_append_c (digits, g_ascii_tolower (*p));
  return g_string_free (digits, FALSE);
}

static ItemState
state_at_rest (const VtMachineItem *item)
{
  g_autofree char *saved = vt_machine_item_file (item, VT_SAVED_FILE);
  return g_file_test (saved, G_FILE_TEST_EXISTS) ? ITEM_SAVED : ITEM_OFF;
}

static VtConf *
load (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, VT_CONF_FILE, NULL);
  return vt_conf_load (path, error);
}

static void
refuse_uuid (VtMachineItem *item, GError **error)
{
  g_autofree char *cause = g_strdup_printf ("%s/" VT_CONF_FILE ": another machine has the UUID %s, too.",
                                            item->folder, item->conf->uuid);
  vt_error_set (error, VT_ERROR_BAD_CONFIG, cause,
                "If it is a copy, write another UUID into its file (uuidgen makes them); copy machines with "
                "Duplicate.");
  g_clear_pointer (&item->conf, vt_conf_free);
}

/* Files that an engine that was killed was writing. */
static void
remove_left_overs (VtMachineItem *item)
{
  static const char *const names[] = { VT_CONF_FILE, VT_SCREENSHOT_FILE, VT_EFI_FILE, VT_SAVED_CONF_FILE };
  g_autofree char *saving = vt_machine_item_file (item, VT_SAVED_NEW_FILE),
                  *saved = vt_machine_item_file (item, VT_SAVED_FILE),
                  *saved_conf = vt_machine_item_file (item, VT_SAVED_CONF_FILE);
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = vt_machine_item_file (item, names[i]), *fresh = vt_replacement_of (path);
    g_unlink (fresh);
  }
  if (!g_file_test (saved, G_FILE_TEST_EXISTS))
    g_unlink (saved_conf);
  item->half_saved = g_unlink (saving) == 0;
}

VtMachineItem *
vt_machine_item_new (VtService *service, const char *folder, bool (*taken) (VtService *, const char *uuid))
{
  VtMachineItem *item = g_rc_box_new0 (VtMachineItem);
  g_autoptr (GError) error = NULL;
  item->service = service;
  item->folder = g_strdup (folder);
  item->ending = g_ptr_array_new ();
  item->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  remove_left_overs (item);
  item->conf = load (folder, &error);
  item->uuid = uuid_of (item->conf, folder);
  if (item->conf != NULL && taken (service, item->uuid)) {
    refuse_uuid (item, &error);
    g_free (item->uuid);
    item->uuid = uuid_of (NULL, folder);
  }
  g_autofree char *path = g_strconcat (VT_OBJECT_ROOT "/machines/", item->uuid, NULL);
  item->object = vt_object_skeleton_new (path);
  item->api = vt_machine1_skeleton_new ();
  item->statistics = vt_statistics1_skeleton_new ();
  vt_machine_run_connect (item);
  vt_machine_keep_connect (item);
  vt_machine_change_connect (item);
  vt_machine_screen_connect (item);
  vt_machine_keys_connect (item);
  vt_machine_statistics_connect (item);
  vt_machine_item_refresh (item);
  vt_machine_item_set_state (item, item->conf ? state_at_rest (item) : ITEM_BROKEN,
                             error ? error->message : NULL);
  vt_object_skeleton_set_machine1 (item->object, item->api);
  vt_object_skeleton_set_statistics1 (item->object, item->statistics);
  g_dbus_object_manager_server_export (vt_service_manager (service), G_DBUS_OBJECT_SKELETON (item->object));
  return item;
}

void
vt_machine_item_unexport (VtMachineItem *item)
{
  if (item->gone)
    return;
  item->gone = true;
  vt_machine_statistics_stop (item);
  if (item->starting != NULL)
    g_cancellable_cancel (item->starting);
  g_dbus_object_manager_server_unexport (vt_service_manager (item->service), vt_machine_item_path (item));
}

bool
vt_machine_item_is_another (VtMachineItem *item)
{
  g_autoptr (VtConf) conf = NULL;
  if (vt_machine_item_alive (item) || item->busy != NULL)
    return false;
  conf = load (item->folder, NULL);
  g_autofree char *uuid = uuid_of (conf, item->folder);
  return conf != NULL && strcmp (uuid, item->uuid) != 0;
}

/* A machine that runs keeps the settings that are known to be good. */
void
vt_machine_item_reload (VtMachineItem *item)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VtConf) conf = load (item->folder, &error);
  if (conf == NULL && vt_machine_item_alive (item)) {
    vt_machine1_set_state_reason (item->api, error->message);
    return;
  }
  if (conf == NULL) {
    g_clear_pointer (&item->conf, vt_conf_free);
    vt_machine_item_set_state (item, ITEM_BROKEN, error->message);
  } else {
    vt_conf_free (item->conf);
    item->conf = g_steal_pointer (&conf);
    if (item->state == ITEM_BROKEN)
      vt_machine_item_set_state (item, state_at_rest (item), NULL);
  }
  vt_machine_item_refresh (item);
}

bool
vt_machine_item_save_conf (VtMachineItem *item, GError **error)
{
  g_autofree char *path = vt_machine_item_file (item, VT_CONF_FILE);
  return vt_conf_save (item->conf, path, error);
}

/* ---- What may be done ---- */

static bool refuse (GError **error, const char *remedy, const char *format, ...) G_GNUC_PRINTF (3, 4);

static bool
refuse (GError **error, const char *remedy, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *cause = g_strdup_vprintf (format, args);
  va_end (args);
  vt_error_set (error, VT_ERROR_INVALID_STATE, cause, remedy);
  return false;
}

bool
vt_machine_item_check_conf (VtMachineItem *item, GError **error)
{
  const char *name = vt_machine_item_name (item);
  if (item->gone) {
    vt_error_set (error, VT_ERROR_NOT_FOUND, "The machine has been deleted.", "Choose another.");
    return false;
  }
  if (item->busy != NULL)
    return refuse (error, "Wait until that is done.", "“%s” %s.", name, item->busy);
  if (item->conf == NULL) {
    g_set_error_literal (error, VT_ERROR, VT_ERROR_BAD_CONFIG, vt_machine1_get_state_reason (item->api));
    return false;
  }
  return true;
}

bool
vt_machine_item_check_stopped (VtMachineItem *item, GError **error)
{
  if (vt_machine_item_alive (item))
    return refuse (error, "Shut it down first.", "“%s” is running.", vt_machine_item_name (item));
  return item->conf == NULL && item->busy == NULL && !item->gone ? true
                                                                 : vt_machine_item_check_conf (item, error);
}

bool
vt_machine_item_check_running (VtMachineItem *item, GError **error)
{
  if (!vt_machine_item_check_conf (item, error))
    return false;
  return item->process != NULL ||
         refuse (error, "Start it first.", "“%s” is not running.", vt_machine_item_name (item));
}

bool
vt_dict_get (GVariant *dict, const char *key, const char *type, void *ret, GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dict, key, NULL);
  if (value == NULL)
    return true;
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (type))) {
    g_autofree char *cause = g_strdup_printf ("“%s” has a value of another type.", key);
    g_autofree char *remedy = g_strdup_printf ("Give one of type %s.", type);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, remedy);
    return false;
  }
  g_variant_get (value, type, ret);
  return true;
}

bool
vt_dict_check (GVariant *dict, const char *const *known, GError **error)
{
  GVariantIter iter;
  const char *key;
  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL)) {
    if (g_strv_contains (known, key))
      continue;
    g_autofree char *list = g_strjoinv (", ", (char **)known),
                    *cause = g_strdup_printf ("There is no option “%s”.", key);
    g_autofree char *remedy = g_strdup_printf ("Leave it out; there are: %s.", list);
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, cause, remedy);
    return false;
  }
  return true;
}
