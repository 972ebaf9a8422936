/* SPDX-License-Identifier: GPL-3.0-or-later */

/* TLBs, address spaces and translated code of system mode, on one hart. Each test repeats what it does, so
 * that code runs cold, linked and compiled as a region. */

#include "soft-toy.h"
#include <string.h>

#define PAGE(n) ((uint64_t)(n) << RAM_PAGE_BITS)
#define ROOT    UINT64_C (0x10000)
#define ROUNDS  5
#define DEVICE  UINT64_C (0x10000000)

static uint64_t *
reg (Cpu *cpu, unsigned n)
{
  return &cpu->state.var[n];
}

static void
poke64 (uint64_t root, uint64_t vaddr, uint64_t value)
{
  g_assert_cmpint (memory_dma_write (toy_map,
                                     TOY_PHYS_BASE + (uint64_t)(toy_host (root, vaddr) - toy_ram->host),
                                     &value, 8),
                   ==, MEMORY_OK);
}

/* ---- Flushes. ---- */

static void
test_flush (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  for (unsigned i = 0; i < 8; i++)
    *(uint64_t *)(toy_ram->host + PAGE (20 + i)) = 100 + i;
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_load (3, A0, S0, 0));
  toy_emit (&code, rv_load (3, A1, S1, 0));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = PAGE (2);
  *reg (cpu, S1) = PAGE (3);
  for (unsigned round = 0; round < ROUNDS * 2; round++) {
    unsigned flip = round & 1;
    toy_set (ROOT, 2, 20 + flip, TOY_R);
    toy_set (ROOT, 3, 22 + flip, TOY_R);
    if (round % 4 < 2) {
      cpu_tlb_flush_page (cpu, PAGE (2) + 123, 0, 0);
      cpu_tlb_flush_page (cpu, PAGE (3), 0, 0);
    } else {
      cpu_tlb_flush (cpu, 0, 0);
    }
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (*reg (cpu, A0), ==, 100 + flip);
    g_assert_cmpuint (*reg (cpu, A1), ==, 102 + flip);
  }
  toy_free (cpu);
}

/* A flush of one ASID reaches its spaces and no others. */
static void
test_flush_asid (void)
{
  const uint64_t first = 1u << TOY_ASID | 1, second = 2u << TOY_ASID | 2,
                 mask = UINT64_C (0xffff) << TOY_ASID;
  Cpu *cpu = toy_cpu (first);
  for (unsigned i = 0; i < 2; i++) {
    toy_set (i == 0 ? first : second, 1, 1, TOY_X);
    toy_set (i == 0 ? first : second, 2, 20 + i, TOY_R);
    *(uint64_t *)(toy_ram->host + PAGE (20 + i)) = i;
  }
  ToyCode code = { first, PAGE (1) };
  toy_emit (&code, rv_load (3, A0, S0, 0));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = PAGE (2);
  for (unsigned round = 0; round < ROUNDS; round++)
    for (unsigned i = 0; i < 2; i++) {
      toy_hart (cpu)->root = i == 0 ? first : second;
      cpu_tlb_flush (cpu, mask, 1u << TOY_ASID);
      unsigned walks = toy_hart (cpu)->walks;
      toy_call (cpu, PAGE (1));
      g_assert_cmpuint (*reg (cpu, A0), ==, i);
      if (i == 0)
        g_assert_cmpuint (toy_hart (cpu)->walks, >, walks);
      else if (round > 1 && cpu_settings.flush_every == 0)
        g_assert_cmpuint (toy_hart (cpu)->walks, ==, walks);
    }
  toy_free (cpu);
}

/* What was entered from a large page goes with a flush of any of its parts. */
static void
test_flush_large (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_load (3, A0, S0, 0));
  toy_emit (&code, RV_ECALL);
  for (unsigned i = 0; i < 16; i++) {
    *(uint64_t *)(toy_ram->host + PAGE (64 + i)) = 1000 + i;
    *(uint64_t *)(toy_ram->host + PAGE (128 + i)) = 2000 + i;
  }
  for (unsigned round = 0; round < ROUNDS; round++) {
    unsigned base = round & 1 ? 128 : 64;
    for (unsigned large = 0; large < 8; large++)
      for (unsigned i = 0; i < 16; i++) {
        toy_set (ROOT, 256 + 16 * large + i, base + i, TOY_R);
        toy_tables[0][256 + 16 * large + i].log2_size = 16;
      }
    for (unsigned large = 0; large < 8; large++) /* More of them than are noted one by one. */
      cpu_tlb_flush_page (cpu, PAGE (256 + 16 * large + 3), 0, 0);
    for (unsigned large = 0; large < 8; large++) {
      *reg (cpu, S0) = PAGE (256 + 16 * large + 7);
      toy_call (cpu, PAGE (1));
      g_assert_cmpuint (*reg (cpu, A0), ==, (round & 1 ? 2000 : 1000) + 7);
    }
  }
  toy_free (cpu);
}

