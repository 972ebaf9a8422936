/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Loads and stores of all sizes at all offsets, inside a page and across pages that lie elsewhere. */

#include "paging.h"

#define VA 0x2000000000ul

static uint8_t pages[3][PAGE] __attribute__ ((aligned (4096)));

static uint64_t
load_of (unsigned size, uint64_t at)
{
  return size == 1 ? load8 (at) : size == 2 ? load16 (at) : size == 4 ? load32 (at) : load64 (at);
}

static void
store_of (unsigned size, uint64_t at, uint64_t v)
{
  if (size == 1)
    store8 (at, v);
  else if (size == 2)
    store16 (at, v);
  else if (size == 4)
    store32 (at, v);
  else
    store64 (at, v);
}

/* Byte `i` behind VA: its two pages are 2 and 0. */
static volatile uint8_t *
byte_at (uint64_t i)
{
  return i < PAGE ? &pages[2][i] : &pages[0][i - PAGE];
}

static uint64_t
sweep (uint64_t round)
{
  for (uint64_t offset = PAGE - 16; offset < PAGE + 16; offset++)
    for (unsigned size = 1; size <= 8; size *= 2) {
      uint64_t expected = 0;
      for (unsigned i = 0; i < size; i++) {
        *byte_at (offset + i) = (uint8_t)(round + offset * 7 + i * 31);
        expected |= (uint64_t)*byte_at (offset + i) << 8 * i;
      }
      CHECK_EQUAL (load_of (size, VA + offset), expected);
      uint8_t before = *byte_at (offset - 1), after = *byte_at (offset + size);
      store_of (size, VA + offset, ~expected);
      for (unsigned i = 0; i < size; i++)
        CHECK_EQUAL (*byte_at (offset + i), (uint8_t)~(expected >> 8 * i));
      CHECK_EQUAL (*byte_at (offset - 1), before);
      CHECK_EQUAL (*byte_at (offset + size), after);
    }
  return 0;
}

static uint64_t
floating (uint64_t at)
{
  uint64_t v = 0, in = 0x0123456789abcdef;
  __asm__ volatile ("fmv.d.x ft0, %2\n fsd ft0, 0(%1)\n fld ft1, 0(%1)\n fmv.x.d %0, ft1"
                    : "=&r"(v)
                    : "r"(at), "r"(in)
                    : "memory");
  CHECK_EQUAL (v, in);
  __asm__ volatile ("fsw ft0, 1(%1)\n flw ft1, 1(%1)\n fmv.x.w %0, ft1" : "=&r"(v) : "r"(at) : "memory");
  CHECK_EQUAL (v & 0xffffffff, in & 0xffffffff);
  return 0;
}

/* Where memory ends and a device begins, and beyond the end of memory. */
static void
edges (void)
{
  uint64_t end = RAM + (64ul << 20);
  CHECK_TRAP (CAUSE_LOAD_ACCESS, end, load64 (end));
  volatile TrapRecord *t = &traps[0];
  uint64_t before = t->count;
  load64 (end - 4);
  CHECK_EQUAL (t->count, before + 1);
  CHECK (t->cause == CAUSE_LOAD_ACCESS || t->cause == CAUSE_LOAD_MISALIGNED);
  CHECK (t->tval == end || t->tval == end - 4);
  store64 (end - 4, 0);
  CHECK_EQUAL (t->count, before + 2);
}

void
test_main (void)
{
  uint64_t *root = new_space (3);
  *entry_at (root, 3, VA, 0) = pte_of ((uint64_t)pages[2], PTE_RW);
  *entry_at (root, 3, VA + PAGE, 0) = pte_of ((uint64_t)pages[0], PTE_RW);
  csr_write (satp, satp_of (root, 3, 0));
  sfence ();
  uint64_t before = traps[0].count;
  for (uint64_t round = 0; round < 20; round++)
    run_in (MODE_S, sweep, round);
  for (uint64_t offset = PAGE - 12; offset < PAGE + 4; offset++)
    run_in (MODE_S, floating, VA + offset);
  CHECK_EQUAL (traps[0].count, before);
  csr_write (satp, 0);
  edges ();
}
