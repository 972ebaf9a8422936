/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System registers: which bits hold what is written, what reads as zero or one, and values that belong
 * together. */

#include "bare.h"

#define CHECK_HOLDS(reg, mask)                                                                               \
  do {                                                                                                       \
    uint64_t old_ = sysreg_read (reg);                                                                       \
    sysreg_write (reg, 0xa5a5a5a5a5a5a5a5ul & (mask));                                                       \
    CHECK_EQUAL (sysreg_read (reg) & (mask), 0xa5a5a5a5a5a5a5a5ul & (mask));                                 \
    sysreg_write (reg, 0x5a5a5a5a5a5a5a5aul & (mask));                                                       \
    CHECK_EQUAL (sysreg_read (reg) & (mask), 0x5a5a5a5a5a5a5a5aul & (mask));                                 \
    sysreg_write (reg, old_);                                                                                \
    CHECK_EQUAL (sysreg_read (reg), old_);                                                                   \
  } while (0)
#define ALL (~0ul)

static void
storage_el1 (void)
{
  CHECK_HOLDS (ttbr0_el1, ALL);
  CHECK_HOLDS (ttbr1_el1, ALL);
  CHECK_HOLDS (mair_el1, ALL);
  CHECK_HOLDS (par_el1, 0xfffffffff001ul);
  CHECK_HOLDS (contextidr_el1, 0xfffffffful);
  CHECK_HOLDS (tpidr_el0, ALL);
  CHECK_HOLDS (tpidrro_el0, ALL);
  CHECK_HOLDS (tpidr_el1, ALL);
  CHECK_HOLDS (sp_el0, ALL);
  CHECK_HOLDS (elr_el1, ALL);
  CHECK_HOLDS (spsr_el1, 0xf0f003dful);
  CHECK_HOLDS (esr_el1, 0xfffffffful);
  CHECK_HOLDS (far_el1, ALL);
  CHECK_HOLDS (vbar_el1, ~0x7fful);
  CHECK_HOLDS (cpacr_el1, 3ul << 20);
  CHECK_HOLDS (csselr_el1, 0xful);
  CHECK_HOLDS (cntkctl_el1, 0x3fful);
  CHECK_HOLDS (cntv_cval_el0, ALL);
  CHECK_HOLDS (cntp_cval_el0, ALL);
  CHECK_HOLDS (pmccntr_el0, 0);
  CHECK_HOLDS (pmuserenr_el0, 0xful);
  CHECK_HOLDS (s2_0_c0_c0_4, 0x0000fffffffffffcul); /* DBGBVR0_EL1 */
  CHECK_HOLDS (s2_0_c0_c1_6, 0x0000fffffffffffcul); /* DBGWVR1_EL1 */
}

static void
storage_el2 (void)
{
  CHECK_HOLDS (ttbr0_el2, ALL);
  CHECK_HOLDS (vttbr_el2, ALL);
  CHECK_HOLDS (mair_el2, ALL);
  CHECK_HOLDS (tpidr_el2, ALL);
  CHECK_HOLDS (elr_el2, ALL);
  CHECK_HOLDS (far_el2, ALL);
  CHECK_HOLDS (esr_el2, 0xfffffffful);
  CHECK_HOLDS (hpfar_el2, 0xfffffffff0ul);
  CHECK_HOLDS (sp_el1, ALL);
  CHECK_HOLDS (vbar_el2, ~0x7fful);
  CHECK_HOLDS (vpidr_el2, 0xfffffffful);
  CHECK_HOLDS (cntvoff_el2, ALL);
  CHECK_HOLDS (hcr_el2, 0x43fe07fful); /* no RW, TGE, HCD */
}

static void
storage_el3 (void)
{
  CHECK_HOLDS (ttbr0_el3, ALL);
  CHECK_HOLDS (mair_el3, ALL);
  CHECK_HOLDS (tpidr_el3, ALL);
  CHECK_HOLDS (far_el3, ALL);
  CHECK_HOLDS (sp_el2, ALL);
}

/* ---- Identification. ---- */

static void
identification (void)
{
  uint64_t pfr0 = sysreg_read (id_aa64pfr0_el1), dfr0 = sysreg_read (id_aa64dfr0_el1),
           mmfr0 = sysreg_read (id_aa64mmfr0_el1);
  uint64_t midr = sysreg_read (midr_el1), ctr = sysreg_read (ctr_el0);
  CHECK (midr != 0 && midr >> 32 == 0);
  CHECK_EQUAL (midr >> 16 & 15, 15); /* the architecture is in the ID registers */
  CHECK_EQUAL (sysreg_read (mpidr_el1) >> 31, 1);
  CHECK ((pfr0 & 15) >= 1 && (pfr0 & 15) <= 2);
  CHECK ((pfr0 >> 4 & 15) >= 1);
  CHECK ((dfr0 & 15) >= 6);
  CHECK ((dfr0 >> 12 & 15) >= 1 && (dfr0 >> 20 & 15) >= 1);
  CHECK ((mmfr0 & 15) <= 6);
  CHECK_EQUAL (ctr >> 31, 1);
  CHECK_EQUAL (sysreg_read (cntfrq_el0) > 1000000, 1);
  CHECK_EQUAL (sysreg_read (dczid_el0) & 0x1f, 4); /* 64 bytes */
}

