/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the "virt" boards do alike to start a guest. */

#include "virt-common.h"
#include "virt-fdt-boot.h"
#include <gio/gio.h>
#include <string.h>

#define MIB   (UINT64_C (1) << 20)
#define ALIGN (2 * MIB) /* of 64-bit kernels, and what they map at once */
/* 32-bit devices and code of early boot stages reach no further. */
#define FDT_END (UINT64_C (3) << 30)
/* Firmware adds to the tree where it lies. */
#define FDT_ROOM (64 * UINT64_C (1024))

bool
virt_check_kernel_options (const MachineConfig *config, GError **error)
{
  if (config->kernel || !(config->initrd || config->append))
    return true;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s needs a kernel: give one with -kernel",
               config->initrd ? "-initrd" : "-append");
  return false;
}

bool
virt_hand_to_firmware (Machine *machine, GError **error)
{
  static const struct {
    uint16_t size_key, data_key;
  } keys[] = { { FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA }, { FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA } };
  const MachineConfig *config = machine->config;
  const char *const paths[] = { config->kernel, config->initrd };
  FwCfg *fw = virt_common (machine)->fw_cfg;

  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (paths[i] == NULL)
      continue;
    g_autoptr (GMappedFile) file = g_mapped_file_new (paths[i], FALSE, error);
    if (file && g_mapped_file_get_length (file) > UINT32_MAX)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "'%s' is larger than firmware can be given: 4 GiB",
                   paths[i]);
    if (file == NULL || g_mapped_file_get_length (file) > UINT32_MAX)
      return false;
    g_autoptr (GBytes) content = g_mapped_file_get_bytes (file);
    fw_cfg_add_u32 (fw, keys[i].size_key, (uint32_t)g_bytes_get_size (content));
    fw_cfg_add_bytes (fw, keys[i].data_key, content);
  }
  if (config->append) {
    fw_cfg_add_u32 (fw, FW_CFG_CMDLINE_SIZE, (uint32_t)strlen (config->append) + 1);
    fw_cfg_add_string (fw, FW_CFG_CMDLINE_DATA, config->append);
  }
  return true;
}

bool
virt_add_initrd (Machine *machine, const LoadedImage *kernel, LoadedImage *ret, GError **error)
{
  /* Far enough from the kernel for it to unpack itself, near enough for machines with little memory. */
  uint64_t start = kernel->low + MIN (machine->ram->size / 2, 512 * MIB);

  start = MAX (start, (kernel->high + ALIGN - 1) & ~(ALIGN - 1));
  return loader_add_raw (virt_common (machine)->loader, "initial RAM disk", machine->config->initrd, start,
                         ret, error);
}

uint64_t
virt_high_fdt_address (Machine *machine, uint64_t size)
{
  const Loader *loader = virt_common (machine)->loader;
  const uint64_t base = virt_common (machine)->layout.ram;
  const uint64_t top = MIN (base + machine->ram->size, FDT_END);

  if (top - base < size + FDT_ROOM)
    return base;
  uint64_t address = MAX ((top - size - FDT_ROOM) & ~(ALIGN - 1), base), end;
  /* At the base there is no room for it, and the loader says so. */
  if (address == base || loader_is_free (loader, address, size))
    return address;
  /* Something was linked to be there. */
  loader_free_range (loader, &address, &end);
  return end - address < size ? address : (end - size) & ~UINT64_C (7);
}

void
virt_note_free_ram (Machine *machine)
{
  loader_free_range (virt_common (machine)->loader, &machine->priv->free_ram_start,
                     &machine->priv->free_ram_end);
}

GBytes *
virt_read_dtb (const char *path, GError **error)
{
  char *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, error)) {
    g_prefix_error (error, "-dtb: ");
    return NULL;
  }
  g_autoptr (GBytes) fdt = g_bytes_new_take (data, size);
  return virt_fdt_check (fdt, path, error) ? g_steal_pointer (&fdt) : NULL;
}

bool
virt_finish_fdt (Machine *machine, GBytes *base, const char *append, const LoadedImage *initrd,
                 GError **error)
{
  const MachineConfig *config = machine->config;
  VirtCommon *virt = virt_common (machine);

  virt->fdt = virt_fdt_with_boot (base, append, initrd ? initrd->low : 0, initrd ? initrd->high : 0, error);
  if (virt->fdt == NULL)
    return false;
  gsize size;
  const char *data = g_bytes_get_data (virt->fdt, &size);
  if (config->dumpdtb && !g_file_set_contents (config->dumpdtb, data, (gssize)size, error)) {
    g_prefix_error (error, "-machine dumpdtb: ");
    return false;
  }
  return true;
}

void
virt_load (Machine *machine)
{
  VirtCommon *virt = virt_common (machine);
  g_autoptr (GBytes) fdt = virt_fdt_with_new_seed (virt->fdt);
  g_autoptr (GError) error = NULL;

  virt_set_bootorder (machine);
  loader_replace_bytes (virt->loader, VIRT_FDT_NAME, fdt);
  if (!loader_load (virt->loader, machine->memory, &error)) {
    g_printerr ("The machine cannot be started: %s\n", error->message);
    machine_request_stop (machine, MACHINE_IO_ERROR);
  }
  virt_set_loader_starts (machine);
}
