/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A GICv3 with PEs that are what a test says. */

#include "gicv3.h"
#include "platform.h"

#define BENCH_CPUS   4
#define BENCH_SPIS   64
#define BENCH_DIST   UINT64_C (0x8000000)
#define BENCH_REDIST UINT64_C (0x80a0000)
#define BENCH_RAM    UINT64_C (0x40000000)

typedef struct {
  unsigned el;
  uint64_t hcr, scr;
  IrqProbe irq, fiq, virq, vfiq, maintenance;
} BenchPe;

extern Gicv3 *bench_gic;
extern BenchPe bench_pe[BENCH_CPUS];
extern bool bench_secure; /* MMIO accesses are Secure ones */

typedef enum { BENCH_PLAIN = 0, BENCH_SECURITY = 1, BENCH_LPIS = 2 } BenchFlags;
/* The second makes one more, of the same properties and without a place in the map. */
void bench_begin (BenchFlags flags);
Gicv3 *bench_new (BenchFlags flags);
void bench_end (void);
/* Groups on, priorities let through, all of the machine's one state (or the Non-secure one) in Group 1. */
void bench_start (void);

/* Registers by name: op1, CRm, op2 of op0 3, CRn 12. */
#define BENCH_REG(op1, crm, op2) (3u << 14 | (op1) << 11 | 12u << 7 | (crm) << 3 | (op2))
enum {
  PMR = 3 << 14 | 4 << 7 | 6 << 3,
  IAR0 = BENCH_REG (0, 8, 0),
  EOIR0 = BENCH_REG (0, 8, 1),
  HPPIR0 = BENCH_REG (0, 8, 2),
  BPR0 = BENCH_REG (0, 8, 3),
  AP0R0 = BENCH_REG (0, 8, 4),
  AP1R0 = BENCH_REG (0, 9, 0),
  DIR1 = BENCH_REG (0, 11, 1),
  RPR = BENCH_REG (0, 11, 3),
  SGI1R = BENCH_REG (0, 11, 5),
  ASGI1R = BENCH_REG (0, 11, 6),
  SGI0R = BENCH_REG (0, 11, 7),
  IAR1 = BENCH_REG (0, 12, 0),
  EOIR1 = BENCH_REG (0, 12, 1),
  HPPIR1 = BENCH_REG (0, 12, 2),
  BPR1 = BENCH_REG (0, 12, 3),
  CTLR = BENCH_REG (0, 12, 4),
  SRE = BENCH_REG (0, 12, 5),
  IGRPEN0 = BENCH_REG (0, 12, 6),
  IGRPEN1 = BENCH_REG (0, 12, 7),
  SRE_EL2 = BENCH_REG (4, 9, 5),
  CTLR_EL3 = BENCH_REG (6, 12, 4),
  IGRPEN1_EL3 = BENCH_REG (6, 12, 7),
  ICH_AP0R0 = BENCH_REG (4, 8, 0),
  ICH_AP1R0 = BENCH_REG (4, 9, 0),
  ICH_HCR = BENCH_REG (4, 11, 0),
  ICH_VTR = BENCH_REG (4, 11, 1),
  ICH_MISR = BENCH_REG (4, 11, 2),
  ICH_EISR = BENCH_REG (4, 11, 3),
  ICH_ELRSR = BENCH_REG (4, 11, 5),
  ICH_VMCR = BENCH_REG (4, 11, 7),
  ICH_LR0 = BENCH_REG (4, 12, 0),
};
uint64_t reg_get (unsigned cpu, unsigned reg);
void reg_set (unsigned cpu, unsigned reg, uint64_t value);

/* 32-bit registers of the distributor and of a redistributor. */
uint32_t dist_get (unsigned offset);
void dist_set (unsigned offset, uint32_t value);
uint32_t redist_get (unsigned cpu, unsigned offset);
void redist_set (unsigned cpu, unsigned offset, uint32_t value);
#define SGI_FRAME 0x10000
enum {
  IGROUPR = 0x80,
  ISENABLER = 0x100,
  ICENABLER = 0x180,
  ISPENDR = 0x200,
  ICPENDR = 0x280,
  ISACTIVER = 0x300,
  ICACTIVER = 0x380,
  IPRIORITYR = 0x400,
  ICFGR = 0xc00,
  IGRPMODR = 0xd00,
  IROUTER = 0x6000,
};
/* Enables an interrupt with a priority; an SPI goes to `cpu`. */
void bench_enable (unsigned cpu, unsigned id, unsigned priority);