/* ---- Faults. ---- */

typedef struct {
  uint32_t insn;
  unsigned prot;
  bool write;
} FaultCase;

static void
check_fault (Cpu *cpu, const FaultCase *c)
{
  ToyCode code = { ROOT, PAGE (1) + 64 };
  toy_emit (&code, rv_addi (A1, A1, 1));
  toy_emit (&code, c->insn);
  toy_emit (&code, rv_addi (A1, A1, 1));
  toy_emit (&code, RV_ECALL);
  for (unsigned round = 0; round < ROUNDS; round++) {
    toy_set (ROOT, 2, 20, c->prot);
    cpu_tlb_flush_page (cpu, PAGE (2), 0, 0);
    *reg (cpu, S0) = PAGE (2) + 32;
    *reg (cpu, A0) = 77;
    *reg (cpu, A1) = 0;
    *(uint64_t *)(toy_ram->host + PAGE (20) + 32) = 5;
    g_assert_cmpint (toy_run (cpu, PAGE (1) + 64), ==, IR_EXIT_FAULT);
    g_assert_cmpuint (cpu->state.pc, ==, PAGE (1) + 68);
    g_assert_cmpuint (cpu->state.fault.addr, ==, PAGE (2) + 32);
    g_assert_cmpint (cpu->state.fault.write, ==, c->write);
    g_assert_cmpuint (*reg (cpu, A0), ==, 77);
    g_assert_cmpuint (*reg (cpu, A1), ==, 1);
    g_assert_cmpuint (*(uint64_t *)(toy_ram->host + PAGE (20) + 32), ==, 5);
    toy_set (ROOT, 2, 20, TOY_R | TOY_W); /* The exception's handler grants it. */
    toy_call (cpu, cpu->state.pc);
    g_assert_cmpuint (*reg (cpu, A1), ==, 2);
  }
}

static void
test_fault (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  const FaultCase cases[] = {
    { rv_load (3, A0, S0, 0), TOY_X, false },   { rv_load (0, A0, S0, 0), 0, false },
    { rv_store (3, A0, S0, 0), TOY_R, true },   { rv_store (0, A0, S0, 0), TOY_R | TOY_X, true },
    { rv_amoadd (3, A0, S0, A1), TOY_R, true },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    check_fault (cpu, &cases[i]);
  toy_free (cpu);
}

static void
test_fetch_fault (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 2, TOY_X);
  ToyCode far = { ROOT, PAGE (2) }, code = { ROOT, PAGE (1) };
  toy_emit (&far, rv_addi (A0, A0, 1));
  toy_emit (&far, RV_ECALL);
  toy_emit (&code, rv_jal (RA, 4096));
  ToyCode crossing = { ROOT, PAGE (2) - 6 };
  toy_emit (&crossing, rv_addi (A0, A0, 2));
  crossing = (ToyCode){ ROOT, PAGE (2) - 2 };
  toy_set (ROOT, 2, 3, TOY_X); /* The crossing instruction is of another page 2. */
  toy_emit (&crossing, rv_addi (A0, A0, 4));
  toy_emit (&crossing, RV_ECALL);
  for (unsigned round = 0; round < ROUNDS; round++) {
    *reg (cpu, A0) = 0;
    toy_set (ROOT, 2, 2, TOY_R);
    cpu_tlb_flush_page (cpu, PAGE (2), 0, 0);
    g_assert_cmpint (toy_run (cpu, PAGE (1)), ==, IR_EXIT_FETCH_FAULT);
    g_assert_cmpuint (cpu->state.pc, ==, PAGE (2));
    g_assert_cmpuint (cpu->state.fault.addr, ==, PAGE (2));
    g_assert_cmpuint (*reg (cpu, RA), ==, PAGE (1) + 4);
    g_assert_cmpint (toy_run (cpu, PAGE (2) - 6), ==, IR_EXIT_FETCH_FAULT);
    g_assert_cmpuint (cpu->state.pc, ==, PAGE (2) - 2);
    g_assert_cmpuint (cpu->state.fault.addr, ==, PAGE (2));
    g_assert_cmpuint (*reg (cpu, A0), ==, 2);
    toy_set (ROOT, 2, 3, TOY_X);
    toy_call (cpu, PAGE (2) - 6);
    g_assert_cmpuint (*reg (cpu, A0), ==, 8);
    toy_set (ROOT, 2, 2, TOY_X);
    cpu_tlb_flush_page (cpu, PAGE (2), 0, 0);
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (*reg (cpu, A0), ==, 9);
  }
  toy_free (cpu);
}

