/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The table of system registers (arm-sysreg.def) and access to them. */

#include "arm-system.h"

/* What the table says of a register's accesses. */
enum {
  SR_RO = 1 << 0,
  SR_RO0 = 1 << 1,
  SR_WO = 1 << 2,
  SR_OWN = 1 << 3,
  SR_ID = 1 << 4,
  SR_TIMER = 1 << 5,
  SR_PMU = 1 << 6,
  SR_ENDS = 1 << 7,
  SR_MMU = 1 << 8,
  SR_VM = 1 << 9,
  SR_TID1 = 1 << 10,
  SR_TID2 = 1 << 11,
  SR_TID3 = 1 << 12,
  SR_VHE = 1 << 13,
  SR_DEBUG = 1 << 14,
  SR_PAUTH = 1 << 15,
  SR_VH = 1 << 16,
  SR_LOR = 1 << 17,
  SR_SCXT = 1 << 18,
};

typedef struct {
  const char *name;
  unsigned reg; /* ARM_REG */
  uint8_t var;  /* IR variable, or 0 */
  uint64_t reset, writable;
  uint32_t flags;
} ArmSysreg;
extern const ArmSysreg arm_sysregs[ARM_N_SYSREGS];

/* The register of that name in an instruction that this vCPU has, or ARM_N_SYSREGS. */
ArmSysregId arm_sysreg_find (const ArmCpu *arm, unsigned reg);
/* The fields of ARM_REG. */
#define ARM_REG_OP0(reg) ((reg) >> 14 & 3)
#define ARM_REG_OP1(reg) ((reg) >> 11 & 7)
#define ARM_REG_CRN(reg) ((reg) >> 7 & 15)
#define ARM_REG_CRM(reg) ((reg) >> 3 & 15)
#define ARM_REG_OP2(reg) ((reg) & 7)
/* What MRS gives and MSR does where nothing traps. */
uint64_t arm_sysreg_read (ArmCpu *arm, ArmSysregId id);
void arm_sysreg_write (ArmCpu *arm, ArmSysregId id, uint64_t value);
