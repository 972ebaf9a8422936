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

typedef struct {
  Cpu cpu;       /* must be first */
  uint64_t exts; /* bit n: ArmExt n is enabled */
  uint64_t midr;
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

extern const GuestIsa aarch64_isa;