/* ---- Spans and accesses that cross. ---- */

static void
check_span (Cpu *cpu, int at, unsigned first, unsigned second)
{
  toy_set (ROOT, 2, first, TOY_R | TOY_W);
  toy_set (ROOT, 3, second, TOY_R | TOY_W);
  cpu_tlb_flush (cpu, 0, 0);
  uint64_t base = PAGE (3) + (uint64_t)at;
  for (int i = 0; i < 8; i++) {
    uint64_t value = (uint64_t)g_test_rand_int () << 32 | g_test_rand_int ();
    for (unsigned n = 0; n < 8; n++)
      *toy_host (ROOT, base - 32 + 8 * (unsigned)i + n) = (uint8_t)(value >> 8 * n);
    *reg (cpu, A0 + (unsigned)i) = value;
  }
  *reg (cpu, S0) = base;
  toy_call (cpu, PAGE (1));
  for (unsigned i = 0; i < 4; i++) {
    uint64_t stored = 0;
    for (unsigned n = 0; n < 8; n++)
      stored |= (uint64_t)*toy_host (ROOT, base + 8 * i + n) << 8 * n;
    g_assert_cmpuint (stored, ==, *reg (cpu, A0 + i));
  }
  g_assert_cmpuint (*reg (cpu, A4), ==, *reg (cpu, A0) + *reg (cpu, A1) + *reg (cpu, A2) + *reg (cpu, A3));
}

/* Loads of the four words below the base, which are stored from the base on; then all four are summed. */
static void
test_span (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  ToyCode code = { ROOT, PAGE (1) };
  for (unsigned i = 0; i < 4; i++)
    toy_emit (&code, rv_load (3, A0 + i, S0, (int)i * 8 - 32));
  for (unsigned i = 0; i < 4; i++)
    toy_emit (&code, rv_store (3, A0 + i, S0, (int)i * 8));
  toy_emit (&code, rv_addi (A4, 0, 0));
  for (unsigned i = 0; i < 4; i++) {
    toy_emit (&code, rv_load (3, T0, S0, (int)i * 8));
    toy_emit (&code, T0 << 20 | A4 << 15 | A4 << 7 | 0x33); /* add a4, a4, t0 */
  }
  toy_emit (&code, RV_ECALL);
  for (unsigned round = 0; round < ROUNDS; round++)
    for (int at = -40; at <= 40; at += 4) {
      check_span (cpu, at, 30, 40);
      check_span (cpu, at, 30, 31);
      check_span (cpu, at, 41, 40);
    }
  toy_free (cpu);
}

static void
check_crossing (Cpu *cpu, unsigned log2, unsigned below)
{
  const unsigned size = 1u << log2;
  uint64_t at = PAGE (3) - below, value = UINT64_C (0x8192a3b4c5d6e7f8), expected = value;
  toy_set (ROOT, 3, 40, TOY_R | TOY_W);
  cpu_tlb_flush (cpu, 0, 0);
  for (unsigned n = 0; n < size; n++)
    *toy_host (ROOT, at + n) = (uint8_t)(value >> 8 * n);
  if (size < 8)
    expected = (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_load (log2, A0, S0, 0));
  if (size < 8)
    toy_emit (&code, rv_load (log2 + 4, A1, S0, 0));
  toy_emit (&code, rv_store (log2, A2, S0, 0));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = at;
  *reg (cpu, A2) = ~value;
  toy_call (cpu, PAGE (1));
  g_assert_cmpuint (*reg (cpu, A0), ==, expected);
  if (size < 8)
    g_assert_cmpuint (*reg (cpu, A1), ==, value & ((UINT64_C (1) << 8 * size) - 1));
  for (unsigned n = 0; n < size; n++)
    g_assert_cmpuint (*toy_host (ROOT, at + n), ==, (uint8_t)(~value >> 8 * n));

  toy_set (ROOT, 3, 40, TOY_R);
  cpu_tlb_flush_page (cpu, PAGE (3), 0, 0);
  *reg (cpu, A2) = value;
  g_assert_cmpint (toy_run (cpu, code.pc - 8), ==, IR_EXIT_FAULT);
  g_assert_cmpuint (cpu->state.pc, ==, code.pc - 8);
  g_assert_cmpuint (cpu->state.fault.addr, ==, PAGE (3));
  for (unsigned n = 0; n < size; n++)
    g_assert_cmpuint (*toy_host (ROOT, at + n), ==, (uint8_t)(~value >> 8 * n));
}

