/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The GICv3 as programs have it: acknowledgement, priorities and ends at each level, the lines that the two
 * security states see, and virtual interrupts (IHI 0069). */

#include "bare.h"

#define ICC_PMR         S3_0_C4_C6_0
#define ICC_IAR0        S3_0_C12_C8_0
#define ICC_EOIR0       S3_0_C12_C8_1
#define ICC_HPPIR0      S3_0_C12_C8_2
#define ICC_BPR0        S3_0_C12_C8_3
#define ICC_AP0R0       S3_0_C12_C8_4
#define ICC_AP1R0       S3_0_C12_C9_0
#define ICC_DIR         S3_0_C12_C11_1
#define ICC_RPR         S3_0_C12_C11_3
#define ICC_SGI1R       S3_0_C12_C11_5
#define ICC_ASGI1R      S3_0_C12_C11_6
#define ICC_SGI0R       S3_0_C12_C11_7
#define ICC_IAR1        S3_0_C12_C12_0
#define ICC_EOIR1       S3_0_C12_C12_1
#define ICC_HPPIR1      S3_0_C12_C12_2
#define ICC_BPR1        S3_0_C12_C12_3
#define ICC_CTLR        S3_0_C12_C12_4
#define ICC_SRE         S3_0_C12_C12_5
#define ICC_IGRPEN0     S3_0_C12_C12_6
#define ICC_IGRPEN1     S3_0_C12_C12_7
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICC_SRE_EL3     S3_6_C12_C12_5
#define ICC_CTLR_EL3    S3_6_C12_C12_4
#define ICC_IGRPEN1_EL3 S3_6_C12_C12_7
#define ICH_AP1R0       S3_4_C12_C9_0
#define ICH_HCR         S3_4_C12_C11_0
#define ICH_MISR        S3_4_C12_C11_2
#define ICH_EISR        S3_4_C12_C11_3
#define ICH_ELRSR       S3_4_C12_C11_5
#define ICH_VMCR        S3_4_C12_C11_7
#define ICH_LR0         S3_4_C12_C12_0
#define ICH_LR1         S3_4_C12_C12_1

#define SGI(id)     ((uint64_t)(id) << 24 | 1) /* to CPU 0 */
#define NONE        1023
#define ISR_I       (1 << 7)
#define ISR_F       (1 << 6)
#define SGI_FRAME   (GIC_REDIST + 0x10000)
#define IGROUPR0    (SGI_FRAME + 0x80)
#define ISENABLER0  (SGI_FRAME + 0x100)
#define ISPENDR0    (SGI_FRAME + 0x200)
#define ICPENDR0    (SGI_FRAME + 0x280)
#define ISACTIVER0  (SGI_FRAME + 0x300)
#define IPRIORITYR0 (SGI_FRAME + 0x400)
#define IGRPMODR0   (SGI_FRAME + 0xd00)

#define LR_PENDING              (1ul << 62)
#define LR_ACTIVE               (1ul << 63)
#define LR_GROUP1               (1ul << 60)
#define LR_HW                   (1ul << 61)
#define LR_EOI                  (1ul << 41)
#define LR(id, priority, flags) ((flags) | (uint64_t)(priority) << 48 | (id))

static bool
has_el (unsigned el)
{
  return sysreg_read (id_aa64pfr0_el1) >> 4 * el & 15;
}

static uint64_t
isr (void)
{
  return sysreg_read (isr_el1);
}

static void
set_priority (unsigned id, unsigned priority)
{
  __asm__ volatile ("strb %w0, [%1]" ::"r"(priority), "r"(IPRIORITYR0 + id) : "memory");
}

static void
send (unsigned id)
{
  sysreg_write (ICC_SGI1R, SGI (id));
  dsb ();
}

/* ---- One security state, or at EL3 with Group 1 being the Non-secure one. ---- */

