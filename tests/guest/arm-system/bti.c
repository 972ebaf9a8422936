/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Guarded pages at EL1: which instructions each kind of branch may lead to, SCTLR_EL1.BT1, and PSTATE.BTYPE
 * in exceptions and returns from them. */

#include "../arm/branch-targets.h"
#include "bare.h"
#include "paging.h"

#define VA           0x4000000000ul
#define PAGE_GUARDED (1ul << 50)
#define SCTLR_BT1    (1ul << 36)
#define BTYPE(spsr)  ((unsigned)((spsr) >> 10 & 3))

static uint32_t page[1024] __attribute__ ((aligned (4096)));
static unsigned refusals;
static uint64_t seen_spsr, seen_esr, seen_elr;

/* A refused branch goes on at its caller's. */
static bool
on_refusal (TrapFrame *frame)
{
  if (TRAP_EC (frame->esr) != 0x0d)
    return false;
  refusals++;
  seen_esr = frame->esr;
  seen_spsr = frame->spsr;
  seen_elr = frame->elr;
  frame->elr = frame->x[30];
  frame->spsr &= ~(3ul << 10);
  return true;
}

static void
map (uint64_t flags)
{
  paging_map (VA, (uint64_t)page | PAGE_EL1 | flags);
  dsb ();
  tlbi (vae1, VA >> 12);
}

static void
check_all (bool guarded, bool strict)
{
  for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
    for (unsigned i = 0; i < N_LANDINGS; i++) {
      uint32_t *target = code + i * STEP;
      unsigned btype = ways[w].btype, before = refusals;
      bool signs = landings[i].insn == 0xd503233f, allowed = landings[i].allows >> btype & 1;
      bool expected = guarded && btype != 0 && !(allowed || (signs && !strict));
      ways[w].go (target);
      CHECK_EQUAL (refusals - before, expected);
      if (!expected)
        continue;
      CHECK_EQUAL (seen_elr, (uint64_t)target);
      CHECK_EQUAL (seen_esr, 0x0dul << 26 | 1ul << 25 | btype);
      CHECK_EQUAL (BTYPE (seen_spsr), btype);
    }
}

/* An exception at the target of a call keeps BTYPE; a return with another one is what counts then. */
static uint64_t retry_spsr;

static bool
map_and_return (TrapFrame *frame)
{
  if (TRAP_EC (frame->esr) != 0x21)
    return on_refusal (frame);
  seen_spsr = frame->spsr;
  map (PAGE_GUARDED);
  frame->spsr = (frame->spsr & ~(3ul << 10)) | retry_spsr;
  return true;
}

static void
returns (void)
{
  bare_sync = map_and_return;
  for (unsigned btype = 0; btype < 4; btype++) {
    unsigned before = refusals;
    paging_map (VA, 0);
    dsb ();
    tlbi (vae1, VA >> 12);
    retry_spsr = btype << 10;
    by_blr (code); /* to a NOP */
    CHECK_EQUAL (refusals - before, btype != 0);
    CHECK_EQUAL (BTYPE (seen_spsr), btype != 0 ? btype : 2);
  }
  bare_sync = on_refusal;
}

/* The same code mapped a second time, not guarded. */
static void
two_views (void)
{
  unsigned before = refusals;
  map (PAGE_GUARDED);
  paging_map (VA + 4096, (uint64_t)page | PAGE_EL1);
  dsb ();
  for (unsigned i = 0; i < 200; i++) {
    by_blr (code);
    by_blr (code + 1024);
    CHECK_EQUAL (refusals - before, i + 1);
  }
  code += 1024;
  check_all (false, false);
  code -= 1024;
  check_all (true, false);
}

void
test_main (void)
{
  code = page;
  fill ();
  paging_on ();
  CHECK_EQUAL (sysreg_read (id_aa64pfr1_el1) & 15, 1);
  bare_sync = on_refusal;
  code = (uint32_t *)VA;
  map (0);
  check_all (false, false);
  map (PAGE_GUARDED);
  for (unsigned n = 0; n < 20; n++)
    check_all (true, false);
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) | SCTLR_BT1);
  check_all (true, true);
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) & ~SCTLR_BT1);
  check_all (true, false);
  map (0);
  check_all (false, false);
  returns ();
  two_views ();
}
