/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts: priority, delegation, enables, the timer of Sstc, WFI, and the AIA's CSRs. */

#include "machine.h"

#define WFI       0x10500073u
#define INTERRUPT (UINT64_C (1) << 63)
#define ALL       UINT64_C (0xaaa)

/* Raises everything; STI as M mode's software does. */
static void
raise_all (Machine *m)
{
  csr_set (m, CSR_mip, 1 << RV_IRQ_STI);
  for (unsigned irq = 0; irq < 16; irq++)
    riscv_cpu_set_irq (m->cpu, irq, true);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, ALL);
}

static void
test_priority (void)
{
  static const uint8_t order[] = { 11, 3, 7, 9, 1, 5 };
  g_autoptr (Machine) m = machine_new (64, NULL);
  uint64_t enabled = ALL;

  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++) {
    raise_all (m);
    csr_set (m, CSR_mie, enabled);
    csr_set (m, CSR_mstatus, MSTATUS_MIE);
    go_to (m, RV_PRIV_M);
    m->s->pc = CODE;
    g_assert_true (m->isa->interrupt (m->cpu));
    g_assert_cmphex (csr_get (m, CSR_mcause), ==, INTERRUPT | order[i]);
    g_assert_cmphex (csr_get (m, CSR_mepc), ==, CODE);
    g_assert_cmphex (csr_get (m, CSR_mtval), ==, 0);
    g_assert_cmphex (m->s->pc, ==, HANDLER_M);
    g_assert_false (m->isa->interrupt (m->cpu)); /* MIE is off now */
    enabled &= ~(UINT64_C (1) << order[i]);
  }
  csr_set (m, CSR_mie, enabled);
  csr_set (m, CSR_mstatus, MSTATUS_MIE);
  g_assert_false (m->isa->interrupt (m->cpu));
}

/* By privilege, delegation and both enables. */
static void
test_enables (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  csr_set (m, CSR_mie, 1 << RV_IRQ_SSI);
  for (unsigned state = 0; state < 8; state++)
    for (unsigned priv = 0; priv < 4; priv += priv + 1) {
      bool delegated = state & 1, sie = state & 2, mie = state & 4;
      riscv_cpu_set_irq (m->cpu, RV_IRQ_SSI, true);
      csr_set (m, CSR_mideleg, delegated ? 1 << RV_IRQ_SSI : 0);
      csr_set (m, CSR_mstatus, (sie ? MSTATUS_SIE : 0) | (mie ? MSTATUS_MIE : 0));
      go_to (m, (RiscvPriv)priv);
      bool to_s = delegated && (priv == RV_PRIV_U || (priv == RV_PRIV_S && sie));
      bool to_m = !delegated && (priv != RV_PRIV_M || mie);
      g_assert_true (m->isa->interrupt (m->cpu) == (to_s || to_m));
      g_assert_cmpint (m->rv->priv, ==, to_s ? RV_PRIV_S : to_m ? RV_PRIV_M : priv);
      if (to_s)
        g_assert_cmphex (csr_get (m, CSR_scause), ==, INTERRUPT | RV_IRQ_SSI);
      g_assert_true (m->isa->wakes (m->cpu)); /* whatever the enables of the privileges are */
    }
  /* What is for M mode comes first, delegated or not enabled as the other may be. */
  raise_all (m);
  csr_set (m, CSR_mideleg, 0x222);
  csr_set (m, CSR_mie, 1 << RV_IRQ_SEI | 1 << RV_IRQ_MTI);
  csr_set (m, CSR_mstatus, MSTATUS_SIE);
  go_to (m, RV_PRIV_S);
  g_assert_true (m->isa->interrupt (m->cpu));
  g_assert_cmphex (csr_get (m, CSR_mcause), ==, INTERRUPT | RV_IRQ_MTI);
  g_assert_cmpint (m->rv->priv, ==, RV_PRIV_M);
}

