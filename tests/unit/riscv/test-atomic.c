/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reservations, atomic operations, compare-and-swap, cache blocks. */

#include "harness.h"
#include <signal.h>

#define WORD (MEM_BASE + 0x40)

static void
load_reserve_store (Hart *h, RvOp lr, RvOp sc, uint64_t lr_addr, uint64_t sc_addr)
{
  h->s->var[11] = lr_addr;
  h->s->var[12] = sc_addr;
  h->s->var[13] = 0x55;
  hart_add (h, lr, &(Ops){ .rd = 10, .rs1 = 11, .aq = 1, .rl = 1 });
  hart_add (h, sc, &(Ops){ .rd = 14, .rs1 = 12, .rs2 = 13, .rl = 1 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
}

static void
test_reservation (gconstpointer data)
{
  g_autoptr (Hart) h = hart_new (GPOINTER_TO_UINT (data), NULL);

  mem_set (WORD, 8, 0x1111111180000000);
  load_reserve_store (h, RV_OP_lr_w, RV_OP_sc_w, WORD, WORD);
  g_assert_cmphex (h->s->var[10], ==, h->rv->rv32 ? 0x80000000 : 0xffffffff80000000);
  g_assert_cmpuint (h->s->var[14], ==, 0);
  g_assert_cmphex (mem_get (WORD, 8), ==, 0x1111111100000055);

  /* Another address; nothing is stored. */
  load_reserve_store (h, RV_OP_lr_w, RV_OP_sc_w, WORD, WORD + 4);
  g_assert_cmpuint (h->s->var[14], ==, 1);
  g_assert_cmphex (mem_get (WORD + 4, 4), ==, 0x11111111);

  /* The reservation is spent. */
  hart_add (h, RV_OP_sc_w, &(Ops){ .rd = 14, .rs1 = 11, .rs2 = 13 });
  hart_run (h);
  g_assert_cmpuint (h->s->var[14], ==, 1);

  /* The word changed in between; also, the destination may be a source. */
  hart_add (h, RV_OP_lr_w, &(Ops){ .rd = 10, .rs1 = 11 });
  hart_run (h);
  mem_set (WORD, 4, 77);
  hart_add (h, RV_OP_sc_w, &(Ops){ .rd = 13, .rs1 = 11, .rs2 = 13 });
  hart_run (h);
  g_assert_cmpuint (h->s->var[13], ==, 1);
  g_assert_cmpuint (mem_get (WORD, 4), ==, 77);

  /* A system call ends it too. */
  hart_add (h, RV_OP_lr_w, &(Ops){ .rd = 11, .rs1 = 11 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
  g_assert_cmpuint (h->s->var[11], ==, 77);
  hart_add (h, RV_OP_ecall, &(Ops){ 0 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_SYSCALL);
  h->s->var[11] = WORD;
  hart_add (h, RV_OP_sc_w, &(Ops){ .rd = 14, .rs1 = 11, .rs2 = 0 });
  hart_run (h);
  g_assert_cmpuint (h->s->var[14], ==, 1);
}

static void
test_misaligned (void)
{
  static const RvOp ops[] = { RV_OP_lr_w,     RV_OP_lr_d,     RV_OP_sc_w,     RV_OP_amoadd_w,
                              RV_OP_amoadd_d, RV_OP_amocas_w, RV_OP_amocas_q, RV_OP_amoswap_h };
  g_autoptr (Hart) h = hart_new (64, NULL);

  for (unsigned i = 0; i < G_N_ELEMENTS (ops); i++) {
    h->s->var[11] = WORD + 1;
    hart_add (h, ops[i], &(Ops){ .rd = 10, .rs1 = 11, .rs2 = 12 });
    g_assert_cmpint (hart_run (h), ==, IR_EXIT_FAULT);
    g_assert_cmpint (h->s->fault.signo, ==, SIGBUS);
    g_assert_cmphex (h->s->fault.addr, ==, WORD + 1);
    g_assert_cmphex (h->s->pc, ==, CODE_PC);
  }
}

static void
test_amo (void)
{
  static const struct {
    RvOp op;
    uint64_t memory, operand, old, result;
  } cases[] = {
    { RV_OP_amoswap_w, 0x80000000, 7, 0xffffffff80000000, 7 },
    { RV_OP_amoadd_w, 0xffffffff, 2, UINT64_MAX, 1 },
    { RV_OP_amoand_w, 0xff, 0xffffffff0000000f, 0xff, 0x0f },
    { RV_OP_amoor_w, 0xf0, 0x0f, 0xf0, 0xff },
    { RV_OP_amoxor_w, 0xff, 0x0f, 0xff, 0xf0 },
    { RV_OP_amomin_w, 0x80000000, 1, 0xffffffff80000000, 0x80000000 },
    { RV_OP_amomax_w, 0x80000000, 1, 0xffffffff80000000, 1 },
    { RV_OP_amominu_w, 0x80000000, 1, 0xffffffff80000000, 1 },
    { RV_OP_amomaxu_w, 0x80000000, 1, 0xffffffff80000000, 0x80000000 },
    { RV_OP_amomax_d, 0x8000000000000000, 1, 0x8000000000000000, 1 },
    { RV_OP_amoadd_b, 0x11ff, 2, UINT64_MAX, 0x1101 },
    { RV_OP_amomin_h, 0x118000, 1, 0xffffffffffff8000, 0x118000 },
    { RV_OP_amomaxu_h, 0x118000, 1, 0xffffffffffff8000, 0x118000 },
  };
  g_autoptr (Hart) h = hart_new (64, NULL);

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    for (unsigned rd = 10; rd <= 12; rd++) {
      mem_set (WORD, 8, cases[i].memory);
      h->s->var[11] = WORD;
      h->s->var[12] = cases[i].operand;
      hart_add (h, cases[i].op, &(Ops){ .rd = rd, .rs1 = 11, .rs2 = 12, .aq = 1 });
      g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
      g_assert_cmphex (h->s->var[rd], ==, cases[i].old);
      g_assert_cmphex (mem_get (WORD, 8), ==, cases[i].result);
    }
}

static void
test_amocas (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL), h32 = hart_new (32, NULL);

  /* 32 bits: the sign-extended register's upper half does not matter. */
  mem_set (WORD, 8, 0x80000000);
  h->s->var[10] = 0x80000000;
  h->s->var[11] = WORD;
  h->s->var[12] = 9;
  hart_add (h, RV_OP_amocas_w, &(Ops){ .rd = 10, .rs1 = 11, .rs2 = 12 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
  g_assert_cmphex (h->s->var[10], ==, 0xffffffff80000000);
  g_assert_cmphex (mem_get (WORD, 8), ==, 9);

  /* A pair: fails, then succeeds with what it read. */
  mem_set (WORD, 8, 0x1234);
  mem_set (WORD + 8, 8, 0x5678);
  h->s->var[12] = 1, h->s->var[13] = 2, h->s->var[14] = 0, h->s->var[15] = 0;
  for (unsigned i = 0; i < 2; i++) {
    hart_add (h, RV_OP_amocas_q, &(Ops){ .rd = 14, .rs1 = 11, .rs2 = 12 });
    g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
    g_assert_cmphex (h->s->var[14], ==, 0x1234);
    g_assert_cmphex (h->s->var[15], ==, 0x5678);
    g_assert_cmphex (mem_get (WORD + 8, 8), ==, i == 0 ? 0x5678 : 2);
  }
  /* x0 as a pair is zero. */
  hart_add (h, RV_OP_amocas_q, &(Ops){ .rd = 14, .rs1 = 11, .rs2 = 0 });
  h->s->var[14] = 1, h->s->var[15] = 2;
  hart_run (h);
  g_assert_cmphex (mem_get (WORD, 8) | mem_get (WORD + 8, 8), ==, 0);

  mem_set (WORD, 8, 0x8765432112345678);
  h32->s->var[11] = WORD;
  h32->s->var[12] = 1, h32->s->var[13] = 2, h32->s->var[14] = 0x12345678, h32->s->var[15] = 0x87654321;
  hart_add (h32, RV_OP_amocas_d_rv32, &(Ops){ .rd = 14, .rs1 = 11, .rs2 = 12 });
  g_assert_cmpint (hart_run (h32), ==, IR_EXIT_NONE);
  g_assert_cmphex (mem_get (WORD, 8), ==, 0x200000001);
  g_assert_cmphex (h32->s->var[14], ==, 0x12345678);
  g_assert_cmphex (h32->s->var[15], ==, 0x87654321);
}

static void
test_cache_blocks (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);

  for (unsigned i = 0; i < 0x100; i++)
    mem_set (MEM_BASE + i, 1, 0xaa);
  h->s->var[11] = MEM_BASE + 0x40 + 13;
  hart_add (h, RV_OP_cbo_zero, &(Ops){ .rs1 = 11 });
  hart_add (h, RV_OP_cbo_clean, &(Ops){ .rs1 = 11 });
  hart_add (h, RV_OP_prefetch_w, &(Ops){ .rs1 = 0, .imm = 32 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_NONE);
  for (unsigned i = 0; i < 0x100; i++)
    g_assert_cmphex (mem_get (MEM_BASE + i, 1), ==, i >= 0x40 && i < 0x80 ? 0 : 0xaa);
  h->s->var[11] = 8;
  hart_add (h, RV_OP_cbo_flush, &(Ops){ .rs1 = 11 });
  g_assert_cmpint (hart_run (h), ==, IR_EXIT_FAULT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/riscv/atomic/reservation32", GUINT_TO_POINTER (32), test_reservation);
  g_test_add_data_func ("/riscv/atomic/reservation64", GUINT_TO_POINTER (64), test_reservation);
  g_test_add_func ("/riscv/atomic/misaligned", test_misaligned);
  g_test_add_func ("/riscv/atomic/amo", test_amo);
  g_test_add_func ("/riscv/atomic/amocas", test_amocas);
  g_test_add_func ("/riscv/atomic/cache-blocks", test_cache_blocks);
  return g_test_run ();
}
