/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Entry to exceptions and return from them at each level, what is saved and what PSTATE becomes (DDI 0487,
 * D1.3), and what traps (D1.3.5 and the registers' own pages). */

#include "bare.h"

/* There is one CPU, and EL0 may not read MPIDR_EL1. */
#define cpu_number() 0u

#define PSTATE_D    (1ul << 9)
#define PSTATE_IL   (1ul << 20)
#define PSTATE_PAN  (1ul << 22)
#define PSTATE_NZCV (15ul << 28)
#define DAIF_ALL    0x3c0ul

static bool
has_el (unsigned el)
{
  return sysreg_read (id_aa64pfr0_el1) >> 4 * el & 15;
}

/* ---- PSTATE. ---- */

static void
masks (void)
{
  sysreg_write (daif, 0x3c0);
  CHECK_EQUAL (sysreg_read (daif), 0x3c0);
  __asm__ volatile ("msr daifclr, #12");
  CHECK_EQUAL (sysreg_read (daif), 0x0c0);
  __asm__ volatile ("msr daifset, #8");
  CHECK_EQUAL (sysreg_read (daif), 0x2c0);
  sysreg_write (daif, ~0x80ul); /* only DAIF can be written */
  CHECK_EQUAL (sysreg_read (daif), 0x340);
  __asm__ volatile ("msr daifset, #15");
  CHECK_EQUAL (sysreg_read (daif), 0x3c0);
}

static void
stack_pointers (void)
{
  uint64_t one, other, el0 = sysreg_read (sp_el0);
  CHECK_EQUAL (sysreg_read (spsel), 1);
  CHECK_EQUAL (sysreg_read (currentel), current_el () << 2);
  __asm__ volatile (
      "mov x9, sp\n msr sp_el0, x9\n msr spsel, #0\n sub sp, sp, #64\n mov %0, sp\n msr spsel, #1\n"
      "mov %1, sp"
      : "=r"(one), "=r"(other)::"x9", "memory");
  CHECK_EQUAL (one, other - 64);
  CHECK_EQUAL (sysreg_read (sp_el0), one);
  /* With SP_EL0 in use it has no name. */
  sysreg_write (sp_el0, other - 8192);
  CHECK_TRAP (0, __asm__ volatile ("msr spsel, #0\n mrs x9, sp_el0\n msr spsel, #1" :: : "x9", "memory"));
  CHECK_EQUAL (traps[0].vector, 0);
  CHECK_EQUAL (traps[0].spsr & 0x1f, current_el () << 2);
  CHECK_TRAP (0, __asm__ volatile ("msr spsel, #0\n msr sp_el0, xzr\n msr spsel, #1" :: : "memory"));
  sysreg_write (sp_el0, el0);
}

/* Flags and masks are saved as they were, and the masks set. */
static uint64_t handler_daif;

static bool
note_daif (TrapFrame *frame)
{
  handler_daif = sysreg_read (daif);
  return false;
}

static void
saved_state (void)
{
  bare_sync = note_daif;
  CHECK_TRAP (
      0x15,
      __asm__ volatile (
          "msr daifclr, #8\n mov x9, #0xa0000000\n msr nzcv, x9\n svc #0xffff\n msr daifset, #8" :: : "x9",
          "cc", "memory"));
  bare_sync = NULL;
  CHECK_EQUAL (traps[0].spsr & PSTATE_NZCV, 0xa0000000);
  CHECK_EQUAL (traps[0].spsr & DAIF_ALL, DAIF_ALL & ~PSTATE_D);
  CHECK_EQUAL (traps[0].spsr & 0x1f, current_el () << 2 | 1);
  CHECK_EQUAL (traps[0].esr, 0x5600fffful);
  CHECK_EQUAL (handler_daif, DAIF_ALL);
}

/* ---- Illegal returns. ---- */

static bool
clear_il (TrapFrame *frame)
{
  if (TRAP_EC (frame->esr) != 0x0e)
    return false;
  frame->spsr &= ~PSTATE_IL;
  return true; /* the instruction is executed after all */
}

#define ERET_WITH(el, value)                                                                                 \
  __asm__ volatile ("adr x9, 1f\n msr elr_" #el ", x9\n msr spsr_" #el ", %0\n eret\n1: nop" ::"r"(value)    \
                    : "x9", "cc", "memory")

static void
eret_with (uint64_t spsr)
{
  switch (current_el ()) {
    case 1: ERET_WITH (el1, spsr); break;
    case 2: ERET_WITH (el2, spsr); break;
    default: ERET_WITH (el3, spsr); break;
  }
}

static void
illegal_returns (void)
{
  uint64_t here = current_el () << 2 | 1;
  bare_sync = clear_il;
  CHECK_NO_TRAP (eret_with (here | DAIF_ALL));
  CHECK_TRAP (0x0e, eret_with (here | DAIF_ALL | 2)); /* M[1] */
  CHECK_EQUAL (traps[0].esr, 0x3a000000);
  CHECK_EQUAL (traps[0].spsr & (PSTATE_IL | 0x1f), PSTATE_IL | here);
  CHECK_TRAP (0x0e, eret_with (DAIF_ALL | 1));                /* EL0 with its own SP */
  CHECK_TRAP (0x0e, eret_with (here | DAIF_ALL | PSTATE_IL)); /* legal, but with IL */
  if (current_el () < 3)
    CHECK_TRAP (0x0e, eret_with (13 | DAIF_ALL)); /* a higher level */
  /* The rest of PSTATE is taken from SPSR. */
  CHECK_TRAP (0x0e, eret_with (0x60000000 | 0x340 | 2 | here));
  CHECK_EQUAL (traps[0].spsr & (PSTATE_NZCV | DAIF_ALL), 0x60000340);
  sysreg_write (daif, DAIF_ALL);
  bare_sync = NULL;
}

/* ---- What is undefined. ---- */

static void
undefined (void)
{
  CHECK_TRAP (0, __asm__ volatile (".inst 0x00001234")); /* UDF */
  CHECK_EQUAL (traps[0].esr, 0x02000000);
  CHECK_TRAP (0, __asm__ volatile ("hlt #1"));
  CHECK_TRAP (0, __asm__ volatile ("dcps1"));
  CHECK_TRAP (0, __asm__ volatile ("mrs x9, s3_0_c15_c15_7" :: : "x9"));
  CHECK_TRAP (0, __asm__ volatile ("msr s3_0_c0_c0_0, x9"));
  CHECK_TRAP (0, __asm__ volatile ("msr s3_0_c4_c2_2, x9"));
  CHECK_TRAP (0, __asm__ volatile ("mrs x9, s2_0_c1_c0_4" :: : "x9"));
  if (current_el () < 3)
    CHECK_TRAP (0, __asm__ volatile ("mrs x9, scr_el3" :: : "x9"));
  if (current_el () < 2) {
    CHECK_TRAP (0, __asm__ volatile ("mrs x9, hcr_el2" :: : "x9"));
    CHECK_TRAP (0, __asm__ volatile ("mrs x9, sp_el1" :: : "x9"));
  }
  CHECK_TRAP (0, __asm__ volatile ("mrs x9, s3_5_c1_c0_0" :: : "x9")); /* SCTLR_EL12 without E2H */
  /* Of the space of ID registers what is not there reads as zero. */
  CHECK_NO_TRAP (CHECK_EQUAL (sysreg_read (s3_0_c0_c7_7), 0));
}

/* ---- EL0. ---- */

static uint64_t
el0_undefined (uint64_t ignored)
{
  CHECK_TRAP (0, __asm__ volatile ("mrs x9, sctlr_el1" :: : "x9"));
  CHECK_TRAP (0, __asm__ volatile ("msr tpidrro_el0, x9"));
  CHECK_TRAP (0, __asm__ volatile ("mrs x9, currentel" :: : "x9"));
  CHECK_TRAP (0, __asm__ volatile ("msr spsel, #0"));
  CHECK_TRAP (0, __asm__ volatile ("hvc #0"));
  CHECK_TRAP (0, __asm__ volatile ("smc #0"));
  CHECK_TRAP (0, __asm__ volatile ("eret"));
  CHECK_TRAP (0, __asm__ volatile ("tlbi vmalle1"));
  CHECK_TRAP (0, __asm__ volatile ("ic iallu"));
  CHECK_NO_TRAP (__asm__ volatile ("mrs x9, tpidrro_el0\n msr tpidr_el0, x9" :: : "x9"));
  return 0;
}

/* ISS of a trapped access: op0, op2, op1, CRn, Rt, CRm, direction. */
#define ISS(op0, op1, crn, crm, op2, rt, reads)                                                              \
  ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1 | (reads))
