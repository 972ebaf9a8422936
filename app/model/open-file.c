/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "open-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cause and remedy for what people meet when they choose a file. */
static void
set_error (GError **error, const char *name, int code)
{
  const char *remedy = _ ("Check that the file is still there, and choose it again.");
  if (code == EACCES || code == EPERM)
    remedy = _ ("Change the file’s permissions, or copy it to your home folder.");
  else if (code == EROFS)
    remedy = _ ("Copy the file to a place that can be written to.");
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _ ("“%s” cannot be opened: %s\n%s"), name,
               g_strerror (code), remedy);
}

/* Not a directory, and nothing that reading would wait for; a disk's device is fine. */
static int
open_path (const char *path, const char *name, gboolean writable, GError **error)
{
  struct stat status;
  int fd = open (path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat (fd, &status)) {
    set_error (error, name, errno);
    if (fd >= 0)
      close (fd);
    return -1;
  }
  if (S_ISREG (status.st_mode) || S_ISBLK (status.st_mode))
    return fd;
  close (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
               S_ISDIR (status.st_mode) ? _ ("“%s” is a folder\nChoose a file: an ISO image or a disk image.")
                                        : _ ("“%s” is not a file\nChoose an ISO image or a disk image."),
               name);
  return -1;
}

static void
work (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GFile *file = source;
  g_autofree char *path = g_file_get_path (file), *name = g_file_get_basename (file);
  GError *error = NULL;
  if (!path) {
    g_autofree char *uri = g_file_get_uri (file);
    g_task_return_new_error (
        task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        _ ("“%s” is not on this computer\nDownload it first, then choose the downloaded file."), uri);
    return;
  }
  int fd = open_path (path, name, GPOINTER_TO_INT (data), &error);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

void
vt_open_file (GFile *file, gboolean writable, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer data)
{
  g_autoptr (GTask) task = g_task_new (file, cancellable, callback, data);
  g_task_set_task_data (task, GINT_TO_POINTER (writable), NULL);
  /* A descriptor that nobody takes would be lost. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_run_in_thread (task, work);
}

int
vt_open_file_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

char *
vt_file_name (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);
  return g_filename_display_name (name);
}
