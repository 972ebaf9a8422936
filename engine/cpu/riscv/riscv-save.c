/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reset, save and restore of a machine's hart. */

#include "riscv-system.h"
#include <string.h>

void
riscv_reset (Cpu *cpu)
{
  RiscvCpu *rv = RV_CPU (cpu);
  IrState *s = &cpu->state;

  memset (s->var, 0, sizeof s->var);
  riscv_cpu_clear_reservation (rv);
  riscv_cpu_set_fcsr (rv, 0);
  s->pc = rv->resetvec & rv_xlen_mask (rv);
  rv->priv = RV_PRIV_M;
  rv->medeleg = rv->mideleg = rv->satp = rv->mcounteren = rv->scounteren = rv->mcountinhibit = rv->senvcfg =
      0;
  rv->siselect = rv->miselect = rv->mcycle_base = rv->minstret_base = 0;
  __atomic_store_n (&rv->mie, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n (&rv->mip, 0, __ATOMIC_SEQ_CST);
  memset (rv->pmpcfg, 0, sizeof rv->pmpcfg);
  memset (rv->pmpaddr, 0, sizeof rv->pmpaddr);
  riscv_pmp_update (rv);
  riscv_set_stimecmp (rv, UINT64_MAX);
  /* Where there is Svadu and not Svade, the hardware updates unless it is told not to. */
  riscv_set_menvcfg (rv, rv->exts >> RV_EXT_SVADU & 1 ? ENVCFG_ADUE : 0);
  cpu_tlb_flush (cpu, 0, 0);
  riscv_set_mstatus (rv, 0);
  riscv_update_mode (rv);
}

/* Whether the CSR is part of the saved state by itself. Who the hart is belongs to the board, and the PMP has
 * its own entries. */
static bool
is_saved (const RiscvCpu *rv, const RiscvCsr *csr)
{
  bool stored = csr->var != 0 || csr->member != 0;
  return stored && csr->number != CSR_mhartid && csr->number != CSR_pmpaddr &&
         riscv_csr_find (rv, csr->number) != NULL;
}

static uint64_t *
saved_at (RiscvCpu *rv, const RiscvCsr *csr)
{
  return csr->var != 0 ? &rv->cpu.state.var[csr->var] : (uint64_t *)((char *)rv + csr->member);
}

static GVariant *
numbers (const uint64_t *values, unsigned n)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, values, n, sizeof *values);
}

GVariant *
riscv_save (Cpu *cpu)
{
  RiscvCpu *rv = RV_CPU (cpu);
  IrState *s = &cpu->state;
  GVariantBuilder state, csrs;

  g_variant_builder_init (&state, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&csrs, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&state, "{sv}", "pc", g_variant_new_uint64 (s->pc));
  g_variant_builder_add (&state, "{sv}", "priv", g_variant_new_uint32 (rv->priv));
  g_variant_builder_add (&state, "{sv}", "fcsr", g_variant_new_uint32 (riscv_cpu_fcsr (rv)));
  g_variant_builder_add (&state, "{sv}", "x", numbers (s->var + RV_VAR_X, 32));
  g_variant_builder_add (&state, "{sv}", "f", numbers (s->var + RV_VAR_F, 32));
  g_variant_builder_add (&state, "{sv}", "reservation", numbers (s->var + RV_VAR_RES_ADDR, 2));
  g_variant_builder_add (&state, "{sv}", "pmpaddr", numbers (rv->pmpaddr, RV_PMP_ENTRIES));
  g_variant_builder_add (&state, "{sv}", "pmpcfg",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, rv->pmpcfg, RV_PMP_ENTRIES, 1));
  g_variant_builder_add (&state, "{sv}", "counters",
                         numbers ((uint64_t[]){ rv->mcycle_base, rv->minstret_base }, 2));
  /* What software and what devices hold of mip. */
  g_variant_builder_add (&state, "{sv}", "pending",
                         numbers ((uint64_t[]){ __atomic_load_n (&rv->mip, __ATOMIC_SEQ_CST),
                                                __atomic_load_n (&rv->lines, __ATOMIC_SEQ_CST) },
                                  2));
  for (unsigned i = 0; i < RV_N_CSRS; i++)
    if (is_saved (rv, &riscv_csrs[i]))
      g_variant_builder_add (&csrs, "{st}", riscv_csrs[i].name, *saved_at (rv, &riscv_csrs[i]));
  g_variant_builder_add (&state, "{sv}", "csr", g_variant_builder_end (&csrs));
  return g_variant_ref_sink (g_variant_builder_end (&state));
}

static bool
refuse (GError **error, const char *what)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
               "the saved state of the CPU has no valid '%s'; it was made by another version or is damaged",
               what);
  return false;
}

/* Copies an array of `n` elements of `size` bytes. */
static bool
load_array (GVariant *state, const char *name, const char *type, void *out, unsigned n, size_t size,
            GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (state, name, G_VARIANT_TYPE (type));
  gsize have = 0;
  const void *data = value != NULL ? g_variant_get_fixed_array (value, &have, size) : NULL;

  if (data == NULL || have != n)
    return refuse (error, name);
  memcpy (out, data, n * size);
  return true;
}

