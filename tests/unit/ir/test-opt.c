/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Dead op removal: what must go, and above all what must stay. */

#include "ir-build.h"
#include "ir-interp.h"
#include "ir-opt.h"
#include <string.h>

enum { X1 = 1, X2, X3, X4, N_VARS };

typedef struct {
  IrBuilder b;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  IrRegion *r = ir_region_new ();
  ir_region_reset (r, 0x1000, 0, false);
  ir_builder_init (&f->b, r);
  ir_block_begin (&f->b, 0x1000, false);
  ir_insn (&f->b, 0x1000, 4);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpstr (ir_region_check (f->b.region), ==, NULL);
  ir_region_free (f->b.region);
}

/* Ends the block, optimises, and checks which ops remain: a '1' or '0' for each op after the INSN. */
static void
assert_kept (Fixture *f, const char *want)
{
  g_autoptr (GString) got = g_string_new (NULL);

  if (!f->b.dead)
    ir_goto (&f->b, 0x2000);
  ir_optimise (f->b.region);
  g_assert_cmpuint (f->b.region->ops[0].op, ==, IR_INSN);
  for (uint32_t i = 1; i < f->b.region->n_ops; i++)
    g_string_append_c (got,
                       f->b.region->ops[i].op == IR_MOV && f->b.region->ops[i].dst == IR_NONE ? '0' : '1');
  g_assert_cmpstr (got->str, ==, want);
}

/* var = var + 1: a write that depends on the one before. */
static void
increment (Fixture *f, IrVal var)
{
  ir_set (&f->b, var, ir_op2 (&f->b, IR_ADD, IR_I64, var, ir_const (&f->b, 1)));
}

/* var = X4 ^ k */
static void
overwrite (Fixture *f, IrVal var, int64_t k)
{
  ir_set (&f->b, var, ir_op2 (&f->b, IR_XOR, IR_I64, X4, ir_const (&f->b, k)));
}

static void
test_overwritten (Fixture *f, gconstpointer data)
{
  overwrite (f, X1, 1);
  overwrite (f, X2, 2);
  overwrite (f, X1, 3);
  assert_kept (f, "011");
}

static void
test_read_between (Fixture *f, gconstpointer data)
{
  overwrite (f, X1, 1);
  increment (f, X1);
  overwrite (f, X1, 3);
  /* The increment is dead, and with it what it read. */
  assert_kept (f, "001");
}

static void
test_live_read (Fixture *f, gconstpointer data)
{
  overwrite (f, X1, 1);
  ir_set (&f->b, X2, ir_op2 (&f->b, IR_ADD, IR_I64, X1, X3));
  overwrite (f, X1, 3);
  assert_kept (f, "111");
}

static void
test_temporaries (Fixture *f, gconstpointer data)
{
  IrVal t = ir_op2 (&f->b, IR_ADD, IR_I64, X1, X2);
  ir_op2 (&f->b, IR_MUL, IR_I64, t, X2);
  IrVal u = ir_op2 (&f->b, IR_SUB, IR_I64, X1, X2);
  ir_store (&f->b, IR_I64, IR_MEM (3, 0), X3, 0, u);
  assert_kept (f, "0011");
}

/* A write before an op that may leave is seen by the fault handler. */
static void
test_leaving_ops (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  overwrite (f, X1, 1);
  ir_load (b, IR_I64, IR_MEM (3, 0), X3, 0);
  overwrite (f, X1, 2);
  ir_store (b, IR_I64, IR_MEM (3, 0), X3, 0, X2);
  overwrite (f, X1, 3);
  ir_rmw (b, IR_I64, IR_MEM (3, 0), IR_RMW_ADD, X3, X2, 0);
  overwrite (f, X1, 4);
  ir_cas (b, IR_I64, IR_MEM (3, 0), X3, X2, X4, 0);
  overwrite (f, X1, 5);
  ir_emit (b, IR_DESC (.op = IR_ZEROLINE, .imm = 64), X3, IR_NONE, IR_NONE);
  overwrite (f, X1, 6);
  ir_helper (b, 0, false, IR_NONE, IR_NONE, IR_NONE);
  overwrite (f, X1, 7);
  ir_fence (b, 15);
  overwrite (f, X1, 8);
  /* Only the fence cannot leave. */
  assert_kept (f, "111111111111"
                  "011");
}

