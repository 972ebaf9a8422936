/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images of all kinds, whole and hostile ones. */

#include "loader.h"
#include <elf.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define RAM_BASE UINT64_C (0x80000000)
#define RAM_SIZE (UINT64_C (16) << 20)

typedef struct {
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion region;
  Loader *loader;
  char *dir, *path;
} Fixture;

static void
set_up (Fixture *f, const void *data)
{
  f->map = memory_map_new (56);
  f->ram = ram_block_new ("ram", RAM_SIZE, NULL);
  f->region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE, .ram = f->ram };
  memory_region_map (f->map, &f->region, RAM_BASE);
  f->loader = loader_new (EM_RISCV, RAM_BASE, RAM_SIZE);
  f->dir = g_dir_make_tmp ("vitrine-loader-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "image", NULL);
}

static void
tear_down (Fixture *f, const void *data)
{
  loader_free (f->loader);
  memory_map_free (f->map);
  ram_block_free (f->ram);
  g_unlink (f->path);
  g_rmdir (f->dir);
  g_free (f->path);
  g_free (f->dir);
}

static void
write_file (Fixture *f, const void *data, gsize size)
{
  g_assert_true (g_file_set_contents (f->path, data, (gssize)size, NULL));
}

static void
write_gzip (Fixture *f, const void *data, gsize size)
{
  g_autoptr (GFile) file = g_file_new_for_path (f->path);
  g_autoptr (GConverter) gzip = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6));
  g_autoptr (GOutputStream) base = G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, 0, NULL, NULL));
  g_autoptr (GOutputStream) out = g_converter_output_stream_new (base, gzip);

  g_assert_true (g_output_stream_write_all (out, data, size, NULL, NULL, NULL));
  g_assert_true (g_output_stream_close (out, NULL, NULL));
}

/* It is refused, and the message says something like `why`. */
static void
assert_refused (Fixture *f, uint64_t address, const char *why)
{
  g_autoptr (GError) error = NULL;
  LoadedImage image;

  g_assert_false (loader_add_image (f->loader, "kernel", f->path, address, &image, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, why);
}

static LoadedImage
add (Fixture *f, uint64_t address)
{
  LoadedImage image;
  GError *error = NULL;

  loader_add_image (f->loader, "kernel", f->path, address, &image, &error);
  g_assert_no_error (error);
  return image;
}

static void
load (Fixture *f)
{
  GError *error = NULL;

  loader_load (f->loader, f->map, &error);
  g_assert_no_error (error);
}

static void
test_raw (Fixture *f, const void *data)
{
  write_file (f, "hello", 5);
  LoadedImage image = add (f, RAM_BASE + 0x1000);
  g_assert_cmphex (image.low, ==, RAM_BASE + 0x1000);
  g_assert_cmphex (image.high, ==, RAM_BASE + 0x1005);
  g_assert_cmphex (image.entry, ==, RAM_BASE + 0x1000);
  load (f);
  g_assert_cmpmem (f->ram->host + 0x1000, 6, "hello", 6);
  /* A reset brings back what the guest has changed, though the file's name is gone. */
  memset (f->ram->host, 0xff, 0x2000);
  g_unlink (f->path);
  load (f);
  g_assert_cmpmem (f->ram->host + 0x1000, 6, "hello\xff", 6);
}

static void
test_gzip (Fixture *f, const void *data)
{
  g_autofree uint8_t *content = g_malloc0 (300000);

  content[299999] = 7;
  write_gzip (f, content, 300000);
  LoadedImage image = add (f, RAM_BASE);
  g_assert_cmphex (image.high, ==, RAM_BASE + 300000);
  for (unsigned i = 0; i < 2; i++) {
    f->ram->host[299999] = f->ram->host[5] = 1;
    load (f);
    g_assert_cmpuint (f->ram->host[5], ==, 0);
    g_assert_cmpuint (f->ram->host[299999], ==, 7);
  }
}

static void
test_gzip_hostile (Fixture *f, const void *data)
{
  gsize bomb_size = RAM_SIZE + 4096;
  g_autofree uint8_t *bomb = g_malloc0 (bomb_size);
  g_autofree char *packed = NULL;
  gsize packed_size;

  write_gzip (f, bomb, bomb_size);
  assert_refused (f, RAM_BASE, "-m");
  write_gzip (f, "some text that is packed", 24);
  g_assert_true (g_file_get_contents (f->path, &packed, &packed_size, NULL));
  for (gsize cut = 19; cut < packed_size; cut++) {
    write_file (f, packed, cut);
    assert_refused (f, RAM_BASE, "damaged");
  }
  packed[packed_size - 6] ^= 1; /* the checksum */
  write_file (f, packed, packed_size);
  assert_refused (f, RAM_BASE, "damaged");
}

static void
test_linux_image (Fixture *f, const void *data)
{
  uint8_t image[256] = { 0 };
  uint64_t mem = GUINT64_TO_LE (UINT64_C (1) << 20);

  memcpy (image + 0x30, "RISCV\0\0\0RSC\x05", 12);
  memcpy (image + 0x10, &mem, 8);
  write_file (f, image, sizeof image);
  LoadedImage loaded = add (f, RAM_BASE);
  g_assert_cmphex (loaded.high, ==, RAM_BASE + (1 << 20));
  mem = GUINT64_TO_LE (UINT64_MAX);
  memcpy (image + 0x10, &mem, 8);
  write_file (f, image, sizeof image);
  assert_refused (f, RAM_BASE + (4 << 20), "-m");
}

typedef struct {
  Elf64_Ehdr e;
  Elf64_Phdr p[2];
  char content[32];
} __attribute__ ((packed)) Elf;

static Elf
make_elf (void)
{
  return (Elf){
    .e = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
           .e_type = ET_EXEC,
           .e_machine = EM_RISCV,
           .e_entry = 0xffffffff80000010,
           .e_phoff = sizeof (Elf64_Ehdr),
           .e_phentsize = sizeof (Elf64_Phdr),
           .e_phnum = 2 },
    .p = { { .p_type = PT_LOAD,
             .p_offset = offsetof (Elf, content),
             .p_vaddr = 0xffffffff80000000,
             .p_paddr = RAM_BASE + 0x200000,
             .p_filesz = 32,
             .p_memsz = 64 },
           { .p_type = PT_NOTE, .p_offset = UINT64_MAX, .p_filesz = UINT64_MAX } },
    .content = "content of the segment",
  };
}

