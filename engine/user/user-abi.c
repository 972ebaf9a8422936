/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-abi.h"

#include <string.h>

static const UserAbi *const abis[] = { &user_abi_riscv64, &user_abi_riscv32, &user_abi_aarch64 };

const UserAbi *
user_abi_find (const GuestIsa *isa)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (abis); i++)
    if (strcmp (abis[i]->isa, isa->name) == 0)
      return abis[i];
  return NULL;
}
