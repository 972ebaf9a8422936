/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The only code that looks at the bytes of an ELF file. Every number in it is hostile: nothing is used before
 * it has been compared with the size of the file and of the guest's address space. */

#include "elf-parse.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE      4096u
#define MAX_PHNUM (65536 / sizeof (Elf64_Phdr))
#define MAX_ALIGN (UINT64_C (1) << 30)

typedef struct {
  const ElfView *view;
  ElfImage *image;
  uint64_t space;
  char *why;
} Parser;

static bool G_GNUC_PRINTF (2, 3) refuse (Parser *p, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  p->why = g_strdup_vprintf (format, args);
  va_end (args);
  return false;
}

/* Copies bytes of the file, from the view or through its reader. */
static bool
get (const ElfView *view, uint64_t offset, void *out, size_t size)
{
  if (size > view->file_size || offset > view->file_size - size)
    return false;
  if (offset <= view->size && size <= view->size - offset) {
    memcpy (out, view->data + offset, size);
    return true;
  }
  return view->read && view->read (view->user, offset, out, size);
}

static const char *
machine_name (uint16_t machine, unsigned bits)
{
  static const struct {
    uint16_t machine;
    unsigned bits;
    const char *name;
  } names[] = {
    { EM_X86_64, 0, "x86-64" },       { EM_386, 0, "i386" },
    { EM_AARCH64, 0, "aarch64" },     { EM_ARM, 0, "arm" },
    { EM_RISCV, 64, "riscv64" },      { EM_RISCV, 32, "riscv32" },
    { EM_PPC64, 0, "ppc64" },         { EM_PPC, 0, "ppc" },
    { EM_MIPS, 0, "mips" },           { EM_S390, 0, "s390x" },
    { EM_LOONGARCH, 0, "loongarch" }, { EM_SPARCV9, 0, "sparc64" },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].machine == machine && (!names[i].bits || names[i].bits == bits))
      return names[i].name;
  return NULL;
}

static bool
parse_ident (Parser *p, const unsigned char *ident, unsigned bits, uint16_t machine)
{
  static const char magic[] = ELFMAG;
  if (p->view->file_size < EI_NIDENT || memcmp (ident, magic, SELFMAG) != 0)
    return refuse (p, "not an ELF program");
  unsigned class_bits = ident[EI_CLASS] == ELFCLASS32 ? 32 : ident[EI_CLASS] == ELFCLASS64 ? 64 : 0;
  /* All machines this is used for are little-endian. */
  uint16_t file_machine = (uint16_t)(ident[18] | ident[19] << 8);
  if (class_bits == bits && ident[EI_DATA] == ELFDATA2LSB && file_machine == machine)
    return true;
  if (ident[EI_DATA] == ELFDATA2MSB)
    file_machine = (uint16_t)(ident[18] << 8 | ident[19]);
  const char *is = machine_name (file_machine, class_bits), *want = machine_name (machine, bits);
  if (is)
    return refuse (p, "a program for %s%s, not for %s", is,
                   ident[EI_DATA] == ELFDATA2MSB ? " (big-endian)" : "", want ? want : "this guest");
  return refuse (p, "a program for an unknown machine (%u), not for %s", file_machine,
                 want ? want : "this guest");
}

static bool
parse_header (Parser *p, unsigned bits, uint16_t machine)
{
  union {
    unsigned char ident[20];
    Elf64_Ehdr e64;
    Elf32_Ehdr e32;
  } header = { 0 };
  size_t size = bits == 64 ? sizeof header.e64 : sizeof header.e32;
  ElfImage *image = p->image;
  get (p->view, 0, &header, MIN (size, p->view->file_size));
  if (!parse_ident (p, header.ident, bits, machine))
    return false;
  if (p->view->file_size < size)
    return refuse (p, "cut off inside its ELF header");
  image->bits = bits;
#define TAKE(e)                                                                                              \
  image->type = (e).e_type, image->machine = (e).e_machine, image->flags = (e).e_flags,                      \
  image->entry = (e).e_entry, image->phoff = (e).e_phoff, image->phnum = (e).e_phnum,                        \
  image->phentsize = (e).e_phentsize
  if (bits == 64)
    TAKE (header.e64);
  else
    TAKE (header.e32);
#undef TAKE
  if (image->type != ET_EXEC && image->type != ET_DYN)
    return refuse (p,
                   image->type == ET_REL ? "an object file, not a program; link it first"
                                         : "an ELF file, but not a program (type %u)",
                   image->type);
  size_t entry = bits == 64 ? sizeof (Elf64_Phdr) : sizeof (Elf32_Phdr);
  if (image->phentsize != entry)
    return refuse (p, "damaged: its program headers have %u bytes, not %zu", image->phentsize, entry);
  if (!image->phnum || image->phnum > MAX_PHNUM)
    return refuse (p, "damaged: it has %u program headers", image->phnum);
  return true;
}

