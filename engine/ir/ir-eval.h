/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The pieces of ir_eval(), for use inside this folder.  The builder folds constants with the same evaluator
 * that the interpreter runs, so an op has one meaning. */

#include "ir-state.h"

/* True for ops ir_eval_int() knows: the PURE ones on integers, MOV to SELECT in ir-ops.def. */
static inline bool
ir_op_is_pure_int (unsigned op)
{
  return op <= IR_SELECT;
}

/* What a 64-bit destination slot receives from an op for which ir_op_is_pure_int(). */
uint64_t ir_eval_int (IrDesc d, uint64_t a, uint64_t b, uint64_t c);

/* The same for floating-point ops, FADD to UNBOX in ir-ops.def; flags are raised in s->fp. */
uint64_t ir_eval_fp (IrState *s, IrDesc d, uint64_t a, uint64_t b, uint64_t c);

/* Vector ops on integers (and MOV and SELECT of vectors).  An operand that is an integer is given as the low
 * half; so is VGETL's result.  `ret_out` may be one of the operands. */
void ir_eval_vector (IrDesc d, IrV128 *ret_out, const IrV128 *a, const IrV128 *b, const IrV128 *c);
/* VAES.  `ret_out` is none of the operands. */
void ir_eval_aes (IrAesStep step, IrV128 *ret_out, const IrV128 *a);
/* Vector ops on floating-point lanes: what the scalar op of the same name does, on each. */
void ir_eval_vector_fp (IrState *s, IrDesc d, IrV128 *ret_out, const IrV128 *a, const IrV128 *b,
                        const IrV128 *c);

/* FTOI to an integer of any width; zero above it. */
uint64_t ir_eval_fp_to_int (IrState *s, IrDesc d, unsigned width, bool is_signed, uint64_t a);

/* A narrow result as a 64-bit slot holds it: sign- or zero-extended as the flags say. */
static inline uint64_t
ir_extend32 (uint64_t x, unsigned flags)
{
  return flags & IR_F_SX ? (uint64_t)(int64_t)(int32_t)x : (uint32_t)x;
}
