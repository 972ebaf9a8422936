/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "elf-parse.h"
#include "vdso.h"

#include <string.h>
#include <sys/mman.h>

/* A program of one segment that a test then damages. */
typedef struct {
  Elf64_Ehdr e;
  Elf64_Phdr h[3];
  char interp[32];
} File;

static File
good_file (void)
{
  File f = { 0 };
  memcpy (f.e.e_ident, ELFMAG "\2\1\1", 7);
  f.e.e_type = ET_EXEC, f.e.e_machine = EM_RISCV, f.e.e_entry = 0x10010;
  f.e.e_phoff = offsetof (File, h), f.e.e_phentsize = sizeof (Elf64_Phdr), f.e.e_phnum = 1;
  f.h[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x10000, .p_align = 4096 };
  f.h[0].p_filesz = f.h[0].p_memsz = sizeof f;
  strcpy (f.interp, "/lib/ld.so");
  return f;
}

static bool
parse (const File *f, ElfImage *ret, char **why)
{
  ElfView view = { (const uint8_t *)f, sizeof *f, sizeof *f, NULL, NULL };
  return elf_parse (&view, 64, EM_RISCV, UINT64_C (1) << 38, ret, why);
}

static void
refused (const File *f, const char *phrase)
{
  ElfImage image;
  g_autofree char *why = NULL;
  g_assert_false (parse (f, &image, &why));
  g_assert_nonnull (why);
  if (!strstr (why, phrase))
    g_error ("'%s' does not say '%s'", why, phrase);
}

static void
test_good (void)
{
  File f = good_file ();
  f.e.e_phnum = 3;
  f.h[1] = f.h[0];
  f.h[1].p_vaddr = 0x20000, f.h[1].p_memsz = 0x3456, f.h[1].p_flags = PF_R | PF_W;
  f.h[2] =
      (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = offsetof (File, interp), .p_filesz = 11, .p_memsz = 11 };
  ElfImage image;
  g_autofree char *why = NULL;
  g_assert_true (parse (&f, &image, &why));
  g_assert_cmpuint (image.n_segments, ==, 2);
  g_assert_cmphex (image.low, ==, 0x10000);
  g_assert_cmphex (image.end_brk, ==, 0x23456);
  g_assert_cmphex (image.high, ==, 0x24000);
  g_assert_cmphex (image.phdr, ==, 0x10000 + offsetof (File, h));
  g_assert_cmpint (image.segment[0].prot, ==, PROT_READ | PROT_EXEC);
  g_assert_cmpint (image.segment[1].prot, ==, PROT_READ | PROT_WRITE);
  g_assert_cmpstr (image.interp, ==, "/lib/ld.so");
  g_assert_false (image.exec_stack);
  elf_image_clear (&image);
}

static void
test_identity (void)
{
  File f = good_file ();
  f.e.e_machine = EM_X86_64;
  refused (&f, "x86-64");
  f = good_file ();
  f.e.e_ident[EI_CLASS] = ELFCLASS32;
  refused (&f, "riscv32");
  f = good_file ();
  f.e.e_ident[EI_DATA] = ELFDATA2MSB;
  refused (&f, "machine");
  f = good_file ();
  f.e.e_type = ET_REL;
  refused (&f, "object");
  f = good_file ();
  f.e.e_ident[0] = '#';
  refused (&f, "not an ELF");
}

/* Memory without bytes in the file: its offset may lie beyond the end. */
static void
test_no_bytes (void)
{
  File f = good_file ();
  f.e.e_phnum = 2;
  f.h[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0xfff0, .p_align = 0x10000 };
  f.h[1].p_vaddr = 0x3fff0, f.h[1].p_memsz = 0xa050;
  ElfImage image;
  g_autofree char *why = NULL;
  g_assert_true (parse (&f, &image, &why));
  g_assert_cmpuint (image.n_segments, ==, 2);
  g_assert_cmphex (image.end_brk, ==, 0x4a040);
  elf_image_clear (&image);
}

static void
test_damage (void)
{
  File f = good_file ();
  f.e.e_phoff = sizeof f;
  refused (&f, "beyond the end");
  f = good_file ();
  f.e.e_phentsize = 8;
  refused (&f, "program headers");
  f = good_file ();
  f.e.e_phnum = 0;
  refused (&f, "program headers");
  f = good_file ();
  f.h[0].p_type = PT_NULL;
  refused (&f, "nothing to load");
  f = good_file ();
  f.h[0].p_memsz = 1;
  refused (&f, "larger in the file");
  f = good_file ();
  f.h[0].p_filesz = f.h[0].p_memsz = 1 << 20;
  refused (&f, "beyond the end");
  f = good_file ();
  f.h[0].p_vaddr = UINT64_MAX - 4095;
  refused (&f, "outside of the address space");
  f = good_file ();
  f.h[0].p_memsz = UINT64_C (1) << 38;
  refused (&f, "outside of the address space");
  f = good_file ();
  f.h[0].p_vaddr += 8;
  refused (&f, "do not agree");
  f = good_file ();
  f.e.e_phnum = 2;
  f.h[1] = f.h[0];
  refused (&f, "overlap");
}

