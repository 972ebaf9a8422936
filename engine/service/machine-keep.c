/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "machine-start.h"
#include "replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Saving, deleting and duplicating: jobs. The thread of a task may be the last to hold it, so that what it
 * works on is freed by the callback. */

typedef struct {
  VtMachineItem *item;
  VtJob *job;
  VtLibrary *library;
  bool forever;        /* of a deletion */
  ItemState before;    /* of saving */
  VtConf *conf;        /* of the copy */
  char *folder;        /* where it was; any thread */
  uint64_t done, size; /* bytes copied */
  char *result;        /* the copy's folder */
  int cancel;          /* of saving: closing it tells the process to stop */
} Work;

static void
stop_saving (GCancellable *cancellable, Work *work)
{
  if (work->cancel >= 0)
    close (work->cancel);
  work->cancel = -1;
}

static void
work_free (Work *work)
{
  if (work->conf != NULL)
    vt_service_unreserve_name (work->item->service, work->conf->name);
  vt_service_release (work->item->service);
  vt_machine_item_unref (work->item);
  g_object_unref (work->job);
  vt_conf_free (work->conf);
  g_free (work->folder);
  g_free (work->result);
  stop_saving (NULL, work);
  g_free (work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, work_free)

static Work *
work_new (VtMachineItem *item, const char *kind)
{
  Work *work = g_new0 (Work, 1);
  work->cancel = -1;
  vt_service_hold (item->service);
  work->item = vt_machine_item_ref (item);
  work->library = vt_service_library (item->service);
  work->job = vt_job_new (vt_service_manager (item->service), kind, vt_machine_item_path (item));
  work->folder = g_strdup (item->folder);
  return work;
}

static void
return_job (GDBusMethodInvocation *invocation, VtJob *job)
{
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", vt_job_path (job)));
}

/* ---- Deleting ---- */

static void
delete_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;
  /* From the moment its folder has another name there is no way back. */
  bool good = !g_cancellable_set_error_if_cancelled (vt_job_cancellable (work->job), &error) &&
              (work->forever ? vt_library_remove (work->library, work->folder, NULL, &error)
                             : vt_library_trash (work->library, work->folder, NULL, &error));
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer opaque)
{
  g_autoptr (Work) work = g_task_get_task_data (G_TASK (result));
  VtMachineItem *item = work->item;
  GError *error = NULL;
  item->busy = NULL;
  g_task_propagate_boolean (G_TASK (result), &error);
  if (!g_file_test (work->folder, G_FILE_TEST_EXISTS) && !item->gone)
    vt_service_remove_item (item->service, item);
  if (error != NULL)
    vt_job_fail (work->job, error);
  else
    vt_job_done (work->job, NULL);
}

static gboolean
on_delete (VtMachine1 *api, GDBusMethodInvocation *invocation, gboolean forever, VtMachineItem *item)
{
  GError *error = NULL;
  if (!vt_machine_item_check_stopped (item, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  Work *work = work_new (item, "delete");
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_deleted, NULL);
  item->busy = "is being deleted";
  work->forever = forever;
  vt_job_progress (work->job, -1, forever ? "Deleting the machine" : "Moving the machine to the trash");
  return_job (invocation, work->job);
  g_task_set_task_data (task, work, NULL);
  vt_work_run (task, delete_thread);
  return TRUE;
}

/* ---- Duplicating ---- */

static void
on_copied (void *opaque, uint64_t done)
{
  Work *work = opaque;
  vt_job_progress (work->job, work->size ? MIN (1.0, (double)(work->done + done) / (double)work->size) : -1,
                   NULL);
}

/* What belongs to one machine's history only. */
static bool
is_left_behind (const char *name)
{
  static const char *const names[] = { VT_CONF_FILE, VT_SAVED_FILE, VT_LOG_FILE, VT_LOG_FILE ".old", NULL };
  return *name == '.' || g_strv_contains (names, name);
}

static bool
copy_one (Work *work, const char *from, const char *to, GError **error)
{
  VtCopyProgress progress = { on_copied, work, vt_job_cancellable (work->job) };
  struct stat st;
  if (!vt_copy_file (from, to, &progress, error))
    return false;
  if (stat (from, &st) == 0)
    work->done += (uint64_t)st.st_size;
  return true;
}

/* Of what will be copied, so that progress can be told. */
static uint64_t
size_of_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  uint64_t size = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    struct stat st;
    if (!is_left_behind (name) && stat (path, &st) == 0 && S_ISREG (st.st_mode))
      size += (uint64_t)st.st_size;
  }
  return size;
}

