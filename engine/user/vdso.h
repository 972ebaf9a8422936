/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The guest's vDSO: a shared object the kernel puts into each program. It is made at start-up from the port's
 * table. */

#include "loader-abi.h"

/* The ELF image of `bits` and `machine` at address 0, loadable by one segment. *ret_sigreturn: offset of the
 * table's vdso_sigreturn. */
GByteArray *user_vdso_build (const UserLoaderAbi *abi, unsigned bits, uint16_t machine,
                             uint64_t *ret_sigreturn);
