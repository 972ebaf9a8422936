/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "aclint.h"
#include "aplic.h"
#include "imsic.h"
#include "plic.h"
#include "riscv-cpu.h"
#include "virt-common.h"
#include "virt.h"
#include "virt-fdt.h"

typedef struct {
  VirtCommon common;
  VirtAia aia;
  Plic *plic;     /* or */
  Aplic *aplic;   /* with */
  Imsic **imsics; /* two of each hart, M first; or NULL */
} Virt;

static inline Virt *
virt_of (Machine *machine)
{
  return machine->board_data;
}

/* The CLINT, and what -machine aia= says; afterwards the line of interrupt `n`. */
bool virt_add_interrupt_controllers (Machine *machine, GError **error);
IrqLine virt_irq_line (Machine *machine, unsigned n);

/* Finds and checks firmware, kernel, initial RAM disk and device tree, and plans where they go. */
bool virt_boot_prepare (Machine *machine, GError **error);
