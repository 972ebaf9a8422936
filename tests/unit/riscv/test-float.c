/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What tests/guest/riscv does not reach of floating point: RV32's forms, illegal roundings, boxing after
 * loads. */

#include "harness.h"

#define D(x)                                                                                                 \
  ((union {                                                                                                  \
     double d;                                                                                               \
     uint64_t u;                                                                                             \
   }){ .d = (x) }                                                                                            \
       .u)
#define BOX32(x) (0xffffffff00000000u | (x))
#define BOX16(x) (0xffffffffffff0000u | (x))

/* Runs one instruction on f11, f12 and x11, x12. */
static IrExit
run1 (Hart *h, RvOp op, const Ops *ops)
{
  h->s->fp.flags = 0;
  hart_add (h, op, ops);
  return hart_run (h);
}

static const Ops regs = { .rd = 10, .rs1 = 11, .rs2 = 12, .rs3 = 13, .rm = 7 };

/* RV32 has no sign extension to do, and moves a double in two halves. */
static void
test_rv32 (void)
{
  g_autoptr (Hart) h = hart_new (32, NULL);

  h->s->var[32 + 11] = D (-2.0);
  run1 (h, RV_OP_fcvt_w_d, &regs);
  g_assert_cmphex (h->s->var[10], ==, 0xfffffffe);
  run1 (h, RV_OP_fcvt_wu_d, &regs);
  g_assert_cmphex (h->s->var[10], ==, 0);
  g_assert_cmphex (h->s->fp.flags, ==, FP_INVALID);
  run1 (h, RV_OP_fmvh_x_d, &regs);
  g_assert_cmphex (h->s->var[10], ==, 0xc0000000);
  h->s->var[11] = 0x12345678, h->s->var[12] = 0x9abcdef0;
  run1 (h, RV_OP_fmvp_d_x, &regs);
  g_assert_cmphex (h->s->var[32 + 10], ==, 0x9abcdef012345678);
  h->s->var[32 + 11] = BOX32 (0x80000001);
  run1 (h, RV_OP_fmv_x_w, &regs);
  g_assert_cmphex (h->s->var[10], ==, 0x80000001);
  h->s->var[32 + 11] = BOX16 (0x8001);
  run1 (h, RV_OP_fmv_x_h, &regs);
  g_assert_cmphex (h->s->var[10], ==, 0xffff8001);
  h->s->var[32 + 11] = D (4294967298.0 * 3);
  run1 (h, RV_OP_fcvtmod_w_d, &(Ops){ .rd = 10, .rs1 = 11 });
  g_assert_cmphex (h->s->var[10], ==, 6);
  h->s->var[11] = 0xffffffff;
  run1 (h, RV_OP_fcvt_d_w, &regs);
  g_assert_cmphex (h->s->var[32 + 10], ==, D (-1.0));
  run1 (h, RV_OP_fcvt_d_wu, &regs);
  g_assert_cmphex (h->s->var[32 + 10], ==, D (4294967295.0));
  /* Compressed single-precision memory access exists on RV32 only. */
  mem_set (MEM_BASE + 8, 4, 0x3f800000);
  h->s->var[8] = MEM_BASE;
  run1 (h, RV_OP_c_flw, &(Ops){ .rd = 15, .rs1 = 8, .imm = 8 });
  g_assert_cmphex (h->s->var[32 + 15], ==, BOX32 (0x3f800000));
  run1 (h, RV_OP_c_fsw, &(Ops){ .rs2 = 15, .rs1 = 8, .imm = 16 });
  g_assert_cmphex (mem_get (MEM_BASE + 16, 4), ==, 0x3f800000);
}

/* With a reserved value in frm, what rounds dynamically is illegal; the rest is not. */
static void
test_invalid_frm (void)
{
  static const struct {
    RvOp op;
    bool rounds;
  } cases[] = {
    { RV_OP_fadd_s, true },   { RV_OP_fmadd_d, true },  { RV_OP_fsqrt_d, true },   { RV_OP_fcvt_w_d, true },
    { RV_OP_fcvt_d_w, true }, { RV_OP_fcvt_d_s, true }, { RV_OP_fround_s, true },  { RV_OP_fmin_s, false },
    { RV_OP_feq_d, false },   { RV_OP_fsgnj_d, false }, { RV_OP_fclass_d, false },
  };
  g_autoptr (Hart) h = hart_new (64, NULL);

  riscv_cpu_set_frm (h->rv, 5);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (run1 (h, cases[i].op, &regs), ==, cases[i].rounds ? IR_EXIT_ILLEGAL : IR_EXIT_NONE);
}

/* Each destination may be one of the sources. */
static void
test_overlap (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);

  for (unsigned rd = 11; rd <= 13; rd++) {
    h->s->var[32 + 11] = BOX32 (0x40000000); /* 2 * 3 + 4 */
    h->s->var[32 + 12] = BOX32 (0x40400000);
    h->s->var[32 + 13] = BOX32 (0x40800000);
    run1 (h, RV_OP_fmadd_s, &(Ops){ .rd = rd, .rs1 = 11, .rs2 = 12, .rs3 = 13 });
    g_assert_cmphex (h->s->var[32 + rd], ==, BOX32 (0x41200000));
  }
  h->s->var[32 + 11] = 0x3f800000; /* not boxed */
  run1 (h, RV_OP_fsgnj_s, &(Ops){ .rd = 11, .rs1 = 11, .rs2 = 11 });
  g_assert_cmphex (h->s->var[32 + 11], ==, BOX32 (0x7fc00000));
  h->s->var[32 + 11] = 0x3f800000;
  run1 (h, RV_OP_fsgnj_d, &(Ops){ .rd = 12, .rs1 = 11, .rs2 = 11 });
  g_assert_cmphex (h->s->var[32 + 12], ==, 0x3f800000);
}

/* A load of half or single precision boxes. */
static void
test_loads (void)
{
  g_autoptr (Hart) h = hart_new (64, NULL);

  mem_set (MEM_BASE, 8, 0x1122334455667788);
  h->s->var[11] = MEM_BASE;
  run1 (h, RV_OP_flh, &(Ops){ .rd = 10, .rs1 = 11 });
  g_assert_cmphex (h->s->var[32 + 10], ==, BOX16 (0x7788));
  run1 (h, RV_OP_flw, &(Ops){ .rd = 10, .rs1 = 11 });
  g_assert_cmphex (h->s->var[32 + 10], ==, BOX32 (0x55667788));
  run1 (h, RV_OP_fld, &(Ops){ .rd = 0, .rs1 = 11 });
  g_assert_cmphex (h->s->var[32 + 0], ==, 0x1122334455667788);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/float/rv32", test_rv32);
  g_test_add_func ("/riscv/float/invalid-frm", test_invalid_frm);
  g_test_add_func ("/riscv/float/overlap", test_overlap);
  g_test_add_func ("/riscv/float/loads", test_loads);
  return g_test_run ();
}
