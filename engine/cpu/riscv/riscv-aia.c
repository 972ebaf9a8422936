/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Smaia and Ssaia: the indirect registers, and the way to the hart's IMSIC. Priorities of the major
 * interrupts are the default ones: iprio is read-only zero. */

#include "riscv-system.h"

enum {
  ISELECT_IPRIO = 0x30,
  ISELECT_IPRIO_END = 0x40,
  ISELECT_IMSIC = 0x70,
  ISELECT_EIP = 0x80,
  ISELECT_END = 0x100
};

static bool
access_indirect (RiscvCpu *rv, bool supervisor, uint64_t clear, uint64_t set, uint64_t *ret_old)
{
  unsigned reg = (unsigned)(supervisor ? rv->siselect : rv->miselect), bits = rv->rv32 ? 32 : 64;
  /* SPEC: RISC-V AIA §2.3, §3.8: on RV64 an even register holds what two are on RV32. */
  bool half = bits == 64 && reg & 1;

  *ret_old = 0;
  if (reg >= ISELECT_IPRIO && reg < ISELECT_IPRIO_END)
    return !half;
  if (reg < ISELECT_IMSIC || reg >= ISELECT_END || (half && reg >= ISELECT_EIP) || rv->imsic == NULL)
    return false;
  return rv->imsic->access (rv->imsic_opaque, supervisor, reg, bits, clear, set, ret_old);
}

bool
riscv_aia_access (RiscvCpu *rv, unsigned number, bool writes, uint64_t clear, uint64_t set, uint64_t *ret_old)
{
  bool supervisor = number == CSR_sireg || number == CSR_stopei;

  if (number == CSR_mireg || number == CSR_sireg)
    return access_indirect (rv, supervisor, writes ? clear : 0, writes ? set : 0, ret_old);
  if (rv->imsic == NULL)
    return false;
  /* A write claims, whatever is written. */
  *ret_old = rv->imsic->topei (rv->imsic_opaque, supervisor, writes);
  return true;
}

uint64_t
riscv_topi (RiscvCpu *rv, unsigned number)
{
  uint64_t level = number == CSR_stopi ? rv->mideleg : ~rv->mideleg;
  uint64_t pending = riscv_mip (rv) & rv->mie & level;

  /* SPEC: RISC-V AIA §5.3: the priority is always 1 where iprio is read-only zero. */
  return pending != 0 ? (uint64_t)riscv_most_urgent (pending) << 16 | 1 : 0;
}
