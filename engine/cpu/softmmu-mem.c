/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include "atomic-host.h"
#include <string.h>

/* Accesses that compiled code's TLB look-up did not serve, and all of the interpreter's. */

static Cpu *
cpu_of (IrState *s)
{
  return (Cpu *)s;
}

G_NORETURN static void
bus_error (Cpu *cpu, uint64_t addr, CpuAccess access)
{
  cpu->system->isa->bus_error (cpu, addr, access);
  ir_leave (&cpu->state, IR_EXIT_FAULT);
}

static bool
crosses (uint64_t addr, unsigned size)
{
  return (addr & PAGE_MASK) + size > RAM_PAGE_SIZE;
}

static uint64_t
device_load (Cpu *cpu, uint64_t addr, uint64_t phys, unsigned size)
{
  uint64_t value = 0;
  unsigned csr = host_fp_begin ();
  MemoryResult result = memory_read (cpu->system->memory, phys, size, &value);
  host_fp_end (csr);
  if (result != MEMORY_OK)
    bus_error (cpu, addr, CPU_READ);
  return value;
}

static void
device_store (Cpu *cpu, uint64_t addr, uint64_t phys, unsigned size, uint64_t value)
{
  unsigned csr = host_fp_begin ();
  MemoryResult result = memory_write (cpu->system->memory, phys, size, value);
  host_fp_end (csr);
  if (result != MEMORY_OK)
    bus_error (cpu, addr, CPU_WRITE);
  /* The store may have changed what is at an address (a flash chip's mode), and the next load is to see it.
   */
  system_flush_requested (cpu);
}

static uint64_t
load_at (Cpu *cpu, uint64_t addr, const Place *place, unsigned size)
{
  if (place->host == NULL)
    return device_load (cpu, addr, place->phys, size);
  return host_load (place->host, size);
}

/* After a store: where the page is watched, somebody is told. */
static void
stored (const Place *place, unsigned size)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  if (__atomic_load_n (&place->block->pages[place->offset >> RAM_PAGE_BITS].watch, __ATOMIC_SEQ_CST) == 0)
    return;
  system_stored (place->block, place->offset, size);
}

static void
store_at (Cpu *cpu, uint64_t addr, const Place *place, unsigned size, uint64_t value)
{
  if (place->host == NULL) {
    device_store (cpu, addr, place->phys, size, value);
    return;
  }
  host_store (place->host, size, value);
  stored (place, size);
}

/* The page after that of addr. */
static uint64_t
next_page (const Cpu *cpu, uint64_t addr)
{
  uint64_t next = (addr | PAGE_MASK) + 1;
  return cpu->isa->bits == 32 ? (uint32_t)next : next;
}

/* Both pages are looked up before either is touched: an access that faults does nothing. */
static uint64_t
load_crossing (Cpu *cpu, uint64_t addr, unsigned size, bool user)
{
  uint64_t second = next_page (cpu, addr), value = 0;
  unsigned first_size = (unsigned)(-addr & PAGE_MASK);
  Place low = system_place (cpu, addr, first_size, CPU_READ, user),
        high = system_place (cpu, second, size - first_size, CPU_READ, user);
  for (unsigned i = 0; i < size; i++) {
    Place at = i < first_size ? low : high;
    unsigned n = i < first_size ? i : i - first_size;
    at.phys += n;
    at.host = at.host != NULL ? at.host + n : NULL;
    value |= load_at (cpu, addr + i, &at, 1) << (8 * i);
  }
  return value;
}

static void
store_crossing (Cpu *cpu, uint64_t addr, unsigned size, uint64_t value, bool user)
{
  uint64_t second = next_page (cpu, addr);
  unsigned first_size = (unsigned)(-addr & PAGE_MASK);
  Place low = system_place (cpu, addr, first_size, CPU_WRITE, user),
        high = system_place (cpu, second, size - first_size, CPU_WRITE, user);
  for (unsigned i = 0; i < size; i++) {
    Place at = i < first_size ? low : high;
    unsigned n = i < first_size ? i : i - first_size;
    at.phys += n;
    at.offset += n;
    at.host = at.host != NULL ? at.host + n : NULL;
    store_at (cpu, addr + i, &at, 1, value >> (8 * i) & 0xff);
  }
}

