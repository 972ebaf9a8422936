/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What QEMU lets pass: misaligned accesses to memory that is mapped as a device, cache maintenance where
 * nothing is mapped. */

#include "bare.h"
#include "paging.h"

#define VA 0x4000000000ul

static uint64_t page[512] __attribute__ ((aligned (4096)));

static void
remap (uint64_t entry)
{
  paging_map (VA, entry);
  dsb ();
  tlbi (vae1, VA >> 12);
}

void
test_main (void)
{
  paging_on ();
  remap ((uint64_t)page | PAGE_EL1 | PAGE_DEVICE);
  CHECK_NO_TRAP (store64 (VA + 8, 0x1122334455667788));
  CHECK_EQUAL (load32 (VA + 12), 0x11223344);
  CHECK_TRAP (0x25, load32 (VA + 9));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x21);
  CHECK_EQUAL (traps[0].far, VA + 9);
  CHECK_TRAP (0x25, store16 (VA + 9, 0));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x61);
  remap ((uint64_t)page | PAGE_EL1);
  CHECK_EQUAL (load32 (VA + 9), 0x44556677);
  CHECK_TRAP (0x25, __asm__ volatile ("dc cvac, %0" ::"r"(VA + 0x1000) : "memory"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x147);
}
