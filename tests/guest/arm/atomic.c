/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Exclusive and ordered accesses, and atomic operations: what they leave in registers and memory. */

#include "test.h"

static uint64_t memory[4] __attribute__ ((aligned (64)));

/* ---- Read-modify-write. ---- */

#define CHECK_OP(insn, order, suffix, width, type, result)                                                   \
  for (unsigned i = 0; i < 8; i++) {                                                                         \
    uint64_t before = next_random (), operand = next_random (), got = ~0;                                    \
    memory[0] = before;                                                                                      \
    type m = (type)before, v = (type)operand;                                                                \
    asm volatile (insn order suffix " %" width "2, %" width "0, [%1]"                                        \
                  : "=&r"(got)                                                                               \
                  : "r"(memory), "r"(operand)                                                                \
                  : "memory");                                                                               \
    CHECK (got == (type)before);                                                                             \
    CHECK (*(type *)memory == (type)(result));                                                               \
    CHECK (sizeof (type) == 8 || (memory[0] ^ before) >> (8 * sizeof (type) & 63) == 0);                     \
  }
#define CHECK_SIZES(insn, order, unsigned_result)                                                            \
  CHECK_OP (insn, order, "b", "w", uint8_t, unsigned_result)                                                 \
  CHECK_OP (insn, order, "h", "w", uint16_t, unsigned_result)                                                \
  CHECK_OP (insn, order, "", "w", uint32_t, unsigned_result)                                                 \
  CHECK_OP (insn, order, "", "x", uint64_t, unsigned_result)
#define CHECK_SIGNED(insn, order, op)                                                                        \
  CHECK_OP (insn, order, "b", "w", uint8_t, (int8_t)m op (int8_t) v ? m : v)                                 \
  CHECK_OP (insn, order, "h", "w", uint16_t, (int16_t)m op (int16_t) v ? m : v)                              \
  CHECK_OP (insn, order, "", "w", uint32_t, (int32_t)m op (int32_t) v ? m : v)                               \
  CHECK_OP (insn, order, "", "x", uint64_t, (int64_t)m op (int64_t) v ? m : v)

static void
check_operations (void)
{
  CHECK_SIZES ("ldadd", "", m + v)
  CHECK_SIZES ("ldclr", "a", m & ~v)
  CHECK_SIZES ("ldeor", "l", m ^ v)
  CHECK_SIZES ("ldset", "al", m | v)
  CHECK_SIZES ("swp", "al", v)
  CHECK_SIZES ("ldumax", "", m > v ? m : v)
  CHECK_SIZES ("ldumin", "a", m < v ? m : v)
  CHECK_SIGNED ("ldsmax", "l", >)
  CHECK_SIGNED ("ldsmin", "al", <)
}

/* One register is all operands' but the address, or the result goes nowhere. */
static void
check_shared_registers (void)
{
  uint64_t x = 5;
  memory[0] = 7;
  asm volatile ("ldadd %0, %0, [%1]" : "+r"(x) : "r"(memory) : "memory");
  CHECK (x == 7 && memory[0] == 12);
  asm volatile ("stadd %0, [%1]" : : "r"(x), "r"(memory) : "memory");
  CHECK (memory[0] == 19);
  asm volatile ("ldclral xzr, %0, [%1]" : "=r"(x) : "r"(memory) : "memory");
  CHECK (x == 19 && memory[0] == 19);
  asm volatile ("swp xzr, xzr, [%0]" : : "r"(memory) : "memory");
  CHECK (memory[0] == 0);
}

/* ---- Compare and swap. ---- */

#define CHECK_CAS(order, suffix, width, type)                                                                \
  for (unsigned i = 0; i < 2; i++) {                                                                         \
    uint64_t before = next_random (), desired = next_random (), seen = i ? before : before + 1;              \
    memory[0] = before;                                                                                      \
    asm volatile ("cas" order suffix " %" width "0, %" width "2, [%1]"                                       \
                  : "+r"(seen)                                                                               \
                  : "r"(memory), "r"(desired)                                                                \
                  : "memory");                                                                               \
    CHECK (seen == (type)before);                                                                            \
    CHECK (*(type *)memory == (type)(i ? desired : before));                                                 \
    CHECK (sizeof (type) == 8 || (memory[0] ^ before) >> (8 * sizeof (type) & 63) == 0);                     \
  }

