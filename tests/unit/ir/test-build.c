/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The builder: what it folds, what it knows of variables, how results reach variables. */

#include "ir-build.h"

typedef struct {
  IrBuilder b;
} Fixture;

/* Variables 1.. play the guest's registers. */
enum { X1 = 1, X2, X3, X4 };

static void
set_up (Fixture *f, gconstpointer data)
{
  IrRegion *r = ir_region_new ();
  ir_region_reset (r, 0x1000, 0, false);
  ir_builder_init (&f->b, r);
  ir_block_begin (&f->b, 0x1000, false);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (!f->b.dead)
    ir_goto (&f->b, 0x2000);
  g_assert_cmpstr (ir_region_check (f->b.region), ==, NULL);
  ir_region_free (f->b.region);
}

static const IrOp *
last_op (Fixture *f)
{
  g_assert_cmpuint (f->b.region->n_ops, >, 0);
  return &f->b.region->ops[f->b.region->n_ops - 1];
}

static void
assert_const (Fixture *f, IrVal v, int64_t want)
{
  int64_t k = ~want;
  g_assert_true (IR_IS_CONST (v) && ir_is_const (&f->b, v, &k));
  g_assert_cmphex ((uint64_t)k, ==, (uint64_t)want);
}

/* The op that computes `op` of X1 and constant k. */
static const IrOp *
with_const (Fixture *f, IrOpcode op, IrType type, int64_t k)
{
  IrVal t = ir_op2 (&f->b, op, type, X1, ir_const (&f->b, k));
  g_assert_true (IR_IS_TEMP (t));
  g_assert_cmpuint (last_op (f)->dst, ==, t);
  g_assert_cmpuint (last_op (f)->a, ==, X1);
  return last_op (f);
}

static void
test_constants (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  g_assert_cmpuint (ir_const (b, 0), ==, ir_const (b, 0));
  g_assert_cmpuint (ir_const (b, -5), ==, ir_const (b, -5));
  g_assert_cmpuint (ir_const (b, 5), !=, ir_const (b, -5));
  for (int64_t i = 0; i < 1000; i++)
    assert_const (f, ir_const (b, i * 0x123456789), i * 0x123456789);
  /* A pool emptied for reuse does not answer with old numbers. */
  ir_region_reset (b->region, 0, 0, false);
  ir_block_begin (b, 0, false);
  assert_const (f, ir_const (b, 0x123456789), 0x123456789);
  g_assert_cmpuint (b->region->n_consts, ==, 1);
}

static void
test_folding (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;
  IrVal big = ir_const (b, 0x7fffffff), one = ir_const (b, 1);

  assert_const (f, ir_op2 (b, IR_ADD, IR_I64, big, one), 0x80000000);
  assert_const (f, ir_op2 (b, IR_ADD, IR_I32, big, one), 0x80000000);
  assert_const (f, ir_emit (b, IR_DESC (.op = IR_ADD, .type = IR_I32, .flags = IR_F_SX), big, one, IR_NONE),
                -0x80000000ll);
  assert_const (f, ir_sx32 (b, ir_const (b, 0x80000000)), -0x80000000ll);
  assert_const (f, ir_ext (b, IR_I64, ir_const (b, 0xfff0), 8, true), -16);
  assert_const (f, ir_ext (b, IR_I64, ir_const (b, -1), 16, false), 0xffff);
  assert_const (f, ir_setcc (b, IR_LTS, IR_I64, ir_const (b, -1), one), 1);
  assert_const (f, ir_shladd (b, IR_I64, ir_const (b, 3), 2, one), 13);
  assert_const (f, ir_select (b, IR_I64, ir_const (b, 0), X1, one), 1);
  assert_const (f, ir_op2 (b, IR_DIVU, IR_I64, one, ir_const (b, 0)), -1);
  assert_const (f, ir_op2 (b, IR_AND, IR_I64, X1, ir_const (b, 0)), 0);
  assert_const (f, ir_op2 (b, IR_OR, IR_I64, X1, ir_const (b, -1)), -1);
  assert_const (f, ir_op2 (b, IR_XOR, IR_I64, X1, X1), 0);
  assert_const (f, ir_op2 (b, IR_REMU, IR_I64, X1, one), 0);
  g_assert_cmpuint (b->region->n_ops, ==, 0);
}

