/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Everything that is no ISO image: disks, kernels, firmware, archives, mistakes; and the way between
 * processes. */

#include "media-image.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ESP          "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define BIOS_BOOT    "21686148-6449-6e6f-744e-656564454649"
#define ROOT_RISCV64 "72ec70a6-cf74-40e6-bd49-4bda08e8f224"

static void
expect (const GByteArray *image, MediaKind kind, const char *format, const char *summary)
{
  g_autoptr (MediaInfo) info = image_probe (image);
  g_autofree char *found = image_summary (info);
  g_assert_cmpstr (info->format, ==, format);
  g_assert_cmpint (info->kind, ==, kind);
  g_assert_cmpstr (found, ==, summary);
}

static GByteArray *
make_esp (uint16_t machine, const char *path)
{
  g_autoptr (GByteArray) program = image_pe (machine);
  const ImageFile files[] = { { path, program }, { NULL } };
  return image_fat (12, files);
}

static void
test_gpt (void)
{
  static const unsigned sectors[] = { 512, 4096 };
  for (unsigned i = 0; i < G_N_ELEMENTS (sectors); i++) {
    unsigned sector = sectors[i];
    g_autoptr (GByteArray) esp = make_esp (0x5064, "EFI/BOOT/BOOTRISCV64.EFI"), disk = g_byte_array_new ();
    image_gpt (disk, sector, ESP, 64, 64 + esp->len / sector);
    image_put (disk, 64 * sector, esp->data, esp->len);
    expect (disk, MEDIA_DISK, "raw", "riscv64: efi");
    g_autoptr (MediaInfo) info = image_probe (disk);
    g_assert_cmpuint (info->disk_size, ==, disk->len);
    g_assert_cmpuint (g_strv_length (info->remarks), ==, 0);
  }
  g_autoptr (GByteArray) root = g_byte_array_new (), bios = g_byte_array_new ();
  image_gpt (root, 512, ROOT_RISCV64, 64, 100);
  expect (root, MEDIA_DISK, "raw", "riscv64:");
  image_gpt (bios, 512, BIOS_BOOT, 64, 100);
  image_put (bios, 0, "\xeb\x63\x90", 3);
  expect (bios, MEDIA_DISK, "raw", "x86_64 i386: bios");
}

/* A system that was installed has its loader in a folder of its own. */
static void
test_mbr (void)
{
  g_autoptr (GByteArray) esp = make_esp (0xaa64, "EFI/debian/grubaa64.efi"), disk = g_byte_array_new ();
  image_mbr (disk, 2, 0xef, false, 64, esp->len / 512);
  image_put (disk, 64 * 512, esp->data, esp->len);
  expect (disk, MEDIA_DISK, "raw", "aarch64: efi");
  image_mbr (disk, 2, 0x0c, false, 64, esp->len / 512);
  expect (disk, MEDIA_DISK, "raw", "aarch64: efi");
  /* Whatever a partitioning tool has left in the first sector. */
  image_put (disk, 0, "\xfa\x33\xc0", 3);
  expect (disk, MEDIA_DISK, "raw", "aarch64: efi");
  g_autoptr (GByteArray) old = g_byte_array_new ();
  image_mbr (old, 0, 0x83, true, 8, 8);
  image_put (old, 16 * 512, NULL, 1);
  expect (old, MEDIA_DISK, "raw", ":");
  image_put (old, 0, "\xfa\x33\xc0", 3);
  expect (old, MEDIA_DISK, "raw", "x86_64 i386: bios");
  image_mbr (old, 0, 0x83, true, 8, 80);
  g_autoptr (MediaInfo) cut = image_probe (old);
  g_assert_true (image_has_remark (cut, "cut short"));
  g_assert_true (image_has_remark (cut, "8193"));
  g_assert_true (image_has_remark (cut, "45056"));
}

