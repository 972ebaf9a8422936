/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "loader.h"
#include "loader-file.h"
#include <elf.h>
#include <gio/gio.h>
#include <string.h>

/* A run of bytes at a place in guest memory: from a file or from `bytes`, then zeroes. */
typedef struct {
  char *what;
  LoaderFile *file;
  uint64_t file_offset;
  GBytes *bytes;
  uint64_t address, size, mem_size; /* size: bytes that have content */
} Piece;

struct Loader {
  uint16_t elf_machine;
  uint64_t ram_start, ram_size;
  GPtrArray *pieces;
};

/* Files with more program headers than this are none that a machine is started with. */
#define MAX_PHDRS 256

#define FREE_ALIGN UINT64_C (0x10000)

static void
piece_free (void *data)
{
  Piece *piece = data;

  g_free (piece->what);
  g_clear_pointer (&piece->file, loader_file_unref);
  g_clear_pointer (&piece->bytes, g_bytes_unref);
  g_free (piece);
}

Loader *
loader_new (uint16_t elf_machine, uint64_t ram_start, uint64_t ram_size)
{
  Loader *loader = g_new0 (Loader, 1);

  loader->elf_machine = elf_machine;
  loader->ram_start = ram_start;
  loader->ram_size = ram_size;
  loader->pieces = g_ptr_array_new_with_free_func (piece_free);
  return loader;
}

void
loader_free (Loader *loader)
{
  g_ptr_array_unref (loader->pieces);
  g_free (loader);
}

static bool
overlaps (const Piece *p, uint64_t address, uint64_t size)
{
  return address - p->address < p->mem_size || p->address - address < size;
}

bool
loader_is_free (const Loader *loader, uint64_t address, uint64_t size)
{
  for (unsigned i = 0; i < loader->pieces->len; i++)
    if (overlaps (loader->pieces->pdata[i], address, size))
      return false;
  return true;
}

/* From `start`, which must be free, to what comes next. */
static uint64_t
free_end (const Loader *loader, uint64_t start)
{
  uint64_t end = loader->ram_start + loader->ram_size;
  for (unsigned i = 0; i < loader->pieces->len; i++) {
    const Piece *p = loader->pieces->pdata[i];
    if (p->address >= start)
      end = MIN (end, p->address);
  }
  return end;
}

static bool
in_ram (const Loader *loader, uint64_t address, uint64_t size)
{
  return address >= loader->ram_start && address - loader->ram_start <= loader->ram_size &&
         size <= loader->ram_size - (address - loader->ram_start);
}

void
loader_free_range (const Loader *loader, uint64_t *ret_start, uint64_t *ret_end)
{
  *ret_start = *ret_end = loader->ram_start;
  /* One begins with RAM, or behind a piece. */
  for (unsigned i = 0; i <= loader->pieces->len; i++) {
    const Piece *p = i < loader->pieces->len ? loader->pieces->pdata[i] : NULL;
    uint64_t start = p ? p->address + p->mem_size : loader->ram_start;
    start = (start + FREE_ALIGN - 1) & ~(FREE_ALIGN - 1);
    if (!in_ram (loader, start, 1) || !loader_is_free (loader, start, 1))
      continue;
    uint64_t end = free_end (loader, start) & ~UINT64_C (15);
    if (end > start && end - start > *ret_end - *ret_start) {
      *ret_start = start;
      *ret_end = end;
    }
  }
}

/* Takes the piece over in either case. */
static bool
add_piece (Loader *loader, Piece *piece, GError **error)
{
  for (unsigned i = 0; i < loader->pieces->len; i++) {
    const Piece *p = loader->pieces->pdata[i];
    if (overlaps (p, piece->address, piece->mem_size)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "the %s (0x%" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT
                   " bytes) overlaps the %s (0x%" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT
                   " bytes); give the machine more memory with -m, or other files",
                   piece->what, piece->address, piece->mem_size, p->what, p->address, p->mem_size);
      piece_free (piece);
      return false;
    }
  }
  g_ptr_array_add (loader->pieces, piece);
  return true;
}

