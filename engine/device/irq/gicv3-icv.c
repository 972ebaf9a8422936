/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A PE's interface as a guest of a hypervisor sees it (ICV_*): the list registers are its interrupts. */

#include "gicv3-icv.h"

#define VBPR0_MIN 2

enum {
  CTLR_CBPR = 1 << 0,
  CTLR_EOIMODE = 1 << 1,
  CTLR_PRIBITS = 4 << 8,
  CTLR_A3V = 1 << 15,
  CTLR_RSS = 1 << 18,
};

static unsigned
vbpr (uint32_t vmcr, unsigned group)
{
  return vmcr >> (group == 0 ? VMCR_VBPR0_SHIFT : VMCR_VBPR1_SHIFT) & 7;
}

uint32_t
gicv3_vmcr_legal (uint32_t value)
{
  unsigned bpr0 = MAX (vbpr (value, 0), VBPR0_MIN), bpr1 = MAX (vbpr (value, 1), VBPR0_MIN + 1);
  return (value & (VMCR_VENG0 | VMCR_VENG1 | VMCR_VCBPR | VMCR_VEOIM)) | VMCR_VFIQEN |
         bpr1 << VMCR_VBPR1_SHIFT | bpr0 << VMCR_VBPR0_SHIFT |
         (value & (uint32_t)GICV3_PRIORITY_MASK << VMCR_VPMR_SHIFT);
}

static uint8_t
priority_of (uint64_t lr)
{
  return (uint8_t)(lr >> LR_PRIORITY_SHIFT);
}

static unsigned
group_of (uint64_t lr)
{
  return lr & LR_GROUP ? 1 : 0;
}

static uint8_t
group_mask (const Gicv3Cpu *cpu, unsigned group)
{
  unsigned bpr = group == 0 || cpu->vmcr & VMCR_VCBPR ? vbpr (cpu->vmcr, 0) : vbpr (cpu->vmcr, 1) - 1;
  return (uint8_t)(0xffu << (MIN (bpr, 7) + 1));
}

static uint8_t
running_priority (const Gicv3Cpu *cpu)
{
  return gicv3_lowest_active (cpu->ich_apr[0] | cpu->ich_apr[1]);
}

int
gicv3_virt_best (const Gicv3Cpu *cpu)
{
  int best = -1;
  for (int i = 0; i < GICV3_N_LRS; i++) {
    uint64_t lr = cpu->lr[i];
    if ((lr & LR_STATE) != LR_PENDING || !(cpu->vmcr & (group_of (lr) == 0 ? VMCR_VENG0 : VMCR_VENG1)))
      continue;
    if (best < 0 || priority_of (lr) < priority_of (cpu->lr[best]))
      best = i;
  }
  return best;
}

bool
gicv3_virt_preempts (const Gicv3Cpu *cpu, int n)
{
  uint64_t lr = cpu->lr[n];
  return priority_of (lr) < gicv3_icv_read_pmr (cpu) &&
         (priority_of (lr) & group_mask (cpu, group_of (lr))) < running_priority (cpu);
}

/* ---- Taking interrupts. ---- */

uint64_t
gicv3_icv_highest (Gicv3Cpu *cpu, unsigned group)
{
  int best = gicv3_virt_best (cpu);
  return best >= 0 && group_of (cpu->lr[best]) == group ? cpu->lr[best] & LR_ID : GICV3_SPURIOUS;
}

uint64_t
gicv3_icv_acknowledge (Gicv3Cpu *cpu, unsigned group)
{
  int best = gicv3_virt_best (cpu);
  if (best < 0 || group_of (cpu->lr[best]) != group || !gicv3_virt_preempts (cpu, best))
    return GICV3_SPURIOUS;
  uint64_t *lr = &cpu->lr[best];
  uint32_t id = *lr & LR_ID;
  *lr &= ~LR_STATE;
  /* SPEC: IHI 0069, 4.8.11: an INTID that is none is taken away without becoming active. */
  if (id >= GICV3_SPECIAL && id <= GICV3_SPURIOUS) {
    gicv3_virt_update (cpu);
    return GICV3_SPURIOUS;
  }
  cpu->ich_apr[group] |= UINT32_C (1) << ((priority_of (*lr) & group_mask (cpu, group)) >> 3);
  if (id < GICV3_FIRST_LPI)
    *lr |= LR_ACTIVE;
  gicv3_virt_update (cpu);
  return id;
}

static int
find_active (const Gicv3Cpu *cpu, uint32_t id)
{
  for (int i = 0; i < GICV3_N_LRS; i++)
    if (cpu->lr[i] & LR_ACTIVE && (cpu->lr[i] & LR_ID) == id)
      return i;
  return -1;
}

