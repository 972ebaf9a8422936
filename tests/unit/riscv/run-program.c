/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a freestanding program of tests/guest/riscv on the interpreter alone: no operating system but exit.
 * Exits with the program's status, or 254 if it stops in any other way. */

#include "harness.h"
#include <elf.h>
#include <string.h>
#include <stdio.h>

/* Copies the program's segments into the hart's memory; returns its entry point, 0 on failure. */
static uint64_t
load (const char *path)
{
  g_autofree char *file = NULL;
  gsize size;

  if (!g_file_get_contents (path, &file, &size, NULL) || size < sizeof (Elf64_Ehdr))
    return 0;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(file + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; i++) {
    if (segment[i].p_type != PT_LOAD)
      continue;
    if (segment[i].p_vaddr < MEM_BASE || segment[i].p_vaddr + segment[i].p_memsz > MEM_BASE + MEM_SIZE)
      return 0;
    for (uint64_t j = 0; j < segment[i].p_filesz; j++)
      mem_set (segment[i].p_vaddr + j, 1, (uint8_t)file[segment[i].p_offset + j]);
  }
  return header->e_entry;
}

int
main (int argc, char **argv)
{
  uint64_t entry = argc == 2 ? load (argv[1]) : 0;

  if (entry == 0) {
    fprintf (stderr, "usage: run-program ELF (linked into %#x..%#x)\n", MEM_BASE, MEM_BASE + MEM_SIZE);
    return 2;
  }
  g_autoptr (Hart) h = hart_new (64, NULL);
  IrExit exit = hart_run_memory (h, entry);
  if (exit == IR_EXIT_SYSCALL && h->s->var[17] == 93)
    return h->s->var[10] & 0xff;
  fprintf (stderr, "run-program: exit %d at pc %#" G_GINT64_MODIFIER "x\n", exit, h->s->pc);
  return 254;
}
