/* SPDX-License-Identifier: GPL-3.0-or-later */

/* For a debugger to look at: two harts, each with a loop of its own, until `stop` is set. -smp 2 */

#include "paging.h"

volatile uint64_t counter, read_only = 77, stop, other_counter, virtual_at;
#define VA 0x2000000000ul

__attribute__ ((noinline)) uint64_t
work (uint64_t n)
{
  counter += n;
  __asm__ volatile ("fmv.d.x fs0, %0" ::"r"(counter));
  return counter + read_only;
}

__attribute__ ((noinline)) uint64_t
in_supervisor_mode (uint64_t at)
{
  return *(volatile uint64_t *)at;
}

void
bare_secondary (uint64_t hart_id)
{
  for (;;) {
    other_counter++;
    __asm__ volatile (".globl other_loop\nother_loop: nop");
  }
}

void
test_main (void)
{
  uint64_t *root = new_space (3);
  *entry_at (root, 3, VA, 0) = pte_of ((uint64_t)&counter & -PAGE, PTE_RW);
  virtual_at = VA | ((uint64_t)&counter & (PAGE - 1));
  bare_ready = 1;
  csr_write (satp, satp_of (root, 3, 0));
  sfence ();
  while (!stop) {
    work (1);
    run_in (MODE_S, in_supervisor_mode, virtual_at);
  }
}
