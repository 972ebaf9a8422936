/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Machine code as text, for dumps and counters, by capstone.  The library is loaded when it is first asked
 * for: relocating its tables takes longer than a short program runs, and megabytes.  Any thread may call. */

typedef enum { DISASSEMBLER_X86_64, DISASSEMBLER_A64, DISASSEMBLER_N_ISAS } DisassemblerIsa;

/* Appends the instruction at `code`, of which `len` bytes can be read, as "mnemonic operands" without a
 * line's end; `address` is what it computes its targets from.  Returns its length in bytes; 0, with nothing
 * appended, if these bytes are no instruction or there is no capstone. */
size_t disassembler_print (DisassemblerIsa isa, const uint8_t *code, size_t len, uint64_t address,
                           GString *out);

/* The number of instructions in `code`, up to the first that is none; 0 without capstone. */
unsigned disassembler_count (DisassemblerIsa isa, const uint8_t *code, size_t len);

/* Whether there is a capstone for that ISA; loads it. */
bool disassembler_available (DisassemblerIsa isa);
