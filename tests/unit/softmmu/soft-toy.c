/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "soft-toy.h"

#include <string.h>

MemoryMap *toy_map;
RamBlock *toy_ram;
ToyEntry toy_tables[TOY_ROOTS][TOY_VPAGES];
static MemoryRegion ram_region = { .name = "ram",
                                   .kind = MEMORY_RAM,
                                   .size = TOY_RAM_PAGES << RAM_PAGE_BITS };
static GuestIsa isa;

ToyHart *
toy_hart (const Cpu *cpu)
{
  return cpu->owner;
}

static CpuSpaceKey
space (const Cpu *cpu)
{
  return (CpuSpaceKey){ toy_hart (cpu)->root, 0 };
}

/* Whether another hart has removed the page by now. */
static bool
has_vanished (ToyEntry *entry)
{
  if (entry->vanishes > 1)
    entry->vanishes--;
  return entry->vanishes == 1;
}

static ToyEntry *
entry_of (uint64_t root, uint64_t vpage)
{
  return vpage < TOY_VPAGES ? &toy_tables[root & 0xff][vpage] : NULL;
}

static bool
translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  ToyHart *hart = toy_hart (cpu);
  ToyEntry *entry = entry_of (hart->root, vaddr >> RAM_PAGE_BITS);
  hart->walks++;
  if (entry == NULL || entry->phys == 0 || !(entry->prot >> access & 1) || has_vanished (entry)) {
    cpu->state.fault = (IrFault){ .addr = vaddr, .write = access == CPU_WRITE };
    return false;
  }
  *ret = (CpuTranslation){ .phys = entry->phys + (vaddr & (RAM_PAGE_SIZE - 1)),
                           .prot = entry->prot,
                           .log2_size = entry->log2_size,
                           .once = entry->once };
  return true;
}

static void
bad (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  cpu->state.fault = (IrFault){ .addr = vaddr, .write = access == CPU_WRITE };
  toy_hart (cpu)->bus_errors++;
}

/* On vCPU threads: an ecall is done, anything else is a failed test. */
static void
exception (Cpu *cpu, IrExit reason)
{
  g_assert_cmpint (reason, ==, IR_EXIT_SYSCALL);
  cpu->state.pc += 4;
}

static bool
interrupt (Cpu *cpu)
{
  ToyHart *hart = toy_hart (cpu);
  if (!__atomic_exchange_n (&hart->pending, false, __ATOMIC_SEQ_CST))
    return false;
  __atomic_fetch_add (&hart->taken, 1, __ATOMIC_SEQ_CST);
  return true;
}

static bool
wakes (Cpu *cpu)
{
  return __atomic_load_n (&toy_hart (cpu)->pending, __ATOMIC_SEQ_CST);
}

static const IsaSystem toy_system = { .space = space,
                                      .translate = translate,
                                      .bus_error = bad,
                                      .misaligned = bad,
                                      .exception = exception,
                                      .interrupt = interrupt,
                                      .wakes = wakes };

static bool
setting (const char *arg)
{
  if (strcmp (arg, "interpret") == 0)
    cpu_settings.interpret = true;
  else if (strcmp (arg, "one") == 0)
    cpu_settings.one_insn_per_block = true;
  else if (strcmp (arg, "cache") == 0)
    cpu_settings.code_cache_size = 1;
  else if (g_str_has_prefix (arg, "hot="))
    cpu_settings.hot_threshold = (unsigned)atoi (arg + 4);
  else if (g_str_has_prefix (arg, "flush="))
    cpu_settings.flush_every = (unsigned)atoi (arg + 6);
  else
    return false;
  return true;
}

void
toy_init (int *argc, char **argv)
{
  int kept = 1;
  for (int i = 1; i < *argc; i++)
    if (!setting (argv[i]))
      argv[kept++] = argv[i];
  *argc = kept;
  isa = riscv64_isa;
  isa.system = &toy_system;
  toy_map = memory_map_new (56);
  toy_ram = ram_region.ram = ram_block_new ("ram", ram_region.size, NULL);
  memory_region_map (toy_map, &ram_region, TOY_PHYS_BASE);
}

Cpu *
toy_cpu (uint64_t root)
{
  Cpu *cpu = cpu_new (&isa, NULL, NULL);
  cpu->owner = g_new0 (ToyHart, 1);
  toy_hart (cpu)->root = root;
  cpu_system_init (cpu, toy_map);
  cpu->state.mode |= RV_MODE_WFI;
  return cpu;
}

void
toy_free (Cpu *cpu)
{
  ToyHart *hart = toy_hart (cpu);
  cpu_free (cpu);
  g_free (hart);
}

uint64_t
toy_phys (unsigned ram_page)
{
  return TOY_PHYS_BASE + ((uint64_t)ram_page << RAM_PAGE_BITS);
}

void
toy_set (uint64_t root, uint64_t vpage, unsigned ram_page, unsigned prot)
{
  *entry_of (root, vpage) = (ToyEntry){ toy_phys (ram_page), (uint8_t)prot, RAM_PAGE_BITS, false, 0 };
}

static uint64_t
phys_of (uint64_t root, uint64_t vaddr)
{
  return entry_of (root, vaddr >> RAM_PAGE_BITS)->phys + (vaddr & (RAM_PAGE_SIZE - 1));
}

uint8_t *
toy_host (uint64_t root, uint64_t vaddr)
{
  return toy_ram->host + (phys_of (root, vaddr) - TOY_PHYS_BASE);
}

void
toy_emit (ToyCode *code, uint32_t insn)
{
  for (unsigned i = 0; i < 4; i += 2) {
    uint16_t half = (uint16_t)(insn >> 8 * i);
    g_assert_cmpint (memory_dma_write (toy_map, phys_of (code->root, code->pc + i), &half, 2), ==, MEMORY_OK);
  }
  code->pc += 4;
}

IrExit
toy_run (Cpu *cpu, uint64_t pc)
{
  IrExit exit;
  cpu->state.pc = pc;
  while ((exit = cpu_run (cpu)) == IR_EXIT_REQUEST)
    ;
  return exit;
}

void
toy_call (Cpu *cpu, uint64_t pc)
{
  IrExit exit = toy_run (cpu, pc);
  if (exit != IR_EXIT_SYSCALL)
    g_test_message ("pc %#" G_GINT64_MODIFIER "x fault %#" G_GINT64_MODIFIER "x", cpu->state.pc,
                    cpu->state.fault.addr);
  g_assert_cmpint (exit, ==, IR_EXIT_SYSCALL);
}
