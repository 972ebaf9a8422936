/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the monitor shows of the buses. */

#include "pci-internal.h"

static void
print_window (const char *name, PciWindow window, int digits, GString *out)
{
  g_string_append_printf (out, "      %s range [0x%0*" PRIx64 ", 0x%0*" PRIx64 "]%s\n", name, digits,
                          window.base, digits, window.limit, window.base > window.limit ? ", closed" : "");
}

static void
print_bridge (const PciDevice *pci, GString *out)
{
  g_string_append_printf (out,
                          "      BUS %u.\n"
                          "      secondary bus %u.\n"
                          "      subordinate bus %u.\n",
                          pci->config[PCI_PRIMARY_BUS], pci->config[PCI_SECONDARY_BUS],
                          pci->config[PCI_SUBORDINATE_BUS]);
  print_window ("IO", pci_bridge_io_window (pci), 4, out);
  print_window ("memory", pci_bridge_memory_window (pci), 8, out);
  print_window ("prefetchable memory", pci_bridge_prefetchable_window (pci), 8, out);
}

static void
print_bar (const PciDevice *pci, unsigned n, GString *out)
{
  const MemoryRegion *region = pci->bar[n].region;
  const uint8_t type = pci->bar[n].type;
  const char *kind = type & PCI_BASE_ADDRESS_SPACE_IO      ? "I/O"
                     : type & PCI_BASE_ADDRESS_MEM_TYPE_64 ? "64 bit"
                                                           : "32 bit";
  g_string_append_printf (out, "      BAR%u: %s%s %s", n, kind,
                          type & PCI_BASE_ADDRESS_MEM_PREFETCH ? " prefetchable" : "",
                          type & PCI_BASE_ADDRESS_SPACE_IO ? "ports" : "memory");
  if (region->map != NULL)
    g_string_append_printf (out, " at 0x%08" PRIx64 " [0x%08" PRIx64 "].\n", region->base,
                            region->base + region->size - 1);
  else
    g_string_append_printf (out, " of 0x%" PRIx64 " bytes, not mapped.\n", region->size);
}

static void
print_device (const PciDevice *pci, GString *out)
{
  const PciIds *ids = &pci->ids;
  g_string_append_printf (out, "  Bus %2u, device %3u, function %u:\n", pci_bus_number (pci->bus),
                          pci->devfn >> 3, pci->devfn & 7);
  if (pci->secondary != NULL)
    g_string_append_printf (out, "    PCI bridge: PCI device %04x:%04x\n", ids->vendor, ids->device);
  else
    g_string_append_printf (out, "    Class %04x: PCI device %04x:%04x\n      PCI subsystem %04x:%04x\n",
                            ids->class, ids->vendor, ids->device, ids->subsystem_vendor, ids->subsystem);
  if (ids->intx)
    g_string_append_printf (out, "      IRQ %u, pin A\n", pci->config[PCI_INTERRUPT_LINE]);
  if (pci->secondary != NULL)
    print_bridge (pci, out);
  for (unsigned n = 0; n < PCI_BARS; n++)
    if (pci->bar[n].region != NULL)
      print_bar (pci, n, out);
  g_string_append_printf (out, "      id \"%s\"\n", pci->dev.id != NULL ? pci->dev.id : "");
}

void
pci_bus_print (PciBus *bus, GString *out)
{
  for (unsigned devfn = 0; devfn < G_N_ELEMENTS (bus->devices); devfn++)
    if (bus->devices[devfn] != NULL)
      print_device (bus->devices[devfn], out);
  for (unsigned devfn = 0; devfn < G_N_ELEMENTS (bus->devices); devfn++)
    if (bus->devices[devfn] != NULL && bus->devices[devfn]->secondary != NULL)
      pci_bus_print (bus->devices[devfn]->secondary, out);
}
