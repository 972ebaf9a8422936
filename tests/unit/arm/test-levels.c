/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table of system registers, routing of interrupts, and the state that is saved, without running code. */

#include "arm-bits.h"
#include "arm-sysreg.h"
#include "vcpus.h"
#include <string.h>

static const ArmMachineConfig all_levels = { .el2 = true, .el3 = true, .gic = 3 };

/* ---- The table. ---- */

static void
test_table (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &all_levels);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);
  uint64_t vars[2] = { 0 };

  for (unsigned i = 0; i < ARM_N_SYSREGS; i++) {
    const ArmSysreg *r = &arm_sysregs[i];
    g_assert_true (g_hash_table_add (names, (gpointer)r->name));
    g_assert_true (g_hash_table_add (numbers, GUINT_TO_POINTER (r->reg)));
    g_assert_true (ARM_REG_OP0 (r->reg) == 2 || ARM_REG_OP0 (r->reg) == 3);
    g_assert_false (r->flags & SR_RO && r->flags & SR_WO);
    if (r->var != 0) {
      g_assert_false (vars[r->var / 64] >> r->var % 64 & 1);
      vars[r->var / 64] |= UINT64_C (1) << r->var % 64;
    }
    /* "max" has all of them, but for RVBAR and RMR of the lower levels. */
    bool lower = g_str_has_prefix (r->name, "R") && !g_str_has_suffix (r->name, "EL3") &&
                 !g_str_has_prefix (r->name, "REVIDR");
    g_assert_cmpuint (arm_sysreg_find (v->arm[0], r->reg), ==, lower ? ARM_N_SYSREGS : i);
  }
  g_assert_cmpuint (arm_sysreg_find (v->arm[0], ARM_REG (3, 3, 15, 15, 7)), ==, ARM_N_SYSREGS);
}

/* What belongs to a level that is not there. */
static void
test_missing_levels (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &(ArmMachineConfig){ .gic = 2 });
  uint64_t value;

  g_assert_false (arm_cpu_get_sysreg (&v->arm[0]->cpu, arm_sysregs[ARM_SR_HCR_EL2].reg, &value));
  g_assert_false (arm_cpu_set_sysreg (&v->arm[0]->cpu, arm_sysregs[ARM_SR_SCR_EL3].reg, 1));
  g_assert_true (arm_cpu_get_sysreg (&v->arm[0]->cpu, arm_sysregs[ARM_SR_RVBAR_EL1].reg, &value));
  g_assert_cmphex (value, ==, VCPUS_RAM);
  g_assert_cmpuint (arm_id_field (v->arm[0], ARM_ID_PFR0, 8), ==, 0);
  g_assert_cmpuint (arm_id_field (v->arm[0], ARM_ID_PFR0, 12), ==, 0);
  g_assert_cmpuint (arm_id_field (v->arm[0], ARM_ID_PFR0, 24), ==, 0);
  g_assert_cmpuint (v->arm[0]->el, ==, 1);
}

/* ---- Interrupts. ---- */

/* SPEC: DDI 0487, D1.3.6.3: SCR_EL3, HCR_EL2, the level, whether PSTATE masks it, and the level that takes
 * it. */
typedef struct {
  uint64_t scr, hcr;
  unsigned el;
  bool masked;
  unsigned taken_to; /* 0: not now */
} Route;

static const Route routes[] = {
  { SCR_NS, 0, 0, false, 1 },
  { SCR_NS, 0, 0, true, 0 },
  { SCR_NS, 0, 1, false, 1 },
  { SCR_NS, 0, 1, true, 0 },
  { SCR_NS, 0, 2, false, 0 },
  { SCR_NS, 0, 3, false, 0 },
  { SCR_NS, HCR_IMO, 0, true, 2 },
  { SCR_NS, HCR_IMO, 1, true, 2 },
  { SCR_NS, HCR_IMO, 2, true, 0 },
  { SCR_NS, HCR_IMO, 2, false, 2 },
  { SCR_NS, HCR_IMO, 3, false, 0 },
  { SCR_NS, HCR_TGE, 0, true, 2 },
  { SCR_NS, HCR_TGE | HCR_E2H, 0, true, 0 },
  { SCR_NS, HCR_TGE | HCR_E2H, 0, false, 2 },
  { SCR_NS | SCR_IRQ, HCR_IMO, 0, true, 3 },
  { SCR_NS | SCR_IRQ, 0, 1, true, 3 },
  { SCR_NS | SCR_IRQ, 0, 2, true, 3 },
  { SCR_NS | SCR_IRQ, 0, 3, true, 0 },
  { SCR_NS | SCR_IRQ, 0, 3, false, 3 },
  /* In Secure state there is no EL2. */
  { 0, HCR_IMO, 1, false, 1 },
  { 0, HCR_IMO, 1, true, 0 },
  { SCR_IRQ, HCR_IMO, 1, true, 3 },
};

