/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every PURE integer op against plain C written apart from the evaluator, on edge values and random ones, in
 * both widths, with and without sign extension of the result. */

#include "ir-build.h"
#include "ir-interp.h"
#include "ir-opt.h"

typedef struct {
  uint64_t hi, lo;
} Wide;

/* The double-width product, one bit of y after another. */
static Wide
wide_product (uint64_t x, uint64_t y, bool carry_less)
{
  Wide p = { 0, 0 };

  for (int i = 63; i >= 0; i--) {
    p.hi = p.hi << 1 | p.lo >> 63;
    p.lo <<= 1;
    if (!(y >> i & 1))
      continue;
    if (carry_less) {
      p.lo ^= x;
    } else {
      p.lo += x;
      p.hi += p.lo < x;
    }
  }
  return p;
}

/* Bits from..from + 63 of the product. */
static uint64_t
product_bits (uint64_t x, uint64_t y, bool carry_less, unsigned from)
{
  Wide p = wide_product (x, y, carry_less);
  return from == 0 ? p.lo : from == 64 ? p.hi : p.hi << (64 - from) | p.lo >> from;
}

static unsigned
count_bits (uint64_t x)
{
  unsigned n = 0;
  for (unsigned i = 0; i < 64; i++)
    n += x >> i & 1;
  return n;
}

static unsigned
leading_zeros (uint64_t x, unsigned width)
{
  unsigned n = 0;
  while (n < width && !(x >> (width - 1 - n) & 1))
    n++;
  return n;
}

static unsigned
trailing_zeros (uint64_t x, unsigned width)
{
  unsigned n = 0;
  while (n < width && !(x >> n & 1))
    n++;
  return n;
}

typedef enum { BYTES_REVERSED, BITS_REVERSED, BYTES_FILLED } ByteOp;

static uint64_t
each_byte (uint64_t x, unsigned width, ByteOp op)
{
  uint64_t result = 0;

  for (unsigned i = 0; i < width / 8; i++) {
    unsigned byte = x >> (8 * i) & 0xff, out = 0, at = i;
    if (op == BITS_REVERSED)
      for (unsigned j = 0; j < 8; j++)
        out |= (byte >> j & 1) << (7 - j);
    else
      out = op == BYTES_FILLED ? (byte ? 0xff : 0) : byte;
    if (op == BYTES_REVERSED)
      at = width / 8 - 1 - i;
    result |= (uint64_t)out << (8 * at);
  }
  return result;
}

typedef uint64_t (*Reference) (uint64_t a, uint64_t b, uint64_t c);

/* The reference of an op at both widths: U and S are the width's types, x y z the operands, sx sy their
 * signed views. */
#define REFERENCE(name, expression)                                                                          \
  static uint64_t name##_32 (uint64_t a, uint64_t b, uint64_t c)                                             \
  {                                                                                                          \
    typedef uint32_t U;                                                                                      \
    typedef int32_t S;                                                                                       \
    const unsigned W = 32;                                                                                   \
    U x = (U)a, y = (U)b, z = (U)c;                                                                          \
    S sx = (S)x, sy = (S)y;                                                                                  \
    (void)W, (void)y, (void)z, (void)sx, (void)sy;                                                           \
    return (U)(expression);                                                                                  \
  }                                                                                                          \
  static uint64_t name##_64 (uint64_t a, uint64_t b, uint64_t c)                                             \
  {                                                                                                          \
    typedef uint64_t U;                                                                                      \
    typedef int64_t S;                                                                                       \
    const unsigned W = 64;                                                                                   \
    U x = (U)a, y = (U)b, z = (U)c;                                                                          \
    S sx = (S)x, sy = (S)y;                                                                                  \
    (void)W, (void)y, (void)z, (void)sx, (void)sy;                                                           \
    return (U)(expression);                                                                                  \
  }

#define TOP ((U)1 << (W - 1))
/* The upper half of the unsigned product; signed ones are corrected by the operand a negative factor stands
 * for. */
#define HIGH(carry_less) ((U)product_bits (x, y, carry_less, W))

