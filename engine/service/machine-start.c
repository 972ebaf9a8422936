/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-start.h"

#include "architecture.h"
#include "error.h"
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOG_MAX = 512 * 1024 };

static bool
fail (GError **error, const char *path, const char *what)
{
  const int saved = errno;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s: %s", path, g_strerror (saved));
  vt_error_adopt (error, what);
  return false;
}

/* ---- Files ---- */

typedef struct {
  GSubprocessLauncher *launcher;
  GPtrArray *argv; /* char * */
  int next;        /* the number the next descriptor gets over there */
} Handing;

static void
hand_over (void *opaque, const char *path, int fd)
{
  Handing *h = opaque;
  g_autofree char *escaped = vt_escape_commas (path);
  g_ptr_array_add (h->argv, g_strdup ("-add-file"));
  g_ptr_array_add (h->argv, g_strdup_printf ("path=%s,fd=%d", escaped, h->next));
  g_subprocess_launcher_take_fd (h->launcher, fd, h->next++);
}

/* The disk whose image is this; NULL: it is another file. */
static const VtConfDisk *
layered_disk (const VtConf *conf, const char *folder, const char *path)
{
  for (unsigned i = 0; i < conf->disks->len; i++) {
    const VtConfDisk *disk = conf->disks->pdata[i];
    g_autofree char *full =
        g_path_is_absolute (disk->file) ? g_strdup (disk->file) : g_build_filename (folder, disk->file, NULL);
    if (strcmp (full, path) == 0 && strcmp (disk->format, "qcow2") == 0)
      return disk;
  }
  return NULL;
}

/* ---- The process ---- */

/* Everybody's own: nobody else may speak to the machine. */
static int
make_socket (const char *uuid, GError **error)
{
  g_autofree char *path = vt_machine_socket_path (uuid), *folder = g_path_get_dirname (path);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (strlen (path) >= sizeof address.sun_path) {
    vt_error_set (error, VT_ERROR_FAILED, "The name of the runtime folder is too long for a socket.",
                  "Set XDG_RUNTIME_DIR to a shorter one.");
    return -1;
  }
  strcpy (address.sun_path, path);
  /* Not waited for: who listens and does not take more callers is alive. */
  const int probe = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool alive =
      probe >= 0 && (connect (probe, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN);
  if (probe >= 0)
    close (probe);
  if (alive) {
    vt_error_set (error, VT_ERROR_INVALID_STATE, "The machine runs already.",
                  "Use the one that runs, or end it first.");
    return -1;
  }
  g_mkdir_with_parents (folder, 0700);
  unlink (path);
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind (fd, (struct sockaddr *)&address, sizeof address) == 0 && chmod (path, 0600) == 0 &&
      listen (fd, 8) == 0)
    return fd;
  fail (error, path, "The machine's socket could not be made");
  if (fd >= 0)
    close (fd);
  return -1;
}

/* One that nobody listens to would be taken for a machine that has crashed. */
static void
remove_socket (const char *uuid)
{
  g_autofree char *path = vt_machine_socket_path (uuid);
  unlink (path);
}

static int
open_log (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "machine.log", NULL),
                  *old = g_strconcat (path, ".old", NULL);
  struct stat st;
  if (stat (path, &st) == 0 && st.st_size > LOG_MAX)
    g_rename (path, old);
  const int fd = open (path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    fail (error, path, "The machine's log could not be opened");
    return -1;
  }
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%F %T"),
                  *line = g_strconcat (VT_LOG_MARK, time, "]\n", NULL);
  if (write (fd, line, strlen (line)) < 0)
    g_message ("%s: %s", path, g_strerror (errno));
  return fd;
}

/* There the process says that it ends as it should, for an engine that is not there to see it. */
static int
open_end (const char *uuid, GError **error)
{
  g_autofree char *path = vt_machine_end_path (uuid);
  const int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    fail (error, path, "The machine's process could not be started");
  return fd;
}

/* It outlives us, and is not ended with our terminal. */
static void
own_session (gpointer data)
{
  setsid ();
}

static GSubprocessLauncher *
make_launcher (int log)
{
  static const char *const not_its[] = { "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY",
                                         "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK" };
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  for (unsigned i = 0; i < G_N_ELEMENTS (not_its); i++)
    g_subprocess_launcher_unsetenv (launcher, not_its[i]);
  g_subprocess_launcher_set_child_setup (launcher, own_session, NULL, NULL);
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_take_stdout_fd (launcher, dup (log));
  g_subprocess_launcher_take_stderr_fd (launcher, log);
  return launcher;
}

GSubprocess *
vt_machine_spawn (const VtConf *conf, const char *folder, const VtProcessOptions *options, GError **error)
{
  GSubprocess *process = NULL;
  if (!vt_architecture_check_installed (conf->architecture, error))
    return NULL;
  VtMachineCommand *command = vt_machine_command_new (conf, folder, options, error);
  if (command == NULL)
    return NULL;
  const int log = vt_efi_variables_make (conf, folder, error) ? open_log (folder, error) : -1;
  const int control = log >= 0 ? make_socket (conf->uuid, error) : -1;
  const int end = control >= 0 ? open_end (conf->uuid, error) : -1;
  if (end >= 0) {
    g_autoptr (GSubprocessLauncher) launcher = make_launcher (log);
    g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
    Handing h = { launcher, argv, 5 };
    bool ok = true;
    g_ptr_array_add (argv, vt_program_find (command->argv[0]));
    g_ptr_array_add (argv, g_strdup ("-control"));
    g_ptr_array_add (argv, g_strdup ("fd=3,end=4"));
    g_subprocess_launcher_take_fd (launcher, control, 3);
    g_subprocess_launcher_take_fd (launcher, end, 4);
    for (unsigned i = 0; ok && i < command->files->len; i++) {
      const VtMachineFile *file = command->files->pdata[i];
      ok = vt_disk_open_chain (layered_disk (conf, folder, file->path), file->path, file->flags, hand_over,
                               &h, error);
    }
    for (unsigned i = 1; command->argv[i]; i++)
      g_ptr_array_add (argv, g_strdup (command->argv[i]));
    g_ptr_array_add (argv, NULL);
    process = ok ? g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, error) : NULL;
    g_subprocess_launcher_close (launcher);
    vt_error_adopt (error, "The machine's process could not be started");
    if (process == NULL)
      remove_socket (conf->uuid);
  } else if (log >= 0) {
    close (log);
    if (control >= 0)
      close (control);
  }
  vt_machine_command_free (command);
  return process;
}
