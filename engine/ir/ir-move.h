/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Regions whose code serves other addresses as well, because the same program lies there in another process.
 *
 * In a movable region a constant near its pc is an address that moves with it, and no other constant depends
 * on the pc: the builder gives the quality up where that would not hold. */

#include "ir-build.h"

/* Branches and address arithmetic reach 4 GiB. */
#define IR_MOVE_REACH (UINT64_C (1) << 33)

/* Only addresses that no instruction has room for can be told from other constants. */
static inline bool
ir_may_move (uint64_t pc)
{
  return pc >= 2 * IR_MOVE_REACH && pc < UINT64_C (1) << 62;
}

static inline bool
ir_is_near (const IrRegion *r, int64_t value)
{
  return (uint64_t)value - r->pc + IR_MOVE_REACH < 2 * IR_MOVE_REACH;
}

/* For the builder. After `op` was simplified to the constant `k`, or (k is IR_NONE) to `simple`. `movable` is
 * what the region was before. */
void ir_move_check_fold (IrBuilder *b, const IrOp *op, const IrOp *simple, IrVal k, bool movable);
/* When all is built: gives the quality up if addresses are used by what cannot tell them from other
 * constants. */
void ir_move_check (IrRegion *r);
