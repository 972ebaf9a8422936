/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Models, what the hart tells of itself, CSRs, the debugger's registers. */

#include "harness.h"
#include <string.h>

static bool
accepts (const char *model, unsigned bits, uint64_t *ret_exts)
{
  const GuestIsa *isa = bits == 32 ? &riscv32_isa : &riscv64_isa;
  g_autofree RiscvCpu *rv = g_malloc0 (isa->cpu_size);
  g_autoptr (GError) error = NULL;

  rv->cpu.isa = isa;
  bool ok = isa->cpu_init (&rv->cpu, model, &error);
  g_assert_true (ok == (error == NULL));
  *ret_exts = rv->exts;
  return ok;
}

static void
test_models (void)
{
  uint64_t exts, all;

  g_assert_true (accepts (NULL, 64, &all));
  g_assert_true (accepts ("max", 64, &exts) && exts == all);
  g_assert_true (accepts ("rv64,zba=false,zacas=on", 64, &exts));
  g_assert_false (exts >> RV_EXT_ZBA & 1);
  g_assert_true (exts >> RV_EXT_ZACAS & 1);
  /* Dependants go with what they need; needs come with what is asked for. */
  g_assert_true (accepts ("max,f=off", 64, &exts));
  g_assert_false (exts &
                  (1ull << RV_EXT_D | 1ull << RV_EXT_ZFH | 1ull << RV_EXT_ZFA | 1ull << RV_EXT_ZFHMIN));
  g_assert_true (accepts ("rva20u64,zfh=true", 64, &exts) && exts >> RV_EXT_ZFHMIN & 1);
  g_assert_true (accepts ("rv64,v=false", 64, &exts));
  g_assert_false (accepts ("rv64,v=true", 64, &exts));
  g_assert_false (accepts ("rv64,i=off", 64, &exts));
  g_assert_false (accepts ("rv64,zba", 64, &exts));
  g_assert_false (accepts ("rv64,zba=maybe", 64, &exts));
  g_assert_false (accepts ("rv32", 64, &exts));
  g_assert_false (accepts ("rva22u64", 32, &exts));
  g_assert_true (accepts ("rv32", 32, &exts));
  g_assert_false (accepts ("cortex-a72", 64, &exts));
}

static void
test_identity (void)
{
  g_autoptr (Hart) h = hart_new (64, "rva22u64"), h32 = hart_new (32, "max,d=off");
  g_autofree char *isa = riscv_cpu_isa_string (h->rv), *isa32 = riscv_cpu_isa_string (h32->rv);
  uint64_t value;

  g_assert_cmpstr (
      isa, ==,
      "rv64imafdc_zicbom_zicbop_zicboz_zicntr_zicsr_zifencei_zihintpause_za64rs_zfhmin_zba_zbb_zbs_zkt");
  g_assert_true (g_str_has_prefix (isa32, "rv32imafc_"));
  g_assert_cmphex (riscv_cpu_hwcap (h->rv), ==, 0x112d); /* a c d f i m */
  g_assert_cmphex (riscv_cpu_hwcap (h32->rv), ==, 0x1125);
  g_assert_true (riscv_cpu_hwprobe (h->rv, 3, &value));
  g_assert_cmphex (value, ==, 1);
  g_assert_true (riscv_cpu_hwprobe (h->rv, 4, &value));
  /* FD C Zba Zbb Zbs Zicboz Zkt Zfhmin Zihintpause Zca Zcd Zicntr Zicbom Zaamo Zalrsc Zicbop */
  g_assert_cmphex (value, ==,
                   1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 16 | 1 << 28 | 1ull << 36 |
                       1ull << 43 | 1ull << 45 | 1ull << 50 | 1ull << 55 | 1ull << 56 | 1ull << 57 |
                       1ull << 60);
  g_assert_true (riscv_cpu_hwprobe (h32->rv, 4, &value));
  g_assert_cmphex (value & (1 | 1ull << 45 | 1ull << 46), ==, 1ull << 46);
  g_assert_true (riscv_cpu_hwprobe (h->rv, 6, &value) && value == 64);
  g_assert_false (riscv_cpu_hwprobe (h->rv, 1000, &value));
  g_assert_false (riscv_cpu_hwprobe (h->rv, -1, &value));
}

/* csrrw rd, csr, rs1 and its kin, from x11 to x10. */
static IrExit
csr (Hart *h, RvOp op, unsigned number, unsigned rd, unsigned rs1)
{
  hart_add (h, op, &(Ops){ .rd = rd, .rs1 = rs1, .imm = (int)rs1, .csr = number });
  return hart_run (h);
}

