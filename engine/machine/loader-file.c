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
#include <zstd.h>

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

#define STEP (1u << 18) /* bytes unpacked at once */

static bool
append_unpacked (const LoaderFile *file, GByteArray *out, const uint8_t *data, uint64_t n, GError **error)
{
  if (out->len + n <= file->limit) {
    g_byte_array_append (out, data, (guint)n);
    return true;
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "'%s' unpacks to more than the machine's RAM; give the machine more with -m", file->path);
  return false;
}

static void
set_damaged (const LoaderFile *file, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "'%s' is a %s file that is damaged or cut short; fetch it again", file->path,
               file->packing == LOADER_GZIP ? "gzip" : "zstd");
}

static GBytes *
unpacked_gzip (const LoaderFile *file, const uint8_t *packed, GError **error)
{
  z_stream z = { .next_in = (uint8_t *)packed };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree uint8_t *buffer = g_malloc (STEP);
  uint64_t left = file->packed_size;
  int status = inflateInit2 (&z, 16 + MAX_WBITS);
  bool fits = true;

  while (status == Z_OK && fits) {
    if (z.avail_in == 0) {
      z.avail_in = (uInt)MIN (left, 1u << 30);
      left -= z.avail_in;
    }
    z.next_out = buffer;
    z.avail_out = STEP;
    status = inflate (&z, Z_NO_FLUSH);
    fits = append_unpacked (file, out, buffer, STEP - z.avail_out, error);
  }
  inflateEnd (&z);
  if (fits && status != Z_STREAM_END)
    set_damaged (file, error);
  return fits && status == Z_STREAM_END ? g_byte_array_free_to_bytes (g_steal_pointer (&out)) : NULL;
}

/* What follows the frame is Linux's note of its size. */
static GBytes *
unpacked_zstd (const LoaderFile *file, const uint8_t *packed, GError **error)
{
  ZSTD_DStream *z = ZSTD_createDStream ();
  ZSTD_inBuffer in = { packed, file->packed_size, 0 };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree uint8_t *buffer = g_malloc (STEP);
  size_t status = 1;
  bool fits = true, stuck = false;

  ZSTD_DCtx_setParameter (z, ZSTD_d_windowLogMax, 30);
  while (status != 0 && !ZSTD_isError (status) && fits && !stuck) {
    ZSTD_outBuffer to = { buffer, STEP, 0 };
    const size_t before = in.pos;
    status = ZSTD_decompressStream (z, &to, &in);
    stuck = in.pos == before && to.pos == 0;
    fits = append_unpacked (file, out, buffer, to.pos, error);
  }
  ZSTD_freeDStream (z);
  if (fits && status != 0)
    set_damaged (file, error);
  return fits && status == 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&out)) : NULL;
}

static bool
unpack_content (LoaderFile *file, GError **error)
{
  g_autofree uint8_t *packed = g_try_malloc (file->packed_size + 1);

  if (packed == NULL)
    errno = ENOMEM;
  if (packed == NULL || !read_fully (file->fd, file->packed_offset, packed, file->packed_size))
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "reading '%s': %s", file->path,
                 g_strerror (errno));
  else if (file->packing == LOADER_GZIP)
    file->content = unpacked_gzip (file, packed, error);
  else
    file->content = unpacked_zstd (file, packed, error);
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

/* The header of drivers/firmware/efi/libstub/zboot-header.S. */
static bool
find_zboot_payload (LoaderFile *file, const uint8_t *header, const char *what, GError **error)
{
  enum { OFFSET = 8, SIZE = 12, METHOD = 24, METHOD_SIZE = 32 };
  g_autofree char *method = g_strndup ((const char *)header + METHOD, METHOD_SIZE);
  uint32_t offset, size;

  memcpy (&offset, header + OFFSET, sizeof offset);
  memcpy (&size, header + SIZE, sizeof size);
  file->packed_offset = GUINT32_FROM_LE (offset);
  file->packed_size = GUINT32_FROM_LE (size);
  if (strcmp (method, "gzip") == 0)
    file->packing = LOADER_GZIP;
  else if (g_str_has_prefix (method, "zstd"))
    file->packing = LOADER_ZSTD;
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "the %s '%s' is compressed by %s, which only EFI firmware unpacks; start it with -bios",
                 what, file->path, method);
  if (file->packing != LOADER_PLAIN && file->packed_offset <= file->size &&
      file->packed_size <= file->size - file->packed_offset)
    return true;
  if (file->packing != LOADER_PLAIN)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the %s '%s' is cut short; fetch it again", what,
                 file->path);
  return false;
}

/* Finds out whether and how the file is compressed. */
static bool
find_packing (LoaderFile *file, const char *what, GError **error)
{
  uint8_t header[64] = { 0 };

  if (file->size <= 18 || !read_fully (file->fd, 0, header, MIN (file->size, sizeof header)))
    return true; /* errors are told when it is read */
  if (memcmp (header, "MZ", 2) == 0 && memcmp (header + 4, "zimg", 4) == 0)
    return find_zboot_payload (file, header, what, error);
  if (header[0] == 0x1f && header[1] == 0x8b) {
    file->packing = LOADER_GZIP;
    file->packed_size = file->size;
  }
  return true;
}

LoaderFile *
loader_file_open (const char *what, const char *path, bool unpack, uint64_t limit, GError **error)
{
  g_autoptr (LoaderFile) file = g_new0 (LoaderFile, 1);

  file->refs = 1;
  file->fd = -1;
  file->path = g_strdup (path);
  file->limit = MIN (limit, G_MAXUINT - (1u << 20));
  if (!open_regular (file, what, error) || (unpack && !find_packing (file, what, error)))
    return NULL;
  if (file->packing == LOADER_PLAIN)
    return g_steal_pointer (&file);
  if (file->packed_size > limit) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "the %s '%s' is larger than the machine's RAM; give the machine more with -m", what, path);
    return NULL;
  }
  if (!unpack_content (file, error))
    return NULL;
  file->size = g_bytes_get_size (file->content);
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
  if (file->packing != LOADER_PLAIN) {
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
