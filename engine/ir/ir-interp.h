/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The reference executor.  It defines what each op means; other executors must agree with it. */

#include "ir-state.h"

/* Evaluates an op that touches no guest memory on operand values (FP operands: raw container bits; the result
 * is the value dst's 64-bit slot receives, boxed or extended as the op says).  Raises FP flags in s->fp. This
 * is also the JIT's out-of-line path. Not for LOAD STORE RMW CAS FENCE ZEROLINE HELPER INSN. */
uint64_t ir_eval (IrState *s, uint64_t desc_bits, uint64_t a, uint64_t b, uint64_t c);

/* The same for any op, vectors among its operands or as its result, and for VHELPER: arg[0] to arg[2] are the
 * operands, narrow ones as low half, and the result goes to arg[0].  This is also the JIT's out-of-line path.
 */
void ir_eval_wide (IrState *s, uint64_t desc_bits, IrV128 arg[3]);

/* Evaluates a BRANCH's condition or a SETCC's. */
bool ir_eval_cond (IrCond cond, IrType type, uint64_t a, uint64_t b);

/* Runs one block of the region from its start: executes its ops and its end, leaving s->pc at the next guest
 * instruction.  Returns IR_EXIT_NONE, or the reason of an EXIT end.  s->pc is exact at every op that may
 * leave. */
IrExit ir_interp_block (IrState *s, const IrRegion *r, uint32_t block);