static inline uint64_t
load_in (Cpu *cpu, const JitSpace *tlb, uint64_t addr, unsigned size, bool user)
{
  if (G_UNLIKELY (crosses (addr, size)))
    return load_crossing (cpu, addr, size, user);
  const JitTlbEntry *entry = &tlb->read[jit_tlb_index (addr)];
  if (entry->tag == (addr & ~PAGE_MASK))
    return host_load ((const void *)(uintptr_t)(addr + entry->addend), size);
  Place place = system_place (cpu, addr, size, CPU_READ, user);
  return load_at (cpu, addr, &place, size);
}

static inline void
store_in (Cpu *cpu, const JitSpace *tlb, uint64_t addr, unsigned size, uint64_t value, bool user)
{
  if (G_UNLIKELY (crosses (addr, size))) {
    store_crossing (cpu, addr, size, value, user);
    return;
  }
  const JitTlbEntry *entry = &tlb->write[jit_tlb_index (addr)];
  if (entry->tag == (addr & ~PAGE_MASK)) {
    host_store ((void *)(uintptr_t)(addr + entry->addend), size, value);
    return;
  }
  Place place = system_place (cpu, addr, size, CPU_WRITE, user);
  store_at (cpu, addr, &place, size, value);
}

static uint64_t
soft_load (IrState *s, uint64_t addr, unsigned size)
{
  return load_in (cpu_of (s), cpu_of (s)->system->space->tlb, addr, size, false);
}

static void
soft_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  store_in (cpu_of (s), cpu_of (s)->system->space->tlb, addr, size, value, false);
}

static uint64_t
soft_load_user (IrState *s, uint64_t addr, unsigned size)
{
  return load_in (cpu_of (s), cpu_of (s)->jit_state.user_space, addr, size, true);
}

static void
soft_store_user (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  store_in (cpu_of (s), cpu_of (s)->jit_state.user_space, addr, size, value, true);
}

G_NORETURN static void
misaligned (Cpu *cpu, uint64_t addr, CpuAccess access)
{
  cpu->system->isa->misaligned (cpu, addr, access);
  ir_leave (&cpu->state, IR_EXIT_FAULT);
}

static void
soft_misaligned (IrState *s, uint64_t addr, bool write)
{
  misaligned (cpu_of (s), addr, write ? CPU_WRITE : CPU_READ);
}

/* Atomics need memory: no device takes part in them. */
static Place
atomic_place (Cpu *cpu, uint64_t addr, unsigned size)
{
  if (addr & (size - 1))
    misaligned (cpu, addr, CPU_WRITE);
  Place place = system_place (cpu, addr, size, CPU_WRITE, false);
  if (place.host == NULL)
    bus_error (cpu, addr, CPU_WRITE);
  return place;
}

static uint64_t
soft_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  Place place = atomic_place (cpu_of (s), addr, size);
  uint64_t old = host_rmw (place.host, size, op, value);
  stored (&place, size);
  return old;
}

static uint64_t
soft_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  Place place = atomic_place (cpu_of (s), addr, size);
  uint64_t old = host_cas (place.host, size, expected, desired);
  stored (&place, size);
  return old;
}

static void
soft_cas16 (IrState *s, uint64_t addr, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  Place place = atomic_place (cpu_of (s), addr, 16);
  host_cas16 (place.host, expected, desired, ret_old);
  stored (&place, 16);
}

const IrMemOps mem_soft = { soft_load,  soft_store,     soft_rmw,        soft_cas,
                            soft_cas16, soft_load_user, soft_store_user, soft_misaligned };

