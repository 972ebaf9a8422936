/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the generator of instruction decoders (decodegen.py) says of each instruction. */

#include "isa.h"

/* Encodings w with (w & mask) == value. */
typedef struct {
  uint32_t mask, value;
} DecodeBits;

/* Where an operand lies: segments from the most significant one down, value = (bits << shift) + add. */
typedef struct {
  uint8_t arg; /* the ISA's argument number */
  bool is_signed;
  uint8_t shift, add, width, n_segments;
  struct {
    uint8_t low, width;
  } segment[8];
} DecodeField;

typedef struct {
  const char *name;
  const char *syntax; /* operands for the disassembler: text with {operand} in it */
  uint32_t mask, value;
  uint8_t size;  /* bytes */
  uint8_t modes; /* bit n: exists in the ISA's mode n */
  bool hint;     /* a special case of another instruction, valid whether or not its extension is there */
  uint8_t n_fields, n_excluded;
  uint64_t needs[2]; /* extensions: one of each non-zero set */
  const DecodeField *fields;
  const DecodeBits *excluded; /* reserved encodings inside the pattern */
} DecodeInsn;

/* Whether a CPU with these extensions has the instruction. */
static inline bool
decode_enabled (const DecodeInsn *insn, uint64_t extensions)
{
  return insn->hint ||
         ((extensions & insn->needs[0]) != 0 && (insn->needs[1] == 0 || (extensions & insn->needs[1]) != 0));
}

/* A valid encoding with all its free bits taken from `random`, or false when that lands on a reserved one. */
bool decode_random (const DecodeInsn *insn, uint32_t random, uint32_t *ret_encoding);
/* The encoding w with the operand set to `value` (truncated to its width). */
uint32_t decode_place (const DecodeField *field, uint32_t w, int64_t value);
/* The operand of an encoding. */
int64_t decode_extract (const DecodeField *field, uint32_t w);
