/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ir-state.h"

/* The ISA's table of helpers, from arm-helpers.def. */

typedef enum {
#define ARM_HELPER(NAME, name, flags) ARM_HELPER_##NAME,
#include "arm-helpers.def"
#undef ARM_HELPER
  ARM_N_HELPERS
} ArmHelper;

#define ARM_HELPER(NAME, name, flags) uint64_t arm_##name (IrState *s, uint64_t a, uint64_t b, uint64_t c);
#include "arm-helpers.def"
#undef ARM_HELPER

extern const IrHelper arm_helpers[ARM_N_HELPERS];
