/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Parsing of ELF programs from a bounded view of a file: no mapping, no guest state, so that it can be
 * fuzzed. */

#include <elf.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t vaddr, memsz; /* of the segment */
  uint64_t offset, filesz;
  int prot; /* PROT_* */
} ElfSegment;

#define ELF_MAX_SEGMENTS 128

typedef struct {
  unsigned bits;          /* 32 or 64 */
  uint16_t type, machine; /* ET_EXEC or ET_DYN */
  uint32_t flags;
  uint64_t entry;
  uint64_t phoff;
  unsigned phnum, phentsize;
  uint64_t phdr;      /* address of the program headers in the image, or 0 if not loaded */
  uint64_t low, high; /* addresses of the image, page aligned */
  uint64_t end_brk;   /* end of the highest segment: where the heap starts */
  bool exec_stack;    /* PT_GNU_STACK asks for one */
  bool guard;         /* PT_GNU_PROPERTY says that its code bears guarded pages; AArch64's */
  char *interp;       /* PT_INTERP, or NULL */
  uint64_t align;     /* largest p_align */
  unsigned n_segments;
  ElfSegment segment[ELF_MAX_SEGMENTS];
} ElfImage;

/* What the parser may look at: the first `size` bytes of a file of `file_size` bytes. Parts outside of the
 * view are read through `read` (size bytes at offset into out; false when they cannot be had), which may be
 * NULL. */
typedef struct {
  const uint8_t *data;
  size_t size;
  uint64_t file_size;
  bool (*read) (void *user, uint64_t offset, void *out, size_t size);
  void *user;
} ElfView;

/* Checks that the view is a program of `bits` and `machine` whose image fits below `space` bytes. On failure
 * fills *ret_why with a newly allocated phrase that follows a file name in a message, and returns false. */
bool elf_parse (const ElfView *view, unsigned bits, uint16_t machine, uint64_t space, ElfImage *ret_image,
                char **ret_why);
void elf_image_clear (ElfImage *image);

/* Parses an open file. 0, or a negative errno with *ret_why set: -ENOEXEC for what is not a program of this
 * guest. */
int elf_check_fd (int fd, unsigned bits, uint16_t machine, uint64_t space, ElfImage *ret_image,
                  char **ret_why);
