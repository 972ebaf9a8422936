/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ir.h"

/* Removes ops whose result is never seen: temporaries without use, and variables overwritten in the same
 * block before any op that may leave.  Linear; INSN markers stay. Sets removed ops to MOV with dst IR_NONE.
 */
void ir_optimise (IrRegion *r);