REFERENCE (mov, x)
REFERENCE (add, x + y)
REFERENCE (sub, x - y)
REFERENCE (and, x &y)
REFERENCE (or, x | y)
REFERENCE (xor, x ^ y)
REFERENCE (andn, x & ~y)
REFERENCE (orn, x | ~y)
REFERENCE (xnor, ~x ^ y)
REFERENCE (shl, x << y % W)
REFERENCE (shr, x >> y % W)
REFERENCE (sar, sx < 0 ? ~(~x >> y % W) : x >> y % W)
REFERENCE (rotl, y % W ? x << y % W | x >> (W - y % W) : x)
REFERENCE (rotr, y % W ? x >> y % W | x << (W - y % W) : x)
REFERENCE (shladd0, x + y)
REFERENCE (shladd1, 2 * x + y)
REFERENCE (shladd2, 4 * x + y)
REFERENCE (shladd3, 8 * x + y)
REFERENCE (mul, x *y)
REFERENCE (mulhu, HIGH (false))
REFERENCE (mulhs, HIGH (false) - (sx < 0 ? y : 0) - (sy < 0 ? x : 0))
REFERENCE (mulhsu, HIGH (false) - (sx < 0 ? y : 0))
REFERENCE (divs1, y == 0 ? ~(U)0 : sy == -1 ? (U)0 - x : (U)(sx / sy))
REFERENCE (divs0, y == 0 ? 0 : sy == -1 ? (U)0 - x : (U)(sx / sy))
REFERENCE (divu1, y == 0 ? ~(U)0 : x / y)
REFERENCE (divu0, y == 0 ? 0 : x / y)
REFERENCE (rems, y == 0 ? x : sy == -1 ? 0 : (U)(sx % sy))
REFERENCE (remu, y == 0 ? x : x % y)
REFERENCE (mins, sx < sy ? x : y)
REFERENCE (maxs, sx < sy ? y : x)
REFERENCE (minu, x < y ? x : y)
REFERENCE (maxu, x < y ? y : x)
REFERENCE (clz, leading_zeros (x, W))
REFERENCE (ctz, trailing_zeros (x, W))
REFERENCE (popcnt, count_bits (x))
REFERENCE (bswap, each_byte (x, W, BYTES_REVERSED))
REFERENCE (brev8, each_byte (x, W, BITS_REVERSED))
REFERENCE (orcb, each_byte (x, W, BYTES_FILLED))
REFERENCE (clmul, product_bits (x, y, true, 0))
REFERENCE (clmulh, HIGH (true))
REFERENCE (clmulr, product_bits (x, y, true, W - 1))
REFERENCE (exts8, (S)(int8_t)x)
REFERENCE (exts16, (S)(int16_t)x)
REFERENCE (exts32, (S)(int32_t)x)
REFERENCE (extz8, (uint8_t)x)
REFERENCE (extz16, (uint16_t)x)
REFERENCE (extz32, (uint32_t)x)
REFERENCE (eq, x == y)
REFERENCE (ne, x != y)
REFERENCE (lts, (x ^ TOP) < (y ^ TOP))
REFERENCE (ges, (x ^ TOP) >= (y ^ TOP))
REFERENCE (ltu, x < y)
REFERENCE (geu, x >= y)
REFERENCE (les, (x ^ TOP) <= (y ^ TOP))
REFERENCE (gts, (x ^ TOP) > (y ^ TOP))
REFERENCE (leu, x <= y)
REFERENCE (gtu, x > y)
REFERENCE (select, x ? y : z)
/* The flags of r as the sum of x, y and a carry: a carry out shows in a sum smaller than x, an overflow in a
 * sign that neither has. */
#define SIGN(v) ((v) >> (W - 1) & 1)
#define NZ(r)   ((SIGN (r) ? 8 : 0) | ((r) == 0 ? 4 : 0))
#define FLAGS(r, y, carry)                                                                                   \
  (NZ ((U)(r)) | ((U)(r) < x || ((carry) && (U)(r) == x) ? 2 : 0) |                                          \
   (SIGN (x) == SIGN ((U)(y)) && SIGN ((U)(r)) != SIGN (x) ? 1 : 0))
REFERENCE (ccadd, FLAGS (x + y, y, 0))
REFERENCE (ccsub, FLAGS (x - y, ~y, 1))
REFERENCE (ccadc, FLAGS (x + y + (z & 1), y, z & 1))
REFERENCE (ccsbc, FLAGS (x + ~y + (z & 1), ~y, z & 1))
REFERENCE (cclogic, NZ (x))

typedef struct {
  const char *name;
  uint8_t op, sub;
  int32_t imm;
  Reference ref32, ref64;
} Case;

#define CASE(name, OP, sub, imm)  { #name, IR_##OP, sub, imm, name##_32, name##_64 }
#define COND_CASE(name, OP, cond) CASE (name, OP, cond, 0)

