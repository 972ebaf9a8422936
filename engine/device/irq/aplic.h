/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Advanced PLIC ("riscv,aplic") with a machine-level root domain and a supervisor-level child of it, by
 * the RISC-V Advanced Interrupt Architecture, chapter 4.
 *
 * Both domains have the same registers in pages of their own, and share the wires: a source is the root's
 * unless the root has delegated it.  They are one device since they are one state under one lock, which is
 * also why their registers are dispatched by hand.  With interrupt files given both domains deliver by
 * message (domaincfg.DM is one), without they drive the harts directly (DM is zero). */

#include "imsic.h"

#define APLIC_SOURCES   96 /* 1 to 96 */
#define APLIC_WORDS     (APLIC_SOURCES / 32 + 1)
#define APLIC_MAX_HARTS 512
#define APLIC_SIZE      0x8000

typedef struct Aplic Aplic;

typedef struct {
  Aplic *aplic;
  MemoryRegion region;
  IrqLine out[APLIC_MAX_HARTS]; /* edge: of the hart with that index, for direct delivery */
  bool out_level[APLIC_MAX_HARTS];
  uint32_t domaincfg; /* IE only; the rest is fixed */
  uint32_t sourcecfg[APLIC_SOURCES + 1];
  uint32_t target[APLIC_SOURCES + 1];
  uint32_t pending[APLIC_WORDS], enabled[APLIC_WORDS];
  uint32_t idelivery[APLIC_MAX_HARTS], iforce[APLIC_MAX_HARTS], ithreshold[APLIC_MAX_HARTS];
} AplicDomain;

struct Aplic {
  Device dev;
  /* Edge, set by the board before realize: the mapped interrupt files of all harts, of either level; NULL:
   * direct delivery. Messages to other addresses go nowhere. */
  Imsic *const *imsics;
  unsigned n_imsics;
  /* Property. */
  uint32_t num_harts;
  /* State. */
  AplicDomain machine, supervisor;
  uint32_t mmsiaddrcfg, mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh;
  uint32_t level[APLIC_WORDS]; /* of the wires */
};

extern const DeviceClass aplic_class;

/* The wire of source `n`, 1 to APLIC_SOURCES. */
IrqLine aplic_input (Aplic *aplic, unsigned n);
