/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of Advanced SIMD on floating-point numbers share.  A scalar form works on a vector whose
 * other lanes are zero: they raise nothing in the operations used so, and are cut from the result. */

#include "a64-fp.h"
#include "a64-simd.h"

static inline IrType
vfp_type (Lanes lanes)
{
  return (IrType)(IR_F16 + lanes.log2 - 1);
}

static inline unsigned
vfp_count (Lanes lanes)
{
  return lanes.scalar ? 1 : (lanes.flags & IR_F_HALF ? 8u : 16u) >> lanes.log2;
}

/* The op on the lanes; `imm`: more than rounding and class. */
static inline IrVal
vfp_op (A64Trans *t, Lanes lanes, IrOpcode op, IrRound round, unsigned flags, int32_t imm, IrVal x, IrVal y,
        IrVal z)
{
  IrType type = vfp_type (lanes);
  IrDesc d = IR_DESC (.op = op, .type = IR_V128, .sub = (uint8_t)type,
                      .imm = a64_fp_imm (t, type, round) | imm, .flags = (uint8_t)(lanes.flags | flags));
  return ir_emit (t->b, d, x, y, z);
}

static inline IrVal
vfp_op2 (A64Trans *t, Lanes lanes, IrOpcode op, IrVal x, IrVal y)
{
  return vfp_op (t, lanes, op, IR_RDYN, 0, 0, x, y, IR_NONE);
}

/* The scalar op on lane 0 of x and of y, of which only y may be a temporary vector. */
static inline IrVal
vfp_scalar (A64Trans *t, Lanes lanes, IrOpcode op, unsigned sub, unsigned flags, IrVal x, IrVal y, IrVal z)
{
  IrType type = vfp_type (lanes);
  IrDesc d = IR_DESC (.op = op, .type = (uint8_t)type, .sub = (uint8_t)sub, .flags = (uint8_t)flags,
                      .imm = a64_fp_imm (t, type, IR_RDYN));
  return ir_emit (t->b, d, x, y, z);
}

/* Register n, or its lane 0 alone. */
static inline IrVal
vfp_in (A64Trans *t, Lanes lanes, unsigned n)
{
  return simd_cut (t, lanes, a64_v (n));
}

/* The lane as an integer. */
static inline IrVal
vfp_lane (A64Trans *t, Lanes lanes, IrVal x, unsigned index)
{
  return simd_op1 (t, (Lanes){ .log2 = lanes.log2 }, IR_VGETL, false, (int32_t)index, x);
}

/* Vd by lanes: a function of the integers that hold those of x and y (or IR_NONE), which may call helpers. */
typedef IrVal VfpLane (A64Trans *t, IrType type, unsigned which, IrVal x, IrVal y);
IsaFlow vfp_by_lanes (A64Trans *t, const A64Args *a, VfpLane *lane, unsigned which, IrVal x, IrVal y);
