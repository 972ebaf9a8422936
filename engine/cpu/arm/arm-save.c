/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reset, save and restore of a machine's vCPU. */

#include "arm-bits.h"
#include "arm-pmu.h"
#include "arm-sysreg.h"
#include <string.h>

void
arm_reset_registers (ArmCpu *arm)
{
  IrState *s = &arm->cpu.state;

  memset (s->var, 0, sizeof s->var);
  s->var[ARM_VAR_EXCL_ADDR] = ARM_NOT_EXCLUSIVE;
  s->var[ARM_VAR_DAIF] = PSTATE_DAIF;
  arm_cpu_set_fpcr (arm, 0);
  arm_cpu_set_fpsr (arm, 0);
  arm_pmu_stop (arm);
  memset (arm->sysreg, 0, sizeof arm->sysreg);
  memset (arm->pauth_key, 0, sizeof arm->pauth_key);
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    *arm_sysreg (arm, (ArmSysregId)i) = arm_sysregs[i].reset;
  arm->sysreg[ARM_SR_VPIDR_EL2] = arm->id[ARM_ID_MIDR];
  arm->sysreg[ARM_SR_VMPIDR_EL2] = arm_cpu_mpidr (&arm->cpu);
  arm->sysreg[ARM_SR_HCR_EL2] = HCR_RW;
  arm->el = arm->highest_el;
  arm->spsel = true;
  arm->pan = arm->uao = arm->il = arm->ss = false;
  arm->stepped = 0;
  s->pc = arm->rvbar;
  /* SPEC: DDI 0487, MDCR_EL2.HPMN: after reset all event counters are EL1's. */
  arm->sysreg[ARM_SR_MDCR_EL2] = arm_pmu_read (arm, arm_sysregs[ARM_SR_PMCR_EL0].reg) >> 11 & 31;
  arm_mmu_changed (arm);
  arm_timer_update (arm);
  arm_update_mode (arm);
}

void
arm_reset (Cpu *cpu)
{
  ArmCpu *arm = ARM_CPU (cpu);

  arm_reset_registers (arm);
  __atomic_store_n (&arm->off, arm->powered_off, __ATOMIC_SEQ_CST);
  __atomic_store_n (&arm->starting, ARM_NOT_STARTING, __ATOMIC_SEQ_CST);
}

/* ---- Save. ---- */

static bool
is_saved (const ArmCpu *arm, const ArmSysreg *r)
{
  /* OSLSR is written by another name. */
  bool stored = !(r->flags & SR_RO) || r->reg == arm_sysregs[ARM_SR_OSLSR_EL1].reg;
  return stored && !(r->flags & SR_WO) && arm_sysreg_find (arm, r->reg) != ARM_N_SYSREGS;
}

static GVariant *
numbers (const uint64_t *values, unsigned n)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, values, n, sizeof *values);
}

GVariant *
arm_save (Cpu *cpu)
{
  ArmCpu *arm = ARM_CPU (cpu);
  IrState *s = &cpu->state;
  GVariantBuilder state, regs;

  g_variant_builder_init (&state, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&regs, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&state, "{sv}", "pc", g_variant_new_uint64 (s->pc));
  g_variant_builder_add (&state, "{sv}", "pstate", g_variant_new_uint64 (arm_pstate (arm)));
  g_variant_builder_add (&state, "{sv}", "fpcr", g_variant_new_uint32 (arm_cpu_fpcr (arm)));
  g_variant_builder_add (&state, "{sv}", "fpsr", g_variant_new_uint32 (arm_cpu_fpsr (arm)));
  g_variant_builder_add (&state, "{sv}", "x", numbers (s->var + ARM_VAR_X, 32)); /* with SP */
  g_variant_builder_add (&state, "{sv}", "sp", numbers (s->var + ARM_VAR_SP_EL0, 4));
  g_variant_builder_add (&state, "{sv}", "v", numbers (s->var + ARM_VAR_V, 64));
  g_variant_builder_add (&state, "{sv}", "exclusive", numbers (s->var + ARM_VAR_EXCL_ADDR, 3));
  g_variant_builder_add (&state, "{sv}", "keys", numbers (&arm->pauth_key[0][0], 2 * ARM_N_KEYS));
  g_variant_builder_add (&state, "{sv}", "lines",
                         g_variant_new_uint32 (__atomic_load_n (&arm->lines, __ATOMIC_SEQ_CST)));
  g_variant_builder_add (&state, "{sv}", "power", g_variant_new_uint32 (arm_power (arm)));
  g_variant_builder_add (&state, "{sv}", "start", numbers ((uint64_t[]){ arm->start_pc, arm->start_arg }, 2));
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    if (is_saved (arm, &arm_sysregs[i]))
      g_variant_builder_add (&regs, "{st}", arm_sysregs[i].name, arm_sysreg_get (arm, (ArmSysregId)i));
  g_variant_builder_add (&state, "{sv}", "sysreg", g_variant_builder_end (&regs));
  return g_variant_ref_sink (g_variant_builder_end (&state));
}

