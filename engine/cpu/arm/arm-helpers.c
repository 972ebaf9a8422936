/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "arm-helpers.h"

const IrHelper arm_helpers[ARM_N_HELPERS] = {
#define ARM_HELPER(NAME, name, flags) { #name, arm_##name, flags },
#include "arm-helpers.def"
#undef ARM_HELPER
};
