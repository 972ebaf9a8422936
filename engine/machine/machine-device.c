/* SPDX-License-Identifier: GPL-3.0-or-later */

/* -device and its like: from text to a device in its place. */

#include "machine-private.h"
#include "keyval.h"
#include "suggest.h"
#include "ramfb.h"
#include "virtio-console.h"
#include "virtio-scsi.h"
#include "virtio.h"
#include <gio/gio.h>
#include <string.h>

#define PERIPHERAL      "/peripheral/"
#define PERIPHERAL_ANON "/peripheral-anon/"

bool
machine_realize (Machine *machine, Device *dev, GError **error)
{
  if (!device_realize (dev, error)) {
    device_free (dev);
    return false;
  }
  device_add_child (machine->root, dev);
  return true;
}

/* QEMU's short names: "virtio-net" is its PCI form. */
static const DeviceClass *
find_class (const char *name, GError **error)
{
  const DeviceClass *class = device_class_find (name);

  if (class == NULL || !class->user_creatable) {
    g_autofree char *pci = g_strconcat (name, "-pci", NULL);
    const DeviceClass *pci_class = device_class_find (pci);
    class = pci_class ? pci_class : class;
  }
  if (class && class->user_creatable)
    return class;
  if (class) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "the device '%s' is part of the machine and cannot be added; -device help lists what can",
                 name);
    return NULL;
  }
  g_autoptr (GPtrArray) classes = device_classes ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (unsigned i = 0; i < classes->len; i++) {
    const DeviceClass *c = classes->pdata[i];
    if (c->user_creatable)
      g_ptr_array_add (names, (char *)c->name);
  }
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "there is no device '%s'%s -device help lists them", name, hint);
  return NULL;
}

static void
add_prop_names (const DeviceClass *class, GPtrArray *names)
{
  if (class->base)
    add_prop_names (class->base, names);
  for (const DeviceProp *p = class->props; p && p->name; p++)
    g_ptr_array_add (names, (char *)p->name);
}

static bool
set_prop (Device *dev, const char *name, const char *value, GError **error)
{
  if (device_prop_find (dev->class, name))
    return device_set (dev, name, value, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  add_prop_names (dev->class, names);
  g_ptr_array_add (names, (char *)"id");
  g_ptr_array_add (names, (char *)"bus");
  g_ptr_array_add (names, NULL);
  g_autofree char *hint = suggest_hint (name, (const char *const *)names->pdata);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "the device '%s' has no property '%s'%s -device %s,help lists them", dev->class->name, name,
               hint, dev->class->name);
  return false;
}

/* Each NIC that was given no address gets QEMU's next one. */
static bool
set_default_mac (Machine *machine, Device *dev, GError **error)
{
  const DeviceProp *prop = device_prop_find (dev->class, "mac");

  if (prop == NULL || prop->kind != DEVICE_PROP_MAC)
    return true;
  g_autofree char *mac = device_get (dev, "mac");
  if (mac && strcmp (mac, "00:00:00:00:00:00") != 0)
    return true;
  unsigned n = 0x123456 + machine->priv->macs++;
  g_autofree char *next = g_strdup_printf ("52:54:00:%02x:%02x:%02x", n >> 16 & 255, n >> 8 & 255, n & 255);
  return device_set (dev, "mac", next, error);
}

static bool
is_a (const Device *dev, const DeviceClass *wanted)
{
  for (const DeviceClass *c = dev->class; c; c = c->base)
    if (c == wanted)
      return true;
  return false;
}

static Device *
find_device (Device *dev, const char *id)
{
  for (unsigned i = 0; dev->children && i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i], *found;
    if (child->id && strcmp (child->id, id) == 0)
      return child;
    if ((found = find_device (child, id)) != NULL)
      return found;
  }
  return NULL;
}

static bool
bad_bus (const Device *dev, const char *bus, const char *known, GError **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "the device '%s' cannot be put on the bus '%s'; its bus here is '%s'", dev->class->name, bus,
               known);
  return false;
}

