/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions whose 32-bit form differs from the 64-bit one: shifts, multiplication, division, atomics,
 * conversions, and double values in pairs of registers. */
#include "runtime.h"

#define OP2(insn, a, b)                                                                                      \
  ({                                                                                                         \
    uint32_t r_, a_ = (uint32_t)(a), b_ = (uint32_t)(b);                                                     \
    __asm__ volatile (insn " %0, %1, %2" : "=r"(r_) : "r"(a_), "r"(b_));                                     \
    r_;                                                                                                      \
  })
#define AMO(insn, word, value)                                                                               \
  ({                                                                                                         \
    uint32_t r_, v_ = (uint32_t)(value);                                                                     \
    __asm__ volatile (insn " %0, %2, (%1)" : "=&r"(r_) : "r"(word), "r"(v_) : "memory");                     \
    r_;                                                                                                      \
  })
#define EXTENSION(name, text) ".option push\n .option arch, +" name "\n " text "\n .option pop"

static void
test_integer (void)
{
  CHECK_EQ (OP2 ("add", 0x7fffffff, 1), 0x80000000);
  CHECK_EQ (OP2 ("sub", 0, 1), 0xffffffff);
  CHECK_EQ (OP2 ("sll", 1, 33), 2); /* five bits of the count */
  CHECK_EQ (OP2 ("srl", 0x80000000, 31), 1);
  CHECK_EQ (OP2 ("sra", 0x80000000, 63), 0xffffffff);
  CHECK_EQ (OP2 ("slt", 0x80000000, 1), 1);
  CHECK_EQ (OP2 ("sltu", 0x80000000, 1), 0);
  CHECK_EQ (OP2 ("sltu", 1, 0xffffffff), 1);
  CHECK_EQ (OP2 ("mul", 0x10001, 0x10001), 0x20001);
  CHECK_EQ (OP2 ("mulh", 0x80000000, 0x80000000), 0x40000000);
  CHECK_EQ (OP2 ("mulh", -1, 1), -1);
  CHECK_EQ (OP2 ("mulhu", 0xffffffff, 0xffffffff), 0xfffffffe);
  CHECK_EQ (OP2 ("mulhsu", 0xffffffff, 0xffffffff), 0xffffffff);
  CHECK_EQ (OP2 ("div", 0x80000000, -1), 0x80000000);
  CHECK_EQ (OP2 ("rem", 0x80000000, -1), 0);
  CHECK_EQ (OP2 ("div", -7, 2), -3);
  CHECK_EQ (OP2 ("rem", -7, 2), -1);
  CHECK_EQ (OP2 ("div", 5, 0), -1);
  CHECK_EQ (OP2 ("rem", 5, 0), 5);
  CHECK_EQ (OP2 ("divu", 0x80000000, 3), 0x2aaaaaaa);
  CHECK_EQ (OP2 ("remu", 0x80000000, 0), 0x80000000);
  CHECK_EQ (OP2 ("divu", 1, 0), 0xffffffff);
}

static void
test_memory (void)
{
  static volatile uint8_t bytes[8] = { 0x80, 0xff, 0xfe, 0xfd, 1, 2, 3, 4 };
  uint32_t r;
  __asm__ volatile ("lb %0, (%1)" : "=r"(r) : "r"(bytes));
  CHECK_EQ (r, 0xffffff80);
  __asm__ volatile ("lhu %0, (%1)" : "=r"(r) : "r"(bytes));
  CHECK_EQ (r, 0xff80);
  __asm__ volatile ("lw %0, 1(%1)" : "=r"(r) : "r"(bytes));
  CHECK_EQ (r, 0x01fdfeff);
  /* An address wraps at 32 bits: -16 + 16 + the array's. */
  __asm__ volatile ("lw %0, -4(%1)" : "=r"(r) : "r"(bytes + 4));
  CHECK_EQ (r, 0xfdfeff80);
  __asm__ volatile ("auipc %0, 0x80000\n auipc t0, 0\n sub %0, t0, %0" : "=&r"(r) : : "t0");
  CHECK_EQ (r, 0x80000004);
}

