/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the exception level and the control registers make of the state: security, the host of EL0, the traps
 * of instructions, and with that what code is translated for (IrState.mode). */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"

bool
arm_secure (const ArmCpu *arm)
{
  return arm->has_el3 && (arm->el == 3 || !(arm->sysreg[ARM_SR_SCR_EL3] & SCR_NS));
}

/* Without Secure EL2, EL2 is there in Non-secure state only. */
bool
arm_el2_enabled (const ArmCpu *arm)
{
  return arm->has_el2 && (!arm->has_el3 || arm->sysreg[ARM_SR_SCR_EL3] & SCR_NS);
}

/* SPEC: DDI 0487, HCR_EL2: fields that TGE, and E2H with TGE, make behave as 0 or as 1. */
uint64_t
arm_hcr (const ArmCpu *arm)
{
  const uint64_t of_guests = HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU | HCR_TWI |
                             HCR_TWE | HCR_TID0 | HCR_TID1 | HCR_TID2 | HCR_TID3 | HCR_TSC | HCR_TIDCP |
                             HCR_TACR | HCR_TSW | HCR_TPC | HCR_TPU | HCR_TTLB | HCR_TVM | HCR_TDZ | HCR_TRVM;
  if (!arm_el2_enabled (arm))
    return 0;
  uint64_t hcr = arm->sysreg[ARM_SR_HCR_EL2];
  if (!(hcr & HCR_TGE))
    return hcr;
  hcr &= ~(HCR_VM | HCR_DC | HCR_VF | HCR_VI | HCR_VSE);
  return hcr & HCR_E2H ? hcr & ~of_guests : hcr | HCR_FMO | HCR_IMO | HCR_AMO;
}

bool
arm_in_host (const ArmCpu *arm)
{
  const uint64_t both = HCR_E2H | HCR_TGE;
  return (arm_hcr (arm) & both) == both;
}

unsigned
arm_default_target (const ArmCpu *arm)
{
  return arm->el >= 1 ? arm->el : arm_hcr (arm) & HCR_TGE ? 2 : 1;
}

/* ---- What code is translated for. ---- */

/* SCTLR of the regime that the current level runs in. */
static uint64_t
current_sctlr (const ArmCpu *arm)
{
  static const ArmSysregId of[] = { ARM_SR_SCTLR_EL1, ARM_SR_SCTLR_EL1, ARM_SR_SCTLR_EL2, ARM_SR_SCTLR_EL3 };
  return arm->sysreg[arm->el == 0 && arm_in_host (arm) ? ARM_SR_SCTLR_EL2 : of[arm->el]];
}

/* SPEC: DDI 0487, CPACR_EL1.FPEN: 0 and 2 trap EL0 and EL1, 1 traps EL0. */
static bool
fpen_traps (uint64_t reg, bool el0)
{
  unsigned fpen = (unsigned)(reg >> CPACR_FPEN_SHIFT & 3);
  return fpen != 3 && (fpen != 1 || el0);
}

unsigned
arm_fp_trap (const ArmCpu *arm)
{
  uint64_t hcr = arm_hcr (arm), cptr = arm->sysreg[ARM_SR_CPTR_EL2];
  bool in_host = arm_in_host (arm);

  if (arm->el <= 1 && !in_host && fpen_traps (arm->sysreg[ARM_SR_CPACR_EL1], arm->el == 0))
    return arm_default_target (arm);
  if (arm->el <= 2 && arm_el2_enabled (arm)) {
    bool host_el0 = arm->el == 0 && in_host;
    if (hcr & HCR_E2H ? fpen_traps (cptr, host_el0) : (cptr & CPTR_TFP) != 0)
      return 2;
  }
  return arm->has_el3 && arm->sysreg[ARM_SR_CPTR_EL3] & CPTR_TFP ? 3 : 0;
}

/* The level that waiting is trapped to, or 0: nTWI and nTWE are `el0` in SCTLR, the others are in HCR_EL2 and
 * SCR_EL3. */
