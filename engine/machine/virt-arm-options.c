/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -machine virt,…: what the board is to have, and where it finds room for that. */

#include "virt-arm-private.h"
#include "suggest.h"
#include <string.h>

#define GIB (UINT64_C (1) << 30)

static bool
read_gic_version (Machine *machine, GError **error)
{
  static const char *const names[] = { "2", "3", "max", NULL };
  const char *text = machine_option (machine, "gic-version");
  VirtArm *virt = virt_arm_of (machine);

  virt->gic_version = text == NULL || strcmp (text, "2") == 0 ? 2 : 3;
  virt->cluster = virt->gic_version == 2 ? 8 : 16;
  if (text && !g_strv_contains (names, text)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-machine virt: gic-version=%s is none of 2, 3, max%s", text,
                 strcmp (text, "host") == 0
                     ? "; the host's is for machines that the host's processor runs itself"
                     : "");
    return false;
  }
  if (virt->gic_version == 2 && machine->priv->cpus > 8) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smp: a GICv2 serves 8 CPUs, not %u; use -machine virt,gic-version=3", machine->priv->cpus);
    return false;
  }
  return true;
}

bool
virt_arm_read_options (Machine *machine, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  const struct {
    const char *name;
    bool initial, *value;
  } flags[] = {
    { "its", true, &virt->its },
    { "virtualization", false, &virt->virtualization },
    { "secure", false, &virt->secure },
    { "acpi", true, &virt->acpi },
    { "highmem", true, &virt->highmem },
    { "highmem-ecam", true, &virt->highmem_ecam },
    { "highmem-mmio", true, &virt->highmem_mmio },
    { "highmem-redists", true, &virt->highmem_redists },
  };

  if (!read_gic_version (machine, error))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS (flags); i++)
    if (!machine_option_bool (machine, flags[i].name, flags[i].initial, flags[i].value, error))
      return false;
  virt->its &= virt->gic_version == 3;
  virt->highmem_ecam &= virt->highmem;
  virt->highmem_mmio &= virt->highmem;
  virt->highmem_redists &= virt->highmem;
  if (machine->priv->cpus > ARM_VIRT_GIC_REDIST_CPUS && !virt->highmem_redists) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-smp: below 4 GiB the GIC has room for %u CPUs, not %u; leave highmem=off and "
                 "highmem-redists=off out",
                 ARM_VIRT_GIC_REDIST_CPUS, machine->priv->cpus);
    return false;
  }
  return true;
}

uint64_t
virt_arm_mpidr (const VirtArm *virt, unsigned cpu)
{
  return (uint64_t)(cpu / virt->cluster) << 8 | cpu % virt->cluster;
}

static uint64_t
round_up (uint64_t value, uint64_t size)
{
  return (value + size - 1) & ~(size - 1);
}

/* The regions above RAM, in their order, each aligned to its size. */
static void
place_high_regions (VirtArm *virt, uint64_t ram_size)
{
  VirtLayout *at = &virt->common.layout;
  uint64_t base = MAX (ARM_VIRT_HIGH_BASE, round_up (ARM_VIRT_RAM_BASE + ram_size, GIB));

  virt->redist2 = round_up (base, ARM_VIRT_GIC_REDIST2_SIZE);
  base = round_up (virt->redist2 + ARM_VIRT_GIC_REDIST2_SIZE, ARM_VIRT_HIGH_ECAM_SIZE);
  if (virt->highmem_ecam) {
    at->ecam = base;
    at->ecam_size = ARM_VIRT_HIGH_ECAM_SIZE;
  }
  base = round_up (base + ARM_VIRT_HIGH_ECAM_SIZE, ARM_VIRT_HIGH_PCIE_SIZE);
  if (virt->highmem_mmio && base + ARM_VIRT_HIGH_PCIE_SIZE <= UINT64_C (1) << virt->pa_bits) {
    at->high_mmio = base;
    at->high_mmio_size = ARM_VIRT_HIGH_PCIE_SIZE;
  }
}

bool
virt_arm_set_layout (Machine *machine, uint64_t ram_size, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  uint64_t end = virt->highmem ? UINT64_C (1) << virt->pa_bits : 4 * GIB, max = end - ARM_VIRT_RAM_BASE;

  /* Beyond RAM there is to be room for what lies there always. */
  if (virt->highmem)
    max -= GIB;
  if (ram_size > max) {
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "-m: there is room for %" G_GUINT64_FORMAT " GiB of memory below %" G_GUINT64_FORMAT " GiB%s",
        max / GIB, end / GIB,
        virt->highmem ? ", the end of what this CPU can address" : "; for more leave highmem=off out");
    return false;
  }
  virt->common.layout = (VirtLayout){
    .ram = ARM_VIRT_RAM_BASE,
    .fw_cfg = ARM_VIRT_FW_CFG_BASE,
    .virtio = ARM_VIRT_VIRTIO_BASE,
    .virtio_size = ARM_VIRT_VIRTIO_SIZE,
    .n_virtio = ARM_VIRT_VIRTIO_COUNT,
    .virtio_irq = ARM_VIRT_IRQ_VIRTIO,
    .flash = ARM_VIRT_FLASH_BASE,
    .flash_size = ARM_VIRT_FLASH_SIZE,
    .pio = ARM_VIRT_PCIE_PIO_BASE,
    .pio_size = ARM_VIRT_PCIE_PIO_SIZE,
    .mmio = ARM_VIRT_PCIE_MMIO_BASE,
    .mmio_size = ARM_VIRT_PCIE_MMIO_SIZE,
    .ecam = ARM_VIRT_PCIE_ECAM_BASE,
    .ecam_size = ARM_VIRT_PCIE_ECAM_SIZE,
    .pcie_irq = ARM_VIRT_IRQ_PCIE,
  };
  place_high_regions (virt, ram_size);
  return true;
}
