/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts of the "virt" board: the CLINT, and the PLIC or the Advanced Interrupt Architecture (-machine
 * aia=). */

#include "virt-private.h"
#include "virt-map.h"

IrqLine
virt_irq_line (Machine *machine, unsigned n)
{
  Virt *virt = virt_of (machine);

  return virt->aplic ? aplic_input (virt->aplic, n) : plic_input (virt->plic, n);
}

static bool
add_clint (Machine *machine, GError **error)
{
  Aclint *aclint = (Aclint *)device_new (&aclint_class, "/clint");

  aclint->clock = machine->clock;
  aclint->num_harts = machine->priv->cpus;
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    aclint->msip_out[i] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_MSI);
    aclint->mtip_out[i] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_MTI);
  }
  if (!machine_realize (machine, &aclint->dev, error))
    return false;
  machine_map (machine, aclint->region, VIRT_CLINT_BASE);
  return true;
}

static bool
add_plic (Machine *machine, GError **error)
{
  Plic *plic = (Plic *)device_new (&plic_class, "/plic");

  plic->num_contexts = 2 * machine->priv->cpus;
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    plic->out[2 * i] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_MEI);
    plic->out[2 * i + 1] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_SEI);
  }
  if (!machine_realize (machine, &plic->dev, error))
    return false;
  machine_map (machine, plic->region, VIRT_PLIC_BASE);
  virt_of (machine)->plic = plic;
  return true;
}

/* The interrupt file of one privilege level of one hart. */
static Imsic *
add_imsic (Machine *machine, unsigned hart, bool supervisor, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/imsic-%c%u", supervisor ? 's' : 'm', hart);
  Imsic *imsic = (Imsic *)device_new (&imsic_class, path);

  imsic->out = riscv_cpu_irq_line (machine_cpu (machine, hart), supervisor ? RV_IRQ_SEI : RV_IRQ_MEI);
  if (!machine_realize (machine, &imsic->dev, error))
    return NULL;
  machine_map (machine, imsic->region,
               (supervisor ? VIRT_IMSIC_S_BASE : VIRT_IMSIC_M_BASE) + hart * VIRT_IMSIC_SIZE);
  return imsic;
}

static uint32_t
hart_topei (void *opaque, bool supervisor, bool claim)
{
  Imsic **pair = opaque;

  return imsic_topei (pair[supervisor], claim);
}

static bool
hart_access (void *opaque, bool supervisor, unsigned reg, unsigned bits, uint64_t clear, uint64_t set,
             uint64_t *ret_old)
{
  Imsic **pair = opaque;

  return imsic_access (pair[supervisor], reg, bits, clear, set, ret_old);
}

static bool
add_imsics (Machine *machine, GError **error)
{
  static const RiscvImsicOps ops = { .topei = hart_topei, .access = hart_access };
  Virt *virt = virt_of (machine);

  virt->imsics = g_new0 (Imsic *, 2 * machine->priv->cpus);
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    RiscvCpu *rv = (RiscvCpu *)machine_cpu (machine, i);
    Imsic **pair = &virt->imsics[2 * i];
    pair[0] = add_imsic (machine, i, false, error);
    pair[1] = pair[0] ? add_imsic (machine, i, true, error) : NULL;
    if (pair[1] == NULL)
      return false;
    rv->imsic = &ops;
    rv->imsic_opaque = pair;
  }
  return true;
}

static bool
add_aplic (Machine *machine, GError **error)
{
  Virt *virt = virt_of (machine);
  Aplic *aplic = (Aplic *)device_new (&aplic_class, "/aplic");

  aplic->num_harts = machine->priv->cpus;
  if (virt->imsics) {
    aplic->imsics = virt->imsics;
    aplic->n_imsics = 2 * machine->priv->cpus;
  }
  for (unsigned i = 0; i < machine->priv->cpus && !virt->imsics; i++) {
    aplic->machine.out[i] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_MEI);
    aplic->supervisor.out[i] = riscv_cpu_irq_line (machine_cpu (machine, i), RV_IRQ_SEI);
  }
  if (!machine_realize (machine, &aplic->dev, error))
    return false;
  machine_map (machine, &aplic->machine.region, VIRT_APLIC_M_BASE);
  machine_map (machine, &aplic->supervisor.region, VIRT_APLIC_S_BASE);
  virt->aplic = aplic;
  return true;
}

bool
virt_add_interrupt_controllers (Machine *machine, GError **error)
{
  VirtAia aia = virt_of (machine)->aia;

  if (!add_clint (machine, error))
    return false;
  if (aia == VIRT_AIA_NONE)
    return add_plic (machine, error);
  return (aia != VIRT_AIA_APLIC_IMSIC || add_imsics (machine, error)) && add_aplic (machine, error);
}
