/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The F, D and Zfh extensions but for conversions: each instruction is written once for the three formats. */

#include "riscv-fp.h"

static IsaFlow
load (RvTrans *t, const RvArgs *a, IrType type, unsigned log2size)
{
  rv_set_f (t, a->rd, ir_load (t->b, type, IR_MEM (log2size, false), rv_x (t, a->rs1), a->imm));
  return ISA_NEXT;
}

/* Stores and moves to x registers transfer the low bits, boxed or not. */
static IsaFlow
store (RvTrans *t, const RvArgs *a, IrType type, unsigned log2size)
{
  ir_store (t->b, type, IR_MEM (log2size, false), rv_x (t, a->rs1), a->imm, rv_f (a->rs2));
  return ISA_NEXT;
}

static IsaFlow
arithmetic (RvTrans *t, const RvArgs *a, IrOpcode op, IrType type)
{
  IrDesc d = IR_DESC (.op = op, .type = type);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  IrVal x = rv_f_input (t, type, a->rs1);
  IrVal y = a->rs2 == a->rs1 ? x : rv_f_input (t, type, a->rs2);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, y, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
square_root (RvTrans *t, const RvArgs *a, IrType type)
{
  IrDesc d = IR_DESC (.op = IR_FSQRT, .type = type);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  IrVal x = rv_f_input (t, type, a->rs1);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
fused (RvTrans *t, const RvArgs *a, IrType type, unsigned flags)
{
  IrDesc d = IR_DESC (.op = IR_FMA, .type = type, .flags = flags);

  if (!rv_rounding (t, a->rm, &d.imm))
    return rv_illegal (t);
  IrVal x = rv_f_input (t, type, a->rs1), y = rv_f_input (t, type, a->rs2), z = rv_f_input (t, type, a->rs3);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, y, z));
  return ISA_NEXT;
}

