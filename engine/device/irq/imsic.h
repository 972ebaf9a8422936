/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An interrupt file of an IMSIC ("riscv,imsics"), by the RISC-V Advanced Interrupt Architecture, chapter 3:
 * what one privilege level of one hart gets message-signalled interrupts through.  Its page takes the
 * messages:
 *
 *   0x000  seteipnum_le  the interrupt identity written becomes pending
 *   0x004  seteipnum_be  the same with the bytes the other way round
 *
 * The rest is the hart's, by CSR: imsic_topei() and imsic_access(). */

#include "device.h"

#define IMSIC_IDENTITIES 255 /* 1 to 255 */
#define IMSIC_WORDS      8
#define IMSIC_SIZE       0x1000

typedef struct {
  Device dev;
  IrqLine out; /* edge: the hart's external interrupt at this level */
  /* State. */
  MemoryRegion *region;
  uint32_t eidelivery, eithreshold;
  uint32_t eip[IMSIC_WORDS], eie[IMSIC_WORDS];
} Imsic;

extern const DeviceClass imsic_class;

/* A message has come with this identity; those that do not exist are ignored. Any thread. */
void imsic_set_pending (Imsic *imsic, uint32_t identity);
/* The value of mtopei or stopei; with `claim` that identity is not pending afterwards. Any thread. */
uint32_t imsic_topei (Imsic *imsic, bool claim);
/* The indirect register `reg` (0x70 eidelivery, 0x72 eithreshold, 0x80 eip0, 0xc0 eie0, …), as 32 bits or,
 * for eip and eie with even `reg`, 64 (others are zero-extended), becomes (old & ~clear) | set at once. False
 * for a register that does not exist. Any thread. */
bool imsic_access (Imsic *imsic, unsigned reg, unsigned bits, uint64_t clear, uint64_t set,
                   uint64_t *ret_old);
