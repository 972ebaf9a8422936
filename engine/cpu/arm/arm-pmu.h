/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the rest of a machine's vCPU tells the performance monitors of (arm-pmu.c). */

#include "arm-system.h"

#define ARM_PMU_EVENT_COUNTERS 4

/* After arm->clock was set or changed. */
void arm_pmu_init (ArmCpu *arm);
void arm_pmu_free (ArmCpu *arm);
/* Before the registers get new values all at once, and after it. */
void arm_pmu_stop (ArmCpu *arm);
void arm_pmu_update (ArmCpu *arm);
/* To be called when the exception level has changed. */
void arm_pmu_restart (ArmCpu *arm);
static inline void
arm_pmu_level_changed (ArmCpu *arm)
{
  if (G_UNLIKELY (arm->sysreg[ARM_SR_PMCNTENSET_EL0] != 0))
    arm_pmu_restart (arm);
}
