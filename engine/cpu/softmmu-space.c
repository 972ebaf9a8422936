/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include "exec-jit.h"
#include "mem-direct.h"
#include <string.h>
#include <sys/mman.h>

/* Address spaces: which one is current, and taking entries away. */

/* protects cpus */
static GMutex lock;
static GPtrArray *cpus;

void
system_each_cpu (void (*fn) (Cpu *cpu, void *opaque), void *opaque)
{
  g_mutex_lock (&lock);
  for (unsigned i = 0; cpus != NULL && i < cpus->len; i++)
    fn (g_ptr_array_index (cpus, i), opaque);
  g_mutex_unlock (&lock);
}

bool
system_any_cpu (void)
{
  g_mutex_lock (&lock);
  bool any = cpus != NULL && cpus->len > 0;
  g_mutex_unlock (&lock);
  return any;
}

static void
clear_exec (Space *space)
{
  memset (space->tlb->exec, 0xff, sizeof space->tlb->exec);
  memset (space->tlb->jumps, 0xff, sizeof space->tlb->jumps);
  memset (space->exec_pages, 0, sizeof space->exec_pages);
  space->used_exec = false;
}

/* Stores of a tag are single: ram_hooks.watch looks at the write TLB from other threads. */
static void
clear_space (Space *space)
{
  if (space->used_read)
    memset (space->tlb->read, 0xff, sizeof space->tlb->read);
  if (space->used_write)
    memset (space->tlb->write, 0xff, sizeof space->tlb->write);
  if (space->used_exec)
    clear_exec (space);
  space->used_read = space->used_write = false;
  space->n_large = 0;
}

static bool
allocate_space (Space *space)
{
  void *p = mmap (NULL, sizeof (JitSpace), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return false;
  memset (p, 0xff, sizeof (JitSpace));
  __atomic_store_n (&space->tlb, p, __ATOMIC_RELEASE);
  return true;
}

static void
name_space (Space *space, CpuSpaceKey key, uint32_t mode)
{
  clear_space (space);
  space->key = key;
  space->mode = mode;
}

static bool
is_space (const Space *space, CpuSpaceKey key, uint32_t mode)
{
  return space->tlb != NULL && space->key.root == key.root && space->key.flags == key.flags &&
         space->key.more[0] == key.more[0] && space->key.more[1] == key.more[1] && space->mode == mode;
}

/* The space of that key; the one that was not used for longest is given up for it. NULL: the host has no
 * memory. */
static Space *
find_space (CpuSystem *sys, CpuSpaceKey key, uint32_t mode)
{
  Space *oldest = &sys->spaces[0];
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    Space *space = &sys->spaces[i];
    if (is_space (space, key, mode))
      return space;
    if (space->stamp < oldest->stamp)
      oldest = space;
  }
  if (oldest->tlb == NULL && !allocate_space (oldest))
    return NULL;
  name_space (oldest, key, mode);
  return oldest;
}

/* What compiled code keeps beside the TLBs: spans, and return addresses, which must stay while a helper that
 * it has called runs. */
static void
kept_is_void (Cpu *cpu)
{
  for (unsigned i = 0; i < JIT_SPANS; i++)
    cpu->jit_state.span[i] = JIT_NO_ADDEND;
  cpu->system->returns_void = true;
}

/* Where nothing is found. */
static JitSpace *
empty_space (void)
{
  static JitSpace *empty;
  if (g_once_init_enter_pointer (&empty)) {
    JitSpace *space = g_malloc (sizeof *space);
    memset (space, 0xff, sizeof *space);
    g_once_init_leave_pointer (&empty, space);
  }
  return empty;
}

static void
set_space (Cpu *cpu, CpuSpaceKey key)
{
  CpuSystem *sys = cpu->system;
  Space *space = find_space (sys, key, cpu->state.mode);
  if (space == NULL) { /* No memory for another one: what there is serves for this, too. */
    space = sys->space;
    if (space == NULL)
      g_error ("no memory for the TLB of a vCPU");
    name_space (space, key, cpu->state.mode);
  }
  sys->space = space;
  sys->space->stamp = ++sys->clock;
  cpu->jit_state.space = sys->space->tlb;
  sys->user = NULL;
  cpu->jit_state.user_space = empty_space ();
  kept_is_void (cpu);
}

/* No code runs in such a space. */
#define USER_MODE UINT32_MAX

Space *
system_user_space (Cpu *cpu)
{
  CpuSystem *sys = cpu->system;
  if (sys->user == NULL) {
    sys->user = find_space (sys, sys->isa->user_space (cpu), USER_MODE);
    if (sys->user == NULL)
      return NULL;
    sys->user->stamp = ++sys->clock;
    cpu->jit_state.user_space = sys->user->tlb;
  }
  return sys->user;
}

void
system_flush_requested (Cpu *cpu)
{
  CpuSystem *sys = cpu->system;
  if (G_UNLIKELY (__atomic_load_n (&sys->flush_requested, __ATOMIC_RELAXED)) &&
      __atomic_exchange_n (&sys->flush_requested, false, __ATOMIC_ACQ_REL))
    cpu_tlb_flush (cpu, 0, 0);
}

void
system_sync (Cpu *cpu)
{
  CpuSystem *sys = cpu->system;
  system_settle (cpu, true);
  system_flush_requested (cpu);
  system_mail_read (cpu);
  CpuSpaceKey key = sys->isa->space (cpu);
  if (sys->space == NULL || !is_space (sys->space, key, cpu->state.mode))
    set_space (cpu, key);
  if (sys->returns_void && cpu->jit != NULL) {
    jit_space_changed (cpu->jit);
    sys->returns_void = false;
  }
}

