/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "isa.h"

extern const GuestIsa riscv64_isa, riscv32_isa, aarch64_isa;

const GuestIsa *const guest_isas[] = { &riscv64_isa, &riscv32_isa, &aarch64_isa, NULL };
