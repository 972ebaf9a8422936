/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What Arm's "virt" board tells firmware of itself: ACPI's and SMBIOS's tables. */

#include "virt-arm-private.h"
#include "smbios.h"
#include "virt-arm-acpi.h"

/* -smp: unless it says something else, all CPUs are cores of one socket. */
typedef struct {
  unsigned sockets, cores, threads;
} Topology;

static Topology
topology (const Machine *machine)
{
  const MachineConfig *c = machine->config;
  const unsigned cpus = machine->priv->cpus;
  Topology t = { .cores = MAX (c->cores, 1), .threads = MAX (c->threads, 1) };

  if (c->cores == 0 && c->sockets == 0)
    t.cores = (cpus + t.threads - 1) / t.threads;
  else if (c->cores == 0)
    t.cores = MAX (cpus / (c->sockets * t.threads), 1);
  t.sockets = (cpus + t.cores * t.threads - 1) / (t.cores * t.threads);
  return t;
}

static uint64_t
cpu_mpidr (const void *opaque, unsigned cpu)
{
  return virt_arm_mpidr (opaque, cpu);
}

static bool
add_acpi (Machine *machine, const Topology *t, GError **error)
{
  const VirtArm *virt = virt_arm_of (machine);
  const VirtArmAcpiConfig config = {
    .layout = virt->common.layout,
    .cpus = machine->priv->cpus,
    .cores = t->cores,
    .threads = t->threads,
    .mpidr = cpu_mpidr,
    .opaque = virt,
    .psci = virt->conduit != ARM_PSCI_NONE,
    .psci_hvc = virt->conduit == ARM_PSCI_HVC,
    .gic_version = virt->gic_version,
    .redist2 = virt->redist2,
    .its = virt->its,
    .virtualization = virt->virtualization,
  };

  return virt_arm_acpi_add (virt->common.fw_cfg, &config, error);
}

static bool
add_smbios (Machine *machine, const Topology *t, GError **error)
{
  const SmbiosConfig config = {
    .product = "Vitrine Virtual Machine",
    .version = machine->board->name,
    .uuid = machine->config->uuid,
    .sockets = t->sockets,
    .cores = t->cores,
    .threads = t->threads,
    .processor_family = SMBIOS_FAMILY_ARMV8,
    .processor_id = arm_cpu_id_register ((const ArmCpu *)machine_cpu (machine, 0), ARM_ID_MIDR),
    .ram_base = ARM_VIRT_RAM_BASE,
    .ram_size = machine->ram->size,
  };

  return smbios_add (virt_common (machine)->fw_cfg, &config, machine->config->smbios, error);
}

bool
virt_arm_add_tables (Machine *machine, GError **error)
{
  const Topology t = topology (machine);

  return (!virt_arm_of (machine)->acpi || add_acpi (machine, &t, error)) && add_smbios (machine, &t, error);
}
