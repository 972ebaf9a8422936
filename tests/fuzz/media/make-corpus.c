/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Makes the corpus of fuzz-media, as fuzz-media.c describes it. Usage: make-media-corpus DIRECTORY */

#include "media-image.h"

#include <stdio.h>
#include <string.h>

enum { UNIT = 256 };

static const char *folder;
static bool failed;

static bool
is_empty (const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if (bytes[i])
      return false;
  }
  return true;
}

static void
save (const char *name, const GByteArray *image)
{
  g_autoptr (GByteArray) pieces = g_byte_array_new ();
  for (guint at = 0; at < image->len; at += UNIT) {
    unsigned size = MIN (UNIT, image->len - at);
    while (size && !image->data[at + size - 1])
      size--;
    if (is_empty (image->data + at, size))
      continue;
    guint place = pieces->len;
    image_le (pieces, place, 2, at / UNIT);
    image_le (pieces, place + 2, 2, size);
    image_put (pieces, place + 4, image->data + at, size);
  }
  /* So that the file is as long as it was. */
  guint place = pieces->len;
  image_le (pieces, place, 2, (image->len - 1) / UNIT);
  image_le (pieces, place + 2, 2, 1);
  image_put (pieces, place + 4, "\0", 1);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents (path, (const char *)pieces->data, pieces->len, &error)) {
    fprintf (stderr, "%s\n", error->message);
    failed = true;
  }
}

static void
save_isos (void)
{
  static const char *const names[] = { "iso-plain", "iso-rock-ridge", "iso-rock-ridge-far", "iso-joliet" };
  g_autoptr (GByteArray) program = image_pe (0x5064), kernel = image_kernel ("Image-riscv64");
  g_autoptr (GByteArray) packed = image_gzip (kernel), code = image_text ("code");
  g_autoptr (GByteArray) config = image_text ("linux /odd/kernel\n"),
                         info = image_text ("Debian 13 riscv64\n");
  g_autoptr (GByteArray) treeinfo = image_text ("[general]\narch=riscv64\nfamily=X\nversion=1\n");
  const ImageFile loaders[] = { { "EFI/BOOT/BOOTRISCV64.EFI", program }, { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, loaders);
  g_byte_array_set_size (esp, 24 << 10);
  const ImageFile files[] = { { "boot/grub/grub.cfg", config }, { "odd/kernel", packed },
                              { "live/vmlinuz", kernel },       { ".disk/info", info },
                              { ".treeinfo", treeinfo },        { NULL } };
  const IsoBoot boot[] = { { 0, code }, { 0xef, esp }, { 0 } };
  for (IsoNames i = ISO_PLAIN; i <= ISO_JOLIET; i++) {
    g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "VOLUME", i, files, boot });
    save (names[i], image);
  }
}

static void
save_disks (void)
{
  g_autoptr (GByteArray) program = image_pe (0x8664), gpt = g_byte_array_new (), mbr = g_byte_array_new ();
  const ImageFile files[] = { { "EFI/x/a-long-name.efi", program }, { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, files), esp32 = image_fat (32, files);
  g_byte_array_set_size (esp, 32 << 10);
  image_gpt (gpt, 512, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 8, 8 + esp->len / 512);
  image_put (gpt, 8 * 512, esp->data, esp->len);
  image_mbr (mbr, 0, 0x0c, true, 8, esp32->len / 512);
  image_put (mbr, 8 * 512, esp32->data, esp32->len);
  save ("disk-gpt", gpt);
  save ("disk-mbr", mbr);
}

static void
save_others (void)
{
  g_autoptr (GByteArray) elf = image_elf (243, 64, false, true), html = image_text ("<html>");
  g_autoptr (GByteArray) bzimage = image_kernel ("bzImage"), packed = image_gzip (elf),
                         zboot = image_zboot (0xaa64);
  g_autoptr (GByteArray) firmware = g_byte_array_new ();
  image_put (firmware, 40, "_FVH", 4);
  image_le (firmware, 32, 8, 4096);
  image_le (firmware, 48, 2, 72);
  image_le (firmware, 72 + 20, 3, 124);
  image_le (firmware, 72 + 24, 3, 100);
  image_put (firmware, 72 + 27, "\x12VZ\x64\xaa", 5);
  image_put (firmware, 4095, NULL, 1);
  save ("elf", elf);
  save ("html", html);
  save ("bzimage", bzimage);
  save ("elf-gz", packed);
  save ("zboot", zboot);
  save ("firmware", firmware);
}

int
main (int argc, char **argv)
{
  if (argc != 2)
    return 2;
  folder = argv[1];
  save_isos ();
  save_disks ();
  save_others ();
  return failed;
}
