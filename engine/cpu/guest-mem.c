/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-mem.h"

uintptr_t guest_base;
/* A 64-bit guest's with three levels of page table, until the embedder says otherwise. */
uint64_t guest_space_size = UINT64_C (1) << 38;
