/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Privilege: traps in and out of them, delegation, and what each privilege is kept from. */

#include "machine.h"

#define MRET       0x30200073u
#define SRET       0x10200073u
#define WFI        0x10500073u
#define ECALL      0x00000073u
#define EBREAK     0x00100073u
#define SFENCE_VMA 0x12000073u
#define C_EBREAK   0x9002u
#define ILLEGAL    0xffffffffu

static uint64_t
status (Machine *m)
{
  return csr_get (m, CSR_mstatus);
}

static void
assert_m_trap (Machine *m, uint64_t cause, uint64_t tval, RiscvPriv from)
{
  g_assert_cmphex (m->s->pc, ==, HANDLER_M);
  g_assert_cmphex (csr_get (m, CSR_mcause), ==, cause);
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, tval);
  g_assert_cmphex (csr_get (m, CSR_mepc), ==, CODE);
  g_assert_cmphex (status (m) >> MSTATUS_MPP_SHIFT & 3, ==, from);
  g_assert_false (status (m) & MSTATUS_MIE);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_M);
}

static void
test_reset (void)
{
  g_autoptr (Machine) m = machine_new (64, "rv64");

  m->isa->reset (m->cpu);
  g_assert_cmphex (m->s->pc, ==, CODE);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_M);
  g_assert_cmphex (status (m), ==, MSTATUS64_UXL_2 | MSTATUS64_SXL_2);
  g_assert_cmphex (csr_get (m, CSR_satp), ==, 0);
  g_assert_cmphex (csr_get (m, CSR_pmpcfg), ==, 0);
  g_assert_cmphex (csr_get (m, CSR_misa), ==, UINT64_C (2) << 62 | 0x14112d);
}

static void
test_exceptions (void)
{
  static const RiscvPriv privs[] = { RV_PRIV_U, RV_PRIV_S, RV_PRIV_M };

  for (unsigned i = 0; i < 3; i++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    RiscvPriv priv = privs[i];
    go_to (m, priv);
    g_assert_true (execute (m, ECALL));
    assert_m_trap (m, 8 + priv, 0, priv);
    go_to (m, priv);
    g_assert_true (execute (m, EBREAK));
    assert_m_trap (m, 3, CODE, priv);
    go_to (m, priv);
    g_assert_true (execute (m, C_EBREAK));
    assert_m_trap (m, 3, CODE, priv);
    go_to (m, priv);
    g_assert_true (execute (m, ILLEGAL));
    assert_m_trap (m, 2, ILLEGAL, priv);
    go_to (m, priv);
    g_assert_true (execute (m, 0x12340000)); /* a compressed one: its two bytes */
    assert_m_trap (m, 2, 0, priv);
    /* Nothing is there: access faults. */
    m->s->var[11] = 0x1003;
    go_to (m, priv);
    g_assert_true (execute (m, encode (RV_OP_lw, &(Ops){ .rd = 10, .rs1 = 11 })));
    assert_m_trap (m, 5, 0x1003, priv);
    go_to (m, priv);
    g_assert_true (execute (m, encode (RV_OP_sw, &(Ops){ .rs2 = 10, .rs1 = 11 })));
    assert_m_trap (m, 7, 0x1003, priv);
    /* Atomics: misaligned ones by kind. */
    m->s->var[11] = RAM_BASE + 0x4002;
    go_to (m, priv);
    g_assert_true (execute (m, encode (RV_OP_amoadd_w, &(Ops){ .rd = 10, .rs1 = 11, .rs2 = 12 })));
    assert_m_trap (m, 6, RAM_BASE + 0x4002, priv);
    go_to (m, priv);
    g_assert_true (execute (m, encode (RV_OP_lr_w, &(Ops){ .rd = 10, .rs1 = 11 })));
    assert_m_trap (m, 4, RAM_BASE + 0x4002, priv);
    m->s->var[11] = 0x1000;
    go_to (m, priv);
    g_assert_true (execute (m, encode (RV_OP_amoadd_w, &(Ops){ .rd = 10, .rs1 = 11, .rs2 = 12 })));
    assert_m_trap (m, 7, 0x1000, priv);
    /* Misaligned plain ones work. */
    m->s->var[11] = RAM_BASE + 0x4ffd;
    go_to (m, priv);
    ram_set (m, RAM_BASE + 0x4ffd, 8, UINT64_C (0x1122334455667788));
    g_assert_false (execute (m, encode (RV_OP_ld, &(Ops){ .rd = 10, .rs1 = 11 })));
    g_assert_cmphex (m->s->var[10], ==, UINT64_C (0x1122334455667788));
  }
}

