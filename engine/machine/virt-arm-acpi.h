/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ACPI tables of Arm's "virt" board. */

#include "fw-cfg.h"
#include "virt-arm-map.h"

typedef struct {
  VirtLayout layout;
  unsigned cpus, cores /* of a socket */, threads /* of a core */;
  uint64_t (*mpidr) (const void *opaque, unsigned cpu);
  const void *opaque;
  bool psci, psci_hvc; /* somebody answers, and to HVC instead of SMC */
  unsigned gic_version;
  uint64_t redist2; /* where the redistributors are that have no room in the first region */
  bool its, virtualization;
} VirtArmAcpiConfig;

/* The tables and the commands for firmware that wants them. */
bool virt_arm_acpi_add (FwCfg *fw, const VirtArmAcpiConfig *config, GError **error);
