/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ir-state.h"

/* The ISA's table of helpers, from arm-helpers.def. */

typedef enum {
#define ARM_HELPER(NAME, name, flags) ARM_HELPER_##NAME,
#include "arm-helpers.def"
  ARM_N_HELPERS,
  ARM_LAST_USER_HELPER = ARM_N_HELPERS - 1,
/* Of machines. */
#include "arm-system-helpers.def"
  ARM_N_SYSTEM_HELPERS
#undef ARM_HELPER
} ArmHelper;

#define ARM_HELPER(NAME, name, flags) uint64_t arm_##name (IrState *s, uint64_t a, uint64_t b, uint64_t c);
#include "arm-helpers.def"
#include "arm-system-helpers.def"
#undef ARM_HELPER

extern const IrHelper arm_helpers[ARM_N_HELPERS];