static void
test_routes (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &all_levels);
  ArmCpu *arm = v->arm[0];

  for (unsigned i = 0; i < G_N_ELEMENTS (routes); i++) {
    const Route *r = &routes[i];
    arm_reset (&arm->cpu);
    arm_sysreg_write (arm, ARM_SR_SCR_EL3, r->scr);
    arm_sysreg_write (arm, ARM_SR_HCR_EL2, r->hcr);
    arm_set_pstate (arm, (uint64_t)r->el << 2 | (r->el != 0) | (r->masked ? PSTATE_I : 0));
    arm_set_line (arm, ARM_LINE_IRQ, true);
    g_test_message ("route %u", i);
    g_assert_true (arm_wakes (&arm->cpu));
    g_assert_cmpint (arm_interrupt_due (arm), ==, r->taken_to != 0);
    g_assert_cmpint (arm_interrupt (&arm->cpu), ==, r->taken_to != 0);
    g_assert_cmpuint (arm->el, ==, r->taken_to != 0 ? r->taken_to : r->el);
    if (r->taken_to != 0) {
      unsigned part = r->taken_to > r->el ? 0x400 : 0x200;
      g_assert_cmphex (arm->cpu.state.pc, ==, part + ARM_VECTOR_IRQ); /* VBAR_ELx is 0 */
    }
    arm_set_line (arm, ARM_LINE_IRQ, false);
    g_assert_false (arm_wakes (&arm->cpu));
  }
}

/* FIQ comes before IRQ, and a virtual one only where the level is below EL2. */
static void
test_order (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &all_levels);
  ArmCpu *arm = v->arm[0];

  arm_sysreg_write (arm, ARM_SR_SCR_EL3, SCR_NS);
  arm_set_pstate (arm, 5);
  arm_set_line (arm, ARM_LINE_IRQ, true);
  arm_set_line (arm, ARM_LINE_FIQ, true);
  g_assert_cmphex (arm_isr (arm), ==, 0xc0);
  g_assert_true (arm_interrupt (&arm->cpu));
  g_assert_cmphex (arm->cpu.state.pc, ==, 0x200 + ARM_VECTOR_FIQ);
  arm_set_line (arm, ARM_LINE_IRQ, false);
  arm_set_line (arm, ARM_LINE_FIQ, false);
  arm_sysreg_write (arm, ARM_SR_HCR_EL2, HCR_IMO);
  arm_set_line (arm, ARM_LINE_VIRQ, true);
  arm_set_pstate (arm, 9);
  g_assert_false (arm_interrupt (&arm->cpu));
  g_assert_false (arm_wakes (&arm->cpu));
  arm_set_pstate (arm, 5);
  g_assert_true (arm_interrupt (&arm->cpu));
  g_assert_cmpuint (arm->el, ==, 1);
}

/* ---- PSTATE. ---- */

static void
test_pstate (void)
{
  g_autoptr (Vcpus) v = vcpus_new (1, &all_levels);
  ArmCpu *arm = v->arm[0];
  uint64_t *var = arm->cpu.state.var;

  arm_sysreg_write (arm, ARM_SR_SCR_EL3, SCR_NS);
  for (uint64_t el = 0; el < 4; el++)
    for (uint64_t sp = 0; sp < 2; sp++) {
      if (el == 0 && sp == 1)
        continue;
      uint64_t all = UINT64_C (0xf1c01000) | PSTATE_DAIF | PSTATE_IL | PSTATE_SS | el << 2 | sp;
      arm_set_pstate (arm, all);
      g_assert_cmphex (arm_pstate (arm), ==, all);
      var[ARM_VAR_SP] = 0x1000 * el + sp;
    }
  /* Each has kept its own; the level's with SP_EL0 is the same as EL0's, and EL3's was written last. */
  arm_set_pstate (arm, 0);
  g_assert_cmphex (var[ARM_VAR_SP], ==, 0x3000);
  g_assert_cmphex (var[ARM_VAR_SP_EL1], ==, 0x1001);
  g_assert_cmphex (var[ARM_VAR_SP_EL2], ==, 0x2001);
  g_assert_cmphex (var[ARM_VAR_SP_EL3], ==, 0x3001);
  /* AArch32 and what does not exist change no level. */
  arm_set_pstate (arm, PSTATE_NRW | 4);
  g_assert_cmpuint (arm->el, ==, 0);
  arm_set_pstate (arm, 1);
  g_assert_cmpuint (arm->el, ==, 0);
  g_assert_false (arm->spsel);
}

