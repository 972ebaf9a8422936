/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ISA of machines: that of user mode, with the exception levels and system registers added. */

#include "arm-helpers.h"
#include "arm-sysreg.h"
#include <string.h>

static const IrHelper system_helpers[ARM_N_SYSTEM_HELPERS] = {
#define ARM_HELPER(NAME, name, flags) [ARM_HELPER_##NAME] = { #name, arm_##name, flags },
#include "arm-helpers.def"
#include "arm-system-helpers.def"
#undef ARM_HELPER
};

static bool
translate (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  return arm_translate (cpu, vaddr, access, ret) && arm_watch (ARM_CPU (cpu), vaddr, access, ret);
}

static bool
translate_user (Cpu *cpu, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  return arm_translate_user (cpu, vaddr, access, ret) && arm_watch (ARM_CPU (cpu), vaddr, access, ret);
}

static void
bus_error (Cpu *cpu, uint64_t vaddr, CpuAccess access)
{
  if (!arm_watch_reached (ARM_CPU (cpu), vaddr, access))
    arm_bus_error (cpu, vaddr, access);
}

static const IsaSystem arm_isa_system = {
  .space = arm_space,
  .translate = translate,
  .user_space = arm_user_space,
  .translate_user = translate_user,
  .tag_bits = UINT64_C (0xff) << 56,
  .privileged_mode = 3u << ARM_MODE_EL_SHIFT,
  .tlb_work = arm_tlb_work,
  .translate_debug = arm_translate_debug,
  .bus_error = bus_error,
  .misaligned = arm_misaligned,
  .exception = arm_exception,
  .interrupt = arm_interrupt,
  .wakes = arm_wakes,
  .is_off = arm_is_off,
  .reset = arm_reset,
  .save = arm_save,
  .load = arm_load,
};

static bool
init (Cpu *cpu, const char *model, GError **error)
{
  ArmCpu *arm = ARM_CPU (cpu);

  arm->system = true;
  if (!arm_cpu_init (cpu, model, error))
    return false;
  arm->highest_el = 1;
  for (unsigned i = 0; i < ARM_N_IDS; i++)
    arm->id[i] = arm_cpu_id_register (arm, (ArmId)i);
  arm_timer_init (arm);
  return true;
}

/* ---- What the board sets. ---- */

void
arm_cpu_configure (Cpu *cpu, const ArmMachineConfig *config)
{
  ArmCpu *arm = ARM_CPU (cpu);

  arm->has_el2 = config->el2;
  arm->has_el3 = config->el3;
  arm->highest_el = config->el3 ? 3 : config->el2 ? 2 : 1;
  arm->mpidr = config->mpidr & UINT64_C (0xff00ffffff);
  arm->rvbar = config->rvbar & ~UINT64_C (3);
  arm->powered_off = config->powered_off;
  arm->conduit = (uint8_t)config->conduit;
  arm->clock = config->clock;
  arm->gic_version = (uint8_t)config->gic;
  for (unsigned i = 0; i < ARM_N_IDS; i++)
    arm->id[i] = arm_cpu_id_register (arm, (ArmId)i);
  arm_timer_init (arm);
}

void
arm_cpu_detach (Cpu *cpu)
{
  arm_timer_free (ARM_CPU (cpu));
  ARM_CPU (cpu)->clock = NULL;
}

void
arm_cpu_set_gic (Cpu *cpu, const ArmGicOps *ops, void *opaque)
{
  ARM_CPU (cpu)->gic = ops;
  ARM_CPU (cpu)->gic_opaque = opaque;
}

unsigned
arm_cpu_el (const Cpu *cpu)
{
  return ((const ArmCpu *)cpu)->el;
}

uint64_t
arm_cpu_hcr (const Cpu *cpu)
{
  return arm_hcr ((const ArmCpu *)cpu);
}

/* SPEC: DDI 0487, MPIDR_EL1: bit 31 is one. */
uint64_t
arm_cpu_mpidr (const Cpu *cpu)
{
  return ((const ArmCpu *)cpu)->mpidr | UINT64_C (1) << 31;
}