/* ---- Restore. ---- */

static bool
refuse (GError **error, const char *what)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
               "the saved state of the CPU has no valid '%s'; it was made by another version or is damaged",
               what);
  return false;
}

static bool
load_array (GVariant *state, const char *name, uint64_t *out, unsigned n, GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (state, name, G_VARIANT_TYPE ("at"));
  gsize have = 0;
  const void *data = value != NULL ? g_variant_get_fixed_array (value, &have, sizeof *out) : NULL;

  if (data == NULL || have != n)
    return refuse (error, name);
  memcpy (out, data, n * sizeof *out);
  return true;
}

static bool
load_sysregs (ArmCpu *arm, GVariant *state, GError **error)
{
  g_autoptr (GVariant) regs = g_variant_lookup_value (state, "sysreg", G_VARIANT_TYPE ("a{st}"));

  if (regs == NULL)
    return refuse (error, "sysreg");
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++) {
    const ArmSysreg *r = &arm_sysregs[i];
    uint64_t value;
    if (!is_saved (arm, r))
      continue;
    if (!g_variant_lookup (regs, r->name, "t", &value))
      return refuse (error, r->name);
    if (i == ARM_SR_OSLSR_EL1)
      arm->sysreg[i] = 8 | (value & OSLSR_OSLK);
    else if (r->flags & (SR_TIMER | SR_PMU)) /* what the guest reads and writes there is another matter */
      arm->sysreg[i] = value & r->writable;
    else if (!(i >= ARM_SR_APIAKeyLo_EL1 && i <= ARM_SR_APGAKeyHi_EL1) && i != ARM_SR_DBGCLAIMCLR_EL1)
      arm_sysreg_write (arm, (ArmSysregId)i, value);
  }
  return true;
}

static bool
load_registers (ArmCpu *arm, GVariant *state, GError **error)
{
  IrState *s = &arm->cpu.state;
  uint32_t fpcr, fpsr;

  if (!load_array (state, "v", s->var + ARM_VAR_V, 64, error) ||
      !load_array (state, "exclusive", s->var + ARM_VAR_EXCL_ADDR, 3, error) ||
      !load_array (state, "keys", &arm->pauth_key[0][0], 2 * ARM_N_KEYS, error))
    return false;
  if (!g_variant_lookup (state, "pc", "t", &s->pc))
    return refuse (error, "pc");
  if (!g_variant_lookup (state, "fpcr", "u", &fpcr))
    return refuse (error, "fpcr");
  if (!g_variant_lookup (state, "fpsr", "u", &fpsr))
    return refuse (error, "fpsr");
  arm_cpu_set_fpcr (arm, fpcr);
  arm_cpu_set_fpsr (arm, fpsr);
  return true;
}

static bool
load_power (ArmCpu *arm, GVariant *state, GError **error)
{
  uint64_t start[2];
  uint32_t power;

  if (!g_variant_lookup (state, "power", "u", &power) || power > ARM_POWER_STARTING)
    return refuse (error, "power");
  if (!load_array (state, "start", start, 2, error))
    return false;
  arm->start_pc = start[0];
  arm->start_arg = start[1];
  __atomic_store_n (&arm->off, power != ARM_POWER_ON, __ATOMIC_SEQ_CST);
  __atomic_store_n (&arm->starting, power == ARM_POWER_STARTING ? ARM_START_READY : ARM_NOT_STARTING,
                    __ATOMIC_SEQ_CST);
  return true;
}

bool
arm_load (Cpu *cpu, GVariant *state, GError **error)
{
  ArmCpu *arm = ARM_CPU (cpu);
  uint64_t pstate;
  uint32_t lines;

  if (!load_registers (arm, state, error) || !load_sysregs (arm, state, error))
    return false;
  if (!g_variant_lookup (state, "pstate", "t", &pstate) || pstate & PSTATE_NRW ||
      PSTATE_EL (pstate) > arm->highest_el)
    return refuse (error, "pstate");
  if (!g_variant_lookup (state, "lines", "u", &lines) || lines >> ARM_N_LINES != 0)
    return refuse (error, "lines");
  arm_set_pstate (arm, pstate);
  /* The current SP is among these. */
  if (!load_array (state, "sp", cpu->state.var + ARM_VAR_SP_EL0, 4, error) ||
      !load_array (state, "x", cpu->state.var + ARM_VAR_X, 32, error) || !load_power (arm, state, error))
    return false;
  __atomic_store_n (&arm->lines, lines, __ATOMIC_SEQ_CST);
  cpu_tlb_flush (cpu, 0, 0);
  arm_mmu_changed (arm);
  arm_timer_update (arm);
  arm_update_mode (arm);
  cpu_request_exit (cpu);
  return true;
}
