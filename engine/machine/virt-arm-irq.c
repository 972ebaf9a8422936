/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts of Arm's "virt" board: the GIC, what the CPUs send it, and who takes messages. */

#include "virt-arm-private.h"

#define SCR_EL3 (3 << 14 | 6 << 11 | 1 << 7 | 1 << 3 | 0) /* as ARM_REG has it */
#define SCR_NS  1

IrqLine
virt_arm_irq_line (Machine *machine, unsigned n)
{
  VirtArm *virt = virt_arm_of (machine);

  return virt->gicv3 ? gicv3_spi_input (virt->gicv3, n) : gicv2_spi_input (virt->gicv2, n);
}

static IrqLine
ppi_input (Machine *machine, unsigned cpu, unsigned n)
{
  VirtArm *virt = virt_arm_of (machine);

  return virt->gicv3 ? gicv3_ppi_input (virt->gicv3, cpu, n) : gicv2_ppi_input (virt->gicv2, cpu, n);
}

static void
wire_private_interrupts (Machine *machine)
{
  static const uint8_t ppis[ARM_N_TIMERS] = {
    [ARM_TIMER_PHYS] = ARM_VIRT_PPI_PHYS_TIMER,       [ARM_TIMER_VIRT] = ARM_VIRT_PPI_VIRT_TIMER,
    [ARM_TIMER_HYP] = ARM_VIRT_PPI_HYP_TIMER,         [ARM_TIMER_SEC] = ARM_VIRT_PPI_SEC_TIMER,
    [ARM_TIMER_HYPVIRT] = ARM_VIRT_PPI_HYPVIRT_TIMER,
  };

  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    for (unsigned timer = 0; timer < ARM_N_TIMERS; timer++)
      arm_cpu_set_timer_line (cpu, timer, ppi_input (machine, i, ppis[timer]));
    arm_cpu_set_pmu_line (cpu, ppi_input (machine, i, ARM_VIRT_PPI_PMU));
  }
}

static unsigned
pe_el (void *pe)
{
  return arm_cpu_el (pe);
}

static uint64_t
pe_hcr (void *pe)
{
  return arm_cpu_hcr (pe);
}

static uint64_t
pe_scr (void *pe)
{
  uint64_t value = 0;

  arm_cpu_get_sysreg (pe, SCR_EL3, &value);
  return value;
}

/* Of the vCPU that makes the access; devices and debuggers have no say in Secure state. */
static bool
access_is_secure (void *opaque)
{
  const VirtArm *virt = opaque;
  Vcpu *vcpu = virt->secure ? vcpu_current () : NULL;

  return vcpu && (arm_cpu_el (vcpu_cpu (vcpu)) == 3 || !(pe_scr (vcpu_cpu (vcpu)) & SCR_NS));
}

static GicV2Requester
requester (void *opaque)
{
  Vcpu *vcpu = vcpu_current ();

  return (GicV2Requester){ vcpu ? vcpu_index (vcpu) : 0, access_is_secure (opaque) };
}

static bool
add_gicv2 (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  GicV2 *gic = (GicV2 *)device_new (&gicv2_class, "/gic");

  gic->requester = requester;
  gic->requester_opaque = virt;
  gic->num_cpus = machine->priv->cpus;
  gic->num_spis = ARM_VIRT_N_SPIS;
  gic->security = virt->secure;
  gic->maintenance = ARM_VIRT_PPI_MAINTENANCE;
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    gic->irq[i] = arm_cpu_irq_line (cpu, ARM_LINE_IRQ);
    gic->fiq[i] = arm_cpu_irq_line (cpu, ARM_LINE_FIQ);
    gic->virq[i] = arm_cpu_irq_line (cpu, ARM_LINE_VIRQ);
    gic->vfiq[i] = arm_cpu_irq_line (cpu, ARM_LINE_VFIQ);
  }
  if (!machine_realize (machine, &gic->dev, error))
    return false;
  machine_map (machine, gic->dist, ARM_VIRT_GIC_DIST_BASE);
  machine_map (machine, gic->cpu, ARM_VIRT_GIC_CPU_BASE);
  if (virt->virtualization) {
    machine_map (machine, gic->hyp, ARM_VIRT_GIC_HYP_BASE);
    machine_map (machine, gic->vcpu, ARM_VIRT_GIC_VCPU_BASE);
  }
  virt->gicv2 = gic;
  return true;
}