static unsigned
wait_trap (const ArmCpu *arm, uint64_t el0, uint64_t el1, uint64_t el2)
{
  if (arm->el == 0 && !(current_sctlr (arm) & el0))
    return arm_default_target (arm);
  if (arm->el <= 1 && arm_hcr (arm) & el1)
    return 2;
  return arm->el <= 2 && arm->has_el3 && arm->sysreg[ARM_SR_SCR_EL3] & el2 ? 3 : 0;
}

bool
arm_zva_allowed (const ArmCpu *arm)
{
  if (arm->el == 0 && !(current_sctlr (arm) & SCTLR_DZE))
    return false;
  return arm->el > 1 || !(arm_hcr (arm) & HCR_TDZ);
}

/* EL0 may read CNTVCT_EL0. */
static bool
counter_granted (const ArmCpu *arm)
{
  ArmSysregId control = arm_in_host (arm) ? ARM_SR_CNTHCTL_EL2 : ARM_SR_CNTKCTL_EL1;
  return arm->sysreg[control] & CNTKCTL_EL0VCTEN;
}

/* SPEC: DDI 0487, AddPACIA() and its like: the level that pointer authentication is trapped to, or 0. */
static unsigned
pauth_trap (const ArmCpu *arm)
{
  if (!arm_has (arm, ARM_EXT_PAUTH))
    return 0;
  if (arm->el <= 1 && arm_el2_enabled (arm) && !arm_in_host (arm) && !(arm_hcr (arm) & HCR_API))
    return 2;
  return arm->el <= 2 && arm->has_el3 && !(arm->sysreg[ARM_SR_SCR_EL3] & SCR_API) ? 3 : 0;
}

static uint32_t
traps (const ArmCpu *arm)
{
  uint64_t sctlr = current_sctlr (arm), hcr = arm->el <= 1 ? arm_hcr (arm) : 0;
  uint32_t mode = arm_fp_trap (arm) != 0 ? ARM_MODE_NO_FP : 0;

  if ((arm->el == 0 && (!(sctlr & SCTLR_UCT) || !counter_granted (arm))) || hcr & HCR_TID2)
    mode |= ARM_MODE_NO_CTR;
  if ((arm->el == 0 && !(sctlr & SCTLR_UCI)) || hcr & (HCR_TPC | HCR_TPU | HCR_TSW))
    mode |= ARM_MODE_NO_CACHE;
  if (!arm_zva_allowed (arm))
    mode |= ARM_MODE_NO_ZERO;
  if (wait_trap (arm, SCTLR_NTWI, HCR_TWI, SCR_TWI) != 0)
    mode |= ARM_MODE_NO_WFI;
  if (wait_trap (arm, SCTLR_NTWE, HCR_TWE, SCR_TWE) != 0)
    mode |= ARM_MODE_NO_WFE;
  if (hcr & (HCR_TVM | HCR_TRVM) || pauth_trap (arm) != 0)
    mode |= ARM_MODE_NO_VM;
  return mode;
}

static uint32_t
disabled_keys (const ArmCpu *arm)
{
  uint64_t sctlr = current_sctlr (arm);
  if (!arm_has (arm, ARM_EXT_PAUTH))
    return 0;
  return (sctlr & SCTLR_ENIA ? 0 : 1u << ARM_KEY_IA) | (sctlr & SCTLR_ENIB ? 0 : 1u << ARM_KEY_IB) |
         (sctlr & SCTLR_ENDA ? 0 : 1u << ARM_KEY_DA) | (sctlr & SCTLR_ENDB ? 0 : 1u << ARM_KEY_DB);
}

/* TCR of the regime that the current level runs in; *ret_two: it has two halves. */
static uint64_t
current_tcr (const ArmCpu *arm, bool *ret_two)
{
  *ret_two = arm->el <= 1 || (arm->el == 2 && arm_hcr (arm) & HCR_E2H);
  if (arm->el == 3)
    return arm->sysreg[ARM_SR_TCR_EL3];
  return arm->sysreg[arm->el == 2 || (arm->el == 0 && arm_in_host (arm)) ? ARM_SR_TCR_EL2 : ARM_SR_TCR_EL1];
}

