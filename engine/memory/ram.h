/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Guest RAM: blocks of shared memory (memfd), and what is known of each of their pages.
 *
 * Every block has a place in one process-wide space of RAM addresses (`RamBlock.start`), which names a byte
 * of memory whatever guest physical addresses it is seen at.  Translated code is keyed by RAM address. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define RAM_PAGE_BITS 12
#define RAM_PAGE_SIZE (UINT64_C (1) << RAM_PAGE_BITS)

/* Bits of RamPage.watch: why a store to the page must not go unnoticed. */
enum {
  RAM_WATCH_CODE = 1,  /* translated code was made from the page */
  RAM_WATCH_DIRTY = 2, /* somebody waits for the first store since ram_clean() */
};

typedef struct {
  uint64_t code;   /* bit n: code was made from bytes 64n to 64n + 63 */
  uint32_t watch;  /* RAM_WATCH_*, atomic */
  uint32_t writer; /* the TLBs' note of where write entries for it may be: 0 none, 1 anywhere, else vpn + 2 */
} RamPage;

typedef struct RamBlock {
  char *name;
  uint8_t *host;  /* page-aligned; mapped shared */
  uint64_t size;  /* bytes, a multiple of RAM_PAGE_SIZE */
  uint64_t start; /* RAM address of byte 0 */
  int fd;
  RamPage *pages;  /* one per page, zero at first, in memory that is only there when touched */
  uint64_t *dirty; /* one bit per page: stored to since ram_clean(); NULL while nobody logs */
} RamBlock;

/* A new block of `size` bytes of zeroes (rounded up to pages). NULL and an error naming the size and the
 * limit that stands in the way when the host has no such memory. Blocks live until ram_block_free(). */
RamBlock *ram_block_new (const char *name, uint64_t size, GError **error);
void ram_block_free (RamBlock *block);
/* The block that a RAM address belongs to, or NULL. Lock-free. */
RamBlock *ram_block_find (uint64_t ram_addr);

/* To be called after bytes of the block were written other than by a vCPU's checked store: marks the pages
 * dirty and drops translated code made from them. Any thread. */
void ram_written (RamBlock *block, uint64_t offset, uint64_t size);

/* For the side that stores with checks of its own, before a store to a page that has RAM_WATCH_DIRTY: ends
 * the watch and notes the page as dirty. The write TLB entry may be made afterwards; who makes it looks at
 * `watch` once more when it is in place. Any thread. */
void ram_mark_dirty (RamBlock *block, uint64_t page);

/* What the translator wants done: `code_written` when bytes that code was made from are about to change or
 * have changed; `watch` when stores to a page must be noticed from now on (write TLB entries for it go). Set
 * once. */
typedef struct {
  void (*code_written) (uint64_t ram_addr, uint64_t size);
  void (*watch) (RamBlock *block, uint64_t page);
} RamHooks;
extern RamHooks ram_hooks;

/* Dirty logging; starts and stops are counted. Each start marks all pages dirty. ram_clean() moves the bits
 * of the range into `ret_bits` (bit 0: its first page; NULL: thrown away) and starts anew for these; returns
 * how many were dirty. */
void ram_log_start (RamBlock *block);
void ram_log_stop (RamBlock *block);
uint64_t ram_clean (RamBlock *block, uint64_t offset, uint64_t size, uint64_t *ret_bits);