static const Case cases[] = {
  CASE (mov, MOV, 0, 0),
  CASE (add, ADD, 0, 0),
  CASE (sub, SUB, 0, 0),
  CASE (and, AND, 0, 0),
  CASE (or, OR, 0, 0),
  CASE (xor, XOR, 0, 0),
  CASE (andn, ANDN, 0, 0),
  CASE (orn, ORN, 0, 0),
  CASE (xnor, XNOR, 0, 0),
  CASE (shl, SHL, 0, 0),
  CASE (shr, SHR, 0, 0),
  CASE (sar, SAR, 0, 0),
  CASE (rotl, ROTL, 0, 0),
  CASE (rotr, ROTR, 0, 0),
  CASE (shladd0, SHLADD, 0, 0),
  CASE (shladd1, SHLADD, 0, 1),
  CASE (shladd2, SHLADD, 0, 2),
  CASE (shladd3, SHLADD, 0, 3),
  CASE (mul, MUL, 0, 0),
  CASE (mulhu, MULHU, 0, 0),
  CASE (mulhs, MULHS, 0, 0),
  CASE (mulhsu, MULHSU, 0, 0),
  CASE (divs1, DIVS, IR_DIV0_ONES, 0),
  CASE (divs0, DIVS, IR_DIV0_ZERO, 0),
  CASE (divu1, DIVU, IR_DIV0_ONES, 0),
  CASE (divu0, DIVU, IR_DIV0_ZERO, 0),
  CASE (rems, REMS, IR_DIV0_ONES, 0),
  CASE (rems, REMS, IR_DIV0_ZERO, 0),
  CASE (remu, REMU, IR_DIV0_ONES, 0),
  CASE (remu, REMU, IR_DIV0_ZERO, 0),
  CASE (mins, MINS, 0, 0),
  CASE (maxs, MAXS, 0, 0),
  CASE (minu, MINU, 0, 0),
  CASE (maxu, MAXU, 0, 0),
  CASE (clz, CLZ, 0, 0),
  CASE (ctz, CTZ, 0, 0),
  CASE (popcnt, POPCNT, 0, 0),
  CASE (bswap, BSWAP, 0, 0),
  CASE (brev8, BREV8, 0, 0),
  CASE (orcb, ORCB, 0, 0),
  CASE (clmul, CLMUL, 0, 0),
  CASE (clmulh, CLMULH, 0, 0),
  CASE (clmulr, CLMULR, 0, 0),
  CASE (exts8, EXTS, 0, 8),
  CASE (exts16, EXTS, 0, 16),
  CASE (exts32, EXTS, 0, 32),
  CASE (extz8, EXTZ, 0, 8),
  CASE (extz16, EXTZ, 0, 16),
  CASE (extz32, EXTZ, 0, 32),
  COND_CASE (eq, SETCC, IR_EQ),
  COND_CASE (ne, SETCC, IR_NE),
  COND_CASE (lts, SETCC, IR_LTS),
  COND_CASE (ges, SETCC, IR_GES),
  COND_CASE (ltu, SETCC, IR_LTU),
  COND_CASE (geu, SETCC, IR_GEU),
  COND_CASE (les, SETCC, IR_LES),
  COND_CASE (gts, SETCC, IR_GTS),
  COND_CASE (leu, SETCC, IR_LEU),
  COND_CASE (gtu, SETCC, IR_GTU),
  CASE (select, SELECT, 0, 0),
  CASE (ccadd, CCADD, 0, 0),
  CASE (ccsub, CCSUB, 0, 0),
  CASE (ccadc, CCADC, 0, 0),
  CASE (ccsbc, CCSBC, 0, 0),
  CASE (cclogic, CCLOGIC, 0, 0),
};

static const uint64_t edges[] = {
  0,
  1,
  2,
  3,
  7,
  8,
  31,
  32,
  33,
  63,
  64,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  0x7fffffff,
  0x80000000,
  0x80000001,
  0xffffffff,
  0x100000000,
  0x1234567800000000,
  0xffffffff80000000,
  0x7fffffffffffffff,
  0x8000000000000000,
  0x8000000000000001,
  0xfffffffffffffffe,
  0xffffffffffffffff,
  0x00ff00ff00ff00ff,
};

static uint64_t
random_operand (GRand *rand)
{
  uint64_t x = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
  return x >> (g_rand_int (rand) & 63);
}

