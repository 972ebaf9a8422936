/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "acpi-table.h"
#include "virt-arm-acpi.h"

/* ACPI's interrupts are the GIC's INTIDs. */
#define VIRT_ARM_PPI(n) (16 + (n))
#define VIRT_ARM_SPI(n) (32 + (n))
#define VIRT_ARM_ITS_ID 0
#define VIRT_ARM_UART   "COM0"

/* Where it is. */
uint32_t virt_arm_acpi_add_dsdt (AcpiTables *t, const VirtArmAcpiConfig *config);
