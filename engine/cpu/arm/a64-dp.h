/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Shared by the files of integer data processing. */

#include "arm-trans.h"

/* rd = x + y or x - y.  With `flags` they are set, and rd 31 is XZR; without, it is SP. */
IsaFlow a64_add_sub (A64Trans *t, IrType type, bool subtract, bool flags, unsigned rd, IrVal x, IrVal y);
/* rd = result, with N and Z of it, C and V clear. */
void a64_set_logic_flags (A64Trans *t, IrType type, unsigned rd, IrVal result);
/* DecodeBitMasks() (J1.1.3): the immediate of a logical instruction of `width` bits; false: reserved. */
bool a64_bitmask (unsigned n, unsigned imms, unsigned immr, unsigned width, uint64_t *ret_mask);
