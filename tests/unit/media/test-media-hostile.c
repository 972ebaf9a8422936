/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images cut short, with bytes changed, and such as were made to keep a reader busy. What is read is checked
 * by the sanitizers; here, that there is an answer and that it comes soon. */

#include "media-image.h"

#include <string.h>
#include <unistd.h>

enum { SEEDS = 3000, SEEDS_SLOW = 200000 };

static GByteArray *
make_installer (void)
{
  g_autoptr (GByteArray) program = image_pe (0x5064), kernel = image_kernel ("Image-riscv64");
  g_autoptr (GByteArray) packed = image_gzip (kernel), code = image_text ("code");
  g_autoptr (GByteArray) config =
      image_text ("linux /install/vmlinuz\nlinux /install/other\nkernel=/boot/x\n");
  g_autoptr (GByteArray) info = image_text ("Debian GNU/Linux 13 riscv64\n");
  g_autoptr (GByteArray) treeinfo = image_text ("[general]\narch=riscv64\nfamily=X\nversion=1\n");
  const ImageFile loaders[] = { { "EFI/BOOT/BOOTRISCV64.EFI", program }, { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, loaders);
  /* Only what is used of it: an empty FAT would be most of the image. */
  g_byte_array_set_size (esp, 64 << 10);
  const ImageFile files[] = { { "boot/grub/grub.cfg", config },
                              { "install/vmlinuz", kernel },
                              { "install/other", packed },
                              { ".disk/info", info },
                              { ".treeinfo", treeinfo },
                              { "EFI/BOOT/BOOTRISCV64.EFI", program },
                              { NULL } };
  const IsoBoot boot[] = { { 0, code }, { 0xef, esp }, { 0 } };
  return image_iso (&(IsoSpec){ "VOLUME", ISO_ROCK_RIDGE_FAR, files, boot });
}

static void
test_truncated (void)
{
  g_autoptr (GByteArray) image = make_installer ();
  for (guint size = image->len; size; size -= MIN (size, 2048)) {
    GByteArray cut = { image->data, size };
    g_autoptr (MediaInfo) info = image_probe (&cut);
    if (size > 17 * 2048) {
      g_assert_cmpint (info->kind, ==, MEDIA_OPTICAL);
      g_assert_cmpint (image_has_remark (info, "cut short"), ==, size < image->len);
    }
    if (size < image->len)
      g_assert_cmpuint (g_strv_length (info->remarks), >, 0);
  }
}

/* Most of an image is padding; damage goes where something stands. */
static void
corrupt (GByteArray *image, GRand *rand)
{
  static const uint8_t values[] = { 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff };
  unsigned changes = (unsigned)g_rand_int_range (rand, 1, 12);
  for (unsigned i = 0; i < changes; i++) {
    guint at = (guint)g_rand_int_range (rand, 0, (gint32)image->len);
    for (guint n = 0; n < image->len && !image->data[at]; n++)
      at = (at + 1) % image->len;
    image->data[at] = g_rand_boolean (rand) ? values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))]
                                            : (uint8_t)g_rand_int (rand);
  }
}

static void
corrupt_often (GByteArray *image)
{
  int fd = image_fd (image);
  unsigned seeds = g_test_slow () ? SEEDS_SLOW : SEEDS;
  g_autoptr (GByteArray) damaged = g_byte_array_new ();
  for (unsigned seed = 0; seed < seeds; seed++) {
    g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
    g_byte_array_set_size (damaged, 0);
    g_byte_array_append (damaged, image->data, image->len);
    corrupt (damaged, rand);
    g_assert_cmpint (pwrite (fd, damaged->data, damaged->len, 0), ==, damaged->len);
    g_autoptr (GError) error = NULL;
    g_autoptr (MediaInfo) info = media_probe (fd, NULL, &error);
    g_assert_no_error (error);
    g_assert_nonnull (info->architectures);
    g_autoptr (GVariant) variant = g_variant_ref_sink (media_info_to_variant (info));
    g_assert_true (g_variant_is_normal_form (variant));
  }
  close (fd);
}

static void
test_corrupt_iso (void)
{
  g_autoptr (GByteArray) image = make_installer ();
  corrupt_often (image);
}