static void
test_fetch_fault (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  m->s->pc = 0x1000;
  m->s->var[1] = 7;
  IrExit reason = cpu_run (m->cpu);
  g_assert_cmpint (reason, ==, IR_EXIT_FETCH_FAULT);
  m->isa->exception (m->cpu, reason);
  g_assert_cmphex (csr_get (m, CSR_mcause), ==, 1);
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, 0x1000);
  g_assert_cmphex (csr_get (m, CSR_mepc), ==, 0x1000);
  /* The second half of an instruction at the end of RAM. */
  ram_set (m, RAM_BASE + RAM_SIZE - 2, 2, 3);
  m->s->pc = RAM_BASE + RAM_SIZE - 2;
  m->isa->exception (m->cpu, cpu_run (m->cpu));
  g_assert_cmphex (csr_get (m, CSR_mcause), ==, 1);
  g_assert_cmphex (csr_get (m, CSR_mepc), ==, RAM_BASE + RAM_SIZE - 2);
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, RAM_BASE + RAM_SIZE);
}

static void
test_delegation (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  csr_set (m, CSR_medeleg, UINT64_MAX);
  g_assert_cmphex (csr_get (m, CSR_medeleg), ==, 0xb3ff);
  csr_set (m, CSR_mstatus, MSTATUS_SIE | MSTATUS_MIE);
  go_to (m, RV_PRIV_U);
  g_assert_true (execute (m, ECALL));
  g_assert_cmphex (m->s->pc, ==, HANDLER_S);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_S);
  g_assert_cmphex (csr_get (m, CSR_scause), ==, 8);
  g_assert_cmphex (csr_get (m, CSR_sepc), ==, CODE);
  g_assert_cmphex (csr_get (m, CSR_sstatus) & (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP), ==, MSTATUS_SPIE);
  g_assert_true (status (m) & MSTATUS_MIE);
  /* From S mode, to S mode. */
  csr_set (m, CSR_sstatus, 0);
  g_assert_true (execute (m, ILLEGAL));
  g_assert_cmphex (m->s->pc, ==, HANDLER_S);
  g_assert_cmphex (csr_get (m, CSR_stval), ==, ILLEGAL);
  g_assert_cmphex (csr_get (m, CSR_sstatus) & (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP), ==, MSTATUS_SPP);
  /* Never out of M mode. */
  go_to (m, RV_PRIV_M);
  g_assert_true (execute (m, ILLEGAL));
  assert_m_trap (m, 2, ILLEGAL, RV_PRIV_M);
}

static void
test_returns (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  csr_set (m, CSR_mepc, RAM_BASE + 0x801);
  g_assert_cmphex (csr_get (m, CSR_mepc), ==, RAM_BASE + 0x800);
  csr_set (m, CSR_mstatus, MSTATUS_MPIE | (uint64_t)RV_PRIV_S << MSTATUS_MPP_SHIFT | MSTATUS_MPRV);
  g_assert_false (execute (m, MRET));
  g_assert_cmphex (m->s->pc, ==, RAM_BASE + 0x800);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_S);
  g_assert_cmphex (status (m) & MSTATUS_WRITABLE, ==, MSTATUS_MPIE | MSTATUS_MIE);
  /* MPRV stays where M mode returns to itself. */
  go_to (m, RV_PRIV_M);
  csr_set (m, CSR_mstatus, MSTATUS_MPP | MSTATUS_MPRV);
  g_assert_false (execute (m, MRET));
  g_assert_cmphex (status (m) & MSTATUS_WRITABLE, ==, MSTATUS_MPIE | MSTATUS_MPRV);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_M);

  csr_set (m, CSR_sepc, RAM_BASE + 0x900);
  csr_set (m, CSR_mstatus, MSTATUS_SPP | MSTATUS_SIE);
  go_to (m, RV_PRIV_S);
  g_assert_false (execute (m, SRET));
  g_assert_cmphex (m->s->pc, ==, RAM_BASE + 0x900);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_S);
  g_assert_cmphex (status (m) & MSTATUS_WRITABLE, ==, MSTATUS_SPIE);
  g_assert_false (execute (m, SRET));
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_U);
  g_assert_cmphex (status (m) & MSTATUS_WRITABLE, ==, MSTATUS_SPIE | MSTATUS_SIE);
}

