/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ram-private.h"

#include <string.h>
#include <sys/mman.h>

/* Stores that others must learn of. A page is either watched for its first store or noted as dirty; the watch
 * ends before the note is made, and is renewed after the note was taken away, so no store falls between the
 * two. */

static inline uint64_t *
dirty_bits (RamBlock *block)
{
  return __atomic_load_n (&block->dirty, __ATOMIC_ACQUIRE);
}

static void
set_dirty (uint64_t *dirty, uint64_t page)
{
  uint64_t bit = UINT64_C (1) << (page & 63);
  if (!(__atomic_load_n (&dirty[page / 64], __ATOMIC_RELAXED) & bit))
    __atomic_fetch_or (&dirty[page / 64], bit, __ATOMIC_SEQ_CST);
}

void
ram_mark_dirty (RamBlock *block, uint64_t page)
{
  if (page >= ram_pages (block))
    return;
  uint32_t *watch = &block->pages[page].watch;
  if (__atomic_load_n (watch, __ATOMIC_SEQ_CST) & RAM_WATCH_DIRTY)
    __atomic_fetch_and (watch, ~(uint32_t)RAM_WATCH_DIRTY, __ATOMIC_SEQ_CST);
  uint64_t *dirty = dirty_bits (block);
  if (dirty != NULL)
    set_dirty (dirty, page);
}

/* The 64-byte granules that bytes first to last of a page lie in. */
static uint64_t
granules (unsigned first, unsigned last)
{
  unsigned low = first / 64, high = last / 64;
  return (~UINT64_C (0) << low) & (~UINT64_C (0) >> (63 - high));
}

static void
page_written (RamBlock *block, uint64_t page, uint64_t offset, uint64_t size, uint64_t *dirty)
{
  RamPage *p = &block->pages[page];
  uint32_t watch = __atomic_load_n (&p->watch, __ATOMIC_RELAXED);
  if (watch & RAM_WATCH_CODE) {
    unsigned first = offset & (RAM_PAGE_SIZE - 1);
    uint64_t code = __atomic_load_n (&p->code, __ATOMIC_RELAXED);
    if ((code & granules (first, first + (unsigned)size - 1)) && ram_hooks.code_written != NULL)
      ram_hooks.code_written (block->start + offset, size);
  }
  if (watch & RAM_WATCH_DIRTY)
    ram_mark_dirty (block, page);
  else if (dirty != NULL)
    set_dirty (dirty, page);
}

void
ram_written (RamBlock *block, uint64_t offset, uint64_t size)
{
  if (size == 0 || offset >= block->size)
    return;
  if (size > block->size - offset)
    size = block->size - offset;
  /* A translator sets the watch and then reads the bytes; here bytes were written and the watch is read. */
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  uint64_t *dirty = dirty_bits (block);
  while (size != 0) {
    uint64_t room = RAM_PAGE_SIZE - (offset & (RAM_PAGE_SIZE - 1));
    uint64_t n = MIN (size, room);
    page_written (block, offset >> RAM_PAGE_BITS, offset, n, dirty);
    offset += n;
    size -= n;
  }
}

void
ram_log_start (RamBlock *block)
{
  RamBlockFull *full = (RamBlockFull *)block;
  size_t bytes = ram_dirty_words (block) * sizeof (uint64_t);
  g_mutex_lock (&full->log_lock);
  if (full->dirty_memory == NULL) {
    full->dirty_memory = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (full->dirty_memory == MAP_FAILED)
      g_error ("no memory for %zu bytes of dirty bits of ‘%s’", bytes, block->name);
  }
  for (uint64_t page = 0; page < ram_pages (block); page += 64) {
    uint64_t left = ram_pages (block) - page;
    uint64_t bits = left >= 64 ? ~UINT64_C (0) : (UINT64_C (1) << left) - 1;
    __atomic_store_n (&full->dirty_memory[page / 64], bits, __ATOMIC_SEQ_CST);
  }
  full->logs++;
  __atomic_store_n (&block->dirty, full->dirty_memory, __ATOMIC_SEQ_CST);
  g_mutex_unlock (&full->log_lock);
}

void
ram_log_stop (RamBlock *block)
{
  RamBlockFull *full = (RamBlockFull *)block;
  g_mutex_lock (&full->log_lock);
  if (full->logs != 0 && --full->logs == 0)
    __atomic_store_n (&block->dirty, NULL, __ATOMIC_SEQ_CST);
  g_mutex_unlock (&full->log_lock);
}

/* Watches the pages whose bits were taken, and hands the bits over. */
static void
renew_watch (RamBlock *block, uint64_t word, uint64_t taken, uint64_t first_page, uint64_t *ret_bits)
{
  for (; taken != 0; taken &= taken - 1) {
    uint64_t page = word * 64 + (unsigned)__builtin_ctzll (taken);
    __atomic_fetch_or (&block->pages[page].watch, RAM_WATCH_DIRTY, __ATOMIC_SEQ_CST);
    if (ram_hooks.watch != NULL)
      ram_hooks.watch (block, page);
    if (ret_bits != NULL)
      ret_bits[(page - first_page) / 64] |= UINT64_C (1) << ((page - first_page) & 63);
  }
}

uint64_t
ram_clean (RamBlock *block, uint64_t offset, uint64_t size, uint64_t *ret_bits)
{
  if (size == 0 || offset >= block->size)
    return 0;
  if (size > block->size - offset)
    size = block->size - offset;
  uint64_t first = offset >> RAM_PAGE_BITS, last = (offset + size - 1) >> RAM_PAGE_BITS;
  if (ret_bits != NULL)
    memset (ret_bits, 0, (last - first) / 64 * 8 + 8);
  uint64_t *dirty = dirty_bits (block);
  if (dirty == NULL)
    return 0;
  uint64_t count = 0;
  for (uint64_t word = first / 64; word <= last / 64; word++) {
    uint64_t mask = ~UINT64_C (0);
    if (word == first / 64)
      mask &= ~UINT64_C (0) << (first & 63);
    if (word == last / 64)
      mask &= ~UINT64_C (0) >> (63 - (last & 63));
    if (!(__atomic_load_n (&dirty[word], __ATOMIC_SEQ_CST) & mask))
      continue;
    uint64_t taken = __atomic_fetch_and (&dirty[word], ~mask, __ATOMIC_SEQ_CST) & mask;
    count += (unsigned)__builtin_popcountll (taken);
    renew_watch (block, word, taken, first, ret_bits);
  }
  return count;
}
