/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts: who holds which bit of mip, and telling the hart. */

#include "riscv-system.h"

uint64_t
riscv_mip (const RiscvCpu *rv)
{
  uint64_t soft = __atomic_load_n (&rv->mip, __ATOMIC_SEQ_CST),
           lines = __atomic_load_n (&rv->lines, __ATOMIC_SEQ_CST);
  bool sstc = __atomic_load_n (&rv->menvcfg, __ATOMIC_RELAXED) & ENVCFG_STCE;

  /* SPEC: Sstc §2.1: with menvcfg.STCE, STIP is what stimecmp says and nothing else. */
  return sstc ? (soft & ~RV_IP (STI)) | lines : soft | (lines & ~RV_IP (STI));
}

void
riscv_change_mip (RiscvCpu *rv, uint64_t clear, uint64_t set)
{
  uint64_t old = __atomic_load_n (&rv->mip, __ATOMIC_RELAXED);

  while (!__atomic_compare_exchange_n (&rv->mip, &old, (old & ~clear) | set, true, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED))
    ;
  riscv_irqs_changed (rv);
}

static void
notify (RiscvCpu *rv)
{
  cpu_request_exit (&rv->cpu);
  cpu_kick (&rv->cpu);
}

void
riscv_set_line (RiscvCpu *rv, unsigned irq, bool level)
{
  uint64_t bit = UINT64_C (1) << irq;

  if (!level)
    __atomic_fetch_and (&rv->lines, ~bit, __ATOMIC_SEQ_CST);
  else if (!(__atomic_fetch_or (&rv->lines, bit, __ATOMIC_SEQ_CST) & bit))
    notify (rv);
}

void
riscv_cpu_set_irq (Cpu *cpu, unsigned cause, bool level)
{
  RiscvCpu *rv = RV_CPU (cpu);

  switch (cause) {
    case RV_IRQ_SSI:
      if (level && !(__atomic_fetch_or (&rv->mip, RV_IP (SSI), __ATOMIC_SEQ_CST) & RV_IP (SSI)))
        notify (rv);
      break;
    case RV_IRQ_MSI:
    case RV_IRQ_MTI:
    case RV_IRQ_SEI:
    case RV_IRQ_MEI: riscv_set_line (rv, cause, level); break;
    default: break;
  }
}

static void
set_line (void *opaque, unsigned n, bool level)
{
  riscv_cpu_set_irq (opaque, n, level);
}

IrqLine
riscv_cpu_irq_line (Cpu *cpu, unsigned cause)
{
  return (IrqLine){ .set = set_line, .opaque = cpu, .n = cause };
}

void
riscv_irqs_changed (RiscvCpu *rv)
{
  /* Whether it is enabled now, interrupt() decides. */
  if (riscv_mip (rv) & __atomic_load_n (&rv->mie, __ATOMIC_SEQ_CST))
    cpu_request_exit (&rv->cpu);
}

bool
riscv_wakes (Cpu *cpu)
{
  RiscvCpu *rv = RV_CPU (cpu);

  /* SPEC: RISC-V privileged §3.3.3: WFI resumes for an enabled interrupt whatever mstatus.SIE and mideleg
   * are. */
  return (riscv_mip (rv) & __atomic_load_n (&rv->mie, __ATOMIC_SEQ_CST)) != 0;
}

unsigned
riscv_most_urgent (uint64_t set)
{
  /* SPEC: RISC-V privileged §3.1.9, §10.1.3. */
  static const uint8_t order[] = { RV_IRQ_MEI, RV_IRQ_MSI, RV_IRQ_MTI, RV_IRQ_SEI, RV_IRQ_SSI, RV_IRQ_STI };

  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++)
    if (set >> order[i] & 1)
      return order[i];
  return 0;
}
