/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media-image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

void
image_put (GByteArray *image, size_t at, const void *bytes, size_t size)
{
  guint old = image->len;
  if (at + size > old) {
    g_byte_array_set_size (image, (guint)(at + size));
    memset (image->data + old, 0, at + size - old);
  }
  if (bytes && size)
    memcpy (image->data + at, bytes, size);
}

void
image_le (GByteArray *image, size_t at, unsigned bytes, uint64_t value)
{
  for (unsigned i = 0; i < bytes; i++)
    image_put (image, at + i, &(uint8_t){ (uint8_t)(value >> 8 * i) }, 1);
}

void
image_be (GByteArray *image, size_t at, unsigned bytes, uint64_t value)
{
  for (unsigned i = 0; i < bytes; i++)
    image_put (image, at + i, &(uint8_t){ (uint8_t)(value >> 8 * (bytes - 1 - i)) }, 1);
}

GByteArray *
image_text (const char *text)
{
  GByteArray *image = g_byte_array_new ();
  image_put (image, 0, text, strlen (text));
  return image;
}

/* ---- Programs ---- */

GByteArray *
image_pe (uint16_t machine)
{
  GByteArray *image = image_text ("MZ");
  image_le (image, 0x3c, 4, 0x80);
  image_put (image, 0x80, "PE\0\0", 4);
  image_le (image, 0x84, 2, machine);
  image_put (image, 1500, NULL, 100);
  return image;
}

GByteArray *
image_zboot (uint16_t machine)
{
  GByteArray *image = image_pe (machine);
  image_put (image, 4, "zimg", 4);
  return image;
}

GByteArray *
image_kernel (const char *kind)
{
  GByteArray *image = g_byte_array_new ();
  image_put (image, 0, NULL, 2000);
  if (g_str_has_prefix (kind, "bzImage")) {
    image_le (image, 0x1fe, 2, 0xaa55);
    image_put (image, 0x202, "HdrS", 4);
    image_le (image, 0x206, 2, 0x20f);
    image_le (image, 0x236, 2, strcmp (kind, "bzImage32") != 0);
  } else if (!strcmp (kind, "Image-arm64")) {
    image_put (image, 0x38, "ARM\x64", 4);
  } else if (!strcmp (kind, "zImage")) {
    image_le (image, 0x24, 4, 0x016f2818);
  } else {
    image_le (image, 8, 8, strcmp (kind, "Image-riscv32") ? 0x200000 : 0x400000);
    image_put (image, 0x30, "RISCV\0\0\0RSC\x05", 12);
  }
  return image;
}

GByteArray *
image_elf (uint16_t machine, unsigned bits, bool big_endian, bool kernel)
{
  GByteArray *image = image_text (ELFMAG);
  void (*put) (GByteArray *, size_t, unsigned, uint64_t) = big_endian ? image_be : image_le;
  bool is_64 = bits == 64;
  image_le (image, EI_CLASS, 1, is_64 ? ELFCLASS64 : ELFCLASS32);
  image_le (image, EI_DATA, 1, big_endian ? ELFDATA2MSB : ELFDATA2LSB);
  put (image, 18, 2, machine);
  put (image, is_64 ? 32 : 28, is_64 ? 8 : 4, 64);
  put (image, is_64 ? 54 : 42, 2, is_64 ? 56 : 32);
  put (image, is_64 ? 56 : 44, 2, 1);
  put (image, 64, 4, PT_LOAD);
  uint64_t address = is_64 ? UINT64_C (0xffffffff80000000) : 0xc0000000;
  put (image, 64 + (is_64 ? 16 : 8), is_64 ? 8 : 4, kernel ? address : 0x10000);
  image_put (image, 500, NULL, 100);
  return image;
}

GByteArray *
image_gzip (const GByteArray *plain)
{
  GByteArray *image = g_byte_array_new ();
  image_put (image, 0, NULL, compressBound (plain->len) + 64);
  z_stream stream = {
    .next_in = plain->data, .avail_in = plain->len, .next_out = image->data, .avail_out = image->len
  };
  g_assert_cmpint (deflateInit2 (&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_assert_cmpint (deflate (&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size (image, (guint)stream.total_out);
  deflateEnd (&stream);
  return image;
}

/* ---- Partition tables ---- */

void
image_mbr (GByteArray *image, unsigned index, uint8_t type, bool active, uint32_t at, uint32_t size)
{
  size_t entry = 446 + 16 * index;
  image_le (image, entry, 1, active ? 0x80 : 0);
  image_le (image, entry + 4, 1, type);
  image_le (image, entry + 8, 4, at);
  image_le (image, entry + 12, 4, size);
  image_le (image, 510, 2, 0xaa55);
}

void
image_gpt (GByteArray *image, unsigned sector, const char *guid, uint64_t first, uint64_t last)
{
  static const uint8_t places[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  size_t entry = 2 * sector;
  image_mbr (image, 0, 0xee, false, 1, 0xffffffff);
  image_put (image, sector, "EFI PART", 8);
  image_le (image, sector + 32, 8, last);
  image_le (image, sector + 72, 8, 2);
  image_le (image, sector + 80, 4, 1);
  image_le (image, sector + 84, 4, 128);
  for (unsigned i = 0; i < 16; i++) {
    char digits[3] = { guid[0], guid[1], '\0' };
    image_le (image, entry + places[i], 1, strtoul (digits, NULL, 16));
    guid += guid[2] == '-' ? 3 : 2;
  }
  image_le (image, entry + 32, 8, first);
  image_le (image, entry + 40, 8, last);
  image_put (image, (last + 1) * sector - 1, NULL, 1);
}

/* ---- Looking at them ---- */

int
image_fd (const GByteArray *image)
{
  int fd = memfd_create ("image", MFD_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, image->data, image->len, 0), ==, image->len);
  return fd;
}

MediaInfo *
image_probe (const GByteArray *image)
{
  g_autoptr (GError) error = NULL;
  int fd = image_fd (image);
  MediaInfo *info = media_probe (fd, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (info);
  close (fd);
  return info;
}

char *
image_summary (const MediaInfo *info)
{
  g_autofree char *archs = g_strjoinv (" ", info->architectures);
  GString *text = g_string_new (archs);
  g_string_append (text, ":");
  static const char *const names[] = { "bios", "efi", "kernel", "other" };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++) {
    if (info->boot & 1u << i)
      g_string_append_printf (text, " %s", names[i]);
  }
  return g_string_free (text, FALSE);
}

bool
image_has_remark (const MediaInfo *info, const char *part)
{
  for (char **remark = info->remarks; *remark; remark++) {
    if (strstr (*remark, part))
      return true;
  }
  return false;
}
