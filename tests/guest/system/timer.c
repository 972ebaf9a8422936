/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The timers of machine and supervisor mode, counters, and waiting for them. */

#include "bare.h"

#define MTIMECMP (*(volatile uint64_t *)(CLINT + 0x4000))
#define MTIME    (*(volatile uint64_t *)(CLINT + 0xbff8))
#define MS       10000ul /* ticks of the 10 MHz clock */

static volatile uint64_t interrupts, last_cause, at_interrupt;

static void
on_interrupt (uint64_t cause)
{
  interrupts++;
  last_cause = cause;
  at_interrupt = csr_read (time);
  if (cause == 7)
    MTIMECMP = ~0ul;
  else
    csr_write (mie, 0);
}

static void
clocks (void)
{
  uint64_t before = csr_read (time), mtime = MTIME, after = csr_read (time);
  CHECK (before <= mtime && mtime <= after);
  for (unsigned i = 0; i < 10000; i++) {
    uint64_t now = csr_read (time);
    CHECK (now >= after);
    after = now;
  }
  uint64_t instret = csr_read (instret), cycle = csr_read (cycle);
  for (volatile unsigned i = 0; i < 100; i++)
    ;
  CHECK (csr_read (instret) > instret);
  CHECK (csr_read (cycle) > cycle);
}

static void
machine_timer (void)
{
  MTIMECMP = ~0ul;
  CHECK_EQUAL (csr_read (mip) & 0x80, 0);
  for (unsigned i = 0; i < 20; i++) {
    uint64_t when = MTIME + MS, n = interrupts;
    MTIMECMP = when;
    csr_write (mie, 0x80);
    csr_set (mstatus, MSTATUS_MIE);
    while (interrupts == n)
      ;
    csr_clear (mstatus, MSTATUS_MIE);
    CHECK_EQUAL (last_cause, 7);
    CHECK (at_interrupt >= when);
    CHECK_EQUAL (csr_read (mip) & 0x80, 0);
  }
}

static void
waiting (void)
{
  /* wfi ends for an enabled interrupt that is not taken. */
  uint64_t n = interrupts, when = MTIME + 5 * MS;
  csr_clear (mstatus, MSTATUS_MIE);
  csr_write (mie, 0x80);
  MTIMECMP = when;
  do
    __asm__ volatile ("wfi");
  while (!(csr_read (mip) & 0x80));
  CHECK (MTIME >= when);
  CHECK_EQUAL (interrupts, n);
  csr_set (mstatus, MSTATUS_MIE);
  CHECK_EQUAL (interrupts, n + 1);
  /* And with it taken, though never between the look and the wfi. */
  csr_clear (mstatus, MSTATUS_MIE);
  for (unsigned i = 0; i < 20; i++) {
    n = interrupts;
    MTIMECMP = MTIME + MS / 2;
    while (interrupts == n) {
      __asm__ volatile ("wfi");
      csr_set (mstatus, MSTATUS_MIE);
      csr_clear (mstatus, MSTATUS_MIE);
    }
  }
  /* A time that has passed already. */
  MTIMECMP = 0;
  for (unsigned i = 0; i < 100000 && !(csr_read (mip) & 0x80); i++)
    ;
  CHECK (csr_read (mip) & 0x80);
  MTIMECMP = ~0ul;
}

static uint64_t
enable (uint64_t x)
{
  csr_set (sstatus, MSTATUS_SIE);
  uint64_t n = x;
  while (interrupts == n)
    __asm__ volatile ("nop");
  return 0;
}

/* Sstc, where it exists: stimecmp, not delegated so that it comes here. */
static void
supervisor_timer (void)
{
  csr_set (0x30a, 1ul << 63);
  if (!(csr_read (0x30a) >> 63)) {
    put_string ("no Sstc\n");
    return;
  }
  csr_write (0x14d, ~0ul);
  CHECK_EQUAL (csr_read (mip) & 0x20, 0);
  uint64_t when = csr_read (time) + MS;
  csr_write (0x14d, when);
  CHECK_EQUAL (csr_read (0x14d), when);
  csr_write (mie, 0x20);
  run_in (MODE_S, enable, interrupts);
  CHECK_EQUAL (last_cause, 5);
  CHECK (at_interrupt >= when);
  csr_write (0x14d, ~0ul);
}

/* Interrupts while a loop without any exit of its own runs. */
static void
busy (void)
{
  uint64_t n = interrupts;
  MTIMECMP = MTIME + MS;
  csr_write (mie, 0x80);
  csr_set (mstatus, MSTATUS_MIE);
  uint64_t addr = (uint64_t)&interrupts;
  __asm__ volatile ("1: ld t0, 0(%0)\n beq t0, %1, 1b" ::"r"(addr), "r"(n) : "t0", "memory");
  csr_clear (mstatus, MSTATUS_MIE);
}

/* A kernel's idiom: a window of a single instruction for interrupts. */
static void
window (void)
{
  uint64_t n = interrupts, rounds = 0;
  csr_clear (mstatus, MSTATUS_MIE);
  csr_write (mie, 0x80);
  MTIMECMP = MTIME + MS;
  while (interrupts == n && rounds++ < 1000000000)
    __asm__ volatile ("csrsi mstatus, 8\n csrci mstatus, 8" ::: "memory");
  CHECK_EQUAL (interrupts, n + 1);
}

void
test_main (void)
{
  bare_interrupt = on_interrupt;
  csr_write (mcounteren, 7);
  clocks ();
  machine_timer ();
  waiting ();
  supervisor_timer ();
  busy ();
  window ();
}
