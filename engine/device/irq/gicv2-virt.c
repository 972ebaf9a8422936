/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interfaces of virtual CPUs (IHI 0048, chapter 5): what a hypervisor puts in the list registers is an interrupt for
 * the virtual machine that runs on the CPU. */

#include "gicv2-private.h"

/* GICH_HCR. */
#define HCR_EN             1u
#define HCR_UIE            (1u << 1)
#define HCR_LRENPIE        (1u << 2)
#define HCR_NPIE           (1u << 3)
#define HCR_VGRP_SHIFT     4 /* four: group 0 enabled, disabled, group 1 enabled, disabled */
#define HCR_EOICOUNT_SHIFT 27
#define HCR_EOICOUNT       (UINT32_C (0x1f) << HCR_EOICOUNT_SHIFT)
#define HCR_BITS           (HCR_EOICOUNT | 0xff)

/* GICH_MISR. */
enum { MISR_EOI = 1, MISR_U = 2, MISR_LRENP = 4, MISR_NP = 8 };

/* GICH_VMCR: GICV_CTLR's bits 9 and 4 to 0, and three fields. */
#define VMCR_CTLR       UINT32_C (0x21f)
#define VMCR_ABP_SHIFT  18
#define VMCR_BP_SHIFT   21
#define VMCR_MASK_SHIFT 27
#define VMCR_RESET      ((uint32_t)(GICV2_MIN_BPR + 1) << VMCR_ABP_SHIFT | (uint32_t)GICV2_MIN_BPR << VMCR_BP_SHIFT)

/* GICH_LR. */
#define LR_HW             (UINT32_C (1) << 31)
#define LR_GROUP1         (UINT32_C (1) << 30)
#define LR_ACTIVE         (UINT32_C (1) << 29)
#define LR_PENDING        (UINT32_C (1) << 28)
#define LR_STATE          (LR_ACTIVE | LR_PENDING)
#define LR_PRIORITY_SHIFT 23
#define LR_EOI            (UINT32_C (1) << 19)
#define LR_PHYSICAL_SHIFT 10
#define LR_CPU            (UINT32_C (7) << 10)
#define LR_ID             UINT32_C (0x3ff)
#define LR_BITS           UINT32_C (0xff8fffff)

#define VTR_GIC400 UINT32_C (0x90000000) /* five bits of priority and of preemption; and the number of list registers */

static uint32_t *
list (GicV2 *gic, unsigned cpu)
{
  return &gic->lr[cpu * GICV2_LRS];
}

static unsigned
field (uint32_t value, unsigned shift, unsigned width)
{
  return value >> shift & ((1u << width) - 1);
}

static unsigned
lr_priority (uint32_t lr)
{
  return field (lr, LR_PRIORITY_SHIFT, 5) << 3;
}

/* ---- What the hypervisor is told of. ---- */

static bool
has_ended (uint32_t lr)
{
  return !(lr & (LR_STATE | LR_HW)) && lr & LR_EOI;
}

static uint32_t
ended_lists (GicV2 *gic, unsigned cpu)
{
  uint32_t ended = 0;
  for (unsigned i = 0; i < GICV2_LRS; i++)
    ended |= (uint32_t)has_ended (list (gic, cpu)[i]) << i;
  return ended;
}

static uint32_t
empty_lists (GicV2 *gic, unsigned cpu)
{
  uint32_t empty = 0;
  for (unsigned i = 0; i < GICV2_LRS; i++)
    empty |= (uint32_t) !(list (gic, cpu)[i] & LR_STATE) << i;
  return empty & ~ended_lists (gic, cpu);
}

static uint32_t
maintenance_status (GicV2 *gic, unsigned cpu)
{
  uint32_t hcr = gic->hcr[cpu], enables = gic->vmcr[cpu] & 3, misr = 0;
  unsigned valid = 0, pending = 0;

  for (unsigned i = 0; i < GICV2_LRS; i++) {
    valid += (list (gic, cpu)[i] & LR_STATE) != 0;
    pending += (list (gic, cpu)[i] & LR_STATE) == LR_PENDING;
  }
  misr |= ended_lists (gic, cpu) != 0 ? MISR_EOI : 0;
  misr |= hcr & HCR_UIE && valid <= 1 ? MISR_U : 0;
  misr |= hcr & HCR_LRENPIE && hcr & HCR_EOICOUNT ? MISR_LRENP : 0;
  misr |= hcr & HCR_NPIE && pending == 0 ? MISR_NP : 0;
  for (unsigned group = 0; group < 2; group++) {
    unsigned shift = HCR_VGRP_SHIFT + 2 * group;
    misr |= hcr & 1u << shift && enables >> group & 1 ? 1u << shift : 0;
    misr |= hcr & 2u << shift && !(enables >> group & 1) ? 2u << shift : 0;
  }
  return misr;
}