void
arm_cpu_set_entry (Cpu *cpu, uint64_t pc, const uint64_t x[4])
{
  cpu->state.pc = pc;
  memcpy (cpu->state.var + ARM_VAR_X, x, 4 * sizeof *x);
}

/* ---- Registers for debuggers. ---- */

static uint64_t
get_sysreg (const Cpu *cpu, unsigned id)
{
  uint64_t value;
  return arm_cpu_get_sysreg ((Cpu *)cpu, arm_sysregs[id].reg, &value) ? value : 0;
}

static void
set_sysreg (Cpu *cpu, unsigned id, uint64_t value)
{
  arm_cpu_set_sysreg (cpu, arm_sysregs[id].reg, value);
}

static uint64_t
get_cpsr (const Cpu *cpu, unsigned index)
{
  return arm_pstate ((const ArmCpu *)cpu);
}

static void
set_cpsr (Cpu *cpu, unsigned index, uint64_t value)
{
  arm_set_pstate (ARM_CPU (cpu), value);
}

static bool
is_for_debugger (const ArmSysreg *r)
{
  return !(r->flags & SR_WO);
}

static void
add_registers (GuestIsa *isa)
{
  GArray *all = g_array_new (false, true, sizeof (IsaRegister));

  g_array_append_vals (all, isa->registers, isa->n_registers);
  for (unsigned i = 0; i < all->len; i++) {
    IsaRegister *r = &g_array_index (all, IsaRegister, i);
    if (strcmp (r->name, "cpsr") == 0)
      r->get = get_cpsr, r->set = set_cpsr;
  }
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++) {
    IsaRegister r = { arm_sysregs[i].name, "int",      "system", "org.vitrine.aarch64.system", 64,
                      get_sysreg,          set_sysreg, i };
    if (is_for_debugger (&arm_sysregs[i]))
      g_array_append_val (all, r);
  }
  isa->n_registers = all->len;
  isa->registers = (const IsaRegister *)(void *)g_array_free (all, false);
}

static void
add_variables (GuestIsa *isa)
{
  IsaVar *vars = g_new0 (IsaVar, ARM_N_SYSTEM_VARS);

  memcpy (vars, isa->vars, isa->n_vars * sizeof *vars);
  vars[ARM_VAR_DAIF] = (IsaVar){ "daif", IR_I64 };
  vars[ARM_VAR_SYNDROME] = (IsaVar){ "syndrome", IR_I64 };
  vars[ARM_VAR_SP_EL3] = (IsaVar){ "sp_el3", IR_I64 };
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    if (arm_sysregs[i].var != 0)
      vars[arm_sysregs[i].var] = (IsaVar){ arm_sysregs[i].name, IR_I64 };
  isa->vars = vars;
  isa->n_vars = ARM_N_SYSTEM_VARS;
}

static void
dump (const Cpu *cpu, GString *out)
{
  const ArmCpu *arm = (const ArmCpu *)cpu;
  unsigned column = 0;

  aarch64_isa.dump (cpu, out);
  g_string_append_printf (out, " pstate %08" G_GINT64_MODIFIER "x EL%u%c %s\n", arm_pstate (arm), arm->el,
                          arm->spsel ? 'h' : 't', arm_secure (arm) ? "secure" : "non-secure");
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++) {
    const ArmSysreg *r = &arm_sysregs[i];
    if (r->flags & (SR_RO | SR_WO | SR_PMU | SR_DEBUG) || arm_sysreg_find (arm, r->reg) == ARM_N_SYSREGS)
      continue;
    g_string_append_printf (out, " %-14s %016" G_GINT64_MODIFIER "x%s", r->name, get_sysreg (cpu, i),
                            ++column % 3 == 0 ? "\n" : "");
  }
  if (column % 3 != 0)
    g_string_append_c (out, '\n');
}

const GuestIsa *
arm_system_isa (void)
{
  static GuestIsa isa;
  static gsize made;

  if (g_once_init_enter (&made)) {
    isa = aarch64_isa;
    isa.helpers = system_helpers;
    isa.cpu_init = init;
    isa.system = &arm_isa_system;
    isa.dump = dump;
    add_variables (&isa);
    add_registers (&isa);
    g_once_init_leave (&made, 1);
  }
  return &isa;
}