static IsaFlow
sign (RvTrans *t, const RvArgs *a, IrOpcode op, IrType type)
{
  IrVal x = rv_f_input (t, type, a->rs1), y = x;

  if (a->rs2 == a->rs1 && op == IR_FSGNJ) {
    /* fmv. */
    if (type == IR_F64)
      x = ir_op1 (t->b, IR_MOV, IR_F64, x);
    rv_set_f (t, a->rd, x);
    return ISA_NEXT;
  }
  if (a->rs2 != a->rs1)
    y = rv_f_input (t, type, a->rs2);
  IrDesc d = IR_DESC (.op = op, .type = type, .imm = RV_FP_EXACT);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, y, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
min_max (RvTrans *t, const RvArgs *a, IrOpcode op, IrType type, unsigned nan_rule)
{
  IrDesc d = IR_DESC (.op = op, .type = type, .sub = nan_rule, .imm = RV_FP_EXACT);
  IrVal x = rv_f_input (t, type, a->rs1), y = rv_f_input (t, type, a->rs2);
  rv_set_f (t, a->rd, ir_emit (t->b, d, x, y, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
compare (RvTrans *t, const RvArgs *a, IrCond cond, IrType type, unsigned flags)
{
  IrDesc d = IR_DESC (.op = IR_FSETCC, .type = type, .sub = cond, .flags = flags, .imm = RV_FP_EXACT);
  IrVal x = rv_f_input (t, type, a->rs1), y = rv_f_input (t, type, a->rs2);
  rv_set_x (t, a->rd, ir_emit (t->b, d, x, y, IR_NONE));
  return ISA_NEXT;
}

static IsaFlow
classify (RvTrans *t, const RvArgs *a, IrType type)
{
  IrDesc d = IR_DESC (.op = IR_FCLASS, .type = type, .imm = RV_FP_EXACT);
  IrVal x = rv_f_input (t, type, a->rs1);
  rv_set_x (t, a->rd, ir_emit (t->b, d, x, IR_NONE, IR_NONE));
  return ISA_NEXT;
}

/* The bits of an f register, sign-extended to the x register. */
static IsaFlow
move_to_x (RvTrans *t, const RvArgs *a, IrType type)
{
  IrDesc d = IR_DESC (.op = IR_FBITS, .type = type, .imm = RV_FP_EXACT);

  if (type == IR_F32 && !RV_IS_RV32 (t))
    d.flags = IR_F_SX;
  IrVal x = ir_emit (t->b, d, rv_f (a->rs1), IR_NONE, IR_NONE);
  if (type == IR_F16)
    x = ir_ext (t->b, t->xt, x, 16, true);
  rv_set_x (t, a->rd, x);
  return ISA_NEXT;
}

static IsaFlow
move_from_x (RvTrans *t, const RvArgs *a, IrType type)
{
  IrDesc d = IR_DESC (.op = IR_BITSF, .type = type, .imm = RV_FP_EXACT);
  rv_set_f (t, a->rd, ir_emit (t->b, d, rv_x (t, a->rs1), IR_NONE, IR_NONE));
  return ISA_NEXT;
}

#define INSN(name, ...)                                                                                      \
  IsaFlow rv_trans_##name (RvTrans *t, const RvArgs *a)                                                      \
  {                                                                                                          \
    return __VA_ARGS__;                                                                                      \
  }

/* All instructions of one format: `s` its suffix, `w` that of its loads and stores. */
#define FORMAT(s, w, type, log2size)                                                                         \
  INSN (fl##w, load (t, a, type, log2size))                                                                  \
  INSN (fs##w, store (t, a, type, log2size))                                                                 \
  INSN (fadd_##s, arithmetic (t, a, IR_FADD, type))                                                          \
  INSN (fsub_##s, arithmetic (t, a, IR_FSUB, type))                                                          \
  INSN (fmul_##s, arithmetic (t, a, IR_FMUL, type))                                                          \
  INSN (fdiv_##s, arithmetic (t, a, IR_FDIV, type))                                                          \
  INSN (fsqrt_##s, square_root (t, a, type))                                                                 \
  INSN (fmadd_##s, fused (t, a, type, 0))                                                                    \
  INSN (fmsub_##s, fused (t, a, type, IR_F_NEGC))                                                            \
  INSN (fnmsub_##s, fused (t, a, type, IR_F_NEGP))                                                           \
  INSN (fnmadd_##s, fused (t, a, type, IR_F_NEGP | IR_F_NEGC))                                               \
  INSN (fsgnj_##s, sign (t, a, IR_FSGNJ, type))                                                              \
  INSN (fsgnjn_##s, sign (t, a, IR_FSGNJN, type))                                                            \
  INSN (fsgnjx_##s, sign (t, a, IR_FSGNJX, type))                                                            \
  INSN (fmin_##s, min_max (t, a, IR_FMIN, type, IR_MINMAX_NUMBER))                                           \
  INSN (fmax_##s, min_max (t, a, IR_FMAX, type, IR_MINMAX_NUMBER))                                           \
  INSN (fminm_##s, min_max (t, a, IR_FMIN, type, IR_MINMAX_NAN))                                             \
  INSN (fmaxm_##s, min_max (t, a, IR_FMAX, type, IR_MINMAX_NAN))                                             \
  INSN (feq_##s, compare (t, a, IR_EQ, type, 0))                                                             \
  INSN (flt_##s, compare (t, a, IR_LTS, type, IR_F_SIGNALING))                                               \
  INSN (fle_##s, compare (t, a, IR_LES, type, IR_F_SIGNALING))                                               \
  INSN (fltq_##s, compare (t, a, IR_LTS, type, 0))                                                           \
  INSN (fleq_##s, compare (t, a, IR_LES, type, 0))                                                           \
  INSN (fclass_##s, classify (t, a, type))

FORMAT (s, w, IR_F32, 2)
FORMAT (d, d, IR_F64, 3)
FORMAT (h, h, IR_F16, 1)

INSN (fmv_x_w, move_to_x (t, a, IR_F32))
INSN (fmv_x_d, move_to_x (t, a, IR_F64))
INSN (fmv_x_h, move_to_x (t, a, IR_F16))
INSN (fmv_w_x, move_from_x (t, a, IR_F32))
INSN (fmv_d_x, move_from_x (t, a, IR_F64))
INSN (fmv_h_x, move_from_x (t, a, IR_F16))
