/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The floating-point ops: containers, rounding, flags and options as the op says.  Results are compared with
 * the host FPU where it has the operation, NaN results aside (the class decides those). */

#include "ir-interp.h"
#include <fenv.h>
#include <math.h>
#include <string.h>

#define BOXED_CLASS (IR_FPC_NAN_CANONICAL | IR_FPC_BOXED | IR_FPC_CVT_NAN_MAX)
/* The host's own way to detect tininess, for comparing flags with it. */
#ifdef __x86_64__
#define HOST_CLASS BOXED_CLASS
#else
#define HOST_CLASS (BOXED_CLASS | IR_FPC_TINY_BEFORE)
#endif
#define BOX32(x) (UINT64_C (0xffffffff00000000) | (x))
#define BOX16(x) (UINT64_C (0xffffffffffff0000) | (x))

static IrState state;

static uint64_t
eval (IrDesc d, uint64_t a, uint64_t b, uint64_t c)
{
  return ir_eval (&state, d.bits, a, b, c);
}

#define EVAL(a, b, c, ...) eval ((IrDesc){ { __VA_ARGS__ } }, a, b, c)

static uint64_t
f64 (double x)
{
  uint64_t bits;
  memcpy (&bits, &x, 8);
  return bits;
}

static uint32_t
f32 (float x)
{
  uint32_t bits;
  memcpy (&bits, &x, 4);
  return bits;
}

static double
to_f64 (uint64_t bits)
{
  double x;
  memcpy (&x, &bits, 8);
  return x;
}

static float
to_f32 (uint64_t bits)
{
  float x;
  memcpy (&x, &bits, 4);
  return x;
}

static unsigned
take_flags (void)
{
  unsigned flags = state.fp.flags;
  state.fp.flags = 0;
  return flags;
}

static unsigned
host_flags (void)
{
  int raised = fetestexcept (FE_ALL_EXCEPT);
  return (raised & FE_INVALID ? FP_INVALID : 0) | (raised & FE_DIVBYZERO ? FP_DIVZERO : 0) |
         (raised & FE_OVERFLOW ? FP_OVERFLOW : 0) | (raised & FE_UNDERFLOW ? FP_UNDERFLOW : 0) |
         (raised & FE_INEXACT ? FP_INEXACT : 0);
}

static const struct {
  IrRound ir;
  int host;
} rounds[] = {
  { IR_RNE, FE_TONEAREST }, { IR_RTZ, FE_TOWARDZERO }, { IR_RDN, FE_DOWNWARD }, { IR_RUP, FE_UPWARD }
};

/* Mostly ordinary magnitudes, often enough extremes. */
static uint64_t
random_f64 (GRand *rand)
{
  static const uint64_t special[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
    1, 0x000fffffffffffff, 0x7fefffffffffffff
  };
  uint64_t x = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);

  switch (g_rand_int_range (rand, 0, 8)) {
    case 0: return special[x % G_N_ELEMENTS (special)];
    case 1: return x;
    case 2: return x & ~UINT64_C (0xffffffffff);
    default: return (x & UINT64_C (0x800fffffffffffff)) | (uint64_t)(1023 - 60 + (x >> 52) % 120) << 52;
  }
}

typedef struct {
  IrOpcode op;
  unsigned n_in;
} FpOp;

static const FpOp fp_ops[] = { { IR_FADD, 2 }, { IR_FSUB, 2 },  { IR_FMUL, 2 },
                               { IR_FDIV, 2 }, { IR_FSQRT, 1 }, { IR_FMA, 3 } };

static uint64_t
host_f64 (IrOpcode op, uint64_t a, uint64_t b, uint64_t c)
{
  volatile double x = to_f64 (a), y = to_f64 (b), z = to_f64 (c), r;

  switch (op) {
    case IR_FADD: r = x + y; break;
    case IR_FSUB: r = x - y; break;
    case IR_FMUL: r = x * y; break;
    case IR_FDIV: r = x / y; break;
    case IR_FSQRT: r = sqrt (x); break;
    default: r = fma (x, y, z);
  }
  return f64 (r);
}