static void
test_identities (Fixture *f, gconstpointer data)
{
  static const struct {
    IrOpcode op;
    int64_t k;
  } moves[] = { { IR_ADD, 0 },  { IR_SUB, 0 },  { IR_OR, 0 },  { IR_XOR, 0 },  { IR_AND, -1 },
                { IR_ANDN, 0 }, { IR_ORN, -1 }, { IR_SHL, 0 }, { IR_SHR, 64 }, { IR_SAR, 0 },
                { IR_ROTR, 0 }, { IR_MUL, 1 },  { IR_DIVU, 1 } };

  for (size_t i = 0; i < G_N_ELEMENTS (moves); i++)
    g_assert_cmpuint (with_const (f, moves[i].op, IR_I64, moves[i].k)->op, ==, IR_MOV);
  g_assert_cmpuint (with_const (f, IR_SHL, IR_I32, 32)->op, ==, IR_MOV);
  /* The 32-bit move still cuts and extends. */
  const IrOp *op = with_const (f, IR_ADD, IR_I32, 0);
  g_assert_cmpuint (op->op, ==, IR_MOV);
  g_assert_cmpuint (op->type, ==, IR_I32);
  ir_sx32 (&f->b, op->dst);
  g_assert_cmpuint (last_op (f)->flags, ==, IR_F_SX);
}

static void
test_canonical (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;
  const IrOp *op;

  ir_op2 (b, IR_ADD, IR_I64, ir_const (b, 7), X1);
  g_assert_cmpuint (last_op (f)->a, ==, X1);
  assert_const (f, last_op (f)->b, 7);

  op = with_const (f, IR_SUB, IR_I64, 7);
  g_assert_cmpuint (op->op, ==, IR_ADD);
  assert_const (f, op->b, -7);
  op = with_const (f, IR_ANDN, IR_I64, 7);
  g_assert_cmpuint (op->op, ==, IR_AND);
  assert_const (f, op->b, -8);
  op = with_const (f, IR_MUL, IR_I64, 64);
  g_assert_cmpuint (op->op, ==, IR_SHL);
  assert_const (f, op->b, 6);
  op = with_const (f, IR_REMU, IR_I64, 64);
  g_assert_cmpuint (op->op, ==, IR_AND);
  assert_const (f, op->b, 63);
  op = with_const (f, IR_AND, IR_I64, 0xffffffff);
  g_assert_cmpuint (op->op, ==, IR_EXTZ);
  g_assert_cmpint (op->imm, ==, 32);

  ir_setcc (b, IR_LTS, IR_I64, ir_const (b, 3), X1);
  g_assert_cmpuint (last_op (f)->sub, ==, IR_GTS);
  g_assert_cmpuint (last_op (f)->a, ==, X1);
  /* Not commutative: stays. */
  ir_op2 (b, IR_SUB, IR_I64, ir_const (b, 3), X1);
  g_assert_cmpuint (last_op (f)->op, ==, IR_SUB);
  g_assert_cmpuint (last_op (f)->b, ==, X1);

  IrVal t = ir_op2 (b, IR_ADD, IR_I64, X1, ir_const (b, 16));
  ir_op2 (b, IR_ADD, IR_I64, t, ir_const (b, -24));
  g_assert_cmpuint (last_op (f)->a, ==, X1);
  assert_const (f, last_op (f)->b, -8);
}

