/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Where a "virt" board has what all of them have. */
typedef struct {
  uint64_t ram;
  uint64_t fw_cfg;
  uint64_t virtio, virtio_size;
  unsigned n_virtio, virtio_irq; /* the first one's; they follow each other */
  uint64_t flash, flash_size;    /* of each of two banks */
  /* PCI Express: I/O ports, memory below 4 GiB and above, configuration space. */
  uint64_t pio, pio_size, mmio, mmio_size, high_mmio, high_mmio_size /* or 0 */, ecam, ecam_size;
  unsigned pcie_irq; /* INTA to INTD */
} VirtLayout;

#define VIRT_FLASH_COUNT 2
