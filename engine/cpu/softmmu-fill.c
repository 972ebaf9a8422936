/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <string.h>

/* From a guest virtual address to a place, and into the TLB. */

G_NORETURN static void
fault (Cpu *cpu)
{
  ir_leave (&cpu->state, IR_EXIT_FAULT);
}

/* Notes that write TLBs have the page at that index, before they do. */
static void
note_writer (RamPage *page, uint64_t vaddr)
{
  uint32_t mine = jit_tlb_index (vaddr) + 2, known = __atomic_load_n (&page->writer, __ATOMIC_RELAXED);
  if (known == mine || known == 1)
    return;
  if (known != 0 ||
      !__atomic_compare_exchange_n (&page->writer, &known, mine, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    if (known != mine)
      __atomic_store_n (&page->writer, 1, __ATOMIC_SEQ_CST);
}

static void
enter_write (Space *space, uint64_t vaddr, const Place *place)
{
  RamPage *page = &place->block->pages[place->offset >> RAM_PAGE_BITS];
  if (__atomic_load_n (&page->watch, __ATOMIC_RELAXED) != 0)
    return;
  JitTlbEntry *entry = &space->tlb->write[jit_tlb_index (vaddr)];
  note_writer (page, vaddr);
  entry->addend = (uint64_t)(uintptr_t)place->host - vaddr;
  __atomic_store_n (&entry->tag, vaddr & ~PAGE_MASK, __ATOMIC_SEQ_CST);
  space->used_write = true;
  /* Whoever began to watch meanwhile may not have seen the entry. */
  if (__atomic_load_n (&page->watch, __ATOMIC_SEQ_CST) != 0)
    __atomic_store_n (&entry->tag, JIT_TLB_NONE, __ATOMIC_SEQ_CST);
}

static void
enter_read (Space *space, uint64_t vaddr, const Place *place)
{
  JitTlbEntry *entry = &space->tlb->read[jit_tlb_index (vaddr)];
  entry->addend = (uint64_t)(uintptr_t)place->host - vaddr;
  entry->tag = vaddr & ~PAGE_MASK;
  space->used_read = true;
}

/* What lies at place->phys; true when the whole page around it may be entered for the access. */
static bool
resolve (Cpu *cpu, CpuAccess access, Place *place)
{
  MemorySection section;
  place->host = NULL;
  if (!memory_find (cpu->system->memory, place->phys, &section))
    return false;
  bool direct = section.kind == MEMORY_RAM || (access != CPU_WRITE && section.kind != MEMORY_MMIO);
  if (!direct)
    return false;
  place->block = section.ram;
  place->offset = section.ram_offset + (place->phys - section.start);
  place->host = place->block->host + place->offset;
  uint64_t page = place->phys & ~PAGE_MASK;
  return section.start <= page && page - section.start + RAM_PAGE_SIZE <= section.size &&
         ((place->offset ^ place->phys) & PAGE_MASK) == 0;
}

/* How far the translation reaches inside the page. */
static unsigned
reach (const CpuTranslation *t)
{
  return t->once && t->bytes != 0 ? t->bytes : RAM_PAGE_SIZE - (unsigned)(t->phys & PAGE_MASK);
}

static void
enter (Cpu *cpu, Space *space, uint64_t vaddr, CpuAccess access, const Place *place, unsigned log2_size)
{
  if (space == NULL)
    return;
  if (log2_size > RAM_PAGE_BITS)
    space_note_large (space, vaddr & ~cpu->system->isa->tag_bits, log2_size);
  if (access == CPU_WRITE)
    enter_write (space, vaddr, place);
  else
    enter_read (space, vaddr, place);
}

Place
system_place (Cpu *cpu, uint64_t vaddr, unsigned size, CpuAccess access, bool user)
{
  CpuSystem *sys = cpu->system;
  CpuTranslation t;
  if (!(user ? sys->isa->translate_user : sys->isa->translate) (cpu, vaddr, access, &t))
    fault (cpu);
  if (G_UNLIKELY (size > reach (&t))) {
    sys->isa->bus_error (cpu, vaddr, access);
    fault (cpu);
  }
  if (G_UNLIKELY (t.aligned && vaddr & (size - 1))) {
    sys->isa->misaligned (cpu, vaddr, access);
    fault (cpu);
  }
  Place place = { .phys = t.phys };
  bool whole = resolve (cpu, access, &place);
  if (whole && !t.once && !t.aligned && t.prot & 1u << access)
    enter (cpu, user ? system_user_space (cpu) : sys->space, vaddr, access, &place, t.log2_size);
  return place;
}

static void
enter_exec (Cpu *cpu, uint64_t pc, uint64_t ram)
{
  Space *space = cpu->system->space;
  unsigned index = jit_exec_index (pc);
  JitExecEntry *entry = &space->tlb->exec[index];
  uint64_t page = pc & ~PAGE_MASK;
  entry->page = page;
  entry->ram = ram & ~PAGE_MASK;
  entry->id = jit_page_id (page, entry->ram);
  space->exec_pages[index / 64] |= UINT64_C (1) << (index % 64);
  space->used_exec = true;
}

/* *ret_reach: how many bytes from pc on are good. */
static SystemExec
find_exec (Cpu *cpu, uint64_t pc, uint64_t *ret_ram, unsigned *ret_reach)
{
  CpuSystem *sys = cpu->system;
  const JitExecEntry *known = &sys->space->tlb->exec[jit_exec_index (pc)];
  CpuTranslation t;
  *ret_reach = RAM_PAGE_SIZE - (unsigned)(pc & PAGE_MASK);
  if (G_LIKELY (known->page == (pc & ~PAGE_MASK))) {
    *ret_ram = known->ram | (pc & PAGE_MASK);
    return SYSTEM_EXEC_OK;
  }
  if (!sys->isa->translate (cpu, pc, CPU_EXEC, &t))
    return SYSTEM_EXEC_FAULT;
  *ret_reach = reach (&t);
  Place place = { .phys = t.phys };
  bool whole = resolve (cpu, CPU_EXEC, &place);
  if (place.host == NULL) {
    sys->isa->bus_error (cpu, pc, CPU_EXEC);
    return SYSTEM_EXEC_FAULT;
  }
  *ret_ram = (place.block->start + place.offset) | (t.guarded ? IR_RAM_GUARDED : 0);
  if (!whole || t.once)
    return SYSTEM_EXEC_ONCE;
  if (t.log2_size > RAM_PAGE_BITS)
    space_note_large (sys->space, pc & ~sys->isa->tag_bits, t.log2_size);
  enter_exec (cpu, pc, *ret_ram);
  return SYSTEM_EXEC_OK;
}

SystemExec
system_exec (Cpu *cpu, uint64_t pc, uint64_t *ret_ram)
{
  unsigned reach;
  return find_exec (cpu, pc, ret_ram, &reach);
}

bool
system_read_ram (uint64_t ram, void *out, size_t size)
{
  const RamBlock *block = ram_block_find (ram);
  if (block == NULL || size > block->size - (ram - block->start))
    return false;
  memcpy (out, block->host + (ram - block->start), size);
  return true;
}

/* Nothing beyond what is asked for is looked at: the next page may be one that must not be touched. Where
 * protection is finer than a page, each part is asked for by itself: an instruction is fetched in parcels. */
size_t
system_fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  size_t done = 0;
  while (done < want) {
    uint64_t ram;
    unsigned reach;
    if (find_exec (cpu, pc + done, &ram, &reach) == SYSTEM_EXEC_FAULT) {
      *ret_fault = cpu->state.fault;
      break;
    }
    size_t part = MIN (want - done, reach);
    if (!system_read_ram (IR_RAM_ADDR (ram), out + done, part)) { /* The memory ends inside the page. */
      cpu->system->isa->bus_error (cpu, pc + done, CPU_EXEC);
      *ret_fault = cpu->state.fault;
      break;
    }
    done += part;
  }
  return done;
}
