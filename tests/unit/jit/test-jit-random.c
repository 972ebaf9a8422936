/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random regions of IR, in shapes no front end makes, run by compiled code and by the interpreter: all
 * variables, flags and memory must come out the same. */

#include "ir-build.h"
#include "ir-interp.h"
#include "ir-opt.h"
#include "jit.h"

#include <string.h>
#include <sys/mman.h>

#define MEM_SIZE 0x4000u
#define PC       UINT64_C (0x1000)
#define N_VARS   60
#define FIRST_FP 36 /* variables from here on are floating-point containers, */
#define N_EACH   8  /* eight each that hold F64, F32 and F16 values (nearly always boxed) */
#define CLASS    (IR_FPC_NAN_CANONICAL | IR_FPC_BOXED | IR_FPC_CVT_NAN_MAX)
#define COUNTER  0 /* variable that ends loops; nothing else writes it */

static uint8_t *memory; /* guest address 0 */
static uint8_t var_types[IR_MAX_VARS];
static JitState *js;
static JitThread *thread;

/* ---- Guest memory, as the interpreter sees it. ---- */

static uint64_t
mem_load (IrState *s, uint64_t addr, unsigned size)
{
  uint64_t x = 0;
  memcpy (&x, memory + addr, size);
  return x;
}

static void
mem_store (IrState *s, uint64_t addr, unsigned size, uint64_t value)
{
  memcpy (memory + addr, &value, size);
}

static uint64_t
mem_rmw (IrState *s, uint64_t addr, unsigned size, IrRmw op, uint64_t value)
{
  uint64_t old = mem_load (s, addr, size), result = value;
  unsigned shift = 64 - 8 * size;
  int64_t sold = (int64_t)(old << shift), svalue = (int64_t)(value << shift);
  switch (op) {
    case IR_RMW_SWAP: break;
    case IR_RMW_ADD: result = old + value; break;
    case IR_RMW_AND: result = old & value; break;
    case IR_RMW_OR: result = old | value; break;
    case IR_RMW_XOR: result = old ^ value; break;
    case IR_RMW_MINS: result = sold < svalue ? old : value; break;
    case IR_RMW_MAXS: result = sold > svalue ? old : value; break;
    case IR_RMW_MINU: result = MIN (old, value); break;
    case IR_RMW_MAXU: result = MAX (old, value); break;
  }
  mem_store (s, addr, size, result);
  return old;
}

static uint64_t
mem_cas (IrState *s, uint64_t addr, unsigned size, uint64_t expected, uint64_t desired)
{
  uint64_t old = mem_load (s, addr, size);
  if (old == expected)
    mem_store (s, addr, size, desired);
  return old;
}

static const IrMemOps mem_ops = { .load = mem_load, .store = mem_store, .rmw = mem_rmw, .cas = mem_cas };

static uint64_t
helper_mix (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  return a * 3 + (b ^ c >> 7);
}

static uint64_t
helper_swap (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t x = s->var[5];
  s->var[5] = s->var[30] + a;
  s->var[30] = x;
  return x ^ b;
}

static uint64_t
helper_flags (IrState *s, uint64_t a, uint64_t b, uint64_t c)
{
  uint64_t old = s->fp.flags;
  s->fp.flags = a & 31;
  return old;
}

enum { HELPER_MIX, HELPER_SWAP, HELPER_FLAGS };
static const IrHelper helpers[] = {
  [HELPER_MIX] = { "mix", helper_mix, 0 },
  [HELPER_SWAP] = { "swap", helper_swap, IR_H_STATE },
  [HELPER_FLAGS] = { "flags", helper_flags, IR_H_FP },
};

static bool
read_code (uint64_t addr, void *out, size_t size)
{
  memset (out, 0, size);
  return true;
}

/* ---- Making a region. ---- */

typedef struct {
  IrBuilder b;
  GRand *rand;
  IrVal ints[64], floats[64]; /* temporaries of the instruction being built */
  IrType float_type[64];
  unsigned n_ints, n_floats;
} Maker;

static unsigned
below (Maker *m, unsigned n)
{
  return g_rand_int (m->rand) % n;
}

