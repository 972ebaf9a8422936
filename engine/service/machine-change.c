/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"
#include "machine-start.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Settings: written down first, then told to the process, one command after the other. Where the process
 * refuses, what was written down is taken back: a machine's changes wait for each other, so that nothing of
 * another's is taken back with them. */

typedef struct {
  char *command;
  GVariant *arguments;
  int fd;
} Step;

static void
step_free (gpointer data)
{
  Step *step = data;
  g_free (step->command);
  g_variant_unref (step->arguments);
  if (step->fd >= 0)
    close (step->fd);
  g_free (step);
}

typedef struct {
  VtMachineItem *item;
  GDBusMethodInvocation *invocation;
  GVariant *reply; /* may be NULL */
  VtConf *before;
  char *dropped; /* a file to remove when the settings do not name it any more; NULL: none */
  GPtrArray *steps;
  unsigned next;
} Change;

/* Until another change is done; true: the call has been kept, and is made again then. */
static bool
put_off (VtMachineItem *item, GDBusMethodInvocation *invocation)
{
  if (!item->changing)
    return false;
  g_queue_push_tail (&item->put_off, invocation);
  return true;
}

/* Many may be done at once when they are called again: this does not call itself for each. */
static void
call_again (VtMachineItem *item)
{
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (item->api);
  const GDBusInterfaceVTable *table = g_dbus_interface_skeleton_get_vtable (skeleton);
  GDBusMethodInvocation *call;
  if (item->calling_again)
    return;
  item->calling_again = true;
  while (!item->changing && (call = g_queue_pop_head (&item->put_off)) != NULL)
    table->method_call (
        g_dbus_method_invocation_get_connection (call), g_dbus_method_invocation_get_sender (call),
        g_dbus_method_invocation_get_object_path (call), g_dbus_method_invocation_get_interface_name (call),
        g_dbus_method_invocation_get_method_name (call), g_dbus_method_invocation_get_parameters (call), call,
        skeleton);
  item->calling_again = false;
}

static void
change_free (Change *change)
{
  g_autoptr (VtMachineItem) item = change->item;
  g_clear_pointer (&change->reply, g_variant_unref);
  vt_conf_free (change->before);
  g_free (change->dropped);
  g_ptr_array_unref (change->steps);
  g_free (change);
  item->changing = false;
  call_again (item);
}

static void
add_step (GPtrArray *steps, const char *command, GVariant *arguments, int fd)
{
  Step *step = g_new0 (Step, 1);
  *step = (Step){ g_strdup (command), g_variant_ref_sink (arguments), fd };
  g_ptr_array_add (steps, step);
}

static GPtrArray *
steps_new (void)
{
  return g_ptr_array_new_with_free_func (step_free);
}

/* ---- What a running machine is told ---- */

static void
add_forward (GPtrArray *steps, const VtConfNic *nic, const VtConfForward *forward, bool add)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *rule = vt_machine_forward_rule (forward, add);
  g_variant_dict_insert (&dict, "id", "s", nic->id);
  g_variant_dict_insert (&dict, "rule", "s", rule);
  add_step (steps, add ? "hostfwd-add" : "hostfwd-remove", g_variant_dict_end (&dict), -1);
}

static bool
has_forward (const VtConfNic *nic, const VtConfForward *wanted)
{
  for (unsigned i = 0; nic->forwards != NULL && i < nic->forwards->len; i++) {
    const VtConfForward *forward = nic->forwards->pdata[i];
    if (strcmp (forward->protocol, wanted->protocol) == 0 && forward->host_port == wanted->host_port &&
        forward->guest_port == wanted->guest_port &&
        strcmp (forward->guest_address, wanted->guest_address) == 0)
      return true;
  }
  return false;
}

