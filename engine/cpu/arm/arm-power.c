/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Switching vCPUs on and off, for PSCI.  Another vCPU says where one is to start; the rest its own thread
 * does. */

#include "arm-bits.h"
#include "arm-system.h"

static uint32_t
starting (const ArmCpu *arm)
{
  return __atomic_load_n (&arm->starting, __ATOMIC_SEQ_CST);
}

ArmPower
arm_power (const ArmCpu *arm)
{
  if (starting (arm) != ARM_NOT_STARTING)
    return ARM_POWER_STARTING;
  return __atomic_load_n (&arm->off, __ATOMIC_SEQ_CST) ? ARM_POWER_OFF : ARM_POWER_ON;
}

bool
arm_power_on (ArmCpu *arm, uint64_t pc, uint64_t arg)
{
  uint32_t expected = ARM_NOT_STARTING;
  if (!__atomic_load_n (&arm->off, __ATOMIC_SEQ_CST) ||
      !__atomic_compare_exchange_n (&arm->starting, &expected, ARM_START_CLAIMED, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    return false;
  /* Another start may have been completed in between. Now none can. */
  if (!__atomic_load_n (&arm->off, __ATOMIC_SEQ_CST)) {
    __atomic_store_n (&arm->starting, ARM_NOT_STARTING, __ATOMIC_SEQ_CST);
    return false;
  }
  arm->start_pc = pc;
  arm->start_arg = arg;
  __atomic_store_n (&arm->starting, ARM_START_READY, __ATOMIC_SEQ_CST);
  cpu_kick (&arm->cpu);
  return true;
}

void
arm_power_off (ArmCpu *arm)
{
  __atomic_store_n (&arm->off, true, __ATOMIC_SEQ_CST);
}

bool
arm_is_off (Cpu *cpu)
{
  const ArmCpu *arm = ARM_CPU (cpu);
  return __atomic_load_n (&arm->off, __ATOMIC_SEQ_CST) && starting (arm) != ARM_START_READY;
}

/* As firmware at EL3 would leave it. */
static void
leave_el3 (ArmCpu *arm)
{
  uint64_t level = arm->has_el2 ? 2 : 1;
  arm->sysreg[ARM_SR_SCR_EL3] |= SCR_NS | SCR_RW | SCR_APK | SCR_API |
                                 (arm_has (arm, ARM_EXT_CSV2_3) ? SCR_ENSCXT : 0) |
                                 (arm->has_el2 ? SCR_HCE : 0);
  arm_set_pstate (arm, PSTATE_DAIF | level << 2 | PSTATE_SP);
}

void
arm_power_start (ArmCpu *arm)
{
  if (starting (arm) != ARM_START_READY)
    return;
  arm_reset_registers (arm);
  if (arm->has_el3)
    leave_el3 (arm);
  arm->cpu.state.pc = arm->start_pc;
  arm->cpu.state.var[ARM_VAR_X] = arm->start_arg;
  __atomic_store_n (&arm->off, false, __ATOMIC_SEQ_CST);
  __atomic_store_n (&arm->starting, ARM_NOT_STARTING, __ATOMIC_SEQ_CST);
}
