/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Regions at the compiler's limits: results nobody uses, copies that stand for a variable while it is
 * overwritten, more code than was expected. */

#include "ir-build.h"
#include "jit.h"
#include <string.h>

#define PC       UINT64_C (0x1000)
#define N_INT    20
#define N_VARS   52
#define FIRST_FP N_INT
#define CLASS    (IR_FPC_NAN_CANONICAL | IR_FPC_BOXED | IR_FPC_CVT_NAN_MAX)

static uint8_t var_types[IR_MAX_VARS];
static uint64_t memory[16];
static JitState *js;
static JitThread *thread;

static uint64_t
helper_add (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  s->var[1] += a;
  s->var[21] = 0;
  return 0;
}

static const IrHelper helpers[] = { { "add", helper_add, IR_H_STATE } };

static bool
read_code (uint64_t addr, void *out, size_t size)
{
  memset (out, 0, size);
  return true;
}

static void
start (void)
{
  static const uint8_t hot_int[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  static const uint8_t hot_fp[] = { 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 };
  for (unsigned v = 0; v < N_VARS; v++)
    var_types[v] = v < FIRST_FP ? IR_I64 : IR_F64;
  const JitConfig config = {
    .n_vars = N_VARS,
    .var_types = var_types,
    .n_hot_int = G_N_ELEMENTS (hot_int),
    .n_hot_fp = G_N_ELEMENTS (hot_fp),
    .hot_int = hot_int,
    .hot_fp = hot_fp,
    .helpers = helpers,
    .guest_base = (uintptr_t)memory,
    .read = read_code,
    .cache_size = 16u << 20,
    .hot_threshold = 1000000,
  };
  g_assert_true (jit_init (&config, NULL));
  js = g_new0 (JitState, 1);
  js->state.helpers = helpers;
  thread = jit_thread_new (js);
  g_assert_nonnull (thread);
}

static IrRegion *
begin (IrBuilder *b)
{
  IrRegion *r = ir_region_new ();
  ir_region_reset (r, PC, 0, false);
  ir_builder_init (b, r);
  b->helpers = helpers;
  ir_block_begin (b, PC, false);
  ir_insn (b, PC, 4);
  return r;
}

static void
run (IrBuilder *b, IrRegion *r)
{
  ir_exit (b, IR_EXIT_SYSCALL, PC);
  char *defect = ir_region_check (r);
  g_assert_cmpstr (defect, ==, NULL);
  jit_begin (thread);
  const JitCode *code = jit_compile (thread, r, JIT_BLOCK, NULL);
  g_assert_nonnull (code);
  g_assert_cmpuint (jit_enter (thread, code), ==, IR_EXIT_SYSCALL);
  jit_end (thread);
  jit_invalidate (0, UINT64_MAX);
  ir_region_free (r);
}

/* A load has to be made though nobody looks at the value; it must not keep a register or a spill slot for
 * ever. */
static void
test_unused_results (void)
{
  IrBuilder b;
  IrRegion *r = begin (&b);
  IrVal sum[4];
  for (unsigned i = 0; i < 200; i++)
    ir_load (&b, IR_I64, IR_MEM (3, 0), ir_const (&b, 0), 0);
  for (unsigned i = 0; i < 4; i++)
    sum[i] = ir_op2 (&b, IR_XOR, IR_I64, 2, ir_const (&b, 1 << i));
  for (unsigned i = 0; i < 4; i++)
    ir_store (&b, IR_I64, IR_MEM (3, 0), ir_const (&b, 8 * i), 0, sum[i]);
  js->state.var[2] = 0x100;
  run (&b, r);
  for (unsigned i = 0; i < 4; i++)
    g_assert_cmphex (memory[i], ==, 0x100 | 1 << i);
}

static uint64_t
boxed (float x)
{
  uint32_t bits;
  memcpy (&bits, &x, 4);
  return UINT64_C (0xffffffff00000000) | bits;
}

/* The old value of a variable in memory is used after an op that writes the variable. */
static void
test_alias_overwritten (void)
{
  enum { ACC = 45, A = 46, B = 22, OLD = 47 }; /* all but B in memory */
  IrBuilder b;
  IrRegion *r = begin (&b);
  IrVal acc = ir_op1 (&b, IR_UNBOX, IR_F32, ACC), x = ir_op1 (&b, IR_UNBOX, IR_F32, A),
        y = ir_op1 (&b, IR_UNBOX, IR_F32, B);
  const int dynamic = IR_FP (IR_RDYN, CLASS);
  ir_set (&b, ACC, ir_emit (&b, IR_DESC (.op = IR_FMA, .type = IR_F32, .imm = dynamic), x, y, acc));
  ir_set (&b, OLD, ir_emit (&b, IR_DESC (.op = IR_FADD, .type = IR_F32, .imm = dynamic), acc, x, IR_NONE));
  js->state.var[ACC] = boxed (10);
  js->state.var[A] = boxed (2);
  js->state.var[B] = boxed (3);
  run (&b, r);
  g_assert_cmphex (js->state.var[ACC], ==, boxed (16));
  g_assert_cmphex (js->state.var[OLD], ==, boxed (12));
}

/* The same, where a helper writes it. */
static void
test_alias_and_helper (void)
{
  IrBuilder b;
  IrRegion *r = begin (&b);
  IrVal x = ir_op1 (&b, IR_UNBOX, IR_F32, 21);
  ir_helper (&b, 0, false, ir_const (&b, 1), IR_NONE, IR_NONE);
  ir_set (&b, 22, x);
  js->state.var[21] = boxed (7);
  js->state.var[1] = 0;
  run (&b, r);
  g_assert_cmphex (js->state.var[22], ==, boxed (7));
  g_assert_cmpuint (js->state.var[1], ==, 1);
}

/* Helpers take far more host code than the usual op. */
static void
test_more_code_than_expected (void)
{
  enum { N = 3000 };
  for (unsigned round = 0; round < 8; round++) {
    IrBuilder b;
    IrRegion *r = begin (&b);
    for (unsigned i = 0; i < N; i++)
      ir_helper (&b, 0, false, ir_const (&b, 3), IR_NONE, IR_NONE);
    js->state.var[1] = 5;
    run (&b, r);
    g_assert_cmpuint (js->state.var[1], ==, 5 + 3 * N);
  }
}

/* Guest code invalidated between its translation and its compilation. */
static void
test_changed_meanwhile (void)
{
  IrBuilder b;
  JitCode *code;
  for (unsigned at = 0; at < 2; at++) {
    IrRegion *r = begin (&b);
    ir_exit (&b, IR_EXIT_SYSCALL, PC);
    jit_begin (thread);
    jit_translating (thread);
    jit_invalidate (PC + 4 * at, 4);
    code = jit_compile (thread, r, JIT_BLOCK, NULL);
    g_assert_cmpuint (jit_enter (thread, code), ==, at == 0 ? JIT_EXIT_LOOKUP : IR_EXIT_SYSCALL);
    g_assert_true (jit_lookup (PC, 0, 0) == (at == 0 ? NULL : code));
    jit_end (thread);
    ir_region_free (r);
  }
  /* The block that a region replaces is invalidated: the region is not to lead to it. */
  IrRegion *r = begin (&b);
  ir_exit (&b, IR_EXIT_SYSCALL, PC);
  jit_begin (thread);
  jit_invalidate (PC, 4);
  code = jit_compile (thread, r, JIT_REGION, code);
  g_assert_cmpuint (jit_enter (thread, code), ==, JIT_EXIT_LOOKUP);
  g_assert_null (jit_lookup (PC, 0, 0));
  jit_end (thread);
  ir_region_free (r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!jit_supported ())
    return 77;
  start ();
  g_test_add_func ("/jit/limits/unused-results", test_unused_results);
  g_test_add_func ("/jit/limits/alias-overwritten", test_alias_overwritten);
  g_test_add_func ("/jit/limits/alias-and-helper", test_alias_and_helper);
  g_test_add_func ("/jit/limits/more-code-than-expected", test_more_code_than_expected);
  g_test_add_func ("/jit/limits/changed-meanwhile", test_changed_meanwhile);
  return g_test_run ();
}
