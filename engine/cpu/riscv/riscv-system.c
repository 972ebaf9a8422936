/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ISAs of machines: those of user mode, with the CSRs and the privileged architecture added. */

#include "riscv-system.h"
#include "riscv-trans.h"
#include <string.h>

/* SPEC: RISC-V privileged §3.1.9, §10.1.3: a pending interrupt is taken immediately after the CSR is written
 * that enables it: the next instruction may disable it again. */
static uint64_t
irq_enabled (IrState *s, uint64_t next_pc, uint64_t b, uint64_t c)
{
  if (!riscv_interrupt_due ((RiscvCpu *)s))
    return 0;
  s->pc = next_pc;
  riscv_irqs_changed ((RiscvCpu *)s);
  ir_leave (s, IR_EXIT_MODE);
}

const IrHelper rv_system_helpers[RV_N_SYSTEM_HELPERS] = {
#include "riscv-helpers.def"
  [RV_HELPER_SYSTEM_TIME] = { "system_time", riscv_system_time, 0 },
  [RV_HELPER_SYSTEM_COUNTER] = { "system_counter", riscv_system_counter, 0 },
  [RV_HELPER_USE_FP] = { "use_fp", riscv_use_fp, IR_H_STATE },
  [RV_HELPER_CSR_READ] = { "csr_read", riscv_read_csr, 0 },
  [RV_HELPER_CSR_ACCESS] = { "csr_access", riscv_access_csr, IR_H_STATE },
  [RV_HELPER_IRQ_ENABLED] = { "irq_enabled", irq_enabled, IR_H_STATE },
  [RV_HELPER_XRET] = { "xret", riscv_xret, IR_H_STATE },
  [RV_HELPER_FENCE_VMA] = { "fence_vma", riscv_fence_vma, 0 },
};

static const IsaSystem riscv_system = {
  .space = riscv_space,
  .translate = riscv_translate,
  .privileged_mode = 3u << RV_MODE_PRIV_SHIFT,
  .translate_debug = riscv_translate_debug,
  .bus_error = riscv_bus_error,
  .misaligned = riscv_misaligned,
  .exception = riscv_exception,
  .interrupt = riscv_interrupt,
  .wakes = riscv_wakes,
  .reset = riscv_reset,
  .save = riscv_save,
  .load = riscv_load,
};

static bool
init (Cpu *cpu, const char *model, GError **error)
{
  RiscvCpu *rv = RV_CPU (cpu);

  rv->system = true;
  if (!riscv_cpu_init (cpu, model, error))
    return false;
  g_mutex_init (&rv->timer_lock);
  rv->priv = RV_PRIV_M;
  return true;
}

/* CSRs for the debugger: what M mode would read and write. */
static uint64_t
get_csr (const Cpu *cpu, unsigned number)
{
  uint64_t value;
  return riscv_cpu_get_csr ((Cpu *)cpu, number, &value) ? value : 0;
}

static void
set_csr (Cpu *cpu, unsigned number, uint64_t value)
{
  riscv_cpu_set_csr (cpu, number, value);
}

static uint64_t
get_priv (const Cpu *cpu, unsigned index)
{
  return ((const RiscvCpu *)cpu)->priv;
}

static void
set_priv (Cpu *cpu, unsigned index, uint64_t value)
{
  if (value > RV_PRIV_M || value == 2)
    return;
  RV_CPU (cpu)->priv = (RiscvPriv)value;
  riscv_update_mode (RV_CPU (cpu));
}

/* The floating-point ones are among user mode's registers, and of the indirect ones reading may have effects.
 */
static bool
is_for_debugger (const RiscvCsr *csr, unsigned bits)
{
  return csr->number > CSR_fcsr && csr->count == 1 && !(csr->flags & RV_CSR_DYNAMIC) &&
         (bits == 32 || !(csr->flags & RV_CSR_RV32));
}

static void
add_registers (GuestIsa *isa)
{
  GArray *all = g_array_new (false, true, sizeof (IsaRegister));
  IsaRegister priv = {
    "priv", "int", "system", "org.gnu.gdb.riscv.virtual", isa->bits, get_priv, set_priv, 0
  };

  g_array_append_vals (all, isa->registers, isa->n_registers);
  g_array_append_val (all, priv);
  for (unsigned i = 0; i < RV_N_CSRS; i++) {
    const RiscvCsr *csr = &riscv_csrs[i];
    IsaRegister r = { csr->name, "int",   "csr",   "org.gnu.gdb.riscv.csr",
                      isa->bits, get_csr, set_csr, csr->number };
    if (is_for_debugger (csr, isa->bits))
      g_array_append_val (all, r);
  }
  isa->n_registers = all->len;
  isa->registers = (const IsaRegister *)(void *)g_array_free (all, false);
}

static void
add_variables (GuestIsa *isa)
{
  IsaVar *vars = g_new0 (IsaVar, RV_N_SYSTEM_VARS);

  memcpy (vars, isa->vars, isa->n_vars * sizeof *vars);
  for (unsigned i = 0; i < RV_N_CSRS; i++)
    if (riscv_csrs[i].var != 0)
      vars[riscv_csrs[i].var] = (IsaVar){ riscv_csrs[i].name, isa->bits == 32 ? IR_I32 : IR_I64 };
  isa->vars = vars;
  isa->n_vars = RV_N_SYSTEM_VARS;
}

static void
dump (const Cpu *cpu, GString *out)
{
  const RiscvCpu *rv = (const RiscvCpu *)cpu;
  unsigned column = 0;

  (rv->rv32 ? &riscv32_isa : &riscv64_isa)->dump (cpu, out);
  g_string_append_printf (out, " priv     %c\n", "US?M"[rv->priv]);
  for (unsigned i = 0; i < RV_N_CSRS; i++) {
    const RiscvCsr *csr = &riscv_csrs[i];
    bool user_counter = csr->number >= CSR_cycle && csr->number < CSR_mvendorid && csr->number != CSR_stopi;
    if (!is_for_debugger (csr, cpu->isa->bits) || riscv_csr_find (rv, csr->number) == NULL || user_counter)
      continue;
    g_string_append_printf (out, " %-13s %0*" G_GINT64_MODIFIER "x%s", csr->name, (int)cpu->isa->bits / 4,
                            get_csr (cpu, csr->number), ++column % 3 == 0 ? "\n" : "");
  }
  if (column % 3 != 0)
    g_string_append_c (out, '\n');
}

static char *
models32 (void)
{
  return riscv_cpu_models (true, true);
}

static char *
models64 (void)
{
  return riscv_cpu_models (false, true);
}

static void
make_isa (GuestIsa *isa, const GuestIsa *user)
{
  *isa = *user;
  isa->helpers = rv_system_helpers;
  isa->cpu_init = init;
  isa->models = user->bits == 32 ? models32 : models64;
  isa->system = &riscv_system;
  isa->dump = dump;
  add_variables (isa);
  add_registers (isa);
}

const GuestIsa *
riscv_system_isa (unsigned bits)
{
  static GuestIsa isas[2];
  static gsize made;

  if (g_once_init_enter (&made)) {
    make_isa (&isas[0], &riscv32_isa);
    make_isa (&isas[1], &riscv64_isa);
    g_once_init_leave (&made, 1);
  }
  return &isas[bits == 64];
}
