/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Random regions of vector ops, and of floating-point numbers that live in vector registers, run by compiled
 * code and by the interpreter: all variables and flags must come out the same. */

#include "ir-build.h"
#include "ir-interp.h"
#include "ir-opt.h"
#include "jit.h"

#include <string.h>
#include <sys/mman.h>

#define MEM_SIZE   0x1000u
#define PC         UINT64_C (0x1000)
#define N_INT      16
#define FIRST_WIDE 40
#define N_WIDE     16
#define N_VARS     (FIRST_WIDE + 2 * N_WIDE)
#define COUNTER    0
#define CLASS      IR_FPC_TINY_BEFORE

static uint8_t *memory;
static uint8_t var_types[IR_MAX_VARS];
static JitState *js;
static JitThread *thread;

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

static const IrMemOps mem_ops = { .load = mem_load, .store = mem_store };

static void
helper_mix (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub)
{
  IrV128 mixed = { .d = { a->d[1] + b->d[0] * 3, a->d[0] ^ (c->d[1] >> sub) } };
  *out = mixed;
}

static const IrVectorHelper vector_helpers[] = { { "mix", helper_mix } };

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
  IrVal wide[64]; /* temporaries that hold vectors, and numbers by type */
  unsigned n_wide;
  IrVal number[64];
  IrType number_type[64];
  unsigned n_numbers;
  bool small; /* the first regions are, which makes what is wrong plain */
} Maker;

static unsigned
below (Maker *m, unsigned n)
{
  return g_rand_int (m->rand) % n;
}