static void
test_filesystems (void)
{
  g_autoptr (GByteArray) stick = make_esp (0x8664, "EFI/BOOT/BOOTX64.EFI");
  expect (stick, MEDIA_DISK, "raw", "x86_64: efi");
  g_autoptr (GByteArray) ext = g_byte_array_new ();
  image_le (ext, 1080, 2, 0xef53);
  image_put (ext, 8191, NULL, 1);
  expect (ext, MEDIA_DISK, "raw", ":");
  g_autoptr (MediaInfo) info = image_probe (ext);
  g_assert_true (image_has_remark (info, "ext4"));
}

static void
test_kernels (void)
{
  static const struct {
    const char *kind, *format, *summary;
  } cases[] = { { "bzImage", "bzImage", "x86_64: kernel" },
                { "bzImage32", "bzImage", "i386: kernel" },
                { "Image-arm64", "Image", "aarch64: kernel" },
                { "Image-riscv64", "Image", "riscv64: kernel" },
                { "zImage", "zImage", "arm: kernel" } };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) image = image_kernel (cases[i].kind), packed = image_gzip (image);
    g_autofree char *format = g_strconcat (cases[i].format, ".gz", NULL);
    expect (image, MEDIA_KERNEL, cases[i].format, cases[i].summary);
    expect (packed, MEDIA_KERNEL, format, cases[i].summary);
  }
  g_autoptr (GByteArray) zboot = image_zboot (0xaa64), vmlinux = image_elf (243, 64, false, true);
  g_autoptr (GByteArray) program = image_elf (62, 64, false, false), efi = image_pe (0x5064);
  expect (zboot, MEDIA_KERNEL, "zboot", "aarch64: kernel");
  expect (vmlinux, MEDIA_KERNEL, "vmlinux", "riscv64: kernel");
  expect (program, MEDIA_UNKNOWN, "elf", ":");
  expect (efi, MEDIA_UNKNOWN, "pe", ":");
  g_autoptr (MediaInfo) info = image_probe (program);
  g_assert_true (image_has_remark (info, "a program for x86_64"));
  g_autoptr (GByteArray) uimage = g_byte_array_new ();
  image_be (uimage, 0, 4, 0x27051956);
  image_put (uimage, 28, "\x05\x1a\x02\x00", 4);
  image_put (uimage, 100, NULL, 1);
  expect (uimage, MEDIA_KERNEL, "uImage", "riscv64: kernel");
}

static void
test_firmware (void)
{
  g_autoptr (GByteArray) image = g_byte_array_new (), bios = g_byte_array_new ();
  image_put (image, 40, "_FVH", 4);
  image_le (image, 32, 8, 4096);
  image_le (image, 48, 2, 72);
  image_le (image, 72 + 20, 3, 24 + 100);
  image_le (image, 72 + 24, 3, 100);
  image_put (image, 72 + 27, "\x12VZ", 3);
  image_le (image, 72 + 30, 2, 0xaa64);
  image_put (image, 4095, NULL, 1);
  expect (image, MEDIA_FIRMWARE, "uefi-fv", "aarch64: efi");
  /* Behind a page with the jump into it, as Arm's processors need it. */
  g_autoptr (GByteArray) arm = g_byte_array_new ();
  image_put (arm, 0, "\x00\x04\x00\x14", 4);
  image_put (arm, 4096, image->data, image->len);
  expect (arm, MEDIA_FIRMWARE, "uefi-fv", "aarch64: efi");
  /* Cut off within the volume. */
  g_byte_array_set_size (arm, 8191);
  expect (arm, MEDIA_UNKNOWN, NULL, ":");
  image_put (bios, 65535, NULL, 1);
  image_put (bios, 65536 - 16, "\xea\x5b\xe0\x00\xf0", 5);
  expect (bios, MEDIA_FIRMWARE, "bios", "x86_64 i386: bios");
}

