/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What ISO images start on, by loaders, kernels, descriptions, and ways of naming files. */

#include "media-image.h"

#include <string.h>

static const struct {
  const char *name;
  uint16_t machine;
  const char *arch;
} efi_machines[] = {
  { "BOOTX64.EFI", 0x8664, "x86_64" },
  { "BOOTIA32.EFI", 0x014c, "i386" },
  { "BOOTAA64.EFI", 0xaa64, "aarch64" },
  { "BOOTARM.EFI", 0x01c2, "arm" },
  { "BOOTRISCV64.EFI", 0x5064, "riscv64" },
  { "BOOTRISCV32.EFI", 0x5032, "riscv32" },
  { "BOOTLOONGARCH64.EFI", 0x6264, "loongarch64" },
};

static void
expect (const IsoSpec *spec, const char *summary)
{
  g_autoptr (GByteArray) image = image_iso (spec);
  g_autoptr (MediaInfo) info = image_probe (image);
  g_autofree char *found = image_summary (info);
  g_assert_cmpstr (found, ==, summary);
  g_assert_cmpint (info->kind, ==, MEDIA_OPTICAL);
  g_assert_cmpstr (info->format, ==, "iso9660");
}

/* An ESP in the catalogue, in each kind of FAT, with the program's header or only with its name. */
static void
test_efi_image (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (efi_machines); i++) {
    for (unsigned variant = 0; variant < 6; variant++) {
      static const unsigned bits[] = { 12, 16, 32 };
      g_autofree char *path = g_strconcat ("EFI/BOOT/", efi_machines[i].name, NULL);
      g_autofree char *summary = g_strconcat (efi_machines[i].arch, ": efi", NULL);
      g_autoptr (GByteArray) program =
          variant < 3 ? image_pe (efi_machines[i].machine) : image_text ("cut off");
      const ImageFile files[] = { { "EFI/BOOT/FIRST.TXT", program }, { path, program }, { NULL } };
      g_autoptr (GByteArray) esp = image_fat (bits[variant % 3], files);
      const IsoBoot boot[] = { { 0xef, esp }, { 0 } };
      expect (&(IsoSpec){ .volume = "X", .boot = boot }, summary);
    }
  }
}