/* "virtio-mmio-bus.3", or the first free slot. */
static bool
plug_mmio (Machine *machine, Device *dev, const char *bus, GError **error)
{
  struct MachinePrivate *priv = machine->priv;
  unsigned slot = 0;

  if (bus) {
    uint64_t n;
    if (!g_str_has_prefix (bus, "virtio-mmio-bus.") ||
        !keyval_parse_uint (bus + strlen ("virtio-mmio-bus."), &n, NULL) || n >= priv->mmio->len) {
      device_free (dev);
      g_set_error (
          error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "there is no virtio bus '%s' on this machine; leave bus= out, or use virtio-mmio-bus.0 to .%u", bus,
          priv->mmio->len ? priv->mmio->len - 1 : 0);
      return false;
    }
    slot = priv->mmio->len - 1 - (unsigned)n;
  } else
    while (slot < priv->mmio->len && priv->mmio_used >> slot & 1)
      slot++;
  if (slot >= priv->mmio->len || priv->mmio_used >> slot & 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "no free virtio-mmio slot for '%s'; use its PCI form", dev->class->name);
    device_free (dev);
    return false;
  }
  if (!virtio_mmio_plug (priv->mmio->pdata[slot], dev, error))
    return false;
  priv->mmio_used |= 1u << slot;
  return true;
}

static void
no_such_pci_bus (Machine *machine, const Device *dev, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  g_ptr_array_add (names, (char *)pci_bus_name (machine->pci));
  for (unsigned slot = 0; slot < PCI_SLOT_COUNT; slot++) {
    const PciDevice *pci = pci_bus_device (machine->pci, slot << 3);
    if (pci && pci->secondary)
      g_ptr_array_add (names, (char *)pci_bus_name (pci->secondary));
  }
  g_ptr_array_add (names, NULL);
  g_autofree char *all = g_strjoinv (", ", (char **)names->pdata);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "the device '%s' cannot be put on the bus '%s'; the PCI buses here are %s, and a -device "
               "pcie-root-port,id=%s before it would be another",
               dev->class->name, name, all, name);
}

/* The device becomes the bridge's child, so that it is reset, saved and freed with it. */
static bool
realize_behind (Machine *machine, PciDevice *bridge, Device *dev, GError **error)
{
  if (machine->priv->reset_done)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "the device '%s' cannot be added to the bus '%s' of a machine that exists: there is no hot "
                 "plug; give it on the command line",
                 dev->class->name, pci_bus_name (bridge->secondary));
  else if (device_realize (dev, error)) {
    device_add_child (&bridge->dev, dev);
    return true;
  }
  device_free (dev);
  return false;
}

static bool
plug_pci (Machine *machine, Device *dev, const char *bus, GError **error)
{
  PciDevice *pci = (PciDevice *)dev;

  if (machine->pci == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "the machine '%s' has no PCI bus for '%s'",
                 machine->board->name, dev->class->name);
    device_free (dev);
    return false;
  }
  pci->bus = bus && strcmp (bus, "pci.0") != 0 ? pci_bus_find (machine->pci, bus) : machine->pci;
  if (pci->bus == NULL) {
    no_such_pci_bus (machine, dev, bus, error);
    device_free (dev);
    return false;
  }
  PciDevice *bridge = pci_bus_bridge (pci->bus);
  return bridge ? realize_behind (machine, bridge, dev, error) : machine_realize (machine, dev, error);
}

/* Buses that a device brings with it. */
static const struct {
  const char *bus, *adapter;
  bool (*is_adapter) (Device *dev);
  bool (*attach) (Device *adapter, Device *unit, GError **error);
} inner_buses[] = {
  { "SCSI", "virtio-scsi-pci", virtio_scsi_is_adapter, virtio_scsi_attach },
  { "virtio-serial-bus", "virtio-serial-pci", virtio_serial_is_bus, virtio_serial_attach },
};

static Device *
find_adapter (Device *dev, bool (*is_adapter) (Device *dev), const char *id)
{
  for (unsigned i = 0; i < dev->children->len; i++) {
    Device *child = dev->children->pdata[i], *found;
    if (is_adapter (child) && (id == NULL || g_strcmp0 (child->id, id) == 0))
      return child;
    if ((found = find_adapter (child, is_adapter, id)) != NULL)
      return found;
  }
  return NULL;
}

/* bus= is ID.0, where ID is the adapter's; unsaid, it is the first one's. */
static bool
plug_inner (Machine *machine, Device *dev, unsigned kind, const char *bus, GError **error)
{
  g_autofree char *id = bus ? g_strndup (bus, strcspn (bus, ".")) : NULL;
  Device *adapter = find_adapter (machine->root, inner_buses[kind].is_adapter, id);

  if (adapter != NULL)
    return inner_buses[kind].attach (adapter, dev, error);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "-device %s: there is no %s%s%s to plug it into; put -device %s%s%s before it",
               dev->class->name, inner_buses[kind].adapter, id ? " with id=" : "", id ? id : "",
               inner_buses[kind].adapter, id ? ",id=" : "", id ? id : "");
  device_free (dev);
  return false;
}