static void
start (void)
{
  if (current_el () == 3)
    sysreg_write (ICC_SRE_EL3, 15);
  if (has_el (2) && current_el () >= 2)
    sysreg_write (ICC_SRE_EL2, 15);
  sysreg_write (ICC_SRE, 7);
  CHECK_EQUAL (sysreg_read (ICC_SRE) & 1, 1);
  store32 (GIC_DIST, current_el () == 3 ? 0x37 : 0x13);
  store32 (GIC_REDIST + 0x14, 0);
  while (load32 (GIC_REDIST + 0x14) & 4)
    ;
  store32 (IGROUPR0, 0xffffffff);
  store32 (ISENABLER0, 0xffff);
  for (unsigned id = 0; id < 16; id++)
    set_priority (id, 0x80);
  sysreg_write (ICC_PMR, 0xff);
  sysreg_write (ICC_IGRPEN1, 1);
}

static void
acknowledge (void)
{
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), NONE);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xff);
  CHECK_EQUAL (isr (), 0);
  send (3);
  send (5);
  CHECK_EQUAL (isr (), ISR_I);
  CHECK_EQUAL (load32 (ISPENDR0), 1 << 3 | 1 << 5);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 3);
  CHECK_EQUAL (sysreg_read (ICC_IAR0), NONE);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 3);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x80);
  CHECK_EQUAL (sysreg_read (ICC_AP1R0), 1 << 16);
  CHECK_EQUAL (load32 (ISACTIVER0), 1 << 3);
  CHECK_EQUAL (isr (), 0);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 5);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  sysreg_write (ICC_EOIR1, 3);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 5);
  sysreg_write (ICC_EOIR0, 5); /* the other group's */
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x80);
  sysreg_write (ICC_EOIR1, 5);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xff);
  CHECK_EQUAL (load32 (ISACTIVER0) | load32 (ISPENDR0), 0);
}

static void
priorities (void)
{
  set_priority (1, 0xa0);
  set_priority (2, 0x60);
  sysreg_write (ICC_BPR1, 0);
  CHECK_EQUAL (sysreg_read (ICC_BPR1), 3);
  sysreg_write (ICC_BPR0, 0);
  CHECK_EQUAL (sysreg_read (ICC_BPR0), 2);
  sysreg_write (ICC_PMR, 0xa0);
  send (1);
  CHECK_EQUAL (isr (), 0);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 1);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  sysreg_write (ICC_PMR, 0xff);
  CHECK_EQUAL (sysreg_read (ICC_PMR), 0xf8);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 1);
  send (2);
  CHECK_EQUAL (isr (), ISR_I);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 2);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x60);
  CHECK_EQUAL (sysreg_read (ICC_AP1R0), 1 << 12 | 1 << 20);
  sysreg_write (ICC_EOIR1, 2);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xa0);
  sysreg_write (ICC_EOIR1, 1);
  /* One group of priorities. */
  sysreg_write (ICC_BPR1, 7);
  set_priority (2, 0x90);
  send (1);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 1);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x80);
  send (2);
  CHECK_EQUAL (isr (), 0);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 2);
  sysreg_write (ICC_EOIR1, 1);
  CHECK_EQUAL (isr (), ISR_I);
  sysreg_write (ICC_BPR1, 3);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 2);
  sysreg_write (ICC_EOIR1, 2);
  /* The group is off: what is pending waits. */
  sysreg_write (ICC_IGRPEN1, 0);
  send (1);
  CHECK_EQUAL (isr (), 0);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  sysreg_write (ICC_IGRPEN1, 1);
  CHECK_EQUAL (isr (), ISR_I);
  store32 (ICPENDR0, 1 << 1);
  CHECK_EQUAL (isr (), 0);
}

static void
split_end (void)
{
  sysreg_write (ICC_CTLR, sysreg_read (ICC_CTLR) | 2);
  send (4);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 4);
  sysreg_write (ICC_EOIR1, 4);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xff);
  CHECK_EQUAL (load32 (ISACTIVER0), 1 << 4);
  send (4);
  CHECK_EQUAL (isr (), 0);
  sysreg_write (ICC_DIR, 4);
  CHECK_EQUAL (load32 (ISACTIVER0), 0);
  CHECK_EQUAL (isr (), ISR_I);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 4);
  sysreg_write (ICC_EOIR1, 4);
  sysreg_write (ICC_DIR, 4);
  sysreg_write (ICC_CTLR, sysreg_read (ICC_CTLR) & ~2ul);
}

