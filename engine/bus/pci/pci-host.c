/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The generic ECAM host bridge: configuration space as memory, 4 KiB per function. */

#include "pci-internal.h"

#include <gio/gio.h>

#define ECAM_SIZE (UINT64_C (256) << 20)

static uint64_t
all_ones (unsigned size)
{
  return UINT64_MAX >> (64 - 8 * size);
}

/* With the bus's devices_lock. */
static PciDevice *
function_at (PciHost *host, uint64_t offset)
{
  PciBus *bus = pci_bus_numbered (host->bus, (unsigned)(offset >> 20));
  return bus != NULL ? pci_bus_device (bus, offset >> 12 & 0xff) : NULL;
}

static uint64_t
ecam_read (void *opaque, uint64_t offset, unsigned size)
{
  PciHost *host = opaque;
  const unsigned reg = (unsigned)(offset & 0xfff);
  uint64_t value = all_ones (size);
  if (pci_in_message ())
    return value;
  g_rw_lock_reader_lock (&host->bus->devices_lock);
  PciDevice *pci = function_at (host, offset);
  if (pci != NULL) {
    value = pci_config_read (pci, reg, MIN (size, 4));
    if (size == 8)
      value |= (uint64_t)pci_config_read (pci, reg + 4, 4) << 32;
  }
  g_rw_lock_reader_unlock (&host->bus->devices_lock);
  return value;
}

static void
ecam_write (void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
  PciHost *host = opaque;
  const unsigned reg = (unsigned)(offset & 0xfff);
  if (pci_in_message ())
    return;
  g_rw_lock_reader_lock (&host->bus->devices_lock);
  PciDevice *pci = function_at (host, offset);
  if (pci != NULL) {
    pci_config_write (pci, reg, MIN (size, 4), (uint32_t)value);
    if (size == 8)
      pci_config_write (pci, reg + 4, 4, (uint32_t)(value >> 32));
  }
  g_rw_lock_reader_unlock (&host->bus->devices_lock);
}

static const MmioOps ecam_ops = { .read = ecam_read, .write = ecam_write, .min_size = 1, .max_size = 8 };

static void
root_init (Device *dev)
{
  ((PciDevice *)dev)->ids = (PciIds){
    .vendor = 0x1b36, .device = 0x0008, .subsystem_vendor = 0x1af4, .subsystem = 0x1100, .class = 0x0600
  };
}

/* The function by which guests know the bridge; it does nothing. */
static const DeviceClass pci_root_class = {
  .name = "gpex-root",
  .bus = "PCI",
  .category = "Controller/Bridge/Hub devices",
  .help = "the generic PCI Express host bridge's own function",
  .size = sizeof (PciDevice),
  .base = &pci_device_class,
  .init = root_init,
};

static void
host_init (Device *dev)
{
  PciHost *host = (PciHost *)dev;
  host->ecam = (MemoryRegion){
    .name = "pcie-mmcfg-mmio", .kind = MEMORY_MMIO, .size = ECAM_SIZE, .ops = &ecam_ops, .opaque = host
  };
}

static bool
host_realize (Device *dev, GError **error)
{
  PciHost *host = (PciHost *)dev;
  if (host->bus == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: the host bridge has no bus; it belongs to a board", dev->path);
    return false;
  }
  g_autofree char *path = g_strconcat (dev->path, "/root", NULL);
  PciDevice *root = (PciDevice *)device_new (&pci_root_class, path);
  root->addr = g_strdup ("0");
  root->bus = host->bus;
  device_add_child (dev, &root->dev);
  return device_realize (&root->dev, error);
}

const DeviceClass pci_host_class = {
  .name = "gpex-pcihost",
  .bus = "system",
  .category = "Controller/Bridge/Hub devices",
  .help = "generic PCI Express host bridge",
  .size = sizeof (PciHost),
  .init = host_init,
  .realize = host_realize,
};
