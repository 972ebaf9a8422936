/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ir-state.h"

/* The ISA's table of functions on vectors, from arm-vector-helpers.def. */

typedef enum {
#define ARM_VECTOR_HELPER(NAME, name) ARM_VECTOR_##NAME,
#include "arm-vector-helpers.def"
#undef ARM_VECTOR_HELPER
  ARM_N_VECTOR_HELPERS
} ArmVectorHelper;

#define ARM_VECTOR_HELPER(NAME, name)                                                                        \
  void arm_v_##name (IrV128 *out, const IrV128 *a, const IrV128 *b, const IrV128 *c, unsigned sub);
#include "arm-vector-helpers.def"
#undef ARM_VECTOR_HELPER

extern const IrVectorHelper arm_vector_helpers[ARM_N_VECTOR_HELPERS];

/* SQRDMLAH on lanes of 2 (sub 1) or 4 bytes (sub 2): the saturated upper halves of c, raised by a lane's
 * width, plus or minus twice the products of a and b, rounded; or instead all ones where that is out of
 * range. */
enum { ARM_SQRDMLAH_SUBTRACT = 8, ARM_SQRDMLAH_OVERFLOW = 16 };

/* WIDEN_HALF: four half precision lanes of a, from number sub & 7 on, in single precision; the flag:
 * subnormal ones as zeros. */
enum { ARM_WIDEN_HALF_FLUSH = 8 };

/* SM3TT1 and SM3TT2: sub is the number of c's lane, and the flag. */
enum { ARM_SM3_B = 4 };