/* The header is surer than the name. */
static void
test_efi_header (void)
{
  g_autoptr (GByteArray) program = image_pe (0x5064);
  const ImageFile files[] = { { "EFI/BOOT/BOOTX64.EFI", program }, { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, files);
  const IsoBoot boot[] = { { 0xef, esp }, { 0 } };
  expect (&(IsoSpec){ .volume = "X", .boot = boot }, "riscv64: efi");
  /* Where the tool that made it knew of no other platform than a PC's. */
  const IsoBoot old[] = { { 0, esp }, { 0 } };
  expect (&(IsoSpec){ .volume = "X", .boot = old }, "riscv64: efi");
}

typedef struct {
  const char *what, *arch;
  GByteArray *data;
} Kernel;

static GArray *
all_kernels (void)
{
  static const struct {
    const char *kind, *arch;
  } plain[] = { { "bzImage", "x86_64" },        { "bzImage32", "i386" },        { "Image-arm64", "aarch64" },
                { "Image-riscv64", "riscv64" }, { "Image-riscv32", "riscv32" }, { "zImage", "arm" } };
  static const struct {
    uint16_t machine;
    unsigned bits;
    bool big;
    const char *arch;
  } elf[] = { { 3, 32, false, "i386" },          { 62, 64, false, "x86_64" },   { 40, 32, false, "arm" },
              { 183, 64, false, "aarch64" },     { 243, 64, false, "riscv64" }, { 243, 32, false, "riscv32" },
              { 258, 64, false, "loongarch64" }, { 21, 64, true, "ppc64" },     { 21, 64, false, "ppc64" },
              { 20, 32, true, "ppc" },           { 8, 32, true, "mips" },       { 8, 32, false, "mipsel" },
              { 8, 64, true, "mips64" },         { 8, 64, false, "mips64el" },  { 2, 32, true, "sparc" },
              { 43, 64, true, "sparc64" },       { 22, 64, true, "s390x" } };
  GArray *kernels = g_array_new (FALSE, FALSE, sizeof (Kernel));
  for (unsigned i = 0; i < G_N_ELEMENTS (plain); i++) {
    Kernel kernel = { plain[i].kind, plain[i].arch, image_kernel (plain[i].kind) };
    g_array_append_val (kernels, kernel);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (elf); i++) {
    Kernel kernel = { "elf", elf[i].arch, image_elf (elf[i].machine, elf[i].bits, elf[i].big, true) };
    g_array_append_val (kernels, kernel);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (efi_machines); i++) {
    Kernel kernel = { "zboot", efi_machines[i].arch, image_zboot (efi_machines[i].machine) };
    g_array_append_val (kernels, kernel);
  }
  /* And each of them packed. */
  for (unsigned i = 0, n = kernels->len; i < n; i++) {
    Kernel kernel = g_array_index (kernels, Kernel, i);
    kernel.data = image_gzip (kernel.data);
    g_array_append_val (kernels, kernel);
  }
  return kernels;
}

static void
test_kernels (void)
{
  static const char *const places[] = { "casper/vmlinuz",   "install.amd/vmlinuz",    "live/vmlinuz-6.1.0-9",
                                        "boot/vmlinuz-lts", "images/pxeboot/vmlinuz", "odd/place/kern.bin" };
  g_autoptr (GByteArray) config =
      image_text ("set timeout=1\nmenuentry \"Install\" {\n\tlinux\t/odd/place/kern.bin quiet\n}\n");
  g_autoptr (GArray) kernels = all_kernels ();
  for (unsigned i = 0; i < kernels->len; i++) {
    Kernel *kernel = &g_array_index (kernels, Kernel, i);
    for (unsigned place = 0; place < G_N_ELEMENTS (places); place++) {
      g_autofree char *summary = g_strconcat (kernel->arch, ":", NULL);
      const ImageFile files[] = { { "boot/grub/grub.cfg", config },
                                  { places[place], kernel->data },
                                  { NULL } };
      expect (&(IsoSpec){ .volume = "X", .names = place % 4, .files = files }, summary);
    }
    g_byte_array_unref (kernel->data);
  }
}

static void
test_names (void)
{
  g_autoptr (GByteArray) kernel = image_kernel ("Image-riscv64");
  g_autoptr (GByteArray) info_file =
      image_text ("Debian GNU/Linux 13.1.0 \"Trixie\" - Official riscv64 NETINST\n");
  /* A name with two dots is none of ISO 9660's own, so the third file needs one of the others. */
  const ImageFile files[] = { { ".disk/info", info_file },
                              { "install/vmlinuz", kernel },
                              { "live/vmlinuz-6.12.1-riscv64", kernel },
                              { NULL } };
  for (IsoNames names = ISO_PLAIN; names <= ISO_JOLIET; names++) {
    g_autoptr (GByteArray) image =
        image_iso (&(IsoSpec){ .volume = "VOL 1", .names = names, .files = files });
    g_autoptr (MediaInfo) info = image_probe (image);
    g_assert_cmpstr (info->description, ==, "Debian GNU/Linux 13.1.0 \"Trixie\" - Official riscv64 NETINST");
    g_assert_cmpstr (info->volume, ==, "VOL 1");
    g_assert_cmpstr (info->system, ==, "SYSTEM");
    g_assert_cmpstr (info->publisher, ==, "PUBLISHER");
    g_assert_cmpstr (info->application, ==, "APPLICATION");
    g_assert_cmpuint (info->size, ==, image->len);
    g_assert_cmpuint (info->volume_size, ==, image->len);
    g_assert_cmpuint (info->disk_size, ==, 0);
    g_assert_cmpstr (info->architectures[0], ==, "riscv64");
    g_assert_true (image_has_remark (info, "no boot record"));
    g_assert_cmpuint (g_strv_length (info->remarks), ==, 1);
  }
}

/* What a Debian or Ubuntu CD for PCs has: both firmwares, a 32-bit loader for 64-bit kernels. */
static void
test_pc (void)
{
  g_autoptr (GByteArray) x64 = image_pe (0x8664), ia32 = image_pe (0x14c), code = image_text ("boot sector");
  g_autoptr (GByteArray) kernel = image_kernel ("bzImage"), kernel32 = image_kernel ("bzImage32");
  const ImageFile loaders[] = { { "EFI/BOOT/BOOTX64.EFI", x64 },
                                { "EFI/BOOT/BOOTIA32.EFI", ia32 },
                                { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, loaders);
  const IsoBoot boot[] = { { 0, code }, { 0xef, esp }, { 0 } }, bios[] = { { 0, code }, { 0 } };
  const ImageFile for64[] = { { "install/vmlinuz", kernel }, { NULL } };
  const ImageFile for32[] = { { "install/vmlinuz", kernel32 }, { NULL } };
  const ImageFile memtest[] = { { "install/vmlinuz", kernel },
                                { "boot/vmlinuz-memtest", kernel32 },
                                { NULL } };
  expect (&(IsoSpec){ "X", .files = for64, .boot = boot }, "x86_64: bios efi");
  expect (&(IsoSpec){ "X", .files = memtest, .boot = bios }, "x86_64: bios");
  expect (&(IsoSpec){ "X", .files = for32, .boot = bios }, "i386 x86_64: bios");
  expect (&(IsoSpec){ "X", .boot = boot }, "x86_64 i386: bios efi");
  expect (&(IsoSpec){ "X", .boot = bios }, "x86_64 i386: bios");
  /* Windows names its architecture in the volume's name. */
  expect (&(IsoSpec){ "CCCOMA_X64FRE_EN-US_DV9", .boot = bios }, "x86_64: bios");
  expect (&(IsoSpec){ "Fedora-S-dvd-x86_64-41", .boot = bios }, "x86_64: bios");
}

static void
test_descriptions (void)
{
  static const struct {
    const char *file, *text, *summary, *description;
  } cases[] = {
    { ".disk/info", "Ubuntu-Server 24.04.1 LTS \"Noble Numbat\" - Release arm64 (20240827)",
      "aarch64:", "Ubuntu-Server 24.04.1 LTS \"Noble Numbat\" - Release arm64 (20240827)" },
    { ".disk/info", "Debian GNU/Linux 12 - Official powerpc",
      "ppc:", "Debian GNU/Linux 12 - Official powerpc" },
    { ".treeinfo", "[general]\narch = x86_64\nfamily = Fedora\nversion = 41\n", "x86_64:", "Fedora 41" },
    { ".treeinfo", "[release]\nname = Red Hat\nversion = 9.4\n[tree]\narch = ppc64le\n",
      "ppc64:", "Red Hat 9.4" },
    { ".treeinfo", "[general\nnonsense", ":", NULL },
    { ".disk/info", "\n", ":", NULL },
    { ".disk/info", "\xff\xfe", ":", "\xef\xbf\xbd\xef\xbf\xbd" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) text = image_text (cases[i].text);
    const ImageFile files[] = { { cases[i].file, text }, { NULL } };
    g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "X", ISO_ROCK_RIDGE, files });
    g_autoptr (MediaInfo) info = image_probe (image);
    g_autofree char *summary = image_summary (info);
    g_assert_cmpstr (summary, ==, cases[i].summary);
    g_assert_cmpstr (info->description, ==, cases[i].description);
  }
}