static void
test_crossing (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 30, TOY_R | TOY_W);
  for (unsigned log2 = 1; log2 <= 3; log2++)
    for (unsigned below = 1; below < 1u << log2; below++)
      for (unsigned round = 0; round < 3; round++)
        check_crossing (cpu, log2, below);
  toy_free (cpu);
}

/* ---- Jumps between pages. ---- */

/* Fills RAM page `ram` with: addi a0, a0, n; ret. */
static void
make_target (unsigned ram, int n)
{
  toy_set (ROOT, 2, ram, TOY_X);
  ToyCode code = { ROOT, PAGE (2) };
  toy_emit (&code, rv_addi (A0, A0, n));
  toy_emit (&code, RV_RET);
}

static void
test_jumps (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  make_target (2, 1);
  make_target (3, 2);
  make_target (4, 5);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_jal (RA, (int64_t)(PAGE (2) - code.pc)));
  toy_emit (&code, rv_jalr (RA, S0));
  toy_emit (&code, rv_addi (RA, S1, 0));
  toy_emit (&code, rv_branch (0, 0, 0, (int)(PAGE (2) - code.pc)));
  g_assert_cmpuint (code.pc, ==, PAGE (1) + 16);
  toy_emit (&code, rv_addi (RA, S1, 8));
  toy_emit (&code, rv_jal (0, (int64_t)(PAGE (2) - code.pc)));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = PAGE (2);
  *reg (cpu, S1) = PAGE (1) + 16;
  for (unsigned round = 0; round < 12; round++) {
    static const int adds[3] = { 1, 2, 5 };
    toy_set (ROOT, 2, 2 + round % 3, TOY_X);
    cpu_tlb_flush_page (cpu, PAGE (2), 0, 0);
    for (unsigned i = 0; i < 3; i++) {
      *reg (cpu, A0) = 0;
      toy_call (cpu, PAGE (1));
      g_assert_cmpuint (*reg (cpu, A0), ==, 4u * (unsigned)adds[round % 3]);
    }
  }
  toy_free (cpu);
}

/* While a call is under way, its caller's page becomes another one. */
static void
test_return (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 2, 2, TOY_X);
  ToyCode callee = { ROOT, PAGE (2) };
  toy_emit (&callee, RV_ECALL);
  toy_emit (&callee, RV_RET);
  for (unsigned i = 0; i < 3; i++) {
    toy_set (ROOT, 1, 10 + i, TOY_X);
    ToyCode code = { ROOT, PAGE (1) };
    toy_emit (&code, rv_jal (RA, 4096));
    toy_emit (&code, rv_addi (A0, 0, 100 + (int)i));
    toy_emit (&code, RV_ECALL);
  }
  for (unsigned round = 0; round < 12; round++) {
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (cpu->state.pc, ==, PAGE (2));
    toy_set (ROOT, 1, 10 + round % 3, TOY_X);
    if (round & 1)
      cpu_tlb_flush_page (cpu, PAGE (1), 0, 0);
    else
      cpu_tlb_flush (cpu, 0, 0);
    toy_call (cpu, cpu->state.pc + 4);
    g_assert_cmpuint (*reg (cpu, A0), ==, 100 + round % 3);
  }
  toy_free (cpu);
}

/* Code that must be interpreted, between two pages of which the second shares its place in the TLB. */
static void
test_once (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  const uint64_t once = 2, last = 2 + JIT_EXEC_SIZE / 8;
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, once, 2, TOY_X);
  toy_tables[0][once].once = true;
  toy_set (ROOT, last, 3, TOY_X);
  toy_set (ROOT, once + JIT_EXEC_SIZE, 3, TOY_X);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_jal (0, 4096));
  code.pc = PAGE (once);
  toy_emit (&code, rv_addi (A0, A0, 1));
  toy_emit (&code, rv_jalr (0, S0));
  code.pc = PAGE (last);
  toy_emit (&code, rv_addi (A0, A0, 16));
  toy_emit (&code, RV_ECALL);
  for (unsigned round = 0; round < 2 * ROUNDS; round++) {
    *reg (cpu, S0) = PAGE (round < ROUNDS ? once + JIT_EXEC_SIZE : last);
    *reg (cpu, A0) = 0;
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (*reg (cpu, A0), ==, 17);
  }
  toy_free (cpu);
}