static uint64_t
random_value (GRand *rand)
{
  static const uint64_t special[] = {
    0,
    1,
    UINT64_MAX,
    INT64_MAX,
    (uint64_t)INT64_MIN,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0xffffffff80000000,
    31,
    64,
    0x7ff0000000000000,
    0x7ff8000000000000,
    0x7ff0000000000001,
    0x3ff0000000000000,
    0xbff8000000000000,
    0x0010000000000000,
    0x41dfffffffc00000,
    0x43e0000000000000,
    0xffffffff3f800000,
    0xffffffff7f800000,
    0xffffffff7fc00000,
    0xffffffffff800001,
    0xffffffff00000001,
    0xffffffff4f000000,
    0xffffffff3fc00000,
    0xffffffffffff3c00,
    0xffffffffffff7c01,
    0xffffffffffff0001,
  };
  uint64_t x = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
  switch (g_rand_int (rand) % 4) {
    case 0:
    case 1: return special[x % G_N_ELEMENTS (special)];
    case 2: return x >> (x & 63);
    default: return x;
  }
}

static IrVal
int_operand (Maker *m)
{
  unsigned kind = below (m, 10);
  if (kind < 4 && m->n_ints > 0)
    return m->ints[below (m, m->n_ints)];
  if (kind < 6)
    return ir_const (&m->b, (int64_t)random_value (m->rand));
  return (IrVal)below (m, FIRST_FP);
}

static IrVal
float_var (Maker *m, IrType type)
{
  return (IrVal)(FIRST_FP + N_EACH * (IR_F64 - type) + below (m, N_EACH));
}

/* A value of the type: what an op of that type produced, or a container unboxed. */
static IrVal
float_operand (Maker *m, IrType type)
{
  for (unsigned tries = 0; tries < 4 && m->n_floats > 0; tries++) {
    unsigned i = below (m, m->n_floats);
    if (m->float_type[i] == type)
      return m->floats[i];
  }
  IrVal v = float_var (m, type);
  if (type == IR_F64)
    return v;
  return ir_op1 (&m->b, IR_UNBOX, type, v);
}

static void
add_int (Maker *m, IrVal v)
{
  if (IR_IS_TEMP (v) && m->n_ints < G_N_ELEMENTS (m->ints))
    m->ints[m->n_ints++] = v;
}

static void
add_float (Maker *m, IrVal v, IrType type)
{
  if (m->n_floats == G_N_ELEMENTS (m->floats))
    return;
  m->floats[m->n_floats] = v;
  m->float_type[m->n_floats++] = type;
}

static void
make_int_op (Maker *m)
{
  IrType type = below (m, 2) ? IR_I64 : IR_I32;
  IrOpcode op = IR_MOV + below (m, IR_SELECT - IR_MOV + 1);
  IrDesc d = IR_DESC (.op = op, .type = type);
  if (type == IR_I32 && below (m, 2))
    d.flags = IR_F_SX;
  switch (op) {
    case IR_SHLADD: d.imm = (int)below (m, 4); break;
    case IR_EXTS:
    case IR_EXTZ: d.imm = 8 << below (m, type == IR_I64 ? 3 : 2); break;
    case IR_SETCC:
      d.sub = (uint8_t)below (m, 10);
      d.flags = 0;
      break;
    case IR_DIVS:
    case IR_DIVU: d.sub = (uint8_t)below (m, 2); break;
    default: break;
  }
  unsigned shape = ir_op_info[op].shape;
  IrVal x = int_operand (m), y = shape & IR_SHAPE_B ? int_operand (m) : IR_NONE;
  add_int (m, ir_emit (&m->b, d, x, y, shape & IR_SHAPE_C ? int_operand (m) : IR_NONE));
}

static IrRound
random_round (Maker *m)
{
  static const IrRound rounds[] = { IR_RDYN, IR_RDYN, IR_RDYN, IR_RNE, IR_RTZ, IR_RDN, IR_RUP, IR_RMM };
  return rounds[below (m, G_N_ELEMENTS (rounds))];
}

static IrType
random_float_type (Maker *m)
{
  static const IrType types[] = { IR_F64, IR_F64, IR_F32, IR_F32, IR_F16 };
  return types[below (m, G_N_ELEMENTS (types))];
}