static void
test_other_firmware (void)
{
  g_autoptr (GByteArray) text = image_text ("<chrp-boot>");
  g_autoptr (GByteArray) yaboot = image_elf (20, 32, true, false), kernel = image_elf (21, 64, true, true);
  g_autoptr (GByteArray) code = image_text ("code");
  const ImageFile powerpc[] = {
    { "ppc/bootinfo.txt", text }, { "install/yaboot", yaboot }, { "install/vmlinux", kernel }, { NULL }
  };
  expect (&(IsoSpec){ "X", ISO_ROCK_RIDGE, powerpc }, "ppc64 ppc: other");
  const IsoBoot mac[] = { { 2, code }, { 0 } };
  expect (&(IsoSpec){ "X", .boot = mac }, "ppc: other");
  /* The label of a Sun in the system area. */
  g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "X" });
  image_be (image, 508, 2, 0xdabe);
  image_be (image, 510, 2, 0xdabe);
  g_autoptr (MediaInfo) sun = image_probe (image);
  g_autofree char *summary = image_summary (sun);
  g_assert_cmpstr (summary, ==, "sparc64 sparc: other");
  image_be (image, 508, 4, 0);
  image_be (image, 0, 4, 0x0be5a941);
  g_autoptr (MediaInfo) sgi = image_probe (image);
  g_assert_cmpstr (sgi->architectures[0], ==, "mips64");
}

