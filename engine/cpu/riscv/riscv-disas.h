/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Decoding bytes, for translation and for people. */

#include "rv-decode.h"

extern const char *const rv_x_names[32], *const rv_f_names[32];

/* Decodes the instruction whose bytes are at code: at least 2, and 4 if the low two bits of the first are
 * ones. */
static inline RvOp
rv_decode (bool rv32, const uint8_t *code, RvArgs *ret_args, unsigned *ret_size)
{
  uint32_t w = (uint32_t)(code[0] | code[1] << 8);

  *ret_size = 2;
  if ((w & 3) != 3)
    return rv32 ? rv_decode_rv32_16 (w, ret_args) : rv_decode_rv64_16 (w, ret_args);
  *ret_size = 4;
  w |= (uint32_t)(code[2] | code[3] << 8) << 16;
  return rv32 ? rv_decode_rv32_32 (w, ret_args) : rv_decode_rv64_32 (w, ret_args);
}

/* Appends one line of assembly; returns the instruction's length. */
unsigned rv_disassemble (bool rv32, const uint8_t *code, size_t len, uint64_t pc, GString *out);