static void
make_float_op (Maker *m)
{
  static const IrOpcode ops[] = { IR_FADD, IR_FSUB,  IR_FMUL,   IR_FDIV,   IR_FSQRT,  IR_FMA, IR_FMIN,
                                  IR_FMAX, IR_FSGNJ, IR_FSGNJN, IR_FSGNJX, IR_FROUND, IR_FCVT };
  IrType type = random_float_type (m), from = type;
  IrDesc d = IR_DESC (.op = ops[below (m, G_N_ELEMENTS (ops))], .type = type);
  d.imm = IR_FP (random_round (m), CLASS);
  if (d.op == IR_FMA)
    d.flags = (uint8_t)below (m, 4) << 1;
  else if (d.op == IR_FMIN || d.op == IR_FMAX)
    d.sub = (uint8_t)below (m, 2);
  else if (d.op == IR_FROUND)
    d.flags = below (m, 2) ? IR_F_EXACT : 0;
  else if (d.op == IR_FCVT)
    d.sub = from = type == IR_F64 ? IR_F32 : type == IR_F32 ? (below (m, 2) ? IR_F64 : IR_F16) : IR_F64;
  unsigned shape = ir_op_info[d.op].shape;
  IrVal x = float_operand (m, from), y = shape & IR_SHAPE_B ? float_operand (m, from) : IR_NONE;
  IrVal z = shape & IR_SHAPE_C ? float_operand (m, from) : IR_NONE;
  add_float (m, ir_emit (&m->b, d, x, y, z), type);
}

/* Between the two kinds of value. */
static void
make_crossing (Maker *m)
{
  static const uint8_t conds[] = { IR_EQ, IR_LTS, IR_LES };
  IrType type = random_float_type (m);
  IrDesc d = IR_DESC (.type = type, .imm = IR_FP (random_round (m), CLASS));
  switch (below (m, 6)) {
    case 0:
      d.op = below (m, 4) == 0 ? IR_FCC : IR_FSETCC;
      d.sub = conds[below (m, 3)];
      d.flags = below (m, 2) ? IR_F_SIGNALING : 0;
      IrVal x = float_operand (m, type), y = float_operand (m, type);
      add_int (m, ir_emit (&m->b, d, x, y, IR_NONE));
      break;
    case 1:
      d.op = IR_FCLASS;
      add_int (m, ir_emit (&m->b, d, float_operand (m, type), IR_NONE, IR_NONE));
      break;
    case 2:
      if (below (m, 16) != 0) /* mostly out of range, which compiled code leaves to the interpreter */
        return;
      d.op = IR_FTOI;
      d.sub = (uint8_t)((below (m, 2) ? IR_I64 : IR_I32) | (below (m, 2) ? IR_UNSIGNED : 0));
      d.flags = d.sub == IR_I32 && below (m, 2) ? IR_F_SX : 0;
      add_int (m, ir_emit (&m->b, d, float_operand (m, type), IR_NONE, IR_NONE));
      break;
    case 3:
      d.op = IR_ITOF;
      d.sub = (uint8_t)((below (m, 2) ? IR_I64 : IR_I32) | (below (m, 8) ? 0 : IR_UNSIGNED));
      add_float (m, ir_emit (&m->b, d, int_operand (m), IR_NONE, IR_NONE), type);
      break;
    case 4:
      d.op = IR_FBITS;
      d.flags = below (m, 2) ? IR_F_SX : 0;
      add_int (m, ir_emit (&m->b, d, float_operand (m, type), IR_NONE, IR_NONE));
      break;
    default: d.op = IR_BITSF; add_float (m, ir_emit (&m->b, d, int_operand (m), IR_NONE, IR_NONE), type);
  }
}

/* An address inside guest memory, aligned. */
static IrVal
random_address (Maker *m, unsigned size)
{
  IrVal masked = ir_op2 (&m->b, IR_AND, IR_I64, (IrVal)below (m, FIRST_FP),
                         ir_const (&m->b, (int64_t)((MEM_SIZE / 2 - 1) & -(uint64_t)size)));
  return ir_op2 (&m->b, IR_ADD, IR_I64, masked, ir_const (&m->b, 0x400));
}

static void
make_load (Maker *m)
{
  if (below (m, 3) == 0) {
    IrType type = random_float_type (m);
    unsigned log2 = type == IR_F64 ? 3 : type == IR_F32 ? 2 : 1;
    add_float (m, ir_load (&m->b, type, IR_MEM (log2, 0), random_address (m, 1), (int)below (m, 1024) - 512),
               type);
    return;
  }
  IrType type = below (m, 2) ? IR_I64 : IR_I32;
  unsigned log2 = below (m, type == IR_I64 ? 4 : 3), is_signed = below (m, 2);
  IrVal addr = random_address (m, 1);
  IrDesc d = IR_DESC (.op = IR_LOAD, .type = type, .sub = IR_MEM (log2, is_signed),
                      .imm = (int)below (m, 1024) - 512);
  d.flags = (below (m, 256) ? 0 : IR_F_BE) | (type == IR_I32 && below (m, 2) ? IR_F_SX : 0);
  add_int (m, ir_emit (&m->b, d, addr, IR_NONE, IR_NONE));
}