static uint64_t
host_f32 (IrOpcode op, uint64_t a, uint64_t b, uint64_t c)
{
  volatile float x = to_f32 (a), y = to_f32 (b), z = to_f32 (c), r;

  switch (op) {
    case IR_FADD: r = x + y; break;
    case IR_FSUB: r = x - y; break;
    case IR_FMUL: r = x * y; break;
    case IR_FDIV: r = x / y; break;
    case IR_FSQRT: r = sqrtf (x); break;
    default: r = fmaf (x, y, z);
  }
  return f32 (r);
}

/* One random operation: static rounding, or the dynamic one set to the same. */
static void
check_arithmetic (const FpOp *op, const uint64_t in[3], IrType type, unsigned round, bool dynamic)
{
  bool narrow = type == IR_F32;
  uint64_t got, want;

  state.fp.round = dynamic ? rounds[round].ir : (rounds[round].ir + 1) % 4;
  fesetround (rounds[round].host);
  feclearexcept (FE_ALL_EXCEPT);
  want = (narrow ? host_f32 : host_f64) (op->op, in[0], in[1], in[2]);
  unsigned want_flags = host_flags ();
  fesetround (FE_TONEAREST);

  got = EVAL (in[0], in[1], in[2], .op = op->op, .type = type,
              .imm = IR_FP (dynamic ? IR_RDYN : rounds[round].ir, HOST_CLASS));
  if (narrow)
    want = isnan (to_f32 (want)) ? BOX32 (0x7fc00000) : BOX32 (want);
  else if (isnan (to_f64 (want)))
    want = 0x7ff8000000000000;
  unsigned flags = take_flags ();
  if (got != want || flags != want_flags)
    g_error ("%s.%s (%#lx, %#lx, %#lx) round %u = %#lx flags %#x, not %#lx flags %#x",
             ir_op_info[op->op].name, narrow ? "f32" : "f64", in[0], in[1], in[2], round, got, flags, want,
             want_flags);
}

static void
test_arithmetic (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (unsigned i = 0; i < 40000; i++) {
    uint64_t wide[3], narrow[3];
    for (unsigned j = 0; j < 3; j++) {
      wide[j] = random_f64 (rand);
      narrow[j] = BOX32 (f32 ((float)to_f64 (random_f64 (rand))));
    }
    for (size_t k = 0; k < G_N_ELEMENTS (fp_ops); k++) {
      check_arithmetic (&fp_ops[k], wide, IR_F64, i % 4, i & 4);
      check_arithmetic (&fp_ops[k], narrow, IR_F32, i % 4, i & 4);
    }
  }
}

static void
test_boxing (void)
{
  int32_t boxed = IR_FP (IR_RNE, BOXED_CLASS), plain = IR_FP (IR_RNE, 0);

  /* Results are boxed as the class says; what stands above a narrow operand does not matter. */
  g_assert_cmphex (EVAL (f32 (1), f32 (2), 0, .op = IR_FADD, .type = IR_F32, .imm = boxed), ==,
                   BOX32 (f32 (3)));
  g_assert_cmphex (EVAL (BOX32 (f32 (1)), f32 (2), 0, .op = IR_FADD, .type = IR_F32, .imm = plain), ==,
                   f32 (3));
  g_assert_cmphex (EVAL (BOX16 (0x3c00), 0x3c00, 0, .op = IR_FADD, .type = IR_F16, .imm = boxed), ==,
                   BOX16 (0x4000));
  g_assert_cmphex (EVAL (0x1234567800003c00, 0, 0, .op = IR_BITSF, .type = IR_F16, .imm = boxed), ==,
                   BOX16 (0x3c00));
  g_assert_cmphex (EVAL (0x1234567880000000, 0, 0, .op = IR_BITSF, .type = IR_F32, .imm = plain), ==,
                   0x80000000);
  g_assert_cmphex (EVAL (0x1234567880000000, 0, 0, .op = IR_BITSF, .type = IR_F64, .imm = boxed), ==,
                   0x1234567880000000);

  g_assert_cmphex (EVAL (BOX32 (0x80000001), 0, 0, .op = IR_FBITS, .type = IR_F32), ==, 0x80000001);
  g_assert_cmphex (EVAL (0x80000001, 0, 0, .op = IR_FBITS, .type = IR_F32, .flags = IR_F_SX), ==,
                   BOX32 (0x80000001));
  g_assert_cmphex (EVAL (0x8001, 0, 0, .op = IR_FBITS, .type = IR_F16, .flags = IR_F_SX), ==, BOX16 (0x8001));
  g_assert_cmphex (EVAL (0x8000000000000001, 0, 0, .op = IR_FBITS, .type = IR_F64), ==, 0x8000000000000001);

  g_assert_cmphex (EVAL (BOX32 (0x12345678), 0, 0, .op = IR_UNBOX, .type = IR_F32), ==, BOX32 (0x12345678));
  g_assert_cmphex (EVAL (0xfffffffe12345678, 0, 0, .op = IR_UNBOX, .type = IR_F32), ==, BOX32 (0x7fc00000));
  g_assert_cmphex (EVAL (BOX16 (0x1234), 0, 0, .op = IR_UNBOX, .type = IR_F16), ==, BOX16 (0x1234));
  g_assert_cmphex (EVAL (BOX32 (0x1234), 0, 0, .op = IR_UNBOX, .type = IR_F16), ==, BOX16 (0x7e00));
  g_assert_cmpuint (take_flags (), ==, 0);
}

