/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Alignment that is checked where data's is not: of SP as the base of an access (SCTLR_ELx.SA,
 * SCTLR_EL1.SA0), and of the PC. */

#include "bare.h"

/* There is one CPU, and EL0 may not read MPIDR_EL1. */
#define cpu_number() 0u

/* At EL0 CurrentEL cannot be read. */
static bool at_el0;
#define current_el() (at_el0 ? 0u : current_el ())

#define EC_PC_ALIGNMENT 0x22
#define EC_SP_ALIGNMENT 0x26
#define SCTLR_SA        (1ul << 3)
#define SCTLR_SA0       (1ul << 4)
#define ROUNDS          120 /* long enough for code that runs often to be compiled once more */

static uint64_t area[32] __attribute__ ((aligned (64)));

/* Runs `insn` with SP as given, and says what SP is behind it. */
#define WITH_SP(name, insn)                                                                                  \
  static uint64_t name (uint64_t sp)                                                                         \
  {                                                                                                          \
    uint64_t after;                                                                                          \
    __asm__ volatile (".arch_extension simd\n mov x10, sp\n mov x11, %1\n mov x12, #0\n mov sp, x11\n" insn  \
                      "\n mov %0, sp\n mov sp, x10"                                                          \
                      : "=&r"(after)                                                                         \
                      : "r"(sp)                                                                              \
                      : "x0", "x1", "x2", "x3", "x10", "x11", "x12", "memory");                              \
    return after;                                                                                            \
  }
WITH_SP (load, "ldr x1, [sp]")
WITH_SP (load_byte, "ldrb w1, [sp, #1]")
WITH_SP (load_unscaled, "ldur x1, [sp, #8]")
WITH_SP (load_user, "ldtr x1, [sp, #8]")
WITH_SP (load_register, "ldr x1, [sp, x12]")
WITH_SP (load_post, "ldr x1, [sp], #16")
WITH_SP (load_pair, "ldp x1, x2, [sp, #16]")
WITH_SP (load_pair_post, "ldp x1, x2, [sp], #32")
WITH_SP (store_byte, "strb w1, [sp]")
WITH_SP (store_odd, "str w1, [sp, #4]")
WITH_SP (store_pre, "str x1, [sp, #-16]!")
WITH_SP (store_pair, "stp x1, x2, [sp]")
WITH_SP (store_pair_pre, "stp x1, x2, [sp, #-48]!")
WITH_SP (vector, "ldr d0, [sp]")
WITH_SP (vector_pair, "stp d0, d1, [sp]")
WITH_SP (structures, "ld1 {v0.16b}, [sp]")
WITH_SP (lane, "st1 {v0.b}[1], [sp]")
WITH_SP (exclusive, "ldxr x1, [sp]")
WITH_SP (store_exclusive, "stxr w1, x2, [sp]")
WITH_SP (acquire, "ldar x1, [sp]")
WITH_SP (release, "stlr x1, [sp]")
/* After an access that was aligned. */
WITH_SP (moved_by_8, "ldr x1, [sp]\n ldr x1, [sp], #8\n ldr x2, [sp]")
WITH_SP (moved_by_register, "str x1, [sp]\n mov x1, #24\n add sp, sp, x1\n str x1, [sp]")
WITH_SP (moved_elsewhere, "str x1, [sp]\n add x1, sp, #8\n mov sp, x1\n str x1, [sp]")
WITH_SP (loaded_elsewhere, "str x11, [sp]\n ldr x1, [sp]\n add x1, x1, #4\n mov sp, x1\n ldrb w1, [sp]")
/* With what keeps it so, and what does not look. */
WITH_SP (moved_by_16, "ldr x1, [sp]\n sub sp, sp, #32\n str x1, [sp, #8]\n add sp, sp, #16\n ldr x1, [sp]")
WITH_SP (masked, "add x1, sp, #40\n and sp, x1, #-16\n ldr x1, [sp]")
WITH_SP (no_access, "add sp, sp, #8\n mov x1, sp\n ldr x2, [x1]\n sub sp, sp, #8\n ldr x2, [sp]")
WITH_SP (literal, "ldr x1, 1f\n b 2f\n .balign 8\n1: .quad 1\n2:")
WITH_SP (prefetch, "prfm pldl1keep, [sp]\n prfum pldl1keep, [sp, #-1]")

typedef struct {
  uint64_t (*run) (uint64_t sp);
  int moves; /* what it adds to SP that is aligned */
} Access;
static const Access accesses[] = {
  { load, 0 },
  { load_byte, 0 },
  { load_unscaled, 0 },
  { load_user, 0 },
  { load_register, 0 },
  { load_post, 16 },
  { load_pair, 0 },
  { load_pair_post, 32 },
  { store_byte, 0 },
  { store_odd, 0 },
  { store_pre, -16 },
  { store_pair, 0 },
  { store_pair_pre, -48 },
  { vector, 0 },
  { vector_pair, 0 },
  { structures, 0 },
  { lane, 0 },
  { exclusive, 0 },
  { store_exclusive, 0 },
  { acquire, 0 },
  { release, 0 },
};
static const Access moving[] = {
  { moved_by_8, 8 }, { moved_by_register, 24 }, { moved_elsewhere, 8 }, { loaded_elsewhere, 4 }
};
static const Access innocent[] = {
  { moved_by_16, -16 }, { masked, 32 }, { no_access, 0 }, { literal, 0 }, { prefetch, 0 }
};
#define N(array) (sizeof (array) / sizeof *(array))