static void
test_known (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;
  int64_t k;

  ir_set (b, X1, ir_const (b, 0x12345000));
  g_assert_cmpuint (last_op (f)->op, ==, IR_MOV);
  g_assert_cmpuint (last_op (f)->dst, ==, X1);
  assert_const (f, ir_get (b, X1), 0x12345000);
  assert_const (f, ir_op2 (b, IR_ADD, IR_I64, X1, ir_const (b, 0x678)), 0x12345678);

  /* The same constant again costs nothing; a large one is known but read from its variable. */
  uint32_t n = b->region->n_ops;
  ir_set (b, X1, ir_const (b, 0x12345000));
  g_assert_cmpuint (b->region->n_ops, ==, n);
  ir_set (b, X2, ir_const (b, 0x123456789a));
  g_assert_cmpuint (ir_get (b, X2), ==, X2);
  g_assert_true (ir_is_const (b, X2, &k) && k == 0x123456789a);
  ir_op2 (b, IR_ADD, IR_I64, X3, X2);
  g_assert_cmpuint (last_op (f)->b, ==, X2);
  ir_store (b, IR_I64, IR_MEM (3, 0), X2, 8, X1);
  g_assert_cmpuint (last_op (f)->a, ==, X2);
  assert_const (f, last_op (f)->b, 0x12345000);

  /* A copy of a known variable is known; an unknown value is not. */
  ir_set (b, X4, X2);
  g_assert_true (ir_is_const (b, X4, &k) && k == 0x123456789a);
  ir_set (b, X4, X3);
  g_assert_false (ir_is_const (b, X4, &k));
  ir_set (b, X1, ir_load (b, IR_I64, IR_MEM (3, 0), X3, 0));
  g_assert_false (ir_is_const (b, X1, &k));

  ir_branch (b, IR_EQ, IR_I64, X3, X1, 0x2000, 0x1010);
  ir_block_begin (b, 0x1010, true);
  g_assert_true (ir_is_const (b, X2, &k));
  ir_goto (b, 0x1020);
  ir_block_begin (b, 0x1020, false);
  g_assert_false (ir_is_const (b, X2, &k));
}

static void
test_known_helper (Fixture *f, gconstpointer data)
{
  static const IrHelper helpers[] = { { "pure", NULL, 0 }, { "state", NULL, IR_H_STATE } };
  IrBuilder *b = &f->b;
  int64_t k;

  b->helpers = helpers;
  ir_set (b, X1, ir_const (b, 5));
  g_assert_cmpuint (ir_helper (b, 0, false, X1, IR_NONE, IR_NONE), ==, IR_NONE);
  g_assert_true (ir_is_const (b, X1, &k));
  g_assert_true (IR_IS_TEMP (ir_helper (b, 1, true, X1, IR_NONE, IR_NONE)));
  g_assert_false (ir_is_const (b, X1, &k));
  ir_set (b, X1, ir_const (b, 5));
  b->helpers = NULL;
  ir_helper (b, 0, false, IR_NONE, IR_NONE, IR_NONE);
  g_assert_false (ir_is_const (b, X1, &k));
}

static void
test_retarget (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  ir_set (b, X1, ir_op2 (b, IR_ADD, IR_I64, X2, X3));
  g_assert_cmpuint (b->region->n_ops, ==, 1);
  g_assert_cmpuint (last_op (f)->dst, ==, X1);

  /* Past an op that has nothing to do with either. */
  IrVal t = ir_op2 (b, IR_ADD, IR_I64, X2, X3), u = ir_op2 (b, IR_SUB, IR_I64, X2, X3);
  ir_set (b, X1, t);
  ir_set (b, X4, u);
  g_assert_cmpuint (b->region->n_ops, ==, 3);
  g_assert_cmpuint (b->region->ops[1].dst, ==, X1);
  g_assert_cmpuint (b->region->ops[2].dst, ==, X4);

  /* Writing what the register holds already. */
  ir_set (b, X1, ir_op2 (b, IR_ADD, IR_I64, X1, ir_const (b, 0)));
  ir_set (b, X1, X1);
  g_assert_cmpuint (b->region->n_ops, ==, 3);
}