static void
make_temporaries (Maker *m)
{
  m->n_ints = m->n_floats = 0;
  for (unsigned n = 1 + below (m, below (m, 4) ? 6 : 40); n > 0; n--) {
    switch (below (m, 8)) {
      case 0:
      case 1:
      case 2: make_int_op (m); break;
      case 3:
      case 4: make_float_op (m); break;
      case 5: make_crossing (m); break;
      case 6: make_load (m); break;
      default:
        if (below (m, 4) == 0)
          add_int (m, ir_helper (&m->b, HELPER_MIX, true, int_operand (m), int_operand (m), int_operand (m)));
    }
  }
}

/* What an instruction does in the end, after everything that may bail out: writes memory, or state. */
static void
make_effect (Maker *m)
{
  IrVal dst = (IrVal)(1 + below (m, FIRST_FP - 1)), addr;
  IrType type = below (m, 2) ? IR_I64 : IR_I32;
  unsigned log2 = below (m, type == IR_I64 ? 4 : 3);
  switch (below (m, 7)) {
    case 0:
      addr = random_address (m, 1);
      ir_store (&m->b, type, IR_MEM (log2, 0), addr, (int)below (m, 512), int_operand (m));
      break;
    case 1:
      log2 = 2 + below (m, 2);
      addr = random_address (m, 8);
      ir_set (&m->b, dst,
              ir_rmw (&m->b, log2 == 3 ? IR_I64 : IR_I32, IR_MEM (log2, 1),
                      (IrRmw)below (m, below (m, 4) ? 2 : 9), addr, int_operand (m),
                      log2 == 2 ? IR_F_SX : 0));
      break;
    case 2:
      addr = random_address (m, 8);
      IrVal expected = int_operand (m);
      ir_set (&m->b, dst, ir_cas (&m->b, IR_I64, IR_MEM (3, 0), addr, expected, int_operand (m), 0));
      break;
    case 3:
      ir_set (&m->b, dst, ir_helper (&m->b, HELPER_SWAP, true, int_operand (m), int_operand (m), IR_NONE));
      break;
    case 4:
      ir_set (&m->b, dst, ir_helper (&m->b, HELPER_FLAGS, true, int_operand (m), IR_NONE, IR_NONE));
      break;
    default: break;
  }
}

static void
make_insn (Maker *m, uint64_t pc)
{
  ir_insn (&m->b, pc, 4);
  make_temporaries (m);
  if (below (m, 3) == 0) {
    make_effect (m);
    return;
  }
  for (unsigned n = 1 + below (m, 3); n > 0; n--) {
    if (m->n_floats > 0 && below (m, 2)) {
      unsigned i = below (m, m->n_floats);
      ir_set (&m->b, float_var (m, m->float_type[i]), m->floats[i]);
      m->floats[i] = m->floats[--m->n_floats]; /* it may have become the variable */
      m->float_type[i] = m->float_type[m->n_floats];
    } else if (m->n_ints > 0) {
      unsigned i = below (m, m->n_ints);
      ir_set (&m->b, (IrVal)(1 + below (m, FIRST_FP - 1)), m->ints[i]);
      m->ints[i] = m->ints[--m->n_ints];
    }
  }
}

/* Blocks in a row; each may jump ahead, and back as long as the counter lasts. */
static void
make_region (Maker *m, IrRegion *r)
{
  unsigned n_blocks = 1 + below (m, 6), n_insns = 1 + below (m, 6);
  ir_region_reset (r, PC, 0, false);
  ir_builder_init (&m->b, r);
  m->b.helpers = helpers;
  for (unsigned k = 0; k < n_blocks; k++) {
    uint64_t pc = PC + 0x100 * k;
    ir_block_begin (&m->b, pc, false);
    for (unsigned i = 0; i < n_insns; i++)
      make_insn (m, pc + 4 * i);
    uint64_t end = pc + 4 * n_insns, next = PC + 0x100 * (k + 1),
             ahead = PC + 0x100 * (k + 1 + below (m, n_blocks - k));
    ir_insn (&m->b, end, 4);
    if (k > 0 && below (m, 2)) {
      ir_set (&m->b, COUNTER, ir_op2 (&m->b, IR_SUB, IR_I64, COUNTER, ir_const (&m->b, 1)));
      ir_insn (&m->b, end + 4, 4);
      ir_branch (&m->b, IR_GTS, IR_I64, COUNTER, ir_const (&m->b, 0), PC + 0x100 * below (m, k), next);
    } else {
      ir_branch (&m->b, (IrCond)below (m, 10), below (m, 2) ? IR_I64 : IR_I32, (IrVal)below (m, FIRST_FP),
                 (IrVal)below (m, FIRST_FP), ahead, next);
    }
  }
  ir_block_begin (&m->b, PC + 0x100 * n_blocks, false);
  ir_insn (&m->b, PC + 0x100 * n_blocks, 4);
  ir_exit (&m->b, IR_EXIT_SYSCALL, PC + 0x100 * n_blocks);
  for (unsigned k = 0; k < r->n_blocks; k++)
    for (unsigned t = 0; t < 2; t++) {
      uint64_t to = r->blocks[k].target[t].pc;
      bool edge = r->blocks[k].end == IR_END_GOTO ? t == 0 : r->blocks[k].end == IR_END_BRANCH;
      r->blocks[k].target[t].block = edge ? (int)((to - PC) / 0x100) : -1;
    }
}

