/* SPDX-License-Identifier: GPL-3.0-or-later */

/* FPCR and FPSR. */

#include "arm-cpu.h"
#include "arm-helpers.h"

enum {
  FPCR_FZ16 = 1 << 19,
  FPCR_RMODE_SHIFT = 22,
  FPCR_FZ = 1 << 24,
  FPCR_DN = 1 << 25,
  FPCR_AHP = 1 << 26,
  FPSR_IDC = 1 << 7,
  FPSR_QC = 1 << 27,
};
#define MODE_BITS (IR_MODE_FP_EXACT | ARM_MODE_DN | ARM_MODE_FZ | ARM_MODE_AHP | ARM_MODE_FZ16)

uint32_t
arm_cpu_fpcr (const ArmCpu *arm)
{
  return (uint32_t)arm->cpu.state.var[ARM_VAR_FPCR];
}

/* Enabling traps does nothing here, which the architecture allows: those bits read as zero. */
void
arm_cpu_set_fpcr (ArmCpu *arm, uint32_t value)
{
  static const uint8_t rounds[] = { IR_RNE, IR_RUP, IR_RDN, IR_RTZ };
  IrState *s = &arm->cpu.state;
  uint32_t mode = 0, exact = FPCR_FZ | FPCR_AHP | FPCR_FZ16;

  value &=
      FPCR_AHP | FPCR_DN | FPCR_FZ | 3u << FPCR_RMODE_SHIFT | (arm_has (arm, ARM_EXT_FP16) ? FPCR_FZ16 : 0);
  mode |= value & exact ? IR_MODE_FP_EXACT : 0;
  mode |= value & FPCR_DN ? ARM_MODE_DN : 0;
  mode |= value & FPCR_FZ ? ARM_MODE_FZ : 0;
  mode |= value & FPCR_AHP ? ARM_MODE_AHP : 0;
  mode |= value & FPCR_FZ16 ? ARM_MODE_FZ16 : 0;
  s->var[ARM_VAR_FPCR] = value;
  s->fp.round = rounds[value >> FPCR_RMODE_SHIFT & 3];
  s->mode = (s->mode & ~(uint32_t)MODE_BITS) | mode;
}

/* The flags of IEEE 754 are FPSR's low bits, in the same order. */
uint32_t
arm_cpu_fpsr (const ArmCpu *arm)
{
  const IrState *s = &arm->cpu.state;
  uint32_t flags = s->fp.flags;
  return (flags & 31) | (flags & FP_DENORMAL ? FPSR_IDC : 0) |
         ((s->var[ARM_VAR_QC] | s->var[ARM_VAR_QC + 1]) != 0 ? FPSR_QC : 0);
}

void
arm_cpu_set_fpsr (ArmCpu *arm, uint32_t value)
{
  IrState *s = &arm->cpu.state;
  s->fp.flags = (uint8_t)((value & 31) | (value & FPSR_IDC ? FP_DENORMAL : 0));
  s->var[ARM_VAR_QC] = value & FPSR_QC ? 1 : 0;
  s->var[ARM_VAR_QC + 1] = 0;
}

uint64_t
arm_read_fpsr (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return arm_cpu_fpsr ((const ArmCpu *)s);
}

uint64_t
arm_write_fpsr (IrState *s, uint64_t value, uint64_t b, uint64_t c)
{
  arm_cpu_set_fpsr ((ArmCpu *)s, (uint32_t)value);
  return 0;
}

/* Where the mode changes, the code being run is no longer right, and is left. */
uint64_t
arm_write_fpcr (IrState *s, uint64_t value, uint64_t next_pc, uint64_t c)
{
  uint32_t mode = s->mode;

  arm_cpu_set_fpcr ((ArmCpu *)s, (uint32_t)value);
  if (s->mode != mode) {
    s->pc = next_pc;
    ir_leave (s, IR_EXIT_MODE);
  }
  return 0;
}
