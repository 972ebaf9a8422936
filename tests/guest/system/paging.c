/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sv39, Sv48 and Sv57: permissions, faults and their addresses, A and D bits, large pages, what has to be
 * forgotten and what must not be. */

#include "paging.h"

#define VA   0x2000000000ul
#define HOLE 0x50000000000ul

static unsigned levels;
static uint64_t *root;
static uint64_t pages[4][512] __attribute__ ((aligned (4096)));
static volatile uint64_t *pte, *next_pte; /* of VA and of the page behind */

static uint64_t
s_load (uint64_t at)
{
  return load64 (at);
}

static uint64_t
s_store (uint64_t at)
{
  store64 (at, 0x1122334455667788);
  return 0;
}

static uint64_t
s_add (uint64_t at)
{
  uint64_t old = 0xbad;
  __asm__ volatile ("amoadd.d %0, %1, (%2)" : "+&r"(old) : "r"(1ul), "r"(at) : "memory");
  return old;
}

static uint64_t
s_call (uint64_t at)
{
  register uint64_t a0 __asm__ ("a0") = 0xbad;
  __asm__ volatile ("jalr %1" : "+r"(a0) : "r"(at) : "ra", "memory");
  return a0;
}

static uint64_t
u_load (uint64_t at)
{
  csr_clear (mstatus, MSTATUS_MPP);
  csr_set (mstatus, MSTATUS_MPRV);
  uint64_t v = load64 (at);
  csr_clear (mstatus, MSTATUS_MPRV);
  return v;
}

static void
set (uint64_t value)
{
  *pte = value;
  sfence ();
}

static void
set_page (unsigned n, uint64_t flags)
{
  set (pte_of ((uint64_t)pages[n], flags));
}

#define LOAD(at)  run_in (MODE_S, s_load, at)
#define STORE(at) run_in (MODE_S, s_store, at)
#define CALL(at)  run_in (MODE_S, s_call, at)

static void
permissions (void)
{
  for (unsigned i = 0; i < 4; i++)
    pages[i][0] = 100 + i;
  set_page (0, PTE_RW);
  CHECK_NO_TRAP (CHECK_EQUAL (LOAD (VA), 100));
  CHECK_NO_TRAP (STORE (VA + 8));
  CHECK_EQUAL (pages[0][1], 0x1122334455667788);
  CHECK_TRAP (CAUSE_FETCH_PAGE, VA, CALL (VA));
  set (0);
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA + 16, CHECK_EQUAL (LOAD (VA + 16), 0xbad));
  CHECK_TRAP (CAUSE_STORE_PAGE, VA + 24, STORE (VA + 24));
  CHECK_TRAP (CAUSE_STORE_PAGE, VA + 32, run_in (MODE_S, s_add, VA + 32));
  CHECK_TRAP (CAUSE_FETCH_PAGE, VA + 2, CALL (VA + 2));
  CHECK_EQUAL (traps[0].epc, VA + 2);
  set_page (0, PTE_V | PTE_R | PTE_AD);
  CHECK_NO_TRAP (LOAD (VA));
  CHECK_TRAP (CAUSE_STORE_PAGE, VA, STORE (VA));
  CHECK_TRAP (CAUSE_STORE_PAGE, VA, run_in (MODE_S, s_add, VA));
  set_page (0, PTE_V | PTE_X | PTE_AD);
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
  csr_set (mstatus, MSTATUS_MXR);
  CHECK_NO_TRAP (CHECK_EQUAL (LOAD (VA), 100));
  csr_clear (mstatus, MSTATUS_MXR);
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
  set_page (0, PTE_V | PTE_W | PTE_AD); /* reserved */
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
  CHECK_TRAP (CAUSE_STORE_PAGE, VA, STORE (VA));
  set_page (0, PTE_RW);
  *pte |= 1ul << 55; /* reserved */
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
}

static void
user_pages (void)
{
  set_page (0, PTE_RWX | PTE_U);
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
  CHECK_NO_TRAP (CHECK_EQUAL (u_load (VA), 100));
  csr_set (mstatus, MSTATUS_SUM);
  CHECK_NO_TRAP (CHECK_EQUAL (LOAD (VA), 100));
  CHECK_NO_TRAP (STORE (VA + 8));
  CHECK_TRAP (CAUSE_FETCH_PAGE, VA, CALL (VA));
  csr_clear (mstatus, MSTATUS_SUM);
  CHECK_TRAP (CAUSE_STORE_PAGE, VA, STORE (VA));
  set_page (0, PTE_RW);
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, u_load (VA));
  csr_clear (mstatus, MSTATUS_MPRV);
}