static void
test_signs (void)
{
  int32_t imm = IR_FP (IR_RNE, BOXED_CLASS);
  uint64_t plus = BOX32 (0x3f800000), minus = BOX32 (0xc0000000);

  g_assert_cmphex (EVAL (plus, minus, 0, .op = IR_FSGNJ, .type = IR_F32, .imm = imm), ==, BOX32 (0xbf800000));
  g_assert_cmphex (EVAL (plus, minus, 0, .op = IR_FSGNJN, .type = IR_F32, .imm = imm), ==,
                   BOX32 (0x3f800000));
  g_assert_cmphex (EVAL (minus, minus, 0, .op = IR_FSGNJX, .type = IR_F32, .imm = imm), ==,
                   BOX32 (0x40000000));
  g_assert_cmphex (EVAL (f64 (1), f64 (-2), 0, .op = IR_FSGNJ, .type = IR_F64, .imm = imm), ==, f64 (-1));
  g_assert_cmphex (EVAL (BOX16 (0x3c00), BOX16 (0x8000), 0, .op = IR_FSGNJX, .type = IR_F16, .imm = imm), ==,
                   BOX16 (0xbc00));
  /* A signalling NaN passes untouched. */
  g_assert_cmphex (EVAL (BOX32 (0x7f800001), minus, 0, .op = IR_FSGNJ, .type = IR_F32, .imm = imm), ==,
                   BOX32 (0xff800001));
  g_assert_cmpuint (take_flags (), ==, 0);
}

static void
test_fma_signs (void)
{
  int32_t imm = IR_FP (IR_RNE, BOXED_CLASS);

  for (unsigned flags = 0; flags <= (IR_F_NEGP | IR_F_NEGC); flags += IR_F_NEGP) {
    double want = (flags & IR_F_NEGP ? -6.0 : 6.0) + (flags & IR_F_NEGC ? -1.0 : 1.0);
    g_assert_cmphex (
        EVAL (f64 (2), f64 (3), f64 (1), .op = IR_FMA, .type = IR_F64, .flags = flags, .imm = imm), ==,
        f64 (want));
  }
}

static void
test_compare (void)
{
  static const double values[] = { -INFINITY, -1, -0.0, 0.0, 1, INFINITY };
  uint64_t quiet = 0x7ff8000000000000, signalling = 0x7ff0000000000001;

  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (values); j++) {
      double x = values[i], y = values[j];
      g_assert_cmpuint (EVAL (f64 (x), f64 (y), 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_EQ), ==,
                        x == y);
      g_assert_cmpuint (EVAL (f64 (x), f64 (y), 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_LTS), ==,
                        x < y);
      g_assert_cmpuint (EVAL (f64 (x), f64 (y), 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_LES), ==,
                        x <= y);
    }
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmpuint (EVAL (quiet, quiet, 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_EQ), ==, 0);
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmpuint (
      EVAL (quiet, 0, 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_LES, .flags = IR_F_SIGNALING), ==, 0);
  g_assert_cmpuint (take_flags (), ==, FP_INVALID);
  g_assert_cmpuint (EVAL (signalling, 0, 0, .op = IR_FSETCC, .type = IR_F64, .sub = IR_EQ), ==, 0);
  g_assert_cmpuint (take_flags (), ==, FP_INVALID);
}

