/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Meaning of the vector ops on integers, lane by lane.  A lane is read as a number of its width, as the op's
 * sign says, so that one statement serves all widths. */

#include "ir-eval.h"
#include "ir-interp.h"
#include "bits.h"

typedef struct {
  IrDesc d;
  unsigned log2, width; /* of a lane: bytes, bits */
  bool is_signed;
  const IrV128 *a, *b, *c;
} VecArgs;

/* Out of line, each op runs as a loop of its own, with the width of its lanes known: see EVAL_LANES. */
#define SPECIAL static inline __attribute__ ((always_inline))

SPECIAL uint64_t
lane (const IrV128 *v, unsigned log2, unsigned i)
{
  switch (log2) {
    case 0: return v->b[i];
    case 1: return v->h[i];
    case 2: return v->s[i];
    default: return v->d[i];
  }
}

SPECIAL void
set_lane (IrV128 *v, unsigned log2, unsigned i, uint64_t x)
{
  switch (log2) {
    case 0: v->b[i] = (uint8_t)x; break;
    case 1: v->h[i] = (uint16_t)x; break;
    case 2: v->s[i] = (uint32_t)x; break;
    default: v->d[i] = x;
  }
}

SPECIAL __int128
number (const VecArgs *v, const IrV128 *from, unsigned i)
{
  uint64_t x = lane (from, v->log2, i);
  return v->is_signed ? (__int128)bits_sext (x, v->width) : (__int128)x;
}

SPECIAL uint64_t
saturate (__int128 x, unsigned width, bool is_signed)
{
  __int128 high = is_signed ? (__int128)bits_mask (width - 1) : (__int128)bits_mask (width);
  __int128 low = is_signed ? -high - 1 : 0;
  return (uint64_t)(x > high ? high : x < low ? low : x);
}

SPECIAL uint64_t
eval_shift (const VecArgs *v, __int128 a, int count)
{
  __int128 result;
  int width = (int)v->width;
  bool to_signed = v->is_signed && !(v->d.imm & IR_SHIFT_TO_UNSIGNED);

  if (count >= 0) {
    if (!(v->d.imm & IR_SHIFT_SATURATE))
      return count >= width ? 0 : (uint64_t)a << count;
    /* Further than its width any number but 0 is out of range. */
    result = (__int128)((unsigned __int128)a << MIN (count, width - 1));
    if (count >= width)
      result = a == 0 ? 0 : a < 0 ? -((__int128)1 << 100) : (__int128)1 << 100;
  } else {
    /* By more than the width and the rounding bit everything is gone but the sign. */
    int right = MIN (-count, width + 1);
    result = a;
    if (v->d.imm & IR_SHIFT_ROUND)
      result += (__int128)1 << (right - 1);
    result >>= right;
  }
  return v->d.imm & IR_SHIFT_SATURATE ? saturate (result, v->width, to_signed) : (uint64_t)result;
}

SPECIAL uint64_t
eval_qdmulh (const VecArgs *v, unsigned i)
{
  __int128 a = bits_sext (lane (v->a, v->log2, i), v->width),
           b = bits_sext (lane (v->b, v->log2, i), v->width);
  __int128 product = 2 * a * b + (v->d.imm ? (__int128)1 << (v->width - 1) : 0);
  return saturate (product >> v->width, v->width, true);
}

SPECIAL uint64_t
eval_dot (const VecArgs *v, unsigned i)
{
  uint32_t sum = v->c->s[i];
  for (unsigned k = 4 * i; k < 4 * i + 4; k++)
    sum += (uint32_t)((v->d.imm & 1 ? (int8_t)v->a->b[k] : (int)v->a->b[k]) *
                      (v->d.imm & 2 ? (int8_t)v->b->b[k] : (int)v->b->b[k]));
  return sum;
}

SPECIAL uint64_t
leading_sign_bits (const VecArgs *v, uint64_t x)
{
  int64_t n = bits_sext (x, v->width);
  return (unsigned)__builtin_clrsbll (n) - (64 - v->width);
}