static bool
get_phdr (Parser *p, unsigned i, Elf64_Phdr *ret)
{
  uint64_t offset = p->image->phoff + (uint64_t)i * p->image->phentsize;
  if (offset < p->image->phoff)
    return refuse (p, "damaged: its program headers lie beyond the end of the file");
  Elf32_Phdr h;
  bool ok =
      p->image->bits == 64 ? get (p->view, offset, ret, sizeof *ret) : get (p->view, offset, &h, sizeof h);
  if (!ok)
    return refuse (p, "cut off: its program headers lie beyond the end of the file");
  if (p->image->bits == 32)
    *ret = (Elf64_Phdr){ h.p_type,  h.p_flags,  h.p_offset, h.p_vaddr,
                         h.p_paddr, h.p_filesz, h.p_memsz,  h.p_align };
  return true;
}

static bool
parse_interp (Parser *p, const Elf64_Phdr *h)
{
  if (p->image->interp)
    return refuse (p, "damaged: it names more than one dynamic loader");
  if (h->p_filesz < 2 || h->p_filesz > 4096)
    return refuse (p, "damaged: the name of its dynamic loader has %" G_GUINT64_FORMAT " bytes", h->p_filesz);
  char name[4096];
  if (!get (p->view, h->p_offset, name, h->p_filesz))
    return refuse (p, "cut off: the name of its dynamic loader lies beyond the end of the file");
  if (name[h->p_filesz - 1] != 0)
    return refuse (p, "damaged: the name of its dynamic loader does not end");
  p->image->interp = g_strdup (name);
  return true;
}

static bool
check_load (Parser *p, const Elf64_Phdr *h)
{
  if (h->p_memsz < h->p_filesz)
    return refuse (p, "damaged: a segment is larger in the file than in memory");
  /* The place of nothing may be anywhere. */
  if (h->p_filesz > 0 && (h->p_filesz > p->view->file_size || h->p_offset > p->view->file_size - h->p_filesz))
    return refuse (p, "cut off: a segment lies beyond the end of the file");
  if (h->p_memsz > p->space || h->p_vaddr > p->space - h->p_memsz)
    return refuse (p, "damaged: a segment at %#" G_GINT64_MODIFIER "x lies outside of the address space",
                   h->p_vaddr);
  if (h->p_filesz && (h->p_offset & (PAGE - 1)) != (h->p_vaddr & (PAGE - 1)))
    return refuse (p, "damaged: a segment's address and place in the file do not agree in a page");
  /* Not a power of two is ignored, as Linux does. */
  if (h->p_align > p->image->align && !(h->p_align & (h->p_align - 1)))
    p->image->align = MIN (h->p_align, MAX_ALIGN);
  return true;
}

static bool
parse_load (Parser *p, const Elf64_Phdr *h)
{
  ElfImage *image = p->image;
  if (!check_load (p, h))
    return false;
  if (!h->p_memsz)
    return true;
  if (image->n_segments == ELF_MAX_SEGMENTS)
    return refuse (p, "unusable: it has more than %u segments", ELF_MAX_SEGMENTS);
  if (image->n_segments) {
    const ElfSegment *last = &image->segment[image->n_segments - 1];
    if (h->p_vaddr < last->vaddr + last->memsz)
      return refuse (p, "damaged: its segments overlap or are not in order");
  } else {
    image->low = h->p_vaddr & ~(uint64_t)(PAGE - 1);
  }
  int prot = (h->p_flags & PF_R ? PROT_READ : 0) | (h->p_flags & PF_W ? PROT_WRITE : 0) |
             (h->p_flags & PF_X ? PROT_EXEC : 0);
  image->segment[image->n_segments++] =
      (ElfSegment){ h->p_vaddr, h->p_memsz, h->p_offset, h->p_filesz, prot };
  image->end_brk = h->p_vaddr + h->p_memsz;
  image->high = (image->end_brk + PAGE - 1) & ~(uint64_t)(PAGE - 1);
  uint64_t table_size = (uint64_t)image->phnum * image->phentsize;
  if (!image->phdr && h->p_offset <= image->phoff && table_size <= h->p_filesz &&
      image->phoff - h->p_offset <= h->p_filesz - table_size)
    image->phdr = h->p_vaddr + (image->phoff - h->p_offset);
  return true;
}

