/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The RISC-V Platform-Level Interrupt Controller ("sifive,plic-1.0.0"), by the RISC-V PLIC specification 1.0:
 *
 *   0x000000  priority   4 bytes a source, 0 to 7; source 0 does not exist
 *   0x001000  pending    a bit a source, read-only
 *   0x002000  enable     0x80 bytes a context, a bit a source
 *   0x200000  threshold  0x1000 bytes a context, and behind it
 *   0x200004  claim/complete
 *
 * A context is a hart's privilege level that takes interrupts: two a hart, M first.  All sources are
 * level-triggered: the gateway of a source sends one request when its level is high, and the next after
 * completion of the one before. */

#include "device.h"

#define PLIC_SOURCES      96 /* source 0 included */
#define PLIC_WORDS        (PLIC_SOURCES / 32)
#define PLIC_MAX_CONTEXTS 1024
#define PLIC_MAX_PRIORITY 7
#define PLIC_SIZE         0x600000

typedef struct {
  Device dev;
  /* Edges: the external interrupt of each context. */
  IrqLine out[PLIC_MAX_CONTEXTS];
  /* Properties. */
  uint32_t num_contexts;
  /* State. */
  MemoryRegion *region;
  uint32_t priority[PLIC_SOURCES];
  uint32_t pending[PLIC_WORDS];
  uint32_t claimed[PLIC_WORDS]; /* claimed and not completed */
  uint32_t level[PLIC_WORDS];   /* of the inputs */
  uint32_t enable[PLIC_MAX_CONTEXTS][PLIC_WORDS];
  uint32_t threshold[PLIC_MAX_CONTEXTS];
  bool out_level[PLIC_MAX_CONTEXTS]; /* as last told, so that harts are not disturbed without news */
} Plic;

extern const DeviceClass plic_class;

/* The input of source `n`, 1 to PLIC_SOURCES - 1. */
IrqLine plic_input (Plic *plic, unsigned n);
