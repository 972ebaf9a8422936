/* SPDX-License-Identifier: GPL-3.0-or-later */

/* System registers of machines: the values of those that are more than storage. */

#include "arm-sysreg.h"
#include "arm-bits.h"

/* ---- Reading. ---- */

/* SPEC: DDI 0487, CCSIDR_EL1 without CCIDX: sets 27:13, ways 12:3, log2 (line size in bytes) - 4 in 2:0. */
static uint64_t
ccsidr (const ArmCpu *arm)
{
  unsigned select = (unsigned)arm->sysreg[ARM_SR_CSSELR_EL1] & 15;
  return arm_cpu_cache (arm, select >> 1, select & 1);
}

static uint64_t
read_key (const ArmCpu *arm, ArmSysregId id)
{
  unsigned n = id - ARM_SR_APIAKeyLo_EL1;
  return arm->pauth_key[n / 2][n % 2];
}

static ArmId
id_of (ArmSysregId id)
{
  switch (id) {
    case ARM_SR_ID_AA64PFR0_EL1: return ARM_ID_PFR0;
    case ARM_SR_ID_AA64PFR1_EL1: return ARM_ID_PFR1;
    case ARM_SR_ID_AA64DFR0_EL1: return ARM_ID_DFR0;
    case ARM_SR_ID_AA64ISAR0_EL1: return ARM_ID_ISAR0;
    case ARM_SR_ID_AA64ISAR1_EL1: return ARM_ID_ISAR1;
    case ARM_SR_ID_AA64MMFR0_EL1: return ARM_ID_MMFR0;
    case ARM_SR_ID_AA64MMFR1_EL1: return ARM_ID_MMFR1;
    case ARM_SR_ID_AA64MMFR2_EL1: return ARM_ID_MMFR2;
    case ARM_SR_CTR_EL0: return ARM_ID_CTR;
    default: return ARM_ID_NONE;
  }
}

/* At EL1 a hypervisor says who the vCPU is. */
static bool
is_virtual (const ArmCpu *arm)
{
  return arm->el == 1 && arm_el2_enabled (arm);
}

static uint64_t
read_own (ArmCpu *arm, ArmSysregId id)
{
  const IrState *s = &arm->cpu.state;
  switch (id) {
    case ARM_SR_MIDR_EL1: return is_virtual (arm) ? arm->sysreg[ARM_SR_VPIDR_EL2] : arm->id[ARM_ID_MIDR];
    case ARM_SR_MPIDR_EL1:
      return is_virtual (arm) ? arm->sysreg[ARM_SR_VMPIDR_EL2] | UINT64_C (1) << 31
                              : arm_cpu_mpidr (&arm->cpu);
    case ARM_SR_CCSIDR_EL1: return ccsidr (arm);
    case ARM_SR_CLIDR_EL1: return arm_cpu_clidr (arm);
    case ARM_SR_DCZID_EL0:
      return (uint64_t)__builtin_ctz (ARM_ZVA_SIZE / 4) | (arm_zva_allowed (arm) ? 0 : 1u << 4);
    case ARM_SR_SP_EL0: return arm->spsel && arm->el != 0 ? s->var[ARM_VAR_SP_EL0] : s->var[ARM_VAR_SP];
    case ARM_SR_SP_EL1: return arm->spsel && arm->el == 1 ? s->var[ARM_VAR_SP] : s->var[ARM_VAR_SP_EL1];
    case ARM_SR_SP_EL2: return arm->spsel && arm->el == 2 ? s->var[ARM_VAR_SP] : s->var[ARM_VAR_SP_EL2];
    case ARM_SR_RVBAR_EL1:
    case ARM_SR_RVBAR_EL2:
    case ARM_SR_RVBAR_EL3: return arm->rvbar;
    case ARM_SR_RMR_EL1:
    case ARM_SR_RMR_EL2:
    case ARM_SR_RMR_EL3: return 1; /* AArch64 */
    case ARM_SR_ISR_EL1: return arm_isr (arm);
    case ARM_SR_DBGCLAIMSET_EL1: return 0xff;
    case ARM_SR_DBGCLAIMCLR_EL1: return arm->sysreg[ARM_SR_DBGCLAIMSET_EL1];
    default:
      if (id >= ARM_SR_APIAKeyLo_EL1 && id <= ARM_SR_APGAKeyHi_EL1)
        return read_key (arm, id);
      return *arm_sysreg (arm, id);
  }
}

