/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-start.h"

#include "error.h"
#include "firmware.h"
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHAIN_MAX = 64, LOG_MAX = 512 * 1024, TAIL_BYTES = 2048, TAIL_LINES = 4 };

char *
vt_machine_socket_path (const char *uuid)
{
  g_autofree char *name = g_strconcat (uuid, ".sock", NULL);
  return g_build_filename (g_get_user_runtime_dir (), "vitrine", name, NULL);
}

char *
vt_machine_log_tail (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "machine.log", NULL), *all = NULL;
  gsize size;
  if (!g_file_get_contents (path, &all, &size, NULL))
    return g_strdup ("");
  const char *start = all + (size > TAIL_BYTES ? size - TAIL_BYTES : 0);
  g_autofree char *tail = g_strstrip (g_utf8_make_valid (start, -1));
  g_auto (GStrv) lines = g_strsplit (tail, "\n", -1);
  const unsigned n = g_strv_length (lines);
  return g_strjoinv (" ", lines + (n > TAIL_LINES ? n - TAIL_LINES : 0));
}

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
hand_over (Handing *h, const char *path, int fd)
{
  g_auto (GStrv) parts = g_strsplit (path, ",", -1);
  g_autofree char *escaped = g_strjoinv (",,", parts);
  g_ptr_array_add (h->argv, g_strdup ("-add-file"));
  g_ptr_array_add (h->argv, g_strdup_printf ("path=%s,fd=%d", escaped, h->next));
  g_subprocess_launcher_take_fd (h->launcher, fd, h->next++);
}

/* The backing file that a qcow2 header names, as the machine will call it; NULL: none. The header is data of
 * others: only its length and place are believed, within the file. `ret_raw`: the file's bytes are a disk's,
 * whatever they look like. */
static char *
backing_file (int fd, const char *path, bool *ret_raw)
{
  enum { VERSION_2_HEADER = 72, VERSION_3_HEADER = 104 };
  uint8_t head[VERSION_3_HEADER];
  char name[1024];
  uint64_t offset;
  uint32_t size, version, header;
  *ret_raw = false;
  if (pread (fd, head, sizeof head, 0) != sizeof head || memcmp (head, "QFI\xfb", 4) != 0)
    return NULL;
  memcpy (&offset, head + 8, 8);
  memcpy (&size, head + 16, 4);
  memcpy (&version, head + 4, 4);
  memcpy (&header, head + 100, 4);
  header =
      GUINT32_FROM_BE (version) == 2 ? VERSION_2_HEADER : MAX (GUINT32_FROM_BE (header), VERSION_3_HEADER);
  offset = GUINT64_FROM_BE (offset);
  size = GUINT32_FROM_BE (size);
  if (offset == 0 || offset > INT32_MAX || size == 0 || size >= sizeof name ||
      pread (fd, name, size, (off_t)offset) != (ssize_t)size)
    return NULL;
  name[size] = '\0';
  /* The format of what is behind it stands in an extension before the name. */
  g_autofree uint8_t *extensions = g_malloc0 (offset + 16);
  const ssize_t n = pread (fd, extensions, offset, 0);
  for (uint64_t at = header; n > 0 && at + 8 <= (uint64_t)n;) {
    uint32_t type, length;
    memcpy (&type, extensions + at, 4);
    memcpy (&length, extensions + at + 4, 4);
    length = GUINT32_FROM_BE (length);
    if (type == 0 || length > (uint64_t)n - at - 8)
      break;
    *ret_raw = *ret_raw || (GUINT32_FROM_BE (type) == 0xe2792aca && length == 3 &&
                            !memcmp (extensions + at + 8, "raw", 3));
    at += 8 + ((uint64_t)length + 7) / 8 * 8;
  }
  const char *file = g_str_has_prefix (name, "file:") ? name + 5 : name;
  g_autofree char *folder = g_path_get_dirname (path);
  return g_path_is_absolute (file) ? g_strdup (file) : g_build_filename (folder, file, NULL);
}

