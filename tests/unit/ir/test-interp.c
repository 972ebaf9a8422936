/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interpreter: guest memory, helpers, every kind of end, loops over blocks; and the whole way from
 * builder through optimiser to interpreter against a direct evaluation of the same instructions. */

#include "ir-build.h"
#include "ir-interp.h"
#include "ir-opt.h"
#include <string.h>

enum { X0, X1, X2, X3, X4, N_VARS };

/* 4 KiB of guest memory at MEMORY; anything else faults. */
#define MEMORY 0x10000u

typedef struct {
  IrState s; /* must be first */
  uint8_t bytes[4096];
  sigjmp_buf leave;
  IrBuilder b;
} Machine;

static uint8_t *
locate (IrState *s, uint64_t addr, unsigned size, bool write)
{
  Machine *m = (Machine *)s;

  if (addr < MEMORY || addr + size > MEMORY + sizeof m->bytes) {
    s->fault = (IrFault){ .addr = addr, .write = write };
    ir_leave (s, IR_EXIT_FAULT);
  }
  return m->bytes + (addr - MEMORY);
}

static uint64_t
fake_load (IrState *s, uint64_t addr, unsigned size)
{
  uint64_t x = 0;
  memcpy (&x, locate (s, addr, size, false), size);
  return x;
}

static void
fake_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  memcpy (locate (s, addr, size, true), &value, size);
}

static uint64_t
fake_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  if (addr % size != 0)
    ir_leave (s, IR_EXIT_FAULT);
  uint64_t old = fake_load (s, addr, size);
  g_assert_cmpint (op, ==, IR_RMW_ADD);
  fake_store (s, addr, size, old + value);
  return old;
}

static uint64_t
fake_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  uint64_t old = fake_load (s, addr, size);
  if (old == expected)
    fake_store (s, addr, size, desired);
  return old;
}

static const IrMemOps memory = { fake_load, fake_store, fake_rmw, fake_cas };

static uint64_t
helper_mix (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return a * 100 + b * 10 + c;
}

static uint64_t
helper_refuse (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  s->var[X4] = a;
  ir_leave (s, IR_EXIT_ILLEGAL);
}

static const IrHelper helpers[] = { { "mix", helper_mix, 0 }, { "refuse", helper_refuse, IR_H_STATE } };

static void
begin (Machine *m, bool addr32)
{
  ir_region_reset (m->b.region, 0x1000, 0, addr32);
  ir_builder_init (&m->b, m->b.region);
  m->b.helpers = helpers;
  ir_block_begin (&m->b, 0x1000, false);
  ir_insn (&m->b, 0x1000, 4);
}

static void
set_up (Machine *m, gconstpointer data)
{
  m->s.mem = &memory;
  m->s.helpers = helpers;
  m->s.leave = &m->leave;
  for (unsigned i = 0; i < sizeof m->bytes; i++)
    m->bytes[i] = (uint8_t)(0x81 + i);
  m->b.region = ir_region_new ();
  begin (m, false);
}

static void
tear_down (Machine *m, gconstpointer data)
{
  ir_region_free (m->b.region);
}

static IrExit
run_block (Machine *m, uint32_t block)
{
  g_assert_cmpstr (ir_region_check (m->b.region), ==, NULL);
  int reason = sigsetjmp (m->leave, 0);
  return reason != 0 ? (IrExit)reason : ir_interp_block (&m->s, m->b.region, block);
}

static IrExit
finish (Machine *m)
{
  ir_exit (&m->b, IR_EXIT_SYSCALL, 0x1ffc);
  return run_block (m, 0);
}

