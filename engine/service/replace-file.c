/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

char *
vt_replacement_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path), *name = g_path_get_basename (path);
  g_autofree char *hidden = g_strdup_printf (".%s.new", name);
  return g_build_filename (folder, hidden, NULL);
}

void
vt_folder_sync (const char *folder)
{
  const int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0 || fsync (fd) < 0)
    g_message ("%s: %s", folder, g_strerror (errno));
  if (fd >= 0)
    close (fd);
}

bool
vt_replace_file (const char *path, const void *data, size_t size, bool durable, GError **error)
{
  g_autofree char *fresh = vt_replacement_of (path);
  GFileSetContentsFlags flags = durable ? G_FILE_SET_CONTENTS_DURABLE : G_FILE_SET_CONTENTS_NONE;
  /* What lies there is of an engine that was killed, or a link of somebody's. */
  g_unlink (fresh);
  if (!g_file_set_contents_full (fresh, data, (gssize)size, flags, 0600, error)) {
    g_unlink (fresh);
    return false;
  }
  if (g_rename (fresh, path) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    g_unlink (fresh);
    return false;
  }
  /* The new name is the folder's to remember. */
  g_autofree char *folder = g_path_get_dirname (path);
  if (durable)
    vt_folder_sync (folder);
  return true;
}
