/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The device tree of Arm's "virt" board. */

#include "virt-arm-map.h"
#include <glib.h>
#include <stdbool.h>

typedef struct {
  VirtLayout layout;
  uint64_t ram_size;
  unsigned cpus;
  uint64_t (*mpidr) (const void *opaque, unsigned cpu);
  const void *opaque;
  const char *cpu_model; /* "cortex-a72" */
  const char *psci;      /* "hvc", "smc", or NULL: firmware answers, which says so itself */
  unsigned gic_version;
  uint64_t redist2; /* where the redistributors are that have no room in the first region */
  bool its, virtualization, secure;
} VirtArmFdtConfig;

/* Never NULL. */
GBytes *virt_arm_fdt_new (const VirtArmFdtConfig *config);
