/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Linux kernels by their headers. (Linux, Documentation/arch: x86/boot.rst, arm64/booting.rst,
 * riscv/boot-image-header .rst; ELF gABI; Microsoft PE format) */

#include "media-private.h"

#include <elf.h>
#include <zlib.h>

static bool
has (const uint8_t *head, size_t size, size_t at, const void *bytes, size_t n)
{
  return at + n <= size && !memcmp (head + at, bytes, n);
}

/* Where the PE header is; 0: there is none. */
static size_t
pe_header (const uint8_t *head, size_t size)
{
  if (size < 0x40 || head[0] != 'M' || head[1] != 'Z')
    return 0;
  uint32_t at = le32 (head + 0x3c);
  return at < size && size - at >= 24 && !memcmp (head + at, "PE\0\0", 4) ? at : 0;
}

Arch
kernel_pe_arch (const uint8_t *head, size_t size)
{
  size_t pe = pe_header (head, size);
  return pe ? arch_of_pe (le16 (head + pe + 4)) : ARCH_NONE;
}

/* A unified kernel image is a PE program with the kernel in a section of this name. */
static bool
has_linux_section (const uint8_t *head, size_t size, size_t pe)
{
  size_t table = pe + 24 + le16 (head + pe + 20);
  unsigned count = MIN (le16 (head + pe + 6), 64);
  for (unsigned i = 0; i < count && table + 40 * (i + 1) <= size; i++) {
    if (!memcmp (head + table + 40 * i, ".linux\0", 8))
      return true;
  }
  return false;
}

static bool
recognise_pe (const uint8_t *head, size_t size, KernelKind *kind)
{
  size_t pe = pe_header (head, size);
  if (!pe)
    return false;
  kind->arch = arch_of_pe (le16 (head + pe + 4));
  kind->format = "pe";
  if (has (head, size, 4, "zimg", 4))
    kind->format = "zboot";
  else if (has_linux_section (head, size, pe))
    kind->format = "uki";
  else if (has (head, size, 0x38, "\xcd\x23\x82\x81", 4) && kind->arch == ARCH_LOONGARCH64)
    kind->format = "Image";
  kind->kernel = strcmp (kind->format, "pe") != 0;
  return true;
}

static bool
recognise_bzimage (const uint8_t *head, size_t size, KernelKind *kind)
{
  enum { VERSION_XLOADFLAGS = 0x20c, XLF_KERNEL_64 = 1 };
  if (size < 0x238 || le16 (head + 0x1fe) != 0xaa55 || memcmp (head + 0x202, "HdrS", 4))
    return false;
  bool is_64 = le16 (head + 0x206) >= VERSION_XLOADFLAGS && le16 (head + 0x236) & XLF_KERNEL_64;
  *kind = (KernelKind){ "bzImage", is_64 ? ARCH_X86_64 : ARCH_I386, .kernel = true };
  return true;
}

static bool
recognise_image (const uint8_t *head, size_t size, KernelKind *kind)
{
  enum { TEXT_OFFSET_RV32 = 0x400000 };
  if (has (head, size, 0x38, "ARM\x64", 4)) {
    *kind = (KernelKind){ "Image", ARCH_AARCH64, .kernel = true };
  } else if (has (head, size, 0x38, "RSC\x05", 4)) {
    Arch arch = le64 (head + 8) == TEXT_OFFSET_RV32 ? ARCH_RISCV32 : ARCH_RISCV64;
    *kind = (KernelKind){ "Image", arch, .kernel = true };
  } else if (has (head, size, 0x24, "\x18\x28\x6f\x01", 4)) {
    *kind = (KernelKind){ "zImage", ARCH_ARM, .kernel = true };
  } else {
    return false;
  }
  return true;
}

typedef struct {
  const uint8_t *head;
  size_t size;
  bool is_64, big_endian;
} Elf;

static uint64_t
elf_field (const Elf *elf, size_t at, unsigned bytes)
{
  if (at > elf->size || elf->size - at < bytes)
    return 0;
  const uint8_t *field = elf->head + at;
  switch (bytes) {
    case 2: return elf->big_endian ? be16 (field) : le16 (field);
    case 4: return elf->big_endian ? be32 (field) : le32 (field);
    default: return elf->big_endian ? be64 (field) : le64 (field);
  }
}