/* The second page of a crossing instruction goes between two looks at it. */
static void
test_vanishing (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 9, TOY_X);
  ToyCode code = { ROOT, PAGE (2) - 6 };
  toy_emit (&code, rv_addi (A0, 0, 7));
  toy_emit (&code, rv_addi (A0, A0, 1));
  toy_emit (&code, RV_ECALL);
  for (unsigned walks = 1; walks < 40; walks++) {
    toy_set (ROOT, 2, 9, TOY_X);
    toy_tables[0][2].once = true;
    toy_tables[0][2].vanishes = walks;
    cpu_tlb_flush (cpu, 0, 0);
    *reg (cpu, A0) = 0;
    IrExit exit = toy_run (cpu, PAGE (2) - 6);
    if (exit == IR_EXIT_FETCH_FAULT) {
      g_assert_cmpuint (cpu->state.fault.addr & ~UINT64_C (4095), ==, PAGE (2));
      g_assert_cmpuint (*reg (cpu, A0), ==, cpu->state.pc < PAGE (2) ? 7 : 8);
    } else {
      g_assert_cmpint (exit, ==, IR_EXIT_SYSCALL);
      g_assert_cmpuint (*reg (cpu, A0), ==, 8);
    }
  }
  g_assert_cmpuint (*reg (cpu, A0), ==, 8); /* So many were not needed. */
  toy_free (cpu);
}

/* ---- Spaces. ---- */

static void
test_spaces (void)
{
  Cpu *cpu = toy_cpu (0);
  for (unsigned root = 0; root < 40; root++) {
    toy_set (root, 1, 100 + root, TOY_X);
    toy_set (root, 2, 200 + root, TOY_R | TOY_W);
    toy_set (root, 3, 300 + root % 2, TOY_X);
    ToyCode code = { root, PAGE (1) };
    toy_emit (&code, rv_load (3, A0, S0, 0));
    toy_emit (&code, rv_addi (A0, A0, (int)root));
    toy_emit (&code, rv_store (3, A0, S0, 0));
    toy_emit (&code, rv_jal (RA, (int64_t)(PAGE (3) - code.pc)));
    toy_emit (&code, RV_ECALL);
    code.pc = PAGE (3);
    toy_emit (&code, rv_addi (A1, 0, (int)(root % 2)));
    toy_emit (&code, RV_RET);
    poke64 (root, PAGE (2), 7);
  }
  *reg (cpu, S0) = PAGE (2);
  for (unsigned round = 1; round <= 4; round++)
    for (unsigned n = 0; n < 60; n++) {
      unsigned root = (round * 7 + n * 3) % 40;
      uint64_t before;
      memcpy (&before, toy_host (root, PAGE (2)), 8);
      toy_hart (cpu)->root = root;
      toy_call (cpu, PAGE (1));
      g_assert_cmpuint (*reg (cpu, A0), ==, before + root);
      g_assert_cmpuint (*reg (cpu, A1), ==, root % 2);
      g_assert_cmpuint (*(uint64_t *)(void *)toy_host (root, PAGE (2)), ==, before + root);
    }
  toy_free (cpu);
}

/* ---- Code that changes. ---- */

/* Stores the instruction in a1 over the one at s0, then calls s1. */
static void
check_smc (Cpu *cpu, uint64_t changer, uint64_t changed, uint64_t function)
{
  ToyCode code = { ROOT, changer };
  toy_emit (&code, rv_store (2, A1, S0, 0));
  toy_emit (&code, RV_FENCE_I);
  toy_emit (&code, rv_jalr (RA, S1));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = changed;
  *reg (cpu, S1) = function;
  for (int n = 1; n < 12; n++) {
    *reg (cpu, A1) = rv_addi (A0, 0, n);
    toy_call (cpu, changer);
    g_assert_cmpint ((int)*reg (cpu, A0), ==, n);
  }
}