#define CHECK_SYSREG_TRAP(iss, insn)                                                                         \
  do {                                                                                                       \
    CHECK_TRAP (0x18, __asm__ volatile (insn :: : "x9", "memory"));                                          \
    CHECK_EQUAL (TRAP_ISS (traps[0].esr), (uint64_t)(iss));                                                  \
    CHECK_EQUAL (traps[0].esr >> 25 & 1, 1);                                                                 \
  } while (0)

static uint64_t
el0_trapped (uint64_t line)
{
  CHECK_SYSREG_TRAP (ISS (3, 3, 0, 0, 1, 9, 1), "mrs x9, ctr_el0");
  CHECK_SYSREG_TRAP (ISS (3, 3, 4, 2, 1, 9, 1), "mrs x9, daif");
  CHECK_SYSREG_TRAP (ISS (3, 3, 4, 2, 1, 9, 0), "msr daif, x9");
  /* QEMU 10 has op1 and op2 of their ISS the wrong way round. */
  CHECK_TRAP (0x18, __asm__ volatile ("msr daifset, #3"));
  CHECK_TRAP (0x18, __asm__ volatile ("msr daifclr, #1"));
  CHECK_SYSREG_TRAP (ISS (3, 3, 14, 0, 2, 9, 1), "mrs x9, cntvct_el0");
  CHECK_SYSREG_TRAP (ISS (3, 3, 14, 0, 0, 30, 1),
                     "str x30, [sp, #-16]!\n mrs x30, cntfrq_el0\n ldr x30, [sp], #16");
  CHECK_SYSREG_TRAP (ISS (3, 3, 14, 3, 1, 9, 1), "mrs x9, cntv_ctl_el0");
  CHECK_SYSREG_TRAP (ISS (3, 3, 14, 2, 2, 9, 0), "msr cntp_cval_el0, x9");
  CHECK_SYSREG_TRAP (ISS (3, 3, 9, 13, 0, 9, 1), "mrs x9, pmccntr_el0");
  CHECK_TRAP (0, __asm__ volatile ("msr pmuserenr_el0, x9"));
  CHECK_SYSREG_TRAP (ISS (1, 3, 7, 4, 1, 9, 0), "mov x9, sp\n dc zva, x9");
  CHECK_SYSREG_TRAP (ISS (1, 3, 7, 14, 1, 9, 0), "mov x9, sp\n dc civac, x9");
  CHECK_SYSREG_TRAP (ISS (1, 3, 7, 5, 1, 9, 0), "mov x9, sp\n ic ivau, x9");
  CHECK_EQUAL (sysreg_read (dczid_el0) >> 4 & 1, 1);
  CHECK_TRAP (0x01, __asm__ volatile ("wfi"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x1e00000);
  CHECK_EQUAL (traps[0].el, line);
  return 0;
}

/* Of two that are granted together most times, one. */
static uint64_t
el0_no_counter (uint64_t ignored)
{
  CHECK_NO_TRAP (__asm__ volatile ("mrs x9, ctr_el0" :: : "x9"));
  CHECK_SYSREG_TRAP (ISS (3, 3, 14, 0, 2, 9, 1), "mrs x9, cntvct_el0");
  return 0;
}

static uint64_t
el0_no_cache_type (uint64_t ignored)
{
  CHECK_SYSREG_TRAP (ISS (3, 3, 0, 0, 1, 9, 1), "mrs x9, ctr_el0");
  CHECK_NO_TRAP (__asm__ volatile ("mrs x9, cntvct_el0" :: : "x9"));
  return 0;
}

static uint64_t
el0_granted (uint64_t ignored)
{
  CHECK_NO_TRAP (__asm__ volatile (
      "mrs x9, ctr_el0\n mrs x9, daif\n msr daif, x9\n mrs x9, cntvct_el0\n mrs x9, cntfrq_el0\n"
      "mrs x9, cntv_ctl_el0\n mov x9, sp\n dc civac, x9\n ic ivau, x9" :: : "x9",
      "memory"));
  CHECK_EQUAL (sysreg_read (dczid_el0) >> 4 & 1, 0);
  return 0;
}

#define SCTLR_UMA  (1ul << 9)
#define SCTLR_DZE  (1ul << 14)
#define SCTLR_UCT  (1ul << 15)
#define SCTLR_NTWI (1ul << 16)
#define SCTLR_UCI  (1ul << 26)

static uint64_t
el1_with_el0 (uint64_t ignored)
{
  uint64_t sctlr = sysreg_read (sctlr_el1);
  uint64_t user = SCTLR_UMA | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWI | SCTLR_UCI;
  run_in (0, el0_undefined, 0);
  sysreg_write (sctlr_el1, sctlr & ~user);
  sysreg_write (cntkctl_el1, 0);
  sysreg_write (pmuserenr_el0, 0);
  run_in (0, el0_trapped, 1);
  sysreg_write (sctlr_el1, sctlr | user);
  run_in (0, el0_no_counter, 0);
  sysreg_write (cntkctl_el1, 0x303);
  sysreg_write (sctlr_el1, (sctlr | user) & ~SCTLR_UCT);
  run_in (0, el0_no_cache_type, 0);
  sysreg_write (sctlr_el1, sctlr | user);
  run_in (0, el0_granted, 0);
  sysreg_write (cntkctl_el1, 0);
  sysreg_write (sctlr_el1, sctlr);
  return 0;
}

/* ---- Floating point. ---- */

static uint64_t
use_fp (uint64_t expected)
{
  if (expected == 0) {
    CHECK_NO_TRAP (__asm__ volatile (
        ".arch_extension simd\n fmov d0, xzr\n mrs x9, fpcr\n ldr q0, [sp]" :: : "x9", "memory"));
    return 0;
  }
  CHECK_TRAP (0x07, __asm__ volatile ("fmov d0, xzr"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x1e00000);
  CHECK_EQUAL (traps[0].el, expected);
  CHECK_TRAP (0x07, __asm__ volatile ("mrs x9, fpcr" :: : "x9"));
  CHECK_TRAP (0x07, __asm__ volatile ("msr fpsr, xzr"));
  CHECK_TRAP (0x07, __asm__ volatile ("ldr q0, [sp]"));
  CHECK_TRAP (0x07, __asm__ volatile (".arch_extension crypto\n aese v0.16b, v1.16b"));
  return 0;
}

static uint64_t
el1_fp (uint64_t ignored)
{
  uint64_t cpacr = sysreg_read (cpacr_el1);
  sysreg_write (cpacr_el1, 0);
  use_fp (1);
  run_in (0, use_fp, 1);
  sysreg_write (cpacr_el1, 1ul << 20);
  use_fp (0);
  run_in (0, use_fp, 1);
  sysreg_write (cpacr_el1, 2ul << 20);
  use_fp (1);
  sysreg_write (cpacr_el1, 3ul << 20);
  run_in (0, use_fp, 0);
  sysreg_write (cpacr_el1, cpacr);
  return 0;
}

/* ---- EL2's traps. ---- */

#define HCR_TWI  (1ul << 13)
#define HCR_TID3 (1ul << 18)
#define HCR_TSC  (1ul << 19)
#define HCR_TACR (1ul << 21)
#define HCR_TSW  (1ul << 22)
#define HCR_TTLB (1ul << 25)
#define HCR_TVM  (1ul << 26)
#define HCR_TGE  (1ul << 27)
#define HCR_TRVM (1ul << 30)
#define HCR_RW   (1ul << 31)

static uint64_t
el1_trapped_to_el2 (uint64_t ignored)
{
  CHECK_SYSREG_TRAP (ISS (3, 0, 2, 0, 0, 9, 0), "msr ttbr0_el1, x9");
  CHECK_SYSREG_TRAP (ISS (3, 0, 5, 2, 0, 9, 0), "msr esr_el1, x9");
  CHECK_SYSREG_TRAP (ISS (3, 0, 6, 0, 0, 9, 1), "mrs x9, far_el1");
  CHECK_SYSREG_TRAP (ISS (3, 0, 1, 0, 1, 9, 1), "mrs x9, actlr_el1");
  CHECK_SYSREG_TRAP (ISS (3, 0, 0, 4, 0, 9, 1), "mrs x9, id_aa64pfr0_el1");
  CHECK_SYSREG_TRAP (ISS (3, 0, 0, 7, 7, 9, 1), "mrs x9, s3_0_c0_c7_7");
  CHECK_SYSREG_TRAP (ISS (1, 0, 8, 7, 0, 31, 0), "tlbi vmalle1");
  CHECK_SYSREG_TRAP (ISS (1, 0, 7, 6, 2, 9, 0), "dc isw, x9");
  CHECK_SYSREG_TRAP (ISS (3, 0, 1, 0, 2, 9, 0), "msr cpacr_el1, x9");
  CHECK_EQUAL (traps[0].el, 2);
  CHECK_EQUAL (traps[0].vector, 0x400);
  CHECK_TRAP (0x01, __asm__ volatile ("wfi"));
  CHECK_NO_TRAP (__asm__ volatile ("mrs x9, vbar_el1\n mrs x9, elr_el1\n mrs x9, spsr_el1" :: : "x9"));
  return 0;
}

static uint64_t
el1_hvc (uint64_t ignored)
{
  CHECK_TRAP (0x16, __asm__ volatile ("hvc #0x1234" :: : "x0", "x1", "x2", "x3"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x1234);
  CHECK_EQUAL (traps[0].el, 2);
  return 0;
}

static uint64_t
el1_use_fp (uint64_t expected)
{
  use_fp (expected);
  return run_in (0, use_fp, expected);
}

/* ---- Pointer authentication: what HCR_EL2 and SCR_EL3 have trapped. ---- */

#define API        2
#define APK        1
#define SCTLR_ENIA (1ul << 31)

static bool
has_pauth (void)
{
  return sysreg_read (id_aa64isar1_el1) & 0xff0;
}

#define CHECK_PAUTH(insn)                                                                                    \
  do {                                                                                                       \
    if (expected == 0) {                                                                                     \
      CHECK_NO_TRAP (__asm__ volatile (insn :: : "x9", "x16", "x17", "memory"));                             \
      break;                                                                                                 \
    }                                                                                                        \
    CHECK_TRAP (0x09, __asm__ volatile (insn :: : "x9", "x16", "x17", "memory"));                            \
    CHECK_EQUAL (traps[0].esr, 0x26000000);                                                                  \
    CHECK_EQUAL (traps[0].el, expected);                                                                     \
  } while (0)

/* Key A of instructions is enabled, the others are not. */
static uint64_t
use_pauth (uint64_t expected)
{
  for (unsigned i = 0; i < 50; i++) {
    CHECK_PAUTH ("pacia1716");
    CHECK_PAUTH ("paciza x17");
    CHECK_PAUTH ("pacga x9, x16, x17");
    CHECK_NO_TRAP (
        __asm__ volatile ("mov x9, x30\n xpaci x9\n pacib x9, x17\n pacda x9, x17\n autdza x9" :: : "x9"));
  }
  return 0;
}

static uint64_t
use_keys (uint64_t expected)
{
  if (expected == 0) {
    CHECK_NO_TRAP (__asm__ volatile ("mrs x9, apiakeylo_el1\n msr apgakeyhi_el1, x9" :: : "x9"));
    return 0;
  }
  CHECK_SYSREG_TRAP (ISS (3, 0, 2, 1, 0, 9, 1), "mrs x9, apiakeylo_el1");
  CHECK_EQUAL (traps[0].el, expected);
  CHECK_SYSREG_TRAP (ISS (3, 0, 2, 3, 1, 9, 0), "msr apgakeyhi_el1, x9");
  CHECK_SYSREG_TRAP (ISS (3, 0, 2, 2, 2, 9, 0), "msr apdbkeylo_el1, x9");
  return 0;
}

/* Bits 1 and 0: API and APK; from bit 4 on: who traps what they do not allow. */
static uint64_t
el1_pauth (uint64_t allowed)
{
  uint64_t sctlr = sysreg_read (sctlr_el1), by = allowed >> 4;
  sysreg_write (sctlr_el1, sctlr & ~SCTLR_ENIA);
  CHECK_NO_TRAP (__asm__ volatile ("pacia1716" :: : "x17"));
  sysreg_write (sctlr_el1, sctlr | SCTLR_ENIA);
  use_keys (allowed & APK ? 0 : by);
  use_pauth (allowed & API ? 0 : by);
  run_in (0, use_pauth, allowed & API ? 0 : by);
  sysreg_write (sctlr_el1, sctlr);
  return 0;
}

static uint64_t
el2_pauth (uint64_t scr_allowed)
{
  uint64_t hcr = sysreg_read (hcr_el2), sctlr = sysreg_read (sctlr_el2);
  sysreg_write (sctlr_el2, sctlr | SCTLR_ENIA);
  use_keys (scr_allowed & APK ? 0 : 3);
  use_pauth (scr_allowed & API ? 0 : 3);
  sysreg_write (sctlr_el2, sctlr);
  for (unsigned allowed = 0; allowed < 4; allowed++) {
    sysreg_write (hcr_el2, (hcr & ~(3ul << 40)) | (uint64_t)allowed << 40);
    if (scr_allowed == 3)
      run_in (1, el1_pauth, 2 << 4 | allowed);
    else if (allowed == 3)
      run_in (1, el1_pauth, 3 << 4 | scr_allowed);
  }
  sysreg_write (hcr_el2, hcr);
  return 0;
}

static void
el3_pauth (void)
{
  uint64_t scr = sysreg_read (scr_el3);
  for (unsigned allowed = 0; allowed < 4; allowed++) {
    sysreg_write (scr_el3, (scr & ~(3ul << 16)) | (uint64_t)allowed << 16);
    if (has_el (2))
      run_in (2, el2_pauth, allowed);
    else
      run_in (1, el1_pauth, 3 << 4 | allowed);
  }
  sysreg_write (scr_el3, scr);
}

static uint64_t
el1_identity (uint64_t ignored)
{
  CHECK_EQUAL (sysreg_read (midr_el1), 0x12345678);
  CHECK_EQUAL (sysreg_read (mpidr_el1) >> 24 & 1, 1);
  return 0;
}

/* At EL0 with HCR_EL2.TGE, EL2 takes what EL1 would. */
static uint64_t
el0_under_el2 (uint64_t ignored)
{
  CHECK_TRAP (0x15, __asm__ volatile ("svc #9"));
  CHECK_EQUAL (traps[0].el, 2);
  CHECK_TRAP (0, __asm__ volatile (".inst 0"));
  CHECK_EQUAL (traps[0].el, 2);
  return 0;
}

static uint64_t
el2_controls (uint64_t ignored)
{
  uint64_t hcr = sysreg_read (hcr_el2), cptr = sysreg_read (cptr_el2);
  uint64_t midr = sysreg_read (midr_el1), mpidr = sysreg_read (mpidr_el1);
  run_in (1, el1_hvc, 0);
  sysreg_write (hcr_el2, hcr | HCR_TWI | HCR_TID3 | HCR_TACR | HCR_TSW | HCR_TTLB | HCR_TVM | HCR_TRVM);
  sysreg_write (cptr_el2, cptr | 1ul << 31);
  run_in (1, el1_trapped_to_el2, 0);
  sysreg_write (hcr_el2, hcr);
  sysreg_write (cptr_el2, 1ul << 10);
  run_in (1, el1_use_fp, 2);
  use_fp (2);
  sysreg_write (cptr_el2, cptr);
  /* Aff0, which cpu_number() looks at, stays. */
  sysreg_write (vpidr_el2, 0x12345678);
  sysreg_write (vmpidr_el2, mpidr | 1 << 24);
  run_in (1, el1_identity, 0);
  CHECK_EQUAL (sysreg_read (midr_el1), midr);
  CHECK_EQUAL (sysreg_read (mpidr_el1), mpidr);
  sysreg_write (vmpidr_el2, mpidr);
  sysreg_write (vpidr_el2, midr);
  sysreg_write (hcr_el2, hcr | HCR_TGE);
  run_in (0, el0_under_el2, 0);
  /* There is nothing at EL1 to return to. */
  bare_sync = clear_il;
  CHECK_TRAP (0x0e, eret_with (DAIF_ALL | 5));
  bare_sync = NULL;
  sysreg_write (hcr_el2, hcr);
  return 0;
}

/* ---- EL3. ---- */

static uint64_t
lower_smc (uint64_t ignored)
{
  CHECK_TRAP (0x17, __asm__ volatile ("smc #0x4321" :: : "x0", "x1", "x2", "x3"));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x4321);
  CHECK_EQUAL (traps[0].el, 3);
  CHECK_EQUAL (traps[0].vector, 0x400);
  return 0;
}

static void
el3_controls (void)
{
  uint64_t cptr = sysreg_read (cptr_el3);
  unsigned lower = has_el (2) ? 2 : 1;
  run_in (lower, lower_smc, 0);
  sysreg_write (cptr_el3, 1ul << 10);
  use_fp (3);
  run_in (lower, use_fp, 3);
  sysreg_write (cptr_el3, cptr);
}

/* ---- Virtualization host extensions. ---- */

static uint64_t
el2_host (uint64_t ignored)
{
  uint64_t hcr = sysreg_read (hcr_el2), vbar = sysreg_read (vbar_el1), vbar2 = sysreg_read (vbar_el2);
  if ((sysreg_read (id_aa64mmfr1_el1) >> 8 & 15) == 0)
    return 0;
  sysreg_write (tpidr_el2, 0);
  sysreg_write (hcr_el2, hcr | 1ul << 34 | HCR_TGE);
  /* EL1's names mean EL2's registers, and there are others for EL1's. */
  CHECK_EQUAL (sysreg_read (vbar_el1), vbar2);
  CHECK_EQUAL (sysreg_read (s3_5_c12_c0_0), vbar);
  sysreg_write (elr_el1, 0x123456789ab0);
  CHECK_EQUAL (sysreg_read (elr_el2), 0x123456789ab0);
  sysreg_write (s3_5_c4_c0_1, 0x4440);
  CHECK_EQUAL (sysreg_read (elr_el2), 0x123456789ab0);
  CHECK_EQUAL (sysreg_read (s3_5_c4_c0_1), 0x4440);
  /* CPTR_EL2 has CPACR_EL1's layout. */
  sysreg_write (cpacr_el1, 0);
  CHECK_EQUAL (sysreg_read (cptr_el2), 0);
  use_fp (2);
  sysreg_write (cpacr_el1, 3ul << 20);
  CHECK_EQUAL (sysreg_read (cptr_el2), 3ul << 20);
  use_fp (0);
  run_in (0, el0_under_el2, 0);
  sysreg_write (hcr_el2, hcr);
  CHECK_EQUAL (sysreg_read (elr_el1), 0x4440);
  sysreg_write (cptr_el2, 0x33ff);
  return 0;
}

/* ---- */

static uint64_t
at_each_level (uint64_t ignored)
{
  masks ();
  stack_pointers ();
  saved_state ();
  illegal_returns ();
  undefined ();
  return 0;
}

static uint64_t
el1_all (uint64_t el)
{
  if (el > 1)
    at_each_level (0);
  el1_with_el0 (0);
  el1_fp (0);
  return 0;
}

static uint64_t
el2_all (uint64_t ignored)
{
  at_each_level (0);
  el2_controls (0);
  el2_host (0);
  run_in (1, el1_all, 2);
  return 0;
}

void
test_main (void)
{
  unsigned first = current_el ();
  switch (first) {
    case 1:
      at_each_level (0);
      el1_all (1);
      break;
    case 2:
      el2_all (2);
      if (has_pauth ())
        el2_pauth (3);
      break;
    default:
      at_each_level (0);
      el3_controls ();
      if (has_pauth ())
        el3_pauth ();
      if (has_el (2))
        run_in (2, el2_all, 0);
      else
        run_in (1, el1_all, 3);
      break;
  }
  CHECK_EQUAL (current_el (), first);
}
