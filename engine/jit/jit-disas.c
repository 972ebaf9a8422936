/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

#include <capstone/capstone.h>
#include <dlfcn.h>

/* Host code as text and numbers, for -d out_asm and the instruction counters.  Capstone is loaded when first
 * needed: relocating its tables takes longer than a short program runs. */

static struct {
  csh handle;
  __typeof__ (cs_disasm) *disasm;
  __typeof__ (cs_free) *free;
  __typeof__ (cs_malloc) *malloc;
  __typeof__ (cs_disasm_iter) *disasm_iter;
} capstone;

static bool
load (void)
{
  void *library = dlopen ("libcapstone.so." G_STRINGIFY (CS_API_MAJOR), RTLD_NOW);
  if (library == NULL)
    return false;
  __typeof__ (cs_open) *open = (__typeof__ (open))dlsym (library, "cs_open");
  capstone.disasm = (__typeof__ (capstone.disasm))dlsym (library, "cs_disasm");
  capstone.free = (__typeof__ (capstone.free))dlsym (library, "cs_free");
  capstone.malloc = (__typeof__ (capstone.malloc))dlsym (library, "cs_malloc");
  capstone.disasm_iter = (__typeof__ (capstone.disasm_iter))dlsym (library, "cs_disasm_iter");
  return open != NULL && capstone.disasm != NULL && capstone.free != NULL && capstone.malloc != NULL &&
         capstone.disasm_iter != NULL && open (CS_ARCH_X86, CS_MODE_64, &capstone.handle) == CS_ERR_OK;
}

static bool
have_capstone (void)
{
  static gsize state;
  if (g_once_init_enter (&state))
    g_once_init_leave (&state, load () ? 1 : 2);
  return state == 1;
}

char *
jit_disassemble (const JitCode *code)
{
  GString *out = g_string_new (NULL);
  cs_insn *insns = NULL;
  if (!have_capstone ())
    return g_string_free (g_string_append (out, "  (no libcapstone to print host code with)\n"), FALSE);
  size_t n = capstone.disasm (capstone.handle, code->entry, code->size, (uintptr_t)code->entry, 0, &insns);
  for (size_t i = 0; i < n; i++)
    g_string_append_printf (out, "  %p:  %s %s\n", (void *)(uintptr_t)insns[i].address, insns[i].mnemonic,
                            insns[i].op_str);
  if (insns != NULL)
    capstone.free (insns, n);
  return g_string_free (out, FALSE);
}

unsigned
count_host_insns (const uint8_t *code, size_t size)
{
  static _Thread_local cs_insn *insn;
  uint64_t address = (uintptr_t)code;
  unsigned n = 0;
  if (!have_capstone ())
    return 0;
  if (insn == NULL)
    insn = capstone.malloc (capstone.handle);
  while (capstone.disasm_iter (capstone.handle, &code, &size, &address, insn))
    n++;
  return n;
}