static void
test_formats (void)
{
  static const struct {
    size_t at;
    const char *magic;
    size_t length;
    MediaKind kind;
    const char *format, *remark;
  } cases[] = {
    { 0, "KDMV", 4, MEDIA_DISK, "vmdk", "qemu-img convert" },
    { 0, "# Disk DescriptorFile\n", 22, MEDIA_DISK, "vmdk", "qemu-img convert" },
    { 0x40, "\x7f\x10\xda\xbe", 4, MEDIA_DISK, "vdi", "qemu-img convert" },
    { 0, "conectix", 8, MEDIA_DISK, "vhd", "qemu-img convert" },
    { 3584, "conectix", 8, MEDIA_DISK, "vhd", "qemu-img convert" },
    { 3584, "koly", 4, MEDIA_DISK, "dmg", "qemu-img convert" },
    { 0, "vhdxfile", 8, MEDIA_DISK, "vhdx", "qemu-img convert" },
    { 0, "QED\0", 4, MEDIA_DISK, "qed", "qemu-img convert" },
    { 0, "QFI\xfb\0\0\0\1", 8, MEDIA_DISK, "qcow", "qemu-img convert" },
    { 0, "LUKS\xba\xbe", 6, MEDIA_DISK, "luks", "encrypted" },
    { 0, "\x1f\x8b\x08", 3, MEDIA_ARCHIVE, "gzip", "Unpack" },
    { 0,
      "\xfd"
      "7zXZ",
      6, MEDIA_ARCHIVE, "xz", "Unpack" },
    { 0, "\x28\xb5\x2f\xfd", 4, MEDIA_ARCHIVE, "zstd", "Unpack" },
    { 0, "BZh9", 4, MEDIA_ARCHIVE, "bzip2", "Unpack" },
    { 0, "PK\3\4", 4, MEDIA_ARCHIVE, "zip", "Unpack" },
    { 0, "7z\xbc\xaf\x27\x1c", 6, MEDIA_ARCHIVE, "7z", "Unpack" },
    { 257, "ustar", 5, MEDIA_ARCHIVE, "tar", "Unpack" },
    { 0, "hsqs", 4, MEDIA_ARCHIVE, "squashfs", "whole ISO" },
    { 0, "070701", 6, MEDIA_ARCHIVE, "cpio", "Choose the kernel" },
    { 0, "\0\377\377\377\377\377\377\377\377\377\377\0", 12, MEDIA_UNKNOWN, "cd-raw", "bchunk" },
    { 0, "", 0, MEDIA_UNKNOWN, NULL, "nothing but zeroes" },
    { 100, "\1\2\3\4", 4, MEDIA_UNKNOWN, NULL, "Nothing in it tells" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) image = g_byte_array_new ();
    image_put (image, cases[i].at, cases[i].magic, cases[i].length);
    image_put (image, 4095, NULL, 1);
    expect (image, cases[i].kind, cases[i].format, ":");
    g_autoptr (MediaInfo) info = image_probe (image);
    g_assert_true (image_has_remark (info, cases[i].remark));
  }
  g_autoptr (GByteArray) ova = image_text ("machine.ovf");
  image_put (ova, 257, "ustar", 5);
  g_autoptr (MediaInfo) info = image_probe (ova);
  g_assert_cmpstr (info->format, ==, "ova");
}

static void
test_texts (void)
{
  static const struct {
    const char *text, *format, *remark;
  } cases[] = {
    { "<!DOCTYPE html>\n<html><head><title>Not found</title>", "html", "web page" },
    { "\n\n<HTML>", "html", "the download failed" },
    { "Gr\xc3\xbc\xc3\x9f"
      "e\n",
      "text", "a text" },
    { "{\"error\": 404}", "text", "a text" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) image = image_text (cases[i].text);
    expect (image, MEDIA_UNKNOWN, cases[i].format, ":");
    g_autoptr (MediaInfo) info = image_probe (image);
    g_assert_true (image_has_remark (info, cases[i].remark));
  }
  g_autoptr (GByteArray) empty = image_text ("");
  g_autoptr (MediaInfo) info = image_probe (empty);
  g_assert_true (image_has_remark (info, "empty"));
}

