/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A picture of a screen as a file: PPM (netpbm), or PNG (ISO/IEC 15948). */

#include "display.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

typedef struct {
  uint32_t width, height;
  uint32_t *pixels; /* xRGB */
} Picture;

static bool
take_picture (Display *display, Picture *picture, GError **error)
{
  DisplaySurface s;
  display_refresh (display);
  if (!display_lock (display, &s)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                 "the screen '%s' shows nothing: the guest has not switched it on", display_name (display));
    return false;
  }
  *picture = (Picture){ s.width, s.height, NULL };
  if (s.width <= 1 << 15 && s.height <= 1 << 15)
    picture->pixels = g_try_malloc (4 * (size_t)s.width * s.height);
  for (uint32_t y = 0; picture->pixels && y < s.height; y++)
    memcpy (picture->pixels + (size_t)y * s.width, s.pixels + (size_t)y * s.stride, 4 * (size_t)s.width);
  display_unlock (display);
  if (!picture->pixels)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no memory for a picture of %u by %u pixels",
                 s.width, s.height);
  return picture->pixels != NULL;
}

/* Three bytes for each pixel of a row. */
static void
row_rgb (const Picture *picture, uint32_t y, uint8_t *out)
{
  const uint32_t *row = picture->pixels + (size_t)y * picture->width;
  for (uint32_t x = 0; x < picture->width; x++) {
    *out++ = (uint8_t)(row[x] >> 16);
    *out++ = (uint8_t)(row[x] >> 8);
    *out++ = (uint8_t)row[x];
  }
}

static bool
write_ppm (FILE *file, const Picture *picture)
{
  const size_t size = 3 * (size_t)picture->width;
  g_autofree uint8_t *row = g_malloc (size);
  bool ok = fprintf (file, "P6\n%u %u\n255\n", picture->width, picture->height) > 0;
  for (uint32_t y = 0; ok && y < picture->height; y++) {
    row_rgb (picture, y, row);
    ok = fwrite (row, 1, size, file) == size;
  }
  return ok;
}

static bool
write_chunk (FILE *file, const char *type, const uint8_t *data, uint32_t size)
{
  const uint32_t length = GUINT32_TO_BE (size);
  uLong crc = crc32 (0, (const Bytef *)type, 4);
  if (size)
    crc = crc32 (crc, data, size);
  const uint32_t check = GUINT32_TO_BE ((uint32_t)crc);
  return fwrite (&length, 4, 1, file) == 1 && fwrite (type, 4, 1, file) == 1 &&
         (size == 0 || fwrite (data, size, 1, file) == 1) && fwrite (&check, 4, 1, file) == 1;
}

/* Feeds `size` bytes to the compressor and writes what comes out, one IDAT chunk each time. */
static bool
deflate_rows (FILE *file, z_stream *z, uint8_t *data, size_t size, bool last)
{
  uint8_t out[16384];
  z->next_in = data;
  z->avail_in = (uInt)size;
  int result;
  do {
    z->next_out = out;
    z->avail_out = sizeof out;
    result = deflate (z, last ? Z_FINISH : Z_NO_FLUSH);
    const uint32_t n = (uint32_t)(sizeof out - z->avail_out);
    if (result == Z_STREAM_ERROR || (n && !write_chunk (file, "IDAT", out, n)))
      return false;
  } while (z->avail_out == 0 || (last && result != Z_STREAM_END));
  return true;
}

static bool
write_png (FILE *file, const Picture *picture)
{
  struct {
    uint32_t width, height;
    uint8_t depth, colour, compression, filter, interlace;
  } header = { GUINT32_TO_BE (picture->width), GUINT32_TO_BE (picture->height), 8, 2, 0, 0, 0 };
  const size_t size = 1 + 3 * (size_t)picture->width; /* The first byte is the row's filter: none. */
  g_autofree uint8_t *row = g_malloc0 (size);
  z_stream z = { 0 };
  bool ok = fwrite ("\x89PNG\r\n\x1a\n", 8, 1, file) == 1 &&
            write_chunk (file, "IHDR", (const uint8_t *)&header, 13) && deflateInit (&z, 6) == Z_OK;
  if (!ok)
    return false;
  for (uint32_t y = 0; ok && y < picture->height; y++) {
    row_rgb (picture, y, row + 1);
    ok = deflate_rows (file, &z, row, size, false);
  }
  ok = ok && deflate_rows (file, &z, NULL, 0, true) && write_chunk (file, "IEND", NULL, 0);
  deflateEnd (&z);
  return ok;
}

bool
display_screendump (Display *display, const char *path, GError **error)
{
  return display_screendump_as (display, path, g_str_has_suffix (path, ".png"), error);
}

bool
display_screendump_as (Display *display, const char *path, bool png, GError **error)
{
  Picture picture;
  if (!take_picture (display, &picture, error))
    return false;
  g_autofree uint32_t *pixels = picture.pixels;
  g_autofree char *partial = g_strconcat (path, ".part", NULL);
  FILE *file = fopen (partial, "wbe");
  bool ok = file && (png ? write_png : write_ppm) (file, &picture);
  int problem = errno;
  if (file && fclose (file)) {
    problem = errno;
    ok = false;
  }
  if (ok && rename (partial, path)) {
    problem = errno;
    ok = false;
  }
  if (ok)
    return true;
  if (file)
    remove (partial);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (problem), "cannot write '%s': %s", path,
               g_strerror (problem));
  return false;
}

/* Makes it smaller: a pixel is the average of the area it stands for. */
static void
scale_down (Picture *picture, uint32_t width)
{
  const uint32_t old_width = picture->width, old_height = picture->height;
  const uint32_t height = MAX (1, (uint32_t)((uint64_t)old_height * width / old_width));
  uint32_t *out = picture->pixels; /* never ahead of what is still to be read */
  for (uint32_t y = 0; y < height; y++) {
    const uint32_t top = (uint32_t)((uint64_t)y * old_height / height);
    const uint32_t bottom = MAX (top + 1, (uint32_t)((uint64_t)(y + 1) * old_height / height));
    for (uint32_t x = 0; x < width; x++) {
      const uint32_t left = (uint32_t)((uint64_t)x * old_width / width);
      const uint32_t right = MAX (left + 1, (uint32_t)((uint64_t)(x + 1) * old_width / width));
      uint64_t red = 0, green = 0, blue = 0, n = (uint64_t)(right - left) * (bottom - top);
      for (uint32_t v = top; v < bottom; v++)
        for (uint32_t u = left; u < right; u++) {
          const uint32_t pixel = picture->pixels[(size_t)v * old_width + u];
          red += pixel >> 16 & 0xff;
          green += pixel >> 8 & 0xff;
          blue += pixel & 0xff;
        }
      *out++ = (uint32_t)(red / n << 16 | green / n << 8 | blue / n);
    }
  }
  picture->width = width;
  picture->height = height;
}

bool
display_screendump_fd (Display *display, int fd, bool png, uint32_t max_width, GError **error)
{
  Picture picture = { 0 };
  const bool taken = take_picture (display, &picture, error);
  g_autofree uint32_t *pixels = picture.pixels;
  FILE *file = taken ? fdopen (fd, "w") : NULL;
  if (taken && max_width && picture.width > max_width)
    scale_down (&picture, max_width);
  bool ok = file && (png ? write_png : write_ppm) (file, &picture);
  int problem = errno;
  if (file && fclose (file) && ok) {
    problem = errno;
    ok = false;
  }
  if (!file)
    close (fd);
  if (taken && !ok)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (problem), "cannot write the picture: %s",
                 g_strerror (problem));
  return ok;
}
