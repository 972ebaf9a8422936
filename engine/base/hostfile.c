/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *path;
  int fd;
} Provided;

/* Main thread: provided at the start, or by a command. */
static GArray *provided;
static bool forbidden;

void
host_file_provide (const char *path, int fd)
{
  Provided file = { g_strdup (path), fd };
  if (provided == NULL)
    provided = g_array_new (FALSE, FALSE, sizeof (Provided));
  g_array_append_val (provided, file);
}

void
host_file_forget (const char *path)
{
  for (unsigned i = provided ? provided->len : 0; i-- > 0;) {
    Provided *file = &g_array_index (provided, Provided, i);
    if (strcmp (file->path, path) != 0)
      continue;
    close (file->fd);
    g_free (file->path);
    g_array_remove_index (provided, i);
  }
}

/* The first whose access is enough: a file may be provided for reading and once more for writing. */
static int
find (const char *path, int access, bool *ret_known)
{
  *ret_known = false;
  for (unsigned i = 0; provided != NULL && i < provided->len; i++) {
    const Provided *file = &g_array_index (provided, Provided, i);
    if (g_strcmp0 (file->path, path) != 0)
      continue;
    int has = fcntl (file->fd, F_GETFL) & O_ACCMODE;
    *ret_known = true;
    if (has == O_RDWR || has == access)
      return file->fd;
  }
  return -1;
}

/* A second look at the same file shares its offset and status flags, which is why pread() and pwrite() are
 * what the callers use, and why O_DIRECT is only ever added. */
static int
duplicate (int fd, int flags)
{
  const int settable = O_DIRECT | O_APPEND | O_NONBLOCK;
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3), now;
  if (copy < 0)
    return -1;
  now = fcntl (copy, F_GETFL);
  if ((flags & settable & ~now) != 0 && fcntl (copy, F_SETFL, now | (flags & settable)) != 0) {
    int saved = errno;
    close (copy);
    errno = saved;
    return -1;
  }
  if (flags & O_TRUNC && ftruncate (copy, 0) != 0 && errno != EINVAL) {
    close (copy);
    return -1;
  }
  return copy;
}

int
host_file_open (const char *path, int flags, int mode)
{
  bool known;
  int fd = find (path, flags & O_ACCMODE, &known);
  if (fd >= 0)
    return duplicate (fd, flags);
  if (known || forbidden) {
    errno = EACCES;
    return -1;
  }
  return open (path, flags | O_CLOEXEC, mode);
}

bool
host_file_others_allowed (void)
{
  return !forbidden;
}

void
host_file_forbid_others (void)
{
  forbidden = true;
}
