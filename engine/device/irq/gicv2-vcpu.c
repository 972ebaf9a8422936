/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The interface of a virtual CPU (IHI 0048, 5.5): a CPU's over again, but that its interrupts are in list
 * registers. */

#include "gicv2-virt.h"

/* ---- What the virtual CPU is told of. ---- */

/* The list register of the most urgent interrupt of enabled groups, or -1. */
static int
best_list (GicV2 *gic, unsigned cpu)
{
  const uint32_t *lr = gicv2_list (gic, cpu);
  int best = -1;
  for (int i = 0; i < GICV2_LRS; i++) {
    bool enabled = gic->vmcr[cpu] >> ((lr[i] & LR_GROUP1) != 0) & 1;
    if ((lr[i] & LR_STATE) == LR_PENDING && enabled &&
        (best < 0 || gicv2_lr_priority (lr[i]) < gicv2_lr_priority (lr[best])))
      best = i;
  }
  return best;
}

static unsigned
preemption (GicV2 *gic, unsigned cpu, uint32_t lr)
{
  uint32_t vmcr = gic->vmcr[cpu];
  bool own = lr & LR_GROUP1 && !(vmcr & GICC_CBPR);
  return gicv2_lr_priority (lr) & gicv2_group_mask (own ? gicv2_field (vmcr, VMCR_ABP_SHIFT, 3) - 1
                                                        : gicv2_field (vmcr, VMCR_BP_SHIFT, 3));
}

int
gicv2_signalled_list (GicV2 *gic, unsigned cpu)
{
  int i = gic->hcr[cpu] & HCR_EN ? best_list (gic, cpu) : -1;
  if (i < 0)
    return -1;
  uint32_t lr = gicv2_list (gic, cpu)[i];
  bool sufficient = gicv2_lr_priority (lr) < gicv2_field (gic->vmcr[cpu], VMCR_MASK_SHIFT, 5) << 3;
  return sufficient && preemption (gic, cpu, lr) < gicv2_running (gic->vapr[cpu]) ? i : -1;
}

/* ---- Registers. ---- */

/* A field of GICH_VMCR by its own name. */
static uint64_t
read_field (Device *dev, uint32_t mask, unsigned shift)
{
  GicV2 *gic = (GicV2 *)dev;
  return (gic->vmcr[gicv2_this_cpu (gic)] & mask) >> shift;
}

static void
write_field (Device *dev, uint32_t mask, unsigned shift, uint64_t value)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  gicv2_set_vmcr (gic, cpu, (gic->vmcr[cpu] & ~mask) | ((uint32_t)value << shift & mask));
  gicv2_update_virtual (gic, cpu);
}

static uint64_t
vctlr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, VMCR_CTLR, 0);
}

static void
vctlr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, VMCR_CTLR, 0, written);
}

#define VMCR_MASK (UINT32_C (0x1f) << VMCR_MASK_SHIFT)

static uint64_t
vpmr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, VMCR_MASK, VMCR_MASK_SHIFT - 3);
}

static void
vpmr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, VMCR_MASK, VMCR_MASK_SHIFT - 3, written);
}

static uint64_t
vbpr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, 7u << VMCR_BP_SHIFT, VMCR_BP_SHIFT);
}

static void
vbpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, 7u << VMCR_BP_SHIFT, VMCR_BP_SHIFT, written);
}

static uint64_t
vabpr_read (Device *dev, unsigned index, uint64_t stored)
{
  return read_field (dev, 7u << VMCR_ABP_SHIFT, VMCR_ABP_SHIFT);
}

static void
vabpr_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  write_field (dev, 7u << VMCR_ABP_SHIFT, VMCR_ABP_SHIFT, written);
}

static uint64_t
vrpr_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned running = gicv2_running (gic->vapr[gicv2_this_cpu (gic)]);
  return running == GICV2_IDLE ? 0xff : running;
}

static uint64_t
iidr_read (Device *dev, unsigned index, uint64_t stored)
{
  return GICV2_CPU_IIDR;
}

/* The number of the interrupt in a list register, as GICV_IAR has it. */
static unsigned
virtual_id (uint32_t lr)
{
  unsigned n = lr & LR_ID;
  return n | (n < GICV2_SGIS && !(lr & LR_HW) ? lr & LR_CPU : 0);
}

/* What a register shows of list register `i`, as in a CPU's interface. */
static unsigned
shown (GicV2 *gic, unsigned cpu, int i, bool alias)
{
  if (i < 0)
    return GICV2_NONE;
  uint32_t lr = gicv2_list (gic, cpu)[i];
  if (!(lr & LR_GROUP1))
    return alias ? GICV2_NONE : virtual_id (lr);
  return alias || gic->vmcr[cpu] & GICC_ACKCTL ? virtual_id (lr) : GICV2_OTHER;
}

static unsigned
acknowledge (GicV2 *gic, bool alias)
{
  unsigned cpu = gicv2_this_cpu (gic);
  int i = gicv2_signalled_list (gic, cpu);
  unsigned n = shown (gic, cpu, i, alias);

  if ((n & LR_ID) >= GICV2_INTIDS || i < 0)
    return n;
  uint32_t *lr = &gicv2_list (gic, cpu)[i];
  gic->vapr[cpu] |= UINT32_C (1) << (preemption (gic, cpu, *lr) >> 3);
  *lr = (*lr & ~LR_PENDING) | LR_ACTIVE;
  gicv2_update_virtual (gic, cpu);
  return n;
}

