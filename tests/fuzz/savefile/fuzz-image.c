/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Kernels, firmware and device trees as the loader takes them. */

#include "loader.h"
#include "virt-fdt-boot.h"
#include <elf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_BASE UINT64_C (0x80000000)
#define RAM_SIZE (UINT64_C (1) << 20)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
load (const char *path)
{
  static MemoryMap *map;
  static RamBlock *ram;
  static MemoryRegion region;
  LoadedImage image;

  if (map == NULL) {
    map = memory_map_new (56);
    ram = ram_block_new ("ram", RAM_SIZE, NULL);
    region = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE, .ram = ram };
    memory_region_map (map, &region, RAM_BASE);
  }
  for (unsigned i = 0; i < 2; i++) {
    g_autoptr (Loader) loader = loader_new (i ? EM_AARCH64 : EM_RISCV, RAM_BASE, RAM_SIZE);
    if (loader_add_image (loader, "kernel", path, RAM_BASE, &image, NULL))
      loader_load (loader, map, NULL);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) tree = g_bytes_new (data, size);
  char path[64];
  int fd = memfd_create ("fuzz-image", MFD_CLOEXEC);

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd >= 0 && write (fd, data, size) == (ssize_t)size)
    load (path);
  close (fd);
  if (virt_fdt_check (tree, "fuzz", NULL)) {
    g_autoptr (GBytes) boot = virt_fdt_with_boot (tree, "console=ttyS0", 1, 2, NULL);
    g_autoptr (GBytes) seeded = virt_fdt_with_new_seed (boot ? boot : tree);
  }
  return 0;
}