static void
group0 (void)
{
  store32 (IGROUPR0, ~(1u << 6));
  sysreg_write (ICC_IGRPEN0, 1);
  send (6); /* of Group 1: there is none */
  CHECK_EQUAL (load32 (ISPENDR0), 0);
  sysreg_write (ICC_SGI0R, SGI (6));
  dsb ();
  CHECK_EQUAL (isr (), ISR_F);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  CHECK_EQUAL (sysreg_read (ICC_IAR0), 6);
  CHECK_EQUAL (sysreg_read (ICC_AP0R0), 1 << 16);
  sysreg_write (ICC_EOIR0, 6);
  CHECK_EQUAL (sysreg_read (ICC_AP0R0), 0);
  store32 (IGROUPR0, 0xffffffff);
  sysreg_write (ICC_IGRPEN0, 0);
}

/* ---- Two security states. ---- */

static uint64_t
lines (uint64_t argument)
{
  return isr ();
}

/* What Non-secure software sees of the registers, with FIQs going to EL3. */
static uint64_t
non_secure_views (uint64_t argument)
{
  CHECK_EQUAL (sysreg_read (ICC_PMR), 0xf0);
  sysreg_write (ICC_PMR, 0x40);
  CHECK_EQUAL (sysreg_read (ICC_PMR), 0x40);
  sysreg_write (ICC_PMR, 0xff);
  CHECK_EQUAL (load32 (IGROUPR0), 0);
  CHECK_EQUAL (load32 (GIC_DIST) & 0x12, 0x12);
  set_priority (7, 0x40); /* 0xa0 */
  send (7);
  CHECK_EQUAL (isr (), ISR_I);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 7);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x40);
  CHECK_EQUAL (load32 (ISACTIVER0), 1 << 7);
  sysreg_write (ICC_EOIR1, 7);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xff);
  send (8); /* Secure */
  return 0;
}

static void
security (void)
{
  unsigned below = has_el (2) ? 2 : 1; /* of Non-secure state */
  uint64_t scr = sysreg_read (scr_el3);
  sysreg_write (ICC_IGRPEN1_EL3, 3);
  sysreg_write (ICC_IGRPEN0, 1);
  /* Non-secure Group 1 is for EL3 a FIQ, and there a number says whose. */
  send (7); /* of Secure Group 1: there is none */
  CHECK_EQUAL (load32 (ISPENDR0), 0);
  sysreg_write (ICC_ASGI1R, SGI (7));
  dsb ();
  CHECK_EQUAL (isr (), ISR_F);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR0), 1021);
  CHECK_EQUAL (run_in (below, lines, 0), ISR_I);
  store32 (ICPENDR0, 1 << 7);
  /* Secure Group 1. */
  store32 (IGROUPR0, ~(1u << 8));
  store32 (IGRPMODR0, 1 << 8);
  store32 (ISPENDR0, 1 << 8);
  CHECK_EQUAL (isr (), ISR_F);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR0), 1020);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 8);
  CHECK_EQUAL (run_in (below, lines, 0), ISR_F);
  sysreg_write (scr_el3, scr & ~1ul);
  CHECK_EQUAL (run_in (1, lines, 0), ISR_I);
  CHECK_EQUAL (sysreg_read (ICC_BPR1), 2);
  sysreg_write (scr_el3, scr);
  store32 (ICPENDR0, 1 << 8);
  /* FIQs go to EL3. */
  sysreg_write (scr_el3, scr | 4);
  run_in (below, non_secure_views, 0);
  sysreg_write (scr_el3, scr);
  CHECK_EQUAL (load32 (ISPENDR0), 0);
  CHECK_EQUAL (sysreg_read (ICC_PMR), 0xf8);
}

