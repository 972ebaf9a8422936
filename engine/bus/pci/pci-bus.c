/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Buses: their slots with one function each, and the four interrupt pins at the root. */

#include "pci-internal.h"

#include <gio/gio.h>
#include <string.h>

PciBus *
pci_bus_new (const char *name, const PciBusConfig *config)
{
  PciBus *bus = g_new0 (PciBus, 1);
  bus->name = g_strdup (name);
  bus->config = *config;
  bus->root = bus;
  bus->slots = PCI_SLOT_COUNT;
  g_rw_lock_init (&bus->devices_lock);
  g_mutex_init (&bus->intx_lock);
  return bus;
}

PciBus *
pci_bus_new_secondary (PciDevice *bridge, const char *name, unsigned slots)
{
  PciBus *bus = pci_bus_new (name, &bridge->bus->config);
  bus->root = bridge->bus->root;
  bus->bridge = bridge;
  bus->slots = slots;
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

const char *
pci_bus_name (const PciBus *bus)
{
  return bus->name;
}

PciDevice *
pci_bus_bridge (const PciBus *bus)
{
  return bus->bridge;
}

unsigned
pci_bus_number (const PciBus *bus)
{
  return bus->bridge != NULL ? __atomic_load_n (&bus->bridge->config[PCI_SECONDARY_BUS], __ATOMIC_ACQUIRE)
                             : 0;
}

PciBus *
pci_bus_find (PciBus *root, const char *name)
{
  if (g_str_equal (root->name, name))
    return root;
  for (unsigned devfn = 0; devfn < G_N_ELEMENTS (root->devices); devfn++) {
    const PciDevice *pci = root->devices[devfn];
    PciBus *found = pci != NULL && pci->secondary != NULL ? pci_bus_find (pci->secondary, name) : NULL;
    if (found != NULL)
      return found;
  }
  return NULL;
}

/* The bus behind that bridge of `bus` which takes requests for the number, or NULL. */
static PciBus *
next_towards (const PciBus *bus, unsigned number)
{
  for (unsigned devfn = 0; devfn < G_N_ELEMENTS (bus->devices); devfn++) {
    const PciDevice *pci = bus->devices[devfn];
    if (pci != NULL && pci->secondary != NULL && !__atomic_load_n (&pci->secondary->down, __ATOMIC_ACQUIRE) &&
        number >= pci_bus_number (pci->secondary) &&
        number <= __atomic_load_n (&pci->config[PCI_SUBORDINATE_BUS], __ATOMIC_ACQUIRE))
      return pci->secondary;
  }
  return NULL;
}

PciBus *
pci_bus_numbered (PciBus *root, unsigned number)
{
  PciBus *bus = root;
  if (number == 0)
    return root;
  do
    bus = next_towards (bus, number);
  while (bus != NULL && pci_bus_number (bus) != number);
  return bus;
}

/* The slot that addr names, or -1 and an error. */
static int
parse_addr (PciDevice *pci, GError **error)
{
  char *end;
  const guint64 slot = g_ascii_strtoull (pci->addr, &end, 16);
  const bool function_zero = *end == '\0' || g_str_equal (end, ".0");
  if (end == pci->addr || !g_ascii_isxdigit (pci->addr[0]) || !function_zero || slot >= pci->bus->slots) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        pci->bus->slots > 1
            ? "%s: addr=%s is no place on bus %s; give a slot from 0 to 1f, optionally followed by .0"
            : "%s: addr=%s is no place on bus %s, which has one slot; leave addr= out",
        pci->dev.path, pci->addr, pci->bus->name);
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
  /* Slot 0 of the root's is the host bridge's, even if it is not there yet. */
  for (unsigned slot = bus->bridge != NULL ? 0 : 1; slot < bus->slots; slot++)
    if (bus->devices[slot << 3] == NULL)
      return (int)slot;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               bus->slots > 1 ? "%s: all %u slots of bus %s are taken; remove a device"
                              : "%s: the %u slot of bus %s is taken; add a pcie-root-port for the device",
               pci->dev.path, bus->slots, bus->name);
  return -1;
}

