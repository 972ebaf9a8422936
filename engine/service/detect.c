/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "architecture.h"
#include "error.h"
#include "machine-item.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a file is, told by vitrine-media, and the machine that suits it. */

#define OUTPUT_MAX ((gsize)1 << 20)
#define MIB        (UINT64_C (1) << 20)
#define GIB        (UINT64_C (1) << 30)
#define DISK_LEAST (8 * GIB)

typedef struct {
  VtService *service;
  char *name;
  int output,
      errors; /* where the program prints to: files, whose size it has limited before it read a byte */
} Detection;

static void
detection_free (gpointer data)
{
  Detection *detection = data;
  vt_service_release (detection->service);
  g_free (detection->name);
  if (detection->output >= 0)
    close (detection->output);
  if (detection->errors >= 0)
    close (detection->errors);
  g_free (detection);
}

/* "debian-13.iso" becomes "debian-13"; a name that cannot be one is left out. */
static char *
name_from_file (const char *file)
{
  g_autofree char *base = g_path_get_basename (file);
  char *dot = strrchr (base, '.');
  if (dot != NULL && dot != base)
    *dot = '\0';
  return g_strdup (*base == '/' || *base == '.' ? "New machine" : base);
}

static char *
suitable_name (const Detection *detection, GVariantDict *media)
{
  const char *os = NULL, *volume = NULL;
  g_autofree char *from_file = name_from_file (detection->name);
  g_variant_dict_lookup (media, "os-name", "&s", &os);
  g_variant_dict_lookup (media, "volume", "&s", &volume);
  const char *wanted = os && *os           ? os
                       : *detection->name  ? from_file
                       : volume && *volume ? volume
                                           : "New machine";
  g_autofree char *clean = g_strdup (wanted);
  for (char *p = clean; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return vt_service_free_name (detection->service, clean);
}

/* Never less than the default's lower bound, never more than half of what this computer has. */
static void
scale (GVariantDict *media, GVariantDict *recommended, GVariantDict *settings)
{
  g_autoptr (GVariant) said = g_variant_dict_lookup_value (media, "recommended", G_VARIANT_TYPE_VARDICT);
  g_autoptr (VtConf) usual = vt_conf_new (NULL, NULL);
  const VtConfDisk *usual_disk = usual->disks->pdata[0];
  guint64 memory = 0, disk = 0;
  guint32 cpus = 0;
  if (said != NULL) {
    g_variant_lookup (said, "memory", "t", &memory);
    g_variant_lookup (said, "disk", "t", &disk);
    g_variant_lookup (said, "cpus", "u", &cpus);
  }
  uint64_t memory_most = MAX (vt_host_memory () / 2 / (256 * MIB) * (256 * MIB), 256 * MIB);
  memory = MIN (MAX (memory, usual->memory), memory_most);
  disk = CLAMP (disk, MAX (usual_disk->size, DISK_LEAST), UINT64_C (64) << 40);
  cpus = MIN (MAX (cpus, usual->cpus), MIN (g_get_num_processors (), 32));
  g_variant_dict_insert (recommended, "memory", "t", memory);
  g_variant_dict_insert (recommended, "disk", "t", disk);
  g_variant_dict_insert (recommended, "cpus", "u", cpus);
  g_variant_dict_insert (settings, "memory", "t", memory);
  g_variant_dict_insert (settings, "cpus", "u", cpus);
  GVariantBuilder disks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder one = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&one, "{sv}", "id", g_variant_new_string ("disk0"));
  g_variant_builder_add (&one, "{sv}", "size", g_variant_new_uint64 (disk));
  g_variant_builder_add_value (&disks, g_variant_builder_end (&one));
  g_variant_dict_insert_value (settings, "disks", g_variant_builder_end (&disks));
}

/* The surest of the file's that we have. A file that names none, and others, are the caller's to complain
 * about. */
static void
choose_architecture (GVariantDict *media, GVariantDict *settings, GPtrArray *remarks)
{
  g_auto (GStrv) found = NULL;
  g_auto (GStrv) ours = vt_architecture_installed_names ();
  g_variant_dict_lookup (media, "architectures", "^as", &found);
  for (char **name = found; name != NULL && *name != NULL; name++)
    if (g_strv_contains ((const char *const *)ours, *name)) {
      g_variant_dict_insert (settings, "architecture", "s", *name);
      return;
    }
  if (found != NULL && *found != NULL) {
    g_autofree char *list = g_strjoinv (", ", found), *have = g_strjoinv (", ", ours);
    g_ptr_array_add (
        remarks,
        g_strdup_printf ("It starts on %s, and the machines here are %s: choose another image.", list, have));
  }
}

