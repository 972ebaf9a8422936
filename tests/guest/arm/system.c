/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Hints, barriers, system registers, cache maintenance, flags and pointer authentication, as a program sees
 * them. */

#include "test.h"

#define READ(name)                                                                                           \
  ({                                                                                                         \
    uint64_t value;                                                                                          \
    asm volatile ("mrs %0, " name : "=r"(value));                                                            \
    value;                                                                                                   \
  })
#define WRITE(name, value) asm volatile ("msr " name ", %0" : : "r"((uint64_t)(value)))

static void
check_hints (void)
{
  asm volatile ("nop\n yield\n wfe\n sev\n sevl\n esb\n csdb\n psb csync\n bti c\n bti jc\n hint #127\n");
  asm volatile ("dmb ish\n dmb ishld\n dmb ishst\n dsb sy\n dsb ishst\n isb\n sb\n clrex\n ssbb\n pssbb\n"
                :
                :
                : "memory");
}

static void
check_registers (void)
{
  uint64_t saved = READ ("tpidr_el0");
  WRITE ("tpidr_el0", 0x123456789abcdef);
  CHECK (READ ("tpidr_el0") == 0x123456789abcdef);
  WRITE ("tpidr_el0", saved);
  CHECK (READ ("tpidrro_el0") == 0);
  WRITE ("nzcv", 0x90000000);
  CHECK (READ ("nzcv") == 0x90000000);
  WRITE ("fpcr", 0x03000000);
  CHECK (READ ("fpcr") == 0x03000000);
  WRITE ("fpcr", 0);
  WRITE ("fpsr", 0x0800009f);
  CHECK (READ ("fpsr") == 0x0800009f);
  WRITE ("fpsr", 0);
  asm volatile ("msr dit, #1");
  CHECK (READ ("dit") == 1 << 24);
  WRITE ("dit", 0);
  CHECK (READ ("dit") == 0);
  asm volatile ("msr ssbs, #1");
  CHECK (READ ("ssbs") == 1 << 12);
  asm volatile ("msr ssbs, #0");
  CHECK (READ ("ssbs") == 0);
}

static void
check_identification (void)
{
  CHECK ((READ ("ctr_el0") >> 31 & 1) == 1);
  CHECK ((READ ("id_aa64pfr0_el1") & 0xff) == 0x11);
  CHECK ((READ ("id_aa64isar0_el1") >> 20 & 15) == 2);
  CHECK ((READ ("id_aa64isar1_el1") >> 8 & 15) != 0);
  CHECK (READ ("mpidr_el1") >> 31 == 1);
  CHECK (READ ("s3_0_c0_c4_7") == 0);
}

static void
check_time (void)
{
  uint64_t before = READ ("cntvct_el0"), frequency = READ ("cntfrq_el0");
  CHECK (frequency >= 1000000);
  while (READ ("cntvct_el0") - before < frequency / 1000)
    asm volatile ("yield");
}

static void
check_random (void)
{
  uint64_t x, y, flags;
  asm volatile ("mrs %0, rndr\n mrs %1, nzcv" : "=r"(x), "=r"(flags) : : "cc");
  CHECK (flags == 0 || (flags == 0x40000000 && x == 0));
  asm volatile ("mrs %0, rndrrs\n mrs %1, nzcv" : "=r"(y), "=r"(flags) : : "cc");
  CHECK (flags == 0 || (flags == 0x40000000 && y == 0));
  CHECK (x != y);
}

/* The line that DC ZVA clears, and nothing beside it. */
static void
check_zero (void)
{
  static uint8_t area[3 * 2048] __attribute__ ((aligned (2048)));
  unsigned size = 4u << READ ("dczid_el0");
  CHECK (size <= 2048);
  memset (area, 0xaa, sizeof area);
  asm volatile ("dc zva, %0" : : "r"(area + size + 3) : "memory");
  for (unsigned i = 0; i < 3 * size; i++)
    CHECK (area[i] == (i >= size && i < 2 * size ? 0 : 0xaa));
}

/* mov w0, #n; ret */
static uint32_t code[2] __attribute__ ((aligned (64)));

static void
set_code (unsigned n)
{
  code[0] = 0x52800000 | n << 5;
  code[1] = 0xd65f03c0;
  asm volatile ("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" : : "r"(code) : "memory");
}

