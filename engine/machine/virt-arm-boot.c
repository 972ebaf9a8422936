/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How Arm's "virt" board starts: firmware in flash, or a kernel by Linux's
 * Documentation/arch/arm64/booting.rst, and the device tree for either. */

#include "virt-arm-private.h"
#include "virt-arm-fdt.h"
#include "firmware.h"
#include "loader-file.h"
#include <elf.h>
#include <gio/gio.h>
#include <string.h>

#define DEFAULT_FIRMWARE  "AAVMF_CODE.fd"
#define DEFAULT_VARIABLES "AAVMF_VARS.fd"

/* The file, which has to fit into a bank of flash: that is zeroes behind it, like most of such files, so that
 * these are not kept. */
static GBytes *
read_flash_file (const char *option, const char *path, GError **error)
{
  g_autoptr (LoaderFile) file = loader_file_open (option, path, false, ARM_VIRT_FLASH_SIZE, error);

  if (file == NULL)
    return NULL;
  if (file->size > ARM_VIRT_FLASH_SIZE) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "%s: '%s' is larger than the flash it goes to: %" G_GUINT64_FORMAT " MiB", option, path,
                 ARM_VIRT_FLASH_SIZE >> 20);
    return NULL;
  }
  gsize size = file->size;
  g_autofree char *data = g_malloc (size);
  if (!loader_file_read (file, 0, data, size, error))
    return NULL;
  while (size > 1 && data[size - 1] == 0)
    size--;
  return g_bytes_new_take (g_realloc (g_steal_pointer (&data), size), size);
}

/* A machine with disks and no more said gets the firmware that boots them, with variables that last as long
 * as it. */
static bool
find_default_firmware (VirtArm *virt, GError **error)
{
  g_autofree char *code = firmware_find (DEFAULT_FIRMWARE, error);
  g_autofree char *variables = firmware_find (DEFAULT_VARIABLES, NULL);

  if (code)
    virt->firmware = read_flash_file ("firmware", code, error);
  if (virt->firmware && variables)
    virt->variables = read_flash_file ("firmware", variables, error);
  return virt->firmware && (virt->variables || variables == NULL);
}

bool
virt_arm_find_firmware (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  const char *bios = config->bios;
  VirtArm *virt = virt_arm_of (machine);
  Drive *drive;

  if (!virt_check_kernel_options (config, error) || !virt_find_flash_drive (machine, 0, &drive, error))
    return false;
  if (drive && bios && strcmp (bios, "none") != 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-bios %s: the first flash bank has the content of a drive already; leave one of them out",
                 bios);
    return false;
  }
  if (drive)
    virt->has_firmware = true;
  else if (bios && strcmp (bios, "none") == 0)
    virt->has_firmware = false;
  else if (bios && strcmp (bios, "default") != 0) {
    g_autofree char *path = firmware_find (bios, error);
    virt->has_firmware = path && (virt->firmware = read_flash_file ("-bios", path, error)) != NULL;
    if (!virt->has_firmware)
      return false;
  } else if ((config->kernel == NULL && !virt_loader_starts_machine (machine)) || bios) {
    virt->has_firmware = find_default_firmware (virt, error);
    if (!virt->has_firmware)
      return false;
  }
  if (!virt->has_firmware && config->kernel == NULL && !virt_loader_starts_machine (machine)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "there is nothing to start: give firmware with -bios or a kernel with -kernel");
    return false;
  }
  /* What is started at EL3 answers PSCI's calls itself. */
  if (!virt->secure)
    virt->conduit = virt->virtualization ? ARM_PSCI_SMC : ARM_PSCI_HVC;
  return true;
}

static uint64_t
cpu_mpidr (const void *opaque, unsigned cpu)
{
  return virt_arm_mpidr (opaque, cpu);
}