/* Ops whose lane i depends on the lanes i of the operands. */
SPECIAL uint64_t
eval_lane (const VecArgs *v, IrOpcode op, unsigned i)
{
  __int128 a = number (v, v->a, i), b = number (v, v->b, i);

  switch (op) {
    case IR_VADD: return (uint64_t)(a + b);
    case IR_VSUB: return (uint64_t)(a - b);
    case IR_VMUL: return (uint64_t)a * (uint64_t)b;
    case IR_VABS: return (uint64_t)ABS (bits_sext ((uint64_t)a, v->width) + (__int128)0);
    case IR_VMIN: return (uint64_t)MIN (a, b);
    case IR_VMAX: return (uint64_t)MAX (a, b);
    case IR_VABD: return (uint64_t)(a > b ? a - b : b - a);
    case IR_VQADD: return saturate (a + b, v->width, v->is_signed);
    case IR_VQSUB: return saturate (a - b, v->width, v->is_signed);
    case IR_VHADD: return (uint64_t)((a + b + v->d.imm) >> 1);
    case IR_VHSUB: return (uint64_t)((a - b) >> 1);
    case IR_VCMP:
      return ir_eval_cond (v->d.imm, IR_I64, (uint64_t)bits_sext ((uint64_t)a, v->width),
                           (uint64_t)bits_sext ((uint64_t)b, v->width))
                 ? UINT64_MAX
                 : 0;
    case IR_VSHL: return v->d.imm >= (int)v->width ? 0 : (uint64_t)a << v->d.imm;
    case IR_VSHR: return (uint64_t)(a >> v->d.imm);
    case IR_VSHIFT: return eval_shift (v, a, (int8_t)lane (v->b, v->log2, i));
    case IR_VCLZ: {
      uint64_t x = bits_zext ((uint64_t)a, v->width);
      return x == 0 ? v->width : (unsigned)__builtin_clzll (x) - (64 - v->width);
    }
    case IR_VCLS: return leading_sign_bits (v, (uint64_t)a);
    case IR_VPOPCNT: return (unsigned)__builtin_popcountll (bits_zext ((uint64_t)a, v->width));
    case IR_VBREV8: return bits_brev8 ((uint64_t)a);
    case IR_VQDMULH: return eval_qdmulh (v, i);
    default: return eval_dot (v, i);
  }
}

SPECIAL void
eval_lanes (VecArgs v, IrOpcode op, unsigned log2, unsigned n, IrV128 *out)
{
  v.log2 = log2;
  v.width = 8u << log2;
  for (unsigned i = 0; i < n; i++)
    set_lane (out, log2, i, eval_lane (&v, op, i));
}

SPECIAL void
eval_by_width (const VecArgs *v, IrOpcode op, unsigned n, IrV128 *out)
{
  switch (v->log2) {
    case 0: eval_lanes (*v, op, 0, n, out); break;
    case 1: eval_lanes (*v, op, 1, n, out); break;
    case 2: eval_lanes (*v, op, 2, n, out); break;
    default: eval_lanes (*v, op, 3, n, out);
  }
}

#define EVAL_LANES(OP)                                                                                       \
  case OP: eval_by_width (v, OP, n, out); break

static void
eval_by_op (const VecArgs *v, unsigned n, IrV128 *out)
{
  switch (v->d.op) {
    EVAL_LANES (IR_VADD);
    EVAL_LANES (IR_VSUB);
    EVAL_LANES (IR_VMUL);
    EVAL_LANES (IR_VABS);
    EVAL_LANES (IR_VMIN);
    EVAL_LANES (IR_VMAX);
    EVAL_LANES (IR_VABD);
    EVAL_LANES (IR_VQADD);
    EVAL_LANES (IR_VQSUB);
    EVAL_LANES (IR_VHADD);
    EVAL_LANES (IR_VHSUB);
    EVAL_LANES (IR_VCMP);
    EVAL_LANES (IR_VSHL);
    EVAL_LANES (IR_VSHR);
    EVAL_LANES (IR_VSHIFT);
    EVAL_LANES (IR_VCLZ);
    EVAL_LANES (IR_VCLS);
    EVAL_LANES (IR_VPOPCNT);
    EVAL_LANES (IR_VBREV8);
    EVAL_LANES (IR_VQDMULH);
    default: eval_by_width (v, IR_VDOT, n, out);
  }
}

static void
eval_bits (const VecArgs *v, IrV128 *out)
{
  for (unsigned i = 0; i < 2; i++) {
    uint64_t a = v->a->d[i], b = v->b->d[i];
    switch (v->d.op) {
      case IR_VAND: out->d[i] = a & b; break;
      case IR_VOR: out->d[i] = a | b; break;
      case IR_VXOR: out->d[i] = a ^ b; break;
      case IR_VANDN: out->d[i] = a & ~b; break;
      case IR_VORN: out->d[i] = a | ~b; break;
      default: out->d[i] = (a & b) | (~a & v->c->d[i]);
    }
  }
}

/* Lane `to` of zip, uzp and trn: which lane of which operand it is. `n`: how many lanes there are. */
static uint64_t
interleaved (const VecArgs *v, unsigned n, unsigned to)
{
  unsigned odd = v->d.imm & 1, from;
  bool second;

  switch (v->d.op) {
    case IR_VZIP:
      second = to & 1;
      from = to / 2 + odd * n / 2;
      break;
    case IR_VUZP:
      second = to >= n / 2;
      from = 2 * (to % (n / 2)) + odd;
      break;
    default: second = to & 1; from = (to & ~1u) + odd;
  }
  return lane (second ? v->b : v->a, v->log2, from);
}

