/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a hypervisor controls virtual interrupts with: ICH_* and the maintenance interrupt. */

#include "gicv3-icv.h"

#define REG(crm, op2) (3 << 14 | 4 << 11 | 12 << 7 | (crm) << 3 | (op2))

enum {
  ICH_AP0R0_EL2 = REG (8, 0),
  ICH_AP1R0_EL2 = REG (9, 0),
  ICH_HCR_EL2 = REG (11, 0),
  ICH_VTR_EL2 = REG (11, 1),
  ICH_MISR_EL2 = REG (11, 2),
  ICH_EISR_EL2 = REG (11, 3),
  ICH_ELRSR_EL2 = REG (11, 5),
  ICH_VMCR_EL2 = REG (11, 7),
  ICH_LR0_EL2 = REG (12, 0),
};

#define HCR_WRITABLE UINT32_C (0xf8005cff)

/* Four list registers, 16 bits of INTID, no nV4, five bits of priority and of group priority; Aff3 and
 * ICH_HCR_EL2.TDIR. */
#define VTR (UINT32_C (4) << 29 | UINT32_C (4) << 26 | 1u << 21 | 1u << 20 | 1u << 19 | (GICV3_N_LRS - 1))

enum {
  MISR_EOI = 1 << 0,
  MISR_U = 1 << 1,
  MISR_LRENP = 1 << 2,
  MISR_NP = 1 << 3,
  MISR_VGRP0E = 1 << 4,
  MISR_VGRP0D = 1 << 5,
  MISR_VGRP1E = 1 << 6,
  MISR_VGRP1D = 1 << 7,
};

static uint32_t
read_eisr (const Gicv3Cpu *cpu)
{
  uint32_t value = 0;
  for (unsigned i = 0; i < GICV3_N_LRS; i++)
    if ((cpu->lr[i] & (LR_STATE | LR_HW | LR_EOI)) == LR_EOI)
      value |= 1u << i;
  return value;
}

static uint32_t
read_elrsr (const Gicv3Cpu *cpu)
{
  uint32_t value = 0;
  for (unsigned i = 0; i < GICV3_N_LRS; i++)
    if (!(cpu->lr[i] & LR_STATE) && (cpu->lr[i] & LR_HW || !(cpu->lr[i] & LR_EOI)))
      value |= 1u << i;
  return value;
}

static uint32_t
read_misr (const Gicv3Cpu *cpu)
{
  unsigned valid = 0, pending = 0;
  for (unsigned i = 0; i < GICV3_N_LRS; i++) {
    valid += cpu->lr[i] & LR_STATE ? 1 : 0;
    pending += (cpu->lr[i] & LR_STATE) == LR_PENDING ? 1 : 0;
  }
  uint32_t hcr = cpu->ich_hcr, value = read_eisr (cpu) != 0 ? MISR_EOI : 0;
  if (hcr & ICH_HCR_UIE && valid <= 1)
    value |= MISR_U;
  if (hcr & ICH_HCR_LRENPIE && hcr >> ICH_HCR_EOICOUNT_SHIFT != 0)
    value |= MISR_LRENP;
  if (hcr & ICH_HCR_NPIE && pending == 0)
    value |= MISR_NP;
  if (hcr & ICH_HCR_VGRP0EIE && cpu->vmcr & VMCR_VENG0)
    value |= MISR_VGRP0E;
  if (hcr & ICH_HCR_VGRP0DIE && !(cpu->vmcr & VMCR_VENG0))
    value |= MISR_VGRP0D;
  if (hcr & ICH_HCR_VGRP1EIE && cpu->vmcr & VMCR_VENG1)
    value |= MISR_VGRP1E;
  if (hcr & ICH_HCR_VGRP1DIE && !(cpu->vmcr & VMCR_VENG1))
    value |= MISR_VGRP1D;
  return value;
}

void
gicv3_virt_update (Gicv3Cpu *cpu)
{
  const Gicv3CpuEdges *edges = cpu->edges;
  bool enabled = cpu->ich_hcr & ICH_HCR_EN, due = false, group1 = false;
  int best = enabled ? gicv3_virt_best (cpu) : -1;
  if (best >= 0) {
    due = gicv3_virt_preempts (cpu, best);
    group1 = cpu->lr[best] & LR_GROUP;
  }
  gicv3_set_line (&edges->virq, &cpu->virq, due && group1);
  gicv3_set_line (&edges->vfiq, &cpu->vfiq, due && !group1);
  gicv3_set_line (&edges->maintenance, &cpu->maintenance, enabled && read_misr (cpu) != 0);
}

bool
gicv3_ich_read (const Gicv3Access *a, unsigned reg, uint64_t *ret_value)
{
  const Gicv3Cpu *cpu = a->cpu;
  switch (reg) {
    case ICH_AP0R0_EL2: *ret_value = cpu->ich_apr[0]; break;
    case ICH_AP1R0_EL2: *ret_value = cpu->ich_apr[1]; break;
    case ICH_HCR_EL2: *ret_value = cpu->ich_hcr; break;
    case ICH_VTR_EL2: *ret_value = VTR; break;
    case ICH_MISR_EL2: *ret_value = read_misr (cpu); break;
    case ICH_EISR_EL2: *ret_value = read_eisr (cpu); break;
    case ICH_ELRSR_EL2: *ret_value = read_elrsr (cpu); break;
    case ICH_VMCR_EL2: *ret_value = cpu->vmcr; break;
    default:
      if (reg < ICH_LR0_EL2 || reg >= ICH_LR0_EL2 + GICV3_N_LRS)
        return false;
      *ret_value = cpu->lr[reg - ICH_LR0_EL2];
  }
  return true;
}

bool
gicv3_ich_write (const Gicv3Access *a, unsigned reg, uint64_t value)
{
  Gicv3Cpu *cpu = a->cpu;
  switch (reg) {
    case ICH_AP0R0_EL2: cpu->ich_apr[0] = (uint32_t)value; break;
    case ICH_AP1R0_EL2: cpu->ich_apr[1] = (uint32_t)value; break;
    case ICH_HCR_EL2: cpu->ich_hcr = (uint32_t)value & HCR_WRITABLE; break;
    case ICH_VMCR_EL2: cpu->vmcr = gicv3_vmcr_legal ((uint32_t)value); break;
    default:
      if (reg < ICH_LR0_EL2 || reg >= ICH_LR0_EL2 + GICV3_N_LRS)
        return false;
      cpu->lr[reg - ICH_LR0_EL2] = value & LR_WRITABLE;
  }
  gicv3_virt_update (cpu);
  return true;
}
