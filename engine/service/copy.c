/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP ((size_t)8 << 20)

static bool
fail (const char *path, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  vt_error_adopt (error, "A file could not be copied");
  return false;
}

static bool
write_all (int fd, const char *data, size_t size, off_t at)
{
  while (size > 0) {
    ssize_t n = pwrite (fd, data, size, at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    data += n;
    size -= (size_t)n;
    at += n;
  }
  return true;
}

/* Some of [at, end); what was copied, or -1. The kernel does it where it can. */
static ssize_t
copy_some (int in, int out, off_t at, off_t end, char **buffer)
{
  const size_t wanted = MIN (STEP, (size_t)(end - at));
  if (*buffer == NULL) {
    off_t from = at, to = at;
    ssize_t n = copy_file_range (in, &from, out, &to, wanted, 0);
    if (n > 0 || (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
      return n;
    *buffer = g_malloc (STEP);
  }
  ssize_t n = pread (in, *buffer, wanted, at);
  if (n <= 0)
    return n;
  return write_all (out, *buffer, (size_t)n, at) ? n : -1;
}

static bool
copy_data (int in, int out, off_t size, const VtCopyProgress *progress, GError **error)
{
  g_autofree char *buffer = NULL;
  for (off_t at = 0; at < size;) {
    off_t data = lseek (in, at, SEEK_DATA), hole;
    if (data < 0 && errno == ENXIO)
      break; /* nothing but a hole is left */
    at = data < 0 ? at : data;
    hole = lseek (in, at, SEEK_HOLE);
    for (const off_t end = hole < 0 ? size : hole; at < end;) {
      if (g_cancellable_set_error_if_cancelled (progress->cancellable, error))
        return false;
      ssize_t n = copy_some (in, out, at, end, &buffer);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail ("its data", error);
      if (n == 0)
        return true; /* it became shorter */
      at += n;
      progress->report (progress->opaque, (uint64_t)at);
    }
  }
  return true;
}

bool
vt_copy_file (const char *from, const char *to, const VtCopyProgress *progress, GError **error)
{
  struct stat st;
  int in = g_open (from, O_RDONLY | O_CLOEXEC, 0);
  if (in < 0 || fstat (in, &st) < 0) {
    fail (from, error);
    if (in >= 0)
      close (in);
    return false;
  }
  int out = g_open (to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool good = out >= 0 || fail (to, error);
  if (good && ioctl (out, FICLONE, in) < 0)
    good = (ftruncate (out, st.st_size) == 0 || fail (to, error)) &&
           copy_data (in, out, st.st_size, progress, error);
  if (good && fsync (out) < 0)
    good = fail (to, error);
  if (out >= 0) {
    close (out);
    if (!good)
      g_unlink (to);
  }
  close (in);
  return good;
}
