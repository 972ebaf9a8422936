/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "loader-file.h"

#include "hostfile.h"
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static bool
read_fully (int fd, uint64_t offset, void *buffer, uint64_t size)
{
  for (uint64_t done = 0; done < size;) {
    ssize_t n = pread (fd, (char *)buffer + done, MIN (size - done, 1u << 30), (off_t)(offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0)
      errno = ENODATA;
    if (n <= 0)
      return false;
    done += (uint64_t)n;
  }
  return true;
}

static GBytes *
unpacked (const LoaderFile *file, const uint8_t *packed, uint64_t packed_size, GError **error)
{
  z_stream z = { .next_in = (uint8_t *)packed };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree uint8_t *buffer = g_malloc (1 << 18);
  uint64_t left = packed_size;
  int status = inflateInit2 (&z, 16 + MAX_WBITS);

  while (status == Z_OK) {
    if (z.avail_in == 0) {
      z.avail_in = (uInt)MIN (left, 1u << 30);
      left -= z.avail_in;
    }
    z.next_out = buffer;
    z.avail_out = 1 << 18;
    status = inflate (&z, Z_NO_FLUSH);
    uint64_t n = (1 << 18) - z.avail_out;
    if (out->len + n > file->limit) {
      inflateEnd (&z);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "'%s' unpacks to more than the machine's RAM; give the machine more with -m", file->path);
      return NULL;
    }
    g_byte_array_append (out, buffer, (guint)n);
  }
  inflateEnd (&z);
  if (status != Z_STREAM_END) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "'%s' is a gzip file that is damaged or cut short; fetch it again", file->path);
    return NULL;
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

static bool
unpack_content (LoaderFile *file, GError **error)
{
  struct stat st;
  g_autofree uint8_t *packed = NULL;

  if (fstat (file->fd, &st) == 0 && (packed = g_try_malloc ((gsize)st.st_size + 1)) != NULL &&
      read_fully (file->fd, 0, packed, (uint64_t)st.st_size))
    file->content = unpacked (file, packed, (uint64_t)st.st_size, error);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "reading '%s': %s", file->path,
                 g_strerror (errno));
  return file->content != NULL;
}

/* Sets fd and size; false and an error when it is not a file that can be read more than once. */
static bool
open_regular (LoaderFile *file, const char *what, GError **error)
{
  struct stat st;

  file->fd = host_file_open (file->path, O_RDONLY | O_NONBLOCK, 0);
  if (file->fd < 0 || fstat (file->fd, &st) < 0) {
    int saved = errno;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "cannot open the %s '%s': %s%s", what,
                 file->path, g_strerror (saved),
                 saved == EACCES   ? "; make it readable for you"
                 : saved == ENOENT ? "; check the path"
                                   : "");
    return false;
  }
  if (!S_ISREG (st.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                 "the %s '%s' is not a regular file; copy it to one", what, file->path);
    return false;
  }
  if (st.st_size == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the %s '%s' is empty", what, file->path);
    return false;
  }
  file->size = (uint64_t)st.st_size;
  return true;
}

LoaderFile *
loader_file_open (const char *what, const char *path, bool unpack, uint64_t limit, GError **error)
{
  g_autoptr (LoaderFile) file = g_new0 (LoaderFile, 1);
  uint8_t magic[2];

  file->refs = 1;
  file->fd = -1;
  file->path = g_strdup (path);
  file->limit = MIN (limit, G_MAXUINT - (1u << 20));
  if (!open_regular (file, what, error))
    return NULL;
  if (unpack && file->size > 18 && read_fully (file->fd, 0, magic, 2) && magic[0] == 0x1f &&
      magic[1] == 0x8b) {
    if (file->size > limit) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "the %s '%s' is larger than the machine's RAM; give the machine more with -m", what, path);
      return NULL;
    }
    file->gzip = true;
    if (!unpack_content (file, error))
      return NULL;
    file->size = g_bytes_get_size (file->content);
  }
  return g_steal_pointer (&file);
}

LoaderFile *
loader_file_ref (LoaderFile *file)
{
  file->refs++;
  return file;
}

void
loader_file_unref (LoaderFile *file)
{
  if (--file->refs > 0)
    return;
  if (file->fd >= 0)
    close (file->fd);
  loader_file_drop (file);
  g_free (file->path);
  g_free (file);
}

bool
loader_file_read (LoaderFile *file, uint64_t offset, void *buffer, uint64_t size, GError **error)
{
  if (offset > file->size || size > file->size - offset) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "'%s' is cut short; fetch it again", file->path);
    return false;
  }
  if (file->gzip) {
    if (file->content == NULL && !unpack_content (file, error))
      return false;
    if (g_bytes_get_size (file->content) != file->size) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "'%s' has changed since the machine was started", file->path);
      return false;
    }
    memcpy (buffer, (const uint8_t *)g_bytes_get_data (file->content, NULL) + offset, size);
    return true;
  }
  if (!read_fully (file->fd, offset, buffer, size)) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "reading '%s': %s", file->path,
                 errno == ENODATA ? "it has become shorter since the machine was started"
                                  : g_strerror (errno));
    return false;
  }
  return true;
}

void
loader_file_drop (LoaderFile *file)
{
  g_clear_pointer (&file->content, g_bytes_unref);
}