static void
test_loads (Machine *m, gconstpointer data)
{
  static const struct {
    IrType type;
    uint8_t mem, flags;
    uint64_t want;
  } cases[] = {
    { IR_I64, IR_MEM (0, 0), 0, 0x85 },
    { IR_I64, IR_MEM (0, 1), 0, 0xffffffffffffff85 },
    { IR_I64, IR_MEM (1, 1), 0, 0xffffffffffff8685 },
    { IR_I64, IR_MEM (2, 1), 0, 0xffffffff88878685 },
    { IR_I64, IR_MEM (2, 0), 0, 0x88878685 },
    { IR_I64, IR_MEM (3, 0), 0, 0x8c8b8a8988878685 },
    { IR_I64, IR_MEM (3, 0), IR_F_BE, 0x85868788898a8b8c },
    { IR_I64, IR_MEM (1, 1), IR_F_BE, 0xffffffffffff8586 },
    { IR_I32, IR_MEM (0, 1), 0, 0xffffff85 },
    { IR_I32, IR_MEM (0, 1), IR_F_SX, 0xffffffffffffff85 },
    { IR_I32, IR_MEM (1, 0), IR_F_SX, 0x8685 },
    { IR_I32, IR_MEM (2, 0), 0, 0x88878685 },
    { IR_I32, IR_MEM (2, 0), IR_F_SX, 0xffffffff88878685 },
    { IR_F16, IR_MEM (1, 0), 0, 0xffffffffffff8685 },
    { IR_F32, IR_MEM (2, 0), 0, 0xffffffff88878685 },
    { IR_F32, IR_MEM (2, 0), IR_F_UNBOXED, 0x88878685 },
    { IR_F64, IR_MEM (3, 0), 0, 0x8c8b8a8988878685 },
  };

  m->s.var[X1] = MEMORY + 16;
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    IrDesc d = IR_DESC (.op = IR_LOAD, .type = cases[i].type, .sub = cases[i].mem, .flags = cases[i].flags,
                        .imm = -12);
    begin (m, false);
    ir_set (&m->b, X2, ir_emit (&m->b, d, X1, IR_NONE, IR_NONE));
    g_assert_cmpint (finish (m), ==, IR_EXIT_SYSCALL);
    g_assert_cmphex (m->s.var[X2], ==, cases[i].want);
    g_assert_cmphex (m->s.pc, ==, 0x1ffc);
  }
}

static void
test_stores (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;

  m->s.var[X1] = MEMORY;
  m->s.var[X2] = 0x1122334455667788;
  ir_store (b, IR_I64, IR_MEM (3, 0), X1, 0, X2);
  ir_store (b, IR_I32, IR_MEM (0, 0), X1, 8, X2);
  ir_store (b, IR_I64, IR_MEM (1, 0), X1, 10, X2);
  ir_emit (b, IR_DESC (.op = IR_STORE, .type = IR_I64, .sub = IR_MEM (2, 0), .flags = IR_F_BE, .imm = 12), X1,
           X2, IR_NONE);
  ir_emit (b, IR_DESC (.op = IR_ZEROLINE, .imm = 64), ir_const (b, MEMORY + 100), IR_NONE, IR_NONE);
  ir_fence (b, IR_FENCE_LL | IR_FENCE_SS);
  g_assert_cmpint (finish (m), ==, IR_EXIT_SYSCALL);

  static const uint8_t want[] = { 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
                                  0x88, 0x8a, 0x88, 0x77, 0x55, 0x66, 0x77, 0x88 };
  g_assert_cmpmem (m->bytes, sizeof want, want, sizeof want);
  for (unsigned i = 48; i < 144; i++)
    g_assert_cmpuint (m->bytes[i], ==, i >= 64 && i < 128 ? 0 : (uint8_t)(0x81 + i));
}

