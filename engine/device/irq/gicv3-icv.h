/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Fields of the registers that hypervisor and guest share. */

#include "gicv3-private.h"

/* ICH_LRn_EL2. */
#define LR_ID             UINT64_C (0xffffffff)
#define LR_PHYSICAL_SHIFT 32
#define LR_EOI            (UINT64_C (1) << 41) /* without LR_HW */
#define LR_PRIORITY_SHIFT 48
#define LR_GROUP          (UINT64_C (1) << 60)
#define LR_HW             (UINT64_C (1) << 61)
#define LR_PENDING        (UINT64_C (1) << 62)
#define LR_ACTIVE         (UINT64_C (1) << 63)
#define LR_STATE          (LR_PENDING | LR_ACTIVE)
#define LR_WRITABLE       UINT64_C (0xf0f81fff0000ffff) /* 16 bits of INTID, 5 of priority */

enum {
  ICH_HCR_EN = 1 << 0,
  ICH_HCR_UIE = 1 << 1,
  ICH_HCR_LRENPIE = 1 << 2,
  ICH_HCR_NPIE = 1 << 3,
  ICH_HCR_VGRP0EIE = 1 << 4,
  ICH_HCR_VGRP0DIE = 1 << 5,
  ICH_HCR_VGRP1EIE = 1 << 6,
  ICH_HCR_VGRP1DIE = 1 << 7,
  ICH_HCR_EOICOUNT_SHIFT = 27,
};

enum {
  VMCR_VENG0 = 1 << 0,
  VMCR_VENG1 = 1 << 1,
  VMCR_VFIQEN = 1 << 3,
  VMCR_VCBPR = 1 << 4,
  VMCR_VEOIM = 1 << 9,
  VMCR_VBPR1_SHIFT = 18,
  VMCR_VBPR0_SHIFT = 21,
  VMCR_VPMR_SHIFT = 24,
};

/* The value that ICH_VMCR_EL2 takes when this one is written. */
uint32_t gicv3_vmcr_legal (uint32_t value);