/* The CSRs, by the way software writes them, so that they are legal and have their consequences. */
static bool
load_csrs (RiscvCpu *rv, GVariant *state, GError **error)
{
  g_autoptr (GVariant) csrs = g_variant_lookup_value (state, "csr", G_VARIANT_TYPE ("a{st}"));

  if (csrs == NULL)
    return refuse (error, "csr");
  for (unsigned i = 0; i < RV_N_CSRS; i++) {
    const RiscvCsr *csr = &riscv_csrs[i];
    uint64_t value;
    if (!is_saved (rv, csr))
      continue;
    if (!g_variant_lookup (csrs, csr->name, "t", &value))
      return refuse (error, csr->name);
    if (csr->number == CSR_stimecmp)
      riscv_set_stimecmp (rv, value); /* on RV32 an instruction writes one half only */
    else if (csr->number == CSR_menvcfg && rv->rv32) {
      riscv_cpu_set_csr (&rv->cpu, CSR_menvcfgh, value >> 32);
      riscv_cpu_set_csr (&rv->cpu, CSR_menvcfg, (uint32_t)value);
    } else
      riscv_cpu_set_csr (&rv->cpu, csr->number, value);
  }
  return true;
}

static bool
load_registers (RiscvCpu *rv, GVariant *state, GError **error)
{
  IrState *s = &rv->cpu.state;
  uint32_t fcsr, priv;

  if (!load_array (state, "x", "at", s->var + RV_VAR_X, 32, 8, error) ||
      !load_array (state, "f", "at", s->var + RV_VAR_F, 32, 8, error) ||
      !load_array (state, "reservation", "at", s->var + RV_VAR_RES_ADDR, 2, 8, error))
    return false;
  s->var[RV_VAR_X] = 0;
  for (unsigned i = 0; i < 32; i++)
    s->var[RV_VAR_X + i] &= rv_xlen_mask (rv);
  s->var[RV_VAR_RES_VALUE] &= rv_xlen_mask (rv);
  if (!g_variant_lookup (state, "pc", "t", &s->pc))
    return refuse (error, "pc");
  s->pc &= rv_xlen_mask (rv) & ~UINT64_C (1);
  if (!g_variant_lookup (state, "fcsr", "u", &fcsr))
    return refuse (error, "fcsr");
  riscv_cpu_set_fcsr (rv, fcsr);
  if (!g_variant_lookup (state, "priv", "u", &priv) || priv == 2 || priv > RV_PRIV_M)
    return refuse (error, "priv");
  rv->priv = (RiscvPriv)priv;
  return true;
}

static bool
load_pmp (RiscvCpu *rv, GVariant *state, GError **error)
{
  uint64_t addr[RV_PMP_ENTRIES];
  uint8_t cfg[RV_PMP_ENTRIES];
  unsigned per_register = rv->rv32 ? 4 : 8;

  if (!load_array (state, "pmpaddr", "at", addr, RV_PMP_ENTRIES, 8, error) ||
      !load_array (state, "pmpcfg", "ay", cfg, RV_PMP_ENTRIES, 1, error))
    return false;
  for (unsigned i = 0; i < RV_PMP_ENTRIES; i++)
    riscv_set_pmpaddr (rv, CSR_pmpaddr + i, addr[i]);
  for (unsigned i = 0; i < RV_PMP_ENTRIES; i += per_register) {
    uint64_t value = 0;
    for (unsigned j = 0; j < per_register; j++)
      value |= (uint64_t)cfg[i + j] << 8 * j;
    riscv_set_pmpcfg (rv, CSR_pmpcfg + i / 4, value);
  }
  return true;
}

bool
riscv_load (Cpu *cpu, GVariant *state, GError **error)
{
  const uint64_t ours = RV_IP (SSI) | RV_IP (STI) | RV_IP (SEI);
  const uint64_t theirs = RV_IP (MSI) | RV_IP (MTI) | RV_IP (SEI) | RV_IP (MEI);
  RiscvCpu *rv = RV_CPU (cpu);
  uint64_t pending[2], counters[2];

  if (!g_variant_is_of_type (state, G_VARIANT_TYPE_VARDICT))
    return refuse (error, "cpu");
  riscv_reset (cpu);
  if (!load_registers (rv, state, error) || !load_pmp (rv, state, error) ||
      !load_array (state, "pending", "at", pending, 2, 8, error) ||
      !load_array (state, "counters", "at", counters, 2, 8, error) || !load_csrs (rv, state, error))
    return false;
  /* The bases are to be as they were, whatever writing mcountinhibit has made of them. */
  rv->mcycle_base = counters[0];
  rv->minstret_base = counters[1];
  __atomic_store_n (&rv->mip, pending[0] & ours, __ATOMIC_SEQ_CST);
  __atomic_store_n (&rv->lines, pending[1] & theirs, __ATOMIC_SEQ_CST);
  riscv_update_timer (rv);
  riscv_update_mode (rv);
  riscv_irqs_changed (rv);
  return true;
}