static void
test_elf (Fixture *f, const void *data)
{
  Elf elf = make_elf ();

  write_file (f, &elf, sizeof elf);
  LoadedImage image = add (f, RAM_BASE);
  g_assert_cmphex (image.low, ==, RAM_BASE + 0x200000);
  g_assert_cmphex (image.high, ==, RAM_BASE + 0x200040);
  g_assert_cmphex (image.entry, ==, RAM_BASE + 0x200010);
  memset (f->ram->host + 0x200000, 0xff, 80);
  load (f);
  g_assert_cmpstr ((char *)f->ram->host + 0x200000, ==, "content of the segment");
  g_assert_cmpuint (f->ram->host[0x20003f], ==, 0);
  g_assert_cmpuint (f->ram->host[0x200040], ==, 0xff);
}

static void
test_elf32 (Fixture *f, const void *data)
{
  struct {
    Elf32_Ehdr e;
    Elf32_Phdr p;
    uint32_t content;
  } elf = {
    .e = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
           .e_machine = EM_RISCV,
           .e_phoff = sizeof (Elf32_Ehdr),
           .e_phentsize = sizeof (Elf32_Phdr),
           .e_phnum = 1 },
    .p = { .p_type = PT_LOAD,
           .p_offset = 84,
           .p_paddr = RAM_BASE,
           .p_vaddr = RAM_BASE,
           .p_filesz = 4,
           .p_memsz = 4 },
    .content = GUINT32_TO_LE (0x12345678),
  };

  write_file (f, &elf, sizeof elf);
  g_assert_cmphex (add (f, 0).entry, ==, RAM_BASE);
  load (f);
  g_assert_cmphex (f->ram->host[0], ==, 0x78);
}

/* An Image for Arm goes to its text offset, old ones and all else to where old ones expect to be. */
static void
test_arm_image (Fixture *f, const void *data)
{
  struct {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, res[3];
    char magic[4];
    uint32_t res5, content;
  } image = { .text_offset = GUINT64_TO_LE (0x10000),
              .image_size = GUINT64_TO_LE (0x3000),
              .magic = "ARM\x64" };
  Loader *riscv = f->loader;

  f->loader = loader_new (EM_AARCH64, RAM_BASE, RAM_SIZE);
  write_file (f, &image, sizeof image);
  LoadedImage loaded = add (f, RAM_BASE);
  g_assert_true (loaded.linux_image);
  g_assert_cmphex (loaded.low, ==, RAM_BASE + 0x10000);
  g_assert_cmphex (loaded.entry, ==, RAM_BASE + 0x10000);
  g_assert_cmphex (loaded.high, ==, RAM_BASE + 0x13000);
  image.image_size = 0;
  write_file (f, &image, sizeof image);
  loaded = add (f, RAM_BASE);
  g_assert_true (loaded.linux_image);
  g_assert_cmphex (loaded.low, ==, RAM_BASE + 0x80000);
  write_file (f, "raw", 3);
  loaded = add (f, RAM_BASE + 0x100000);
  g_assert_false (loaded.linux_image);
  g_assert_cmphex (loaded.entry, ==, RAM_BASE + 0x180000);
  image.image_size = GUINT64_TO_LE (1);
  image.text_offset = UINT64_MAX;
  write_file (f, &image, sizeof image);
  assert_refused (f, RAM_BASE, "no sense");
  image.text_offset = 0;
  image.image_size = UINT64_MAX;
  write_file (f, &image, sizeof image);
  assert_refused (f, RAM_BASE, "-m");
  loader_free (riscv);
}

