/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fdt-writer.h"
#include "virt-arm-fdt.h"

/* Phandles: each CPU's, then the rest. */
typedef struct {
  uint32_t clock, gpio, secure_gpio;
} VirtArmPhandles;

/* The GIC with what takes messages, the timers, and the PMU. */
void virt_arm_fdt_write_interrupts (DtWriter *w, const VirtArmFdtConfig *config);
