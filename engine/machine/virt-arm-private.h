/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "arm-machine.h"
#include "gic-its.h"
#include "gicv2.h"
#include "gicv2m.h"
#include "gpio-key.h"
#include "virt-arm.h"
#include "virt-arm-map.h"
#include "virt-common.h"

typedef struct {
  VirtCommon common;
  /* -machine. */
  unsigned gic_version; /* 2 or 3 */
  bool its, virtualization, secure, acpi;
  bool highmem, highmem_ecam, highmem_mmio, highmem_redists;
  /* What follows from it. */
  unsigned pa_bits;
  uint64_t redist2; /* where the second redistributors are */
  unsigned cluster; /* CPUs that one Aff1 has */
  ArmConduit conduit;
  ArmPsciHooks psci;
  GicV2 *gicv2; /* or */
  Gicv3 *gicv3; /* with */
  GicIts *its_device;
  GpioKey *power_key;
  /* How the guest is started. */
  bool has_firmware;            /* in flash */
  GBytes *firmware, *variables; /* what the banks of flash have at each reset unless a drive says, or NULL */
  bool has_entry;
  uint64_t entry; /* of the first CPU, if it is not the reset vector */
  uint64_t fdt;   /* where the device tree is */
} VirtArm;

static inline VirtArm *
virt_arm_of (Machine *machine)
{
  return machine->board_data;
}

/* Affinity of a CPU: Aff1 and Aff0. */
uint64_t virt_arm_mpidr (const VirtArm *virt, unsigned cpu);

/* Reads -machine's options, then what follows from them and the CPUs. */
bool virt_arm_read_options (Machine *machine, GError **error);
/* Where things above RAM are, for CPUs that address `pa_bits`. */
bool virt_arm_set_layout (Machine *machine, uint64_t ram_size, GError **error);

/* The GIC, the CPUs' lines to it, and who takes messages; afterwards the line of shared peripheral interrupt
 * `n`. */
bool virt_arm_add_interrupt_controllers (Machine *machine, GError **error);
IrqLine virt_arm_irq_line (Machine *machine, unsigned n);
bool virt_arm_add_pci (Machine *machine, GError **error);

/* Finds firmware, before the CPUs exist: whether there is any says who answers PSCI's calls. */
bool virt_arm_find_firmware (Machine *machine, GError **error);
/* ACPI and SMBIOS for firmware. */
bool virt_arm_add_tables (Machine *machine, GError **error);
bool virt_arm_boot_prepare (Machine *machine, GError **error);
void virt_arm_reset (Machine *machine);