/* SPEC: Linux Extensions to gABI: a note named GNU of type 5, in it properties of type, size and data, padded
 * to 8 bytes; of AArch64's ELF: FEATURE_1_AND, bit 0 of which is BTI. What is damaged says nothing, as to
 * Linux. */
static bool
asks_for_guard (const uint8_t *note, size_t size)
{
  enum { HEAD = 16, NT_PROPERTY = 5, FEATURE_1_AND = (int)0xc0000000, BTI = 1 };
  uint32_t head[3], property[3];
  if (size < HEAD)
    return false;
  memcpy (head, note, sizeof head);
  if (head[0] != 4 || head[2] != NT_PROPERTY || memcmp (note + sizeof head, "GNU", 4) != 0)
    return false;
  for (size_t at = HEAD, end = HEAD + MIN (size - HEAD, head[1]); end - at >= sizeof property;) {
    memcpy (property, note + at, sizeof property);
    if (property[0] == (uint32_t)FEATURE_1_AND && property[1] == 4)
      return property[2] & BTI;
    size_t step = 8 + (((size_t)property[1] + 7) & ~(size_t)7);
    if (step > end - at)
      return false;
    at += step;
  }
  return false;
}

static void
parse_property (Parser *p, const Elf64_Phdr *h)
{
  uint8_t note[1024];
  if (p->image->machine == EM_AARCH64 && h->p_filesz <= sizeof note &&
      get (p->view, h->p_offset, note, h->p_filesz))
    p->image->guard = asks_for_guard (note, h->p_filesz);
}

static bool
parse_phdrs (Parser *p)
{
  for (unsigned i = 0; i < p->image->phnum; i++) {
    Elf64_Phdr h;
    if (!get_phdr (p, i, &h))
      return false;
    bool ok = true;
    switch (h.p_type) {
      case PT_LOAD: ok = parse_load (p, &h); break;
      case PT_INTERP: ok = parse_interp (p, &h); break;
      case PT_GNU_STACK: p->image->exec_stack = h.p_flags & PF_X; break;
      case PT_GNU_PROPERTY: parse_property (p, &h); break;
    }
    if (!ok)
      return false;
  }
  if (!p->image->n_segments)
    return refuse (p, "damaged: it has nothing to load");
  if (p->image->high > p->space)
    return refuse (p, "damaged: it does not fit into the address space");
  if (p->image->type == ET_EXEC && p->image->entry >= p->space)
    return refuse (p, "damaged: its entry point %#" G_GINT64_MODIFIER "x lies outside of the address space",
                   p->image->entry);
  return true;
}

bool
elf_parse (const ElfView *view, unsigned bits, uint16_t machine, uint64_t space, ElfImage *ret_image,
           char **ret_why)
{
  *ret_image = (ElfImage){ .align = PAGE };
  *ret_why = NULL;
  Parser p = { .view = view, .image = ret_image, .space = space };
  if (parse_header (&p, bits, machine) && parse_phdrs (&p))
    return true;
  elf_image_clear (ret_image);
  *ret_why = p.why;
  return false;
}

void
elf_image_clear (ElfImage *image)
{
  g_clear_pointer (&image->interp, g_free);
}

static bool
read_fd (void *user, uint64_t offset, void *out, size_t size)
{
  return pread (*(int *)user, out, size, (off_t)offset) == (ssize_t)size;
}

int
elf_check_fd (int fd, unsigned bits, uint16_t machine, uint64_t space, ElfImage *ret_image, char **ret_why)
{
  *ret_image = (ElfImage){ 0 };
  *ret_why = NULL;
  struct stat st;
  uint8_t start[4096];
  ssize_t n = fstat (fd, &st) < 0 ? -1 : pread (fd, start, sizeof start, 0);
  if (n < 0) {
    int error = errno;
    *ret_why = g_strdup (error == EISDIR ? "a directory, not a program" : g_strerror (error));
    return -error;
  }
  ElfView view = { start, (size_t)n, MAX ((uint64_t)st.st_size, (uint64_t)n), read_fd, &fd };
  return elf_parse (&view, bits, machine, space, ret_image, ret_why) ? 0 : -ENOEXEC;
}
