/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Arm vCPUs of a machine that has RAM and a clock and nothing else; the first is on after reset. */

#include "arm-system.h"
#include "memory.h"

#define VCPUS_RAM      UINT64_C (0x40000000)
#define VCPUS_RAM_SIZE UINT64_C (0x100000)
#define VCPUS_MAX      4

typedef struct {
  MemoryMap *map;
  RamBlock *ram;
  MemoryRegion region;
  Clock *clock;
  unsigned n;
  ArmCpu *arm[VCPUS_MAX];
  Vcpu *thread[VCPUS_MAX]; /* after vcpus_start() */
} Vcpus;

/* `config` has levels and conduit; affinity is 0, 1, … in Aff0. The code is at VCPUS_RAM. The clock stands
 * still at 0. */
Vcpus *vcpus_new (unsigned n, const ArmMachineConfig *config);
void vcpus_free (Vcpus *v);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vcpus, vcpus_free)
/* Threads, which run at once. */
void vcpus_start (Vcpus *v);
void vcpus_pause (Vcpus *v);
void vcpus_resume (Vcpus *v);

/* An interrupt line that is looked at. */
typedef struct {
  gint level, rises; /* atomic */
} Probe;
IrqLine probe_line (Probe *probe);
/* Within five seconds. */
void probe_wait (Probe *probe, bool level);