static void
test_minmax (void)
{
  int32_t imm = IR_FP (IR_RNE, BOXED_CLASS);
  uint64_t nan = 0x7ff8000000000000;

  for (unsigned sub = IR_MINMAX_NUMBER; sub <= IR_MINMAX_NAN; sub++) {
    g_assert_cmphex (EVAL (f64 (0.0), f64 (-0.0), 0, .op = IR_FMIN, .type = IR_F64, .sub = sub, .imm = imm),
                     ==, f64 (-0.0));
    g_assert_cmphex (EVAL (f64 (-0.0), f64 (0.0), 0, .op = IR_FMAX, .type = IR_F64, .sub = sub, .imm = imm),
                     ==, 0);
    g_assert_cmphex (EVAL (f64 (-3), f64 (2), 0, .op = IR_FMAX, .type = IR_F64, .sub = sub, .imm = imm), ==,
                     f64 (2));
    g_assert_cmphex (EVAL (nan, f64 (2), 0, .op = IR_FMIN, .type = IR_F64, .sub = sub, .imm = imm), ==,
                     sub == IR_MINMAX_NUMBER ? f64 (2) : nan);
  }
  g_assert_cmpuint (take_flags (), ==, 0);
}

static void
test_classify (void)
{
  static const uint64_t values[] = { 0xff800000, 0xbf800000, 0x80000001, 0x80000000, 0,
                                     1,          0x3f800000, 0x7f800000, 0x7f800001, 0x7fc00000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmphex (EVAL (BOX32 (values[i]), 0, 0, .op = IR_FCLASS, .type = IR_F32), ==, 1u << i);
}

#define FTOI(x, type_, sub_, flags_, class_)                                                                 \
  EVAL (x, 0, 0, .op = IR_FTOI, .type = type_, .sub = sub_, .flags = flags_, .imm = IR_FP (IR_RTZ, class_))

static void
test_to_int (void)
{
  g_assert_cmphex (FTOI (f64 (-1.5), IR_F64, IR_I64, 0, BOXED_CLASS), ==, UINT64_MAX);
  g_assert_cmpuint (take_flags (), ==, FP_INEXACT);
  g_assert_cmphex (FTOI (f64 (-2), IR_F64, IR_I32, 0, BOXED_CLASS), ==, 0xfffffffe);
  g_assert_cmphex (FTOI (f64 (-2), IR_F64, IR_I32, IR_F_SX, BOXED_CLASS), ==, 0xfffffffffffffffe);
  g_assert_cmphex (FTOI (f64 (4294967295.0), IR_F64, IR_I32 | IR_UNSIGNED, 0, BOXED_CLASS), ==, 0xffffffff);
  g_assert_cmphex (FTOI (f64 (4294967295.0), IR_F64, IR_I32 | IR_UNSIGNED, IR_F_SX, BOXED_CLASS), ==,
                   UINT64_MAX);
  g_assert_cmphex (FTOI (f64 (18446744073709549568.0), IR_F64, IR_I64 | IR_UNSIGNED, 0, 0), ==,
                   0xfffffffffffff800);
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmphex (FTOI (f64 (3e9), IR_F64, IR_I32, 0, BOXED_CLASS), ==, 0x7fffffff);
  g_assert_cmphex (FTOI (f64 (-1), IR_F64, IR_I64 | IR_UNSIGNED, 0, BOXED_CLASS), ==, 0);
  g_assert_cmphex (FTOI (BOX32 (0x7fc00000), IR_F32, IR_I64, 0, BOXED_CLASS), ==, INT64_MAX);
  g_assert_cmphex (FTOI (BOX32 (0x7fc00000), IR_F32, IR_I64, 0, 0), ==, 0);
  g_assert_cmpuint (take_flags (), ==, FP_INVALID);

  g_assert_cmphex (EVAL (f64 (4294967299.0), 0, 0, .op = IR_FTOIMOD, .type = IR_F64), ==, 3);
  g_assert_cmpuint (take_flags (), ==, FP_INVALID);
  g_assert_cmphex (EVAL (f64 (-3), 0, 0, .op = IR_FTOIMOD, .type = IR_F64, .flags = IR_F_SX), ==,
                   UINT64_MAX - 2);
}

static void
test_from_int (void)
{
  int32_t imm = IR_FP (IR_RUP, BOXED_CLASS);

#define ITOF(x, type_, sub_) EVAL (x, 0, 0, .op = IR_ITOF, .type = type_, .sub = sub_, .imm = imm)
  g_assert_cmphex (ITOF (UINT64_MAX, IR_F64, IR_I64), ==, f64 (-1));
  g_assert_cmphex (ITOF (0xabcdffffffff, IR_F64, IR_I32), ==, f64 (-1));
  g_assert_cmphex (ITOF (0xabcdffffffff, IR_F64, IR_I32 | IR_UNSIGNED), ==, f64 (4294967295.0));
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmphex (ITOF (UINT64_MAX, IR_F32, IR_I64 | IR_UNSIGNED), ==,
                   BOX32 (f32 (18446744073709551616.0f)));
  g_assert_cmpuint (take_flags (), ==, FP_INEXACT);
}

static void
test_convert_and_round (void)
{
  int32_t imm = IR_FP (IR_RTZ, BOXED_CLASS);

  g_assert_cmphex (EVAL (BOX32 (f32 (1.5f)), 0, 0, .op = IR_FCVT, .type = IR_F64, .sub = IR_F32, .imm = imm),
                   ==, f64 (1.5));
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmphex (EVAL (f64 (0.1), 0, 0, .op = IR_FCVT, .type = IR_F32, .sub = IR_F64, .imm = imm), ==,
                   BOX32 (0x3dcccccc));
  g_assert_cmpuint (take_flags (), ==, FP_INEXACT);
  g_assert_cmphex (EVAL (f64 (1e9), 0, 0, .op = IR_FCVT, .type = IR_F16, .sub = IR_F64, .imm = imm), ==,
                   BOX16 (0x7bff));
  g_assert_cmpuint (take_flags (), ==, FP_OVERFLOW | FP_INEXACT);

  g_assert_cmphex (EVAL (f64 (-2.75), 0, 0, .op = IR_FROUND, .type = IR_F64, .imm = imm), ==, f64 (-2));
  g_assert_cmpuint (take_flags (), ==, 0);
  g_assert_cmphex (EVAL (f64 (-2.75), 0, 0, .op = IR_FROUND, .type = IR_F64, .flags = IR_F_EXACT, .imm = imm),
                   ==, f64 (-2));
  g_assert_cmpuint (take_flags (), ==, FP_INEXACT);
}

/* Flags accumulate over ops and none is ever cleared. */
static void
test_sticky (void)
{
  int32_t imm = IR_FP (IR_RNE, BOXED_CLASS);

  EVAL (f64 (1), f64 (0), 0, .op = IR_FDIV, .type = IR_F64, .imm = imm);
  EVAL (f64 (1), f64 (3), 0, .op = IR_FDIV, .type = IR_F64, .imm = imm);
  EVAL (f64 (1), f64 (1), 0, .op = IR_FADD, .type = IR_F64, .imm = imm);
  g_assert_cmpuint (take_flags (), ==, FP_DIVZERO | FP_INEXACT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ir/eval-fp/arithmetic", test_arithmetic);
  g_test_add_func ("/ir/eval-fp/boxing", test_boxing);
  g_test_add_func ("/ir/eval-fp/signs", test_signs);
  g_test_add_func ("/ir/eval-fp/fma-signs", test_fma_signs);
  g_test_add_func ("/ir/eval-fp/compare", test_compare);
  g_test_add_func ("/ir/eval-fp/minmax", test_minmax);
  g_test_add_func ("/ir/eval-fp/classify", test_classify);
  g_test_add_func ("/ir/eval-fp/to-int", test_to_int);
  g_test_add_func ("/ir/eval-fp/from-int", test_from_int);
  g_test_add_func ("/ir/eval-fp/convert-and-round", test_convert_and_round);
  g_test_add_func ("/ir/eval-fp/sticky", test_sticky);
  return g_test_run ();
}