/* Where pointers keep their authentication codes. */
static void
update_pointers (ArmCpu *arm)
{
  bool two, wide = arm_has (arm, ARM_EXT_LVA);
  uint64_t tcr = current_tcr (arm, &two);
  arm->pauth_wide[0] = wide && (tcr & 63) < 16;
  arm->pauth_wide[1] = wide && two && (tcr >> 16 & 63) < 16;
}

/* Which of IRQ and FIQ an interrupt comes as depends on the security state. */
static void
tell_gic (ArmCpu *arm)
{
  uint8_t security = arm->el == 3 ? 2 : arm_secure (arm) ? 1 : 0;
  if (security == arm->gic_security)
    return;
  arm->gic_security = security;
  if (arm->gic != NULL && arm->gic->security_changed != NULL)
    arm->gic->security_changed (arm->gic_opaque);
}

bool
arm_update_mode (ArmCpu *arm)
{
  IrState *s = &arm->cpu.state;
  uint32_t fp = IR_MODE_FP_EXACT | ARM_MODE_DN | ARM_MODE_FZ | ARM_MODE_AHP | ARM_MODE_FZ16;
  uint32_t mode = (s->mode & fp) | (uint32_t)arm->el << ARM_MODE_EL_SHIFT | traps (arm) |
                  disabled_keys (arm) << ARM_MODE_NO_KEY_SHIFT;
  bool moved = arm_space_moved (arm);

  mode |= arm->spsel ? ARM_MODE_SPSEL : 0;
  mode |= arm->el == 2 && arm_hcr (arm) & HCR_E2H ? ARM_MODE_E2H : 0;
  mode |= arm->il ? ARM_MODE_ILLEGAL : 0;
  mode |= current_sctlr (arm) & (arm->el == 0 ? SCTLR_SA0 : SCTLR_SA) ? ARM_MODE_STACK : 0;
  mode |= arm_debug_looks (arm) ? ARM_MODE_STEP : 0;
  mode |= arm_mmu_mode (arm);
  arm->pac_refuses = current_sctlr (arm) & (arm->el == 0 ? SCTLR_BT0 : SCTLR_BT);
  update_pointers (arm);
  if (arm->has_el3)
    tell_gic (arm);
  bool changed = moved || mode != s->mode;
  s->mode = mode;
  return changed;
}

uint64_t
arm_ignored_bits (const ArmCpu *arm, uint64_t addr, bool instruction)
{
  bool two, upper = addr >> 55 & 1;
  uint64_t tcr = current_tcr (arm, &two);
  bool ignored = tcr >> (two ? 37 + upper : 20) & 1, data_only = tcr >> (two ? 51 + upper : 29) & 1;

  if (instruction && data_only && arm_has (arm, ARM_EXT_PAUTH))
    ignored = false;
  return ignored ? UINT64_C (0xff) << 56 : 0;
}

/* Pointer authentication where IrState.mode has ARM_MODE_NO_VM. */
uint64_t
arm_trapped_pauth (IrState *s, uint64_t pc, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  unsigned el = pauth_trap (arm);

  if (el != 0)
    arm_raise (arm, el, arm_syndrome (ARM_EC_PAUTH, 0), pc);
  return 0;
}

/* A wait that some level traps, where it would indeed be one. */
uint64_t
arm_trapped_wait (IrState *s, uint64_t event, uint64_t pc, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;
  unsigned el =
      event ? wait_trap (arm, SCTLR_NTWE, HCR_TWE, SCR_TWE) : wait_trap (arm, SCTLR_NTWI, HCR_TWI, SCR_TWI);

  if (el != 0 && (event || !arm_wakes (&arm->cpu)))
    arm_raise (arm, el, arm_syndrome (ARM_EC_WFX, ESR_COND | (event ? 1 : 0)), pc);
  return 0;
}
