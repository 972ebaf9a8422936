/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Floating point as a program uses it: FPCR changes what the code after it does, FPSR gathers what happened,
 * comparisons decide branches.  Single instructions are held against QEMU by tests/unit/arm. */

#include "test.h"

#define READ(name)                                                                                           \
  ({                                                                                                         \
    uint64_t value;                                                                                          \
    asm volatile ("mrs %0, " name : "=r"(value) : : "memory");                                               \
    value;                                                                                                   \
  })
#define WRITE(name, value) asm volatile ("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")

enum { RN = 0, RP = 1 << 22, RM = 2 << 22, RZ = 3 << 22, FZ = 1 << 24, DN = 1 << 25, AHP = 1 << 26 };
enum { TRAPS = 0x9f00 }; /* which need not exist */
enum { IOC = 1, DZC = 2, OFC = 4, UFC = 8, IXC = 16, IDC = 128, QC = 1 << 27 };

static uint64_t
bits (double x)
{
  uint64_t value;
  asm volatile ("fmov %0, %d1" : "=r"(value) : "w"(x));
  return value;
}

static double
number (uint64_t value)
{
  double x;
  asm volatile ("fmov %d0, %1" : "=w"(x) : "r"(value));
  return x;
}

static double
divide (double x, double y)
{
  double result;
  asm volatile ("fdiv %d0, %d1, %d2" : "=w"(result) : "w"(x), "w"(y) : "memory");
  return result;
}

static double
multiply (double x, double y)
{
  double result;
  asm volatile ("fmul %d0, %d1, %d2" : "=w"(result) : "w"(x), "w"(y) : "memory");
  return result;
}

static void
check_rounding (void)
{
  static const struct {
    uint32_t fpcr;
    uint64_t third, minus_third;
  } table[] = {
    { RN, 0x3fd5555555555555, 0xbfd5555555555555 },
    { RP, 0x3fd5555555555556, 0xbfd5555555555555 },
    { RM, 0x3fd5555555555555, 0xbfd5555555555556 },
    { RZ, 0x3fd5555555555555, 0xbfd5555555555555 },
  };
  for (unsigned i = 0; i < 4000; i++) {
    WRITE ("fpcr", table[i % 4].fpcr);
    CHECK (bits (divide (1, 3)) == table[i % 4].third);
    CHECK (bits (divide (-1, 3)) == table[i % 4].minus_third);
  }
  WRITE ("fpcr", 0);
}

static void
check_flags (void)
{
  static const struct {
    uint64_t x, y;
    uint32_t flags;
  } table[] = {
    { 0x3ff0000000000000, 0x4000000000000000, 0 },
    { 0x3ff0000000000000, 0, DZC },
    { 0, 0, IOC },
    { 0x3ff0000000000000, 0x4008000000000000, IXC },
    { 0x7fefffffffffffff, 0x3fe0000000000000, OFC | IXC },
    { 0x0010000000000001, 0x4000000000000000, UFC | IXC },
    { 0x0010000000000000, 0x4000000000000000, 0 },
    { 0x7ff0000000000001, 0x3ff0000000000000, IOC },
  };
  uint32_t all = 0;
  for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
    WRITE ("fpsr", 0);
    divide (number (table[i].x), number (table[i].y));
    CHECK (READ ("fpsr") == table[i].flags);
    all |= table[i].flags;
  }
  WRITE ("fpsr", 0);
  for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
    divide (number (table[i].x), number (table[i].y));
  CHECK (READ ("fpsr") == all);
  WRITE ("fpsr", QC | IDC | IXC);
  CHECK (READ ("fpsr") == (QC | IDC | IXC));
  WRITE ("fpsr", 0);
}

static void
check_modes (void)
{
  double nan = number (0xfff8000000000123), tiny = number (0x0008000000000000);
  CHECK (bits (multiply (nan, 1)) == 0xfff8000000000123);
  WRITE ("fpcr", DN);
  CHECK (bits (multiply (nan, 1)) == 0x7ff8000000000000);
  WRITE ("fpcr", FZ);
  CHECK (bits (multiply (nan, 1)) == 0xfff8000000000123);
  CHECK (bits (multiply (tiny, -1)) == 0x8000000000000000);
  CHECK (READ ("fpsr") == IDC);
  WRITE ("fpsr", 0);
  CHECK (bits (multiply (number (0x0010000000000000), 0.5)) == 0);
  CHECK (READ ("fpsr") == UFC);
  WRITE ("fpcr", 0);
  WRITE ("fpsr", 0);
  CHECK (bits (multiply (number (0x0010000000000000), 0.5)) == 0x0008000000000000);
  CHECK (READ ("fpsr") == 0);
  WRITE ("fpcr", AHP | DN | FZ | RZ | 1 << 19 | TRAPS);
  CHECK (READ ("fpcr") == (AHP | DN | FZ | RZ | 1 << 19));
  WRITE ("fpcr", 0);
}

