/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Stage 1 of EL1 with 4 KiB pages: the first two GiB map themselves, devices and memory; other pages as a
 * program maps them, in the two MiB from 0x4000000000 on. Top bytes are ignored. */

#include "bare.h"

#define PAGE_EL1    (1ul << 10 | 3ul << 8 | 1ul << 54 | 3) /* Normal memory that EL1 may read and write */
#define PAGE_DEVICE (1ul << 2)
#define PAGE_USER   (1ul << 6)
#define PAGE_RO     (1ul << 7)
#define PAGE_NG     (1ul << 11)

static uint64_t paging_tables[3][512] __attribute__ ((aligned (4096)));

#define tlbi(what, value)                                                                                    \
  __asm__ volatile ("tlbi " #what ", %0\n dsb ish\n isb" ::"r"((uint64_t)(value)) : "memory")

static inline uint64_t
paging_root (void)
{
  return (uint64_t)paging_tables[0];
}

/* The caller sees to the TLB. */
static inline void
paging_map (uint64_t vaddr, uint64_t entry)
{
  *(volatile uint64_t *)&paging_tables[2][vaddr >> 12 & 511] = entry;
}

/* On each CPU. */
static inline void
paging_on (void)
{
  paging_tables[0][0] = 1ul << 10 | 1ul << 54 | 1ul << 53 | PAGE_DEVICE | 1;
  paging_tables[0][1] = 1ul << 30 | 1ul << 10 | 3ul << 8 | 1;
  paging_tables[0][256] = (uint64_t)paging_tables[1] | 3;
  paging_tables[1][0] = (uint64_t)paging_tables[2] | 3;
  dsb ();
  sysreg_write (mair_el1, 0x00ff);
  sysreg_write (tcr_el1, 25 | 1ul << 23 | 3ul << 12 | 5ul << 8 | 2ul << 32 | 1ul << 36 | 1ul << 37);
  sysreg_write (ttbr0_el1, paging_root ());
  __asm__ volatile ("tlbi vmalle1\n dsb sy\n isb" ::: "memory");
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) | 1 | 1 << 2 | 1 << 12 | 1 << 23);
}
