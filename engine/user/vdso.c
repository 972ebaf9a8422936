/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Builds the vDSO: ELF header, one loadable segment, and what a dynamic loader needs to look symbols up by
 * name and version. Section headers are left out; nothing reads them from memory. */

#include "vdso.h"

#include <elf.h>
#include <string.h>

#define SONAME "linux-vdso.so.1"

typedef struct {
  const UserLoaderAbi *abi;
  unsigned bits;
  GByteArray *out;
  GByteArray *strings;
  uint64_t dynsym, dynstr, hash, versym, verdef, dynamic, dynamic_size, text;
} Vdso;

static uint64_t
place (Vdso *v, unsigned align)
{
  static const uint8_t zero[16];
  g_byte_array_append (v->out, zero, (align - v->out->len % align) % align);
  return v->out->len;
}

static uint32_t
add_string (Vdso *v, const char *text)
{
  uint32_t at = v->strings->len;
  g_byte_array_append (v->strings, (const guint8 *)text, (guint)strlen (text) + 1);
  return at;
}

/* A word of the guest's size. */
static void
put_word (Vdso *v, uint64_t word)
{
  g_byte_array_append (v->out, (const guint8 *)&word, v->bits / 8);
}

static void
put_symbol (Vdso *v, uint32_t name, uint64_t value, uint64_t size, uint8_t info, uint16_t section)
{
  if (v->bits == 64) {
    Elf64_Sym s = {
      .st_name = name, .st_info = info, .st_shndx = section, .st_value = value, .st_size = size
    };
    g_byte_array_append (v->out, (const guint8 *)&s, sizeof s);
  } else {
    Elf32_Sym s = { .st_name = name, .st_info = info, .st_shndx = section };
    s.st_value = (Elf32_Addr)value;
    s.st_size = (Elf32_Word)size;
    g_byte_array_append (v->out, (const guint8 *)&s, sizeof s);
  }
}

/* The System V ABI's hash of a symbol or version name. */
static uint32_t
elf_hash (const char *name)
{
  uint32_t h = 0;
  for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
    h = (h << 4) + *c;
    h ^= (h >> 24) & 0xf0;
    h &= 0x0fffffff;
  }
  return h;
}

/* One bucket: the chain runs through all symbols. */
static void
put_hash (Vdso *v)
{
  unsigned n = v->abi->n_vdso + 1;
  v->hash = place (v, 4);
  uint32_t head[3] = { 1, n, n > 1 ? 1 : 0 };
  g_byte_array_append (v->out, (const guint8 *)head, sizeof head);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t next = i && i + 1 < n ? i + 1 : 0;
    g_byte_array_append (v->out, (const guint8 *)&next, sizeof next);
  }
}

static void
put_version_definition (Vdso *v, uint16_t index, uint16_t flags, const char *name, uint32_t name_at,
                        bool last)
{
  Elf64_Verdef def = { .vd_version = VER_DEF_CURRENT, .vd_flags = flags, .vd_ndx = index, .vd_cnt = 1 };
  Elf64_Verdaux aux = { .vda_name = name_at };
  def.vd_hash = elf_hash (name);
  def.vd_aux = sizeof def;
  def.vd_next = last ? 0 : sizeof def + sizeof aux;
  g_byte_array_append (v->out, (const guint8 *)&def, sizeof def);
  g_byte_array_append (v->out, (const guint8 *)&aux, sizeof aux);
}

static void
put_versions (Vdso *v, uint32_t soname, uint32_t version)
{
  v->versym = place (v, 2);
  for (unsigned i = 0; i <= v->abi->n_vdso; i++) {
    uint16_t index = i ? 2 : VER_NDX_LOCAL;
    g_byte_array_append (v->out, (const guint8 *)&index, sizeof index);
  }
  v->verdef = place (v, 8);
  put_version_definition (v, 1, VER_FLG_BASE, SONAME, soname, false);
  put_version_definition (v, 2, 0, v->abi->vdso_version, version, true);
}

static void
put_dynamic (Vdso *v, uint32_t soname)
{
  const uint64_t entries[][2] = {
    { DT_SONAME, soname },         { DT_HASH, v->hash },
    { DT_STRTAB, v->dynstr },      { DT_SYMTAB, v->dynsym },
    { DT_STRSZ, v->strings->len }, { DT_SYMENT, v->bits == 64 ? sizeof (Elf64_Sym) : sizeof (Elf32_Sym) },
    { DT_VERSYM, v->versym },      { DT_VERDEF, v->verdef },
    { DT_VERDEFNUM, 2 },           { DT_NULL, 0 },
  };
  v->dynamic = place (v, 8);
  for (unsigned i = 0; i < G_N_ELEMENTS (entries); i++) {
    put_word (v, entries[i][0]);
    put_word (v, entries[i][1]);
  }
  v->dynamic_size = v->out->len - v->dynamic;
}

