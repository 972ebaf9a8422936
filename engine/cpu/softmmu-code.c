/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <string.h>

/* Code pages: a page that code was made from has no entry in any write TLB, so every store to it comes here.
 *
 * A vCPU may have found a page's entry just before it went, and store just after the code was read. The
 * architecture wants a fence.i between that store and the code's execution, so fence.i compares the code of
 * pages that became code pages while another vCPU was in compiled code: each time, until once that vCPU had
 * left it before. */

#define GRANULE_BITS 6

/* Numbers the pages that began to be watched. A vCPU's `seen` is the latest at the time it last was outside
 * of code. */
static uint64_t n_watched;
/* Those before this one have been compared since every vCPU saw them: their code is what memory holds. */
static uint64_t n_compared;
static uint64_t recent[256]; /* the last of them */
/* protects recent and n_compared */
static GMutex lock;

void
system_settle (Cpu *cpu, bool running)
{
  uint64_t seen = running ? __atomic_load_n (&n_watched, __ATOMIC_SEQ_CST) : UINT64_MAX;
  __atomic_store_n (&cpu->system->seen, seen, __ATOMIC_SEQ_CST);
}

static void
least_seen (Cpu *cpu, void *opaque)
{
  uint64_t *least = opaque, seen = __atomic_load_n (&cpu->system->seen, __ATOMIC_SEQ_CST);
  *least = MIN (*least, seen);
}

typedef struct {
  const RamBlock *block;
  uint64_t page;
  uint32_t writer;
} Purge;

static void
purge_entry (JitTlbEntry *entry, unsigned index, const uint8_t *host)
{
  uint64_t tag = __atomic_load_n (&entry->tag, __ATOMIC_SEQ_CST);
  if (tag != JIT_TLB_NONE && tag + entry->addend == (uint64_t)(uintptr_t)host)
    __atomic_store_n (&entry->tag, JIT_TLB_NONE, __ATOMIC_SEQ_CST);
}

static void
purge_cpu (Cpu *cpu, void *opaque)
{
  const Purge *purge = opaque;
  const uint8_t *host = purge->block->host + (purge->page << RAM_PAGE_BITS);
  for (unsigned i = 0; i < JIT_SPANS; i++)
    __atomic_store_n (&cpu->jit_state.span[i], JIT_NO_ADDEND, __ATOMIC_RELAXED);
  for (unsigned i = 0; i < SYSTEM_SPACES; i++) {
    JitSpace *tlb = __atomic_load_n (&cpu->system->spaces[i].tlb, __ATOMIC_ACQUIRE);
    if (tlb == NULL)
      continue;
    if (purge->writer > 1) {
      purge_entry (&tlb->write[purge->writer - 2], purge->writer - 2, host);
      continue;
    }
    for (unsigned n = 0; n < JIT_TLB_SIZE; n++)
      purge_entry (&tlb->write[n], n, host);
  }
}

static void
watch (RamBlock *block, uint64_t page)
{
  Purge purge = { block, page, __atomic_load_n (&block->pages[page].writer, __ATOMIC_SEQ_CST) };
  if (purge.writer != 0)
    system_each_cpu (purge_cpu, &purge);
}

static RamPage *
page_of (uint64_t ram, RamBlock **ret_block)
{
  *ret_block = ram_block_find (ram);
  return &(*ret_block)->pages[(ram - (*ret_block)->start) >> RAM_PAGE_BITS];
}

static void
look_inside (Cpu *cpu, void *opaque)
{
  bool *any = opaque;
  if (cpu != cpu_running () && __atomic_load_n (&cpu->system->seen, __ATOMIC_SEQ_CST) != UINT64_MAX)
    *any = true;
}

/* Begins to watch the page, for good measure also where its entries have gone before. */
static void
watch_code (RamBlock *block, uint64_t ram)
{
  bool others_inside = false;
  watch (block, (ram - block->start) >> RAM_PAGE_BITS);
  system_each_cpu (look_inside, &others_inside);
  if (!others_inside)
    return;
  g_mutex_lock (&lock);
  recent[n_watched % G_N_ELEMENTS (recent)] = ram & ~PAGE_MASK;
  __atomic_fetch_add (&n_watched, 1, __ATOMIC_SEQ_CST);
  g_mutex_unlock (&lock);
}

void
system_watch_code (uint64_t ram)
{
  RamBlock *block;
  RamPage *page = page_of (ram, &block);
  if (__atomic_load_n (&page->watch, __ATOMIC_SEQ_CST) & RAM_WATCH_CODE)
    return;
  __atomic_fetch_or (&page->watch, RAM_WATCH_CODE, __ATOMIC_SEQ_CST);
  watch_code (block, ram);
}