/* A and D: set by the hart, or left to a handler by a fault. */
static void
accessed_and_dirty (void)
{
  uint64_t before = traps[0].count;
  set_page (0, PTE_V | PTE_R | PTE_W);
  uint64_t v = LOAD (VA);
  if (traps[0].count != before) {
    CHECK_EQUAL (traps[0].cause, CAUSE_LOAD_PAGE);
    CHECK_EQUAL (*pte & PTE_AD, 0);
    set_page (0, PTE_V | PTE_R | PTE_W | PTE_A);
    CHECK_NO_TRAP (CHECK_EQUAL (LOAD (VA), 100));
    CHECK_TRAP (CAUSE_STORE_PAGE, VA + 8, STORE (VA + 8));
    CHECK_EQUAL (*pte & PTE_AD, PTE_A);
    return;
  }
  CHECK_EQUAL (v, 100);
  CHECK_EQUAL (*pte & PTE_AD, PTE_A);
  CHECK_NO_TRAP (STORE (VA + 8));
  CHECK_EQUAL (*pte & PTE_AD, PTE_AD);
  /* A refused access leaves no mark. */
  set_page (0, PTE_V | PTE_R);
  CHECK_TRAP (CAUSE_STORE_PAGE, VA, STORE (VA));
  CHECK_EQUAL (*pte & PTE_D, 0);
}

static void
large_pages (void)
{
  uint64_t far = 0x3000000000, *large = entry_at (root, levels, far, 1);
  *large = pte_of (RAM, PTE_RW);
  sfence ();
  uint64_t inside = (uint64_t)pages[1] - RAM;
  CHECK_NO_TRAP (CHECK_EQUAL (LOAD (far + (inside & 0x1fffff)), load64 (RAM + (inside & 0x1fffff))));
  *large = pte_of (RAM + PAGE, PTE_RW); /* misaligned */
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_PAGE, far + 8, LOAD (far + 8));
  *large = 0;
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_PAGE, far + 8, LOAD (far + 8));
  /* A pointer at the last level has nothing to point to. */
  set (pte_of ((uint64_t)pages[0], PTE_V));
  CHECK_TRAP (CAUSE_LOAD_PAGE, VA, LOAD (VA));
  /* Tables and pages where there is no memory. */
  *large = pte_of (HOLE, PTE_V);
  sfence ();
  CHECK_TRAP (CAUSE_LOAD_ACCESS, far, LOAD (far));
  CHECK_TRAP (CAUSE_STORE_ACCESS, far, STORE (far));
  CHECK_TRAP (CAUSE_FETCH_ACCESS, far, CALL (far));
  *large = 0;
  set (pte_of (HOLE, PTE_RWX));
  CHECK_TRAP (CAUSE_LOAD_ACCESS, VA + 8, LOAD (VA + 8));
  CHECK_TRAP (CAUSE_FETCH_ACCESS, VA, CALL (VA));
}

static void
non_canonical (void)
{
  uint64_t beyond = 1ul << (12 + 9 * levels - 1);
  CHECK_TRAP (CAUSE_LOAD_PAGE, beyond, LOAD (beyond));
  CHECK_TRAP (CAUSE_STORE_PAGE, beyond | VA, STORE (beyond | VA));
  CHECK_TRAP (CAUSE_LOAD_PAGE, ~0ul - 7, LOAD (~0ul - 7)); /* canonical, but not mapped */
  CHECK_TRAP (CAUSE_LOAD_PAGE, 1ul << 63 | VA, LOAD (1ul << 63 | VA));
}

