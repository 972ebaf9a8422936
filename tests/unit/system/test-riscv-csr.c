/* SPDX-License-Identifier: GPL-3.0-or-later */

/* CSRs: every one keeps only what is legal, whichever way it is written, and survives save and restore. */

#include "machine.h"
#include <string.h>

#define AIA_MODEL "max,smaia=on,ssaia=on"

typedef void (*EachCsr) (Machine *m, const RiscvCsr *csr, unsigned number, GRand *rand);

static const struct {
  unsigned bits;
  const char *model;
} harts[] = {
  { 64, "rv64" },
  { 64, AIA_MODEL },
  { 64, "max,f=off,zicbom=off,sstc=off,svadu=off,svpbmt=off,c=off" },
  { 32, AIA_MODEL },
};

/* Calls fn for each CSR of each hart, after a reset. */
static void
each_csr (EachCsr fn)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (harts); i++) {
    g_autoptr (Machine) m = machine_new (harts[i].bits, harts[i].model);
    GRand *rand = g_rand_new_with_seed (i);
    for (unsigned number = 0; number < 0x1000; number++) {
      const RiscvCsr *csr = riscv_csr_find (m->rv, number);
      if (csr == NULL || csr->flags & RV_CSR_DYNAMIC)
        continue;
      m->isa->reset (m->cpu);
      fn (m, csr, number, rand);
    }
    g_rand_free (rand);
  }
}

static uint64_t
random_value (GRand *rand, unsigned round)
{
  switch (round) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    default: return (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
  }
}

/* What is read after a write is a legal value: writing it again changes nothing. No write disturbs the width.
 */
static void
check_legal (Machine *m, const RiscvCsr *csr, unsigned number, GRand *rand)
{
  for (unsigned round = 0; round < 20; round++) {
    uint64_t value = random_value (rand, round), before = csr_get (m, number);
    bool written = riscv_cpu_set_csr (m->cpu, number, value);
    g_assert_true (written == (number >> 10 != 3));
    uint64_t after = csr_get (m, number);
    if (!written)
      g_assert_cmphex (after, ==, before);
    if (m->cpu->isa->bits == 32)
      g_assert_cmphex (after >> 32, ==, 0);
    if (!written)
      continue;
    riscv_cpu_set_csr (m->cpu, number, after);
    if (csr_get (m, number) != after)
      g_error ("%s: %" G_GINT64_MODIFIER "x is not a fixed point", csr->name, after);
  }
}

static void
test_legal (void)
{
  each_csr (check_legal);
}

/* The instructions and the debugger's way agree, though many of the former are translated to moves. */
static void
check_instructions (Machine *m, const RiscvCsr *csr, unsigned number, GRand *rand)
{
  static const RvOp ops[] = {
    RV_OP_csrrw, RV_OP_csrrs, RV_OP_csrrc, RV_OP_csrrwi, RV_OP_csrrsi, RV_OP_csrrci
  };
  const bool pmp = csr->number == CSR_pmpcfg || csr->number == CSR_pmpaddr; /* may lock the test out */
  const bool fp = number <= CSR_fcsr;

  for (unsigned round = 0; round < 24 && !pmp; round++) {
    RvOp op = ops[round % 6];
    uint64_t source = random_value (rand, round / 6), before;
    if (round % 6 >= 3)
      source &= 31;
    if (m->cpu->isa->bits == 32)
      source = (uint32_t)source;
    if (fp)
      csr_set (m, CSR_mstatus, MSTATUS_FS);
    before = csr_get (m, number);
    bool writes =
        op == RV_OP_csrrw || op == RV_OP_csrrwi || op == RV_OP_csrrs || op == RV_OP_csrrc || source != 0;
    bool legal = !writes || number >> 10 != 3;
    if (execute_csr (m, op, number, source) == legal)
      g_error ("%s: %s %s", csr->name, rv_insns[op].name, legal ? "traps" : "does not trap");
    if (!legal) {
      m->isa->reset (m->cpu);
      continue;
    }
    uint64_t got = csr_get (m, number), old = m->s->var[10];
    g_assert_cmphex (old, ==, before);
    riscv_cpu_set_csr (m->cpu, number, before);
    uint64_t value = round % 3 == 0 ? source : round % 3 == 1 ? before | source : before & ~source;
    if (number >> 10 != 3)
      riscv_cpu_set_csr (m->cpu, number, value);
    if (csr_get (m, number) != got)
      g_error ("%s: %s with %" G_GINT64_MODIFIER "x of %" G_GINT64_MODIFIER "x gives %" G_GINT64_MODIFIER
               "x, not %" G_GINT64_MODIFIER "x",
               csr->name, rv_insns[op].name, source, before, got, csr_get (m, number));
  }
}

