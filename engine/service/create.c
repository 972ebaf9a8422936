/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "architecture.h"
#include "error.h"
#include "machine-start.h"

#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* A machine is made in a folder that is none yet: it appears whole, or not at all. */

typedef enum { ROLE_CDROM, ROLE_IMPORT, ROLE_IN_PLACE, N_ROLES } Role;
static const char *const role_names[] = { "cdrom", "import", "import-in-place", NULL };

typedef struct {
  VtService *service;
  VtLibrary *library;
  VtJob *job;
  VtConf *conf;
  bool start;
  int fds[N_ROLES];
  char *names[N_ROLES];
  char *result; /* the folder */
} Creation;

static void
creation_free (Creation *creation)
{
  for (Role role = 0; role < N_ROLES; role++) {
    if (creation->fds[role] >= 0)
      close (creation->fds[role]);
    g_free (creation->names[role]);
  }
  if (creation->job != NULL) {
    vt_service_unreserve_name (creation->service, creation->conf->name);
    g_object_unref (creation->job);
    vt_service_release (creation->service);
  }
  vt_conf_free (creation->conf);
  g_free (creation->result);
  g_free (creation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Creation, creation_free)

/* ---- What is asked for ---- */

static bool refuse (GError **error, VtError code, const char *remedy, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static bool
refuse (GError **error, VtError code, const char *remedy, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *cause = g_strdup_vprintf (format, args);
  va_end (args);
  vt_error_set (error, code, cause, remedy);
  return false;
}

static bool
take_files (Creation *creation, GVariant *files, GVariant *names, GUnixFDList *fds, GError **error)
{
  GVariantIter iter;
  const char *role_name;
  GVariant *handle;
  g_variant_iter_init (&iter, files);
  while (g_variant_iter_next (&iter, "{&s@h}", &role_name, &handle)) {
    g_autoptr (GVariant) held = handle;
    Role role = 0;
    while (role < N_ROLES && strcmp (role_names[role], role_name) != 0)
      role++;
    if (role == N_ROLES)
      return refuse (error, VT_ERROR_INVALID_ARGUMENT, "Give cdrom, import or import-in-place.",
                     "A file cannot be given as “%s”.", role_name);
    if (creation->fds[role] >= 0)
      return refuse (error, VT_ERROR_INVALID_ARGUMENT, "Give one.", "Two files are given as “%s”.",
                     role_name);
    creation->fds[role] = vt_fd_of_handle (fds, held, error);
    if (creation->fds[role] < 0)
      return false;
    if (!g_variant_lookup (names, role_name, "s", &creation->names[role]))
      creation->names[role] = g_strdup (role_name);
  }
  if (creation->fds[ROLE_IMPORT] >= 0 && creation->fds[ROLE_IN_PLACE] >= 0)
    return refuse (error, VT_ERROR_INVALID_ARGUMENT, "Give one of them.",
                   "An image cannot both be copied and be used where it is.");
  return true;
}

/* The settings without "start"; free it. */
static GVariant *
split_start (GVariant *settings, bool *ret_start, GError **error)
{
  GVariantDict dict;
  gboolean start = FALSE;
  if (!vt_dict_get (settings, "start", "b", &start, error))
    return NULL;
  *ret_start = start;
  g_variant_dict_init (&dict, settings);
  g_variant_dict_remove (&dict, "start");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static bool
place_cdrom (Creation *creation, GError **error)
{
  if (creation->fds[ROLE_CDROM] < 0)
    return true;
  g_autofree char *path = vt_path_of_fd (creation->fds[ROLE_CDROM], creation->names[ROLE_CDROM], error);
  if (path == NULL)
    return false;
  if (creation->conf->drives->len == 0)
    return refuse (error, VT_ERROR_INVALID_ARGUMENT, "Give the machine one, or leave the file out.",
                   "There is no optical drive for “%s”.", creation->names[ROLE_CDROM]);
  VtConfDrive *drive = creation->conf->drives->pdata[0];
  g_free (drive->file);
  g_free (drive->name);
  drive->file = g_steal_pointer (&path);
  drive->name = g_utf8_substring (creation->names[ROLE_CDROM], 0,
                                  MIN (g_utf8_strlen (creation->names[ROLE_CDROM], -1), 60));
  return true;
}

static bool
check_name (VtService *service, VtConf *conf, bool given, GError **error)
{
  if (given && vt_service_name_taken (service, conf->name, NULL))
    return refuse (error, VT_ERROR_EXISTS, "Choose another name.", "There is a machine “%s” already.",
                   conf->name);
  if (!given) {
    char *name = vt_service_free_name (service, conf->name);
    g_free (conf->name);
    conf->name = name;
  }
  return true;
}

static bool
prepare (Creation *creation, GVariant *settings, GVariant *files, GVariant *names, GUnixFDList *fds,
         GError **error)
{
  g_autoptr (GVariant) rest = split_start (settings, &creation->start, error);
  if (rest == NULL || !take_files (creation, files, names, fds, error))
    return false;
  creation->conf = vt_conf_new (rest, error);
  if (creation->conf == NULL || !vt_architecture_check_installed (creation->conf->architecture, error))
    return false;
  bool imports = creation->fds[ROLE_IMPORT] >= 0 || creation->fds[ROLE_IN_PLACE] >= 0;
  if (imports && creation->conf->disks->len == 0)
    return refuse (error, VT_ERROR_INVALID_ARGUMENT, "Give the machine a disk, or leave the image out.",
                   "There is no disk that the image could become.");
  g_autoptr (GVariant) name = g_variant_lookup_value (rest, "name", NULL);
  return check_name (creation->service, creation->conf, name != NULL, error) && place_cdrom (creation, error);
}

/* ---- Making it: in a thread ---- */

static void
on_converted (void *opaque, double fraction)
{
  Creation *creation = opaque;
  vt_job_progress (creation->job, fraction, NULL);
}

static void
set_string (char **place, const char *text)
{
  g_free (*place);
  *place = g_strdup (text);
}

static bool
import_disk (Creation *creation, VtConfDisk *disk, const char *folder, GError **error)
{
  GCancellable *cancellable = vt_job_cancellable (creation->job);
  bool in_place = creation->fds[ROLE_IN_PLACE] >= 0;
  Role role = in_place ? ROLE_IN_PLACE : ROLE_IMPORT;
  const VtDiskProgress progress = { on_converted, creation, cancellable };
  vt_job_progress (creation->job, -1, in_place ? "Looking at the disk image" : "Copying the disk image");
  g_autofree char *format =
      vt_disk_probe (creation->fds[role], creation->names[role], in_place, cancellable, error);
  if (format == NULL)
    return false;
  disk->size = 0;
  if (in_place) {
    if (strcmp (format, "qcow2") != 0 && strcmp (format, "raw") != 0)
      return refuse (error, VT_ERROR_NOT_SUPPORTED, "Import a copy of it instead, which is converted.",
                     "A machine cannot use images in the format %s.", format);
    g_free (disk->file);
    disk->file = vt_path_of_fd (creation->fds[role], creation->names[role], error);
    set_string (&disk->format, format);
    return disk->file != NULL;
  }
  g_autofree char *name = g_strdup_printf ("%s.%s", disk->id, disk->format),
                  *path = g_build_filename (folder, name, NULL);
  if (vt_host_free_disk (folder) < UINT64_C (1) << 20)
    return refuse (error, VT_ERROR_NO_SPACE, "Free some space on the disk, and try again.",
                   "The disk is full.");
  set_string (&disk->file, name);
  return vt_disk_convert (creation->fds[role], format, path, disk->format, &progress, error);
}

static bool
make_disks (Creation *creation, const char *folder, GError **error)
{
  bool import = creation->fds[ROLE_IMPORT] >= 0 || creation->fds[ROLE_IN_PLACE] >= 0;
  for (unsigned i = 0; i < creation->conf->disks->len; i++) {
    VtConfDisk *disk = creation->conf->disks->pdata[i];
    if (g_cancellable_set_error_if_cancelled (vt_job_cancellable (creation->job), error))
      return false;
    if (i == 0 && import) {
      if (!import_disk (creation, disk, folder, error))
        return false;
      continue;
    }
    if (g_path_is_absolute (disk->file) &&
        (disk->size == 0 || g_file_test (disk->file, G_FILE_TEST_EXISTS))) {
      disk->size = 0;
      continue;
    }
    g_autofree char *name = g_strdup_printf ("%s.%s", disk->id, disk->format),
                    *path = g_build_filename (folder, name, NULL);
    vt_job_progress (creation->job, -1, "Making disks");
    if (*disk->file != '\0')
      return refuse (error, VT_ERROR_INVALID_ARGUMENT,
                     "Give a size only, or the absolute path of an image that exists.",
                     "The disk “%s” cannot be made as “%s”.", disk->id, disk->file);
    if (!vt_disk_create (path, disk->format, disk->size, error))
      return false;
    set_string (&disk->file, name);
    disk->size = 0;
  }
  return true;
}

static void
create_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Creation *creation = data;
  GError *error = NULL;
  g_autofree char *folder = vt_library_new_folder (creation->library, &error);
  if (folder != NULL && vt_efi_variables_make (creation->conf, folder, &error) &&
      make_disks (creation, folder, &error)) {
    g_autofree char *conf = g_build_filename (folder, VT_CONF_FILE, NULL);
    vt_conf_note_chains (creation->conf, NULL, folder);
    if (vt_conf_save (creation->conf, conf, &error) &&
        !g_cancellable_set_error_if_cancelled (vt_job_cancellable (creation->job), &error))
      creation->result = vt_library_add (creation->library, folder, creation->conf->name, &error);
  }
  if (creation->result == NULL) {
    if (folder != NULL)
      vt_library_remove (creation->library, folder, NULL, NULL);
    vt_error_adopt (&error, "The machine could not be made");
    g_task_return_error (task, error);
    return;
  }
  g_task_return_boolean (task, TRUE);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer opaque)
{
  g_autoptr (Creation) creation = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;
  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    vt_job_fail (creation->job, error);
    return;
  }
  VtMachineItem *item = vt_service_add_folder (creation->service, creation->result);
  if (creation->start)
    vt_machine_item_start (item, NULL, NULL);
  vt_job_done (creation->job, g_variant_new_object_path (vt_machine_item_path (item)));
}

VtJob *
vt_create_machine (VtService *service, GVariant *settings, GVariant *files, GVariant *names, GUnixFDList *fds,
                   GError **error)
{
  g_autoptr (Creation) creation = g_new0 (Creation, 1);
  creation->service = service;
  creation->library = vt_service_library (service);
  for (Role role = 0; role < N_ROLES; role++)
    creation->fds[role] = -1;
  if (!prepare (creation, settings, files, names, fds, error))
    return NULL;
  vt_service_hold (service);
  vt_service_reserve_name (service, creation->conf->name);
  VtJob *job = creation->job = vt_job_new (vt_service_manager (service), "create", NULL);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_created, NULL);
  /* The thread may be the last to hold the task: the callback frees it. */
  g_task_set_task_data (task, g_steal_pointer (&creation), NULL);
  vt_work_run (task, create_thread);
  return job;
}