static void
deactivate (Gicv3Cpu *cpu, int n)
{
  uint64_t *lr = &cpu->lr[n];
  *lr &= ~LR_ACTIVE;
  uint32_t physical = *lr >> LR_PHYSICAL_SHIFT & 0x1fff;
  /* SPEC: IHI 0069, ICH_LR<n>_EL2.pINTID: SGIs cannot be ended this way. */
  if (*lr & LR_HW && physical >= 16 && physical < GICV3_SPECIAL) {
    gicv3_deactivate (cpu, physical);
    gicv3_update (cpu->gic);
  }
}

/* An interrupt for which the hypervisor had no list register. */
static void
count_end (Gicv3Cpu *cpu)
{
  cpu->ich_hcr += UINT32_C (1) << ICH_HCR_EOICOUNT_SHIFT;
}

void
gicv3_icv_end (Gicv3Cpu *cpu, unsigned group, uint64_t value)
{
  uint32_t id = value & 0xffffff;
  uint8_t dropped = running_priority (cpu);
  if ((id >= GICV3_SPECIAL && id <= GICV3_SPURIOUS) || dropped == GICV3_IDLE)
    return;
  unsigned from = gicv3_lowest_active (cpu->ich_apr[0]) == dropped ? 0 : 1;
  cpu->ich_apr[from] &= cpu->ich_apr[from] - 1;
  bool split = cpu->vmcr & VMCR_VEOIM && id < GICV3_FIRST_LPI;
  int n = find_active (cpu, id);
  if (n < 0) {
    if (!split && id < GICV3_FIRST_LPI)
      count_end (cpu);
    return;
  }
  uint64_t lr = cpu->lr[n];
  if (!split && group_of (lr) == group && (priority_of (lr) & group_mask (cpu, group)) == dropped)
    deactivate (cpu, n);
}

void
gicv3_icv_deactivate (Gicv3Cpu *cpu, uint64_t value)
{
  uint32_t id = value & 0xffffff;
  if (!(cpu->vmcr & VMCR_VEOIM) || (id >= GICV3_SPECIAL && id <= GICV3_SPURIOUS) || id >= GICV3_FIRST_LPI)
    return;
  int n = find_active (cpu, id);
  if (n >= 0)
    deactivate (cpu, n);
  else
    count_end (cpu);
}

uint64_t
gicv3_icv_running (const Gicv3Cpu *cpu)
{
  return running_priority (cpu);
}

/* ---- Controls. ---- */

static void
set_field (uint32_t *vmcr, unsigned shift, uint32_t mask, uint64_t value)
{
  *vmcr = gicv3_vmcr_legal ((*vmcr & ~(mask << shift)) | ((uint32_t)value & mask) << shift);
}

uint64_t
gicv3_icv_read_pmr (const Gicv3Cpu *cpu)
{
  return cpu->vmcr >> VMCR_VPMR_SHIFT;
}

void
gicv3_icv_write_pmr (Gicv3Cpu *cpu, uint64_t value)
{
  set_field (&cpu->vmcr, VMCR_VPMR_SHIFT, GICV3_PRIORITY_MASK, value);
}

uint64_t
gicv3_icv_read_bpr (const Gicv3Cpu *cpu, unsigned group)
{
  if (group == 1 && cpu->vmcr & VMCR_VCBPR)
    return MIN (vbpr (cpu->vmcr, 0) + 1, 7);
  return vbpr (cpu->vmcr, group);
}

void
gicv3_icv_write_bpr (Gicv3Cpu *cpu, unsigned group, uint64_t value)
{
  if (group == 1 && cpu->vmcr & VMCR_VCBPR)
    return;
  set_field (&cpu->vmcr, group == 0 ? VMCR_VBPR0_SHIFT : VMCR_VBPR1_SHIFT, 7, value);
}

uint64_t
gicv3_icv_read_ctlr (const Gicv3Cpu *cpu)
{
  return (cpu->vmcr & VMCR_VCBPR ? CTLR_CBPR : 0) | (cpu->vmcr & VMCR_VEOIM ? CTLR_EOIMODE : 0) |
         CTLR_PRIBITS | CTLR_A3V | CTLR_RSS;
}

void
gicv3_icv_write_ctlr (Gicv3Cpu *cpu, uint64_t value)
{
  cpu->vmcr &= ~(uint32_t)(VMCR_VCBPR | VMCR_VEOIM);
  cpu->vmcr |= (value & CTLR_CBPR ? VMCR_VCBPR : 0) | (value & CTLR_EOIMODE ? VMCR_VEOIM : 0);
}

uint64_t
gicv3_icv_read_igrpen (const Gicv3Cpu *cpu, unsigned group)
{
  return cpu->vmcr & (group == 0 ? VMCR_VENG0 : VMCR_VENG1) ? 1 : 0;
}

void
gicv3_icv_write_igrpen (Gicv3Cpu *cpu, unsigned group, uint64_t value)
{
  uint32_t bit = group == 0 ? VMCR_VENG0 : VMCR_VENG1;
  cpu->vmcr = value & 1 ? cpu->vmcr | bit : cpu->vmcr & ~bit;
}
