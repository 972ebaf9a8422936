/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ACPI tables that boards of all processors have: each function adds one. */

#include "acpi-table.h"

/* Fixed ACPI Description Table, of machines without ACPI's fixed hardware. */
typedef struct {
  uint8_t minor;          /* of ACPI 6's */
  uint16_t arm_boot_arch; /* ACPI_ARM_… */
  uint32_t dsdt;          /* where it is */
} AcpiFadt;
enum { ACPI_ARM_PSCI = 1 << 0, ACPI_ARM_PSCI_HVC = 1 << 1 };
void acpi_add_fadt (AcpiTables *t, const AcpiFadt *fadt);

/* PCI Express configuration space: a megabyte each of bus 0 to the last. */
void acpi_add_mcfg (AcpiTables *t, uint64_t ecam, uint64_t ecam_size);

/* The console: a UART whose registers are words of memory. */
typedef struct {
  uint8_t type; /* ACPI_UART_… */
  uint64_t base;
  uint32_t size, gsi;
  uint8_t interrupt_type; /* SPCR's: ACPI_SPCR_… */
  const char *path;       /* in the namespace */
} AcpiConsole;
enum { ACPI_UART_PL011 = 3 }; /* Microsoft's DBG2, of port type serial; SPCR has the same numbers */
enum { ACPI_SPCR_GIC = 1 << 3, ACPI_SPCR_RISCV = 1 << 4 };
void acpi_add_spcr (AcpiTables *t, const AcpiConsole *console);
void acpi_add_dbg2 (AcpiTables *t, const AcpiConsole *console);

/* Processor topology: CPU n (its ACPI processor UID) is thread n mod `threads` of a core, and so on up. */
void acpi_add_pptt (AcpiTables *t, unsigned cpus, unsigned cores, unsigned threads);
