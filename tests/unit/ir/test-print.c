/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The dump, as a whole text: what -d ir prints is read by people. */

#include "ir-build.h"
#include <string.h>

static const char *
var_name (IrVal v)
{
  static const char *const names[] = { "zero", "ra", "sp", "gp", "a0", "fa0" };
  return v < G_N_ELEMENTS (names) ? names[v] : NULL;
}

enum { RA = 1, SP, GP, A0, FA0 };

static IrRegion *
sample (void)
{
  IrRegion *r = ir_region_new ();
  IrBuilder b;

  ir_region_reset (r, 0x10000, 0x101, false);
  ir_builder_init (&b, r);
  ir_block_begin (&b, 0x10000, false);
  ir_insn (&b, 0x10000, 4);
  ir_set (&b, SP, ir_op2 (&b, IR_ADD, IR_I64, SP, ir_const (&b, -16)));
  ir_insn (&b, 0x10004, 2);
  ir_store (&b, IR_I64, IR_MEM (3, 0), SP, 8, RA);
  ir_insn (&b, 0x10006, 4);
  ir_set (&b, A0, ir_sx32 (&b, ir_op2 (&b, IR_SUB, IR_I32, A0, GP)));
  ir_set (&b, FA0, ir_load (&b, IR_F32, IR_MEM (2, 0), A0, -4));
  IrDesc fma =
      IR_DESC (.op = IR_FMA, .type = IR_F32, .flags = IR_F_NEGP, .imm = IR_FP (IR_RDYN, IR_FPC_BOXED));
  ir_set (&b, FA0, ir_emit (&b, fma, FA0, FA0, 100));
  ir_set (&b, A0, ir_setcc (&b, IR_LTS, IR_I64, A0, ir_const (&b, 0x123456789)));
  ir_set (&b, A0, ir_rmw (&b, IR_I32, IR_MEM (2, 1), IR_RMW_MAXU, A0, GP, IR_F_SX));
  IrDesc ftoi =
      IR_DESC (.op = IR_FTOI, .type = IR_F64, .sub = IR_I32 | IR_UNSIGNED, .imm = IR_FP (IR_RTZ, 9));
  ir_set (&b, A0, ir_emit (&b, ftoi, FA0, IR_NONE, IR_NONE));
  ir_set (&b, A0, ir_op2 (&b, IR_REMU, IR_I64, A0, GP));
  ir_helper (&b, 3, false, A0, IR_NONE, IR_NONE);
  ir_fence (&b, 3);
  ir_branch (&b, IR_EQ, IR_I64, A0, ir_const (&b, 0), 0x10000, 0x1000a);
  r->blocks[0].target[0].block = 0;
  ir_block_begin (&b, 0x1000a, true);
  ir_call (&b, 0x20000, RA, 0x1000e);
  ir_block_begin (&b, 0x1000e, false);
  ir_ret (&b, RA, 1);
  ir_block_begin (&b, 0x10010, false);
  ir_exit (&b, IR_EXIT_SYSCALL, 0x10010);
  return r;
}

static const char want[] = "region 0x10000 mode 0x101\n"
                           "block 0: 0x10000, 10 bytes, 3 instructions\n"
                           " 0x10000 (4)\n"
                           "    sp = add.i64 sp, -16\n"
                           " 0x10004 (2)\n"
                           "    store.i64.u64 sp + 8, ra\n"
                           " 0x10006 (4)\n"
                           "    a0 = sub.i32.sx a0, gp\n"
                           "    fa0 = load.f32.u32 a0 - 4\n"
                           "    fa0 = fma.f32.dyn.4.negp fa0, fa0, v100\n"
                           "    a0 = setcc.i64.lts a0, 0x123456789\n"
                           "    a0 = rmw.i32.maxu.s32.sx a0, gp\n"
                           "    a0 = ftoi.f64.i32u.rtz.9 fa0\n"
                           "    a0 = remu.i64.ones a0, gp\n"
                           "    helper.3 a0\n"
                           "    fence.3\n"
                           "    branch.eq.i64 a0, 0 -> 0x10000 (block 0) else 0x1000a\n"
                           "block 1: 0x1000a, 0 bytes, 0 instructions\n"
                           "    call 0x20000, ra = 0x1000e\n"
                           "block 2: 0x1000e, 0 bytes, 0 instructions\n"
                           "    ret ra & ~1\n"
                           "block 3: 0x10010, 0 bytes, 0 instructions\n"
                           "    exit.syscall 0x10010\n";

static void
test_golden (void)
{
  IrRegion *r = sample ();
  g_assert_cmpstr (ir_region_check (r), ==, NULL);
  g_autofree char *got = ir_region_print (r, var_name);
  g_assert_cmpstr (got, ==, want);
  ir_region_free (r);
}

/* Every op has a name of its own and prints. */
static void
test_all_ops (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  IrOp op = { .dst = IR_TEMP_BASE, .a = 1, .b = 2, .c = 3, .flags = 0xff, .sub = 0xff, .imm = -1 };
  IrBlock block = { .n_ops = 1, .end = IR_END_GOTO };
  IrRegion r = { .ops = &op, .n_ops = 1, .blocks = &block, .n_blocks = 1 };

  for (unsigned i = 0; i < IR_N_OPS; i++) {
    g_assert_true (g_hash_table_add (names, (gpointer)ir_op_info[i].name));
    op.op = i;
    g_autofree char *text = ir_region_print (&r, NULL);
    g_assert_true (i == IR_INSN || strstr (text, ir_op_info[i].name) != NULL);
  }
}

/* The verifier names what it was written to find. */
static void
test_check (void)
{
  IrRegion *r = sample ();
  IrOp saved = r->ops[1];
  struct {
    IrOp op;
    const char *defect;
  } cases[] = {
    { { .op = IR_N_OPS }, "unknown op" },
    { { .op = IR_ADD, .dst = SP, .a = SP, .b = IR_NONE, .c = IR_NONE }, "wrong operand" },
    { { .op = IR_ADD, .dst = SP, .a = SP, .b = IR_TEMP_BASE, .c = IR_NONE }, "wrong operand" },
    { { .op = IR_ADD, .dst = SP, .a = SP, .b = 0xfff0, .c = IR_NONE }, "wrong operand" },
    { { .op = IR_ADD, .dst = SP, .a = SP, .b = SP, .c = SP }, "wrong operand" },
    { { .op = IR_ADD, .dst = IR_NONE, .a = SP, .b = SP, .c = IR_NONE }, "no dst" },
    { { .op = IR_STORE, .dst = SP, .a = SP, .b = SP, .c = IR_NONE }, "a dst on an op without" },
    { { .op = IR_ADD, .dst = IR_CONST_BASE, .a = SP, .b = SP, .c = IR_NONE }, "wrong dst" },
  };

  r->n_temps = 1;
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    r->ops[1] = cases[i].op;
    g_autofree char *got = ir_region_check (r),
                    *expected = g_strdup_printf ("block 0 op 1: %s", cases[i].defect);
    g_assert_cmpstr (got, ==, expected);
  }
  r->ops[1] = saved;
  r->blocks[1].target[0].block = 4;
  g_autofree char *edge = ir_region_check (r);
  g_assert_cmpstr (edge, ==, "block 1: edge to no block");
  r->blocks[1].end = IR_END_NONE;
  g_autofree char *open = ir_region_check (r);
  g_assert_cmpstr (open, ==, "block 1: block without end");
  ir_region_free (r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ir/print/golden", test_golden);
  g_test_add_func ("/ir/print/all-ops", test_all_ops);
  g_test_add_func ("/ir/print/check", test_check);
  return g_test_run ();
}