static bool
add_file_piece (Loader *loader, const char *what, LoaderFile *file, uint64_t offset, uint64_t size,
                uint64_t address, uint64_t mem_size, GError **error)
{
  if (!in_ram (loader, address, mem_size)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "the %s '%s' needs memory from 0x%" G_GINT64_MODIFIER "x on, %" G_GUINT64_FORMAT
                 " MiB, but RAM is %" G_GUINT64_FORMAT " MiB from 0x%" G_GINT64_MODIFIER
                 "x on; give the machine more with -m",
                 what, file->path, address, (mem_size + (1 << 20) - 1) >> 20, loader->ram_size >> 20,
                 loader->ram_start);
    return false;
  }
  Piece *piece = g_new0 (Piece, 1);
  piece->what = g_strdup (what);
  piece->file = loader_file_ref (file);
  piece->file_offset = offset;
  piece->address = address;
  piece->size = size;
  piece->mem_size = mem_size;
  return add_piece (loader, piece, error);
}

/* One program header in host form, from either class. */
typedef struct {
  uint64_t offset, vaddr, paddr, filesz, memsz;
} Segment;

static bool
add_segment (Loader *loader, const char *what, LoaderFile *file, const Segment *s, uint64_t entry,
             LoadedImage *ret, GError **error)
{
  if (s->filesz > s->memsz || s->offset > file->size || s->filesz > file->size - s->offset) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "the %s '%s' is damaged: a segment of %" G_GUINT64_FORMAT
                 " bytes lies beyond the end of the file",
                 what, file->path, s->filesz);
    return false;
  }
  if (!add_file_piece (loader, what, file, s->offset, s->filesz, s->paddr, s->memsz, error))
    return false;
  ret->low = MIN (ret->low, s->paddr);
  ret->high = MAX (ret->high, s->paddr + s->memsz);
  /* A kernel linked to run at virtual addresses starts at the physical one. */
  if (entry - s->vaddr < s->memsz)
    ret->entry = s->paddr + (entry - s->vaddr);
  return true;
}

static bool
bad_elf (const char *what, const LoaderFile *file, const char *why, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the %s '%s' %s", what, file->path, why);
  return false;
}

#define FROM_LE(x)                                                                                           \
  (sizeof (x) == 2   ? GUINT16_FROM_LE ((uint16_t)(x))                                                       \
   : sizeof (x) == 4 ? GUINT32_FROM_LE ((uint32_t)(x))                                                       \
                     : GUINT64_FROM_LE ((uint64_t)(x)))

/* Defines a function that adds the loadable segments of one ELF class. */
#define ELF_CLASS(bits)                                                                                      \
  static bool add_elf##bits (Loader *loader, const char *what, LoaderFile *file, LoadedImage *ret,           \
                             GError **error)                                                                 \
  {                                                                                                          \
    Elf##bits##_Ehdr e;                                                                                      \
    Elf##bits##_Phdr ph[MAX_PHDRS];                                                                          \
    if (!loader_file_read (file, 0, &e, sizeof e, error))                                                    \
      return false;                                                                                          \
    if (FROM_LE (e.e_machine) != loader->elf_machine)                                                        \
      return bad_elf (what, file, "is for another processor", error);                                        \
    unsigned n = FROM_LE (e.e_phnum);                                                                        \
    if (FROM_LE (e.e_phentsize) != sizeof ph[0] || n > MAX_PHDRS)                                            \
      return bad_elf (what, file, "has program headers of an unknown form", error);                          \
    if (!loader_file_read (file, FROM_LE (e.e_phoff), ph, n * sizeof ph[0], error))                          \
      return false;                                                                                          \
    for (unsigned i = 0; i < n; i++) {                                                                       \
      Segment s = { FROM_LE (ph[i].p_offset), FROM_LE (ph[i].p_vaddr), FROM_LE (ph[i].p_paddr),              \
                    FROM_LE (ph[i].p_filesz), FROM_LE (ph[i].p_memsz) };                                     \
      if (FROM_LE (ph[i].p_type) == PT_LOAD && s.memsz > 0 &&                                                \
          !add_segment (loader, what, file, &s, FROM_LE (e.e_entry), ret, error))                            \
        return false;                                                                                        \
    }                                                                                                        \
    return true;                                                                                             \
  }
