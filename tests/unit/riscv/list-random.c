/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Prints COUNT random encodings of each instruction of RV32 or RV64 with our disassembly, for
 * test-objdump.py: size, encoding, name, text. */

#include "riscv-disas.h"
#include <stdio.h>
#include <stdlib.h>

int
main (int argc, char **argv)
{
  if (argc != 3) {
    fprintf (stderr, "usage: list-random 32|64 COUNT\n");
    return 2;
  }
  bool rv32 = atoi (argv[1]) == 32;
  GRand *rand = g_rand_new_with_seed (7);
  uint64_t pc = 0;
  for (RvOp op = 1; op < RV_N_OPS; op++)
    for (int i = 0; i < atoi (argv[2]) && rv_insns[op].modes & (rv32 ? RV_MODE_rv32 : RV_MODE_rv64); i++) {
      g_autoptr (GString) text = g_string_new (NULL);
      uint32_t w;
      if (!decode_random (&rv_insns[op], g_rand_int (rand), &w))
        continue;
      pc += rv_disassemble (rv32, (const uint8_t *)&w, rv_insns[op].size, pc, text);
      printf ("%u\t%08x\t%s\t%s\n", rv_insns[op].size, w, rv_insns[op].name, text->str);
    }
  g_rand_free (rand);
  return 0;
}
