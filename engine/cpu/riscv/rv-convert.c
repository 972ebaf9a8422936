/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Floating-point conversions of F, D and Zfh, and the rest of Zfa. */

#include "riscv-fp.h"

static IsaFlow
to_integer (RvTrans *t, const RvArgs *a, IrType from, unsigned to)
{
  IrDesc d = IR_DESC (.op = IR_FTOI, .type = from, .sub = to);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  /* RV64 sign-extends even the unsigned 32-bit result. */
  if ((to & ~IR_UNSIGNED) == IR_I32 && !RV_IS_RV32 (t))
    d.flags = IR_F_SX;
  IrVal x = rv_f_input (t, from, a->rs1);
  rv_set_x (t, a->rd, ir_emit (t->b, d, x, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
from_integer (RvTrans *t, const RvArgs *a, IrType to, unsigned from)
{
  IrDesc d = IR_DESC (.op = IR_ITOF, .type = to, .sub = from);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  rv_set_f (t, a->rd, ir_emit (t->b, d, rv_x (t, a->rs1), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
between_floats (RvTrans *t, const RvArgs *a, IrType to, IrType from)
{
  IrDesc d = IR_DESC (.op = IR_FCVT, .type = to, .sub = from);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  IrVal x = rv_f_input (t, from, a->rs1);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
round_to_integral (RvTrans *t, const RvArgs *a, IrType type, unsigned flags)
{
  IrDesc d = IR_DESC (.op = IR_FROUND, .type = type, .flags = flags);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  IrVal x = rv_f_input (t, type, a->rs1);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
load_immediate (RvTrans *t, const RvArgs *a, IrType type, uint64_t bits)
{
  IrDesc d = IR_DESC (.op = IR_BITSF, .type = type, .imm = RV_FP_EXACT);
  rv_set_f (t, a->rd, ir_emit (t->b, d, ir_const (t->b, (int64_t)bits), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

/* SPEC: RISC-V unprivileged, Zfa, FLI values: 1 is the smallest normal number of the format, 29 (2^16) is
 * infinity in half precision; 30 and 31 are infinity and the canonical NaN. The table holds half precision;
 * wider formats widen all but the two that differ. */
static const uint16_t fli_half[32] = {
  0xbc00, 0x0400, 0x0100, 0x0200, 0x1c00, 0x2000, 0x2c00, 0x3000, 0x3400, 0x3500, 0x3600,
  0x3700, 0x3800, 0x3900, 0x3a00, 0x3b00, 0x3c00, 0x3d00, 0x3e00, 0x3f00, 0x4000, 0x4100,
  0x4200, 0x4400, 0x4800, 0x4c00, 0x5800, 0x5c00, 0x7800, 0x7c00, 0x7c00, 0x7e00,
};

/* FLI's value n in a format with these widths of exponent and fraction. */
static uint64_t
fli_value (unsigned n, unsigned exp_bits, unsigned frac_bits)
{
  uint64_t bias = (1ull << (exp_bits - 1)) - 1, sign = fli_half[n] >> 15, frac = fli_half[n] & 0x3ff;
  uint64_t exp = bias - 15 + (fli_half[n] >> 10 & 31);

  switch (n) {
    case 1: exp = 1; break;
    case 2: /* subnormal as halves: 2^-16 and 2^-15 */
    case 3: exp = bias - (18 - n), frac = 0; break;
    case 29: exp = bias + 16; break;
    case 30:
    case 31: exp = 2 * bias + 1; break;
    default: break;
  }
  return sign << (exp_bits + frac_bits) | exp << frac_bits | frac << (frac_bits - 10);
}

IsaFlow
rv_trans_fli_h (RvTrans *t, const RvArgs *a)
{
  return load_immediate (t, a, IR_F16, fli_half[a->imm]);
}

IsaFlow
rv_trans_fli_s (RvTrans *t, const RvArgs *a)
{
  return load_immediate (t, a, IR_F32, fli_value (a->imm, 8, 23));
}

IsaFlow
rv_trans_fli_d (RvTrans *t, const RvArgs *a)
{
  return load_immediate (t, a, IR_F64, fli_value (a->imm, 11, 52));
}

IsaFlow
rv_trans_fcvtmod_w_d (RvTrans *t, const RvArgs *a)
{
  IrDesc d = IR_DESC (.op = IR_FTOIMOD, .type = IR_F64, .imm = IR_FP (IR_RTZ, RV_FP_CLASS));

  if (!RV_IS_RV32 (t))
    d.flags = IR_F_SX;
  rv_set_x (t, a->rd, ir_emit (t->b, d, rv_f (a->rs1), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

IsaFlow
rv_trans_fmvh_x_d (RvTrans *t, const RvArgs *a)
{
  IrDesc d = IR_DESC (.op = IR_FBITS, .type = IR_F64, .imm = RV_FP_EXACT);
  IrVal bits = ir_emit (t->b, d, rv_f (a->rs1), IR_NONE, IR_NONE);
  rv_set_x (t, a->rd, ir_op2 (t->b, IR_SHR, IR_I64, bits, ir_const (t->b, 32)));
  return ISA_NEXT;
}

IsaFlow
rv_trans_fmvp_d_x (RvTrans *t, const RvArgs *a)
{
  IrDesc d = IR_DESC (.op = IR_BITSF, .type = IR_F64, .imm = RV_FP_EXACT);
  IrVal low = ir_ext (t->b, IR_I64, rv_x (t, a->rs1), 32, false);
  IrVal high = ir_op2 (t->b, IR_SHL, IR_I64, rv_x (t, a->rs2), ir_const (t->b, 32));
  IrVal bits = ir_op2 (t->b, IR_OR, IR_I64, low, high);
  rv_set_f (t, a->rd, ir_emit (t->b, d, bits, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

#define INSN(name, ...)                                                                                      \
  IsaFlow rv_trans_##name (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return __VA_ARGS__;                                                                                      \
  }

#define FORMAT(s, type)                                                                                      \
  INSN (fcvt_w_##s, to_integer (t, a, type, IR_I32))                                                         \
  INSN (fcvt_wu_##s, to_integer (t, a, type, IR_I32 | IR_UNSIGNED))                                          \
  INSN (fcvt_l_##s, to_integer (t, a, type, IR_I64))                                                         \
  INSN (fcvt_lu_##s, to_integer (t, a, type, IR_I64 | IR_UNSIGNED))                                          \
  INSN (fcvt_##s##_w, from_integer (t, a, type, IR_I32))                                                     \
  INSN (fcvt_##s##_wu, from_integer (t, a, type, IR_I32 | IR_UNSIGNED))                                      \
  INSN (fcvt_##s##_l, from_integer (t, a, type, IR_I64))                                                     \
  INSN (fcvt_##s##_lu, from_integer (t, a, type, IR_I64 | IR_UNSIGNED))                                      \
  INSN (fround_##s, round_to_integral (t, a, type, 0))                                                       \
  INSN (froundnx_##s, round_to_integral (t, a, type, IR_F_EXACT))

FORMAT (s, IR_F32)
FORMAT (d, IR_F64)
FORMAT (h, IR_F16)

INSN (fcvt_s_d, between_floats (t, a, IR_F32, IR_F64))
INSN (fcvt_d_s, between_floats (t, a, IR_F64, IR_F32))
INSN (fcvt_s_h, between_floats (t, a, IR_F32, IR_F16))
INSN (fcvt_h_s, between_floats (t, a, IR_F16, IR_F32))
INSN (fcvt_d_h, between_floats (t, a, IR_F64, IR_F16))
INSN (fcvt_h_d, between_floats (t, a, IR_F16, IR_F64))