static void
check_compare_and_swap (void)
{
  CHECK_CAS ("", "b", "w", uint8_t)
  CHECK_CAS ("a", "h", "w", uint16_t)
  CHECK_CAS ("l", "", "w", uint32_t)
  CHECK_CAS ("al", "", "x", uint64_t)
}

static void
check_compare_and_swap_pair (void)
{
  for (unsigned i = 0; i < 4; i++) {
    register uint64_t x2 asm ("x2") = i & 1 ? 11 : 10, x3 asm ("x3") = i & 2 ? 21 : 20, x4 asm ("x4") = 12,
                             x5 asm ("x5") = 22;
    memory[0] = 11;
    memory[1] = 21;
    asm volatile ("caspal x2, x3, x4, x5, [%2]"
                  : "+r"(x2), "+r"(x3)
                  : "r"(memory), "r"(x4), "r"(x5)
                  : "memory");
    CHECK (x2 == 11 && x3 == 21);
    CHECK (memory[0] == (i == 3 ? 12 : 11) && memory[1] == (i == 3 ? 22 : 21));
  }
  for (unsigned i = 0; i < 4; i++) {
    register uint64_t x2 asm ("x2") = i & 1 ? 0xf0000011 : 10, x3 asm ("x3") = i & 2 ? 0xf0000021 : 20,
                             x4 asm ("x4") = 12, x5 asm ("x5") = 22;
    memory[1] = 0xf0000021f0000011;
    asm volatile ("casp w2, w3, w4, w5, [%2]"
                  : "+r"(x2), "+r"(x3)
                  : "r"(memory + 1), "r"(x4), "r"(x5)
                  : "memory");
    CHECK (x2 == 0xf0000011 && x3 == 0xf0000021);
    CHECK (memory[1] == (i == 3 ? 0x000000160000000c : 0xf0000021f0000011));
  }
}

/* ---- Exclusive accesses. ---- */

#define CHECK_EXCLUSIVE(load, store, suffix, width, type)                                                    \
  {                                                                                                          \
    uint64_t before = memory[0] = next_random (), value = next_random (), got, failed = ~0, again = ~0;      \
    asm volatile (load suffix " %" width "0, [%3]\n" store suffix " %w1, %" width "4, [%3]\n" store suffix   \
                              " %w2, %" width "4, [%3]"                                                      \
                  : "=&r"(got), "=&r"(failed), "=&r"(again)                                                  \
                  : "r"(memory), "r"(value)                                                                  \
                  : "memory");                                                                               \
    CHECK (got == (type)before && failed == 0 && again == 1);                                                \
    CHECK (*(type *)memory == (type)value);                                                                  \
    CHECK (sizeof (type) == 8 || (memory[0] ^ before) >> (8 * sizeof (type) & 63) == 0);                     \
  }

static void
check_exclusive (void)
{
  CHECK_EXCLUSIVE ("ldxr", "stxr", "b", "w", uint8_t)
  CHECK_EXCLUSIVE ("ldaxr", "stlxr", "h", "w", uint16_t)
  CHECK_EXCLUSIVE ("ldxr", "stlxr", "", "w", uint32_t)
  CHECK_EXCLUSIVE ("ldaxr", "stxr", "", "x", uint64_t)
}

/* Not where the access was not exclusive: another address, a clear, a change of the value. */
static void
check_not_exclusive (void)
{
  uint64_t x, failed = 0;
  memory[0] = memory[1] = 5;
  asm volatile ("ldxr %0, [%2]\n stxr %w1, %3, [%4]"
                : "=&r"(x), "=&r"(failed)
                : "r"(memory), "r"(9l), "r"(memory + 1)
                : "memory");
  CHECK (failed == 1 && memory[1] == 5);
  asm volatile ("ldxr %0, [%2]\n clrex\n stxr %w1, %3, [%2]"
                : "=&r"(x), "=&r"(failed)
                : "r"(memory), "r"(9l)
                : "memory");
  CHECK (failed == 1 && memory[0] == 5);
  asm volatile ("ldxr %0, [%2]\n str %3, [%2]\n stxr %w1, %2, [%2]"
                : "=&r"(x), "=&r"(failed)
                : "r"(memory), "r"(9l)
                : "memory");
  CHECK (memory[0] == (failed ? 9 : (uint64_t)memory));
}

