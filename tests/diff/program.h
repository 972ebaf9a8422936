/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A random RISC-V program under construction: code, data, and the registers random code must leave alone. */

#include "riscv-disas.h"

#define CODE_BASE    0x10000u
#define DATA_BASE    0x400000u
#define POOL_SIZE    2048u /* interesting values, as much again of floating-point ones */
#define SCRATCH_SIZE 8192u /* what random loads and stores reach */

enum {
  REG_RA = 1,
  REG_SP = 2, /* the middle of the scratch memory, as REG_BASE: compressed forms need both */
  REG_T0 = 5,
  REG_BASE = 9,
  REG_INNER = 23,   /* counts inner loops */
  REG_SCRATCH = 24, /* free for random code, lost between iterations */
  REG_FACTOR = 25,  /* of the hash */
  REG_HASH = 26,
  REG_OUTER = 27, /* counts iterations */
};
#define RESERVED                                                                                             \
  (1u << 0 | 1u << REG_SP | 1u << REG_BASE | 1u << REG_INNER | 1u << REG_FACTOR | 1u << REG_HASH |           \
   1u << REG_OUTER)

typedef struct {
  bool rv32;
  uint64_t seed;
  GByteArray *code;
  GArray *units;    /* Unit, for the list */
  GHashTable *skip; /* numbers of units left out */
  GRand *rand;
  uint32_t subs[3];  /* offsets of subroutines */
  uint32_t no_write; /* integer registers a unit must not write */
} Program;

typedef struct {
  unsigned number, depth;
  uint32_t start, end; /* offsets of its code */
} Unit;

/* The instruction named so; it exists. */
RvOp op_named (const Program *p, const char *name);
/* Encodes and appends an instruction; operands its format lacks are ignored. */
void put (Program *p, const char *name, unsigned rd, unsigned rs1, unsigned rs2, int64_t imm);
void put_word (Program *p, uint32_t w);
/* Replaces an operand of an encoding. */
uint32_t with_operand (RvOp op, uint32_t w, RvArg arg, int64_t value);
bool has_operand (RvOp op, RvArg arg, uint32_t w, int64_t *ret_value);
/* Sets the offset of the jump or branch at `at` to reach `target`. */
void patch_target (Program *p, uint32_t at, uint32_t target);
/* reg = value, in instructions of fixed length. */
void put_address (Program *p, unsigned reg, uint32_t value);

/* random-units.c: about `n` units of random instructions, and the subroutines they call. */
void random_init (Program *p);
void random_subroutines (Program *p);
void random_block (Program *p, unsigned n);
