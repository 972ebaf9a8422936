/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of system registers. The translator needs it, of user mode, too. */

#include "arm-sysreg.h"

#define ARM_SPSR_BITS UINT64_C (0xf1f01fdf) /* what AArch64 has of them */

const ArmSysreg arm_sysregs[ARM_N_SYSREGS] = {
#define ARM_SYSREG(NAME, op0, op1, crn, crm, op2, var, reset, writable, flags)                               \
  { #NAME, ARM_REG (op0, op1, crn, crm, op2), var, reset, writable, flags },
#include "arm-sysreg.def"
#undef ARM_SYSREG
};

/* Index by ARM_REG: one more than the register's number, or 0. */
static uint8_t index_of[1 << 16];
G_STATIC_ASSERT (ARM_N_SYSREGS < 256);

static void
make_index (void)
{
  static gsize made;
  if (!g_once_init_enter (&made))
    return;
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    index_of[arm_sysregs[i].reg] = (uint8_t)(i + 1);
  g_once_init_leave (&made, 1);
}

/* What exists with a feature only. */
static bool
has_sysreg (const ArmCpu *arm, const ArmSysreg *r)
{
  if (r->flags & SR_PAUTH)
    return arm_has (arm, ARM_EXT_PAUTH);
  if (r->flags & SR_VH)
    return arm->has_el2 && arm_has (arm, ARM_EXT_VHE);
  if (r->flags & SR_LOR)
    return arm_has (arm, ARM_EXT_LOR);
  if (r->flags & SR_SCXT && !arm_has (arm, ARM_EXT_CSV2_3))
    return false;
  switch (ARM_REG_OP1 (r->reg)) {
    case 4: return arm->has_el2 || arm->has_el3;
    case 6: return arm->has_el3;
    case 7: return arm->has_el3;
    default: return true;
  }
}

ArmSysregId
arm_sysreg_find (const ArmCpu *arm, unsigned reg)
{
  make_index ();
  unsigned found = index_of[reg & 0xffff];
  if (found == 0 || !has_sysreg (arm, &arm_sysregs[found - 1]))
    return ARM_N_SYSREGS;
  ArmSysregId id = (ArmSysregId)(found - 1);
  /* Which levels' RVBAR and RMR there are depends on which is the highest. */
  bool highest = id == ARM_SR_RVBAR_EL1 || id == ARM_SR_RMR_EL1   ? arm->highest_el == 1
                 : id == ARM_SR_RVBAR_EL2 || id == ARM_SR_RMR_EL2 ? arm->highest_el == 2
                                                                  : true;
  return highest ? id : ARM_N_SYSREGS;
}

uint64_t *
arm_sysreg (ArmCpu *arm, ArmSysregId id)
{
  unsigned var = arm_sysregs[id].var;
  return var != 0 ? &arm->cpu.state.var[var] : &arm->sysreg[id];
}

bool
arm_reg_is_gic (unsigned reg)
{
  unsigned op0 = ARM_REG_OP0 (reg), crn = ARM_REG_CRN (reg), crm = ARM_REG_CRM (reg), op1 = ARM_REG_OP1 (reg);
  return op0 == 3 &&
         ((crn == 12 && crm >= 8 && (op1 == 0 || op1 == 4 || op1 == 6)) || reg == ARM_REG (3, 0, 4, 6, 0));
}
