/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Translation table walks (DDI 0487, D8), and what the MMU's files share. */

#include "arm-system.h"

/* A translation regime: EL1&0, EL2, EL2&0 (HCR_EL2.E2H), EL3. */
typedef enum { ARM_REGIME_EL10, ARM_REGIME_EL2, ARM_REGIME_EL20, ARM_REGIME_EL3 } ArmRegime;

/* For whom an address is translated: all that permission depends on besides the tables and the control
 * registers. */
typedef struct {
  ArmRegime regime;
  bool user;   /* as EL0 */
  bool pan;    /* PSTATE.PAN counts */
  bool stage2; /* there is one */
} ArmView;

/* What a walk comes to. */
typedef struct {
  uint64_t phys;
  uint8_t prot; /* as CpuTranslation has it */
  uint8_t log2_size;
  uint8_t attributes; /* as MAIR_ELx has them: Device, or Normal's outer and inner policy */
  uint8_t shareability;
  bool global;
  bool guarded;
} ArmLeaf;

typedef enum {
  ARM_WALK_ACCESS,    /* what an access does: hardware's A and D flags are set */
  ARM_WALK_AT,        /* D is left alone */
  ARM_WALK_AT_STAGE1, /* and the result is stage 1's, in which stage 2 translates the tables only */
  ARM_WALK_DEBUG,     /* neither flags nor permission count */
} ArmWalkKind;

/* ISS.DFSC and IFSC; the level of a walk is to be added where it says so. */
enum {
  ARM_STATUS_ADDRESS_SIZE = 0x00, /* + level */
  ARM_STATUS_TRANSLATION = 0x04,  /* + level */
  ARM_STATUS_ACCESS_FLAG = 0x08,  /* + level */
  ARM_STATUS_PERMISSION = 0x0c,   /* + level */
  ARM_STATUS_EXTERNAL = 0x10,
  ARM_STATUS_EXTERNAL_WALK = 0x14, /* + level */
  ARM_STATUS_ALIGNMENT = 0x21,
};

/* False: *ret_fault says why; of stage 2, *ret_ipa is the address that it was for. */
bool arm_walk (ArmCpu *arm, ArmView view, uint64_t vaddr, CpuAccess access, ArmWalkKind kind, ArmLeaf *ret,
               struct ArmFault *ret_fault, uint64_t *ret_ipa);

/* The regime of the current level, and that of EL0's or EL1's accesses under a stage 2. */
ArmRegime arm_regime (const ArmCpu *arm);
bool arm_stage2_on (const ArmCpu *arm, ArmRegime regime);
/* SCTLR, TCR, … of a regime; an address's ASID by that. */
uint64_t arm_regime_sctlr (const ArmCpu *arm, ArmRegime regime);
bool arm_mmu_on (const ArmCpu *arm, ArmRegime regime);
/* Of the tables in use, and of TLBI's operand: as wide as they are here. */
unsigned arm_asid (const ArmCpu *arm, ArmRegime regime);
unsigned arm_vmid (const ArmCpu *arm);
unsigned arm_phys_bits (const ArmCpu *arm);

static inline bool
arm_is_device (uint8_t attributes)
{
  return (attributes & 0xf0) == 0;
}

/* CpuSpaceKey.flags. */
enum {
  ARM_SPACE_REGIME = 3, /* mask */
  ARM_SPACE_USER = 1 << 2,
  ARM_SPACE_PAN = 1 << 3,
  ARM_SPACE_SECURE = 1 << 4,
  ARM_SPACE_STAGE2 = 1 << 5,
  ARM_SPACE_VIEW = 1 << 6, /* what LDTR and STTR see */
  ARM_SPACE_HCR_DC = 1 << 7,
  ARM_SPACE_HCR_TGE = 1 << 8,
  ARM_SPACE_ASID_SHIFT = 16,
  ARM_SPACE_VMID_SHIFT = 32,
};
