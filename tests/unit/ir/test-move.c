/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which regions serve other addresses. */

#include "ir-move.h"

#define PC UINT64_C (0x5555aaaab000)

typedef struct {
  IrRegion *r;
  IrBuilder b;
} Fixture;

static void
set_up (Fixture *f, const void *data)
{
  f->r = ir_region_new ();
  ir_region_reset (f->r, PC, 0, false);
  ir_builder_init (&f->b, f->r);
  f->r->movable = true;
  ir_block_begin (&f->b, PC, false);
  ir_insn (&f->b, PC, 4);
}

static void
tear_down (Fixture *f, const void *data)
{
  ir_region_free (f->r);
}

static bool
moves (Fixture *f)
{
  ir_goto (&f->b, PC + 64);
  ir_move_check (f->r);
  return f->r->movable;
}

static IrVal
op2 (Fixture *f, IrOpcode op, IrVal x, IrVal y)
{
  return ir_op2 (&f->b, op, IR_I64, x, y);
}

static void
test_range (Fixture *f, const void *data)
{
  g_assert_true (ir_may_move (PC));
  g_assert_false (ir_may_move (0x400000));
  g_assert_false (ir_may_move (UINT64_C (0xffff800000000000)));
  g_assert_true (ir_is_near (f->r, (int64_t)PC - (INT64_C (1) << 32)));
  g_assert_false (ir_is_near (f->r, 0));
  g_assert_false (ir_is_near (f->r, -1));
}

/* Addresses of the program, made and used as programs do. */
static void
test_addresses (Fixture *f, const void *data)
{
  int64_t k;
  IrVal page = ir_const_pc (&f->b, PC + 0x2000);
  ir_set (&f->b, 1, page);
  ir_set (&f->b, 1, op2 (f, IR_ADD, 1, ir_const (&f->b, 0x123)));
  g_assert_true (ir_is_const (&f->b, 1, &k) && k == (int64_t)PC + 0x2123);
  ir_set (&f->b, 2, op2 (f, IR_SUB, 1, ir_const (&f->b, 0x23)));
  ir_set (&f->b, 3, op2 (f, IR_ADD, 4, 1));
  ir_set (&f->b, 3, op2 (f, IR_SUB, 4, page));
  ir_set (&f->b, 5, ir_load (&f->b, IR_I64, IR_MEM (3, false), page, 8));
  ir_store (&f->b, IR_I64, IR_MEM (3, false), 6, 0, page);
  g_assert_true (moves (f));
}

/* Numbers that happen to be like addresses. */
static void
test_numbers (Fixture *f, const void *data)
{
  ir_set (&f->b, 1, ir_const (&f->b, 5));
  g_assert_true (f->r->movable);
  ir_set (&f->b, 1, ir_const (&f->b, (int64_t)PC + 8));
  g_assert_false (f->r->movable);
}

static void
test_made_numbers (Fixture *f, const void *data)
{
  ir_set (&f->b, 1, ir_const (&f->b, 0x5555));
  ir_set (&f->b, 1, op2 (f, IR_SHL, 1, ir_const (&f->b, 32)));
  ir_set (&f->b, 1, op2 (f, IR_OR, 1, ir_const (&f->b, 0xaaaab000)));
  g_assert_false (f->r->movable);
}

static void
test_wide_numbers (Fixture *f, const void *data)
{
  ir_const_wide (&f->b, 1, 2);
  g_assert_true (f->r->movable);
  ir_const_wide (&f->b, 1, PC);
  g_assert_false (f->r->movable);
}

/* What is made of addresses and is none. */
static void
test_uses (Fixture *f, gconstpointer data)
{
  IrVal page = ir_const_pc (&f->b, PC + 0x2000), other = ir_const_pc (&f->b, PC + 0x3000);
  switch (GPOINTER_TO_INT (data)) {
    case 0: op2 (f, IR_SHR, page, ir_const (&f->b, 12)); break;
    case 1: op2 (f, IR_SUB, other, page); break;
    case 2: op2 (f, IR_ADD, other, page); break;
    case 3: ir_set (&f->b, 1, op2 (f, IR_AND, 2, page)); break;
    case 4: ir_op2 (&f->b, IR_ADD, IR_I32, 1, page); break;
    case 5: ir_store (&f->b, IR_I32, IR_MEM (2, false), 1, 0, page); break;
    case 6: ir_setcc (&f->b, IR_LTU, IR_I64, 1, page); break;
    case 7: ir_setcc (&f->b, IR_LTU, IR_I64, other, page); break;
    case 8: op2 (f, IR_MUL, page, ir_const (&f->b, 2)); break;
    case 9: op2 (f, IR_SUB, ir_const (&f->b, 0), page); break;
    case 10: ir_ext (&f->b, IR_I64, page, 32, false); break;
    case 11: ir_rmw (&f->b, IR_I64, IR_MEM (3, false), IR_RMW_ADD, 1, page, 0); break;
    case 12: op2 (f, IR_ADD, page, ir_const (&f->b, INT64_C (1) << 40)); break;
    default: ir_const_pc (&f->b, 0x1000); break;
  }
  g_assert_false (moves (f));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/ir/move/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("range", test_range);
  ADD ("addresses", test_addresses);
  ADD ("numbers", test_numbers);
  ADD ("made-numbers", test_made_numbers);
  ADD ("wide-numbers", test_wide_numbers);
  for (int i = 0; i <= 13; i++) {
    g_autofree char *name = g_strdup_printf ("/ir/move/uses/%d", i);
    g_test_add (name, Fixture, GINT_TO_POINTER (i), set_up, test_uses, tear_down);
  }
  return g_test_run ();
}
