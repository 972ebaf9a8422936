/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The PCI Express host bridge of the "virt" board in its device tree. */

#include "virt-fdt-private.h"

/* Slots share four lines: the line of pin P (1 to 4) of slot S is (S + P - 1) mod 4. */
static void
write_interrupt_map (DtWriter *w)
{
  enum { PINS = 4, CELLS = 7 };
  uint32_t map[PINS * PINS * CELLS], *cell = map;

  for (uint32_t slot = 0; slot < PINS; slot++)
    for (uint32_t pin = 1; pin <= PINS; pin++) {
      *cell++ = slot << 11; /* phys.hi: the device number */
      *cell++ = 0;
      *cell++ = 0;
      *cell++ = pin;
      *cell++ = w->intc;
      *cell++ = VIRT_IRQ_PCIE + (slot + pin - 1) % PINS;
      if (w->intc_cells == 2)
        *cell++ = DT_IRQ_LEVEL_HIGH;
    }
  dt_cells (w, "interrupt-map", map, (size_t)(cell - map));
  dt_list (w, "interrupt-map-mask", (PINS - 1) << 11, 0, 0, 7);
}

void
virt_fdt_write_pci (DtWriter *w, const VirtFdtConfig *config)
{
  enum { IO = 0x1000000, MEMORY_32 = 0x2000000, MEMORY_64 = 0x3000000 }; /* phys.hi */
  uint64_t high = virt_high_pcie_base (config->ram_size);

  dt_begin_at (w, "pci", VIRT_PCIE_ECAM_BASE);
  write_interrupt_map (w);
  dt_list (w, "ranges", IO, DT_CELLS2 (0), DT_CELLS2 (VIRT_PCIE_PIO_BASE), DT_CELLS2 (VIRT_PCIE_PIO_SIZE),
           MEMORY_32, DT_CELLS2 (VIRT_PCIE_MMIO_BASE), DT_CELLS2 (VIRT_PCIE_MMIO_BASE),
           DT_CELLS2 (VIRT_PCIE_MMIO_SIZE), MEMORY_64, DT_CELLS2 (high), DT_CELLS2 (high),
           DT_CELLS2 (VIRT_HIGH_PCIE_SIZE));
  dt_reg (w, VIRT_PCIE_ECAM_BASE, VIRT_PCIE_ECAM_SIZE);
  dt_flag (w, "dma-coherent");
  if (w->msi)
    dt_cell (w, "msi-parent", w->msi);
  dt_list (w, "bus-range", 0, 255);
  dt_cell (w, "linux,pci-domain", 0);
  dt_string (w, "device_type", "pci");
  dt_string (w, "compatible", "pci-host-ecam-generic");
  dt_cell (w, "#size-cells", 2);
  dt_cell (w, "#interrupt-cells", 1);
  dt_cell (w, "#address-cells", 3);
  dt_end (w);
}

uint64_t
virt_high_pcie_base (uint64_t ram_size)
{
  return (VIRT_DRAM_BASE + ram_size + VIRT_HIGH_PCIE_SIZE - 1) & ~(VIRT_HIGH_PCIE_SIZE - 1);
}