/* ---- What the virtual CPU is told of. ---- */

/* The list register of the most urgent interrupt of enabled groups, or -1. */
static int
best_list (GicV2 *gic, unsigned cpu)
{
  const uint32_t *lr = list (gic, cpu);
  int best = -1;
  for (int i = 0; i < GICV2_LRS; i++) {
    bool enabled = gic->vmcr[cpu] >> ((lr[i] & LR_GROUP1) != 0) & 1;
    if ((lr[i] & LR_STATE) == LR_PENDING && enabled && (best < 0 || lr_priority (lr[i]) < lr_priority (lr[best])))
      best = i;
  }
  return best;
}

static unsigned
preemption (GicV2 *gic, unsigned cpu, uint32_t lr)
{
  uint32_t vmcr = gic->vmcr[cpu];
  bool own = lr & LR_GROUP1 && !(vmcr & GICC_CBPR);
  return lr_priority (lr) &
         gicv2_group_mask (own ? field (vmcr, VMCR_ABP_SHIFT, 3) - 1 : field (vmcr, VMCR_BP_SHIFT, 3));
}

/* The one that the virtual CPU is to be told of, or -1. */
static int
signalled_list (GicV2 *gic, unsigned cpu)
{
  int i = gic->hcr[cpu] & HCR_EN ? best_list (gic, cpu) : -1;
  if (i < 0)
    return -1;
  uint32_t lr = list (gic, cpu)[i];
  bool sufficient = lr_priority (lr) < field (gic->vmcr[cpu], VMCR_MASK_SHIFT, 5) << 3;
  return sufficient && preemption (gic, cpu, lr) < gicv2_running (gic->vapr[cpu]) ? i : -1;
}

void
gicv2_update_virtual (GicV2 *gic, unsigned cpu)
{
  int i = signalled_list (gic, cpu);
  uint8_t out = 0;

  if (i >= 0) {
    bool fiq = gic->vmcr[cpu] & GICC_FIQEN && !(list (gic, cpu)[i] & LR_GROUP1);
    out = fiq ? GICV2_OUT_VFIQ : GICV2_OUT_VIRQ;
  }
  gicv2_set_out (gic, cpu, GICV2_OUT_VIRQ | GICV2_OUT_VFIQ, out);
  gicv2_set_level (gic, cpu, GICV2_SGIS + gic->maintenance,
                   gic->hcr[cpu] & HCR_EN && maintenance_status (gic, cpu) != 0);
}

/* ---- The hypervisor's registers. ---- */

/* Of the CPU that makes the access. */
static unsigned
this_cpu (GicV2 *gic)
{
  return gicv2_requester (gic).cpu;
}

static uint64_t
hcr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gic->hcr[this_cpu (gic)];
}

static void
hcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  gic->hcr[cpu] = (uint32_t)written & HCR_BITS;
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
vtr_read (Device *dev, unsigned index, uint64_t stored)
{
  return VTR_GIC400 | (GICV2_LRS - 1);
}

static uint64_t
vmcr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gic->vmcr[this_cpu (gic)];
}

static void
set_vmcr (GicV2 *gic, unsigned cpu, uint32_t value)
{
  uint32_t abp = MAX (field (value, VMCR_ABP_SHIFT, 3), GICV2_MIN_BPR + 1);
  uint32_t bp = MAX (field (value, VMCR_BP_SHIFT, 3), GICV2_MIN_BPR);
  gic->vmcr[cpu] =
      (value & VMCR_CTLR) | abp << VMCR_ABP_SHIFT | bp << VMCR_BP_SHIFT | value >> VMCR_MASK_SHIFT << VMCR_MASK_SHIFT;
}

static void
vmcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  set_vmcr (gic, cpu, (uint32_t)written);
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
misr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return maintenance_status (gic, this_cpu (gic));
}

static uint64_t
eisr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return ended_lists (gic, this_cpu (gic));
}

static uint64_t
elrsr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return empty_lists (gic, this_cpu (gic));
}

static uint64_t
vapr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gic->vapr[this_cpu (gic)];
}

static void
vapr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  gic->vapr[cpu] = (uint32_t)written;
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
lr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return list (gic, this_cpu (gic))[index];
}

static void
lr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  list (gic, cpu)[index] = (uint32_t)written & LR_BITS;
  gicv2_update_virtual (gic, cpu);
}

/* ---- The virtual CPU's registers: GICC's over again. ---- */

/* A field of GICH_VMCR by its own name. */
static uint64_t
read_field (Device *dev, uint32_t mask, unsigned shift)
{
  GicV2 *gic = (GicV2 *)dev;
  return (gic->vmcr[this_cpu (gic)] & mask) >> shift;
}