/* Every cache that CLIDR_EL1 names has a geometry. */
static void
caches (void)
{
  uint64_t clidr = sysreg_read (clidr_el1);
  for (unsigned level = 0; level < 7; level++) {
    unsigned type = clidr >> 3 * level & 7;
    for (unsigned insn = 0; insn < 2; insn++) {
      bool there = insn ? type == 1 || type == 3 : type >= 2;
      if (!there)
        continue;
      sysreg_write (csselr_el1, level << 1 | insn);
      uint64_t ccsidr = sysreg_read (ccsidr_el1);
      CHECK_EQUAL ((ccsidr & 7) + 4, 6); /* lines of 64 bytes */
      uint64_t size = 64 * ((ccsidr >> 3 & 0x3ff) + 1) * ((ccsidr >> 13 & 0x7fff) + 1);
      CHECK (size >= 8192 && size <= 16 << 20);
    }
  }
  sysreg_write (csselr_el1, 0);
}

/* ---- Registers with two names. ---- */

static void
sets_and_clears (void)
{
  sysreg_write (pmcntenclr_el0, 0xfffffffful);
  sysreg_write (pmcntenset_el0, 1ul << 31);
  CHECK_EQUAL (sysreg_read (pmcntenset_el0), 1ul << 31);
  CHECK_EQUAL (sysreg_read (pmcntenclr_el0), 1ul << 31);
  sysreg_write (pmcntenclr_el0, 1ul << 31);
  CHECK_EQUAL (sysreg_read (pmcntenset_el0), 0);
  sysreg_write (dbgclaimclr_el1, 0xff);
  sysreg_write (dbgclaimset_el1, 0x11);
  CHECK_EQUAL (sysreg_read (dbgclaimclr_el1), 0x11);
  CHECK_EQUAL (sysreg_read (dbgclaimset_el1), 0xff);
  sysreg_write (dbgclaimclr_el1, 0x01);
  CHECK_EQUAL (sysreg_read (dbgclaimclr_el1), 0x10);
  sysreg_write (oslar_el1, 0);
  CHECK_EQUAL (sysreg_read (oslsr_el1), 0x8);
  sysreg_write (oslar_el1, 1);
  CHECK_EQUAL (sysreg_read (oslsr_el1), 0xa);
}

/* A debug communications channel to nowhere is always ready. */
static void
debug_channel (void)
{
  CHECK_EQUAL (sysreg_read (mdccsr_el0), 0);
  CHECK_NO_TRAP (sysreg_write (dbgdtrtx_el0, 0x41));
}

/* ---- Pointer authentication. ---- */

#define SCTLR_ENIA (1ul << 31)

static uint64_t
sign (uint64_t pointer)
{
  __asm__ volatile ("mov x17, %0\n mov x16, #5\n pacia1716\n mov %0, x17" : "+r"(pointer)::"x16", "x17");
  return pointer;
}

static uint64_t
authenticate (uint64_t pointer)
{
  __asm__ volatile ("mov x17, %0\n mov x16, #5\n autia1716\n mov %0, x17" : "+r"(pointer)::"x16", "x17");
  return pointer;
}

static uint64_t
pointer_authentication (uint64_t ignored)
{
  uint64_t sctlr = sysreg_read (sctlr_el1), signed_once;
  if ((sysreg_read (id_aa64isar1_el1) & 0xff0) == 0)
    return 0;
  CHECK_HOLDS (s3_0_c2_c1_0, ALL); /* APIAKeyLo_EL1 */
  CHECK_HOLDS (s3_0_c2_c3_1, ALL); /* APGAKeyHi_EL1 */
  sysreg_write (s3_0_c2_c1_0, 0x0123456789abcdeful);
  sysreg_write (s3_0_c2_c1_1, 0xfedcba9876543210ul);
  sysreg_write (sctlr_el1, sctlr & ~SCTLR_ENIA);
  CHECK_EQUAL (sign (RAM), RAM);
  sysreg_write (sctlr_el1, sctlr | SCTLR_ENIA);
  signed_once = sign (RAM);
  CHECK (signed_once != RAM);
  CHECK_EQUAL (authenticate (signed_once), RAM);
  /* Another key gives another code. */
  sysreg_write (s3_0_c2_c1_0, 0x1123456789abcdeful);
  CHECK (sign (RAM) != signed_once);
  CHECK (authenticate (signed_once) != RAM);
  sysreg_write (sctlr_el1, sctlr);
  return 0;
}

/* ---- Numbers of contexts, of which the hypervisor and the monitor may keep EL1. ---- */

#define SCXTNUM_EL0 s3_3_c13_c0_7
#define SCXTNUM_EL1 s3_0_c13_c0_7
#define SCXTNUM_EL2 s3_4_c13_c0_7

static bool
has_context_numbers (void)
{
  return (sysreg_read (id_aa64pfr0_el1) >> 56 & 15) >= 2;
}