static uint64_t
middle (void)
{
  return (uint64_t)&area[16];
}

/* With SP as given: one exception or none, and what becomes of SP. */
static void
expect (const Access *a, uint64_t sp, bool faults, int moves)
{
  uint64_t before = traps[0].count;
  CHECK_EQUAL (a->run (sp), sp + (uint64_t)(int64_t)moves);
  CHECK_EQUAL (traps[0].count - before, faults);
  if (!faults)
    return;
  CHECK_EQUAL (traps[0].esr, 0x9a000000ul);
  CHECK_EQUAL (traps[0].el, current_el () == 0 ? 1 : current_el ());
}

static uint64_t
checked (uint64_t ignored)
{
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < N (accesses); i++) {
      expect (&accesses[i], middle (), false, accesses[i].moves);
      expect (&accesses[i], middle () + 8, true, 0);
      if (accesses[i].moves == 0)
        expect (&accesses[i], middle () + (round & 15), (round & 15) != 0, 0);
    }
    for (unsigned i = 0; i < N (moving); i++)
      expect (&moving[i], middle (), true, moving[i].moves);
    for (unsigned i = 0; i < N (innocent); i++)
      expect (&innocent[i], middle (), false, innocent[i].moves);
    expect (&(Access){ literal, 0 }, middle () + 8, false, 0);
    expect (&(Access){ prefetch, 0 }, middle () + 8, false, 0);
  }
  return 0;
}

static uint64_t
unchecked (uint64_t ignored)
{
  for (unsigned i = 0; i < N (accesses); i++)
    if (accesses[i].run != structures)
      expect (&accesses[i], middle () + 8, false, accesses[i].moves);
  for (unsigned i = 0; i < N (moving) - 1; i++)
    expect (&moving[i], middle (), false, moving[i].moves);
  return 0;
}

/* An exception needs the level's own SP: what is tried uses SP_EL0. */
static void
with_sp_el0 (uint64_t (*function) (uint64_t))
{
  static char stack[4096] __attribute__ ((aligned (16)));
  __asm__ volatile (
      "msr sp_el0, %0\n msr spsel, #0\n mov x0, #0\n blr %1\n msr spsel, #1" ::"r"(stack + 4096),
      "r"(function)
      : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "x16", "x17", "x18", "x30", "cc", "memory");
}

static uint64_t
read_sctlr (void)
{
  return current_el () == 1   ? sysreg_read (sctlr_el1)
         : current_el () == 2 ? sysreg_read (sctlr_el2)
                              : sysreg_read (sctlr_el3);
}

static void
write_sctlr (uint64_t value)
{
  switch (current_el ()) {
    case 1: sysreg_write (sctlr_el1, value); break;
    case 2: sysreg_write (sctlr_el2, value); break;
    default: sysreg_write (sctlr_el3, value); break;
  }
}

/* ---- The PC. ---- */

static void
go (unsigned way, uint64_t target)
{
  switch (way) {
    case 0: __asm__ volatile ("adr x30, 1f\n br %0\n1:" ::"r"(target) : "x30", "memory"); break;
    case 1: __asm__ volatile ("blr %0" ::"r"(target) : "x30", "memory"); break;
    default:
      __asm__ volatile ("adr x30, 1f\n mov x9, %0\n ret x9\n1:" ::"r"(target) : "x9", "x30", "memory");
      break;
  }
}

static uint64_t
misaligned_pc (uint64_t ignored)
{
  for (unsigned i = 0; i < ROUNDS; i++)
    for (unsigned way = 0; way < 3; way++) {
      uint64_t target = (uint64_t)misaligned_pc + 1 + i % 3;
      CHECK_TRAP (EC_PC_ALIGNMENT, go (way, target));
      CHECK_EQUAL (traps[0].esr, 0x8a000000ul);
      CHECK_EQUAL (traps[0].elr, target);
      CHECK_EQUAL (traps[0].far, target);
      CHECK_EQUAL (traps[0].el, current_el () == 0 ? 1 : current_el ());
    }
  return 0;
}

/* ---- */

static uint64_t
each_level (uint64_t el)
{
  uint64_t sctlr = read_sctlr ();
  write_sctlr (sctlr & ~SCTLR_SA);
  with_sp_el0 (unchecked);
  write_sctlr (sctlr | SCTLR_SA);
  with_sp_el0 (checked);
  write_sctlr (sctlr & ~SCTLR_SA);
  with_sp_el0 (unchecked);
  misaligned_pc (0);
  if (el == 1) {
    at_el0 = true;
    run_in (0, misaligned_pc, 0);
    run_in (0, unchecked, 0);
    at_el0 = false;
    write_sctlr ((sctlr & ~SCTLR_SA) | SCTLR_SA0);
    with_sp_el0 (unchecked);
    at_el0 = true;
    run_in (0, checked, 0);
    at_el0 = false;
  }
  write_sctlr (sctlr);
  return 0;
}

void
test_main (void)
{
  for (unsigned el = current_el (); el >= 1; el--)
    if (el == current_el ())
      each_level (el);
    else if (el == 1 || sysreg_read (id_aa64pfr0_el1) >> 8 & 15)
      run_in (el, each_level, el);
}