static void
test_instructions (void)
{
  each_csr (check_instructions);
}

/* What all ones and all zeroes leave, CSR by CSR, on RV64. */
static void
test_values (void)
{
  static const struct {
    unsigned number;
    uint64_t ones, zeroes;
  } cases[] = {
    { CSR_mstatus, UINT64_C (0x8000000a007e79aa), UINT64_C (0xa00000000) },
    { CSR_sstatus, UINT64_C (0x80000002000c6122), UINT64_C (0x200000000) },
    { CSR_misa, UINT64_C (0x800000000014112d), UINT64_C (0x800000000014112d) },
    { CSR_medeleg, 0xb3ff, 0 },
    { CSR_mideleg, 0x222, 0 },
    { CSR_mie, 0xaaa, 0 },
    { CSR_mip, 0x222, 0 },
    { CSR_sie, 0, 0 }, /* nothing is delegated */
    { CSR_sip, 0, 0 },
    { CSR_mtvec, ~UINT64_C (2), 0 },
    { CSR_stvec, ~UINT64_C (2), 0 },
    { CSR_mepc, ~UINT64_C (1), 0 },
    { CSR_sepc, ~UINT64_C (1), 0 },
    { CSR_mcounteren, 7, 0 },
    { CSR_scounteren, 7, 0 },
    { CSR_mcountinhibit, 5, 0 },
    { CSR_menvcfg, UINT64_C (0xe0000000000000f1), 0 },
    { CSR_senvcfg, 0xf1, 0 },
    { CSR_satp, 0, 0 }, /* no such mode: no effect */
    { CSR_mhpmcounter, 0, 0 },
    { CSR_mhpmevent + 28, 0, 0 },
    { CSR_pmpaddr + 15, UINT64_C (0x3fffffffffffff), 0 },
    { CSR_pmpcfg + 2, UINT64_C (0x9f9f9f9f9f9f9f9f), UINT64_C (0x9f9f9f9f9f9f9f9f) }, /* locked */
    { CSR_tselect, 0, 0 },
    { CSR_tdata, 0, 0 },
    { CSR_tinfo, 1, 1 },
  };
  g_autoptr (Machine) m = machine_new (64, "rv64");

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    m->isa->reset (m->cpu);
    csr_set (m, cases[i].number, UINT64_MAX);
    if (csr_get (m, cases[i].number) != cases[i].ones)
      g_error ("CSR %x of all ones reads %" G_GINT64_MODIFIER "x", cases[i].number,
               csr_get (m, cases[i].number));
    csr_set (m, cases[i].number, 0);
    if (csr_get (m, cases[i].number) != cases[i].zeroes)
      g_error ("CSR %x of all zeroes reads %" G_GINT64_MODIFIER "x", cases[i].number,
               csr_get (m, cases[i].number));
  }
  g_assert_false (riscv_cpu_set_csr (m->cpu, CSR_pmpcfg + 1, 0));
  g_assert_false (riscv_cpu_set_csr (m->cpu, CSR_mireg, 0));
  g_assert_false (riscv_cpu_set_csr (m->cpu, 0x7c0, 0));
}

static void
test_satp (void)
{
  g_autoptr (Machine) m = machine_new (64, "rv64,sv48=on");

  for (uint64_t mode = 0; mode < 16; mode++) {
    csr_set (m, CSR_satp, 0);
    csr_set (m, CSR_satp, mode << 60 | 0x1234);
    bool known = mode == 0 || mode == 8 || mode == 9;
    g_assert_cmphex (csr_get (m, CSR_satp), ==, known ? mode << 60 | 0x1234 : 0);
  }
}

