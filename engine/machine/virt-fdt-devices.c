/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-fdt-devices.h"

void
virt_fdt_write_memory (DtWriter *w, const VirtLayout *at, uint64_t ram_size)
{
  dt_begin_at (w, "memory", at->ram);
  dt_string (w, "device_type", "memory");
  dt_reg (w, at->ram, ram_size);
  dt_end (w);
}

void
virt_fdt_write_firmware (DtWriter *w, const VirtLayout *at)
{
  dt_begin_at (w, "fw-cfg", at->fw_cfg);
  dt_flag (w, "dma-coherent");
  dt_reg (w, at->fw_cfg, 0x18);
  dt_string (w, "compatible", "qemu,fw-cfg-mmio");
  dt_end (w);
  dt_begin_at (w, "flash", at->flash);
  dt_cell (w, "bank-width", 4);
  dt_list (w, "reg", DT_CELLS2 (at->flash), DT_CELLS2 (at->flash_size),
           DT_CELLS2 (at->flash + at->flash_size), DT_CELLS2 (at->flash_size));
  dt_string (w, "compatible", "cfi-flash");
  dt_end (w);
}

void
virt_fdt_write_virtio (DtWriter *w, const VirtLayout *at)
{
  /* The last slot comes first: guests number what they find in this order, and -device fills it so. */
  for (unsigned i = at->n_virtio; i-- > 0;) {
    uint64_t base = at->virtio + i * at->virtio_size;
    dt_begin_at (w, "virtio_mmio", base);
    dt_flag (w, "dma-coherent");
    dt_irq (w, at->virtio_irq + i);
    dt_reg (w, base, at->virtio_size);
    dt_string (w, "compatible", "virtio,mmio");
    dt_end (w);
  }
}

/* Slots share four lines: the line of pin P (1 to 4) of slot S is (S + P - 1) mod 4. */
static void
write_interrupt_map (DtWriter *w, const VirtLayout *at)
{
  enum { PINS = 4, CELLS = 10 };
  uint32_t map[PINS * PINS * CELLS], *cell = map;

  for (uint32_t slot = 0; slot < PINS; slot++)
    for (uint32_t pin = 1; pin <= PINS; pin++) {
      *cell++ = slot << 11; /* phys.hi: the device number */
      *cell++ = 0;
      *cell++ = 0;
      *cell++ = pin;
      *cell++ = w->intc;
      for (unsigned i = 0; i < w->intc_address_cells; i++)
        *cell++ = 0;
      cell += dt_irq_cells (w, at->pcie_irq + (slot + pin - 1) % PINS, cell);
    }
  dt_cells (w, "interrupt-map", map, (size_t)(cell - map));
  dt_list (w, "interrupt-map-mask", (PINS - 1) << 11, 0, 0, 7);
}

static void
write_ranges (DtWriter *w, const VirtLayout *at)
{
  enum { IO = 0x1000000, MEMORY_32 = 0x2000000, MEMORY_64 = 0x3000000 }; /* phys.hi */
  enum { CELLS = 7 };
  const uint32_t ranges[] = {
    IO,
    DT_CELLS2 (0),
    DT_CELLS2 (at->pio),
    DT_CELLS2 (at->pio_size),
    MEMORY_32,
    DT_CELLS2 (at->mmio),
    DT_CELLS2 (at->mmio),
    DT_CELLS2 (at->mmio_size),
    MEMORY_64,
    DT_CELLS2 (at->high_mmio),
    DT_CELLS2 (at->high_mmio),
    DT_CELLS2 (at->high_mmio_size),
  };

  dt_cells (w, "ranges", ranges, at->high_mmio_size ? 3 * CELLS : 2 * CELLS);
}

void
virt_fdt_write_pci (DtWriter *w, const VirtLayout *at)
{
  dt_begin_at (w, "pci", at->ecam);
  write_interrupt_map (w, at);
  write_ranges (w, at);
  dt_reg (w, at->ecam, at->ecam_size);
  dt_flag (w, "dma-coherent");
  if (w->msi && w->msi_requesters)
    dt_list (w, "msi-map", 0, w->msi, 0, w->msi_requesters);
  else if (w->msi)
    dt_cell (w, "msi-parent", w->msi);
  dt_list (w, "bus-range", 0, (uint32_t)(at->ecam_size >> 20) - 1);
  dt_cell (w, "linux,pci-domain", 0);
  dt_string (w, "device_type", "pci");
  dt_string (w, "compatible", "pci-host-ecam-generic");
  dt_cell (w, "#size-cells", 2);
  dt_cell (w, "#interrupt-cells", 1);
  dt_cell (w, "#address-cells", 3);
  dt_end (w);
}
