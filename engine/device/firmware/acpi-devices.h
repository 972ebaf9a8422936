/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Devices of the namespace that boards of all processors have: to be written within \_SB. */

#include "acpi-aml.h"

void acpi_write_cpus (AmlWriter *w, unsigned cpus); /* processor UIDs are their numbers */
void acpi_write_fw_cfg (AmlWriter *w, uint64_t base, uint64_t size);
/* One bank of flash. */
void acpi_write_flash (AmlWriter *w, unsigned n, uint64_t base, uint64_t size);
/* `n` slots for virtio devices, with interrupts from `gsi` on. */
void acpi_write_virtio (AmlWriter *w, uint64_t base, uint64_t size, unsigned n, uint32_t gsi);

typedef struct {
  uint64_t ecam, ecam_size; /* a megabyte each bus */
  uint64_t mmio, mmio_size;
  uint64_t high_mmio, high_mmio_size; /* or 0 */
  uint64_t pio, pio_size;             /* memory that is PCI's I/O ports from 0 on */
  uint32_t gsi;                       /* of INTA to INTD */
} AcpiPciHost;
/* PCI Express host bridge \_SB.PCI0. Pin P (0 to 3) of slot S is interrupt link (S + P) mod 4. */
void acpi_write_pci_host (AmlWriter *w, const AcpiPciHost *host);