void
system_forget_code (Cpu *cpu)
{
  for (unsigned i = 0; i < SYSTEM_SPACES; i++)
    if (cpu->system->spaces[i].tlb != NULL)
      clear_exec (&cpu->system->spaces[i]);
  kept_is_void (cpu);
}

void
space_note_large (Space *space, uint64_t vaddr, unsigned log2_size)
{
  uint64_t size = log2_size < 64 ? UINT64_C (1) << log2_size : 0;
  uint64_t start = vaddr & -size, end = start + size - 1;
  for (unsigned i = 0; i < space->n_large; i++)
    if (space->large[i].start <= start && end <= space->large[i].end)
      return;
  if (space->n_large < SYSTEM_LARGE) {
    space->large[space->n_large].start = start;
    space->large[space->n_large++].end = end;
    return;
  }
  /* The last range grows to take in all others. */
  space->large[SYSTEM_LARGE - 1].start = MIN (space->large[SYSTEM_LARGE - 1].start, start);
  space->large[SYSTEM_LARGE - 1].end = MAX (space->large[SYSTEM_LARGE - 1].end, end);
}

static bool
in_large (const Space *space, uint64_t vaddr)
{
  for (unsigned i = 0; i < space->n_large; i++)
    if (space->large[i].start <= vaddr && vaddr <= space->large[i].end)
      return true;
  return false;
}

void
cpu_tlb_flush (Cpu *cpu, uint64_t mask, uint64_t value)
{
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    Space *space = &cpu->system->spaces[i];
    if (space->tlb != NULL && (space->key.root & mask) == value)
      clear_space (space);
  }
  kept_is_void (cpu);
}

void
cpu_tlb_flush_if (Cpu *cpu, CpuSpaceMatch match, const void *opaque)
{
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    Space *space = &cpu->system->spaces[i];
    if (space->tlb != NULL && match (&space->key, opaque))
      clear_space (space);
  }
  kept_is_void (cpu);
}

static void
clear_tag (JitTlbEntry *entry, uint64_t page, uint64_t ignored)
{
  uint64_t differs = (entry->tag ^ page) & ~ignored;
  if (differs == 0)
    __atomic_store_n (&entry->tag, JIT_TLB_NONE, __ATOMIC_RELEASE);
}

/* What is executed has no tag. */
static void
flush_exec_page (Space *space, uint64_t page)
{
  unsigned index = jit_exec_index (page);
  if (!(space->exec_pages[index / 64] >> (index % 64) & 1))
    return;
  JitExecEntry *entry = &space->tlb->exec[index];
  if (entry->page == page)
    memset (entry, 0xff, sizeof *entry);
  /* The page's instructions lie at consecutive places of the jump cache. */
  unsigned first = page >> 1 & (JIT_JUMPS - 1);
  for (unsigned i = first; i < first + RAM_PAGE_SIZE / 2; i++)
    if ((space->tlb->jumps[i].pc & ~PAGE_MASK) == page)
      space->tlb->jumps[i].pc = UINT64_MAX;
}

static void
flush_page (Space *space, uint64_t page, uint64_t ignored)
{
  if (in_large (space, page & ~ignored)) {
    clear_space (space);
    return;
  }
  clear_tag (&space->tlb->read[jit_tlb_index (page)], page, ignored);
  clear_tag (&space->tlb->write[jit_tlb_index (page)], page, ignored);
  flush_exec_page (space, page);
}

void
cpu_tlb_flush_page (Cpu *cpu, uint64_t vaddr, uint64_t mask, uint64_t value)
{
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    Space *space = &cpu->system->spaces[i];
    if (space->tlb != NULL && (space->key.root & mask) == value)
      flush_page (space, vaddr & ~PAGE_MASK, cpu->system->isa->tag_bits);
  }
  kept_is_void (cpu);
}

void
cpu_tlb_flush_page_if (Cpu *cpu, uint64_t vaddr, CpuSpaceMatch match, const void *opaque)
{
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    Space *space = &cpu->system->spaces[i];
    if (space->tlb != NULL && match (&space->key, opaque))
      flush_page (space, vaddr & ~PAGE_MASK, cpu->system->isa->tag_bits);
  }
  kept_is_void (cpu);
}

void
cpu_tlb_flush_remote (Cpu *cpu)
{
  __atomic_store_n (&cpu->system->flush_requested, true, __ATOMIC_RELEASE);
  cpu_request_exit (cpu);
}

static void
map_changed (void *opaque)
{
  cpu_tlb_flush_remote (opaque);
}

void
cpu_system_init (Cpu *cpu, MemoryMap *memory)
{
  CpuSystem *sys = g_new0 (CpuSystem, 1);
  sys->isa = cpu->isa->system;
  sys->memory = memory;
  sys->seen = UINT64_MAX;
  cpu->system = sys;
  cpu->fetch = system_fetch;
  cpu->state.mem = &mem_soft;
  system_mail_init (cpu);
  system_code_init ();
  memory_add_listener (memory, map_changed, cpu);
  g_mutex_lock (&lock);
  if (cpus == NULL)
    cpus = g_ptr_array_new ();
  g_ptr_array_add (cpus, cpu);
  g_mutex_unlock (&lock);
}

void
cpu_system_free (Cpu *cpu)
{
  if (cpu->system == NULL)
    return;
  memory_remove_listener (cpu->system->memory, cpu);
  g_mutex_lock (&lock);
  g_ptr_array_remove (cpus, cpu);
  g_mutex_unlock (&lock);
  for (unsigned i = 0; i < SYSTEM_SPACES; i++)
    if (cpu->system->spaces[i].tlb != NULL)
      munmap (cpu->system->spaces[i].tlb, sizeof (JitSpace));
  system_mail_free (cpu);
  g_clear_pointer (&cpu->system, g_free);
}