static void
write_field (Device *dev, uint32_t mask, unsigned shift, uint64_t value)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  set_vmcr (gic, cpu, (gic->vmcr[cpu] & ~mask) | ((uint32_t)value << shift & mask));
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
vctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, VMCR_CTLR, 0);
}

static void
vctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, VMCR_CTLR, 0, written);
}

#define VMCR_MASK (UINT32_C (0x1f) << VMCR_MASK_SHIFT)

static uint64_t
vpmr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, VMCR_MASK, VMCR_MASK_SHIFT - 3);
}

static void
vpmr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, VMCR_MASK, VMCR_MASK_SHIFT - 3, written);
}

static uint64_t
vbpr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, 7u << VMCR_BP_SHIFT, VMCR_BP_SHIFT);
}

static void
vbpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, 7u << VMCR_BP_SHIFT, VMCR_BP_SHIFT, written);
}

static uint64_t
vabpr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, 7u << VMCR_ABP_SHIFT, VMCR_ABP_SHIFT);
}

static void
vabpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, 7u << VMCR_ABP_SHIFT, VMCR_ABP_SHIFT, written);
}

static uint64_t
vrpr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned running = gicv2_running (gic->vapr[this_cpu (gic)]);
  return running == GICV2_IDLE ? 0xff : running;
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV2_CPU_IIDR;
}

/* The number of the interrupt in a list register, as GICV_IAR has it. */
static unsigned
virtual_id (uint32_t lr)
{
  unsigned n = lr & LR_ID;
  return n | (n < GICV2_SGIS && !(lr & LR_HW) ? lr & LR_CPU : 0);
}

/* What a register shows of list register `i`, as in a CPU's interface. */
static unsigned
shown (GicV2 *gic, unsigned cpu, int i, bool alias)
{
  if (i < 0)
    return GICV2_NONE;
  uint32_t lr = list (gic, cpu)[i];
  if (!(lr & LR_GROUP1))
    return alias ? GICV2_NONE : virtual_id (lr);
  return alias || gic->vmcr[cpu] & GICC_ACKCTL ? virtual_id (lr) : GICV2_OTHER;
}

static unsigned
acknowledge (GicV2 *gic, bool alias)
{
  unsigned cpu = this_cpu (gic);
  int i = signalled_list (gic, cpu);
  unsigned n = shown (gic, cpu, i, alias);

  if ((n & LR_ID) >= GICV2_INTIDS || i < 0)
    return n;
  uint32_t *lr = &list (gic, cpu)[i];
  gic->vapr[cpu] |= UINT32_C (1) << (preemption (gic, cpu, *lr) >> 3);
  *lr = (*lr & ~LR_PENDING) | LR_ACTIVE;
  gicv2_update_virtual (gic, cpu);
  return n;
}

static uint64_t
viar_read (Device *dev, unsigned index, uint64_t stored)
{
  return acknowledge ((GicV2 *)dev, false);
}

static uint64_t
vaiar_read (Device *dev, unsigned index, uint64_t stored)
{
  return acknowledge ((GicV2 *)dev, true);
}

static uint64_t
vhppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  return shown (gic, cpu, best_list (gic, cpu), false);
}

static uint64_t
vahppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);
  return shown (gic, cpu, best_list (gic, cpu), true);
}

/* The physical interrupt behind a virtual one is over with it. */
static void
deactivate_physical (GicV2 *gic, unsigned cpu, uint32_t lr)
{
  unsigned n = lr >> LR_PHYSICAL_SHIFT & LR_ID;
  if (lr & LR_HW && n >= GICV2_SGIS && n < gicv2_intids (gic))
    gicv2_deactivate (gic, cpu, n);
}

/* SPEC: IHI 0048, 5.2.3: of an interrupt that is in no list register, the hypervisor gets to know by EOICount. */
static void
deactivate_virtual (GicV2 *gic, unsigned cpu, unsigned id)
{
  for (unsigned i = 0; i < GICV2_LRS; i++) {
    uint32_t *lr = &list (gic, cpu)[i];
    if (!(*lr & LR_ACTIVE) || virtual_id (*lr) != id)
      continue;
    *lr &= ~LR_ACTIVE;
    deactivate_physical (gic, cpu, *lr);
    return;
  }
  if ((gic->hcr[cpu] & HCR_EOICOUNT) != HCR_EOICOUNT)
    gic->hcr[cpu] += UINT32_C (1) << HCR_EOICOUNT_SHIFT;
}

static unsigned
written_id (uint64_t written)
{
  unsigned n = written & LR_ID;
  return n | (n < GICV2_SGIS ? written & LR_CPU : 0);
}