static void
test_atomic (void)
{
  uint32_t word = 0x80000000, got, fail;
  CHECK_EQ (AMO ("amoadd.w", &word, 0x80000001), 0x80000000);
  CHECK_EQ (word, 1);
  CHECK_EQ (AMO ("amomin.w", &word, -5), 1);
  CHECK_EQ (word, -5);
  CHECK_EQ (AMO ("amomaxu.w", &word, 7), -5);
  CHECK_EQ (word, -5);
  CHECK_EQ (AMO ("amominu.w", &word, 7), -5);
  CHECK_EQ (AMO ("amomax.w", &word, -9), 7);
  CHECK_EQ (AMO ("amoswap.w", &word, 0xf0f0), 7);
  CHECK_EQ (AMO ("amoxor.w", &word, 0xffff), 0xf0f0);
  CHECK_EQ (AMO ("amoor.w", &word, 0xf000), 0xf0f);
  CHECK_EQ (AMO ("amoand.w", &word, 0xff00), 0xff0f);
  CHECK_EQ (word, 0xff00);
  __asm__ volatile ("lr.w %0, (%2)\n sc.w %1, %3, (%2)"
                    : "=&r"(got), "=&r"(fail)
                    : "r"(&word), "r"(5)
                    : "memory");
  CHECK (got == 0xff00 && fail == 0 && word == 5);
  __asm__ volatile ("sc.w %0, zero, (%1)" : "=&r"(fail) : "r"(&word) : "memory");
  CHECK (fail != 0 && word == 5);
  /* amocas.w, and amocas.d on pairs of registers. */
  register uint32_t low __asm__ ("a0") = 5;
  __asm__ volatile (EXTENSION ("zacas", "amocas.w a0, %1, (%2)") : "+r"(low) : "r"(9), "r"(&word) : "memory");
  CHECK (low == 5 && word == 9);
  static uint64_t pair = 0x1111111122222222;
  register uint32_t a0 __asm__ ("a0") = 0x22222222, a1 __asm__ ("a1") = 0x11111111;
  register uint32_t a2 __asm__ ("a2") = 0x33333333, a3 __asm__ ("a3") = 0x44444444;
  __asm__ volatile (EXTENSION ("zacas", "amocas.d a0, a2, (%4)")
                    : "+r"(a0), "+r"(a1)
                    : "r"(a2), "r"(a3), "r"(&pair)
                    : "memory");
  CHECK (a0 == 0x22222222 && a1 == 0x11111111 && pair == 0x4444444433333333);
}

static void
test_float (void)
{
  volatile double d = 3.75, huge = 1e300;
  volatile float f = -2.5f;
  union {
    double d;
    uint32_t w[2];
  } bits = { .d = -1.0 / 3 }, back;
  uint32_t r, high;
  CHECK (d * 2 + (double)f == 5.0);
  CHECK_EQ ((int)d, 3);
  CHECK_EQ ((int)f, -2);
  __asm__ volatile ("fcvt.w.d %0, %1, rtz" : "=r"(r) : "f"(huge));
  CHECK_EQ (r, 0x7fffffff);
  __asm__ volatile ("fcvt.wu.d %0, %1, rtz" : "=r"(r) : "f"(-huge));
  CHECK_EQ (r, 0);
  __asm__ volatile ("fcvt.wu.s %0, %1, rup" : "=r"(r) : "f"(3000000000.0f));
  CHECK_EQ (r, 3000000000u);
  __asm__ volatile ("fcvt.w.s %0, %1, rdn" : "=r"(r) : "f"(f));
  CHECK_EQ (r, -3);
  __asm__ volatile ("fmv.x.w %0, %1" : "=r"(r) : "f"(f));
  CHECK_EQ (r, 0xc0200000);
  /* Zfa's moves between a pair of integer registers and a double. */
  __asm__ volatile (EXTENSION ("zfa", "fmv.x.w %0, %2\n fmvh.x.d %1, %2")
                    : "=&r"(r), "=&r"(high)
                    : "f"(bits.d));
  CHECK (r == bits.w[0] && high == bits.w[1]);
  __asm__ volatile (EXTENSION ("zfa", "fmvp.d.x %0, %1, %2") : "=f"(back.d) : "r"(bits.w[0]), "r"(bits.w[1]));
  CHECK (back.d == bits.d);
  __asm__ volatile (EXTENSION ("zfa", "fli.d %0, 0.5") : "=f"(back.d));
  CHECK (back.d == 0.5);
  __asm__ volatile (EXTENSION ("zfa", "fcvtmod.w.d %0, %1, rtz") : "=r"(r) : "f"(4294967297.5));
  CHECK_EQ (r, 1);
  /* An unboxed single is a NaN. */
  __asm__ volatile ("fadd.s %1, %2, %2\n fclass.s %0, %1" : "=r"(r), "=&f"(back.d) : "f"(bits.d));
  CHECK_EQ (r, 1 << 9);
  /* c.flw and c.fsw exist here alone. */
  static float cell[2] = { 1.5f, 0 };
  register float *p __asm__ ("a5") = cell;
  register float v __asm__ ("fa4");
  __asm__ volatile ("c.flw fa4, 0(a5)\n c.fsw fa4, 4(a5)" : "=f"(v) : "r"(p) : "memory");
  CHECK (v == 1.5f && cell[1] == 1.5f);
  /* c.jal too. */
  __asm__ volatile (".balign 4\n c.jal 1f\n 2: j 3f\n 1: mv %0, ra\n la %1, 2b\n jr ra\n 3:"
                    : "=&r"(r), "=&r"(high)
                    :
                    : "ra");
  CHECK_EQ (r, high);
}

