/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

/* Calls of the guest to the host, and the guest's memory for who answers them. */

void
cpu_set_semihosting (Cpu *cpu, const CpuSemihosting *hooks)
{
  cpu->system->semihosting = hooks;
}

bool
cpu_semihosted (const Cpu *cpu, bool user)
{
  const CpuSemihosting *hooks = cpu->system->semihosting;
  return G_UNLIKELY (hooks != NULL) && (!user || hooks->user);
}

bool
cpu_semihost (Cpu *cpu, uint32_t op, uint64_t arg, uint64_t *ret_result)
{
  const CpuSemihosting *hooks = cpu->system->semihosting;
  return hooks->call (hooks->opaque, cpu, op, arg, ret_result);
}

bool
cpu_wait_kick (Cpu *cpu)
{
  return vcpu_wait_kick (cpu->system->vcpu);
}

/* Nothing is entered in the TLB: there is no compiled code that would go on using it. */
static bool
copy (Cpu *cpu, uint64_t vaddr, void *buffer, size_t size, CpuAccess access)
{
  for (size_t done = 0, part; done < size; done += part) {
    uint8_t *at = (uint8_t *)buffer + done;
    uint64_t addr = vaddr + done;
    CpuTranslation t;
    if (!cpu->system->isa->translate (cpu, addr, access, &t))
      return false;
    part = MIN (size - done, RAM_PAGE_SIZE - (size_t)(addr & PAGE_MASK));
    if (t.once && t.bytes != 0)
      part = MIN (part, t.bytes);
    MemoryResult result = access == CPU_WRITE ? memory_dma_write (cpu->system->memory, t.phys, at, part)
                                              : memory_dma_read (cpu->system->memory, t.phys, at, part);
    if (result != MEMORY_OK)
      return false;
  }
  return true;
}

bool
cpu_guest_read (Cpu *cpu, uint64_t vaddr, void *out, size_t size)
{
  return copy (cpu, vaddr, out, size, CPU_READ);
}

bool
cpu_guest_write (Cpu *cpu, uint64_t vaddr, const void *data, size_t size)
{
  return copy (cpu, vaddr, (void *)data, size, CPU_WRITE);
}