static void
test_halves (void)
{
  g_autoptr (Machine) m = machine_new (32, "max");

  csr_set (m, CSR_stimecmp, 0x11223344);
  csr_set (m, CSR_stimecmph, 0x55667788);
  g_assert_cmphex (m->rv->stimecmp, ==, UINT64_C (0x5566778811223344));
  g_assert_cmphex (csr_get (m, CSR_stimecmph), ==, 0x55667788);
  csr_set (m, CSR_menvcfg, UINT32_MAX);
  csr_set (m, CSR_menvcfgh, UINT32_MAX);
  g_assert_cmphex (m->rv->menvcfg, ==, UINT64_C (0xa0000000000000f1));
  csr_set (m, CSR_mcycle, 0xfffffff0);
  csr_set (m, CSR_mcycleh, 7);
  g_assert_cmphex (m->rv->mcycle_base, ==, UINT64_C (0x7fffffff0));
  g_assert_cmphex (csr_get (m, CSR_cycleh), ==, 7);
  csr_set (m, CSR_mstatus, MSTATUS_FS);
  g_assert_cmphex (csr_get (m, CSR_mstatus), ==, MSTATUS_FS | UINT64_C (0x80000000));
}

static void
test_counters (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  Clock *clock = clock_new ();

  riscv_cpu_set_clock (m->cpu, clock);
  clock_set (clock, 12345678900);
  g_assert_cmpuint (csr_get (m, CSR_time), ==, 123456789);
  csr_set (m, CSR_mcycle, 1000);
  g_assert_cmpuint (csr_get (m, CSR_cycle), ==, 1000);
  clock_set (clock, 12345678950);
  g_assert_cmpuint (csr_get (m, CSR_mcycle), ==, 1050);
  csr_set (m, CSR_mcountinhibit, 1);
  clock_set (clock, 12345679950);
  g_assert_cmpuint (csr_get (m, CSR_mcycle), ==, 1050);
  g_assert_cmpuint (csr_get (m, CSR_minstret), ==, 12345679950);
  csr_set (m, CSR_mcountinhibit, 0);
  clock_set (clock, 12345679960);
  g_assert_cmpuint (csr_get (m, CSR_mcycle), ==, 1060);
  m->s->var[10] = 0;
  g_assert_false (execute_csr (m, RV_OP_csrrsi, CSR_time, 0));
  g_assert_cmpuint (m->s->var[10], ==, 123456799);
  riscv_cpu_set_clock (m->cpu, NULL);
  clock_free (clock);
}

/* Gives the hart a state that has something in every place. */
static void
scramble (Machine *m, GRand *rand)
{
  for (unsigned number = 0; number < 0x1000; number++) {
    const RiscvCsr *csr = riscv_csr_find (m->rv, number);
    if (csr != NULL && !(csr->flags & RV_CSR_DYNAMIC) && number >> 10 != 3)
      riscv_cpu_set_csr (m->cpu, number, random_value (rand, 2));
  }
  csr_set (m, CSR_satp, m->rv->rv32 ? 0x80001234 : UINT64_C (0x9123400000004567));
  for (unsigned i = 1; i < 64; i++)
    m->s->var[i] = i < 32 && m->rv->rv32 ? g_rand_int (rand) : random_value (rand, 2);
  m->s->pc = RAM_BASE + 2 * g_rand_int_range (rand, 0, 1000);
  m->s->var[RV_VAR_RES_ADDR] = RAM_BASE + 8;
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MEI, true);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SSI, true);
  go_to (m, RV_PRIV_S);
}

static void
assert_same (Machine *one, Machine *two)
{
  for (unsigned number = 0; number < 0x1000; number++) {
    const RiscvCsr *csr = riscv_csr_find (one->rv, number);
    if (csr != NULL && !(csr->flags & RV_CSR_DYNAMIC) && csr_get (one, number) != csr_get (two, number))
      g_error ("%s: %" G_GINT64_MODIFIER "x became %" G_GINT64_MODIFIER "x", csr->name, csr_get (one, number),
               csr_get (two, number));
  }
  g_assert_cmpmem (one->s->var, sizeof one->s->var, two->s->var, sizeof two->s->var);
  g_assert_cmphex (one->s->pc, ==, two->s->pc);
  g_assert_cmphex (one->s->mode, ==, two->s->mode);
  g_assert_cmpint (one->rv->priv, ==, two->rv->priv);
  g_assert_cmpmem (one->rv->pmp, sizeof one->rv->pmp, two->rv->pmp, sizeof two->rv->pmp);
  CpuSpaceKey a = one->isa->space (one->cpu), b = two->isa->space (two->cpu);
  g_assert_true (a.root == b.root && a.flags == b.flags);
}