/* The result of 16 bytes is in memory. */
static uint64_t
load_wide (IrState *s, uint64_t addr, bool user)
{
  IrV128 value;
  for (unsigned i = 0; i < 2; i++)
    value.d[i] = user ? soft_load_user (s, addr + 8 * i, 8) : soft_load (s, addr + 8 * i, 8);
  cpu_of (s)->jit_state.wide_arg[0] = value;
  return 0;
}

/* All or nothing of it is written: what lies in another page is tried first. */
static void
store_wide (IrState *s, uint64_t addr, bool user)
{
  IrV128 value = cpu_of (s)->jit_state.wide_arg[0];
  bool across = crosses (addr, 16);
  for (unsigned i = 0; i < 2; i++) {
    unsigned half = across ? 1 - i : i;
    (user ? soft_store_user : soft_store) (s, addr + 8 * half, 8, value.d[half]);
  }
}

static uint64_t
jit_load (IrState *s, uint64_t addr, uint32_t kind)
{
  unsigned size = 1u << (kind & JIT_KIND_LOG2), shift = 64 - 8 * size;
  bool user = kind & JIT_KIND_USER;
  if (kind & JIT_KIND_WIDE16)
    return load_wide (s, addr, user);
  uint64_t value = user ? soft_load_user (s, addr, size) : soft_load (s, addr, size);
  if (kind & JIT_KIND_SIGNED)
    value = (uint64_t)((int64_t)(value << shift) >> shift);
  return kind & JIT_KIND_WIDE ? value : (uint32_t)value;
}

static void
jit_store (IrState *s, uint64_t addr, uint32_t kind, uint64_t value)
{
  bool user = kind & JIT_KIND_USER;
  if (kind & JIT_KIND_WIDE16)
    store_wide (s, addr, user);
  else
    (user ? soft_store_user : soft_store) (s, addr, 1u << (kind & JIT_KIND_LOG2), value);
}

static bool
jit_fill_write (IrState *s, uint64_t addr, uint32_t kind)
{
  Cpu *cpu = cpu_of (s);
  system_place (cpu, addr, 1u << (kind & JIT_KIND_LOG2), CPU_WRITE, false);
  return cpu->system->space->tlb->write[jit_tlb_index (addr)].tag == (addr & ~PAGE_MASK);
}

/* The addend of a page that is in the TLB, or JIT_NO_ADDEND. */
static uint64_t
known_addend (Cpu *cpu, uint64_t addr, bool write)
{
  const JitSpace *tlb = cpu->system->space->tlb;
  const JitTlbEntry *entry = write ? &tlb->write[jit_tlb_index (addr)] : &tlb->read[jit_tlb_index (addr)];
  return entry->tag == (addr & ~PAGE_MASK) ? entry->addend : JIT_NO_ADDEND;
}

static uint64_t
jit_span (IrState *s, uint64_t addr, uint32_t kind)
{
  Cpu *cpu = cpu_of (s);
  bool write = kind & JIT_KIND_WRITE;
  uint64_t first = addr - (kind >> JIT_KIND_BELOW & 0xfff),
           last = addr + (kind >> JIT_KIND_ABOVE & 0xfff) - 1;
  unsigned size = kind & JIT_KIND_WIDE16 ? 16 : 1u << (kind & JIT_KIND_LOG2);
  if (crosses (addr, size))
    return JIT_NO_ADDEND;
  if (known_addend (cpu, addr, write) == JIT_NO_ADDEND)
    system_place (cpu, addr, size, write ? CPU_WRITE : CPU_READ, false);
  uint64_t addend = known_addend (cpu, first, write);
  return addend == known_addend (cpu, last, write) ? addend : JIT_NO_ADDEND;
}

const JitSoftmmu system_softmmu = { jit_load, jit_store, jit_fill_write, jit_span };