static void
test_vectored (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  csr_set (m, CSR_mtvec, HANDLER_M | 1);
  csr_set (m, CSR_stvec, HANDLER_S | 1);
  csr_set (m, CSR_mie, ALL);
  csr_set (m, CSR_mstatus, MSTATUS_MIE | MSTATUS_SIE);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MTI, true);
  g_assert_true (m->isa->interrupt (m->cpu));
  g_assert_cmphex (m->s->pc, ==, HANDLER_M + 4 * RV_IRQ_MTI);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MTI, false);
  csr_set (m, CSR_mideleg, 0x222);
  go_to (m, RV_PRIV_U);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, true);
  g_assert_true (m->isa->interrupt (m->cpu));
  g_assert_cmphex (m->s->pc, ==, HANDLER_S + 4 * RV_IRQ_SEI);
  /* Exceptions go to the base. */
  go_to (m, RV_PRIV_U);
  g_assert_true (execute (m, 0x00000073));
  g_assert_cmphex (m->s->pc, ==, HANDLER_M);
}

/* SEIP is what software wrote or what the line says; only software's part takes part in csrrs and csrrc. */
static void
test_pending_bits (void)
{
  const uint64_t sei = 1 << RV_IRQ_SEI, ssi = 1 << RV_IRQ_SSI, sti = 1 << RV_IRQ_STI;
  g_autoptr (Machine) m = machine_new (64, NULL);

  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, true);
  g_assert_false (execute_csr (m, RV_OP_csrrs, CSR_mip, ssi));
  g_assert_cmphex (m->s->var[10], ==, sei);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sei | ssi);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, false);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, ssi);
  g_assert_false (execute_csr (m, RV_OP_csrrs, CSR_mip, sei));
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, true);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, false);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sei | ssi);
  /* sip shows and lets write what is delegated, and of that SSIP only. */
  g_assert_cmphex (csr_get (m, CSR_sip), ==, 0);
  csr_set (m, CSR_mideleg, 0x222);
  g_assert_cmphex (csr_get (m, CSR_sip), ==, sei | ssi);
  go_to (m, RV_PRIV_S);
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_sip, 0));
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sei);
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_sie, UINT64_MAX));
  g_assert_cmphex (csr_get (m, CSR_mie), ==, 0x222);
  /* STIP is M mode's to write only while stimecmp does not rule it. */
  csr_set (m, CSR_mip, sti);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sti);
  csr_set (m, CSR_menvcfg, ENVCFG_STCE);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, 0);
  csr_set (m, CSR_stimecmp, 0);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sti);
  csr_set (m, CSR_mip, 0);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sti);
  csr_set (m, CSR_stimecmp, UINT64_MAX);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, 0);
}

/* A loop in compiled code is left for an interrupt from another thread. */
static gpointer
raise_later (gpointer data)
{
  Machine *m = data;
  IrqLine line = riscv_cpu_irq_line (m->cpu, RV_IRQ_MEI);

  g_usleep (20000);
  irq_set (&line, true);
  return NULL;
}

static void
test_from_outside (void)
{
  for (unsigned interpret = 0; interpret < 2; interpret++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    m->cpu->interpret = interpret;
    m->code_end = HANDLER_M;
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 10, .csr = CSR_mcause }));
    csr_set (m, CSR_mie, ALL);
    csr_set (m, CSR_mstatus, MSTATUS_MIE);
    m->s->pc = CODE; /* j . */
    GThread *thread = g_thread_new ("raise", raise_later, m);
    run_to_ebreak (m, 0);
    g_thread_join (thread);
    g_assert_cmphex (m->s->var[10], ==, INTERRUPT | RV_IRQ_MEI);
    g_assert_cmphex (csr_get (m, CSR_mepc), ==, CODE);
  }
}

