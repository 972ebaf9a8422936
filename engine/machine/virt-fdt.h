/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The "virt" board's device tree. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

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
/* Where high PCIe memory starts. */
uint64_t virt_high_pcie_base (uint64_t ram_size);
/* Whether it is a device tree that is whole; the error names `path`. */
bool virt_fdt_check (GBytes *fdt, const char *path, GError **error);
/* The same tree with /chosen's bootargs (unless NULL), initial RAM disk (unless initrd_end is 0) and a new
 * rng-seed. NULL and an error when the tree does not allow that. */
GBytes *virt_fdt_with_boot (GBytes *fdt, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end,
                            GError **error);
/* A copy with another rng-seed, where it has one. */
GBytes *virt_fdt_with_new_seed (GBytes *fdt);