static void
test_corrupt_disk (void)
{
  g_autoptr (GByteArray) program = image_pe (0x8664), disk = g_byte_array_new ();
  const ImageFile files[] = { { "EFI/BOOT/BOOTX64.EFI", program },
                              { "EFI/x/very-long-name.efi", program },
                              { NULL } };
  g_autoptr (GByteArray) esp = image_fat (16, files);
  g_byte_array_set_size (esp, 64 << 10);
  image_gpt (disk, 512, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 64, 64 + esp->len / 512);
  image_put (disk, 64 * 512, esp->data, esp->len);
  corrupt_often (disk);
}

static MediaInfo *
probe_in_time (const GByteArray *image, double seconds)
{
  g_test_timer_start ();
  MediaInfo *info = image_probe (image);
  g_assert_cmpfloat (g_test_timer_elapsed (), <, seconds);
  return info;
}

/* Each directory is full of itself, by every name that is looked for. */
static void
test_loops (void)
{
  static const char *const names[] = { "a",    "boot", "grub", "efi", "install",
                                       "arch", "ppc",  "live", "x86", "loader" };
  g_autoptr (GByteArray) config = image_text ("linux /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a\n");
  const ImageFile files[] = { { "boot/grub/grub.cfg", config }, { NULL } };
  g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "X", ISO_PLAIN, files });
  uint32_t root = image->data[16 * 2048 + 158];
  size_t at = (size_t)root * 2048;
  image_put (image, at + 2047, NULL, 1);
  image_le (image, 16 * 2048 + 166, 4, 2048);
  while (image->data[at])
    at += image->data[at];
  for (unsigned i = 0; i < 40; i++) {
    const char *name = names[i % G_N_ELEMENTS (names)];
    size_t length = strlen (name), all = (33 + length + 1) & ~(size_t)1;
    image_le (image, at, 1, all);
    image_le (image, at + 2, 4, root);
    image_le (image, at + 10, 4, 0xffffffff);
    image_le (image, at + 25, 1, 2);
    image_le (image, at + 32, 1, length);
    image_put (image, at + 33, name, length);
    at += all;
  }
  g_autoptr (MediaInfo) info = probe_in_time (image, 20);
  g_assert_true (image_has_remark (info, "not looked at to the end"));
}

/* A chain of clusters that goes round. */
static void
test_fat_loop (void)
{
  g_autoptr (GByteArray) program = image_pe (0x8664);
  const ImageFile files[] = { { "EFI/BOOT/BOOTX64.EFI", program }, { NULL } };
  for (unsigned bits = 16; bits <= 32; bits += 16) {
    g_autoptr (GByteArray) fat = image_fat (bits, files);
    size_t table = 512;
    for (unsigned cluster = 2; cluster < 500; cluster++)
      image_le (fat, table + cluster * bits / 8, bits / 8, 3 + cluster % 7);
    g_autoptr (MediaInfo) info = probe_in_time (fat, 10);
    g_assert_cmpint (info->kind, ==, MEDIA_DISK);
  }
}

/* A small gzip file that unpacks to gigabytes. */
static void
test_bomb (void)
{
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  image_put (plain, (64 << 20) - 1, NULL, 1);
  g_autoptr (GByteArray) packed = image_gzip (plain);
  g_autoptr (MediaInfo) info = probe_in_time (packed, 1);
  g_assert_cmpstr (info->format, ==, "gzip");
}

/* Reading costs nothing where nothing is to be seen. */
static void
test_sparse (void)
{
  g_autoptr (GByteArray) image = make_installer ();
  int fd = image_fd (image);
  g_assert_cmpint (ftruncate (fd, INT64_C (4) << 30), ==, 0);
  double best = 1;
  for (unsigned i = 0; i < 5; i++) {
    g_test_timer_start ();
    g_autoptr (MediaInfo) info = media_probe (fd, NULL, NULL);
    best = MIN (best, g_test_timer_elapsed ());
    g_assert_cmpint (info->kind, ==, MEDIA_OPTICAL);
    g_assert_cmpuint (info->size, ==, UINT64_C (4) << 30);
  }
  g_test_message ("%.1f ms", best * 1e3);
  g_assert_cmpfloat (best, <, 0.1);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/media/hostile/truncated", test_truncated);
  g_test_add_func ("/media/hostile/corrupt-iso", test_corrupt_iso);
  g_test_add_func ("/media/hostile/corrupt-disk", test_corrupt_disk);
  g_test_add_func ("/media/hostile/loops", test_loops);
  g_test_add_func ("/media/hostile/fat-loop", test_fat_loop);
  g_test_add_func ("/media/hostile/bomb", test_bomb);
  g_test_add_func ("/media/hostile/sparse", test_sparse);
  return g_test_run ();
}