#define BIT1(extension, insn, a)                                                                             \
  ({                                                                                                         \
    uint32_t r_;                                                                                             \
    __asm__ volatile (EXTENSION (extension, insn " %0, %1") : "=r"(r_) : "r"(a));                            \
    r_;                                                                                                      \
  })
#define BIT2(extension, insn, a, b)                                                                          \
  ({                                                                                                         \
    uint32_t r_;                                                                                             \
    __asm__ volatile (EXTENSION (extension, insn " %0, %1, %2") : "=r"(r_) : "r"(a), "r"(b));                \
    r_;                                                                                                      \
  })

static void
test_bits (void)
{
  CHECK_EQ (BIT1 ("zbb", "clz", 1), 31);
  CHECK_EQ (BIT1 ("zbb", "clz", 0), 32);
  CHECK_EQ (BIT1 ("zbb", "ctz", 0), 32);
  CHECK_EQ (BIT1 ("zbb", "cpop", 0xffffffff), 32);
  CHECK_EQ (BIT1 ("zbb", "rev8", 0x12345678), 0x78563412);
  CHECK_EQ (BIT1 ("zbb", "orc.b", 0x00100200), 0x00ffff00);
  CHECK_EQ (BIT1 ("zbb", "zext.h", 0xffff8000), 0x8000);
  CHECK_EQ (BIT1 ("zbb", "sext.h", 0x8000), 0xffff8000);
  CHECK_EQ (BIT2 ("zbb", "rol", 0x80000001, 33), 3);
  CHECK_EQ (BIT2 ("zbb", "ror", 3, 1), 0x80000001);
  CHECK_EQ (BIT2 ("zbb", "max", 0x80000000, 1), 1);
  CHECK_EQ (BIT2 ("zbb", "maxu", 0x80000000, 1), 0x80000000);
  CHECK_EQ (BIT2 ("zba", "sh3add", 0x20000001, 5), 13);
  CHECK_EQ (BIT2 ("zbs", "bset", 0, 63), 0x80000000);
  CHECK_EQ (BIT2 ("zbs", "bext", 0x80000000, 31), 1);
  CHECK_EQ (BIT2 ("zbc", "clmul", 0xffffffff, 3), 1);
  CHECK_EQ (BIT2 ("zbc", "clmulh", 0x80000000, 2), 1);
  CHECK_EQ (BIT2 ("zbc", "clmulr", 0x80000000, 2), 2);
  CHECK_EQ (BIT2 ("zicond", "czero.eqz", 5, 0), 0);
  CHECK_EQ (BIT2 ("zicond", "czero.nez", 5, 0), 5);
}

static void
test_counters (void)
{
  uint32_t low, high, again;
  do
    __asm__ volatile ("rdtimeh %0\n rdtime %1\n rdtimeh %2" : "=r"(high), "=r"(low), "=r"(again));
  while (high != again);
  CHECK (low != 0 || high != 0);
  __asm__ volatile ("rdcycleh %0\n rdinstreth %1" : "=r"(high), "=r"(again));
  __asm__ volatile ("frflags %0" : "=r"(low));
  CHECK (low < 32);
}

int
guest_main (int argc, char **argv, char **envp)
{
  test_integer ();
  test_memory ();
  test_atomic ();
  test_float ();
  test_bits ();
  test_counters ();
  return check_end ();
}
