/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-item.h"

#include "error.h"

#include <string.h>
#include <zlib.h>

/* Larger pictures are not what screens show. A message on the bus has 128 MiB at most. */
#define SIDE_MAX   16384
#define PIXELS_MAX ((uint64_t)64 << 20)
#define PACKED_MAX ((guint)64 << 20)

typedef struct {
  unsigned width, height;
  const uint8_t *pixels; /* RGB */
} Picture;

/* "P6 WIDTH HEIGHT 255" and one character of white space. */
static bool
parse_ppm (const uint8_t *data, size_t size, Picture *picture)
{
  unsigned numbers[3] = { 0 };
  size_t at = 2;
  if (size < 2 || memcmp (data, "P6", 2) != 0)
    return false;
  for (unsigned i = 0; i < 3; i++) {
    while (at < size && g_ascii_isspace (data[at]))
      at++;
    for (; at < size && g_ascii_isdigit (data[at]) && numbers[i] <= SIDE_MAX; at++)
      numbers[i] = numbers[i] * 10 + (data[at] - '0');
  }
  if (at >= size || !g_ascii_isspace (data[at]) || numbers[2] != 255 || numbers[0] == 0 || numbers[1] == 0 ||
      numbers[0] > SIDE_MAX || numbers[1] > SIDE_MAX || (uint64_t)numbers[0] * numbers[1] > PIXELS_MAX ||
      (size - at - 1) / 3 / numbers[0] < numbers[1])
    return false;
  *picture = (Picture){ numbers[0], numbers[1], data + at + 1 };
  return true;
}

/* The mean of the pixels that become one. */
static void
mean (const Picture *from, unsigned x, unsigned y, unsigned width, unsigned height, uint8_t *out)
{
  unsigned x0 = (unsigned)((uint64_t)x * from->width / width),
           x1 = (unsigned)((uint64_t)(x + 1) * from->width / width);
  unsigned y0 = (unsigned)((uint64_t)y * from->height / height),
           y1 = (unsigned)((uint64_t)(y + 1) * from->height / height);
  uint64_t sum[3] = { 0 }, n = 0;
  for (unsigned row = y0; row < MAX (y1, y0 + 1); row++)
    for (unsigned column = x0; column < MAX (x1, x0 + 1); column++, n++)
      for (unsigned i = 0; i < 3; i++)
        sum[i] += from->pixels[((size_t)row * from->width + column) * 3 + i];
  for (unsigned i = 0; i < 3; i++)
    out[i] = (uint8_t)(sum[i] / n);
}

/* A row as PNG has it begins with its filter, here none. */
static void
make_row (const Picture *from, unsigned y, unsigned width, unsigned height, uint8_t *row)
{
  *row++ = 0;
  if (width == from->width)
    memcpy (row, from->pixels + (size_t)y * width * 3, (size_t)width * 3);
  else
    for (unsigned x = 0; x < width; x++)
      mean (from, x, y, width, height, row + x * 3);
}

/* Row after row, so that nothing but what comes of it is kept. False: that would be too much. */
static bool
deflate_rows (const Picture *from, unsigned width, unsigned height, GByteArray *out)
{
  const size_t size = (size_t)width * 3 + 1;
  g_autofree uint8_t *row = g_malloc (size);
  uint8_t packed[16384];
  z_stream z = { 0 };
  bool good = deflateInit (&z, Z_BEST_SPEED) == Z_OK;
  for (unsigned y = 0; good && y < height; y++) {
    make_row (from, y, width, height, row);
    z.next_in = row;
    z.avail_in = (uInt)size;
    do {
      z.next_out = packed;
      z.avail_out = sizeof packed;
      deflate (&z, y + 1 == height ? Z_FINISH : Z_NO_FLUSH);
      g_byte_array_append (out, packed, (guint)(sizeof packed - z.avail_out));
    } while (z.avail_out == 0);
    good = out->len <= PACKED_MAX;
  }
  deflateEnd (&z);
  return good;
}

static void
add_chunk (GByteArray *png, const char *type, const uint8_t *data, size_t size)
{
  uint32_t length = GUINT32_TO_BE ((uint32_t)size);
  uLong crc = crc32 (crc32 (0, (const Bytef *)type, 4), data, (uInt)size);
  uint32_t check = GUINT32_TO_BE ((uint32_t)(size ? crc : crc32 (0, (const Bytef *)type, 4)));
  g_byte_array_append (png, (const uint8_t *)&length, 4);
  g_byte_array_append (png, (const uint8_t *)type, 4);
  if (size > 0)
    g_byte_array_append (png, data, (guint)size);
  g_byte_array_append (png, (const uint8_t *)&check, 4);
}

GBytes *
vt_picture_from_ppm (const uint8_t *data, size_t size, unsigned max_width, GError **error)
{
  static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
  Picture picture;
  if (!parse_ppm (data, size, &picture)) {
    vt_error_set (error, VT_ERROR_FAILED, "The machine's picture cannot be read.", "Try again.");
    return NULL;
  }
  unsigned width = max_width ? MIN (max_width, picture.width) : picture.width;
  unsigned height = MAX (1, (unsigned)((uint64_t)picture.height * width / picture.width));
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  if (!deflate_rows (&picture, width, height, packed)) {
    vt_error_set (error, VT_ERROR_FAILED, "The machine's picture is too large.", "Ask for a narrower one.");
    return NULL;
  }
  uint8_t header[13] = { width >> 24,  width >> 16, width >> 8, width, height >> 24,
                         height >> 16, height >> 8, height,     8,     2 };
  GByteArray *png = g_byte_array_new ();
  g_byte_array_append (png, signature, sizeof signature);
  add_chunk (png, "IHDR", header, sizeof header);
  add_chunk (png, "IDAT", packed->data, packed->len);
  add_chunk (png, "IEND", NULL, 0);
  return g_byte_array_free_to_bytes (png);
}