/* ---- Running it. ---- */

static IrExit
interpret_from (IrState *s, const IrRegion *r)
{
  for (;;) {
    unsigned k = (unsigned)((s->pc - PC) / 0x100);
    IrExit exit = ir_interp_block (s, r, k);
    if (exit != IR_EXIT_NONE)
      return exit;
  }
}

/* Goes on at the guest instruction at s->pc, in the middle of a block. */
static IrExit
interpret_rest (IrState *s, IrRegion *r)
{
  IrBlock *block = &r->blocks[(s->pc - PC) / 0x100];
  const IrBlock whole = *block;
  while (block->n_ops > 0 &&
         !(r->ops[block->first_op].op == IR_INSN && PC + r->ops[block->first_op].imm == s->pc)) {
    block->first_op++;
    block->n_ops--;
  }
  IrExit exit = ir_interp_block (s, r, (uint32_t)(block - r->blocks));
  *block = whole;
  return exit != IR_EXIT_NONE ? exit : interpret_from (s, r);
}

static void
on_fpe (int sig, siginfo_t *info, void *uc)
{
  if (!jit_host_fpe (thread, info, uc))
    abort ();
}

typedef struct {
  uint64_t var[N_VARS];
  uint64_t pc;
  FpStatus fp;
  uint8_t memory[MEM_SIZE];
} Outcome;

static void
take_outcome (Outcome *o, const IrState *s)
{
  memcpy (o->var, s->var, sizeof o->var);
  o->pc = s->pc;
  o->fp = s->fp;
  memcpy (o->memory, memory, MEM_SIZE);
}

static void
put_outcome (const Outcome *o, IrState *s)
{
  memcpy (s->var, o->var, sizeof o->var);
  s->pc = o->pc;
  s->fp = o->fp;
  memcpy (memory, o->memory, MEM_SIZE);
}

static void
random_start (GRand *rand, Outcome *o)
{
  memset (o, 0, sizeof *o);
  for (unsigned v = 0; v < N_VARS; v++) {
    o->var[v] = random_value (rand);
    if (v >= FIRST_FP + N_EACH && g_rand_int (rand) % 2048 != 0)
      o->var[v] |= UINT64_MAX << (v < FIRST_FP + 2 * N_EACH ? 32 : 16);
  }
  o->var[COUNTER] = g_rand_int (rand) % 20;
  o->pc = PC;
  o->fp.round = g_rand_int (rand) % 4;
  for (unsigned i = 0; i < MEM_SIZE; i += 8) {
    uint64_t x = random_value (rand);
    memcpy (o->memory + i, &x, 8);
  }
}

static unsigned n_bails;

static void
run_compiled (const Outcome *start, IrRegion *r, JitTier tier, Outcome *ret)
{
  IrState *s = &js->state;
  jit_begin (thread);
  JitCode *cold = jit_compile (thread, r, JIT_BLOCK, NULL);
  JitCode *code = tier == JIT_REGION && cold != NULL ? jit_compile (thread, r, JIT_REGION, cold) : cold;
  g_assert_nonnull (code);
  put_outcome (start, s);
  if (g_random_boolean ()) /* both ways to know the flags */
    js->fp_traps = 0;
  unsigned exit = jit_enter (thread, code);
  for (unsigned again = 0; exit == JIT_EXIT_LINK || exit == JIT_EXIT_HOT;
       again++) { /* a way out of the block */
    g_assert_cmpuint (again, <, 1000);
    exit = s->pc == PC ? jit_enter (thread, code) : interpret_rest (s, r);
  }
  if (exit == JIT_EXIT_INTERPRET) {
    exit = interpret_rest (s, r);
    n_bails++;
  }
  g_assert_cmpuint (exit, ==, IR_EXIT_SYSCALL);
  take_outcome (ret, s);
  jit_invalidate (0, UINT64_MAX);
  jit_flush (thread);
  jit_end (thread);
}