/* Bits that make interesting numbers of every width: small and large ones, NaN, denormal, halfway. */
static uint64_t
random_value (GRand *rand)
{
  static const uint64_t special[] = {
    0,
    1,
    UINT64_MAX,
    0x8000000080000000,
    0x7fffffff7fffffff,
    0x7ff0000000000000,
    0x7ff8000000000001,
    0x7ff0000000000001,
    0x3ff0000000000000,
    0xbff8000000000000,
    0x0010000000000000,
    0x001fffffffffffff,
    0x8010000000000001,
    0x3f8000003f800000,
    0x7fc000007f800001,
    0xff8000007f800000,
    0x0080000000800001,
    0x007fffff80800000,
    0x4f0000004effffff,
    0x8000800080008000,
    0x3fefffffffffffff,
    0x3f7fffff3f7fffff,
    0x0080808000ff7f01,
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
wide_var (Maker *m)
{
  return (IrVal)(FIRST_WIDE + 2 * below (m, N_WIDE));
}

static IrVal
wide_operand (Maker *m)
{
  unsigned kind = below (m, 8);
  if (kind < 3 && m->n_wide > 0)
    return m->wide[below (m, m->n_wide)];
  if (kind == 3) {
    uint64_t low = random_value (m->rand);
    return ir_const_wide (&m->b, low, below (m, 2) ? low : random_value (m->rand));
  }
  return wide_var (m);
}

static void
add_wide (Maker *m, IrVal v)
{
  if (m->n_wide < G_N_ELEMENTS (m->wide))
    m->wide[m->n_wide++] = v;
}

static IrVal
number_operand (Maker *m, IrType type)
{
  for (unsigned tries = 0; tries < 3 && m->n_numbers > 0; tries++) {
    unsigned i = below (m, m->n_numbers);
    if (m->number_type[i] == type)
      return m->number[i];
  }
  return wide_var (m);
}

static void
add_number (Maker *m, IrVal v, IrType type)
{
  if (m->n_numbers == G_N_ELEMENTS (m->number))
    return;
  m->number[m->n_numbers] = v;
  m->number_type[m->n_numbers++] = type;
}

/* sub and imm that the integer op allows. */
static void
random_details (Maker *m, IrDesc *d)
{
  unsigned log2 = below (m, 4);
  d->sub = IR_LANE (log2, below (m, 2));
  d->flags = below (m, 3) ? 0 : IR_F_HALF;
  unsigned lanes = (d->flags & IR_F_HALF ? 8u : 16u) >> log2, width = 8u << log2;
  switch (d->op) {
    case IR_VHADD:
    case IR_VZIP:
    case IR_VUZP:
    case IR_VTRN: d->imm = (int)below (m, 2); break;
    case IR_VCMP: d->imm = (int)below (m, 10); break;
    case IR_VSHL:
    case IR_VSHR: d->imm = (int)below (m, width + 1); break;
    case IR_VSHIFT: d->imm = below (m, 2) ? 0 : (int)below (m, 8); break;
    case IR_VQDMULH:
      d->sub = IR_LANE (1 + below (m, 2), 1);
      d->imm = (int)below (m, 2);
      break;
    case IR_VMULW:
    case IR_VWIDEN:
      d->sub = IR_LANE (below (m, 3), below (m, 2));
      d->imm = (int)below (m, 2);
      d->flags = 0;
      break;
    case IR_VCLMUL:
      d->sub = below (m, 2) ? 0 : 3;
      d->imm = (int)below (m, d->sub == 0 ? 2 : 4);
      d->flags = 0;
      break;
    case IR_VDOT:
      d->sub = IR_LANE (2, 0);
      d->imm = (int)below (m, 4);
      break;
    case IR_VDUPL:
    case IR_VGETL: d->imm = (int)below (m, 16u >> log2); break;
    case IR_VINSI: d->imm = (int)below (m, lanes); break;
    case IR_VINSL: d->imm = (int)(below (m, lanes) | below (m, 16u >> log2) << 4); break;
    case IR_VREV:
      d->sub = IR_LANE (below (m, 3), 0);
      d->imm = 2 << (d->sub & 7) << below (m, 3 - (d->sub & 7));
      break;
    case IR_VEXT: d->imm = (int)below (m, d->flags & IR_F_HALF ? 8 : 16); break;
    case IR_VNARROW:
      d->sub = IR_LANE (1 + below (m, 3), 0);
      d->imm = (int)below (m, 4);
      d->flags = 0;
      break;
    case IR_VAES:
      d->imm = (int)below (m, 4);
      d->flags = 0;
      break;
    default: break;
  }
  /* One lane has nothing to be interleaved with. */
  if ((d->op == IR_VZIP || d->op == IR_VUZP || d->op == IR_VTRN) && lanes < 2)
    d->flags = 0;
}

/* Counts of shifts to both sides, mostly less than a lane's width. */
static IrVal
counts (Maker *m)
{
  uint64_t half[2] = { 0, 0 };
  for (unsigned i = 0; i < 128; i += 8)
    half[i / 64] |= (uint64_t)(uint8_t)(below (m, 2) ? (int)below (m, 20) - 10 : (int)below (m, 150) - 75)
                    << i % 64;
  return ir_const_wide (&m->b, half[0], half[1]);
}

static void
make_vector_op (Maker *m)
{
  IrDesc d = IR_DESC (.op = IR_VAND + below (m, IR_VAES - IR_VAND + 1), .type = IR_V128);
  random_details (m, &d);
  unsigned shape = ir_op_info[d.op].shape, wide = ir_op_wide (d);
  IrVal x = wide & IR_SHAPE_A ? wide_operand (m) : (IrVal)below (m, N_INT), y = IR_NONE, z = IR_NONE;
  if (shape & IR_SHAPE_B)
    y = wide & IR_SHAPE_B ? wide_operand (m) : (IrVal)below (m, N_INT);
  if (d.op == IR_VSHIFT && below (m, 4))
    y = counts (m);
  if (shape & IR_SHAPE_C)
    z = wide_operand (m);
  IrVal v = ir_emit (&m->b, d, x, y, z);
  if (d.op == IR_VGETL)
    ir_set (&m->b, (IrVal)(1 + below (m, N_INT - 1)), v);
  else
    add_wide (m, v);
}

static IrRound
random_round (Maker *m)
{
  static const IrRound rounds[] = {
    IR_RDYN, IR_RDYN, IR_RDYN, IR_RDYN, IR_RNE, IR_RTZ, IR_RDN, IR_RUP, IR_RMM
  };
  return rounds[below (m, G_N_ELEMENTS (rounds))];
}

static void
make_vector_fp_op (Maker *m)
{
  static const uint8_t conds[] = { IR_EQ, IR_LTS, IR_LES };
  IrDesc d = IR_DESC (.op = IR_VFADD + below (m, IR_VFNARROW - IR_VFADD + 1), .type = IR_V128);
  d.sub = (uint8_t)(below (m, 8) == 0 ? IR_F16 : below (m, 2) ? IR_F32 : IR_F64);
  d.imm = IR_FP (random_round (m), CLASS);
  d.flags = below (m, 3) ? 0 : IR_F_HALF;
  switch (d.op) {
    case IR_VFMA: d.flags |= (uint8_t)below (m, 4) << 1; break;
    case IR_VFMIN:
    case IR_VFMAX: d.imm |= below (m, 2) ? IR_VF_RULE : 0; break;
    case IR_VFCMP:
      d.imm |= conds[below (m, 3)] << IR_VF_COND;
      d.flags |= below (m, 2) ? IR_F_SIGNALING : 0;
      break;
    case IR_VFROUND: d.flags |= below (m, 2) ? IR_F_EXACT : 0; break;
    case IR_VFTOI:
    case IR_VITOF:
      d.imm |= below (m, 2) ? IR_VF_UNSIGNED : 0;
      d.imm |= below (m, 2) ? IR_FP_FIXED ((int32_t)(1 + below (m, d.sub == IR_F64 ? 64 : 32))) : 0;
      break;
    case IR_VFWIDEN:
      d.sub = (uint8_t)(below (m, 4) == 0 ? IR_F16 : IR_F32);
      d.imm |= below (m, 2) ? IR_VF_HIGH : 0;
      d.flags = 0;
      break;
    case IR_VFNARROW:
      d.sub = (uint8_t)(below (m, 4) == 0 ? IR_F32 : IR_F64);
      d.flags = 0;
      break;
    default: break;
  }
  unsigned shape = ir_op_info[d.op].shape;
  IrVal x = wide_operand (m), y = shape & IR_SHAPE_B ? wide_operand (m) : IR_NONE;
  add_wide (m, ir_emit (&m->b, d, x, y, shape & IR_SHAPE_C ? wide_operand (m) : IR_NONE));
}

static void
make_scalar_op (Maker *m)
{
  static const IrOpcode ops[] = { IR_FADD, IR_FSUB,  IR_FMUL,   IR_FDIV,   IR_FSQRT,  IR_FMA,  IR_FMIN,
                                  IR_FMAX, IR_FSGNJ, IR_FSGNJN, IR_FSGNJX, IR_FROUND, IR_FCVT, IR_MOV };
  IrType type = below (m, 8) == 0 ? IR_F16 : below (m, 2) ? IR_F32 : IR_F64, from = type;
  IrDesc d = IR_DESC (.op = ops[below (m, G_N_ELEMENTS (ops))], .type = type,
                      .imm = IR_FP (random_round (m), CLASS));
  if (d.op == IR_MOV && type == IR_F16)
    d.op = IR_FADD;
  if (d.op == IR_FMA)
    d.flags = (uint8_t)below (m, 4) << 1;
  else if (d.op == IR_FMIN || d.op == IR_FMAX)
    d.sub = (uint8_t)below (m, 2);
  else if (d.op == IR_FROUND)
    d.flags = below (m, 2) ? IR_F_EXACT : 0;
  else if (d.op == IR_FCVT)
    d.sub = from = type == IR_F64 ? IR_F32 : type == IR_F32 ? IR_F64 : IR_F32;
  unsigned shape = ir_op_info[d.op].shape;
  IrVal x = number_operand (m, from), y = shape & IR_SHAPE_B ? number_operand (m, from) : IR_NONE;
  IrVal z = shape & IR_SHAPE_C ? number_operand (m, from) : IR_NONE;
  if (d.op == IR_MOV && !IR_IS_VAR (x))
    return;
  add_number (m, ir_emit (&m->b, d, x, y, z), type);
}

/* Between numbers and integers. */
static void
make_crossing (Maker *m)
{
  static const uint8_t conds[] = { IR_EQ, IR_LTS, IR_LES };
  IrType type = below (m, 2) ? IR_F32 : IR_F64;
  IrVal dst = (IrVal)(1 + below (m, N_INT - 1)), from = (IrVal)below (m, N_INT);
  IrDesc d = IR_DESC (.type = type, .imm = IR_FP (random_round (m), CLASS));
  switch (below (m, 5)) {
    case 0:
      d.op = below (m, 2) ? IR_FCC : IR_FSETCC;
      d.sub = conds[below (m, 3)];
      d.flags = below (m, 2) ? IR_F_SIGNALING : 0;
      IrVal x = number_operand (m, type);
      ir_set (&m->b, dst, ir_emit (&m->b, d, x, number_operand (m, type), IR_NONE));
      break;
    case 1:
      d.op = IR_FBITS;
      ir_set (&m->b, dst, ir_emit (&m->b, d, number_operand (m, type), IR_NONE, IR_NONE));
      break;
    case 2:
      d.op = IR_BITSF;
      add_number (m, ir_emit (&m->b, d, from, IR_NONE, IR_NONE), type);
      break;
    case 3:
      d.op = IR_ITOF;
      d.sub = (uint8_t)(below (m, 2) ? IR_I64 : IR_I32);
      add_number (m, ir_emit (&m->b, d, from, IR_NONE, IR_NONE), type);
      break;
    default:
      d.op = IR_SELECT;
      IrVal yes = number_operand (m, type);
      add_number (m, ir_emit (&m->b, d, from, yes, number_operand (m, type)), type);
  }
}

static IrVal
random_address (Maker *m)
{
  return ir_op2 (&m->b, IR_AND, IR_I64, (IrVal)below (m, N_INT), ir_const (&m->b, MEM_SIZE / 2 - 1));
}

static void
make_load (Maker *m)
{
  IrVal addr = random_address (m);
  int disp = (int)below (m, 1024);
  if (below (m, 2)) {
    add_wide (m, ir_load (&m->b, IR_V128, IR_MEM (4, 0), addr, disp));
    return;
  }
  IrType type = (IrType)(IR_F16 + below (m, 3));
  IrDesc d = IR_DESC (.op = IR_LOAD, .type = type, .sub = IR_MEM (1 + type - IR_F16, 0),
                      .flags = IR_F_UNBOXED, .imm = disp);
  add_number (m, ir_emit (&m->b, d, addr, IR_NONE, IR_NONE), type);
}

static void
make_store (Maker *m)
{
  IrVal addr = random_address (m);
  if (below (m, 2)) {
    ir_store (&m->b, IR_V128, IR_MEM (4, 0), addr, (int)below (m, 1024), wide_operand (m));
    return;
  }
  IrType type = (IrType)(IR_F16 + below (m, 3));
  ir_store (&m->b, type, IR_MEM (1 + type - IR_F16, 0), addr, (int)below (m, 1024), number_operand (m, type));
}

static void
make_insn (Maker *m, uint64_t pc)
{
  ir_insn (&m->b, pc, 4);
  m->n_wide = m->n_numbers = 0;
  for (unsigned n = m->small ? 1 : 1 + below (m, below (m, 4) ? 5 : 24); n > 0; n--)
    switch (below (m, 8)) {
      case 0:
      case 1:
      case 2: make_vector_op (m); break;
      case 3: make_vector_fp_op (m); break;
      case 4:
      case 5: make_scalar_op (m); break;
      case 6: make_load (m); break;
      default:
        if (below (m, 8) == 0) {
          IrDesc d = IR_DESC (.op = IR_VHELPER, .type = IR_V128, .sub = (uint8_t)below (m, 64));
          IrVal x = wide_operand (m), y = wide_operand (m);
          add_wide (m, ir_emit (&m->b, d, x, y, wide_operand (m)));
        } else {
          make_crossing (m);
        }
    }
  if (below (m, 3) == 0)
    make_store (m);
  for (unsigned n = 1 + below (m, 3); n > 0; n--) {
    if (m->n_numbers > 0 && below (m, 2)) {
      unsigned i = below (m, m->n_numbers);
      if (IR_IS_TEMP (m->number[i]))
        ir_set (&m->b, wide_var (m), m->number[i]);
      m->number[i] = m->number[--m->n_numbers]; /* it may have become the variable */
      m->number_type[i] = m->number_type[m->n_numbers];
    } else if (m->n_wide > 0) {
      unsigned i = below (m, m->n_wide);
      ir_set_wide (&m->b, wide_var (m), m->wide[i]);
      m->wide[i] = m->wide[--m->n_wide];
    } else if (below (m, 4) == 0) {
      ir_set_wide (&m->b, wide_var (m), wide_operand (m));
    }
  }
}

/* Blocks in a row, of which some jump back as long as the counter lasts. */
static void
make_region (Maker *m, IrRegion *r)
{
  unsigned n_blocks = m->small ? 1 : 1 + below (m, 4), n_insns = m->small ? 1 : 1 + below (m, 6);
  ir_region_reset (r, PC, 0, false);
  ir_builder_init (&m->b, r);
  for (unsigned k = 0; k < n_blocks; k++) {
    uint64_t pc = PC + 0x100 * k, end = pc + 4 * n_insns;
    ir_block_begin (&m->b, pc, false);
    for (unsigned i = 0; i < n_insns; i++)
      make_insn (m, pc + 4 * i);
    ir_insn (&m->b, end, 4);
    ir_set (&m->b, COUNTER, ir_op2 (&m->b, IR_SUB, IR_I64, COUNTER, ir_const (&m->b, 1)));
    ir_insn (&m->b, end + 4, 4);
    ir_branch (&m->b, IR_GTS, IR_I64, COUNTER, ir_const (&m->b, 0), PC + 0x100 * below (m, k + 1),
               pc + 0x100);
  }
  ir_block_begin (&m->b, PC + 0x100 * n_blocks, false);
  ir_insn (&m->b, PC + 0x100 * n_blocks, 4);
  ir_exit (&m->b, IR_EXIT_SYSCALL, PC + 0x100 * n_blocks);
  for (unsigned k = 0; k < n_blocks; k++)
    for (unsigned t = 0; t < 2; t++)
      r->blocks[k].target[t].block = (int)((r->blocks[k].target[t].pc - PC) / 0x100);
}

/* ---- Running it. ---- */

static IrExit
interpret_from (IrState *s, const IrRegion *r)
{
  for (;;) {
    IrExit exit = ir_interp_block (s, r, (uint32_t)((s->pc - PC) / 0x100));
    if (exit != IR_EXIT_NONE)
      return exit;
  }
}

static IrExit
interpret_rest (IrState *s, IrRegion *r)
{
  IrBlock *block = &r->blocks[(s->pc - PC) / 0x100];
  const IrBlock whole = *block;
  while (block->n_ops > 0 &&
         !(r->ops[block->first_op].op == IR_INSN && PC + (uint64_t)r->ops[block->first_op].imm == s->pc)) {
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
  for (unsigned v = 0; v < N_VARS; v++)
    o->var[v] = random_value (rand);
  for (unsigned i = 0; i < N_WIDE; i++) /* many hold one number */
    if (g_rand_int (rand) % 2)
      o->var[FIRST_WIDE + 2 * i + 1] = 0;
  o->var[COUNTER] = g_rand_int (rand) % 6;
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
  if (g_random_boolean ())
    js->fp_traps = 0;
  unsigned exit = jit_enter (thread, code);
  for (unsigned again = 0; exit == JIT_EXIT_LINK || exit == JIT_EXIT_HOT; again++) {
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
  unsigned rounds = g_test_slow () ? 200000 : 3000;
  IrRegion *r = ir_region_new ();
  IrState *interpreted = g_new0 (IrState, 1);
  static Outcome start, want, got;
  *interpreted = js->state;
  interpreted->mem = &mem_ops;
  n_bails = 0;
  for (unsigned seed = 1; seed <= rounds && !g_test_failed (); seed++) {
    Maker m = { .rand = g_rand_new_with_seed (seed), .small = seed < rounds / 2 };
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
  g_assert_cmpuint (n_bails, <, rounds / 2);
  ir_region_free (r);
  g_free (interpreted);
}

static void
set_up (void)
{
  static const uint8_t hot_int[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
                       hot_fp[] = { 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60 };
  memory = mmap (NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned v = 0; v < IR_MAX_VARS; v++)
    var_types[v] = v >= FIRST_WIDE && v % 2 == 0 ? IR_V128 : IR_I64;
  const JitConfig config = {
    .n_vars = N_VARS,
    .var_types = var_types,
    .n_hot_int = G_N_ELEMENTS (hot_int),
    .n_hot_fp = G_N_ELEMENTS (hot_fp),
    .hot_int = hot_int,
    .hot_fp = hot_fp,
    .guest_base = (uintptr_t)memory,
    .read = read_code,
    .cache_size = 16u << 20,
    .hot_threshold = 1000000,
  };
  g_assert_true (jit_init (&config, NULL));
  js = g_new0 (JitState, 1);
  js->state.vector_helpers = vector_helpers;
  for (unsigned v = FIRST_WIDE; v < N_VARS; v += 2)
    js->state.wide[v / 64] |= UINT64_C (1) << (v % 64);
  thread = jit_thread_new (js);
  g_assert_nonnull (thread);
  struct sigaction action = { .sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO };
  g_assert_cmpint (sigaction (SIGFPE, &action, NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!jit_supported ()) {
    g_test_skip ("the host has no AVX2");
    return 0;
  }
  set_up ();
  g_test_add_data_func ("/jit/vector/block", GUINT_TO_POINTER (JIT_BLOCK), test_random);
  g_test_add_data_func ("/jit/vector/region", GUINT_TO_POINTER (JIT_REGION), test_random);
  return g_test_run ();
}