static void
test_fcsr (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);

  h->s->fp.flags = FP_INVALID | FP_INEXACT;
  g_assert_cmpint (csr (h, RV_OP_csrrs, 1, 10, 0), ==, IR_EXIT_NONE);
  g_assert_cmphex (h->s->var[10], ==, 0x11);
  h->s->var[11] = 0xffff;
  csr (h, RV_OP_csrrc, 1, 11, 11);
  g_assert_cmphex (h->s->var[11], ==, 0x11);
  g_assert_cmphex (h->s->fp.flags, ==, 0);
  csr (h, RV_OP_csrrwi, 1, 0, 0x08);
  g_assert_cmphex (h->s->fp.flags, ==, FP_DIVZERO);

  /* Rounding mode: by register, by immediate, through fcsr; the old value arrives even where the mode
   * changes. */
  for (unsigned frm = 0; frm < 8; frm++) {
    unsigned before = h->rv->frm;
    h->s->var[11] = frm;
    g_assert_cmpint (csr (h, RV_OP_csrrw, 2, 10, 11), !=, IR_EXIT_ILLEGAL);
    g_assert_cmphex (h->s->var[10], ==, before);
    g_assert_cmphex (h->rv->frm, ==, frm);
    g_assert_cmphex (h->s->mode, ==, frm > 4 ? RV_MODE_FRM_INVALID : frm == 4 ? IR_MODE_FP_EXACT : 0);
    g_assert_cmphex (h->s->pc, ==, CODE_PC + 4);
    /* Dynamic rounding is illegal now or not. */
    hart_add (h, RV_OP_fadd_d, &(Ops){ .rm = 7 });
    g_assert_cmpint (hart_run (h), ==, frm > 4 ? IR_EXIT_ILLEGAL : IR_EXIT_NONE);
    hart_add (h, RV_OP_fadd_d, &(Ops){ .rm = 1 });
    g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
  }
  h->s->fp.flags = FP_OVERFLOW;
  csr (h, RV_OP_csrrsi, 3, 10, 0);
  g_assert_cmphex (h->s->var[10], ==, 0xe4);
  h->s->var[11] = 0x7e1;
  csr (h, RV_OP_csrrc, 3, 11, 11);
  g_assert_cmphex (h->s->var[11], ==, 0xe4);
  g_assert_cmphex (riscv_cpu_fcsr (h->rv), ==, 0x04);
  /* Within one mode, inside a block. */
  hart_add (h, RV_OP_csrrwi, &(Ops){ .rd = 10, .csr = 2, .imm = 3 });
  hart_add (h, RV_OP_csrrwi, &(Ops){ .rd = 12, .csr = 2, .imm = 2 });
  hart_run (h);
  g_assert_cmphex (h->s->var[10], ==, 0);
  g_assert_cmphex (h->s->var[12], ==, 3);
  g_assert_cmphex (h->s->fp.round, ==, IR_RDN);
}

static void
test_other_csrs (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL), h32 = hart_new (32, NULL),
                   bare = hart_new (64, "max,f=off,zicntr=off");

  for (unsigned number = 0; number < 0x1000; number++) {
    bool known = (number >= 1 && number <= 3) || (number >= 0xc00 && number <= 0xc02);
    bool known32 = known || (number >= 0xc80 && number <= 0xc82);
    g_assert_cmpint (csr (h, RV_OP_csrrs, number, 10, 0), ==, known ? IR_EXIT_NONE : IR_EXIT_ILLEGAL);
    g_assert_cmpint (csr (h32, RV_OP_csrrs, number, 10, 0), ==, known32 ? IR_EXIT_NONE : IR_EXIT_ILLEGAL);
    g_assert_cmpint (csr (bare, RV_OP_csrrs, number, 10, 0), ==, IR_EXIT_ILLEGAL);
  }
  /* Read-only ones refuse writes. */
  g_assert_cmpint (csr (h, RV_OP_csrrw, 0xc01, 0, 0), ==, IR_EXIT_ILLEGAL);
  g_assert_cmpint (csr (h, RV_OP_csrrsi, 0xc01, 0, 1), ==, IR_EXIT_ILLEGAL);
  uint64_t before = g_get_monotonic_time () * 10;
  csr (h, RV_OP_csrrs, 0xc01, 10, 0);
  g_assert_cmpuint (h->s->var[10], >=, before);
  g_assert_cmpuint (h->s->var[10], <=, (uint64_t)g_get_monotonic_time () * 10 + 10);
}

static void
test_registers (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL), h32 = hart_new (32, NULL);
  g_autoptr (GString) dump = g_string_new (NULL);

  g_assert_cmpuint (riscv64_isa.n_registers, ==, 68);
  for (unsigned i = 0; i < riscv64_isa.n_registers; i++) {
    const IsaRegister *r = &riscv64_isa.registers[i];
    r->set (&h->rv->cpu, r->index, i == 66 ? 4 : i + 100);
    uint64_t want = i == 0 ? 0 : i == 65 ? (165 & 31) : i == 66 ? 4 : i == 67 ? (167 & 255) : i + 100;
    g_assert_cmphex (r->get (&h->rv->cpu, r->index), ==, want);
  }
  riscv32_isa.registers[10].set (&h32->rv->cpu, riscv32_isa.registers[10].index, UINT64_MAX);
  g_assert_cmphex (h32->s->var[10], ==, UINT32_MAX);
  riscv64_isa.dump (&h->rv->cpu, dump);
  g_assert_nonnull (strstr (dump->str, "x10/a0   000000000000006e"));
  /* Each register is hot at most once. */
  uint64_t seen = 0;
  for (unsigned i = 0; i < riscv64_isa.n_hot_int + riscv64_isa.n_hot_fp; i++) {
    unsigned v =
        i < riscv64_isa.n_hot_int ? riscv64_isa.hot_int[i] : riscv64_isa.hot_fp[i - riscv64_isa.n_hot_int];
    g_assert_true ((v >= 32) == (i >= riscv64_isa.n_hot_int) && v > 0 && v < 64 && !(seen >> v & 1));
    seen |= 1ull << v;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/cpu/models", test_models);
  g_test_add_func ("/riscv/cpu/identity", test_identity);
  g_test_add_func ("/riscv/cpu/fcsr", test_fcsr);
  g_test_add_func ("/riscv/cpu/other-csrs", test_other_csrs);
  g_test_add_func ("/riscv/cpu/registers", test_registers);
  return g_test_run ();
}
