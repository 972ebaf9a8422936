/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a boot adds to a device tree, ours or the user's: /chosen. */

#include "virt-fdt-boot.h"

#include <gio/gio.h>
#include <libfdt.h>
#include <string.h>
#include <sys/random.h>

/* Room for what is added to a tree: two addresses and names beside the boot arguments. */
#define BOOT_ROOM   1024
#define LARGEST_FDT (16 << 20)

bool
virt_fdt_check (GBytes *fdt, const char *path, GError **error)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);

  if (size <= LARGEST_FDT && size >= sizeof (struct fdt_header) && fdt_check_full (data, size) == 0)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "'%s' is not a device tree, or is damaged; make one with dtc, or leave -dtb out", path);
  return false;
}

static int
set_chosen (void *tree, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end)
{
  uint8_t seed[VIRT_SEED_SIZE];
  int chosen = fdt_path_offset (tree, "/chosen"), status = 0;

  if (chosen < 0)
    chosen = fdt_add_subnode (tree, 0, "chosen");
  if (chosen < 0)
    return chosen;
  if (bootargs)
    status = fdt_setprop_string (tree, chosen, "bootargs", bootargs);
  if (status == 0 && initrd_end) {
    status = fdt_setprop_u64 (tree, chosen, "linux,initrd-start", initrd_start);
    if (status == 0)
      status = fdt_setprop_u64 (tree, chosen, "linux,initrd-end", initrd_end);
  }
  if (status == 0 && getrandom (seed, sizeof seed, 0) == sizeof seed)
    status = fdt_setprop (tree, chosen, "rng-seed", seed, sizeof seed);
  return status;
}

GBytes *
virt_fdt_with_boot (GBytes *fdt, const char *bootargs, uint64_t initrd_start, uint64_t initrd_end,
                    GError **error)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);
  size_t room = size + BOOT_ROOM + (bootargs ? strlen (bootargs) : 0);
  void *tree = g_malloc (room);
  int status = fdt_open_into (data, tree, (int)room);

  if (status == 0)
    status = set_chosen (tree, bootargs, initrd_start, initrd_end);
  if (status == 0)
    status = fdt_pack (tree);
  if (status < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "the device tree cannot be given the kernel's arguments: %s", fdt_strerror (status));
    g_free (tree);
    return NULL;
  }
  return g_bytes_new_take (tree, fdt_totalsize (tree));
}

static void
set_seed (void *tree, const char *name)
{
  int length = 0;
  uint8_t *seed = fdt_getprop_w (tree, fdt_path_offset (tree, "/chosen"), name, &length);

  /* Without random numbers the old seed stays: the guest credits it no more than that. */
  if (seed && length > 0 && length <= 256 && getrandom (seed, (size_t)length, 0) != length)
    g_info ("no random numbers for %s", name);
}

GBytes *
virt_fdt_with_new_seed (GBytes *fdt)
{
  size_t size;
  const void *data = g_bytes_get_data (fdt, &size);
  void *tree = g_memdup2 (data, size);

  set_seed (tree, "rng-seed");
  set_seed (tree, "kaslr-seed");
  return g_bytes_new_take (tree, size);
}