static const uint32_t code_a[] = { 1, 2, 3 }, code_b[] = { 4, 5, 6, 7, 8 };
static const UserVdsoFunction functions[] = { { "__vdso_a", code_a, 3 }, { "__vdso_b", code_b, 5 } };
static const UserLoaderAbi vdso_abi = {
  .vdso_version = "LINUX_4.15",
  .vdso = functions,
  .n_vdso = 2,
  .vdso_sigreturn = "__vdso_b",
};

static uint64_t
dynamic_entry (const GByteArray *image, const ElfImage *elf, int64_t tag)
{
  const Elf64_Ehdr *e = (const Elf64_Ehdr *)(const void *)image->data;
  const Elf64_Phdr *h = (const Elf64_Phdr *)(const void *)(image->data + e->e_phoff);
  g_assert_cmpuint (h[1].p_type, ==, PT_DYNAMIC);
  for (const Elf64_Dyn *d = (const Elf64_Dyn *)(const void *)(image->data + h[1].p_vaddr); d->d_tag; d++)
    if (d->d_tag == tag)
      return d->d_un.d_val;
  g_assert_not_reached ();
}

/* As a dynamic loader does: the address of a symbol through the hash table. */
static uint64_t
find_symbol (const GByteArray *image, const ElfImage *elf, const char *name)
{
  const uint32_t *hash = (const uint32_t *)(const void *)(image->data + dynamic_entry (image, elf, DT_HASH));
  const Elf64_Sym *symbols =
      (const Elf64_Sym *)(const void *)(image->data + dynamic_entry (image, elf, DT_SYMTAB));
  const char *strings = (const char *)image->data + dynamic_entry (image, elf, DT_STRTAB);
  const uint16_t *versym =
      (const uint16_t *)(const void *)(image->data + dynamic_entry (image, elf, DT_VERSYM));
  const uint32_t *chain = hash + 2 + hash[0];
  for (uint32_t i = hash[2]; i; i = chain[i]) {
    if (strcmp (strings + symbols[i].st_name, name))
      continue;
    g_assert_cmpuint (versym[i], ==, 2);
    return symbols[i].st_value;
  }
  return 0;
}

static void
test_vdso (void)
{
  uint64_t sigreturn;
  g_autoptr (GByteArray) image = user_vdso_build (&vdso_abi, 64, EM_RISCV, &sigreturn);
  ElfView view = { image->data, image->len, image->len, NULL, NULL };
  ElfImage elf;
  g_autofree char *why = NULL;
  g_assert_true (elf_parse (&view, 64, EM_RISCV, UINT64_C (1) << 38, &elf, &why));
  g_assert_cmpuint (elf.n_segments, ==, 1);
  uint64_t a = find_symbol (image, &elf, "__vdso_a"), b = find_symbol (image, &elf, "__vdso_b");
  g_assert_cmpmem (image->data + a, sizeof code_a, code_a, sizeof code_a);
  g_assert_cmpmem (image->data + b, sizeof code_b, code_b, sizeof code_b);
  g_assert_cmphex (b, ==, sigreturn);
  g_assert_cmphex (find_symbol (image, &elf, "__vdso_c"), ==, 0);
  const Elf64_Verdef *def =
      (const Elf64_Verdef *)(const void *)(image->data + dynamic_entry (image, &elf, DT_VERDEF));
  def = (const Elf64_Verdef *)(const void *)((const char *)def + def->vd_next);
  /* What C libraries look for with LINUX_4.15. */
  g_assert_cmphex (def->vd_hash, ==, 182943605);
  g_autoptr (GByteArray) narrow = user_vdso_build (&vdso_abi, 32, EM_RISCV, &sigreturn);
  ElfView narrow_view = { narrow->data, narrow->len, narrow->len, NULL, NULL };
  g_assert_true (elf_parse (&narrow_view, 32, EM_RISCV, UINT64_C (1) << 32, &elf, &why));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/elf/good", test_good);
  g_test_add_func ("/elf/identity", test_identity);
  g_test_add_func ("/elf/no-bytes", test_no_bytes);
  g_test_add_func ("/elf/damage", test_damage);
  g_test_add_func ("/elf/vdso", test_vdso);
  return g_test_run ();
}
