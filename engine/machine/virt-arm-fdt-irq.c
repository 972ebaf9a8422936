/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Interrupts of Arm's "virt" board in its device tree. */

#include "virt-arm-fdt-private.h"

/* The flags of a private peripheral interrupt: with a GICv2 they say which CPUs have it. */
static uint32_t
ppi_flags (const VirtArmFdtConfig *c)
{
  uint32_t cpus = c->gic_version == 2 ? (UINT32_C (1) << MIN (c->cpus, 8)) - 1 : 0;

  return cpus << 8 | DT_IRQ_LEVEL_HIGH;
}

static void
write_v2m (DtWriter *w)
{
  dt_begin_at (w, "v2m", ARM_VIRT_GIC_V2M_BASE);
  dt_cell (w, "phandle", w->msi);
  dt_reg (w, ARM_VIRT_GIC_V2M_BASE, ARM_VIRT_GIC_V2M_SIZE);
  dt_flag (w, "msi-controller");
  dt_string (w, "compatible", "arm,gic-v2m-frame");
  dt_end (w);
}

static void
write_its (DtWriter *w)
{
  dt_begin_at (w, "its", ARM_VIRT_GIC_ITS_BASE);
  dt_cell (w, "phandle", w->msi);
  dt_reg (w, ARM_VIRT_GIC_ITS_BASE, ARM_VIRT_GIC_ITS_SIZE);
  dt_cell (w, "#msi-cells", 1);
  dt_flag (w, "msi-controller");
  dt_string (w, "compatible", "arm,gic-v3-its");
  dt_end (w);
}

static void
write_gicv2_reg (DtWriter *w, const VirtArmFdtConfig *c)
{
  const uint32_t reg[] = {
    DT_CELLS2 (ARM_VIRT_GIC_DIST_BASE), DT_CELLS2 (ARM_VIRT_GIC_DIST_SIZE), DT_CELLS2 (ARM_VIRT_GIC_CPU_BASE),
    DT_CELLS2 (ARM_VIRT_GIC_CPU_SIZE),  DT_CELLS2 (ARM_VIRT_GIC_HYP_BASE),  DT_CELLS2 (ARM_VIRT_GIC_HYP_SIZE),
    DT_CELLS2 (ARM_VIRT_GIC_VCPU_BASE), DT_CELLS2 (ARM_VIRT_GIC_VCPU_SIZE),
  };

  dt_cells (w, "reg", reg, c->virtualization ? 16 : 8);
  dt_string (w, "compatible", "arm,cortex-a15-gic");
}

static void
write_gicv3_reg (DtWriter *w, const VirtArmFdtConfig *c)
{
  unsigned first = MIN (c->cpus, ARM_VIRT_GIC_REDIST_CPUS), second = c->cpus - first;
  const uint32_t reg[] = {
    DT_CELLS2 (ARM_VIRT_GIC_DIST_BASE),
    DT_CELLS2 (ARM_VIRT_GIC_DIST_SIZE),
    DT_CELLS2 (ARM_VIRT_GIC_REDIST_BASE),
    DT_CELLS2 (first * ARM_VIRT_GIC_REDIST_SIZE),
    DT_CELLS2 (c->redist2),
    DT_CELLS2 (second * ARM_VIRT_GIC_REDIST_SIZE),
  };

  dt_cells (w, "reg", reg, second ? 12 : 8);
  dt_cell (w, "#redistributor-regions", second ? 2 : 1);
  dt_string (w, "compatible", "arm,gic-v3");
}

static void
write_gic (DtWriter *w, const VirtArmFdtConfig *c)
{
  dt_begin_at (w, "intc", ARM_VIRT_GIC_DIST_BASE);
  dt_cell (w, "phandle", w->intc);
  if (c->virtualization)
    dt_list (w, "interrupts", DT_IRQ_PRIVATE, ARM_VIRT_PPI_MAINTENANCE, ppi_flags (c));
  if (c->gic_version == 2)
    write_gicv2_reg (w, c);
  else
    write_gicv3_reg (w, c);
  dt_flag (w, "ranges");
  dt_cell (w, "#size-cells", 2);
  dt_cell (w, "#address-cells", 2);
  dt_flag (w, "interrupt-controller");
  dt_cell (w, "#interrupt-cells", 3);
  if (c->gic_version == 2)
    write_v2m (w);
  else if (c->its)
    write_its (w);
  dt_end (w);
}

static void
write_timer (DtWriter *w, const VirtArmFdtConfig *c)
{
  static const uint8_t ppis[] = { ARM_VIRT_PPI_SEC_TIMER, ARM_VIRT_PPI_PHYS_TIMER, ARM_VIRT_PPI_VIRT_TIMER,
                                  ARM_VIRT_PPI_HYP_TIMER, ARM_VIRT_PPI_HYPVIRT_TIMER };
  uint32_t cells[3 * G_N_ELEMENTS (ppis)], *cell = cells;

  for (unsigned i = 0; i < G_N_ELEMENTS (ppis); i++) {
    *cell++ = DT_IRQ_PRIVATE;
    *cell++ = ppis[i];
    *cell++ = ppi_flags (c);
  }
  dt_begin (w, "timer");
  /* The last one is for kernels that run at EL2. */
  dt_cells (w, "interrupts", cells, c->virtualization ? 15 : 12);
  dt_flag (w, "always-on");
  dt_bytes (w, "compatible", "arm,armv8-timer\0arm,armv7-timer", sizeof "arm,armv8-timer\0arm,armv7-timer");
  dt_end (w);
}

void
virt_arm_fdt_write_interrupts (DtWriter *w, const VirtArmFdtConfig *config)
{
  write_gic (w, config);
  write_timer (w, config);
  dt_begin (w, "pmu");
  dt_list (w, "interrupts", DT_IRQ_PRIVATE, ARM_VIRT_PPI_PMU, ppi_flags (config));
  dt_string (w, "compatible", "arm,armv8-pmuv3");
  dt_end (w);
}