static void
test_atomics (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;
  uint64_t initial = 0x90000000fffffffe;

  memcpy (m->bytes, &initial, 8);
  m->s.var[X1] = MEMORY;
  m->s.var[X2] = 0xaaaaaaaa00000003;
  ir_set (b, X3, ir_rmw (b, IR_I32, IR_MEM (2, 1), IR_RMW_ADD, X1, X2, IR_F_SX));
  ir_set (b, X4,
          ir_cas (b, IR_I64, IR_MEM (2, 1), X1, ir_const (b, 0x500000001), ir_const (b, 0x700000007), 0));
  ir_set (b, X0, ir_cas (b, IR_I64, IR_MEM (2, 1), X1, ir_const (b, 6), ir_const (b, 9), 0));
  g_assert_cmpint (finish (m), ==, IR_EXIT_SYSCALL);
  g_assert_cmphex (m->s.var[X3], ==, 0xfffffffffffffffe);
  g_assert_cmphex (m->s.var[X4], ==, 1);
  g_assert_cmphex (m->s.var[X0], ==, 7);
  g_assert_cmphex (fake_load (&m->s, MEMORY, 8), ==, 0x9000000000000007);
}

/* A load marked IR_F_ALIGNED refuses what an atomic would refuse, and is an ordinary load otherwise. */
static void
test_aligned_load (Machine *m, gconstpointer data)
{
  for (unsigned offset = 0; offset < 8; offset++) {
    IrDesc d = IR_DESC (.op = IR_LOAD, .type = IR_I64, .sub = IR_MEM (2, 0), .flags = IR_F_ALIGNED);
    begin (m, false);
    m->s.var[X1] = MEMORY + offset;
    m->s.var[X2] = 0;
    ir_set (&m->b, X2, ir_emit (&m->b, d, X1, IR_NONE, IR_NONE));
    g_assert_cmpint (finish (m), ==, offset % 4 == 0 ? IR_EXIT_SYSCALL : IR_EXIT_FAULT);
    g_assert_cmphex (m->s.var[X2], ==, offset == 0 ? 0x84838281 : offset == 4 ? 0x88878685 : 0);
  }
}

/* After a fault the state is as the instruction found it. */
static void
test_fault (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;

  m->s.var[X1] = 0x66;
  m->s.var[X2] = 5;
  ir_set (b, X3, ir_const (b, 33));
  ir_insn (b, 0x1004, 2);
  ir_set (b, X1, ir_load (b, IR_I64, IR_MEM (3, 0), X1, 2));
  ir_insn (b, 0x1006, 4);
  ir_set (b, X3, ir_const (b, 44));
  ir_exit (b, IR_EXIT_SYSCALL, 0x100a);
  ir_optimise (b->region);
  g_assert_cmpint (run_block (m, 0), ==, IR_EXIT_FAULT);
  g_assert_cmphex (m->s.pc, ==, 0x1004);
  g_assert_cmphex (m->s.fault.addr, ==, 0x68);
  g_assert_false (m->s.fault.write);
  g_assert_cmphex (m->s.var[X1], ==, 0x66);
  g_assert_cmphex (m->s.var[X3], ==, 33);
}

static void
test_helpers (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;

  m->s.var[X1] = 7;
  ir_set (b, X2, ir_helper (b, 0, true, X1, ir_const (b, 5), IR_NONE));
  ir_set (b, X3, ir_const (b, 1));
  ir_insn (b, 0x1004, 4);
  ir_helper (b, 1, false, X2, IR_NONE, IR_NONE);
  ir_set (b, X3, ir_const (b, 2));
  g_assert_cmpint (finish (m), ==, IR_EXIT_ILLEGAL);
  g_assert_cmpuint (m->s.var[X2], ==, 750);
  g_assert_cmpuint (m->s.var[X4], ==, 750);
  g_assert_cmpuint (m->s.var[X3], ==, 1);
  g_assert_cmphex (m->s.pc, ==, 0x1004);
}

static void
test_addr32 (Machine *m, gconstpointer data)
{
  begin (m, true);
  m->s.var[X1] = 0xfffffff0;
  ir_set (&m->b, X2, ir_load (&m->b, IR_I32, IR_MEM (2, 0), X1, MEMORY + 16));
  ir_indirect (&m->b, ir_op2 (&m->b, IR_ADD, IR_I64, X1, ir_const (&m->b, 0x31)), 1);
  g_assert_cmpint (run_block (m, 0), ==, IR_EXIT_NONE);
  g_assert_cmphex (m->s.var[X2], ==, 0x84838281);
  g_assert_cmphex (m->s.pc, ==, 0x20);
}

