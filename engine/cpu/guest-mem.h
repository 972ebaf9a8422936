/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* User mode's guest memory: a guest address is a host address minus a constant. */

#include <stdint.h>

/* Host address of guest address 0. Page-aligned; set once before guest code runs. For 64-bit guests it is 0
 * unless something of the host (AddressSanitizer's shadow) lies where the guest wants to be. */
extern uintptr_t guest_base;
/* First address beyond the guest's address space: 2^32 or 2^38. */
extern uint64_t guest_space_size;

static inline void *
g2h (uint64_t addr)
{
  return (void *)(uintptr_t)(guest_base + addr);
}

/* The address that one with a tag in its top byte means: bit 55 says which half it is in. */
static inline uint64_t
guest_untag (uint64_t addr)
{
  return (uint64_t)((int64_t)(addr << 8) >> 8);
}

static inline uint64_t
h2g (const void *p)
{
  return (uintptr_t)p - guest_base;
}
