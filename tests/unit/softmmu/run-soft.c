/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a freestanding program of tests/guest/riscv through the TLBs of system mode: under a toy MMU that
 * scatters the program's pages over guest RAM, so that nothing which is next to something in one world is so
 * in the other. Exits with the program's status, or 254 if it stops in any other way.
 *
 *   run-soft ELF [interpret] [hot=N] [one] [flush=N] [forget]
 *
 * `forget` empties the TLBs at every exit of compiled code. */

#include "riscv-cpu.h"
#include "softmmu.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>

#define VIRT_PAGES 1024u
#define PHYS_BASE  UINT64_C (0x80000000)

static MemoryMap *map;
static bool bad_access;

/* Any one-to-one map would do. */
static uint64_t
phys_page (uint64_t page)
{
  return (page * 397 + 11) % VIRT_PAGES;
}

static CpuSpaceKey
space (const Cpu *cpu)
{
  return (CpuSpaceKey){ 1, 0 };
}

static bool
translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  if (vaddr >> RAM_PAGE_BITS >= VIRT_PAGES) {
    cpu->state.fault.addr = vaddr;
    return false;
  }
  *ret = (CpuTranslation){ .phys = PHYS_BASE + (phys_page (vaddr >> RAM_PAGE_BITS) << RAM_PAGE_BITS) +
                                   (vaddr & (RAM_PAGE_SIZE - 1)),
                           .prot = 7,
                           .log2_size = RAM_PAGE_BITS };
  return true;
}

static void
bad (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  cpu->state.fault.addr = vaddr;
  bad_access = true;
}

static const IsaSystem toy = { .space = space, .translate = translate, .bus_error = bad, .misaligned = bad };

static uint64_t
load (const char *path)
{
  g_autofree char *file = NULL;
  gsize size;
  if (!g_file_get_contents (path, &file, &size, NULL) || size < sizeof (Elf64_Ehdr))
    return 0;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(file + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; i++)
    for (uint64_t j = 0; segment[i].p_type == PT_LOAD && j < segment[i].p_filesz; j++) {
      uint64_t at = segment[i].p_vaddr + j;
      uint64_t phys =
          PHYS_BASE + (phys_page (at >> RAM_PAGE_BITS) << RAM_PAGE_BITS) + (at & (RAM_PAGE_SIZE - 1));
      memory_dma_write (map, phys, file + segment[i].p_offset + j, 1);
    }
  return header->e_entry;
}

static void
parse (const char *arg, bool *forget)
{
  if (strcmp (arg, "interpret") == 0)
    cpu_settings.interpret = true;
  else if (strcmp (arg, "one") == 0)
    cpu_settings.one_insn_per_block = true;
  else if (g_str_has_prefix (arg, "hot="))
    cpu_settings.hot_threshold = (unsigned)atoi (arg + 4);
  else if (g_str_has_prefix (arg, "flush="))
    cpu_settings.flush_every = (unsigned)atoi (arg + 6);
  else if (strcmp (arg, "forget") == 0)
    *forget = true;
}

int
main (int argc, char **argv)
{
  GuestIsa isa = riscv64_isa;
  bool forget = false;
  isa.system = &toy;
  for (int i = 2; i < argc; i++)
    parse (argv[i], &forget);
  if (forget)
    cpu_settings.interrupt_every = 1;
  map = memory_map_new (56);
  MemoryRegion region = { .name = "ram", .kind = MEMORY_RAM, .size = VIRT_PAGES << RAM_PAGE_BITS };
  region.ram = ram_block_new ("ram", region.size, NULL);
  memory_region_map (map, &region, PHYS_BASE);
  Cpu *cpu = cpu_new (&isa, NULL, NULL);
  cpu_system_init (cpu, map);
  cpu->state.pc = load (argv[1]);
  IrExit exit;
  while ((exit = cpu_run (cpu)) == IR_EXIT_REQUEST)
    if (forget)
      cpu_tlb_flush (cpu, 0, 0);
  int status = exit == IR_EXIT_SYSCALL && cpu->state.var[17] == 93 && !bad_access
                   ? (int)(cpu->state.var[10] & 0xff)
                   : 254;
  if (status == 254)
    fprintf (stderr, "run-soft: exit %d at pc %#" G_GINT64_MODIFIER "x, fault %#" G_GINT64_MODIFIER "x\n",
             exit, cpu->state.pc, cpu->state.fault.addr);
  cpu_free (cpu);
  return status;
}