static uint64_t
granules (uint64_t first_byte, uint64_t last_byte)
{
  unsigned low = first_byte >> GRANULE_BITS & 63, high = last_byte >> GRANULE_BITS & 63;
  return (UINT64_MAX << low) & (UINT64_MAX >> (63 - high));
}

void
system_note_code (uint64_t ram, uint64_t size)
{
  RamBlock *block;
  RamPage *page = page_of (ram, &block);
  __atomic_fetch_or (&page->code, granules (ram, ram + size - 1), __ATOMIC_SEQ_CST);
  if (!(__atomic_fetch_or (&page->watch, RAM_WATCH_CODE, __ATOMIC_SEQ_CST) & RAM_WATCH_CODE))
    watch_code (block, ram); /* A store dropped the last code meanwhile, and with it the watch. */
}

/* All code made from the granules goes, so that their bits can. */
static void
drop_granules (RamBlock *block, uint64_t page_index, uint64_t hit)
{
  RamPage *page = &block->pages[page_index];
  uint64_t ram = block->start + (page_index << RAM_PAGE_BITS);
  unsigned low = __builtin_ctzll (hit), high = 63 - __builtin_clzll (hit);
  uint64_t whole = granules ((uint64_t)low << GRANULE_BITS, (uint64_t)high << GRANULE_BITS);
  uint64_t left = __atomic_and_fetch (&page->code, ~whole, __ATOMIC_SEQ_CST);
  cpu_invalidate (ram + ((uint64_t)low << GRANULE_BITS), (uint64_t)(high - low + 1) << GRANULE_BITS);
  if (left != 0)
    return;
  __atomic_fetch_and (&page->watch, ~(uint32_t)RAM_WATCH_CODE, __ATOMIC_SEQ_CST);
  if (__atomic_load_n (&page->code, __ATOMIC_SEQ_CST) != 0) { /* Code was made meanwhile. */
    __atomic_fetch_or (&page->watch, RAM_WATCH_CODE, __ATOMIC_SEQ_CST);
    watch (block, page_index);
  }
}

static void
code_written (uint64_t ram, uint64_t size)
{
  RamBlock *block = ram_block_find (ram);
  if (block == NULL || size == 0)
    return;
  uint64_t offset = ram - block->start, end = offset + MIN (size, block->size - offset);
  while (offset < end) {
    uint64_t page = offset >> RAM_PAGE_BITS, stop = MIN (end, (page + 1) << RAM_PAGE_BITS);
    uint64_t hit = __atomic_load_n (&block->pages[page].code, __ATOMIC_SEQ_CST) & granules (offset, stop - 1);
    if (hit != 0)
      drop_granules (block, page, hit);
    offset = stop;
  }
}

void
system_stored (RamBlock *block, uint64_t offset, unsigned size)
{
  RamPage *page = &block->pages[offset >> RAM_PAGE_BITS];
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  uint32_t why = __atomic_load_n (&page->watch, __ATOMIC_SEQ_CST);
  if (why == 0)
    return;
  unsigned csr = host_fp_begin ();
  if (why & RAM_WATCH_CODE)
    code_written (block->start + offset, size);
  if (why & RAM_WATCH_DIRTY)
    ram_mark_dirty (block, offset >> RAM_PAGE_BITS);
  host_fp_end (csr);
}

void
system_fence_code (Cpu *cpu)
{
  uint64_t settled = UINT64_MAX, pages[G_N_ELEMENTS (recent)], first, now;
  system_settle (cpu, false); /* This one is outside. */
  system_each_cpu (least_seen, &settled);
  g_mutex_lock (&lock);
  first = n_compared;
  now = n_watched;
  memcpy (pages, recent, sizeof pages);
  g_mutex_unlock (&lock);
  if (first == now)
    return;
  if (now - first > G_N_ELEMENTS (recent))
    cpu_flush_icache (0, UINT64_MAX);
  else
    for (uint64_t n = first; n < now; n++)
      cpu_flush_icache (pages[n % G_N_ELEMENTS (recent)], RAM_PAGE_SIZE);
  g_mutex_lock (&lock);
  n_compared = MAX (n_compared, MIN (settled, now));
  g_mutex_unlock (&lock);
}

void
system_code_init (void)
{
  ram_hooks.code_written = code_written;
  ram_hooks.watch = watch;
}
