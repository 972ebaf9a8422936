/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the monitor shows of the machine. */

#include "machine-private.h"
#include <string.h>

static void
print_props (Device *dev, const DeviceClass *class, unsigned indent, GString *out)
{
  for (const DeviceProp *p = class->props; p && p->name; p++) {
    g_autofree char *value = device_get (dev, p->name);
    bool text = p->kind == DEVICE_PROP_STRING || p->kind == DEVICE_PROP_BACKEND;
    g_string_append_printf (out, "%*s%s = %s%s%s\n", (int)indent, "", p->name, text ? "\"" : "",
                            value ? value : "", text ? "\"" : "");
  }
  if (class->base)
    print_props (dev, class->base, indent, out);
}

static void
print_bus_head (const char *name, const char *type, unsigned indent, GString *out)
{
  g_string_append_printf (out, "%*sbus: %s\n%*stype %s\n", (int)indent, "", name, (int)indent + 2, "", type);
}

static void
print_device (Device *dev, unsigned indent, GString *out)
{
  const PciBus *bus = strcmp (dev->class->bus, "PCI") == 0 ? ((const PciDevice *)dev)->secondary : NULL;

  g_string_append_printf (out, "%*sdev: %s, id \"%s\"\n", (int)indent, "", dev->class->name,
                          dev->id ? dev->id : "");
  g_string_append_printf (out, "%*spath %s\n", (int)indent + 2, "", dev->path);
  print_props (dev, dev->class, indent + 2, out);
  if (bus) {
    print_bus_head (pci_bus_name (bus), "PCIE", indent + 2, out);
    indent += 2;
  }
  for (unsigned i = 0; dev->children && i < dev->children->len; i++)
    print_device (dev->children->pdata[i], indent + 2, out);
}

/* Devices of the root that plug into `bus`, or with NULL those that plug into none that is listed by itself.
 */
static void
print_bus (Machine *machine, const char *name, const char *type, bool pci, unsigned indent, GString *out)
{
  const GPtrArray *children = machine->root->children;

  print_bus_head (name, type, indent, out);
  for (unsigned i = 0; children && i < children->len; i++) {
    Device *dev = children->pdata[i];
    if ((g_strcmp0 (dev->class->bus, "PCI") == 0) == pci)
      print_device (dev, indent + 2, out);
  }
}

void
machine_info_qtree (Machine *machine, GString *out)
{
  print_bus (machine, "main-system-bus", "System", false, 0, out);
  if (machine->pci)
    print_bus (machine, "pcie.0", "PCIE", true, 2, out);
}