/* The load's own destination is still the old one when it faults. */
static void
test_load_over_write (Fixture *f, gconstpointer data)
{
  overwrite (f, X1, 1);
  ir_set (&f->b, X1, ir_load (&f->b, IR_I64, IR_MEM (3, 0), X3, 0));
  g_assert_cmpuint (f->b.region->n_ops, ==, 3);
  overwrite (f, X1, 2);
  assert_kept (f, "111");
}

/* Flags are a result too. */
static void
test_flags_kept (Fixture *f, gconstpointer data)
{
  ir_op2 (&f->b, IR_FADD, IR_F64, X1, X2);
  ir_set (&f->b, X1, ir_op2 (&f->b, IR_FMUL, IR_F64, X2, X3));
  ir_set (&f->b, X1, ir_op2 (&f->b, IR_FSGNJ, IR_F64, X2, X3));
  ir_set (&f->b, X1, ir_op1 (&f->b, IR_FBITS, IR_F64, X2));
  assert_kept (f, "1101");
}

static void
test_block_end (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  overwrite (f, X1, 1);
  IrVal t = ir_op2 (b, IR_AND, IR_I64, X2, X3);
  IrVal u = ir_op2 (b, IR_OR, IR_I64, X2, X3);
  ir_branch (b, IR_NE, IR_I64, t, u, 0x1000, 0x1004);
  ir_block_begin (b, 0x1004, true);
  overwrite (f, X1, 2);
  ir_ret (b, X1, 1);
  assert_kept (f, "1111");
}

/* The end of a call may be left before it writes the link. */
static void
test_link (Fixture *f, gconstpointer data)
{
  IrBuilder *b = &f->b;

  ir_set (b, X1, ir_const (b, 0x5000));
  ir_call_indirect (b, X1, 1, X1, 0x1004);
  ir_block_begin (b, 0x1004, false);
  overwrite (f, X1, 2);
  ir_call_indirect (b, X1, 1, X1, 0x1008);
  assert_kept (f, "11");
}

/* --- Random blocks: whatever can be observed is the same with and without. --- */

typedef struct {
  IrState s; /* must be first */
  unsigned accesses, fault_at;
  uint64_t hash;
  sigjmp_buf leave;
} Machine;

static uint64_t
observe (IrState *s, uint64_t addr, unsigned size)
{
  Machine *m = (Machine *)s;

  if (m->accesses++ == m->fault_at)
    ir_leave (s, IR_EXIT_FAULT);
  m->hash = (m->hash ^ addr ^ size) * UINT64_C (0x100000001b3);
  return m->hash;
}

static void
observe_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  observe (s, addr ^ value << 7, size);
}

static const IrMemOps memory = { .load = observe, .store = observe_store };

static IrExit
run (Machine *m, const IrRegion *r, unsigned fault_at)
{
  *m = (Machine){ .s = { .mem = &memory, .leave = &m->leave }, .fault_at = fault_at };
  for (unsigned v = 0; v < N_VARS; v++)
    m->s.var[v] = v * UINT64_C (0x9e3779b97f4a7c15);
  int reason = sigsetjmp (m->leave, 0);
  return reason != 0 ? (IrExit)reason : ir_interp_block (&m->s, r, 0);
}

