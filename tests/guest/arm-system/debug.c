/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Self-hosted debug (DDI 0487, D2): software step, breakpoints and watchpoints of a lower level and of the
 * level itself, and the OS lock.  The debugger is EL1, with the program at EL0 or at EL1. */

#include "bare.h"

/* There is one CPU, and EL0 may not read MPIDR_EL1. */
#define cpu_number() 0u

#define MDSCR_SS  (1ul << 0)
#define MDSCR_KDE (1ul << 13)
#define MDSCR_MDE (1ul << 15)
#define PSTATE_D  (1ul << 9)
#define PSTATE_SS (1ul << 21)

#define EC_BREAKPOINT 0x30
#define EC_STEP       0x32
#define EC_WATCHPOINT 0x34

/* What the handler has seen, in order. */
static struct {
  uint64_t ec, iss, elr, far;
} seen[32];
static unsigned n_seen;
static bool keeps_stepping;
static uint64_t stop_at; /* stepping ends there */

static bool
debugger (TrapFrame *frame)
{
  uint64_t ec = TRAP_EC (frame->esr);
  if (ec < EC_BREAKPOINT || ec > EC_WATCHPOINT + 1)
    return false;
  CHECK (n_seen < 32);
  seen[n_seen].ec = ec;
  seen[n_seen].iss = TRAP_ISS (frame->esr);
  seen[n_seen].elr = frame->elr;
  seen[n_seen++].far = frame->far;
  if ((ec & ~1ul) == EC_STEP) {
    if (keeps_stepping && frame->elr != stop_at)
      frame->spsr |= PSTATE_SS;
    else
      sysreg_write (mdscr_el1, sysreg_read (mdscr_el1) & ~MDSCR_SS);
  } else if ((ec & ~1ul) == EC_BREAKPOINT)
    sysreg_write (dbgbcr0_el1, 0);
  else
    sysreg_write (dbgwcr0_el1, 0);
  return true;
}

/* ---- Code to be looked at. ---- */

extern char stepped_start[], stepped_branch[], stepped_target[], stepped_end[];
static volatile uint64_t cell[4];

__asm__ (".text\n.globl stepped, stepped_start, stepped_branch, stepped_target, stepped_end\n"
         "stepped: mov x9, x0\n"
         "stepped_start: ldxr x10, [x9]\n"
         "add x10, x10, #1\n"
         "stepped_branch: b 1f\n"
         "nop\n"
         "1:\n"
         "stepped_target: str x10, [x9]\n"
         "stepped_end: mov x0, x10\n"
         "ret\n");
uint64_t stepped (uint64_t address);

#define AT(name) ((uint64_t)(name))

/* ---- Software step. ---- */

/* From EL1: EL0 is entered with PSTATE.SS. run_in() leaves SPSR to be as DAIF is here, so the first step is
 * pending at once. */
static void
step_el0 (void)
{
  static const uint64_t path[] = { 0, 4, 8, 16, 20 };
  n_seen = 0;
  keeps_stepping = true;
  stop_at = AT (stepped_end);
  cell[0] = 7;
  sysreg_write (mdscr_el1, MDSCR_SS);
  CHECK_EQUAL (run_in (0, stepped, (uint64_t)cell), 8);
  CHECK_EQUAL (sysreg_read (mdscr_el1) & MDSCR_SS, 0);
  /* The code between run_in() and the program is stepped, too. */
  unsigned first = 0;
  while (seen[first].elr != AT (stepped_start))
    CHECK (++first < n_seen);
  for (unsigned i = 0; i < 5; i++) {
    CHECK_EQUAL (seen[first + i].ec, EC_STEP);
    CHECK_EQUAL (seen[first + i].elr, AT (stepped_start) + path[i]);
    CHECK_EQUAL (seen[first + i].iss & 0x3f, 0x22);
  }
  /* ISV, and EX after the exclusive load. */
  CHECK_EQUAL (seen[first + 1].iss >> 24, 1);
  CHECK_EQUAL (seen[first + 1].iss >> 6 & 1, 1);
  CHECK_EQUAL (seen[first + 2].iss >> 6 & 1, 0);
  CHECK_EQUAL (n_seen, first + 5);
  /* Nothing had been stepped when the first was taken. */
  CHECK_EQUAL (seen[0].iss >> 24, 0);
}

/* The level itself: with KDE and PSTATE.D clear. */
static void
step_el1 (void)
{
  uint64_t sum;
  n_seen = 0;
  keeps_stepping = false;
  sysreg_write (mdscr_el1, MDSCR_SS | MDSCR_KDE);
  __asm__ volatile ("nop\n nop"); /* masked */
  CHECK_EQUAL (n_seen, 0);
  /* An exception return that unmasks, with SS: one instruction, then the exception. */
  __asm__ volatile (
      "adr x9, 1f\n msr elr_el1, x9\n mov x9, #0x1c5\n movk x9, #0x20, lsl #16\n msr spsr_el1, x9\n"
      "mov %0, #1\n eret\n1: add %0, %0, #1\n2: add %0, %0, #1\n msr daifset, #8"
      : "=&r"(sum)::"x9", "cc", "memory");
  CHECK_EQUAL (sum, 3);
  CHECK_EQUAL (n_seen, 1);
  CHECK_EQUAL (seen[0].ec, EC_STEP + 1);
  sysreg_write (mdscr_el1, 0);
}