static void
test_smc (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_RWX);
  toy_set (ROOT, 2, 2, TOY_RWX);
  toy_set (ROOT, 3, 9, TOY_RWX);
  toy_set (ROOT, 7, 2, TOY_R | TOY_W); /* page 2 again */
  ToyCode function = { ROOT, PAGE (1) + 512 };
  toy_emit (&function, rv_addi (A0, 0, 0));
  toy_emit (&function, RV_RET);
  check_smc (cpu, PAGE (1), PAGE (1) + 512, PAGE (1) + 512);
  check_smc (cpu, PAGE (1) + 256, PAGE (1) + 512, PAGE (1) + 512);
  check_smc (cpu, PAGE (1) + 528, PAGE (1) + 512, PAGE (1) + 512);
  function.pc = PAGE (2) + 1024;
  toy_emit (&function, rv_addi (A0, 0, 0));
  toy_emit (&function, RV_RET);
  check_smc (cpu, PAGE (1), PAGE (2) + 1024, PAGE (2) + 1024);
  check_smc (cpu, PAGE (1), PAGE (7) + 1024, PAGE (2) + 1024);
  toy_free (cpu);
}

/* What DMA writes is executed at once, the second half of a crossing instruction included. */
static void
test_smc_dma (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 9, TOY_X);
  for (int n = 1; n < 12; n++) {
    ToyCode code = { ROOT, PAGE (1) + 128 };
    toy_emit (&code, rv_addi (A0, 0, n));
    if (n == 1) {
      toy_emit (&code, rv_jal (0, (int64_t)(PAGE (2) - 2 - code.pc)));
      code.pc = PAGE (2) - 2;
      toy_emit (&code, rv_addi (A1, 0, 0));
      toy_emit (&code, RV_ECALL);
    }
    uint16_t second = (uint16_t)(rv_addi (A1, 0, 10 * n) >> 16);
    g_assert_cmpint (memory_dma_write (toy_map, toy_phys (9), &second, 2), ==, MEMORY_OK);
    for (unsigned i = 0; i < 3; i++) {
      toy_call (cpu, PAGE (1) + 128);
      g_assert_cmpint ((int)*reg (cpu, A0), ==, n);
      g_assert_cmpint ((int)*reg (cpu, A1), ==, 10 * n);
    }
  }
  toy_free (cpu);
}

/* The second page of a crossing instruction is another one. */
static void
test_crossing_insn (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  for (unsigned i = 0; i < 3; i++) {
    toy_set (ROOT, 2, 10 + 3 * i, TOY_X);
    ToyCode code = { ROOT, PAGE (2) - 6 };
    toy_emit (&code, rv_addi (A1, 0, 1));
    toy_emit (&code, rv_addi (A0, 0, 100 + (int)i));
    toy_emit (&code, RV_ECALL);
  }
  for (unsigned round = 0; round < 15; round++) {
    toy_set (ROOT, 2, 10 + 3 * (round / 2 % 3), TOY_X);
    cpu_tlb_flush_page (cpu, PAGE (2), 0, 0);
    toy_call (cpu, PAGE (2) - 6);
    g_assert_cmpuint (*reg (cpu, A0), ==, 100 + round / 2 % 3);
  }
  toy_free (cpu);
}

static void
test_breakpoint (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  toy_set (ROOT, 1, 1, TOY_X);
  ToyCode code = { ROOT, PAGE (1) };
  for (unsigned i = 0; i < 4; i++)
    toy_emit (&code, rv_addi (A0, A0, 1));
  toy_emit (&code, RV_ECALL);
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned i = 0; i < 3; i++)
      toy_call (cpu, PAGE (1));
    cpu_breakpoint_insert (PAGE (1) + 8);
    *reg (cpu, A0) = 0;
    g_assert_cmpint (toy_run (cpu, PAGE (1)), ==, IR_EXIT_DEBUG);
    g_assert_cmpuint (cpu->state.pc, ==, PAGE (1) + 8);
    g_assert_cmpuint (*reg (cpu, A0), ==, 2);
    cpu_breakpoint_remove (PAGE (1) + 8);
    toy_call (cpu, cpu->state.pc);
    g_assert_cmpuint (*reg (cpu, A0), ==, 4);
  }
  toy_free (cpu);
}

/* ---- Dirty logging. ---- */