static bool
copy_folder (Work *work, const char *to, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (work->folder, 0, error);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *source = g_build_filename (work->folder, name, NULL),
                    *target = g_build_filename (to, name, NULL);
    if (!is_left_behind (name) && g_file_test (source, G_FILE_TEST_IS_REGULAR) &&
        !copy_one (work, source, target, error))
      return false;
  }
  return dir != NULL;
}

static void
on_flattened (void *opaque, double fraction)
{
  Work *work = opaque;
  vt_job_progress (work->job, fraction, NULL);
}

/* Whether what is below the image would be looked for in another folder if that had another place. */
static bool
has_relative_layers (const VtConfDisk *disk)
{
  for (char **name = disk->backing; name != NULL && *name != NULL; name++)
    if (!g_path_is_absolute (*name))
      return true;
  return false;
}

static bool
copy_disk (Work *work, VtConfDisk *disk, const char *to, GError **error)
{
  const VtDiskProgress progress = { on_flattened, work, vt_job_cancellable (work->job) };
  if (!has_relative_layers (disk))
    return copy_one (work, disk->file, to, error);
  if (!vt_disk_flatten (disk, to, &progress, error))
    return false;
  g_clear_pointer (&disk->backing, g_strfreev);
  return true;
}

/* Two machines must not write to one disk: what lies elsewhere comes into the copy's folder. */
static bool
copy_outside_disks (Work *work, const char *to, GError **error)
{
  for (unsigned i = 0; i < work->conf->disks->len; i++) {
    VtConfDisk *disk = work->conf->disks->pdata[i];
    if (!g_path_is_absolute (disk->file) || disk->readonly)
      continue;
    g_autofree char *name = g_strdup_printf ("%s.%s", disk->id, disk->format);
    g_autofree char *target = g_build_filename (to, name, NULL);
    if (!copy_disk (work, disk, target, error))
      return false;
    g_free (disk->file);
    disk->file = g_steal_pointer (&name);
  }
  return true;
}

static void
duplicate_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;
  g_autofree char *folder = vt_library_new_folder (work->library, &error);
  work->size = size_of_files (work->folder);
  if (folder != NULL && copy_folder (work, folder, &error) && copy_outside_disks (work, folder, &error)) {
    g_autofree char *path = g_build_filename (folder, VT_CONF_FILE, NULL);
    if (vt_conf_save (work->conf, path, &error) &&
        !g_cancellable_set_error_if_cancelled (vt_job_cancellable (work->job), &error))
      work->result = vt_library_add (work->library, folder, work->conf->name, &error);
  }
  if (work->result == NULL) {
    if (folder != NULL)
      vt_library_remove (work->library, folder, NULL, NULL);
    vt_error_adopt (&error, "The machine could not be duplicated");
    g_task_return_error (task, error);
    return;
  }
  g_task_return_boolean (task, TRUE);
}

static void
on_duplicated (GObject *source, GAsyncResult *result, gpointer opaque)
{
  g_autoptr (Work) work = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;
  work->item->busy = NULL;
  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    vt_job_fail (work->job, error);
    return;
  }
  VtMachineItem *copy = vt_service_add_folder (work->item->service, work->result);
  vt_job_done (work->job, g_variant_new_object_path (vt_machine_item_path (copy)));
}