static void
add_nic_steps (GPtrArray *steps, const VtConfNic *old, const VtConfNic *new)
{
  for (unsigned i = 0; old->forwards != NULL && i < old->forwards->len; i++)
    if (!has_forward (new, old->forwards->pdata[i]))
      add_forward (steps, old, old->forwards->pdata[i], false);
  for (unsigned i = 0; new->forwards != NULL &&i < new->forwards->len; i++)
    if (!has_forward (old, new->forwards->pdata[i]))
      add_forward (steps, new, new->forwards->pdata[i], true);
  if (old->link != new->link) {
    GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
    g_variant_dict_insert (&dict, "name", "s", new->id);
    g_variant_dict_insert (&dict, "up", "b", new->link);
    add_step (steps, "set_link", g_variant_dict_end (&dict), -1);
  }
}

static void
add_insert (GPtrArray *steps, const char *drive, int fd)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "id", "s", drive);
  g_variant_dict_insert (&dict, "filename", "s", VT_COMMAND_FD);
  g_variant_dict_insert (&dict, "format", "s", "raw");
  add_step (steps, "blockdev-change-medium", g_variant_dict_end (&dict), fd);
}

static void
add_eject (GPtrArray *steps, const char *drive, bool force)
{
  GVariantDict dict = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&dict, "id", "s", drive);
  g_variant_dict_insert (&dict, "force", "b", force);
  add_step (steps, "eject", g_variant_dict_end (&dict), -1);
}

static int
open_medium (VtMachineItem *item, const char *file, GError **error)
{
  g_autofree char *path = g_path_is_absolute (file) ? g_strdup (file) : vt_machine_item_file (item, file);
  struct stat st;
  /* A pipe without a writer must not hold us up. */
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    vt_error_adopt (error, "The medium could not be opened");
  } else if (fstat (fd, &st) < 0 || !(S_ISREG (st.st_mode) || S_ISBLK (st.st_mode))) {
    g_autofree char *cause = g_strdup_printf ("“%s” is neither a file nor a disk.", path);
    vt_error_set (error, VT_ERROR_BAD_MEDIA, cause, "Choose an image file.");
    close (fd);
    fd = -1;
  }
  return fd;
}

static const VtConfDisk *
find_disk (const VtConf *conf, const char *id)
{
  for (unsigned i = 0; i < conf->disks->len; i++)
    if (strcmp (((VtConfDisk *)conf->disks->pdata[i])->id, id) == 0)
      return conf->disks->pdata[i];
  return NULL;
}

static const VtConfNic *
find_nic (const VtConf *conf, const char *id)
{
  for (unsigned i = 0; i < conf->nics->len; i++)
    if (strcmp (((VtConfNic *)conf->nics->pdata[i])->id, id) == 0)
      return conf->nics->pdata[i];
  return NULL;
}

static VtConfDrive *
find_drive (const VtConf *conf, const char *id)
{
  for (unsigned i = 0; i < conf->drives->len; i++)
    if (strcmp (((VtConfDrive *)conf->drives->pdata[i])->id, id) == 0)
      return conf->drives->pdata[i];
  return NULL;
}

/* Parts that came or went wait for the next start. */
static bool
plan_steps (VtMachineItem *item, const VtConf *before, GPtrArray *steps, GError **error)
{
  for (unsigned i = 0; i < item->conf->nics->len; i++) {
    const VtConfNic *nic = item->conf->nics->pdata[i], *old = find_nic (before, nic->id);
    if (old != NULL && find_nic (item->running, nic->id) != NULL && strcmp (nic->mode, "user") == 0)
      add_nic_steps (steps, old, nic);
  }
  for (unsigned i = 0; i < item->conf->drives->len; i++) {
    const VtConfDrive *drive = item->conf->drives->pdata[i], *old = find_drive (before, drive->id);
    if (old == NULL || find_drive (item->running, drive->id) == NULL || strcmp (old->file, drive->file) == 0)
      continue;
    if (*drive->file == '\0') {
      add_eject (steps, drive->id, false);
      continue;
    }
    int fd = open_medium (item, drive->file, error);
    if (fd < 0)
      return false;
    add_insert (steps, drive->id, fd);
  }
  return true;
}