uint64_t
arm_sysreg_read (ArmCpu *arm, ArmSysregId id)
{
  const ArmSysreg *r = &arm_sysregs[id];
  if (r->flags & SR_ID)
    return arm->id[id_of (id)];
  if (r->flags & SR_TIMER)
    return arm_timer_read (arm, r->reg);
  if (r->flags & SR_PMU)
    return arm_pmu_read (arm, r->reg);
  if (r->flags & SR_OWN)
    return read_own (arm, id);
  return *arm_sysreg (arm, id);
}

/* ---- Writing. ---- */

/* Bits of SCTLR_ELx that mean something here. Those of a level that knows nothing of EL0 are fewer. */
static uint64_t
sctlr_writable (const ArmCpu *arm, bool el0)
{
  uint64_t bits = SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN;
  if (el0)
    bits |= SCTLR_SA0 | SCTLR_UMA | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWI | SCTLR_NTWE | SCTLR_UCI;
  if (el0 && arm_has (arm, ARM_EXT_CSV2_3))
    bits |= SCTLR_TSCXT;
  if (el0 && arm_has (arm, ARM_EXT_PAN))
    bits |= SCTLR_SPAN;
  if (arm_has (arm, ARM_EXT_PAUTH))
    bits |= SCTLR_ENIA | SCTLR_ENIB | SCTLR_ENDA | SCTLR_ENDB;
  if (arm_has (arm, ARM_EXT_BTI))
    bits |= SCTLR_BT | (el0 ? SCTLR_BT0 : 0);
  if (arm_id_field (arm, ARM_ID_PFR1, 4) != 0)
    bits |= SCTLR_DSSBS;
  return bits;
}

static uint64_t
hcr_writable (const ArmCpu *arm)
{
  uint64_t bits = HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_VF | HCR_VI | HCR_VSE |
                  HCR_FB | HCR_BSU | HCR_DC | HCR_TWI | HCR_TWE | HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3 |
                  HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TPC | HCR_TPU | HCR_TTLB | HCR_TVM |
                  HCR_TGE | HCR_TDZ | HCR_TRVM | HCR_CD | HCR_ID;
  if (!arm->has_el3)
    bits |= HCR_HCD;
  if (arm_has (arm, ARM_EXT_VHE))
    bits |= HCR_E2H;
  if (arm_has (arm, ARM_EXT_LOR))
    bits |= HCR_TLOR;
  if (arm_has (arm, ARM_EXT_PAUTH))
    bits |= HCR_APK | HCR_API;
  if (arm_has (arm, ARM_EXT_CSV2_3))
    bits |= HCR_ENSCXT;
  return bits;
}

static uint64_t
scr_writable (const ArmCpu *arm)
{
  uint64_t bits = SCR_NS | SCR_IRQ | SCR_FIQ | SCR_EA | SCR_SMD | SCR_SIF | SCR_ST | SCR_TWI | SCR_TWE;
  if (arm->has_el2)
    bits |= SCR_HCE;
  if (arm_has (arm, ARM_EXT_LOR))
    bits |= SCR_TLOR;
  if (arm_has (arm, ARM_EXT_PAUTH))
    bits |= SCR_APK | SCR_API;
  if (arm_has (arm, ARM_EXT_CSV2_3))
    bits |= SCR_ENSCXT;
  return bits;
}

static uint64_t
tcr_writable (const ArmCpu *arm, ArmSysregId id)
{
  return arm_sysregs[id].writable | (arm_has (arm, ARM_EXT_E0PD) ? TCR_E0PD0 | TCR_E0PD1 : 0);
}

/* CPTR_EL2 has two layouts. What has no meaning reads as ones in the older one. */
static uint64_t
cptr_el2 (const ArmCpu *arm, uint64_t value)
{
  if (arm->sysreg[ARM_SR_HCR_EL2] & HCR_E2H)
    return value & (CPACR_FPEN | UINT64_C (1) << 31);
  return (value & (CPTR_TFP | UINT64_C (1) << 31)) | 0x33ff;
}

static void
keep_bits (ArmCpu *arm, ArmSysregId id, uint64_t value, uint64_t writable)
{
  arm->sysreg[id] = (arm_sysregs[id].reset & ~writable) | (value & writable);
}

static void
write_sp (ArmCpu *arm, unsigned el, uint64_t value)
{
  IrState *s = &arm->cpu.state;
  unsigned current = arm->spsel ? arm->el : 0;
  s->var[el == current ? ARM_VAR_SP : ARM_VAR_SP_EL0 + el] = value;
}

