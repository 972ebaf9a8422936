/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A bus of 32 slots with one function each, and its four interrupt pins. */

#include "pci-internal.h"

#include <gio/gio.h>
#include <string.h>

PciBus *
pci_bus_new (const char *name, const PciBusConfig *config)
{
  PciBus *bus = g_new0 (PciBus, 1);
  bus->name = g_strdup (name);
  bus->config = *config;
  g_rw_lock_init (&bus->devices_lock);
  g_mutex_init (&bus->intx_lock);
  return bus;
}

void
pci_bus_free (PciBus *bus)
{
  if (bus == NULL)
    return;
  g_rw_lock_clear (&bus->devices_lock);
  g_mutex_clear (&bus->intx_lock);
  g_free (bus->name);
  g_free (bus);
}

/* The slot that addr names, or -1 and an error. */
static int
parse_addr (PciDevice *pci, GError **error)
{
  char *end;
  const guint64 slot = g_ascii_strtoull (pci->addr, &end, 16);
  const bool function_zero = *end == '\0' || g_str_equal (end, ".0");
  if (end == pci->addr || !g_ascii_isxdigit (pci->addr[0]) || !function_zero || slot >= PCI_SLOT_COUNT) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s: addr=%s is no place on a PCI bus; give a slot from 0 to 1f, optionally followed by .0",
                 pci->dev.path, pci->addr);
    return -1;
  }
  if (pci->bus->devices[slot << 3] != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "%s: slot %s of bus %s is taken by %s; leave addr= out for a free one", pci->dev.path,
                 pci->addr, pci->bus->name, pci->bus->devices[slot << 3]->dev.path);
    return -1;
  }
  return (int)slot;
}

static int
find_slot (PciBus *bus, PciDevice *pci, GError **error)
{
  if (pci->addr != NULL && pci->addr[0] != '\0')
    return parse_addr (pci, error);
  /* Slot 0 is the host bridge's, even if it is not there yet. */
  for (int slot = 1; slot < PCI_SLOT_COUNT; slot++)
    if (bus->devices[slot << 3] == NULL)
      return slot;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "%s: all %u slots of bus %s are taken; remove a device", pci->dev.path, PCI_SLOT_COUNT,
               bus->name);
  return -1;
}

static void
write_ids (PciDevice *pci)
{
  const PciIds *ids = &pci->ids;
  uint8_t *config = pci->config;
  pci_put16 (config + PCI_VENDOR_ID, ids->vendor);
  pci_put16 (config + PCI_DEVICE_ID, ids->device);
  pci_put16 (config + PCI_SUBSYSTEM_VENDOR_ID, ids->subsystem_vendor);
  pci_put16 (config + PCI_SUBSYSTEM_ID, ids->subsystem);
  config[PCI_REVISION_ID] = ids->revision;
  config[PCI_CLASS_PROG] = ids->prog_if;
  pci_put16 (config + PCI_CLASS_DEVICE, ids->class);
  config[PCI_INTERRUPT_PIN] = ids->intx ? 1 : 0;
}

bool
pci_device_plug (PciBus *bus, PciDevice *pci, GError **error)
{
  g_rw_lock_writer_lock (&bus->devices_lock);
  pci->bus = bus;
  const int slot = find_slot (bus, pci, error);
  if (slot >= 0) {
    write_ids (pci);
    pci->devfn = (uint8_t)(slot << 3);
    bus->devices[pci->devfn] = pci;
  } else {
    pci->bus = NULL;
  }
  g_rw_lock_writer_unlock (&bus->devices_lock);
  return slot >= 0;
}

void
pci_device_unplug (PciDevice *pci)
{
  PciBus *bus = pci->bus;
  if (bus == NULL)
    return;
  pci_set_intx (pci, false);
  g_rw_lock_writer_lock (&bus->devices_lock);
  if (bus->devices[pci->devfn] == pci)
    bus->devices[pci->devfn] = NULL;
  g_rw_lock_writer_unlock (&bus->devices_lock);
  bool unmapped = false;
  for (unsigned n = 0; n < PCI_BARS; n++) {
    MemoryRegion *region = pci->bar[n].region;
    if (region != NULL && region->map != NULL) {
      memory_region_unmap (region);
      unmapped = true;
    }
  }
  if (unmapped)
    memory_quiesce (bus->config.map);
  __atomic_store_n (&pci->bus, NULL, __ATOMIC_RELEASE);
}

PciDevice *
pci_bus_device (PciBus *bus, unsigned devfn)
{
  return devfn < G_N_ELEMENTS (bus->devices) ? bus->devices[devfn] : NULL;
}

static void
update_intx_locked (PciBus *bus, PciDevice *pci)
{
  const unsigned pin = (pci->devfn >> 3) % 4; /* INTA of each next slot goes to the next pin */
  const bool disabled = pci_get16 (pci->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
  const bool driven = pci->intx_level && !disabled;
  if (driven != pci->intx_driven) {
    pci->intx_driven = driven;
    bus->intx_drivers[pin] += driven ? 1 : -1;
    if (bus->intx_drivers[pin] == (driven ? 1 : 0))
      irq_set (&bus->config.intx[pin], driven);
  }
}

void
pci_update_intx (PciDevice *pci)
{
  PciBus *bus = pci_bus_of (pci);
  if (bus == NULL || !pci->ids.intx)
    return;
  g_mutex_lock (&bus->intx_lock);
  update_intx_locked (bus, pci);
  g_mutex_unlock (&bus->intx_lock);
}

void
pci_set_intx (PciDevice *pci, bool level)
{
  PciBus *bus = pci_bus_of (pci);
  if (bus == NULL || !pci->ids.intx)
    return;
  g_mutex_lock (&bus->intx_lock);
  __atomic_store_n (&pci->intx_level, level, __ATOMIC_RELAXED);
  update_intx_locked (bus, pci);
  g_mutex_unlock (&bus->intx_lock);
}

static void
print_device (PciDevice *pci, GString *out)
{
  const PciIds *ids = &pci->ids;
  g_string_append_printf (out, "  Bus  0, device %3u, function 0:\n", pci->devfn >> 3);
  g_string_append_printf (out, "    Class %04x: PCI device %04x:%04x\n", ids->class, ids->vendor,
                          ids->device);
  g_string_append_printf (out, "      PCI subsystem %04x:%04x\n", ids->subsystem_vendor, ids->subsystem);
  if (ids->intx)
    g_string_append_printf (out, "      IRQ %u, pin A\n", pci->config[PCI_INTERRUPT_LINE]);
  for (unsigned n = 0; n < PCI_BARS; n++) {
    const MemoryRegion *region = pci->bar[n].region;
    if (region == NULL)
      continue;
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
  g_string_append_printf (out, "      id \"%s\"\n", pci->dev.id != NULL ? pci->dev.id : "");
}

void
pci_bus_print (PciBus *bus, GString *out)
{
  for (unsigned devfn = 0; devfn < G_N_ELEMENTS (bus->devices); devfn++)
    if (bus->devices[devfn] != NULL)
      print_device (bus->devices[devfn], out);
}