/* Which privileged instruction is legal where. */
static void
test_refusals (void)
{
  static const struct {
    uint32_t insn;
    uint64_t mstatus;
    unsigned legal; /* bit n: at privilege n */
  } cases[] = {
    { MRET, 0, 8 },
    { SRET, 0, 8 | 2 },
    { SRET, MSTATUS_TSR, 8 },
    { WFI, 0, 8 | 2 },
    { WFI, MSTATUS_TW, 8 },
    { SFENCE_VMA, 0, 8 | 2 },
    { SFENCE_VMA, MSTATUS_TVM, 8 },
    { 0x16000073, 0, 8 | 2 }, /* sinval.vma */
    { 0x16000073, MSTATUS_TVM, 8 },
    { 0x18000073, MSTATUS_TVM, 8 | 2 }, /* sfence.w.inval */
    { 0x18100073, 0, 8 | 2 },           /* sfence.inval.ir */
    { 0x18002573, MSTATUS_TVM, 8 },     /* csrr a0, satp */
    { 0x18002573, 0, 8 | 2 },
    { 0x10002573, MSTATUS_TVM, 8 | 2 }, /* csrr a0, sstatus */
    { 0x30002573, 0, 8 },               /* csrr a0, mstatus */
    { 0xf1402573, 0, 8 },               /* csrr a0, mhartid */
    { 0xf1451073, 0, 0 },               /* csrw mhartid, a0 */
    { 0x20002573, 0, 0 },               /* csrr a0, vsstatus */
    { 0xc0102573, 0, 8 },               /* csrr a0, time: mcounteren is 0 */
    { 0xb0002573, 0, 8 },               /* csrr a0, mcycle */
    { 0x7b002573, 0, 0 },               /* csrr a0, dcsr */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    for (unsigned priv = 0; priv < 4; priv++) {
      if (priv == 2)
        continue;
      g_autoptr (Machine) m = machine_new (64, NULL);
      csr_set (m, CSR_mstatus, cases[i].mstatus);
      csr_set (m, CSR_mepc, CODE + 0x10);
      csr_set (m, CSR_sepc, CODE + 0x10);
      go_to (m, (RiscvPriv)priv);
      bool legal = cases[i].legal >> priv & 1;
      if (execute (m, cases[i].insn) == legal)
        g_error ("%08x with mstatus %" G_GINT64_MODIFIER "x at privilege %u is %s", cases[i].insn,
                 cases[i].mstatus, priv, legal ? "refused" : "let through");
      if (!legal)
        assert_m_trap (m, 2, cases[i].insn, (RiscvPriv)priv);
    }
}

static void
test_counteren (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  for (unsigned i = 0; i < 3; i++)
    for (unsigned enabled = 0; enabled < 4; enabled++) {
      go_to (m, RV_PRIV_M);
      csr_set (m, CSR_mcounteren, enabled & 1 ? 1u << i : 7 & ~(1u << i));
      csr_set (m, CSR_scounteren, enabled & 2 ? 1u << i : 7 & ~(1u << i));
      go_to (m, RV_PRIV_S);
      g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_cycle + i, 0) == !(enabled & 1));
      go_to (m, RV_PRIV_U);
      g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_cycle + i, 0) == (enabled != 3));
    }
  /* Those that are always zero are M mode's alone. */
  csr_set (m, CSR_mcounteren, UINT64_MAX);
  go_to (m, RV_PRIV_S);
  g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_hpmcounter, 0));
  go_to (m, RV_PRIV_M);
  g_assert_false (execute_csr (m, RV_OP_csrrsi, CSR_hpmcounter, 0));
  /* stimecmp needs menvcfg.STCE and mcounteren.TM. */
  for (unsigned enabled = 0; enabled < 4; enabled++) {
    go_to (m, RV_PRIV_M);
    csr_set (m, CSR_mcounteren, enabled & 1 ? 2 : 0);
    csr_set (m, CSR_menvcfg, enabled & 2 ? ENVCFG_STCE : 0);
    g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_stimecmp, 5));
    go_to (m, RV_PRIV_S);
    g_assert_true (execute_csr (m, RV_OP_csrrw, CSR_stimecmp, 5) == (enabled != 3));
  }
}

