/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Arm's Generic Interrupt Controller, version 2 ("arm,cortex-a15-gic", IHI 0048), as the GIC-400 has it: a
 * distributor, an interface for each of up to eight CPUs, and the interfaces of virtual CPUs with what a
 * hypervisor needs to control them.
 *
 * Interrupts are numbered (INTID): 0 to 15 software generated (SGI), 16 to 31 private peripherals' (PPI) of
 * each CPU, from 32 on shared peripherals' (SPI).
 *
 * All its state is under the one Device.lock.  Each CPU has the interrupts that may go to it in a queue by
 * priority, so that nothing has to be searched for. */

#include "device.h"

#define GICV2_MAX_CPUS  8
#define GICV2_MAX_SPIS  988 /* INTID 32 to 1019 */
#define GICV2_DIST_SIZE 0x1000
#define GICV2_CPU_SIZE  0x2000
#define GICV2_HYP_SIZE  0x1000
#define GICV2_VCPU_SIZE 0x2000

#define GICV2_INTIDS  1020
#define GICV2_PRIVATE 32 /* INTIDs of SGIs and PPIs */
#define GICV2_SGIS    16
#define GICV2_WORDS   32 /* of a bit for each INTID */
#define GICV2_LEVELS  32 /* priorities: bits 7 to 3 */
#define GICV2_LRS     4

/* What is known of each interrupt, a bit of each kind. */
typedef enum {
  GICV2_GROUP, /* IGROUPR: Group 1 */
  GICV2_ENABLED,
  GICV2_LATCH, /* pending by an edge, or as software says; of no SGI */
  GICV2_LEVEL, /* of the input */
  GICV2_ACTIVE,
  GICV2_EDGE, /* edge-triggered */
  GICV2_N_BITS
} GicV2Bits;

/* Who makes the access that is under way on this thread. */
typedef struct {
  unsigned cpu;
  bool secure; /* matters with the security extensions only */
} GicV2Requester;

/* Interrupts that may go to a CPU, by priority; a bit for each, and for each word and level that has any. */
typedef struct {
  uint32_t levels;
  uint32_t words[GICV2_LEVELS];
  uint32_t bits[GICV2_LEVELS][GICV2_WORDS];
  uint8_t at[GICV2_INTIDS]; /* one more than the level where it is, or 0 */
} GicV2Queue;

typedef struct {
  Device dev;
  /* Edges: the CPUs' interrupt inputs, and who asks (NULL: CPU 0, secure). A requester that is no CPU of the
   * machine is to be told as CPU 0. */
  IrqLine irq[GICV2_MAX_CPUS], fiq[GICV2_MAX_CPUS], virq[GICV2_MAX_CPUS], vfiq[GICV2_MAX_CPUS];
  GicV2Requester (*requester) (void *opaque);
  void *requester_opaque;
  /* Properties: num-cpus, num-spis, has-security-extensions, irq-reset-nonsecure, maintenance-ppi. */
  uint32_t num_cpus;
  uint32_t num_spis;    /* a multiple of 32, or 988 */
  bool security;        /* two security states: the CPUs have EL3 */
  bool reset_nonsecure; /* interrupts are in Group 1 at reset: a kernel is started without firmware in EL3 */
  uint32_t maintenance; /* the PPI that tells a hypervisor of its virtual CPU's interface */
  /* Register banks, to be mapped by the board: the latter two where CPUs have EL2. */
  MemoryRegion *dist, *cpu, *hyp, *vcpu;
  /* State of the distributor. Word 0 of `bits`, and the first 32 of others, are not used: those are each
   * CPU's. */
  uint32_t dist_ctlr;
  uint32_t bits[GICV2_N_BITS][GICV2_WORDS];
  uint32_t private_bits[GICV2_N_BITS][GICV2_MAX_CPUS];
  uint8_t priority[GICV2_INTIDS];
  uint8_t private_priority[GICV2_MAX_CPUS * GICV2_PRIVATE];
  uint8_t target[GICV2_INTIDS];                    /* a bit for each CPU */
  uint8_t sgi_source[GICV2_MAX_CPUS * GICV2_SGIS]; /* CPUs by which an SGI is pending */
  /* State of the CPUs' interfaces, of each CPU. */
  uint32_t cpu_ctlr[GICV2_MAX_CPUS];
  uint8_t pmr[GICV2_MAX_CPUS], bpr[GICV2_MAX_CPUS], abpr[GICV2_MAX_CPUS];
  uint32_t
      apr[2 * GICV2_MAX_CPUS]; /* active priorities, a bit for each level: Group 0 and Group 1 of each CPU */
  /* State of the virtual interfaces. */
  uint32_t hcr[GICV2_MAX_CPUS], vmcr[GICV2_MAX_CPUS], vapr[GICV2_MAX_CPUS];
  uint32_t lr[GICV2_MAX_CPUS * GICV2_LRS];
  /* What follows from it. */
  GicV2Queue queue[GICV2_MAX_CPUS];
  uint8_t out[GICV2_MAX_CPUS]; /* lines as last told */
} GicV2;

extern const DeviceClass gicv2_class;

/* Inputs: SPI `n` from 0 on; PPI `n` (0 to 15) of a CPU. Usable once `num_cpus` and `num_spis` are set. */
IrqLine gicv2_spi_input (GicV2 *gic, unsigned n);
IrqLine gicv2_ppi_input (GicV2 *gic, unsigned cpu, unsigned n);
