/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A program's pages at many addresses, as its processes have them: what depends on the address, the other
 * page that comes next to it, and code that is changed for all of them. */

#include "bare.h"
#include "paging.h"

#define VA     0x4000000000ul
#define PLACES 120
#define UXN    (1ul << 54)
#define USER   ((PAGE_EL1 & ~UXN) | PAGE_USER | PAGE_RO)

/* x0 is where the first page lies: the result is the same everywhere, but for what the next page adds. */
__asm__ (".balign 4096\n"
         "first_page:\n"
         " mov x9, x30\n"
         " adr x1, .\n"
         " adrp x2, first_page + 4096\n"
         " bl 1f\n"
         "1: mov x3, x30\n"
         " ldr x4, 3f\n"
         " bl first_page + 4096\n"
         " sub x1, x1, x0\n"
         " sub x2, x2, x0\n"
         " sub x3, x3, x0\n"
         " mov x6, #3\n"
         "2: add x1, x1, x2, lsl #1\n"
         " subs x6, x6, #1\n"
         " b.ne 2b\n"
         " add x1, x1, x3, lsl #20\n"
         " add x0, x1, x4\n"
         " add x0, x0, x5\n"
         " ret x9\n"
         ".balign 8\n"
         "3: .quad 0x100000000000\n"
         ".balign 4096\n"
         "second_page:\n"
         " movz x5, #1, lsl #32\n"
         " ret\n"
         ".balign 4096\n"
         "other_page:\n"
         " nop\n"
         " movz x5, #2, lsl #32\n"
         " ret\n"
         ".balign 4096\n");
extern uint32_t first_page[], second_page[], other_page[];

static uint64_t
place (unsigned i)
{
  return VA + i * 0x2000ul;
}

static void
map_all (void)
{
  for (unsigned i = 0; i < PLACES; i++) {
    paging_map (place (i), (uint64_t)first_page | USER);
    paging_map (place (i) + 0x1000, (uint64_t)(i % 3 == 2 ? other_page : second_page) | USER);
  }
  __asm__ volatile ("dsb sy\n tlbi vmalle1\n dsb sy\n isb" ::: "memory");
}

static void
check_place (unsigned i, uint64_t literal, uint64_t first)
{
  uint64_t next = i % 3 == 2 ? 2 : first;
  uint64_t expected = 4 + 6 * 0x1000 + (16ul << 20) + literal + (next << 32);
  uint64_t (*code) (uint64_t) = (uint64_t (*) (uint64_t))place (i);
  CHECK_EQUAL (run_in (0, code, place (i)), expected);
}

static void
check_all (uint64_t literal, uint64_t first)
{
  for (unsigned i = 0; i < PLACES; i++)
    for (unsigned n = 0; n < 3; n++)
      check_place (i, literal, first);
}

static void
change (uint32_t *at, uint32_t insn)
{
  *(volatile uint32_t *)at = insn;
  __asm__ volatile ("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(at) : "memory");
}

void
test_main (void)
{
  const uint64_t literal = 0x100000000000;
  paging_on ();
  map_all ();
  check_all (literal, 1);
  for (unsigned n = 0; n < 500; n++) /* long enough to be compiled once more */
    check_place (7, literal, 1);
  check_all (literal, 1);
  change (second_page, 0xd2c000a5); /* movz x5, #5, lsl #32 */
  check_all (literal, 5);
  change (&first_page[5], 0xd2c00004); /* movz x4, #0, lsl #32: no literal */
  check_all (0, 5);
  change (second_page, 0xd2c00025);
  check_all (0, 1);
}
