/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

#include <capstone/capstone.h>

/* Host code as text and numbers, for -d out_asm and the instruction counters. */

static csh
open_capstone (void)
{
  csh handle;
  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
    return 0;
  return handle;
}

char *
jit_disassemble (const JitCode *code)
{
  GString *out = g_string_new (NULL);
  csh handle = open_capstone ();
  cs_insn *insns = NULL;
  size_t n = handle != 0 ? cs_disasm (handle, code->entry, code->size, (uintptr_t)code->entry, 0, &insns) : 0;
  for (size_t i = 0; i < n; i++)
    g_string_append_printf (out, "  %p:  %s %s\n", (void *)(uintptr_t)insns[i].address, insns[i].mnemonic, insns[i].op_str);
  if (insns != NULL)
    cs_free (insns, n);
  if (handle != 0)
    cs_close (&handle);
  return g_string_free (out, FALSE);
}

unsigned
count_host_insns (const uint8_t *code, size_t size)
{
  csh handle = open_capstone ();
  if (handle == 0)
    return 0;
  cs_insn *insn = cs_malloc (handle);
  uint64_t address = (uintptr_t)code;
  unsigned n = 0;
  while (cs_disasm_iter (handle, &code, &size, &address, insn))
    n++;
  cs_free (insn, 1);
  cs_close (&handle);
  return n;
}