static bool
add_v2m (Machine *machine, GError **error)
{
  GicV2m *v2m = (GicV2m *)device_new (&gicv2m_class, "/v2m");

  v2m->base_spi = 32 + ARM_VIRT_IRQ_V2M; /* its INTID */
  v2m->num_spis = ARM_VIRT_N_V2M;
  for (unsigned i = 0; i < ARM_VIRT_N_V2M; i++)
    v2m->out[i] = virt_arm_irq_line (machine, ARM_VIRT_IRQ_V2M + i);
  if (!machine_realize (machine, &v2m->dev, error))
    return false;
  machine_map (machine, v2m->region, ARM_VIRT_GIC_V2M_BASE);
  return true;
}

static void
set_gicv3_edges (Machine *machine, Gicv3 *gic)
{
  VirtArm *virt = virt_arm_of (machine);

  gic->map = machine->memory;
  gic->secure_access = access_is_secure;
  gic->secure_opaque = virt;
  gic->num_cpus = machine->priv->cpus;
  gic->num_spis = ARM_VIRT_N_SPIS;
  gic->security = virt->secure;
  gic->has_lpi = virt->its;
  gic->region_cpus = ARM_VIRT_GIC_REDIST_CPUS;
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    Cpu *cpu = machine_cpu (machine, i);
    gic->edges[i] = (Gicv3CpuEdges){
      .affinity = arm_cpu_mpidr (cpu),
      .irq = arm_cpu_irq_line (cpu, ARM_LINE_IRQ),
      .fiq = arm_cpu_irq_line (cpu, ARM_LINE_FIQ),
      .virq = arm_cpu_irq_line (cpu, ARM_LINE_VIRQ),
      .vfiq = arm_cpu_irq_line (cpu, ARM_LINE_VFIQ),
      .el = pe_el,
      .hcr = pe_hcr,
      .scr = virt->secure ? pe_scr : NULL,
      .pe = cpu,
    };
  }
}

static bool
add_gicv3 (Machine *machine, GError **error)
{
  static const ArmGicOps ops = { gicv3_cpu_read, gicv3_cpu_write, gicv3_cpu_security_changed };
  VirtArm *virt = virt_arm_of (machine);
  Gicv3 *gic = (Gicv3 *)device_new (&gicv3_class, "/gic");

  set_gicv3_edges (machine, gic);
  if (!machine_realize (machine, &gic->dev, error))
    return false;
  machine_map (machine, gic->region, ARM_VIRT_GIC_DIST_BASE);
  for (unsigned i = 0; i < machine->priv->cpus; i++) {
    unsigned second = i - ARM_VIRT_GIC_REDIST_CPUS;
    machine_map (machine, gicv3_redist_region (gic, i),
                 i < ARM_VIRT_GIC_REDIST_CPUS ? ARM_VIRT_GIC_REDIST_BASE + i * ARM_VIRT_GIC_REDIST_SIZE
                                              : virt->redist2 + second * ARM_VIRT_GIC_REDIST_SIZE);
    gic->edges[i].maintenance = gicv3_ppi_input (gic, i, ARM_VIRT_PPI_MAINTENANCE);
    arm_cpu_set_gic (machine_cpu (machine, i), &ops, gicv3_cpu (gic, i));
  }
  virt->gicv3 = gic;
  return true;
}

static bool
add_its (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  GicIts *its = (GicIts *)device_new (&gic_its_class, "/its");

  its->gic = virt->gicv3;
  its->map = machine->memory;
  if (!machine_realize (machine, &its->dev, error))
    return false;
  machine_map (machine, its->region, ARM_VIRT_GIC_ITS_BASE);
  virt->its_device = its;
  return true;
}

bool
virt_arm_add_interrupt_controllers (Machine *machine, GError **error)
{
  const VirtArm *virt = virt_arm_of (machine);

  if (virt->gic_version == 2 ? !add_gicv2 (machine, error) || !add_v2m (machine, error)
                             : !add_gicv3 (machine, error) || (virt->its && !add_its (machine, error)))
    return false;
  wire_private_interrupts (machine);
  return true;
}

/* The ITS tells the senders of messages apart: by the requester ids that the device tree's msi-map says are
 * its DeviceIDs. */
static bool
send_to_its (void *opaque, uint16_t requester, uint64_t address, uint32_t data)
{
  if (address != ARM_VIRT_GIC_ITS_BASE + GIC_ITS_TRANSLATER)
    return false;
  gic_its_msi (opaque, requester, data);
  return true;
}

bool
virt_arm_add_pci (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  const PciBusConfig config = {
    .msi = virt->gic_version == 2 || virt->its_device,
    .message = virt->its_device ? send_to_its : NULL,
    .message_opaque = virt->its_device,
  };

  return virt_add_pci (machine, config, error);
}