static void
copy_os (GVariantDict *media, GVariantDict *settings)
{
  static const char *const keys[] = { "os-id", "os-name" };
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *text;
    if (g_variant_dict_lookup (media, keys[i], "&s", &text) && g_utf8_strlen (text, -1) <= 60)
      g_variant_dict_insert (settings, keys[i], "s", text);
  }
}

static GVariant *
complete (const Detection *detection, GVariant *told)
{
  GVariantDict media, settings = G_VARIANT_DICT_INIT (NULL), recommended = G_VARIANT_DICT_INIT (NULL);
  g_auto (GStrv) said = NULL;
  g_autoptr (GPtrArray) remarks = g_ptr_array_new_with_free_func (g_free);
  g_variant_dict_init (&media, told);
  g_autofree char *name = suitable_name (detection, &media);
  g_variant_dict_lookup (&media, "remarks", "^as", &said);
  for (char **remark = said; remark != NULL && *remark != NULL; remark++)
    g_ptr_array_add (remarks, g_strdup (*remark));
  g_variant_dict_insert (&settings, "name", "s", name);
  choose_architecture (&media, &settings, remarks);
  g_variant_dict_insert (&settings, "firmware", "s", "efi");
  copy_os (&media, &settings);
  scale (&media, &recommended, &settings);
  g_ptr_array_add (remarks, NULL);
  g_variant_dict_insert_value (&media, "remarks",
                               g_variant_new_strv ((const char *const *)remarks->pdata, -1));
  g_variant_dict_insert_value (&media, "recommended", g_variant_dict_end (&recommended));
  g_variant_dict_insert_value (&media, "settings", g_variant_dict_end (&settings));
  return g_variant_ref_sink (g_variant_dict_end (&media));
}

static char *
text_of (int fd)
{
  g_autofree char *text = g_malloc (OUTPUT_MAX);
  const ssize_t n = pread (fd, text, OUTPUT_MAX, 0);
  return g_utf8_make_valid (text, MAX (n, 0));
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Detection *detection = g_task_get_task_data (task);
  GSubprocess *process = G_SUBPROCESS (source);
  g_autofree char *output = text_of (detection->output), *errors = text_of (detection->errors);
  g_autoptr (GVariant) told = NULL;
  GError *error = NULL;
  if (!g_subprocess_wait_finish (process, result, &error)) {
    vt_error_adopt (&error, "The file could not be looked at");
  } else if (!g_subprocess_get_successful (process)) {
    g_autofree char *reason = g_strstrip (g_strdelimit (g_strdup (errors), "\n", ' '));
    g_autofree char *cause =
        g_strdup_printf ("The file cannot be read: %s", *reason ? reason : "looking at it takes too long.");
    vt_error_set (&error, VT_ERROR_BAD_MEDIA, cause, "Choose an image file that you may read.");
  } else {
    told = g_variant_parse (G_VARIANT_TYPE_VARDICT, output, NULL, NULL, &error);
    vt_error_adopt (&error, "What was found in the file cannot be understood");
  }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, complete (g_task_get_task_data (task), told),
                           (GDestroyNotify)g_variant_unref);
}

void
vt_detect_media (VtService *service, int fd, const char *name, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Detection *detection = g_new0 (Detection, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = vt_program_find ("vitrine-media");
  GError *error = NULL;
  vt_service_hold (service);
  *detection = (Detection){ service, g_strdup (name), memfd_create ("media", MFD_CLOEXEC),
                            memfd_create ("media-errors", MFD_CLOEXEC) };
  g_task_set_task_data (task, detection, detection_free);
  vt_launcher_bind (launcher);
  g_subprocess_launcher_take_stdin_fd (launcher, fd);
  g_subprocess_launcher_take_stdout_fd (launcher, fcntl (detection->output, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stderr_fd (launcher, fcntl (detection->errors, F_DUPFD_CLOEXEC, 3));
  /* A name is no option. */
  const char *const argv[] = { program, *name == '-' ? "" : name, NULL };
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  if (process == NULL) {
    vt_error_adopt (&error, "The file could not be looked at");
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_subprocess_wait_async (process, NULL, on_told, task);
}

GVariant *
vt_detect_media_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
