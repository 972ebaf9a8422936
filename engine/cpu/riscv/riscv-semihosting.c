/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The instructions by which a guest asks the host ("RISC-V Semihosting", 2): an ebreak between two shifts to
 * x0, none of them compressed, all in one page. */

#include "riscv-system.h"
#include <string.h>

#define PAGE_SIZE 4096

bool
riscv_is_semihosting (RiscvCpu *rv)
{
  static const uint8_t sequence[] = {
    0x13, 0x10, 0xf0, 0x01, /* slli x0, x0, 0x1f */
    0x73, 0x00, 0x10, 0x00, /* ebreak */
    0x13, 0x50, 0x70, 0x40, /* srai x0, x0, 7 */
  };
  Cpu *cpu = &rv->cpu;
  uint64_t start = cpu->state.pc - 4;
  uint8_t code[sizeof sequence];
  IrFault ignored;

  if (!cpu_semihosted (cpu, rv->priv == RV_PRIV_U) || start % PAGE_SIZE + sizeof code > PAGE_SIZE)
    return false;
  return cpu->fetch (cpu, start, code, sizeof code, &ignored) == sizeof code &&
         memcmp (code, sequence, sizeof code) == 0;
}

void
riscv_semihost (RiscvCpu *rv)
{
  IrState *s = &rv->cpu.state;
  uint64_t *x = s->var + RV_VAR_X, result;

  if (!cpu_semihost (&rv->cpu, (uint32_t)x[10], x[11], &result))
    return;
  x[10] = result;
  s->pc += 4;
}