static uint64_t
viar_read (Device *dev, unsigned index, uint64_t stored)
{
  return acknowledge ((GicV2 *)dev, false);
}

static uint64_t
vaiar_read (Device *dev, unsigned index, uint64_t stored)
{
  return acknowledge ((GicV2 *)dev, true);
}

static uint64_t
vhppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  return shown (gic, cpu, best_list (gic, cpu), false);
}

static uint64_t
vahppir_read (Device *dev, unsigned index, uint64_t stored)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);
  return shown (gic, cpu, best_list (gic, cpu), true);
}

/* The physical interrupt behind a virtual one is over with it. */
static void
deactivate_physical (GicV2 *gic, unsigned cpu, uint32_t lr)
{
  unsigned n = lr >> LR_PHYSICAL_SHIFT & LR_ID;
  if (lr & LR_HW && n >= GICV2_SGIS && n < gicv2_intids (gic))
    gicv2_deactivate (gic, cpu, n);
}

/* SPEC: IHI 0048, 5.2.3: of an interrupt that is in no list register, the hypervisor gets to know by
 * EOICount. */
static void
deactivate_virtual (GicV2 *gic, unsigned cpu, unsigned id)
{
  for (unsigned i = 0; i < GICV2_LRS; i++) {
    uint32_t *lr = &gicv2_list (gic, cpu)[i];
    if (!(*lr & LR_ACTIVE) || virtual_id (*lr) != id)
      continue;
    *lr &= ~LR_ACTIVE;
    deactivate_physical (gic, cpu, *lr);
    return;
  }
  if ((gic->hcr[cpu] & HCR_EOICOUNT) != HCR_EOICOUNT)
    gic->hcr[cpu] += UINT32_C (1) << HCR_EOICOUNT_SHIFT;
}

static unsigned
written_id (uint64_t written)
{
  unsigned n = written & LR_ID;
  return n | (n < GICV2_SGIS ? written & LR_CPU : 0);
}

static void
veoir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);

  if ((written & LR_ID) >= GICV2_INTIDS || gic->vapr[cpu] == 0)
    return;
  gic->vapr[cpu] &= gic->vapr[cpu] - 1;
  if (!(gic->vmcr[cpu] & GICC_EOIMODE))
    deactivate_virtual (gic, cpu, written_id (written));
  gicv2_update_virtual (gic, cpu);
}

static void
vdir_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  GicV2 *gic = (GicV2 *)dev;
  unsigned cpu = gicv2_this_cpu (gic);

  if ((written & LR_ID) >= GICV2_INTIDS || !(gic->vmcr[cpu] & GICC_EOIMODE))
    return;
  deactivate_virtual (gic, cpu, written_id (written));
  gicv2_update_virtual (gic, cpu);
}

/* ---- The table. ---- */

static const Register vcpu_registers[] = {
  { .name = "GICV_CTLR",
    .offset = 0x00,
    .size = 4,
    .writable = VMCR_CTLR,
    .read = vctlr_read,
    .write = vctlr_write },
  { .name = "GICV_PMR", .offset = 0x04, .size = 4, .writable = 0xf8, .read = vpmr_read, .write = vpmr_write },
  { .name = "GICV_BPR", .offset = 0x08, .size = 4, .writable = 7, .read = vbpr_read, .write = vbpr_write },
  { .name = "GICV_IAR", .offset = 0x0c, .size = 4, .read = viar_read },
  { .name = "GICV_EOIR", .offset = 0x10, .size = 4, .writable = UINT32_MAX, .write = veoir_write },
  { .name = "GICV_RPR", .offset = 0x14, .size = 4, .read = vrpr_read },
  { .name = "GICV_HPPIR", .offset = 0x18, .size = 4, .read = vhppir_read },
  { .name = "GICV_ABPR", .offset = 0x1c, .size = 4, .writable = 7, .read = vabpr_read, .write = vabpr_write },
  { .name = "GICV_AIAR", .offset = 0x20, .size = 4, .read = vaiar_read },
  { .name = "GICV_AEOIR", .offset = 0x24, .size = 4, .writable = UINT32_MAX, .write = veoir_write },
  { .name = "GICV_AHPPIR", .offset = 0x28, .size = 4, .read = vahppir_read },
  { .name = "GICV_APR0",
    .offset = 0xd0,
    .size = 4,
    .writable = UINT32_MAX,
    .read = gicv2_vapr_read,
    .write = gicv2_vapr_write },
  { .name = "GICV_IIDR", .offset = 0xfc, .size = 4, .read = iidr_read },
  { .name = "GICV_DIR", .offset = 0x1000, .size = 4, .writable = UINT32_MAX, .write = vdir_write },
  { 0 },
};

const RegisterBank gicv2_vcpu_bank = {
  .name = "gicv2-vcpu",
  .size = GICV2_VCPU_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = vcpu_registers,
};