/* An interrupt that was pending is taken soon after the guest has enabled it, by whichever instruction. */
static void
test_enabling (void)
{
  static const struct {
    unsigned csr;
    uint64_t value;
  } last[] = { { CSR_mstatus, MSTATUS_MIE }, { CSR_mie, ALL }, { CSR_mip, 1 << RV_IRQ_SSI } };

  for (unsigned how = 0; how < 6; how++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    unsigned which = how % 3;
    m->cpu->interpret = how >= 3;
    csr_set (m, CSR_mie, which == 1 ? 0 : ALL);
    csr_set (m, CSR_mstatus, which == 0 ? 0 : MSTATUS_MIE);
    if (which != 2)
      riscv_cpu_set_irq (m->cpu, RV_IRQ_SSI, true);
    m->s->var[11] = last[which].value;
    append (m, encode (RV_OP_csrrs, &(Ops){ .csr = last[which].csr, .rs1 = 11 }));
    ram_set (m, m->code_end, 4, 0x0000006f);
    m->code_end = HANDLER_M;
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 10, .csr = CSR_mcause }));
    run_to_ebreak (m, 0);
    g_assert_cmphex (m->s->var[10], ==, INTERRUPT | RV_IRQ_SSI);
  }
}

static void
test_timer (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  Clock *clock = clock_new ();
  const uint64_t sti = 1 << RV_IRQ_STI;

  riscv_cpu_set_clock (m->cpu, clock);
  clock_set (clock, 1000000);
  csr_set (m, CSR_menvcfg, ENVCFG_STCE);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, 0);
  csr_set (m, CSR_stimecmp, 10000); /* now */
  g_assert_cmphex (csr_get (m, CSR_mip), ==, sti);
  csr_set (m, CSR_stimecmp, 10001);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, 0);
  csr_set (m, CSR_mie, sti);
  csr_set (m, CSR_mideleg, sti);
  csr_set (m, CSR_stimecmp, 10000 + 20 * RV_TIME_FREQUENCY / 1000);
  csr_set (m, CSR_sstatus, MSTATUS_SIE);
  go_to (m, RV_PRIV_S);
  m->code_end = HANDLER_S;
  append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 10, .csr = CSR_scause }));
  m->s->pc = CODE;
  g_assert_false (m->isa->wakes (m->cpu));
  int64_t before = g_get_monotonic_time ();
  clock_start (clock);
  run_to_ebreak (m, 0);
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 19000);
  g_assert_cmphex (m->s->var[10], ==, INTERRUPT | RV_IRQ_STI);
  g_assert_true (m->isa->wakes (m->cpu));
  clock_stop (clock);
  /* Switched off, the timer has no say. */
  csr_set (m, CSR_menvcfg, 0);
  g_assert_cmphex (csr_get (m, CSR_mip), ==, 0);
  riscv_cpu_set_clock (m->cpu, NULL);
  clock_free (clock);
}

static void
test_wfi (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);

  append (m, WFI);
  g_assert_cmpint (cpu_run (m->cpu), ==, IR_EXIT_WAIT);
  g_assert_cmphex (m->s->pc, ==, CODE + 4);
  g_assert_false (m->isa->wakes (m->cpu));
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MTI, true);
  g_assert_false (m->isa->wakes (m->cpu));
  csr_set (m, CSR_mie, ALL);
  g_assert_true (m->isa->wakes (m->cpu));
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MTI, false);
  g_assert_false (m->isa->wakes (m->cpu));
}

/* An IMSIC that remembers what it is asked. */
typedef struct {
  uint64_t eip;
  unsigned reg, claims, bits;
  bool supervisor;
} Imsic;

static uint32_t
imsic_topei (void *opaque, bool supervisor, bool claim)
{
  Imsic *imsic = opaque;
  unsigned top = imsic->eip != 0 ? (unsigned)__builtin_ctzll (imsic->eip) : 0;

  imsic->supervisor = supervisor;
  if (claim && top != 0) {
    imsic->claims++;
    imsic->eip &= imsic->eip - 1;
  }
  return top << 16 | top;
}