static void
test_calls (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;

  ir_call (b, 0x5000, X1, 0x1004);
  g_assert_cmpint (run_block (m, 0), ==, IR_EXIT_NONE);
  g_assert_cmphex (m->s.pc, ==, 0x5000);
  g_assert_cmphex (m->s.var[X1], ==, 0x1004);

  /* The link is also the target: read first. */
  m->s.var[X1] = 0x6003;
  ir_block_begin (b, 0x1004, false);
  ir_call_indirect (b, X1, 1, X1, 0x1008);
  g_assert_cmpint (run_block (m, 1), ==, IR_EXIT_NONE);
  g_assert_cmphex (m->s.pc, ==, 0x6002);
  g_assert_cmphex (m->s.var[X1], ==, 0x1008);

  ir_block_begin (b, 0x1008, false);
  ir_ret (b, X1, 1);
  g_assert_cmpint (run_block (m, 2), ==, IR_EXIT_NONE);
  g_assert_cmphex (m->s.pc, ==, 0x1008);
}

/* A sum over memory: block 0 sets up, 1 loops, 2 leaves. */
static void
test_loop (Machine *m, gconstpointer data)
{
  IrBuilder *b = &m->b;
  uint64_t sum = 0;

  ir_set (b, X1, ir_const (b, MEMORY));
  ir_set (b, X2, ir_const (b, 0));
  ir_goto (b, 0x1008);
  ir_block_begin (b, 0x1008, false);
  ir_insn (b, 0x1008, 4);
  ir_set (b, X3, ir_load (b, IR_I64, IR_MEM (3, 0), X1, 0));
  ir_set (b, X2, ir_op2 (b, IR_ADD, IR_I64, X2, X3));
  ir_set (b, X1, ir_op2 (b, IR_ADD, IR_I64, X1, ir_const (b, 8)));
  ir_branch (b, IR_LTU, IR_I64, X1, ir_const (b, MEMORY + 4096), 0x1008, 0x1018);
  ir_block_begin (b, 0x1018, true);
  ir_exit (b, IR_EXIT_BREAKPOINT, 0x1018);
  ir_optimise (b->region);

  IrExit reason = IR_EXIT_NONE;
  unsigned steps = 0;
  for (m->s.pc = 0x1000; reason == IR_EXIT_NONE; steps++)
    reason = run_block (m, m->s.pc == 0x1000 ? 0 : m->s.pc == 0x1008 ? 1 : 2);
  for (unsigned i = 0; i < 512; i++)
    sum += fake_load (&m->s, MEMORY + 8 * i, 8);
  g_assert_cmpint (reason, ==, IR_EXIT_BREAKPOINT);
  g_assert_cmpuint (steps, ==, 514);
  g_assert_cmphex (m->s.var[X2], ==, sum);
  g_assert_cmphex (m->s.pc, ==, 0x1018);
}

/* --- Random instructions, each evaluated directly as it is emitted. --- */

typedef struct {
  IrBuilder *b;
  GRand *rand;
  uint64_t var[N_VARS];
  IrVal temp; /* one that was not stored in a variable, or IR_NONE */
  uint64_t temp_value;
} Direct;

static IrVal
random_operand (Direct *d, uint64_t *ret_value)
{
  static const int64_t constants[] = {
    0, 1, -1, 2, 32, 48, 56, 63, 0xff, 0xffff, 0xffffffff, 0x123456789abc
  };
  int64_t k = constants[g_rand_int_range (d->rand, 0, G_N_ELEMENTS (constants))];
  IrVal v = (IrVal)g_rand_int_range (d->rand, 0, N_VARS);

  switch (g_rand_int_range (d->rand, 0, 6)) {
    case 0:
    case 1: *ret_value = (uint64_t)k; return ir_const (d->b, k);
    case 2:
      if (d->temp != IR_NONE) {
        *ret_value = d->temp_value;
        return d->temp;
      }
      G_GNUC_FALLTHROUGH;
    default: *ret_value = d->var[v]; return v;
  }
}

