/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What this computer has, and where our programs are. */

uint64_t
vt_host_memory (void)
{
  return (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
}

/* What programs can have without others being written to swap. */
uint64_t
vt_host_free_memory (void)
{
  g_autofree char *text = NULL;
  const char *line = NULL;
  if (g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    line = strstr (text, "MemAvailable:");
  return line ? g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) << 10 : vt_host_memory ();
}

uint64_t
vt_host_free_disk (const char *folder)
{
  struct statvfs st;
  return statvfs (folder, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
}

char *
vt_program_find (const char *name)
{
  const char *variable = g_getenv ("VITRINE_PROGRAMS");
  g_auto (GStrv) places = g_strsplit (variable ? variable : "", ":", -1);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self ? g_path_get_dirname (self) : g_strdup (".");
  for (char **place = places; *place != NULL; place++) {
    g_autofree char *path = g_build_filename (*place, name, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
      return g_steal_pointer (&path);
  }
  g_autofree char *sibling = g_build_filename (folder, name, NULL);
  g_autofree char *helper = g_build_filename (VITRINE_LIBEXECDIR, name, NULL);
  g_autofree char *installed = g_build_filename (VITRINE_BINDIR, name, NULL);
  if (g_file_test (sibling, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&sibling);
  if (g_file_test (helper, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&helper);
  return g_steal_pointer (&installed);
}

char *
vt_escape_commas (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  return g_strjoinv (",,", parts);
}

static void
die_with_parent (gpointer parent)
{
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid () != GPOINTER_TO_INT (parent))
    _exit (1);
}

void
vt_launcher_bind (GSubprocessLauncher *launcher)
{
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, GINT_TO_POINTER (getpid ()), NULL);
}

char *
vt_path_of_fd (int fd, const char *name, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  struct stat open_file, named_file;
  if (path == NULL || fstat (fd, &open_file) < 0 || stat (path, &named_file) < 0 ||
      open_file.st_dev != named_file.st_dev || open_file.st_ino != named_file.st_ino) {
    g_autofree char *cause = g_strdup_printf ("“%s” is open, but cannot be found on this computer.", name);
    vt_error_set (error, VT_ERROR_NOT_FOUND, cause, "Copy it to a folder of yours, and choose it there.");
    return NULL;
  }
  if (!S_ISREG (open_file.st_mode) && !S_ISBLK (open_file.st_mode)) {
    g_autofree char *cause = g_strdup_printf ("“%s” is not a file.", name);
    vt_error_set (error, VT_ERROR_BAD_MEDIA, cause, "Choose an image file.");
    return NULL;
  }
  if (!g_utf8_validate (path, -1, NULL)) {
    vt_error_set (error, VT_ERROR_NOT_SUPPORTED, "The file's name is not valid UTF-8.", "Rename it.");
    return NULL;
  }
  return g_steal_pointer (&path);
}

int
vt_fd_of_handle (GUnixFDList *fds, GVariant *handle, GError **error)
{
  int index = g_variant_get_handle (handle), fd = -1;
  if (fds != NULL && index >= 0 && index < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_get (fds, index, NULL);
  if (fd < 0)
    vt_error_set (error, VT_ERROR_INVALID_ARGUMENT, "The call names a file but brings none along.",
                  "Pass the file's descriptor with the message.");
  return fd;
}