/* ---- Breakpoints and watchpoints. ---- */

#define CONTROL_E    1u
#define CONTROL_EL1  (1u << 1)
#define CONTROL_EL0  (2u << 1)
#define CONTROL_BAS4 (15u << 5)

static void
breakpoints (void)
{
  keeps_stepping = false;
  cell[0] = 7;
  n_seen = 0;
  sysreg_write (dbgbvr0_el1, AT (stepped_branch));
  sysreg_write (dbgbcr0_el1, CONTROL_E | CONTROL_EL0 | CONTROL_BAS4);
  sysreg_write (mdscr_el1, 0);
  CHECK_EQUAL (run_in (0, stepped, (uint64_t)cell), 8);
  CHECK_EQUAL (n_seen, 0); /* MDE is off */
  sysreg_write (mdscr_el1, MDSCR_MDE);
  CHECK_EQUAL (stepped ((uint64_t)cell), 9);
  CHECK_EQUAL (n_seen, 0); /* not for EL1 */
  CHECK_EQUAL (run_in (0, stepped, (uint64_t)cell), 10);
  CHECK_EQUAL (n_seen, 1);
  CHECK_EQUAL (seen[0].ec, EC_BREAKPOINT);
  CHECK_EQUAL (seen[0].elr, AT (stepped_branch));
  CHECK_EQUAL (seen[0].iss, 0x22);
  /* Of EL1 itself. */
  n_seen = 0;
  sysreg_write (dbgbcr0_el1, CONTROL_E | CONTROL_EL1 | CONTROL_BAS4);
  sysreg_write (mdscr_el1, MDSCR_MDE | MDSCR_KDE);
  CHECK_EQUAL (stepped ((uint64_t)cell), 11);
  CHECK_EQUAL (n_seen, 0); /* PSTATE.D masks it */
  __asm__ volatile ("msr daifclr, #8");
  CHECK_EQUAL (stepped ((uint64_t)cell), 12);
  __asm__ volatile ("msr daifset, #8");
  CHECK_EQUAL (n_seen, 1);
  CHECK_EQUAL (seen[0].ec, EC_BREAKPOINT + 1);
  sysreg_write (mdscr_el1, 0);
}

static uint64_t
touch (uint64_t address)
{
  uint64_t sum = load64 (address);
  store64 (address, sum + 1);
  return sum + load8 (address + 9);
}

#define WATCH_LOADS  (1u << 3)
#define WATCH_STORES (2u << 3)

static void
watch (uint64_t address, uint32_t control, unsigned times)
{
  n_seen = 0;
  sysreg_write (dbgwvr0_el1, address);
  sysreg_write (dbgwcr0_el1, control);
  sysreg_write (mdscr_el1, MDSCR_MDE);
  run_in (0, touch, (uint64_t)cell);
  CHECK_EQUAL (n_seen, times);
  sysreg_write (mdscr_el1, 0);
  sysreg_write (dbgwcr0_el1, 0);
}

static void
watchpoints (void)
{
  uint64_t here = (uint64_t)cell;
  keeps_stepping = false;
  watch (here, CONTROL_E | CONTROL_EL0 | WATCH_LOADS | 0xffu << 5, 1);
  CHECK_EQUAL (seen[0].ec, EC_WATCHPOINT);
  CHECK_EQUAL (seen[0].iss & 0x7f, 0x22); /* WnR is 0 */
  CHECK_EQUAL (seen[0].far, here);
  watch (here, CONTROL_E | CONTROL_EL0 | WATCH_STORES | 0xffu << 5, 1);
  CHECK_EQUAL (seen[0].iss & 0x7f, 0x62);
  watch (here, CONTROL_E | CONTROL_EL1 | WATCH_STORES | 0xffu << 5, 0);
  watch (here + 16, CONTROL_E | CONTROL_EL0 | WATCH_LOADS | WATCH_STORES | 0xffu << 5, 0);
  watch (here + 8, CONTROL_E | CONTROL_EL0 | WATCH_LOADS | 1u << 6, 1); /* one byte */
  CHECK_EQUAL (seen[0].far, here + 9);
  watch (here + 8, CONTROL_E | CONTROL_EL0 | WATCH_LOADS | 1u << 7, 0);
  /* A byte inside an access that begins before it. */
  watch (here, CONTROL_E | CONTROL_EL0 | WATCH_LOADS | 1u << 9, 1);
}

/* ---- The OS lock (which QEMU 10 does not let keep debug exceptions away). ---- */

static void
os_lock (void)
{
  CHECK_EQUAL (sysreg_read (oslsr_el1) & 2, 2); /* after reset */
  sysreg_write (oslar_el1, 0);
  CHECK_EQUAL (sysreg_read (oslsr_el1), 8);
}

void
test_main (void)
{
  bare_sync = debugger;
  os_lock ();
  step_el0 ();
  step_el1 ();
  breakpoints ();
  watchpoints ();
  bare_sync = NULL;
}