static void
check_changed_code (void)
{
  /* mprotect: all may be done with this page. */
  system_call (226, (long)code & ~4095l, 4096, 7);
  for (unsigned n = 0; n < 50; n++) {
    set_code (n);
    for (unsigned i = 0; i < 20; i++)
      CHECK (((unsigned (*) (void))code) () == n);
  }
}

static uint64_t
flags_after (uint64_t flags, unsigned which)
{
  uint64_t result;
  switch (which) {
    case 0: asm volatile ("msr nzcv, %1\n cfinv\n mrs %0, nzcv" : "=r"(result) : "r"(flags) : "cc"); break;
    case 1: asm volatile ("msr nzcv, %1\n axflag\n mrs %0, nzcv" : "=r"(result) : "r"(flags) : "cc"); break;
    default: asm volatile ("msr nzcv, %1\n xaflag\n mrs %0, nzcv" : "=r"(result) : "r"(flags) : "cc"); break;
  }
  return result >> 28;
}

static void
check_flags (void)
{
  for (uint64_t i = 0; i < 16; i++) {
    bool z = i & 4, c = i & 2, v = i & 1;
    CHECK (flags_after (i << 28, 0) == (i ^ 2));
    CHECK (flags_after (i << 28, 1) == ((z | v) * 4u | (c & !v) * 2u));
    CHECK (flags_after (i << 28, 2) == ((!c & !z) * 8u | (z & c) * 4u | (c | z) * 2u | (!c & z) * 1u));
  }
}

/* What is signed can be checked, and what is not signed so cannot. */
static void
check_authentication (void)
{
  uint64_t p = (uint64_t)code, x, y, sp;
  asm volatile ("pacia %0, %1" : "=r"(x) : "r"(7l), "0"(p));
  CHECK ((x & 0x0000ffffffffffff) == p);
  y = x;
  asm volatile ("xpaci %0" : "+r"(y));
  CHECK (y == p);
  asm volatile ("autia %0, %1" : "+r"(x) : "r"(7l));
  CHECK (x == p);
  asm volatile ("pacdza %0\n autdza %0" : "=r"(x) : "0"(p));
  CHECK (x == p);
  asm volatile ("mov x30, %1\n paciasp\n xpaclri\n mov %0, x30" : "=r"(x) : "r"(p) : "x30");
  CHECK (x == p);
  asm volatile ("mov x30, %1\n pacibsp\n autibsp\n mov %0, x30" : "=r"(x) : "r"(p) : "x30");
  CHECK (x == p);
  asm volatile ("mov x17, %2\n mov x16, sp\n mov %1, x16\n pacia1716\n mov %0, x17\n autia %0, %1"
                : "=&r"(x), "=&r"(sp)
                : "r"(p)
                : "x16", "x17");
  CHECK (x == p);
  asm volatile ("pacga %0, %2, %3\n pacga %1, %2, %3" : "=&r"(x), "=&r"(y) : "r"(p), "r"(9l));
  CHECK (x == y && (uint32_t)x == 0);
}

static void
check_authenticated_branches (void)
{
  uint64_t x, y;
  static uint64_t data[2] = { 1, 2 };
  set_code (77);
  asm volatile ("mov x1, %1\n pacia x1, %2\n blraa x1, %2\n mov %0, x0"
                : "=r"(x)
                : "r"(code), "r"(3l)
                : "x0", "x1", "x30", "memory");
  CHECK (x == 77);
  asm volatile ("mov x1, %1\n pacizb x1\n blrabz x1\n mov %0, x0"
                : "=r"(x)
                : "r"(code)
                : "x0", "x1", "x30", "memory");
  CHECK (x == 77);
  asm volatile ("adr x30, 1f\n pacibsp\n retab\n 1: mov %0, #5" : "=r"(x) : : "x30");
  CHECK (x == 5);
  asm volatile ("adr x1, 1f\n pacia x1, sp\n braa x1, sp\n brk #1\n 1: mov %0, #6" : "=r"(x) : : "x1");
  CHECK (x == 6);
  asm volatile ("mov x1, %2\n pacdza x1\n ldraa %0, [x1, #8]!\n mov %1, x1"
                : "=&r"(x), "=&r"(y)
                : "r"(data)
                : "x1", "memory");
  CHECK (x == 2 && y == (uint64_t)(data + 1));
}

int
main (void)
{
  check_hints ();
  check_registers ();
  check_identification ();
  check_time ();
  check_random ();
  check_zero ();
  check_changed_code ();
  check_flags ();
  check_authentication ();
  check_authenticated_branches ();
  return 0;
}
