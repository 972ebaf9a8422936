/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A toy machine for tests of system mode: RISC-V harts under an MMU whose tables the test writes directly,
 * and an assembler of a few instructions. */

#include "riscv-cpu.h"
#include "softmmu.h"

#define TOY_PHYS_BASE UINT64_C (0x80000000)
#define TOY_RAM_PAGES 1024u
#define TOY_VPAGES    8192u
#define TOY_ROOTS     64u
#define TOY_ASID      16 /* shift in a root; the table is chosen by the bits below 8 */
#define TOY_R         (1u << CPU_READ)
#define TOY_W         (1u << CPU_WRITE)
#define TOY_X         (1u << CPU_EXEC)
#define TOY_RWX       (TOY_R | TOY_W | TOY_X)

enum { RA = 1, T0 = 5, T1, T2, S0 = 8, S1, A0, A1, A2, A3, A4, A5, A6, A7 };

typedef struct {
  uint64_t phys; /* of the page; 0: not there */
  uint8_t prot, log2_size;
  bool once;
  unsigned vanishes; /* not 0: after so many walks less one the page is not there */
} ToyEntry;

/* What hangs on Cpu.owner. */
typedef struct {
  uint64_t root;
  unsigned walks, bus_errors;
  bool pending; /* an interrupt, atomic */
  unsigned taken;
} ToyHart;

extern MemoryMap *toy_map;
extern RamBlock *toy_ram;
extern ToyEntry toy_tables[TOY_ROOTS][TOY_VPAGES];

/* Reads `hot=N`, `interpret`, `one`, `flush=N`, `cache` from the command line, before g_test_init(). */
void toy_init (int *argc, char **argv);
Cpu *toy_cpu (uint64_t root);
void toy_free (Cpu *cpu);
ToyHart *toy_hart (const Cpu *cpu);

uint64_t toy_phys (unsigned ram_page);
/* Has virtual page `vpage` show a page of RAM. */
void toy_set (uint64_t root, uint64_t vpage, unsigned ram_page, unsigned prot);
/* RAM behind a virtual address. */
uint8_t *toy_host (uint64_t root, uint64_t vaddr);

/* Runs from pc until something other than a request happens. */
IrExit toy_run (Cpu *cpu, uint64_t pc);
/* The same, which must come to an ecall. */
void toy_call (Cpu *cpu, uint64_t pc);

/* Code at a virtual address, written as a device would write it. */
typedef struct {
  uint64_t root, pc;
} ToyCode;
void toy_emit (ToyCode *code, uint32_t insn);

static inline uint32_t
rv_i_type (unsigned opcode, unsigned funct, unsigned rd, unsigned rs1, int imm)
{
  return (uint32_t)imm << 20 | rs1 << 15 | funct << 12 | rd << 7 | opcode;
}
static inline uint32_t
rv_addi (unsigned rd, unsigned rs1, int imm)
{
  return rv_i_type (0x13, 0, rd, rs1, imm);
}
/* log2 of the size; 4 more: a load that zero-extends. */
static inline uint32_t
rv_load (unsigned log2, unsigned rd, unsigned rs1, int imm)
{
  return rv_i_type (0x03, log2, rd, rs1, imm);
}
static inline uint32_t
rv_store (unsigned log2, unsigned rs2, unsigned rs1, int imm)
{
  return ((uint32_t)imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | log2 << 12 | ((uint32_t)imm & 31) << 7 |
         0x23;
}
static inline uint32_t
rv_amoadd (unsigned log2, unsigned rd, unsigned rs1, unsigned rs2)
{
  return rs2 << 20 | rs1 << 15 | log2 << 12 | rd << 7 | 0x2f;
}
static inline uint32_t
rv_jal (unsigned rd, int64_t offset)
{
  uint32_t x = (uint32_t)offset;
  return (x >> 20 & 1) << 31 | (x >> 1 & 0x3ff) << 21 | (x >> 11 & 1) << 20 | (x >> 12 & 0xff) << 12 |
         rd << 7 | 0x6f;
}
static inline uint32_t
rv_jalr (unsigned rd, unsigned rs1)
{
  return rv_i_type (0x67, 0, rd, rs1, 0);
}
/* funct: 0 equal, 1 not equal. */
static inline uint32_t
rv_branch (unsigned funct, unsigned rs1, unsigned rs2, int offset)
{
  uint32_t x = (uint32_t)offset;
  return (x >> 12 & 1) << 31 | (x >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 | funct << 12 |
         (x >> 1 & 15) << 8 | (x >> 11 & 1) << 7 | 0x63;
}
#define RV_ECALL   0x00000073u
#define RV_EBREAK  0x00100073u
#define RV_FENCE   0x0ff0000fu
#define RV_FENCE_I 0x0000100fu
#define RV_WFI     0x10500073u
#define RV_RET     rv_jalr (0, RA)
