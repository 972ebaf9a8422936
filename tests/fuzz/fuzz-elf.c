/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as a program: the parser must refuse them or give an image the loader can trust. */

#include "elf-parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
require (bool fact)
{
  if (!fact)
    abort ();
}

static void
check_image (const ElfImage *image, uint64_t file_size, uint64_t space)
{
  require (image->n_segments > 0 && image->n_segments <= ELF_MAX_SEGMENTS);
  require (image->low < image->high && image->high <= space);
  require (image->align >= 4096 && !(image->align & (image->align - 1)));
  uint64_t end = 0;
  for (unsigned i = 0; i < image->n_segments; i++) {
    const ElfSegment *s = &image->segment[i];
    require (s->vaddr >= end && s->memsz && s->filesz <= s->memsz);
    require (s->offset <= file_size && s->filesz <= file_size - s->offset);
    end = s->vaddr + s->memsz;
    require (end > s->vaddr && end <= image->high && s->vaddr >= image->low);
  }
  require (end == image->end_brk);
}

typedef struct {
  const uint8_t *data;
  size_t size;
} File;

static bool
read_file (void *user, uint64_t offset, void *out, size_t size)
{
  const File *file = user;
  require (size <= file->size && offset <= file->size - size);
  for (size_t i = 0; i < size; i++)
    ((uint8_t *)out)[i] = file->data[offset + i];
  return true;
}

static bool
parse (const ElfView *view, unsigned bits, uint64_t space)
{
  ElfImage image;
  char *why;
  bool ok = elf_parse (view, bits, EM_RISCV, space, &image, &why);
  require (ok == !why);
  if (ok)
    check_image (&image, view->file_size, space);
  elf_image_clear (&image);
  g_free (why);
  return ok;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  File file = { data, size };
  /* All at once, and with little of it in view: the answer must be the same. */
  ElfView whole = { data, size, size, NULL, NULL }, part = { data, MIN (size, 64), size, read_file, &file };
  require (parse (&whole, 64, UINT64_C (1) << 38) == parse (&part, 64, UINT64_C (1) << 38));
  require (parse (&whole, 32, UINT64_C (1) << 32) == parse (&part, 32, UINT64_C (1) << 32));
  return 0;
}
