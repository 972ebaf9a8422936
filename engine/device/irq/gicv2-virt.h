/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Registers of the virtual interfaces (IHI 0048, chapter 5), for the hypervisor's side of them and the
 * virtual CPU's. */

#include "gicv2-private.h"

/* GICH_HCR; more of it in gicv2-virt.c. */
#define HCR_EN             1u
#define HCR_EOICOUNT_SHIFT 27
#define HCR_EOICOUNT       (UINT32_C (0x1f) << HCR_EOICOUNT_SHIFT)

/* GICH_VMCR: GICV_CTLR's bits 9 and 4 to 0, and three fields. */
#define VMCR_CTLR       UINT32_C (0x21f)
#define VMCR_ABP_SHIFT  18
#define VMCR_BP_SHIFT   21
#define VMCR_MASK_SHIFT 27
#define VMCR_RESET                                                                                           \
  ((uint32_t)(GICV2_MIN_BPR + 1) << VMCR_ABP_SHIFT | (uint32_t)GICV2_MIN_BPR << VMCR_BP_SHIFT)

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

static inline uint32_t *
gicv2_list (GicV2 *gic, unsigned cpu)
{
  return &gic->lr[cpu * GICV2_LRS];
}

static inline unsigned
gicv2_field (uint32_t value, unsigned shift, unsigned width)
{
  return value >> shift & ((1u << width) - 1);
}

static inline unsigned
gicv2_lr_priority (uint32_t lr)
{
  return gicv2_field (lr, LR_PRIORITY_SHIFT, 5) << 3;
}

/* Of the CPU that makes the access. */
static inline unsigned
gicv2_this_cpu (GicV2 *gic)
{
  return gicv2_requester (gic).cpu;
}

/* gicv2-virt.c */
/* Keeps the binary points in their range. */
void gicv2_set_vmcr (GicV2 *gic, unsigned cpu, uint32_t value);
/* Hooks of the register that both sides have. */
uint64_t gicv2_vapr_read (Device *dev, unsigned index, uint64_t stored);
void gicv2_vapr_write (Device *dev, unsigned index, uint64_t written, uint64_t old);

/* gicv2-vcpu.c */
/* The list register of the interrupt that the virtual CPU is to be told of, or -1. */
int gicv2_signalled_list (GicV2 *gic, unsigned cpu);