/* A kernel in an EFI application. */
static void
write_zboot (Fixture *f, const char *method, const void *packed, uint32_t packed_size, uint32_t said)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  uint8_t header[64] = "MZ\0\0zimg";
  uint32_t offset = GUINT32_TO_LE (64), size = GUINT32_TO_LE (said);

  memcpy (header + 8, &offset, 4);
  memcpy (header + 12, &size, 4);
  g_strlcpy ((char *)header + 24, method, 32);
  g_byte_array_append (file, header, sizeof header);
  g_byte_array_append (file, packed, packed_size);
  write_file (f, file->data, file->len);
}

static void
test_zboot (Fixture *f, const void *data)
{
  g_autofree char *content = g_malloc0 (300000), *gzip = NULL;
  g_autofree uint8_t *zstd = g_malloc (ZSTD_compressBound (300000) + 4);
  gsize gzip_size;

  memset (content, 'k', 300000);
  write_gzip (f, content, 300000);
  g_assert_true (g_file_get_contents (f->path, &gzip, &gzip_size, NULL));
  write_zboot (f, "gzip", gzip, (uint32_t)gzip_size, (uint32_t)gzip_size);
  g_assert_cmphex (add (f, RAM_BASE).high, ==, RAM_BASE + 300000);
  uint32_t zstd_size = (uint32_t)ZSTD_compress (zstd, ZSTD_compressBound (300000), content, 300000, 3);
  memset (zstd + zstd_size, 7, 4); /* the size that Linux's build appends */
  write_zboot (f, "zstd22", zstd, zstd_size + 4, zstd_size + 4);
  g_assert_cmphex (add (f, RAM_BASE + 0x100000).high, ==, RAM_BASE + 0x100000 + 300000);
  load (f);
  g_assert_cmpmem (f->ram->host + 299990, 10, content, 10);
  g_assert_cmpmem (f->ram->host + 0x100000 + 299990, 10, content, 10);
  write_zboot (f, "zstd22", zstd, zstd_size / 2, zstd_size / 2);
  assert_refused (f, RAM_BASE + 0x200000, "damaged");
  write_zboot (f, "gzip", gzip, (uint32_t)gzip_size, UINT32_MAX);
  assert_refused (f, RAM_BASE + 0x200000, "cut short");
  write_zboot (f, "xzkern", gzip, (uint32_t)gzip_size, (uint32_t)gzip_size);
  assert_refused (f, RAM_BASE + 0x200000, "xzkern");
}

static void
refuse_elf (Fixture *f, const Elf *elf, const char *why)
{
  write_file (f, elf, sizeof *elf);
  assert_refused (f, RAM_BASE, why);
}

static void
test_elf_hostile (Fixture *f, const void *data)
{
  Elf elf = make_elf ();

  for (gsize cut = EI_NIDENT; cut < sizeof elf; cut++) {
    write_file (f, &elf, cut);
    assert_refused (f, RAM_BASE, "");
  }
  elf.e.e_machine = EM_AARCH64;
  refuse_elf (f, &elf, "another processor");
  elf = make_elf ();
  elf.e.e_ident[EI_DATA] = ELFDATA2MSB;
  refuse_elf (f, &elf, "big-endian");
  elf = make_elf ();
  elf.e.e_ident[EI_CLASS] = 9;
  refuse_elf (f, &elf, "class");
  elf = make_elf ();
  elf.e.e_phoff = UINT64_MAX - 7;
  refuse_elf (f, &elf, "cut short");
  elf = make_elf ();
  elf.e.e_phnum = 0xffff;
  refuse_elf (f, &elf, "program headers");
  elf = make_elf ();
  elf.e.e_phnum = 0;
  refuse_elf (f, &elf, "nothing to load");
  elf = make_elf ();
  elf.p[0].p_memsz = UINT64_MAX;
  refuse_elf (f, &elf, "-m");
  elf = make_elf ();
  elf.p[0].p_memsz = 8;
  refuse_elf (f, &elf, "damaged");
  elf = make_elf ();
  elf.p[0].p_offset = UINT64_MAX - 3;
  refuse_elf (f, &elf, "damaged");
  elf = make_elf ();
  elf.p[0].p_paddr = UINT64_MAX - 3;
  refuse_elf (f, &elf, "-m");
  elf = make_elf ();
  elf.p[0].p_paddr = RAM_BASE - 1;
  refuse_elf (f, &elf, "RAM is");
  elf = make_elf ();
  elf.p[0].p_paddr = RAM_BASE + RAM_SIZE - 63;
  refuse_elf (f, &elf, "-m");
  elf = make_elf ();
  elf.p[1] = elf.p[0];
  elf.p[1].p_paddr += 63;
  refuse_elf (f, &elf, "overlaps");
}