static void
test_save (void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (harts); i++) {
    GRand *rand = g_rand_new_with_seed (i + 40);
    for (unsigned round = 0; round < 20; round++) {
      g_autoptr (Machine) m = machine_new (harts[i].bits, harts[i].model),
                          other = machine_new (harts[i].bits, harts[i].model);
      g_autoptr (GError) error = NULL;
      scramble (m, rand);
      g_autoptr (GVariant) state = m->isa->save (m->cpu);
      scramble (other, rand);
      g_assert_true (other->isa->load (other->cpu, state, &error));
      g_assert_no_error (error);
      assert_same (m, other);
      g_autoptr (GVariant) again = other->isa->save (other->cpu);
      g_assert_true (g_variant_equal (state, again));
    }
    g_rand_free (rand);
  }
}

/* The state without `key`, or with `value` there. */
static GVariant *
spoiled (GVariant *state, const char *key, GVariant *value)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, state);
  g_variant_dict_remove (&dict, key);
  if (value != NULL)
    g_variant_dict_insert_value (&dict, key, value);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
assert_refused (Machine *m, GVariant *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) owned = state;

  g_assert_false (m->isa->load (m->cpu, owned, &error));
  g_assert_nonnull (error);
}

static void
test_bad_state (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  g_autoptr (GVariant) state = m->isa->save (m->cpu);
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, state);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL)) {
    assert_refused (m, spoiled (state, key, NULL));
    assert_refused (m, spoiled (state, key, g_variant_new_string ("x")));
  }
  assert_refused (m, spoiled (state, "priv", g_variant_new_uint32 (2)));
  assert_refused (m, spoiled (state, "priv", g_variant_new_uint32 (4)));
  assert_refused (m, spoiled (state, "x", g_variant_new_parsed ("[uint64 1, 2]")));
  assert_refused (m, spoiled (state, "csr", g_variant_new_parsed ("{'satp': uint64 1}")));
  assert_refused (m, g_variant_ref_sink (g_variant_new_string ("x")));
  /* Illegal values of a state that has all it should become legal ones. */
  g_autoptr (GVariant) csrs = g_variant_lookup_value (state, "csr", NULL);
  GVariantBuilder wild;
  uint64_t value;
  g_variant_builder_init (&wild, G_VARIANT_TYPE ("a{st}"));
  g_variant_iter_init (&iter, csrs);
  while (g_variant_iter_next (&iter, "{&st}", &key, &value))
    g_variant_builder_add (&wild, "{st}", key, UINT64_MAX);
  g_autoptr (GVariant) bad = spoiled (state, "csr", g_variant_builder_end (&wild));
  g_assert_true (m->isa->load (m->cpu, bad, NULL));
  g_assert_cmphex (csr_get (m, CSR_satp), ==, 0);
  g_assert_cmphex (csr_get (m, CSR_mideleg), ==, 0x222);
  g_assert_cmphex (csr_get (m, CSR_mepc), ==, ~UINT64_C (1));
}

static void
test_debugger (void)
{
  g_autoptr (Machine) m = machine_new (64, "rv64");
  const GuestIsa *isa = m->cpu->isa;
  g_autoptr (GString) text = g_string_new (NULL);
  unsigned csrs = 0;

  for (unsigned i = 0; i < riscv64_isa.n_registers; i++)
    g_assert_cmpstr (isa->registers[i].name, ==, riscv64_isa.registers[i].name);
  csr_set (m, CSR_sscratch, 0x1234);
  for (unsigned i = 0; i < isa->n_registers; i++) {
    const IsaRegister *r = &isa->registers[i];
    csrs += !strcmp (r->group, "csr");
    if (strcmp (r->name, "sscratch") != 0)
      continue;
    g_assert_cmphex (r->get (m->cpu, r->index), ==, 0x1234);
    r->set (m->cpu, r->index, 0x5678);
  }
  g_assert_cmpuint (csrs, >, 30);
  g_assert_cmphex (csr_get (m, CSR_sscratch), ==, 0x5678);
  isa->dump (m->cpu, text);
  g_assert_nonnull (strstr (text->str, "sscratch      0000000000005678"));
  g_assert_nonnull (strstr (text->str, "priv     M"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/csr/legal", test_legal);
  g_test_add_func ("/riscv/csr/instructions", test_instructions);
  g_test_add_func ("/riscv/csr/values", test_values);
  g_test_add_func ("/riscv/csr/satp", test_satp);
  g_test_add_func ("/riscv/csr/halves", test_halves);
  g_test_add_func ("/riscv/csr/counters", test_counters);
  g_test_add_func ("/riscv/csr/save", test_save);
  g_test_add_func ("/riscv/csr/bad-state", test_bad_state);
  g_test_add_func ("/riscv/csr/debugger", test_debugger);
  return g_test_run ();
}