/* Takes the device over in either case. */
static bool
plug (Machine *machine, Device *dev, const char *bus, GError **error)
{
  if (is_a (dev, &pci_device_class))
    return plug_pci (machine, dev, bus, error);
  if (strcmp (dev->class->bus, "virtio-bus") == 0)
    return plug_mmio (machine, dev, bus, error);
  for (unsigned i = 0; i < G_N_ELEMENTS (inner_buses); i++)
    if (strcmp (dev->class->bus, inner_buses[i].bus) == 0)
      return plug_inner (machine, dev, i, bus, error);
  if (dev->class == &ramfb_class)
    ((Ramfb *)dev)->fw_cfg = machine->fw_cfg;
  if (bus) {
    bad_bus (dev, bus, dev->class->bus, error);
    device_free (dev);
    return false;
  }
  return machine_realize (machine, dev, error);
}

static bool
set_props (Machine *machine, Device *dev, Keyval *kv, GError **error)
{
  g_autoptr (GPtrArray) pairs = keyval_prefix (kv, "");

  for (unsigned i = 0; i < pairs->len; i++) {
    const KeyvalPair *pair = pairs->pdata[i];
    if (!set_prop (dev, pair->key, pair->value, error)) {
      g_prefix_error (error, "-device %s: ", dev->class->name);
      return false;
    }
  }
  return set_default_mac (machine, dev, error);
}

static char *
device_path (Machine *machine, const char *id)
{
  return id ? g_strconcat (PERIPHERAL, id, NULL)
            : g_strdup_printf (PERIPHERAL_ANON "device[%u]", machine->priv->anonymous++);
}

static bool
check_id (Machine *machine, const char *id, GError **error)
{
  if (id && (*id == '\0' || strpbrk (id, "/ ") != NULL))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-device: id '%s' is not a name; use letters, digits, '-', '.' and '_'", id);
  else if (id && find_device (machine->root, id))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-device: the id '%s' is used by another device", id);
  else
    return true;
  return false;
}

static Device *
add_from_keyval (Machine *machine, Keyval *kv, GError **error)
{
  const char *driver = keyval_get (kv, "driver"), *id = keyval_get (kv, "id"), *bus = keyval_get (kv, "bus");

  if (driver == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "-device needs the name of a device first, as in -device virtio-rng-pci");
    return NULL;
  }
  if (machine_is_loader (driver)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "'%s' loads files when the machine starts: give it on the command line, with -device",
                 driver);
    return NULL;
  }
  const DeviceClass *class = find_class (driver, error);
  if (class == NULL || !check_id (machine, id, error))
    return NULL;
  g_autofree char *path = device_path (machine, id);
  Device *dev = device_new (class, path);
  dev->id = g_strdup (id);
  if (!set_props (machine, dev, kv, error)) {
    device_free (dev);
    return NULL;
  }
  return plug (machine, dev, bus, error) ? dev : NULL;
}

Device *
machine_add_device (Machine *machine, const char *text, GError **error)
{
  g_autoptr (Keyval) kv = keyval_parse (text, "driver", error);
  bool moving = !machine->priv->halted;

  if (kv == NULL)
    return NULL;
  machine_halt (machine);
  Device *dev = add_from_keyval (machine, kv, error);
  if (dev && machine->priv->reset_done)
    device_reset (dev);
  if (moving)
    machine_unhalt (machine);
  return dev;
}

bool
machine_remove_device (Machine *machine, const char *id, GError **error)
{
  Device *dev = find_device (machine->root, id);
  bool moving = !machine->priv->halted;

  if (dev == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "there is no device with the id '%s'; info qtree lists them", id);
    return false;
  }
  if (dev->parent != machine->root) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "the device '%s' cannot be unplugged while the machine exists", id);
    return false;
  }
  if (is_a (dev, &pci_device_class) && ((PciDevice *)dev)->secondary && dev->children->len > 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "the port '%s' has a device behind it and cannot be unplugged", id);
    return false;
  }
  g_autofree char *id_copy = g_strdup (id);
  machine_halt (machine);
  device_free (dev);
  for (unsigned i = 0; i < machine->priv->listeners->len; i++) {
    const MachineListener *l = &g_array_index (machine->priv->listeners, MachineListener, i);
    if (l->device)
      l->device (l->opaque, "DEVICE_DELETED", id_copy);
  }
  if (moving)
    machine_unhalt (machine);
  return true;
}
