/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Code that changes: by the hart itself, by another hart, and by a device. -smp 2 and
 * -fw_cfg name=opt/code,file=… with the instructions of write_code() for 21. */

#include "paging.h"

static uint8_t area[4 * PAGE] __attribute__ ((aligned (4096)));

typedef uint64_t (*Code) (void);

static void
write_code (uint8_t *at, unsigned value)
{
  ((volatile uint16_t *)at)[0] = (uint16_t)(0x4501 | (value & 31) << 2); /* c.li a0, value */
  ((volatile uint16_t *)at)[1] = 0x8082;                                 /* ret */
}

static void
own_changes (void)
{
  for (unsigned i = 0; i < 300; i++) {
    unsigned value = i % 31;
    write_code (area, value);
    fence_i ();
    for (unsigned n = 0; n < (i % 7 == 0 ? 200 : 3); n++)
      CHECK_EQUAL (((Code)(uint64_t)area) (), value);
  }
  /* Data beside code: each store is in a page with code that runs, none changes it. */
  write_code (area + 64, 5);
  fence_i ();
  for (unsigned i = 0; i < 5000; i++) {
    ((volatile uint32_t *)area)[64 + i % 32]++;
    CHECK_EQUAL (((Code)(uint64_t)(area + 64)) (), 5);
  }
}

/* An instruction of four bytes, two in each page; either half changes. */
static void
across_pages (void)
{
  volatile uint16_t *code = (volatile uint16_t *)(area + PAGE) - 1;
  code[2] = 0x8082;
  for (unsigned i = 0; i < 200; i++) {
    /* addi a0, zero, imm or addi a0, a0, imm */
    code[0] = 0x0513;
    code[1] = (uint16_t)(i << 4);
    fence_i ();
    CHECK_EQUAL (((Code)(uint64_t)code) (), i);
    code[0] = 0x0593; /* a1 instead */
    fence_i ();
    register uint64_t a0 __asm__ ("a0") = 99;
    __asm__ volatile ("jalr %1" : "+r"(a0) : "r"(code) : "ra", "a1", "memory");
    CHECK_EQUAL (a0, 99);
  }
}

/* The next instruction but one, in the same block. */
static void
just_ahead (void)
{
  uint64_t r;
  for (unsigned i = 0; i < 100; i++) {
    uint32_t insn = 0x00000513 | i << 20; /* addi a0, zero, i */
    __asm__ volatile (".option push\n.option norvc\n"
                      "la t0, 1f\n sw %1, 0(t0)\n fence.i\n1: addi a0, zero, 0x7ff\n mv %0, a0\n.option pop"
                      : "=r"(r)
                      : "r"(insn)
                      : "t0", "a0", "memory");
    CHECK_EQUAL (r, i);
  }
}

/* Without fence.i the old or the new, never anything else; with one, the new. A loop that changes itself. */
static void
inside_loop (void)
{
  uint64_t sum = 0;
  __asm__ volatile (".option push\n.option norvc\n"
                    "li t0, 0\n li t1, 1000\n la t2, 2f\n lw t4, 0(t2)\n"
                    "1: li t3, 500\n bne t0, t3, 3f\n"
                    "la t3, 4f\n lw t3, 0(t3)\n sw t3, 0(t2)\n fence.i\n"
                    "3: nop\n"
                    "2: addi %0, %0, 1\n"
                    "addi t0, t0, 1\n bne t0, t1, 1b\n sw t4, 0(t2)\n fence.i\n j 5f\n"
                    "4: addi %0, %0, 3\n"
                    "5:\n.option pop"
                    : "+r"(sum)
                    :
                    : "t0", "t1", "t2", "t3", "t4", "memory");
  CHECK_EQUAL (sum, 500 + 3 * 500);
}

/* Whole pages copied over code, as a loader does. */
static void
copied (void)
{
  for (unsigned round = 0; round < 20; round++) {
    for (unsigned n = 0; n < PAGE / 4; n++)
      write_code (area + 2 * PAGE + 4 * n, (n + round) % 31);
    memcpy (area, area + 2 * PAGE, PAGE);
    fence_i ();
    for (unsigned n = 0; n < PAGE / 4; n += 5)
      CHECK_EQUAL (((Code)(uint64_t)(area + 4 * n)) (), (n + round) % 31);
  }
}

static volatile uint32_t request, done;

static void
by_other_hart (void)
{
  bare_ready = 1;
  for (unsigned i = 1; i <= 200; i++) {
    __atomic_store_n (&request, i, __ATOMIC_SEQ_CST);
    while (__atomic_load_n (&done, __ATOMIC_SEQ_CST) != i)
      ;
    fence_i ();
    CHECK_EQUAL (((Code)(uint64_t)(area + 8)) (), i % 31);
    CHECK_EQUAL (((Code)(uint64_t)(area + 8)) (), i % 31);
  }
}

void
bare_secondary (uint64_t hart_id)
{
  for (;;) {
    uint32_t i = __atomic_load_n (&request, __ATOMIC_SEQ_CST);
    if (i == done)
      continue;
    write_code (area + 8, i % 31);
    __atomic_store_n (&done, i, __ATOMIC_SEQ_CST);
  }
}

static void
by_device (void)
{
  uint32_t size;
  int select = fw_cfg_find ("opt/code", &size);
  CHECK (select >= 0);
  CHECK_EQUAL (size, 4);
  for (unsigned i = 0; i < 50; i++) {
    write_code (area + 16, 1);
    fence_i ();
    for (unsigned n = 0; n < 50; n++)
      CHECK_EQUAL (((Code)(uint64_t)(area + 16)) (), 1);
    CHECK_EQUAL (fw_cfg_dma ((uint32_t)select << 16 | 8 | 2, (uint64_t)area + 16, 4), 0);
    fence_i ();
    CHECK_EQUAL (((Code)(uint64_t)(area + 16)) (), 21);
  }
}

/* Written through another virtual address than it is run at. */
static uint64_t
aliased (uint64_t va)
{
  for (unsigned i = 0; i < 100; i++) {
    write_code ((uint8_t *)va + 32, i % 31);
    fence_i ();
    CHECK_EQUAL (((Code)(uint64_t)(area + 32)) (), i % 31);
    write_code (area + 32, (i + 5) % 31);
    fence_i ();
    CHECK_EQUAL (((Code)(va + 32)) (), (i + 5) % 31);
  }
  return 0;
}

void
test_main (void)
{
  own_changes ();
  across_pages ();
  just_ahead ();
  inside_loop ();
  copied ();
  by_device ();
  by_other_hart ();
  uint64_t *root = new_space (3), va = 0x2000000000;
  *entry_at (root, 3, va, 0) = pte_of ((uint64_t)area, PTE_RWX);
  csr_write (satp, satp_of (root, 3, 0));
  sfence ();
  run_in (MODE_S, aliased, va);
}
