/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the device tree share. */

#include "fdt-writer.h"
#include "virt-fdt-devices.h"
#include "virt-fdt.h"
#include "virt-map.h"

/* Phandles: each hart's and its own interrupt controller's, then the rest. */
#define VIRT_CPU_PHANDLE(hart)  (1 + 2 * (hart))
#define VIRT_INTC_PHANDLE(hart) (2 + 2 * (hart))

/* The CLINT, and the PLIC or the APLICs with their IMSICs. */
void virt_fdt_write_interrupts (DtWriter *w, const VirtFdtConfig *config);
