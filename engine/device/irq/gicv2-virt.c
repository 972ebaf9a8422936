/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The hypervisor's side of virtual CPUs' interfaces (IHI 0048, 5.3): what it puts in the list registers is an
 * interrupt for the virtual machine that runs on the CPU. */

#include "gicv2-virt.h"

/* GICH_HCR. */
#define HCR_UIE        (1u << 1)
#define HCR_LRENPIE    (1u << 2)
#define HCR_NPIE       (1u << 3)
#define HCR_VGRP_SHIFT 4 /* four: group 0 enabled, disabled, group 1 enabled, disabled */
#define HCR_BITS       (HCR_EOICOUNT | 0xff)

/* GICH_MISR. */
enum { MISR_EOI = 1, MISR_U = 2, MISR_LRENP = 4, MISR_NP = 8 };

#define VTR_GIC400                                                                                           \
  UINT32_C (0x90000000) /* five bits of priority and of preemption; and the number of list registers */

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
    ended |= (uint32_t)has_ended (gicv2_list (gic, cpu)[i]) << i;
  return ended;
}

static uint32_t
empty_lists (GicV2 *gic, unsigned cpu)
{
  uint32_t empty = 0;
  for (unsigned i = 0; i < GICV2_LRS; i++)
    empty |= (uint32_t)!(gicv2_list (gic, cpu)[i] & LR_STATE) << i;
  return empty & ~ended_lists (gic, cpu);
}

static uint32_t
maintenance_status (GicV2 *gic, unsigned cpu)
{
  uint32_t hcr = gic->hcr[cpu], enables = gic->vmcr[cpu] & 3, misr = 0;
  unsigned valid = 0, pending = 0;

  for (unsigned i = 0; i < GICV2_LRS; i++) {
    valid += (gicv2_list (gic, cpu)[i] & LR_STATE) != 0;
    pending += (gicv2_list (gic, cpu)[i] & LR_STATE) == LR_PENDING;
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

void
gicv2_update_virtual (GicV2 *gic, unsigned cpu)
{
  int i = gicv2_signalled_list (gic, cpu);
  uint8_t out = 0;

  if (i >= 0) {
    bool fiq = gic->vmcr[cpu] & GICC_FIQEN && !(gicv2_list (gic, cpu)[i] & LR_GROUP1);
    out = fiq ? GICV2_OUT_VFIQ : GICV2_OUT_VIRQ;
  }
  gicv2_set_out (gic, cpu, GICV2_OUT_VIRQ | GICV2_OUT_VFIQ, out);
  gicv2_set_level (gic, cpu, GICV2_SGIS + gic->maintenance,
                   gic->hcr[cpu] & HCR_EN && maintenance_status (gic, cpu) != 0);
}

/* ---- The hypervisor's registers. ---- */

static uint64_t
hcr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gic->hcr[gicv2_this_cpu (gic)];
}

static void
hcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
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
  return gic->vmcr[gicv2_this_cpu (gic)];
}

void
gicv2_set_vmcr (GicV2 *gic, unsigned cpu, uint32_t value)
{
  uint32_t abp = MAX (gicv2_field (value, VMCR_ABP_SHIFT, 3), GICV2_MIN_BPR + 1);
  uint32_t bp = MAX (gicv2_field (value, VMCR_BP_SHIFT, 3), GICV2_MIN_BPR);
  gic->vmcr[cpu] = (value & VMCR_CTLR) | abp << VMCR_ABP_SHIFT | bp << VMCR_BP_SHIFT |
                   value >> VMCR_MASK_SHIFT << VMCR_MASK_SHIFT;
}

static void
vmcr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  gicv2_set_vmcr (gic, cpu, (uint32_t)written);
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
misr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return maintenance_status (gic, gicv2_this_cpu (gic));
}

static uint64_t
eisr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return ended_lists (gic, gicv2_this_cpu (gic));
}

static uint64_t
elrsr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return empty_lists (gic, gicv2_this_cpu (gic));
}

uint64_t
gicv2_vapr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gic->vapr[gicv2_this_cpu (gic)];
}

void
gicv2_vapr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  gic->vapr[cpu] = (uint32_t)written;
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
lr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  return gicv2_list (gic, gicv2_this_cpu (gic))[index];
}

static void
lr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  gicv2_list (gic, cpu)[index] = (uint32_t)written & LR_BITS;
  gicv2_update_virtual (gic, cpu);
}

/* ---- Life, and the tables. ---- */

void
gicv2_reset_virtual (GicV2 *gic, unsigned cpu)
{
  gic->hcr[cpu] = gic->vapr[cpu] = 0;
  gic->vmcr[cpu] = VMCR_RESET;
  for (unsigned i = 0; i < GICV2_LRS; i++)
    gicv2_list (gic, cpu)[i] = 0;
}

void
gicv2_clean_virtual (GicV2 *gic, unsigned cpu)
{
  gic->hcr[cpu] &= HCR_BITS;
  gicv2_set_vmcr (gic, cpu, gic->vmcr[cpu]);
  for (unsigned i = 0; i < GICV2_LRS; i++)
    gicv2_list (gic, cpu)[i] &= LR_BITS;
}

static const Register hyp_registers[] = {
  { .name = "GICH_HCR",
    .offset = 0x00,
    .size = 4,
    .writable = HCR_BITS,
    .read = hcr_read,
    .write = hcr_write },
  { .name = "GICH_VTR", .offset = 0x04, .size = 4, .read = vtr_read },
  { .name = "GICH_VMCR",
    .offset = 0x08,
    .size = 4,
    .writable = UINT32_MAX,
    .read = vmcr_read,
    .write = vmcr_write },
  { .name = "GICH_MISR", .offset = 0x10, .size = 4, .read = misr_read },
  { .name = "GICH_EISR0", .offset = 0x20, .size = 4, .read = eisr_read },
  { .name = "GICH_ELRSR0", .offset = 0x30, .size = 4, .read = elrsr_read },
  { .name = "GICH_APR",
    .offset = 0xf0,
    .size = 4,
    .writable = UINT32_MAX,
    .read = gicv2_vapr_read,
    .write = gicv2_vapr_write },
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
