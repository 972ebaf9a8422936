/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "virt-map.h"

uint64_t
virt_high_pcie_base (uint64_t ram_size)
{
  return (VIRT_DRAM_BASE + ram_size + VIRT_HIGH_PCIE_SIZE - 1) & ~(VIRT_HIGH_PCIE_SIZE - 1);
}

VirtLayout
virt_layout (uint64_t ram_size)
{
  return (VirtLayout){
    .ram = VIRT_DRAM_BASE,
    .fw_cfg = VIRT_FW_CFG_BASE,
    .virtio = VIRT_VIRTIO_BASE,
    .virtio_size = VIRT_VIRTIO_SIZE,
    .n_virtio = VIRT_VIRTIO_COUNT,
    .virtio_irq = VIRT_IRQ_VIRTIO,
    .flash = VIRT_FLASH_BASE,
    .flash_size = VIRT_FLASH_SIZE,
    .pio = VIRT_PCIE_PIO_BASE,
    .pio_size = VIRT_PCIE_PIO_SIZE,
    .mmio = VIRT_PCIE_MMIO_BASE,
    .mmio_size = VIRT_PCIE_MMIO_SIZE,
    .high_mmio = virt_high_pcie_base (ram_size),
    .high_mmio_size = VIRT_HIGH_PCIE_SIZE,
    .ecam = VIRT_PCIE_ECAM_BASE,
    .ecam_size = VIRT_PCIE_ECAM_SIZE,
    .pcie_irq = VIRT_IRQ_PCIE,
  };
}