static GBytes *
base_fdt (Machine *machine, GError **error)
{
  static const char *const methods[] = {
    [ARM_PSCI_NONE] = NULL, [ARM_PSCI_HVC] = "hvc", [ARM_PSCI_SMC] = "smc"
  };
  const MachineConfig *config = machine->config;
  const VirtArm *virt = virt_arm_of (machine);

  if (config->dtb)
    return virt_read_dtb (config->dtb, error);
  const char *cpu = config->cpu_model ? config->cpu_model : machine->board->default_cpu;
  g_autofree char *model = g_strndup (cpu, strcspn (cpu, ","));
  return virt_arm_fdt_new (&(VirtArmFdtConfig){
      .layout = virt->common.layout,
      .ram_size = machine->ram->size,
      .cpus = machine->priv->cpus,
      .mpidr = cpu_mpidr,
      .opaque = virt,
      .cpu_model = model,
      .psci = methods[virt->conduit],
      .gic_version = virt->gic_version,
      .redist2 = virt->redist2,
      .its = virt->its,
      .virtualization = virt->virtualization,
      .secure = virt->secure,
  });
}

static bool
plan_kernel (Machine *machine, LoadedImage *kernel, LoadedImage *initrd, GError **error)
{
  VirtArm *virt = virt_arm_of (machine);
  const MachineConfig *config = machine->config;

  if (!loader_add_image (virt->common.loader, "kernel", config->kernel, ARM_VIRT_RAM_BASE, kernel, error))
    return false;
  if (virt->secure && kernel->linux_image) {
    g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "-machine secure=on: Linux cannot be started in secure state; give firmware that does it with -bios, "
        "or leave secure=on out");
    return false;
  }
  virt->has_entry = true;
  virt->entry = kernel->entry;
  return config->initrd == NULL || virt_add_initrd (machine, kernel, initrd, error);
}

/* Where firmware and programs without an operating system look for it: at the beginning of RAM, if nothing
 * else is there. */
static uint64_t
fdt_address (Machine *machine, uint64_t size)
{
  if (loader_is_free (virt_common (machine)->loader, ARM_VIRT_RAM_BASE, size))
    return ARM_VIRT_RAM_BASE;
  return virt_high_fdt_address (machine, size);
}

bool
virt_arm_boot_prepare (Machine *machine, GError **error)
{
  const MachineConfig *config = machine->config;
  VirtArm *virt = virt_arm_of (machine);
  VirtCommon *common = &virt->common;
  LoadedImage kernel = { 0 }, initrd = { 0 };

  common->loader = loader_new (EM_AARCH64, ARM_VIRT_RAM_BASE, machine->ram->size);
  if (virt->firmware &&
      !loader_add_bytes (common->loader, "firmware", virt->firmware, ARM_VIRT_FLASH_BASE, error))
    return false;
  if (virt->variables && common->flash[1] == NULL &&
      !loader_add_bytes (common->loader, "firmware's variables", virt->variables,
                         ARM_VIRT_FLASH_BASE + ARM_VIRT_FLASH_SIZE, error))
    return false;
  if (config->kernel && !(virt->has_firmware ? virt_hand_to_firmware (machine, error)
                                             : plan_kernel (machine, &kernel, &initrd, error)))
    return false;
  if (!virt_add_loader_devices (machine, error))
    return false;
  g_autoptr (GBytes) base = base_fdt (machine, error);
  if (base == NULL || !virt_finish_fdt (machine, base, kernel.high ? config->append : NULL, &initrd, error))
    return false;
  virt->fdt = fdt_address (machine, g_bytes_get_size (common->fdt));
  if (!loader_add_bytes (common->loader, VIRT_FDT_NAME, common->fdt, virt->fdt, error))
    return false;
  virt_note_free_ram (machine);
  return true;
}

void
virt_arm_reset (Machine *machine)
{
  const VirtArm *virt = virt_arm_of (machine);

  if (virt->has_entry)
    arm_cpu_set_entry (machine_cpu (machine, 0), virt->entry, (const uint64_t[4]){ virt->fdt });
  virt_load (machine);
}