static bool
is_qcow2 (const VtConf *conf, const char *folder, const char *path)
{
  for (unsigned i = 0; i < conf->disks->len; i++) {
    const VtConfDisk *disk = conf->disks->pdata[i];
    g_autofree char *full =
        g_path_is_absolute (disk->file) ? g_strdup (disk->file) : g_build_filename (folder, disk->file, NULL);
    if (strcmp (full, path) == 0)
      return strcmp (disk->format, "qcow2") == 0;
  }
  return false;
}

static bool
open_file (Handing *h, const char *first, int flags, bool chain, GError **error)
{
  g_autofree char *path = g_strdup (first);
  for (unsigned depth = 0; path != NULL && depth < CHAIN_MAX; depth++) {
    bool raw = false;
    struct stat st;
    const int fd = open (path, (depth ? O_RDONLY : flags) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
      return fail (error, path, "A file of the machine could not be opened");
    if (fstat (fd, &st) < 0 || !(S_ISREG (st.st_mode) || S_ISBLK (st.st_mode))) {
      close (fd);
      g_autofree char *cause = g_strdup_printf ("“%s” is neither a file nor a disk.", path);
      vt_error_set (error, VT_ERROR_BAD_MEDIA, cause, "Choose another file.");
      return false;
    }
    char *next = chain ? backing_file (fd, path, &raw) : NULL;
    hand_over (h, path, fd);
    chain = chain && !raw;
    g_free (path);
    path = next;
  }
  return true;
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
  const int probe = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool alive = probe >= 0 && connect (probe, (struct sockaddr *)&address, sizeof address) == 0;
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

static int
open_log (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "machine.log", NULL),
                  *old = g_strconcat (path, ".old", NULL);
  struct stat st;
  if (stat (path, &st) == 0 && st.st_size > LOG_MAX)
    g_rename (path, old);
  const int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    fail (error, path, "The machine's log could not be opened");
  return fd;
}

/* Where the guest's firmware keeps its settings; a machine that has lost them starts with none. */
static bool
make_variables (const VtConf *conf, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "efi-vars.fd", NULL);
  if (strcmp (conf->firmware, "efi") != 0 || g_file_test (path, G_FILE_TEST_EXISTS))
    return true;
  g_autofree char *template = firmware_find ("RISCV_VIRT_VARS.fd", error);
  g_autofree char *data = NULL;
  gsize size;
  const bool ok =
      template && g_file_get_contents (template, &data, &size, error) &&
      g_file_set_contents_full (path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
  vt_error_adopt (error, "The firmware's settings could not be made");
  return ok;
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
  VtMachineCommand *command = vt_machine_command_new (conf, folder, options, error);
  GSubprocess *process = NULL;
  if (command == NULL)
    return NULL;
  const int log = make_variables (conf, folder, error) ? open_log (folder, error) : -1;
  const int control = log >= 0 ? make_socket (conf->uuid, error) : -1;
  if (control >= 0) {
    g_autoptr (GSubprocessLauncher) launcher = make_launcher (log);
    g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
    Handing h = { launcher, argv, 4 };
    bool ok = true;
    g_ptr_array_add (argv, vt_program_find (command->argv[0]));
    g_ptr_array_add (argv, g_strdup ("-control"));
    g_ptr_array_add (argv, g_strdup ("fd=3"));
    g_subprocess_launcher_take_fd (launcher, control, 3);
    for (unsigned i = 0; ok && i < command->files->len; i++) {
      const VtMachineFile *file = command->files->pdata[i];
      ok = open_file (&h, file->path, file->flags, is_qcow2 (conf, folder, file->path), error);
    }
    for (unsigned i = 1; command->argv[i]; i++)
      g_ptr_array_add (argv, g_strdup (command->argv[i]));
    g_ptr_array_add (argv, NULL);
    process = ok ? g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, error) : NULL;
    g_subprocess_launcher_close (launcher);
    vt_error_adopt (error, "The machine's process could not be started");
  } else if (log >= 0) {
    close (log);
  }
  vt_machine_command_free (command);
  return process;
}