static void
random_block (IrBuilder *b, GRand *rand)
{
  static const IrOpcode ops[] = { IR_ADD, IR_XOR, IR_MUL, IR_SHL, IR_SHR, IR_SAR, IR_ANDN, IR_SETCC };

  for (unsigned i = 0; i < 30; i++) {
    IrVal dst = (IrVal)g_rand_int_range (rand, 1, N_VARS), x = (IrVal)g_rand_int_range (rand, 1, N_VARS);
    IrVal y = g_rand_boolean (rand) ? (IrVal)g_rand_int_range (rand, 1, N_VARS)
                                    : ir_const (b, g_rand_int_range (rand, -1, 3) * 32);
    ir_insn (b, 0x1000 + 4 * i, 4);
    switch (g_rand_int_range (rand, 0, 8)) {
      case 0: ir_store (b, IR_I64, IR_MEM (3, 0), x, 8, y); break;
      case 1: ir_set (b, dst, ir_load (b, IR_I64, IR_MEM (2, 1), x, -8)); break;
      case 2: ir_set (b, dst, y); break;
      case 3:
        ir_set (b, dst, ir_sx32 (b, ir_op2 (b, ops[g_rand_int_range (rand, 0, 8)], IR_I32, x, y)));
        break;
      default: ir_set (b, dst, ir_op2 (b, ops[g_rand_int_range (rand, 0, 8)], IR_I64, x, y));
    }
  }
  ir_exit (b, IR_EXIT_SYSCALL, 0x1100);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  IrBuilder b;
  unsigned removed = 0, faults = 0;

  ir_builder_init (&b, ir_region_new ());
  for (unsigned round = 0; round < 3000; round++) {
    ir_region_reset (b.region, 0x1000, 0, false);
    ir_builder_init (&b, b.region);
    ir_block_begin (&b, 0x1000, false);
    random_block (&b, rand);
    g_assert_cmpstr (ir_region_check (b.region), ==, NULL);

    Machine plain, optimised;
    unsigned fault_at = g_rand_int_range (rand, 0, 12);
    IrExit reason = run (&plain, b.region, fault_at);
    ir_optimise (b.region);
    g_assert_cmpint (run (&optimised, b.region, fault_at), ==, reason);
    g_assert_cmpmem (plain.s.var, sizeof plain.s.var, optimised.s.var, sizeof optimised.s.var);
    g_assert_cmphex (plain.hash, ==, optimised.hash);
    g_assert_cmphex (plain.s.pc, ==, optimised.s.pc);
    faults += reason == IR_EXIT_FAULT;
    for (uint32_t i = 0; i < b.region->n_ops; i++)
      removed += b.region->ops[i].op == IR_MOV && b.region->ops[i].dst == IR_NONE;
  }
  ir_region_free (b.region);
  /* The rounds did exercise both. */
  g_assert_cmpuint (removed, >, 3000);
  g_assert_cmpuint (faults, >, 300);
}

static void
shift (Fixture *f, IrOpcode op, IrVal var, IrVal from, int64_t by)
{
  ir_set (&f->b, var, ir_op2 (&f->b, op, IR_I64, from, ir_const (&f->b, by)));
}

/* An element's address: shift and addition become one op. */
static void
test_scaled_index (Fixture *f, gconstpointer data)
{
  shift (f, IR_SHL, X1, X2, 3);
  ir_set (&f->b, X1, ir_op2 (&f->b, IR_ADD, IR_I64, X1, X3));
  assert_kept (f, "01");
  const IrOp *op = &f->b.region->ops[2];
  g_assert_cmpuint (op->op, ==, IR_SHLADD);
  g_assert_cmpint (op->imm, ==, 3);
  g_assert_true (op->dst == X1 && op->a == X2 && op->b == X3);
}

/* The same with an unsigned 32-bit index, which RV64GC extends and scales by a pair of shifts. */
static void
test_scaled_index_unsigned (Fixture *f, gconstpointer data)
{
  shift (f, IR_SHL, X1, X1, 32);
  shift (f, IR_SHR, X1, X1, 30);
  ir_set (&f->b, X1, ir_op2 (&f->b, IR_ADD, IR_I64, X3, X1));
  assert_kept (f, "101");
  const IrOp *op = &f->b.region->ops[1];
  g_assert_cmpuint (op[0].op, ==, IR_EXTZ);
  g_assert_cmpint (op[0].imm, ==, 32);
  g_assert_cmpuint (op[2].op, ==, IR_SHLADD);
  g_assert_cmpint (op[2].imm, ==, 2);
}

/* Not where the shifted value lives on, is added to itself, or is shifted too far. */
static void
test_scaled_index_kept (Fixture *f, gconstpointer data)
{
  shift (f, IR_SHL, X1, X2, 3);
  ir_set (&f->b, X3, ir_op2 (&f->b, IR_ADD, IR_I64, X1, X3));
  shift (f, IR_SHL, X1, X2, 2);
  ir_set (&f->b, X1, ir_op2 (&f->b, IR_ADD, IR_I64, X1, X1));
  shift (f, IR_SHL, X2, X2, 4);
  ir_set (&f->b, X2, ir_op2 (&f->b, IR_ADD, IR_I64, X2, X3));
  assert_kept (f, "111111");
}

static void
set_flags (Fixture *f, IrVal x, IrVal y)
{
  ir_set (&f->b, X3, ir_op2 (&f->b, IR_CCSUB, IR_I64, x, y));
}

/* An instruction that goes by the flags of X1 - X2 without reading them, and one that overwrites them. */
static void
use_flags (Fixture *f)
{
  ir_insn (&f->b, 0x1100, 4);
  ir_insn_reads_flags (&f->b);
  ir_set (&f->b, X1, ir_setcc (&f->b, IR_EQ, IR_I64, X1, X2));
  ir_insn (&f->b, 0x1104, 4);
  set_flags (f, X2, X4);
}