ELF_CLASS (32)
ELF_CLASS (64)

static bool
add_elf (Loader *loader, const char *what, LoaderFile *file, const uint8_t *ident, LoadedImage *ret,
         GError **error)
{
  bool ok;

  if (ident[EI_DATA] != ELFDATA2LSB)
    return bad_elf (what, file, "is for a big-endian processor", error);
  *ret = (LoadedImage){ .low = UINT64_MAX };
  if (ident[EI_CLASS] == ELFCLASS64)
    ok = add_elf64 (loader, what, file, ret, error);
  else if (ident[EI_CLASS] == ELFCLASS32)
    ok = add_elf32 (loader, what, file, ret, error);
  else
    return bad_elf (what, file, "is an ELF file of an unknown class", error);
  if (!ok)
    return false;
  if (ret->high == 0)
    return bad_elf (what, file,
                    "is an ELF file with nothing to load; object files and libraries cannot be booted",
                    error);
  if (ret->entry == 0)
    ret->entry = ret->low;
  return true;
}

/* What the header of a Linux Image says: Linux's Documentation/arch/riscv/boot-image-header.rst and
 * arch/arm64/booting.rst. */
typedef struct {
  bool found;
  uint64_t text_offset, size;
} ImageHeader;

static ImageHeader
read_image_header (const Loader *loader, const uint8_t *header, size_t header_size)
{
  enum { TEXT_OFFSET = 0x08, IMAGE_SIZE = 0x10, MAGIC2 = 0x38, HEADER_SIZE = 0x40 };
  /* Where older kernels for Arm expect to be, and so all that says nothing about it. */
  ImageHeader image = { .text_offset = loader->elf_machine == EM_AARCH64 ? 0x80000 : 0 };
  const char *magic = loader->elf_machine == EM_AARCH64 ? "ARM\x64" : "RSC\x05";

  if (header_size < HEADER_SIZE || memcmp (header + MAGIC2, magic, 4) != 0)
    return image;
  image.found = true;
  memcpy (&image.size, header + IMAGE_SIZE, 8);
  image.size = GUINT64_FROM_LE (image.size);
  if (loader->elf_machine == EM_AARCH64 && image.size != 0) {
    memcpy (&image.text_offset, header + TEXT_OFFSET, 8);
    image.text_offset = GUINT64_FROM_LE (image.text_offset);
  }
  return image;
}

bool
loader_add_image (Loader *loader, const char *what, const char *path, uint64_t address, LoadedImage *ret,
                  GError **error)
{
  uint8_t header[64] = { 0 };
  g_autoptr (LoaderFile) file = loader_file_open (what, path, true, loader->ram_size, error);

  if (file == NULL || !loader_file_read (file, 0, header, MIN (file->size, sizeof header), error))
    return false;
  if (file->size >= EI_NIDENT && memcmp (header, ELFMAG, SELFMAG) == 0)
    return add_elf (loader, what, file, header, ret, error);
  const ImageHeader image = read_image_header (loader, header, MIN (file->size, sizeof header));
  uint64_t mem_size = MAX (file->size, image.size);
  if (image.text_offset > loader->ram_size) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "the %s '%s' is damaged: its header has no sense", what, path);
    return false;
  }
  address += image.text_offset;
  *ret = (LoadedImage){
    .low = address, .entry = address, .high = address + mem_size, .linux_image = image.found
  };
  return add_file_piece (loader, what, file, 0, file->size, address, mem_size, error);
}

