/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Meaning of the vector ops on floating-point numbers: the scalar op on each lane. */

#include "ir-eval.h"

static unsigned
log2_bytes (IrType type)
{
  return type == IR_F16 ? 1 : type == IR_F32 ? 2 : 3;
}

static uint64_t
get (const IrV128 *v, unsigned log2, unsigned i)
{
  return log2 == 1 ? v->h[i] : log2 == 2 ? v->s[i] : v->d[i];
}

static void
set (IrV128 *v, unsigned log2, unsigned i, uint64_t x)
{
  if (log2 == 1)
    v->h[i] = (uint16_t)x;
  else if (log2 == 2)
    v->s[i] = (uint32_t)x;
  else
    v->d[i] = x;
}

/* The op to evaluate a lane with. */
static IrDesc
scalar_of (IrDesc d)
{
  static const uint8_t op[] = {
    [IR_VFADD - IR_VFADD] = IR_FADD,   [IR_VFSUB - IR_VFADD] = IR_FSUB,
    [IR_VFMUL - IR_VFADD] = IR_FMUL,   [IR_VFDIV - IR_VFADD] = IR_FDIV,
    [IR_VFSQRT - IR_VFADD] = IR_FSQRT, [IR_VFMA - IR_VFADD] = IR_FMA,
    [IR_VFMIN - IR_VFADD] = IR_FMIN,   [IR_VFMAX - IR_VFADD] = IR_FMAX,
    [IR_VFCMP - IR_VFADD] = IR_FSETCC, [IR_VFROUND - IR_VFADD] = IR_FROUND,
    [IR_VFTOI - IR_VFADD] = IR_FTOI,   [IR_VITOF - IR_VFADD] = IR_ITOF,
    [IR_VFWIDEN - IR_VFADD] = IR_FCVT, [IR_VFNARROW - IR_VFADD] = IR_FCVT,
  };
  IrType lane = d.sub;
  IrDesc s = {
    .op = op[d.op - IR_VFADD], .type = lane, .flags = d.flags & ~IR_F_HALF, .imm = d.imm & 0xffff
  };

  switch (d.op) {
    case IR_VFMIN:
    case IR_VFMAX: s.sub = d.imm & IR_VF_RULE ? IR_MINMAX_NAN : IR_MINMAX_NUMBER; break;
    case IR_VFCMP: s.sub = (uint8_t)(d.imm >> IR_VF_COND); break;
    case IR_VFTOI:
    case IR_VITOF:
      s.sub = IR_I64 | (d.imm & IR_VF_UNSIGNED ? IR_UNSIGNED : 0);
      s.imm |= IR_FP_FIXED (IR_FP_FRACTION (d.imm));
      break;
    case IR_VFWIDEN:
      s.sub = lane;
      s.type = lane + 1;
      break;
    case IR_VFNARROW:
      s.sub = lane;
      s.type = lane - 1;
      break;
    default: break;
  }
  return s;
}

/* Integer lanes narrower than the scalar ops' integers: saturated and extended here. */
static uint64_t
eval_convert (IrState *s, IrDesc scalar, IrType lane, uint64_t a)
{
  unsigned bits = 8u << log2_bytes (lane);
  bool is_unsigned = scalar.sub & IR_UNSIGNED;

  if (scalar.op == IR_ITOF)
    return ir_eval_fp (s, scalar, is_unsigned ? a : (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits)), 0,
                       0);
  return ir_eval_fp_to_int (s, scalar, bits, !is_unsigned, a);
}

static void
eval_resize (IrState *s, IrDesc d, IrDesc scalar, IrV128 *out, const IrV128 *a)
{
  unsigned from = log2_bytes (d.sub), to = log2_bytes (scalar.type), n = 16u >> MAX (from, to);
  unsigned first = d.op == IR_VFWIDEN && d.imm & IR_VF_HIGH ? n : 0;

  for (unsigned i = 0; i < n; i++)
    set (out, to, i, ir_eval_fp (s, scalar, get (a, from, first + i), 0, 0));
}

void
ir_eval_vector_fp (IrState *s, IrDesc d, IrV128 *ret_out, const IrV128 *a, const IrV128 *b, const IrV128 *c)
{
  unsigned log2 = log2_bytes (d.sub), n = (d.flags & IR_F_HALF ? 8u : 16u) >> log2;
  IrDesc scalar = scalar_of (d);
  IrV128 out = { .d = { 0, 0 } };

  if (scalar.op == IR_FCVT) {
    eval_resize (s, d, scalar, &out, a);
    *ret_out = out;
    return;
  }
  for (unsigned i = 0; i < n; i++) {
    uint64_t x = scalar.op == IR_FTOI || scalar.op == IR_ITOF
                     ? eval_convert (s, scalar, d.sub, get (a, log2, i))
                     : ir_eval_fp (s, scalar, get (a, log2, i), get (b, log2, i), get (c, log2, i));
    set (&out, log2, i, d.op == IR_VFCMP && x ? UINT64_MAX : x);
  }
  *ret_out = out;
}
