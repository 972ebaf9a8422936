/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The instruction by which a guest asks the host: HLT #0xF000 ("Semihosting for AArch32 and AArch64", 4).
 * Halting debug is not implemented, so HLT is undefined otherwise. */

#include "arm-bits.h"
#include "arm-system.h"

#define HLT_F000 0xd45e0000u

bool
arm_is_semihosting (ArmCpu *arm)
{
  Cpu *cpu = &arm->cpu;
  uint8_t code[4];
  IrFault ignored;

  if (!cpu_semihosted (cpu, arm->el == 0) ||
      cpu->state.var[ARM_VAR_SYNDROME] >> ESR_EC_SHIFT != ARM_EC_UNKNOWN)
    return false;
  return cpu->fetch (cpu, cpu->state.pc, code, sizeof code, &ignored) == sizeof code &&
         (code[0] | code[1] << 8 | code[2] << 16 | (uint32_t)code[3] << 24) == HLT_F000;
}

bool
arm_semihost (ArmCpu *arm)
{
  IrState *s = &arm->cpu.state;
  uint64_t *x = s->var + ARM_VAR_X, result;

  if (!cpu_semihost (&arm->cpu, (uint32_t)x[0], x[1], &result))
    return false;
  x[0] = result;
  s->pc += 4;
  arm_cpu_set_btype (arm, 0);
  arm_update_mode (arm);
  return true;
}