bool
loader_add_program (Loader *loader, const char *what, const char *path, uint64_t address, LoadedImage *ret,
                    GError **error)
{
  uint8_t header[64] = { 0 };
  g_autoptr (LoaderFile) file = loader_file_open (what, path, false, loader->ram_size, error);

  if (file == NULL || !loader_file_read (file, 0, header, MIN (file->size, sizeof header), error))
    return false;
  return file->size >= EI_NIDENT && memcmp (header, ELFMAG, SELFMAG) == 0
             ? add_elf (loader, what, file, header, ret, error)
             : loader_add_raw (loader, what, path, address, ret, error);
}

bool
loader_add_raw (Loader *loader, const char *what, const char *path, uint64_t address, LoadedImage *ret,
                GError **error)
{
  g_autoptr (LoaderFile) file = loader_file_open (what, path, false, loader->ram_size, error);

  if (file == NULL)
    return false;
  *ret = (LoadedImage){ .low = address, .entry = address, .high = address + file->size };
  return add_file_piece (loader, what, file, 0, file->size, address, file->size, error);
}

bool
loader_add_bytes (Loader *loader, const char *what, GBytes *bytes, uint64_t address, GError **error)
{
  Piece *piece = g_new0 (Piece, 1);

  piece->what = g_strdup (what);
  piece->bytes = g_bytes_ref (bytes);
  piece->address = address;
  piece->size = piece->mem_size = g_bytes_get_size (bytes);
  return add_piece (loader, piece, error);
}

void
loader_replace_bytes (Loader *loader, const char *what, GBytes *bytes)
{
  for (unsigned i = 0; i < loader->pieces->len; i++) {
    Piece *piece = loader->pieces->pdata[i];
    if (piece->bytes != NULL && strcmp (piece->what, what) == 0 && g_bytes_get_size (bytes) == piece->size) {
      g_bytes_unref (piece->bytes);
      piece->bytes = g_bytes_ref (bytes);
    }
  }
}

/* The piece's part from `done` on, at most `size` bytes, to host memory. */
static bool
copy_piece (const Piece *piece, uint64_t done, uint8_t *to, uint64_t size, GError **error)
{
  uint64_t content = done < piece->size ? MIN (size, piece->size - done) : 0;

  memset (to + content, 0, size - content);
  if (content == 0)
    return true;
  if (piece->file != NULL)
    return loader_file_read (piece->file, piece->file_offset + done, to, content, error);
  memcpy (to, (const uint8_t *)g_bytes_get_data (piece->bytes, NULL) + done, content);
  return true;
}

/* Bytes of ours may go to ROM, which has no host memory for writing. */
static bool
load_bytes (const Piece *piece, MemoryMap *memory, GError **error)
{
  if (memory_debug_write (memory, piece->address, g_bytes_get_data (piece->bytes, NULL), piece->size) ==
      MEMORY_OK)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "there is no memory for the %s at 0x%" G_GINT64_MODIFIER "x", piece->what, piece->address);
  return false;
}

static bool
load_file (const Piece *piece, MemoryMap *memory, GError **error)
{
  for (uint64_t done = 0; done < piece->mem_size;) {
    uint64_t n, address = piece->address + done;
    uint8_t *to = memory_dma_map (memory, address, piece->mem_size - done, true, &n);
    if (to == NULL || n == 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "there is no RAM for the %s at 0x%" G_GINT64_MODIFIER "x", piece->what, address);
      return false;
    }
    bool ok = copy_piece (piece, done, to, n, error);
    memory_dma_done (memory, address, n);
    if (!ok)
      return false;
    done += n;
  }
  loader_file_drop (piece->file);
  return true;
}

bool
loader_load (Loader *loader, MemoryMap *memory, GError **error)
{
  for (unsigned i = 0; i < loader->pieces->len; i++) {
    const Piece *piece = loader->pieces->pdata[i];
    if (!(piece->file ? load_file (piece, memory, error) : load_bytes (piece, memory, error)))
      return false;
  }
  return true;
}