static void
test_condition_flags (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  set_flags (f, X1, X2);
  use_flags (f);
  assert_kept (f, "01111");
}

/* After a fault the instructions behind it start again, and read the flags. */
static void
test_condition_flags_over_load (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  set_flags (f, X1, X2);
  ir_insn (&f->b, 0x1004, 4);
  ir_set (&f->b, X4, ir_load (&f->b, IR_I64, IR_MEM (3, false), X4, 0));
  use_flags (f);
  assert_kept (f, "1111111");
}

static void
test_condition_flags_unread (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  set_flags (f, X1, X2);
  ir_insn (&f->b, 0x1004, 4);
  ir_set (&f->b, X4, ir_load (&f->b, IR_I64, IR_MEM (3, false), X4, 0));
  set_flags (f, X1, X2);
  assert_kept (f, "0111");
}

/* A loop's comparison is computed on the way out.  Though it is gone, the flags from before it are of no use
 * to the instruction that goes by it. */
static void
test_condition_flags_of_a_loop (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  set_flags (f, X1, X2);
  ir_insn (&f->b, 0x1004, 4);
  ir_set (&f->b, X2, ir_load (&f->b, IR_I64, IR_MEM (3, false), X4, 0));
  ir_insn (&f->b, 0x1008, 4);
  set_flags (f, X1, X4);
  ir_insn (&f->b, 0x100c, 4);
  ir_insn_reads_flags (&f->b);
  ir_branch (&f->b, IR_NE, IR_I64, X1, X4, 0x1000, 0x1010);
  f->b.region->blocks[0].target[0].block = 0;
  assert_kept (f, "0111011");
  g_assert_cmpuint (f->b.region->n_blocks, ==, 2);
}

/* Exceptions of a comparison whose flags nobody reads are raised by an equal one. */
static void
compare_numbers (Fixture *f, IrOpcode op, IrVal dst, unsigned flags, IrVal x, IrVal y)
{
  ir_set (&f->b, dst,
          ir_emit (&f->b, IR_DESC (.op = op, .type = IR_F64, .flags = (uint8_t)flags), x, y, IR_NONE));
}

static void
test_comparison_repeated (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  compare_numbers (f, IR_FCC, X3, 0, X1, X2);
  compare_numbers (f, IR_FSETCC, X4, 0, X2, X1);
  set_flags (f, X1, X2);
  assert_kept (f, "011");
}

static void
test_comparison_other (Fixture *f, gconstpointer data)
{
  f->b.region->flags_var = X3;
  compare_numbers (f, IR_FCC, X3, IR_F_SIGNALING, X1, X2);
  compare_numbers (f, IR_FSETCC, X4, 0, X2, X1);
  compare_numbers (f, IR_FCC, X3, 0, X1, X4);
  compare_numbers (f, IR_FSETCC, X4, 0, X1, X4);
  compare_numbers (f, IR_FCC, X3, 0, X1, X2);
  increment (f, X1);
  compare_numbers (f, IR_FSETCC, X4, 0, X1, X2);
  set_flags (f, X1, X2);
  assert_kept (f, "11011111");
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/ir/opt/overwritten", test_overwritten },
    { "/ir/opt/read-between", test_read_between },
    { "/ir/opt/live-read", test_live_read },
    { "/ir/opt/temporaries", test_temporaries },
    { "/ir/opt/leaving-ops", test_leaving_ops },
    { "/ir/opt/load-over-write", test_load_over_write },
    { "/ir/opt/flags-kept", test_flags_kept },
    { "/ir/opt/condition-flags", test_condition_flags },
    { "/ir/opt/condition-flags-over-load", test_condition_flags_over_load },
    { "/ir/opt/condition-flags-unread", test_condition_flags_unread },
    { "/ir/opt/condition-flags-of-a-loop", test_condition_flags_of_a_loop },
    { "/ir/opt/comparison-repeated", test_comparison_repeated },
    { "/ir/opt/comparison-other", test_comparison_other },
    { "/ir/opt/block-end", test_block_end },
    { "/ir/opt/link", test_link },
    { "/ir/opt/scaled-index", test_scaled_index },
    { "/ir/opt/scaled-index-unsigned", test_scaled_index_unsigned },
    { "/ir/opt/scaled-index-kept", test_scaled_index_kept },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  g_test_add_func ("/ir/opt/random", test_random);
  return g_test_run ();
}