/* The copy's settings: its own name, UUID and addresses. */
static VtConf *
conf_of_copy (VtMachineItem *item, const char *name, GError **error)
{
  g_autoptr (VtConf) conf = vt_conf_copy (item->conf);
  GVariantBuilder settings = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree char *free_name = vt_service_free_name (item->service, item->conf->name);
  g_variant_builder_add (&settings, "{sv}", "name", g_variant_new_string (*name != '\0' ? name : free_name));
  g_variant_builder_add (&settings, "{sv}", "autostart", g_variant_new_boolean (FALSE));
  g_autoptr (GVariant) dict = g_variant_ref_sink (g_variant_builder_end (&settings));
  for (unsigned i = 0; i < conf->nics->len; i++) {
    VtConfNic *nic = conf->nics->pdata[i];
    *nic->mac = '\0';
  }
  g_free (conf->uuid);
  conf->uuid = g_uuid_string_random ();
  conf->created = g_get_real_time () / G_USEC_PER_SEC;
  conf->last_started = 0;
  g_clear_pointer (&conf->source, g_key_file_unref);
  return vt_conf_change (conf, dict, NULL, error) ? g_steal_pointer (&conf) : NULL;
}

static gboolean
on_duplicate (VtMachine1 *api, GDBusMethodInvocation *invocation, const char *name, VtMachineItem *item)
{
  GError *error = NULL;
  g_autoptr (VtConf) conf = NULL;
  if (vt_machine_item_check_conf (item, &error) && vt_machine_item_check_stopped (item, &error))
    conf = conf_of_copy (item, name, &error);
  if (conf != NULL && vt_service_name_taken (item->service, conf->name, NULL)) {
    g_autofree char *cause = g_strdup_printf ("There is a machine “%s” already.", name);
    vt_error_set (&error, VT_ERROR_EXISTS, cause, "Choose another name.");
  }
  if (error != NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  Work *work = work_new (item, "duplicate");
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_duplicated, NULL);
  item->busy = "is being duplicated";
  work->conf = g_steal_pointer (&conf);
  vt_service_reserve_name (item->service, work->conf->name);
  vt_job_progress (work->job, 0, "Copying disks");
  return_job (invocation, work->job);
  g_task_set_task_data (task, work, NULL);
  vt_work_run (task, duplicate_thread);
  return TRUE;
}

/* ---- Saving ---- */

static void
on_save_event (VtProcess *process, const char *name, GVariant *data, Work *work)
{
  int64_t done, total;
  if (strcmp (name, "SAVE_PROGRESS") == 0 && data && g_variant_lookup (data, "done", "x", &done) &&
      g_variant_lookup (data, "total", "x", &total) && total > 0)
    vt_job_progress (work->job, CLAMP ((double)done / (double)total, 0, 1), NULL);
}

static void
leave_process (Work *work)
{
  g_signal_handlers_disconnect_by_data (vt_job_cancellable (work->job), work);
  if (work->item->process != NULL)
    g_signal_handlers_disconnect_by_data (work->item->process, work);
}

/* It goes on as before. */
static void
save_failed (Work *work, GError *error)
{
  VtMachineItem *item = work->item;
  leave_process (work);
  g_autofree char *path = g_build_filename (work->folder, VT_SAVED_NEW_FILE, NULL);
  g_unlink (path);
  if (item->process != NULL) {
    vt_machine_item_set_state (item, work->before, NULL);
    if (work->before != ITEM_PAUSED)
      vt_process_command (item->process, "cont", NULL, -1, NULL, NULL, NULL);
  }
  if (strstr (error->message, "No space left") != NULL) {
    g_clear_error (&error);
    vt_error_set (&error, VT_ERROR_NO_SPACE, "No space is left on the disk for the machine's memory.",
                  "Free some, and save the machine again; it goes on until then.");
  }
  vt_error_adopt (&error, "The machine could not be saved");
  vt_job_fail (work->job, error);
  work_free (work);
}

static void
on_saved_end (VtProcess *process, const GError *why, Work *work)
{
  g_signal_handlers_disconnect_by_data (process, work);
  vt_job_done (work->job, NULL);
  work_free (work);
}

/* The state is there when it has its name; with it goes what the machine was that is in it. */
static bool
finish_saving (Work *work, const char *new_path, const char *path, GError **error)
{
  VtMachineItem *item = work->item;
  g_autofree char *conf_path = g_build_filename (work->folder, VT_SAVED_CONF_FILE, NULL);
  g_autoptr (VtConf) conf = vt_conf_copy (item->running);
  vt_conf_take_live (conf, item->conf);
  if (!vt_conf_save (conf, conf_path, error))
    return false;
  if (g_rename (new_path, path) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s", g_strerror (errno));
    return false;
  }
  vt_folder_sync (work->folder);
  return true;
}