/* Each way in which the defining op must not write the variable itself. */
static void
test_no_retarget (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;
  IrVal t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);

  ir_op2 (b, IR_SUB, IR_I64, X1, X3); /* reads the variable */
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->op, ==, IR_MOV);
  g_assert_cmpuint (last_op (f)->a, ==, t);

  t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);
  ir_op2 (b, IR_SUB, IR_I64, t, X3); /* reads the temporary */
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->a, ==, t);

  t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);
  ir_store (b, IR_I64, IR_MEM (3, 0), X4, 0, X2); /* may leave */
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->a, ==, t);

  t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);
  ir_set (b, X1, X4); /* writes the variable */
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->a, ==, t);

  t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);
  ir_insn (b, 0x1004, 4); /* the next instruction: a variable changes in its own */
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->a, ==, t);

  t = ir_op2 (b, IR_FADD, IR_F32, X2, X3);
  ir_store (b, IR_F32, IR_MEM (2, 0), X4, 0, t);
  ir_set (b, X1, t);
  g_assert_cmpuint (last_op (f)->type, ==, IR_F32);
}

static void
test_sign_extension (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  IrVal t = ir_op2 (b, IR_ADD, IR_I32, X2, X3);
  g_assert_cmpuint (ir_sx32 (b, t), ==, t);
  g_assert_cmpuint (last_op (f)->flags, ==, IR_F_SX);
  t = ir_load (b, IR_I32, IR_MEM (2, 1), X2, 4);
  g_assert_cmpuint (ir_sx32 (b, t), ==, t);
  t = ir_emit (b, IR_DESC (.op = IR_FTOI, .type = IR_F64, .sub = IR_I32 | IR_UNSIGNED), X2, IR_NONE, IR_NONE);
  g_assert_cmpuint (ir_sx32 (b, t), ==, t);

  t = ir_op2 (b, IR_ADD, IR_I64, X2, X3);
  g_assert_cmpuint (ir_sx32 (b, t), !=, t);
  g_assert_cmpuint (last_op (f)->op, ==, IR_EXTS);
  g_assert_cmpuint (ir_sx32 (b, X2), ==, last_op (f)->dst);
}

/* var = (x << n) >> n. */
static void
shift_pair (IrBuilder *b, IrVal var, IrVal x, IrOpcode right, int64_t left_count, int64_t right_count)
{
  ir_insn (b, 0x1000, 4);
  ir_set (b, var, ir_op2 (b, IR_SHL, IR_I64, x, ir_const (b, left_count)));
  ir_insn (b, 0x1004, 4);
  ir_set (b, var, ir_op2 (b, right, IR_I64, var, ir_const (b, right_count)));
}

