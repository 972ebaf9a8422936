/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What stands in a ResourceTemplate (ACPI 6.5, 6.4), between aml_begin_resources() and aml_end(). */

#include "acpi-aml.h"

void acpi_memory32_fixed (AmlWriter *w, uint32_t base, uint32_t size);

typedef enum { ACPI_IRQ_LEVEL_HIGH = 0, ACPI_IRQ_EDGE = 1 << 1, ACPI_IRQ_SHARED = 1 << 3 } AcpiIrqFlags;
void acpi_interrupt (AmlWriter *w, uint32_t gsi, AcpiIrqFlags flags);

/* What a bridge passes on: addresses from `base` on, which are `offset` less on its other side. In the
 * smallest form that holds them. */
typedef enum { ACPI_RANGE_MEMORY = 0, ACPI_RANGE_IO = 1, ACPI_RANGE_BUS = 2 } AcpiRangeKind;
void acpi_range (AmlWriter *w, AcpiRangeKind kind, uint64_t base, uint64_t size, uint64_t offset);
/* Memory above 4 GiB that a device has for itself. */
void acpi_memory_fixed (AmlWriter *w, uint64_t base, uint64_t size);
