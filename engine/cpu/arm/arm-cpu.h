/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The Arm processing element in AArch64 state: its model, its state beyond the IR variables, and what it tells of itself
 * (Arm Architecture Reference Manual for A-profile, DDI 0487). */

#include "cpu.h"

typedef enum {
#define ARM_EXT(NAME, name, version, id, field, value, hwcap) ARM_EXT_##NAME,
#include "arm-ext.def"
#undef ARM_EXT
  ARM_N_EXTS
} ArmExt;
G_STATIC_ASSERT (ARM_N_EXTS <= 64);

/* Numbers of the IR variables.  XZR has none: it reads as the constant 0. */
enum {
  ARM_VAR_X = 0, /* to X30 */
  ARM_VAR_SP = 31,
  ARM_VAR_NZCV = 32, /* the flags as the IR has them: N 8, Z 4, C 2, V 1 */
  ARM_VAR_TPIDR_EL0 = 33,
  ARM_VAR_EXCL_ADDR = 34, /* of the latest load-exclusive, or ARM_NOT_EXCLUSIVE */
  ARM_VAR_EXCL_LOW = 35,  /* what it loaded */
  ARM_VAR_EXCL_HIGH = 36,
  ARM_VAR_FPCR = 37, /* as MRS reads it */
  ARM_VAR_PSTATE = 38, /* DIT and SSBS, where MRS of those has them */
  ARM_VAR_V = 40,    /* V0 to V31, two numbers each */
  ARM_VAR_QC = 104,  /* any bit set: FPSR.QC */
  ARM_N_VARS = 106,
};
#define ARM_NOT_EXCLUSIVE UINT64_MAX

/* Our bits of IrState.mode. */
enum {
  ARM_MODE_DN = IR_MODE_GUEST << 0,  /* FPCR.DN: NaN results are the default NaN */
  ARM_MODE_FZ = IR_MODE_GUEST << 1,  /* FPCR.FZ: denormals are flushed to zero */
  ARM_MODE_AHP = IR_MODE_GUEST << 2, /* FPCR.AHP: alternative half precision */
  ARM_MODE_FZ16 = IR_MODE_GUEST << 3,
};

/* Keys of pointer authentication, in the order of PR_PAC_RESET_KEYS' bits. */
typedef enum { ARM_KEY_IA, ARM_KEY_IB, ARM_KEY_DA, ARM_KEY_DB, ARM_KEY_GA, ARM_N_KEYS } ArmKey;

/* ID registers, without their ID_AA64 and _EL1. */
typedef enum {
  ARM_ID_NONE,
  ARM_ID_MIDR,
  ARM_ID_CTR,
  ARM_ID_PFR0,
  ARM_ID_PFR1,
  ARM_ID_DFR0,
  ARM_ID_ISAR0,
  ARM_ID_ISAR1,
  ARM_ID_MMFR0,
  ARM_ID_MMFR1,
  ARM_ID_MMFR2,
  ARM_N_IDS
} ArmId;

#define ARM_COUNTER_FREQUENCY 62500000 /* Hz, of CNTVCT_EL0 */
#define ARM_ZVA_SIZE          64       /* bytes that DC ZVA clears */

typedef struct {
  Cpu cpu;        /* must be first */
  uint64_t exts;  /* bit n: ArmExt n is enabled */
  unsigned model; /* index in arm-cpu.c's table */
  uint64_t pauth_key[ARM_N_KEYS][2];
} ArmCpu;

static inline bool
arm_has (const ArmCpu *arm, ArmExt ext)
{
  return arm->exts >> ext & 1;
}

/* The model is a name (cortex-a53, cortex-a57, cortex-a72, cortex-a76, neoverse-n1, max) and options:
 * NAME[,ext=on|off]... */
bool arm_cpu_init (Cpu *cpu, const char *model, GError **error);
/* Names and options, for -cpu help. */
char *arm_cpu_models (void);

/* The register as EL1 reads it. */
uint64_t arm_cpu_id_register (const ArmCpu *arm, ArmId id);
/* AT_HWCAP and AT_HWCAP2 of a Linux process. */
uint64_t arm_cpu_hwcap (const ArmCpu *arm);
uint64_t arm_cpu_hwcap2 (const ArmCpu *arm);
/* New random keys: a set of bits 1 << ArmKey. A new program gets all. */
void arm_cpu_reset_keys (ArmCpu *arm, unsigned keys);

/* FPCR and FPSR as MRS reads them and MSR writes them. */
uint32_t arm_cpu_fpcr (const ArmCpu *arm);
void arm_cpu_set_fpcr (ArmCpu *arm, uint32_t value);
uint32_t arm_cpu_fpsr (const ArmCpu *arm);
void arm_cpu_set_fpsr (ArmCpu *arm, uint32_t value);

extern const GuestIsa aarch64_isa;