/* A kernel is linked for the upper half of the address space, where no program may be. (SPARC's is not, and
 * passes for a program.) */
static bool
elf_is_kernel (const Elf *elf)
{
  bool is_64 = elf->is_64;
  uint64_t table = elf_field (elf, is_64 ? 32 : 28, is_64 ? 8 : 4);
  uint64_t entry_size = elf_field (elf, is_64 ? 54 : 42, 2), count = elf_field (elf, is_64 ? 56 : 44, 2);
  if (entry_size < (is_64 ? 56 : 32) || table > elf->size)
    return false;
  for (unsigned i = 0; i < MIN (count, 32); i++) {
    size_t at = (size_t)(table + i * entry_size);
    uint64_t address = elf_field (elf, at + (is_64 ? 16 : 8), is_64 ? 8 : 4);
    if (elf_field (elf, at, 4) == PT_LOAD && address >> (is_64 ? 63 : 31))
      return true;
  }
  return false;
}

static bool
recognise_elf (const uint8_t *head, size_t size, KernelKind *kind)
{
  if (size < 52 || memcmp (head, ELFMAG, SELFMAG))
    return false;
  Elf elf = { head, size, head[EI_CLASS] == ELFCLASS64, head[EI_DATA] == ELFDATA2MSB };
  kind->arch = arch_of_elf ((uint16_t)elf_field (&elf, 18, 2), elf.is_64, elf.big_endian);
  kind->kernel = elf_is_kernel (&elf);
  kind->format = kind->kernel ? "vmlinux" : "elf";
  return true;
}

/* U-Boot's legacy image header, whose architectures are IH_ARCH_*. */
static bool
recognise_uimage (const uint8_t *head, size_t size, KernelKind *kind)
{
  static const uint8_t archs[] = {
    [2] = ARCH_ARM,    [3] = ARCH_I386,     [5] = ARCH_MIPS,     [6] = ARCH_MIPS64,  [7] = ARCH_PPC,
    [10] = ARCH_SPARC, [11] = ARCH_SPARC64, [22] = ARCH_AARCH64, [24] = ARCH_X86_64, [26] = ARCH_RISCV64
  };
  enum { IH_MAGIC = 0x27051956, IH_TYPE_KERNEL = 2 };
  if (size < 64 || be32 (head) != IH_MAGIC)
    return false;
  Arch arch = head[29] < G_N_ELEMENTS (archs) ? archs[head[29]] : ARCH_NONE;
  *kind = (KernelKind){ "uImage", arch, .kernel = head[30] == IH_TYPE_KERNEL };
  return true;
}

static bool
recognise_plain (const uint8_t *head, size_t size, KernelKind *kind)
{
  *kind = (KernelKind){ .format = NULL };
  /* A kernel with an EFI stub is a PE program as well: its own header comes first. */
  return recognise_bzimage (head, size, kind) || recognise_image (head, size, kind) ||
         recognise_elf (head, size, kind) || recognise_uimage (head, size, kind) ||
         recognise_pe (head, size, kind);
}

size_t
kernel_unpack (const uint8_t *packed, size_t size, uint8_t *buffer, size_t buffer_size)
{
  if (size < 18 || packed[0] != 0x1f || packed[1] != 0x8b)
    return 0;
  z_stream stream = { .next_in = (Bytef *)packed, .avail_in = (uInt)size };
  if (inflateInit2 (&stream, 16 + MAX_WBITS) != Z_OK)
    return 0;
  stream.next_out = buffer;
  stream.avail_out = (uInt)buffer_size;
  inflate (&stream, Z_SYNC_FLUSH);
  size_t n = buffer_size - stream.avail_out;
  inflateEnd (&stream);
  return n;
}

bool
kernel_recognise (const uint8_t *head, size_t size, KernelKind *ret_kind)
{
  g_autofree uint8_t *unpacked = NULL;
  if (size >= 2 && head[0] == 0x1f && head[1] == 0x8b) {
    unpacked = g_malloc (KERNEL_HEAD);
    size = kernel_unpack (head, size, unpacked, KERNEL_HEAD);
    head = unpacked;
  }
  bool known = recognise_plain (head, size, ret_kind);
  ret_kind->packed = unpacked != NULL;
  return known;
}