static void
test_fp_state (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  uint32_t fadd = encode (RV_OP_fadd_d, &(Ops){ .rd = 1, .rs1 = 2, .rs2 = 3, .rm = 7 });
  uint32_t fsd = encode (RV_OP_fsd, &(Ops){ .rs1 = 11, .rs2 = 1 });
  uint32_t frflags = encode (RV_OP_csrrs, &(Ops){ .rd = 10, .csr = CSR_fflags });
  uint32_t fsflags = encode (RV_OP_csrrw, &(Ops){ .rd = 10, .rs1 = 12, .csr = CSR_fflags });
  const uint32_t all[] = { fadd, fsd, frflags, fsflags };

  for (unsigned priv = 0; priv < 4; priv += priv + 1) /* 0, 1, 3 */
    for (unsigned i = 0; i < 4; i++)
      for (unsigned fs = 0; fs < 4; fs++) {
        bool writes = i == 0 || i == 3;
        go_to (m, RV_PRIV_M);
        csr_set (m, CSR_mstatus, (uint64_t)fs << MSTATUS_FS_SHIFT);
        g_assert_true (!!(status (m) & MSTATUS64_SD) == (fs == 3));
        go_to (m, (RiscvPriv)priv);
        m->s->var[11] = RAM_BASE + 0x5000;
        m->s->var[34] = m->s->var[35] = UINT64_C (0x3ff0000000000000);
        m->s->var[33] = 0;
        g_assert_true (execute (m, all[i]) == (fs == 0));
        unsigned after = fs == 0 ? 0 : writes ? 3 : fs;
        g_assert_cmpuint (status (m) >> MSTATUS_FS_SHIFT & 3, ==, after);
        g_assert_true (!!(status (m) & MSTATUS64_SD) == (after == 3));
        if (fs != 0 && i == 0)
          g_assert_cmphex (m->s->var[33], ==, UINT64_C (0x4000000000000000));
      }
  g_autoptr (Machine) without = machine_new (64, "max,f=off");
  csr_set (without, CSR_mstatus, MSTATUS_FS);
  g_assert_cmphex (status (without) & (MSTATUS_FS | MSTATUS64_SD), ==, 0);
}

/* menvcfg and senvcfg say which cache-block operations are let through. */
static void
test_cache_blocks (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  const struct {
    RvOp op;
    uint64_t bit;
  } ops[] = { { RV_OP_cbo_inval, UINT64_C (1) << ENVCFG_CBIE_SHIFT },
              { RV_OP_cbo_clean, ENVCFG_CBCFE },
              { RV_OP_cbo_flush, ENVCFG_CBCFE },
              { RV_OP_cbo_zero, ENVCFG_CBZE } };

  for (unsigned i = 0; i < G_N_ELEMENTS (ops); i++)
    for (unsigned enabled = 0; enabled < 4; enabled++)
      for (unsigned priv = 0; priv < 4; priv += priv + 1) {
        go_to (m, RV_PRIV_M);
        csr_set (m, CSR_menvcfg, enabled & 1 ? ops[i].bit : 0);
        csr_set (m, CSR_senvcfg, enabled & 2 ? ops[i].bit : 0);
        go_to (m, (RiscvPriv)priv);
        m->s->var[11] = RAM_BASE + 0x6020;
        bool legal = priv == RV_PRIV_M || (priv == RV_PRIV_S ? enabled & 1 : enabled == 3);
        g_assert_true (execute (m, encode (ops[i].op, &(Ops){ .rs1 = 11 })) != legal);
      }
  /* Where they fault, they fault as stores. */
  go_to (m, RV_PRIV_M);
  m->s->var[11] = 0x1000;
  g_assert_true (execute (m, encode (RV_OP_cbo_flush, &(Ops){ .rs1 = 11 })));
  assert_m_trap (m, 7, 0x1000, RV_PRIV_M);
}

/* A program through compiled code: M mode to S mode, a delegated call from U mode, and back by an SBI-like
 * call. */
