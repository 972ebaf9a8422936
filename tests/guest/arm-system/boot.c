/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a program finds when it is started, its exceptions, calls of lower levels, and the devices that every
 * board has. */

#include "bare.h"

static uint32_t
big32 (uint64_t addr)
{
  return __builtin_bswap32 ((uint32_t)load32 (addr));
}

static void
exceptions (void)
{
  CHECK_TRAP (0x00, __asm__ volatile (".inst 0")); /* UDF */
  CHECK_EQUAL (traps[0].el, current_el ());
  CHECK_EQUAL (traps[0].vector, 0x200);
  CHECK_TRAP (0x3c, __asm__ volatile ("brk #0x123"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x123);
  CHECK_TRAP (0x15, __asm__ volatile ("svc #0x321"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x321);
  CHECK_NO_TRAP (isb ());
  /* Without the MMU all is device memory. */
  CHECK_TRAP (0x25, load32 (RAM + 0x100001));
  CHECK_EQUAL (traps[0].far, RAM + 0x100001);
}

static uint64_t
at_el0 (uint64_t argument)
{
  __asm__ volatile ("svc #5");
  return argument;
}

static uint64_t
at_el1 (uint64_t argument)
{
  uint64_t el = current_el (), before = traps[0].count;
  uint64_t sum = run_in (0, at_el0, argument);
  CHECK_EQUAL (traps[0].count - before, 1);
  CHECK_EQUAL (traps[0].el, 1);
  CHECK_EQUAL (traps[0].vector, 0x400);
  CHECK_EQUAL (el, 1);
  return sum + 1;
}

static uint64_t
at_el2 (uint64_t argument)
{
  CHECK_EQUAL (current_el (), 2);
  return run_in (1, at_el1, argument) + 1;
}

static void
levels (void)
{
  if (current_el () == 1)
    CHECK_EQUAL (at_el1 (40), 41);
  else if (current_el () == 2)
    CHECK_EQUAL (run_in (1, at_el1, 40), 41);
  else if (sysreg_read (id_aa64pfr0_el1) >> 8 & 15)
    CHECK_EQUAL (run_in (2, at_el2, 40), 42);
}

static void
devices (void)
{
  /* PrimeCells identify themselves. */
  static const uint64_t cells[] = { UART, RTC, GPIO };
  static const uint32_t parts[] = { 0x11, 0x31, 0x61 };
  for (unsigned i = 0; i < 3; i++) {
    CHECK_EQUAL (load32 (cells[i] + 0xfe0), parts[i]);
    CHECK_EQUAL (load32 (cells[i] + 0xfe4) & 15, 0);
    CHECK_EQUAL (load32 (cells[i] + 0xff0), 0x0d);
    CHECK_EQUAL (load32 (cells[i] + 0xffc), 0xb1);
  }
  CHECK (load32 (RTC) > 1600000000);
  CHECK_EQUAL (load32 (VIRTIO), 0x74726976); /* "virt" */
  CHECK_EQUAL (load32 (VIRTIO + 31 * 0x200), 0x74726976);
  /* fw_cfg's signature: "QEMU". */
  store16 (FW_CFG + 8, 0);
  CHECK_EQUAL (load32 (FW_CFG), 0x554d4551);
}

void
test_main (void)
{
  /* A device tree is at the beginning of memory for who does not look at x0. */
  CHECK_EQUAL (big32 (RAM), 0xd00dfeed);
  CHECK (big32 (RAM + 4) <= 0x100000);
  CHECK_EQUAL (sysreg_read (daif) & 0x3c0, 0x3c0);
  exceptions ();
  levels ();
  devices ();
  if (current_el () < 3)
    CHECK ((psci (PSCI_VERSION, 0, 0, 0) >> 16) >= 1);
}