static void
test_shift_pairs (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  shift_pair (b, X1, X2, IR_SHR, 32, 32);
  g_assert_cmpuint (last_op (f)->op, ==, IR_EXTZ);
  g_assert_cmpint (last_op (f)->imm, ==, 32);
  g_assert_cmpuint (last_op (f)->a, ==, X2);
  g_assert_cmpuint (b->region->ops[1].dst, ==, IR_NONE);
  shift_pair (b, X1, X1, IR_SAR, 56, 56);
  g_assert_cmpuint (last_op (f)->op, ==, IR_EXTS);
  g_assert_cmpint (last_op (f)->imm, ==, 8);
  g_assert_cmpuint (last_op (f)->a, ==, X1);
  shift_pair (b, X1, X1, IR_SHR, 32, 30);
  g_assert_cmpuint (last_op (f)->op, ==, IR_SHR);

  /* Pairs that are no extension: an odd width, another register, another type. */
  shift_pair (b, X1, X1, IR_SHR, 63, 63);
  g_assert_cmpuint (last_op (f)->op, ==, IR_SHR);
  ir_set (b, X1, ir_op2 (b, IR_SHL, IR_I64, X2, ir_const (b, 32)));
  ir_set (b, X1, ir_op2 (b, IR_SHR, IR_I64, X3, ir_const (b, 32)));
  g_assert_cmpuint (last_op (f)->op, ==, IR_SHR);
  ir_set (b, X1, ir_op2 (b, IR_SHL, IR_I32, X1, ir_const (b, 16)));
  ir_set (b, X1, ir_op2 (b, IR_SHR, IR_I64, X1, ir_const (b, 48)));
  g_assert_cmpuint (last_op (f)->op, ==, IR_SHR);

  /* Something may leave between the two: the half-way value must be there. */
  ir_set (b, X1, ir_op2 (b, IR_SHL, IR_I64, X1, ir_const (b, 32)));
  ir_store (b, IR_I64, IR_MEM (3, 0), X4, 0, X2);
  ir_set (b, X1, ir_op2 (b, IR_SHR, IR_I64, X1, ir_const (b, 32)));
  g_assert_cmpuint (last_op (f)->op, ==, IR_SHR);
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;
  const IrRegion *r = b->region;

  ir_set (b, X1, ir_const (b, 0x2001));
  ir_branch (b, IR_LTU, IR_I64, ir_const (b, 3), X2, 0x3000, 0x1004);
  g_assert_true (b->dead);
  g_assert_cmpuint (r->blocks[0].end, ==, IR_END_BRANCH);
  g_assert_cmpuint (r->blocks[0].cond, ==, IR_GTU);
  g_assert_cmpuint (r->blocks[0].a, ==, X2);

  ir_block_begin (b, 0x1004, true);
  ir_branch (b, IR_GES, IR_I64, X1, ir_const (b, 0), 0x3000, 0x1008);
  g_assert_cmpuint (r->blocks[1].end, ==, IR_END_GOTO);
  g_assert_cmphex (r->blocks[1].target[0].pc, ==, 0x3000);

  ir_block_begin (b, 0x1008, true);
  ir_call_indirect (b, X1, 1, X1, 0x100c);
  g_assert_cmpuint (r->blocks[2].end, ==, IR_END_CALL);
  g_assert_cmpuint (r->blocks[2].a, ==, IR_NONE);
  g_assert_cmphex (r->blocks[2].target[0].pc, ==, 0x2000);
  g_assert_cmpuint (r->blocks[2].link, ==, X1);

  ir_block_begin (b, 0x100c, true);
  int64_t k;
  g_assert_false (ir_is_const (b, X1, &k));
  ir_indirect (b, X1, 1);
  g_assert_cmpuint (r->blocks[3].end, ==, IR_END_INDIRECT);
  g_assert_cmpuint (r->blocks[3].align, ==, 1);
}

/* A region grows beyond its first memory and keeps its content. */
static void
test_growth (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  for (unsigned i = 0; i < 5000; i++) {
    ir_insn (b, 0x1000 + 4 * i, 4);
    ir_set (b, X1, ir_op2 (b, IR_XOR, IR_I64, X2, ir_const (b, i + 1)));
  }
  g_assert_cmpuint (b->block->n_insns, ==, 5000);
  g_assert_cmpuint (b->block->size, ==, 20000);
  for (unsigned i = 0; i < 5000; i++) {
    g_assert_cmpint (b->region->ops[2 * i].imm, ==, 4 * (int)i);
    g_assert_cmpint (ir_const_value (b->region, b->region->ops[2 * i + 1].b), ==, i + 1);
  }
  g_assert_false (ir_region_full (b->region));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/ir/build/constants", test_constants },
    { "/ir/build/folding", test_folding },
    { "/ir/build/identities", test_identities },
    { "/ir/build/canonical", test_canonical },
    { "/ir/build/known", test_known },
    { "/ir/build/known-helper", test_known_helper },
    { "/ir/build/retarget", test_retarget },
    { "/ir/build/no-retarget", test_no_retarget },
    { "/ir/build/sign-extension", test_sign_extension },
    { "/ir/build/shift-pairs", test_shift_pairs },
    { "/ir/build/ends", test_ends },
    { "/ir/build/growth", test_growth },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