static uint64_t
narrow (const VecArgs *v, unsigned i)
{
  uint64_t x = lane (v->a, v->log2, i);
  bool from_signed = v->d.imm == IR_NARROW_SS || v->d.imm == IR_NARROW_SU;
  __int128 n = from_signed ? (__int128)bits_sext (x, v->width) : (__int128)x;
  return v->d.imm == IR_NARROW_CUT ? x : saturate (n, v->width / 2, v->d.imm == IR_NARROW_SS);
}

static void
eval_widen (const VecArgs *v, IrV128 *out)
{
  unsigned n = 8 >> v->log2, from = v->d.imm & 1 ? n : 0;

  for (unsigned i = 0; i < n; i++) {
    __int128 a = number (v, v->a, from + i), b = number (v, v->b, from + i);
    uint64_t x = v->d.op == IR_VWIDEN  ? (uint64_t)a
                 : v->d.op == IR_VMULW ? (uint64_t)(a * b)
                                       : (uint64_t)bits_clmul ((uint64_t)a, (uint64_t)b);
    set_lane (out, v->log2 + 1, i, x);
  }
}

static void
eval_clmul64 (const VecArgs *v, IrV128 *out)
{
  unsigned __int128 product = bits_clmul (v->a->d[v->d.imm & 1], v->b->d[v->d.imm >> 1 & 1]);
  out->d[0] = (uint64_t)product;
  out->d[1] = (uint64_t)(product >> 64);
}

/* `size`: of the vector in bytes, 8 or 16. */
static uint8_t
moved_byte (const VecArgs *v, unsigned size, unsigned i)
{
  unsigned lane_bytes = 1u << v->log2, at = i + (unsigned)v->d.imm;

  switch (v->d.op) {
    case IR_VREV:
      return v->a->b[(i & ~((unsigned)v->d.imm - 1)) |
                     (((unsigned)v->d.imm - lane_bytes) ^ (i & ((unsigned)v->d.imm - 1)))];
    case IR_VEXT: return at < size ? v->a->b[at] : v->b->b[at - size];
    default: return v->b->b[i] < 16 ? v->a->b[v->b->b[i]] : 0;
  }
}

static void
eval_moves (const VecArgs *v, IrV128 *out, unsigned n)
{
  unsigned size = n << v->log2;

  switch (v->d.op) {
    case IR_VDUP:
    case IR_VDUPL:
      for (unsigned i = 0; i < n; i++)
        set_lane (out, v->log2, i, lane (v->a, v->log2, v->d.op == IR_VDUP ? 0 : (unsigned)v->d.imm));
      break;
    case IR_VINSI:
    case IR_VINSL:
      *out = *v->a;
      set_lane (out, v->log2, v->d.imm & 15,
                lane (v->b, v->log2, v->d.op == IR_VINSI ? 0 : (unsigned)v->d.imm >> 4));
      break;
    case IR_VGETL: out->d[0] = (uint64_t)number (v, v->a, (unsigned)v->d.imm); break;
    case IR_VZIP:
    case IR_VUZP:
    case IR_VTRN:
      for (unsigned i = 0; i < n; i++)
        set_lane (out, v->log2, i, interleaved (v, n, i));
      break;
    case IR_VNARROW:
      for (unsigned i = 0; i < 16u >> v->log2; i++)
        set_lane (out, v->log2 - 1, i, narrow (v, i));
      break;
    default:
      for (unsigned i = 0; i < size; i++)
        out->b[i] = moved_byte (v, size, i);
  }
}

void
ir_eval_vector (IrDesc d, IrV128 *ret_out, const IrV128 *a, const IrV128 *b, const IrV128 *c)
{
  VecArgs v = { d, d.sub & 7, IR_LANE_BITS (d.sub), IR_MEM_SIGNED (d.sub), a, b, c };
  unsigned n = (d.flags & IR_F_HALF ? 8u : 16u) >> v.log2;
  IrV128 out = { .d = { 0, 0 } };

  if (d.op == IR_MOV || d.op == IR_SELECT) {
    out = d.op == IR_MOV || a->d[0] == 0 ? *(d.op == IR_MOV ? a : c) : *b;
  } else if (d.op <= IR_VBSEL) {
    eval_bits (&v, &out);
  } else if (d.op == IR_VAES) {
    ir_eval_aes (d.imm, &out, a);
  } else if (d.op == IR_VCLMUL && v.log2 == 3) {
    eval_clmul64 (&v, &out);
  } else if (d.op == IR_VMULW || d.op == IR_VCLMUL || d.op == IR_VWIDEN) {
    eval_widen (&v, &out);
  } else if (d.op >= IR_VDUP) {
    eval_moves (&v, &out, n);
  } else {
    eval_by_op (&v, n, &out);
  }
  if (d.flags & IR_F_HALF && d.op != IR_VGETL)
    out.d[1] = 0;
  *ret_out = out;
}
