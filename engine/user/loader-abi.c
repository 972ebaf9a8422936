/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loader-abi.h"

#include <string.h>

static const UserLoaderAbi *const ports[] = {
  &user_loader_abi_riscv64,
  &user_loader_abi_riscv32,
  &user_loader_abi_aarch64,
};

const UserLoaderAbi *
user_loader_abi_find (const GuestIsa *isa)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (ports); i++)
    if (!strcmp (ports[i]->isa, isa->name))
      return ports[i];
  return NULL;
}