static void
check_exclusive_pair (void)
{
  uint64_t low, high, failed, again;
  memory[0] = 0x1111111122222222;
  memory[1] = 0x3333333344444444;
  asm volatile ("ldxp %0, %1, [%4]\n stxp %w2, %1, %0, [%4]\n stlxp %w3, %0, %1, [%4]"
                : "=&r"(low), "=&r"(high), "=&r"(failed), "=&r"(again)
                : "r"(memory)
                : "memory");
  CHECK (low == 0x1111111122222222 && high == 0x3333333344444444 && failed == 0 && again == 1);
  CHECK (memory[0] == high && memory[1] == low);
  asm volatile ("ldaxp %w0, %w1, [%4]\n stlxp %w2, %w1, %w0, [%4]\n stxp %w3, %w0, %w1, [%4]"
                : "=&r"(low), "=&r"(high), "=&r"(failed), "=&r"(again)
                : "r"(memory + 1)
                : "memory");
  CHECK (low == 0x22222222 && high == 0x11111111 && failed == 0 && again == 1);
  CHECK (memory[1] == 0x2222222211111111 && memory[0] == 0x3333333344444444);
}

/* ---- Ordered accesses. ---- */

#define CHECK_ORDERED(load, store, suffix, width, type, offset)                                              \
  {                                                                                                          \
    uint64_t value = next_random (), got;                                                                    \
    memory[0] = memory[1] = memory[2] = 0;                                                                   \
    asm volatile (store suffix " %" width "2, [%1" offset "]\n" load suffix " %" width "0, [%1" offset "]"   \
                  : "=&r"(got)                                                                               \
                  : "r"(memory + 1), "r"(value)                                                              \
                  : "memory");                                                                               \
    CHECK (got == (type)value && memory[0] + memory[1] + memory[2] == (type)value);                          \
  }
#define CHECK_ORDERED_SIZES(load, store, offset)                                                             \
  CHECK_ORDERED (load, store, "b", "w", uint8_t, offset)                                                     \
  CHECK_ORDERED (load, store, "h", "w", uint16_t, offset)                                                    \
  CHECK_ORDERED (load, store, "", "w", uint32_t, offset)                                                     \
  CHECK_ORDERED (load, store, "", "x", uint64_t, offset)

static void
check_ordered (void)
{
  int64_t x;
  CHECK_ORDERED_SIZES ("ldar", "stlr", "")
  CHECK_ORDERED_SIZES ("ldapr", "stlr", "")
  CHECK_ORDERED_SIZES ("ldlar", "stllr", "")
  CHECK_ORDERED_SIZES ("ldapur", "stlur", ", #-8")
  CHECK_ORDERED_SIZES ("ldapur", "stlur", ", #8")
  memory[0] = 0xfedcba9880706050;
  asm volatile ("ldapursb %w0, [%1, #7]" : "=r"(x) : "r"(memory) : "memory");
  CHECK (x == 0xfffffffe);
  asm volatile ("ldapursb %0, [%1, #7]" : "=r"(x) : "r"(memory) : "memory");
  CHECK (x == -2);
  asm volatile ("ldapursh %0, [%1, #6]" : "=r"(x) : "r"(memory) : "memory");
  CHECK (x == -0x124);
  asm volatile ("ldapursw %0, [%1, #4]" : "=r"(x) : "r"(memory) : "memory");
  CHECK (x == -0x1234568);
}

int
main (void)
{
  check_operations ();
  check_shared_registers ();
  check_compare_and_swap ();
  check_compare_and_swap_pair ();
  check_exclusive ();
  check_not_exclusive ();
  check_exclusive_pair ();
  check_ordered ();
  return 0;
}
