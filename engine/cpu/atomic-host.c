/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "atomic-host.h"

typedef struct {
  uint16_t v;
} __attribute__ ((packed, may_alias)) Any16;
typedef struct {
  uint32_t v;
} __attribute__ ((packed, may_alias)) Any32;
typedef struct {
  uint64_t v;
} __attribute__ ((packed, may_alias)) Any64;

uint64_t
host_load (const void *p, unsigned size)
{
  switch (size) {
    case 1: return *(const volatile uint8_t *)p;
    case 2: return ((const volatile Any16 *)p)->v;
    case 4: return ((const volatile Any32 *)p)->v;
    default: return ((const volatile Any64 *)p)->v;
  }
}

void
host_store (void *p, unsigned size, uint64_t value)
{
  switch (size) {
    case 1: *(volatile uint8_t *)p = value; break;
    case 2: ((volatile Any16 *)p)->v = value; break;
    case 4: ((volatile Any32 *)p)->v = value; break;
    default: ((volatile Any64 *)p)->v = value; break;
  }
}

static uint64_t
sign_extend (uint64_t v, unsigned size)
{
  unsigned shift = 64 - 8 * size;
  return (uint64_t)((int64_t)(v << shift) >> shift);
}

static uint64_t
zero_extend (uint64_t v, unsigned size)
{
  return size == 8 ? v : v & ((UINT64_C (1) << (8 * size)) - 1);
}

static uint64_t
rmw_result (IrRmw op, uint64_t old, uint64_t value, unsigned size)
{
  int64_t so = sign_extend (old, size), sv = sign_extend (value, size);
  uint64_t uo = zero_extend (old, size), uv = zero_extend (value, size);
  switch (op) {
    case IR_RMW_SWAP: return value;
    case IR_RMW_ADD: return old + value;
    case IR_RMW_AND: return old & value;
    case IR_RMW_OR: return old | value;
    case IR_RMW_XOR: return old ^ value;
    case IR_RMW_MINS: return so < sv ? old : value;
    case IR_RMW_MAXS: return so > sv ? old : value;
    case IR_RMW_MINU: return uo < uv ? old : value;
    case IR_RMW_MAXU: return uo > uv ? old : value;
  }
  return old;
}

uint64_t
host_cas (void *p, unsigned size, uint64_t expected, uint64_t desired)
{
  switch (size) {
#define CASE(bytes, type)                                                                                    \
  case bytes: {                                                                                              \
    type e = expected;                                                                                       \
    __atomic_compare_exchange_n ((type *)p, &e, (type)desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
    return e;                                                                                                \
  }
    CASE (1, uint8_t)
    CASE (2, uint16_t)
    CASE (4, uint32_t)
    default: CASE (8, uint64_t)
#undef CASE
  }
}

uint64_t
host_rmw (void *p, unsigned size, IrRmw op, uint64_t value)
{
  uint64_t old = host_load (p, size);
  for (;;) {
    uint64_t seen = host_cas (p, size, old, rmw_result (op, old, value, size));
    if (seen == zero_extend (old, size))
      return seen;
    old = seen;
  }
}

/* x86-64 compilers use cmpxchg16b only where they are told that it exists. */
#ifdef __x86_64__
__attribute__ ((target ("cx16")))
#endif
void
host_cas16 (void *p, const uint64_t *expected, const uint64_t *desired, uint64_t *ret_old)
{
  unsigned __int128 e = (unsigned __int128)expected[1] << 64 | expected[0];
  unsigned __int128 d = (unsigned __int128)desired[1] << 64 | desired[0];
  unsigned __int128 old = __sync_val_compare_and_swap ((unsigned __int128 *)p, e, d);
  ret_old[0] = (uint64_t)old;
  ret_old[1] = (uint64_t)(old >> 64);
}
