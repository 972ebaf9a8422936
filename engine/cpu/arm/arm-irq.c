/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts: which are pending, where they go and whether they are taken now (DDI 0487, D1.3.6 and D1.3.7).
 */

#include "arm-bits.h"
#include "arm-helpers.h"
#include "arm-sysreg.h"

#define LINE(NAME) (1u << ARM_LINE_##NAME)

static uint32_t
lines_now (const ArmCpu *arm)
{
  return __atomic_load_n (&arm->lines, __ATOMIC_SEQ_CST);
}

static void
notify (ArmCpu *arm)
{
  cpu_request_exit (&arm->cpu);
  cpu_kick (&arm->cpu);
}

void
arm_set_line (ArmCpu *arm, ArmLine line, bool level)
{
  uint32_t bit = 1u << line;

  if (!level)
    __atomic_fetch_and (&arm->lines, ~bit, __ATOMIC_SEQ_CST);
  else if (!(__atomic_fetch_or (&arm->lines, bit, __ATOMIC_SEQ_CST) & bit))
    notify (arm);
}

static void
set_line (void *opaque, unsigned n, bool level)
{
  if (n < ARM_N_LINES)
    arm_set_line (opaque, (ArmLine)n, level);
}

IrqLine
arm_cpu_irq_line (Cpu *cpu, ArmLine line)
{
  return (IrqLine){ .set = set_line, .opaque = cpu, .n = line };
}

/* What decides of one kind of interrupt: where it is routed, and its mask. */
typedef struct {
  uint64_t scr, hcr, hcr_virtual, mask;
  ArmLine physical, virtual;
  ArmVector vector;
} Kind;

/* In the order in which they are taken. */
static const Kind kinds[] = {
  { SCR_FIQ, HCR_FMO, HCR_VF, PSTATE_F, ARM_LINE_FIQ, ARM_LINE_VFIQ, ARM_VECTOR_FIQ },
  { SCR_IRQ, HCR_IMO, HCR_VI, PSTATE_I, ARM_LINE_IRQ, ARM_LINE_VIRQ, ARM_VECTOR_IRQ },
  { SCR_EA, HCR_AMO, HCR_VSE, PSTATE_A, ARM_LINE_SERROR, ARM_N_LINES, ARM_VECTOR_SERROR },
};

/* The level that a physical interrupt is taken to now, or 0. */
static unsigned
physical_target (const ArmCpu *arm, const Kind *kind)
{
  uint64_t hcr = arm_hcr (arm);
  bool masked = arm->cpu.state.var[ARM_VAR_DAIF] & kind->mask;

  if (arm->has_el3 && arm->sysreg[ARM_SR_SCR_EL3] & kind->scr)
    return arm->el < 3 || !masked ? 3 : 0;
  if (arm->el == 3)
    return 0;
  if (arm_el2_enabled (arm) && hcr & (kind->hcr | HCR_TGE)) {
    /* Where EL2 is the host of EL0, PSTATE masks at EL0, too. */
    bool maskable = arm->el == 2 || arm_in_host (arm);
    return maskable && masked ? 0 : 2;
  }
  return arm->el <= 1 && !masked ? 1 : 0;
}

/* A virtual one is for EL1, below EL2. */
static bool
virtual_pending (const ArmCpu *arm, const Kind *kind, uint32_t lines)
{
  uint64_t hcr = arm_hcr (arm);
  bool line = kind->virtual != ARM_N_LINES && lines >> kind->virtual & 1;
  return arm->el <= 1 && hcr & kind->hcr && !(hcr & HCR_TGE) && (line || hcr & kind->hcr_virtual);
}

/* The most urgent one that is taken now, and where to. */
static const Kind *
due (const ArmCpu *arm, unsigned *ret_el)
{
  uint32_t lines = lines_now (arm);

  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const Kind *kind = &kinds[i];
    *ret_el = lines >> kind->physical & 1 ? physical_target (arm, kind) : 0;
    if (*ret_el != 0)
      return kind;
    if (virtual_pending (arm, kind, lines) && !(arm->cpu.state.var[ARM_VAR_DAIF] & kind->mask)) {
      *ret_el = 1;
      return kind;
    }
  }
  return NULL;
}

bool
arm_interrupt_due (const ArmCpu *arm)
{
  unsigned el;
  return due (arm, &el) != NULL;
}

bool
arm_interrupt (Cpu *cpu)
{
  ArmCpu *arm = ARM_CPU (cpu);
  unsigned el;

  arm_power_start (arm);
  const Kind *kind = due (arm, &el);
  if (kind == NULL)
    return false;
  if (kind->vector == ARM_VECTOR_SERROR) {
    if (!(lines_now (arm) & LINE (SERROR))) /* taken, a virtual one is over */
      arm->sysreg[ARM_SR_HCR_EL2] &= ~HCR_VSE;
    arm_set_line (arm, ARM_LINE_SERROR, false);
  }
  arm_take_exception (arm, el, kind->vector, arm_syndrome (ARM_EC_SERROR, 0), false, 0);
  return true;
}

bool
arm_wakes (Cpu *cpu)
{
  const ArmCpu *arm = ARM_CPU (cpu);
  uint32_t lines = lines_now (arm);

  if (arm_power (arm) != ARM_POWER_ON)
    return !arm_is_off (cpu);
  /* SPEC: DDI 0487, D1.6.2: WFI ends with a pending interrupt whether or not PSTATE masks it. */
  if (lines & (LINE (IRQ) | LINE (FIQ) | LINE (SERROR)))
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (virtual_pending (arm, &kinds[i], lines))
      return true;
  return false;
}

void
arm_irqs_changed (ArmCpu *arm)
{
  if (arm_interrupt_due (arm))
    cpu_request_exit (&arm->cpu);
}

/* SPEC: DDI 0487, ISR_EL1: at EL1 with HCR_EL2.IMO and its like it shows the virtual ones. */
uint64_t
arm_isr (const ArmCpu *arm)
{
  uint32_t lines = lines_now (arm);
  uint64_t isr = 0, hcr = arm_hcr (arm);

  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const Kind *kind = &kinds[i];
    bool virtual = arm->el <= 1 && hcr & kind->hcr && !(hcr & HCR_TGE);
    bool pending = virtual ? virtual_pending (arm, kind, lines) : lines >> kind->physical & 1;
    isr |= pending ? kind->mask : 0;
  }
  return isr;
}

/* PSTATE has been unmasked: a pending interrupt is taken at once, for the next instruction may mask it again.
 */
uint64_t
arm_irq_unmasked (IrState *s, uint64_t next_pc, uint64_t b, uint64_t c)
{
  ArmCpu *arm = (ArmCpu *)s;

  if (G_LIKELY (lines_now (arm) == 0 && !(arm->sysreg[ARM_SR_HCR_EL2] & (HCR_VI | HCR_VF | HCR_VSE))))
    return 0;
  if (!arm_interrupt_due (arm))
    return 0;
  s->pc = next_pc;
  cpu_request_exit (&arm->cpu);
  ir_leave (s, IR_EXIT_MODE);
}