/* The symbol table needs the addresses of code that follows it: they are relative to `text`, set afterwards.
 */
static void
put_symbols (Vdso *v, const uint32_t *names)
{
  uint64_t at = v->text;
  v->dynsym = place (v, 8);
  put_symbol (v, 0, 0, 0, 0, SHN_UNDEF);
  for (unsigned i = 0; i < v->abi->n_vdso; i++) {
    unsigned size = v->abi->vdso[i].n_words * 4;
    /* Any section index but SHN_UNDEF says that it is defined here. */
    put_symbol (v, names[i], at, size, ELF64_ST_INFO (STB_GLOBAL, STT_FUNC), 1);
    at += (size + 15) & ~15u;
  }
}

static void
put_header (Vdso *v, uint16_t machine)
{
  unsigned char ident[EI_NIDENT] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, 0, ELFDATA2LSB, EV_CURRENT };
  ident[EI_CLASS] = v->bits == 64 ? ELFCLASS64 : ELFCLASS32;
  uint64_t size = v->out->len;
#define FILL(Ehdr, Phdr)                                                                                     \
  do {                                                                                                       \
    Ehdr *e = (Ehdr *)v->out->data;                                                                          \
    memcpy (e->e_ident, ident, EI_NIDENT);                                                                   \
    e->e_type = ET_DYN, e->e_machine = machine, e->e_version = EV_CURRENT, e->e_phoff = sizeof *e;           \
    e->e_ehsize = sizeof *e, e->e_phentsize = sizeof (Phdr), e->e_phnum = 2;                                 \
    Phdr *h = (Phdr *)(v->out->data + sizeof *e);                                                            \
    h[0] = (Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = 4096 };                             \
    h[0].p_filesz = h[0].p_memsz = size;                                                                     \
    h[1] = (Phdr){ .p_type = PT_DYNAMIC, .p_flags = PF_R, .p_align = 8 };                                    \
    h[1].p_offset = h[1].p_vaddr = h[1].p_paddr = v->dynamic;                                                \
    h[1].p_filesz = h[1].p_memsz = v->dynamic_size;                                                          \
  } while (0)
  if (v->bits == 64)
    FILL (Elf64_Ehdr, Elf64_Phdr);
  else
    FILL (Elf32_Ehdr, Elf32_Phdr);
#undef FILL
}

static void
put_text (Vdso *v, uint64_t *ret_sigreturn)
{
  v->text = place (v, 16);
  for (unsigned i = 0; i < v->abi->n_vdso; i++) {
    const UserVdsoFunction *f = &v->abi->vdso[i];
    uint64_t at = place (v, 16);
    if (!strcmp (f->name, v->abi->vdso_sigreturn))
      *ret_sigreturn = at;
    g_byte_array_append (v->out, (const guint8 *)f->code, f->n_words * 4);
  }
}

GByteArray *
user_vdso_build (const UserLoaderAbi *abi, unsigned bits, uint16_t machine, uint64_t *ret_sigreturn)
{
  Vdso v = { .abi = abi, .bits = bits, .out = g_byte_array_new (), .strings = g_byte_array_new () };
  size_t headers = bits == 64 ? sizeof (Elf64_Ehdr) + 2 * sizeof (Elf64_Phdr)
                              : sizeof (Elf32_Ehdr) + 2 * sizeof (Elf32_Phdr);
  g_byte_array_set_size (v.out, (guint)headers);
  memset (v.out->data, 0, headers);

  *ret_sigreturn = 0;
  put_text (&v, ret_sigreturn);
  add_string (&v, "");
  uint32_t soname = add_string (&v, SONAME), version = add_string (&v, abi->vdso_version);
  g_autofree uint32_t *names = g_new (uint32_t, abi->n_vdso);
  for (unsigned i = 0; i < abi->n_vdso; i++)
    names[i] = add_string (&v, abi->vdso[i].name);
  put_symbols (&v, names);
  v.dynstr = place (&v, 8);
  g_byte_array_append (v.out, v.strings->data, v.strings->len);
  put_hash (&v);
  put_versions (&v, soname, version);
  put_dynamic (&v, soname);
  put_header (&v, machine);
  g_byte_array_unref (v.strings);
  return v.out;
}