static void
test_overlap (Fixture *f, const void *data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("0123456789", 10);
  g_autoptr (GError) error = NULL;

  write_file (f, "kernel", 6);
  add (f, RAM_BASE + 100);
  g_assert_false (loader_add_bytes (f->loader, "device tree", bytes, RAM_BASE + 91, &error));
  g_assert_nonnull (strstr (error->message, "the device tree"));
  g_assert_nonnull (strstr (error->message, "the kernel"));
  g_assert_true (loader_add_bytes (f->loader, "device tree", bytes, RAM_BASE + 90, NULL));
  g_autoptr (GBytes) other = g_bytes_new_static ("abcdefghij", 10);
  g_autoptr (GBytes) shorter = g_bytes_new_static ("x", 1);
  loader_replace_bytes (f->loader, "device tree", other);
  loader_replace_bytes (f->loader, "device tree", shorter);
  load (f);
  g_assert_cmpmem (f->ram->host + 90, 16, "abcdefghijkernel", 16);
}

static void
test_files (Fixture *f, const void *data)
{
  g_autofree char *name = g_steal_pointer (&f->path);

  f->path = g_strdup (name);
  assert_refused (f, RAM_BASE, "check the path");
  write_file (f, "", 0);
  assert_refused (f, RAM_BASE, "empty");
  g_unlink (f->path);
  g_free (f->path);
  f->path = g_strdup (f->dir);
  assert_refused (f, RAM_BASE, "regular file");
  g_free (f->path);
  f->path = g_strdup (name);
  /* What has become shorter is reported at the reset that misses it. */
  write_file (f, "0123456789", 10);
  add (f, RAM_BASE);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (truncate (f->path, 4), ==, 0);
  g_assert_false (loader_load (f->loader, f->map, &error));
  g_assert_nonnull (strstr (error->message, "shorter"));
}

/* What is left, and what is not. */
static void
test_free (Fixture *f, const void *data)
{
  uint64_t start, end;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("0123456789", 10);

  loader_free_range (f->loader, &start, &end);
  g_assert_cmphex (start, ==, RAM_BASE);
  g_assert_cmphex (end, ==, RAM_BASE + RAM_SIZE);
  g_assert_true (loader_is_free (f->loader, RAM_BASE, RAM_SIZE));
  loader_add_bytes (f->loader, "a", bytes, RAM_BASE + RAM_SIZE / 4, NULL);
  loader_add_bytes (f->loader, "b", bytes, RAM_BASE, NULL);
  loader_add_bytes (f->loader, "c", bytes, RAM_BASE + RAM_SIZE - 10, NULL);
  loader_add_bytes (f->loader, "elsewhere", bytes, 0x1000, NULL);
  loader_free_range (f->loader, &start, &end);
  g_assert_cmphex (start, ==, RAM_BASE + RAM_SIZE / 4 + 0x10000);
  g_assert_cmphex (end, ==, RAM_BASE + RAM_SIZE - 16);
  g_assert_true (loader_is_free (f->loader, start, end - start));
  g_assert_false (loader_is_free (f->loader, RAM_BASE + 9, 1));
  g_assert_true (loader_is_free (f->loader, RAM_BASE + 10, 1));
  g_assert_false (loader_is_free (f->loader, RAM_BASE + 10, RAM_SIZE / 2));
}

static void
test_program (Fixture *f, const void *data)
{
  LoadedImage image;

  /* No header that says where: as it is, be it compressed or not. */
  write_gzip (f, "hello", 5);
  g_assert_true (loader_add_program (f->loader, "file", f->path, RAM_BASE + 0x40, &image, NULL));
  g_assert_cmphex (image.entry, ==, RAM_BASE + 0x40);
  load (f);
  g_assert_cmpmem (f->ram->host + 0x40, 2, "\x1f\x8b", 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/machine/loader/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("raw", test_raw);
  ADD ("gzip", test_gzip);
  ADD ("gzip-hostile", test_gzip_hostile);
  ADD ("linux-image", test_linux_image);
  ADD ("arm-image", test_arm_image);
  ADD ("zboot", test_zboot);
  ADD ("elf", test_elf);
  ADD ("elf32", test_elf32);
  ADD ("elf-hostile", test_elf_hostile);
  ADD ("overlap", test_overlap);
  ADD ("files", test_files);
  ADD ("free", test_free);
  ADD ("program", test_program);
  return g_test_run ();
}
