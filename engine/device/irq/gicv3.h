/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Arm's Generic Interrupt Controller, version 3 ("arm,gic-v3", IHI 0069): the distributor, a redistributor
 * for each PE with its locality-specific interrupts (LPIs), and the PEs' interfaces, which are system
 * registers.
 *
 * Interrupts are numbered (INTID): 0 to 15 software generated (SGI), 16 to 31 private peripherals' (PPI) of
 * each PE, from 32 on shared peripherals' (SPI), from 8192 on LPIs, which an ITS (gic-its.h) sends.  Affinity
 * routing is always on.
 *
 * All its state is under the one Device.lock of the distributor; the redistributors are its children. */

#include "device.h"

#define GICV3_MAX_CPUS    512
#define GICV3_MAX_SPIS    988 /* INTID 32 to 1019 */
#define GICV3_DIST_SIZE   0x10000
#define GICV3_REDIST_SIZE 0x20000 /* of each PE: RD_base and SGI_base */

#define GICV3_INTIDS 1020 /* but for LPIs */
#define GICV3_WORDS  32   /* of a bit for each INTID */
#define GICV3_NO_CPU UINT16_MAX

/* What is known of each interrupt, a bit of each kind. */
typedef enum {
  GICV3_GROUP,  /* IGROUPR: 1: Group 1 Non-secure */
  GICV3_GRPMOD, /* IGRPMODR: 1: Group 1 Secure */
  GICV3_ENABLED,
  GICV3_LATCH, /* pending by an edge, or as software says */
  GICV3_LEVEL, /* of the input */
  GICV3_ACTIVE,
  GICV3_EDGE, /* edge-triggered */
  GICV3_N_BITS
} Gicv3Bits;

typedef struct Gicv3Cpu Gicv3Cpu;

/* The edges of one PE, set by the board before realize. */
typedef struct {
  uint64_t affinity; /* as MPIDR_EL1 has it: Aff3 39:32, Aff2, Aff1, Aff0 23:0; other bits do not count */
  IrqLine irq, fiq, virq, vfiq;
  IrqLine maintenance; /* usually gicv3_ppi_input (gic, cpu, 9): wired after realize then */
  /* The PE's current exception level, HCR_EL2 as it takes effect, and SCR_EL3 (NULL: there is no EL3). Called
   * on its own thread within gicv3_cpu_read(), gicv3_cpu_write() and gicv3_cpu_security_changed(). */
  unsigned (*el) (void *pe);
  uint64_t (*hcr) (void *pe);
  uint64_t (*scr) (void *pe);
  void *pe;
} Gicv3CpuEdges;

typedef struct Gicv3 {
  Device dev;
  /* Edges. */
  Gicv3CpuEdges edges[GICV3_MAX_CPUS];
  MemoryMap *map; /* where LPIs' tables are; needed with LPIs only */
  /* Whether the access to a register that is under way on this thread is a Secure one; NULL: none is. It
   * matters while there are two security states. */
  bool (*secure_access) (void *opaque);
  void *secure_opaque;
  /* Properties: num-cpus, num-spis, has-security-extensions, has-lpi, redist-region-cpus,
   * irq-reset-nonsecure. */
  uint32_t num_cpus;
  uint32_t num_spis;    /* a multiple of 32, or 988 */
  bool security;        /* two security states: the PEs have EL3 */
  bool has_lpi;         /* there is an ITS */
  uint32_t region_cpus; /* PEs in the first region of redistributors, the others being in a second; 0: all */
  /* State, but for what is each PE's. Word 0 of bits, and the first 32 of others, are not used. */
  MemoryRegion *region; /* the distributor's */
  Gicv3Cpu **cpus;
  uint32_t ctlr;
  uint32_t bits[GICV3_N_BITS][GICV3_WORDS];
  uint8_t priority[GICV3_INTIDS];
  uint64_t irouter[GICV3_INTIDS];
  /* What follows from it. */
  GHashTable *by_affinity;             /* from Aff3.Aff2.Aff1.Aff0 in 32 bits to the index plus one */
  uint16_t target[GICV3_INTIDS];       /* the PE that the SPI goes to, or GICV3_NO_CPU */
  uint16_t placed[GICV3_INTIDS];       /* the one that has it in its bits `ready`, or GICV3_NO_CPU */
  unsigned n_any;                      /* SPIs that any PE may get */
  uint64_t dirty[GICV3_MAX_CPUS / 64]; /* PEs that have news */
} Gicv3;

extern const DeviceClass gicv3_class;

/* After realize: the redistributor of that PE, GICV3_REDIST_SIZE bytes, to be mapped in the order of PEs. */
MemoryRegion *gicv3_redist_region (Gicv3 *gic, unsigned cpu);
/* Shared peripheral interrupt `n`, from 0 (INTID 32), and private one `n`, 0 to 15 (INTID 16), of a PE. */
IrqLine gicv3_spi_input (Gicv3 *gic, unsigned n);
IrqLine gicv3_ppi_input (Gicv3 *gic, unsigned cpu, unsigned n);

/* The PE's interface, with the signatures of ArmGicOps: `opaque` is gicv3_cpu(), `reg` op0 15:14, op1 13:11,
 * CRn 10:7, CRm 6:3, op2 2:0. */
Gicv3Cpu *gicv3_cpu (Gicv3 *gic, unsigned cpu);
bool gicv3_cpu_read (void *opaque, unsigned reg, uint64_t *ret_value);
bool gicv3_cpu_write (void *opaque, unsigned reg, uint64_t value);
/* On the PE's thread, with two security states: it has entered or left EL3, or Secure state. Which of IRQ and
 * FIQ an interrupt is signalled by depends on it. */
void gicv3_cpu_security_changed (void *opaque);

/* For an ITS, from any thread. `cpu` and `lpi` may be anything: what does not exist is ignored. PEs hear of
 * it with gicv3_lpi_commit(), so that many commands cost no more than one. */
void gicv3_lpi_set_pending (Gicv3 *gic, unsigned cpu, uint32_t lpi, bool pending);
/* Its configuration in memory has changed; that of all LPIs with `lpi` 0. */
void gicv3_lpi_invalidate (Gicv3 *gic, unsigned cpu, uint32_t lpi);
/* Pending ones, of one LPI or (0) all, go to another PE. */
void gicv3_lpi_move (Gicv3 *gic, unsigned from, unsigned to, uint32_t lpi);
void gicv3_lpi_commit (Gicv3 *gic);