static void
test_program (void)
{
  for (unsigned interpret = 0; interpret < 2; interpret++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    m->cpu->interpret = interpret;
    csr_set (m, CSR_medeleg, 1 << 8);
    csr_set (m, CSR_mepc, CODE + 0x100);
    csr_set (m, CSR_sepc, CODE + 0x200);
    csr_set (m, CSR_mstatus, (uint64_t)RV_PRIV_S << MSTATUS_MPP_SHIFT);
    append (m, MRET);
    m->code_end = CODE + 0x100; /* S mode: a0 += 1, to U mode */
    append (m, encode (RV_OP_addi, &(Ops){ .rd = 10, .rs1 = 10, .imm = 1 }));
    append (m, SRET);
    m->code_end = CODE + 0x200; /* U mode: a0 += 10, sscratch is not its own */
    append (m, encode (RV_OP_addi, &(Ops){ .rd = 10, .rs1 = 10, .imm = 10 }));
    append (m, ECALL);
    m->code_end = HANDLER_S; /* S mode: a0 += 100, swaps sscratch, calls M mode */
    append (m, encode (RV_OP_addi, &(Ops){ .rd = 10, .rs1 = 10, .imm = 100 }));
    append (m, encode (RV_OP_csrrw, &(Ops){ .rd = 10, .rs1 = 10, .csr = CSR_sscratch }));
    append (m, encode (RV_OP_csrrw, &(Ops){ .rd = 10, .rs1 = 10, .csr = CSR_sscratch }));
    append (m, ECALL);
    m->code_end = HANDLER_M;
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 12, .csr = CSR_mcause }));
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 13, .csr = CSR_scause }));
    run_to_ebreak (m, 2);
    g_assert_cmphex (m->s->var[10], ==, 111);
    g_assert_cmphex (m->s->var[12], ==, 9);
    g_assert_cmphex (m->s->var[13], ==, 8);
    g_assert_cmphex (m->s->pc, ==, HANDLER_M + 8);
    g_assert_cmpint (m->rv->priv, ==, RV_PRIV_M);
  }
}

static void
test_models (void)
{
  static const struct {
    const char *model, *mmu;
  } good[] = {
    { "rv64", "riscv,sv57" },          { "max", "riscv,sv57" },
    { "rv64,sv57=off", "riscv,sv48" }, { "rv64,sv48=off,sv57=off", "riscv,sv39" },
    { "rv64,sv39=on", "riscv,sv39" },  { "rv64,sv48=on", "riscv,sv48" },
  };
  static const char *const bad[] = { "rv64,sv39=off", "rv64,sv48=off,sv57=on", "rv64,sv39=maybe",
                                     "rv64,sv64=on" };

  for (unsigned i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (Machine) m = machine_new (64, good[i].model);
    g_assert_cmpstr (riscv_cpu_mmu_type (m->rv), ==, good[i].mmu);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (cpu_new (riscv_system_isa (64), bad[i], &error));
    g_assert_nonnull (error);
  }
  g_autoptr (Machine) m = machine_new (64, "rv64,smaia=on,svadu=off"), m32 = machine_new (32, "rv32");
  g_auto (GStrv) names = riscv_cpu_isa_extensions (m->rv);
  const char *const *list = (const char *const *)names;
  g_assert_true (g_strv_contains (list, "i") && g_strv_contains (list, "smaia") &&
                 g_strv_contains (list, "ssaia"));
  g_assert_true (g_strv_contains (list, "sstc") && !g_strv_contains (list, "svadu"));
  g_assert_cmpstr (riscv_cpu_mmu_type (m32->rv), ==, "riscv,sv32");
  /* A program of user mode sees none of it. */
  g_autoptr (Hart) user = hart_new (64, "max,sstc=on,sv48=on");
  g_autofree char *isa = riscv_cpu_isa_string (user->rv);
  g_assert_null (g_strrstr (isa, "_s"));
  g_autofree char *help = riscv_system_isa (64)->models (), *user_help = riscv64_isa.models ();
  g_assert_true (g_strrstr (help, " sstc") != NULL && g_strrstr (help, " sv48") != NULL);
  g_assert_true (g_strrstr (user_help, " sstc") == NULL && g_strrstr (user_help, " sv48") == NULL);
  /* A board has a default of its own. */
  g_assert_true (g_strrstr (user_help, "(default)") != NULL && g_strrstr (help, "(default)") == NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/priv/reset", test_reset);
  g_test_add_func ("/riscv/priv/exceptions", test_exceptions);
  g_test_add_func ("/riscv/priv/fetch-fault", test_fetch_fault);
  g_test_add_func ("/riscv/priv/delegation", test_delegation);
  g_test_add_func ("/riscv/priv/returns", test_returns);
  g_test_add_func ("/riscv/priv/refusals", test_refusals);
  g_test_add_func ("/riscv/priv/counteren", test_counteren);
  g_test_add_func ("/riscv/priv/fp-state", test_fp_state);
  g_test_add_func ("/riscv/priv/cache-blocks", test_cache_blocks);
  g_test_add_func ("/riscv/priv/program", test_program);
  g_test_add_func ("/riscv/priv/models", test_models);
  return g_test_run ();
}