static void
compare (const Outcome *want, const Outcome *got, const IrRegion *r, unsigned seed)
{
  bool same =
      want->pc == got->pc && want->fp.flags == got->fp.flags && !memcmp (want->memory, got->memory, MEM_SIZE);
  for (unsigned v = 0; v < N_VARS; v++)
    if (want->var[v] != got->var[v]) {
      g_test_message ("v%u is %" G_GINT64_MODIFIER "x, not %" G_GINT64_MODIFIER "x", v, got->var[v],
                      want->var[v]);
      same = false;
    }
  if (same)
    return;
  g_autofree char *text = ir_region_print (r, NULL);
  g_test_message ("flags %x, not %x; round %u; region %u:\n%s", got->fp.flags, want->fp.flags, want->fp.round,
                  seed, text);
  g_test_fail ();
}

static void
test_random (gconstpointer data)
{
  JitTier tier = GPOINTER_TO_UINT (data);
  unsigned rounds = g_test_slow () ? 200000 : 4000;
  IrRegion *r = ir_region_new ();
  IrState *interpreted = g_new0 (IrState, 1);
  static Outcome start, want, got;
  interpreted->mem = &mem_ops;
  interpreted->helpers = helpers;
  n_bails = 0;
  for (unsigned seed = 1; seed <= rounds && !g_test_failed (); seed++) {
    Maker m = { .rand = g_rand_new_with_seed (seed) };
    make_region (&m, r);
    g_autofree char *defect = ir_region_check (r);
    g_assert_cmpstr (defect, ==, NULL);
    random_start (m.rand, &start);
    put_outcome (&start, interpreted);
    g_assert_cmpint (interpret_from (interpreted, r), ==, IR_EXIT_SYSCALL);
    take_outcome (&want, interpreted);
    if (below (&m, 2))
      ir_optimise (r);
    run_compiled (&start, r, tier, &got);
    compare (&want, &got, r, seed);
    g_rand_free (m.rand);
  }
  g_test_message ("%u of %u regions were left to the interpreter half-way", n_bails, rounds);
  g_assert_cmpuint (n_bails, <, rounds / 2); /* compiled code did the work */
  ir_region_free (r);
  g_free (interpreted);
}

static void
set_up (void)
{
  static const uint8_t hot_int[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
                       hot_fp[] = { 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46 };
  GError *error = NULL;
  memory = mmap (NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned v = 0; v < N_VARS; v++)
    var_types[v] = v < FIRST_FP ? IR_I64 : IR_F64;
  JitConfig config = {
    .n_vars = N_VARS,
    .var_types = var_types,
    .n_hot_int = G_N_ELEMENTS (hot_int),
    .n_hot_fp = G_N_ELEMENTS (hot_fp),
    .hot_int = hot_int,
    .hot_fp = hot_fp,
    .helpers = helpers,
    .guest_base = (uintptr_t)memory,
    .read = read_code,
    .cache_size = 8 << 20,
    .hot_threshold = 1 << 30,
  };
  jit_init (&config, &error);
  g_assert_no_error (error);
  js = g_malloc0 (sizeof *js);
  js->state.mem = &mem_ops;
  js->state.helpers = helpers;
  thread = jit_thread_new (js);
  g_assert_nonnull (thread);
  struct sigaction fpe = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
  sigaction (SIGFPE, &fpe, NULL);
}

/* Atomic accesses again, as others are to see them. */
static void
test_shared (void)
{
  jit_memory_shared ();
  test_random (GUINT_TO_POINTER (JIT_REGION));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!jit_supported ()) {
    g_test_message ("this processor is not one the JIT supports");
    return 77;
  }
  set_up ();
  g_test_add_data_func ("/jit/random/block", GUINT_TO_POINTER (JIT_BLOCK), test_random);
  g_test_add_data_func ("/jit/random/region", GUINT_TO_POINTER (JIT_REGION), test_random);
  g_test_add_func ("/jit/random/shared", test_shared);
  return g_test_run ();
}