static void
expect_error (int fd, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (media_probe (fd, NULL, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
  close (fd);
}

static void
test_errors (void)
{
  expect_error (open ("/", O_RDONLY | O_CLOEXEC), G_IO_ERROR_IS_DIRECTORY, "folder");
  expect_error (open ("/dev/null", O_RDONLY | O_CLOEXEC), G_IO_ERROR_NOT_REGULAR_FILE,
                "neither a regular file");
  g_autoptr (GByteArray) image = image_text ("text");
  int fd = image_fd (image);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  expect_error (open (path, O_WRONLY | O_CLOEXEC), g_io_error_from_errno (EBADF), "Check its permissions");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_autoptr (GError) error = NULL;
  g_assert_null (media_probe (fd, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  close (fd);
}

static void
test_variant (void)
{
  char *archs[] = { "riscv64", "riscv32", NULL }, *remarks[] = { "One.", "Two.", NULL };
  const MediaInfo info = { .kind = MEDIA_OPTICAL,
                           .format = "iso9660",
                           .size = 1,
                           .disk_size = 2,
                           .volume_size = 3,
                           .volume = "V",
                           .system = "S",
                           .publisher = "P",
                           .application = "A",
                           .description = "D",
                           .architectures = archs,
                           .boot = MEDIA_BOOT_BIOS | MEDIA_BOOT_OTHER,
                           .hybrid = true,
                           .remarks = remarks };
  g_autoptr (GVariant) variant = g_variant_ref_sink (media_info_to_variant (&info));
  g_autoptr (MediaInfo) back = media_info_from_variant (variant);
  g_autoptr (GVariant) again = g_variant_ref_sink (media_info_to_variant (back));
  g_assert_true (g_variant_equal (variant, again));
  g_autofree char *summary = image_summary (back);
  g_assert_cmpstr (summary, ==, "riscv64 riscv32: bios other");
  g_assert_null (media_os_from_variant (variant));

  const MediaOs os = { "id", "name", true, true, 1, 2, 3, "riscv64" };
  g_autoptr (GVariant) os_variant = g_variant_ref_sink (media_os_to_variant (&os));
  g_autoptr (MediaOs) os_back = media_os_from_variant (os_variant);
  g_autoptr (GVariant) os_again = g_variant_ref_sink (media_os_to_variant (os_back));
  g_assert_true (g_variant_equal (os_variant, os_again));

  /* From a process that may have been taken over. */
  g_autoptr (GVariant) wrong = g_variant_ref_sink (g_variant_new_parsed (
      "{'kind': <7>, 'format': <true>, 'size': <'x'>, 'architectures': <'x'>, 'boot': <[1, 2]>,"
      " 'hybrid': <'yes'>, 'remarks': <@aas []>, 'os-id': <'x'>, 'recommended': <'x'>}"));
  g_autoptr (MediaInfo) nothing = media_info_from_variant (wrong);
  g_autoptr (MediaOs) no_os = media_os_from_variant (wrong);
  g_assert_cmpint (nothing->kind, ==, MEDIA_UNKNOWN);
  g_assert_null (nothing->architectures[0]);
  g_assert_null (nothing->remarks[0]);
  g_assert_cmpuint (no_os->memory, ==, 0);
  for (MediaKind kind = MEDIA_UNKNOWN; kind <= MEDIA_ARCHIVE; kind++)
    g_assert_nonnull (media_kind_name (kind));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/media/files/gpt", test_gpt);
  g_test_add_func ("/media/files/mbr", test_mbr);
  g_test_add_func ("/media/files/filesystems", test_filesystems);
  g_test_add_func ("/media/files/kernels", test_kernels);
  g_test_add_func ("/media/files/firmware", test_firmware);
  g_test_add_func ("/media/files/formats", test_formats);
  g_test_add_func ("/media/files/texts", test_texts);
  g_test_add_func ("/media/files/errors", test_errors);
  g_test_add_func ("/media/files/variant", test_variant);
  return g_test_run ();
}