/* ---- Doing it ---- */

static void
change_failed (Change *change, GError *error)
{
  VtMachineItem *item = change->item;
  g_autoptr (GError) ignored = NULL;
  if (item->conf != NULL) {
    vt_conf_free (item->conf);
    item->conf = g_steal_pointer (&change->before);
    vt_machine_item_save_conf (item, &ignored);
    vt_machine_item_refresh (item);
  }
  vt_error_adopt (&error, "The running machine has refused the change");
  g_dbus_method_invocation_take_error (change->invocation, error);
  change_free (change);
}

static void next_step (Change *change);

static void
on_step (GObject *source, GAsyncResult *result, gpointer data)
{
  Change *change = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply = vt_process_command_finish (VT_PROCESS (source), result, &error);
  if (error != NULL)
    change_failed (change, error);
  else
    next_step (change);
}

static void
next_step (Change *change)
{
  VtMachineItem *item = change->item;
  if (change->next == change->steps->len || item->process == NULL) {
    if (change->dropped != NULL)
      g_unlink (change->dropped);
    g_dbus_method_invocation_return_value (change->invocation, change->reply);
    vt_machine_item_refresh (item);
    change_free (change);
    return;
  }
  Step *step = change->steps->pdata[change->next++];
  int fd = step->fd;
  step->fd = -1;
  vt_process_command (item->process, step->command, step->arguments, fd, NULL, on_step, change);
}

/* The folder shows the name; of a running machine it stays, for the process has files open there. */
static void
rename_folder (VtMachineItem *item)
{
  g_autoptr (GError) error = NULL;
  if (vt_machine_item_alive (item))
    return;
  char *folder =
      vt_library_rename (vt_service_library (item->service), item->folder, item->conf->name, &error);
  if (folder == NULL) {
    g_message ("%s", error->message);
    return;
  }
  g_free (item->folder);
  item->folder = folder;
}

/* Takes `before`, `reply` (floating), `dropped` and `steps`. What is in item->conf is to be from now on. */
static void
carry_out (VtMachineItem *item, GDBusMethodInvocation *invocation, VtConf *before, GVariant *reply,
           char *dropped, GPtrArray *steps)
{
  Change *change = g_new0 (Change, 1);
  GError *error = NULL;
  *change = (Change){
    vt_machine_item_ref (item), invocation, reply ? g_variant_ref_sink (reply) : NULL, before, dropped, steps
  };
  item->changing = true;
  if (!vt_machine_item_save_conf (item, &error)) {
    change_failed (change, error);
    return;
  }
  if (strcmp (before->name, item->conf->name) != 0)
    rename_folder (item);
  vt_machine_item_refresh (item);
  next_step (change);
}

/* ---- Change() ---- */

static bool
check_name (VtMachineItem *item, GError **error)
{
  if (!vt_service_name_taken (item->service, item->conf->name, item))
    return true;
  g_autofree char *cause = g_strdup_printf ("There is a machine “%s” already.", item->conf->name);
  vt_error_set (error, VT_ERROR_EXISTS, cause, "Choose another name.");
  return false;
}