static IrDesc
random_desc (GRand *rand)
{
  static const uint8_t frequent[] = { IR_SHL, IR_SHR, IR_SAR, IR_ADD };
  bool narrow = g_rand_int_range (rand, 0, 3) == 0;
  IrDesc d = IR_DESC (.op = g_rand_int_range (rand, IR_MOV, IR_SELECT + 1), .type = narrow ? IR_I32 : IR_I64);

  if (g_rand_boolean (rand))
    d.op = frequent[g_rand_int_range (rand, 0, G_N_ELEMENTS (frequent))];
  if (narrow && d.op != IR_SETCC && g_rand_boolean (rand))
    d.flags = IR_F_SX;
  if (d.op == IR_SETCC)
    d.sub = (uint8_t)g_rand_int_range (rand, IR_EQ, IR_GTU + 1);
  if (d.op == IR_SHLADD)
    d.imm = g_rand_int_range (rand, 0, 4);
  if (d.op == IR_EXTS || d.op == IR_EXTZ)
    d.imm = 8 << g_rand_int_range (rand, 0, 3);
  return d;
}

static void
random_instruction (Direct *d)
{
  IrDesc desc = random_desc (d->rand);
  IrVal in[3] = { IR_NONE, IR_NONE, IR_NONE };
  uint64_t value[3] = { 0, 0, 0 };
  IrState s = { 0 };

  for (unsigned j = 0; j < 3; j++)
    if (ir_op_info[desc.op].shape & IR_SHAPE_A >> j)
      in[j] = random_operand (d, &value[j]);
  IrVal result = ir_emit (d->b, desc, in[0], in[1], in[2]);
  uint64_t result_value = ir_eval (&s, desc.bits, value[0], value[1], value[2]);
  if (g_rand_int_range (d->rand, 0, 4) == 0) {
    d->temp = result;
    d->temp_value = result_value;
  } else {
    IrVal dst = (IrVal)g_rand_int_range (d->rand, 0, N_VARS);
    ir_set (d->b, dst, result);
    d->var[dst] = result_value;
  }
}

static void
test_differential (Machine *m, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (unsigned round = 0; round < 20000; round++) {
    Direct d = { .b = &m->b, .rand = rand, .temp = IR_NONE };

    begin (m, false);
    for (unsigned v = 0; v < N_VARS; v++)
      m->s.var[v] = d.var[v] = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
    for (unsigned i = 0; i < 24; i++) {
      if (i % 4 != 0)
        ir_insn (&m->b, 0x1000 + 4 * i, 4);
      random_instruction (&d);
    }
    ir_exit (&m->b, IR_EXIT_SYSCALL, 0x2000);
    if (round & 1)
      ir_optimise (m->b.region);
    g_assert_cmpint (run_block (m, 0), ==, IR_EXIT_SYSCALL);
    g_assert_cmpmem (m->s.var, sizeof d.var, d.var, sizeof d.var);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*run) (Machine *m, gconstpointer data);
  } tests[] = {
    { "/ir/interp/loads", test_loads },     { "/ir/interp/stores", test_stores },
    { "/ir/interp/atomics", test_atomics }, { "/ir/interp/aligned-load", test_aligned_load },
    { "/ir/interp/fault", test_fault },     { "/ir/interp/helpers", test_helpers },
    { "/ir/interp/addr32", test_addr32 },   { "/ir/interp/calls", test_calls },
    { "/ir/interp/loop", test_loop },       { "/ir/interp/differential", test_differential },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Machine, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