/* Folding rules see one operand constant and one not; the op is built in both forms and interpreted. */
static uint64_t
via_builder (IrBuilder *b, IrDesc d, uint64_t a, uint64_t bb, uint64_t c, unsigned known)
{
  IrState s = { .var = { a, bb, c } };
  unsigned shape = ir_op_info[d.op].shape;
  IrVal in[3];

  ir_region_reset (b->region, 0x1000, 0, false);
  ir_builder_init (b, b->region);
  ir_block_begin (b, 0x1000, false);
  for (unsigned i = 0; i < 3; i++) {
    in[i] = known >> i & 1 ? ir_const (b, (int64_t)s.var[i]) : (IrVal)i;
    if (!(shape & IR_SHAPE_A >> i))
      in[i] = IR_NONE;
  }
  ir_set (b, 3, ir_emit (b, d, in[0], in[1], in[2]));
  ir_exit (b, IR_EXIT_SYSCALL, 0x1004);
  g_assert_cmpstr (ir_region_check (b->region), ==, NULL);
  ir_optimise (b->region);
  g_assert_cmpint (ir_interp_block (&s, b->region, 0), ==, IR_EXIT_SYSCALL);
  return s.var[3];
}

static void
check_values (IrBuilder *b, const Case *k, uint64_t a, uint64_t bb, uint64_t c, bool build)
{
  IrState s = { 0 };

  for (unsigned i = 0; i < 3; i++) {
    bool narrow = i < 2, sx = i == 1;
    uint64_t want = narrow ? k->ref32 (a, bb, c) : k->ref64 (a, bb, c);
    if (sx && k->op != IR_SETCC)
      want = (uint64_t)(int64_t)(int32_t)want;

    IrDesc d = IR_DESC (.op = k->op, .type = narrow ? IR_I32 : IR_I64, .sub = k->sub, .imm = k->imm,
                        .flags = sx ? IR_F_SX : 0);
    uint64_t got = ir_eval (&s, d.bits, a, bb, c);
    if (got != want)
      g_error ("%s%s (%#lx, %#lx, %#lx) = %#lx, not %#lx", k->name, narrow ? ".i32" : "", a, bb, c, got,
               want);
    for (unsigned known = 0; build && known < 8; known++)
      if ((got = via_builder (b, d, a, bb, c, known)) != want)
        g_error ("built with constants %u: %s%s (%#lx, %#lx, %#lx) = %#lx, not %#lx", known, k->name,
                 narrow ? ".i32" : "", a, bb, c, got, want);
  }
}

static void
test_op (gconstpointer data)
{
  const Case *k = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (k->op * 64u + k->sub);
  IrBuilder b;

  ir_builder_init (&b, ir_region_new ());
  for (size_t i = 0; i < G_N_ELEMENTS (edges); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (edges); j++)
      check_values (&b, k, edges[i], edges[j], edges[(i + j) % G_N_ELEMENTS (edges)], true);
  for (unsigned i = 0; i < 20000; i++)
    check_values (&b, k, random_operand (rand), random_operand (rand), random_operand (rand), i < 500);
  ir_region_free (b.region);
}

/* Nothing PURE is missing from the table above. */
static void
test_complete (void)
{
  for (unsigned op = IR_MOV; op <= IR_SELECT; op++) {
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
      found |= cases[i].op == op;
    if (!found)
      g_error ("no case for %s", ir_op_info[op].name);
  }
}

/* FP containers pass through moves and selections whole. */
static void
test_containers (void)
{
  IrState s = { 0 };
  uint64_t boxed = 0xffffffff3f800000;

  for (unsigned type = IR_F16; type <= IR_F64; type++) {
    g_assert_cmphex (ir_eval (&s, IR_DESC (.op = IR_MOV, .type = type).bits, boxed, 0, 0), ==, boxed);
    uint64_t desc = IR_DESC (.op = IR_SELECT, .type = type).bits;
    g_assert_cmphex (ir_eval (&s, desc, UINT64_C (1) << 40, boxed, 5), ==, boxed);
    g_assert_cmphex (ir_eval (&s, desc, 0, 5, boxed), ==, boxed);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ir/eval-int/complete", test_complete);
  g_test_add_func ("/ir/eval-int/containers", test_containers);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ir/eval-int/%s-%u", cases[i].name, cases[i].sub);
    g_test_add_data_func (path, &cases[i], test_op);
  }
  return g_test_run ();
}