static gboolean
on_change (VtMachine1 *api, GDBusMethodInvocation *invocation, GVariant *settings, VtMachineItem *item)
{
  g_autoptr (VtConf) before = NULL;
  g_autoptr (GPtrArray) steps = NULL;
  GError *error = NULL;
  if (put_off (item, invocation))
    return TRUE;
  steps = steps_new ();
  bool good = vt_machine_item_check_conf (item, &error);
  if (good) {
    before = vt_conf_copy (item->conf);
    good = vt_conf_change (item->conf, settings, NULL, &error) &&
           (strcmp (before->name, item->conf->name) == 0 || check_name (item, &error)) &&
           (item->process == NULL || plan_steps (item, before, steps, &error));
  }
  if (!good) {
    if (before != NULL) {
      vt_conf_free (item->conf);
      item->conf = g_steal_pointer (&before);
    }
    vt_error_adopt (&error, "The settings could not be changed");
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  vt_conf_note_chains (item->conf, before, item->folder);
  g_auto (GStrv) pending = item->running ? vt_conf_pending (item->running, item->conf) : g_new0 (char *, 1);
  carry_out (item, invocation, g_steal_pointer (&before), g_variant_new ("(^as)", pending), NULL,
             g_steal_pointer (&steps));
  return TRUE;
}

/* ---- Disks ---- */

/* An id that nothing has, nor the file of a disk that was taken out before. */
static char *
free_disk_id (const VtMachineItem *item, const char *format)
{
  const VtConf *conf = item->conf;
  for (unsigned i = 0;; i++) {
    g_autofree char *id = g_strdup_printf ("disk%u", i), *name = g_strdup_printf ("%s.%s", id, format);
    g_autofree char *path = vt_machine_item_file (item, name);
    if (find_disk (conf, id) == NULL && find_nic (conf, id) == NULL && find_drive (conf, id) == NULL &&
        !g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      return g_steal_pointer (&id);
  }
}

/* The settings' list of disks, with one more or without one; free it. */
static GVariant *
disks_setting (const VtConf *conf, const char *without, GVariant *with)
{
  g_autoptr (GVariant) all = g_variant_ref_sink (vt_conf_to_variant (conf));
  g_autoptr (GVariant) disks = g_variant_lookup_value (all, "disks", G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder settings = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  for (size_t i = 0; i < g_variant_n_children (disks); i++) {
    g_autoptr (GVariant) disk = g_variant_get_child_value (disks, i);
    const char *id = "";
    g_variant_lookup (disk, "id", "&s", &id);
    if (g_strcmp0 (id, without) != 0)
      g_variant_builder_add_value (&list, disk);
  }
  if (with != NULL)
    g_variant_builder_add_value (&list, with);
  g_variant_builder_add (&settings, "{sv}", "disks", g_variant_builder_end (&list));
  return g_variant_ref_sink (g_variant_builder_end (&settings));
}

typedef struct {
  VtMachineItem *item;
  GDBusMethodInvocation *invocation;
  char *id, *path, *format;
  uint64_t size;
  GVariant *disk;
} NewDisk;

static void
new_disk_free (NewDisk *disk)
{
  vt_service_release (disk->item->service);
  vt_machine_item_unref (disk->item);
  g_free (disk->id);
  g_free (disk->path);
  g_free (disk->format);
  g_clear_pointer (&disk->disk, g_variant_unref);
  g_free (disk);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NewDisk, new_disk_free)

static void
new_disk_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  NewDisk *disk = data;
  GError *error = NULL;
  if (vt_disk_create (disk->path, disk->format, disk->size, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_new_disk (GObject *source, GAsyncResult *result, gpointer opaque)
{
  g_autoptr (NewDisk) disk = g_task_get_task_data (G_TASK (result));
  VtMachineItem *item = disk->item;
  GError *error = NULL;
  item->busy = NULL;
  bool made = g_task_propagate_boolean (G_TASK (result), &error);
  if (!made || !vt_machine_item_check_conf (item, &error)) {
    if (made)
      g_unlink (disk->path);
    g_dbus_method_invocation_take_error (disk->invocation, error);
    return;
  }
  VtConf *before = vt_conf_copy (item->conf);
  g_autoptr (GVariant) settings = disks_setting (item->conf, NULL, disk->disk);
  if (!vt_conf_change (item->conf, settings, NULL, &error)) {
    vt_conf_free (before);
    g_unlink (disk->path);
    g_dbus_method_invocation_take_error (disk->invocation, error);
    return;
  }
  carry_out (item, disk->invocation, before, g_variant_new ("(s)", disk->id), NULL, steps_new ());
  if (find_disk (item->conf, disk->id) == NULL)
    g_unlink (disk->path);
}

/* The disk as the settings will have it; an error before anything is made. */
static NewDisk *
plan_disk (VtMachineItem *item, uint64_t size, GVariant *options, GError **error)
{
  static const char *const known[] = { "format", "bus", "cache", "discard", "readonly", NULL };
  g_autofree char *format = NULL;
  if (!vt_machine_item_check_conf (item, error) || !vt_dict_check (options, known, error) ||
      !vt_dict_get (options, "format", "s", &format, error))
    return NULL;
  GVariantDict dict;
  g_autofree char *id = free_disk_id (item, format ? format : "qcow2");
  g_autofree char *name = g_strdup_printf ("%s.%s", id, format ? format : "qcow2");
  g_variant_dict_init (&dict, options);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "size", "t", size);
  g_autoptr (GVariant) sized = g_variant_ref_sink (g_variant_dict_end (&dict));
  /* Tried as a disk that is still to be made, whose size counts. */
  g_autoptr (VtConf) trial = vt_conf_copy (item->conf);
  g_autoptr (GVariant) settings = disks_setting (item->conf, NULL, sized);
  if (!vt_conf_change (trial, settings, NULL, error))
    return NULL;
  NewDisk *disk = g_new0 (NewDisk, 1);
  g_variant_dict_init (&dict, sized);
  g_variant_dict_insert (&dict, "file", "s", name);
  g_variant_dict_insert (&dict, "size", "t", UINT64_C (0));
  *disk = (NewDisk){ vt_machine_item_ref (item),
                     NULL,
                     g_steal_pointer (&id),
                     vt_machine_item_file (item, name),
                     g_strdup (format ? format : "qcow2"),
                     size,
                     g_variant_ref_sink (g_variant_dict_end (&dict)) };
  return disk;
}

static gboolean
on_add_disk (VtMachine1 *api, GDBusMethodInvocation *invocation, guint64 size, GVariant *options,
             VtMachineItem *item)
{
  GError *error = NULL;
  if (put_off (item, invocation))
    return TRUE;
  NewDisk *disk = plan_disk (item, size, options, &error);
  if (disk == NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_new_disk, NULL);
  disk->invocation = invocation;
  vt_service_hold (item->service);
  item->busy = "is getting a disk";
  g_task_set_task_data (task, disk, NULL);
  vt_work_run (task, new_disk_thread);
  return TRUE;
}

/* A running machine has the disk until it ends: its file stays. */
static bool
check_remove_disk (VtMachineItem *item, const char *id, bool delete_file, char **ret_file, GError **error)
{
  if (!vt_machine_item_check_conf (item, error))
    return false;
  const VtConfDisk *disk = find_disk (item->conf, id);
  if (disk == NULL) {
    g_autofree char *cause = g_strdup_printf ("The machine has no disk “%s”.", id);
    vt_error_set (error, VT_ERROR_NOT_FOUND, cause, "Name one of those in its settings.");
    return false;
  }
  if (delete_file && *disk->file != '\0' && !g_path_is_absolute (disk->file))
    *ret_file = vt_machine_item_file (item, disk->file);
  return *ret_file == NULL || vt_machine_item_check_stopped (item, error);
}

/* The boot order must not name what is gone. */
static GVariant *
settings_without_disk (const VtConf *conf, const char *id)
{
  g_autoptr (GVariant) disks = disks_setting (conf, id, NULL);
  g_autoptr (GStrvBuilder) order = g_strv_builder_new ();
  GVariantDict dict;
  for (char **name = conf->boot_order; name != NULL && *name != NULL; name++)
    if (strcmp (*name, id) != 0)
      g_strv_builder_add (order, *name);
  g_auto (GStrv) names = g_strv_builder_end (order);
  g_variant_dict_init (&dict, disks);
  g_variant_dict_insert_value (&dict, "boot-order", g_variant_new_strv ((const char *const *)names, -1));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
on_remove_disk (VtMachine1 *api, GDBusMethodInvocation *invocation, const char *id, gboolean delete_file,
                VtMachineItem *item)
{
  g_autofree char *file = NULL;
  GError *error = NULL;
  if (put_off (item, invocation))
    return TRUE;
  if (!check_remove_disk (item, id, delete_file, &file, &error)) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  VtConf *before = vt_conf_copy (item->conf);
  g_autoptr (GVariant) settings = settings_without_disk (item->conf, id);
  if (!vt_conf_change (item->conf, settings, NULL, &error)) {
    vt_conf_free (before);
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  carry_out (item, invocation, before, NULL, g_steal_pointer (&file), steps_new ());
  return TRUE;
}

/* ---- Media ---- */

static VtConfDrive *
check_drive (VtMachineItem *item, const char *id, GError **error)
{
  if (!vt_machine_item_check_conf (item, error))
    return NULL;
  VtConfDrive *drive = find_drive (item->conf, id);
  if (drive == NULL || (item->running != NULL && find_drive (item->running, id) == NULL)) {
    g_autofree char *cause =
        g_strdup_printf ("The machine has no optical drive “%s”%s.", id, drive ? " yet" : "");
    vt_error_set (error, VT_ERROR_NOT_FOUND, cause,
                  drive ? "Shut it down and start it again."
                        : "Name one of those in its settings, such as cdrom0.");
    return NULL;
  }
  return drive;
}

static void
set_medium (VtConfDrive *drive, const char *file, const char *name)
{
  g_free (drive->file);
  g_free (drive->name);
  drive->file = g_strdup (file);
  drive->name = g_strdup (name);
}

static gboolean
on_insert_medium (VtMachine1 *api, GDBusMethodInvocation *invocation, GUnixFDList *fds, const char *drive_id,
                  GVariant *handle, const char *name, VtMachineItem *item)
{
  GError *error = NULL;
  g_autofree char *path = NULL;
  if (put_off (item, invocation))
    return TRUE;
  VtConfDrive *drive = check_drive (item, drive_id, &error);
  int fd = drive ? vt_fd_of_handle (fds, handle, &error) : -1;
  if (fd >= 0)
    path = vt_path_of_fd (fd, name, &error);
  if (path == NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    if (fd >= 0)
      close (fd);
    return TRUE;
  }
  VtConf *before = vt_conf_copy (item->conf);
  g_autofree char *base = g_path_get_basename (path);
  GPtrArray *steps = steps_new ();
  set_medium (drive, path, *name != '\0' && g_utf8_strlen (name, -1) <= 64 ? name : base);
  if (item->process != NULL)
    add_insert (steps, drive_id, fd);
  else
    close (fd);
  carry_out (item, invocation, before, NULL, NULL, steps);
  return TRUE;
}

static gboolean
on_eject_medium (VtMachine1 *api, GDBusMethodInvocation *invocation, const char *drive_id, gboolean force,
                 VtMachineItem *item)
{
  GError *error = NULL;
  if (put_off (item, invocation))
    return TRUE;
  VtConfDrive *drive = check_drive (item, drive_id, &error);
  if (drive == NULL) {
    g_dbus_method_invocation_take_error (invocation, error);
    return TRUE;
  }
  VtConf *before = vt_conf_copy (item->conf);
  GPtrArray *steps = steps_new ();
  if (item->process != NULL && *drive->file != '\0')
    add_eject (steps, drive_id, force);
  set_medium (drive, "", "");
  carry_out (item, invocation, before, NULL, NULL, steps);
  return TRUE;
}

void
vt_machine_change_connect (VtMachineItem *item)
{
  g_signal_connect (item->api, "handle-change", G_CALLBACK (on_change), item);
  g_signal_connect (item->api, "handle-add-disk", G_CALLBACK (on_add_disk), item);
  g_signal_connect (item->api, "handle-remove-disk", G_CALLBACK (on_remove_disk), item);
  g_signal_connect (item->api, "handle-insert-medium", G_CALLBACK (on_insert_medium), item);
  g_signal_connect (item->api, "handle-eject-medium", G_CALLBACK (on_eject_medium), item);
}