static void
test_dirty (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  uint64_t bits[TOY_RAM_PAGES / 64];
  toy_set (ROOT, 1, 1, TOY_X);
  for (unsigned i = 0; i < 256; i++)
    toy_set (ROOT, 512 + i, 512 + i, TOY_R | TOY_W);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_store (3, A0, S0, 0));
  toy_emit (&code, rv_store (3, A0, S0, 8));
  toy_emit (&code, rv_amoadd (3, A1, S1, A0));
  toy_emit (&code, RV_ECALL);
  ram_log_start (toy_ram);
  ram_clean (toy_ram, 0, toy_ram->size, NULL);
  for (unsigned round = 0; round < 40; round++) {
    uint64_t expected[TOY_RAM_PAGES / 64] = { 0 };
    for (unsigned i = 0; i < 20; i++) {
      unsigned pages[2] = { 512 + (unsigned)g_test_rand_int_range (0, 255),
                            512 + (unsigned)g_test_rand_int_range (0, 256) };
      bool straddles = g_test_rand_int_range (0, 8) == 0;
      *reg (cpu, S0) = PAGE (pages[0]) + (straddles ? 4088 : 64);
      *reg (cpu, S1) = PAGE (pages[1]) + 128;
      toy_call (cpu, PAGE (1));
      expected[pages[0] / 64] |= UINT64_C (1) << pages[0] % 64;
      expected[pages[1] / 64] |= UINT64_C (1) << pages[1] % 64;
      if (straddles)
        expected[(pages[0] + 1) / 64] |= UINT64_C (1) << (pages[0] + 1) % 64;
    }
    ram_clean (toy_ram, 0, toy_ram->size, bits);
    g_assert_cmpmem (bits, sizeof bits, expected, sizeof expected);
  }
  ram_log_stop (toy_ram);
  toy_free (cpu);
}

/* ---- Devices. ---- */

static void (*device_written) (void);

static uint64_t
device_read (void *opaque, uint64_t offset, unsigned size)
{
  return (uintptr_t)opaque + offset;
}

static void
device_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  device_written ();
}

static const MmioOps device_ops = { .read = device_read, .write = device_write };
static MemoryRegion devices[2] = {
  { .name = "a", .kind = MEMORY_MMIO, .size = 4096, .ops = &device_ops, .opaque = (void *)0x1000 },
  { .name = "b", .kind = MEMORY_MMIO, .size = 4096, .ops = &device_ops, .opaque = (void *)0x2000 },
};
static MemoryRegion over = { .name = "over", .kind = MEMORY_RAM, .size = 4096, .priority = 1 };

static void
set_device (uint64_t vpage, uint64_t phys)
{
  toy_set (ROOT, vpage, 0, TOY_R | TOY_W);
  toy_tables[0][vpage].phys = phys;
}

static void
swap_devices (void)
{
  MemoryRegion *there = &devices[devices[0].map == NULL], *other = &devices[devices[0].map != NULL];
  memory_begin (toy_map);
  memory_region_unmap (there);
  memory_region_map (toy_map, other, DEVICE);
  if (over.map == NULL)
    memory_region_map (toy_map, &over, toy_phys (30));
  else
    memory_region_unmap (&over);
  memory_commit (toy_map);
}

/* A store to a device changes the map; the loads behind it, of the same block, see that. */
static void
test_device (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  device_written = swap_devices;
  over.ram = toy_ram;
  over.ram_offset = PAGE (31);
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 30, TOY_R | TOY_W);
  set_device (3, DEVICE);
  memory_region_map (toy_map, &devices[0], DEVICE);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_load (3, A0, S0, 0));
  toy_emit (&code, rv_load (3, A1, S1, 8));
  toy_emit (&code, rv_store (2, 0, S1, 0));
  toy_emit (&code, rv_load (3, A2, S0, 8));
  toy_emit (&code, rv_load (3, A3, S1, 16));
  toy_emit (&code, RV_ECALL);
  for (unsigned i = 0; i < 2; i++)
    for (unsigned n = 0; n < 2; n++)
      *(uint64_t *)(toy_ram->host + PAGE (30 + i) + 8 * n) = 10 * i + n;
  *reg (cpu, S0) = PAGE (2);
  *reg (cpu, S1) = PAGE (3);
  for (unsigned round = 0; round < 2 * ROUNDS; round++) {
    unsigned old = round & 1, new = !old;
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (*reg (cpu, A0), ==, 10 * old);
    g_assert_cmpuint (*reg (cpu, A1), ==, 0x1008 + 0x1000 * old);
    g_assert_cmpuint (*reg (cpu, A2), ==, 10 * new + 1);
    g_assert_cmpuint (*reg (cpu, A3), ==, 0x1010 + 0x1000 * new);
  }
  memory_region_unmap (&devices[0]);
  g_assert_cmpint (toy_run (cpu, PAGE (1)), ==, IR_EXIT_FAULT);
  g_assert_cmpuint (cpu->state.pc, ==, PAGE (1) + 4);
  g_assert_cmpuint (toy_hart (cpu)->bus_errors, ==, 1);
  toy_free (cpu);
}

