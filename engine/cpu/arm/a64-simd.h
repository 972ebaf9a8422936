/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of Advanced SIMD on integers share. */

#include "arm-trans.h"

/* The lanes an instruction works on. */
typedef struct {
  unsigned log2;  /* of a lane's bytes */
  unsigned flags; /* IR_F_HALF: the result is zero from bit 64 on */
  bool scalar;    /* the result is lane 0, zero above it */
} Lanes;

/* From the operands size, q and scalar. False where that arrangement is reserved: one lane of 64 bits as a
 * vector. */
static inline bool
simd_lanes (const A64Args *a, Lanes *ret)
{
  *ret = (Lanes){ .log2 = a->size, .flags = a->q ? 0 : IR_F_HALF, .scalar = a->scalar };
  return a->size != 3 || a->q || a->scalar;
}

/* Lanes twice as wide, of whole vectors. */
static inline Lanes
simd_wider (Lanes lanes)
{
  return (Lanes){ .log2 = lanes.log2 + 1, .flags = lanes.scalar ? IR_F_HALF : 0, .scalar = lanes.scalar };
}

static inline IrVal
simd_op3 (A64Trans *t, Lanes lanes, IrOpcode op, bool is_signed, int32_t imm, IrVal x, IrVal y, IrVal z)
{
  IrDesc d = IR_DESC (.op = op, .type = IR_V128, .sub = (uint8_t)IR_LANE (lanes.log2, is_signed), .imm = imm,
                      .flags = (uint8_t)lanes.flags);
  return ir_emit (t->b, d, x, y, z);
}

static inline IrVal
simd_op2 (A64Trans *t, Lanes lanes, IrOpcode op, bool is_signed, int32_t imm, IrVal x, IrVal y)
{
  return simd_op3 (t, lanes, op, is_signed, imm, x, y, IR_NONE);
}

static inline IrVal
simd_op1 (A64Trans *t, Lanes lanes, IrOpcode op, bool is_signed, int32_t imm, IrVal x)
{
  return simd_op3 (t, lanes, op, is_signed, imm, x, IR_NONE, IR_NONE);
}

/* The number in all lanes of 64 bits. */
uint64_t simd_replicate (unsigned log2, uint64_t value);
/* The number in all lanes of a vector. */
IrVal simd_const (A64Trans *t, unsigned log2, uint64_t value);
/* x, or its lane 0 alone where the instruction is scalar. */
IrVal simd_cut (A64Trans *t, Lanes lanes, IrVal x);
void simd_set (A64Trans *t, Lanes lanes, unsigned rd, IrVal x);
/* Sets FPSR.QC if a bit of x's lanes is set. */
void simd_saturated (A64Trans *t, Lanes lanes, IrVal x);
/* Vd = the saturated result of op; FPSR.QC where it is not the wrapped one of plain_op. */
void simd_set_saturated (A64Trans *t, Lanes lanes, unsigned rd, IrOpcode op, IrOpcode plain_op,
                         bool is_signed, IrVal x, IrVal y);
/* Half the vector Vd, which q chooses, or lane 0 = the low lanes of x. */
void simd_set_narrow (A64Trans *t, const A64Args *a, Lanes lanes, IrVal x);
/* The lanes and the count of a shift by an immediate: immh's topmost bit tells the lane's width; with immb it
 * is that plus the count of a left shift, or twice that less the count of a right shift. False where that
 * arrangement is reserved. */
bool simd_immediate (const A64Args *a, bool right, Lanes *ret_lanes, unsigned *ret_count);
/* x to the right, rounded to nearest, halves up; count from 1 to the lane's width. */
IrVal simd_round_shift (A64Trans *t, Lanes lanes, bool is_signed, unsigned count, IrVal x);
