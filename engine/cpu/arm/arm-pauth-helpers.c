/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Pointer authentication in C, for code that is to be short. */

#include "arm-cpu.h"
#include "arm-helpers.h"

typedef const ArmCpu PauthContext;
typedef uint64_t PauthValue;

/* The operation is a constant. */
static inline uint64_t
op2 (const ArmCpu *t, IrOpcode op, uint64_t x, uint64_t y)
{
  switch (op) {
    case IR_AND: return x & y;
    case IR_ANDN: return x & ~y;
    case IR_OR: return x | y;
    case IR_XOR: return x ^ y;
    case IR_MUL: return x * y;
    case IR_SHL: return x << (y & 63);
    case IR_SHR: return x >> (y & 63);
    default: return (uint64_t)((int64_t)x >> (y & 63)); /* IR_SAR */
  }
}

static inline uint64_t
number (const ArmCpu *t, int64_t value)
{
  return (uint64_t)value;
}

static inline uint64_t
select_of (const ArmCpu *t, uint64_t test, uint64_t if_nonzero, uint64_t if_zero)
{
  return test != 0 ? if_nonzero : if_zero;
}

static inline uint64_t
differ (const ArmCpu *t, uint64_t x, uint64_t y)
{
  return x != y;
}

static inline uint64_t
key_half (const ArmCpu *t, unsigned key, unsigned half)
{
  return t->pauth_key[key][half];
}

static inline bool
has_wide (const ArmCpu *t)
{
  return t->system && arm_has (t, ARM_EXT_LVA);
}

static inline uint64_t
wide_flags (const ArmCpu *t)
{
  return t->pauth_wide[0] | (uint64_t)t->pauth_wide[1] << 8;
}

#include "a64-pauth-code.h"

uint64_t
arm_pauth_sign (IrState *s, uint64_t pointer, uint64_t modifier, uint64_t key)
{
  return signed_pointer ((const ArmCpu *)s, pointer, modifier, (unsigned)key);
}

uint64_t
arm_pauth_check (IrState *s, uint64_t pointer, uint64_t modifier, uint64_t key)
{
  return checked_pointer ((const ArmCpu *)s, pointer, modifier, (unsigned)key);
}