/* Accesses and instructions on two pages of which one is missing. */
static void
crossing (void)
{
  uint64_t end = VA + PAGE;
  *next_pte = 0;
  set_page (0, PTE_RWX);
  pages[0][511] = 0x5555555555555555;
  CHECK_TRAP (CAUSE_LOAD_PAGE, end, LOAD (end - 4));
  CHECK_TRAP (CAUSE_STORE_PAGE, end, STORE (end - 4));
  CHECK_EQUAL (pages[0][511], 0x5555555555555555);
  *next_pte = pte_of ((uint64_t)pages[2], PTE_V | PTE_R | PTE_AD);
  sfence ();
  CHECK_TRAP (CAUSE_STORE_PAGE, end, STORE (end - 1));
  CHECK_EQUAL (pages[0][511], 0x5555555555555555);
  pages[2][0] = 0x1111111111111111;
  CHECK_NO_TRAP (CHECK_EQUAL (LOAD (end - 4), 0x1111111155555555));
  /* addi a0, zero, 7 over the end; then ret. */
  ((uint16_t *)pages[0])[2047] = 0x0513;
  ((uint16_t *)pages[2])[0] = 0x0070;
  ((uint16_t *)pages[2])[1] = 0x8082;
  fence_i ();
  CHECK_TRAP (CAUSE_FETCH_PAGE, end, CALL (end - 2));
  CHECK_EQUAL (traps[0].epc, end - 2);
  *next_pte = pte_of ((uint64_t)pages[2], PTE_RX);
  sfence ();
  for (unsigned i = 0; i < 300; i++)
    CHECK_NO_TRAP (CHECK_EQUAL (CALL (end - 2), 7));
  /* The second half becomes that of another page. */
  ((uint16_t *)pages[3])[0] = 0x0080;
  ((uint16_t *)pages[3])[1] = 0x8082;
  fence_i ();
  *next_pte = pte_of ((uint64_t)pages[3], PTE_RX);
  sfence_page (end);
  CHECK_NO_TRAP (CHECK_EQUAL (CALL (end - 2), 8));
  *next_pte = 0;
  sfence ();
  CHECK_TRAP (CAUSE_FETCH_PAGE, end, CALL (end - 2));
  *next_pte = 0;
}

static void
write_code (unsigned page, unsigned value)
{
  uint16_t *code = (uint16_t *)pages[page];
  code[0] = (uint16_t)(0x4501 | value << 2); /* c.li a0, value */
  code[1] = 0x8082;
  fence_i ();
}

/* Code that has run often, at an address that then means other memory. */
static void
remapped_code (void)
{
  write_code (0, 1);
  write_code (1, 2);
  for (unsigned round = 0; round < 20; round++) {
    set_page (0, PTE_RX);
    for (unsigned i = 0; i < 100; i++)
      CHECK_EQUAL (CALL (VA), 1);
    *pte = pte_of ((uint64_t)pages[1], PTE_RX);
    sfence_page (VA);
    for (unsigned i = 0; i < 100; i++)
      CHECK_EQUAL (CALL (VA), 2);
  }
  set_page (1, PTE_RW);
  CHECK_TRAP (CAUSE_FETCH_PAGE, VA, CALL (VA));
}

/* The same address in two address spaces that take turns. */
static void
address_spaces (void)
{
  uint64_t *other = new_space (levels);
  volatile uint64_t *other_pte = entry_at (other, levels, VA, 0);
  write_code (2, 3);
  write_code (3, 4);
  set_page (2, PTE_RX);
  *other_pte = pte_of ((uint64_t)pages[3], PTE_RX);
  sfence ();
  for (unsigned i = 0; i < 200; i++) {
    csr_write (satp, satp_of (root, levels, 1));
    CHECK_EQUAL (CALL (VA), 3);
    CHECK_EQUAL (LOAD (VA) & 0xffffffff, 0x8082450d);
    csr_write (satp, satp_of (other, levels, 2));
    CHECK_EQUAL (CALL (VA), 4);
    CHECK_EQUAL (LOAD (VA) & 0xffffffff, 0x80824511);
  }
  /* Forgetting one of them leaves nothing stale in it. */
  *other_pte = pte_of ((uint64_t)pages[2], PTE_RX);
  __asm__ volatile ("sfence.vma zero, %0" ::"r"(2ul) : "memory");
  CHECK_EQUAL (CALL (VA), 3);
  csr_write (satp, satp_of (root, levels, 0));
  sfence ();
}

void
test_main (void)
{
  for (levels = 3; levels <= 5; levels++) {
    tables_used = 0;
    memset (table_pool, 0, sizeof table_pool);
    root = new_space (levels);
    pte = entry_at (root, levels, VA, 0);
    next_pte = entry_at (root, levels, VA + PAGE, 0);
    csr_write (satp, satp_of (root, levels, 0));
    CHECK_EQUAL (csr_read (satp), satp_of (root, levels, 0));
    sfence ();
    permissions ();
    user_pages ();
    accessed_and_dirty ();
    large_pages ();
    non_canonical ();
    crossing ();
    remapped_code ();
    address_spaces ();
    csr_write (satp, 0);
    sfence ();
  }
}
