/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trace.h"

#include "log.h"
#include <inttypes.h>

static void
trace_insn (Cpu *cpu, uint64_t *pc)
{
  uint8_t code[16];
  char text[128];
  IrFault fault;
  size_t have = cpu->fetch (cpu, *pc, code, cpu->isa->insn_max, &fault);
  unsigned len = have > 0 ? cpu->isa->disassemble (code, have, *pc, text, sizeof text) : 0;
  if (len == 0) {
    *pc += cpu->isa->insn_align;
    return;
  }
  GString *bytes = g_string_new (NULL);
  for (unsigned i = len; i-- > 0;)
    g_string_append_printf (bytes, "%02x", code[i]);
  vlog (VLOG_IN_ASM, "0x%08" PRIx64 ":  %-10s %s\n", *pc, bytes->str, text);
  g_string_free (bytes, TRUE);
  *pc += len;
}

void
trace_region (Cpu *cpu, const IrRegion *r)
{
  if (vlog_enabled (VLOG_IN_ASM)) {
    vlog (VLOG_IN_ASM, "----------------\nIN:\n");
    for (uint32_t i = 0; i < r->n_blocks; i++)
      for (uint64_t pc = r->blocks[i].pc; pc < r->blocks[i].pc + r->blocks[i].size;)
        trace_insn (cpu, &pc);
  }
  if (vlog_enabled (VLOG_IR)) {
    char *text = ir_region_print (r, NULL);
    vlog (VLOG_IR, "%s", text);
    g_free (text);
  }
}

void
trace_code (const JitCode *code)
{
  if (!vlog_enabled (VLOG_OUT_ASM) || code == NULL)
    return;
  char *text = jit_disassemble (code);
  vlog (VLOG_OUT_ASM, "OUT: 0x%" PRIx64 "\n%s\n", jit_code_pc (code), text);
  g_free (text);
}

bool
trace_blocks (void)
{
  return vlog_enabled (VLOG_EXEC | VLOG_CPU);
}

void
trace_block (const Cpu *cpu)
{
  vlog (VLOG_EXEC, "Trace: 0x%08" PRIx64 "\n", cpu->state.pc);
  if (!vlog_enabled (VLOG_CPU))
    return;
  GString *text = g_string_new (NULL);
  cpu->isa->dump (cpu, text);
  vlog (VLOG_CPU, "%s\n", text->str);
  g_string_free (text, TRUE);
}