static void
clean_page (void)
{
  uint64_t bit;
  ram_clean (toy_ram, PAGE (30), RAM_PAGE_SIZE, &bit);
}

/* The device takes the dirty bit between two stores that share a look-up. */
static void
test_dirty_span (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  device_written = clean_page;
  toy_set (ROOT, 1, 1, TOY_X);
  toy_set (ROOT, 2, 30, TOY_R | TOY_W);
  set_device (3, DEVICE);
  memory_region_map (toy_map, &devices[0], DEVICE);
  ToyCode code = { ROOT, PAGE (1) };
  toy_emit (&code, rv_store (3, A0, S0, 0));
  toy_emit (&code, rv_store (2, 0, S1, 0));
  toy_emit (&code, rv_store (3, A0, S0, 8));
  toy_emit (&code, RV_ECALL);
  *reg (cpu, S0) = PAGE (2);
  *reg (cpu, S1) = PAGE (3);
  ram_log_start (toy_ram);
  for (unsigned round = 0; round < 2 * ROUNDS; round++) {
    uint64_t bit;
    toy_call (cpu, PAGE (1));
    g_assert_cmpuint (ram_clean (toy_ram, PAGE (30), RAM_PAGE_SIZE, &bit), ==, 1);
    toy_call (cpu, PAGE (1)); /* a store to a page that is in the TLB */
    g_assert_cmpuint (*(const volatile uint32_t *)&toy_ram->pages[30].watch & RAM_WATCH_DIRTY, ==, 0);
  }
  ram_log_stop (toy_ram);
  memory_region_unmap (&devices[0]);
  toy_free (cpu);
}

/* ---- More code than the cache takes. ---- */

#define CACHE_PAGES 150

static void
test_cache (void)
{
  Cpu *cpu = toy_cpu (ROOT);
  CpuCounters before, after;
  cpu_counters (&before);
  for (unsigned page = 0; page < CACHE_PAGES; page++) {
    toy_set (ROOT, 16 + page, 400 + page * 7 % CACHE_PAGES, TOY_X);
    ToyCode code = { ROOT, PAGE (16 + page) };
    while (code.pc < PAGE (17 + page) - 4) {
      toy_emit (&code, rv_addi (A0, A0, 1));
      toy_emit (&code, rv_branch (1, A0, 0, 4));
      toy_emit (&code, rv_branch (0, A0, 0, 8));
    }
    toy_emit (&code, page + 1 < CACHE_PAGES ? rv_jal (0, 4) : RV_ECALL);
  }
  for (unsigned round = 0; round < 3; round++) {
    *reg (cpu, A0) = 0;
    toy_call (cpu, PAGE (16));
    g_assert_cmpuint (*reg (cpu, A0), ==, CACHE_PAGES * 341);
  }
  cpu_counters (&after);
  if (cpu_settings.code_cache_size != 0)
    g_assert_cmpuint (after.flushes, >, before.flushes);
  toy_free (cpu);
}

int
main (int argc, char **argv)
{
  toy_init (&argc, argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/softmmu/flush", test_flush);
  g_test_add_func ("/softmmu/flush-asid", test_flush_asid);
  g_test_add_func ("/softmmu/flush-large", test_flush_large);
  g_test_add_func ("/softmmu/fault", test_fault);
  g_test_add_func ("/softmmu/fetch-fault", test_fetch_fault);
  g_test_add_func ("/softmmu/span", test_span);
  g_test_add_func ("/softmmu/crossing", test_crossing);
  g_test_add_func ("/softmmu/jumps", test_jumps);
  g_test_add_func ("/softmmu/return", test_return);
  g_test_add_func ("/softmmu/once", test_once);
  g_test_add_func ("/softmmu/vanishing", test_vanishing);
  g_test_add_func ("/softmmu/spaces", test_spaces);
  g_test_add_func ("/softmmu/smc", test_smc);
  g_test_add_func ("/softmmu/smc-dma", test_smc_dma);
  g_test_add_func ("/softmmu/crossing-insn", test_crossing_insn);
  g_test_add_func ("/softmmu/breakpoint", test_breakpoint);
  g_test_add_func ("/softmmu/dirty", test_dirty);
  g_test_add_func ("/softmmu/device", test_device);
  g_test_add_func ("/softmmu/dirty-span", test_dirty_span);
  g_test_add_func ("/softmmu/cache", test_cache);
  return g_test_run ();
}
