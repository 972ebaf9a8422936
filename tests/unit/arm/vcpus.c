/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "vcpus.h"
#include <string.h>

Vcpus *
vcpus_new (unsigned n, const ArmMachineConfig *config)
{
  g_autoptr (GError) error = NULL;
  Vcpus *v = g_new0 (Vcpus, 1);

  v->n = n;
  v->clock = clock_new ();
  v->map = memory_map_new (48);
  v->ram = ram_block_new ("ram", VCPUS_RAM_SIZE, &error);
  g_assert_no_error (error);
  v->region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = VCPUS_RAM_SIZE, .ram = v->ram };
  memory_region_map (v->map, &v->region, VCPUS_RAM);
  for (unsigned i = 0; i < n; i++) {
    ArmMachineConfig own = *config;
    v->arm[i] = (ArmCpu *)cpu_new (arm_system_isa (), "max", &error);
    g_assert_no_error (error);
    own.mpidr = i;
    own.rvbar = VCPUS_RAM;
    own.powered_off = i != 0;
    own.clock = v->clock;
    cpu_system_init (&v->arm[i]->cpu, v->map);
    arm_cpu_configure (&v->arm[i]->cpu, &own);
    arm_reset (&v->arm[i]->cpu);
  }
  return v;
}

void
vcpus_free (Vcpus *v)
{
  for (unsigned i = 0; i < v->n; i++)
    vcpu_free (v->thread[i]);
  memory_region_unmap (&v->region); /* the map tells the CPUs */
  for (unsigned i = 0; i < v->n; i++) {
    cpu_system_free (&v->arm[i]->cpu);
    arm_cpu_detach (&v->arm[i]->cpu);
    cpu_free (&v->arm[i]->cpu);
  }
  memory_map_free (v->map);
  ram_block_free (v->ram);
  clock_free (v->clock);
  g_free (v);
}

void
vcpus_start (Vcpus *v)
{
  g_autoptr (GError) error = NULL;
  for (unsigned i = 0; i < v->n; i++) {
    v->thread[i] = vcpu_new (&v->arm[i]->cpu, i, NULL, &error);
    g_assert_no_error (error);
  }
  vcpus_resume (v);
}

void
vcpus_pause (Vcpus *v)
{
  for (unsigned i = 0; i < v->n; i++)
    vcpu_pause (v->thread[i]);
  for (unsigned i = 0; i < v->n; i++)
    vcpu_wait_paused (v->thread[i]);
}

void
vcpus_resume (Vcpus *v)
{
  for (unsigned i = 0; i < v->n; i++)
    vcpu_resume (v->thread[i]);
}

static void
probe_set (void *opaque, unsigned n, bool level)
{
  Probe *probe = opaque;
  if (level && !g_atomic_int_get (&probe->level))
    g_atomic_int_inc (&probe->rises);
  g_atomic_int_set (&probe->level, level);
}

IrqLine
probe_line (Probe *probe)
{
  return (IrqLine){ probe_set, probe, 0 };
}

void
probe_wait (Probe *probe, bool level)
{
  for (unsigned i = 0; i < 5000 && (g_atomic_int_get (&probe->level) != 0) != level; i++)
    g_usleep (1000);
  g_assert_true ((g_atomic_int_get (&probe->level) != 0) == level);
}