static bool
imsic_access (void *opaque, bool supervisor, unsigned reg, unsigned bits, uint64_t clear, uint64_t set,
              uint64_t *ret_old)
{
  Imsic *imsic = opaque;

  imsic->reg = reg;
  imsic->bits = bits;
  imsic->supervisor = supervisor;
  *ret_old = imsic->eip;
  imsic->eip = (imsic->eip & ~clear) | set;
  return reg != 0x71;
}

static void
test_aia (void)
{
  static const RiscvImsicOps ops = { imsic_topei, imsic_access };
  g_autoptr (Machine) m = machine_new (64, "rv64,smaia=on,ssaia=on"), plain = machine_new (64, "rv64");
  Imsic imsic = { .eip = 0x30 };

  g_assert_true (execute_csr (plain, RV_OP_csrrsi, CSR_mtopi, 0));
  g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_mtopei, 0)); /* no IMSIC */
  csr_set (m, CSR_miselect, 0x80);
  g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_mireg, 0));
  m->rv->imsic = &ops;
  m->rv->imsic_opaque = &imsic;
  /* Reading looks, writing claims. */
  g_assert_false (execute_csr (m, RV_OP_csrrsi, CSR_mtopei, 0));
  g_assert_cmphex (m->s->var[10], ==, 0x40004);
  g_assert_cmpuint (imsic.claims, ==, 0);
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_mtopei, 0));
  g_assert_cmphex (m->s->var[10], ==, 0x40004);
  g_assert_cmphex (imsic.eip, ==, 0x20);
  g_assert_false (imsic.supervisor);
  go_to (m, RV_PRIV_S);
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_stopei, 0));
  g_assert_true (imsic.supervisor);
  g_assert_cmphex (m->s->var[10], ==, 0x50005);
  /* Indirect registers. */
  csr_set (m, CSR_siselect, 0x82);
  g_assert_false (execute_csr (m, RV_OP_csrrs, CSR_sireg, 0x11));
  g_assert_false (execute_csr (m, RV_OP_csrrc, CSR_sireg, 0x01));
  g_assert_cmphex (m->s->var[10], ==, 0x11);
  g_assert_cmphex (imsic.eip, ==, 0x10);
  g_assert_true (imsic.reg == 0x82 && imsic.bits == 64 && imsic.supervisor);
  static const uint16_t bad[] = { 0x00, 0x31, 0x40, 0x6f, 0x71, 0x81, 0xff, 0x100, 0xfff };
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++) {
    go_to (m, RV_PRIV_S);
    csr_set (m, CSR_siselect, bad[i]);
    g_assert_true (execute_csr (m, RV_OP_csrrsi, CSR_sireg, 0));
    g_assert_cmphex (csr_get (m, CSR_mcause), ==, 2);
  }
  csr_set (m, CSR_miselect, 0x30);
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_mireg, UINT64_MAX));
  g_assert_false (execute_csr (m, RV_OP_csrrw, CSR_mireg, 0));
  g_assert_cmphex (m->s->var[10], ==, 0);
  /* The most urgent interrupt of each level. */
  csr_set (m, CSR_mideleg, 0x222);
  csr_set (m, CSR_mie, ALL);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_MTI, true);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, true);
  g_assert_cmphex (csr_get (m, CSR_mtopi), ==, 0x70001);
  g_assert_cmphex (csr_get (m, CSR_stopi), ==, 0x90001);
  riscv_cpu_set_irq (m->cpu, RV_IRQ_SEI, false);
  g_assert_cmphex (csr_get (m, CSR_stopi), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/irq/priority", test_priority);
  g_test_add_func ("/riscv/irq/enables", test_enables);
  g_test_add_func ("/riscv/irq/vectored", test_vectored);
  g_test_add_func ("/riscv/irq/pending-bits", test_pending_bits);
  g_test_add_func ("/riscv/irq/from-outside", test_from_outside);
  g_test_add_func ("/riscv/irq/enabling", test_enabling);
  g_test_add_func ("/riscv/irq/timer", test_timer);
  g_test_add_func ("/riscv/irq/wfi", test_wfi);
  g_test_add_func ("/riscv/irq/aia", test_aia);
  return g_test_run ();
}