static void
write_own (ArmCpu *arm, ArmSysregId id, uint64_t value)
{
  switch (id) {
    case ARM_SR_SCTLR_EL1: keep_bits (arm, id, value, sctlr_writable (arm, true)); break;
    case ARM_SR_SCTLR_EL2:
      keep_bits (arm, id, value, sctlr_writable (arm, arm_has (arm, ARM_EXT_VHE)));
      break;
    case ARM_SR_SCTLR_EL3: keep_bits (arm, id, value, sctlr_writable (arm, false)); break;
    case ARM_SR_TCR_EL1:
    case ARM_SR_TCR_EL2: keep_bits (arm, id, value, tcr_writable (arm, id)); break;
    case ARM_SR_CPACR_EL1: keep_bits (arm, id, value, CPACR_FPEN); break;
    case ARM_SR_CPTR_EL2: arm->sysreg[id] = cptr_el2 (arm, value); break;
    case ARM_SR_HCR_EL2:
      arm->sysreg[id] = (value & hcr_writable (arm)) | HCR_RW;
      arm->sysreg[ARM_SR_CPTR_EL2] = cptr_el2 (arm, arm->sysreg[ARM_SR_CPTR_EL2]);
      arm_irqs_changed (arm);
      break;
    case ARM_SR_SCR_EL3:
      keep_bits (arm, id, value, scr_writable (arm));
      arm_irqs_changed (arm);
      break;
    case ARM_SR_MDCR_EL2: keep_bits (arm, id, value, arm_sysregs[id].writable); break;
    case ARM_SR_SP_EL0: write_sp (arm, 0, value); break;
    case ARM_SR_SP_EL1: write_sp (arm, 1, value); break;
    case ARM_SR_SP_EL2: write_sp (arm, 2, value); break;
    case ARM_SR_CNTFRQ_EL0: keep_bits (arm, id, value, UINT32_MAX); break;
    case ARM_SR_OSLAR_EL1: arm->sysreg[ARM_SR_OSLSR_EL1] = 8 | (value & 1) << 1; break;
    case ARM_SR_DBGCLAIMSET_EL1: arm->sysreg[id] |= value & 0xff; break;
    case ARM_SR_DBGCLAIMCLR_EL1: arm->sysreg[ARM_SR_DBGCLAIMSET_EL1] &= ~value; break;
    default:
      if (id >= ARM_SR_APIAKeyLo_EL1 && id <= ARM_SR_APGAKeyHi_EL1)
        arm->pauth_key[(id - ARM_SR_APIAKeyLo_EL1) / 2][(id - ARM_SR_APIAKeyLo_EL1) % 2] = value;
      break;
  }
}

void
arm_sysreg_write (ArmCpu *arm, ArmSysregId id, uint64_t value)
{
  const ArmSysreg *r = &arm_sysregs[id];
  uint64_t *at = arm_sysreg (arm, id), old = *at;

  if (r->flags & SR_TIMER)
    arm_timer_write (arm, r->reg, value);
  else if (r->flags & SR_PMU)
    arm_pmu_write (arm, r->reg, value);
  else if (r->flags & SR_OWN)
    write_own (arm, id, value);
  else
    *at = (r->reset & ~r->writable) | (value & r->writable);
  if (r->flags & SR_MMU && *at != old)
    arm_mmu_changed (arm);
  if (r->flags & SR_ENDS)
    arm_update_mode (arm);
}

/* ---- For debuggers. ---- */

bool
arm_cpu_get_sysreg (Cpu *cpu, unsigned reg, uint64_t *ret_value)
{
  ArmCpu *arm = ARM_CPU (cpu);
  ArmSysregId id = arm_sysreg_find (arm, reg);
  if (id == ARM_N_SYSREGS)
    return arm->gic != NULL && arm_reg_is_gic (reg) && arm->gic->read (arm->gic_opaque, reg, ret_value);
  if (arm_sysregs[id].flags & SR_WO)
    return false;
  *ret_value = arm_sysreg_read (arm, id);
  return true;
}

bool
arm_cpu_set_sysreg (Cpu *cpu, unsigned reg, uint64_t value)
{
  ArmCpu *arm = ARM_CPU (cpu);
  ArmSysregId id = arm_sysreg_find (arm, reg);
  if (id == ARM_N_SYSREGS)
    return arm->gic != NULL && arm_reg_is_gic (reg) && arm->gic->write (arm->gic_opaque, reg, value);
  if (arm_sysregs[id].flags & SR_RO)
    return false;
  arm_sysreg_write (arm, id, value);
  return true;
}
