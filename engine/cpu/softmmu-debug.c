/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <string.h>

/* Guest memory for page-table walks, debuggers and the monitor. */

/* Host memory of an aligned word of RAM, or NULL. */
static uint8_t *
phys_word (Cpu *cpu, uint64_t phys, unsigned size, bool write, RamBlock **ret_block, uint64_t *ret_offset)
{
  MemorySection section;
  if (phys & (size - 1) || !memory_find (cpu->system->memory, phys, &section))
    return NULL;
  if (section.kind == MEMORY_MMIO || (write && section.kind != MEMORY_RAM))
    return NULL;
  *ret_block = section.ram;
  *ret_offset = section.ram_offset + (phys - section.start);
  return section.ram->host + *ret_offset;
}

bool
cpu_phys_read64 (Cpu *cpu, uint64_t phys, uint64_t *ret_value)
{
  RamBlock *block;
  uint64_t offset;
  const uint8_t *p = phys_word (cpu, phys, 8, false, &block, &offset);
  if (p != NULL)
    *ret_value = __atomic_load_n ((const uint64_t *)p, __ATOMIC_ACQUIRE);
  return p != NULL;
}

bool
cpu_phys_read32 (Cpu *cpu, uint64_t phys, uint32_t *ret_value)
{
  RamBlock *block;
  uint64_t offset;
  const uint8_t *p = phys_word (cpu, phys, 4, false, &block, &offset);
  if (p != NULL)
    *ret_value = __atomic_load_n ((const uint32_t *)p, __ATOMIC_ACQUIRE);
  return p != NULL;
}

bool
cpu_phys_cas64 (Cpu *cpu, uint64_t phys, uint64_t expected, uint64_t desired, bool *ret_same)
{
  RamBlock *block;
  uint64_t offset;
  uint8_t *p = phys_word (cpu, phys, 8, true, &block, &offset);
  if (p == NULL)
    return false;
  *ret_same = __atomic_compare_exchange_n ((uint64_t *)p, &expected, desired, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
  system_stored (block, offset, 8);
  return true;
}

bool
cpu_phys_cas32 (Cpu *cpu, uint64_t phys, uint32_t expected, uint32_t desired, bool *ret_same)
{
  RamBlock *block;
  uint64_t offset;
  uint8_t *p = phys_word (cpu, phys, 4, true, &block, &offset);
  if (p == NULL)
    return false;
  *ret_same = __atomic_compare_exchange_n ((uint32_t *)p, &expected, desired, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
  system_stored (block, offset, 4);
  return true;
}

/* The part of a transfer that stays in one page. */
static size_t
page_part (uint64_t vaddr, size_t size)
{
  return MIN (size, RAM_PAGE_SIZE - (vaddr & PAGE_MASK));
}

bool
cpu_debug_read (Cpu *cpu, uint64_t vaddr, void *out, size_t size)
{
  for (size_t done = 0, part; done < size; done += part) {
    uint64_t phys;
    part = page_part (vaddr + done, size - done);
    if (!cpu->system->isa->translate_debug (cpu, vaddr + done, &phys) ||
        memory_dma_read (cpu->system->memory, phys, (uint8_t *)out + done, part) != MEMORY_OK)
      return false;
  }
  return true;
}

bool
cpu_debug_write (Cpu *cpu, uint64_t vaddr, const void *data, size_t size)
{
  for (size_t done = 0, part; done < size; done += part) {
    uint64_t phys;
    part = page_part (vaddr + done, size - done);
    if (!cpu->system->isa->translate_debug (cpu, vaddr + done, &phys) ||
        memory_debug_write (cpu->system->memory, phys, (const uint8_t *)data + done, part) != MEMORY_OK)
      return false;
  }
  return true;
}
