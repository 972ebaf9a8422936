/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Floating point: what its scalar and vector instructions share. */

#include "arm-helpers.h"
#include "arm-trans.h"

/* The semantics class (IrFpClass) of arithmetic on numbers of `type` as FPCR is now. */
static inline unsigned
a64_fp_class (const A64Trans *t, IrType type)
{
  uint32_t flushes = type == IR_F16 ? ARM_MODE_FZ16 : ARM_MODE_FZ;
  return IR_FPC_TINY_BEFORE | IR_FPC_NAN_SIGNALING_FIRST |
         (t->mode & ARM_MODE_DN ? IR_FPC_NAN_CANONICAL : 0) | (t->mode & flushes ? IR_FPC_FLUSH : 0);
}

/* The imm of such an op, rounding as FPCR says or as `round` does. */
static inline int32_t
a64_fp_imm (const A64Trans *t, IrType type, IrRound round)
{
  return (int32_t)IR_FP ((unsigned)round, a64_fp_class (t, type));
}

/* The imm of a conversion between formats. */
static inline int32_t
a64_fp_convert_imm (const A64Trans *t, IrRound round)
{
  unsigned class = a64_fp_class (t, IR_F32) | (t->mode & ARM_MODE_AHP ? IR_FPC_ALT_HALF : 0);
  return (int32_t)IR_FP ((unsigned)round, class);
}

/* The type of a scalar instruction's field ftype (1 is double, 3 half); false if it does not exist. */
static inline bool
a64_fp_type (const A64Trans *t, unsigned ftype, IrType *ret_type)
{
  static const uint8_t types[] = { IR_F32, IR_F64, IR_F32, IR_F16 };
  *ret_type = types[ftype];
  return ftype < 2 || (ftype == 3 && arm_has (t->arm, ARM_EXT_FP16));
}

/* The 64-bit encoding of a floating-point immediate, and of its narrower types (VFPExpandImm). */
uint64_t a64_fp_expand_imm (IrType type, unsigned imm8);

/* sub of the IrDesc that the helpers FP_STEP (a, b, desc), FP_ESTIMATE (a, desc) and ROUND_TO_WIDTH (a, desc)
 * take as a constant operand.  Numbers are bits in integers, as FBITS and VGETL give them. */
typedef enum { ARM_FP_MULX, ARM_FP_RECIP_STEP, ARM_FP_RSQRT_STEP } ArmFpStep;
typedef enum { ARM_FP_RECIP, ARM_FP_RSQRT, ARM_FP_RECIP_EXP } ArmFpEstimate;

/* FMULX, FRECPS and FRSQRTS of x and y; bits in an I64. */
IrVal a64_fp_step (A64Trans *t, IrType type, ArmFpStep step, IrVal x, IrVal y);
/* FRECPE, FRSQRTE, FRECPX. */
IrVal a64_fp_estimate (A64Trans *t, IrType type, ArmFpEstimate estimate, IrVal x);
/* FRINT32 and FRINT64 (`width`), towards zero or as FPCR says. */
IrVal a64_fp_round_to_width (A64Trans *t, IrType type, unsigned width, IrRound round, IrVal x);
