/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The RISC-V ACLINT of a board that kept the SiFive CLINT's layout ("sifive,clint0", "riscv,clint0"):
 *
 *   0x0000  msip      4 bytes a hart: its software interrupt (MSWI)
 *   0x4000  mtimecmp  8 bytes a hart: mtip is up while mtime >= mtimecmp (MTIMER)
 *   0xbff8  mtime     8 bytes: ticks of 10 MHz, writable
 *
 * mtime begins with the machine's clock, as the harts' time CSR does, which a write of mtime does not change.
 */

#include "device.h"

#define ACLINT_MAX_HARTS     512
#define ACLINT_FREQUENCY     10000000
#define ACLINT_TICK_NS       (1000000000 / ACLINT_FREQUENCY)
#define ACLINT_MSIP_BASE     0x0000
#define ACLINT_MTIMECMP_BASE 0x4000
#define ACLINT_MTIME_BASE    0xbff8
#define ACLINT_SIZE          0x10000

typedef struct Aclint Aclint;

typedef struct {
  Aclint *aclint;
  unsigned hart;
  ClockTimer *timer; /* armed for the moment mtime reaches mtimecmp */
} AclintTimer;

struct Aclint {
  Device dev;
  /* Edges, set by the board before realize. */
  Clock *clock;
  IrqLine msip_out[ACLINT_MAX_HARTS];
  IrqLine mtip_out[ACLINT_MAX_HARTS];
  /* Properties. */
  uint32_t num_harts;
  /* State. */
  MemoryRegion *region;
  uint32_t msip[ACLINT_MAX_HARTS];
  uint64_t mtimecmp[ACLINT_MAX_HARTS];
  uint64_t mtime_offset; /* mtime minus the clock's ticks */
  AclintTimer timers[ACLINT_MAX_HARTS];
};

extern const DeviceClass aclint_class;