static void
veoir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);

  if ((written & LR_ID) >= GICV2_INTIDS || gic->vapr[cpu] == 0)
    return;
  gic->vapr[cpu] &= gic->vapr[cpu] - 1;
  if (!(gic->vmcr[cpu] & GICC_EOIMODE))
    deactivate_virtual (gic, cpu, written_id (written));
  gicv2_update_virtual (gic, cpu);
}

static void
vdir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = this_cpu (gic);

  if ((written & LR_ID) >= GICV2_INTIDS || !(gic->vmcr[cpu] & GICC_EOIMODE))
    return;
  deactivate_virtual (gic, cpu, written_id (written));
  gicv2_update_virtual (gic, cpu);
}

/* ---- Life, and the tables. ---- */

void
gicv2_reset_virtual (GicV2 *gic, unsigned cpu)
{
  gic->hcr[cpu] = gic->vapr[cpu] = 0;
  gic->vmcr[cpu] = VMCR_RESET;
  for (unsigned i = 0; i < GICV2_LRS; i++)
    list (gic, cpu)[i] = 0;
}

void
gicv2_clean_virtual (GicV2 *gic, unsigned cpu)
{
  gic->hcr[cpu] &= HCR_BITS;
  set_vmcr (gic, cpu, gic->vmcr[cpu]);
  for (unsigned i = 0; i < GICV2_LRS; i++)
    list (gic, cpu)[i] &= LR_BITS;
}

static const Register hyp_registers[] = {
  { .name = "GICH_HCR", .offset = 0x00, .size = 4, .writable = HCR_BITS, .read = hcr_read, .write = hcr_write },
  { .name = "GICH_VTR", .offset = 0x04, .size = 4, .read = vtr_read },
  { .name = "GICH_VMCR", .offset = 0x08, .size = 4, .writable = UINT32_MAX, .read = vmcr_read, .write = vmcr_write },
  { .name = "GICH_MISR", .offset = 0x10, .size = 4, .read = misr_read },
  { .name = "GICH_EISR0", .offset = 0x20, .size = 4, .read = eisr_read },
  { .name = "GICH_ELRSR0", .offset = 0x30, .size = 4, .read = elrsr_read },
  { .name = "GICH_APR", .offset = 0xf0, .size = 4, .writable = UINT32_MAX, .read = vapr_read, .write = vapr_write },
  { .name = "GICH_LR",
    .offset = 0x100,
    .size = 4,
    .count = GICV2_LRS,
    .stride = 4,
    .writable = LR_BITS,
    .read = lr_read,
    .write = lr_write },
  { 0 },
};

const RegisterBank gicv2_hyp_bank = {
  .name = "gicv2-hyp",
  .size = GICV2_HYP_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = hyp_registers,
};

static const Register vcpu_registers[] = {
  { .name = "GICV_CTLR", .offset = 0x00, .size = 4, .writable = VMCR_CTLR, .read = vctlr_read, .write = vctlr_write },
  { .name = "GICV_PMR", .offset = 0x04, .size = 4, .writable = 0xf8, .read = vpmr_read, .write = vpmr_write },
  { .name = "GICV_BPR", .offset = 0x08, .size = 4, .writable = 7, .read = vbpr_read, .write = vbpr_write },
  { .name = "GICV_IAR", .offset = 0x0c, .size = 4, .read = viar_read },
  { .name = "GICV_EOIR", .offset = 0x10, .size = 4, .writable = UINT32_MAX, .write = veoir_write },
  { .name = "GICV_RPR", .offset = 0x14, .size = 4, .read = vrpr_read },
  { .name = "GICV_HPPIR", .offset = 0x18, .size = 4, .read = vhppir_read },
  { .name = "GICV_ABPR", .offset = 0x1c, .size = 4, .writable = 7, .read = vabpr_read, .write = vabpr_write },
  { .name = "GICV_AIAR", .offset = 0x20, .size = 4, .read = vaiar_read },
  { .name = "GICV_AEOIR", .offset = 0x24, .size = 4, .writable = UINT32_MAX, .write = veoir_write },
  { .name = "GICV_AHPPIR", .offset = 0x28, .size = 4, .read = vahppir_read },
  { .name = "GICV_APR0", .offset = 0xd0, .size = 4, .writable = UINT32_MAX, .read = vapr_read, .write = vapr_write },
  { .name = "GICV_IIDR", .offset = 0xfc, .size = 4, .read = iidr_read },
  { .name = "GICV_DIR", .offset = 0x1000, .size = 4, .writable = UINT32_MAX, .write = vdir_write },
  { 0 },
};

const RegisterBank gicv2_vcpu_bank = {
  .name = "gicv2-vcpu",
  .size = GICV2_VCPU_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = vcpu_registers,
};
