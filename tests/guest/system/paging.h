/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Page tables for the tests of supervisor mode. */

#include "bare.h"

enum {
  PTE_V = 1,
  PTE_R = 2,
  PTE_W = 4,
  PTE_X = 8,
  PTE_U = 16,
  PTE_G = 32,
  PTE_A = 64,
  PTE_D = 128,
  PTE_AD = PTE_A | PTE_D,
  PTE_RW = PTE_V | PTE_R | PTE_W | PTE_AD,
  PTE_RX = PTE_V | PTE_R | PTE_X | PTE_AD,
  PTE_RWX = PTE_RW | PTE_X,
};
#define PAGE 4096ul

typedef uint64_t Table[512] __attribute__ ((aligned (4096)));
static Table table_pool[64];
static unsigned tables_used;

static uint64_t *
new_table (void)
{
  CHECK (tables_used < sizeof table_pool / sizeof *table_pool);
  return table_pool[tables_used++];
}

static inline uint64_t
pte_of (uint64_t phys, uint64_t flags)
{
  return phys >> 12 << 10 | flags;
}

/* The entry for `vaddr` at a level (0: 4 KiB, 1: 2 MiB, …), with the tables above it. */
static uint64_t *
entry_at (uint64_t *root, unsigned levels, uint64_t vaddr, unsigned level)
{
  uint64_t *table = root;
  for (unsigned l = levels - 1; l > level; l--) {
    uint64_t *entry = &table[vaddr >> (12 + 9 * l) & 511];
    if (!(*entry & PTE_V))
      *entry = pte_of ((uint64_t)new_table (), PTE_V);
    table = (uint64_t *)(*entry >> 10 << 12);
  }
  return &table[vaddr >> (12 + 9 * level) & 511];
}

/* An address space where RAM and devices are at their own addresses. */
static uint64_t *
new_space (unsigned levels)
{
  uint64_t *root = new_table ();
  *entry_at (root, levels, RAM, 2) = pte_of (RAM, PTE_RWX);
  *entry_at (root, levels, 0, 2) = pte_of (0, PTE_RW);
  return root;
}

static inline uint64_t
satp_of (const uint64_t *root, unsigned levels, uint64_t asid)
{
  return (5ul + levels) << 60 | asid << 44 | (uint64_t)root >> 12;
}

static inline void
sfence_page (uint64_t vaddr)
{
  __asm__ volatile ("sfence.vma %0" ::"r"(vaddr) : "memory");
}