static void
test_hybrid (void)
{
  g_autoptr (GByteArray) program = image_pe (0xaa64);
  const ImageFile files[] = { { "EFI/BOOT/BOOTAA64.EFI", program }, { NULL } };
  g_autoptr (GByteArray) esp = image_fat (12, files);
  g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "X" });
  uint32_t at = image->len / 512;
  image_put (image, image->len, esp->data, esp->len);
  g_autoptr (MediaInfo) plain = image_probe (image);
  g_assert_false (plain->hybrid);
  image_mbr (image, 1, 0xef, false, at, esp->len / 512);
  g_autoptr (MediaInfo) info = image_probe (image);
  g_autofree char *summary = image_summary (info);
  g_assert_cmpstr (summary, ==, "aarch64: efi");
  g_assert_true (info->hybrid);
}

static void
test_catalogue_errors (void)
{
  g_autoptr (GByteArray) code = image_text ("code");
  const IsoBoot boot[] = { { 0, code }, { 0 } };
  g_autoptr (GByteArray) image = image_iso (&(IsoSpec){ "X", .boot = boot });
  size_t catalogue = ISO_CATALOGUE * 2048;
  image_le (image, catalogue + 4, 1, 7);
  g_autoptr (MediaInfo) sum = image_probe (image);
  g_assert_true (image_has_remark (sum, "boot catalogue is damaged"));
  g_assert_cmpint (sum->boot, ==, 0);
  image_le (image, catalogue + 4, 1, 0);
  image_le (image, catalogue + 32 + 8, 4, 0x7fffffff);
  g_autoptr (MediaInfo) beyond = image_probe (image);
  g_assert_true (image_has_remark (beyond, "points beyond the end"));
  image_le (image, catalogue + 32, 1, 0);
  g_autoptr (MediaInfo) no_boot = image_probe (image);
  g_assert_true (image_has_remark (no_boot, "no boot record"));
  image_le (image, 17 * 2048 + 71, 4, 0xfffffff0);
  g_autoptr (MediaInfo) lost = image_probe (image);
  g_assert_true (image_has_remark (lost, "boot catalogue is damaged"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/media/optical/efi-image", test_efi_image);
  g_test_add_func ("/media/optical/efi-header", test_efi_header);
  g_test_add_func ("/media/optical/kernels", test_kernels);
  g_test_add_func ("/media/optical/names", test_names);
  g_test_add_func ("/media/optical/pc", test_pc);
  g_test_add_func ("/media/optical/descriptions", test_descriptions);
  g_test_add_func ("/media/optical/other-firmware", test_other_firmware);
  g_test_add_func ("/media/optical/hybrid", test_hybrid);
  g_test_add_func ("/media/optical/catalogue-errors", test_catalogue_errors);
  return g_test_run ();
}
