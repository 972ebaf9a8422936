/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Guest memory of user mode for the interpreter and helpers: checked against the guest's space, then the
 * host's own load or store; an unmapped page raises a host signal that cpu_host_fault() turns into the
 * guest's fault. */

#include "ir-state.h"

extern const IrMemOps mem_direct;
