/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disassembler.h"
#include "jit-private.h"

char *
jit_disassemble (const JitCode *code)
{
  GString *out = g_string_new (NULL);
  if (!disassembler_available (DISASSEMBLER_X86_64))
    return g_string_free (g_string_append (out, "  (no libcapstone to print host code with)\n"), FALSE);
  for (size_t at = 0; at < code->size;) {
    const uint8_t *insn = code->entry + at;
    gsize line = out->len;
    g_string_append_printf (out, "  %p:  ", (const void *)insn);
    size_t n = disassembler_print (DISASSEMBLER_X86_64, insn, code->size - at, (uintptr_t)insn, out);
    if (n == 0) {
      g_string_truncate (out, line);
      break;
    }
    g_string_append_c (out, '\n');
    at += n;
  }
  return g_string_free (out, FALSE);
}