static void
write_ids (PciDevice *pci)
{
  const PciIds *ids = &pci->ids;
  uint8_t *config = pci->config;
  pci_put16 (config + PCI_VENDOR_ID, ids->vendor);
  pci_put16 (config + PCI_DEVICE_ID, ids->device);
  if (config[PCI_HEADER_TYPE] == PCI_HEADER_TYPE_NORMAL) {
    pci_put16 (config + PCI_SUBSYSTEM_VENDOR_ID, ids->subsystem_vendor);
    pci_put16 (config + PCI_SUBSYSTEM_ID, ids->subsystem);
  }
  config[PCI_REVISION_ID] = ids->revision;
  config[PCI_CLASS_PROG] = ids->prog_if;
  pci_put16 (config + PCI_CLASS_DEVICE, ids->class);
  config[PCI_INTERRUPT_PIN] = ids->intx ? 1 : 0;
}

bool
pci_device_plug (PciBus *bus, PciDevice *pci, GError **error)
{
  g_rw_lock_writer_lock (&bus->root->devices_lock);
  pci->bus = bus;
  const int slot = find_slot (bus, pci, error);
  if (slot >= 0) {
    write_ids (pci);
    pci->devfn = (uint8_t)(slot << 3);
    bus->devices[pci->devfn] = pci;
  } else {
    pci->bus = NULL;
  }
  g_rw_lock_writer_unlock (&bus->root->devices_lock);
  return slot >= 0;
}

void
pci_device_unplug (PciDevice *pci)
{
  PciBus *bus = pci->bus;
  if (bus == NULL)
    return;
  pci_set_intx (pci, false);
  g_rw_lock_writer_lock (&bus->root->devices_lock);
  if (bus->devices[pci->devfn] == pci)
    bus->devices[pci->devfn] = NULL;
  g_rw_lock_writer_unlock (&bus->root->devices_lock);
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

/* The pin at the root that a device's INTA ends at: at each bus on the way INTA of each next slot goes to the
 * next one. What a bridge passes on its own command register does not disable. */
static unsigned
intx_pin (const PciBus *bus, const PciDevice *pci)
{
  unsigned pin = pci->devfn >> 3;
  for (const PciDevice *bridge = bus->bridge; bridge != NULL; bridge = bridge->bus->bridge)
    pin += bridge->devfn >> 3;
  return pin % 4;
}

static void
update_intx_locked (PciBus *bus, PciDevice *pci)
{
  PciBus *root = bus->root;
  const unsigned pin = intx_pin (bus, pci);
  const bool disabled = pci_get16 (pci->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
  const bool driven = pci->intx_level && !disabled;
  if (driven != pci->intx_driven) {
    pci->intx_driven = driven;
    root->intx_drivers[pin] += driven ? 1 : -1;
    if (root->intx_drivers[pin] == (driven ? 1 : 0))
      irq_set (&root->config.intx[pin], driven);
  }
}

void
pci_update_intx (PciDevice *pci)
{
  PciBus *bus = pci_bus_of (pci);
  if (bus == NULL || !pci->ids.intx)
    return;
  g_mutex_lock (&bus->root->intx_lock);
  update_intx_locked (bus, pci);
  g_mutex_unlock (&bus->root->intx_lock);
}

void
pci_set_intx (PciDevice *pci, bool level)
{
  PciBus *bus = pci_bus_of (pci);
  if (bus == NULL || !pci->ids.intx)
    return;
  g_mutex_lock (&bus->root->intx_lock);
  __atomic_store_n (&pci->intx_level, level, __ATOMIC_RELAXED);
  update_intx_locked (bus, pci);
  g_mutex_unlock (&bus->root->intx_lock);
}