/* Whether a loop ends where it should, whatever interrupts it. */
static void
check_loops (void)
{
  unsigned n = 0, n_less = 0, n_unordered = 0;
  for (double x = 0; x < 100000; x += 0.5, n++)
    n_less += x < 1000.25;
  CHECK (n == 200000 && n_less == 2001);
  for (unsigned i = 0; i < 1000; i++) {
    double x = i % 10 == 0 ? number (0x7ff8000000000000) : i;
    n_unordered += x != x;
    CHECK (!(x < 0));
    CHECK ((x >= 0) == (i % 10 != 0));
  }
  CHECK (n_unordered == 100);
}

static void
check_conversions (void)
{
  uint64_t x;
  uint32_t w;
  asm ("fcvtzu %0, %d1" : "=r"(x) : "w"(1e19));
  CHECK (x == 10000000000000000000u);
  asm ("fcvtzu %0, %d1" : "=r"(x) : "w"(-1.0));
  CHECK (x == 0);
  asm ("fcvtas %w0, %d1" : "=r"(w) : "w"(-2.5));
  CHECK (w == (uint32_t)-3);
  asm ("fcvtzu %w0, %d1" : "=r"(w) : "w"(4294967296.0));
  CHECK (w == UINT32_MAX);
  double back;
  asm ("ucvtf %d0, %1" : "=w"(back) : "r"(UINT64_MAX));
  CHECK (bits (back) == 0x43f0000000000000);
}

/* An operand's register gets the result, often enough to be compiled as a loop. */
#define IN_PLACE(name, operation)                                                                            \
  static double name (double x, double y, double z)                                                          \
  {                                                                                                          \
    double d = x;                                                                                            \
    for (unsigned i = 0; i < 3000; i++) {                                                                    \
      d = x;                                                                                                 \
      asm volatile (operation : "+w"(d) : "w"(y), "w"(z) : "memory");                                        \
    }                                                                                                        \
    return d;                                                                                                \
  }
IN_PLACE (add_product, "fmadd %d0, %d1, %d2, %d0")
IN_PLACE (times_and_add, "fmadd %d0, %d0, %d1, %d2")
IN_PLACE (times_and_subtract, "fnmsub %d0, %d1, %d0, %d2")
IN_PLACE (square_and_add, "fmadd %d0, %d0, %d0, %d2")
IN_PLACE (doubled, "fadd %d0, %d0, %d0")

static void
check_in_place (void)
{
  static const struct {
    double (*run) (double x, double y, double z);
    uint64_t x, y, z, result;
    uint32_t flags;
  } table[] = {
    { add_product, 0x4000000000000000, 0x4008000000000000, 0x4010000000000000, 0x402c000000000000, 0 },
    { times_and_add, 0x4000000000000000, 0x4008000000000000, 0x4010000000000000, 0x4024000000000000, 0 },
    { times_and_subtract, 0x4000000000000000, 0x4008000000000000, 0x4010000000000000, 0x4000000000000000, 0 },
    { square_and_add, 0x4008000000000000, 0, 0x4010000000000000, 0x402a000000000000, 0 },
    { add_product, 0x7ff8000000000001, 0xfff8000000000002, 0x7ff8000000000003, 0x7ff8000000000001, 0 },
    { times_and_add, 0x7ff8000000000001, 0xfff8000000000002, 0x7ff8000000000003, 0x7ff8000000000003, 0 },
    { times_and_add, 0x7ff8000000000001, 0xfff0000000000002, 0x7ff8000000000003, 0xfff8000000000002, IOC },
    { square_and_add, 0x7ff8000000000001, 0, 0x3ff0000000000000, 0x7ff8000000000001, 0 },
    { add_product, 0x7ff8000000000001, 0x7ff0000000000000, 0, 0x7ff8000000000000, IOC },
    { add_product, 0, 0x3fefffffffffffff, 0x0010000000000000, 0x0010000000000000, UFC | IXC },
    { times_and_add, 0x3fefffffffffffff, 0x0010000000000000, 0, 0x0010000000000000, UFC | IXC },
    { times_and_subtract, 0xbfefffffffffffff, 0x0010000000000000, 0, 0x8010000000000000, UFC | IXC },
    { doubled, 0x4008000000000000, 0, 0, 0x4018000000000000, 0 },
    { doubled, 0x7ff0000000000001, 0, 0, 0x7ff8000000000001, IOC },
    { doubled, 0xfff8000000000002, 0, 0, 0xfff8000000000002, 0 },
    { doubled, 0xfff0000000000000, 0, 0, 0xfff0000000000000, 0 },
    { doubled, 0x7fefffffffffffff, 0, 0, 0x7ff0000000000000, OFC | IXC },
    { doubled, 0x0008000000000000, 0, 0, 0x0010000000000000, 0 },
  };
  for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
    WRITE ("fpsr", 0);
    double d = table[i].run (number (table[i].x), number (table[i].y), number (table[i].z));
    CHECK (bits (d) == table[i].result);
    CHECK (READ ("fpsr") == table[i].flags);
  }
  WRITE ("fpsr", 0);
  WRITE ("fpcr", DN);
  CHECK (bits (doubled (number (0xfff8000000000002), 0, 0)) == 0x7ff8000000000000);
  WRITE ("fpcr", 0);
}

int
main (void)
{
  check_rounding ();
  check_flags ();
  check_modes ();
  check_in_place ();
  check_loops ();
  check_conversions ();
  return 0;
}