static void
on_migrated (GObject *source, GAsyncResult *result, gpointer data)
{
  Work *work = data;
  VtMachineItem *item = work->item;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  g_autofree char *new_path = g_build_filename (work->folder, VT_SAVED_NEW_FILE, NULL);
  g_autofree char *path = g_build_filename (work->folder, VT_SAVED_FILE, NULL);
  if (error == NULL)
    g_cancellable_set_error_if_cancelled (vt_job_cancellable (work->job), &error);
  if (error == NULL && item->process == NULL)
    vt_error_set (&error, VT_ERROR_CRASHED, "The machine's process ended while it was being saved.",
                  "Its log may say why; start the machine again.");
  if (error == NULL)
    finish_saving (work, new_path, path, &error);
  if (error != NULL) {
    save_failed (work, error);
    return;
  }
  leave_process (work);
  item->saved = true;
  g_signal_connect (item->process, "ended", G_CALLBACK (on_saved_end), work);
  vt_process_kill (item->process);
}

/* The other end of what stop_saving() closes goes to the process. */
static void
hand_over_cancel (Work *work, VtProcess *process)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  int fds[2];
  if (!g_unix_open_pipe (fds, O_CLOEXEC, NULL))
    return;
  g_variant_dict_insert (&dict, "fdname", "s", "cancel");
  vt_process_command (process, "getfd", g_variant_dict_end (&dict), fds[0], NULL, NULL, NULL);
  work->cancel = fds[1];
  g_signal_connect (vt_job_cancellable (work->job), "cancelled", G_CALLBACK (stop_saving), work);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  Work *work = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  g_autofree char *path = g_build_filename (work->folder, VT_SAVED_NEW_FILE, NULL);
  if (error == NULL)
    g_cancellable_set_error_if_cancelled (vt_job_cancellable (work->job), &error);
  int fd = error ? -1 : g_open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (error == NULL && fd < 0)
    g_set_error (&error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  if (error != NULL) {
    save_failed (work, error);
    return;
  }
  vt_job_progress (work->job, 0, "Writing memory");
  g_signal_connect (source, "event", G_CALLBACK (on_save_event), work);
  hand_over_cancel (work, VT_PROCESS (source));
  GVariantBuilder arguments = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&arguments, "{sv}", "uri", g_variant_new_string (VT_COMMAND_FD));
  if (work->cancel >= 0)
    g_variant_builder_add (&arguments, "{sv}", "cancel", g_variant_new_string ("cancel"));
  vt_process_command (VT_PROCESS (source), "migrate", g_variant_builder_end (&arguments), fd, NULL,
                      on_migrated, work);
}

static gboolean
on_save (VtMachine1 *api, GDBusMethodInvocation *invocation, VtMachineItem *item)
{
  GError *error = NULL;
  if (vt_machine_item_check_running (item, &error) && item->state == ITEM_SAVING)
    vt_error_set (&error, VT_ERROR_INVALID_STATE, "The machine is being saved already.",
                  "Wait until that is done.");
  if (error != NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  Work *work = work_new (item, "save");
  work->before = item->state == ITEM_PAUSED ? ITEM_PAUSED : ITEM_RUNNING;
  vt_machine_item_keep_screen (item);
  vt_machine_item_set_state (item, ITEM_SAVING, NULL);
  vt_job_progress (work->job, -1, "Pausing the machine");
  return_job (invocation, work->job);
  /* It is there before the machine stands still: another engine sees in it why it does. */
  g_autofree char *path = g_build_filename (work->folder, VT_SAVED_NEW_FILE, NULL);
  g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
  vt_process_command (item->process, "stop", NULL, -1, NULL, on_stopped, work);
  return TRUE;
}

void
vt_machine_keep_connect (VtMachineItem *item)
{
  g_signal_connect (item->api, "handle-save", G_CALLBACK (on_save), item);
  g_signal_connect (item->api, "handle-delete", G_CALLBACK (on_delete), item);
  g_signal_connect (item->api, "handle-duplicate", G_CALLBACK (on_duplicate), item);
}