/* ---- Virtual interrupts. ---- */

static uint64_t
guest (uint64_t argument)
{
  CHECK_EQUAL (sysreg_read (ICC_PMR), 0xf8);
  CHECK_EQUAL (isr (), ISR_I);
  CHECK_EQUAL (sysreg_read (ICC_IAR0), NONE);
  CHECK_EQUAL (sysreg_read (ICC_HPPIR1), 41);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 41);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0x60);
  CHECK_EQUAL (sysreg_read (ICC_AP1R0), 1 << 12);
  CHECK_EQUAL (isr (), 0);
  sysreg_write (ICC_EOIR1, 41);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), 40);
  return 0;
}

static uint64_t
guest_end (uint64_t argument)
{
  sysreg_write (ICC_EOIR1, 40);
  CHECK_EQUAL (sysreg_read (ICC_RPR), 0xff);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  sysreg_write (ICC_BPR1, 5);
  return 0;
}

static uint64_t
guest_fiq (uint64_t argument)
{
  CHECK_EQUAL (isr (), ISR_F);
  CHECK_EQUAL (sysreg_read (ICC_IAR1), NONE);
  CHECK_EQUAL (sysreg_read (ICC_IAR0), 50);
  sysreg_write (ICC_EOIR0, 50);
  return 0;
}

static uint64_t
hypervisor (uint64_t argument)
{
  sysreg_write (hcr_el2, sysreg_read (hcr_el2) | 3 << 3); /* FMO, IMO */
  sysreg_write (ICH_HCR, 1);
  sysreg_write (ICH_VMCR, 0xf8000003);
  sysreg_write (ICH_LR0, LR (40, 0xa0, LR_PENDING | LR_GROUP1 | LR_EOI));
  sysreg_write (ICH_LR1, LR (41, 0x60, LR_PENDING | LR_GROUP1 | LR_HW | 9ul << 32));
  CHECK_EQUAL (sysreg_read (ICH_ELRSR) & 3, 0);
  run_in (1, guest, 0);
  CHECK_EQUAL (sysreg_read (ICH_LR0), LR (40, 0xa0, LR_ACTIVE | LR_GROUP1 | LR_EOI));
  CHECK_EQUAL (sysreg_read (ICH_LR1), LR (41, 0x60, LR_GROUP1 | LR_HW | 9ul << 32));
  CHECK_EQUAL (sysreg_read (ICH_AP1R0), 1 << 20);
  CHECK_EQUAL (sysreg_read (ICH_ELRSR) & 3, 2);
  CHECK_EQUAL (sysreg_read (ICH_MISR), 0);
  run_in (1, guest_end, 0);
  CHECK_EQUAL (sysreg_read (ICH_VMCR) >> 18 & 7, 5);
  CHECK_EQUAL (sysreg_read (ICH_EISR), 1);
  CHECK_EQUAL (sysreg_read (ICH_MISR), 1);
  CHECK_EQUAL (sysreg_read (ICH_AP1R0), 0);
  sysreg_write (ICH_LR0, LR (50, 0x80, LR_PENDING));
  run_in (1, guest_fiq, 0);
  CHECK_EQUAL (sysreg_read (ICH_LR0), LR (50, 0x80, 0));
  sysreg_write (ICH_HCR, 1 | 1 << 1 | 1 << 3 | 1 << 6); /* UIE, NPIE, VGrp1EIE */
  CHECK_EQUAL (sysreg_read (ICH_MISR), 2 | 8 | 0x40);
  sysreg_write (ICH_HCR, 0);
  return 0;
}

void
test_main (void)
{
  start ();
  /* At EL3 the Group 1 of this program is not its own, and comes as FIQ. */
  if (current_el () == 3) {
    security ();
  } else {
    acknowledge ();
    priorities ();
    split_end ();
    group0 ();
  }
  if (current_el () == 3 && has_el (2))
    run_in (2, hypervisor, 0);
  else if (has_el (2))
    hypervisor (0);
}
