/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The "virt" board's device tree. */

#include "virt-fdt-boot.h"

/* -machine aia=: PLIC, APLIC driving the harts, APLIC sending messages to IMSICs. */
typedef enum { VIRT_AIA_NONE, VIRT_AIA_APLIC, VIRT_AIA_APLIC_IMSIC } VirtAia;

typedef struct {
  unsigned harts;
  VirtAia aia;
  const char *isa;                          /* "rv64imafdc_…" */
  char **extensions;                        /* "i", "m", …; NULL-terminated */
  const char *isa_base;                     /* "rv64i" */
  const char *mmu_type;                     /* "riscv,sv57", or NULL */
  unsigned cbom_size, cboz_size, cbop_size; /* bytes; 0: the harts lack it */
  uint32_t timebase_frequency;
  uint64_t ram_size;
} VirtFdtConfig;

/* Never NULL. */
GBytes *virt_fdt_new (const VirtFdtConfig *config);