/* ---- Save and restore. ---- */

/* Something in everything that can be written. */
static void
fill (ArmCpu *arm)
{
  IrState *s = &arm->cpu.state;

  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    if (!(arm_sysregs[i].flags & (SR_RO | SR_TIMER | SR_PMU)) && i != ARM_SR_SCR_EL3 && i != ARM_SR_HCR_EL2)
      arm_sysreg_write (arm, (ArmSysregId)i, UINT64_C (0x0102030405060700) * (i % 13 + 1));
  arm_sysreg_write (arm, ARM_SR_SCR_EL3, SCR_NS);
  arm_set_pstate (arm, 0x60000000 | PSTATE_I | 9);
  for (unsigned i = 0; i < 32; i++)
    s->var[ARM_VAR_X + i] = i + 1;
  for (unsigned i = 0; i < 64; i++)
    s->var[ARM_VAR_V + i] = 3 * i;
  s->pc = 0x40001234;
}

static void
test_save (void)
{
  g_autoptr (Vcpus) from = vcpus_new (1, &all_levels), to = vcpus_new (1, &all_levels);
  g_autoptr (GError) error = NULL;

  fill (from->arm[0]);
  arm_set_line (from->arm[0], ARM_LINE_FIQ, true);
  g_autoptr (GVariant) state = arm_save (&from->arm[0]->cpu);
  g_assert_true (arm_load (&to->arm[0]->cpu, state, &error));
  g_assert_no_error (error);
  const ArmCpu *a = from->arm[0], *b = to->arm[0];
  for (unsigned i = 0; i < ARM_N_SYSREGS; i++)
    g_assert_cmphex (arm_sysreg_get (b, (ArmSysregId)i), ==, arm_sysreg_get (a, (ArmSysregId)i));
  g_assert_cmpmem (a->cpu.state.var, 128 * 8, b->cpu.state.var, 128 * 8);
  g_assert_cmpmem (a->pauth_key, sizeof a->pauth_key, b->pauth_key, sizeof b->pauth_key);
  g_assert_cmphex (arm_pstate (b), ==, arm_pstate (a));
  g_assert_cmphex (b->cpu.state.pc, ==, 0x40001234);
  g_assert_cmphex (b->cpu.state.mode, ==, a->cpu.state.mode);
  g_assert_cmphex (b->lines, ==, 1u << ARM_LINE_FIQ);
}

/* The state with `name` left out, or with `value` in its place. */
static GVariant *
changed (GVariant *state, const char *name, GVariant *value)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, state);
  g_variant_dict_remove (&dict, name);
  if (value != NULL)
    g_variant_dict_insert_value (&dict, name, value);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
refused (ArmCpu *arm, GVariant *state, const char *name, GVariant *value)
{
  g_autoptr (GVariant) damaged = changed (state, name, value);
  g_autoptr (GError) error = NULL;

  g_assert_false (arm_load (&arm->cpu, damaged, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
  g_assert_nonnull (strstr (error->message, name));
}

static void
test_damaged (void)
{
  static const char *const needed[] = { "pc",        "pstate", "fpcr",  "fpsr",  "x",     "sp",    "v",
                                        "exclusive", "keys",   "lines", "power", "start", "sysreg" };
  g_autoptr (Vcpus) v = vcpus_new (1, &all_levels);
  ArmCpu *arm = v->arm[0];
  const uint64_t few[] = { 1, 2, 3 };
  g_autoptr (GVariant) state = arm_save (&arm->cpu);

  for (unsigned i = 0; i < G_N_ELEMENTS (needed); i++)
    refused (arm, state, needed[i], NULL);
  refused (arm, state, "x", g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, few, 3, 8));
  refused (arm, state, "pstate", g_variant_new_uint64 (PSTATE_NRW | 5));
  refused (arm, state, "lines", g_variant_new_uint32 (UINT32_MAX));
  refused (arm, state, "power", g_variant_new_uint32 (9));
  refused (arm, state, "pc", g_variant_new_string ("0"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arm/levels/table", test_table);
  g_test_add_func ("/arm/levels/missing", test_missing_levels);
  g_test_add_func ("/arm/levels/routes", test_routes);
  g_test_add_func ("/arm/levels/order", test_order);
  g_test_add_func ("/arm/levels/pstate", test_pstate);
  g_test_add_func ("/arm/levels/save", test_save);
  g_test_add_func ("/arm/levels/damaged", test_damaged);
  return g_test_run ();
}