static uint64_t
context_numbers (uint64_t ignored)
{
  CHECK_HOLDS (SCXTNUM_EL0, ALL);
  CHECK_HOLDS (SCXTNUM_EL1, ALL);
  return 0;
}

static uint64_t
no_context_numbers (uint64_t ignored)
{
  CHECK_TRAP (0x18, sysreg_read (SCXTNUM_EL0));
  CHECK_TRAP (0x18, sysreg_write (SCXTNUM_EL1, 1));
  return 0;
}

static void
context_numbers_of_el2 (void)
{
  const uint64_t hcr = sysreg_read (hcr_el2), enscxt = 1ul << 53;
  if (!has_context_numbers ())
    return;
  CHECK_HOLDS (SCXTNUM_EL2, ALL);
  context_numbers (0);
  sysreg_write (hcr_el2, hcr & ~enscxt);
  run_in (1, no_context_numbers, 0);
  sysreg_write (hcr_el2, hcr | enscxt);
  run_in (1, context_numbers, 0);
  sysreg_write (hcr_el2, hcr);
}

/* ---- Pending interrupts as the hypervisor makes them. ---- */

static volatile uint64_t interrupts, interrupt_vector;
#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)
#define HCR_AMO (1ul << 5)
#define HCR_VF  (1ul << 6)
#define HCR_VI  (1ul << 7)
#define HCR_VSE (1ul << 8)

static void
on_interrupt (TrapFrame *frame)
{
  interrupts++;
  interrupt_vector = frame->vector;
  CHECK_EQUAL (frame->el, 1);
  frame->spsr |= 0x3c0; /* it stays pending: EL1 cannot take it away */
}

static uint64_t
virtual_interrupt (uint64_t vector)
{
  uint64_t isr = vector == 0x280 ? 0x80 : vector == 0x300 ? 0x40 : 0x100;
  interrupts = 0;
  CHECK_EQUAL (sysreg_read (isr_el1), isr);
  __asm__ volatile ("nop\n nop");
  CHECK_EQUAL (interrupts, 0);
  sysreg_write (daif, 0); /* taken before the next instruction */
  CHECK_EQUAL (interrupts, 1);
  CHECK_EQUAL (sysreg_read (daif), 0x3c0);
  CHECK_EQUAL (interrupt_vector, vector);
  __asm__ volatile ("msr daifclr, #7");
  CHECK_EQUAL (interrupts, vector == 0x380 ? 1 : 2); /* a virtual SError is over when it is taken */
  sysreg_write (daif, 0x3c0);
  return 0;
}

static uint64_t
no_interrupt (uint64_t ignored)
{
  CHECK_EQUAL (sysreg_read (isr_el1), 0);
  interrupts = 0;
  sysreg_write (daif, 0);
  CHECK_EQUAL (interrupts, 0);
  sysreg_write (daif, 0x3c0);
  return 0;
}

static void
virtual_interrupts (void)
{
  uint64_t hcr = sysreg_read (hcr_el2);
  bare_interrupt = on_interrupt;
  sysreg_write (hcr_el2, hcr | HCR_IMO | HCR_VI);
  CHECK_EQUAL (sysreg_read (isr_el1), 0); /* at EL2 there are none */
  run_in (1, virtual_interrupt, 0x280);
  sysreg_write (hcr_el2, hcr | HCR_FMO | HCR_VF);
  run_in (1, virtual_interrupt, 0x300);
  sysreg_write (hcr_el2, hcr | HCR_AMO | HCR_VSE);
  run_in (1, virtual_interrupt, 0x380);
  CHECK_EQUAL (sysreg_read (hcr_el2), hcr | HCR_AMO);
  sysreg_write (hcr_el2, hcr | HCR_VI | HCR_VF); /* without IMO and FMO they are nothing */
  run_in (1, no_interrupt, 0);
  sysreg_write (hcr_el2, hcr);
  bare_interrupt = NULL;
}

static uint64_t
el2_all (uint64_t ignored)
{
  storage_el1 ();
  storage_el2 ();
  virtual_interrupts ();
  context_numbers_of_el2 ();
  /* HCR_EL2.API and APK let EL1 have it. */
  sysreg_write (hcr_el2, sysreg_read (hcr_el2) | 3ul << 40);
  run_in (1, pointer_authentication, 0);
  return 0;
}

void
test_main (void)
{
  unsigned el = current_el ();
  identification ();
  caches ();
  sets_and_clears ();
  debug_channel ();
  storage_el1 ();
  if (el == 1)
    pointer_authentication (0);
  if (el == 1 && has_context_numbers ())
    context_numbers (0);
  if (el == 2)
    el2_all (0);
  if (el == 3) {
    storage_el3 ();
    sysreg_write (scr_el3, sysreg_read (scr_el3) | 3ul << 16 | 1ul << 25); /* API, APK, EnSCXT */
    if (sysreg_read (id_aa64pfr0_el1) >> 8 & 15)
      run_in (2, el2_all, 0);
  }
  CHECK_EQUAL (current_el (), el);
}
